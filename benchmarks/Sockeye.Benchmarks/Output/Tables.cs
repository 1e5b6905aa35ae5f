using Sockeye.Benchmarks.Measuring;
using Sockeye.Benchmarks.Peers;

namespace Sockeye.Benchmarks.Output;

/// <summary>A scenario as rows and columns: the same for the terminal and for Markdown.</summary>
internal sealed record Table(IReadOnlyList<string> Heads, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>The servers that were measured. Why others were not stands in <see cref="Notes"/>.</summary>
    internal static Table Of(ScenarioResult scenario)
    {
        ServerResult[] measured = [.. scenario.Servers.Where(static server => server.Samples.Count > 0)];
        return scenario.IsMemory ? OfMemory(scenario, measured) : measured.Any(static server => server.Samples[0].BySecond is not null) ? OfWarmUp(measured) : OfTime(scenario, measured);
    }

    private static Table OfMemory(ScenarioResult scenario, ServerResult[] measured) => new(
        ["server", "bytes best", "median", "less garbage", "kernel bytes", $"less than {PeerTable.Reference}"],
        [.. measured.Select(server => (IReadOnlyList<string>)
        [
            server.Name, Figures.Short(server.Best), Figures.Short(server.Median), Figures.Short(server.MedianOf(static sample => sample.KeptBytes)),
            Figures.Short(server.MedianOf(static sample => sample.KernelBytes)),
            Figures.Times(scenario.TimesLess(server, PeerTable.Reference)),
        ])]);

    // A column for each second, the medians of the rounds.
    private static Table OfWarmUp(ServerResult[] measured)
    {
        int seconds = measured.Max(static server => server.Samples.Max(static sample => sample.BySecond?.Count ?? 0));
        return new Table(
            ["server", .. Enumerable.Range(1, seconds).Select(static second => $"{second}"), "second of last"],
            [.. measured.Select(server => (IReadOnlyList<string>)
            [
                server.Name, .. Enumerable.Range(0, seconds).Select(second => Figures.Short(At(server, second))), Figures.Times(At(server, 1) / At(server, seconds - 1)),
            ])]);

        static double? At(ServerResult server, int second) => server.MedianOf(sample => sample.BySecond is { } costs && second < costs.Count ? costs[second] : null);
    }

    private static Table OfTime(ScenarioResult scenario, ServerResult[] measured)
    {
        bool hasCalls = measured.Any(static server => server.SystemCalls is not null);
        return new Table(
            [
                "server", $"µs/{scenario.Operation} best", "median", "per second", "p50 µs", "p99 µs", $"less than {PeerTable.Reference}", $"of {PeerTable.Bar}",
                .. hasCalls ? [$"calls/{scenario.Operation}"] : Array.Empty<string>(),
            ],
            [.. measured.Select(server => (IReadOnlyList<string>)
            [
                server.Name, Figures.Short(server.Best), Figures.Short(server.Median), Figures.Short(server.Samples.Max(static sample => sample.Rate)),
                Figures.Short(server.MedianOf(static sample => sample.P50)), Figures.Short(server.MedianOf(static sample => sample.P99)),
                Figures.Times(scenario.TimesLess(server, PeerTable.Reference)), Figures.Times(1 / scenario.TimesLess(server, PeerTable.Bar)),
                .. hasCalls ? [Figures.Short(server.SystemCalls)] : Array.Empty<string>(),
            ])]);
    }

    /// <summary>What the table does not show: who failed, who was not asked, how many datagrams got lost.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="absent">Who is not on this machine: that is printed once, not here.</param>
    /// <param name="pair">Which two were compared round by round, if any.</param>
    internal static IEnumerable<string> Notes(ScenarioResult scenario, IReadOnlyCollection<string> absent, string? pair = null) =>
        PairNotes(scenario, pair).Concat(
        scenario.Servers.Where(server => server.Failure is not null && !absent.Contains(server.Name, StringComparer.Ordinal)).Select(static server => $"{server.Name}: {server.Failure}")
            .Concat(scenario.Servers.Where(static server => server.Samples.Any(static sample => sample.Lost > 0))
                .Select(static server => $"{server.Name}: {server.Samples.Sum(static sample => sample.Lost)} datagrams got lost")));

    private static IEnumerable<string> PairNotes(ScenarioResult scenario, string? pair) =>
        pair?.Split(',') is [var first, var second] && scenario.Pair(first, second) is { } ratios
            ? [$"{first} costs of {second}: {Figures.Times(ratios.OfRounds)} (median of the rounds' ratios; {Figures.Times(ratios.AsFirst)} when it came first, {Figures.Times(ratios.AsSecond)} when second), {Figures.Times(ratios.Best)} of the best rounds, {Figures.Times(ratios.Median)} of the medians"]
            : [];

    /// <summary>Aligned, for a terminal.</summary>
    internal void Write(TextWriter output, bool hasColours)
    {
        int[] widths = [.. Heads.Select((head, column) => Math.Max(head.Length, Rows.Select(row => row[column].Length).DefaultIfEmpty(0).Max()))];
        output.WriteLine(hasColours ? $"\e[2m{Line(Heads)}\e[0m" : Line(Heads));
        foreach (IReadOnlyList<string> row in Rows)
        {
            string line = Line(row);
            output.WriteLine(hasColours && row[0].StartsWith("sockeye", StringComparison.Ordinal) ? $"\e[32m{line}\e[0m" : line);
        }

        string Line(IReadOnlyList<string> cells) => "  " + string.Join("  ", cells.Select((cell, column) =>
            column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
    }

    /// <summary>As Markdown.</summary>
    internal void WriteMarkdown(TextWriter output)
    {
        output.WriteLine($"| {string.Join(" | ", Heads)} |");
        output.WriteLine($"|---|{string.Concat(Enumerable.Repeat("--:|", Heads.Count - 1))}");
        foreach (IReadOnlyList<string> row in Rows)
        {
            output.WriteLine($"| {string.Join(" | ", row)} |");
        }
    }
}
