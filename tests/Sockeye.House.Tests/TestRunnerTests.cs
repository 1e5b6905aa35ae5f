namespace Sockeye.House.Tests;

/// <summary>
/// A runner that cannot fail is no runner: each row of its contract, with shell scripts in place of test executables.
/// </summary>
public sealed class TestRunnerTests : IDisposable
{
    private const string Begin = """{"$type":"test-starting","TestUniqueID":"1","TestDisplayName":"A.B"}""";
    private const string Pass = """{"$type":"test-passed","TestUniqueID":"1"}""";
    private const string Fail = """{"$type":"test-failed","TestUniqueID":"1","ExceptionTypes":["X"],"Messages":["a \"message\""],"StackTraces":["at A.B"],"Output":"seed 7"}""";
    private const string Skip = """{"$type":"test-skipped","TestUniqueID":"1","Reason":"no kernel: EPERM"}""";
    private const string Cleanup = """{"$type":"test-cleanup-failure","TestUniqueID":"1","ExceptionTypes":["X"],"Messages":["late"],"StackTraces":[""]}""";
    private const string End = """{"$type":"test-finished","TestUniqueID":"1"}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sockeye runner ");
    private string _allowed = "";

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact(Timeout = 60_000)]
    public async Task A_pass_is_counted() =>
        Expect(await RunAsync(Say(Begin, Pass, End, Summary(total: 1))), 0, "1 passed, 0 failed, 0 skipped");

    [Fact(Timeout = 60_000)]
    public async Task A_failure_is_shown_with_message_stack_and_output()
    {
        Finished run = await RunAsync(Say(Begin, Fail, End, Summary(total: 1, failed: 1)) + "\nexit 1");

        Expect(run, 1, "0 passed, 1 failed, 0 skipped", "FAILED A.B", "X: a \"message\"", "at A.B", "seed 7");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_failure_that_fails_once_more_while_cleaning_up_is_one_failure() =>
        Expect(await RunAsync(Say(Begin, Fail, Cleanup, End, Summary(total: 1, failed: 1)) + "\nexit 1"), 1, "0 passed, 1 failed, 0 skipped");

    [Fact(Timeout = 60_000)]
    public async Task A_pass_that_fails_while_cleaning_up_has_failed() =>
        Expect(await RunAsync(Say(Begin, Pass, Cleanup, End, Summary(total: 1))), 1, "1 passed, 1 failed, 0 skipped", "failed while cleaning up after A.B");

    [Fact(Timeout = 60_000)]
    public async Task A_skip_gives_its_reason() =>
        Expect(await RunAsync(Say(Begin, Skip, End, Begin, Pass, End, Summary(total: 2, skipped: 1))), 0, "1 passed, 0 failed, 1 skipped", "skipped A.B: no kernel: EPERM");

    [Fact(Timeout = 60_000)]
    public async Task A_skip_is_a_failure_in_CI() =>
        Expect(await RunAsync(Say(Begin, Skip, End, Summary(total: 1, skipped: 1)), ci: true), 1, "0 passed, 1 failed, 0 skipped", "FAILED A.B", "no kernel: EPERM");

    [Theory(Timeout = 60_000)]
    [InlineData("# why\nA.* | no kernel: *\n", 0)]
    [InlineData("A.* | another reason\n", 1)]
    [InlineData("C.* | *\n", 1)]
    public async Task A_skip_in_CI_must_match_name_and_reason(string allowed, int code)
    {
        _allowed = allowed;

        Finished run = await RunAsync(Say(Begin, Skip, End, Begin, Pass, End, Summary(total: 2, skipped: 1)), ci: true);

        Expect(run, code, code == 0 ? "1 passed, 0 failed, 1 skipped" : "1 passed, 1 failed, 0 skipped");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_crash_names_the_test_that_was_running() =>
        Expect(await RunAsync(Say(Begin, Pass, End, Begin) + "\nkill -SEGV $$"), 1, "1 passed, 1 failed, 0 skipped", "without a summary", "A.B");

    [Fact(Timeout = 60_000)]
    public async Task A_clean_end_without_a_summary_has_failed() =>
        Expect(await RunAsync(Say(Begin, Pass, End)), 1, "1 passed, 1 failed, 0 skipped", "ended with code 0 and without a summary");

    [Fact(Timeout = 60_000)]
    public async Task A_hang_ends_at_the_limit_and_names_the_test() =>
        Expect(await RunAsync(Say(Begin) + "\nexec sleep 60"), 1, "0 passed, 1 failed, 0 skipped", "at its limit of 2 s", "A.B");

    [Fact(Timeout = 60_000)]
    public async Task A_summary_that_disagrees_has_failed() =>
        Expect(await RunAsync(Say(Begin, Pass, End, Summary(total: 2))), 1, "1 passed, 1 failed, 0 skipped", "lost messages");

    [Fact(Timeout = 60_000)]
    public async Task An_exit_code_of_its_own_has_failed() =>
        Expect(await RunAsync(Say(Begin, Pass, End, Summary(total: 1)) + "\nexit 3"), 1, "1 passed, 1 failed, 0 skipped", "ended with code 3");

    [Fact(Timeout = 60_000)]
    public async Task An_empty_executable_has_failed() =>
        Expect(await RunAsync(Say(Summary(total: 0))), 1, "0 passed, 1 failed, 0 skipped", "ran no test");

    [Fact(Timeout = 60_000)]
    public async Task A_filter_that_matches_nothing_anywhere_is_no_success() =>
        Expect(await RunAsync(Say(Summary(total: 0)), "-method", "x"), 1, "0 passed, 0 failed, 0 skipped", "no test ran");

    [Fact(Timeout = 60_000)]
    public async Task A_message_behind_half_a_line_of_output_is_read() =>
        Expect(await RunAsync($"printf 'half a line'\n{Say(Begin, Pass, End, Summary(total: 1))}"), 0, "1 passed, 0 failed, 0 skipped");

    [Fact(Timeout = 60_000)]
    public async Task A_process_left_behind_has_failed() =>
        Expect(await RunAsync($"sleep 20 &\n{Say(Begin, Pass, End, Summary(total: 1))}"), 1, "1 passed, 1 failed, 0 skipped", "left a process behind");

    [Fact(Timeout = 60_000)]
    public async Task A_project_that_was_not_built_has_failed() =>
        Expect(await StartAsync(ci: false, _folder.FullName, "/nowhere/A.Tests.dll"), 1, "0 passed, 1 failed, 0 skipped", "FAILED A.Tests was not built");

    [Fact(Timeout = 60_000)]
    public async Task Several_executables_make_one_sum()
    {
        string one = Script("one", Say(Begin, Pass, End, Summary(total: 1)));
        string two = Script("two", Say(Begin, Pass, End, Begin, Pass, End, Summary(total: 2)));

        Expect(await StartAsync(ci: false, "--jobs", "2", _folder.FullName, one, two), 0, "3 passed, 0 failed, 0 skipped", "one: 1 passed", "two: 2 passed");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_check_beside_the_tests_that_ends_well_is_one_pass() =>
        Expect(await CheckAsync("exit 0"), 0, "2 passed, 0 failed, 0 skipped", "check: 1 passed");

    [Fact(Timeout = 60_000)]
    public async Task A_check_that_fails_is_one_failure_with_its_output() =>
        Expect(await CheckAsync("echo 'A.cs(1,1): error IDE0055'; exit 1"), 1, "1 passed, 1 failed, 0 skipped", "FAILED check ended with code 1", "check> A.cs(1,1): error IDE0055");

    [Fact(Timeout = 60_000)]
    public async Task A_check_that_hangs_ends_at_the_limit() =>
        Expect(await CheckAsync("exec sleep 60"), 1, "1 passed, 1 failed, 0 skipped", "FAILED check was ended at its limit of 2 s");

    private static string Runner => Path.Combine(AppContext.BaseDirectory, "Sockeye.TestRunner.dll");

    private static string Summary(int total, int failed = 0, int skipped = 0) =>
        $$"""{"$type":"test-assembly-finished","TestsTotal":{{total}},"TestsFailed":{{failed}},"TestsSkipped":{{skipped}},"TestsNotRun":0}""";

    private static string Say(params string[] lines) => string.Join('\n', lines.Select(line => $"printf '%s\\n' '{line}'"));

    private static void Expect(Finished run, int code, string lastLine, params string[] shown)
    {
        Assert.Equal((code, lastLine), (run.Code, run.Output.TrimEnd('\n').Split('\n')[^1]));
        Assert.All(shown, text => Assert.Contains(text, run.Output, StringComparison.Ordinal));
        Assert.Empty(run.Error);
    }

    private string Script(string name, string body)
    {
        string path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, "#!/bin/sh\n" + body + "\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private Task<Finished> CheckAsync(string check) => StartAsync(
        ci: false,
        "--limit",
        "2",
        "--check",
        Script("check", check),
        _folder.FullName,
        Script("executable", Say(Begin, Pass, End, Summary(total: 1))));

    private async Task<Finished> RunAsync(string script, params string[] arguments) => await RunAsync(script, ci: false, arguments);

    private async Task<Finished> RunAsync(string script, bool ci, params string[] arguments)
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "tests"));
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "tests", "allowed-skips.txt"), _allowed, CancellationToken.None);
        return await StartAsync(ci, ["--limit", "2", _folder.FullName, Script("executable", script), "--", .. arguments]);
    }

    // Whoever runs these tests may do so with CI=true.
    private static Task<Finished> StartAsync(bool ci, params string[] arguments) => Shell.RunAsync(
        Shell.Dotnet, ["exec", Runner, .. arguments], environment: new Dictionary<string, string?> { ["CI"] = ci ? "true" : null });
}
