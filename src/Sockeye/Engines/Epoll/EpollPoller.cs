using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.Epoll;

/// <summary>Waits with epoll(7).</summary>
internal sealed class EpollPoller : Poller
{
    // Owned: closed by the waiting thread when it ends, or by Dispose when there is none.
    private readonly EventDescriptor _wake = EventDescriptor.Create();
    private readonly EpollWatch _epoll;

    // Held while an entry is replaced or changed: each goes with the token and the events that the registration has by then.
    private readonly Lock _entriesGate = new();

    internal EpollPoller(SocketEngine engine, int shard, TimeProvider time)
        : base(engine, shard, time)
    {
        int errno = EpollWatch.TryCreate(_wake, out EpollWatch? epoll);
        if (errno != 0)
        {
            _wake.Dispose();
            throw InteropException.For("epoll_create1", errno);
        }

        _epoll = epoll!;
    }

    // epoll_wait asks the socket's own poll when it reports.
    internal override bool ReportsCurrentState => true;

    private protected override string Kind => "epoll";

    private protected override int Watch(Registration registration) => _epoll.Watch(registration);

    internal override int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        lock (_entriesGate)
        {
            return base.Rewatch(registration, replacement, closeOnExec, out isWatched);
        }
    }

    private protected override int WatchMore(Registration registration)
    {
        lock (_entriesGate)
        {
            return _epoll.WatchMore(registration);
        }
    }

    private protected override void Unwatch(Registration registration) => _epoll.Unwatch(registration);

    private protected override bool Wait(int timeoutMs) => _epoll.Wait(timeoutMs);

    private protected override void Dispatch() => _epoll.Dispatch(this);

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
