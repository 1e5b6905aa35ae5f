using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>
/// Ends connections that are not served, each with a word: those beyond a bound, and those that the end of the chat finds
/// in the backlog.
/// </summary>
/// <remarks>
/// A client that has spoken already, as most do, would lose that word to a reset if its connection were closed at once.
/// So each ends in good order, which takes as long as the client takes to close as well. They hold descriptors beyond
/// <see cref="ChatOptions.MaxConnections"/> meanwhile, and are bounded by a number of their own. Any thread may call.
/// </remarks>
internal sealed class Dismissals(ChatOptions options, SendTurns sends, TimeProvider time)
{
    /// <summary>How many may be ending while the chat runs. Beyond it a client is told, and closed without waiting.</summary>
    public const int AtOnceMost = 16;

    private const int DiscardBytes = 2_048;
    private const int DiscardsMost = 32; // as much as a newcomer's receive buffer holds, about

    private readonly Lock _gate = new();

    // Under _gate.
    private int _atOnceMost = AtOnceMost;
    private int _count;
    private TaskCompletionSource? _one;

    /// <summary>More may be ending from now on, as connections that are served need fewer places.</summary>
    public void Widen(int atOnceMost)
    {
        lock (_gate)
        {
            _atOnceMost = Math.Max(_atOnceMost, atOnceMost);
        }
    }

    /// <summary>Tells the client, and ends the connection: in good order, if there is a place for that.</summary>
    public void Dismiss(Socket socket, ReadOnlyMemory<byte> words)
    {
        if (TryTakePlace())
        {
            _ = EndAsync(socket, words);
            return;
        }

        using (socket)
        {
            // A new connection's send buffer is empty, so this goes out whole or not at all.
            socket.TrySend(words.Span, SocketFlags.DontWait);
            Span<byte> discarded = stackalloc byte[DiscardBytes];
            for (int i = 0; i < DiscardsMost && socket.TryReceive(discarded, SocketFlags.DontWait) is { IsSuccess: true, Value: > 0 }; i++)
            {
            }
        }
    }

    /// <summary>The same, but waits for a place until <paramref name="enough"/>.</summary>
    public async ValueTask DismissAsync(Socket socket, ReadOnlyMemory<byte> words, CancellationToken enough)
    {
        await BelowAsync(_atOnceMost, enough);
        Dismiss(socket, words);
    }

    /// <summary>Waits until nobody is being dismissed.</summary>
    public Task AllEndedAsync() => BelowAsync(1, CancellationToken.None);

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

    private async Task EndAsync(Socket socket, ReadOnlyMemory<byte> words)
    {
        try
        {
            var queue = new SendQueue(
                async bytes => SendOutcome.Of(await socket.TrySendAsync(bytes)), static _ => { }, words.Length, sends, time);
            queue.Complete(words);
            await OrderlyEnd.RunAsync(socket, queue, sawEnd: false, new byte[DiscardBytes], options, time);
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
