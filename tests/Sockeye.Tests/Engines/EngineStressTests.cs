using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>
/// Chance against each engine, by seeds that are printed; see StressTests, whose variables they heed. Afterwards
/// everything is back: descriptors, slots, timers, and what is pinned.
/// </summary>
[Collection(Alone.Name)]
public abstract class EngineStressTests : SocketTest, IDisposable
{
    private const int StressLimit = 3_600_000;
    private const byte Urgent = 255;
    private static readonly double Seconds =
        double.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SECONDS"), out double seconds) ? seconds : 0.4;

    private readonly int _seed =
        int.TryParse(Environment.GetEnvironmentVariable("SOCKEYE_STRESS_SEED"), out int seed) ? seed : Random.Shared.Next();

    private readonly Func<SocketEngine> _create;
    private readonly Func<EventLoop> _createLoop;
    private readonly Lazy<SocketEngine> _engine;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly int _descriptors;

    private protected EngineStressTests(EngineKind kind, Func<Random, SocketEngine> create, Func<Random, EventLoop> createLoop)
    {
        TestEngines.Require(kind);
        TestContext.Current.TestOutputHelper?.WriteLine($"SOCKEYE_STRESS_SEED={_seed}");
        Settle();
        _descriptors = OpenDescriptors().Length;
        _create = () => create(new Random(_seed));
        _createLoop = () => createLoop(new Random(_seed));
        _engine = new Lazy<SocketEngine>(_create);
    }

    private bool GoesOn => Stopwatch.GetElapsedTime(_start).TotalSeconds < Seconds;

    private TimeSpan Bound => TimeSpan.FromSeconds(10 + Seconds);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        if (!_engine.IsValueCreated)
        {
            // The test threw before it began, or has engines of its own.
            return;
        }

