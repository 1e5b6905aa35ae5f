using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Sockeye.Engines;
using Sockeye.Families;
using Sockeye.Interop;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye;

/// <summary>
/// A Linux socket: every member of <see cref="System.Net.Sockets.Socket"/> under its own name, then more of the kernel's
/// API. Each call comes as a throwing member and as a Try member that returns the failure, synchronous and asynchronous.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>Descriptors are close-on-exec and O_NONBLOCK from the start; <see cref="Blocking"/> is emulated: a
/// synchronous call tries at once and, when nothing is ready, waits in ppoll(2) on the calling thread.</item>
/// <item>One reader and one writer at a time are the fast path; further calls wait their turn.</item>
/// <item><see cref="Timeout"/> limits each operation as a whole. Expiry is <see cref="SocketError.TimedOut"/>.</item>
/// <item>All members may be called from any thread.</item>
/// </list>
/// Sources: socket(7), ip(7), ipv6(7), tcp(7), udp(7), unix(7).
/// </remarks>
public partial class Socket : IDisposable
{
    /// <summary>Wraps a core: an accepted connection, a duplicate, one end of a pair.</summary>
    internal Socket(SocketCore core) => Core = core;

    /// <summary>socket(2): opens a socket. On an <see cref="EventLoop"/>'s thread it belongs to that loop, else to <see cref="SocketEngine.Default"/>.</summary>
    /// <param name="addressFamily">.NET's family, or <c>0x0100_0000 + AF_x</c> for a Linux number .NET has no name for.</param>
    /// <param name="socketType">Passed on unchanged: .NET's numbers are Linux's.</param>
    /// <param name="protocolType">Passed on unchanged; 0 is the family's usual one.</param>
    /// <exception cref="SocketException">AddressFamilyNotSupported, ProtocolNotSupported, AccessDenied (raw sockets), TooManyOpenSockets.</exception>
    public Socket(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType)
        : this(addressFamily, socketType, protocolType, engine: null)
    {
    }

    /// <summary>socket(2): opens a socket that waits on <paramref name="engine"/>; sockets it accepts wait there too.</summary>
    /// <param name="addressFamily">.NET's family, or <c>0x0100_0000 + AF_x</c>.</param>
    /// <param name="socketType">Stream, Dgram, Raw, Rdm or Seqpacket.</param>
    /// <param name="protocolType">0 is the family's usual one.</param>
    /// <param name="engine">The engine; null is as without this parameter.</param>
    /// <exception cref="SocketException">As above.</exception>
    public Socket(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, SocketEngine? engine)
    {
        if (!FamilyNumbers.TryToLinux(addressFamily, out int family))
        {
            throw SocketErrors.Create("socket", endPoint: null, Errno.EAFNOSUPPORT, FamilyNumbers.Refusal(addressFamily));
        }

        int errno = TryOpen(family, addressFamily, socketType, protocolType, engine, out SocketCore? core);
        if (errno != 0)
        {
            SocketErrors.Throw("socket", endPoint: null, errno, FamilyTable.Refusal(errno, family, socketType, protocolType));
        }

        Core = core!;
    }

    /// <summary>socket(2): an INET6 socket for both IPv6 and IPv4 (<see cref="DualMode"/>); INET where the kernel has no IPv6.</summary>
    /// <param name="socketType">Stream or Dgram.</param>
    /// <param name="protocolType">Tcp or Udp.</param>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public Socket(SocketType socketType, ProtocolType protocolType)
        : this(OSSupportsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, socketType, protocolType)
    {
        if (AddressFamily == AddressFamily.InterNetworkV6)
        {
            DualMode = true;
        }
    }

    /// <summary>Takes over an open descriptor. An owning <paramref name="handle"/> is spent afterwards.</summary>
    /// <param name="handle">A handle of the runtime's.</param>
    /// <exception cref="ArgumentException">The handle is invalid.</exception>
    /// <exception cref="SocketException">NotSocket: the descriptor is not open.</exception>
    /// <remarks>
    /// Sets O_NONBLOCK and close-on-exec. A descriptor that is no socket is taken, as in .NET, with family, type and
    /// protocol Unknown; its calls then fail with NotSocket. An owning handle is spent: docs/adr/0001. A handle that does not own, a view,
    /// gives a socket that does not close either: keep the view's owner alive.
    /// </remarks>
    public Socket(SafeSocketHandle handle)
        : this(Adopt(handle), mustBeSocket: false)
    {
    }

