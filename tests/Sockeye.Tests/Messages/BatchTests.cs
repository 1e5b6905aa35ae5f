using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>sendmmsg(2) and recvmmsg(2).</summary>
public abstract class BatchTests(SocketStyle style) : StyledTest(style)
{
    private const int Many = 64;

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task Sixty_four_go_in_one_call_and_their_echo_comes_back(AddressFamily family) => Test(async () =>
    {
        using Socket one = Bound(family);
        using Socket other = Bound(family);
        using var there = new MessageBatch(Many, 128);
        for (int i = 0; i < Many; i++)
        {
            BatchMessage message = there.Add(Encoding.ASCII.GetBytes($"message {i}"), other.LocalEndPoint);
            Assert.Equal(there[i], message);
        }

        Assert.Throws<InvalidOperationException>(() => there.Add([]));
        Task<List<string>> echo = Echo(other, Many);

        // A UNIX socket's queue holds ten or so: what comes back must be taken meanwhile.
        Task<Outcome<int>> send = Style.SendBatch(one, there);
        using var back = new MessageBatch(Many, 128);
        var answers = new List<string>();
        while (answers.Count < Many)
        {
            Outcome<int> received = await Bounded(Style.ReceiveBatch(one, back));
            Assert.Equal(SocketError.Success, received.Error);
            Assert.Equal(received.Value, back.Count);
            for (int i = 0; i < back.Count; i++)
            {
                Assert.Equal(other.LocalEndPoint!.ToString(), back[i].Peer!.ToString());
                Assert.Equal((SocketFlags.None, 0, 0), (back[i].Flags, back[i].BytesLost, back[i].HandleCount));
                answers.Add(Encoding.ASCII.GetString(back[i].Data.Span));
            }
        }

        Outcome<int> sent = await Bounded(send);
        Assert.Equal((SocketError.Success, Many), (sent.Error, sent.Value));
        Assert.Equal([.. Enumerable.Range(0, Many).Select(static i => $"message {i}")], await Bounded(echo));
        Assert.Equal([.. Enumerable.Range(0, Many).Select(static i => $"message {i}")], answers);
        Remove(one, other);
    });

