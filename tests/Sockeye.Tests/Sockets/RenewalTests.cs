using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;
using Sockeye.Tests.Support;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Tests.Sockets;

/// <summary>What a socket knows no more once it is disconnected, has taken over a connection, or is another under its number.</summary>
public abstract class RenewalTests(SocketStyle style) : StyledTest(style)
{
    private const ProtocolType Mptcp = (ProtocolType)262;

    public static readonly TheoryData<AddressFamily, bool> FamiliesAndReuse = new()
    {
        { AddressFamily.InterNetwork, false },
        { AddressFamily.InterNetwork, true },
        { AddressFamily.InterNetworkV6, false },
        { AddressFamily.InterNetworkV6, true },
        { AddressFamily.Unix, false },
        { AddressFamily.Unix, true },
    };

    [Fact(Timeout = Limit)]
    public Task An_error_of_the_connection_before_is_not_told_on_the_next() => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        using (Socket server = (await Bounded(Style.Accept(listener))).Value!)
        {
            await server.SendAsync(new byte[3].AsMemory());
            server.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        await client.WaitAsync(SocketEvents.HangUp).AsTask().WaitAsync(Soon);
        Assert.Equal(3, (await Bounded(Style.Receive(client, new byte[6], SocketFlags.WaitAll))).Value);
        Assert.Equal(Errno.ECONNRESET, client.Core.Extras.PostponedErrno);

        await Disconnect(client, reuse: true);
        await ConnectAgain(client, listener.LocalEndPoint!);
        (await Bounded(Style.Accept(listener))).Value!.Dispose();
        Outcome<int> end = await Bounded(Style.Receive(client, new byte[1]));
        Assert.True(end is { IsSuccess: true, Value: 0 }, end.ToString());
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task The_file_of_a_UNIX_socket_is_gone_with_the_socket_that_was_bound(bool isRegistered) => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.Unix);
        using Socket client = Unix();
        string path = FreshPath();
        client.Bind(new UnixEndPoint(path));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        if (isRegistered)
        {
            using Socket server = (await Bounded(Style.Accept(listener))).Value!;
            await Echo(client, server);
        }

        Assert.True(File.Exists(path));
        await Disconnect(client, reuse: true);
        Assert.False(File.Exists(path));
        Assert.False(client.Core.IsBound);
        Assert.Equal("", client.LocalEndPoint!.ToString());

