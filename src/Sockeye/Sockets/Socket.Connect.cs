using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

// bind, listen, accept, connect, disconnect, shutdown.
public partial class Socket
{
    /// <summary>bind(2): gives the socket a local address.</summary>
    /// <param name="localEP">Port 0 lets the kernel choose; <see cref="LocalEndPoint"/> then has it.</param>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, InvalidArgument (bound already).</exception>
    /// <remarks>As in .NET a TCP socket gets SO_REUSEADDR first, so that a server can be started again at once.</remarks>
    public void Bind(EndPoint localEP)
    {
        int errno = BindCore(localEP, out EndPoint endPoint);
        if (errno != 0)
        {
            Fail("bind", endPoint, errno);
        }
    }

    /// <summary>bind(2), with the failure as a value.</summary>
    /// <param name="localEP">As for <see cref="Bind(EndPoint)"/>.</param>
    /// <returns>Success, or the errno.</returns>
    public SocketResult TryBind(EndPoint localEP) => SocketResult.From(BindCore(localEP, out _));

    /// <summary>bind(2) to a path, whose file gets the permissions given, whatever the umask.</summary>
    /// <param name="localEP">A path; a <see cref="UnixDomainSocketEndPoint"/> will do.</param>
    /// <param name="fileMode">The file's mode. To connect or send to it takes write permission; unix(7).</param>
    /// <exception cref="ArgumentException">The end point is an abstract name or none: there is no file.</exception>
    /// <exception cref="SocketException">As for <see cref="Bind(EndPoint)"/>. PermissionDenied by the chmod(2): the socket is bound, with fewer permissions.</exception>
    /// <remarks>
    /// The kernel makes the file with the mode of the socket less the umask (unix(7)). The socket gets its mode before
    /// bind, so that there is no moment in which the file permits more than was asked; bits that the umask took, and they
    /// alone, are added afterwards. The umask itself, which belongs to the whole process, is left as it is.
    /// </remarks>
    public void Bind(UnixEndPoint localEP, UnixFileMode fileMode)
    {
        int errno = BindCore(localEP, fileMode);
        if (errno != 0)
        {
            Fail("bind", localEP, errno);
        }
    }

    /// <summary>bind(2) to a path whose file gets the permissions given, with the failure as a value.</summary>
    /// <param name="localEP">A path.</param>
    /// <param name="fileMode">The file's mode.</param>
    /// <returns>Success, or the errno.</returns>
    /// <exception cref="ArgumentException">The end point is an abstract name or none: there is no file.</exception>
    public SocketResult TryBind(UnixEndPoint localEP, UnixFileMode fileMode) => SocketResult.From(BindCore(localEP, fileMode));

    /// <summary>listen(2) with the longest backlog the kernel allows (net.core.somaxconn).</summary>
    /// <exception cref="SocketException">AddressAlreadyInUse, OperationNotSupported (no stream or seqpacket socket).</exception>
    public void Listen() => Listen(int.MaxValue);

