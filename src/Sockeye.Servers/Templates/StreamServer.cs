using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// A server of stream connections: binds, accepts, verifies, handles, finishes. Give it a handler, or derive from it and
/// override a step to change that step, as with Python's socketserver.
/// </summary>
/// <remarks>
/// The steps, in their order: <see cref="Bind"/> for each endpoint; then for each connection <see cref="AcceptAsync"/>,
/// <see cref="VerifyAsync"/>, <see cref="HandleAsync"/>, <see cref="FinishAsync"/>, and <see cref="OnError"/> when one of them throws;
/// beside them, from time to time, <see cref="OnServiceActions"/> and <see cref="OnAcceptTimeout"/>.
/// </remarks>
/// <example>
/// <code>
/// await using var server = new StreamServer("tcp://[::1]:8888", async connection =&gt;
/// {
///     await connection.Input.CopyToAsync(connection.Output);
/// });
/// await server.RunAsync();
/// </code>
/// </example>
public class StreamServer : IAsyncDisposable
{
    private readonly StreamServerOptions _options;
    private readonly Func<Connection, Task>? _handler;
    private readonly Listener _listener;
    private readonly ErrorLog _errors;
    private readonly Lock _gate = new();
    private ITimer? _service;
    private Task? _start;
    private Task<ListenerStopResult>? _stop;
    private long _lastAccepted;
    private long _acceptedAt;

    /// <summary>A server whose handler is asynchronous: on the thread pool, or where the options say.</summary>
    /// <param name="endpoint">An endpoint string: <c>tcp://[::1]:8888</c>, <c>unix:/run/x.sock</c>, <c>fd:3</c>; <see cref="Endpoints"/> takes more.</param>
    /// <param name="handler">Serves a connection, which ends in good order when its task does.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public StreamServer(string endpoint, Func<Connection, Task> handler, StreamServerOptions? options = null)
        : this(endpoint, options) => _handler = handler ?? throw new ArgumentNullException(nameof(handler));

    /// <summary>A server whose handler blocks: each connection has a thread of its own.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="handler">Serves a connection by <see cref="Connection.Receive"/> and <see cref="Connection.Send"/>; it ends in good order when this returns.</param>
    /// <param name="options">The bounds; null is the defaults. Their Dispatch must not name loops.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    /// <exception cref="ArgumentException">The options name loops, which such a handler would block.</exception>
    public StreamServer(string endpoint, Action<Connection> handler, StreamServerOptions? options = null)
        : this(endpoint, options, ConnectionDispatch.ThreadPerConnection)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (_options.Dispatch.Loops.Length > 0)
        {
            throw new ArgumentException("A handler that blocks would block the loop; make it asynchronous, or give each connection a thread.", nameof(options));
        }