        using Socket other = Unix();
        other.Bind(new UnixEndPoint(path));
        await ConnectAgain(client, listener.LocalEndPoint!);
        client.Dispose();
        Assert.True(File.Exists(path));
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_fresh_socket_is_shared_only_with_the_programs_that_inherit_it(bool inherits) => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Inheritable = inherits;
        using Socket copy = pair.Client.Duplicate();
        Assert.True(pair.Client.Core.Handle.IsShared);
        await Disconnect(pair.Client, reuse: true);
        Assert.Equal(inherits, pair.Client.Inheritable);
        Assert.Equal(inherits, pair.Client.Core.Handle.IsShared);
        Assert.True(copy.Core.Handle.IsShared);
    });

    // What System.Net.Sockets says after the same calls.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(FamiliesAndReuse))]
    public Task A_disconnected_socket_has_no_peer_and_the_local_address_that_NET_tells(AddressFamily family, bool reuse) => Test(async () =>
    {
        using Socket listener = Listener(family);
        ProtocolType protocol = family == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp;
        using var theirs = new SystemSocket(family, SocketType.Stream, protocol);
        theirs.Connect(listener.LocalEndPoint!);
        using Socket theirPeer = (await Bounded(Style.Accept(listener))).Value!;
        EndPoint? theirAddress = theirs.LocalEndPoint;
        theirs.Disconnect(reuse);

        using Socket client = Stream(family);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        Assert.NotNull(client.RemoteEndPoint);
        EndPoint? address = client.LocalEndPoint;
        await Disconnect(client, reuse);

        Assert.Equal(theirs.Connected, client.Connected);
        Assert.Equal(theirs.RemoteEndPoint, client.RemoteEndPoint);
        Assert.Null(client.RemoteEndPoint);
        Assert.Equal(theirs.IsBound, client.IsBound);
        Assert.Equal(Equals(theirAddress, theirs.LocalEndPoint), Equals(address, client.LocalEndPoint));
        if (reuse)
        {
            Assert.Equal(theirs.LocalEndPoint!.ToString(), client.LocalEndPoint!.ToString());
            await ConnectAgain(client, listener.LocalEndPoint!);
            Assert.True(client.Connected);
            Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task An_accepted_socket_whose_peer_nobody_asked_for_has_none_once_disconnected(bool reuse) => Test(async () =>
    {
        using Pair pair = await Connected();
        await Disconnect(pair.Server, reuse);
        Assert.Null(pair.Server.RemoteEndPoint);
        Assert.False(pair.Server.Connected);
        await Disconnect(pair.Server, reuse: false);
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_datagram_socket_has_no_peer_once_disconnected(bool reuse) => Test(async () =>
    {
        using Socket peer = BoundUdp();
        using Socket client = Udp();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, peer.LocalEndPoint!))).Error);
        Assert.Equal(peer.LocalEndPoint, client.RemoteEndPoint);
        await Disconnect(client, reuse);
        Assert.Null(client.RemoteEndPoint);
        Assert.False(client.Connected);
        Assert.Equal(SocketError.DestinationAddressRequired, (await Bounded(Style.Send(client, new byte[1]))).Error);
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_connect_that_nobody_asked_about_is_not_found_out_after_Disconnect(bool reuse) => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        client.Blocking = false;
        Assert.Equal(Errno.EINPROGRESS, client.TryConnect(listener.LocalEndPoint!).Errno);
        await client.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);
        await Disconnect(client, reuse);
        Assert.False(client.Connected);
        Assert.Null(client.RemoteEndPoint);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_duplicate_of_a_socket_that_connects_finds_out_that_it_is_connected(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        client.Blocking = false;
        Assert.Equal(Errno.EINPROGRESS, client.TryConnect(listener.LocalEndPoint!).Errno);
        using Socket copy = client.Duplicate();
        await client.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);
        Assert.True(copy.Connected);
        Assert.Equal(listener.LocalEndPoint, copy.RemoteEndPoint);
    });

    // As in .NET, a disconnected socket may take over a connection; here one that is connecting elsewhere by now.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_socket_that_takes_over_a_connection_is_not_connecting_or_disconnected(bool isConnecting) => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket into = Tcp();
        into.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(into, listener.LocalEndPoint!))).Error);
        (await Bounded(Style.Accept(listener))).Value!.Dispose();
        await Disconnect(into, reuse: true);
        using Pair silent = await Silent();
        if (isConnecting)
        {
            into.Blocking = false;
            Assert.Equal(Errno.EINPROGRESS, into.TryConnect(silent.Server.LocalEndPoint!).Errno);
            Assert.True(into.Core.IsConnecting);
        }

        Task<Socket> accept = listener.AcceptAsync(into);
        using Socket peer = Tcp();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(peer, listener.LocalEndPoint!))).Error);
        Assert.Same(into, await accept.WaitAsync(Soon));

        Assert.False(into.Core.IsConnecting);
        Assert.False(into.Core.IsBound);
        Assert.True(into.Connected);
        Assert.Equal(peer.LocalEndPoint, into.RemoteEndPoint);
        Fails(SocketError.IsConnected, () => into.Connect(silent.Server.LocalEndPoint!));
        await Echo(into, peer);
    });

    // The registration that the call waits in is not the socket's any more when the call leaves.
    [Fact(Timeout = Limit)]
    public Task A_call_that_stands_in_line_when_its_socket_takes_over_a_connection_leaves_the_line() => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket into = Udp();
        ValueTask<SocketResult<int>> first = into.TryReceiveAsync(new byte[1]);
        Assert.False(first.IsCompleted);
        into.Timeout = Soon;
        Thread? waiter = null;
        Task<SocketResult<int>> second = Run(() =>
        {
            Volatile.Write(ref waiter, Thread.CurrentThread);
            return into.TryReceive(new byte[1]);
        });
        await Eventually(() => Volatile.Read(ref waiter) is { ThreadState: var state } && (state & System.Threading.ThreadState.WaitSleepJoin) != 0);
        Task<Socket> accept = listener.AcceptAsync(into);
        using Socket peer = Tcp();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(peer, listener.LocalEndPoint!))).Error);
        Assert.Same(into, await accept.WaitAsync(Soon));
        Assert.False((await first.AsTask().WaitAsync(Soon)).IsSuccess);
        await peer.SendAsync(new byte[1].AsMemory());
        SocketResult<int> received = await second;
        Assert.True(received.Value == 1, received.ToString());
        await Echo(into, peer);
    });

    // Its descriptor is another now: the wait on the old one would last.
    [Fact(Timeout = Limit)]
    public Task Synchronous_calls_that_wait_end_when_their_socket_takes_over_a_connection() => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket into = Udp();
        Task<SocketResult<int>> receive = Run(() => into.TryReceive(new byte[1]));
        Task<SocketResult> select = Run(() => Socket.TrySelect(new List<Socket> { into }, checkWrite: null, checkError: null, Soon));
        await Eventually(() => into.Core.ExtrasIfAny is { Waiters.Next: not null });
        Task<Socket> accept = listener.AcceptAsync(into);
        using Socket peer = Tcp();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(peer, listener.LocalEndPoint!))).Error);
        Assert.Same(into, await accept.WaitAsync(Soon));
        Assert.Equal(Errno.EBADF, (await receive.WaitAsync(Soon)).Errno);
        Assert.Equal(Errno.EBADF, (await select.WaitAsync(Soon)).Errno);
        await Echo(into, peer);
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_duplicate_of_a_disconnected_socket_was_connected_too(bool reuse) => Test(async () =>
    {
        using Pair pair = await Connected();
        await Disconnect(pair.Client, reuse);
        using Socket copy = pair.Client.Duplicate();
        Assert.Null(copy.RemoteEndPoint);
        Assert.False(copy.Connected);
        copy.Shutdown(SocketShutdown.Both);
        await Disconnect(copy, reuse: false);
        Assert.Throws<InvalidOperationException>(() => copy.Connect(pair.Server.LocalEndPoint!));
    });

    // A send with MSG_FASTOPEN is a connect.
    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_socket_whose_first_data_IPv4_refused_connects_to_IPv6(bool isMessage) => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        var there = (IPEndPoint)NobodyThere(AddressFamily.InterNetwork);
        var mapped = new IPEndPoint(there.Address.MapToIPv6(), there.Port);
        socket.Blocking = false;
        SocketResult<int> sent = isMessage
            ? socket.TrySendMessage(new OutgoingMessage(new byte[1]) { Peer = mapped }, SocketFlags.FastOpen)
            : socket.TrySendTo(new byte[1], mapped, SocketFlags.FastOpen);
        Assert.True(sent.Errno is Errno.EINPROGRESS or 0, sent.ToString());
        await socket.WaitAsync(SocketEvents.HangUp).AsTask().WaitAsync(Soon);
        socket.Blocking = true;
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(0, socket.Core.Renewals);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Theory(Timeout = Limit)]
    [InlineData("never tried", false, ProtocolType.Tcp)]
    [InlineData("never tried", true, ProtocolType.Tcp)]
    [InlineData("heard", false, ProtocolType.Tcp)]
    [InlineData("heard", true, ProtocolType.Tcp)]
    [InlineData("heard", false, Mptcp)]
    [InlineData("heard, then IPv6 only", false, ProtocolType.Tcp)]
    [InlineData("error read", false, ProtocolType.Tcp)]
    [InlineData("error read", true, ProtocolType.Tcp)]
    [InlineData("unheard", false, ProtocolType.Tcp)]
    [InlineData("unheard", true, ProtocolType.Tcp)]
    public Task An_adopted_descriptor_that_IPv4_refused_connects_to_IPv6(string history, bool isView, ProtocolType protocol) => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        Assert.Equal(0, Math.Min(Libc.Socket(SocketConstants.AF_INET6, SocketConstants.SOCK_STREAM, (int)protocol, out SocketHandle raw), 0));
        using SocketHandle owner = raw;
        if (history != "never tried")
        {
            RefuseByIpv4(raw, heard: history.StartsWith("heard", StringComparison.Ordinal));
        }

        if (history == "error read")
        {
            Libc.GetOption(raw, SocketConstants.SOL_SOCKET, SocketConstants.SO_ERROR, out int errno);
            Assert.Equal(Errno.ECONNREFUSED, errno);
        }

        bool isIpv6Only = history.EndsWith("IPv6 only", StringComparison.Ordinal);
        if (isIpv6Only)
        {
            Assert.Equal(0, Libc.SetOption(raw, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 1));
        }

        using Socket socket = isView ? new Socket(new SafeSocketHandle(raw.DangerousGetHandle(), ownsHandle: false)) : new Socket(raw);
        if (history == "unheard")
        {
            Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        }

        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(isIpv6Only, socket.GetOption(Ipv6Options.Ipv6Only));
        Assert.Equal(0, socket.Core.Renewals);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Fact(Timeout = Limit)]
    public Task A_duplicate_connects_to_IPv6_after_IPv4_refused_the_other() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using Socket copy = socket.Duplicate();
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(AddressFamily.InterNetwork)))).Error);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(copy, listener.LocalEndPoint!))).Error);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Fact(Timeout = Limit)]
    public Task What_cannot_be_copied_and_the_duplicates_stay_with_a_socket_that_IPv4_refused() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        using Socket copy = socket.Duplicate();
        socket.SetOption(SocketOptions.LockFilter, true);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(AddressFamily.InterNetwork)))).Error);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.True(socket.GetOption(SocketOptions.LockFilter));
        Assert.Equal(socket.LocalEndPoint, copy.TryGetLocalEndPoint().Value);
    });

    // Bound to an IPv6 address since, the socket can no longer be told of IPv4: another takes its number.
    [Fact(Timeout = Limit)]
    public Task A_socket_that_IPv4_refused_and_that_was_bound_to_IPv6_then_connects() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        nint number = socket.Handle;
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(AddressFamily.InterNetwork)))).Error);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        EndPoint? bound = socket.LocalEndPoint;
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(bound, socket.LocalEndPoint);
        Assert.Equal(1, socket.Core.Renewals);
        Assert.Equal(number, socket.Handle);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    // By calls that no socket of ours sees.
    private static void RefuseByIpv4(SocketHandle raw, bool heard)
    {
        var there = (IPEndPoint)NobodyThere(AddressFamily.InterNetwork);
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        address = address[..AddressCodecs.Encode(new IPEndPoint(there.Address.MapToIPv6(), there.Port), address)];
        Assert.Equal(0, Libc.SetOption(raw, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 0));
        Assert.Equal(-Errno.EINPROGRESS, Libc.Connect(raw, address));
        Span<PollDescriptor> poll = [new PollDescriptor { Descriptor = raw.Number, Events = PollConstants.POLLOUT }];
        Assert.Equal(1, Libc.Poll(poll, Soon));
        if (heard)
        {
            Assert.Equal(-Errno.ECONNREFUSED, Libc.Connect(raw, address));
        }
    }

    private Task Disconnect(Socket socket, bool reuse) => !Style.IsSync
        ? socket.DisconnectAsync(reuse).AsTask().WaitAsync(Soon)
        : Run(() =>
        {
            if (Style.Throws)
            {
                socket.Disconnect(reuse);
            }
            else
            {
                Assert.True(socket.TryDisconnect(reuse).IsSuccess);
            }
        });

    // The synchronous throwing Connect refuses after Disconnect, as in .NET.
    private async Task ConnectAgain(Socket socket, EndPoint where)
    {
        SocketResult result = Style.IsSync
            ? await Run(() => socket.TryConnect(where))
            : await Bounded(socket.TryConnectAsync(where).AsTask());
        Assert.True(result.IsSuccess, result.ToString());
    }

    // Waits for the answer, so that the engine has to tell of it.
    private async Task Echo(Socket client, Socket server)
    {
        byte[] buffer = new byte[8];
        Task<Outcome<int>> answer = Style.Receive(client, buffer);
        await server.SendAsync(new byte[] { 9, 8 }.AsMemory());
        Assert.Equal(2, (await Bounded(answer)).Value);
    }
}

