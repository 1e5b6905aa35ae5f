using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>
/// How a connection ends so that its client gets all that is due: what waits goes out, then the end of our half; then what
/// the client still sends is read away for a little, as unread bytes would turn the close into a reset, which takes the
/// last words with it.
/// </summary>
internal static class OrderlyEnd
{
    /// <summary>
    /// Ends a connection whose queue has been completed, and which nobody reads any more. Closing it is left to the owner.
    /// </summary>
    /// <param name="socket">The connection.</param>
    /// <param name="queue">What is due to it.</param>
    /// <param name="sawEnd">Whether the client has ended its half already.</param>
    /// <param name="buffer">For what is thrown away; the kernel's until the task has completed.</param>
    /// <param name="options">How long the queue, and the client, may take.</param>
    /// <param name="time">What that is measured by.</param>
    /// <returns>Whether the kernel has taken all that was due, and if something went wrong, what.</returns>
    public static async Task<(bool IsDrained, string? Problem)> RunAsync(
        Socket socket, SendQueue queue, bool sawEnd, Memory<byte> buffer, ChatOptions options, TimeProvider time)
    {
        bool isDrained = false;
        try
        {
            if (!await queue.Done.WaitAsync(options.DrainWait, time))
            {
                return (false, null); // the handler of the failure has logged it
            }

            socket.Shutdown(SocketShutdown.Send);
            isDrained = true;
            if (!sawEnd)
            {
                using var enough = new CancellationTokenSource(options.CloseWait, time);
                while (await socket.ReceiveAsync(buffer, SocketFlags.None, enough.Token) != 0)
                {
                }
            }

            return (true, null);
        }
        catch (SocketException e)
        {
            // A reset throws away what the other end has not received.
            return (isDrained && e.SocketErrorCode != SocketError.ConnectionReset, e.Message);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            return (isDrained, e.Message);
        }
    }
}
