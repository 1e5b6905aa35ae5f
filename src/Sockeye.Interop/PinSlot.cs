using System.Buffers;
using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>Holds one piece of managed memory after another in place. It keeps its handle in between, since to make one costs more than a pin.</summary>
/// <remarks>
/// Safety: the address holds from <see cref="Pin"/> to the <see cref="Release"/> after it. One thread at a time; a field, never
/// copied. <see cref="Dispose"/> frees the handle, and the slot can be used again.
/// </remarks>
internal struct PinSlot : IDisposable
{
    // Owned: freed in Dispose. What it refers to is an array.
    private PinnedGCHandle<byte[]?> _array;

    // Of memory that is no array: unpinned in Release.
    private MemoryHandle _other;

    /// <summary>Pins <paramref name="memory"/>, and nothing else any longer.</summary>
    /// <returns>Where it is. What a memory's own manager throws passes through.</returns>
    internal unsafe NativeBuffer Pin(ReadOnlyMemory<byte> memory)
    {
        if (!MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment))
        {
            _other = memory.Pin();
            return new NativeBuffer((nint)_other.Pointer, (nuint)memory.Length);
        }

        if (_array.IsAllocated)
        {
            _array.Target = segment.Array;
        }
        else
        {
            _array = new PinnedGCHandle<byte[]?>(segment.Array);
        }

        return new NativeBuffer((nint)GCHandleExtensions.GetAddressOfArrayData(_array!) + segment.Offset, (nuint)segment.Count);
    }

    /// <summary>Lets the memory move again.</summary>
    internal void Release()
    {
        if (_array.IsAllocated)
        {
            _array.Target = null;
        }

        _other.Dispose();
        _other = default;
    }

    /// <summary>Frees the handle.</summary>
    public void Dispose()
    {
        Release();
        _array.Dispose();
    }
}
