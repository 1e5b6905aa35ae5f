using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Engines;

// Another open socket under the same descriptor number, where the one before can connect no more.
internal sealed partial class SocketCore
{
    private const int DiscardBytes = 64 * 1024;

    // The limited broadcast address: IPv4 has no connection to it, wherever this machine's routes lead.
    private static readonly IPAddress s_unreachable = IPAddress.Broadcast.MapToIPv6();

    /// <summary>How often the descriptor's number has got another socket.</summary>
    internal int Renewals => ExtrasIfAny is { } extras ? Volatile.Read(ref extras.Renewals) : 0;

    /// <summary>True when a receive's errno says that the socket has never been connected, and it is not the number's first.</summary>
    /// <param name="errno">ENOTCONN; of a UNIX stream EINVAL (unix_stream_read_generic in net/unix/af_unix.c).</param>
    internal bool IsFreshlyRenewed(int errno) => Renewals > 0 && !IsConnectionless
        && (errno == Errno.ENOTCONN || (errno == Errno.EINVAL && AddressFamily == AddressFamily.Unix));

    /// <summary>Makes the socket ready for connect(2).</summary>
    /// <param name="address">Where to, as a sockaddr.</param>
    /// <returns>0, or the errno.</returns>
    /// <remarks>
    /// TCP and multipath TCP, dual-mode: a connect to an IPv4-mapped address has the socket send by IPv4 (tcp_v6_connect in
    /// net/ipv6/tcp_ipv6.c sets its operations), and neither a refusal nor connect(2) to AF_UNSPEC takes that back. A connect
    /// to a native IPv6 address then sends its SYN, gets no reply, and times out after minutes. What others who have the same
    /// socket did with it nobody knows: a descriptor that was adopted is treated as if it had been.
    /// </remarks>
    internal int PrepareConnect(ReadOnlySpan<byte> address) =>
        AddressFamily == AddressFamily.InterNetworkV6 && (WasMapped || Handle.IsShared) && IsNativeIpv6(address) && IsUnconnected()
            ? ReturnToIpv6(address)
            : 0;

    /// <summary>
    /// Makes a socket ready for connect(2) that says EALREADY although nothing is under way any more: VSOCK does, after a
    /// connect that failed while nobody waited in the kernel (vsock_connect in net/vmw_vsock/af_vsock.c leaves it
    /// SS_CONNECTING). It gets a new socket.
    /// </summary>
    /// <returns>0: connect anew. EALREADY: it is under way. Else the errno of the one that failed, or why there is no new socket.</returns>
    internal int PrepareConnectAgain()
    {
        // A socket of this family that is under way polls as writable no sooner than it has failed or is connected.
        int renewals = Renewals;
        if (Family is not { StaysConnecting: true }
            || Poll(SocketEvents.Writable, out SocketEvents seen) <= 0
            || (seen & SocketEvents.Writable) == 0
            || Libc.GetPeerName(Handle, stackalloc byte[SocketConstants.AddressBytesMax], out _) >= 0)
        {
            return Errno.EALREADY;
        }

        int failure = TakeError();
        return failure != 0 ? failure : Renew(endsConnection: false, renewals);
    }

    /// <summary>SO_ERROR, which tells an error once.</summary>
    /// <returns>The errno; 0 when there is none.</returns>
    internal int TakeError() =>
        Libc.GetOption(Handle, SocketConstants.SOL_SOCKET, SocketConstants.SO_ERROR, out int errno) < 0 ? 0 : errno;

    /// <summary>A connect(2) to <paramref name="address"/> has begun.</summary>
    internal void NoteConnectBegun(ReadOnlySpan<byte> address)
    {
        if (AddressFamily == AddressFamily.InterNetworkV6 && IsStream && address.Length >= Ipv6AddressBytes && !IsNativeIpv6(address))
        {
            WasMapped = true;
        }
    }

    /// <summary>A send that may be a connect, too, is about to be made.</summary>
    /// <param name="flags">MSG_FASTOPEN: it is.</param>
    /// <param name="address">Where to, as a sockaddr.</param>
    internal void NoteSendTo(int flags, ReadOnlySpan<byte> address)
    {
        if ((flags & SocketConstants.MSG_FASTOPEN) != 0)
        {
            NoteConnectBegun(address);
        }
    }

