using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Engines.Pipes;

namespace Sockeye;

/// <summary>
/// A stream socket as a pair of pipe ends: bytes are read where they arrived, and what is written is gathered and sent at
/// the end of the loop's turn, in one send for each connection.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>One reader and one writer, which may run at the same time. On the thread of the socket's <see cref="EventLoop"/> they cost no lock;
/// any other thread may call them too: from the first such call on, that side takes a lock, and the loop still moves the bytes.</item>
/// <item>On a loop, <see cref="PipeWriter.FlushAsync"/> queues; the bytes leave when the turn's work is done. Elsewhere the caller
/// sends at once, or leaves it to a send that is under way.</item>
/// <item>An idle pipe holds no buffer. On io_uring the reader's memory is a ring of buffers that all pipes of the loop share:
/// advance soon, or copy. A reader that lags does not slow the others down: when buffers run short, what arrives is copied.</item>
/// <item><see cref="Socket.Timeout"/> limits each wait of a read and of a flush: <see cref="SocketError.TimedOut"/>. Nothing is
/// lost, and the call may be repeated.</item>
/// <item>A read first returns what came before an error; the error is thrown when nothing new is left. A flush throws it at once.</item>
/// <item>Completing <see cref="Output"/> sends the end of the stream after what was written; <see cref="Input"/> goes on. Completing it with an exception makes the end a reset.</item>
/// <item>Do not use the socket's own receives and sends while it has a pipe.</item>
/// <item>Dispose the pipe. On io_uring a receive that is under way keeps alive a pipe that nothing refers to, until the peer ends
/// the stream or the socket is disposed. What such a pipe has received goes back to its loop at a garbage collection, except
/// what a read gave that was not advanced: that is lost to the loop for as long as it runs.</item>
/// </list>
/// Sources: recvmsg(2), sendmsg(2), io_uring_prep_recv_multishot(3).
/// </remarks>
public sealed class SocketPipe : IDuplexPipe, IAsyncDisposable, ISocketPipe
{
    private readonly PipeInput _input;

    // Made when something is written first: an idle pipe has none.
    private PipeOutput? _output;
    private volatile bool _isClosed;
    private volatile bool _mayHaveLimit;
    private bool _isAborted;
    private int _disposed;

    /// <summary>A pipe over a connected stream socket. It owns the socket from now on, unless <see cref="SocketPipeOptions.LeaveOpen"/> is set.</summary>
    /// <param name="socket">The socket; nothing may be under way on it.</param>
    /// <param name="options">The bounds; null is the defaults. Read once.</param>
    /// <exception cref="ArgumentException">The socket is not a stream socket.</exception>
    /// <exception cref="InvalidOperationException">The socket has a pipe already.</exception>
    public SocketPipe(Socket socket, SocketPipeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (!socket.IsStream)
        {
            throw new ArgumentException($"A pipe takes a stream socket, and this is {socket.SocketType}: messages have bounds, a pipe has none.", nameof(socket));
        }

        PipeBounds bounds = PipeBounds.Of(options);
        Socket = socket;
        Core = socket.Core;
        SocketEngine engine = socket.Engine;
        RunQueue? loop = engine.Queue;
        _input = loop is not null && engine.Poller.Ring is { } ring
            ? new RingPipeInput(this, bounds, loop, ring)
            : new CallPipeInput(this, bounds, loop);
        if (!socket.Core.TrySetPipe(this))
        {
            throw new InvalidOperationException("There is a pipe over this socket already; one at a time.");
        }

        NoteLimit();
    }

    /// <summary>What the peer sends. One read at a time; each is ended by <see cref="PipeReader.AdvanceTo(SequencePosition)"/>.</summary>
    public PipeReader Input => _input;

    /// <summary>What the peer is sent. One writer at a time.</summary>
    public PipeWriter Output => Writer;

    /// <summary>The socket, for its options and addresses.</summary>
    public Socket Socket { get; }

    /// <summary>How many bytes were flushed and the kernel has not taken yet.</summary>
    public long UnsentBytes => Volatile.Read(ref _output)?.Unsent ?? 0;

    /// <summary>How many received bytes have not been consumed.</summary>
    public long UnreadBytes => _input.Held;

    /// <summary>How many bytes were received in all, read or not. Any thread may ask.</summary>
    public long BytesReceived => _input.ReceivedTotal;

    /// <summary>How many bytes the kernel has taken to be sent, in all. Any thread may ask.</summary>
    public long BytesSent => Volatile.Read(ref _output)?.SentTotal ?? 0;

    internal SocketCore Core { get; }

    /// <summary>The limit of each wait; null is none. The socket itself is looked at only when it has had a limit: it is a cache line of its own.</summary>
    internal TimeSpan? Limit => _mayHaveLimit ? Core.AsyncLimit : null;

    internal PipeBounds Bounds => _input.Bounds;

    /// <summary>The socket's close tells the peer the end of the stream, so that shutdown(2) need not: the peer has ended already, and nobody else has the socket.</summary>
    internal bool EndsByClose { get; private set; }

