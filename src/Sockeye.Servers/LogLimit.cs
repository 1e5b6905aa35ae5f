namespace Sockeye.Servers;

/// <summary>
/// Lets the first event through at once, and then one in each pause with a count of the others: what strangers can cause as
/// often as they like must not decide how fast a log grows. Any thread may call.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="pause">How long nothing is let through after an event was; null, the default, is a second.</param>
public sealed class LogLimit(TimeProvider time, TimeSpan? pause = null)
{
    private readonly TimeSpan _pause = pause ?? TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();

    // Under the gate.
    private long? _last;
    private int _held;

    /// <summary>One more has happened.</summary>
    /// <returns>How many to report now, this one included; 0 is none.</returns>
    public int Take()
    {
        lock (_gate)
        {
            _held++;
            return _last is { } last && time.GetElapsedTime(last) < _pause ? 0 : Release();
        }
    }

    /// <summary>Ends it: what was held back is to be reported now.</summary>
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
