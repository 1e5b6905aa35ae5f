using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// How synchronous calls wait: in ppoll(2) on the calling thread, on the socket and on an eventfd rented for the wait, so
// that Dispose can wake it without shutdown(2), which would reach every duplicate of the descriptor (docs/adr/0002).
public partial class Socket
{
    /// <summary>The limit of a synchronous receive. Accept and connect heed <see cref="Timeout"/> alone, as in .NET.</summary>
    private TimeSpan? ReceiveLimit => Smaller(Timeout, ReceiveTimeoutMs);

    /// <summary>The limit of a synchronous send.</summary>
    private TimeSpan? SendLimit => Smaller(Timeout, SendTimeoutMs);

    private static TimeSpan? Smaller(TimeSpan? limit, int milliseconds) =>
        milliseconds <= 0 || (limit is { } time && time.TotalMilliseconds <= milliseconds)
            ? limit
            : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>A synchronous call from its first try to its last: its turn among other operations, its limit, its waits.</summary>
    internal ref struct BlockingCall : IDisposable
    {
        // The kernel never waits for the error queue either (recv(2)); and data that is there to be read would make
        // ppoll(2) say ready for ever.
        private const int NeverWait = SocketConstants.MSG_DONTWAIT | SocketConstants.MSG_ERRQUEUE;

        private readonly Socket _socket;
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
        internal BlockingCall(Socket socket, OperationLane lane, TimeSpan? limit, int flags = 0, bool always = false)
        {
            _socket = socket;
            _lane = lane;
            _limit = limit;
            _waits = (socket._blocking || always) && limit != TimeSpan.Zero && (flags & NeverWait) == 0;
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

    /// <summary>ppoll(2) on this socket, which Dispose ends.</summary>
    /// <param name="events">poll(2)'s events; 0 waits for Dispose alone.</param>
    /// <param name="limit">How long at most; negative waits without limit.</param>
    /// <param name="seen">What the socket is ready for.</param>
    /// <param name="edges">Wait for its next event instead, which <see cref="WatchEdges"/> has asked for.</param>
    /// <returns>More than 0 when ready, 0 at the limit, else −errno: −EINTR after a signal, −EBADF after Dispose.</returns>
    private int PollOrWake(short events, TimeSpan limit, out short seen, EpollSet? edges = null)
    {
        seen = 0;
        SynchronousWaiter waiter = SynchronousWaiter.Rent();
        bool added = false;
        bool referenced = false;
        try
        {
            added = AddWaiter(waiter.Link);
            if (!added)
            {
                return -Errno.EBADF;
            }

            _handle.DangerousAddRef(ref referenced);
            Span<PollDescriptor> descriptors = stackalloc PollDescriptor[2];
            descriptors[0] = edges is not null ? new PollDescriptor { Descriptor = edges.Number, Events = PollConstants.POLLIN }
                : new PollDescriptor { Descriptor = events == 0 ? -1 : _handle.Number, Events = events };
            int result = waiter.Poll(descriptors, limit);
            seen = descriptors[0].Returned;
            if (result > 0 && edges is not null)
            {
                // Takes the event, so that the set is quiet until the next.
                result = Math.Max(edges.Wait(0), 1);
            }

            return result;
        }
        catch (ObjectDisposedException)
        {
            return -Errno.EBADF;
        }
        finally
        {
            if (referenced)
            {
                _handle.DangerousRelease();
            }

            if (added)
            {
                RemoveWaiter(waiter.Link);
            }

            waiter.Return();
        }
    }

    /// <summary>An epoll(7) set that tells each new event of this socket once.</summary>
    /// <returns>Null when the process has no descriptor left: the caller then polls again and again.</returns>
    private EpollSet? WatchEdges(short events)
    {
        if (EpollSet.TryCreate(capacity: 1, out EpollSet? edges) != 0)
        {
            return null;
        }

        try
        {
            if (edges!.Add(_handle, (ushort)events | EpollConstants.EPOLLET, data: 0) >= 0)
            {
                return edges;
            }
        }
        catch (ObjectDisposedException)
        {
            // The next wait finds the socket closed, and says so.
        }

        edges!.Dispose();
        return null;
    }

    private bool AddWaiter(WaiterLink waiter)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            ref WaiterLink? first = ref Extras.Waiters;
            waiter.Next = first;
            first = waiter;
            return true;
        }
    }

