using System.Diagnostics;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// How synchronous calls wait: in ppoll(2) on the calling thread, on the socket and on an eventfd of that thread, so
// that Dispose can wake it without shutdown(2), which would reach every duplicate of the descriptor (docs/adr/0002).
public partial class Socket
{
    // Threads that wait in a synchronous call now. Under _gate.
    private SynchronousWaiter? _waiters;

    /// <summary>The limit of a synchronous receive. Accept and connect heed <see cref="Timeout"/> alone, as in .NET.</summary>
    private TimeSpan? ReceiveLimit => Smaller(Timeout, _receiveTimeoutMs);

    /// <summary>The limit of a synchronous send.</summary>
    private TimeSpan? SendLimit => Smaller(Timeout, _sendTimeoutMs);

    private static TimeSpan? Smaller(TimeSpan? limit, int milliseconds) =>
        milliseconds <= 0 || (limit is { } time && time.TotalMilliseconds <= milliseconds)
            ? limit
            : TimeSpan.FromMilliseconds(milliseconds);

    /// <summary>A synchronous call from its first try to its last: its turn among other operations, its limit, its waits.</summary>
    internal ref struct BlockingCall : IDisposable
    {
        private readonly Socket _socket;
        private readonly OperationLane _lane;
        private readonly TimeSpan? _limit;
        private readonly long _start;
        private readonly bool _waits;
        private SynchronousTurn? _turn;

        /// <param name="socket">The socket.</param>
        /// <param name="lane">Which operations it must not overtake.</param>
        /// <param name="limit">The limit of the whole call; null is none.</param>
        /// <param name="flags">With MSG_DONTWAIT the call does not wait.</param>
        internal BlockingCall(Socket socket, OperationLane lane, TimeSpan? limit, int flags = 0)
        {
            _socket = socket;
            _lane = lane;
            _limit = limit;
            _waits = socket._blocking && limit != TimeSpan.Zero && (flags & SocketConstants.MSG_DONTWAIT) == 0;
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
        /// <returns>0: try again. Else the errno: EAGAIN when the socket must not wait, ETIMEDOUT, EBADF after Dispose.</returns>
        internal readonly int Wait(short events, TimeSpan? pause = null)
        {
            if (!_waits)
            {
                return Errno.EAGAIN;
            }

            int errno = SynchronousWaiter.ForThisThread(out SynchronousWaiter? waiter);
            if (errno != 0)
            {
                return errno;
            }

            if (!_socket.AddWaiter(waiter!))
            {
                return Errno.EBADF;
            }

            bool referenced = false;
            try
            {
                _socket._handle.DangerousAddRef(ref referenced);
                Span<PollDescriptor> descriptors = stackalloc PollDescriptor[2];
                descriptors[0] = new PollDescriptor { Descriptor = events == 0 ? -1 : _socket._handle.Number, Events = events };
                descriptors[1] = new PollDescriptor { Descriptor = waiter!.Number, Events = PollConstants.POLLIN };
                while (true)
                {
                    TimeSpan left = Left;
                    bool pauses = pause is { } limit && (left < TimeSpan.Zero || limit < left);
                    int result = Libc.Poll(descriptors, pauses ? pause!.Value : left);
                    if (result == -Errno.EINTR)
                    {
                        // A signal came: resume with the time that is left (PEP 475).
                        continue;
                    }

                    return result < 0 ? -result
                        : descriptors[1].Returned != 0 ? Errno.EBADF
                        : result == 0 && !pauses ? Errno.ETIMEDOUT
                        : 0;
                }
            }
            catch (ObjectDisposedException)
            {
                return Errno.EBADF;
            }
            finally
            {
                if (referenced)
                {
                    _socket._handle.DangerousRelease();
                }

                _socket.RemoveWaiter(waiter!);
            }
        }

        public readonly void Dispose()
        {
            if (_turn is not null)
            {
                _socket.Registration!.LeaveTurn(_turn);
            }
        }
    }

    private bool AddWaiter(SynchronousWaiter waiter)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            waiter.Next = _waiters;
            _waiters = waiter;
            return true;
        }
    }

    private void RemoveWaiter(SynchronousWaiter waiter)
    {
        lock (_gate)
        {
            ref SynchronousWaiter? link = ref _waiters;
            while (!ReferenceEquals(link, waiter))
            {
                link = ref link!.Next;
            }

            link = waiter.Next;
            waiter.Next = null;
            waiter.Rest();
        }
    }
}

/// <summary>A thread's own eventfd, made the first time that thread waits in a synchronous call, closed after the thread's end.</summary>
internal sealed class SynchronousWaiter
{
    [ThreadStatic]
    private static SynchronousWaiter? t_own;

    // Owned: closed by the descriptor's finalizer, when the thread has gone.
    private readonly EventDescriptor _wake;
    private bool _signaled;

    private SynchronousWaiter(EventDescriptor wake) => _wake = wake;

    /// <summary>The next thread that waits on the same socket. Under that socket's gate.</summary>
    internal SynchronousWaiter? Next;

    internal int Number => _wake.Handle.Number;

    /// <summary>This thread's waiter.</summary>
    /// <returns>0; or the errno, when the process has no descriptor left for it.</returns>
    internal static int ForThisThread(out SynchronousWaiter? waiter)
    {
        waiter = t_own;
        if (waiter is null)
        {
            int errno = EventDescriptor.TryCreate(out EventDescriptor? wake);
            if (errno != 0)
            {
                return errno;
            }

            waiter = t_own = new SynchronousWaiter(wake!);
        }

        return 0;
    }

    /// <summary>Wakes the thread. Under the socket's gate.</summary>
    internal void Signal()
    {
        _signaled = true;
        _wake.Signal();
    }

    /// <summary>Makes ready for the next wait. Under the socket's gate.</summary>
    internal void Rest()
    {
        if (_signaled)
        {
            _signaled = false;
            _wake.Drain();
        }
    }
}
