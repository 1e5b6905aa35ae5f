using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Sockeye.Cli.Serving;
using BclSocket = System.Net.Sockets.Socket;

namespace Sockeye.Cli.Tests.Serving;

/// <summary>Programs served to datagrams, on each family.</summary>
public sealed class DatagramServiceTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 6, 8, 0, 0, TimeSpan.Zero);

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    [InlineData(Family.Unix)]
    public async Task Python_gets_the_time_and_the_empty_datagram_is_one(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new TimeProgram(new ServedProgramTests.StillTime(Now)), TestServe.At(family, datagrams: true));
        string[] got = await PythonPeer.RunAsync(serve.Endpoint, ["send", "\0\xff\n"], ["receive", 0], ["send", ""], ["receive", 0]);
        Assert.Equal(["[Fri Nov  6 10:00:00 2026] \0\xff\n", "[Fri Nov  6 10:00:00 2026] "], got);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    [InlineData(Family.Unix)]
    public async Task Python_is_greeted_and_exit_is_a_name(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), TestServe.At(family, datagrams: true));
        string[] got = await PythonPeer.RunAsync(serve.Endpoint, ["send", "Michael"], ["receive", 0], ["send", "exit\n"], ["receive", 0], ["send", ""], ["receive", 0]);
        Assert.Equal(["Hello, Michael!", "Hello, exit!\n", "Hello, !"], got);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    [InlineData(Family.Unix)]
    public async Task Python_is_replied_to_with_the_same_text(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new ReplyProgram("I am OK"), TestServe.At(family, datagrams: true));
        string[] got = await PythonPeer.RunAsync(serve.Endpoint, ["send", "how are you"], ["receive", 0], ["send", "\xff\n"], ["receive", 0], ["send", ""], ["receive", 0]);
        Assert.Equal(["I am OK", "I am OK\n", "I am OK"], got);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    [InlineData(Family.Unix)]
    public async Task The_sink_says_how_much_was_cut(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new SinkProgram(), TestServe.At(family, datagrams: true), new ServeOptions { BufferBytes = 4 });
        await PythonPeer.RunAsync(serve.Endpoint, ["send", "123456789"], ["send", ""], ["send", "1234"]);
        JsonElement[] told = [await serve.Events.NextAsync("received"), await serve.Events.NextAsync("received", 2), await serve.Events.NextAsync("received", 3)];
        Assert.Equal(
            [("1234", 4, 5), ("", 0, 0), ("1234", 4, 0)],
            told.Select(static told => (told.GetProperty("text").GetString()!, told.GetProperty("bytes").GetInt32(), told.GetProperty("cut").GetInt32())));
        Assert.Empty(serve.Events.All("sent"));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    public async Task An_answer_that_is_too_long_is_dropped_and_the_next_is_sent(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new TimeProgram(TimeProvider.System), TestServe.At(family, datagrams: true));
        using BclSocket client = Connect(serve.Endpoint);
        Assert.Equal(65_507, client.Send(new byte[65_507]));
        JsonElement dropped = await serve.Events.NextAsync("dropped");
        Assert.Equal((65_507 + 27, "it is longer than a datagram may be"), (dropped.GetProperty("bytes").GetInt32(), dropped.GetProperty("reason").GetString()));
        Assert.Equal(65_507, serve.Events.All("received")[0].GetProperty("bytes").GetInt32());
        client.Send("x"u8);
        byte[] answer = new byte[100];
        Assert.Equal(28, await client.ReceiveAsync(answer, SocketFlags.None).WaitAsync(TestClient.Patience));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(Family.IPv4)]
    [InlineData(Family.IPv6)]
    public async Task Senders_whose_port_is_closed_again_harm_nobody(Family family)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), TestServe.At(family, datagrams: true));
        using BclSocket other = Connect(serve.Endpoint);
        byte[] answer = new byte[100];
        for (int i = 0; i < 50; i++)
        {
            using (BclSocket gone = Connect(serve.Endpoint))
            {
                gone.Send("gone"u8); // its port is closed before the answer, or after
            }

            other.Send("here"u8);
            int length = await other.ReceiveAsync(answer, SocketFlags.None).WaitAsync(TestClient.Patience);
            Assert.Equal("Hello, here!", Encoding.UTF8.GetString(answer, 0, length));
        }

        await serve.Events.NextAsync("received", 100);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("udp://0.0.0.0:0", "127.0.0.5")]
    [InlineData("udp://[::]:0", "::1")]
    [InlineData("udp://[::]:0?dual_stack=1", "127.0.0.5")]
    [InlineData("udp://[::]:0?dual_stack=1", "::1")]
    public async Task The_answer_comes_from_the_address_that_was_asked(string endpoint, string asked)
    {
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), SocketUri.Parse(endpoint));
        var to = new IPEndPoint(IPAddress.Parse(asked), ((IPEndPoint)serve.Endpoint.EndPoint!).Port);
        using BclSocket client = Connect(SocketUri.FromEndPoint(to, SocketType.Dgram)); // a connected socket hears no stranger
        client.Send("Michael"u8);
        byte[] answer = new byte[100];
        Assert.Equal("Hello, Michael!".Length, await client.ReceiveAsync(answer, SocketFlags.None).WaitAsync(TestClient.Patience));
        Assert.StartsWith(asked == "::1" ? "[::1]:" : "127.0.0.", (await serve.Events.NextAsync("received")).GetProperty("peer").GetString());
    }

    // The kernel notes the address asked as the datagram comes, and only for a socket that wants to know.
    [Fact(Timeout = 60_000)]
    public async Task What_came_before_the_server_was_ready_is_answered_from_there_too()
    {
        using var stop = new CancellationTokenSource();
        using var report = new Report(
            "sockeye serve test", new ReportOptions(Json: true, LogLevel.None, new Style(false), new Style(false)), Stream.Null, TextWriter.Null, TimeProvider.System);
        using var server = new ProgramServer(new GreetProgram(), new ServeOptions(), report, TimeProvider.System);
        await server.OpenAsync(SocketUri.Parse("udp://0.0.0.0:0"));
        var to = new IPEndPoint(IPAddress.Parse("127.0.0.5"), ((IPEndPoint)server.Bound[0].EndPoint!).Port);
        using BclSocket client = Connect(SocketUri.FromEndPoint(to, SocketType.Dgram));
        client.Send("early"u8);
        Task<bool> serving = server.RunAsync(stop.Token);
        byte[] answer = new byte[100];
        Assert.Equal("Hello, early!".Length, await client.ReceiveAsync(answer, SocketFlags.None).WaitAsync(TestClient.Patience));
        await stop.CancelAsync();
        Assert.True(await serving);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("udp://127.0.0.1:0?receive_buffer=8192")]
    [InlineData("udp://[::1]:0?receive_buffer=8192")]
    public async Task What_the_kernel_dropped_is_counted_and_reported(string endpoint)
    {
        int sent = 0;
        var told = new EventLog();
        using var stop = new CancellationTokenSource();
        using var report = new Report(
            "sockeye serve test", new ReportOptions(Json: true, LogLevel.None, new Style(false), new Style(false)), told, TextWriter.Null, TimeProvider.System);
        using var server = new ProgramServer(new SinkProgram(), new ServeOptions(), report, TimeProvider.System);
        await server.OpenAsync(SocketUri.Parse(endpoint));
        using BclSocket client = Connect(server.Bound[0]);
        for (; sent < 1_000; sent++)
        {
            client.Send(new byte[1_000]);
        }

        Task<bool> serving = server.RunAsync(stop.Token);
        for (; told.All("received").LastOrDefault() is not { ValueKind: JsonValueKind.Object } last || last.GetProperty("bytes").GetInt32() != 4; sent++)
        {
            client.Send("last"u8); // until the queue has room for it, and is read to its end
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        Assert.True(await serving);
        Assert.Equal(sent - told.All("received").Length, told.All("overflow").Sum(static one => one.GetProperty("count").GetInt64()));
    }

    [Theory(Timeout = 60_000)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_never_reads_or_has_no_name_does_not_stop_it(bool isConnected)
    {
        SocketUri endpoint = TestServe.At(Family.Unix, datagrams: true);
        await using TestServe serve = await TestServe.StartAsync(new GreetProgram(), endpoint);
        string path = $"{endpoint.EndPoint}";
        using (BclSocket deaf = Unix(path + ".deaf"))
        using (BclSocket nameless = Unix(null))
        {
            for (int i = 0; i < 600; i++)
            {
                var server = new UnixDomainSocketEndPoint(path);
                if (isConnected && i == 0)
                {
                    deaf.Connect(server); // then net.unix.max_dgram_qlen is no limit of what waits for it; the server's SO_SNDBUF is
                }

                await (isConnected ? deaf.SendAsync("deaf"u8.ToArray()) : deaf.SendToAsync("deaf"u8.ToArray(), server)).WaitAsync(TestClient.Patience);
                await nameless.SendToAsync("nobody"u8.ToArray(), server).WaitAsync(TestClient.Patience);
            }

            await serve.Events.NextAsync("received", 1_200);
        }

        Assert.Contains(serve.Events.All("dropped"), static one => one.GetProperty("reason").GetString() == "its sender has no name, and so cannot be answered");
        using BclSocket other = Unix(path + ".other");
        other.Connect(new UnixDomainSocketEndPoint(path));
        other.Send("here"u8);
        byte[] answer = new byte[100];
        int length = await other.ReceiveAsync(answer, SocketFlags.None).WaitAsync(TestClient.Patience);
        Assert.Equal("Hello, here!", Encoding.UTF8.GetString(answer, 0, length));
        File.Delete(path + ".deaf");
        File.Delete(path + ".other");
    }

    private static BclSocket Connect(SocketUri endpoint)
    {
        var socket = new BclSocket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(endpoint.EndPoint!);
        return socket;
    }

    private static BclSocket Unix(string? name)
    {
        var socket = new BclSocket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        if (name is not null)
        {
            socket.Bind(new UnixDomainSocketEndPoint(name));
        }

        return socket;
    }
}
