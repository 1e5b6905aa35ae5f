using System.Runtime.CompilerServices;

namespace Sockeye.Cli.Serving;

/// <summary>
/// How long to wait before trying again: 50 ms, then twice as long each time, up to a second. The default value is no pause.
/// </summary>
internal struct Pause
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private TimeSpan _last;

    /// <summary>Whether the last try failed.</summary>
    public readonly bool IsPausing => _last > TimeSpan.Zero;

    /// <summary>Waits; the stop ends the wait, and is no error.</summary>
    /// <param name="stop">The stop.</param>
    public ConfiguredTaskAwaitable WaitAsync(CancellationToken stop)
    {
        _last = !IsPausing ? Shortest : _last < Longest / 2 ? 2 * _last : Longest;

        // By the loop's own timer. Task.Delay may have to start a thread, and where there is no descriptor left the
        // runtime dies of that (see Descriptors.Reserve); which is the very state that is waited out here.
        Task wait = EventLoop.Current is { } loop ? loop.DelayAsync(_last, stop) : Task.Delay(_last, stop);
        return wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
