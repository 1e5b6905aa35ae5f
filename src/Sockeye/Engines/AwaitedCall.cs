using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Sockeye.Engines;

/// <summary>
/// What a value task of ours is awaited on: it keeps the awaiter's continuation, and brings it home when the outcome becomes visible.
/// Used again and again; a version distinguishes one use from the next.
/// </summary>
/// <remarks>
/// The continuation and the outcome may come in either order, on two threads: one exchange of a field decides who brings
/// the continuation home.
/// </remarks>
internal abstract class AwaitedCall
{
    private static readonly Action<object?> Sentinel = static _ => throw new UnreachableException("The sentinel is never invoked.");

    private Action<object?>? _continuation;
    private object? _continuationState;

    // Where the continuation wants to run: null (the pool), a RunQueue, a SynchronizationContext or a TaskScheduler.
    private object? _home;

    // Null until a call has any.
    private CallTerms? _terms;
    private volatile bool _shown;

    internal short Version { get; private set; }

    /// <summary>The outcome: 0, or the errno.</summary>
    internal abstract int Errno { get; set; }

    /// <summary>What <see cref="RunContinuation"/> will call, and with what.</summary>
    internal (Action<object?> Method, object? State) Continuation => (_continuation!, _continuationState);

    /// <summary>Runs the continuation on this thread.</summary>
    internal void RunContinuation()
    {
        Action<object?> continuation = _continuation!;
        object? state = _continuationState;
        ExecutionContext? context = _terms?.TakeContext();
        _continuationState = null;
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

    /// <summary>The call's time limit has passed. On the engine's thread.</summary>
    /// <param name="version">The use of this object that had the limit.</param>
    internal abstract void Expire(short version);

    /// <summary>The token, the limit and what else few calls have. Made at the first need, by any thread, and kept.</summary>
    protected CallTerms Terms => Volatile.Read(ref _terms) ?? MakeTerms();

    /// <summary>The same; null when no call has had any.</summary>
    protected CallTerms? TermsIfAny => Volatile.Read(ref _terms);

    /// <summary>True once the outcome shows.</summary>
    protected bool IsShown => ReferenceEquals(Volatile.Read(ref _continuation), Sentinel) || _shown;

    /// <summary>Ends this use: the next has another version.</summary>
    protected void ForgetAwaiter()
    {
        _continuation = null;
        _continuationState = null;
        _home = null;
        _shown = false;
        _terms?.Clear();
        Version++;
    }

    protected void CheckVersion(short token)
    {
        if (token != Version)
        {
            throw new InvalidOperationException("This ValueTask was awaited already; await each ValueTask once.");
        }
    }

    /// <summary>IValueTaskSource.OnCompleted, shared by all faces.</summary>
    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        CheckVersion(token);
        bool isConversion = flags == ValueTaskSourceOnCompletedFlags.None && TaskConversion.Is(continuation);
        if (isConversion)
        {
            FinishTries();
        }

        if ((flags & ValueTaskSourceOnCompletedFlags.FlowExecutionContext) != 0)
        {
            Terms.Context = ExecutionContext.Capture();
        }

        _continuationState = state;
        _home = FindHome((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0);
        Action<object?>? previous = Interlocked.CompareExchange(ref _continuation, continuation, comparand: null);
        if (previous is null)
        {
            return;
        }

        if (!ReferenceEquals(previous, Sentinel))
        {
            throw new InvalidOperationException("This ValueTask is awaited already; await each ValueTask once.");
        }

        // Completed between the look and now. The outcome already shows; bring the continuation home as usual.
        _shown = true;
        _continuation = continuation;
        if (isConversion)
        {
            // It completes the Task, which nobody has seen yet.
            RunContinuation();
        }
        else
        {
            GoHome();
        }
    }

    /// <summary>Returns when what the calling thread has prepared for the kernel, if this call is of it, is answered.</summary>
    private protected virtual void FinishTries()
    {
    }

    private CallTerms MakeTerms()
    {
        var made = new CallTerms(this);
        return Interlocked.CompareExchange(ref _terms, made, comparand: null) ?? made;
    }

    // Whoever awaits on a loop's thread resumes there, with or without ConfigureAwait: the loop is the thread.
    // Else the caller's context counts, if the await asked for it.
    private static object? FindHome(bool useSchedulingContext)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        if (useSchedulingContext && context is not null
            && context.GetType() != typeof(SynchronizationContext) && context is not RunQueueContext)
        {
            return context;
        }

        if (RunQueue.Current is { } queue)
        {
            return queue;
        }

        if (!useSchedulingContext)
        {
            return null;
        }

        if (context is RunQueueContext other)
        {
            return other.Queue;
        }

        TaskScheduler scheduler = TaskScheduler.Current;
        return scheduler == TaskScheduler.Default ? null : scheduler;
    }

    /// <summary>Makes the outcome visible to whoever awaits.</summary>
    protected virtual void ShowOutcome()
    {
        Action<object?>? continuation = Interlocked.CompareExchange(ref _continuation, Sentinel, comparand: null);
        if (continuation is not null)
        {
            _shown = true;
            GoHome();
        }
    }

    /// <summary>Hands the continuation to a context or a scheduler of others'. Whatever they do runs here and now.</summary>
    internal void PostContinuation()
    {
        if (_home is SynchronizationContext context)
        {
            context.Post(static state => ((AwaitedCall)state!).RunContinuation(), this);
            return;
        }

        Task.Factory.StartNew(
            static state => ((AwaitedCall)state!).RunContinuation(),
            this,
            CancellationToken.None,
            TaskCreationOptions.DenyChildAttach,
            (TaskScheduler)_home!);
    }

    private void GoHome()
    {
        switch (_home)
        {
            case null:
                Completions.Pool.Enqueue(this);
                break;
            case RunQueue queue:
                queue.Resume(this);
                break;
            default:
                if (RunQueue.Current is { } here)
                {
                    // Not from here, where the loop is in the midst of its completions.
                    here.ResumeForeign(this);
                }
                else
                {
                    PostContinuation();
                }

                break;
        }
    }
}
