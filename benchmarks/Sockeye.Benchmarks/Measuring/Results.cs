using System.Text.Json.Serialization;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>One round of one server.</summary>
/// <param name="Cost">Microseconds of the server's processor per operation; for memory, resident bytes per connection.</param>
/// <param name="Rate">Operations per second.</param>
/// <param name="P50">Half of the operations took no longer, in microseconds.</param>
/// <param name="P99">All but one of a hundred took no longer.</param>
/// <param name="Lost">Datagrams that were given up.</param>
/// <param name="KernelBytes">For memory: the kernel's bytes per connection at the server's end; null where we may not know.</param>
/// <param name="BySecond">For a new server: the cost in each second; <paramref name="Cost"/> is that of the second one.</param>
/// <param name="Round">Which round it was, from 1.</param>
/// <param name="KeptBytes">For memory: the same as the cost, before and after each with the garbage collected; null where there is none.</param>
internal sealed record Sample(double Cost, double? Rate = null, double? P50 = null, double? P99 = null, long Lost = 0, double? KernelBytes = null, double? KeptBytes = null, IReadOnlyList<double>? BySecond = null, int Round = 0);

/// <summary>All rounds of one server.</summary>
/// <param name="Name">The server.</param>
/// <param name="Samples">The rounds, in their order; those before a failure where there was one.</param>
/// <param name="Failure">Why there are none, or not all.</param>
/// <param name="SystemCalls">How many system calls an operation took, where they were counted.</param>
internal sealed record ServerResult(string Name, IReadOnlyList<Sample> Samples, string? Failure = null, double? SystemCalls = null)
{
    /// <summary>The cost of the best round.</summary>
    public double? Best => Samples.Count == 0 ? null : Samples.Min(static sample => sample.Cost);

    /// <summary>The cost in the median of the rounds.</summary>
    public double? Median => MedianOf(static sample => sample.Cost);

    /// <summary>The median of the rounds, of any figure.</summary>
    internal double? MedianOf(Func<Sample, double?> figure) =>
        Statistics.Median(Samples.Select(figure).OfType<double>());
}

/// <summary>What one server costs of another.</summary>
/// <param name="Best">Of the best rounds.</param>
/// <param name="Median">Of the medians.</param>
/// <param name="OfRounds">The median of each round's own ratio: what slows the machine for a while slows both.</param>
/// <param name="AsFirst">The same of those rounds in which this server came first.</param>
/// <param name="AsSecond">And of those in which it came second.</param>
internal sealed record PairRatios(double Best, double Median, double OfRounds, double? AsFirst, double? AsSecond);

/// <summary>Figures of figures.</summary>
internal static class Statistics
{
    /// <summary>The middle one, or the mean of the two in the middle; null of none.</summary>
    internal static double? Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>One table.</summary>
/// <param name="Name">The scenario.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Operation">What one operation is.</param>
/// <param name="IsMemory">Whether the costs are bytes per connection.</param>
/// <param name="Seconds">How long a round was.</param>
/// <param name="Servers">The rows.</param>
internal sealed record ScenarioResult(string Name, string Summary, string Operation, bool IsMemory, double Seconds, IReadOnlyList<ServerResult> Servers)
{
    /// <summary>How many rounds there were.</summary>
    [JsonIgnore]
    internal int Rounds => Servers.Max(static server => server.Samples.Count);

    /// <summary>Two servers that took turns, one beside the other; null when either has no rounds.</summary>
    internal PairRatios? Pair(string first, string second)
    {
        ServerResult? one = Servers.FirstOrDefault(server => server.Name == first), other = Servers.FirstOrDefault(server => server.Name == second);
        (double Ratio, bool IsFirst)[] rounds = one is null || other is null ? [] :
            [.. one.Samples.Join(other.Samples, static sample => sample.Round, static sample => sample.Round, static (a, b) => (a.Cost / b.Cost, IsFirst: a.Round % 2 == 0))];
        return rounds.Length == 0 || !(other!.Best > 0) ? null : new PairRatios(
            one!.Best!.Value / other.Best.Value, one.Median!.Value / other.Median!.Value, Statistics.Median(rounds.Select(static round => round.Ratio))!.Value,
            Statistics.Median(rounds.Where(static round => round.IsFirst).Select(static round => round.Ratio)),
            Statistics.Median(rounds.Where(static round => !round.IsFirst).Select(static round => round.Ratio)));
    }

    /// <summary>How many times less a server costs than another, by their best rounds.</summary>
    internal double? TimesLess(ServerResult server, string than) =>
        server.Best > 0 && Servers.FirstOrDefault(other => other.Name == than)?.Best is { } cost ? cost / server.Best : null;
}

/// <summary>What a server was.</summary>
/// <param name="Name">The server.</param>
/// <param name="Summary">What it is.</param>
/// <param name="Version">Its version.</param>
/// <param name="Absence">Why it is not here.</param>
internal sealed record PeerNote(string Name, string Summary, string Version, string? Absence);

/// <summary>A whole run.</summary>
/// <param name="Command">What was typed.</param>
/// <param name="Date">When.</param>
/// <param name="Machine">Where.</param>
/// <param name="Peers">Who.</param>
/// <param name="Scenarios">The figures.</param>
/// <param name="Pair">Which two were compared round by round, with a comma between them.</param>
internal sealed record Report(string Command, DateOnly Date, MachineNote Machine, IReadOnlyList<PeerNote> Peers, IReadOnlyList<ScenarioResult> Scenarios, string? Pair = null)
{
    /// <summary>One report of several runs: of each scenario the last counts, of each server's version too.</summary>
    internal static Report Join(IReadOnlyList<Report> reports) => reports[^1] with
    {
        Command = string.Join('\n', reports.Select(static report => report.Command).Distinct(StringComparer.Ordinal)),
        Peers = [.. reports.SelectMany(static report => report.Peers).GroupBy(static peer => peer.Name, StringComparer.Ordinal).Select(static group => group.Last())],
        Scenarios = [.. reports.SelectMany(static report => report.Scenarios).GroupBy(static scenario => scenario.Name, StringComparer.Ordinal).Select(static group => group.Last())],
    };
}
