using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Engines.Epoll;
using Sockeye.Engines.IoUring;

namespace Sockeye;

/// <summary>How an engine waits for sockets.</summary>
public enum EngineKind
{
    /// <summary>What <c>SOCKEYE_ENGINE</c> names; else the best the machine has for an <see cref="EventLoop"/>: <see cref="IoUring"/> where the kernel lets us, else <see cref="Epoll"/>.</summary>
    Default,

    /// <summary>epoll(7), edge-triggered.</summary>
    Epoll,

    /// <summary>io_uring(7), Linux 6.1 or later. Containers and sysctls often forbid it.</summary>
    IoUring,
}

/// <summary>Waits for sockets on behalf of asynchronous calls. A socket does not know which kind it has.</summary>
/// <remarks>
/// <para>
/// Synchronous calls use no engine: they are system calls and ppoll(2) on the calling thread.
/// </para>
/// <para>The contract between sockets, operations and engines:</para>
/// <list type="bullet">
/// <item>An operation is tried once by its caller, without waiting, before an engine hears of it. On an
/// <see cref="EventLoop"/> with a ring the turn's enter makes that try of receives and sends; whatever the loop's thread does
/// meanwhile that must not overtake it, or would block, has it made first.</item>
/// <item>Enqueue queues it. Its caller has registered the cancellation token and the timer before.</item>
/// <item>An operation completes exactly once: by its own outcome, by cancel, by its time limit, or by the socket's
/// Dispose. When the kernel's result is there, it wins over the other three.</item>
/// <item>Operations of one queue complete in the order they were submitted; the queues are independent.</item>
/// <item>An engine's thread runs no user code; continuations go where <see cref="SocketOperation"/> says: to the pool,
/// or to the <see cref="EventLoop"/> they were awaited on.</item>
/// <item>Engines know operations and registrations, never sockets. What names a registration to the kernel is slot and
/// generation, never a descriptor's number.</item>
/// <item>Forget is called while the descriptor is still open; Release at its close, on any thread.</item>
/// </list>
/// </remarks>
public sealed class SocketEngine : IDisposable
{
    /// <summary>How many requests fit between two enters of a ring. A loop rarely has more; then it enters once more.</summary>
    internal const int DefaultEntries = 512;

    // Not a Lazy, which would remember a failure: a descriptor that is short now.
    private static readonly Lock DefaultGate = new();
    private static SocketEngine? s_default;

    private readonly Poller[] _pollers;
    private readonly bool _ownThreads;
    private uint _next;
    private string? _ringFailure;
    private int _disposed;

    /// <summary>An engine with threads of its own.</summary>
    internal SocketEngine(EngineKind kind, int threads, TimeProvider time, int entries = DefaultEntries)
        : this(ownThreads: true, threads, (engine, shard) => Create(engine, shard, kind, time, entries))
    {
    }

    /// <summary>An engine that has no thread: whoever makes a <see cref="RunQueue"/> of it drives its one poller.</summary>
    internal SocketEngine(EngineKind kind, TimeProvider time)
        : this(ownThreads: false, count: 1, (engine, shard) => Create(engine, shard, kind, time, DefaultEntries))
    {
    }

    /// <summary>An engine of other pollers.</summary>
    internal SocketEngine(bool ownThreads, int count, Func<SocketEngine, int, Poller> create)
    {
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

    /// <summary>
    /// The engine of every socket that was made outside an <see cref="EventLoop"/> and given no other: epoll, which costs
    /// less than a ring where any thread may use any socket, unless <c>SOCKEYE_ENGINE</c> says io_uring. Its one thread
    /// starts with the first operation that has to wait.
    /// </summary>
    /// <exception cref="EngineNotSupportedException">The variable <c>SOCKEYE_ENGINE</c> names an engine that is not here.</exception>
    /// <exception cref="SocketException">No descriptor is left for the engine; it is made when there is one.</exception>
    public static SocketEngine Default
    {
        get
        {
            if (Volatile.Read(ref s_default) is { } engine)
            {
                return engine;
            }

            lock (DefaultGate)
            {
                return s_default ??= CreateDefault();
            }
        }
    }

    /// <summary>The tests' way to run code that names no engine on each of them; null everywhere else.</summary>
    internal static Func<SocketEngine?>? Ambient { get; set; }

    /// <summary>The engine of a socket that is made now and given none; null is <see cref="Default"/>, once it has to wait.</summary>
    internal static SocketEngine? OfNewSockets => RunQueue.Current?.Engine ?? Ambient?.Invoke();

    /// <summary>Which kind this is: <see cref="EngineKind.IoUring"/> as long as a thread of it has a ring that serves.</summary>
    public EngineKind Kind => Array.Exists(_pollers, static poller => poller.Ring is not null) ? EngineKind.IoUring : EngineKind.Epoll;

    /// <summary>How many sockets are registered now.</summary>
    public int SocketCount => _pollers.Sum(static poller => poller.SocketCount);

    /// <summary>What the thread that drives this engine runs: a loop's; null when the engine has its own threads.</summary>
    internal RunQueue? Queue { get; set; }

    /// <summary>The clock of its timers.</summary>
    internal TimeProvider Time => Poller.Time;

    /// <summary>The first poller; on a loop there is no other.</summary>
    internal Poller Poller => _pollers[0];

    /// <summary>Why it is this kind and no better; null when it is what was asked for.</summary>
    internal Func<string?>? Reason { get; init; }

    /// <summary>
    /// A ring of this engine has failed for good, and epoll waits in its place: raised once, with the reason as a sentence,
    /// which <see cref="ToString"/> shows from then on. On the engine's <see cref="EventLoop"/>, or on the thread pool.
    /// </summary>
    /// <remarks>
    /// io_uring_enter(2) fails for good when a seccomp filter came after the ring (EPERM), when the kernel has lost completions
    /// for want of memory (EBADR), or when memory stays short for a second (ENOMEM). Sockets go on. A pipe's receive or send that
    /// was in flight ends with the errno, since how far it came is not known; other pipes go on.
    /// </remarks>
    public event Action<SocketEngine, string>? RingFailed;

    /// <summary>An engine on epoll(7) with its own threads.</summary>
    /// <param name="threads">How many threads wait, 1 to 1024; each socket stays with one of them. Defaults to 1.</param>
    /// <returns>The engine; dispose it after its sockets.</returns>
    /// <exception cref="SocketException">No descriptor is left for the epoll set.</exception>
    public static SocketEngine CreateEpoll(int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        return new SocketEngine(EngineKind.Epoll, threads, TimeProvider.System);
    }

    /// <summary>An engine on io_uring(7) with its own threads, a ring each.</summary>
    /// <param name="threads">How many threads wait, 1 to 1024; each socket stays with one of them. Defaults to 1.</param>
    /// <param name="entries">How many requests fit into a ring between two system calls, 8 to 32,768; a power of two, or rounded up to one. Defaults to 512.</param>
    /// <returns>The engine; dispose it after its sockets.</returns>
    /// <exception cref="EngineNotSupportedException">The kernel has no io_uring that serves, or forbids it; the message says why.</exception>
    public static SocketEngine CreateIoUring(int threads = 1, int entries = DefaultEntries)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(entries, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries, 32_768);
        EngineChoice.RequireIoUring();
        return new SocketEngine(EngineKind.IoUring, threads, TimeProvider.System, entries);
    }

