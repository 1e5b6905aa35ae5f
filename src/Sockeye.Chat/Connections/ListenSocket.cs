using System.Net;
using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>Listening failed: the message says what failed, the likely cause, and what to try.</summary>
public sealed class ListenException : Exception
{
    internal ListenException(string message, SocketError error, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>What the kernel answered.</summary>
    public SocketError Error { get; }

    /// <summary>Whether this machine simply has no such address: IPv6 is off, for instance.</summary>
    public bool IsAddressMissing => Error is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
}

/// <summary>Makes the sockets that a server accepts at.</summary>
internal static class ListenSocket
{
    private const int NotASocketErrno = 6; // ENXIO: what open(2) says of a socket

    /// <summary>Binds and listens, or throws <see cref="ListenException"/>.</summary>
    public static Socket Open(EndPoint endPoint, int backlog, UnixFileMode mode)
    {
        Socket? socket = null;
        try
        {
            if (endPoint is UnixDomainSocketEndPoint unix)
            {
                RemoveStale(unix);
                socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                socket.Bind(unix);

                // Nobody can connect before listen(2), so the permissions are in force from the first moment.
                File.SetUnixFileMode(unix.ToString()!, mode);
            }
            else
            {
                socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                {
                    socket.DualMode = false; // [::] and 0.0.0.0 are two addresses, and can both be asked for
                }

                socket.Bind(endPoint);
            }

            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw new ListenException($"cannot listen at {endPoint}: {Explain(e, endPoint)}", e.SocketErrorCode, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            socket?.Dispose();
            throw new ListenException($"cannot listen at {endPoint}: {e.Message}", SocketError.AccessDenied, e);
        }
    }

    private static string Explain(SocketException e, EndPoint endPoint) => (e.SocketErrorCode, endPoint) switch
    {
        (SocketError.AddressAlreadyInUse, IPEndPoint ip) =>
            $"another program listens there, perhaps a chat that runs already. Try another port, or see who it is: ss -ltnp 'sport = :{ip.Port}'",
        (SocketError.AddressAlreadyInUse, _) => "something else has that path. Try another path.",
        (SocketError.AddressNotAvailable, UnixDomainSocketEndPoint) => "there is no such folder. Make it, or try another path.",
        (SocketError.AccessDenied, IPEndPoint { Port: < 1024 }) =>
            "ports below 1024 are for root. Try a port above, 6667 for instance.",
        (SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported, _) =>
            "this machine has no such address. See which it has: ip address",
        (SocketError.TooManyOpenSockets, _) => "too many open files. Try a higher limit: ulimit -n",
        _ => e.Message,
    };

    /// <summary>
    /// Removes the file that a server left behind: only if it is a socket and nobody listens at it.
    /// </summary>
    private static void RemoveStale(UnixDomainSocketEndPoint endPoint)
    {
        string path = endPoint.ToString()!;
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Nobody listens, or it is no socket at all: connect(2) says the same of both.
            if (!IsSocket(path))
            {
                throw new ListenException(
                    $"cannot listen at {path}: a file that is no socket is in the way. Try another path, or remove it.",
                    SocketError.AddressAlreadyInUse, e);
            }

            File.Delete(path);
            return;
        }

        throw new ListenException(
            $"cannot listen at {path}: another program listens there, perhaps a chat that runs already. Try another path.",
            SocketError.AddressAlreadyInUse);
    }

    /// <summary>Whether the file is a socket; open(2) for both directions waits for nothing, not even at a FIFO.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return false;
        }
        catch (IOException e)
        {
            return e.HResult == NotASocketErrno;
        }
    }
}
