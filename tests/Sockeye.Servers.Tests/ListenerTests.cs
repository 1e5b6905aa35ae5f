using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Servers.Tests;

/// <summary>Accepting, its bounds, and how it ends, in every place and family.</summary>
public sealed class ListenerTests : ServerTest
{
    private static readonly CancellationToken Now = new(canceled: true);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.AllAndFamilies), MemberType = typeof(Place))]
    public async Task Connections_are_served_where_the_option_says_and_end_with_their_handlers(string name, AddressFamily family)
    {
        const int Clients = 12;
        await using Place place = Place.Of(name);
        var told = new Told();
        var seen = new ConcurrentBag<(long Id, string Peer, EventLoop? Loop, int Thread)>();
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch, Events = told });
        await listener.BindAsync(Place.Fresh(family));
        listener.Start(async connection =>
        {
            Assert.Same(connection.Loop, EventLoop.Current);
            seen.Add((connection.Id, connection.PeerName, EventLoop.Current, Environment.CurrentManagedThreadId));
            if (EventLoop.Current is { } loop)
            {
                Assert.Same(loop.Engine, connection.Socket.Engine);
            }

            await Place.EchoAsync(connection);
            Assert.Same(connection.Loop, EventLoop.Current);
        });
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await ConnectAsync(listener));
            Assert.Equal($"hello {i}", await AnswerAsync(clients[i], $"hello {i}"));
        }

        Assert.Equal(Clients, listener.ConnectionCount);
        Assert.Equal(Clients, seen.Select(static one => one.Id).Distinct().Count());
        string[] peers = [.. family == AddressFamily.Unix
            ? Enumerable.Range(1, Clients).Select(static id => $"unix#{id}")
            : clients.Select(static client => client.LocalEndPoint!.ToString()!)];
        Assert.Equal(peers.Order(), seen.Select(static one => one.Peer).Order());
        if (place.Loops.Count > 0)
        {
            Assert.Subset(place.Loops.ToHashSet(), seen.Select(static one => one.Loop!).ToHashSet());
            if (family == AddressFamily.Unix)
            {
                // Dealt out in turn; over IP the kernel spreads them, by their addresses.
                Assert.All(place.Loops, loop => Assert.Equal(Clients / place.Loops.Count, seen.Count(one => one.Loop == loop)));
            }
        }

        if (place.HasThreads)
        {
            Assert.Equal(Clients, seen.Select(static one => one.Thread).Distinct().Count());
        }

        foreach (Socket client in clients)
        {
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("", await RestAsync(client));
            client.Dispose();
        }

        await Eventually(() => listener.ConnectionCount == 0);
        Assert.Equal(0, listener.AddressCount);
        Assert.Equal(new ListenerStopResult(0, 0, 0), await listener.StopAsync());
        Assert.Equal(Enumerable.Repeat("Finished", Clients), told.Lines);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task Connections_can_be_pulled_until_the_listener_is_unbound(string name)
    {
        await using Place place = Place.Of(name);
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        ValueTask<Connection?> first = listener.AcceptAsync();
        using Socket client = await ConnectAsync(listener);
        Connection connection = (await first.AsTask().WaitAsync(Soon))!;
        await client.SendAsync("ping"u8.ToArray().AsMemory());
        var read = await connection.Input.ReadAsync().AsTask().WaitAsync(Soon);
        Assert.Equal("ping", Encoding.ASCII.GetString(read.Buffer.FirstSpan));
        connection.Input.AdvanceTo(read.Buffer.End);

        using var canceled = new CancellationTokenSource(Moment);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await listener.AcceptAsync(canceled.Token));

        // What has connected before is still given out; then null, again and again.
        using Socket second = await ConnectAsync(listener);
        await Eventually(() => listener.ConnectionCount == 2);
        Task unbind = listener.UnbindAsync();
        Connection late = (await listener.AcceptAsync().AsTask().WaitAsync(Soon))!;
        await unbind.WaitAsync(Soon);
        Assert.Null(await listener.AcceptAsync());
        Assert.Null(await listener.AcceptAsync());
        await Assert.ThrowsAnyAsync<SocketException>(() => listener.Endpoints[0].ConnectAsync());

        await connection.Output.WriteAsync("pong"u8.ToArray());
        client.Shutdown(SocketShutdown.Send);
        second.Shutdown(SocketShutdown.Send);
        await connection.DisposeAsync().AsTask().WaitAsync(Soon);
        await late.DisposeAsync().AsTask().WaitAsync(Soon);
        Assert.Equal("pong", await RestAsync(client));
        Assert.Equal(0, listener.ConnectionCount);
        await listener.StopAsync().WaitAsync(Soon);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.AllAndFamilies), MemberType = typeof(Place))]
    public async Task At_the_bound_connections_wait_until_others_end(string name, AddressFamily family)
    {
        const int Max = 3;
        const int Clients = 9;
        await using Place place = Place.Of(name);
        int served = 0;
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch, MaxConnections = Max });
        await listener.BindAsync(Place.Fresh(family));
        listener.Start(connection =>
        {
            Interlocked.Increment(ref served);
            return Place.EchoAsync(connection);
        });
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(await ConnectAsync(listener));
            await clients[i].SendAsync("x"u8.ToArray().AsMemory());
        }

        await Eventually(() => Volatile.Read(ref served) == Max);
        await Task.Delay(Moment);
        Assert.Equal((Max, Max), (Volatile.Read(ref served), listener.ConnectionCount));

        while (clients.Count > 0)
        {
            await Eventually(() => clients.Any(static client => client.Available > 0));
            Socket answered = clients.First(static client => client.Available > 0);
            clients.Remove(answered);
            answered.Shutdown(SocketShutdown.Send);
            Assert.Equal("x", await RestAsync(answered));
            answered.Dispose();
            Assert.InRange(listener.ConnectionCount, 0, Max);
        }

        await Eventually(() => listener.ConnectionCount == 0);
        Assert.Equal(Clients, served);
        Assert.Equal((Clients, 0), (listener.AcceptedCount, listener.RefusedCount));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task Who_is_refused_hears_why_also_when_it_has_spoken_already(string name)
    {
        await using Place place = Place.Of(name);
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions
        {
            Dispatch = place.Dispatch,
            MaxConnections = 1,
            FullMode = ConnectionFullMode.Refuse,
            RefusalMessage = static reason => Encoding.ASCII.GetBytes($"{reason}, sorry"),
            Events = told,
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetworkV6));
        listener.Start(Place.EchoAsync);
        using Socket first = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(first, "x"));

        // More than may be ending at once, none of which ends by itself.
        const int Refused = Refusals.AtOnceMost + 4;
        var clients = new List<Socket>();
        for (int i = 0; i < Refused; i++)
        {
            Socket client = await ConnectAsync(listener);
            clients.Add(client);
            await client.TrySendAsync(new byte[20_000]);
        }

        foreach (Socket client in clients.Take(Refusals.AtOnceMost))
        {
            Assert.Equal("Full, sorry", await RestAsync(client));
        }

        await Eventually(() => listener.RefusedCount == Refused);
        clients.ForEach(static client => client.Dispose());
        Assert.Equal("y", await AnswerAsync(first, "y"));
        await listener.DisposeAsync();

        // The first at once, the others with a count.
        string[] refused = [.. told.Lines.Where(static line => line.StartsWith("refused", StringComparison.Ordinal))];
        Assert.Equal("refused: Full 1", refused[0]);
        Assert.Equal(Refused, refused.Sum(static line => int.Parse(line.Split(' ')[2])));
        Assert.InRange(refused.Length, 2, 5);
    }

    [Fact(Timeout = Limit)]
    public async Task One_address_has_a_bound_of_its_own_and_others_go_on()
    {
        await using var listener = new Listener(new ListenerOptions
        {
            MaxConnectionsPerAddress = 2,
            RefusalMessage = static reason => Encoding.ASCII.GetBytes(reason.ToString()),
        });
        await listener.BindAsync(SocketUri.Parse("tcp://127.0.0.1:0"));
        listener.Start(Place.EchoAsync);
        SocketUri endpoint = listener.Endpoints[0];
        using Socket one = await endpoint.ConnectAsync();
        using Socket two = await endpoint.ConnectAsync();
        Assert.Equal("1", await AnswerAsync(one, "1"));
        Assert.Equal("2", await AnswerAsync(two, "2"));
        using Socket three = await endpoint.ConnectAsync();
        Assert.Equal("AddressFull", await RestAsync(three));
        three.Dispose();
        using Socket other = await endpoint.WithOption("source", "127.0.0.2:0").ConnectAsync();
        Assert.Equal("o", await AnswerAsync(other, "o"));
        Assert.Equal(2, listener.AddressCount);
        one.Dispose();
        await Eventually(() => listener.ConnectionCount == 2);
        using Socket again = await endpoint.ConnectAsync();
        Assert.Equal("a", await AnswerAsync(again, "a"));
        again.Dispose();
        two.Dispose();
        other.Dispose();
        await Eventually(() => listener.ConnectionCount == 0);
        Assert.Equal(0, listener.AddressCount);
        Assert.Equal(1, listener.RefusedCount);
    }

    [Fact]
    public void Addresses_are_counted_as_they_are_and_by_their_network_of_64_bits()
    {
        static (AddressCounter.Key Address, AddressCounter.Key Network) Keys(string address) => AddressCounter.KeysOf(new IPEndPoint(IPAddress.Parse(address), 1));

        Assert.Equal(Keys("10.0.0.1"), Keys("::ffff:10.0.0.1"));
        Assert.NotEqual(Keys("10.0.0.1"), Keys("10.0.0.2"));
        Assert.Equal(default, Keys("10.0.0.1").Network);
        Assert.Equal(Keys("2001:db8::1").Network, Keys("2001:db8::ffff:1").Network);
        Assert.NotEqual(Keys("2001:db8::1").Address, Keys("2001:db8::2").Address);
        Assert.NotEqual(Keys("2001:db8::1").Network, Keys("2001:db8:0:1::1").Network);
        Assert.NotEqual(Keys("::a00:1").Address, Keys("10.0.0.1").Address);
        Assert.Equal(default, AddressCounter.KeysOf(UnixEndPoint.Unnamed));
        Assert.Equal(default, AddressCounter.KeysOf(null));

        var counter = new AddressCounter();
        counter.Add(default);
        Assert.Equal((0, 0), (counter.Size, counter.Count(default)));
        AddressCounter.Key key = Keys("::1").Network;
        counter.Add(key);
        counter.Add(key);
        Assert.Equal((1, 2), (counter.Size, counter.Count(key)));
        counter.Remove(key);
        counter.Remove(key);
        counter.Remove(default);
        Assert.Equal((0, 0), (counter.Size, counter.Count(key)));
    }

    [Fact(Timeout = Limit)]
    public async Task An_IPv6_network_has_a_bound_of_its_own()
    {
        await using var listener = new Listener(new ListenerOptions
        {
            MaxConnectionsPerNetwork = 1,
            RefusalMessage = static reason => Encoding.ASCII.GetBytes(reason.ToString()),
        });
        await listener.BindAsync(SocketUri.Parse("tcp://[::1]:0"));
        await listener.BindAsync(SocketUri.Parse("tcp://127.0.0.1:0"));
        listener.Start(Place.EchoAsync);
        using Socket one = await ConnectAsync(listener);
        Assert.Equal("1", await AnswerAsync(one, "1"));
        using Socket two = await ConnectAsync(listener);
        Assert.Equal("NetworkFull", await RestAsync(two));
        using Socket three = await ConnectAsync(listener, index: 1);
        using Socket four = await ConnectAsync(listener, index: 1);
        Assert.Equal("34", await AnswerAsync(three, "3") + await AnswerAsync(four, "4"));
    }

    [Fact(Timeout = Limit)]
    public async Task Verify_refuses_with_words_of_its_own_and_what_it_throws_ends_one_connection()
    {
        int asked = 0;
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions
        {
            Verify = _ => ++asked switch { 1 => "not you"u8.ToArray(), 3 => throw new ObjectDisposedException("a defect"), 5 => [], _ => null },
            Events = told,
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        using Socket first = await ConnectAsync(listener);
        Assert.Equal("not you", await RestAsync(first));
        using Socket second = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(second, "x"));
        using Socket third = await ConnectAsync(listener);
        Assert.Equal("", await RestAsync(third).WaitAsync(Soon));
        using Socket fourth = await ConnectAsync(listener);
        Assert.Equal("y", await AnswerAsync(fourth, "y"));
        using Socket fifth = await ConnectAsync(listener);
        Assert.Equal("", await RestAsync(fifth).WaitAsync(Soon));
        Assert.Equal("z", await AnswerAsync(second, "z"));
        Assert.Equal(["refused: Rejected 1", "accept failed: ObjectDisposedException"], told.Lines.Distinct());
        await listener.DisposeAsync();
        Assert.Equal((2, 2, 0), (listener.AcceptedCount, listener.RefusedCount, listener.ConnectionCount));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.AllAndFamilies), MemberType = typeof(Place))]
    public async Task A_stop_lets_answers_go_out_says_the_last_words_and_waits_for_no_idle_peer(string name, AddressFamily family)
    {
        await using Place place = Place.Of(name);
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions
        {
            Dispatch = place.Dispatch,
            LastWords = static reason => Encoding.ASCII.GetBytes($"[{reason}]"),
            Events = told,
        });
        await listener.BindAsync(Place.Fresh(family));
        var busy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        listener.Start(async connection =>
        {
            if (connection.Id == 1)
            {
                // At work while the stop comes; what has come is answered all the same.
                if (place.HasThreads)
                {
                    busy.Task.GetAwaiter().GetResult();
                }
                else
                {
                    await busy.Task;
                }
            }

            await Place.EchoAsync(connection);
        });
        using Socket working = await ConnectAsync(listener);
        await working.SendAsync("work"u8.ToArray().AsMemory());
        await Eventually(() => listener.ConnectionCount == 1);
        using Socket idle = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(idle, "x"));
        using Socket silent = await ConnectAsync(listener);
        await Eventually(() => listener.ConnectionCount == 3);

        Task<ListenerStopResult> stop = listener.StopAsync();
        Assert.Equal("[Stopping]", await RestAsync(idle).WaitAsync(Soon));
        Assert.Equal("[Stopping]", await RestAsync(silent).WaitAsync(Soon));
        Assert.False(stop.IsCompleted);
        busy.SetResult();
        Assert.Equal("work[Stopping]", await RestAsync(working).WaitAsync(Soon));
        Assert.Equal(new ListenerStopResult(3, 0, 0), await stop.WaitAsync(Soon));
        Assert.Equal(["Stopping", "Stopping", "Stopping"], told.Lines);
        await Assert.ThrowsAnyAsync<SocketException>(() => listener.Endpoints[0].ConnectAsync());
        if (listener.Endpoints[0].EndPoint is UnixEndPoint path)
        {
            Assert.False(File.Exists(path.ToString()));
        }

        Assert.Equal(new ListenerStopResult(3, 0, 0), await listener.StopAsync());
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task When_the_time_to_stop_is_over_those_that_are_left_are_reset(string name)
    {
        await using Place place = Place.Of(name);
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch, EndsReadsOnStop = false, Events = told });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(async connection =>
        {
            if (place.HasThreads)
            {
                // Blocks in the kernel, and knows of no stop.
                while (connection.Socket.Receive(new byte[10]) > 0)
                {
                }

                return;
            }

            while (!(await connection.Input.ReadAsync()).IsCompleted)
            {
                connection.Input.AdvanceTo(default);
            }
        });
        using Socket client = await ConnectAsync(listener);
        await Eventually(() => listener.ConnectionCount == 1);
        await Task.Delay(Moment); // it waits by then, mostly
        using var enough = new CancellationTokenSource();
        Task<ListenerStopResult> stop = listener.StopAsync(enough.Token);
        await Task.Delay(Moment);
        Assert.False(stop.IsCompleted);
        enough.Cancel();
        Assert.Equal(new ListenerStopResult(0, 1, 0), await stop.WaitAsync(Soon));
        SocketException lost = await Assert.ThrowsAnyAsync<SocketException>(async () => await client.ReceiveAsync(new byte[1].AsMemory()));
        Assert.Equal(SocketError.ConnectionReset, lost.SocketErrorCode);
        Assert.Equal(0, listener.ConnectionCount);
        Assert.DoesNotContain(told.Lines, static line => line.StartsWith("failed", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_handler_that_never_ends_does_not_hold_a_stop_that_is_cut_short()
    {
        var listener = new Listener();
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        var never = new TaskCompletionSource();
        listener.Start(_ => never.Task);
        using Socket client = await ConnectAsync(listener);
        await Eventually(() => listener.ConnectionCount == 1);
        Assert.Equal(new ListenerStopResult(0, 1, 0), await listener.StopAsync(Now).WaitAsync(Soon));
        never.SetResult();
        await Eventually(() => listener.ConnectionCount == 0);
    }

    [Theory(Timeout = Limit)]
    [InlineData("the pool", true)]
    [InlineData("the pool", false)]
    [InlineData("an io_uring loop", true)]
    [InlineData("an io_uring loop", false)]
    [InlineData("epoll loops", true)]
    [InlineData("epoll loops", false)]
    [InlineData("threads", true)]
    public async Task Who_waits_in_the_backlog_at_the_stop_is_served_or_told(string name, bool serves)
    {
        const int Waiting = 5;
        await using Place place = Place.Of(name);
        await using var listener = new Listener(new ListenerOptions
        {
            Dispatch = place.Dispatch,
            MaxConnections = serves ? 1 + Waiting : 1,
            ServesBacklogOnStop = serves,
            RefusalMessage = static reason => Encoding.ASCII.GetBytes(reason.ToString()),
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        if (serves)
        {
            // Nothing is accepted until the start; the stop comes at once.
            var clients = await WaitAsync(listener);
            listener.Start(Place.EchoAsync);
            ListenerStopResult result = await listener.StopAsync().WaitAsync(Soon);
            Assert.Equal(0, result.Refused + result.Aborted);
            foreach (Socket client in clients)
            {
                Assert.Equal("x", await RestAsync(client));
                client.Dispose();
            }
        }
        else
        {
            listener.Start(Place.EchoAsync);
            using Socket first = await ConnectAsync(listener);
            Assert.Equal("x", await AnswerAsync(first, "x"));
            var clients = await WaitAsync(listener);
            Task<ListenerStopResult> stop = listener.StopAsync();
            foreach (Socket client in clients)
            {
                Assert.Equal("Stopping", await RestAsync(client));
                client.Dispose();
            }

            Assert.Equal(new ListenerStopResult(1, 0, Waiting), await stop.WaitAsync(Soon));
        }

        static async Task<List<Socket>> WaitAsync(Listener listener)
        {
            var clients = new List<Socket>();
            for (int i = 0; i < Waiting; i++)
            {
                clients.Add(await ConnectAsync(listener));
                await clients[i].SendAsync("x"u8.ToArray().AsMemory());
            }

            return clients;
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task What_the_events_and_the_words_throw_ends_nothing(string name)
    {
        await using Place place = Place.Of(name);
        var events = new Throws();
        await using var listener = new Listener(new ListenerOptions
        {
            Dispatch = place.Dispatch,
            Events = events,
            MaxConnections = 1,
            FullMode = ConnectionFullMode.Refuse,
            RefusalMessage = _ => throw new FormatException("no words"),
            LastWords = _ => throw new FormatException("no last words"),
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(connection => connection.Id == 1 ? throw new FormatException("a defect") : Place.EchoAsync(connection));

        // The first one's handler throws; the next one is served, another refused; the one that is served is closed.
        using (Socket failed = await ConnectAsync(listener))
        {
            Assert.Equal("", await RestAsync(failed).WaitAsync(Soon));
        }

        await Eventually(() => listener.ConnectionCount == 0);
        using Socket served = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(served, "x"));
        using Socket refused = await ConnectAsync(listener);
        Assert.Equal("", await RestAsync(refused).WaitAsync(Soon));
        Task<ListenerStopResult> stop = listener.StopAsync();
        Assert.Equal("", await RestAsync(served).WaitAsync(Soon));
        served.Dispose();
        Assert.Equal(1, (await stop.WaitAsync(Soon)).Drained);
        Assert.Equal(["AcceptFailed", "ConnectionEnded", "ConnectionEnded", "HandlerFailed", "HandlerFailed", "Refused"], events.Calls.Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task Whoever_makes_Verify_throw_makes_nobody_wait()
    {
        const int Defects = 20;
        var time = new ManualTime(); // which stands: a pause would not end
        var told = new Told();
        int asked = 0;
        await using var listener = new Listener(new ListenerOptions
        {
            Time = time,
            Events = told,
            Verify = _ => Interlocked.Increment(ref asked) <= Defects ? throw new FormatException("a defect") : null,
        });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        for (int i = 0; i < Defects; i++)
        {
            using Socket failed = await ConnectAsync(listener);
            Assert.Equal("", await RestAsync(failed).WaitAsync(Soon));
        }

        using Socket client = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        Assert.Equal(Enumerable.Repeat("accept failed: FormatException", Defects), told.Lines);
        Assert.Equal(1, listener.ConnectionCount);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.WithPipes), MemberType = typeof(Place))]
    public async Task All_that_were_accepted_are_pulled_also_after_the_listener_is_unbound(string name)
    {
        const int Count = 40;
        await using Place place = Place.Of(name);
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        ValueTask<Connection?> first = listener.AcceptAsync();
        var clients = new List<Socket>();
        for (int i = 0; i < Count; i++)
        {
            clients.Add(await ConnectAsync(listener));
        }

        await Eventually(() => listener.ConnectionCount == Count);
        await listener.UnbindAsync().WaitAsync(Soon);
        var pulled = new List<Connection?> { await first.AsTask().WaitAsync(Soon) };
        while (pulled[^1] is not null)
        {
            pulled.Add(await listener.AcceptAsync().AsTask().WaitAsync(Soon));
        }

        Assert.Equal(Count, pulled.Count - 1);
        clients.ForEach(static client => client.Dispose());
        await Task.WhenAll(pulled.OfType<Connection>().Select(static connection => connection.DisposeAsync().AsTask())).WaitAsync(Soon);
        Assert.All(pulled.OfType<Connection>(), static connection => Assert.Equal(ConnectionEndReason.Finished, connection.EndReason));
    }

    [Theory]
    [InlineData(20_000, 64, 19_936)]
    [InlineData(1_024, 0, 1_024)]
    [InlineData(60, 64, 45)]
    [InlineData(100, int.MaxValue, 75)]
    [InlineData(int.MaxValue, 64, int.MaxValue - 64)]
    public void A_reserve_of_descriptors_leaves_most_of_them(int limit, int reserve, int usable) => Assert.Equal(usable, Descriptors.Usable(limit, reserve));

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Place.All), MemberType = typeof(Place))]
    public async Task What_a_handler_throws_ends_its_connection_only_and_a_lost_peer_is_no_failure(string name)
    {
        await using Place place = Place.Of(name);
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions { Dispatch = place.Dispatch, Events = told });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(connection => connection.Id == 2 ? throw new FormatException("a defect") : Place.EchoAsync(connection));
        using Socket other = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(other, "x"));
        using Socket failed = await ConnectAsync(listener);
        Assert.Equal("", await RestAsync(failed));
        failed.Dispose();
        using Socket lost = await ConnectAsync(listener);
        Assert.Equal("y", await AnswerAsync(lost, "y"));
        lost.LingerState = new LingerOption(enable: true, 0);
        lost.Dispose();
        await Eventually(() => listener.ConnectionCount == 1);
        Assert.Equal("z", await AnswerAsync(other, "z"));
        Assert.Equal(["Failed", "Lost", "failed: a defect"], told.Lines.Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task Want_of_descriptors_pauses_once_and_lost_connections_pass()
    {
        var time = new ManualTime();
        var told = new Told();
        var answers = new ConcurrentQueue<int>([103, 24, 24, 105, 71]); // ECONNABORTED, EMFILE, EMFILE, ENOBUFS, EPROTO
        await using var listener = new Listener(new ListenerOptions { Time = time, Events = told })
        {
            AcceptStep = (socket, stop) => answers.TryDequeue(out int errno) ? new(FailedWith(errno)) : socket.TryAcceptAsync(stop),
        };
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        using Socket client = await ConnectAsync(listener);
        Task<string> answer = AnswerAsync(client, "x");
        int timers = time.TimerCount;
        await PassAsync(time, TimeSpan.FromMilliseconds(40), () => answer.IsCompleted);
        Assert.Equal("x", await answer);
        Assert.Equal(["paused: TooManyOpenSockets", "resumed"], told.Lines);
        Assert.Empty(answers);
        _ = timers;
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_that_listens_no_more_is_told_once_and_the_others_stay()
    {
        var told = new Told();
        await using var listener = new Listener(new ListenerOptions { Events = told });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetworkV6));
        var broken = new ConcurrentDictionary<EndPoint, bool>();
        listener.AcceptStep = (socket, stop) => broken.ContainsKey(socket.LocalEndPoint!) ? new(FailedWith(22)) : socket.TryAcceptAsync(stop);
        listener.Start(Place.EchoAsync);
        using Socket client = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        broken.TryAdd(listener.Endpoints[0].EndPoint!, true);
        using Socket last = await ConnectAsync(listener);
        Assert.Equal("l", await AnswerAsync(last, "l"));
        await Eventually(() => told.Lines.Length > 0);
        using Socket other = await ConnectAsync(listener, index: 1);
        Assert.Equal("y", await AnswerAsync(other, "y"));
        Assert.Equal("z", await AnswerAsync(client, "z"));
        Assert.Equal(["ended: InvalidArgument"], told.Lines);
        Assert.Equal(3, (await listener.StopAsync().WaitAsync(Soon)).Drained);
    }

    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll)]
    [InlineData(EngineKind.IoUring)]
    public async Task When_the_loops_have_failed_nothing_listens_and_nobody_is_left_waiting(EngineKind kind)
    {
        using var group = new EventLoopGroup(new EventLoopGroupOptions { Engine = kind, Count = 2 });
        await using var listener = new Listener(new ListenerOptions { Dispatch = ConnectionDispatch.On(group) });
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        listener.Start(Place.EchoAsync);
        using Socket client = await ConnectAsync(listener);
        Assert.Equal("x", await AnswerAsync(client, "x"));
        group.Loops[1].Post(static () => throw new FormatException());
        await Assert.ThrowsAsync<FormatException>(() => group.Completion.WaitAsync(Soon));
        SocketException lost = await Assert.ThrowsAnyAsync<SocketException>(() => client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
        Assert.Equal(SocketError.ConnectionReset, lost.SocketErrorCode);
        await listener.StopAsync().WaitAsync(Soon);
        await Assert.ThrowsAnyAsync<SocketException>(() => listener.Endpoints[0].ConnectAsync());
    }

    [Fact(Timeout = Limit)]
    public async Task Misuse_is_said()
    {
        await using var listener = new Listener();
        Assert.Throws<InvalidOperationException>(() => listener.Start(Place.EchoAsync));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await listener.AcceptAsync());
        SocketException datagrams = await Assert.ThrowsAnyAsync<SocketException>(() => listener.BindAsync(SocketUri.Parse("udp://127.0.0.1:0")));
        Assert.Equal(SocketError.OperationNotSupported, datagrams.SocketErrorCode);
        await listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork));
        SocketException used = await Assert.ThrowsAnyAsync<SocketException>(() => listener.BindAsync(listener.Endpoints[0]));
        Assert.Equal(SocketError.AddressAlreadyInUse, used.SocketErrorCode);
        listener.Start(Place.EchoAsync);
        Assert.Throws<InvalidOperationException>(() => listener.Start(Place.EchoAsync));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await listener.AcceptAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => listener.BindAsync(Place.Fresh(AddressFamily.InterNetwork)));
        Assert.Throws<ArgumentException>(() => ConnectionDispatch.On());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ListenerOptions { MaxConnections = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ListenerOptions { CloseTimeout = Timeout.InfiniteTimeSpan });
        Assert.Throws<ArgumentOutOfRangeException>(() => new ListenerOptions { IdleTimeout = TimeSpan.Zero });

        await using var never = new Listener();
        await never.BindAsync(Place.Fresh(AddressFamily.Unix));
        string path = never.Endpoints[0].EndPoint!.ToString()!;
        Assert.True(File.Exists(path));
        Assert.Equal(default, await never.StopAsync().WaitAsync(Soon));
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(0, AcceptAnswer.Connection)]
    [InlineData(11, AcceptAnswer.Nothing)]
    [InlineData(125, AcceptAnswer.Nothing)]
    [InlineData(103, AcceptAnswer.Dead)]
    [InlineData(104, AcceptAnswer.Dead)]
    [InlineData(71, AcceptAnswer.Dead)]
    [InlineData(1, AcceptAnswer.Dead)]
    [InlineData(24, AcceptAnswer.Short)]
    [InlineData(23, AcceptAnswer.Short)]
    [InlineData(105, AcceptAnswer.Short)]
    [InlineData(12, AcceptAnswer.Short)]
    [InlineData(5, AcceptAnswer.Short)]
    [InlineData(22, AcceptAnswer.Broken)]
    [InlineData(9, AcceptAnswer.Broken)]
    [InlineData(88, AcceptAnswer.Broken)]
    internal void Each_answer_of_accept_has_its_meaning(int errno, AcceptAnswer meaning) => Assert.Equal(meaning, AcceptAnswers.Of(errno));

    // A result that failed with an errno can be had only from a call that did.
    private static SocketResult<Socket> FailedWith(int errno) => (SocketResult<Socket>)typeof(SocketResult<Socket>)
        .GetMethod("Failure", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
        .Invoke(null, [.. Arguments(errno)])!;

    private static object?[] Arguments(int errno) => [.. typeof(SocketResult<Socket>)
        .GetMethod("Failure", System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
        .GetParameters().Select((parameter, index) => index == 0 ? errno : parameter.DefaultValue)];

    private sealed class Throws : ListenerEvents
    {
        public ConcurrentQueue<string> Calls { get; } = new();

        protected internal override void AcceptFailed(SocketUri endpoint, Exception error) => Throw(nameof(AcceptFailed));

        protected internal override void Refused(EndPoint? peer, RefusalReason reason, int count) => Throw(nameof(Refused));

        protected internal override void HandlerFailed(Connection connection, Exception error) => Throw(nameof(HandlerFailed));

        protected internal override void ConnectionEnded(Connection connection) => Throw(nameof(ConnectionEnded));

        private void Throw(string call)
        {
            Calls.Enqueue(call);
            throw new FormatException("an event's defect");
        }
    }
}
