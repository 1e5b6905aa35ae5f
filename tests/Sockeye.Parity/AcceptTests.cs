using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public abstract class AcceptTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Accept_returns_a_connected_socket_of_the_listeners_kind(AddressFamily family)
    {
        using Socket listener = Listener(family);
        using Socket client = family == AddressFamily.Unix ? Unix() : Tcp(family);
        Task<Socket> accept = Style.Accept(listener);
        await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        using Socket server = await accept.WaitAsync(Soon);

        Assert.True(server.Connected);
        Assert.True(server.IsBound);
        Assert.True(server.Blocking);
        Assert.Equal(family, server.AddressFamily);
        Assert.Equal(SocketType.Stream, server.SocketType);
        Assert.Equal(listener.ProtocolType, server.ProtocolType);
        Assert.Equal(listener.LocalEndPoint!.ToString(), server.LocalEndPoint!.ToString());
        if (family != AddressFamily.Unix)
        {
            Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
            Assert.Equal(client.RemoteEndPoint, server.LocalEndPoint);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_takes_a_connection_that_already_waits()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await Style.Accept(listener).WaitAsync(Soon);
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_waits_until_somebody_connects()
    {
        using Socket listener = Listener();
        Task<Socket> accept = Style.Accept(listener);
        await Task.Delay(Moment);
        Assert.False(accept.IsCompleted);
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await accept.WaitAsync(Soon);
    }

    [Theory(Timeout = Limit)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task Several_accepts_at_once_each_get_a_connection_of_their_own(int count)
    {
        using Socket listener = Listener();
        Task<Socket>[] accepts = [.. Enumerable.Range(0, count).Select(_ => Style.Accept(listener))];
        Socket[] clients = [.. Enumerable.Range(0, count).Select(_ => Tcp())];
        foreach (Socket client in clients)
        {
            await client.ConnectAsync(listener.LocalEndPoint!).WaitAsync(Soon);
        }

        Socket[] servers = await Task.WhenAll(accepts).WaitAsync(Soon);
        Assert.Equal(
            clients.Select(c => c.LocalEndPoint!.ToString()).Order(StringComparer.Ordinal),
            servers.Select(s => s.RemoteEndPoint!.ToString()).Order(StringComparer.Ordinal));
        foreach (Socket socket in clients.Concat(servers))
        {
            socket.Dispose();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_works_again_and_again()
    {
        using Socket listener = Listener();
        for (int i = 0; i < 5; i++)
        {
            using Socket client = Tcp();
            Task<Socket> accept = Style.Accept(listener);
            await client.ConnectAsync(listener.LocalEndPoint!);
            using Socket server = await accept.WaitAsync(Soon);
            Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_before_Bind_is_an_invalid_operation()
    {
        using Socket socket = Tcp();
        await ThrowsAtOnce<InvalidOperationException>(() => Style.Accept(socket));
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_before_Listen_is_an_invalid_operation()
    {
        using Socket socket = Tcp();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await ThrowsAtOnce<InvalidOperationException>(() => Style.Accept(socket));
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_on_a_disposed_socket_says_so()
    {
        Socket socket = Listener();
        socket.Dispose();
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Accept(socket));
    }

    [Fact(Timeout = Limit)]
    public async Task An_accepted_socket_outlives_its_listener()
    {
        Socket listener = Listener();
        using Socket client = Tcp();
        Task<Socket> accept = Style.Accept(listener);
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = await accept.WaitAsync(Soon);
        listener.Dispose();
        client.Send([7]);
        Assert.Equal([7], await ReadExactly(server, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_has_gone_is_still_accepted_and_reads_as_ended()
    {
        using Socket listener = Listener();
        using (Socket client = Tcp())
        {
            await client.ConnectAsync(listener.LocalEndPoint!);
            client.Send([1, 2]);
        }

        using Socket server = await Style.Accept(listener).WaitAsync(Soon);
        Assert.Equal([1, 2], await ReadToEnd(server));
    }
}

public sealed class Accept_Array() : AcceptTests(CallStyle.Array);
public sealed class Accept_Forced() : AcceptTests(CallStyle.Forced);
public sealed class Accept_Tasks() : AcceptTests(CallStyle.Tasks);
public sealed class Accept_Memory() : AcceptTests(CallStyle.Memory);
public sealed class Accept_Cancellable() : AcceptTests(CallStyle.Cancellable);

public abstract class AcceptDisposeTests(CallStyle style) : StyledTest(style)
{
    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_accept()
    {
        Socket listener = Listener();
        Task<Socket> accept = Style.Accept(listener);
        await Task.Delay(Moment);
        listener.Dispose();
        await FailsAsync(Style.IsSync ? SocketError.Interrupted : SocketError.OperationAborted, () => accept);
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_every_pending_accept()
    {
        Socket listener = Listener();
        Task<Socket>[] accepts = [.. Enumerable.Range(0, 3).Select(_ => Style.Accept(listener))];
        await Task.Delay(Moment);
        listener.Dispose();
        foreach (Task<Socket> accept in accepts)
        {
            await FailsAsync(Style.IsSync ? SocketError.Interrupted : SocketError.OperationAborted, () => accept);
        }
    }
}

public sealed class AcceptDispose_Array() : AcceptDisposeTests(CallStyle.Array);
public sealed class AcceptDispose_Tasks() : AcceptDisposeTests(CallStyle.Tasks);
public sealed class AcceptDispose_Memory() : AcceptDisposeTests(CallStyle.Memory);
public sealed class AcceptDispose_Cancellable() : AcceptDisposeTests(CallStyle.Cancellable);
#if SOCKEYE
// The system's socket closes descriptor 0 when an Accept that waits on a non-blocking descriptor is aborted.
// Whoever holds that number then, a neighbouring test maybe, loses it; so this row runs against ours alone.
public sealed class AcceptDispose_Forced() : AcceptDisposeTests(CallStyle.Forced);
#endif

public sealed class AcceptTargetTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task AcceptAsync_fills_the_socket_it_was_given()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        using Socket target = Tcp();
        Task<Socket> accept = listener.AcceptAsync(target);
        await client.ConnectAsync(listener.LocalEndPoint!);
        Socket accepted = await accept.WaitAsync(Soon);
        Assert.Same(target, accepted);
        Assert.True(target.Connected);
        Assert.Equal(client.LocalEndPoint, target.RemoteEndPoint);
        client.Send([5]);
        Assert.Equal([5], await ReadExactly(target, 1));
    }

    [Fact(Timeout = Limit)]
    public async Task AcceptAsync_given_null_makes_a_socket()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        ValueTask<Socket> accept = listener.AcceptAsync(null, CancellationToken.None);
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket accepted = await accept.AsTask().WaitAsync(Soon);
        Assert.True(accepted.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task AcceptAsync_refuses_a_target_that_is_in_use()
    {
        using Socket listener = Listener();
        using Socket bound = Tcp();
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await Assert.ThrowsAsync<InvalidOperationException>(() => listener.AcceptAsync(bound).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Accept_before_Listen_leaves_the_socket_usable()
    {
        using Socket socket = Tcp();
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Throws<InvalidOperationException>(() => { socket.Accept(); });
        socket.Listen();
        using Socket client = Tcp();
        await client.ConnectAsync(socket.LocalEndPoint!);
        using Socket server = await socket.AcceptAsync().WaitAsync(Soon);
        Assert.True(server.Connected);
    }
}