/// <summary>A socket that outlives its engine can still be disconnected, and connects again.</summary>
public sealed class EndedEngineTests : SocketTest
{
    [Theory(Timeout = Limit)]
    [InlineData("epoll", false)]
    [InlineData("io_uring", false)]
    [InlineData("io_uring, failed", false)]
    [InlineData("chaos", false)]
    [InlineData("epoll", true)]
    [InlineData("io_uring", true)]
    [InlineData("io_uring, failed", true)]
    public async Task Disconnect_for_reuse_does_not_need_the_engine(string kind, bool isLoop)
    {
        TestEngines.Require(kind.StartsWith("io_uring", StringComparison.Ordinal) ? EngineKind.IoUring : EngineKind.Epoll);
        using Socket listener = Listener();
        Socket? kept = null;
        if (isLoop)
        {
            await Run(() =>
            {
                using var loop = new EventLoop(kind == "epoll" ? EngineKind.Epoll : EngineKind.IoUring);
                loop.Run(() => Register(loop.Engine));
            });
        }
        else
        {
            using SocketEngine engine = kind switch
            {
                "epoll" => SocketEngine.CreateEpoll(),
                "chaos" => TestEngines.CreateChaos(ChaosPoller.NextChance()),
                _ => SocketEngine.CreateIoUring(),
            };
            await Register(engine);
        }

        using Socket socket = kept!;
        nint number = socket.Handle;
        await Run(() => socket.Disconnect(reuseSocket: true));
        Assert.Equal(number, socket.Handle);
        SocketResult connected = await Run(() => socket.TryConnect(listener.LocalEndPoint!));
        Assert.True(connected.IsSuccess, connected.ToString());
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        server.Send([5]);
        Assert.Equal(1, await Run(() => socket.Receive(new byte[1])));

        async Task Register(SocketEngine engine)
        {
            kept = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, engine);
            await kept.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
            using Socket peer = await listener.AcceptAsync().WaitAsync(Soon);
            Task<int> receive = kept.ReceiveAsync(new byte[1].AsMemory()).AsTask();
            if (kind.EndsWith("failed", StringComparison.Ordinal))
            {
                engine.Poller.Ring!.Fault = static _ => Errno.EPERM;
                engine.Poller.Wake();
            }

            await peer.SendAsync(new byte[1].AsMemory());
            Assert.Equal(1, await receive.WaitAsync(Soon));
        }
    }
}

