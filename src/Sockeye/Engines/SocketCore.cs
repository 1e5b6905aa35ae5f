using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Engines.IoUring;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// What a socket is below its public face: the descriptor, the registration with an engine, the family's facts, the limits,
/// and what its errors name. Operations, engines and pipes know this and never <see cref="Socket"/>.
/// </summary>
/// <remarks>
/// Contract.
/// - It owns the descriptor. Its finalizer closes one that was not disposed; whatever is in flight refers to this object,
///   so a receive whose <see cref="Socket"/> is forgotten keeps the descriptor open until it has completed.
/// - Disposed and closed are two things: Dispose of the face forbids its members; the descriptor closes when the last owner,
///   the face or a file made of it, has gone.
/// - State that more than one thread changes is changed under the gate, which is this object.
/// </remarks>
internal sealed partial class SocketCore
{
    // sizeof(struct sockaddr_in) and sockaddr_in6: ip(7), ipv6(7).
    private const int Ipv4AddressBytes = 16;
    private const int Ipv6AddressBytes = 28;

    private const int TypeShift = 24;

    // One cached operation per kind. A receive has its place here, since most connections need no other.
    internal OperationSlot Receive;

    // The registration once an operation has waited, which knows its engine; until then the engine, null for the default.
    private object? _place;

    // What most sockets never need, made when the first of it is asked for; or the pipe alone, which is all that its socket needs.
    private object? _rest;

    // The face and each file made of it; the last one to go closes.
    private int _owners = 1;

    // What changes of the socket, bit by bit and from any thread, and its type in the highest byte: in one word, for there are
    // many sockets. The kernel's types are below 11 (include/linux/net.h, SOCK_MAX); .NET's Unknown is −1.
    private int _states;

    /// <param name="handle">The descriptor; owned from now on.</param>
    /// <param name="addressFamily">Its family.</param>
    /// <param name="socketType">Its type.</param>
    /// <param name="protocolType">Its protocol.</param>
    /// <param name="engine">What waits for it; null is the default engine, asked for when something waits.</param>
    internal SocketCore(SocketHandle handle, AddressFamily addressFamily, SocketType socketType, ProtocolType protocolType, SocketEngine? engine)
    {
        Handle = handle;
        AddressFamily = addressFamily;
        ProtocolType = protocolType;
        _states = ((int)socketType << TypeShift) | (int)States.Blocking;
        _place = engine;
    }

    // An accepted connection, a duplicate, or one end of a pair.
    private SocketCore(SocketCore like, SocketHandle handle)
        : this(handle, like.AddressFamily, like.SocketType, like.ProtocolType, like.EngineIfAny)
    {
        IsPlainTcp = like.IsPlainTcp;
        WasMapped = like.WasMapped;
        Lingers = like.Lingers;
        IsBlocking = like.IsBlocking;
        LocalEndPoint = like.LocalEndPoint;
    }

    /// <summary>Closes a descriptor that was not disposed, and has a pipe that was not disposed give back what it holds.</summary>
    /// <remarks>
    /// The engine's slot refers to the handle, and keeps it from its own finalizer. No operation waits, or the slot would lead
    /// here too. A handle's finalizer runs after this one, so it is still whole.
    /// </remarks>
    ~SocketCore()
    {
        RemoveBoundFile();
        Registration?.Close();
        Pipe?.Abandon();
        if (Handle is not null && !IsClosed)
        {
            EndConnection();
            Handle.Dispose();
        }
    }

    /// <summary>Owned: closed at the last release, when the face and all files made of it are disposed.</summary>
    internal SocketHandle Handle { get; private set; }

    internal AddressFamily AddressFamily { get; }

    /// <summary>What is known of the family; null where nothing is.</summary>
    internal FamilyRow? Family => FamilyNumbers.TryToLinux(AddressFamily, out int number) ? FamilyTable.Find(number) : null;

    internal SocketType SocketType => (SocketType)(_states >> TypeShift);

    internal ProtocolType ProtocolType { get; }

