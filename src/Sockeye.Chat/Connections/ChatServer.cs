using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Sockeye.Chat.Domain;
using Sockeye.Chat.Lines;

namespace Sockeye.Chat.Connections;

/// <summary>
/// The chat on the network: listens, accepts, finds out what a connection speaks, and ends them all in good order.
/// </summary>
/// <remarks>
/// Plain asynchronous code that comes home to its context: correct on the thread pool, and on one event loop when
/// <see cref="Listen(SocketUri)"/> and <see cref="RunAsync"/> are called on that loop.
/// </remarks>
public sealed class ChatServer : IDisposable
{
    private readonly ChatOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LineEncoding _lines;
    private readonly RefusalLog _refusals;
    private readonly Dismissals _dismissals;
    private readonly TurnQueue _turns;
    private readonly SendTurns _sends = new();
    private readonly List<Acceptor> _acceptors = []; // ours, from Listen until RunAsync ends
    private readonly ConcurrentDictionary<long, ChatConnection> _connections = new();
    private long _lastConnection;
    private int _count;
    private int _unnamed;

    /// <summary>A server that listens nowhere yet.</summary>
    public ChatServer(ChatOptions options, TimeProvider time, ILogger logger)
    {
        options.Validate();
        _options = options;
        _time = time;
        _logger = logger;
        _lines = new LineEncoding(time.LocalTimeZone);
        _refusals = new RefusalLog(logger, time);
        _dismissals = new Dismissals(options, _sends, time);
        _turns = new TurnQueue(time, options.TurnTime);
        Hub = new ChatHub(options, time);
    }

    /// <summary>The chat that is served.</summary>
    public ChatHub Hub { get; }

    /// <summary>Connections at this moment.</summary>
    public int Connections => Volatile.Read(ref _count);

    /// <summary>
    /// Binds and listens; connections wait in the backlog until <see cref="RunAsync"/>. Returns the end point with the port
    /// the kernel chose. Throws <see cref="ListenException"/>.
    /// </summary>
    /// <param name="endpoint">
    /// Where, and with which options. Those it does not give are the chat's: its backlog, and of a Unix socket, that it
    /// is for its owner alone (<c>mode=0600</c>) and replaces what a dead server left (<c>unlink=1</c>).
    /// </param>
    public EndPoint Listen(SocketUri endpoint)
    {
        Socket listener = ListenSocket.Open(endpoint, _options.Backlog);
        _acceptors.Add(new Acceptor(listener, _time, _logger));
        EndPoint bound = listener.LocalEndPoint!;
        _logger.Listening(bound.ToString()!);
        return bound;
    }

    /// <summary>As <see cref="Listen(SocketUri)"/>, without options.</summary>
    /// <param name="endPoint">An address; a port of 0 lets the kernel choose.</param>
    public EndPoint Listen(EndPoint endPoint) => Listen(SocketUri.FromEndPoint(endPoint));

