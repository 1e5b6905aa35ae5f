using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>accept4(2): one connection from the listener's queue.</summary>
/// <typeparam name="T">The face that the accepted connection is given.</typeparam>
internal abstract class AcceptOperation<T>(SocketCore listener) : SocketOperation<T>(listener, OperationLane.Read)
{
    private SocketCore? _into;
    private SocketCore? _accepted;

    internal override string Call => "accept";

    /// <summary>A socket that was made for the connection; null makes one.</summary>
    protected void Prepare(SocketCore? into) => _into = into;

    internal override bool TryComplete()
    {
        int result = AcceptCall.Accept(Socket, _into, out _accepted);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        return true;
    }

    /// <summary>The accepted connection's face.</summary>
    protected abstract T Wrap(SocketCore accepted);

    protected override T TakeValue() => Wrap(_accepted!);

    protected override void Reset()
    {
        _into = null;
        _accepted = null;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.Accept;
}

/// <summary>accept4(2) without waiting.</summary>
internal static class AcceptCall
{
    /// <summary>Takes one connection.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="into">A socket that was made for the connection; null makes one.</param>
    /// <param name="accepted">The connection.</param>
    /// <returns>0 with the connection, or −errno.</returns>
    internal static int Accept(SocketCore listener, SocketCore? into, out SocketCore? accepted)
    {
        accepted = null;
        Span<byte> room = stackalloc byte[SocketConstants.AddressBytesMax];
        Span<byte> address = FamilyFacts.AcceptsUnlistened(listener.AddressFamily) ? [] : room;
        while (true)
        {
            int result = Libc.Accept(listener.Handle, address, out int length, out SocketHandle handle);
            if (result >= 0)
            {
                ReadOnlySpan<byte> peer = address[..Math.Min(length, address.Length)];
                accepted = into is null ? SocketCore.Accepted(listener, handle, peer)
                    : into.TryTakeOver(listener, handle, peer) ? into
                    : null;
                return accepted is null ? -Errno.EBADF : 0;
            }

            // The connection in front had died before we took it; the next may live. accept(2), "Error handling".
            if (result is not (-Errno.EINTR or -Errno.ECONNABORTED or -Errno.EPROTO))
            {
                return result;
            }
        }
    }
}
