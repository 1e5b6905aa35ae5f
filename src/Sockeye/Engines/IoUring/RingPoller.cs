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
///   <see cref="End"/>. What other threads want of it they leave in <see cref="Commands"/>, and wake the thread if it sleeps.
/// - On a loop's thread attempts of receives and sends are requests, which the turn's enter carries: see <see cref="RingTries"/>.
/// - A socket's poll is taken back at Forget; a thread that must see it gone calls <see cref="Poller.Settle"/>.
/// - A ring that fails for good is left, and an epoll set waits in its place from then on: see <see cref="RingFallback"/>. Sockets go
///   on, since a poll is all that the ring had of them; a request that was in flight ends with the errno.
/// </remarks>
internal sealed class RingPoller : Poller, ICloseListener
{
    private const ushort BufferGroup = 1;

    // How many completions before its own a request is fetched into the cache: what those cost is longer than a fetch.
    private const int FetchedAhead = 3;

    // As often an enter that waits for a millisecond at most is made for answers that are due at once. Then who needs them goes on
    // as if they were there.
    private const int TryRoundsMax = 1000;

    // So often in a row a turn makes its one attempt by a call, and does not ask the ring: a receive, what it leads to, a send.
    private const int TurnsWithoutEnterMax = 4;

    [ThreadStatic]
    private static RingPoller? t_own;

    private readonly EventDescriptor _wake = EventDescriptor.Create();
    private readonly RingFallback _fallback;
    private readonly RingQueues _queues;
    private readonly RingPolls _polls;

    private readonly RingTries _tries;

    // The waiting thread's alone.
    private readonly RequestTable _requests = new();
    private readonly SkippedTries _skipped = new();
    private RingBuffers? _buffers;
    private bool _takesTries;
    private int _turnsWithoutEnter;

    /// <param name="engine">The engine.</param>
    /// <param name="shard">Which of the engine's pollers this is.</param>
    /// <param name="time">The clock of the timers.</param>
    /// <param name="entries">How many requests fit between two enters; more make an enter of their own.</param>
    internal RingPoller(SocketEngine engine, int shard, TimeProvider time, int entries)
        : base(engine, shard, time)
    {
        _fallback = new RingFallback(this, _wake);
        _queues = new RingQueues(engine, _wake, entries);
        _polls = new RingPolls(this, _queues, _fallback, _wake);
        _tries = new RingTries(_queues);
        int errno = _queues.TryCreate();
        if (errno != 0)
        {
            _wake.Dispose();
            throw InteropException.For("io_uring_setup", errno);
        }
    }

    /// <summary>The poller whose ring the calling thread has; null on any other thread.</summary>
    internal static RingPoller? Own => t_own;

    /// <summary>
    /// Takes attempts as requests; null where they are calls: off a loop, without a ring, and while the ring goes. On the ring's thread.
    /// </summary>
    internal RingTries? Tries => _takesTries && !HasFailed ? _tries : null;

    /// <summary>True on the thread that has the ring.</summary>
    internal bool IsOwnThread => ReferenceEquals(t_own, this);

    /// <summary>The accepts that may be in flight. On the ring's thread.</summary>
    internal List<AcceptRequest> Accepts { get; } = [];

    /// <summary>What other threads ask of the ring.</summary>
    internal CommandQueue Commands { get; } = new();

    internal override RingPoller? Ring => HasFailed ? null : this;

    /// <summary>The ring has failed for good: nothing more can be asked of it.</summary>
    internal bool HasFailed => _queues.HasFailed;

