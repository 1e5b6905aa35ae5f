using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>
/// Accepts that are awaited on a loop. A ring accepts for them by one request, so connections may be accepted before somebody asks:
/// nothing of that may show, on either engine.
/// </summary>
public sealed class LoopAcceptTests : SocketTest
{
    public static readonly TheoryData<EngineKind> Kinds = [EngineKind.Epoll, EngineKind.IoUring];

    public static readonly MatrixTheoryData<EngineKind, AddressFamily> KindsAndFamilies =
        new([EngineKind.Epoll, EngineKind.IoUring], [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix]);

    [Theory(Timeout = Limit)]
    [MemberData(nameof(KindsAndFamilies))]
    public Task All_who_come_are_accepted_in_order_and_named(EngineKind kind, AddressFamily family) => OnLoop(kind, async () =>
    {
        const int Count = 100;
        using Socket listener = Listener(family, Count);
        var clients = new List<Socket>();
        Task connecting = Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                Socket client = Stream(family);
                if (family == AddressFamily.Unix)
                {
                    client.Bind(FreshEndPoint(family));
                }

                client.Connect(listener.LocalEndPoint!);
                clients.Add(client);
            }
        });
        var accepted = new List<Socket>();
        while (accepted.Count < Count)
        {
            accepted.Add(await listener.AcceptAsync());
        }

        await connecting;
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(clients[i].LocalEndPoint, accepted[i].RemoteEndPoint);
            Assert.Equal(clients[i].RemoteEndPoint, accepted[i].LocalEndPoint);
            Assert.True(accepted[i].Connected);
            using var pair = new Pair(clients[i], accepted[i]);
            await Echo(pair);
        }
    });

    // The request is there for as long as somebody awaits, and no longer: else the kernel would accept unasked.
    [Fact(Timeout = Limit)]
    public Task A_ring_accepts_only_while_somebody_awaits() => OnLoop(EngineKind.IoUring, async () =>
    {
        using Socket listener = Listener();
        Task<Socket> accept = listener.AcceptAsync();
        RequestState(listener, isArmed: true);
        await Turn();
        RequestState(listener, isArmed: true);
        using Socket client = await Connect(listener);
        using Socket accepted = await accept;

        // On another thread, while this loop sleeps: it takes the request back before it does.
        await Task.Run(() => Eventually(() => !IsInFlight(listener)));
        using Socket second = await Connect(listener);
        Assert.True(listener.Poll(0, SelectMode.SelectRead));
        Assert.False(listener.Core.ExtrasIfAny!.Accepted!.HasAny);
        using Socket later = await listener.AcceptAsync();
        Assert.Equal(second.LocalEndPoint, later.RemoteEndPoint);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(KindsAndFamilies))]
    public Task Synchronous_calls_find_what_came_unasked(EngineKind kind, AddressFamily family) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener(family);
        using Burst burst = await Burst.Make(listener, 5);
        Assert.True(listener.Poll(0, SelectMode.SelectRead));
        Assert.Equal(SocketEvents.Readable, listener.Wait(SocketEvents.Readable, TimeSpan.Zero));
        List<Socket> ready = [listener];
        Socket.Select(ready, null, null, 0);
        Assert.Equal([listener], ready);
        Assert.Equal(SocketEvents.Readable, await listener.WaitAsync(SocketEvents.Readable));
        using Socket one = listener.Accept();
        using Socket two = listener.TryAccept().Value;
        using Socket three = await Run(() => listener.Accept());
        using Socket four = await listener.AcceptAsync();
        listener.Blocking = false;
        Assert.Equal(Errno.EAGAIN, listener.TryAccept().Errno);
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
        Assert.Equal(SocketEvents.None, listener.Wait(SocketEvents.Readable, TimeSpan.Zero));
        ready = [listener];
        Socket.Select(ready, null, null, 0);
        Assert.Empty(ready);
        burst.AreConnectedTo(burst.First, one, two, three, four);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_duplicates_accept_finds_what_nobody_asked_the_listener_for(EngineKind kind) => OnLoop(kind, async () =>
    {
        Socket listener = Listener();
        Task<Socket> accept = listener.AcceptAsync();
        using Socket first = Stream(listener.AddressFamily);
        first.Connect(listener.LocalEndPoint!);
        using Socket second = Stream(listener.AddressFamily);
        second.Connect(listener.LocalEndPoint!);
        using Socket one = await accept.WaitAsync(Soon);
        using Socket copy = listener.Duplicate();
        using Socket two = await copy.AcceptAsync().WaitAsync(Soon);
        Task<Socket> waits = copy.AcceptAsync();
        listener.Dispose();
        using Socket third = await Connect(copy);
        using Socket three = await waits.WaitAsync(Soon);
        await Echo(new Pair(third, three));
    });

    // They wait in ppoll(2) for what the request leaves in the kernel's queue.
    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll, "accept")]
    [InlineData(EngineKind.IoUring, "accept")]
    [InlineData(EngineKind.Epoll, "poll")]
    [InlineData(EngineKind.IoUring, "poll")]
    [InlineData(EngineKind.Epoll, "select")]
    [InlineData(EngineKind.IoUring, "select")]
    [InlineData(EngineKind.Epoll, "wait")]
    [InlineData(EngineKind.IoUring, "wait")]
    [InlineData(EngineKind.Epoll, "wait async")]
    [InlineData(EngineKind.IoUring, "wait async")]
    public Task A_call_that_waits_beside_an_awaited_accept_hears_of_the_next_connection(EngineKind kind, string call) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        Task waiting = call == "wait async" ? listener.WaitAsync(SocketEvents.Readable).AsTask() : Run(() =>
        {
            switch (call)
            {
                case "accept":
                    listener.Accept().Dispose();
                    break;
                case "poll":
                    Assert.True(listener.Poll(-1, SelectMode.SelectRead));
                    break;
                case "select":
                    Socket.Select(new List<Socket> { listener }, null, null, -1);
                    break;
                default:
                    Assert.Equal(SocketEvents.Readable, listener.Wait(SocketEvents.Readable, System.Threading.Timeout.InfiniteTimeSpan));
                    break;
            }
        });
        if (call != "wait async")
        {
            await Eventually(() => listener.Core.ExtrasIfAny?.Waiters is not null);
        }

        Task<Socket> accept = listener.AcceptAsync();
        using Socket first = Stream(listener.AddressFamily);
        first.Connect(listener.LocalEndPoint!);
        using Socket second = Stream(listener.AddressFamily);
        second.Connect(listener.LocalEndPoint!);
        using Socket accepted = await accept.WaitAsync(Soon);
        await waiting.WaitAsync(Soon);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Dispose_resets_what_nobody_asked_for_and_frees_the_port(EngineKind kind) => OnLoop(kind, async () =>
    {
        Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 4);
        EndPoint where = listener.LocalEndPoint!;
        listener.Dispose();
        using (Socket next = Tcp())
        {
            next.Bind(where);
            next.Listen();
        }

        await Echo(new Pair(burst.Clients[0], burst.First));
        foreach (Socket client in burst.Clients.Skip(1))
        {
            SocketResult<int> end = await client.TryReceiveAsync(new byte[1]);
            Assert.Equal(Errno.ECONNRESET, end.Errno);
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Dispose_on_another_thread_does_the_same(EngineKind kind) => OnLoop(kind, async () =>
    {
        Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 3);
        await Run(listener.Dispose);
        foreach (Socket client in burst.Clients.Skip(1))
        {
            Assert.Equal(Errno.ECONNRESET, (await client.TryReceiveAsync(new byte[1])).Errno);
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Dispose_ends_accepts_that_wait(EngineKind kind) => OnLoop(kind, async () =>
    {
        Socket listener = Listener();
        Task<SocketResult<Socket>> one = listener.TryAcceptAsync().AsTask();
        Task<SocketResult<Socket>> two = listener.TryAcceptAsync().AsTask();
        await Turn();
        EndPoint where = listener.LocalEndPoint!;
        listener.Dispose();
        using Socket next = Tcp();
        next.Bind(where);
        next.Listen();
        Assert.Equal(Errno.EBADF, (await one).Errno);
        Assert.Equal(Errno.EBADF, (await two).Errno);
    });

    // Connections that the kernel has handed out already go with the handle.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(KindsAndFamilies))]
    public Task Detach_loses_nobody(EngineKind kind, AddressFamily family) => OnLoop(kind, async () =>
    {
        Socket listener = Listener(family);
        using Burst burst = await Burst.Make(listener, 4);
        SocketHandle handle = listener.Detach();
        using Socket again = await Task.Run(() => new Socket(handle));
        using Socket late = await Connect(again);
        using Socket one = await again.AcceptAsync();
        using Socket two = again.Accept();
        using Socket three = await Task.Run(() => again.AcceptAsync());
        using Socket four = await again.AcceptAsync();
        burst.AreConnectedTo(burst.First, one, two, three);
        await Echo(new Pair(late, four));
    });

    [Fact(Timeout = Limit)]
    public Task A_detached_handle_resets_what_nobody_took_when_it_closes() => OnLoop(EngineKind.IoUring, async () =>
    {
        Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 3);
        listener.Detach().Dispose();
        foreach (Socket client in burst.Clients.Skip(1))
        {
            Assert.Equal(Errno.ECONNRESET, (await client.TryReceiveAsync(new byte[1])).Errno);
        }
    });

    // The system's class has no place for them: it says so, and nothing is lost.
    [Fact(Timeout = Limit)]
    public Task The_systems_socket_is_made_once_all_that_came_unasked_is_taken() => OnLoop(EngineKind.IoUring, async () =>
    {
        Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 2);
        Assert.Throws<InvalidOperationException>(() => listener.ToSystemSocket());
        using Socket second = listener.Accept();
        using System.Net.Sockets.Socket system = listener.ToSystemSocket();
        using Socket client = Tcp();
        client.Connect(system.LocalEndPoint!);
        using System.Net.Sockets.Socket last = system.Accept();
        Assert.Equal(client.LocalEndPoint, last.RemoteEndPoint);
        burst.AreConnectedTo(burst.First, second);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_cancelled_accept_loses_nobody(EngineKind kind) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        using var source = new CancellationTokenSource();
        Task<SocketResult<Socket>> cancelled = listener.TryAcceptAsync(source.Token).AsTask();
        await Turn();
        source.Cancel();
        Assert.Equal(Errno.ECANCELED, (await cancelled).Errno);
        using Socket client = await Connect(listener);
        using Socket accepted = await listener.AcceptAsync();
        await Echo(new Pair(client, accepted));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_limit_ends_an_accept_and_loses_nobody(EngineKind kind) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        listener.Timeout = Moment;
        Assert.Equal(Errno.ETIMEDOUT, (await listener.TryAcceptAsync()).Errno);
        listener.Timeout = null;
        using Socket client = await Connect(listener);
        using Socket accepted = await listener.AcceptAsync();
        await Echo(new Pair(client, accepted));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Each_connection_is_accepted_once_whoever_cancels(EngineKind kind)
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return OnLoop(kind, async () =>
        {
            const int Count = 600;
            var random = new Random(seed);
            using Socket listener = Listener(backlog: Count);
            Task connecting = Run(() =>
            {
                for (int i = 0; i < Count; i++)
                {
                    using Socket client = Tcp();
                    client.Connect(listener.LocalEndPoint!);
                    client.Send(BitConverter.GetBytes(i));
                }
            });
            var seen = new HashSet<int>();
            while (seen.Count < Count)
            {
                using var source = new CancellationTokenSource();
                ValueTask<SocketResult<Socket>> accept = listener.TryAcceptAsync(source.Token);
                switch (random.Next(4))
                {
                    case 0:
                        source.Cancel();
                        break;
                    case 1:
                        await Turn();
                        source.Cancel();
                        break;
                    case 2:
                        _ = Task.Run(source.Cancel, CancellationToken.None);
                        break;
                }

                SocketResult<Socket> result = await accept;
                if (result.IsSuccess)
                {
                    using Socket accepted = result.Value;
                    byte[] number = new byte[sizeof(int)];
                    Assert.Equal(sizeof(int), await accepted.ReceiveAsync(number.AsMemory()));
                    Assert.True(seen.Add(BitConverter.ToInt32(number)), "It was accepted twice.");
                }
                else
                {
                    Assert.Equal(Errno.ECANCELED, result.Errno);
                }
            }

            await connecting;
        });
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Other_threads_accept_beside_the_loop(EngineKind kind) => OnLoop(kind, async () =>
    {
        const int Count = 400;
        using Socket listener = Listener(backlog: Count);
        int taken = 0;
        Task<int>[] others = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            int mine = 0;
            while (Interlocked.Increment(ref taken) <= Count)
            {
                (await listener.AcceptAsync()).Dispose();
                mine++;
            }

            return mine;
        }))];
        Task connecting = Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                using Socket client = Tcp();
                client.Connect(listener.LocalEndPoint!);
            }
        });
        int here = 0;
        while (Interlocked.Increment(ref taken) <= Count)
        {
            (await listener.AcceptAsync()).Dispose();
            here++;
        }

        await connecting;
        Assert.Equal(Count, here + (await Task.WhenAll(others).WaitAsync(Soon)).Sum());
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Accepting_into_a_socket_names_the_peer(EngineKind kind) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 3);
        using Socket into = Tcp();
        Assert.Same(into, await listener.AcceptAsync(into));
        Assert.Equal(burst.Clients[1].LocalEndPoint, into.RemoteEndPoint);
        using Socket unused = Tcp();
        Task<Socket> accept = listener.AcceptAsync(unused);
        Assert.Same(unused, await accept);
        burst.AreConnectedTo(burst.First, into, unused);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_shutdown_listener_ends_its_accepts_as_the_call_does(EngineKind kind) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        Task<SocketResult<Socket>> accept = listener.TryAcceptAsync().AsTask();
        await Turn();
        listener.TryShutdown(SocketShutdown.Both);
        Assert.Equal(Errno.EINVAL, (await accept).Errno);
        Assert.Equal(Errno.EINVAL, (await listener.TryAcceptAsync()).Errno);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task An_accept_outlives_the_run_it_began_in(EngineKind kind) => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(kind);
        Socket? listener = null;
        Task<Socket>? accept = null;
        loop.Run(async () =>
        {
            listener = Listener();
            accept = listener.AcceptAsync();
            await Turn();
        });
        using Socket client = Tcp();
        client.Connect(listener!.LocalEndPoint!);
        loop.Run(async () =>
        {
            using Socket accepted = await accept!;
            await Echo(new Pair(client, accepted));
            using Socket second = await Connect(listener);
            using Socket later = await listener.AcceptAsync();
            await Echo(new Pair(second, later));
            listener.Dispose();
        });
    });

    [Fact(Timeout = Limit)]
    public Task A_ring_that_fails_leaves_its_accepts_to_epoll() => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            using Socket listener = Listener();
            Task<Socket> accept = listener.AcceptAsync();
            await Turn();
            RequestState(listener, isArmed: true);
            loop.Engine.Poller.Ring!.Fault = static _ => Errno.EPERM;
            await Turn();
            await Turn();
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
            using Socket client = await Connect(listener);
            using Socket accepted = await accept;
            await Echo(new Pair(client, accepted));
            using Socket second = await Connect(listener);
            using Socket later = await listener.AcceptAsync();
            await Echo(new Pair(second, later));
        });
    });

    // A peer's reset takes a connection out of nobody's hands: it is accepted, and its end is the receive's to tell.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_connection_that_was_reset_before_it_was_asked_for_names_its_peer_or_nobody(EngineKind kind) => OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        using Burst burst = await Burst.Make(listener, 2);
        EndPoint local = burst.Clients[1].LocalEndPoint!;
        burst.Clients[1].LingerState = new LingerOption(enable: true, seconds: 0);
        burst.Clients[1].Dispose();
        await Turn();
        using Socket accepted = await listener.AcceptAsync();
        Assert.Equal(local, accepted.RemoteEndPoint);
        Assert.Equal(Errno.ECONNRESET, (await accepted.TryReceiveAsync(new byte[1])).Errno);
    });

    internal static Task OnLoop(EngineKind kind, Func<Task> body) => TestEngines.RunOn(() => TestEngines.Loop(kind), body);

    /// <summary>Goes on in one of the loop's next turns, once what was prepared has been handed over.</summary>
    internal static async Task Turn()
    {
        await Task.Yield();
        await Task.Yield();
    }

    internal static async Task Echo(Pair pair)
    {
        byte[] bytes = Bytes(64);
        await pair.Client.SendAllAsync(bytes);
        byte[] there = new byte[64];
        await ReceiveAll(pair.Server, there);
        Assert.Equal(bytes, there);
        await pair.Server.SendAllAsync(there);
        byte[] back = new byte[64];
        await ReceiveAll(pair.Client, back);
        Assert.Equal(bytes, back);
    }

    internal static async Task ReceiveAll(Socket socket, byte[] buffer)
    {
        for (int received = 0; received < buffer.Length;)
        {
            int count = await socket.ReceiveAsync(buffer.AsMemory(received));
            Assert.NotEqual(0, count);
            received += count;
        }
    }

    private static async Task<Socket> Connect(Socket listener)
    {
        Socket client = Stream(listener.AddressFamily);
        await client.ConnectAsync(listener.LocalEndPoint!);
        return client;
    }

    private static bool IsInFlight(Socket listener) =>
        listener.Core.ExtrasIfAny?.AcceptRequest is { IsInFlight: true };

    private static void RequestState(Socket listener, bool isArmed) => Assert.Equal(isArmed, IsInFlight(listener));

    /// <summary>
    /// Several connections at one time, while one accept waits. On a ring all but the first are then as those that a request has
    /// brought after its await was cancelled: accepted, and asked for by nobody.
    /// </summary>
    private sealed class Burst : IDisposable
    {
        private Burst(List<Socket> clients, Socket first)
        {
            Clients = clients;
            First = first;
        }

        internal List<Socket> Clients { get; }

        internal Socket First { get; }

        internal static async Task<Burst> Make(Socket listener, int count)
        {
            Task<Socket> accept = listener.AcceptAsync();
            var clients = new List<Socket>();
            for (int i = 0; i < count; i++)
            {
                // In one turn of the loop: nobody accepts meanwhile.
                Socket client = Stream(listener.AddressFamily);
                client.Connect(listener.LocalEndPoint!);
                clients.Add(client);
            }

            Socket first = await accept;
            if (EventLoop.Current!.Engine.Kind == EngineKind.IoUring)
            {
                // One at a time: the others wait in the kernel's queue still.
                Assert.False(listener.Core.ExtrasIfAny?.Accepted is { HasAny: true });
                var unasked = new List<SocketHandle>();
                for (int i = 1; i < count; i++)
                {
                    unasked.Add(listener.Accept().Detach());
                }

                Sockeye.Engines.AcceptedConnections accepted = listener.Core.Extras.Accepted ??= new Sockeye.Engines.AcceptedConnections();
                unasked.ForEach(accepted.Add);
            }

            return new Burst(clients, first);
        }

        /// <summary>Each of the accepted is the other end of the client in its place.</summary>
        internal void AreConnectedTo(params ReadOnlySpan<Socket> accepted)
        {
            for (int i = 0; i < accepted.Length; i++)
            {
                Clients[i].Send([(byte)i]);
                byte[] number = new byte[1];
                Assert.Equal(1, accepted[i].Receive(number));
                Assert.Equal(i, number[0]);
            }
        }

        public void Dispose()
        {
            First.Dispose();
            Clients.ForEach(static client => client.Dispose());
        }
    }
}

