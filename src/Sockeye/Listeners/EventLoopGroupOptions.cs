namespace Sockeye;

/// <summary>How many loops an <see cref="EventLoopGroup"/> has, and how each of them waits.</summary>
public sealed class EventLoopGroupOptions : EventLoopOptions
{
    private const int CountMax = 1024;

    /// <summary>How many loops, each with a thread of its own. Defaults to the number of processors.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 or more than 1,024.</exception>
    public int Count
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, CountMax);
            field = value;
        }
    } = Environment.ProcessorCount;

    /// <summary>
    /// sched_setaffinity(2): keeps each loop's thread on one of the processors that the process may use, in turn. It serves a
    /// machine that does nothing else. Defaults to false.
    /// </summary>
    public bool PinThreads { get; set; }
}