    // epoll_wait(2) asks the socket's own poll when it reports.
    internal override bool ReportsCurrentState => _fallback.IsActive;

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
        get => _queues.Fault;
        set => _queues.Fault = value;
    }

    private protected override string Kind => "io_uring";

    internal override void Start()
    {
        t_own = this;
        if (HasFailed)
        {
            return;
        }

        // A loop that runs again, perhaps on another thread, has a ring of its own again.
        int errno = _queues.Exists ? 0 : _queues.TryCreate();
        if (errno != 0)
        {
            _queues.Fail("io_uring_setup", errno);
            return;
        }

        errno = _queues.Ring.TryEnable();
        if (errno != 0)
        {
            _queues.Fail("io_uring_register", errno);
            return;
        }

        Commands.Open();
        _takesTries = Engine.Queue is not null;
        _polls.ArmWake();
        foreach (Registration registration in Registrations())
        {
            _polls.Arm(registration);
        }
    }

    internal override void End()
    {
        FinishTries();
        _takesTries = false;

        // What a pipe's receive has taken must not be lost, nor how much of its send has left.
        IsEnding = true;
        _requests.ForEach(Cancel);

        // A socket's request that is taken back answers in this enter or the next. The bound is for what is not known of: a
        // driver or file that heeds no cancel would hold up the loop's end, and a program's, for ever.
        for (int round = 0; !_requests.IsEmpty && !HasFailed && round < EndRoundsMax; round++)
        {
            _queues.Enter(round == 0 ? 0u : 1u, limitMs: 1);
            Dispatch();
        }

        if (HasFailed)
        {
            if (!_fallback.IsActive)
            {
                // What the ring has completed counts, though it failed in the last turn: bytes that a pipe has received.
                Dispatch();
            }

            FallBack();
        }
        else
        {
            LeaveRing(Errno.EBADF);
            _fallback.ForgetTokens();
            foreach (Registration registration in Registrations())
            {
                registration.IsArmed = false;
            }
        }

        IsEnding = false;
        t_own = null;
    }

    /// <summary>
    /// The descriptor closes with the turn's other requests, after the poll that is taken back. No later than the poll would let the
    /// peer see the end: the ring holds the socket's file until then.
    /// </summary>
    internal override bool TryClose(int descriptor)
    {
        if (!IsOwnThread || HasFailed || !_queues.Exists)
        {
            return false;
        }

        _queues.Close(descriptor);
        return true;
    }

    /// <summary>Closes what waits to be closed on this thread, now: descriptors are short.</summary>
    /// <returns>False when nothing waits.</returns>
    internal static bool CloseNow()
    {
        if (t_own is not { HasFailed: false } own || !own._queues.HasClosing)
        {
            return false;
        }

        own.Flush();
        return true;
    }

    // Of a socket that has no poll here, since a pipe moves its bytes.
    void ICloseListener.Closing()
    {
    }

    bool ICloseListener.TryClose(int descriptor) => TryClose(descriptor);

    internal override void Settle()
    {
        if (HasFailed)
        {
            return;
        }

        if (IsOwnThread)
        {
            SettleHere();
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
        int errno = HasFailed ? _queues.Failure : HasReceiveBuffers ? 0 : Errno.ENOMEM;
        if (_buffers is null && errno == 0)
        {
            (int count, int bytes, bool isIncremental) = BufferPlan;
            errno = _queues.Ring.TryCreateBuffers(BufferGroup, count, bytes, isIncremental, out BufferRing? made, given: 0);
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
    internal Submission Next(SocketHandle handle) => _queues.Next(handle);

    /// <summary>Asks the kernel to end a request; its last completion comes all the same. On the ring's thread.</summary>
    internal void Cancel(IRingRequest request) => _queues.Cancel(request.RingToken, RingUserData.Discarded);

    /// <summary>Hands over what was prepared, now rather than at the turn's end. On the ring's thread.</summary>
    internal void Flush() => _queues.Flush();

    /// <summary>
    /// Brings a request what completions it has by now, before the turn's dispatch. For requests whose completion runs no user
    /// code and asks for nothing that must wait its turn.
    /// </summary>
    /// <param name="request">The request, in flight.</param>
    /// <param name="mayWait">Waits for a completion, a millisecond at most.</param>
    internal void CompleteEarly(IRingRequest request, bool mayWait)
    {
        _queues.SetAside(mayWait ? 1u : 0u);
        while (_queues.TryTakeEarly(request.RingToken, out CompletionEntry completion))
        {
            _requests.Complete(completion);
        }
    }

    internal override void FinishTries()
    {
        if (!IsOwnThread)
        {
            return;
        }

        for (int round = 0; _tries.IsBusy && !HasFailed && round < TryRoundsMax; round++)
        {
            _tries.Prepare();
            _queues.Enter(round == 0 ? 0u : 1u, limitMs: 1);
            _queues.TakeTries(_tries);
        }

        if (HasFailed && _tries.IsBusy)
        {
            // What the ring has answered counts, whatever came after.
            _queues.TakeTries(_tries);
            _tries.Abandon(_queues.Failure);
        }
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
                _polls.Disarm(registration);
            }
            else if (Find(registration.Token) is not null)
            {
                _polls.Rearm(registration);
            }
        }

        if (settles)
        {
            SettleHere();
            Pass(commands);
        }

        commands.Clear();
    }

    private protected override int Watch(Registration registration)
    {
        if (HasFailed)
        {
            return _fallback.Watch(registration);
        }

        if (IsOwnThread)
        {
            return _polls.Arm(registration);
        }

        return TryCommand(new RingCommand(registration, Arm: true, Fence: null)) || !HasFailed ? 0 : _fallback.Watch(registration);
    }

    // The poll is taken back, and another made under another token: what the first has still to say is said again by the second,
    // which begins with the current state. An update of the poll itself (IORING_POLL_UPDATE_EVENTS) is refused while an event
    // comes to it.
    private protected override int WatchMore(Registration registration)
    {
        if (!_fallback.TryRenewToken(registration))
        {
            return _fallback.WatchMore(registration);
        }

        if (IsOwnThread)
        {
            _polls.Rearm(registration);
            return 0;
        }

        return TryCommand(new RingCommand(registration, Arm: true, Fence: null)) || !HasFailed ? 0 : _fallback.WatchMore(registration);
    }

    private protected override void Unwatch(Registration registration)
    {
        registration.IsForgotten = true;
        if (IsOwnThread && !HasFailed)
        {
            _polls.Disarm(registration);
        }
        else if (HasFailed || !TryCommand(new RingCommand(registration, Arm: false, Fence: null)))
        {
            // No thread has the ring: an epoll set may have the socket, or nothing has.
            _fallback.Unwatch(registration);
        }
    }

    internal override int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        int result = _fallback.Rewatch(registration, replacement, closeOnExec, out isWatched);
        if (result < 0 || HasFailed)
        {
            return result;
        }

        if (IsOwnThread)
        {
            _polls.Rearm(registration);
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
        if (HasFailed)
        {
            return _fallback.Wait(timeoutMs);
        }

        bool tried = _skipped.MakeDue(ref timeoutMs);
        RunCommands();
        if (_polls.HasEnded)
        {
            _polls.ArmEnded();
        }

        if (Accepts.Count != 0)
        {
            // With an attempt to make the thread is not about to sleep.
            EndTurnOfAccepts(sleeps: timeoutMs != 0 && !_tries.IsBusy);
        }

        if (!_queues.HasRequests && _turnsWithoutEnter < TurnsWithoutEnterMax && _tries.TryOneByCall())
        {
            // What it has led to runs first.
            _turnsWithoutEnter++;
            return _queues.HasCompletions;
        }

        _turnsWithoutEnter = 0;
        bool haveEnded = _tries.Prepare();
        bool look = timeoutMs == 0 || tried || haveEnded || _queues.HasEarly || _polls.HasEnded;
        _queues.Enter(look ? 0u : 1u, timeoutMs);
        return HasFailed || _queues.HasCompletions;
    }

    private protected override void Dispatch()
    {
        if (_fallback.IsActive)
        {
            _fallback.Dispatch();
            return;
        }

        while (_queues.TryTake(out CompletionEntry completion))
        {
            if (_queues.TryPeekAhead(FetchedAhead, out ulong userData))
            {
                _requests.Fetch(userData);
            }

            Dispatch(completion);
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
        _queues.Leave();
        _fallback.Dispose();
        _wake.Dispose();
    }

    private void SettleHere()
    {
        // Each that is over leaves the list at the turn's end.
        for (int i = 0; i < Accepts.Count; i++)
        {
            Accepts[i].FinishUnlessAwaited();
        }

        _queues.FinishDisarming();
    }

    private void EndTurnOfAccepts(bool sleeps)
    {
        for (int i = Accepts.Count - 1; i >= 0; i--)
        {
            if (!Accepts[i].EndTurn(sleeps))
            {
                Accepts.RemoveAt(i);
            }
        }
    }

    // The ring is left at the turn's end. Idempotent, until there is an epoll set.
    private void FallBack()
    {
        if (!_fallback.IsActive)
        {
            LeaveRing(_queues.Failure);
            _fallback.TakeOver();
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
        _tries.Abandon(errno);
        List<RingCommand> left = Commands.Close();

        // Whatever waits is tried when its socket is watched anew.
        _skipped.Clear();
        _queues.Leave();
        _buffers?.End();
        _buffers = null;
        _polls.Clear();
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
                _polls.Complete(completion);
                break;
            case RingUserData.Wake >> RingUserData.KindShift:
                // Edge-triggered, so the counter is never read: each signal is a completion of its own.
                if ((completion.Flags & RingConstants.IORING_CQE_F_MORE) == 0)
                {
                    _polls.ArmWake();
                }

                break;
            case RingUserData.Request >> RingUserData.KindShift:
                _requests.Complete(completion);
                break;
            case RingUserData.Try >> RingUserData.KindShift:
                _tries.Complete(completion);
                break;
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
