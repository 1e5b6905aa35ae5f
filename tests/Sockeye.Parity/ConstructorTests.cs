using System.Net.Sockets;

namespace ParityTests;

public sealed class ConstructorTests : SocketTest
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)]
    [InlineData(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Unspecified)]
    [InlineData(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)]
    [InlineData(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)]
    [InlineData(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified)]
    public void A_fresh_socket_is_what_was_asked_for(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        using Socket socket = new(family, type, protocol);
        Assert.Equal(family, socket.AddressFamily);
        Assert.Equal(type, socket.SocketType);
        Assert.Equal(protocol, socket.ProtocolType);
        Assert.True(socket.Blocking);
        Assert.False(socket.Connected);
        Assert.False(socket.IsBound);
        Assert.Null(socket.LocalEndPoint);
        Assert.Null(socket.RemoteEndPoint);
        Assert.Equal(0, socket.Available);
        Assert.InRange(socket.Handle, 1, int.MaxValue);
        Assert.Equal(socket.Handle, socket.SafeHandle.DangerousGetHandle());
        Assert.False(socket.SafeHandle.IsInvalid);
        Assert.False(socket.SafeHandle.IsClosed);
    }

    [Theory]
    [InlineData(SocketType.Stream, ProtocolType.Tcp)]
    [InlineData(SocketType.Dgram, ProtocolType.Udp)]
    public void Without_a_family_a_socket_is_dual_mode(SocketType type, ProtocolType protocol)
    {
        using Socket socket = new(type, protocol);
        Assert.Equal(AddressFamily.InterNetworkV6, socket.AddressFamily);
        Assert.True(socket.DualMode);
        Assert.Equal(0, (int)socket.GetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.IPv6Only)!);
    }

    [Theory]
    [InlineData(AddressFamily.Unknown, SocketType.Stream, ProtocolType.Tcp, SocketError.AddressFamilyNotSupported)]
    [InlineData(AddressFamily.Unknown, SocketType.Dgram, ProtocolType.Udp, SocketError.AddressFamilyNotSupported)]
    [InlineData(AddressFamily.Unspecified, SocketType.Stream, ProtocolType.Tcp, SocketError.ProtocolNotSupported)]
    [InlineData(AddressFamily.AppleTalk, SocketType.Stream, ProtocolType.Tcp, SocketError.AddressFamilyNotSupported)]
    [InlineData((AddressFamily)999, SocketType.Stream, ProtocolType.Tcp, SocketError.AddressFamilyNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Tcp, SocketError.ProtocolNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Udp, SocketError.ProtocolNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Stream, (ProtocolType)999, SocketError.ProtocolNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Rdm, ProtocolType.Tcp, SocketError.SocketNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Seqpacket, ProtocolType.Tcp, SocketError.SocketNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Rdm, ProtocolType.Udp, SocketError.SocketNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Seqpacket, ProtocolType.Udp, SocketError.SocketNotSupported)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Unknown, ProtocolType.Tcp, SocketError.ProtocolType)]
    [InlineData(AddressFamily.InterNetwork, (SocketType)99, ProtocolType.Tcp, SocketError.ProtocolType)]
    [InlineData(AddressFamily.Unix, SocketType.Stream, ProtocolType.Tcp, SocketError.ProtocolNotSupported)]
    public void What_cannot_be_is_refused_with_the_reason(AddressFamily family, SocketType type, ProtocolType protocol, SocketError error) =>
        Fails(error, () => new Socket(family, type, protocol).Dispose());

    [Theory]
    [InlineData(SocketType.Dgram, ProtocolType.Tcp)]
    [InlineData(SocketType.Rdm, ProtocolType.Tcp)]
    [InlineData(SocketType.Seqpacket, ProtocolType.Udp)]
    [InlineData(SocketType.Stream, ProtocolType.Udp)]
    [InlineData(SocketType.Unknown, ProtocolType.Udp)]
    public void What_cannot_be_is_refused_in_dual_mode_too(SocketType type, ProtocolType protocol) =>
        Assert.ThrowsAny<SocketException>(() => new Socket(type, protocol).Dispose());

    [Fact]
    public void The_kinds_of_network_are_known()
    {
        Assert.True(Socket.OSSupportsIPv4);
        Assert.True(Socket.OSSupportsIPv6);
        Assert.True(Socket.OSSupportsUnixDomainSockets);
#pragma warning disable CS0618 // The old names stay, and mean the same.
        Assert.True(Socket.SupportsIPv4);
        Assert.True(Socket.SupportsIPv6);
#pragma warning restore CS0618
    }

    [Fact]
    public void A_descriptor_is_not_inherited()
    {
        using Socket socket = Tcp();
        Assert.Contains("flags:\t0", File.ReadAllText($"/proc/self/fdinfo/{socket.Handle}"));
        string flags = File.ReadLines($"/proc/self/fdinfo/{socket.Handle}").First(l => l.StartsWith("flags:")).Split('\t')[1];
        Assert.NotEqual(0, Convert.ToInt32(flags, 8) & 0x80000);
    }

    [Fact(Timeout = Limit)]
    public async Task An_accepted_descriptor_is_not_inherited()
    {
        using Pair pair = await Connected();
        string flags = File.ReadLines($"/proc/self/fdinfo/{pair.Server.Handle}").First(l => l.StartsWith("flags:")).Split('\t')[1];
        Assert.NotEqual(0, Convert.ToInt32(flags, 8) & 0x80000);
    }
}

