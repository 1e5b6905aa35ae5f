using System.Net.Sockets;

namespace Sockeye.Cli;

/// <summary>Makes the sockets that servers listen or receive on.</summary>
internal static class ServerSocket
{
    private const int Backlog = 512;

    /// <summary>A listener of a stream, a bound socket of datagrams.</summary>
    /// <param name="endpoint">
    /// Where, and with which options. A Unix socket without options of its own is for its owner alone (<c>mode=0600</c>)
    /// and replaces what a dead server left (<c>unlink=1</c>).
    /// </param>
    /// <exception cref="SocketException">Where and why.</exception>
    public static Socket Open(SocketUri endpoint)
    {
        SocketUri ours = endpoint.EndPoint is UnixEndPoint { IsPath: true }
            ? endpoint.WithDefaultOption("mode", "0600").WithDefaultOption("unlink", "1")
            : endpoint;
        Socket socket = ours.Descriptor is not null ? OfDescriptor(ours)
            : IsStream(ours.SocketType) ? ours.Listen()
            : ours.Bind();
        socket.Timeout = null; // a server waits for clients without limit
        return socket;
    }

    /// <summary>As <see cref="Open"/>; a name is looked up without blocking, and the first of its addresses taken that this machine has.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="stop">Ends the look-up.</param>
    /// <exception cref="SocketException">Where and why.</exception>
    public static async Task<Socket> OpenAsync(SocketUri endpoint, CancellationToken stop)
    {
        if (!endpoint.IsName)
        {
            return Open(endpoint);
        }

        Socket socket = IsStream(endpoint.SocketType) ? await endpoint.ListenAsync(stop) : await endpoint.BindAsync(stop);
        socket.Timeout = null;
        return socket;
    }

    /// <summary>Whether connections are accepted at it.</summary>
    /// <param name="socket">What <see cref="Open"/> made.</param>
    public static bool IsListener(Socket socket) => IsStream(socket.SocketType);

    private static bool IsStream(SocketType type) => type is SocketType.Stream or SocketType.Seqpacket;

    /// <summary>A descriptor that was passed in: only the kernel knows its type. Makes it listen, if it does not yet.</summary>
    private static Socket OfDescriptor(SocketUri endpoint)
    {
        Socket socket = endpoint.CreateSocket();
        try
        {
            if (IsListener(socket) && !socket.GetOption(SocketOptions.AcceptConnection))
            {
                socket.Listen(Backlog);
            }

            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
