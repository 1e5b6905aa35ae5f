using System.Net;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>connect(2), and its completion.</summary>
/// <remarks>
/// What an attempt that waited has come to is asked of SO_ERROR first, and only where that knows of no failure of a second
/// connect(2): EALREADY while it is under way, 0 or EISCONN once connected. Neither would do alone. POLLOUT and an SO_ERROR of 0
/// are also what a socket gives that never connected; and after a refusal a second connect(2) says EALREADY for ever on
/// VSOCK, and begins a new association, refused in its turn, on SCTP.
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
        _limit = Socket.ConnectLimit(limit ?? base.Limit);
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
        if (socket.IsConnecting && socket.TakeError() is > 0 and var errno)
        {
            socket.IsConnecting = false;
            return -errno;
        }

        int result = Libc.Connect(socket.Handle, address);
        if (result == -Interop.Errno.ECONNABORTED && !underWay)
        {
            // What INET says once after an attempt whose error was read (net/ipv4/af_inet.c, __inet_stream_connect): it is no
            // answer to this one, which begins now.
            result = Libc.Connect(socket.Handle, address);
        }

        switch (result)
        {
            case -Interop.Errno.EINPROGRESS or -Interop.Errno.EINTR:
                underWay = true;
                socket.IsConnecting = true;
                return -Interop.Errno.EINPROGRESS;
            case -Interop.Errno.EALREADY:
                return underWay ? -Interop.Errno.EINPROGRESS : result;
            case -Interop.Errno.EISCONN when underWay:
                return 0;
            default:
                socket.IsConnecting = false;
                return result;
        }
    }

    protected override TimeSpan? Limit => _limit;

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
