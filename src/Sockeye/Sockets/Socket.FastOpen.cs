using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// Connecting with data: TCP Fast Open where both ends have it.
public partial class Socket
{
    // TCP over IPv4 and IPv6, multipath TCP included, for which older kernels return EOPNOTSUPP.
    private bool CanFastOpen =>
        SocketType == SocketType.Stream && AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;

    /// <summary>Connects and sends all of the data, on TCP with the first segment where that is possible: sendto(2) with MSG_FASTOPEN.</summary>
    /// <param name="remoteEP">Where to; an address, no host name.</param>
    /// <param name="data">
    /// The bytes. They may arrive twice at a server that takes them with the first segment (RFC 7413): send what does
    /// no harm then, as a request that only reads.
    /// </param>
    /// <returns>How many bytes: all.</returns>
    /// <remarks>
    /// Returns when the connection stands and the kernel has every byte; <see cref="Timeout"/> limits the whole. The
    /// first connection to a server fetches its cookie and sends afterwards, the next ones save a round trip; so does
    /// none where net.ipv4.tcp_fastopen lacks bit 1 or the listener lacks <see cref="TcpOptions.FastOpen"/>. Whether
    /// the data went with the first segment is <see cref="TcpConnectionOptions.SynData"/> in
    /// <see cref="TcpOptions.Information"/>. On other sockets it is connect(2), then send(2), each within the limit.
    /// </remarks>
    /// <exception cref="SocketException">As for <see cref="Connect(EndPoint)"/> and <see cref="SendAll"/>.</exception>
    public int ConnectAndSend(EndPoint remoteEP, ReadOnlySpan<byte> data)
    {
        SocketResult<int> result = TryConnectAndSend(remoteEP, data);
        if (!result.IsSuccess)
        {
            if (Core.IsConnected)
            {
                Fail("connect and send", remoteEP, result.Errno, result.BytesTransferred);
            }

            FailConnect(remoteEP, result.Errno);
        }

        return result.Value;
    }

    /// <summary>As <see cref="ConnectAndSend"/>, with the failure as a value.</summary>
    /// <param name="remoteEP">Where to; an address, no host name.</param>
    /// <param name="data">The bytes.</param>
    /// <returns>
    /// How many bytes: all; or the errno, with what got through in BytesTransferred. When the socket does not wait:
    /// EINPROGRESS while connecting, EAGAIN while sending.
    /// </returns>
    public SocketResult<int> TryConnectAndSend(EndPoint remoteEP, ReadOnlySpan<byte> data)
    {
        EndPoint peer = CheckConnectAndSend(remoteEP);
        Span<byte> buffer = stackalloc byte[SocketConstants.AddressBytesMax];
        ReadOnlySpan<byte> address = buffer[..AddressCodecs.Encode(peer, buffer)];
        if (!CanFastOpen)
        {
            SocketResult connected = TryConnect(peer);
            return connected.IsSuccess ? TrySendAll(data) : SocketResult<int>.Failure(connected.Errno);
        }

        var state = default(FastOpenState);
        var progress = default(Progress);
        var step = new FastOpenStep(peer, address, data, ref state);
        BlockingCall.Run(Core, OperationQueue.Write, Timeout, flags: 0, ref step, ref progress);
        if (progress.Errno == Errno.EAGAIN && state is { IsUnderWay: true, IsConnected: false })
        {
            Core.NoteConnecting(peer);
            progress.Errno = Errno.EINPROGRESS;
        }

        return ToResult(progress);
    }

    /// <summary>As <see cref="ConnectAndSend"/>, asynchronously.</summary>
    /// <param name="remoteEP">Where to; an address, no host name.</param>
    /// <param name="data">The bytes; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait; the kernel's attempt goes on until the socket is disposed.</param>
    /// <returns>How many bytes: all.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<int> ConnectAndSendAsync(
        EndPoint remoteEP, ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        EndPoint peer = CheckConnectAndSend(remoteEP);
        return CanFastOpen ? new FastOpenOperation(Core).With(peer, data).Run(cancellationToken)
            : ConnectThenSendAsync(peer, data, cancellationToken);
    }

    /// <summary>As <see cref="ConnectAndSend"/>, asynchronously, with the failure as a value.</summary>
    /// <param name="remoteEP">Where to; an address, no host name.</param>
    /// <param name="data">The bytes; the kernel's until the task has completed.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes: all; or the errno, with what got through in BytesTransferred.</returns>
    public ValueTask<SocketResult<int>> TryConnectAndSendAsync(
        EndPoint remoteEP, ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        EndPoint peer = CheckConnectAndSend(remoteEP);
        return CanFastOpen ? new FastOpenOperation(Core).With(peer, data).TryRun(cancellationToken)
            : TryConnectThenSendAsync(peer, data, cancellationToken);
    }

    private EndPoint CheckConnectAndSend(EndPoint remoteEP)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        ThrowIfListening();
        return remoteEP is DnsEndPoint
            ? throw new ArgumentException("Connecting with data takes an address, not a host name; resolve it first.", nameof(remoteEP))
            : ForThisFamily(remoteEP);
    }

    private async ValueTask<int> ConnectThenSendAsync(EndPoint peer, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await ConnectAsync(peer, cancellationToken).StayOnLoop();
        return await SendAsync(data, cancellationToken).StayOnLoop();
    }

    private async ValueTask<SocketResult<int>> TryConnectThenSendAsync(
        EndPoint peer, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        SocketResult connected = await TryConnectAsync(peer, cancellationToken).StayOnLoop();
        return connected.IsSuccess
            ? await TrySendAllAsync(data, SocketFlags.None, cancellationToken).StayOnLoop()
            : SocketResult<int>.Failure(connected.Errno);
    }
}
