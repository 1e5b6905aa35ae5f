using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>
/// Waits with io_uring(7): a multishot poll for each socket, and requests of other kinds for those who ask for more than
/// readiness.
/// </summary>
/// <remarks>
/// Contract.
/// - The ring belongs to the waiting thread (IORING_SETUP_SINGLE_ISSUER) and works from <see cref="Start"/> to
///   <see cref="End"/>. What other threads want of it they leave in a list, and wake the thread if it sleeps.
/// - A poll in the ring holds the socket's file: close(2) alone would neither send the end of stream nor free the port.
///   So it is taken back at Forget; a thread that must see it gone calls <see cref="Poller.Settle"/>.
/// - Between a request's making and the next enter its descriptor's handle is referenced, so that its number stays its own.
/// - A request that answers for the last time while its socket lives (the queue was full, a kernel's whim) is made anew.
/// </remarks>
internal sealed class RingPoller : Poller
{
    // What the upper four bits of the user data mean. A registration's token has none set.
    private const ulong WakeData = 1UL << 60;
    private const ulong DiscardedData = 2UL << 60;
    private const ulong RequestKind = 3UL << 60;
    private const ulong DisarmData = 4UL << 60;
    private const int KindShift = 60;

    private const int UntriedTurnsMax = 64;
    private const ushort BufferGroup = 1;
    private const long NanosecondsPerMillisecond = 1_000_000;
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(1);

    // A millisecond each; the kernel needs one or two. Then who settles goes on as if it were done.
    private const int DisarmRoundsMax = 1000;

    // Of rings that have ended without an answer to them: what memory they name the kernel may still read and write.
    private static readonly List<IRingRequest> Stranded = [];

    private readonly int _entries;
    private readonly EventDescriptor _wake = EventDescriptor.Create();
    private readonly Lock _wishesGate = new();

    // The waiting thread's alone.
    private readonly List<SocketHandle> _held = [];
    private readonly Queue<CompletionEntry> _early = new();

    // Polls that ended while their sockets live, by token.
    private readonly Queue<ulong> _ended = new();
    private IRingRequest?[] _requests = new IRingRequest?[16];
    private readonly Stack<int> _freeRequests = new();
    private int _usedRequests;
    private uint _requestGeneration;
    private Ring? _ring;
    private RingBuffers? _buffers;

    // Sockets that were read empty and wait without a try. A poll's answer carries what its first wake-up said, not what
    // the socket says: so it hides an urgent byte in the midst, or a reset behind the last bytes. Those are found by a try
    // before the thread sleeps, or after so many turns, when it is not paid for by every message.
    private readonly List<Registration> _untried = [];
    private int _turnsUntried;

    // Polls that were taken back and have not said that they are over: each may still hold its socket's file.
    private int _disarming;

    // Under the gate; swapped out whole each turn.
    private List<Wish> _wishes = [];
    private List<Wish> _wishesSpare = [];
    private int _wishCount;

    // What this ring's thread waits for, on another ring's.
    private Settling? _settling;
    private bool _started;
    private int _thread;

    /// <param name="engine">The engine.</param>
    /// <param name="shard">Which of the engine's pollers this is.</param>
    /// <param name="time">The clock of the timers.</param>
    /// <param name="entries">How many requests fit between two enters; more make an enter of their own.</param>
    internal RingPoller(SocketEngine engine, int shard, TimeProvider time, int entries)
        : base(engine, shard, time)
    {
        _entries = entries;
        _ring = Create(entries);
    }

    /// <summary>True on the thread that has the ring.</summary>
    internal bool IsOwnThread => Volatile.Read(ref _thread) == Environment.CurrentManagedThreadId;

    private protected override string Kind => "io_uring";

    /// <summary>The ring. On its own thread, while it runs.</summary>
    internal Ring Ring => _ring ?? throw new UnreachableException("The ring is asked for on its own thread only.");

    internal override void Start()
    {
        // A loop that runs again, perhaps on another thread, has a ring of its own again.
        _ring ??= Create(_entries);
        _ring.Enable();
        lock (_wishesGate)
        {
            _started = true;
            Volatile.Write(ref _thread, Environment.CurrentManagedThreadId);
        }

        ArmWake();
        foreach (Registration registration in Registrations())
        {
            Arm(registration);
        }
    }

