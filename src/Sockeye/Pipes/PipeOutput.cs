using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>A pipe's writing side. How the bytes leave is the derived class's: by a ring's requests, or by calls and waits.</summary>
/// <remarks>
/// What is written and not flushed is the writer's, and touched by its thread alone: the pieces from <c>_freshHead</c> on and
/// <c>_block</c>. A flush moves it, under the gate, to the queue of what is sent. The queue is a run of bytes: what is in
/// flight is its beginning, and an end that is not yet in flight may still grow in its block. One send is under way at a
/// time: it is claimed under the gate, and then <see cref="StartSend"/> is called. Its ends come back to <see cref="Sent"/>
/// and <see cref="Failed"/>.
/// </remarks>
internal abstract class PipeOutput : PipeWriter
{
    // Up to this length bytes that lie elsewhere are copied beside their neighbours; beyond, they are sent from where they are.
    private const int CopiedBytesMax = 1024;

    private readonly SocketPipe _pipe;
    private readonly PipeBounds _bounds;
    private PipeGate _gate;

    // The queue's, under the gate.
    private SendPiece? _head;
    private SendPiece? _tail;
    private long _unsent;
    private long _flushed;
    private int _errno;
    private bool _isSending;
    private bool _isInCall;
    private bool _isCanceled;
    private bool _isCompleted;
    private bool _isShutDown;

    // The writer's.
    private SendPiece? _freshHead;
    private SendPiece? _freshTail;
    private PinnedBlock? _block;
    private int _from;
    private int _to;
    private long _unflushed;

    private TaskCompletionSource? _drained;

    private protected PipeOutput(SocketPipe pipe, RunQueue? loop)
    {
        _pipe = pipe;
        _bounds = pipe.Bounds;
        _gate = new PipeGate(loop);
    }

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _unflushed;

    internal SocketPipe Pipe => _pipe;

    /// <summary>The loop that moves the bytes; null is none.</summary>
    internal RunQueue? Loop => _gate.Loop;

    /// <summary>How many bytes were flushed and are not sent.</summary>
    internal long Unsent => Volatile.Read(ref _unsent);

    /// <summary>How many bytes the kernel has taken in all.</summary>
    internal long SentTotal => Volatile.Read(ref _flushed) - Unsent;

    /// <summary>Has what is queued sent: at the end of the loop's turn, or now. The caller has claimed the send.</summary>
    internal abstract void StartSend();

    /// <summary>The socket closes, or the pipe leaves it open and goes: what is under way ends.</summary>
    internal abstract void Close();

    /// <summary>Ends when nothing is under way any longer, after <see cref="Close"/>.</summary>
    internal abstract ValueTask EndAsync();

    /// <summary>The socket's loop was disposed: nothing is under way any longer, and what needs the loop never will be.</summary>
    internal abstract void LoopEnded();

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
        int length = shared.Length;
        if (length == 0)
        {
            return;
        }

        // Short ones are copied only where there is something to stand behind: a lone message is sent from where it is, which
        // all members' sends find in the processor's cache.
        if (length <= CopiedBytesMax && (_unflushed != 0 || Unsent != 0))
        {
            bytes.CopyTo(GetSpan(length)[..length]);
            Advance(length);
            return;
        }

