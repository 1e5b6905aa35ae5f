using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>Sends with calls: sendmsg(2) at the end of the loop's turn or at once, and the socket's queue where it would wait.</summary>
internal sealed class CallPipeOutput : PipeOutput, ITurnEnd, ILoopTenant
{
    private readonly CallSender _calls;

    internal CallPipeOutput(SocketPipe pipe, RunQueue? loop)
        : base(pipe, loop) => _calls = new CallSender(this);

    internal override void StartSend()
    {
        if (Loop is not { } loop)
        {
            _calls.SendNow();
        }
        else if (ReferenceEquals(RunQueue.Current, loop))
        {
            loop.AtTurnEnd(this);
        }
        else
        {
            loop.Post(static output => ((CallPipeOutput)output!)._calls.SendNow(), this);
        }
    }

    void ITurnEnd.EndTurn() => _calls.SendNow();

    internal override void Close() => Failed(Errno.EBADF, isOver: false);

    // A send that waits is ended by the socket's Dispose.
    internal override ValueTask EndAsync() => default;

    // The send was to be begun there.
    internal override void LoopEnded() => Failed(Errno.EBADF, isOver: true);

    void ILoopTenant.LoopEnded() => LoopEnded();
}

/// <summary>A pipe's sends by calls, one at a time; used again and again.</summary>
internal sealed class CallSender(PipeOutput output) : SocketOperation(output.Pipe.Core, OperationQueue.Write)
{
    internal override string Call => "send";

    protected override TimeSpan? Limit => null;

    /// <summary>Sends what is queued. The caller has claimed the send, and is on the loop's thread if there is a loop.</summary>
    internal void SendNow()
    {
        do
        {
            if (!Attempt())
            {
                if (!Begin(default))
                {
                    return;
                }
            }

            Finish();
        }
        while (!output.TryRelease());
    }

    // Until the queue is empty.
    internal override bool TryComplete()
    {
        bool isDone = true;
        while (isDone && Errno == 0 && output.TryGather(out NativeBuffer only, out GatherMessage? several))
        {
            Progress.Count = 0;
            try
            {
                var step = new SendGatheredStep(only, several);
                isDone = Complete(ref step);
            }
            finally
            {
                if (several is not null)
                {
                    PipePool.Of(output.Loop).Return(several);
                }

                output.Sent(BytesTransferred, release: false);
            }
        }

        return isDone;
    }

    protected override void ShowOutcome()
    {
        Finish();
        if (!output.TryRelease())
        {
            output.StartSend();
        }
    }

    protected override void Reset()
    {
    }

    // Tells the pipe of a failure; the operation can be used again afterwards.
    private void Finish()
    {
        int errno = Errno;
        Recycle();
        if (errno != 0)
        {
            output.Failed(errno, isOver: true);
        }
    }

    /// <summary>One call with what was gathered: the queue may have changed before the next.</summary>
    private readonly ref struct SendGatheredStep(NativeBuffer only, GatherMessage? several) : ICallStep
    {
        // sendmsg(2) of a single buffer costs more than send(2).
        public int Call(SocketCore socket, in Progress progress) => several is null
            ? Libc.Send(socket.Handle, only, SocketConstants.MSG_NOSIGNAL)
            : Libc.SendMessage(socket.Handle, several.Buffers, SocketConstants.MSG_NOSIGNAL);

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
