using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>Go's net. It has one core, so GOMAXPROCS is 1: with more, its threads would fight for it.</summary>
internal sealed record GoPeer() : Peer("go", "Go's net, a goroutine for each connection, GOMAXPROCS=1")
{
    internal override IReadOnlyDictionary<string, string> Environment { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal) { ["GOMAXPROCS"] = "1" };

    private static string Program => Tool.Made("go");

    internal override async Task PrepareAsync(CancellationToken stop)
    {
        Absence = await Tool.CompileAsync(Program, Tool.Source("go_server.go"), made => ("go", ["build", "-o", made, Tool.Source("go_server.go")]), "golang-go", stop);
        if (Absence is null)
        {
            Version = (await Tool.RunAsync("go", ["version"], stop))?.Output ?? "";
        }
    }

    internal override IEnumerable<string> CommandLine(ServerMode mode) => [Program, Word(mode, hasTrains: false)];
}
