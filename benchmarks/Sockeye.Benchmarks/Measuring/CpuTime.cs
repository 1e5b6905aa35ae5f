using System.Globalization;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>
/// What a process has used of its processor, user and system together. Its threads' schedstat counts nanoseconds but
/// forgets threads that have ended; its stat forgets none but counts in hundredths of a second. So both are read, and
/// stat is taken where it is clearly more.
/// </summary>
/// <param name="Threads">Nanoseconds by thread.</param>
/// <param name="Whole">The whole process.</param>
internal sealed record CpuTime(IReadOnlyDictionary<string, long> Threads, TimeSpan Whole)
{
    // USER_HZ, which is 100 on every architecture that we run on.
    private const int TicksPerSecond = 100;

    /// <summary>Two readings of stat may lie a tick off at either end.</summary>
    private static readonly TimeSpan _doubt = TimeSpan.FromSeconds(3.0 / TicksPerSecond);

    internal static CpuTime Of(int process)
    {
        var threads = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                string text = File.ReadAllText($"{thread}/schedstat");
                threads.Add(thread, long.Parse(text.AsSpan(0, text.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended between the listing and the reading: stat has its time.
            }
        }

        return new CpuTime(threads, ParseStat(File.ReadAllText($"/proc/{process}/stat")));
    }

    /// <summary>What was used from <paramref name="earlier"/> to this.</summary>
    internal TimeSpan Since(CpuTime earlier)
    {
        long nanoseconds = Threads.Sum(thread => thread.Value - earlier.Threads.GetValueOrDefault(thread.Key));
        TimeSpan exact = TimeSpan.FromMicroseconds(nanoseconds / 1000.0);
        TimeSpan whole = Whole - earlier.Whole;
        return whole - exact > _doubt ? whole : exact;
    }

    /// <summary>utime and stime of /proc/PID/stat: the 14th and 15th field. The name before may hold spaces and brackets.</summary>
    internal static TimeSpan ParseStat(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }
}
