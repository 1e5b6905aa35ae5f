using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    // From a view that was given out to what owns its descriptor: a reference to the view alone keeps nothing open.
    private static readonly ConditionalWeakTable<SafeSocketHandle, SocketHandle> Views = [];

    // Owned: closed at the last release, when this socket and all files made of it are disposed.
    private SocketHandle _handle;

    // What the socket's own state is changed under: the first handle, which serves for that too and spares an object.
    private readonly object _gate;

    // The registration once an operation has waited, which knows its engine; until then the engine, null for the default.
    private object? _place;
    private EndPoint? _rightEndPoint;
    private EndPoint? _remoteEndPoint;

    private bool _blocking = true;
    private bool _connected;
    private bool _listening;
    private bool _disposed;

    // This socket and each file made of it; the last one to go closes.
    private int _owners = 1;
    private bool _closed;

    // One cached operation per direction and kind; rented by exchange, given back when its result is taken.
    private ReceiveOperation? _cachedReceive;
    private SocketExtras? _extras;

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

        int result = Libc.Socket(family, (int)socketType, (int)protocolType, out _handle);
        _gate = _handle;
        if (result < 0)
        {
            int errno = RefusedPart(-result, family, socketType, protocolType);
            SocketErrors.Throw("socket", endPoint: null, errno, FamilyTable.Refusal(errno, family, socketType, protocolType));
        }

        AddressCodecs.Opened(family, _handle);

        AddressFamily = addressFamily;
        SocketType = socketType;
        ProtocolType = protocolType;
        IsPlainTcp = OpensPlainTcp(addressFamily, socketType, protocolType);
        _place = engine ?? SocketEngine.OfNewSockets;
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

        _handle = handle;
        _gate = handle;
        _place = SocketEngine.OfNewSockets;
        int result = Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_TYPE, out int type);
        if (result < 0)
        {
            if (mustBeSocket)
            {
                // Not ours to close: the caller keeps it.
                GC.SuppressFinalize(this);
                SocketErrors.Throw("getsockopt SO_TYPE", endPoint: null, -result, "this descriptor is no socket");
            }

            // A pipe or file in a handle of the runtime's: .NET takes it, and says Unknown of all three.
            AddressFamily = AddressFamily.Unknown;
            SocketType = SocketType.Unknown;
            ProtocolType = ProtocolType.Unknown;
            return;
        }

        Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_DOMAIN, out int family);
        Libc.GetOption(handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_PROTOCOL, out int protocol);
        AddressFamily = FamilyNumbers.FromLinux(family);
        SocketType = (SocketType)type;
        ProtocolType = (ProtocolType)protocol;
        Libc.Fcntl(handle, FcntlConstants.F_SETFL, Math.Max(Libc.Fcntl(handle, FcntlConstants.F_GETFL), 0) | FcntlConstants.O_NONBLOCK);
        Libc.Fcntl(handle, FcntlConstants.F_SETFD, FcntlConstants.FD_CLOEXEC);
        AdoptState();
    }

    // An accepted connection, or one end of a pair.
    private Socket(Socket like, SocketHandle handle)
    {
        _handle = handle;
        _gate = handle;
        _place = like.EngineIfAny;
        AddressFamily = like.AddressFamily;
        SocketType = like.SocketType;
        ProtocolType = like.ProtocolType;
        IsPlainTcp = like.IsPlainTcp;
    }

    private Socket(SocketHandle handle, AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType)
    {
        _handle = handle;
        _gate = handle;
        _place = SocketEngine.OfNewSockets;
        AddressFamily = addressFamily;
        SocketType = socketType;
        ProtocolType = protocolType;
        IsPlainTcp = OpensPlainTcp(addressFamily, socketType, protocolType);
    }

    /// <summary>Closes a descriptor that nobody disposed.</summary>
    ~Socket() => Dispose(disposing: false);

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
    public AddressFamily AddressFamily { get; }

    /// <summary>The type the socket was made with.</summary>
    public SocketType SocketType { get; }

    /// <summary>The protocol the socket was made with.</summary>
    public ProtocolType ProtocolType { get; }

    /// <summary>What waits for this socket's asynchronous calls. Chosen when the socket is made.</summary>
    public SocketEngine Engine => EngineOrDefault;

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
        get => _extras is { } extras && Volatile.Read(ref extras.TimeoutTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;
        set
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero, nameof(value));
            }

            if (value is not null || _extras is not null)
            {
                Volatile.Write(ref Extras.TimeoutTicks, value?.Ticks ?? -1);
            }
        }
    }

    /// <summary>
    /// False makes synchronous calls return <see cref="SocketError.WouldBlock"/> rather than wait. Defaults to true.
    /// Asynchronous calls are unaffected. The descriptor itself is always O_NONBLOCK.
    /// </summary>
    public bool Blocking
    {
        get => _blocking;

        set
        {
            ThrowIfDisposed();
            _blocking = value;
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
            if (_extras?.ConnectingTo is { } peer && !Volatile.Read(ref _disposed)
                && Libc.GetPeerName(_handle, stackalloc byte[SocketConstants.AddressBytesMax], out _) >= 0)
            {
                SetConnected(peer);
            }

            return Volatile.Read(ref _connected);
        }
    }

    /// <summary>True once the socket has a local address: bound, connected, or sent from.</summary>
    public bool IsBound => Volatile.Read(ref _rightEndPoint) is not null;

    /// <summary>ioctl(2) FIONREAD: how many bytes a receive would find now; on datagram sockets, the next message's length.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public int Available
    {
        get
        {
            SocketResult<int> result = TryGetAvailable();
            return result.IsSuccess ? result.Value : throw SocketErrors.Create("ioctl FIONREAD", EndPointForErrors(), result.Errno);
        }
    }

    /// <summary>The descriptor's number. It stays the socket's property; do not close it.</summary>
    public IntPtr Handle
    {
        get
        {
            ThrowIfDisposed();
            return _handle.DangerousGetHandle();
        }
    }

    /// <summary>
    /// A view of the descriptor for APIs that take the runtime's handle. It does not own: disposing it closes nothing,
    /// and this socket's Dispose closes it.
    /// The descriptor is O_NONBLOCK.
    /// </summary>
    public SafeSocketHandle SafeHandle
    {
        get
        {
            lock (_gate)
            {
                SocketExtras extras = Extras;
                if (extras.View is null)
                {
                    extras.View = new SafeSocketHandle(_closed ? -1 : _handle.DangerousGetHandle(), ownsHandle: false);
                    Views.Add(extras.View, _handle);
                    if (_closed)
                    {
                        extras.View.Dispose();
                    }
                }

                return extras.View;
            }
        }
    }

    /// <summary>getsockname(2): the local address; null before the socket is bound or connected.</summary>
    /// <exception cref="SocketException">The kernel refused.</exception>
    public EndPoint? LocalEndPoint
    {
        get
        {
            ThrowIfDisposed();
            if (_rightEndPoint is null)
            {
                return null;
            }

            SocketResult<EndPoint?> result = TryGetLocalEndPoint();
            return result.IsSuccess ? result.Value : throw SocketErrors.Create("getsockname", endPoint: null, result.Errno);
        }
    }

    /// <summary>getpeername(2): the peer's address; null before the socket is connected. Kept after the connection's end.</summary>
    /// <exception cref="SocketException">NotConnected: the peer has gone and was never asked for before.</exception>
    public EndPoint? RemoteEndPoint
    {
        get
        {
            ThrowIfDisposed();
            if (_remoteEndPoint is null && LatePeer() is null && _connected)
            {
                SocketResult<EndPoint?> result = TryGetRemoteEndPoint();
                _remoteEndPoint = result.IsSuccess
                    ? result.Value
                    : throw SocketErrors.Create("getpeername", endPoint: null, result.Errno);
            }

            return _remoteEndPoint;
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
            int flags = Libc.Fcntl(_handle, FcntlConstants.F_GETFD);
            return flags >= 0
                ? (flags & FcntlConstants.FD_CLOEXEC) == 0
                : throw SocketErrors.Create("fcntl F_GETFD", endPoint: null, -flags);
        }

        set
        {
            ThrowIfDisposed();
            int result = Libc.Fcntl(_handle, FcntlConstants.F_SETFD, value ? 0 : FcntlConstants.FD_CLOEXEC);
            if (result < 0)
            {
                SocketErrors.Throw("fcntl F_SETFD", endPoint: null, -result);
            }
        }
    }

    /// <summary>What owns a handle's descriptor: the socket's own handle where this is a view of it, else the handle itself.</summary>
    internal static SafeHandle OwnerOf(SafeHandle handle) =>
        handle is SafeSocketHandle view && Views.TryGetValue(view, out SocketHandle? owner) ? owner : handle;

    /// <summary>The handle, for this library's own calls.</summary>
    internal SocketHandle Descriptor => _handle;

    /// <summary>The registration with the engine; null until an operation had to wait.</summary>
    internal Registration? Registration => Volatile.Read(ref _place) as Registration;

    /// <summary>The pipe that moves this socket's bytes, if there is one.</summary>
    /// <exception cref="InvalidOperationException">There is one already.</exception>
    internal void SetPipe(Engines.Pipes.PipeDriver driver)
    {
        ThrowIfDisposed();
        if (Interlocked.CompareExchange(ref Extras.PipeDriver, driver, comparand: null) is not null)
        {
            throw new InvalidOperationException("There is a pipe over this socket already; one at a time.");
        }
    }

    /// <summary>The pipe is gone, and the socket is not.</summary>
    internal void ClearPipe() => Volatile.Write(ref Extras.PipeDriver, null);

    internal SocketEngine EngineOrDefault => EngineIfAny ?? SocketEngine.Default;

    private SocketEngine? EngineIfAny => Volatile.Read(ref _place) switch
    {
        Registration registration => registration.Engine,
        var engine => (SocketEngine?)engine,
    };

    /// <summary>
    /// True when a read that stops short has emptied the socket, as tcp(7)'s do: no upper layer protocol (TLS) cuts the
    /// stream into records. Of a socket that was made elsewhere that is not known.
    /// </summary>
    internal bool IsPlainTcp { get; set; }

    /// <summary>True when bytes have no message bounds.</summary>
    internal bool IsStream => SocketType == SocketType.Stream;

    /// <summary>The limit of an asynchronous operation: <see cref="Timeout"/>, where zero limits only synchronous ones.</summary>
    internal TimeSpan? AsyncLimit => Timeout is { } limit && limit > TimeSpan.Zero ? limit : null;

    /// <summary>getsockname(2): the local address as the kernel has it, bound or not, with the failure as a value.</summary>
    /// <returns>The end point, null when the kernel's answer is empty; or the errno.</returns>
    public SocketResult<EndPoint?> TryGetLocalEndPoint()
    {
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int result = Libc.GetSocketName(_handle, address, out int length);
        return result >= 0
            ? SocketResult<EndPoint?>.Success(AddressCodecs.Decode(address[..length], _rightEndPoint))
            : SocketResult<EndPoint?>.Failure(-result);
    }

    /// <summary>getpeername(2): the peer's address as the kernel has it now, with the failure as a value.</summary>
    /// <returns>The end point, null when the kernel's answer is empty; or the errno: ENOTCONN.</returns>
    public SocketResult<EndPoint?> TryGetRemoteEndPoint()
    {
        ThrowIfDisposed();
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int result = Libc.GetPeerName(_handle, address, out int length);
        return result >= 0
            ? SocketResult<EndPoint?>.Success(AddressCodecs.Decode(address[..length], _rightEndPoint))
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
        if (!Volatile.Read(ref _disposed) && _connected && IsStream && timeout >= 0)
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
    /// bound it, is removed, unless a duplicate still uses it.
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
    /// holds the descriptor's file: the caller's close is the last. What Python calls detach.
    /// </remarks>
    /// <exception cref="InvalidOperationException">A file made of this socket is still open.</exception>
    public SocketHandle Detach()
    {
        ThrowIfDisposed();
        switch (Interlocked.CompareExchange(ref _owners, 0, 1))
        {
            case 0:
                throw new ObjectDisposedException(GetType().FullName);
            case > 1:
                throw new InvalidOperationException("A file made of this socket is still open; dispose it first.");
        }

        Volatile.Write(ref _disposed, true);

        _connected = false;
        if (_extras is { } extras)
        {
            extras.BoundFile = null;
        }

        EndOperations();
        if (_handle.Closes)
        {
            _handle.CloseListener?.Closing();
            SettleEngine();
        }

        if (!_handle.Closes)
        {
            // A view's descriptor is its owner's: what is given away is a duplicate.
            int result = Libc.Duplicate(_handle, out SocketHandle duplicate);
            _handle.Dispose();
            SettleEngine();
            GC.SuppressFinalize(this);
            return result >= 0 ? duplicate : throw SocketErrors.Create("fcntl F_DUPFD_CLOEXEC", endPoint: null, -result);
        }

        var detached = new SocketHandle(_handle.DangerousGetHandle());
        _handle.SetHandleAsInvalid();
        GC.SuppressFinalize(this);
        return detached;
    }

    /// <summary>fcntl(2) F_DUPFD_CLOEXEC: a second socket object on the same open socket.</summary>
    /// <returns>The second socket; both must be disposed. Options and position in the stream are shared, Timeout and Blocking are not.</returns>
    /// <exception cref="SocketException">TooManyOpenSockets.</exception>
    public Socket Duplicate()
    {
        ThrowIfDisposed();
        int result = Libc.Duplicate(_handle, out SocketHandle copy);
        if (result < 0)
        {
            SocketErrors.Throw("fcntl F_DUPFD_CLOEXEC", endPoint: null, -result);
        }

        var duplicate = new Socket(this, copy)
        {
            _rightEndPoint = _rightEndPoint,
            _remoteEndPoint = _remoteEndPoint ?? LatePeer(),
            _connected = _connected,
            _listening = _listening,
            _blocking = _blocking,
        };
        if (_extras is { } extras)
        {
            duplicate.Timeout = Timeout;
            duplicate.Extras.BoundFile = extras.BoundFile?.Share();
        }

        return duplicate;
    }

    /// <summary>Hands the descriptor to a <see cref="System.Net.Sockets.Socket"/>, for libraries that take that type. This socket is spent.</summary>
    /// <returns>The system's socket; it owns the descriptor. O_NONBLOCK is cleared when <see cref="Blocking"/> is true, as that class expects, and with it for every duplicate.</returns>
    /// <exception cref="SocketException">The system's class refuses the family.</exception>
    public SystemSocket ToSystemSocket()
    {
        bool blocking = Blocking;
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
        if (Volatile.Read(ref _disposed))
        {
            return $"{SocketType} socket, disposed";
        }

        string local = _rightEndPoint is null ? "unbound" : SocketErrors.Name(LocalEndPoint ?? _rightEndPoint);
        return (_remoteEndPoint ?? LatePeer()) is { } peer && _connected
            ? $"{SocketType} socket {local} to {SocketErrors.Name(peer)}"
            : $"{SocketType} socket {local}";
    }

    /// <summary>Closes the socket; see <see cref="Dispose()"/>.</summary>
    /// <param name="disposing">False on the finalizer's thread.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _connected = false;
        if (disposing)
        {
            ReleaseOwner();
        }
        else
        {
            // The engine's slot refers to the handle, and keeps it from its own finalizer. No operation waits, or the
            // slot would lead here too. A handle's finalizer runs after this one, so it is still whole.
            RemoveBoundFile();
            Registration?.Close();
            _handle?.Dispose();
        }
    }

    /// <summary>Counts a file made of this socket among its owners.</summary>
    internal void AddOwner()
    {
        // A count that reached 0 never rises again: the last owner is closing the descriptor.
        int owners;
        do
        {
            ThrowIfDisposed();
            owners = Volatile.Read(ref _owners);
            ObjectDisposedException.ThrowIf(owners == 0, this);
        }
        while (Interlocked.CompareExchange(ref _owners, owners + 1, owners) != owners);
    }

    /// <summary>The last owner closes.</summary>
    internal void ReleaseOwner()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            CloseDescriptor();
        }
    }

    /// <summary>Registers with the engine.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Register(out Registration? registration)
    {
        lock (_gate)
        {
            registration = Registration;
            if (registration is not null)
            {
                return 0;
            }

            if (_closed)
            {
                return Errno.EBADF;
            }

            int errno = EngineOrDefault.Register(_handle, out registration);
            if (errno == 0)
            {
                Volatile.Write(ref _place, registration);
            }

            return errno;
        }
    }

    /// <summary>The end point to name in an error: the peer when connected, else the own address.</summary>
    internal EndPoint? EndPointForErrors()
    {
        if ((_remoteEndPoint ?? LatePeer()) is { } peer)
        {
            return peer;
        }

        if (_rightEndPoint is null)
        {
            return null;
        }

        try
        {
            // The port that the kernel chose, where 0 was asked for.
            Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
            return Libc.GetSocketName(_handle, address, out int length) >= 0
                ? AddressCodecs.Decode(address[..length], _rightEndPoint)
                : _rightEndPoint;
        }
        catch (ObjectDisposedException)
        {
            return _rightEndPoint;
        }
    }

    internal void SetConnected(EndPoint peer)
    {
        _rightEndPoint ??= peer;
        _remoteEndPoint = peer;
        if (_extras is { ConnectingTo: not null } extras)
        {
            extras.ConnectingTo = null;
        }

        Volatile.Write(ref _connected, true);
    }

    // Made when the first of them is asked for.
    private SocketExtras Extras => Volatile.Read(ref _extras)
        ?? Interlocked.CompareExchange(ref _extras, new SocketExtras(), comparand: null) ?? _extras;

    internal void ReturnReceive(ReceiveOperation operation) => Volatile.Write(ref _cachedReceive, operation);

    internal void ReturnSend(SendOperation operation) => Volatile.Write(ref Extras.Send, operation);

    internal void ReturnReceiveFrom(ReceiveFromOperation operation) => Volatile.Write(ref Extras.ReceiveFrom, operation);

    internal void ReturnSendTo(SendToOperation operation) => Volatile.Write(ref Extras.SendTo, operation);

    internal void ReturnAccept(AcceptOperation operation) => Volatile.Write(ref Extras.Accept, operation);

    internal void ReturnConnect(ConnectOperation operation) => Volatile.Write(ref Extras.Connect, operation);

    private ReceiveOperation RentReceive() => Interlocked.Exchange(ref _cachedReceive, null) ?? new ReceiveOperation(this);

    private SendOperation RentSend() => Interlocked.Exchange(ref Extras.Send, null) ?? new SendOperation(this);

    private ReceiveFromOperation RentReceiveFrom() => Interlocked.Exchange(ref Extras.ReceiveFrom, null) ?? new ReceiveFromOperation(this);

    private SendToOperation RentSendTo() => Interlocked.Exchange(ref Extras.SendTo, null) ?? new SendToOperation(this);

    private AcceptOperation RentAccept() => Interlocked.Exchange(ref Extras.Accept, null) ?? new AcceptOperation(this);

    private ConnectOperation RentConnect() => Interlocked.Exchange(ref Extras.Connect, null) ?? new ConnectOperation(this);

    // For an argument out of its range the kernel says EINVAL or names the family; .NET names the argument.
    private static int RefusedPart(int errno, int family, SocketType type, ProtocolType protocol) => errno switch
    {
        Errno.EINVAL when type is < SocketType.Stream or > SocketType.Seqpacket => Errno.EPROTOTYPE,
        Errno.EINVAL => Errno.EPROTONOSUPPORT,
        Errno.EAFNOSUPPORT when family == SocketConstants.AF_UNSPEC && protocol != 0 => Errno.EPROTONOSUPPORT,
        _ => errno,
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
        if (Libc.GetOption(_handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_ACCEPTCONN, out int listening) >= 0)
        {
            _listening = listening != 0;
        }

        if (Libc.GetPeerName(_handle, address, out int length) >= 0)
        {
            // A netlink socket that was never connected names the kernel, where its plain sends go.
            EndPoint? peer = AddressCodecs.Decode(address[..length], like: null);
            if (peer is not NetlinkEndPoint { PortId: 0, Groups: 0 })
            {
                _remoteEndPoint = peer;
                _connected = true;
                _rightEndPoint = _remoteEndPoint;
            }
        }

        // A port of 0, any port, or a bare family means that bind(2) has not been called.
        if (Libc.GetSocketName(_handle, address, out length) >= 0
            && AddressCodecs.Decode(address[..length], like: null) is { } local
            && local is not (IPEndPoint { Port: 0 } or NetlinkEndPoint { PortId: 0 } or VsockEndPoint { Port: VsockEndPoint.AnyPort })
            && length > sizeof(ushort))
        {
            _rightEndPoint = local;
        }
    }

    private static bool OpensPlainTcp(AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType) =>
        addressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
        && socketType == SocketType.Stream
        && protocolType is (ProtocolType.Tcp or ProtocolType.Unspecified);

    // What most connections never need: they receive, and their sends do not wait.
    private sealed class SocketExtras
    {
        internal SafeSocketHandle? View;

        // Where a connect that did not wait is going.
        internal EndPoint? ConnectingTo;
        internal BoundFile? BoundFile;

        // The pipe over this socket, told of its close.
        internal Engines.Pipes.PipeDriver? PipeDriver;

        // Threads that wait in a synchronous call now. Under the gate.
        internal WaiterLink? Waiters;

        // Ticks; negative is no limit. One word, so that a reader on another thread sees it whole.
        internal long TimeoutTicks = -1;

        // Milliseconds; 0 is no limit. They bound our own synchronous waits and are not SO_RCVTIMEO and SO_SNDTIMEO:
        // the descriptor is non-blocking, so the kernel would not look at those.
        internal int ReceiveTimeoutMs;
        internal int SendTimeoutMs;
        internal bool IsDisconnected;
        internal bool HasPacketInformation;
        internal SendOperation? Send;
        internal ReceiveFromOperation? ReceiveFrom;
        internal SendToOperation? SendTo;
        internal AcceptOperation? Accept;
        internal ConnectOperation? Connect;
        internal ReceiveMessageOperation? ReceiveMessage;
        internal SendMessageOperation? SendMessage;
        internal ReceiveBatchOperation? ReceiveBatch;
        internal SendBatchOperation? SendBatch;
        internal ReceiveErrorOperation? ReceiveError;
    }

    private void EndOperations()
    {
        Registration? registration;
        lock (_gate)
        {
            _closed = true;
            _extras?.View?.Dispose();
            registration = Registration;
            for (WaiterLink? waiter = _extras?.Waiters; waiter is not null; waiter = waiter.Next)
            {
                waiter.Waiter.Signal();
            }
        }

        _extras?.PipeDriver?.Close();
        registration?.Close();
    }

    private void CloseDescriptor()
    {
        EndOperations();
        RemoveBoundFile();
        _handle.Dispose();

        // A port is free once close(2) has run and the engine holds the file no longer. First the engine: what it has
        // prepared for the kernel holds the descriptor until it is handed over, and on the engine's own thread nobody else
        // does that. Then calls still under way on other threads: they have been woken. The bound is for a caller that
        // holds a reference of its own.
        if (_rightEndPoint is not null && (_listening || !IsStream))
        {
            SettleEngine();
            _handle.WaitForClose(TimeSpan.FromSeconds(1));
        }
    }

    // Returns when the engine holds the file no longer, and has prepared nothing that names the descriptor by its number.
    private void SettleEngine()
    {
        if (Registration is { } registration)
        {
            registration.Poller.Settle();
        }
    }

    private void RemoveBoundFile()
    {
        if (_extras is { } extras && Interlocked.Exchange(ref extras.BoundFile, null) is { } file && file.Release())
        {
            // Somebody else may have removed it already, or we may no longer be allowed to: neither keeps us from closing.
            Libc.Unlink(file.Path);
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

        if (Libc.Shutdown(_handle, SocketConstants.SHUT_WR) < 0)
        {
            return;
        }

        TimeSpan? before = Timeout;
        bool wasBlocking = _blocking;
        Timeout = limit;
        _blocking = true;
        Span<byte> rest = stackalloc byte[1];
        SocketResult<int> end = ReceiveCore(rest, flags: 0);
        Timeout = before;
        _blocking = wasBlocking;
        if (!end.IsSuccess || end.Value != 0)
        {
            LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);

    /// <summary>Throws for a failed call, and keeps <see cref="Connected"/> true to what the failure says.</summary>
    [DoesNotReturn]
    private void Fail(string call, EndPoint? endPoint, int errno, int bytesTransferred = 0, int bytesLost = 0)
    {
        NoteFailure(errno);
        throw errno == Errno.EBADF
            ? SocketErrors.CreateInterrupted(call, endPoint)
            : SocketErrors.Create(call, endPoint, errno, bytesTransferred, bytesLost);
    }

    private SocketResult<T> Failed<T>(int errno, int bytesTransferred = 0)
    {
        NoteFailure(errno);
        return SocketResult<T>.Failure(errno, bytesTransferred);
    }

    /// <summary>What a failure says about <see cref="Connected"/>: most end it, those that leave the connection as it was do not.</summary>
    internal void NoteFailure(int errno)
    {
        if (errno is not (0 or Errno.EAGAIN or Errno.EINPROGRESS or Errno.ENOBUFS or Errno.ETIMEDOUT or Errno.ESHUTDOWN or Errno.ECANCELED
            or Errno.EMSGSIZE or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.EFAULT or Errno.EISCONN or Errno.EALREADY))
        {
            _connected = false;
        }
    }

    /// <summary>The file of a bound UNIX socket. Duplicates share it; the last one to be disposed removes it.</summary>
    private sealed class BoundFile(byte[] path)
    {
        private int _sockets = 1;

        // From the root, and with a final NUL.
        internal byte[] Path { get; } = path;

        /// <summary>The file that bind(2) made for this address.</summary>
        /// <returns>Null for an address that is no path.</returns>
        internal static BoundFile? At(ReadOnlySpan<byte> address)
        {
            ReadOnlySpan<byte> path = UnixEndPoint.NameIn(address);
            if (path is [] or [0, ..])
            {
                return null;
            }

            // The working directory may be another when the file is to be removed.
            return new BoundFile(path[0] == '/' || Libc.CurrentDirectory() is not { } directory
                ? [.. path, 0]
                : [.. directory, (byte)'/', .. path, 0]);
        }

        internal BoundFile Share()
        {
            Interlocked.Increment(ref _sockets);
            return this;
        }

        internal bool Release() => Interlocked.Decrement(ref _sockets) == 0;
    }
}
