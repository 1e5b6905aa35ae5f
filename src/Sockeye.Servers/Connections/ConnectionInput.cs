using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Sockeye.Servers;

/// <summary>
/// A connection's reading side: the pipe's own, to which this side can put an end before the peer does.
/// </summary>
/// <remarks>
/// The contract.
/// <list type="bullet">
/// <item>Until there is an end, every call is the pipe's.</item>
/// <item>At the end reads give the end of the stream, as if the peer had sent it, with what was not consumed; one that waits
/// does so at once. So a handler that knows nothing of all this ends like at any other end.</item>
/// <item>A stop's end lies behind what had come by then, as far as this side knew; that much is still given.</item>
/// <item>Completing the reader does not complete the pipe's: the connection reads on when it lingers.</item>
/// </list>
/// </remarks>
internal sealed class ConnectionInput : PipeReader, IValueTaskSource<ReadResult>
{
    private const long Never = long.MaxValue;

    private readonly SocketPipe _pipe;
    private readonly PipeReader _inner;
    private readonly Action _continue;

    // A read that waits is the pipe's, behind a source of our own: only so can it end in another way than the pipe's.
#pragma warning disable CA2012 // It is awaited once: by whoever awaits the one that is given out for it.
    private ValueTask<ReadResult> _pending;
#pragma warning restore CA2012
    private Action<object?>? _continuation;
    private object? _state;
    private short _version;

    private bool _isReading; // a read was begun, and not advanced
    private bool _isCompleted;
    private long _endsAt = Never;

    internal ConnectionInput(SocketPipe pipe)
    {
        _pipe = pipe;
        _inner = pipe.Input;
        _continue = Continue;
    }

    /// <summary>Puts the end behind so many bytes of all that were received. Any thread.</summary>
    internal void EndAt(long position)
    {
        // A stop and a close may come at once: the nearer end counts.
        for (long end = Volatile.Read(ref _endsAt); position < end;)
        {
            long before = Interlocked.CompareExchange(ref _endsAt, position, end);
            end = before == end ? position : before;
        }

        if (_pipe.BytesReceived >= position)
        {
            // Else what is still to come wakes the reader.
            _inner.CancelPendingRead();
        }
    }

    /// <summary>The handler has ended: what it left open is closed, so that the pipe can be read on.</summary>
    internal void Release()
    {
        if (_isReading)
        {
            _isReading = false;
            _inner.AdvanceTo(default);
        }
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!IsOpen)
        {
            return new ValueTask<ReadResult>(Last());
        }

        _isReading = true;
        ValueTask<ReadResult> read = _inner.ReadAsync(cancellationToken);
        if (read.IsCompleted)
        {
            return Volatile.Read(ref _endsAt) == Never || !read.IsCompletedSuccessfully ? read : new ValueTask<ReadResult>(Judge(read.Result));
        }

        _pending = read;
        return new ValueTask<ReadResult>(this, _version);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!IsOpen)
        {
            result = Last();
            return true;
        }

        return _isReading = _inner.TryRead(out result);
    }

    public override void AdvanceTo(SequencePosition consumed)
    {
        _isReading = false;
        _inner.AdvanceTo(consumed);
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _isReading = false;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;
        Release();
    }

    private bool IsOpen
    {
        get
        {
            if (_isCompleted)
            {
                throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
            }

            long endsAt = Volatile.Read(ref _endsAt);
            return endsAt == Never || _pipe.BytesReceived < endsAt;
        }
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        Check(token);
        ValueTask<ReadResult> read = _pending;
        _pending = default;
        _version++;
        return Judge(read.GetAwaiter().GetResult());
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token)
    {
        Check(token);
        return !_pending.IsCompleted ? ValueTaskSourceStatus.Pending
            : _pending.IsCompletedSuccessfully ? ValueTaskSourceStatus.Succeeded
            : _pending.IsCanceled ? ValueTaskSourceStatus.Canceled
            : ValueTaskSourceStatus.Faulted;
    }

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Check(token);
        (_continuation, _state) = (continuation, state);
        var awaiter = _pending.ConfigureAwait(flags.HasFlag(ValueTaskSourceOnCompletedFlags.UseSchedulingContext)).GetAwaiter();
        if (flags.HasFlag(ValueTaskSourceOnCompletedFlags.FlowExecutionContext))
        {
            awaiter.OnCompleted(_continue);
        }
        else
        {
            awaiter.UnsafeOnCompleted(_continue);
        }
    }

    // Where the pipe has it continue, which is where the reader wants it.
    private void Continue()
    {
        (Action<object?> continuation, object? state) = (_continuation!, _state);
        (_continuation, _state) = (null, null);
        continuation(state);
    }

    private void Check(short token)
    {
        if (token != _version)
        {
            throw new InvalidOperationException("This read has been awaited already.");
        }
    }

    // The wake-up that EndAt gives is no cancellation of the reader's.
    private ReadResult Judge(ReadResult result) => result.IsCanceled && _pipe.BytesReceived >= Volatile.Read(ref _endsAt)
        ? new ReadResult(result.Buffer, isCanceled: false, isCompleted: true)
        : result;

    // A canceled read comes at once, whatever the state of the pipe, with what it has and nobody consumed.
    private ReadResult Last()
    {
        _inner.CancelPendingRead();
        _inner.TryRead(out ReadResult result);
        _isReading = true;
        return new ReadResult(result.Buffer, isCanceled: false, isCompleted: true);
    }
}
