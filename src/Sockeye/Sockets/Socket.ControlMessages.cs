using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// sendmsg(2) and recvmsg(2) with ancillary data.
public partial class Socket
{
    /// <summary>
    /// sendmsg(2): sends data together with a peer, control messages and descriptors. On a stream the control data goes
    /// with the first byte, and the call returns when all data is sent, as <see cref="Send(ReadOnlySpan{byte}, SocketFlags)"/> does.
    /// </summary>
    /// <param name="message">What to send.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>How many bytes of data were sent.</returns>
    /// <exception cref="ArgumentException">More than 2 GiB, more than 253 handles, handles without data on a stream or on an IP socket, or an end point of another family.</exception>
    /// <exception cref="SocketException">As for SendTo; InvalidArgument: a control message is malformed or not for this socket; AccessDenied: EPERM.</exception>
    public int SendMessage(in OutgoingMessage message, SocketFlags socketFlags = SocketFlags.None)
    {
        SocketResult<int> result = TrySendMessage(message, socketFlags);
        return result.IsSuccess ? result.Value : OrThrow(result, "send message", socketFlags, message.NamedPeer);
    }

    /// <summary>sendmsg(2), with the failure as a value.</summary>
    /// <inheritdoc cref="SendMessage" path="/param"/>
    /// <returns>How many bytes of data were sent, or the errno.</returns>
    public SocketResult<int> TrySendMessage(in OutgoingMessage message, SocketFlags socketFlags = SocketFlags.None)
    {
        if (!TryBegin(socketFlags, out int flags, out Progress progress))
        {
            return ToResult(progress);
        }

        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        address = address[..SendMessageOperation.EncodePeer(message, PeerOf(message), address)];
        int total = SendMessageOperation.Total(message);
        var control = default(OutgoingControl);
        try
        {
            control.Prepare(message, AddressFamily, IsStream);
            progress.PartRule = SendStep.PartRule(isAll: false);
            var step = new SendMessageStep(message.Data, message.Buffers, total, flags, address, control.Bytes);
            BlockingCall.Run(Core, OperationQueue.Write, Core.SendLimit, flags, ref step, ref progress);
        }
        finally
        {
            control.Release();
        }

        return ToResult(progress);
    }

    /// <summary>sendmsg(2), asynchronously.</summary>
    /// <param name="message">What to send; data and control are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many bytes of data were sent: all, on a stream.</returns>
    public ValueTask<int> SendMessageAsync(
        OutgoingMessage message, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendMessageOperation.Rent(Usable).With(message, PeerOf(message), socketFlags).Run(cancellationToken);

    /// <summary>sendmsg(2), asynchronously, with the failure as a value.</summary>
    /// <param name="message">What to send; data and control are the kernel's until the task has completed.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>How many bytes of data were sent, or the errno.</returns>
    public ValueTask<SocketResult<int>> TrySendMessageAsync(
        OutgoingMessage message, SocketFlags socketFlags = SocketFlags.None, CancellationToken cancellationToken = default) =>
        SendMessageOperation.Rent(Usable).With(message, PeerOf(message), socketFlags).TryRun(cancellationToken);

    /// <summary>
    /// recvmsg(2): receives one message, or what a stream has, with its flags, control messages, descriptors and sender.
    /// </summary>
    /// <param name="buffer">Where the bytes go. Empty: a datagram is taken all the same; a stream waits until it has data or ends, and keeps the data.</param>
    /// <param name="control">Room for control data: the sum of the kinds' <see cref="ControlMessage{T}.Space"/> and <see cref="SocketControl.HandlesSpace"/>. May be empty.</param>
    /// <param name="peer">Overwritten with the sender's address; <c>new SocketAddress(AddressFamily.Unspecified, 128)</c> fits all. Null: not asked for.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>What came; dispose it if descriptors may come. A message that did not fit is no error here: <see cref="ReceivedMessage.IsTruncated"/>.</returns>
    /// <exception cref="SocketException">TimedOut, WouldBlock, ConnectionReset, ConnectionRefused, Interrupted (disposed meanwhile).</exception>
    public ReceivedMessage ReceiveMessage(
        Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags socketFlags = SocketFlags.None) =>
        OrThrow(ReceiveMessageCore(buffer, buffers: null, control, peer, socketFlags), "receive message", socketFlags);

    /// <inheritdoc cref="ReceiveMessage(Memory{byte}, Memory{byte}, SocketAddress?, SocketFlags)"/>
    /// <param name="buffers">Where the bytes go, one buffer after the other; at most 1,024 are used.</param>
    /// <param name="control">Room for control data.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    public ReceivedMessage ReceiveMessage(
        IList<ArraySegment<byte>> buffers, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags socketFlags = SocketFlags.None)
    {
        return OrThrow(ReceiveMessageCore(default, Counted(buffers), control, peer, socketFlags), "receive message", socketFlags);
    }

    /// <summary>recvmsg(2), with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="control">Room for control data.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <returns>What came, or the errno.</returns>
    public SocketResult<ReceivedMessage> TryReceiveMessage(
        Memory<byte> buffer, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags socketFlags = SocketFlags.None) =>
        ReceiveMessageCore(buffer, buffers: null, control, peer, socketFlags);

