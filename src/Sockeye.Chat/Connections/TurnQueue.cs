namespace Sockeye.Chat.Connections;

/// <summary>
/// Shares the server's time: one connection's commands do not keep the others waiting, however many come in one packet.
/// </summary>
/// <remarks>
/// The contract:
/// <list type="bullet">
/// <item>Commands run at once, in the turn of the loop in which they came, for <c>share</c> of time (the last one may go
/// over it: a command is never cut). That is enough for whoever types.</item>
/// <item>What is left then waits in one queue, of which one person is served in each turn of the loop, for another share.
/// In between the loop looks at the network, so all others are served meanwhile.</item>
/// <item>A share is new again after a wait for the network: at once while nobody is in the queue, else when everybody
/// has been served who was. So a person with many connections gets many shares; one who sends little by little does not.</item>
/// <item>Nothing is refused: a server with nothing else to do serves the same person turn after turn.</item>
/// </list>
/// On the thread pool a turn is a work item.
/// </remarks>
internal sealed class TurnQueue(TimeProvider time, TimeSpan share) : IThreadPoolWorkItem
{
    private readonly TimeSpan _share = share;
    private readonly Lock _gate = new();

    // Under _gate. The turn that serves is queued exactly while somebody waits.
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _untilNextRound;
    private long _round;

    /// <summary>The share of one connection, not yet used.</summary>
    public Share NewShare() => new(this);

    void IThreadPoolWorkItem.Execute() => ServeNext(home: null);

    private Task WaitAsync()
    {
        // Continued within ServeNext, so that one is served in each turn.
        var turn = new TaskCompletionSource();
        bool isFirst;
        lock (_gate)
        {
            isFirst = _waiting.Count == 0;
            _waiting.Enqueue(turn);
        }

        if (isFirst)
        {
            QueueTurn(SynchronizationContext.Current);
        }

        return turn.Task;
    }

    private void QueueTurn(SynchronizationContext? home)
    {
        if (home is not null)
        {
            home.Post(static state => ((TurnQueue)state!).ServeNext(SynchronizationContext.Current), this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void ServeNext(SynchronizationContext? home)
    {
        TaskCompletionSource next;
        lock (_gate)
        {
            next = _waiting.Peek();
            if (_untilNextRound == 0)
            {
                _round++;
                _untilNextRound = _waiting.Count;
            }

            _untilNextRound--;
        }

        next.SetResult();
        bool isEmpty;
        lock (_gate)
        {
            // Only now, so that one that waits again is put at the end, and does not queue a second turn.
            _waiting.Dequeue();
            isEmpty = _waiting.Count == 0;
        }

        if (!isEmpty)
        {
            QueueTurn(home);
        }
    }

    private bool IsRenewed(ref long round)
    {
        lock (_gate)
        {
            bool isRenewed = _waiting.Count == 0 || _round != round;
            round = _round;
            return isRenewed;
        }
    }

    /// <summary>How much of a share one connection has left. Used by its reader alone.</summary>
    internal sealed class Share(TurnQueue turns)
    {
        private TimeSpan _left = turns._share;
        private long _since = turns.Now;
        private long _round = turns._round;

        /// <summary>Whether the share is used up, and <see cref="WaitAsync"/> is next.</summary>
        public bool IsSpent => turns.Since(_since) >= _left;

        /// <summary>A wait for the network begins, which costs the others nothing.</summary>
        public void Pause() => _left -= turns.Since(_since);

        /// <summary>The wait is over.</summary>
        public void Resume()
        {
            if (turns.IsRenewed(ref _round))
            {
                _left = turns._share;
            }

            _since = turns.Now;
        }

        /// <summary>Waits in the queue for a new share.</summary>
        public async ValueTask WaitAsync()
        {
            await turns.WaitAsync();
            _left = turns._share;
            _since = turns.Now;
        }
    }

    private long Now => time.GetTimestamp();

    private TimeSpan Since(long timestamp) => time.GetElapsedTime(timestamp);
}
