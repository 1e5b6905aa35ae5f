using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>
/// Attempts of a loop's operations that go to the kernel as requests, together with all else that the turn has prepared, rather
/// than each by a system call of its own. A request is told not to wait (MSG_DONTWAIT), so the enter that hands it over answers
/// it: with a count, or with −EAGAIN. Nothing of it stays in the ring.
/// </summary>
/// <remarks>
/// Contract. The ring's thread alone.
/// - <see cref="Add"/> notes a queue's head, which is Running from then on. <see cref="Prepare"/>, just before an enter, describes all
///   that was noted: several sends of one socket as one request, in the order of their calls.
/// - A request names its caller's memory, pinned from there to its one completion, and finds its operation by its place in a table
///   of its own: the socket's slot may have been given away by then.
/// - The number of events that the socket has had is read when the request is described, and compared when it is answered.
/// - When the ring is left, what it has not taken is tried by a call. What it took and never answered has come nobody knows how
///   far: it ends with the errno.
/// </remarks>
internal sealed class RingTries(RingQueues queues)
{
    // Idle operations that are kept, with the memory of one each: as many sends as may be under way in a busy turn.
    private const int IdleSendsMax = 4096;

    // Idle groups that are kept: as many sockets as may send more than once in a busy turn. Each has two kilobytes.
    private const int IdleGroupsMax = 256;

    private readonly Queue<(Registration Registration, SocketOperation Operation)> _due = new();
    private readonly Stack<SendOperation> _idleSends = new();
    private readonly Stack<SendGroup> _idleGroups = new();
    private readonly Stack<int> _free = new();
    private Try[] _tries = new Try[64];
    private int _used;
    private bool _isPreparing;

    /// <summary>True when attempts wait for the next enter, or for their answers. Not from within, where a caller's memory is asked for.</summary>
    internal bool IsBusy => !_isPreparing && (_due.Count != 0 || _free.Count != _used);

    /// <summary>How many idle groups are kept. For tests.</summary>
    internal int IdleGroupCount => _idleGroups.Count;

    /// <summary>The tries of the ring that watches a socket, on the loop's thread that has this ring and while it serves; else null.</summary>
    internal static RingTries? Here(Poller poller) => RingPoller.Own is { } own && ReferenceEquals(own, poller) ? own.Tries : null;

    /// <summary>Has an operation tried with the next enter. It is its queue's head, and Running.</summary>
    internal void Add(Registration registration, SocketOperation operation) => _due.Enqueue((registration, operation));

    /// <summary>
    /// Makes by a call what alone is due: an enter that carries nothing else costs more. Several sends of one socket are not alone.
    /// </summary>
    /// <returns>False when nothing is due, or more than that.</returns>
    internal bool TryOneByCall()
    {
        if (_due.Count != 1)
        {
            return false;
        }

        (Registration registration, SocketOperation operation) = _due.Peek();
        if (!registration.IsAlone(operation))
        {
            return false;
        }

        _due.Clear();
        registration.TryByCall(operation);
        return true;
    }

    /// <summary>Describes all that is due to the ring.</summary>
    /// <returns>True when some ended without: there is work for the thread.</returns>
    internal bool Prepare()
    {
        bool haveEnded = false;
        _isPreparing = true;
        try
        {
            while (_due.TryDequeue(out (Registration Registration, SocketOperation Operation) due))
            {
                haveEnded |= !TryPrepare(due.Registration, due.Operation);
            }
        }
        finally
        {
            _isPreparing = false;
        }

        return haveEnded;
    }

    /// <summary>Takes the answer of an attempt. One that comes after <see cref="Abandon"/> finds nobody.</summary>
    internal void Complete(in CompletionEntry completion)
    {
        int place = (int)(completion.UserData & uint.MaxValue);
        if (_tries[place].Operation is not null)
        {
            Answer(place, completion.Result);
        }
    }

    /// <summary>The ring is left, and all of its completions were read.</summary>
    /// <param name="errno">What ends an attempt that the kernel took and never answered.</param>
    internal void Abandon(int errno)
    {
        while (_due.TryDequeue(out (Registration Registration, SocketOperation Operation) due))
        {
            due.Registration.TryByCall(due.Operation);
        }

        for (int place = 0; place < _used; place++)
        {
            if (_tries[place].Operation is null)
            {
                continue;
            }

            Try left = _tries[place];
            if (left.IsDescribed && queues.IsTaken(left.Position))
            {
                // Not EAGAIN, after which it would be tried again.
                Answer(place, errno == Errno.EAGAIN ? -Errno.EIO : -errno);
            }
            else
            {
                Release(place);
                left.Registration.TryByCall(left.Operation);
            }
        }

        for (int place = 0; place < _used; place++)
        {
            _tries[place].Pin.Dispose();
        }

        while (_idleGroups.TryPop(out SendGroup? group))
        {
            group.Dispose();
        }
    }

    /// <summary>An idle send; null when there is none.</summary>
    internal SendOperation? TakeSend() => _idleSends.TryPop(out SendOperation? idle) ? idle : null;

