using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Pipes;

public sealed class PipeTests_EpollLoop() : PipeTests(new PipePlace(EngineKind.Epoll, isLoop: true));

public sealed class PipeTests_RingLoop() : PipeTests(new PipePlace(EngineKind.IoUring, isLoop: true));

/// <summary>As a kernel before 6.12 has it: a buffer for each receive.</summary>
public sealed class PipeTests_RingLoopWholeBuffers() : PipeTests(new PipePlace(EngineKind.IoUring, isLoop: true, isWhole: true));

/// <summary>A ring that gets no buffers: the receives are calls, the sends are requests.</summary>
public sealed class PipeTests_RingLoopWithoutBuffers() : PipeTests(new PipePlace(EngineKind.IoUring, isLoop: true, hasBuffers: false));

public sealed class PipeTests_EpollLoopFromOutside() : PipeTests(new PipePlace(EngineKind.Epoll, isLoop: true, isForeign: true));

public sealed class PipeTests_RingLoopFromOutside() : PipeTests(new PipePlace(EngineKind.IoUring, isLoop: true, isForeign: true));

public sealed class PipeTests_EpollPool() : PipeTests(new PipePlace(EngineKind.Epoll, isLoop: false));

public sealed class PipeTests_RingPool() : PipeTests(new PipePlace(EngineKind.IoUring, isLoop: false));

/// <summary>What a pipe does, wherever it lives.</summary>
public abstract class PipeTests(PipePlace place) : SocketTest
{
    protected PipePlace Place { get; } = place;

    [Fact(Timeout = Limit)]
    public Task An_echo_through_a_pipe_is_what_was_sent() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        Task echo = Echo(new SocketPipe(pair.Server));
        var random = new Random(1);
        byte[] back = new byte[10_000];
        for (int i = 0; i < 200; i++)
        {
            byte[] message = Bytes(random.Next(1, back.Length), i);
            Task receive = pair.Client.ReceiveExactlyAsync(back.AsMemory(0, message.Length)).AsTask();
            await pair.Client.SendAllAsync(message);
            await receive;
            Assert.Equal(message, back[..message.Length]);
        }

