using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Sockeye.Engines.IoUring;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Pipes;

/// <summary>Pipes and their loop: its end, its buffers, kernels that can less.</summary>
public sealed class PipeLoopTests : SocketTest
{
    public static readonly TheoryData<EngineKind> Kinds = [EngineKind.Epoll, EngineKind.IoUring];

    public static readonly TheoryData<EngineKind, bool> Disposals =
        new() { { EngineKind.Epoll, true }, { EngineKind.Epoll, false }, { EngineKind.IoUring, true }, { EngineKind.IoUring, false } };

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_pipe_outlives_its_loops_run_and_loses_nothing(EngineKind kind) => Run(() =>
    {
        using var loop = new EventLoop(kind);
        Pair pair = null!;
        SocketPipe pipe = null!;
        Task<ReadResult> read = null!;
        byte[] large = Bytes(6 << 20);
        loop.Run(async () =>
        {
            pair = await Connected();
            pipe = new SocketPipe(pair.Server);
            read = pipe.Input.ReadAsync().AsTask();
            await Task.Yield();
            Assert.False(read.IsCompleted);

            // Too much for the kernel: it is in flight when the run ends.
            pipe.Output.Write(large);
            pipe.TryFlush();
            await Task.Yield();
        });
        Assert.NotEqual(0, pipe.UnsentBytes);
        pair.Client.SendAll("between the runs"u8);
        loop.Run(async () =>
        {
            byte[] got = new byte[large.Length];
            await pair.Client.ReceiveExactlyAsync(got.AsMemory());
            Assert.Equal(large, got);
            ReadResult result = await read;
            Assert.Equal("between the runs"u8.ToArray(), result.Buffer.ToArray());
            pipe.Input.AdvanceTo(result.Buffer.End);
            read = pipe.Input.ReadAsync().AsTask();
            await pair.Client.SendAllAsync("in the second"u8.ToArray());
            result = await read;
            Assert.Equal("in the second"u8.ToArray(), result.Buffer.ToArray());
            await pipe.DisposeAsync();
            pair.Dispose();
        });
    });

    // As a socket's operations do. The waits began in a run, when a ring has requests for them, or when no loop ran.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Disposals))]
    public async Task Disposing_the_loop_ends_what_waits_on_its_pipes(EngineKind kind, bool inRun)
    {
        var loop = new EventLoop(kind);
        Pair pair = null!;
        Pair other = null!;
        SocketPipe pipe = null!;
        Task<ReadResult> read = null!;
        Task<FlushResult> flush = null!;
        await Run(() => loop.Run(async () =>
        {
            pair = await Connected();
            other = await Connected();
            pipe = new SocketPipe(pair.Server, new SocketPipeOptions { SendHighWaterMark = 100_000 });
            if (inRun)
            {
                Wait();
                await Task.Yield();
                await Task.Yield();
            }
        }));
        if (!inRun)
        {
            Wait();
        }

        Assert.False(read.IsCompleted);
        Assert.False(flush.IsCompleted);
        loop.Dispose();
        Aborted(await Assert.ThrowsAsync<SocketException>(() => read.WaitAsync(Soon)));
        Aborted(await Assert.ThrowsAsync<SocketException>(() => flush.WaitAsync(Soon)));

        // And those that come later.
        Aborted(await Assert.ThrowsAsync<SocketException>(() => pipe.Input.ReadAsync().AsTask().WaitAsync(Soon)));
        Aborted(await Assert.ThrowsAsync<SocketException>(() => pipe.Output.WriteAsync(new byte[1]).AsTask().WaitAsync(Soon)));
        await pipe.DisposeAsync().AsTask().WaitAsync(Soon);
        var late = new SocketPipe(other.Server);
        late.Output.Write(new byte[1]);
        late.TryFlush();
        Task<ReadResult> lateRead = late.Input.ReadAsync().AsTask();
        Task end = late.Output.CompleteAsync().AsTask();
        Aborted(await Assert.ThrowsAsync<SocketException>(() => lateRead.WaitAsync(Soon)));
        Aborted(await Assert.ThrowsAsync<SocketException>(() => end.WaitAsync(Soon)));
        await late.DisposeAsync().AsTask().WaitAsync(Soon);
        pair.Dispose();
        other.Dispose();

        // Not from the loop's thread: there the awaits would be the loop's, and end with it.
        void Wait()
        {
            (read, flush) = Task.Run(() => (pipe.Input.ReadAsync().AsTask(), pipe.Output.WriteAsync(Bytes(16 << 20)).AsTask())).Result;
        }

        static void Aborted(SocketException exception) => Assert.Equal(SocketError.OperationAborted, exception.SocketErrorCode);
    }

