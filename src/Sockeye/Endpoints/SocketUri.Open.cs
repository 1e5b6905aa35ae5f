using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// What is made of an endpoint: sockets. Each verb comes as a Try member that returns the failure and a throwing one,
// synchronous and asynchronous; all four are one code, and only the look-up of a name and the connecting differ.
public sealed partial class SocketUri
{
    private const int BacklogByDefault = 512;

    // ── a socket alone ──

    /// <summary>A socket of this kind with its options set, neither bound nor connected.</summary>
    /// <returns>The socket; of <c>fd:</c> and <c>systemd:</c>, the descriptor's.</returns>
    /// <exception cref="SocketException">The kernel refused the socket or an option.</exception>
    /// <exception cref="InvalidOperationException">The address is a name that may be IPv4 or IPv6; <see cref="ResolveAsync"/> says which.</exception>
    public Socket CreateSocket() => AddressFamily == AddressFamily.Unspecified
        ? throw new InvalidOperationException($"{this} may be IPv4 or IPv6; resolve it first.")
        : Open(SocketUriUse.Socket, EndPoint, EventLoop.Current?.Engine).Throw();

    // ── listen ──

    /// <summary>A listening socket: socket(2), options, bind(2), listen(2).</summary>
    /// <returns>The listener; of a name, at the first of its addresses that can be bound. Its LocalEndPoint has the port, where that was 0.</returns>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, HostNotFound; OperationNotSupported: such sockets do not listen. Nothing is left open.</exception>
    public Socket Listen() => First(SocketUriUse.Listen).Throw();

    /// <summary>As <see cref="Listen"/>, with the failure as a value.</summary>
    /// <returns>The listener, or the errno.</returns>
    public SocketResult<Socket> TryListen() => First(SocketUriUse.Listen).ToResult();

    /// <summary>As <see cref="Listen"/>; a name is looked up without blocking.</summary>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <returns>The listener.</returns>
    /// <exception cref="SocketException">As for <see cref="Listen"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public async Task<Socket> ListenAsync(CancellationToken cancellationToken = default) =>
        (await FirstAsync(SocketUriUse.Listen, isTry: false, cancellationToken).StayOnLoop()).Throw();

    /// <summary>As <see cref="ListenAsync"/>, with the failure as a value.</summary>
    /// <param name="cancellationToken">Ends the look-up; the result is then OperationAborted.</param>
    /// <returns>The listener, or the errno.</returns>
    public async Task<SocketResult<Socket>> TryListenAsync(CancellationToken cancellationToken = default) =>
        (await FirstAsync(SocketUriUse.Listen, isTry: true, cancellationToken).StayOnLoop()).ToResult();

    // ── bind ──

    /// <summary>A bound socket, which receives what is sent there: socket(2), options, bind(2).</summary>
    /// <returns>The socket.</returns>
    /// <exception cref="SocketException">As for <see cref="Listen"/>.</exception>
    public Socket Bind() => First(SocketUriUse.Bind).Throw();

    /// <summary>As <see cref="Bind"/>, with the failure as a value.</summary>
    /// <returns>The socket, or the errno.</returns>
    public SocketResult<Socket> TryBind() => First(SocketUriUse.Bind).ToResult();

    /// <summary>As <see cref="Bind"/>; a name is looked up without blocking.</summary>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <returns>The socket.</returns>
    /// <exception cref="SocketException">As for <see cref="Listen"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public async Task<Socket> BindAsync(CancellationToken cancellationToken = default) =>
        (await FirstAsync(SocketUriUse.Bind, isTry: false, cancellationToken).StayOnLoop()).Throw();

    /// <summary>As <see cref="BindAsync"/>, with the failure as a value.</summary>
    /// <param name="cancellationToken">Ends the look-up; the result is then OperationAborted.</param>
    /// <returns>The socket, or the errno.</returns>
    public async Task<SocketResult<Socket>> TryBindAsync(CancellationToken cancellationToken = default) =>
        (await FirstAsync(SocketUriUse.Bind, isTry: true, cancellationToken).StayOnLoop()).ToResult();

    // ── connect ──

