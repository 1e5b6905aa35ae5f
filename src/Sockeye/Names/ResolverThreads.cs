using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Threads for lookups, which block in libc for as long as name servers take. A program that gives a lookup up, by its
/// token or its time limit, goes on at once; the thread stays with libc until that returns, and drops the result.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>At most <c>threadsMax</c> lookups run at a time; a thread is started when none is idle, and ends when it had
/// nothing to do for <c>idle</c>.</item>
/// <item>At most <c>waitersMax</c> lookups wait for a thread; the next one fails with ENOBUFS at once. One that is given
/// up while it waits gives its place back.</item>
/// <item>When no thread can be started (RLIMIT_NPROC, pids.max), those that run serve what waits; without any, what waits
/// fails with EAI_MEMORY.</item>
/// <item>The thread pool is not used: lookups that hang hold up no other work. Continuations run on the pool, or come
/// home to their <see cref="EventLoop"/>, never on these threads.</item>
/// </list>
/// </remarks>
#pragma warning disable CA1001 // The semaphore holds no kernel object unless its wait handle is asked for.
internal sealed class ResolverThreads(int threadsMax, int waitersMax, TimeSpan idle, Action<ThreadStart>? startThread = null)
#pragma warning restore CA1001
{
    // The longest that the runtime's timers and waits take is 24 days.
    private static readonly TimeSpan LimitMax = TimeSpan.FromDays(24);

    private readonly Lock _gate = new();

    // One permit for each lookup ever queued; those that were given up leave theirs behind, and a thread looks in vain.
    private readonly SemaphoreSlim _queued = new(0);

    // Under the gate, all of them.
    private readonly LinkedList<Lookup> _waiting = [];
    private int _threads;
    private int _running;

    /// <summary>The library's threads.</summary>
    internal static ResolverThreads Shared { get; } = new(threadsMax: 16, waitersMax: 1024, idle: TimeSpan.FromSeconds(10));

    /// <summary>How many threads there are now.</summary>
    internal int ThreadCount
    {
        get
        {
            lock (_gate)
            {
                return _threads;
            }
        }
    }

    /// <summary>How many lookups wait for a thread.</summary>
    internal int WaitingCount
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Runs a lookup on one of the threads and waits for it on this one.</summary>
    internal ResolverResult<T> Run<T>(Func<ResolverResult<T>> body, TimeSpan limit)
    {
        var lookup = new Lookup<T>(this, body);
        if (TryStart(lookup) && Task.WaitAny([lookup.Done], Shorter(limit)) < 0)
        {
            lookup.GiveUp(ResolverError.System, Errno.ETIMEDOUT);
        }

        // What the lookup throws reaches the caller as it is, not in an AggregateException.
        return lookup.Done.GetAwaiter().GetResult();
    }

    /// <summary>Runs a lookup on one of the threads, without the thread pool.</summary>
    /// <param name="body">The lookup.</param>
    /// <param name="ended">Called once with the outcome, on that thread or on the one that gave up or refused. Must be quick.</param>
    /// <param name="token">Gives the lookup up.</param>
    internal void Start<T>(Func<ResolverResult<T>> body, Action<ResolverResult<T>> ended, CancellationToken token)
    {
        var lookup = new Lookup<T>(this, body, ended);
        if (TryStart(lookup))
        {
            token.UnsafeRegister(static state => ((Lookup)state!).GiveUp(ResolverError.Canceled, errno: 0), lookup);
        }
    }

    /// <summary>Runs a lookup on one of the threads.</summary>
    internal async Task<ResolverResult<T>> RunAsync<T>(
        Func<ResolverResult<T>> body, TimeSpan? limit, CancellationToken token, TimeProvider? time = null)
    {
        if (token.IsCancellationRequested)
        {
            return ResolverResult<T>.Failure(ResolverError.Canceled);
        }

        var lookup = new Lookup<T>(this, body);
        if (!TryStart(lookup))
        {
            return lookup.Done.Result;
        }

        using CancellationTokenRegistration registration = token.UnsafeRegister(
            static state => ((Lookup)state!).GiveUp(ResolverError.Canceled, errno: 0), lookup);
        using ITimer? timer = limit is { } wait
            ? LoopTimer.Create(
                time ?? RunQueue.Current?.Engine.Time ?? TimeProvider.System,
                static state => ((Lookup)state!).GiveUp(ResolverError.System, Errno.ETIMEDOUT),
                lookup,
                wait)
            : null;
        return await lookup.Done.StayOnLoop();
    }

    private static TimeSpan Shorter(TimeSpan limit) => limit < LimitMax ? limit : LimitMax;

    private bool TryStart(Lookup lookup)
    {
        bool startsThread;
        lock (_gate)
        {
            startsThread = _threads - _running <= _waiting.Count && _threads < threadsMax;
            if (_waiting.Count >= waitersMax + threadsMax - _running)
            {
                lookup.GiveUp(ResolverError.System, Errno.ENOBUFS);
                return false;
            }

            lookup.Place = _waiting.AddLast(lookup);
            _threads += startsThread ? 1 : 0;
        }

        _queued.Release();
        if (startsThread)
        {
            StartThread();
        }

        return true;
    }

    // The caller's context does not flow into the thread, which outlives the call.
    private void StartThread()
    {
        try
        {
            (startThread ?? Start)(Work);
        }
        catch (OutOfMemoryException)
        {
            // pthread_create(3) failed. Another's lookup may count on this thread too.
            Lookup[] left;
            lock (_gate)
            {
                _threads--;
                left = _threads == 0 ? [.. _waiting] : [];
            }

            foreach (Lookup lookup in left)
            {
                lookup.GiveUp(ResolverError.Memory, errno: 0);
            }
        }
    }

    private static void Start(ThreadStart work) => new Thread(work) { IsBackground = true, Name = "sockeye resolver" }.UnsafeStart();

    private void Work()
    {
        while (Take(out Lookup? lookup))
        {
            if (lookup is null)
            {
                continue;
            }

            lookup.Run();
            lock (_gate)
            {
                _running--;
            }
        }
    }

    /// <returns>False when the thread has ended.</returns>
    private bool Take(out Lookup? lookup)
    {
        lookup = null;
        bool queued = _queued.Wait(idle);
        lock (_gate)
        {
            if (_waiting.First is { } first)
            {
                _running++;
                lookup = first.Value;
                Leave(lookup);
                return true;
            }

            _threads -= queued ? 0 : 1;
            return queued;
        }
    }

    // Under the gate.
    private void Leave(Lookup lookup)
    {
        if (lookup.Place is { } place)
        {
            _waiting.Remove(place);
            lookup.Place = null;
        }
    }

    private abstract class Lookup(ResolverThreads threads)
    {
        /// <summary>Its place among those that wait; null when it has none. Under the gate.</summary>
        internal LinkedListNode<Lookup>? Place;

        /// <summary>Gives the lookup up: its outcome is that the caller no longer waits. Any thread may call it.</summary>
        internal void GiveUp(ResolverError error, int errno)
        {
            if (TryEnd(error, errno))
            {
                lock (threads._gate)
                {
                    threads.Leave(this);
                }
            }
        }

        internal abstract void Run();

        protected abstract bool TryEnd(ResolverError error, int errno);
    }

    private sealed class Lookup<T>(ResolverThreads threads, Func<ResolverResult<T>> body, Action<ResolverResult<T>>? ended = null)
        : Lookup(threads)
    {
        private readonly TaskCompletionSource<ResolverResult<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<ResolverResult<T>> Done => _done.Task;

        internal override void Run()
        {
            if (Done.IsCompleted)
            {
                return;
            }

            try
            {
                TryEnd(body());
            }
            catch (Exception exception)
            {
                // The lookup's own caller gets it; the thread goes on with the next.
                if (_done.TrySetException(exception))
                {
                    ended?.Invoke(ResolverResult<T>.Failure(ResolverError.System, Errno.EIO));
                }
            }
        }

        protected override bool TryEnd(ResolverError error, int errno) => TryEnd(ResolverResult<T>.Failure(error, errno));

        private bool TryEnd(ResolverResult<T> result)
        {
            bool isFirst = _done.TrySetResult(result);
            if (isFirst)
            {
                ended?.Invoke(result);
            }

            return isFirst;
        }
    }
}
