using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recv(2), or recvmsg(2) into several buffers; once, or until the buffer is full.</summary>
internal sealed class ReceiveOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Read), IValueTaskSource
{
    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;
    private IList<ArraySegment<byte>>? _buffers;
    private int _flags;
    private bool _exactly;

    internal static ReceiveOperation Rent(SocketCore socket) => socket.Receive.Take<ReceiveOperation>() ?? new ReceiveOperation(socket);

    internal override string Call => _exactly ? "receive exactly" : "receive";

    protected override int BytesLost => TermsIfAny?.BytesLost ?? 0;

    private int Total => _buffers is null ? _buffer.Length : BufferVector.Total(_buffers);

    internal ReceiveOperation With(Memory<byte> buffer, int flags, bool exactly = false)
    {
        _buffer = buffer;
        _flags = flags;
        _exactly = exactly;
        return this;
    }

    internal ReceiveOperation With(IList<ArraySegment<byte>> buffers, int flags)
    {
        _buffers = buffers;
        _flags = flags;
        return this;
    }

    /// <summary>Starts the operation for the face that fills the buffer and so has no count to tell.</summary>
    internal ValueTask RunForNoCount(CancellationToken token)
    {
        if (Begin(token))
        {
            if (Errno == 0)
            {
                Recycle();
                return ValueTask.CompletedTask;
            }

            ShowOutcome();
        }

        return new ValueTask(this, Version);
    }

    internal override bool TryComplete()
    {
        while (true)
        {
            Registration? registration = Socket.Registration;
            int sequence = registration?.Sequence ?? 0;
            int result = _buffers is null
                ? Receive(Socket, _buffer.Span[BytesTransferred..], _flags, out int bytesLost)
                : Receive(Socket, _buffers, BytesTransferred, _flags, out bytesLost);
            if (result == -Interop.Errno.EAGAIN)
            {
                return false;
            }

            if (bytesLost != 0)
            {
                Terms.BytesLost = bytesLost;
            }

            if (result > 0 && result < Total - BytesTransferred && Takes && Socket.IsPlainTcp)
            {
                registration?.NoteDrained(sequence);
            }

            if (!Account(result))
            {
                return true;
            }

            if (registration is not null && CanWaitUntried && registration.MayWaitUntried(sequence))
            {
                // More is wanted, and none is there.
                return false;
            }
        }
    }

    internal override bool CanWaitUntried => _flags == 0;

    /// <summary>
    /// True when MSG_WAITALL asks for a full buffer. The kernel heeds it on blocking descriptors only, and ours never
    /// block: so the call is repeated.
    /// </summary>
    internal static bool FillsBuffer(SocketCore socket, int flags) =>
        socket.IsStream && (flags & (SocketConstants.MSG_WAITALL | SocketConstants.MSG_PEEK)) == SocketConstants.MSG_WAITALL;

    /// <summary>
    /// MSG_TRUNC makes a message socket answer with the message's true length, so that a cut message is told; on a
    /// stream it would throw bytes away. MSG_CMSG_CLOEXEC closes descriptors that come on exec.
    /// </summary>
    internal static int KernelFlags(SocketCore socket, int flags)
    {
        if (socket.AddressFamily == AddressFamily.Unix)
        {
            // SCM_RIGHTS comes here alone. Others refuse the flag: PACKET, ISO-TP, J1939 (EINVAL), MCTP (EOPNOTSUPP).
            flags |= SocketConstants.MSG_CMSG_CLOEXEC;
        }
        else if (socket.AddressFamily == AddressFamily.ControllerAreaNetwork && (int)socket.ProtocolType == CanConstants.CAN_J1939)
        {
            // It refuses MSG_TRUNC as well (net/can/j1939/socket.c, j1939_sk_recvmsg); recvmsg(2) still says that it cut.
            return flags & ~SocketConstants.MSG_TRUNC;
        }

        return socket.IsStream ? flags & ~SocketConstants.MSG_TRUNC : flags | SocketConstants.MSG_TRUNC;
    }

