using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>When packets came and went, and trains of datagrams in one call.</summary>
public abstract class TimestampTests(SocketStyle style) : StyledTest(style)
{
    private const int SOL_SOCKET = 1;
    private const int SO_TIMESTAMP = 29;
    private const int SO_TIMESTAMPNS = 35;
    private const int SO_TIMESTAMPING = 37;
    private const int SO_TIMESTAMP_NEW = 63;
    private const int SO_TIMESTAMPNS_NEW = 64;
    private const int SO_TIMESTAMPING_NEW = 65;
    private const int SOF_TX_SOFTWARE = 1 << 1;
    private const int SOF_RX_SOFTWARE = 1 << 3;
    private const int SOF_SOFTWARE = 1 << 4;
    private const int SOF_OPT_ID = 1 << 7;
    private const int SOF_TX_SCHED = 1 << 8;
    private const int SOF_TX_ACK = 1 << 9;
    private const int SOF_OPT_TSONLY = 1 << 11;
    private const int SOL_UDP = 17;
    private const int UDP_GRO = 104;

    [Theory(Timeout = Limit)]
    [InlineData(SO_TIMESTAMP)]
    [InlineData(SO_TIMESTAMPNS)]
    [InlineData(SO_TIMESTAMPING)]
    [InlineData(SO_TIMESTAMP_NEW)]
    [InlineData(SO_TIMESTAMPNS_NEW)]
    [InlineData(SO_TIMESTAMPING_NEW)]
    public Task A_datagram_reports_when_it_came(int option) => Test(async () =>
    {
        bool isTimestamping = option is SO_TIMESTAMPING or SO_TIMESTAMPING_NEW;
        using Socket receiver = BoundUdp();
        DescriptorTests.Set(receiver, SOL_SOCKET, option, isTimestamping ? SOF_RX_SOFTWARE | SOF_SOFTWARE : 1);
        using Socket sender = BoundUdp();
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        byte[] room = new byte[SocketControl.Timestamps.Space() + SocketControl.TimestampNanoseconds.Space()];
        KernelTimestamp last = default;

        // The kernel begins to stamp a little after the first socket asks for it (net_enable_timestamp): the first
        // packets may have no time.
        int seen = 0;
        for (int i = 0; seen < 3; i++)
        {
            await sender.SendToAsync(new byte[1].AsMemory(), receiver.LocalEndPoint!);
            Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(receiver, new byte[4], room));
            KernelTimestamp came = default;
            PacketTimestamps times = default;
            bool told = option switch
            {
                SO_TIMESTAMP => outcome.Value.Control.TryGet(SocketControl.Timestamp, out came),
                SO_TIMESTAMPNS => outcome.Value.Control.TryGet(SocketControl.TimestampNanoseconds, out came),
                SO_TIMESTAMPING => outcome.Value.Control.TryGet(SocketControl.Timestamps, out times),
                SO_TIMESTAMP_NEW => outcome.Value.Control.TryGet(SocketControl.TimestampNew, out came),
                SO_TIMESTAMPNS_NEW => outcome.Value.Control.TryGet(SocketControl.TimestampNanosecondsNew, out came),
                _ => outcome.Value.Control.TryGet(SocketControl.TimestampsNew, out times),
            };
            if (!told && isTimestamping && i < 500)
            {
                await Task.Delay(1);
                continue;
            }

            Assert.True(told);
            seen++;
            came = isTimestamping ? times.Software : came;
            Assert.True(came.IsSet);
            Assert.False(times.Hardware.IsSet);
            Assert.InRange(came.ToDateTimeOffset(), before, DateTimeOffset.UtcNow);
            Assert.True(came >= last && came > default(KernelTimestamp) && last <= came && last < came);
            Assert.Equal(0, option is SO_TIMESTAMP or SO_TIMESTAMP_NEW ? came.Nanoseconds % 1000 : 0);
            last = came;
        }
    });

    [Fact(Timeout = Limit)]
    public Task Datagrams_report_by_their_number_when_they_went() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        DescriptorTests.Set(sender, SOL_SOCKET, SO_TIMESTAMPING, SOF_TX_SOFTWARE | SOF_TX_SCHED | SOF_SOFTWARE | SOF_OPT_ID | SOF_OPT_TSONLY);
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        for (uint i = 0; i < 3; i++)
        {
            Assert.Equal(1, (await Bounded(Style.SendTo(sender, new byte[1], receiver.LocalEndPoint!))).Value);
            var stages = new HashSet<TransmitStage>();

            // Loopback has no queue of its own, and a stage that is passed at once may come as one record.
            do
            {
                SocketErrorRecord record = (await Bounded(Style.ReceiveError(sender))).Value;
                Assert.Equal((SocketErrorOrigin.Timestamping, Errno.ENOMSG), (record.Origin, record.Errno));
                Assert.Equal(i, record.TimestampId);
                Assert.InRange(record.Timestamps.Software.ToDateTimeOffset(), before, DateTimeOffset.UtcNow);
                Assert.Equal(0, record.Length);
                Assert.StartsWith($"Timestamping: {record.Stage}, id {i}, ", record.ToString());
                stages.Add(record.Stage);
            }
            while (!stages.Contains(TransmitStage.Sent));

            Assert.DoesNotContain(TransmitStage.Acknowledged, stages);
        }
    });

    [Fact(Timeout = Limit)]
    public Task One_message_alone_asks_for_its_time_by_a_control_message() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();

        // Reporting is on, recording is not: only the message that asks is told of.
        DescriptorTests.Set(sender, SOL_SOCKET, SO_TIMESTAMPING, SOF_SOFTWARE | SOF_OPT_ID | SOF_OPT_TSONLY);
        byte[] control = new byte[64];
        int written = Write(control);
        await Bounded(Style.SendTo(sender, new byte[1], receiver.LocalEndPoint!));
        sender.Timeout = TimeSpan.Zero;
        Assert.Equal(SocketError.WouldBlock, sender.TryReceiveError().Error);
        sender.Timeout = null;
        Outcome<int> sent = await Bounded(Style.SendMessage(
            sender, new OutgoingMessage(new byte[1]) { Control = control.AsMemory(0, written), Peer = receiver.LocalEndPoint }));
        Assert.Equal(SocketError.Success, sent.Error);
        SocketErrorRecord record = (await Bounded(Style.ReceiveError(sender))).Value;
        Assert.Equal((SocketErrorOrigin.Timestamping, TransmitStage.Sent), (record.Origin, record.Stage));
        Assert.True(record.Timestamps.Software.IsSet);

        static int Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(SocketControl.TimestampingFlags, (uint)SOF_TX_SOFTWARE);
            return writer.Written;
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_stream_reports_when_its_bytes_went_and_were_acknowledged() => Test(async () =>
    {
        using Pair pair = await Connected();
        DescriptorTests.Set(
            pair.Client, SOL_SOCKET, SO_TIMESTAMPING, SOF_TX_SOFTWARE | SOF_TX_ACK | SOF_SOFTWARE | SOF_OPT_ID | SOF_OPT_TSONLY);
        uint last = 0;
        foreach (int length in new[] { 10, 20, 1 })
        {
            // The id is the number of the last byte, from 0.
            last += (uint)length;
            Assert.Equal(length, (await Bounded(Style.Send(pair.Client, new byte[length]))).Value);
            var stages = new HashSet<TransmitStage>();
            while (stages.Count < 2)
            {
                SocketErrorRecord record = (await Bounded(Style.ReceiveError(pair.Client))).Value;
                Assert.Equal(last - 1, record.TimestampId);
                Assert.True(stages.Add(record.Stage), $"{record.Stage} twice");
            }

            Assert.Equal([TransmitStage.Sent, TransmitStage.Acknowledged], stages.Order());
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task One_send_becomes_many_datagrams(AddressFamily family) => Test(async () =>
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = BoundUdp(family);
        byte[] data = Bytes((7 * 100) + 30);
        byte[] control = new byte[UdpControl.Segment.Space()];
        Write(control, 100);
        Outcome<int> sent = await Bounded(Style.SendMessage(sender, new OutgoingMessage(data) { Control = control, Peer = receiver.LocalEndPoint }));
        Assert.Equal((SocketError.Success, data.Length), (sent.Error, sent.Value));
        byte[] all = new byte[data.Length];
        for (int i = 0; i < 8; i++)
        {
            ReceivedMessage message = (await Bounded(Style.ReceiveMessage(receiver, all.AsMemory(100 * i)))).Value;
            Assert.Equal(i < 7 ? 100 : 30, message.Length);
        }

        Assert.True(all.AsSpan().SequenceEqual(data));

        // More datagrams than the kernel cuts at once.
        Write(control, 1);
        sent = await Bounded(Style.SendMessage(sender, new OutgoingMessage(new byte[1000]) { Control = control, Peer = receiver.LocalEndPoint }));
        Assert.Equal(SocketError.InvalidArgument, sent.Error);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_train_that_was_put_together_reports_its_segments(AddressFamily family) => Test(async () =>
    {
        using Socket receiver = BoundUdp(family);
        DescriptorTests.Set(receiver, SOL_UDP, UDP_GRO);
        using Socket sender = BoundUdp(family);
        byte[] data = Bytes((5 * 200) + 1);
        byte[] control = new byte[UdpControl.Segment.Space()];
        Write(control, 200);
        await Bounded(Style.SendMessage(sender, new OutgoingMessage(data) { Control = control, Peer = receiver.LocalEndPoint }));
        byte[] buffer = new byte[4096];
        byte[] room = new byte[UdpControl.ReceiveOffload.Space()];
        ReceivedMessage message = (await Bounded(Style.ReceiveMessage(receiver, buffer, room))).Value;
        Assert.Equal(data.Length, message.Length);
        Assert.True(message.Control.TryGet(UdpControl.ReceiveOffload, out int segment));
        Assert.Equal(200, segment);
        Assert.True(buffer.AsSpan(0, data.Length).SequenceEqual(data));

        // One datagram says nothing.
        await Bounded(Style.SendTo(sender, new byte[9], receiver.LocalEndPoint!));
        message = (await Bounded(Style.ReceiveMessage(receiver, buffer, room))).Value;
        Assert.Equal(9, message.Length);
        Assert.False(message.Control.TryGet(UdpControl.ReceiveOffload, out _));

        // A batch, one of whose messages is a train.
        using var batch = new MessageBatch(2, 2048, UdpControl.Segment.Space());
        batch.Add(data, receiver.LocalEndPoint).SetControl(control);
        batch.Add(data.AsSpan(0, 50), receiver.LocalEndPoint);
        Assert.Equal(2, (await Bounded(Style.SendBatch(sender, batch))).Value);
        Assert.Equal(2, (await Bounded(Style.ReceiveBatch(receiver, batch))).Value);
        Assert.Equal((data.Length, 50), (batch[0].Length, batch[1].Length));
        Assert.True(batch[0].Control.TryGet(UdpControl.ReceiveOffload, out segment) && segment == 200);
    });

    private static void Write(byte[] control, ushort segment)
    {
        var writer = new ControlWriter(control);
        writer.Add(UdpControl.Segment, segment);
    }
}

public sealed class Timestamp_Sync() : TimestampTests(SocketStyle.Sync);
public sealed class Timestamp_Try() : TimestampTests(SocketStyle.Try);
public sealed class Timestamp_Async() : TimestampTests(SocketStyle.Async);
public sealed class Timestamp_TryAsync() : TimestampTests(SocketStyle.TryAsync);
public sealed class Timestamp_Loop() : TimestampTests(SocketStyle.Loop);

public sealed class Timestamp_LoopEpoll() : TimestampTests(SocketStyle.LoopEpoll);

public sealed class Timestamp_Chaos() : TimestampTests(SocketStyle.Chaos);