/// <summary>When a loop's descriptors close, and what is counted in the whole process: nothing runs beside it.</summary>
[Collection(Alone.Name)]
public sealed class LoopCloseTests : SocketTest
{
    public static readonly TheoryData<EngineKind> Kinds = [EngineKind.Epoll, EngineKind.IoUring];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_disposed_connection_is_closed_at_the_turns_end(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        Pair pair = await Waited();
        int number = pair.Server.Core.Handle.Number;
        pair.Server.Dispose();
        await LoopAcceptTests.Turn();
        Assert.DoesNotContain(number, OpenDescriptors());
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
        pair.Dispose();
    });

    // Their port is free when Dispose returns; and SO_LINGER waits until then.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Listeners_datagram_sockets_and_those_that_linger_are_closed_when_dispose_returns(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        using var source = new CancellationTokenSource();
        Socket listener = Listener();
        Task accept = listener.TryAcceptAsync().AsTask();
        Socket datagrams = BoundUdp();
        Task receive = datagrams.TryReceiveAsync(new byte[1]).AsTask();
        Pair pair = await Waited();
        pair.Server.LingerState = new LingerOption(enable: true, seconds: 5);
        Pair typed = await Waited();
        typed.Server.SetOption<TimeSpan?>(SocketOptions.Linger, TimeSpan.FromSeconds(5));
        foreach (Socket socket in (Socket[])[listener, datagrams, pair.Server, typed.Server])
        {
            int number = socket.Core.Handle.Number;
            socket.Dispose();
            Assert.DoesNotContain(number, OpenDescriptors());
        }

        await accept;
        await receive;
        pair.Dispose();
        typed.Dispose();
    });

    // The kernel inherits it too.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Accepted_sockets_linger_as_their_listener_does(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        using Socket listener = Listener();
        listener.LingerState = new LingerOption(enable: true, seconds: 5);
        using Socket client = Tcp();
        client.Connect(listener.LocalEndPoint!);
        Socket accepted = await listener.AcceptAsync();
        Assert.Equal(5, accepted.LingerState!.LingerTime);
        Task receive = accepted.TryReceiveAsync(new byte[1]).AsTask();
        await LoopAcceptTests.Turn();
        int number = accepted.Core.Handle.Number;
        accepted.Dispose();
        Assert.DoesNotContain(number, OpenDescriptors());
        await receive;
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task What_was_disposed_last_is_closed_with_the_loop(EngineKind kind) => Run(() =>
    {
        Pair? pair = null;
        int number = -1;
        using (EventLoop loop = TestEngines.Loop(kind))
        {
            loop.Run(async () =>
            {
                pair = await Waited();
                number = pair.Server.Core.Handle.Number;
                pair.Server.Dispose();
            });
        }

        Assert.DoesNotContain(number, OpenDescriptors());
        Assert.Equal(0, pair!.Client.Receive(new byte[1]));
        pair.Dispose();
    });

    // The enter fails before the kernel has taken the requests: each descriptor is closed all the same, and once.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task What_a_ring_that_fails_had_not_taken_is_closed(bool isTaken) => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            Pair[] pairs = [await Waited(), await Waited(), await Waited()];
            int[] numbers = [.. pairs.Select(static pair => pair.Server.Core.Handle.Number)];
            Array.ForEach(pairs, static pair => pair.Server.Dispose());
            Socket[] strangers = [];
            loop.Engine.Poller.Ring!.Fault = ring =>
            {
                if (isTaken)
                {
                    // The kernel has closed them, and their numbers are others' by now.
                    ring.Fault = null;
                    ring.Enter(wait: 0);
                    ring.Fault = static _ => Errno.EPERM;
                    strangers = [.. Enumerable.Range(0, 8).Select(static _ => BoundUdp())];
                }

                return Errno.EPERM;
            };
            await LoopAcceptTests.Turn();
            await LoopAcceptTests.Turn();
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
            if (!isTaken)
            {
                Assert.Empty(numbers.Intersect(OpenDescriptors()));
            }

            foreach (Pair pair in pairs)
            {
                Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
                pair.Dispose();
            }

            foreach (Socket stranger in strangers)
            {
                Assert.Equal(1, stranger.SendTo([1], stranger.LocalEndPoint!));
                stranger.Dispose();
            }
        });
    });

    // A descriptor that waits to be closed is as good as free.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Whoever_has_disposed_a_socket_can_open_another(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        using Pair first = await Waited();
        using Pair second = await Waited();
        using Pair third = await Waited();
        using Socket listener = Listener();
        using Socket client = Tcp();
        client.Connect(listener.LocalEndPoint!);
        Libc.GetDescriptorLimit(out ulong soft, out ulong hard);
        SocketResult<Socket> accepted;
        Socket? opened = null;
        Socket? duplicate = null;
        var held = new List<Socket>();
        try
        {
            // No number below the highest that is open is free, and none above it may be had.
            Assert.True(Libc.SetDescriptorLimit((ulong)OpenDescriptors().Max() + 1, hard) >= 0);
            while (true)
            {
                try
                {
                    held.Add(Unix());
                }
                catch (SocketException e) when (e.SocketErrorCode == SocketError.TooManyOpenSockets)
                {
                    break;
                }
            }

            first.Server.Dispose();
            opened = Tcp();
            second.Server.Dispose();
            duplicate = client.Duplicate();
            third.Server.Dispose();
            accepted = await listener.TryAcceptAsync();
        }
        finally
        {
            Libc.SetDescriptorLimit(soft, hard);
        }

        Assert.Equal(0, accepted.Errno);
        accepted.Value.Dispose();
        opened.Dispose();
        duplicate.Dispose();
        held.ForEach(static socket => socket.Dispose());
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_full_table_is_the_awaiters_error_and_passes(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        // Once with room: the runtime then needs no descriptor for code that it has not run yet.
        foreach (bool isFull in (bool[])[false, true])
        {
            using Socket listener = Listener();
            using Socket client = Tcp();
            using Socket other = Tcp();
            Libc.GetDescriptorLimit(out ulong soft, out ulong hard);
            SocketResult<Socket> waited;
            SocketResult<Socket> tried;
            try
            {
                // Before the accept begins: the kernel notes the limit when it takes the request.
                Assert.True(Libc.SetDescriptorLimit(isFull ? 3 : soft, hard) >= 0);
                Task<SocketResult<Socket>> accept = listener.TryAcceptAsync().AsTask();
                await LoopAcceptTests.Turn();
                client.Connect(listener.LocalEndPoint!);
                other.Connect(listener.LocalEndPoint!);
                waited = await accept;
                tried = await listener.TryAcceptAsync();
            }
            finally
            {
                Libc.SetDescriptorLimit(soft, hard);
            }

            Assert.Equal(isFull ? Errno.EMFILE : 0, waited.Errno);
            Assert.Equal(isFull ? Errno.EMFILE : 0, tried.Errno);
            using Socket one = isFull ? await listener.AcceptAsync() : waited.Value;
            using Socket two = isFull ? await listener.AcceptAsync() : tried.Value;
            Assert.Equal(client.LocalEndPoint, one.RemoteEndPoint);
            Assert.Equal(other.LocalEndPoint, two.RemoteEndPoint);
        }
    });

    // A number that is closed twice, or used after its close, hits a stranger here: files that others open and read all the while.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Numbers_that_come_and_go_are_never_a_strangers(EngineKind kind) => LoopAcceptTests.OnLoop(kind, async () =>
    {
        const int Connections = 1_500;
        string path = FreshPath();
        File.WriteAllBytes(path, Bytes(256));
        using var stop = new CancellationTokenSource();
        Task<int>[] strangers = [.. Enumerable.Range(0, 2).Select(_ => Run(() =>
        {
            byte[] wanted = Bytes(256);
            byte[] read = new byte[256];
            int rounds = 0;
            while (!stop.IsCancellationRequested)
            {
                using FileStream one = File.OpenRead(path);
                using FileStream two = File.OpenRead(path);
                one.ReadExactly(read);
                Assert.Equal(wanted, read);
                two.ReadExactly(read);
                Assert.Equal(wanted, read);
                rounds++;
            }

            return rounds;
        }))];
        using Socket listener = Listener(backlog: 128);
        Task[] clients = [.. Enumerable.Range(0, 3).Select(who => Task.Run(async () =>
        {
            for (int i = 0; i < Connections / 3; i++)
            {
                using Socket client = Tcp();
                await client.ConnectAsync(listener.LocalEndPoint!);
                byte[] message = BitConverter.GetBytes((who << 16) + i);
                await client.SendAllAsync(message);
                byte[] answer = new byte[4];
                await LoopAcceptTests.ReceiveAll(client, answer);
                Assert.Equal(message, answer);
            }
        }))];
        var served = new List<Task>();
        for (int i = 0; i < Connections; i++)
        {
            served.Add(Serve(await listener.AcceptAsync()));
        }

        await Task.WhenAll(clients).WaitAsync(Soon);
        await Task.WhenAll(served).WaitAsync(Soon);
        stop.Cancel();
        foreach (int rounds in await Task.WhenAll(strangers).WaitAsync(Soon))
        {
            Assert.NotEqual(0, rounds);
        }

        File.Delete(path);

        static async Task Serve(Socket peer)
        {
            using (peer)
            {
                byte[] buffer = new byte[4];
                await LoopAcceptTests.ReceiveAll(peer, buffer);
                await peer.SendAllAsync(buffer);
                await peer.TryReceiveAsync(buffer);
            }
        }
    });

    // A connection whose server side has waited, so that its loop watches it.
    private static async Task<Pair> Waited()
    {
        using Socket listener = Listener();
        Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        Socket server = await listener.AcceptAsync();
        var pair = new Pair(client, server);
        Task<int> receive = server.ReceiveAsync(new byte[1], SocketFlags.None);
        await LoopAcceptTests.Turn();
        await client.SendAllAsync(new byte[1]);
        Assert.Equal(1, await receive);
        return pair;
    }
}
