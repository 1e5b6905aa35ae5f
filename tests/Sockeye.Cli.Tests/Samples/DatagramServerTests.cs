namespace Sockeye.Cli.Tests.Samples;

/// <summary>The datagram servers of samples/, each against python3's own socket module.</summary>
public sealed class DatagramServerTests
{
    public static TheoryData<Family> Families => [Family.IPv4, Family.IPv6, Family.Unix];

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_time_server_answers_each_datagram_to_its_sender(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("udp-time-server", Form.Sample, family);
        await PythonProcess.RunAsync("""
            a, b = datagrams(), datagrams()
            for data in b"hello", b"", bytes(range(256)), b"x" * 30000:
                first = int(time.time())
                a.send(data)
                b.send(b"b" + data)
                for s, expected in (a, data), (b, b"b" + data):
                    answer = s.recv(65536)
                    times = [b"[%s] " % time.ctime(second).encode() for second in range(first, int(time.time()) + 1)]
                    assert answer[:27] in times, (answer, times)
                    equal(expected, answer[27:])

            # Too long for an answer, and answers that nobody reads: neither is the end of the server.
            if a.family != socket.AF_UNIX:
                a.send(b"x" * 65507 if a.family == socket.AF_INET else b"x" * 65527)
            nameless = socket.socket(a.family, socket.SOCK_DGRAM)
            nameless.connect(address(sys.argv[1])[1])
            for _ in range(5000):
                nameless.send(b"x")
            deaf = datagrams()
            for _ in range(5000):
                deaf.send(b"x")
            deaf.close()            # on a Unix socket, what it did not read stood in the server's own send buffer
            a.settimeout(0.2)
            for tries in range(100):
                a.send(b"still here")           # may be lost in the crowd
                try:
                    answer = a.recv(65536)
                    while b"x" in answer: answer = a.recv(65536)
                    assert answer.endswith(b"] still here"), answer
                    break
                except TimeoutError:
                    assert tries < 99
            """, server.Endpoint);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_sink_prints_what_its_buffer_holds_and_how_much_was_cut(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("udp-sink", Form.Sample, family);
        string peer = await PythonProcess.RunAsync("""
            s = datagrams()
            name = s.getsockname()
            print(f"[{name[0]}]:{name[1]}" if s.family == socket.AF_INET6 else f"{name[0]}:{name[1]}" if s.family == socket.AF_INET else "@" + name[1:].decode())
            for data in b"hello world", b"four", b"fours", b"", b"\xff\n", "ö".encode() + b"\x1b[2J": s.send(data)
            socket.socket(s.family, socket.SOCK_DGRAM).sendto(b"end", address(sys.argv[1])[1])
            """, server.Endpoint);
        await server.Process.WaitForOutputAsync("end");
        Assert.Equal(
            [$"{peer} hell (7 more bytes were cut)", $"{peer} four", $"{peer} four (1 more byte was cut)", $"{peer} ", $@"{peer} \xff", $@"{peer} ö\x1b[ (2 more bytes were cut)"],
            server.Process.Output.Split('\n')[1..^1]);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_greeter_greets_each_datagram(Family family)
    {
        using ServerProgram server = await ServerProgram.StartAsync("udp-greet-server", Form.Sample, family);
        await PythonProcess.RunAsync("""
            a, b = datagrams(), datagrams()
            for s in b, a:
                for data, answer in ((b"Michael", b"Hello, Michael!"), (b"Michael\n", b"Hello, Michael!\n"), (b"Michael\r\n", b"Hello, Michael!\r\n"),
                                     (b"", b"Hello, !"), (b"exit", b"Hello, exit!"), (b"one\ntwo\n", b"Hello, one\ntwo!\n"), (b"\xff\0", b"Hello, \xff\0!")):
                    s.send(data)
                    equal(answer, s.recv(100))
            """, server.Endpoint);
    }
}
