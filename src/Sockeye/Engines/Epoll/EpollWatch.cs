using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye.Engines.Epoll;

/// <summary>
/// epoll(7) over the sockets of one poller, edge-triggered, each added once and told once when more is to be watched: what an
/// <see cref="EpollPoller"/> waits with, and what a ring's poller goes on with when its ring has failed.
/// </summary>
/// <remarks>
/// Contract. <see cref="Wait"/> and <see cref="Dispatch"/> belong to the waiting thread, <see cref="Watch(Registration)"/> and
/// <see cref="Unwatch(Registration)"/> to any.
/// </remarks>
internal sealed class EpollWatch : IDisposable
{
    // Enough for a busy turn; more events wait in the kernel for the next one.
    private const int EventsPerWait = 256;
    private const ulong WakeData = ulong.MaxValue;

    // What is watched of sockets whose descriptor another socket's entry has. Owned; closed when it is taken out.
    private static readonly ConditionalWeakTable<Registration, SocketHandle> Duplicates = [];

    // Owned: closed in Dispose.
    private readonly EpollSet _epoll;
    private readonly EventDescriptor _wake;
    private int _ready;

    private EpollWatch(EpollSet epoll, EventDescriptor wake)
    {
        _epoll = epoll;
        _wake = wake;
    }

    /// <summary>epoll_create1(2), and the wake-up's place in the set.</summary>
    /// <param name="wake">Ends a wait when it is signalled. The caller's.</param>
    /// <param name="made">The set; null on failure.</param>
    /// <returns>0, or the errno.</returns>
    internal static int TryCreate(EventDescriptor wake, out EpollWatch? made)
    {
        made = null;
        int errno = EpollSet.TryCreate(EventsPerWait, out EpollSet? epoll);
        if (errno != 0)
        {
            return errno;
        }

        int result = epoll!.Add(wake.Handle, EpollConstants.EPOLLIN, WakeData);
        if (result < 0)
        {
            epoll.Dispose();
            return -result;
        }

        made = new EpollWatch(epoll, wake);
        return 0;
    }

    /// <summary>Adds a socket to a set.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int Watch(EpollSet epoll, Registration registration)
    {
        if (registration.IsDuplicated)
        {
            // Watched anew: that duplicate was of another socket.
            Duplicates.Remove(registration);
            registration.IsDuplicated = false;
        }

        int result = epoll.Add(registration.Handle, registration.Events, registration.Token);
        if (result == -Errno.EEXIST)
        {
            // Two sockets on one descriptor: a view and its owner. A duplicate is an entry of its own.
            result = NewDescriptors.Duplicate(registration.Handle, out SocketHandle duplicate);
            if (result >= 0)
            {
                result = epoll.Add(duplicate, registration.Events, registration.Token);
                if (result < 0)
                {
                    duplicate.Dispose();
                }
                else
                {
                    Duplicates.Add(registration, duplicate);
                    registration.IsDuplicated = true;
                }
            }
        }

        return Math.Max(-result, 0);
    }

    /// <summary>Watches for what the registration says now.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int WatchMore(EpollSet epoll, Registration registration)
    {
        SafeHandle watched = registration.IsDuplicated && Duplicates.TryGetValue(registration, out SocketHandle? duplicate)
            ? duplicate : registration.Handle;

        // ENOENT: it was taken out just now, since it closes.
        int result = epoll.Modify(watched, registration.Events, registration.Token);
        return result == -Errno.ENOENT ? 0 : Math.Max(-result, 0);
    }

    /// <summary>Takes a socket out of a set, before the close: a duplicate of the descriptor would keep it there.</summary>
    internal static void Unwatch(EpollSet epoll, Registration registration)
    {
        // EBADF and ENOENT mean that it is out already.
        if (registration.IsDuplicated && Duplicates.TryGetValue(registration, out SocketHandle? duplicate))
        {
            epoll.Remove(duplicate);
            duplicate.Dispose();
        }
        else if (!registration.Handle.IsClosed)
        {
            epoll.Remove(registration.Handle);
        }
    }

    /// <summary>As <see cref="Poller"/>'s.</summary>
    internal int Watch(Registration registration) => Watch(_epoll, registration);

    /// <summary>As <see cref="Poller"/>'s.</summary>
    internal int WatchMore(Registration registration) => WatchMore(_epoll, registration);

    /// <summary>As <see cref="Poller"/>'s.</summary>
    internal void Unwatch(Registration registration) => Unwatch(_epoll, registration);

    /// <summary>Waits for events.</summary>
    /// <param name="timeoutMs">Milliseconds at most; −1 waits without limit.</param>
    /// <returns>True when there are events to dispatch.</returns>
    internal bool Wait(int timeoutMs)
    {
        int count = _epoll.Wait(timeoutMs);
        if (count < 0 && count != -Errno.EINTR)
        {
            throw InteropException.For("epoll_wait", -count);
        }

        _ready = Math.Max(count, 0);
        return _ready != 0;
    }

    /// <summary>Hands the last wait's events to the registrations of <paramref name="poller"/>.</summary>
    internal void Dispatch(Poller poller)
    {
        int ready = _ready;
        _ready = 0;
        for (int i = 0; i < ready; i++)
        {
            (uint events, ulong data) = _epoll.Event(i);
            if (data == WakeData)
            {
                _wake.Drain();
                continue;
            }

            poller.Find(data)?.Ready(events);
        }
    }

    public void Dispose() => _epoll.Dispose();
}