    /// <summary>
    /// True when a read that stops short has emptied the socket, as tcp(7)'s do: no upper layer protocol (TLS) cuts the
    /// stream into records. Of a socket that was made elsewhere that is not known.
    /// </summary>
    internal bool IsPlainTcp
    {
        get => Has(States.PlainTcp);
        set => Set(States.PlainTcp, value);
    }

    /// <summary>True when bytes have no message bounds.</summary>
    internal bool IsStream => SocketType == SocketType.Stream;

    /// <summary>True of sockets whose connect(2) only names the peer of their messages.</summary>
    internal bool IsConnectionless => SocketType is SocketType.Dgram or SocketType.Raw or SocketType.Rdm;

    /// <summary>True of INET and INET6.</summary>
    internal bool IsInternet => AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;

    /// <summary>The local address as its user wrote it or the kernel chose it; null before there is one. Received addresses are read in its manner.</summary>
    internal EndPoint? LocalEndPoint { get; set; }

    /// <summary>The peer, once it was given or asked for. Kept after the connection's end, until it is disconnected.</summary>
    internal EndPoint? RemoteEndPoint { get; set; }

    /// <summary>bind(2) was called: the local address is the user's choice.</summary>
    internal bool IsBound
    {
        get => Has(States.Bound);
        set => Set(States.Bound, value);
    }

    internal bool IsBlocking
    {
        get => Has(States.Blocking);
        set => Set(States.Blocking, value);
    }

    internal bool IsListening
    {
        get => Has(States.Listening);
        set => Set(States.Listening, value);
    }

    internal bool IsConnected
    {
        get => Has(States.Connected);
        set => Set(States.Connected, value);
    }

    /// <summary>A connect(2) is under way, or was when its caller stopped waiting for it: what it came to is in SO_ERROR.</summary>
    internal bool IsConnecting
    {
        get => Has(States.Connecting);
        set => Set(States.Connecting, value);
    }

    /// <summary>SO_LINGER may have a time: close(2) waits until what was sent has arrived. Accepted sockets have it of their listener.</summary>
    internal bool Lingers
    {
        get => Has(States.Lingers);
        set => Set(States.Lingers, value);
    }

    internal bool IsDisposed => Has(States.Disposed);

    /// <summary>The registration with the engine; null until an operation had to wait.</summary>
    internal Registration? Registration => Volatile.Read(ref _place) as Registration;

    internal SocketEngine Engine => EngineIfAny ?? SocketEngine.Default;

    internal SocketEngine? EngineIfAny => Volatile.Read(ref _place) switch
    {
        Registration registration => registration.Engine,
        var engine => (SocketEngine?)engine,
    };

    /// <summary>What most sockets never need. Made when the first of it is asked for.</summary>
    internal SocketExtras Extras => ExtrasIfAny ?? MakeExtras();

    internal SocketExtras? ExtrasIfAny => Volatile.Read(ref _rest) as SocketExtras;

    /// <summary>The limit of each operation as a whole; null is none, zero means that synchronous calls do not wait.</summary>
    internal TimeSpan? Timeout
    {
        get => ExtrasIfAny is { } extras && Volatile.Read(ref extras.TimeoutTicks) is >= 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;
        set
        {
            if (value is not null || ExtrasIfAny is not null)
            {
                Volatile.Write(ref Extras.TimeoutTicks, value?.Ticks ?? -1);
                Interlocked.MemoryBarrier();
                Pipe?.NoteLimit();
            }
        }
    }

    /// <summary>The limit of an asynchronous operation: <see cref="Timeout"/>, where zero limits only synchronous ones.</summary>
    internal TimeSpan? AsyncLimit => Timeout is { } limit && limit > TimeSpan.Zero ? limit : null;

    /// <summary>The limit of a synchronous receive. Accept and connect heed <see cref="Timeout"/> alone, as in .NET.</summary>
    internal TimeSpan? ReceiveLimit => Smaller(Timeout, ExtrasIfAny?.ReceiveTimeoutMs ?? 0);

    /// <summary>The limit of a synchronous send.</summary>
    internal TimeSpan? SendLimit => Smaller(Timeout, ExtrasIfAny?.SendTimeoutMs ?? 0);