    /// <summary>Takes over an open descriptor; this socket closes it.</summary>
    /// <param name="handle">The handle, open; its owner from now on is this socket.</param>
    /// <exception cref="ArgumentException">The handle is invalid.</exception>
    /// <exception cref="SocketException">NotSocket: the descriptor is no socket.</exception>
    /// <remarks>Sets O_NONBLOCK and close-on-exec. Family, type, protocol and state are asked of the kernel.</remarks>
    public Socket(SocketHandle handle)
        : this(handle, mustBeSocket: true)
    {
    }

    private Socket(SocketHandle handle, bool mustBeSocket)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (handle.IsInvalid || handle.IsClosed)
        {
            throw new ArgumentException("The handle holds no open descriptor.", nameof(handle));
        }

        int result = Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_TYPE, out int type);
        if (result < 0)
        {
            if (mustBeSocket)
            {
                // Not ours to close: the caller keeps it.
                SocketErrors.Throw("getsockopt SO_TYPE", endPoint: null, -result, "this descriptor is no socket");
            }

            // A pipe or file in a handle of the runtime's: .NET takes it, and says Unknown of all three.
            Core = new SocketCore(handle, AddressFamily.Unknown, SocketType.Unknown, ProtocolType.Unknown, SocketEngine.OfNewSockets);
            return;
        }

        handle.IsShared = true;
        Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_DOMAIN, out int family);
        Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_PROTOCOL, out int protocol);
        Core = new SocketCore(handle, FamilyNumbers.FromLinux(family), (SocketType)type, (ProtocolType)protocol, SocketEngine.OfNewSockets);
        Libc.Fcntl(handle, FcntlConstants.F_SETFL, Math.Max(Libc.Fcntl(handle, FcntlConstants.F_GETFL), 0) | FcntlConstants.O_NONBLOCK);
        Libc.Fcntl(handle, FcntlConstants.F_SETFD, FcntlConstants.FD_CLOEXEC);
        if (handle.CloseListener is AcceptedConnections accepted)
        {
            handle.CloseListener = null;
            Core.Extras.Accepted = accepted;
        }

        AdoptState();
    }

    /// <summary>True when the kernel can open IPv4 sockets.</summary>
    public static bool OSSupportsIPv4 => SystemSocket.OSSupportsIPv4;

    /// <summary>True when the kernel can open IPv6 sockets.</summary>
    public static bool OSSupportsIPv6 => SystemSocket.OSSupportsIPv6;

    /// <summary>True: Linux has UNIX domain sockets.</summary>
    public static bool OSSupportsUnixDomainSockets => SystemSocket.OSSupportsUnixDomainSockets;

    /// <summary>As <see cref="OSSupportsIPv4"/>.</summary>
    [Obsolete("SupportsIPv4 has been deprecated. Use OSSupportsIPv4 instead.")]
    public static bool SupportsIPv4 => OSSupportsIPv4;

    /// <summary>As <see cref="OSSupportsIPv6"/>.</summary>
    [Obsolete("SupportsIPv6 has been deprecated. Use OSSupportsIPv6 instead.")]
    public static bool SupportsIPv6 => OSSupportsIPv6;

    /// <summary>The address family the socket was made with.</summary>
    public AddressFamily AddressFamily => Core.AddressFamily;

    /// <summary>The type the socket was made with.</summary>
    public SocketType SocketType => Core.SocketType;

    /// <summary>The protocol the socket was made with.</summary>
    public ProtocolType ProtocolType => Core.ProtocolType;

    /// <summary>What waits for this socket's asynchronous calls. Chosen when the socket is made.</summary>
    public SocketEngine Engine => Core.Engine;

    /// <summary>
    /// How long any one operation may take as a whole, synchronous or asynchronous. Null, the default, is no limit.
    /// Zero means that synchronous calls do not wait; asynchronous ones are unaffected.
    /// </summary>
    /// <remarks>
    /// Expiry is <see cref="SocketError.TimedOut"/>, never OperationCanceledException; what was done before is told in
    /// <see cref="SocketResult{T}.BytesTransferred"/>. A signal does not lengthen the wait. Synchronous calls heed the
    /// smaller of this and, in receives and sends, <see cref="ReceiveTimeout"/> and <see cref="SendTimeout"/>;
    /// asynchronous calls this alone.
    /// Accepted sockets start at null. What Python calls settimeout.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public TimeSpan? Timeout
    {
        get => Core.Timeout;
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, nameof(value));
            }

            Core.Timeout = value;
        }
    }

    /// <summary>
    /// False makes synchronous calls return <see cref="SocketError.WouldBlock"/> rather than wait. Defaults to true.
    /// Asynchronous calls are unaffected. The descriptor itself is always O_NONBLOCK.
    /// </summary>
    public bool Blocking
    {
        get => Core.IsBlocking;

        set
        {
            ThrowIfDisposed();
            Core.IsBlocking = value;
        }
    }

    /// <summary>
    /// True from a connect or accept until a shutdown or a failed call said otherwise. It asks the kernel only after a
    /// connect that did not wait.
    /// </summary>
    public bool Connected
    {
        get
        {
            if (Core.ExtrasIfAny?.ConnectingTo is { } peer && !Core.IsDisposed
                && Libc.GetPeerName(Core.Handle, stackalloc byte[SocketConstants.AddressBytesMax], out _) >= 0)
            {
                Core.SetConnected(peer);
            }

            return Core.IsConnected;
        }
    }

    /// <summary>True once the socket has a local address: bound, connected, or sent from.</summary>
    public bool IsBound => Core.LocalEndPoint is not null;

    /// <summary>ioctl(2) FIONREAD: how many bytes a receive would find now; on datagram sockets, the next message's length.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public int Available
    {
        get
        {
            SocketResult<int> result = TryGetAvailable();
            return result.IsSuccess ? result.Value : throw SocketErrors.Create("ioctl FIONREAD", Core.EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>The descriptor's number. It stays the socket's property; do not close it.</summary>
    public IntPtr Handle
    {
        get
        {
            ThrowIfDisposed();
            return Descriptor.DangerousGetHandle();
        }
    }

    /// <summary>
    /// A view of the descriptor for APIs that take the runtime's handle. It does not own: disposing it closes nothing,
    /// and this socket's Dispose closes it.
    /// The descriptor is O_NONBLOCK.
    /// </summary>
    public SafeSocketHandle SafeHandle => Core.View();

    /// <summary>getsockname(2): the local address; null before the socket is bound or connected.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public EndPoint? LocalEndPoint
    {
        get
        {
            ThrowIfDisposed();
            if (Core.LocalEndPoint is null)
            {
                return null;
            }

            SocketResult<EndPoint?> result = TryGetLocalEndPoint();
            return result.IsSuccess ? result.Value : throw SocketErrors.Create("getsockname", endPoint: null, result.Errno);
        }
    }

    /// <summary>getpeername(2): the peer's address; null before the socket is connected and after <see cref="Disconnect"/>. Kept after any other end of the connection.</summary>
    /// <exception cref="SocketException">NotConnected: the peer has gone and was never asked for before.</exception>
    public EndPoint? RemoteEndPoint
    {
        get
        {
            ThrowIfDisposed();
            if (Core.KnownPeer() is null && Core.IsConnected)
            {
                SocketResult<EndPoint?> result = TryGetRemoteEndPoint();
                Core.RemoteEndPoint = result.IsSuccess
                    ? result.Value
                    : throw SocketErrors.Create("getpeername", endPoint: null, result.Errno);
            }

            return Core.RemoteEndPoint;
        }
    }

    /// <summary>
    /// FD_CLOEXEC, inverted: true lets programs that this process starts inherit the descriptor. Defaults to false.
    /// </summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public bool Inheritable
    {
        get
        {
            ThrowIfDisposed();
            int flags = Libc.Fcntl(Core.Handle, FcntlConstants.F_GETFD);
            return flags >= 0
                ? (flags & FcntlConstants.FD_CLOEXEC) == 0
                : throw SocketErrors.Create("fcntl F_GETFD", endPoint: null, -flags);
        }

        set
        {
            ThrowIfDisposed();
            int result = Libc.Fcntl(Core.Handle, FcntlConstants.F_SETFD, value ? 0 : FcntlConstants.FD_CLOEXEC);
            if (result < 0)
            {
                SocketErrors.Throw("fcntl F_SETFD", endPoint: null, -result);
            }

            Core.Handle.IsShared |= value;
        }
    }

    /// <summary>What this is the face of.</summary>
    internal SocketCore Core { get; }

    /// <summary>The handle, for this library's own calls.</summary>
    internal SocketHandle Descriptor
    {
        get
        {
            Core.FinishTries();
            return Core.Handle;
        }
    }

    /// <summary>True when bytes have no message bounds.</summary>
    internal bool IsStream => Core.IsStream;

    /// <summary>getsockname(2): the local address as the kernel has it, bound or not, with the failure as a value.</summary>
    /// <returns>The end point, null when the kernel returns an empty address; or the errno.</returns>
    public SocketResult<EndPoint?> TryGetLocalEndPoint()
    {
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int result = Libc.GetSocketName(Core.Handle, address, out int length);
        return result >= 0
            ? SocketResult<EndPoint?>.Success(AddressCodecs.Decode(address[..length], Core.LocalEndPoint))
            : SocketResult<EndPoint?>.Failure(-result);
    }

    /// <summary>getpeername(2): the peer's address as the kernel has it now, with the failure as a value.</summary>
    /// <returns>The end point, null when the kernel returns an empty address; or the errno: ENOTCONN.</returns>
    public SocketResult<EndPoint?> TryGetRemoteEndPoint()
    {
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int result = Libc.GetPeerName(Core.Handle, address, out int length);
        return result >= 0
            ? SocketResult<EndPoint?>.Success(AddressCodecs.Decode(address[..length], Core.LocalEndPoint))
            : SocketResult<EndPoint?>.Failure(-result);
    }

    /// <summary>Closes the descriptor. Same as <see cref="Dispose()"/>.</summary>
    public void Close() => Dispose();

    /// <summary>Closes the descriptor after everything sent has left, or after <paramref name="timeout"/>.</summary>
    /// <param name="timeout">Milliseconds; 0 closes at once and resets a connection whose data is not out; −1 lets the kernel go on by itself.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than −1.</exception>
    /// <remarks>On a connection this sends the end of stream and waits for the peer's, as in .NET.</remarks>
    public void Close(int timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, -1);
        if (!Core.IsDisposed && Core.IsConnected && IsStream && timeout >= 0)
        {
            CloseWithin(TimeSpan.FromMilliseconds(timeout));
        }

        Dispose();
    }

    /// <summary>
    /// close(2), once no file made of this socket is open any more. Operations that wait end with
    /// <see cref="SocketError.OperationAborted"/>. What was sent is still delivered, and the peer reads an end of stream.
    /// </summary>
    /// <remarks>
    /// When it returns, a listener's or datagram socket's port can be bound again. A UNIX socket's file, if this socket
    /// bound it, is removed, unless a duplicate still uses it. On TIPC close(2) alone is a reset, so shutdown(2) of both
    /// directions comes first, unless the linger time is zero, or somebody else may have the same socket: it was duplicated,
    /// sent, inheritable or made of a descriptor. The last to close such a one calls <see cref="Shutdown"/> before.
    /// </remarks>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives the descriptor away. The socket is disposed afterwards without closing it.</summary>
    /// <returns>
    /// The handle; the caller owns it. The descriptor is O_NONBLOCK and close-on-exec. Of a socket made from a view it
    /// is a duplicate: the view's owner keeps its own.
    /// </returns>
    /// <remarks>
    /// Operations that wait end with OperationAborted. A UNIX socket's file stays. When it returns, nothing of this library's
    /// holds the descriptor's file: the caller's close is the last. Of a listener on an <see cref="EventLoop"/> connections that
    /// were accepted and not asked for go with the handle: a <see cref="Socket"/> made of it accepts them first; disposed, it
    /// resets them. What Python calls detach.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A file made of this socket is still open.</exception>
    public SocketHandle Detach()
    {
        ThrowIfDisposed();
        SocketHandle? handle = Core.Detach(out int owners, out int errno);
        GC.SuppressFinalize(this);
        return handle ?? throw owners switch
        {
            0 => new ObjectDisposedException(GetType().FullName),
            > 1 => new InvalidOperationException("A file made of this socket is still open; dispose it first."),
            _ => SocketErrors.Create("fcntl F_DUPFD_CLOEXEC", endPoint: null, errno),
        };
    }

    /// <summary>fcntl(2) F_DUPFD_CLOEXEC: a second socket object on the same open socket.</summary>
    /// <returns>The second socket; both must be disposed. Options and position in the stream are shared, Timeout and Blocking are not.</returns>
    /// <exception cref="SocketException">TooManyOpenSockets.</exception>
    public Socket Duplicate()
    {
        ThrowIfDisposed();
        int result = NewDescriptors.Duplicate(Descriptor, out SocketHandle copy);
        if (result < 0)
        {
            SocketErrors.Throw("fcntl F_DUPFD_CLOEXEC", endPoint: null, -result);
        }

        return new Socket(Core.Duplicate(copy));
    }

    /// <summary>Hands the descriptor to a <see cref="System.Net.Sockets.Socket"/>, for libraries that take that type. This socket is spent.</summary>
    /// <returns>The system's socket; it owns the descriptor. O_NONBLOCK is cleared when <see cref="Blocking"/> is true, as that class expects, and with it for every duplicate.</returns>
    /// <exception cref="InvalidOperationException">
    /// A file made of this socket is still open; or a listener has connections that an <see cref="EventLoop"/>'s ring has accepted and
    /// nobody has asked for: <see cref="TryAccept"/> gives them.
    /// </exception>
    /// <exception cref="SocketException">The system's class refuses the family.</exception>
    public SystemSocket ToSystemSocket()
    {
        bool blocking = Blocking;
        ThrowIfDisposed();
        if (Core.HasAccepted(PollConstants.POLLIN))
        {
            throw new InvalidOperationException("Connections wait that were accepted already, which the system's class cannot take over; accept them first.");
        }

        using SocketHandle handle = Detach();
        if (blocking)
        {
            Libc.Fcntl(handle, FcntlConstants.F_SETFL, Math.Max(Libc.Fcntl(handle, FcntlConstants.F_GETFL), 0) & ~FcntlConstants.O_NONBLOCK);
        }

        // One owner at a time: were the class to refuse it, two would close the number.
        var safeHandle = new SafeSocketHandle(handle.DangerousGetHandle(), ownsHandle: true);
        handle.SetHandleAsInvalid();
        try
        {
            return new SystemSocket(safeHandle);
        }
        catch
        {
            safeHandle.Dispose();
            throw;
        }
    }

    /// <summary>Takes the descriptor over from a <see cref="System.Net.Sockets.Socket"/>, which is spent afterwards.</summary>
    /// <param name="socket">The system's socket; nothing may be under way on it.</param>
    /// <returns>A socket that owns the descriptor.</returns>
    public static Socket FromSystemSocket(SystemSocket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        bool blocking = socket.Blocking;
        int receiveTimeout = socket.ReceiveTimeout;
        int sendTimeout = socket.SendTimeout;
        return new Socket(socket.SafeHandle)
        {
            Blocking = blocking,
            ReceiveTimeout = Math.Max(receiveTimeout, 0),
            SendTimeout = Math.Max(sendTimeout, 0),
        };
    }

    /// <summary>As <c>Stream socket 127.0.0.1:5000 to 127.0.0.1:41234</c>.</summary>
    public override string ToString()
    {
        if (Core.IsDisposed)
        {
            return $"{SocketType} socket, disposed";
        }

        string local = Core.LocalEndPoint is null ? "unbound" : SocketErrors.Name(LocalEndPoint ?? Core.LocalEndPoint);
        return Core.KnownPeer() is { } peer && Core.IsConnected
            ? $"{SocketType} socket {local} to {SocketErrors.Name(peer)}"
            : $"{SocketType} socket {local}";
    }

    /// <summary>Closes the socket; see <see cref="Dispose()"/>.</summary>
    /// <param name="disposing">False on the finalizer's thread.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Core.Dispose();
        }
    }

    // For an argument out of its range the kernel says EINVAL or names the family; .NET names the argument.
    private static int RefusedPart(int errno, int family, SocketType type, ProtocolType protocol) => errno switch
    {
        Errno.EINVAL when type is < SocketType.Stream or > SocketType.Seqpacket => Errno.EPROTOTYPE,
        Errno.EINVAL => Errno.EPROTONOSUPPORT,
        Errno.EAFNOSUPPORT when family == SocketConstants.AF_UNSPEC && protocol != 0 => Errno.EPROTONOSUPPORT,
        _ => errno,
    };

    private static int TryOpen(
        int family, AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, SocketEngine? engine, out SocketCore? core)
    {
        int result = NewDescriptors.Socket(family, (int)socketType, (int)protocolType, out SocketHandle handle);
        if (result < 0)
        {
            core = null;
            return RefusedPart(-result, family, socketType, protocolType);
        }

        AddressCodecs.Opened(family, handle);
        core = NewCore(handle, addressFamily, socketType, protocolType, engine);
        return 0;
    }

    private static SocketCore NewCore(
        SocketHandle handle, AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, SocketEngine? engine) =>
        new(handle, addressFamily, socketType, protocolType, engine ?? SocketEngine.OfNewSockets)
        {
            IsPlainTcp = addressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
                && socketType == SocketType.Stream
                && protocolType is (ProtocolType.Tcp or ProtocolType.Unspecified),
        };

    private static SocketHandle Adopt(SafeSocketHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        if (handle.IsInvalid || handle.IsClosed)
        {
            throw new ArgumentException("The handle holds no open descriptor.", nameof(handle));
        }

        bool closes = HandleOwnership.Closes(handle);
        var own = new SocketHandle(handle.DangerousGetHandle(), closes);
        if (Libc.Fcntl(own, FcntlConstants.F_GETFD) < 0)
        {
            // Not ours to close: the caller keeps it.
            own.SetHandleAsInvalid();
            SocketErrors.Throw("getsockopt SO_TYPE", endPoint: null, Errno.ENOTSOCK, "this descriptor is no open socket");
        }

        if (closes)
        {
            HandleOwnership.GiveUp(handle);
        }

        return own;
    }

    // What the kernel knows of a descriptor that somebody else opened.
    private void AdoptState()
    {
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        if (Libc.GetOption(Core.Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_ACCEPTCONN, out int listening) >= 0)
        {
            Core.IsListening = listening != 0;
        }

        if (Libc.GetPeerName(Core.Handle, address, out int length) >= 0)
        {
            EndPoint? peer = AddressCodecs.Decode(address[..length], like: null);
            if (peer is null || !FamilyTable.IsNobody(peer))
            {
                Core.RemoteEndPoint = peer;
                Core.IsConnected = true;
                Core.LocalEndPoint = Core.RemoteEndPoint;
            }
        }

        // A bare family means that bind(2) has not been called, and so do some addresses.
        if (Libc.GetSocketName(Core.Handle, address, out length) >= 0
            && AddressCodecs.Decode(address[..length], like: null) is { } local
            && !FamilyTable.IsUnbound(local)
            && length > sizeof(ushort))
        {
            // On a connected socket there is no telling who chose it.
            Core.LocalEndPoint = local;
            Core.IsBound = !Core.IsConnected;
        }
    }

    // .NET's Close(milliseconds): the end of stream out, the peer's in, within the limit.
    private void CloseWithin(TimeSpan limit)
    {
        if (limit == TimeSpan.Zero)
        {
            LingerState = new LingerOption(enable: true, seconds: 0);
            return;
        }

        if (Libc.Shutdown(Descriptor, SocketConstants.SHUT_WR) < 0)
        {
            return;
        }

        TimeSpan? before = Timeout;
        bool wasBlocking = Core.IsBlocking;
        Timeout = limit;
        Core.IsBlocking = true;
        Span<byte> rest = stackalloc byte[1];
        SocketResult<int> end = ReceiveCore(rest);
        Timeout = before;
        Core.IsBlocking = wasBlocking;
        if (!end.IsSuccess || end.Value != 0)
        {
            LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Core.IsDisposed, this);

    /// <summary>Throws for a failed call, and keeps <see cref="Connected"/> true to what the failure says.</summary>
    [DoesNotReturn]
    private void Fail(string call, EndPoint? endPoint, int errno, int bytesTransferred = 0, int bytesLost = 0)
    {
        Core.NoteFailure(errno);
        throw errno == Errno.EBADF
            ? SocketErrors.CreateInterrupted(call, endPoint)
            : SocketErrors.Create(call, endPoint, errno, bytesTransferred, bytesLost);
    }
}
