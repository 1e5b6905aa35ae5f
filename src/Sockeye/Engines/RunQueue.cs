using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// What a loop's thread is to run: continuations that have come home to it, work that was posted to it, and what is due at
/// the end of each turn. Whatever waits for sockets knows a loop by this alone.
/// </summary>
/// <remarks>
/// Contract.
/// - One thread at a time runs the queue, between <see cref="Enter"/> and <see cref="Leave"/>: there it is <see cref="Current"/>.
///   All members belong to that thread, except <see cref="Enqueue"/>, <see cref="Post"/> and <see cref="Resume"/>, which are for any.
/// - A turn runs what was ready when it began. What that makes ready waits for the next turn, after a look at the kernel.
/// - The thread that brings work from elsewhere wakes the loop's only when that sleeps.
/// - After <see cref="End"/> nothing is run. Tenants hear of it; other work is dropped.
/// </remarks>
internal sealed class RunQueue
{
    // How many operations in a row may complete at once, within one continuation, before the loop looks after the others.
    // Tokio's is 128 for a task, too.
    private const int BudgetPerHandler = 128;

    // How many items before its own one is fetched into the processor's cache.
    private const int FetchedAhead = 3;

    [ThreadStatic]
    private static RunQueue? t_current;

    private readonly Poller _poller;
    private readonly Lock _postedGate = new();

    // Work from other threads, under the gate; swapped out whole each turn.
    private List<Work> _posted = [];
    private List<Work> _postedSpare = [];

    // Work of this thread, which alone touches it.
    private readonly Queue<Work> _ready = new();
    private readonly Queue<SocketOperation> _deferred = new();
    private readonly Queue<AwaitedCall> _foreign = new();
    private ITurnEnd[] _turnEnds = new ITurnEnd[16];
    private int _turnEndCount;
    private int _postedCount;
    private int _budget = BudgetPerHandler;

    // Under the posted work's gate: nothing that is queued will run.
    private bool _isOver;

    /// <summary>The queue of the thread that drives <paramref name="engine"/>.</summary>
    internal RunQueue(SocketEngine engine)
    {
        Engine = engine;
        _poller = engine.Poller;
        Context = new RunQueueContext(this);
        engine.Queue = this;
    }

    /// <summary>The queue that the calling thread runs; null on a thread that runs none.</summary>
    internal static RunQueue? Current => t_current;

    /// <summary>What waits for the thread's sockets.</summary>
    internal SocketEngine Engine { get; }

    /// <summary>Brings awaits back to the queue.</summary>
    internal RunQueueContext Context { get; }

    /// <summary>What watches for work that runs for long; null when nothing does.</summary>
    internal LoopWatch? Watch { get; set; }

    /// <summary>What pipes keep for all of this thread. Theirs, and opaque here.</summary>
    internal object? PipePool { get; set; }

    /// <summary>True when there is something to run.</summary>
    internal bool HasWork => _ready.Count != 0 || _deferred.Count != 0 || _foreign.Count != 0 || Volatile.Read(ref _postedCount) != 0;

    /// <summary>The calling thread runs the queue from now on.</summary>
    internal void Enter() => t_current = this;

    /// <summary>It does so no longer.</summary>
    internal void Leave()
    {
        t_current = null;
        while (_foreign.TryDequeue(out AwaitedCall? call))
        {
            call.PostContinuation();
        }
    }

    /// <summary>Counts one operation that completed at once; false when the handler's share is spent.</summary>
    internal bool SpendBudget() => --_budget > 0;

    /// <summary>As <see cref="SpendBudget"/>, for callers that may be on another thread, whose share is without limit.</summary>
    internal bool SpendBudgetHere() => !ReferenceEquals(t_current, this) || SpendBudget();

    /// <summary>Shows a completed operation's outcome in the next turn only.</summary>
    internal void Defer(SocketOperation operation) => _deferred.Enqueue(operation);

    /// <summary>
    /// Brings a continuation to a context or a scheduler that is not the loop's, in the next turn: that is code of others', which may
    /// even run it at once, and not where the completion is dealt with.
    /// </summary>
    internal void ResumeForeign(AwaitedCall call) => _foreign.Enqueue(call);

    /// <summary>Calls <paramref name="item"/> once, when the turn's work is done and before the next wait.</summary>
    internal void AtTurnEnd(ITurnEnd item)
    {
        if (_turnEndCount == _turnEnds.Length)
        {
            Array.Resize(ref _turnEnds, _turnEnds.Length * 2);
        }

        _turnEnds[_turnEndCount++] = item;
    }

