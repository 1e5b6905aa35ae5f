using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>Ping-pong: each connection sends its messages in one go, and the next ones when all are back.</summary>
/// <param name="connections">How many connections.</param>
/// <param name="depth">How many messages go in one.</param>
internal sealed class EchoLoad(int connections, int depth) : Load
{
    /// <summary>One message.</summary>
    internal const int MessageBytes = 64;

    private Socket[] _clients = [];

    public override async Task ConnectAsync(IPEndPoint server) => _clients = await OpenStreamsAsync(server, connections);

    public override Task RunAsync() => Task.WhenAll(_clients.Select(PingPongAsync));

    private async Task PingPongAsync(Socket client)
    {
        Memory<byte> message = Message(MessageBytes * depth);
        Memory<byte> answer = Message(MessageBytes * depth);
        answer.Span.Clear();
        long began = Stopwatch.GetTimestamp();
        while (!IsStopping)
        {
            await client.SendAsync(message, SocketFlags.None);
            int count = await client.ReceiveAsync(answer, SocketFlags.None);
            if (count < answer.Length)
            {
                await ReceiveAllAsync(client, answer[count..]);
            }

            long now = Stopwatch.GetTimestamp();
            Complete(depth, now - began);
            began = now;
        }

        Compare(message, answer);
    }
}
