using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

// The one option whose reading needs a question.
public partial class Socket
{
    private const int MulticastSourceFilter = 48; // MCAST_MSFILTER

    /// <summary>Which senders this socket hears in a multicast group: getsourcefilter(3), MCAST_MSFILTER. <see cref="IpOptions.SourceFilter"/> sets it.</summary>
    /// <param name="group">The group, IPv4 or IPv6.</param>
    /// <param name="interfaceIndex">The interface's index, as it was joined on; 0 leaves it to the routing table. Defaults to 0.</param>
    /// <returns>The mode and the senders.</returns>
    /// <exception cref="SocketException">EADDRNOTAVAIL: the group was not joined there. EINVAL: no multicast address.</exception>
    public SourceFilter GetSourceFilter(IPAddress group, int interfaceIndex = 0)
    {
        SocketResult<SourceFilter> result = TryGetSourceFilter(group, interfaceIndex);
        if (!result.IsSuccess)
        {
            ThrowOptionFailed("getsockopt", "MCAST_MSFILTER", result.Errno);
        }

        return result.Value;
    }

    /// <summary>As <see cref="GetSourceFilter"/>, with the failure as a value.</summary>
    /// <param name="group">The group, IPv4 or IPv6.</param>
    /// <param name="interfaceIndex">The interface's index. Defaults to 0.</param>
    /// <returns>The mode and the senders, or the errno.</returns>
    public SocketResult<SourceFilter> TryGetSourceFilter(IPAddress group, int interfaceIndex = 0)
    {
        ThrowIfDisposed();
        ArgumentNullException.ThrowIfNull(group);
        int level = group.AddressFamily == AddressFamily.InterNetworkV6 ? Ipv6Constants.IPPROTO_IPV6 : IpConstants.IPPROTO_IP;
        int result = SourceFilterLayout.Get(Descriptor, level, MulticastSourceFilter, group, interfaceIndex, out SourceFilter? filter);
        return result < 0 ? SocketResult<SourceFilter>.Failure(-result) : SocketResult<SourceFilter>.Success(filter!);
    }
}
