using Sockeye.Engines;
using Sockeye.Engines.Pipes;

namespace Sockeye;

/// <summary>
/// One thread that waits for its sockets, runs their continuations, its timers and posted work. What is awaited on
/// the loop's thread resumes there, so code on one loop needs no locks among itself.
/// </summary>
/// <remarks>
/// <para>
/// A socket made on the loop's thread belongs to the loop, and so do the sockets it accepts. Code on the loop must not
/// block: while it does, every other connection of the loop waits.
/// </para>
/// <para>
/// An exception that escapes posted work, a timer or an <c>async void</c> method ends <see cref="Run(Func{Task})"/> and
/// is thrown from it.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// using var loop = new EventLoop();
/// loop.Run(async () =>
/// {
///     using Socket listener = Socket.CreateServer(new IPEndPoint(IPAddress.Loopback, 0));
///     using Socket peer = await listener.AcceptAsync();
/// });
/// </code>
/// </example>
public sealed partial class EventLoop : IDisposable
{
    // How many operations in a row may complete at once, within one continuation, before the loop looks after the others.
    // Tokio's is 128 for a task, too.
    private const int BudgetPerHandler = 128;

    [ThreadStatic]
    private static EventLoop? t_current;

    private readonly PollingEngine _engine;
    private readonly EventLoopContext _context;
    private readonly Func<bool> _hasWork;
    private readonly Lock _postedGate = new();

    // Null when nobody wants to know what blocks.
    private readonly LoopWatch? _watch;

    // Work from other threads, under the gate; swapped out whole each turn.
    private List<LoopWork> _posted = [];
    private List<LoopWork> _postedSpare = [];

    // Work of this thread: touched by nobody else.
    private readonly Queue<LoopWork> _ready = new();
    private readonly Queue<SocketOperation> _deferred = new();
    private ITurnEnd[] _turnEnds = new ITurnEnd[16];
    private int _turnEndCount;
    private int _postedCount;
    private int _budget = BudgetPerHandler;
    private int _running;
    private volatile bool _stopRequested;

    // Under the posted work's gate: disposed, and nothing that is queued will run.
    private bool _isOver;
    private Task? _main;
    private PipePool? _pipes;
    private int _disposed;

    /// <summary>A loop that does not run yet.</summary>
    /// <param name="kind">Which engine waits for its sockets. Defaults to the best the machine has.</param>
    /// <param name="time">The clock of its timers. Defaults to the system's.</param>
    /// <exception cref="System.Net.Sockets.SocketException">No descriptor is left for the engine.</exception>
    public EventLoop(EngineKind kind = EngineKind.Default, TimeProvider? time = null)
    {
        if (kind is not (EngineKind.Default or EngineKind.Epoll or EngineKind.IoUring))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such engine.");
        }

