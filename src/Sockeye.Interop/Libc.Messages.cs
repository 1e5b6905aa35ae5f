using System.Runtime.InteropServices;

namespace Sockeye.Interop;

// sendmmsg(2), recvmmsg(2): several messages in one call. MSG_DONTWAIT always, as with the calls for one message.
internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    private static partial int sendmmsg(SocketHandle socket, MultipleMessageHeader* messages, uint count, int flags);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int recvmmsg(SocketHandle socket, MultipleMessageHeader* messages, uint count, int flags, TimeSpecification* timeout);

    /// <summary>Sends messages <paramref name="first"/> to <paramref name="first"/> + <paramref name="count"/> of a batch.</summary>
    /// <returns>How many were sent, at least one; or −errno of the first.</returns>
    internal static int SendMessages(SocketHandle socket, MessageVector messages, int first, int count, int flags)
    {
        int result = Result(sendmmsg(socket, messages.Headers(first, count), (uint)count, flags | SocketConstants.MSG_DONTWAIT));
        GC.KeepAlive(messages);
        return result;
    }

    /// <summary>Receives up to <paramref name="count"/> messages; flags as for recvmsg(2).</summary>
    /// <returns>How many there were, at least one; or −errno.</returns>
    internal static int ReceiveMessages(SocketHandle socket, MessageVector messages, int count, int flags)
    {
        // The call's own time limit is looked at between messages only (recvmmsg(2), BUGS): it is not used.
        int result = Result(recvmmsg(
            socket,
            messages.Headers(0, count),
            (uint)count,
            flags | SocketConstants.MSG_DONTWAIT,
            null));
        GC.KeepAlive(messages);
        return result;
    }
}