    /// <summary>recv(2) without waiting.</summary>
    /// <returns>How many bytes are in the buffer, or −errno. −EMSGSIZE: the buffer is full and the rest of the message is lost.</returns>
    internal static int Receive(SocketCore socket, Span<byte> buffer, int flags, out int bytesLost)
    {
        bytesLost = 0;
        if (buffer.IsEmpty && (flags & SocketConstants.MSG_TRUNC) == 0)
        {
            return PeekForZeroBytes(socket, flags);
        }

        int own = KernelFlags(socket, flags);
        int length;
        do
        {
            length = Libc.Receive(socket.Handle, buffer, own);
        }
        while (length == -Interop.Errno.EINTR);
        return socket.IsStream ? length : Cut(length, buffer.Length, flags, out bytesLost);
    }

    /// <summary>recvmsg(2) into several buffers behind their first <paramref name="skip"/> bytes, without waiting.</summary>
    internal static int Receive(SocketCore socket, IList<ArraySegment<byte>> buffers, int skip, int flags, out int bytesLost)
    {
        bytesLost = 0;
        using var vector = new BufferVector(buffers, skip);
        if (vector.Length == 0 && (flags & SocketConstants.MSG_TRUNC) == 0)
        {
            return PeekForZeroBytes(socket, flags);
        }

        int own = KernelFlags(socket, flags);
        int length;
        do
        {
            length = Libc.ReceiveMessage(socket.Handle, vector.Buffers, own, default, default, out _);
        }
        while (length == -Interop.Errno.EINTR);
        return socket.IsStream ? length : Cut(length, vector.Length, flags, out bytesLost);
    }

    /// <summary>
    /// A true length beyond the room becomes EMSGSIZE, unless the caller asked for the true length with MSG_TRUNC.
    /// </summary>
    internal static int Cut(int length, int room, int flags, out int bytesLost)
    {
        bytesLost = 0;
        if (length <= room)
        {
            return length;
        }

        if ((flags & SocketConstants.MSG_TRUNC) != 0)
        {
            return length;
        }

        bytesLost = length - room;
        return -Interop.Errno.EMSGSIZE;
    }

    void IValueTaskSource.GetResult(short token) => TakeOrThrow(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => StatusOf(token, isTry: false);

    // MSG_WAITALL: what came before a cancel or a time limit is the answer, or it would be lost.
    internal override void EndWith(int errno) => Errno = BytesTransferred > 0 && !_exactly ? 0 : errno;

    protected override bool Waits => (_flags & SocketConstants.MSG_DONTWAIT) == 0;

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset()
    {
        _buffer = default;
        _buffers = null;
        _exactly = false;
    }

    protected override ref OperationSlot Slot => ref Socket.Receive;

    // A peek leaves what it saw, urgent bytes and errors have queues of their own: a short one says nothing of the socket.
    private bool Takes => (_flags & (SocketConstants.MSG_PEEK | SocketConstants.MSG_OOB | SocketConstants.MSG_ERRQUEUE)) == 0;

    // Books one answer; true when the call must be repeated for the rest.
    private bool Account(int result)
    {
        if (result < 0)
        {
            if (BytesTransferred > 0 && !_exactly)
            {
                // MSG_WAITALL: what came before the error is the answer; the error comes with the next call.
                return false;
            }

            Errno = -result;
            BytesTransferred += result == -Interop.Errno.EMSGSIZE ? Total : 0;
            return false;
        }

        BytesTransferred += result;
        if (BytesTransferred == Total || !(_exactly || FillsBuffer(Socket, _flags)))
        {
            return false;
        }

        if (result == 0 || !Socket.IsStream)
        {
            Errno = _exactly ? Interop.Errno.ESHUTDOWN : 0;
            return false;
        }

        return true;
    }

    // A receive of no bytes waits until there is something to receive and leaves it, as in .NET; recv(2) itself would
    // not wait on a stream, and would take a datagram.
    private static int PeekForZeroBytes(SocketCore socket, int flags)
    {
        Span<byte> one = stackalloc byte[1];
        int result;
        do
        {
            result = Libc.Receive(socket.Handle, one, flags | SocketConstants.MSG_PEEK);
        }
        while (result == -Interop.Errno.EINTR);
        return Math.Min(result, 0);
    }
}
