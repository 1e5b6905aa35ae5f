namespace Sockeye.Cli.Tests.Samples;

/// <summary>The stream servers of samples/, beyond what the matrix of programs and peers asks of each.</summary>
public sealed class StreamServerTests
{
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
