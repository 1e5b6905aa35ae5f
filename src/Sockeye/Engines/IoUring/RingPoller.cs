using System.Diagnostics;
using Sockeye.Engines.Epoll;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>
/// Waits with io_uring(7): a multishot poll for each socket, and requests of other kinds for those who ask for more than
/// readiness.
/// </summary>
/// <remarks>
/// Contract.
/// - The ring belongs to the waiting thread (IORING_SETUP_SINGLE_ISSUER) and works from <see cref="Start"/> to
///   <see cref="End"/>. What other threads want of it they leave in <see cref="Commands"/>, and wake the thread if it sleeps.
/// - A poll in the ring holds the socket's file: close(2) alone would neither send the end of stream nor free the port.
///   So it is taken back at Forget; a thread that must see it gone calls <see cref="Poller.Settle"/>.
/// - Between a request's making and the next enter its descriptor's handle is referenced, so that its number stays its own.
/// - A request that answers for the last time while its socket lives (the queue was full, a kernel's whim) is made anew.
/// - A ring that fails for good is left, and an epoll set waits in its place from then on: see <see cref="Fail"/>. Sockets go
///   on, since a poll is all that the ring had of them; a request that was in flight ends with the errno.
/// </remarks>
internal sealed class RingPoller : Poller
{
    private const ushort BufferGroup = 1;
    private const long NanosecondsPerMillisecond = 1_000_000;

    // A millisecond each; the kernel needs one or two. Then who settles goes on as if it were done.
    private const int DisarmRoundsMax = 1000;

    // How often in a row the kernel may be short of memory, with nothing to read that would free some, a millisecond each.
    private const int ShortagesMax = 1000;

    [ThreadStatic]
    private static RingPoller? t_own;

    private readonly int _entries;
    private readonly EventDescriptor _wake = EventDescriptor.Create();

    // The waiting thread's alone.
    private readonly List<SocketHandle> _held = [];
    private readonly Queue<CompletionEntry> _early = new();
    private readonly RequestTable _requests = new();
    private readonly SkippedTries _skipped = new();

    // Polls that ended while their sockets live, by token.
    private readonly Queue<ulong> _ended = new();
    private Ring? _ring;
    private RingBuffers? _buffers;

    // Polls that were taken back and have not said that they are over: each may still hold its socket's file.
    private int _disarming;
    private int _shortages;

    // What a request is written to that no ring will take.
    private SubmissionEntry _discarded;

    // The errno with which the ring has failed for good; 0 while it serves.
    private volatile int _failure;

    // Guards what waits in the ring's place, and which sockets are in it.
    private readonly Lock _epollGate = new();

    // The token under which a poll may be armed of a socket that has had another since: rare. Under the gate.
    private readonly Dictionary<Registration, ulong> _formerTokens = [];
    private EpollWatch? _epoll;
    private bool _isShortOfEpoll;

    /// <param name="engine">The engine.</param>
    /// <param name="shard">Which of the engine's pollers this is.</param>
    /// <param name="time">The clock of the timers.</param>
    /// <param name="entries">How many requests fit between two enters; more make an enter of their own.</param>
    internal RingPoller(SocketEngine engine, int shard, TimeProvider time, int entries)
        : base(engine, shard, time)
    {
        _entries = entries;
        int errno = TryCreate();
        if (errno != 0)
        {
            _wake.Dispose();
            throw InteropException.For("io_uring_setup", errno);
        }
    }

    /// <summary>True on the thread that has the ring.</summary>
    internal bool IsOwnThread => ReferenceEquals(t_own, this);

    /// <summary>What other threads ask of the ring.</summary>
    internal CommandQueue Commands { get; } = new();

    internal override RingPoller? Ring => HasFailed ? null : this;

    /// <summary>The ring has failed for good: nothing more can be asked of it.</summary>
    internal bool HasFailed => _failure != 0;

    // epoll_wait(2) asks the socket's own poll when it reports.
    internal override bool ReportsCurrentState => Volatile.Read(ref _epoll) is not null;

