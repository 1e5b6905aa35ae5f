using System.Text.Json;
using System.Text.RegularExpressions;
using Sockeye.Cli.Clients;

namespace Sockeye.Cli.Tests.Clients;

/// <summary>sockeye echo: the tutorial's client that logs what it receives, and sends it back until quit.</summary>
public sealed partial class EchoTests
{
    public static TheoryData<string> Families => PythonPeer.Families;

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task What_comes_is_logged_and_sent_back_until_quit(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, """
            c = accept()
            c.sendall(b"hello\nworld"); print(c.recv(100))
            c.sendall(b"\x1b[2J\xff\r\n"); print(c.recv(100))
            c.sendall(bytes(range(256))); print(c.recv(1000) == bytes(range(256)))
            c.sendall(b"\nlast\nquit\nnever"); print(rest(c))
            """);
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await EchoAsync(run, peer.Endpoint));
        Assert.Equal("b'hello\\nworld'\nb'\\x1b[2J\\xff\\r\\n'\nTrue\nb'\\nlast\\nquit\\n'", await peer.EndAsync());
        string[] lines = run.Text.Split('\n');
        Assert.All(lines[..^1], static line => Assert.Matches(Stamp(), line));
        string[] messages = [.. lines[..^1].Select(static line => Stamp().Replace(line, ""))];
        Assert.Equal(["hello", "world", "\\x1b[2J\\xff"], messages[..3]);
        Assert.Equal(["", "last", "quit"], messages[^3..]);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task A_datagram_server_knows_it_by_what_it_says_first(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, """
            s = at(type=socket.SOCK_DGRAM)
            said, client = s.recvfrom(100)
            for x in (b"one", b"", b"two\nlines"):
                s.sendto(x, client)
                print(s.recvfrom(100)[0])
            s.sendto(b"quit\n", client)
            print(s.recvfrom(100)[0])
            print(said)
            """);
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await EchoAsync(run, peer.Endpoint, "hello"));
        Assert.Equal("b'one'\nb''\nb'two\\nlines'\nb'quit\\n'\nb'hello'", await peer.EndAsync());
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task The_peers_end_ends_it_and_no_bytes_are_no_message(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, "c = accept(); print(c.recv(10)); c.close()");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.Ok, await EchoAsync(run, peer.Endpoint, "hi"));
        Assert.Equal(("b'hi'", ""), (await peer.EndAsync(), run.Text));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Families))]
    public async Task Whoever_says_quit_and_goes_is_no_failure(string family)
    {
        using PythonPeer peer = await PythonPeer.StartAsync(family, """
            s = at(type=socket.SOCK_DGRAM)
            said, client = s.recvfrom(100)
            s.sendto(b"quit", client)
            s.close()
            """);
        using var run = new ClientRun();
        Assert.Equal((ExitCode.Ok, ""), (await EchoAsync(run, peer.Endpoint, "hello"), run.Errors));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_reset_is_a_lost_connection()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'half'); c.recv(4); reset(c)");
        using var run = new ClientRun();
        Assert.Equal(ExitCode.ConnectionLost, await EchoAsync(run, peer.Endpoint));
        Assert.Equal($"sockeye test: {peer.Endpoint}: the peer reset the connection; 4 bytes had come, 4 bytes were sent", run.Errors);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_peer_that_never_reads_is_not_read_either()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", """
            c = accept()
            c.setblocking(False)
            sent, still = 0, 0
            while still < 20:
                try:
                    sent += c.send(bytes(65536))
                    still = 0
                except BlockingIOError:
                    still += 1
                    time.sleep(0.02)
            print(sent)
            """);
        using var run = new ClientRun();
        Task<int> echoing = EchoAsync(run, peer.Endpoint);
        Assert.InRange(long.Parse(await peer.EndAsync(), System.Globalization.CultureInfo.InvariantCulture), 1, 64_000_000); // it stops
        await run.Stop.CancelAsync();
        Assert.Contains(await echoing, new[] { ExitCode.Interrupted, ExitCode.ConnectionLost }); // the peer has ended meanwhile
    }

    [Fact(Timeout = 60_000)]
    public async Task A_signal_ends_it()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello'); rest(c); input()");
        using var run = new ClientRun();
        Task<int> echoing = EchoAsync(run, peer.Endpoint);
        await run.OutputAsync(5);
        await run.Stop.CancelAsync();
        Assert.Equal(ExitCode.Interrupted, await echoing);
    }

    [Fact(Timeout = 60_000)]
    public async Task As_JSON_it_writes_events()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello'); c.recv(100); c.sendall(b'quit')");
        using var run = new ClientRun(json: true);
        Assert.Equal(ExitCode.Ok, await EchoAsync(run, peer.Endpoint));
        JsonElement[] events = [.. run.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["connected", "received", "sent", "received", "sent", "ended"], events.Select(static one => one.GetProperty("event").GetString()));
        Assert.Equal("hello", events[1].GetProperty("text").GetString());
        Assert.True(events[1].GetProperty("thread").GetInt32() > 0);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_output_that_is_full_is_reported()
    {
        using PythonPeer peer = await PythonPeer.StartAsync("IPv4", "c = accept(); c.sendall(b'hello'); rest(c)");
        using FileStream full = new("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        using var run = new ClientRun(output: full);
        Assert.Equal(ExitCode.Failed, await EchoAsync(run, peer.Endpoint));
        Assert.StartsWith("sockeye test: cannot write to standard output: No space left on device", Assert.Single(run.Errors.Split('\n')));
    }

    private static Task<int> EchoAsync(ClientRun run, string endpoint, string? say = null) =>
        new EchoClient(SocketUri.Parse(endpoint), say, run.Report, TimeProvider.System).RunAsync(run.Stop.Token);

    [GeneratedRegex(@"^\d\d:\d\d:\d\d\.\d\d\d \[thread \d+\] ")]
    private static partial Regex Stamp();
}
