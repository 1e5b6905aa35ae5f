using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class ShutdownTests : SocketTest
{
    [Theory(Timeout = Limit)]
    [InlineData(SocketShutdown.Receive)]
    [InlineData(SocketShutdown.Send)]
    [InlineData(SocketShutdown.Both)]
    public async Task Shutdown_ends_Connected_and_keeps_the_peers_name(SocketShutdown how)
    {
        using Pair pair = await Connected();
        EndPoint remote = pair.Client.RemoteEndPoint!;
        pair.Client.Shutdown(how);
        Assert.False(pair.Client.Connected);
        Assert.Equal(remote, pair.Client.RemoteEndPoint);
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Shutdown_of_sending_ends_the_peers_stream_after_what_was_sent(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        pair.Client.Send([1, 2, 3]);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], await ReadToEnd(pair.Server));
        pair.Server.Send([4]);
        Assert.Equal([4], await ReadExactly(pair.Client, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task Shutdown_of_both_ends_both_ways()
    {
        using Pair pair = await Connected();
        pair.Client.Shutdown(SocketShutdown.Both);
        Assert.Equal(0, await Run(() => pair.Client.Receive(new byte[1])));
        Fails(SocketError.Shutdown, () => pair.Client.Send([1]));
        Assert.Equal(0, await Run(() => pair.Server.Receive(new byte[1])));
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Shutdown_after_the_peers_reset_is_no_failure(bool seen)
    {
        using Pair pair = await Connected();
        pair.Server.LingerState = new LingerOption(true, 0);
        pair.Server.Dispose();
        await Eventually(() => pair.Client.Poll(0, SelectMode.SelectRead));
        if (seen)
        {
            Fails(SocketError.ConnectionReset, () => pair.Client.Receive(new byte[1]));
        }

        pair.Client.Shutdown(SocketShutdown.Both);
        Assert.False(pair.Client.Connected);
        pair.Client.Shutdown(SocketShutdown.Both);
    }

    [Fact(Timeout = Limit)]
    public async Task Shutdown_may_be_said_twice()
    {
        using Pair pair = await Connected();
        pair.Client.Shutdown(SocketShutdown.Send);
        pair.Client.Shutdown(SocketShutdown.Send);
        pair.Client.Shutdown(SocketShutdown.Both);
        Assert.Empty(await ReadToEnd(pair.Server));
    }

    [Fact]
    public void Shutdown_without_a_connection_is_NotConnected()
    {
        using Socket tcp = Tcp();
        Fails(SocketError.NotConnected, () => tcp.Shutdown(SocketShutdown.Both));
        using Socket udp = BoundUdp();
        Fails(SocketError.NotConnected, () => udp.Shutdown(SocketShutdown.Both));
    }

    [Fact(Timeout = Limit)]
    public async Task Shutdown_ends_a_listeners_pending_accept()
    {
        using Socket listener = Listener();
        Task<Socket> accept = Run(listener.Accept);
        await Task.Delay(Moment);
        listener.Shutdown(SocketShutdown.Both);
        await FailsAsync(SocketError.InvalidArgument, () => accept);
    }

    [Fact]
    public void An_unknown_way_is_an_invalid_argument()
    {
        using Socket socket = Tcp();
        Fails(SocketError.InvalidArgument, () => socket.Shutdown((SocketShutdown)99));
    }

    [Fact(Timeout = Limit)]
    public async Task Shutdown_leaves_unread_data_readable()
    {
        using Pair pair = await Connected();
        pair.Server.Send([1, 2]);
        await Eventually(() => pair.Client.Available == 2);
        pair.Client.Shutdown(SocketShutdown.Both);
        Assert.Equal(2, await Run(() => pair.Client.Receive(new byte[4])));
        Assert.Equal(0, await Run(() => pair.Client.Receive(new byte[4])));
    }
}

public sealed class CloseTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task Close_sends_what_was_written_and_then_ends_the_stream()
    {
        using Pair pair = await Connected();
        byte[] data = Bytes(200_000);
        Task<byte[]> read = ReadToEnd(pair.Server);
        await Run(() => pair.Client.Send(data));
        pair.Client.Close();
        Assert.Equal(data, await read);
    }

    [Fact(Timeout = Limit)]
    public async Task Close_with_a_time_sends_what_was_written()
    {
        using Pair pair = await Connected();
        byte[] data = Bytes(100_000);
        Task<byte[]> read = ReadToEnd(pair.Server);
        await Run(() => pair.Client.Send(data));
        await Run(() => pair.Client.Close(5));
        Assert.Equal(data, await read);
    }

    [Fact(Timeout = Limit)]
    public async Task Close_in_no_time_resets_the_connection()
    {
        using Pair pair = await Connected();
        pair.Client.Close(0);
        await FailsAsync(SocketError.ConnectionReset, () => Run(() => pair.Server.Receive(new byte[1])));
    }

    [Fact(Timeout = Limit)]
    public async Task Close_with_unread_data_resets_the_connection()
    {
        using Pair pair = await Connected();
        pair.Server.Send([1]);
        await Eventually(() => pair.Client.Available == 1);
        pair.Client.Close();
        await FailsAsync(SocketError.ConnectionReset, () => Run(() => pair.Server.Receive(new byte[1])));
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Close_with_a_receive_pending_delivers_what_was_sent_before(bool sync)
    {
        using Pair pair = await Connected();
        Task<int> receive = sync ? Run(() => pair.Client.Receive(new byte[4])) : pair.Client.ReceiveAsync(new byte[4].AsMemory()).AsTask();
        await Task.Delay(Moment);
        pair.Client.Send([1, 2, 3]);
        await Run(pair.Client.Dispose);
        await Assert.ThrowsAnyAsync<SocketException>(() => receive.WaitAsync(Soon));
        Assert.Equal([1, 2, 3], await ReadExactly(pair.Server, 3));
#if SOCKEYE
        // A plain end, where the system's socket resets the connection (docs/from-dotnet.md).
        Assert.Empty(await ReadToEnd(pair.Server));
#else
        await FailsAsync(SocketError.ConnectionReset, () => ReadToEnd(pair.Server));
#endif
    }

    [Fact]
    public void Close_takes_no_time_below_minus_one()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => socket.Close(-2));
    }

    [Fact(Timeout = Limit)]
    public async Task Close_and_Dispose_may_be_said_twice()
    {
        using Pair pair = await Connected();
        pair.Client.Close();
        pair.Client.Close();
        pair.Client.Dispose();
        pair.Client.Close(1);
        Assert.False(pair.Client.Connected);
    }

    [Fact]
    public void A_closed_listeners_port_can_be_bound_again()
    {
        Socket listener = Listener();
        EndPoint local = listener.LocalEndPoint!;
        listener.Dispose();
        using Socket again = Tcp();
        again.Bind(local);
        again.Listen();
    }

    [Fact(Timeout = Limit)]
    public async Task A_listener_binds_again_beside_connections_that_linger()
    {
        Socket listener = Listener();
        EndPoint local = listener.LocalEndPoint!;
        using Socket client = Tcp();
        await client.ConnectAsync(local);
        Socket server = await listener.AcceptAsync();
        listener.Dispose();
        server.Dispose();
        using Socket again = Tcp();
        again.Bind(local);
        again.Listen();
    }

    [Fact(Timeout = Limit)]
    public async Task Nobody_reaches_a_closed_listener()
    {
        Socket listener = Listener();
        EndPoint local = listener.LocalEndPoint!;
        listener.Dispose();
        using Socket client = Tcp();
        await FailsAsync(SocketError.ConnectionRefused, () => client.ConnectAsync(local));
    }
}

public abstract class DisconnectTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disconnect_ends_the_connection(bool reuse)
    {
        using Pair pair = await Connected();
        await Style.Disconnect(pair.Client, reuse).WaitAsync(Soon);
        Assert.False(pair.Client.Connected);
        Assert.Empty(await ReadToEnd(pair.Server));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Disconnect_that_reuses_nothing_delivers_what_was_sent(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        pair.Client.SendBufferSize = 1 << 20;
        byte[] data = Bytes(150_000);
        await pair.Client.SendAsync(data.AsMemory(), SocketFlags.None);
        await Style.Disconnect(pair.Client, false).WaitAsync(Soon);
        byte[] received = await ReadToEnd(pair.Server);
        Assert.True(data.AsSpan().SequenceEqual(received));
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disconnect_after_the_peers_reset_is_no_failure(bool reuse)
    {
        using Pair pair = await Connected();
        pair.Server.LingerState = new LingerOption(true, 0);
        pair.Server.Dispose();
        await FailsAsync(SocketError.ConnectionReset, () => pair.Client.ReceiveAsync(new byte[1].AsMemory(), SocketFlags.None).AsTask());
        await Style.Disconnect(pair.Client, reuse).WaitAsync(Soon);
        await Style.Disconnect(pair.Client, reuse).WaitAsync(Soon);
        Assert.False(pair.Client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_that_was_disconnected_for_good_does_not_connect_again()
    {
        using Socket listener = Listener();
        using Pair pair = await Connected();
        await Style.Disconnect(pair.Client, false).WaitAsync(Soon);
        await FailsAsync(SocketError.IsConnected, () => pair.Client.ConnectAsync(listener.LocalEndPoint!));
    }

    [Fact(Timeout = Limit)]
    public async Task A_disconnected_socket_connects_again_asynchronously_when_it_may()
    {
        using Socket listener = Listener();
        using Pair pair = await Connected();
        await Style.Disconnect(pair.Client, true).WaitAsync(Soon);
        await pair.Client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        Assert.True(pair.Client.Connected);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        pair.Client.Send([3]);
        Assert.Equal([3], await ReadExactly(server, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_disconnected_socket_does_not_connect_again_synchronously()
    {
        using Socket listener = Listener();
        using Pair pair = await Connected();
        await Style.Disconnect(pair.Client, true).WaitAsync(Soon);
        await ThrowsAsync<InvalidOperationException>(() => Run(() => pair.Client.Connect(listener.LocalEndPoint!)));
    }

    [Fact(Timeout = Limit)]
    public async Task Disconnect_without_a_connection_is_NotConnected()
    {
        using Socket socket = Tcp();
        await FailsAsync(SocketError.NotConnected, () => Style.Disconnect(socket, true));
        await FailsAsync(SocketError.NotConnected, () => Style.Disconnect(socket, false));
    }

    [Fact(Timeout = Limit)]
    public async Task Disconnect_on_a_disposed_socket_says_so()
    {
        Socket socket = Tcp();
        socket.Dispose();
        await ThrowsAsync<ObjectDisposedException>(() => Style.Disconnect(socket, true));
    }
}

public sealed class Disconnect_Array() : DisconnectTests(CallStyle.Array);
public sealed class Disconnect_Forced() : DisconnectTests(CallStyle.Forced);
public sealed class Disconnect_Tasks() : DisconnectTests(CallStyle.Tasks);
public sealed class Disconnect_Cancellable() : DisconnectTests(CallStyle.Cancellable);