    /// <summary>How many rounds, of a millisecond at most, the end waits for the last completions. The tests' to change.</summary>
    internal int EndRoundsMax { get; set; } = 1000;

    /// <summary>The ring is about to go: requests that end now are made anew when the loop runs again. On the ring's thread.</summary>
    internal bool IsEnding { get; private set; }

    /// <summary>False once the kernel has refused a multishot receive that ends by itself after so many bytes: before 6.17.</summary>
    internal bool HasReceiveLimit { get; set; } = true;

    /// <summary>False refuses the buffers, as a kernel does that has no memory for them. The tests' to change.</summary>
    internal bool HasReceiveBuffers { get; set; } = true;

    /// <summary>
    /// The buffers that pipes receive into: how many, how long, and whether one may serve many receives. Smaller ones make
    /// streams slow; more leave the cache. Set before the first pipe.
    /// </summary>
    internal (int Count, int Bytes, bool IsIncremental) BufferPlan { get; set; } = (64, 64 * 1024, true);

    /// <summary>The tests' way to have the ring fail: as <see cref="Interop.Ring.Fault"/>, of each ring this poller makes. Null everywhere else.</summary>
    internal Func<Ring, int>? Fault
    {
        get;
        set
        {
            field = value;
            if (_ring is { } ring)
            {
                ring.Fault = value;
            }
        }
    }

    private protected override string Kind => "io_uring";

    private Ring OwnRing => _ring ?? throw new UnreachableException("The ring is asked for on its own thread only.");

    internal override void Start()
    {
        t_own = this;
        if (HasFailed)
        {
            return;
        }

        // A loop that runs again, perhaps on another thread, has a ring of its own again.
        int errno = _ring is null ? TryCreate() : 0;
        if (errno != 0)
        {
            Fail("io_uring_setup", errno);
            return;
        }

        errno = OwnRing.TryEnable();
        if (errno != 0)
        {
            Fail("io_uring_register", errno);
            return;
        }

        Commands.Open();
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
        _requests.ForEach(Cancel);

        // A socket's request that is taken back answers in this enter or the next. The bound is for what is not known of: a
        // driver or file that heeds no cancel would hold up the loop's end, and a program's, for ever.
        for (int round = 0; !_requests.IsEmpty && !HasFailed && round < EndRoundsMax; round++)
        {
            Enter(round == 0 ? 0u : 1u, NanosecondsPerMillisecond);
            ReleaseHandedOver();
            Dispatch();
        }

        if (HasFailed)
        {
            FallBack();
        }
        else
        {
            LeaveRing(Errno.EBADF);
            lock (_epollGate)
            {
                _formerTokens.Clear();
            }

            foreach (Registration registration in Registrations())
            {
                registration.IsArmed = false;
            }
        }

        IsEnding = false;
        t_own = null;
    }

    internal override void Settle()
    {
        if (HasFailed)
        {
            return;
        }

        if (IsOwnThread)
        {
            FinishDisarming();
            return;
        }

        var fence = new Fence();
        if (TryCommand(new RingCommand(Registration: null, Arm: false, fence)))
        {
            fence.Wait(t_own);
        }
    }

    /// <summary>The buffers that the ring's pipes receive into, made at the first need. On the ring's thread.</summary>
    /// <returns>0, or the errno.</returns>
    internal int TryGetBuffers(RunQueue home, out RingBuffers? buffers)
    {
        int errno = HasFailed ? _failure : HasReceiveBuffers ? 0 : Errno.ENOMEM;
        if (_buffers is null && errno == 0)
        {
            (int count, int bytes, bool isIncremental) = BufferPlan;
            errno = OwnRing.TryCreateBuffers(BufferGroup, count, bytes, isIncremental, out BufferRing? made, given: 0);
            _buffers = made is null ? null : new RingBuffers(home, made);
        }

        buffers = _buffers;
        return errno;
    }

    /// <summary>Gives a request its place among those in flight. On the ring's thread.</summary>
    /// <returns>The user data that brings completions to it.</returns>
    internal ulong Add(IRingRequest request) => _requests.Add(request);