    internal override void End()
    {
        // What a pipe's receive has taken must not be lost, nor how much of its send has left.
        IsEnding = true;
        foreach (IRingRequest? request in _requests)
        {
            if (request is not null)
            {
                Cancel(request);
            }
        }

        // A socket's request that is taken back answers in this enter or the next. The bound is for what is not known of: a
        // driver or file that heeds no cancel would hold up the loop's end, and a program's, for ever.
        for (int round = 0; _freeRequests.Count != _usedRequests && round < EndRoundsMax; round++)
        {
            Enter(round == 0 ? 0u : 1u, NanosecondsPerMillisecond);
            ReleaseHandedOver();
            Dispatch();
        }

        StrandRequests();
        List<Wish> left;
        lock (_wishesGate)
        {
            _started = false;
            Volatile.Write(ref _thread, 0);
            (left, _wishes) = (_wishes, []);
            _wishCount = 0;
        }

        // Whatever waits is tried when a ring arms its poll anew.
        foreach (Registration registration in _untried)
        {
            registration.IsUntried = false;
        }

        _untried.Clear();
        _ring?.Dispose();
        _ring = null;
        _buffers?.End();
        _buffers = null;
        IsEnding = false;
        _early.Clear();
        _ended.Clear();
        _disarming = 0;
        ReleaseHeld();
        _freeRequests.Clear();
        _usedRequests = 0;
        foreach (Registration registration in Registrations())
        {
            registration.IsArmed = false;
        }

        foreach (Wish wish in left)
        {
            wish.Done?.Set();
        }
    }

    internal override void Settle()
    {
        if (IsOwnThread)
        {
            FinishDisarming();
            return;
        }

        var settling = new Settling();
        if (TryWish(new Wish(Registration: null, Arm: false, settling)))
        {
            settling.Wait(EventLoop.Current?.Engine is PollingEngine { Poller: RingPoller own } ? own : null);
        }
    }

    /// <summary>How many rounds, of a millisecond at most, the end waits for the last answers. The tests' to change.</summary>
    internal int EndRoundsMax { get; set; } = 1000;

    /// <summary>The ring is about to go: requests that end now are made anew when the loop runs again. On the ring's thread.</summary>
    internal bool IsEnding { get; private set; }

    /// <summary>False once the kernel has refused a multishot receive that ends by itself after so many bytes: before 6.17.</summary>
    internal bool HasReceiveLimit { get; set; } = true;

    /// <summary>False refuses the buffers, as a kernel does that has no memory for them. The tests' to change.</summary>
    internal bool HasReceiveBuffers { get; set; } = true;

    /// <summary>The buffers that the ring's pipes receive into, made at the first need. On the ring's thread.</summary>
    /// <returns>0, or the errno.</returns>
    internal int TryGetBuffers(EventLoop loop, out RingBuffers? buffers)
    {
        int errno = HasReceiveBuffers ? 0 : Errno.ENOMEM;
        if (_buffers is null && errno == 0)
        {
            (int count, int bytes, bool isIncremental) = loop.ReceiveBuffers;
            errno = Ring.TryCreateBuffers(BufferGroup, count, bytes, isIncremental, out BufferRing? made);
            _buffers = made is null ? null : new RingBuffers(loop, made);
        }

        buffers = _buffers;
        return errno;
    }

    /// <summary>Gives a request its place among those in flight. On the ring's thread.</summary>
    /// <returns>The user data that brings answers to it.</returns>
    internal ulong Add(IRingRequest request)
    {
        if (!_freeRequests.TryPop(out int slot))
        {
            if (_usedRequests == _requests.Length)
            {
                Array.Resize(ref _requests, _requests.Length * 2);
            }

            slot = _usedRequests++;
        }

        _requestGeneration = (_requestGeneration + 1) & 0x0FFF_FFFF;
        request.RingToken = RequestKind | ((ulong)_requestGeneration << 32) | (uint)slot;
        _requests[slot] = request;
        return request.RingToken;
    }

    /// <summary>The next place in the submission queue; the user data is the caller's to fill in. On the ring's thread.</summary>
    /// <param name="handle">The descriptor that the request names, kept until the kernel has taken the request.</param>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    internal Submission Next(SocketHandle handle)
    {
        // The place first: to make room the queue may be handed over, and with it goes what is held.
        Submission request = Next();
        bool referenced = false;
        try
        {
            handle.DangerousAddRef(ref referenced);
        }
        catch (ObjectDisposedException)
        {
            request.Entry.UserData = DiscardedData;
            throw;
        }

        _held.Add(handle);
        request.Entry.Descriptor = handle.Number;
        return request;
    }

    /// <summary>Asks the kernel to end a request; its last answer comes all the same. On the ring's thread.</summary>
    internal void Cancel(IRingRequest request)
    {
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
        entry.Descriptor = -1;
        entry.Address = request.RingToken;
        entry.UserData = DiscardedData;
    }

