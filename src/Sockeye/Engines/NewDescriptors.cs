using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// The calls that give a new descriptor. A loop's ring closes those of its sockets at the turn's end, so where none is left
/// (EMFILE, ENFILE) these are closed first, and the call is made again: whoever has disposed a socket can open another.
/// </summary>
internal static class NewDescriptors
{
    /// <summary>socket(2).</summary>
    /// <returns>0 or more; else −errno.</returns>
    internal static int Socket(int family, int type, int protocol, out SocketHandle handle)
    {
        int result = Libc.Socket(family, type, protocol, out handle);
        return MustRepeat(result) ? Libc.Socket(family, type, protocol, out handle) : result;
    }

    /// <summary>socketpair(2).</summary>
    /// <returns>0 or more; else −errno.</returns>
    internal static int Pair(int family, int type, int protocol, out SocketHandle first, out SocketHandle second)
    {
        int result = Libc.SocketPair(family, type, protocol, out first, out second);
        return MustRepeat(result) ? Libc.SocketPair(family, type, protocol, out first, out second) : result;
    }

    /// <summary>accept4(2).</summary>
    /// <returns>0 or more; else −errno.</returns>
    internal static int Accept(SocketHandle listener, Span<byte> peer, out int peerLength, out SocketHandle handle)
    {
        int result = Libc.Accept(listener, peer, out peerLength, out handle);
        return MustRepeat(result) ? Libc.Accept(listener, peer, out peerLength, out handle) : result;
    }

    /// <summary>fcntl(2) F_DUPFD_CLOEXEC.</summary>
    /// <returns>0 or more; else −errno.</returns>
    internal static int Duplicate(SocketHandle handle, out SocketHandle duplicate)
    {
        int result = Libc.Duplicate(handle, out duplicate);
        return MustRepeat(result) ? Libc.Duplicate(handle, out duplicate) : result;
    }

    private static bool MustRepeat(int result) => result is -Errno.EMFILE or -Errno.ENFILE && RingPoller.CloseNow();
}
