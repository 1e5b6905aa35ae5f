using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>What the others are told of a connection that did not end in good order.</summary>
internal static class ConnectionLoss
{
    public static string Reason(SocketError error) => error switch
    {
        // EPIPE is what a send meets after a reset, or at a client that shut its receiving half.
        SocketError.ConnectionReset or SocketError.Shutdown => "connection reset",
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => "connection timed out",
        _ => "connection lost",
    };
}
