using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>The template of datagram servers, in every place and family.</summary>
public sealed class DatagramServerTests : ServerTest
{
    public static TheoryData<string, AddressFamily> Places
    {
        get
        {
            var rows = new TheoryData<string, AddressFamily>();
            foreach (string place in Place.WithPipes.Select(static row => row.Data))
            {
                foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix })
                {
                    rows.Add(place, family);
                }
            }

            return rows;
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Places))]
    public async Task Each_datagram_gets_its_answer_in_every_place(string name, AddressFamily family)
    {
        const int Clients = 6;
        await using Place place = Place.Of(name);
        await using var server = new DatagramServer(
            Fresh(family), static datagram => datagram.Reply([.. "re: "u8, .. datagram.Data.Span]), new DatagramServerOptions { Dispatch = place.Dispatch, BatchSize = 4 });
        await server.StartAsync();
        string? path = (server.BoundEndpoints[0].EndPoint as UnixEndPoint)?.ToString();
        byte[] buffer = new byte[100];
        for (int i = 0; i < Clients; i++)
        {
            using Socket client = await ClientAsync(server);
            for (int n = 0; n < 10; n++)
            {
                await client.SendAsync(Encoding.ASCII.GetBytes($"{i} {n}").AsMemory());
            }

            await client.SendAsync(Array.Empty<byte>().AsMemory());
            for (int n = 0; n < 10; n++)
            {
                Assert.Equal($"re: {i} {n}", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon)));
            }

            Assert.Equal("re: ", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon)));
        }

        Assert.Equal(0, server.DroppedCount);
        await server.StopAsync().WaitAsync(Soon);
        Assert.False(path is not null && File.Exists(path));
    }

    [Theory(Timeout = Limit)]
    [InlineData("udp://0.0.0.0:0", "udp://127.0.0.7:{0}")]
    [InlineData("udp://*:0", "udp://127.0.0.7:{0}")]
    [InlineData("udp://*:0", "udp://[::1]:{0}")]
    [InlineData("udp://[::]:0?dual_stack=0", "udp://[::1]:{0}")]
    public async Task The_answer_comes_from_the_address_that_was_asked(string endpoint, string asked)
    {
        await using var server = new DatagramServer(endpoint, static datagram => datagram.Reply(datagram.Data.Span));
        await server.StartAsync();
        int port = ((IPEndPoint)server.BoundEndpoints[0].EndPoint!).Port;

        // A connected socket hears nothing from another address.
        using Socket client = await SocketUri.Parse(string.Format(asked, port)).ConnectAsync();
        await client.SendAsync("x"u8.ToArray().AsMemory());
        Assert.Equal(1, await client.ReceiveAsync(new byte[10].AsMemory()).AsTask().WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task What_came_while_it_was_busy_is_handled_in_one_batch()
    {
        await using var server = new Batches();
        await server.StartAsync();
        using Socket client = await ClientAsync(server);
        await client.SendAsync("first"u8.ToArray().AsMemory());
        await Eventually(() => server.Sizes.Count == 1);
        for (int i = 0; i < 20; i++)
        {
            await client.SendAsync(new byte[] { (byte)i }.AsMemory());
        }

        server.Go.SetResult();
        byte[] buffer = new byte[10];
        Assert.Equal(5, await client.ReceiveAsync(buffer.AsMemory()));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(1, await client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
            Assert.Equal(i, buffer[0]);
        }

        Assert.Equal([1, 8, 8, 4], server.Sizes);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task Each_sender_has_a_session_which_ends_when_it_is_idle(string name)
    {
        var time = new ManualTime();
        await using Place place = Place.Of(name);
        var ended = new ConcurrentQueue<string>();
        await using var server = new DatagramServer("udp://127.0.0.1:0", _ => new Counter(ended), new DatagramServerOptions
        {
            Dispatch = place.Dispatch,
            Time = time,
            SessionIdleTimeout = TimeSpan.FromSeconds(20),
        });
        await server.StartAsync();
        using Socket one = await ClientAsync(server);
        using Socket two = await ClientAsync(server);
        Assert.Equal("1", await AskAsync(one, "x"));
        Assert.Equal("2", await AskAsync(one, "x"));
        Assert.Equal("1", await AskAsync(two, "x"));
        Assert.Equal(2, server.SessionCount);
        Assert.Equal("bye 3", await AskAsync(one, "end"));
        await Eventually(() => server.SessionCount == 1);
        Assert.Equal("1", await AskAsync(one, "x"));
        for (int i = 0; i < 19; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("2", await AskAsync(one, "x"));
        await PassAsync(time, TimeSpan.FromSeconds(1), () => ended.Count == 2);
        Assert.Equal("3", await AskAsync(one, "x"));
        Assert.Equal("1", await AskAsync(two, "x"));
        await server.StopAsync().WaitAsync(Soon);
        Assert.Equal(["Finished 3", "IdleTimeout 1", "Stopping 1", "Stopping 3"], ended.Order(StringComparer.Ordinal));
        Assert.Equal(0, server.SessionCount);
    }

    [Fact(Timeout = Limit)]
    public async Task Sessions_are_bounded_in_all_and_for_each_address()
    {
        await using var server = new Drops(new DatagramServerOptions { MaxSessions = 3, MaxSessionsPerAddress = 2 });
        await server.StartAsync();
        SocketUri endpoint = server.BoundEndpoints[0];
        using Socket one = await endpoint.ConnectAsync();
        using Socket two = await endpoint.ConnectAsync();
        using Socket three = await endpoint.ConnectAsync();
        Assert.Equal("1", await AskAsync(one, "x"));
        Assert.Equal("1", await AskAsync(two, "x"));
        await three.SendAsync("x"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 1);
        using Socket other = await endpoint.WithOption("source", "127.0.0.2:0").ConnectAsync();
        Assert.Equal("1", await AskAsync(other, "x"));
        using Socket third = await endpoint.WithOption("source", "127.0.0.3:0").ConnectAsync();
        await third.SendAsync("x"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 2);
        Assert.Equal(["AddressFull 1", "SessionsFull 1"], server.Log);
        Assert.Equal("2", await AskAsync(two, "x"));
        Assert.Equal((3, 2), (server.SessionCount, server.DroppedCount));
    }

    [Fact(Timeout = Limit)]
    public async Task What_cannot_be_handled_or_answered_is_dropped_and_counted()
    {
        await using var server = new Drops(new DatagramServerOptions { MaxDatagramBytes = 100 }, "unix-dgram:" + FreshPath());
        await server.StartAsync();
        using Socket named = await server.BoundEndpoints[0].WithOption("autobind", "1").ConnectAsync();
        using Socket unnamed = await server.BoundEndpoints[0].ConnectAsync();
        await unnamed.SendAsync("x"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 1);
        await named.SendAsync(new byte[101].AsMemory());
        await Eventually(() => server.Log.Count == 2);
        await named.SendAsync("refused"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 3);
        await named.SendAsync("long"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 4);
        await named.SendAsync("throw"u8.ToArray().AsMemory());
        await Eventually(() => server.Log.Count == 5);
        Assert.Equal("1", await AskAsync(named, "x"));
        Assert.Equal(["NoSender 1", "TooLong 1", "Rejected 1", "NotSent 1", "error: a defect"], server.Log);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stop_handles_what_has_come_and_waits_for_what_is_being_handled()
    {
        var time = new ManualTime();
        var go = new TaskCompletionSource();
        await using var server = new DatagramServer("udp://127.0.0.1:0", async datagram =>
        {
            await go.Task;
            datagram.Reply(datagram.Data.Span);
        }, new DatagramServerOptions { Time = time, BatchSize = 1 });
        await server.StartAsync();
        using Socket client = await ClientAsync(server);
        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync(new byte[] { (byte)i }.AsMemory());
        }

        await Task.Delay(Moment);
        Task stop = server.StopAsync();
        await Task.Delay(Moment);
        Assert.False(stop.IsCompleted);
        go.SetResult();
        await stop.WaitAsync(Soon);
        byte[] buffer = new byte[10];
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(1, await client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
            Assert.Equal(i, buffer[0]);
        }

        // One that does not end is left behind when the time is over.
        var never = new TaskCompletionSource();
        await using var stuck = new DatagramServer("udp://127.0.0.1:0", _ => new ValueTask(never.Task), new DatagramServerOptions { Time = time });
        await stuck.StartAsync();
        using Socket other = await ClientAsync(stuck);
        await other.SendAsync("x"u8.ToArray().AsMemory());
        await Task.Delay(Moment);
        stop = stuck.StopAsync();
        await PassAsync(time, TimeSpan.FromSeconds(1), () => stop.IsCompleted);
        await stop;
        never.SetResult();
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_told_of_drops_and_errors_may_throw_and_the_service_goes_on()
    {
        await using var server = new Throws();
        await server.StartAsync();
        using Socket client = await ClientAsync(server);
        for (int i = 0; i < 3; i++)
        {
            await client.SendAsync("refused"u8.ToArray().AsMemory());
            await client.SendAsync(new byte[101].AsMemory());
        }

        Assert.Equal("x", await AskAsync(client, "x"));
        Assert.Equal((6, 6), (server.DroppedCount, server.Errors));
    }

    [Fact(Timeout = Limit)]
    public async Task A_session_that_ends_itself_between_datagrams_gets_no_more_of_them()
    {
        var time = new ManualTime();
        var sessions = new ConcurrentQueue<EndsLater>();
        await using var server = new DatagramServer("udp://127.0.0.1:0", _ => { var made = new EndsLater(); sessions.Enqueue(made); return made; }, new DatagramServerOptions { Time = time });
        await server.StartAsync();
        using Socket client = await ClientAsync(server);
        Assert.Equal("1", await AskAsync(client, "x"));
        Assert.Equal("2", await AskAsync(client, "x"));
        sessions.First().EndNow();
        Assert.Equal("1", await AskAsync(client, "x"));
        Assert.Equal((1, 2), (server.SessionCount, sessions.Count));

        // And where none comes, soon.
        sessions.Last().EndNow();
        await PassAsync(time, TimeSpan.FromSeconds(1), () => server.SessionCount == 0);
        Assert.All(sessions, static session => Assert.Equal(ConnectionEndReason.Finished, session.HasEnded));
    }

    [Fact(Timeout = Limit)]
    public async Task A_later_stop_may_cut_an_earlier_one_short_and_nothing_starts_after_it()
    {
        var never = new TaskCompletionSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new DatagramServer(
            "udp://127.0.0.1:0",
            async _ => { begun.SetResult(); await never.Task; },
            new DatagramServerOptions { StopTimeout = TimeSpan.FromHours(1) });
        await server.StartAsync();
        using Socket client = await ClientAsync(server);
        await client.SendAsync("x"u8.ToArray().AsMemory());
        await begun.Task.WaitAsync(Soon);
        Task stop = server.StopAsync();
        await server.DisposeAsync().AsTask().WaitAsync(Soon);
        await stop.WaitAsync(Soon);
        never.SetResult();

        await using var unstarted = new DatagramServer("udp://127.0.0.1:0", static (Datagram _) => { });
        await unstarted.StopAsync().WaitAsync(Soon);
        await Assert.ThrowsAsync<InvalidOperationException>(() => unstarted.StartAsync());
        Assert.Empty(unstarted.BoundEndpoints);
    }

    [Fact(Timeout = Limit)]
    public async Task Misuse_is_said()
    {
        Assert.Throws<ArgumentException>(() => new DatagramServerOptions { Dispatch = ConnectionDispatch.ThreadPerConnection });
        Assert.Throws<ArgumentOutOfRangeException>(() => new DatagramServerOptions { BatchSize = 0 });
        await using var server = new DatagramServer("tcp://127.0.0.1:0", static (Datagram _) => { });
        await Assert.ThrowsAnyAsync<Exception>(() => server.StartAsync());
    }

    private static string Fresh(AddressFamily family) => family switch
    {
        AddressFamily.Unix => "unix-dgram:" + FreshPath(),
        AddressFamily.InterNetwork => "udp://127.0.0.1:0",
        _ => "udp://[::1]:0",
    };

    private static async Task<Socket> ClientAsync(DatagramServer server)
    {
        SocketUri endpoint = server.BoundEndpoints[0];
        return await (endpoint.EndPoint is UnixEndPoint ? endpoint.WithOption("autobind", "1") : endpoint).ConnectAsync().WaitAsync(Soon);
    }

    private static async Task<string> AskAsync(Socket client, string question)
    {
        await client.SendAsync(Encoding.ASCII.GetBytes(question).AsMemory());
        byte[] buffer = new byte[100];
        return Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
    }

    private sealed class Counter(ConcurrentQueue<string>? ended = null) : DatagramSession
    {
        private int _count;

        protected internal override ValueTask ReceivedAsync(Datagram datagram)
        {
            Assert.Equal(Peer, datagram.Peer);
            _count++;
            switch (Encoding.ASCII.GetString(datagram.Data.Span))
            {
                case "end":
                    Assert.True(TrySend(Encoding.ASCII.GetBytes($"bye {_count}")));
                    End();
                    break;
                case "long":
                    Assert.False(datagram.Reply(new byte[101]));
                    break;
                case "throw":
                    throw new FormatException("a defect");
                default:
                    datagram.Reply(Encoding.ASCII.GetBytes($"{_count}"));
                    break;
            }

            return default;
        }

        protected internal override ValueTask EndedAsync()
        {
            ended?.Enqueue($"{EndReason} {_count}");
            return default;
        }
    }

    private sealed class EndsLater : DatagramSession
    {
        private int _count;

        public ConnectionEndReason HasEnded { get; private set; }

        public void EndNow() => End();

        protected internal override ValueTask ReceivedAsync(Datagram datagram)
        {
            datagram.Reply(Encoding.ASCII.GetBytes($"{++_count}"));
            return default;
        }

        protected internal override ValueTask EndedAsync()
        {
            HasEnded = EndReason;
            return default;
        }
    }

    private sealed class Throws() : DatagramServer("udp://127.0.0.1:0", static datagram => datagram.Reply(datagram.Data.Span), new DatagramServerOptions { MaxDatagramBytes = 100 })
    {
        private int _errors;

        public int Errors => Volatile.Read(ref _errors);

        protected override bool Verify(Datagram datagram) => !datagram.Data.Span.SequenceEqual("refused"u8);

        protected override void OnError(Exception error)
        {
            Interlocked.Increment(ref _errors);
            throw error;
        }

        protected override void OnDropped(Socket socket, int count, DatagramDropReason reason) => throw new FormatException("a defect");
    }

    private sealed class Drops(DatagramServerOptions options, string endpoint = "udp://127.0.0.1:0") : DatagramServer(endpoint, _ => new Counter(), options)
    {
        public ConcurrentQueue<string> Log { get; } = new();

        protected override bool Verify(Datagram datagram) => !datagram.Data.Span.SequenceEqual("refused"u8);

        protected override void OnError(Exception error) => Log.Enqueue($"error: {error.Message}");

        protected override void OnDropped(Socket socket, int count, DatagramDropReason reason) => Log.Enqueue($"{reason} {count}");
    }

    private sealed class Batches() : DatagramServer("udp://127.0.0.1:0", new DatagramServerOptions { BatchSize = 8 })
    {
        public TaskCompletionSource Go { get; } = new();

        public ConcurrentQueue<int> Sizes { get; } = new();

        protected override async ValueTask HandleBatchAsync(IReadOnlyList<Datagram> datagrams)
        {
            Sizes.Enqueue(datagrams.Count);
            await Go.Task;
            await base.HandleBatchAsync(datagrams);
        }

        protected override ValueTask HandleAsync(Datagram datagram)
        {
            datagram.Reply(datagram.Data.Span);
            return default;
        }
    }
}
