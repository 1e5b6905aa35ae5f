using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A pipe's reading side. How the bytes come is the derived class's: by a ring's requests, or by calls and waits.</summary>
/// <remarks>
/// Positions count all bytes that were received, so that a segment's bounds, what was consumed and what was examined
/// are compared as numbers. All fields change under the gate. One receive is under way at a time: it is claimed under the
/// gate, and <see cref="StartReceive"/> is called outside of it. Its ends come back to
/// <see cref="Received(PinnedBlock, bool, int, int)"/> and <see cref="Ended"/>.
/// </remarks>
internal abstract class PipeInput : PipeReader
{
    // What a reader leaves behind is copied up to this length, so that half a line does not hold a large buffer.
    private const int CopiedBytesMax = PipePool.SmallBytes;

    private readonly SocketPipe _pipe;
    private readonly PipeBounds _bounds;
    private PipeGate _gate;

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

    private protected PipeInput(SocketPipe pipe, PipeBounds bounds, RunQueue? loop)
    {
        _pipe = pipe;
        _bounds = bounds;
        _gate = new PipeGate(loop);
    }

    internal SocketPipe Pipe => _pipe;

    internal PipeBounds Bounds => _bounds;

    /// <summary>The loop that moves the bytes; null is none.</summary>
    internal RunQueue? Loop => _gate.Loop;

    /// <summary>The peer has ended the stream, and all that it sent has come.</summary>
    internal bool HasEnded => Volatile.Read(ref _isEnded);

    /// <summary>Has the next bytes received. The caller has claimed the receive.</summary>
    internal abstract void StartReceive();

    /// <summary>Has no more received than is under way, because the reader is behind or gone.</summary>
    internal abstract void StopReceive();

    /// <summary>The socket closes, or the pipe leaves it open and goes: what is under way ends.</summary>
    internal abstract void Close();

    /// <summary>Ends when nothing is under way any longer, after <see cref="Close"/>.</summary>
    internal abstract ValueTask EndAsync();

    /// <summary>How many bytes were received and are not consumed.</summary>
    internal long Held => Volatile.Read(ref _received) - Volatile.Read(ref _consumed);

    /// <summary>How many bytes were received in all.</summary>
    internal long ReceivedTotal => Volatile.Read(ref _received);

    /// <summary>How many bytes may come before the reader is behind; at least one, or 0 when nothing is to be received any more. On the loop's thread, before a receive.</summary>
    internal int Room
    {
        get
        {
            using (_gate.Enter())
            {
                return _isEnded || _errno != 0 ? 0 : (int)Math.Max(_bounds.ReceiveHigh - Unexamined, 1);
            }
        }
    }

    private long Unexamined => _received - _examined;

    private bool IsReady => _received > _examined || _isCanceled || _isEnded || _errno != 0;

    public override bool TryRead(out ReadResult result)
    {
        bool start;
        using (_gate.Enter())
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
            StartReceive();
            using (_gate.Enter())
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

        TimeSpan? limit = _pipe.Limit;
        bool isPlain = limit is null && !cancellationToken.CanBeCanceled;
        bool start;
        using (_gate.Enter())
        {
            Check();
            if (IsReady)
            {
                return TakeOrFail();
            }

            start = ClaimReceive();
            if (!start && isPlain)
            {
                return Wait();
            }
        }

        if (start)
        {
            StartReceive();
        }

        // The token and the timer first: if one of them ends before the wait began, the note is found below.
        if (!isPlain)
        {
            MakeWait().Arm(limit, cancellationToken);
        }

        ValueTask<ReadResult> task;
        using (_gate.Enter())
        {
            if (IsReady && isPlain && Loop?.SpendBudgetHere() != false)
            {
                return TakeOrFail();
            }

            // Ready at once too often in a row, or with a token to take back: it is told like one that waited.
            task = Wait();
            if (IsReady || _gate.Wait!.Errno != 0)
            {
                _gate.EndWait();
            }
        }

        return task;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        bool resume;
        using (PipeGate.GateEntry entry = _gate.Enter())
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
                Consume(entry.Pool, upTo);
            }

