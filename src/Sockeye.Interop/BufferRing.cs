using System.Buffers;
using System.Diagnostics;

namespace Sockeye.Interop;

/// <summary>Buffers that the kernel chooses from when data comes: a provided-buffer ring, io_uring_register(2).</summary>
/// <remarks>
/// Safety. The buffers are one mapping, the ring of their descriptions another. The descriptions live until Dispose, the
/// buffers until <see cref="Free"/>, since somebody may still read them. Every index is checked. The ring's own thread
/// gives buffers back; a buffer is the kernel's from <see cref="Give"/> until a completion names it, and the bytes that the
/// completion counts are the program's from then until it gives the buffer back. With incremental consumption
/// (IOU_PBUF_RING_INC, 6.12) one buffer serves many completions, each behind the last.
/// </remarks>
internal sealed unsafe class BufferRing : IDisposable
{
    private readonly int _ring;
    private readonly ushort _group;
    private readonly int _count;
    private readonly int _bufferBytes;

    // Owned: unmapped in Dispose.
    private nint _descriptions;
    private readonly nuint _descriptionsBytes;
    private readonly ProvidedMemory _owner;
    private readonly nint _memory;
    private ushort _tail;

    private BufferRing(int ring, ushort group, int count, int bufferBytes, nint descriptions, nuint descriptionsBytes, nint memory, bool incremental)
    {
        _ring = ring;
        _group = group;
        _count = count;
        _bufferBytes = bufferBytes;
        _descriptions = descriptions;
        _descriptionsBytes = descriptionsBytes;
        _memory = memory;
        _owner = new ProvidedMemory(memory, checked(count * bufferBytes));
        IsIncremental = incremental;
    }

    internal int Count => _count;

    internal int BufferBytes => _bufferBytes;

    internal ushort Group => _group;

    /// <summary>True when the kernel fills one buffer with many receives.</summary>
    internal bool IsIncremental { get; }