    /// <summary>The limit of one connect: the caller's, or the family's own where that is shorter.</summary>
    /// <exception cref="ObjectDisposedException">The descriptor is closed.</exception>
    internal TimeSpan? ConnectLimit(TimeSpan? limit) =>
        Family?.ConnectTimeout is var (level, name)
        && Libc.GetOption(Handle, level, name, out int milliseconds) >= 0
            ? Smaller(limit, milliseconds)
            : limit;

    /// <summary>A connection accepted by <paramref name="listener"/>.</summary>
    /// <param name="listener">Whose engine, facts and manner of waiting it has.</param>
    /// <param name="handle">The connection's descriptor; owned from now on.</param>
    /// <param name="peer">The peer's address, as accept4(2) gave it.</param>
    internal static SocketCore Accepted(SocketCore listener, SocketHandle handle, ReadOnlySpan<byte> peer)
    {
        if (listener.IsPlainTcp)
        {
            return AcceptedUnasked(listener, handle);
        }

        var accepted = new SocketCore(listener, handle);
        accepted.Connected(listener, peer);
        return accepted;
    }

    /// <summary>A connection whose peer was not asked for: of TCP the address costs memory, and time, only when somebody wants it.</summary>
    internal static SocketCore AcceptedUnasked(SocketCore listener, SocketHandle handle) =>
        new(listener, handle) { PeerIsLate = true, IsConnected = true };

    /// <summary>Takes over the descriptor of a connection that <paramref name="listener"/> accepted, in place of its own.</summary>
    /// <param name="listener">Whose manner of waiting it gets.</param>
    /// <param name="handle">The connection's descriptor; owned from now on.</param>
    /// <param name="peer">The peer's address, as accept4(2) gave it.</param>
    /// <param name="isPeerLate">The peer's address was not asked for.</param>
    /// <returns>False when this socket was disposed meanwhile; the descriptor is closed then.</returns>
    internal bool TryTakeOver(SocketCore listener, SocketHandle handle, ReadOnlySpan<byte> peer, bool isPeerLate)
    {
        SocketHandle unused;
        Registration? registration;

        // Of one that listened meanwhile.
        AcceptedConnections? accepted = null;
        AcceptRequest? request = null;
        lock (this)
        {
            if (IsClosed)
            {
                handle.Dispose();
                return false;
            }

            (unused, Handle) = (Handle, handle);
            registration = Registration;
            _place = EngineIfAny;
            WasMapped = false;
            IsConnecting = false;
            IsBound = false;
            IsListening = false;
            PeerIsLate = false;
            if (ExtrasIfAny is { } extras)
            {
                extras.ConnectingTo = null;
                extras.PostponedErrno = 0;
                extras.IsDisconnected = false;
                (accepted, extras.Accepted) = (extras.Accepted, null);
                (request, extras.AcceptRequest) = (extras.AcceptRequest, null);
                SignalWaiters(extras);
            }
        }

        registration?.Close();
        RemoveBoundFile();
        unused.Dispose();
        request?.Settle();
        accepted?.Close();
        IsBlocking = listener.IsBlocking;
        LocalEndPoint = listener.LocalEndPoint;
        Lingers = listener.Lingers;
        Connected(listener, peer);
        PeerIsLate = isPeerLate;
        return true;
    }

    /// <summary>A second core on a duplicate of the descriptor, in the same state.</summary>
    internal SocketCore Duplicate(SocketHandle copy)
    {
        var duplicate = new SocketCore(this, copy)
        {
            RemoteEndPoint = KnownPeer(),
            IsConnected = IsConnected,
            IsListening = IsListening,
            IsConnecting = IsConnecting,
            IsBound = IsBound,
        };
        Handle.IsShared = true;
        copy.IsShared = true;
        if (ExtrasIfAny is { } extras)
        {
            duplicate.Timeout = Timeout;
            duplicate.Extras.ConnectingTo = extras.ConnectingTo;
            duplicate.Extras.IsDisconnected = extras.IsDisconnected;
            duplicate.Extras.BoundFile = extras.BoundFile?.Share();
        }

        return duplicate;
    }

    /// <summary>Gives the socket to another engine, before its first operation.</summary>
    internal void MoveTo(SocketEngine engine) => _place = engine;

