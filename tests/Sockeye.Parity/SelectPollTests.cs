using System.Collections;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ParityTests;

public sealed class PollTests : SocketTest
{
    private const int LongMicroseconds = 8_000_000;

    [Fact(Timeout = Limit)]
    public async Task A_quiet_connection_may_be_written_and_not_read()
    {
        using Pair pair = await Connected();
        Assert.True(pair.Client.Poll(0, SelectMode.SelectWrite));
        Assert.False(pair.Client.Poll(0, SelectMode.SelectRead));
        Assert.False(pair.Client.Poll(0, SelectMode.SelectError));
        Assert.True(pair.Client.Poll(TimeSpan.Zero, SelectMode.SelectWrite));
        Assert.False(pair.Client.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    [Theory(Timeout = Limit)]
    [InlineData(SelectMode.SelectRead)]
    [InlineData(SelectMode.SelectError)]
    public async Task Poll_waits_as_long_as_it_was_told(SelectMode mode)
    {
        using Pair pair = await Connected();
        long start = Stopwatch.GetTimestamp();
        Assert.False(await Run(() => pair.Client.Poll(60_000, mode)));
        Assert.False(await Run(() => pair.Client.Poll(TimeSpan.FromMilliseconds(60), mode)));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(110));
    }

    [Theory(Timeout = Limit)]
    [InlineData(-1)]
    [InlineData(LongMicroseconds)]
    public async Task Poll_wakes_when_data_comes(int microseconds)
    {
        using Pair pair = await Connected();
        Task<bool> poll = Run(() => pair.Client.Poll(microseconds, SelectMode.SelectRead));
        await Task.Delay(Moment);
        Assert.False(poll.IsCompleted);
        pair.Server.Send([1]);
        Assert.True(await poll);
        Assert.Equal(1, pair.Client.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task Poll_without_limit_in_TimeSpan_waits_for_data()
    {
        using Pair pair = await Connected();
        Task<bool> poll = Run(() => pair.Client.Poll(Timeout.InfiniteTimeSpan, SelectMode.SelectRead));
        await Task.Delay(Moment);
        Assert.False(poll.IsCompleted);
        pair.Server.Send([1]);
        Assert.True(await poll);
    }

    [Fact(Timeout = Limit)]
    public async Task The_end_of_the_stream_is_readable()
    {
        using Pair pair = await Connected();
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.True(await Run(() => pair.Client.Poll(LongMicroseconds, SelectMode.SelectRead)));
        Assert.Equal(0, pair.Client.Available);
    }

    [Fact(Timeout = Limit)]
    public async Task A_connection_that_waits_makes_its_listener_readable()
    {
        using Socket listener = Listener();
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
        using Socket client = Tcp();
        await client.ConnectAsync(listener.LocalEndPoint!);
        Assert.True(await Run(() => listener.Poll(LongMicroseconds, SelectMode.SelectRead)));
        using Socket server = listener.Accept();
        Assert.False(listener.Poll(0, SelectMode.SelectRead));
    }

    [Fact(Timeout = Limit)]
    public async Task A_full_send_buffer_is_not_writable()
    {
        using Pair pair = await Connected();
        pair.Client.Blocking = false;
        byte[] data = new byte[64 * 1024];
        await Run(() =>
        {
            while (pair.Client.Send(data, 0, data.Length, SocketFlags.None, out SocketError error) > 0)
            {
                Assert.Equal(SocketError.Success, error);
            }
        });
        await Task.Delay(Moment);
        while (pair.Client.Send(data, 0, data.Length, SocketFlags.None, out _) > 0)
        {
        }

        Assert.False(pair.Client.Poll(0, SelectMode.SelectWrite));
        Task drain = ReadToEnd(pair.Server);
        Assert.True(await Run(() => pair.Client.Poll(LongMicroseconds, SelectMode.SelectWrite)));
        pair.Client.Dispose();
        await drain;
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_connect_is_an_error_for_Poll_and_waits_in_the_option()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Tcp();
        client.Blocking = false;
        Assert.ThrowsAny<SocketException>(() => client.Connect(closed.LocalEndPoint!));
        Assert.True(await Run(() => client.Poll(LongMicroseconds, SelectMode.SelectError)));
        Assert.Equal((int)SocketError.ConnectionRefused, (int)client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!);
        Assert.Equal((int)SocketError.Success, (int)client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!);
    }

    [Theory(Timeout = Limit)]
    [InlineData(SelectMode.SelectRead)]
    [InlineData(SelectMode.SelectWrite)]
    public async Task A_refused_connect_wakes_Poll_and_leaves_the_socket_unconnected(SelectMode mode)
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Tcp();
        client.Blocking = false;
        Assert.ThrowsAny<SocketException>(() => client.Connect(closed.LocalEndPoint!));
        Assert.True(await Run(() => client.Poll(LongMicroseconds, mode)));
        Assert.False(client.Connected);
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_connect_shows_its_error_in_the_option_as_bytes()
    {
        using Socket closed = Tcp();
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using Socket client = Tcp();
        client.Blocking = false;
        Assert.ThrowsAny<SocketException>(() => client.Connect(closed.LocalEndPoint!));
        Assert.True(await Run(() => client.Poll(LongMicroseconds, SelectMode.SelectError)));
        byte[] value = new byte[4];
        client.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error, value);
        Assert.Equal((int)SocketError.ConnectionRefused, BitConverter.ToInt32(value));
    }

    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_connect_is_finished_by_Poll()
    {
        using Socket listener = Listener();
        using Socket client = Tcp();
        client.Blocking = false;
        try
        {
            client.Connect(listener.LocalEndPoint!);
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.WouldBlock, e.SocketErrorCode);
        }

        Assert.True(await Run(() => client.Poll(LongMicroseconds, SelectMode.SelectWrite)));
        Assert.True(client.Connected);
        Assert.Equal(listener.LocalEndPoint, client.RemoteEndPoint);
        Assert.Equal(1, client.Send([1]));
    }

    [Fact(Timeout = Limit)]
    public async Task Urgent_data_is_SelectError()
    {
        using Pair pair = await Connected();
        pair.Server.Send([1], SocketFlags.OutOfBand);
        Assert.True(await Run(() => pair.Client.Poll(LongMicroseconds, SelectMode.SelectError)));
    }

    [Fact]
    public void An_unknown_mode_is_never_ready()
    {
        using Socket socket = Tcp();
        Assert.False(socket.Poll(0, (SelectMode)99));
    }

    [Fact]
    public void A_fresh_stream_socket_hangs_and_so_is_ready()
    {
        using Socket socket = Tcp();
        Assert.True(socket.Poll(0, SelectMode.SelectRead));
        Assert.True(socket.Poll(0, SelectMode.SelectWrite));
        Assert.False(socket.Poll(0, SelectMode.SelectError));
    }

    [Fact]
    public void Limits_in_TimeSpan_have_a_range()
    {
        using Socket socket = Tcp();
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => { socket.Poll(TimeSpan.MinValue, SelectMode.SelectRead); });
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => { socket.Poll(TimeSpan.MaxValue, SelectMode.SelectRead); });
        Assert.Throws<ArgumentOutOfRangeException>("timeout", () => { socket.Poll(TimeSpan.FromMicroseconds(-2), SelectMode.SelectRead); });
    }

    [Fact]
    public void A_disposed_socket_says_so()
    {
        Socket socket = Tcp();
        socket.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { socket.Poll(0, SelectMode.SelectRead); });
    }
}

