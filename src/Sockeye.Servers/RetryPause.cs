namespace Sockeye.Servers;

/// <summary>
/// How long to wait before a call is made again that failed because the kernel is short of something: 50 ms, then twice as
/// long each time, up to a second. The default value is no pause.
/// </summary>
internal struct RetryPause
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private TimeSpan _last;

    /// <summary>Whether the last try failed.</summary>
    internal readonly bool IsPausing => _last > TimeSpan.Zero;

    /// <summary>Waits, longer each time; the token ends the wait, and is no error.</summary>
    internal Task WaitAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        _last = !IsPausing ? Shortest : _last < Longest / 2 ? 2 * _last : Longest;
        return Waits.DelayAsync(time, _last, cancellationToken);
    }
}
