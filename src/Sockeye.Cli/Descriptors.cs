using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;

namespace Sockeye.Cli;

/// <summary>How many descriptors this process may open, and how many it has open: proc(5).</summary>
internal static class Descriptors
{
    /// <summary>
    /// Left free for the runtime. Every thread it starts takes a pipe, and where it gets none the process dies with "Out
    /// of memory." (runtime 10.0, seen with strace), so a server must stop accepting before the kernel stops it.
    /// </summary>
    public const int Reserve = 64;

    /// <summary>
    /// The limit below which serving is not tried: <see cref="Reserve"/>, what the runtime and the chat hold when they
    /// wait (seen: 80 to 90), and a few connections.
    /// </summary>
    public const int Least = 160;

    /// <summary>The limit below which nothing is tried: an assembly that cannot be opened is a crash (seen with 60).</summary>
    public const int LeastOfAll = 100;

    /// <summary>The message of a server that cannot start with so few.</summary>
    public static string TooFew =>
        $"cannot start: {Limit()} open files are too few, the runtime alone needs most of {Least}; raise the limit with: ulimit -n 1024";

    /// <summary>For how many connections there are descriptors.</summary>
    /// <param name="wanted">How many there should be.</param>
    /// <param name="limit">Descriptors that may be open.</param>
    /// <param name="open">Descriptors that are.</param>
    /// <param name="each">How many a connection takes.</param>
    /// <returns>At most <paramref name="wanted"/>; 0 when there is none for even one.</returns>
    public static int Fit(int wanted, int limit, int open, int each = 1) => Math.Clamp((limit - open - Reserve) / each, 0, wanted);

    /// <summary>The warning of a server that can take fewer connections than it was asked to.</summary>
    /// <param name="limit">Descriptors that may be open.</param>
    /// <param name="connections">The connections that there are enough for.</param>
    public static string Fewer(int limit, int connections) =>
        $"{limit} open files allow {connections} connections; raise the limit with: ulimit -n";

    /// <summary>
    /// Loads what the library and its kernel calls refer to. An assembly that is first needed when no descriptor is left
    /// cannot be opened, and the exception ends a server that had only to wait. Before <see cref="Open"/> is asked: each
    /// keeps a descriptor.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "What was trimmed away is not needed, and not loaded.")]
    public static void LoadAssemblies()
    {
        foreach (AssemblyName name in new[] { typeof(Socket).Assembly, typeof(SocketHandle).Assembly }.SelectMany(static assembly => assembly.GetReferencedAssemblies()))
        {
            Assembly.Load(name);
        }
    }

    /// <summary>RLIMIT_NOFILE; the runtime has raised the soft limit to the hard one.</summary>
    public static int Limit()
    {
        // "Max open files            20000                20000                files"
        string? line = File.ReadLines("/proc/self/limits")
            .FirstOrDefault(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0] ?? "";
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
    }

    /// <summary>Descriptors open now.</summary>
    public static int Open() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
