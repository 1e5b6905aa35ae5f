using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// A connect that is refused while it waits. On loopback TCP refuses within connect(2), so here the first SYN is dropped, by a
/// listener whose queue is full, and the second, a second later, finds no listener any more.
/// </summary>
public abstract class LateRefusalTests(SocketStyle style) : StyledTest(style)
{
    [Fact(Timeout = Limit)]
    public Task A_socket_connects_after_it_was_refused_late() => Test(async () =>
    {
        using Socket socket = Tcp();
        await RefuseLate(socket);

        await ConnectNow(socket);
    });

    [Fact(Timeout = Limit)]
    public Task A_socket_connects_with_data_after_it_was_refused_late() => Test(async () =>
    {
        using Socket socket = Tcp();
        await RefuseLate(socket);

        using Socket listener = Listener();
        Assert.Equal(5, await socket.ConnectAndSendAsync(listener.LocalEndPoint!, "hello"u8.ToArray()).AsTask().WaitAsync(Soon));
    });

    [Fact(Timeout = Limit)]
    public Task A_connect_with_data_is_refused_late_and_made_again() => Test(async () =>
    {
        Pair silent = await Silent();
        using Socket socket = Tcp();
        ValueTask<SocketResult<int>> refused = socket.TryConnectAndSendAsync(silent.Server.LocalEndPoint!, "hello"u8.ToArray());
        Assert.False(refused.IsCompleted);
        silent.Dispose();
        Assert.Equal(SocketError.ConnectionRefused, (await refused.AsTask().WaitAsync(Soon)).Error);

        await ConnectNow(socket);
    });

    // The next connect asks for the outcome, which is reported once; the one after starts again.
    [Fact(Timeout = Limit)]
    public Task A_late_refusal_of_a_connect_that_did_not_wait_is_reported_by_the_next() => Test(async () =>
    {
        using Socket socket = Tcp();
        Pair silent = await Silent();
        socket.Blocking = false;
        Assert.Equal(SocketError.InProgress, socket.TryConnect(silent.Server.LocalEndPoint!).Error);
        silent.Dispose();
        await socket.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);
        socket.Blocking = true;

        Outcome<int> reported = await Bounded(Style.Connect(socket, NobodyThere(AddressFamily.InterNetwork)));
        Assert.Equal(SocketError.ConnectionRefused, reported.Error);

        await ConnectNow(socket);
    });

    // Reading SO_ERROR takes the refusal away: a connect after that is a new one, and does not get the old error.
    [Fact(Timeout = Limit)]
    public Task A_socket_connects_after_its_user_read_the_refusal() => Test(async () =>
    {
        using Socket socket = Tcp();
        Pair silent = await Silent();
        socket.Blocking = false;
        Assert.Equal(SocketError.InProgress, socket.TryConnect(silent.Server.LocalEndPoint!).Error);
        silent.Dispose();
        await socket.WaitAsync(SocketEvents.Writable).AsTask().WaitAsync(Soon);
        Assert.Equal((int)SocketError.ConnectionRefused, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error));
        socket.Blocking = true;

        await ConnectNow(socket);
    });

    private async Task RefuseLate(Socket socket)
    {
        Pair silent = await Silent();
        Task<Outcome<int>> refused = Style.Connect(socket, silent.Server.LocalEndPoint!);
        Assert.False(refused.IsCompleted);
        silent.Dispose();

        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(refused)).Error);
    }

    private async Task ConnectNow(Socket socket)
    {
        using Socket listener = Listener();
        Outcome<int> connected = await Bounded(Style.Connect(socket, listener.LocalEndPoint!));
        Assert.Equal(SocketError.Success, connected.Error);
        using Socket server = await listener.AcceptAsync().WaitAsync(Soon);
        Assert.True(socket.Connected);
    }
}

public sealed class LateRefusal_Sync() : LateRefusalTests(SocketStyle.Sync);

public sealed class LateRefusal_Try() : LateRefusalTests(SocketStyle.Try);

public sealed class LateRefusal_Async() : LateRefusalTests(SocketStyle.Async);

public sealed class LateRefusal_TryAsync() : LateRefusalTests(SocketStyle.TryAsync);

public sealed class LateRefusal_Loop() : LateRefusalTests(SocketStyle.Loop);

public sealed class LateRefusal_LoopEpoll() : LateRefusalTests(SocketStyle.LoopEpoll);

public sealed class LateRefusal_Chaos() : LateRefusalTests(SocketStyle.Chaos);
