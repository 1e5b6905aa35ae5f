using System.Diagnostics;

namespace Sockeye.House.Tests;

/// <summary>
/// ./sockeye in a checkout of its own (a folder with a space in its name) and with a `dotnet` that only notes what
/// it was asked; and what ./test decides before it builds. What the real one builds, ./test shows every day; what the script decides is shown here.
/// </summary>
public sealed class SockeyeScriptTests : IDisposable
{
    // What a Debian without .NET has, and all that the script may use.
    private static readonly string[] _tools =
        ["sh", "bash", "cat", "cut", "date", "dirname", "env", "find", "flock", "grep", "head", "mkdir", "mv", "readlink", "rm", "sleep", "sort", "stat", "touch", "tr", "uname"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye script ");
    private readonly Dictionary<string, string?> _environment;

    public SockeyeScriptTests()
    {
        Directory.CreateDirectory(In("checkout", ".ci"));
        Directory.CreateDirectory(In("checkout", "src", "Sockeye.Cli"));
        Directory.CreateDirectory(In("checkout", "benchmarks", "Sockeye.Benchmarks"));
        Directory.CreateDirectory(In("bin"));
        foreach (string file in (string[])["sockeye", "test", ".ci/need-sdk.sh", "global.json", "Directory.Build.props", "Directory.Packages.props"])
        {
            File.Copy(House.PathOf(file), In("checkout", file));
        }

        File.WriteAllText(In("checkout", "src", "Sockeye.Cli", "Program.cs"), "// version 1\n");
        foreach (string tool in _tools)
        {
            string? found = ((string[])["/usr/bin", "/bin"]).Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
            Assert.True(found is not null, $"this machine has no {tool}");
            File.CreateSymbolicLink(In("bin", tool), found);
        }

        // Builds are noted in `builds`; a run prints its folder and its arguments.
        Program("dotnet", $$"""
            case $1 in
                --version) [ "$FAKE_SDK" = 10 ] && echo 10.0.100 ;;
                --list-sdks) [ -z "$FAKE_SDK" ] || echo "$FAKE_SDK.0.100 [/x]" ;;
                publish)
                    echo build >>'{{In("builds")}}'
                    [ -z "$FAKE_SLOW" ] || sleep "$FAKE_SLOW"
                    [ -z "$FAKE_BROKEN" ] || { echo "Program.cs(1,1): error CS1002"; exit 1; }
                    while [ "$1" != -o ]; do shift; done
                    mkdir -p "$2" && touch "$2/Sockeye.Cli.dll" "$2/Sockeye.Benchmarks.dll" ;;
                *)
                    echo "$$|$PWD|$*"
                    read -r line || exit "${FAKE_EXIT:-0}"
                    echo "read $line" ;;
            esac
            """);
        _environment = new Dictionary<string, string?>
        {
            ["PATH"] = In("bin"),
            ["HOME"] = In("home"),
            ["DOTNET_ROOT"] = null,
            ["FAKE_SDK"] = "10",
            ["FAKE_BROKEN"] = null,
        };
    }

    private int Builds => File.Exists(In("builds")) ? File.ReadAllLines(In("builds")).Length : 0;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact(Timeout = 60_000)]
    public async Task It_builds_once_and_then_only_runs()
    {
        Finished first = await RunAsync("chat", "serve");
        Finished second = await RunAsync("chat", "join", "a b");

        Assert.Equal((0, 0, 1), (first.Code, second.Code, Builds));
        Assert.EndsWith("Sockeye.Cli.dll chat serve\n", first.Output, StringComparison.Ordinal);
        Assert.EndsWith("Sockeye.Cli.dll chat join a b\n", second.Output, StringComparison.Ordinal);
        Assert.Empty(second.Error);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_becomes_the_program_so_that_signals_and_exit_codes_are_its_own()
    {
        _environment["FAKE_EXIT"] = "42";

        Finished run = await RunAsync("x");

        Assert.Equal(42, run.Code);
        Assert.StartsWith($"{run.ProcessId}|", run.Output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task It_runs_from_any_folder_and_through_a_symbolic_link()
    {
        File.CreateSymbolicLink(In("bin", "sk"), In("checkout", "sockeye"));

        Finished run = await Shell.RunAsync(In("bin", "sk"), ["x"], folder: "/", _environment);

        Assert.Equal((0, 1), (run.Code, Builds));
        Assert.StartsWith($"{run.ProcessId}|/|{In("checkout", "artifacts", "tool", "app.")}", run.Output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Bench_is_the_program_of_benchmarks_in_a_build_of_its_own()
    {
        Finished bench = await RunAsync("bench", "peers", "a b");
        Finished tool = await RunAsync("peers");
        await File.WriteAllTextAsync(In("checkout", "benchmarks", "Sockeye.Benchmarks", "New.cs"), "//", CancellationToken.None);
        await RunAsync("peers");
        int builds = Builds;
        await RunAsync("bench");

        Assert.Equal((0, 0, 2, 3), (bench.Code, tool.Code, builds, Builds));
        Assert.EndsWith("Sockeye.Benchmarks.dll peers a b\n", bench.Output, StringComparison.Ordinal);
        Assert.Contains(In("checkout", "artifacts", "bench", "app."), bench.Output, StringComparison.Ordinal);
        Assert.EndsWith("Sockeye.Cli.dll peers\n", tool.Output, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Changes => new()
    {
        { "a changed file", "echo '// version 2' > src/Sockeye.Cli/Program.cs" },
        { "a new file", "touch src/Sockeye.Cli/New.cs" },
        { "a file taken away", "rm src/Sockeye.Cli/Program.cs" },
        { "a file that an older one of its size took the place of", "echo '// version 0' > old && touch -d 2001-01-01 old && mv old src/Sockeye.Cli/Program.cs" },
        { "a file moved to another folder", "mkdir src/Sockeye.Cli/New && mv src/Sockeye.Cli/Program.cs src/Sockeye.Cli/New/" },
        { "other settings", "touch Directory.Build.props" },
        { "other packages", "touch Directory.Packages.props" },
        { "another SDK", "touch global.json" },
    };

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Changes))]
    public async Task It_builds_again_after(string what, string change)
    {
        await RunAsync("x");

        Finished changed = await Shell.RunAsync("/bin/sh", ["-c", change], In("checkout"));
        await RunAsync("x");

        Assert.True(changed.Code == 0 && Builds == 2, $"after {what} there were {Builds} builds, not 2");
    }

    [Fact(Timeout = 60_000)]
    public async Task What_others_build_does_not_make_it_build_again()
    {
        await RunAsync("x");
        foreach (string made in (string[])["bin", "obj"])
        {
            Directory.CreateDirectory(In("checkout", "src", "Sockeye.Cli", made));
            await File.WriteAllTextAsync(In("checkout", "src", "Sockeye.Cli", made, "made.cs"), "//", CancellationToken.None);
            Assert.Equal(0, (await RunAsync("x")).Code);
        }

        // Where people are, and how they like their lists sorted, changes no file.
        _environment["TZ"] = "Asia/Tokyo";
        _environment["LC_ALL"] = "de_DE.UTF-8";
        Assert.Equal(0, (await RunAsync("x")).Code);

        Assert.Equal(1, Builds);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_failed_build_shows_its_errors_and_is_tried_again()
    {
        _environment["FAKE_BROKEN"] = "1";
        Finished broken = await RunAsync("x");
        _environment["FAKE_BROKEN"] = null;
        Finished mended = await RunAsync("x");

        Assert.Equal((1, 0, 2), (broken.Code, mended.Code, Builds));
        Assert.Contains("Program.cs(1,1): error CS1002", broken.Error, StringComparison.Ordinal);
        Assert.Empty(broken.Output);
    }

    // script(1) would be one more program to want; python3 has a terminal for the tests already.
    [Fact(Timeout = 60_000)]
    public async Task At_a_terminal_a_line_that_moves_says_that_it_builds_and_is_gone_at_the_end()
    {
        const string Terminal = """
            import os, pty, sys
            os.environ["FAKE_SLOW"] = "2"
            pty.spawn(["sh", "-c", 'exec "$0" x </dev/null', sys.argv[1]])
            """;
        if (!File.Exists("/usr/bin/python3"))
        {
            Assert.Skip("python3 is missing: apt install python3");
        }

        Finished run = await Shell.RunAsync("/usr/bin/python3", ["-c", Terminal, In("checkout", "sockeye")], "/", _environment);
        Assert.Equal((0, 1), (run.Code, Builds));
        Assert.Contains("\rsockeye: building, 0 s (", run.Output, StringComparison.Ordinal);
        Assert.Contains("\rsockeye: building, 1 s (", run.Output, StringComparison.Ordinal);
        Assert.Contains($"\r{new string(' ', 80)}\r", run.Output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Several_at_once_build_once()
    {
        Finished[] runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync("x")));

        Assert.All(runs, run => Assert.Equal((0, ""), (run.Code, run.Error)));
        Assert.Equal(1, Builds);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_build_that_something_runs_from_stays_until_it_has_ended()
    {
        using Process server = Shell.Start(In("checkout", "sockeye"), ["serve"], "/", _environment, keepInput: true);
        string began = (await server.StandardOutput.ReadLineAsync(CancellationToken.None))!;
        string used = Path.GetDirectoryName(began.Split('|')[2].Split(" serve")[0])!;
        await ChangeAndRunAsync();
        bool keptWhileRunning = Directory.Exists(used);
        await server.StandardInput.WriteLineAsync("done");
        await server.WaitForExitAsync(CancellationToken.None);
        await ChangeAndRunAsync();

        Assert.True(keptWhileRunning);
        Assert.False(Directory.Exists(used));
        Assert.Equal(3, Builds);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_closed_input_or_output_is_a_null_device_to_the_program()
    {
        await RunAsync("x"); // builds
        Program("dotnet", $"all=$(for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done); echo \"$all\" >'{In("descriptors")}'");

        Finished run = await Shell.RunAsync("/bin/sh", ["-c", "exec \"$0\" x <&- >&- 2>&-", In("checkout", "sockeye")], "/", _environment);

        Assert.Equal(0, run.Code);
        Assert.Equal(["/dev/null", "/dev/null", "/dev/null"], await File.ReadAllLinesAsync(In("descriptors"), CancellationToken.None));
    }

    [Fact(Timeout = 60_000)]
    public async Task Without_dotnet_one_line_says_what_to_install()
    {
        File.Delete(In("bin", "dotnet"));

        AssertOneLine(await RunAsync("x"), "dotnet-sdk-10.0");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("8")]
    [InlineData("11")]
    public async Task Without_the_right_SDK_one_line_says_what_to_install(string found)
    {
        _environment["FAKE_SDK"] = found;

        AssertOneLine(await RunAsync("x"), "dotnet-sdk-10.0");
    }

    [Theory(Timeout = 60_000)]
    [InlineData("Darwin", "arm64")]
    [InlineData("Linux", "riscv64")]
    public async Task Elsewhere_one_line_says_where_it_runs(string system, string machine)
    {
        File.Delete(In("bin", "uname"));
        Program("uname", $"[ \"$1\" = -s ] && echo {system} || echo {machine}");

        AssertOneLine(await RunAsync("x"), $"this is {system} {machine}");
    }

    [Theory(Timeout = 60_000)]
    [InlineData(null)]
    [InlineData("8")]
    public async Task The_tests_too_say_in_one_line_what_to_install(string? found)
    {
        _environment["FAKE_SDK"] = found;
        if (found is null)
        {
            File.Delete(In("bin", "dotnet"));
        }

        AssertOneLine(await Shell.RunAsync(In("checkout", "test"), [], "/", _environment), "dotnet-sdk-10.0", "test");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_wrong_option_of_the_tests_is_reported_before_anything_is_built()
    {
        Finished run = await Shell.RunAsync(In("checkout", "test"), ["--no-such-option"], "/", _environment);

        Assert.Equal((2, "", "test: there is no option --no-such-option; see ./test --help\n"), (run.Code, run.Output, run.Error));
    }

    private static void AssertOneLine(Finished run, string part, string program = "sockeye")
    {
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Equal('\n', run.Error[^1]);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith($"{program}: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    private string In(params string[] parts) => Path.Combine([_folder.FullName, .. parts]);

    private Task<Finished> RunAsync(params string[] arguments) => Shell.RunAsync(In("checkout", "sockeye"), arguments, "/", _environment);

    private async Task ChangeAndRunAsync()
    {
        await File.WriteAllTextAsync(In("checkout", "src", "Sockeye.Cli", "Program.cs"), "// changed\n", CancellationToken.None);
        Assert.Equal(0, (await RunAsync("x")).Code);
    }

    private void Program(string name, string body)
    {
        File.WriteAllText(In("bin", name), "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(In("bin", name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