    /// <summary>A connected socket: socket(2), options, bind(2) when <c>source</c> is given, connect(2).</summary>
    /// <param name="trace">Receives each lookup and attempt; null, the default, is none.</param>
    /// <returns>The connection; of a name, to the first of its addresses that answers, by Happy Eyeballs (RFC 8305). Its Timeout is the <c>timeout</c> option's.</returns>
    /// <exception cref="SocketException">ConnectionRefused, TimedOut, HostNotFound and so on; mostly a <see cref="ConnectionException"/>, whose message has each address's error. Nothing is left open.</exception>
    public Socket Connect(ConnectionTrace? trace = null) => ConnectCore(trace).Throw();

    /// <summary>As <see cref="Connect"/>, with the failure as a value.</summary>
    /// <param name="trace">As for <see cref="Connect"/>.</param>
    /// <returns>The connection, or the errno.</returns>
    public SocketResult<Socket> TryConnect(ConnectionTrace? trace = null) => ConnectCore(trace).ToResult();

    /// <summary>As <see cref="Connect"/>, asynchronously.</summary>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for <see cref="Connect"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing is left open.</exception>
    public Task<Socket> ConnectAsync(CancellationToken cancellationToken = default) => ConnectAsync(trace: null, cancellationToken);

    /// <summary>As <see cref="Connect"/>, asynchronously.</summary>
    /// <param name="trace">As for <see cref="Connect"/>.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="SocketException">As for <see cref="Connect"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first; nothing is left open.</exception>
    public async Task<Socket> ConnectAsync(ConnectionTrace? trace, CancellationToken cancellationToken = default)
    {
        Outcome outcome = await ConnectCoreAsync(trace, cancellationToken).StayOnLoop();
        return outcome.Errno == Errno.ECANCELED && cancellationToken.IsCancellationRequested
            ? throw new OperationCanceledException(cancellationToken)
            : outcome.Throw();
    }

    /// <summary>As <see cref="ConnectAsync(CancellationToken)"/>, with the failure as a value.</summary>
    /// <param name="cancellationToken">Ends the attempt; the result is then OperationAborted.</param>
    /// <returns>The connection, or the errno.</returns>
    public Task<SocketResult<Socket>> TryConnectAsync(CancellationToken cancellationToken = default) => TryConnectAsync(trace: null, cancellationToken);

    /// <summary>As <see cref="ConnectAsync(ConnectionTrace, CancellationToken)"/>, with the failure as a value.</summary>
    /// <param name="trace">As for <see cref="Connect"/>.</param>
    /// <param name="cancellationToken">Ends the attempt; the result is then OperationAborted.</param>
    /// <returns>The connection, or the errno.</returns>
    public async Task<SocketResult<Socket>> TryConnectAsync(ConnectionTrace? trace, CancellationToken cancellationToken = default) =>
        (await ConnectCoreAsync(trace, cancellationToken).StayOnLoop()).ToResult();

    // ── names ──

    /// <summary>The endpoints that a name stands for: one for each of its addresses, in the resolver's order; of <c>systemd:</c>, one for each socket of the name.</summary>
    /// <returns>This endpoint alone when it is no name.</returns>
    /// <exception cref="SocketException">HostNotFound, NoData, TryAgain; no socket of the name was passed.</exception>
    public IReadOnlyList<SocketUri> Resolve()
    {
        if (_target.Inherited is not null)
        {
            return Inherited();
        }

        if (!IsName)
        {
            return [this];
        }

        int errno = Lookup(out EndPoint[] addresses);
        return errno == 0 ? [.. addresses.Select(WithEndPoint)] : throw SocketErrors.Create("resolve", EndPoint, errno);
    }

    /// <summary>As <see cref="Resolve"/>, asynchronously, within the <c>timeout</c>.</summary>
    /// <param name="cancellationToken">Ends the look-up.</param>
    /// <returns>This endpoint alone when it is no name.</returns>
    /// <exception cref="SocketException">HostNotFound, NoData, TryAgain, TimedOut.</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public async Task<IReadOnlyList<SocketUri>> ResolveAsync(CancellationToken cancellationToken = default)
    {
        if (_target.Inherited is not null)
        {
            return Inherited();
        }

        if (!IsName)
        {
            return [this];
        }

        (int errno, EndPoint[] addresses) = await LookupAsync(cancellationToken).StayOnLoop();
        return errno == 0 ? [.. addresses.Select(WithEndPoint)] : throw SocketErrors.Create("resolve", EndPoint, errno);
    }

