using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>A poller's ring: requests go in, the enter hands them over, completions come out; and what is to be done when one of the queues is full.</summary>
/// <remarks>
/// Contract.
/// - The ring's thread alone, save for <see cref="Failure"/>.
/// - Between a request's making and the next enter its descriptor's handle is referenced, so that its number stays its own.
/// - A descriptor that is to be closed is closed once: by the request, or, when the ring is left before it took that, by close(2).
/// - Whoever needs room or a completion in mid-turn enters, and what completions come are set aside, in order: they reach
///   nobody before the turn's dispatch.
/// - When the ring fails for good, requests lead nowhere from then on, and what it has completed can still be taken.
/// </remarks>
internal sealed class RingQueues(SocketEngine engine, EventDescriptor wake, int entries)
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    // A millisecond each; the kernel needs one or two. Then who settles goes on as if it were done.
    private const int DisarmRoundsMax = 1000;

    // How often in a row the kernel may be short of memory, with nothing to read that would free some, a millisecond each.
    private const int ShortagesMax = 1000;

    private readonly List<SocketHandle> _held = [];
    private readonly Queue<CompletionEntry> _early = new();

    // Answers of attempts, on their way to the operations.
    private readonly Queue<CompletionEntry> _answers = new();

    // Descriptors that a request will close, and its position. Owned until the kernel has taken the request.
    private readonly Queue<(uint Position, int Descriptor)> _closing = new();

    // Owned: closed in Leave, or by Dispose of a poller that never started.
    private Ring? _ring;
    private int _shortages;

    // Polls that were taken back and have not said that they are over: each may still hold its socket's file.
    private int _disarming;

    // What a request is written to that no ring will take.
    private SubmissionEntry _discarded;

    private volatile int _failure;

    /// <summary>The errno with which the ring has failed for good; 0 while it serves. Any thread.</summary>
    internal int Failure => _failure;

    /// <summary>The ring has failed for good: nothing more can be asked of it. Any thread.</summary>
    internal bool HasFailed => _failure != 0;

    /// <summary>There is a ring, or was one until it failed and is not left yet.</summary>
    internal bool Exists => _ring is not null;

    /// <summary>The ring; its thread's only.</summary>
    internal Ring Ring => _ring ?? throw new UnreachableException("The ring is asked for on its own thread only.");

    /// <summary>True when there are completions to take.</summary>
    internal bool HasCompletions => _early.Count != 0 || Ring.TryPeek(out _);

    /// <summary>True when requests wait for the next enter.</summary>
    internal bool HasRequests => Ring.HasRequests;

    /// <summary>The user data of a completion that is taken a little later, if there are so many.</summary>
    internal bool TryPeekAhead(uint ahead, out ulong userData)
    {
        if (_early.Count == 0 && _ring is { } ring)
        {
            return ring.TryPeekAhead(ahead, out userData);
        }

        userData = 0;
        return false;
    }

    /// <summary>True when completions were set aside.</summary>
    internal bool HasEarly => _early.Count != 0;

    /// <summary>True when descriptors wait for the next enter to be closed.</summary>
    internal bool HasClosing => _closing.Count != 0;

    /// <summary>The tests' way to have the ring fail: as <see cref="Interop.Ring.Fault"/>, of each ring that is made here. Null everywhere else.</summary>
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

    /// <summary>Makes a ring. Room for eight completions to a request, since polls complete unasked: 4,096 sockets may be ready at once and no poll is ended.</summary>
    /// <returns>0, or the errno.</returns>
    internal int TryCreate()
    {
        int errno = Ring.TryCreate(entries, entries * 8, out _ring);
        if (_ring is { } ring)
        {
            ring.Fault = Fault;
        }

        return errno;
    }

    /// <summary>The next place in the submission queue. When the ring fails, or has failed, the place leads nowhere.</summary>
    internal Submission Next()
    {
        if (!HasFailed)
        {
            Ring ring = Ring;
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

    /// <summary>The same, for a request on a descriptor.</summary>
    /// <param name="handle">Kept until the kernel has taken the request.</param>
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

    /// <summary>The position of the request that <see cref="Next()"/> gave last.</summary>
    /// <returns>False of one that leads nowhere.</returns>
    internal bool TryGetPosition(out uint position)
    {
        position = HasFailed ? 0 : Ring.Position;
        return !HasFailed;
    }

    /// <summary>True when the kernel has taken the request at a position.</summary>
    internal bool IsTaken(uint position) => _ring is { } ring && ring.IsTaken(position);

    /// <summary>Has a request end.</summary>
    /// <param name="userData">The request's.</param>
    /// <param name="answer">The user data of the cancel's own completion.</param>
    internal void Cancel(ulong userData, ulong answer)
    {
        // A cancel, not POLL_REMOVE: that one answers EALREADY and leaves the poll armed when an event has just come to it
        // (io_poll_disarm in io_uring/poll.c), as a listener's own shutdown does.
        ref SubmissionEntry entry = ref Next().Entry;
        entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
        entry.Descriptor = -1;
        entry.Address = userData;
        entry.UserData = answer;
        entry.Flags = _ring?.SkipSuccess ?? 0;
        if (answer == RingUserData.Disarm)
        {
            _disarming++;
        }
    }

    /// <summary>Has a descriptor closed, after all that was asked for before.</summary>
    /// <param name="descriptor">Owned from now on; nobody uses its number any longer.</param>
    internal void Close(int descriptor)
    {
        ref SubmissionEntry entry = ref Next().Entry;
        if (HasFailed)
        {
            Libc.Close(descriptor);
            return;
        }

        entry.Operation = RingConstants.IORING_OP_CLOSE;
        entry.Descriptor = descriptor;
        entry.Flags = Ring.SkipSuccess;
        entry.UserData = RingUserData.Discarded;
        _closing.Enqueue((Ring.Position, descriptor));
    }

    /// <summary>
    /// io_uring_enter(2). ETIME is the wait's limit, EINTR a signal. EBUSY, EAGAIN and ENOMEM pass: completions must be read
    /// before more is taken, or memory is short. With nothing to read they are waited out, for so long.
    /// </summary>
    internal void Enter(uint wait, int limitMs = -1)
    {
        if (HasFailed)
        {
            return;
        }

        Ring ring = Ring;
        int result = ring.Enter(wait, limitMs < 0 ? -1 : limitMs * NanosecondsPerMillisecond);
        if (result is >= 0 or -Errno.ETIME or -Errno.EINTR)
        {
            _shortages = 0;
        }
        else if (result is -Errno.EBUSY or -Errno.EAGAIN or -Errno.ENOMEM && ++_shortages <= ShortagesMax)
        {
            if (ring.TryPeek(out _))
            {
                _shortages = 0;
            }
            else
            {
                // Nobody tells when memory is there again; a wake-up, though, comes.
                Span<PollDescriptor> descriptors = [new PollDescriptor { Descriptor = wake.Handle.Number, Events = PollConstants.POLLIN }];
                Libc.Poll(descriptors, TimeSpan.FromMilliseconds(1));
            }
        }
        else
        {
            Fail("io_uring_enter", -result);
        }

        // The kernel may have taken only some: those that are left still name their descriptors by number.
        if (!ring.HasRequests)
        {
            _closing.Clear();
            ReleaseHeld();
        }
    }

    /// <summary>Hands over what was prepared, now rather than at the turn's end.</summary>
    internal void Flush() => Enter(wait: 0);

    /// <summary>
    /// The ring serves no longer, and what it still has in flight nobody can tell: EBADR says that completions were lost for
    /// want of memory; EPERM, EACCES or ENOSYS that a seccomp filter came after the ring; ENOMEM that memory stays short.
    /// </summary>
    internal void Fail(string call, int errno)
    {
        _failure = errno;
        engine.NoteRingFailure($"{call} failed ({Errno.Name(errno)}: {Errno.Text(errno)}), and epoll waits in the ring's place");
    }

    /// <summary>The next completion: those that were set aside first, so that all stay in order.</summary>
    internal bool TryTake(out CompletionEntry completion)
    {
        if (_early.TryDequeue(out completion))
        {
            return true;
        }

        // No ring is left once dispatching the one before has led to its end.
        return _ring is not null && TryRead(out completion);
    }

    /// <summary>Answers attempts that the kernel has answered, and sets the other completions aside for the turn.</summary>
    internal void TakeTries(RingTries tries)
    {
        // Those that stay keep their order. First all are sorted: what an answer leads to may need room in the ring, and then more
        // are set aside.
        SetAside();
        int early = _early.Count;
        while (early-- > 0 && _early.TryDequeue(out CompletionEntry completion))
        {
            bool isTry = completion.UserData >> RingUserData.KindShift == RingUserData.Try >> RingUserData.KindShift;
            (isTry ? _answers : _early).Enqueue(completion);
        }

        while (_answers.TryDequeue(out CompletionEntry answer))
        {
            tries.Complete(answer);
        }
    }

    /// <summary>
    /// Returns when all polls that were taken back are over. The kernel ends a poll in its own time: in this enter, or, when
    /// there is more to do, in the next.
    /// </summary>
    internal void FinishDisarming()
    {
        Flush();
        SetAside();
        for (int round = 0; _disarming > 0 && !HasFailed && round < DisarmRoundsMax; round++)
        {
            Enter(wait: 1, limitMs: 1);
            SetAside();
        }
    }

    /// <summary>Gives the ring up, with all that is prepared and in flight.</summary>
    internal void Leave()
    {
        // What was not taken by now never is: the ring drops it, and uses its places for requests of its own.
        while (_closing.TryPeek(out (uint Position, int Descriptor) closing) && IsTaken(closing.Position))
        {
            _closing.Dequeue();
        }

        _ring?.Dispose();
        _ring = null;
        _early.Clear();
        _disarming = 0;
        while (_closing.TryDequeue(out (uint Position, int Descriptor) left))
        {
            Libc.Close(left.Descriptor);
        }

        ReleaseHeld();
    }

    /// <summary>Hands over what was prepared, and sets aside what completions there are.</summary>
    /// <param name="wait">How many to wait for, a millisecond at most.</param>
    internal void SetAside(uint wait)
    {
        Enter(wait, limitMs: 1);
        SetAside();
    }

    /// <summary>Takes the first completion of a request out of those that were set aside; the others stay in order.</summary>
    internal bool TryTakeEarly(ulong userData, out CompletionEntry taken)
    {
        taken = default;
        bool found = false;
        for (int left = _early.Count; left > 0; left--)
        {
            CompletionEntry completion = _early.Dequeue();
            if (!found && completion.UserData == userData)
            {
                taken = completion;
                found = true;
            }
            else
            {
                _early.Enqueue(completion);
            }
        }

        return found;
    }

    // Completions that are read before the turn's dispatch.
    private void SetAside()
    {
        while (TryRead(out CompletionEntry completion))
        {
            _early.Enqueue(completion);
        }
    }

    private bool TryRead(out CompletionEntry completion)
    {
        if (!Ring.TryPeek(out completion))
        {
            return false;
        }

        Ring.Advance();

        // Of a poll that is taken back either the poll says so last, or the cancel says that it was over before.
        ulong kind = completion.UserData >> RingUserData.KindShift;
        if ((kind == 0 && completion.Result == -Errno.ECANCELED)
            || (kind == RingUserData.Disarm >> RingUserData.KindShift && completion.Result < 0))
        {
            _disarming--;
        }

        return true;
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
}
