namespace Sockeye.Servers;

/// <summary>
/// Waits with a limit. On a loop with the same clock they are by the loop's own timers: the thread pool may be blocked, and a
/// timer of the runtime's may have to start a thread, of which a process without a free descriptor dies.
/// </summary>
internal static class Waits
{
    /// <summary>Calls <paramref name="action"/> once after <paramref name="delay"/>, unless the timer is disposed before.</summary>
    internal static IDisposable Start(TimeProvider time, TimeSpan delay, Action action) =>
        EventLoop.Current is { } loop && ReferenceEquals(loop.Time, time)
            ? loop.Schedule(delay, action)
            : time.CreateTimer(static state => ((Action)state!)(), action, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Completes after <paramref name="delay"/>, or when the token is canceled, which is no error.</summary>
    internal static async Task DelayAsync(TimeProvider time, TimeSpan delay, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable? timer = delay == Timeout.InfiniteTimeSpan ? null : Start(time, delay, () => done.TrySetResult());
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), done);
        await done.Task;
    }

    /// <summary>Waits for a task, but not for longer. What the task throws is left to whoever awaits it.</summary>
    /// <returns>Whether it has ended.</returns>
    internal static async Task<bool> EndsWithinAsync(Task task, TimeProvider time, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        if (task.IsCompleted)
        {
            return true;
        }

        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable? timer = limit == Timeout.InfiniteTimeSpan ? null : Start(time, limit, () => end.TrySetResult());
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).TrySetResult(), end);
        _ = task.ContinueWith(
            static (_, end) => ((TaskCompletionSource)end!).TrySetResult(),
            end,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        await end.Task;
        return task.IsCompleted;
    }
}
