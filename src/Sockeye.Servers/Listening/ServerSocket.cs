using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>Makes the sockets that servers listen or receive at.</summary>
internal static class ServerSocket
{
    /// <summary>Whether connections are accepted at such a socket.</summary>
    internal static bool IsStream(SocketType type) => type is SocketType.Stream or SocketType.Seqpacket;

    /// <summary>A listening socket. Options that the endpoint does not give are a server's.</summary>
    /// <param name="endpoint">
    /// Where. A Unix socket without options of its own is for its owner alone (<c>mode=0600</c>, from the first moment) and
    /// replaces what a dead server left (<c>unlink=1</c>).
    /// </param>
    /// <param name="backlog">Where the endpoint does not say it.</param>
    internal static Socket Listen(SocketUri endpoint, int backlog)
    {
        Socket socket = WithDefaults(endpoint, ("backlog", $"{backlog}"), ("no_delay", "1")).Listen();
        socket.Timeout = null; // a server waits for its clients without limit
        return socket;
    }

    /// <summary>A bound socket, for datagrams. Unix options as for <see cref="Listen"/>.</summary>
    internal static Socket Bind(SocketUri endpoint)
    {
        Socket socket = WithDefaults(endpoint).Bind();
        socket.Timeout = null;
        return socket;
    }

    /// <summary>The endpoint with the address that the kernel chose.</summary>
    internal static SocketUri Bound(SocketUri endpoint, Socket socket)
    {
        if (socket.LocalEndPoint is not { } bound)
        {
            return endpoint;
        }

        return endpoint.EndPoint is null ? SocketUri.FromEndPoint(bound, socket.SocketType) : endpoint.WithEndPoint(bound);
    }

    // Merged already: the last bytes of an answer must not wait for an acknowledgement. Accepted sockets inherit it.
    private static SocketUri WithDefaults(SocketUri endpoint, params ReadOnlySpan<(string Name, string Value)> options)
    {
        foreach ((string name, string value) in options)
        {
            if (SocketUri.KnownOptions.First(option => option.Name == name).AppliesTo(endpoint.Scheme))
            {
                endpoint = endpoint.WithDefaultOption(name, value);
            }
        }

        return endpoint.EndPoint is UnixEndPoint { IsPath: true }
            ? endpoint.WithDefaultOption("mode", "0600").WithDefaultOption("unlink", "1")
            : endpoint;
    }
}