    /// <summary>Hands over what was prepared, now rather than at the turn's end. On the ring's thread.</summary>
    internal void Flush()
    {
        Enter(wait: 0);
        ReleaseHandedOver();
    }

    internal override bool TryLater(Registration registration)
    {
        if (!IsOwnThread)
        {
            return false;
        }

        if (!registration.IsUntried)
        {
            registration.IsUntried = true;
            _untried.Add(registration);
        }

        return true;
    }

    private protected override int Watch(Registration registration)
    {
        if (IsOwnThread)
        {
            return Arm(registration);
        }

        TryWish(new Wish(registration, Arm: true, Done: null));
        return 0;
    }

    private protected override void Unwatch(Registration registration)
    {
        registration.IsForgotten = true;
        if (IsOwnThread)
        {
            Disarm(registration);
        }
        else
        {
            TryWish(new Wish(registration, Arm: false, Done: null));
        }
    }

    // The number first, then the token, then the ring: a poll that was armed under the new token is the new socket's for
    // sure. One under the old token may be either's, and is taken back.
    internal override int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        isWatched = true;
        int result = Libc.DuplicateOnto(replacement, registration.Handle, closeOnExec);
        if (result < 0)
        {
            return result;
        }

        RenewToken(registration);
        if (IsOwnThread)
        {
            Rearm(registration);
        }
        else
        {
            TryWish(new Wish(registration, Arm: true, Done: null));
        }

