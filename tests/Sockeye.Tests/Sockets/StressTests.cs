using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Sockets;

/// <summary>
/// Chance against the engine, by seeds that are printed. SOCKEYE_STRESS_SECONDS makes each test as long as wanted,
/// SOCKEYE_STRESS_SEED repeats one. Afterwards everything is back: descriptors, slots, timers.
/// </summary>
[Collection(Alone.Name)]
public sealed class StressTests : SocketTest, IDisposable
{
    private const int StressLimit = 3_600_000;
    private static readonly double Seconds =
        double.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SECONDS"), out double seconds) ? seconds : 1.5;

    private readonly int _seed =
        int.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SEED"), out int seed) ? seed : Random.Shared.Next();

    private readonly SocketEngine _engine = SocketEngine.CreateEpoll(threads: 2);
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly int _descriptors;
    private readonly int _sockets;
    private readonly int _timers;

    public StressTests()
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"SOCKEYE_STRESS_SEED={_seed}");
        Settle();
        _sockets = SocketEngine.Default.SocketCount;
        _timers = DefaultTimers.Count;
        _descriptors = OpenDescriptors().Length;
    }

    private static TimerWheel DefaultTimers => SocketEngine.Default.Poller.Timers;

    private bool GoesOn => Stopwatch.GetElapsedTime(_start).TotalSeconds < Seconds;

    private TimeSpan Bound => TimeSpan.FromSeconds(20 + Seconds);

    public void Dispose()
    {
        Assert.Equal(0, _engine.SocketCount);
        _engine.Dispose();
        Assert.Equal(_sockets, SocketEngine.Default.SocketCount);
        Assert.Equal(_timers, DefaultTimers.Count);
        Settle();

        // The pool's threads keep an eventfd each for their synchronous waits; there are not many.
        int more = OpenDescriptors().Length - _descriptors;
        Assert.True(more <= 2 * Environment.ProcessorCount + 16, $"seed {_seed}: {more} descriptors more than before.");
    }

    // The descriptor's number comes back at once with the next socket, while the engine still holds events of the last.
    [Fact(Timeout = StressLimit)]
    public Task Descriptors_that_come_again_wake_nobody_wrongly() => Workers(4, async random =>
    {
        (Socket one, Socket other) = Socket.CreatePair();
        byte[] mark = [(byte)random.Next(1, 255)];
        byte[] buffer = new byte[1];
        ValueTask<int> receive = one.ReceiveAsync(buffer.AsMemory());
        await other.SendAsync(mark.AsMemory());
        Assert.Equal(1, await receive);
        Assert.Equal(mark[0], buffer[0]);
        ValueTask<SocketResult<int>> pending = one.TryReceiveAsync(buffer);
        if (random.Next(2) == 0)
        {
            await other.SendAsync(mark.AsMemory());
        }

        one.Dispose();
        SocketResult<int> result = await pending;
        Assert.True(result.IsSuccess || result.Errno == Errno.EBADF, result.ToString());
        other.Dispose();
    });

    [Fact(Timeout = StressLimit)]
    public Task Dispose_against_completion_ends_every_call_once() => Workers(4, async random =>
    {
        (Socket one, Socket other) = Socket.CreatePair();
        byte[] buffer = new byte[4];
        var calls = new List<Task<SocketResult<int>>>();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            calls.Add(one.TryReceiveAsync(new byte[1]).AsTask());
            calls.Add(Waiting(one));
        }

        Task<SocketResult<int>>? blocked = random.Next(8) == 0 ? Run(() => TryOrDisposed(() => one.TryReceive(new byte[1]))) : null;
        Task sending = Task.Run(() => other.TrySend(buffer.AsSpan(0, random.Next(1, 4))));
        Spin(random);
        one.Dispose();
        await sending.WaitAsync(Bound);
        foreach (Task<SocketResult<int>> call in blocked is null ? calls : [.. calls, blocked])
        {
            SocketResult<int> result = await call.WaitAsync(Bound);
            Assert.True(result.IsSuccess || result.Errno == Errno.EBADF, result.ToString());
        }

        other.Dispose();

        static async Task<SocketResult<int>> Waiting(Socket socket)
        {
            SocketResult<SocketEvents> result = await socket.TryWaitAsync(SocketEvents.Readable);
            return result.IsSuccess ? default : await Failed(socket, result.Errno);
        }

        // A result of the same errno, for the common check.
        static async Task<SocketResult<int>> Failed(Socket socket, int errno)
        {
            Assert.Equal(Errno.EBADF, errno);
            try
            {
                return await socket.TryReceiveAsync(new byte[1]);
            }
            catch (ObjectDisposedException)
            {
                return default;
            }
        }
    });

    // Every byte that was sent is received exactly once, in order, or was never taken from the kernel: whatever the
    // receives ended with.
    [Theory(Timeout = StressLimit)]
    [InlineData("cancel")]
    [InlineData("timeout")]
    [InlineData("turns")]
    public Task No_byte_is_lost_or_doubled(string against) => Workers(3, async random =>
    {
        (Socket one, Socket other) = Socket.CreatePair();
        int count = random.Next(50, 400);
        Task sender = Task.Run(async () =>
        {
            var own = new Random(count);
            for (int i = 0; i < count; i++)
            {
                await other.SendAsync(new[] { (byte)i }.AsMemory());
                if (own.Next(4) == 0)
                {
                    await Task.Yield();
                }
            }
        });
        int expected = 0;
        int ended = 0;
        byte[] buffer = new byte[3];
        while (expected < count)
        {
            SocketResult<int> result;
            switch (against)
            {
                case "cancel":
                    using (var source = new CancellationTokenSource())
                    {
                        ValueTask<SocketResult<int>> receive = one.TryReceiveAsync(buffer, SocketFlags.None, source.Token);
                        Task canceling = receive.IsCompleted ? Task.CompletedTask : Task.Run(source.Cancel);
                        result = await receive.AsTask().WaitAsync(Bound);
                        await canceling;
                    }

                    break;
                case "timeout":
                    one.Timeout = TimeSpan.FromTicks(random.Next(1, 15_000));
                    result = await one.TryReceiveAsync(buffer).AsTask().WaitAsync(Bound);
                    break;
                default:
                    // A synchronous receive with little time behind an asynchronous one, and one more behind it.
                    byte[] early = new byte[1];
                    byte[] late = new byte[1];
                    one.Timeout = null;
                    Task<SocketResult<int>> first = one.TryReceiveAsync(early).AsTask();
                    one.Timeout = TimeSpan.FromTicks(random.Next(1, 4_000));
                    Task<SocketResult<int>> turn = Task.Run(() => one.TryReceive(buffer.AsSpan(0, 1)));
                    result = await first.WaitAsync(Bound);
                    Take(early, result);
                    result = await turn.WaitAsync(Bound);
                    Take(buffer, result);
                    if (expected < count)
                    {
                        one.Timeout = null;
                        Take(late, await one.TryReceiveAsync(late).AsTask().WaitAsync(Bound));
                    }

                    if (count - expected < 4)
                    {
                        one.Timeout = null;
                        while (expected < count)
                        {
                            Take(late, await one.TryReceiveAsync(late).AsTask().WaitAsync(Bound));
                        }
                    }

                    continue;
            }

            Take(buffer, result);
        }

        await sender.WaitAsync(Bound);
        Assert.Equal(0, one.Available);
        one.Dispose();
        other.Dispose();

        void Take(byte[] bytes, SocketResult<int> result)
        {
            if (!result.IsSuccess)
            {
                ended++;
                Assert.Contains(result.Errno, new[] { Errno.ECANCELED, Errno.ETIMEDOUT });
                Assert.Equal(0, result.BytesTransferred);
                return;
            }

            for (int i = 0; i < result.Value; i++)
            {
                Assert.Equal((byte)expected++, bytes[i]);
            }
        }
    });

    // What a canceled send says it sent is what the peer gets.
    [Fact(Timeout = StressLimit)]
    public Task A_canceled_send_reports_the_true_count() => Workers(3, async random =>
    {
        (Socket one, Socket other) = Socket.CreatePair();
        byte[] data = Bytes(600_000, random.Next());
        using var source = new CancellationTokenSource();
        ValueTask<SocketResult<int>> send = one.TrySendAsync(data, SocketFlags.None, source.Token);
        Task<byte[]> reading = ReadToEnd(other);
        Spin(random);
        await source.CancelAsync();
        SocketResult<int> result = await send.AsTask().WaitAsync(Bound);
        one.Shutdown(SocketShutdown.Send);
        byte[] read = await reading.WaitAsync(Bound);
        Assert.Equal(result.BytesTransferred, read.Length);
        Assert.True(data.AsSpan(0, read.Length).SequenceEqual(read));
        Assert.True(result.IsSuccess ? read.Length == data.Length : result.Errno == Errno.ECANCELED, result.ToString());
        one.Dispose();
        other.Dispose();
    });

    [Fact(Timeout = StressLimit)]
    public Task Connects_accepts_and_closes_in_any_order() => Workers(3, async random =>
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, _engine);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(random.Next(1, 5));
        int wanted = random.Next(1, 8);
        Task<SocketResult<Socket>>[] accepts = [.. Enumerable.Range(0, wanted).Select(_ => listener.TryAcceptAsync().AsTask())];
        Socket[] clients = [.. Enumerable.Range(0, random.Next(1, wanted + 1)).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, _engine))];
        Task<SocketResult>[] connects = [.. clients.Select(client => client.TryConnectAsync(listener.LocalEndPoint!).AsTask())];
        Spin(random);
        if (random.Next(2) == 0)
        {
            clients[0].Dispose();
        }

        await Task.WhenAll(connects).WaitAsync(Bound);
        listener.Dispose();
        foreach (Task<SocketResult<Socket>> accept in accepts)
        {
            SocketResult<Socket> result = await accept.WaitAsync(Bound);
            if (result.TryGetValue(out Socket? accepted))
            {
                accepted.Dispose();
            }
            else
            {
                Assert.Equal(Errno.EBADF, result.Errno);
            }
        }

        foreach (Socket client in clients)
        {
            client.Dispose();
        }
    });

    [Fact(Timeout = StressLimit)]
    public Task Many_loops_run_beside_each_other() => Workers(3, random => Run(() =>
    {
        using var loop = new EventLoop();
        int rounds = random.Next(1, 60);
        int echoed = loop.Run(async () =>
        {
            (Socket one, Socket other) = Socket.CreatePair();
            using Socket first = one;
            using Socket second = other;
            Task<int> echo = Echo(second, rounds);
            byte[] buffer = new byte[1];
            for (int i = 0; i < rounds; i++)
            {
                await first.SendAsync(new[] { (byte)i }.AsMemory());
                Assert.Equal(1, await first.ReceiveAsync(buffer.AsMemory()));
                Assert.Equal((byte)i, buffer[0]);
                Assert.Same(loop, EventLoop.Current);
            }

            return await echo;
        });
        Assert.Equal(rounds, echoed);
        Assert.Equal(0, loop.Engine.SocketCount);

        static async Task<int> Echo(Socket socket, int rounds)
        {
            byte[] buffer = new byte[1];
            for (int i = 0; i < rounds; i++)
            {
                Assert.Equal(1, await socket.ReceiveAsync(buffer.AsMemory()));
                await socket.SendAsync(buffer.AsMemory());
            }

            return rounds;
        }
    }));

    private async Task Workers(int count, Func<Random, Task> body)
    {
        Task[] workers = [.. Enumerable.Range(0, count).Select(worker => Task.Run(async () =>
        {
            var random = new Random(_seed + worker);
            int rounds = 0;
            do
            {
                await body(random);
                rounds++;
            }
            while (GoesOn);
            return rounds;
        }))];
        try
        {
            await Task.WhenAll(workers).WaitAsync(TimeSpan.FromSeconds(Seconds) + Bound);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"SOCKEYE_STRESS_SEED={_seed}: {exception.Message}", exception);
        }
    }

    private static SocketResult<int> TryOrDisposed(Func<SocketResult<int>> call)
    {
        try
        {
            return call();
        }
        catch (ObjectDisposedException)
        {
            return default;
        }
    }

    private static void Spin(Random random) => Thread.SpinWait(random.Next(6) switch
    {
        0 => 0,
        < 4 => random.Next(300),
        _ => random.Next(5_000),
    });

    private static void Settle()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
