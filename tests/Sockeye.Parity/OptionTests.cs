using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class OptionTests : SocketTest
{
    public static readonly TheoryData<AddressFamily, SocketType, SocketOptionLevel, SocketOptionName, int, int> Kept = new()
    {
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.DontRoute, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.SendBuffer, 8_000, 16_000 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, 8_000, 16_000 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.ReceiveLowWater, 5, 5 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.SendTimeout, 1_234, 1_234 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout, 1_234, 1_234 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.Socket, SocketOptionName.Broadcast, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.TypeOfService, 8, 8 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.IpTimeToLive, 9, 9 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 3, 3 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, 0, 0 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.DontFragment, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Dgram, SocketOptionLevel.IP, SocketOptionName.PacketInformation, 1, 1 },
        { AddressFamily.InterNetworkV6, SocketType.Dgram, SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, 1, 1 },
        { AddressFamily.InterNetworkV6, SocketType.Dgram, SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 4, 4 },
        { AddressFamily.InterNetworkV6, SocketType.Dgram, SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, 0, 0 },
        { AddressFamily.InterNetworkV6, SocketType.Dgram, SocketOptionLevel.IPv6, SocketOptionName.IpTimeToLive, 7, 7 },
        { AddressFamily.InterNetworkV6, SocketType.Stream, SocketOptionLevel.IPv6, SocketOptionName.IPv6Only, 0, 0 },
        { AddressFamily.InterNetworkV6, SocketType.Stream, SocketOptionLevel.IPv6, SocketOptionName.IPv6Only, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Tcp, SocketOptionName.NoDelay, 1, 1 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 31, 31 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 7, 7 },
        { AddressFamily.InterNetwork, SocketType.Stream, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 6, 6 },
        { AddressFamily.InterNetworkV6, SocketType.Stream, SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 31, 31 },
    };

    [Theory]
    [MemberData(nameof(Kept))]
    public void An_option_is_kept_in_every_form(AddressFamily family, SocketType type, SocketOptionLevel level, SocketOptionName name, int value, int seen)
    {
        using Socket number = new(family, type, ProtocolType.Unspecified);
        number.SetSocketOption(level, name, value);
        Assert.Equal(seen, (int)number.GetSocketOption(level, name)!);
        byte[] bytes = new byte[4];
        number.GetSocketOption(level, name, bytes);
        Assert.Equal(seen, (int)number.GetSocketOption(level, name)!);
        Assert.Equal(bytes, number.GetSocketOption(level, name, 4));
        if (name is not (SocketOptionName.SendTimeout or SocketOptionName.ReceiveTimeout))
        {
            Assert.Equal(seen, BinaryPrimitives.ReadInt32LittleEndian(bytes));
        }

        if (value is 0 or 1)
        {
            using Socket flag = new(family, type, ProtocolType.Unspecified);
            flag.SetSocketOption(level, name, value == 1);
            Assert.Equal(seen, (int)flag.GetSocketOption(level, name)!);
        }
    }

    [Fact]
    public void Options_that_only_report_are_read()
    {
        using Socket listener = Listener();
        using Socket udp = BoundUdp();
        Assert.Equal(1, (int)listener.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)!);
        Assert.Equal(0, (int)udp.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)!);
        Assert.Equal((int)SocketType.Stream, (int)listener.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type)!);
        Assert.Equal((int)SocketType.Dgram, (int)udp.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Type)!);
        Assert.Equal(0, (int)udp.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!);
        Assert.Equal(1, (int)udp.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.SendLowWater)!);
    }

    [Theory]
    [InlineData(SocketOptionLevel.Socket, SocketOptionName.UseLoopback)]
    [InlineData(SocketOptionLevel.Socket, SocketOptionName.MaxConnections)]
    [InlineData(SocketOptionLevel.Socket, SocketOptionName.ReuseUnicastPort)]
    [InlineData(SocketOptionLevel.Socket, SocketOptionName.UpdateAcceptContext)]
    [InlineData(SocketOptionLevel.IP, SocketOptionName.UseLoopback)]
    [InlineData(SocketOptionLevel.Tcp, SocketOptionName.BsdUrgent)]
    [InlineData((SocketOptionLevel)999, SocketOptionName.NoDelay)]
    [InlineData(SocketOptionLevel.Socket, (SocketOptionName)99_999)]
    public void An_option_that_Linux_does_not_have_is_refused(SocketOptionLevel level, SocketOptionName name)
    {
        using Socket socket = Tcp();
        SocketException get = Assert.ThrowsAny<SocketException>(() => { socket.GetSocketOption(level, name); });
        SocketException set = Assert.ThrowsAny<SocketException>(() => socket.SetSocketOption(level, name, 1));
        Assert.Contains(get.SocketErrorCode, new[] { SocketError.ProtocolOption, SocketError.OperationNotSupported });
        Assert.Contains(set.SocketErrorCode, new[] { SocketError.ProtocolOption, SocketError.OperationNotSupported });
    }

    [Fact]
    public void Objects_of_the_wrong_kind_are_refused()
    {
        using Socket socket = Udp();
        Assert.Throws<ArgumentNullException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, (object)null!));
        Assert.Throws<ArgumentException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new object()));
        Assert.Throws<ArgumentException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.NoDelay, new object()));
        Assert.Throws<ArgumentException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new LingerOption(true, 1)));
        Assert.Throws<ArgumentException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new LingerOption(true, 1)));
        Assert.Throws<ArgumentException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, Broken()));

        static LingerOption Broken() => new(true, -1);
    }

    [Fact]
    public void Linger_is_an_object_and_nothing_less()
    {
        using Socket socket = Tcp();
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 4));
        Assert.Equal(4, socket.LingerState!.LingerTime);
        Fails(SocketError.InvalidArgument, () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, 2));
        Fails(SocketError.OperationNotSupported, () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.DontLinger, true));
    }

    [Fact]
    public void Raw_options_go_to_the_kernel_as_they_are()
    {
        const int SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_KEEPALIVE = 9, IPPROTO_TCP = 6, TCP_NODELAY = 1;
        using Socket socket = Tcp();
        byte[] value = new byte[4];
        Assert.Equal(4, socket.GetRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, value));
        Assert.Equal(0, BitConverter.ToInt32(value));
        socket.SetRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, [1, 0, 0, 0]);
        Assert.Equal(4, socket.GetRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, value));
        Assert.Equal(1, BitConverter.ToInt32(value));
        Assert.Equal(1, (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        socket.SetRawSocketOption(IPPROTO_TCP, TCP_NODELAY, [1, 0, 0, 0]);
        Assert.True(socket.NoDelay);
        socket.SetRawSocketOption(SOL_SOCKET, SO_REUSEADDR, [1, 0, 0, 0]);
        byte[] more = new byte[20];
        Assert.Equal(4, socket.GetRawSocketOption(SOL_SOCKET, SO_KEEPALIVE, more));
    }

    [Fact]
    public void A_raw_option_that_is_not_there_is_ProtocolOption()
    {
        using Socket socket = Tcp();
        SocketException get = Assert.ThrowsAny<SocketException>(() => { socket.GetRawSocketOption(1, 99_999, new byte[4]); });
        Assert.Equal(SocketError.ProtocolOption, get.SocketErrorCode);
        Assert.Equal(92, get.NativeErrorCode);
        SocketException set = Assert.ThrowsAny<SocketException>(() => socket.SetRawSocketOption(1, 99_999, [1, 0, 0, 0]));
        Assert.Equal(SocketError.ProtocolOption, set.SocketErrorCode);
        SocketException empty = Assert.ThrowsAny<SocketException>(() => socket.SetRawSocketOption(6, 1, []));
        Assert.Contains(empty.SocketErrorCode, new[] { SocketError.Fault, SocketError.InvalidArgument }); // EFAULT, or what the kernel says
    }

    [Fact]
    public void A_raw_option_may_be_read_short()
    {
        using Socket socket = Tcp();
        Assert.Equal(0, socket.GetRawSocketOption(1, 9, Span<byte>.Empty));
        Assert.Equal(2, socket.GetRawSocketOption(1, 9, new byte[2]));
    }

    [Fact(Timeout = Limit)]
    public async Task IOControl_reports_what_waits()
    {
        using Pair pair = await Connected();
        pair.Server.Send([1, 2, 3, 4, 5]);
        await Eventually(() => pair.Client.Available == 5);
        byte[] value = new byte[4];
        Assert.Equal(4, pair.Client.IOControl(IOControlCode.DataToRead, null, value));
        Assert.Equal(5, BitConverter.ToInt32(value));
        Assert.Equal(4, pair.Client.IOControl((int)IOControlCode.DataToRead, null, value));
    }

    [Fact]
    public void IOControl_knows_little_on_Linux()
    {
        using Socket socket = Tcp();
        Assert.Throws<InvalidOperationException>(() => socket.IOControl(IOControlCode.NonBlockingIO, new byte[4], null));
        Assert.Throws<PlatformNotSupportedException>(() => socket.IOControl((IOControlCode)0x98000004, new byte[12], null));
#if SOCKEYE
        Assert.Equal(4, socket.IOControl(0x541B, null, new byte[4])); // FIONREAD: Linux's own numbers are taken (docs/from-dotnet.md)
#else
        Assert.Throws<PlatformNotSupportedException>(() => socket.IOControl(0x541B, null, new byte[4]));
#endif
    }

    [Fact(Timeout = Limit)]
    public async Task IOControl_reports_whether_the_urgent_byte_comes_next()
    {
        using Pair pair = await Connected();
        byte[] value = new byte[4];
        Assert.Equal(4, pair.Client.IOControl(IOControlCode.OobDataRead, null, value));
        Assert.Equal(0, BitConverter.ToInt32(value));
        pair.Server.Send([1], SocketFlags.OutOfBand);
        Assert.True(await Run(() => pair.Client.Poll(5_000_000, SelectMode.SelectError)));
        pair.Client.IOControl(IOControlCode.OobDataRead, null, value);
        Assert.Equal(1, BitConverter.ToInt32(value));
    }

    [Fact]
    public void IOControl_wants_room_for_its_result()
    {
        using Socket socket = Tcp();
        Fails(SocketError.Fault, () => socket.IOControl(IOControlCode.DataToRead, null, null));
    }

    [Fact(Timeout = Limit)]
    public async Task Keepalive_options_are_inherited_by_what_is_accepted()
    {
        using Socket listener = Tcp();
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        listener.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 33);
        listener.NoDelay = true;
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.Equal(1, (int)server.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive)!);
        Assert.Equal(33, (int)server.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime)!);
        Assert.True(server.NoDelay);
    }

    [Fact]
    public void Options_on_a_disposed_socket_say_so()
    {
        Socket socket = Tcp();
        socket.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive); });
        Assert.Throws<ObjectDisposedException>(() => { socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 4); });
        Assert.Throws<ObjectDisposedException>(() => { socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, new byte[4]); });
        Assert.Throws<ObjectDisposedException>(() => { socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, 1); });
        Assert.Throws<ObjectDisposedException>(() => { socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true); });
        Assert.Throws<ObjectDisposedException>(() => { socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, new byte[4]); });
        Assert.Throws<ObjectDisposedException>(() => { socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger, new LingerOption(true, 1)); });
        Assert.Throws<ObjectDisposedException>(() => { socket.GetRawSocketOption(1, 9, new byte[4]); });
        Assert.Throws<ObjectDisposedException>(() => { socket.SetRawSocketOption(1, 9, new byte[4]); });
        Assert.Throws<ObjectDisposedException>(() => { socket.IOControl(IOControlCode.DataToRead, null, new byte[4]); });
    }
}

