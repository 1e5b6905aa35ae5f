using System.Diagnostics;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// One socket with one engine: its slot, and the queues in which its operations wait. Made on the first operation that
/// has to wait; a socket that never waits has none.
/// </summary>
/// <remarks>
/// Contract.
/// - Edge-triggered: the engine reports once that the descriptor may be ready. <see cref="Sequence"/> counts these
///   events. Whoever found EAGAIN compares it with what it was before the try; when it has moved, the event may have
///   come in between, and the try is repeated. So no wake-up is lost.
/// - One thread at a time runs a queue, which is busy then. It tries operations outside the gate and changes states under it.
/// - Close completes what waits with its errno and notes it for what runs; afterwards nothing is queued.
/// - The slot refers to the registration, the registration to operations in flight, an operation to its socket: an
///   idle socket is kept alive by nobody here.
/// </remarks>
internal sealed class Registration(Poller poller, SocketHandle handle) : ICloseListener
{
    private const uint ReadEvents = EpollConstants.EPOLLIN | EpollConstants.EPOLLPRI | EpollConstants.EPOLLRDHUP
        | EpollConstants.EPOLLHUP | EpollConstants.EPOLLERR;

    private const uint WriteEvents = EpollConstants.EPOLLOUT | EpollConstants.EPOLLHUP | EpollConstants.EPOLLERR;

    // After one of these a short read proves nothing: an end or an error is reported once, and urgent data stops a read early.
    private const uint LastingEvents = EpollConstants.EPOLLPRI | EpollConstants.EPOLLRDHUP | EpollConstants.EPOLLHUP | EpollConstants.EPOLLERR;

    private const byte DueTries = 1 << (int)OperationQueue.Read | 1 << (int)OperationQueue.Write;
    private const byte SkippedTry = 1 << 3;
    private const int WithRingShift = 4;
    private const byte TriesWithRing = DueTries << WithRingShift;

    // The last operation of each queue; its Next is the first one.
    private SocketOperation? _read;
    private SocketOperation? _write;
    private SocketOperation? _watch;

    // Guards the queues, their operations' states and the sequence.
    private SpinGate _gate;

    // A bit for each queue that a thread runs.
    private byte _busy;

    // What ends each operation that comes to wait: 0 while the descriptor is watched. A byte, for there are many: Linux's
    // last errno is 133.
    private byte _endErrno;
    private bool _sawLasting;

    // What the ring's thread notes, and no other: for each queue whether its head is with the ring, from the note that it is to be
    // tried to the answer; and whether it is due, which ends when it is described.
    private byte _ringStates;
    private int _sequence;

    // The sequence at which the last read emptied the socket, or seemed to. A sequence is never negative.
    private int _emptyAt = -1;

    /// <summary>Who watches the descriptor.</summary>
    internal Poller Poller { get; } = poller;

    internal SocketEngine Engine => Poller.Engine;

    /// <summary>The descriptor; the socket owns it.</summary>
    internal SocketHandle Handle { get; } = handle;

    /// <summary>The poller's slot and generation: what names this registration to the kernel.</summary>
    internal ulong Token { get; set; }

    /// <summary>What the descriptor is watched for. Grows, and never shrinks; changed under the gate.</summary>
    internal WatchedEvents Watched { get; set; }

    /// <summary>The same as EPOLL*, edge-triggered.</summary>
    internal uint Events => EpollConstants.EPOLLET
        | ((Watched & WatchedEvents.Read) != 0 ? EpollConstants.EPOLLIN | EpollConstants.EPOLLPRI | EpollConstants.EPOLLRDHUP : 0)
        | ((Watched & WatchedEvents.Write) != 0 ? EpollConstants.EPOLLOUT : 0);

    /// <summary>The socket has left its engine: it is watched never again.</summary>
    internal volatile bool IsForgotten;

