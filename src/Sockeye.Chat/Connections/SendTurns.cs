namespace Sockeye.Chat.Connections;

/// <summary>Who sends next on an event loop: a few in each turn, in the order in which they got something to send.</summary>
/// <remarks>
/// One message to ten thousand people is ten thousand sends. If all were made in one turn, nobody else would be served meanwhile. In
/// between the loop looks at the network and runs commands, and what that adds for those who still wait merges with what
/// they wait for: the busier the chat, the more lines in each send. Those who get a reply are not kept behind those who
/// get the news of a large room: of the two, each sends in turn. Any thread may call.
/// </remarks>
internal sealed class SendTurns
{
    /// <summary>How many send in one turn: about half a millisecond.</summary>
    public const int SendsPerTurn = 64;

    private readonly Lock _gate = new();

    // Under _gate.
    private readonly Queue<SendQueue> _news = new();
    private readonly Queue<SendQueue> _answers = new();
    private bool _hasTurn; // one is queued, or runs

    /// <summary>The queue has something to send, and does so when its turn comes, on the loop.</summary>
    public void Add(SendQueue queue, bool isAnswer, SynchronizationContext loop)
    {
        lock (_gate)
        {
            (isAnswer ? _answers : _news).Enqueue(queue);
            if (_hasTurn)
            {
                return;
            }

            _hasTurn = true;
        }

        QueueTurn(loop);
    }

    private void QueueTurn(SynchronizationContext loop) =>
        loop.Post(static state => ((SendTurns)state!).Send(SynchronizationContext.Current!), this);

    private void Send(SynchronizationContext loop)
    {
        for (int sends = 0; sends < SendsPerTurn; sends++)
        {
            SendQueue? queue;
            lock (_gate)
            {
                (Queue<SendQueue> first, Queue<SendQueue> second) = sends % 2 == 0 ? (_answers, _news) : (_news, _answers);
                _hasTurn = first.TryDequeue(out queue) || second.TryDequeue(out queue);
            }

            if (queue is null)
            {
                return;
            }

            queue.Send();
        }

        QueueTurn(loop);
    }
}
