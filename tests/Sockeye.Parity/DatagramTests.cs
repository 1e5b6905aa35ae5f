using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public abstract class DatagramTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task A_datagram_arrives_with_its_senders_address(AddressFamily family)
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = BoundUdp(family);
        for (int i = 1; i <= 8; i++)
        {
            byte[] message = Bytes(i * 30, i);
            Assert.Equal(message.Length, await Style.SendTo(sender, message, receiver.LocalEndPoint!).WaitAsync(Soon));
            byte[] buffer = new byte[400];
            SocketReceiveFromResult got = await Style.ReceiveFrom(receiver, new ArraySegment<byte>(buffer, 10, 300), new IPEndPoint(Any(family), 0)).WaitAsync(Soon);
            Assert.Equal(message.Length, got.ReceivedBytes);
            Assert.Equal(sender.LocalEndPoint, got.RemoteEndPoint);
            Assert.Equal(message, buffer[10..(10 + message.Length)]);
            Assert.All(buffer[..10], b => Assert.Equal(0, b));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task SendTo_binds_a_fresh_socket()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        Assert.Null(sender.LocalEndPoint);
        await Style.SendTo(sender, new byte[1], receiver.LocalEndPoint!).WaitAsync(Soon);
        Assert.True(sender.IsBound);
        Assert.NotEqual(0, PortOf(sender));
        Assert.False(sender.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveFrom_waits_for_a_datagram()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        Task<SocketReceiveFromResult> receive = Style.ReceiveFrom(receiver, new byte[10], new IPEndPoint(IPAddress.Any, 0));
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        SocketReceiveFromResult got = await receive.WaitAsync(Soon);
        Assert.Equal(3, got.ReceivedBytes);
        Assert.Equal(PortOf(sender), ((IPEndPoint)got.RemoteEndPoint).Port);
    }

    [Fact(Timeout = Limit)]
    public async Task An_empty_datagram_is_a_message()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        Assert.Equal(0, await Style.SendTo(sender, System.Array.Empty<byte>(), receiver.LocalEndPoint!).WaitAsync(Soon));
        Assert.Equal(1, await Style.SendTo(sender, new byte[] { 5 }, receiver.LocalEndPoint!).WaitAsync(Soon));
        byte[] buffer = new byte[4];
        SocketReceiveFromResult empty = await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(0, empty.ReceivedBytes);
        Assert.Equal(sender.LocalEndPoint, empty.RemoteEndPoint);
        Assert.Equal(1, (await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon)).ReceivedBytes);
    }

    [Fact(Timeout = Limit)]
    public async Task An_empty_datagram_received_without_address_is_zero_bytes()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        sender.Connect(receiver.LocalEndPoint!);
        Assert.Equal(0, await Style.Send(sender, System.Array.Empty<byte>()).WaitAsync(Soon));
        Assert.Equal(2, await Style.Send(sender, new byte[2]).WaitAsync(Soon));
        Assert.Equal(0, await Style.Receive(receiver, new byte[4]).WaitAsync(Soon));
        Assert.Equal(2, await Style.Receive(receiver, new byte[4]).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Datagrams_keep_their_borders_and_their_order()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        for (byte i = 1; i <= 5; i++)
        {
            await Style.SendTo(sender, Enumerable.Repeat(i, i).ToArray(), receiver.LocalEndPoint!).WaitAsync(Soon);
        }

        for (byte i = 1; i <= 5; i++)
        {
            byte[] buffer = new byte[100];
            Assert.Equal(i, await Style.Receive(receiver, buffer).WaitAsync(Soon));
            Assert.Equal(i, buffer[0]);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Receives_made_at_once_take_the_datagrams_in_order()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        byte[][] buffers = [.. Enumerable.Range(0, 4).Select(_ => new byte[8])];
        Task<SocketReceiveFromResult>[] receives = [.. buffers.Select(b => Style.ReceiveFrom(receiver, b, new IPEndPoint(IPAddress.Any, 0)))];
        await Task.Delay(Moment);
        for (byte i = 1; i <= 4; i++)
        {
            sender.SendTo([i], receiver.LocalEndPoint!);
        }

        await Task.WhenAll(receives).WaitAsync(Soon);
        IEnumerable<byte> seen = buffers.Select(b => b[0]);
        Assert.Equal([1, 2, 3, 4], Style.IsSync ? seen.Order() : seen);
    }

    [Fact(Timeout = Limit)]
    public async Task Peek_shows_the_datagram_and_its_sender_and_keeps_it()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        sender.SendTo([1, 2], receiver.LocalEndPoint!);
        byte[] buffer = new byte[4];
        SocketReceiveFromResult peeked = await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0), SocketFlags.Peek).WaitAsync(Soon);
        Assert.Equal(2, peeked.ReceivedBytes);
        Assert.Equal(sender.LocalEndPoint, peeked.RemoteEndPoint);
        Assert.Equal(2, receiver.Available);
        Assert.Equal(2, (await Style.ReceiveFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon)).ReceivedBytes);
    }

    [Fact(Timeout = Limit)]
    public async Task A_receive_of_no_bytes_waits_for_a_datagram_and_leaves_it()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        Task<int> receive = Style.Receive(receiver, System.Array.Empty<byte>());
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        sender.SendTo(new byte[5], receiver.LocalEndPoint!);
        Assert.Equal(0, await receive.WaitAsync(Soon));
        Assert.Equal(5, receiver.Available);
        Assert.Equal(0, await Style.Receive(receiver, System.Array.Empty<byte>()).WaitAsync(Soon));
        SocketReceiveFromResult from = await Style.ReceiveFrom(receiver, System.Array.Empty<byte>(), new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(0, from.ReceivedBytes);
        Assert.Equal(5, receiver.Available);
        Assert.Equal(5, await Style.Receive(receiver, new byte[9]).WaitAsync(Soon));
    }

    [Theory(Timeout = Limit)]
    [InlineData(SocketFlags.Partial)]
    [InlineData(SocketFlags.Broadcast)]
    [InlineData(SocketFlags.Multicast)]
    public async Task Flags_that_are_not_for_asking_are_not_supported(SocketFlags flags)
    {
        using Socket socket = BoundUdp();
        await FailsAsync(SocketError.OperationNotSupported, () => Style.Receive(socket, new byte[1], flags));
        await FailsAsync(SocketError.OperationNotSupported, () => Style.SendTo(socket, new byte[1], socket.LocalEndPoint!, flags));
        await FailsAsync(SocketError.OperationNotSupported, () => Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0), flags));
    }

    [Fact(Timeout = Limit)]
    public async Task DontRoute_is_taken()
    {
        using Socket socket = BoundUdp();
        Assert.Equal(2, await Style.SendTo(socket, new byte[2], socket.LocalEndPoint!, SocketFlags.DontRoute).WaitAsync(Soon));
        Assert.Equal(2, await Style.Receive(socket, new byte[2], SocketFlags.DontRoute).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_connected_socket_hears_its_peer_alone()
    {
        using Socket one = BoundUdp();
        using Socket peer = BoundUdp();
        using Socket stranger = BoundUdp();
        one.Connect(peer.LocalEndPoint!);
        stranger.SendTo([1], one.LocalEndPoint!);
        peer.SendTo([2], one.LocalEndPoint!);
        byte[] buffer = new byte[4];
        Assert.Equal(1, await Style.Receive(one, buffer).WaitAsync(Soon));
        Assert.Equal(2, buffer[0]);
        Assert.Equal(0, one.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task A_connected_socket_learns_that_nobody_listens()
    {
        using Socket gone = BoundUdp();
        using Socket sender = BoundUdp();
        sender.Connect(gone.LocalEndPoint!);
        gone.Dispose();
        await Style.Send(sender, new byte[1]).WaitAsync(Soon);
        await FailsAsync(SocketError.ConnectionRefused, () => Style.Receive(sender, new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_datagram_that_is_too_long_is_MessageSize()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        await FailsAsync(SocketError.MessageSize, () => Style.SendTo(sender, new byte[70_000], receiver.LocalEndPoint!));
    }

    [Fact(Timeout = Limit)]
    public async Task Broadcast_needs_leave()
    {
        using Socket sender = Udp();
        await FailsAsync(SocketError.AccessDenied, () => Style.SendTo(sender, new byte[1], new IPEndPoint(IPAddress.Broadcast, 9)));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task ReceiveFrom_and_SendTo_work_on_a_stream(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        Assert.Equal(3, await Style.SendTo(pair.Client, new byte[] { 1, 2, 3 }, pair.Server.LocalEndPoint!).WaitAsync(Soon));
        byte[] buffer = new byte[3];
        SocketReceiveFromResult got = await Style.ReceiveFrom(pair.Server, buffer, pair.Client.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(3, got.ReceivedBytes);
        Assert.Equal([1, 2, 3], buffer);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, (await Style.ReceiveFrom(pair.Server, buffer, pair.Client.LocalEndPoint!).WaitAsync(Soon)).ReceivedBytes);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveFrom_before_Bind_is_an_invalid_operation()
    {
        using Socket socket = Udp();
        await ThrowsAtOnce<InvalidOperationException>(() => Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
        await ThrowsAtOnce<InvalidOperationException>(() => Style.ReceiveMessageFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
    }

    [Fact(Timeout = Limit)]
    public async Task End_points_are_checked()
    {
        using Socket socket = BoundUdp();
        await ThrowsAtOnce<ArgumentNullException>(() => Style.SendTo(socket, new byte[1], null!));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.ReceiveFrom(socket, new byte[1], null!));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.ReceiveMessageFrom(socket, new byte[1], null!));
        await ThrowsAtOnce<ArgumentException>(() => Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.IPv6Any, 0)));
        await ThrowsAtOnce<ArgumentException>(() => Style.ReceiveMessageFrom(socket, new byte[1], new IPEndPoint(IPAddress.IPv6Any, 0)));
        await ThrowsAtOnce<ArgumentException>(() => Style.ReceiveFrom(socket, new byte[1], new DnsEndPoint("localhost", 9)));
        await ThrowsAtOnce<ArgumentException>(() => Style.SendTo(socket, new byte[1], new DnsEndPoint("localhost", 9)));
    }

    [Fact(Timeout = Limit)]
    public async Task An_IPv6_destination_on_an_IPv4_socket_is_refused()
    {
        using Socket socket = BoundUdp();
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => Style.SendTo(socket, new byte[1], new IPEndPoint(IPAddress.IPv6Loopback, 9)).WaitAsync(Soon));
        Assert.True(e is SocketException { SocketErrorCode: SocketError.AddressFamilyNotSupported } or ArgumentException, e.ToString());
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_ReceiveFrom()
    {
        Socket socket = BoundUdp();
        Task<SocketReceiveFromResult> receive = Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0));
        await Task.Delay(Moment);
        await Run(socket.Dispose);
        await FailsAsync(Style.IsSync ? SocketError.Interrupted : SocketError.OperationAborted, () => receive);
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_Receive()
    {
        Socket socket = BoundUdp();
        Task<int> receive = Style.Receive(socket, new byte[1]);
        await Task.Delay(Moment);
        await Run(socket.Dispose);
        await FailsAsync(Style.IsSync ? SocketError.Interrupted : SocketError.OperationAborted, () => receive);
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_ReceiveMessageFrom()
    {
        Socket socket = BoundUdp();
        Task<SocketReceiveMessageFromResult> receive = Style.ReceiveMessageFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0));
        await Task.Delay(Moment);
        await Run(socket.Dispose);
        await FailsAsync(Style.IsSync ? SocketError.Interrupted : SocketError.OperationAborted, () => receive);
    }

    [Fact(Timeout = Limit)]
    public async Task A_disposed_socket_says_so()
    {
        Socket socket = BoundUdp();
        socket.Dispose();
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.SendTo(socket, new byte[1], new IPEndPoint(IPAddress.Loopback, 9)));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.ReceiveMessageFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public async Task ReceiveMessageFrom_reports_where_the_datagram_was_sent(AddressFamily family)
    {
        using Socket receiver = Udp(family);
        receiver.SetSocketOption(family == AddressFamily.InterNetwork ? SocketOptionLevel.IP : SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
        receiver.Bind(new IPEndPoint(Any(family), 0));
        using Socket sender = BoundUdp(family);
        sender.SendTo([1, 2, 3], new IPEndPoint(Loopback(family), PortOf(receiver)));
        byte[] buffer = new byte[8];
        SocketReceiveMessageFromResult got = await Style.ReceiveMessageFrom(receiver, new ArraySegment<byte>(buffer, 2, 6), new IPEndPoint(Any(family), 0)).WaitAsync(Soon);
        Assert.Equal(3, got.ReceivedBytes);
        Assert.Equal(new byte[] { 0, 0, 1, 2, 3, 0, 0, 0 }, buffer);
        Assert.Equal(sender.LocalEndPoint, got.RemoteEndPoint);
        Assert.Equal(SocketFlags.None, got.SocketFlags);
        Assert.Equal(Loopback(family), got.PacketInformation.Address);
        Assert.Equal(1, got.PacketInformation.Interface);
    }

    [Theory(Timeout = Limit)]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task ReceiveMessageFrom_on_dual_mode_reports_the_address_of_either_family(string at)
    {
        IPAddress address = IPAddress.Parse(at);
        using Socket receiver = new(SocketType.Dgram, ProtocolType.Udp);
        receiver.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
        receiver.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
        receiver.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        using Socket sender = BoundUdp(address.AddressFamily);
        sender.SendTo([1], new IPEndPoint(address, PortOf(receiver)));
        SocketReceiveMessageFromResult got = await Style.ReceiveMessageFrom(receiver, new byte[8], new IPEndPoint(IPAddress.IPv6Any, 0)).WaitAsync(Soon);
        Assert.Equal(1, got.ReceivedBytes);
        Assert.Equal(new IPEndPoint(address.MapToIPv6(), PortOf(sender)), got.RemoteEndPoint);
        IPAddress told = got.PacketInformation.Address;
        Assert.Equal(address, told.IsIPv4MappedToIPv6 ? told.MapToIPv4() : told);
        Assert.Equal(1, got.PacketInformation.Interface);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveMessageFrom_turns_packet_information_on_by_itself()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        // What was queued before the first call was not marked with its interface yet.
        sender.SendTo([1], receiver.LocalEndPoint!);
        await Style.ReceiveMessageFrom(receiver, new byte[8], new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        sender.SendTo([1], receiver.LocalEndPoint!);
        SocketReceiveMessageFromResult got = await Style.ReceiveMessageFrom(receiver, new byte[8], new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(IPAddress.Loopback, got.PacketInformation.Address);
        Assert.Equal(1, got.PacketInformation.Interface);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveMessageFrom_waits_for_a_datagram()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        Task<SocketReceiveMessageFromResult> receive = Style.ReceiveMessageFrom(receiver, new byte[8], new IPEndPoint(IPAddress.Any, 0));
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        sender.SendTo([1, 2], receiver.LocalEndPoint!);
        Assert.Equal(2, (await receive.WaitAsync(Soon)).ReceivedBytes);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveMessageFrom_works_on_a_stream()
    {
        using Pair pair = await Connected();
        pair.Client.Send([1, 2, 3]);
        byte[] buffer = new byte[3];
        SocketReceiveMessageFromResult got = await Style.ReceiveMessageFrom(pair.Server, buffer, pair.Client.LocalEndPoint!).WaitAsync(Soon);
        Assert.Equal(3, got.ReceivedBytes);
        Assert.Equal([1, 2, 3], buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task ReceiveMessageFrom_flags_a_datagram_that_did_not_fit()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        sender.SendTo([1, 2, 3], receiver.LocalEndPoint!);
        sender.SendTo([4], receiver.LocalEndPoint!);
        byte[] buffer = new byte[2];
        SocketReceiveMessageFromResult got = await Style.ReceiveMessageFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(SocketFlags.Truncated, got.SocketFlags);
        Assert.Equal(2, got.ReceivedBytes);
        Assert.Equal([1, 2], buffer);
        Assert.Equal(sender.LocalEndPoint, got.RemoteEndPoint);
        got = await Style.ReceiveMessageFrom(receiver, buffer, new IPEndPoint(IPAddress.Any, 0)).WaitAsync(Soon);
        Assert.Equal(SocketFlags.None, got.SocketFlags);
        Assert.Equal(1, got.ReceivedBytes);
    }
}

public sealed class Datagram_Array() : DatagramTests(CallStyle.Array);
public sealed class Datagram_Span() : DatagramTests(CallStyle.Span);
public sealed class Datagram_Forced() : DatagramTests(CallStyle.Forced);
public sealed class Datagram_Tasks() : DatagramTests(CallStyle.Tasks);
public sealed class Datagram_Memory() : DatagramTests(CallStyle.Memory);
public sealed class Datagram_Cancellable() : DatagramTests(CallStyle.Cancellable);
