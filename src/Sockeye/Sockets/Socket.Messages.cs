using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// sendto(2), recvfrom(2), and recvmsg(2) with packet information.
public partial class Socket
{
    /// <summary>sendto(2): sends one message to a named peer.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEP">Where to.</param>
    /// <returns>How many bytes.</returns>
    /// <exception cref="SocketException">MessageSize, AccessDenied (broadcast without EnableBroadcast), NetworkUnreachable, …</exception>
    public int SendTo(ReadOnlySpan<byte> buffer, SocketFlags socketFlags, EndPoint remoteEP) =>
        OrThrow(TrySendTo(buffer, remoteEP, socketFlags), "send to", socketFlags, remoteEP);

    /// <inheritdoc cref="SendTo(ReadOnlySpan{byte}, SocketFlags, EndPoint)"/>
    public int SendTo(ReadOnlySpan<byte> buffer, EndPoint remoteEP) => SendTo(buffer, SocketFlags.None, remoteEP);

    /// <summary>sendto(2) to an address in the kernel's form, with nothing to encode and nothing to allocate.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="socketAddress">Where to.</param>
    /// <returns>How many bytes.</returns>
    public int SendTo(ReadOnlySpan<byte> buffer, SocketFlags socketFlags, SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(socketAddress, address);
        SocketResult<int> result = SendToCore(buffer, address[..length], socketFlags);
        return result.IsSuccess ? result.Value : OrThrow(result, "send to", socketFlags, AddressCodecs.Decode(address[..length], like: null));
    }

    /// <inheritdoc cref="SendTo(ReadOnlySpan{byte}, SocketFlags, EndPoint)"/>
    public int SendTo(byte[] buffer, EndPoint remoteEP) => SendTo(Checked(buffer), SocketFlags.None, remoteEP);

    /// <inheritdoc cref="SendTo(ReadOnlySpan{byte}, SocketFlags, EndPoint)"/>
    public int SendTo(byte[] buffer, SocketFlags socketFlags, EndPoint remoteEP) => SendTo(Checked(buffer), socketFlags, remoteEP);

    /// <inheritdoc cref="SendTo(byte[], int, int, SocketFlags, EndPoint)"/>
    public int SendTo(byte[] buffer, int size, SocketFlags socketFlags, EndPoint remoteEP) =>
        SendTo(Checked(buffer, 0, size), socketFlags, remoteEP);

    /// <inheritdoc cref="SendTo(ReadOnlySpan{byte}, SocketFlags, EndPoint)"/>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEP">Where to.</param>
    public int SendTo(byte[] buffer, int offset, int size, SocketFlags socketFlags, EndPoint remoteEP) =>
        SendTo(Checked(buffer, offset, size), socketFlags, remoteEP);

