using System.Diagnostics;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>A synchronous call from its first try to its last: its place among other operations, its limit, its waits.</summary>
internal ref struct BlockingCall : IDisposable
{
    private readonly SocketCore _socket;
    private readonly OperationQueue _queue;
    private readonly TimeSpan? _limit;
    private readonly long _start;
    private readonly bool _waits;
    private QueueTicket? _ticket;

    // Whose queue the ticket is in: the socket may have another registration by the end.
    private Registration? _registration;
    private bool _sawReady;
    private long _moved;
    private TimeSpan _pause = RetryTimer.First;
    private EpollSet? _edges;
    private int _renewals;

    private BlockingCall(SocketCore socket, OperationQueue queue, TimeSpan? limit, bool mayWait)
    {
        _socket = socket;
        _queue = queue;
        _limit = limit;
        _waits = mayWait && limit != TimeSpan.Zero;
        _start = limit is null ? 0 : Stopwatch.GetTimestamp();
    }

    /// <summary>Runs a call to its end: attempts, and waits between them.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="queue">Which operations it must not overtake.</param>
    /// <param name="limit">The limit of the whole call; null is none.</param>
    /// <param name="flags">The call's MSG_ flags: some forbid to wait.</param>
    /// <param name="step">The attempt.</param>
    /// <param name="progress">How far it came; the outcome is in it afterwards.</param>
    /// <param name="events">poll(2)'s events that it waits for; 0 is those of the queue.</param>
    /// <param name="always">The limit is the caller's own for this call: wait whatever Blocking says.</param>
    internal static void Run<TStep>(
        SocketCore socket,
        OperationQueue queue,
        TimeSpan? limit,
        int flags,
        scoped ref TStep step,
        ref Progress progress,
        short events = 0,
        bool always = false)
        where TStep : struct, ICallStep, allows ref struct
    {
        if (events == 0)
        {
            events = queue switch
            {
                OperationQueue.Read => PollConstants.POLLIN,
                OperationQueue.Write => PollConstants.POLLOUT,
                _ => PollConstants.POLLERR,
            };
        }

        // On a loop's thread: what it has prepared, of whatever socket, came before, and this call may wait for what it leads to.
        RingPoller.Own?.FinishTries();
        using var call = new BlockingCall(socket, queue, limit, mayWait: (socket.IsBlocking || always) && CallSteps.MayWait(flags));
        int errno = call.Enter();
        progress.HasWaited = call._ticket is not null;
        while (errno == 0)
        {
            switch (CallSteps.Try(socket, ref step, ref progress))
            {
                case StepResult.Done:
                    return;
                case StepResult.Pause:
                    errno = call.Pause();
                    break;
                default:
                    progress.HasWaited = true;
                    errno = call.Wait(events, progress.Count);
                    break;
            }
        }

        progress.End(errno);
    }

    private readonly TimeSpan Left => _limit is { } limit
        ? TimeSpan.FromTicks(Math.Max(0, (limit - Stopwatch.GetElapsedTime(_start)).Ticks))
        : System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>Waits for the operations that came first.</summary>
    /// <returns>0, or the errno.</returns>
    private int Enter()
    {
        Registration? registration = _socket.Registration;
        if (registration is null || _queue == OperationQueue.Watch || registration.IsIdle(_queue))
        {
            return 0;
        }

        if (!_waits)
        {
            return Errno.EAGAIN;
        }

        var ticket = new QueueTicket(_socket, _queue);
        if (registration.TryEnterQueue(ticket))
        {
            return 0;
        }

        _ticket = ticket;
        _registration = registration;
        return ticket.Wait(Left) ? 0 : Errno.ETIMEDOUT;
    }

    /// <summary>Waits until the socket may be ready.</summary>
    /// <param name="events">POLLIN or POLLOUT.</param>
    /// <param name="moved">How much the call has moved so far: a wait that led to more was not in vain.</param>
    /// <returns>0: try again. Else the errno: EAGAIN when the socket must not wait, ETIMEDOUT, EBADF after Dispose.</returns>
    private int Wait(short events, long moved)
    {
        if (!_waits)
        {
            return Errno.EAGAIN;
        }

        _sawReady &= moved == _moved;
        _moved = moved;

        // Ready, it was said, and then the call found nothing. Somebody else may have taken it; or an unread error
        // queue or a hang-up keeps ppoll(2) saying ready; or it is looked at only. From now on only what is new counts.
        if (_edges is not null && _renewals != _socket.Renewals)
        {
            // Those of another socket, whose number this one has got.
            _edges.Dispose();
            _edges = null;
        }
        else if (_sawReady && _edges is null)
        {
            _renewals = _socket.Renewals;
            _edges = _socket.WatchEdges(events);
            if (_edges is null)
            {
                // The process has no descriptor left to wait for edges with.
                return Pause();
            }
        }

        int result = _socket.PollOrWake(events, Left, out _, _edges, _renewals);
        _sawReady = result > 0;
        return result < 0 ? -result : result == 0 ? Errno.ETIMEDOUT : 0;
    }

    /// <summary>Sleeps for a while, longer each time, where the kernel has no event to wait for.</summary>
    /// <returns>As for <see cref="Wait"/>.</returns>
    private int Pause()
    {
        if (!_waits)
        {
            return Errno.EAGAIN;
        }

        TimeSpan pause = _pause;
        _pause = RetryTimer.Next(pause);
        TimeSpan left = Left;
        bool isLast = left >= TimeSpan.Zero && left < pause;
        int result = _socket.PollOrWake(events: 0, isLast ? left : pause, out _);
        return result < 0 ? -result : isLast ? Errno.ETIMEDOUT : 0;
    }

    public readonly void Dispose()
    {
        _edges?.Dispose();
        if (_ticket is not null)
        {
            _registration!.LeaveQueue(_ticket);
        }
    }
}
