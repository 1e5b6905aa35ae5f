namespace Sockeye.Servers.Testing;

/// <summary>What goes wrong on simulated connections, and how often. Chance comes from the simulation's seed.</summary>
public sealed class FaultPlan
{
    /// <summary>Nothing but that bytes arrive whole and at once.</summary>
    public static FaultPlan None { get; } = new() { MaxPieceBytes = int.MaxValue, MaxDelay = TimeSpan.Zero };

    /// <summary>The largest piece in which bytes arrive; each is of some length from 1 to this. Defaults to 64.</summary>
    public int MaxPieceBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 64;

    /// <summary>
    /// The longest time that a piece is under way; each takes some time up to this. Pieces of one connection keep their order, those
    /// of several do not. Defaults to 10 ms.
    /// </summary>
    public TimeSpan MaxDelay
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromMilliseconds(10);

    /// <summary>How likely a piece is held up for <see cref="StallTime"/>, from 0 to 1. Defaults to 0.</summary>
    public double StallProbability
    {
        get;
        init => field = Probability(value);
    }

    /// <summary>How long a stall lasts. Defaults to 10 s.</summary>
    public TimeSpan StallTime
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>How likely the connection is reset instead of a piece arriving, from 0 to 1. Defaults to 0.</summary>
    public double ResetProbability
    {
        get;
        init => field = Probability(value);
    }

    private static double Probability(double value) =>
        value is >= 0 and <= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A probability is from 0 to 1.");
}
