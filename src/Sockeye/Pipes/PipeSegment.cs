using System.Buffers;
using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A run of received bytes that the reader sees where they arrived: in a block, or in one of its engine's buffers.</summary>
/// <remarks>
/// A block of its own goes back with the segment. A shared block and an engine's buffer are counted, on the loop's thread
/// alone: one reference for each segment.
/// </remarks>
internal sealed class PipeSegment : ReadOnlySequenceSegment<byte>, ILoopTenant
{
    private PinnedBlock? _block;
    private bool _isShared;
    private ReceiveBuffers? _buffers;
    private int _buffer;
    private int _start;
    private RunQueue? _loop;

    internal int Length => Memory.Length;

    /// <summary>Where it ends among all bytes that the pipe has received.</summary>
    internal long End => RunningIndex + Memory.Length;

    /// <summary>True when others wait for what it holds: an engine's buffer.</summary>
    internal bool IsBorrowed => _buffers is not null;

    /// <summary>The segment behind this one.</summary>
    internal PipeSegment? Following
    {
        get => (PipeSegment?)Next;
        set => Next = value;
    }

    /// <summary>Bytes in a block. A shared block's reference is the segment's from now on.</summary>
    internal PipeSegment Of(PinnedBlock block, bool isShared, int start, int length, long position, RunQueue? loop)
    {
        _block = block;
        _isShared = isShared;
        _start = start;
        _loop = loop;
        Memory = block.Memory.Slice(start, length);
        RunningIndex = position;
        return this;
    }

    /// <summary>Bytes in an engine's buffer, with a reference to it.</summary>
    internal PipeSegment Of(ReceiveBuffers buffers, int buffer, int start, int length, long position)
    {
        _buffers = buffers;
        _buffer = buffer;
        _start = start;
        _loop = buffers.Home;
        Memory = buffers.Memory(buffer, start, length);
        RunningIndex = position;
        return this;
    }

    /// <summary>Takes bytes that came right behind its own.</summary>
    /// <returns>False when they are elsewhere.</returns>
    internal bool TryExtend(PinnedBlock block, int start, int length)
    {
        if (!ReferenceEquals(block, _block) || _start + Length != start)
        {
            return false;
        }

        Memory = block.Memory.Slice(_start, Length + length);
        return true;
    }

    /// <summary>Takes bytes that came right behind its own.</summary>
    /// <returns>False when they are elsewhere.</returns>
    internal bool TryExtend(ReceiveBuffers buffers, int buffer, int start, int length)
    {
        if (!ReferenceEquals(buffers, _buffers) || _buffer != buffer || _start + Length != start)
        {
            return false;
        }

        Memory = buffers.Memory(buffer, _start, Length + length);
        return true;
    }

    /// <summary>Copies bytes behind its own, if its block is its own and has room.</summary>
    internal bool TryAppend(ReadOnlySpan<byte> bytes)
    {
        if (_block is null || _isShared || _start + Length + bytes.Length > _block.Length)
        {
            return false;
        }

        bytes.CopyTo(_block.Span(_start + Length, bytes.Length));
        Memory = _block.Memory.Slice(_start, Length + bytes.Length);
        return true;
    }

    /// <summary>Its bytes from <paramref name="start"/> on, as the kernel sees them.</summary>
    internal NativeBuffer Native(int start, int length) => _buffers is { } buffers
        ? buffers.Native(_buffer, _start + start, length)
        : _block!.Native(_start + start, length);

    /// <summary>Another segment over some of the same bytes, which holds them as this one does.</summary>
    /// <param name="pool">The calling thread's pool, as a pipe has it that would keep them.</param>
    /// <param name="start">Where in this segment they begin.</param>
    /// <param name="length">How many.</param>
    /// <returns>Null when they are to be copied: this segment alone has them, another loop counts them, or buffers are short.</returns>
    internal PipeSegment? TryShare(PipePool pool, int start, int length)
    {
        if (_loop is not { } loop || !ReferenceEquals(RunQueue.Current, loop) || ReferenceEquals(pool, PipePool.Shared))
        {
            return null;
        }

        if (_buffers is { IsShort: false } buffers)
        {
            buffers.Hold(_buffer);
            return pool.RentSegment().Of(buffers, _buffer, _start + start, length, position: 0);
        }

        if (!_isShared)
        {
            return null;
        }

        _block!.References++;
        return pool.RentSegment().Of(_block, isShared: true, _start + start, length, position: 0, loop);
    }

    /// <summary>Its release was to be counted on the loop. Nobody counts there now, so any thread may, one at a time.</summary>
    void ILoopTenant.LoopEnded()
    {
        if (_buffers is { } buffers)
        {
            lock (buffers)
            {
                buffers.Release(_buffer);
            }
        }
    }

    /// <summary>Gives back what it holds, and itself.</summary>
    internal void Release(PipePool pool)
    {
        if (_loop is { } loop && (_buffers is not null || _isShared) && !ReferenceEquals(RunQueue.Current, loop))
        {
            loop.Post(static segment => ((PipeSegment)segment!).Release(PipePool.Here), this);
            return;
        }

        if (_buffers is not null)
        {
            _buffers.Release(_buffer);
        }
        else if (_isShared)
        {
            pool.Release(_block!);
        }
        else
        {
            Debug.Assert(_block is not null, "it holds something");
            pool.Put(_block);
        }

        _block = null;
        _buffers = null;
        _loop = null;
        _isShared = false;
        Memory = default;
        RunningIndex = 0;
        Next = null;
        pool.Return(this);
    }
}
