using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// What the listeners of an EventLoopGroup need of a socket.
public partial class Socket
{
    // sizeof(struct sockaddr_in) and sockaddr_in6: ip(7), ipv6(7).
    private const int Ipv4AddressBytes = 16;
    private const int Ipv6AddressBytes = 28;

    // Accepted without its peer's address, which is asked for when somebody wants it.
    private bool _peerIsLate;

    /// <summary>The socket for an accepted TCP connection. Its peer's address costs memory, and time, only when somebody asks.</summary>
    internal static Socket FromTcpAccept(Socket listener, SocketHandle handle)
    {
        var accepted = new Socket(listener, handle)
        {
            _blocking = listener._blocking,
            _rightEndPoint = listener._rightEndPoint,
            _peerIsLate = true,
        };
        Volatile.Write(ref accepted._connected, true);
        return accepted;
    }

    /// <summary>Gives the socket to another engine, before its first operation.</summary>
    internal void MoveTo(SocketEngine engine) => _place = engine;

    // SO_PEERNAME rather than getpeername(2): it answers also when the peer has reset the connection already.
    private EndPoint? LatePeer()
    {
        if (!_peerIsLate || Volatile.Read(ref _disposed))
        {
            return null;
        }

        try
        {
            // The kernel refuses room for more than the address (EINVAL).
            Span<byte> address = stackalloc byte[AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6AddressBytes : Ipv4AddressBytes];
            if (Libc.GetOption(_handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_PEERNAME, address, out int length) >= 0)
            {
                _remoteEndPoint = AddressCodecs.Decode(address[..length], _rightEndPoint);
                _peerIsLate = false;
            }

            return _remoteEndPoint;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }
}
