using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

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
    public int ReceiveBatch(MessageBatch batch, SocketFlags socketFlags = SocketFlags.None)
    {
        SocketResult<int> result = TryReceiveBatch(batch, socketFlags);
        if (!result.IsSuccess)
        {
            Fail("receive batch", Core.EndPointForErrors(), result.Errno);
        }

        return result.Value;
    }

    /// <summary>recvmmsg(2), with the failure as a value.</summary>
    /// <param name="batch">Overwritten.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many messages, or the errno.</returns>
    public SocketResult<int> TryReceiveBatch(MessageBatch batch, SocketFlags socketFlags = SocketFlags.None)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ThrowIfDisposed();
        if (!LinuxSocketFlags.TryToLinux(socketFlags, out int flags))
        {
            return SocketResult<int>.Failure(Errno.EOPNOTSUPP);
        }

        using var call = new BlockingCall(Core, OperationLane.Read, Core.ReceiveLimit, flags);
        int errno = call.Enter();
        while (errno == 0)
        {
            int result = ReceiveBatchOperation.Receive(Core, batch, flags);
            if (result >= 0)
            {
                return SocketResult<int>.Success(result);
            }

            errno = result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLIN) : -result;
        }

        return Failed<int>(errno);
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
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken)
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
                ? ReceiveBatchOperation.Rent(Core).With(batch, flags).Run(cancellationToken)
                : Unsupported<int>("receive batch");
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
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested ? Canceled<int>()
            : LinuxSocketFlags.TryToLinux(socketFlags, out int flags)
                ? ReceiveBatchOperation.Rent(Core).With(batch, flags).TryRun(cancellationToken)
                : ValueTask.FromResult(SocketResult<int>.Failure(Errno.EOPNOTSUPP));
    }

    /// <summary>sendmmsg(2): sends the batch's messages in as few calls as the socket has room for.</summary>
    /// <param name="batch">Its first Count messages are sent.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>
    /// How many were sent: all, or fewer when one failed after others had gone. Send again from there, and the failure
    /// is told.
    /// </returns>
    /// <exception cref="SocketException">As for SendTo, of the first message.</exception>
    public int SendBatch(MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None)
    {
        SocketResult<int> result = TrySendBatch(batch, start, socketFlags);
        if (!result.IsSuccess)
        {
            Fail("send batch", batch[Math.Min(start, batch.Capacity - 1)].Peer ?? Core.EndPointForErrors(), result.Errno);
        }

        return result.Value;
    }

    /// <summary>sendmmsg(2), with the failure as a value.</summary>
    /// <param name="batch">Its first Count messages are sent.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many were sent, or the errno of the first.</returns>
    public SocketResult<int> TrySendBatch(MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None)
    {
        CheckBatch(batch, start);
        if (!LinuxSocketFlags.TryToLinux(socketFlags, out int flags))
        {
            return SocketResult<int>.Failure(Errno.EOPNOTSUPP);
        }

        int sent = 0;
        using var call = new BlockingCall(Core, OperationLane.Write, Core.SendLimit, flags);
        int errno = call.Enter();
        batch.PrepareToSend(start);
        while (errno == 0)
        {
            int result = SendBatchOperation.Send(Core, batch, start, ref sent, flags);
            if (result == 0)
            {
                Core.NoteLocalAddress();
                return SocketResult<int>.Success(sent);
            }

            errno = result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLOUT, moved: sent) : -result;
        }

        // Messages that went are told; what stopped the rest comes with the next call.
        return sent > 0 ? SocketResult<int>.Success(sent) : Failed<int>(errno);
    }

    /// <summary>sendmmsg(2), asynchronously.</summary>
    /// <param name="batch">Its first Count messages are sent; the kernel's until the task has completed.</param>
    /// <param name="start">The first of them to send. Defaults to 0.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait. Messages that went before are told, without an exception.</param>
    /// <returns>How many were sent.</returns>
    public ValueTask<int> SendBatchAsync(
        MessageBatch batch, int start = 0, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        CheckBatch(batch, start);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<int>(cancellationToken);
        }

        if (!LinuxSocketFlags.TryToLinux(socketFlags, out int flags))
        {
            return Unsupported<int>("send batch");
        }

        ValueTask<int> sending = SendBatchOperation.Rent(Core).With(batch, start, flags).Run(cancellationToken);
        Core.NoteLocalAddress();
        return sending;
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
        if (cancellationToken.IsCancellationRequested)
        {
            return Canceled<int>();
        }

        if (!LinuxSocketFlags.TryToLinux(socketFlags, out int flags))
        {
            return ValueTask.FromResult(SocketResult<int>.Failure(Errno.EOPNOTSUPP));
        }

        ValueTask<SocketResult<int>> sending = SendBatchOperation.Rent(Core).With(batch, start, flags).TryRun(cancellationToken);
        Core.NoteLocalAddress();
        return sending;
    }

    private void CheckBatch(MessageBatch batch, int start)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, batch.Count);
        ThrowIfDisposed();
    }
}
