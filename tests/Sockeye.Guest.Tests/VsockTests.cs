using System.Net.Sockets;

namespace Sockeye.Guest.Tests;

/// <summary>VSOCK over its loopback.</summary>
public sealed class VsockTests : GuestTest
{
    public static readonly TheoryData<Way, SocketType> Connections = WaysWith(SocketType.Stream, SocketType.Seqpacket);

    // No port that the kernel gives by itself: those begin at 1024 and above.
    private static readonly VsockEndPoint _nobody = new(VsockEndPoint.Local, 9);

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_connection_carries_bytes_both_ways_and_ends(Way way, SocketType type)
    {
        using Connection connection = await Connected(way, type);

        await Carry(way, connection.Client, connection.Server, "ping");
        await Carry(way, connection.Server, connection.Client, "pong!");
        Assert.Equal(((VsockEndPoint)connection.Client.LocalEndPoint!).Port, ((VsockEndPoint)connection.Server.RemoteEndPoint!).Port);

        connection.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await Receive(way, connection.Server, new byte[64]));
        await Carry(way, connection.Server, connection.Client, "late");
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_stream_carries_more_than_its_buffers_hold(Way way)
    {
        using Connection connection = await Connected(way, SocketType.Stream);
        byte[] data = new byte[1 << 20], got = new byte[data.Length];
        new Random(1).NextBytes(data);

        Task sending = way == Way.Sync
            ? Task.Run(() => connection.Client.SendAll(data))
            : connection.Client.SendAllAsync(data).AsTask();
        Task receiving = way == Way.Sync
            ? Task.Run(() => connection.Server.ReceiveExactly(got))
            : connection.Server.ReceiveExactlyAsync(got).AsTask();
        await Task.WhenAll(sending, receiving).WaitAsync(Soon);

        Assert.True(data.AsSpan().SequenceEqual(got));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_refused_connect_ends(Way way, SocketType type)
    {
        using Socket client = Open(way, AddressFamily.Vsock, type);

        SocketException refused = await ConnectFails(way, client, _nobody);

        // What the kernel says where others say ECONNREFUSED.
        Assert.Equal(SocketError.ConnectionReset, refused.SocketErrorCode);
        Assert.False(client.Connected);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_refused_connect_ends_where_connections_are_made(Way way)
    {
        SocketException refused = await Assert.ThrowsAnyAsync<SocketException>(() => way == Way.Sync
            ? Task.Run(() => Socket.CreateConnection(_nobody, Soon)).WaitAsync(Soon)
            : Socket.CreateConnectionAsync(_nobody, Soon).WaitAsync(Soon));

        Assert.Equal(SocketError.ConnectionReset, refused.SocketErrorCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_connect_that_does_not_wait_is_learnt_by_the_next_call()
    {
        using Socket client = Open(Way.Sync, AddressFamily.Vsock, SocketType.Stream);
        client.Blocking = false;

        Assert.Equal(SocketError.InProgress, client.TryConnect(_nobody).Error);
        await client.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);

        Assert.Equal(SocketError.ConnectionReset, client.TryConnect(_nobody).Error);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_socket_that_was_refused_connects_in_the_end(Way way, SocketType type)
    {
        using Socket client = Open(way, AddressFamily.Vsock, type);
        client.SetOption(VsockOptions.Buffer, 100_000UL);
        nint number = client.Handle;
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal(SocketError.ConnectionReset, (await ConnectFails(way, client, _nobody)).SocketErrorCode);
        }

        await ConnectsNow(way, client);
        Assert.Equal(number, client.Handle);
        Assert.Equal(100_000UL, client.GetOption(VsockOptions.Buffer));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_socket_connects_after_its_user_read_the_refusal(Way way)
    {
        using Socket client = Open(way, AddressFamily.Vsock, SocketType.Stream);
        client.Blocking = false;
        Assert.Equal(SocketError.InProgress, client.TryConnect(_nobody).Error);
        await client.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);
        Assert.Equal((int)SocketError.ConnectionReset, client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error));
        client.Blocking = true;

        await ConnectsNow(way, client);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_bound_port_follows_after_a_refusal_and_a_disconnect(Way way)
    {
        using Socket client = Open(way, AddressFamily.Vsock, SocketType.Stream);
        client.Bind(new VsockEndPoint(VsockEndPoint.Any, NextNumber()));
        uint port = ((VsockEndPoint)client.LocalEndPoint!).Port;
        await ConnectFails(way, client, _nobody);

        await ConnectsNow(way, client);
        Assert.Equal(port, ((VsockEndPoint)client.LocalEndPoint!).Port);

        // The kernel keeps the port until the peer has gone as well.
        Assert.Equal(0, await client.ReceiveAsync(new byte[1]).WaitAsync(Soon));
        client.Disconnect(reuseSocket: true);
        Assert.Null(client.RemoteEndPoint);
        await ConnectsNow(way, client, isDisconnected: true);
        Assert.Equal(port, ((VsockEndPoint)client.LocalEndPoint!).Port);
    }

    // The kernel keeps the port while the peer has not answered the end.
    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_bound_socket_whose_peer_stays_is_disconnected_and_connects_again(Way way)
    {
        using Socket listener = Open(way, AddressFamily.Vsock, SocketType.Stream);
        listener.Bind(new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort));
        listener.Listen(8);
        using Socket client = Open(way, AddressFamily.Vsock, SocketType.Stream);
        client.Bind(new VsockEndPoint(VsockEndPoint.Any, NextNumber()));
        await Connect(way, client, new VsockEndPoint(VsockEndPoint.Local, ((VsockEndPoint)listener.LocalEndPoint!).Port));
        using Socket server = await Accept(way, listener);
        await Carry(way, client, server, "ping");

        client.Disconnect(reuseSocket: true);
        Assert.Null(client.RemoteEndPoint);
        Assert.False(client.Connected);
        await ConnectsNow(way, client, isDisconnected: true);
    }

    [Fact(Timeout = Limit)]
    public async Task An_adopted_descriptor_that_was_refused_connects()
    {
        Socket first = Open(Way.Sync, AddressFamily.Vsock, SocketType.Stream);
        await ConnectFails(Way.Sync, first, _nobody);
        using var adopted = new Socket(first.Detach());

        await ConnectsNow(Way.Sync, adopted);
    }

    private static async Task ConnectsNow(Way way, Socket client, bool isDisconnected = false)
    {
        using Socket listener = Open(way, AddressFamily.Vsock, client.SocketType);
        listener.Bind(new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort));
        listener.Listen(8);
        var where = new VsockEndPoint(VsockEndPoint.Local, ((VsockEndPoint)listener.LocalEndPoint!).Port);

        // The synchronous throwing Connect refuses after Disconnect, as in .NET.
        await Connect(isDisconnected ? Way.Epoll : way, client, where);
        using Socket server = await Accept(way, listener);
        Assert.True(client.Connected);
        await Carry(way, client, server, "ping");
        await Carry(way, server, client, "pong!");
    }

    private static Task<Connection> Connected(Way way, SocketType type)
    {
        Socket listener = Open(way, AddressFamily.Vsock, type);
        listener.Bind(new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort));
        listener.Listen(8);
        return Connected(way, listener, new VsockEndPoint(VsockEndPoint.Local, ((VsockEndPoint)listener.LocalEndPoint!).Port));
    }
}
