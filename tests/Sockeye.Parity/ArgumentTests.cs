using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>Wrong arguments, one name per call, and the parameter that is to blame.</summary>
public sealed class ArgumentTests : SocketTest
{
    private static readonly IPEndPoint s_any = new(IPAddress.Any, 0);
    private static readonly byte[] s_two = new byte[2];

    /// <summary>Each takes an array with offset and size, or two of the three.</summary>
    private static readonly Dictionary<string, Action<Socket, byte[]?, int, int>> s_ranges = new(StringComparer.Ordinal)
    {
        ["Send"] = (s, b, o, n) => s.Send(b!, o, n, SocketFlags.None),
        ["Send with error"] = (s, b, o, n) => s.Send(b!, o, n, SocketFlags.None, out _),
        ["Receive"] = (s, b, o, n) => s.Receive(b!, o, n, SocketFlags.None),
        ["Receive with error"] = (s, b, o, n) => s.Receive(b!, o, n, SocketFlags.None, out _),
        ["SendTo"] = (s, b, o, n) => s.SendTo(b!, o, n, SocketFlags.None, new IPEndPoint(IPAddress.Loopback, 9)),
        ["ReceiveFrom"] = (s, b, o, n) =>
        {
            EndPoint from = s_any;
            s.ReceiveFrom(b!, o, n, SocketFlags.None, ref from);
        },
        ["ReceiveMessageFrom"] = (s, b, o, n) =>
        {
            EndPoint from = s_any;
            SocketFlags flags = SocketFlags.None;
            s.ReceiveMessageFrom(b!, o, n, ref flags, ref from, out _);
        },
    };

    public static readonly TheoryData<string> Ranges = [.. s_ranges.Keys];

