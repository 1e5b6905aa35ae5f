using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Guest.Tests;

/// <summary>SCTP, one socket for one connection.</summary>
public sealed class SctpTests : GuestTest
{
    private static readonly IPEndPoint _nobody = new(IPAddress.Loopback, 1);

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_connection_carries_messages_both_ways(Way way)
    {
        using Socket listener = Listen(way);
        using Connection connection = await Connected(way, listener, listener.LocalEndPoint!);
        byte[] buffer = new byte[64];

        await Carry(way, connection.Client, connection.Server, "ping");
        await Carry(way, connection.Server, connection.Client, "pong!");
        await Send(way, connection.Client, "one"u8.ToArray());
        await Send(way, connection.Client, "three"u8.ToArray());
        Assert.Equal(3, await Receive(way, connection.Server, buffer));
        Assert.Equal(5, await Receive(way, connection.Server, buffer));

        connection.Client.Dispose();
        Assert.Equal(0, await Receive(way, connection.Server, buffer));
    }

    // Each second connect(2) would begin a new association: one packet out, one back, for ever.
    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_refused_connect_ends_and_sends_no_second_packet(Way way)
    {
        using Socket client = Open(way, AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Sctp);
        long before = Unexpected();

        SocketException refused = await ConnectFails(way, client, _nobody);

        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal(1, Unexpected() - before);
    }

    [Theory(Timeout = Limit), MemberData(nameof(Ways))]
    public async Task A_socket_connects_after_it_was_refused(Way way)
    {
        using Socket listener = Listen(way);
        using Socket client = Open(way, AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Sctp);
        await ConnectFails(way, client, _nobody);

        Task<Socket> accept = Accept(way, listener);
        await Connect(way, client, listener.LocalEndPoint!);
        using Socket server = await accept;

        await Carry(way, client, server, "at last");
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_connect_that_does_not_wait_is_learnt_by_the_next_call()
    {
        using Socket client = Open(Way.Sync, AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Sctp);
        client.Blocking = false;
        long before = Unexpected();

        Assert.Equal(SocketError.InProgress, client.TryConnect(_nobody).Error);
        await client.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);

        Assert.Equal(SocketError.ConnectionRefused, client.TryConnect(_nobody).Error);
        Assert.Equal(1, Unexpected() - before);
    }

    private static Socket Listen(Way way)
    {
        Socket listener = Open(way, AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Sctp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        return listener;
    }

    // How many packets came that belong to no association: the first packet of each connect that is refused. The tests of
    // one class run one after the other, and nobody else here speaks SCTP.
    private static long Unexpected() => long.Parse(
        File.ReadLines("/proc/net/sctp/snmp").First(static line => line.StartsWith("SctpOutOfBlues", StringComparison.Ordinal)).AsSpan("SctpOutOfBlues".Length).Trim(),
        CultureInfo.InvariantCulture);
}
