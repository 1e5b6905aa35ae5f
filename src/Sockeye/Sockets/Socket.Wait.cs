using System.Collections;
using System.Diagnostics;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Interop;

namespace Sockeye;

// ppoll(2) and its asynchronous twin: readiness without reading; .NET's Poll and Select.
public partial class Socket
{
    /// <summary>ppoll(2): waits until the socket is ready for any of <paramref name="events"/>; receives nothing.</summary>
    /// <param name="events">What to wait for.</param>
    /// <param name="limit">
    /// How long at most, whatever <see cref="Blocking"/> says; zero looks and returns. Null waits as long as
    /// <see cref="Timeout"/> and <see cref="Blocking"/> say.
    /// </param>
    /// <returns>What the socket is ready for; None when the limit passed.</returns>
    /// <exception cref="SocketException">OperationAborted: disposed meanwhile.</exception>
    public SocketEvents Wait(SocketEvents events, TimeSpan? limit = null)
    {
        SocketResult<SocketEvents> result = TryWait(events, limit);
        return result.Errno is Errno.ETIMEDOUT or Errno.EAGAIN ? SocketEvents.None : OrThrow(result, "wait");
    }

    /// <summary>ppoll(2), with the failure as a value.</summary>
    /// <param name="events">What to wait for.</param>
    /// <param name="limit">As for <see cref="Wait"/>.</param>
    /// <returns>What the socket is ready for; or the errno: ETIMEDOUT, or EAGAIN when the socket does not wait.</returns>
    public SocketResult<SocketEvents> TryWait(SocketEvents events, TimeSpan? limit = null)
    {
        ThrowIfDisposed();
        if (limit is { } own && own != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(own, TimeSpan.Zero, nameof(limit));
        }

        Core.HasAccepted((short)events);
        var seen = SocketEvents.None;
        var progress = default(Progress);
        var step = new WaitStep(events, ref seen);
        TimeSpan? whole = limit is null ? Core.Timeout : limit < TimeSpan.Zero ? null : limit;
        BlockingCall.Run(Core, OperationQueue.Watch, whole, flags: 0, ref step, ref progress, (short)events, always: limit is not null);
        return ToResult(progress, seen);
    }

    /// <summary>Waits until the socket is ready for any of <paramref name="events"/>, asynchronously; receives nothing.</summary>
    /// <param name="events">What to wait for. Several may wait at a time, beside receives and sends.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the socket is ready for.</returns>
    /// <exception cref="SocketException">TimedOut: <see cref="Timeout"/> passed; OperationAborted: disposed meanwhile.</exception>
    public ValueTask<SocketEvents> WaitAsync(SocketEvents events, CancellationToken cancellationToken = default) =>
        new WaitOperation(Usable).With(events).Run(cancellationToken);

    /// <summary>As <see cref="WaitAsync"/>, with the failure as a value.</summary>
    /// <param name="events">What to wait for.</param>
    /// <param name="cancellationToken">Ends the wait: OperationAborted, ECANCELED.</param>
    /// <returns>What the socket is ready for, or the errno.</returns>
    public ValueTask<SocketResult<SocketEvents>> TryWaitAsync(SocketEvents events, CancellationToken cancellationToken = default) =>
        new WaitOperation(Usable).With(events).TryRun(cancellationToken);

    /// <summary>ppoll(2), in .NET's form.</summary>
    /// <param name="microSeconds">How long at most; −1 waits without limit.</param>
    /// <param name="mode">SelectRead: a receive or accept would not wait. SelectWrite: a send would not. SelectError: urgent data or a failed connect.</param>
    /// <returns>True when ready; false for a mode that is none of the three.</returns>
    public bool Poll(int microSeconds, SelectMode mode) => Poll(ToTimeSpan(microSeconds), mode);

    /// <summary>ppoll(2), in .NET's form.</summary>
    /// <param name="timeout">How long at most; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits without limit.</param>
    /// <param name="mode">As for the other overload.</param>
    /// <returns>True when ready; false for a mode that is none of the three.</returns>
    /// <exception cref="SocketException">Interrupted: disposed meanwhile.</exception>
    public bool Poll(TimeSpan timeout, SelectMode mode)
    {
        ThrowIfDisposed();
        CheckSelectTimeout(timeout, nameof(timeout));
        short events = mode switch
        {
            SelectMode.SelectRead => PollConstants.POLLIN,
            SelectMode.SelectWrite => PollConstants.POLLOUT,
            SelectMode.SelectError => PollConstants.POLLPRI,
            _ => 0,
        };
        int result = Core.PollOrWake(events, timeout, out short seen);
        if (result < 0)
        {
            Fail("poll", Core.EndPointForErrors(), -result);
        }

        return result > 0 && IsSelected(mode, seen);
    }

