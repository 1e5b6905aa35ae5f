using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.Epoll;

/// <summary>One epoll set, its slots, its timers, and the thread that waits on it.</summary>
/// <remarks>
/// A socket is added once, edge-triggered, for all events; nothing is changed afterwards. The kernel's user data is
/// slot and generation: an event that was reported for a slot's last owner does not reach its next one.
/// </remarks>
internal sealed class EpollPoller : IDisposable
{
    private const uint AllEvents = EpollConstants.EPOLLIN | EpollConstants.EPOLLOUT | EpollConstants.EPOLLPRI
        | EpollConstants.EPOLLRDHUP | EpollConstants.EPOLLET;

    private const uint ReadEvents = EpollConstants.EPOLLIN | EpollConstants.EPOLLPRI | EpollConstants.EPOLLRDHUP
        | EpollConstants.EPOLLHUP | EpollConstants.EPOLLERR;

    private const uint WriteEvents = EpollConstants.EPOLLOUT | EpollConstants.EPOLLHUP | EpollConstants.EPOLLERR;

    // Enough for a busy turn; more events wait in the kernel for the next one.
    private const int EventsPerWait = 256;
    private const ulong WakeData = ulong.MaxValue;

    // TimeProvider.CreateTimer takes 49 days; a later timer is asked for anew after this long.
    private const long ForeignDelayMsMax = 24 * 60 * 60 * 1000;

    private readonly SocketEngine _engine;
    private readonly int _shard;
    private readonly Lock _slotsGate = new();

    // Owned: closed by the waiting thread when it ends, or by Dispose when there is none.
    private readonly EpollSet _epoll = new(EventsPerWait);
    private readonly EventDescriptor _wake = EventDescriptor.Create();
    private readonly TimeProvider _time;
    private readonly bool _systemTime;
    private Slot[] _slots = new Slot[64];
    private int _freeSlot = -1;
    private int _usedSlots;
    private int _socketCount;
    private ITimer? _foreignTimer;
    private long _foreignDueMs = long.MaxValue;
    private volatile bool _foreignFired;
    private Thread? _thread;
    private int _sleeping;
    private volatile bool _stopping;
    private int _closed;

    internal EpollPoller(SocketEngine engine, int shard, TimeProvider time)
    {
        _engine = engine;
        _shard = shard;
        _time = time;
        _systemTime = ReferenceEquals(time, TimeProvider.System);
        Timers = new TimerWheel(time);
        int result = _epoll.Add(_wake.Handle, EpollConstants.EPOLLIN, WakeData);
        if (result < 0)
        {
            throw InteropException.For("epoll_ctl", -result);
        }
    }

