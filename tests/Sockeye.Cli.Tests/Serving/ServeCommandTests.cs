using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Sockeye.Chat.Tests.Harness;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Serving;

/// <summary>sockeye serve, as a process.</summary>
public sealed class ServeCommandTests
{
    [Theory(Timeout = 60_000)]
    [InlineData("INT", "time")]
    [InlineData("TERM", "greet", "--threads")]
    public async Task It_says_where_it_listens_and_how_to_try_and_ends_well_at_a_signal(string signal, params string[] command)
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        (ToolProcess tool, SocketUri[] bound) = await StartAsync(3, [.. command, "tcp://127.0.0.1:0", "udp://[::1]:0", $"unix:{path}"]);
        using ToolProcess owner = tool;
        Assert.StartsWith("tcp://127.0.0.1:", $"{bound[0]}");
        Assert.StartsWith("udp://[::1]:", $"{bound[1]}");
        Assert.Equal($"unix:{path}", $"{bound[2]}");
        Assert.All(bound[..2], static bound => Assert.NotEqual(0, ((IPEndPoint)bound.EndPoint!).Port));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        await tool.WaitForOutputAsync($"try: nc 127.0.0.1 {((IPEndPoint)bound[0].EndPoint!).Port}");
        await tool.WaitForOutputAsync($"try: ./sockeye connect {bound[0]}");