    /// <summary>The ring will try it later. The ring's thread's own.</summary>
    internal bool HasSkippedTry
    {
        get => (_ringStates & SkippedTry) != 0;
        set => _ringStates = (byte)(value ? _ringStates | SkippedTry : _ringStates & ~SkippedTry);
    }

    /// <summary>An epoll set watches a duplicate, since it had <see cref="Handle"/>'s number already.</summary>
    internal bool IsDuplicated { get; set; }

    /// <summary>A ring's poll is in flight, the ring's thread's own; or the epoll set has it that took a failed ring's place.</summary>
    internal bool IsArmed { get; set; }

    /// <summary>How often the engine has reported that the descriptor may be ready.</summary>
    internal int Sequence => Volatile.Read(ref _sequence);

    /// <summary>True when no operation waits in the queue: a new one may be tried at once without overtaking.</summary>
    internal bool IsIdle(OperationQueue queue) => queue == OperationQueue.Watch || Volatile.Read(ref LastOf(queue)) is null;

    /// <summary>
    /// True when the last read emptied the socket at <paramref name="sequence"/> and no event has come since: a try would
    /// only cost a system call, and the operation may be queued without one.
    /// </summary>
    internal bool CanSkipTry(int sequence) =>
        Volatile.Read(ref _emptyAt) == sequence && (Poller.ReportsCurrentState || Poller.TryAddSkipped(this));

    /// <summary>A read that began at <paramref name="sequence"/> took less than it had room for.</summary>
    internal void MarkEmpty(int sequence)
    {
        // An engine that does not report the current state tries such a socket later. Then nothing speaks against it here.
        if (!Poller.ReportsCurrentState || !Volatile.Read(ref _sawLasting))
        {
            Volatile.Write(ref _emptyAt, sequence);
        }
    }

    /// <summary>True when the operation's attempt will be a request of the ring's: it is not tried by a call before it is queued.</summary>
    internal bool TriesByRequest(SocketOperation operation) => operation.IsRequest && RingTries.Here(Poller) is not null;

    /// <summary>What this socket has prepared for the kernel goes there now, and is answered. For a call that must not overtake it.</summary>
    internal void FinishTries()
    {
        // Of a ring that has failed, too: until it is left it holds them.
        if ((_ringStates & TriesWithRing) != 0)
        {
            Poller.FinishTries();
        }
    }

    /// <summary>The ring is about to be told of the attempt of a queue's head. On its thread.</summary>
    internal void TakeDue(OperationQueue queue) => _ringStates &= (byte)~Bit(queue);

    /// <summary>True when the operation, the head of its queue, has none behind it.</summary>
    internal bool IsAlone(SocketOperation operation) => ReferenceEquals(Volatile.Read(ref LastOf(operation.Queue)), operation);

    /// <summary>Those that run after <paramref name="first"/>, the head of its queue, as far as the list has room for.</summary>
    internal void CollectRunning(SocketOperation first, List<SocketOperation> into)
    {
        using (_gate.Enter())
        {
            for (SocketOperation? next = After(first); next is { State: OperationState.Running } && into.Count < into.Capacity; next = After(next))
            {
                into.Add(next);
            }
        }
    }

    /// <summary>A request that was the attempt of a queue's head has been answered; of several sends, all of them.</summary>
    /// <param name="operation">The head.</param>
    /// <param name="answer">The kernel's: a count, or −errno.</param>
    /// <param name="sequence"><see cref="Sequence"/> before the attempt.</param>
    internal void Answered(SocketOperation operation, int answer, int sequence)
    {
        LeaveRing(operation.Queue);
        SocketOperation? next = operation;
        do
        {
            operation = next;
            int share = Math.Min(answer, operation.RequestBytes);
            answer -= Math.Max(share, 0);
            StepResult result = operation.Take(share, sequence);
            if (result == StepResult.Again)
            {
                break;
            }

            bool done = result == StepResult.Done;
            next = Conclude(operation, ref done, ref sequence);
            if (done)
            {
                operation.Publish();
            }
        }
        while (answer > 0 && next is not null);
        Run(operation.Queue, next);
    }

