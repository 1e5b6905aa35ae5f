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
            : scenario.Connections + scenario.IdleConnections > ConnectionsMax ? $"not asked with more than {ConnectionsMax} connections" : null);

    /// <summary>Finds or builds it.</summary>
    internal abstract Task PrepareAsync(CancellationToken stop);

    /// <summary>The program and its arguments.</summary>
    internal abstract IEnumerable<string> CommandLine(ServerMode mode);

    /// <summary>A mode as the programs in other languages have it.</summary>
    private protected static string Word(ServerMode mode, bool hasTrains) => mode switch
    {
        ServerMode.Trains when !hasTrains => "udp",
        _ => mode.ToString().ToLowerInvariant(),
    };

    /// <summary>What it needs in its environment.</summary>
    internal virtual IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
