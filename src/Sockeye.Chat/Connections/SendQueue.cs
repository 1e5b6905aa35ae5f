using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>
/// What waits to be sent to one connection: a queue of shared, unchanging blobs, bounded by bytes.
/// </summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>Posting never blocks and never sends: it queues, and wakes the sender if it sleeps. Any thread may post.</item>
/// <item>One send is in flight at a time, and it takes everything that waits, up to <see cref="MergeBytesMax"/>.</item>
/// <item>Bytes count from posting until the kernel has taken them. At the bound TryPost says no.</item>
/// <item>The sender runs where the queue was made: on that event loop, or on the thread pool.</item>
/// <item>An idle queue holds no task, no timer and no buffer.</item>
/// </list>
/// </remarks>
internal sealed class SendQueue(Socket socket, int queuedBytesMax) : IThreadPoolWorkItem
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

    /// <summary>Bytes posted that the kernel has not taken yet.</summary>
    public long QueuedBytes
    {
        get
        {
            lock (_gate)
            {
                return _queuedBytes;
            }
        }
    }

    /// <summary>Queues a blob; false when the queue has no room for it. After the end blobs vanish.</summary>
    public bool TryPost(ReadOnlyMemory<byte> blob)
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

        Wake();
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

        Wake();
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

    void IThreadPoolWorkItem.Execute() => _ = SendAllAsync();

    private void Enqueue(ReadOnlyMemory<byte> blob)
    {
        (_waiting ??= new Queue<ReadOnlyMemory<byte>>()).Enqueue(blob);
        _queuedBytes += blob.Length;
    }

    private void Wake()
    {
        if (_home is not null)
        {
            // Posted to the loop, it runs when this turn's events are all queued: that is the merge.
            _home.Post(static state => _ = ((SendQueue)state!).SendAllAsync(), this);
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
                try
                {
                    for (int sent = 0; sent < batch.Length;)
                    {
                        sent += await socket.SendAsync(batch[sent..], SocketFlags.None);
                    }
                }
                finally
                {
                    if (rented is not null)
                    {
                        ArrayPool<byte>.Shared.Return(rented);
                    }
                }

                Sent(batch.Length);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The reader of this connection meets the same error and tells it; here it only ends the sending.
            Fail(defect: null);
        }
        catch (Exception e)
        {
            Fail(e);
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
