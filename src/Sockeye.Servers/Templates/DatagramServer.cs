using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// A server of datagrams: binds, receives, verifies, handles. Give it a handler, or derive from it and override a step to
/// change that step, as with socketserver's UDPServer.
/// </summary>
/// <remarks>
/// Datagrams are received, handled and answered in batches, those of one socket one after the other: a handler that waits keeps
/// the next ones waiting, and what the kernel has no room for meanwhile is dropped. Answers come from the address that was asked.
/// </remarks>
/// <example>
/// <code>
/// await using var server = new DatagramServer("udp://[::1]:9999", static datagram =&gt; datagram.Reply(datagram.Data.Span));
/// await server.RunAsync();
/// </code>
/// </example>
public class DatagramServer : IAsyncDisposable
{
    private readonly DatagramServerOptions _options;
    private readonly Func<Datagram, ValueTask>? _handler;
    private readonly Func<System.Net.EndPoint, DatagramSession>? _create;
    private readonly ErrorLog _errors;
    private readonly LogLimit _receiveErrors;
    private readonly Lock _gate = new();
    private readonly AddressCounter _addresses = new();
    private readonly List<DatagramReceiver> _receivers = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly List<SocketUri> _bound = [];
    private Task? _start;
    private Task? _stop;
    private Task _served = Task.CompletedTask;
    private ITimer? _sweep;
    private int _sessions;
    private long _dropped;

