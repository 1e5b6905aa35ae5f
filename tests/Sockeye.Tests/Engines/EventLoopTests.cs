using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>The loop: what runs where, in which order, and what ends it.</summary>
public abstract class EventLoopTests(EngineKind kind) : SocketTest
{
    [Fact(Timeout = Limit)]
    public Task Run_gives_the_tasks_value_and_throws_its_exception() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        Assert.Equal(7, loop.Run(() => Task.FromResult(7)));
        Assert.Equal(8, loop.Run(async () =>
        {
            await Task.Yield();
            return 8;
        }));
        Assert.Throws<FormatException>(() => loop.Run(() => Task.FromException(new FormatException())));
        Assert.Throws<FormatException>(() => loop.Run(() => throw new FormatException()));
        Assert.Throws<FormatException>(() => loop.Run(async () =>
        {
            await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
            throw new FormatException();
        }));
        Assert.Equal(9, loop.Run(() => Task.FromResult(9)));
        Assert.Throws<InvalidOperationException>(() => loop.Run(static () => null!));
    });

    [Fact(Timeout = Limit)]
    public Task Current_is_the_loop_whose_thread_this_is() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        Assert.Null(EventLoop.Current);
        loop.Run(() =>
        {
            Assert.Same(loop, EventLoop.Current);
            Assert.NotNull(SynchronizationContext.Current);
            return Task.CompletedTask;
        });
        Assert.Null(EventLoop.Current);
        Assert.Null(SynchronizationContext.Current);
    });

    [Fact(Timeout = Limit)]
    public async Task A_loop_runs_once_at_a_time_and_a_thread_runs_one_loop()
    {
        using var loop = new EventLoop(kind);
        using var other = new EventLoop(kind);
        using var started = new ManualResetEventSlim();
        Task running = Run(() => loop.Run(() =>
        {
            Assert.Throws<InvalidOperationException>(() => loop.Run(() => Task.CompletedTask));
            Assert.Throws<InvalidOperationException>(() => other.Run(() => Task.CompletedTask));
            Assert.Throws<InvalidOperationException>(loop.Dispose);
            started.Set();
            return new TaskCompletionSource().Task;
        }));
        Assert.True(started.Wait(Soon));
        Assert.Throws<InvalidOperationException>(() => loop.Run(() => Task.CompletedTask));
        Assert.Throws<InvalidOperationException>(loop.Dispose);
        loop.Stop();
        InvalidOperationException stopped = await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.Contains("stopped", stopped.Message);
    }

    [Fact(Timeout = Limit)]
    public async Task Stop_ends_a_run_without_end_also_when_it_came_first()
    {
        using var loop = new EventLoop(kind);
        Task running = Run(loop.Run);
        loop.Stop();
        await running;

        int ran = 0;
        loop.Post(() => ran++);
        loop.Stop();
        await Run(loop.Run);
        Assert.Equal(1, ran);

        // Used up: the next one runs on.
        Task next = Run(loop.Run);
        await Task.Delay(Moment);
        Assert.False(next.IsCompleted);
        loop.Stop();
        await next;
    }

    [Fact]
    public void The_loop_has_the_engine_that_was_asked_for()
    {
        using var loop = new EventLoop(kind);
        Assert.Equal(kind, loop.Engine.Kind);
        using var same = new EventLoop(new EventLoopOptions { Engine = kind, Time = new ManualTime() });
        Assert.Equal(kind, same.Engine.Kind);
        Assert.IsType<ManualTime>(same.Time);
    }

    // The main task's end wakes the loop from whatever thread ended it. That once was a Stop, which could come so late
    // that it stopped the next run.
    [Fact(Timeout = Limit)]
    public Task One_runs_end_does_not_stop_the_next() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        for (int i = 0; i < 3_000; i++)
        {
            loop.Run(() => Task.Run(static () => Thread.SpinWait(50)));
        }
    });

    [Fact(Timeout = Limit)]
    public async Task A_disposed_loop_runs_no_more()
    {
        var loop = new EventLoop(kind);
        loop.Dispose();
        loop.Dispose();
        await Run(() => Assert.Throws<ObjectDisposedException>(() => loop.Run(() => Task.CompletedTask)));
        loop.Stop();
        loop.Post(static () => { });
    }

    [Fact(Timeout = Limit)]
    public async Task Posts_keep_each_threads_order()
    {
        const int Threads = 4;
        const int PerThread = 2_000;
        using var loop = new EventLoop(kind);
        var seen = new List<(int Thread, int Number)>();
        Task[] posters = [.. Enumerable.Range(0, Threads).Select(thread => Run(() =>
        {
            for (int i = 0; i < PerThread; i++)
            {
                int number = i;
                loop.Post(() =>
                {
                    Assert.Same(loop, EventLoop.Current);
                    seen.Add((thread, number));
                    if (seen.Count == Threads * PerThread)
                    {
                        loop.Stop();
                    }
                });
            }
        }))];
        await Run(loop.Run);
        await Task.WhenAll(posters);
        for (int thread = 0; thread < Threads; thread++)
        {
            Assert.Equal(Enumerable.Range(0, PerThread), seen.Where(item => item.Thread == thread).Select(static item => item.Number));
        }
    }

    [Fact(Timeout = Limit)]
    public Task Work_posted_on_the_loop_runs_in_a_later_turn_in_order() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        var order = new List<int>();
        loop.Run(async () =>
        {
            loop.Post(static list => ((List<int>)list!).Add(2), order);
            loop.Post(() => order.Add(3));
            order.Add(1);
            await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
        });
        Assert.Equal([1, 2, 3], order);
    });

    [Theory(Timeout = Limit)]
    [InlineData("post")]
    [InlineData("timer")]
    [InlineData("async void")]
    [InlineData("continuation")]
    public Task An_escaped_exception_ends_Run_and_the_loop_runs_again(string where) => Run(() =>
    {
        using var loop = new EventLoop(kind);
        Assert.Throws<FormatException>(() => loop.Run(() =>
        {
            switch (where)
            {
                case "post":
                    loop.Post(static () => throw new FormatException());
                    break;
                case "timer":
                    loop.Schedule(TimeSpan.FromMilliseconds(1), static () => throw new FormatException());
                    break;
                case "async void":
                    Throw();
                    break;
                default:
                    SynchronizationContext.Current!.Post(static _ => throw new FormatException(), null);
                    break;
            }

            return new TaskCompletionSource().Task;
        }));
        Assert.Null(EventLoop.Current);
        Assert.Equal(5, loop.Run(async () =>
        {
            await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
            return 5;
        }));

#pragma warning disable MA0155 // async void is what is tested.
        static async void Throw()
        {
            await Task.Yield();
            throw new FormatException();
        }
#pragma warning restore MA0155
    });

    [Fact(Timeout = Limit)]
    public async Task Timers_come_in_order_never_early_and_not_once_disposed()
    {
        var time = new ManualTime();
        using var loop = new EventLoop(kind, time);
        var fired = new List<string>();
        IDisposable? victim = null;
        loop.Schedule(TimeSpan.FromMilliseconds(20), () => fired.Add("b"));
        loop.Schedule(TimeSpan.FromMilliseconds(10), () => { fired.Add("a"); victim!.Dispose(); });
        loop.Schedule(TimeSpan.FromMilliseconds(20), () => fired.Add("c"));
        victim = loop.Schedule(TimeSpan.FromMilliseconds(10), () => fired.Add("victim"));
        loop.Schedule(TimeSpan.FromHours(1000), () => fired.Add("late"));
        IDisposable taken = loop.Schedule(TimeSpan.FromMilliseconds(15), () => fired.Add("taken"));
        taken.Dispose();
        taken.Dispose();
        Task running = Run(loop.Run);
        try
        {
            await Turned(loop);
            time.Advance(TimeSpan.FromMilliseconds(9.9));
            await Turned(loop);
            Assert.Empty(fired);
            time.Advance(TimeSpan.FromMilliseconds(0.1));
            await Turned(loop);
            Assert.Equal(["a"], fired);
            time.Advance(TimeSpan.FromMinutes(1));
            await Turned(loop);
            Assert.Equal(["a", "b", "c"], fired);
            time.Advance(TimeSpan.FromHours(1000));
            await Eventually(() => fired.Count == 4);
            Assert.Equal(["a", "b", "c", "late"], fired);
        }
        finally
        {
            loop.Stop();
            await running;
        }
    }

    // A clock's own timer may come before the clock says that it is time; the wheel then asks again.
    [Fact(Timeout = Limit)]
    public async Task A_clock_whose_timers_come_early_delays_no_timer_for_ever()
    {
        var time = new ManualTime(earlyBy: TimeSpan.FromMilliseconds(3));
        using var loop = new EventLoop(kind, time);
        bool fired = false;
        loop.Schedule(TimeSpan.FromMilliseconds(50), () => { fired = true; loop.Stop(); });
        Task running = Run(loop.Run);
        for (int i = 0; i < 49; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            await Turned(loop);
        }

        Assert.False(fired);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await running;
        Assert.True(fired);
    }

    [Fact(Timeout = Limit)]
    public Task A_delay_takes_its_time_and_heeds_its_token() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            long start = Stopwatch.GetTimestamp();
            await loop.DelayAsync(TimeSpan.FromMilliseconds(40));
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 40, 10_000);
            Assert.Same(loop, EventLoop.Current);

            using var source = new CancellationTokenSource(30);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.DelayAsync(TimeSpan.FromHours(1), source.Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop.DelayAsync(TimeSpan.FromHours(1), source.Token));
            await loop.DelayAsync(TimeSpan.Zero);
            Assert.Throws<ArgumentOutOfRangeException>(() => { loop.Schedule(TimeSpan.FromTicks(-1), static () => { }); });

            // Without end, and given up.
            loop.Schedule(TimeSpan.MaxValue, static () => { }).Dispose();
        });
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task Awaits_of_sockets_come_back_to_the_loop(bool continueOnCapturedContext) => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            using Socket listener = Listener();
            using Socket client = Tcp();
            Assert.Same(loop.Engine, client.Engine);
            ValueTask<Socket> accept = listener.AcceptAsync(CancellationToken.None);
            await client.ConnectAsync(listener.LocalEndPoint!, CancellationToken.None).ConfigureAwait(continueOnCapturedContext);
            Assert.Same(loop, EventLoop.Current);
            using Socket server = await accept.ConfigureAwait(continueOnCapturedContext);
            Assert.Same(loop, EventLoop.Current);
            Assert.Same(loop.Engine, server.Engine);

            ValueTask<int> receive = server.ReceiveAsync(new byte[8].AsMemory());
            Assert.False(receive.IsCompleted);
            await client.SendAsync(new byte[3].AsMemory()).ConfigureAwait(continueOnCapturedContext);
            Assert.Equal(3, await receive.ConfigureAwait(continueOnCapturedContext));
            Assert.Same(loop, EventLoop.Current);
            Assert.Equal(3, loop.Engine.SocketCount);
        });
        Assert.Equal(0, loop.Engine.SocketCount);
    });

    [Fact(Timeout = Limit)]
    public async Task A_loops_socket_awaited_elsewhere_resumes_in_the_callers_context()
    {
        using var loop = new EventLoop(kind);
        var made = new TaskCompletionSource<Pair>();
        Task running = Run(() => loop.Run(async () =>
        {
            using Pair pair = await Connected();
            Assert.Same(loop.Engine, pair.Client.Engine);
            made.SetResult(pair);
            await new TaskCompletionSource().Task.WaitAsync(Soon);
        }));
        Pair pair = await made.Task.WaitAsync(Soon);
        await Task.Run(async () =>
        {
            ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
            Assert.False(receive.IsCompleted);
            pair.Server.Send([1]);
            Assert.Equal(1, await receive);
            Assert.Null(EventLoop.Current);
            Assert.True(Thread.CurrentThread.IsThreadPoolThread);
        });

        // And from another loop: to that one.
        await Run(() =>
        {
            using var other = new EventLoop(kind);
            other.Run(async () =>
            {
                ValueTask<int> receive = pair.Client.ReceiveAsync(new byte[1].AsMemory());
                pair.Server.Send([1]);
                Assert.Equal(1, await receive);
                Assert.Same(other, EventLoop.Current);
            });
        });
        loop.Stop();
        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
    }

    [Fact(Timeout = Limit)]
    public Task A_connection_made_by_name_on_a_loop_belongs_to_the_loop() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            using Socket listener = Listener();
            using Socket client = await Socket.CreateConnectionAsync("localhost", PortOf(listener), Soon);
            Assert.Same(loop.Engine, client.Engine);
            Assert.Same(loop, EventLoop.Current);
        });
    });

    [Fact(Timeout = Limit)]
    public async Task A_plain_await_never_runs_on_an_engines_thread()
    {
        using Pair pair = await Connected();
        for (int i = 0; i < 50; i++)
        {
            Task<int> receive = Task.Run(async () =>
            {
                int count = await pair.Client.ReceiveAsync(new byte[1].AsMemory());
                Assert.True(Thread.CurrentThread.IsThreadPoolThread, Thread.CurrentThread.Name);
                Assert.Null(EventLoop.Current);

                // A continuation that blocks holds up nobody.
                Thread.Sleep(i % 10 == 0 ? 20 : 0);
                return count;
            });
            await Task.Delay(i % 2);
            pair.Server.Send([1]);
            Assert.Equal(1, await receive.WaitAsync(Soon));
        }
    }

    // Both sides are always ready, so every await completes at once; timers and posts come through all the same.
    [Fact(Timeout = Limit)]
    public Task A_peer_that_is_always_ready_starves_nobody() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            using Socket first = BoundUdp();
            using Socket second = BoundUdp();
            await first.ConnectAsync(second.LocalEndPoint!);
            bool fired = false;
            bool posted = false;
            loop.Schedule(TimeSpan.FromMilliseconds(20), () => fired = true);
            loop.Post(() => posted = true);
            byte[] buffer = new byte[16];
            long start = Stopwatch.GetTimestamp();
            while (!fired || !posted)
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < Soon, "The timer was starved.");
                await first.SendAsync(buffer.AsMemory());
                Assert.Equal(16, await second.ReceiveAsync(buffer.AsMemory()));
            }
        });
    });

    [Fact(Timeout = Limit)]
    public Task Send_to_the_loops_context_runs_there_and_carries_exceptions_back() => Run(async () =>
    {
        using var loop = new EventLoop(kind);
        SynchronizationContext? context = null;
        using var ready = new ManualResetEventSlim();
        Task running = Run(() => loop.Run(() =>
        {
            context = SynchronizationContext.Current;
            bool inline = false;
            context!.Send(_ => inline = true, null);
            Assert.True(inline);
            ready.Set();
            return new TaskCompletionSource().Task;
        }));
        Assert.True(ready.Wait(Soon));
        EventLoop? seen = null;
        context!.Send(_ => seen = EventLoop.Current, null);
        Assert.Same(loop, seen);
        Assert.Throws<FormatException>(() => context.Send(static _ => throw new FormatException(), null));
        loop.Stop();
        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
    }).Unwrap();

    [Fact(Timeout = Limit)]
    public async Task Disposing_the_loop_ends_what_waits_on_its_sockets()
    {
        var loop = new EventLoop(kind);
        Pair? pair = null;
        await Run(() => loop.Run(async () => pair = await Connected()));
        using Pair ends = pair!;
        Task<SocketResult<int>> receive = ends.Client.TryReceiveAsync(new byte[1]).AsTask();
        Assert.False(receive.IsCompleted);
        loop.Dispose();
        SocketResult<int> result = await receive.WaitAsync(Soon);
        Assert.Equal(SocketError.OperationAborted, result.Error);

        // Its sockets still serve synchronous calls, and asynchronous ones that need not wait.
        ends.Server.Send([1, 2]);
        Assert.Equal(1, ends.Client.Receive(new byte[1]));
        Assert.Equal(1, await ends.Client.ReceiveAsync(new byte[1].AsMemory()));
        Assert.Equal(SocketError.OperationAborted, (await ends.Client.TryReceiveAsync(new byte[1]).AsTask().WaitAsync(Soon)).Error);
    }

    [Fact(Timeout = Limit)]
    public Task A_socket_that_outlives_its_engine_is_given_away_or_closed() => Run(() =>
    {
        Socket detached;
        Socket disposed;
        using (var loop = new EventLoop(kind))
        {
            (detached, disposed) = loop.Run(static () =>
            {
                (Socket first, Socket second) = (BoundUdp(), BoundUdp());
                first.TryReceiveAsync(new byte[1]).AsTask();
                second.TryReceiveAsync(new byte[1]).AsTask();
                return Task.FromResult((first, second));
            });
        }

        using var again = new Socket(detached.Detach());
        Assert.True(again.IsBound);
        disposed.Dispose();
    });

    // What is prepared for a ring holds the descriptor until the turn's end, and a Dispose must not wait for that.
    [Fact(Timeout = Limit)]
    public Task A_port_is_free_at_once_in_the_turn_in_which_its_socket_began_to_wait() => Run(() =>
    {
        using var loop = new EventLoop(kind);
        loop.Run(async () =>
        {
            for (int i = 0; i < 3; i++)
            {
                Socket socket = BoundUdp();
                EndPoint address = socket.LocalEndPoint!;
                Task<SocketResult<int>> receive = socket.TryReceiveAsync(new byte[1]).AsTask();
                long start = Stopwatch.GetTimestamp();
                socket.Dispose();
                Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
                using Socket next = Udp();
                next.Bind(address);
                Assert.Equal(SocketError.OperationAborted, (await receive).Error);
            }
        });
    });

    // Each waited for the other's thread, which waited for it: a whole second, the limit.
    [Fact(Timeout = Limit)]
    public async Task Two_loops_that_dispose_each_others_sockets_wait_no_longer_than_it_takes()
    {
        const int Rounds = 20;
        using var barrier = new Barrier(2);
        using EventLoop one = TestEngines.Loop(kind);
        using EventLoop other = TestEngines.Loop(kind);
        var sockets = new Socket[2];
        TimeSpan[] both = await Task.WhenAll(Run(() => one.Run(() => Dispose(0))), Run(() => other.Run(() => Dispose(1))));
        Assert.All(both, static took => Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromMilliseconds(900)));

        async Task<TimeSpan> Dispose(int side)
        {
            TimeSpan longest = TimeSpan.Zero;
            for (int round = 0; round < Rounds; round++)
            {
                sockets[side] = BoundUdp();
                Task<SocketResult<int>> receive = sockets[side].TryReceiveAsync(new byte[1]).AsTask();
                await Task.Yield();
                await Task.Yield();
                Assert.True(barrier.SignalAndWait(Soon));
                Socket socket = sockets[1 - side];
                EndPoint address = socket.LocalEndPoint!;
                long start = Stopwatch.GetTimestamp();
                socket.Dispose();
                TimeSpan took = Stopwatch.GetElapsedTime(start);
                longest = took > longest ? took : longest;
                using (Socket next = Udp())
                {
                    next.Bind(address);
                }

                Assert.Equal(SocketError.OperationAborted, (await receive).Error);
                Assert.True(barrier.SignalAndWait(Soon));
            }

            return longest;
        }
    }

    // A poll that is still in a ring would hold the file open.
    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_descriptor_that_was_given_away_is_held_by_nobody(bool onTheLoop) => Run(() =>
    {
        using EventLoop loop = TestEngines.Loop(kind);
        loop.Run(async () =>
        {
            for (int i = 0; i < 20; i++)
            {
                Socket datagrams = BoundUdp();
                EndPoint address = datagrams.LocalEndPoint!;
                await GiveAway(datagrams, () =>
                {
                    using Socket next = Udp();
                    next.Bind(address);
                });

                using Pair pair = await Connected();
                pair.Server.Blocking = false;
                await GiveAway(pair.Client, () => Assert.Equal(0, pair.Server.Receive(new byte[1])));
            }
        });

        // Seen before the loop's next turn.
        async Task GiveAway(Socket socket, Action see)
        {
            Task<SocketResult<int>> receive = socket.TryReceiveAsync(new byte[1]).AsTask();
            await Task.Yield();
            await Task.Yield();
            if (onTheLoop)
            {
                socket.Detach().Dispose();
                see();
            }
            else
            {
                await Task.Run(() =>
                {
                    socket.ToSystemSocket().Dispose();
                    see();
                });
            }

            Assert.Equal(SocketError.OperationAborted, (await receive).Error);
        }
    });

    [Fact(Timeout = Limit)]
    public void An_engine_that_does_not_exist_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoop((EngineKind)99));

    // Two turns: what was ready when the first began has run by the end of the second.
    private static async Task Turned(EventLoop loop)
    {
        for (int i = 0; i < 3; i++)
        {
            var turned = new TaskCompletionSource();
            loop.Post(turned.SetResult);
            await turned.Task.WaitAsync(Soon);
        }
    }
}

public sealed class EventLoop_Epoll() : EventLoopTests(EngineKind.Epoll);

public sealed class EventLoop_IoUring() : EventLoopTests(EngineKind.IoUring);
