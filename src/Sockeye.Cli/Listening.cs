using System.Net;
using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>The first lines of every server: where it listens, with the port that the kernel chose, and how to try it.</summary>
internal static class Listening
{
    /// <summary>Writes where, warns if other machines can reach it, and ends with commands to copy.</summary>
    /// <param name="report">Where to say it.</param>
    /// <param name="endpoints">What is listened at, as the kernel made it.</param>
    /// <param name="client">The command that talks to it: <c>connect</c>.</param>
    /// <param name="isDefault">Whether that command goes there by itself.</param>
    /// <param name="isAside">On standard error, because standard output is data; for programs an event all the same.</param>
    /// <returns>False when it could not be written.</returns>
    public static bool TryTell(Report report, IReadOnlyList<SocketUri> endpoints, string client = "connect", bool isDefault = false, bool isAside = false)
    {
        bool isTold = true;
        foreach (SocketUri endpoint in endpoints)
        {
            string line = $"listening at {Address(endpoint)}";
            isTold &= isAside && !report.IsJson ? report.TrySay(line) : report.TryTell("listening", line, ("endpoint", Address(endpoint)));
            if (endpoint.EndPoint is IPEndPoint ip && !IPAddress.IsLoopback(ip.Address))
            {
                report.Warn($"{ip} can be reached from other machines, and nothing is encrypted");
            }
        }

        foreach (string line in Try(endpoints[0], client, isDefault))
        {
            isTold &= report.IsJson || (isAside ? report.TrySay($"try: {line}") : report.TryTell("try", $"try: {line}"));
        }

        return isTold;
    }

    /// <summary>The endpoint of a bound socket: the given one, at the address the kernel chose.</summary>
    /// <param name="endpoint">What was asked for.</param>
    /// <param name="bound">The address of the socket that was made of it.</param>
    /// <param name="socketType">The socket's type, which of a descriptor only the socket knows.</param>
    public static SocketUri At(SocketUri endpoint, EndPoint? bound, SocketType socketType = SocketType.Stream) =>
        bound is null ? endpoint
        : endpoint.Descriptor is null ? endpoint.WithEndPoint(bound)
        : SocketUri.FromEndPoint(bound, socketType);

    /// <summary>Commands that connect to it.</summary>
    private static IEnumerable<string> Try(SocketUri endpoint, string client, bool isDefault)
    {
        SocketUri near = Near(endpoint);
        bool isDatagram = endpoint.SocketType == SocketType.Dgram;
        switch (near.EndPoint)
        {
            case IPEndPoint ip when endpoint.Scheme.Name is "tcp" or "tcp4" or "tcp6" or "mptcp":
                yield return $"nc {ip.Address} {ip.Port}";
                break;
            case IPEndPoint ip when endpoint.Scheme.Name is "udp" or "udp4" or "udp6":
                yield return $"nc -u {ip.Address} {ip.Port}";
                break;
            // nc would take an escape such as %1b as part of the path.
            case UnixEndPoint { IsPath: true } path when endpoint.SocketType is SocketType.Stream or SocketType.Dgram && !path.ToString().Contains('%', StringComparison.Ordinal):
                yield return $"nc {(isDatagram ? "-uU" : "-U")} {ShellWord.Quote(path.ToString())}";
                break;
        }

        if (isDefault)
        {
            yield return $"./sockeye {client}";
        }
        else if (near.EndPoint is not null)
        {
            // A Unix datagram socket without a name cannot be answered.
            yield return $"./sockeye {client} {ShellWord.Quote(Address(near) + (isDatagram && near.EndPoint is UnixEndPoint ? "?autobind=1" : ""))}";
        }
    }

    /// <summary>An endpoint for display: without its options, which concern only this end.</summary>
    /// <param name="endpoint">The endpoint.</param>
    public static string Address(SocketUri endpoint) => endpoint.ToString().Split('?')[0];

    /// <summary>Where this machine can reach it: a wildcard address is not a destination.</summary>
    private static SocketUri Near(SocketUri endpoint) => endpoint.EndPoint switch
    {
        IPEndPoint ip when ip.Address.Equals(IPAddress.Any) => endpoint.WithEndPoint(new IPEndPoint(IPAddress.Loopback, ip.Port)),
        IPEndPoint ip when ip.Address.Equals(IPAddress.IPv6Any) => endpoint.WithEndPoint(new IPEndPoint(IPAddress.IPv6Loopback, ip.Port)),
        _ => endpoint,
    };
}
