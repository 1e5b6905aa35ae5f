namespace Sockeye.Cli.Tests.Samples;

/// <summary>samples/probe.cs: what connect_ex gives, in words and as the exit code.</summary>
public sealed class ProbeTests
{
    [Fact(Timeout = 60_000)]
    public async Task It_is_0_where_somebody_listens()
    {
        using ServerProgram server = await ServerProgram.StartAsync("tcp-sink", Form.Sample, Family.Unix);
        (int code, string output, string errors) = await SampleProcess.RunAsync("", "probe", server.Endpoint);
        Assert.Equal((0, ""), (code, errors));
        Assert.Matches(@"^\S+ at [\d.]+ ms: connected \(after [\d.]+ ms\)\n0 connected$", output);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:1", 111, "111 ECONNREFUSED Connection refused")]
    [InlineData("tcp://[::1]:1", 111, "111 ECONNREFUSED Connection refused")]
    [InlineData("unix:/no/such/socket", 2, "2 ENOENT No such file or directory")]
    [InlineData("udp://127.0.0.1:1", 0, "0 connected")]
    public async Task It_is_the_errno_that_python_has(string endpoint, int errno, string line)
    {
        string python = await PythonProcess.RunAsync(
            "family, where = address(sys.argv[1]); print(socket.socket(family, socket.SOCK_DGRAM if 'udp' in sys.argv[1] else socket.SOCK_STREAM).connect_ex(where))", endpoint);
        Assert.Equal(errno.ToString(), python);

        (int code, string output, string errors) = await SampleProcess.RunAsync("", "probe", endpoint);
        Assert.Equal((errno, ""), (code, errors));
        Assert.EndsWith(line, output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_host_name_shows_the_lookup_and_each_attempt()
    {
        (int code, string output, string errors) = await SampleProcess.RunAsync("", "probe", "tcp://localhost:1");
        Assert.Equal((111, ""), (code, errors));
        string[] lines = output.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("lookup of ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("127.0.0.1:1 at ", StringComparison.Ordinal) && line.Contains("ECONNREFUSED", StringComparison.Ordinal));
        Assert.StartsWith("111 ECONNREFUSED", lines[^1], StringComparison.Ordinal);
    }

    // .invalid is nobody's (RFC 6761); without a name server the answer is "try again".
    [Fact(Timeout = 60_000)]
    public async Task A_name_that_is_not_found_is_said_so()
    {
        (int code, string output, string errors) = await SampleProcess.RunAsync("", "probe", "tcp://nobody.invalid:1");
        Assert.Equal((255, ""), (code, errors));
        Assert.Matches(@"^lookup of .*: EAI_\w+(\n.*)*\n1100[124] \w+ .+$", output);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_silent_host_has_its_time_limit()
    {
        // A listener whose queue is full answers no further SYN.
        using PythonProcess python = PythonProcess.Start("""
            s = listen()
            s.listen(0)
            full = []
            for _ in range(4):
                full.append(socket.socket()); full[-1].setblocking(False); full[-1].connect_ex(s.getsockname())
            print("full", flush=True)
            sys.stdin.read()
            """, "tcp://127.0.0.1:0");
        string endpoint = await python.ListeningAtAsync();
        await python.WaitForOutputAsync("full");
        (int code, string output, _) = await SampleProcess.RunAsync("", "probe", endpoint + "?timeout=200ms");
        Assert.Equal(110, code);
        Assert.EndsWith("110 ETIMEDOUT Connection timed out", output, StringComparison.Ordinal);
    }
}
