using System.Buffers;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>A list of segments as the kernel's iovec, pinned for one call.</summary>
internal ref struct BufferVector : IDisposable
{
    /// <summary>IOV_MAX: one call takes no more (readv(2)). Further segments go with the next call.</summary>
    internal const int BuffersMax = 1024;

    private readonly PinnedMemory[] _pins;
    private readonly NativeBuffer[] _buffers;
    private readonly int _room;
    private int _count;

    /// <summary>Pins the segments, without their first <paramref name="skip"/> bytes.</summary>
    internal BufferVector(IList<ArraySegment<byte>> segments, int skip = 0)
        : this(Math.Min(segments.Count, BuffersMax))
    {
        try
        {
            for (int i = 0; i < segments.Count && !IsPartial; i++)
            {
                Add((ReadOnlyMemory<byte>)segments[i], ref skip);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Pins <paramref name="first"/> and then <paramref name="rest"/>, without their first <paramref name="skip"/> bytes together.</summary>
    internal BufferVector(ReadOnlyMemory<byte> first, in ReadOnlySequence<byte> rest, int skip)
        : this(BuffersMax)
    {
        try
        {
            Add(first, ref skip);
            foreach (ReadOnlyMemory<byte> segment in rest)
            {
                if (IsPartial)
                {
                    break;
                }

                Add(segment, ref skip);
            }
        }
        catch
        {
            // The caller's memory may refuse to be pinned; what was pinned before it must not stay so.
            Dispose();
            throw;
        }
    }

    private BufferVector(int room)
    {
        _room = room;
        _pins = ArrayPool<PinnedMemory>.Shared.Rent(room);
        _buffers = ArrayPool<NativeBuffer>.Shared.Rent(room);
    }

    /// <summary>The segments that hold anything.</summary>
    internal readonly ReadOnlySpan<NativeBuffer> Buffers => _buffers.AsSpan(0, _count);

    /// <summary>True when there are more segments than one call takes.</summary>
    internal bool IsPartial { get; private set; }

    /// <summary>How many bytes they have together.</summary>
    internal int Length { get; private set; }

    /// <summary>How many bytes a list of segments has together. By index: an enumerator would be allocated.</summary>
    /// <exception cref="OverflowException">More than an int counts: the list has changed since it was checked.</exception>
    internal static int Total(IList<ArraySegment<byte>> segments)
    {
        int total = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            total = checked(total + segments[i].Count);
        }

        return total;
    }

    public readonly void Dispose()
    {
        for (int i = 0; i < _count; i++)
        {
            _pins[i].Dispose();
        }

        Array.Clear(_pins, 0, _count);
        ArrayPool<PinnedMemory>.Shared.Return(_pins);
        ArrayPool<NativeBuffer>.Shared.Return(_buffers);
    }

    private void Add(ReadOnlyMemory<byte> segment, ref int skip)
    {
        int skipped = Math.Min(skip, segment.Length);
        skip -= skipped;
        if (segment.Length == skipped)
        {
            return;
        }

        if (_count == _room)
        {
            IsPartial = true;
            return;
        }

        PinnedMemory pin = PinnedMemory.Pin(segment[skipped..]);
        _pins[_count] = pin;
        _buffers[_count] = pin.Buffer;
        _count++;
        Length += segment.Length - skipped;
    }
}