    internal void SetConnected(EndPoint peer)
    {
        LocalEndPoint ??= peer;
        RemoteEndPoint = peer;
        if (ExtrasIfAny is { } extras)
        {
            extras.ConnectingTo = null;
            extras.IsDisconnected = false;
        }

        IsConnecting = false;
        IsConnected = true;
    }

    /// <summary>A connect that does not wait is under way.</summary>
    internal void NoteConnecting(EndPoint peer)
    {
        LocalEndPoint ??= peer;
        Extras.ConnectingTo = peer;
    }

    /// <summary>True when there is a connection, or was one.</summary>
    private bool WasConnected => IsConnected || RemoteEndPoint is not null || PeerIsLate || ExtrasIfAny is { IsDisconnected: true };

    /// <summary>shutdown(2). Of a connection that the peer or a time limit has ended there is nothing left to shut down.</summary>
    /// <returns>0, or the errno: ENOTCONN of a socket that never was connected.</returns>
    internal int Shutdown(int how)
    {
        FinishTries();
        int result = Libc.Shutdown(Handle, how);
        return result == -Errno.ENOTCONN && WasConnected ? 0 : -Math.Min(result, 0);
    }

    /// <summary>Ends the connection, or the association of a datagram socket.</summary>
    /// <returns>0, or the errno.</returns>
    internal int Disconnect(bool reuseSocket)
    {
        FinishTries();
        if (Libc.GetPeerName(Handle, stackalloc byte[SocketConstants.AddressBytesMax], out _) is < 0 and var result
            && !(result == -Errno.ENOTCONN && WasConnected))
        {
            return -result;
        }

        int errno = IsConnectionless ? -Math.Min(Dissolve(), 0)
            : reuseSocket ? Renew(endsConnection: true)
            : Shutdown(SocketConstants.SHUT_RDWR);
        if (errno == 0)
        {
            SocketExtras extras = Extras;
            extras.IsDisconnected = true;
            extras.ConnectingTo = null;
            PeerIsLate = false;
            RemoteEndPoint = null;
            IsConnected = false;
        }

        return errno;
    }

    /// <summary>connect(2) to AF_UNSPEC, which "may dissolve the association".</summary>
    /// <returns>0, or −errno: families without it refuse.</returns>
    internal int Dissolve()
    {
        // sizeof(struct sockaddr).
        Span<byte> unspecified = stackalloc byte[16];
        unspecified.Clear();
        return Libc.Connect(Handle, unspecified);
    }

