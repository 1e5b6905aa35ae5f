using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>How a connect went, and what the socket is good for afterwards.</summary>
public abstract class ConnectTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task Connect_starts_again_after_its_failure_was_read(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        FailUnheard(client, family);
        Assert.Equal(Errno.ECONNREFUSED, client.GetOption(SocketOptions.Error));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        Assert.True(client.Connected);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task Connect_reports_the_failure_of_one_that_nobody_waited_for_and_then_starts_again(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        FailUnheard(client, family);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        Assert.Equal(0, client.GetOption(SocketOptions.Error));
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_socket_that_was_refused_again_and_again_connects_in_the_end(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket socket = Stream(family);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(family)))).Error);
        }

        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
    });

    [Theory(Timeout = Limit)]
    [InlineData(ProtocolType.Tcp)]
    [InlineData(Mptcp)]
    public Task A_dual_mode_socket_that_IPv4_refused_connects_to_IPv6(ProtocolType protocol) => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = DualMode(protocol);
        nint number = socket.Handle;
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, new IPEndPoint(IPAddress.Loopback, PortOf(listener))))).Error);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(number, socket.Handle);
        Assert.Equal(listener.LocalEndPoint, socket.RemoteEndPoint);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Fact(Timeout = Limit)]
    public Task Addresses_of_both_families_are_tried_on_one_socket() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = DualMode();
        IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        await (Style.IsSync ? Run(() => socket.Connect(addresses, PortOf(listener))) : socket.ConnectAsync(addresses, PortOf(listener)).WaitAsync(Soon));
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Fact(Timeout = Limit)]
    public Task Refusals_of_both_families_in_turn_are_each_reported() => Test(async () =>
    {
        using Socket socket = DualMode();
        for (int i = 0; i < 3; i++)
        {
            foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, NobodyThere(family)))).Error);
            }
        }

        using Socket listener = Listener();
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
    });

    [Fact(Timeout = Limit)]
    public Task Connecting_with_data_goes_from_IPv4_to_IPv6_too() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = DualMode();
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, new IPEndPoint(IPAddress.Loopback, PortOf(listener))))).Error);
        SocketResult<int> sent = Style.IsSync
            ? await Run(() => socket.TryConnectAndSend(listener.LocalEndPoint!, "hello"u8))
            : await Bounded(socket.TryConnectAndSendAsync(listener.LocalEndPoint!, "hello"u8.ToArray()).AsTask());
        Assert.Equal(5, sent.Value);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server, alreadySent: 5);
    });

    [Fact(Timeout = Limit)]
    public Task Options_and_the_bound_port_follow_from_IPv4_to_IPv6() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = DualMode();
        socket.Inheritable = true;
        socket.NoDelay = true;
        socket.LingerState = new LingerOption(enable: true, seconds: 7);
        socket.SetOption(TcpOptions.KeepAliveTime, TimeSpan.FromSeconds(77));
        socket.SetOption(TcpOptions.CongestionControl, "reno");
        socket.SetOption(Ipv6Options.TrafficClass, 0x20);
        socket.ReceiveBufferSize = 50_000;
        int receiveBuffer = socket.ReceiveBufferSize;

        // A port that the kernel chose would go with the failure, as on any socket.
        int port = BindToChosenPort(socket);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, new IPEndPoint(IPAddress.Loopback, PortOf(listener))))).Error);
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(socket, listener.LocalEndPoint!))).Error);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, port), socket.LocalEndPoint);
        Assert.True(socket.Inheritable);
        Assert.True(socket.NoDelay);
        Assert.True(socket.DualMode);
        Assert.Equal(new LingerOption(enable: true, seconds: 7), socket.LingerState);
        Assert.Equal(TimeSpan.FromSeconds(77), socket.GetOption(TcpOptions.KeepAliveTime));
        Assert.Equal("reno", socket.GetOption(TcpOptions.CongestionControl));
        Assert.Equal(0x20, socket.GetOption(Ipv6Options.TrafficClass));
        Assert.Equal(receiveBuffer, socket.ReceiveBufferSize);
        Assert.Equal(SocketBufferLocks.Receive, socket.GetOption(SocketOptions.BufferLocks) & SocketBufferLocks.Receive);
        socket.LingerState = new LingerOption(enable: false, seconds: 0);
    });

    // Below the range that the kernel chooses from, which other tests use meanwhile (ip_local_port_range).
    private static int BindToChosenPort(Socket socket)
    {
        for (int attempt = 0; ; attempt++)
        {
            int port = Random.Shared.Next(12_000, 32_000);
            SocketResult bound = socket.TryBind(new IPEndPoint(IPAddress.IPv6Any, port));
            if (bound.IsSuccess)
            {
                return port;
            }

            Assert.True(attempt < 100 && bound.Error == SocketError.AddressAlreadyInUse, $"bind {port}: {bound}");
        }
    }

    [Fact(Timeout = Limit)]
    public Task What_waits_behind_an_IPv4_refusal_goes_on_with_the_IPv6_connection() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket socket = DualMode();

        // Both in the queue at once, where the style is asynchronous; the second is tried by whoever ends the first.
        Task<Outcome<int>> first = Style.Connect(socket, new IPEndPoint(IPAddress.Loopback, PortOf(listener)));
        if (Style.IsSync)
        {
            await Bounded(first);
        }

        Task<Outcome<int>> second = Style.Connect(socket, listener.LocalEndPoint!);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(first)).Error);
        Assert.Equal(SocketError.Success, (await Bounded(second)).Error);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        await Echo(socket, server);
    });

    [Fact(Timeout = Limit)]
    public Task Dispose_beside_the_change_of_sockets_closes_both() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        var there = new IPEndPoint(IPAddress.Loopback, PortOf(listener));
        for (int i = 0; i < 50; i++)
        {
            Socket socket = DualMode();
            Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Connect(socket, there))).Error);
            Task<Outcome<int>> connect = Task.Run(async () =>
            {
                try
                {
                    return await Style.Connect(socket, listener.LocalEndPoint!);
                }
                catch (ObjectDisposedException)
                {
                    return new Outcome<int>(0, SocketError.OperationAborted, Errno.EBADF, 0, 0, null);
                }
            });
            Task dispose = Task.Run(socket.Dispose);
            await dispose.WaitAsync(Soon);
            SocketError error = (await Bounded(connect)).Error;
            Assert.True(error is SocketError.Success or SocketError.OperationAborted or SocketError.Interrupted, error.ToString());
        }

        // Each connection that was made ends: no poll and no copy keeps a socket open.
        while (listener.Poll(0, SelectMode.SelectRead))
        {
            using Socket server = listener.Accept();
            server.Timeout = Soon;
            Assert.Equal(0, server.Receive(new byte[1]));
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(AddressFamily.InterNetwork, false)]
    [InlineData(AddressFamily.InterNetwork, true)]
    [InlineData(AddressFamily.InterNetworkV6, true)]
    [InlineData(AddressFamily.Unix, false)]
    [InlineData(AddressFamily.Unix, true)]
    public Task Disconnect_delivers_all_that_was_sent_before(AddressFamily family, bool reuse) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        client.SendBufferSize = 1 << 20;
        Assert.Equal(SocketError.Success, (await Bounded(Style.Connect(client, listener.LocalEndPoint!))).Error);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        byte[] data = Bytes(150_000);
        Assert.Equal(data.Length, (await Bounded(Style.SendAll(client, data))).Value);
        await Disconnect(client, reuse);
        Assert.False(client.Connected);
        byte[] received = await ReadToEnd(server);
        Assert.True(data.AsSpan().SequenceEqual(received));
    });

    [Fact(Timeout = Limit)]
    public Task Disconnect_for_reuse_delivers_although_the_peers_bytes_were_not_read() => Test(async () =>
    {
        using Pair pair = await Connected();
        await pair.Server.SendAsync(new byte[1000]);
        Assert.NotEqual(SocketEvents.None, await pair.Client.WaitAsync(SocketEvents.Readable).AsTask().WaitAsync(Soon));
        Assert.Equal(3, (await Bounded(Style.SendAll(pair.Client, new byte[] { 1, 2, 3 }))).Value);
        await Disconnect(pair.Client, reuse: true);
        Assert.Equal([1, 2, 3], await ReadToEnd(pair.Server));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task A_socket_disconnected_for_reuse_connects_again(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        using Socket client = Stream(family);
        nint number = client.Handle;
        for (int i = 0; i < 3; i++)
        {
            // The synchronous throwing Connect refuses after Disconnect, as in .NET.
            SocketResult connected = Style.IsSync
                ? await Run(() => client.TryConnect(listener.LocalEndPoint!))
                : await Bounded(client.TryConnectAsync(listener.LocalEndPoint!).AsTask());
            Assert.True(connected.IsSuccess, connected.ToString());
            using Socket server = (await Bounded(Style.Accept(listener))).Value!;
            await Echo(client, server);
            Task<Outcome<int>> end = Style.Receive(client, new byte[1]);
            if (Style.IsSync)
            {
                await Eventually(() => client.Core.ExtrasIfAny is { Waiters: not null });
            }

            await Disconnect(client, reuse: true);
            Outcome<int> received = await Bounded(end);
            Assert.True(received is { IsSuccess: true, Value: 0 }, received.ToString());
            Assert.Empty(await ReadToEnd(server));
            Assert.Equal(number, client.Handle);
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public Task Disconnect_and_Shutdown_after_the_peers_reset_are_no_failures(bool seen) => Test(async () =>
    {
        foreach (AddressFamily family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix })
        {
            foreach (Action<Socket> end in new Action<Socket>[]
            {
                static socket => socket.Shutdown(SocketShutdown.Both),
                static socket => Assert.True(socket.TryShutdown(SocketShutdown.Send).IsSuccess),
                static socket => socket.Disconnect(reuseSocket: false),
                static socket => socket.Disconnect(reuseSocket: true),
            })
            {
                using Pair pair = await Connected(family);
                pair.Server.LingerState = new LingerOption(enable: true, seconds: 0);
                pair.Server.Dispose();
                await pair.Client.WaitAsync(SocketEvents.HangUp).AsTask().WaitAsync(Soon);
                if (seen)
                {
                    await Bounded(Style.Receive(pair.Client, new byte[1]));
                }

                end(pair.Client);
                end(pair.Client);
                Assert.False(pair.Client.Connected);
            }
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task Shutdown_and_Disconnect_of_a_socket_that_never_was_connected_are_failures(AddressFamily family) => Test(async () =>
    {
        using Socket socket = Stream(family);
        await Bounded(Style.Connect(socket, family == AddressFamily.Unix ? FreshEndPoint(family) : NobodyThere(family)));
        if (family != AddressFamily.Unix)
        {
            // unix_shutdown knows no state.
            Assert.Equal(Errno.ENOTCONN, socket.TryShutdown(SocketShutdown.Both).Errno);
        }

        Assert.Equal(Errno.ENOTCONN, socket.TryDisconnect(reuseSocket: false).Errno);
        Assert.Equal(Errno.ENOTCONN, socket.TryDisconnect(reuseSocket: true).Errno);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_datagram_socket_stays_connected_when_its_peer_refuses(AddressFamily family) => Test(async () =>
    {
        using Socket client = Udp(family);
        using (Socket peer = BoundUdp(family))
        {
            client.Connect(peer.LocalEndPoint!);
        }

        await Bounded(Style.Send(client, new byte[1]));
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Receive(client, new byte[1]))).Error);
        Assert.True(client.Connected);

        // A refusal that the next send reports.
        await Bounded(Style.Send(client, new byte[1]));
        await client.WaitAsync(SocketEvents.Error).AsTask().WaitAsync(Soon);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Send(client, new byte[1]))).Error);
        Assert.True(client.Connected);
    });

    [Fact(Timeout = Limit)]
    public Task A_UNIX_datagram_socket_loses_its_peer_with_the_peers_socket() => Test(async () =>
    {
        using Socket client = Unix(SocketType.Dgram);
        using (Socket peer = Unix(SocketType.Dgram))
        {
            peer.Bind(FreshEndPoint(AddressFamily.Unix));
            client.Connect(peer.LocalEndPoint!);
        }

        Assert.True(client.Connected);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Send(client, new byte[1]))).Error);
        Assert.False(client.Connected);
    });

    [Fact(Timeout = Limit)]
    public Task SendTo_on_a_connected_stream_sends_all() => Test(async () =>
    {
        using Pair pair = await Narrow();
        byte[] data = Bytes(1_000_000);
        Task<Outcome<int>> send = Style.SendTo(pair.Client, data, pair.Server.LocalEndPoint!);
        byte[] received = new byte[data.Length];
        await pair.Server.ReceiveExactlyAsync(received).AsTask().WaitAsync(Soon);
        Assert.Equal(data.Length, (await Bounded(send)).Value);
        Assert.True(data.AsSpan().SequenceEqual(received));
    });

    [Fact(Timeout = Limit)]
    public Task A_names_family_is_kept() => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket socket = DualMode();

        // On a socket of both families, where an IPv4 address would connect.
        Outcome<int> outcome = await Bounded(Style.Connect(socket, new DnsEndPoint("127.0.0.1", PortOf(listener), AddressFamily.InterNetworkV6)));
        Assert.True(outcome.Error is SocketError.HostNotFound or SocketError.NoData, outcome.ToString());
        Assert.False(socket.Connected);
    });

    private const ProtocolType Mptcp = (ProtocolType)262;

    private static Socket DualMode(ProtocolType protocol = ProtocolType.Tcp) =>
        new(AddressFamily.InterNetworkV6, SocketType.Stream, protocol) { DualMode = true };

    private Task Disconnect(Socket socket, bool reuse)
    {
        if (!Style.IsSync)
        {
            return socket.DisconnectAsync(reuse).AsTask().WaitAsync(Soon);
        }

        return Run(() =>
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
    }

    // Waits for the reply, so that the engine has to report it.
    private async Task Echo(Socket client, Socket server, int alreadySent = 0)
    {
        byte[] buffer = new byte[8];
        Task<Outcome<int>> answer = Style.Receive(client, buffer);
        int sent = alreadySent == 0 ? (await Bounded(Style.Send(client, new byte[] { 1, 2, 3 }))).Value : alreadySent;
        byte[] request = new byte[sent];
        Assert.Equal(sent, (await Bounded(Style.ReceiveExactly(server, request))).Value);
        await server.SendAsync(new byte[] { 9, 8 });
        Assert.Equal(2, (await Bounded(answer)).Value);
    }

    // Begins a connect without waiting, and lets it be refused.
    private static void FailUnheard(Socket client, AddressFamily family)
    {
        client.Blocking = false;
        SocketResult begun = client.TryConnect(NobodyThere(family));
        Assert.Equal(Errno.EINPROGRESS, begun.Errno);
        Assert.NotEqual(SocketEvents.None, client.Wait(SocketEvents.Writable, Soon) & SocketEvents.Error);
        client.Blocking = true;
    }
}

