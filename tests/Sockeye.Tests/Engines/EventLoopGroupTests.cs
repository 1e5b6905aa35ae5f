using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>Loops on their threads, the connections they accept, and how they end.</summary>
public abstract class EventLoopGroupTests(EngineKind kind) : SocketTest
{
    private static readonly CancellationToken Now = new(canceled: true);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Each_connection_is_served_on_one_loop_and_all_loops_serve(AddressFamily family)
    {
        const int Clients = 48;
        await using EventLoopGroup group = Group();
        var loops = new ConcurrentDictionary<EventLoop, int>();
        var peers = new ConcurrentBag<EndPoint?>();
        EventLoopListener listener = group.Listen(FreshEndPoint(family), async socket =>
        {
            EventLoop loop = EventLoop.Current!;
            loops.AddOrUpdate(loop, 1, static (_, count) => count + 1);
            peers.Add(socket.RemoteEndPoint);
            Assert.Same(loop.Engine, socket.Engine);
            Assert.True(socket.Connected);
            await EchoAsync(socket);
            Assert.Same(loop, EventLoop.Current);
        });
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            Socket client = Stream(family);
            clients.Add(client);
            await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        }

        foreach (Socket client in clients)
        {
            await Echoed(client);
        }

        Assert.Equal(Clients, listener.ConnectionCount);
        if (family != AddressFamily.Unix)
        {
            Assert.Equal(clients.Select(static client => client.LocalEndPoint!.ToString()).Order(), peers.Select(static peer => peer!.ToString()).Order());
        }

        clients.ForEach(static client => client.Dispose());
        await Eventually(() => listener.ConnectionCount == 0);

        // By a hash of addresses, or in turn.
        Assert.Equal(group.Loops.ToHashSet(), loops.Keys.ToHashSet());
        if (family == AddressFamily.Unix)
        {
            Assert.Equal(loops.Values.Min(), loops.Values.Max());
        }

