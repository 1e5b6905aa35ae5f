using Sockeye.Engines;

namespace Sockeye;

/// <summary>
/// One thread that waits for its sockets, runs their continuations, its timers and posted work. What is awaited on
/// the loop's thread resumes there, so code on one loop needs no locks.
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
    [ThreadStatic]
    private static EventLoop? t_current;

    private readonly SocketEngine _engine;
    private readonly RunQueue _queue;
    private readonly Func<bool> _hasWork;
    private int _running;
    private volatile bool _stopRequested;
    private Task? _main;
    private int _disposed;

    /// <summary>A loop that does not run yet.</summary>
    /// <param name="kind">Which engine waits for its sockets. Defaults to the best the machine has.</param>
    /// <param name="time">The clock of its timers. Defaults to the system's.</param>
    /// <exception cref="EngineNotSupportedException">The engine that was asked for cannot be had; the message says why.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No descriptor is left for the engine.</exception>
    public EventLoop(EngineKind kind = EngineKind.Default, TimeProvider? time = null)
    {
        if (kind is not (EngineKind.Default or EngineKind.Epoll or EngineKind.IoUring))
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such engine.");
        }

        Time = time ?? TimeProvider.System;
        (EngineKind chosen, string? reason) = EngineChoice.Resolve(kind);
        _engine = new SocketEngine(chosen, Time) { Reason = () => reason };
        _queue = new RunQueue(_engine);
        _hasWork = HasWork;
    }

    /// <summary>A loop that waits with another poller: the tests' own.</summary>
    internal EventLoop(TimeProvider time, Func<SocketEngine, int, Poller> create)
    {
        Time = time;
        _engine = new SocketEngine(ownThreads: false, count: 1, create);
        _queue = new RunQueue(_engine);
        _hasWork = HasWork;
    }

    /// <summary>A loop that does not run yet.</summary>
    /// <param name="options">How it waits, and what to call when something blocks it. Read here; later changes have no effect.</param>
    /// <exception cref="EngineNotSupportedException">The engine that was asked for cannot be had; the message says why.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">No descriptor is left for the engine.</exception>
    public EventLoop(EventLoopOptions options)
        : this((options ?? throw new ArgumentNullException(nameof(options))).Engine, options.Time)
    {
        _engine.Poller.SpinLimit = options.SpinTicks;
        if (options.OnBlocked is { } report && options.BlockingLimit != Timeout.InfiniteTimeSpan)
        {
            _queue.Watch = new LoopWatch(
                options.BlockingLimit, (handler, duration, hasEnded) => report(new BlockedHandler(this, handler, duration, hasEnded)));
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
        _queue.Post(static state => ((Action)state!)(), action);
    }

    /// <summary>Runs <paramref name="action"/> on the loop. Allocates nothing when the delegate is a static one.</summary>
    /// <param name="action">Must not block.</param>
    /// <param name="state">Handed to it.</param>
    public void Post(Action<object?> action, object? state)
    {
        ArgumentNullException.ThrowIfNull(action);
        _queue.Post(action, state);
    }

    /// <summary>Runs <paramref name="action"/> on the loop once, after <paramref name="delay"/>; never early.</summary>
    /// <param name="delay">Rounded up to a whole millisecond.</param>
    /// <param name="action">Must not block.</param>
    /// <returns>Dispose it to cancel the timer; when that is done on the loop's thread, the action cannot run afterwards.</returns>
    public IDisposable Schedule(TimeSpan delay, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var timer = new ScheduledAction(this, action);
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
    /// Ends the loop's engine. The loop must not be running. What waits on its sockets and pipes ends with OperationAborted,
    /// but code that would resume on the loop itself never runs.
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
            _queue.End();
        }
    }

    /// <summary>As <c>event loop (epoll, on an event loop, 3 sockets registered)</c>.</summary>
    public override string ToString() => $"event loop ({_engine})";

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
        _queue.Enter();
        SynchronizationContext.SetSynchronizationContext(_queue.Context);
        try
        {
            _engine.Poller.Start();
            if (_queue.Watch is { } watch)
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

            _queue.Watch?.End();
            _queue.EndTurn();
            while (_main is not { IsCompleted: true })
            {
                _engine.Poller.Turn(_hasWork);
                _queue.RunReady();
                _queue.EndTurn();
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
            if (_queue.Watch is { } watch)
            {
                watch.End();
                Watchdog.Remove(watch);
            }

            _queue.ShowDeferred();
            _engine.Poller.End();
            _main = null;
            _stopRequested = false;
            SynchronizationContext.SetSynchronizationContext(before);
            t_current = null;
            try
            {
                _queue.Leave();
            }
            finally
            {
                Volatile.Write(ref _running, 0);
            }
        }
    }

    private bool HasWork() =>
        _queue.HasWork || _stopRequested || _main is { IsCompleted: true };

    private sealed class ScheduledAction(EventLoop loop, Action action) : TimerNode, IDisposable, IHandlerOwner
    {
        private int _ended;

        Delegate IHandlerOwner.Handler => action;

        internal override short TimerVersion => 0;

        // On the loop's thread, in its turn; the action waits for its place among the ready ones.
        internal override void Expire(short version) =>
            loop._queue.Post(static state => ((ScheduledAction)state!).Fire(), this);

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