    /// <summary>ppoll(2) of several sockets, in .NET's form: each list keeps only the sockets that are ready.</summary>
    /// <param name="checkRead">Sockets to receive from or accept on; may be null.</param>
    /// <param name="checkWrite">Sockets to send on; may be null.</param>
    /// <param name="checkError">Sockets to watch for urgent data and failed connects; may be null.</param>
    /// <param name="microSeconds">How long at most; −1 waits without limit.</param>
    public static void Select(IList? checkRead, IList? checkWrite, IList? checkError, int microSeconds) =>
        Select(checkRead, checkWrite, checkError, ToTimeSpan(microSeconds));

    /// <summary>ppoll(2) of several sockets, in .NET's form: each list keeps only the sockets that are ready.</summary>
    /// <param name="checkRead">Sockets to receive from or accept on; may be null.</param>
    /// <param name="checkWrite">Sockets to send on; may be null.</param>
    /// <param name="checkError">Sockets to watch for urgent data and failed connects; may be null.</param>
    /// <param name="timeout">How long at most; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits without limit.</param>
    /// <exception cref="ArgumentNullException">All lists are null or empty.</exception>
    /// <exception cref="ArgumentException">A list holds something else than a <see cref="Socket"/>.</exception>
    /// <exception cref="SocketException">Interrupted: one of the sockets was disposed meanwhile.</exception>
    public static void Select(IList? checkRead, IList? checkWrite, IList? checkError, TimeSpan timeout)
    {
        SocketResult result = TrySelect(checkRead, checkWrite, checkError, timeout);
        if (!result.IsSuccess)
        {
            throw result.Errno == Errno.EBADF
                ? SocketErrors.CreateInterrupted("select", endPoint: null)
                : SocketErrors.Create("select", endPoint: null, result.Errno);
        }
    }

    /// <summary>ppoll(2) of several sockets, with the failure as a value: then the lists are left as they were.</summary>
    /// <inheritdoc cref="Select(IList?, IList?, IList?, TimeSpan)" path="/param"/>
    /// <returns>Success, at the limit with empty lists; or the errno: EBADF when one of the sockets was disposed meanwhile.</returns>
    /// <exception cref="ArgumentNullException">All lists are null or empty.</exception>
    /// <exception cref="ArgumentException">A list holds something else than a <see cref="Socket"/>.</exception>
    public static SocketResult TrySelect(IList? checkRead, IList? checkWrite, IList? checkError, TimeSpan timeout)
    {
        int count = (checkRead?.Count ?? 0) + (checkWrite?.Count ?? 0) + (checkError?.Count ?? 0);
        if (count == 0)
        {
            throw new ArgumentNullException(paramName: null, "There is no socket in any of the lists.");
        }

        ThrowIfTooMany(checkRead, nameof(checkRead));
        ThrowIfTooMany(checkWrite, nameof(checkWrite));
        ThrowIfTooMany(checkError, nameof(checkError));
        CheckSelectTimeout(timeout, nameof(timeout));

        // The last place is the waiter's, through which a Dispose of any of the sockets ends the wait.
        SynchronousWaiter waiter = SynchronousWaiter.Rent();
        var descriptors = new PollDescriptor[count + 1];
        int result;
        var selected = new List<(Socket Socket, SocketHandle Handle, WaiterLink Link)>(count);
        try
        {
            AddToSelection(checkRead, PollConstants.POLLIN, selected, descriptors, waiter);
            AddToSelection(checkWrite, PollConstants.POLLOUT, selected, descriptors, waiter);
            AddToSelection(checkError, PollConstants.POLLPRI, selected, descriptors, waiter);
            long start = Stopwatch.GetTimestamp();
            TimeSpan left = timeout;
            while (true)
            {
                // A listener's connections that a ring has accepted already: what it accepts from here on wakes the waiter.
                bool isReady = MarkAccepted(selected, descriptors);
                result = waiter.Poll(descriptors, isReady ? TimeSpan.Zero : left);
                if (isReady && result >= 0)
                {
                    MarkAccepted(selected, descriptors);
                    break;
                }

                if (result != -Errno.EBADF)
                {
                    break;
                }

                waiter.Reset();
                if (selected.Exists(static item => item.Socket.Core.IsDisposed || !ReferenceEquals(item.Handle, item.Socket.Core.Handle)))
                {
                    break;
                }

                left = timeout < TimeSpan.Zero ? timeout : TimeSpan.FromTicks(Math.Max(0, (timeout - Stopwatch.GetElapsedTime(start)).Ticks));
            }
        }
        finally
        {
            foreach ((Socket socket, SocketHandle handle, WaiterLink link) in selected)
            {
                socket.Core.RemoveWaiter(link);
                handle.DangerousRelease();
            }

            waiter.Return();
        }

        if (result < 0)
        {
            return SocketResult.From(-result);
        }

        int reads = checkRead?.Count ?? 0;
        int writes = checkWrite?.Count ?? 0;
        KeepSelected(checkRead, descriptors.AsSpan(0, reads), SelectMode.SelectRead);
        KeepSelected(checkWrite, descriptors.AsSpan(reads, writes), SelectMode.SelectWrite);
        KeepSelected(checkError, descriptors.AsSpan(reads + writes, count - reads - writes), SelectMode.SelectError);
        return SocketResult.Success;
    }

