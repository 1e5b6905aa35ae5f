using System.Net.Sockets;
using System.Runtime.ExceptionServices;

namespace Sockeye.Servers.Protocols;

/// <summary>
/// Keeps a connection to a server: connects, serves it with a <see cref="Protocol"/>, and connects again when it is lost, after
/// waits that grow and differ by chance. What Twisted calls a ClientService.
/// </summary>
/// <typeparam name="TProtocol">The protocol.</typeparam>
/// <example>
/// <code>
/// var client = new ProtocolClient&lt;Ticker&gt;("tcp://ticker.example:4000", () => new Ticker());
/// Task running = client.RunAsync(stop);
/// Ticker ticker = await client.WhenConnectedAsync(stop);
/// </code>
/// </example>
public sealed class ProtocolClient<TProtocol>
    where TProtocol : Protocol
{
    private readonly SocketUri _endpoint;
    private readonly Func<TProtocol> _create;
    private readonly ProtocolClientOptions _options;
    private readonly Lock _gate = new();
    private TaskCompletionSource<TProtocol> _connected = NewConnected();
    private bool _isRunning;
    private long _connections;

    /// <summary>A client that does not run yet.</summary>
    /// <param name="endpoint">An endpoint string: <c>tcp://localhost:8888</c>, <c>unix:/run/x.sock</c>. A name is looked up at each attempt.</param>
    /// <param name="create">Makes a protocol for each connection.</param>
    /// <param name="options">The waits and bounds; null is the defaults. Read as the client runs.</param>
    /// <exception cref="FormatException">The endpoint string is wrong; the message shows where.</exception>
    public ProtocolClient(string endpoint, Func<TProtocol> create, ProtocolClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(create);
        _endpoint = SocketUri.Parse(endpoint);
        _create = create;
        _options = options ?? new ProtocolClientOptions();
    }

    /// <summary>How many connections there were, the one that stands included.</summary>
    public long ConnectionCount => Interlocked.Read(ref _connections);

    /// <summary>The protocol of the connection that stands, or of the next one as soon as it does.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The protocol; it may be lost at any time.</returns>
    /// <exception cref="OperationCanceledException">The token was canceled, or the client has stopped.</exception>
    /// <exception cref="SocketException">The client has given up: <see cref="ProtocolClientOptions.MaxAttempts"/>.</exception>
    public Task<TProtocol> WhenConnectedAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return _connected.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Connects, and keeps connected, until the token is canceled; then closes in good order.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Complete when the last connection is closed.</returns>
    /// <exception cref="SocketException">So many attempts to connect in a row have failed as <see cref="ProtocolClientOptions.MaxAttempts"/> says.</exception>
    /// <exception cref="InvalidOperationException">It runs already.</exception>
    /// <remarks>
    /// What a protocol throws ends its connection, is given to <see cref="ProtocolClientOptions.Retrying"/>, and ends nothing else. While
    /// the client stops, nobody is told that way: then it is thrown, unless it comes of the connection's end.
    /// </remarks>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isRunning)
            {
                throw new InvalidOperationException("The client runs already.");
            }

            _isRunning = true;
            _connected = _connected.Task.IsCompleted ? NewConnected() : _connected;
        }

        Exception end = new OperationCanceledException("The client has stopped.");
        try
        {
            await KeepConnectedAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // As asked for.
        }
        catch (Exception exception)
        {
            end = exception;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _isRunning = false;
                Lose();
                _connected.TrySetException(end);
                _ = _connected.Task.Exception; // nobody need wait for it
            }
        }
    }

    private static TaskCompletionSource<TProtocol> NewConnected() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task KeepConnectedAsync(CancellationToken cancellationToken)
    {
        int attempts = 0; // in a row that have failed
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Exception? reason = null;
            try
            {
                attempts++;
                await using Connection connection = await ConnectAsync(cancellationToken);
                attempts = 0;
                await ServeAsync(connection, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested || exception is SocketException or IOException or ObjectDisposedException)
            {
                reason = exception;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (reason is not null && attempts >= _options.MaxAttempts)
            {
                ExceptionDispatchInfo.Throw(reason);
            }

            // After a connection was lost the waits begin anew.
            TimeSpan delay = Delay(Math.Max(attempts, 1));
            Task wait = Task.Delay(delay, _options.Time, cancellationToken);
            _options.Retrying?.Invoke(reason, delay);
            await wait;
        }
    }

    private async Task<Connection> ConnectAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.ConnectTimeout, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            Socket socket = await _endpoint.ConnectAsync(either.Token);
            return new Connection(_options.Connections, socket, Interlocked.Increment(ref _connections));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut, $"connect {_endpoint}: it took longer than {_options.ConnectTimeout.TotalSeconds:0.###} s");
        }
    }

    private async Task ServeAsync(Connection connection, CancellationToken cancellationToken)
    {
        TProtocol protocol = _create();
        Task serving = protocol.RunAsync(connection);
        using (cancellationToken.UnsafeRegister(static state => ((Connection)state!).Close("the client stops"), connection))
        {
            lock (_gate)
            {
                _connected.TrySetResult(protocol);
            }

            try
            {
                await serving;
            }
            finally
            {
                lock (_gate)
                {
                    Lose();
                }
            }
        }
    }

    // Under the gate: who asks from now on waits for the next connection.
    private void Lose() => _connected = _connected.Task.IsCompleted ? NewConnected() : _connected;

    private TimeSpan Delay(int failures)
    {
        // Beyond a few dozen the power is past any limit, and in the end infinite.
        double seconds = Math.Min(_options.InitialDelay.TotalSeconds * Math.Pow(_options.Factor, failures - 1), _options.MaxDelay.TotalSeconds);
        seconds *= 1 + (_options.Jitter * ((2 * _options.Random.NextDouble()) - 1));
        return TimeSpan.FromSeconds(Math.Clamp(seconds, 0.001, _options.MaxDelay.TotalSeconds));
    }
}
