using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recv(2): once, or until the buffer is full.</summary>
internal ref struct ReceiveStep(Span<byte> buffer, int flags, bool isExact) : ICallStep
{
    private readonly Span<byte> _buffer = buffer;
    private SocketState _before;

    public int Call(SocketCore socket, in Progress progress)
    {
        _before = SocketState.Of(socket);
        return ReceiveAnswer.IsForNothing(_buffer.Length, flags)
            ? ReceiveAnswer.PeekForZeroBytes(socket, flags)
            : Libc.Receive(socket.Handle, _buffer[ReceiveAnswer.Offset(progress, flags)..], ReceiveAnswer.KernelFlags(socket, flags));
    }

    public readonly StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        ReceiveAnswer.Take(socket, answer, _buffer.Length, flags, isExact, _before, ref progress);
}

/// <summary>recvmsg(2) into several buffers: once, or until they are full.</summary>
internal ref struct ReceiveBuffersStep(IList<ArraySegment<byte>> buffers, int flags) : ICallStep
{
    private readonly int _total = BufferVector.Total(buffers);
    private SocketState _before;
    private int _room;

    public int Call(SocketCore socket, in Progress progress)
    {
        _before = SocketState.Of(socket);
        int offset = ReceiveAnswer.Offset(progress, flags);
        using var vector = new BufferVector(buffers, offset);
        _room = offset + vector.Length;
        return ReceiveAnswer.IsForNothing(_total, flags)
            ? ReceiveAnswer.PeekForZeroBytes(socket, flags)
            : Libc.ReceiveMessage(socket.Handle, vector.Buffers, ReceiveAnswer.KernelFlags(socket, flags), default, default, out _);
    }

    // One call takes 1,024 buffers at most (IOV_MAX): a message is cut there; a stream that is to fill all goes on.
    public readonly StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        ReceiveAnswer.Take(socket, answer, socket.IsStream ? _total : _room, flags, isExact: false, _before, ref progress);
}

/// <summary>What was known of a socket before a receive: whether a short one has emptied it.</summary>
internal readonly ref struct SocketState
{
    private readonly Registration? _registration;
    private readonly int _sequence;

    private SocketState(Registration registration)
    {
        _registration = registration;
        _sequence = registration.Sequence;
    }

    internal static SocketState Of(SocketCore socket) => socket.Registration is { } registration ? new SocketState(registration) : default;

    /// <summary>The receive has emptied the socket, unless an event has come since.</summary>
    internal void NoteDrained() => _registration?.NoteDrained(_sequence);

    /// <summary>True when another receive would find nothing.</summary>
    internal bool IsDrained => _registration is not null && _registration.MayWaitUntried(_sequence);
}

/// <summary>What is common to all receives: their flags, and what the kernel's answer means.</summary>
internal static class ReceiveAnswer
{
    /// <summary>True when MSG_WAITALL asks for a full buffer. The kernel heeds it on blocking descriptors only, and ours never block: so the call is repeated.</summary>
    internal static bool Fills(SocketCore socket, int flags) => socket.IsStream && (flags & SocketConstants.MSG_WAITALL) != 0;

    /// <summary>What came before a failure: lost if it were not told, save where the caller wants all or nothing.</summary>
    internal static PartRule PartRule(SocketCore socket, int flags, bool isExact) =>
        !isExact && Fills(socket, flags) ? Engines.PartRule.Succeeds : Engines.PartRule.Fails;

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

    /// <summary>Where the next bytes go. A peek begins anew each time.</summary>
    internal static int Offset(in Progress progress, int flags) =>
        (flags & SocketConstants.MSG_PEEK) != 0 ? 0 : (int)progress.Count;

    /// <summary>True of a receive of no bytes, which waits until there is something and leaves it.</summary>
    internal static bool IsForNothing(int room, int flags) => room == 0 && (flags & SocketConstants.MSG_TRUNC) == 0;

    /// <summary>
    /// A receive of no bytes waits until there is something to receive and leaves it, as in .NET; recv(2) itself would
    /// not wait on a stream, and would take a datagram.
    /// </summary>
    internal static int PeekForZeroBytes(SocketCore socket, int flags) =>
        Math.Min(Libc.Receive(socket.Handle, stackalloc byte[1], flags | SocketConstants.MSG_PEEK), 0);

    /// <summary>What a receive's answer means.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">How many bytes came, of a message its true length, or −errno.</param>
    /// <param name="total">How many the caller has room for.</param>
    /// <param name="flags">The call's MSG_ flags.</param>
    /// <param name="isExact">All of them are wanted, or it is a failure.</param>
    /// <param name="before">The socket before the call.</param>
    /// <param name="progress">How far the call has come.</param>
    /// <param name="tellsCut">A message that did not fit is no failure: the caller tells it otherwise.</param>
    internal static StepResult Take(
        SocketCore socket, int answer, int total, int flags, bool isExact, in SocketState before, ref Progress progress, bool tellsCut = false)
    {
        if (answer < 0)
        {
            return progress.TakeError(answer);
        }

        bool isPeek = (flags & SocketConstants.MSG_PEEK) != 0;
        if (!socket.IsStream)
        {
            if (answer > total && (flags & SocketConstants.MSG_TRUNC) == 0)
            {
                progress.Count = total;
                progress.BytesLost = answer - total;
                return progress.Done(tellsCut ? 0 : Errno.EMSGSIZE);
            }

            progress.Count = tellsCut ? Math.Min(answer, total) : answer;
            return progress.Done(isExact && answer < total ? Errno.ESHUTDOWN : 0);
        }

        progress.Count = isPeek ? answer : progress.Count + answer;
        bool isShort = progress.Count < total;
        if (answer > 0 && isShort && socket.IsPlainTcp && Takes(flags))
        {
            before.NoteDrained();
        }

        if (!isShort || !(isExact || Fills(socket, flags)))
        {
            return progress.Done();
        }

        if (answer == 0)
        {
            return progress.Done(isExact ? Errno.ESHUTDOWN : 0);
        }

        // More is wanted. A peek sees the same again until more has come, and never the end behind it.
        return isPeek ? (HasEnded(socket) ? progress.Done() : StepResult.Wait)
            : before.IsDrained && flags == 0 ? StepResult.Wait
            : StepResult.Again;
    }

    // A peek leaves what it saw, urgent bytes and errors have queues of their own: a short one says nothing of the socket.
    private static bool Takes(int flags) =>
        (flags & (SocketConstants.MSG_PEEK | SocketConstants.MSG_OOB | SocketConstants.MSG_ERRQUEUE)) == 0;

    // Nothing more will come: the peer has ended the stream, or the connection is gone.
    private static bool HasEnded(SocketCore socket) =>
        WaitOperation.Poll(socket, SocketEvents.PeerShutdown, TimeSpan.Zero, out SocketEvents seen) > 0
        && (seen & (SocketEvents.PeerShutdown | SocketEvents.HangUp | SocketEvents.Error)) != 0;
}