        shared = bytes.Share();
        EndRun();
        SendPiece piece = PipePool.Of(Loop).RentPiece();
        piece.Block = shared.Block;
        piece.Shared = shared;
        AppendFresh(piece, 0, shared.Length);
        _unflushed += shared.Length;
    }

    /// <summary>Writes bytes that a read gave, without a copy where they lie in memory that this pipe's loop counts.</summary>
    internal void Write(in ReadOnlySequence<byte> bytes)
    {
        ThrowIfCompleted();
        SequencePosition position = bytes.Start;
        SequencePosition next = position;
        while (bytes.TryGet(ref next, out ReadOnlyMemory<byte> part))
        {
            PipePool pool = PipePool.Of(Loop);
            if (part.Length > CopiedBytesMax && position.GetObject() is PipeSegment segment
                && segment.TryShare(pool, position.GetInteger(), part.Length) is { } share)
            {
                EndRun();
                SendPiece piece = pool.RentPiece();
                piece.Received = share;
                AppendFresh(piece, 0, part.Length);
                _unflushed += part.Length;
            }
            else
            {
                Copy(part.Span);
            }

            position = next;
        }
    }

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Copy(source.Span);
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
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            if (_gate.Wait is { IsTaken: true })
            {
                throw new InvalidOperationException("A flush is under way; one at a time.");
            }

            start = Commit(entry.Pool);
            if (Loop is not null && start)
            {
                // Only noted: the turn's end sends it.
                start = false;
                StartSend();
            }

            if (!start && MayReturn)
            {
                return TakeOrFail();
            }
        }

        if (start)
        {
            StartSend();
            using (_gate.Enter())
            {
                if (MayReturn)
                {
                    return TakeOrFail();
                }
            }
        }

        var wait = (FlushWait)(_gate.Wait ??= new FlushWait(this));
        wait.Arm(_pipe.Limit, cancellationToken);
        ValueTask<FlushResult> task;
        using (_gate.Enter())
        {
            wait.Start();
            task = new ValueTask<FlushResult>(wait, wait.Version);
            if (MayReturn || wait.Errno != 0)
            {
                _gate.EndWait();
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
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            start = Commit(entry.Pool);
            if (Loop is not null && start)
            {
                start = false;
                StartSend();
            }

            if (_errno != 0)
            {
                throw _pipe.Error("send", _errno);
            }

            isBelow = _unsent < _bounds.SendHigh;
        }

        if (!start)
        {
            return isBelow;
        }

        StartSend();
        return Unsent < _bounds.SendHigh;
    }

    public override void CancelPendingFlush()
    {
        using (_gate.Enter())
        {
            _isCanceled = true;
            _gate.EndWait();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        bool start;
        bool finish;
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            if (_isCompleted)
            {
                return;
            }

            start = exception is null && Commit(entry.Pool);
            _isCompleted = true;
            if (exception is not null)
            {
                DropFresh(entry.Pool);
            }

            finish = exception is null && ClaimShutdown();
            _gate.EndWait();
        }

        if (start)
        {
            StartSend();
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

    /// <summary>Gives back what was written and is not in flight, for a pipe that nothing refers to: on the finalizer's thread, without the gate.</summary>
    internal void Abandon()
    {
        PipePool pool = PipePool.Of(Loop);
        DropFresh(pool);
        if (!_isInCall)
        {
            DropQueue(pool);
        }
    }

    /// <summary>Ends when all that was flushed is sent, or cannot be.</summary>
    internal Task DrainAsync()
    {
        using (_gate.Enter())
        {
            if (_unsent == 0 || _errno != 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>Takes the beginning of the queue, to be sent in one call. It stays in place until <see cref="Sent"/> or <see cref="Failed"/>.</summary>
    /// <param name="only">The bytes, when they are one run.</param>
    /// <param name="several">A message with the bytes, when they are several; the caller gives it back to the pool. Else null.</param>
    /// <returns>False when nothing is queued, or nothing can be sent.</returns>
    internal bool TryGather(out NativeBuffer only, out GatherMessage? several)
    {
        only = default;
        several = null;
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            if (_unsent == 0 || _errno != 0)
            {
                return false;
            }

            SendPiece first = _head!;
            only = first.Native;
            if (first.Next is { } second)
            {
                several = entry.Pool.RentMessage();
                several.Clear();
                several.TryAdd(only);
                for (SendPiece? piece = second; piece is not null; piece = piece.Next)
                {
                    if (!several.TryAdd(piece.Native))
                    {
                        break;
                    }
                }
            }

            _isInCall = true;
            return true;
        }
    }

    /// <summary>Gives the claim of the send back, unless there is more to send.</summary>
    internal bool TryRelease()
    {
        using (_gate.Enter())
        {
            return TryReleaseSend();
        }
    }

    /// <summary>The kernel has taken that many bytes of what was gathered; 0 when it would have to wait.</summary>
    /// <param name="count">How many bytes.</param>
    /// <param name="release">Gives the claim of the send back with it, unless there is more to send.</param>
    /// <returns>True when the claim was given back.</returns>
    internal bool Sent(int count, bool release)
    {
        bool finish = false;
        bool released = false;
        TaskCompletionSource? drained = null;
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            _isInCall = false;
            if (_errno != 0)
            {
                DropQueue(entry.Pool);
            }
            else
            {
                Remove(entry.Pool, count);
                if (_unsent <= _bounds.SendLow)
                {
                    _gate.EndWait();
                }

                finish = ClaimShutdown();
                if (_unsent == 0)
                {
                    (drained, _drained) = (_drained, null);
                }
            }

            released = release && TryReleaseSend();
        }

        if (finish)
        {
            ShutDown();
        }

        drained?.TrySetResult();
        return released;
    }

    /// <summary>Nothing can be sent any more.</summary>
    /// <param name="errno">Why.</param>
    /// <param name="isOver">The call that was under way is over.</param>
    internal void Failed(int errno, bool isOver)
    {
        TaskCompletionSource? drained;
        using (PipeGate.GateEntry entry = _gate.Enter())
        {
            _isInCall &= !isOver;
            _isSending &= !isOver;
            Fail(entry.Pool, errno);
            (drained, _drained) = (_drained, null);
            _gate.EndWait();
        }

        drained?.TrySetResult();
    }

    private bool MayReturn => _unsent < _bounds.SendHigh || _isCanceled || _errno != 0 || _isCompleted;

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
        PipePool pool = PipePool.Of(Loop);
        if (_block is { } full)
        {
            _block = null;
            if (_to > _from)
            {
                AppendFresh(Piece(pool, full), _from, _to);
            }
            else
            {
                ReleaseBlock(pool, full);
            }
        }
        else if (_freshTail is null && Unsent != 0)
        {
            // What waits to be sent may have room behind it.
            using (_gate.Enter())
            {
                if (_tail is { IsOwn: true } tail && tail.Block!.Length - tail.End >= room)
                {
                    _block = tail.Block!;
                    _block.References++;
                    _from = _to = tail.End;
                    return;
                }
            }
        }

        // Whoever has filled a small block has more to say.
        bool isLarge = _unflushed + Unsent >= PipePool.SmallBytes;
        _block = pool.RentBlock(isLarge ? Math.Max(room, PipePool.LargeBytes) : room);
        _from = _to = 0;
    }

    // Counts of a block are changed under the gate, except by a writer that holds all of it.
    private void ReleaseBlock(PipePool pool, PinnedBlock block)
    {
        using (_gate.Enter())
        {
            pool.Release(block);
        }
    }

    // What was written into the block goes before what comes now; the block's rest is still the writer's.
    private void EndRun()
    {
        if (_block is { } block && _to > _from)
        {
            using (_gate.Enter())
            {
                block.References++;
            }

            AppendFresh(Piece(PipePool.Of(Loop), block), _from, _to);
            _from = _to;
        }
    }

    private void Copy(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            Span<byte> room = GetSpan();
            int part = Math.Min(rest.Length, room.Length);
            rest[..part].CopyTo(room);
            Advance(part);
            rest = rest[part..];
        }
    }

    private static SendPiece Piece(PipePool pool, PinnedBlock block)
    {
        SendPiece piece = pool.RentPiece();
        piece.Block = block;
        return piece;
    }

    private void AppendFresh(SendPiece piece, int start, int end)
    {
        piece.Start = start;
        piece.End = end;
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

    // Moves what was written to the queue. True when a send must be started, and is claimed.
    private bool Commit(PipePool pool)
    {
        if (_errno != 0)
        {
            DropFresh(pool);
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
                pool.Release(block);
            }
            else if (_tail is { IsOwn: true } tail && ReferenceEquals(tail.Block, block) && tail.End == _from)
            {
                tail.End = _to;
                block.References--;
            }
            else
            {
                SendPiece piece = Piece(pool, block);
                piece.Start = _from;
                piece.End = _to;
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

        // In this order, so that nobody sees as sent what is only queued.
        Volatile.Write(ref _unsent, _unsent + _unflushed);
        Volatile.Write(ref _flushed, _flushed + _unflushed);
        _unflushed = 0;
        if (_isSending || _unsent == 0)
        {
            return false;
        }

        _isSending = true;
        return true;
    }

    private bool TryReleaseSend()
    {
        if (_unsent != 0 && _errno == 0)
        {
            return false;
        }

        _isSending = false;
        return true;
    }

    private void Remove(PipePool pool, int count)
    {
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

    private void Fail(PipePool pool, int errno)
    {
        if (_errno == 0)
        {
            _errno = errno;
        }

        if (!_isInCall)
        {
            DropQueue(pool);
        }
    }

    private void DropQueue(PipePool pool)
    {
        while (_head is { } piece)
        {
            _head = piece.Next;
            piece.Release(pool);
        }

        _tail = null;
        Volatile.Write(ref _flushed, _flushed - _unsent);
        Volatile.Write(ref _unsent, 0);
    }

    private void DropFresh(PipePool pool)
    {
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

    // A peer that has gone already needs no end: its answer does not matter here.
    private void ShutDown()
    {
        if (_pipe.EndsByClose)
        {
            return;
        }

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

    private sealed class FlushWait(PipeOutput output) : PipeWait, IValueTaskSource<FlushResult>
    {
        private protected override SocketEngine Engine => output._pipe.Core.Engine;

        private protected override ref PipeGate Gate => ref output._gate;

        public FlushResult GetResult(short token)
        {
            CheckShown(token);
            CancellationToken canceled = Token;
            int errno = Errno;
            using (output._gate.Enter())
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
