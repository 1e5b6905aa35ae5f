using System.Net;
using System.Net.Sockets;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>A listening socket that does not do what one expects.</summary>
public sealed class AcceptorTests
{
    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.ThreadPool)]
    [InlineData(RunsOn.EventLoop)]
    [InlineData(RunsOn.EpollLoop)]
    public async Task A_listener_that_another_process_shut_down_is_reported_once_and_not_tried_for_ever(object runsOn)
    {
        var logger = new RecordingLogger();
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(10);
            using Socket shared = listener.Duplicate(); // as a child process has it
            using var acceptor = new Acceptor(listener, TimeProvider.System, logger);
            Task run = acceptor.RunAsync(static socket => socket.Dispose(), CancellationToken.None);
            shared.Shutdown(SocketShutdown.Both);
            await run;
        });
        string line = Assert.Single(logger.Lines);
        Assert.StartsWith("Error: cannot accept at 127.0.0.1:", line);
        Assert.Contains("any more: EINVAL", line);
    }
}