    /// <summary>The peer as far as it is known or can still be asked for; null when there is none.</summary>
    /// <remarks>
    /// SO_PEERNAME rather than getpeername(2) where an address has one length: it works even when the peer has reset the
    /// connection already. A UNIX socket knows its peer for as long as it is open.
    /// </remarks>
    internal EndPoint? KnownPeer()
    {
        if (RemoteEndPoint is not null || !PeerIsLate || IsDisposed)
        {
            return RemoteEndPoint;
        }

        try
        {
            Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
            if (IsInternet)
            {
                // The kernel refuses room for more than the address (EINVAL).
                address = address[..(AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6AddressBytes : Ipv4AddressBytes)];
            }

            int length;
            int result = IsInternet
                ? Libc.GetOption(Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_PEERNAME, address, out length)
                : Libc.GetPeerName(Handle, address, out length);
            if (result >= 0)
            {
                RemoteEndPoint = AddressCodecs.Decode(address[..length], LocalEndPoint);
                PeerIsLate = false;
            }

            return RemoteEndPoint;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>The sender as the kernel gave it, in the manner of <paramref name="like"/>. On a connection the kernel gives none: it is the peer.</summary>
    /// <returns>Null of a sender without a name.</returns>
    internal EndPoint? Sender(ReadOnlySpan<byte> address, EndPoint? like) =>
        AddressCodecs.Decode(address, like) ?? (SocketType is SocketType.Stream or SocketType.Seqpacket ? KnownPeer() : null);

    /// <summary>The same for members that must name one: a sender without a name is the family's end point of no name.</summary>
    internal EndPoint SenderOrUnnamed(ReadOnlySpan<byte> address, EndPoint like)
    {
        if (Sender(address, like) is { } sender)
        {
            return sender;
        }

        FamilyNumbers.TryToLinux(AddressFamily, out int family);
        return AddressCodecs.Decode(BitConverter.GetBytes((ushort)family), like)!;
    }

    /// <summary>Keeps the errno of a call that returned what it had moved before: the kernel reports an error once, and an end from then on.</summary>
    internal void PostponeError(int errno) => Volatile.Write(ref Extras.PostponedErrno, errno);

    /// <summary>The errno to report at the end; 0 when there is none.</summary>
    internal int TakePostponedError() =>
        ExtrasIfAny is { PostponedErrno: not 0 } extras ? Interlocked.Exchange(ref extras.PostponedErrno, 0) : 0;

    /// <summary>After listen(2) or a first send the kernel has chosen an address.</summary>
    internal void NoteLocalAddress()
    {
        if (LocalEndPoint is not null)
        {
            return;
        }

        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        if (Libc.GetSocketName(Handle, address, out int length) >= 0)
        {
            LocalEndPoint = AddressCodecs.Decode(address[..length], like: null);
        }
    }

    /// <summary>The end point to name in an error: the peer when connected, else the own address.</summary>
    internal EndPoint? EndPointForErrors()
    {
        if (KnownPeer() is { } peer)
        {
            return peer;
        }

        if (LocalEndPoint is null)
        {
            return null;
        }

        try
        {
            // The port that the kernel chose, where 0 was asked for.
            Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
            return Libc.GetSocketName(Handle, address, out int length) >= 0
                ? AddressCodecs.Decode(address[..length], LocalEndPoint)
                : LocalEndPoint;
        }
        catch (ObjectDisposedException)
        {
            return LocalEndPoint;
        }
    }

    /// <summary>What a failure says about <see cref="IsConnected"/>: most end it, those that leave the connection as it was do not.</summary>
    /// <remarks>
    /// A datagram socket's peer stays whatever one message met (ICMP's refusal among it). UNIX alone lets it go when the
    /// peer's socket has closed (unix_dgram_sendmsg in net/unix/af_unix.c).
    /// </remarks>
    internal void NoteFailure(int errno)
    {
        bool ends = IsConnectionless
            ? errno == Errno.ENOTCONN || (errno == Errno.ECONNREFUSED && AddressFamily == AddressFamily.Unix)
            : errno is not (0 or Errno.EAGAIN or Errno.EINPROGRESS or Errno.ENOBUFS or Errno.ETIMEDOUT or Errno.ESHUTDOWN or Errno.ECANCELED
                or Errno.EMSGSIZE or Errno.EOPNOTSUPP or Errno.EINVAL or Errno.EFAULT or Errno.EISCONN or Errno.EALREADY);
        if (ends)
        {
            IsConnected = false;
        }
    }

    /// <summary>
    /// What the calling loop has prepared on this socket goes to the kernel now, and is answered: for whatever must not overtake it.
    /// Others' sockets may share the descriptor's; then all that the loop has prepared goes.
    /// </summary>
    internal void FinishTries()
    {
        if (Handle.IsShared)
        {
            IoUring.RingPoller.Own?.FinishTries();
        }
        else
        {
            Registration?.FinishTries();
        }
    }

    /// <summary>Registers with the engine.</summary>
    /// <param name="watched">What is to be watched at first.</param>
    /// <param name="registration">The registration; null on failure.</param>
    /// <returns>0, or the errno.</returns>
    internal int Register(WatchedEvents watched, out Registration? registration)
    {
        lock (this)
        {
            registration = Registration;
            if (registration is not null)
            {
                return 0;
            }

            if (IsClosed)
            {
                return Errno.EBADF;
            }

            int errno = Engine.Register(Handle, watched, out registration);
            if (errno == 0)
            {
                Volatile.Write(ref _place, registration);
            }

            return errno;
        }
    }

    /// <summary>Ends the face: its members are forbidden from now on. The descriptor closes with the last owner.</summary>
    internal void Dispose()
    {
        if (TrySet(States.Disposed))
        {
            IsConnected = false;
            ReleaseOwner();
        }
    }

    /// <summary>True when the face alone owns the descriptor, and it is the only one of the open socket: its Dispose is the end for the peer too.</summary>
    internal bool EndsWithFace => Volatile.Read(ref _owners) == 1 && Handle is { Closes: true, IsShared: false };

    /// <summary>Counts a file made of this socket among its owners.</summary>
    /// <returns>False when the last owner is closing the descriptor: a count that reached 0 never rises again.</returns>
    internal bool TryAddOwner()
    {
        int owners;
        do
        {
            owners = Volatile.Read(ref _owners);
            if (owners == 0 || IsDisposed)
            {
                return false;
            }
        }
        while (Interlocked.CompareExchange(ref _owners, owners + 1, owners) != owners);
        return true;
    }

    /// <summary>The last owner closes.</summary>
    internal void ReleaseOwner()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            CloseDescriptor();
            if (Pipe is not { HoldsBytes: true })
            {
                GC.SuppressFinalize(this);
            }
        }
    }

