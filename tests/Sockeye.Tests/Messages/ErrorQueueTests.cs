using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>The error queue: what became of messages sent before, and waiting to hear of it.</summary>
public abstract class ErrorQueueTests(SocketStyle style) : StyledTest(style)
{
    private const int IP_MTU_DISCOVER = 10;
    private const int IPV6_MTU_DISCOVER = 23;
    private const int PMTUDISC_DO = 2;
    private const int SO_ZEROCOPY = 60;

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_port_that_nobody_has_is_reported_whole(AddressFamily family) => Test(async () =>
    {
        using Socket socket = BoundUdp(family);
        Watch(socket);
        IPEndPoint nobody = Nobody(family);
        Outcome<int> sent = await Bounded(Style.SendTo(socket, "lost"u8.ToArray(), nobody));
        Assert.Equal((SocketError.Success, 4), (sent.Error, sent.Value));
        byte[] payload = new byte[16];
        Outcome<SocketErrorRecord> outcome = await Bounded(Style.ReceiveError(socket, payload));
        Assert.Equal(SocketError.Success, outcome.Error);
        SocketErrorRecord record = outcome.Value;
        bool v4 = family == AddressFamily.InterNetwork;
        Assert.Equal(v4 ? SocketErrorOrigin.Icmp : SocketErrorOrigin.Icmpv6, record.Origin);
        Assert.Equal((Errno.ECONNREFUSED, SocketError.ConnectionRefused), (record.Errno, record.Error));

        // Port unreachable: type 3 code 3; in ICMPv6 type 1 code 4.
        Assert.Equal(v4 ? (3, 3) : (1, 4), ((int)record.Type, (int)record.Code));
        Assert.Equal(Loopback(family), ((IPEndPoint)record.Offender!).Address);
        Assert.Equal(nobody, record.Destination);
        Assert.Equal("lost"u8, payload.AsSpan(0, record.Length));
        Assert.Null(record.Mtu);
        Assert.False(record.Flags.HasFlag(SocketFlags.Truncated));
        Assert.True(record.Flags.HasFlag(SocketFlags.ErrorQueue));
        Assert.StartsWith(v4 ? "Icmp: ECONNREFUSED, type 3 code 3, to 127.0.0.1:" : "Icmpv6: ECONNREFUSED, type 1 code 4, to [::1]:", record.ToString());

        // A payload that does not fit is cut, and says so.
        await Bounded(Style.SendTo(socket, "lost"u8.ToArray(), nobody));
        record = (await Bounded(Style.ReceiveError(socket, payload.AsMemory(0, 2)))).Value;
        Assert.Equal(2, record.Length);
        Assert.True(record.Flags.HasFlag(SocketFlags.Truncated));
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_send_reports_its_own_error_only_while_the_queue_is_on(AddressFamily family) => Test(async () =>
    {
        using Socket connected = Udp(family);
        connected.Connect(Nobody(family));
        using Socket friend = BoundUdp(family);

        // Without: the send after the refused one pays for it, as ever.
        Assert.Equal(SocketError.Success, (await Bounded(Style.Send(connected, new byte[1]))).Error);
        Assert.Equal(SocketError.ConnectionRefused, (await Bounded(Style.Send(connected, new byte[1]))).Error);

        Watch(connected);
        using var batch = new MessageBatch(8, 16);
        for (int i = 0; i < 8; i++)
        {
            batch.Add([1, 2]);
        }

        // Each of them is refused, and none of them is told so by the next.
        Func<Task<int>>[] sends =
        [
            async () => (await Bounded(Style.Send(connected, new byte[1]))).BytesOr(-1),
            async () => (await Bounded(Style.SendMessage(connected, new OutgoingMessage(new byte[2])))).BytesOr(-1),
            async () => (await Bounded(Style.SendMessage(connected, new OutgoingMessage { Buffers = new(new byte[3]) }))).BytesOr(-1),
            async () => (await Bounded(Style.SendBatch(connected, batch))).BytesOr(-1),
        ];
        int[] expected = [1, 2, 3, 8];
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < sends.Length; i++)
            {
                Assert.Equal(expected[i], await sends[i]());
            }
        }

        // Every one of them has its record, in order.
        int records = 0;
        connected.Timeout = TimeSpan.Zero;
        while (connected.TryReceiveError().TryGetValue(out SocketErrorRecord record))
        {
            Assert.Equal(Errno.ECONNREFUSED, record.Errno);
            records++;
        }

        Assert.True(records >= 30, $"{records} records");

        // An unconnected socket writes to somebody else meanwhile.
        using Socket loose = BoundUdp(family);
        Watch(loose);
        IPEndPoint nobody = Nobody(family);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(1, (await Bounded(Style.SendTo(loose, new byte[1], nobody))).Value);
            Assert.Equal(1, (await Bounded(Style.SendTo(loose, new byte[1], friend.LocalEndPoint!))).Value);
            Assert.Equal(1, (await Bounded(Style.SendMessage(loose, new OutgoingMessage(new byte[1]) { Peer = nobody }))).Value);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_dual_stack_socket_hears_of_IPv4_too() => Test(async () =>
    {
        using Socket socket = Udp(AddressFamily.InterNetworkV6);
        socket.DualMode = true;
        Watch(socket);
        DescriptorTests.Set(socket, 0, 11);
        IPEndPoint nobody = Nobody(AddressFamily.InterNetwork);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(1, (await Bounded(Style.SendTo(socket, new byte[1], nobody))).BytesOr(-1));
        }

        for (int i = 0; i < 3; i++)
        {
            SocketErrorRecord record = (await Bounded(Style.ReceiveError(socket))).Value;
            Assert.Equal((SocketErrorOrigin.Icmp, Errno.ECONNREFUSED), (record.Origin, record.Errno));
            Assert.Equal(nobody.Port, ((IPEndPoint)record.Destination!).Port);
            Assert.Equal(nobody.Address, ((IPEndPoint)record.Destination!).Address.MapToIPv4());
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_datagram_too_long_for_the_path_is_its_own_error_and_a_record_with_the_MTU(AddressFamily family) => Test(async () =>
    {
        using Socket socket = BoundUdp(family);
        Watch(socket);
        bool v4 = family == AddressFamily.InterNetwork;
        DescriptorTests.Set(socket, v4 ? 0 : 41, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, PMTUDISC_DO);
        int mtu = int.Parse(File.ReadAllText("/sys/class/net/lo/mtu"));
        int length = Math.Min(mtu + 1, 65_500);
        if (length + 8 + (v4 ? 20 : 40) <= mtu)
        {
            length = 65_508;
        }

        IPEndPoint nobody = Nobody(family);
        Outcome<int> sent = await Bounded(Style.SendTo(socket, new byte[length], nobody));
        Assert.Equal(SocketError.MessageSize, sent.Error);
        SocketErrorRecord record = (await Bounded(Style.ReceiveError(socket))).Value;
        Assert.Equal((SocketErrorOrigin.Local, Errno.EMSGSIZE), (record.Origin, record.Errno));

        // IPv4 counts no further than its own length field.
        Assert.Equal(v4 ? Math.Min(mtu, ushort.MaxValue) : mtu, record.Mtu);

        // IPv4 names a port only when the socket is connected to it (net/ipv4/ip_output.c, ip_local_error).
        Assert.Equal(v4 ? new IPEndPoint(nobody.Address, 0) : nobody, record.Destination);
        Assert.Null(record.Offender);
        socket.Timeout = TimeSpan.Zero;
        Assert.Equal(SocketError.WouldBlock, socket.TryReceiveError().Error);
    });

    [Fact(Timeout = Limit)]
    public Task A_wait_for_a_record_ends_when_one_comes() => Test(async () =>
    {
        using Socket socket = BoundUdp();
        Watch(socket);
        Task<Outcome<SocketErrorRecord>> wait = Style.ReceiveError(socket);
        Task<Outcome<SocketErrorRecord>> second = Style.ReceiveError(socket);

        // Data is nothing to them, and they are nothing to whoever receives it.
        byte[] buffer = new byte[8];
        Task<Outcome<int>> receive = Style.ReceiveFrom(socket, buffer);
        using Socket friend = BoundUdp();
        await friend.SendToAsync(new byte[3].AsMemory(), socket.LocalEndPoint!);
        Assert.Equal(3, (await Bounded(receive)).Value);
        Assert.False(wait.IsCompleted);
        IPEndPoint nobody = Nobody(AddressFamily.InterNetwork);
        await socket.SendToAsync(new byte[3].AsMemory(), nobody);
        await Bounded(Task.WhenAny(wait, second));
        await socket.SendToAsync(new byte[3].AsMemory(), nobody);
        Assert.Equal(nobody, (await Bounded(wait)).Value.Destination);
        Assert.Equal(nobody, (await Bounded(second)).Value.Destination);
    });

    [Fact(Timeout = Limit)]
    public Task A_wait_for_a_record_heeds_limit_token_and_Dispose() => Test(async () =>
    {
        using Socket socket = BoundUdp();
        Watch(socket);
        socket.Timeout = TimeSpan.FromMilliseconds(40);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(SocketError.TimedOut, (await Bounded(Style.ReceiveError(socket))).Error);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(35));
        socket.Timeout = null;
        if (!Style.IsSync)
        {
            using var source = new CancellationTokenSource();
            Task<Outcome<SocketErrorRecord>> canceled = Style.ReceiveError(socket, token: source.Token);
            await source.CancelAsync();
            Assert.Equal(SocketError.OperationAborted, (await Bounded(canceled)).Error);
            Assert.Equal(SocketError.OperationAborted, (await Bounded(Style.ReceiveError(socket, token: source.Token))).Error);
        }
        else
        {
            socket.Blocking = false;
            Assert.Equal(SocketError.WouldBlock, (await Bounded(Style.ReceiveError(socket))).Error);
            socket.Blocking = true;
        }

        Task<Outcome<SocketErrorRecord>> ended = Style.ReceiveError(socket);
        await Task.Delay(Moment);
        socket.Dispose();
        Assert.Equal(Style is { IsSync: true, Throws: true } ? SocketError.Interrupted : SocketError.OperationAborted, (await Bounded(ended)).Error);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Style.ReceiveError(socket));
    });

    [Fact(Timeout = Limit)]
    public Task Zero_copy_sends_are_reported_by_their_range() => Test(async () =>
    {
        using Pair pair = await Connected();
        DescriptorTests.Set(pair.Client, 1, SO_ZEROCOPY);

        // Pinned, and untouched until the notice.
        byte[] data = GC.AllocateArray<byte>(20_000, pinned: true);
        for (int i = 0; i < 3; i++)
        {
            Outcome<int> sent = await Bounded(Style.SendMessage(pair.Client, new OutgoingMessage(data), SocketFlags.ZeroCopy));
            Assert.Equal((SocketError.Success, data.Length), (sent.Error, sent.Value));
        }

        byte[] all = new byte[3 * data.Length];
        Task<Outcome<int>> receive = Style.ReceiveExactly(pair.Server, all);
        long next = 0;
        while (next < 3)
        {
            SocketErrorRecord record = (await Bounded(Style.ReceiveError(pair.Client))).Value;
            Assert.Equal((SocketErrorOrigin.ZeroCopy, 0), (record.Origin, record.Errno));
            Assert.Equal(next, record.ZeroCopyFirst);
            Assert.InRange(record.ZeroCopyLast, record.ZeroCopyFirst, 2u);

            // Loopback always copies.
            Assert.True(record.WasCopied);
            Assert.Equal($"ZeroCopy: sends {record.ZeroCopyFirst} to {record.ZeroCopyLast}, copied", record.ToString());
            next = record.ZeroCopyLast + 1L;
        }

        Assert.Equal(all.Length, (await Bounded(receive)).Value);
    });

    internal static IPEndPoint Nobody(AddressFamily family)
    {
        using Socket socket = BoundUdp(family);
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    internal static void Watch(Socket socket)
    {
        bool v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        DescriptorTests.Set(socket, v4 ? 0 : 41, v4 ? 11 : 25);
    }
}

internal static class OutcomeValues
{
    /// <summary>The value of a success, else what shows the failure.</summary>
    internal static int BytesOr(this Outcome<int> outcome, int failure) => outcome.IsSuccess ? outcome.Value : failure * outcome.Errno;
}

public sealed class ErrorQueue_Sync() : ErrorQueueTests(SocketStyle.Sync);
public sealed class ErrorQueue_Try() : ErrorQueueTests(SocketStyle.Try);
public sealed class ErrorQueue_Async() : ErrorQueueTests(SocketStyle.Async);
public sealed class ErrorQueue_TryAsync() : ErrorQueueTests(SocketStyle.TryAsync);
public sealed class ErrorQueue_Loop() : ErrorQueueTests(SocketStyle.Loop);

public sealed class ErrorQueue_LoopEpoll() : ErrorQueueTests(SocketStyle.LoopEpoll);

public sealed class ErrorQueue_Chaos() : ErrorQueueTests(SocketStyle.Chaos);

/// <summary>Synchronous waits while something keeps ppoll(2) saying ready: what a thread spends is measured, so alone.</summary>
[Collection(Alone.Name)]
public sealed class EdgeWaitTests : SocketTest
{
    private static readonly TimeSpan Watched = TimeSpan.FromMilliseconds(300);

    [Fact(Timeout = Limit)]
    public async Task A_receive_beside_an_unread_error_queue_does_not_spin_and_still_gets_its_data()
    {
        using Socket socket = WithUnreadRecord();
        using Socket friend = BoundUdp();
        byte[] buffer = new byte[8];
        var thread = new TaskCompletionSource<string>();
        Task<int> receive = Run(() => Named(thread, () => socket.Receive(buffer)));
        TimeSpan spent = await Spent(thread.Task);
        Assert.False(receive.IsCompleted);
        friend.SendTo([1, 2, 3], socket.LocalEndPoint!);
        Assert.Equal(3, await receive);
        Assert.True(spent < Watched / 3, $"{spent.TotalMilliseconds} ms of processor time in {Watched.TotalMilliseconds} ms.");

        // And again and again, each time by an edge.
        for (byte i = 0; i < 100; i++)
        {
            receive = Run(() => socket.Receive(buffer));
            friend.SendTo([i], socket.LocalEndPoint!);
            Assert.Equal(1, await receive);
            Assert.Equal(i, buffer[0]);
        }

        Assert.Equal(Errno.ECONNREFUSED, socket.ReceiveError().Errno);
    }

    [Fact(Timeout = Limit)]
    public async Task A_long_send_or_receive_whose_waits_all_led_further_opens_nothing()
    {
        using Pair pair = DescriptorTests.OfUnix(SocketType.Stream);
        byte[] data = new byte[3_000_000];
        int before = EventPolls();
        Task send = Run(() => pair.Client.SendAll(data));
        Task<int> receive = Run(() =>
        {
            byte[] some = new byte[data.Length / 10];
            int most = 0;
            for (int i = 0; i < 10; i++)
            {
                // The sender has filled the queue by now, and waits again.
                Thread.Sleep(Moment);
                most = Math.Max(most, EventPolls());
                pair.Server.ReceiveExactly(some);
            }

            return most;
        });
        Assert.Equal(before, await receive);
        await send;

        static int EventPolls() => OpenDescriptors().Count(static number => new FileInfo($"/proc/self/fd/{number}").LinkTarget?.Contains("eventpoll", StringComparison.Ordinal) == true);
    }

    [Fact(Timeout = Limit)]
    public async Task It_ends_at_its_limit_and_on_Dispose_and_leaves_no_descriptor()
    {
        using Socket socket = WithUnreadRecord();
        byte[] buffer = new byte[8];
        socket.Timeout = Moment;
        await Run(() => Assert.Equal(SocketError.TimedOut, socket.TryReceive(buffer).Error));
        int before = OpenDescriptors().Length;
        long start = Stopwatch.GetTimestamp();
        await Run(() => Assert.Equal(SocketError.TimedOut, socket.TryReceive(buffer).Error));
        Assert.True(Stopwatch.GetElapsedTime(start) >= Moment - TimeSpan.FromMilliseconds(5));
        await Run(() => Assert.Equal(SocketError.TimedOut, socket.TryReceiveMessage(buffer).Error));
        Assert.Equal(before, OpenDescriptors().Length);
        socket.Timeout = null;
        Task<SocketResult<int>> receive = Run(() => socket.TryReceive(buffer));
        await Task.Delay(Moment);
        Assert.False(receive.IsCompleted);
        socket.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await receive).Error);
    }

    [Fact(Timeout = Limit)]
    public async Task A_wait_for_records_beside_unread_data_does_not_spin()
    {
        using Socket socket = BoundUdp();
        ErrorQueueTests.Watch(socket);
        using Socket friend = BoundUdp();
        friend.SendTo([1], socket.LocalEndPoint!);
        var thread = new TaskCompletionSource<string>();
        Task<SocketErrorRecord> wait = Run(() => Named(thread, () => socket.ReceiveError()));
        TimeSpan spent = await Spent(thread.Task);
        Assert.True(spent < Watched / 3, $"{spent.TotalMilliseconds} ms of processor time in {Watched.TotalMilliseconds} ms.");
        socket.SendTo([1], ErrorQueueTests.Nobody(AddressFamily.InterNetwork));
        Assert.Equal(Errno.ECONNREFUSED, (await wait).Errno);
    }

    [Fact(Timeout = Limit)]
    public async Task Many_threads_on_one_socket_each_get_their_datagram()
    {
        using Socket socket = WithUnreadRecord();
        using Socket friend = BoundUdp();
        const int Threads = 6;
        const int Each = 50;
        int received = 0;
        Task[] all = [.. Enumerable.Range(0, Threads).Select(_ => Run(() =>
        {
            byte[] buffer = new byte[8];
            for (int i = 0; i < Each; i++)
            {
                Assert.Equal(1, socket.Receive(buffer));
                Interlocked.Increment(ref received);
            }
        }))];
        for (int i = 0; i < Threads * Each; i++)
        {
            friend.SendTo([1], socket.LocalEndPoint!);
            if (i % 20 == 0)
            {
                await Eventually(() => Volatile.Read(ref received) >= i - 20);
            }
        }

        await Task.WhenAll(all).WaitAsync(Soon);
    }

    [Fact(Timeout = Limit)]
    public async Task A_datagram_to_a_queue_that_others_have_filled_does_not_spin()
    {
        using Socket receiver = Unix(SocketType.Dgram);
        receiver.Bind(FreshEndPoint(AddressFamily.Unix));
        using Socket other = Unix(SocketType.Dgram);
        while (other.TrySendTo(new byte[1], receiver.LocalEndPoint!, SocketFlags.DontWait).IsSuccess)
        {
        }

        using Socket sender = Unix(SocketType.Dgram);
        var thread = new TaskCompletionSource<string>();
        Task<int> send = Run(() => Named(thread, () => sender.SendTo(new byte[2], receiver.LocalEndPoint!)));
        TimeSpan spent = await Spent(thread.Task);
        Assert.False(send.IsCompleted);
        Assert.Equal(1, receiver.Receive(new byte[8]));
        Assert.Equal(2, await send);
        Assert.True(spent < Watched / 3, $"{spent.TotalMilliseconds} ms of processor time in {Watched.TotalMilliseconds} ms.");
        sender.Timeout = Moment;
        Assert.Equal(SocketError.TimedOut, (await Run(() => sender.TrySendTo(new byte[2], receiver.LocalEndPoint!))).Error);
        sender.Timeout = null;
        Task<SocketResult<int>> ended = Run(() => sender.TrySendTo(new byte[2], receiver.LocalEndPoint!));
        await Task.Delay(Moment);
        sender.Dispose();
        Assert.Equal(SocketError.OperationAborted, (await ended).Error);
        File.Delete(receiver.LocalEndPoint!.ToString()!);
    }

    [Theory(Timeout = Limit)]
    [InlineData("SendTo")]
    [InlineData("SendMessage")]
    [InlineData("SendBatch")]
    public async Task Nor_does_it_on_an_event_loop(string call)
    {
        using Socket receiver = Unix(SocketType.Dgram);
        receiver.Bind(FreshEndPoint(AddressFamily.Unix));
        EndPoint there = receiver.LocalEndPoint!;
        using Socket other = Unix(SocketType.Dgram);
        while (other.TrySendTo(new byte[1], there, SocketFlags.DontWait).IsSuccess)
        {
        }

        var thread = new TaskCompletionSource<string>();
        Task<int> send = Run(() => Named(thread, () =>
        {
            using var loop = new EventLoop();
            return loop.Run(async () =>
            {
                using Socket sender = Unix(SocketType.Dgram);
                using var batch = new MessageBatch(capacity: 1, bufferSize: 8);
                batch.Add(new byte[2], there);
                Task<int> sending = call switch
                {
                    "SendTo" => sender.SendToAsync(new byte[2], there),
                    "SendMessage" => sender.SendMessageAsync(new OutgoingMessage(new byte[2]) { Peer = there }).AsTask(),
                    _ => sender.SendBatchAsync(batch).AsTask(),
                };

                // Beside it the loop goes on with its work.
                await loop.DelayAsync(Moment);
                return await sending;
            });
        }));
        TimeSpan spent = await Spent(thread.Task);
        Assert.False(send.IsCompleted);
        Assert.Equal(1, receiver.Receive(new byte[8]));
        Assert.InRange(await send, 1, 2);
        Assert.True(spent < Watched / 3, $"{spent.TotalMilliseconds} ms of processor time in {Watched.TotalMilliseconds} ms.");
        File.Delete(there.ToString()!);
    }

    private static Socket WithUnreadRecord()
    {
        Socket socket = BoundUdp();
        ErrorQueueTests.Watch(socket);
        socket.SendTo([1], ErrorQueueTests.Nobody(AddressFamily.InterNetwork));

        // The errno that the kernel keeps beside the record goes with the first call after it.
        Assert.Equal(SocketError.ConnectionRefused, socket.TryReceive(new byte[1], SocketFlags.DontWait).Error);
        return socket;
    }

    private static T Named<T>(TaskCompletionSource<string> thread, Func<T> wait)
    {
        thread.SetResult(new FileInfo("/proc/thread-self").LinkTarget!);
        return wait();
    }

    // The processor time of one thread: the process has others, which compile and collect.
    private static async Task<TimeSpan> Spent(Task<string> thread)
    {
        string path = $"/proc/{await thread.WaitAsync(Soon)}/stat";
        TimeSpan before = Time();
        await Task.Delay(Watched);
        return Time() - before;

        // proc(5): user and system time are the 14th and 15th field, in hundredths of a second.
        TimeSpan Time()
        {
            string stat = File.ReadAllText(path);
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromMilliseconds(10 * (long.Parse(fields[11]) + long.Parse(fields[12])));
        }
    }
}