        Assert.Equal(0, _engine.Value.SocketCount);
        Assert.Equal(0, _engine.Value.Poller.Timers.Count);
        _engine.Value.Dispose();
        Settle();
        int more = OpenDescriptors().Length - _descriptors;
        Assert.True(more <= 2 * Environment.ProcessorCount + 16, $"seed {_seed}: {more} descriptors more than before.");
    }

    // A read that stops short lets the next one wait without a try. What comes meanwhile must be told all the same: urgent
    // data at any place, an end or a reset with the last bytes, bytes that another reader has left or taken.
    [Theory(Timeout = StressLimit)]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.Unix)]
    public Task No_event_is_lost(AddressFamily family) => Workers(4, async random =>
    {
        using Pair pair = await Connected(family);
        Socket receiver = pair.Server;
        bool tcp = family == AddressFamily.InterNetwork;
        if (tcp && random.Next(4) == 0)
        {
            receiver.SetOption(SocketOptions.OutOfBandInline, true);
        }

        int total = random.Next(1, 400);
        bool resets = tcp && random.Next(4) == 0;
        int sendSeed = random.Next();
        Task sender = Task.Run(async () =>
        {
            var own = new Random(sendSeed);
            int sent = 0;
            while (sent < total)
            {
                byte[] data = [.. Enumerable.Range(sent, Math.Min(own.Next(1, 40), total - sent)).Select(static i => (byte)(i % Urgent))];
                if (tcp && own.Next(4) == 0)
                {
                    pair.Client.Send([Urgent], SocketFlags.OutOfBand);
                }

                pair.Client.Send(data);
                sent += data.Length;
                switch (own.Next(4))
                {
                    case 0:
                        Spin(own);
                        break;
                    case 1:
                        await Task.Yield();
                        break;
                }
            }

            if (tcp && own.Next(4) == 0)
            {
                pair.Client.Send([Urgent], SocketFlags.OutOfBand);
            }

            if (resets)
            {
                pair.Client.LingerState = new LingerOption(enable: true, seconds: 0);
            }
            else
            {
                pair.Client.Shutdown(SocketShutdown.Send);
            }

            pair.Client.Dispose();
        });
        int expected = 0;
        byte[] buffer = new byte[64];
        using Socket? other = random.Next(3) == 0 ? receiver.Duplicate() : null;
        while (true)
        {
            Memory<byte> room = buffer.AsMemory(0, random.Next(1, buffer.Length + 1));
            SocketResult<int> result;
            switch (random.Next(8))
            {
                case 0:
                    // Looks, and takes nothing.
                    result = await Bounded(receiver.TryReceiveAsync(room, SocketFlags.Peek));
                    if (result.IsSuccess && result.Value > 0)
                    {
                        continue;
                    }

                    break;
                case 1 when other is not null:
                    // Another reader, whom the registration does not know.
                    other.Timeout = TimeSpan.Zero;
                    result = other.TryReceive(room.Span);
                    if (!result.IsSuccess && result.Errno is Errno.EAGAIN or Errno.ETIMEDOUT)
                    {
                        continue;
                    }

                    break;
                case 2 when tcp:
                    // More than there may be left: then the end wakes.
                    receiver.SetOption(SocketOptions.ReceiveLowWater, random.Next(1, 30));
                    continue;
                case 3 when tcp:
                    receiver.Timeout = TimeSpan.Zero;
                    receiver.TryReceive(new byte[1], SocketFlags.OutOfBand);
                    receiver.Timeout = null;
                    continue;
                case 4:
                    SocketResult<SocketEvents> seen = await Bounded(receiver.TryWaitAsync(SocketEvents.Readable));
                    Assert.True(seen.IsSuccess, seen.ToString());
                    continue;
                default:
                    result = await Bounded(receiver.TryReceiveAsync(room));
                    break;
            }

            if (!result.IsSuccess && resets && result.Errno == Errno.ECONNRESET)
            {
                // A reset throws away what was not read.
                break;
            }

            Assert.True(result.IsSuccess, result.ToString());
            if (result.Value == 0)
            {
                // The urgent byte's receive may have taken the reset's errno.
                Assert.True(resets || expected == total, $"The end came at {expected} of {total}.");
                break;
            }

            foreach (byte one in room[..result.Value].ToArray())
            {
                if (one != Urgent)
                {
                    Assert.Equal((byte)(expected++ % Urgent), one);
                }
            }
        }

        await sender.WaitAsync(Bound);

        async Task<T> Bounded<T>(ValueTask<T> call)
        {
            try
            {
                return await call.AsTask().WaitAsync(Bound);
            }
            catch (TimeoutException late)
            {
                throw new TimeoutException(
                    $"A call waits at {expected} of {total}, {receiver.Available} to read, sender {sender.Status}, {family}.", late);
            }
        }
    });

    // Bytes that the kernel has handed over are the caller's, whatever the receive ended with meanwhile.
    [Theory(Timeout = StressLimit)]
    [InlineData(AddressFamily.InterNetwork, "cancel")]
    [InlineData(AddressFamily.InterNetwork, "timeout")]
    [InlineData(AddressFamily.Unix, "cancel")]
    [InlineData(AddressFamily.Unix, "exactly")]
    public Task No_byte_is_lost_or_doubled(AddressFamily family, string against) => Workers(3, async random =>
    {
        using Pair pair = await Connected(family);
        Socket one = pair.Server;
        int count = random.Next(50, 300);
        Task sender = Task.Run(async () =>
        {
            var own = new Random(count);
            for (int i = 0; i < count; i++)
            {
                await pair.Client.SendAsync(new[] { (byte)i }.AsMemory());
                if (own.Next(3) == 0)
                {
                    await Task.Yield();
                }
            }
        });
        int expected = 0;
        byte[] buffer = new byte[3];
        while (expected < count)
        {
            Memory<byte> room = buffer.AsMemory(0, Math.Min(buffer.Length, count - expected));
            SocketResult<int> result;
            if (against == "timeout")
            {
                one.Timeout = TimeSpan.FromTicks(random.Next(1, 15_000));
                result = await one.TryReceiveAsync(room).AsTask().WaitAsync(Bound);
            }
            else
            {
                using var source = new CancellationTokenSource();
                ValueTask<SocketResult<int>> receive = against == "exactly"
                    ? one.TryReceiveExactlyAsync(room, SocketFlags.None, source.Token)
                    : one.TryReceiveAsync(room, SocketFlags.None, source.Token);
                Task canceling = receive.IsCompleted ? Task.CompletedTask : Task.Run(() =>
                {
                    Spin(random);
                    source.Cancel();
                });
                result = await receive.AsTask().WaitAsync(Bound);
                await canceling;
            }

            if (!result.IsSuccess)
            {
                Assert.Contains(result.Errno, new[] { Errno.ECANCELED, Errno.ETIMEDOUT });
                Assert.True(against == "exactly" || result.BytesTransferred == 0);
            }

            for (int i = 0; i < result.BytesTransferred; i++)
            {
                Assert.Equal((byte)expected++, buffer[i]);
            }
        }

        await sender.WaitAsync(Bound);
        Assert.Equal(0, one.Available);
    });

    // Dispose on this thread, the poll on the engine's: by the time Dispose returns, nothing holds the listener's file.
    [Fact(Timeout = StressLimit)]
    public Task A_port_is_free_when_Dispose_returns() => Workers(1, async random =>
    {
        EndPoint there = new IPEndPoint(new IPAddress([127, 77, 0, 2]), 0);
        for (int i = 0; i < 20; i++)
        {
            Socket listener = Tcp();
            listener.Bind(there);
            there = listener.LocalEndPoint!;
            listener.Listen();
            Task<SocketResult<Socket>> accept = listener.TryAcceptAsync().AsTask();
            Spin(random);
            listener.Dispose();
            Socket next = Tcp();
            next.Bind(there);
            next.Dispose();
            Assert.False((await accept.WaitAsync(Bound)).IsSuccess);
        }
    });

    [Fact(Timeout = StressLimit)]
    public Task A_close_sends_the_end_whatever_is_in_flight() => Workers(3, async random =>
    {
        using Pair pair = await Connected(random.Next(2) == 0 ? AddressFamily.InterNetwork : AddressFamily.Unix);
        Socket one = pair.Server;
        var calls = new List<Task<SocketResult<int>>>();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            calls.Add(one.TryReceiveAsync(new byte[8]).AsTask());
        }

        Task<SocketResult<SocketEvents>> wait = one.TryWaitAsync(SocketEvents.Readable).AsTask();
        if (random.Next(2) == 0)
        {
            pair.Client.Send([1, 2, 3]);
        }

        // A duplicate keeps the connection: the end comes with its own close.
        Socket? copy = random.Next(3) == 0 ? one.Duplicate() : null;
        Task? copied = copy?.TryReceiveAsync(new byte[1]).AsTask();
        Spin(random);
        one.Dispose();
        foreach (Task<SocketResult<int>> call in calls)
        {
            SocketResult<int> result = await call.WaitAsync(Bound);
            Assert.True(result.IsSuccess || result.Errno == Errno.EBADF, result.ToString());
        }

        await wait.WaitAsync(Bound);
        if (copy is not null)
        {
            copy.Send([9]);
            byte[] nine = new byte[1];
            Assert.Equal(1, await pair.Client.ReceiveAsync(nine.AsMemory()).AsTask().WaitAsync(Bound));
            Assert.Equal(9, nine[0]);
            copy.Dispose();
            await copied!.WaitAsync(Bound);
        }

        SocketResult<int> end = await pair.Client.TryReceiveAsync(new byte[1]).AsTask().WaitAsync(Bound);
        Assert.True(end.IsSuccess ? end.Value == 0 : end.Errno == Errno.ECONNRESET, end.ToString());
    });

    // More sockets are ready at once than a small ring has answers for.
    [Fact(Timeout = StressLimit)]
    public Task A_thousand_sockets_that_are_ready_at_once_are_all_told() => Workers(1, async random =>
    {
        (Socket First, Socket Second)[] pairs = [.. Enumerable.Range(0, 1_000).Select(static _ => Socket.CreatePair())];
        for (int round = 0; round < 3; round++)
        {
            Task<int>[] receives = [.. pairs.Select(static pair => pair.First.ReceiveAsync(new byte[4].AsMemory()).AsTask())];
            random.Shuffle(pairs);
            Parallel.ForEach(pairs, static pair => pair.Second.Send([1]));
            await All(receives, $"receives of round {round}");
        }

        // All at once, too.
        Task<SocketResult<int>>[] last = [.. pairs.Select(static pair => pair.First.TryReceiveAsync(new byte[4]).AsTask())];
        Parallel.ForEach(pairs, static pair => pair.First.Dispose());
        await All(last, "receives of disposed sockets");
        foreach ((_, Socket second) in pairs)
        {
            Assert.Equal(0, (await second.TryReceiveAsync(new byte[1]).AsTask().WaitAsync(Bound)).Value);
            second.Dispose();
        }

        async Task All(Task[] tasks, string what)
        {
            Task all = Task.WhenAll(tasks);
            await Task.WhenAny(all, Task.Delay(Bound));
            Assert.True(all.IsCompleted, $"{tasks.Count(static task => !task.IsCompleted)} {what} wait.");
            await all;
        }
    });

    [Fact(Timeout = StressLimit)]
    public Task A_forgotten_socket_is_closed() => Workers(1, async _ =>
    {
        Socket[] peers = await Forget();
        foreach (Socket peer in peers)
        {
            Task<SocketResult<int>> end = peer.TryReceiveAsync(new byte[1]).AsTask();
            await Eventually(() =>
            {
                Settle();
                return end.IsCompleted;
            });
            Assert.Equal(0, (await end).Value);
            peer.Dispose();
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static async Task<Socket[]> Forget()
        {
            var peers = new List<Socket>();
            for (int i = 0; i < 10; i++)
            {
                // It waited, so the engine knows it; and nothing of it is in flight.
                (Socket first, Socket second) = Socket.CreatePair();
                ValueTask<int> receive = first.ReceiveAsync(new byte[1].AsMemory());
                second.Send([1]);
                Assert.Equal(1, await receive);
                peers.Add(second);
            }

            return [.. peers];
        }
    });

    [Fact(Timeout = StressLimit)]
    public Task A_loop_that_ended_runs_again_elsewhere_with_what_was_in_flight() => Run(() =>
    {
        using EventLoop loop = _createLoop();
        var random = new Random(_seed);
        do
        {
            var pairs = new List<(Socket First, Socket Second)>();
            var receives = new List<Task<SocketResult<int>>>();
            byte[] buffer = new byte[random.Next(1, 8)];
            loop.Run(async () =>
            {
                for (int i = random.Next(1, 6); i > 0; i--)
                {
                    (Socket first, Socket second) = Socket.CreatePair();
                    pairs.Add((first, second));
                    receives.Add(first.TryReceiveAsync(buffer).AsTask());
                }

                // Some of them wait already when the run ends, some are new.
                await (random.Next(2) == 0 ? Task.CompletedTask : loop.DelayAsync(TimeSpan.FromMilliseconds(1)));
            });
            int early = random.Next(3);
            for (int i = 0; i < pairs.Count; i++)
            {
                if (early == 0 || (early == 1 && random.Next(2) == 0))
                {
                    pairs[i].Second.Send([1]);
                }
            }

            Socket stray = pairs[0].First;
            if (random.Next(4) == 0)
            {
                // While no thread has the loop.
                stray.Dispose();
            }

            var again = new Thread(() => loop.Run(async () =>
            {
                foreach ((_, Socket second) in pairs)
                {
                    second.TrySend([2]);
                }

                foreach (Task<SocketResult<int>> receive in receives)
                {
                    SocketResult<int> result = await receive.WaitAsync(Bound);
                    Assert.True(result.IsSuccess || result.Errno == Errno.EBADF, result.ToString());
                    Assert.Same(loop, EventLoop.Current);
                }
            }));
            again.Start();
            Assert.True(again.Join(Bound), $"seed {_seed}: the second run does not end.");
            foreach ((Socket first, Socket second) in pairs)
            {
                first.Dispose();
                second.Dispose();
            }

            Assert.Equal(0, loop.Engine.SocketCount);
        }
        while (GoesOn);
    });

    [Fact(Timeout = StressLimit)]
    public Task A_loops_sockets_serve_other_threads_while_it_runs() => Run(() =>
    {
        using EventLoop loop = _createLoop();
        var random = new Random(_seed);
        loop.Run(async () =>
        {
            Task[] players = [.. Enumerable.Range(0, 4).Select(player =>
            {
                (Socket one, Socket other) = Socket.CreatePair();
                Assert.Same(loop.Engine, one.Engine);
                return Task.Run(async () =>
                {
                    using Socket first = one;
                    using Socket second = other;
                    byte[] buffer = new byte[1];
                    for (int i = 0; GoesOn || i < 10; i++)
                    {
                        ValueTask<int> receive = first.ReceiveAsync(buffer.AsMemory());
                        await second.SendAsync(new[] { (byte)i }.AsMemory());
                        Assert.Equal(1, await receive.AsTask().WaitAsync(Bound));
                        Assert.Equal((byte)i, buffer[0]);
                        Assert.NotSame(loop, EventLoop.Current);
                    }
                });
            })];
            await Task.WhenAll(players);
        });
        Assert.Equal(0, loop.Engine.SocketCount);
        Assert.Equal(0, loop.Engine.Poller.Timers.Count);
    }).WaitAsync(Bound);

    [Fact(Timeout = StressLimit)]
    public Task An_engine_that_ends_ends_all_that_waits() => Workers(1, async random =>
    {
        SocketEngine engine = _create();
        var calls = new List<Task<SocketResult<int>>>();
        var sockets = new List<Socket>();
        for (int i = random.Next(1, 20); i > 0; i--)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp, engine);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            sockets.Add(socket);
            calls.Add(socket.TryReceiveAsync(new byte[1]).AsTask());
        }

        Spin(random);
        engine.Dispose();
        foreach (Task<SocketResult<int>> call in calls)
        {
            Assert.Equal(SocketError.OperationAborted, (await call.WaitAsync(Bound)).Error);
        }

        sockets.ForEach(static socket => socket.Dispose());
        Assert.Equal(0, engine.SocketCount);
    });

    private Task Workers(int count, Func<Random, Task> body) => TestEngines.RunOn(_engine, async () =>
    {
        Task[] workers = [.. Enumerable.Range(0, count).Select(worker => Task.Run(async () =>
        {
            var random = new Random(_seed + worker);
            do
            {
                await body(random);
            }
            while (GoesOn);
        }))];
        try
        {
            await Task.WhenAll(workers).WaitAsync(TimeSpan.FromSeconds(Seconds) + Bound + Bound);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"SOCKEYE_STRESS_SEED={_seed}: {exception.Message}", exception);
        }
    });

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

public sealed class EngineStress_Epoll() : EngineStressTests(
    EngineKind.Epoll,
    static _ => SocketEngine.CreateEpoll(threads: 2),
    static _ => TestEngines.Loop(EngineKind.Epoll));

/// <summary>With rings so small that their queues are always at their bounds.</summary>
public sealed class EngineStress_IoUring() : EngineStressTests(
    EngineKind.IoUring,
    static _ => SocketEngine.CreateIoUring(threads: 2, entries: 8),
    static _ => TestEngines.Loop(EngineKind.IoUring));

public sealed class EngineStress_Chaos() : EngineStressTests(
    EngineKind.Epoll,
    static random => TestEngines.CreateChaos(random, threads: 2),
    static random => new EventLoop(TimeProvider.System, (engine, shard) => new ChaosPoller(engine, shard, random)));
