using System.Net.Sockets;

namespace Sockeye.Tests.Files;

/// <summary>How long files live, and what failures leave behind.</summary>
public sealed class FileLifeTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_descriptor_closes_with_the_file_when_the_socket_went_first(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketFile file = near.MakeFile();
        near.Dispose();

        far.Send("to the file"u8);
        Assert.Equal("to the file", Connected.Text(await file.Peek(async)));
        await file.Write("from the file"u8.ToArray(), async);
        await file.Flush(async);
        byte[] buffer = new byte[100];
        Assert.Equal(13, far.Receive(buffer));
        AssertOpen(far);

        await file.Write("last"u8.ToArray(), async);
        await file.Dispose(async);
        Assert.Equal("last", Connected.Text(far.ReceiveAll()));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_descriptor_closes_with_the_socket_when_the_file_went_first(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketFile file = near.MakeFile();
        await file.Write("flushed by Dispose"u8.ToArray(), async);
        await file.Dispose(async);
        await file.Dispose(async);

        byte[] buffer = new byte[100];
        Assert.Equal(18, far.Receive(buffer));
        near.Send("still open"u8);
        Assert.Equal(10, far.Receive(buffer));
        AssertOpen(far);

        near.Dispose();
        Assert.Equal(0, far.Receive(buffer));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_files_and_a_socket_the_last_one_closes(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketTextFile reader = near.MakeTextFile(FileAccess.Read);
        SocketFile writer = near.MakeFile(FileAccess.Write);
        await reader.Dispose(async);
        near.Dispose();
        AssertOpen(far);

        await writer.Write("x"u8.ToArray(), async);
        await writer.Dispose(async);
        Assert.Equal("x", Connected.Text(far.ReceiveAll()));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task A_read_that_waits_outlives_the_sockets_Dispose()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        await using SocketTextFile file = near.MakeTextFile();
        ValueTask<string?> reading = file.ReadLineAsync();
        Assert.False(reading.IsCompleted);
        near.Dispose();
        far.Send("still here\n"u8);
        Assert.Equal("still here", await reading);
    }

    [Fact]
    public void Detach_is_refused_while_a_file_is_open()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using (SocketFile file = near.MakeFile())
        {
            Assert.Throws<InvalidOperationException>(near.Detach);
            file.WriteByte(1);
        }

        using SocketHandle handle = near.Detach();
        Assert.Equal(1, far.Receive(new byte[2]));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failed_flush_on_Dispose_is_reported_once_and_the_descriptor_closes(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        SocketFile file = near.MakeFile();
        await file.Write("nobody wants this"u8.ToArray(), async);
        near.Dispose();
        far.Shutdown(SocketShutdown.Receive);

        Assert.Equal(SocketError.Shutdown, await Connected.FailureOf(() => file.Dispose(async)));
        await file.Dispose(async);
        Assert.Throws<ObjectDisposedException>(() => file.ReadByte());
        Assert.Equal(0, far.Receive(new byte[1]));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_is_reported_to_reader_and_writer(bool async)
    {
        (Socket near, Socket far) = Connected.Pair(tcp: true);
        using Socket first = near;
        SocketFile file = near.MakeFile();
        await file.Write("lost"u8.ToArray(), async);
        far.LingerState = new LingerOption(enable: true, seconds: 0);
        far.Dispose();

        Assert.Equal(SocketError.ConnectionReset, await Connected.FailureOf(() => file.Read(new byte[1], async)));
        Assert.False(near.Connected);
        Assert.Equal(SocketError.Shutdown, await Connected.FailureOf(() => file.Flush(async)));
        Assert.Equal(4, file.BytesUnflushed);
        Assert.Equal(SocketError.Shutdown, await Connected.FailureOf(() => file.Dispose(async)));
        await file.Dispose(async);
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_that_ran_out_of_time_can_be_repeated(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile();
        near.Timeout = Short;
        far.Send("half a "u8);

        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.ReadLine(100, async)));
        Assert.Equal(7, file.BytesBuffered);
        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.ReadLine(100, async)));
        far.Send("line\nrest"u8);
        Assert.Equal("half a line", Connected.Text(await file.ReadLine(100, async)));
        byte[] buffer = new byte[100];
        Assert.Equal(4, await file.Read(buffer, async));
        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.Read(buffer, async)));
        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.Read(buffer.AsMemory(0, 1), async)));
        far.Send("x"u8);
        Assert.Equal(1, await file.Read(buffer, async));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task ReadTimeout_and_WriteTimeout_are_the_sockets_own()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        near.Timeout = null;
        using SocketFile file = near.MakeFile();
        Assert.Equal(Timeout.Infinite, file.ReadTimeout);
        Assert.Equal(Timeout.Infinite, file.WriteTimeout);
        file.ReadTimeout = 50;
        file.WriteTimeout = 60;
        Assert.Equal(50, near.ReceiveTimeout);
        Assert.Equal(60, near.SendTimeout);
        near.Dispose();

        Assert.Equal(50, file.ReadTimeout);
        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.Read(new byte[1], async: false)));
        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.Write(new byte[4_000_000], async: false)));
        file.ReadTimeout = Timeout.Infinite;
        far.Send("x"u8);
        Assert.Equal('x', file.ReadByte());
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_flush_that_ran_out_of_time_goes_on_where_it_stopped(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        byte[] sent = new byte[3_000_000];
        new Random(7).NextBytes(sent);
        near.Timeout = Short;
        SocketFile file = near.MakeFile(FileAccess.Write, sent.Length);
        await file.Write(sent.AsMemory(0, 2_000_000), async);

        Assert.Equal(SocketError.TimedOut, await Connected.FailureOf(() => file.Flush(async)));
        Assert.InRange(file.BytesUnflushed, 1, 1_999_999);

        // A write that the buffer has room for again does not wait.
        await file.Write(sent.AsMemory(2_000_000), async);
        Task<byte[]> receiving = Task.Run(far.ReceiveAll);
        near.Timeout = Connected.Limit;
        await file.Flush(async);
        Assert.Equal(0, file.BytesUnflushed);
        near.Dispose();
        await file.Dispose(async);
        byte[] received = await receiving.WaitAsync(Connected.Limit);
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Theory(Timeout = Connected.TestMs)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_write_that_ran_out_of_time_says_how_far_it_came(bool async)
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        byte[] sent = new byte[2_000_000];
        new Random(8).NextBytes(sent);
        near.Timeout = Short;
        SocketFile file = near.MakeFile(FileAccess.Write, bufferSize: 100);
        await file.Write(sent.AsMemory(0, 50), async);

        IOException failure = await Assert.ThrowsAsync<IOException>(() => file.Write(sent.AsMemory(50), async));
        int taken = Assert.IsType<int>(failure.Data["BytesTransferred"]);
        Assert.InRange(taken, 1, sent.Length - 51);
        Assert.Equal(0, file.BytesUnflushed);

        // The queue is full now, and so is the buffer soon: such a write takes nothing.
        await file.Write(sent.AsMemory(50 + taken, 60), async);
        failure = await Assert.ThrowsAsync<IOException>(() => file.Write(sent.AsMemory(110 + taken, 60), async));
        Assert.False(failure.Data.Contains("BytesTransferred"));
        Assert.Equal(60, file.BytesUnflushed);

        Task<byte[]> receiving = Task.Run(far.ReceiveAll);
        near.Timeout = Connected.Limit;
        await file.Write(sent.AsMemory(110 + taken), async);
        near.Dispose();
        await file.Dispose(async);
        byte[] received = await receiving.WaitAsync(Connected.Limit);
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task A_cancel_loses_nothing()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket second = far;
        byte[] sent = new byte[2_000_000];
        new Random(9).NextBytes(sent);
        SocketFile file = near.MakeFile(bufferSize: sent.Length);

        far.Send("half a "u8);
        using (var source = new CancellationTokenSource())
        {
            ValueTask<byte[]?> reading = file.ReadLineAsync(100, source.Token);
            Assert.False(reading.IsCompleted);
            await source.CancelAsync();
            var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await reading);
            Assert.Equal(source.Token, canceled.CancellationToken);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => file.ReadAsync(new byte[3], source.Token).AsTask());
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.WriteAsync(sent, source.Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await file.FlushAsync(source.Token));
            Assert.Equal(0, file.BytesUnflushed);
        }

        far.Send("line\n"u8);
        Assert.Equal("half a line", Connected.Text(await file.ReadLineAsync(100)));

        await file.WriteAsync(sent);
        using (var source = new CancellationTokenSource())
        {
            Task flushing = file.FlushAsync(source.Token);
            Assert.False(flushing.IsCompleted);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flushing);
            Assert.InRange(file.BytesUnflushed, 1, sent.Length - 1);
        }

        Task<byte[]> receiving = Task.Run(far.ReceiveAll);
        near.Dispose();
        await file.DisposeAsync();
        byte[] received = await receiving.WaitAsync(Connected.Limit);
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }

    [Fact(Timeout = Connected.TestMs)]
    public async Task A_socket_that_must_not_wait_says_WouldBlock_and_loses_nothing()
    {
        (Socket near, Socket far) = Connected.Pair();
        using Socket first = near, second = far;
        using SocketFile file = near.MakeFile();
        near.Blocking = false;
        far.Send("ab"u8);

        Assert.Equal(SocketError.WouldBlock, await Connected.FailureOf(() => file.ReadLine(100, async: false)));
        Assert.Equal('a', file.ReadByte());
        Assert.Equal('b', file.ReadByte());
        Assert.Equal(SocketError.WouldBlock, await Connected.FailureOf(() => file.Read(new byte[1], async: false)));

        // Asynchronous calls wait all the same.
        ValueTask<int> reading = file.ReadAsync(new byte[1]);
        Assert.False(reading.IsCompleted);
        far.Send("c"u8);
        Assert.Equal(1, await reading);
    }

    [Fact]
    public void A_loop_reads_and_writes_through_a_file()
    {
        using var loop = new EventLoop();
        var lines = new List<string>();
        loop.Run(async () =>
        {
            (Socket near, Socket far) = Connected.Pair();
            using Socket first = near, second = far;
            await using SocketTextFile reader = near.MakeTextFile(FileAccess.Read);
            await using SocketTextFile writer = far.MakeTextFile(FileAccess.Write);
            for (int i = 0; i < 100; i++)
            {
                ValueTask<string?> reading = reader.ReadLineAsync();
                await writer.WriteLineAsync($"line {i}");
                await writer.FlushAsync();
                lines.Add((await reading)!);
                Assert.Same(loop, EventLoop.Current);
            }
        });

        Assert.Equal(Enumerable.Range(0, 100).Select(static i => $"line {i}"), lines);
    }

    // Open: nothing to read, and no end of stream either.
    private static void AssertOpen(Socket far) =>
        Assert.True(far.TryReceive(new byte[1], SocketFlags.DontWait).WouldBlock);
}
