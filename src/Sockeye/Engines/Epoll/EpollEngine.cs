namespace Sockeye.Engines.Epoll;

/// <summary>Waits with epoll(7), on threads of its own or, when an <see cref="EventLoop"/> owns it, on that loop's.</summary>
internal sealed class EpollEngine : SocketEngine
{
    private readonly EpollPoller[] _pollers;
    private readonly bool _ownThreads;
    private uint _next;
    private int _disposed;

    internal EpollEngine(int threads, TimeProvider time)
    {
        _ownThreads = true;
        _pollers = new EpollPoller[threads];
        for (int i = 0; i < threads; i++)
        {
            _pollers[i] = new EpollPoller(this, i, time);
        }
    }

    /// <summary>An engine that has no thread: <paramref name="loop"/> drives its one poller.</summary>
    internal EpollEngine(EventLoop loop, TimeProvider time)
    {
        _pollers = [new EpollPoller(this, shard: 0, time)];
        Loop = loop;
    }

    public override EngineKind Kind => EngineKind.Epoll;

    public override int SocketCount
    {
        get
        {
            int count = 0;
            foreach (EpollPoller poller in _pollers)
            {
                count += poller.SocketCount;
            }

            return count;
        }
    }

    /// <summary>The loop that drives this engine; null when it has its own threads.</summary>
    internal EventLoop? Loop { get; }

    /// <summary>The poller that a loop drives.</summary>
    internal EpollPoller Poller => _pollers[0];

    public override string ToString() => _ownThreads
        ? $"epoll, {_pollers.Length} {(_pollers.Length == 1 ? "thread" : "threads")}, {SocketCount} sockets registered"
        : $"epoll, on an event loop, {SocketCount} sockets registered";

    internal override int Register(SocketHandle handle, out Registration? registration)
    {
        uint shard = _pollers.Length == 1 ? 0 : (Interlocked.Increment(ref _next) - 1) % (uint)_pollers.Length;
        EpollPoller poller = _pollers[shard];
        if (_ownThreads)
        {
            poller.EnsureThread();
        }

        return poller.Register(handle, out registration);
    }

    internal override void Forget(Registration registration) => _pollers[registration.Shard].Forget(registration);

    internal override void StartTimer(TimerNode node, TimeSpan delay)
    {
        EpollPoller poller = PollerOf(node);
        if (_ownThreads)
        {
            poller.EnsureThread();
        }

        poller.StartTimer(node, delay);
    }

    internal override bool StopTimer(TimerNode node) => PollerOf(node).Timers.Remove(node);

    protected override void Dispose(bool disposing)
    {
        if (!disposing || Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (EpollPoller poller in _pollers)
        {
            poller.Dispose();
        }
    }

    private EpollPoller PollerOf(TimerNode node) =>
        node is SocketOperation { Shard: var shard } ? _pollers[shard] : _pollers[0];
}