        Assert.Equal(0, listener.FailedCount);
    }

    [Fact(Timeout = Limit)]
    public async Task The_peers_address_is_known_when_the_peer_has_reset_the_connection()
    {
        await using EventLoopGroup group = Group(count: 1);
        var seen = new TaskCompletionSource<(SocketError Error, EndPoint? First, Socket Copy)>();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), async socket =>
        {
            SocketResult<int> result = await socket.TryReceiveAsync(new byte[1]);
            seen.SetResult((result.Error, socket.RemoteEndPoint, socket.Duplicate()));
        });
        Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        EndPoint own = client.LocalEndPoint!;
        client.LingerState = new LingerOption(enable: true, 0);
        client.Dispose();
        (SocketError error, EndPoint? peer, Socket copy) = await seen.Task.WaitAsync(Soon);
        Assert.Equal(SocketError.ConnectionReset, error);
        Assert.Equal(own, peer);
        using (copy)
        {
            Assert.Equal(own, copy.RemoteEndPoint);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_failed_call_and_the_sockets_text_name_the_peer()
    {
        await using EventLoopGroup group = Group(count: 1);
        var seen = new TaskCompletionSource<(string Text, SocketException Error)>();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetworkV6), async socket =>
        {
            string text = socket.ToString();
            socket.Timeout = TimeSpan.FromMilliseconds(1);
            seen.SetResult((text, await Assert.ThrowsAnyAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1].AsMemory()))));
        });
        using Socket client = Tcp(AddressFamily.InterNetworkV6);
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        (string text, SocketException error) = await seen.Task.WaitAsync(Soon);
        Assert.EndsWith($" to {client.LocalEndPoint}", text);
        Assert.Contains(client.LocalEndPoint!.ToString()!, error.Message);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task At_the_bound_connections_wait_until_others_end(AddressFamily family)
    {
        const int Max = 3;
        const int Clients = 12;
        await using EventLoopGroup group = Group();
        int served = 0;
        int most = 0;
        EventLoopListener? made = null;
        var ready = new TaskCompletionSource();
        EventLoopListener listener = group.Listen(
            FreshEndPoint(family),
            async socket =>
            {
                await ready.Task.ConfigureAwait(true);
                Interlocked.Increment(ref served);
                InterlockedMax(ref most, made!.ConnectionCount);
                await EchoAsync(socket);
            },
            new EventLoopListenerOptions { MaxConnections = Max });
        made = listener;
        ready.SetResult();
        var clients = new Queue<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            Socket client = Stream(family);
            clients.Enqueue(client);
            await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
            client.Send([1]);
        }

        await Eventually(() => Volatile.Read(ref served) == Max);
        await Task.Delay(Moment);

        // Those that wait for room sleep, and do not wake each other in vain.
        int wakes = group.Loops.Sum(static loop => loop.Engine.Poller.WakeCount);
        await Task.Delay(Moment);
        Assert.Equal(wakes, group.Loops.Sum(static loop => loop.Engine.Poller.WakeCount));
        Assert.All(group.Loops, static loop => Assert.True(loop.Engine.Poller.IsSleeping));
        Assert.Equal(Max, Volatile.Read(ref served));
        Assert.Equal(Max, listener.ConnectionCount);

        // Whichever are served get their answer and go; the others come after them.
        while (clients.Count != 0)
        {
            await Eventually(() => clients.Any(static client => client.Available != 0));
            Socket answered = clients.First(static client => client.Available != 0);
            clients = new Queue<Socket>(clients.Where(client => client != answered));
            Assert.Equal(1, answered.Receive(new byte[2]));
            answered.Dispose();
        }

        await Eventually(() => listener.ConnectionCount == 0);
        Assert.Equal(Clients, served);
        Assert.InRange(most, 1, Max);
        Assert.Equal(0, listener.FailedCount);
    }

    [Theory(Timeout = Limit)]
    [InlineData("at once")]
    [InlineData("later")]
    [InlineData("no task")]
    [InlineData("canceled")]
    public async Task A_handler_that_fails_is_reported_and_ends_its_connection_only(string how)
    {
        await using EventLoopGroup group = Group();
        Channel<(Socket? Socket, Exception Error)> told = Channel.CreateUnbounded<(Socket?, Exception)>();
        EventLoopListener listener = group.Listen(
            FreshEndPoint(AddressFamily.InterNetwork),
            socket => how switch
            {
                "at once" => throw new FormatException(),
                "later" => FailAsync(socket),
                "canceled" => Task.FromCanceled(Now),
                _ => null!,
            },
            new EventLoopListenerOptions { OnError = (socket, error) => told.Writer.TryWrite((socket, error)) });
        for (int i = 1; i <= 3; i++)
        {
            using Socket client = Tcp();
            await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
            (Socket? socket, Exception error) = await told.Reader.ReadAsync().AsTask().WaitAsync(Soon);
            Assert.NotNull(socket);
            Assert.IsType(
                how switch { "no task" => typeof(InvalidOperationException), "canceled" => typeof(TaskCanceledException), _ => typeof(FormatException) },
                error);
            Assert.Equal(0, await client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
            await Eventually(() => listener.ConnectionCount == 0);
            Assert.Equal(i, listener.FailedCount);
        }

        Assert.False(group.Completion.IsCompleted);

        static async Task FailAsync(Socket socket)
        {
            await Task.Yield();
            throw new FormatException();
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("post")]
    [InlineData("timer")]
    [InlineData("OnError")]
    public async Task What_escapes_on_a_loop_ends_the_group_and_is_reported(string where)
    {
        await using EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(
            FreshEndPoint(AddressFamily.InterNetwork),
            async socket =>
            {
                await socket.ReceiveAsync(new byte[1].AsMemory());
                throw new NotSupportedException();
            },
            new EventLoopListenerOptions { OnError = static (_, _) => throw new FormatException() });
        using Socket bystander = Tcp();
        using Socket client = Tcp();
        await bystander.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Eventually(() => listener.ConnectionCount == 2);
        switch (where)
        {
            case "post":
                group.Next().Post(static () => throw new FormatException());
                break;
            case "timer":
                group.Next().Schedule(TimeSpan.FromMilliseconds(1), static () => throw new FormatException());
                break;
            default:
                client.Send([1]);
                break;
        }

        await Assert.ThrowsAsync<FormatException>(() => group.Completion.WaitAsync(Soon));
        await Assert.ThrowsAsync<FormatException>(() => group.StopAsync().WaitAsync(Soon));
        Assert.Equal(0, await bystander.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
        using Socket late = Tcp();
        Assert.Equal(SocketError.ConnectionRefused, late.TryConnect(listener.LocalEndPoint).Error);
        Assert.True(group.Stopping.IsCancellationRequested);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task A_stop_lets_handlers_finish_and_accepts_nothing_new(AddressFamily family)
    {
        EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(family), EchoAsync);
        using Socket client = Stream(family);
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Echoed(client);
        Task stop = group.StopAsync();
        await Eventually(() =>
        {
            using Socket late = Stream(family);
            return !late.TryConnect(listener.LocalEndPoint).IsSuccess;
        });
        await Echoed(client);
        Assert.False(stop.IsCompleted);
        Assert.False(group.Completion.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => group.Listen(FreshEndPoint(family), EchoAsync));
        client.Dispose();
        await stop.WaitAsync(Soon);
        await group.Completion.WaitAsync(Soon);
        await group.StopAsync();
        await group.DisposeAsync();
        await Run(group.Dispose);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => group.Next().InvokeAsync(static () => Task.CompletedTask));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task A_stop_takes_what_waits_in_the_backlogs(AddressFamily family)
    {
        const int Clients = 10;
        await using EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(family), static async socket =>
        {
            byte[] buffer = new byte[1];
            await socket.ReceiveExactlyAsync(buffer.AsMemory());
            await socket.SendAllAsync(buffer);
        });
        using var hold = new ManualResetEventSlim();
        using var held = new CountdownEvent(group.Loops.Count);
        foreach (EventLoop loop in group.Loops)
        {
            loop.Post(() =>
            {
                held.Signal();
                hold.Wait(Soon);
            });
        }

        Assert.True(held.Wait(Soon));
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            Socket client = Stream(family);
            clients.Add(client);
            await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        }

        // One that is gone before it is taken is nobody's trouble.
        clients[3].LingerState = new LingerOption(enable: true, 0);
        clients[3].Dispose();
        clients.RemoveAt(3);
        Task stop = group.StopAsync();
        hold.Set();
        foreach (Socket client in clients)
        {
            client.Send([7]);
            Assert.Equal(1, await client.ReceiveAsync(new byte[2].AsMemory()).AsTask().WaitAsync(Soon));
            client.Dispose();
        }

        await stop.WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stops_token_cuts_handlers_short()
    {
        EventLoopGroup group = Group();
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource<SocketError>();
        bool told = false;
        EventLoopListener listener = group.Listen(
            FreshEndPoint(AddressFamily.InterNetwork),
            async socket =>
            {
                // One that is counted and has not begun would be closed unserved.
                ValueTask<SocketResult<int>> receive = socket.TryReceiveAsync(new byte[1]);
                began.SetResult();
                SocketResult<int> result = await receive;
                ended.SetResult(result.Error);
                throw new FormatException();
            },
            new EventLoopListenerOptions { OnError = (_, _) => told = true });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await began.Task.WaitAsync(Soon);
        Task first = group.StopAsync();
        using var source = new CancellationTokenSource();
        Task second = group.StopAsync(source.Token);
        Assert.False(first.IsCompleted);
        await source.CancelAsync();
        await first.WaitAsync(Soon);
        await second.WaitAsync(Soon);
        Assert.Equal(SocketError.OperationAborted, await ended.Task.WaitAsync(Soon));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
        Assert.False(told);
        Assert.Equal(0, listener.ConnectionCount);
    }

    [Fact(Timeout = Limit)]
    public async Task Handlers_that_heed_the_stop_end_it()
    {
        EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(
            FreshEndPoint(AddressFamily.InterNetwork),
            async socket => await socket.ReceiveAsync(new byte[1].AsMemory(), group.Stopping));
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Eventually(() => listener.ConnectionCount == 1);
        await group.StopAsync().WaitAsync(Soon);
        Assert.Equal(0, listener.FailedCount);
    }

    // One that hangs on something else than its socket is left behind.
    [Fact(Timeout = Limit)]
    public async Task A_handler_that_never_ends_does_not_hold_up_a_stop_whose_token_is_canceled()
    {
        EventLoopGroup group = Group(count: 1);
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), static _ => new TaskCompletionSource().Task);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Eventually(() => listener.ConnectionCount == 1);
        await group.StopAsync(Now).WaitAsync(Soon);
        Assert.Equal(0, await client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
        Assert.Equal(1, listener.ConnectionCount);
    }

    [Fact(Timeout = Limit)]
    public async Task A_handler_that_blocks_makes_the_stop_say_so_and_ends_its_loop_later()
    {
        EventLoopGroup group = Group();
        using var release = new ManualResetEventSlim();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), socket =>
        {
            release.Wait(Soon);
            return Task.CompletedTask;
        });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Eventually(() => listener.ConnectionCount == 1);
        TimeoutException error = await Assert.ThrowsAsync<TimeoutException>(() => group.StopAsync(Now).WaitAsync(Soon));
        Assert.Contains("blocks loop ", error.Message);
        Assert.False(group.Completion.IsCompleted);

        // The connection is closed all the same, and nobody listens.
        Assert.Equal(0, await client.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
        using Socket late = Tcp();
        Assert.Equal(SocketError.ConnectionRefused, late.TryConnect(listener.LocalEndPoint).Error);
        release.Set();
        await group.Completion.WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_handler_that_blocks_on_its_own_socket_is_ended_by_the_stop()
    {
        EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), static socket =>
        {
            Assert.Equal(SocketError.OperationAborted, socket.TryReceive(new byte[1]).Error);
            return Task.CompletedTask;
        });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Eventually(() => listener.ConnectionCount == 1);
        await group.StopAsync(Now).WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stop_before_anything_and_from_a_loop_ends_too()
    {
        EventLoopGroup idle = Group();
        await idle.StopAsync().WaitAsync(Soon);

        EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), async socket =>
        {
            await Assert.ThrowsAsync<InvalidOperationException>(async () => await group.DisposeAsync());
            Assert.Throws<InvalidOperationException>(group.Dispose);
            await socket.ReceiveAsync(new byte[1].AsMemory());
            _ = group.StopAsync();
        });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        client.Send([1]);
        await group.Completion.WaitAsync(Soon);
        Assert.Equal(0, listener.FailedCount);

        // A handler that waits for the end of itself waits until the token is canceled.
        group = Group();
        using var source = new CancellationTokenSource();
        var stopping = new TaskCompletionSource();
        listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), async socket =>
        {
            Task stop = group.StopAsync(source.Token);
            stopping.SetResult();
            await stop;
        });
        using Socket other = Tcp();
        await other.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await stopping.Task.WaitAsync(Soon);
        Assert.False(group.Completion.IsCompleted);
        await source.CancelAsync();
        await group.Completion.WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_listener_stops_by_itself_and_its_connections_go_on()
    {
        await using EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), EchoAsync);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        await Echoed(client);
        await listener.StopAsync().WaitAsync(Soon);
        await listener.StopAsync().WaitAsync(Soon);
        using Socket late = Tcp();
        Assert.Equal(SocketError.ConnectionRefused, late.TryConnect(listener.LocalEndPoint).Error);
        await Echoed(client);

        // The port is free again.
        EventLoopListener next = group.Listen(listener.LocalEndPoint, EchoAsync);
        using Socket another = Tcp();
        await another.ConnectAsync(next.LocalEndPoint).WaitAsync(Soon);
        await Echoed(another);
        await Echoed(client);
    }

    [Fact(Timeout = Limit)]
    public async Task An_address_that_is_taken_is_refused()
    {
        await using EventLoopGroup group = Group();
        using Socket taken = Listener();
        Fails(SocketError.AddressAlreadyInUse, () => group.Listen(taken.LocalEndPoint!, EchoAsync));
        Assert.Throws<ArgumentNullException>(() => group.Listen(null!, EchoAsync));
        Assert.Throws<ArgumentNullException>(() => group.Listen(taken.LocalEndPoint!, null!));
        await group.StopAsync().WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task Listening_sockets_are_configured_before_they_are_bound()
    {
        await using EventLoopGroup group = Group();
        int configured = 0;
        var noDelay = new TaskCompletionSource<bool>();
        EventLoopListener listener = group.Listen(
            FreshEndPoint(AddressFamily.InterNetwork),
            socket =>
            {
                noDelay.SetResult(socket.NoDelay);
                return Task.CompletedTask;
            },
            new EventLoopListenerOptions
            {
                Configure = socket =>
                {
                    Assert.False(socket.IsBound);
                    socket.NoDelay = true;
                    configured++;
                },
            });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        Assert.True(await noDelay.Task.WaitAsync(Soon));
        Assert.Equal(group.Loops.Count, configured);
    }

    [Fact(Timeout = Limit)]
    public async Task Loops_are_dealt_in_turn_and_pinned_when_asked_for()
    {
        await using var group = new EventLoopGroup(new EventLoopGroupOptions { Engine = kind, Count = 3, PinThreads = true });
        Assert.Equal(3, group.Loops.Count);
        Assert.Equal([.. group.Loops, .. group.Loops], Enumerable.Range(0, 6).Select(_ => group.Next()));
        Assert.True(Libc.GetAffinity(out int[] allowed) >= 0);
        for (int i = 0; i < 3; i++)
        {
            int[] processors = await group.Loops[i].InvokeAsync(static () =>
            {
                Assert.True(Libc.GetAffinity(out int[] own) >= 0);
                return Task.FromResult(own);
            }).WaitAsync(Soon);
            Assert.Equal([allowed[i % allowed.Length]], processors);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopGroupOptions { Count = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopGroupOptions { Count = 1025 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopListenerOptions { MaxConnections = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopListenerOptions { Backlog = -1 });
        Assert.StartsWith("3 event loops (", group.ToString());
    }

    // A handler goes on where it awaits: on its loop; a caller on the pool stays there.
    [Fact(Timeout = Limit)]
    public async Task A_pool_callers_await_on_a_loops_socket_never_runs_on_the_loop()
    {
        await using EventLoopGroup group = Group();
        using Pair pair = await group.Next().InvokeAsync(static () => Connected()).WaitAsync(Soon);
        Assert.Contains(pair.Server.Engine, group.Loops.Select(static loop => loop.Engine));
        await Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                ValueTask<int> receive = pair.Server.ReceiveAsync(new byte[1].AsMemory());
                pair.Client.Send([1]);
                Assert.Equal(1, await receive.ConfigureAwait(i % 2 == 0));
                Assert.True(Thread.CurrentThread.IsThreadPoolThread, Thread.CurrentThread.Name);
                Assert.Null(EventLoop.Current);
            }
        }).WaitAsync(Soon);
    }

    // What flows with a caller's ExecutionContext is not carried into a handler, and not back.
    [Fact(Timeout = Limit)]
    public async Task A_loop_carries_nobodys_context()
    {
        var local = new AsyncLocal<string> { Value = "caller" };
        await using EventLoopGroup group = Group(count: 1);
        var seen = new TaskCompletionSource<string?>();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), async socket =>
        {
            await socket.ReceiveAsync(new byte[1].AsMemory());
            seen.SetResult(local.Value);
        });
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint).WaitAsync(Soon);
        client.Send([1]);
        Assert.Null(await seen.Task.WaitAsync(Soon));
        Assert.Equal("caller", local.Value);
    }

    /// <summary>Echoes until the peer ends.</summary>
    protected static async Task EchoAsync(Socket socket)
    {
        byte[] buffer = new byte[64];
        while (await socket.ReceiveAsync(buffer.AsMemory()) is var count and not 0)
        {
            await socket.SendAllAsync(buffer.AsMemory(0, count));
        }
    }

    protected static async Task Echoed(Socket client)
    {
        byte[] buffer = new byte[8];
        client.Send([1, 2, 3]);
        await client.ReceiveExactlyAsync(buffer.AsMemory(0, 3)).AsTask().WaitAsync(Soon);
        Assert.Equal([1, 2, 3], buffer[..3]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_callback_that_throws_when_the_stop_begins_does_not_keep_the_group()
    {
        await using EventLoopGroup group = Group();
        EventLoopListener listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), EchoAsync);
        using CancellationTokenRegistration registration = group.Stopping.Register(static () => throw new FormatException());
        AggregateException error = await Assert.ThrowsAsync<AggregateException>(() => group.StopAsync().WaitAsync(Soon));
        Assert.IsType<FormatException>(Assert.Single(error.Flatten().InnerExceptions));
        Assert.True(group.Completion.IsCompletedSuccessfully);
        using Socket client = Tcp();
        Fails(SocketError.ConnectionRefused, () => client.Connect(listener.LocalEndPoint));
    }

    [Fact(Timeout = Limit)]
    public async Task A_callback_that_blocks_when_the_stop_begins_does_not_keep_the_group_from_being_cut_short()
    {
        EventLoopGroup group = Group();
        using var go = new ManualResetEventSlim();
        group.Listen(FreshEndPoint(AddressFamily.InterNetwork), EchoAsync);
        using (group.Stopping.Register(() => go.Wait(Soon)))
        {
            await group.StopAsync(Now).WaitAsync(Soon / 2);
            Assert.True(group.Completion.IsCompletedSuccessfully);
            go.Set();
        }
    }

    protected EventLoopGroup Group(int count = 2) => new(new EventLoopGroupOptions { Engine = kind, Count = count });

    private static void InterlockedMax(ref int place, int value)
    {
        int seen = Volatile.Read(ref place);
        while (value > seen)
        {
            int before = Interlocked.CompareExchange(ref place, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}

public sealed class EventLoopGroup_Epoll() : EventLoopGroupTests(EngineKind.Epoll);

public sealed class EventLoopGroup_IoUring() : EventLoopGroupTests(EngineKind.IoUring);

/// <summary>The whole process is without a descriptor meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class EventLoopGroupWithoutDescriptorsTests : SocketTest
{
    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll)]
    [InlineData(EngineKind.IoUring)]
    public async Task Without_a_descriptor_left_accept_pauses_says_so_once_and_recovers(EngineKind kind)
    {
        await using var group = new EventLoopGroup(new EventLoopGroupOptions { Engine = kind, Count = 1 });
        using var paused = new SemaphoreSlim(0);
        Socket? socket = null;
        Exception? error = null;
        var options = new EventLoopListenerOptions
        {
            OnError = (s, e) =>
            {
                (socket, error) = (s, e);
                paused.Release();
            },
        };

        // Once without trouble, so that all is loaded.
        EventLoopListener warm = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), AnswerAsync, options);
        EventLoopListener? listener = null;

        // The runtime dies when it wants to start a thread and there is no descriptor. So the pool gets its threads before,
        // and it lasts no longer than it takes.
        FillPool();
        await Run(() =>
        {
            using Socket first = Tcp();
            using Socket client = Tcp();
            first.Connect(warm.LocalEndPoint);
            Assert.Equal(1, first.Receive(new byte[1]));

            // The first listener has found its queue empty by then: accept4(2) wants a descriptor before it looks.
            for (int turn = 0; turn < 3; turn++)
            {
                Assert.True(group.Next().InvokeAsync(static () => Task.CompletedTask).Wait(Soon));
            }

            // A ring's accept goes by the limit at the time when it was asked for, so the loop must not come to it before.
            using var hold = new ManualResetEventSlim();
            group.Next().Post(() => hold.Wait(Soon));
            listener = group.Listen(FreshEndPoint(AddressFamily.InterNetwork), AnswerAsync, options);
            client.Connect(listener.LocalEndPoint);
            Assert.True(Libc.GetDescriptorLimit(out ulong soft, out ulong hard) >= 0);
            bool hasPaused;
            try
            {
                Assert.True(Libc.SetDescriptorLimit(3, hard) >= 0);
                hold.Set();
                hasPaused = paused.Wait(TimeSpan.FromSeconds(2));
            }
            finally
            {
                Libc.SetDescriptorLimit(soft, hard);
            }

            Assert.True(hasPaused);
            Assert.Equal(1, client.Receive(new byte[1]));
        });
        Assert.Equal(0, warm.FailedCount);
        Assert.Null(socket);
        Assert.Equal(SocketError.TooManyOpenSockets, Assert.IsAssignableFrom<SocketException>(error).SocketErrorCode);
        Assert.Equal(1, listener!.FailedCount);
    }

    private static async Task AnswerAsync(Socket socket) => await socket.SendAllAsync(new byte[1]);

    // Threads that have worked wait for 20 seconds for more.
    private static void FillPool()
    {
        const int Threads = 16;
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, Threads), ports);
        using var all = new CountdownEvent(Threads);
        using var go = new ManualResetEventSlim();
        using var gone = new CountdownEvent(Threads);
        for (int i = 0; i < Threads; i++)
        {
            ThreadPool.QueueUserWorkItem(_ =>
            {
                all.Signal();
                go.Wait(Soon);
                gone.Signal();
            });
        }

        Assert.True(all.Wait(Soon));
        go.Set();
        Assert.True(gone.Wait(Soon));
        ThreadPool.SetMinThreads(workers, ports);
    }
}
