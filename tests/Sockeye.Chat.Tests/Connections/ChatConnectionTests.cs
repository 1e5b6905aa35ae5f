using System.Net.Sockets;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Chat.Tests.Connections;

/// <summary>One connection without a protocol.</summary>
public sealed class ChatConnectionTests
{
    [Theory(Timeout = 20_000)]
    [InlineData(RunsOn.ThreadPool)]
    [InlineData(RunsOn.EventLoop)]
    [InlineData(RunsOn.EpollLoop)]
    public async Task What_was_dropped_runs_no_further_command_though_it_has_sent_them(object runsOn)
    {
        await ((RunsOn)runsOn).RunAsync(async () =>
        {
            (Socket ours, Socket theirs) = Socket.CreatePair();
            using Socket client = theirs;
            var options = new ChatOptions();
            var turns = new TurnQueue(TimeProvider.System, options.TurnTime);
            using var connection = new ChatConnection(
                ours, 1, options, TimeProvider.System, new ConnectionLog(new RecordingLogger(), 1, "test"), turns, new SendTurns(), static () => { });
            await client.SendAsync("one\ntwo\n"u8.ToArray(), SocketFlags.None);
            Assert.Equal(8, await connection.ReceiveAsync());
            await client.SendAsync("three\n"u8.ToArray(), SocketFlags.None);
            await connection.NextCommandAsync();
            connection.End("too slow", "bye\n"u8.ToArray(), dropWaiting: true);
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await connection.NextCommandAsync());
            await Assert.ThrowsAsync<OperationCanceledException>(async () => await connection.ReceiveAsync());
            await connection.CloseAsync();
            byte[] heard = new byte[10];
            Assert.Equal(4, await client.ReceiveAsync(heard, SocketFlags.None));
        });
    }
}
