using System.Net;
using System.Net.Sockets;
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
        if (!FamilyNumbers.TryToLinux(addressFamily, out int family))
        {
            throw SocketErrors.Create("socketpair", endPoint: null, Errno.EAFNOSUPPORT, FamilyNumbers.Refusal(addressFamily));
        }

        int result = Libc.SocketPair(family, (int)socketType, (int)protocolType, out SocketHandle first, out SocketHandle second);
        if (result < 0)
        {
            SocketErrors.Throw("socketpair", endPoint: null, -result, FamilyTable.Refusal(-result, family, socketType, protocolType));
        }

        return (Paired(first), Paired(second));

        Socket Paired(SocketHandle handle)
        {
            var socket = new Socket(handle, addressFamily, socketType, protocolType);
            socket.NoteLocalAddress();
            socket._connected = true;
            return socket;
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
        ArgumentNullException.ThrowIfNull(localEndPoint);
        bool ipv6 = localEndPoint.AddressFamily == AddressFamily.InterNetworkV6;
        if (dualStack && !ipv6)
        {
            throw new ArgumentException("Only an IPv6 end point listens for both IPv6 and IPv4.", nameof(dualStack));
        }

        Socket? listener = new(localEndPoint.AddressFamily, SocketType.Stream, StreamProtocol(localEndPoint));
        try
        {
            if (ipv6)
            {
                listener.DualMode = dualStack;
            }

            if (reusePort)
            {
                int result = Libc.SetOption(listener._handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEPORT, 1);
                if (result < 0)
                {
                    SocketErrors.Throw("setsockopt SO_REUSEPORT", localEndPoint, -result);
                }
            }

            listener.Bind(localEndPoint);
            listener.Listen(backlog);
            Socket made = listener;
            listener = null;
            return made;
        }
        finally
        {
            listener?.Dispose();
        }
    }

    /// <summary>A connected stream socket: what Python calls create_connection.</summary>
    /// <param name="remoteEndPoint">Where to; of a <see cref="DnsEndPoint"/>'s addresses, the first that answers.</param>
    /// <param name="timeout">The total limit over all addresses, name lookup excepted; null is none. The socket keeps it as its <see cref="Timeout"/>.</param>
    /// <param name="sourceEndPoint">The local address to bind first; null lets the kernel choose.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">The last address's error; the message names each address and why it failed. HostNotFound: no such name.</exception>
    public static Socket CreateConnection(EndPoint remoteEndPoint, TimeSpan? timeout = null, EndPoint? sourceEndPoint = null)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        CheckConnectionTimeout(timeout);
        if (remoteEndPoint is not DnsEndPoint dns)
        {
            return ConnectOne(remoteEndPoint, timeout, timeout, sourceEndPoint);
        }

        int errno = Resolve(dns, out IPAddress[] addresses);
        if (errno != 0)
        {
            SocketErrors.Throw("connect", dns, errno);
        }

        var attempts = new ConnectionAttempts(dns, timeout);
        foreach (IPAddress address in addresses)
        {
            try
            {
                return ConnectOne(new IPEndPoint(address, dns.Port), attempts.Left, timeout, sourceEndPoint);
            }
            catch (SocketException exception)
            {
                attempts.Add(exception);
            }
        }

        throw attempts.ToException();
    }

    /// <summary>A connected stream socket to a host: what Python calls create_connection.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="timeout">As for the other overload.</param>
    /// <param name="sourceEndPoint">As for the other overload.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for the other overload.</exception>
    public static Socket CreateConnection(string host, int port, TimeSpan? timeout = null, EndPoint? sourceEndPoint = null) =>
        CreateConnection(ToEndPoint(host, port), timeout, sourceEndPoint);

    /// <summary>As <see cref="CreateConnection(EndPoint, TimeSpan?, EndPoint?)"/>, asynchronously.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="timeout">The total limit over all addresses, name lookup included; null is none.</param>
    /// <param name="sourceEndPoint">The local address to bind first; null lets the kernel choose.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for the synchronous twin.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing is left open.</exception>
    public static async Task<Socket> CreateConnectionAsync(
        EndPoint remoteEndPoint,
        TimeSpan? timeout = null,
        EndPoint? sourceEndPoint = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        CheckConnectionTimeout(timeout);

        // The caller's loop, also for the sockets that are made once the name is known, on another thread.
        SocketEngine? engine = EventLoop.Current?.Engine;
        if (remoteEndPoint is not DnsEndPoint dns)
        {
            return await ConnectOneAsync(remoteEndPoint, engine, timeout, timeout, sourceEndPoint, cancellationToken).ConfigureAwait(false);
        }

        var attempts = new ConnectionAttempts(dns, timeout);
        (int errno, IPAddress[] addresses) = await ResolveAsync(dns, timeout, cancellationToken).ConfigureAwait(false);
        if (errno != 0)
        {
            SocketErrors.Throw("connect", dns, errno);
        }

        foreach (IPAddress address in addresses)
        {
            try
            {
                var endPoint = new IPEndPoint(address, dns.Port);
                return await ConnectOneAsync(endPoint, engine, attempts.Left, timeout, sourceEndPoint, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException exception)
            {
                attempts.Add(exception);
            }
        }

        throw attempts.ToException();
    }

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

    private static Socket ConnectOne(EndPoint remote, TimeSpan? limit, TimeSpan? timeout, EndPoint? source)
    {
        Socket? socket = new(remote.AddressFamily, SocketType.Stream, StreamProtocol(remote));
        try
        {
            socket.Timeout = limit;
            BindToSource(socket, source);
            socket.Connect(remote);
            socket.Timeout = timeout;
            Socket connected = socket;
            socket = null;
            return connected;
        }
        finally
        {
            socket?.Dispose();
        }
    }

    private static async Task<Socket> ConnectOneAsync(
        EndPoint remote, SocketEngine? engine, TimeSpan? limit, TimeSpan? timeout, EndPoint? source, CancellationToken cancellationToken)
    {
        Socket? socket = new(remote.AddressFamily, SocketType.Stream, StreamProtocol(remote), engine);
        try
        {
            socket.Timeout = limit;
            BindToSource(socket, source);
            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            socket.Timeout = timeout;
            Socket connected = socket;
            socket = null;
            return connected;
        }
        finally
        {
            socket?.Dispose();
        }
    }

    /// <summary>The host's addresses.</summary>
    /// <returns>0; or the resolver's failure by .NET's number, 11001 to 11004.</returns>
    private static int Resolve(DnsEndPoint dns, out IPAddress[] addresses)
    {
        try
        {
            addresses = Dns.GetHostAddresses(dns.Host, dns.AddressFamily);
            return 0;
        }
        catch (SocketException exception)
        {
            addresses = [];
            return (int)exception.SocketErrorCode;
        }
    }

    /// <summary>As <see cref="Resolve"/>, asynchronously: ETIMEDOUT when the limit passed first.</summary>
    private static async Task<(int Errno, IPAddress[] Addresses)> ResolveAsync(
        DnsEndPoint dns, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        Task<IPAddress[]> lookup = Dns.GetHostAddressesAsync(dns.Host, dns.AddressFamily, cancellationToken);
        try
        {
            return (0, timeout is { } limit
                ? await lookup.WaitAsync(limit, cancellationToken).ConfigureAwait(false)
                : await lookup.ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            return (Errno.ETIMEDOUT, []);
        }
        catch (SocketException exception)
        {
            return ((int)exception.SocketErrorCode, []);
        }
    }

    private static void BindToSource(Socket socket, EndPoint? source)
    {
        if (source is not null)
        {
            socket.Bind(source);
        }
    }

    private static ProtocolType StreamProtocol(EndPoint endPoint) => endPoint is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified;

    private static EndPoint ToEndPoint(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        return IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
    }

    private static void CheckConnectionTimeout(TimeSpan? timeout)
    {
        if (timeout is { } limit)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(limit, TimeSpan.Zero, nameof(timeout));
        }
    }

    /// <summary>Every address tried, and why it failed.</summary>
    private sealed class ConnectionAttempts(DnsEndPoint host, TimeSpan? timeout)
    {
        private readonly long _start = System.Diagnostics.Stopwatch.GetTimestamp();
        private readonly List<string> _failures = [];
        private SocketException? _last;

        // At least a millisecond: an address that is tried at all gets a chance to be refused.
        internal TimeSpan? Left => timeout is { } limit
            ? TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, (limit - System.Diagnostics.Stopwatch.GetElapsedTime(_start)).Ticks))
            : null;

        internal void Add(SocketException exception)
        {
            _last = exception;
            _failures.Add(exception.Message.StartsWith("connect ", StringComparison.Ordinal)
                ? exception.Message["connect ".Length..]
                : exception.Message);
        }

        internal SocketException ToException() => new(
            (int)(_last?.SocketErrorCode ?? SocketError.HostNotFound),
            $"connect {SocketErrors.Name(host)}: " + (_failures.Count == 0
                ? "the name has no address of that family"
                : $"{_failures.Count} {(_failures.Count == 1 ? "address" : "addresses")} tried: {string.Join("; ", _failures)}"));
    }
}
