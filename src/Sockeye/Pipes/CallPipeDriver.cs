using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>
/// Moves a pipe's bytes with calls: recv(2) when the reader wants more, sendmsg(2) at the end of the loop's turn or at
/// once, and the socket's queues where they would wait.
/// </summary>
internal sealed class CallPipeDriver : PipeDriver, ITurnEnd
{
    // Less room than this at a shared block's end is left: a bulk receive would be cut into small ones.
    private const int HotRoomMin = 8 * 1024;

    private readonly SocketCore _socket;
    private readonly PipeInput _input;
    private readonly PipeOutput _output;
    private readonly RunQueue? _loop;
    private readonly ReceiveCall _receive;
    private readonly SendCall _send;
    private bool _isReceiving;
    private bool _isClosed;
    private TaskCompletionSource? _ended;

    internal CallPipeDriver(SocketCore socket, PipeInput input, PipeOutput output, RunQueue? loop)
    {
        _socket = socket;
        _input = input;
        _output = output;
        _loop = loop;
        _receive = new ReceiveCall(this);
        _send = new SendCall(this);
    }

    internal override void StartReceive()
    {
        // The mark first, then the question: a Close on another thread either is seen here, or sees the mark and waits.
        Volatile.Write(ref _isReceiving, true);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isClosed))
        {
            NoteEnd();
            _input.Ended(Errno.EBADF);
        }
        else if (_receive.Begin(default))
        {
            _receive.Deliver();
        }
        else if (Volatile.Read(ref _isClosed))
        {
            // It waits, and Close came before there was anything to end.
            _receive.Stop();
        }
    }

    // Nothing is received that was not asked for; one that waits for readiness holds nothing.
    internal override void StopReceive()
    {
    }

    internal override void StartSend()
    {
        if (_loop is null)
        {
            SendNow();
        }
        else if (ReferenceEquals(RunQueue.Current, _loop))
        {
            _loop.AtTurnEnd(this);
        }
        else
        {
            _loop.Post(static driver => ((CallPipeDriver)driver!).SendNow(), this);
        }
    }

    void ITurnEnd.EndTurn() => SendNow();

    // The socket may stay open: a receive that still waited would take what comes next.
    public override void Close()
    {
        _input.Ended(Errno.EBADF);
        _output.Failed(Errno.EBADF, isOver: false);
        Volatile.Write(ref _isClosed, true);
        Interlocked.MemoryBarrier();
        _receive.Stop();
    }

    /// <summary>Sends what is queued. The caller has claimed the send, and is on the loop's thread if there is a loop.</summary>
    internal void SendNow()
    {
        do
        {
            if (!_send.Attempt())
            {
                if (!_send.Begin(default))
                {
                    return;
                }
            }

            _send.Finish();
        }
        while (!_output.TryRelease());
    }

    internal override ValueTask EndAsync()
    {
        if (!Volatile.Read(ref _isReceiving))
        {
            return default;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ended = Interlocked.CompareExchange(ref _ended, ended, comparand: null) ?? ended;
        if (!Volatile.Read(ref _isReceiving))
        {
            ended.TrySetResult();
        }

        return new ValueTask(ended.Task);
    }

    // The send was to be begun there. A receive needs no loop: where it would wait, the engine's end is its own.
    public override void LoopEnded() => _output.Failed(Errno.EBADF, isOver: true);

    // Before its bytes are reported: the reader may ask for the next at once.
    private void NoteEnd()
    {
        Volatile.Write(ref _isReceiving, false);
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _ended)?.TrySetResult();
    }

    private sealed class ReceiveCall(CallPipeDriver driver) : SocketOperation(driver._socket, OperationQueue.Read)
    {
        private PinnedBlock? _block;
        private bool _isShared;
        private int _start;

        internal override string Call => "receive";

        internal override bool MaySkipTry => true;

        protected override TimeSpan? Limit => null;

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
                PipePool.OfLoop(driver._loop!).HotOffset += BytesTransferred;
            }

            return isDone;
        }

        /// <summary>Hands the outcome to the pipe. The operation can be used again from within.</summary>
        internal void Deliver()
        {
            (PinnedBlock? block, bool isShared, int start) = (_block, _isShared, _start);
            (int errno, int count) = (Errno, BytesTransferred);
            _block = null;
            Recycle();
            driver.NoteEnd();
            if (count > 0)
            {
                driver._input.Received(block!, isShared, start, count);
            }
            else
            {
                driver._input.Ended(errno);
            }
        }

        /// <summary>Has it end, if it waits; its own outcome wins.</summary>
        internal void Stop()
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
            PipePool pool = PipePool.Of(driver._loop);
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
                PipePool.Of(driver._loop).Put(_block!);
            }

            _block = null;
        }
    }

    private sealed class SendCall(CallPipeDriver driver) : SocketOperation(driver._socket, OperationQueue.Write)
    {
        internal override string Call => "send";

        protected override TimeSpan? Limit => null;

        // Until the queue is empty.
        internal override bool TryComplete()
        {
            PipeOutput output = driver._output;
            PipePool pool = PipePool.Of(driver._loop);
            GatherMessage message = pool.RentMessage();
            try
            {
                bool isDone = true;
                while (isDone && Errno == 0 && output.TryGather(message))
                {
                    Progress.Count = 0;
                    try
                    {
                        var step = new SendGatheredStep(message);
                        isDone = Complete(ref step);
                    }
                    finally
                    {
                        output.Sent(BytesTransferred);
                    }
                }

                return isDone;
            }
            finally
            {
                pool.Return(message);
            }
        }

        /// <summary>Reports a failure to the pipe; the operation can be used again afterwards.</summary>
        internal void Finish()
        {
            int errno = Errno;
            Recycle();
            if (errno != 0)
            {
                driver._output.Failed(errno, isOver: true);
            }
        }

        protected override void ShowOutcome()
        {
            Finish();
            if (!driver._output.TryRelease())
            {
                driver.StartSend();
            }
        }

        protected override void Reset()
        {
        }
    }

    /// <summary>One call with what was gathered: the queue may have changed before the next.</summary>
    private readonly ref struct SendGatheredStep(GatherMessage message) : ICallStep
    {
        // sendmsg(2) of a single buffer costs more than send(2).
        public int Call(SocketCore socket, in Progress progress) => message.Count == 1
            ? Libc.Send(socket.Handle, message.Buffers[0], SocketConstants.MSG_NOSIGNAL)
            : Libc.SendMessage(socket.Handle, message.Buffers, SocketConstants.MSG_NOSIGNAL);

        public StepResult Take(SocketCore socket, int answer, ref Progress progress)
        {
            if (answer < 0)
            {
                return progress.TakeError(answer);
            }

            progress.Count = answer;
            return progress.Done();
        }
    }
}
