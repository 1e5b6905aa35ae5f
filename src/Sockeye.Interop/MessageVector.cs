using System.Runtime.CompilerServices;

namespace Sockeye.Interop;

/// <summary>
/// The memory of many messages, each with a header, a buffer, an address and control data: one block that is allocated
/// once and never moves.
/// </summary>
/// <remarks>
/// Safety: the block is an array on the pinned object heap, so addresses into it hold for as long as this object is
/// reachable; the calls that use them keep it so. A header's own addresses are written by the constructor alone, and
/// its lengths by <see cref="Prepare"/>, which checks them: nothing a caller does can point the kernel elsewhere.
/// </remarks>
internal sealed unsafe class MessageVector
{
    /// <summary>How many bytes more apart buffers are whose size would put all of them into the same few lines of the cache.</summary>
    internal const int Skew = 64;

    private const int Alignment = 16;

    // A first-level cache of 4,096 bytes a way finds room for 32 lines at this distance, and for 8 at four times of it.
    private const int CrowdedStride = 1024;

    private readonly byte[] _block;
    private readonly int _buffers;
    private readonly int _controls;
    private readonly int _addresses;
    private readonly int _bufferStride;
    private readonly int _controlStride;

    internal MessageVector(int capacity, int bufferBytes, int controlBytes)
    {
        Capacity = capacity;
        BufferBytes = bufferBytes;
        ControlBytes = controlBytes;
        _bufferStride = Aligned(bufferBytes);
        _bufferStride += bufferBytes != 0 && _bufferStride % CrowdedStride == 0 && capacity > 1 ? Skew : 0;
        _controlStride = Aligned(controlBytes);
        int vectors = checked(capacity * sizeof(MultipleMessageHeader));
        _addresses = Aligned(checked(vectors + (capacity * sizeof(NativeBuffer))));
        _controls = checked(_addresses + (capacity * SocketConstants.AddressBytesMax));
        _buffers = checked(_controls + (capacity * _controlStride));

        // The pinned heap aligns to 8 bytes, which is what cmsghdr needs.
        _block = GC.AllocateArray<byte>(checked(_buffers + (capacity * _bufferStride)), pinned: true);
        byte* start = (byte*)Unsafe.AsPointer(ref _block[0]);
        for (int i = 0; i < capacity; i++)
        {
            var buffer = (NativeBuffer*)(start + vectors) + i;
            *buffer = new NativeBuffer((nint)(start + _buffers + (i * _bufferStride)), (nuint)bufferBytes);
            ((MultipleMessageHeader*)start)[i].Header = new MessageHeader
            {
                Name = start + _addresses + (i * SocketConstants.AddressBytesMax),
                Buffers = buffer,
                BufferCount = 1,
                Control = start + _controls + (i * _controlStride),
            };
        }
    }

    internal int Capacity { get; }

    internal int BufferBytes { get; }

    internal int ControlBytes { get; }

    /// <summary>The buffer of one message.</summary>
    internal Memory<byte> Buffer(int index) => _block.AsMemory(_buffers + (Checked(index) * _bufferStride), BufferBytes);

    /// <summary>The room for one message's control data.</summary>
    internal Memory<byte> Control(int index) => _block.AsMemory(_controls + (Checked(index) * _controlStride), ControlBytes);

    /// <summary>The room for one message's peer.</summary>
    internal Span<byte> Address(int index) =>
        _block.AsSpan(_addresses + (Checked(index) * SocketConstants.AddressBytesMax), SocketConstants.AddressBytesMax);

    /// <summary>Says how much of a message's rooms the next call may use.</summary>
    internal void Prepare(int index, int bufferBytes, int addressBytes, int controlBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bufferBytes, (uint)BufferBytes, nameof(bufferBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)addressBytes, (uint)SocketConstants.AddressBytesMax, nameof(addressBytes));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)controlBytes, (uint)ControlBytes, nameof(controlBytes));
        MultipleMessageHeader* message = Headers(index, 1);
        *message->Header.Buffers = new NativeBuffer(message->Header.Buffers->Address, (nuint)bufferBytes);
        message->Header.NameLength = (uint)addressBytes;
        message->Header.ControlLength = (nuint)controlBytes;
        message->Header.Flags = 0;
        message->Length = 0;
    }

    /// <summary>What the last call said of one message: how many bytes, and the lengths beside them.</summary>
    internal (int Bytes, MessageLengths Lengths) Result(int index)
    {
        MultipleMessageHeader* message = Headers(index, 1);
        return ((int)Math.Min(message->Length, int.MaxValue), new MessageLengths(
            (int)Math.Min(message->Header.NameLength, SocketConstants.AddressBytesMax),
            (int)Math.Min(message->Header.ControlLength, (nuint)ControlBytes),
            message->Header.Flags));
    }

    /// <summary>Where the headers of some messages begin.</summary>
    internal MultipleMessageHeader* Headers(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Capacity, nameof(count));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)first, (uint)(Capacity - count), nameof(first));
        return (MultipleMessageHeader*)Unsafe.AsPointer(ref _block[0]) + first;
    }

    private static int Aligned(int bytes) => checked(bytes + Alignment - 1) & ~(Alignment - 1);

    private int Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Capacity, nameof(index));
        return index;
    }
}
