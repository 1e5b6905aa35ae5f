using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>One accepted connection, whatever it speaks: its bytes in, its send queue, and how it ends.</summary>
internal sealed class ChatConnection : IDisposable
{
    private const int ReceiveBytes = 2_048;

    // What a client may have sent before it went: about as much as the kernel keeps for us.
    private const int LastReceivesMost = 64;

    private const int ReceiveRetriesMost = 20; // a quarter of a minute, as for sending

    private readonly Socket _socket; // ours, from accept until Dispose
    private readonly ChatOptions _options;
    private readonly TimeProvider _time;
    private readonly SynchronizationContext? _home = SynchronizationContext.Current;
    private readonly CancellationTokenSource _stop;
    private readonly byte[] _buffer = new byte[ReceiveBytes]; // the kernel's while a receive is in flight
    private readonly Action _named;
    private readonly TurnQueue.Share _share;
    private Task<int>? _first;
    private int _lastReceives;
    private bool _sawEnd;
    private volatile string? _lost; // why nothing can be sent any more
    private volatile string? _endReason;

    public ChatConnection(
        Socket socket, long id, ChatOptions options, TimeProvider time, ConnectionLog log, TurnQueue turns, SendTurns sends, Action named)
    {
        _socket = socket;
        Id = id;
        _options = options;
        _time = time;
        Log = log;
        _named = named;
        SendQueue = new SendQueue(SendAsync, SendFailed, options.MaxQueuedBytes, sends, time);
        _share = turns.NewShare();
        _stop = new CancellationTokenSource(options.NameWait, time);
    }

    public long Id { get; }

    public ConnectionLog Log { get; }

    public SendQueue SendQueue { get; }

    /// <summary>All that the server does for this connection; ends when it is closed.</summary>
    public Task Served { get; set; } = Task.CompletedTask;

    /// <summary>Why the server's side ended it; null when it did not.</summary>
    public string? EndReason => _endReason;

    /// <summary>What came first, for whoever must guess the protocol. It is still to be received.</summary>
    public ReadOnlySpan<byte> FirstBytes =>
        _first is { IsCompletedSuccessfully: true } first ? _buffer.AsSpan(0, first.Result) : default;

    /// <summary>Whether everything that was due has been handed to the kernel; set by <see cref="CloseAsync"/>.</summary>
    public bool IsDrained { get; private set; }

    public bool HasName { get; private set; }

    /// <summary>The person has a name now, and need not hurry any more.</summary>
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
    /// OperationCanceledException once the server's side has ended the connection, SocketException when it was lost.
    /// </summary>
    public async ValueTask<int> ReceiveAsync()
    {
        ThrowIfEnded();
        RetryPause? pause = null;
        while (true)
        {
            try
            {
                int received = _lost is null ? await NextBytesAsync() : LastBytes();
                _sawEnd = received == 0;
                return received;
            }
            catch (SocketException e) when (RetryPause.Helps(e.SocketErrorCode) && (pause?.Waits ?? 0) < ReceiveRetriesMost)
            {
                pause ??= new RetryPause(_time);
                await pause.WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_lost is not null && _endReason is null)
            {
                // Woken because sending failed. What the client said before it went is still heard.
            }
        }
    }

    public ReadOnlySpan<byte> Received(int count) => _buffer.AsSpan(0, count);

    /// <summary>
    /// To be awaited between two commands: comes back when the next may run. One that has used up its share of the time
    /// waits for another, and one that asks faster than it reads the replies, until it has read half of them. Throws
    /// OperationCanceledException once the server's side has ended the connection: what was dropped runs no command.
    /// </summary>
    public ValueTask NextCommandAsync()
    {
        ThrowIfEnded();
        return _share.IsSpent || SendQueue.IsAboveHalf ? WaitForNextCommandAsync() : default;
    }

    /// <summary>
    /// Ends the connection from the server's side: queues the last words, and wakes the reader from elsewhere, as the caller
    /// may hold the hub's lock.
    /// </summary>
    public void End(string reason, ReadOnlyMemory<byte> lastWords, bool dropWaiting)
    {
        _endReason ??= reason;
        SendQueue.Complete(lastWords, dropWaiting);
        WakeReader();
    }

    /// <summary>
    /// Sends what is due, tells the client that nothing follows, and waits a little for it to close as well. The reader
    /// must have ended. Whether it all went out is <see cref="IsDrained"/>.
    /// </summary>
    public async Task CloseAsync(ReadOnlyMemory<byte> lastWords = default)
    {
        SendQueue.Complete(lastWords);
        (IsDrained, string? problem) = await OrderlyEnd.RunAsync(_socket, SendQueue, _sawEnd, _buffer, _options, _time);
        if (problem is not null)
        {
            Log.NotDrained(problem);
        }
    }

    /// <summary>Closes at once; whatever waits on the socket ends with an error.</summary>
    public void Abort() => _socket.Dispose();

    public void Dispose()
    {
        _socket.Dispose();
        _stop.Dispose();
    }

    private async ValueTask<int> NextBytesAsync()
    {
        Task<int>? first = _first;
        _first = null;
        ValueTask<int> receive = first is not null ? new(first) : _socket.ReceiveAsync(_buffer, SocketFlags.None, _stop.Token);
        if (receive.IsCompleted)
        {
            return await receive;
        }

        _share.Pause();
        try
        {
            return await receive;
        }
        finally
        {
            _share.Resume();
        }
    }

    /// <summary>What has come already, from a connection at which nothing can be sent.</summary>
    private int LastBytes()
    {
        SocketResult<int> result = _lastReceives++ < LastReceivesMost ? _socket.TryReceive(_buffer, SocketFlags.DontWait) : default;
        if (_lastReceives > LastReceivesMost || result.WouldBlock)
        {
            _endReason ??= _lost;
            ThrowIfEnded();
        }

        return result.Value;
    }

    private async ValueTask WaitForNextCommandAsync()
    {
        if (SendQueue.IsAboveHalf)
        {
            _share.Pause();
            try
            {
                await SendQueue.BelowHalfAsync().WaitAsync(_stop.Token);
            }
            catch (OperationCanceledException) when (_lost is not null && _endReason is null)
            {
                // Nothing can be sent, so nothing waits to be read.
            }

            _share.Resume();
        }

        if (_share.IsSpent)
        {
            await _share.WaitAsync();
        }

        ThrowIfEnded();
    }

    private void ThrowIfEnded()
    {
        if (_endReason is not null)
        {
            throw new OperationCanceledException(_endReason);
        }
    }

    private async ValueTask<SendOutcome> SendAsync(ReadOnlyMemory<byte> bytes) =>
        SendOutcome.Of(await _socket.TrySendAsync(bytes));

    /// <summary>Someone who no longer receives anything is out of the chat, and must not seem to be in it.</summary>
    private void SendFailed(SendOutcome outcome)
    {
        Log.SendFailed(outcome.Problem);
        _lost = ConnectionLoss.Reason(outcome.Error);
        WakeReader();
    }

    private void WakeReader()
    {
        if (_home is not null)
        {
            _home.Post(static state => ((ChatConnection)state!).StopReading(), this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.StopReading(), this, preferLocal: false);
        }
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
