using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A server in C, compiled when it is first wanted.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">What it is, in a few words.</param>
/// <param name="File">Its source.</param>
internal sealed record CPeer(string Name, string Summary, string File) : Peer(Name, Summary)
{
    private string Program => Path.Combine(AppContext.BaseDirectory, $"peer-{Name}");

    internal override async Task PrepareAsync(CancellationToken stop)
    {
        Absence = await CompileAsync(Program, Source(File), made => ("cc", ["-O2", "-o", made, Source(File)]), "gcc", stop);
        if (Absence is null)
        {
            Version = (await RunAsync("cc", ["--version"], stop))?.Output.Split('\n')[0] + ", -O2";
        }
    }

    internal override IEnumerable<string> CommandLine(ServerMode mode) => [Program, Word(mode, hasTrains: true)];
}