    [Fact(Timeout = Limit)]
    public Task One_call_takes_what_is_there_and_no_more() => Test(async () =>
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var batch = new MessageBatch(Many, 16);
        for (int i = 0; i < 10; i++)
        {
            batch.Add([(byte)i], other.LocalEndPoint);
        }

        // From the middle.
        Assert.Equal(7, (await Bounded(Style.SendBatch(one, batch, start: 3))).Value);
        Assert.Equal(0, (await Bounded(Style.SendBatch(one, batch, start: 10))).Value);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Style.SendBatch(one, batch, start: 11));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Style.SendBatch(one, batch, start: -1));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Style.SendBatch(one, null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Style.ReceiveBatch(one, null!));
        Assert.Equal(7, (await Bounded(Style.ReceiveBatch(other, batch))).Value);
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal([(byte)(i + 3)], batch[i].Data.ToArray());
            Assert.Equal(one.LocalEndPoint, batch[i].Peer);
            Assert.Equal($"1 bytes, peer {one.LocalEndPoint}", batch[i].ToString());
        }

        // A batch that is smaller leaves the rest where it is.
        using var small = new MessageBatch(2, 16);
        for (int i = 0; i < 5; i++)
        {
            await one.SendToAsync(new[] { (byte)i }.AsMemory(), other.LocalEndPoint!);
        }

        Assert.Equal(2, (await Bounded(Style.ReceiveBatch(other, small))).Value);
        Assert.Equal(2, (await Bounded(Style.ReceiveBatch(other, small, SocketFlags.Peek))).Value);
        Assert.Equal(2, (await Bounded(Style.ReceiveBatch(other, small))).Value);
        Assert.Equal([3], small[1].Data.ToArray());
        Assert.Equal(1, (await Bounded(Style.ReceiveBatch(other, small))).Value);
        Assert.Equal(1, small.Count);
    });

    // A call that found fewer than it had room for spares the next one its first try, on a loop.
    [Theory(Timeout = Limit)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public Task What_comes_after_the_socket_was_emptied_is_reported(AddressFamily family) => Test(async () =>
    {
        const int Rounds = 200;
        using Socket one = Bound(family);
        using Socket other = Bound(family);
        using var there = new MessageBatch(8, 16);
        using var back = new MessageBatch(8, 16);
        int sent = 0;
        int received = 0;
        for (int round = 0; round < Rounds; round++)
        {
            Task<Outcome<int>>? early = round % 3 == 0 ? Style.ReceiveBatch(other, back) : null;
            there.Clear();
            for (int i = 0; i < 1 + (round % 5); i++)
            {
                there.Add(BitConverter.GetBytes(sent++), other.LocalEndPoint);
            }

            Assert.Equal(there.Count, (await Bounded(Style.SendBatch(one, there))).Value);
            if (round % 7 == 0)
            {
                // Another call takes the last ones away: the next batch begins where nothing is.
                byte[] buffer = new byte[16];
                while (early is null && received < sent)
                {
                    Assert.Equal(4, await other.ReceiveAsync(buffer.AsMemory(), SocketFlags.None));
                    Assert.Equal(received++, BitConverter.ToInt32(buffer));
                }
            }

            while (received < sent)
            {
                Outcome<int> outcome = await Bounded(early ?? Style.ReceiveBatch(other, back));
                early = null;
                Assert.Equal(SocketError.Success, outcome.Error);
                for (int i = 0; i < back.Count; i++)
                {
                    Assert.Equal(received++, BitConverter.ToInt32(back[i].Data.Span));
                    Assert.Equal(one.LocalEndPoint, back[i].Peer);
                }
            }
        }

        Assert.Equal(sent, received);
    });

    [Fact(Timeout = Limit)]
    public Task A_refusal_after_the_socket_was_emptied_is_reported() => Test(async () =>
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var batch = new MessageBatch(4, 8);
        await one.ConnectAsync(other.LocalEndPoint!);
        await other.SendToAsync(new byte[1].AsMemory(), one.LocalEndPoint!);
        Assert.Equal(1, (await Bounded(Style.ReceiveBatch(one, batch))).Value);
        other.Dispose();
        await one.SendAsync(new byte[1].AsMemory(), SocketFlags.None);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.ReceiveBatch(one, batch))).Error);
    });

    [Fact(Timeout = Limit)]
    public Task A_wait_that_ends_without_a_message_leaves_an_empty_batch() => Test(async () =>
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var batch = new MessageBatch(4, 8);
        Task<Outcome<int>> first = Style.ReceiveBatch(one, batch);
        await other.SendToAsync(new byte[1].AsMemory(), one.LocalEndPoint!);
        Assert.Equal(1, (await Bounded(first)).Value);
        Assert.Equal(1, batch.Count);
        one.Timeout = TimeSpan.FromMilliseconds(20);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveBatch(one, batch))).Error);
        Assert.Equal(0, batch.Count);
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_offers_every_slot_whole_again() => Test(async () =>
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var there = new MessageBatch(4, 8);
        using var batch = new MessageBatch(4, 8);
        byte[] eight = [1, 2, 3, 4, 5, 6, 7, 8];
        for (int round = 0; round < 3; round++)
        {
            // Shorter than the slots are, in length and peer; the last is changed and not sent.
            batch.Count = 3;
            for (int i = 0; i < batch.Capacity; i++)
            {
                BatchMessage message = batch[i];
                message.Length = i;
                message.SetPeer(i < 3 ? one.LocalEndPoint : null);
            }

            Assert.Equal(3, (await Bounded(Style.SendBatch(other, batch))).Value);
            Assert.Equal(3, (await Bounded(Style.ReceiveBatch(one, there))).Value);
            there.Clear();
            for (int i = 0; i < there.Capacity; i++)
            {
                there.Add(eight, other.LocalEndPoint);
            }

            // One first, so that slots stay as they were; then all.
            Assert.Equal(1, (await Bounded(Style.SendBatch(one, there, start: 3))).Value);
            Assert.Equal(1, (await Bounded(Style.ReceiveBatch(other, batch))).Value);
            Assert.Equal((8, 0, 0), (batch[0].Length, batch[1].Length, batch[3].Length));
            Assert.Equal(4, (await Bounded(Style.SendBatch(one, there))).Value);
            Assert.Equal(4, (await Bounded(Style.ReceiveBatch(other, batch))).Value);
            for (int i = 0; i < batch.Capacity; i++)
            {
                Assert.Equal(eight, batch[i].Data.ToArray());
                Assert.Equal(one.LocalEndPoint, batch[i].Peer);
                Assert.Equal(SocketFlags.None, batch[i].Flags);
            }
        }
    });

    [Fact(Timeout = Limit)]
    public Task Each_slot_has_its_own_flags_lengths_and_control_data() => Test(async () =>
    {
        const int IP_PKTINFO = 8;
        using Socket one = BoundUdp();
        using Socket other = Udp();
        other.Bind(new IPEndPoint(IPAddress.Any, 0));
        DescriptorTests.Set(other, 0, IP_PKTINFO);
        DescriptorTests.Set(other, 0, 12); // IP_RECVTTL
        int port = PortOf(other);
        using var batch = new MessageBatch(4, 8, IpControl.PacketInformation.Space() + IpControl.TimeToLive.Space());
        Assert.Throws<ArgumentException>(() => batch.Add(new byte[9]));
        byte[] control = new byte[IpControl.TimeToLive.Space()];
        for (int i = 0; i < 3; i++)
        {
            var writer = new ControlWriter(control);
            writer.Add(IpControl.TimeToLive, 60 + i);
            BatchMessage message = batch.Add(new byte[3 * i], new IPEndPoint(IPAddress.Parse($"127.0.0.{i + 1}"), port));
            message.SetControl(control.AsSpan(0, writer.Written));
            Assert.True(message.Control.TryGet(IpControl.TimeToLive, out int ttl) && ttl == 60 + i);
        }

        BatchMessage last = batch.Add(new byte[8], new IPEndPoint(IPAddress.Loopback, port));
        last.Length = 2;
        Assert.Throws<ArgumentOutOfRangeException>(() => last.Length = 9);
        Assert.Throws<ArgumentOutOfRangeException>(() => last.Length = -1);
        Assert.Throws<ArgumentException>(() => last.SetControl(new byte[200]));
        Assert.Throws<ArgumentException>(() => last.SetPeer(new byte[129]));
        last.SetPeer(batch[0].PeerAddress);
        Assert.Equal(4, (await Bounded(Style.SendBatch(one, batch))).Value);

        using var received = new MessageBatch(8, 4, batch[0].Control.IsEmpty ? 0 : IpControl.PacketInformation.Space() + IpControl.TimeToLive.Space());
        Assert.Equal(4, (await Bounded(Style.ReceiveBatch(other, received))).Value);
        for (int i = 0; i < 3; i++)
        {
            BatchMessage message = received[i];
            Assert.Equal(Math.Min(3 * i, 4), message.Length);
            Assert.Equal(Math.Max((3 * i) - 4, 0), message.BytesLost);
            Assert.Equal(3 * i > 4 ? SocketFlags.Truncated : SocketFlags.None, message.Flags);
            Assert.True(message.Control.TryGet(IpControl.TimeToLive, out int ttl));
            Assert.Equal(60 + i, ttl);
            Assert.True(message.Control.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation to));
            Assert.Equal(IPAddress.Parse($"127.0.0.{i + 1}"), to.DestinationAddress);
        }

        Assert.Equal(2, received[3].Length);

        // Sent as it is: the control data that came does not go back.
        Assert.Equal(4, (await Bounded(Style.SendBatch(other, received))).Value);
        Assert.Equal(4, (await Bounded(Style.ReceiveBatch(one, batch))).Value);

        // Too little room for control data is told per slot.
        using var tight = new MessageBatch(2, 4, IpControl.TimeToLive.Space());
        await one.SendToAsync(new byte[1].AsMemory(), new IPEndPoint(IPAddress.Loopback, port));
        Assert.Equal(1, (await Bounded(Style.ReceiveBatch(other, tight))).Value);
        Assert.Equal(SocketFlags.ControlDataTruncated, tight[0].Flags);
    });

    [Fact(Timeout = Limit)]
    public Task A_bad_message_in_the_middle_stops_there_and_then_says_why() => Test(async () =>
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var batch = new MessageBatch(5, 8);
        for (int i = 0; i < 5; i++)
        {
            batch.Add([(byte)i], i == 2 ? new IPEndPoint(IPAddress.Loopback, 0) : other.LocalEndPoint);
        }

        Outcome<int> first = await Bounded(Style.SendBatch(one, batch));
        Assert.Equal((SocketError.Success, 2), (first.Error, first.Value));
        Outcome<int> second = await Bounded(Style.SendBatch(one, batch, start: 2));
        Assert.Equal(SocketError.InvalidArgument, second.Error);
        if (Style.Throws)
        {
            Assert.Contains("send batch", second.Message);
        }

        Outcome<int> third = await Bounded(Style.SendBatch(one, batch, start: 3));
        Assert.Equal((SocketError.Success, 2), (third.Error, third.Value));
        Assert.Equal(4, (await Bounded(Style.ReceiveBatch(other, batch))).Value);
        Assert.Equal([0, 1, 3, 4], Enumerable.Range(0, 4).Select(i => batch[i].Data.Span[0]));
    });

    [Fact(Timeout = Limit)]
    public Task A_send_waits_for_room_and_a_limit_or_cancel_reports_how_many_went() => Test(async () =>
    {
        // Not a pair: sockets that are connected to each other have no such bound.
        using Pair pair = new(Unix(SocketType.Dgram), Bound(AddressFamily.Unix));
        pair.Client.Connect(pair.Server.LocalEndPoint!);
        using var batch = new MessageBatch(Many, 8);
        for (int i = 0; i < Many; i++)
        {
            batch.Add([(byte)i]);
        }

        // The kernel queues net.unix.max_dgram_qlen of them.
        Task<Outcome<int>> send = Style.SendBatch(pair.Client, batch);
        byte[] buffer = new byte[8];
        for (int i = 0; i < Many; i++)
        {
            Assert.Equal(1, (await Bounded(pair.Server.ReceiveAsync(buffer.AsMemory()).AsTask())));
            Assert.Equal(i, buffer[0]);
        }

        Outcome<int> outcome = await Bounded(send);
        Assert.Equal((SocketError.Success, Many), (outcome.Error, outcome.Value));

        pair.Client.Timeout = TimeSpan.FromMilliseconds(40);
        outcome = await Bounded(Style.SendBatch(pair.Client, batch));
        Assert.Equal(SocketError.Success, outcome.Error);
        Assert.InRange(outcome.Value, 1, Many - 1);
        outcome = await Bounded(Style.SendBatch(pair.Client, batch, outcome.Value));
        Assert.Equal(SocketError.TimedOut, outcome.Error);
        outcome = await Bounded(Style.SendBatch(pair.Client, batch, flags: SocketFlags.DontWait));
        Assert.Equal(SocketError.WouldBlock, outcome.Error);
        pair.Client.Timeout = null;
        Remove(pair.Server);
        if (Style.IsSync)
        {
            return;
        }

        using var source = new CancellationTokenSource();
        send = Style.SendBatch(pair.Client, batch, token: source.Token);
        await source.CancelAsync();
        Assert.Equal(SocketError.OperationAborted, (await Bounded(send)).Error);
        while (pair.Server.Available > 0)
        {
            await pair.Server.ReceiveAsync(buffer.AsMemory());
        }

        // Cancelled midway: what went is told, without an exception.
        using var second = new CancellationTokenSource();
        send = Style.SendBatch(pair.Client, batch, token: second.Token);
        Assert.False(send.IsCompleted);
        await second.CancelAsync();
        outcome = await Bounded(send);
        Assert.Equal(SocketError.Success, outcome.Error);
        Assert.InRange(outcome.Value, 1, Many - 1);

        // The next one goes on from there.
        send = Style.SendBatch(pair.Client, batch, outcome.Value);
        for (int i = 0; i < Many; i++)
        {
            await Bounded(pair.Server.ReceiveAsync(buffer.AsMemory()).AsTask());
            Assert.Equal(i, buffer[0]);
        }

        Assert.Equal(Many - outcome.Value, (await Bounded(send)).Value);
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_heeds_limit_token_and_Dispose_and_loses_nothing() => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        using var batch = new MessageBatch(4, 8);
        pair.Server.Timeout = TimeSpan.FromMilliseconds(30);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveBatch(pair.Server, batch))).Error);
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveBatch(pair.Server, batch, SocketFlags.DontWait))).Error);
        Assert.Equal(0, batch.Count);
        pair.Server.Timeout = null;
        if (!Style.IsSync)
        {
            using var source = new CancellationTokenSource();
            Task<Outcome<int>> canceled = Style.ReceiveBatch(pair.Server, batch, token: source.Token);
            await source.CancelAsync();
            Assert.Equal(SocketError.OperationAborted, (await Bounded(canceled)).Error);
        }

        Task<Outcome<int>> receive = Style.ReceiveBatch(pair.Server, batch);
        await pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
        Assert.Equal(1, (await Bounded(receive)).Value);
        receive = Style.ReceiveBatch(pair.Server, batch);
        await Task.Delay(Moment);
        pair.Server.Dispose();
        Assert.Contains((await Bounded(receive)).Error, new[] { SocketError.Interrupted, SocketError.OperationAborted });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.ReceiveBatch(pair.Server, batch));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.SendBatch(pair.Server, batch));
    });

    [Fact(Timeout = Limit)]
    public Task Descriptors_belong_to_their_slot_until_it_is_used_again() => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        using var batch = new MessageBatch(4, 8, SocketControl.HandlesSpace(2));
        for (int i = 0; i < 3; i++)
        {
            pair.Client.SendMessage(new OutgoingMessage(new[] { (byte)i })
            {
                Handles = [.. Enumerable.Repeat<SafeHandle>(pair.Client.SafeHandle, i)],
            });
        }

        Assert.Equal(3, (await Bounded(Style.ReceiveBatch(pair.Server, batch))).Value);
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(i => batch[i].HandleCount));
        SocketHandle mine = Assert.Single(batch[1].TakeHandles());
        Assert.Empty(batch[1].TakeHandles());
        Assert.Null(batch[1].TakeProcessHandle());
        foreach (RawControlMessage raw in batch[2].Control)
        {
            Assert.Equal(-1, MemoryMarshal.Read<int>(raw.Data));
        }

        // The next receive closes what nobody took, and only that.
        await pair.Client.SendAsync(new byte[1].AsMemory());
        Assert.Equal(1, (await Bounded(Style.ReceiveBatch(pair.Server, batch))).Value);
        Assert.Equal([0, 0, 0], Enumerable.Range(0, 3).Select(i => batch[i].HandleCount));
        using var used = new Socket(mine);
        Assert.Equal(SocketType.Dgram, used.SocketType);
    });

    private async Task<List<string>> Echo(Socket socket, int count)
    {
        using var batch = new MessageBatch(Many, 128);
        var seen = new List<string>();
        while (seen.Count < count)
        {
            await Style.ReceiveBatch(socket, batch);
            for (int i = 0; i < batch.Count; i++)
            {
                seen.Add(Encoding.ASCII.GetString(batch[i].Data.Span));
            }

            int sent = 0;
            while (sent < batch.Count)
            {
                Outcome<int> outcome = await Style.SendBatch(socket, batch, sent);
                Assert.Equal(SocketError.Success, outcome.Error);
                sent += outcome.Value;
            }
        }

        return seen;
    }

    private static Socket Bound(AddressFamily family)
    {
        if (family != AddressFamily.Unix)
        {
            return BoundUdp(family);
        }

        Socket socket = Unix(SocketType.Dgram);
        socket.Bind(FreshEndPoint(family));
        return socket;
    }

    private static void Remove(params Socket[] sockets)
    {
        foreach (Socket socket in sockets)
        {
            if (socket.LocalEndPoint is UnixDomainSocketEndPoint path)
            {
                File.Delete(path.ToString());
            }
        }
    }
}