public sealed class SelectTests : SocketTest
{
    private const int LongMicroseconds = 8_000_000;

    [Fact(Timeout = Limit)]
    public async Task Select_leaves_the_ready_sockets_in_their_lists()
    {
        using Pair one = await Connected();
        using Pair two = await Connected();
        one.Server.Send([1]);
        await Eventually(() => one.Client.Available == 1);
        List<Socket> read = [one.Client, two.Client];
        List<Socket> write = [one.Client, two.Client];
        List<Socket> error = [one.Client, two.Client];
        await Run(() => Socket.Select(read, write, error, LongMicroseconds));
        Assert.Equal([one.Client], read);
        Assert.Equal([one.Client, two.Client], write);
        Assert.Empty(error);
    }

    [Theory(Timeout = Limit)]
    [InlineData(3)]
    [InlineData(90)]
    public async Task Select_finds_the_one_that_is_ready_among_many(int count)
    {
        Pair[] pairs = new Pair[count];
        for (int i = 0; i < count; i++)
        {
            pairs[i] = await Connected();
        }

        foreach (int next in new[] { count - 1, 0, count / 2 })
        {
            pairs[next].Server.Send([1]);
            List<Socket> read = [.. pairs.Select(p => p.Client)];
            await Run(() => Socket.Select(read, null, null, LongMicroseconds));
            Assert.Equal([pairs[next].Client], read);
            pairs[next].Client.Receive(new byte[1]);
        }

        foreach (Pair pair in pairs)
        {
            pair.Dispose();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Select_empties_the_lists_when_time_is_up()
    {
        using Pair pair = await Connected();
        List<Socket> read = [pair.Client];
        List<Socket> error = [pair.Server];
        long start = Stopwatch.GetTimestamp();
        await Run(() => Socket.Select(read, null, error, 60_000));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(50));
        Assert.Empty(read);
        Assert.Empty(error);
    }

    [Fact(Timeout = Limit)]
    public async Task Select_takes_a_TimeSpan()
    {
        using Pair pair = await Connected();
        List<Socket> read = [pair.Client];
        await Run(() => Socket.Select(read, null, null, TimeSpan.FromMilliseconds(50)));
        Assert.Empty(read);
        List<Socket> write = [pair.Client];
        await Run(() => Socket.Select(null, write, null, Timeout.InfiniteTimeSpan));
        Assert.Equal([pair.Client], write);
    }

    [Theory(Timeout = Limit)]
    [InlineData(-1)]
    [InlineData(LongMicroseconds)]
    public async Task Select_waits_for_data(int microseconds)
    {
        using Pair pair = await Connected();
        List<Socket> read = [pair.Client];
        Task select = Run(() => Socket.Select(read, null, null, microseconds));
        await Task.Delay(Moment);
        Assert.False(select.IsCompleted);
        pair.Server.Send([1]);
        await select;
        Assert.Equal([pair.Client], read);
    }

    [Fact(Timeout = Limit)]
    public async Task Select_sees_urgent_data_as_error()
    {
        using Pair pair = await Connected();
        using Pair other = await Connected();
        pair.Server.Send([1], SocketFlags.OutOfBand);
        List<Socket> error = [other.Client, pair.Client];
        await Run(() => Socket.Select(null, null, error, LongMicroseconds));
        Assert.Equal([pair.Client], error);
    }

    [Fact(Timeout = Limit)]
    public async Task Select_takes_any_list()
    {
        using Pair pair = await Connected();
        ArrayList write = [pair.Client, pair.Server];
        await Run(() => Socket.Select(null, write, null, LongMicroseconds));
        Assert.Equal(2, write.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task The_same_socket_may_stand_in_a_list_twice()
    {
        using Pair pair = await Connected();
        List<Socket> write = [pair.Client, pair.Client];
        await Run(() => Socket.Select(null, write, null, LongMicroseconds));
        Assert.Equal(2, write.Count);
    }

    [Fact]
    public void Something_must_be_selected_from()
    {
        Assert.Throws<ArgumentNullException>(() => Socket.Select(null, null, null, 0));
        Assert.Throws<ArgumentNullException>(() => Socket.Select(new List<Socket>(), new List<Socket>(), new List<Socket>(), 0));
        Assert.Throws<ArgumentNullException>(() => Socket.Select(null, null, null, TimeSpan.Zero));
    }

    [Fact]
    public void Lists_hold_at_most_so_many_and_nothing_but_sockets()
    {
        using Socket socket = Tcp();
        Assert.ThrowsAny<ArgumentException>(() => Socket.Select(new ArrayList { "no socket" }, null, null, 0));
        Assert.ThrowsAny<ArgumentException>(() => Socket.Select(new ArrayList { null }, null, null, 0));
        Socket[] many = [.. Enumerable.Repeat(socket, 65_537)];
        Assert.Throws<ArgumentOutOfRangeException>("checkRead", () => Socket.Select(many, null, null, 0));
        Assert.Throws<ArgumentOutOfRangeException>("checkWrite", () => Socket.Select(null, many, null, 0));
        Assert.Throws<ArgumentOutOfRangeException>("checkError", () => Socket.Select(null, null, many, 0));
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_disposed_socket_says_so_and_the_others_stay_whole(int which)
    {
        Pair[] pairs = [await Connected(), await Connected(), await Connected()];
        pairs[which].Client.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Socket.Select(new List<Socket> { pairs[0].Client }, new List<Socket> { pairs[1].Client }, new List<Socket> { pairs[2].Client }, 1_000));
        for (int i = 0; i < 3; i++)
        {
            pairs[i].Client.Dispose();
            Assert.True(pairs[i].Client.SafeHandle.IsClosed);
            pairs[i].Dispose();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_non_blocking_accept_and_Select_serve_several_clients()
    {
        using Socket listener = Listener();
        listener.Blocking = false;
        Socket[] clients = [Tcp(), Tcp(), Tcp()];
        Task connects = Task.WhenAll(clients.Select(c => c.ConnectAsync(listener.LocalEndPoint!)));
        int accepted = 0;
        await Run(() =>
        {
            while (accepted < clients.Length)
            {
                List<Socket> read = [listener];
                Socket.Select(read, null, null, LongMicroseconds);
                Assert.Equal([listener], read);
                try
                {
                    while (true)
                    {
                        listener.Accept().Dispose();
                        accepted++;
                    }
                }
                catch (SocketException e)
                {
                    Assert.Equal(SocketError.WouldBlock, e.SocketErrorCode);
                }
            }
        });
        await connects.WaitAsync(Soon);
        foreach (Socket client in clients)
        {
            client.Dispose();
        }
    }
}