    /// <summary>Gives the descriptor away, open.</summary>
    /// <returns>The handle, null when it could not be duplicated (<paramref name="errno"/>); or nothing when there is another owner.</returns>
    /// <param name="owners">How many owners there were: only the face alone may give away.</param>
    /// <param name="errno">0, or why a view's descriptor could not be duplicated.</param>
    internal SocketHandle? Detach(out int owners, out int errno)
    {
        errno = 0;
        owners = Interlocked.CompareExchange(ref _owners, 0, 1);
        if (owners != 1)
        {
            return null;
        }

        TrySet(States.Disposed);
        IsConnected = false;
        if (ExtrasIfAny is { } extras)
        {
            extras.BoundFile = null;
        }

        EndOperations();
        GC.SuppressFinalize(this);
        if (!Handle.Closes)
        {
            // A view's descriptor is its owner's: what is given away is a duplicate.
            int result = NewDescriptors.Duplicate(Handle, out SocketHandle duplicate);
            Handle.Dispose();
            SettleEngine();
            errno = -Math.Min(result, 0);
            if (errno != 0)
            {
                ExtrasIfAny?.Accepted?.Close();
                return null;
            }

            duplicate.CloseListener = ExtrasIfAny?.Accepted;
            return duplicate;
        }

        Handle.CloseListener?.Closing();
        SettleEngine();
        var detached = new SocketHandle(Handle.DangerousGetHandle()) { CloseListener = ExtrasIfAny?.Accepted };
        Handle.SetHandleAsInvalid();
        return detached;
    }

    /// <summary>A view of the descriptor for APIs that take the runtime's handle. It does not own.</summary>
    internal SafeSocketHandle View()
    {
        FinishTries();
        lock (this)
        {
            SocketExtras extras = Extras;
            if (extras.View is null)
            {
                extras.View = HandleViews.Create(Handle, isOpen: !IsClosed);
            }

            return extras.View;
        }
    }

    /// <summary>The pipe that moves this socket's bytes, notified of its close. One at a time.</summary>
    /// <returns>False when there is one already.</returns>
    internal bool TrySetPipe(ISocketPipe pipe) => Interlocked.CompareExchange(ref _rest, pipe, comparand: null) switch
    {
        null => true,
        SocketExtras extras => Interlocked.CompareExchange(ref extras.Pipe, pipe, comparand: null) is null,
        _ => false,
    };

    /// <summary>The pipe is gone, and the socket is not.</summary>
    internal void ClearPipe(ISocketPipe pipe)
    {
        if (ReferenceEquals(Interlocked.CompareExchange(ref _rest, null, pipe), pipe))
        {
            return;
        }

        if (ExtrasIfAny is { } extras)
        {
            Interlocked.CompareExchange(ref extras.Pipe, null, pipe);
        }
    }

    /// <summary>The bound file was made by bind(2) of this address; the last duplicate of the socket to go removes it.</summary>
    internal void NoteBoundFile(ReadOnlySpan<byte> address) => Extras.BoundFile = BoundFile.At(address);

    /// <summary>The path of the bound file; null when there is none.</summary>
    internal byte[]? BoundPath => ExtrasIfAny?.BoundFile?.Path;

