using System.Buffers;
using System.IO.Pipelines;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Pipes;

/// <summary>
/// Bytes allocated by pipes on a loop, counted as AllocationTests does. What is awaited is the pipe's own: an async method
/// between would allocate its state machine, and the loop's context a delegate.
/// </summary>
[Collection(Alone.Name)]
public sealed class PipeAllocationTests : SocketTest
{
    private const int Rounds = 8;
    private const int Count = 4_000;

    public static readonly TheoryData<EngineKind> Kinds = [EngineKind.Epoll, EngineKind.IoUring];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task An_echo_through_a_pipe_allocates_nothing(EngineKind kind) => OnLoop(kind, async place =>
    {
        using Pair pair = await place.Connected();
        await using var client = new SocketPipe(pair.Client);
        Task echo = PipeTests.Echo(new SocketPipe(pair.Server));
        byte[] message = Bytes(64);
        await Measure(Count, async () =>
        {
            for (int i = 0; i < Count; i++)
            {
                await client.Output.WriteAsync(message);
                for (int left = 64; left > 0;)
                {
                    ReadResult result = await client.Input.ReadAsync();
                    left -= (int)result.Buffer.Length;
                    client.Input.AdvanceTo(result.Buffer.End);
                }
            }
        });
        client.Output.Complete();
        await echo;
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public Task Pipelined_lines_allocate_nothing(EngineKind kind) => OnLoop(kind, async place =>
    {
        const int Deep = 16;
        using Pair pair = await place.Connected();
        await using var client = new SocketPipe(pair.Client);
        Task answers = AnswerLines(new SocketPipe(pair.Server));
        byte[] line = "a line of some length, as one is\n"u8.ToArray();
        await Measure(Count, async () =>
        {
            for (int i = 0; i < Count / Deep; i++)
            {
                for (int j = 0; j < Deep; j++)
                {
                    client.Output.Write(line);
                    await client.Output.FlushAsync();
                }

                for (int left = Deep * line.Length; left > 0;)
                {
                    ReadResult result = await client.Input.ReadAsync();
                    left -= (int)result.Buffer.Length;
                    client.Input.AdvanceTo(result.Buffer.End);
                }
            }
        });
        client.Output.Complete();
        await answers;

        static async Task AnswerLines(SocketPipe pipe)
        {
            await using (pipe)
            {
                while (true)
                {
                    ReadResult result = await pipe.Input.ReadAsync();
                    ReadOnlySequence<byte> rest = result.Buffer;
                    while (rest.PositionOf((byte)'\n') is { } end)
                    {
                        SequencePosition next = rest.GetPosition(1, end);
                        foreach (ReadOnlyMemory<byte> part in rest.Slice(0, next))
                        {
                            pipe.Output.Write(part.Span);
                        }

                        rest = rest.Slice(next);
                        await pipe.Output.FlushAsync();
                    }

                    pipe.Input.AdvanceTo(rest.Start, rest.End);
                    if (result.IsCompleted)
                    {
                        return;
                    }
                }
            }
        }
    });

    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll, 64)]
    [InlineData(EngineKind.Epoll, 4_000)]
    [InlineData(EngineKind.IoUring, 64)]
    [InlineData(EngineKind.IoUring, 4_000)]
    public Task A_broadcast_allocates_nothing(EngineKind kind, int length) => OnLoop(kind, async place =>
    {
        const int Members = 20;
        List<Pair> pairs = [];
        List<SocketPipe> servers = [];
        List<SocketPipe> clients = [];
        for (int i = 0; i < Members; i++)
        {
            pairs.Add(await place.Connected());
            servers.Add(new SocketPipe(pairs[i].Server));
            clients.Add(new SocketPipe(pairs[i].Client));
        }

        byte[] message = Bytes(length);
        await Measure(Count, async () =>
        {
            for (int i = 0; i < Count / Members; i++)
            {
                using (SharedBytes shared = SharedBytes.Copy(message))
                {
                    foreach (SocketPipe server in servers)
                    {
                        server.Write(shared);
                        server.TryFlush();
                    }
                }

                foreach (SocketPipe client in clients)
                {
                    for (int left = length; left > 0;)
                    {
                        ReadResult result = await client.Input.ReadAsync();
                        left -= (int)result.Buffer.Length;
                        client.Input.AdvanceTo(result.Buffer.End);
                    }
                }
            }
        });
        for (int i = 0; i < Members; i++)
        {
            await servers[i].DisposeAsync();
            await clients[i].DisposeAsync();
        }
    });

    // All that a connection costs beside its socket while nothing comes: on a ring the pipe, its reading side, and what the read
    // waits on; on epoll the receive that waits, and the socket's registration, too.
    [Theory(Timeout = Limit)]
    [InlineData(EngineKind.Epoll, 560)]
    [InlineData(EngineKind.IoUring, 320)]
    public Task An_idle_pipe_is_small(EngineKind kind, int bytesMax) => OnLoop(kind, async place =>
    {
        const int Pipes = 100;
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            List<Pair> pairs = [];
            var pipes = new SocketPipe[Pipes];
            var reads = new ValueTask<ReadResult>[Pipes];
            for (int i = 0; i < Pipes; i++)
            {
                pairs.Add(await place.Connected());
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Pipes; i++)
            {
                pipes[i] = new SocketPipe(pairs[i].Server);
                reads[i] = pipes[i].Input.ReadAsync();
            }

            await Task.Yield();
            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / Pipes);
            for (int i = 0; i < Pipes; i++)
            {
                Assert.False(reads[i].IsCompleted);
                await pipes[i].DisposeAsync();
                Assert.True((await reads[i]).IsCanceled);
                pairs[i].Dispose();
            }
        }

        Assert.True(least <= bytesMax, $"{least} bytes a pipe.");
    });

    private static Task OnLoop(EngineKind kind, Func<PipePlace, Task> body)
    {
        var place = new PipePlace(kind, isLoop: true);
        return place.Run(() => body(place));
    }

    private static async Task Measure(int count, Func<Task> body)
    {
        await body();
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least >= count; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await body();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < count, $"{(double)least / count:F2} bytes a message.");
    }
}
