using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Sockeye.Cli.Serving;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Serving;

/// <summary>Programs served on streams: on each family, on a loop and on threads.</summary>
public sealed class StreamServiceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 6, 8, 0, 0, TimeSpan.Zero);

    public static TheoryData<Family, bool> Styles()
    {
        var styles = new TheoryData<Family, bool>();
        foreach (Family family in Enum.GetValues<Family>())
        {
            styles.Add(family, false);
            styles.Add(family, true);
        }

        return styles;
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task The_time_stands_before_what_python_sent(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new TimeProgram(new ServedProgramTests.StillTime(Now)), family, threads);
        string[] got = await PythonPeer.RunAsync(serve.Endpoint, ["send", "\0\xff\r\n"], ["receive", 31], ["send", "x"], ["shut"], ["rest"]);
        Assert.Equal(["[Fri Nov  6 10:00:00 2026] \0\xff\r\n", "[Fri Nov  6 10:00:00 2026] x"], got);
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task Python_is_greeted_by_name_until_exit(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads);
        string[] got = await PythonPeer.RunAsync(
            serve.Endpoint, ["receive", 8], ["send", "Michael"], ["receive", 15], ["send", "a\nb\r\nexit\nc\n"], ["rest"]);
        Assert.Equal(["Welcome!", "Hello, Michael!", "Hello, a!\nHello, b!\r\n"], got);
        JsonElement gone = await serve.Events.NextAsync("disconnected");
        Assert.Equal("asked to end", gone.GetProperty("reason").GetString());
        Assert.Equal((19, 44), (gone.GetProperty("bytesReceived").GetInt32(), gone.GetProperty("bytesSent").GetInt32()));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task What_comes_after_exit_does_not_reset_the_answers(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads, new ServeOptions { BufferBytes = 7 });
        for (int i = 0; i < 5; i++)
        {
            // The server ends it with most of this unread.
            string[] got = await PythonPeer.RunAsync(serve.Endpoint, ["send", "a\nexit\n" + new string('x', 100_000)], ["shut"], ["rest"]);
            Assert.Equal(["Welcome!Hello, a!\n"], got);
        }
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task Half_closing_gets_the_answer_and_then_the_end(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new ReplyProgram("I am OK, are u OK"), family, threads);
        Assert.Equal(["I am OK, are u OK\n"], await PythonPeer.RunAsync(serve.Endpoint, ["send", "are you?\n"], ["shut"], ["rest"]));
        Assert.Equal([""], await PythonPeer.RunAsync(serve.Endpoint, ["shut"], ["rest"])); // no bytes, no answer
        Assert.Equal("the peer ended it", (await serve.Events.NextAsync("disconnected", 2)).GetProperty("reason").GetString());
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task The_sink_reports_what_came_and_answers_nothing(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new SinkProgram(), family, threads);
        Assert.Equal([""], await PythonPeer.RunAsync(serve.Endpoint, ["send", "hello\n"], ["shut"], ["rest"]));
        Assert.Equal([""], await PythonPeer.RunAsync(serve.Endpoint, ["send", "\xff\x1b"], ["shut"], ["rest"]));
        JsonElement first = await serve.Events.NextAsync("received");
        Assert.Equal("hello\n", first.GetProperty("text").GetString());
        Assert.Matches(family switch { Family.IPv4 => @"^127\.0\.0\.1:\d+$", Family.IPv6 => @"^\[::1\]:\d+$", _ => "^unix#1$" }, first.GetProperty("peer").GetString());
        Assert.Equal([0xff, 0x1b], (await serve.Events.NextAsync("received", 2)).GetProperty("base64").GetBytesFromBase64());
        Assert.Empty(serve.Events.All("sent"));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task A_reset_in_mid_message_ends_that_connection_alone(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads);
        using TestClient other = await TestClient.ConnectAsync(serve.Endpoint);
        await other.ExpectAsync("Welcome!");
        for (int i = 1; i <= 10; i++)
        {
            TestClient client = await TestClient.ConnectAsync(serve.Endpoint);
            await serve.Events.NextAsync("sent", i + 1); // the welcome, which stays unread
            await client.SendAsync("half a mess");
            client.Reset();
            await serve.Events.NextAsync("disconnected", i);
        }

        await other.SendAsync("still here\n");
        await other.ExpectAsync("Hello, still here!\n");
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task Ten_megabytes_without_a_line_end_are_many_messages(Family family, bool threads)
    {
        const int Length = 10_000_000;
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads);
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint);
        byte[] line = new byte[Length];
        Array.Fill(line, (byte)'x');
        Task<byte[]> reading = client.ReadToEndAsync();
        await client.SendAsync(line);
        client.Socket.Shutdown(SocketShutdown.Send);
        string got = Encoding.ASCII.GetString(await reading);
        int greetings = got.Split("Hello, ").Length - 1;
        Assert.InRange(greetings, Length / ServeOptions.StreamBufferBytes, Length);
        Assert.Equal("Welcome!".Length + Length + (greetings * "Hello, !".Length), got.Length);
        Assert.Equal(Length, got.Count(static value => value == 'x'));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task Who_never_reads_holds_up_nobody_and_a_stop_ends_in_time(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads, new ServeOptions { Drain = TimeSpan.FromMilliseconds(300) });
        using TestClient deaf = await TestClient.ConnectAsync(serve.Endpoint);
        using var enough = new CancellationTokenSource();
        Task sending = SendWhileTakenAsync(deaf, enough.Token);
        using TestClient other = await TestClient.ConnectAsync(serve.Endpoint);
        await other.ExpectAsync("Welcome!");
        for (int i = 0; i < 100; i++)
        {
            await other.SendAsync($"{i}\n");
            await other.ExpectAsync($"Hello, {i}!\n");
        }

        // When it takes no more, it reads no more: its memory is one chunk and one answer.
        await sending.WaitAsync(TestClient.Patience);
        serve.Stop();
        Assert.True(await serve.Ended);
        JsonElement stopped = await serve.Events.NextAsync("stopped");
        Assert.Equal((1, 1), (stopped.GetProperty("drained").GetInt32(), stopped.GetProperty("aborted").GetInt32()));
        Assert.Empty(await other.ReadToEndAsync());
    }

    /// <summary>Sends until nothing is taken for a while.</summary>
    private static async Task SendWhileTakenAsync(TestClient client, CancellationToken stop)
    {
        byte[] lines = new byte[64 << 10];
        Array.Fill(lines, (byte)'\n');
        client.Socket.Blocking = false;
        for (int quiet = 0; quiet < 20 && !stop.IsCancellationRequested;)
        {
            try
            {
                client.Socket.Send(lines);
                quiet = 0;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                quiet++;
                await Task.Delay(20, stop);
            }
        }
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task A_stop_lets_an_answer_that_is_due_go_out(Family family, bool threads)
    {
        const int Lines = 60_000;
        SocketUri endpoint = TestServe.At(family).WithOption("send_buffer", "4096");
        await using TestServe serve = await TestServe.StartAsync(
            new GreetProgram(), endpoint, new ServeOptions { Threads = threads, BufferBytes = 1 << 20, Drain = TestClient.Patience });
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint, receiveBuffer: 4_096);
        await client.ExpectAsync("Welcome!");
        byte[] lines = new byte[Lines];
        Array.Fill(lines, (byte)'\n');
        Task sending = client.SendAsync(lines);
        await serve.Events.NextAsync("received");
        serve.Stop();
        await serve.Events.NextAsync("stopping");
        byte[] got = await client.ReadToEndAsync();
        await sending.ContinueWith(static _ => { }, TaskScheduler.Default); // what came after the stop may be refused
        Assert.True(await serve.Ended);
        int received = serve.Events.All("received").Sum(static one => one.GetProperty("bytes").GetInt32());
        Assert.Equal(received * "Hello, !\n".Length, got.Length);
        Assert.Equal(1, (await serve.Events.NextAsync("stopped")).GetProperty("drained").GetInt32());
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task A_stop_loses_no_answer_of_a_peer_that_goes_on_talking(Family family, bool threads)
    {
        const int Lines = 10_000;
        int expected = "Welcome!".Length + (Lines * "Hello, !\n".Length);
        SocketUri endpoint = TestServe.At(family).WithOption("send_buffer", "200000");
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), endpoint, new ServeOptions { Threads = threads });
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint, receiveBuffer: 4_096);
        byte[] lines = new byte[Lines];
        Array.Fill(lines, (byte)'\n');
        await client.SendAsync(lines);
        for (int count = 1; serve.Events.All("sent").Sum(static one => one.GetProperty("bytes").GetInt32()) < expected; count++)
        {
            await serve.Events.NextAsync("sent", count);
        }

        // All is sent, as far as the server can see, and most of it is still on its way.
        serve.Stop();
        await serve.Events.NextAsync("stopping");
        byte[] part = new byte[4_096];
        int got = 0;
        for (int count = 1; count > 0; got += count)
        {
            try
            {
                client.Socket.Send("\n"u8);
            }
            catch (SocketException)
            {
                // What it does not want to hear is its business; what it has answered is ours.
            }

            count = await client.Socket.ReceiveAsync(part, SocketFlags.None).WaitAsync(TestClient.Patience);
        }

        client.Dispose();
        Assert.True(await serve.Ended);
        Assert.Equal(serve.Events.All("sent").Sum(static one => one.GetProperty("bytes").GetInt32()), got);
        Assert.Equal(1, (await serve.Events.NextAsync("stopped")).GetProperty("drained").GetInt32());
    }

    [Theory(Timeout = 120_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_at_once_are_served(bool threads)
    {
        const int Clients = 1_000;
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), Family.IPv4, threads);
        var clients = new List<TestClient>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await TestClient.ConnectAsync(serve.Endpoint));
        }

        await Task.WhenAll(clients.Select(static async (client, i) =>
        {
            await client.ExpectAsync("Welcome!");
            await client.SendAsync($"number {i}\n");
            await client.ExpectAsync($"Hello, number {i}!\n");
        }));
        Assert.Equal(Clients, serve.Connections);
        await Task.WhenAll(clients.Select(static async client =>
        {
            await client.SendAsync("exit");
            Assert.Empty(await client.ReadToEndAsync());
            client.Dispose();
        }));
        await serve.Events.NextAsync("disconnected", Clients);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_more_than_the_most_is_closed_at_once_and_places_come_free(bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), Family.IPv4, threads, new ServeOptions { MaxConnections = 2 });
        using (TestClient first = await TestClient.ConnectAsync(serve.Endpoint))
        using (TestClient second = await TestClient.ConnectAsync(serve.Endpoint))
        {
            await first.ExpectAsync("Welcome!");
            await second.ExpectAsync("Welcome!");
            for (int i = 0; i < 20; i++)
            {
                using TestClient late = await TestClient.ConnectAsync(serve.Endpoint);
                Assert.Empty(await late.ReadToEndAsync());
            }
        }

        await serve.Events.NextAsync("disconnected", 2);
        Assert.InRange(serve.Events.All("refused").Length, 1, 5); // one at once, then one a second
        while (serve.Connections > 0)
        {
            await Task.Yield();
        }

        using TestClient third = await TestClient.ConnectAsync(serve.Endpoint);
        await third.ExpectAsync("Welcome!");
        serve.Stop();
        await serve.Ended;
        Assert.Equal(20, serve.Events.All("refused").Sum(static one => one.GetProperty("count").GetInt32()));
    }

    [Theory(Timeout = 60_000)]
    [MemberData(nameof(Styles))]
    public async Task A_silent_connection_is_closed_after_its_time(Family family, bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), family, threads, new ServeOptions { Idle = TimeSpan.FromMilliseconds(100) });
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint);
        Assert.Equal("Welcome!"u8.ToArray(), await client.ReadToEndAsync());
        Assert.Equal("idle for too long", (await serve.Events.NextAsync("disconnected")).GetProperty("reason").GetString());
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_in_order_over_a_connection_are_answered_and_may_be_cut(bool threads)
    {
        string path = Path.Combine(Path.GetTempPath(), $"sockeye-{Guid.NewGuid():N}.sock");
        await using TestServe serve = await TestServe.StartAsync(
            new GreetProgram(), SocketUri.Parse($"unix-seqpacket:{path}"), new ServeOptions { Threads = threads, BufferBytes = 4 });
        using var client = new BclSocket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(path));
        byte[] buffer = new byte[100];
        async Task<string> HearAsync() => Encoding.UTF8.GetString(buffer, 0, await client.ReceiveAsync(buffer, SocketFlags.None).WaitAsync(TestClient.Patience));
        Assert.Equal("Welcome!", await HearAsync());
        await client.SendAsync("Michael"u8.ToArray());
        Assert.Equal("Hello, Mich!", await HearAsync());
        Assert.Equal(3, (await serve.Events.NextAsync("received")).GetProperty("cut").GetInt32());
        await client.SendAsync("exit"u8.ToArray());
        Assert.Equal("", await HearAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_name_is_served_at_all_its_addresses()
    {
        await using TestServe serve = await TestServe.StartAsync(new SinkProgram(), SocketUri.Parse("tcp://localhost:0"));
        int expected = (await SocketUri.Parse("tcp://localhost:0").ResolveAsync()).Count;
        Assert.Equal(expected, serve.Bound.Count);
        foreach (SocketUri bound in serve.Bound)
        {
            using TestClient client = await TestClient.ConnectAsync(bound);
            Assert.NotEqual(0, ((IPEndPoint)bound.EndPoint!).Port);
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sink_whose_output_fails_ends(bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new SinkProgram(), TestServe.At(Family.IPv4), new ServeOptions { Threads = threads }, new FullOutput());
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint);
        await client.SendAsync("hello\n");
        Assert.False(await serve.Ended);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_output_that_fails_does_not_stop_what_answers(bool threads)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), TestServe.At(Family.IPv4), new ServeOptions { Threads = threads }, new FullOutput());
        using TestClient client = await TestClient.ConnectAsync(serve.Endpoint);
        await client.SendAsync("hello\n");
        await client.ExpectAsync("Welcome!Hello, hello!\n");
        serve.Stop();
        Assert.True(await serve.Ended);
    }

    private sealed class FullOutput : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("no space left");
    }
}
