using System.Diagnostics;
using Sockeye.Engines;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Engines;

/// <summary>How a loop waits: wake-ups are counted, spinning is bounded.</summary>
public sealed class SpinTests : SocketTest
{
    public static readonly TheoryData<EngineKind> Kinds = [EngineKind.Epoll, EngineKind.IoUring];

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public async Task A_loop_that_spun_in_vain_sleeps_and_a_post_wakes_it(EngineKind kind)
    {
        using var loop = new EventLoop(new EventLoopOptions { Engine = kind, SpinLimit = TimeSpan.FromMilliseconds(1) });
        Task running = Run(loop.Run);
        for (int i = 0; i < 20; i++)
        {
            await Asleep(loop);
            int before = Poller(loop).WakeCount;
            await Posted(loop);
            Assert.Equal(before + 1, Poller(loop).WakeCount);
        }

        loop.Stop();
        await running;
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public async Task While_it_spins_posts_stops_timers_and_sockets_need_no_wake_up(EngineKind kind)
    {
        using var loop = new EventLoop(new EventLoopOptions { Engine = kind });

        // Longer than a caller may ask for, so that it is certain to spin.
        Poller(loop).SpinLimit = Stopwatch.Frequency * 60;
        var ready = new TaskCompletionSource<Pair>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int>? received = null;
        Task running = Run(loop.Run);
        _ = loop.InvokeAsync(async () =>
        {
            Pair pair = await Connected();
            received = pair.Server.ReceiveAsync(new byte[10].AsMemory()).AsTask();
            ready.SetResult(pair);
        });
        using Pair ends = await ready.Task.WaitAsync(Soon);
        int before = Poller(loop).WakeCount;
        await Posted(loop);
        await Posted(loop);
        ends.Client.Send(new byte[3]);
        Assert.Equal(3, await received!.WaitAsync(Soon));
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Schedule(TimeSpan.FromMilliseconds(2), fired.SetResult);
        await fired.Task.WaitAsync(Soon);
        Assert.False(Poller(loop).IsSleeping);
        loop.Stop();
        await running;
        Assert.Equal(before, Poller(loop).WakeCount);
    }

    // Two thousand posts while the loop is busy, and one thousand before it has woken: a wake-up each, not one each.
    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public async Task A_batch_of_posts_costs_one_wake_up(EngineKind kind)
    {
        using var loop = new EventLoop(kind);
        Task running = Run(loop.Run);
        await Asleep(loop);
        int before = Poller(loop).WakeCount;
        using var hold = new ManualResetEventSlim();
        using var held = new ManualResetEventSlim();
        int ran = 0;
        loop.Post(() =>
        {
            held.Set();
            hold.Wait();
        });
        Assert.True(held.Wait(Soon));
        for (int i = 0; i < 2_000; i++)
        {
            loop.Post(() => ran++);
        }

        Assert.Equal(before + 1, Poller(loop).WakeCount);
        hold.Set();
        await Posted(loop);
        Assert.Equal(2_000, ran);
        loop.Stop();
        await running;
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10_001)]
    public void A_spin_without_bounds_is_refused(long ticks)
    {
        var options = new EventLoopOptions();
        Assert.Throws<ArgumentOutOfRangeException>(() => options.SpinLimit = TimeSpan.FromTicks(ticks));
        Assert.Equal(TimeSpan.Zero, options.SpinLimit);
        Assert.Throws<ArgumentOutOfRangeException>(() => options.Engine = (EngineKind)99);
        Assert.Throws<ArgumentNullException>(() => options.Time = null!);
        Assert.Throws<ArgumentNullException>(() => new EventLoop(null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => options.BlockingLimit = TimeSpan.FromMilliseconds(9));
        Assert.Throws<ArgumentOutOfRangeException>(() => options.BlockingLimit = TimeSpan.FromDays(2));
        options.BlockingLimit = Timeout.InfiniteTimeSpan;
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Kinds))]
    public async Task A_call_into_a_loop_gives_its_value_its_exception_or_its_cancellation(EngineKind kind)
    {
        var loop = new EventLoop(kind);
        Task running = Run(loop.Run);
        Assert.Same(loop, await loop.InvokeAsync(async () =>
        {
            await loop.DelayAsync(TimeSpan.FromMilliseconds(1));
            return EventLoop.Current;
        }).WaitAsync(Soon));
        Assert.Null(EventLoop.Current);
        Assert.True(Thread.CurrentThread.IsThreadPoolThread);
        await Assert.ThrowsAsync<FormatException>(() => loop.InvokeAsync(static () => throw new FormatException()).WaitAsync(Soon));
        await Assert.ThrowsAsync<FormatException>(() => loop.InvokeAsync(static () => Task.FromException<int>(new FormatException())).WaitAsync(Soon));
        await Assert.ThrowsAsync<TaskCanceledException>(() => loop.InvokeAsync(static () => throw new OperationCanceledException()).WaitAsync(Soon));
        await loop.InvokeAsync(() => Task.CompletedTask).WaitAsync(Soon);
        loop.Stop();
        await running;
        loop.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => loop.InvokeAsync(() => Task.CompletedTask));
    }

    private static Poller Poller(EventLoop loop) => loop.Engine.Poller;

    private static Task Asleep(EventLoop loop) => Eventually(() => Poller(loop).IsSleeping, "The loop does not sleep.");

    private static Task Posted(EventLoop loop)
    {
        var ran = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(ran.SetResult);
        return ran.Task.WaitAsync(Soon);
    }
}
