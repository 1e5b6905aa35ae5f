using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>recvmsg(2) with MSG_ERRQUEUE: one record of the error queue. Waits beside receives and sends, in no queue of theirs.</summary>
internal sealed class ReceiveErrorOperation(SocketCore socket) : SocketOperation<SocketErrorRecord>(socket, OperationQueue.Watch)
{
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
        var step = new ReceiveErrorStep(_payload.Span, ref _record);
        return Complete(ref step);
    }

    protected override SocketErrorRecord TakeValue() => _record;

    protected override void Reset()
    {
        _payload = default;
        _record = default;
    }

    protected override void Return() => Socket.Extras.ReceiveError.Put(this);
}

/// <summary>recvmsg(2) with MSG_ERRQUEUE, for which the kernel never waits (recv(2)).</summary>
internal ref struct ReceiveErrorStep(Span<byte> payload, ref SocketErrorRecord record) : ICallStep
{
    // An error with an IPv6 offender takes 64 bytes, timestamps 64, what else was asked for a few more; a routing header
    // or long options would be cut, and MSG_CTRUNC say so.
    private const int ControlBytes = 1024;

    private readonly Span<byte> _payload = payload;
    private readonly ref SocketErrorRecord _record = ref record;

    public readonly int Call(SocketCore socket, in Progress progress)
    {
        if (!HasErrorQueue(socket))
        {
            return -Errno.EOPNOTSUPP;
        }

        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        Span<byte> control = stackalloc byte[ControlBytes];
        int length = Libc.ReceiveMessage(socket.Handle, _payload, SocketConstants.MSG_ERRQUEUE, address, control, out MessageLengths lengths);
        if (length >= 0)
        {
            _record = SocketErrorRecord.Read(
                control[..lengths.Control], address[..lengths.Address], length, LinuxSocketFlags.FromLinux(lengths.Flags));
        }

        return length;
    }

    public readonly StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        if (answer < 0)
        {
            return progress.TakeError(answer);
        }

        progress.Count = answer;
        return progress.Done();
    }

    // The others do not look at MSG_ERRQUEUE: they would hand out, and so lose, a message and the descriptors in it.
    private static bool HasErrorQueue(SocketCore socket) =>
        FamilyNumbers.TryToLinux(socket.AddressFamily, out int family)
        && family is SocketConstants.AF_INET or SocketConstants.AF_INET6 or SocketConstants.AF_PACKET or SocketConstants.AF_CAN
            or FamilyConstants.AF_VSOCK;
}
