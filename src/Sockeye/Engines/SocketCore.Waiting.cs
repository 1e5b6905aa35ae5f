using System.Diagnostics;
using Sockeye.Interop;

namespace Sockeye.Engines;

// How synchronous calls wait: in ppoll(2) on the calling thread, on the socket and on an eventfd rented for the wait, so
// that Dispose can wake it without shutdown(2), which would reach every duplicate of the descriptor (docs/adr/0002).
internal sealed partial class SocketCore
{
    /// <summary>ppoll(2) on this socket, which Dispose ends.</summary>
    /// <param name="events">poll(2)'s events; 0 waits for Dispose alone.</param>
    /// <param name="limit">How long at most; negative waits without limit.</param>
    /// <param name="seen">What the socket is ready for.</param>
    /// <param name="edges">Wait for its next event instead, which <see cref="WatchEdges"/> has asked for.</param>
    /// <param name="renewals">Of which of its descriptor's sockets these are the edges: <see cref="Renewals"/> before they were asked for.</param>
    /// <returns>More than 0 when ready, 0 at the limit, else −errno: −EBADF after Dispose.</returns>
    internal int PollOrWake(short events, TimeSpan limit, out short seen, EpollSet? edges = null, int renewals = 0)
    {
        seen = 0;
        SynchronousWaiter waiter = SynchronousWaiter.Rent();
        bool added = false;
        bool referenced = false;

        // One and the same to the end: the socket may take over another meanwhile.
        SocketHandle handle = Handle;
        try
        {
            added = AddWaiter(waiter.Link, edges is not null);
            if (!added)
            {
                return -Errno.EBADF;
            }

            if (edges is not null && renewals != Renewals)
            {
                return 1;
            }

            handle = Handle;
            handle.DangerousAddRef(ref referenced);
            Span<PollDescriptor> descriptors = stackalloc PollDescriptor[2];
            descriptors[0] = edges is not null ? new PollDescriptor { Descriptor = edges.Number, Events = PollConstants.POLLIN }
                : new PollDescriptor { Descriptor = events == 0 ? -1 : handle.Number, Events = events };
            long start = Stopwatch.GetTimestamp();
            TimeSpan left = limit;
            int result;
            while (true)
            {
                // What is accepted from here on wakes the waiter.
                if (HasAccepted(events))
                {
                    seen = PollConstants.POLLIN;
                    return 1;
                }

                result = waiter.Poll(descriptors, left);
                if (result != -Errno.EBADF || ExtrasIfAny?.Accepted is null)
                {
                    break;
                }

                // Woken for a connection, unless the socket has closed or become another.
                waiter.Reset();
                if (IsClosed || !ReferenceEquals(handle, Handle) || (edges is not null && renewals != Renewals))
                {
                    break;
                }

                left = limit < TimeSpan.Zero ? limit : TimeSpan.FromTicks(Math.Max(0, (limit - Stopwatch.GetElapsedTime(start)).Ticks));
            }

            seen = descriptors[0].Returned;
            if (result > 0 && edges is not null)
            {
                // Takes the event, so that the set is quiet until the next.
                result = Math.Max(edges.Wait(0), 1);
            }

            return result == -Errno.EBADF && edges is not null && renewals != Renewals ? 1 : result;
        }
        catch (ObjectDisposedException)
        {
            return -Errno.EBADF;
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }

            if (added)
            {
                RemoveWaiter(waiter.Link);
            }

            waiter.Return();
        }
    }

    /// <summary>poll(2) that looks and does not wait.</summary>
    /// <param name="wanted">Which events to look for; Error and HangUp are always reported.</param>
    /// <param name="seen">What the socket is ready for; nothing when the call fails.</param>
    /// <returns>More than 0 when ready, 0 when not, else −errno.</returns>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    internal int Poll(SocketEvents wanted, out SocketEvents seen)
    {
        bool referenced = false;
        SocketHandle handle = Handle;
        try
        {
            handle.DangerousAddRef(ref referenced);
            Span<PollDescriptor> descriptor = [new PollDescriptor { Descriptor = handle.Number, Events = (short)wanted }];
            int result = Libc.Poll(descriptor, TimeSpan.Zero);
            seen = (SocketEvents)descriptor[0].Returned;
            if (result >= 0 && (wanted & SocketEvents.Readable) != 0 && ExtrasIfAny?.Accepted is { HasAny: true })
            {
                // Connections that the kernel no longer knows of.
                seen |= SocketEvents.Readable;
                result = 1;
            }

            return result;
        }
        finally
        {
            if (referenced)
            {
                handle.DangerousRelease();
            }
        }
    }

    /// <summary>An epoll(7) set that reports each new event of this socket once.</summary>
    /// <returns>Null when the process has no descriptor left: the caller then pauses between its attempts.</returns>
    internal EpollSet? WatchEdges(short events)
    {
        if (EpollSet.TryCreate(capacity: 1, out EpollSet? edges) != 0)
        {
            return null;
        }

        try
        {
            if (edges!.Add(Handle, (ushort)events | EpollConstants.EPOLLET, data: 0) >= 0)
            {
                return edges;
            }
        }
        catch (ObjectDisposedException)
        {
            // The next wait finds the socket closed, and says so.
        }

        edges!.Dispose();
        return null;
    }

    /// <summary>
    /// True when <paramref name="events"/> ask for readiness to read and this listener has connections that the kernel no longer
    /// knows of. Those that a ring accepts unasked it accepts no longer.
    /// </summary>
    internal bool HasAccepted(short events)
    {
        if ((events & PollConstants.POLLIN) == 0 || ExtrasIfAny is not { Accepted: { } accepted } extras)
        {
            return false;
        }

        // The caller is among the waiters by now, or does not wait: WakeWaiters looks the other way round.
        Interlocked.MemoryBarrier();
        if (!accepted.HasAny)
        {
            extras.AcceptRequest?.Settle();
        }

        return accepted.HasAny;
    }

    /// <summary>Wakes the threads that wait in synchronous calls: they look again.</summary>
    internal void WakeWaiters()
    {
        Interlocked.MemoryBarrier();
        if (ExtrasIfAny is not { } extras || Volatile.Read(ref extras.Waiters) is null)
        {
            return;
        }

        lock (this)
        {
            for (WaiterLink? waiter = extras.Waiters; waiter is not null; waiter = waiter.Next)
            {
                waiter.Waiter.Signal();
            }
        }
    }

    internal bool AddWaiter(WaiterLink waiter, bool waitsForEdges = false)
    {
        lock (this)
        {
            if (IsClosed)
            {
                return false;
            }

            ref WaiterLink? first = ref Extras.Waiters;
            waiter.Next = first;
            waiter.WaitsForEdges = waitsForEdges;
            first = waiter;
            return true;
        }
    }

    internal void RemoveWaiter(WaiterLink waiter)
    {
        lock (this)
        {
            ref WaiterLink? link = ref Extras.Waiters;
            while (!ReferenceEquals(link, waiter))
            {
                link = ref link!.Next;
            }

            link = waiter.Next;
            waiter.Next = null;
        }
    }
}