    /// <summary>Ends the engine's threads. Operations that still wait complete with OperationAborted.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        foreach (Poller poller in _pollers)
        {
            poller.Dispose();
        }
    }

    /// <summary>As <c>io_uring, 1 thread, 3 sockets registered</c>; and why it is not what was asked for, where it is not.</summary>
    public override string ToString()
    {
        string name = Kind == EngineKind.IoUring ? "io_uring" : "epoll";
        string where = _ownThreads ? $"{_pollers.Length} {(_pollers.Length == 1 ? "thread" : "threads")}" : "on an event loop";
        string text = $"{name}, {where}, {SocketCount} sockets registered";
        return (Volatile.Read(ref _ringFailure) ?? Reason?.Invoke()) is { } reason ? $"{text}; {reason}" : text;
    }

    /// <summary>Gives the socket a registration, watched for some events.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Register(SocketHandle handle, WatchedEvents watched, out Registration? registration)
    {
        uint shard = _pollers.Length == 1 ? 0 : (Interlocked.Increment(ref _next) - 1) % (uint)_pollers.Length;
        Poller poller = _pollers[shard];
        if (_ownThreads)
        {
            poller.EnsureThread();
        }

        return poller.Register(handle, watched, out registration);
    }

    /// <summary>Expires <paramref name="node"/> after <paramref name="delay"/>, on the first poller's thread.</summary>
    internal void StartTimer(TimerNode node, TimeSpan delay)
    {
        if (_ownThreads)
        {
            Poller.EnsureThread();
        }

        Poller.StartTimer(node, delay);
    }

    /// <summary>Takes back a timer of <see cref="StartTimer"/>'s; true when it will not expire.</summary>
    internal bool StopTimer(TimerNode node) => Poller.Timers.Remove(node);

    /// <summary>A poller's ring has failed for good. On that poller's thread.</summary>
    internal void NoteRingFailure(string reason)
    {
        if (Interlocked.CompareExchange(ref _ringFailure, reason, comparand: null) is not null)
        {
            return;
        }

        if (Queue is { } queue)
        {
            queue.Post(static engine => ((SocketEngine)engine!).RaiseRingFailed(), this);
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(static engine => engine.RaiseRingFailed(), this, preferLocal: false);
        }
    }

    private void RaiseRingFailed() => RingFailed?.Invoke(this, _ringFailure!);

    private static Poller Create(SocketEngine engine, int shard, EngineKind kind, TimeProvider time, int entries) => kind == EngineKind.IoUring
        ? new RingPoller(engine, shard, time, entries)
        : new EpollPoller(engine, shard, time);

    private static SocketEngine CreateDefault()
    {
        if (EngineChoice.IsForced)
        {
            return new SocketEngine(EngineChoice.Resolve(EngineKind.Default).Kind, threads: 1, TimeProvider.System);
        }

        // Its sockets are used by any thread of the pool, and any thread may change an epoll set; a ring's own alone may
        // change the ring. An echo from the pool cost 8.0 µs with this and 9.5 with a ring (docs/adr/0009). So the kernel
        // is asked for a ring only when somebody asks why there is none.
        return new SocketEngine(EngineKind.Epoll, threads: 1, TimeProvider.System) { Reason = static () => EngineChoice.IoUringRefusal };
    }
}
