using System.Net.Sockets;
using Sockeye.Engines;

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

/// <summary>Waits for sockets on behalf of asynchronous calls. A socket cannot tell which kind it has.</summary>
/// <remarks>
/// <para>
/// Synchronous calls use no engine: they are system calls and ppoll(2) on the calling thread.
/// </para>
/// <para>The contract between sockets, operations and engines:</para>
/// <list type="bullet">
/// <item>An operation is tried once by its caller, without waiting, before an engine hears of it.</item>
/// <item>Submit queues it. Its caller has registered the cancellation token and the timer before.</item>
/// <item>An operation completes exactly once: by its own outcome, by cancel, by its time limit, or by the socket's
/// Dispose. When the kernel's own answer is there, it wins over the other three.</item>
/// <item>Operations of one lane complete in the order they were submitted; the lanes are independent.</item>
/// <item>An engine's thread runs no user code; continuations go where <see cref="SocketOperation"/> says: to the pool,
/// or to the <see cref="EventLoop"/> they were awaited on.</item>
/// <item>Engines know operations and registrations, never sockets. What names a registration to the kernel is slot and
/// generation, never a descriptor's number.</item>
/// <item>Forget is called while the descriptor is still open; Release at its close, on any thread.</item>
/// </list>
/// </remarks>
public abstract class SocketEngine : IDisposable
{
    // Not a Lazy, which would remember a failure: a descriptor that is short now.
    private static readonly Lock DefaultGate = new();
    private static SocketEngine? s_default;

    private protected SocketEngine()
    {
    }

    /// <summary>
    /// The engine of every socket that was made outside an <see cref="EventLoop"/> and given no other: epoll, which costs
    /// less than a ring where any thread may use any socket, unless <c>SOCKEYE_ENGINE</c> says io_uring. Its one thread
    /// starts with the first operation that has to wait.
    /// </summary>
    /// <exception cref="NotSupportedException">The variable <c>SOCKEYE_ENGINE</c> names an engine that is not here.</exception>
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
    internal static SocketEngine? OfNewSockets => EventLoop.Current?.Engine ?? Ambient?.Invoke();

    /// <summary>Which kind this is.</summary>
    public abstract EngineKind Kind { get; }

    /// <summary>How many sockets are registered now.</summary>
    public abstract int SocketCount { get; }

    /// <summary>An engine on epoll(7) with its own threads.</summary>
    /// <param name="threads">How many threads wait, 1 to 1024; each socket stays with one of them. Defaults to 1.</param>
    /// <returns>The engine; dispose it after its sockets.</returns>
    /// <exception cref="SocketException">No descriptor is left for the epoll set.</exception>
    public static SocketEngine CreateEpoll(int threads = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        return new PollingEngine(EngineKind.Epoll, threads, TimeProvider.System);
    }

    /// <summary>An engine on io_uring(7) with its own threads, a ring each.</summary>
    /// <param name="threads">How many threads wait, 1 to 1024; each socket stays with one of them. Defaults to 1.</param>
    /// <param name="entries">How many requests fit into a ring between two system calls, 8 to 32,768; a power of two, or rounded up to one. Defaults to 512.</param>
    /// <returns>The engine; dispose it after its sockets.</returns>
    /// <exception cref="NotSupportedException">The kernel has no io_uring that serves, or forbids it; the message says why.</exception>
    public static SocketEngine CreateIoUring(int threads = 1, int entries = PollingEngine.DefaultEntries)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(entries, 8);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries, 32_768);
        EngineChoice.RequireIoUring();
        return new PollingEngine(EngineKind.IoUring, threads, TimeProvider.System, entries);
    }

    /// <summary>Ends the engine's threads. Operations that still wait complete with OperationAborted.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the engine's threads and descriptors.</summary>
    /// <param name="disposing">True when called by <see cref="Dispose()"/>.</param>
    protected abstract void Dispose(bool disposing);

    /// <summary>Gives the socket a registration.</summary>
    /// <returns>0, or the errno.</returns>
    internal abstract int Register(SocketHandle handle, out Registration? registration);

    /// <summary>Takes an operation that has to wait.</summary>
    /// <param name="operation">The operation, in state New.</param>
    /// <param name="registration">Its socket's registration.</param>
    /// <param name="sequence">The registration's sequence before the operation was tried.</param>
    internal virtual void Submit(SocketOperation operation, Registration registration, int sequence) =>
        registration.Enqueue(operation, sequence);

    /// <summary>Asks an operation to end with <paramref name="errno"/>.</summary>
    internal virtual void Cancel(SocketOperation operation, Registration registration, int errno, short version) =>
        registration.Cancel(operation, errno, version);

    /// <summary>The descriptor is about to close: wait for it no longer.</summary>
    internal abstract void Forget(Registration registration);

    /// <summary>Returns when nothing of the engine's keeps the closed descriptor's file open any longer: its port can be bound again.</summary>
    internal abstract void Settle(Registration registration);

    /// <summary>Expires <paramref name="node"/> after <paramref name="delay"/>.</summary>
    internal abstract void StartTimer(TimerNode node, TimeSpan delay);

    /// <summary>Takes the timer back; true when it will not expire.</summary>
    internal abstract bool StopTimer(TimerNode node);

    private static PollingEngine CreateDefault()
    {
        if (EngineChoice.IsForced)
        {
            return new PollingEngine(EngineChoice.Resolve(EngineKind.Default).Kind, threads: 1, TimeProvider.System);
        }

        // Its sockets are used by any thread of the pool, and any thread may change an epoll set; a ring's own alone may
        // change the ring. An echo from the pool cost 8.0 µs with this and 9.5 with a ring (docs/adr/0009). So the kernel
        // is asked for a ring only when somebody asks why there is none.
        return new PollingEngine(EngineKind.Epoll, threads: 1, TimeProvider.System) { Reason = static () => EngineChoice.IoUringRefusal };
    }
}