    // poll(2)'s answer as select(2) would say it: an error makes a socket readable and writable, a hang-up readable.
    private static bool IsSelected(SelectMode mode, short returned) => mode switch
    {
        SelectMode.SelectRead => (returned & (PollConstants.POLLIN | PollConstants.POLLHUP | PollConstants.POLLERR)) != 0,
        SelectMode.SelectWrite => (returned & (PollConstants.POLLOUT | PollConstants.POLLERR)) != 0,
        SelectMode.SelectError => (returned & (PollConstants.POLLPRI | PollConstants.POLLERR)) != 0,
        _ => false,
    };

    private static bool MarkAccepted(List<(Socket Socket, SocketHandle Handle, WaiterLink Link)> selected, Span<PollDescriptor> descriptors)
    {
        bool any = false;
        for (int i = 0; i < selected.Count; i++)
        {
            if (selected[i].Socket.Core.HasAccepted(descriptors[i].Events))
            {
                descriptors[i].Returned |= PollConstants.POLLIN;
                any = true;
            }
        }

        return any;
    }

    private static void AddToSelection(
        IList? list, short events, List<(Socket Socket, SocketHandle Handle, WaiterLink Link)> selected, PollDescriptor[] descriptors, SynchronousWaiter waiter)
    {
        if (list is null)
        {
            return;
        }

        foreach (object? item in list)
        {
            if (item is not Socket socket)
            {
                throw new ArgumentException($"Select takes lists of {typeof(Socket).FullName}, not {item?.GetType().FullName ?? "null"}.", nameof(list));
            }

            var link = new WaiterLink(waiter);
            ObjectDisposedException.ThrowIf(!socket.Core.AddWaiter(link), socket);
            bool referenced = false;
            SocketHandle handle = socket.Core.Handle;
            try
            {
                handle.DangerousAddRef(ref referenced);
            }
            finally
            {
                if (!referenced)
                {
                    socket.Core.RemoveWaiter(link);
                }
            }

            descriptors[selected.Count] = new PollDescriptor { Descriptor = handle.Number, Events = events };
            selected.Add((socket, handle, link));
        }
    }

    private static void KeepSelected(IList? list, ReadOnlySpan<PollDescriptor> descriptors, SelectMode mode)
    {
        if (list is null)
        {
            return;
        }

        for (int i = list.Count - 1; i >= 0; i--)
        {
            if (!IsSelected(mode, descriptors[i].Returned))
            {
                list.RemoveAt(i);
            }
        }
    }

    // As in .NET, which took the bound from Windows' FD_SETSIZE-like limit for one list.
    private static void ThrowIfTooMany(IList? list, string name)
    {
        const int SocketsMax = 65536;
        if (list is { Count: > SocketsMax })
        {
            throw new ArgumentOutOfRangeException(name, $"A list may hold at most {SocketsMax} sockets.");
        }
    }

    private static TimeSpan ToTimeSpan(int microSeconds) => microSeconds < 0
        ? System.Threading.Timeout.InfiniteTimeSpan
        : TimeSpan.FromMicroseconds(microSeconds);

    private static void CheckSelectTimeout(TimeSpan timeout, string name)
    {
        if (timeout != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero, name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(timeout, TimeSpan.FromMicroseconds(int.MaxValue), name);
        }
    }
}