    // ── how ──

    private Outcome First(SocketUriUse use)
    {
        SocketEngine? engine = EventLoop.Current?.Engine;
        int errno = Lookup(out EndPoint[] addresses);
        return errno != 0 ? new("resolve", EndPoint, errno) : First(use, addresses, engine);
    }

    private async Task<Outcome> FirstAsync(SocketUriUse use, bool isTry, CancellationToken cancellationToken)
    {
        SocketEngine? engine = EventLoop.Current?.Engine;
        if (!IsName)
        {
            if (cancellationToken.IsCancellationRequested && isTry)
            {
                return new("resolve", EndPoint, Errno.ECANCELED);
            }

            cancellationToken.ThrowIfCancellationRequested();
            return First(use, [EndPoint!], engine);
        }

        try
        {
            (int errno, EndPoint[] addresses) = await LookupAsync(cancellationToken).StayOnLoop();
            return errno != 0 ? new("resolve", EndPoint, errno) : First(use, addresses, engine);
        }
        catch (OperationCanceledException) when (isTry)
        {
            return new("resolve", EndPoint, Errno.ECANCELED);
        }
    }

    // Of several addresses one that this machine has; the first one's error is the likeliest to help when there is none.
    private Outcome First(SocketUriUse use, EndPoint[] addresses, SocketEngine? engine)
    {
        Outcome first = default;
        foreach (EndPoint address in addresses)
        {
            Outcome outcome = Open(use, address, engine);
            if (outcome.Socket is not null)
            {
                return outcome;
            }

            first = first.Call is null ? outcome : first;
        }

        return first.Call is null ? new("resolve", EndPoint, (int)SocketError.NoData) : first;
    }

    // A single address runs the race alone: one way of connecting, and one that reports to its trace.
    private Outcome ConnectCore(ConnectionTrace? trace)
    {
        SocketEngine? engine = EventLoop.Current?.Engine;
        if (Descriptor is not null)
        {
            return Open(SocketUriUse.Connect, address: null, engine);
        }

        var race = new BlockingConnectionRace(EndPoint!, RaceOptions(trace), engine);
        race.Run();
        return Outcome.Of(race);
    }

    private async Task<Outcome> ConnectCoreAsync(ConnectionTrace? trace, CancellationToken cancellationToken)
    {
        // The caller's loop, also for the sockets that are made once the name is known, on another thread.
        SocketEngine? engine = EventLoop.Current?.Engine;
        if (cancellationToken.IsCancellationRequested)
        {
            return new("connect", EndPoint, Errno.ECANCELED);
        }

        if (Descriptor is not null)
        {
            return Open(SocketUriUse.Connect, address: null, engine);
        }

        var race = new AsyncConnectionRace(EndPoint!, RaceOptions(trace), engine);
        await race.RunAsync(cancellationToken).StayOnLoop();
        return Outcome.Of(race);
    }

    private ConnectionOptions RaceOptions(ConnectionTrace? trace) => new()
    {
        Timeout = Timeout,
        Trace = trace,
        SourceEndPoint = TryGet(SocketUriOption.Source, out EndPoint? source) ? source : null,
        Open = (address, engine) =>
        {
            Outcome outcome = Open(SocketUriUse.Connect, address, engine);
            return new(outcome.Socket, outcome.Call ?? "", outcome.EndPoint, outcome.Errno, outcome.Advice);
        },
    };

