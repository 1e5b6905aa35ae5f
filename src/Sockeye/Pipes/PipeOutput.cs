using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A pipe's writing side.</summary>
/// <remarks>
/// What is written and not flushed is the writer's, and touched by its thread alone: the pieces from <c>_fresh</c> on and
/// <c>_block</c>. A flush moves it, under the gate, to the queue of what is sent. The queue is a run of bytes: what is in
/// flight is its beginning, and an end that is not yet in flight may still grow in its block.
/// </remarks>
internal sealed class PipeOutput : PipeWriter
{
    // Up to this length shared bytes are copied beside the neighbours; beyond, the block itself is sent.
    private const int CopiedBytesMax = 1024;

    private readonly SocketPipe _pipe;
    private readonly RunQueue? _loop;
    private readonly FlushWait _wait;
    private readonly long _highWater;
    private readonly long _lowWater;

    // The writer's.
    private SendPiece? _freshHead;
    private SendPiece? _freshTail;
    private PinnedBlock? _block;
    private int _from;
    private int _to;
    private long _unflushed;

    // The queue's, under the gate.
    private SendPiece? _head;
    private SendPiece? _tail;
    private long _unsent;
    private bool _isSending;
    private bool _isInCall;
    private bool _isCanceled;
    private bool _isCompleted;
    private bool _isShutDown;
    private int _errno;
    private TaskCompletionSource? _drained;