    /// <summary>The descriptor closes, or has closed. Under the gate.</summary>
    private bool IsClosed
    {
        get => Has(States.Closed);
        set => Set(States.Closed, value);
    }

    // Accepted without its peer's address, which is asked for when somebody wants it.
    private bool PeerIsLate
    {
        get => Has(States.PeerLate);
        set => Set(States.PeerLate, value);
    }

    // An IPv4-mapped connect was begun on an INET6 stream socket; see PrepareConnect.
    private bool WasMapped
    {
        get => Has(States.Mapped);
        set => Set(States.Mapped, value);
    }

    private static TimeSpan? Smaller(TimeSpan? limit, int milliseconds) =>
        milliseconds <= 0 || (limit is { } time && time.TotalMilliseconds <= milliseconds)
            ? limit
            : TimeSpan.FromMilliseconds(milliseconds);

    private void Connected(SocketCore listener, ReadOnlySpan<byte> peer)
    {
        RemoteEndPoint = AddressCodecs.Decode(peer, listener.LocalEndPoint);
        IsConnected = true;
    }

    private bool Has(States state) => (Volatile.Read(ref _states) & (int)state) != 0;

    private void Set(States state, bool value)
    {
        if (Has(state) != value)
        {
            _ = value ? Interlocked.Or(ref _states, (int)state) : Interlocked.And(ref _states, ~(int)state);
        }
    }

    private ISocketPipe? Pipe => Volatile.Read(ref _rest) switch
    {
        SocketExtras extras => Volatile.Read(ref extras.Pipe),
        var pipe => (ISocketPipe?)pipe,
    };

    private SocketExtras MakeExtras()
    {
        var made = new SocketExtras();
        while (true)
        {
            object? seen = Volatile.Read(ref _rest);
            if (seen is SocketExtras extras)
            {
                return extras;
            }

            made.Pipe = (ISocketPipe?)seen;
            if (ReferenceEquals(Interlocked.CompareExchange(ref _rest, made, seen), seen))
            {
                return made;
            }
        }
    }

    // True for the one caller that has changed it.
    private bool TrySet(States state) => (Interlocked.Or(ref _states, (int)state) & (int)state) == 0;

    // Ends the waits of synchronous calls. Under the gate.
    private static void SignalWaiters(SocketExtras extras)
    {
        for (WaiterLink? waiter = extras.Waiters; waiter is not null; waiter = waiter.Next)
        {
            waiter.Waiter.Signal();
        }
    }

    private void EndOperations()
    {
        FinishTries();
        Registration? registration;
        lock (this)
        {
            IsClosed = true;
            ExtrasIfAny?.View?.Dispose();
            registration = Registration;
            if (ExtrasIfAny is { } extras)
            {
                SignalWaiters(extras);
            }
        }

        Pipe?.Close();
        registration?.Close();
    }

    private void CloseDescriptor()
    {
        EndOperations();
        RemoveBoundFile();
        EndConnection();
        bool isAwaited = Lingers || (LocalEndPoint is not null && (IsListening || !IsStream));
        if (!isAwaited && IsStream && EngineIfAny?.Poller.Ring is { IsOwnThread: true } ring)
        {
            Handle.MayCloseLater = true;
            if (Pipe is not null)
            {
                Handle.CloseListener ??= ring;
            }
        }

        Handle.Dispose();

        // A port is free once close(2) has run and the engine holds the file no longer. First the engine: what it has
        // prepared for the kernel holds the descriptor until it is handed over, and on the engine's own thread nobody else
        // does that. Then calls still under way on other threads: they have been woken. The bound is for a caller that
        // holds a reference of its own. And whoever set SO_LINGER wants Dispose to wait until what was sent has arrived.
        if (isAwaited)
        {
            SettleEngine();
            Handle.WaitForClose(TimeSpan.FromSeconds(1));
        }

        ExtrasIfAny?.Accepted?.Close();
    }

    // Says the end to a peer that would take close(2) for a reset; not over the heads of others who have the same socket.
    private void EndConnection()
    {
        if (Family is { ClosesByReset: true }
            && SocketType is SocketType.Stream or SocketType.Seqpacket
            && !IsListening
            && Handle is { Closes: true, IsShared: false }
            && !ResetsAtClose())
        {
            Libc.Shutdown(Handle, SocketConstants.SHUT_RDWR);
        }
    }

