using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmmsg(2): as many messages as wait, at least one.</summary>
internal sealed class ReceiveBatchOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Read)
{
    // Borrowed from the caller until the outcome is taken.
    private MessageBatch? _batch;

    // The sequence of the socket's registration at which a call found fewer than it had room for. Never forgotten: it says
    // something of the socket, and nothing once the sequence has moved.
    private int _emptyAt = -1;

    internal static ReceiveBatchOperation Rent(SocketCore socket) => socket.Extras.ReceiveBatch.Take<ReceiveBatchOperation>() ?? new ReceiveBatchOperation(socket);

    internal override string Call => "receive batch";

    internal ReceiveBatchOperation With(MessageBatch batch, SocketFlags flags)
    {
        batch.PrepareToReceive();
        _batch = batch;
        SetFlags(flags);
        return this;
    }

    internal override bool TryComplete()
    {
        int sequence = SequenceOfEnd();
        if (sequence >= 0 && sequence == _emptyAt)
        {
            return false;
        }

        var step = new ReceiveBatchStep(_batch!, Flags);
        if (!Complete(ref step))
        {
            return false;
        }

        if (Errno == 0 && Progress.Count < _batch!.Capacity)
        {
            _emptyAt = sequence;
        }

        return true;
    }

    internal override int BytesTransferred => 0;

    // A UDP socket that a call has emptied stays empty until its next event, so the next try can be skipped. recvmmsg(2)
    // reports an error that was there before any message; one that it meets behind a message it puts back silently
    // (do_recvmmsg in net/socket.c), but that one came during the call, and its own event is still to come on a thread that
    // both calls and takes events, as a loop's does. −1: nothing follows from an end.
    private int SequenceOfEnd() =>
        Flags == 0 && Socket.Registration is { } registration && ReferenceEquals(RunQueue.Current?.Engine, registration.Engine)
            && Socket.SocketType == SocketType.Dgram && Socket.ProtocolType == ProtocolType.Udp
            && Socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? registration.Sequence
            : -1;

    protected override int TakeValue() => (int)Progress.Count;

    protected override void Reset() => _batch = null;

    protected override void Return() => Socket.Extras.ReceiveBatch.Put(this);
}

/// <summary>sendmmsg(2): all messages of a batch, or those before the first that failed.</summary>
internal sealed class SendBatchOperation(SocketCore socket) : SocketOperation<int>(socket, OperationQueue.Write)
{
    // Borrowed from the caller until the outcome is taken.
    private MessageBatch? _batch;
    private int _first;

    internal static SendBatchOperation Rent(SocketCore socket) => socket.Extras.SendBatch.Take<SendBatchOperation>() ?? new SendBatchOperation(socket);

    internal override string Call => "send batch";

    internal SendBatchOperation With(MessageBatch batch, int first, SocketFlags flags)
    {
        batch.PrepareToSend(first);
        _batch = batch;
        _first = first;
        SetFlags(flags);
        Progress.PartRule = SendBatchStep.PartRule;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new SendBatchStep(_batch!, _first, Flags);
        return Complete(ref step);
    }

    internal override int BytesTransferred => 0;

    protected override int TakeValue() => (int)Progress.Count;

    protected override EndPoint? Subject => _batch!.PeerForErrors(_first) ?? base.Subject;

    protected override void Reset() => _batch = null;

    protected override void Return() => Socket.Extras.SendBatch.Put(this);
}

/// <summary>
/// recvmmsg(2): as many messages as wait. Descriptors are owned when it returns. The batch was prepared before the first
/// attempt: a call that ends without one must not show what the batch held before.
/// </summary>
internal readonly ref struct ReceiveBatchStep(MessageBatch batch, int flags) : ICallStep
{
    public int Call(SocketCore socket, in Progress progress)
    {
        batch.PrepareToReceive();
        int count = Libc.ReceiveMessages(socket.Handle, batch.Vector, batch.Capacity, ReceiveAnswer.KernelFlags(socket, flags));
        batch.TakeReceived(Math.Max(count, 0));
        return count;
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer < 0)
        {
            return progress.TakeError(answer);
        }

        progress.Count = answer;
        return progress.Done();
    }
}

/// <summary>sendmmsg(2), again and again: all messages of a batch, or those before the first that failed.</summary>
internal readonly ref struct SendBatchStep(MessageBatch batch, int first, int flags) : ICallStep
{
    /// <summary>Messages that were sent are the result, or the caller would not know of them; the error that stopped the rest comes with the next call.</summary>
    internal const PartRule PartRule = Sockeye.Engines.PartRule.Succeeds;

    public int Call(SocketCore socket, in Progress progress)
    {
        int next = first + (int)progress.Count;
        return next == batch.Count
            ? 0
            : Libc.SendMessages(socket.Handle, batch.Vector, next, batch.Count - next, flags | SocketConstants.MSG_NOSIGNAL);
    }

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer != 0)
        {
            socket.NoteLocalAddress();
        }

        if (answer < 0)
        {
            return SendStep.TakeError(socket, answer, isAddressed: !batch[first + (int)progress.Count].PeerAddress.IsEmpty, ref progress);
        }

        // Each message may meet an earlier one's error.
        progress.HasRepeated = false;
        progress.Count += answer;
        return first + progress.Count == batch.Count ? progress.Done() : StepResult.Again;
    }
}