    internal PipeOutput(SocketPipe pipe, RunQueue? loop, SocketPipeOptions options)
    {
        _pipe = pipe;
        _loop = loop;
        _wait = new FlushWait(this, loop, pipe.Core.Engine);
        _highWater = options.SendHighWaterMark;
        _lowWater = options.SendLowWaterMark;
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    /// <summary>How many bytes were flushed and are not sent.</summary>
    internal long Unsent => Volatile.Read(ref _unsent);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _block!.Memory[_to..];
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(sizeHint);
        return _block!.Span(_to, _block.Length - _to);
    }

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)bytes, (uint)((_block?.Length ?? 0) - _to), nameof(bytes));
        _to += bytes;
        _unflushed += bytes;
    }

    /// <summary>Writes bytes that others write too.</summary>
    internal void Write(SharedBytes bytes)
    {
        SharedBlock shared = bytes.Block;
        ThrowIfCompleted();
        if (shared.Length <= CopiedBytesMax)
        {
            int length = shared.Length;
            if (length != 0)
            {
                bytes.CopyTo(GetSpan(length)[..length]);
                Advance(length);
            }

            return;
        }

        shared = bytes.Share();

        // What was written before goes first; the block's rest is still the writer's.
        if (_block is not null && _to > _from)
        {
            using (_wait.Enter())
            {
                _block.References++;
            }

            AppendFresh(_block, shared: null, _from, _to);
            _from = _to;
        }

        AppendFresh(shared.Block, shared, 0, shared.Length);
        _unflushed += shared.Length;
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ReadOnlySpan<byte> rest = source.Span;
        while (!rest.IsEmpty)
        {
            Span<byte> room = GetSpan();
            int part = Math.Min(rest.Length, room.Length);
            rest[..part].CopyTo(room);
            Advance(part);
            rest = rest[part..];
        }

        return FlushAsync(cancellationToken);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }

        ThrowIfCompleted();
        bool start;
        using (_wait.Enter())
        {
            if (_wait.IsTaken)
            {
                throw new InvalidOperationException("A flush is under way; one at a time.");
            }

            start = Commit();
            if (_loop is not null && start)
            {
                // Only noted: the turn's end sends it.
                start = false;
                _pipe.Driver.StartSend();
            }

            if (!start && MayReturn)
            {
                return TakeOrFail();
            }
        }

        if (start)
        {
            _pipe.Driver.StartSend();
            using (_wait.Enter())
            {
                if (MayReturn)
                {
                    return TakeOrFail();
                }
            }
        }

        _wait.Arm(_pipe.Core.AsyncLimit, cancellationToken);
        ValueTask<FlushResult> task;
        using (_wait.Enter())
        {
            _wait.Start();
            task = new ValueTask<FlushResult>(_wait, _wait.Version);
            if (MayReturn || _wait.Errno != 0)
            {
                _wait.End();
            }
        }

        return task;
    }

    /// <summary>Has what was written sent, and does not wait.</summary>
    /// <returns>False when more waits to be sent than the high-water mark allows.</returns>
    internal bool TryFlush()
    {
        ThrowIfCompleted();
        bool start;
        bool isBelow;
        using (_wait.Enter())
        {
            start = Commit();
            if (_loop is not null && start)
            {
                start = false;
                _pipe.Driver.StartSend();
            }

            if (_errno != 0)
            {
                throw _pipe.Error("send", _errno);
            }

            isBelow = _unsent < _highWater;
        }

        if (!start)
        {
            return isBelow;
        }

        _pipe.Driver.StartSend();
        return Unsent < _highWater;
    }

    public override void CancelPendingFlush()
    {
        using (_wait.Enter())
        {
            _isCanceled = true;
            _wait.End();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        bool start;
        bool finish;
        using (_wait.Enter())
        {
            if (_isCompleted)
            {
                return;
            }

            start = exception is null && Commit();
            _isCompleted = true;
            if (exception is not null)
            {
                DropFresh();
            }

            finish = exception is null && ClaimShutdown();
            _wait.End();
        }

        if (start)
        {
            _pipe.Driver.StartSend();
        }

        if (exception is not null)
        {
            // The peer must not take what came so far for the whole.
            _pipe.Abort();
            Failed(Errno.ECANCELED, isOver: false);
        }

        if (finish)
        {
            ShutDown();
        }
    }

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        Complete(exception);
        await DrainAsync().StayOnLoop();
        if (_errno != 0 && exception is null)
        {
            throw _pipe.Error("send", _errno);
        }
    }

    /// <summary>Ends when all that was flushed is sent, or cannot be.</summary>
    internal Task DrainAsync()
    {
        using (_wait.Enter())
        {
            if (_unsent == 0 || _errno != 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Puts the beginning of the queue into <paramref name="message"/>. It stays in place until <see cref="Sent"/> or <see cref="Failed"/>.</summary>
    /// <returns>False when nothing is queued, or nothing can be sent.</returns>
    internal bool TryGather(GatherMessage message)
    {
        message.Clear();
        using (_wait.Enter())
        {
            if (_unsent == 0 || _errno != 0)
            {
                return false;
            }

            for (SendPiece? piece = _head; piece is not null; piece = piece.Next)
            {
                if (!message.TryAdd(piece.Block.Native(piece.Start, piece.Length)))
                {
                    break;
                }
            }

            _isInCall = true;
            return true;
        }
    }

    /// <summary>Gives the claim of the send back, unless there is more to send.</summary>
    internal bool TryRelease()
    {
        using (_wait.Enter())
        {
            if (_unsent != 0 && _errno == 0)
            {
                return false;
            }

            _isSending = false;
            return true;
        }
    }

    /// <summary>The kernel has taken that many bytes of what was gathered; 0 when it would have to wait.</summary>
    internal void Sent(int count)
    {
        bool finish = false;
        TaskCompletionSource? drained = null;
        using (_wait.Enter())
        {
            _isInCall = false;
            if (_errno != 0)
            {
                DropQueue();
            }
            else
            {
                Remove(count);
                if (_unsent <= _lowWater)
                {
                    _wait.End();
                }

                finish = ClaimShutdown();
                if (_unsent == 0)
                {
                    (drained, _drained) = (_drained, null);
                }
            }
        }

        if (finish)
        {
            ShutDown();
        }

        drained?.TrySetResult();
    }

    /// <summary>Nothing can be sent any more.</summary>
    /// <param name="errno">Why.</param>
    /// <param name="isOver">The call that was under way is over.</param>
    internal void Failed(int errno, bool isOver)
    {
        TaskCompletionSource? drained;
        using (_wait.Enter())
        {
            _isInCall &= !isOver;
            _isSending &= !isOver;
            Fail(errno);
            (drained, _drained) = (_drained, null);
            _wait.End();
        }

        drained?.TrySetResult();
    }

    private bool MayReturn => _unsent < _highWater || _isCanceled || _errno != 0 || _isCompleted;

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
        }
    }

    // Room for at least one byte, and for the hint, in the writer's block.
    private void Ensure(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        int room = Math.Max(sizeHint, 1);
        if (_block is { } block && block.Length - _to >= room)
        {
            return;
        }

        ThrowIfCompleted();
        NextBlock(room);
    }

    private void NextBlock(int room)
    {
        PipePool pool = PipePool.Of(_loop);
        if (_block is { } full)
        {
            _block = null;
            if (_to > _from)
            {
                AppendFresh(full, shared: null, _from, _to);
            }
            else
            {
                ReleaseBlock(pool, full);
            }
        }
        else if (_freshTail is null)
        {
            // What waits to be sent may have room behind it.
            using (_wait.Enter())
            {
                if (_tail is { Shared: null } tail && tail.Block.Length - tail.End >= room)
                {
                    _block = tail.Block;
                    _block.References++;
                    _from = _to = tail.End;
                    return;
                }
            }
        }

        // A writer that has filled a small block is likely to write more.
        bool isLarge = _unflushed + Unsent >= PipePool.SmallBytes;
        _block = pool.RentBlock(isLarge ? Math.Max(room, PipePool.LargeBytes) : room);
        _from = _to = 0;
    }

    // Counts of a block are changed under the gate, except by a writer that holds all of it.
    private void ReleaseBlock(PipePool pool, PinnedBlock block)
    {
        using (_wait.Enter())
        {
            pool.Release(block);
        }
    }

    private void AppendFresh(PinnedBlock block, SharedBlock? shared, int start, int end)
    {
        SendPiece piece = Piece(block, shared, start, end);
        if (_freshTail is null)
        {
            _freshHead = piece;
        }
        else
        {
            _freshTail.Next = piece;
        }

        _freshTail = piece;
    }

    private SendPiece Piece(PinnedBlock block, SharedBlock? shared, int start, int end)
    {
        SendPiece piece = PipePool.Of(_loop).RentPiece();
        piece.Block = block;
        piece.Shared = shared;
        piece.Start = start;
        piece.End = end;
        return piece;
    }

    // Moves what was written to the queue. True when a send must be started, and is claimed.
    private bool Commit()
    {
        if (_errno != 0)
        {
            DropFresh();
            return false;
        }

        if (_freshHead is not null)
        {
            if (_tail is null)
            {
                _head = _freshHead;
            }
            else
            {
                _tail.Next = _freshHead;
            }

            _tail = _freshTail;
            _freshHead = _freshTail = null;
        }

        if (_block is { } block)
        {
            _block = null;
            if (_to == _from)
            {
                PipePool.Of(_loop).Release(block);
            }
            else if (_tail is { } tail && ReferenceEquals(tail.Block, block) && tail.End == _from)
            {
                tail.End = _to;
                block.References--;
            }
            else
            {
                SendPiece piece = Piece(block, shared: null, _from, _to);
                if (_tail is null)
                {
                    _head = piece;
                }
                else
                {
                    _tail.Next = piece;
                }

                _tail = piece;
            }
        }

        Volatile.Write(ref _unsent, _unsent + _unflushed);
        _unflushed = 0;
        if (_isSending || _unsent == 0)
        {
            return false;
        }

        _isSending = true;
        return true;
    }

    private void Remove(int count)
    {
        PipePool pool = PipePool.Of(_loop);
        Volatile.Write(ref _unsent, _unsent - count);
        while (_head is { } piece)
        {
            int part = Math.Min(count, piece.Length);
            piece.Start += part;
            count -= part;
            if (piece.Length != 0)
            {
                return;
            }

            _head = piece.Next;
            piece.Release(pool);
        }

        _tail = null;
    }

    private void Fail(int errno)
    {
        if (_errno == 0)
        {
            _errno = errno;
        }

        if (!_isInCall)
        {
            DropQueue();
        }
    }

    private void DropQueue()
    {
        PipePool pool = PipePool.Of(_loop);
        while (_head is { } piece)
        {
            _head = piece.Next;
            piece.Release(pool);
        }

        _tail = null;
        Volatile.Write(ref _unsent, 0);
    }

    private void DropFresh()
    {
        PipePool pool = PipePool.Of(_loop);
        while (_freshHead is { } piece)
        {
            _freshHead = piece.Next;
            piece.Release(pool);
        }

        _freshTail = null;
        if (_block is { } block)
        {
            _block = null;
            pool.Release(block);
        }

        _unflushed = 0;
    }

    private bool ClaimShutdown()
    {
        if (!_isCompleted || _isShutDown || _unsent != 0 || _errno != 0)
        {
            return false;
        }

        _isShutDown = true;
        return true;
    }

    // A peer that has gone already needs no end: the result does not matter here.
    private void ShutDown()
    {
        try
        {
            _pipe.Socket.TryShutdown(SocketShutdown.Send);
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile, which sends the end too.
        }
    }

    private FlushResult Take()
    {
        if (_errno != 0 && !_isCanceled && !_isCompleted)
        {
            throw _pipe.Error("send", _errno);
        }

        bool isCanceled = _isCanceled;
        _isCanceled = false;
        return new FlushResult(isCanceled, isCompleted: false);
    }

    private ValueTask<FlushResult> TakeOrFail()
    {
        try
        {
            return new ValueTask<FlushResult>(Take());
        }
        catch (SocketException exception)
        {
            return ValueTask.FromException<FlushResult>(exception);
        }
    }

    private sealed class FlushWait(PipeOutput output, RunQueue? loop, SocketEngine engine) : PipeWait(loop, engine), IValueTaskSource<FlushResult>
    {
        public FlushResult GetResult(short token)
        {
            CheckShown(token);
            CancellationToken canceled = Token;
            int errno = Errno;
            using (Enter())
            {
                Recycle();
                if (errno == 0)
                {
                    return output.Take();
                }
            }

            throw errno == Interop.Errno.ECANCELED && canceled.IsCancellationRequested
                ? new OperationCanceledException(canceled)
                : output._pipe.Error("send", errno);
        }
    }
}
