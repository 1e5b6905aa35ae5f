using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A pipe's reading side.</summary>
/// <remarks>
/// Positions count all bytes that were received, so that a segment's bounds, what was consumed and what was examined
/// are compared as numbers. All fields change under the gate.
/// </remarks>
internal sealed class PipeInput : PipeReader
{
    // What a reader leaves behind is copied up to this length, so that half a line does not hold a large buffer.
    private const int CopiedBytesMax = PipePool.SmallBytes;

    private readonly SocketPipe _pipe;
    private readonly RunQueue? _loop;
    private readonly ReadWait _wait;
    private readonly long _highWater;
    private readonly long _lowWater;

    // What was received and not consumed; owned until it is.
    private PipeSegment? _head;
    private PipeSegment? _tail;
    private long _consumed;
    private long _examined;
    private long _received;

    // A receive is under way, or the driver looks for one.
    private bool _isReceiving;
    private bool _isPaused;
    private bool _isReading;
    private bool _isCanceled;
    private bool _isCompleted;
    private bool _isEnded;
    private int _errno;

    internal PipeInput(SocketPipe pipe, RunQueue? loop, SocketPipeOptions options)
    {
        _pipe = pipe;
        _loop = loop;
        _wait = new ReadWait(this, loop, pipe.Core.Engine);
        _highWater = options.ReceiveHighWaterMark;
        _lowWater = options.ReceiveLowWaterMark;
    }

    /// <summary>How many bytes were received and are not consumed.</summary>
    internal long Held => Volatile.Read(ref _received) - Volatile.Read(ref _consumed);

    /// <summary>How many bytes may come before the reader is behind; at least one, or 0 when nothing is to be received any more. On the loop's thread, before a receive.</summary>
    internal int Room
    {
        get
        {
            using (_wait.Enter())
            {
                return _isEnded || _errno != 0 ? 0 : (int)Math.Max(_highWater - Unexamined, 1);
            }
        }
    }

    private long Unexamined => _received - _examined;

    private bool IsReady => _received > _examined || _isCanceled || _isEnded || _errno != 0;

    public override bool TryRead(out ReadResult result)
    {
        bool start;
        using (_wait.Enter())
        {
            Check();
            start = !IsReady && ClaimReceive();
            if (IsReady)
            {
                result = Take();
                return true;
            }
        }

        if (start)
        {
            _pipe.Driver.StartReceive();
            using (_wait.Enter())
            {
                if (IsReady)
                {
                    result = Take();
                    return true;
                }
            }
        }

        result = default;
        return false;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        }

        TimeSpan? limit = _pipe.Core.AsyncLimit;
        bool isPlain = limit is null && !cancellationToken.CanBeCanceled;
        bool start;
        using (_wait.Enter())
        {
            Check();
            if (IsReady)
            {
                return TakeOrFail();
            }

            start = ClaimReceive();
            if (!start && isPlain)
            {
                _wait.Start();
                return new ValueTask<ReadResult>(_wait, _wait.Version);
            }
        }

        if (start)
        {
            _pipe.Driver.StartReceive();
        }

        // The token and the timer first: if one of them ends before the wait began, the note is found below.
        if (!isPlain)
        {
            _wait.Arm(limit, cancellationToken);
        }

        ValueTask<ReadResult> task;
        using (_wait.Enter())
        {
            if (IsReady && isPlain && _loop?.SpendBudgetHere() != false)
            {
                return TakeOrFail();
            }

            // Ready at once too often in a row, or with a token to take back: it completes like one that waited.
            _wait.Start();
            task = new ValueTask<ReadResult>(_wait, _wait.Version);
            if (IsReady || _wait.Errno != 0)
            {
                _wait.End();
            }
        }

        return task;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        bool resume;
        using (_wait.Enter())
        {
            if (_isCompleted)
            {
                throw new InvalidOperationException("Reading is over: the reader was completed.");
            }

            if (!_isReading)
            {
                throw new InvalidOperationException("There is no read to advance: AdvanceTo follows each read once.");
            }

            _isReading = false;
            if (consumed.GetObject() is PipeSegment first && examined.GetObject() is PipeSegment last)
            {
                long upTo = first.RunningIndex + consumed.GetInteger();
                long seen = last.RunningIndex + examined.GetInteger();
                if (upTo < _consumed || seen < upTo || seen > _received)
                {
                    throw new InvalidOperationException("The positions are not of the last read's buffer, or examined is before consumed.");
                }

                _examined = seen;
                Consume(upTo);
            }

            resume = _isPaused && Unexamined <= _lowWater && !_isEnded && _errno == 0;
            if (resume)
            {
                _isPaused = false;
                _isReceiving = true;
            }
        }

