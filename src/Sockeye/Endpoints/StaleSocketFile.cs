using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Removes the file that a dead server left behind: only if it is a socket, and no socket is bound to it any more.
/// </summary>
internal static class StaleSocketFile
{
    /// <summary>Removes the file if it is stale.</summary>
    /// <returns>Null when it is gone; else why it stays.</returns>
    /// <remarks>
    /// connect(2) of a datagram socket finds whatever is bound there, of any type, listening or not, and disturbs
    /// none: only ECONNREFUSED says that nobody is. Between that and unlink(2) another server may take the path; then
    /// one of the two loses its file, as with every program that does this.
    /// </remarks>
    internal static string? TryRemove(EndPoint endPoint)
    {
        const string InUse = "another program listens there, or is bound to it";
        if (endPoint is not UnixEndPoint { IsPath: true } unix)
        {
            return InUse;
        }

        int errno = Socket.TryOpen(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified, engine: null, out Socket? probe);
        using (probe)
        {
            switch (probe?.TryConnect(endPoint).Errno ?? errno)
            {
                // ENOENT: the file is gone, or it is a link that leads nowhere.
                case Errno.ECONNREFUSED or Errno.ENOENT:
                    break;
                case Errno.EACCES or Errno.EPERM:
                    return "a socket file is there that this user may not connect to, so nobody knows whether it is in use";
                case Errno.EMFILE or Errno.ENFILE or Errno.ENOMEM or Errno.ENOBUFS:
                    return "it cannot be asked whether the socket file there is in use: no descriptor or memory is left";
                default:
                    return InUse;
            }
        }

        // Of a file that is no socket connect(2) says the same. Asked for no permission at all, this looks and changes
        // nothing; a link, wherever it leads, is no socket.
        byte[] path = [.. unix.PathBytes().Span, 0];
        int result = Libc.WidenSocketFile(path, mode: 0);
        if (result == 0)
        {
            result = Libc.Unlink(path);
        }

        return -result switch
        {
            0 or Errno.ENOENT => null,
            Errno.ENOTSOCK => "a file that is no socket is in the way; it is left alone",
            var other => $"a dead server's socket file is in the way, and cannot be removed: {Errno.Text(other)}",
        };
    }
}
