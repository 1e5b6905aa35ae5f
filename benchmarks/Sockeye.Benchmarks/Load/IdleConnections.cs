using System.Net;
using System.Net.Sockets;

namespace Sockeye.Benchmarks.Load;

/// <summary>Connections over which nothing comes. The client waits for nothing either, so that all that waits is the server's.</summary>
internal sealed class IdleConnections : IDisposable
{
    private readonly List<Socket> _sockets = [];

    /// <summary>Opens so many; every one has had an echo when <paramref name="echo"/>.</summary>
    internal void Open(IPEndPoint server, int count, bool echo)
    {
        Span<byte> word = stackalloc byte[1];
        for (int i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            socket.Connect(server);
            if (echo)
            {
                socket.Send(word);
                socket.ReceiveExactly(word);
            }
        }
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }
}
