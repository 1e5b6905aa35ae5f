using System.Diagnostics;
using System.Globalization;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>strace -c -f on a process that runs: how many system calls all of its threads make.</summary>
/// <param name="process">Whose.</param>
internal sealed class SystemCallCounter(int process) : IDisposable
{
    private const string Missing = "system calls cannot be counted: there is no strace here (package strace)";

    private Process? _strace; // owned: ended and disposed with this
    private string _said = "";

    /// <summary>Whether there is one here, and if not, what to say.</summary>
    internal static string? Absence() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(static folder => File.Exists(Path.Combine(folder, "strace"))) ? null : Missing;

    /// <summary>Begins, and returns when every thread is watched.</summary>
    /// <exception cref="IOException">It may not watch.</exception>
    internal void Attach()
    {
        int threads = Directory.GetDirectories($"/proc/{process}/task").Length;
        _strace = Process.Start(new ProcessStartInfo("strace", ["-c", "-f", "-p", process.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;

        // One line for all, or one for each: "strace: Process 1 attached with 3 threads".
        for (int attached = 0; attached < threads;)
        {
            string line = _strace.StandardError.ReadLine() ?? throw new IOException($"strace may not watch the server: {_said}");
            _said = $"{_said} {line}".Trim();
            attached += line.Contains(" threads", StringComparison.Ordinal) ? threads : line.Contains(" attached", StringComparison.Ordinal) ? 1 : 0;
        }
    }

    /// <summary>Ends.</summary>
    /// <returns>How many calls there were.</returns>
    /// <exception cref="IOException">It did not tell.</exception>
    internal long Detach()
    {
        using (Process kill = Process.Start("sh", ["-c", $"kill -INT {_strace!.Id}"]))
        {
            kill.WaitForExit();
        }

        string summary = _strace.StandardError.ReadToEnd();
        _strace.WaitForExit();
        return Total(summary) ?? throw new IOException($"strace did not tell how many calls there were: {summary}");
    }

    /// <summary>The calls in the last line of a summary: "100.00    0.000123           1       123         4 total".</summary>
    internal static long? Total(string summary)
    {
        string? total = summary.Split('\n').LastOrDefault(static line => line.EndsWith(" total", StringComparison.Ordinal));
        string[] fields = total?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return fields.Length >= 5 && long.TryParse(fields[3], CultureInfo.InvariantCulture, out long calls) ? calls : null;
    }

    public void Dispose()
    {
        if (_strace is { HasExited: false })
        {
            _strace.Kill();
            _strace.WaitForExit();
        }

        _strace?.Dispose();
    }
}
