using System.Net.Sockets;
using static Sockeye.Interop.IpConstants;
using static Sockeye.Interop.Ipv6Constants;
using static Sockeye.Interop.SocketConstants;
using static Sockeye.Interop.TcpConstants;

namespace Sockeye;

/// <summary>The option of the kernel that stands behind a System.Net.Sockets name.</summary>
/// <param name="Level">The level's number.</param>
/// <param name="Name">The option's number.</param>
/// <param name="Text">The kernel's name.</param>
internal readonly record struct KernelOption(int Level, int Name, string Text);

/// <summary>
/// .NET's option levels and names as the kernel's, as System.Net.Sockets maps them on Linux (its pal_networking.c).
/// </summary>
/// <remarks>
/// What is missing here it does not support on Linux either: EOPNOTSUPP. Some names mean more than one option of the
/// kernel; <see cref="Socket.SetSocketOption(SocketOptionLevel, SocketOptionName, int)"/> knows them.
/// </remarks>
internal static class SystemNames
{
    internal static bool TryFind(SocketOptionLevel level, SocketOptionName name, out KernelOption option)
    {
        option = level switch
        {
            SocketOptionLevel.Socket => SocketLevel(name),
            SocketOptionLevel.IP => IpLevel(name),
            SocketOptionLevel.IPv6 => Ipv6Level(name),
            SocketOptionLevel.Tcp => TcpLevel(name),
            _ => default,
        };
        return option.Text is not null;
    }

    /// <summary>For messages: the kernel's name, else .NET's level and the number, since its names share numbers.</summary>
    internal static string Describe(SocketOptionLevel level, SocketOptionName name) =>
        TryFind(level, name, out KernelOption option) ? option.Text : $"{level} option {(int)name}";

    private static KernelOption SocketLevel(SocketOptionName name) => name switch
    {
        SocketOptionName.AcceptConnection => new(SOL_SOCKET, SO_ACCEPTCONN, nameof(SO_ACCEPTCONN)),
        SocketOptionName.Broadcast => new(SOL_SOCKET, SO_BROADCAST, nameof(SO_BROADCAST)),
        SocketOptionName.Debug => new(SOL_SOCKET, SO_DEBUG, nameof(SO_DEBUG)),
        SocketOptionName.DontRoute => new(SOL_SOCKET, SO_DONTROUTE, nameof(SO_DONTROUTE)),
        SocketOptionName.Error => new(SOL_SOCKET, SO_ERROR, nameof(SO_ERROR)),
        SocketOptionName.KeepAlive => new(SOL_SOCKET, SO_KEEPALIVE, nameof(SO_KEEPALIVE)),
        SocketOptionName.Linger => new(SOL_SOCKET, SO_LINGER, nameof(SO_LINGER)),
        SocketOptionName.OutOfBandInline => new(SOL_SOCKET, SO_OOBINLINE, nameof(SO_OOBINLINE)),
        SocketOptionName.ReceiveBuffer => new(SOL_SOCKET, SO_RCVBUF, nameof(SO_RCVBUF)),
        SocketOptionName.ReceiveLowWater => new(SOL_SOCKET, SO_RCVLOWAT, nameof(SO_RCVLOWAT)),
        SocketOptionName.ReceiveTimeout => new(SOL_SOCKET, SO_RCVTIMEO, nameof(SO_RCVTIMEO)),
        SocketOptionName.ReuseAddress => new(SOL_SOCKET, SO_REUSEADDR, nameof(SO_REUSEADDR)),
        SocketOptionName.SendBuffer => new(SOL_SOCKET, SO_SNDBUF, nameof(SO_SNDBUF)),
        SocketOptionName.SendLowWater => new(SOL_SOCKET, SO_SNDLOWAT, nameof(SO_SNDLOWAT)),
        SocketOptionName.SendTimeout => new(SOL_SOCKET, SO_SNDTIMEO, nameof(SO_SNDTIMEO)),
        SocketOptionName.Type => new(SOL_SOCKET, SO_TYPE, nameof(SO_TYPE)),
        _ => default,
    };

