using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>A ring's multishot polls: one for each socket, and one for the wake-up.</summary>
/// <remarks>
/// Contract. The ring's thread alone.
/// - A poll in the ring holds the socket's file: close(2) alone would neither send the end of stream nor free the port. So it is
///   taken back.
/// - A poll that ends while its socket lives (the queue was full, a kernel's whim) is made anew.
/// </remarks>
internal sealed class RingPolls(RingPoller poller, RingQueues queues, RingFallback fallback, EventDescriptor wake)
{
    // Those that ended while their sockets live, by token.
    private readonly Queue<ulong> _ended = new();

    /// <summary>True when polls are to be made anew.</summary>
    internal bool HasEnded => _ended.Count != 0;

    /// <summary>Arms a socket's poll, if it has none and is watched still.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Arm(Registration registration)
    {
        if (registration.IsArmed || registration.IsForgotten || registration.Watched == WatchedEvents.None)
        {
            return 0;
        }

        try
        {
            ref SubmissionEntry entry = ref queues.Next(registration.Handle).Entry;
            entry.Operation = RingConstants.IORING_OP_POLL_ADD;
            entry.Length = RingConstants.IORING_POLL_ADD_MULTI;

            // The token first: what is watched grows before the token is renewed, so that a new token never goes with less.
            entry.UserData = fallback.Token(registration);
            entry.OperationFlags = registration.Events;
            registration.IsArmed = true;
            return 0;
        }
        catch (ObjectDisposedException)
        {
            return Errno.EBADF;
        }
    }

    /// <summary>Arms it under the token that it has now.</summary>
    internal void Rearm(Registration registration)
    {
        if (fallback.HasFormerToken(registration))
        {
            Disarm(registration);
        }

        Arm(registration);
    }

    /// <summary>Takes a socket's poll back, if it has one.</summary>
    internal void Disarm(Registration registration)
    {
        ulong token = fallback.TakeToken(registration);
        if (!registration.IsArmed)
        {
            return;
        }

        registration.IsArmed = false;
        if (queues.Exists)
        {
            queues.Cancel(token, RingUserData.Disarm);
        }

        // Else it went with the ring: the last reference to a socket may go while the ring is left.
    }

    /// <summary>Arms the poll of the wake-up.</summary>
    internal void ArmWake()
    {
        ref SubmissionEntry entry = ref queues.Next().Entry;
        entry.Operation = RingConstants.IORING_OP_POLL_ADD;
        entry.Descriptor = wake.Handle.Number;
        entry.Length = RingConstants.IORING_POLL_ADD_MULTI;
        entry.OperationFlags = EpollConstants.EPOLLIN | EpollConstants.EPOLLET;
        entry.UserData = RingUserData.Wake;
    }

    /// <summary>Takes a completion of a socket's poll.</summary>
    internal void Complete(in CompletionEntry completion)
    {
        if (poller.Find(completion.UserData) is not { } registration)
        {
            return;
        }

        // Before the socket hears of it, which may have it watched for more: by another poll.
        bool hasEnded = (completion.Flags & RingConstants.IORING_CQE_F_MORE) == 0;
        if (hasEnded)
        {
            registration.IsArmed = false;
        }

        // A poll that failed says nothing of the socket; whoever waits asks it himself.
        registration.Ready(completion.Result < 0 ? EpollConstants.EPOLLERR : (uint)completion.Result);
        if (hasEnded && completion.Result is >= 0 or -Errno.ENOMEM)
        {
            _ended.Enqueue(completion.UserData);
        }
    }

    /// <summary>
    /// Makes those anew that have ended. Not at once: while completions wait outside the full queue, the kernel ends each
    /// multishot poll that has something to say, and a new one on a writable socket has. Armed where they ended, they would end
    /// again, for ever. So only when all completions are in, and no more of them than the queue has room for.
    /// </summary>
    internal void ArmEnded()
    {
        for (int room = queues.Ring.CompletionCapacity / 2; room > 0 && _ended.Count != 0 && !queues.Ring.HasOverflow; room--)
        {
            if (poller.Find(_ended.Dequeue()) is { } registration)
            {
                Arm(registration);
            }
        }
    }

    /// <summary>The ring goes, and all polls with it.</summary>
    internal void Clear() => _ended.Clear();
}