    /// <summary>
    /// Serves until <paramref name="stop"/>; then tells everybody, those too who still wait to be accepted, lets what is due
    /// go out for up to <see cref="ChatOptions.DrainWait"/>, and closes what is left.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        Task stopped = StoppedAsync(stop);
        await Task.WhenAll(_acceptors.Select(acceptor => acceptor.RunAsync(Take, stop)));
        await stopped; // where nothing can be accepted any more, those who are in the chat talk on
        await EndAllAsync();
    }

    /// <summary>Listens no more. <see cref="RunAsync"/> does so itself; this is for a server that never ran.</summary>
    public void Dispose()
    {
        _acceptors.ForEach(static acceptor => acceptor.Dispose());
        _acceptors.Clear();
    }

    private static async Task StoppedAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = stop.UnsafeRegister(
            static state => ((TaskCompletionSource)state!).SetResult(), stopped);
        await stopped.Task;
    }

    private void Take(Socket socket)
    {
        string peer = PeerOf(socket);
        string? refusal =
            Volatile.Read(ref _count) >= _options.MaxConnections
                ? $"The chat is full: {_options.MaxConnections} connections. Come back later."
            : Volatile.Read(ref _unnamed) >= _options.MaxUnnamedConnections
                ? $"Too many newcomers at once: {_options.MaxUnnamedConnections} have no name yet. Come back in a minute."
            : null;
        if (refusal is not null)
        {
            _refusals.Refused(peer, refusal);
            _dismissals.Dismiss(socket, LineEncoding.Notice(refusal));
            return;
        }

        Interlocked.Increment(ref _count);
        Interlocked.Increment(ref _unnamed);
        long id = Interlocked.Increment(ref _lastConnection);
        var log = new ConnectionLog(_logger, id, peer);
        log.Accepted();
        var connection = new ChatConnection(socket, id, _options, _time, log, _turns, _sends, () => Interlocked.Decrement(ref _unnamed));
        SetOptions(socket, log);
        _connections[id] = connection;
        connection.Served = ServeAsync(connection);
    }

    private async Task ServeAsync(ChatConnection connection)
    {
        try
        {
            bool hasSpoken = await connection.FirstBytesAsync(_options.FirstBytesWait);
            Task run = ProtocolSniff.Guess(connection.FirstBytes) switch
            {
                WireProtocol.Lines => new LineProtocol(connection, Hub, _lines, _options).RunAsync(hasSpoken),
                _ => throw new InvalidOperationException("a protocol that nobody serves"),
            };
            await run;
            await connection.CloseAsync();
        }
        catch (Exception e)
        {
            connection.Log.Failed(e); // the edge: a defect ends one connection, not the server
        }
        finally
        {
            connection.Dispose();
            if (!connection.HasName)
            {
                Interlocked.Decrement(ref _unnamed);
            }

            Interlocked.Decrement(ref _count);
            _connections.TryRemove(connection.Id, out _);
        }
    }

    private async Task EndAllAsync()
    {
        const string Reason = "The chat is closing.";
        _refusals.Flush();
        _logger.Stopping(Connections);
        Hub.Close(Reason);
        byte[] goodbye = LineEncoding.Notice($"{Reason} Good-bye.");
        ChatConnection[] connections = [.. _connections.Values]; // nothing is served any more that comes now
        foreach (ChatConnection connection in connections)
        {
            connection.End(Reason, goodbye, dropWaiting: false); // for those without a name; the others have heard it
        }

        using var enough = new CancellationTokenSource(_options.DrainWait, _time);
        Task<int> waiting = EndWaitingAsync(goodbye, enough.Token);
        Task all = Task.WhenAll(connections.Select(static connection => connection.Served));
        try
        {
            await all.WaitAsync(_options.DrainWait, _time);
        }
        catch (TimeoutException)
        {
            foreach (ChatConnection connection in connections.Where(static connection => !connection.Served.IsCompleted))
            {
                connection.Abort();
            }

            await all;
        }

        // A connection may give up by itself, at the end of the same wait: only it knows what it has sent.
        int drained = connections.Count(static connection => connection.IsDrained);
        _logger.Stopped(drained, connections.Length - drained, await waiting);
    }

    /// <summary>
    /// Says good-bye to those who wait to be accepted: for them the chat has begun, with a connect that worked. Then nothing
    /// listens any more. Whoever connects between the last look and the close is reset all the same, as Linux knows no way
    /// to refuse newcomers first.
    /// </summary>
    private async Task<int> EndWaitingAsync(byte[] goodbye, CancellationToken enough)
    {
        _dismissals.Widen(_options.MaxConnections - Connections);
        int[] notified = await Task.WhenAll(_acceptors.Select(acceptor => acceptor.DrainAsync(
            socket => _dismissals.DismissAsync(socket, goodbye, enough), _options.Backlog + 1, enough)));
        Dispose();
        await _dismissals.AllEndedAsync();
        return notified.Sum();
    }

    private void SetOptions(Socket socket, ConnectionLog log)
    {
        try
        {
            if (_options.SendBufferBytes > 0)
            {
                socket.SendBufferSize = _options.SendBufferBytes;
            }

            if (socket.AddressFamily is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6))
            {
                return; // the kernel knows at once when the other end of a Unix socket is gone
            }

            socket.NoDelay = true; // lines are merged already; the last one must not wait for an acknowledgement
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Seconds(_options.KeepAliveTime));
            socket.SetSocketOption(
                SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Seconds(_options.KeepAliveInterval));
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, _options.KeepAliveCount);

            const int IpProtoTcp = 6;
            const int TcpUserTimeout = 18;
            int milliseconds = (int)Math.Min(_options.UserTimeout.TotalMilliseconds, int.MaxValue);
            socket.SetRawSocketOption(IpProtoTcp, TcpUserTimeout, BitConverter.GetBytes(milliseconds));
        }
        catch (SocketException e)
        {
            log.OptionNotSet("of keeping alive", e.Message); // a client that is gone already; reading will say so
        }
    }

    private static int Seconds(TimeSpan time) => (int)Math.Clamp(Math.Ceiling(time.TotalSeconds), 1, 32_767);

    private static string PeerOf(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint switch
            {
                IPEndPoint ip => ip.ToString(),
                { AddressFamily: AddressFamily.Unix } => "unix",
                { } other => string.Create(CultureInfo.InvariantCulture, $"{other}"),
                null => "unknown",
            };
        }
        catch (SocketException)
        {
            return "gone"; // reset before it was accepted
        }
    }
}
