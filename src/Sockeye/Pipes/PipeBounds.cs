namespace Sockeye.Engines.Pipes;

/// <summary>A pipe's bounds: what its options said when it was made. Pipes with the same bounds share one.</summary>
internal sealed record PipeBounds(int ReceiveHigh, int ReceiveLow, int SendHigh, int SendLow, TimeSpan DisposeTimeout, bool LeaveOpen)
{
    private static readonly PipeBounds Default = new(new SocketPipeOptions());

    // A program's pipes mostly have one set of options, made anew for each.
    private static volatile PipeBounds s_latest = Default;

    private PipeBounds(SocketPipeOptions options)
        : this(options.ReceiveHighWaterMark, options.ReceiveLowWaterMark, options.SendHighWaterMark, options.SendLowWaterMark, options.DisposeTimeout, options.LeaveOpen)
    {
    }

    /// <summary>The bounds that <paramref name="options"/> say; null is the defaults.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is out of its range.</exception>
    internal static PipeBounds Of(SocketPipeOptions? options)
    {
        if (options is null)
        {
            return Default;
        }

        options.Check();
        PipeBounds latest = s_latest;
        var bounds = new PipeBounds(options);
        return bounds == latest ? latest : s_latest = bounds;
    }
}
