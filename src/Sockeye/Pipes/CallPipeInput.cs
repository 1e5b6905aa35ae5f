using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>Receives with calls: recv(2) when the reader wants more, and the socket's queue where it would wait.</summary>
internal sealed class CallPipeInput(SocketPipe pipe, PipeBounds bounds, RunQueue? loop) : PipeInput(pipe, bounds, loop)
{
    // Made by the first receive, which the reader's thread begins.
    private CallReceiver? _calls;
    private bool _isClosed;

    internal override void StartReceive()
    {
        CallReceiver? calls = _calls;
        if (calls is null)
        {
            calls = new CallReceiver(this);
            Interlocked.Exchange(ref _calls, calls);
            if (Volatile.Read(ref _isClosed))
            {
                calls.Close();
            }
        }

        calls.Start();
    }

    // Nothing is received that was not asked for; one that waits for readiness holds nothing.
    internal override void StopReceive()
    {
    }

    // The socket may stay open: a receive that still waited would take what comes next.
    internal override void Close()
    {
        Ended(Errno.EBADF);
        Volatile.Write(ref _isClosed, true);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _calls)?.Close();
    }

    internal override ValueTask EndAsync() => Volatile.Read(ref _calls)?.EndAsync() ?? default;
}

/// <summary>A pipe's receives by calls, one at a time; used again and again.</summary>
internal sealed class CallReceiver(PipeInput input) : SocketOperation(input.Pipe.Core, OperationQueue.Read)
{
    // Less room than this at a shared block's end is left: a bulk receive would be cut into small ones.
    private const int HotRoomMin = 8 * 1024;

    private PinnedBlock? _block;
    private TaskCompletionSource? _ended;
    private int _start;
    private bool _isShared;
    private bool _isReceiving;
    private bool _isClosed;

    internal override string Call => "receive";

    internal override bool MaySkipTry => true;

    protected override TimeSpan? Limit => null;

    /// <summary>Has the next bytes received. The caller has claimed the receive.</summary>
    internal void Start()
    {
        // The mark first, then the question: a Close on another thread either is seen here, or sees the mark and waits.
        Volatile.Write(ref _isReceiving, true);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isClosed))
        {
            NoteEnd();
            input.Ended(Interop.Errno.EBADF);
        }
        else if (Begin(default))
        {
            Deliver();
        }
        else if (Volatile.Read(ref _isClosed))
        {
            // It waits, and Close came before there was anything to end.
            Stop();
        }
    }

    /// <summary>No more is received, and what waits ends.</summary>
    internal void Close()
    {
        Volatile.Write(ref _isClosed, true);
        Interlocked.MemoryBarrier();
        Stop();
    }

    /// <summary>Ends when no receive is under way any longer, after <see cref="Close"/>.</summary>
    internal ValueTask EndAsync()
    {
        if (!Volatile.Read(ref _isReceiving))
        {
            return default;
        }

        TaskCompletionSource ended = PipeEnds.Of(ref _ended);
        if (!Volatile.Read(ref _isReceiving))
        {
            ended.TrySetResult();
        }

        return new ValueTask(ended.Task);
    }

    internal override bool TryComplete()
    {
        var step = new ReceiveStep(Room(), flags: 0);
        bool isDone = Complete(ref step);
        if (BytesTransferred == 0)
        {
            GiveBack();
        }
        else if (_isShared)
        {
            // The segment's reference; the next receive goes behind it.
            _block!.References++;
            PipePool.OfLoop(input.Loop!).HotOffset += BytesTransferred;
        }

        return isDone;
    }

    // Hands the outcome to the pipe. The operation can be used again from within.
    private void Deliver()
    {
        (PinnedBlock? block, bool isShared, int start) = (_block, _isShared, _start);
        (int errno, int count) = (Errno, BytesTransferred);
        _block = null;
        Recycle();
        NoteEnd();
        if (count > 0)
        {
            input.Received(block!, isShared, start, count);
        }
        else
        {
            input.Ended(errno);
        }
    }

    // Has it end, if it waits; its own outcome wins.
    private void Stop()
    {
        if (Socket.Registration is { } registration)
        {
            registration.Cancel(this, Interop.Errno.ECANCELED, Version);
        }
    }

    // It has completed after a wait, on the engine's thread or the loop's: no user code runs from here.
    protected override void ShowOutcome() => Deliver();

    protected override void Reset()
    {
    }

    // On the loop: what is left of the block that all share, or all of it when nobody holds any of it: then it is
    // still in the cache. Elsewhere a block of its own.
    private Span<byte> Room()
    {
        PipePool pool = PipePool.Of(input.Loop);
        _isShared = !ReferenceEquals(pool, PipePool.Shared);
        if (!_isShared)
        {
            _block = pool.RentBlock(PipePool.LargeBytes);
            _start = 0;
            return _block.Span(0, _block.Length);
        }

        if (pool.Hot is { References: 1 })
        {
            pool.HotOffset = 0;
        }
        else if (pool.Hot is null || pool.Hot.Length - pool.HotOffset < HotRoomMin)
        {
            if (pool.Hot is { } full)
            {
                pool.Release(full);
            }

            pool.Hot = pool.RentBlock(PipePool.LargeBytes);
            pool.HotOffset = 0;
        }

        _block = pool.Hot;
        _start = pool.HotOffset;
        return _block.Span(_start, _block.Length - _start);
    }

    private void GiveBack()
    {
        if (!_isShared)
        {
            PipePool.Of(input.Loop).Put(_block!);
        }

        _block = null;
    }

    // Before its bytes are told: the reader may ask for the next at once.
    private void NoteEnd()
    {
        Volatile.Write(ref _isReceiving, false);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _ended)?.TrySetResult();
    }
}
