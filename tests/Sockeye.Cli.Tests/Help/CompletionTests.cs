using System.CommandLine;
using System.Diagnostics;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Commands;

namespace Sockeye.Cli.Tests.Help;

/// <summary>What a shell is told that a word may become.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("chat", "ch")]
    [InlineData("join|serve", "chat", "")]
    [InlineData("--listen|--log-level", "chat", "serve", "--l")]
    [InlineData("tcp4://|tcp6://|tcp://", "chat", "serve", "--listen", "tcp")]
    [InlineData("tcp4://|tcp6://|tcp://", "serve", "time", "tcp")]
    [InlineData("udp4://|udp6://|udp://|udplite://", "serve", "time", "tcp://[::1]:8888", "udp")]
    [InlineData("unix:/tmp/a?mark=|unix:/tmp/a?mode=", "chat", "join", "unix:/tmp/a?m")]
    [InlineData("unix:/tmp/a?mode=0600&mark=", "chat", "join", "unix:/tmp/a?mode=0600&m")]
    [InlineData("Trace", "chat", "serve", "--log-level", "T")]
    [InlineData("bash|fish|zsh", "completion", "")]
    [InlineData("", "chat", "serve", "--nonsense", "x")]
    public void The_last_word_may_become(string expected, params string[] words) =>
        Assert.Equal(expected, string.Join('|', CompletionCommand.Complete(["sockeye", .. words])));

    [Fact]
    public void Nothing_is_offered_that_is_not_wanted() =>
        Assert.DoesNotContain("udp://", CompletionCommand.Complete(["sockeye", "chat", "join", ""]));

    [Fact]
    public void The_help_names_an_argument_and_does_not_list_what_it_may_become()
    {
        Argument[] endpoints = [.. All(Tool.Build()).SelectMany(static command => command.Arguments).Where(static argument => argument.Name == "ENDPOINT")];
        Assert.All(endpoints, static argument => Assert.Equal("ENDPOINT", argument.HelpName));
        Assert.Equal(8, endpoints.Length);

        static IEnumerable<Command> All(Command command) => [command, .. command.Subcommands.SelectMany(All)];
    }

    [Fact]
    public void Whole_packets_are_for_no_command() =>
        Assert.DoesNotContain("packet-dgram:", CompletionCommand.Complete(["sockeye", "serve", "time", "p"]));

    // The real shell, with its own way of breaking words at colons.
    [Theory(Timeout = 60_000)]
    [InlineData("sockeye chat s", "serve")]
    [InlineData("sockeye chat join tcp4", "tcp4://")]
    [InlineData("sockeye chat join unix:/tmp/x?mo", "/tmp/x?mode=")] // what stands behind the colon
    public async Task Bash_completes(string line, string reply)
    {
        string folder = Directory.CreateTempSubdirectory("sockeye-").FullName;
        try
        {
            string tool = Path.Combine(folder, "sockeye");
            await File.WriteAllTextAsync(
                tool, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll")}' \"$@\"\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

            // Words as readline makes them: broken at COMP_WORDBREAKS, of which the colon matters here.
            const string Script = """
                PATH=$1:$PATH
                source <(sockeye completion bash)
                COMP_LINE=$2 COMP_POINT=${#2}
                last=${2##* }; last=${last##*:}
                COMP_WORDS=(${2% *} "$last") COMP_CWORD=${#COMP_WORDS[@]}; ((COMP_CWORD--))
                compopt() { :; }
                _sockeye
                printf '%s\n' "${COMPREPLY[@]}"
                """;
            using Process bash = Programs.Start("bash", "bash", "-c", Script, "bash", folder, line);
            string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            Assert.Equal(reply + "\n", output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