/// <summary>What the socket under a descriptor's number gets of the one before.</summary>
public sealed class OptionCopyTests
{
    // Each with the reason why it does not follow.
    private static readonly Dictionary<object, string> s_left = new()
    {
        [SocketOptions.Filter] = "a filter may be locked, and eBPF ones cannot be read",
        [SocketOptions.LockFilter] = "goes with the filter",
        [SocketOptions.BufferLocks] = "set with the sizes",
        [SocketOptions.ReceiveBuffer] = "copied where the user has set it",
        [SocketOptions.SendBuffer] = "copied where the user has set it",
        [SocketOptions.BindToDevice] = "SO_BINDTOIFINDEX says the same",
        [SocketOptions.IncomingCpu] = "reads as the CPU of the last packet",
        [SocketOptions.PeekOffset] = "a place in the old stream",
        [IpOptions.HeaderIncluded] = "raw sockets'",
        [Ipv6Options.AddressForm] = "turns the socket into an IPv4 one",
        [Ipv6Options.Checksum] = "raw sockets'",
        [Ipv6Options.HeaderIncluded] = "raw sockets'",
        [Ipv6Options.Mtu] = "reads as the path's",
        [Ipv6Options.RouterAlert] = "raw sockets'",
        [Ipv6Options.RouterAlertIsolate] = "raw sockets'",
        [TcpOptions.Authentication] = "keys cannot be read",
        [TcpOptions.AuthenticationRepair] = "the connection's",
        [TcpOptions.MaxSegment] = "reads as the connection's",
        [TcpOptions.QueueSequence] = "the connection's",
        [TcpOptions.QuickAcknowledge] = "the connection's",
        [TcpOptions.Repair] = "the connection's",
        [TcpOptions.RepairQueue] = "the connection's",
        [TcpOptions.RepairWindow] = "the connection's",
        [TcpOptions.Timestamp] = "the connection's",
        [TcpOptions.UpperLayerProtocol] = "the connection's",
        [TcpOptions.WindowClamp] = "reads as the connection's",
    };