    private void RemoveWaiter(WaiterLink waiter)
    {
        lock (_gate)
        {
            ref WaiterLink? link = ref Extras.Waiters;
            while (!ReferenceEquals(link, waiter))
            {
                link = ref link!.Next;
            }

            link = waiter.Next;
            waiter.Next = null;
        }
    }
}

/// <summary>A thread's place in the list of one socket's waiters. Select has one for each of its sockets.</summary>
internal sealed class WaiterLink(SynchronousWaiter waiter)
{
    /// <summary>The next thread that waits on the same socket. Under that socket's gate.</summary>
    internal WaiterLink? Next;

    internal SynchronousWaiter Waiter { get; } = waiter;
}

/// <summary>What a waiting thread is woken by when its socket is disposed: an eventfd, rented for the wait.</summary>
/// <remarks>
/// A process that has no descriptor left waits all the same: in slices, looking between them whether it was woken.
/// </remarks>
internal sealed class SynchronousWaiter
{
    // As many as one expects to wait at a time; more are made and closed again.
    private const int RestingMax = 64;

    // How late a Dispose may be noticed by a thread that got no eventfd.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private static readonly Lock RestingGate = new();
    private static readonly SynchronousWaiter?[] Resting = new SynchronousWaiter?[RestingMax];
    private static int s_resting;

    // Owned: closed in Return, when enough are resting. Null when there was none to be had.
    private readonly EventDescriptor? _wake;
    private volatile bool _signaled;

    private SynchronousWaiter(EventDescriptor? wake)
    {
        _wake = wake;
        Link = new WaiterLink(this);
    }

    /// <summary>The link for a wait on one socket.</summary>
    internal WaiterLink Link { get; }

    /// <summary>A waiter for one wait; <see cref="Return"/> ends it.</summary>
    internal static SynchronousWaiter Rent()
    {
        lock (RestingGate)
        {
            if (s_resting > 0)
            {
                SynchronousWaiter rested = Resting[--s_resting]!;
                Resting[s_resting] = null;
                return rested;
            }
        }

        EventDescriptor.TryCreate(out EventDescriptor? wake);
        return new SynchronousWaiter(wake);
    }

    /// <summary>Wakes the thread. Under the gate of a socket that has it in its list.</summary>
    internal void Signal()
    {
        _signaled = true;
        _wake?.Signal();
    }

    /// <summary>ppoll(2), ended by <see cref="Signal"/>.</summary>
    /// <param name="descriptors">What to wait for; the last place is the waiter's own.</param>
    /// <param name="limit">How long at most; negative waits without limit.</param>
    /// <returns>More than 0 when ready, 0 at the limit, else −errno: −EINTR after a signal, −EBADF when woken.</returns>
    internal int Poll(Span<PollDescriptor> descriptors, TimeSpan limit)
    {
        descriptors[^1] = new PollDescriptor { Descriptor = _wake?.Handle.Number ?? -1, Events = PollConstants.POLLIN };
        if (_wake is not null)
        {
            int result = Libc.Poll(descriptors, limit);
            return result > 0 && descriptors[^1].Returned != 0 ? -Errno.EBADF : result;
        }

        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = limit < TimeSpan.Zero ? Slice : limit - Stopwatch.GetElapsedTime(start);
            bool last = left <= Slice && limit >= TimeSpan.Zero;
            int result = Libc.Poll(descriptors, last ? TimeSpan.FromTicks(Math.Max(0, left.Ticks)) : Slice);
            if (_signaled)
            {
                return -Errno.EBADF;
            }

            if (result != 0 || last)
            {
                return result;
            }
        }
    }

    /// <summary>Ends the rent, once no socket has it in its list any more.</summary>
    internal void Return()
    {
        if (_wake is null)
        {
            return;
        }

        if (_signaled)
        {
            _signaled = false;
            _wake.Drain();
        }

        lock (RestingGate)
        {
            if (s_resting < RestingMax)
            {
                Resting[s_resting++] = this;
                return;
            }
        }

        _wake.Dispose();
    }
}