    // SO_LINGER with a time of zero: whoever set it wants the peer to see a reset.
    private bool ResetsAtClose()
    {
        Linger linger = default;
        return Libc.GetOption(
                Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_LINGER, MemoryMarshal.AsBytes(new Span<Linger>(ref linger)), out _) >= 0
            && linger is { OnOff: not 0, Seconds: 0 };
    }

    // Returns when the engine holds the file no longer, and has prepared nothing that names the descriptor by its number.
    private void SettleEngine()
    {
        if (Registration is { } registration)
        {
            registration.Poller.Settle();
        }
        else
        {
            ExtrasIfAny?.AcceptRequest?.Settle();
        }
    }

    private void RemoveBoundFile()
    {
        if (ExtrasIfAny is { } extras && Interlocked.Exchange(ref extras.BoundFile, null) is { } file && file.Release())
        {
            // Somebody else may have removed it already, or we may no longer be allowed to: neither keeps us from closing.
            Libc.Unlink(file.Path);
        }
    }

    [Flags]
    private enum States
    {
        Connected = 1,
        Connecting = 1 << 1,
        Listening = 1 << 2,
        Bound = 1 << 3,
        Blocking = 1 << 4,
        PlainTcp = 1 << 5,
        PeerLate = 1 << 6,
        Mapped = 1 << 7,
        Disposed = 1 << 8,
        Closed = 1 << 9,
        Lingers = 1 << 10,
    }
}

/// <summary>What moves a socket's bytes in place of its calls, and is notified when the socket closes.</summary>
internal interface ISocketPipe
{
    /// <summary>The socket closes: what is under way ends.</summary>
    void Close();

    /// <summary>The socket's time limit was set, or the pipe has just come: it looks.</summary>
    void NoteLimit();

    /// <summary>True when it holds memory of others' that its reader may still read, also after the close.</summary>
    bool HoldsBytes { get; }

    /// <summary>Nobody refers to the socket, or to the pipe: what it holds of others' memory goes back. On the finalizer's thread.</summary>
    void Abandon();
}

/// <summary>What most connections never need: they receive, and their sends do not wait.</summary>
internal sealed class SocketExtras
{
    internal SafeSocketHandle? View;

    /// <summary>Where a connect that did not wait is going.</summary>
    internal EndPoint? ConnectingTo;

    internal BoundFile? BoundFile;
    internal ISocketPipe? Pipe;

    /// <summary>Threads that wait in a synchronous call now. Under the core's gate.</summary>
    internal WaiterLink? Waiters;

    /// <summary>Ticks; negative is no limit. One word, so that a reader on another thread sees it whole.</summary>
    internal long TimeoutTicks = -1;

    // Milliseconds; 0 is no limit. They bound our own synchronous waits and are not SO_RCVTIMEO and SO_SNDTIMEO: the descriptor
    // is non-blocking, so the kernel would not look at those.
    internal int ReceiveTimeoutMs;
    internal int SendTimeoutMs;

    /// <summary>The error that a receive met behind the bytes that it returned; the next one reports it.</summary>
    internal int PostponedErrno;

    /// <summary>How often the descriptor's number has got another socket. Changed under the core's gate.</summary>
    internal int Renewals;

    /// <summary>Of a listener: what was accepted for it and not asked for. Null until something can be.</summary>
    internal AcceptedConnections? Accepted;

    /// <summary>Of a listener whose accepts were awaited on a loop with a ring. Made on the ring's thread.</summary>
    internal AcceptRequest? AcceptRequest;

    internal bool IsDisconnected;
    internal bool HasPacketInformation;

    internal OperationSlot ReceiveBuffers;
    internal OperationSlot Send;
    internal OperationSlot ReceiveFrom;
    internal OperationSlot SendTo;
    internal OperationSlot Accept;
    internal OperationSlot Connect;
    internal OperationSlot ReceiveMessage;
    internal OperationSlot SendMessage;
    internal OperationSlot ReceiveBatch;
    internal OperationSlot SendBatch;
    internal OperationSlot ReceiveError;
}
