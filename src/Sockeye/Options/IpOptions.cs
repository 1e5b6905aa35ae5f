using System.Net;
using System.Net.Sockets;

namespace Sockeye;

/// <summary>IP_MTU_DISCOVER's values: what is done with packets too large for the way.</summary>
public enum PathMtuDiscovery
{
    /// <summary>IP_PMTUDISC_DONT: never set "don't fragment".</summary>
    Dont = 0,

    /// <summary>IP_PMTUDISC_WANT: set it where the way's size is known, else fragment. The usual default.</summary>
    Want = 1,

    /// <summary>IP_PMTUDISC_DO: always set it; a datagram that is too large is EMSGSIZE.</summary>
    Do = 2,

    /// <summary>IP_PMTUDISC_PROBE: set it, but ignore the known size of the way.</summary>
    Probe = 3,

    /// <summary>IP_PMTUDISC_INTERFACE: never set it, use the interface's size, believe no message about another.</summary>
    Interface = 4,

    /// <summary>IP_PMTUDISC_OMIT: as <see cref="Interface"/>, and fragment where needed.</summary>
    Omit = 5,
}

/// <summary>The options of IPv4 sockets, and of IPv6 sockets that also speak IPv4: level IPPROTO_IP, described in ip(7).</summary>
public static class IpOptions
{
    private const int Level = 0;

    /// <summary>
    /// IP_ADD_MEMBERSHIP: join a multicast group, on the interface with that index or else with that local address;
    /// with neither, the routing table decides. Set only. EADDRINUSE: already a member. ENODEV: no such interface.
    /// EINVAL: no multicast address. ENOBUFS: more than net.ipv4.igmp_max_memberships.
    /// </summary>
    public static readonly SocketOption<MulticastOption> AddMembership =
        new(Ipv4MembershipLayout.Instance, Level, 35, "IP_ADD_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>IP_DROP_MEMBERSHIP: leave a multicast group. Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<MulticastOption> DropMembership =
        new(Ipv4MembershipLayout.Instance, Level, 36, "IP_DROP_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>IP_FREEBIND: bind to an address that this machine does not have, or not yet. Defaults to false.</summary>
    public static readonly SocketOption<bool> FreeBind = SocketOption.Flag(Level, 15, "IP_FREEBIND");

    /// <summary>
    /// IP_MTU_DISCOVER: whether packets may be fragmented. Defaults to <see cref="PathMtuDiscovery.Want"/>
    /// (net.ipv4.ip_no_pmtu_disc changes that).
    /// </summary>
    public static readonly SocketOption<PathMtuDiscovery> MtuDiscovery =
        SocketOption.Struct<PathMtuDiscovery>(Level, 10, "IP_MTU_DISCOVER");

    /// <summary>
    /// IP_MULTICAST_IF: the local address of the interface that multicast packets leave by; 0.0.0.0 (the default)
    /// leaves it to the routing table. EADDRNOTAVAIL: no interface has that address.
    /// </summary>
    public static readonly SocketOption<IPAddress> MulticastInterface =
        new(Ipv4AddressLayout.Instance, Level, 32, "IP_MULTICAST_IF", SocketOptionAccess.Both);

    /// <summary>
    /// IP_MULTICAST_IF: as <see cref="MulticastInterface"/>, by the interface's index; 0 leaves it to the routing
    /// table. Set only. EADDRNOTAVAIL: no such interface.
    /// </summary>
    public static readonly SocketOption<int> MulticastInterfaceIndex =
        new(Ipv4InterfaceLayout.Instance, Level, 32, "IP_MULTICAST_IF", SocketOptionAccess.Set);

    /// <summary>IP_MULTICAST_LOOP: what is sent to a group comes to this machine's own members too. Defaults to true.</summary>
    public static readonly SocketOption<bool> MulticastLoopback = SocketOption.Flag(Level, 34, "IP_MULTICAST_LOOP");

    /// <summary>IP_MULTICAST_TTL: how many hops multicast packets may go, 0 to 255. Defaults to 1; −1 sets the default.</summary>
    public static readonly SocketOption<int> MulticastTimeToLive = SocketOption.Number(Level, 33, "IP_MULTICAST_TTL");

    /// <summary>
    /// IP_TOS: the type-of-service byte of outgoing packets, 0 to 255: DSCP above, two ECN bits below, which TCP
    /// keeps for itself. Defaults to 0.
    /// </summary>
    public static readonly SocketOption<int> TypeOfService = SocketOption.Number(Level, 1, "IP_TOS");

    /// <summary>
    /// IP_TTL: how many hops outgoing packets may go, 1 to 255. Defaults to net.ipv4.ip_default_ttl, mostly 64; −1
    /// sets the default.
    /// </summary>
    public static readonly SocketOption<int> TimeToLive = SocketOption.Number(Level, 2, "IP_TTL");
}
