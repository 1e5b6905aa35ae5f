using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// A thread's place to wait: the slots of its sockets, its timers, and how it is woken. What it waits with is the
/// derived class's: an epoll set or a ring.
/// </summary>
/// <remarks>
/// Contract.
/// - The kernel's user data is slot and generation, <see cref="Registration.Token"/>: an event that was reported for a
///   slot's last owner does not reach its next one.
/// - <see cref="Start"/>, <see cref="Turn"/> and <see cref="End"/> belong to one thread at a time, the waiting one; all
///   else is for any thread.
/// - The waiting thread says that it sleeps before it looks for work a last time; who brings work looks whether it
///   sleeps afterwards. So a wake-up costs a system call only when it is needed, and none is lost.
/// </remarks>
internal abstract class Poller : IDisposable
{
    // TimeProvider.CreateTimer takes 49 days; a later timer is set again after this long.
    private const long ForeignDelayMsMax = 24 * 60 * 60 * 1000;

    // Generations have 28 bits: the rest of the upper half is the ring's, for what is no socket.
    private const uint GenerationMask = 0x0FFF_FFFF;

    private const int BlockSlots = 256;

    private readonly SocketEngine _engine;
    private readonly int _shard;
    private readonly Lock _slotsGate = new();
    private readonly TimeProvider _time;
    private readonly bool _systemTime;

    // Registrations by slot, in blocks, so that growing copies none. Read without the lock: a registration says itself
    // which token is its own.
    private Registration?[][] _slots = [];
    private Stack<int>? _freeSlots;
    private int _usedSlots;
    private uint _generation;
    private int _socketCount;
    private ITimer? _foreignTimer;
    private long _foreignDueMs = long.MaxValue;
    private volatile bool _foreignFired;
    private Thread? _thread;
    private int _sleeping;
    private int _wakeCount;
    private volatile bool _stopping;
    private int _closed;

    private protected Poller(SocketEngine engine, int shard, TimeProvider time)
    {
        _engine = engine;
        _shard = shard;
        _time = time;
        _systemTime = ReferenceEquals(time, TimeProvider.System);
        Timers = new TimerWheel(time);
    }

    /// <summary>How long to look again and again before the thread sleeps, in ticks of <see cref="Stopwatch"/>; 0 is not at all.</summary>
    internal long SpinLimit { get; set; }

    internal SocketEngine Engine => _engine;

    internal TimerWheel Timers { get; }

    /// <summary>The clock of the timers.</summary>
    internal TimeProvider Time => _time;

    /// <summary>This poller, where it takes requests that are more than a wait; null where it only waits.</summary>
    internal virtual IoUring.RingPoller? Ring => null;

    /// <summary>True while the thread sleeps, or is about to.</summary>
    internal bool IsSleeping => Volatile.Read(ref _sleeping) != 0;

    /// <summary>How often another thread had to make a system call to end a wait.</summary>
    internal int WakeCount => Volatile.Read(ref _wakeCount);

    internal int SocketCount => Volatile.Read(ref _socketCount);