    /// <summary>Brings a completed call's continuation home. Any thread.</summary>
    internal void Resume(AwaitedCall call) => Enqueue(new Work(Action: null, State: null, call));

    /// <summary>Runs <paramref name="action"/> after what is queued already. Any thread; allocates nothing when the delegate is a static one.</summary>
    internal void Post(Action<object?> action, object? state) => Enqueue(new Work(action, state, Call: null));

    /// <summary>Runs <paramref name="work"/> after what is queued already. Any thread.</summary>
    internal void Enqueue(Work work)
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
            _poller.Wake();
        }
        else if (work.State is ILoopTenant tenant)
        {
            // Not on the caller's stack, who may be within its own gate.
            ThreadPool.UnsafeQueueUserWorkItem(static tenant => tenant.LoopEnded(), tenant, preferLocal: false);
        }
    }

    /// <summary>Runs what was ready when the turn began.</summary>
    internal void RunReady()
    {
        if (Volatile.Read(ref _postedCount) != 0)
        {
            TakePosted();
        }

        for (int deferred = _deferred.Count; deferred > 0; deferred--)
        {
            _deferred.Dequeue().Publish();
        }

        for (int foreign = _foreign.Count; foreign > 0; foreign--)
        {
            _budget = BudgetPerHandler;
            _foreign.Dequeue().PostContinuation();
            RestoreContext();
        }

        for (int ready = _ready.Count; ready > 0; ready--)
        {
            Work work = _ready.Dequeue();
            if (Watch is { } watch)
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

            RestoreContext();
        }

        Watch?.End();
    }

    /// <summary>The turn's work is done. What was written in it leaves now, each connection's in one piece.</summary>
    internal void EndTurn()
    {
        for (int i = 0; i < _turnEndCount; i++)
        {
            if (i + FetchedAhead < _turnEndCount)
            {
                CacheLines.Fetch(_turnEnds[i + FetchedAhead]);
            }

            ITurnEnd item = _turnEnds[i];
            _turnEnds[i] = null!;
            item.EndTurn();
        }

        _turnEndCount = 0;
    }

    /// <summary>Shows what was deferred: no further turn will. Awaits of this queue wait for its next thread.</summary>
    internal void ShowDeferred()
    {
        while (_deferred.TryDequeue(out SocketOperation? completed))
        {
            completed.Publish();
        }
    }

    /// <summary>
    /// Nobody runs what is queued, or ever will: those whose awaits would stay open for ever, or whose memory would stay
    /// held, hear of it.
    /// </summary>
    internal void End()
    {
        List<Work> left;
        lock (_postedGate)
        {
            _isOver = true;
            (left, _posted) = (_posted, []);
            _postedCount = 0;
        }

        left.AddRange(_ready);
        _ready.Clear();
        foreach (Work work in left)
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

    // Where work left another context behind: the next one belongs to the loop again.
    private void RestoreContext()
    {
        if (!ReferenceEquals(SynchronizationContext.Current, Context))
        {
            SynchronizationContext.SetSynchronizationContext(Context);
        }
    }

    private static void Note(LoopWatch watch, Work work)
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
        List<Work> taken;
        lock (_postedGate)
        {
            taken = _posted;
            (_posted, _postedSpare) = (_postedSpare, _posted);
            Volatile.Write(ref _postedCount, 0);
        }

        foreach (Work work in taken)
        {
            _ready.Enqueue(work);
        }

        taken.Clear();
    }

    /// <summary>A continuation or an action that waits for the thread.</summary>
    internal readonly record struct Work(Action<object?>? Action, object? State, AwaitedCall? Call);
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
    /// <summary>The loop was disposed before it came to the work. Any thread; no user code runs from here. May come more than once.</summary>
    void LoopEnded();
}

/// <summary>Brings awaits home to their loop's thread.</summary>
internal sealed class RunQueueContext(RunQueue queue) : SynchronizationContext
{
    internal RunQueue Queue { get; } = queue;

    public override void Post(SendOrPostCallback d, object? state) => Queue.Post(new Action<object?>(d), state);

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (ReferenceEquals(RunQueue.Current, Queue))
        {
            d(state);
            return;
        }

        IoUring.RingPoller.Own?.FinishTries();
        using var done = new ManualResetEventSlim(initialState: false);
        Exception? error = null;
        Queue.Post(
            _ =>
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
            },
            state: null);
        done.Wait();
        if (error is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        }
    }

    public override SynchronizationContext CreateCopy() => this;
}
