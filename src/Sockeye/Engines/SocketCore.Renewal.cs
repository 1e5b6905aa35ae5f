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

    /// <summary>How often the descriptor's number has got another socket.</summary>
    internal int Renewals => _extras is { } extras ? Volatile.Read(ref extras.Renewals) : 0;

    /// <summary>Makes the socket ready for connect(2).</summary>
    /// <param name="address">Where to, as a sockaddr.</param>
    /// <returns>0, or the errno.</returns>
    /// <remarks>
    /// TCP and multipath TCP, dual-mode: a connect to an IPv4-mapped address has the socket send by IPv4 (tcp_v6_connect in
    /// net/ipv6/tcp_ipv6.c sets its operations), and neither a refusal nor connect(2) to AF_UNSPEC takes that back. A connect
    /// to a native IPv6 address then sends its SYN, hears no answer, and times out after minutes. So it gets a new socket.
    /// </remarks>
    internal int PrepareConnect(ReadOnlySpan<byte> address) =>
        WasMapped && IsNativeIpv6(address) && IsUnconnected() ? Renew(endsConnection: false) : 0;

    /// <summary>A connect(2) to <paramref name="address"/> has begun.</summary>
    internal void NoteConnectBegun(ReadOnlySpan<byte> address)
    {
        if (AddressFamily == AddressFamily.InterNetworkV6 && IsStream && address.Length >= Ipv6AddressBytes && !IsNativeIpv6(address))
        {
            WasMapped = true;
        }
    }

    /// <summary>
    /// Gives the descriptor's number another open socket, fresh from socket(2): with the options that can be read, and with
    /// the address that was bound. Filters, memberships, keys and other descriptors of the old one do not follow.
    /// </summary>
    /// <param name="endsConnection">
    /// True ends the old socket's connection, as shutdown(2) and close(2) do: what was sent arrives, then the end of stream.
    /// False is for a socket without one, and does nothing when another thread was faster.
    /// </param>
    /// <returns>
    /// 0, or the errno: then the number names what it named, though a connection that was to end has ended. EOPNOTSUPP: the
    /// number is somebody else's.
    /// </returns>
    internal int Renew(bool endsConnection)
    {
        if (!Handle.Closes)
        {
            return Errno.EOPNOTSUPP;
        }

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
            }

            errno = Replace(fresh, endsConnection, out bool isReplaced);
            using (kept)
            {
                if (!isReplaced)
                {
                    return errno;
                }

                Discard(kept);
                kept.Dispose();

                // What waits was tried on the other one.
                Registration?.Ready(read: true, write: true);
            }

            return errno;
        }
    }

    private static bool IsNativeIpv6(ReadOnlySpan<byte> address) => address.Length >= Ipv6AddressBytes
        && !new IPAddress(address.Slice(8, 16)).IsIPv4MappedToIPv6;

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

    // Under the gate, so that the descriptor neither closes nor registers meanwhile.
    private int Replace(SocketHandle fresh, bool endsConnection, out bool isReplaced)
    {
        Registration? registration;
        bool isWatched = true;
        bool wasFile = false;
        int result;
        isReplaced = false;
        lock (this)
        {
            if (IsClosed)
            {
                return Errno.EBADF;
            }

            if (!WasMapped && !endsConnection)
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
                wasFile = IsBound && !IsInternet;
                NoteReplaced();
            }
        }

        if (!isWatched)
        {
            // No memory for it in the kernel. Whatever waits ends; the next that has to wait registers anew, and hears why not.
            registration!.Close();
            registration.Poller.Release(registration);
        }

        if (wasFile)
        {
            // The fresh socket is bound nowhere.
            IsBound = false;
            LocalEndPoint = null;
            RemoveBoundFile();
        }

        return -Math.Min(result, 0);
    }

    // Nothing of the old socket is the fresh one's. Under the gate.
    private void NoteReplaced()
    {
        WasMapped = false;
        IsConnecting = false;
        Handle.IsShared = false;
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
