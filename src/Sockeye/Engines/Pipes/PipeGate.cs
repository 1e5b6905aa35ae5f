using System.Diagnostics;

namespace Sockeye.Engines.Pipes;

/// <summary>
/// Guards one side of a pipe. On its loop's thread it costs two plain writes, for as long as no other thread has come:
/// the first one that does turns it into a lock for good.
/// </summary>
/// <remarks>
/// The loop's thread writes <c>_inside</c> and then reads <c>_shared</c>, without a barrier; the thread that comes writes
/// <c>_shared</c>, has the kernel put a barrier into every thread (membarrier(2)), and then waits until <c>_inside</c> is
/// false. So one of the two sees the other. What is guarded is short, does not wait, runs no user code and does not nest.
/// </remarks>
internal sealed class PipeGate(RunQueue? loop)
{
    private static readonly Lock Sharing = new();

    private Lock? _lock = loop is null ? new Lock() : null;
    private bool _shared = loop is null;
    private bool _isLock = loop is null;
    private bool _inside;

    internal GateEntry Enter()
    {
        if (!Volatile.Read(ref _shared) && ReferenceEquals(RunQueue.Current, loop))
        {
            Debug.Assert(!_inside, "does not nest");
            Volatile.Write(ref _inside, true);
            if (!Volatile.Read(ref _shared))
            {
                return new GateEntry(this, isLocked: false);
            }

            Volatile.Write(ref _inside, false);
        }

        if (!Volatile.Read(ref _isLock))
        {
            Share();
        }

        _lock!.Enter();
        return new GateEntry(this, isLocked: true);
    }

    private void Share()
    {
        lock (Sharing)
        {
            if (_isLock)
            {
                return;
            }

            _lock = new Lock();
            Volatile.Write(ref _shared, true);
            Interlocked.MemoryBarrierProcessWide();
            var spin = default(SpinWait);
            while (Volatile.Read(ref _inside))
            {
                spin.SpinOnce();
            }

            Volatile.Write(ref _isLock, true);
        }
    }

    /// <summary>Dispose leaves.</summary>
    internal readonly ref struct GateEntry(PipeGate gate, bool isLocked)
    {
        public void Dispose()
        {
            if (isLocked)
            {
                gate._lock!.Exit();
            }
            else
            {
                Volatile.Write(ref gate._inside, false);
            }
        }
    }
}