    /// <summary>
    /// Gives the descriptor's number another open socket, fresh from socket(2): with the options that can be read, and with
    /// the IP or VSOCK address that was bound. Filters, memberships, keys and other descriptors of the old one do not follow.
    /// </summary>
    /// <param name="endsConnection">
    /// True ends the old socket's connection, as shutdown(2) and close(2) do: what was sent arrives, then the end of stream.
    /// False is for a socket without one, and does nothing when another thread was faster.
    /// </param>
    /// <param name="renewals">Of a socket without a connection: <see cref="Renewals"/> before it was found in need of this.</param>
    /// <returns>
    /// 0, or the errno: then the number names what it named, though a connection that was to end has ended. EOPNOTSUPP: the
    /// number is somebody else's.
    /// </returns>
    internal int Renew(bool endsConnection, int renewals = 0)
    {
        if (!Handle.Closes)
        {
            return Errno.EOPNOTSUPP;
        }

        FinishTries();
        int errno = OpenAlike(out SocketHandle fresh);
        using (fresh)
        {
            if (errno != 0)
            {
                return errno;
            }

            // A descriptor that keeps the old one until the gate is open: its close may wait, for what LingerState says.
            int result = NewDescriptors.Duplicate(Handle, out SocketHandle kept);
            if (result < 0)
            {
                kept.Dispose();
                return -result;
            }

            if (endsConnection)
            {
                // Receives that wait, here or in an engine, find the end of the stream before the socket is another.
                Libc.Shutdown(Handle, SocketConstants.SHUT_RDWR);
                Registration?.Ready(read: true, write: true);
                FinishTries();
            }

            // A port of VSOCK's is free when the old socket has gone.
            EndPoint? boundLater = IsBound && Family is { StaysConnecting: true } ? BoundAddress() : null;
            errno = Replace(fresh, endsConnection, renewals, out bool isReplaced);
            using (kept)
            {
                if (!isReplaced)
                {
                    return errno;
                }

                Discard(kept);
                kept.Dispose();
                if (boundLater is not null)
                {
                    // A ring's poll holds the old socket until it is taken back.
                    Registration?.Poller.Settle();
                    BindAgain(boundLater);
                }

                // What waits was tried on the other one.
                Registration?.Ready(read: true, write: true);
            }

            return errno;
        }
    }

    private static bool IsNativeIpv6(ReadOnlySpan<byte> address) => address.Length >= Ipv6AddressBytes
        && !new IPAddress(address.Slice(8, 16)).IsIPv4MappedToIPv6;

