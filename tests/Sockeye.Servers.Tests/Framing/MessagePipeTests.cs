using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Sockeye.Servers.Framing;

namespace Sockeye.Servers.Tests.Framing;

/// <summary>Messages over pipes: those in memory, and those over sockets.</summary>
public sealed class MessagePipeTests
{
    [Fact(Timeout = 30_000)]
    public async Task Messages_come_until_the_stream_ends()
    {
        var pipe = new Pipe();
        pipe.Writer.WriteMessage(new LineWriter(), "one"u8);
        pipe.Writer.WriteMessage(new LineWriter(), "two"u8);
        await pipe.Writer.WriteAsync("three"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var lines = new List<string>();
        await foreach (ReadOnlySequence<byte> line in pipe.Reader.ReadMessagesAsync(new LineReader(), TestContext.Current.CancellationToken))
        {
            lines.Add(Encoding.UTF8.GetString(line));
        }

        Assert.Equal(["one", "two", "three"], lines);
    }

    [Fact(Timeout = 30_000)]
    public async Task Whoever_stops_early_leaves_the_rest_in_the_pipe()
    {
        var pipe = new Pipe();
        var reader = new LineReader();
        await pipe.Writer.WriteAsync("one\ntwo\nthr"u8.ToArray(), TestContext.Current.CancellationToken);
        foreach (string expected in (string[])["one", "two"])
        {
            await foreach (ReadOnlySequence<byte> line in pipe.Reader.ReadMessagesAsync(reader, TestContext.Current.CancellationToken))
            {
                Assert.Equal(expected, Encoding.UTF8.GetString(line));
                break;
            }
        }

        Assert.True(pipe.Reader.TryRead(out ReadResult left));
        Assert.Equal("thr", Encoding.UTF8.GetString(left.Buffer));
    }

    [Fact(Timeout = 30_000)]
    public async Task After_a_line_that_is_too_long_reading_may_go_on()
    {
        var pipe = new Pipe();
        var reader = new LineReader(maxLineBytes: 4);
        await pipe.Writer.WriteAsync("much too long\nok\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var found = new List<string>();
        FramingException failure = await Assert.ThrowsAsync<FramingException>(() => CollectAsync(pipe.Reader, reader, found));
        Assert.Equal(FramingError.TooLong, failure.Error);
        Assert.True(failure.CanContinue);
        await CollectAsync(pipe.Reader, reader, found);
        Assert.Equal(["ok"], found);
    }

    [Fact(Timeout = 30_000)]
    public async Task A_cancelled_wait_takes_nothing()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("ha"u8.ToArray(), TestContext.Current.CancellationToken);
        using var source = new CancellationTokenSource();
        var reader = new LineReader();
        IAsyncEnumerator<ReadOnlySequence<byte>> lines = pipe.Reader.ReadMessagesAsync(reader, source.Token).GetAsyncEnumerator(source.Token);
        ValueTask<bool> next = lines.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        await lines.DisposeAsync();
        await pipe.Writer.WriteAsync("lf\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var found = new List<string>();
        await CollectAsync(pipe.Reader, reader, found);
        Assert.Equal(["half"], found);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(EngineKind.Epoll)]
    [InlineData(EngineKind.IoUring)]
    public async Task A_frame_longer_than_the_pipes_bound_arrives_whole(EngineKind kind)
    {
        const int Length = 3 * 1024 * 1024;
        await Task.Run(
            () =>
            {
                using EventLoop loop = TryCreateLoop(kind);
                loop.Run(async () =>
                {
                    using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
                    await using var client = new SocketPipe(await Socket.CreateConnectionAsync(listener.LocalEndPoint!));
                    await using var server = new SocketPipe(await listener.AcceptAsync());
                    byte[] bytes = new byte[Length];
                    new Random(1).NextBytes(bytes);
                    client.Output.WriteMessage(new LengthPrefixWriter(Length), bytes);
                    Task sent = SendAsync(client.Output);
                    await foreach (ReadOnlySequence<byte> frame in server.Input.ReadMessagesAsync(new LengthPrefixReader(Length)))
                    {
                        Assert.True(frame.ToArray().AsSpan().SequenceEqual(bytes));
                    }

                    await sent;
                });
            },
            TestContext.Current.CancellationToken);
    }

    private static EventLoop TryCreateLoop(EngineKind kind)
    {
        try
        {
            return new EventLoop(kind);
        }
        catch (EngineNotSupportedException exception)
        {
            Assert.Skip(exception.Message);
            throw;
        }
    }

    private static async Task SendAsync(PipeWriter output)
    {
        await output.FlushAsync();
        await output.CompleteAsync();
    }

    private static async Task CollectAsync(PipeReader input, LineReader reader, List<string> found)
    {
        await foreach (ReadOnlySequence<byte> line in input.ReadMessagesAsync(reader, TestContext.Current.CancellationToken))
        {
            found.Add(Encoding.UTF8.GetString(line));
        }
    }
}
