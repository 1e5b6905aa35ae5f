using System.Diagnostics;
using System.Net.Sockets;

namespace Sockeye.Cli.Clients;

// The contract of a copy:
// - Two threads, one per direction, each with one buffer and blocking calls: the fastest way for one socket, and bounded.
//   A reader that stops reading stops the writer, in both directions; nothing is queued in between.
// - A read of the input cannot be cancelled, so its thread may outlive the copy. It is a background thread, which ends
//   with the process, and it sends nothing once the copy has ended.
// - The copy ends with the peer's end, a failure, the limit after the input's end, or Stop; the socket is its owner's.
// - Over a socket without a half-close, the peer may wait for the end of the input for ever. There, silence ends the copy,
//   as it does with datagrams.

/// <summary>How a copy ended.</summary>
internal enum CopyOutcome
{
    /// <summary>The peer has ended its sending side.</summary>
    PeerEnded,

    /// <summary>The input has ended, and so has the wait after it.</summary>
    WaitEnded,

    /// <summary>The peer ended its sending side, and then took no more from us.</summary>
    NotTaken,

    /// <summary>Receiving failed.</summary>
    NotReceived,

    /// <summary>Sending failed.</summary>
    NotSent,

    /// <summary>The output failed.</summary>
    NotWritten,

    /// <summary>A signal asked for the end.</summary>
    Stopped,
}

/// <summary>How a copy ended, and why.</summary>
/// <param name="Outcome">How.</param>
/// <param name="Result">What the kernel answered; success where it did not fail.</param>
/// <param name="Failure">Why the output failed.</param>
internal readonly record struct CopyEnd(CopyOutcome Outcome, SocketResult<int> Result = default, Exception? Failure = null);

/// <summary>Input to the socket, socket to the output.</summary>
internal abstract class Copy(Socket socket, Report report, IReceiver receiver)
{
    protected const int Epipe = 32;
    protected const int Econnreset = 104;

    // After a signal: how long to wait for data that is already on its way.
    private static readonly TimeSpan _stopWait = TimeSpan.FromMilliseconds(250);

    // Once the peer has ended, an input that gives nothing for this long is taken to have nothing ready.
    private static readonly TimeSpan _inputPause = TimeSpan.FromMilliseconds(100);

    // A peer that cannot be told of our end, and has been silent for this long, is taken to have finished.
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(1);

    // How long a peer that has ended its sending side may take nothing from us.
    private static readonly TimeSpan _takeLimit = TimeSpan.FromSeconds(5);

    private long _bytesSent;
    private long _bytesReceived;
    private long _lastReceived; // timestamps of Stopwatch
    private long _lastStep;
    private volatile bool _isReading;
    private volatile bool _hasEnded;
    private volatile bool _isEndUntold;

    public long BytesSent => Interlocked.Read(ref _bytesSent);

    public long BytesReceived => Interlocked.Read(ref _bytesReceived);

    protected Socket Socket { get; } = socket;

    protected Report Report { get; } = report;

    /// <summary>Copies until the end.</summary>
    /// <param name="wait">How long to go on after the input ends. Null is until the peer ends, or, without a half-close, until a second of silence.</param>
    /// <param name="stop">Ends it, soon.</param>
    public async Task<CopyEnd> RunAsync(TimeSpan? wait, CancellationToken stop)
    {
        BeforeRead();
        Task<CopyEnd> receiving = Start("receive", ReceiveAll);
        Task<CopyEnd> sending = Start("send", SendAll);
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = stop.Register(stopping.SetResult);
        long inputEnded = 0;
        while (true)
        {
            if (receiving.IsCompleted)
            {
                return await EndAfterPeerAsync(await receiving, sending, stopping.Task);
            }

            if (stop.IsCancellationRequested)
            {
                return await StopAsync(receiving);
            }

            if (!sending.IsCompleted)
            {
                await Task.WhenAny(receiving, sending, stopping.Task);
                continue;
            }

            CopyEnd sent = await sending;
            if (sent.Outcome == CopyOutcome.NotSent && !IsToldByReceiving(sent.Result.Errno))
            {
                _hasEnded = true;
                return sent;
            }

            inputEnded = inputEnded == 0 ? Stopwatch.GetTimestamp() : inputEnded;
            long lastReceived = Interlocked.Read(ref _lastReceived);
            bool isUntold = wait is null && _isEndUntold;
            TimeSpan? left = (isUntold ? _silence : wait)
                - Stopwatch.GetElapsedTime(isUntold ? Math.Max(inputEnded, lastReceived) : WaitStart(inputEnded, lastReceived));
            if (left <= TimeSpan.Zero)
            {
                _hasEnded = true;
                if (isUntold)
                {
                    Socket.TryShutdown(SocketShutdown.Both); // which works where a half-close does not
                }

                return new(CopyOutcome.WaitEnded);
            }

            // Rounded up: rounded down, the last millisecond would be waited for again and again.
            await Task.WhenAny(receiving, stopping.Task, left is { } time ? Task.Delay(time + TimeSpan.FromMilliseconds(1), CancellationToken.None) : stopping.Task);
        }
    }

