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
    // In a process of their own, from many addresses: one has no more than some 28,000 ports, and those of closed connections
    // rest for a minute. Half of those that are closed are reset.
    private const string Clients = """
        from concurrent.futures import ThreadPoolExecutor

        port, held, churned = map(int, sys.argv[1:])

        def connect(n):
            s = socket.socket()
            s.settimeout(60)
            s.bind((f"127.0.{1 + n // 200 % 100}.{1 + n % 200}", 0))
            s.connect(("127.0.0.1", port))
            return s

        def ask(s):
            s.sendall(b"x")
            assert s.recv(1) == b"x"

        def churn(n):
            s = connect(n)
            ask(s)
            if n % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()

        clients = [connect(n) for n in range(held)]
        ask(clients[0])
        ask(clients[-1])
        print("held", flush=True)
        input()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(churn, range(churned)))
        print("churned", flush=True)
        input()
        for s in clients:
            assert s.recv(1) == b""
            s.close()
        print("ended", flush=True)
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
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
        await Eventually(() => DescriptorCount() <= before.descriptors, $"descriptors: {before.descriptors} before, {DescriptorCount()} after");
        (int descriptors, long bytes, int timers) after = Now();
        output.WriteLine(
            $"{name}: {Held} held in {holding.TotalSeconds:0.0} s at {perConnection:#,0} managed bytes each; {Churned} connected and closed in {churning.TotalSeconds:0.0} s; "
            + $"stopped in {stopping.TotalSeconds:0.00} s; descriptors {before.descriptors} → {after.descriptors}, managed bytes {before.bytes:#,0} → {after.bytes:#,0}, "
            + $"timers {before.timers} → {after.timers}; {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s in all");

        // Pools keep some. That of the thread pool's pipes may grow by blocks up to 8 MiB, as chance has many read at once; of the
        // small run's connections, or of many more, what was left behind would be more.
        long kept = (3 << 19) + (place.Loops.Count == 0 && Churned >= 100_000 ? 8 << 20 : 0);
        Assert.True(after.bytes - before.bytes < kept, $"{before.bytes:#,0} bytes before, {after.bytes:#,0} after");
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
            FirstByteTimeout = TimeSpan.FromMinutes(10), // they are silent while others come and go
            IdleTimeout = TimeSpan.FromMinutes(10),
            Events = told,
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        int port = ((System.Net.IPEndPoint)listener.Endpoints[0].EndPoint!).Port;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long start = Stopwatch.GetTimestamp();
        using PythonPeer peer = PythonPeer.Start(Clients, $"{port}", $"{held}", $"{churned}");
        Assert.Equal("held", await peer.Line(Patience));
        await Eventually(() => listener.ConnectionCount == held);
        TimeSpan holding = Stopwatch.GetElapsedTime(start);
        long perConnection = (GC.GetTotalMemory(forceFullCollection: true) - before) / held;

        start = Stopwatch.GetTimestamp();
        await peer.Say();
        Assert.Equal("churned", await peer.Line(Patience));
        TimeSpan churning = Stopwatch.GetElapsedTime(start);
        Assert.Equal(held + churned, listener.AcceptedCount);
        await Eventually(() => listener.ConnectionCount == held);

        start = Stopwatch.GetTimestamp();
        Task<ListenerStopResult> stop = listener.StopAsync();
        await peer.Say();
        ListenerStopResult result = await stop.WaitAsync(Patience);
        TimeSpan stopping = Stopwatch.GetElapsedTime(start);
        Assert.Equal("ended", await peer.Line(Patience));
        await peer.End();
        Assert.Equal(new ListenerStopResult(held, 0, 0), result);
        Assert.Equal((0, 0), (listener.ConnectionCount, listener.AddressCount));
        Assert.Equal((held + churned, 0), (told.Ended, told.Failed));
        return (perConnection, holding, churning, stopping);
    }

    private static (int Descriptors, long Bytes, int Timers) Now()
    {
        long bytes = 0;
        for (int i = 0; i < 3; i++)
        {
            bytes = GC.GetTotalMemory(forceFullCollection: true);
            GC.WaitForPendingFinalizers();
        }

        return (DescriptorCount(), bytes, (int)Timer.ActiveCount);
    }

    // Sockets, and what engines and waits are made of. Not pipes, since those to the clients' process are the runtime's to close; nor
    // files, of which each assembly keeps one from when it is first used.
    private static int DescriptorCount() => Directory.GetFiles("/proc/self/fd").Count(static path => new FileInfo(path).LinkTarget is { } target
        && (target.StartsWith("socket:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal)));

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
