namespace Sockeye.Tests.Support;

/// <summary>A clock that stands still until it is told to go on, and the timers that hang on it.</summary>
/// <param name="earlyBy">How long before their time the timers come, as some real clocks' do by a little.</param>
public sealed class ManualTime(TimeSpan earlyBy = default) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    /// <summary>How many timers wait for their time.</summary>
    public int TimerCount
    {
        get
        {
            lock (_gate)
            {
                return _timers.Count(static timer => timer.DueTicks != long.MaxValue);
            }
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Lets time pass, and calls what became due on this thread.</summary>
    public void Advance(TimeSpan by)
    {
        Interlocked.Add(ref _ticks, by.Ticks);
        foreach (ManualTimer timer in TakeDue())
        {
            timer.Fire();
        }
    }

    private List<ManualTimer> TakeDue()
    {
        lock (_gate)
        {
            List<ManualTimer> due = _timers.FindAll(timer => timer.DueTicks <= _ticks + earlyBy.Ticks);
            due.Sort(static (one, other) => one.DueTicks.CompareTo(other.DueTicks));
            foreach (ManualTimer timer in due)
            {
                timer.DueTicks = long.MaxValue;
            }

            return due;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        internal long DueTicks { get; set; } = long.MaxValue;

        internal void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (period != Timeout.InfiniteTimeSpan)
            {
                throw new NotSupportedException("This clock's timers come once.");
            }

            bool fires;
            lock (time._gate)
            {
                DueTicks = dueTime < TimeSpan.Zero ? long.MaxValue : time._ticks + dueTime.Ticks;
                fires = DueTicks <= time._ticks;
                if (fires)
                {
                    DueTicks = long.MaxValue;
                }
            }

            if (fires)
            {
                Fire();
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
