using System.Globalization;
using System.Net;

namespace Sockeye.Cli.Serving;

/// <summary>What to call a peer.</summary>
internal static class PeerName
{
    /// <summary>The other end of a connection; one without a name, as most on Unix sockets, is distinguished by a number.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="number">The connection's own.</param>
    public static string Of(Socket socket, long number)
    {
        EndPoint? peer = socket.TryGetRemoteEndPoint().TryGetValue(out EndPoint? value) ? value : null;
        return Of(peer) ?? string.Create(CultureInfo.InvariantCulture, $"{(peer is UnixEndPoint ? "unix" : "gone")}#{number}"); // reset before it was accepted
    }

    /// <summary>The sender of a datagram; null if it has no name, and so cannot be answered.</summary>
    /// <param name="peer">Its address.</param>
    public static string? Of(EndPoint? peer) => peer switch
    {
        null or UnixEndPoint { IsUnnamed: true } => null,
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } ip => new IPEndPoint(ip.Address.MapToIPv4(), ip.Port).ToString(),
        _ => peer.ToString() is { Length: > 0 } name ? ByteText.Show(name) : null,
    };
}
