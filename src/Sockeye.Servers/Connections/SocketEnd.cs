using System.Net.Sockets;

namespace Sockeye.Servers;

/// <summary>
/// How a connection without a pipe ends so that its peer gets all that is due: the last words, the end of our half, and then
/// what the peer still sends is read away for a little.
/// </summary>
internal static class SocketEnd
{
    /// <summary>How much is thrown away at most.</summary>
    internal const int DiscardBytesMax = 1 << 20;

    /// <summary>A little longer than TCP puts an acknowledgement off: at the stop, a peer that has all and is silent for so long is not waited for.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(50);

    private const int BufferBytes = 4_096;

    /// <summary>Ends it; the caller disposes the socket.</summary>
    /// <returns>Whether the kernel has taken all that was due.</returns>
    internal static async Task<bool> RunAsync(Socket socket, ReadOnlyMemory<byte> words, ListenerOptions options, bool isHurried)
    {
        try
        {
            socket.Timeout = options.CloseTimeout;
            if (!words.IsEmpty && !(await socket.TrySendAllAsync(words)).IsSuccess)
            {
                return false;
            }

            if (!socket.TryShutdown(SocketShutdown.Send).IsSuccess)
            {
                return false;
            }

            await DiscardAsync(socket, options, isHurried);
            return true;
        }
        catch (ObjectDisposedException)
        {
            // Aborted.
            return false;
        }
    }

    /// <summary>As far as it goes without waiting, for those beyond the bound of who may take their time.</summary>
    internal static void RunNow(Socket socket, ReadOnlySpan<byte> words)
    {
        const int DiscardsMost = 16; // as much as a newcomer's receive buffer holds, about

        // A new connection's send buffer is empty, so this goes out whole or not at all.
        if (!words.IsEmpty)
        {
            socket.TrySend(words, SocketFlags.DontWait);
        }

        socket.TryShutdown(SocketShutdown.Send);
        Span<byte> discarded = stackalloc byte[BufferBytes];
        for (int i = 0; i < DiscardsMost && socket.TryReceive(discarded, SocketFlags.DontWait) is { IsSuccess: true, Value: > 0 }; i++)
        {
        }
    }

    private static async Task DiscardAsync(Socket socket, ListenerOptions options, bool isHurried)
    {
        byte[] buffer = new byte[BufferBytes];
        long start = options.Time.GetTimestamp();
        int discarded = 0;
        for (TimeSpan left = options.LingerTimeout; left > TimeSpan.Zero && discarded < DiscardBytesMax; left = options.LingerTimeout - options.Time.GetElapsedTime(start))
        {
            // Not disposed: the timer may be calling it at this moment, and there is nothing in it to give back.
            var enough = new CancellationTokenSource();
            TimeSpan wait = isHurried && left > Quiet ? Quiet : left;
            using IDisposable timer = Waits.Start(options.Time, wait, enough.Cancel);
            SocketResult<int> result = await socket.TryReceiveAsync(buffer, SocketFlags.None, enough.Token);
            bool isUnread = isHurried && result.Error == SocketError.OperationAborted && socket.TryGetUnsentBytes() is { IsSuccess: true, Value: > 0 };
            if (!isUnread && (!result.IsSuccess || result.Value == 0))
            {
                return;
            }

            discarded += result.IsSuccess ? result.Value : 0;
        }
    }
}
