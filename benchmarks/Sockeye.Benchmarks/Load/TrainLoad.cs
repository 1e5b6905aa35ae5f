using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>
/// Trains of datagrams, each sent by one call (UDP_SEGMENT). To a server without UDP_GRO a train is so many datagrams;
/// this client takes the answers either way.
/// </summary>
/// <param name="trains">How many are under way.</param>
internal sealed class TrainLoad(int trains) : Load
{
    /// <summary>One datagram: a packet of QUIC, about.</summary>
    internal const int DatagramBytes = 1_200;

    /// <summary>One train. Two of them, as single datagrams, fit the default receive buffer of a server.</summary>
    internal const int DatagramsPerTrain = 32;

    private const int TrainBytes = DatagramBytes * DatagramsPerTrain;

    private Socket? _client;

    public override Task ConnectAsync(IPEndPoint server)
    {
        _client = OpenDatagrams(server);
        _client.SetOption(UdpOptions.Segment, DatagramBytes);
        _client.SetOption(UdpOptions.GenericReceiveOffload, true);
        return Task.CompletedTask;
    }

    public override async Task RunAsync()
    {
        Socket client = _client!;
        Memory<byte> train = Message(TrainBytes);
        Memory<byte> answer = Message(65_536);
        var starts = new Queue<long>();
        for (int i = 0; i < trains; i++)
        {
            starts.Enqueue(Stopwatch.GetTimestamp());
            await client.SendAsync(train, SocketFlags.None);
        }

        int bytes = 0;
        Task watch = WatchAsync(() =>
        {
            Lost += (trains * DatagramsPerTrain) - (bytes / DatagramBytes);
            bytes = 0;
            starts.Clear();
            for (int i = 0; i < trains; i++)
            {
                starts.Enqueue(Stopwatch.GetTimestamp());
                _ = client.TrySend(train.Span);
            }
        });
        while (!IsStopping)
        {
            bytes += await client.ReceiveAsync(answer, SocketFlags.None);
            while (bytes >= TrainBytes && !IsStopping)
            {
                bytes -= TrainBytes;
                long now = Stopwatch.GetTimestamp();
                Complete(DatagramsPerTrain, now - (starts.TryDequeue(out long start) ? start : now));
                starts.Enqueue(now);
                await client.SendAsync(train, SocketFlags.None);
            }
        }

        await watch;
    }
}