    private static ushort PortOf(ReadOnlySpan<byte> address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(address[2..]);

    // Unread data would make of close(2) a reset, which overtakes what was sent (RFC 2525, 2.17). What can still come is
    // bounded: the direction is shut down.
    private static void Discard(SocketHandle old)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DiscardBytes);
        while (Libc.Receive(old, buffer, flags: 0) > 0)
        {
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private bool IsUnconnected()
    {
        // The first byte of struct tcp_info is the state.
        const byte Closed = 7;
        Span<byte> state = stackalloc byte[1];
        return Libc.GetOption(Handle, IpConstants.IPPROTO_TCP, IpConstants.TCP_INFO, state, out _) >= 0 && state[0] == Closed;
    }

    // Where a connect to an IPv4-mapped address fails at once, tcp_v6_connect sets the operations of IPv6 again; IPv4 refuses
    // a broadcast address before it has sent anything. The port is the one meant, for rules that know ports (Landlock).
    private int ReturnToIpv6(ReadOnlySpan<byte> address)
    {
        int renewals = Renewals;
        int failure = TakeError();
        if (failure != 0)
        {
            // Of an earlier connect, whose failure nobody has heard yet.
            Dissolve();
            return failure;
        }

        Libc.GetOption(Handle, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, out int ipv6Only);
        bool isAsked = ipv6Only == 0 || Libc.SetOption(Handle, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 0) >= 0;
        bool isDone = false;
        if (isAsked)
        {
            Span<byte> unreachable = stackalloc byte[SocketConstants.AddressBytesMax];
            unreachable = unreachable[..AddressCodecs.Encode(new IPEndPoint(s_unreachable, PortOf(address)), unreachable)];
            int answer = Libc.Connect(Handle, unreachable);
            if (answer == -Errno.ECONNABORTED)
            {
                // The earlier connect's, whose error somebody has read.
                answer = Libc.Connect(Handle, unreachable);
            }

            // Refused before TCP heard of it, by a security module or a program of the control group's.
            isDone = answer is not (-Errno.EACCES or -Errno.EPERM);
        }

        if (isAsked && ipv6Only != 0)
        {
            Libc.SetOption(Handle, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 1);
        }

        if (!isDone && WasMapped)
        {
            // Bound to an IPv6 address since, it hears of IPv4 no more.
            return Renew(endsConnection: false, renewals);
        }

        WasMapped = false;
        return 0;
    }

    private int OpenAlike(out SocketHandle fresh)
    {
        FamilyNumbers.TryToLinux(AddressFamily, out int family);
        int result = NewDescriptors.Socket(family, (int)SocketType, (int)ProtocolType, out fresh);
        if (result < 0)
        {
            return -result;
        }

        OptionCopy.Run(Handle, fresh);
        return IsBound && IsInternet ? BindAlike(fresh) : 0;
    }

    // Bind has set SO_REUSEADDR on TCP sockets, so that both may have the port.
    private int BindAlike(SocketHandle fresh)
    {
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        int result = Libc.GetSocketName(Handle, address, out int length);
        if (result < 0)
        {
            return -result;
        }

        // As its user wrote it, with the port that the kernel chose: a connect has replaced "any" by an address.
        EndPoint bound = LocalEndPoint is IPEndPoint local && AddressCodecs.Decode(address[..length], local) is IPEndPoint { Port: var port }
            ? new IPEndPoint(local.Address, port)
            : LocalEndPoint!;
        return -Math.Min(Libc.Bind(fresh, address[..AddressCodecs.Encode(bound, address)]), 0);
    }

    private EndPoint? BoundAddress()
    {
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        return Libc.GetSocketName(Handle, address, out int length) >= 0 ? AddressCodecs.Decode(address[..length], LocalEndPoint) : null;
    }

    // The kernel keeps the port of a connection whose peer has not answered the end yet, for 8 seconds at most
    // (virtio_transport_close in net/vmw_vsock/virtio_transport_common.c). Then the fresh socket stays unbound.
    private void BindAgain(EndPoint local)
    {
        Span<byte> address = stackalloc byte[SocketConstants.AddressBytesMax];
        IsBound = Libc.Bind(Handle, address[..AddressCodecs.Encode(local, address)]) >= 0;
    }

    // Under the gate, so that the descriptor neither closes nor registers meanwhile.
    private int Replace(SocketHandle fresh, bool endsConnection, int renewals, out bool isReplaced)
    {
        Registration? registration;
        bool isWatched = true;
        bool wasBoundElsewhere = false;
        int result;
        isReplaced = false;
        lock (this)
        {
            if (IsClosed)
            {
                return Errno.EBADF;
            }

            if (!endsConnection && renewals != Renewals)
            {
                return 0;
            }

            int flags = Libc.Fcntl(Handle, FcntlConstants.F_GETFD);
            bool closeOnExec = flags < 0 || (flags & FcntlConstants.FD_CLOEXEC) != 0;
            registration = Registration;
            result = registration is not null
                ? registration.Poller.Rewatch(registration, fresh, closeOnExec, out isWatched)
                : Libc.DuplicateOnto(fresh, Handle, closeOnExec);
            if (!isWatched)
            {
                _place = registration!.Engine;
            }

            if (result >= 0)
            {
                isReplaced = true;
                wasBoundElsewhere = IsBound && !IsInternet;
                NoteReplaced(isShared: !closeOnExec);
            }
        }

        if (!isWatched)
        {
            // No memory for it in the kernel. Whatever waits ends; the next call that has to wait registers again, and gets the error.
            registration!.Close();
            registration.Poller.Release(registration);
        }

        if (wasBoundElsewhere)
        {
            // The fresh socket is bound nowhere. Its addresses are read in the manner of the old one's.
            IsBound = false;
            RemoveBoundFile();
        }

        return -Math.Min(result, 0);
    }

    // Nothing of the old socket is the fresh one's. Under the gate.
    private void NoteReplaced(bool isShared)
    {
        WasMapped = false;
        IsConnecting = false;
        Handle.IsShared = isShared;
        SocketExtras extras = Extras;
        extras.ConnectingTo = null;
        extras.PostponedErrno = 0;
        Volatile.Write(ref extras.Renewals, extras.Renewals + 1);
        for (WaiterLink? waiter = extras.Waiters; waiter is not null; waiter = waiter.Next)
        {
            // Others have seen the old one's hang-up.
            if (waiter.WaitsForEdges)
            {
                waiter.Waiter.Signal();
            }
        }
    }
}
