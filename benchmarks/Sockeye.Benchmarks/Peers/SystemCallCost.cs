using System.Globalization;

namespace Sockeye.Benchmarks.Peers;

/// <summary>
/// What a system call costs on this machine, and how to make it dearer for the servers: by seccomp filters of as many
/// instructions as the wanted cost takes, set in the server's process before it becomes the server.
/// </summary>
internal sealed class SystemCallCost
{
    private const string Name = "syscall-cost";
    private const int InstructionsOfOneFilter = 4_096;

    // The least that a filter has, and enough of them to tell what one more costs.
    private const int FewInstructions = 3;
    private const int ManyInstructions = 2_000;
    private const int Attempts = 4;
    private const double NearEnough = 0.01;

    private SystemCallCost(double? bare, int instructions, double? filtered, string? absence) =>
        (BareNs, Instructions, FilteredNs, Absence) = (bare, instructions, filtered, absence);

    /// <summary>Nothing is known, and nothing is done.</summary>
    internal static SystemCallCost Unknown { get; } = new(null, 0, null, null);

    /// <summary>Nanoseconds of the cheapest system call, the least of many rounds; null where there is no compiler.</summary>
    internal double? BareNs { get; }

    /// <summary>How many instructions the filters of the servers have; 0: there are none.</summary>
    internal int Instructions { get; }

    /// <summary>What a call costs under them.</summary>
    internal double? FilteredNs { get; }

    /// <summary>Why nothing is known.</summary>
    internal string? Absence { get; }

    /// <summary>What comes before a server's command line.</summary>
    internal IEnumerable<string> Prefix => Instructions > 0 ? [Tool.Made(Name), "run", Number(Instructions)] : [];

    /// <summary>In a sentence.</summary>
    internal string Summary => BareNs is not { } bare ? $"what a system call costs is not known: {Absence}"
        : FilteredNs is not { } filtered ? string.Create(CultureInfo.InvariantCulture, $"a system call costs {bare:N0} ns")
        : string.Create(
            CultureInfo.InvariantCulture,
            $"a system call costs {bare:N0} ns, and {filtered:N0} ns for the servers, by {Filters()} of {Instructions:N0} instructions");

    /// <summary>Measures, and finds the filters.</summary>
    /// <param name="wantedNs">What a call shall cost the servers; 0 for what it costs.</param>
    /// <param name="core">Where the servers will run.</param>
    /// <param name="stop">Ends it.</param>
    /// <exception cref="InvalidOperationException">It cannot be done here.</exception>
    internal static async Task<SystemCallCost> PrepareAsync(double wantedNs, int? core, CancellationToken stop)
    {
        if (await Tool.CompileCAsync(Name, "syscall_cost.c", stop) is { } absence)
        {
            return wantedNs > 0 ? throw new InvalidOperationException($"--syscall-cost: {absence}") : new SystemCallCost(null, 0, null, absence);
        }

        double bare = await MeasureAsync(0, core, stop);
        if (wantedNs <= 0)
        {
            return new SystemCallCost(bare, 0, null, null);
        }

        double least = await MeasureAsync(FewInstructions, core, stop);
        if (wantedNs < least)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"--syscall-cost {wantedNs}: a system call costs {bare:N0} ns here already, and {least:N0} ns under the shortest filter"));
        }

        double each = (await MeasureAsync(ManyInstructions, core, stop) - least) / (ManyInstructions - FewInstructions);
        int instructions = FewInstructions;
        double cost = least;
        for (int attempt = 0; attempt < Attempts && Math.Abs(wantedNs - cost) > wantedNs * NearEnough; attempt++)
        {
            instructions = Math.Max(FewInstructions, instructions + (int)((wantedNs - cost) / each));
            cost = await MeasureAsync(instructions, core, stop);
        }

        return new SystemCallCost(bare, instructions, cost, null);
    }

    private static async Task<double> MeasureAsync(int instructions, int? core, CancellationToken stop)
    {
        string[] measure = [Tool.Made(Name), "measure", Number(instructions)];
        string[] command = core is { } number ? ["taskset", "-c", Number(number), .. measure] : measure;
        (int Code, string Output)? run = await Tool.RunAsync(command[0], command[1..], stop);
        return run is (0, var output) && double.TryParse(output, CultureInfo.InvariantCulture, out double cost)
            ? cost : throw new InvalidOperationException($"what a system call costs cannot be measured under {instructions} instructions of seccomp: {run?.Output ?? "no taskset here"}");
    }

    private string Filters() => (Instructions + InstructionsOfOneFilter - 1) / InstructionsOfOneFilter is var count and > 1 ? $"{count} seccomp filters" : "a seccomp filter";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
