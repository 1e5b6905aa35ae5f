using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// Ready-made sockets: pairs, servers, connections.
public partial class Socket
{
    /// <summary>socketpair(2): two sockets connected to each other.</summary>
    /// <param name="addressFamily">Defaults to Unix, the one family Linux makes pairs of, beside TIPC.</param>
    /// <param name="socketType">Defaults to Stream.</param>
    /// <param name="protocolType">Defaults to the family's usual one.</param>
    /// <returns>Both ends; dispose both.</returns>
    /// <exception cref="SocketException">OperationNotSupported: the family makes no pairs. TooManyOpenSockets.</exception>
    public static (Socket First, Socket Second) CreatePair(
        AddressFamily addressFamily = AddressFamily.Unix,
        SocketType socketType = SocketType.Stream,
        ProtocolType protocolType = ProtocolType.Unspecified)
    {
        SocketResult<(Socket First, Socket Second)> result = TryCreatePair(addressFamily, socketType, protocolType);
        return result.IsSuccess ? result.Value : throw SocketErrors.Create(
            "socketpair", endPoint: null, result.Errno, Refusal(addressFamily, socketType, protocolType, result.Errno));
    }

    /// <summary>socketpair(2), with the failure as a value.</summary>
    /// <param name="addressFamily">As for <see cref="CreatePair"/>.</param>
    /// <param name="socketType">As for <see cref="CreatePair"/>.</param>
    /// <param name="protocolType">As for <see cref="CreatePair"/>.</param>
    /// <returns>Both ends, or the errno.</returns>
    public static SocketResult<(Socket First, Socket Second)> TryCreatePair(
        AddressFamily addressFamily = AddressFamily.Unix,
        SocketType socketType = SocketType.Stream,
        ProtocolType protocolType = ProtocolType.Unspecified)
    {
        if (!FamilyNumbers.TryToLinux(addressFamily, out int family))
        {
            return SocketResult<(Socket First, Socket Second)>.Failure(Errno.EAFNOSUPPORT);
        }

        int result = NewDescriptors.Pair(family, (int)socketType, (int)protocolType, out SocketHandle first, out SocketHandle second);
        return result < 0
            ? SocketResult<(Socket First, Socket Second)>.Failure(-result)
            : SocketResult<(Socket First, Socket Second)>.Success((Paired(first), Paired(second)));

        Socket Paired(SocketHandle handle)
        {
            SocketCore core = NewCore(handle, addressFamily, socketType, protocolType, engine: null);
            core.NoteLocalAddress();
            core.IsConnected = true;
            return new Socket(core);
        }
    }

    /// <summary>A listening stream socket: socket(2), bind(2), listen(2).</summary>
    /// <param name="localEndPoint">Where to listen; port 0 lets the kernel choose.</param>
    /// <param name="backlog">How many connections may wait for accept; the kernel caps it at net.core.somaxconn. Defaults to 512.</param>
    /// <param name="reusePort">SO_REUSEPORT: further listeners of this user may share the address, and the kernel spreads connections. Defaults to false.</param>
    /// <param name="dualStack">With <see cref="IPAddress.IPv6Any"/>: take IPv4 connections too. Defaults to false; then IPV6_V6ONLY is set.</param>
    /// <returns>The listener. TCP has SO_REUSEADDR set, so that a server can be started again at once.</returns>
    /// <exception cref="ArgumentException">dualStack with an end point that is not IPv6.</exception>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied. Nothing is left open.</exception>
    public static Socket CreateServer(EndPoint localEndPoint, int backlog = 512, bool reusePort = false, bool dualStack = false)
    {
        SocketResult<Socket> result = TryCreateServer(localEndPoint, backlog, reusePort, dualStack, out string call);
        return result.IsSuccess ? result.Value : throw (call == "socket"
            ? SocketErrors.Create(
                call,
                endPoint: null,
                result.Errno,
                Refusal(localEndPoint.AddressFamily, SocketType.Stream, StreamProtocol(localEndPoint), result.Errno))
            : SocketErrors.Create(call, localEndPoint, result.Errno));
    }

    /// <summary>As <see cref="CreateServer"/>, with the failure as a value.</summary>
    /// <param name="localEndPoint">As for <see cref="CreateServer"/>.</param>
    /// <param name="backlog">As for <see cref="CreateServer"/>.</param>
    /// <param name="reusePort">As for <see cref="CreateServer"/>.</param>
    /// <param name="dualStack">As for <see cref="CreateServer"/>.</param>
    /// <returns>The listener, or the errno; then nothing is left open.</returns>
    /// <exception cref="ArgumentException">dualStack with an end point that is not IPv6.</exception>
    public static SocketResult<Socket> TryCreateServer(
        EndPoint localEndPoint, int backlog = 512, bool reusePort = false, bool dualStack = false) =>
        TryCreateServer(localEndPoint, backlog, reusePort, dualStack, out _);

