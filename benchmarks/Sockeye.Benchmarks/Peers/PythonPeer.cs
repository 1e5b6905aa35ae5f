using Sockeye.Benchmarks.Servers;

namespace Sockeye.Benchmarks.Peers;

/// <summary>A server in Python, run by the first interpreter that has its module.</summary>
/// <param name="Name">One word.</param>
/// <param name="Summary">What it is, in a few words.</param>
/// <param name="Script">Its source file, and its first arguments.</param>
/// <param name="Module">What it imports.</param>
/// <param name="Package">What Debian calls that.</param>
internal sealed record PythonPeer(string Name, string Summary, string[] Script, string Module, string Package) : Peer(Name, Summary)
{
    private string _python = "";

    internal override async Task PrepareAsync(CancellationToken stop)
    {
        string ask = $"import platform, {Module} as m; print('Python', platform.python_version(), getattr(m, '__version__', ''))";
        foreach (string python in (string[])["/usr/bin/python3", "python3"])
        {
            if (await Tool.RunAsync(python, ["-c", ask], stop) is (0, var version))
            {
                (_python, Version, Absence) = (python, version, null);
                return;
            }
        }

        Absence = $"no Python here that has {Module} (package {Package})";
    }

    internal override IEnumerable<string> CommandLine(ServerMode mode) =>
        [_python, Tool.Source(Script[0]), .. Script[1..], Word(mode, hasTrains: false)];
}
