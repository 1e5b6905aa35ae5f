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

    private static Task<Connection> Connected(Way way, SocketType type)
    {
        Socket listener = Open(way, AddressFamily.Vsock, type);
        listener.Bind(new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort));
        listener.Listen(8);
        return Connected(way, listener, new VsockEndPoint(VsockEndPoint.Local, ((VsockEndPoint)listener.LocalEndPoint!).Port));
    }
}
