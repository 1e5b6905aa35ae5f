using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class PropertyTests : SocketTest
{
    [Fact]
    public void Defaults_of_a_stream_socket()
    {
        using Socket socket = Tcp();
        Assert.False(socket.NoDelay);
        Assert.False(socket.DontFragment);
        Assert.True(socket.ExclusiveAddressUse);
        Assert.False(socket.LingerState!.Enabled);
        Assert.Equal(0, socket.LingerState.LingerTime);
        Assert.Equal(64, socket.Ttl);
        Assert.False(socket.DualMode);
        Assert.True(socket.ReceiveBufferSize > 0);
        Assert.True(socket.SendBufferSize > 0);
    }

    [Fact]
    public void Defaults_of_a_datagram_socket()
    {
        using Socket socket = Udp();
        Assert.False(socket.EnableBroadcast);
        Assert.True(socket.MulticastLoopback);
        Assert.False(socket.DontFragment);
        Assert.True(socket.ExclusiveAddressUse);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Switches_keep_what_they_are_set_to(bool value)
    {
        using Socket tcp = Tcp();
        tcp.NoDelay = value;
        Assert.Equal(value, tcp.NoDelay);
        tcp.DontFragment = value;
        Assert.Equal(value, tcp.DontFragment);
        tcp.ExclusiveAddressUse = value;
        Assert.Equal(value, tcp.ExclusiveAddressUse);
        using Socket udp = Udp();
        udp.EnableBroadcast = value;
        Assert.Equal(value, udp.EnableBroadcast);
        udp.MulticastLoopback = value;
        Assert.Equal(value, udp.MulticastLoopback);
        udp.DontFragment = value;
        Assert.Equal(value, udp.DontFragment);
        using Socket six = Udp(AddressFamily.InterNetworkV6);
        six.DualMode = value;
        Assert.Equal(value, six.DualMode);
        six.MulticastLoopback = value;
        Assert.Equal(value, six.MulticastLoopback);
    }

    [Theory]
    [MemberData(nameof(InternetFamilies))]
    public void Ttl_is_kept_and_has_a_range(AddressFamily family)
    {
        using Socket socket = Udp(family);
        socket.Ttl = 5;
        Assert.Equal(5, socket.Ttl);
        socket.Ttl = 255;
        Assert.Equal(255, socket.Ttl);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.Ttl = -1);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.Ttl = 256);
    }

    [Fact]
    public void A_Ttl_of_zero_is_an_invalid_argument_in_IPv4()
    {
        using Socket socket = Tcp();
        Fails(SocketError.InvalidArgument, () => socket.Ttl = 0);
    }

    [Fact]
    public void What_the_family_or_type_does_not_have_is_not_supported()
    {
        using Socket four = Tcp();
        using Socket six = Tcp(AddressFamily.InterNetworkV6);
        using Socket path = Unix();
        using Socket udp = Udp();
        Assert.False(four.DualMode);
        Assert.Throws<NotSupportedException>(() => four.DualMode = true);
        Assert.Throws<NotSupportedException>(() => six.DontFragment);
        Assert.Throws<NotSupportedException>(() => six.DontFragment = true);
        Assert.Throws<NotSupportedException>(() => path.Ttl);
        Assert.Throws<NotSupportedException>(() => path.Ttl = 3);
        Assert.Throws<NotSupportedException>(() => path.MulticastLoopback);
        Fails(SocketError.OperationNotSupported, () => _ = udp.NoDelay);
    }

    [Fact]
    public void EnableBroadcast_on_a_stream_is_accepted_and_stays_off()
    {
        using Socket socket = Tcp();
        socket.EnableBroadcast = true;
        Assert.False(socket.EnableBroadcast);
    }

    [Fact]
    public void ExclusiveAddressUse_is_settled_by_Bind()
    {
        using Socket socket = BoundUdp();
        Assert.Throws<InvalidOperationException>(() => socket.ExclusiveAddressUse = true);
    }

    [Fact]
    public void Buffer_sizes_show_what_the_kernel_made_of_them()
    {
        using Socket socket = Tcp();
        socket.ReceiveBufferSize = 10_000;
        socket.SendBufferSize = 11_000;
        // The kernel doubles the number, for its own bookkeeping, and shows the double.
        Assert.Equal(20_000, socket.ReceiveBufferSize);
        Assert.Equal(22_000, socket.SendBufferSize);
        socket.ReceiveBufferSize = 0;
        socket.SendBufferSize = 0;
        Assert.Equal(2_304, socket.ReceiveBufferSize);
        Assert.Equal(4_608, socket.SendBufferSize);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.ReceiveBufferSize = -1);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SendBufferSize = -1);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 5)]
    [InlineData(true, 65_535)]
    [InlineData(false, 0)]
    public void LingerState_is_kept(bool enabled, int seconds)
    {
        using Socket socket = Tcp();
        socket.LingerState = new LingerOption(enabled, seconds);
        Assert.Equal(enabled, socket.LingerState.Enabled);
        Assert.Equal(seconds, socket.LingerState.LingerTime);
        LingerOption option = (LingerOption)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Linger)!;
        Assert.Equal(enabled, option.Enabled);
        Assert.Equal(seconds, option.LingerTime);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65_536)]
    public void LingerState_has_a_range(int seconds)
    {
        using Socket socket = Tcp();
        Assert.ThrowsAny<ArgumentException>(() => socket.LingerState = new LingerOption(true, seconds));
    }

    [Fact(Timeout = Limit)]
    public async Task Available_counts_what_waits()
    {
        using Pair pair = await Connected();
        Assert.Equal(0, pair.Client.Available);
        pair.Server.Send([1, 2, 3]);
        await Eventually(() => pair.Client.Available == 3);
        pair.Client.Receive(new byte[2]);
        Assert.Equal(1, pair.Client.Available);
    }

    [Fact]
    public void Available_on_a_datagram_socket_is_the_next_message()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        sender.SendTo(new byte[10], receiver.LocalEndPoint!);
        sender.SendTo(new byte[20], receiver.LocalEndPoint!);
        Assert.Equal(10, receiver.Available);
        receiver.Receive(new byte[100]);
        Assert.Equal(20, receiver.Available);
    }

    [Fact]
    public void Available_on_a_listener_is_an_invalid_argument()
    {
        using Socket listener = Listener();
        Fails(SocketError.InvalidArgument, () => _ = listener.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task Connected_describes_the_last_call_not_the_peer()
    {
        using Pair pair = await Connected();
        Assert.True(pair.Client.Connected);
        pair.Server.Dispose();
        await Eventually(() => pair.Client.Poll(0, SelectMode.SelectRead));
        Assert.True(pair.Client.Connected);
        Assert.Equal(0, pair.Client.Receive(new byte[1]));
        Assert.True(pair.Client.Connected);
        pair.Client.Dispose();
        Assert.False(pair.Client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connected_is_over_after_a_reset_was_seen()
    {
        using Pair pair = await Connected();
        pair.Server.Close(0);
        await FailsAsync(SocketError.ConnectionReset, () => Run(() => pair.Client.Receive(new byte[1])));
        Assert.False(pair.Client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task Connected_is_over_after_an_async_reset_was_seen()
    {
        using Pair pair = await Connected();
        pair.Server.Close(0);
        await FailsAsync(SocketError.ConnectionReset, () => pair.Client.ReceiveAsync(new byte[1].AsMemory()).AsTask());
        Assert.False(pair.Client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task RemoteEndPoint_outlives_the_peer()
    {
        using Pair pair = await Connected();
        EndPoint remote = pair.Client.RemoteEndPoint!;
        pair.Server.Dispose();
        await Eventually(() => pair.Client.Poll(0, SelectMode.SelectRead));
        Assert.Equal(remote, pair.Client.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task RemoteEndPoint_asked_for_first_after_a_reset()
    {
        using Pair pair = await Connected();
        EndPoint remote = pair.Server.LocalEndPoint!;
        pair.Server.Close(0);
        await Eventually(() => pair.Client.Poll(0, SelectMode.SelectRead));
        // The kernel forgets the peer of a connection that was reset; ours remembers (docs/from-dotnet.md).
#if SOCKEYE
        Assert.Equal(remote, pair.Client.RemoteEndPoint);
#else
        Assert.NotNull(remote);
        Fails(SocketError.NotConnected, () => _ = pair.Client.RemoteEndPoint);
#endif
    }

    [Fact]
    public void Windows_matters_are_refused_or_ignored()
    {
#pragma warning disable CS0618, CA1416 // Names that Windows alone fills stay callable.
        using Socket socket = Tcp();
        Assert.Throws<PlatformNotSupportedException>(() => socket.SetIPProtectionLevel(IPProtectionLevel.Restricted));
        Assert.Throws<ArgumentException>("level", () => socket.SetIPProtectionLevel(IPProtectionLevel.Unspecified));
        socket.UseOnlyOverlappedIO = true;
        Assert.False(socket.UseOnlyOverlappedIO);
#pragma warning restore CS0618, CA1416
    }

    [Fact]
    public void SafeHandle_is_one_object_and_closes_with_the_socket()
    {
        Socket socket = Tcp();
        SafeSocketHandle handle = socket.SafeHandle;
        Assert.Same(handle, socket.SafeHandle);
        Assert.False(handle.IsClosed);
        socket.Dispose();
        Assert.True(handle.IsClosed);
        Assert.True(socket.SafeHandle.IsClosed);
    }

    [Fact]
    public void A_derived_class_sees_Dispose_once_for_each_call()
    {
        Derived socket = new();
        socket.Dispose();
        Assert.Equal([true], socket.Disposals);
        Assert.Throws<ObjectDisposedException>(() => _ = socket.Available);
    }

    private sealed class Derived() : Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        public List<bool> Disposals { get; } = [];

        protected override void Dispose(bool disposing)
        {
            Disposals.Add(disposing);
            base.Dispose(disposing);
        }
    }
}
