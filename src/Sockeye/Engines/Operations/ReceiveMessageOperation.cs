using System.Net;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with control messages: one message, or what a stream has.</summary>
internal sealed class ReceiveMessageOperation(SocketCore socket) : SocketOperation<ReceivedMessage>(socket, OperationLane.Read)
{
    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _buffer;
    private IList<ArraySegment<byte>>? _buffers;
    private Memory<byte> _control;
    private SocketAddress? _peer;
    private int _flags;

    // Owns descriptors until it is taken.
    private ReceivedMessage _message;

    internal static ReceiveMessageOperation Rent(SocketCore socket) => socket.Extras.ReceiveMessage.Take<ReceiveMessageOperation>() ?? new ReceiveMessageOperation(socket);

    internal override string Call => "receive message";

    internal ReceiveMessageOperation With(
        Memory<byte> buffer, IList<ArraySegment<byte>>? buffers, Memory<byte> control, SocketAddress? peer, int flags)
    {
        _buffer = buffer;
        _buffers = buffers;
        _control = control;
        _peer = peer;
        _flags = flags;
        return this;
    }

    internal override bool TryComplete()
    {
        int result = Receive(Socket, _buffer, _buffers, _control, _peer, _flags, out _message);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        BytesTransferred = Math.Max(result, 0);
        return true;
    }

    /// <summary>recvmsg(2) without waiting. Descriptors are owned when it returns.</summary>
    /// <returns>How many bytes are in the buffer, or −errno.</returns>
    internal static int Receive(
        SocketCore socket,
        Memory<byte> buffer,
        IList<ArraySegment<byte>>? buffers,
        Memory<byte> control,
        SocketAddress? peer,
        int flags,
        out ReceivedMessage message)
    {
        int own = ReceiveOperation.KernelFlags(socket, flags);
        Span<byte> address = peer is null ? default : peer.Buffer.Span;
        MessageLengths lengths;
        int room;
        int length;
        if (buffers is null)
        {
            room = buffer.Length;
            do
            {
                length = Libc.ReceiveMessage(socket.Handle, buffer.Span, own, address, control.Span, out lengths);
            }
            while (length == -Interop.Errno.EINTR);
        }
        else
        {
            using var vector = new BufferVector(buffers);
            room = vector.Length;
            do
            {
                length = Libc.ReceiveMessage(socket.Handle, vector.Buffers, own, address, control.Span, out lengths);
            }
            while (length == -Interop.Errno.EINTR);
        }

        message = default;
        if (length < 0)
        {
            return length;
        }

        Memory<byte> filled = control[..Math.Min(lengths.Control, control.Length)];
        ReceivedDescriptors? descriptors = filled.IsEmpty ? null : ReceivedDescriptors.Adopt(filled.Span);
        if (peer is not null)
        {
            peer.Size = lengths.Address;
        }

        int kept = Math.Min(length, room);
        message = new ReceivedMessage(
            kept, length - kept, LinuxSocketFlags.FromLinux(lengths.Flags), filled, peer, descriptors);
        return kept;
    }

    // The kernel never waits for the error queue (recv(2)): Socket.ReceiveErrorAsync does.
    protected override bool Waits => (_flags & (SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_ERRQUEUE)) == 0;

    protected override ReceivedMessage TakeValue() => _message;

    protected override void Reset()
    {
        _buffer = default;
        _buffers = null;
        _control = default;
        _peer = null;
        _message = default;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.ReceiveMessage;
}