    private static KernelOption IpLevel(SocketOptionName name) => name switch
    {
        SocketOptionName.AddMembership => new(IPPROTO_IP, IP_ADD_MEMBERSHIP, nameof(IP_ADD_MEMBERSHIP)),
        SocketOptionName.AddSourceMembership => new(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, nameof(IP_ADD_SOURCE_MEMBERSHIP)),
        SocketOptionName.BlockSource => new(IPPROTO_IP, IP_BLOCK_SOURCE, nameof(IP_BLOCK_SOURCE)),
        SocketOptionName.DontFragment => new(IPPROTO_IP, IP_MTU_DISCOVER, nameof(IP_MTU_DISCOVER)),
        SocketOptionName.DropMembership => new(IPPROTO_IP, IP_DROP_MEMBERSHIP, nameof(IP_DROP_MEMBERSHIP)),
        SocketOptionName.DropSourceMembership => new(IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, nameof(IP_DROP_SOURCE_MEMBERSHIP)),
        SocketOptionName.HeaderIncluded => new(IPPROTO_IP, IP_HDRINCL, nameof(IP_HDRINCL)),
        SocketOptionName.IPOptions => new(IPPROTO_IP, IP_OPTIONS, nameof(IP_OPTIONS)),
        SocketOptionName.IpTimeToLive => new(IPPROTO_IP, IP_TTL, nameof(IP_TTL)),
        SocketOptionName.MulticastInterface => new(IPPROTO_IP, IP_MULTICAST_IF, nameof(IP_MULTICAST_IF)),
        SocketOptionName.MulticastLoopback => new(IPPROTO_IP, IP_MULTICAST_LOOP, nameof(IP_MULTICAST_LOOP)),
        SocketOptionName.MulticastTimeToLive => new(IPPROTO_IP, IP_MULTICAST_TTL, nameof(IP_MULTICAST_TTL)),
        SocketOptionName.PacketInformation => new(IPPROTO_IP, IP_PKTINFO, nameof(IP_PKTINFO)),
        SocketOptionName.TypeOfService => new(IPPROTO_IP, IP_TOS, nameof(IP_TOS)),
        SocketOptionName.UnblockSource => new(IPPROTO_IP, IP_UNBLOCK_SOURCE, nameof(IP_UNBLOCK_SOURCE)),
        _ => default,
    };

    private static KernelOption Ipv6Level(SocketOptionName name) => name switch
    {
        SocketOptionName.HopLimit => new(IPPROTO_IPV6, IPV6_HOPLIMIT, nameof(IPV6_HOPLIMIT)),
        SocketOptionName.IpTimeToLive => new(IPPROTO_IPV6, IPV6_UNICAST_HOPS, nameof(IPV6_UNICAST_HOPS)),
        SocketOptionName.IPv6Only => new(IPPROTO_IPV6, IPV6_V6ONLY, nameof(IPV6_V6ONLY)),
        SocketOptionName.MulticastInterface => new(IPPROTO_IPV6, IPV6_MULTICAST_IF, nameof(IPV6_MULTICAST_IF)),
        SocketOptionName.MulticastLoopback => new(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, nameof(IPV6_MULTICAST_LOOP)),
        SocketOptionName.MulticastTimeToLive => new(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, nameof(IPV6_MULTICAST_HOPS)),
        SocketOptionName.PacketInformation => new(IPPROTO_IPV6, IPV6_RECVPKTINFO, nameof(IPV6_RECVPKTINFO)),
        _ => default,
    };

    private static KernelOption TcpLevel(SocketOptionName name) => name switch
    {
        SocketOptionName.FastOpen => new(IPPROTO_TCP, TCP_FASTOPEN, nameof(TCP_FASTOPEN)),
        SocketOptionName.NoDelay => new(IPPROTO_TCP, TCP_NODELAY, nameof(TCP_NODELAY)),
        SocketOptionName.TcpKeepAliveInterval => new(IPPROTO_TCP, TCP_KEEPINTVL, nameof(TCP_KEEPINTVL)),
        SocketOptionName.TcpKeepAliveRetryCount => new(IPPROTO_TCP, TCP_KEEPCNT, nameof(TCP_KEEPCNT)),
        SocketOptionName.TcpKeepAliveTime => new(IPPROTO_TCP, TCP_KEEPIDLE, nameof(TCP_KEEPIDLE)),
        _ => default,
    };
}
