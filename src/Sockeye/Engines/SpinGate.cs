using System.Diagnostics.CodeAnalysis;

namespace Sockeye.Engines;

/// <summary>A byte that guards a few instructions: half the atomic operations of a monitor, and no object.</summary>
/// <remarks>
/// Whoever finds it held spins, and soon yields. So what is guarded makes no system call, runs no user code, does not wait
/// and does not nest. Not for a copy: a field, never readonly.
/// </remarks>
internal struct SpinGate
{
    private bool _held;

    /// <summary>Enters; Dispose of the returned value leaves.</summary>
    [UnscopedRef]
    internal GateEntry Enter()
    {
        if (Interlocked.CompareExchange(ref _held, true, false))
        {
            Wait(ref _held);
        }

        return new GateEntry(ref _held);
    }

    private static void Wait(ref bool held)
    {
        var spin = default(SpinWait);
        do
        {
            spin.SpinOnce();
        }
        while (Volatile.Read(ref held) || Interlocked.CompareExchange(ref held, true, false));
    }

    /// <summary>Dispose leaves.</summary>
    internal readonly ref struct GateEntry(ref bool held)
    {
        private readonly ref bool _held = ref held;

        public void Dispose() => Volatile.Write(ref _held, false);
    }
}
