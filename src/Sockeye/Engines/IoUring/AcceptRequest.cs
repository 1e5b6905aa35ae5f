using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines.IoUring;

/// <summary>A listener's ACCEPT, for accepts that are awaited on a loop: one connection for each request.</summary>
/// <remarks>
/// Contract. The ring's thread alone, save for <see cref="Settle"/>.
/// - It is armed while an accept waits, in place of a poll. What it brings goes to the listener's
///   <see cref="AcceptedConnections"/>, and whoever waits takes it from there: so cancel, limit, order and Dispose are as ever.
/// - Not a multishot one: that would take the whole backlog's descriptors for one await, past every limit of the program. What
///   else waits in the kernel's queue is taken by accept4(2), as it is asked for.
/// - Not where others may have the listening socket: what it takes and nobody here asks for would be hidden from them.
/// - The kernel may accept what a cancel has left unasked. A request that nobody awaits is therefore taken back: before the thread
///   sleeps, or in the second turn. At most one connection comes of it, and the next accept takes that.
/// - An error ends the request and goes to who waits, as accept4(2)'s does; where nobody waits it is dropped, for the next
///   accept asks the kernel itself. How many descriptors the process may have the kernel notes when the request is taken
///   (io_accept_prep in io_uring/net.c): a limit that is lowered later holds from the next request on.
/// </remarks>
internal sealed class AcceptRequest : IRingRequest
{
    // Each a millisecond at most: then it goes on as if the request were over.
    private const int TakeBackRoundsMax = 1000;

    // How many turns in a row nobody need wait: an accept whose continuation is put off to the next turn.
    private const int IdleTurnsMax = 1;

    private readonly SocketCore _listener;
    private readonly RingPoller _poller;
    private readonly AcceptedConnections _accepted;
    private volatile bool _isInFlight;
    private bool _isTakenBack;
    private bool _isListed;
    private int _idleTurns;
    private int _errno;

    private AcceptRequest(SocketCore listener, RingPoller poller)
    {
        _listener = listener;
        _poller = poller;
        _accepted = listener.Extras.Accepted ??= new AcceptedConnections();
    }

    ulong IRingRequest.RingToken { get; set; }

    /// <summary>True while the kernel may accept for it. Any thread.</summary>
    internal bool IsInFlight => _isInFlight;

    /// <summary>True while it waits in the ring of the calling thread, in a poll's place.</summary>
    internal bool IsArmedHere => _isInFlight && _poller.IsOwnThread;

    private bool IsAwaited => _listener.Registration is { } registration && !registration.IsIdle(OperationQueue.Read);

    private bool CanArm => _poller is { IsOwnThread: true, HasFailed: false, IsEnding: false };

    /// <summary>An accept of <paramref name="listener"/> is about to wait: has the ring accept for it, where the calling thread has one.</summary>
    /// <exception cref="ObjectDisposedException">The listener is closed.</exception>
    internal static void Await(SocketCore listener)
    {
        SocketExtras extras = listener.Extras;
        if (extras.AcceptRequest is null)
        {
            if (RunQueue.Current?.Engine is not { Poller.Ring: { IsOwnThread: true } poller } engine
                || !ReferenceEquals(listener.EngineIfAny, engine) || !IsOfFitKind(listener))
            {
                return;
            }

            extras.AcceptRequest = new AcceptRequest(listener, poller);
        }

        AcceptRequest request = extras.AcceptRequest;
        if (request.CanArm && listener.Handle is { Closes: true, IsShared: false })
        {
            request.Arm();
        }
        else
        {
            // Another thread's accept, or there is no ring any longer, or others accept from the same queue, who must find there
            // what nobody here has asked for: a poll tells, or an epoll set.
            listener.Registration?.Widen(WatchedEvents.Read);
        }
    }

    /// <summary>What accept4(2) need not be asked for, on the ring's thread: an error that the request ended with, or that nothing has come.</summary>
    /// <returns>False when it must be asked.</returns>
    internal bool TryAnswer(out int errno)
    {
        errno = 0;
        if (_poller.IsOwnThread)
        {
            errno = _errno != 0 ? _errno : _isInFlight && !_isTakenBack ? Errno.EAGAIN : 0;
            _errno = 0;
        }

        return errno != 0;
    }

    /// <summary>
    /// Returns when the kernel accepts nothing that nobody awaits: what comes stays in its queue, where poll(2) and accept4(2) find
    /// it, or is among the accepted ones. Any thread.
    /// </summary>
    internal void Settle()
    {
        if (_isInFlight && !IsAwaited)
        {
            _poller.Settle();
        }
    }

    /// <summary>The ring's thread is about to wait, or to look.</summary>
    /// <param name="sleeps">It may wait for long.</param>
    /// <returns>False when the request is over.</returns>
    internal bool EndTurn(bool sleeps)
    {
        if (!_isInFlight)
        {
            _isListed = false;
            return false;
        }

        if (IsAwaited)
        {
            _idleTurns = 0;
        }
        else if (sleeps || ++_idleTurns > IdleTurnsMax)
        {
            TakeBack();
        }

        return true;
    }

    /// <summary>Takes the request back, unless somebody awaits it, and waits for its end. What it brought by then is accepted.</summary>
    internal void FinishUnlessAwaited()
    {
        if (!_isInFlight || IsAwaited)
        {
            return;
        }

        TakeBack();
        for (int round = 0; round < TakeBackRoundsMax && _isInFlight && !_poller.HasFailed; round++)
        {
            _poller.CompleteEarly(this, mayWait: round != 0);
        }
    }

    void IRingRequest.Complete(int result, uint flags, bool more)
    {
        _isInFlight = false;
        _isTakenBack = false;
        if (result >= 0)
        {
            _accepted.Add(new SocketHandle(result));
        }
        else if (result != -Errno.ECANCELED)
        {
            _errno = -result;
        }

        // Who waits takes it, and asks for the request anew where it is over.
        _listener.Registration?.Ready(read: true, write: false);
        _errno = 0;
        if (_accepted.HasAny)
        {
            // Synchronous calls on other threads wait for the kernel's queue, in which it is not.
            _listener.WakeWaiters();
        }
    }

    // It names no memory. What it may have accepted nobody hears of.
    void IRingRequest.Orphan(int errno) => ((IRingRequest)this).Complete(-Errno.ECANCELED, flags: 0, more: false);

    // Where the kernel's accept gives a connection that is whole without its peer's address: that can be asked for.
    private static bool IsOfFitKind(SocketCore listener) => listener.SocketType == SocketType.Stream
        && (listener.AddressFamily == AddressFamily.Unix
            || (listener.IsInternet && (listener.IsPlainTcp || (int)listener.ProtocolType is (int)ProtocolType.Tcp or ProtocolConstants.IPPROTO_MPTCP)));

    private void Arm()
    {
        if (_isInFlight)
        {
            return;
        }

        ref SubmissionEntry entry = ref _poller.Next(_listener.Handle).Entry;
        entry.Operation = RingConstants.IORING_OP_ACCEPT;
        entry.OperationFlags = SocketConstants.SOCK_CLOEXEC | SocketConstants.SOCK_NONBLOCK;
        entry.UserData = _poller.Add(this);
        _isInFlight = true;
        _isTakenBack = false;
        _idleTurns = 0;
        if (!_isListed)
        {
            _isListed = true;
            _poller.Accepts.Add(this);
        }
    }

    private void TakeBack()
    {
        if (!_isTakenBack)
        {
            _isTakenBack = true;
            _poller.Cancel(this);
        }
    }
}