    /// <summary>A socket at an address, as far as it can be made without waiting: a connection is not made yet.</summary>
    private Outcome Open(SocketUriUse use, EndPoint? address, SocketEngine? engine)
    {
        if (_target.Inherited is { } name)
        {
            return InheritedSockets.Find(name, out string problem) is [var first, ..]
                ? Adopt(first, use, engine)
                : new($"take {this}", null, Errno.ENOENT, problem);
        }

        if (Descriptor is { } descriptor)
        {
            return Adopt(descriptor, use, engine);
        }

        if (use == SocketUriUse.Listen && !Scheme.Traits.HasFlag(SocketUriTraits.Listens))
        {
            return new("listen", address, Errno.EOPNOTSUPP, $"{Scheme.Prefix} sockets do not listen; bind one, and receive from whoever sends");
        }

        // "Every address" is [::] with IPv4, where the kernel has IPv6.
        if (address is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } any && any.Address.Equals(IPAddress.IPv6Any)
            && TryGet(SocketUriOption.DualStack, out bool both) && both && !Socket.OSSupportsIPv6)
        {
            address = new IPEndPoint(IPAddress.Any, any.Port);
        }

        int errno = Socket.TryOpen(address!.AddressFamily, SocketType, ProtocolType, engine, out Socket? socket);
        if (errno != 0)
        {
            return new("socket", address, errno, Socket.Refusal(address.AddressFamily, SocketType, ProtocolType, errno));
        }

        Outcome outcome = Prepare(socket!, use, address);
        if (outcome.Socket is null)
        {
            socket!.Dispose();
        }

