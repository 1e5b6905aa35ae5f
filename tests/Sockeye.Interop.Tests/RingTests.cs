using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sockeye.Interop.Tests;

/// <summary>The ring alone, without an engine: each way of setting it up, its queues at their bounds, and its end.</summary>
public sealed partial class RingTests
{
    private const int Limit = 60_000;
    private const int SIGWINCH = 28;
    private const long SoonNs = 10_000_000_000;
    private const uint BestFlags = RingConstants.IORING_SETUP_SINGLE_ISSUER | RingConstants.IORING_SETUP_DEFER_TASKRUN
        | RingConstants.IORING_SETUP_SUBMIT_ALL | RingConstants.IORING_SETUP_NO_SQARRAY;

    // No kernel knows it yet: what a flag that is too new looks like.
    private const uint UnknownFlag = 1u << 31;

    /// <summary>The flags that Ring asks for, and those of kernels before.</summary>
    public static TheoryData<uint> Flags =>
    [
        BestFlags,
        BestFlags & ~RingConstants.IORING_SETUP_NO_SQARRAY,
        RingConstants.IORING_SETUP_COOP_TASKRUN | RingConstants.IORING_SETUP_SUBMIT_ALL,
        0u,
    ];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Flags))]
    public Task A_ring_with_any_kernels_flags_completes_and_ends(uint flags) => OnThread(() =>
    {
        Assert.Equal(0, Ring.TryCreate(4, 8, [UnknownFlag, flags], out Ring? made));
        using Ring ring = made!;
        Assert.Equal(flags, ring.Flags & (BestFlags | RingConstants.IORING_SETUP_COOP_TASKRUN | UnknownFlag));
        Assert.Equal(4, ring.Capacity);
        ring.Enable();

        // More than once around both queues.
        for (ulong i = 1; i <= 40; i++)
        {
            Next(ring, RingConstants.IORING_OP_NOP, i);
            Assert.True(ring.HasRequests);
            Assert.Equal(0, ring.Enter(1, SoonNs));
            Assert.False(ring.HasRequests);
            CompletionEntry answer = Take(ring);
            Assert.Equal((i, 0), (answer.UserData, answer.Result));
            Assert.False(ring.TryPeek(out _));
        }

        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            Poll(ring, socket, data: 7);
            byte[] buffer = GC.AllocateArray<byte>(16, pinned: true);
            Receive(ring, socket, buffer, data: 8);
            Assert.Equal(0, ring.Enter(0));
        }
    });

    [Fact]
    public void Flags_that_no_kernel_knows_are_an_errno()
    {
        Assert.Equal(Errno.EINVAL, Ring.TryCreate(4, 8, [UnknownFlag], out Ring? ring));
        Assert.Null(ring);
    }

    [Fact(Timeout = Limit)]
    public Task The_ring_takes_the_best_flags_that_this_kernel_has() => OnThread(() =>
    {
        using Ring ring = Create();
        Version kernel = Environment.OSVersion.Version;
        Assert.Equal(kernel >= new Version(6, 6), (ring.Flags & RingConstants.IORING_SETUP_NO_SQARRAY) != 0);
        Assert.Equal(kernel >= new Version(6, 1), (ring.Flags & RingConstants.IORING_SETUP_DEFER_TASKRUN) != 0);
        Assert.True(ring.Supports(RingConstants.IORING_OP_RECV));
        Assert.True(ring.Supports(RingConstants.IORING_OP_ASYNC_CANCEL));
        Assert.False(ring.Supports(250));
    });

    [Fact(Timeout = Limit)]
    public Task A_ring_that_was_never_enabled_can_be_disposed_on_any_thread() => OnThread(() =>
    {
        int before = Rings();
        Assert.Equal(0, Ring.TryCreate(8, 16, out Ring? ring));
        Assert.Equal(before + 1, Rings());
        OnThread(ring!.Dispose).GetAwaiter().GetResult();
        ring.Dispose();
        Assert.Equal(before, Rings());
        Assert.Throws<ObjectDisposedException>(() => ring.Enter(0));
    });

    [Fact(Timeout = Limit)]
    public Task A_ring_that_nobody_disposed_is_closed_by_the_collector() => OnThread(() =>
    {
        int before = Rings();
        int mappings = RingMappings();
        (SocketHandle socket, SocketHandle peer) = Open.Connection();
        for (int i = 0; i < 20; i++)
        {
            OnThread(() => Forget(socket, enabled: i % 2 == 0)).GetAwaiter().GetResult();
        }

        // The kernel lets go of what an enabled one held, in its own time.
        socket.Dispose();
        long start = Stopwatch.GetTimestamp();
        while (Rings() != before || RingMappings() != mappings || Libc.Receive(peer, new byte[1], 0) != 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 10, $"{Rings() - before} rings and {RingMappings() - mappings} mappings more");
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        peer.Dispose();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static void Forget(SocketHandle socket, bool enabled)
        {
            Assert.Equal(0, Ring.TryCreate(8, 16, out Ring? ring));
            if (enabled)
            {
                ring!.Enable();
                Poll(ring, socket, data: 1);
                Assert.Equal(0, ring.Enter(0));
            }

            GC.KeepAlive(ring);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_multishot_poll_reports_each_edge() => OnThread(() =>
    {
        using Ring ring = Create();
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            Poll(ring, socket, data: 1);
            Assert.Equal(0, ring.Enter(1, SoonNs));
            CompletionEntry answer = Take(ring);
            Assert.Equal(EpollConstants.EPOLLOUT, (uint)answer.Result);
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(1, Libc.Send(peer, [1], 0));
                Assert.Equal(0, ring.Enter(1, SoonNs));
                answer = Take(ring);
                Assert.Equal(1UL, answer.UserData);
                Assert.NotEqual(0u, (uint)answer.Result & EpollConstants.EPOLLIN);
                Assert.NotEqual(0u, answer.Flags & RingConstants.IORING_CQE_F_MORE);
            }

            Assert.False(ring.TryPeek(out _));
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_receive_waits_for_its_bytes_and_a_cancel_ends_a_poll() => OnThread(() =>
    {
        using Ring ring = Create();
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            byte[] buffer = GC.AllocateArray<byte>(16, pinned: true);
            Receive(ring, socket, buffer, data: 1);
            Assert.Equal(0, ring.Enter(0));
            Assert.Equal(-Errno.ETIME, ring.Enter(1, 1_000_000));
            Libc.Send(peer, [1, 2, 3], 0);
            Assert.Equal(0, ring.Enter(1, SoonNs));
            CompletionEntry answer = Take(ring);
            Assert.Equal((1UL, 3), (answer.UserData, answer.Result));
            Assert.Equal([1, 2, 3, 0], buffer[..4]);

            Poll(ring, socket, data: 2, EpollConstants.EPOLLIN | EpollConstants.EPOLLET);
            Next(ring, RingConstants.IORING_OP_ASYNC_CANCEL, 3).Address = 2;
            Dictionary<ulong, int> answers = Wait(ring, 2);
            Assert.Equal(-Errno.ECANCELED, answers[2]);
            Assert.Equal(0, answers[3]);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_cancel_ends_what_waits_and_says_when_there_is_nothing() => OnThread(() =>
    {
        using Ring ring = Create();
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            byte[] buffer = GC.AllocateArray<byte>(16, pinned: true);
            Receive(ring, socket, buffer, data: 1);
            Assert.Equal(0, ring.Enter(0));
            Next(ring, RingConstants.IORING_OP_ASYNC_CANCEL, 2).Address = 1;
            Next(ring, RingConstants.IORING_OP_ASYNC_CANCEL, 3).Address = 99;
            Dictionary<ulong, int> answers = Wait(ring, 3);
            Assert.Equal(-Errno.ECANCELED, answers[1]);
            Assert.Equal(0, answers[2]);
            Assert.Equal(-Errno.ENOENT, answers[3]);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_full_submission_queue_says_so_and_is_free_after_an_enter() => OnThread(() =>
    {
        using Ring ring = Create(entries: 8, completions: 16);
        for (ulong i = 0; i < 8; i++)
        {
            Next(ring, RingConstants.IORING_OP_NOP, i);
        }

        Assert.False(ring.TryNext(out _));
        Dictionary<ulong, int> answers = Wait(ring, 8);
        Assert.Equal(Enumerable.Range(0, 8).Select(static i => (ulong)i), answers.Keys.Order());
        Assert.True(ring.TryNext(out Submission request));
        request.Entry.UserData = 8;
        Assert.Equal(0, Wait(ring, 1)[8]);
    });

    // Thousands of answers to a queue of sixteen, none read until all are there: the kernel keeps what does not fit.
    [Theory(Timeout = Limit)]
    [InlineData(BestFlags)]
    [InlineData(0u)]
    public Task No_completion_is_lost_when_the_queue_is_full(uint flags) => OnThread(() =>
    {
        const int Count = 5_000;
        Assert.Equal(0, Ring.TryCreate(8, 16, [flags, flags & ~RingConstants.IORING_SETUP_NO_SQARRAY], out Ring? made));
        using Ring ring = made!;
        ring.Enable();
        var seen = new HashSet<ulong>();
        ulong asked = 0;
        int full = 0;
        long start = Stopwatch.GetTimestamp();
        while (seen.Count < Count)
        {
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 20, $"{seen.Count} of {asked} answers");
            while (asked < Count && ring.TryNext(out Submission request))
            {
                request.Entry.Operation = RingConstants.IORING_OP_NOP;
                request.Entry.UserData = asked++;
            }

            int result = ring.Enter(0);
            Assert.True(result is 0 or -Errno.EBUSY or -Errno.EAGAIN, $"{result}");

            // Read only when the kernel takes no more, or all is asked.
            if (asked == Count || result != 0 || ring.HasRequests)
            {
                full++;
                while (ring.TryPeek(out CompletionEntry answer))
                {
                    ring.Advance();
                    Assert.True(seen.Add(answer.UserData), $"{answer.UserData} was answered twice");
                    Assert.Equal(0, answer.Result);
                }
            }
        }

        Assert.True(full > 1);
        Assert.False(ring.TryPeek(out _));
        Assert.Equal((ulong)Count, asked);
    });

    [Fact(Timeout = Limit)]
    public Task A_wait_ends_at_its_limit_and_not_before() => OnThread(() =>
    {
        using Ring ring = Create();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(-Errno.ETIME, ring.Enter(1, 30_000_000));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 30, 10_000);

        // An answer that is there already counts.
        Next(ring, RingConstants.IORING_OP_NOP, 1);
        Assert.Equal(0, ring.Enter(0));
        Assert.Equal(0, ring.Enter(1, SoonNs));
        Take(ring);
    });

    [Fact(Timeout = Limit)]
    public Task A_signal_ends_the_wait() => OnThread(() =>
    {
        // The runtime handles SIGWINCH once somebody asks for it; without a handler the kernel would drop it.
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, context => context.Cancel = true);
        using Ring ring = Create();
        nint self = pthread_self();
        using var ended = new ManualResetEventSlim();
        Task signals = OnThread(() =>
        {
            // Again until one came while it waited.
            while (!ended.Wait(1))
            {
                Assert.Equal(0, pthread_kill(self, SIGWINCH));
            }
        });
        int result = ring.Enter(1, SoonNs);
        ended.Set();
        signals.GetAwaiter().GetResult();
        Assert.Equal(-Errno.EINTR, result);

        // The next wait goes on as if nothing had been.
        Next(ring, RingConstants.IORING_OP_NOP, 1);
        Assert.Equal(1UL, Wait(ring, 1).Single().Key);
        Assert.False(ring.HasRequests);
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Flags))]
    public Task What_was_prepared_and_not_handed_over_is_never_made(uint flags) => OnThread(() =>
    {
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            Assert.Equal(0, Ring.TryCreate(4, 8, [flags], out Ring? made));
            Ring ring = made!;
            ring.Enable();
            ring.Fault = static _ => Errno.EBUSY;
            byte[] data = GC.AllocateArray<byte>(1, pinned: true);

            // All of the queue, so that the end has no room but theirs.
            for (int i = 0; i < ring.Capacity; i++)
            {
                Assert.True(ring.TryNext(out Submission request));
                request.Entry.Operation = RingConstants.IORING_OP_SEND;
                request.Entry.Descriptor = socket.Number;
                request.Entry.Address = (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(data, 0);
                request.Entry.Length = 1;
            }

            Assert.Equal(-Errno.EBUSY, ring.Enter(0));
            ring.Fault = null;
            ring.Dispose();
            Assert.Equal(-Errno.EAGAIN, Libc.Receive(peer, new byte[1], SocketConstants.MSG_DONTWAIT));
        }
    });

    // What the ring holds it lets go in Dispose, not some time later: the peers see the end, and memory is the program's.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Flags))]
    public Task Dispose_lets_go_of_files_and_memory_that_requests_held(uint flags) => OnThread(() =>
    {
        int before = Rings();
        int mappings = RingMappings();
        byte[] buffer = GC.AllocateArray<byte>(16, pinned: true);
        var peers = new List<SocketHandle>();
        Assert.Equal(0, Ring.TryCreate(8, 16, [flags, 0], out Ring? ring));
        ring!.Enable();
        for (int i = 0; i < 40; i++)
        {
            (SocketHandle socket, SocketHandle peer) = i % 2 == 0 ? Open.Connection() : Open.Pair();
            peers.Add(peer);
            using (socket)
            {
                Room(ring);
                Receive(ring, socket, buffer, data: (ulong)i);
                Poll(ring, socket, data: 100 + (ulong)i);
                Assert.Equal(0, ring.Enter(0));
            }
        }

        // Prepared, and never handed over.
        Next(ring, RingConstants.IORING_OP_NOP, 1);
        foreach (SocketHandle peer in peers)
        {
            Assert.Equal(-Errno.EAGAIN, Libc.Receive(peer, new byte[1], 0));
        }

        ring.Dispose();
        Assert.Equal(before, Rings());
        Assert.Equal(mappings, RingMappings());
        foreach (SocketHandle peer in peers)
        {
            using (peer)
            {
                // The kernel lets a ring's files go on a thread of its own.
                Span<PollDescriptor> end = [new PollDescriptor { Descriptor = peer.Number, Events = PollConstants.POLLIN }];
                Assert.Equal(1, Libc.Poll(end, TimeSpan.FromSeconds(10)));
                Assert.Equal(0, Libc.Receive(peer, new byte[1], 0));
            }
        }

        Assert.Equal(new byte[16], buffer);
    });

    [Fact(Timeout = Limit)]
    public Task Bytes_that_come_after_Dispose_go_to_nobodys_memory() => OnThread(() =>
    {
        byte[] buffer = GC.AllocateArray<byte>(16, pinned: true);
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            Ring ring = Create();
            Receive(ring, socket, buffer, data: 1);
            Assert.Equal(0, ring.Enter(0));
            ring.Dispose();
            Assert.Equal(3, Libc.Send(peer, [1, 2, 3], 0));
            byte[] own = new byte[4];
            Assert.Equal(3, Libc.Receive(socket, own, 0));
            Assert.Equal(new byte[16], buffer);
        }
    });

    [Fact(Timeout = Limit)]
    public Task Buffers_are_filled_reported_taken_out_and_given_back() => OnThread(() =>
    {
        using Ring ring = Create();
        Assert.Equal(0, ring.TryCreateBuffers(group: 3, count: 2, bufferBytes: 64, incremental: true, out BufferRing? made));
        BufferRing buffers = made!;
        Assert.Equal((2, 64, (ushort)3), (buffers.Count, buffers.BufferBytes, buffers.Group));
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            var random = new Random(1);
            var given = new Queue<int>();
            var offsets = new int[2];
            for (int round = 0; round < 200; round++)
            {
                byte[] data = new byte[random.Next(1, 65)];
                random.NextBytes(data);
                Assert.Equal(data.Length, Libc.Send(peer, data, 0));
                int got = 0;
                while (got < data.Length)
                {
                    ReceiveIntoBuffers(ring, socket, data: 5, group: 3);
                    Assert.Equal(0, ring.Enter(1, SoonNs));
                    CompletionEntry answer = Take(ring);
                    if (answer.Result == -Errno.ENOBUFS)
                    {
                        // All are out: give the oldest back, and ask again.
                        int oldest = given.Dequeue();
                        offsets[oldest] = 0;
                        buffers.Give(oldest);
                        continue;
                    }

                    Assert.True(answer.Result > 0, Errno.Name(-answer.Result));
                    Assert.NotEqual(0u, answer.Flags & RingConstants.IORING_CQE_F_BUFFER);
                    int id = (int)(answer.Flags >> RingConstants.IORING_CQE_BUFFER_SHIFT);
                    Assert.True(data.AsSpan(got, answer.Result).SequenceEqual(buffers.Bytes(id, offsets[id], answer.Result)));
                    got += answer.Result;
                    offsets[id] += answer.Result;
                    if (!buffers.IsIncremental || (answer.Flags & RingConstants.IORING_CQE_F_BUF_MORE) == 0)
                    {
                        given.Enqueue(id);
                    }
                }
            }
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_multishot_receive_ends_when_buffers_are_out_and_loses_nothing() => OnThread(() =>
    {
        using Ring ring = Create();
        Assert.Equal(0, ring.TryCreateBuffers(group: 0, count: 4, bufferBytes: 16, incremental: true, out BufferRing? buffers));
        (SocketHandle socket, SocketHandle peer) = Open.Pair();
        using (socket)
        using (peer)
        {
            byte[] data = [.. Enumerable.Range(0, 200).Select(static i => (byte)i)];
            Assert.Equal(data.Length, Libc.Send(peer, data, 0));
            var got = new List<byte>();
            var offsets = new int[4];
            int stops = 0;
            while (got.Count < data.Length)
            {
                ref SubmissionEntry entry = ref ReceiveIntoBuffers(ring, socket, data: 1);
                entry.Priority = RingConstants.IORING_RECV_MULTISHOT;
                var back = new HashSet<int>();
                bool more;
                do
                {
                    if (!ring.TryPeek(out _))
                    {
                        Assert.Equal(0, ring.Enter(1, SoonNs));
                    }

                    CompletionEntry answer = Take(ring);
                    more = (answer.Flags & RingConstants.IORING_CQE_F_MORE) != 0;
                    if (answer.Result == -Errno.ENOBUFS)
                    {
                        stops++;
                        Assert.False(more);
                        break;
                    }

                    int id = (int)(answer.Flags >> RingConstants.IORING_CQE_BUFFER_SHIFT);
                    got.AddRange(buffers!.Bytes(id, offsets[id], answer.Result));
                    offsets[id] += answer.Result;
                    if (!buffers.IsIncremental || (answer.Flags & RingConstants.IORING_CQE_F_BUF_MORE) == 0)
                    {
                        back.Add(id);
                    }
                }
                while (more && got.Count < data.Length);

                // Only now, so that they do run out.
                foreach (int id in back)
                {
                    offsets[id] = 0;
                    buffers!.Give(id);
                }
            }

            Assert.Equal(data, got);
            Assert.True(stops >= 3, $"{stops} stops");
        }
    });

    [Fact]
    public void Buffers_are_checked_before_the_kernel_sees_them()
    {
        using Ring ring = Create();
        Assert.Throws<ArgumentException>(() => ring.TryCreateBuffers(0, 3, 16, incremental: true, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.TryCreateBuffers(0, 0, 16, incremental: true, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.TryCreateBuffers(0, 65_536, 16, incremental: true, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => ring.TryCreateBuffers(0, 2, 0, incremental: true, out _));
        Assert.Equal(0, ring.TryCreateBuffers(0, 2, 16, incremental: true, out BufferRing? buffers));
        Assert.Equal(Errno.EEXIST, ring.TryCreateBuffers(0, 2, 16, incremental: true, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffers!.Give(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffers!.Give(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffers!.Bytes(0, 8, 9));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffers!.Bytes(0, -1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffers!.Bytes(0, 17, 0));
        Assert.Equal(16, buffers!.Bytes(1, 0, 16).Length);
        ring.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffers.Give(0));
        Assert.Throws<ObjectDisposedException>(() => buffers.Bytes(0, 0, 1));
    }

    // Address space tells what resident memory would not: pages that were never touched are unmapped, too.
    [Fact(Timeout = Limit)]
    public Task Teardown_gives_descriptors_and_mappings_back() => OnThread(() =>
    {
        const int BufferBytes = 1 << 20;
        const int Count = 64;
        const int Rounds = 30;
        Cycle();
        int rings = Rings();
        int mappings = RingMappings();
        long address = AddressBytes();
        for (int round = 0; round < Rounds; round++)
        {
            Cycle();
        }

        Assert.Equal(rings, Rings());
        Assert.Equal(mappings, RingMappings());
        long more = AddressBytes() - address;
        Assert.True(more < Rounds / 2 * (long)Count * BufferBytes, $"{more} bytes of address space more");

        static void Cycle()
        {
            Ring ring = Create(entries: 256, completions: 1024);
            Assert.Equal(0, ring.TryCreateBuffers(0, Count, BufferBytes, incremental: true, out BufferRing? buffers));
            (SocketHandle socket, SocketHandle peer) = Open.Pair();
            using (socket)
            using (peer)
            {
                // In flight, with the kernel's choice of a buffer open.
                ReceiveIntoBuffers(ring, socket, data: 1).Priority = RingConstants.IORING_RECV_MULTISHOT;
                Assert.Equal(0, ring.Enter(0));
                Assert.Equal(1, Libc.Send(peer, [42], 0));
                Assert.Equal(0, ring.Enter(1, SoonNs));
                CompletionEntry answer = Take(ring);
                Assert.Equal(42, buffers!.Bytes((int)(answer.Flags >> RingConstants.IORING_CQE_BUFFER_SHIFT), 0, 1)[0]);
            }

            // The buffers outlive the ring until whoever reads them says so.
            ring.Dispose();
            buffers.Free();
        }
    });

    private static Ring Create(int entries = 64, int completions = 256)
    {
        int errno = Ring.TryCreate(entries, completions, out Ring? ring);
        if (errno is Errno.EPERM or Errno.ENOSYS)
        {
            Assert.Skip($"io_uring is not to be had here: io_uring_setup: {Errno.Name(errno)}.");
        }

        Assert.Equal(0, errno);
        ring!.Enable();
        return ring;
    }

    // A ring belongs to one thread, which an await might leave; and a hang must not take the runner with it.
    private static Task OnThread(Action body) => Task.Factory
        .StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
        .WaitAsync(TimeSpan.FromMilliseconds(Limit));

    private static void Room(Ring ring)
    {
        while (ring.TryPeek(out _))
        {
            ring.Advance();
        }
    }

    private static ref SubmissionEntry Next(Ring ring, byte operation, ulong data)
    {
        Assert.True(ring.TryNext(out Submission request), "the submission queue is full");
        request.Entry.Operation = operation;
        request.Entry.Descriptor = -1;
        request.Entry.UserData = data;
        return ref request.Entry;
    }

    private static void Poll(
        Ring ring,
        SocketHandle socket,
        ulong data,
        uint events = EpollConstants.EPOLLIN | EpollConstants.EPOLLOUT | EpollConstants.EPOLLET)
    {
        ref SubmissionEntry entry = ref Next(ring, RingConstants.IORING_OP_POLL_ADD, data);
        entry.Descriptor = socket.Number;
        entry.Length = RingConstants.IORING_POLL_ADD_MULTI;
        entry.OperationFlags = events;
    }

    /// <param name="ring">The ring.</param>
    /// <param name="socket">Where from.</param>
    /// <param name="buffer">Pinned from its birth.</param>
    /// <param name="data">The answer's user data.</param>
    private static void Receive(Ring ring, SocketHandle socket, byte[] buffer, ulong data)
    {
        ref SubmissionEntry entry = ref Next(ring, RingConstants.IORING_OP_RECV, data);
        entry.Descriptor = socket.Number;
        entry.Address = (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(buffer, 0);
        entry.Length = (uint)buffer.Length;
    }

    private static ref SubmissionEntry ReceiveIntoBuffers(Ring ring, SocketHandle socket, ulong data, ushort group = 0)
    {
        Assert.True(ring.TryNext(out Submission request), "the submission queue is full");
        ref SubmissionEntry entry = ref request.Entry;
        entry.Operation = RingConstants.IORING_OP_RECV;
        entry.Flags = RingConstants.IOSQE_BUFFER_SELECT;
        entry.Descriptor = socket.Number;
        entry.UserData = data;
        entry.BufferGroup = group;
        return ref entry;
    }

    private static CompletionEntry Take(Ring ring)
    {
        Assert.True(ring.TryPeek(out CompletionEntry answer), "no answer is there");
        ring.Advance();
        return answer;
    }

    private static Dictionary<ulong, int> Wait(Ring ring, int count)
    {
        var answers = new Dictionary<ulong, int>();
        Assert.Equal(0, ring.Enter((uint)count, SoonNs));
        for (int i = 0; i < count; i++)
        {
            CompletionEntry answer = Take(ring);
            answers.Add(answer.UserData, answer.Result);
        }

        return answers;
    }

    private static int Rings() => Directory.GetFiles("/proc/self/fd").Count(static path =>
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name.Contains("io_uring", StringComparison.Ordinal) ?? false;
        }
        catch (FileNotFoundException)
        {
            // Closed meanwhile by a test that runs beside: no ring, since rings are made by these tests alone.
            return false;
        }
    });

    private static int RingMappings() => File.ReadLines("/proc/self/maps").Count(static line => line.Contains("io_uring", StringComparison.Ordinal));

    private static long AddressBytes() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc")]
    private static partial nint pthread_self();

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [LibraryImport("libc")]
    private static partial int pthread_kill(nint thread, int signal);
}
