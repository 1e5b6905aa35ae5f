using System.Net.Sockets;

namespace Sockeye.Chat.Connections;

/// <summary>
/// How long to wait before a call is made again that failed because the kernel is short of something: 50 ms, and twice as
/// long each time, up to 1 s. Trying again at once would spin, and take what others need to give back what they hold.
/// </summary>
internal sealed class RetryPause(TimeProvider time)
{
    private const SocketError OutOfMemory = (SocketError)12; // ENOMEM, for which .NET has no name

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private TimeSpan _last;

    /// <summary>How often it has been waited since the last call that worked.</summary>
    public int Waits { get; private set; }

    /// <summary>
    /// Whether a send or receive that failed may work later, the connection being whole: ENOBUFS, ENOMEM and EAGAIN. All
    /// other errors are final.
    /// </summary>
    public static bool Helps(SocketError error) =>
        error is SocketError.NoBufferSpaceAvailable or SocketError.WouldBlock or OutOfMemory;

    /// <summary>Waits, longer each time. A token that is cancelled ends the wait, without an exception.</summary>
    public async Task WaitAsync(CancellationToken stop) => await Next(stop).ConfigureAwait(
        ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    /// <summary>The call worked: the next wait is a short one again.</summary>
    public void Reset() => (_last, Waits) = (TimeSpan.Zero, 0);

    private Task Next(CancellationToken stop)
    {
        Waits++;
        _last = _last == TimeSpan.Zero ? Shortest : _last < Longest / 2 ? 2 * _last : Longest;

        // On a loop by its own timer: Task.Delay may start a thread, which takes descriptors, and the runtime dies where
        // there are none.
        return EventLoop.Current is { } loop ? loop.DelayAsync(_last, stop) : Task.Delay(_last, time, stop);
    }
}