        Time = time ?? TimeProvider.System;
        (EngineKind chosen, string? reason) = EngineChoice.Resolve(kind);
        _engine = new PollingEngine(chosen, this, Time) { Reason = () => reason };
        _context = new EventLoopContext(this);
        _hasWork = HasWork;
    }

    /// <summary>A loop that waits with another poller: the tests' own.</summary>
    internal EventLoop(TimeProvider time, Func<SocketEngine, int, Poller> create)
    {
        Time = time;
        _engine = new PollingEngine(EngineKind.Epoll, ownThreads: false, count: 1, create) { Loop = this };
        _context = new EventLoopContext(this);
        _hasWork = HasWork;
    }

    /// <summary>A loop that does not run yet.</summary>
    /// <param name="options">How it waits, and who is told when something blocks it. Read here; changed later, they change nothing.</param>
    /// <exception cref="NotSupportedException">The engine that was asked for cannot be had; the message says why.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No descriptor is left for the engine.</exception>
    public EventLoop(EventLoopOptions options)
        : this((options ?? throw new ArgumentNullException(nameof(options))).Engine, options.Time)
    {
        _engine.Poller.SpinLimit = options.SpinTicks;
        if (options.OnBlocked is { } report && options.BlockingLimit != Timeout.InfiniteTimeSpan)
        {
            _watch = new LoopWatch(this, options.BlockingLimit, report);
        }
    }

    /// <summary>The loop whose thread this is; null on any other thread.</summary>
    public static EventLoop? Current => t_current;

    /// <summary>What waits for the loop's sockets.</summary>
    public SocketEngine Engine => _engine;

    /// <summary>The clock of the loop's timers.</summary>
    public TimeProvider Time { get; }

    /// <summary>Runs the loop on the calling thread until <paramref name="main"/>'s task has completed.</summary>
    /// <param name="main">Called on the loop; its awaits come back to the loop.</param>
    /// <exception cref="InvalidOperationException">The loop runs already, or this thread runs another.</exception>
    /// <remarks>An exception of the task is thrown. Work that was posted and not reached stays for the next Run.</remarks>
    public void Run(Func<Task> main)
    {
        ArgumentNullException.ThrowIfNull(main);
        RunUntil(main).GetAwaiter().GetResult();
    }

    /// <summary>Runs the loop on the calling thread until <paramref name="main"/>'s task has completed.</summary>
    /// <typeparam name="T">What the task gives.</typeparam>
    /// <param name="main">Called on the loop; its awaits come back to the loop.</param>
    /// <returns>The task's value.</returns>
    /// <exception cref="InvalidOperationException">The loop runs already, or this thread runs another.</exception>
    public T Run<T>(Func<Task<T>> main)
    {
        ArgumentNullException.ThrowIfNull(main);
        return ((Task<T>)RunUntil(main)).GetAwaiter().GetResult();
    }

    /// <summary>Runs the loop on the calling thread until <see cref="Stop"/>.</summary>
    /// <exception cref="InvalidOperationException">The loop runs already, or this thread runs another.</exception>
    public void Run() => RunUntil(main: null);

    /// <summary>
    /// Makes <see cref="Run()"/> return after the current turn; called before Run, after the first. Any thread may call it.
    /// </summary>
    public void Stop()
    {
        _stopRequested = true;
        _engine.Poller.Wake();
    }

    /// <summary>Runs <paramref name="action"/> on the loop, after what is queued there already. Any thread may call it.</summary>
    /// <param name="action">Must not block.</param>
    public void Post(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Enqueue(new LoopWork(static state => ((Action)state!)(), action, Call: null));
    }

    /// <summary>Runs <paramref name="action"/> on the loop. Allocates nothing when the delegate is a static one.</summary>
    /// <param name="action">Must not block.</param>
    /// <param name="state">Handed to it.</param>
    public void Post(Action<object?> action, object? state)
    {
        ArgumentNullException.ThrowIfNull(action);
        Enqueue(new LoopWork(action, state, Call: null));
    }

    /// <summary>Runs <paramref name="action"/> on the loop once, after <paramref name="delay"/>; never early.</summary>
    /// <param name="delay">Rounded up to a whole millisecond.</param>
    /// <param name="action">Must not block.</param>
    /// <returns>Dispose it to take the timer back; on the loop's thread it is certain not to run afterwards.</returns>
    public IDisposable Schedule(TimeSpan delay, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var timer = new LoopTimer(this, action);
        _engine.StartTimer(timer, delay);
        return timer;
    }

    /// <summary>Completes after <paramref name="delay"/> on the loop's clock.</summary>
    /// <param name="delay">Rounded up to a whole millisecond.</param>
    /// <param name="cancellationToken">Ends the wait early.</param>
    /// <exception cref="OperationCanceledException">The token was canceled first.</exception>
    public async Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable timer = Schedule(delay, () => done.TrySetResult());
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), done);
#pragma warning disable CA2007 // The await comes back to the loop, which is what a caller on it wants.
        await done.Task;
