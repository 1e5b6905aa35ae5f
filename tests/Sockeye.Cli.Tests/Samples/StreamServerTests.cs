namespace Sockeye.Cli.Tests.Samples;

/// <summary>The stream servers of samples/, each against python3's own socket module.</summary>
public sealed class StreamServerTests
{
    public static TheoryData<Family> Families => [Family.IPv4, Family.IPv6, Family.Unix];

    public static MatrixTheoryData<string, Family> Greeters => new(["greet-threads", "greet-loop"], [Family.IPv4, Family.IPv6, Family.Unix]);

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_time_server_answers_every_chunk_with_the_time(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("tcp-time-server", Form.Sample, family);
        await PythonProcess.RunAsync("""
            # Any second from before the message to after its answer.
            def ask(s, data):
                first = int(time.time())
                s.sendall(data)
                answer = read(s, 27 + len(data))
                times = [b"[%s] " % time.ctime(second).encode() for second in range(first, int(time.time()) + 1)]
                assert answer[:27] in times, (answer, times)
                equal(data, answer[27:])

            a, b = connect(), connect()
            ask(b, b"hello")                            # the later client need not wait for the earlier one
            ask(a, b"hello\r\n")
            ask(a, bytes(range(256)))
            ask(b, "ü 🐟\n".encode())
            a.shutdown(socket.SHUT_WR)                  # the end of the client's stream ends the server's
            equal(b"", rest(a))
            reset(b)
            c = connect()
            ask(c, b"still here")
            c.sendall(b"and the end")
            c.shutdown(socket.SHUT_WR)                  # what came is answered first
            answer = rest(c)
            assert answer.startswith(b"[") and answer.endswith(b"] and the end"), answer
            """, server.Endpoint);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_sink_prints_what_comes_and_from_whom(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("tcp-sink", Form.Sample, family);
        string peer = await PythonProcess.RunAsync("""
            s = connect()
            name = s.getsockname()
            print("unix" if not name else f"[{name[0]}]:{name[1]}" if s.family == socket.AF_INET6 else f"{name[0]}:{name[1]}")
            s.sendall("hällo\tworld\none\\two\r\n".encode())
            s.shutdown(socket.SHUT_WR)
            equal(b"", rest(s))
            s = connect()
            s.sendall(b"\xff\x1b[2J\xe2\x82\x00end\n")
            equal(0, s.shutdown(socket.SHUT_WR) or len(rest(s)))
            """, server.Endpoint);
        Assert.Equal($@"{peer} hällo\tworld\none\\two", await server.Process.WaitForOutputAsync("hällo"));
        Assert.EndsWith(@" \xff\x1b[2J\xe2\x82\x00end", await server.Process.WaitForOutputAsync("2J"));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_reply_server_answers_with_its_words_and_the_line_end_of_the_message(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("reply-server", Form.Sample, family, "wie geht's?");
        await PythonProcess.RunAsync("""
            a, b = connect(), connect()
            for s in b, a:
                for data, end in (b"x", b""), (b"x\n", b"\n"), (b"x\r\n", b"\r\n"), (b"\n", b"\n"), (b"x\r", b""):
                    s.sendall(data)
                    equal(b"wie geht's?" + end, read(s, 11 + len(end)))
            reset(a)
            b.sendall(b"one\ntwo")
            b.shutdown(socket.SHUT_WR)
            equal(b"wie geht's?", rest(b))
            """, server.Endpoint);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Greeters))]
    public async Task The_greeters_greet_every_line_until_exit(string sample, Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync(sample, Form.Sample, family);
        await PythonProcess.RunAsync("""
            def ask(s, data, answer):
                s.sendall(data)
                equal(answer, read(s, len(answer)))

            a, b = connect(), connect()
            equal(b"Welcome!", read(b, 8))
            equal(b"Welcome!", read(a, 8))
            ask(b, b"Michael", b"Hello, Michael!")
            ask(a, b"Michael\n", b"Hello, Michael!\n")
            ask(a, b"Michael\r\n", b"Hello, Michael!\r\n")
            ask(a, b"Ann\nBob\r\nCleo", b"Hello, Ann!\nHello, Bob!\r\nHello, Cleo!")
            ask(a, b"\n", b"Hello, !\n")
            ask(a, b"\r", b"Hello, \r!")
            ask(a, b"\x00\xff", b"Hello, \x00\xff!")
            ask(b, b"exit now", b"Hello, exit now!")
            reset(b)
            a.sendall(b"Dora\nexit\r\nEve\n")            # what came before is answered, what came behind is not
            equal(b"Hello, Dora!\n", rest(a))
            c = connect()
            c.sendall(b"Fred")
            c.shutdown(socket.SHUT_WR)
            equal(b"Welcome!Hello, Fred!", rest(c))
            d = connect()
            equal(b"Welcome!", read(d, 8))
            d.sendall(b"exit")
            equal(b"", rest(d))
            """, server.Endpoint);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_chat_tells_everyone_what_everyone_says(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("chat-server", Form.Sample, family);
        await PythonProcess.RunAsync("""
            def say(s, text):
                s.sendall(text.encode())

            def hear(*lines):
                for file in files:
                    for line in lines:
                        equal(line, file.readline())

            a = connect()
            files = [a.makefile(encoding="utf-8", newline="\n")]
            say(a, "ann\n")
            hear("* ann is here\n")
            b = connect()
            files.append(b.makefile(encoding="utf-8", newline="\n"))
            say(b, "bob\r\n")
            hear("* bob is here\n")
            say(a, "hello\ngrüß dich\n")
            hear("ann: hello\n", "ann: grüß dich\n")
            say(b, "in two ")
            say(b, "parts\r\n")
            hear("bob: in two parts\n")
            say(b, "no \x1b[2J steering\n")
            hear("bob: no [2J steering\n")

            connect().close()                           # nobody without a name is heard of
            long = connect()
            say(long, "x" * 5000)
            try:
                equal(b"", long.recv(1))
            except ConnectionResetError:
                pass
            c = connect()
            say(c, "cleo\n")
            hear("* cleo is here\n")
            reset(c)
            if a.family == socket.AF_UNIX: c.close()
            hear("* cleo has left\n")
            b.shutdown(socket.SHUT_WR)                  # who has said all still hears what is left to be told
            files.pop()
            hear("* bob has left\n")
            equal(b"", rest(b))
            """, server.Endpoint);
    }

    // A burst that is longer than the queues, from one who does not read. The kernel's buffers hold it; of a Unix socket
    // they hold a few hundred lines, and who then reads late has not kept up.
    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    public async Task Who_keeps_up_hears_every_line_of_a_burst(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("chat-server", Form.Sample, family);
        await PythonProcess.RunAsync("""
            a, b = connect(), connect()
            b.sendall(b"bob\n")
            file = b.makefile(encoding="utf-8", newline="\n")
            equal("* bob is here\n", file.readline())
            a.sendall(b"ann\n" + b"".join(b"%d\n" % n for n in range(1000)))
            equal("* ann is here\n", file.readline())
            for n in range(1000):
                equal(f"ann: {n}\n", file.readline())
            """, server.Endpoint);
    }

    // A member that never reads: the others talk on, and far more is said than a socket's buffers hold.
    [Fact(Timeout = 60_000)]
    public async Task A_slow_reader_does_not_stop_the_chat()
    {
        using ServerProgram server = await ServerProgram.StartAsync("chat-server", Form.Sample, Family.IPv4);
        await PythonProcess.RunAsync("""
            family, where = address(sys.argv[1])
            slow = socket.socket(family, socket.SOCK_STREAM)
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(where)
            slow.sendall(b"slow\n")
            a = connect()
            file = a.makefile(encoding="utf-8", newline="\n")
            a.sendall(b"ann\n")
            while "ann is here" not in file.readline(): pass
            text = "x" * 900
            for n in range(10000):
                a.sendall(f"{n} {text}\n".encode())
                equal(f"ann: {n} {text}\n", file.readline())
            """, server.Endpoint);
    }
}