        if (resume)
        {
            _pipe.Driver.StartReceive();
        }
    }

    public override void CancelPendingRead()
    {
        using (_wait.Enter())
        {
            _isCanceled = true;
            _wait.End();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        bool stop;
        using (_wait.Enter())
        {
            if (_isCompleted)
            {
                return;
            }

            _isCompleted = true;
            _isReading = false;
            stop = _isReceiving;
            Drop();
            _isCanceled = true;
            _wait.End();
        }

        if (stop)
        {
            _pipe.Driver.StopReceive();
        }
    }

    /// <summary>Bytes came into a block; with it comes its reference, or a reference to it when it is shared.</summary>
    internal void Received(PinnedBlock block, bool isShared, int start, int length)
    {
        using (_wait.Enter())
        {
            PipePool pool = PipePool.Of(_loop);
            _isReceiving = false;
            if (_isCompleted || _tail?.TryExtend(block, start, length) == true)
            {
                Discard(pool, block, isShared);
            }
            else
            {
                Append(pool.RentSegment().Of(block, isShared, start, length, _received, isShared ? _loop : null));
            }

            _received += length;
            if (IsReady)
            {
                _wait.End();
            }
        }
    }

    /// <summary>The engine brought bytes in one of its buffers. On the loop's thread.</summary>
    /// <param name="buffers">The engine's buffers.</param>
    /// <param name="buffer">Which.</param>
    /// <param name="start">Where in it.</param>
    /// <param name="length">How many.</param>
    /// <param name="more">The receive goes on.</param>
    /// <returns>False when no more should be received: the reader is behind or gone.</returns>
    internal bool Received(ReceiveBuffers buffers, int buffer, int start, int length, bool more)
    {
        bool goOn;
        using (_wait.Enter())
        {
            if (!_isCompleted)
            {
                Keep(buffers, buffer, start, length);
            }

            _received += length;
            goOn = !_isCompleted && Unexamined < _highWater;
            _isPaused |= !goOn;
            _isReceiving = more || goOn;
            _wait.End();
        }

        return goOn;
    }

    /// <summary>The engine's receive is over although nothing ended: it was cancelled, or has to be made again.</summary>
    /// <returns>True when another is wanted, and claimed.</returns>
    internal bool Interrupted()
    {
        using (_wait.Enter())
        {
            _isReceiving = !_isPaused && !_isCompleted && !_isEnded && _errno == 0;
            return _isReceiving;
        }
    }

    /// <summary>
    /// Gives back what was received, for a pipe that nothing refers to: on the finalizer's thread, without the gate, since
    /// no other thread can enter. Not during a read: its bytes may still be in use by code that has let go of the pipe.
    /// </summary>
    internal void Abandon()
    {
        if (!_isReading)
        {
            Drop();
        }
    }

    /// <summary>Nothing more will come.</summary>
    /// <param name="errno">0 at the end of the stream.</param>
    internal void Ended(int errno)
    {
        using (_wait.Enter())
        {
            _isReceiving = false;
            _isEnded |= errno == 0;
            if (_errno == 0 && !_isEnded)
            {
                _errno = errno;
            }

            _wait.End();
        }
    }

    // The reader's bytes are where the kernel put them, unless buffers are short: then they are copied, and the buffer is
    // free for others at once.
    private void Keep(ReceiveBuffers buffers, int buffer, int start, int length)
    {
        if (_tail?.TryExtend(buffers, buffer, start, length) == true)
        {
            return;
        }

        if (!buffers.IsShort)
        {
            buffers.Hold(buffer);
            Append(PipePool.OfLoop(_loop!).RentSegment().Of(buffers, buffer, start, length, _received));
            return;
        }

        Copy(buffers.Bytes(buffer, start, length), _received);
    }

    private void Copy(ReadOnlySpan<byte> bytes, long position)
    {
        PipePool pool = PipePool.Of(_loop);
        while (!bytes.IsEmpty)
        {
            if (_tail?.TryAppend(bytes) == true)
            {
                return;
            }

            PinnedBlock block = pool.RentBlock(Math.Min(bytes.Length, PipePool.LargeBytes));
            int part = Math.Min(bytes.Length, block.Length);
            bytes[..part].CopyTo(block.Span(0, part));
            Append(pool.RentSegment().Of(block, isShared: false, 0, part, position, loop: null));
            bytes = bytes[part..];
            position += part;
        }
    }

    private static void Discard(PipePool pool, PinnedBlock block, bool isShared)
    {
        if (isShared)
        {
            pool.Release(block);
        }
        else
        {
            pool.Put(block);
        }
    }

    private void Append(PipeSegment segment)
    {
        if (_tail is null)
        {
            _head = segment;
        }
        else
        {
            _tail.Following = segment;
        }

        _tail = segment;
    }

    private void Consume(long upTo)
    {
        PipePool pool = PipePool.Of(_loop);
        Volatile.Write(ref _consumed, upTo);
        while (_head is { } segment && segment.End <= upTo)
        {
            _head = segment.Following;
            segment.Release(pool);
        }

        if (_head is null)
        {
            _tail = null;
        }
        else if (_tail!.IsBorrowed && _received - upTo <= CopiedBytesMax)
        {
            CopyRest(pool, upTo);
        }
    }

    private void CopyRest(PipePool pool, long upTo)
    {
        PipeSegment? segment = _head;
        PinnedBlock block = pool.RentBlock(CopiedBytesMax);
        int length = 0;
        while (segment is not null)
        {
            int skip = (int)Math.Max(0, upTo - segment.RunningIndex);
            ReadOnlySpan<byte> bytes = segment.Memory.Span[skip..];
            bytes.CopyTo(block.Span(length, bytes.Length));
            length += bytes.Length;
            PipeSegment? next = segment.Following;
            segment.Release(pool);
            segment = next;
        }

        _head = _tail = pool.RentSegment().Of(block, isShared: false, 0, length, upTo, loop: null);
    }

    private void Drop()
    {
        PipePool pool = PipePool.Of(_loop);
        while (_head is { } segment)
        {
            _head = segment.Following;
            segment.Release(pool);
        }

        _tail = null;
        _consumed = _received;
        _examined = _received;
    }

    private bool ClaimReceive() => !_isReceiving && !_isPaused && (_isReceiving = true);

    private void Check()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
        }

        if (_isReading)
        {
            throw new InvalidOperationException("The last read is not over: call AdvanceTo first.");
        }

        if (_wait.IsTaken)
        {
            throw new InvalidOperationException("A read is under way; one at a time.");
        }
    }

    private ReadResult Take()
    {
        if (_errno != 0 && _received <= _examined && !_isCanceled)
        {
            throw _pipe.Error("receive", _errno);
        }

        bool isCanceled = _isCanceled;
        _isCanceled = false;
        _isReading = true;
        ReadOnlySequence<byte> buffer = default;
        if (_head is not null)
        {
            buffer = new ReadOnlySequence<byte>(_head, (int)(_consumed - _head.RunningIndex), _tail!, _tail!.Length);
        }

        return new ReadResult(buffer, isCanceled, _isEnded);
    }

    private ValueTask<ReadResult> TakeOrFail()
    {
        try
        {
            return new ValueTask<ReadResult>(Take());
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            return ValueTask.FromException<ReadResult>(exception);
        }
    }

    private sealed class ReadWait(PipeInput input, RunQueue? loop, SocketEngine engine) : PipeWait(loop, engine), IValueTaskSource<ReadResult>
    {
        public ReadResult GetResult(short token)
        {
            CheckShown(token);
            CancellationToken canceled = Token;
            int errno = Errno;
            using (Enter())
            {
                Recycle();
                if (errno == 0 || HasResult)
                {
                    if (input._isCompleted)
                    {
                        return new ReadResult(default, isCanceled: true, isCompleted: true);
                    }

                    // What came between the end of the wait and now is in it.
                    return input.Take();
                }
            }

            throw errno == Interop.Errno.ECANCELED && canceled.IsCancellationRequested
                ? new OperationCanceledException(canceled)
                : input._pipe.Error("receive", errno);
        }

        private protected override bool HasResult => input._received > input._examined;
    }
}
