using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Tests.Sockets;

/// <summary>How sockets come to be, change hands, and end.</summary>
public sealed class LifeTests : SocketTest
{
    [Fact]
    public void A_family_may_be_named_by_its_Linux_number()
    {
        using var netlink = new Socket((AddressFamily)0x0100_0010, SocketType.Raw, ProtocolType.IP);
        Assert.Equal((AddressFamily)0x0100_0010, netlink.AddressFamily);
        using var inet = new Socket((AddressFamily)0x0100_0002, SocketType.Dgram, ProtocolType.Udp);
        Assert.Equal(SocketType.Dgram, inet.SocketType);
        using var same = new Socket(inet.Duplicate().Detach());
        Assert.Equal(AddressFamily.InterNetwork, same.AddressFamily);
        SocketException exception = Fails(
            SocketError.AddressFamilyNotSupported, () => new Socket(AddressFamily.AppleTalk, SocketType.Stream, ProtocolType.Unspecified));
        Assert.Equal(
            "socket: EAFNOSUPPORT: AppleTalk (16) names no address family on Linux. "
            + "For the kernel's family number N, pass (AddressFamily)(0x01000000 + N).",
            exception.Message);
        Fails(SocketError.AddressFamilyNotSupported, () => new Socket((AddressFamily)0x0100_00FF, SocketType.Stream, ProtocolType.Unspecified));
    }

