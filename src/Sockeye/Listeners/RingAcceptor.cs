using Sockeye.Engines.IoUring;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>A multishot ACCEPT: one request, and a completion for each connection.</summary>
/// <remarks>
/// The kernel accepts without being asked again, so at the bound the request is taken back; what it had accepted by then is
/// parked. Completions come within the ring's dispatch; what they bring is served in the loop's turn. When the ring has
/// failed, it goes on with calls.
/// </remarks>
internal sealed class RingAcceptor(
    EventLoopListener listener, EventLoopGroup.Member member, Socket socket, bool isRoundRobin, int backlog, RingPoller poller)
    : PlainAcceptor(listener, member, socket, isRoundRobin, backlog), IRingRequest
{
    // Descriptors are owned here until they are sockets.
    private readonly Queue<SocketHandle> _arrived = new();
    private bool _inFlight;
    private bool _ending;
    private bool _takingBack;
    private bool _scheduled;
    private int _errno;

    ulong IRingRequest.RingToken { get; set; }

    void IRingRequest.Complete(int result, uint flags, bool more)
    {
        _inFlight = more;
        if (result >= 0)
        {
            _arrived.Enqueue(new SocketHandle(result));
        }
        else
        {
            _errno = -result;
        }

        if (!_scheduled)
        {
            _scheduled = true;
            Loop.Post(static state => ((RingAcceptor)state!).TakeArrived(), this);
        }
    }

    // It names no memory. A connection that it may have accepted is lost.
    void IRingRequest.Orphan(int errno) => ((IRingRequest)this).Complete(-Errno.ECANCELED, flags: 0, more: false);

    private protected override void Accept()
    {
        if (poller.HasFailed)
        {
            base.Accept();
            return;
        }

        if (_inFlight)
        {
            return;
        }

        try
        {
            ref SubmissionEntry entry = ref poller.Next(Socket.Core.Handle).Entry;
            entry.Operation = RingConstants.IORING_OP_ACCEPT;
            entry.Priority = RingConstants.IORING_ACCEPT_MULTISHOT;
            entry.OperationFlags = SocketConstants.SOCK_CLOEXEC | SocketConstants.SOCK_NONBLOCK;
            entry.UserData = poller.Add(this);
            _inFlight = true;
        }
        catch (ObjectDisposedException)
        {
            // Aborted: nobody listens any more.
        }
    }

    private protected override void EndAccept()
    {
        _ending = true;
        if (_inFlight)
        {
            TakeBack();
        }
        else if (!_scheduled)
        {
            base.EndAccept();
        }
    }

    private void TakeBack()
    {
        if (!_takingBack)
        {
            _takingBack = true;
            poller.Cancel(this);
        }
    }

    private void TakeArrived()
    {
        _scheduled = false;
        while (_arrived.TryDequeue(out SocketHandle? handle))
        {
            Take(new Socket(SocketCore.AcceptedUnasked(Socket.Core, handle)));
        }

        if (_inFlight)
        {
            if (!MayAccept)
            {
                TakeBack();
            }

            return;
        }

        _takingBack = false;
        int errno = _errno;
        _errno = 0;
        if (_ending)
        {
            base.EndAccept();
        }
        else if (errno is 0 or Errno.ECANCELED || IsDeadConnection(errno))
        {
            Resume();
        }
        else
        {
            Failed(errno);
        }
    }
}