public sealed class MulticastTests : SocketTest
{
    private static readonly IPAddress s_group = IPAddress.Parse("239.255.12.34");
    private static readonly IPAddress s_group6 = IPAddress.Parse("ff01::1234");

    [Fact(Timeout = Limit)]
    public async Task A_joined_group_is_heard_until_it_is_left()
    {
        using Socket receiver = Udp();
        receiver.Bind(new IPEndPoint(IPAddress.Any, 0));
        MulticastOption membership = new(s_group, IPAddress.Loopback);
        receiver.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, membership);
        using Socket sender = Udp();
        sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Loopback.GetAddressBytes());
        IPEndPoint target = new(s_group, PortOf(receiver));
        sender.SendTo([1], target);
        Assert.Equal([1], await ReadExactly(receiver, 1));
        receiver.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.DropMembership, membership);
        sender.SendTo([2], target);
        await Task.Delay(Moment);
        Assert.Equal(0, receiver.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task A_group_may_be_joined_by_interface_number()
    {
        using Socket receiver = Udp();
        receiver.Bind(new IPEndPoint(IPAddress.Any, 0));
        receiver.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(s_group, 1));
        using Socket sender = Udp();
        sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(1));
        sender.SendTo([1], new IPEndPoint(s_group, PortOf(receiver)));
        Assert.Equal([1], await ReadExactly(receiver, 1));
    }

    [Fact]
    public void An_IPv6_group_is_joined_once_and_left_once()
    {
        using Socket socket = Udp(AddressFamily.InterNetworkV6);
        IPv6MulticastOption membership = new(s_group6, 1);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, membership);
        Fails(SocketError.AddressAlreadyInUse, () => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, membership));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.DropMembership, membership);
        Fails(SocketError.AddressNotAvailable, () => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.DropMembership, membership));
    }

    [Fact]
    public void A_group_joined_twice_is_in_use_and_one_not_joined_cannot_be_left()
    {
        using Socket socket = Udp();
        MulticastOption membership = new(s_group, IPAddress.Loopback);
        Fails(SocketError.AddressNotAvailable, () => socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.DropMembership, membership));
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, membership);
        Fails(SocketError.AddressAlreadyInUse, () => socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, membership));
    }

    [Fact]
    public void Memberships_cannot_be_read()
    {
        using Socket socket = Udp();
        Fails(SocketError.ProtocolOption, () => socket.GetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership));
        Fails(SocketError.ProtocolOption, () => socket.GetSocketOption(SocketOptionLevel.IP, SocketOptionName.DropMembership));
    }

    [Theory]
    [MemberData(nameof(InternetFamilies))]
    public void An_interface_that_is_not_there_is_refused(AddressFamily family)
    {
        using Socket socket = Udp(family);
        if (family == AddressFamily.InterNetwork)
        {
            Assert.ThrowsAny<SocketException>(() => socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(31_415)));
        }
        else
        {
            Assert.ThrowsAny<SocketException>(() => socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, 31_415));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void The_interface_that_was_set_is_read(int index)
    {
        using Socket four = Udp();
        four.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(index));
        using Socket six = Udp(AddressFamily.InterNetworkV6);
        six.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, index);
        Assert.Equal(index, (int)six.GetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface)!);
    }
}
