using System.Globalization;

namespace Sockeye;

/// <summary>A moment by the kernel's clock, to the nanosecond: struct timespec. Zero when the kernel gave none.</summary>
/// <param name="Seconds">Since 1970-01-01 UTC for packet timestamps.</param>
/// <param name="Nanoseconds">0 to 999,999,999.</param>
public readonly record struct KernelTimestamp(long Seconds, int Nanoseconds) : IComparable<KernelTimestamp>
{
    private const int NanosecondsPerTick = 100;

    /// <summary>False when the kernel gave no time.</summary>
    public bool IsSet => Seconds != 0 || Nanoseconds != 0;

    /// <summary>Earlier than.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <(KernelTimestamp left, KernelTimestamp right) => left.CompareTo(right) < 0;

    /// <summary>Earlier than or at the same time.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator <=(KernelTimestamp left, KernelTimestamp right) => left.CompareTo(right) <= 0;

    /// <summary>Later than.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >(KernelTimestamp left, KernelTimestamp right) => left.CompareTo(right) > 0;

    /// <summary>Later than or at the same time.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator >=(KernelTimestamp left, KernelTimestamp right) => left.CompareTo(right) >= 0;

    /// <summary>As .NET's time, which counts in 100 nanoseconds: the rest is cut.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTimeOffset ToDateTimeOffset() =>
        DateTimeOffset.FromUnixTimeSeconds(Seconds).AddTicks(Nanoseconds / NanosecondsPerTick);

    /// <inheritdoc/>
    public int CompareTo(KernelTimestamp other) => (Seconds, Nanoseconds).CompareTo((other.Seconds, other.Nanoseconds));

    /// <summary>As <c>1763726400.000000123</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds}.{Nanoseconds:000000000}");
}

/// <summary>SCM_TIMESTAMPING: when a packet was received or sent; kernel's timestamping.rst.</summary>
/// <param name="Software">By the kernel's own clock; not set when it was not asked for.</param>
/// <param name="Hardware">By the network card's clock; not set when the card gave none.</param>
public readonly record struct PacketTimestamps(KernelTimestamp Software, KernelTimestamp Hardware);
