using System.Net.Sockets;
using Sockeye.Engines;

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
    /// <exception cref="SocketException">
    /// TimedOut, WouldBlock (the queue is empty and the socket does not wait), OperationNotSupported (UNIX, NETLINK and TIPC
    /// have no such queue), Interrupted (disposed meanwhile).
    /// </exception>
    public SocketErrorRecord ReceiveError(Span<byte> payload = default) =>
        OrThrow(TryReceiveError(payload), "receive error");

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, with the failure as a value.</summary>
    /// <param name="payload">As for the throwing twin.</param>
    /// <returns>The record, or the errno.</returns>
    public SocketResult<SocketErrorRecord> TryReceiveError(Span<byte> payload = default)
    {
        SocketCore core = Usable;
        var record = default(SocketErrorRecord);
        var progress = default(Progress);
        var step = new ReceiveErrorStep(payload, ref record);
        BlockingCall.Run(core, OperationQueue.Watch, core.ReceiveLimit, flags: 0, ref step, ref progress);
        return ToResult(progress, record);
    }

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, asynchronously.</summary>
    /// <param name="payload">As for the synchronous twin; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The record.</returns>
    /// <exception cref="SocketException">TimedOut, OperationAborted (disposed meanwhile).</exception>
    public ValueTask<SocketErrorRecord> ReceiveErrorAsync(Memory<byte> payload = default, CancellationToken cancellationToken = default) =>
        ReceiveErrorOperation.Rent(Usable).With(payload).Run(cancellationToken);

    /// <summary>recvmsg(2) with MSG_ERRQUEUE, asynchronously, with the failure as a value.</summary>
    /// <param name="payload">As for the synchronous twin; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>The record, or the errno.</returns>
    public ValueTask<SocketResult<SocketErrorRecord>> TryReceiveErrorAsync(Memory<byte> payload = default, CancellationToken cancellationToken = default) =>
        ReceiveErrorOperation.Rent(Usable).With(payload).TryRun(cancellationToken);
}
