using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sockeye.Engines;

/// <summary>
/// Brings completed calls' continuations to the thread pool: one queue, drained by one work item, joined by
/// further ones while there is more to do, so that a continuation that blocks holds up no other.
/// </summary>
internal sealed class Completions : IThreadPoolWorkItem
{
    // A drain gives its thread back after this long, as the BCL's does, so that other work gets its turn.
    private static readonly long DrainLimit = Stopwatch.Frequency * 15 / 1000;

    private readonly ConcurrentQueue<AwaitedCall> _queue = new();
    private int _scheduled;

    internal static Completions Pool { get; } = new();

    internal void Enqueue(AwaitedCall call)
    {
        _queue.Enqueue(call);
        Schedule();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // From here on a new arrival schedules another work item; what came before is seen below.
        Volatile.Write(ref _scheduled, 0);
        Interlocked.MemoryBarrier();
        if (!_queue.TryDequeue(out AwaitedCall? call))
        {
            return;
        }

        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (!_queue.IsEmpty)
            {
                Schedule();
            }

            call.RunContinuation();
            if (SynchronizationContext.Current is not null)
            {
                // Left behind by that continuation; the next one must not inherit it.
                SynchronizationContext.SetSynchronizationContext(null);
            }

            if (Stopwatch.GetTimestamp() - start > DrainLimit)
            {
                if (!_queue.IsEmpty)
                {
                    Schedule();
                }

                return;
            }

            if (!_queue.TryDequeue(out call))
            {
                return;
            }
        }
    }

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
