using Sockeye.Benchmarks.Load;
using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks;

/// <summary>A whole run: finds the servers, measures one scenario after the other.</summary>
internal static class PeersRun
{
    private const string InC = "in C on io_uring";

    /// <summary>Runs on the calling thread. When it is stopped, the scenarios that were done by then are the report.</summary>
    /// <exception cref="OperationCanceledException">Stopped before the first of them was done.</exception>
    internal static Report Measure(IReadOnlyList<Scenario> scenarios, IReadOnlyList<Peer> peers, MeasureOptions options, CancellationToken stop)
    {
        if (options.CountsSystemCalls && SystemCallCounter.Absence() is { } absence)
        {
            throw new InvalidOperationException(absence);
        }

        var machine = new Machine();
        MachineNote note = machine.Note;
        if (machine.ServerCore is null)
        {
            Console.Error.WriteLine($"sockeye bench peers: {note.Pinning}");
        }

        foreach (Peer peer in peers)
        {
            peer.PrepareAsync(stop).GetAwaiter().GetResult();
        }

        SystemCallCost cost = SystemCallCost.PrepareAsync(options.SystemCallNs, machine.ServerCore, stop).GetAwaiter().GetResult();
        (options, string clients) = Decide(options, CClients.PrepareAsync(stop).GetAwaiter().GetResult());
        note = note with { SystemCalls = cost.Summary, SystemCallNs = cost.BareNs, ServersSystemCallNs = cost.FilteredNs ?? cost.BareNs, Clients = clients };
        if (machine.PinClients() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        var progress = new Progress(Console.Error, !Console.IsErrorRedirected, scenarios.Sum(scenario => Measurement.Turns(scenario, peers, options)));
        var measurement = new Measurement(options, machine, cost, progress, stop);
        var results = new List<ScenarioResult>();
        using var loop = new EventLoop(Engine(options.Clients));
        try
        {
            foreach (Scenario scenario in scenarios)
            {
                results.Add(loop.Run(() => measurement.RunAsync(scenario, peers)));
            }
        }
        catch (OperationCanceledException) when (results.Count > 0)
        {
            // What is done is done.
        }
        finally
        {
            progress.End();
        }

        return new Report(
            CommandLine(),
            DateOnly.FromDateTime(DateTime.Now),
            note,
            [.. peers.Select(static peer => new PeerNote(peer.Name, peer.Summary, peer.Version, peer.Absence))],
            results);
    }

    /// <summary>Who the clients are, and in words.</summary>
    private static (MeasureOptions Options, string Clients) Decide(MeasureOptions options, string? absence) => options.Clients switch
    {
        ClientKind.C when absence is not null => throw new InvalidOperationException($"--clients c: {absence}"),
        ClientKind.Default when absence is null => (options with { Clients = ClientKind.C }, InC),
        ClientKind.C => (options, InC),
        ClientKind.Default => (options, $"on Sockeye's event loop ({absence})"),
        var kind => (options, $"on Sockeye's event loop, {Engine(kind)}"),
    };

    private static EngineKind Engine(ClientKind kind) => kind switch
    {
        ClientKind.IoUring => EngineKind.IoUring,
        ClientKind.Epoll => EngineKind.Epoll,
        _ => EngineKind.Default,
    };

    private static string CommandLine() =>
        string.Join(' ', ["./sockeye bench", .. Environment.GetCommandLineArgs().Skip(1).Select(static word => word.Contains(' ', StringComparison.Ordinal) ? $"'{word}'" : word)]);
}