    [Theory]
    [MemberData(nameof(Ranges))]
    public void A_null_buffer_is_named(string call)
    {
        using Socket socket = BoundUdp();
        Assert.Throws<ArgumentNullException>("buffer", () => s_ranges[call](socket, null, 0, 0));
    }

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Ranges_are_checked(string call)
    {
        using Socket socket = BoundUdp();
        Action<Socket, byte[]?, int, int> act = s_ranges[call];
        Assert.Throws<ArgumentOutOfRangeException>("offset", () => act(socket, s_two, -1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("offset", () => act(socket, s_two, 3, 0));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => act(socket, s_two, 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => act(socket, s_two, 0, 3));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => act(socket, s_two, 1, 2));
    }

    [Fact]
    public void Sizes_are_checked_where_there_is_no_offset()
    {
        using Socket socket = BoundUdp();
        EndPoint from = s_any;
        Assert.Throws<ArgumentOutOfRangeException>("size", () => { socket.Send(s_two, 3, SocketFlags.None); });
        Assert.Throws<ArgumentOutOfRangeException>("size", () => { socket.Receive(s_two, 3, SocketFlags.None); });
        Assert.Throws<ArgumentOutOfRangeException>("size", () => { socket.SendTo(s_two, 3, SocketFlags.None, new IPEndPoint(IPAddress.Loopback, 9)); });
        Assert.Throws<ArgumentOutOfRangeException>("size", () => { socket.ReceiveFrom(s_two, 3, SocketFlags.None, ref from); });
        Assert.Throws<ArgumentOutOfRangeException>("size", () => { socket.Send(s_two, -1, SocketFlags.None); });
    }

    [Fact]
    public void Short_forms_name_a_null_buffer_too()
    {
        using Socket socket = BoundUdp();
        EndPoint from = s_any;
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Send((byte[])null!); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Send((byte[])null!, SocketFlags.None); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Send((byte[])null!, 0, SocketFlags.None); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Receive((byte[])null!); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Receive((byte[])null!, SocketFlags.None); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.Receive((byte[])null!, 0, SocketFlags.None); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.SendTo((byte[])null!, from); });
        Assert.Throws<ArgumentNullException>("buffer", () => { socket.ReceiveFrom((byte[])null!, ref from); });
        Assert.Throws<ArgumentNullException>("buffers", () => { socket.Send((IList<ArraySegment<byte>>)null!); });
        Assert.Throws<ArgumentNullException>("buffers", () => { socket.Send((IList<ArraySegment<byte>>)null!, SocketFlags.None); });
        Assert.Throws<ArgumentNullException>("buffers", () => { socket.Send((IList<ArraySegment<byte>>)null!, SocketFlags.None, out _); });
        Assert.Throws<ArgumentNullException>("buffers", () => { socket.Receive((IList<ArraySegment<byte>>)null!); });
        Assert.Throws<ArgumentNullException>("buffers", () => { socket.Receive((IList<ArraySegment<byte>>)null!, SocketFlags.None, out _); });
        Assert.Throws<ArgumentException>("buffers", () => { socket.Send(new List<ArraySegment<byte>>()); });
        Assert.Throws<ArgumentException>("buffers", () => { socket.Receive(new List<ArraySegment<byte>>()); });
    }

    [Fact]
    public void A_piece_without_an_array_is_refused()
    {
        using Socket socket = BoundUdp();
        socket.Connect(socket.LocalEndPoint!);
        Assert.ThrowsAny<ArgumentException>(() => { socket.Send([default(ArraySegment<byte>)]); });
        Assert.ThrowsAny<ArgumentException>(() => { socket.Receive([default(ArraySegment<byte>)]); });
    }

    [Fact]
    public void A_null_end_point_is_named()
    {
        using Socket socket = BoundUdp();
        EndPoint none = null!;
        SocketFlags flags = SocketFlags.None;
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.SendTo(s_two, none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.SendTo(s_two.AsSpan(), none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.ReceiveFrom(s_two, ref none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.ReceiveFrom(s_two.AsSpan(), ref none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.ReceiveMessageFrom(s_two, 0, 2, ref flags, ref none, out _); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.ReceiveMessageFrom(s_two.AsSpan(), ref flags, ref none, out _); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { socket.Connect(none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { _ = socket.ConnectAsync(none); });
        Assert.Throws<ArgumentNullException>("remoteEP", () => { _ = socket.SendToAsync(s_two, none); });
        Assert.Throws<ArgumentNullException>("remoteEndPoint", () => { _ = socket.ReceiveFromAsync(s_two, none); });
        Assert.Throws<ArgumentNullException>("remoteEndPoint", () => { _ = socket.ReceiveMessageFromAsync(s_two, none); });
        Assert.Throws<ArgumentNullException>("localEP", () => { socket.Bind(none); });
    }

    [Fact]
    public void A_null_socket_address_is_named()
    {
        using Socket socket = BoundUdp();
        SocketAddress none = null!;
        Assert.Throws<ArgumentNullException>("socketAddress", () => { socket.SendTo(s_two.AsSpan(), SocketFlags.None, none); });
        Assert.Throws<ArgumentNullException>("receivedAddress", () => { socket.ReceiveFrom(s_two.AsSpan(), SocketFlags.None, none); });
        Assert.Throws<ArgumentNullException>("socketAddress", () => { _ = socket.SendToAsync(s_two.AsMemory(), SocketFlags.None, none).AsTask(); });
        Assert.Throws<ArgumentNullException>("receivedAddress", () => { _ = socket.ReceiveFromAsync(s_two.AsMemory(), SocketFlags.None, none).AsTask(); });
    }

    [Fact]
    public void A_small_socket_address_is_refused()
    {
        using Socket socket = BoundUdp();
        SocketAddress small = new(AddressFamily.InterNetwork, 4);
        Assert.Throws<ArgumentOutOfRangeException>("receivedAddress", () => { socket.ReceiveFrom(s_two.AsSpan(), SocketFlags.None, small); });
        Assert.Throws<ArgumentOutOfRangeException>("receivedAddress", () => { _ = socket.ReceiveFromAsync(s_two.AsMemory(), SocketFlags.None, small).AsTask(); });
    }

    [Fact]
    public void Ports_have_a_range()
    {
        using Socket socket = Tcp();
        foreach (int port in new[] { -1, 65_536, int.MinValue, int.MaxValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>("port", () => socket.Connect(IPAddress.Loopback, port));
            Assert.Throws<ArgumentOutOfRangeException>("port", () => socket.Connect("localhost", port));
            Assert.Throws<ArgumentOutOfRangeException>("port", () => socket.Connect([IPAddress.Loopback], port));
        }
    }

    [Fact]
    public void Connects_arguments_are_named()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentNullException>("address", () => socket.Connect((IPAddress)null!, 9));
        Assert.Throws<ArgumentNullException>("host", () => socket.Connect((string)null!, 9));
        Assert.Throws<ArgumentNullException>("addresses", () => socket.Connect((IPAddress[])null!, 9));
        Assert.Throws<ArgumentException>("addresses", () => socket.Connect([], 9));
    }

    [Fact]
    public void Options_arguments_are_named()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentNullException>("optionValue", () => socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, (object)null!));
    }

    [Fact]
    public void Times_of_Select_have_a_range()
    {
        using Socket socket = Tcp();
        List<Socket> list = [socket];
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => Socket.Select(list, null, null, TimeSpan.FromMicroseconds(-2)));
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => Socket.Select(list, null, null, TimeSpan.MaxValue));
    }
}