    /// <summary>sendto(2), with the failure as a value.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="remoteEP">Where to.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TrySendTo(ReadOnlySpan<byte> buffer, EndPoint remoteEP, SocketFlags socketFlags = SocketFlags.None)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(ForThisFamily(remoteEP), address);
        return SendToCore(buffer, address[..length], socketFlags);
    }

    /// <summary>sendto(2) to an address in the kernel's form, with the failure as a value.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="socketAddress">Where to.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public SocketResult<int> TrySendTo(ReadOnlySpan<byte> buffer, SocketAddress socketAddress, SocketFlags socketFlags = SocketFlags.None)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(socketAddress, address);
        return SendToCore(buffer, address[..length], socketFlags);
    }

    /// <summary>sendto(2), asynchronously.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEP">Where to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes.</returns>
    public ValueTask<int> SendToAsync(
        ReadOnlyMemory<byte> buffer, SocketFlags socketFlags, EndPoint remoteEP, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        return SendToOperation.Rent(Usable).With(buffer, socketFlags, ForThisFamily(remoteEP)).Run(cancellationToken);
    }

    /// <inheritdoc cref="SendToAsync(ReadOnlyMemory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public ValueTask<int> SendToAsync(ReadOnlyMemory<byte> buffer, EndPoint remoteEP, CancellationToken cancellationToken = default) =>
        SendToAsync(buffer, SocketFlags.None, remoteEP, cancellationToken);

    /// <summary>sendto(2) to an address in the kernel's form, asynchronously, with nothing to allocate.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="socketAddress">Where to.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes.</returns>
    public ValueTask<int> SendToAsync(
        ReadOnlyMemory<byte> buffer, SocketFlags socketFlags, SocketAddress socketAddress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        return SendToOperation.Rent(Usable).With(buffer, socketFlags, socketAddress).Run(cancellationToken);
    }

    /// <inheritdoc cref="SendToAsync(ReadOnlyMemory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<int> SendToAsync(ArraySegment<byte> buffer, EndPoint remoteEP) => SendToAsync(buffer, SocketFlags.None, remoteEP);

    /// <inheritdoc cref="SendToAsync(ReadOnlyMemory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<int> SendToAsync(ArraySegment<byte> buffer, SocketFlags socketFlags, EndPoint remoteEP) =>
        SendToAsync(Checked(buffer), socketFlags, remoteEP, CancellationToken.None).AsTask();

    /// <summary>sendto(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="remoteEP">Where to.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public ValueTask<SocketResult<int>> TrySendToAsync(
        ReadOnlyMemory<byte> buffer, EndPoint remoteEP, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        return SendToOperation.Rent(Usable).With(buffer, socketFlags, ForThisFamily(remoteEP)).TryRun(cancellationToken);
    }

    /// <summary>sendto(2) to an address in the kernel's form, asynchronously, with the failure as a value and nothing to allocate.</summary>
    /// <param name="buffer">The bytes; the kernel's until the task has completed.</param>
    /// <param name="socketAddress">Where to.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public ValueTask<SocketResult<int>> TrySendToAsync(
        ReadOnlyMemory<byte> buffer, SocketAddress socketAddress, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        return SendToOperation.Rent(Usable).With(buffer, socketFlags, socketAddress).TryRun(cancellationToken);
    }

    /// <summary>recvfrom(2): receives one message and who sent it.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEP">In: an end point of the family. Out: the sender; on a connection the peer, of a sender without a name the unnamed end point.</param>
    /// <returns>How many bytes.</returns>
    /// <exception cref="InvalidOperationException">The socket is not bound.</exception>
    /// <exception cref="SocketException">MessageSize when the message did not fit, TimedOut, WouldBlock, ConnectionRefused.</exception>
    public int ReceiveFrom(Span<byte> buffer, SocketFlags socketFlags, ref EndPoint remoteEP)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEP);
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        SocketResult<int> result = ReceiveFromCore(buffer, socketFlags, address, wantsInformation: false, out MessageOutcome outcome);
        if (HasSender(result))
        {
            remoteEP = Core.SenderOrUnnamed(address[..outcome.AddressLength], remoteEP);
        }

        return OrThrow(result, "receive from", socketFlags);
    }

    /// <inheritdoc cref="ReceiveFrom(Span{byte}, SocketFlags, ref EndPoint)"/>
    public int ReceiveFrom(Span<byte> buffer, ref EndPoint remoteEP) => ReceiveFrom(buffer, SocketFlags.None, ref remoteEP);

    /// <summary>recvfrom(2) with the sender's address in the kernel's form, with nothing to allocate.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="receivedAddress">Overwritten with the sender's address; its Size is 0 when the kernel gives none. Unchanged on failure.</param>
    /// <returns>How many bytes.</returns>
    public int ReceiveFrom(Span<byte> buffer, SocketFlags socketFlags, SocketAddress receivedAddress)
    {
        return OrThrow(TryReceiveFrom(buffer, receivedAddress, socketFlags), "receive from", socketFlags);
    }

    /// <inheritdoc cref="ReceiveFrom(Span{byte}, SocketFlags, ref EndPoint)"/>
    public int ReceiveFrom(byte[] buffer, ref EndPoint remoteEP) => ReceiveFrom(Checked(buffer), SocketFlags.None, ref remoteEP);

    /// <inheritdoc cref="ReceiveFrom(Span{byte}, SocketFlags, ref EndPoint)"/>
    public int ReceiveFrom(byte[] buffer, SocketFlags socketFlags, ref EndPoint remoteEP) =>
        ReceiveFrom(Checked(buffer), socketFlags, ref remoteEP);

    /// <inheritdoc cref="ReceiveFrom(byte[], int, int, SocketFlags, ref EndPoint)"/>
    public int ReceiveFrom(byte[] buffer, int size, SocketFlags socketFlags, ref EndPoint remoteEP) =>
        ReceiveFrom(Checked(buffer, 0, size), socketFlags, ref remoteEP);

    /// <inheritdoc cref="ReceiveFrom(Span{byte}, SocketFlags, ref EndPoint)"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many at most.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEP">In: an end point of the family. Out: the sender.</param>
    public int ReceiveFrom(byte[] buffer, int offset, int size, SocketFlags socketFlags, ref EndPoint remoteEP) =>
        ReceiveFrom(Checked(buffer, offset, size), socketFlags, ref remoteEP);

    /// <summary>recvfrom(2), with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="remoteEP">The sender, on a connection the peer; null when it has no name, or on failure.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno. A cut message: EMSGSIZE, with BytesTransferred, BytesLost and the sender.</returns>
    public SocketResult<int> TryReceiveFrom(Span<byte> buffer, out EndPoint? remoteEP, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        SocketResult<int> result = ReceiveFromCore(buffer, socketFlags, address, wantsInformation: false, out MessageOutcome outcome);
        remoteEP = HasSender(result) ? Core.Sender(address[..outcome.AddressLength], Core.LocalEndPoint) : null;
        return result;
    }

    /// <summary>recvfrom(2) with the sender's address in the kernel's form, with the failure as a value and nothing to allocate.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="receivedAddress">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, or the errno. A cut message: EMSGSIZE, with BytesTransferred, BytesLost and the sender.</returns>
    public SocketResult<int> TryReceiveFrom(Span<byte> buffer, SocketAddress receivedAddress, SocketFlags socketFlags = SocketFlags.None)
    {
        ArgumentNullException.ThrowIfNull(receivedAddress);
        ThrowIfDisposed();
        CheckAddressRoom(receivedAddress);
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        SocketResult<int> result = ReceiveFromCore(buffer, socketFlags, address, wantsInformation: false, out MessageOutcome outcome);
        if (HasSender(result))
        {
            ReceiveFromOperation.CopyPeer(address[..outcome.AddressLength], receivedAddress);
        }

        return result;
    }

    /// <summary>recvfrom(2), asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEndPoint">An end point of the family.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes, and who sent them.</returns>
    public ValueTask<SocketReceiveFromResult> ReceiveFromAsync(
        Memory<byte> buffer, SocketFlags socketFlags, EndPoint remoteEndPoint, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEndPoint);
        return ReceiveFromOperation.Rent(Core).With(buffer, socketFlags, remoteEndPoint).Run(cancellationToken);
    }

    /// <inheritdoc cref="ReceiveFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public ValueTask<SocketReceiveFromResult> ReceiveFromAsync(
        Memory<byte> buffer, EndPoint remoteEndPoint, CancellationToken cancellationToken = default) =>
        ReceiveFromAsync(buffer, SocketFlags.None, remoteEndPoint, cancellationToken);

    /// <summary>recvfrom(2) with the sender's address in the kernel's form, asynchronously, with nothing to allocate.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="receivedAddress">Overwritten with the sender's address.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes.</returns>
    public ValueTask<int> ReceiveFromAsync(
        Memory<byte> buffer, SocketFlags socketFlags, SocketAddress receivedAddress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(receivedAddress);
        ThrowIfDisposed();
        CheckAddressRoom(receivedAddress);
        return ReceiveFromOperation.Rent(Core).With(buffer, socketFlags, receivedAddress).RunForCount(cancellationToken);
    }

    /// <inheritdoc cref="ReceiveFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<SocketReceiveFromResult> ReceiveFromAsync(ArraySegment<byte> buffer, EndPoint remoteEndPoint) =>
        ReceiveFromAsync(buffer, SocketFlags.None, remoteEndPoint);

    /// <inheritdoc cref="ReceiveFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<SocketReceiveFromResult> ReceiveFromAsync(ArraySegment<byte> buffer, SocketFlags socketFlags, EndPoint remoteEndPoint) =>
        ReceiveFromAsync(Checked(buffer), socketFlags, remoteEndPoint, CancellationToken.None).AsTask();

    /// <summary>recvfrom(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="remoteEndPoint">An end point of the family.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes and who sent them, or the errno.</returns>
    public ValueTask<SocketResult<SocketReceiveFromResult>> TryReceiveFromAsync(
        Memory<byte> buffer, EndPoint remoteEndPoint, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEndPoint);
        return ReceiveFromOperation.Rent(Core).With(buffer, socketFlags, remoteEndPoint).TryRun(cancellationToken);
    }

    /// <summary>recvfrom(2) with the sender's address in the kernel's form, asynchronously, with the failure as a value and nothing to allocate.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="receivedAddress">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, or the errno.</returns>
    public ValueTask<SocketResult<int>> TryReceiveFromAsync(
        Memory<byte> buffer, SocketAddress receivedAddress, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(receivedAddress);
        ThrowIfDisposed();
        CheckAddressRoom(receivedAddress);
        return ReceiveFromOperation.Rent(Core).With(buffer, socketFlags, receivedAddress).TryRunForCount(cancellationToken);
    }

    /// <summary>recvmsg(2): receives one message, who sent it, its flags, and to which address and interface it came.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="socketFlags">In: flags for the call. Out: what the kernel said; Truncated when the message did not fit.</param>
    /// <param name="remoteEP">In: an end point of the family. Out: the sender.</param>
    /// <param name="ipPacketInformation">IP_PKTINFO or IPV6_PKTINFO, which the first call turns on.</param>
    /// <returns>How many bytes are in the buffer.</returns>
    public int ReceiveMessageFrom(
        Span<byte> buffer, ref SocketFlags socketFlags, ref EndPoint remoteEP, out IPPacketInformation ipPacketInformation)
    {
        SocketReceiveMessageFromResult received = OrThrow(TryReceiveMessageFrom(buffer, remoteEP, socketFlags), "receive message from", socketFlags);
        socketFlags = received.SocketFlags;
        ipPacketInformation = received.PacketInformation;
        remoteEP = received.RemoteEndPoint;
        return received.ReceivedBytes;
    }

    /// <inheritdoc cref="ReceiveMessageFrom(Span{byte}, ref SocketFlags, ref EndPoint, out IPPacketInformation)"/>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="offset">Where in the array they begin.</param>
    /// <param name="size">How many at most.</param>
    /// <param name="socketFlags">In: flags for the call. Out: what the kernel said.</param>
    /// <param name="remoteEP">In: an end point of the family. Out: the sender.</param>
    /// <param name="ipPacketInformation">IP_PKTINFO or IPV6_PKTINFO.</param>
    public int ReceiveMessageFrom(
        byte[] buffer, int offset, int size, ref SocketFlags socketFlags, ref EndPoint remoteEP, out IPPacketInformation ipPacketInformation) =>
        ReceiveMessageFrom(Checked(buffer, offset, size), ref socketFlags, ref remoteEP, out ipPacketInformation);

    /// <summary>recvmsg(2) with packet information, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="remoteEP">An end point of the family.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes, who sent them, flags (Truncated when the message did not fit) and packet information; or the errno.</returns>
    public SocketResult<SocketReceiveMessageFromResult> TryReceiveMessageFrom(
        Span<byte> buffer, EndPoint remoteEP, SocketFlags socketFlags = SocketFlags.None)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEP);
        EnablePacketInformation();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        SocketResult<int> result = ReceiveFromCore(buffer, socketFlags, address, wantsInformation: true, out MessageOutcome outcome);
        return result.TryGetValue(out int count)
            ? SocketResult<SocketReceiveMessageFromResult>.Success(
                new SocketReceiveMessageFromResult
                {
                    ReceivedBytes = count,
                    SocketFlags = outcome.Flags,
                    PacketInformation = outcome.Information,
                    RemoteEndPoint = Core.SenderOrUnnamed(address[..outcome.AddressLength], remoteEP),
                },
                count)
            : SocketResult<SocketReceiveMessageFromResult>.Failure(result.Errno, result.BytesTransferred, result.BytesLost);
    }

    /// <summary>recvmsg(2) with packet information, asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="remoteEndPoint">An end point of the family.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes, who sent them, flags and packet information; or the errno.</returns>
    public ValueTask<SocketResult<SocketReceiveMessageFromResult>> TryReceiveMessageFromAsync(
        Memory<byte> buffer, EndPoint remoteEndPoint, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEndPoint);
        EnablePacketInformation();
        return ReceiveFromOperation.Rent(Core).WithInformation(buffer, socketFlags, remoteEndPoint).TryRunForMessage(cancellationToken);
    }

    /// <summary>recvmsg(2) with packet information, asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's.</param>
    /// <param name="remoteEndPoint">An end point of the family.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes, who sent them, flags and packet information.</returns>
    public ValueTask<SocketReceiveMessageFromResult> ReceiveMessageFromAsync(
        Memory<byte> buffer, SocketFlags socketFlags, EndPoint remoteEndPoint, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        CheckPeerTemplate(remoteEndPoint);
        EnablePacketInformation();
        return ReceiveFromOperation.Rent(Core).WithInformation(buffer, socketFlags, remoteEndPoint).RunForMessage(cancellationToken);
    }

    /// <inheritdoc cref="ReceiveMessageFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public ValueTask<SocketReceiveMessageFromResult> ReceiveMessageFromAsync(
        Memory<byte> buffer, EndPoint remoteEndPoint, CancellationToken cancellationToken = default) =>
        ReceiveMessageFromAsync(buffer, SocketFlags.None, remoteEndPoint, cancellationToken);

    /// <inheritdoc cref="ReceiveMessageFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<SocketReceiveMessageFromResult> ReceiveMessageFromAsync(ArraySegment<byte> buffer, EndPoint remoteEndPoint) =>
        ReceiveMessageFromAsync(buffer, SocketFlags.None, remoteEndPoint);

    /// <inheritdoc cref="ReceiveMessageFromAsync(Memory{byte}, SocketFlags, EndPoint, CancellationToken)"/>
    public Task<SocketReceiveMessageFromResult> ReceiveMessageFromAsync(
        ArraySegment<byte> buffer, SocketFlags socketFlags, EndPoint remoteEndPoint) =>
        ReceiveMessageFromAsync(Checked(buffer), socketFlags, remoteEndPoint, CancellationToken.None).AsTask();

    private SocketResult<int> SendToCore(ReadOnlySpan<byte> buffer, ReadOnlySpan<byte> address, SocketFlags socketFlags)
    {
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = SendStep.PartRule(isAll: false);
            var step = new SendToStep(buffer, flags, address);
            BlockingCall.Run(Core, OperationQueue.Write, Core.SendLimit, flags, ref step, ref progress);
        }

        return ToResult(progress);
    }

    private SocketResult<int> ReceiveFromCore(
        Span<byte> buffer, SocketFlags socketFlags, Span<byte> address, bool wantsInformation, out MessageOutcome outcome)
    {
        outcome = default;
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = ReceiveAnswer.PartRule(Core, flags);
            var step = new ReceiveFromStep(buffer, flags, address, wantsInformation, ref outcome);
            BlockingCall.Run(Core, OperationQueue.Read, Core.ReceiveLimit, flags, ref step, ref progress);
        }

        return ToResult(progress);
    }

    // A cut message has a sender too.
    private static bool HasSender(SocketResult<int> result) => result.IsSuccess || result.BytesLost > 0;

    private void EnablePacketInformation()
    {
        if (!Core.Extras.HasPacketInformation)
        {
            PacketInformation.Enable(Core.Handle, AddressFamily);
            Core.Extras.HasPacketInformation = true;
        }
    }

    private void CheckPeerTemplate(EndPoint remoteEP, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(remoteEP))] string? name = null)
    {
        ArgumentNullException.ThrowIfNull(remoteEP, name);
        if (!IsOurFamily(remoteEP.AddressFamily))
        {
            throw new ArgumentException(
                $"The end point is of family {remoteEP.AddressFamily}, the socket of {AddressFamily}.", name);
        }

        if (remoteEP is DnsEndPoint)
        {
            throw new ArgumentException("A host name is not an address: a sender's address cannot be given in its form.", name);
        }

        if (Core.LocalEndPoint is null)
        {
            throw new InvalidOperationException("You must call the Bind method before performing this operation.");
        }
    }

    private void CheckAddressRoom(SocketAddress receivedAddress)
    {
        if (receivedAddress.Buffer.Length < SocketAddress.GetMaximumAddressSize(AddressFamily))
        {
            throw new ArgumentOutOfRangeException(
                nameof(receivedAddress), "The socket address has no room for this family's addresses.");
        }
    }
}
