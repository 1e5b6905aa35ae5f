namespace Sockeye.Servers;

/// <summary>The bounds of a <see cref="StreamServer"/>: those of its listener, and those of its own.</summary>
public sealed class StreamServerOptions : ListenerOptions
{
    /// <summary>How long the stop waits for connections to come to their end; those that are left then are reset. Defaults to 10 s.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less, and not infinite.</exception>
    public TimeSpan StopTimeout
    {
        get;
        set => field = OptionValue.PositiveOrInfinite(value, nameof(StopTimeout));
    } = TimeSpan.FromSeconds(10);

    /// <summary>How often <see cref="StreamServer.OnServiceActions"/> is called. Defaults to 1 s. <see cref="Timeout.InfiniteTimeSpan"/> is never.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less, and not infinite.</exception>
    public TimeSpan ServiceInterval
    {
        get;
        set => field = OptionValue.PositiveOrInfinite(value, nameof(ServiceInterval));
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After how long without a new connection <see cref="StreamServer.OnAcceptTimeout"/> is called, within a service interval.
    /// Defaults to <see cref="Timeout.InfiniteTimeSpan"/>, never.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero or less, and not infinite.</exception>
    public TimeSpan AcceptTimeout
    {
        get;
        set => field = OptionValue.PositiveOrInfinite(value, nameof(AcceptTimeout));
    } = Timeout.InfiniteTimeSpan;
}
