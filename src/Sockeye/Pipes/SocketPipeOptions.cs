namespace Sockeye;

/// <summary>The bounds of a <see cref="SocketPipe"/>. Marks are bytes, 1 to 1 GiB; a low one is below its high one.</summary>
public sealed class SocketPipeOptions
{
    /// <summary>
    /// Receiving stops when this much has been received and not examined. Defaults to 256 KiB. Up to 64 KiB more may follow;
    /// on io_uring before Linux 6.17 what the kernel had by then, as much as its socket buffers hold.
    /// </summary>
    public int ReceiveHighWaterMark { get; set; } = 256 * 1024;

    /// <summary>Receiving goes on when no more than this is left unexamined. Defaults to 64 KiB.</summary>
    public int ReceiveLowWaterMark { get; set; } = 64 * 1024;

    /// <summary>
    /// A flush waits while this much, or more, is queued to be sent. Defaults to 128 KiB. The flush that crosses the mark is
    /// queued whole: one write more than the mark.
    /// </summary>
    public int SendHighWaterMark { get; set; } = 128 * 1024;

    /// <summary>A flush that waits goes on when no more than this is queued. Defaults to 64 KiB.</summary>
    public int SendLowWaterMark { get; set; } = 64 * 1024;

    /// <summary>How long <see cref="SocketPipe.DisposeAsync"/> waits for what is queued to be sent; then the connection is reset. Defaults to 5 s.</summary>
    public TimeSpan DisposeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>True leaves the socket open when the pipe is disposed. Defaults to false.</summary>
    public bool LeaveOpen { get; set; }

    internal void Check()
    {
        Check(ReceiveHighWaterMark, ReceiveLowWaterMark, nameof(ReceiveHighWaterMark), nameof(ReceiveLowWaterMark));
        Check(SendHighWaterMark, SendLowWaterMark, nameof(SendHighWaterMark), nameof(SendLowWaterMark));
        Check(DisposeTimeout, nameof(DisposeTimeout));
    }

    private static void Check(TimeSpan limit, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, TimeSpan.FromMilliseconds(int.MaxValue), name);
    }

    private static void Check(int high, int low, string highName, string lowName)
    {
        const int MarkMax = 1 << 30;
        ArgumentOutOfRangeException.ThrowIfLessThan(high, 1, highName);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(high, MarkMax, highName);
        ArgumentOutOfRangeException.ThrowIfLessThan(low, 0, lowName);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(low, high, lowName);
    }
}
