using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Commands;

/// <summary>sockeye echo: a client that sends back what it receives.</summary>
internal static class EchoCommand
{
    public static Command Build()
    {
        SocketType[] types = [SocketType.Stream, SocketType.Dgram, SocketType.Seqpacket, SocketType.Rdm];
        Argument<string?> port = OptionTypes.PortArgument();
        Argument<SocketUri> endpoint = OptionTypes.EndpointArgument(
            "Where to connect, see below; ?timeout=5s limits connecting, but nothing after that", "echo speaks over a connection or in datagrams", port, types);
        var say = new Option<string?>("--say")
        {
            Description = "Send this first, as it is; a datagram server cannot know a client that has sent nothing",
            HelpName = "TEXT",
        };
        var command = new Command(
            "echo",
            "Connects, prints what it receives with time and thread, and sends it back. A line or chunk that is just quit is sent back as well, and ends it.")
        {
            endpoint, port, say,
        };
        CommonOptions common = CommonOptions.AddTo(command, LogLevel.Warning);
        command.WithEndpoints(types).WithExamples(
            new("sockeye echo tcp://localhost:8888", "until the server says quit, or ends"),
            new("sockeye echo udp://localhost:9999 --say hello", "speaks first, so that it can be answered"),
            new("sockeye echo tcp://localhost:8888 --json", "events, for programs"));
        command.WithExitCodes(
        [
            new(ExitCode.Ok, "the peer said quit, or ended"), .. ExitCode.Of(ExitCode.Failed, ExitCode.BadUsage),
            new(ExitCode.ConnectionLost, "the connection was lost, for example by a reset"),
            new(ExitCode.NoAnswer, "no connection within the timeout"), .. ExitCode.Of(ExitCode.Interrupted, ExitCode.ReaderGone),
        ]);
        command.SetAction(async (result, _) =>
        {
            using Report report = common.Open(result);
            using var signals = new StopSignals();
            return await new EchoClient(result.GetValue(endpoint)!, result.GetValue(say), report, TimeProvider.System).RunAsync(signals.Stop);
        });
        return command;
    }
}
