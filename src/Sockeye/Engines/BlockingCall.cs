using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>A synchronous call from its first try to its last: its turn among other operations, its limit, its waits.</summary>
internal ref struct BlockingCall : IDisposable
{
    // The kernel never waits for the error queue either (recv(2)); and data that is there to be read would make
    // ppoll(2) say ready for ever.
    private const int NeverWait = SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_ERRQUEUE;

    private readonly SocketCore _socket;
    private readonly OperationLane _lane;
    private readonly TimeSpan? _limit;
    private readonly long _start;
    private readonly bool _waits;
    private SynchronousTurn? _turn;
    private bool _sawReady;
    private long _moved;
    private TimeSpan _pause = RetryTimer.First;
    private EpollSet? _edges;

    /// <param name="socket">The socket.</param>
    /// <param name="lane">Which operations it must not overtake.</param>
    /// <param name="limit">The limit of the whole call; null is none.</param>
    /// <param name="flags">With MSG_DONTWAIT the call does not wait.</param>
    /// <param name="always">The limit is the caller's own for this call: wait whatever Blocking says.</param>
    internal BlockingCall(SocketCore socket, OperationLane lane, TimeSpan? limit, int flags = 0, bool always = false)
    {
        _socket = socket;
        _lane = lane;
        _limit = limit;
        _waits = (socket.IsBlocking || always) && limit != TimeSpan.Zero && (flags & NeverWait) == 0;
        _start = limit is null ? 0 : Stopwatch.GetTimestamp();
    }

    private readonly TimeSpan Left => _limit is { } limit
        ? TimeSpan.FromTicks(Math.Max(0, (limit - Stopwatch.GetElapsedTime(_start)).Ticks))
        : System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>Waits for the operations that came first.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Enter()
    {
        Registration? registration = _socket.Registration;
        if (registration is null || registration.IsIdle(_lane))
        {
            return 0;
        }

        if (!_waits)
        {
            return Errno.EAGAIN;
        }

        var turn = new SynchronousTurn(_socket, _lane);
        if (registration.TryEnterTurn(turn))
        {
            return 0;
        }

        _turn = turn;
        return turn.Wait(Left) ? 0 : Errno.ETIMEDOUT;
    }

    /// <summary>Waits until the socket may be ready.</summary>
    /// <param name="events">POLLIN or POLLOUT; 0 only sleeps for <paramref name="pause"/>.</param>
    /// <param name="pause">Return 0 after this long at the latest.</param>
    /// <param name="moved">How much the call has moved so far: a wait that led to more was not in vain.</param>
    /// <returns>0: try again. Else the errno: EAGAIN when the socket must not wait, ETIMEDOUT, EBADF after Dispose.</returns>
    internal int Wait(short events, TimeSpan? pause = null, long moved = 0)
    {
        if (!_waits)
        {
            return Errno.EAGAIN;
        }

        _sawReady &= moved == _moved;
        _moved = moved;

        // A queue that others have filled: the kernel has no word for the room in it, and says "writable" each time
        // it has thrown a refused message away (net/unix/af_unix.c, unix_dgram_sendmsg). Look again after a pause.
        if (_sawReady && events == PollConstants.POLLOUT && _socket.AddressFamily == AddressFamily.Unix && !_socket.IsStream)
        {
            events = 0;
            pause = _pause;
            _pause = RetryTimer.Next(_pause, CrowdedQueue.LongestPause);
        }

        // Ready, it was said, and then the call found nothing. Somebody else may have taken it; or an unread error
        // queue or a hang-up keeps ppoll(2) saying ready. From now on only what is new counts.
        if (_sawReady && events != 0 && _edges is null)
        {
            _edges = _socket.WatchEdges(events);
        }

        while (true)
        {
            TimeSpan left = Left;
            bool pauses = pause is { } limit && (left < TimeSpan.Zero || limit < left);
            int result = _socket.PollOrWake(events, pauses ? pause!.Value : left, out _, _edges);
            if (result == -Errno.EINTR)
            {
                // A signal came: resume with the time that is left (PEP 475).
                continue;
            }

            _sawReady = result > 0;
            return result < 0 ? -result
                : result == 0 && !pauses ? Errno.ETIMEDOUT
                : 0;
        }
    }

    public readonly void Dispose()
    {
        _edges?.Dispose();
        if (_turn is not null)
        {
            _socket.Registration!.LeaveTurn(_turn);
        }
    }
}
