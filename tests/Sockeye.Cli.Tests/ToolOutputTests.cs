using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests;

/// <summary>What the tool only prints, to outputs that take nothing, or are not there.</summary>
public sealed class ToolOutputTests
{
    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full", "No space left on device", "--version")]
    [InlineData(">/dev/full", "No space left on device", "serve", "time", "--help")]
    [InlineData(">/dev/full", "No space left on device", "completion", "bash")]
    [InlineData(">&-", "it is closed", "--help")]
    [InlineData(">&-", "it is closed", "completion", "words", "--", "sockeye", "ser")]
    [InlineData("<&- >&-", "it is closed", "--version")]
    public async Task An_output_that_takes_nothing_is_code_1_and_one_line(string redirection, string why, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", args);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.EndsWith($": cannot write to standard output: {why}", Assert.Single(errors.Split('\n')));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reader_who_has_enough_of_the_help_is_no_failure()
    {
        (_, _, string errors) = await ToolProcess.ShellAsync("{ \"$@\"; echo $? >&2; } | :", "serve", "time", "--help");
        Assert.Equal("0", errors);
    }

    // A descriptor that is closed has a number that the runtime gives to a file of its own.
    [Theory(Timeout = 60_000)]
    [InlineData("2>/dev/full")]
    [InlineData("2>&-")]
    [InlineData("<&- 2>&-")]
    [InlineData(">&- 2>&-")]
    [InlineData("<&- >&- 2>&-")]
    public async Task Bad_usage_is_code_2_though_nobody_hears_it(string redirection)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", "serve", "time", "--buffer", "0");
        Assert.Equal((ExitCode.BadUsage, "", ""), (code, output, errors));
    }
}
