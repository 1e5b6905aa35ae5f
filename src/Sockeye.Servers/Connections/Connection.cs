using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// One accepted connection: its bytes in and out, who is at the other end, and how it ends.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>It is served in one of three ways: by the pipe (<see cref="Input"/> and <see cref="Output"/>); by
/// <see cref="Receive"/> and <see cref="Send"/>, which block, on a thread of its own; or by calls on <see cref="Socket"/> itself.</item>
/// <item>One reads and one writes at a time. Who writes by <see cref="TrySend(ReadOnlyMemory{byte})"/>, which any thread may
/// call, does not write to Output beside it.</item>
/// <item>It ends when its handler ends. What is queued goes out then, and the last words; then the end of the stream; then it
/// is read for a little, and closed.</item>
/// <item>It may be ended before, from any thread: <see cref="Close"/> and the limits end the handler's reads, and
/// give it time to come to its end; <see cref="Abort"/> resets the connection at once.</item>
/// <item>The first reason for its end is the one that it keeps.</item>
/// </list>
/// </remarks>
public sealed class Connection : IDuplexPipe, ITransport, IAsyncDisposable
{
    private readonly ListenerOptions _options;
    private readonly Listener? _listener; // null of a client's
    private readonly SocketPipeOptions _pipeOptions;
    private readonly SendBound _bound;
    private readonly Lock _gate = new();
    private readonly long _start;

    // Of a thread: the same socket once more, whose Dispose ends a receive that blocks. shutdown(2) would do that too, but from
    // then on TCP answers the peer's next byte with a reset once our half is shut (net/ipv4/tcp_input.c,
    // tcp_rcv_state_process), and the answers that are on their way are gone.
    private readonly Socket? _receiver;

    // Under the gate, as all that changes by several threads.
    private SocketPipe? _pipe;
    private ConnectionInput? _input;
    private CancellationTokenSource? _stopping;
    private Queue<ReadOnlyMemory<byte>>? _queue;
    private long _queueBytes;
    private Task? _drain;
    private TaskCompletionSource? _room;
    private Task? _finish;
    private ReadOnlyMemory<byte> _lastWords;
    private bool _isStopping; // the listener stops, or this side has ended it
    private bool _isClosing; // this side has ended it: nothing more is read, nothing more queued
    private bool _isAborted;
    private bool _isLost; // a send has failed, or the writer was completed: nothing more can be sent
    private bool _usesCalls; // Receive and Send
    private long _closeBy;

    private long _received; // by Receive
    private long _sent; // by Send
    private long _activity; // when bytes last moved, as the sweep saw it
    private long _seenReceived;
    private long _seenSent;
    private string? _peerName;

    internal Connection(Listener listener, Socket socket, long id, EndPoint? peer, (AddressCounter.Key Address, AddressCounter.Key Network) keys, EventLoop? loop, bool hasThread)
    {
        _listener = listener;
        _options = listener.Options;
        _pipeOptions = listener.PipeOptions;
        _bound = new SendBound(_options.MaxQueuedBytes);
        Socket = socket;
        Id = id;
        RemoteEndPoint = peer;
        Keys = keys;
        Loop = loop;
        _start = _activity = _options.Time.GetTimestamp();
        if (hasThread)
        {
            _receiver = socket.Duplicate();
        }
    }

    /// <summary>One that this side has made.</summary>
    internal Connection(ListenerOptions options, Socket socket, long id)
    {
        _options = options;
        _pipeOptions = options.CreatePipeOptions();
        _bound = new SendBound(options.MaxQueuedBytes);
        Socket = socket;
        Id = id;
        RemoteEndPoint = socket.TryGetRemoteEndPoint().TryGetValue(out EndPoint? peer) ? peer : null; // lost already, perhaps
        Loop = EventLoop.Current;
        _start = _activity = options.Time.GetTimestamp();
    }

    /// <summary>Its number: 1 and up, in the order of accepting, unique in its listener.</summary>
    public long Id { get; }

