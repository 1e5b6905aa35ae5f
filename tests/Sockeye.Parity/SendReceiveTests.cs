using System.Net.Sockets;

namespace ParityTests;

public abstract class SendReceiveTests(CallStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task What_is_sent_arrives(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        Assert.Equal(3, await Style.Send(pair.Client, new byte[] { 1, 2, 3 }).WaitAsync(Soon));
        byte[] buffer = new byte[8];
        Assert.Equal(3, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(new byte[] { 1, 2, 3, 0, 0, 0, 0, 0 }, buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task Only_the_named_part_of_the_array_is_touched()
    {
        using Pair pair = await Connected();
        byte[] source = [1, 2, 3, 4, 5];
        Assert.Equal(3, await Style.Send(pair.Client, new ArraySegment<byte>(source, 1, 3)).WaitAsync(Soon));
        byte[] buffer = new byte[6];
        Assert.Equal(3, await Style.Receive(pair.Server, new ArraySegment<byte>(buffer, 2, 3)).WaitAsync(Soon));
        Assert.Equal(new byte[] { 0, 0, 2, 3, 4, 0 }, buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task Receive_waits_for_the_first_byte_and_no_longer()
    {
        using Pair pair = await Connected();
        byte[] buffer = new byte[100];
        Task<int> receive = Style.Receive(pair.Server, buffer);
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        pair.Client.Send([1, 2]);
        Assert.Equal(2, await receive.WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_smaller_buffer_leaves_the_rest_for_the_next_receive()
    {
        using Pair pair = await Connected();
        pair.Client.Send([1, 2, 3, 4, 5]);
        await Eventually(() => pair.Server.Available == 5);
        byte[] buffer = new byte[3];
        Assert.Equal(3, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(2, pair.Server.Available);
        Assert.Equal(2, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(new byte[] { 4, 5, 3 }, buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task Receive_after_the_peer_has_closed_is_zero_again_and_again()
    {
        using Pair pair = await Connected();
        pair.Client.Dispose();
        byte[] buffer = new byte[4];
        Assert.Equal(0, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(0, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_half_close_ends_one_direction_only()
    {
        using Pair pair = await Connected();
        pair.Client.Send([1]);
        pair.Client.Shutdown(SocketShutdown.Send);
        byte[] buffer = new byte[4];
        Assert.Equal(1, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(0, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(2, await Style.Send(pair.Server, new byte[] { 8, 9 }).WaitAsync(Soon));
        Assert.Equal(2, await Style.Receive(pair.Client, buffer).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_half_close_wakes_a_pending_receive_with_zero()
    {
        using Pair pair = await Connected();
        Task<int> receive = Style.Receive(pair.Server, new byte[4]);
        await Task.Delay(Moment);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await receive.WaitAsync(Soon));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task A_receive_of_no_bytes_waits_for_data_and_takes_none(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        Task<int> receive = Style.Receive(pair.Server, System.Array.Empty<byte>());
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        pair.Client.Send([1, 2]);
        Assert.Equal(0, await receive.WaitAsync(Soon));
        Assert.Equal(2, pair.Server.Available);
        Assert.Equal(0, await Style.Receive(pair.Server, System.Array.Empty<byte>()).WaitAsync(Soon));
        Assert.Equal([1, 2], await ReadExactly(pair.Server, 2));
    }

    [Fact(Timeout = Limit)]
    public async Task A_receive_of_no_bytes_ends_when_the_peer_closes()
    {
        using Pair pair = await Connected();
        Task<int> receive = Style.Receive(pair.Server, System.Array.Empty<byte>());
        await Task.Delay(Moment);
        pair.Client.Dispose();
        Assert.Equal(0, await receive.WaitAsync(Soon));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task A_send_of_no_bytes_ends_at_once(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        Assert.Equal(0, await Style.Send(pair.Client, System.Array.Empty<byte>()).WaitAsync(Soon));
        Assert.Equal(0, pair.Server.Available);
        await Style.Send(pair.Client, new byte[] { 1 }).WaitAsync(Soon);
        Assert.Equal([1], await ReadExactly(pair.Server, 1));
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public async Task Send_takes_everything_however_slow_the_reader(AddressFamily family)
    {
        using Pair pair = await Connected(family);
        byte[] data = Bytes(12_000_000);
        Task<int> send = Style.Send(pair.Client, data);
        await Task.Delay(Moment);
        Assert.False(send.IsCompleted);
        byte[] got = await ReadExactly(pair.Server, data.Length);
        Assert.Equal(data.Length, await send.WaitAsync(Soon));
        Assert.Equal(data, got);
    }

    [Fact(Timeout = Limit)]
    public async Task Receive_sees_a_reset_as_ConnectionReset()
    {
        using Pair pair = await Connected();
        Task<int> receive = Style.Receive(pair.Server, new byte[4]);
        await Task.Delay(Moment);
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        SocketException e = await FailsAsync(SocketError.ConnectionReset, () => receive);
        Assert.Equal(104, e.NativeErrorCode);
    }

    [Fact(Timeout = Limit)]
    public async Task Send_to_a_peer_that_has_gone_fails_in_the_end()
    {
        using Pair pair = await Connected();
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        await Eventually(() => pair.Server.Poll(0, SelectMode.SelectRead));
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                await Style.Send(pair.Server, new byte[10]).WaitAsync(Soon);
            }
        });
        Assert.Contains(e.SocketErrorCode, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
    }

    [Fact(Timeout = Limit)]
    public async Task Send_after_Shutdown_fails_with_Shutdown()
    {
        using Pair pair = await Connected();
        pair.Client.Shutdown(SocketShutdown.Send);
        await FailsAsync(SocketError.Shutdown, () => Style.Send(pair.Client, new byte[] { 1 }));
    }

    [Fact(Timeout = Limit)]
    public async Task Receive_after_ones_own_Shutdown_is_zero()
    {
        using Pair pair = await Connected();
        pair.Client.Shutdown(SocketShutdown.Receive);
        Assert.Equal(0, await Style.Receive(pair.Client, new byte[4]).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Ones_own_Shutdown_wakes_a_pending_receive_with_zero()
    {
        using Pair pair = await Connected();
        Task<int> receive = Style.Receive(pair.Client, new byte[4]);
        await Task.Delay(Moment);
        pair.Client.Shutdown(SocketShutdown.Both);
        Assert.Equal(0, await receive.WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Send_and_Receive_without_a_connection_are_NotConnected()
    {
        using Socket socket = Tcp();
        // Linux answers a write on a fresh stream socket with EPIPE, a read with ENOTCONN.
        await FailsAsync(SocketError.Shutdown, () => Style.Send(socket, new byte[1]));
        await FailsAsync(SocketError.NotConnected, () => Style.Receive(socket, new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task Receive_on_a_listener_is_NotConnected()
    {
        using Socket listener = Listener();
        await FailsAsync(SocketError.NotConnected, () => Style.Receive(listener, new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task Send_on_a_datagram_socket_without_peer_names_what_is_missing()
    {
        using Socket socket = Udp();
        await FailsAsync(SocketError.DestinationAddressRequired, () => Style.Send(socket, new byte[1]));
    }

    [Fact(Timeout = Limit)]
    public async Task Peek_leaves_the_data_where_it_is()
    {
        using Pair pair = await Connected();
        pair.Client.Send([1, 2, 3]);
        await Eventually(() => pair.Server.Available == 3);
        byte[] buffer = new byte[3];
        Assert.Equal(3, await Style.Receive(pair.Server, buffer, SocketFlags.Peek).WaitAsync(Soon));
        Assert.Equal(new byte[] { 1, 2, 3 }, buffer);
        Assert.Equal(3, pair.Server.Available);
        buffer.AsSpan().Clear();
        Assert.Equal(3, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(new byte[] { 1, 2, 3 }, buffer);
    }

    [Fact(Timeout = Limit)]
    public async Task Urgent_data_travels_beside_the_stream()
    {
        using Pair pair = await Connected();
        await Style.Send(pair.Client, new byte[] { 1, 2 }).WaitAsync(Soon);
        Assert.Equal(1, await Style.Send(pair.Client, new byte[] { 9 }, SocketFlags.OutOfBand).WaitAsync(Soon));
        Assert.True(await Run(() => pair.Server.Poll(5_000_000, SelectMode.SelectError)));
        byte[] buffer = new byte[8];
        Assert.Equal(1, await Style.Receive(pair.Server, buffer, SocketFlags.OutOfBand).WaitAsync(Soon));
        Assert.Equal(9, buffer[0]);
        Assert.Equal(2, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(1, buffer[0]);
    }

    [Fact(Timeout = Limit)]
    public async Task Urgent_data_inline_stands_in_the_stream()
    {
        using Pair pair = await Connected();
        pair.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
        await Style.Send(pair.Client, new byte[] { 1 }).WaitAsync(Soon);
        await Style.Send(pair.Client, new byte[] { 9 }, SocketFlags.OutOfBand).WaitAsync(Soon);
        await Eventually(() => pair.Server.Available == 2);
        byte[] buffer = new byte[8];
        // One receive stops before the urgent byte, the next begins with it.
        Assert.Equal(1, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(1, await Style.Receive(pair.Server, buffer).WaitAsync(Soon));
        Assert.Equal(9, buffer[0]);
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_receive()
    {
        using Pair pair = await Connected();
        Task<int> receive = Style.Receive(pair.Client, new byte[4]);
        await Task.Delay(Moment);
        await Run(pair.Client.Dispose);
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => receive.WaitAsync(Soon));
        if (Style.IsSync)
        {
            // A blocking read is woken by a shutdown underneath, and reports which way it learned of it.
            Assert.Contains(e.SocketErrorCode, new[] { SocketError.OperationAborted, SocketError.ConnectionAborted, SocketError.Interrupted });
        }
        else
        {
            Assert.Equal(SocketError.OperationAborted, e.SocketErrorCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Dispose_ends_a_pending_send()
    {
        using Pair pair = await Connected();
        Task<int> send = Style.Send(pair.Client, new byte[30_000_000]);
        await Task.Delay(Moment);
        Assert.False(send.IsCompleted);
        await Run(pair.Client.Dispose);
        SocketException e = await Assert.ThrowsAnyAsync<SocketException>(() => send.WaitAsync(Soon));
        if (Style.IsSync)
        {
            Assert.Contains(e.SocketErrorCode, new[] { SocketError.OperationAborted, SocketError.ConnectionAborted, SocketError.ConnectionReset, SocketError.Interrupted });
        }
        else
        {
            Assert.Equal(SocketError.OperationAborted, e.SocketErrorCode);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_disposed_socket_says_so()
    {
        using Pair pair = await Connected();
        pair.Client.Dispose();
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Send(pair.Client, new byte[1]));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Receive(pair.Client, new byte[1]));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Send(pair.Client, [new byte[1]]));
        await ThrowsAtOnce<ObjectDisposedException>(() => Style.Receive(pair.Client, [new byte[1]]));
    }

    [Fact(Timeout = Limit)]
    public async Task Bytes_go_both_ways_at_once()
    {
        using Pair pair = await Connected();
        byte[] there = Bytes(400_000, 1);
        byte[] back = Bytes(400_000, 2);
        Task<byte[]> readThere = ReadExactly(pair.Server, there.Length);
        Task<byte[]> readBack = ReadExactly(pair.Client, back.Length);
        Task<int> sendThere = Style.Send(pair.Client, there);
        Task<int> sendBack = Style.Send(pair.Server, back);
        Assert.Equal(there, await readThere.WaitAsync(Soon));
        Assert.Equal(back, await readBack.WaitAsync(Soon));
        Assert.Equal(there.Length, await sendThere.WaitAsync(Soon));
        Assert.Equal(back.Length, await sendBack.WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task Sends_made_at_once_keep_their_bytes_whole()
    {
        using Pair pair = await Connected();
        pair.Client.SendBufferSize = 4096;
        const int size = 200_000;
        Task<int>[] sends = [.. Enumerable.Range(1, 3).Select(i => Style.Send(pair.Client, Enumerable.Repeat((byte)i, size).ToArray()))];
        byte[] got = await ReadExactly(pair.Server, 3 * size);
        foreach (int n in await Task.WhenAll(sends).WaitAsync(Soon))
        {
            Assert.Equal(size, n);
        }

        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(size, got.Count(b => b == i));
        }

        if (!Style.IsSync)
        {
            // Queued sends leave in their order, each as one run of bytes.
            Assert.Equal(Enumerable.Range(1, 3).SelectMany(i => Enumerable.Repeat((byte)i, size)), got);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Receives_made_at_once_share_the_bytes_and_lose_none()
    {
        using Pair pair = await Connected();
        byte[][] buffers = [.. Enumerable.Range(0, 5).Select(_ => new byte[1])];
        Task<int>[] receives = [.. buffers.Select(b => Style.Receive(pair.Server, b))];
        await Task.Delay(Moment);
        for (byte i = 1; i <= 5; i++)
        {
            pair.Client.Send([i]);
        }

        int[] counts = await Task.WhenAll(receives).WaitAsync(Soon);
        Assert.All(counts, n => Assert.Equal(1, n));
        byte[] all = [.. buffers.Select(b => b[0])];
        if (Style.IsSync)
        {
            all = [.. all.Order()];
        }

        Assert.Equal(new byte[] { 1, 2, 3, 4, 5 }, all);
    }
}

public sealed class SendReceive_Array() : SendReceiveTests(CallStyle.Array);
public sealed class SendReceive_Span() : SendReceiveTests(CallStyle.Span);
public sealed class SendReceive_Forced() : SendReceiveTests(CallStyle.Forced);
public sealed class SendReceive_Tasks() : SendReceiveTests(CallStyle.Tasks);
public sealed class SendReceive_Memory() : SendReceiveTests(CallStyle.Memory);
public sealed class SendReceive_Cancellable() : SendReceiveTests(CallStyle.Cancellable);

/// <summary>Scatter, gather and array arguments, for the styles that have them.</summary>
public abstract class ListTests(CallStyle style) : StyledTest(style)
{
    [Fact(Timeout = Limit)]
    public async Task Several_buffers_are_sent_as_one_and_filled_in_order()
    {
        using Pair pair = await Connected();
        List<ArraySegment<byte>> source = [new byte[] { 1, 2 }, System.Array.Empty<byte>(), new([0, 3, 4, 0], 1, 2)];
        Assert.Equal(4, await Style.Send(pair.Client, source).WaitAsync(Soon));
        await Eventually(() => pair.Server.Available == 4);
        byte[] one = new byte[1];
        byte[] two = new byte[5];
        List<ArraySegment<byte>> target = [one, new(two, 1, 4)];
        Assert.Equal(4, await Style.Receive(pair.Server, target).WaitAsync(Soon));
        Assert.Equal(new byte[] { 1 }, one);
        Assert.Equal(new byte[] { 0, 2, 3, 4, 0 }, two);
    }

    [Fact(Timeout = Limit)]
    public async Task A_long_list_of_buffers_is_sent_whole()
    {
        using Pair pair = await Connected();
        // More pieces than the kernel takes in one call (IOV_MAX is 1024), more bytes than its buffers hold.
        byte[] data = Bytes(1_500 * 1_000);
        List<ArraySegment<byte>> pieces = [.. Enumerable.Range(0, 1_500).Select(i => new ArraySegment<byte>(data, i * 1_000, 1_000))];
        Task<byte[]> read = ReadExactly(pair.Server, data.Length);
        Assert.Equal(data.Length, await Style.Send(pair.Client, pieces).WaitAsync(Soon));
        Assert.Equal(data, await read);
    }

    [Fact(Timeout = Limit)]
    public async Task Lists_are_checked()
    {
        using Pair pair = await Connected();
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Send(pair.Client, (IList<ArraySegment<byte>>)null!));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Receive(pair.Client, (IList<ArraySegment<byte>>)null!));
        await ThrowsAtOnce<ArgumentException>(() => Style.Send(pair.Client, new List<ArraySegment<byte>>()));
        await ThrowsAtOnce<ArgumentException>(() => Style.Receive(pair.Client, new List<ArraySegment<byte>>()));
    }

    [Fact(Timeout = Limit)]
    public async Task Arrays_are_checked()
    {
        using Pair pair = await Connected();
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Send(pair.Client, default(ArraySegment<byte>)));
        await ThrowsAtOnce<ArgumentNullException>(() => Style.Receive(pair.Client, default(ArraySegment<byte>)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_of_datagrams_is_one_datagram()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        sender.Connect(receiver.LocalEndPoint!);
        Assert.Equal(3, await Style.Send(sender, [new byte[] { 1, 2 }, new byte[] { 3 }]).WaitAsync(Soon));
        byte[] one = new byte[1];
        byte[] two = new byte[9];
        Assert.Equal(3, await Style.Receive(receiver, [one, two]).WaitAsync(Soon));
        Assert.Equal(1, one[0]);
        Assert.Equal([2, 3], two[..2]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_receives_zero_at_the_end()
    {
        using Pair pair = await Connected();
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await Style.Receive(pair.Server, [new byte[1], new byte[1]]).WaitAsync(Soon));
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_that_waits_is_filled_when_data_comes()
    {
        using Pair pair = await Connected();
        byte[] one = new byte[2];
        Task<int> receive = Style.Receive(pair.Server, [one, new byte[2]]);
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        pair.Client.Send([5, 6, 7]);
        Assert.Equal(3, await receive.WaitAsync(Soon));
        Assert.Equal([5, 6], one);
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_may_peek()
    {
        using Pair pair = await Connected();
        pair.Client.Send([5, 6]);
        await Eventually(() => pair.Server.Available == 2);
        byte[] one = new byte[2];
        Assert.Equal(2, await Style.Receive(pair.Server, [one], SocketFlags.Peek).WaitAsync(Soon));
        Assert.Equal([5, 6], one);
        Assert.Equal(2, pair.Server.Available);
    }
}

public sealed class Lists_Array() : ListTests(CallStyle.Array);
public sealed class Lists_Forced() : ListTests(CallStyle.Forced);
public sealed class Lists_Tasks() : ListTests(CallStyle.Tasks);
