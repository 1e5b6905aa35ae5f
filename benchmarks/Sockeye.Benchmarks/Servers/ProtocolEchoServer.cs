using System.Buffers;
using Sockeye.Servers;
using Sockeye.Servers.Protocols;

namespace Sockeye.Benchmarks.Servers;

/// <summary>A protocol for each connection, on one loop with io_uring: what <see cref="ProtocolServer"/> costs beside a bare pipe.</summary>
internal static class ProtocolEchoServer
{
    internal static void Run(ServerMode mode)
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            await using var server = new ProtocolServer("tcp://127.0.0.1:0?backlog=4096", static () => new Echo(), new StreamServerOptions
            {
                Dispatch = ConnectionDispatch.On(loop),
                MaxConnections = 100_000,
                MaxConnectionsPerAddress = 100_000,
                MaxConnectionsPerNetwork = 100_000,
            });
            await server.StartAsync();
            ServeCommand.Announce(((System.Net.IPEndPoint)server.Listener.Endpoints[0].EndPoint!).Port);
            await Task.Run(ServeCommand.WaitForEndOfInput);
        });
    }

    private sealed class Echo : Protocol
    {
        protected override ValueTask<SequencePosition> DataReceivedAsync(ReadOnlySequence<byte> data)
        {
            if (data.IsSingleSegment)
            {
                ValueTask sent = SendAsync(data.FirstSpan);
                return sent.IsCompletedSuccessfully ? new(data.End) : FinishAsync(sent, data.End);
            }

            return SendAllAsync(data);
        }

        private static async ValueTask<SequencePosition> FinishAsync(ValueTask sent, SequencePosition end)
        {
            await sent;
            return end;
        }

        private async ValueTask<SequencePosition> SendAllAsync(ReadOnlySequence<byte> data)
        {
            foreach (ReadOnlyMemory<byte> part in data)
            {
                await SendAsync(part.Span);
            }

            return data.End;
        }
    }
}
