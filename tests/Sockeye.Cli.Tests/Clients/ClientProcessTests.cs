using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Chat.Tests.Harness;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>connect and echo as processes: signals, what a shell does with their output, and a terminal that Python plays.</summary>
public sealed class ClientProcessTests
{
    [Theory(Timeout = 60_000)]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    public async Task An_output_that_is_full_or_closed_is_code_1_and_one_line(string redirection)
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello'); rest(c)");
        (int code, string output, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", "connect", peer.Endpoint);
        Assert.Equal((ExitCode.Failed, ""), (code, output));
        Assert.StartsWith("sockeye connect: cannot write to standard output: ", Assert.Single(errors.Split('\n')));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("connect")]
    [InlineData("connect", "--json")]
    [InlineData("echo")]
    public async Task A_reader_who_has_enough_ends_it_quietly(params string[] command)
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", """
            c = accept()
            try:
                while True: c.sendall(b"one line\n" * 1000)
            except OSError: pass
            """);
        (int code, string output, string errors) = await ToolProcess.ShellAsync(
            "{ \"$@\"; echo $? >&2; } | head -1", [.. command, peer.Endpoint]);
        Assert.Equal((0, "141"), (code, errors));
        Assert.NotEqual("", output);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("<&-")]
    [InlineData("</")]
    public async Task An_input_that_cannot_be_read_has_ended(string redirection)
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'%d bytes' % len(rest(c)))");
        (int code, string output, string errors) = await ToolProcess.ShellAsync($"exec \"$@\" {redirection}", "connect", peer.Endpoint);
        Assert.Equal((ExitCode.Ok, "0 bytes", ""), (code, output, errors));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("os.pipe()")]
    [InlineData("[end.detach() for end in socket.socketpair()]")]
    public async Task Pipes_that_another_program_made_non_blocking_lose_nothing(string input)
    {
        string program = $$"""
            import os, socket, subprocess, sys, threading, time
            s = socket.create_server(("127.0.0.1", 0))
            def nonblocking(ends):
                for end in ends: os.set_blocking(end, False)
                return ends
            (inp, to), (out, by) = nonblocking({{input}}), nonblocking(os.pipe())
            p = subprocess.Popen(["dotnet", sys.argv[1], "connect", f"127.0.0.1:{s.getsockname()[1]}"], stdin=inp, stdout=by)
            os.close(inp); os.close(by); os.set_blocking(to, True); os.set_blocking(out, True)
            c, _ = s.accept()
            data = os.urandom(3_000_000)
            threading.Thread(target=lambda: (c.sendall(data), c.shutdown(socket.SHUT_WR))).start()
            time.sleep(0.3)     # the pipe is full, and the input has nothing
            os.write(to, b"hello"); print(c.recv(100))
            os.close(to); print(c.recv(100))
            with open(out, "rb") as file: print(file.read() == data, p.wait())
            """;
        await AssertPythonAsync("b'hello'\nb''\nTrue 0\n", program);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_datagram_socket_of_the_parents_is_waited_at()
    {
        const string Program = """
            import socket, subprocess, sys
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(("127.0.0.1", 0))
            p = subprocess.Popen(["dotnet", sys.argv[1], "connect", "--listen", f"fd:{s.fileno()}", "--wait", "100ms"], pass_fds=[s.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            c.connect(s.getsockname())
            c.send(b"hello"); print(p.stdout.readline())
            p.stdin.write(b"answer\n"); p.stdin.flush(); print(c.recv(100))
            p.stdin.close(); print(p.wait())
            """;
        await AssertPythonAsync("b'hello\\n'\nb'answer'\n0\n", Program);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_socket_file_is_its_owners_alone_and_replaces_a_dead_ones()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        using (var dead = new BclSocket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".kept"); // .NET removes the file that it bound
        }

        File.Move(path + ".kept", path);
        using ToolProcess tool = ToolProcess.Start("connect", "--listen", $"unix:{path}");
        await tool.WaitForErrorAsync("listening at");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using (var peer = new BclSocket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await peer.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        }

        Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        Assert.False(File.Exists(path));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_file_is_written_where_it_stood_and_whoever_comes_next_goes_on()
    {
        string file = Path.GetTempFileName();
        try
        {
            using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'from the peer\\n')");
            await ToolProcess.ShellAsync($"{{ echo before; \"$@\"; echo after; }} >{file} </dev/null", "connect", peer.Endpoint);
            Assert.Equal("before\nfrom the peer\nafter\n", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task The_first_signal_ends_our_half_and_writes_what_has_come()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello\\n'); print(rest(c)); c.sendall(b'bye\\n')");
        using ToolProcess tool = ToolProcess.Start("connect", peer.Endpoint);
        await tool.WaitForOutputAsync("hello");
        await tool.SignalAsync("INT");
        Assert.Equal(ExitCode.Interrupted, await tool.EndAsync());
        Assert.Equal(("hello\nbye", ""), (tool.Output, tool.Errors));
        Assert.Equal("b''", await peer.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_ends_it_though_nobody_reads_the_output()
    {
        const string Program = """
            import signal, socket, subprocess, sys, time
            s = socket.create_server(("127.0.0.1", 0))
            p = subprocess.Popen(
                ["env", "--default-signal=INT", "dotnet", sys.argv[1], "connect", f"127.0.0.1:{s.getsockname()[1]}"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            c, _ = s.accept()
            c.setblocking(False)
            still = 0
            while still < 20:
                try:
                    c.send(bytes(65536))
                    still = 0
                except BlockingIOError:
                    still += 1
                    time.sleep(0.02)
            began = time.monotonic()
            p.send_signal(signal.SIGINT)
            print(p.wait(20), time.monotonic() - began < 5)
            """;
        await AssertPythonAsync("130 True\n", Program);
    }

    [Fact(Timeout = 60_000)]
    public async Task At_a_terminal_text_is_shown_and_not_obeyed_and_lines_go_as_they_are_typed()
    {
        const string Program = """
            import os, pty, select, socket, sys, time
            s = socket.create_server(("127.0.0.1", 0))
            pid, tty = pty.fork()
            if pid == 0:
                os.execvp("dotnet", ["dotnet", sys.argv[1], "connect", f"127.0.0.1:{s.getsockname()[1]}"])
            c, _ = s.accept()
            seen = b""
            def until(text):
                global seen
                end = time.monotonic() + 20
                while text not in seen:
                    assert time.monotonic() < end, seen
                    if select.select([tty], [], [], 1)[0]: seen += os.read(tty, 4096)
            until(b"connected to tcp://127.0.0.1:")
            c.sendall(b"\x1b[2Jclear\xff \xc3"); until(b"clear"); c.sendall(b"\xa9\n")
            until(b"\\x1b[2Jclear\\xff \xc3\xa9\r\n")
            assert b"\x1b[2J" not in seen, seen
            os.write(tty, b"typed\n")
            assert c.recv(100) == b"typed\n"
            os.write(tty, b"\x04")
            assert c.recv(100) == b""
            c.sendall(b"bye\n"); c.close()
            until(b"6 bytes sent, ")
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            print("ok")
            """;
        await AssertPythonAsync("ok\n", Program);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_other_side_keeps_standard_output_for_data()
    {
        using ToolProcess server = ToolProcess.Start("connect", "--listen", "tcp://127.0.0.1:0");
        await server.WaitForErrorAsync("try: ./sockeye connect tcp://127.0.0.1:");
        string at = server.Errors.Split('\n').First(static line => line.StartsWith("listening at ", StringComparison.Ordinal))["listening at ".Length..];
        (int code, string output, string errors) = await ToolProcess.RunAsync("hello\n", "connect", at, "--wait", "300ms");
        Assert.Equal((ExitCode.Ok, "", ""), (code, output, errors));
        server.Input.Close();
        Assert.Equal((ExitCode.Ok, "hello"), (await server.EndAsync(), server.Output));
    }

    [Fact(Timeout = 60_000)]
    public async Task Options_that_contradict_each_other_are_bad_usage()
    {
        (int code, _, string errors) = await ToolProcess.RunAsync("", "connect", "tcp://127.0.0.1:1", "--bytes", "--lines");
        Assert.Equal((ExitCode.BadUsage, "sockeye connect: --bytes and --lines contradict each other"), (code, errors.Split('\n')[0]));
    }

    private static async Task AssertPythonAsync(string expected, string program)
    {
        using Process python = Programs.Start("python3", "python3", "-c", program, Path.Combine(AppContext.BaseDirectory, "Sockeye.Cli.dll"));
        try
        {
            Assert.Equal(expected, await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken));
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