    /// <summary>True when the kernel lets one IPv6 socket take IPv4 connections too: <see cref="DualMode"/>.</summary>
    public static bool OSSupportsDualMode
    {
        get
        {
            int errno = TryOpen(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp, engine: null, out Socket? socket);
            using (socket)
            {
                return errno == 0 && Libc.SetOption(socket!.Core.Handle, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 0) >= 0;
            }
        }
    }

    /// <summary>A connected stream socket: what Python calls create_connection.</summary>
    /// <param name="remoteEndPoint">Where to; of a <see cref="DnsEndPoint"/>'s addresses, the first that answers.</param>
    /// <param name="timeout">The total limit over lookups and addresses; null is none. The socket keeps it as its <see cref="Timeout"/>.</param>
    /// <param name="sourceEndPoint">The local address to bind first; null lets the kernel choose.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="ConnectionException">The last address's error; the message names each address and why it failed.</exception>
    /// <exception cref="ResolverException">HostNotFound: no such name.</exception>
    /// <remarks>
    /// A host's addresses are tried side by side, each a little after the one before it (Happy Eyeballs, RFC 8305), on the
    /// calling thread. The lookup runs on a thread of <see cref="Resolver"/>'s.
    /// </remarks>
    public static Socket CreateConnection(EndPoint remoteEndPoint, TimeSpan? timeout = null, EndPoint? sourceEndPoint = null) =>
        CreateConnection(remoteEndPoint, new ConnectionOptions { Timeout = timeout, SourceEndPoint = sourceEndPoint });

    /// <summary>A connected stream socket to a host: what Python calls create_connection.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="timeout">As for the other overload.</param>
    /// <param name="sourceEndPoint">As for the other overload.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for the other overload.</exception>
    public static Socket CreateConnection(string host, int port, TimeSpan? timeout = null, EndPoint? sourceEndPoint = null) =>
        CreateConnection(ToEndPoint(host, port), timeout, sourceEndPoint);

    /// <summary>As <see cref="CreateConnection(EndPoint, TimeSpan?, EndPoint?)"/>, with options.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="options">Limit, source, delays, and the trace of each attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="ConnectionException">The last address's error; the message names each address and why it failed.</exception>
    /// <exception cref="ResolverException">HostNotFound: no such name.</exception>
    public static Socket CreateConnection(EndPoint remoteEndPoint, ConnectionOptions options)
    {
        ConnectionRace race = Race(remoteEndPoint, options);
        return race.Winner ?? throw race.CreateException();
    }

    /// <summary>As <see cref="CreateConnection(EndPoint, ConnectionOptions)"/>, with the failure as a value.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="options">As for <see cref="CreateConnection(EndPoint, ConnectionOptions)"/>; its Trace records each attempt. Null means the defaults.</param>
    /// <returns>The connection; or the last address's errno. The resolver's failures go by .NET's numbers, 11001 (HostNotFound) to 11004.</returns>
    public static SocketResult<Socket> TryCreateConnection(EndPoint remoteEndPoint, ConnectionOptions? options = null)
    {
        ConnectionRace race = Race(remoteEndPoint, options ?? new ConnectionOptions());
        return race.Winner is { } winner ? SocketResult<Socket>.Success(winner) : SocketResult<Socket>.Failure(race.Errno);
    }

    /// <summary>As <see cref="CreateConnection(EndPoint, TimeSpan?, EndPoint?)"/>, asynchronously.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="timeout">The total limit over lookups and addresses; null is none.</param>
    /// <param name="sourceEndPoint">The local address to bind first; null lets the kernel choose.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for the synchronous twin.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing is left open.</exception>
    public static Task<Socket> CreateConnectionAsync(
        EndPoint remoteEndPoint,
        TimeSpan? timeout = null,
        EndPoint? sourceEndPoint = null,
        CancellationToken cancellationToken = default) =>
        CreateConnectionAsync(remoteEndPoint, new ConnectionOptions { Timeout = timeout, SourceEndPoint = sourceEndPoint }, cancellationToken);

