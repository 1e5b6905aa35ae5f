namespace Sockeye.Interop;

/// <summary>An io_uring(7): the two queues that program and kernel share, without a library between.</summary>
/// <remarks>
/// Safety.
/// - The mappings live from construction to Dispose; every index into them is masked with a mask that the kernel gave
///   and that was checked against the mapping's length.
/// - One thread, the one that calls <see cref="Enable"/>, fills requests, enters, reads completions and disposes the ring
///   (IORING_SETUP_SINGLE_ISSUER makes the kernel insist). So program order is all the order there is, save with the kernel: the submission queue's tail
///   is released after the entries, the completion queue's tail acquired before them.
/// - Addresses that a request names are the caller's to keep in place until the completion, or until <see cref="Dispose"/>.
/// - Dispose takes back all requests that are in flight, and waits for their last completions, before it unmaps: afterwards
///   the kernel touches no memory of the program's. Only a ring that io_uring_enter(2) fails on for good cannot wait:
///   what its requests name stays the kernel's.
/// - Whoever uses the ring keeps it reachable: the finalizer of one that nobody disposed closes and unmaps it, on a thread
///   of which the kernel takes no requests. So it takes none back, and the buffers' memory, which the kernel may still
///   write into, stays mapped. A ring that was never enabled has neither requests nor buffers in use.
/// </remarks>
internal sealed unsafe class Ring : IDisposable
{
    // What a kernel must have, or the ring is of no use to the engine: one mapping for both queues (5.4), completions
    // that are kept when the queue is full (5.5), requests whose data is read when they are taken (5.5), and a limit
    // for the wait (5.11).
    private const uint NeededFeatures = RingConstants.IORING_FEAT_SINGLE_MMAP | RingConstants.IORING_FEAT_NODROP
        | RingConstants.IORING_FEAT_SUBMIT_STABLE | RingConstants.IORING_FEAT_EXT_ARG;

    // The best first; each later one asks for less. NO_SQARRAY is 6.6, DEFER_TASKRUN 6.1, SINGLE_ISSUER 6.0,
    // COOP_TASKRUN 5.19, SUBMIT_ALL 5.18.
    private static readonly uint[] FlagChoices =
    [
        RingConstants.IORING_SETUP_SINGLE_ISSUER | RingConstants.IORING_SETUP_DEFER_TASKRUN | RingConstants.IORING_SETUP_SUBMIT_ALL | RingConstants.IORING_SETUP_NO_SQARRAY,
        RingConstants.IORING_SETUP_SINGLE_ISSUER | RingConstants.IORING_SETUP_DEFER_TASKRUN | RingConstants.IORING_SETUP_SUBMIT_ALL,
        RingConstants.IORING_SETUP_COOP_TASKRUN | RingConstants.IORING_SETUP_SUBMIT_ALL,
        0,
    ];

    private const ulong DiscardedData = ulong.MaxValue;
    private const int ReapRoundsMax = 1024;

    // Owned: closed and unmapped in Dispose.
    private readonly int _descriptor;
    private nint _queues;
    private readonly nuint _queuesBytes;
    private nint _entries;
    private readonly nuint _entriesBytes;

    private readonly uint* _submissionHead;
    private readonly uint* _submissionTail;
    private readonly uint* _submissionFlags;
    private readonly uint _submissionMask;
    private readonly uint _submissionCount;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _completionMask;
    private readonly CompletionEntry* _completions;

    // Our tail runs ahead of the kernel's until Enter hands the new entries over.
    private uint _tail;
    private uint _handedOver;
    private List<BufferRing>? _buffers;
    private bool _enabled;
    private bool _disposed;

