using Sockeye.Engines.Epoll;
using Sockeye.Engines.IoUring;

namespace Sockeye.Engines;

/// <summary>
/// An engine of pollers, with a thread each or, when an <see cref="EventLoop"/> owns it, with one poller on that loop's
/// thread.
/// </summary>
internal sealed class PollingEngine : SocketEngine
{
    /// <summary>How many requests fit between two enters of a ring. A loop rarely has more; then it enters once more.</summary>
    internal const int DefaultEntries = 512;

    private readonly Poller[] _pollers;
    private readonly bool _ownThreads;
    private uint _next;
    private int _disposed;

    /// <summary>An engine with threads of its own.</summary>
    internal PollingEngine(EngineKind kind, int threads, TimeProvider time, int entries = DefaultEntries)
        : this(kind, ownThreads: true, threads, (engine, shard) => Create(engine, shard, time, entries))
    {
    }

    /// <summary>An engine that has no thread: <paramref name="loop"/> drives its one poller.</summary>
    internal PollingEngine(EngineKind kind, EventLoop loop, TimeProvider time)
        : this(kind, ownThreads: false, count: 1, (engine, shard) => Create(engine, shard, time, DefaultEntries)) => Loop = loop;

    /// <summary>An engine of other pollers.</summary>
    internal PollingEngine(EngineKind kind, bool ownThreads, int count, Func<SocketEngine, int, Poller> create)
    {
        Kind = kind;
        _ownThreads = ownThreads;
        _pollers = new Poller[count];
        for (int i = 0; i < count; i++)
        {
            try
            {
                _pollers[i] = create(this, i);
            }
            catch (Exception)
            {
                // No descriptor is left, or no memory: those that were made give theirs back.
                foreach (Poller made in _pollers.AsSpan(0, i))
                {
                    made.Dispose();
                }

                throw;
            }
        }
    }

    public override EngineKind Kind { get; }

    public override int SocketCount
    {
        get
        {
            int count = 0;
            foreach (Poller poller in _pollers)
            {
                count += poller.SocketCount;
            }

            return count;
        }
    }

    /// <summary>The loop that drives this engine; null when it has its own threads.</summary>
    internal EventLoop? Loop { get; init; }

    /// <summary>The first poller; on a loop there is no other.</summary>
    internal Poller Poller => _pollers[0];

    /// <summary>Why it is this kind and no better; null when it is what was asked for.</summary>
    internal Func<string?>? Reason { get; init; }

    public override string ToString()
    {
        string name = Kind == EngineKind.IoUring ? "io_uring" : "epoll";
        string where = _ownThreads ? $"{_pollers.Length} {(_pollers.Length == 1 ? "thread" : "threads")}" : "on an event loop";
        string text = $"{name}, {where}, {SocketCount} sockets registered";
        return Reason?.Invoke() is { } reason ? $"{text}; {reason}" : text;
    }

    internal override int Register(SocketHandle handle, out Registration? registration)
    {
        uint shard = _pollers.Length == 1 ? 0 : (Interlocked.Increment(ref _next) - 1) % (uint)_pollers.Length;
        Poller poller = _pollers[shard];
        if (_ownThreads)
        {
            poller.EnsureThread();
        }

        return poller.Register(handle, out registration);
    }

    internal override void Forget(Registration registration) => registration.Poller.Forget(registration);

    internal override void Settle(Registration registration) => registration.Poller.Settle();

    internal override void StartTimer(TimerNode node, TimeSpan delay)
    {
        Poller poller = PollerOf(node);
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

        foreach (Poller poller in _pollers)
        {
            poller.Dispose();
        }
    }

    private static Poller Create(SocketEngine engine, int shard, TimeProvider time, int entries) => engine.Kind == EngineKind.IoUring
        ? new RingPoller(engine, shard, time, entries)
        : new EpollPoller(engine, shard, time);

    private Poller PollerOf(TimerNode node) => node is CallTerms { Call: SocketOperation { Poller: { } poller } } ? poller : _pollers[0];
}