    [Fact]
    public void Every_option_that_can_be_read_and_set_follows_or_has_its_reason()
    {
        int keys = 0;
        foreach (Type level in new[] { typeof(SocketOptions), typeof(IpOptions), typeof(Ipv6Options), typeof(TcpOptions), typeof(VsockOptions), typeof(TipcOptions) })
        {
            foreach (System.Reflection.FieldInfo field in level.GetFields())
            {
                object? key = field.GetValue(null);
                if (key?.GetType() is not { IsGenericType: true } type || type.GetGenericTypeDefinition() != typeof(SocketOption<>)
                    || (SocketOptionAccess)type.GetProperty("Access")!.GetValue(key)! != SocketOptionAccess.Both)
                {
                    continue;
                }

                keys++;
                bool copied = Sockeye.OptionCopy.Copies((int)type.GetProperty("Level")!.GetValue(key)!, (int)type.GetProperty("Name")!.GetValue(key)!);
                Assert.True(copied != s_left.ContainsKey(key), $"{level.Name}.{field.Name}");
            }
        }

        Assert.True(keys > 100);
    }
}

public sealed class Connect_Sync() : ConnectTests(SocketStyle.Sync);

public sealed class Connect_Try() : ConnectTests(SocketStyle.Try);

public sealed class Connect_Async() : ConnectTests(SocketStyle.Async);

public sealed class Connect_TryAsync() : ConnectTests(SocketStyle.TryAsync);

public sealed class Connect_Loop() : ConnectTests(SocketStyle.Loop);

public sealed class Connect_LoopEpoll() : ConnectTests(SocketStyle.LoopEpoll);

public sealed class Connect_Chaos() : ConnectTests(SocketStyle.Chaos);
