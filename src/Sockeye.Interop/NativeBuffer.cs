using System.Buffers;
using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>Memory as the kernel sees it, an address and a length: struct iovec, &lt;sys/uio.h&gt;.</summary>
/// <remarks>Safety: whoever makes one keeps the memory pinned or allocated until the last call that uses it has returned.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct NativeBuffer(nint address, nuint length)
{
    internal readonly nint Address = address;
    internal readonly nuint Length = length;

    /// <summary>Allocates zeroed native memory; <see cref="Free"/> gives it back.</summary>
    internal static unsafe NativeBuffer Allocate(int bytes) =>
        new((nint)NativeMemory.AllocZeroed((nuint)bytes), (nuint)bytes);

    /// <summary>Frees memory that <see cref="Allocate"/> made.</summary>
    internal unsafe void Free() => NativeMemory.Free((void*)Address);
}

/// <summary>Managed memory held in place while the kernel may touch it.</summary>
internal struct PinnedMemory : IDisposable
{
    // Owned: unpins in Dispose.
    private MemoryHandle _pin;

    private PinnedMemory(MemoryHandle pin, NativeBuffer buffer)
    {
        _pin = pin;
        Buffer = buffer;
    }

    /// <summary>The pinned bytes. Valid until <see cref="Dispose"/>.</summary>
    internal NativeBuffer Buffer { get; }

    /// <summary>Pins <paramref name="memory"/>.</summary>
    internal static unsafe PinnedMemory Pin(ReadOnlyMemory<byte> memory)
    {
        MemoryHandle pin = memory.Pin();
        return new PinnedMemory(pin, new NativeBuffer((nint)pin.Pointer, (nuint)memory.Length));
    }

    /// <summary>Lets the memory move again.</summary>
    public void Dispose() => _pin.Dispose();
}
