using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>A block of bytes that never moves: its address may be given to the kernel without pinning it each time.</summary>
/// <remarks>
/// Safety: the array is on the pinned object heap, so its address holds for as long as it is reachable. Whoever gives the
/// kernel an address keeps the block reachable, and unused, until the kernel is done with it.
/// </remarks>
internal sealed unsafe class PinnedBlock
{
    private readonly byte[] _bytes;
    private readonly nint _address;

    internal PinnedBlock(int length)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        _address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_bytes));
        Memory = MemoryMarshal.CreateFromPinnedArray(_bytes, 0, length);
    }

    internal int Length => _bytes.Length;

    /// <summary>All of it; pinning this costs nothing.</summary>
    internal Memory<byte> Memory { get; }

    /// <summary>How many hold it. The pools' own: at 0 it goes back.</summary>
    internal int References { get; set; }

    /// <summary>A part of it.</summary>
    internal Span<byte> Span(int start, int length) => _bytes.AsSpan(start, length);

    /// <summary>A part of it, as the kernel sees it.</summary>
    internal NativeBuffer Native(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)_bytes.Length, nameof(start));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_bytes.Length - start), nameof(length));
        return new NativeBuffer(_address + start, (nuint)length);
    }
}