/// <summary>Counts the process's epoll sets: nothing else makes or closes any meanwhile.</summary>
[Collection(Alone.Name)]
public sealed class LeftRingTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_loop_whose_ring_failed_makes_one_epoll_set_however_often_it_runs()
    {
        using EventLoop loop = TestEngines.Loop(EngineKind.IoUring);
        await Run(() => loop.Run(async () =>
        {
            loop.Engine.Poller.Ring!.Fault = static _ => Errno.EPERM;
            loop.Engine.Poller.Wake();
            await Task.Delay(1);
            Assert.Equal(EngineKind.Epoll, loop.Engine.Kind);
        }));
        int before = EpollSets();
        for (int i = 0; i < 5; i++)
        {
            await Run(() => loop.Run(static async () => await Task.Yield()));
        }

        Assert.Equal(before, EpollSets());
    }

    private static int EpollSets() => OpenDescriptors().Count(static number => Target(number) == "anon_inode:[eventpoll]");

    private static string? Target(int number)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{number}").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}

public sealed class Renewal_Sync() : RenewalTests(SocketStyle.Sync);

public sealed class Renewal_Try() : RenewalTests(SocketStyle.Try);

public sealed class Renewal_Async() : RenewalTests(SocketStyle.Async);

public sealed class Renewal_TryAsync() : RenewalTests(SocketStyle.TryAsync);

public sealed class Renewal_Loop() : RenewalTests(SocketStyle.Loop);

public sealed class Renewal_LoopEpoll() : RenewalTests(SocketStyle.LoopEpoll);

public sealed class Renewal_Chaos() : RenewalTests(SocketStyle.Chaos);
