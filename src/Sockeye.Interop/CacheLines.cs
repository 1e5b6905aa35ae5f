using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sockeye.Interop;

/// <summary>
/// Has the processor fetch what will be needed soon. With a thousand connections what each has is no longer in the cache when its turn
/// comes, and a turn knows whose turns are next.
/// </summary>
/// <remarks>
/// Safety: a prefetch reads nothing that the program sees, and an address that leads nowhere, or to where an object was
/// before it was moved, is ignored. Where there is no such instruction, nothing is done.
/// </remarks>
internal static unsafe class CacheLines
{
    private const int Bytes = 64;

    /// <summary>The first 256 bytes of an object: all of it, mostly.</summary>
    internal static void Fetch(object? item)
    {
        if (Sse.IsSupported)
        {
            byte* start = *(byte**)Unsafe.AsPointer(ref item);
            Sse.Prefetch0(start);
            Sse.Prefetch0(start + Bytes);
            Sse.Prefetch0(start + (2 * Bytes));
            Sse.Prefetch0(start + (3 * Bytes));
        }
    }
}
