using System.Net.Sockets;
using Sockeye.Engines;

namespace Sockeye;

// recvmmsg(2) and sendmmsg(2).
public partial class Socket
{
    /// <summary>recvmmsg(2): waits for a message and takes as many as there are, up to the batch's capacity, in one call.</summary>
    /// <remarks>For sockets that keep messages apart: at the end of a stream every slot would be an empty message.</remarks>
    /// <param name="batch">Overwritten; its Count is how many came. A message that did not fit says so in its Flags.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many messages.</returns>
    /// <exception cref="SocketException">TimedOut, WouldBlock, ConnectionRefused, Interrupted (disposed meanwhile).</exception>
    public int ReceiveBatch(MessageBatch batch, SocketFlags socketFlags = SocketFlags.None) =>
        OrThrow(TryReceiveBatch(batch, socketFlags), "receive batch", socketFlags);

    /// <summary>recvmmsg(2), with the failure as a value.</summary>
    /// <param name="batch">Overwritten.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many messages, or the errno.</returns>
    public SocketResult<int> TryReceiveBatch(MessageBatch batch, SocketFlags socketFlags = SocketFlags.None)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowIfDisposed();
        batch.PrepareToReceive();
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            var step = new ReceiveBatchStep(batch, flags);
            BlockingCall.Run(Core, OperationQueue.Read, Core.ReceiveLimit, flags, ref step, ref progress);
        }

        return ToCount(progress);
    }

    /// <summary>recvmmsg(2), asynchronously.</summary>
    /// <param name="batch">Overwritten; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is lost.</param>
    /// <returns>How many messages.</returns>
    public ValueTask<int> ReceiveBatchAsync(
        MessageBatch batch, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return ReceiveBatchOperation.Rent(Usable).With(batch, socketFlags).Run(cancellationToken);
    }

    /// <summary>recvmmsg(2), asynchronously, with the failure as a value.</summary>
    /// <param name="batch">Overwritten; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many messages, or the errno.</returns>
    public ValueTask<SocketResult<int>> TryReceiveBatchAsync(
        MessageBatch batch, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return ReceiveBatchOperation.Rent(Usable).With(batch, socketFlags).TryRun(cancellationToken);
    }

    /// <summary>sendmmsg(2): sends the batch's messages in as few calls as the socket has room for.</summary>
    /// <param name="batch">Its first Count messages are sent.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>
    /// How many were sent: all, or fewer when one failed after others had gone. Send the rest again to get the
    /// failure.
    /// </returns>
    /// <exception cref="SocketException">As for SendTo, of the first message.</exception>
    public int SendBatch(MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None)
    {
        SocketResult<int> result = TrySendBatch(batch, start, socketFlags);
        return result.IsSuccess ? result.Value : OrThrow(result, "send batch", socketFlags, batch.PeerForErrors(start));
    }

    /// <summary>sendmmsg(2), with the failure as a value.</summary>
    /// <inheritdoc cref="SendBatch" path="/param"/>
    /// <returns>How many were sent, or the errno of the first.</returns>
    public SocketResult<int> TrySendBatch(MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None)
    {
        CheckBatch(batch, start);
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            batch.PrepareToSend(start);
            progress.PartRule = SendBatchStep.PartRule;
            var step = new SendBatchStep(batch, start, flags);
            BlockingCall.Run(Core, OperationQueue.Write, Core.SendLimit, flags, ref step, ref progress);
        }

        return ToCount(progress);
    }

    /// <summary>sendmmsg(2), asynchronously.</summary>
    /// <param name="batch">Its first Count messages are sent; the kernel's until the task has completed.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait. Messages sent before that are counted, and no exception is thrown.</param>
    /// <returns>How many were sent.</returns>
    public ValueTask<int> SendBatchAsync(
        MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        CheckBatch(batch, start);
        return SendBatchOperation.Rent(Usable).With(batch, start, socketFlags).Run(cancellationToken);
    }

    /// <summary>sendmmsg(2), asynchronously, with the failure as a value.</summary>
    /// <param name="batch">Its first Count messages are sent; the kernel's until the task has completed.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED, when none was sent.</param>
    /// <returns>How many were sent, or the errno of the first.</returns>
    public ValueTask<SocketResult<int>> TrySendBatchAsync(
        MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        CheckBatch(batch, start);
        return SendBatchOperation.Rent(Usable).With(batch, start, socketFlags).TryRun(cancellationToken);
    }

    // Of messages, not of bytes.
    private SocketResult<int> ToCount(in Progress progress)
    {
        Core.NoteFailure(progress.Errno);
        return progress.Errno == 0 ? SocketResult<int>.Success((int)progress.Count) : SocketResult<int>.Failure(progress.Errno);
    }

    private static void CheckBatch(MessageBatch batch, int start)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, batch.Count);
    }
}
