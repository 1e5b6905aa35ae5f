using System.Net;
using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>Listening failed: the message says what failed, the likely cause, and what to try.</summary>
public sealed class ListenException : Exception
{
    /// <summary>Says why.</summary>
    public ListenException(string message, SocketError error, Exception? inner = null)
        : base(message, inner) => Error = error;

    /// <summary>What the kernel returned.</summary>
    public SocketError Error { get; }

    /// <summary>Whether this machine simply has no such address: IPv6 is off, for instance.</summary>
    public bool IsAddressMissing => Error is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
}

/// <summary>Makes the sockets that a server accepts at.</summary>
internal static class ListenSocket
{
    /// <summary>Binds and listens, or throws <see cref="ListenException"/>.</summary>
    public static Socket Open(SocketUri endpoint, int backlog)
    {
        SocketUri ours = endpoint.WithDefaultOption("backlog", $"{backlog}");
        if (endpoint.EndPoint is UnixEndPoint { IsPath: true })
        {
            ours = ours.WithDefaultOption("mode", "0600").WithDefaultOption("unlink", "1");
        }

        try
        {
            Socket listener = ours.Listen();
            listener.Timeout = null; // a chat waits for guests as long as it takes
            return listener;
        }
        catch (SocketException e)
        {
            EndPoint? endPoint = endpoint.EndPoint;
            throw new ListenException($"cannot listen at {(object?)endPoint ?? endpoint}: {Explain(e, endPoint)}", e.SocketErrorCode, e);
        }
    }

    private static string Explain(SocketException e, EndPoint? endPoint) => (e.SocketErrorCode, endPoint) switch
    {
        (SocketError.AddressAlreadyInUse, IPEndPoint ip) =>
            $"another program listens there, perhaps a chat that runs already. Try another port, or see who it is: ss -ltnp 'sport = :{ip.Port}'",
        (SocketError.AddressAlreadyInUse, { AddressFamily: AddressFamily.Unix }) => $"{e.Message}. Try another path.",
        (SocketError.AddressNotAvailable, { AddressFamily: AddressFamily.Unix }) => "there is no such folder. Make it, or try another path.",
        (SocketError.AccessDenied, IPEndPoint { Port: < 1024 }) =>
            "ports below 1024 are for root. Try a port above, 6667 for instance.",
        (SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported, IPEndPoint) =>
            "this machine has no such address. See which it has: ip address",
        (SocketError.TooManyOpenSockets, _) => "too many open files. Try a higher limit: ulimit -n",
        _ => e.Message,
    };
}