    // What the reader holds when all is over is unmapped when it lets go.
    [Fact(Timeout = Limit)]
    public async Task A_reader_that_lets_go_after_its_loops_end_leaves_no_buffers()
    {
        var loop = new EventLoop(EngineKind.IoUring);
        RingBuffers? buffers = null;
        Pair pair = null!;
        SocketPipe pipe = null!;
        ReadResult result = default;
        await Run(() => loop.Run(async () =>
        {
            pair = await Connected();
            pipe = new SocketPipe(pair.Server);
            await pair.Client.SendAllAsync(Bytes(20_000));
            result = await pipe.Input.ReadAtLeastAsync(20_000);
            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out buffers));
        }));
        loop.Dispose();
        Assert.Equal(Bytes(20_000), result.Buffer.ToArray());
        Memory<byte> whole = buffers!.Memory(0, 0, 1);
        pipe.Input.AdvanceTo(result.Buffer.End);
        await Eventually(() =>
        {
            try
            {
                return whole.Span.Length == 0;
            }
            catch (ObjectDisposedException)
            {
                return true;
            }
        });
        await pipe.DisposeAsync();
        pair.Dispose();
    }

    [Fact(Timeout = Limit)]
    public Task What_a_reader_holds_stays_when_its_ring_ends() => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        byte[] bytes = Bytes(20_000);
        ReadResult held = default;
        SocketPipe pipe = null!;
        loop.Run(async () =>
        {
            using Socket listener = Listener();
            Socket client = Tcp();
            Task<Socket> accept = listener.AcceptAsync();
            await client.ConnectAsync(listener.LocalEndPoint!);
            pipe = new SocketPipe(await accept);
            await client.SendAllAsync(bytes);
            client.Dispose();
            held = await pipe.Input.ReadAtLeastAsync(bytes.Length);
        });
        Assert.Equal(bytes, held.Buffer.ToArray());
        loop.Run(async () =>
        {
            Assert.Equal(bytes, held.Buffer.ToArray());
            pipe.Input.AdvanceTo(held.Buffer.End);
            await pipe.DisposeAsync();
        });
    });

    // No kernel is known that keeps its answers back, so the patience is none.
    [Fact(Timeout = Limit)]
    public Task A_ring_that_gives_no_last_completion_holds_up_no_end_and_keeps_the_memory() => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        Pair pair = null!;
        SocketPipe pipe = null!;
        Task<ReadResult> read = null!;
        Task<FlushResult> flush = null!;
        RingBuffers? buffers = null;
        loop.Run(async () =>
        {
            pair = await Connected();
            pipe = new SocketPipe(pair.Server, new SocketPipeOptions { SendHighWaterMark = 100_000 });
            (read, flush) = await Task.Run(() => (pipe.Input.ReadAsync().AsTask(), pipe.Output.WriteAsync(Bytes(16 << 20)).AsTask()));
            await Task.Yield();
            await Task.Yield();
            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out buffers));
            RingOf(loop).EndRoundsMax = 0;
        });
        Assert.Equal(SocketError.OperationAborted, Assert.Throws<SocketException>(() => read.GetAwaiter().GetResult()).SocketErrorCode);
        Assert.Equal(SocketError.OperationAborted, Assert.Throws<SocketException>(() => flush.GetAwaiter().GetResult()).SocketErrorCode);
        Assert.NotEqual(0, pipe.UnsentBytes);
        pipe.DisposeAsync().AsTask().Wait(Soon);
        Assert.NotEqual(0, pipe.UnsentBytes);
        Assert.Equal(1, buffers!.Memory(0, 0, 1).Span.Length);
        pair.Dispose();

        // The next run has a ring of its own, which answers.
        RingOf(loop).EndRoundsMax = 1000;
        loop.Run(async () =>
        {
            using Pair next = await Connected();
            await using var echo = new SocketPipe(next.Server);
            await next.Client.SendAllAsync(new byte[1]);
            Assert.Equal(1, (await echo.Input.ReadAsync()).Buffer.Length);
        });
    });

    // Six of eight buffers held would have all that comes later copied.
    [Theory(Timeout = Limit)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public Task A_pipe_that_nobody_disposed_gives_its_buffers_back_unless_somebody_reads_them(bool isReading, bool isClosed) => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        RingOf(loop).BufferPlan = (8, 4096, true);
        loop.Run(async () =>
        {
            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out RingBuffers? buffers));
            ReadResult held = await Forget();
            Assert.True(buffers!.HeldCount >= 2, $"{buffers.HeldCount} held");
            for (int i = 0; i < (isReading ? 3 : 200) && buffers.HeldCount != 0; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Delay(5);
            }

            if (isReading)
            {
                Assert.True(buffers.HeldCount >= 2, $"{buffers.HeldCount} held while somebody reads");
                Assert.Equal(Bytes(10_000), held.Buffer.ToArray());
            }
            else
            {
                Assert.Equal(0, buffers.HeldCount);
            }
        });

        // The stream has ended, so no receive is under way that would keep the pipe.
        async Task<ReadResult> Forget()
        {
            Pair pair = await Connected();
            var pipe = new SocketPipe(pair.Server);
            await pair.Client.SendAllAsync(Bytes(10_000));
            pair.Client.Dispose();
            ReadResult result = await pipe.Input.ReadAtLeastAsync(10_000);
            while (!result.IsCompleted)
            {
                pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                result = await pipe.Input.ReadAsync();
            }

            if (!isReading)
            {
                pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                result = default;
            }

            if (isClosed)
            {
                pipe.Socket.Dispose();
            }

            return result;
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_pipe_that_was_not_disposed_gives_back_what_it_was_to_relay(bool isClosed) => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        RingOf(loop).BufferPlan = (8, 4096, true);
        loop.Run(async () =>
        {
            using Pair from = await Connected();
            await using var source = new SocketPipe(from.Server);
            await from.Client.SendAllAsync(Bytes(10_000));
            ReadResult result = await source.Input.ReadAtLeastAsync(10_000);
            await Forget(result.Buffer);
            source.Input.AdvanceTo(result.Buffer.End);
            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out RingBuffers? buffers));
            Assert.True(buffers!.HeldCount >= 2, $"{buffers.HeldCount} held");
            for (int i = 0; i < 200 && buffers.HeldCount != 0; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Delay(5);
            }

            Assert.Equal(0, buffers.HeldCount);
        });

        async Task Forget(ReadOnlySequence<byte> bytes)
        {
            Pair pair = await Connected();
            var pipe = new SocketPipe(pair.Server);
            pipe.Write(bytes);
            if (isClosed)
            {
                pipe.Socket.Dispose();
            }
        }
    });

    // A peer that reads nothing holds what is relayed to it. The others receive all the same, and its end gives all back.
    [Fact(Timeout = Limit)]
    public Task Relayed_bytes_hold_their_buffers_until_they_are_sent_and_keep_no_other_from_receiving() => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        RingOf(loop).BufferPlan = (8, 4096, true);
        loop.Run(async () =>
        {
            using Pair from = await Connected();
            using Pair stuck = await Connected();
            using Pair other = await Connected();
            await using var source = new SocketPipe(from.Server);
            var target = new SocketPipe(stuck.Server, new SocketPipeOptions { DisposeTimeout = TimeSpan.Zero });
            stuck.Server.SendBufferSize = 4096;
            stuck.Client.ReceiveBufferSize = 4096;
            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out RingBuffers? buffers));
            for (bool isFull = false; !isFull;)
            {
                await from.Client.SendAllAsync(Bytes(4_000));
                ReadResult result = await source.Input.ReadAtLeastAsync(4_000);
                target.Write(result.Buffer);
                source.Input.AdvanceTo(result.Buffer.End);
                isFull = !target.TryFlush();
            }

            Assert.True(buffers!.HeldCount > 0, "what is to be sent is held");
            Assert.True(buffers.HeldCount < 8, "and not all of the buffers");
            await using var echo = new SocketPipe(other.Server);
            for (int i = 0; i < 20; i++)
            {
                await other.Client.SendAllAsync(Bytes(9_000, i));
                ReadResult result = await echo.Input.ReadAtLeastAsync(9_000);
                Assert.Equal(Bytes(9_000, i), result.Buffer.ToArray());
                echo.Input.AdvanceTo(result.Buffer.End);
            }

            await target.DisposeAsync();
            Assert.Equal(0, buffers.HeldCount);
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task Every_buffer_goes_back_to_the_kernel(bool isIncremental) => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        RingOf(loop).BufferPlan = (8, 4096, isIncremental);
        loop.Run(async () =>
        {
            using Pair pair = await Connected();
            await using var pipe = new SocketPipe(pair.Server);
            var random = new Random(5);
            for (int i = 0; i < 300; i++)
            {
                byte[] bytes = Bytes(random.Next(1, 9_000), i);
                await pair.Client.SendAllAsync(bytes);
                ReadResult result = await pipe.Input.ReadAtLeastAsync(bytes.Length);
                Assert.Equal(bytes, result.Buffer.ToArray());
                pipe.Input.AdvanceTo(result.Buffer.End);
            }

            Assert.Equal(0, RingOf(loop).TryGetBuffers(loop.Engine.Queue!, out RingBuffers? buffers));
            Assert.Equal(0, buffers!.HeldCount);
            Assert.Equal(0, pipe.UnreadBytes);
        });
    });

    // IORING_RECV_MULTISHOT with a limit is 6.17.
    [Fact(Timeout = Limit)]
    public Task A_kernel_that_cannot_limit_a_receive_still_stops_for_a_slow_reader() => Run(() =>
    {
        using var loop = new EventLoop(EngineKind.IoUring);
        loop.Run(async () =>
        {
            RingOf(loop).HasReceiveLimit = false;
            using Pair pair = await Connected();
            pair.Server.ReceiveBufferSize = 64 * 1024;
            await using var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { ReceiveHighWaterMark = 10_000, ReceiveLowWaterMark = 0 });
            Task<int> send = pair.Client.SendAsync(new byte[24 << 20].AsMemory()).AsTask();
            pipe.Input.AdvanceTo((await pipe.Input.ReadAsync()).Buffer.Start);
            await Task.Delay(Moment);
            Assert.False(send.IsCompleted);
            long read = 0;
            while (read < 24 << 20)
            {
                ReadResult result = await pipe.Input.ReadAsync();
                read += result.Buffer.Length;
                pipe.Input.AdvanceTo(result.Buffer.End);
            }

            Assert.Equal(24 << 20, await send);
        });
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_disposed_pipe_sends_the_end_of_stream_although_a_receive_was_under_way(EngineKind kind) => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                using Pair pair = await Connected();
                var pipe = new SocketPipe(pair.Server);
                Task<ReadResult> read = pipe.Input.ReadAsync().AsTask();
                await Task.Yield();
                if (i % 2 == 0)
                {
                    pipe.Output.Write("bye"u8);
                }

                await pipe.DisposeAsync();
                Assert.True((await read).IsCanceled);
                Assert.Equal(i % 2 == 0 ? 3 : 0, (await ReadToEnd(pair.Client)).Length);
            }
        });
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task A_pipe_over_a_UNIX_socket_is_no_other(EngineKind kind) => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            (Socket first, Socket second) = Socket.CreatePair();
            await using var one = new SocketPipe(first);
            await using var other = new SocketPipe(second);
            byte[] bytes = Bytes(2_000_000);
            Task<FlushResult> flush = one.Output.WriteAsync(bytes).AsTask();
            ReadResult result = await other.Input.ReadAtLeastAsync(bytes.Length);
            await flush;
            Assert.Equal(bytes, result.Buffer.ToArray());
            other.Input.AdvanceTo(result.Buffer.End);
            one.Output.Complete();
            Assert.True((await other.Input.ReadAsync()).IsCompleted);
        });
    });

    // The maker may dispose while a pipe on another thread is being given its share: it gets the bytes or an exception, never those
    // of the next use.
    [Fact(Timeout = Limit)]
    public async Task A_share_is_of_the_bytes_that_were_asked_for_or_none()
    {
        const int Rounds = 100_000;
        object? current = null;
        int last = 0;
        Task maker = Run(() =>
        {
            byte[] bytes = new byte[2000];
            for (int i = 1; i <= Rounds; i++)
            {
                bytes.AsSpan().Fill((byte)i);
                using SharedBytes shared = SharedBytes.Copy(bytes);
                Volatile.Write(ref current, (shared, (byte)i));
                Volatile.Write(ref last, i);
            }
        });
        byte[] copy = new byte[2000];
        int got = 0;
        int refused = 0;
        while (!maker.IsCompleted)
        {
            if (Volatile.Read(ref current) is not (SharedBytes shared, byte value))
            {
                continue;
            }

            try
            {
                shared.CopyTo(copy);
                Assert.Equal(-1, copy.AsSpan().IndexOfAnyExcept(value));
                SharedBlock share = shared.Share();
                Assert.Equal(-1, share.Block.Span(0, share.Length).IndexOfAnyExcept(value));
                share.Release();
                got++;
            }
            catch (ObjectDisposedException)
            {
                refused++;
            }
        }

        await maker;
        Assert.Equal(Rounds, last);
        Assert.True(got + refused > 0);
    }

    [Fact(Timeout = Limit)]
    public Task Shared_bytes_are_gone_after_their_dispose_and_a_second_one_does_nothing() => Run(() =>
    {
        SharedBytes first = SharedBytes.Copy("one"u8);
        SharedBytes copy = first;
        first.Dispose();
        SharedBytes second = SharedBytes.Copy("two"u8);
        copy.Dispose();
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => copy.Length);
        Assert.Throws<ObjectDisposedException>(() => default(SharedBytes).Memory);
        Assert.Equal("two"u8.ToArray(), second.Memory.ToArray());
        second.Dispose();
        default(SharedBytes).Dispose();
    });

    private static RingPoller RingOf(EventLoop loop) => (RingPoller)loop.Engine.Poller;

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public async Task A_pipe_is_disposed_whatever_its_receive_was_at_when_the_loop_ended(EngineKind kind)
    {
        // One of these makes the pipe's receive the call that is one too many for its handler: it has completed, and shows
        // it a turn later, which never comes.
        for (int calls = 120; calls < 130; calls++)
        {
            using var loop = new EventLoop(kind);
            (Socket near, Socket far) = Socket.CreatePair();
            using Socket peer = far;
            (Socket ready, Socket other) = Socket.CreatePair();
            using Socket first = ready;
            using Socket second = other;
            SocketPipe? pipe = null;
            loop.Run(async () =>
            {
                pipe = new SocketPipe(near);
                await far.SendAsync(new byte[1].AsMemory(), SocketFlags.None);
                await other.SendAsync(new byte[1].AsMemory(), SocketFlags.None);
                await Task.Yield();
                for (int i = 0; i < calls; i++)
                {
                    // Of no bytes: the one stays, and the next completes at once again.
                    await ready.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
                }

                _ = pipe.Input.ReadAsync().AsTask();
            });
            await pipe!.DisposeAsync().AsTask().WaitAsync(Soon);
        }
    }
}
