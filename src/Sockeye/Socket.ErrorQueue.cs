using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// The error queue: recvmsg(2) with MSG_ERRQUEUE.
public partial class Socket
{
    /// <summary>
    /// recvmsg(2) with MSG_ERRQUEUE: takes one record of the error queue, waiting for one: what became of something sent
    /// before.
    /// </summary>
    /// <param name="payload">Gets the payload of the packet that the record is of, where the kernel keeps it; may be empty.</param>
    /// <returns>The record; ICMP and local errors (IP_RECVERR, IPV6_RECVERR), timestamps (SO_TIMESTAMPING), zero-copy notices (SO_ZEROCOPY).</returns>
    /// <remarks>
    /// Any thread may wait here beside those that receive and send. While IP_RECVERR is on, a send on a datagram socket
    /// reports its own error only: earlier ones are here. A receive may still report one, as in the kernel.
    /// </remarks>
    /// <exception cref="SocketException">OperationNotSupported: the family has no error queue. TimedOut, WouldBlock (the queue is empty and the socket does not wait), OperationNotSupported (UNIX, NETLINK and TIPC
    /// have no such queue), Interrupted (disposed meanwhile).</exception>
    public SocketErrorRecord ReceiveError(Span<byte> payload = default)
    {
        SocketResult<SocketErrorRecord> result = TryReceiveError(payload);
        if (!result.IsSuccess)
        {
            Fail("receive error", Core.EndPointForErrors(), result.Errno);
        }

        return result.Value;
    }

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, with the failure as a value.</summary>
    /// <param name="payload">As for the throwing twin.</param>
    /// <returns>The record, or the errno.</returns>
    public SocketResult<SocketErrorRecord> TryReceiveError(Span<byte> payload = default)
    {
        ThrowIfDisposed();
        using var call = new BlockingCall(Core, OperationLane.Watch, Core.ReceiveLimit);
        int errno = 0;
        while (errno == 0)
        {
            int result = ReceiveErrorOperation.Receive(Core, payload, out SocketErrorRecord record);
            if (result >= 0)
            {
                return SocketResult<SocketErrorRecord>.Success(record, result);
            }

            errno = result == -Errno.EAGAIN ? call.Wait(PollConstants.POLLERR) : -result;
        }

        return Failed<SocketErrorRecord>(errno);
    }

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, asynchronously.</summary>
    /// <param name="payload">As for the synchronous twin; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record.</returns>
    /// <exception cref="SocketException">TimedOut, OperationAborted (disposed meanwhile).</exception>
    public ValueTask<SocketErrorRecord> ReceiveErrorAsync(Memory<byte> payload = default, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<SocketErrorRecord>(cancellationToken)
            : ReceiveErrorOperation.Rent(Core).With(payload).Run(cancellationToken);
    }

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, asynchronously, with the failure as a value.</summary>
    /// <param name="payload">As for the synchronous twin; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>The record, or the errno.</returns>
    public ValueTask<SocketResult<SocketErrorRecord>> TryReceiveErrorAsync(Memory<byte> payload = default, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return cancellationToken.IsCancellationRequested
            ? Canceled<SocketErrorRecord>()
            : ReceiveErrorOperation.Rent(Core).With(payload).TryRun(cancellationToken);
    }

}
