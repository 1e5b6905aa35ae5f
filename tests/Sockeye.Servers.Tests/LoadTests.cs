using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>
/// Many connections held, many more connected and closed, and then a stop: what the process has is what it had before. A run
/// by hand has the numbers that CONTRIBUTING names.
/// </summary>
[Collection(Alone.Name)]
public sealed class LoadTests(ITestOutputHelper output) : ServerTest
{
    private static readonly int Held = Number("SOCKEYE_HELD", 400);
    private static readonly int Churned = Number("SOCKEYE_CHURNED", 3_000);

    [Theory(Timeout = 600_000)]
    [InlineData("the pool")]
    [InlineData("epoll loops")]
    [InlineData("io_uring loops")]
    public async Task After_many_connections_and_a_stop_descriptors_memory_and_tasks_are_back(string name)
    {
        await using Place place = Place.Of(name);
        await RunAsync(place, Held, Math.Min(Churned, 3_000)); // what is made once, and kept
        (int descriptors, long bytes, int timers) before = Now();
        long start = Stopwatch.GetTimestamp();
        (long perConnection, TimeSpan holding, TimeSpan churning, TimeSpan stopping) = await RunAsync(place, Held, Churned);
        await Eventually(() => OpenDescriptors().Length <= before.descriptors, $"descriptors: {before.descriptors} before, {OpenDescriptors().Length} after");
        (int descriptors, long bytes, int timers) after = Now();
        output.WriteLine(
            $"{name}: {Held} held in {holding.TotalSeconds:0.0} s at {perConnection:#,0} managed bytes each, both ends; {Churned} connected and closed in {churning.TotalSeconds:0.0} s; "
            + $"stopped in {stopping.TotalSeconds:0.00} s; descriptors {before.descriptors} → {after.descriptors}, managed bytes {before.bytes:#,0} → {after.bytes:#,0}, "
            + $"timers {before.timers} → {after.timers}; {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s in all");

        // Pools keep some, a block of 64 KiB for each that was served at once: what grows with the connections is more.
        Assert.True(after.bytes - before.bytes < 3 << 19, $"{before.bytes:#,0} bytes before, {after.bytes:#,0} after");
        Assert.InRange(after.timers, 0, before.timers + 2);
    }

    private static async Task<(long PerConnection, TimeSpan Holding, TimeSpan Churning, TimeSpan Stopping)> RunAsync(Place place, int held, int churned)
    {
        var told = new Counts();
        var listener = new Listener(new ListenerOptions
        {
            Dispatch = place.Dispatch,
            Backlog = 4_096,
            MaxConnections = held + 200,
            MaxConnectionsPerAddress = held + 200,
            MaxConnectionsPerNetwork = held + 200,
            Events = told,
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        SocketUri endpoint = listener.Endpoints[0];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long start = Stopwatch.GetTimestamp();
        Socket[] clients = new Socket[held];
        for (int i = 0; i < held; i++)
        {
            clients[i] = await ConnectFromAsync(endpoint, i);
        }

        await Eventually(() => listener.ConnectionCount == held);
        Assert.Equal("x", await AnswerAsync(clients[0], "x"));
        Assert.Equal("y", await AnswerAsync(clients[^1], "y"));
        TimeSpan holding = Stopwatch.GetElapsedTime(start);
        long perConnection = (GC.GetTotalMemory(forceFullCollection: true) - before) / held;

        start = Stopwatch.GetTimestamp();
        int next = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            byte[] buffer = new byte[1];
            for (int i = Interlocked.Increment(ref next); i <= churned; i = Interlocked.Increment(ref next))
            {
                using Socket client = await ConnectFromAsync(endpoint, i);
                await client.SendAsync(buffer.AsMemory());
                Assert.Equal(1, await client.ReceiveAsync(buffer.AsMemory()));
                if (i % 2 == 0)
                {
                    client.LingerState = new LingerOption(enable: true, 0); // half of them just go
                }
            }
        })));
        TimeSpan churning = Stopwatch.GetElapsedTime(start);
        Assert.Equal(held + churned, listener.AcceptedCount);

        start = Stopwatch.GetTimestamp();
        Task<ListenerStopResult> stop = listener.StopAsync();
        byte[] end = new byte[1];
        foreach (Socket client in clients)
        {
            Assert.Equal(0, await client.ReceiveAsync(end.AsMemory()));
            client.Dispose();
        }

        ListenerStopResult result = await stop;
        TimeSpan stopping = Stopwatch.GetElapsedTime(start);
        Assert.InRange(result.Drained + result.Aborted, held, held + 16); // some of the last may have gone only now
        Assert.Equal(0, result.Refused);
        Assert.Equal((0, 0), (listener.ConnectionCount, listener.AddressCount));
        Assert.Equal((held + churned, 0), (told.Ended, told.Failed));
        return (perConnection, holding, churning, stopping);
    }

    // From many addresses: one has no more than some 28,000 ports, and those of closed connections rest for a minute.
    private static async Task<Socket> ConnectFromAsync(SocketUri endpoint, int index) =>
        await endpoint.WithOption("source", $"127.0.{1 + (index / 200 % 100)}.{1 + (index % 200)}:0").ConnectAsync().WaitAsync(Soon);

    private static (int Descriptors, long Bytes, int Timers) Now()
    {
        long bytes = 0;
        for (int i = 0; i < 3; i++)
        {
            bytes = GC.GetTotalMemory(forceFullCollection: true);
            GC.WaitForPendingFinalizers();
        }

        return (OpenDescriptors().Length, bytes, (int)Timer.ActiveCount);
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : otherwise;

    private sealed class Counts : ListenerEvents
    {
        private int _ended;
        private int _failed;

        public int Ended => _ended;

        public int Failed => _failed;

        protected internal override void ConnectionEnded(Connection connection) => Interlocked.Increment(ref _ended);

        protected internal override void HandlerFailed(Connection connection, Exception error) => Interlocked.Increment(ref _failed);
    }
}
