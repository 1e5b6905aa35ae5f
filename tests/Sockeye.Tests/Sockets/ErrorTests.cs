using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>Each failure is its own clear error: thrown with call, end point, errno and cause, or returned as a value.</summary>
public abstract class ErrorTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_refused_connect_says_that_nothing_listens_there(AddressFamily family) => Test(async () =>
    {
        EndPoint nobody = NobodyThere(family);
        using Socket client = Tcp(family);
        Expect(
            await Bounded(Style.Connect(client, nobody)),
            SocketError.ConnectionRefused,
            Errno.ECONNREFUSED,
            $"connect {nobody}: ECONNREFUSED: nothing listens there");
        Assert.False(client.Connected);

        // The same socket may try again.
        using Socket listener = Listener(family);
        Assert.True((await Bounded(Style.Connect(client, listener.LocalEndPoint!))).IsSuccess);
    });

    [Fact(Timeout = Limit)]
    public Task A_connect_to_no_file_and_to_a_file_nobody_serves_differ() => Test(async () =>
    {
        string path = FreshPath();
        using Socket client = Unix();
        Expect(
            await Bounded(Style.Connect(client, new UnixDomainSocketEndPoint(path))),
            SocketError.AddressNotAvailable,
            Errno.ENOENT,
            $"connect {path}: ENOENT: no such socket file; is the server running?");

        using (Socket left = Unix())
        {
            left.Bind(new UnixDomainSocketEndPoint(path));
            left.Detach().Dispose();
        }

        try
        {
            Expect(
                await Bounded(Style.Connect(client, new UnixDomainSocketEndPoint(path))),
                SocketError.ConnectionRefused,
                Errno.ECONNREFUSED,
                $"connect {path}: ECONNREFUSED: nothing listens there");
        }
        finally
        {
            File.Delete(path);
        }
    });

    // The kernel refuses it before anything leaves the machine.
    [Fact(Timeout = Limit)]
    public Task A_link_local_address_without_its_interface_says_what_is_missing() => Test(async () =>
    {
        using Socket client = Tcp(AddressFamily.InterNetworkV6);
        var nowhere = new IPEndPoint(IPAddress.Parse("fe80::1"), 80);
        Expect(
            await Bounded(Style.Connect(client, nowhere)),
            SocketError.InvalidArgument,
            Errno.EINVAL,
            $"connect {nowhere}: EINVAL: a link-local address needs its interface, as in [fe80::1%eth0]");
    });

    // 255.255.255.255 without SO_BROADCAST is refused before anything leaves the machine; so is class E on most kernels.
    [Fact(Timeout = Limit)]
    public Task An_unreachable_peer_is_distinguished() => Test(async () =>
    {
        using Socket udp = Udp();
        Outcome<int> outcome = await Bounded(Style.Connect(udp, new IPEndPoint(IPAddress.Broadcast, 9)));
        Expect(
            outcome,
            outcome.Error is SocketError.NetworkUnreachable ? SocketError.NetworkUnreachable : SocketError.AccessDenied,
            outcome.Error is SocketError.NetworkUnreachable ? Errno.ENETUNREACH : Errno.EACCES,
            outcome.Error is SocketError.NetworkUnreachable
                ? "connect 255.255.255.255:9: ENETUNREACH: no route to that network"
                : "connect 255.255.255.255:9: EACCES: not permitted; a broadcast address needs EnableBroadcast");

        // A source on loopback has no way out, whatever routes there are: nothing is sent.
        using Socket tcp = Tcp();
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Timeout = TimeSpan.FromSeconds(3);
        outcome = await Bounded(Style.Connect(tcp, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 9)));
        Assert.Contains(outcome.Error, new[] { SocketError.NetworkUnreachable, SocketError.HostUnreachable, SocketError.InvalidArgument });
        Assert.NotEqual(0, outcome.Errno);
    });

    [Fact(Timeout = Limit)]
    public Task A_wrong_host_name_is_HostNotFound_within_bounds() => Test(async () =>
    {
        using Socket client = Tcp();
        Task<Outcome<int>> connect = Style.Connect(client, new DnsEndPoint("no-such-host.invalid", 80));
        SocketError error;
        try
        {
            error = (await connect.WaitAsync(TimeSpan.FromSeconds(25))).Error;
        }
        catch (SocketException exception)
        {
            error = exception.SocketErrorCode;
        }

        // Without a name server: TryAgain.
        Assert.Contains(error, new[] { SocketError.HostNotFound, SocketError.TryAgain, SocketError.NoData });
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task What_waits_when_the_socket_is_disposed_ends_as_aborted(AddressFamily family) => Test(async () =>
    {
        await Aborts(family, socket => Style.Receive(socket, new byte[1]));
        await Aborts(family, socket => Style.ReceiveExactly(socket, new byte[1]));
        await Aborts(family, socket => Style.SendAll(socket, new byte[8_000_000]));
        await Aborts(family, socket => Style.Wait(socket, SocketEvents.Readable));
        using Socket listener = Listener(family);
        await Aborts(listener, socket => Style.Accept(socket));
        if (family != AddressFamily.Unix)
        {
            using Socket udp = BoundUdp(family);
            await Aborts(udp, socket => Style.ReceiveFrom(socket, new byte[1]));
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_connect_that_waits_ends_when_the_socket_is_disposed() => Test(async () =>
    {
        using Pair silent = await Silent();
        using Socket client = Tcp();
        Task<Outcome<int>> connect = Style.Connect(client, silent.Server.LocalEndPoint!);
        await Task.Delay(Moment);
        Assert.False(connect.IsCompleted);
        client.Dispose();
        if (Style is { IsSync: true, Throws: true })
        {
            // .NET's own choice for a synchronous connect.
            await Assert.ThrowsAsync<ObjectDisposedException>(() => Bounded(connect));
            return;
        }

        Assert.Equal(SocketError.OperationAborted, (await Bounded(connect)).Error);
    });

    [Fact(Timeout = Limit)]
    public Task A_disposed_socket_says_so_at_the_call() => Test(async () =>
    {
        using Pair pair = await Connected();
        EndPoint there = pair.Client.LocalEndPoint!;
        pair.Client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.Connect(pair.Client, there));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.Accept(pair.Client));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.Receive(pair.Client, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.ReceiveExactly(pair.Client, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.ReceiveFrom(pair.Client, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.Send(pair.Client, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.SendAll(pair.Client, new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.SendTo(pair.Client, new byte[1], there));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.Wait(pair.Client, SocketEvents.Readable));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task What_was_sent_arrives_although_the_sender_was_disposed(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        byte[] data = Bytes(100_000);
        Assert.Equal(data.Length, (await Bounded(Style.Send(pair.Client, data))).Value);
        pair.Client.Dispose();
        Assert.Equal(data, await ReadToEnd(pair.Server));
    });

    [Fact(Timeout = Limit)]
    public Task A_reset_and_a_closed_stream_are_distinguished() => Test(async () =>
    {
        using (Pair pair = await Connected())
        {
            pair.Server.LingerState = new LingerOption(enable: true, seconds: 0);
            pair.Server.Dispose();
            Outcome<int> outcome = await Bounded(Style.Receive(pair.Client, new byte[1]));
            Assert.Equal(SocketError.ConnectionReset, outcome.Error);
            Assert.Equal(Errno.ECONNRESET, outcome.Errno);
            if (Style.Throws)
            {
                Assert.EndsWith("ECONNRESET: the peer reset the connection", outcome.Message);
            }
        }

        using (Pair pair = await Connected())
        {
            pair.Client.Shutdown(SocketShutdown.Send);
            Outcome<int> outcome = await Bounded(Style.Send(pair.Client, new byte[1]));
            Assert.Equal(SocketError.Shutdown, outcome.Error);
            Assert.Equal(Errno.EPIPE, outcome.Errno);
        }

        using Socket unconnected = Tcp();
        Assert.Equal(Errno.ENOTCONN, (await Bounded(Style.Receive(unconnected, new byte[1]))).Errno);
    });

    [Fact(Timeout = Limit)]
    public Task A_datagram_nobody_received_is_reported_with_the_next_call() => Test(async () =>
    {
        using Socket udp = Udp();
        await udp.ConnectAsync(NobodyUdp());
        Assert.Equal(1, (await Bounded(Style.Send(udp, new byte[1]))).Value);
        Outcome<int> outcome = await Bounded(Style.Receive(udp, new byte[1]));
        Assert.Equal(SocketError.ConnectionRefused, outcome.Error);
        Assert.Equal(Errno.ECONNREFUSED, outcome.Errno);
    });

    [Fact(Timeout = Limit)]
    public Task A_canceled_call_is_canceled_and_the_socket_goes_on() => Test(async () =>
    {
        if (Style.IsSync)
        {
            return;
        }

        using Pair pair = await Connected();
        using Socket listener = Listener();
        using Pair silent = await Silent();
        using Socket client = Tcp();
        Func<CancellationToken, Task<(SocketError, int)>>[] calls =
        [
            async token => Errors(await Style.Receive(pair.Client, new byte[1], token: token)),
            async token => Errors(await Style.ReceiveExactly(pair.Client, new byte[1], token: token)),
            async token => Errors(await Style.Accept(listener, token)),
            async token => Errors(await Style.Wait(pair.Client, SocketEvents.Readable, token)),
            async token => Errors(await Style.Connect(client, silent.Server.LocalEndPoint!, token)),
        ];
        foreach (Func<CancellationToken, Task<(SocketError, int)>> call in calls)
        {
            using var source = new CancellationTokenSource();
            Task<(SocketError, int)> waiting = call(source.Token);
            Assert.False(waiting.IsCompleted);
            await source.CancelAsync();
            Assert.Equal((SocketError.OperationAborted, Errno.ECANCELED), await Bounded(waiting));
            Assert.Equal((SocketError.OperationAborted, Errno.ECANCELED), await Bounded(call(source.Token)));
        }

        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Client, new byte[1]))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task A_full_UNIX_backlog_makes_a_connect_wait_for_its_place() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.Unix, backlog: 0);
        var waiting = new List<Socket>();
        try
        {
            // The kernel takes one more than the backlog.
            while (true)
            {
                Socket filler = Unix();
                waiting.Add(filler);
                filler.Timeout = TimeSpan.Zero;
                SocketResult result = filler.TryConnect(listener.LocalEndPoint!);
                if (result.WouldBlock)
                {
                    break;
                }

                Assert.True(result.IsSuccess);
                Assert.True(waiting.Count < 100);
            }

            using Socket client = Unix();
            Task<Outcome<int>> connect = Style.Connect(client, listener.LocalEndPoint!);
            await Task.Delay(Moment);
            Assert.False(connect.IsCompleted);
            using Socket limited = Unix();
            limited.Timeout = TimeSpan.FromMilliseconds(80);
            Assert.Equal(SocketError.TimedOut, (await Bounded(Style.Connect(limited, listener.LocalEndPoint!))).Error);
            using Socket accepted = await listener.AcceptAsync().WaitAsync(Soon);
            Assert.True((await Bounded(connect)).IsSuccess);
            Assert.True(client.Connected);
        }
        finally
        {
            waiting.ForEach(static socket => socket.Dispose());
        }
    });

    private static (SocketError, int) Errors<T>(Outcome<T> outcome) => (outcome.Error, outcome.Errno);

    private static EndPoint NobodyUdp()
    {
        using Socket socket = BoundUdp();
        return socket.LocalEndPoint!;
    }

    private void Expect(Outcome<int> outcome, SocketError error, int errno, string message)
    {
        Assert.Equal(error, outcome.Error);
        Assert.Equal(Style.Throws ? new SocketException((int)error).NativeErrorCode : errno, outcome.Errno);
        if (Style.Throws)
        {
            Assert.Equal(message, outcome.Message);
        }
    }

    private async Task Aborts<T>(AddressFamily family, Func<Socket, Task<Outcome<T>>> call)
    {
        using Pair pair = await Connected(family);
        await Aborts(pair.Client, call);
    }

    private async Task Aborts<T>(Socket socket, Func<Socket, Task<Outcome<T>>> call)
    {
        Task<Outcome<T>> waiting = call(socket);
        await Task.Delay(30);
        Assert.False(waiting.IsCompleted);
        socket.Dispose();
        Outcome<T> outcome = await Bounded(waiting);
        if (Style is { IsSync: true, Throws: true })
        {
            // .NET's own choice for what a synchronous call throws.
            Assert.Equal(SocketError.Interrupted, outcome.Error);
            Assert.Contains("EBADF: the socket was closed meanwhile", outcome.Message);
            return;
        }

        Assert.Equal(SocketError.OperationAborted, outcome.Error);
        if (!Style.Throws)
        {
            Assert.Equal(Errno.EBADF, outcome.Errno);
        }
    }
}

public sealed class Error_Sync() : ErrorTests(SocketStyle.Sync);
public sealed class Error_Try() : ErrorTests(SocketStyle.Try);
public sealed class Error_Async() : ErrorTests(SocketStyle.Async);
public sealed class Error_TryAsync() : ErrorTests(SocketStyle.TryAsync);
public sealed class Error_Loop() : ErrorTests(SocketStyle.Loop);

public sealed class Error_LoopEpoll() : ErrorTests(SocketStyle.LoopEpoll);

public sealed class Error_Chaos() : ErrorTests(SocketStyle.Chaos);

public sealed class BindErrorTests : SocketTest
{
    [Fact]
    public void A_port_in_use_is_reported_with_what_to_look_at()
    {
        using Socket first = Listener();
        using Socket second = Tcp();
        EndPoint taken = first.LocalEndPoint!;
        SocketException exception = Fails(SocketError.AddressAlreadyInUse, () => second.Bind(taken));
        Assert.Equal($"bind {taken}: EADDRINUSE: another socket is bound there; see which with: ss -ltnup", exception.Message);
        SocketResult result = second.TryBind(taken);
        Assert.Equal((SocketError.AddressAlreadyInUse, Errno.EADDRINUSE), (result.Error, result.Errno));
        exception = Fails(SocketError.AddressAlreadyInUse, () => Socket.CreateServer(taken));
        Assert.StartsWith($"bind {taken}: EADDRINUSE", exception.Message);
    }

    [Fact]
    public void A_path_in_use_is_reported_with_what_to_do()
    {
        using Socket first = Listener(AddressFamily.Unix);
        using Socket second = Unix();
        SocketException exception = Fails(SocketError.AddressAlreadyInUse, () => second.Bind(first.LocalEndPoint!));
        Assert.Equal($"bind {first.LocalEndPoint}: EADDRINUSE: a file of that name exists; if no server uses it, remove it", exception.Message);
    }

    [Theory]
    [MemberData(nameof(AllFamilies))]
    public void Binding_twice_is_reported(AddressFamily family)
    {
        using Socket socket = Listener(family);
        EndPoint other = FreshEndPoint(family);
        SocketException exception = Fails(SocketError.InvalidArgument, () => socket.Bind(other));
        Assert.Equal($"bind {other}: EINVAL: this socket is bound already, or the address is not of its family", exception.Message);
        Assert.Equal(Errno.EINVAL, socket.TryBind(other).Errno);
    }

    [Fact]
    public void An_address_of_another_machine_and_a_missing_directory_are_reported()
    {
        using Socket socket = Tcp();
        var elsewhere = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0);
        SocketException exception = Fails(SocketError.AddressNotAvailable, () => socket.Bind(elsewhere));
        Assert.Equal("bind 192.0.2.1:0: EADDRNOTAVAIL: no interface of this machine has that address", exception.Message);
        using Socket unix = Unix();
        exception = Fails(SocketError.AddressNotAvailable, () => unix.Bind(new UnixDomainSocketEndPoint("/no/such/directory/socket")));
        Assert.Equal("bind /no/such/directory/socket: ENOENT: the directory does not exist", exception.Message);
    }

    [Fact]
    public void Value_names_the_errno_and_ThrowIfFailed_too()
    {
        using Socket first = Listener();
        using Socket second = Tcp();
        SocketException exception = Fails(SocketError.AddressAlreadyInUse, () => second.TryBind(first.LocalEndPoint!).ThrowIfFailed());
        Assert.Equal("EADDRINUSE: Address already in use", exception.Message);
        second.Timeout = TimeSpan.Zero;
        exception = Fails(SocketError.NotConnected, () => _ = second.TryReceive(new byte[1]).Value);
        Assert.StartsWith("ENOTCONN: ", exception.Message);
        SocketResult<int> result = second.TryReceive(new byte[1]);
        (SocketError error, int value) = result;
        Assert.Equal((SocketError.NotConnected, 0), (error, value));
        Assert.False(result.TryGetValue(out _));
        Assert.Equal("ENOTCONN (NotConnected)", result.ToString());
        Assert.Equal("ok", first.TryListen().ToString());
    }
}
