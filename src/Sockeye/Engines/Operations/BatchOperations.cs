using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmmsg(2): as many messages as wait, at least one.</summary>
internal sealed class ReceiveBatchOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Read)
{
    // Borrowed from the caller until the outcome is taken.
    private MessageBatch? _batch;
    private int _flags;
    private int _count;

    // The sequence of the socket's registration at which a call found fewer than it had room for. Never forgotten: it says
    // something of the socket, and nothing once the sequence has moved.
    private int _drainedAt = -1;

    internal static ReceiveBatchOperation Rent(SocketCore socket) => socket.Extras.ReceiveBatch.Take<ReceiveBatchOperation>() ?? new ReceiveBatchOperation(socket);

    internal override string Call => "receive batch";

    internal ReceiveBatchOperation With(MessageBatch batch, int flags)
    {
        _batch = batch;
        _flags = flags;
        return this;
    }

    internal override bool TryComplete()
    {
        int sequence = SequenceOfEnd();
        if (sequence >= 0 && sequence == _drainedAt)
        {
            // If the wait is all there is, the batch must not show what it held before.
            _batch!.PrepareToReceive();
            return false;
        }

        int result = Receive(Socket, _batch!, _flags);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        if (result > 0 && result < _batch!.Capacity)
        {
            _drainedAt = sequence;
        }

        Errno = result < 0 ? -result : 0;
        _count = Math.Max(result, 0);
        return true;
    }

    // What is true of a UDP socket after a call that came to its end is true until the engine speaks of it again, and the
    // next try can be spared. recvmmsg(2) tells an error that was there before any message; one that it meets behind a
    // message it puts back, without a word (do_recvmmsg in net/socket.c), but that one came during the call, and its own
    // word is still to come: to a thread that both calls and hears, which a loop's does. −1: nothing follows from an end.
    private int SequenceOfEnd() =>
        _flags == 0 && Socket.Registration is { } registration && ReferenceEquals(EventLoop.Current?.Engine, registration.Engine)
            && Socket.SocketType == SocketType.Dgram && Socket.ProtocolType == ProtocolType.Udp
            && Socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? registration.Sequence
            : -1;

    /// <summary>recvmmsg(2) without waiting. Descriptors are owned when it returns.</summary>
    /// <returns>How many messages, or −errno.</returns>
    internal static int Receive(SocketCore socket, MessageBatch batch, int flags)
    {
        batch.PrepareToReceive();
        int own = ReceiveOperation.KernelFlags(socket, flags);
        int result;
        do
        {
            result = Libc.ReceiveMessages(socket.Handle, batch.Vector, batch.Capacity, own);
        }
        while (result == -Interop.Errno.EINTR);
        batch.TakeReceived(Math.Max(result, 0));
        return result;
    }

    protected override bool Waits => (_flags & (SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_ERRQUEUE)) == 0;

    protected override int TakeValue() => _count;

    protected override void Reset()
    {
        _batch = null;
        _count = 0;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.ReceiveBatch;
}

/// <summary>sendmmsg(2): all messages of a batch, or those before the first that failed.</summary>
internal sealed class SendBatchOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Write)
{
    // Borrowed from the caller until the outcome is taken.
    private MessageBatch? _batch;
    private int _first;
    private int _flags;
    private int _sent;
    private CrowdedQueue _queue;

    internal static SendBatchOperation Rent(SocketCore socket) => socket.Extras.SendBatch.Take<SendBatchOperation>() ?? new SendBatchOperation(socket);

    internal override string Call => "send batch";

    internal SendBatchOperation With(MessageBatch batch, int first, int flags)
    {
        batch.PrepareToSend(first);
        _batch = batch;
        _first = first;
        _flags = flags;
        return this;
    }

    internal override bool TryComplete()
    {
        if (_queue.IsPaused)
        {
            return false;
        }

        int result = Send(Socket, _batch!, _first, ref _sent, _flags);
        if (result == -Interop.Errno.EAGAIN)
        {
            _queue.Refused(this, isAddressed: !_batch![_first + _sent].PeerAddress.IsEmpty);
            return false;
        }

        Errno = -result;
        return true;
    }

    // Messages that went before a cancel or a time limit are the answer, or nobody would know of them.
    internal override void EndWith(int errno) => Errno = _sent > 0 ? 0 : errno;

    /// <summary>sendmmsg(2), again and again, without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="batch">The messages, laid out.</param>
    /// <param name="first">Where to begin.</param>
    /// <param name="sent">How many have been sent so far; goes up.</param>
    /// <param name="flags">MSG_ flags.</param>
    /// <returns>0 when all are sent, or when one failed after others went; −EAGAIN when the rest must wait; else −errno of the first.</returns>
    internal static int Send(SocketCore socket, MessageBatch batch, int first, ref int sent, int flags)
    {
        int own = flags | SocketConstants.MSG_NOSIGNAL;
        bool repeated = false;
        while (first + sent < batch.Count)
        {
            int result = Libc.SendMessages(socket.Handle, batch.Vector, first + sent, batch.Count - first - sent, own);
            if (result > 0)
            {
                // Each message may answer with an error that the next one meets.
                sent += result;
                repeated = false;
            }
            else if (result != -Interop.Errno.EINTR && !EarlierErrors.MustRepeat(socket, result, ref repeated))
            {
                // The failed message's error comes again when the caller sends from there on.
                return result == -Interop.Errno.EAGAIN || sent == 0 ? result : 0;
            }
        }

        return 0;
    }

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override int TakeValue() => _sent;

    protected override void Reset()
    {
        _queue.Stop();
        _batch = null;
        _sent = 0;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.SendBatch;
}