    /// <summary>As <see cref="CreateConnection(string, int, TimeSpan?, EndPoint?)"/>, asynchronously.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="timeout">As for the other overload.</param>
    /// <param name="sourceEndPoint">As for the other overload.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    public static Task<Socket> CreateConnectionAsync(
        string host,
        int port,
        TimeSpan? timeout = null,
        EndPoint? sourceEndPoint = null,
        CancellationToken cancellationToken = default) =>
        CreateConnectionAsync(ToEndPoint(host, port), timeout, sourceEndPoint, cancellationToken);

    /// <summary>As <see cref="CreateConnection(EndPoint, ConnectionOptions)"/>, asynchronously.</summary>
    /// <param name="remoteEndPoint">Where to; of a <see cref="DnsEndPoint"/>'s addresses, the first that answers (Happy Eyeballs, RFC 8305).</param>
    /// <param name="options">Limit, source, delays, and the trace of each attempt.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection; made on an <see cref="EventLoop"/>, it belongs to the loop.</returns>
    /// <exception cref="ConnectionException">The last address's error; the message names each address and why it failed.</exception>
    /// <exception cref="ResolverException">HostNotFound: no such name.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing is left open.</exception>
    public static async Task<Socket> CreateConnectionAsync(
        EndPoint remoteEndPoint, ConnectionOptions options, CancellationToken cancellationToken = default)
    {
        ConnectionRace race = await RaceAsync(remoteEndPoint, options, cancellationToken).StayOnLoop();
        if (race.Winner is { } winner)
        {
            return winner;
        }

        if (race.Errno == Errno.ECANCELED)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        throw race.CreateException();
    }

    /// <summary>As <see cref="CreateConnectionAsync(EndPoint, ConnectionOptions, CancellationToken)"/>, with the failure as a value.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="options">As for the throwing twin; its Trace records each attempt. Null means the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt: OperationAborted, ECANCELED.</param>
    /// <returns>The connection, or the errno, as for <see cref="TryCreateConnection"/>.</returns>
    public static async Task<SocketResult<Socket>> TryCreateConnectionAsync(
        EndPoint remoteEndPoint, ConnectionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ConnectionRace race = await RaceAsync(remoteEndPoint, options ?? new ConnectionOptions(), cancellationToken).StayOnLoop();
        return race.Winner is { } winner ? SocketResult<Socket>.Success(winner) : SocketResult<Socket>.Failure(race.Errno);
    }

    /// <summary>socket(2), with the failure as an errno.</summary>
    internal static int TryOpen(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, SocketEngine? engine, out Socket? socket)
    {
        socket = null;
        if (!FamilyNumbers.TryToLinux(addressFamily, out int family))
        {
            return Errno.EAFNOSUPPORT;
        }

        int errno = TryOpen(family, addressFamily, socketType, protocolType, engine, out SocketCore? core);
        socket = errno == 0 ? new Socket(core!) : null;
        return errno;
    }

    /// <summary>Why there is no such socket; null when nothing more than the errno's own text is known.</summary>
    internal static string? Refusal(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, int errno) =>
        FamilyNumbers.TryToLinux(addressFamily, out int family)
            ? FamilyTable.Refusal(errno, family, socketType, protocolType)
            : FamilyNumbers.Refusal(addressFamily);

    internal static ProtocolType StreamProtocol(EndPoint endPoint) => endPoint is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;

    private static SocketResult<Socket> TryCreateServer(EndPoint localEndPoint, int backlog, bool reusePort, bool dualStack, out string call)
    {
        ArgumentNullException.ThrowIfNull(localEndPoint);
        bool ipv6 = localEndPoint.AddressFamily == AddressFamily.InterNetworkV6;
        if (dualStack && !ipv6)
        {
            throw new ArgumentException("Only an IPv6 end point listens for both IPv6 and IPv4.", nameof(dualStack));
        }

        call = "socket";
        int errno = TryOpen(localEndPoint.AddressFamily, SocketType.Stream, StreamProtocol(localEndPoint), engine: null, out Socket? listener);
        try
        {
            if (errno == 0 && dualStack)
            {
                call = "setsockopt IPV6_V6ONLY";
                errno = -Math.Min(0, Libc.SetOption(listener!.Core.Handle, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 0));
            }

            if (errno == 0 && reusePort)
            {
                call = "setsockopt SO_REUSEPORT";
                errno = -Math.Min(0, Libc.SetOption(listener!.Core.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEPORT, 1));
            }

            if (errno == 0)
            {
                call = "bind";
                errno = listener!.TryBind(localEndPoint).Errno;
            }

            if (errno == 0)
            {
                call = "listen";
                errno = listener!.TryListen(backlog).Errno;
            }

            if (errno != 0)
            {
                return SocketResult<Socket>.Failure(errno);
            }

            Socket made = listener!;
            listener = null;
            return SocketResult<Socket>.Success(made);
        }
        finally
        {
            listener?.Dispose();
        }
    }

    private static BlockingConnectionRace Race(EndPoint remoteEndPoint, ConnectionOptions options)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        ArgumentNullException.ThrowIfNull(options);
        var race = new BlockingConnectionRace(remoteEndPoint, options, EventLoop.Current?.Engine);
        race.Run();
        return race;
    }

    // The caller's loop, if this is one's thread, also has the sockets that are made once the name is known.
    private static async Task<AsyncConnectionRace> RaceAsync(EndPoint remoteEndPoint, ConnectionOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        ArgumentNullException.ThrowIfNull(options);
        var race = new AsyncConnectionRace(remoteEndPoint, options, EventLoop.Current?.Engine);
        await race.RunAsync(cancellationToken).StayOnLoop();
        return race;
    }

    /// <summary>The host's addresses.</summary>
    /// <param name="dns">The host.</param>
    /// <param name="limit">How long at most; zero, of a socket that does not wait, bounds no lookup.</param>
    private static ResolverResult<IPAddress[]> Resolve(DnsEndPoint dns, TimeSpan? limit) =>
        Resolver.TryGetHostAddresses(dns.Host, dns.AddressFamily, limit > TimeSpan.Zero ? limit : null);

    private static EndPoint ToEndPoint(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        return IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
    }
}
