using System.Net.Sockets;
using Sockeye.Benchmarks.Load;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>How long, how often.</summary>
/// <param name="Rounds">How many rounds count.</param>
/// <param name="Length">How long one is.</param>
/// <param name="WarmUp">What comes before them, once for each server: long enough for a runtime that compiles twice.</param>
/// <param name="Clients">Who the clients are; <see cref="ClientKind.Default"/> has been decided by now.</param>
/// <param name="SystemCallNs">What a system call shall cost the servers, in nanoseconds; 0 for what it costs.</param>
/// <param name="IsPair">Two servers, each of which comes first in as many rounds as are asked for.</param>
/// <param name="CountsSystemCalls">One more turn for each server, in which strace counts.</param>
internal sealed record MeasureOptions(int Rounds, TimeSpan Length, TimeSpan WarmUp, ClientKind Clients = ClientKind.Default, double SystemCallNs = 0, bool IsPair = false, bool CountsSystemCalls = false);

/// <summary>
/// Measures one scenario with all its servers. All of them run from the first round to the last: what a runtime has
/// compiled stays compiled, and a server that nobody asks uses no processor. They take turns, round after round, each
/// round beginning with another one, so that a machine that slows down slows all of them. Connections are opened anew in
/// every turn. Runs on an event loop, which is the clients'.
/// </summary>
internal sealed class Measurement(MeasureOptions options, Machine machine, SystemCallCost cost, Progress progress, CancellationToken stop)
{
    // Connections that are new have windows to open and pages to touch: so long before a round counts.
    private static readonly TimeSpan _settle = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _roundLimit = TimeSpan.FromSeconds(60);

    /// <summary>Turns of one scenario: what progress counts.</summary>
    internal static int Turns(Scenario scenario, IEnumerable<Peer> peers, MeasureOptions options) =>
        peers.Count(peer => peer.Refusal(scenario) is null) * (Rounds(scenario, options) + (scenario.StartsAnew ? 0 : 1));

    // A server's memory hardly scatters, and each round starts it anew.
    private const int FreshRoundsMax = 3;
    private const int WarmUpSeconds = 10;

    private static int Rounds(Scenario scenario, MeasureOptions options) =>
        (scenario.StartsAnew ? Math.Min(options.Rounds, FreshRoundsMax) : options.Rounds) * (options.IsPair ? 2 : 1);

    internal async Task<ScenarioResult> RunAsync(Scenario scenario, IReadOnlyList<Peer> peers)
    {
        var rows = new List<Row>();
        try
        {
            foreach (Peer peer in peers)
            {
                var row = new Row(peer) { Failure = peer.Refusal(scenario) ?? TooFewDescriptors(scenario, options.Clients == ClientKind.C ? 1 : peers.Count) };
                rows.Add(row);
                if (row.Failure is null && !scenario.StartsAnew)
                {
                    await GuardAsync(row, async () =>
                    {
                        row.Server = await StartAsync(peer, scenario);
                        row.Idle = await OpenIdleAsync(row.Server, scenario.IdleConnections);
                    });
                }
            }

            int rounds = Rounds(scenario, options);
            for (int round = scenario.StartsAnew ? 1 : 0; round <= rounds; round++)
            {
                for (int turn = 0; turn < rows.Count; turn++)
                {
                    Row row = rows[(turn + round) % rows.Count];
                    if (row.Failure is not null)
                    {
                        continue;
                    }

                    progress.Turn(scenario.Name, row.Peer.Name, round, rounds);
                    bool isWarmUp = round == 0;
                    await GuardAsync(row, async () =>
                    {
                        Sample? sample = scenario.MeasuresMemory ? await WeighAsync(row.Peer, scenario)
                            : scenario.MeasuresWarmUp ? await WarmUpAsync(row.Peer, scenario)
                            : await MeasureAsync(row.Server!, scenario, isWarmUp ? options.WarmUp : _settle, isWarmUp ? TimeSpan.Zero : options.Length);
                        if (!isWarmUp)
                        {
                            row.Add(sample is null ? null : sample with { Round = round }, options.Length);
                        }
                    });
                }
            }

            foreach (Row row in rows.Where(row => options.CountsSystemCalls && row.Failure is null && !scenario.StartsAnew))
            {
                await GuardAsync(row, async () => row.SystemCalls = await CountSystemCallsAsync(row.Server!, scenario));
            }
        }
        finally
        {
            foreach (Row row in rows)
            {
                row.Idle?.Dispose();
                row.Server?.Dispose();
            }
        }

        return new ScenarioResult(
            scenario.Name, scenario.Summary, scenario.Operation, scenario.MeasuresMemory, options.Length.TotalSeconds,
            [.. rows.Select(static row => new ServerResult(row.Peer.Name, row.Samples, row.Failure, row.SystemCalls))]);
    }