    /// <inheritdoc cref="TryReceiveMessage(Memory{byte}, Memory{byte}, SocketAddress?, SocketFlags)"/>
    /// <param name="buffers">Where the bytes go, one buffer after the other.</param>
    /// <param name="control">Room for control data.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    public SocketResult<ReceivedMessage> TryReceiveMessage(
        IList<ArraySegment<byte>> buffers, Memory<byte> control = default, SocketAddress? peer = null, SocketFlags socketFlags = SocketFlags.None)
    {
        return ReceiveMessageCore(default, Counted(buffers), control, peer, socketFlags);
    }

    /// <summary>recvmsg(2), asynchronously.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="control">Room for control data; the kernel's until the task has completed.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is lost.</param>
    /// <returns>What came; dispose it if descriptors may come.</returns>
    public ValueTask<ReceivedMessage> ReceiveMessageAsync(
        Memory<byte> buffer,
        Memory<byte> control = default,
        SocketAddress? peer = null,
        SocketFlags socketFlags = SocketFlags.None,
        CancellationToken cancellationToken = default) =>
        ReceiveMessageCoreAsync(buffer, buffers: null, control, peer, socketFlags, cancellationToken);

    /// <inheritdoc cref="ReceiveMessageAsync(Memory{byte}, Memory{byte}, SocketAddress?, SocketFlags, CancellationToken)"/>
    /// <param name="buffers">Where the bytes go, one buffer after the other.</param>
    /// <param name="control">Room for control data.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is lost.</param>
    public ValueTask<ReceivedMessage> ReceiveMessageAsync(
        IList<ArraySegment<byte>> buffers,
        Memory<byte> control = default,
        SocketAddress? peer = null,
        SocketFlags socketFlags = SocketFlags.None,
        CancellationToken cancellationToken = default)
    {
        return ReceiveMessageCoreAsync(default, Counted(buffers), control, peer, socketFlags, cancellationToken);
    }

    /// <summary>recvmsg(2), asynchronously, with the failure as a value.</summary>
    /// <param name="buffer">Where the bytes go; the kernel's until the task has completed.</param>
    /// <param name="control">Room for control data; the kernel's until the task has completed.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>What came, or the errno.</returns>
    public ValueTask<SocketResult<ReceivedMessage>> TryReceiveMessageAsync(
        Memory<byte> buffer,
        Memory<byte> control = default,
        SocketAddress? peer = null,
        SocketFlags socketFlags = SocketFlags.None,
        CancellationToken cancellationToken = default) =>
        TryReceiveMessageCoreAsync(buffer, buffers: null, control, peer, socketFlags, cancellationToken);

    /// <inheritdoc cref="TryReceiveMessageAsync(Memory{byte}, Memory{byte}, SocketAddress?, SocketFlags, CancellationToken)"/>
    /// <param name="buffers">Where the bytes go, one buffer after the other.</param>
    /// <param name="control">Room for control data.</param>
    /// <param name="peer">Overwritten with the sender's address.</param>
    /// <param name="socketFlags">.NET's flags or Linux's. Defaults to none.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    public ValueTask<SocketResult<ReceivedMessage>> TryReceiveMessageAsync(
        IList<ArraySegment<byte>> buffers,
        Memory<byte> control = default,
        SocketAddress? peer = null,
        SocketFlags socketFlags = SocketFlags.None,
        CancellationToken cancellationToken = default)
    {
        return TryReceiveMessageCoreAsync(default, Counted(buffers), control, peer, socketFlags, cancellationToken);
    }

    private EndPoint? PeerOf(in OutgoingMessage message) => message.Peer is { } peer ? ForThisFamily(peer) : null;

    private SocketResult<ReceivedMessage> ReceiveMessageCore(
        Memory<byte> buffer, IList<ArraySegment<byte>>? buffers, Memory<byte> control, SocketAddress? peer, SocketFlags socketFlags)
    {
        var parts = default(MessageParts);
        if (TryBegin(socketFlags, out int flags, out Progress progress))
        {
            progress.PartRule = ReceiveAnswer.PartRule(Core, flags);
            var step = new ReceiveMessageStep(buffer, buffers, control, peer, flags, ref parts);
            BlockingCall.Run(Core, OperationQueue.Read, Core.ReceiveLimit, flags, ref step, ref progress);
        }

        return ToResult(progress, progress.Errno == 0 ? parts.ToMessage(progress, control, peer) : default);
    }

    private ValueTask<SocketResult<ReceivedMessage>> TryReceiveMessageCoreAsync(
        Memory<byte> buffer,
        IList<ArraySegment<byte>>? buffers,
        Memory<byte> control,
        SocketAddress? peer,
        SocketFlags socketFlags,
        CancellationToken cancellationToken) =>
        ReceiveMessageOperation.Rent(Usable).With(buffer, buffers, control, peer, socketFlags).TryRun(cancellationToken);

    private ValueTask<ReceivedMessage> ReceiveMessageCoreAsync(
        Memory<byte> buffer,
        IList<ArraySegment<byte>>? buffers,
        Memory<byte> control,
        SocketAddress? peer,
        SocketFlags socketFlags,
        CancellationToken cancellationToken) =>
        ReceiveMessageOperation.Rent(Usable).With(buffer, buffers, control, peer, socketFlags).Run(cancellationToken);
}
