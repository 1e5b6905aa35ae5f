using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>connect(2), and its completion.</summary>
/// <remarks>
/// A second connect(2) asks how the first went: EALREADY while it is under way, 0 or EISCONN once connected, else the
/// error. That is exact where SO_ERROR and POLLOUT are not: a socket that never connected polls as writable too.
/// A UNIX listener with a full backlog answers EAGAIN, and the kernel tells a non-blocking caller of no free place
/// (unix(7)); a timer asks again, at first after 1 ms, then ever later, up to 50 ms.
/// </remarks>
internal sealed class ConnectOperation(SocketCore socket) : SocketAction(socket, OperationLane.Write)
{
    internal static readonly TimeSpan LongestRetry = TimeSpan.FromMilliseconds(50);

    private readonly byte[] _address = GC.AllocateUninitializedArray<byte>(SocketConstants.AddressBytesMax);
    private int _addressLength;
    private EndPoint? _peer;
    private TimeSpan? _limit;
    private bool _underWay;
    private RetryTimer? _retry;

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
        int result = Connect(Socket, _address.AsSpan(0, _addressLength), ref _underWay);
        if (result == -Interop.Errno.EINPROGRESS)
        {
            return false;
        }

        if (result == -Interop.Errno.EAGAIN)
        {
            _retry ??= new RetryTimer(this, LongestRetry);
            _retry.Arm();
            return false;
        }

        Errno = -result;
        if (result == 0)
        {
            Socket.SetConnected(_peer!);
        }

        return true;
    }

    /// <summary>connect(2) without waiting.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="address">The peer.</param>
    /// <param name="underWay">False on the first call; kept between calls.</param>
    /// <returns>0 when connected; −EINPROGRESS: wait until writable; −EAGAIN: ask again later; else −errno.</returns>
    internal static int Connect(SocketCore socket, ReadOnlySpan<byte> address, ref bool underWay)
    {
        int result = Libc.Connect(socket.Handle, address);
        switch (result)
        {
            case -Interop.Errno.EINPROGRESS or -Interop.Errno.EINTR:
                underWay = true;
                return -Interop.Errno.EINPROGRESS;
            case -Interop.Errno.EALREADY when underWay:
                return -Interop.Errno.EINPROGRESS;
            case -Interop.Errno.EISCONN when underWay:
                return 0;
            default:
                return result;
        }
    }

    protected override TimeSpan? Limit => _limit ?? base.Limit;

    protected override Exception CreateSocketException() => SocketErrors.Create(Call, _peer, Errno);

    protected override void Reset()
    {
        _retry?.Stop();
        _retry = null;
        _limit = null;
        _peer = null;
        _underWay = false;
    }

    protected override ref OperationSlot Slot => ref Socket.Extras.Connect;
}
