using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Sockeye.Cli.Clients;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>sockeye connect over streams: what goes in comes out, and every way in which a connection can end.</summary>
public sealed class ConnectStreamTests
{
    private static readonly byte[] _everyByte = [.. Enumerable.Range(0, 25_600).Select(static value => (byte)value)];

    public static TheoryData<string> Families => PythonPeer.Families;

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task Every_byte_goes_both_ways_as_it_is(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); c.sendall(rest(c)[::-1])");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, new MemoryStream(_everyByte)));
        Assert.Equal(_everyByte.Reverse(), run.Bytes);
        Assert.Equal("", run.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task Messages_in_order_go_both_ways()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("UNIX", "c = accept(type=socket.SOCK_SEQPACKET); c.send(rest(c)[::-1])");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, new MemoryStream(_everyByte)));
        Assert.Equal(_everyByte.Reverse(), run.Bytes);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("IPv4", 0)]
    [InlineData("IPv6", 10_000_000)]
    [InlineData("UNIX", 10_000_000)]
    public async Task No_bytes_and_one_long_line_arrive_whole(string family, int bytes)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); b = rest(c); c.sendall(b); print(len(b))");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, bytes == 0 ? Stream.Null : new TestInput(bytes)));
        Assert.Equal($"{bytes}", await peer.EndAsync());
        Assert.Equal(bytes, run.Bytes.Length);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task A_peer_that_ended_its_half_still_gets_what_is_at_hand(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(
            family, "c = accept(); c.sendall(b'bye'); c.shutdown(socket.SHUT_WR); print(len(rest(c)))");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, new TestInput(30_000_000)));
        Assert.Equal("30000000", await peer.EndAsync());
        Assert.Equal("bye", run.Text);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_peers_end_is_the_end_although_the_input_is_open(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); c.sendall(b'bye')");
        using var run = new ClientRun();
        using var input = new TestInput(0);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, input));
        Assert.Equal("bye", run.Text);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("IPv4")]
    [InlineData("IPv6")]
    public async Task A_reset_says_how_much_had_come(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); c.sendall(b'half'); input(); reset(c)");
        using var run = new ClientRun();
        using var input = new TestInput(0);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input);
        await run.OutputAsync(4);
        peer.GoOn();
        Assert.Equal(ExitCode.ConnectionLost, await ended);
        Assert.Equal($"sockeye test: {peer.Endpoint}: the peer reset the connection; 4 bytes had come, 0 bytes were sent", run.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reset_that_sending_hears_first_is_a_reset_all_the_same()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.recv(1); reset(c)");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.ConnectionLost, await run.ConnectAsync(peer.Endpoint, new TestInput(null)));
        Assert.Contains("the peer reset the connection; 0 bytes had come, ", Assert.Single(run.Errors.Split('\n')));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task A_peer_that_never_reads_stops_the_input_and_a_signal_still_ends_it(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); input()");
        using var run = new ClientRun();
        using var input = new TestInput(null);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input);
        Assert.InRange(await StillAsync(input), 1, 64_000_000); // the kernel's two buffers and ours
        long start = Stopwatch.GetTimestamp();
        await run.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await ended);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task A_signal_ends_our_half_and_writes_what_has_come(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); c.sendall(b'hello'); print(len(rest(c))); c.sendall(b'bye')");
        using var run = new ClientRun();
        using var input = new TestInput(0);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input);
        await run.OutputAsync(5);
        await run.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await ended);
        Assert.Equal("hellobye", run.Text);
        Assert.Equal("0", await peer.EndAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_killed_peer_ends_it()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello'); input()");
        using var run = new ClientRun();
        using var input = new TestInput(0);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input);
        await run.OutputAsync(5);
        using (Process python = Process.GetProcessById(peer.Id))
        {
            python.Kill(); // SIGKILL
        }

        Assert.Equal(ExitCode.Ok, await ended); // the kernel ends its connections as close(2) would
    }

    // As TIPC is. The peer answers, and then waits for an end that it cannot hear of.
    [Fact(Timeout = 60_000)]
    public async Task Where_the_inputs_end_cannot_be_signalled_a_second_of_silence_ends_both_ways()
    {
        (Socket ours, Socket peer) = Socket.CreatePair();
        using (ours)
        using (peer)
        using (var run = new ClientRun())
        {
            var copy = new WithoutHalfClose(ours, run.Report, new MemoryStream("asked"u8.ToArray()), new BytesReceiver(run.Output));
            Task<CopyEnd> copying = copy.RunAsync(wait: null, run.Stop.Token);
            byte[] buffer = new byte[100];
            Assert.Equal(5, await peer.ReceiveAsync(buffer));
            await Task.Delay(700, TestContext.Current.CancellationToken); // shorter than the silence
            await peer.SendAsync("answered"u8.ToArray());
            long answered = Stopwatch.GetTimestamp();
            Assert.Equal(0, await peer.ReceiveAsync(buffer)); // both ways are ended, before anybody disposes of the socket
            Assert.InRange(Stopwatch.GetElapsedTime(answered).TotalMilliseconds, 900, 20_000);
            Assert.Equal(CopyOutcome.WaitEnded, (await copying).Outcome);
            Assert.Equal("answered", run.Text);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task After_the_inputs_end_the_wait_can_be_bounded()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'some'); input()");
        using var run = new ClientRun();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, "", wait: TimeSpan.FromMilliseconds(300)));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 300, 5_000);
        Assert.Equal("some", run.Text);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_thousand_one_after_another()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", """
            s = at()
            for i in range(1000):
                c, _ = s.accept()
                c.sendall(rest(c))
                c.close()
            """);
        for (int i = 0; i < 1_000; i++)
        {
            using var run = new ClientRun();
            Assert.Equal(ExitCode.Ok, await run.ConnectAsync(peer.Endpoint, $"number {i}"));
            Assert.Equal($"number {i}", run.Text);
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task As_JSON_it_writes_events()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); rest(c); c.sendall(b'text'); input(); c.sendall(b'\\xff')");
        using var run = new ClientRun(json: true);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, "hello");
        while (!run.Text.Contains("text\":", StringComparison.Ordinal))
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        peer.GoOn();
        Assert.Equal(ExitCode.Ok, await ended);
        JsonElement[] events = [.. run.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];

        // The peer answers the end of the input, and may be heard before the thread that sent the end has told it.
        Assert.InRange(Array.FindIndex(events, static one => one.GetProperty("event").GetString() == "inputEnded"), 2, 4);
        events = [.. events.Where(static one => one.GetProperty("event").GetString() != "inputEnded")];
        Assert.Equal(["connected", "sent", "received", "received", "ended"], events.Select(static one => one.GetProperty("event").GetString()));
        Assert.Equal((peer.Endpoint, 1), (events[0].GetProperty("peer").GetString(), events[0].GetProperty("attempts").GetInt32()));
        Assert.Equal("text", events[2].GetProperty("text").GetString());
        Assert.Equal("/w==", events[3].GetProperty("base64").GetString());
        Assert.Equal((5, 5), (events[4].GetProperty("bytesSent").GetInt32(), events[4].GetProperty("bytesReceived").GetInt32()));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://[::1]:0")]
    [InlineData("unix:@sockeye-connect-test-{0}")]
    [InlineData("unix-seqpacket:@sockeye-connect-test-{0}")]
    public async Task The_other_side_takes_one_peer(string endpoint)
    {
        endpoint = endpoint.Replace("{0}", $"{Guid.NewGuid()}", StringComparison.Ordinal);
        using var server = new ClientRun();
        using var client = new ClientRun();
        using var late = new ClientRun();
        using var open = new TestInput(0);
        Task<int> listening = server.ConnectAsync(endpoint, new MemoryStream("from the server"u8.ToArray()), listens: true);
        string at = await server.ErrorAsync("listening at ");
        Task<int> connecting = client.ConnectAsync(at, open);
        await client.OutputAsync(15);

        // Nobody listens any more: the second is refused, and does not wait in a backlog for ever.
        Assert.Equal(ExitCode.Failed, await late.ConnectAsync(at, ""));
        Assert.Contains("ECONNREFUSED: nothing listens there", Assert.Single(late.Errors.Split('\n')));
        open.Dispose();
        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (await listening, await connecting));
        Assert.Equal(("", "from the server"), (server.Text, client.Text));
        Assert.Contains("try: ./sockeye connect ", server.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_socket_file_is_gone_when_the_other_side_has_its_peer()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid()}");
        using var server = new ClientRun();
        using var client = new ClientRun();
        Task<int> listening = server.ConnectAsync($"unix:{path}", Stream.Null, listens: true);
        string at = await server.ErrorAsync("listening at ");
        Assert.Equal(ExitCode.Ok, await client.ConnectAsync(at, "hello"));
        Assert.Equal(ExitCode.Ok, await listening);
        Assert.Equal("hello", server.Text);
        Assert.False(File.Exists(path));
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("udp://127.0.0.1:0")]
    public async Task The_other_side_waits_for_no_longer_than_the_timeout(string endpoint)
    {
        using var run = new ClientRun();
        endpoint += "?timeout=100ms";
        Assert.Equal(ExitCode.NoAnswer, await run.ConnectAsync(endpoint, Stream.Null, listens: true));
        Assert.EndsWith($"\nsockeye test: {endpoint}: nobody came within the time limit", run.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_timeout_limits_nothing_once_the_peer_is_there()
    {
        using var server = new ClientRun();
        using var client = new ClientRun();
        using var open = new TestInput(0);
        Task<int> listening = server.ConnectAsync("tcp://127.0.0.1:0?timeout=2s", open, listens: true);
        Task<int> connecting = client.ConnectAsync(
            await server.ErrorAsync("listening at "), "hello", wait: TimeSpan.FromSeconds(3)); // longer than the limit
        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (await connecting, await listening));
        Assert.Equal("hello", server.Text);
    }

    [Fact(Timeout = 60_000)]
    public async Task Two_cannot_listen_at_once()
    {
        using var first = new ClientRun();
        using var second = new ClientRun();
        Task<int> listening = first.ConnectAsync("tcp://127.0.0.1:0", Stream.Null, listens: true);
        string at = await first.ErrorAsync("listening at ");
        Assert.Equal(ExitCode.Failed, await second.ConnectAsync(at, Stream.Null, listens: true));
        Assert.Contains("EADDRINUSE: another socket is bound there", Assert.Single(second.Errors.Split('\n')));
        await first.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await listening);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_while_connecting_ends_it_and_so_does_the_timeout()
    {
        using var listener = new FullBacklog();
        using var run = new ClientRun();
        Task<int> connecting = run.ConnectAsync($"tcp://{listener.EndPoint}", "");
        await run.Stop.CancelAsync();
        Assert.Equal((ExitCode.Interrupted, ""), (await connecting, run.Errors));

        using var second = new ClientRun();
        Assert.Equal(ExitCode.NoAnswer, await second.ConnectAsync($"tcp://{listener.EndPoint}?timeout=200ms", ""));
        Assert.Equal(
            $"sockeye test: connect {listener.EndPoint}: ETIMEDOUT: no answer within the time limit; the host may be down or a firewall silent", second.Errors);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("tcp://127.0.0.1:{0}", "connect 127.0.0.1:{0}: ECONNREFUSED: nothing listens there; is the server running? this machine's are listed by: ss -ltnup")]
    [InlineData("tcp://[::1]:{0}", "connect [::1]:{0}: ECONNREFUSED: nothing listens there; is the server running? this machine's are listed by: ss -ltnup")]
    [InlineData("unix:/nowhere/{0}", "connect /nowhere/{0}: ENOENT: no such socket file; is the server running?")]
    [InlineData("unix:@sockeye-nobody", "connect @sockeye-nobody: ECONNREFUSED: nothing listens there; is the server running? this machine's are listed by: ss -xlp")]
    public async Task What_does_not_answer_is_one_line(string endpoint, string expected)
    {
        string port = $"{FreePort()}";
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Failed, await run.ConnectAsync(endpoint.Replace("{0}", port, StringComparison.Ordinal), ""));
        Assert.Equal("sockeye test: " + expected.Replace("{0}", port, StringComparison.Ordinal), run.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_end_point_that_closes_its_input_before_we_have_sent_is_no_failure()
    {
        // HTTP servers do so: they answer and close, whatever was still to come.
        using PythonPeer peer = await PythonPeer.StartAsync("UNIX", "c = accept(); c.shutdown(socket.SHUT_RD); input(); c.sendall(b'enough'); rest(c)");
        using var run = new ClientRun();
        using var input = new TestInput(null);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input);
        await StillAsync(input); // sending has failed: EPIPE
        Assert.False(ended.IsCompleted);
        peer.GoOn();
        Assert.Equal(ExitCode.Ok, await ended);
        Assert.Equal("enough", run.Text);
    }

    [Fact(Timeout = 60_000)]
    public async Task Text_is_shown_and_not_obeyed_where_that_is_wanted()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'a\\x1b[2Jb\\r\\n\\xc3'); input(); c.sendall(b'\\xa9\\xff\\xc3')");
        using var run = new ClientRun();
        using var input = new TestInput(0);
        Task<int> ended = run.ConnectAsync(peer.Endpoint, input, shown: true);
        await run.OutputAsync(10);
        peer.GoOn();
        Assert.Equal(ExitCode.Ok, await ended);
        Assert.Equal("a\\x1b[2Jb\r\né\\xff\\xc3", run.Text);
    }

    // Until the input is read no more.
    private static async Task<long> StillAsync(TestInput input)
    {
        long given;
        do
        {
            given = input.Given;
            await Task.Delay(300, TestContext.Current.CancellationToken);
        }
        while (given == 0 || given != input.Given);
        return given;
    }

    internal static int FreePort()
    {
        using var socket = new BclSocket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>A listener whose backlog is full: whoever connects now waits.</summary>
internal sealed class FullBacklog : IDisposable
{
    private readonly BclSocket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<BclSocket> _waiting = [];

    public FullBacklog()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        for (int i = 0; i < 4; i++)
        {
            var socket = new BclSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _waiting.Add(socket);
            try
            {
                socket.Connect(_listener.LocalEndPoint!);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // Under way, and so it stays for the later ones.
            }
        }
    }

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    public void Dispose()
    {
        _waiting.ForEach(static socket => socket.Dispose());
        _listener.Dispose();
    }
}

/// <summary>A copy over a socket whose halves cannot be ended apart.</summary>
internal sealed class WithoutHalfClose(Socket socket, Report report, Stream input, IReceiver receiver) : StreamCopy(socket, report, input, receiver)
{
    protected override bool TryEndSending() => false;
}