    /// <summary>Tries, by calls, what was to be tried by a ring: it serves no longer, or would carry nothing else.</summary>
    internal void TryByCall(SocketOperation operation)
    {
        TakeDue(operation.Queue);
        LeaveRing(operation.Queue);
        Run(operation.Queue, operation, tries: null);
    }

    /// <summary>True when the last read emptied the socket, as far as is known, and no event concerned reading since.</summary>
    internal bool IsEmptied => Volatile.Read(ref _emptyAt) == Sequence;

    /// <summary>Makes the try that <see cref="CanSkipTry"/> spared, unless an event has concerned reading since.</summary>
    internal void MakeSkippedTry()
    {
        SocketOperation? first = null;
        using (_gate.Enter())
        {
            if (_emptyAt == _sequence)
            {
                Volatile.Write(ref _emptyAt, -1);
                first = Start(OperationQueue.Read);
            }
        }

        Run(OperationQueue.Read, first);
    }

    /// <summary>The descriptor closes.</summary>
    void ICloseListener.Closing() => Poller.Release(this);

    bool ICloseListener.TryClose(int descriptor) => Poller.TryClose(descriptor);

    /// <summary>Queues an operation whose first try, at <paramref name="sequence"/>, said EAGAIN, or which must wait behind others.</summary>
    internal void Enqueue(SocketOperation operation, int sequence)
    {
        SocketOperation? first = null;
        OperationQueue which = operation.Queue;
        WatchedEvents needed = operation.Watches;
        bool completed = false;
        bool widens = false;
        bool joins = which == OperationQueue.Write && (_ringStates & Bit(which)) != 0
            && operation.IsRequest && RingTries.Here(Poller) is not null;
        using (_gate.Enter())
        {
            Debug.Assert(operation.State == OperationState.New, "queued once");
            int errno = _endErrno != 0 ? _endErrno : operation.CancelErrno;
            if (errno != 0)
            {
                operation.EndWith(errno);
                operation.State = OperationState.Completed;
                completed = true;
            }
            else
            {
                joins = joins && LastOf(which) is { State: OperationState.Running, IsRequest: true };
                Append(operation);
                operation.State = OperationState.Waiting;
                if (joins)
                {
                    // All before it go to the kernel with the next enter, and it goes with them.
                    operation.State = OperationState.Running;
                }
                else if (_sequence != sequence)
                {
                    first = Start(which);
                }

                // What is tried now is watched for once it has been tried in vain.
                widens = !joins && first is null && MustWiden(needed);
            }
        }

        if (completed)
        {
            operation.Publish();
            return;
        }

        Run(which, first);
        if (widens)
        {
            Poller.Widen(this);
        }
    }

    /// <summary>Has the engine watch for some events from now on, on behalf of operations that are queued.</summary>
    internal void Widen(WatchedEvents needed)
    {
        bool widens;
        using (_gate.Enter())
        {
            widens = MustWiden(needed);
        }

        if (widens)
        {
            Poller.Widen(this);
        }
    }

    /// <summary>The engine reports that the descriptor may be ready.</summary>
    /// <param name="events">EPOLL*.</param>
    internal void Ready(uint events)
    {
        if ((events & LastingEvents) != 0)
        {
            Volatile.Write(ref _sawLasting, true);
        }

        Ready((events & ReadEvents) != 0, (events & WriteEvents) != 0);
    }

    /// <summary>The engine reports that the descriptor may be ready, or a timer that it is time to try.</summary>
    internal void Ready(bool read, bool write)
    {
        SocketOperation? firstRead;
        SocketOperation? firstWrite;
        SocketOperation? firstWatch;
        using (_gate.Enter())
        {
            int next = (_sequence + 1) & int.MaxValue;
            if (!read && _emptyAt == _sequence)
            {
                // The event does not concern reading: a try that was skipped still has to be made.
                Volatile.Write(ref _emptyAt, next);
            }

            Volatile.Write(ref _sequence, next);
            firstRead = read ? Start(OperationQueue.Read) : null;
            firstWrite = write ? Start(OperationQueue.Write) : null;
            firstWatch = Start(OperationQueue.Watch);
        }

        Run(OperationQueue.Read, firstRead);
        Run(OperationQueue.Write, firstWrite);
        Run(OperationQueue.Watch, firstWatch);
    }

