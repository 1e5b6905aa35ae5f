using System.Runtime.CompilerServices;

namespace Sockeye.Engines;

/// <summary>How the library's own methods await: each await in it that may be on a loop's thread ends in <c>StayOnLoop()</c>.</summary>
/// <remarks>
/// On a loop's thread the await comes back to that loop; elsewhere it needs no particular thread, as with
/// <c>ConfigureAwait(false)</c>. That alone would not do: a task that completes on a loop's thread takes such a continuation to
/// the thread pool, since a synchronization context is current there, and a loop's call would wait for the pool, which may
/// have no thread left. Two kinds of value task go home by themselves, and need no more than <c>ConfigureAwait(false)</c>: an
/// <see cref="AwaitedCall"/>'s, and that of an async method with a pooling builder, which continues where it completes.
/// </remarks>
internal static class LoopAwait
{
    private static bool IsOnLoop => SynchronizationContext.Current is RunQueueContext;

    internal static ConfiguredTaskAwaitable StayOnLoop(this Task task) => task.ConfigureAwait(IsOnLoop);

    internal static ConfiguredTaskAwaitable<T> StayOnLoop<T>(this Task<T> task) => task.ConfigureAwait(IsOnLoop);

    internal static ConfiguredValueTaskAwaitable StayOnLoop(this ValueTask task) => task.ConfigureAwait(IsOnLoop);

    internal static ConfiguredValueTaskAwaitable<T> StayOnLoop<T>(this ValueTask<T> task) => task.ConfigureAwait(IsOnLoop);
}

/// <summary>A timer that needs no thread pool where there is a loop: the runtime's timers fire on the pool.</summary>
internal static class LoopTimer
{
    // The runtime's timers take no more than 49 days.
    private static readonly TimeSpan DueMax = TimeSpan.FromDays(24);

    /// <summary>On a loop's thread, and of its clock, a timer of that loop; else one of the clock's own.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="callback">Runs no user code: on a loop it is called within the engine's turn.</param>
    /// <param name="state">Handed to it.</param>
    /// <param name="due">When; <see cref="Timeout.InfiniteTimeSpan"/> is not until <see cref="ITimer.Change"/>. It fires once.</param>
    internal static ITimer Create(TimeProvider time, TimerCallback callback, object? state, TimeSpan due)
    {
        if (RunQueue.Current is not { } queue || !ReferenceEquals(queue.Engine.Time, time))
        {
            return time.CreateTimer(callback, state, Bounded(due), Timeout.InfiniteTimeSpan);
        }

        var timer = new WheelTimer(queue.Engine, callback, state);
        timer.Change(due, Timeout.InfiniteTimeSpan);
        return timer;
    }

    /// <summary>No more than the runtime's timers take: what waits looks at the clock when it is called.</summary>
    internal static TimeSpan Bounded(TimeSpan due) => due < DueMax ? due : DueMax;

    private sealed class WheelTimer(SocketEngine engine, TimerCallback callback, object? state) : TimerNode, ITimer
    {
        internal override short TimerVersion => 0;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            engine.StopTimer(this);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                engine.StartTimer(this, dueTime);
            }

            return true;
        }

        public void Dispose() => engine.StopTimer(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        internal override void Expire(short version) => callback(state);
    }
}
