using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Engines.Pipes;

/// <summary>
/// Guards one side of a pipe. On its loop's thread it costs two plain writes, for as long as no other thread has come:
/// the first one that does turns it into a lock for good.
/// </summary>
/// <remarks>
/// The loop's thread writes <c>_inside</c> and then reads <c>_shared</c>, without a barrier; the thread that comes writes
/// <c>_shared</c>, has the kernel put a barrier into every thread (membarrier(2)), and then waits until <c>_inside</c> is
/// false. So one of the two sees the other. What is guarded is short, does not wait, runs no user code and does not nest.
/// Leaving it shows a wait that was ended inside. A structure, since an idle pipe should be small: it stays in the field that
/// it was made in.
/// </remarks>
internal struct PipeGate
{
    private static readonly Lock Sharing = new();

    private readonly RunQueue? _loop;
    private Lock? _lock;
    private bool _shared;
    private bool _isLock;
    private bool _inside;

    // Under the gate: the wait was ended, and must be shown on leaving.
    private bool _isEnded;

    internal PipeGate(RunQueue? loop)
    {
        _loop = loop;
        if (loop is null)
        {
            _lock = new Lock();
            _shared = true;
            _isLock = true;
        }
    }

    /// <summary>The loop on whose thread the gate costs nothing; null is none.</summary>
    internal readonly RunQueue? Loop => _loop;

    /// <summary>What the side's calls wait on; null until the first of them waits. The side's own to set.</summary>
    internal PipeWait? Wait { readonly get; set; }

    /// <summary>Ends the wait, if a call waits. Under the gate.</summary>
    internal void EndWait() => _isEnded |= Wait is { } wait && wait.TryEnd();

    [UnscopedRef]
    internal GateEntry Enter()
    {
        if (!Volatile.Read(ref _shared) && ReferenceEquals(RunQueue.Current, _loop))
        {
            Debug.Assert(!_inside, "does not nest");
            Volatile.Write(ref _inside, true);
            if (!Volatile.Read(ref _shared))
            {
                return new GateEntry(ref this, isLocked: false);
            }

            Volatile.Write(ref _inside, false);
        }

        return EnterLock();
    }

    [UnscopedRef]
    private GateEntry EnterLock()
    {
        if (!Volatile.Read(ref _isLock))
        {
            Share();
        }

        _lock!.Enter();
        return new GateEntry(ref this, isLocked: true);
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

    /// <summary>Dispose leaves the gate, and makes the end of the wait visible: user code runs elsewhere or later.</summary>
    internal readonly ref struct GateEntry
    {
        private readonly ref PipeGate _gate;
        private readonly bool _isLocked;

        internal GateEntry(ref PipeGate gate, bool isLocked)
        {
            _gate = ref gate;
            _isLocked = isLocked;
        }

        /// <summary>The calling thread's pool. Without a lock the thread is the loop's.</summary>
        internal PipePool Pool => _isLocked ? PipePool.Of(_gate._loop) : PipePool.OfLoop(_gate._loop!);

        public void Dispose()
        {
            PipeWait? ended = _gate._isEnded ? _gate.Wait : null;
            _gate._isEnded = false;
            if (_isLocked)
            {
                _gate._lock!.Exit();
            }
            else
            {
                Volatile.Write(ref _gate._inside, false);
            }

            ended?.Show();
        }
    }
}