#pragma warning restore CA2007
    }

    /// <summary>
    /// Ends the loop's engine. The loop must not be running. What waits on its sockets and pipes ends with OperationAborted;
    /// but nobody runs any longer what was to resume on the loop itself.
    /// </summary>
    /// <exception cref="InvalidOperationException">The loop runs.</exception>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _running, -1, 0) == 1)
        {
            throw new InvalidOperationException("The loop runs; call Stop, and dispose it after Run has returned.");
        }

        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _engine.Dispose();
            EndQueued();
        }
    }

    /// <summary>As <c>event loop (epoll, on an event loop, 3 sockets registered)</c>.</summary>
    public override string ToString() => $"event loop ({_engine})";

    /// <summary>Counts one operation that completed at once; false when the handler's share is spent.</summary>
    internal bool SpendBudget() => --_budget > 0;

    /// <summary>As <see cref="SpendBudget"/>, for callers that may be on another thread, whose share is without limit.</summary>
    internal bool SpendBudgetHere() => !ReferenceEquals(t_current, this) || SpendBudget();

    /// <summary>Shows a completed operation's outcome in the next turn only.</summary>
    internal void Defer(SocketOperation operation) => _deferred.Enqueue(operation);

    /// <summary>
    /// The buffers that the pipes of a ring's loop receive into: how many, how long, and whether one may serve many
    /// receives. Smaller ones make streams slow; more leave the cache. Set before the first pipe.
    /// </summary>
    internal (int Count, int Bytes, bool IsIncremental) ReceiveBuffers { get; set; } = (64, 64 * 1024, true);

    /// <summary>What the loop's pipes share. On the loop's thread.</summary>
    internal PipePool Pipes => _pipes ??= new PipePool(isShared: false);

    /// <summary>Calls <paramref name="item"/> once, when the turn's work is done and before the next wait. On the loop's thread.</summary>
    internal void AtTurnEnd(ITurnEnd item)
    {
        if (_turnEndCount == _turnEnds.Length)
        {
            Array.Resize(ref _turnEnds, _turnEnds.Length * 2);
        }

        _turnEnds[_turnEndCount++] = item;
    }

    /// <summary>Brings a completed operation's continuation to the loop.</summary>
    internal void Resume(AwaitedCall call) => Enqueue(new LoopWork(Action: null, State: null, call));

    internal void Enqueue(LoopWork work)
    {
        if (ReferenceEquals(t_current, this))
        {
            _ready.Enqueue(work);
            return;
        }

        bool isOver;
        lock (_postedGate)
        {
            isOver = _isOver;
            if (!isOver)
            {
                _posted.Add(work);
                Volatile.Write(ref _postedCount, _posted.Count);
            }
        }

        if (!isOver)
        {
            _engine.Poller.Wake();
        }
        else if (work.State is ILoopTenant tenant)
        {
            // Not on the caller's stack, who may be within its own gate.
            ThreadPool.UnsafeQueueUserWorkItem(static tenant => tenant.LoopEnded(), tenant, preferLocal: false);
        }
    }

    private Task RunUntil(Func<Task>? main)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        if (t_current is not null)
        {
            throw new InvalidOperationException("This thread runs a loop already.");
        }

        if (Interlocked.CompareExchange(ref _running, 1, 0) != 0)
        {
            throw new InvalidOperationException("The loop runs already.");
        }

        SynchronizationContext? before = SynchronizationContext.Current;
        t_current = this;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            _engine.Poller.Start();
            if (_watch is { } watch)
            {
                Watchdog.Add(watch);
                if (main is not null)
                {
                    watch.Begin(main, state: null);
                }
            }

            _main = main is null ? null : main() ?? throw new InvalidOperationException("The main function gave no task.");
            if (_main is { IsCompleted: false })
            {
                // Only wakes: by the time it runs, this Run may be over, and what it left behind would stop the next.
                _main.ContinueWith(
                    static (_, loop) => ((EventLoop)loop!)._engine.Poller.Wake(),
                    this,
                    CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }

            _watch?.End();
            EndTurn();
            while (_main is not { IsCompleted: true })
            {
                _engine.Poller.Turn(_hasWork);
                RunReady();
                EndTurn();
                if (_stopRequested)
                {
                    break;
                }
            }

            return _main is null ? Task.CompletedTask
                : _main.IsCompleted ? _main
                : throw new InvalidOperationException("The loop was stopped before its main task had completed.");
        }
        finally
        {
            if (_watch is { } watch)
            {
                watch.End();
                Watchdog.Remove(watch);
            }

            // They have completed, and no further turn shows it. Awaits of this loop are queued for its next run.
            while (_deferred.TryDequeue(out SocketOperation? completed))
            {
                completed.Publish();
            }

            _engine.Poller.End();
            _main = null;
            _stopRequested = false;
            SynchronizationContext.SetSynchronizationContext(before);
            t_current = null;
            Volatile.Write(ref _running, 0);
        }
    }

    // Nobody runs what is queued: those whose awaits would stay open for ever, or whose memory would stay held, hear of it.
    private void EndQueued()
    {
        List<LoopWork> left;
        lock (_postedGate)
        {
            _isOver = true;
            (left, _posted) = (_posted, []);
            _postedCount = 0;
        }

        left.AddRange(_ready);
        _ready.Clear();
        foreach (LoopWork work in left)
        {
            (work.State as ILoopTenant)?.LoopEnded();
        }

        for (int i = 0; i < _turnEndCount; i++)
        {
            (_turnEnds[i] as ILoopTenant)?.LoopEnded();
            _turnEnds[i] = null!;
        }

        _turnEndCount = 0;
    }

    // What was written in the turn leaves now, each connection's in one piece.
    private void EndTurn()
    {
        for (int i = 0; i < _turnEndCount; i++)
        {
            ITurnEnd item = _turnEnds[i];
            _turnEnds[i] = null!;
            item.EndTurn();
        }

        _turnEndCount = 0;
    }

    // What was ready when the turn began; what that makes ready waits for the next turn, after a look at the kernel.
    private void RunReady()
    {
        if (Volatile.Read(ref _postedCount) != 0)
        {
            TakePosted();
        }

        for (int deferred = _deferred.Count; deferred > 0; deferred--)
        {
            _deferred.Dequeue().Publish();
        }

        for (int ready = _ready.Count; ready > 0; ready--)
        {
            LoopWork work = _ready.Dequeue();
            if (_watch is { } watch)
            {
                Note(watch, work);
            }

            _budget = BudgetPerHandler;
            if (work.Call is { } call)
            {
                call.RunContinuation();
            }
            else
            {
                work.Action!(work.State);
            }

            if (!ReferenceEquals(SynchronizationContext.Current, _context))
            {
                // That work left another context behind; the next one belongs to the loop again.
                SynchronizationContext.SetSynchronizationContext(_context);
            }
        }

        _watch?.End();
    }

    private static void Note(LoopWatch watch, LoopWork work)
    {
        if (work.Call is { } call)
        {
            (Action<object?> continuation, object? state) = call.Continuation;
            watch.Begin(continuation, state);
        }
        else
        {
            watch.Begin(work.Action!, work.State);
        }
    }

    private void TakePosted()
    {
        List<LoopWork> taken;
        lock (_postedGate)
        {
            taken = _posted;
            (_posted, _postedSpare) = (_postedSpare, _posted);
            Volatile.Write(ref _postedCount, 0);
        }

        foreach (LoopWork work in taken)
        {
            _ready.Enqueue(work);
        }

        taken.Clear();
    }

    private bool HasWork() =>
        _ready.Count != 0 || _deferred.Count != 0 || _stopRequested || _main is { IsCompleted: true }
        || Volatile.Read(ref _postedCount) != 0;

    /// <summary>A continuation or an action waiting for the loop's thread.</summary>
    internal readonly record struct LoopWork(Action<object?>? Action, object? State, AwaitedCall? Call);

    private sealed class LoopTimer(EventLoop loop, Action action) : TimerNode, IDisposable, IHandlerOwner
    {
        private int _ended;

        Delegate IHandlerOwner.Handler => action;

        internal override short TimerVersion => 0;

        // On the loop's thread, in its turn; the action waits for its place among the ready ones.
        internal override void Expire(short version) =>
            loop.Enqueue(new LoopWork(static state => ((LoopTimer)state!).Fire(), this, Call: null));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                loop._engine.StopTimer(this);
            }
        }

        private void Fire()
        {
            if (Interlocked.Exchange(ref _ended, 1) == 0)
            {
                action();
            }
        }
    }
}

