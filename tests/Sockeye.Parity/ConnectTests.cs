using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public abstract class ConnectTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Connect_reaches_a_listener(AddressFamily family)
    {
        using Socket listener = Listener(family);
        using Socket client = family == AddressFamily.Unix ? Unix() : Tcp(family);
        Assert.False(client.Connected);
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint!.ToString(), client.RemoteEndPoint!.ToString());
        Assert.NotNull(client.LocalEndPoint);
        if (family != AddressFamily.Unix)
        {
            Assert.Equal(Loopback(family), ((IPEndPoint)client.LocalEndPoint).Address);
            Assert.NotEqual(0, PortOf(client));
            Assert.True(client.IsBound);
        }
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task Connect_takes_an_address_and_a_port(AddressFamily family)
    {
        using Socket listener = Listener(family);
        using Socket client = Tcp(family);
        await Style.Connect(client, Loopback(family), PortOf(listener)).WaitAsync(Soon);
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_takes_the_addresses_in_order_and_skips_other_families()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await Style.Connect(client, [IPAddress.IPv6Loopback, IPAddress.Loopback], PortOf(listener)).WaitAsync(Soon);
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_goes_on_to_the_next_address_when_one_refuses()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await Style.Connect(client, [IPAddress.Parse("127.0.0.2"), IPAddress.Loopback], PortOf(listener)).WaitAsync(Soon);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        client.Send([1]);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal([1], await ReadExactly(server, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_reports_the_last_refusal_when_every_address_refuses()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Tcp();
        int port = PortOf(closed);
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")], port));
        Assert.False(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_takes_a_host_name()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await Style.Connect(client, "localhost", PortOf(listener)).WaitAsync(Soon);
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Theory(Timeout = Limit)]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork)]
    [InlineData("::1", AddressFamily.InterNetworkV6)]
    public async Task Connect_takes_a_host_that_is_an_address(string host, AddressFamily family)
    {
        using Socket listener = Listener(family);
        using Socket client = Tcp(family);
        await Style.Connect(client, host, PortOf(listener)).WaitAsync(Soon);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_takes_a_DnsEndPoint()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await Style.Connect(client, new DnsEndPoint("localhost", PortOf(listener))).WaitAsync(Soon);
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_takes_a_DnsEndPoint_of_the_sockets_family()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await Style.Connect(client, new DnsEndPoint("localhost", PortOf(listener), AddressFamily.InterNetwork)).WaitAsync(Soon);
        Assert.True(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_to_a_name_that_cannot_be_is_HostNotFound()
    {
        using Socket client = Tcp();
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => Style.Connect(client, new string('a', 70) + ".invalid", 9).WaitAsync(Soon));
        Assert.Contains(e.SocketErrorCode, new[] { SocketError.HostNotFound, SocketError.TryAgain, SocketError.NoData, SocketError.NoRecovery });
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task Connect_to_a_port_nobody_listens_on_is_refused(AddressFamily family)
    {
        using Socket closed = Tcp(family);
        closed.Bind(new IPEndPoint(Loopback(family), 0));
        using Socket client = Tcp(family);
        SocketException e = await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, closed.LocalEndPoint!));
        Assert.Equal(111, e.NativeErrorCode);
        Assert.False(client.Connected);
        Assert.Null(client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_refusal_names_the_end_point()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Tcp();
        SocketException e = await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, closed.LocalEndPoint!));
        if (Style.IsSync)
        {
            Assert.Contains(closed.LocalEndPoint!.ToString()!, e.Message);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_socket_can_connect_again()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket listener = Listener();
        using Socket client = Tcp();
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, closed.LocalEndPoint!));
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.True(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_twice_is_IsConnected()
    {
        using Pair pair = await Connected();
        EndPoint remote = pair.Client.RemoteEndPoint!;
        await FailsAsync(SocketError.IsConnected, () => Style.Connect(pair.Client, remote));
        Assert.True(pair.Client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_on_a_listener_is_an_invalid_operation()
    {
        using Socket listener = Listener();
        using Socket other = Listener();
        await ThrowsAtOnce<InvalidOperationException>(() => Style.Connect(listener, other.LocalEndPoint!));
        await ThrowsAtOnce<InvalidOperationException>(() => Style.Connect(listener, IPAddress.Loopback, 9));
        await ThrowsAtOnce<InvalidOperationException>(() => Style.Connect(listener, "localhost", 9));
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_keeps_the_address_bound_before()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint local = client.LocalEndPoint!;
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(local, client.LocalEndPoint);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal(local, server.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_after_Bind_to_any_shows_the_address_in_use()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        client.Bind(new IPEndPoint(IPAddress.Any, 0));
        Assert.Equal(IPAddress.Any, ((IPEndPoint)client.LocalEndPoint!).Address);
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Address);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task Connect_of_a_datagram_socket_names_its_peer(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = Udp(family);
        await Style.Connect(sender, receiver.LocalEndPoint!).WaitAsync(Soon);
        Assert.True(sender.Connected);
        Assert.Equal(receiver.LocalEndPoint, sender.RemoteEndPoint);
        Assert.Equal(1, sender.Send([9]));
        byte[] buffer = new byte[4];
        Assert.Equal(1, await receiver.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
        Assert.Equal(9, buffer[0]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_datagram_socket_may_connect_again_to_another_peer()
    {
        using Socket one = BoundUdp();
        using Socket two = BoundUdp();
        using Socket sender = Udp();
        await Style.Connect(sender, one.LocalEndPoint!).WaitAsync(Soon);
        await Style.Connect(sender, two.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(two.LocalEndPoint, sender.RemoteEndPoint);
        sender.Send([3]);
        byte[] buffer = new byte[4];
        Assert.Equal(1, await two.ReceiveAsync(buffer.AsMemory()).AsTask().WaitAsync(Soon));
        Assert.Equal(0, one.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_connect()
    {
        using Pair full = await Saturated();
        Socket client = Tcp();
        Task connect = Style.Connect(client, full.Server.LocalEndPoint!);
        await Task.Delay(Moment);
        Assert.False(connect.IsCompleted);
        await Run(client.Dispose);
        if (Style.IsSync)
        {
            Exception e = await Assert.ThrowsAnyAsync<Exception>(() => connect.WaitAsync(Soon));
            Assert.True(e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.NotSocket }, e.ToString());
        }
        else
        {
            await FailsAsync(SocketError.OperationAborted, () => connect);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_connect_that_waits_ends_when_the_listener_has_room()
    {
        using Pair full = await Saturated();
        using Socket client = Tcp();
        Task connect = Style.Connect(client, full.Server.LocalEndPoint!);
        await Task.Delay(Moment);
        Assert.False(connect.IsCompleted);
        Assert.False(client.Connected);
        using Socket first = await full.Server.AcceptAsync().WaitAsync(Soon);
        await connect.WaitAsync(Soon);
        Assert.True(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_on_a_disposed_socket_says_so()
    {
        Socket socket = Tcp();
        socket.Dispose();
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Connect(socket, new IPEndPoint(IPAddress.Loopback, 9)));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Connect(socket, IPAddress.Loopback, 9));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Connect(socket, [IPAddress.Loopback], 9));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Connect(socket, "localhost", 9));
    }

    [Fact(Timeout = Limit)]
    public async Task Wrong_arguments_are_reported_at_once()
    {
        using Socket socket = Tcp();
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Connect(socket, (EndPoint)null!));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Connect(socket, (IPAddress)null!, 9));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Connect(socket, (IPAddress[])null!, 9));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Connect(socket, (string)null!, 9));
        await ThrowsAtOnce<ArgumentException>(() => Style.Connect(socket, System.Array.Empty<IPAddress>(), 9));
        foreach (int port in new[] { -1, 65_536 })
        {
            await ThrowsAtOnce<ArgumentOutOfRangeException>(() => Style.Connect(socket, IPAddress.Loopback, port));
            await ThrowsAtOnce<ArgumentOutOfRangeException>(() => Style.Connect(socket, [IPAddress.Loopback], port));
            await ThrowsAtOnce<ArgumentOutOfRangeException>(() => Style.Connect(socket, "localhost", port));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task An_address_of_another_family_is_not_supported()
    {
        using Socket socket = Tcp();
        await ThrowsAtOnce<NotSupportedException>(() => Style.Connect(socket, IPAddress.IPv6Loopback, 9));
    }

    [Fact(Timeout = Limit)]
    public async Task An_end_point_of_another_family_is_the_kernels_to_refuse_or_not_supported()
    {
        using Socket socket = Tcp();
        foreach (EndPoint other in new EndPoint[] { new IPEndPoint(IPAddress.IPv6Loopback, 9), new UnixDomainSocketEndPoint(FreshPath()) })
        {
            if (Style.IsSync)
            {
                await Assert.ThrowsAnyAsync<SocketException>(() => Style.Connect(socket, other).WaitAsync(Soon));
            }
            else
            {
                await ThrowsAtOnce<NotSupportedException>(() => Style.Connect(socket, other));
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Connect_by_name_needs_an_internet_socket()
    {
        using Socket socket = Unix();
        await ThrowsAtOnce<NotSupportedException>(() => Style.Connect(socket, IPAddress.Loopback, 9));
        await Assert.ThrowsAsync<NotSupportedException>(() => Style.Connect(socket, [IPAddress.Loopback], 9).WaitAsync(Soon));
        // The async call looks the name up first, and finds no address of the family.
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => Style.Connect(socket, "localhost", 9).WaitAsync(Soon));
        Assert.True(Style.IsSync ? e is NotSupportedException : e is NotSupportedException or SocketException, e.ToString());
    }
}

public sealed class Connect_Array() : ConnectTests(CallStyle.Array);
public sealed class Connect_Forced() : ConnectTests(CallStyle.Forced);
public sealed class Connect_Tasks() : ConnectTests(CallStyle.Tasks);
public sealed class Connect_Memory() : ConnectTests(CallStyle.Memory);
public sealed class Connect_Cancellable() : ConnectTests(CallStyle.Cancellable);

public abstract class DualModeTests(CallStyle style) : StyledTest(style)
{
    private static Socket Dual() => new(SocketType.Stream, ProtocolType.Tcp);

    public static readonly TheoryData<string> Targets = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Targets))]
    public async Task A_dual_mode_socket_connects_to_either_family(string target)
    {
        IPAddress address = IPAddress.Parse(target);
        using Socket listener = Listener(address.IsIPv4MappedToIPv6 ? AddressFamily.InterNetwork : address.AddressFamily);
        using Socket client = Dual();
        await Style.Connect(client, new IPEndPoint(address, PortOf(listener))).WaitAsync(Soon);
        Assert.True(client.Connected);
        IPEndPoint remote = Assert.IsType<IPEndPoint>(client.RemoteEndPoint);
        Assert.Equal(AddressFamily.InterNetworkV6, remote.AddressFamily);
        Assert.Equal(address.MapToIPv6(), remote.Address);
        Assert.Equal(AddressFamily.InterNetworkV6, client.LocalEndPoint!.AddressFamily);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Targets))]
    public async Task A_dual_mode_socket_connects_by_address_and_by_list(string target)
    {
        IPAddress address = IPAddress.Parse(target);
        using Socket listener = Listener(address.IsIPv4MappedToIPv6 ? AddressFamily.InterNetwork : address.AddressFamily);
        using Socket one = Dual();
        await Style.Connect(one, address, PortOf(listener)).WaitAsync(Soon);
        Assert.True(one.Connected);
        using Socket two = Dual();
        await Style.Connect(two, [address], PortOf(listener)).WaitAsync(Soon);
        Assert.True(two.Connected);
        using Socket three = Dual();
        await Style.Connect(three, target, PortOf(listener)).WaitAsync(Soon);
        Assert.True(three.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task A_dual_mode_socket_connects_to_a_name_on_IPv4()
    {
        using Socket listener = Listener();
        using Socket client = Dual();
        await Style.Connect(client, "localhost", PortOf(listener)).WaitAsync(Soon);
        Assert.True(client.Connected);
        using Socket other = Dual();
        await Style.Connect(other, new DnsEndPoint("localhost", PortOf(listener))).WaitAsync(Soon);
        Assert.True(other.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_of_IPv6_alone_does_not_take_IPv4()
    {
        using Socket client = Tcp(AddressFamily.InterNetworkV6);
        client.DualMode = false;
        await ThrowsAtOnce<NotSupportedException>(() => Style.Connect(client, IPAddress.Loopback, 9));
    }

    [Fact(Timeout = Limit)]
    public async Task A_dual_mode_socket_is_refused_like_any_other()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Dual();
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, closed.LocalEndPoint!));
        Assert.False(client.Connected);
    }

    [Theory(Timeout = Limit)]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork)]
    [InlineData("::1", AddressFamily.InterNetworkV6)]
    public async Task A_dual_mode_listener_on_any_accepts_either_family(string target, AddressFamily family)
    {
        using Socket listener = Dual();
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        listener.Listen();
        using Socket client = Tcp(family);
        Task<Socket> accept = Style.Accept(listener);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Parse(target), PortOf(listener)));
        using Socket server = await accept.WaitAsync(Soon);
        Assert.Equal(AddressFamily.InterNetworkV6, server.AddressFamily);
        Assert.Equal(IPAddress.Parse(target).MapToIPv6(), ((IPEndPoint)server.RemoteEndPoint!).Address);
        Assert.Equal(PortOf(client), ((IPEndPoint)server.RemoteEndPoint!).Port);
        Assert.True(server.DualMode);
    }

    [Theory(Timeout = Limit)]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    [InlineData("::ffff:127.0.0.1")]
    public async Task A_dual_mode_listener_may_bind_an_IPv4_address(string at)
    {
        using Socket listener = Dual();
        listener.Bind(new IPEndPoint(IPAddress.Parse(at), 0));
        listener.Listen();
        IPEndPoint local = Assert.IsType<IPEndPoint>(listener.LocalEndPoint);
        Assert.Equal(IPAddress.Parse(at).MapToIPv6(), local.Address);
        using Socket client = Tcp();
        Task<Socket> accept = Style.Accept(listener);
        await client.ConnectAsync(IPAddress.Loopback, PortOf(listener));
        using Socket server = await accept.WaitAsync(Soon);
        Assert.True(server.Connected);
    }

    [Theory(Timeout = Limit)]
    [InlineData("127.0.0.1", AddressFamily.InterNetwork)]
    [InlineData("::1", AddressFamily.InterNetworkV6)]
    public async Task Datagrams_cross_the_families(string target, AddressFamily family)
    {
        IPAddress address = IPAddress.Parse(target);
        using Socket receiver = BoundUdp(family);
        using Socket dual = new(SocketType.Dgram, ProtocolType.Udp);
        Assert.Equal(2, await Style.SendTo(dual, new byte[] { 1, 2 }, new IPEndPoint(address, PortOf(receiver))).WaitAsync(Soon));
        byte[] buffer = new byte[8];
        SocketReceiveFromResult got = await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(Any(family), 0)).WaitAsync(Soon);
        Assert.Equal(2, got.ReceivedBytes);

        receiver.SendTo([4], got.RemoteEndPoint);
        SocketReceiveFromResult back = await Style.ReceiveFrom(dual, buffer, new IPEndPoint(IPAddress.IPv6Any, 0)).WaitAsync(Soon);
        Assert.Equal(1, back.ReceivedBytes);
        Assert.Equal(new IPEndPoint(address.MapToIPv6(), PortOf(receiver)), back.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_that_IPv4_refused_connects_to_IPv6()
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Connect(client, new IPEndPoint(IPAddress.Loopback, PortOf(listener))));
        await Style.Connect(client, listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_with_IPv4_first_reaches_a_listener_on_IPv6()
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        await Style.Connect(client, [IPAddress.Loopback, IPAddress.IPv6Loopback], PortOf(listener)).WaitAsync(Soon);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_host_name_is_no_form_of_answer()
    {
        using Socket socket = BoundUdp();
        var name = new DnsEndPoint("localhost", 9, AddressFamily.InterNetwork);
        await ThrowsAtOnce<ArgumentException>(() => Style.ReceiveFrom(socket, new byte[8], name));
        await ThrowsAtOnce<ArgumentException>(() => Style.ReceiveMessageFrom(socket, new byte[8], name));
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveFrom_on_dual_mode_takes_an_IPv4_end_point_as_the_form_of_answer()
    {
        using Socket dual = new(SocketType.Dgram, ProtocolType.Udp);
        dual.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        using Socket sender = BoundUdp();
        sender.SendTo([1], new IPEndPoint(IPAddress.Loopback, PortOf(dual)));
        SocketReceiveFromResult got = await Style.ReceiveFrom(dual, new byte[8], new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), PortOf(sender)), got.RemoteEndPoint);
    }
}

public sealed class DualMode_Array() : DualModeTests(CallStyle.Array);
public sealed class DualMode_Span() : DualModeTests(CallStyle.Span);
public sealed class DualMode_Forced() : DualModeTests(CallStyle.Forced);
public sealed class DualMode_Tasks() : DualModeTests(CallStyle.Tasks);
public sealed class DualMode_Cancellable() : DualModeTests(CallStyle.Cancellable);
