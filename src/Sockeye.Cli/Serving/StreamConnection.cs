using System.Buffers;
using System.Net.Sockets;

namespace Sockeye.Cli.Serving;

// The same code serves both styles. On the loop it awaits the asynchronous calls. On a thread of its own it makes the
// synchronous ones, whose value tasks are already complete, so that it runs through without ever leaving the thread.

/// <summary>One connection: receives, has it answered, sends the answer, and only then receives again.</summary>
internal sealed class StreamConnection : IDisposable
{
    // After this many messages of one connection, a loop serves others; a thread has no others.
    private const int MessagesPerTurn = 16;

    // An answer's memory is kept for the next one up to this many times the buffer.
    private const int AnswerKept = 2;

    // How long to keep reading from a connection that this side ends: the kernel resets one that is closed with unread bytes,
    // and the last answers may be lost with it (RFC 2525, 2.17).
    private static readonly TimeSpan CloseWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50); // a little longer than TCP puts an acknowledgement off

    private readonly ServedProgram _program;
    private readonly ServeOptions _options;
    private readonly ServeEvents _events;
    private readonly TimeProvider _time;
    private readonly Socket _socket; // ours, until Dispose
    private readonly Socket _receiver; // the same; on a thread a duplicate, which Stop disposes to end the wait
    private readonly CancellationTokenSource _stop = new(); // never disposed: it has no timer
    private readonly byte[] _buffer;
    private readonly bool _isMessages; // SOCK_SEQPACKET: a receive is a message, and may be cut
    private readonly long _start;
    private ArrayBufferWriter<byte> _answer = new();
    private long _received;
    private long _sent;
    private int? _left;

    /// <param name="socket">The connection, which is ours from now on.</param>
    /// <param name="peer">What its other end is called.</param>
    /// <param name="program">What is served.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="events">Where events are reported.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SocketException">TooManyOpenSockets; the socket stays the caller's.</exception>
    public StreamConnection(Socket socket, string peer, ServedProgram program, ServeOptions options, ServeEvents events, TimeProvider time)
    {
        (_socket, Peer, _program, _options, _events, _time) = (socket, peer, program, options, events, time);
        _buffer = GC.AllocateUninitializedArray<byte>(options.BufferBytes ?? ServeOptions.StreamBufferBytes);
        _isMessages = socket.SocketType == SocketType.Seqpacket;
        _start = time.GetTimestamp();
        _socket.Timeout = options.Idle;
        _receiver = options.Threads ? socket.Duplicate() : socket;
        _receiver.Timeout = options.Idle;
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
        End end = End.Aborted;
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
            // Aborted, either while it was served or while it was being closed.
        }

        Dispose();
        _events.Disconnected(Peer, end.Reason, _received, _sent, _time.GetElapsedTime(_start));
        return end != End.NoOutput;
    }

    /// <summary>Lets it finish: what has already been received is answered, and nothing more. Any thread may call.</summary>
    /// <remarks>
    /// Not by shutdown(2) of the receiving half, which would wake it as well: from then on TCP resets the connection at
    /// the next byte that the peer says, once our own half is shut too (tcp(7) is silent; net/ipv4/tcp_input.c,
    /// tcp_rcv_state_process), and the answers that are still on their way are gone.
    /// </remarks>
    public void Stop()
    {
        _stop.Cancel();
        if (_options.Threads)
        {
            _receiver.Dispose();
        }
    }

    /// <summary>Closes at once; whatever waits on the socket ends.</summary>
    public void Abort() => Dispose();

    public void Dispose()
    {
        _receiver.Dispose();
        _socket.Dispose();
    }

    private async ValueTask<End> TalkAsync()
    {
        if (!_program.Welcome.IsEmpty && await SendAsync(_program.Welcome) is { } unwelcome)
        {
            return unwelcome;
        }

        for (uint messages = 1; ; messages++)
        {
            int room = _stop.IsCancellationRequested ? Math.Min(_buffer.Length, _left ??= Waiting()) : _buffer.Length;
            if (room == 0)
            {
                return End.Stopped;
            }

            SocketResult<int> received;
            try
            {
                received = await ReceiveAsync(room, isLast: _left is not null);
            }
            catch (ObjectDisposedException) when (IsWoken)
            {
                continue;
            }

            // A message that is longer than the buffer: what fits is there.
            bool isCut = _isMessages && received.Error == SocketError.MessageSize;
            if (!received.IsSuccess && !isCut)
            {
                if (IsWoken && received.Error is SocketError.OperationAborted or SocketError.Interrupted)
                {
                    continue;
                }

                return End.Of(received.Error, received.ErrnoName, _options.Idle is not null);
            }

            int length = isCut ? received.BytesTransferred : received.Value;
            int cut = isCut ? received.BytesLost : 0;
            if (length == 0)
            {
                return End.OfPeer;
            }

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

    // What has arrived when the stop comes is answered; what arrives later is not.
    private int Waiting() => Math.Max(0, _socket.TryGetAvailable().TryGetValue(out int bytes) ? bytes : 0);

    /// <returns>Null if it was sent or dropped; else how the connection ended.</returns>
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
            return End.Of(result.Error, result.ErrnoName, _options.Idle is not null);
        }

        _events.Sent(Peer, bytes.Length);
        return null;
    }

    /// <summary>Whether a receive ended because of the stop, and what has arrived is still to be checked.</summary>
    private bool IsWoken => _stop.IsCancellationRequested && _left is null;

    /// <param name="room">How much to take at most.</param>
    /// <param name="isLast">Whether the stop has come already, and does not end this one.</param>
    private ValueTask<SocketResult<int>> ReceiveAsync(int room, bool isLast) => _options.Threads
        ? new((isLast ? _socket : _receiver).TryReceive(_buffer.AsSpan(0, room)))
        : _socket.TryReceiveAsync(_buffer.AsMemory(0, room), SocketFlags.None, isLast ? default : _stop.Token);

    /// <summary>
    /// Shuts down sending; then, unless the peer has done the same, reads on for a little while. A stop does not wait for a peer
    /// that has acknowledged every byte and stays silent.
    /// </summary>
    private async ValueTask CloseAsync(End end)
    {
        if (!_socket.TryShutdown(SocketShutdown.Send).IsSuccess || end == End.OfPeer)
        {
            return;
        }

        long start = _time.GetTimestamp();
        for (TimeSpan left = CloseWait; left > TimeSpan.Zero; left = CloseWait - _time.GetElapsedTime(start))
        {
            _socket.Timeout = end == End.Stopped && left > Quiet ? Quiet : left;
            SocketResult<int> result = await ReceiveAsync(_buffer.Length, isLast: true);
            bool isUnread = result.Error == SocketError.TimedOut && _socket.TryGetUnsentBytes() is { IsSuccess: true, Value: > 0 };
            if (!isUnread && (!result.IsSuccess || result.Value == 0))
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

        public static End Of(SocketError error, string errno, bool hasLimit) => error switch
        {
            SocketError.ConnectionReset or SocketError.Shutdown => Reset, // ECONNRESET, EPIPE
            SocketError.TimedOut when hasLimit => Idle, // else TCP itself gave up a peer that acknowledges nothing
            SocketError.OperationAborted or SocketError.Interrupted => Aborted,
            _ => new(errno, IsOrderly: false),
        };
    }
}
