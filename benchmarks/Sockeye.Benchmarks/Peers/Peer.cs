using System.Diagnostics;
using System.Text;
using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A server that is measured: how to find, make and start it. One file for each kind, the table in <see cref="PeerTable"/>.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">What it is, in a few words.</param>
internal abstract record Peer(string Name, string Summary)
{
    /// <summary>What it can do.</summary>
    internal virtual IReadOnlyList<ServerMode> Modes { get; init; } = Enum.GetValues<ServerMode>();

    /// <summary>Whether it collects its garbage when it is asked to, by a line of input.</summary>
    internal virtual bool Collects => false;

    /// <summary>With more connections it is not asked.</summary>
    internal int ConnectionsMax { get; init; } = int.MaxValue;

    /// <summary>Why it is not here; null when it is. Known after <see cref="PrepareAsync"/>.</summary>
    internal string? Absence { get; private protected set; }

    /// <summary>Of what version it is. Known after <see cref="PrepareAsync"/>.</summary>
    internal string Version { get; private protected set; } = "";

    /// <summary>Whether it can serve a scenario, and if not, why.</summary>
    internal string? Refusal(Scenario scenario) =>
        Absence ?? (!Modes.Contains(scenario.Mode) ? $"has no server for it"
            : scenario.Connections > ConnectionsMax ? $"not asked with more than {ConnectionsMax} connections" : null);

    /// <summary>Finds or builds it.</summary>
    internal abstract Task PrepareAsync(CancellationToken stop);

    /// <summary>The program and its arguments.</summary>
    internal abstract IEnumerable<string> CommandLine(ServerMode mode);

    /// <summary>A mode as the programs in other languages have it.</summary>
    private protected static string Word(ServerMode mode, bool hasTrains) => mode switch
    {
        ServerMode.Pipelined => "echo",
        ServerMode.Trains when !hasTrains => "udp",
        _ => mode.ToString().ToLowerInvariant(),
    };

    /// <summary>What it needs in its environment.</summary>
    internal virtual IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>A file that lies beside this program in Peers.</summary>
    private protected static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "Peers", name);

    /// <summary>Runs a program to its end; null when there is no such program.</summary>
    private protected static async Task<(int Code, string Output)?> RunAsync(string program, string[] arguments, CancellationToken stop)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using (process)
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(stop))
        {
            limit.CancelAfter(TimeSpan.FromMinutes(2));
            process.StandardInput.Close();
            try
            {
                Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), errors = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, new StringBuilder(await output).Append(await errors).ToString().Trim());
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }

    /// <summary>Runs a compiler when what it makes is older than what it is made of. Null: it went well.</summary>
    private protected static async Task<string?> CompileAsync(string output, string source, Func<string, (string Program, string[] Arguments)> command, string package, CancellationToken stop)
    {
        if (File.Exists(output) && File.GetLastWriteTimeUtc(output) > Directory.EnumerateFiles(Path.GetDirectoryName(source)!).Max(File.GetLastWriteTimeUtc))
        {
            return null;
        }

        // Renamed when it is whole: two benchmarks may start at once.
        string made = $"{output}.{System.Environment.ProcessId}";
        (string program, string[] arguments) = command(made);
        (int Code, string Output)? run = await RunAsync(program, arguments, stop);
        if (run is not { } result)
        {
            return $"no {program} here (package {package})";
        }

        if (result.Code != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {result.Code}: {result.Output}");
        }

        File.Move(made, output, overwrite: true);
        return null;
    }
}