/// <summary>Sockets made from the handle of another.</summary>
public sealed class FromHandleTests : SocketTest
{
    [Fact]
    public void A_handle_is_checked()
    {
        Assert.Throws<ArgumentNullException>("handle", () => new Socket((SafeSocketHandle)null!));
        using SafeSocketHandle invalid = new(-1, ownsHandle: false);
        Assert.Throws<ArgumentException>("handle", () => new Socket(invalid));
        using SafeSocketHandle nothing = new(1_000_000, ownsHandle: false);
        Fails(SocketError.NotSocket, () => new Socket(nothing).Dispose());
    }

    [Fact]
    public void A_file_that_is_no_socket_is_taken_as_one_of_unknown_kind()
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle("/etc/hostname");
        using SafeSocketHandle handle = new(file.DangerousGetHandle(), ownsHandle: false);
        using Socket socket = new(handle);
        Assert.Equal(AddressFamily.Unknown, socket.AddressFamily);
        Assert.Equal(SocketType.Unknown, socket.SocketType);
        Assert.Equal(ProtocolType.Unknown, socket.ProtocolType);
        Assert.False(socket.Connected);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)]
    [InlineData(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp)]
    [InlineData(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp)]
    [InlineData(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)]
    [InlineData(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)]
    public void The_kind_is_read_from_the_descriptor(AddressFamily family, SocketType type, ProtocolType protocol)
    {
        using Socket original = new(family, type, protocol);
        using SafeSocketHandle view = new(original.Handle, ownsHandle: false);
        using Socket copy = new(view);
        Assert.Equal(family, copy.AddressFamily);
        Assert.Equal(type, copy.SocketType);
        Assert.Equal(protocol, copy.ProtocolType);
        Assert.False(copy.Connected);
        Assert.True(copy.Blocking);
        Assert.Equal(original.Handle, copy.Handle);
        Assert.Null(copy.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_connected_descriptor_is_known_as_such()
    {
        using Pair pair = await Connected();
        using SafeSocketHandle view = new(pair.Client.Handle, ownsHandle: false);
        using Socket copy = new(view);
        Assert.True(copy.Connected);
        Assert.True(copy.IsBound);
        Assert.Equal(pair.Client.LocalEndPoint, copy.LocalEndPoint);
        Assert.Equal(pair.Client.RemoteEndPoint, copy.RemoteEndPoint);
        await copy.SendAsync(new byte[] { 3 });
        Assert.Equal([3], await ReadExactly(pair.Server, 1));
        pair.Server.Send([4]);
        Assert.Equal([4], await ReadExactly(copy, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_listening_descriptor_is_known_as_such()
    {
        using Socket listener = Listener();
        using SafeSocketHandle view = new(listener.Handle, ownsHandle: false);
        using Socket copy = new(view);
        Assert.True(copy.IsBound);
        Assert.False(copy.Connected);
        Assert.Equal(listener.LocalEndPoint, copy.LocalEndPoint);
        using Socket client = Tcp();
        await client.ConnectAsync(copy.LocalEndPoint!);
        using Socket server = await copy.AcceptAsync().WaitAsync(Soon);
        Assert.True(server.Connected);
    }

    [Fact]
    public void A_bound_datagram_descriptor_is_known_as_such()
    {
        using Socket bound = BoundUdp();
        using SafeSocketHandle view = new(bound.Handle, ownsHandle: false);
        using Socket copy = new(view);
        Assert.True(copy.IsBound);
        Assert.Equal(bound.LocalEndPoint, copy.LocalEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task A_connected_unix_descriptor_is_known_as_such()
    {
        using Pair pair = await Connected(AddressFamily.Unix);
        using SafeSocketHandle view = new(pair.Server.Handle, ownsHandle: false);
        using Socket copy = new(view);
        Assert.True(copy.Connected);
        Assert.Equal(pair.Server.LocalEndPoint!.ToString(), copy.LocalEndPoint!.ToString());
        copy.Send([3]);
        Assert.Equal([3], await ReadExactly(pair.Client, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task Two_sockets_may_share_a_handle()
    {
        using Pair pair = await Connected();
        using Socket copy = new(pair.Client.SafeHandle);
        Assert.Equal(pair.Client.Handle, copy.Handle);
        await copy.SendAsync(new byte[] { 1 });
        Assert.Equal([1], await ReadExactly(pair.Server, 1));
        await pair.Client.SendAsync(new byte[] { 2 });
        Assert.Equal([2], await ReadExactly(pair.Server, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_view_that_does_not_own_leaves_the_descriptor_open()
    {
        using Pair pair = await Connected();
        using (SafeSocketHandle view = new(pair.Client.Handle, ownsHandle: false))
        {
            new Socket(view).Dispose();
        }

        pair.Client.Send([1]);
        Assert.Equal([1], await ReadExactly(pair.Server, 1));
    }
}
