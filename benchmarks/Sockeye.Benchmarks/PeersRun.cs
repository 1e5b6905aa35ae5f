using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks;

/// <summary>A whole run: finds the servers, measures one scenario after the other.</summary>
internal static class PeersRun
{
    /// <summary>Runs on the calling thread. When it is stopped, the scenarios that were done by then are the report.</summary>
    /// <exception cref="OperationCanceledException">Stopped before the first of them was done.</exception>
    internal static Report Measure(IReadOnlyList<Scenario> scenarios, IReadOnlyList<Peer> peers, MeasureOptions options, CancellationToken stop)
    {
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

        if (machine.PinClients() is { } problem)
        {
            throw new InvalidOperationException(problem);
        }

        var progress = new Progress(Console.Error, !Console.IsErrorRedirected, scenarios.Sum(scenario => Measurement.Turns(scenario, peers, options)));
        var measurement = new Measurement(options, machine, progress, stop);
        var results = new List<ScenarioResult>();
        using var loop = new EventLoop(options.Clients);
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

    private static string CommandLine() =>
        string.Join(' ', ["./sockeye bench", .. Environment.GetCommandLineArgs().Skip(1).Select(static word => word.Contains(' ', StringComparison.Ordinal) ? $"'{word}'" : word)]);
}
