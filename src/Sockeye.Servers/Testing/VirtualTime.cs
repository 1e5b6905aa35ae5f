namespace Sockeye.Servers.Testing;

/// <summary>A clock that moves only when it is told to, so that a test of hours takes no time and comes out the same each time.</summary>
/// <remarks>
/// Its timers run on the thread that moves it, in the order in which they are due, and each sees the time at which it is due.
/// Hand it to whatever takes a <see cref="TimeProvider"/>.
/// </remarks>
public sealed class VirtualTime : TimeProvider
{
    private readonly DateTimeOffset _start;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(VirtualTimer Timer, int Version), (long Due, long Order)> _timers = new();
    private long _now;
    private long _order;

    /// <summary>A clock that stands at a moment.</summary>
    /// <param name="start">The moment. Defaults to the beginning of the year 2000, UTC.</param>
    public VirtualTime(DateTimeOffset? start = null)
    {
        _start = start ?? new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    }

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How far the clock has moved.</summary>
    public TimeSpan Elapsed => new(Volatile.Read(ref _now));

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + Elapsed;

    /// <inheritdoc/>
    public override long GetTimestamp() => Volatile.Read(ref _now);

    /// <summary>Moves the clock on, and runs the timers that come due on the way.</summary>
    /// <param name="time">How far; 0 runs what is due now.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        long end = Volatile.Read(ref _now) + time.Ticks;
        while (RunNext(end))
        {
        }

        Volatile.Write(ref _now, Math.Max(end, Volatile.Read(ref _now)));
    }

    /// <summary>Moves the clock to the next timer, and runs it.</summary>
    /// <returns>False when there is none.</returns>
    public bool AdvanceToNextTimer() => RunNext(long.MaxValue);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private bool RunNext(long end)
    {
        VirtualTimer timer;
        lock (_gate)
        {
            while (true)
            {
                if (!_timers.TryPeek(out (VirtualTimer Timer, int Version) next, out (long Due, long Order) at) || at.Due > end)
                {
                    return false;
                }

                _timers.Dequeue();
                if (next.Version == next.Timer.Version)
                {
                    _now = Math.Max(_now, at.Due);
                    timer = next.Timer;
                    timer.Rearm();
                    break;
                }
            }
        }

        timer.Run();
        return true;
    }

    private sealed class VirtualTimer(VirtualTime time, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private bool _isDisposed;

        // Another one for each change: what is queued under the one before is void. Under the clock's gate.
        internal int Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                if (_isDisposed)
                {
                    return false;
                }

                Version++;
                _period = period;
                if (dueTime >= TimeSpan.Zero)
                {
                    time._timers.Enqueue((this, Version), (time._now + dueTime.Ticks, time._order++));
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                _isDisposed = true;
                Version++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        // Under the gate.
        internal void Rearm()
        {
            Version++;
            if (_period > TimeSpan.Zero)
            {
                time._timers.Enqueue((this, Version), (time._now + _period.Ticks, time._order++));
            }
        }

        internal void Run() => callback(state);
    }
}
