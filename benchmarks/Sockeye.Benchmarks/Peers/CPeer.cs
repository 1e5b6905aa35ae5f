using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A server in C, compiled when it is first wanted.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">What it is, in a few words.</param>
/// <param name="File">Its source.</param>
internal sealed record CPeer(string Name, string Summary, string File) : Peer(Name, Summary)
{
    internal override async Task PrepareAsync(CancellationToken stop)
    {
        Absence = await Tool.CompileCAsync(Name, File, stop);
        if (Absence is null)
        {
            Version = (await Tool.RunAsync("cc", ["--version"], stop))?.Output.Split('\n')[0] + ", -O2";
        }
    }

    internal override IEnumerable<string> CommandLine(ServerMode mode) => [Tool.Made(Name), Word(mode, hasTrains: true)];
}