        _handler = connection =>
        {
            handler(connection);
            return Task.CompletedTask;
        };
    }

    /// <summary>A server with an object for each connection.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="create">Makes the object; it hands on what all of them share.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public StreamServer(string endpoint, Func<Connection, StreamHandler> create, StreamServerOptions? options = null)
        : this(endpoint, options)
    {
        ArgumentNullException.ThrowIfNull(create);
        _handler = connection => RunAsync(create(connection));
    }

    /// <summary>For a class that overrides <see cref="HandleAsync"/>.</summary>
    /// <param name="endpoint">An endpoint string, as above.</param>
    /// <param name="options">The bounds; null is the defaults.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    protected StreamServer(string endpoint, StreamServerOptions? options = null)
        : this(endpoint, options, dispatch: null)
    {
    }

    private StreamServer(string endpoint, StreamServerOptions? options, ConnectionDispatch? dispatch)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _options = options ?? new StreamServerOptions();
        Endpoints = [SocketUri.Parse(endpoint)];
        _errors = new ErrorLog(_options.Time);
        _listener = new Listener(_options, dispatch, new Events(this))
        {
            BindStep = Bind,
            AcceptStep = AcceptAsync,
        };
    }

    /// <summary>Where it is to serve; more may be added until it starts.</summary>
    public IList<SocketUri> Endpoints { get; }

    /// <summary>What accepts: how many connections there are and were, and where, with the ports that the kernel chose.</summary>
    public Listener Listener => _listener;

    /// <summary>Binds, listens, and serves from now on.</summary>
    /// <param name="cancellationToken">Ends the look-up of a name.</param>
    /// <returns>Complete when it accepts.</returns>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, HostNotFound. Nothing listens then.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return _start ??= StartCoreAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Starts, serves until the token is canceled, or SIGINT (Ctrl-C) or SIGTERM comes, and stops in good order. A second signal
    /// ends the process as ever.
    /// </summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What became of the last connections.</returns>
    /// <exception cref="SocketException">As for <see cref="StartAsync"/>.</exception>
    public async Task<ListenerStopResult> RunAsync(CancellationToken cancellationToken = default)
    {
        using var signals = new ServerSignals();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop, cancellationToken, _listener.Stopping);
        await StartAsync(cancellationToken).ConfigureAwait(false);
        await Waits.DelayAsync(_options.Time, Timeout.InfiniteTimeSpan, stop.Token).ConfigureAwait(false);
        return await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// Stops: accepts no more, tells the connections, waits until they have come to their end, for
    /// <see cref="StreamServerOptions.StopTimeout"/> at most, and resets those that are left.
    /// </summary>
    /// <param name="cancellationToken">Cuts the wait short.</param>
    /// <returns>What became of the connections.</returns>
    public async Task<ListenerStopResult> StopAsync(CancellationToken cancellationToken = default)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static listener => _ = ((Listener)listener!).StopAsync(new CancellationToken(canceled: true)), _listener);
        Task<ListenerStopResult> stop;
        lock (_gate)
        {
            stop = _stop ??= Task.Run(StopCoreAsync);
        }

        return await stop.ConfigureAwait(false);
    }

    /// <summary>As <see cref="StopAsync"/> with a token that is canceled.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <summary>As <c>tcp://127.0.0.1:8888, 12 connections</c>.</summary>
    public override string ToString() => _listener.ToString();

    /// <summary>The first step: a socket that listens. Called for each endpoint, on the loop that will accept at it, if one will.</summary>
    /// <param name="endpoint">Where; a name has been looked up.</param>
    /// <returns>The socket.</returns>
    protected virtual Socket Bind(SocketUri endpoint) => ServerSocket.Listen(endpoint, _options.Backlog);

    /// <summary>Takes the next connection. What fails is judged by its errno: lost connections are passed over, and want of descriptors waited out.</summary>
    /// <param name="listener">The listening socket.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The connection, or the errno.</returns>
    protected virtual ValueTask<SocketResult<Socket>> AcceptAsync(Socket listener, CancellationToken cancellationToken) =>
        listener.TryAcceptAsync(cancellationToken);

    /// <summary>Whether a connection is served. It counts among MaxConnections meanwhile. True by itself.</summary>
    /// <param name="connection">The connection.</param>
    /// <returns>False closes it, with <see cref="ListenerOptions.LastWords"/>.</returns>
    protected virtual ValueTask<bool> VerifyAsync(Connection connection) => new(true);

    /// <summary>Serves a connection. By itself it calls the handler that the server was made with.</summary>
    /// <param name="connection">The connection.</param>
    protected virtual Task HandleAsync(Connection connection) =>
        _handler?.Invoke(connection) ?? throw new NotSupportedException($"{GetType().Name} was made without a handler, and does not override HandleAsync.");

    /// <summary>Called when a connection has been handled, also when that threw. Does nothing by itself; the connection ends in good order afterwards.</summary>
    /// <param name="connection">The connection.</param>
    protected virtual ValueTask FinishAsync(Connection connection) => default;

    /// <summary>
    /// Something threw: a step of a connection's, of accepting, or a service action. By itself it writes to standard error, once a second at
    /// most. Not called for what comes of a connection's end: that it was lost, or cut short.
    /// </summary>
    /// <param name="connection">The connection, which ends next; null where there is none yet.</param>
    /// <param name="error">What was thrown.</param>
    protected virtual void OnError(Connection? connection, Exception error) =>
        _errors.Write(connection is null ? "a step of the server" : $"the handler of {connection.PeerName}", error);

    /// <summary>Called every <see cref="StreamServerOptions.ServiceInterval"/> while it serves, never twice at once. Does nothing by itself.</summary>
    protected internal virtual void OnServiceActions()
    {
    }

    /// <summary>Called when no connection has come for <see cref="StreamServerOptions.AcceptTimeout"/>, and again after another. Does nothing by itself.</summary>
    protected internal virtual void OnAcceptTimeout()
    {
    }

    private static async Task RunAsync(StreamHandler handler)
    {
        try
        {
            await handler.SetupAsync();
            await handler.HandleAsync();
        }
        finally
        {
            await handler.FinishAsync();
        }
    }

    private async Task StartCoreAsync(CancellationToken cancellationToken)
    {
        foreach (SocketUri endpoint in Endpoints.ToArray())
        {
            try
            {
                await _listener.BindAsync(endpoint, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception)
            {
                await _listener.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        _listener.Start(ServeAsync);
        _acceptedAt = _options.Time.GetTimestamp();
        lock (_gate)
        {
            if (_stop is not null || _options.ServiceInterval == Timeout.InfiniteTimeSpan)
            {
                return;
            }

            _service = _options.Time.CreateTimer(static server => ((StreamServer)server!).Serve(), this, _options.ServiceInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task<ListenerStopResult> StopCoreAsync()
    {
        using var enough = new CancellationTokenSource(_options.StopTimeout, _options.Time);
        Task<ListenerStopResult> stop = _listener.StopAsync(enough.Token);
        lock (_gate)
        {
            _service?.Dispose();
            _service = null;
        }

        return await stop.ConfigureAwait(false);
    }

    private async Task ServeAsync(Connection connection)
    {
        if (!await VerifyAsync(connection))
        {
            connection.End(ConnectionEndReason.Rejected, "it was not admitted", default, dropQueued: false);
            return;
        }

        try
        {
            await HandleAsync(connection);
        }
        finally
        {
            await FinishAsync(connection);
        }
    }

    // On the timer's thread; the next time is counted from the end of this one.
    private void Serve()
    {
        try
        {
            OnServiceActions();
            long now = _options.Time.GetTimestamp();
            long accepted = _listener.AcceptedCount;
            if (accepted != _lastAccepted)
            {
                (_lastAccepted, _acceptedAt) = (accepted, now);
            }
            else if (_options.AcceptTimeout != Timeout.InfiniteTimeSpan && _options.Time.GetElapsedTime(_acceptedAt, now) >= _options.AcceptTimeout)
            {
                _acceptedAt = now;
                OnAcceptTimeout();
            }
        }
        catch (Exception exception)
        {
            // The edge: a defect of one service action ends nothing.
            _errors.Tell(error => OnError(connection: null, error), exception);
        }

        lock (_gate)
        {
            _service?.Change(_options.ServiceInterval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Hears what the listener says, for the server and for whom the options name.</summary>
    private sealed class Events(StreamServer server) : ListenerEvents
    {
        private ListenerEvents? Outer => server._options.Events;

        protected internal override void AcceptPaused(SocketUri endpoint, SocketException error) => Outer?.AcceptPaused(endpoint, error);

        protected internal override void AcceptResumed(SocketUri endpoint) => Outer?.AcceptResumed(endpoint);

        protected internal override void AcceptEnded(SocketUri endpoint, SocketException error) => Outer?.AcceptEnded(endpoint, error);

        protected internal override void AcceptFailed(SocketUri endpoint, Exception error)
        {
            Outer?.AcceptFailed(endpoint, error);
            server.OnError(connection: null, error);
        }

        protected internal override void Refused(EndPoint? peer, RefusalReason reason, int count) => Outer?.Refused(peer, reason, count);

        protected internal override void AddressMissing(SocketUri endpoint, SocketException error) => Outer?.AddressMissing(endpoint, error);

        protected internal override void ConnectionEnded(Connection connection) => Outer?.ConnectionEnded(connection);

        protected internal override void HandlerFailed(Connection connection, Exception error)
        {
            Outer?.HandlerFailed(connection, error);
            server.OnError(connection, error);
        }
    }
}
