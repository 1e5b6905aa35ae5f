using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>What a send came to: the bytes that the kernel took, also when it then failed, and the error.</summary>
internal readonly record struct SendOutcome(int Bytes, SocketError Error, string Problem)
{
    /// <summary>The result of the socket's call.</summary>
    public static SendOutcome Of(SocketResult<int> result) => result.TryGetValue(out int bytes)
        ? new(bytes, SocketError.Success, "")
        : new(result.BytesTransferred, result.Error, $"{result.ErrnoName}: {result.ErrnoMessage}");
}

/// <summary>What waits to be sent to one connection: a queue of shared, unchanging blobs, bounded by bytes.</summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>Posting never blocks and never sends: it queues, and wakes the sender if it sleeps. Any thread may post.</item>
/// <item>One send is in flight at a time, and it takes everything that waits, up to <see cref="MergeBytesMax"/>.</item>
/// <item>Bytes count from posting until the kernel has taken them. At the bound TryPost says no.</item>
/// <item>A send that fails for want of memory is made again, after a pause, up to <c>retriesMost</c> times. Any other error,
/// and the last of these, is final: <c>failed</c> is called with the reason, and what is posted from then on is dropped.</item>
/// <item>The sender runs where the queue was made: on that event loop, in its turn, or on the thread pool.</item>
/// <item>An idle queue holds no task, no timer and no buffer.</item>
/// </list>
/// </remarks>
/// <param name="send">Hands bytes to the kernel. Throws ObjectDisposedException when the connection was closed here.</param>
/// <param name="failed">Called once, from the sender, when sending has failed for good.</param>
/// <param name="queuedBytesMax">The bound.</param>
/// <param name="turns">Who sends next, on a loop.</param>
/// <param name="time">For the pauses.</param>
/// <param name="retriesMost">How often one send is made again. Twenty times take a quarter of a minute.</param>
internal sealed class SendQueue(
    Func<ReadOnlyMemory<byte>, ValueTask<SendOutcome>> send,
    Action<SendOutcome> failed,
    int queuedBytesMax,
    SendTurns turns,
    TimeProvider time,
    int retriesMost = 20) : IThreadPoolWorkItem
{
    /// <summary>How much one send merges at most; the buffer for it is rented for that long.</summary>
    public const int MergeBytesMax = 65_536;

    private readonly SynchronizationContext? _home = SynchronizationContext.Current;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Under _gate.
    private Queue<ReadOnlyMemory<byte>>? _waiting;
    private long _queuedBytes;
    private bool _sending;
    private bool _completed;
    private bool _failed;
    private TaskCompletionSource? _belowHalf;

    /// <summary>Ends with true when everything was sent after <see cref="Complete"/>, with false when sending failed.</summary>
    public Task<bool> Done => _done.Task;

    /// <summary>Whether more than half of the bound is taken: time to ask nothing more of this connection.</summary>
    public bool IsAboveHalf => Volatile.Read(ref _queuedBytes) > queuedBytesMax / 2;

    /// <summary>
    /// Queues a blob, a reply to this connection or news; false when the queue has no room for it. After the end, blobs
    /// vanish.
    /// </summary>
    public bool TryPost(ReadOnlyMemory<byte> blob, bool isAnswer = false)
    {
        lock (_gate)
        {
            if (_completed || _failed)
            {
                return true;
            }

            if (_queuedBytes + blob.Length > queuedBytesMax)
            {
                return false;
            }

            Enqueue(blob);
            if (_sending)
            {
                return true;
            }

            _sending = true;
        }

        Wake(isAnswer);
        return true;
    }

    /// <summary>
    /// Nothing follows but <paramref name="last"/>, which is beyond the bound. With <paramref name="dropWaiting"/> it goes
    /// out instead of what waits; what is being sent still comes first, whole, so lines stay lines.
    /// </summary>
    public void Complete(ReadOnlyMemory<byte> last = default, bool dropWaiting = false)
    {
        lock (_gate)
        {
            if (_completed || _failed)
            {
                return;
            }

            _completed = true;
            if (dropWaiting && _waiting is not null)
            {
                foreach (ReadOnlyMemory<byte> blob in _waiting)
                {
                    _queuedBytes -= blob.Length;
                }

                _waiting.Clear();
            }

            if (!last.IsEmpty)
            {
                Enqueue(last);
            }

            if (_sending)
            {
                return;
            }

            _sending = true;
        }

        Wake(isAnswer: true);
    }

    /// <summary>Waits until at most half of the bound is taken.</summary>
    public Task BelowHalfAsync()
    {
        lock (_gate)
        {
            if (_queuedBytes <= queuedBytesMax / 2 || _failed)
            {
                return Task.CompletedTask;
            }

            _belowHalf ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _belowHalf.Task;
        }
    }

    /// <summary>It is this queue's turn to send.</summary>
    public void Send() => _ = SendAllAsync();

    void IThreadPoolWorkItem.Execute() => Send();

    private void Enqueue(ReadOnlyMemory<byte> blob)
    {
        (_waiting ??= new Queue<ReadOnlyMemory<byte>>()).Enqueue(blob);
        _queuedBytes += blob.Length;
    }

    private void Wake(bool isAnswer)
    {
        if (_home is not null)
        {
            turns.Add(this, isAnswer, _home); // runs when this turn's events are all queued: that is the merge
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (Take(out ReadOnlyMemory<byte> batch, out byte[]? rented))
            {
                SendOutcome outcome;
                try
                {
                    outcome = await SendAsync(batch);
                }
                finally
                {
                    if (rented is not null)
                    {
                        ArrayPool<byte>.Shared.Return(rented);
                    }
                }

                if (outcome.Error != SocketError.Success)
                {
                    Fail(defect: null);
                    failed(outcome);
                    return;
                }

                Sent(batch.Length);
            }
        }
        catch (ObjectDisposedException)
        {
            Fail(defect: null); // whoever closed the connection knows why
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Sends all of it, with pauses where the kernel is short of memory; or says what stood against it.</summary>
    private async ValueTask<SendOutcome> SendAsync(ReadOnlyMemory<byte> batch)
    {
        RetryPause? pause = null;
        while (true)
        {
            SendOutcome outcome = await send(batch);
            batch = batch[outcome.Bytes..];
            if (outcome.Error == SocketError.Success)
            {
                if (batch.IsEmpty)
                {
                    return outcome;
                }

                continue;
            }

            pause ??= new RetryPause(time);
            if (!RetryPause.Helps(outcome.Error) || pause.Waits >= retriesMost)
            {
                return outcome;
            }

            await pause.WaitAsync(CancellationToken.None);
        }
    }

    /// <summary>The next batch: everything that waits, merged, or one large blob as it is. False ends the sender.</summary>
    private bool Take(out ReadOnlyMemory<byte> batch, out byte[]? rented)
    {
        bool finished;
        rented = null;
        batch = default;
        lock (_gate)
        {
            Debug.Assert(_sending);
            if (_waiting is { Count: > 0 })
            {
                ReadOnlyMemory<byte> first = _waiting.Dequeue();
                if (_waiting.Count == 0 || first.Length + _waiting.Peek().Length > MergeBytesMax)
                {
                    batch = first;
                }
                else
                {
                    rented = ArrayPool<byte>.Shared.Rent((int)Math.Min(_queuedBytes, MergeBytesMax));
                    first.CopyTo(rented);
                    int length = first.Length;
                    while (_waiting.TryPeek(out ReadOnlyMemory<byte> next) && length + next.Length <= MergeBytesMax)
                    {
                        next.CopyTo(rented.AsMemory(length));
                        length += next.Length;
                        _waiting.Dequeue();
                    }

                    batch = rented.AsMemory(0, length);
                }

                return true;
            }

            _waiting = null;
            _sending = false;
            finished = _completed;
        }

        if (finished)
        {
            _done.TrySetResult(true);
        }

        return false;
    }

    private void Sent(int bytes)
    {
        TaskCompletionSource? belowHalf = null;
        lock (_gate)
        {
            _queuedBytes -= bytes;
            Debug.Assert(_queuedBytes >= 0);
            if (_queuedBytes <= queuedBytesMax / 2)
            {
                (belowHalf, _belowHalf) = (_belowHalf, null);
            }
        }

        belowHalf?.TrySetResult();
    }

    private void Fail(Exception? defect)
    {
        TaskCompletionSource? belowHalf;
        lock (_gate)
        {
            _failed = true;
            _sending = false;
            _waiting = null;
            _queuedBytes = 0;
            (belowHalf, _belowHalf) = (_belowHalf, null);
        }

        belowHalf?.TrySetResult();
        if (defect is null)
        {
            _done.TrySetResult(false);
        }
        else
        {
            _done.TrySetException(defect); // whoever closes the connection finds it, and logs it
        }
    }
}
