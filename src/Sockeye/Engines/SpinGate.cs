using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Engines;

/// <summary>Four bytes that guard a few instructions: half the atomic operations of a monitor, and no object.</summary>
/// <remarks>
/// Whoever finds it held spins, and soon yields. So what is guarded makes no system call, runs no user code, does not wait
/// and does not nest. Not for a copy: a field, never readonly.
/// </remarks>
internal struct SpinGate
{
    private int _held;

    /// <summary>Enters; the answer's Dispose leaves.</summary>
    [UnscopedRef]
    internal Entry Enter()
    {
        if (Interlocked.CompareExchange(ref _held, 1, 0) != 0)
        {
            Wait(ref _held);
        }

        return new Entry(ref _held);
    }

    private static void Wait(ref int held)
    {
        var spin = default(SpinWait);
        do
        {
            spin.SpinOnce();
        }
        while (Volatile.Read(ref held) != 0 || Interlocked.CompareExchange(ref held, 1, 0) != 0);
    }

    /// <summary>Dispose leaves.</summary>
    internal readonly ref struct Entry(ref int held)
    {
        private readonly ref int _held = ref held;

        public void Dispose() => Volatile.Write(ref _held, 0);
    }
}