    /// <summary>listen(2): connections queue for accept.</summary>
    /// <param name="backlog">How many may wait; the kernel caps it at net.core.somaxconn.</param>
    /// <exception cref="SocketException">AddressAlreadyInUse, OperationNotSupported (no stream or seqpacket socket).</exception>
    /// <remarks>AF_ALG has no listen(2): a bound socket accepts, before this call as after it.</remarks>
    public void Listen(int backlog)
    {
        SocketResult result = TryListen(backlog);
        if (!result.IsSuccess)
        {
            Fail("listen", Core.EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>listen(2), with the failure as a value.</summary>
    /// <param name="backlog">As for <see cref="Listen(int)"/>. Defaults to the longest the kernel allows.</param>
    /// <returns>Success, or the errno.</returns>
    public SocketResult TryListen(int backlog = int.MaxValue)
    {
        ThrowIfDisposed();
        int result = Core.Family is { AcceptsUnlistened: true } ? 0 : Libc.Listen(Core.Handle, backlog);
        if (result < 0)
        {
            return SocketResult.From(-result);
        }

        Core.IsListening = true;
        if (Core.LocalEndPoint is null)
        {
            Core.NoteLocalAddress();
        }

        return SocketResult.Success;
    }

    /// <summary>accept4(2): takes a connection, waiting for one. Connections that died in the queue are passed over.</summary>
    /// <returns>The connection, on this socket's engine, with no Timeout, and Blocking as this socket has it.</returns>
    /// <exception cref="InvalidOperationException">The socket is not bound, or does not listen.</exception>
    /// <exception cref="SocketException">TimedOut, WouldBlock, TooManyOpenSockets.</exception>
    public Socket Accept()
    {
        SocketResult<Socket> result = TryAccept();
        if (!result.TryGetValue(out Socket? accepted))
        {
            Fail("accept", Core.EndPointForErrors(), result.Errno);
        }

        return accepted;
    }

    /// <summary>accept4(2), with the failure as a value.</summary>
    /// <returns>The connection, or the errno.</returns>
    public SocketResult<Socket> TryAccept()
    {
        ThrowIfDisposed();
        ThrowIfNotListening();
        Core.HasAccepted(PollConstants.POLLIN);
        SocketCore? accepted = null;
        var progress = default(Progress);
        var step = new AcceptStep(into: null, ref accepted);
        BlockingCall.Run(Core, OperationQueue.Read, Timeout, flags: 0, ref step, ref progress);
        return progress.Errno == 0 ? SocketResult<Socket>.Success(new Socket(accepted!)) : SocketResult<Socket>.Failure(progress.Errno);
    }

    /// <summary>accept4(2), asynchronously.</summary>
    /// <returns>The connection.</returns>
    public Task<Socket> AcceptAsync() => AcceptAsync(CancellationToken.None).AsTask();

    /// <summary>accept4(2), asynchronously.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken) => AcceptAsync(acceptSocket: null, cancellationToken);

    /// <summary>accept4(2), asynchronously, into a socket that was made for it.</summary>
    /// <param name="acceptSocket">Neither bound nor connected, or disconnected since; it takes over the connection's descriptor. Null makes a new one.</param>
    /// <returns>The connection.</returns>
    public Task<Socket> AcceptAsync(Socket? acceptSocket) => AcceptAsync(acceptSocket, CancellationToken.None).AsTask();

    /// <summary>accept4(2), asynchronously, into a socket that was made for it.</summary>
    /// <param name="acceptSocket">Neither bound nor connected, or disconnected since; it takes over the connection's descriptor. Null makes a new one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask<Socket> AcceptAsync(Socket? acceptSocket, CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        ThrowIfNotListening();
        if (acceptSocket is { Core: { IsDisposed: false, ExtrasIfAny: not { IsDisconnected: true } } }
            and ({ IsBound: true } or { Connected: true }))
        {
            throw new InvalidOperationException("The socket to accept into is bound or connected already.");
        }

        acceptSocket?.ThrowIfDisposed();
        return SocketAcceptOperation.Rent(Core).With(acceptSocket).Run(cancellationToken);
    }

    /// <summary>accept4(2), asynchronously, with the failure as a value.</summary>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>The connection, or the errno.</returns>
    public ValueTask<SocketResult<Socket>> TryAcceptAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        ThrowIfNotListening();
        return SocketAcceptOperation.Rent(Core).With(into: null).TryRun(cancellationToken);
    }

    /// <summary>connect(2). On a datagram socket it names the peer of plain sends and receives.</summary>
    /// <param name="remoteEP">Where to; of a <see cref="DnsEndPoint"/>'s addresses, the first that answers.</param>
    /// <exception cref="SocketException">ConnectionRefused, TimedOut, NetworkUnreachable, HostUnreachable, IsConnected, …</exception>
    /// <remarks>
    /// After a failure the socket can connect again, to another address too. The kernel keeps a dual-mode TCP socket on IPv4
    /// once a connect to an IPv4 address has begun: before one to an IPv6 address it is set right by a connect(2) to
    /// ::ffff:255.255.255.255, which sends nothing; on a descriptor that others have or had, always. A socket that was bound
    /// to an IPv6 address since, and a VSOCK one, get another open socket under the descriptor's number, with the options
    /// that can be read and the address that was bound. Filters, memberships, TCP_MD5SIG and TCP_AO keys, TCP_MAXSEG and the
    /// like do not follow there, duplicates of the descriptor, here or in other processes, keep the old one, and a socket
    /// made of a view of the descriptor is refused (OperationNotSupported). A descriptor that was adopted when it was bound to
    /// an IPv6 address already, after IPv4 had refused it, cannot be told from others: it waits until it times out.
    /// </remarks>
    public void Connect(EndPoint remoteEP)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        if (remoteEP is DnsEndPoint dns)
        {
            ThrowIfWrongFamily(dns);
            ConnectToHost(dns);
            return;
        }

        ThrowIfListening();
        ThrowIfDisconnected();
        EndPoint peer = ForThisFamily(remoteEP);
        int errno = ConnectCore(peer, Timeout);
        if (errno != 0)
        {
            FailConnect(remoteEP, errno);
        }
    }

