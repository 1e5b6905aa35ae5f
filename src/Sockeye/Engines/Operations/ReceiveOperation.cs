using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Sockeye.Engines;

/// <summary>recv(2), or recvmsg(2) into several buffers; once, or until the buffer is full.</summary>
internal sealed class ReceiveOperation(SocketCore socket) : SocketOperation<int>(socket, OperationLane.Read), IValueTaskSource
{
    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;
    private IList<ArraySegment<byte>>? _buffers;
    private bool _isExact;

    internal static ReceiveOperation Rent(SocketCore socket) => socket.Receive.Take<ReceiveOperation>() ?? new ReceiveOperation(socket);

    internal override string Call => _isExact ? "receive exactly" : "receive";

    internal override bool CanWaitUntried => Flags == 0;

    internal ReceiveOperation With(Memory<byte> buffer, SocketFlags flags, bool isExact = false)
    {
        _buffer = buffer;
        _isExact = isExact;
        Describe(flags);
        return this;
    }

    internal ReceiveOperation With(IList<ArraySegment<byte>> buffers, SocketFlags flags)
    {
        _buffers = buffers;
        Describe(flags);
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
        if (_buffers is null)
        {
            var step = new ReceiveStep(_buffer.Span, Flags, _isExact);
            return Complete(ref step);
        }

        var scatter = new ReceiveBuffersStep(_buffers, Flags);
        return Complete(ref scatter);
    }

    void IValueTaskSource.GetResult(short token) => TakeOrThrow(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => StatusOf(token, isTry: false);

    protected override int TakeValue() => BytesTransferred;

    protected override void Reset()
    {
        _buffer = default;
        _buffers = null;
        _isExact = false;
    }

    protected override ref OperationSlot Slot => ref Socket.Receive;

    private void Describe(SocketFlags flags)
    {
        SetFlags(flags);
        Progress.PartRule = ReceiveAnswer.PartRule(Socket, Flags, _isExact);
    }
}
