using System.Diagnostics;

namespace Sockeye.Engines;

/// <summary>What one loop runs now, for the watchdog to see.</summary>
/// <remarks>
/// The loop's thread writes, without a lock or a clock: three plain writes for each piece of work. The watchdog reads, and
/// takes the time itself. Between two of the writes it may see one piece of work's number with the other's name; a number that
/// stands still for the whole limit is nobody's moment between writes.
/// </remarks>
internal sealed class LoopWatch(TimeSpan limit, LoopWatch.Report report)
{
    private object? _handler;
    private object? _state;
    private long _count;

    // The watchdog's own.
    private long _seenCount = -1;
    private long _seenAt;
    private string? _reported;

    /// <summary>Hears of a handler that blocks its loop, or has.</summary>
    internal delegate void Report(string handler, TimeSpan duration, bool hasEnded);

    internal TimeSpan Limit { get; } = limit;

    /// <summary>The loop begins something.</summary>
    internal void Begin(object handler, object? state)
    {
        _state = state;
        _handler = handler;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The loop has nothing more to run this turn.</summary>
    internal void End()
    {
        _state = null;
        Volatile.Write(ref _handler, null);
    }

    /// <summary>On the watchdog's thread.</summary>
    /// <param name="now">A timestamp of <see cref="Stopwatch"/>'s.</param>
    internal void Check(long now)
    {
        long count = Volatile.Read(ref _count);
        object? handler = Volatile.Read(ref _handler);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_seenAt, now);
        if (handler is null || count != _seenCount)
        {
            string? ended = _reported;
            _reported = null;
            _seenCount = handler is null ? -1 : count;
            _seenAt = now;
            if (ended is not null)
            {
                report(ended, elapsed, hasEnded: true);
            }
        }
        else if (_reported is null && elapsed >= Limit)
        {
            _reported = HandlerName.Of(handler, Volatile.Read(ref _state));
            report(_reported, elapsed, hasEnded: false);
        }
    }
}

/// <summary>One thread that looks at all loops of the process that want it; it lives as long as one does.</summary>
internal static class Watchdog
{
    private static readonly object Gate = new();
    private static readonly List<LoopWatch> Watches = [];
    private static Thread? s_thread;

    /// <summary>How many loops are watched. For tests.</summary>
    internal static int Count
    {
        get
        {
            lock (Gate)
            {
                return Watches.Count;
            }
        }
    }

    internal static void Add(LoopWatch watch)
    {
        lock (Gate)
        {
            Watches.Add(watch);
            if (s_thread is not null)
            {
                // It may be waiting for a longer limit's half.
                Monitor.PulseAll(Gate);
                return;
            }

            // The thread must not hold on to whatever context happened to start it.
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                s_thread = new Thread(Run) { IsBackground = true, Name = "sockeye watchdog" };
                s_thread.Start();
            }
        }
    }

    /// <summary>The loop runs no longer. A report that is under way may still come.</summary>
    internal static void Remove(LoopWatch watch)
    {
        lock (Gate)
        {
            Watches.Remove(watch);
            Monitor.PulseAll(Gate);
        }
    }

    private static void Run()
    {
        while (true)
        {
            LoopWatch[] watches;
            lock (Gate)
            {
                if (Watches.Count == 0)
                {
                    s_thread = null;
                    return;
                }

                Monitor.Wait(Gate, Watches.Min(static watch => watch.Limit) / 2);
                watches = [.. Watches];
            }

            long now = Stopwatch.GetTimestamp();
            foreach (LoopWatch watch in watches)
            {
                watch.Check(now);
            }
        }
    }
}