/// <summary>Every call on a disposed socket says that it is disposed.</summary>
public sealed class DisposedTests : SocketTest
{
    private static readonly byte[] s_two = new byte[2];
    private static readonly IPEndPoint s_there = new(IPAddress.Loopback, 9);

    private static readonly Dictionary<string, Action<Socket>> s_calls = new(StringComparer.Ordinal)
    {
        ["Accept"] = s => s.Accept(),
        ["AcceptAsync"] = s => s.AcceptAsync(),
        ["AcceptAsync token"] = s => s.AcceptAsync(CancellationToken.None).AsTask(),
        ["AcceptAsync socket"] = s => s.AcceptAsync((Socket?)null),
        ["Bind"] = s => { s.Bind(new IPEndPoint(IPAddress.Loopback, 0)); },
        ["Connect"] = s => s.Connect(s_there),
        ["Connect address"] = s => s.Connect(IPAddress.Loopback, 9),
        ["Connect addresses"] = s => s.Connect([IPAddress.Loopback], 9),
        ["Connect host"] = s => s.Connect("localhost", 9),
        ["ConnectAsync"] = s => s.ConnectAsync(s_there),
        ["ConnectAsync address"] = s => s.ConnectAsync(IPAddress.Loopback, 9),
        ["ConnectAsync addresses"] = s => s.ConnectAsync([IPAddress.Loopback], 9),
        ["ConnectAsync host"] = s => s.ConnectAsync("localhost", 9),
        ["Disconnect"] = s => s.Disconnect(true),
        ["DisconnectAsync"] = s => s.DisconnectAsync(true).AsTask(),
        ["IOControl"] = s => s.IOControl(IOControlCode.DataToRead, null, new byte[4]),
        ["Listen"] = s => s.Listen(),
        ["Poll"] = s => s.Poll(0, SelectMode.SelectRead),
        ["Poll TimeSpan"] = s => s.Poll(TimeSpan.Zero, SelectMode.SelectRead),
        ["Receive array"] = s => s.Receive(s_two),
        ["Receive span"] = s => s.Receive(s_two.AsSpan()),
        ["Receive error"] = s => s.Receive(s_two, 0, 2, SocketFlags.None, out _),
        ["Receive list"] = s => s.Receive([s_two]),
        ["ReceiveAsync memory"] = s => s.ReceiveAsync(s_two.AsMemory()).AsTask(),
        ["ReceiveAsync segment"] = s => s.ReceiveAsync(new ArraySegment<byte>(s_two)),
        ["ReceiveAsync list"] = s => s.ReceiveAsync([s_two]),
        ["ReceiveFrom"] = s => { EndPoint e = s_there; s.ReceiveFrom(s_two, ref e); },
        ["ReceiveFrom span"] = s => { EndPoint e = s_there; s.ReceiveFrom(s_two.AsSpan(), ref e); },
        ["ReceiveFrom socket address"] = s => s.ReceiveFrom(s_two.AsSpan(), SocketFlags.None, s_there.Serialize()),
        ["ReceiveFromAsync"] = s => s.ReceiveFromAsync(s_two.AsMemory(), s_there).AsTask(),
        ["ReceiveFromAsync segment"] = s => s.ReceiveFromAsync(new ArraySegment<byte>(s_two), s_there),
        ["ReceiveFromAsync socket address"] = s => s.ReceiveFromAsync(s_two.AsMemory(), SocketFlags.None, s_there.Serialize()).AsTask(),
        ["ReceiveMessageFrom"] = s => { EndPoint e = s_there; SocketFlags f = default; s.ReceiveMessageFrom(s_two, 0, 2, ref f, ref e, out _); },
        ["ReceiveMessageFrom span"] = s => { EndPoint e = s_there; SocketFlags f = default; s.ReceiveMessageFrom(s_two.AsSpan(), ref f, ref e, out _); },
        ["ReceiveMessageFromAsync"] = s => s.ReceiveMessageFromAsync(s_two.AsMemory(), s_there).AsTask(),
        ["Select"] = s => { Socket.Select(new List<Socket> { s }, null, null, 0); },
        ["Send array"] = s => s.Send(s_two),
        ["Send span"] = s => s.Send(s_two.AsSpan()),
        ["Send error"] = s => s.Send(s_two, 0, 2, SocketFlags.None, out _),
        ["Send list"] = s => s.Send([s_two]),
        ["SendAsync memory"] = s => s.SendAsync(s_two.AsMemory()).AsTask(),
        ["SendAsync segment"] = s => s.SendAsync(new ArraySegment<byte>(s_two)),
        ["SendAsync list"] = s => s.SendAsync([s_two]),
        ["SendFile"] = s => s.SendFile(null),
        ["SendFile buffers"] = s => s.SendFile(null, s_two, s_two, TransmitFileOptions.UseDefaultWorkerThread),
        ["SendFileAsync"] = s => s.SendFileAsync(null).AsTask(),
        ["SendTo"] = s => s.SendTo(s_two, s_there),
        ["SendTo span"] = s => s.SendTo(s_two.AsSpan(), s_there),
        ["SendTo socket address"] = s => s.SendTo(s_two.AsSpan(), SocketFlags.None, s_there.Serialize()),
        ["SendToAsync"] = s => s.SendToAsync(s_two.AsMemory(), s_there).AsTask(),
        ["SendToAsync segment"] = s => s.SendToAsync(new ArraySegment<byte>(s_two), s_there),
        ["SendToAsync socket address"] = s => s.SendToAsync(s_two.AsMemory(), SocketFlags.None, s_there.Serialize()).AsTask(),
        ["Shutdown"] = s => s.Shutdown(SocketShutdown.Both),
        ["SetIPProtectionLevel"] = s =>
        {
#pragma warning disable CA1416
            s.SetIPProtectionLevel(IPProtectionLevel.Restricted);
#pragma warning restore CA1416
        },
    };

