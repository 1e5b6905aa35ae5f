using System.Diagnostics;
using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>A thread's place in the list of one socket's waiters. Select has one for each of its sockets.</summary>
internal sealed class WaiterLink(SynchronousWaiter waiter)
{
    /// <summary>The next thread that waits on the same socket. Under that socket's gate.</summary>
    internal WaiterLink? Next;

    internal SynchronousWaiter Waiter { get; } = waiter;

    /// <summary>It waits for what is new of one socket, and hears nothing once the number has got another.</summary>
    internal bool WaitsForEdges;
}

/// <summary>What a waiting thread is woken by when its socket is disposed: an eventfd, rented for the wait.</summary>
/// <remarks>
/// A process that has no descriptor left waits all the same: in slices, looking between them whether it was woken.
/// </remarks>
internal sealed class SynchronousWaiter
{
    // As many as one expects to wait at a time; more are made and closed again.
    private const int RestingMax = 64;

    // How late a Dispose may be noticed by a thread that got no eventfd.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private static readonly Lock RestingGate = new();
    private static readonly SynchronousWaiter?[] Resting = new SynchronousWaiter?[RestingMax];
    private static int s_resting;

    // Owned: closed in Return, when enough are resting. Null when there was none to be had.
    private readonly EventDescriptor? _wake;
    private volatile bool _signaled;

    private SynchronousWaiter(EventDescriptor? wake)
    {
        _wake = wake;
        Link = new WaiterLink(this);
    }

    /// <summary>The link for a wait on one socket.</summary>
    internal WaiterLink Link { get; }

    /// <summary>A waiter for one wait; <see cref="Return"/> ends it.</summary>
    internal static SynchronousWaiter Rent()
    {
        // What it is to wait for may depend on what this thread, a loop's, has prepared.
        RingPoller.Own?.FinishTries();
        lock (RestingGate)
        {
            if (s_resting > 0)
            {
                SynchronousWaiter rested = Resting[--s_resting]!;
                Resting[s_resting] = null;
                return rested;
            }
        }

        EventDescriptor.TryCreate(out EventDescriptor? wake);
        return new SynchronousWaiter(wake);
    }

    /// <summary>Wakes the thread. Under the gate of a socket that has it in its list.</summary>
    internal void Signal()
    {
        _signaled = true;
        _wake?.Signal();
    }

    /// <summary>ppoll(2), ended by <see cref="Signal"/>. A signal to the process does not lengthen it: it resumes with what is left (PEP 475).</summary>
    /// <param name="descriptors">What to wait for; the last place is the waiter's own.</param>
    /// <param name="limit">How long at most; negative waits without limit.</param>
    /// <returns>More than 0 when ready, 0 at the limit, else −errno: −EBADF when woken.</returns>
    internal int Poll(Span<PollDescriptor> descriptors, TimeSpan limit)
    {
        descriptors[^1] = new PollDescriptor { Descriptor = _wake?.Handle.Number ?? -1, Events = PollConstants.POLLIN };
        long start = limit > TimeSpan.Zero ? Stopwatch.GetTimestamp() : 0;
        TimeSpan left = limit;
        while (true)
        {
            bool isSlice = _wake is null && (limit < TimeSpan.Zero || left > Slice);
            int result = Libc.Poll(descriptors, isSlice ? Slice : left);
            if (_wake is null ? _signaled : result > 0 && descriptors[^1].Returned != 0)
            {
                return -Errno.EBADF;
            }

            if (result != -Errno.EINTR && !(result == 0 && isSlice))
            {
                return result;
            }

            if (limit > TimeSpan.Zero)
            {
                left = TimeSpan.FromTicks(Math.Max(0, (limit - Stopwatch.GetElapsedTime(start)).Ticks));
            }
        }
    }

    /// <summary>
    /// Forgets a signal, so that the thread may wait again. It looks at what the signal may have meant afterwards: one that comes
    /// meanwhile counts anew.
    /// </summary>
    internal void Reset()
    {
        _signaled = false;
        _wake?.Drain();
        Interlocked.MemoryBarrier();
    }

    /// <summary>Ends the rent, once no socket has it in its list any more.</summary>
    internal void Return()
    {
        if (_wake is null)
        {
            return;
        }

        if (_signaled)
        {
            _signaled = false;
            _wake.Drain();
        }

        lock (RestingGate)
        {
            if (s_resting < RestingMax)
            {
                Resting[s_resting++] = this;
                return;
            }
        }

        _wake.Dispose();
    }
}
