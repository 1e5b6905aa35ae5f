using System.Globalization;

namespace Sockeye.Benchmarks.Measuring;

/// <summary>Memory of a process, and of the kernel.</summary>
internal static class Memory
{
    // What both ends of a connection have, once each: half of it is the server's. All else that grows with idle
    // connections whose client waits for nothing is the server's: what waits.
    private static readonly HashSet<string> _ofBothEnds = new(StringComparer.Ordinal) { "TCP", "sock_inode_cache", "dentry", "filp" };

    // The client's port.
    private static readonly HashSet<string> _ofTheClient = new(StringComparer.Ordinal) { "tcp_bind_bucket", "tcp_bind2_bucket" };

    /// <summary>VmRSS, in bytes.</summary>
    internal static long ResidentBytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["VmRSS:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>Bytes in use by slab cache; null where /proc/slabinfo is not for us (it is root's).</summary>
    internal static IReadOnlyDictionary<string, long>? Slabs()
    {
        try
        {
            return ParseSlabs(File.ReadLines("/proc/slabinfo"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static IReadOnlyDictionary<string, long> ParseSlabs(IEnumerable<string> lines) => lines
        .Where(static line => !line.StartsWith('#') && !line.StartsWith("slabinfo", StringComparison.Ordinal))
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToDictionary(
            static fields => fields[0],
            static fields => long.Parse(fields[1], CultureInfo.InvariantCulture) * long.Parse(fields[3], CultureInfo.InvariantCulture),
            StringComparer.Ordinal);

    /// <summary>The kernel's memory at the server's end.</summary>
    internal static double ServersShare(IReadOnlyDictionary<string, long> before, IReadOnlyDictionary<string, long> after) => after
        .Where(static slab => !_ofTheClient.Contains(slab.Key))
        .Sum(slab => (slab.Value - before.GetValueOrDefault(slab.Key)) * (_ofBothEnds.Contains(slab.Key) ? 0.5 : 1.0));
}