    private static string? TooFewDescriptors(Scenario scenario, int serversOfOneProcess) =>
        scenario.Connections + (scenario.IdleConnections * serversOfOneProcess) > Machine.ConnectionsMax
            ? $"this process may open {Machine.ConnectionsMax} connections only: raise the hard limit (ulimit -H -n), or ask for fewer connections or servers" : null;

    private Task<ServerProcess> StartAsync(Peer peer, Scenario scenario) => ServerProcess.StartAsync(peer, scenario.Mode, machine.ServerCore, cost, stop);

    // What fails fails alone: the others go on.
    private async Task GuardAsync(Row row, Func<Task> turn)
    {
        try
        {
            await turn().WaitAsync(_roundLimit + options.WarmUp + (WarmUpSeconds * options.Length), stop);
        }
        catch (Exception e) when (e is SocketException or IOException or TimeoutException)
        {
            row.Failure = $"failed: {e.Message} {row.Server?.Complaint}".Trim();

            // So that clients that still wait for it end too.
            row.Server?.Dispose();
            row.Server = null;
        }
    }

    // Null: nothing was done in all that time.
    private async Task<Sample?> MeasureAsync(ServerProcess server, Scenario scenario, TimeSpan before, TimeSpan length)
    {
        using IClients clients = scenario.Load!.Open(options.Clients, scenario.Connections);
        await clients.ConnectAsync(server.EndPoint);
        Task running = clients.RunAsync();
        await PauseAsync(running, before);
        CpuTime start = server.Cpu(), end = start;
        await clients.MarkAsync(() => start = server.Cpu());
        await PauseAsync(running, length);
        ClientFigures figures = await clients.MarkAsync(() => end = server.Cpu());
        clients.Stop();
        await running;
        return figures.Operations > 0
            ? new Sample(end.Since(start).TotalMicroseconds / figures.Operations, figures.Operations / figures.Elapsed.TotalSeconds, figures.P50, figures.P99, figures.Lost) : null;
    }

    // Those in C are a process for each server: of one process the descriptors would not suffice.
    private async Task<IDisposable?> OpenIdleAsync(ServerProcess server, int count)
    {
        if (count == 0)
        {
            return null;
        }

        if (options.Clients == ClientKind.C)
        {
            var clients = new CClients("idle", count, batch: 1);
            await clients.ConnectAsync(server.EndPoint);
            return clients;
        }

        var idle = new IdleConnections();
        idle.Open(server.EndPoint, count, echo: true);
        return idle;
    }

    // Of a new server, from its first connections on. A second is as long as a turn.
    private async Task<Sample?> WarmUpAsync(Peer peer, Scenario scenario)
    {
        using ServerProcess server = await StartAsync(peer, scenario);
        using IClients clients = scenario.Load!.Open(options.Clients, scenario.Connections);
        await clients.ConnectAsync(server.EndPoint);
        CpuTime start = server.Cpu(), end = start;
        Task running = clients.RunAsync();
        var costs = new List<double>();
        ClientFigures figures = default;
        while (costs.Count < WarmUpSeconds)
        {
            await PauseAsync(running, options.Length);
            figures = await clients.MarkAsync(() => end = server.Cpu());
            if (figures.Operations == 0)
            {
                return null;
            }

            costs.Add(end.Since(start).TotalMicroseconds / figures.Operations);
            start = end;
        }

        clients.Stop();
        await running;
        return new Sample(costs[1], figures.Operations / figures.Elapsed.TotalSeconds, figures.P50, figures.P99, BySecond: costs);
    }

