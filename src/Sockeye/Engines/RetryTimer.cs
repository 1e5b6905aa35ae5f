namespace Sockeye.Engines;

/// <summary>
/// Makes an operation try again after a while, where the kernel has no event to wait for: at first after 1 ms, then ever
/// later, up to 16 ms.
/// </summary>
/// <remarks>
/// Two things on UNIX sockets have none (unix(7)): a free place in a listener's backlog, and room in a datagram queue that
/// others have filled. For the second the kernel even says "writable" each time it has thrown a refused message away,
/// so that a try would call for the next one; while the timer runs, the operation does not try.
/// </remarks>
internal sealed class RetryTimer(SocketOperation operation) : TimerNode
{
    internal static readonly TimeSpan First = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(16);

    private TimeSpan _delay = First;
    private volatile bool _runs;
    private volatile bool _stopped;

    /// <summary>The pause after one of <paramref name="delay"/>: twice as long, up to 16 ms.</summary>
    internal static TimeSpan Next(TimeSpan delay) => TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, Longest.Ticks));

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
        _delay = Next(_delay);
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
