namespace Sockeye.Servers;

/// <summary>
/// Ends connections that are not served, each with a word: those beyond a bound, and those whom the stop finds in the backlog.
/// </summary>
/// <remarks>
/// A client that has spoken already, as most do, would lose that word to a reset if its connection were closed at once. So
/// each ends in good order, which takes as long as the client takes to close as well. They hold descriptors beyond
/// MaxConnections meanwhile, and are bounded by a number of their own. Any thread may call.
/// </remarks>
internal sealed class Refusals(ListenerOptions options)
{
    /// <summary>How many may be ending while the listener runs. Beyond it a client is told, and closed without waiting.</summary>
    internal const int AtOnceMost = 16;

    private readonly Lock _gate = new();

    // Under the gate.
    private int _atOnceMost = AtOnceMost;
    private int _count;
    private TaskCompletionSource? _one;

    /// <summary>More may be ending from now on, as connections that are served need fewer places.</summary>
    internal void Widen(int atOnceMost)
    {
        lock (_gate)
        {
            _atOnceMost = Math.Max(_atOnceMost, atOnceMost);
        }
    }

    /// <summary>Tells the client, and ends the connection: in good order, if there is a place for that.</summary>
    internal void Refuse(Socket socket, ReadOnlyMemory<byte> words, bool isHurried)
    {
        if (TryTakePlace())
        {
            _ = EndAsync(socket, words, isHurried);
            return;
        }

        using (socket)
        {
            SocketEnd.RunNow(socket, words.Span);
        }
    }

    /// <summary>The same, but waits for a place until <paramref name="enough"/>.</summary>
    internal async Task RefuseAsync(Socket socket, ReadOnlyMemory<byte> words, CancellationToken enough)
    {
        await BelowAsync(_atOnceMost, enough);
        Refuse(socket, words, isHurried: true);
    }

    /// <summary>Waits until nobody is being refused, or until <paramref name="enough"/>.</summary>
    internal Task AllEndedAsync(CancellationToken enough) => BelowAsync(1, enough);

    private async Task BelowAsync(int count, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            Task one;
            lock (_gate)
            {
                if (_count < count)
                {
                    return;
                }

                _one ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                one = _one.Task;
            }

            await one.WaitAsync(enough).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    private bool TryTakePlace()
    {
        lock (_gate)
        {
            bool isFree = _count < _atOnceMost;
            _count += isFree ? 1 : 0;
            return isFree;
        }
    }

    private async Task EndAsync(Socket socket, ReadOnlyMemory<byte> words, bool isHurried)
    {
        try
        {
            await SocketEnd.RunAsync(socket, words, options, isHurried);
        }
        finally
        {
            socket.Dispose();
            TaskCompletionSource? one;
            lock (_gate)
            {
                _count--;
                (one, _one) = (_one, null);
            }

            one?.SetResult();
        }
    }
}