    // The counter comes and goes while the clients stand still. Each call takes much longer meanwhile, so that more comes
    // between two turns of the server: where a turn is one call, there are fewer than without the counter.
    private async Task<double> CountSystemCallsAsync(ServerProcess server, Scenario scenario)
    {
        using IClients clients = scenario.Load!.Open(options.Clients, scenario.Connections);
        await clients.ConnectAsync(server.EndPoint);
        Task running = clients.RunAsync();
        await PauseAsync(running, _settle);
        using var counter = new SystemCallCounter(server.Id);
        await clients.MarkAsync(counter.Attach);
        await PauseAsync(running, options.Length);
        long calls = 0;
        ClientFigures figures = await clients.MarkAsync(() => calls = counter.Detach());
        clients.Stop();
        await running;
        return figures.Operations > 0 ? (double)calls / figures.Operations : throw new IOException("nothing was done while strace counted");
    }

    private static async Task PauseAsync(Task running, TimeSpan length)
    {
        Task pause = EventLoop.Current!.DelayAsync(length);
        if (await Task.WhenAny(pause, running) == running)
        {
            await running;
            throw new IOException("the clients ended too early");
        }
    }

    // The server is a new one, so that memory of earlier connections is not taken for free.
    private async Task<Sample> WeighAsync(Peer peer, Scenario scenario)
    {
        using ServerProcess server = await StartAsync(peer, scenario);

        // What the first connections load and compile is no part of a connection's price.
        using (var first = new IdleConnections())
        {
            first.Open(server.EndPoint, count: 200, echo: true);
        }

        long afterCollection = await CollectedBytesAsync(peer, server);
        await SettleAsync(server);
        (long resident, IReadOnlyDictionary<string, long>? slabs) = (Memory.ResidentBytes(server.Id), Memory.Slabs());
        using var idle = new IdleConnections();
        idle.Open(server.EndPoint, scenario.Connections, echo: false);
        await SettleAsync(server);
        double grown = Memory.ResidentBytes(server.Id) - resident;
        double? kernel = slabs is not null && Memory.Slabs() is { } now ? Memory.ServersShare(slabs, now) / scenario.Connections : null;
        double kept = await CollectedBytesAsync(peer, server) - afterCollection;
        return new Sample(grown / scenario.Connections, KernelBytes: kernel, KeptBytes: peer.Collects ? kept / scenario.Connections : null);
    }

    // What is resident when no garbage is; nothing for who has none.
    private async Task<long> CollectedBytesAsync(Peer peer, ServerProcess server)
    {
        if (!peer.Collects)
        {
            return 0;
        }

        await server.CollectAsync(stop);
        return Memory.ResidentBytes(server.Id);
    }

    // Until the server has not used its processor for a while: then it has accepted all, and waits.
    private async Task SettleAsync(ServerProcess server)
    {
        for (int quiet = 0; quiet < 3;)
        {
            CpuTime before = server.Cpu();
            await EventLoop.Current!.DelayAsync(TimeSpan.FromMilliseconds(100), stop);
            quiet = server.Cpu().Since(before) < TimeSpan.FromMilliseconds(2) ? quiet + 1 : 0;
        }
    }

    private sealed class Row(Peer peer)
    {
        private const int StallsMax = 1;

        private int _stalls;

        internal Peer Peer { get; } = peer;

        internal ServerProcess? Server { get; set; }

        internal IDisposable? Idle { get; set; }

        internal double? SystemCalls { get; set; }

        internal List<Sample> Samples { get; } = [];

        internal string? Failure { get; set; }

        // A machine may stand still for a round; a server that does so twice has failed.
        internal void Add(Sample? sample, TimeSpan length)
        {
            if (sample is not null)
            {
                Samples.Add(sample);
            }
            else if (++_stalls > StallsMax)
            {
                throw new IOException($"nothing was done in {length.TotalSeconds} s, twice");
            }
        }
    }
}
