using Sockeye.Interop;

namespace Sockeye;

// What SocketUri needs of a socket: one taken over, with the failure as a value.
public partial class Socket
{
    /// <summary>Takes over a descriptor that this process was started with.</summary>
    /// <remarks>
    /// One that has close-on-exec cannot have come from there: it is this process's own, the runtime's or another
    /// socket's, and taking it would have two owners close it. What is taken gets close-on-exec, so that it is taken once.
    /// </remarks>
    /// <returns>0, or the errno, with the likely cause.</returns>
    internal static int TryAdopt(int descriptor, SocketEngine? engine, out Socket? socket, out string advice)
    {
        socket = null;
        using var view = new SocketHandle(descriptor, closes: false);
        int flags = Libc.Fcntl(view, FcntlConstants.F_GETFD);
        if (flags < 0)
        {
            advice = "this process was started without that descriptor";
            return -flags;
        }

        int result = Libc.GetOption(view, SocketConstants.SOL_SOCKET, SocketConstants.SO_TYPE, out int _);
        if (result < 0)
        {
            advice = "this descriptor is no socket";
            return -result;
        }

        if ((flags & FcntlConstants.FD_CLOEXEC) != 0)
        {
            advice = "this descriptor has an owner in this process (it is close-on-exec); fd: takes what a process was started with";
            return Errno.EBADF;
        }

        socket = new Socket(new SocketHandle(descriptor));
        if (engine is not null)
        {
            socket.Core.MoveTo(engine);
        }

        advice = "";
        return 0;
    }
}
