namespace Sockeye.Engines;

/// <summary>
/// Makes an operation try again after a while, where the kernel has no event to wait for: at first after 1 ms, then ever
/// later, up to a longest pause.
/// </summary>
/// <remarks>
/// Two things on UNIX sockets have none (unix(7)): a free place in a listener's backlog, and room in a datagram queue that
/// others have filled. For the second the kernel even says "writable" each time it has thrown a refused message away,
/// so that a try would call for the next one; while the timer runs, the operation does not try.
/// </remarks>
internal sealed class RetryTimer(SocketOperation operation, TimeSpan longest) : TimerNode
{
    internal static readonly TimeSpan First = TimeSpan.FromMilliseconds(1);

    private TimeSpan _delay = First;
    private volatile bool _runs;
    private volatile bool _stopped;

    /// <summary>The pause after one of <paramref name="delay"/>: twice as long, up to <paramref name="longest"/>.</summary>
    internal static TimeSpan Next(TimeSpan delay, TimeSpan longest) => TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, longest.Ticks));

    /// <summary>True until the time has come to try again.</summary>
    internal bool Runs => _runs;

    internal override short TimerVersion => 0;

    /// <summary>Starts the next pause.</summary>
    /// <remarks>
    /// The operation may be on its first try and have no registration yet; then the engine that will wait for it is the
    /// socket's own, and should the time run out before, the registration's first event makes up for it.
    /// </remarks>
    internal void Arm()
    {
        SocketEngine engine = operation.Socket.Engine;
        engine.StopTimer(this);
        _runs = true;
        engine.StartTimer(this, _delay);
        _delay = Next(_delay, longest);
    }

    /// <summary>Ends it: the operation is done.</summary>
    internal void Stop()
    {
        _stopped = true;
        operation.Socket.Engine.StopTimer(this);
    }

    internal override void Expire(short version)
    {
        _runs = false;
        if (!_stopped)
        {
            operation.Socket.Registration?.Ready(read: false, write: true);
        }
    }
}

/// <summary>A send to a UNIX datagram queue that others have filled: tries again by the clock. See <see cref="RetryTimer"/>.</summary>
internal struct CrowdedQueue
{
    internal static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(16);

    // Made when the first try was refused.
    private RetryTimer? _retry;

    /// <summary>True while the operation must not try.</summary>
    internal readonly bool IsPaused => _retry is { Runs: true };

    /// <summary>A try got EAGAIN.</summary>
    /// <param name="operation">The send.</param>
    /// <param name="isAddressed">The message names its peer. A connected socket's queue tells of its room as others do.</param>
    internal void Refused(SocketOperation operation, bool isAddressed)
    {
        if (isAddressed && operation.Socket is { AddressFamily: System.Net.Sockets.AddressFamily.Unix, IsStream: false })
        {
            _retry ??= new RetryTimer(operation, LongestPause);
            _retry.Arm();
        }
    }

    /// <summary>The send is done.</summary>
    internal void Stop()
    {
        _retry?.Stop();
        _retry = null;
    }
}
