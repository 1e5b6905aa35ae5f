using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A server of <see cref="ServeCommand"/>: this program again, in a process of its own.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">What it is, in a few words.</param>
/// <param name="Server">Its name there.</param>
internal sealed record DotnetPeer(string Name, string Summary, string Server) : Peer(Name, Summary)
{
    /// <summary>Asked whether this build, and this kernel, can be it.</summary>
    internal Func<string?> Check { get; init; } = static () => null;

    internal override bool Collects => true;

    internal override Task PrepareAsync(CancellationToken stop)
    {
        Absence = Check();
        Version = $".NET {System.Environment.Version}";
        return Task.CompletedTask;
    }

    internal override IEnumerable<string> CommandLine(ServerMode mode) =>
        [System.Environment.ProcessPath ?? "dotnet", "exec", typeof(DotnetPeer).Assembly.Location, "serve", Server, mode.ToString()];
}
