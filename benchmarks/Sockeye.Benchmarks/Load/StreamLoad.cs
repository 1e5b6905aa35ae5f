using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>Streams without a pause: each connection has two blocks of 64 KiB under way at any time.</summary>
/// <param name="connections">How many connections.</param>
internal sealed class StreamLoad(int connections) : Load
{
    /// <summary>One block.</summary>
    internal const int BlockBytes = 65_536;

    private Socket[] _clients = [];

    public override async Task ConnectAsync(IPEndPoint server) => _clients = await OpenStreamsAsync(server, connections);

    public override Task RunAsync() => Task.WhenAll(_clients.Select(StreamAsync));

    // The kernel's buffers hold two blocks each way, so that a send never waits for a receive of ours.
    private async Task StreamAsync(Socket client)
    {
        Memory<byte> block = Message(BlockBytes);
        Memory<byte> answer = Message(BlockBytes);
        answer.Span.Clear();
        long older = Stopwatch.GetTimestamp();
        await client.SendAsync(block, SocketFlags.None);
        while (!IsStopping)
        {
            long newer = Stopwatch.GetTimestamp();
            await client.SendAsync(block, SocketFlags.None);
            await ReceiveAllAsync(client, answer);
            Complete(1, Stopwatch.GetTimestamp() - older);
            older = newer;
        }

        Compare(block, answer);
        await ReceiveAllAsync(client, answer);
        Compare(block, answer);
    }
}