    private Ring(int descriptor, RingParameters parameters, nint queues, nuint queuesBytes, nint entries, nuint entriesBytes)
    {
        _descriptor = descriptor;
        _queues = queues;
        _queuesBytes = queuesBytes;
        _entries = entries;
        _entriesBytes = entriesBytes;
        Flags = parameters.Flags;
        SkipSuccess = (parameters.Features & RingConstants.IORING_FEAT_CQE_SKIP) != 0 ? RingConstants.IOSQE_CQE_SKIP_SUCCESS : (byte)0;

        byte* start = (byte*)queues;
        _submissionHead = (uint*)(start + parameters.Submission.Head);
        _submissionTail = (uint*)(start + parameters.Submission.Tail);
        _submissionFlags = (uint*)(start + parameters.Submission.Flags);
        _submissionMask = parameters.SubmissionEntries - 1;
        _submissionCount = parameters.SubmissionEntries;
        _completionHead = (uint*)(start + parameters.Completion.Head);
        _completionTail = (uint*)(start + parameters.Completion.Tail);
        _completionMask = parameters.CompletionEntries - 1;
        _completions = (CompletionEntry*)(start + parameters.Completion.Completions);
        if ((parameters.Flags & RingConstants.IORING_SETUP_NO_SQARRAY) == 0)
        {
            // Kernels before 6.6 take the entries by way of an array of their indices. Ours stay in place.
            uint* array = (uint*)(start + parameters.Submission.Array);
            for (uint i = 0; i < parameters.SubmissionEntries; i++)
            {
                array[i] = i;
            }
        }

        _tail = _handedOver = *_submissionTail;
    }

    ~Ring() => Release();

    /// <summary>The flags that the kernel took: IORING_SETUP_*.</summary>
    internal uint Flags { get; }

    /// <summary>The flag of a request whose success need not be told: IOSQE_CQE_SKIP_SUCCESS; 0 before Linux 5.17.</summary>
    internal byte SkipSuccess { get; }

    /// <summary>How many requests fit between two enters.</summary>
    internal int Capacity => (int)_submissionCount;

    /// <summary>How many completions fit before the kernel keeps them elsewhere.</summary>
    internal int CompletionCapacity => (int)_completionMask + 1;

    /// <summary>
    /// True while the kernel keeps completions that did not fit; an enter moves them into the queue as room permits. Until
    /// all are moved it ends every multishot request that has a completion to give.
    /// </summary>
    internal bool HasOverflow => (Volatile.Read(ref *_submissionFlags) & RingConstants.IORING_SQ_CQ_OVERFLOW) != 0;

    /// <summary>The tests' way to have <see cref="Enter"/> fail: the errno that it returns, or 0 to let it through. Null everywhere else.</summary>
    internal Func<Ring, int>? Fault { get; set; }

    /// <summary>True when requests wait for <see cref="Enter"/>.</summary>
    internal bool HasRequests => _tail != _handedOver;

    /// <summary>The position of the request that <see cref="TryNext"/> gave last.</summary>
    internal uint Position => _tail - 1;

    /// <summary>True when the kernel has taken the request at a position that <see cref="Position"/> gave.</summary>
    internal bool IsTaken(uint position) => (int)(position - _handedOver) < 0;

    /// <summary>io_uring_setup(2), with the best flags that the kernel knows. The ring sleeps until <see cref="Enable"/>.</summary>
    /// <param name="entries">How many requests fit between two enters; rounded up to a power of two.</param>
    /// <param name="completions">How many completions fit before the kernel keeps them elsewhere; at least twice the requests.</param>
    /// <param name="made">The ring; null on failure.</param>
    /// <returns>0, or the errno: ENOSYS, EPERM (a filter or sysctl forbids it), ENOMEM, EMFILE, ENOTSUP (the kernel is too old).</returns>
    internal static int TryCreate(int entries, int completions, out Ring? made) => TryCreate(entries, completions, FlagChoices, out made);

    /// <summary>The same with other choices of flags, the best first: what older kernels get.</summary>
    internal static int TryCreate(int entries, int completions, ReadOnlySpan<uint> choices, out Ring? made)
    {
        Platform.Require();
        made = null;
        RingParameters parameters = default;
        int descriptor = -Errno.EINVAL;
        foreach (uint flags in choices)
        {
            parameters = new RingParameters
            {
                Flags = flags | RingConstants.IORING_SETUP_CQSIZE | RingConstants.IORING_SETUP_CLAMP | RingConstants.IORING_SETUP_R_DISABLED,
                CompletionEntries = (uint)completions,
            };
            descriptor = Libc.RingSetup((uint)entries, ref parameters);
            if (descriptor != -Errno.EINVAL)
            {
                break;
            }
        }

        if (descriptor < 0)
        {
            return -descriptor;
        }

        int errno = (parameters.Features & NeededFeatures) == NeededFeatures
            ? TryMap(descriptor, parameters, out made)
            : Errno.EOPNOTSUPP;
        if (errno != 0)
        {
            Libc.Close(descriptor);
        }

        return errno;
    }