    /// <summary>Starts the waiting thread if it does not run yet.</summary>
    internal void EnsureThread()
    {
        if (Volatile.Read(ref _thread) is not null)
        {
            return;
        }

        lock (_slotsGate)
        {
            if (_thread is not null || _stopping)
            {
                return;
            }

            // The thread must not hold on to whatever context happened to start it.
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                var thread = new Thread(static poller => ((Poller)poller!).RunThread())
                {
                    IsBackground = true,
                    Name = $"sockeye {Kind} {_shard}",
                };
                thread.Start(this);
                Volatile.Write(ref _thread, thread);
            }
        }
    }

    internal int Register(SocketHandle handle, WatchedEvents watched, out Registration? registration)
    {
        registration = null;
        var made = new Registration(this, handle) { Watched = watched };
        if (!TryTakeSlot(made))
        {
            return Errno.ECANCELED;
        }

        int errno;
        try
        {
            errno = Watch(made);
        }
        catch (ObjectDisposedException)
        {
            errno = Errno.EBADF;
        }

        if (errno != 0)
        {
            FreeSlot(made);
            return errno;
        }

        handle.CloseListener = made;
        registration = made;
        return 0;
    }

    /// <summary>Waits for the descriptor no longer; it is still open.</summary>
    internal void Forget(Registration registration)
    {
        try
        {
            Unwatch(registration);
        }
        catch (ObjectDisposedException)
        {
            // What waits has ended with its engine, and all registrations with it.
            Debug.Assert(_stopping || registration.Handle.IsClosed, "only an ended engine or a closed socket gets here");
        }
    }

    /// <summary>
    /// Has the descriptor's number name another socket, and watches that one from now on. Operations stay where they wait.
    /// </summary>
    /// <param name="registration">The registration; not closed.</param>
    /// <param name="replacement">The other socket.</param>
    /// <param name="closeOnExec">What becomes of the number in a program that this process starts.</param>
    /// <param name="isWatched">False when the other socket cannot be watched: the registration is of no more use.</param>
    /// <returns>0 or more; else −errno, and the number names what it named.</returns>
    internal virtual int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        // epoll(7) names an entry by the socket and its number: it must go while they are together.
        try
        {
            Unwatch(registration);
        }
        catch (ObjectDisposedException)
        {
            // The engine has ended, and its set with it. The descriptor has not.
        }

        int result = Libc.DuplicateOnto(replacement, registration.Handle, closeOnExec);
        if (result >= 0)
        {
            RenewToken(registration);
        }

        try
        {
            isWatched = Watch(registration) == 0;
        }
        catch (ObjectDisposedException)
        {
            isWatched = false;
        }

        return result;
    }

    /// <summary>Has the kernel tell of more: <see cref="Registration.Watched"/> has grown.</summary>
    internal void Widen(Registration registration)
    {
        int errno;
        try
        {
            errno = WatchMore(registration);
        }
        catch (ObjectDisposedException)
        {
            // The engine has ended, or the socket has closed: what waits has ended with it.
            errno = 0;
        }

        if (errno != 0)
        {
            // No memory for it in the kernel: whatever waits must not wait for ever.
            registration.Close(errno);
        }
    }

    /// <summary>Closes a descriptor of this poller's a little later, in the place of its handle.</summary>
    /// <returns>False when the caller must close it itself, now.</returns>
    internal virtual bool TryClose(int descriptor) => false;

    /// <summary>The descriptor closes now, disposed or forgotten: its slot is free.</summary>
    internal void Release(Registration registration)
    {
        if (FreeSlot(registration))
        {
            Forget(registration);
        }
    }

    /// <summary>Returns when nothing in the engine keeps the closed descriptor's file open any more.</summary>
    internal virtual void Settle()
    {
    }

    internal void StartTimer(TimerNode node, TimeSpan delay)
    {
        if (Timers.Add(node, Timers.DueAfter(delay)))
        {
            Wake();
        }
    }

    /// <summary>Ends the current or next wait at once. Costs a system call only when the thread sleeps.</summary>
    internal void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleeping) != 0 && Interlocked.Exchange(ref _sleeping, 0) != 0)
        {
            Interlocked.Increment(ref _wakeCount);
            Signal();
        }
    }

    /// <summary>True when each event reports the socket's current state whole: an end, an error, urgent data.</summary>
    internal virtual bool ReportsCurrentState => false;

    /// <summary>Promises to try a socket that was read empty before long, though no event may come.</summary>
    /// <returns>False when that cannot be promised: the caller must try it now.</returns>
    internal virtual bool TryAddSkipped(Registration registration) => false;

    /// <summary>
    /// Returns when all attempts that the calling thread has prepared for the kernel are answered; no user code runs meanwhile.
    /// For a call that must not overtake them, or that blocks. On a thread that has prepared none it does nothing.
    /// </summary>
    internal virtual void FinishTries()
    {
    }

    /// <summary>The calling thread is the waiting one from now on.</summary>
    internal virtual void Start()
    {
    }

    /// <summary>The waiting thread goes.</summary>
    internal virtual void End()
    {
    }

    /// <summary>
    /// One turn: waits until a socket is ready, a timer due or someone wakes, then runs the ready operations and the
    /// timers. Runs on one thread at a time.
    /// </summary>
    /// <param name="hasWork">Asked after the thread is marked as asleep; true makes the wait a mere look.</param>
    internal void Turn(Func<bool> hasWork)
    {
        if (SpinLimit == 0 || !Spin(hasWork))
        {
            Volatile.Write(ref _sleeping, 1);
            Interlocked.MemoryBarrier();
            int timeoutMs = hasWork() ? 0 : TimeoutMs();
            Wait(timeoutMs);
            Volatile.Write(ref _sleeping, 0);
        }

        Dispatch();
        Timers.Advance(Timers.NowMs);
    }

    public void Dispose()
    {
        Thread? thread;
        lock (_slotsGate)
        {
            _stopping = true;
            thread = _thread;
        }

        if (thread is null)
        {
            Close();
        }
        else
        {
            Signal();
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }
    }

    private void RunThread()
    {
        Func<bool> hasWork = () => _stopping;
        Start();
        while (!_stopping)
        {
            Turn(hasWork);
        }

        End();
        Close();
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        foreach (Registration registration in Registrations())
        {
            registration.Close();
        }

        _foreignTimer?.Dispose();
        CloseCore();
    }

    // True when there is something to do: the wait is over before it began.
    private bool Spin(Func<bool> hasWork)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            if (hasWork() || Wait(timeoutMs: 0) || Timers.NextDue() <= Timers.NowMs)
            {
                return true;
            }
        }
        while (Stopwatch.GetTimestamp() - start < SpinLimit);
        return false;
    }

    // Milliseconds until the next timer, −1 when there is none. Another clock than the system's cannot be slept on:
    // a timer of that clock wakes us instead.
    private int TimeoutMs()
    {
        long dueMs = Timers.NextDue();
        if (!_systemTime)
        {
            AskForeignClock(dueMs);
            return dueMs <= Timers.NowMs ? 0 : -1;
        }

        return dueMs == long.MaxValue ? -1 : (int)Math.Clamp(dueMs - Timers.NowMs, 0, int.MaxValue);
    }

    private void AskForeignClock(long dueMs)
    {
        // A clock's timers may come a little before its time, the system's do. Then this is not yet the end of the wait,
        // and the clock is asked again.
        if (dueMs == _foreignDueMs && !_foreignFired)
        {
            return;
        }

        _foreignDueMs = dueMs;
        _foreignFired = false;
        _foreignTimer ??= _time.CreateTimer(
            static poller => ((Poller)poller!).ForeignTimerFired(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        TimeSpan delay = dueMs == long.MaxValue
            ? Timeout.InfiniteTimeSpan
            : TimeSpan.FromMilliseconds(Math.Clamp(dueMs - Timers.NowMs, 0, ForeignDelayMsMax));
        _foreignTimer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void ForeignTimerFired()
    {
        _foreignFired = true;
        Signal();
    }

    /// <summary>Makes the kernel report the descriptor's readiness, edge-triggered, under the registration's token.</summary>
    /// <returns>0, or the errno.</returns>
    private protected abstract int Watch(Registration registration);

    /// <summary>Has the kernel report what is watched now, where less was watched before; and what is ready already.</summary>
    /// <returns>0, or the errno.</returns>
    private protected abstract int WatchMore(Registration registration);

    /// <summary>Ends those reports. May be called more than once, and on any thread.</summary>
    private protected abstract void Unwatch(Registration registration);

    /// <summary>Waits for events.</summary>
    /// <param name="timeoutMs">Milliseconds at most; −1 waits without limit.</param>
    /// <returns>True when there are events to dispatch.</returns>
    private protected abstract bool Wait(int timeoutMs);

    /// <summary>Hands the last wait's events on.</summary>
    private protected abstract void Dispatch();

    /// <summary>Ends a wait. The waiting thread sleeps, or is about to.</summary>
    private protected abstract void Signal();

    /// <summary>Closes what the poller waits with, when no thread waits any more.</summary>
    private protected abstract void CloseCore();

    /// <summary>The registration whose token this is; null when it is gone.</summary>
    internal Registration? Find(ulong token)
    {
        Registration?[][] slots = Volatile.Read(ref _slots);
        uint slot = (uint)token;
        uint block = slot / BlockSlots;
        Registration? registration = block < slots.Length ? Volatile.Read(ref slots[block][slot % BlockSlots]) : null;
        return registration?.Token == token ? registration : null;
    }

    /// <summary>All that are registered now.</summary>
    internal List<Registration> Registrations()
    {
        var all = new List<Registration>();
        lock (_slotsGate)
        {
            for (int i = 0; i < _usedSlots; i++)
            {
                if (Slot(i) is { } registration)
                {
                    all.Add(registration);
                }
            }
        }

        return all;
    }

    /// <summary>True once the poller ends.</summary>
    private protected bool IsStopping => _stopping;

    /// <summary>What the waiting thread is called.</summary>
    private protected abstract string Kind { get; }

    // Under the gate.
    private ref Registration? Slot(int slot) => ref _slots[slot / BlockSlots][slot % BlockSlots];

    /// <summary>Another generation of the registration's slot: events that the kernel still reports for the previous one are ignored.</summary>
    internal void RenewToken(Registration registration)
    {
        lock (_slotsGate)
        {
            registration.Token = NextGeneration() | (registration.Token & uint.MaxValue);
        }
    }

    // Under the gate.
    private ulong NextGeneration()
    {
        _generation = (_generation + 1) & GenerationMask;
        return (ulong)_generation << 32;
    }

    // False once the poller ends: Close, which comes after, sees all slots that were taken.
    private bool TryTakeSlot(Registration registration)
    {
        lock (_slotsGate)
        {
            if (_stopping)
            {
                return false;
            }

            if (_freeSlots is null || !_freeSlots.TryPop(out int slot))
            {
                if (_usedSlots == _slots.Length * BlockSlots)
                {
                    Volatile.Write(ref _slots, [.. _slots, new Registration?[BlockSlots]]);
                }

                slot = _usedSlots++;
            }

            registration.Token = NextGeneration() | (uint)slot;
            Volatile.Write(ref Slot(slot), registration);
            _socketCount++;
            return true;
        }
    }

    // True when it was taken until now.
    private bool FreeSlot(Registration registration)
    {
        lock (_slotsGate)
        {
            int slot = (int)(registration.Token & uint.MaxValue);
            ref Registration? taken = ref Slot(slot);
            if (!ReferenceEquals(taken, registration))
            {
                return false;
            }

            taken = null;
            (_freeSlots ??= new Stack<int>()).Push(slot);
            _socketCount--;
            return true;
        }
    }
}