public sealed class Batch_Sync() : BatchTests(SocketStyle.Sync);
public sealed class Batch_Try() : BatchTests(SocketStyle.Try);
public sealed class Batch_Async() : BatchTests(SocketStyle.Async);
public sealed class Batch_TryAsync() : BatchTests(SocketStyle.TryAsync);
public sealed class Batch_Loop() : BatchTests(SocketStyle.Loop);

public sealed class Batch_LoopEpoll() : BatchTests(SocketStyle.LoopEpoll);

public sealed class Batch_Chaos() : BatchTests(SocketStyle.Chaos);

/// <summary>The storage of a batch, without a socket.</summary>
public sealed class MessageBatchTests : SocketTest
{
    [Fact]
    public void Sizes_are_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(MessageBatch.CapacityMax + 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(1, 1, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(1024, int.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MessageBatch(1, int.MaxValue, int.MaxValue));
        using var batch = new MessageBatch(3, 10);
        Assert.Equal((3, 10, 0), (batch.Capacity, batch.BufferSize, batch.Count));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Count = 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Count = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[3]);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[-1]);
        using var most = new MessageBatch(MessageBatch.CapacityMax, 0);
        Assert.Equal(0, most[1023].Buffer.Length);
        most.Add([]);
    }

    [Fact]
    public void Slots_do_not_overlap()
    {
        using var batch = new MessageBatch(7, 13, 24);
        for (int i = 0; i < batch.Capacity; i++)
        {
            BatchMessage message = batch.Add(Enumerable.Repeat((byte)i, 13).ToArray(), new IPEndPoint(IPAddress.Loopback, 1000 + i));
            message.SetControl(Enumerable.Repeat((byte)(100 + i), 24).ToArray());
        }

        for (int i = 0; i < batch.Capacity; i++)
        {
            Assert.True(batch[i].Data.Span.IndexOfAnyExcept((byte)i) < 0);
            Assert.Equal(13, batch[i].Length);
            Assert.Equal(new IPEndPoint(IPAddress.Loopback, 1000 + i), batch[i].Peer);
        }

        batch.Clear();
        Assert.Equal(0, batch.Count);
        Assert.Equal("0 bytes", batch[0].ToString());
        Assert.Null(batch[0].Peer);
        Assert.True(batch[0].Control.IsEmpty);
        Assert.True(batch[0] == batch[0]);
        Assert.True(batch[0] != batch[1]);
    }

    // Filled through the buffers, without Add.
    [Fact(Timeout = Limit)]
    public async Task Slots_may_be_filled_in_place()
    {
        using Socket one = BoundUdp();
        using Socket other = BoundUdp();
        using var batch = new MessageBatch(2, 4);
        BatchMessage message = batch[1];
        message.Buffer.Span.Fill(7);
        message.Length = 3;
        message.SetPeer(other.LocalEndPoint);
        batch.Count = 2;
        BatchMessage first = batch[0];
        first.SetPeer(other.LocalEndPoint);
        await Run(() => Assert.Equal(2, one.SendBatch(batch)));
        byte[] buffer = new byte[8];
        Assert.Equal(0, other.ReceiveFrom(buffer, SocketFlags.None, new SocketAddress(AddressFamily.InterNetwork)));
        Assert.Equal(3, other.ReceiveFrom(buffer, SocketFlags.None, new SocketAddress(AddressFamily.InterNetwork)));
        Assert.Equal([7, 7, 7, 0], buffer[..4]);
    }
}
