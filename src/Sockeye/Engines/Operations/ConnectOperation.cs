using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>connect(2), and its completion.</summary>
internal sealed class ConnectOperation(SocketCore socket) : SocketAction(socket, OperationQueue.Write)
{
    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;
    private EndPoint? _peer;
    private TimeSpan? _limit;
    private bool _isUnderWay;

    internal static ConnectOperation Rent(SocketCore socket) => socket.Extras.Connect.Take<ConnectOperation>() ?? new ConnectOperation(socket);

    internal override string Call => "connect";

    /// <param name="peer">Where to.</param>
    /// <param name="limit">What is left of a limit over several connects; null is the socket's own limit.</param>
    internal ConnectOperation With(EndPoint peer, TimeSpan? limit = null)
    {
        _limit = limit;
        _addressLength = AddressCodecs.Encode(peer, _address);
        _peer = peer;
        return this;
    }

    internal override bool TryComplete()
    {
        var step = new ConnectStep(_address.AsSpan(0, _addressLength), _peer!, ref _isUnderWay);
        return Complete(ref step);
    }

    protected override TimeSpan? Limit => Socket.ConnectLimit(_limit ?? base.Limit);

    protected override EndPoint? Subject => _peer;

    protected override void Reset()
    {
        _limit = null;
        _peer = null;
        _isUnderWay = false;
    }

    protected override void Return() => Socket.Extras.Connect.Put(this);
}

/// <summary>connect(2), or the question how the one that is under way goes.</summary>
/// <remarks>
/// How it went, POLLERR and POLLHUP say first: then the error is in SO_ERROR, and in most families a second connect(2) would
/// not tell it. VSOCK says EALREADY for ever, TIPC says EINVAL, and SCTP starts a new association. Where poll(2) says neither, that
/// second connect(2) is exact: EALREADY while it is under way, 0 or EISCONN once connected. (SO_ERROR alone is not: it tells
/// of a passing ICMP error too; nor is POLLOUT: a socket that never connected polls as writable.)
/// A UNIX listener with a full backlog answers EAGAIN, and the kernel tells a non-blocking caller of no free place
/// (unix(7)); a timer asks again.
/// </remarks>
internal readonly ref struct ConnectStep(ReadOnlySpan<byte> address, EndPoint peer, ref bool isUnderWay) : ICallStep
{
    private readonly ReadOnlySpan<byte> _address = address;
    private readonly ref bool _isUnderWay = ref isUnderWay;

    public int Call(SocketCore socket, in Progress progress) => Ask(socket, _address, _isUnderWay);

    public StepResult Take(SocketCore socket, int answer, ref Progress progress)
    {
        StepResult result = TakeConnected(socket, answer, ref _isUnderWay, ref progress);
        if (result == StepResult.Done && progress.Errno == 0)
        {
            socket.SetConnected(peer);
        }

        return result;
    }

    /// <summary>The error of a connect that is under way, or connect(2). One that a signal interrupts goes on (connect(2), EINTR).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="address">Where to, as a sockaddr.</param>
    /// <param name="isUnderWay">This caller's connect has begun: it is asked about, and never begun anew.</param>
    /// <returns>0, or −errno. ECONNABORTED: it failed, and somebody else has read why from SO_ERROR.</returns>
    internal static int Ask(SocketCore socket, ReadOnlySpan<byte> address, bool isUnderWay)
    {
        int errno = Failure(socket);
        if (errno == 0 && !isUnderWay)
        {
            errno = socket.PrepareConnect(address);
        }

        if (errno != 0)
        {
            return -errno;
        }

        int answer = Libc.Connect(socket.Handle, address);
        if (answer == -Errno.EALREADY)
        {
            errno = socket.PrepareConnectAgain();
            answer = errno != 0 ? -errno : isUnderWay ? -Errno.ECONNABORTED : Libc.Connect(socket.Handle, address);
        }

        answer = answer == -Errno.EINTR ? -Errno.EINPROGRESS : answer;
        if (answer is 0 or -Errno.EINPROGRESS)
        {
            socket.NoteConnectBegun(address);
        }

        return answer;
    }

    /// <summary>What the result of <see cref="Ask"/> means.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="answer">0, or −errno.</param>
    /// <param name="isUnderWay">False before the first result; kept between attempts.</param>
    /// <param name="progress">Gets the outcome.</param>
    internal static StepResult TakeConnected(SocketCore socket, int answer, ref bool isUnderWay, ref Progress progress)
    {
        switch (answer)
        {
            case -Errno.EINPROGRESS:
                isUnderWay = true;
                socket.IsConnecting = true;
                return StepResult.Wait;
            case -Errno.EAGAIN:
                return StepResult.Pause;
            case -Errno.EALREADY when isUnderWay:
                return StepResult.Wait;
            case -Errno.EALREADY:
                // Another call's, which was given up and goes on in the kernel.
                return progress.Done(Errno.EALREADY);
            case -Errno.EISCONN when isUnderWay:
                answer = 0;
                break;
            case -Errno.ECONNABORTED when !isUnderWay && IsLeftOver(socket, ref progress):
                return StepResult.Again;
        }

        socket.IsConnecting = false;
        return progress.Done(-answer);
    }

    /// <summary>
    /// True, once, when ECONNABORTED was an earlier connect's: of one whose error somebody has read from SO_ERROR, INET says
    /// so in place of beginning the next (__inet_stream_connect in net/ipv4/af_inet.c).
    /// </summary>
    internal static bool IsLeftOver(SocketCore socket, ref Progress progress)
    {
        bool isFirst = !progress.HasRepeated && socket.IsInternet;
        progress.HasRepeated |= isFirst;
        return isFirst;
    }

    // Why the connect that is under way has failed; 0 when none is under way, or it has not failed.
    private static int Failure(SocketCore socket)
    {
        if (!socket.IsConnecting
            || socket.Poll(SocketEvents.Writable, out SocketEvents seen) <= 0
            || (seen & (SocketEvents.Error | SocketEvents.HangUp)) == 0)
        {
            return 0;
        }

        int errno = socket.TakeError();
        if (errno != 0 && socket.IsInternet)
        {
            // INET regards the connect as under way until another connect(2) asks for its result or dissolves it. Families that
            // cannot dissolve a connect do not need to.
            socket.Dissolve();
        }

        return errno;
    }
}
