using System.Net.Sockets;

namespace Sockeye;

/// <summary>The options of every socket: level SOL_SOCKET, described in socket(7). In the kernel's plain meaning.</summary>
public static class SocketOptions
{
    private const int Level = 1;

    /// <summary>SO_ACCEPTCONN: whether the socket listens. Read only.</summary>
    public static readonly SocketOption<bool> AcceptConnection =
        SocketOption.Flag(Level, 30, "SO_ACCEPTCONN", SocketOptionAccess.Get);

    /// <summary>
    /// SO_BINDTODEVICE: use only the network interface of this name, at most 15 bytes; "" (the default) is any.
    /// ENODEV: no such interface. EPERM: changing it once set needs CAP_NET_RAW (setting it did too, before Linux 5.7).
    /// </summary>
    public static readonly SocketOption<string> BindToDevice =
        SocketOption.Text(Level, 25, maxBytes: 16, "SO_BINDTODEVICE");

    /// <summary>
    /// SO_BINDTOIFINDEX: as <see cref="BindToDevice"/>, by the interface's index; 0 (the default) is any. Linux 5.0.
    /// ENODEV and EPERM as there.
    /// </summary>
    public static readonly SocketOption<int> BindToInterfaceIndex = SocketOption.Number(Level, 62, "SO_BINDTOIFINDEX");

    /// <summary>SO_BROADCAST: datagrams may go to a broadcast address; without it sending there is EACCES. Defaults to false.</summary>
    public static readonly SocketOption<bool> Broadcast = SocketOption.Flag(Level, 6, "SO_BROADCAST");

    /// <summary>
    /// SO_DOMAIN: the family as Linux numbers it: AF_INET6 is 10. Read only. <see cref="Socket.AddressFamily"/> is
    /// the same in .NET's numbers.
    /// </summary>
    public static readonly SocketOption<int> Domain = SocketOption.Number(Level, 39, "SO_DOMAIN", SocketOptionAccess.Get);

    /// <summary>SO_DONTROUTE: send to directly connected hosts only, past no gateway. Defaults to false.</summary>
    public static readonly SocketOption<bool> DontRoute = SocketOption.Flag(Level, 5, "SO_DONTROUTE");

    /// <summary>SO_ERROR: the errno that waits to be told, 0 for none. Read only; reading it clears it.</summary>
    public static readonly SocketOption<int> Error = SocketOption.Number(Level, 4, "SO_ERROR", SocketOptionAccess.Get);

    /// <summary>
    /// SO_KEEPALIVE: probe an idle connection, so that a peer which vanished is found (ETIMEDOUT). Defaults to false.
    /// When and how often: <see cref="TcpOptions.KeepAliveTime"/>, <see cref="TcpOptions.KeepAliveInterval"/>,
    /// <see cref="TcpOptions.KeepAliveRetryCount"/>.
    /// </summary>
    public static readonly SocketOption<bool> KeepAlive = SocketOption.Flag(Level, 9, "SO_KEEPALIVE");

    /// <summary>
    /// SO_LINGER: what closing does with unsent data. Null (the default): close returns at once and the kernel goes
    /// on sending. Zero: the data is dropped and the peer sees a reset. Otherwise close(2) waits until the peer has
    /// acknowledged it, for so many whole seconds (rounded up) at most; the thread that closes waits, on a
    /// non-blocking socket too.
    /// </summary>
    public static readonly SocketOption<TimeSpan?> Linger =
        new(LingerLayout.Instance, Level, 13, "SO_LINGER", SocketOptionAccess.Both);

    /// <summary>SO_OOBINLINE: urgent data comes in the stream instead of beside it (tcp(7)). Defaults to false.</summary>
    public static readonly SocketOption<bool> OutOfBandInline = SocketOption.Flag(Level, 10, "SO_OOBINLINE");

    /// <summary>
    /// SO_PRIORITY: the packets' class in the queue of the network interface. Defaults to 0; 0 to 6, and above only
    /// with CAP_NET_ADMIN (EPERM). Setting <see cref="IpOptions.TypeOfService"/> changes it.
    /// </summary>
    public static readonly SocketOption<int> Priority = SocketOption.Number(Level, 12, "SO_PRIORITY");

