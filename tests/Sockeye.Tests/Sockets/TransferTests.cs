using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>Moving bytes with members of our own, and with Linux's flags.</summary>
public abstract class TransferTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task SendAll_and_ReceiveExactly_move_all(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Narrow(family);
        byte[] data = Bytes(2_000_000, seed: (int)family);
        byte[] buffer = new byte[data.Length];
        Task<Outcome<int>> send = Style.SendAll(pair.Client, data);
        Outcome<int> received = await Bounded(Style.ReceiveExactly(pair.Server, buffer));
        Outcome<int> sent = await Bounded(send);
        Assert.Equal(SocketError.Success, received.Error);
        Assert.Equal(data.Length, received.Value);
        Assert.Equal(data.Length, sent.Value);
        Assert.True(data.AsSpan().SequenceEqual(buffer));
        Assert.Equal(0, (await Bounded(Style.ReceiveExactly(pair.Server, Memory<byte>.Empty))).Value);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task ReceiveExactly_reports_an_early_end_and_what_came(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        await pair.Server.SendAsync(new byte[] { 1, 2, 3 }.AsMemory());
        pair.Server.Shutdown(SocketShutdown.Send);
        byte[] buffer = new byte[8];
        Outcome<int> outcome = await Bounded(Style.ReceiveExactly(pair.Client, buffer));
        Assert.Equal(SocketError.Disconnecting, outcome.Error);
        Assert.Equal(Errno.ESHUTDOWN, outcome.Errno);
        Assert.Equal(3, outcome.BytesTransferred);
        Assert.Equal([1, 2, 3], buffer[..3]);
        if (Style.Throws)
        {
            Assert.Contains("ESHUTDOWN: the peer ended the stream early, after 3 bytes", outcome.Message);
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task What_a_peek_saw_is_there_for_the_next_receive(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        byte[] buffer = new byte[64];
        for (byte round = 1; round < 4; round++)
        {
            // One that waits, and one that does not.
            Task<Outcome<int>> peek = Style.Receive(pair.Client, buffer, SocketFlags.Peek);
            await pair.Server.SendAsync(new byte[] { round, 2, 3 }.AsMemory());
            Assert.Equal(3, (await Bounded(peek)).Value);
            Assert.Equal(3, (await Bounded(Style.Receive(pair.Client, buffer, SocketFlags.Peek))).Value);
            Assert.Equal(3, (await Bounded(Style.Receive(pair.Client, buffer))).Value);
            Assert.Equal([round, 2, 3], buffer[..3]);
        }
    });

    [Fact(Timeout = Limit)]
    public Task SendAll_reports_how_much_went_before_the_peer_reset() => Test(async () =>
    {
        using Pair pair = await Narrow();
        Task<Outcome<int>> send = Style.SendAll(pair.Client, new byte[8_000_000]);
        byte[] some = new byte[4096];
        await pair.Server.ReceiveAsync(some.AsMemory());
        pair.Server.LingerState = new LingerOption(enable: true, seconds: 0);
        pair.Server.Dispose();
        Outcome<int> outcome = await Bounded(send);
        Assert.Contains(outcome.Error, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
        Assert.InRange(outcome.BytesTransferred, 1, 7_999_999);
    });

    [Fact(Timeout = Limit)]
    public Task WaitAll_waits_until_the_buffer_is_full_or_the_stream_ends() => Test(async () =>
    {
        using Pair pair = await Connected();
        byte[] buffer = new byte[6];
        Task<Outcome<int>> receive = Style.Receive(pair.Client, buffer, SocketFlags.WaitAll);
        for (byte i = 1; i <= 6; i++)
        {
            Assert.False(receive.IsCompleted);
            await pair.Server.SendAsync(new[] { i }.AsMemory());
            await Task.Delay(10);
        }

        Assert.Equal(6, (await Bounded(receive)).Value);
        Assert.Equal([1, 2, 3, 4, 5, 6], buffer);

        receive = Style.Receive(pair.Client, buffer, SocketFlags.WaitAll);
        await pair.Server.SendAsync(new byte[] { 9, 8 }.AsMemory());
        pair.Server.Shutdown(SocketShutdown.Send);
        Outcome<int> outcome = await Bounded(receive);
        Assert.Equal(2, outcome.Value);
        Assert.Equal([9, 8], buffer[..2]);
    });

    [Fact(Timeout = Limit)]
    public Task DontWait_does_not_wait_whatever_the_socket_says() => Test(async () =>
    {
        using Pair pair = await Connected();
        pair.Client.Timeout = Soon;
        Outcome<int> outcome = await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.DontWait));
        Assert.Equal(SocketError.WouldBlock, outcome.Error);
        Assert.Equal(Errno.EAGAIN, outcome.Errno);
        using Socket udp = BoundUdp();
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveFrom(udp, new byte[1], SocketFlags.DontWait))).Error);

        await pair.Server.SendAsync(new byte[1].AsMemory());
        await pair.Client.WaitAsync(SocketEvents.Readable);
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Client, new byte[8], SocketFlags.DontWait))).Value);

        // Behind one that waits it has no turn, and does not wait for one.
        ValueTask<int> first = pair.Client.ReceiveAsync(new byte[1].AsMemory());
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.DontWait))).Error);
        await pair.Server.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, await first);
    });

    [Fact(Timeout = Limit)]
    public Task DontWait_reports_how_much_of_a_SendAll_found_room() => Test(async () =>
    {
        using Pair pair = await Narrow();
        byte[] data = new byte[8_000_000];
        Outcome<int> outcome = await Bounded(Style.SendAll(pair.Client, data, SocketFlags.DontWait));
        Assert.Equal(SocketError.WouldBlock, outcome.Error);
        Assert.InRange(outcome.BytesTransferred, 1, data.Length - 1);
    });

    [Theory(Timeout = Limit)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    [InlineData(AddressFamily.Unix)]
    public Task A_message_that_does_not_fit_is_reported(AddressFamily family) => Test(async () =>
    {
        (Socket sender, Socket receiver) = await Datagrams(family);
        using Socket first = sender;
        using Socket second = receiver;
        await first.SendAsync(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }.AsMemory());
        byte[] buffer = new byte[4];
        Outcome<int> outcome = await Bounded(Style.Receive(second, buffer));
        Assert.Equal(SocketError.MessageSize, outcome.Error);
        Assert.Equal(Errno.EMSGSIZE, outcome.Errno);
        Assert.Equal(4, outcome.BytesTransferred);
        Assert.Equal([1, 2, 3, 4], buffer);
        if (Style.Throws)
        {
            Assert.Contains("EMSGSIZE: the message had 10 bytes, the buffer 4; 6 are lost", outcome.Message);
        }
        else
        {
            Assert.Equal(6, outcome.BytesLost);
        }

        // The rest is gone; the next message is whole.
        await first.SendAsync(new byte[] { 42 }.AsMemory());
        Assert.Equal(1, (await Bounded(Style.Receive(second, buffer))).Value);
        Assert.Equal(42, buffer[0]);
    });

    [Theory(Timeout = Limit)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public Task Truncated_asks_for_a_cut_message_without_an_error(AddressFamily family) => Test(async () =>
    {
        (Socket sender, Socket receiver) = await Datagrams(family);
        using Socket first = sender;
        using Socket second = receiver;
        await first.SendAsync(new byte[] { 1, 2, 3, 4, 5, 6 }.AsMemory());
        byte[] buffer = new byte[4];
        Outcome<int> outcome = await Bounded(Style.Receive(second, buffer, SocketFlags.Truncated));
        Assert.Equal(SocketError.Success, outcome.Error);
        Assert.InRange(outcome.Value, 4, 6);
        Assert.Equal([1, 2, 3, 4], buffer);
    });

    [Fact(Timeout = Limit)]
    public Task A_cut_message_of_ReceiveFrom_is_reported_too() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket sender = Udp();
        Assert.Equal(10, (await Bounded(Style.SendTo(sender, new byte[10], receiver.LocalEndPoint!))).Value);
        Outcome<int> outcome = await Bounded(Style.ReceiveFrom(receiver, new byte[3]));
        Assert.Equal(SocketError.MessageSize, outcome.Error);
        Assert.Equal(3, outcome.BytesTransferred);
    });

    [Fact(Timeout = Limit)]
    public Task Seqpackets_keep_their_bounds() => Test(async () =>
    {
        (Socket first, Socket second) = Socket.CreatePair(socketType: SocketType.Seqpacket);
        using Socket one = first;
        using Socket other = second;
        Assert.Equal(3, (await Bounded(Style.Send(one, new byte[3]))).Value);
        Assert.Equal(5, (await Bounded(Style.Send(one, new byte[5]))).Value);
        Assert.Equal(3, (await Bounded(Style.Receive(other, new byte[100]))).Value);
        Assert.Equal(SocketError.MessageSize, (await Bounded(Style.Receive(other, new byte[4]))).Error);
        one.Dispose();
        Assert.Equal(0, (await Bounded(Style.Receive(other, new byte[4]))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task Flags_that_Linux_lacks_are_refused_whatever_stands_beside_them() => Test(async () =>
    {
        using Pair pair = await Connected();
        foreach (SocketFlags alien in new[] { SocketFlags.Broadcast, SocketFlags.ControlDataTruncated, SocketFlags.Multicast, SocketFlags.Partial })
        {
            SocketFlags mixed = SocketFlags.WaitAll | alien;
            Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.Receive(pair.Client, new byte[1], mixed))).Error);
            Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.Send(pair.Client, new byte[1], mixed))).Error);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => Bounded(Style.ReceiveExactly(pair.Client, new byte[1], SocketFlags.Peek)));

        await pair.Server.SendAsync(new byte[] { 5 }.AsMemory());
        await pair.Client.WaitAsync(SocketEvents.Readable);
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.DontWait | SocketFlags.Peek))).Value);
        Assert.Equal(1, (await Bounded(Style.Receive(pair.Client, new byte[1], SocketFlags.DontWait))).Value);
    });

    // The kernel does not wait for the error queue. While there was data to read, our wait never slept.
    [Fact(Timeout = Limit)]
    public Task An_empty_error_queue_is_no_reason_to_spin() => Test(async () =>
    {
        using Socket udp = BoundUdp();
        await udp.SendToAsync(new byte[1].AsMemory(), udp.LocalEndPoint!);
        await udp.WaitAsync(SocketEvents.Readable);
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.Receive(udp, new byte[1], SocketFlags.ErrorQueue))).Error);
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveFrom(udp, new byte[1], SocketFlags.ErrorQueue))).Error);
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveMessage(udp, new byte[1], flags: SocketFlags.ErrorQueue))).Error);
        Assert.Equal(1, (await Bounded(Style.Receive(udp, new byte[1]))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task SendFile_sends_the_part_that_was_asked_for() => Test(async () =>
    {
        string path = FreshPath();
        byte[] content = Bytes(3_000_000);
        await File.WriteAllBytesAsync(path, content);
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            using (Pair pair = await Narrow())
            {
                Task<byte[]> reading = ReadToEnd(pair.Server);
                Assert.Equal(1_500_000, (await Bounded(Style.SendFile(pair.Client, file, offset: 1_000_000, count: 1_500_000))).Value);
                Assert.Equal(0, (await Bounded(Style.SendFile(pair.Client, file, offset: 5_000_000))).Value);
                Assert.Equal(0, (await Bounded(Style.SendFile(pair.Client, file, offset: 0, count: 0))).Value);
                pair.Client.Shutdown(SocketShutdown.Send);
                Assert.True((await Bounded(reading)).AsSpan().SequenceEqual(content.AsSpan(1_000_000, 1_500_000)));
            }

            // Shorter than was asked for: what there is.
            RandomAccess.SetLength(file, 1_000_000);
            using (Pair pair = await Connected())
            {
                Task<byte[]> reading = ReadToEnd(pair.Server);
                Assert.Equal(999_990, (await Bounded(Style.SendFile(pair.Client, file, offset: 10, count: 2_000_000))).Value);
                pair.Client.Shutdown(SocketShutdown.Send);
                Assert.True((await Bounded(reading)).AsSpan().SequenceEqual(content.AsSpan(10, 999_990)));
            }
        }
        finally
        {
            File.Delete(path);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_file_cut_short_while_it_is_sent_ends_the_send() => Test(async () =>
    {
        string path = FreshPath();
        await File.WriteAllBytesAsync(path, new byte[20_000_000]);
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            using Pair pair = await Narrow();
            Task<Outcome<long>> sending = Style.SendFile(pair.Client, file, offset: 0);
            await pair.Server.WaitAsync(SocketEvents.Readable);
            RandomAccess.SetLength(file, 100);
            Task<byte[]> reading = ReadToEnd(pair.Server);
            long sent = (await Bounded(sending)).Value;
            Assert.InRange(sent, 1, 19_999_999);
            pair.Client.Shutdown(SocketShutdown.Send);
            Assert.Equal(sent, (await Bounded(reading)).Length);
        }
        finally
        {
            File.Delete(path);
        }
    });

    private static async Task<(Socket Sender, Socket Receiver)> Datagrams(AddressFamily family)
    {
        if (family == AddressFamily.Unix)
        {
            return Socket.CreatePair(socketType: SocketType.Dgram);
        }

        Socket receiver = BoundUdp(family);
        Socket sender = Udp(family);
        await sender.ConnectAsync(receiver.LocalEndPoint!);
        return (sender, receiver);
    }
}

public sealed class Transfer_Sync() : TransferTests(SocketStyle.Sync);
public sealed class Transfer_Try() : TransferTests(SocketStyle.Try);
public sealed class Transfer_Async() : TransferTests(SocketStyle.Async);
public sealed class Transfer_TryAsync() : TransferTests(SocketStyle.TryAsync);
public sealed class Transfer_Loop() : TransferTests(SocketStyle.Loop);

public sealed class Transfer_LoopEpoll() : TransferTests(SocketStyle.LoopEpoll);

public sealed class Transfer_Chaos() : TransferTests(SocketStyle.Chaos);

/// <summary>Several buffers at once: what has no Try twin in every style.</summary>
public sealed class BufferListTests : SocketTest
{
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaitAll_fills_one_buffer_after_the_other(bool sync)
    {
        using Pair pair = await Connected();
        byte[] one = new byte[3];
        byte[] two = new byte[4];
        Task<int> receive = Receive(pair.Client, [one, two], SocketFlags.WaitAll, sync);
        for (byte i = 1; i <= 7; i++)
        {
            pair.Server.Send([i]);
            await Task.Delay(5);
        }

        Assert.Equal(7, await receive.WaitAsync(Soon));
        Assert.Equal([1, 2, 3], one);
        Assert.Equal([4, 5, 6, 7], two);

        // The end of the stream ends it early.
        receive = Receive(pair.Client, [one, two], SocketFlags.WaitAll, sync);
        pair.Server.Send([8, 9, 10, 11]);
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(4, await receive.WaitAsync(Soon));
        Assert.Equal([8, 9, 10], one);
        Assert.Equal(11, two[0]);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_that_does_not_fit_several_buffers_is_reported(bool sync)
    {
        (Socket first, Socket second) = Socket.CreatePair(socketType: SocketType.Dgram);
        using Socket one = first;
        using Socket other = second;
        one.Send(new byte[10]);
        SocketException exception = await Assert.ThrowsAsync<SocketException>(
            () => Receive(other, [new byte[2], new byte[3]], SocketFlags.None, sync).WaitAsync(Soon));
        Assert.Equal(SocketError.MessageSize, exception.SocketErrorCode);
        Assert.Contains("the message had 10 bytes, the buffer 5; 5 are lost", exception.Message);
        Assert.Equal(5, exception.Data["BytesTransferred"]);
    }

    // sendmsg(2) takes 1024 buffers. A stream sends the rest with the next call; a message must not lose it in silence.
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_of_more_buffers_than_the_kernel_takes_is_refused_whole(bool sync)
    {
        ArraySegment<byte>[] many = [.. Enumerable.Range(0, 1025).Select(static i => new ArraySegment<byte>([(byte)i]))];
        (Socket first, Socket second) = Socket.CreatePair(socketType: SocketType.Dgram);
        using Socket one = first;
        using Socket other = second;
        SocketException exception = await Assert.ThrowsAsync<SocketException>(
            () => (sync ? Run(() => one.Send(many)) : one.SendAsync(many)).WaitAsync(Soon));
        Assert.Equal(SocketError.MessageSize, exception.SocketErrorCode);
        Assert.Equal(0, other.Available);
        Assert.Equal(1024, one.Send(many[..1024]));

        using Pair stream = await Connected();
        Assert.Equal(1025, await (sync ? Run(() => stream.Client.Send(many)) : stream.Client.SendAsync(many)).WaitAsync(Soon));
        byte[] all = new byte[1025];
        stream.Server.ReceiveExactly(all);
        Assert.Equal(Enumerable.Range(0, 1025).Select(static i => (byte)i), all);
    }

    private static Task<int> Receive(Socket socket, IList<ArraySegment<byte>> buffers, SocketFlags flags, bool sync) =>
        sync ? Run(() => socket.Receive(buffers, flags)) : socket.ReceiveAsync(buffers, flags);
}
