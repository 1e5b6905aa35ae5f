using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// poll(2) of one descriptor: waits for readiness, reads nothing. Several may wait at a time, and none is on a hot path: idle
/// ones are not kept.
/// </summary>
internal sealed class WaitOperation(SocketCore socket) : SocketOperation<SocketEvents>(socket, OperationLane.Watch)
{
    private SocketEvents _wanted;
    private SocketEvents _seen;

    internal override string Call => "wait";

    internal WaitOperation With(SocketEvents wanted)
    {
        _wanted = wanted;
        return this;
    }

    internal override bool TryComplete()
    {
        int result = Poll(Socket, _wanted, TimeSpan.Zero, out _seen);
        if (result == 0 || result == -Interop.Errno.EINTR)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        return true;
    }

    /// <summary>ppoll(2) of this socket alone.</summary>
    internal static int Poll(SocketCore socket, SocketEvents wanted, TimeSpan limit, out SocketEvents seen)
    {
        bool referenced = false;
        try
        {
            socket.Handle.DangerousAddRef(ref referenced);
            PollDescriptor descriptor = new()
            {
                Descriptor = socket.Handle.Number,
                Events = (short)wanted,
            };
            int result = Libc.Poll(new Span<PollDescriptor>(ref descriptor), limit);
            seen = (SocketEvents)descriptor.Returned;
            return result;
        }
        finally
        {
            if (referenced)
            {
                socket.Handle.DangerousRelease();
            }
        }
    }

    protected override SocketEvents TakeValue() => _seen;

    protected override void Reset() => _seen = SocketEvents.None;
}