    /// <summary>SO_PROTOCOL: the protocol's number, as the family counts them. Read only.</summary>
    public static readonly SocketOption<ProtocolType> Protocol =
        SocketOption.Struct<ProtocolType>(Level, 38, "SO_PROTOCOL", SocketOptionAccess.Get);

    /// <summary>
    /// SO_RCVBUF: the receive buffer in bytes. The kernel doubles what is set, for its own bookkeeping, and gives the
    /// double back; at least 2,304, at most twice net.core.rmem_max (more is cut silently). Defaults to
    /// net.core.rmem_default or net.ipv4.tcp_rmem; setting it ends TCP's own tuning. For TCP, set it before connect
    /// or listen.
    /// </summary>
    public static readonly SocketOption<int> ReceiveBuffer = SocketOption.Number(Level, 8, "SO_RCVBUF");

    /// <summary>SO_RCVBUFFORCE: as <see cref="ReceiveBuffer"/>, above net.core.rmem_max too. Needs CAP_NET_ADMIN (EPERM). Set only.</summary>
    public static readonly SocketOption<int> ReceiveBufferForce =
        SocketOption.Number(Level, 33, "SO_RCVBUFFORCE", SocketOptionAccess.Set);

    /// <summary>SO_RCVLOWAT: how many bytes must wait before the socket counts as readable. Defaults to 1; 0 means 1.</summary>
    public static readonly SocketOption<int> ReceiveLowWater = SocketOption.Number(Level, 18, "SO_RCVLOWAT");

    /// <summary>
    /// SO_RCVTIMEO: the time limit of a blocking receive or accept; zero (the default) is none. Rounded up to
    /// microseconds, then by the kernel to its clock ticks. Our own calls do not block in the kernel and obey
    /// <see cref="Socket.ReceiveTimeout"/> instead: this is for a descriptor that somebody else uses.
    /// </summary>
    public static readonly SocketOption<TimeSpan> ReceiveTimeout = SocketOption.Time(Level, 20, "SO_RCVTIMEO");

    /// <summary>
    /// SO_REUSEADDR: bind to an address that closed connections still hold; for datagrams, to one that others with
    /// the option hold too. Defaults to false, but Bind sets it on TCP sockets, as System.Net.Sockets does. Here it is
    /// SO_REUSEADDR alone; <see cref="SocketOptionName.ReuseAddress"/> sets SO_REUSEPORT as well.
    /// </summary>
    public static readonly SocketOption<bool> ReuseAddress = SocketOption.Flag(Level, 2, "SO_REUSEADDR");

    /// <summary>
    /// SO_REUSEPORT: several sockets of one user bind and listen on the same port, and the kernel spreads what comes.
    /// Each must set it before it binds. Defaults to false. EOPNOTSUPP on other families than IP, on newer kernels.
    /// </summary>
    public static readonly SocketOption<bool> ReusePort = SocketOption.Flag(Level, 15, "SO_REUSEPORT");

    /// <summary>
    /// SO_SNDBUF: the send buffer in bytes. The kernel doubles what is set and gives the double back; at least 4,608,
    /// at most twice net.core.wmem_max. Defaults to net.core.wmem_default or net.ipv4.tcp_wmem.
    /// </summary>
    public static readonly SocketOption<int> SendBuffer = SocketOption.Number(Level, 7, "SO_SNDBUF");

    /// <summary>SO_SNDBUFFORCE: as <see cref="SendBuffer"/>, above net.core.wmem_max too. Needs CAP_NET_ADMIN (EPERM). Set only.</summary>
    public static readonly SocketOption<int> SendBufferForce =
        SocketOption.Number(Level, 32, "SO_SNDBUFFORCE", SocketOptionAccess.Set);

    /// <summary>SO_SNDTIMEO: the time limit of a blocking send or connect; else as <see cref="ReceiveTimeout"/>.</summary>
    public static readonly SocketOption<TimeSpan> SendTimeout = SocketOption.Time(Level, 21, "SO_SNDTIMEO");

    /// <summary>SO_TYPE: the socket's type. Read only.</summary>
    public static readonly SocketOption<SocketType> Type =
        SocketOption.Struct<SocketType>(Level, 3, "SO_TYPE", SocketOptionAccess.Get);
}