            resume = _isPaused && Unexamined <= _bounds.ReceiveLow && !_isEnded && _errno == 0;
            if (resume)
            {
                _isPaused = false;
                _isReceiving = true;
            }
        }

        if (resume)
        {
            StartReceive();
        }
    }

    public override void CancelPendingRead()
    {
        using (_gate.Enter())
        {
            _isCanceled = true;
            _gate.EndWait();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        bool stop;
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            if (_isCompleted)
            {
                return;
            }

            _isCompleted = true;
            _isReading = false;
            stop = _isReceiving;
            Drop(entry.Pool);
            _isCanceled = true;
            _gate.EndWait();
        }

        if (stop)
        {
            StopReceive();
        }
    }

    /// <summary>Bytes came into a block; with it comes its reference, or a reference to it when it is shared.</summary>
    internal void Received(PinnedBlock block, bool isShared, int start, int length)
    {
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            PipePool pool = entry.Pool;
            _isReceiving = false;
            if (_isCompleted || _tail?.TryExtend(block, start, length) == true)
            {
                Discard(pool, block, isShared);
            }
            else
            {
                Append(pool.RentSegment().Of(block, isShared, start, length, _received, isShared ? Loop : null));
            }

            _received += length;
            if (IsReady)
            {
                _gate.EndWait();
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
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            if (!_isCompleted)
            {
                Keep(entry.Pool, buffers, buffer, start, length);
            }

            _received += length;
            goOn = !_isCompleted && Unexamined < _bounds.ReceiveHigh;
            _isPaused |= !goOn;
            _isReceiving = more || goOn;
            _gate.EndWait();
        }

        return goOn;
    }

    /// <summary>The engine's receive is over although nothing ended: it was taken back, or has to be made anew.</summary>
    /// <returns>True when another is wanted, and claimed.</returns>
    internal bool Interrupted()
    {
        using (_gate.Enter())
        {
            _isReceiving = !_isPaused && !_isCompleted && !_isEnded && _errno == 0;
            return _isReceiving;
        }
    }

    /// <summary>
    /// Gives back what was received, for a pipe that nobody refers to: on the finalizer's thread, without the gate, since
    /// nobody else can come. Except during a read: its bytes may be looked at by somebody who has let go of the pipe.
    /// </summary>
    internal void Abandon()
    {
        if (!_isReading)
        {
            Drop(PipePool.Of(Loop));
        }
    }

    /// <summary>Nothing more will come.</summary>
    /// <param name="errno">0 at the end of the stream.</param>
    internal void Ended(int errno)
    {
        using (_gate.Enter())
        {
            _isReceiving = false;
            _isEnded |= errno == 0;
            if (_errno == 0 && !_isEnded)
            {
                _errno = errno;
            }

            _gate.EndWait();
        }
    }

    // The reader's bytes are where the kernel put them, unless buffers are short: then they are copied, and the buffer is
    // free for others at once.
    private void Keep(PipePool pool, ReceiveBuffers buffers, int buffer, int start, int length)
    {
        if (_tail?.TryExtend(buffers, buffer, start, length) == true)
        {
            return;
        }

        if (!buffers.IsShort)
        {
            buffers.Hold(buffer);
            Append(pool.RentSegment().Of(buffers, buffer, start, length, _received));
            return;
        }

        Copy(pool, buffers.Bytes(buffer, start, length), _received);
    }

    private void Copy(PipePool pool, ReadOnlySpan<byte> bytes, long position)
    {
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

    private void Consume(PipePool pool, long upTo)
    {
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

    private void Drop(PipePool pool)
    {
        while (_head is { } segment)
        {
            _head = segment.Following;
            segment.Release(pool);
        }

        _tail = null;
        _consumed = _received;
        _examined = _received;
    }

    // Also by a call that is about to wait, outside the gate: there is one reader.
    private ReadWait MakeWait() => (ReadWait)(_gate.Wait ??= new ReadWait(this));

    private ValueTask<ReadResult> Wait()
    {
        ReadWait wait = MakeWait();
        wait.Start();
        return new ValueTask<ReadResult>(wait, wait.Version);
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

        if (_gate.Wait is { IsTaken: true })
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

    private sealed class ReadWait(PipeInput input) : PipeWait, IValueTaskSource<ReadResult>
    {
        private protected override SocketEngine Engine => input._pipe.Core.Engine;

        private protected override ref PipeGate Gate => ref input._gate;

        private protected override bool HasResult => input._received > input._examined;

        public ReadResult GetResult(short token)
        {
            CheckShown(token);
            CancellationToken canceled = Token;
            int errno = Errno;
            using (input._gate.Enter())
            {
                Recycle();
                if (errno == 0 || input._received > input._examined)
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
    }
}
