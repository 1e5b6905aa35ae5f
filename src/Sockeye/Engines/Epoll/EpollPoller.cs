using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sockeye.Interop;

namespace Sockeye.Engines.Epoll;

/// <summary>Waits with epoll(7). A socket is added once, edge-triggered, for all events, and stays as it is.</summary>
internal sealed class EpollPoller : Poller
{
    // Enough for a busy turn; more events wait in the kernel for the next one.
    private const int EventsPerWait = 256;
    private const ulong WakeData = ulong.MaxValue;

    // What is watched of sockets whose descriptor another socket's entry has. Owned; closed when it is taken out.
    private static readonly ConditionalWeakTable<Registration, SocketHandle> Duplicates = [];

    // Owned: closed by the waiting thread when it ends, or by Dispose when there is none.
    private readonly EpollSet _epoll = new(EventsPerWait);
    private readonly EventDescriptor _wake = EventDescriptor.Create();
    private int _ready;

    internal EpollPoller(SocketEngine engine, int shard, TimeProvider time)
        : base(engine, shard, time)
    {
        int result = _epoll.Add(_wake.Handle, EpollConstants.EPOLLIN, WakeData);
        if (result < 0)
        {
            throw InteropException.For("epoll_ctl", -result);
        }
    }

    // epoll_wait asks the socket's own poll when it reports.
    internal override bool TellsAll => true;

    private protected override string Kind => "epoll";

    /// <summary>Adds a socket to a set, for all events.</summary>
    /// <returns>0, or the errno.</returns>
    internal static int Watch(EpollSet epoll, Registration registration)
    {
        if (registration.IsDuplicated)
        {
            // Watched anew: that duplicate was of another socket.
            Duplicates.Remove(registration);
            registration.IsDuplicated = false;
        }

        int result = epoll.Add(registration.Handle, AllEvents, registration.Token);
        if (result == -Errno.EEXIST)
        {
            // Two sockets on one descriptor: a view and its owner. A duplicate is an entry of its own.
            result = Libc.Duplicate(registration.Handle, out SocketHandle duplicate);
            if (result >= 0)
            {
                result = epoll.Add(duplicate, AllEvents, registration.Token);
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

    private protected override int Watch(Registration registration) => Watch(_epoll, registration);

    private protected override void Unwatch(Registration registration) => Unwatch(_epoll, registration);

    private protected override bool Wait(int timeoutMs)
    {
        int count = _epoll.Wait(timeoutMs);
        if (count < 0 && count != -Errno.EINTR)
        {
            throw InteropException.For("epoll_wait", -count);
        }

        _ready = Math.Max(count, 0);
        return _ready != 0;
    }

    private protected override void Dispatch()
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

            Find(data)?.Ready(events);
        }
    }

    // A thread that ends between the look and the signal has closed the descriptor: there is nobody left to wake.
    private protected override void Signal()
    {
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            Debug.Assert(IsStopping, "the descriptor is closed when the poller ends, not before");
        }
    }

    private protected override void CloseCore()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }
}