    private PipeOutput Writer => Volatile.Read(ref _output) ?? MakeWriter();

    /// <summary>Writes bytes that other pipes write too, without another copy when that pays. Flush afterwards, as with <see cref="Output"/>.</summary>
    /// <param name="bytes">The bytes; the pipe keeps a share until they are sent.</param>
    /// <exception cref="ObjectDisposedException">The maker's share was disposed.</exception>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    public void Write(SharedBytes bytes) => Writer.Write(bytes);

    /// <summary>
    /// Writes bytes that a pipe's read gave, as a relay does. What is long is not copied, where both pipes are of one loop:
    /// it is sent from where it was received. Flush afterwards, as with <see cref="Output"/>.
    /// </summary>
    /// <param name="bytes">The bytes; the read they are of may be advanced as soon as this returns.</param>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    /// <remarks>Bytes of any other origin are copied.</remarks>
    public void Write(in ReadOnlySequence<byte> bytes) => Writer.Write(bytes);

    /// <summary>Sends what was written, as a flush does, but never waits: for broadcasts that drop a member that lags.</summary>
    /// <returns>False when <see cref="SocketPipeOptions.SendHighWaterMark"/> or more is queued now. What was written is queued all the same.</returns>
    /// <exception cref="SocketException">An earlier send failed.</exception>
    /// <exception cref="InvalidOperationException">The writer was completed.</exception>
    public bool TryFlush() => Writer.TryFlush();

    /// <summary>
    /// Sends what was flushed, for as long as <see cref="SocketPipeOptions.DisposeTimeout"/> at most, and the end of the stream; then
    /// disposes the socket. What was received and not read is dropped.
    /// </summary>
    /// <returns>Completes when the kernel no longer uses the pipe's memory.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        EndsByClose = !Bounds.LeaveOpen && _input.HasEnded && Core.EndsWithFace;
        PipeOutput output = Writer;
        output.Complete();
        Task drain = output.DrainAsync();
        _isAborted |= !drain.IsCompleted && !await EndsInTimeAsync(drain).StayOnLoop();
        _input.Complete();
        if (Bounds.LeaveOpen)
        {
            Close();
            await _input.EndAsync().StayOnLoop();
            await output.EndAsync().StayOnLoop();
            Core.ClearPipe(this);
            return;
        }

        if (_isAborted)
        {
            ResetOnClose();
        }

        // Tells both sides, which take back what is under way.
        Socket.Dispose();
        await _input.EndAsync().StayOnLoop();
        await output.EndAsync().StayOnLoop();
    }

    void ISocketPipe.Close() => Close();

    void ISocketPipe.NoteLimit() => NoteLimit();

    bool ISocketPipe.HoldsBytes => UnreadBytes != 0 || Volatile.Read(ref _output) is { UnflushedBytes: not 0 };

    void ISocketPipe.Abandon()
    {
        _input.Abandon();
        _output?.Abandon();
    }

    /// <summary>The socket's loop was disposed: nothing is under way any longer, and what needs the loop never will be.</summary>
    internal void LoopEnded()
    {
        _input.Ended(Interop.Errno.EBADF);
        Volatile.Read(ref _output)?.LoopEnded();
    }

    /// <summary>Resets the connection, so that the peer sees that the stream is incomplete.</summary>
    internal void Abort() => _isAborted = true;

    internal Exception Error(string call, int errno)
    {
        Core.NoteFailure(errno);
        return SocketErrors.Create(call, Core.EndPointForErrors(), errno);
    }

    // Neither Task.WaitAsync nor WhenAny: both continue on the thread pool, and a loop's pipe must not wait for that.
    private async Task<bool> EndsInTimeAsync(Task drain)
    {
        var end = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using ITimer limit = LoopTimer.Create(
            Socket.Engine.Time, static end => ((TaskCompletionSource<bool>)end!).TrySetResult(false), end, Bounds.DisposeTimeout);
        _ = NoteAsync();
        return await end.Task.StayOnLoop();

        async Task NoteAsync()
        {
            await drain.StayOnLoop();
            end.TrySetResult(true);
        }
    }

    // Only ever sets it, so that whoever comes last wins.
    private void NoteLimit()
    {
        if (Core.AsyncLimit is not null)
        {
            _mayHaveLimit = true;
        }
    }

    // The mark first, then the question, as in MakeWriter: one of the two sees the other.
    private void Close()
    {
        _input.Close();
        _isClosed = true;
        Interlocked.MemoryBarrier();
        Volatile.Read(ref _output)?.Close();
    }

    private PipeOutput MakeWriter()
    {
        PipeOutput made = _input is RingPipeInput input ? input.MakeOutput() : new CallPipeOutput(this, _input.Loop);
        if (Interlocked.CompareExchange(ref _output, made, comparand: null) is { } other)
        {
            return other;
        }

        if (_isClosed)
        {
            made.Close();
        }

        return made;
    }

    private void ResetOnClose()
    {
        try
        {
            Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // A family without SO_LINGER, or a socket that is closed already: the peer sees an ordinary end.
        }
    }
}
