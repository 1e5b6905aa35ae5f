using System.Diagnostics;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines.Pipes;

/// <summary>
/// Moves a pipe's bytes with a ring: one multishot receive into the loop's buffers, which goes on until the reader is
/// behind, and one send at a time, made at the end of a turn and handed over with the turn's one enter.
/// </summary>
/// <remarks>
/// All but <see cref="StartReceive"/>, <see cref="StopReceive"/>, <see cref="StartSend"/> and <see cref="Close"/> belongs to the
/// loop's thread; those four post themselves there.
/// </remarks>
internal sealed class RingPipeDriver : PipeDriver, ITurnEnd, IRingRequest, IBufferWaiter
{
    private readonly SocketCore _socket;
    private readonly PipeInput _input;
    private readonly PipeOutput _output;
    private readonly RunQueue _loop;
    private readonly RingPoller _poller;
    private readonly SendRequest _send;
    private readonly uint _receiveFlags;
    private RingBuffers? _buffers;

    // Receives where the ring gets no buffers; moves all that comes after the ring has failed.
    private CallPipeDriver? _calls;

    // Owned while a send is in flight: it names the memory that the kernel reads.
    private GatherMessage? _message;
    private bool _isArmed;
    private bool _isLimited;
    private bool _isStopping;
    private bool _isSending;
    private bool _isClosed;

    // The kernel may read for ever what a send has named: none of it is used again.
    private volatile bool _isOrphaned;
    private TaskCompletionSource? _ended;

    internal RingPipeDriver(SocketCore socket, PipeInput input, PipeOutput output, RunQueue loop, RingPoller poller)
    {
        _socket = socket;
        _input = input;
        _output = output;
        _loop = loop;
        _poller = poller;
        _send = new SendRequest(this);
        _receiveFlags = (uint)ReceiveAnswer.KernelFlags(socket, 0);
    }

    /// <summary>Gives back the loop's buffers held by a pipe that was not disposed. While a request is in flight the ring refers to it.</summary>
    ~RingPipeDriver() => _input.Abandon();

    ulong IRingRequest.RingToken { get; set; }

    private CallPipeDriver Calls
    {
        get
        {
            if (_calls is null)
            {
                Volatile.Write(ref _calls, new CallPipeDriver(_socket, _input, _output, _loop));
            }

            return _calls;
        }
    }

    private bool IsHere => ReferenceEquals(RunQueue.Current, _loop);

    internal override void StartReceive()
    {
        if (!IsHere || _poller.IsEnding)
        {
            _loop.Post(static driver => ((RingPipeDriver)driver!).StartReceive(), this);
            return;
        }

        if (_isArmed || _isClosed)
        {
            return;
        }

        // The mark first, then the question: a Close on another thread either is seen here, or sees the mark and waits.
        Volatile.Write(ref _isArmed, true);
        int room = _input.Room;
        if (room == 0)
        {
            Disarm();
            return;
        }

        if (_calls is not null || _poller.TryGetBuffers(_loop, out _buffers) != 0)
        {
            // No memory for them, none that may be locked (ulimit -l), or the ring is gone: the socket is watched, and
            // asked, as without a ring.
            Calls.StartReceive();
            Disarm();
            return;
        }

        try
        {
            ref SubmissionEntry entry = ref _poller.Next(_socket.Handle).Entry;
            entry.Operation = RingConstants.IORING_OP_RECV;
            entry.Priority = RingConstants.IORING_RECV_MULTISHOT;
            entry.Flags = RingConstants.IOSQE_BUFFER_SELECT;
            entry.OperationFlags = _receiveFlags;
            entry.BufferGroup = _buffers!.Group;

            // The receive's optlen: it ends after so many bytes. Without, what comes in one turn is bounded by the sender's
            // and the receiver's socket buffers and the loop's ring of buffers: 4 MB were seen above a mark of 64 KiB.
            _isLimited = _poller.HasReceiveLimit;
            entry.FileIndex = _isLimited ? room : 0;
            entry.UserData = _poller.Add(this);
        }
        catch (ObjectDisposedException)
        {
            _input.Ended(Errno.EBADF);
            Disarm();
        }
    }

    internal override void StopReceive()
    {
        if (!IsHere)
        {
            _loop.Post(static driver => ((RingPipeDriver)driver!).StopReceive(), this);
        }
        else if (_isArmed && !_isStopping)
        {
            _isStopping = true;
            _poller.Cancel(this);
        }
    }

    internal override void StartSend()
    {
        if (IsHere)
        {
            _loop.AtTurnEnd(this);
        }
        else
        {
            _loop.Post(static driver => ((RingPipeDriver)driver!).StartSend(), this);
        }
    }

    public override void Close()
    {
        _input.Ended(Errno.EBADF);
        _output.Failed(Errno.EBADF, isOver: false);
        Volatile.Read(ref _calls)?.Close();
        if (IsHere)
        {
            CloseHere();
        }
        else
        {
            _loop.Post(static driver => ((RingPipeDriver)driver!).CloseHere(), this);
        }
    }

