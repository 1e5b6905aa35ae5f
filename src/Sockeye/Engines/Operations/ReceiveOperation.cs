using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recv(2): once, or until the buffer is full.</summary>
internal sealed class ReceiveOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Read), IValueTaskSource
{
    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;

    internal static ReceiveOperation Rent(SocketCore socket) => socket.Receive.Take<ReceiveOperation>() ?? new ReceiveOperation(socket);

    internal override string Call => Progress.PartRule == PartRule.AllOrNothing ? "receive exactly" : "receive";

    internal override bool MaySkipTry => Flags == 0;

    internal ReceiveOperation With(Memory<byte> buffer, SocketFlags flags, bool isExact = false)
    {
        _buffer = buffer;
        SetFlags(flags);
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags, isExact);
        return this;
    }

    /// <summary>Starts the operation for the face that fills the buffer and so returns no count.</summary>
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
        var step = new ReceiveStep(_buffer.Span, Flags, maySkipTry: true);
        return Complete(ref step);
    }

    internal override bool IsRequest => Flags == 0 && Socket.IsStream && _buffer.Length > Progress.Count;

    internal override ReadOnlyMemory<byte> RequestMemory => _buffer[(int)Progress.Count..];

    internal override int RequestBytes => _buffer.Length - (int)Progress.Count;

    internal override void Describe(ref SubmissionEntry entry)
    {
        entry.Operation = RingConstants.IORING_OP_RECV;
        entry.OperationFlags = (uint)ReceiveAnswer.KernelFlags(Socket, SocketConstants.MSG_DONTWAIT);
    }

    private protected override StepResult TakeAnswer(int answer, int sequence)
    {
        var taken = new ReceiveAnswer(Flags, maySkipTry: true);
        taken.Resume(Socket, sequence, Progress);
        return taken.Take(Socket, answer, RequestBytes, _buffer.Length, ref Progress);
    }

    void IValueTaskSource.GetResult(short token) => TakeOrThrow(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => StatusOf(token, isTry: false);

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset() => _buffer = default;

    protected override void Return() => Socket.Receive.Put(this);
}

/// <summary>recvmsg(2) into several buffers: once, or until they are full. A separate class, since the operation for one buffer is frequent and should stay small.</summary>
internal sealed class ReceiveBuffersOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Read)
{
    // Borrowed from the caller until the outcome is taken.
    private IList<ArraySegment<byte>> _buffers = [];

    internal static ReceiveBuffersOperation Rent(SocketCore socket) =>
        socket.Extras.ReceiveBuffers.Take<ReceiveBuffersOperation>() ?? new ReceiveBuffersOperation(socket);

    internal override string Call => "receive";

    internal ReceiveBuffersOperation With(IList<ArraySegment<byte>> buffers, SocketFlags flags)
    {
        _buffers = buffers;
        SetFlags(flags);
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags);
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new ReceiveBuffersStep(_buffers, Flags);
        return Complete(ref step);
    }

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset() => _buffers = [];

    protected override void Return() => Socket.Extras.ReceiveBuffers.Put(this);
}