    /// <summary>Asks an operation to end with <paramref name="errno"/>, unless its own outcome comes first.</summary>
    internal void Cancel(SocketOperation operation, int errno, short version)
    {
        SocketOperation? next;
        using (_gate.Enter())
        {
            OperationState state = operation.State;
            if (operation.Version != version || state == OperationState.Completed)
            {
                return;
            }

            if (state != OperationState.Waiting)
            {
                // Not queued yet, or a thread is trying it: whoever has it finds the note.
                if (operation.CancelErrno == 0)
                {
                    operation.CancelErrno = (short)errno;
                }

                return;
            }

            bool wasHead = Remove(operation);
            operation.State = OperationState.Completed;
            operation.EndWith(errno);

            // The next one has not been tried since it was queued, and what held up the head need not hold it up.
            next = wasHead ? Start(operation.Queue) : null;
        }

        OperationQueue which = operation.Queue;
        operation.Publish();
        Run(which, next);
    }

    /// <summary>Ends all that waits, and all that comes to wait later. The descriptor is still open.</summary>
    /// <param name="errno">With this: EBADF of a socket that is disposed, or of an engine.</param>
    internal void Close(int errno = Errno.EBADF)
    {
        SocketOperation? waiting = null;
        using (_gate.Enter())
        {
            _endErrno = _endErrno != 0 ? _endErrno : checked((byte)errno);
            Drain(OperationQueue.Read, errno, ref waiting);
            Drain(OperationQueue.Write, errno, ref waiting);
            Drain(OperationQueue.Watch, errno, ref waiting);
        }

        PublishAll(waiting);
        Poller.Forget(this);
    }

    /// <summary>Takes the queue for a thread that will call the kernel itself, once all before it is done.</summary>
    /// <returns>True when the queue was free and is now the caller's; false when <paramref name="ticket"/> was queued.</returns>
    internal bool TryEnterQueue(QueueTicket ticket)
    {
        using (_gate.Enter())
        {
            if (_endErrno != 0 || LastOf(ticket.Queue) is null)
            {
                return true;
            }

            Append(ticket);
            ticket.State = OperationState.Waiting;
            return false;
        }
    }

    /// <summary>Gives the queue back after <see cref="TryEnterQueue"/> queued a ticket and it was admitted, or gives up waiting.</summary>
    internal void LeaveQueue(QueueTicket ticket)
    {
        SocketOperation? next;
        using (_gate.Enter())
        {
            if (ticket.State == OperationState.Completed)
            {
                return;
            }

            if (ticket.State == OperationState.Running)
            {
                _busy &= (byte)~Bit(ticket.Queue);
            }

            bool wasHead = Remove(ticket);
            ticket.State = OperationState.Completed;
            next = wasHead ? Start(ticket.Queue) : null;
        }

        Run(ticket.Queue, next);
    }

    private void LeaveRing(OperationQueue queue) => _ringStates &= (byte)~(Bit(queue) << WithRingShift);

    // Under the gate. True for the one caller that has to tell the poller, once the gate is open.
    private bool MustWiden(WatchedEvents needed)
    {
        if ((Watched & needed) == needed)
        {
            return false;
        }

        Watched |= needed;
        return true;
    }

    // Makes the queue busy and its head running; the caller hands the head to Run. Null when there is nothing to run.
    private SocketOperation? Start(OperationQueue queue)
    {
        SocketOperation? first = FirstOf(queue);
        if (first is null || (_busy & Bit(queue)) != 0)
        {
            return null;
        }

        _busy |= Bit(queue);
        first.State = OperationState.Running;
        return first;
    }

