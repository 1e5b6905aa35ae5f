using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>Messages in pieces, their flags, and the waits of a send or receive of messages.</summary>
public abstract class GatherTests(SocketStyle style) : StyledTest(style)
{
    [Theory(Timeout = Limit)]
    [InlineData(SocketType.Stream, 3)]
    [InlineData(SocketType.Stream, 1500)]
    [InlineData(SocketType.Seqpacket, 3)]
    [InlineData(SocketType.Seqpacket, 1023)]
    [InlineData(SocketType.Dgram, 3)]
    public Task Pieces_go_as_one_after_the_data(SocketType type, int count) => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(type);
        byte[] head = Bytes(10);
        byte[] tail = Bytes(count * 3, seed: 2);
        var message = new OutgoingMessage(head) { Buffers = Pieces(tail, 3), Handles = [pair.Client.SafeHandle] };
        byte[] all = new byte[head.Length + tail.Length];
        Outcome<int> sent = await Bounded(Style.SendMessage(pair.Client, message));
        Assert.Equal((SocketError.Success, all.Length), (sent.Error, sent.Value));
        int got = 0;
        int handles = 0;
        while (got < all.Length)
        {
            using ReceivedMessage part = (await Bounded(Style.ReceiveMessage(pair.Server, all.AsMemory(got), new byte[64]))).Value;
            Assert.NotEqual(0, part.Length);
            got += part.Length;
            handles += part.HandleCount;
        }