    /// <summary>
    /// The next place in the submission queue; the user data is the caller's to fill in. On the ring's thread. When the ring
    /// fails meanwhile, the place leads nowhere, and a request that was added is orphaned with the others.
    /// </summary>
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
            request.Entry.UserData = RingUserData.Discarded;
            throw;
        }

        _held.Add(handle);
        request.Entry.Descriptor = handle.Number;
        return request;
    }

    /// <summary>Asks the kernel to end a request; its last completion comes all the same. On the ring's thread.</summary>
    internal void Cancel(IRingRequest request)
    {
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
        entry.Descriptor = -1;
        entry.Address = request.RingToken;
        entry.UserData = RingUserData.Discarded;
    }

    /// <summary>Hands over what was prepared, now rather than at the turn's end. On the ring's thread.</summary>
    internal void Flush()
    {
        Enter(wait: 0);
        ReleaseHandedOver();
    }

    internal override bool TryAddSkipped(Registration registration)
    {
        if (!IsOwnThread || HasFailed)
        {
            return false;
        }

        _skipped.Add(registration);
        return true;
    }

    /// <summary>Does what other threads have asked for. On the ring's thread.</summary>
    internal void RunCommands()
    {
        if (!Commands.HasCommands)
        {
            return;
        }

        List<RingCommand> commands = Commands.Take();
        bool settles = false;
        foreach (RingCommand command in commands)
        {
            if (command.Registration is not { } registration)
            {
                settles = true;
            }
            else if (!command.Arm)
            {
                Disarm(registration);
            }
            else if (Find(registration.Token) is not null)
            {
                Rearm(registration);
            }
        }

        if (settles)
        {
            FinishDisarming();
            Pass(commands);
        }

        commands.Clear();
    }

    private protected override int Watch(Registration registration)
    {
        if (HasFailed)
        {
            return WatchByEpoll(registration);
        }

        if (IsOwnThread)
        {
            return Arm(registration);
        }

        return TryCommand(new RingCommand(registration, Arm: true, Fence: null)) || !HasFailed ? 0 : WatchByEpoll(registration);
    }

    private protected override void Unwatch(Registration registration)
    {
        registration.IsForgotten = true;
        if (IsOwnThread && !HasFailed)
        {
            Disarm(registration);
        }
        else if (HasFailed || !TryCommand(new RingCommand(registration, Arm: false, Fence: null)))
        {
            // No thread has the ring: an epoll set may have the socket, or nothing has.
            UnwatchByEpoll(registration);
        }
    }

    // The number first, then the token, then the ring: a poll that was armed under the new token is the new socket's for
    // sure. One under the old token may be either's, and is taken back. A fall-back to epoll comes before all of that or after.
    internal override int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        int result;
        lock (_epollGate)
        {
            // epoll(7) names an entry by the socket and its number: it must go while they are together.
            try
            {
                UnwatchByEpoll(registration);
            }
            catch (ObjectDisposedException)
            {
                // The engine has ended, and its set with it. The descriptor has not.
            }

            result = Libc.DuplicateOnto(replacement, registration.Handle, closeOnExec);
            if (result >= 0)
            {
                if (!HasFailed)
                {
                    _formerTokens.TryAdd(registration, registration.Token);
                }

                RenewToken(registration);
            }

            try
            {
                isWatched = WatchByEpoll(registration) == 0;
            }
            catch (ObjectDisposedException)
            {
                isWatched = false;
            }

            if (result < 0 || HasFailed)
            {
                return result;
            }
        }

        if (IsOwnThread)
        {
            Rearm(registration);
        }
        else
        {
            // Where the ring has failed since, the fall-back has watched the new socket.
            TryCommand(new RingCommand(registration, Arm: true, Fence: null));
        }

        return result;
    }

    private protected override bool Wait(int timeoutMs)
    {
        if (_epoll is { } epoll)
        {
            return epoll.Wait(timeoutMs);
        }

        if (HasFailed)
        {
            // Not at once where a descriptor or memory is short: it was asked for in the last turn already.
            PauseForEpoll(timeoutMs);
            return true;
        }

        bool tried = _skipped.MakeDue(sleeps: timeoutMs != 0);
        RunCommands();
        if (_ended.Count != 0)
        {
            ArmEnded();
        }

        bool look = timeoutMs == 0 || tried || _early.Count != 0 || _ended.Count != 0;
        Enter(look ? 0u : 1u, timeoutMs < 0 ? -1 : timeoutMs * NanosecondsPerMillisecond);
        ReleaseHandedOver();
        return _early.Count != 0 || OwnRing.TryPeek(out _) || HasFailed;
    }

    private protected override void Dispatch()
    {
        if (_epoll is { } epoll)
        {
            epoll.Dispatch(this);
            return;
        }

        // Those set aside first, each time: dispatching one may set more of them aside, and all stay in order.
        while (_ring is { } ring)
        {
            if (_early.TryDequeue(out CompletionEntry early))
            {
                Dispatch(early);
            }
            else if (ring.TryPeek(out CompletionEntry completion))
            {
                ring.Advance();
                NoteDisarmed(completion);
                Dispatch(completion);
            }
            else
            {
                break;
            }
        }

        // Not before: what the ring has completed counts, whatever came after. And not while the loop ends, which does it itself.
        if (HasFailed && !IsEnding)
        {
            FallBack();
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
        _epoll?.Dispose();
        _wake.Dispose();
    }

    // Room for eight completions to a request, since polls complete unasked: 4,096 sockets may be ready at once and no poll is ended.
    private int TryCreate()
    {
        int errno = Interop.Ring.TryCreate(_entries, _entries * 8, out _ring);
        if (_ring is { } ring)
        {
            ring.Fault = Fault;
        }

        return errno;
    }

    /// <summary>
    /// io_uring_enter(2). ETIME is the wait's limit, EINTR a signal. EBUSY, EAGAIN and ENOMEM pass: completions must be read
    /// before more is taken, or memory is short. With nothing to read they are waited out, for so long.
    /// </summary>
    private void Enter(uint wait, long limitNs = -1)
    {
        if (HasFailed)
        {
            return;
        }

        Ring ring = OwnRing;
        int result = ring.Enter(wait, limitNs);
        if (result is >= 0 or -Errno.ETIME or -Errno.EINTR)
        {
            _shortages = 0;
            return;
        }

        if (result is -Errno.EBUSY or -Errno.EAGAIN or -Errno.ENOMEM && ++_shortages <= ShortagesMax)
        {
            if (ring.TryPeek(out _))
            {
                _shortages = 0;
            }
            else
            {
                // Nobody tells when memory is there again; a wake-up, though, comes.
                Span<PollDescriptor> wake = [new PollDescriptor { Descriptor = _wake.Handle.Number, Events = PollConstants.POLLIN }];
                Libc.Poll(wake, TimeSpan.FromMilliseconds(1));
            }

            return;
        }

        Fail("io_uring_enter", -result);
    }

    /// <summary>
    /// The ring serves no longer, and what it still has in flight nobody can tell: EBADR says that completions were lost for
    /// want of memory; EPERM, EACCES or ENOSYS that a seccomp filter came after the ring; ENOMEM that memory stays short. So
    /// the ring is left, at the turn's end, and each socket's queues are tried once, as after any event.
    /// </summary>
    private void Fail(string call, int errno)
    {
        _failure = errno;
        Engine.NoteRingFailure($"{call} failed ({Errno.Name(errno)}: {Errno.Text(errno)}), and epoll waits in the ring's place");
    }

    // Idempotent, until there is an epoll set.
    private void FallBack()
    {
        if (_epoll is not null)
        {
            return;
        }

        LeaveRing(_failure);
        int errno = EpollWatch.TryCreate(_wake, out EpollWatch? epoll);
        if (errno != 0)
        {
            _isShortOfEpoll = true;
            return;
        }

        // Any thread that registers a socket from now on sees the set, or its socket is among these.
        var refused = new List<(Registration Registration, int Errno)>();
        List<Registration> all;
        lock (_epollGate)
        {
            Volatile.Write(ref _epoll, epoll);
            _formerTokens.Clear();
            all = Registrations();
            foreach (Registration registration in all)
            {
                registration.IsArmed = false;
                try
                {
                    errno = WatchByEpoll(registration);
                }
                catch (ObjectDisposedException)
                {
                    // It closes just now, on another thread.
                    continue;
                }

                if (errno != 0)
                {
                    refused.Add((registration, errno));
                }
            }
        }

        foreach ((Registration registration, int why) in refused)
        {
            registration.Close(why);
        }

        // What the ring would have told of them is lost.
        foreach (Registration registration in all)
        {
            registration.Ready(read: true, write: true);
        }
    }

    // The socket joins the set that waits in the ring's place. Before there is one that is the fall-back's to do.
    private int WatchByEpoll(Registration registration)
    {
        lock (_epollGate)
        {
            if (_epoll is not { } epoll || registration.IsArmed || registration.IsForgotten)
            {
                return 0;
            }

            int errno = epoll.Watch(registration);
            registration.IsArmed = errno == 0;
            return errno;
        }
    }

    private void UnwatchByEpoll(Registration registration)
    {
        lock (_epollGate)
        {
            _formerTokens.Remove(registration);
            if (_epoll is { } epoll && registration.IsArmed)
            {
                registration.IsArmed = false;
                epoll.Unwatch(registration);
            }
        }
    }

    // Nothing can wait for the sockets until a descriptor is free, and nobody tells of that. Timers and posted work go on.
    private void PauseForEpoll(int timeoutMs)
    {
        const int PauseMs = 50;
        if (_isShortOfEpoll && timeoutMs != 0)
        {
            Span<PollDescriptor> wake = [new PollDescriptor { Descriptor = _wake.Handle.Number, Events = PollConstants.POLLIN }];
            if (Libc.Poll(wake, TimeSpan.FromMilliseconds(timeoutMs < 0 ? PauseMs : Math.Min(timeoutMs, PauseMs))) > 0)
            {
                _wake.Drain();
            }
        }
    }

    // Gives the ring up, with all that is prepared, in flight, or asked of it.
    private void LeaveRing(int errno)
    {
        if (!_requests.IsEmpty)
        {
            _buffers?.Orphan();
        }

        _requests.Orphan(errno);
        List<RingCommand> left = Commands.Close();

        // Whatever waits is tried when its socket is watched anew.
        _skipped.Clear();
        _ring?.Dispose();
        _ring = null;
        _buffers?.End();
        _buffers = null;
        _early.Clear();
        _ended.Clear();
        _disarming = 0;
        ReleaseHeld();
        Pass(left);
    }

    private static void Pass(List<RingCommand> commands)
    {
        foreach (RingCommand command in commands)
        {
            command.Fence?.Pass();
        }
    }

    private void Dispatch(in CompletionEntry completion)
    {
        switch (completion.UserData >> RingUserData.KindShift)
        {
            case 0:
                if (Find(completion.UserData) is { } registration)
                {
                    Poll(registration, completion);
                }

                break;
            case RingUserData.Wake >> RingUserData.KindShift:
                // Edge-triggered, so the counter is never read: each signal is a completion of its own.
                if ((completion.Flags & RingConstants.IORING_CQE_F_MORE) == 0)
                {
                    ArmWake();
                }

                break;
            case RingUserData.Request >> RingUserData.KindShift:
                _requests.Complete(completion);
                break;
        }
    }

    private void Poll(Registration registration, in CompletionEntry completion)
    {
        // A poll that failed says nothing of the socket; whoever waits asks it himself.
        registration.Ready(completion.Result < 0 ? EpollConstants.EPOLLERR : (uint)completion.Result);
        if ((completion.Flags & RingConstants.IORING_CQE_F_MORE) == 0)
        {
            registration.IsArmed = false;
            if (completion.Result is >= 0 or -Errno.ENOMEM)
            {
                _ended.Enqueue(completion.UserData);
            }
        }
    }

    // Not at once: while completions wait outside the full queue, the kernel ends each multishot poll that has something to
    // say, and a new one on a writable socket has. Armed where they ended, they would end again, for ever. So only when
    // all completions are in, and no more of them than the queue has room for.
    private void ArmEnded()
    {
        for (int room = OwnRing.CompletionCapacity / 2; room > 0 && _ended.Count != 0 && !OwnRing.HasOverflow; room--)
        {
            if (Find(_ended.Dequeue()) is { } registration)
            {
                Arm(registration);
            }
        }
    }

    private void ArmWake()
    {
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_POLL_ADD;
        entry.Descriptor = _wake.Handle.Number;
        entry.Length = RingConstants.IORING_POLL_ADD_MULTI;
        entry.OperationFlags = EpollConstants.EPOLLIN | EpollConstants.EPOLLET;
        entry.UserData = RingUserData.Wake;
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
            lock (_epollGate)
            {
                _formerTokens.Remove(registration);
                entry.UserData = registration.Token;
            }

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
        bool isFormer;
        lock (_epollGate)
        {
            isFormer = _formerTokens.ContainsKey(registration);
        }

        if (isFormer)
        {
            Disarm(registration);
        }

        Arm(registration);
    }

    // A cancel, not POLL_REMOVE: that one answers EALREADY and leaves the poll armed when an event has just come to it
    // (io_poll_disarm in io_uring/poll.c), as a listener's own shutdown does.
    private void Disarm(Registration registration)
    {
        ulong token;
        lock (_epollGate)
        {
            token = _formerTokens.Remove(registration, out ulong former) ? former : registration.Token;
        }

        if (!registration.IsArmed)
        {
            return;
        }

        registration.IsArmed = false;
        if (_ring is null)
        {
            // It went with the ring: the last reference to a socket may go while the ring is left.
            return;
        }

        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
        entry.Descriptor = -1;
        entry.Address = token;
        entry.UserData = RingUserData.Disarm;
        _disarming++;
    }

    // Of a poll that is taken back either the poll says so last, or the cancel says that it was over before.
    private void NoteDisarmed(in CompletionEntry completion)
    {
        ulong kind = completion.UserData >> RingUserData.KindShift;
        if ((kind == 0 && completion.Result == -Errno.ECANCELED)
            || (kind == RingUserData.Disarm >> RingUserData.KindShift && completion.Result < 0))
        {
            _disarming--;
        }
    }

    // The kernel ends a poll in its own time: in this enter, or, when there is more to do, in the next.
    private void FinishDisarming()
    {
        Flush();
        SetAside();
        for (int round = 0; _disarming > 0 && !HasFailed && round < DisarmRoundsMax; round++)
        {
            Enter(wait: 1, NanosecondsPerMillisecond);
            SetAside();
        }
    }

    // Completions that are read before the turn's dispatch.
    private void SetAside()
    {
        Ring ring = OwnRing;
        while (ring.TryPeek(out CompletionEntry completion))
        {
            ring.Advance();
            NoteDisarmed(completion);
            _early.Enqueue(completion);
        }
    }

    private Submission Next()
    {
        if (!HasFailed)
        {
            Ring ring = OwnRing;
            if (ring.TryNext(out Submission request))
            {
                return request;
            }

            Flush();
            while (!HasFailed)
            {
                if (ring.TryNext(out request))
                {
                    return request;
                }

                // The kernel takes no more until completions are read: they are kept for the turn.
                SetAside();
                Flush();
            }
        }

        _discarded = default;
        return new Submission(ref _discarded);
    }

    // The kernel may have taken only some: those that are left still name their descriptors by number.
    private void ReleaseHandedOver()
    {
        if (!OwnRing.HasRequests)
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

    private bool TryCommand(RingCommand command)
    {
        if (!Commands.TryAdd(command))
        {
            return false;
        }

        Wake();
        return true;
    }
}