        pair.Client.Shutdown(SocketShutdown.Send);
        await echo;
        Assert.Equal(0, await pair.Client.ReceiveAsync(back.AsMemory()));
    });

    [Fact(Timeout = Limit)]
    public Task A_pipe_counts_what_it_has_received_and_what_the_kernel_has_taken() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server);
        Assert.Equal((0, 0), (pipe.BytesReceived, pipe.BytesSent));
        await pair.Client.SendAllAsync(Bytes(1_000));
        ReadResult read = await pipe.Input.ReadAsync();
        while (read.Buffer.Length < 1_000)
        {
            pipe.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await pipe.Input.ReadAsync();
        }

        pipe.Input.AdvanceTo(read.Buffer.GetPosition(400));
        Assert.Equal((1_000, 600), (pipe.BytesReceived, pipe.UnreadBytes));

        await pipe.Output.WriteAsync(Bytes(3_000));
        await pair.Client.ReceiveExactlyAsync(new byte[3_000]);
        await Eventually(() => pipe.BytesSent == 3_000);
        pipe.Output.Write(Bytes(7));
        Assert.Equal(3_000, pipe.BytesSent);
        await pipe.Output.FlushAsync();
        await pair.Client.ReceiveExactlyAsync(new byte[7]);
        await Eventually(() => pipe.BytesSent == 3_007);
        await pipe.DisposeAsync();
        Assert.Equal((1_000, 3_007), (pipe.BytesReceived, pipe.BytesSent));
    });

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task A_large_transfer_in_random_pieces_arrives_whole(int seed) => Place.Run(async () =>
    {
        const int Total = 16 << 20;
        using Pair pair = await Place.Connected();
        await using var one = new SocketPipe(pair.Client);
        await using var other = new SocketPipe(pair.Server);
        Task<string>[] all = [Write(one, seed), Write(other, seed + 10), Read(one, seed + 20), Read(other, seed + 30)];
        await Task.WhenAll(all);
        Assert.Equal(await all[0], await all[3]);
        Assert.Equal(await all[1], await all[2]);

        static async Task<string> Write(SocketPipe pipe, int seed)
        {
            var random = new Random(seed);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (int sent = 0; sent < Total;)
            {
                int length = Math.Min(Total - sent, random.Next(4) == 0 ? random.Next(1, 200_000) : random.Next(1, 3_000));
                byte[] bytes = new byte[length];
                random.NextBytes(bytes);
                hash.AppendData(bytes);
                sent += length;
                switch (random.Next(4))
                {
                    case 0:
                        pipe.Output.Write(bytes);
                        break;
                    case 1:
                        bytes.CopyTo(pipe.Output.GetMemory(length));
                        pipe.Output.Advance(length);
                        break;
                    case 2:
                        using (SharedBytes shared = SharedBytes.Copy(bytes))
                        {
                            pipe.Write(shared);
                        }

                        break;
                    default:
                        await pipe.Output.WriteAsync(bytes);
                        break;
                }

                if (random.Next(3) != 0 || pipe.Output.UnflushedBytes > 300_000)
                {
                    await pipe.Output.FlushAsync();
                }
            }

            await pipe.Output.CompleteAsync();
            return Convert.ToHexString(hash.GetHashAndReset());
        }

        static async Task<string> Read(SocketPipe pipe, int seed)
        {
            var random = new Random(seed);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            while (true)
            {
                ReadResult result = await pipe.Input.ReadAsync();
                ReadOnlySequence<byte> buffer = result.Buffer;
                bool all = random.Next(2) == 0 || result.IsCompleted;
                SequencePosition consumed = all ? buffer.End : buffer.GetPosition(random.NextInt64(0, buffer.Length + 1));
                foreach (ReadOnlyMemory<byte> part in buffer.Slice(0, consumed))
                {
                    hash.AppendData(part.Span);
                }

                // Examined to the end at times: then the rest comes again only with more.
                pipe.Input.AdvanceTo(consumed, random.Next(2) == 0 ? buffer.End : consumed);
                if (result.IsCompleted)
                {
                    return Convert.ToHexString(hash.GetHashAndReset());
                }

                if (random.Next(50) == 0)
                {
                    await Task.Yield();
                }
            }
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_reader_that_does_not_read_stops_the_sender_within_its_bound() => Place.Run(async () =>
    {
        const int Mark = 64 * 1024;
        const int Total = 24 << 20;
        using Pair pair = await Place.Connected();
        pair.Server.ReceiveBufferSize = 64 * 1024;
        await using var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { ReceiveHighWaterMark = Mark, ReceiveLowWaterMark = Mark / 2 });
        pair.Client.Timeout = TimeSpan.FromSeconds(10);
        Task<int> send = pair.Client.SendAsync(new byte[Total].AsMemory()).AsTask();

        // One read makes it receive; then nothing is examined.
        ReadResult first = await pipe.Input.ReadAsync();
        await Task.Delay(Moment);
        await Stable(() => pipe.UnreadBytes);
        Assert.False(send.IsCompleted);
        Assert.InRange(pipe.UnreadBytes, 1, Mark + (64 * 1024));
        pipe.Input.AdvanceTo(first.Buffer.Start);

        long most = 0;
        long read = 0;
        while (read < Total)
        {
            ReadResult result = await pipe.Input.ReadAsync();
            most = Math.Max(most, pipe.UnreadBytes);
            read += result.Buffer.Length;
            pipe.Input.AdvanceTo(result.Buffer.End);
        }

        Assert.Equal(Total, await send);
        Assert.InRange(most, 1, Mark + (64 * 1024));
    });

    [Fact(Timeout = Limit)]
    public Task A_flush_waits_above_the_high_mark_until_below_the_low_one() => Place.Run(async () =>
    {
        const int High = 256 * 1024;
        using Pair pair = await Place.Connected();
        pair.Server.SendBufferSize = 32 * 1024;
        pair.Client.ReceiveBufferSize = 64 * 1024;
        await using var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { SendHighWaterMark = High, SendLowWaterMark = High / 4 });
        byte[] part = Bytes(20_000);
        long written = 0;
        Task<FlushResult> waits;
        do
        {
            waits = pipe.Output.WriteAsync(part).AsTask();
            written += part.Length;
            Assert.InRange(pipe.UnsentBytes, 0, High + part.Length);
            if (waits.IsCompleted)
            {
                await Task.Yield();
            }
            else
            {
                // A loop on another thread may be in the middle of a send for which the kernel has room.
                await Task.WhenAny(waits, Task.Delay(Moment));
            }
        }
        while (waits.IsCompleted);

        Assert.InRange(pipe.UnsentBytes, High / 4, High + part.Length);

        // The kernel, full by now, has taken some of it: up to the mark again.
        byte[] more = Bytes((int)Math.Max(0, High - pipe.UnsentBytes));
        pipe.Output.Write(more);
        written += more.Length;
        Assert.False(pipe.TryFlush());
        Assert.Throws<InvalidOperationException>(() => pipe.Output.FlushAsync().AsTask().GetAwaiter().GetResult());
        long received = 0;
        byte[] buffer = new byte[65_536];
        while (!waits.IsCompleted && received < written)
        {
            received += await pair.Client.ReceiveAsync(buffer.AsMemory());
        }

        Assert.False((await waits).IsCompleted);
        pipe.Output.Complete();
        while (received < written)
        {
            received += await pair.Client.ReceiveAsync(buffer.AsMemory());
        }

        Assert.Equal(0, await pair.Client.ReceiveAsync(buffer.AsMemory()));
        Assert.Equal(written, received);
        Assert.Equal(0, pipe.UnsentBytes);
    });

    [Fact(Timeout = Limit)]
    public Task Many_writes_in_a_turn_are_one_send() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        int before = DataSegmentsOut(pair.Server);
        byte[] message = Bytes(60);
        for (int i = 0; i < 100; i++)
        {
            pipe.Output.Write(message);
            if (Place.IsLoop)
            {
                // Each is flushed; on a loop that is no send yet.
                Assert.True(pipe.TryFlush());
            }
        }

        await pipe.Output.FlushAsync();
        byte[] all = new byte[6_000];
        await pair.Client.ReceiveExactlyAsync(all.AsMemory());
        Assert.Equal(1, DataSegmentsOut(pair.Server) - before);
        Assert.Equal(message, all[^60..]);
    });

    [Fact(Timeout = Limit)]
    public Task A_canceled_read_gives_what_there_is_and_the_next_one_goes_on() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        ValueTask<ReadResult> pending = pipe.Input.ReadAsync();
        Assert.False(pending.IsCompleted);
        pipe.Input.CancelPendingRead();
        ReadResult result = await pending;
        Assert.True(result.IsCanceled && result.Buffer.IsEmpty && !result.IsCompleted);
        pipe.Input.AdvanceTo(result.Buffer.End);

        // Before the read, it is the next one's.
        pipe.Input.CancelPendingRead();
        Assert.True((await pipe.Input.ReadAsync()).IsCanceled);
        pipe.Input.AdvanceTo(default);

        using var source = new CancellationTokenSource();
        Task<ReadResult> read = pipe.Input.ReadAsync(source.Token).AsTask();
        Assert.False(read.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pipe.Input.ReadAsync(source.Token).AsTask());

        pending = pipe.Input.ReadAsync(new CancellationTokenSource().Token);
        await pair.Client.SendAllAsync(Bytes(5));
        result = await pending;
        Assert.Equal(Bytes(5), result.Buffer.ToArray());
        pipe.Input.AdvanceTo(result.Buffer.End);
    });

    [Fact(Timeout = Limit)]
    public Task A_canceled_flush_leaves_its_bytes_queued() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { SendHighWaterMark = 1000, SendLowWaterMark = 0 });
        byte[] bytes = Bytes(12 << 20);
        Task<FlushResult> flush = pipe.Output.WriteAsync(bytes).AsTask();
        Assert.False(flush.IsCompleted);
        pipe.Output.CancelPendingFlush();
        Assert.True((await flush).IsCanceled);
        using var source = new CancellationTokenSource();
        flush = pipe.Output.FlushAsync(source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);
        pipe.Output.Complete();
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await ReadToEnd(pair.Client)));
    });

    [Fact(Timeout = Limit)]
    public Task A_limit_on_the_socket_limits_each_wait_and_loses_nothing() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { SendHighWaterMark = 1000, SendLowWaterMark = 0 });
        pair.Server.Timeout = TimeSpan.FromMilliseconds(20);
        SocketException late = await Assert.ThrowsAsync<SocketException>(() => pipe.Input.ReadAsync().AsTask());
        Assert.Equal(SocketError.TimedOut, late.SocketErrorCode);
        Assert.Contains("receive 127.0.0.1", late.Message);
        byte[] bytes = Bytes(12 << 20);
        late = await Assert.ThrowsAsync<SocketException>(() => pipe.Output.WriteAsync(bytes).AsTask());
        Assert.Equal(SocketError.TimedOut, late.SocketErrorCode);
        pair.Server.Timeout = null;
        pipe.Output.Complete();
        Assert.Equal(bytes.Length, (await ReadToEnd(pair.Client)).Length);
        await pair.Client.SendAllAsync(Bytes(3));
        Assert.Equal(3, (await pipe.Input.ReadAtLeastAsync(3)).Buffer.Length);
    });

    [Fact(Timeout = Limit)]
    public Task Completing_the_output_ends_one_direction_behind_what_was_written() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        byte[] bytes = Bytes(3_000_000);
        pipe.Output.Write(bytes);
        pipe.Output.Complete();
        Assert.Throws<InvalidOperationException>(() => pipe.Output.Write("x"u8));
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await ReadToEnd(pair.Client)));
        await pair.Client.SendAllAsync("still"u8.ToArray());
        pair.Client.Shutdown(SocketShutdown.Send);
        ReadResult result = await pipe.Input.ReadAtLeastAsync(100);
        Assert.True(result.IsCompleted);
        Assert.Equal("still"u8.ToArray(), result.Buffer.ToArray());
        pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        // The end is told again and again, with what is left.
        result = await pipe.Input.ReadAsync();
        Assert.True(result.IsCompleted && result.Buffer.Length == 5);
        pipe.Input.AdvanceTo(result.Buffer.End);
        Assert.True(pipe.Input.TryRead(out result) && result.IsCompleted && result.Buffer.IsEmpty);
        pipe.Input.AdvanceTo(result.Buffer.End);
    });

    [Fact(Timeout = Limit)]
    public Task A_reset_reaches_both_sides_behind_what_came_before() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        await pair.Client.SendAllAsync(Bytes(10));
        ReadResult result = await pipe.Input.ReadAsync();
        Assert.Equal(10, result.Buffer.Length);
        pipe.Input.AdvanceTo(result.Buffer.End);
        ValueTask<ReadResult> pending = pipe.Input.ReadAsync();
        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();
        SocketException reset = await Assert.ThrowsAsync<SocketException>(() => pending.AsTask());
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        Assert.Contains("receive 127.0.0.1", reset.Message);
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            while (true)
            {
                await pipe.Output.WriteAsync(Bytes(10));
                await Task.Yield();
            }
        });
        Assert.Throws<SocketException>(() => pipe.TryFlush());
    });

    [Fact(Timeout = Limit)]
    public Task An_output_completed_with_an_exception_resets_the_connection() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server);
        pipe.Output.Write(Bytes(100));
        pipe.Output.Complete(new FormatException());
        await pipe.DisposeAsync();
        SocketException reset = await Assert.ThrowsAsync<SocketException>(() => ReadToEnd(pair.Client));
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    });

    [Fact(Timeout = Limit)]
    public Task Dispose_sends_what_is_queued() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        byte[] bytes = Bytes(5_000_000);
        var pipe = new SocketPipe(pair.Server);
        pipe.Output.Write(bytes);
        Assert.False(pipe.TryFlush());
        Task<byte[]> all = ReadToEnd(pair.Client);
        await pipe.DisposeAsync();
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await all));
        Assert.Throws<ObjectDisposedException>(() => pair.Server.Available);
        await pipe.DisposeAsync();
    });

    [Fact(Timeout = Limit)]
    public Task Dispose_gives_up_on_a_peer_that_does_not_read() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { DisposeTimeout = Moment });
        pipe.Output.Write(Bytes(20 << 20));
        Assert.False(pipe.TryFlush());
        await pipe.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => ReadToEnd(pair.Client));
    });

    [Fact(Timeout = Limit)]
    public Task Dispose_with_a_read_under_way_ends_it_and_closes() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server);
        ValueTask<ReadResult> pending = pipe.Input.ReadAsync();
        await Task.Yield();
        await pipe.DisposeAsync();
        ReadResult result = await pending;
        Assert.True(result.IsCanceled);
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
        Assert.Throws<InvalidOperationException>(() => pipe.Input.TryRead(out _));
    });

    [Fact(Timeout = Limit)]
    public Task Disposing_the_socket_under_a_pipe_ends_both_sides() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        Task<ReadResult> read = pipe.Input.ReadAsync().AsTask();
        await Task.Yield();
        pair.Server.Dispose();
        SocketException aborted = await Assert.ThrowsAsync<SocketException>(() => read);
        Assert.Equal(SocketError.OperationAborted, aborted.SocketErrorCode);
        await Assert.ThrowsAsync<SocketException>(() => pipe.Output.WriteAsync(Bytes(1)).AsTask());
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
    });

    [Fact(Timeout = Limit)]
    public Task A_socket_left_open_can_be_used_again() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { LeaveOpen = true });
        Assert.Throws<InvalidOperationException>(() => new SocketPipe(pair.Server));
        ValueTask<ReadResult> pending = pipe.Input.ReadAsync();
        await pair.Client.SendAllAsync(Bytes(4));
        pipe.Input.AdvanceTo((await pending).Buffer.End);
        await pipe.DisposeAsync();
        await pair.Client.SendAllAsync(Bytes(6));
        byte[] six = new byte[6];
        await pair.Server.ReceiveExactlyAsync(six.AsMemory());
        Assert.Equal(Bytes(6), six);
        await using var again = new SocketPipe(pair.Server);
        await pair.Client.SendAllAsync(Bytes(7));
        Assert.Equal(7, (await again.Input.ReadAtLeastAsync(7)).Buffer.Length);
    });

    // A receive that still waited would take the next bytes, and drop them.
    [Fact(Timeout = Limit)]
    public Task A_pipe_that_ends_while_it_reads_leaves_its_sockets_bytes_alone() => Place.Run(async () =>
    {
        for (int i = 0; i < 20; i++)
        {
            using Pair pair = await Place.Connected();
            var pipe = new SocketPipe(pair.Server, new SocketPipeOptions { LeaveOpen = true });
            Task<ReadResult> read = pipe.Input.ReadAsync().AsTask();
            if (i % 2 == 0)
            {
                await Task.Yield();
                await Task.Yield();
            }

            await pipe.DisposeAsync();
            Assert.True((await read).IsCanceled);
            byte[] six = new byte[6];
            Task receive = pair.Server.ReceiveExactlyAsync(six.AsMemory()).AsTask();
            await pair.Client.SendAllAsync(Bytes(6));
            await receive.WaitAsync(Soon);
            Assert.Equal(Bytes(6), six);
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(64)]
    [InlineData(5_000)]
    [InlineData(100_000)]
    public Task One_blob_reaches_two_hundred_pipes(int length) => Place.Run(async () =>
    {
        const int Members = 200;
        List<Pair> pairs = [];
        List<SocketPipe> pipes = [];
        for (int i = 0; i < Members; i++)
        {
            pairs.Add(await Place.Connected());
            pipes.Add(new SocketPipe(pairs[i].Server));
        }

        byte[] bytes = Bytes(length);
        SharedBlock block;
        int version;
        using (SharedBytes blob = SharedBytes.Copy(bytes))
        {
            block = blob.Block;
            version = block.Version;
            Assert.Equal(bytes, blob.Memory.ToArray());
            for (int i = 0; i < Members; i++)
            {
                pipes[i].Output.Write([(byte)i]);
                pipes[i].Write(blob);
                pipes[i].Output.Write([(byte)(i + 1)]);
                pipes[i].TryFlush();
            }
        }

        for (int i = 0; i < Members; i++)
        {
            byte[] got = new byte[length + 2];
            await pairs[i].Client.ReceiveExactlyAsync(got.AsMemory());
            Assert.Equal([(byte)i, .. bytes, (byte)(i + 1)], got);
        }

        foreach (SocketPipe pipe in pipes)
        {
            await pipe.DisposeAsync();
        }

        // Freed by the last who sent it, and perhaps used again by then.
        Assert.True(block.Block is null || block.Version != version);
        foreach (Pair pair in pairs)
        {
            pair.Dispose();
        }
    });

    // The first of a turn is sent from where all have it, the others are copied behind each other, long ones never.
    [Fact(Timeout = Limit)]
    public Task Shared_bytes_and_others_keep_their_order_whoever_comes_first() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        var random = new Random(3);
        List<byte> sent = [];
        for (int i = 0; i < 300; i++)
        {
            for (int j = random.Next(1, 6); j > 0; j--)
            {
                byte[] bytes = Bytes(random.Next(5) == 0 ? random.Next(1_000, 3_000) : random.Next(0, 100), sent.Count);
                sent.AddRange(bytes);
                if (random.Next(2) == 0)
                {
                    pipe.Output.Write(bytes);
                }
                else
                {
                    using SharedBytes shared = SharedBytes.Copy(bytes);
                    pipe.Write(shared);
                }

                if (random.Next(3) == 0)
                {
                    pipe.TryFlush();
                }
            }

            if (random.Next(2) == 0)
            {
                await pipe.Output.FlushAsync();
                await Task.Yield();
            }
        }

        await pipe.Output.FlushAsync();
        byte[] got = new byte[sent.Count];
        await pair.Client.ReceiveExactlyAsync(got.AsMemory());
        Assert.Equal(sent, got);
    });

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(2)]
    public Task What_one_pipe_reads_another_sends_as_it_came(int seed)
    {
        Place.Buffers = (8, 16 * 1024);
        return Place.Run(async () =>
        {
            const int Total = 8 << 20;
            using Pair from = await Place.Connected();
            using Pair to = await Place.Connected();
            byte[] bytes = new byte[Total];
            new Random(seed).NextBytes(bytes);
            byte[] got = new byte[Total];
            Task send = from.Client.SendAllAsync(bytes).AsTask();
            Task receive = to.Client.ReceiveExactlyAsync(got.AsMemory()).AsTask();
            await Relay(new SocketPipe(from.Server), new SocketPipe(to.Server), new Random(seed + 10), Total);
            await send;
            await receive;
            Assert.Equal(bytes, got);
            Assert.Equal(0, await to.Client.ReceiveAsync(got.AsMemory()));
        });

        static async Task Relay(SocketPipe from, SocketPipe to, Random random, int total)
        {
            for (long left = total; left > 0;)
            {
                ReadResult result = await from.Input.ReadAsync();
                ReadOnlySequence<byte> part = result.Buffer.Slice(0, random.Next(2) == 0 ? result.Buffer.Length : random.NextInt64(1, result.Buffer.Length + 1));
                if (random.Next(4) == 0)
                {
                    to.Output.Write([]);
                    foreach (ReadOnlyMemory<byte> run in part)
                    {
                        to.Output.Write(run.Span);
                    }
                }
                else
                {
                    to.Write(part);
                }

                // Before the flush: what is to be sent is held by the writer alone.
                left -= part.Length;
                from.Input.AdvanceTo(part.End);
                if (random.Next(3) != 0)
                {
                    await to.Output.FlushAsync();
                }
            }

            await to.DisposeAsync();
            await from.DisposeAsync();
        }
    }

    [Fact(Timeout = Limit)]
    public Task Bytes_of_any_other_origin_are_copied() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        byte[] bytes = Bytes(50_000);
        pipe.Write(ReadOnlySequence<byte>.Empty);
        pipe.Write(new ReadOnlySequence<byte>(bytes, 10, 49_000));
        bytes.AsSpan().Clear();
        await pipe.Output.FlushAsync();
        byte[] got = new byte[49_000];
        await pair.Client.ReceiveExactlyAsync(got.AsMemory());
        Assert.Equal(Bytes(50_000)[10..49_010], got);
        await pipe.Output.CompleteAsync();
        Assert.Throws<InvalidOperationException>(() => pipe.Write(new ReadOnlySequence<byte>(bytes)));
    });

    [Fact(Timeout = Limit)]
    public Task A_pipe_that_wrote_nothing_sends_the_end_of_the_stream_and_takes_no_more() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var pipe = new SocketPipe(pair.Server);
        Assert.Equal(0, pipe.UnsentBytes);
        await pipe.DisposeAsync();
        Assert.Equal(0, await pair.Client.ReceiveAsync(new byte[1].AsMemory()));
        Assert.Throws<InvalidOperationException>(() => pipe.Output.Write("late"u8));
    });

    [Fact(Timeout = Limit)]
    public Task Both_ends_see_the_end_whoever_ends_first() => Place.Run(async () =>
    {
        for (int i = 0; i < 20; i++)
        {
            using Pair pair = await Place.Connected();
            await using var pipe = new SocketPipe(pair.Server);
            await pair.Client.SendAllAsync(Bytes(3_000));
            pair.Client.Shutdown(SocketShutdown.Send);
            ReadResult result = await pipe.Input.ReadAsync();
            while (!result.IsCompleted)
            {
                pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                result = await pipe.Input.ReadAsync();
            }

            // The close that follows is the end, behind what is still to be sent.
            pipe.Output.Write(Bytes(500_000));
            pipe.TryFlush();
            Task dispose = pipe.DisposeAsync().AsTask();
            Assert.Equal(Bytes(500_000), await ReadToEnd(pair.Client));
            await dispose;
        }
    });

    [Fact(Timeout = Limit)]
    public Task What_was_not_examined_comes_again_at_once_and_what_was_only_with_more() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        await using var pipe = new SocketPipe(pair.Server);
        Assert.Throws<InvalidOperationException>(() => pipe.Input.AdvanceTo(default));
        await pair.Client.SendAllAsync(Bytes(10));
        ReadResult result = await pipe.Input.ReadAtLeastAsync(10);
        Assert.Throws<InvalidOperationException>(() => pipe.Input.TryRead(out _));
        Assert.Throws<InvalidOperationException>(() => pipe.Input.AdvanceTo(result.Buffer.End, result.Buffer.Start));
        result = await ReadAgain();
        pipe.Input.AdvanceTo(result.Buffer.GetPosition(2), result.Buffer.GetPosition(5));
        Assert.True(pipe.Input.TryRead(out result));
        Assert.Equal(Bytes(10)[2..], result.Buffer.ToArray());
        pipe.Input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        Assert.False(pipe.Input.TryRead(out _));
        ValueTask<ReadResult> pending = pipe.Input.ReadAsync();
        Assert.False(pending.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => pipe.Input.TryRead(out _));
        await pair.Client.SendAllAsync(Bytes(4));
        result = await pending;
        Assert.Equal([.. Bytes(10)[2..], .. Bytes(4)], result.Buffer.ToArray());
        pipe.Input.AdvanceTo(result.Buffer.End);
        pipe.Input.Complete();
        Assert.Throws<InvalidOperationException>(() => pipe.Input.TryRead(out _));

        // A refused AdvanceTo has ended the read.
        async Task<ReadResult> ReadAgain()
        {
            if (!pipe.Input.TryRead(out ReadResult again))
            {
                await pair.Client.SendAllAsync(Bytes(0));
                again = await pipe.Input.ReadAsync();
            }

            return again;
        }
    });

    [Fact(Timeout = Limit)]
    public Task The_platforms_own_helpers_work_on_a_pipe() => Place.Run(async () =>
    {
        using Pair pair = await Place.Connected();
        var text = new StringBuilder();
        for (int i = 0; i < 5_000; i++)
        {
            text.Append("line ").Append(i).Append('\n');
        }

        await using (var pipe = new SocketPipe(pair.Client))
        {
            await using var writer = new StreamWriter(pipe.Output.AsStream(leaveOpen: true), leaveOpen: true);
            await writer.WriteAsync(text);
            await writer.FlushAsync();
        }

        await using var server = new SocketPipe(pair.Server);
        using var reader = new StreamReader(server.Input.AsStream());
        for (int i = 0; i < 2_500; i++)
        {
            Assert.Equal($"line {i}", await reader.ReadLineAsync());
        }

        string rest = await reader.ReadToEndAsync();
        Assert.EndsWith("line 4999\n", rest);

        using Pair second = await Place.Connected();
        await using var source = new SocketPipe(second.Server);
        byte[] bytes = Bytes(1_000_000);
        Task<int> send = second.Client.SendAsync(bytes.AsMemory()).AsTask();
        ReadResult atLeast = await source.Input.ReadAtLeastAsync(100_000);
        Assert.True(atLeast.Buffer.Length >= 100_000);
        source.Input.AdvanceTo(atLeast.Buffer.Start);
        using var copy = new MemoryStream();
        Task copying = source.Input.CopyToAsync(copy);
        Assert.Equal(bytes.Length, await send);
        second.Client.Shutdown(SocketShutdown.Send);
        await copying;
        Assert.Equal(bytes, copy.ToArray());
    });

    [Fact(Timeout = Limit)]
    public Task A_pipe_is_made_of_a_stream_socket_only() => Place.Run(() =>
    {
        using Socket udp = Udp();
        Assert.Contains("stream", Assert.Throws<ArgumentException>(() => new SocketPipe(udp)).Message);
        using Socket tcp = Tcp();
        Assert.ThrowsAny<ArgumentException>(() => new SocketPipe(tcp, new SocketPipeOptions { SendLowWaterMark = 1 << 20 }));
        Assert.ThrowsAny<ArgumentException>(() => new SocketPipe(tcp, new SocketPipeOptions { ReceiveHighWaterMark = 0 }));
        Assert.ThrowsAny<ArgumentException>(() => new SocketPipe(tcp, new SocketPipeOptions { DisposeTimeout = TimeSpan.FromTicks(-1) }));
        return Task.CompletedTask;
    });

    [Fact(Timeout = Limit)]
    public Task Readers_that_hold_what_they_got_keep_no_other_from_receiving()
    {
        Place.Buffers = (4, 4096);
        return Place.Run(async () =>
        {
            List<Pair> pairs = [];
            List<SocketPipe> pipes = [];
            List<ReadResult> held = [];
            for (int i = 0; i < 12; i++)
            {
                pairs.Add(await Place.Connected());
                pipes.Add(new SocketPipe(pairs[i].Server));
            }

            // Each of these holds some bytes of every buffer that there is, and more than all of them together.
            for (int i = 0; i < 10; i++)
            {
                await pairs[i].Client.SendAllAsync(Bytes(6_000, i));
                held.Add(await pipes[i].Input.ReadAtLeastAsync(6_000));
            }

            for (int i = 10; i < 12; i++)
            {
                Task echo = Echo(pipes[i]);
                byte[] back = new byte[200_000];
                Task receive = pairs[i].Client.ReceiveExactlyAsync(back.AsMemory()).AsTask();
                await pairs[i].Client.SendAllAsync(Bytes(back.Length, i));
                await receive;
                Assert.Equal(Bytes(back.Length, i), back);
                pairs[i].Client.Dispose();
                await echo;
            }

            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(Bytes(6_000, i), held[i].Buffer.ToArray());
                pipes[i].Input.AdvanceTo(held[i].Buffer.End);
                await pipes[i].DisposeAsync();
                pairs[i].Dispose();
            }
        });
    }

    internal static async Task Echo(SocketPipe pipe)
    {
        await using (pipe)
        {
            while (true)
            {
                ReadResult result = await pipe.Input.ReadAsync();
                foreach (ReadOnlyMemory<byte> part in result.Buffer)
                {
                    pipe.Output.Write(part.Span);
                }

                pipe.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }

                await pipe.Output.FlushAsync();
            }
        }
    }

    // tcp_info's tcpi_data_segs_out, <linux/tcp.h>.
    private static int DataSegmentsOut(Socket socket)
    {
        byte[] info = new byte[232];
        socket.GetRawSocketOption(6, 11, info);
        return BitConverter.ToInt32(info, 156);
    }

    // Until three looks in a row see the same.
    private static async Task Stable(Func<long> value)
    {
        int same = 0;
        for (long last = -1; same < 3;)
        {
            await Task.Delay(10);
            long now = value();
            same = now == last ? same + 1 : 0;
            last = now;
        }
    }
}