        Assert.Equal(1, handles);
        Assert.Equal([.. head, .. tail], all);
    });

    [Theory(Timeout = Limit)]
    [InlineData(SocketType.Dgram)]
    [InlineData(SocketType.Seqpacket)]
    public Task A_message_of_too_many_pieces_is_refused_and_nothing_of_it_goes(SocketType type) => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(type);
        Outcome<int> sent = await Bounded(Style.SendMessage(
            pair.Client, new OutgoingMessage { Buffers = Pieces(new byte[1025], 1), Handles = [pair.Client.SafeHandle] }));
        Assert.Equal(SocketError.MessageSize, sent.Error);
        Assert.Equal(0, pair.Server.Available);
        sent = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage { Buffers = Pieces(new byte[1024], 1) }));
        Assert.Equal(1024, sent.Value);
    });

    [Fact(Timeout = Limit)]
    public Task Pieces_larger_than_the_socket_takes_at_once_all_arrive() => Test(async () =>
    {
        using Pair pair = await Narrow();
        byte[] data = Bytes(3_000_000);
        Task<Outcome<int>> send = Style.SendMessage(pair.Client, new OutgoingMessage(data.AsMemory(0, 1000)) { Buffers = Pieces(data.AsMemory(1000), 2_000) });
        byte[] all = new byte[data.Length];
        await Bounded(Style.ReceiveExactly(pair.Server, all));
        Outcome<int> sent = await Bounded(send);
        Assert.Equal((SocketError.Success, data.Length), (sent.Error, sent.Value));
        Assert.True(all.AsSpan().SequenceEqual(data));
    });

    [Fact(Timeout = Limit)]
    public Task An_empty_message_goes_as_one() => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Dgram);
        Assert.Equal(0, (await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage { Handles = [pair.Client.SafeHandle] }))).Value);
        Assert.Equal(0, (await Bounded(Style.SendMessage(pair.Client, default))).Value);
        using ReceivedMessage first = (await Bounded(Style.ReceiveMessage(pair.Server, default, new byte[64]))).Value;
        Assert.Equal((0, 1), (first.Length, first.HandleCount));
        Assert.Equal("0 bytes, 1 handles", first.ToString());
        Outcome<ReceivedMessage> second = await Bounded(Style.ReceiveMessage(pair.Server, new byte[4]));
        Assert.Equal((SocketError.Success, 0), (second.Error, second.Value.Length));

        // A datagram is taken by an empty buffer, and what it lost is told.
        await pair.Client.SendAsync(new byte[5].AsMemory());
        ReceivedMessage third = (await Bounded(Style.ReceiveMessage(pair.Server, default))).Value;
        Assert.Equal((0, 5, true), (third.Length, third.BytesLost, third.IsTruncated));
        Assert.Equal("0 bytes, Truncated", third.ToString());
        Assert.Equal(0, pair.Server.Available);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(AllFamilies))]
    public Task An_empty_buffer_waits_for_a_streams_data_and_leaves_it(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        Task<Outcome<ReceivedMessage>> wait = Style.ReceiveMessage(pair.Server, default);
        await Task.Delay(Moment);
        Assert.False(wait.IsCompleted);
        await pair.Client.SendAsync(new byte[3].AsMemory());
        Assert.Equal((SocketError.Success, 0), ((await Bounded(wait)).Error, wait.Result.Value.Length));
        Assert.Equal(3, (await Bounded(Style.ReceiveMessage(pair.Server, new byte[8]))).Value.Length);
        wait = Style.ReceiveMessage(pair.Server, default);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal((SocketError.Success, 0), ((await Bounded(wait)).Error, wait.Result.Value.Length));
    });

    [Fact(Timeout = Limit)]
    public Task A_message_that_did_not_fit_is_no_error_and_reports_what_is_lost() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        await sender.SendToAsync(new byte[100].AsMemory(), receiver.LocalEndPoint!);
        await sender.SendToAsync(new byte[] { 1, 2 }.AsMemory(), receiver.LocalEndPoint!);
        ReceivedMessage message = (await Bounded(Style.ReceiveMessage(receiver, new byte[30], flags: SocketFlags.Peek))).Value;
        Assert.Equal((30, 70), (message.Length, message.BytesLost));
        message = (await Bounded(Style.ReceiveMessage(receiver, new byte[30]))).Value;
        Assert.Equal((30, 70, SocketFlags.Truncated), (message.Length, message.BytesLost, message.Flags));
        Assert.True(message.IsTruncated);
        Assert.False(message.IsControlTruncated);
        message = (await Bounded(Style.ReceiveMessage(receiver, new byte[2]))).Value;
        Assert.Equal((2, 0, SocketFlags.None), (message.Length, message.BytesLost, message.Flags));
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_heeds_limit_token_flags_and_Dispose() => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Stream);
        byte[] buffer = new byte[4];
        pair.Server.Timeout = TimeSpan.FromMilliseconds(30);
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveMessage(pair.Server, buffer))).Error);
        pair.Server.Timeout = null;
        Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveMessage(pair.Server, buffer, flags: SocketFlags.DontWait))).Error);
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.ReceiveMessage(pair.Server, buffer, flags: SocketFlags.Partial))).Error);
        Assert.Equal(SocketError.OperationNotSupported, (await Bounded(Style.SendMessage(pair.Server, new OutgoingMessage(buffer), SocketFlags.Partial))).Error);
        if (!Style.IsSync)
        {
            using var source = new CancellationTokenSource();
            Task<Outcome<ReceivedMessage>> canceled = Style.ReceiveMessage(pair.Server, buffer, token: source.Token);
            await source.CancelAsync();
            Assert.Equal(SocketError.OperationAborted, (await Bounded(canceled)).Error);
            Assert.Equal(SocketError.OperationAborted, (await Bounded(Style.SendMessage(pair.Server, new OutgoingMessage(buffer), token: source.Token))).Error);
        }

        Task<Outcome<ReceivedMessage>> receive = Style.ReceiveMessage(pair.Server, buffer);
        await pair.Client.SendAsync(new byte[] { 1 }.AsMemory());
        Assert.Equal(1, (await Bounded(receive)).Value.Length);

        // A stream's end.
        Task<Outcome<ReceivedMessage>> ended = Style.ReceiveMessage(pair.Client, buffer);
        pair.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal((SocketError.Success, 0), ((await Bounded(ended)).Error, ended.Result.Value.Length));
        receive = Style.ReceiveMessage(pair.Server, buffer);
        await Task.Delay(Moment);
        pair.Server.Dispose();
        Assert.Contains((await Bounded(receive)).Error, new[] { SocketError.Interrupted, SocketError.OperationAborted });
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.ReceiveMessage(pair.Server, buffer));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.SendMessage(pair.Server, new OutgoingMessage(buffer)));
    });

    [Fact(Timeout = Limit)]
    public Task A_send_that_may_not_wait_or_runs_out_of_time_reports_how_far_it_got() => Test(async () =>
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Stream);
        byte[] data = new byte[4_000_000];
        Outcome<int> sent = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(data), SocketFlags.DontWait));
        Assert.Equal(SocketError.Success, sent.Error);
        Assert.InRange(sent.Value, 1, data.Length - 1);
        int first = sent.Value;
        sent = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(data), SocketFlags.DontWait));
        Assert.Equal(SocketError.WouldBlock, sent.Error);
        byte[] all = new byte[first];
        await Bounded(Style.ReceiveExactly(pair.Server, all));
        pair.Client.Timeout = TimeSpan.FromMilliseconds(40);
        sent = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(data)));
        Assert.Equal(SocketError.TimedOut, sent.Error);
        Assert.InRange(sent.BytesTransferred, 1, data.Length - 1);
    });

    // A queue full of other people's messages: the kernel tells the sender nothing of the room that its reader makes,
    // but that of its own message, which it throws away at each try.
    [Fact(Timeout = Limit)]
    public Task A_datagram_waits_for_a_queue_that_others_have_filled() => Test(async () =>
    {
        string path = FreshPath();
        using Socket receiver = Unix(SocketType.Dgram);
        receiver.Bind(new UnixDomainSocketEndPoint(path));
        using Socket other = Unix(SocketType.Dgram);
        int filled = 0;
        while (other.TrySendTo(new byte[1], receiver.LocalEndPoint!, SocketFlags.DontWait).IsSuccess)
        {
            filled++;
        }

        using Socket sender = Unix(SocketType.Dgram);
        Task<Outcome<int>> send = Style.SendMessage(sender, new OutgoingMessage(new byte[] { 7 }) { Peer = receiver.LocalEndPoint });
        await Task.Delay(Moment);
        Assert.False(send.IsCompleted);
        byte[] buffer = new byte[4];
        for (int i = 0; i < filled; i++)
        {
            Assert.Equal(1, receiver.Receive(buffer));
        }

        Outcome<int> sent = await Bounded(send);
        Assert.Equal((SocketError.Success, 1), (sent.Error, sent.Value));
        Assert.Equal(1, receiver.Receive(buffer));
        Assert.Equal(7, buffer[0]);
        File.Delete(path);
    });

    internal static ReadOnlySequence<byte> Pieces(ReadOnlyMemory<byte> data, int size)
    {
        Piece first = new(data[..Math.Min(size, data.Length)], 0);
        Piece last = first;
        for (int at = size; at < data.Length; at += size)
        {
            last = last.Append(data.Slice(at, Math.Min(size, data.Length - at)));
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    internal sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        internal Piece(ReadOnlyMemory<byte> memory, long at) => (Memory, RunningIndex) = (memory, at);

        internal Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}

public sealed class Gather_Sync() : GatherTests(SocketStyle.Sync);
public sealed class Gather_Try() : GatherTests(SocketStyle.Try);
public sealed class Gather_Async() : GatherTests(SocketStyle.Async);
public sealed class Gather_TryAsync() : GatherTests(SocketStyle.TryAsync);
public sealed class Gather_Loop() : GatherTests(SocketStyle.Loop);

public sealed class Gather_LoopEpoll() : GatherTests(SocketStyle.LoopEpoll);

public sealed class Gather_Chaos() : GatherTests(SocketStyle.Chaos);

/// <summary>Flags that come back, and receives into several buffers.</summary>
public sealed class FlagTests : SocketTest
{
    // Every MSG_ flag of include/linux/socket.h up to Linux 6.18, the kernel's internal ones included, and what this library
    // calls it: null where a caller has no use for it, and passes or sees the number.
    private static readonly (string Name, int Number, SocketFlags? Flag)[] KernelFlags =
    [
        ("MSG_OOB", 0x1, SocketFlags.OutOfBand),
        ("MSG_PEEK", 0x2, SocketFlags.Peek),
        ("MSG_DONTROUTE", 0x4, SocketFlags.DontRoute),
        ("MSG_CTRUNC", 0x8, SocketFlags.ControlDataTruncated),
        ("MSG_PROBE", 0x10, null),
        ("MSG_TRUNC", 0x20, SocketFlags.Truncated),
        ("MSG_DONTWAIT", 0x40, SocketFlags.DontWait),
        ("MSG_EOR", 0x80, SocketFlags.EndOfRecord),
        ("MSG_WAITALL", 0x100, SocketFlags.WaitAll),
        ("MSG_CONFIRM", 0x800, SocketFlags.Confirm),
        ("MSG_RST", 0x1000, null),
        ("MSG_ERRQUEUE", 0x2000, SocketFlags.ErrorQueue),
        ("MSG_NOSIGNAL", 0x4000, SocketFlags.NoSignal),
        ("MSG_MORE", 0x8000, SocketFlags.More),
        ("MSG_WAITFORONE", 0x1_0000, null),
        ("MSG_SENDPAGE_NOTLAST", 0x2_0000, null),
        ("MSG_BATCH", 0x4_0000, null),
        ("MSG_NO_SHARED_FRAGS", 0x8_0000, null),
        ("MSG_SENDPAGE_DECRYPTED", 0x10_0000, null),
        ("MSG_SOCK_DEVMEM", 0x200_0000, null),
        ("MSG_ZEROCOPY", 0x400_0000, SocketFlags.ZeroCopy),
        ("MSG_SPLICE_PAGES", 0x800_0000, null),
        ("MSG_FASTOPEN", 0x2000_0000, SocketFlags.FastOpen),
        ("MSG_CMSG_CLOEXEC", 0x4000_0000, null),
        ("MSG_CMSG_COMPAT", unchecked((int)0x8000_0000), null),
    ];

    // MSG_FIN and MSG_SYN: the kernel names them, takes them from no caller and returns them to none.
    private const int NeverSeen = 0x200 | 0x400;

    public static TheoryData<string> KernelFlagNames() => [.. KernelFlags.Select(static row => row.Name)];

    [Theory]
    [MemberData(nameof(KernelFlagNames))]
    public void Every_flag_of_the_kernel_has_a_value_that_no_other_flag_shares(string name)
    {
        (_, int number, SocketFlags? flag) = Array.Find(KernelFlags, row => row.Name == name);
        SocketFlags value = flag ?? (SocketFlags)number;
        Assert.Equal(1, int.PopCount((int)value));
        Assert.All(KernelFlags.Where(other => other.Name != name), other => Assert.True((value & (other.Flag ?? (SocketFlags)other.Number)) == 0, other.Name));

        // .NET's own values: the same flag, or another bit.
        Assert.All(
            Enum.GetValues<SocketFlags>().Where(dotnet => dotnet != SocketFlags.None && dotnet != value),
            dotnet => Assert.True((value & dotnet) == 0, $"{name} is {dotnet} too"));
        Assert.Equal(0, (int)value & NeverSeen & ~(int)SocketFlags.ControlDataTruncated);

        // A bit that is not the kernel's number for the flag is no other flag's number.
        if ((int)value != number)
        {
            Assert.DoesNotContain((int)value, KernelFlags.Where(other => other.Flag is null || (int)other.Flag == other.Number).Select(other => other.Number));
        }
    }

    [Theory]
    [MemberData(nameof(KernelFlagNames))]
    public void Every_flag_reaches_the_kernel_by_its_number_and_comes_back_as_it_went(string name)
    {
        (_, int number, SocketFlags? flag) = Array.Find(KernelFlags, row => row.Name == name);
        SocketFlags value = flag ?? (SocketFlags)number;
        bool isTaken = flag is not SocketFlags.ControlDataTruncated;
        Assert.Equal(isTaken, LinuxSocketFlags.TryToLinux(value, out int passed));
        Assert.Equal(isTaken ? number : 0, passed);
        Assert.Equal(isTaken, LinuxSocketFlags.TryToLinux(value | SocketFlags.Peek, out passed));
        Assert.Equal((isTaken ? number : 0) | SocketConstants.MSG_PEEK, passed);

        // MSG_CMSG_CLOEXEC is our own, returned to us.
        SocketFlags expected = number == SocketConstants.MSG_CMSG_CLOEXEC ? SocketFlags.None : value;
        Assert.Equal(expected, LinuxSocketFlags.FromLinux(number));
        Assert.Equal(expected | SocketFlags.EndOfRecord | SocketFlags.Truncated, LinuxSocketFlags.FromLinux(number | SocketConstants.MSG_EOR | SocketConstants.MSG_TRUNC));
    }

    [Fact]
    public void Every_flag_of_dotnets_is_the_kernels_of_that_meaning_or_is_refused()
    {
        var known = new Dictionary<SocketFlags, int>
        {
            [SocketFlags.None] = 0,
            [SocketFlags.OutOfBand] = SocketConstants.MSG_OOB,
            [SocketFlags.Peek] = SocketConstants.MSG_PEEK,
            [SocketFlags.DontRoute] = SocketConstants.MSG_DONTROUTE,
            [SocketFlags.Truncated] = SocketConstants.MSG_TRUNC,
        };
        Assert.All(Enum.GetValues<SocketFlags>(), flag =>
        {
            Assert.Equal(known.ContainsKey(flag), LinuxSocketFlags.TryToLinux(flag, out int number));
            Assert.Equal(known.GetValueOrDefault(flag), number);
        });
    }

    [Fact]
    public void A_flag_is_tested_as_flags_are()
    {
        foreach ((_, _, SocketFlags? flag) in KernelFlags)
        {
            Assert.Equal(flag == SocketFlags.EndOfRecord, flag is { } value && (value & SocketFlags.EndOfRecord) != 0);
        }

        SocketFlags both = LinuxSocketFlags.FromLinux(
            SocketConstants.MSG_EOR | SocketConstants.MSG_ERRQUEUE | SocketConstants.MSG_TRUNC | SocketConstants.MSG_CTRUNC | SocketConstants.MSG_OOB);
        Assert.Equal(
            SocketFlags.EndOfRecord | SocketFlags.ErrorQueue | SocketFlags.Truncated | SocketFlags.ControlDataTruncated | SocketFlags.OutOfBand, both);
    }

    [Fact]
    public void Returned_flags_are_described_by_name_and_unknown_ones_by_number()
    {
        SocketFlags both = LinuxSocketFlags.FromLinux(
            SocketConstants.MSG_EOR | SocketConstants.MSG_ERRQUEUE | SocketConstants.MSG_TRUNC | SocketConstants.MSG_CTRUNC | SocketConstants.MSG_OOB);
        Assert.Equal("OutOfBand, Truncated, ControlDataTruncated, EndOfRecord, ErrorQueue", LinuxSocketFlags.Describe(both));
        Assert.Equal("", LinuxSocketFlags.Describe(SocketFlags.None));
        Assert.Equal("Confirm", LinuxSocketFlags.Describe(LinuxSocketFlags.FromLinux(SocketConstants.MSG_CONFIRM)));
        Assert.Equal("EndOfRecord, 0x1010000", LinuxSocketFlags.Describe(LinuxSocketFlags.FromLinux(0x101_0000 | SocketConstants.MSG_EOR)));
        Assert.Equal("0x100", LinuxSocketFlags.Describe(LinuxSocketFlags.FromLinux(SocketConstants.MSG_WAITALL)));
    }

    [Fact(Timeout = Limit)]
    public async Task Dotnets_own_receive_gives_dotnets_own_bits()
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        EndPoint any = new IPEndPoint(IPAddress.Any, 0);
        byte[] buffer = new byte[8];
        foreach ((int length, SocketFlags expected) in new[] { (4, SocketFlags.None), (9, SocketFlags.Truncated), (0, SocketFlags.None) })
        {
            sender.SendTo(new byte[length], receiver.LocalEndPoint!);
            SocketFlags flags = SocketFlags.None;
            Assert.Equal(Math.Min(length, 8), await Run(() => receiver.ReceiveMessageFrom(buffer, 0, 8, ref flags, ref any, out _)));
            Assert.Equal(expected, flags);
            sender.SendTo(new byte[length], receiver.LocalEndPoint!);
            SocketReceiveMessageFromResult result = await receiver.ReceiveMessageFromAsync(buffer.AsMemory(), any).AsTask().WaitAsync(Soon);
            Assert.Equal((Math.Min(length, 8), expected), (result.ReceivedBytes, result.SocketFlags));
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_comes_into_several_buffers(bool sync)
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Seqpacket);
        List<ArraySegment<byte>> buffers = [new byte[3], default, new(new byte[8], 2, 4), new byte[5]];
        foreach (int length in new[] { 2, 7, 12, 20 })
        {
            pair.Client.SendMessage(new OutgoingMessage(Bytes(length, seed: length)) { Handles = [pair.Client.SafeHandle] });
            using ReceivedMessage message = await Receive(buffers);
            Assert.Equal((Math.Min(length, 12), Math.Max(length - 12, 0)), (message.Length, message.BytesLost));
            Assert.Equal((length > 12, 1), (message.IsTruncated, message.HandleCount));
            byte[] got = [.. buffers.SelectMany(static segment => segment)];
            Assert.Equal(Bytes(length, seed: length)[..message.Length], got[..message.Length]);
        }

        await Assert.ThrowsAsync<ArgumentNullException>(() => Receive(null!));

        // No buffers at all take a message; more than one call takes are not used.
        pair.Client.Send([1, 2]);
        using (ReceivedMessage none = await Receive([]))
        {
            Assert.Equal((0, 2), (none.Length, none.BytesLost));
        }

        pair.Client.Send(new byte[1030]);
        using (ReceivedMessage many = await Receive([.. Enumerable.Range(0, 1030).Select(static _ => new ArraySegment<byte>(new byte[1]))]))
        {
            Assert.Equal((1024, 6), (many.Length, many.BytesLost));
        }

        pair.Client.Send([1, 2]);
        Assert.Equal(2, (sync ? pair.Server.TryReceiveMessage(buffers) : await pair.Server.TryReceiveMessageAsync(buffers)).Value.Length);

        Task<ReceivedMessage> Receive(List<ArraySegment<byte>> into) => sync
            ? Run(() => pair.Server.ReceiveMessage(into, new byte[64]))
            : Awaited(into);

        async Task<ReceivedMessage> Awaited(List<ArraySegment<byte>> into) => await pair.Server.ReceiveMessageAsync(into, new byte[64]).AsTask().WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task Memory_that_cannot_be_pinned_leaves_nothing_pinned_and_the_socket_in_order()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Stream);
        var memories = new List<WeakReference>();
        for (int i = 0; i < 3; i++)
        {
            await Fail();
        }

        Assert.Equal(1, pair.Client.SendMessage(new OutgoingMessage(new byte[1])));
        Assert.Equal(1, pair.Server.Receive(new byte[8]));

        // What is pinned is not collected.
        await Eventually(() =>
        {
            GC.Collect();
            return memories.TrueForAll(static memory => !memory.IsAlive);
        });

        async Task Fail()
        {
            using var bad = new Unpinnable();
            byte[] good = new byte[100];
            memories.Add(new WeakReference(good));
            GatherTests.Piece first = new(good.AsMemory(10), 0);
            GatherTests.Piece last = first.Append(bad.Memory);
            var message = new OutgoingMessage(good.AsMemory(0, 10))
            {
                Buffers = new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length),
                Handles = [pair.Client.SafeHandle],
            };
            Assert.Throws<InvalidOperationException>(() => pair.Client.SendMessage(message));
            await Assert.ThrowsAsync<InvalidOperationException>(() => pair.Client.SendMessageAsync(message).AsTask());
            Assert.Equal(Errno.EFAULT, (await pair.Client.TrySendMessageAsync(message)).Errno);
        }
    }

    private sealed class Unpinnable : MemoryManager<byte>
    {
        private readonly byte[] _bytes = new byte[8];

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => throw new InvalidOperationException("not to be pinned");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
