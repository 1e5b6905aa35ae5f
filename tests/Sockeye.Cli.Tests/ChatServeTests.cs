using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Sockeye.Chat.Connections;
using Sockeye.Chat.Tests.Harness;
using Sockeye.Cli.Commands;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests;

/// <summary>sockeye chat serve, as a process.</summary>
public sealed class ChatServeTests
{
    [Fact(Timeout = 60_000)]
    public async Task It_says_where_it_listens_and_how_to_try_and_ends_well_at_ctrl_c()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--listen", $"unix:{path}", "--listen", "[::1]:0");
        using ToolProcess owner = tool;
        string[] lines = tool.Output.Split('\n');
        Assert.Equal($"listening at tcp://{endPoint}", lines[0]);
        Assert.NotEqual(0, endPoint.Port);
        Assert.Equal($"listening at unix:{path}", lines[1]);
        Assert.Matches(@"^listening at tcp://\[::1\]:\d+$", lines[2]);
        Assert.Equal($"try: nc 127.0.0.1 {endPoint.Port}", lines[3]);
        Assert.Equal($"try: ./sockeye chat join tcp://{endPoint}", lines[4]);

        using var client = new BclSocket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await client.SendAsync("alice\n"u8.ToArray());
        using var reader = new StreamReader(new NetworkStream(client));
        Assert.StartsWith("-- Welcome, alice.", await reader.ReadLineAsync());

        await tool.SignalAsync("INT");
        Assert.EndsWith("-- The chat is closing. Good-bye.\n", await reader.ReadToEndAsync());
        client.Dispose();
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.False(File.Exists(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_second_ctrl_c_does_not_wait()
    {
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync("--max-queued-bytes", "1000000");
        using ToolProcess owner = tool;
        using var deaf = new BclSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.ReceiveBufferSize = 4_096;
        await deaf.ConnectAsync(endPoint);
        using var talker = new TcpClient();
        await talker.ConnectAsync(endPoint);
        await deaf.SendAsync("deaf\n"u8.ToArray());
        using var reader = new StreamReader(talker.GetStream());
        await talker.GetStream().WriteAsync("alice\n"u8.ToArray());
        string text = new('x', 4_000);
        for (int i = 0; i < 200; i++)
        {
            await talker.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{i} {text}\n"));
            string? line;
            do
            {
                line = await reader.ReadLineAsync();
            }
            while (line is not null && !line.Contains($"alice: {i} "));
            Assert.NotNull(line);
        }

        // The deaf one is owed hundreds of kilobytes, so draining takes its 5 s; the second signal ends that.
        await tool.SignalAsync("INT");
        while (await reader.ReadLineAsync() is not null)
        {
        }

        await tool.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await tool.EndAsync(4_000));
    }

    [Fact(Timeout = 60_000)]
    public async Task With_few_descriptors_it_promises_fewer_connections_and_keeps_its_word()
    {
        const int Limit = 200; // the runtime itself needs most of a hundred
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync(Limit);
        using ToolProcess owner = tool;
        await tool.WaitForErrorAsync("warning: 200 open files allow");
        using var alice = new Talker(endPoint);
        await alice.SayAsync("alice");
        await alice.HearAsync("alone in #lobby");

        var crowd = new List<TcpClient>();
        for (int i = 0; i < Limit; i++)
        {
            crowd.Add(new TcpClient());
            await crowd[i].ConnectAsync(endPoint);
        }

        using (var late = new StreamReader(crowd[^1].GetStream()))
        {
            Assert.Contains("The chat is full", await late.ReadLineAsync());
        }

        foreach (TcpClient client in crowd)
        {
            client.Dispose();
        }

        // Places come free as the server notices.
        for (bool isIn = false; !isIn;)
        {
            using var bob = new Talker(endPoint);
            await bob.SayAsync("bob");
            isIn = !(await bob.HearAsync("-- ")).Contains("The chat is full");
        }

        await alice.HearAsync("* bob joined");
    }

    [Theory(Timeout = 60_000)]
    [InlineData(64)]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(159)]
    public async Task With_too_few_descriptors_one_line_says_what_to_try(int limit)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync(
            $"ulimit -n {limit}; exec \"$@\"", "chat", "serve", "--listen", "127.0.0.1:0");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith($"sockeye chat serve: cannot start: {limit} open files are too few", Assert.Single(errors.Split('\n')));
        Assert.EndsWith("ulimit -n 1024", errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("get", "http://127.0.0.1:1/")]
    [InlineData("connect", "tcp://127.0.0.1:1")]
    [InlineData("serve", "time")]
    public async Task Whatever_the_command_with_far_too_few_descriptors_one_line_says_what_to_try(params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync("ulimit -n 60; exec \"$@\"", args);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.Contains("60 open files are too few", Assert.Single(errors.Split('\n')));
    }

