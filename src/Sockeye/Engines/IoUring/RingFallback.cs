using Sockeye.Engines.Epoll;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>The epoll set that waits in the place of a ring that has failed for good, and who is in which of the two.</summary>
/// <remarks>
/// Contract.
/// - Until <see cref="TakeOver"/> there is no set, and nothing is watched here.
/// - <see cref="Watch"/>, <see cref="WatchMore"/>, <see cref="Unwatch"/>, <see cref="Rewatch"/> and what is asked of tokens are for any thread, all else for
///   the waiting one.
/// - Any thread that registers a socket sees the set, or its socket is among those that are taken over.
/// </remarks>
internal sealed class RingFallback(RingPoller poller, EventDescriptor wake) : IDisposable
{
    // How long nothing is looked for where a descriptor or memory is short.
    private const int PauseMs = 50;

    // Guards the set, and which sockets are in it.
    private readonly Lock _gate = new();

    // The token under which a poll may be armed of a socket that has had another since: rare. Under the gate.
    private readonly Dictionary<Registration, ulong> _formerTokens = [];

    // Owned: closed in Dispose.
    private EpollWatch? _epoll;
    private bool _isShort;

    /// <summary>True once the set waits.</summary>
    internal bool IsActive => Volatile.Read(ref _epoll) is not null;

    /// <summary>As <see cref="Poller"/>'s.</summary>
    internal bool Wait(int timeoutMs)
    {
        if (_epoll is { } epoll)
        {
            return epoll.Wait(timeoutMs);
        }

        // Not at once where a descriptor or memory is short: it was asked for in the last turn already.
        Pause(timeoutMs);
        return true;
    }

    /// <summary>As <see cref="Poller"/>'s.</summary>
    internal void Dispatch() => _epoll!.Dispatch(poller);

    /// <summary>
    /// Makes the set, puts all sockets in it, and has each one's queues tried once, as after any event: what the ring would
    /// have told of them is lost. Without a descriptor for the set nothing is done, and the next turn calls again.
    /// </summary>
    internal void TakeOver()
    {
        int errno = EpollWatch.TryCreate(wake, out EpollWatch? epoll);
        if (errno != 0)
        {
            _isShort = true;
            return;
        }

        var refused = new List<(Registration Registration, int Errno)>();
        List<Registration> all;
        lock (_gate)
        {
            Volatile.Write(ref _epoll, epoll);
            _formerTokens.Clear();
            all = poller.Registrations();
            foreach (Registration registration in all)
            {
                registration.IsArmed = false;
                try
                {
                    errno = Watch(registration);
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

        foreach (Registration registration in all)
        {
            registration.Ready(read: true, write: true);
        }
    }

    /// <summary>The socket joins the set. Before there is one that is <see cref="TakeOver"/>'s to do.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Watch(Registration registration)
    {
        lock (_gate)
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

    /// <summary>The socket's next poll has another token, unless the ring has failed.</summary>
    /// <returns>False when it has: the set watches.</returns>
    internal bool TryRenewToken(Registration registration)
    {
        lock (_gate)
        {
            if (poller.HasFailed)
            {
                return false;
            }

            _formerTokens.TryAdd(registration, registration.Token);
            poller.RenewToken(registration);
            return true;
        }
    }

    /// <summary>The set watches for what the registration says now, if the socket is in it.</summary>
    /// <returns>0, or the errno.</returns>
    internal int WatchMore(Registration registration)
    {
        lock (_gate)
        {
            return _epoll is { } epoll && registration.IsArmed ? epoll.WatchMore(registration) : Watch(registration);
        }
    }

    /// <summary>The socket leaves the set, if it is in it.</summary>
    internal void Unwatch(Registration registration)
    {
        lock (_gate)
        {
            _formerTokens.Remove(registration);
            LeaveSet(registration);
        }
    }

    // Under the gate.
    private void LeaveSet(Registration registration)
    {
        if (_epoll is { } epoll && registration.IsArmed)
        {
            registration.IsArmed = false;
            epoll.Unwatch(registration);
        }
    }

    /// <summary>
    /// As <see cref="Poller"/>'s, as far as the number, the token and the set go; the ring is the caller's. The number first,
    /// then the token, then the ring: a poll that was armed under the new token is the new socket's for sure. One under the
    /// old token may be either's, and is taken back. The fall-back comes before all of that or after.
    /// </summary>
    internal int Rewatch(Registration registration, SocketHandle replacement, bool closeOnExec, out bool isWatched)
    {
        lock (_gate)
        {
            // epoll(7) names an entry by the socket and its number: it must go while they are together.
            try
            {
                // The token that a poll may be armed under is kept: that poll is still to be taken back.
                LeaveSet(registration);
            }
            catch (ObjectDisposedException)
            {
                // The engine has ended, and its set with it. The descriptor has not.
            }

            int result = Libc.DuplicateOnto(replacement, registration.Handle, closeOnExec);
            if (result >= 0)
            {
                if (!poller.HasFailed)
                {
                    _formerTokens.TryAdd(registration, registration.Token);
                }

                poller.RenewToken(registration);
            }

            try
            {
                isWatched = Watch(registration) == 0;
            }
            catch (ObjectDisposedException)
            {
                isWatched = false;
            }

            return result;
        }
    }

    /// <summary>A poll is armed now: the token that it is armed under is the socket's own.</summary>
    /// <returns>The token.</returns>
    internal ulong Token(Registration registration)
    {
        lock (_gate)
        {
            _formerTokens.Remove(registration);
            return registration.Token;
        }
    }

    /// <summary>True when the socket has had another token since a poll of it may have been armed.</summary>
    internal bool HasFormerToken(Registration registration)
    {
        lock (_gate)
        {
            return _formerTokens.ContainsKey(registration);
        }
    }

    /// <summary>The poll is taken back now.</summary>
    /// <returns>The token that it was armed under.</returns>
    internal ulong TakeToken(Registration registration)
    {
        lock (_gate)
        {
            return _formerTokens.Remove(registration, out ulong former) ? former : registration.Token;
        }
    }

    /// <summary>No poll is armed any longer.</summary>
    internal void ForgetTokens()
    {
        lock (_gate)
        {
            _formerTokens.Clear();
        }
    }

    public void Dispose() => _epoll?.Dispose();

    // Nothing can wait for the sockets until a descriptor is free, and nobody tells of that. Timers and posted work go on.
    private void Pause(int timeoutMs)
    {
        if (_isShort && timeoutMs != 0)
        {
            Span<PollDescriptor> descriptors = [new PollDescriptor { Descriptor = wake.Handle.Number, Events = PollConstants.POLLIN }];
            if (Libc.Poll(descriptors, TimeSpan.FromMilliseconds(timeoutMs < 0 ? PauseMs : Math.Min(timeoutMs, PauseMs))) > 0)
            {
                wake.Drain();
            }
        }
    }
}
