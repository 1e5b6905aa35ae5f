using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Sockeye.Chat.Tests.Harness;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests;

/// <summary>sockeye chat join, as a process: between pipes, and at a terminal that Python's pty module plays.</summary>
public sealed class ChatJoinTests
{
    // A label has 63 bytes at most: found to be no name without asking a name server, which this machine may not have.
    private const string NoHost = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.invalid:6667";

    [Fact(Timeout = 60_000)]
    public async Task Json_is_an_object_for_each_line_heard_and_for_why_it_failed()
    {
        (ToolProcess tool, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = tool;
        (int code, string output, string errors) = await ToolProcess.RunAsync("he\"llo\n", "chat", "join", $"{endPoint}", "--name", "alice", "--json");
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        string[] heard = [.. output.Split('\n').Select(static line =>
        {
            using JsonDocument told = JsonDocument.Parse(line);
            Assert.Equal("line", told.RootElement.GetProperty("event").GetString());
            return told.RootElement.GetProperty("text").GetString()!;
        })];
        Assert.StartsWith("-- Welcome, alice.", heard[0]);
        Assert.EndsWith(" alice: he\"llo", heard[^1]);

        (code, output, errors) = await ToolProcess.RunAsync("", "chat", "join", "tcp://127.0.0.1:1", "--json");
        Assert.Equal(ExitCode.Failed, code);
        using JsonDocument failed = JsonDocument.Parse(output);
        Assert.Equal("error", failed.RootElement.GetProperty("event").GetString());
        Assert.StartsWith("sockeye chat join: nothing listens at", errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("")]
    [InlineData("--json")]
    public async Task A_hostile_server_gets_no_escape_sequence_into_a_pipe(string option)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<(int Code, string Output, string Errors)> join = ToolProcess.RunAsync(
            "", ["chat", "join", $"{listener.LocalEndpoint}", "--name", "x", .. option.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        using (TcpClient client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            byte[] greeting = new byte[100];
            Assert.NotEqual(0, await client.GetStream().ReadAsync(greeting, TestContext.Current.CancellationToken));
            await client.GetStream().WriteAsync("-- no \e]0;title\a\e[2J\u009B2J\u202Ename\n"u8.ToArray(), TestContext.Current.CancellationToken);
        }

        (int code, string output, string errors) = await join;
        Assert.Equal((ExitCode.Failed, "sockeye chat join: no ␛]0;title␇␛[2J\uFFFD2J\uFFFDname"), (code, errors));
        Assert.DoesNotContain(output, static c => char.IsControl(c) && c != '\n');
        Assert.DoesNotContain('\u202E', output);
        if (option.Length == 0)
        {
            Assert.Equal("-- no ␛]0;title␇␛[2J\uFFFD2J\uFFFDname", output);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task Between_pipes_it_copies_lines_and_ends_with_its_input()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        (int code, string output, string errors) = await ToolProcess.RunAsync("alice\nhello\n/who\n", "chat", "join", $"{endPoint}");
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        string[] lines = output.Split('\n');
        Assert.Contains(lines, static line => line.EndsWith("] alice: hello", StringComparison.Ordinal));
        Assert.Equal("-- In #lobby: 1 person: alice", lines[^1]);
    }

    [Fact(Timeout = 60_000)]
    public async Task With_a_name_and_a_room_the_first_line_is_said_there()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        (int code, string output, string errors) = await ToolProcess.RunAsync(
            "hello\n", "chat", "join", $"{endPoint}", "--name", "alice", "--room", "garden");
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.Contains("* alice joined #garden", output);
        Assert.EndsWith("] alice: hello", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_name_that_is_taken_says_so_and_says_nothing_else()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        using var alice = new TcpClient();
        await alice.ConnectAsync(endPoint);
        await alice.GetStream().WriteAsync("alice\n"u8.ToArray());
        using var reader = new StreamReader(alice.GetStream());
        await reader.ReadLineAsync();
        (int code, _, string errors) = await ToolProcess.RunAsync("secretname\n", "chat", "join", $"{endPoint}", "--name", "Alice");
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal("sockeye chat join: The name Alice is taken; choose another.", errors);
        await alice.GetStream().WriteAsync("/who\n/quit\n"u8.ToArray());
        Assert.DoesNotContain("secretname", await reader.ReadToEndAsync());
    }

    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task An_output_that_is_full_or_closed_is_code_1_and_one_line(string redirection)
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        (int code, _, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", "chat", "join", $"{endPoint}", "--name", "alice");
        Assert.Equal(ExitCode.Failed, code);
        Assert.StartsWith("sockeye chat join: cannot write what the chat says: ", Assert.Single(errors.Split('\n')));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reader_who_has_enough_ends_it_quietly()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        using var bob = new TcpClient();
        await bob.ConnectAsync(endPoint);
        await bob.GetStream().WriteAsync("bob\n"u8.ToArray());

        // It would say "done" and stay, with its input open, if it did not notice.
        using ToolProcess join = ToolProcess.StartByShell("{ \"$@\"; echo $? >&2; } | { head -1; echo done >&2; }", "chat", "join", $"{endPoint}", "--name", "alice");
        await join.WaitForErrorAsync("done");
        Task said = Task.Run(async () =>
        {
            while (!join.HasExited)
            {
                await bob.GetStream().WriteAsync("are you there?\n"u8.ToArray());
                await Task.Delay(20);
            }
        });
        await join.WaitForErrorAsync("141");
        Assert.Equal("done\n141", join.Errors);
        await said;
    }

    [Fact(Timeout = 60_000)]
    public async Task A_window_that_is_closed_ends_it_as_any_signal_does()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        const string Program = """
            import os, pty, signal, sys
            pid, tty = pty.fork()
            if pid == 0:
                signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup
                os.execvp("dotnet", ["dotnet", *sys.argv[1:]])
            seen = b""
            while b"alone in #lobby" not in seen: seen += os.read(tty, 4096)
            os.close(tty)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """;
        using Process python = Programs.Start(
            "python3", "python3", "-c", Program, Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"), "chat", "join", $"{endPoint}", "--name", "alice");
        Assert.Equal("130\n", await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("chat", "join", NoHost)]
    [InlineData("chat", "serve", "--listen", NoHost)]
    public async Task A_name_that_is_not_found_is_said_in_our_words(params string[] args)
    {
        (int code, string output, string errors) = await ToolProcess.RunAsync("", args);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.EndsWith(": the name was not found", Assert.Single(errors.Split('\n')));
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "the name was not found")]
    [InlineData(SocketError.NoData, "the name was not found")]
    [InlineData(SocketError.TryAgain, "the name servers do not answer; try again later, or give an address")]
    [InlineData(SocketError.TimedOut, "the name servers do not answer; try again later, or give an address")]
    [InlineData(SocketError.TooManyOpenSockets, "said by the kernel")]
    public void A_look_up_that_failed_is_distinguished_from_a_name_that_does_not_exist(SocketError error, string expected) =>
        Assert.Equal(expected, OptionTypes.LookupProblem(new SocketException((int)error, "said by the kernel")));

    [Fact(Timeout = 60_000)]
    public async Task Names_and_empty_lines_may_come_by_pipe_with_any_line_end()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        (int code, string output, string errors) = await ToolProcess.RunAsync("\r\nalice\r\n\r\nhello\r\n", "chat", "join", $"{endPoint}");
        Assert.Equal((ExitCode.Ok, ""), (code, errors));
        Assert.StartsWith("-- Welcome. What is your name?", output);
        Assert.Contains("\n-- Welcome, alice.", output);
        Assert.EndsWith("] alice: hello", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task Nothing_listening_is_code_1_and_says_how_to_start_one()
    {
        using var unused = new BclSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, but not listening
        (int code, _, string errors) = await ToolProcess.RunAsync("", "chat", "join", $"{unused.LocalEndPoint}");
        Assert.Equal(ExitCode.Failed, code);
        Assert.Equal($"sockeye chat join: nothing listens at {unused.LocalEndPoint}; start one with: sockeye chat serve", errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_servers_end_is_a_lost_connection_and_code_3()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        using ToolProcess join = ToolProcess.Start("chat", "join", $"{endPoint}", "--name", "alice");
        await join.WaitForOutputAsync("alone in #lobby");
        await server.SignalAsync("TERM");
        Assert.Equal(ExitCode.ConnectionLost, await join.EndAsync());
        Assert.EndsWith("-- The chat is closing. Good-bye.", join.Output);
        Assert.Equal("sockeye chat join: the chat ended the connection", join.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_is_code_130_and_quit_is_code_0()
    {
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        using ToolProcess join = ToolProcess.Start("chat", "join", $"{endPoint}", "--name", "alice");
        await join.WaitForOutputAsync("alone in #lobby");
        await join.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await join.EndAsync());

        using ToolProcess second = ToolProcess.Start("chat", "join", $"{endPoint}", "--name", "bob");
        await second.WaitForOutputAsync("in #lobby");
        await second.Input.WriteAsync("/quit\n");
        await second.Input.FlushAsync();
        Assert.Equal(ExitCode.Ok, await second.EndAsync()); // its input has not ended
    }

    [Fact(Timeout = 60_000)]
    public async Task At_a_terminal_what_arrives_does_not_destroy_what_is_typed()
    {
        // Plays a terminal of 40 columns and one row that matters: the last.
        const string Program = """
            import fcntl, os, pty, re, select, socket, struct, sys, termios, time
            dll, port = sys.argv[1], int(sys.argv[2])
            sys.stderr = sys.stdout
            bob = socket.create_connection(("127.0.0.1", port), timeout=10)
            heard = bob.makefile("r", encoding="utf-8", newline="\n")
            def bob_says(text): bob.sendall(text.encode() + b"\n")
            def bob_hears(text):
                while True:
                    line = heard.readline()
                    assert line, f"bob heard the end before {text!r}"
                    if text in line: return line
            bob_says("bob"); bob_hears("in #lobby")

            pid, tty = pty.fork()
            if pid == 0:
                os.environ.pop("NO_COLOR", None)
                os.environ["TERM"] = "xterm"
                os.execvp("dotnet", ["dotnet", dll, "chat", "join", f"127.0.0.1:{port}", "--name", "alice"])
            fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))

            seen = b""
            def read_until(what, text):
                global seen
                end = time.monotonic() + 20
                while not what():
                    left = end - time.monotonic()
                    assert left > 0, f"no {text!r} in time; rows: {rows()!r}; raw: {seen[-400:]!r}"
                    if select.select([tty], [], [], left)[0]:
                        seen += os.read(tty, 4096)

            def rows():
                "What the terminal shows: rows of text, and the column of the cursor."
                out, row, column = [], [], 0
                text = seen.decode("utf-8", "replace")
                text = re.sub(r"\x1b\[\?[0-9;]*[hl]|\x1b[=>]|\x1b\[[0-9;]*m", "", text)
                i = 0
                while i < len(text):
                    move = re.match(r"\x1b\[([0-9]*)([CK])", text[i:])
                    if move:
                        if move[2] == "C": column += int(move[1] or 1)
                        else: row = row[:column]
                        i += move.end()
                        continue
                    c = text[i]
                    i += 1
                    if c == "\r": column = 0
                    elif c == "\n": out.append("".join(row)); row = []
                    else:
                        row += " " * (column + 1 - len(row)); row[column] = c; column += 1
                return out + ["".join(row)], column

            def type(text): os.write(tty, text.encode())
            def last(text): read_until(lambda: rows()[0][-1] == text, text)
            def shown(text): read_until(lambda: any(r.endswith(text) for r in rows()[0][:-1]), text)

            shown("2 people are in #lobby; /who lists them.")
            last("> ")
            bob_hears("* alice joined")
            assert b"\x1b[33m-- Welcome, alice." in seen, "no colour"

            type("half a tho")
            last("> half a tho")
            bob_says("an interruption")
            shown("] bob: an interruption")
            last("> half a tho")
            type("ught\r")
            bob_hears("] alice: half a thought")
            shown("] alice: half a thought")
            last("> ")

            # Editing in the middle: Home, insert, End, Backspace; a wide and an accented character.
            type("bc")
            type("\x01a\x05d\x7fé🐟")
            last("> abcé🐟")
            type("\x1b[D\x7f\r")
            bob_hears("] alice: abc🐟")

            # A line longer than the row scrolls sideways in it, and is sent whole.
            type("x" * 60 + "end")
            read_until(lambda: rows()[0][-1].endswith("xend") and len(rows()[0][-1]) < 40, "xend")
            type("\r")
            bob_hears("x" * 60 + "end")

            # History, and an escape sequence that bob sends does nothing.
            type("\x1b[A\x1b[A")
            last("> abc🐟")
            type("\x15")
            last("> ")
            bob.sendall(b"\x1b[2Jno harm\n")
            shown("bob: ␛[2Jno harm")
            assert b"\x1b[2J" not in seen

            type("unfinished")
            last("> unfinished")
            type("\x03")
            bob_hears("* alice left the chat")
            end = time.monotonic() + 20
            while True:
                try:
                    got = os.read(tty, 4096)
                except OSError:
                    break
                if not got or time.monotonic() > end: break
                seen += got
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, f"status {status}; {seen[-300:]!r}"
            print("ok")
            """;
        (ToolProcess server, IPEndPoint endPoint) = await ToolProcess.ServeAsync();
        using ToolProcess owner = server;
        using Process python = Programs.Start(
            "python3", "python3", "-c", Program, Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"), $"{endPoint.Port}");
        try
        {
            using var limit = new CancellationTokenSource(50_000);
            Assert.Equal("ok\n", await python.StandardOutput.ReadToEndAsync(limit.Token));
        }
        finally
        {
            if (!python.HasExited)
            {
                python.Kill();
            }
        }
    }
}