    public static readonly TheoryData<string> Calls = [.. s_calls.Keys];

    public static readonly TheoryData<string> Getters =
    [
        "Available", "DontFragment", "ExclusiveAddressUse", "LingerState", "LocalEndPoint", "MulticastLoopback", "NoDelay", "ReceiveBufferSize",
        "ReceiveTimeout", "RemoteEndPoint", "SendBufferSize", "SendTimeout", "Ttl",
    ];

    [Theory]
    [MemberData(nameof(Calls))]
    public void A_call_says_so_at_once(string call)
    {
        Socket socket = Tcp();
        socket.Dispose();
        if (call == "SetIPProtectionLevel")
        {
            // What the platform lacks is reported first.
            Assert.Throws<PlatformNotSupportedException>(() => s_calls[call](socket));
            return;
        }

        // Before it was bound, a socket may complain of that first; ObjectDisposedException is an InvalidOperationException too.
        InvalidOperationException e = Assert.ThrowsAny<InvalidOperationException>(() => s_calls[call](socket));
        Assert.True(e is ObjectDisposedException || call.StartsWith("ReceiveFromAsync") || call.StartsWith("ReceiveMessageFromAsync"), e.ToString());
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Calls))]
    public async Task A_call_says_so_after_a_connection_too(string call)
    {
        using Pair pair = await Connected();
        pair.Client.Close();
        Exception? e = Record.Exception(() => s_calls[call](pair.Client));
        Assert.True(e is ObjectDisposedException || call == "SetIPProtectionLevel", e?.ToString() ?? "nothing was thrown");
    }

    [Theory]
    [MemberData(nameof(Getters))]
    public void A_property_that_asks_the_kernel_says_so(string name)
    {
        Socket socket = Tcp();
        socket.Dispose();
        System.Reflection.TargetInvocationException e = Assert.Throws<System.Reflection.TargetInvocationException>(() => typeof(Socket).GetProperty(name)!.GetValue(socket));
        Assert.IsType<ObjectDisposedException>(e.InnerException);
    }

    [Fact]
    public void What_is_remembered_can_still_be_read()
    {
        Socket socket = BoundUdp();
        socket.Dispose();
        Assert.Equal(AddressFamily.InterNetwork, socket.AddressFamily);
        Assert.Equal(SocketType.Dgram, socket.SocketType);
        Assert.Equal(ProtocolType.Udp, socket.ProtocolType);
        Assert.True(socket.IsBound);
        Assert.False(socket.Connected);
        Assert.True(socket.Blocking);
    }

    [Fact]
    public void The_exception_names_the_socket()
    {
        Socket socket = Tcp();
        socket.Dispose();
        ObjectDisposedException e = Assert.Throws<ObjectDisposedException>(() => { socket.Listen(); });
        Assert.Equal(typeof(Socket).FullName, e.ObjectName);
    }
}
