using System.Net.Sockets;

namespace Sockeye;

/// <summary>The options of IPv6 sockets: level IPPROTO_IPV6, described in ipv6(7).</summary>
public static class Ipv6Options
{
    private const int Level = 41;

    /// <summary>
    /// IPV6_JOIN_GROUP: join a multicast group on the interface with that index; with 0, the routing table decides.
    /// Set only. EADDRINUSE: already a member. ENODEV: no such interface. EINVAL: no multicast address.
    /// </summary>
    public static readonly SocketOption<IPv6MulticastOption> JoinGroup =
        new(Ipv6MembershipLayout.Instance, Level, 20, "IPV6_JOIN_GROUP", SocketOptionAccess.Set);

    /// <summary>IPV6_LEAVE_GROUP: leave a multicast group. Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<IPv6MulticastOption> LeaveGroup =
        new(Ipv6MembershipLayout.Instance, Level, 21, "IPV6_LEAVE_GROUP", SocketOptionAccess.Set);

    /// <summary>IPV6_MULTICAST_HOPS: how many hops multicast packets may go, 0 to 255. Defaults to 1; −1 sets the default.</summary>
    public static readonly SocketOption<int> MulticastHops = SocketOption.Number(Level, 18, "IPV6_MULTICAST_HOPS");

    /// <summary>
    /// IPV6_MULTICAST_IF: the index of the interface that multicast packets leave by; 0 (the default) leaves it to
    /// the routing table. ENODEV: no such interface.
    /// </summary>
    public static readonly SocketOption<int> MulticastInterface = SocketOption.Number(Level, 17, "IPV6_MULTICAST_IF");

    /// <summary>IPV6_MULTICAST_LOOP: what is sent to a group comes to this machine's own members too. Defaults to true.</summary>
    public static readonly SocketOption<bool> MulticastLoopback = SocketOption.Flag(Level, 19, "IPV6_MULTICAST_LOOP");

    /// <summary>IPV6_TCLASS: the traffic class byte of outgoing packets, 0 to 255. Defaults to 0; −1 sets the default.</summary>
    public static readonly SocketOption<int> TrafficClass = SocketOption.Number(Level, 67, "IPV6_TCLASS");

    /// <summary>
    /// IPV6_UNICAST_HOPS: how many hops outgoing packets may go, 0 to 255. Defaults to the interface's
    /// hop_limit, mostly 64; −1 sets the default.
    /// </summary>
    public static readonly SocketOption<int> UnicastHops = SocketOption.Number(Level, 16, "IPV6_UNICAST_HOPS");

    /// <summary>
    /// IPV6_V6ONLY: IPv6 alone; false lets IPv4 peers in as ::ffff:a.b.c.d. The kernel's default is
    /// net.ipv6.bindv6only, mostly false; a <see cref="Socket"/> begins with true, as System.Net.Sockets' does, unless
    /// it was made without naming a family. EINVAL once the socket is bound. <see cref="Socket.DualMode"/> is its opposite.
    /// </summary>
    public static readonly SocketOption<bool> Ipv6Only = SocketOption.Flag(Level, 26, "IPV6_V6ONLY");
}
