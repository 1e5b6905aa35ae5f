using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recv(2): once, or until the buffer is full.</summary>
internal ref struct ReceiveStep(Span<byte> buffer, int flags, bool maySkipTry = false) : ICallStep
{
    private readonly Span<byte> _buffer = buffer;
    private ReceiveAnswer _answer = new(flags, maySkipTry: maySkipTry);

    public int Call(SocketCore socket, in Progress progress)
    {
        _answer.Begin(socket, progress);
        return _answer.IsForNothing(socket, _buffer.Length)
            ? ReceiveAnswer.PeekForZeroBytes(socket, flags)
            : Libc.Receive(socket.Handle, _buffer[_answer.Offset..], ReceiveAnswer.KernelFlags(socket, flags));
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        _answer.Take(socket, answer, _buffer.Length - _answer.Offset, _buffer.Length, ref progress);
}

/// <summary>recvmsg(2) into several buffers: once, or until they are full.</summary>
internal ref struct ReceiveBuffersStep(IList<ArraySegment<byte>> buffers, int flags) : ICallStep
{
    private readonly int _total = BufferVector.Total(buffers);
    private ReceiveAnswer _answer = new(flags);

    // One call takes 1,024 buffers at most (IOV_MAX): a message is cut there; a stream that is to fill all goes on.
    private int _room;

    public int Call(SocketCore socket, in Progress progress)
    {
        _answer.Begin(socket, progress);
        using var vector = new BufferVector(buffers, _answer.Offset);
        _room = vector.Length;
        return _answer.IsForNothing(socket, _total)
            ? ReceiveAnswer.PeekForZeroBytes(socket, flags)
            : Libc.ReceiveMessage(socket.Handle, vector.Buffers, ReceiveAnswer.KernelFlags(socket, flags), default, default, out _);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        _answer.Take(socket, answer, _room, _total, ref progress);
}

/// <summary>What is common to all receives: their flags, what is noted before an attempt, and what the kernel's result means.</summary>
/// <param name="flags">The call's MSG_ flags.</param>
/// <param name="tellsCut">A message that did not fit is no failure: the caller reports it in another way.</param>
/// <param name="maySkipTry">The engine hears of the next event: an emptied socket need not be tried. A blocking wait may have spent it.</param>
internal ref struct ReceiveAnswer(int flags, bool tellsCut = false, bool maySkipTry = false)
{
    // These have separate queues, from which one call takes one item.
    private const int Aside = SocketConstants.MSG_OOB | SocketConstants.MSG_ERRQUEUE;

    private Registration? _registration;
    private int _sequence;
    private bool _fills;

    // A peek that starts from the beginning each time, and what was known before it: nothing can follow what it sees.
    private bool _seesAgain;
    private bool _isLast;

    /// <summary>Where in the caller's memory the next bytes go.</summary>
    internal int Offset { get; private set; }

    /// <summary>
    /// True when MSG_WAITALL asks for a full buffer. The kernel heeds it on blocking descriptors only, and ours never block: so
    /// the call is repeated. A peek waits for all on TCP alone: net/unix/af_unix.c, unix_stream_read_generic, and
    /// net/vmw_vsock/af_vsock.c, __vsock_stream_recvmsg, show what there is.
    /// </summary>
    private static bool Fills(SocketCore socket, int flags) =>
        (flags & (SocketConstants.MSG_WAITALL | Aside)) == SocketConstants.MSG_WAITALL && socket.IsStream
            && ((flags & SocketConstants.MSG_PEEK) == 0 || socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6);

    /// <summary>What came before a failure: it would be lost if it were not reported. Not so where the caller wants all or nothing.</summary>
    internal static PartRule PartRule(SocketCore socket, int flags, bool isExact = false) =>
        isExact ? Engines.PartRule.AllOrNothing : Fills(socket, flags) ? Engines.PartRule.Succeeds : Engines.PartRule.Fails;

    /// <summary>
    /// MSG_TRUNC makes a message socket return the message's true length, so that a truncated message is reported; on a
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

    /// <summary>
    /// A receive of no bytes waits until there is something to receive and leaves it, as in .NET; recv(2) itself would
    /// not wait on a stream, and would take a datagram.
    /// </summary>
    internal static int PeekForZeroBytes(SocketCore socket, int flags) =>
        Math.Min(Libc.Receive(socket.Handle, stackalloc byte[1], flags | SocketConstants.MSG_PEEK), 0);

    /// <summary>True of a receive of no bytes. With MSG_TRUNC it asks for a message's length.</summary>
    internal readonly bool IsForNothing(SocketCore socket, int room) =>
        room == 0 && (socket.IsStream || (flags & SocketConstants.MSG_TRUNC) == 0);

    /// <summary>Notes what must be known before the call.</summary>
    internal void Begin(SocketCore socket, in Progress progress)
    {
        _registration = socket.Registration;
        _sequence = _registration?.Sequence ?? 0;
        _fills = Fills(socket, flags);
        Offset = (int)progress.Count;
        if (_fills && (flags & SocketConstants.MSG_PEEK) != 0)
        {
            BeginPeek(socket);
        }
    }

    /// <summary>As <see cref="Begin"/>, of a plain receive that a ring's request has made.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="sequence">The registration's when the request was made.</param>
    /// <param name="progress">How far the call has come.</param>
    internal void Resume(SocketCore socket, int sequence, in Progress progress)
    {
        _registration = socket.Registration;
        _sequence = sequence;
        Offset = (int)progress.Count;
    }

    /// <summary>What a receive's result means.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">How many bytes came, of a message its true length, or −errno.</param>
    /// <param name="room">How many this call had room for.</param>
    /// <param name="total">How many the caller wants.</param>
    /// <param name="progress">How far the call has come.</param>
    internal readonly StepResult Take(SocketCore socket, int answer, int room, int total, ref Progress progress)
    {
        if (answer < 0 && progress.HasWaited && socket.IsFreshlyRenewed(-answer))
        {
            // It waited on the socket before, and came too late for that one's end.
            answer = 0;
        }

        if (answer < 0)
        {
            return TakeError(socket, answer, ref progress);
        }

        if (!socket.IsStream)
        {
            return TakeMessage(answer, room, ref progress);
        }

        if (answer == 0 && room > 0)
        {
            return TakeEnd(socket, ref progress);
        }

        progress.Count = _seesAgain ? answer : progress.Count + answer;
        if (answer > 0 && answer < room && socket.IsPlainTcp && (flags & (SocketConstants.MSG_PEEK | Aside)) == 0)
        {
            // Emptied, unless an event has come since. A peek leaves what it saw; the others say nothing of the bytes.
            _registration?.MarkEmpty(_sequence);
        }

        if (progress.Count >= total || !(IsExact(progress) || _fills))
        {
            return progress.Done();
        }

        if (_seesAgain)
        {
            // It sees the same again until more has come.
            return _isLast ? progress.Done() : StepResult.Wait;
        }

        if (_fills && answer < room && IsAtMark(socket))
        {
            return progress.Done();
        }

        return maySkipTry && flags == 0 && _registration?.CanSkipTry(_sequence) == true ? StepResult.Wait : StepResult.Again;
    }

    private static bool IsExact(in Progress progress) => progress.PartRule == Engines.PartRule.AllOrNothing;

    private readonly StepResult TakeMessage(int answer, int room, ref Progress progress)
    {
        bool isCut = answer > room;
        if (isCut && (flags & SocketConstants.MSG_TRUNC) == 0)
        {
            progress.BytesLost = answer - room;
        }

        progress.Count = progress.BytesLost > 0 || tellsCut ? Math.Min(answer, room) : answer;
        return progress.Done(
            progress.BytesLost > 0 && !tellsCut ? Errno.EMSGSIZE
            : IsExact(progress) && answer < room ? Errno.ESHUTDOWN
            : 0);
    }

    private readonly StepResult TakeError(SocketCore socket, int answer, ref Progress progress)
    {
        if (_fills && !IsExact(progress) && progress.Count > 0 && answer is not (-Errno.EAGAIN or -Errno.EFAULT))
        {
            // The part is reported, and the kernel reports an error only once.
            socket.PostponeError(-answer);
        }

        return progress.TakeError(answer);
    }

    private readonly StepResult TakeEnd(SocketCore socket, ref Progress progress)
    {
        if (socket.TakePostponedError() is > 0 and var errno)
        {
            progress.End(errno);
            return StepResult.Done;
        }

        return progress.Done(IsExact(progress) ? Errno.ESHUTDOWN : 0);
    }

    // Asked before the peek: what comes in between is an event, and leads to another attempt.
    private void BeginPeek(SocketCore socket)
    {
        // With SO_PEEK_OFF each peek goes on where the last one ended, as a receive does.
        _seesAgain = Libc.GetOption(socket.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_PEEK_OFF, out int offset) < 0 || offset < 0;
        if (!_seesAgain)
        {
            return;
        }

        Offset = 0;

        // The stream has ended, or is gone; or it goes on behind urgent data, which a peek does not pass.
        socket.Poll(SocketEvents.PeerShutdown | SocketEvents.Priority, out SocketEvents seen);
        _isLast = (seen & (SocketEvents.PeerShutdown | SocketEvents.HangUp | SocketEvents.Error)) != 0
            || ((seen & SocketEvents.Priority) != 0 && !IsAtMark(socket));
    }

    // MSG_WAITALL does not pass urgent data: tcp(7), SIOCATMARK.
    private static bool IsAtMark(SocketCore socket) =>
        Libc.Ioctl(socket.Handle, IoctlConstants.SIOCATMARK, out int isAtMark) >= 0 && isAtMark != 0;
}