    [Theory]
    [InlineData(SocketType.Stream)]
    [InlineData(SocketType.Dgram)]
    [InlineData(SocketType.Seqpacket)]
    public void CreatePair_gives_two_connected_ends(SocketType type)
    {
        (Socket first, Socket second) = Socket.CreatePair(socketType: type);
        using Socket one = first;
        using Socket other = second;
        Assert.True(one.Connected && other.Connected);
        Assert.Equal((AddressFamily.Unix, type), (one.AddressFamily, one.SocketType));
        Assert.Equal(2, one.Send([1, 2]));
        Assert.Equal(2, other.Receive(new byte[9]));
        Assert.Equal(1, other.Send([3]));
        Assert.Equal(1, one.Receive(new byte[9]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_duplicate_outlives_the_other()
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = TimeSpan.FromSeconds(5);
        using Socket copy = pair.Client.Duplicate();
        Assert.NotEqual(pair.Client.Handle, copy.Handle);
        Assert.Equal(pair.Client.Timeout, copy.Timeout);
        Assert.Equal(pair.Client.RemoteEndPoint, copy.RemoteEndPoint);

        // Both wait on the same open socket, in the same epoll set; the end of one must not touch the other.
        Task<int> waiting = pair.Client.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        Task<int> other = copy.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        Task<int> blocked = Run(() => copy.Receive(new byte[1]));
        pair.Client.Dispose();
        SocketException exception = await Assert.ThrowsAsync<SocketException>(() => waiting.WaitAsync(Soon));
        Assert.Equal(SocketError.OperationAborted, exception.SocketErrorCode);
        await Task.Delay(Moment);
        Assert.False(other.IsCompleted || blocked.IsCompleted);
        pair.Server.Send([1, 2]);
        Assert.Equal(1, await other.WaitAsync(Soon));
        Assert.Equal(1, await blocked);
        Assert.Equal(1, copy.Send([9]));
        Assert.Equal(1, pair.Server.Receive(new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_duplicate_of_a_UNIX_listener_keeps_its_file()
    {
        Socket first = Listener(AddressFamily.Unix);
        EndPoint path = first.LocalEndPoint!;
        Socket second = first.Duplicate();
        first.Dispose();
        Assert.True(File.Exists(path.ToString()));
        using (Socket client = Unix())
        {
            Task<Socket> accept = second.AcceptAsync();
            await client.ConnectAsync(path).WaitAsync(Soon);
            (await accept.WaitAsync(Soon)).Dispose();
        }

        second.Dispose();
        Assert.False(File.Exists(path.ToString()));
    }

    [Fact(Timeout = Limit)]
    public async Task Detach_gives_the_descriptor_away_open()
    {
        using Pair pair = await Connected();
        Task<SocketResult<int>> waiting = pair.Client.TryReceiveAsync(new byte[1]).AsTask();
        nint number = pair.Client.Handle;
        SocketHandle handle = pair.Client.Detach();
        Assert.Equal(number, handle.DangerousGetHandle());
        Assert.Equal(SocketError.OperationAborted, (await waiting.WaitAsync(Soon)).Error);
        Assert.Throws<ObjectDisposedException>(() => pair.Client.Send([1]));
        Assert.Throws<ObjectDisposedException>(pair.Client.Detach);

        // Into a new object, which knows what it has got.
        using var again = new Socket(handle);
        Assert.True(again.Connected);
        Assert.Equal(AddressFamily.InterNetwork, again.AddressFamily);
        Assert.Equal(SocketType.Stream, again.SocketType);
        Assert.Equal(ProtocolType.Tcp, again.ProtocolType);
        Assert.Equal(pair.Server.LocalEndPoint, again.RemoteEndPoint);
        pair.Server.Send([5]);
        Assert.Equal(1, await again.ReceiveAsync(new byte[1].AsMemory()).AsTask().WaitAsync(Soon));
    }

    [Fact]
    public void A_descriptor_reports_its_state()
    {
        using var listening = new Socket(Listener().Detach());
        Assert.True(listening.IsBound);
        Assert.False(listening.Connected);
        using Socket client = Tcp();
        client.Connect(listening.LocalEndPoint!);
        using Socket accepted = listening.Accept();
        using var fresh = new Socket(Tcp().Detach());
        Assert.False(fresh.IsBound || fresh.Connected);
        Assert.Null(fresh.LocalEndPoint);
        using var bound = new Socket(BoundUdp(AddressFamily.InterNetworkV6).Detach());
        Assert.True(bound.IsBound);
        Assert.Equal(SocketType.Dgram, bound.SocketType);
        Assert.False(bound.Connected);
    }

    [Fact]
    public void What_is_no_socket_is_refused_and_left_open()
    {
        using FileStream file = File.OpenRead("/proc/self/status");
        nint number = file.SafeFileHandle.DangerousGetHandle();
        using (var handle = new SocketHandle(number))
        {
            Fails(SocketError.NotSocket, () => new Socket(handle));
            Collect();
            Assert.Contains((int)number, OpenDescriptors());
            handle.SetHandleAsInvalid();
        }

        Assert.Throws<ArgumentException>(() => new Socket(new SocketHandle()));
        Assert.True(file.ReadByte() > 0);
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_child_inherits_what_is_inheritable(bool inheritable)
    {
        using Socket socket = Listener();
        Assert.False(socket.Inheritable);
        socket.Inheritable = inheritable;
        Assert.Equal(inheritable, socket.Inheritable);
        using Process child = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"test -e /proc/self/fd/{socket.Handle} && echo open || echo closed"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        string said = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        Assert.Equal(inheritable ? "open" : "closed", said.Trim());
        using Socket copy = socket.Duplicate();
        Assert.False(copy.Inheritable);
        socket.Inheritable = false;
        Assert.False(socket.Inheritable);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task CreateServer_listens_and_CreateConnection_connects(AddressFamily family)
    {
        using Socket server = Socket.CreateServer(FreshEndPoint(family));
        using Socket client = Socket.CreateConnection(server.LocalEndPoint!, TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.FromSeconds(7), client.Timeout);
        using Socket accepted = await server.AcceptAsync().WaitAsync(Soon);
        using Socket second = await Socket.CreateConnectionAsync(server.LocalEndPoint!, TimeSpan.FromSeconds(8)).WaitAsync(Soon);
        Assert.Equal(TimeSpan.FromSeconds(8), second.Timeout);
        Assert.True(client.Connected && second.Connected);
    }

    [Fact]
    public void CreateServer_is_of_one_family_unless_it_is_asked_for_both()
    {
        using (Socket both = Socket.CreateServer(new IPEndPoint(IPAddress.IPv6Any, 0), dualStack: true))
        {
            Assert.True(both.DualMode);
            using Socket client = Socket.CreateConnection(new IPEndPoint(IPAddress.Loopback, PortOf(both)), Soon);
        }

        using (Socket six = Socket.CreateServer(new IPEndPoint(IPAddress.IPv6Any, 0)))
        {
            Fails(SocketError.ConnectionRefused, () => Socket.CreateConnection(new IPEndPoint(IPAddress.Loopback, PortOf(six)), Soon));
        }

        Assert.Throws<ArgumentException>(() => Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0), dualStack: true));
        using Socket shared = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0), reusePort: true);
        using Socket sharing = Socket.CreateServer(shared.LocalEndPoint!, reusePort: true);
        Assert.Equal(shared.LocalEndPoint, sharing.LocalEndPoint);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CreateConnection_comes_from_where_it_is_told(bool sync)
    {
        using Socket server = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
        var source = new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0);
        using Socket client = sync
            ? Socket.CreateConnection(server.LocalEndPoint!, Soon, source)
            : await Socket.CreateConnectionAsync(server.LocalEndPoint!, Soon, source);
        using Socket accepted = await server.AcceptAsync().WaitAsync(Soon);
        Assert.Equal(source.Address, ((IPEndPoint)accepted.RemoteEndPoint!).Address);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CreateConnection_reports_every_addresss_failure(bool sync)
    {
        int port = ((IPEndPoint)NobodyThere(AddressFamily.InterNetwork)).Port;
        SocketException exception = await Assert.ThrowsAnyAsync<SocketException>(() => sync
            ? Run(() => Socket.CreateConnection("localhost", port, Soon))
            : Socket.CreateConnectionAsync("localhost", port, Soon));
        Assert.Equal(SocketError.ConnectionRefused, exception.SocketErrorCode);
        IPAddress[] addresses = await Dns.GetHostAddressesAsync("localhost");
        Assert.StartsWith($"connect localhost:{port}: {addresses.Length} address", exception.Message);
        Assert.All(addresses, address => Assert.Contains($"{new IPEndPoint(address, port)}: ECONNREFUSED: nothing listens there", exception.Message));
        Assert.Contains(IPAddress.Loopback, addresses);

        using Socket socket = Tcp();
        exception = await Assert.ThrowsAnyAsync<SocketException>(() => socket.ConnectAsync([IPAddress.Loopback, IPAddress.Parse("127.0.0.2")], port));
        Assert.Contains($"127.0.0.1:{port}: ECONNREFUSED", exception.Message);
        Assert.Contains($"127.0.0.2:{port}: ECONNREFUSED", exception.Message);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CreateConnection_ends_in_time_and_leaves_nothing_open(bool sync)
    {
        using Pair silent = await Silent();
        long start = Stopwatch.GetTimestamp();
        var limit = TimeSpan.FromMilliseconds(200);
        SocketException exception = await Assert.ThrowsAnyAsync<SocketException>(() => sync
            ? Run(() => Socket.CreateConnection(silent.Server.LocalEndPoint!, limit))
            : Socket.CreateConnectionAsync(silent.Server.LocalEndPoint!, limit));
        Assert.Equal(SocketError.TimedOut, exception.SocketErrorCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start), limit - TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(6));
        using var source = new CancellationTokenSource(30);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Socket.CreateConnectionAsync(silent.Server.LocalEndPoint!, cancellationToken: source.Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => Socket.CreateConnection(silent.Server.LocalEndPoint!, TimeSpan.Zero));
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_crosses_over_to_the_systems_class_and_back()
    {
        using Pair pair = await Connected();
        pair.Server.Timeout = Soon;
        using SystemSocket theirs = pair.Client.ToSystemSocket();
        Assert.Throws<ObjectDisposedException>(() => pair.Client.Send([1]));
        Assert.True(theirs.Connected);
        Assert.True(theirs.Blocking);
        Assert.Equal(2, theirs.Send(new byte[2]));
        Assert.Equal(2, pair.Server.Receive(new byte[9]));
        pair.Server.Send([1, 2, 3]);
        Assert.Equal(3, await theirs.ReceiveAsync(new byte[9].AsMemory()));

        using Socket ours = Socket.FromSystemSocket(theirs);
        Assert.True(ours.Connected);
        Task<int> receive = ours.ReceiveAsync(new byte[9].AsMemory()).AsTask();
        pair.Server.Send([1, 2, 3, 4]);
        Assert.Equal(4, await receive.WaitAsync(Soon));
        Assert.Equal(1, ours.Send([7]));
        Assert.Equal(1, pair.Server.Receive(new byte[9]));

        // Closed by its last owner alone, with an end of stream.
        theirs.Dispose();
        Assert.Equal(1, ours.Send([7]));
        Assert.Equal(1, pair.Server.Receive(new byte[9]));
        ours.Dispose();
        Assert.Equal(0, pair.Server.Receive(new byte[9]));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task After_Dispose_the_port_is_free_at_once(AddressFamily family)
    {
        // A port below those that the kernel gives out: else another test's socket may be given it meanwhile, on any address.
        EndPoint there = new IPEndPoint(Loopback(family), 20_777);
        for (int i = 0; i < 20; i++)
        {
            Socket listener = Stream(family);
            listener.Bind(there);
            there = listener.LocalEndPoint!;
            listener.Listen();
            Socket taken = listener;
            Task sync = Run(() => Assert.ThrowsAny<Exception>(() => taken.Accept()));
            Task<SocketResult<Socket>> async = listener.TryAcceptAsync().AsTask();
            await Task.Delay(i % 3);
            listener.Dispose();
            Socket next = Stream(family);

            // A process that another test starts meanwhile has all descriptors until it becomes its program.
            SocketResult bound = next.TryBind(there);
            for (int again = 0; again < 20 && bound.Errno == Errno.EADDRINUSE; again++)
            {
                await Task.Delay(5);
                bound = next.TryBind(there);
            }

            Assert.Equal(0, bound.Errno);
            next.Dispose();
            await sync;
            Assert.False((await async.WaitAsync(Soon)).IsSuccess);
        }

        EndPoint udp = there;
        for (int i = 0; i < 20; i++)
        {
            Socket socket = Udp(family);
            socket.Bind(udp);
            udp = socket.LocalEndPoint!;
            Task sync = Run(() => Assert.ThrowsAny<Exception>(() => socket.Receive(new byte[1])));
            Task<SocketResult<int>> async = socket.TryReceiveAsync(new byte[1]).AsTask();
            await Task.Delay(i % 3);
            socket.Dispose();
            await sync;
            Assert.False((await async.WaitAsync(Soon)).IsSuccess);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_Poll_and_Select_and_frees_the_port()
    {
        using Socket bystander = BoundUdp();
        Socket polled = BoundUdp();
        Socket selected = BoundUdp();
        EndPoint[] ports = [polled.LocalEndPoint!, selected.LocalEndPoint!];
        Task poll = Run(() => Fails(SocketError.Interrupted, () => polled.Poll(-1, SelectMode.SelectRead)));
        Task wait = Run(() => Fails(SocketError.Interrupted, () => polled.Wait(SocketEvents.Readable)));
        Task select = Run(() => Fails(SocketError.Interrupted, () => Socket.Select(
            new List<Socket> { bystander, selected }, null, new List<Socket> { selected, bystander }, -1)));
        await Task.Delay(Moment);
        Assert.False(poll.IsCompleted || wait.IsCompleted || select.IsCompleted);
        polled.Dispose();
        selected.Dispose();
        foreach (EndPoint port in ports)
        {
            using Socket next = Udp();
            next.Bind(port);
        }

        await Task.WhenAll(poll, wait, select);

        // The threads' own descriptors are at rest again: the bystander waits its whole time.
        Assert.False(bystander.Poll(20_000, SelectMode.SelectRead));
    }

    [Fact(Timeout = Limit)]
    public async Task One_thread_waits_again_after_a_Dispose_has_woken_it()
    {
        await Run(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                Socket socket = BoundUdp();
                using var timer = new Timer(_ => socket.Dispose(), null, i % 3, Timeout.Infinite);
                try
                {
                    Assert.Contains(socket.TryReceive(new byte[1]).Error, new[] { SocketError.OperationAborted });
                }
                catch (ObjectDisposedException)
                {
                    // Disposed before the call.
                    Assert.Throws<ObjectDisposedException>(() => socket.TryReceive(new byte[1]));
                }

                using Socket other = BoundUdp();
                other.Timeout = TimeSpan.FromMilliseconds(1);
                Assert.Equal(SocketError.TimedOut, other.TryReceive(new byte[1]).Error);
            }
        });
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}

/// <summary>What is counted in the whole process, so nothing may run beside it.</summary>
[Collection(Alone.Name)]
public sealed class LeakTests : SocketTest
{
    // The kernel writes the numbers, then takes them back and fails. Handles on those numbers closed what came next there.
    [Fact(Timeout = Limit)]
    public Task A_pair_that_was_not_made_closes_nobodys_descriptor() => Run(() =>
    {
        Settle();
        for (int i = 0; i < 20; i++)
        {
            Fails(SocketError.OperationNotSupported, () => Socket.CreatePair(AddressFamily.InterNetwork));
        }

        Socket[] strangers = [.. Enumerable.Range(0, 40).Select(static _ => BoundUdp())];
        Settle();
        foreach (Socket stranger in strangers)
        {
            Assert.Equal(1, stranger.SendTo([1], stranger.LocalEndPoint!));
            stranger.Dispose();
        }
    });

    // The engine's slot led to the handle, and so kept it from its finalizer.
    [Fact(Timeout = Limit)]
    public async Task A_socket_that_waited_and_was_forgotten_is_closed()
    {
        Settle();
        int before = OpenDescriptors().Length;
        int sockets = SocketEngine.Default.SocketCount;
        for (int i = 0; i < 50; i++)
        {
            await Forget();
        }

        await Eventually(() =>
        {
            Settle();
            return SocketEngine.Default.SocketCount == sockets && OpenDescriptors().Length <= before + 2;
        }, $"{OpenDescriptors().Length - before} descriptors and {SocketEngine.Default.SocketCount - sockets} slots more than before.");

        static async Task Forget()
        {
            (Socket first, Socket second) = Socket.CreatePair();
            using var source = new CancellationTokenSource();
            Task<SocketResult<int>> receive = first.TryReceiveAsync(new byte[1], SocketFlags.None, source.Token).AsTask();
            Task<SocketResult<SocketEvents>> wait = second.TryWaitAsync(SocketEvents.Readable, source.Token).AsTask();
            await source.CancelAsync();
            Assert.Equal(Errno.ECANCELED, (await receive).Errno);
            Assert.Equal(Errno.ECANCELED, (await wait).Errno);
        }
    }

    [Fact(Timeout = Limit)]
    public Task A_thousand_loops_leave_nothing() => Run(() =>
    {
        using (var warm = new EventLoop())
        {
            warm.Run(Use);
        }

        Settle();
        int before = OpenDescriptors().Length;
        for (int i = 0; i < 1_000; i++)
        {
            using var loop = new EventLoop();
            if (i % 10 == 0)
            {
                loop.Run(Use);
                Assert.Equal(0, loop.Engine.SocketCount);
            }
        }

        Settle();
        Assert.InRange(OpenDescriptors().Length, 0, before + 2);

        static async Task Use()
        {
            (Socket first, Socket second) = Socket.CreatePair();
            using Socket one = first;
            using Socket other = second;
            ValueTask<int> receive = one.ReceiveAsync(new byte[1].AsMemory());
            await other.SendAsync(new byte[1].AsMemory());
            Assert.Equal(1, await receive);
        }
    });

    [Fact(Timeout = Limit)]
    public Task Engines_come_and_go_while_they_are_used() => Run(() =>
    {
        Settle();
        int before = OpenDescriptors().Length;
        for (int i = 0; i < 150; i++)
        {
            SocketEngine engine = SocketEngine.CreateEpoll(threads: 1 + (i % 3));
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp, engine);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Task<SocketResult<int>>[] receives = [.. Enumerable.Range(0, 3).Select(_ => socket.TryReceiveAsync(new byte[1]).AsTask())];
            Task sender = Task.Run(() => socket.SendTo(new byte[1], socket.LocalEndPoint!));
            engine.Dispose();
            engine.Dispose();
            sender.GetAwaiter().GetResult();
            foreach (Task<SocketResult<int>> receive in receives)
            {
                SocketResult<int> result = receive.WaitAsync(Soon).GetAwaiter().GetResult();
                Assert.True(result.IsSuccess || result.Error == SocketError.OperationAborted, result.ToString());
            }

            Assert.Equal(SocketError.OperationAborted, Drained(socket).Error);
        }

        Settle();
        Assert.InRange(OpenDescriptors().Length, 0, before + 2);

        static SocketResult<int> Drained(Socket socket)
        {
            while (true)
            {
                SocketResult<int> result = socket.TryReceiveAsync(new byte[1]).AsTask().WaitAsync(Soon).GetAwaiter().GetResult();
                if (!result.IsSuccess)
                {
                    return result;
                }
            }
        }
    });

    [Fact(Timeout = Limit)]
    public async Task Without_a_descriptor_left_accept_says_so_and_recovers()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        Settle();
        Assert.True(Libc.GetDescriptorLimit(out ulong soft, out ulong hard) >= 0);

        // The waits of both ways have their own descriptors before there is none left.
        listener.Timeout = TimeSpan.FromMilliseconds(5);
        Assert.Equal(SocketError.TimedOut, listener.TryAccept().Error);
        Assert.Equal(SocketError.TimedOut, (await listener.TryAcceptAsync()).Error);
        listener.Timeout = Soon;
        client.Connect(listener.LocalEndPoint!);
        await listener.WaitAsync(SocketEvents.Readable);
        SocketResult<Socket> sync;
        SocketResult<Socket> async;
        SocketException refused;
        try
        {
            Assert.True(Libc.SetDescriptorLimit(3, hard) >= 0);
            sync = listener.TryAccept();
            async = await listener.TryAcceptAsync();
            refused = Assert.ThrowsAny<SocketException>(() => Tcp());
        }
        finally
        {
            Libc.SetDescriptorLimit(soft, hard);
        }

        Assert.Equal((SocketError.TooManyOpenSockets, Errno.EMFILE), (sync.Error, sync.Errno));
        Assert.Equal((SocketError.TooManyOpenSockets, Errno.EMFILE), (async.Error, async.Errno));
        Assert.Equal("socket: EMFILE: this process has no descriptor left; raise ulimit -n or close some", refused.Message);

        // The connection still waits in the queue.
        using Socket accepted = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
    }

    private static void Settle()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