    /// <summary>connect(2), with the failure as a value: what Python calls connect_ex.</summary>
    /// <param name="remoteEP">Where to. A <see cref="DnsEndPoint"/>'s addresses are tried in turn; the last failure is reported.</param>
    /// <returns>
    /// Success, or the errno. When the socket does not wait: EINPROGRESS, then call again or wait until writable. The
    /// resolver's failures have no errno; they go by .NET's numbers, 11001 (HostNotFound) to 11004.
    /// </returns>
    public SocketResult TryConnect(EndPoint remoteEP)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        ThrowIfListening();
        if (remoteEP is not DnsEndPoint dns)
        {
            return SocketResult.From(ConnectCore(ForThisFamily(remoteEP), Timeout));
        }

        ThrowIfWrongFamily(dns);
        var limit = new TotalLimit(Timeout);
        ResolverResult<IPAddress[]> found = Resolve(dns, Timeout);
        return SocketResult.From(found.TryGetValue(out IPAddress[]? addresses)
            ? ConnectToAny(addresses, dns.Port, limit, out _)
            : ResolverErrors.ToErrno(found.ResolverError, found.Errno));
    }

    /// <summary>connect(2) to an IP address.</summary>
    /// <param name="address">Of this socket's family, or IPv4 on a dual-mode socket.</param>
    /// <param name="port">0 to 65535.</param>
    /// <exception cref="NotSupportedException">The address is of another family.</exception>
    /// <exception cref="SocketException">As for <see cref="Connect(EndPoint)"/>.</exception>
    public void Connect(IPAddress address, int port)
    {
        ArgumentNullException.ThrowIfNull(address);
        ThrowIfDisposed();
        ThrowIfNotPort(port);
        ThrowIfConnected();
        ThrowIfWrongFamily(address.AddressFamily);
        Connect(new IPEndPoint(address, port));
    }

    /// <summary>connect(2) to the first of a host's addresses that answers.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">0 to 65535.</param>
    /// <exception cref="SocketException">HostNotFound, or the last address's failure; the message names each.</exception>
    public void Connect(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        ThrowIfDisposed();
        ThrowIfNotPort(port);
        ThrowIfNotInternet();
        ThrowIfConnected();
        ThrowIfListening();
        if (IPAddress.TryParse(host, out IPAddress? address) && IsOurFamily(address.AddressFamily))
        {
            Connect(new IPEndPoint(address, port));
            return;
        }

        ConnectToHost(new DnsEndPoint(host, port));
    }

    /// <summary>connect(2) to the first of several addresses that answers.</summary>
    /// <param name="addresses">Those of another family are passed over.</param>
    /// <param name="port">0 to 65535.</param>
    /// <exception cref="ArgumentException">There is none of this socket's family.</exception>
    /// <exception cref="SocketException">The last address's failure; the message names each.</exception>
    public void Connect(IPAddress[] addresses, int port)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ThrowIfDisposed();
        if (addresses.Length == 0)
        {
            throw new ArgumentException("There is no address to connect to.", nameof(addresses));
        }

        ThrowIfNotPort(port);
        ThrowIfNotInternet();
        ThrowIfConnected();
        ThrowIfListening();
        if (!HasOurFamily(addresses))
        {
            throw new ArgumentException(NoAddress(addresses), nameof(addresses));
        }

        Connect(addresses, port, host: null, new TotalLimit(Timeout));
    }

    /// <summary>connect(2), asynchronously.</summary>
    /// <param name="remoteEP">As for <see cref="Connect(EndPoint)"/>.</param>
    /// <returns>Completes when connected.</returns>
    public Task ConnectAsync(EndPoint remoteEP) => ConnectAsync(remoteEP, CancellationToken.None).AsTask();

    /// <summary>connect(2), asynchronously.</summary>
    /// <param name="remoteEP">As for <see cref="Connect(EndPoint)"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the kernel's attempt goes on until the socket is disposed.</param>
    /// <returns>Completes when connected.</returns>
    /// <exception cref="NotSupportedException">The end point is of another family than the socket. (The synchronous call asks the kernel, as in .NET.)</exception>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public ValueTask ConnectAsync(EndPoint remoteEP, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        ThrowIfListening();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        if (remoteEP is DnsEndPoint dns)
        {
            ThrowIfWrongFamily(dns);
            return new ValueTask(ConnectToHostAsync(dns, cancellationToken));
        }

        ThrowIfWrongFamily(remoteEP.AddressFamily);
        return ConnectToEndPointAsync(remoteEP, cancellationToken);
    }

    /// <summary>connect(2), asynchronously, with the failure as a value.</summary>
    /// <param name="remoteEP">As for <see cref="TryConnect"/>.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>Success, or the errno.</returns>
    public ValueTask<SocketResult> TryConnectAsync(EndPoint remoteEP, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEP);
        ThrowIfDisposed();
        ThrowIfListening();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromResult(SocketResult.From(Errno.ECANCELED));
        }

        if (remoteEP is DnsEndPoint dns)
        {
            ThrowIfWrongFamily(dns);
            return TryConnectToHostAsync(dns, cancellationToken);
        }

        return ConnectOperation.Rent(Core).With(ForThisFamily(remoteEP)).TryRun(cancellationToken);
    }

    /// <summary>connect(2) to an IP address, asynchronously.</summary>
    /// <param name="address">Of this socket's family, or IPv4 on a dual-mode socket.</param>
    /// <param name="port">0 to 65535.</param>
    /// <returns>Completes when connected.</returns>
    public Task ConnectAsync(IPAddress address, int port) => ConnectAsync(address, port, CancellationToken.None).AsTask();

    /// <summary>connect(2) to an IP address, asynchronously.</summary>
    /// <param name="address">Of this socket's family, or IPv4 on a dual-mode socket.</param>
    /// <param name="port">0 to 65535.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when connected.</returns>
    public ValueTask ConnectAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ThrowIfDisposed();
        var endPoint = new IPEndPoint(address, port);
        ThrowIfWrongFamily(address.AddressFamily);
        return ConnectAsync(endPoint, cancellationToken);
    }

    /// <summary>connect(2) to the first of several addresses that answers, asynchronously.</summary>
    /// <param name="addresses">Those of another family are passed over.</param>
    /// <param name="port">0 to 65535.</param>
    /// <returns>Completes when connected.</returns>
    public Task ConnectAsync(IPAddress[] addresses, int port) => ConnectAsync(addresses, port, CancellationToken.None).AsTask();

    /// <summary>connect(2) to the first of several addresses that answers, asynchronously.</summary>
    /// <param name="addresses">Those of another family are passed over.</param>
    /// <param name="port">0 to 65535.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when connected.</returns>
    /// <exception cref="NotSupportedException">There is none of this socket's family.</exception>
    public ValueTask ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ThrowIfDisposed();
        if (addresses.Length == 0)
        {
            throw new ArgumentException("There is no address to connect to.", nameof(addresses));
        }

        ThrowIfNotPort(port);
        ThrowIfNotInternet();
        ThrowIfListening();
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled(cancellationToken)
            : !HasOurFamily(addresses) ? ValueTask.FromException(new NotSupportedException(NoAddress(addresses)))
            : new ValueTask(ConnectToAnyAsync(addresses, port, host: null, new TotalLimit(Core.AsyncLimit), cancellationToken));
    }

    /// <summary>connect(2) to the first of a host's addresses that answers, asynchronously.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">0 to 65535.</param>
    /// <returns>Completes when connected.</returns>
    public Task ConnectAsync(string host, int port) => ConnectAsync(host, port, CancellationToken.None).AsTask();

    /// <summary>connect(2) to the first of a host's addresses that answers, asynchronously.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">0 to 65535.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Completes when connected.</returns>
    public ValueTask ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ThrowIfDisposed();
        EndPoint endPoint = IPAddress.TryParse(host, out IPAddress? address)
            ? new IPEndPoint(address, port)
            : new DnsEndPoint(host, port);
        return ConnectAsync(endPoint, cancellationToken);
    }

    /// <summary>Ends the connection: the peer gets all that was sent, then the end of the stream.</summary>
    /// <param name="reuseSocket">
    /// False: shutdown(2), both ways; the descriptor is good for nothing more. True: as Dispose ends it, and the descriptor's
    /// number gets a fresh socket, which <see cref="ConnectAsync(EndPoint)"/> and <see cref="TryConnect"/> can connect.
    /// </param>
    /// <exception cref="SocketException">NotConnected: the socket never was. OperationNotSupported: with true, a socket made of a view.</exception>
    /// <remarks>
    /// A connection that is gone already is no failure. Neither form waits: the kernel delivers what was sent in its own time.
    /// What the peer sent and was not received is lost. With true, options that can be read and a bound IP or VSOCK address are
    /// kept (a VSOCK port unless the kernel still holds it for the connection, which it does while the peer has not answered
    /// the end); <see cref="Connect(EndPoint)"/> says what is not. A datagram socket's association ends either way, by connect(2) to
    /// AF_UNSPEC, and the socket can still be used.
    /// </remarks>
    public void Disconnect(bool reuseSocket)
    {
        SocketResult result = TryDisconnect(reuseSocket);
        if (!result.IsSuccess)
        {
            Fail("disconnect", Core.EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>As <see cref="Disconnect"/>, with the failure as a value.</summary>
    /// <param name="reuseSocket">As for <see cref="Disconnect"/>.</param>
    /// <returns>Success, or the errno.</returns>
    public SocketResult TryDisconnect(bool reuseSocket)
    {
        ThrowIfDisposed();
        return SocketResult.From(Core.Disconnect(reuseSocket));
    }

    /// <summary>As <see cref="Disconnect"/>, which never waits.</summary>
    /// <param name="reuseSocket">As for <see cref="Disconnect"/>.</param>
    /// <param name="cancellationToken">Looked at before, not during.</param>
    /// <returns>A completed task.</returns>
    public ValueTask DisconnectAsync(bool reuseSocket, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        try
        {
            Disconnect(reuseSocket);
            return ValueTask.CompletedTask;
        }
        catch (SocketException exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>shutdown(2): ends one direction or both; the peer reads what was sent, then the end of stream.</summary>
    /// <param name="how">Which direction.</param>
    /// <exception cref="SocketException">NotConnected: the socket never was. A connection that is gone already is no failure.</exception>
    public void Shutdown(SocketShutdown how)
    {
        SocketResult result = TryShutdown(how);
        if (!result.IsSuccess)
        {
            Fail("shutdown", Core.EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>shutdown(2), with the failure as a value.</summary>
    /// <param name="how">Which direction.</param>
    /// <returns>Success, or the errno.</returns>
    public SocketResult TryShutdown(SocketShutdown how)
    {
        ThrowIfDisposed();
        int errno = Core.Shutdown((int)how);
        if (errno == 0)
        {
            Core.IsConnected = false;
        }

        return SocketResult.From(errno);
    }

    private int BindCore(EndPoint localEP, out EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(localEP);
        ThrowIfDisposed();
        if (localEP is DnsEndPoint)
        {
            throw new ArgumentException("bind takes an address, not a host name; resolve it first.", nameof(localEP));
        }

        endPoint = ForThisFamily(localEP);
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int length = AddressCodecs.Encode(endPoint, address);
        if (ProtocolType == ProtocolType.Tcp)
        {
            Libc.SetOption(Core.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_REUSEADDR, 1);
        }

        int result = Libc.Bind(Core.Handle, address[..length]);
        if (result < 0)
        {
            return -result;
        }

        Core.LocalEndPoint = endPoint;
        Core.IsBound = true;
        if (AddressFamily == AddressFamily.Unix)
        {
            Core.NoteBoundFile(address[..length]);
        }

        return 0;
    }

    private int BindCore(UnixEndPoint localEP, UnixFileMode fileMode)
    {
        ArgumentNullException.ThrowIfNull(localEP);
        ThrowIfDisposed();
        if (!localEP.IsPath)
        {
            throw new ArgumentException("Only a path has a file, and only a file has a mode.", nameof(localEP));
        }

        // What socket(2) gives: all permissions, for the umask to take from.
        const uint Unset = 0x1FF;
        int result = Libc.ChangeMode(Core.Handle, (uint)fileMode);
        if (result < 0)
        {
            return -result;
        }

        int errno = BindCore(localEP, out _);
        if (errno != 0)
        {
            Libc.ChangeMode(Core.Handle, Unset);
            return errno;
        }

        return -Math.Min(Libc.WidenSocketFile(Core.BoundPath!, (uint)fileMode), 0);
    }

    private int ConnectCore(EndPoint peer, TimeSpan? limit)
    {
        Span<byte> buffer = stackalloc byte[SocketConstants.AddressBytesMax];
        ReadOnlySpan<byte> address = buffer[..AddressCodecs.Encode(peer, buffer)];
        bool isUnderWay = false;
        var progress = default(Progress);
        var step = new ConnectStep(address, peer, ref isUnderWay);
        BlockingCall.Run(Core, OperationQueue.Write, Core.ConnectLimit(limit), flags: 0, ref step, ref progress);
        if (progress.Errno == Errno.EAGAIN && isUnderWay)
        {
            Core.NoteConnecting(peer);
            return Errno.EINPROGRESS;
        }

        return progress.Errno;
    }

    private void ConnectToHost(DnsEndPoint name)
    {
        ThrowIfNotInternet();
        ThrowIfConnected();
        ThrowIfListening();
        var limit = new TotalLimit(Timeout);
        ResolverResult<IPAddress[]> found = Resolve(name, Timeout);
        if (!found.TryGetValue(out IPAddress[]? addresses))
        {
            throw ResolverErrors.Create("connect", SocketErrors.Name(name), found.ResolverError, found.Errno);
        }

        Connect(addresses, name.Port, name.Host, limit);
    }

    private void Connect(IPAddress[] addresses, int port, string? host, TotalLimit limit)
    {
        ThrowIfDisconnected();
        int errno = ConnectToAny(addresses, port, limit, out string trace);
        if (errno != 0)
        {
            ObjectDisposedException.ThrowIf(errno == Errno.EBADF, this);
            Core.NoteFailure(errno);
            throw SocketErrors.Create("connect", host is null ? null : new DnsEndPoint(host, port), errno, trace);
        }
    }

    // Tries each address within one total limit; the failure of each stands in the trace.
    private int ConnectToAny(IPAddress[] addresses, int port, TotalLimit limit, out string trace)
    {
        trace = "";
        int errno = Errno.EAFNOSUPPORT;
        foreach (IPAddress address in addresses)
        {
            if (!IsOurFamily(address.AddressFamily))
            {
                continue;
            }

            var endPoint = new IPEndPoint(address, port);
            errno = ConnectCore(ForThisFamily(endPoint), limit.Left);
            if (errno is 0 or Errno.EINPROGRESS)
            {
                return errno;
            }

            trace = AddToTrace(trace, endPoint, errno);
            if (errno is Errno.ETIMEDOUT && limit.IsOver)
            {
                break;
            }
        }

        trace = trace.Length == 0 ? NoAddress(addresses) : trace;
        return errno;
    }

    private ValueTask ConnectToEndPointAsync(EndPoint remoteEP, CancellationToken cancellationToken) =>
        ConnectOperation.Rent(Core).With(ForThisFamily(remoteEP)).Run(cancellationToken);

    private async Task ConnectToHostAsync(DnsEndPoint name, CancellationToken cancellationToken)
    {
        var limit = new TotalLimit(Core.AsyncLimit);
        ResolverResult<IPAddress[]> found =
            await Resolver.TryGetHostAddressesAsync(name.Host, name.AddressFamily, Core.AsyncLimit, cancellationToken).StayOnLoop();
        if (!found.TryGetValue(out IPAddress[]? addresses))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw ResolverErrors.Create("connect", SocketErrors.Name(name), found.ResolverError, found.Errno);
        }

        await ConnectToAnyAsync(addresses, name.Port, name.Host, limit, cancellationToken).StayOnLoop();
    }

    private async ValueTask<SocketResult> TryConnectToHostAsync(DnsEndPoint dns, CancellationToken cancellationToken)
    {
        var limit = new TotalLimit(Core.AsyncLimit);
        ResolverResult<IPAddress[]> found =
            await Resolver.TryGetHostAddressesAsync(dns.Host, dns.AddressFamily, Core.AsyncLimit, cancellationToken).StayOnLoop();
        if (!found.TryGetValue(out IPAddress[]? addresses))
        {
            return SocketResult.From(ResolverErrors.ToErrno(found.ResolverError, found.Errno));
        }

        (int errno, _) = await TryConnectToAnyAsync(addresses, dns.Port, limit, cancellationToken).StayOnLoop();
        return SocketResult.From(errno);
    }

    private async Task ConnectToAnyAsync(
        IPAddress[] addresses, int port, string? host, TotalLimit limit, CancellationToken cancellationToken)
    {
        (int errno, string trace) = await TryConnectToAnyAsync(addresses, port, limit, cancellationToken).StayOnLoop();
        if (errno == 0)
        {
            return;
        }

        if (errno == Errno.ECANCELED)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        Core.NoteFailure(errno);
        throw SocketErrors.Create("connect", host is null ? null : new DnsEndPoint(host, port), errno, trace);
    }

    // Tries each address within one total limit; the failure of each stands in the trace.
    private async Task<(int Errno, string Trace)> TryConnectToAnyAsync(
        IPAddress[] addresses, int port, TotalLimit limit, CancellationToken cancellationToken)
    {
        string trace = "";
        int errno = Errno.EAFNOSUPPORT;
        foreach (IPAddress address in addresses)
        {
            if (!IsOurFamily(address.AddressFamily))
            {
                continue;
            }

            ThrowIfDisposed();
            var endPoint = new IPEndPoint(address, port);
            SocketResult result = cancellationToken.IsCancellationRequested
                ? SocketResult.From(Errno.ECANCELED)
                : await ConnectOperation.Rent(Core).With(ForThisFamily(endPoint), limit.Left).TryRun(cancellationToken).StayOnLoop();
            errno = result.Errno;
            if (errno == 0)
            {
                return (0, "");
            }

            trace = AddToTrace(trace, endPoint, errno);
            if (errno is Errno.ECANCELED or Errno.EBADF || (errno == Errno.ETIMEDOUT && limit.IsOver))
            {
                break;
            }
        }

        return (errno, trace.Length == 0 ? NoAddress(addresses) : trace);
    }

    private static string AddToTrace(string trace, IPEndPoint endPoint, int errno)
    {
        string attempt = SocketErrors.Create("connect", endPoint, errno).Message["connect ".Length..];
        return trace.Length == 0 ? attempt : $"{trace}; {attempt}";
    }

    private bool HasOurFamily(IPAddress[] addresses) => Array.Exists(addresses, address => IsOurFamily(address.AddressFamily));

    private string NoAddress(IPAddress[] addresses) =>
        $"none of {addresses.Length} addresses is of this socket's family, {AddressFamily}";

    /// <summary>An IPv4 end point as a dual-mode socket needs it: mapped into IPv6.</summary>
    private EndPoint ForThisFamily(EndPoint endPoint) =>
        AddressFamily == AddressFamily.InterNetworkV6
        && endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetwork } ip
        && DualMode
            ? new IPEndPoint(ip.Address.MapToIPv6(), ip.Port)
            : endPoint;

    private bool IsOurFamily(AddressFamily family) =>
        family == AddressFamily
        || (FamilyNumbers.TryToLinux(family, out int number) && FamilyNumbers.TryToLinux(AddressFamily, out int own) && number == own)
        || (family == AddressFamily.InterNetwork && AddressFamily == AddressFamily.InterNetworkV6 && DualMode);

    private void ThrowIfNotListening()
    {
        if (Core.Family is { AcceptsUnlistened: true })
        {
            return;
        }

        if (Core.LocalEndPoint is null)
        {
            throw new InvalidOperationException("You must call the Bind method before performing this operation.");
        }

        if (!Core.IsListening)
        {
            throw new InvalidOperationException("You must call the Listen method before performing this operation.");
        }
    }

    private void ThrowIfListening()
    {
        if (Core.IsListening)
        {
            throw new InvalidOperationException("You may not perform this operation after calling the Listen method.");
        }
    }

    // As in .NET: a synchronous connect after Disconnect is refused, an asynchronous one is not.
    private void ThrowIfDisconnected()
    {
        if (Core.ExtrasIfAny is { IsDisconnected: true })
        {
            throw new InvalidOperationException("After Disconnect the socket connects again by ConnectAsync or TryConnect, to another end point.");
        }
    }

    // A connect whose socket was disposed meanwhile finds no socket; one that does not wait is under way.
    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private void FailConnect(EndPoint remoteEP, int errno)
    {
        ObjectDisposedException.ThrowIf(errno == Errno.EBADF, this);
        if (errno == Errno.EINPROGRESS)
        {
            throw new SocketException((int)SocketError.WouldBlock, SocketErrors.Create("connect", remoteEP, errno).Message);
        }

        Fail("connect", remoteEP, errno);
    }

    private void ThrowIfConnected()
    {
        if (Core.IsConnected)
        {
            SocketErrors.Throw("connect", Core.RemoteEndPoint, Errno.EISCONN);
        }
    }

    private void ThrowIfNotInternet()
    {
        if (AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
        {
            throw new NotSupportedException($"A socket of family {AddressFamily} connects to no host name or IP address.");
        }
    }

    private void ThrowIfWrongFamily(AddressFamily family)
    {
        if (!IsOurFamily(family))
        {
            throw new NotSupportedException($"This socket is of family {AddressFamily}, the address of {family}.");
        }
    }

    private void ThrowIfWrongFamily(DnsEndPoint dns)
    {
        if (dns.AddressFamily != AddressFamily.Unspecified && !IsOurFamily(dns.AddressFamily))
        {
            throw new NotSupportedException($"This socket is of family {AddressFamily}, the end point of {dns.AddressFamily}.");
        }
    }

    private static void ThrowIfNotPort(int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
    }

    /// <summary>One limit over several connects.</summary>
    private readonly struct TotalLimit(TimeSpan? limit)
    {
        private readonly long _start = System.Diagnostics.Stopwatch.GetTimestamp();

        internal bool IsOver => limit is { } total && System.Diagnostics.Stopwatch.GetElapsedTime(_start) >= total;

        // At least a millisecond: an address that is tried at all gets a chance to be refused. Zero stays zero: do not wait.
        internal TimeSpan? Left => limit is { } total && total > TimeSpan.Zero
            ? TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, (total - System.Diagnostics.Stopwatch.GetElapsedTime(_start)).Ticks))
            : limit;
    }
}
