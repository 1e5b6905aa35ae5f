using System.Diagnostics;

namespace Sockeye;

/// <summary>How an <see cref="EventLoop"/> waits, and what it calls when something blocks it.</summary>
public class EventLoopOptions
{
    // A longer spin is a busy loop: it saves no more than the one wake-up that it waits for.
    private static readonly TimeSpan SpinLimitMax = TimeSpan.FromMilliseconds(1);

    // Shorter, and every turn of the garbage collector would be reported.
    private static readonly TimeSpan BlockingLimitMin = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BlockingLimitMax = TimeSpan.FromDays(1);

    /// <summary>Which engine waits for the loop's sockets. Defaults to the best the machine has.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such engine.</exception>
    public EngineKind Engine
    {
        get;
        set => field = value is EngineKind.Default or EngineKind.Epoll or EngineKind.IoUring
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such engine.");
    }

    /// <summary>The clock of the loop's timers. Defaults to the system's.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public TimeProvider Time
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    } = TimeProvider.System;

    /// <summary>
    /// How long the loop polls before it sleeps. For what arrives within that time it saves the wake-up, some 25 µs, and it
    /// costs that much processor time: 20 to 50 µs are worth a try. Defaults to zero: no polling.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than zero or more than 1 ms.</exception>
    public TimeSpan SpinLimit
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, SpinLimitMax);
            field = value;
        }
    }

    /// <summary>
    /// How long one piece of work may keep the loop before <see cref="OnBlocked"/> is called. Checked twice in that time,
    /// by one thread for all loops of the process. Defaults to 100 ms; <see cref="Timeout.InfiniteTimeSpan"/> is never.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 10 ms or more than a day, and not infinite.</exception>
    public TimeSpan BlockingLimit
    {
        get;
        set
        {
            if (value != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(value, BlockingLimitMin);
                ArgumentOutOfRangeException.ThrowIfGreaterThan(value, BlockingLimitMax);
            }

            field = value;
        }
    } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Called with what blocks the loop: once when the limit has passed, and once more when it is over. With null, the
    /// default, nothing is watched.
    /// </summary>
    /// <remarks>
    /// Runs on the watchdog's thread, not the loop's, which is busy; it should be quick, since other loops are watched by the
    /// same thread. An exception it throws ends the process, as on any thread.
    /// </remarks>
    public Action<BlockedHandler>? OnBlocked { get; set; }

    /// <summary>The same in ticks of <see cref="Stopwatch"/>.</summary>
    internal long SpinTicks => (long)(SpinLimit.TotalSeconds * Stopwatch.Frequency);
}
