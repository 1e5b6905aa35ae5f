using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>accept4(2): one connection from the listener's queue.</summary>
internal sealed class AcceptOperation(Socket socket) : SocketOperation<Socket>(socket, OperationLane.Read)
{
    private Socket? _into;
    private Socket? _accepted;

    internal override string Call => "accept";

    /// <param name="into">A socket that was made for the connection; null makes one.</param>
    internal AcceptOperation With(Socket? into)
    {
        _into = into;
        return this;
    }

    internal override bool TryComplete()
    {
        int result = Accept(Socket, _into, out _accepted);
        if (result == -Interop.Errno.EAGAIN)
        {
            return false;
        }

        Errno = result < 0 ? -result : 0;
        return true;
    }

    /// <summary>accept4(2) without waiting.</summary>
    /// <returns>0 with the connection, or −errno.</returns>
    internal static int Accept(Socket listener, Socket? into, out Socket? accepted)
    {
        accepted = null;
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        while (true)
        {
            int result = Libc.Accept(listener.Descriptor, address, out int length, out SocketHandle handle);
            if (result >= 0)
            {
                accepted = Socket.FromAccept(listener, handle, address[..Math.Min(length, address.Length)], into);
                return accepted is null ? -Interop.Errno.EBADF : 0;
            }

            // The connection in front had died before we took it; the next may live. accept(2), "Error handling".
            if (result is not (-Interop.Errno.EINTR or -Interop.Errno.ECONNABORTED or -Interop.Errno.EPROTO))
            {
                return result;
            }
        }
    }

    protected override Socket TakeValue() => _accepted!;

    protected override void Reset()
    {
        _into = null;
        _accepted = null;
    }

    protected override void Return() => Socket.ReturnAccept(this);
}
