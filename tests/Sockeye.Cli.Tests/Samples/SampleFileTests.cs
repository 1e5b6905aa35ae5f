using System.Text.RegularExpressions;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Tests.Help;

namespace Sockeye.Cli.Tests.Samples;

/// <summary>The files of samples/ as a newcomer meets them: how they begin, how long they are, and that one runs as it stands.</summary>
public sealed partial class SampleFileTests : IDisposable
{
    private const int CodeLinesMax = 60;

    private static readonly string[] _names =
    [
        "chat-client", "chat-protocol", "chat-server", "echo-client", "greet-loop", "greet-threads", "http-get", "probe", "reply-server", "starvation",
        "tcp-client", "tcp-sink", "tcp-time-server", "time-tasks", "time-threads", "udp-client", "udp-greet-server", "udp-sink", "udp-time-server",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("sockeye samples ").FullName;

    public static TheoryData<string> Names => [.. _names];

    private static string Root => PrintedPage.Root;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // try.cs is the reader's own.
    [Fact]
    public void Every_program_of_the_tutorials_is_there() =>
        Assert.Equal(_names, Directory.EnumerateFiles(Path.Combine(Root, "samples"), "*.cs").Select(Path.GetFileNameWithoutExtension)
            .Where(name => name != "try").Order(StringComparer.Ordinal));

    // A project file in samples/ itself would be what `dotnet run` finds there, in place of the file that was named.
    [Fact]
    public void No_project_lies_beside_them() => Assert.Empty(Directory.EnumerateFiles(Path.Combine(Root, "samples"), "*.*proj"));

    [Theory]
    [MemberData(nameof(Names))]
    public void It_says_what_it_shows_and_how_to_run_it_and_is_short(string name)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Root, "samples", name + ".cs"));
        Assert.Matches($@"^// [A-Z].+\. Run: dotnet run samples/{name}\.cs \[(ENDPOINT|URL \[ENDPOINT\])( \[[A-Z]+\])?\]$", lines[0]);
        bool isServer = name.StartsWith("time-", StringComparison.Ordinal) || name == "chat-protocol";
        Assert.Equal([$"#:project ../src/Sockeye{(isServer ? ".Servers" : "")}", "#:property PublishAot=false", ""], lines[1..4]);
        Assert.DoesNotContain(lines[4..], line => line.StartsWith("#:", StringComparison.Ordinal));
        Assert.StartsWith("using ", lines[4], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.Contains(name == "chat-protocol" ? "ProtocolServer(args." : isServer ? "StreamServer(args." : "SocketUri.Parse(args.", StringComparison.Ordinal));

        int count = lines.Count(line => Code().IsMatch(line));
        Assert.True(count <= CodeLinesMax, $"{count} lines of code; {CodeLinesMax} are the most that a newcomer reads at once");
    }

    // A build machine does it in a copy, which stands for a fresh clone, and builds the library for half a minute of
    // processor time. Elsewhere it runs where it lies, on the library that is built already.
    [Fact(Timeout = 180_000)]
    public async Task One_of_them_runs_as_a_file()
    {
        bool isFresh = Environment.GetEnvironmentVariable("CI") == "true";
        if (isFresh)
        {
            CopyCheckout();
        }

        using FileProgram program = new(isFresh ? _folder : Root, Path.Combine(_folder, "data"), "samples/tcp-time-server.cs", "tcp://127.0.0.1:0");
        string endpoint = await program.ListeningAtAsync(TimeSpan.FromSeconds(150));
        Assert.Single(program.Output.Split('\n'));      // no warning either
        await PythonProcess.RunAsync("""
            s = connect()
            s.sendall(b"hello")
            s.shutdown(socket.SHUT_WR)
            answer = rest(s)
            assert answer.startswith(b"[") and answer.endswith(b"] hello"), answer
            """, endpoint);
    }

    private void CopyCheckout()
    {
        foreach (string file in Directory.EnumerateFiles(Root, "*.*").Concat(Directory.EnumerateFiles(Path.Combine(Root, "samples")))
            .Concat(new[] { "Sockeye", "Sockeye.Interop" }.SelectMany(room => Directory.EnumerateFiles(Path.Combine(Root, "src", room), "*", SearchOption.AllDirectories)))
            .Concat(Directory.EnumerateFiles(Path.Combine(Root, "src"))))
        {
            string name = Path.GetRelativePath(Root, file);
            if (!name.Split('/').Any(part => part is "bin" or "obj"))
            {
                string copy = Path.Combine(_folder, name);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }
    }

    // Neither empty, nor a comment, nor braces alone.
    [GeneratedRegex(@"^(?!\s*//)(?!\s*[{}();]*\s*$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Code();

    /// <summary>dotnet run FILE, in a folder. No build server stays behind, and what the SDK keeps of the file is in a folder of ours.</summary>
    private sealed class FileProgram(string folder, string data, string file, string endpoint) : ProgramProcess(
        "sh", "-c", Line, "sh", folder, data, file, endpoint)
    {
        private const string Line = """
            cd "$1" && mkdir "$2" && export XDG_DATA_HOME="$2" MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false || exit
            exec dotnet run -c Release "$3" "$4"
            """;
    }
}
