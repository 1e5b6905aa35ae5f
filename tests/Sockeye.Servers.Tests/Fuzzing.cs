using System.Diagnostics;
using System.Globalization;

namespace Sockeye.Servers.Tests;

/// <summary>How long parsers are fed what chance brings: a little in each run, and for as long as somebody wants by hand.</summary>
internal static class Fuzzing
{
    /// <summary>
    /// The seeds to try: the first so many. With SOCKEYE_FUZZ_SECONDS they go on for that long, from one that changes from run to
    /// run and is printed.
    /// </summary>
    internal static IEnumerable<int> Seeds(int count)
    {
        string? seconds = Environment.GetEnvironmentVariable("SOCKEYE_FUZZ_SECONDS");
        if (seconds is null)
        {
            for (int seed = 0; seed < count; seed++)
            {
                yield return seed;
            }

            yield break;
        }

        var limit = TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
        int first = Environment.TickCount & 0xFFFFFF;
        long start = Stopwatch.GetTimestamp();
        int next = first;
        while (Stopwatch.GetElapsedTime(start) < limit)
        {
            yield return next++;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"seeds {first} to {next - 1}");
    }
}