    /// <summary>Keeps an idle send for whichever socket of the loop sends next.</summary>
    internal void PutSend(SendOperation idle)
    {
        if (_idleSends.Count < IdleSendsMax)
        {
            _idleSends.Push(idle);
        }
    }

    private bool TryPrepare(Registration registration, SocketOperation operation)
    {
        if (!_free.TryPop(out int place))
        {
            if (_used == _tries.Length)
            {
                Array.Resize(ref _tries, _tries.Length * 2);
            }

            place = _used++;
        }

        registration.TakeDue(operation.Queue);
        ref Try made = ref _tries[place];
        made.Registration = registration;
        made.Operation = operation;
        made.Sequence = registration.Sequence;
        try
        {
            NativeBuffer memory = made.Pin.Pin(operation.RequestMemory);
            SendGroup? group = operation.Queue == OperationQueue.Read || registration.IsAlone(operation)
                ? null
                : Gather(registration, operation, memory);
            made.Group = group;

            // To make room the queue may be handed over: from there on the place in it is ours.
            ref SubmissionEntry entry = ref queues.Next(registration.Handle).Entry;
            made.IsDescribed = queues.TryGetPosition(out made.Position);
            operation.Describe(ref entry);
            if (group is not null)
            {
                entry.Operation = RingConstants.IORING_OP_SENDMSG;
                entry.Address = group.Message.Address;
                entry.Length = 1;
            }
            else
            {
                entry.Address = (ulong)memory.Address;
                entry.Length = (uint)memory.Length;
            }

            entry.UserData = RingUserData.Try | (uint)place;
            return true;
        }
        catch (ObjectDisposedException) when (registration.Handle.IsClosed)
        {
            // The socket was closed before the request was made.
            Answer(place, -Errno.EBADF);
        }
        catch (Exception exception)
        {
            // The caller's own memory threw.
            operation.Fail(exception);
            Answer(place, -Errno.EFAULT);
        }

        return false;
    }

    // Further sends of the same turn, as far as they fit: they are Running too, and none of them comes before the first.
    private SendGroup? Gather(Registration registration, SocketOperation first, NativeBuffer memory)
    {
        SendGroup group = _idleGroups.TryPop(out SendGroup? idle) ? idle : new SendGroup();
        bool isUsed = false;
        try
        {
            group.Message.TryAdd(memory);
            registration.CollectRunning(first, group.Operations);
            for (int i = 0; i < group.Operations.Count; i++)
            {
                NativeBuffer next;
                try
                {
                    next = group.Pins[i].Pin(group.Operations[i].RequestMemory);
                }
                catch (Exception)
                {
                    // It is tried again as its queue's head, and its failure told.
                    break;
                }

                group.Message.TryAdd(next);
            }

            isUsed = group.Message.Count > 1;
            return isUsed ? group : null;
        }
        finally
        {
            if (!isUsed)
            {
                Return(group);
            }
        }
    }

    private void Answer(int place, int answer)
    {
        ref Try made = ref _tries[place];
        (Registration registration, SocketOperation operation, int sequence) = (made.Registration, made.Operation, made.Sequence);

        // Free before the operation hears of it: it may have to be tried again.
        Release(place);
        registration.Answered(operation, answer, sequence);
    }

    private void Release(int place)
    {
        ref Try made = ref _tries[place];
        made.Pin.Release();
        if (made.Group is { } group)
        {
            Return(group);
        }

        made.Registration = null!;
        made.Operation = null!;
        made.Group = null;
        made.IsDescribed = false;
        _free.Push(place);
    }

    private void Return(SendGroup group)
    {
        group.Clear();
        if (_idleGroups.Count < IdleGroupsMax)
        {
            _idleGroups.Push(group);
        }
        else
        {
            group.Dispose();
        }
    }

    private struct Try
    {
        internal Registration Registration;
        internal SocketOperation Operation;

        /// <summary>The sends after the first, where there are any.</summary>
        internal SendGroup? Group;
        internal PinSlot Pin;
        internal int Sequence;

        /// <summary>Where in the submission queue; only of one that a ring was there to take.</summary>
        internal uint Position;
        internal bool IsDescribed;
    }

    /// <summary>Several sends of one socket as one message.</summary>
    private sealed class SendGroup : IDisposable
    {
        internal GatherMessage Message { get; } = new();

        /// <summary>All but the first.</summary>
        internal List<SocketOperation> Operations { get; } = new(GatherMessage.BuffersMax - 1);

        internal PinSlot[] Pins { get; } = new PinSlot[GatherMessage.BuffersMax - 1];

        internal void Clear()
        {
            for (int i = 0; i < Operations.Count; i++)
            {
                Pins[i].Release();
            }

            Operations.Clear();
            Message.Clear();
        }

        public void Dispose()
        {
            foreach (ref PinSlot pin in Pins.AsSpan())
            {
                pin.Dispose();
            }
        }
    }
}
