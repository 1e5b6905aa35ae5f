using System.Globalization;

namespace Sockeye.Servers;

/// <summary>How many descriptors this process may open, and whether one of them says that they are running out.</summary>
/// <remarks>
/// open(2) and accept(2) give the lowest number that is free: so a descriptor's own number says how many are in use, without a count.
/// </remarks>
internal static class Descriptors
{
    /// <summary>RLIMIT_NOFILE, as proc(5) tells it; the runtime has raised the soft limit to the hard one, but others may change it.</summary>
    internal static int Limit()
    {
        try
        {
            // "Max open files            20000                20000                files"
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
            string soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0] ?? "";
            return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
        }
        catch (IOException)
        {
            // There is no proc, or no descriptor for it.
            return int.MaxValue;
        }
    }

    /// <summary>How many may be used while some are left to the rest of the process: a quarter of them at most, so that something remains.</summary>
    internal static int Usable(int limit, int reserve) => limit - Math.Min(reserve, limit / 4);

    /// <summary>The lowest number that is free; int.MaxValue when none is.</summary>
    internal static int LowestFree()
    {
        try
        {
            using Microsoft.Win32.SafeHandles.SafeFileHandle probe = File.OpenHandle("/dev/null");
            return (int)probe.DangerousGetHandle();
        }
        catch (IOException)
        {
            // EMFILE, ENFILE.
            return int.MaxValue;
        }
    }
}
