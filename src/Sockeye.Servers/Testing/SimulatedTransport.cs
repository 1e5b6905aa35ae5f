using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Sockeye.Servers.Testing;

/// <summary>One end of a simulated connection. On the simulation's thread alone.</summary>
public sealed class SimulatedTransport : ITransport
{
    // As much as the kernel might hold of a slow reader.
    private const int ReceiveBytesMax = 64 * 1024;

    private readonly Simulation _simulation;
    private readonly FaultPlan _faults;
    private readonly SendBound _bound;
    private readonly Pipe _received;
    private readonly Pipe _sent;
    private SimulatedTransport? _peer;
    private TaskCompletionSource? _room;
    private long _queued;
    private bool _isClosing;
    private bool _hasEndedOutput;
    private bool _isReset;

    internal SimulatedTransport(Simulation simulation, string name, FaultPlan faults, int maxQueuedBytes)
    {
        _simulation = simulation;
        _faults = faults;
        _bound = new SendBound(maxQueuedBytes);
        PeerName = name;
        _received = new Pipe(Options(ReceiveBytesMax));

        // Bounded by TrySend, so that writing never waits.
        _sent = new Pipe(Options(0));
    }

    /// <inheritdoc/>
    public PipeReader Input => _received.Reader;

    /// <summary>None: it is no address.</summary>
    public EndPoint? RemoteEndPoint => null;

    /// <inheritdoc/>
    public string PeerName { get; }

    /// <summary>How many bytes are sent and have not arrived.</summary>
    public long QueuedBytes => _queued;

    /// <summary>True once the connection was reset, by either side or by a fault.</summary>
    public bool IsReset => _isReset;

    /// <summary>The text of <see cref="Close"/> or <see cref="Abort"/>, where one was given.</summary>
    public string? EndMessage { get; private set; }

    /// <inheritdoc/>
    public bool TrySend(ReadOnlySpan<byte> bytes)
    {
        if (_hasEndedOutput || _isReset)
        {
            return true;
        }

        if (!_bound.Takes(_queued, bytes.Length))
        {
            return false;
        }

        Send(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool TrySend(SharedBytes bytes) => TrySend(bytes.Memory.Span);

    /// <inheritdoc/>
    public ValueTask WaitToSendAsync()
    {
        if (_bound.HasRoom(_queued) || _hasEndedOutput || _isReset)
        {
            return default;
        }

        _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return new ValueTask(_room.Task);
    }

    /// <inheritdoc/>
    /// <remarks>What waits to be sent goes out here even where it may be dropped, as it may over a real connection too.</remarks>
    public void Close(string? message = null, ReadOnlyMemory<byte> lastWords = default, bool dropQueued = false)
    {
        if (_isClosing || _isReset)
        {
            return;
        }

        EndMessage ??= message;
        if (!_hasEndedOutput)
        {
            Send(lastWords.Span);
        }

        _isClosing = true;
        CompleteOutput();
        EndReceived();
        ShowRoom();
    }

    /// <summary>Sends the end of the stream behind what was sent, and goes on receiving: a half-close, as shutdown(2) makes one.</summary>
    public void CompleteOutput()
    {
        if (!_hasEndedOutput && !_isReset)
        {
            _hasEndedOutput = true;
            _sent.Writer.Complete();
            ShowRoom();
        }
    }

    /// <inheritdoc/>
    public void Abort(string? message = null)
    {
        EndMessage ??= message;
        Reset();
        _peer!.Reset();
    }

    internal void Join(SimulatedTransport peer)
    {
        _peer = peer;
        _ = CarryAsync(_sent.Reader, peer);
    }

    // All that one side sends, until it ends. The simulation's own: what goes wrong with it is a fault of the test kit, and thrown there.
    private async Task CarryAsync(PipeReader from, SimulatedTransport to)
    {
        try
        {
            while (!_isReset)
            {
                ReadResult read = await from.ReadAsync();
                ReadOnlySequence<byte> left = read.Buffer;
                while (!left.IsEmpty && !_isReset)
                {
                    int length = (int)Math.Min(left.Length, _simulation.Random.NextInt64(1, _faults.MaxPieceBytes + 1L));
                    await DelayAsync();
                    if (_isReset)
                    {
                        break;
                    }

                    if (Happens(_faults.ResetProbability))
                    {
                        Abort("a simulated fault");
                        break;
                    }

                    Deliver(left.Slice(0, length), to);
                    left = left.Slice(length);
                    _queued -= length;
                    if (_bound.HasRoom(_queued))
                    {
                        ShowRoom();
                    }

                    if (!to._isClosing)
                    {
                        await to._received.Writer.FlushAsync();
                    }
                }

                from.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted && !_isReset)
                {
                    await DelayAsync();
                    to.EndReceived();
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            _simulation.Fail(exception);
        }
    }

    private static PipeOptions Options(long pauseBytes) => new(
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: pauseBytes,
        resumeWriterThreshold: pauseBytes / 2,
        useSynchronizationContext: true);

    private static void Deliver(in ReadOnlySequence<byte> bytes, SimulatedTransport to)
    {
        if (to._isClosing)
        {
            return; // read away, as a connection does that lingers
        }

        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            to._received.Writer.Write(piece.Span);
        }
    }

    // The peer's end, or the one that this side puts to it: what has come is given, and then the end. Who brings more meanwhile goes on.
    private void EndReceived()
    {
        _received.Writer.CancelPendingFlush();
        _received.Writer.Complete();
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.IsEmpty)
        {
            _queued += bytes.Length;
            _sent.Writer.Write(bytes);
            _ = _sent.Writer.FlushAsync().AsTask(); // complete: there is no bound to wait at
        }
    }

    private void Reset()
    {
        if (!_isReset)
        {
            _isReset = true;
            _received.Writer.Complete(new SocketException((int)SocketError.ConnectionReset));
            _sent.Writer.Complete();
            ShowRoom();
        }
    }

    private void ShowRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }

    private bool Happens(double probability) => probability > 0 && _simulation.Random.NextDouble() < probability;

    private Task DelayAsync()
    {
        TimeSpan delay = Happens(_faults.StallProbability)
            ? _faults.StallTime
            : new TimeSpan(_simulation.Random.NextInt64(_faults.MaxDelay.Ticks + 1));
        return delay > TimeSpan.Zero ? _simulation.DelayAsync(delay) : Task.CompletedTask;
    }
}