    /// <summary>Sends the input; runs on a thread of its own.</summary>
    /// <returns>Success at the input's end, or why it could not be sent.</returns>
    protected abstract SocketResult<int> Send();

    /// <summary>Receives to the peer's end; runs on a thread of its own.</summary>
    /// <returns>Success at the peer's end.</returns>
    protected abstract SocketResult<int> Receive();

    /// <summary>When the wait after the end of the input began.</summary>
    protected abstract long WaitStart(long inputEnded, long lastReceived);

    /// <summary>Whether after such a failure to send, receiving ends as well and has the better reason.</summary>
    protected abstract bool IsToldByReceiving(int errno);

    /// <summary>Signals to the peer that nothing more will be sent.</summary>
    /// <returns>False if this socket has no way to do so, and the peer may wait for more.</returns>
    protected abstract bool TryEndSending();

    /// <summary>True once nothing more may be sent.</summary>
    protected bool HasEnded => _hasEnded;

    /// <summary>The thread is about to read the input.</summary>
    protected void BeforeRead() => Step(isReading: true);

    /// <summary>The thread has read and is about to send.</summary>
    protected void BeforeSend() => Step(isReading: false);

    /// <summary>Counts and reports sent bytes.</summary>
    protected void AddSent(int bytes)
    {
        Interlocked.Add(ref _bytesSent, bytes);
        if (Report.IsJson)
        {
            Report.TryTell("sent", line: null, ("bytes", bytes));
        }
    }

    /// <summary>Counts received bytes and passes them on.</summary>
    protected void AddReceived(ReadOnlySpan<byte> bytes)
    {
        Interlocked.Add(ref _bytesReceived, bytes.Length);
        Interlocked.Exchange(ref _lastReceived, Stopwatch.GetTimestamp());
        receiver.Take(bytes);
    }

    private void Step(bool isReading)
    {
        Interlocked.Exchange(ref _lastStep, Stopwatch.GetTimestamp());
        _isReading = isReading;
    }

    private CopyEnd SendAll()
    {
        SocketResult<int> result = Send();
        if (!result.IsSuccess)
        {
            return new(CopyOutcome.NotSent, result);
        }

        if (!HasEnded)
        {
            _isEndUntold = !TryEndSending();
            Report.TryTell("inputEnded", line: null);
        }

        return default;
    }

    private CopyEnd ReceiveAll()
    {
        try
        {
            SocketResult<int> result = Receive();
            receiver.End();
            return new(result.IsSuccess ? CopyOutcome.PeerEnded : CopyOutcome.NotReceived, result);
        }
        catch (Exception e) when (StandardStreams.IsFileProblem(e))
        {
            return new(CopyOutcome.NotWritten, default, e.InnerException ?? e);
        }
    }

    private async Task<CopyEnd> StopAsync(Task<CopyEnd> receiving)
    {
        _hasEnded = true;
        TryEndSending();
        await Task.WhenAny(receiving, Task.Delay(_stopWait, CancellationToken.None));
        return new(CopyOutcome.Stopped);
    }

    // The peer has ended its sending side. It may still read: input that is ready is sent, but no more is waited for.
    private async Task<CopyEnd> EndAfterPeerAsync(CopyEnd end, Task<CopyEnd> sending, Task stopping)
    {
        int unsent = -1;
        while (end.Outcome == CopyOutcome.PeerEnded && !sending.IsCompleted && !stopping.IsCompleted)
        {
            // A slow peer takes data in parts: the kernel's send queue shows whether it does.
            if (!_isReading && Socket.TryGetUnsentBytes().TryGetValue(out int left) && left != unsent)
            {
                unsent = left;
                Interlocked.Exchange(ref _lastStep, Stopwatch.GetTimestamp());
            }

            TimeSpan idle = Stopwatch.GetElapsedTime(Interlocked.Read(ref _lastStep));
            if (_isReading ? idle >= _inputPause : idle >= _takeLimit)
            {
                end = _isReading ? end : new(CopyOutcome.NotTaken);
                break;
            }

            await Task.WhenAny(sending, stopping, Task.Delay(10, CancellationToken.None));
        }

        _hasEnded = true;

        // Only the thread that calls first sees the reset; the other sees an end of stream.
        return end.Outcome == CopyOutcome.PeerEnded && sending.IsCompleted && (await sending) is { Outcome: CopyOutcome.NotSent } sent
            && sent.Result.Errno != Epipe ? new(CopyOutcome.NotReceived, sent.Result)
            : stopping.IsCompleted ? new(CopyOutcome.Stopped)
            : end;
    }

    private static Task<CopyEnd> Start(string name, Func<CopyEnd> run)
    {
        var ended = new TaskCompletionSource<CopyEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                ended.SetResult(run());
            }
            catch (ObjectDisposedException) // the copy has ended, and its owner has closed the socket
            {
                ended.SetResult(new(CopyOutcome.Stopped));
            }
            catch (Exception e)
            {
                ended.SetException(e);
            }
        })
        { IsBackground = true, Name = $"sockeye {name}" };
        thread.Start();
        return ended.Task;
    }
}
