using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with MSG_ERRQUEUE: one record of the error queue. Waits beside receives and sends, in no lane of theirs.</summary>
internal sealed class ReceiveErrorOperation(SocketCore socket) : SocketOperation<SocketErrorRecord>(socket, OperationLane.Watch)
{
    // An error with an IPv6 offender takes 64 bytes, timestamps 64, what else was asked for a few more; a routing header
    // or long options would be cut, and MSG_CTRUNC say so.
    private const int ControlBytes = 1024;

    // Borrowed from the caller until the outcome is taken.
    private Memory<byte> _payload;
    private SocketErrorRecord _record;

    internal static ReceiveErrorOperation Rent(SocketCore socket) => socket.Extras.ReceiveError.Take<ReceiveErrorOperation>() ?? new ReceiveErrorOperation(socket);

    internal override string Call => "receive error";

    internal ReceiveErrorOperation With(Memory<byte> payload)
    {
        _payload = payload;
        return this;
    }

    internal override bool TryComplete()
    {
        int result = Receive(Socket, _payload.Span, out _record);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        BytesTransferred = Math.Max(result, 0);
        return true;
    }

    /// <summary>Takes one record without waiting; the kernel never waits for the error queue (recv(2)).</summary>
    /// <returns>How many bytes of payload are in the buffer, or −errno.</returns>
    internal static int Receive(SocketCore socket, Span<byte> payload, out SocketErrorRecord record)
    {
        if (!HasErrorQueue(socket))
        {
            record = default;
            return -Interop.Errno.EOPNOTSUPP;
        }

        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        Span<byte> control = stackalloc byte[ControlBytes];
        MessageLengths lengths;
        int length;
        do
        {
            length = Libc.ReceiveMessage(socket.Handle, payload, SocketConstants.MSG_ERRQUEUE, address, control, out lengths);
        }
        while (length == -Interop.Errno.EINTR);
        record = length < 0
            ? default
            : SocketErrorRecord.Read(control[..lengths.Control], address[..lengths.Address], length, LinuxSocketFlags.FromLinux(lengths.Flags));
        return length;
    }

    // The others do not look at MSG_ERRQUEUE: they would hand out, and so lose, a message and the descriptors in it.
    private static bool HasErrorQueue(SocketCore socket) =>
        FamilyNumbers.TryToLinux(socket.AddressFamily, out int family)
        && family is SocketConstants.AF_INET or SocketConstants.AF_INET6 or SocketConstants.AF_PACKET or SocketConstants.AF_CAN
            or FamilyConstants.AF_VSOCK;

    protected override SocketErrorRecord TakeValue() => _record;

    protected override void Reset()
    {
        _payload = default;
        _record = default;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.ReceiveError;
}
