using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Engines;

/// <summary>
/// With IP_RECVERR an ICMP error of a message sent before is in the error queue, whole; yet the kernel also keeps its
/// errno on the socket and hands it to the next call, which then sends nothing. A send of ours reports its own error
/// only: one that got an earlier message's errno is made again, once, the errno being spent.
/// </summary>
internal static class EarlierErrors
{
    /// <summary>True when a send's result is the errno of an earlier message, so that the call must be repeated.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="result">What the call returned.</param>
    /// <param name="progress">Notes that the call is repeated, which it is once.</param>
    internal static bool MustRepeat(SocketCore socket, int result, ref Progress progress)
    {
        if (result >= 0 || progress.HasRepeated || socket.IsStream || !ComesByIcmp(-result))
        {
            return false;
        }

        progress.HasRepeated = true;
        return socket.AddressFamily switch
        {
            AddressFamily.InterNetwork => IsOn(socket, IpConstants.IPPROTO_IP, MessageConstants.IP_RECVERR),
            AddressFamily.InterNetworkV6 => IsOn(socket, Ipv6Constants.IPPROTO_IPV6, MessageConstants.IPV6_RECVERR)
                || IsOn(socket, IpConstants.IPPROTO_IP, MessageConstants.IP_RECVERR),
            _ => false,
        };
    }

    // net/ipv4/icmp.c, icmp_err_convert, and net/ipv6/icmp.c, tab_unreach. Not EMSGSIZE: a send of one that is too long
    // queues a record each time, and would queue two.
    private static bool ComesByIcmp(int errno) => errno is Errno.ECONNREFUSED or Errno.EHOSTUNREACH or Errno.ENETUNREACH
        or Errno.ENOPROTOOPT or Errno.EOPNOTSUPP or Errno.EHOSTDOWN or Errno.ENONET or Errno.EPROTO or Errno.EACCES;

    private static bool IsOn(SocketCore socket, int level, int name) =>
        Libc.GetOption(socket.Handle, level, name, out int on) >= 0 && on != 0;
}