    internal override async ValueTask EndAsync()
    {
        // The reader was completed: nothing is left to give back.
        GC.SuppressFinalize(this);
        await EndRequestsAsync().StayOnLoop();
        if (Volatile.Read(ref _calls) is { } calls)
        {
            calls.Close();
            await calls.EndAsync().StayOnLoop();
        }
    }

    private ValueTask EndRequestsAsync()
    {
        if (!Volatile.Read(ref _isArmed) && !Volatile.Read(ref _isSending))
        {
            return default;
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ended = Interlocked.CompareExchange(ref _ended, ended, comparand: null) ?? ended;
        if (!Volatile.Read(ref _isArmed) && !Volatile.Read(ref _isSending))
        {
            ended.TrySetResult();
        }

        return new ValueTask(ended.Task);
    }

    // The loop's last Run has taken back all requests.
    public override void LoopEnded()
    {
        _input.Ended(Errno.EBADF);
        _output.Failed(Errno.EBADF, isOver: !_isOrphaned);
    }

    // At the end of the turn: all that was flushed in it, in one request. A send(2) here that does not wait was tried too:
    // 16 deep it cost 0.48-0.52 us a message where the request cost 0.47-0.50, and at ping-pong they were equal. So the
    // request, which also waits by itself when the peer is slow.
    void ITurnEnd.EndTurn()
    {
        Debug.Assert(!_isSending, "one send at a time");
        if (_poller.HasFailed)
        {
            Calls.SendNow();
            return;
        }

        Volatile.Write(ref _isSending, true);
        _message ??= PipePool.OfLoop(_loop).RentMessage();
        if (!_output.TryGather(_message))
        {
            Volatile.Write(ref _isSending, false);
            EndSend();
            NoteEnd();
            return;
        }

        try
        {
            ref SubmissionEntry entry = ref _poller.Next(_socket.Handle).Entry;
            if (_message.Count == 1)
            {
                NativeBuffer only = _message.Buffers[0];
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
            entry.UserData = _poller.Add(_send);
        }
        catch (ObjectDisposedException)
        {
            Volatile.Write(ref _isSending, false);
            _output.Sent(0);
            _output.Failed(Errno.EBADF, isOver: true);
            NoteEnd();
        }
    }

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
            RingBuffers buffers = _buffers!;
            int buffer = (int)(flags >> RingConstants.IORING_CQE_BUFFER_SHIFT);
            int start = buffers.Take(buffer, Math.Max(result, 0), (flags & RingConstants.IORING_CQE_F_BUF_MORE) != 0);
            if (result > 0)
            {
                goOn = _input.Received(buffers, buffer, start, result, more);
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
                _input.Ended(errno: 0);
                break;
            case -Errno.EINVAL when _isLimited:
                _poller.HasReceiveLimit = false;
                goto case -Errno.EAGAIN;
            case -Errno.ENOBUFS:
                if (_input.Interrupted() && _buffers!.TryWait(this))
                {
                    StartReceive();
                }

                break;
            case -Errno.EAGAIN:
            case -Errno.ECANCELED or -Errno.EINTR:
                if (_input.Interrupted())
                {
                    StartReceive();
                }

                break;
            default:
                _input.Ended(-result);
                break;
        }

        if (!more)
        {
            NoteEnd();
        }
    }

    // Whoever orphans the request keeps its buffers. A new receive might find a gap in the stream.
    void IRingRequest.Orphan(int errno)
    {
        _input.Ended(errno);
        Disarm();
    }

    void IBufferWaiter.BuffersMayBeFree() => StartReceive();

    private void CloseHere()
    {
        _isClosed = true;
        StopReceive();
        if (_isSending)
        {
            _poller.Cancel(_send);
        }
    }

    private void Sent(int result)
    {
        Volatile.Write(ref _isSending, false);
        _output.Sent(Math.Max(result, 0));
        if (result < 0 && result is not (-Errno.ECANCELED or -Errno.EINTR or -Errno.EAGAIN))
        {
            _output.Failed(-result, isOver: true);
        }

        EndSend();
        NoteEnd();
    }

    private void EndSend()
    {
        if (!_output.TryRelease())
        {
            _loop.AtTurnEnd(this);
        }
        else if (_message is { } message)
        {
            _message = null;
            PipePool.OfLoop(_loop).Return(message);
        }
    }

    // No receive is under way after all.
    private void Disarm()
    {
        Volatile.Write(ref _isArmed, false);
        NoteEnd();
    }

    private void NoteEnd()
    {
        if (!_isArmed && !_isSending)
        {
            Volatile.Read(ref _ended)?.TrySetResult();
        }
    }

    private sealed class SendRequest(RingPipeDriver driver) : IRingRequest
    {
        ulong IRingRequest.RingToken { get; set; }

        void IRingRequest.Complete(int result, uint flags, bool more) => driver.Sent(result);

        // As if still in the call: so the message and the queue that it names go back to no pool.
        void IRingRequest.Orphan(int errno)
        {
            driver._isOrphaned = true;
            driver._output.Failed(errno, isOver: false);
            Volatile.Write(ref driver._isSending, false);
            driver.NoteEnd();
        }
    }
}
