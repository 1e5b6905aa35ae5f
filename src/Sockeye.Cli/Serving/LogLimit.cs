namespace Sockeye.Cli.Serving;

/// <summary>
/// Lets one through at once, and of those that follow one a second, with their count: what strangers cause as often as
/// they like must not decide how fast a log grows. Any thread may call.
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
    /// <returns>How many to tell of now, this one among them; 0 is none.</returns>
    public int Take()
    {
        lock (_gate)
        {
            _held++;
            return _last is { } last && time.GetElapsedTime(last) < Pause ? 0 : Release();
        }
    }

    /// <summary>There will be no more.</summary>
    /// <returns>How many nobody was told of.</returns>
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
