using System.Numerics;

namespace Sockeye.Benchmarks.Load;

/// <summary>A histogram of durations, 1.6 % wide at any length: adding one costs a few nanoseconds and no memory.</summary>
internal sealed class Latencies
{
    // 64 places for each power of two; durations end at 2^40 ns, a quarter of an hour.
    private const int StepsLog = 6;
    private const int PowersMax = 40;

    private readonly long[] _counts = new long[(PowersMax - StepsLog + 1) << StepsLog];
    private long _count;

    /// <summary>Forgets all.</summary>
    internal void Clear()
    {
        Array.Clear(_counts);
        _count = 0;
    }

    /// <summary>Adds one.</summary>
    internal void Add(long nanoseconds)
    {
        _counts[IndexOf(nanoseconds)]++;
        _count++;
    }

    /// <summary>The duration that a part of all do not exceed, in microseconds; null when there are none.</summary>
    /// <param name="part">0.5 is the median.</param>
    internal double? Percentile(double part)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(_count * part));
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
            {
                return (LowerBound(i) + LowerBound(i + 1)) / 2.0 / 1000;
            }
        }

        return null;
    }

    private static int IndexOf(long nanoseconds)
    {
        ulong value = (ulong)Math.Clamp(nanoseconds, 0, (1L << PowersMax) - 1);
        int shift = Math.Max(0, BitOperations.Log2(value | 1) - StepsLog);
        return (shift << StepsLog) + (int)(value >> shift);
    }

    private static long LowerBound(int index)
    {
        int shift = Math.Max(0, (index >> StepsLog) - 1);
        return (long)(index - (shift << StepsLog)) << shift;
    }
}
