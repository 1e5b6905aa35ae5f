using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>
/// One accepted connection, whatever it speaks: its bytes in, its send queue, and how it ends.
/// </summary>
internal sealed class ChatConnection : IDisposable
{
    private const int ReceiveBytes = 2_048;

    // A flood that is always ready must not keep a loop from its other connections.
    private const int ReceivesPerTurn = 8;

    private readonly Socket _socket; // ours, from accept until Dispose
    private readonly ChatOptions _options;
    private readonly TimeProvider _time;
    private readonly SynchronizationContext? _home = SynchronizationContext.Current;
    private readonly CancellationTokenSource _stop;
    private readonly byte[] _buffer = new byte[ReceiveBytes]; // the kernel's while a receive is in flight
    private readonly Action _named;
    private Task<int>? _first;
    private int _receives;
    private bool _sawEnd;
    private volatile string? _endReason;

    public ChatConnection(Socket socket, long id, ChatOptions options, TimeProvider time, ConnectionLog log, Action named)
    {
        _socket = socket;
        Id = id;
        _options = options;
        _time = time;
        Log = log;
        _named = named;
        SendQueue = new SendQueue(socket, options.MaxQueuedBytes);
        _stop = new CancellationTokenSource(options.NameWait, time);
    }

    public long Id { get; }

    public ConnectionLog Log { get; }

    public SendQueue SendQueue { get; }

    /// <summary>The server's whole work on this connection; ends when it is closed.</summary>
    public Task Served { get; set; } = Task.CompletedTask;

    /// <summary>Why the server's side ended it; null when it did not.</summary>
    public string? EndReason => _endReason;

    /// <summary>What came first, for whoever must guess the protocol. They are still to be received.</summary>
    public ReadOnlySpan<byte> FirstBytes =>
        _first is { IsCompletedSuccessfully: true } first ? _buffer.AsSpan(0, first.Result) : default;

    /// <summary>Whether everything that was due has been handed to the kernel; set by <see cref="CloseAsync"/>.</summary>
    public bool IsDrained { get; private set; }

    public bool HasName { get; private set; }

    /// <summary>The person has a name now: the time for that is over.</summary>
    public void Named()
    {
        HasName = true;
        _stop.CancelAfter(Timeout.InfiniteTimeSpan);
        _named();
    }

    /// <summary>Waits for the first bytes, but not longer; true when something (or the end) came.</summary>
    public async Task<bool> FirstBytesAsync(TimeSpan wait)
    {
        _first = _socket.ReceiveAsync(_buffer, SocketFlags.None, _stop.Token).AsTask();
        if (_first.IsCompleted || wait == TimeSpan.Zero)
        {
            return _first.IsCompleted;
        }

        using var silence = new CancellationTokenSource();
        Task late = Task.Delay(wait, _time, silence.Token);
        bool came = await Task.WhenAny(_first, late) == _first;
        silence.Cancel(); // takes its timer back
        return came;
    }

    /// <summary>
    /// Receives; the count is for <see cref="Received"/>, zero means that the client sends no more. Throws
    /// OperationCanceledException once the server's side has ended the connection.
    /// </summary>
    public async ValueTask<int> ReceiveAsync()
    {
        if (++_receives % ReceivesPerTurn == 0)
        {
            await Task.Yield();
        }

        int received;
        if (_first is { } first)
        {
            _first = null;
            received = await first;
        }
        else
        {
            received = await _socket.ReceiveAsync(_buffer, SocketFlags.None, _stop.Token);
        }

        _sawEnd = received == 0;
        return received;
    }

    public ReadOnlySpan<byte> Received(int count) => _buffer.AsSpan(0, count);

    /// <summary>Whoever talks faster than it reads its own echo is not read until it has caught up.</summary>
    public async ValueTask CatchUpAsync()
    {
        Task belowHalf = SendQueue.BelowHalfAsync();
        if (!belowHalf.IsCompleted)
        {
            await belowHalf.WaitAsync(_stop.Token);
        }
    }

    /// <summary>
    /// Ends the connection from the server's side: last words, then the reader is woken, from elsewhere, as the caller may
    /// hold the hub's lock.
    /// </summary>
    public void End(string reason, ReadOnlyMemory<byte> lastWords, bool dropWaiting)
    {
        _endReason ??= reason;
        SendQueue.Complete(lastWords, dropWaiting);
        if (_home is not null)
        {
            _home.Post(static state => ((ChatConnection)state!).StopReading(), this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.StopReading(), this, preferLocal: false);
        }
    }

    /// <summary>
    /// Sends what is due, tells the client that nothing follows, and waits a little for it to close as well. The reader
    /// must have ended. Whether it all went out is <see cref="IsDrained"/>.
    /// </summary>
    public async Task CloseAsync(ReadOnlyMemory<byte> lastWords = default)
    {
        SendQueue.Complete(lastWords);
        try
        {
            if (!await SendQueue.Done.WaitAsync(_options.DrainWait, _time))
            {
                return;
            }

            _socket.Shutdown(SocketShutdown.Send);
            IsDrained = true;
            if (!_sawEnd)
            {
                using var enough = new CancellationTokenSource(_options.CloseWait, _time);
                while (await _socket.ReceiveAsync(_buffer, SocketFlags.None, enough.Token) != 0)
                {
                }
            }
        }
        catch (SocketException e)
        {
            IsDrained &= e.SocketErrorCode != SocketError.ConnectionReset; // a reset throws away what the other end has not received
            Log.NotDrained(e.Message);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            Log.NotDrained(e.Message);
        }
    }

    /// <summary>Closes at once; whatever waits on the socket ends with an error.</summary>
    public void Abort() => _socket.Dispose();

    public void Dispose()
    {
        _socket.Dispose();
        _stop.Dispose();
    }

    private void StopReading()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection ended by itself in the meantime.
        }
    }
}
