using System.Diagnostics;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>Sends with a ring: one send at a time, made at the end of a turn and handed over with the turn's one enter.</summary>
/// <remarks>
/// All but <see cref="StartSend"/>, <see cref="Close"/> and <see cref="EndAsync"/> belongs to the loop's thread; the first two post
/// themselves there.
/// </remarks>
internal sealed class RingPipeOutput(SocketPipe pipe, RunQueue loop, RingPoller poller) : PipeOutput(pipe, loop), IRingRequest, ITurnEnd, ILoopTenant
{
    // The socket's own, at hand: the way to it by the socket would be two cache lines more for each send.
    private readonly SocketHandle _handle = pipe.Core.Handle;

    // Owned while a send of several runs is in flight: the kernel reads it.
    private GatherMessage? _message;

    // Sends when the ring has failed.
    private CallSender? _calls;
    private TaskCompletionSource? _ended;
    private bool _isInFlight;

    // The kernel may read for ever what a send has named: none of it is used again.
    private volatile bool _isOrphaned;

    ulong IRingRequest.RingToken { get; set; }

    private bool IsHere => ReferenceEquals(RunQueue.Current, Loop);

    internal override void StartSend()
    {
        if (IsHere)
        {
            Loop!.AtTurnEnd(this);
        }
        else
        {
            Loop!.Post(static output => ((RingPipeOutput)output!).StartSend(), this);
        }
    }

    internal override void Close()
    {
        Failed(Errno.EBADF, isOver: false);
        if (IsHere)
        {
            CloseHere();
        }
        else
        {
            Loop!.Post(static output => ((RingPipeOutput)output!).CloseHere(), this);
        }
    }

    internal override ValueTask EndAsync()
    {
        if (!Volatile.Read(ref _isInFlight))
        {
            return default;
        }

        TaskCompletionSource ended = PipeEnds.Of(ref _ended);
        if (!Volatile.Read(ref _isInFlight))
        {
            ended.TrySetResult();
        }

        return new ValueTask(ended.Task);
    }

    // The loop's last Run has taken back all requests.
    internal override void LoopEnded() => Failed(Errno.EBADF, isOver: !_isOrphaned);

    void ILoopTenant.LoopEnded() => Pipe.LoopEnded();

    // At the end of the turn: all that was flushed in it, in one request. A send(2) here that does not wait was tried too:
    // 16 deep it cost 0.48-0.52 us a message where the request cost 0.47-0.50, and at ping-pong they were equal. So the
    // request, which also waits by itself when the peer is slow.
    void ITurnEnd.EndTurn()
    {
        Debug.Assert(!_isInFlight, "one send at a time");
        if (poller.HasFailed)
        {
            (_calls ??= new CallSender(this)).SendNow();
            return;
        }

        Volatile.Write(ref _isInFlight, true);
        if (!TryGather(out NativeBuffer only, out _message))
        {
            Volatile.Write(ref _isInFlight, false);
            if (!TryRelease())
            {
                Loop!.AtTurnEnd(this);
            }

            NoteEnd();
            return;
        }

        try
        {
            ref SubmissionEntry entry = ref poller.Next(_handle).Entry;
            if (_message is null)
            {
                entry.Operation = RingConstants.IORING_OP_SEND;
                entry.Address = (ulong)only.Address;
                entry.Length = (uint)only.Length;
            }
            else
            {
                entry.Operation = RingConstants.IORING_OP_SENDMSG;
                entry.Address = _message.Address;
                entry.Length = 1;
            }

            // The kernel goes on by itself until all is sent.
            entry.OperationFlags = SocketConstants.MSG_WAITALL | SocketConstants.MSG_NOSIGNAL;
            entry.UserData = poller.Add(this);
        }
        catch (ObjectDisposedException)
        {
            Volatile.Write(ref _isInFlight, false);
            Sent(0, release: false);
            Failed(Errno.EBADF, isOver: true);
            FreeMessage();
            NoteEnd();
        }
    }

    void IRingRequest.Complete(int result, uint flags, bool more)
    {
        Volatile.Write(ref _isInFlight, false);
        FreeMessage();
        bool isOver = result >= 0 || result is -Errno.ECANCELED or -Errno.EINTR or -Errno.EAGAIN;
        bool released = Sent(Math.Max(result, 0), release: isOver);
        if (!isOver)
        {
            Failed(-result, isOver: true);
            released = TryRelease();
        }

        if (!released)
        {
            Loop!.AtTurnEnd(this);
        }

        NoteEnd();
    }

    // As if still in the call: so the message and the queue that it names go back to no pool.
    void IRingRequest.Orphan(int errno)
    {
        _isOrphaned = true;
        Failed(errno, isOver: false);
        Volatile.Write(ref _isInFlight, false);
        NoteEnd();
    }

    private void CloseHere()
    {
        if (_isInFlight)
        {
            poller.Cancel(this);
        }
    }

    private void FreeMessage()
    {
        if (_message is { } message)
        {
            _message = null;
            PipePool.OfLoop(Loop!).Return(message);
        }
    }

    private void NoteEnd()
    {
        if (!_isInFlight)
        {
            Volatile.Read(ref _ended)?.TrySetResult();
        }
    }
}