    /// <summary>A server that handles each datagram at once.</summary>
    /// <param name="endpoint">An endpoint string: <c>udp://[::1]:9999</c>, <c>unix-dgram:/run/x.sock</c>; <see cref="Endpoints"/> takes more.</param>
    /// <param name="handler">Handles a datagram; <see cref="Datagram.Reply"/> answers it.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public DatagramServer(string endpoint, Action<Datagram> handler, DatagramServerOptions? options = null)
        : this(endpoint, options)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handler = datagram =>
        {
            handler(datagram);
            return default;
        };
    }

    /// <summary>A server whose handler may wait; the next datagrams wait with it.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="handler">Handles a datagram.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public DatagramServer(string endpoint, Func<Datagram, ValueTask> handler, DatagramServerOptions? options = null)
        : this(endpoint, options) => _handler = handler ?? throw new ArgumentNullException(nameof(handler));

    /// <summary>A server with an object for each sender.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="create">Makes the object for an address; it hands on what all of them share.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public DatagramServer(string endpoint, Func<System.Net.EndPoint, DatagramSession> create, DatagramServerOptions? options = null)
        : this(endpoint, options) => _create = create ?? throw new ArgumentNullException(nameof(create));

    /// <summary>For a class that overrides <see cref="HandleAsync"/>.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    protected DatagramServer(string endpoint, DatagramServerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _options = options ?? new DatagramServerOptions();
        Endpoints = [SocketUri.Parse(endpoint)];
        _errors = new ErrorLog(_options.Time);
        _receiveErrors = new LogLimit(_options.Time);
    }

    /// <summary>Where it is to serve; more may be added until it starts.</summary>
    public IList<SocketUri> Endpoints { get; }

    /// <summary>Where it serves, with the ports that the kernel chose.</summary>
    public IReadOnlyList<SocketUri> BoundEndpoints
    {
        get
        {
            lock (_gate)
            {
                return [.. _bound];
            }
        }
    }

    /// <summary>Sessions at this moment.</summary>
    public int SessionCount => Volatile.Read(ref _sessions);

    /// <summary>How many datagrams were not handled, and answers not sent, in all.</summary>
    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <summary>Binds, and serves from now on.</summary>
    /// <param name="cancellationToken">Ends the look-up of a name.</param>
    /// <returns>Complete when it receives.</returns>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, HostNotFound. Nothing is left open then.</exception>
    /// <exception cref="InvalidOperationException">It has been stopped.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_start is null && _stop is not null)
            {
                throw new InvalidOperationException("The server has been stopped.");
            }

            return _start ??= StartCoreAsync(cancellationToken);
        }
    }

    /// <summary>Starts, serves until the token is canceled, or SIGINT (Ctrl-C) or SIGTERM comes, and stops.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SocketException">As for <see cref="StartAsync"/>.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        using var signals = new ServerSignals();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop, cancellationToken, _stopping.Token);
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await Waits.DelayAsync(_options.Time, Timeout.InfiniteTimeSpan, stop.Token).ConfigureAwait(false);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// Stops: what has come is handled, and what is being handled comes to its end, for
    /// <see cref="DatagramServerOptions.StopTimeout"/> at most; then the sockets are closed.
    /// </summary>
    /// <param name="cancellationToken">Cuts the wait short.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static aborting => _ = ((CancellationTokenSource)aborting!).CancelAsync(), _aborting);
        Task stop;
        lock (_gate)
        {
            stop = _stop ??= Task.Run(StopCoreAsync, CancellationToken.None);
        }

        await stop.ConfigureAwait(false);
    }

    /// <summary>As <see cref="StopAsync"/> with a token that is canceled.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>The first step: a socket that is bound. Called for each endpoint, on the loop that will receive at it, if one will.</summary>
    /// <param name="endpoint">Where; a name has been looked up.</param>
    /// <returns>The socket.</returns>
    protected virtual Socket Bind(SocketUri endpoint) => ServerSocket.Bind(endpoint);

    /// <summary>Whether a datagram is handled. True by itself.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <returns>False drops it.</returns>
    protected virtual bool Verify(Datagram datagram) => true;

    /// <summary>Handles what came in one call: by itself one after the other, those that <see cref="Verify"/> lets through.</summary>
    /// <param name="datagrams">Valid until the task ends.</param>
    protected virtual async ValueTask HandleBatchAsync(IReadOnlyList<Datagram> datagrams)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        for (int i = 0; i < datagrams.Count; i++)
        {
            Datagram datagram = datagrams[i];
            try
            {
                if (Verify(datagram))
                {
                    await HandleAsync(datagram);
                }
                else
                {
                    Dropped(datagram.Socket, 1, DatagramDropReason.Rejected);
                }
            }
            catch (Exception exception)
            {
                // The edge: a defect ends the handling of one datagram.
                Failed(exception);
            }
        }
    }

    /// <summary>Handles a datagram. By itself it calls the handler that the server was made with, or gives it to its sender's session.</summary>
    /// <param name="datagram">The datagram.</param>
    protected virtual ValueTask HandleAsync(Datagram datagram) =>
        _create is not null ? datagram.Receiver.ToSessionAsync(datagram, _create)
        : _handler?.Invoke(datagram) ?? throw new NotSupportedException($"{GetType().Name} was made without a handler, and does not override HandleAsync.");

    /// <summary>A step threw. By itself it writes to standard error, once a second at most.</summary>
    /// <param name="error">What was thrown.</param>
    protected virtual void OnError(Exception error) => _errors.Write("the handler of a datagram", error);

    /// <summary>Datagrams were dropped. Does nothing by itself; the metrics count them.</summary>
    /// <param name="socket">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="reason">Why.</param>
    protected virtual void OnDropped(Socket socket, int count, DatagramDropReason reason)
    {
    }

    /// <summary>A receive failed, which ends nothing; it is told once a second at most. Does nothing by itself.</summary>
    /// <param name="socket">Where.</param>
    /// <param name="error">What the kernel answered.</param>
    /// <param name="count">How often, since this was last told.</param>
    protected virtual void OnReceiveFailed(Socket socket, SocketException error, int count)
    {
    }

    internal async Task HandleAllAsync(IReadOnlyList<Datagram> datagrams)
    {
        try
        {
            await HandleBatchAsync(datagrams);
        }
        catch (Exception exception)
        {
            // The edge: a defect ends the handling of one batch.
            Failed(exception);
        }
    }

    internal void Failed(Exception exception) => _errors.Tell(OnError, exception);

    internal void Dropped(Socket socket, int count, DatagramDropReason reason)
    {
        Interlocked.Add(ref _dropped, count);
        ServerMetrics.Dropped(count, reason);
        try
        {
            OnDropped(socket, count, reason);
        }
        catch (Exception exception)
        {
            // The edge: whoever can bring about that something is dropped must not end the service.
            Failed(exception);
        }
    }

    internal void ReceiveFailed(Socket socket, SocketException error)
    {
        int count = _receiveErrors.Take();
        if (count > 0)
        {
            try
            {
                OnReceiveFailed(socket, error, count);
            }
            catch (Exception exception)
            {
                // The edge, as above.
                Failed(exception);
            }
        }
    }

    /// <summary>Counts one session more; or says which bound is against it.</summary>
    internal DatagramDropReason? TryEnter((AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        lock (_gate)
        {
            if (_sessions >= _options.MaxSessions)
            {
                return DatagramDropReason.SessionsFull;
            }

            if (_addresses.Count(keys.Address) >= _options.MaxSessionsPerAddress || _addresses.Count(keys.Network) >= _options.MaxSessionsPerAddress)
            {
                return DatagramDropReason.AddressFull;
            }

            _sessions++;
            _addresses.Add(keys.Address);
            _addresses.Add(keys.Network);
            return null;
        }
    }

    internal void Leave((AddressCounter.Key Address, AddressCounter.Key Network) keys)
    {
        lock (_gate)
        {
            _sessions--;
            _addresses.Remove(keys.Address);
            _addresses.Remove(keys.Network);
        }
    }

    private async Task StartCoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (SocketUri endpoint in Endpoints.ToArray())
            {
                foreach (SocketUri address in await endpoint.ResolveAsync(cancellationToken).ConfigureAwait(false))
                {
                    await OpenAsync(address).ConfigureAwait(false);
                }
            }
        }
        catch (Exception)
        {
            _receivers.ForEach(static receiver => receiver.Dispose());
            _receivers.Clear();
            lock (_gate)
            {
                _bound.Clear();
            }

            throw;
        }

        lock (_gate)
        {
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                _served = Task.WhenAll(_receivers.Select(receiver =>
                    receiver.Loop is { } loop ? loop.InvokeAsync(() => receiver.RunAsync(_stopping.Token)) : Task.Run(() => receiver.RunAsync(_stopping.Token))));
            }

            if (_create is not null)
            {
                _sweep = _options.Time.CreateTimer(static server => ((DatagramServer)server!).Sweep(), this, SweepPeriod, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private TimeSpan SweepPeriod =>
        TimeSpan.FromMilliseconds(Math.Clamp(_options.SessionIdleTimeout.TotalMilliseconds / 8, 5, 1_000));

    private void Sweep()
    {
        foreach (DatagramReceiver receiver in _receivers)
        {
            receiver.Sweep();
        }

        lock (_gate)
        {
            _sweep?.Change(SweepPeriod, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task OpenAsync(SocketUri address)
    {
        EventLoop[] loops = _options.Dispatch.Loops;
        bool isShared = loops.Length > 1 && address.EndPoint is System.Net.IPEndPoint;
        SocketUri at = isShared ? address.WithDefaultOption("reuse_port", "1") : address;
        for (int i = 0; i < (isShared ? loops.Length : 1); i++)
        {
            EventLoop? loop = loops.Length == 0 ? null : loops[i];
            SocketUri here = at;
            Socket socket = loop is null ? Open(here) : await loop.InvokeAsync(() => Task.FromResult(Open(here))).ConfigureAwait(false);
            _receivers.Add(new DatagramReceiver(this, socket, loop, _options));
            at = ServerSocket.Bound(at, socket);
            if (i == 0)
            {
                lock (_gate)
                {
                    _bound.Add(ServerSocket.Bound(address, socket));
                }
            }
        }
    }

    private Socket Open(SocketUri endpoint)
    {
        Socket socket = Bind(endpoint);
        if (!ServerSocket.IsStream(socket.SocketType))
        {
            return socket;
        }

        socket.Dispose();
        throw new ArgumentException($"{endpoint} is a {socket.SocketType} socket, whose connections a StreamServer accepts.", nameof(endpoint));
    }

    private async Task StopCoreAsync()
    {
        Task told = _stopping.CancelAsync();
        Task? start;
        lock (_gate)
        {
            start = _start;
        }

        if (start is not null)
        {
            await start.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            // The start is what makes it.
            _sweep?.Dispose();
            _sweep = null;
        }

        await Waits.EndsWithinAsync(_served, _options.Time, _options.StopTimeout, _aborting.Token).ConfigureAwait(false);
        _receivers.ForEach(static receiver => receiver.Dispose());
        if (_served.IsCompleted)
        {
            await _served.ConfigureAwait(false);
        }

        await told.ConfigureAwait(false);
    }
}
