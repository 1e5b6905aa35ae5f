using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>Where it was measured.</summary>
/// <param name="Processor">Its name.</param>
/// <param name="Cores">How many of them we may use.</param>
/// <param name="Kernel">Its release.</param>
/// <param name="CongestionControl">How TCP paces itself: bbr costs more than cubic.</param>
/// <param name="Pinning">Which core had the server, which the clients.</param>
/// <param name="Mitigations">What the kernel does against its processor's faults: each slows system calls.</param>
/// <param name="SystemCalls">What a system call costs, in a sentence.</param>
/// <param name="SystemCallNs">Nanoseconds of the cheapest one; null where that is not known.</param>
/// <param name="ServersSystemCallNs">The same for the servers, which may have been given a dearer one.</param>
/// <param name="Clients">Who the clients were.</param>
internal sealed record MachineNote(
    string Processor, int Cores, string Kernel, string CongestionControl, string Pinning,
    string Mitigations = "", string SystemCalls = "", double? SystemCallNs = null, double? ServersSystemCallNs = null, string Clients = "")
{
    /// <summary>In lines, as a run prints them.</summary>
    [JsonIgnore]
    internal IEnumerable<string> Lines =>
    [
        $"{Processor}, {Cores} cores; Linux {Kernel}, TCP {CongestionControl}; {Pinning}{(Clients.Length > 0 ? $"; clients {Clients}" : "")}",
        .. Mitigations.Length > 0 ? [$"mitigations: {Mitigations}"] : Array.Empty<string>(),
        .. SystemCalls.Length > 0 ? [SystemCalls] : Array.Empty<string>(),
    ];
}

/// <summary>The machine: its cores, its limits.</summary>
internal sealed class Machine
{
    // Beside its connections the load needs some descriptors for the runtime and the servers' pipes.
    private const int OtherDescriptors = 500;

    private readonly int[] _cores = ParseList(StatusOf("Cpus_allowed_list"));

    /// <summary>The server's core; null when there is only one.</summary>
    internal int? ServerCore => _cores.Length > 1 ? _cores[0] : null;

    /// <summary>The clients' core; null when there is only one.</summary>
    internal int? ClientCore => _cores.Length > 1 ? _cores[1] : null;

    internal MachineNote Note => new(
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor",
        _cores.Length,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        File.ReadAllText("/proc/sys/net/ipv4/tcp_congestion_control").Trim(),
        ServerCore is { } server ? $"server on core {server}, clients on core {ClientCore}" : "one core for both: nothing is pinned, and the figures are no good for comparing machines",
        Mitigations());

    // One file for each fault, which says "Not affected", "Vulnerable…" or "Mitigation: …; details".
    private static string Mitigations()
    {
        const string Folder = "/sys/devices/system/cpu/vulnerabilities";
        return !Directory.Exists(Folder) ? "not known" : SummarizeMitigations(
            Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal).Select(static file => (Path.GetFileName(file), File.ReadAllText(file))));
    }

    /// <summary>What is not "Not affected", without its details.</summary>
    internal static string SummarizeMitigations(IEnumerable<(string Fault, string State)> faults) =>
        string.Join(", ", faults.Where(static fault => !fault.State.StartsWith("Not affected", StringComparison.Ordinal))
            .Select(static fault => $"{fault.Fault} ({fault.State.Trim().Replace("Mitigation: ", "", StringComparison.Ordinal).Split(';')[0]})")) is { Length: > 0 } list ? list : "none";

    /// <summary>How many connections this process may open; the runtime has raised the limit as far as it goes.</summary>
    internal static int ConnectionsMax =>
        File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3] is var soft && int.TryParse(soft, CultureInfo.InvariantCulture, out int limit)
                ? limit - OtherDescriptors : int.MaxValue;

    /// <summary>Moves all threads of this process, and so all that come, to the clients' core.</summary>
    /// <returns>What went wrong, if anything.</returns>
    internal string? PinClients()
    {
        if (ClientCore is not { } core)
        {
            return null;
        }

        // taskset -a, and not ProcessorAffinity: that moves the first thread alone.
        var start = new ProcessStartInfo("taskset", ["-a", "-c", "-p", $"{core}", $"{Environment.ProcessId}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process process = Process.Start(start)!;
            string errors = process.StandardOutput.ReadToEnd() is var _ ? process.StandardError.ReadToEnd() : "";
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"taskset: {errors.Trim()}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "there is no taskset here to give server and clients a core each (package util-linux)";
        }
    }

    /// <summary>Reads <c>0-2,5</c>.</summary>
    internal static int[] ParseList(string list) =>
        [.. list.Split(',').Select(static part => part.Split('-')).SelectMany(static ends =>
            Enumerable.Range(Number(ends[0]), Number(ends[^1]) - Number(ends[0]) + 1))];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string StatusOf(string name) =>
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
}
