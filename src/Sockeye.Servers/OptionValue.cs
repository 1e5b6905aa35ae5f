namespace Sockeye.Servers;

/// <summary>The ranges that options of this assembly may be set to, each checked by its setter.</summary>
internal static class OptionValue
{
    // A timer's longest delay.
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>A count or a number of bytes.</summary>
    internal static int InRange(int value, string name, int least = 1, int most = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, most, name);
        return value;
    }

    /// <summary>A time that is more than none.</summary>
    internal static TimeSpan Positive(TimeSpan value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeoutMax, name);
        return value;
    }

    /// <summary>A time that a timer, which counts milliseconds, can wait.</summary>
    internal static TimeSpan AtLeastMillisecond(TimeSpan value, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromMilliseconds(1), name);
        return Positive(value, name);
    }

    /// <summary>A time that is more than none, or <see cref="Timeout.InfiniteTimeSpan"/>.</summary>
    internal static TimeSpan PositiveOrInfinite(TimeSpan value, string name) =>
        value == Timeout.InfiniteTimeSpan ? value : Positive(value, name);
}
