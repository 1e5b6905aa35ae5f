using System.Globalization;

namespace Sockeye;

/// <summary>
/// The sockets that systemd, or who does the same, has passed to this process: sd_listen_fds_with_names(3). They begin at
/// descriptor 3; LISTEN_PID says for whom they are, LISTEN_FDS how many, LISTEN_FDNAMES how they are called.
/// </summary>
internal static class InheritedSockets
{
    private const int FirstDescriptor = 3; // SD_LISTEN_FDS_START
    private const int CountMax = 4_096;
    private const string NameWithout = "unknown"; // what sd_listen_fds_with_names(3) calls one without a name

    /// <summary>The descriptors of a name.</summary>
    /// <param name="name">The name; * is all.</param>
    /// <param name="problem">Why there is none, for a message.</param>
    /// <returns>In their order; empty when none was passed.</returns>
    internal static int[] Find(string name, out string problem) => Find(
        name, Environment.GetEnvironmentVariable("LISTEN_PID"), Environment.GetEnvironmentVariable("LISTEN_FDS"), Environment.GetEnvironmentVariable("LISTEN_FDNAMES"), out problem);

    /// <summary>The same, of what the variables say.</summary>
    internal static int[] Find(string name, string? process, string? count, string? names, out string problem)
    {
        if (process is null || count is null)
        {
            problem = "no sockets were passed to this process: LISTEN_PID and LISTEN_FDS are not set; systemd-socket-activate(1) starts a program with some";
            return [];
        }

        if (!int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id != Environment.ProcessId)
        {
            problem = $"the sockets in LISTEN_FDS are for process {process}, and this is {Environment.ProcessId}";
            return [];
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int passed) || passed is < 1 or > CountMax)
        {
            problem = $"LISTEN_FDS says {count}, which is no number of sockets";
            return [];
        }

        string[] given = names?.Split(':') ?? [];
        string[] all = [.. Enumerable.Range(0, passed).Select(index => index < given.Length && given[index].Length > 0 ? given[index] : NameWithout)];
        int[] found = [.. Enumerable.Range(0, passed).Where(index => name == "*" || all[index] == name).Select(static index => FirstDescriptor + index)];
        problem = found.Length > 0 ? "" : $"no socket of that name was passed; there are {string.Join(", ", all.Distinct(StringComparer.Ordinal))}";
        return found;
    }
}