    internal TimerWheel Timers { get; }

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
                var thread = new Thread(static poller => ((EpollPoller)poller!).RunThread())
                {
                    IsBackground = true,
                    Name = $"sockeye epoll {_shard}",
                };
                thread.Start(this);
                Volatile.Write(ref _thread, thread);
            }
        }
    }

    internal int Register(SocketHandle handle, out Registration? registration)
    {
        registration = null;
        var made = new Registration(_engine, handle) { Shard = _shard };
        if (!TryTakeSlot(made, out ulong data))
        {
            return Errno.ECANCELED;
        }

        int result;
        try
        {
            result = _epoll.Add(handle, AllEvents, data);
            if (result == -Errno.EEXIST)
            {
                // Two sockets on one descriptor: a view and its owner. A duplicate is an entry of its own.
                result = Libc.Duplicate(handle, out SocketHandle duplicate);
                if (result >= 0)
                {
                    made.Watched = duplicate;
                    result = _epoll.Add(duplicate, AllEvents, data);
                }
            }
        }
        catch (ObjectDisposedException)
        {
            result = -Errno.EBADF;
        }

        if (result < 0)
        {
            made.Watched?.Dispose();
            FreeSlot(made);
            return -result;
        }

        handle.BeforeClose = () => FreeSlot(made);
        registration = made;
        return 0;
    }

    /// <summary>Takes the descriptor out of the set, before its close: a duplicate would keep it there.</summary>
    internal void Forget(Registration registration)
    {
        try
        {
            // EBADF and ENOENT mean that it is out already.
            _epoll.Remove(registration.Watched ?? registration.Handle);
            registration.Watched?.Dispose();
        }
        catch (ObjectDisposedException)
        {
            // The set has ended with its engine, and all registrations with it.
            Debug.Assert(_stopping || registration.Handle.IsClosed, "only an ended engine or a closed socket gets here");
        }
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
            Signal();
        }
    }

    /// <summary>
    /// One turn: waits until a socket is ready, a timer due or someone wakes, then runs the ready operations and the
    /// timers. Runs on one thread at a time.
    /// </summary>
    /// <param name="hasWork">Asked after the thread is marked as asleep; true makes the wait a mere look.</param>
    internal void Turn(Func<bool> hasWork)
    {
        Volatile.Write(ref _sleeping, 1);
        Interlocked.MemoryBarrier();
        int timeoutMs = hasWork() ? 0 : TimeoutMs();
        int count = _epoll.Wait(timeoutMs);
        Volatile.Write(ref _sleeping, 0);
        if (count < 0 && count != -Errno.EINTR)
        {
            throw InteropException.For("epoll_wait", -count);
        }

        for (int i = 0; i < count; i++)
        {
            (uint events, ulong data) = _epoll.Event(i);
            if (data == WakeData)
            {
                _wake.Drain();
                continue;
            }

            Find(data)?.Ready((events & ReadEvents) != 0, (events & WriteEvents) != 0);
        }

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
        while (!_stopping)
        {
            Turn(hasWork);
        }

        Close();
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        var left = new List<Registration>();
        lock (_slotsGate)
        {
            for (int i = 0; i < _usedSlots; i++)
            {
                if (_slots[i].Registration is { } registration)
                {
                    left.Add(registration);
                }
            }
        }

        foreach (Registration registration in left)
        {
            registration.Close();
        }

        _foreignTimer?.Dispose();
        _epoll.Dispose();
        _wake.Dispose();
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
            static poller => ((EpollPoller)poller!).ForeignTimerFired(),
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

    // A thread that ends between the look and the signal has closed the descriptor: there is nobody left to wake.
    private void Signal()
    {
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            Debug.Assert(_stopping, "the descriptor is closed when the poller ends, not before");
        }
    }

    // False once the poller ends: Close, which comes after, sees all slots that were taken.
    private bool TryTakeSlot(Registration registration, out ulong data)
    {
        data = 0;
        lock (_slotsGate)
        {
            if (_stopping)
            {
                return false;
            }

            int slot = _freeSlot;
            if (slot >= 0)
            {
                _freeSlot = _slots[slot].NextFree;
            }
            else
            {
                if (_usedSlots == _slots.Length)
                {
                    Array.Resize(ref _slots, _slots.Length * 2);
                }

                slot = _usedSlots++;
            }

            _slots[slot].Registration = registration;
            registration.Slot = slot;
            _socketCount++;
            data = ((ulong)_slots[slot].Generation << 32) | (uint)slot;
            return true;
        }
    }

    private void FreeSlot(Registration registration)
    {
        lock (_slotsGate)
        {
            int slot = registration.Slot;
            if (slot < 0)
            {
                return;
            }

            // The generation never reaches the value that, with the last slot, would spell WakeData.
            _slots[slot].Registration = null;
            _slots[slot].Generation = (_slots[slot].Generation + 1) & 0x7FFF_FFFF;
            _slots[slot].NextFree = _freeSlot;
            _freeSlot = slot;
            registration.Slot = -1;
            _socketCount--;
        }
    }

    private Registration? Find(ulong data)
    {
        int slot = (int)(data & uint.MaxValue);
        lock (_slotsGate)
        {
            return _slots[slot].Generation == (uint)(data >> 32) ? _slots[slot].Registration : null;
        }
    }

    private struct Slot
    {
        internal Registration? Registration;
        internal uint Generation;
        internal int NextFree;
    }
}
