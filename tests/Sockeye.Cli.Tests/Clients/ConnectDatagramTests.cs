using System.Diagnostics;
using System.Text.Json;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>sockeye connect in datagrams.</summary>
public sealed class ConnectDatagramTests
{
    private const string Echo = """
        s = at(type=socket.SOCK_DGRAM)
        got = []
        while not got or got[-1] != b"end":
            data, sender = s.recvfrom(100000)
            got.append(data)
            s.sendto(data, sender)
        print([x if len(x) < 100 else len(x) for x in got])
        """;

    public static TheoryData<string> Families => PythonPeer.Families;

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task A_line_is_a_datagram_and_an_answer_is_a_line(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, Echo);
        using var run = new ClientRun();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, "first\r\n\n\x1b[2J\nend"));
        Assert.Equal("[b'first', b'', b'\\x1b[2J', b'end']", await peer.EndAsync());
        Assert.Equal("first\n\n\x1b[2J\nend\n", run.Text);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1, 10); // since the last one
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task With_bytes_what_a_read_gave_is_a_datagram(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, Echo);
        using var run = new ClientRun();
        using var reader = new Reads(["a\nb\n", "end"]);
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, reader, bytes: true, wait: TimeSpan.FromMilliseconds(300)));
        Assert.Equal("[b'a\\nb\\n', b'end']", await peer.EndAsync());
        Assert.Equal("a\nb\nend", run.Text);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("IPv4", 65_507)]
    [InlineData("IPv6", 65_507)]
    public async Task A_line_too_long_is_reported_and_not_sent_in_part(string family, int longest)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, Echo);
        using var run = new ClientRun();
        string input = $"{new string('x', longest)}\n{new string('y', longest + 1)}\r\n{new string('z', 200_000)}\nend";
        Assert.Equal(ExitCode.Failed, await run.ConnectAsync(peer.Endpoint, input, wait: TimeSpan.FromMilliseconds(300)));
        Assert.Equal($"[{longest}, b'end']", await peer.EndAsync());
        Assert.Equal(
            [
                $"sockeye test: line 2 has {longest + 1} bytes, a datagram here at most {longest}; it was not sent",
                $"sockeye test: line 3 has 200000 bytes, a datagram here at most {longest}; it was not sent",
            ],
            run.Errors.Split('\n'));
        Assert.Equal($"{new string('x', longest)}\nend\n", run.Text);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("udp://127.0.0.1:{0}")]
    [InlineData("udp://[::1]:{0}")]
    public async Task Where_nothing_listens_is_reported(string endpoint)
    {
        endpoint = endpoint.Replace("{0}", $"{ConnectStreamTests.FreePort()}", StringComparison.Ordinal);
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Failed, await run.ConnectAsync(endpoint, "hello\n", wait: TimeSpan.FromSeconds(20)));
        Assert.Equal(
            $"sockeye test: {endpoint}: ECONNREFUSED: nothing listens there; is the server running? this machine's are listed by: ss -ltnup", run.Errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("udp://127.0.0.1:0")]
    [InlineData("udp://[::1]:0")]
    [InlineData("unix-dgram:@sockeye-datagram-test-{0}")]
    public async Task The_other_side_takes_the_first_sender_only(string endpoint)
    {
        endpoint = endpoint.Replace("{0}", $"{Guid.NewGuid()}", StringComparison.Ordinal);
        using var server = new ClientRun();
        Task<int> listening = server.ConnectAsync(endpoint, new MemoryStream("answer"u8.ToArray()), listens: true, wait: TimeSpan.FromSeconds(50));
        string at = await server.ErrorAsync("listening at ");
        using var first = new ClientRun();
        using var other = new ClientRun();
        Task<int> one = first.ConnectAsync(at, "one\ntwo\n");
        await first.OutputAsync(7);
        Assert.Equal(ExitCode.Ok, await other.ConnectAsync(at, "not me\n", wait: TimeSpan.FromMilliseconds(100)));
        Assert.Equal(ExitCode.Ok, await one);
        await server.Stop.CancelAsync();    // it would wait for more of the first, and a wait that is short is over before a slow machine has come so far
        Assert.Equal(ExitCode.Interrupted, await listening);
        Assert.Equal(("one\ntwo\n", "answer\n", ""), (server.Text, first.Text, other.Text));
    }

    // The first datagram is written while the others come; what the kernel had no room for is all that is missing.
    [Fact(Timeout = 60_000)]
    public async Task What_the_kernel_dropped_is_counted_and_reported()
    {
        int sent = 1;
        using var output = new GatedStream();
        using var server = new ClientRun(output: output);
        Task<int> listening = server.ConnectAsync("udp://127.0.0.1:0?receive_buffer=8192", new TestInput(0), listens: true);
        using Socket client = SocketUri.Parse(await server.ErrorAsync("listening at ")).Connect();
        client.Send("1"u8);
        await output.Reached.Task;
        for (; sent < 2_000; sent++)
        {
            client.Send(new byte[1_000]);
        }

        output.Open();
        for (; !output.ToArray().AsSpan().EndsWith("last\n"u8); sent++) // until the queue has room for it, and is read to its end
        {
            client.Send("last"u8);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await server.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await listening);
        int received = output.ToArray().Count(static value => value == '\n');
        Assert.Contains($"{sent - received} datagrams came faster than they were read, and the kernel dropped them", server.Errors, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_sender_without_a_name_cannot_be_answered_and_that_is_said()
    {
        using var server = new ClientRun();
        Task<int> listening = server.ConnectAsync(
            $"unix-dgram:@sockeye-{Guid.NewGuid()}", new MemoryStream("answer"u8.ToArray()), listens: true, wait: TimeSpan.FromMilliseconds(200));
        string at = await server.ErrorAsync("listening at ");
        using (Socket unnamed = SocketUri.Parse(at).Connect())
        {
            unnamed.Send("hello"u8);
        }

        Assert.Equal(ExitCode.Ok, await listening);
        Assert.Equal("hello\n", server.Text);
        Assert.Contains("the sender has no name", server.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task As_JSON_each_is_an_event()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", Echo);
        using var run = new ClientRun(json: true);
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, "\nend", wait: TimeSpan.FromMilliseconds(300)));
        JsonElement[] received =
        [
            .. run.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)
                .Where(static one => one.GetProperty("event").GetString() == "received"),
        ];
        Assert.Equal([(0, ""), (3, "end")], received.Select(static one => (one.GetProperty("bytes").GetInt32(), one.GetProperty("text").GetString()!)));
    }

    [Fact(Timeout = 60_000)]
    public async Task Shown_a_datagram_is_one_line_whatever_is_in_it()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", Echo);
        using var run = new ClientRun();
        await run.ConnectAsync(peer.Endpoint, new MemoryStream("a\rb\x1b\nend"u8.ToArray()), shown: true, wait: TimeSpan.FromMilliseconds(300));
        Assert.Equal("a\\rb\\x1b\nend\n", run.Text);
    }

    /// <summary>An input that gives these texts, one a read.</summary>
    private sealed class Reads(string[] texts) : MemoryStream
    {
        private int _next;

        public override int Read(Span<byte> buffer) => _next == texts.Length ? 0 : System.Text.Encoding.UTF8.GetBytes(texts[_next++], buffer);
    }
}
