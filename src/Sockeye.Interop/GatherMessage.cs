using System.Runtime.CompilerServices;

namespace Sockeye.Interop;

/// <summary>A msghdr and its iovec in one place that never moves: what sendmsg(2) by way of a ring is given.</summary>
/// <remarks>
/// Safety: the block is an array on the pinned object heap; whoever gives the kernel <see cref="Address"/> keeps this
/// object reachable, unchanged, and the memory that it names in place, until the call has completed.
/// </remarks>
internal sealed unsafe class GatherMessage
{
    /// <summary>How many buffers one message gathers. More go with the next; IOV_MAX would be 1,024.</summary>
    internal const int BuffersMax = 64;

    private readonly byte[] _block;
    private readonly MessageHeader* _header;
    private readonly NativeBuffer* _buffers;

    internal GatherMessage()
    {
        _block = GC.AllocateArray<byte>(sizeof(MessageHeader) + (BuffersMax * sizeof(NativeBuffer)), pinned: true);
        _header = (MessageHeader*)Unsafe.AsPointer(ref _block[0]);
        _buffers = (NativeBuffer*)(_header + 1);
        *_header = new MessageHeader { Buffers = _buffers };
    }

    /// <summary>How many buffers it holds.</summary>
    internal int Count => (int)_header->BufferCount;

    /// <summary>How many bytes they have together.</summary>
    internal int Bytes { get; private set; }

    /// <summary>Where the header is.</summary>
    internal ulong Address => (ulong)_header;

    /// <summary>The buffers.</summary>
    internal ReadOnlySpan<NativeBuffer> Buffers => new(_buffers, Count);

    /// <summary>Forgets the buffers.</summary>
    internal void Clear()
    {
        _header->BufferCount = 0;
        Bytes = 0;
    }

    /// <summary>Adds a buffer.</summary>
    /// <returns>False when it is full.</returns>
    internal bool TryAdd(NativeBuffer buffer)
    {
        int count = Count;
        if (count == BuffersMax)
        {
            return false;
        }

        _buffers[count] = buffer;
        _header->BufferCount = (nuint)(count + 1);
        Bytes += (int)buffer.Length;
        return true;
    }
}
