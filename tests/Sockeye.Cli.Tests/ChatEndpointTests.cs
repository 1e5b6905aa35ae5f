using System.Net;
using Sockeye.Chat.Tests.Harness;

namespace Sockeye.Cli.Tests;

/// <summary>Where a chat is, as its commands take it: an endpoint string that may leave out tcp:// and the port.</summary>
public sealed class ChatEndpointTests
{
    [Theory]
    [InlineData("127.0.0.1:7000", "tcp://127.0.0.1:7000")]
    [InlineData("127.0.0.1", "tcp://127.0.0.1:6667")]
    [InlineData("tcp://127.0.0.1:7000", "tcp://127.0.0.1:7000")]
    [InlineData("[::1]:7000", "tcp://[::1]:7000")]
    [InlineData("[::1]", "tcp://[::1]:6667")]
    [InlineData("tcp://[::1]:0", "tcp://[::1]:0")]
    [InlineData("localhost:7000", "tcp://localhost:7000")]
    [InlineData("tcp6://localhost?timeout=5s", "tcp6://localhost:6667?timeout=5s")]
    [InlineData("*", "tcp://[::]:6667?dual_stack=1")]
    [InlineData("unix:/tmp/chat?mode=0660", "unix:/tmp/chat?mode=0660")]
    [InlineData("unix:@chat", "unix:@chat")]
    [InlineData("fd:3", "fd:3")]
    public void It_is_an_endpoint(string text, string expected) =>
        Assert.Equal(expected, OptionTypes.ParseChatEndpoint(text, out _)?.ToString());

    [Theory]
    [InlineData("", 0, "an address is missing")]
    [InlineData("tcp://", 6, "an address is missing")]
    [InlineData("udp://1.2.3.4:5", 0, "which udp:// is not; tcp:// tcp4:// tcp6://")]
    [InlineData("unix-dgram:/x", 0, "which unix-dgram: is not")]
    [InlineData("tpc://1.2.3.4:5", 0, "did you mean tcp?")]
    [InlineData("127.0.0.1:", 10, "a port is missing")]
    [InlineData("127.0.0.1:66000", 10, "at most 65535")]
    [InlineData("127.0.0.1:99999999999", 10, "at most 65535")]
    [InlineData("127.0.0.1:6x", 11, "a port is a number")]
    [InlineData(":6667", 0, "missing before the port")]
    [InlineData("6667", 0, "four parts")]
    [InlineData("1.2.3.400:1", 6, "0 to 255")]
    [InlineData("::1:6667", 0, "in brackets")]
    [InlineData("[::1:6667", 9, "closing ]")]
    [InlineData("[::1]6667", 5, "comes : and the port")]
    [InlineData("[127.0.0.1]:1", 1, "an IPv6 address")]
    [InlineData("exa mple:1", 3, "in no host name")]
    [InlineData("unix:", 5, "a path is missing")]
    [InlineData("127.0.0.1?mode=0600", 10, "tcp:// has no option \"mode\"")]
    public void A_bad_one_is_pointed_at_and_a_right_one_shown(string text, int at, string expected)
    {
        Assert.Null(OptionTypes.ParseChatEndpoint(text, out string problem));
        string[] lines = problem.Split('\n');
        Assert.Contains(expected, lines[0]);
        Assert.Equal("    " + text, lines[1]);
        Assert.Equal(4 + at, lines[2].IndexOf('^'));
        Assert.NotNull(OptionTypes.ParseChatEndpoint(lines[3]["  right: ".Length..], out _));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_options_of_an_endpoint_hold_and_its_port_is_found()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        (ToolProcess tool, IPEndPoint _) = await ToolProcess.ServeAsync("--listen", $"unix:{path}?mode=0640", "--listen", "tcp://[::1]:0?no_delay=1");
        using ToolProcess owner = tool;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
        (int code, string output, _) = await ToolProcess.RunAsync("hello\n", "chat", "join", $"unix:{path}?timeout=5s", "--name", "alice");
        Assert.Equal(ExitCode.Ok, code);
        Assert.EndsWith("] alice: hello", output);
        string six = tool.Output.Split('\n').First(static line => line.StartsWith("listening at tcp://[::1]:", StringComparison.Ordinal))["listening at tcp://".Length..];
        (code, _, _) = await ToolProcess.RunAsync("", "chat", "join", $"tcp6://{six}", "--name", "bob");
        Assert.Equal(ExitCode.Ok, code);
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_socket_that_the_parent_opened_is_served()
    {
        // What systemd's socket activation does: the listener is there before the program is.
        const string Parent = """
            import os, socket, sys
            s = socket.socket()
            s.bind(("127.0.0.1", 0))
            s.listen()
            os.set_inheritable(s.fileno(), True)
            os.dup2(s.fileno(), 3)
            os.execvp(sys.argv[1], sys.argv[1:])
            """;
        using ToolProcess tool = ToolProcess.StartByShell($"exec python3 -c '{Parent}' \"$@\"", "chat", "serve", "--listen", "fd:3");
        await tool.WaitForOutputAsync("listening at tcp://127.0.0.1:");
        string address = tool.Output.Split('\n')[0]["listening at ".Length..];
        (int code, string output, string errors) = await ToolProcess.RunAsync("hello\n", "chat", "join", address, "--name", "alice");
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.EndsWith("] alice: hello", output);
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Theory(Timeout = 60_000)]
    [InlineData("serve", "fd:1000")]
    [InlineData("join", "fd:1000")]
    public async Task A_descriptor_that_is_none_is_said_in_one_line(string command, string endpoint)
    {
        (int code, _, string errors) = await ToolProcess.RunAsync("", ["chat", command, .. command == "serve" ? ["--listen"] : Array.Empty<string>(), endpoint]);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains("take fd:1000: EBADF: this process was started without that descriptor", Assert.Single(errors.Split('\n')));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("serve")]
    [InlineData("join")]
    public async Task Help_lists_the_schemes_of_streams(string command)
    {
        (_, string output, _) = await ToolProcess.RunAsync("", "chat", command, "--help");
        foreach (SocketUriScheme scheme in SocketUri.Schemes)
        {
            bool isStream = scheme.SocketType is System.Net.Sockets.SocketType.Stream or System.Net.Sockets.SocketType.Unknown;
            Assert.Equal(isStream, output.Contains($"\n  {scheme.Example} ", StringComparison.Ordinal));
        }
    }
}
