namespace Sockeye.Cli.Serving;

/// <summary>
/// Lets the first event through at once, and then one a second with a count of the others: what strangers can cause as often
/// as they like must not decide how fast a log grows. Any thread may call.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class LogLimit(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();

    // Under _gate.
    private long? _last;
    private int _held;

    /// <summary>One more.</summary>
    /// <returns>How many to report now, including this one; 0 is none.</returns>
    public int Take()
    {
        lock (_gate)
        {
            _held++;
            return _last is { } last && time.GetElapsedTime(last) < Pause ? 0 : Release();
        }
    }

    /// <summary>Ends it.</summary>
    /// <returns>How many have not been reported.</returns>
    public int Flush()
    {
        lock (_gate)
        {
            return Release();
        }
    }

    private int Release()
    {
        _last = time.GetTimestamp();
        (int held, _held) = (_held, 0);
        return held;
    }
}