        using TestClient client = await TestClient.ConnectAsync(bound[0]);
        await client.SendAsync("x\n");
        await tool.WaitForErrorAsync(" connected; connections: 1");
        await tool.SignalAsync(signal);
        Assert.EndsWith(command[0] == "time" ? "] x\n" : "Hello, x!\n", Encoding.UTF8.GetString(await client.ReadToEndAsync()));
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.Contains("the server stops; 2 bytes received", tool.Errors);
        Assert.False(File.Exists(path));
    }

    [Theory(Timeout = 60_000)]
    [InlineData]
    [InlineData("--threads")]
    public async Task The_second_signal_does_not_wait_for_what_is_due(params string[] style)
    {
        (ToolProcess tool, SocketUri[] bound) = await StartAsync(1, ["greet", "tcp://127.0.0.1:0?send_buffer=4096", "--drain", "1h", .. style]);
        using ToolProcess owner = tool;
        using TestClient deaf = await TestClient.ConnectAsync(bound[0], receiveBuffer: 4_096);
        deaf.Socket.Blocking = false;
        for (int quiet = 0; quiet < 20;)
        {
            try
            {
                deaf.Socket.Send(new byte[65_536].Select(static _ => (byte)'\n').ToArray());
                quiet = 0;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                quiet++;
                await Task.Delay(10);
            }
        }

        await tool.SignalAsync("INT");
        await tool.WaitForErrorAsync("stopping");
        await tool.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await tool.EndAsync(4_000));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_sink_prints_lines_for_people_and_events_for_programs()
    {
        (ToolProcess tool, SocketUri[] bound) = await StartAsync(2, ["sink", "udp://127.0.0.1:0", "tcp://127.0.0.1:0", "--buffer", "4", "--log-level", "Warning"]);
        using ToolProcess owner = tool;
        using var client = new UdpClient();
        client.Connect((IPEndPoint)bound[0].EndPoint!);
        await client.SendAsync("123456789"u8.ToArray());
        await tool.WaitForOutputAsync($"{client.Client.LocalEndPoint} 1234 (5 more bytes were cut)");
        await client.SendAsync(new byte[] { 0xff, 0x1b, 10 });
        await tool.WaitForOutputAsync($"{client.Client.LocalEndPoint} \\xff\\x1b");
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.Equal("", tool.Errors);

        (ToolProcess json, bound) = await StartAsync(1, ["sink", "udp://127.0.0.1:0", "--json", "--log-level", "None"]);
        using ToolProcess jsonOwner = json;
        using var second = new UdpClient();
        second.Connect((IPEndPoint)bound[0].EndPoint!);
        await second.SendAsync("a\n"u8.ToArray());
        await json.WaitForOutputAsync("received");
        await json.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await json.EndAsync());
        JsonElement[] told = [.. json.Output.Split('\n').Select(static line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["listening", "received", "stopping", "stopped"], told.Select(static one => one.GetProperty("event").GetString()));
        Assert.Equal(
            ($"{second.Client.LocalEndPoint}", 2, 0, "a\n"),
            (told[1].GetProperty("peer").GetString(), told[1].GetProperty("bytes").GetInt32(), told[1].GetProperty("cut").GetInt32(), told[1].GetProperty("text").GetString()));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task A_sink_that_cannot_print_ends_and_says_so(string redirection)
    {
        (int code, _, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", "serve", "sink", "tcp://127.0.0.1:0", "--log-level", "Error");
        Assert.Equal((ExitCode.Failed, "sockeye serve sink: cannot print what comes: standard output is full or closed"), (code, errors));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_sink_whose_reader_goes_away_ends_when_something_comes()
    {
        // The reader takes where it listens, how to try it, and the first line, and goes; head(1) would keep them until then.
        using ToolProcess tool = ToolProcess.StartByShell("(\"$@\"; echo \"code $?\" >&2) | for i in 1 2 3 4; do read -r line; echo \"$line\"; done", "serve", "sink", "tcp://127.0.0.1:0", "--log-level", "Error");
        using (TestClient client = await TestClient.ConnectAsync((await BoundAsync(tool, 1))[0]))
        {
            for (bool isGone = false; !isGone;)
            {
                try
                {
                    await client.SendAsync("x");
                    await Task.Delay(10);
                }
                catch (SocketException)
                {
                    isGone = true;
                }
            }
        }

        await tool.EndAsync();
        Assert.Equal($"code {ExitCode.ReaderGone}", tool.Errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task The_others_go_on_without_an_output(string redirection)
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        using ToolProcess tool = ToolProcess.StartByShell($"exec \"$@\" {redirection}", "serve", "greet", $"unix:{path}");
        while (!File.Exists(path))
        {
            await Task.Delay(10);
        }

        TestClient? client = null;
        for (int i = 0; client is null && i < 100; i++)
        {
            try
            {
                client = await TestClient.ConnectAsync(SocketUri.Parse($"unix:{path}"));
            }
            catch (SocketException) // bound, and not listening yet
            {
                await Task.Delay(10);
            }
        }

        using TestClient owner = client!;
        await owner.ExpectAsync("Welcome!");
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Theory(Timeout = 60_000)]
    [InlineData]
    [InlineData("--threads")]
    public async Task Out_of_descriptors_it_says_so_once_and_accepts_again_when_there_are_some(params string[] style)
    {
        (ToolProcess tool, SocketUri[] bound) = await StartAsync(1, ["greet", "tcp://127.0.0.1:0", .. style]);
        using ToolProcess owner = tool;
        using TestClient first = await TestClient.ConnectAsync(bound[0]);
        await first.ExpectAsync("Welcome!");
        await first.SendAsync("a");
        await first.ExpectAsync("Hello, a!");

        // From outside, as the server never goes so far by itself: the limit is where its first free number is.
        int limit = Descriptors.Limit();
        HashSet<int> open = [.. Directory.GetFileSystemEntries($"/proc/{tool.Id}/fd").Select(static fd => int.Parse(Path.GetFileName(fd)))];
        await LimitAsync(tool, Enumerable.Range(0, limit).First(fd => !open.Contains(fd)), limit);

        // One may still be accepted: a ring's request goes by the limit under which the kernel took it (io_accept_prep).
        using TestClient between = await TestClient.ConnectAsync(bound[0]);
        using TestClient second = await TestClient.ConnectAsync(bound[0]); // the kernel completes the connection, whether it is accepted or not
        await tool.WaitForErrorAsync("cannot accept at tcp://127.0.0.1:");
        await first.SendAsync("b");
        await first.ExpectAsync("Hello, b!");

        await LimitAsync(tool, limit, limit);
        await second.ExpectAsync("Welcome!");
        await tool.WaitForErrorAsync("accepting again at tcp://127.0.0.1:");
        Assert.Single(tool.Errors.Split('\n'), static error => error.Contains("cannot accept at"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(200)]
    [InlineData(200, "--threads")]
    public async Task With_few_descriptors_it_promises_fewer_connections_and_keeps_its_word(int limit, params string[] style)
    {
        using ToolProcess tool = ToolProcess.StartByShell($"ulimit -n {limit}; exec \"$@\"", ["serve", "greet", "tcp://127.0.0.1:0", .. style]);
        await tool.WaitForErrorAsync("warning: 200 open files allow ");
        SocketUri bound = (await BoundAsync(tool, 1))[0];
        var crowd = new List<TestClient>();
        for (int i = 0; i < limit; i++)
        {
            crowd.Add(await TestClient.ConnectAsync(bound));
        }

        await crowd[0].ExpectAsync("Welcome!");
        await crowd[0].SendAsync("here");
        await crowd[0].ExpectAsync("Hello, here!");
        Assert.Empty(await crowd[^1].ReadToEndAsync());
        crowd.ForEach(static client => client.Dispose());
        Assert.DoesNotContain("cannot accept", tool.Errors);
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task With_too_few_descriptors_one_line_says_what_to_try()
    {
        (int code, string output, string errors) = await ToolProcess.ShellAsync("ulimit -n 120; exec \"$@\"", "serve", "time", "tcp://127.0.0.1:0");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith("sockeye serve time: cannot start: 120 open files are too few", Assert.Single(errors.Split('\n')));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("stream")]
    [InlineData("dgram")]
    public async Task A_socket_that_it_was_started_with_is_served(string kind)
    {
        const string Script = """
            import os, socket, sys
            s = socket.create_server(("127.0.0.1", 0)) if sys.argv[1] == "stream" else socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            if sys.argv[1] != "stream": s.bind(("127.0.0.1", 0))
            print(s.getsockname()[1], flush=True)
            os.dup2(s.fileno(), 3)
            os.set_inheritable(3, True)
            os.execvp(sys.argv[2], sys.argv[2:])
            """;
        using ToolProcess tool = ToolProcess.StartByShell($"exec /usr/bin/python3 -c '{Script.Replace("'", "'\\''")}' {kind} \"$@\"", "serve", "greet", "fd:3");
        SocketUri endpoint = (await BoundAsync(tool, 1))[0];
        Assert.Equal($"{(kind == "stream" ? "tcp" : "udp")}://127.0.0.1:{tool.Output.Split('\n')[0]}", $"{endpoint}");
        string[] got = await PythonPeer.RunAsync(endpoint, ["send", "Michael"], ["receive", kind == "stream" ? 23 : 0]);
        Assert.Equal([kind == "stream" ? "Welcome!Hello, Michael!" : "Hello, Michael!"], got);
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_line_to_copy_is_quoted_for_the_shell()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye {Guid.NewGuid():N}'s.sock");
        (ToolProcess tool, _) = await StartAsync(1, "greet", $"unix:{path}");
        using ToolProcess owner = tool;
        string line = await tool.WaitForOutputAsync("try: nc -U ");
        using Process echo = Programs.Start("sh", "sh", "-c", $"printf %s {line["try: nc -U ".Length..]}");
        Assert.Equal(path, await echo.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
        await tool.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_port_in_use_and_a_missing_folder_are_one_line_each()
    {
        using var taken = new BclSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        (int code, string output, string errors) = await ToolProcess.RunAsync("", "serve", "reply", $"tcp://{taken.LocalEndPoint}");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith($"sockeye serve reply: bind {taken.LocalEndPoint}: EADDRINUSE: ", Assert.Single(errors.Split('\n')));

        (code, output, errors) = await ToolProcess.RunAsync("", "serve", "sink", "unix-dgram:/no/such/folder");
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith("sockeye serve sink: bind /no/such/folder: ENOENT: ", Assert.Single(errors.Split('\n')));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("a port is at most 65535", "serve", "time", "tcp://127.0.0.1:70000")]
    [InlineData("netlink: is not", "serve", "time", "netlink:route")]
    [InlineData("has everybody's traffic", "serve", "greet", "packet-dgram:lo")]
    [InlineData("--buffer 0: from 1 to", "serve", "sink", "--buffer", "0")]
    [InlineData("'abc' for option '--buffer'", "serve", "sink", "--buffer", "abc")]
    [InlineData("'99999999999' for option '--buffer'", "serve", "sink", "--buffer", "99999999999")]
    [InlineData("--max-connections 0: at least 1", "serve", "sink", "--max-connections", "0")]
    [InlineData("--idle soon: a time is a number", "serve", "reply", "--idle", "soon")]
    [InlineData("--idle 0s: at least 1ms", "serve", "reply", "--idle", "0s")]
    [InlineData("required", "serve")]
    public async Task Bad_usage_is_code_2_and_points_at_it(string expected, params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.BadUsage, ""), (code, output));
        Assert.Contains(expected, errors, StringComparison.OrdinalIgnoreCase);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("serve", "--help")]
    [InlineData("serve", "time", "--help")]
    [InlineData("serve", "sink", "--help")]
    [InlineData("serve", "reply", "--help")]
    [InlineData("serve", "greet", "--help")]
    public async Task Every_help_has_examples_and_the_exit_codes(params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.Contains("Examples:\n  sockeye serve", output);
        Assert.Contains("Exit codes:\n  0      ", output);
        Assert.DoesNotContain("packet-dgram", output);
    }

    private static async Task<(ToolProcess Tool, SocketUri[] Bound)> StartAsync(int endpoints, params string[] args)
    {
        ToolProcess tool = ToolProcess.Start(["serve", .. args]);
        return (tool, await BoundAsync(tool, endpoints));
    }

    /// <summary>Waits until it has said where it listens.</summary>
    private static async Task<SocketUri[]> BoundAsync(ToolProcess tool, int endpoints)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TestClient.Patience)
        {
            string[] bound = [.. tool.Output.Split('\n').Where(static line => line.Contains("listening")).Select(static line =>
                line.StartsWith('{') ? JsonDocument.Parse(line).RootElement.GetProperty("endpoint").GetString()! : line["listening at ".Length..])];
            if (bound.Length == endpoints)
            {
                return [.. bound.Select(SocketUri.Parse)];
            }

            await Task.Delay(10);
        }

        Assert.Fail($"it did not start: {tool.Output} {tool.Errors}");
        return [];
    }

    private static async Task LimitAsync(ToolProcess tool, int soft, int hard)
    {
        using Process prlimit = Programs.Start("prlimit", "util-linux", "--pid", $"{tool.Id}", $"--nofile={soft}:{hard}");
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
    }
}