        return outcome;
    }

    private Outcome Prepare(Socket socket, SocketUriUse use, EndPoint address)
    {
        socket.Timeout = Timeout;
        if (Apply(socket, use, isAfterBind: false) is { Errno: not 0 } refused)
        {
            return refused;
        }

        SocketResult result;
        if (use == SocketUriUse.Connect)
        {
            if (TryGet(SocketUriOption.Source, out EndPoint? source) && source is not null)
            {
                result = socket.TryBind(source);
                if (!result.IsSuccess)
                {
                    return new("bind", source, result.Errno);
                }
            }

            else if (TryGet(SocketUriOption.AutoBind, out bool autobind) && autobind)
            {
                result = socket.TryBind(UnixEndPoint.Autobind);
                if (!result.IsSuccess)
                {
                    return new("bind", null, result.Errno);
                }
            }

            return Outcome.Of(socket);
        }

        if (use == SocketUriUse.Socket)
        {
            return Outcome.Of(socket);
        }

        result = BindTo(socket, address);
        if (result.Errno == Errno.EADDRINUSE && TryGet(SocketUriOption.Unlink, out bool unlink) && unlink)
        {
            if (StaleSocketFile.TryRemove(address) is { } kept)
            {
                return new("bind", address, Errno.EADDRINUSE, kept);
            }

            result = BindTo(socket, address);
        }

        if (!result.IsSuccess)
        {
            return new("bind", address, result.Errno);
        }

        if (Apply(socket, use, isAfterBind: true) is { Errno: not 0 } late)
        {
            return late;
        }

        return use == SocketUriUse.Listen ? StartListening(socket, address) : Outcome.Of(socket);
    }

    private Outcome StartListening(Socket socket, EndPoint? address)
    {
        SocketResult result = socket.TryListen(TryGet(SocketUriOption.Backlog, out long backlog) ? (int)backlog : BacklogByDefault);
        return result.IsSuccess ? Outcome.Of(socket) : new("listen", address, result.Errno);
    }

    private Outcome Apply(Socket socket, SocketUriUse use, bool isAfterBind)
    {
        foreach (Setting setting in _settings)
        {
            SocketUriOption option = setting.Option;
            if (option.Apply is null || option.IsAfterBind != isAfterBind || (use != SocketUriUse.Socket && (option.Use & use) == 0))
            {
                continue;
            }

            SocketResult result = option.Apply(socket, setting.Value, use);
            if (!result.IsSuccess)
            {
                return new($"setsockopt for {option}={setting.Text} at", EndPoint, result.Errno, OptionAdvice(result.Errno));
            }
        }

        return default;
    }

    // A path's file has its mode from the first moment; an abstract name has no file, and everybody may connect.
    private SocketResult BindTo(Socket socket, EndPoint address) =>
        address is UnixEndPoint { IsPath: true } path && TryGet(SocketUriOption.Mode, out UnixFileMode mode)
            ? socket.TryBind(path, mode)
            : socket.TryBind(address);

    // ── descriptors ──

    private SocketUri[] Inherited()
    {
        int[] descriptors = InheritedSockets.Find(_target.Inherited!, out string problem);
        return descriptors.Length > 0
            ? [.. descriptors.Select(descriptor => new SocketUri(DescriptorScheme.Instance, new SocketUriTarget(EndPoint: null, Descriptor: descriptor), _settings))]
            : throw SocketErrors.Create($"take {this}", endPoint: null, Errno.ENOENT, problem);
    }

    private Outcome Adopt(int descriptor, SocketUriUse use, SocketEngine? engine)
    {
        int errno = Socket.TryAdopt(descriptor, engine, out Socket? socket, out string advice);
        if (errno != 0)
        {
            return new($"take {Scheme.Prefix}{descriptor}", null, errno, advice);
        }

        socket!.Timeout = Timeout;
        Outcome outcome = Apply(socket, use, isAfterBind: false);
        if (outcome.Errno == 0)
        {
            outcome = use == SocketUriUse.Listen && !socket.Core.IsListening ? StartListening(socket, socket.LocalEndPoint) : Outcome.Of(socket);
        }

        if (outcome.Socket is null)
        {
            socket.Dispose();
        }

        return outcome;
    }

    // ── looking up ──

    private int Lookup(out EndPoint[] addresses)
    {
        if (EndPoint is not DnsEndPoint dns)
        {
            addresses = [EndPoint!];
            return 0;
        }

        ResolverResult<IPAddress[]> lookup = Resolver.TryGetHostAddresses(dns.Host, dns.AddressFamily, Timeout);
        addresses = Addresses(dns, lookup);
        return ResolverErrors.ToErrno(lookup.ResolverError, lookup.Errno);
    }

    private async Task<(int Errno, EndPoint[] Addresses)> LookupAsync(CancellationToken cancellationToken)
    {
        var dns = (DnsEndPoint)EndPoint!;
        ResolverResult<IPAddress[]> lookup =
            await Resolver.TryGetHostAddressesAsync(dns.Host, dns.AddressFamily, Timeout, cancellationToken).StayOnLoop();
        cancellationToken.ThrowIfCancellationRequested();
        return (ResolverErrors.ToErrno(lookup.ResolverError, lookup.Errno), Addresses(dns, lookup));
    }

    private static EndPoint[] Addresses(DnsEndPoint dns, ResolverResult<IPAddress[]> lookup) =>
        lookup.TryGetValue(out IPAddress[]? addresses) ? [.. addresses.Select(address => new IPEndPoint(address, dns.Port))] : [];

    private static string? OptionAdvice(int errno) => errno switch
    {
        Errno.EPERM => "not permitted; this option needs a capability, mostly CAP_NET_ADMIN or CAP_NET_RAW",
        Errno.ENOENT => "this kernel has none of that name; see /proc/sys/net/ipv4/tcp_available_congestion_control, or load its module",
        Errno.ENODEV => "this machine has no such network interface",
        Errno.ENOPROTOOPT or Errno.EOPNOTSUPP => "this kind of socket, or this kernel, has no such option",
        _ => null,
    };

    /// <summary>A socket, or which call failed, where, and how.</summary>
    private readonly record struct Outcome(string? Call, EndPoint? EndPoint, int Errno, string? Advice = null)
    {
        internal Socket? Socket { get; private init; }

        internal static Outcome Of(Socket socket) => new(null, null, 0) { Socket = socket };

        internal static Outcome Of(ConnectionRace race) => race.Winner is { } winner
            ? Of(winner)
            : new("connect", null, race.Errno) { Race = race };

        private ConnectionRace? Race { get; init; }

        internal Socket Throw() => Socket ?? throw ToException();

        internal SocketResult<Socket> ToResult() =>
            Socket is not null ? SocketResult<Socket>.Success(Socket) : SocketResult<Socket>.Failure(Errno);

        internal SocketException ToException() => Race?.CreateException() ?? SocketErrors.Create(Call!, EndPoint, Errno, Advice);
    }
}
