using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Sockeye.Engines.Pipes;

/// <summary>One side's wait: what an await of a read or a flush waits on. One at a time, and used again and again.</summary>
/// <remarks>
/// The order is that of <see cref="SocketOperation"/>: token and timer first, then the wait; to end it, token and timer are
/// taken back before the end is shown. <see cref="IsWaiting"/> and <see cref="Errno"/> change under the side's gate only,
/// and whoever makes <see cref="IsWaiting"/> false there calls <see cref="Show"/> outside of it.
/// </remarks>
internal abstract class PipeWait(PipeGate gate, SocketEngine engine) : TimerNode, IThreadPoolWorkItem
{
    private static readonly Action<object?> Sentinel = static _ => throw new UnreachableException("The sentinel is never invoked.");
    private static readonly Action<object?> RunOnLoop = static wait => ((PipeWait)wait!).Execute();

    private Action<object?>? _continuation;
    private object? _continuationState;
    private ExecutionContext? _executionContext;
    private object? _home;
    private CancellationTokenRegistration _registration;
    private bool _timed;
    private int _version;
    private volatile bool _shown;

    /// <summary>A call waits.</summary>
    internal bool IsWaiting { get; private set; }

    /// <summary>A call has come to wait, or has waited, and its result was not taken yet.</summary>
    internal bool IsTaken { get; private set; }

    /// <summary>Why the wait ended: 0 for what was waited for, ECANCELED for the token, ETIMEDOUT.</summary>
    internal int Errno { get; set; }

    internal CancellationToken Token { get; private set; }

    internal short Version => (short)_version;

    internal override short TimerVersion => Version;

    /// <summary>Registers the token and starts the timer, before the gate is entered to wait. Their ends may come at once.</summary>
    internal void Arm(TimeSpan? limit, CancellationToken token)
    {
        Token = token;
        if (token.CanBeCanceled)
        {
            _registration = token.UnsafeRegister(static wait => ((PipeWait)wait!).Cancel(), this);
        }

        if (limit is { } time)
        {
            _timed = true;
            engine.StartTimer(this, time);
        }
    }

    /// <summary>Takes back what <see cref="Arm"/> did. Outside the gate.</summary>
    internal void Disarm()
    {
        _registration.Dispose();
        _registration = default;
        if (_timed)
        {
            _timed = false;
            engine.StopTimer(this);
        }
    }

    /// <summary>The call waits from now on. Under the gate.</summary>
    internal void Start() => IsWaiting = IsTaken = true;

    /// <summary>The wait is over. Under the gate.</summary>
    /// <returns>True when the caller must <see cref="Show"/> it.</returns>
    internal bool TryEnd()
    {
        bool was = IsWaiting;
        IsWaiting = false;
        return was;
    }

    /// <summary>Makes the end of the wait visible. Outside the gate; user code runs elsewhere or later.</summary>
    internal void Show()
    {
        Disarm();
        Action<object?>? continuation = Interlocked.CompareExchange(ref _continuation, Sentinel, comparand: null);
        if (continuation is not null)
        {
            _shown = true;
            GoHome();
        }
    }

    internal override void Expire(short version) => End(Interop.Errno.ETIMEDOUT, version);

    /// <summary>Ends the wait of this version because of <paramref name="errno"/>, or notes it for a call that is about to wait.</summary>
    private protected void End(int errno, short version)
    {
        bool show = false;
        using (gate.Enter())
        {
            if (version == Version)
            {
                show = TryEnd();
                if (show || !IsTaken)
                {
                    Errno = errno;
                }
            }
        }

        if (show)
        {
            Show();
        }
    }

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Check(token);
        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0)
        {
            _executionContext = ExecutionContext.Capture();
        }

        _continuationState = state;
        _home = SocketOperation.FindHome((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0);
        Action<object?>? previous = Interlocked.CompareExchange(ref _continuation, continuation, comparand: null);
        if (previous is null)
        {
            return;
        }

        if (!ReferenceEquals(previous, Sentinel))
        {
            throw new InvalidOperationException("This ValueTask is awaited already; await each ValueTask once.");
        }

        _shown = true;
        _continuation = continuation;
        GoHome();
    }

    /// <summary>Runs the continuation on this thread.</summary>
    public void Execute()
    {
        Action<object?> continuation = _continuation!;
        object? state = _continuationState;
        ExecutionContext? context = _executionContext;
        _continuationState = null;
        _executionContext = null;
        _home = null;
        if (context is null)
        {
            continuation(state);
        }
        else
        {
            ExecutionContext.Run(context, static pair =>
            {
                (Action<object?> action, object? argument) = ((Action<object?>, object?))pair!;
                action(argument);
            }, (continuation, state));
        }
    }

    private protected bool IsShown(short token)
    {
        Check(token);
        return _shown || ReferenceEquals(Volatile.Read(ref _continuation), Sentinel);
    }

    /// <summary>The result is taken: the wait can be used again. Under the gate.</summary>
    private protected void Recycle()
    {
        _continuation = null;
        _continuationState = null;
        _executionContext = null;
        _home = null;
        _shown = false;
        Token = default;
        Errno = 0;
        IsTaken = false;
        _version++;
    }

    private protected void CheckShown(short token)
    {
        if (!IsShown(token))
        {
            throw new InvalidOperationException("The call has not completed; await the ValueTask, or turn it into a Task first.");
        }
    }

    // Disarm waits for this, so it cannot reach the next wait.
    private void Cancel() => End(Interop.Errno.ECANCELED, Version);

    private void Check(short token)
    {
        if (token != Version)
        {
            throw new InvalidOperationException("This ValueTask was awaited already; await each ValueTask once.");
        }
    }

    private void GoHome()
    {
        switch (_home)
        {
            case null:
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                break;
            case EventLoop loop:
                loop.Enqueue(new EventLoop.LoopWork(RunOnLoop, this, Operation: null));
                break;
            case SynchronizationContext context:
                context.Post(static wait => ((PipeWait)wait!).Execute(), this);
                break;
            default:
                Task.Factory.StartNew(
                    static wait => ((PipeWait)wait!).Execute(),
                    this,
                    CancellationToken.None,
                    TaskCreationOptions.DenyChildAttach,
                    (TaskScheduler)_home);
                break;
        }
    }
}
