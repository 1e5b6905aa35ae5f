using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sockeye.Guest.Tests;

/// <summary>TIPC on one node.</summary>
public sealed class TipcTests : GuestTest
{
    public static readonly TheoryData<Way, SocketType> Connections = WaysWith(SocketType.Stream, SocketType.Seqpacket);

    public static readonly TheoryData<Way, SocketType> Datagrams = WaysWith(SocketType.Rdm, SocketType.Dgram);

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_connection_to_a_service_carries_bytes_both_ways(Way way, SocketType type)
    {
        using Connection connection = await Connected(way, type);

        await Carry(way, connection.Client, connection.Server, "ping");
        await Carry(way, connection.Server, connection.Client, "pong!");

        Assert.Equal(connection.Client.LocalEndPoint, connection.Server.RemoteEndPoint);
        Assert.True(connection.Client.Connected && connection.Server.Connected);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task Packets_in_sequence_stay_apart(Way way)
    {
        using Connection connection = await Connected(way, SocketType.Seqpacket);
        byte[] buffer = new byte[64];

        await Send(way, connection.Client, "one"u8.ToArray());
        await Send(way, connection.Client, "three"u8.ToArray());

        Assert.Equal(3, await Receive(way, connection.Server, buffer));
        Assert.Equal(5, await Receive(way, connection.Server, buffer));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Datagrams))]
    public async Task A_datagram_to_a_name_is_answered_to_its_sender(Way way, SocketType type)
    {
        uint service = NextNumber();
        byte[] buffer = new byte[64];
        using Socket server = Open(way, AddressFamily.Tipc, type);
        using Socket client = Open(way, AddressFamily.Tipc, type);
        server.Bind(TipcEndPoint.Range(service, 7, 9));

        Assert.Equal(5, await SendTo(way, client, "hello"u8.ToArray(), TipcEndPoint.Service(service, 8)));
        (int length, EndPoint from) = await ReceiveFrom(way, server, buffer, TipcEndPoint.Port(0, 0));
        Assert.Equal("hello", Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(client.LocalEndPoint, from);

        Assert.Equal(4, await SendTo(way, server, "back"u8.ToArray(), from));
        Assert.Equal(4, await Receive(way, client, buffer));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Datagrams))]
    public async Task A_range_is_sent_to_all_who_serve_it(Way way, SocketType type)
    {
        uint service = NextNumber();
        byte[] buffer = new byte[64];
        using Socket one = Open(way, AddressFamily.Tipc, type);
        using Socket other = Open(way, AddressFamily.Tipc, type);
        using Socket client = Open(way, AddressFamily.Tipc, type);
        one.Bind(TipcEndPoint.Range(service, 1, 5));
        other.Bind(TipcEndPoint.Range(service, 3, 9));

        await SendTo(way, client, "all"u8.ToArray(), TipcEndPoint.Range(service, 0, 100));

        Assert.Equal(3, await Receive(way, one, buffer));
        Assert.Equal(3, await Receive(way, other, buffer));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_peer_sees_the_end_after_our_dispose(Way way, SocketType type)
    {
        using Connection connection = await Connected(way, type);
        byte[] buffer = new byte[64];

        await Send(way, connection.Client, "last words"u8.ToArray());
        connection.Client.Dispose();

        Assert.Equal(10, await Receive(way, connection.Server, buffer));
        Assert.Equal(0, await Receive(way, connection.Server, buffer));
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_peer_that_waits_sees_the_end_after_our_dispose(Way way)
    {
        using Connection connection = await Connected(way, SocketType.Stream);

        Task<int> end = Receive(way, connection.Server, new byte[64]);
        connection.Client.Dispose();

        Assert.Equal(0, await end);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_connection_outlives_the_dispose_of_a_duplicate(Way way)
    {
        using Connection connection = await Connected(way, SocketType.Stream);
        Socket duplicate = connection.Client.Duplicate();

        duplicate.Dispose();

        await Carry(way, connection.Client, connection.Server, "still here");
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_peer_sees_a_reset_where_the_linger_time_is_zero(Way way)
    {
        using Connection connection = await Connected(way, SocketType.Stream);

        connection.Client.LingerState = new LingerOption(enable: true, seconds: 0);
        connection.Client.Dispose();

        SocketException reset = await Assert.ThrowsAnyAsync<SocketException>(() => Receive(way, connection.Server, new byte[64]));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_name_that_nobody_has_is_refused(Way way, SocketType type)
    {
        using Socket client = Open(way, AddressFamily.Tipc, type);

        SocketException refused = await ConnectFails(way, client, TipcEndPoint.Service(NextNumber(), 1));

        Assert.Equal(SocketError.HostUnreachable, refused.SocketErrorCode);
    }

    // The kernel completes connect(2) when the peer accepts, and holds to TIPC_CONN_TIMEOUT on a blocking descriptor alone.
    [Theory(Timeout = Limit), MemberData(nameof(Connections))]
    public async Task A_connect_that_nobody_accepts_ends_at_its_ConnectTimeout(Way way, SocketType type)
    {
        uint service = NextNumber();
        using Socket listener = Listen(way, type, service);
        using Socket client = Open(way, AddressFamily.Tipc, type);
        client.SetOption(TipcOptions.ConnectTimeout, TimeSpan.FromMilliseconds(250));

        long start = Stopwatch.GetTimestamp();
        SocketException late = await ConnectFails(way, client, TipcEndPoint.Service(service, 42));

        Assert.Equal(SocketError.TimedOut, late.SocketErrorCode);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.FromMilliseconds(240), Soon);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_connection_that_nobody_accepts_is_given_up_where_connections_are_made(Way way)
    {
        uint service = NextNumber();
        using Socket listener = Listen(way, SocketType.Stream, service);
        SocketUri endpoint = SocketUri.Parse($"tipc://{service}:42");

        // The kernel's own eight seconds.
        SocketException late = await Assert.ThrowsAnyAsync<SocketException>(() => way == Way.Sync
            ? Task.Run(() => endpoint.Connect()).WaitAsync(Soon)
            : endpoint.ConnectAsync().WaitAsync(Soon));

        Assert.Equal(SocketError.TimedOut, late.SocketErrorCode);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_shorter_Timeout_wins_over_the_ConnectTimeout(Way way)
    {
        uint service = NextNumber();
        using Socket listener = Listen(way, SocketType.Stream, service);
        using Socket client = Open(way, AddressFamily.Tipc, SocketType.Stream);
        client.SetOption(TipcOptions.ConnectTimeout, TimeSpan.FromMinutes(10));
        client.Timeout = TimeSpan.FromMilliseconds(200);

        SocketException late = await ConnectFails(way, client, TipcEndPoint.Service(service, 42));

        Assert.Equal(SocketError.TimedOut, late.SocketErrorCode);
    }

    private static Socket Listen(Way way, SocketType type, uint service)
    {
        Socket listener = Open(way, AddressFamily.Tipc, type);
        listener.Bind(TipcEndPoint.Range(service, 0, 99));
        listener.Listen(8);
        return listener;
    }

    private static Task<Connection> Connected(Way way, SocketType type)
    {
        uint service = NextNumber();
        return Connected(way, Listen(way, type, service), TipcEndPoint.Service(service, 42));
    }
}