    [Fact(Timeout = 60_000)]
    public async Task Json_has_no_other_line_on_standard_error_warnings_too()
    {
        using ToolProcess tool = ToolProcess.StartByShell("ulimit -n 200; exec \"$@\"", "chat", "serve", "--json", "--listen", "127.0.0.1:0");
        await tool.WaitForErrorAsync("200 open files allow");
        await tool.WaitForOutputAsync("listening");
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.All(tool.Errors.Split('\n'), static line => JsonDocument.Parse(line).Dispose());
    }

    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task An_output_that_is_full_or_closed_does_not_stop_it(string redirection)
    {
        using ToolProcess tool = ToolProcess.StartByShell($"exec \"$@\" {redirection}", "chat", "serve", "--listen", "127.0.0.1:0");
        await tool.WaitForErrorAsync("listening at 127.0.0.1:");
        string line = tool.Errors.Split('\n').First(static line => line.Contains("listening at"));
        using var alice = new Talker(IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]));
        await alice.SayAsync("alice");
        await alice.HearAsync("alone in #lobby");
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Out_of_descriptors_it_says_so_once_and_accepts_again_when_there_are_some()
    {
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = tool;
        using var alice = new Talker(endPoint);
        await alice.SayAsync("alice");
        await alice.HearAsync("alone in #lobby");

        // From outside, as the server never goes so far by itself: the limit is where its first free number is.
        int limit = Descriptors.Limit();
        HashSet<int> open = [.. Directory.GetFileSystemEntries($"/proc/{tool.Id}/fd").Select(static fd => int.Parse(Path.GetFileName(fd)))];
        await LimitAsync(tool, Enumerable.Range(0, limit).First(fd => !open.Contains(fd)), limit);
        using var bob = new Talker(endPoint); // the kernel completes the connection, whether it is accepted or not
        await bob.SayAsync("bob");
        using var carol = new Talker(endPoint);
        await carol.SayAsync("carol");
        await tool.WaitForErrorAsync("cannot accept at");
        await alice.SayAsync("still here");
        await alice.HearAsync("alice: still here");

        await LimitAsync(tool, limit, limit);
        await tool.WaitForErrorAsync("accepting again at");
        await bob.HearAsync("Welcome, bob");
        await carol.HearAsync("Welcome, carol");
        Assert.Single(tool.Errors.Split('\n'), static error => error.Contains("cannot accept at"));
    }

    private static async Task LimitAsync(ToolProcess tool, int soft, int hard)
    {
        using Process prlimit = Programs.Start("prlimit", "util-linux", "--pid", $"{tool.Id}", $"--nofile={soft}:{hard}");
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
    }

    /// <summary>A line client for these tests: .NET's own.</summary>
    private sealed class Talker : IDisposable
    {
        private readonly TcpClient _client = new();
        private readonly StreamReader _reader;

        public Talker(IPEndPoint endPoint)
        {
            _client.Connect(endPoint);
            _reader = new StreamReader(_client.GetStream());
        }

        public async Task SayAsync(string line) =>
            await _client.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"));

        /// <summary>Reads on to a line that holds the text.</summary>
        public async Task<string> HearAsync(string text)
        {
            while (await _reader.ReadLineAsync() is { } line)
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return line;
                }
            }

            Assert.Fail($"the connection ended before \"{text}\" came");
            return "";
        }

        public void Dispose() => _client.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_in_use_is_said_with_what_to_try()
    {
        using var taken = new BclSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        (int code, string output, string errors) = await ToolProcess.RunAsync("", "chat", "serve", "--listen", $"{taken.LocalEndPoint}");
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("", output);
        Assert.Contains($"sockeye chat serve: cannot listen at {taken.LocalEndPoint}: another program listens there", errors);
        Assert.Contains("Try another port", errors);
    }

    [Fact]
    public void A_machine_without_ipv6_is_worth_a_warning_only()
    {
        var warnings = new List<string>();
        List<SocketUri> bound = ChatServeCommand.ListenAtLoopback(
            static endPoint => endPoint.AddressFamily == AddressFamily.InterNetwork
                ? endPoint
                : throw new ListenException("cannot listen at [::1]:6667: no such address", SocketError.AddressNotAvailable),
            warnings.Add);
        Assert.Equal(["tcp://127.0.0.1:6667"], bound.Select(static endpoint => endpoint.ToString()));
        Assert.Contains("cannot listen at [::1]:6667", Assert.Single(warnings));

        // Neither is an error, and so is any other reason.
        Assert.Throws<ListenException>(() => ChatServeCommand.ListenAtLoopback(
            static _ => throw new ListenException("none", SocketError.AddressFamilyNotSupported), warnings.Add));
        Assert.Throws<ListenException>(() => ChatServeCommand.ListenAtLoopback(
            static _ => throw new ListenException("taken", SocketError.AddressAlreadyInUse), warnings.Add));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("a port is at most 65535", "chat", "serve", "--listen", "127.0.0.1:70000")]
    [InlineData("--max-rooms 0: at least 1", "chat", "serve", "--max-rooms", "0")]
    [InlineData("--name-wait soon: a time is a number", "chat", "serve", "--name-wait", "soon")]
    [InlineData("sockeye chat serve: there is no option --nonsense\nhelp: sockeye chat serve --help", "chat", "serve", "--nonsense")]
    [InlineData("sockeye connect: there is no option --lisen, did you mean --listen?\nhelp: sockeye connect --help", "connect", "--lisen", "tcp://127.0.0.1:1")]
    [InlineData("there is no option --jsn, did you mean --json?", "probe", "127.0.0.1:1", "--jsn=true")]
    [InlineData("there is no option --max-conn, did you mean --max-connections?", "serve", "time", "--max-conn", "3")]
    [InlineData("there is no option -x\n", "connect", "-x", "127.0.0.1:1")]
    [InlineData("this is no host name", "connect", "--", "--listen")]
    [InlineData("right: tcp://localhost:8888", "connect", "localhost")]
    [InlineData("right: tcp://127.0.0.1:53", "chat", "join", "udp://127.0.0.1:53")]
    [InlineData("7 is one argument too many", "chat", "join", "127.0.0.1", "6667", "7")]
    [InlineData("ENDPOINT is missing", "connect")]
    [InlineData("there is no command conect, did you mean connect?", "conect", "--help")]
    [InlineData("there is no command conect, did you mean connect?", "help", "conect")]
    [InlineData("there is no command hlep, did you mean help?", "hlep")]
    [InlineData("MaxQueuedBytes", "chat", "serve", "--max-queued-bytes", "1024")]
    [InlineData("in brackets", "chat", "join", "::1:6667")]
    [InlineData("a command is required: serve, join", "chat")]
    [InlineData("there is no command tiem, did you mean time?; there are: time, sink, reply, greet", "serve", "tiem", "tcp://127.0.0.1:0")]
    public async Task Bad_usage_is_code_2_and_points_at_it(string expected, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.Contains(expected, errors, StringComparison.OrdinalIgnoreCase);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--help")]
    [InlineData("chat", "--help")]
    [InlineData("chat", "serve", "--help")]
    [InlineData("chat", "join", "--help")]
    public async Task Every_help_has_examples_and_the_exit_codes(params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.Contains("Examples:\n  sockeye ", output);
        Assert.Contains("Exit codes:\n  0      ", output);
        Assert.Contains("\n  2      bad usage", output);
        Assert.Contains("Usage:\n  sockeye ", output);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("--help", "")]
    [InlineData("--help", "help")]
    [InlineData("chat join --help", "help chat join")]
    [InlineData("--version", "version")]
    public async Task What_newcomers_type_is_understood(string meant, string typed)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", typed.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.Equal((await ToolProcess.RunAsync("", meant.Split(' '))).Output, output);
    }

    // A value is one whatever it looks like.
    [Fact(Timeout = 60_000)]
    public async Task The_value_of_an_option_may_look_like_an_option()
    {
        using ToolProcess tool = ToolProcess.Start("serve", "reply", "--text", "--lisen", "tcp://127.0.0.1:0");
        await tool.ListeningAtAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "serve", "time", "tcp://127.0.0.1:0")]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "chat", "serve", "--listen", "127.0.0.1:0")]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "chat", "join", "127.0.0.1:1")]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "connect", "127.0.0.1:1")]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "get", "http://127.0.0.1:1/")]
    [InlineData("kqueue", "there is no such engine. Unset it, or set it to: epoll, io_uring", "probe", "127.0.0.1:1")]
    public async Task An_engine_that_is_not_to_be_had_is_one_line(string engine, string why, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync($"SOCKEYE_ENGINE={engine} exec \"$@\"", args);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.EndsWith($": SOCKEYE_ENGINE={engine}: {why}", Assert.Single(errors.Split('\n')));
        (_, output, _) = await ToolProcess.ShellAsync($"SOCKEYE_ENGINE={engine} exec \"$@\"", [.. args, "--json"]);
        Assert.Contains("\"event\":\"error\"", Assert.Single(output.Split('\n')));
    }

    [Fact(Timeout = 60_000)]
    public async Task Version_is_a_number()
    {
        (int code, string output, _) = await ToolProcess.RunAsync("", "--version");
        Assert.Equal(ExitCode.Ok, code);
        Assert.Matches(@"^\d+\.\d+\.\d+$", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task Json_is_events_and_a_log_of_a_line_each_for_programs()
    {
        using ToolProcess tool = ToolProcess.Start("chat", "serve", "--listen", "127.0.0.1:0", "--json");
        await tool.WaitForOutputAsync("listening");
        using JsonDocument told = JsonDocument.Parse(Assert.Single(tool.Output.Split('\n')));
        Assert.Equal("listening", told.RootElement.GetProperty("event").GetString());
        EndPoint? endPoint = SocketUri.Parse(told.RootElement.GetProperty("endpoint").GetString()!).EndPoint;
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        string[] lines = tool.Errors.Split('\n');
        using JsonDocument first = JsonDocument.Parse(lines[0]);
        Assert.Equal($"{endPoint}", first.RootElement.GetProperty("State").GetProperty("EndPoint").GetString());
        Assert.Equal("Information", first.RootElement.GetProperty("LogLevel").GetString());
        Assert.All(lines, static line => JsonDocument.Parse(line).Dispose());
    }
}
