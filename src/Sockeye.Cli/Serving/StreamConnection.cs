using System.Buffers;
using System.Net.Sockets;

namespace Sockeye.Cli.Serving;

// Both styles are this one code. On the loop it awaits the asynchronous calls. On a thread of its own it makes the
// synchronous ones, whose value tasks are complete when they are returned, so that it runs through without ever leaving
// the thread.

/// <summary>One connection: receives, has it answered, sends the answer, and only then receives again.</summary>
internal sealed class StreamConnection : IDisposable
{
    // A loop serves others after so many messages of one; a thread has nobody else to serve.
    private const int MessagesPerTurn = 16;

    // An answer's memory is kept for the next one up to this many times the buffer.
    private const int AnswerKept = 2;

    // How long a connection that this side ends is read on: what is closed with bytes unread is reset by the kernel, and
    // a reset takes the last answers with it (RFC 2525, 2.17).
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);

    private readonly ServedProgram _program;
    private readonly ServeOptions _options;
    private readonly ServeEvents _events;
    private readonly TimeProvider _time;
    private readonly Socket _socket; // ours, until Dispose
    private readonly byte[] _buffer;
    private readonly bool _isMessages; // SOCK_SEQPACKET: a receive is a message, and may be cut
    private readonly long _start;
    private ArrayBufferWriter<byte> _answer = new();
    private long _received;
    private long _sent;
    private int? _left;
    private volatile bool _isStopping;

    public StreamConnection(Socket socket, string peer, ServedProgram program, ServeOptions options, ServeEvents events, TimeProvider time)
    {
        (_socket, Peer, _program, _options, _events, _time) = (socket, peer, program, options, events, time);
        _buffer = GC.AllocateUninitializedArray<byte>(options.BufferBytes ?? ServeOptions.StreamBufferBytes);
        _isMessages = socket.SocketType == SocketType.Seqpacket;
        _start = time.GetTimestamp();
        _socket.Timeout = options.Idle;
        _socket.TrySetOption(TcpOptions.NoDelay, true); // not of TCP, or gone already: reading will say so
    }

    public string Peer { get; }

    /// <summary>Complete when it has ended.</summary>
    public Task Served { get; set; } = Task.CompletedTask;

    /// <summary>Whether all that was due went out.</summary>
    public bool IsDrained { get; private set; }

    /// <summary>Runs to the end.</summary>
    /// <returns>False when the program cannot go on, and neither can the server.</returns>
    public async Task<bool> RunAsync()
    {
        End end;
        try
        {
            end = await TalkAsync();
            IsDrained = end.IsOrderly;
            if (end.IsOrderly)
            {
                await CloseAsync(end);
            }
        }
        catch (ObjectDisposedException)
        {
            end = End.Aborted;
        }

        Dispose();
        _events.Disconnected(Peer, end.Reason, _received, _sent, _time.GetElapsedTime(_start));
        return end != End.NoOutput;
    }

    /// <summary>
    /// Lets it come to its end: what has been received already is answered, and no more. Any thread may call.
    /// </summary>
    public void Stop()
    {
        _isStopping = true;
        try
        {
            _socket.TryShutdown(SocketShutdown.Receive); // wakes it, on the loop and on a thread
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in the meantime.
        }
    }

    /// <summary>Closes at once; whatever waits on the socket ends.</summary>
    public void Abort() => _socket.Dispose();

    public void Dispose() => _socket.Dispose();

    private async ValueTask<End> TalkAsync()
    {
        if (!_program.Welcome.IsEmpty && await SendAsync(_program.Welcome) is { } unwelcome)
        {
            return unwelcome;
        }

        for (uint messages = 1; ; messages++)
        {
            int room = _isStopping ? Math.Min(_buffer.Length, _left ??= Waiting()) : _buffer.Length;
            if (room == 0)
            {
                return End.Stopped;
            }

            SocketResult<ReceivedMessage> result = default;
            SocketResult<int> received = _isMessages ? default : await ReceiveAsync(room);
            if (_isMessages)
            {
                result = await ReceiveMessageAsync();
            }

            if (!(_isMessages ? result.IsSuccess : received.IsSuccess))
            {
                return _isMessages ? End.Of(result.Error, result.ErrnoName) : End.Of(received.Error, received.ErrnoName);
            }

            int length = _isMessages ? result.Value.Length : received.Value;
            if (length == 0)
            {
                return _isStopping ? End.Stopped : End.OfPeer;
            }

            int cut = _isMessages ? result.Value.BytesLost : 0;
            _received += length + cut;
            _left -= length + cut;
            if (!_events.Received(Peer, _buffer.AsSpan(0, length), cut))
            {
                return End.NoOutput;
            }

            bool goesOn = _program.Answer(_buffer.AsSpan(0, length), _answer);
            if (_answer.WrittenCount > 0 && await SendAsync(_answer.WrittenMemory) is { } unsent)
            {
                return unsent;
            }

            if (!goesOn)
            {
                return End.ByProgram;
            }

            ForgetAnswer();
            if (!_options.Threads && messages % MessagesPerTurn == 0)
            {
                await Task.Yield();
            }
        }
    }

    private void ForgetAnswer()
    {
        _answer.ResetWrittenCount();
        if (_answer.Capacity > AnswerKept * _buffer.Length)
        {
            _answer = new();
        }
    }

    // What is there when the stop comes was sent before it, and is answered; what comes later is not.
    private int Waiting() => Math.Max(0, _socket.TryGetAvailable().TryGetValue(out int bytes) ? bytes : 0);

    /// <returns>Null when it is out, or let go; else how the connection ended.</returns>
    private async ValueTask<End?> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        SocketResult<int> result = _options.Threads ? _socket.TrySendAll(bytes.Span) : await _socket.TrySendAllAsync(bytes);
        _sent += result.IsSuccess ? bytes.Length : result.BytesTransferred;
        if (!result.IsSuccess && _isMessages && result.Error == SocketError.MessageSize)
        {
            _events.Dropped(Peer, bytes.Length, "it is longer than a message may be");
            return null;
        }

        if (!result.IsSuccess)
        {
            return End.Of(result.Error, result.ErrnoName);
        }

        _events.Sent(Peer, bytes.Length);
        return null;
    }

    private ValueTask<SocketResult<int>> ReceiveAsync(int room) => _options.Threads
        ? new(_socket.TryReceive(_buffer.AsSpan(0, room)))
        : _socket.TryReceiveAsync(_buffer.AsMemory(0, room));

    private ValueTask<SocketResult<ReceivedMessage>> ReceiveMessageAsync() => _options.Threads
        ? new(_socket.TryReceiveMessage(_buffer))
        : _socket.TryReceiveMessageAsync(_buffer);

    /// <summary>Says that nothing follows; then, unless the peer has said so as well, reads on for a little while.</summary>
    private async ValueTask CloseAsync(End end)
    {
        if (!_socket.TryShutdown(SocketShutdown.Send).IsSuccess || end == End.OfPeer)
        {
            return;
        }

        long start = _time.GetTimestamp();
        for (TimeSpan left = CloseWait; left > TimeSpan.Zero; left = CloseWait - _time.GetElapsedTime(start))
        {
            _socket.Timeout = left;
            SocketResult<int> result = await ReceiveAsync(_buffer.Length);
            if (!result.IsSuccess || result.Value == 0)
            {
                return;
            }
        }
    }

    /// <summary>How a connection ended.</summary>
    /// <param name="Reason">For the log.</param>
    /// <param name="IsOrderly">Whether all that was due is out.</param>
    private sealed record End(string Reason, bool IsOrderly)
    {
        public static readonly End OfPeer = new("the peer ended it", IsOrderly: true);
        public static readonly End ByProgram = new("asked to end", IsOrderly: true);
        public static readonly End Stopped = new("the server stops", IsOrderly: true);
        public static readonly End Aborted = new("the server stops, before all was sent", IsOrderly: false);
        public static readonly End NoOutput = new("the output failed", IsOrderly: false);

        private static readonly End Reset = new("reset by the peer", IsOrderly: false);
        private static readonly End Idle = new("idle for too long", IsOrderly: false);

        public static End Of(SocketError error, string errno) => error switch
        {
            SocketError.ConnectionReset or SocketError.Shutdown => Reset, // ECONNRESET, EPIPE
            SocketError.TimedOut => Idle,
            SocketError.OperationAborted or SocketError.Interrupted => Aborted,
            _ => new(errno, IsOrderly: false),
        };
    }
}