    /// <summary>IORING_REGISTER_ENABLE_RINGS: from now on the ring is the calling thread's.</summary>
    internal void Enable()
    {
        int errno = TryEnable();
        if (errno != 0)
        {
            throw InteropException.For("io_uring_register IORING_REGISTER_ENABLE_RINGS", errno);
        }
    }

    /// <summary>The same, with the failure as a value.</summary>
    /// <returns>0, or the errno.</returns>
    internal int TryEnable()
    {
        int result = Libc.RingRegister(_descriptor, RingConstants.IORING_REGISTER_ENABLE_RINGS, null, 0);
        _enabled = result >= 0;
        return Math.Max(-result, 0);
    }

    /// <summary>The next request, zeroed, to be filled in; the kernel sees it at the next <see cref="Enter"/>.</summary>
    /// <returns>False when the queue is full: enter first.</returns>
    internal bool TryNext(out Submission request)
    {
        if (_tail - Volatile.Read(ref *_submissionHead) == _submissionCount)
        {
            request = default;
            return false;
        }

        var entry = (SubmissionEntry*)_entries + (_tail & _submissionMask);
        *entry = default;
        _tail++;
        request = new Submission(ref *entry);
        return true;
    }

    /// <summary>io_uring_enter(2): hands the new requests over and waits for completions.</summary>
    /// <param name="wait">How many completions to wait for; those that are there already count.</param>
    /// <param name="limitNs">Nanoseconds to wait at most; negative is without limit.</param>
    /// <returns>
    /// 0, or −errno. EINTR, ETIME and EBUSY are no failures: what was handed over is, and completions may be there. When
    /// anything was handed over, the kernel counts that and keeps the wait's end to itself: 0.
    /// </returns>
    internal int Enter(uint wait, long limitNs = -1)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Fault?.Invoke(this) is { } fault and not 0)
        {
            return -fault;
        }

        uint fresh = _tail - _handedOver;
        Volatile.Write(ref *_submissionTail, _tail);
        int result = Libc.RingEnter(_descriptor, fresh, wait, limitNs);

        // The head says how many were taken, the result does not when the wait ended with an errno.
        _handedOver = Volatile.Read(ref *_submissionHead);
        return Math.Min(result, 0);
    }

    /// <summary>The user data of a later completion, if there are so many: what will be dealt with soon.</summary>
    /// <param name="ahead">How many come before it.</param>
    /// <param name="userData">Its request's.</param>
    internal bool TryPeekAhead(uint ahead, out ulong userData)
    {
        uint head = *_completionHead;
        if (Volatile.Read(ref *_completionTail) - head <= ahead)
        {
            userData = 0;
            return false;
        }

        userData = _completions[(head + ahead) & _completionMask].UserData;
        return true;
    }

    /// <summary>The oldest completion, if there is one; it stays until <see cref="Advance"/>.</summary>
    internal bool TryPeek(out CompletionEntry completion)
    {
        uint head = *_completionHead;
        if (head == Volatile.Read(ref *_completionTail))
        {
            completion = default;
            return false;
        }

        completion = _completions[head & _completionMask];
        return true;
    }

    /// <summary>Gives the oldest completion's place back.</summary>
    internal void Advance() => Volatile.Write(ref *_completionHead, *_completionHead + 1);

    /// <summary>IORING_REGISTER_PROBE: which operations this kernel has.</summary>
    internal bool Supports(byte operation)
    {
        const int OperationsMax = 256;
        byte[] answer = new byte[sizeof(ProbeHeader) + (OperationsMax * sizeof(ProbeOperation))];
        fixed (byte* pointer = answer)
        {
            if (Libc.RingRegister(_descriptor, RingConstants.IORING_REGISTER_PROBE, pointer, OperationsMax) < 0
                || operation > ((ProbeHeader*)pointer)->LastOperation)
            {
                return false;
            }

            var operations = (ProbeOperation*)(pointer + sizeof(ProbeHeader));
            return (operations[operation].Flags & RingConstants.IO_URING_OP_SUPPORTED) != 0;
        }
    }

    /// <summary>Gives the kernel a ring of buffers to receive into: IORING_REGISTER_PBUF_RING, 5.19.</summary>
    /// <param name="group">The number by which requests name it.</param>
    /// <param name="count">How many buffers: a power of two up to 32,768.</param>
    /// <param name="bufferBytes">The length of each.</param>
    /// <param name="incremental">False asks for whole buffers even where the kernel could share them out.</param>
    /// <param name="made">The buffers; null on failure. The ring's Dispose takes them back.</param>
    /// <param name="given">How many are the kernel's from the start; by default all.</param>
    /// <returns>0, or the errno.</returns>
    internal int TryCreateBuffers(ushort group, int count, int bufferBytes, bool incremental, out BufferRing? made, int given = int.MaxValue)
    {
        int errno = BufferRing.TryCreate(_descriptor, group, count, bufferBytes, incremental, out made, given);
        if (made is not null)
        {
            (_buffers ??= []).Add(made);
        }

        return errno;
    }

    /// <summary>
    /// Takes back all requests in flight, waits for their completions and closes the ring. What was prepared and not taken is never
    /// made: whoever asked for it may have made it otherwise by now. On the thread that enabled it.
    /// </summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        // The kernel reads the queue's tail in io_uring_enter(2) alone, so what it has not taken there it never sees.
        _tail = _handedOver;
        if (_enabled)
        {
            Reap();
        }

        _disposed = true;
        foreach (BufferRing buffers in _buffers ?? [])
        {
            buffers.Dispose();
        }

        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        Libc.Close(_descriptor);
        Libc.Unmap(_entries, _entriesBytes);
        Libc.Unmap(_queues, _queuesBytes);
        _entries = 0;
        _queues = 0;
    }

    private static int TryMap(int descriptor, RingParameters parameters, out Ring? made)
    {
        made = null;
        nuint queuesBytes = Math.Max(
            parameters.Submission.Array + (parameters.SubmissionEntries * sizeof(uint)),
            parameters.Completion.Completions + (parameters.CompletionEntries * (uint)sizeof(CompletionEntry)));
        nuint entriesBytes = parameters.SubmissionEntries * (uint)sizeof(SubmissionEntry);
        int result = Libc.MapQueue(descriptor, RingConstants.IORING_OFF_SQ_RING, queuesBytes, out nint queues);
        if (result < 0)
        {
            return -result;
        }

        result = Libc.MapQueue(descriptor, RingConstants.IORING_OFF_SQES, entriesBytes, out nint entries);
        if (result < 0)
        {
            Libc.Unmap(queues, queuesBytes);
            return -result;
        }

        made = new Ring(descriptor, parameters, queues, queuesBytes, entries, entriesBytes);
        return 0;
    }

    // ASYNC_CANCEL of everything, again and again until it says that nothing is left. Closing alone would leave the
    // kernel to do it in its own time, and the files that requests hold would stay open meanwhile.
    private void Reap()
    {
        for (int round = 0; round < ReapRoundsMax; round++)
        {
            while (TryPeek(out _))
            {
                Advance();
            }

            if (!TryNext(out Submission request))
            {
                Enter(wait: 0);
                continue;
            }

            request.Entry.Operation = RingConstants.IORING_OP_ASYNC_CANCEL;
            request.Entry.Descriptor = -1;
            request.Entry.OperationFlags = RingConstants.IORING_ASYNC_CANCEL_ALL | RingConstants.IORING_ASYNC_CANCEL_ANY;
            request.Entry.UserData = DiscardedData;
            int result = Enter(wait: 1);
            if (result < 0 && result is not (-Errno.EINTR or -Errno.EBUSY or -Errno.EAGAIN or -Errno.EBADR))
            {
                // The ring does not serve any more. Its close has the kernel take back what is left, in its own time; so its
                // user must not give the memory of what never completed to anybody else.
                return;
            }

            while (TryPeek(out CompletionEntry completion))
            {
                Advance();

                // The number of requests that were cancelled; none, or an older kernel that knows no ANY.
                if (completion.UserData == DiscardedData && completion.Result is 0 or -Errno.ENOENT or -Errno.EINVAL)
                {
                    return;
                }
            }
        }
    }
}

/// <summary>A place in the submission queue. Valid until the ring's next <see cref="Ring.Enter"/>.</summary>
internal readonly ref struct Submission(ref SubmissionEntry entry)
{
    /// <summary>The request to fill in.</summary>
    internal readonly ref SubmissionEntry Entry = ref entry;
}