    // Tries what Start gave, then what follows. Not whatever is the head by now: a ticket that was given up in between
    // has passed the queue on, and the new head runs on another thread.
    private void Run(OperationQueue which, SocketOperation? operation)
    {
        if (operation is not null)
        {
            Run(which, operation, RingTries.Here(Poller));
        }
    }

    private void Run(OperationQueue which, SocketOperation? operation, RingTries? tries)
    {
        int sequence = Sequence;
        while (operation is not null)
        {
            if (tries is not null && operation.IsRequest)
            {
                // The queue stays busy until the answer; Answered goes on from there.
                _ringStates |= (byte)(Bit(which) | (Bit(which) << WithRingShift));
                tries.Add(this, operation);
                return;
            }

            if (operation is QueueTicket ticket)
            {
                // The queue stays busy on behalf of the thread that is admitted now; LeaveQueue goes on from there.
                ticket.Admit();
                return;
            }

            bool done = operation.Attempt();
            SocketOperation? next = Conclude(operation, ref done, ref sequence);
            if (done)
            {
                operation.Publish();
            }

            operation = next;
        }
    }

    // Books an attempt; gives what is to be tried next, in state Running. Once it says done, the caller publishes: until
    // then, or when it says not, the operation is somebody else's.
    private SocketOperation? Conclude(SocketOperation operation, ref bool done, ref int sequence)
    {
        SocketOperation? next;
        SocketOperation? ended = null;
        bool widens = false;
        using (_gate.Enter())
        {
            if (!done && operation.CancelErrno != 0)
            {
                operation.EndWith(operation.CancelErrno);
                done = true;
            }

            if (done)
            {
                next = After(operation);
                Remove(operation);
                operation.State = OperationState.Completed;
            }
            else
            {
                next = operation.Queue == OperationQueue.Watch ? After(operation) : null;
                operation.State = OperationState.Waiting;
                operation.NoteWaited();
                widens = MustWiden(operation.Watches);
                if (operation.Queue == OperationQueue.Write)
                {
                    StepBack(operation, ref ended);
                }
            }

            if (next is null && _sequence != sequence)
            {
                sequence = _sequence;
                next = FirstOf(operation.Queue);
            }

            if (next is null)
            {
                _busy &= (byte)~Bit(operation.Queue);
            }
            else
            {
                next.State = OperationState.Running;
            }
        }

        PublishAll(ended);
        if (widens)
        {
            Poller.Widen(this);
        }

        return next;
    }

    // Those that were to go to the kernel together with this one wait behind it; or end, where a cancel has come meanwhile.
    private void StepBack(SocketOperation operation, ref SocketOperation? ended)
    {
        SocketOperation? last = null;
        SocketOperation? behind = After(operation);
        while (behind is { State: OperationState.Running })
        {
            SocketOperation? next = After(behind);
            behind.State = OperationState.Waiting;
            if (behind.CancelErrno != 0)
            {
                Remove(behind);
                behind.State = OperationState.Completed;
                behind.EndWith(behind.CancelErrno);
                if (last is null)
                {
                    ended = behind;
                }
                else
                {
                    last.Next = behind;
                }

                last = behind;
            }

            behind = next;
        }
    }

    // A list by Next of operations that are out of their queues.
    private static void PublishAll(SocketOperation? first)
    {
        while (first is not null)
        {
            SocketOperation operation = first;
            first = operation.Next;
            operation.Next = null;
            if (operation is QueueTicket ticket)
            {
                // Its thread goes on to the kernel, and finds the descriptor closed.
                ticket.Admit();
            }
            else
            {
                operation.Publish();
            }
        }
    }