        return result;
    }

    private protected override bool Wait(int timeoutMs)
    {
        Ring ring = Ring;
        bool tries = _untried.Count != 0 && (timeoutMs != 0 || ++_turnsUntried >= UntriedTurnsMax);
        if (tries)
        {
            TryUntried();
        }

        if (Volatile.Read(ref _wishCount) != 0)
        {
            GrantWishes();
        }

        if (_ended.Count != 0)
        {
            ArmEnded();
        }

        bool look = timeoutMs == 0 || tries || _early.Count != 0 || _ended.Count != 0;
        Enter(look ? 0u : 1u, timeoutMs < 0 ? -1 : timeoutMs * NanosecondsPerMillisecond);
        ReleaseHandedOver();
        return _early.Count != 0 || ring.TryPeek(out _);
    }

    private protected override void Dispatch()
    {
        // Those set aside first, each time: dispatching one may set more of them aside, and all stay in order.
        Ring ring = Ring;
        while (true)
        {
            if (_early.TryDequeue(out CompletionEntry early))
            {
                Dispatch(early);
            }
            else if (ring.TryPeek(out CompletionEntry answer))
            {
                ring.Advance();
                NoteDisarmed(answer);
                Dispatch(answer);
            }
            else
            {
                return;
            }
        }
    }

    private protected override void Signal()
    {
        try
        {
            _wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            Debug.Assert(IsStopping, "the descriptor is closed when the poller ends, not before");
        }
    }

    private protected override void CloseCore()
    {
        // Only one that never started: End has taken the others.
        _ring?.Dispose();
        _wake.Dispose();
    }

    // Room for eight answers to a request, since polls answer unasked: 4,096 sockets may be ready at once and no poll is ended.
    private static Ring Create(int entries)
    {
        int errno = Ring.TryCreate(entries, entries * 8, out Ring? ring);
        return errno == 0 ? ring! : throw InteropException.For("io_uring_setup", errno);
    }

    // ETIME is the wait's limit. EBUSY and EAGAIN mean that answers must be read before more is taken.
    private void Enter(uint wait, long limitNs = -1)
    {
        int result = Ring.Enter(wait, limitNs);
        if (result is < 0 and not (-Errno.ETIME or -Errno.EINTR or -Errno.EBUSY or -Errno.EAGAIN))
        {
            throw InteropException.For("io_uring_enter", -result);
        }
    }

    private void Dispatch(CompletionEntry answer)
    {
        switch (answer.UserData >> KindShift)
        {
            case 0:
                if (Find(answer.UserData) is { } registration)
                {
                    Poll(registration, answer);
                }

                break;
            case WakeData >> KindShift:
                // Edge-triggered, so the counter is never read: each signal is an answer of its own.
                if ((answer.Flags & RingConstants.IORING_CQE_F_MORE) == 0)
                {
                    ArmWake();
                }

                break;
            case RequestKind >> KindShift:
                Answer(answer);
                break;
        }
    }

    private void Poll(Registration registration, CompletionEntry answer)
    {
        // A poll that failed says nothing of the socket; whoever waits asks it himself.
        registration.Ready(answer.Result < 0 ? EpollConstants.EPOLLERR : (uint)answer.Result);
        if ((answer.Flags & RingConstants.IORING_CQE_F_MORE) == 0)
        {
            registration.IsArmed = false;
            if (answer.Result is >= 0 or -Errno.ENOMEM)
            {
                _ended.Enqueue(answer.UserData);
            }
        }
    }

    // Not at once: while answers wait outside the full queue, the kernel ends each multishot poll that has something to
    // say, and a new one on a writable socket has. Armed where they ended, they would end again, for ever. So only when
    // all answers are in, and no more of them than the queue has room for.
    private void ArmEnded()
    {
        for (int room = Ring.AnswerCapacity / 2; room > 0 && _ended.Count != 0 && !Ring.HasOverflow; room--)
        {
            if (Find(_ended.Dequeue()) is { } registration)
            {
                Arm(registration);
            }
        }
    }

    private void Answer(CompletionEntry answer)
    {
        int slot = (int)(answer.UserData & uint.MaxValue);
        if (_requests[slot] is not { } request || request.RingToken != answer.UserData)
        {
            Debug.Assert(false, "an answer to a request that is over");
            return;
        }

        bool more = (answer.Flags & RingConstants.IORING_CQE_F_MORE) != 0;
        if (!more)
        {
            // Free before the answer is told: the request may be made again from there.
            _requests[slot] = null;
            _freeRequests.Push(slot);
        }

        request.Complete(answer.Result, answer.Flags, more);
    }

    // Closing the ring has the kernel cancel what is left, but in its own time. Until then, which nobody can tell, it may
    // write into buffers and read what it sends: memory that is used anew would be damaged, or sent. So it leaks instead.
    private void StrandRequests()
    {
        if (_freeRequests.Count == _usedRequests)
        {
            return;
        }

        _buffers?.Strand();
        foreach (IRingRequest? request in _requests)
        {
            if (request is not null)
            {
                lock (Stranded)
                {
                    Stranded.Add(request);
                }

                request.Strand();
            }
        }

        Array.Clear(_requests);
    }

    private void ArmWake()
    {
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_POLL_ADD;
        entry.Descriptor = _wake.Handle.Number;
        entry.Length = RingConstants.IORING_POLL_ADD_MULTI;
        entry.OperationFlags = EpollConstants.EPOLLIN | EpollConstants.EPOLLET;
        entry.UserData = WakeData;
    }

    private int Arm(Registration registration)
    {
        if (registration.IsArmed || registration.IsForgotten)
        {
            return 0;
        }

        try
        {
            ref SubmissionEntry entry = ref Next(registration.Handle).Entry;
            entry.Operation = RingConstants.IORING_OP_POLL_ADD;
            entry.Length = RingConstants.IORING_POLL_ADD_MULTI;
            entry.OperationFlags = AllEvents;
            entry.UserData = registration.ArmedToken = registration.Token;
            registration.IsArmed = true;
            return 0;
        }
        catch (ObjectDisposedException)
        {
            return Errno.EBADF;
        }
    }

    // Arms it under the token that it has now.
    private void Rearm(Registration registration)
    {
        if (registration.IsArmed && registration.ArmedToken != registration.Token)
        {
            Disarm(registration);
        }

        Arm(registration);
    }

    // A cancel, not POLL_REMOVE: that one answers EALREADY and leaves the poll armed when an event has just come to it
    // (io_poll_disarm in io_uring/poll.c), as a listener's own shutdown does.
    private void Disarm(Registration registration)
    {
        if (!registration.IsArmed)
        {
            return;
        }

        registration.IsArmed = false;
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
        entry.Descriptor = -1;
        entry.Address = registration.ArmedToken;
        entry.UserData = DisarmData;
        _disarming++;
    }

    // Of a poll that is taken back either the poll says so last, or the cancel says that it was over before.
    private void NoteDisarmed(CompletionEntry answer)
    {
        ulong kind = answer.UserData >> KindShift;
        if ((kind == 0 && answer.Result == -Errno.ECANCELED) || (kind == DisarmData >> KindShift && answer.Result < 0))
        {
            _disarming--;
        }
    }

    // The kernel ends a poll in its own time: in this enter, or, when there is more to do, in the next.
    private void FinishDisarming()
    {
        Ring ring = Ring;
        Flush();
        SetAside(ring);
        for (int round = 0; _disarming > 0 && round < DisarmRoundsMax; round++)
        {
            Enter(wait: 1, NanosecondsPerMillisecond);
            SetAside(ring);
        }
    }

    // Answers that come before their turn.
    private void SetAside(Ring ring)
    {
        while (ring.TryPeek(out CompletionEntry answer))
        {
            ring.Advance();
            NoteDisarmed(answer);
            _early.Enqueue(answer);
        }
    }

    private Submission Next()
    {
        Ring ring = Ring;
        if (ring.TryNext(out Submission request))
        {
            return request;
        }

        Flush();
        while (!ring.TryNext(out request))
        {
            // The kernel takes no more until answers are read: they are kept for the turn.
            SetAside(ring);
            Flush();
        }

        return request;
    }

    private void TryUntried()
    {
        _turnsUntried = 0;

        // By index: a try may bring a continuation's socket in, though not on this thread's stack.
        for (int i = 0; i < _untried.Count; i++)
        {
            _untried[i].TryNow();
        }

        _untried.Clear();
    }

    // The kernel may have taken only some: those that are left still name their descriptors by number.
    private void ReleaseHandedOver()
    {
        if (!Ring.HasRequests)
        {
            ReleaseHeld();
        }
    }

    // One by one: the last release of a handle closes it, which makes a request of its own, and may come back here.
    private void ReleaseHeld()
    {
        while (_held.Count != 0)
        {
            SocketHandle handle = _held[^1];
            _held.RemoveAt(_held.Count - 1);
            handle.DangerousRelease();
        }
    }

    private void Waits(Settling? settling)
    {
        lock (_wishesGate)
        {
            _settling = settling;
        }
    }

    // False when no thread has the ring: then nothing is armed, and nothing need be.
    private bool TryWish(Wish wish)
    {
        lock (_wishesGate)
        {
            if (!_started)
            {
                return false;
            }

            _wishes.Add(wish);
            Volatile.Write(ref _wishCount, _wishes.Count);
            _settling?.Nudge();
        }

        Wake();
        return true;
    }

    private void GrantWishes()
    {
        List<Wish> granted;
        lock (_wishesGate)
        {
            granted = _wishes;
            (_wishes, _wishesSpare) = (_wishesSpare, _wishes);
            Volatile.Write(ref _wishCount, 0);
        }

        bool settle = false;
        foreach (Wish wish in granted)
        {
            if (wish.Registration is not { } registration)
            {
                settle = true;
            }
            else if (!wish.Arm)
            {
                Disarm(registration);
            }
            else if (Find(registration.Token) is not null)
            {
                Rearm(registration);
            }
        }

        if (settle)
        {
            FinishDisarming();
            foreach (Wish wish in granted)
            {
                wish.Done?.Set();
            }
        }

        granted.Clear();
    }

    /// <summary>What another thread wants of the ring: a socket watched, or not, or word that all before is done.</summary>
    private readonly record struct Wish(Registration? Registration, bool Arm, Settling? Done);

    /// <summary>A thread that waits until a ring holds no closed socket's file any longer.</summary>
    /// <remarks>
    /// It may be another ring's own thread, and the first may be waiting for that: two loops that dispose each other's
    /// listeners. So it grants the wishes of its own ring meanwhile; that runs no user code. The limit is for a handler
    /// that blocks its loop.
    /// </remarks>
    private sealed class Settling
    {
        private readonly object _gate = new();
        private bool _isDone;
        private bool _isNudged;

        /// <summary>It is done.</summary>
        internal void Set()
        {
            lock (_gate)
            {
                _isDone = true;
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>Has the thread that waits look at its own ring's wishes.</summary>
        internal void Nudge()
        {
            lock (_gate)
            {
                _isNudged = true;
                Monitor.PulseAll(_gate);
            }
        }

        /// <param name="own">The ring whose thread calls; null on any other.</param>
        internal void Wait(RingPoller? own)
        {
            long start = Stopwatch.GetTimestamp();
            own?.Waits(this);
            while (true)
            {
                if (own is not null && Volatile.Read(ref own._wishCount) != 0)
                {
                    own.GrantWishes();
                }

                lock (_gate)
                {
                    TimeSpan left = SettleLimit - Stopwatch.GetElapsedTime(start);
                    if (_isDone || left <= TimeSpan.Zero)
                    {
                        break;
                    }

                    // A wish that came since the look is noted here.
                    if (!_isNudged)
                    {
                        Monitor.Wait(_gate, left);
                    }

                    _isNudged = false;
                }
            }

            own?.Waits(settling: null);
        }
    }
}
