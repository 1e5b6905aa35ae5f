using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class BindListenTests : SocketTest
{
    [Theory]
    [MemberData(nameof(InternetFamilies))]
    public void Bind_to_port_zero_chooses_a_port(AddressFamily family)
    {
        using Socket socket = Tcp(family);
        Assert.False(socket.IsBound);
        socket.Bind(new IPEndPoint(Loopback(family), 0));
        Assert.True(socket.IsBound);
        IPEndPoint local = Assert.IsType<IPEndPoint>(socket.LocalEndPoint);
        Assert.Equal(Loopback(family), local.Address);
        Assert.NotEqual(0, local.Port);
        Assert.Null(socket.RemoteEndPoint);
    }

    [Fact]
    public void Bind_leaves_the_callers_end_point_alone()
    {
        using Socket socket = Tcp();
        IPEndPoint asked = new(IPAddress.Loopback, 0);
        socket.Bind(asked);
        Assert.Equal(0, asked.Port);
        Assert.NotSame(asked, socket.LocalEndPoint);
    }

    [Fact]
    public void Bind_twice_is_InvalidArgument()
    {
        using Socket socket = Tcp();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Fails(SocketError.InvalidArgument, () => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
    }

    [Theory]
    [MemberData(nameof(InternetFamilies))]
    public void Bind_to_a_listeners_port_is_AddressAlreadyInUse(AddressFamily family)
    {
        using Socket listener = Listener(family);
        using Socket other = Tcp(family);
        SocketException e = Fails(SocketError.AddressAlreadyInUse, () => other.Bind(listener.LocalEndPoint!));
        Assert.Equal(98, e.NativeErrorCode);
        Assert.False(other.IsBound);
    }

    [Fact]
    public void Bind_of_a_datagram_socket_to_a_used_port_is_AddressAlreadyInUse()
    {
        using Socket first = BoundUdp();
        using Socket other = Udp();
        Fails(SocketError.AddressAlreadyInUse, () => other.Bind(first.LocalEndPoint!));
    }

    [Fact]
    public void Bind_to_a_path_in_use_is_AddressAlreadyInUse()
    {
        using Socket first = Listener(AddressFamily.Unix);
        using Socket other = Unix();
        Fails(SocketError.AddressAlreadyInUse, () => other.Bind(first.LocalEndPoint!));
    }

    [Fact]
    public void Bind_to_a_foreign_address_is_AddressNotAvailable()
    {
        using Socket socket = Tcp();
        Fails(SocketError.AddressNotAvailable, () => socket.Bind(new IPEndPoint(IPAddress.Parse("198.51.100.7"), 0)));
    }

    [Fact]
    public void Bind_to_another_family_is_refused()
    {
        using Socket socket = Tcp();
        Fails(SocketError.AddressFamilyNotSupported, () => socket.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0)));
    }

    [Fact]
    public void Bind_checks_its_argument()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentNullException>("localEP", () => socket.Bind(null!));
        Assert.ThrowsAny<ArgumentException>(() => socket.Bind(new DnsEndPoint("localhost", 0)));
    }

    [Fact]
    public void Bind_on_a_disposed_socket_says_so()
    {
        Socket socket = Tcp();
        socket.Dispose();
        Assert.Throws<ObjectDisposedException>(() => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
        Assert.Throws<ObjectDisposedException>(() => socket.Listen());
    }

    [Fact(Timeout = Limit)]
    public async Task Bind_on_a_connected_socket_is_InvalidArgument()
    {
        using Pair pair = await Connected();
        Fails(SocketError.InvalidArgument, () => pair.Client.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
    }

    [Theory(Timeout = Limit)]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(int.MaxValue)]
    public async Task Any_backlog_is_taken(int backlog)
    {
        using Socket listener = Tcp();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(backlog);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.True(server.Connected);
    }

    [Fact]
    public void Listen_may_be_said_again()
    {
        using Socket listener = Listener();
        listener.Listen(3);
        listener.Listen();
    }

    [Fact(Timeout = Limit)]
    public async Task Listen_on_a_connected_socket_is_InvalidArgument()
    {
        using Pair pair = await Connected();
        Fails(SocketError.InvalidArgument, () => pair.Client.Listen());
    }

    [Fact]
    public void Listen_on_a_datagram_socket_is_not_supported()
    {
        using Socket socket = BoundUdp();
        Fails(SocketError.OperationNotSupported, () => socket.Listen());
    }

    [Fact]
    public void A_second_socket_may_share_the_port_when_both_ask_for_it()
    {
        using Socket one = Udp();
        using Socket two = Udp();
        one.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        two.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        one.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        two.Bind(one.LocalEndPoint!);
        Assert.Equal(one.LocalEndPoint, two.LocalEndPoint);
    }

    [Fact]
    public void ReuseAddress_lets_two_listeners_share_a_port()
    {
        using Socket one = Tcp();
        using Socket two = Tcp();
        one.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        two.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        one.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        one.Listen();
        two.Bind(one.LocalEndPoint!);
        two.Listen();
    }

    [Fact]
    public void LocalEndPoint_of_an_IPv6_socket_keeps_its_scope()
    {
        using Socket socket = Tcp(AddressFamily.InterNetworkV6);
        socket.Bind(new IPEndPoint(new IPAddress(IPAddress.IPv6Loopback.GetAddressBytes(), 0), 0));
        Assert.Equal(0, ((IPEndPoint)socket.LocalEndPoint!).Address.ScopeId);
    }
}