    private void Drain(OperationQueue queue, int errno, ref SocketOperation? waiting)
    {
        SocketOperation? operation = FirstOf(queue);
        SocketOperation? last = null;
        while (operation is not null)
        {
            SocketOperation? next = After(operation);
            operation.CancelErrno = (short)errno;
            if (operation.State == OperationState.Waiting)
            {
                Remove(operation);
                operation.State = OperationState.Completed;
                operation.EndWith(errno);
                if (last is null)
                {
                    // Put this queue's operations before those of the queues drained earlier; order across queues is free.
                    operation.Next = waiting;
                    waiting = operation;
                }
                else
                {
                    operation.Next = last.Next;
                    last.Next = operation;
                }

                last = operation;
            }

            operation = next;
        }
    }

    private void Append(SocketOperation operation)
    {
        ref SocketOperation? last = ref LastOf(operation.Queue);
        if (last is null)
        {
            operation.Next = operation;
        }
        else
        {
            operation.Next = last.Next;
            last.Next = operation;
        }

        Volatile.Write(ref last, operation);
    }

    // True when it was the first one: all but a cancelled one are.
    private bool Remove(SocketOperation operation)
    {
        ref SocketOperation? last = ref LastOf(operation.Queue);
        SocketOperation before = last!;
        bool wasFirst = ReferenceEquals(before.Next, operation);
        while (!ReferenceEquals(before.Next, operation))
        {
            before = before.Next!;
        }

        before.Next = operation.Next;
        if (ReferenceEquals(last, operation))
        {
            Volatile.Write(ref last, wasFirst ? null : before);
        }

        operation.Next = null;
        return wasFirst;
    }

    private SocketOperation? FirstOf(OperationQueue queue) => LastOf(queue)?.Next;

    private SocketOperation? After(SocketOperation operation) =>
        ReferenceEquals(LastOf(operation.Queue), operation) ? null : operation.Next;

    private static byte Bit(OperationQueue queue) => (byte)(1 << (int)queue);

    private ref SocketOperation? LastOf(OperationQueue queue)
    {
        switch (queue)
        {
            case OperationQueue.Read: return ref _read;
            case OperationQueue.Write: return ref _write;
            default: return ref _watch;
        }
    }
}

/// <summary>What a descriptor is watched for. Errors and hang-ups are told whatever else is.</summary>
[Flags]
internal enum WatchedEvents : byte
{
    /// <summary>Nothing: something else tells of what comes.</summary>
    None = 0,

    /// <summary>EPOLLIN, EPOLLPRI, EPOLLRDHUP.</summary>
    Read = 1,

    /// <summary>
    /// EPOLLOUT. Only once a send found no room or a connect waits: a fresh connection is writable, which is an event of its own,
    /// and a turn of its own, that says nothing.
    /// </summary>
    Write = 2,

    /// <summary>Both.</summary>
    All = Read | Write,
}

/// <summary>
/// A synchronous call's place in a queue behind operations that wait: admitted when all before it are done, so that
/// synchronous and asynchronous calls on one socket keep their order.
/// </summary>
internal sealed class QueueTicket(SocketCore socket, OperationQueue queue) : SocketOperation(socket, queue)
{
    private readonly object _gate = new();
    private bool _isAdmitted;

    internal override string Call => "wait in the queue";

    internal override bool TryComplete() => throw new UnreachableException("A ticket is admitted, never tried.");

    internal void Admit()
    {
        lock (_gate)
        {
            _isAdmitted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits to be admitted.</summary>
    /// <param name="limit">How long at most; negative waits without limit.</param>
    /// <returns>False when the limit passed first.</returns>
    internal bool Wait(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!_isAdmitted)
            {
                TimeSpan left = limit < TimeSpan.Zero
                    ? System.Threading.Timeout.InfiniteTimeSpan
                    : limit - Stopwatch.GetElapsedTime(start);
                if (limit >= TimeSpan.Zero && left <= TimeSpan.Zero)
                {
                    return false;
                }

                // Monitor takes no more than 24 days at a time.
                Monitor.Wait(_gate, TimeSpan.FromTicks(Math.Min(left.Ticks, TimeSpan.TicksPerDay)));
            }

            return true;
        }
    }

    protected override void Reset()
    {
    }
}