    /// <summary>Makes and registers the ring.</summary>
    /// <param name="ring">The ring's descriptor.</param>
    /// <param name="group">The number by which requests name it.</param>
    /// <param name="count">How many buffers: a power of two up to 32,768.</param>
    /// <param name="bufferBytes">The length of each.</param>
    /// <param name="incremental">False asks for whole buffers even where the kernel could share them out.</param>
    /// <param name="made">The buffers; null on failure.</param>
    /// <param name="given">How many are the kernel's from the start.</param>
    /// <returns>0, or the errno.</returns>
    internal static int TryCreate(int ring, ushort group, int count, int bufferBytes, bool incremental, out BufferRing? made, int given = int.MaxValue)
    {
        made = null;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 32_768);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferBytes, 1);
        if ((count & (count - 1)) != 0)
        {
            throw new ArgumentException("A power of two.", nameof(count));
        }

        nuint descriptionsBytes = (nuint)count * (nuint)sizeof(ProvidedBuffer);
        int result = Libc.MapMemory(descriptionsBytes, out nint descriptions);
        if (result < 0)
        {
            return -result;
        }

        result = Libc.MapMemory((nuint)count * (nuint)bufferBytes, out nint memory);
        if (result < 0)
        {
            Libc.Unmap(descriptions, descriptionsBytes);
            return -result;
        }

        result = incremental ? Register(ring, group, count, descriptions, RingConstants.IOU_PBUF_RING_INC) : -Errno.EINVAL;
        if (result == -Errno.EINVAL)
        {
            incremental = false;
            result = Register(ring, group, count, descriptions, flags: 0);
        }

        if (result < 0)
        {
            Libc.Unmap(descriptions, descriptionsBytes);
            Libc.Unmap(memory, (nuint)count * (nuint)bufferBytes);
            return -result;
        }

        made = new BufferRing(ring, group, count, bufferBytes, descriptions, descriptionsBytes, memory, incremental);
        for (int i = 0; i < Math.Min(count, given); i++)
        {
            made.Give(i);
        }

        return 0;
    }

    /// <summary>Gives a buffer to the kernel, whole.</summary>
    internal void Give(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _count);
        ObjectDisposedException.ThrowIf(_descriptions == 0, this);
        ProvidedBuffer* buffer = (ProvidedBuffer*)_descriptions + (_tail & (_count - 1));

        // Not the whole structure: the first one's last field is the tail.
        buffer->Address = (ulong)(_memory + ((nint)id * _bufferBytes));
        buffer->Length = (uint)_bufferBytes;
        buffer->Id = (ushort)id;
        _tail++;
        Volatile.Write(ref ((ProvidedBuffer*)_descriptions)->Reserved, _tail);
    }

    /// <summary>The bytes of a buffer. Valid until the buffer is given back, and never after Dispose.</summary>
    internal Span<byte> Bytes(int id, int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _count);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _bufferBytes - offset);
        ObjectDisposedException.ThrowIf(_descriptions == 0, this);
        return new Span<byte>((byte*)_memory + ((nint)id * _bufferBytes) + offset, length);
    }

    /// <summary>The bytes of a buffer, for those who read them later. They stay mapped until <see cref="Free"/>, also after Dispose.</summary>
    internal Memory<byte> Memory(int id, int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_count, nameof(id));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)_bufferBytes, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_bufferBytes - offset), nameof(length));
        return _owner.Memory.Slice((id * _bufferBytes) + offset, length);
    }

    /// <summary>The bytes of a buffer as the kernel sees them, for a request of whoever holds the buffer until the answer.</summary>
    internal NativeBuffer Native(int id, int offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_count, nameof(id));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)_bufferBytes, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)(_bufferBytes - offset), nameof(length));
        return new NativeBuffer(_memory + ((nint)id * _bufferBytes) + offset, (nuint)length);
    }

    /// <summary>Unmaps the buffers now, after Dispose: none of them is being read.</summary>
    internal void Free()
    {
        Debug.Assert(_descriptions == 0, "the kernel has them no longer");
        ((IDisposable)_owner).Dispose();
    }

    /// <summary>Takes the buffers back. No request that uses them may be in flight.</summary>
    public void Dispose()
    {
        if (_descriptions == 0)
        {
            return;
        }

        var registration = new BufferRingRegistration { Group = _group };

        // Whatever it returns: where a filter forbids the call, the ring's close does the same.
        _ = Libc.RingRegister(_ring, RingConstants.IORING_UNREGISTER_PBUF_RING, &registration, 1);
        Libc.Unmap(_descriptions, _descriptionsBytes);
        _descriptions = 0;
    }

    private static int Register(int ring, ushort group, int count, nint descriptions, ushort flags)
    {
        var registration = new BufferRingRegistration
        {
            Address = (ulong)descriptions,
            Entries = (uint)count,
            Group = group,
            Flags = flags,
        };
        return Libc.RingRegister(ring, RingConstants.IORING_REGISTER_PBUF_RING, &registration, 1);
    }
}

/// <summary>The mapping of a ring's buffers.</summary>
/// <remarks>
/// Safety: Dispose unmaps it, when its owner's count says that nothing reads it any more; a span taken after that throws.
/// There is no finalizer: a span does not keep this object alive. Readers that are never counted out cost the mapping.
/// </remarks>
internal sealed unsafe class ProvidedMemory(nint address, int length) : MemoryManager<byte>
{
    private nint _address = address;

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        return new Span<byte>((byte*)_address, length);
    }

    // Native memory: it does not move.
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length, nameof(elementIndex));
        return new MemoryHandle((byte*)_address + elementIndex, default, this);
    }

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
        nint mapping = Interlocked.Exchange(ref _address, 0);
        if (mapping != 0)
        {
            Libc.Unmap(mapping, (nuint)length);
        }
    }
}
