using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>Receives with a ring: one multishot receive into the loop's buffers, which goes on until the reader is behind.</summary>
/// <remarks>
/// All but <see cref="StartReceive"/>, <see cref="StopReceive"/>, <see cref="Close"/> and <see cref="EndAsync"/> belongs to the
/// loop's thread; the first three post themselves there.
/// </remarks>
internal sealed class RingPipeInput(SocketPipe pipe, PipeBounds bounds, RunQueue loop, RingPoller poller)
    : PipeInput(pipe, bounds, loop), IRingRequest, IBufferWaiter, ILoopTenant
{
    // Receives where the ring gets no buffers, and all that comes after the ring has failed.
    private CallReceiver? _calls;
    private TaskCompletionSource? _ended;
    private bool _isArmed;
    private bool _isLimited;
    private bool _isStopping;
    private bool _isClosed;

    ulong IRingRequest.RingToken { get; set; }

    private bool IsHere => ReferenceEquals(RunQueue.Current, Loop);

    // Those of the ring that the request is in: they go with it, and with all its requests.
    private RingBuffers Buffers
    {
        get
        {
            poller.TryGetBuffers(Loop!, out RingBuffers? buffers);
            return buffers!;
        }
    }

    /// <summary>The other side, with the same ring.</summary>
    internal RingPipeOutput MakeOutput() => new(Pipe, Loop!, poller);

    internal override void StartReceive()
    {
        if (!IsHere || poller.IsEnding)
        {
            Loop!.Post(static input => ((RingPipeInput)input!).StartReceive(), this);
            return;
        }

        if (_isArmed || _isClosed)
        {
            return;
        }

        // The mark first, then the question: a Close on another thread either is seen here, or sees the mark and waits.
        Volatile.Write(ref _isArmed, true);
        int room = Room;
        if (room == 0)
        {
            Disarm();
            return;
        }

        if (_calls is not null || poller.TryGetBuffers(Loop!, out RingBuffers? buffers) != 0)
        {
            // No memory for them, none that may be locked (ulimit -l), or no ring any longer: the socket is watched, and
            // asked, as without a ring.
            StartCall();
            Disarm();
            return;
        }

        try
        {
            SocketCore socket = Pipe.Core;
            ref SubmissionEntry entry = ref poller.Next(socket.Handle).Entry;
            entry.Operation = RingConstants.IORING_OP_RECV;
            entry.Priority = RingConstants.IORING_RECV_MULTISHOT;
            entry.Flags = RingConstants.IOSQE_BUFFER_SELECT;
            entry.OperationFlags = (uint)ReceiveAnswer.KernelFlags(socket, 0);
            entry.BufferGroup = buffers!.Group;

            // The receive's optlen: it ends after so many bytes. Without, what comes in one turn is bounded by the sender's
            // and the receiver's socket buffers and the loop's ring of buffers: 4 MB were seen above a mark of 64 KiB.
            _isLimited = poller.HasReceiveLimit;
            entry.FileIndex = _isLimited ? room : 0;
            entry.UserData = poller.Add(this);
        }
        catch (ObjectDisposedException)
        {
            Ended(Errno.EBADF);
            Disarm();
        }
    }

    internal override void StopReceive()
    {
        if (!IsHere)
        {
            Loop!.Post(static input => ((RingPipeInput)input!).StopReceive(), this);
        }
        else if (_isArmed && !_isStopping)
        {
            _isStopping = true;
            poller.Cancel(this);
        }
    }

    internal override void Close()
    {
        Ended(Errno.EBADF);
        Volatile.Read(ref _calls)?.Close();
        if (IsHere)
        {
            CloseHere();
        }
        else
        {
            Loop!.Post(static input => ((RingPipeInput)input!).CloseHere(), this);
        }
    }

    internal override async ValueTask EndAsync()
    {
        if (Volatile.Read(ref _isArmed))
        {
            TaskCompletionSource ended = PipeEnds.Of(ref _ended);
            if (!Volatile.Read(ref _isArmed))
            {
                ended.TrySetResult();
            }

            await ended.Task.StayOnLoop();
        }

        if (Volatile.Read(ref _calls) is { } calls)
        {
            calls.Close();
            await calls.EndAsync().StayOnLoop();
        }
    }

    // The loop's last Run has taken back all requests.
    void ILoopTenant.LoopEnded() => Pipe.LoopEnded();

    void IRingRequest.Complete(int result, uint flags, bool more)
    {
        bool goOn = true;
        if (!more)
        {
            Volatile.Write(ref _isArmed, false);
            _isStopping = false;
        }

        if ((flags & RingConstants.IORING_CQE_F_BUFFER) != 0)
        {
            RingBuffers buffers = Buffers;
            int buffer = (int)(flags >> RingConstants.IORING_CQE_BUFFER_SHIFT);
            int start = buffers.Take(buffer, Math.Max(result, 0), (flags & RingConstants.IORING_CQE_F_BUF_MORE) != 0);
            if (result > 0)
            {
                goOn = Received(buffers, buffer, start, result, more);
            }

            buffers.Settle(buffer);
        }

        switch (result)
        {
            case > 0 when more && !goOn:
                StopReceive();
                break;
            case > 0 when !more && goOn:
                StartReceive();
                break;
            case > 0:
                break;
            case 0:
                Ended(errno: 0);
                break;
            case -Errno.EINVAL when _isLimited:
                poller.HasReceiveLimit = false;
                goto case -Errno.EAGAIN;
            case -Errno.ENOBUFS:
                if (Interrupted() && Buffers.TryWait(this))
                {
                    StartReceive();
                }

                break;
            case -Errno.EAGAIN:
            case -Errno.ECANCELED or -Errno.EINTR:
                if (Interrupted())
                {
                    StartReceive();
                }

                break;
            default:
                Ended(-result);
                break;
        }

        if (!more)
        {
            NoteEnd();
        }
    }

    // The buffers are kept by who orphans the request. A receive that was made anew might find a hole in the stream.
    void IRingRequest.Orphan(int errno)
    {
        Ended(errno);
        Disarm();
    }

    void IBufferWaiter.BuffersMayBeFree() => StartReceive();

    private void StartCall()
    {
        if (_calls is null)
        {
            Volatile.Write(ref _calls, new CallReceiver(this));
        }

        _calls.Start();
    }

    private void CloseHere()
    {
        _isClosed = true;
        StopReceive();
    }

    // No receive is under way after all.
    private void Disarm()
    {
        Volatile.Write(ref _isArmed, false);
        NoteEnd();
    }

    private void NoteEnd()
    {
        if (!_isArmed)
        {
            Volatile.Read(ref _ended)?.TrySetResult();
        }
    }
}