/// <summary>Something to be done once at the end of a loop's turn.</summary>
internal interface ITurnEnd
{
    /// <summary>Runs on the loop's thread, and runs no user code.</summary>
    void EndTurn();
}

/// <summary>The library's own, that has work on a loop and must not wait for one that is over.</summary>
internal interface ILoopTenant
{
    /// <summary>The loop was disposed before the work came to its turn. Any thread; no user code runs from here. May come more than once.</summary>
    void LoopEnded();
}

/// <summary>Brings awaits home to their loop.</summary>
internal sealed class EventLoopContext(EventLoop loop) : SynchronizationContext
{
    internal EventLoop Loop { get; } = loop;

    public override void Post(SendOrPostCallback d, object? state) =>
        Loop.Enqueue(new EventLoop.LoopWork(new Action<object?>(d), state, Call: null));

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (ReferenceEquals(EventLoop.Current, Loop))
        {
            d(state);
            return;
        }

        using var done = new ManualResetEventSlim(initialState: false);
        Exception? error = null;
        Loop.Post(() =>
        {
            try
            {
                d(state);
            }
            catch (Exception exception)
            {
                // Carried over to the sender's thread, where it is thrown.
                error = exception;
            }

            done.Set();
        });
        done.Wait();
        if (error is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        }
    }

    public override SynchronizationContext CreateCopy() => this;
}