    /// <summary>The socket, for its options and addresses; for transfers only where the pipe is not used. The connection closes it.</summary>
    public Socket Socket { get; }

    /// <summary>The other end's address; null when it was gone before it was accepted.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The loop that it belongs to; null on the pool and on threads.</summary>
    public EventLoop? Loop { get; }

    /// <summary>What to call the other end in a log: its address, or on a Unix socket without a name, the connection's number: <c>unix#17</c>.</summary>
    public string PeerName => _peerName ??= RemoteEndPoint switch
    {
        null => string.Create(CultureInfo.InvariantCulture, $"gone#{Id}"), // reset before it was accepted
        UnixEndPoint { IsUnnamed: true } => string.Create(CultureInfo.InvariantCulture, $"unix#{Id}"),
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } ip => new IPEndPoint(ip.Address.MapToIPv4(), ip.Port).ToString(),
        var peer => peer.ToString() is { Length: > 0 } name ? name : string.Create(CultureInfo.InvariantCulture, $"unix#{Id}"),
    };

    /// <summary>
    /// What the peer sends, until its end, or the end that this side has put to it. Made by the first use of Input or Output, of
    /// a stream socket.
    /// </summary>
    public PipeReader Input
    {
        get
        {
            _ = Pipe;
            return _input!;
        }
    }

    /// <summary>What the peer is sent. Completing it sends the end of the stream; completing it with an exception makes the end a reset.</summary>
    public PipeWriter Output => Pipe.Output;

    /// <summary>Why it has ended, or is ending.</summary>
    public ConnectionEndReason EndReason { get; private set; }

    /// <summary>The reason in words, where somebody gave some: the text of <see cref="Close"/>, what the kernel said.</summary>
    public string? EndMessage { get; private set; }

    /// <summary>Whether the kernel has taken everything that was due. False until it has ended.</summary>
    public bool IsDrained { get; private set; }

    /// <summary>Whether the listener stops, or this side has ended the connection: time to come to an end.</summary>
    public bool IsStopping => Volatile.Read(ref _isStopping);

    /// <summary>Canceled when <see cref="IsStopping"/> becomes true: for waits of the handler's other than reads, which end by themselves.</summary>
    public CancellationToken Stopping
    {
        get
        {
            lock (_gate)
            {
                if (_stopping is null)
                {
                    _stopping = new CancellationTokenSource();
                    if (_isStopping)
                    {
                        _stopping.Cancel();
                    }
                }

                return _stopping.Token;
            }
        }
    }

    /// <summary>How many bytes were received, as far as this connection moves them.</summary>
    public long BytesReceived => (_pipe?.BytesReceived ?? 0) + Volatile.Read(ref _received);

    /// <summary>How many bytes the kernel has taken, as far as this connection moves them.</summary>
    public long BytesSent => (_pipe?.BytesSent ?? 0) + Volatile.Read(ref _sent);

    /// <summary>How many bytes wait to be sent: what <see cref="TrySend(ReadOnlyMemory{byte})"/> has queued, and what the pipe has.</summary>
    public long QueuedBytes => Volatile.Read(ref _queueBytes) + (_pipe?.UnsentBytes ?? 0);

    /// <summary>What accepted it.</summary>
    internal Listener Listener => _listener ?? throw new InvalidOperationException("Nobody accepted this connection: it was made.");

    internal (AddressCounter.Key Address, AddressCounter.Key Network) Keys { get; }

    // The listener's list, under its lock.
    internal Connection? Next { get; set; }

    internal Connection? Previous { get; set; }

    private SocketPipe Pipe
    {
        get
        {
            if (Volatile.Read(ref _pipe) is { } pipe)
            {
                return pipe;
            }

            lock (_gate)
            {
                if (_pipe is null)
                {
                    ObjectDisposedException.ThrowIf(_finish is not null || _isAborted, this);
                    if (_usesCalls)
                    {
                        throw new InvalidOperationException("This connection is served by Receive and Send; it has no pipe beside them.");
                    }

                    var made = new SocketPipe(Socket, _pipeOptions);
                    _input = new ConnectionInput(made);
                    if (_isClosing)
                    {
                        _input.EndAt(0);
                    }
                    else if (_isStopping && _options.EndsReadsOnStop)
                    {
                        _input.EndAt(Available());
                    }

                    Volatile.Write(ref _pipe, made);
                }

                return _pipe;
            }
        }
    }

    /// <summary>recv(2): waits for bytes, and blocks the thread for as long. For <see cref="ConnectionDispatch.ThreadPerConnection"/> alone.</summary>
    /// <param name="buffer">Where they go.</param>
    /// <returns>How many; 0 when the peer has sent its end, or this side has ended the connection: the handler is to return.</returns>
    /// <exception cref="SocketException">ConnectionReset, and what else ends a connection.</exception>
    /// <exception cref="InvalidOperationException">The connection has no thread of its own, or has a pipe.</exception>
    public int Receive(Span<byte> buffer)
    {
        Socket receiver = Receiver();
        while (!_isClosing && !_isAborted)
        {
            // When the stop has come, what is there already is still given.
            bool isLast = IsStopping;
            SocketResult<int> result;
            try
            {
                result = isLast ? Socket.TryReceive(buffer, SocketFlags.DontWait) : receiver.TryReceive(buffer);
            }
            catch (ObjectDisposedException) when (!isLast && IsStopping)
            {
                continue; // woken by the stop
            }

            if (result.TryGetValue(out int count))
            {
                Volatile.Write(ref _received, _received + count);
                return count;
            }

            if (isLast && result.WouldBlock)
            {
                return 0;
            }

            if (isLast || !IsStopping || result.Error is not (SocketError.OperationAborted or SocketError.Interrupted))
            {
                throw Error("receive", result);
            }
        }

        return 0;
    }

    /// <summary>send(2): sends all of it, and blocks the thread until the kernel has taken it. For <see cref="ConnectionDispatch.ThreadPerConnection"/> alone.</summary>
    /// <param name="bytes">What is sent.</param>
    /// <exception cref="SocketException">ConnectionReset, Shutdown (EPIPE), and what else ends a connection.</exception>
    /// <exception cref="InvalidOperationException">The connection has no thread of its own, or has a pipe.</exception>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        _ = Receiver();
        SocketResult<int> result = Socket.TrySendAll(bytes);
        Volatile.Write(ref _sent, _sent + result.BytesTransferred);
        if (!result.IsSuccess)
        {
            throw Error("send", result);
        }
    }

    /// <summary>Queues a message, and never waits. Any thread may call.</summary>
    /// <param name="message">The bytes, which must not change until they are sent; many connections may share them.</param>
    /// <returns>
    /// False when <see cref="ListenerOptions.MaxQueuedBytes"/> would be exceeded: nothing is queued. When no more than half of
    /// it waits, one message is taken, however long it is. True also when the connection is ending, or lost: it is dropped with it.
    /// </returns>
    public bool TrySend(ReadOnlyMemory<byte> message) => TrySend(message.Span, message, shared: null);

    /// <summary>Queues a copy of a message, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The message.</param>
    /// <returns>As the other overload.</returns>
    public bool TrySend(ReadOnlySpan<byte> bytes) => TrySend(bytes, message: null, shared: null);

    /// <summary>Queues a message that many get, and never waits. Any thread may call.</summary>
    /// <param name="bytes">The message; dispose your own share when all have been given theirs.</param>
    /// <returns>As the other overload.</returns>
    public bool TrySend(SharedBytes bytes) => TrySend(bytes.Memory.Span, message: null, bytes);

    /// <summary>
    /// Waits until no more than half of <see cref="ListenerOptions.MaxQueuedBytes"/> is queued, or nothing can be sent any more:
    /// whoever asks faster than it reads the answers is asked to read first.
    /// </summary>
    /// <returns>Complete when there is room.</returns>
    public ValueTask WaitToSendAsync()
    {
        lock (_gate)
        {
            if (_bound.HasRoom(QueuedBytes) || _isClosing || _isAborted || _isLost || _finish is not null)
            {
                return default;
            }

            _drain ??= StartDrain(_pipe!); // bytes wait, so there is a pipe

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask(_room.Task);
        }
    }

    /// <summary>
    /// Ends the connection in good order, from any thread, and does not wait: what the handler reads is at its end; when the
    /// handler has ended, what is queued goes out, then the last words, then the end of the stream. A handler that has not
    /// ended within <see cref="ListenerOptions.CloseTimeout"/> is cut short by a reset.
    /// </summary>
    /// <param name="message">Why, for <see cref="EndMessage"/>.</param>
    /// <param name="lastWords">What the peer hears last; empty, the default, is <see cref="ListenerOptions.LastWords"/>.</param>
    /// <param name="dropQueued">
    /// Whether the last words go out instead of what <see cref="TrySend(ReadOnlyMemory{byte})"/> has queued. What the pipe has
    /// taken already, 64 KiB at most, still comes first, and whole messages of it.
    /// </param>
    public void Close(string? message = null, ReadOnlyMemory<byte> lastWords = default, bool dropQueued = false) =>
        End(ConnectionEndReason.Closed, message, lastWords, dropQueued);

    /// <summary>Resets the connection, from any thread: what is queued is dropped, and whatever the handler waits for on it ends with an error.</summary>
    /// <param name="message">Why, for <see cref="EndMessage"/>.</param>
    public void Abort(string? message = null) => Cut(ConnectionEndReason.Aborted, message);

    /// <summary>
    /// Ends the connection in good order, and waits for that: for who took it by <see cref="Listener.AcceptAsync"/>, or does
    /// not leave it to the end of the handler. Twice is once.
    /// </summary>
    /// <returns>Complete when the socket is closed.</returns>
    public ValueTask DisposeAsync() => new(FinishAsync());

    /// <summary>As <c>127.0.0.1:40000 (#17)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{PeerName} (#{Id})");

    /// <summary>The listener stops: what has come is still given to the handler, and then the end.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            if (_isStopping || _finish is not null)
            {
                return;
            }

            SetEnd(ConnectionEndReason.Stopping, message: null);
            TellStopping();
            if (_input is null || !_options.EndsReadsOnStop)
            {
                return;
            }
        }

        // What a ring has received and the loop has not looked at yet is counted on the loop's thread only.
        if (Loop is null || ReferenceEquals(EventLoop.Current, Loop))
        {
            EndReads();
        }
        else
        {
            Loop.Post(static connection => ((Connection)connection!).EndReads(), this);
        }
    }

    internal void End(ConnectionEndReason reason, string? message, ReadOnlyMemory<byte> lastWords, bool dropQueued)
    {
        lock (_gate)
        {
            if (_isClosing || _isAborted || _finish is { IsCompleted: true })
            {
                return;
            }

            SetEnd(reason, message);
            _isClosing = true;
            _lastWords = lastWords;
            _closeBy = _options.Time.GetTimestamp() + (long)(_options.CloseTimeout.TotalSeconds * _options.Time.TimestampFrequency);
            if (dropQueued && _queue is not null)
            {
                _queue.Clear();
                _queueBytes = 0;
            }

            if (!_isStopping)
            {
                TellStopping();
            }

            TellRoom();
        }

        _input?.EndAt(0);
    }

    internal void Cut(ConnectionEndReason reason, string? message)
    {
        lock (_gate)
        {
            if (_isAborted || _finish is { IsCompleted: true })
            {
                return;
            }

            SetEnd(reason, message);
            _isAborted = true;
            _queue = null;
            _queueBytes = 0;
            if (!_isStopping)
            {
                TellStopping();
            }

            TellRoom();
        }

        Reset();
    }

    /// <summary>The handler threw. What comes of the connection's own end is no failure of the handler's.</summary>
    /// <returns>Whether it is one.</returns>
    internal bool Failed(Exception exception)
    {
        lock (_gate)
        {
            if (exception is SocketException or OperationCanceledException or ObjectDisposedException or IOException && (_isAborted || _isStopping))
            {
                return false;
            }

            SocketException? loss = exception as SocketException ?? (exception as IOException)?.InnerException as SocketException;
            if (loss is not null && IsLoss(loss.SocketErrorCode))
            {
                SetEnd(ConnectionEndReason.Lost, loss.Message);
                return false;
            }

            SetEnd(ConnectionEndReason.Failed, exception.Message);
            return true;
        }
    }

    /// <summary>What a limit is measured by, and the limits. On the sweep's thread.</summary>
    internal void Check(long now)
    {
        TimeProvider time = _options.Time;
        bool isLate;
        lock (_gate)
        {
            isLate = _closeBy != 0 && now >= _closeBy && _finish is null;
        }

        if (isLate)
        {
            Cut(ConnectionEndReason.Aborted, "its handler did not end in time");
            return;
        }

        if (_isClosing || _finish is not null || !TrySample(out long received, out long sent))
        {
            return;
        }

        if (Note(received, sent))
        {
            _activity = now;
        }

        if (received == 0 && IsOver(_options.FirstByteTimeout, _start))
        {
            End(ConnectionEndReason.FirstByteTimeout, "it said nothing", default, dropQueued: false);
        }
        else if (IsOver(_options.IdleTimeout, _activity))
        {
            End(ConnectionEndReason.IdleTimeout, "idle for too long", default, dropQueued: false);
        }

        bool IsOver(TimeSpan limit, long since) => limit != Timeout.InfiniteTimeSpan && time.GetElapsedTime(since, now) >= limit;
    }

    /// <summary>What is due, the end of the stream, the peer's end, and the socket's. The handler has ended.</summary>
    internal Task FinishAsync()
    {
        lock (_gate)
        {
            if (_finish is null)
            {
                // Whoever comes now sees that the end has begun, before anything of it is awaited.
                var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _finish = end.Task;
                SetEnd(ConnectionEndReason.Finished, message: null);
                _ = EndAsync(end);
            }

            return _finish;
        }
    }

    // The message, if it stands until it is sent.
    private bool TrySend(ReadOnlySpan<byte> bytes, ReadOnlyMemory<byte>? message, SharedBytes? shared)
    {
        lock (_gate)
        {
            if (_isClosing || _isAborted || _isLost || _finish is not null)
            {
                return true;
            }

            SocketPipe pipe = Pipe; // under the gate again, which is the thread's already
            if (!_bound.Takes(_queueBytes + pipe.UnsentBytes, bytes.Length))
            {
                return false;
            }

            if (_drain is not null)
            {
                _queue ??= new Queue<ReadOnlyMemory<byte>>();
                _queue.Enqueue(message ?? bytes.ToArray());
                _queueBytes += bytes.Length;
                return true;
            }

            if (!Write(pipe, bytes, shared))
            {
                _drain = StartDrain(pipe);
            }
        }

        return true;
    }

    // Under the gate, or when nobody else is there. False when the pipe has enough for now.
    private bool Write(SocketPipe pipe, ReadOnlySpan<byte> message, SharedBytes? shared = null)
    {
        try
        {
            if (shared is { } bytes)
            {
                pipe.Write(bytes);
            }
            else
            {
                System.Buffers.BuffersExtensions.Write(pipe.Output, message);
            }

            return pipe.TryFlush();
        }
        catch (Exception exception) when (exception is SocketException or InvalidOperationException)
        {
            // Lost: the reads tell it. Or the writer was completed: nothing is sent behind the end.
            _isLost = true;
            return true;
        }
    }

    // Where the connection lives, and not where the sender does, whose loop may end before this one.
    private Task StartDrain(SocketPipe pipe) =>
        Loop is not null && ReferenceEquals(EventLoop.Current, Loop) ? DrainAsync(pipe) : Task.Run(() => DrainAsync(pipe));

    // Moves the queue into the pipe as the peer reads. One at a time; it ends when the queue is empty.
    private async Task DrainAsync(SocketPipe pipe)
    {
        await Task.Yield(); // what it does first is done outside of the gate
        while (true)
        {
            try
            {
                await pipe.Output.FlushAsync();
            }
            catch (Exception exception) when (exception is SocketException or InvalidOperationException or ObjectDisposedException)
            {
                // Nothing can be sent any more.
                lock (_gate)
                {
                    _isLost = true;
                    _queue = null;
                    _queueBytes = 0;
                    TellRoom();
                    return;
                }
            }

            lock (_gate)
            {
                bool hasRoom = true;
                while (hasRoom && _queue is { Count: > 0 })
                {
                    ReadOnlyMemory<byte> message = _queue.Dequeue();
                    _queueBytes -= message.Length;
                    hasRoom = Write(pipe, message.Span);
                }

                if (_bound.HasRoom(QueuedBytes))
                {
                    TellRoom();
                }

                if (hasRoom && _queue is not { Count: > 0 })
                {
                    _queue = null;
                    _drain = null;
                    TellRoom();
                    return;
                }
            }
        }
    }

    private async Task EndAsync(TaskCompletionSource end)
    {
        await Task.Yield(); // outside of the gate
        try
        {
            ReadOnlyMemory<byte> words = Words();
            if (_isAborted)
            {
                Reset();
            }
            else if (_pipe is { } pipe)
            {
                await EndPipeAsync(pipe, words);
            }
            else
            {
                IsDrained = await SocketEnd.RunAsync(Socket, words, _options, EndReason == ConnectionEndReason.Stopping);
            }

            if (!IsDrained)
            {
                Cut(ConnectionEndReason.Aborted, "not all could be sent");
            }

            if (TrySample(out long received, out long sent))
            {
                Note(received, sent);
            }

            if (_pipe is not null)
            {
                await _pipe.DisposeAsync();
            }
        }
        finally
        {
            _receiver?.Dispose();
            Socket.Dispose();
            end.TrySetResult();
            _listener?.Leave(this);
        }
    }

    private ReadOnlyMemory<byte> Words()
    {
        ReadOnlyMemory<byte> words = _lastWords;
        return words.IsEmpty && EndReason is ConnectionEndReason.FirstByteTimeout or ConnectionEndReason.IdleTimeout or ConnectionEndReason.Stopping
            or ConnectionEndReason.Closed or ConnectionEndReason.Rejected
            ? LastWordsOfOptions() : words;
    }

    private ReadOnlyMemory<byte> LastWordsOfOptions()
    {
        try
        {
            return _options.LastWords?.Invoke(EndReason) ?? default;
        }
        catch (Exception exception)
        {
            // The edge: without the words, it ends as it would with them.
            _listener?.Events?.HandlerFailed(this, exception);
            return default;
        }
    }

    private async Task EndPipeAsync(SocketPipe pipe, ReadOnlyMemory<byte> words)
    {
        Task sent = SendRestAsync(pipe, words);
        if (!await Waits.EndsWithinAsync(sent, _options.Time, _options.CloseTimeout))
        {
            Cut(ConnectionEndReason.Aborted, "what was queued did not go out in time");
            await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return;
        }

        try
        {
            await sent;
            IsDrained = !_isAborted;
            await LingerAsync(pipe);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Lost, before or after all was sent: a reset throws away what the other end has not received.
            SetEnd(ConnectionEndReason.Lost, exception.Message);
            IsDrained &= exception is not SocketException { SocketErrorCode: SocketError.ConnectionReset };
        }
        catch (InvalidOperationException)
        {
            // The handler has left a read behind that still waits: nobody else can read.
        }
    }

    private async Task SendRestAsync(SocketPipe pipe, ReadOnlyMemory<byte> words)
    {
        if (_drain is { } drain)
        {
            await drain;
        }

        if (!words.IsEmpty)
        {
            Write(pipe, words.Span);
        }

        await pipe.Output.CompleteAsync();
    }

    // Reads on until the peer's end: not for long, not too much, and at a stop not from one that has everything and is silent.
    private async Task LingerAsync(SocketPipe pipe)
    {
        _input!.Release();
        bool isHurried = EndReason == ConnectionEndReason.Stopping;
        long start = _options.Time.GetTimestamp();
        long before = pipe.BytesReceived;
        for (TimeSpan left = _options.LingerTimeout; left > TimeSpan.Zero && pipe.BytesReceived - before <= SocketEnd.DiscardBytesMax;)
        {
            using IDisposable timer = Waits.Start(
                _options.Time, isHurried && left > SocketEnd.Quiet ? SocketEnd.Quiet : left, pipe.Input.CancelPendingRead);
            ReadResult result = await pipe.Input.ReadAsync();
            bool isQuiet = result.IsCanceled && result.Buffer.IsEmpty;
            pipe.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || _isAborted || (isQuiet && Socket.TryGetUnsentBytes() is not { IsSuccess: true, Value: > 0 }))
            {
                return;
            }

            left = _options.LingerTimeout - _options.Time.GetElapsedTime(start);
        }
    }

    // Under the gate, or when nobody else is there.
    private void SetEnd(ConnectionEndReason reason, string? message)
    {
        if (EndReason is ConnectionEndReason.None or ConnectionEndReason.Finished)
        {
            EndReason = reason;
            EndMessage = message;
        }
    }

    private void TellStopping()
    {
        Volatile.Write(ref _isStopping, true);
        _ = _stopping?.CancelAsync(); // the handler's callbacks run on the pool, not under this gate
        _receiver?.Dispose();
    }

    private void TellRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private void Reset()
    {
        try
        {
            Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // A family without SO_LINGER, or closed already: the end is all that it can be told.
        }

        _receiver?.Dispose();
        Socket.Dispose();
    }

    private Socket Receiver()
    {
        if (_usesCalls)
        {
            return _receiver!;
        }

        lock (_gate)
        {
            _usesCalls = _pipe is null && _receiver is not null;
            return _usesCalls
                ? _receiver!
                : throw new InvalidOperationException("This connection is served by its pipe; Receive and Send block, and are for a thread of its own.");
        }
    }

    private void EndReads() => _input!.EndAt(_pipe!.BytesReceived + Available());

    /// <summary>How much has come that nobody has received.</summary>
    private int Available()
    {
        try
        {
            return Socket.TryGetAvailable() is { IsSuccess: true } available ? available.Value : 0;
        }
        catch (ObjectDisposedException)
        {
            // Aborted meanwhile.
            return 0;
        }
    }

    private bool TrySample(out long received, out long sent)
    {
        received = BytesReceived;
        sent = BytesSent;
        if (_pipe is not null || received + sent != 0)
        {
            return true;
        }

        try
        {
            if (Socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
                && Socket.TryGetOption(TcpOptions.Information) is { IsSuccess: true } information)
            {
                received = (long)information.Value.BytesReceived;
                sent = (long)information.Value.BytesSent;
                return true;
            }
        }
        catch (ObjectDisposedException)
        {
            // Aborted meanwhile.
        }

        return false;
    }

    private bool Note(long received, long sent)
    {
        long moreReceived;
        long moreSent;
        lock (_gate)
        {
            (moreReceived, moreSent) = (received - _seenReceived, sent - _seenSent);
            (_seenReceived, _seenSent) = (received, sent);
        }

        ServerMetrics.Transferred(moreReceived, moreSent);
        return (moreReceived | moreSent) != 0;
    }

    private static bool IsLoss(SocketError error) => error is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown
        or SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown
        or SocketError.HostDown or SocketError.NetworkReset or SocketError.OperationAborted;

    private static SocketException Error(string call, in SocketResult<int> result) =>
        new((int)result.Error, $"{call}: {result.ErrnoName}: {result.ErrnoMessage}");
}
