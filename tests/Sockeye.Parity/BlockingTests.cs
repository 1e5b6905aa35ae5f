using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ParityTests;

/// <summary>Calls that must not wait, and calls that may wait only so long.</summary>
public sealed class BlockingTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_receive_with_nothing_to_read_would_block()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        SocketException e = Fails(SocketError.WouldBlock, () => pair.Client.Receive(new byte[1]));
        Assert.Equal(11, e.NativeErrorCode);
        Fails(SocketError.WouldBlock, () => pair.Client.Receive(new byte[1].AsSpan()));
        Fails(SocketError.WouldBlock, () => pair.Client.Receive([new byte[1]]));
        Fails(SocketError.WouldBlock, () => pair.Client.Receive(new byte[1], SocketFlags.Peek));
        pair.Server.Send([7]);
        await Eventually(() => pair.Client.Available == 1);
        Assert.Equal(1, pair.Client.Receive(new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_receive_may_return_its_error_as_a_value()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        Assert.Equal(0, pair.Client.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error));
        Assert.Equal(SocketError.WouldBlock, error);
        Assert.Equal(0, pair.Client.Receive(new byte[1].AsSpan(), SocketFlags.None, out error));
        Assert.Equal(SocketError.WouldBlock, error);
        Assert.Equal(0, pair.Client.Receive([new byte[1]], SocketFlags.None, out error));
        Assert.Equal(SocketError.WouldBlock, error);
        pair.Server.Send([7]);
        await Eventually(() => pair.Client.Available == 1);
        Assert.Equal(1, pair.Client.Receive(new byte[1], 0, 1, SocketFlags.None, out error));
        Assert.Equal(SocketError.Success, error);
    }

    [Fact]
    public void A_non_blocking_accept_with_nobody_there_would_block()
    {
        using Socket listener = Listener();
        listener.Blocking = false;
        Fails(SocketError.WouldBlock, () => listener.Accept());
    }

    [Fact(Timeout = Limit)]
    public async Task A_socket_accepted_from_a_non_blocking_listener_is_non_blocking()
    {
        using Socket listener = Listener();
        listener.Blocking = false;
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        using Socket server = listener.Accept();
        Assert.False(server.Blocking);
        Fails(SocketError.WouldBlock, () => server.Receive(new byte[1]));
    }

    [Fact]
    public void A_non_blocking_ReceiveFrom_would_block()
    {
        using Socket socket = BoundUdp();
        socket.Blocking = false;
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        Fails(SocketError.WouldBlock, () => socket.ReceiveFrom(new byte[1], ref from));
        Fails(SocketError.WouldBlock, () => socket.ReceiveFrom(new byte[1].AsSpan(), ref from));
        SocketFlags flags = SocketFlags.None;
        Fails(SocketError.WouldBlock, () => socket.ReceiveMessageFrom(new byte[1], 0, 1, ref flags, ref from, out _));
        Fails(SocketError.WouldBlock, () => socket.ReceiveFrom(new byte[1], SocketFlags.None, new SocketAddress(AddressFamily.InterNetwork)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_send_takes_what_fits_then_would_block()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        byte[] data = new byte[40_000_000];
        int sent = pair.Client.Send(data);
        Assert.InRange(sent, 1, data.Length - 1);
        await Run(() =>
        {
            while (pair.Client.Send(data, 0, data.Length, SocketFlags.None, out SocketError error) > 0)
            {
                Assert.Equal(SocketError.Success, error);
            }
        });
        int more = pair.Client.Send(data.AsSpan(0, 100_000), SocketFlags.None, out SocketError last);
        Assert.True(last == SocketError.WouldBlock ? more == 0 : more > 0);
    }

    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_connect_would_block_until_it_is_done()
    {
        using Pair full = await Saturated();
        using Socket client = Tcp();
        client.Blocking = false;
        SocketException e = Fails(SocketError.WouldBlock, () => client.Connect(full.Server.LocalEndPoint!));
        Assert.Contains(e.NativeErrorCode, new[] { 11, 115 }); // EAGAIN, or what the kernel said: EINPROGRESS
        Assert.False(client.Connected);
        SocketException again = Assert.ThrowsAny<SocketException>(() => client.Connect(full.Server.LocalEndPoint!));
        Assert.Equal(SocketError.AlreadyInProgress, again.SocketErrorCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Async_calls_wait_on_a_non_blocking_socket()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        Task<int> receive = pair.Client.ReceiveAsync(new byte[4].AsMemory()).AsTask();
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        pair.Server.Send([1]);
        Assert.Equal(1, await receive.WaitAsync(Soon));
        Assert.False(pair.Client.Blocking);
    }

    [Fact(Timeout = Limit)]
    public async Task Sync_calls_block_after_async_ones()
    {
        using Pair pair = await Connected();
        Task<int> first = pair.Client.ReceiveAsync(new byte[4].AsMemory()).AsTask();
        pair.Server.Send([1]);
        await first.WaitAsync(Soon);
        Assert.True(pair.Client.Blocking);
        Task<int> second = Run(() => pair.Client.Receive(new byte[4]));
        await Task.Delay(Moment);
        Assert.False(second.IsCompleted);
        pair.Server.Send([1, 2]);
        Assert.Equal(2, await second);
    }

    [Fact(Timeout = Limit)]
    public async Task Blocking_may_be_switched_to_and_fro()
    {
        using Pair pair = await Connected();
        Assert.True(pair.Client.Blocking);
        pair.Client.Blocking = false;
        Assert.False(pair.Client.Blocking);
        Fails(SocketError.WouldBlock, () => pair.Client.Receive(new byte[1]));
        pair.Client.Blocking = true;
        Assert.True(pair.Client.Blocking);
        Task<int> receive = Run(() => pair.Client.Receive(new byte[4]));
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        pair.Server.Send([1]);
        Assert.Equal(1, await receive);
    }
}

public abstract class TimeoutTests(CallStyle style) : StyledTest(style)
{
    private const int Milliseconds = 150;

    private static async Task TimesOut(Func<Task> call)
    {
        long start = Stopwatch.GetTimestamp();
        await FailsAsync(SocketError.TimedOut, call);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, Milliseconds * 0.9, Milliseconds + 5_000);
    }

    [Fact(Timeout = Limit)]
    public async Task A_receive_ends_when_its_time_is_up()
    {
        using Pair pair = await Connected();
        pair.Client.ReceiveTimeout = Milliseconds;
        await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
        Assert.True(pair.Client.Connected);
        pair.Server.Send([1]);
        Assert.Equal(1, await Style.Receive(pair.Client, new byte[1]).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ReceiveFrom_ends_when_its_time_is_up()
    {
        using Socket socket = BoundUdp();
        socket.ReceiveTimeout = Milliseconds;
        await TimesOut(() => Style.ReceiveFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
        await TimesOut(() => Style.ReceiveMessageFrom(socket, new byte[1], new IPEndPoint(IPAddress.Any, 0)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_receive_into_several_buffers_ends_when_its_time_is_up()
    {
        using Pair pair = await Connected();
        pair.Client.ReceiveTimeout = Milliseconds;
        await TimesOut(() => Style.Receive(pair.Client, [new byte[1], new byte[1]]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_send_ends_when_its_time_is_up()
    {
        using Pair pair = await Connected();
        pair.Client.SendTimeout = Milliseconds;
        await TimesOut(() => Style.Send(pair.Client, new byte[40_000_000]));
    }

    [Fact(Timeout = Limit)]
    public async Task The_time_may_be_set_as_an_option()
    {
        using Pair pair = await Connected();
        pair.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveTimeout, Milliseconds);
        Assert.Equal(Milliseconds, pair.Client.ReceiveTimeout);
        await TimesOut(() => Style.Receive(pair.Client, new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task Data_in_time_is_received()
    {
        using Pair pair = await Connected();
        pair.Client.ReceiveTimeout = 20_000;
        Task<int> receive = Style.Receive(pair.Client, new byte[1]);
        await Task.Delay(Moment);
        pair.Server.Send([1]);
        Assert.Equal(1, await receive.WaitAsync(Soon));
    }
}

public sealed class Timeout_Array() : TimeoutTests(CallStyle.Array);
public sealed class Timeout_Span() : TimeoutTests(CallStyle.Span);
public sealed class Timeout_Forced() : TimeoutTests(CallStyle.Forced);

public sealed class TimeoutPropertyTests : SocketTest
{
    [Fact(Timeout = Limit)]
    public async Task Async_calls_do_not_know_ReceiveTimeout()
    {
        using Pair pair = await Connected();
        pair.Client.ReceiveTimeout = 30;
        Task<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory()).AsTask();
        await Task.Delay(200);
        Assert.False(receive.IsCompleted);
        pair.Server.Send([1]);
        Assert.Equal(1, await receive.WaitAsync(Soon));
    }

    [Fact]
    public void Timeouts_are_kept_and_minus_one_means_none()
    {
        using Socket socket = Tcp();
        Assert.Equal(0, socket.ReceiveTimeout);
        Assert.Equal(0, socket.SendTimeout);
        socket.ReceiveTimeout = 1_500;
        socket.SendTimeout = 2_500;
        Assert.Equal(1_500, socket.ReceiveTimeout);
        Assert.Equal(2_500, socket.SendTimeout);
        socket.ReceiveTimeout = -1;
        socket.SendTimeout = -1;
        Assert.Equal(0, socket.ReceiveTimeout);
        Assert.Equal(0, socket.SendTimeout);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.ReceiveTimeout = -2);
        Assert.Throws<ArgumentOutOfRangeException>("value", () => socket.SendTimeout = -2);
    }
}
