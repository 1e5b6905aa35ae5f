using System.Net.Sockets;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>send(2), or sendmsg(2) of several buffers: on a stream until all is sent, else one message.</summary>
internal sealed class SendOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Write)
{
    // Borrowed from the caller until the outcome is taken.
    private ReadOnlyMemory<byte> _data;
    private IList<ArraySegment<byte>>? _buffers;
    private bool _isAll;

    // The first call, made before the operation was, has given the outcome.
    private bool _isDecided;

    // Kept for all sockets of a loop: there each send needs one, though not for long.
    private bool _isOfLoop;

    internal static SendOperation Rent(SocketCore socket) => socket.Extras.Send.Take<SendOperation>() ?? new SendOperation(socket);

    /// <summary>One for a send that a loop's ring will make.</summary>
    internal static SendOperation Rent(SocketCore socket, RingTries tries)
    {
        if (tries.TakeSend() is not { } idle)
        {
            return new SendOperation(socket) { _isOfLoop = true };
        }

        idle.Socket = socket;
        return idle;
    }

    internal override string Call => _isAll ? "send all" : "send";

    internal SendOperation With(ReadOnlyMemory<byte> data, SocketFlags flags, bool isAll = false)
    {
        _data = data;
        _isAll = isAll;
        SetFlags(flags);
        Progress.PartRule = SendStep.PartRule(isAll);
        return this;
    }

    internal SendOperation With(IList<ArraySegment<byte>> buffers, SocketFlags flags)
    {
        _buffers = buffers;
        SetFlags(flags);
        Progress.PartRule = SendStep.PartRule(isAll: false);
        return this;
    }

    /// <summary>Goes on from an attempt that was made before there was an operation.</summary>
    /// <param name="progress">How far it came.</param>
    /// <param name="isDone">Its outcome is the operation's.</param>
    internal SendOperation After(in Progress progress, bool isDone)
    {
        Progress = progress;
        _isDecided = isDone;
        return this;
    }

    protected override bool IsDecided => _isDecided;

    internal override bool TryComplete()
    {
        if (_isDecided)
        {
            return true;
        }

        if (_buffers is null)
        {
            var step = new SendStep(_data.Span, Flags);
            return Complete(ref step);
        }

        var gather = new SendBuffersStep(_buffers, Flags);
        return Complete(ref gather);
    }

    internal override bool IsRequest => Flags == 0 && _buffers is null && !_isDecided && Socket.IsStream && _data.Length > Progress.Count;

    internal override ReadOnlyMemory<byte> RequestMemory => _data[(int)Progress.Count..];

    internal override int RequestBytes => _data.Length - (int)Progress.Count;

    internal override void Describe(ref SubmissionEntry entry)
    {
        entry.Operation = RingConstants.IORING_OP_SEND;
        entry.OperationFlags = SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_NOSIGNAL;
    }

    private protected override StepResult TakeAnswer(int answer, int sequence) =>
        SendStep.TakeSent(Socket, answer, _data.Length, isAddressed: false, ref Progress);

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset()
    {
        _data = default;
        _buffers = null;
        _isAll = false;
        _isDecided = false;
    }

    protected override void Return()
    {
        if (_isOfLoop)
        {
            // Of no socket, which it would keep alive. Taken on another thread, or after the loop, it is garbage.
            Socket = null!;
            RingPoller.Own?.Tries?.PutSend(this);
        }
        else
        {
            Socket.Extras.Send.Put(this);
        }
    }
}

/// <summary>send(2), without SIGPIPE: on a stream until all is sent, else one message.</summary>
internal readonly ref struct SendStep(ReadOnlySpan<byte> data, int flags) : ICallStep
{
    private readonly ReadOnlySpan<byte> _data = data;

    /// <summary>As in send(2), a send that must not wait returns what went before it would have had to; one that must send all or nothing has failed.</summary>
    internal static PartRule PartRule(bool isAll) => isAll ? Engines.PartRule.Fails : Engines.PartRule.SucceedsUnlessWaited;

    public int Call(SocketCore socket, in Progress progress) =>
        Libc.Send(socket.Handle, _data[(int)progress.Count..], flags | SocketConstants.MSG_NOSIGNAL);

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        TakeSent(socket, answer, _data.Length, isAddressed: false, ref progress);

    /// <summary>What a send's result means, whichever call made it.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">How many bytes went, or −errno.</param>
    /// <param name="total">How many are to go.</param>
    /// <param name="isAddressed">The call names its peer.</param>
    /// <param name="progress">How far the call has come.</param>
    internal static StepResult TakeSent(SocketCore socket, int answer, int total, bool isAddressed, ref Progress progress)
    {
        if (isAddressed)
        {
            // With the first send the kernel chooses an address, whatever becomes of the message.
            socket.NoteLocalAddress();
        }

        if (answer < 0)
        {
            return TakeError(socket, answer, isAddressed, ref progress);
        }

        progress.Count += answer;
        return progress.Count >= total || !socket.IsStream ? progress.Done() : StepResult.Again;
    }

    /// <summary>What a failed send means.</summary>
    /// <remarks>
    /// A UNIX datagram queue that others have filled: the kernel has no event for the room in it, and says "writable" each
    /// time it has thrown a refused message away (net/unix/af_unix.c, unix_dgram_sendmsg). A connected socket's queue tells of
    /// its room as others do.
    /// </remarks>
    internal static StepResult TakeError(SocketCore socket, int answer, bool isAddressed, ref Progress progress) =>
        EarlierErrors.MustRepeat(socket, answer, ref progress) ? StepResult.Again
        : answer == -Errno.EAGAIN && isAddressed && socket.AddressFamily == AddressFamily.Unix && !socket.IsStream ? StepResult.Pause
        : progress.TakeError(answer);
}

/// <summary>sendmsg(2) of several buffers.</summary>
internal readonly ref struct SendBuffersStep(IList<ArraySegment<byte>> buffers, int flags) : ICallStep
{
    private readonly int _total = BufferVector.Total(buffers);

    public int Call(SocketCore socket, in Progress progress)
    {
        using var vector = new BufferVector(buffers, (int)progress.Count);

        // A message goes in one call or not at all: the kernel's own error for too many buffers.
        return vector.IsPartial && !socket.IsStream
            ? -Errno.EMSGSIZE
            : Libc.SendMessage(socket.Handle, vector.Buffers, flags | SocketConstants.MSG_NOSIGNAL);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress) =>
        SendStep.TakeSent(socket, answer, _total, isAddressed: false, ref progress);
}
