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

    /// <summary>
    /// IP_ADD_SOURCE_MEMBERSHIP: hear one sender of a multicast group; more may be added. Set only. EINVAL: the
    /// group was joined as a whole. EADDRNOTAVAIL: that sender is heard already. ENODEV: no such interface.
    /// </summary>
    public static readonly SocketOption<Ipv4SourceMembership> AddSourceMembership =
        new(Ipv4SourceLayout.Instance, Level, 39, "IP_ADD_SOURCE_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>
    /// IP_BIND_ADDRESS_NO_PORT: bind with port 0 leaves the choice of a port to connect, which can then share one
    /// among many destinations. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> BindAddressNoPort =
        SocketOption.Flag(Level, 24, "IP_BIND_ADDRESS_NO_PORT");

    /// <summary>
    /// IP_BLOCK_SOURCE: hear one sender of a joined group no longer. Set only. EADDRNOTAVAIL: it is blocked
    /// already, or the group was not joined. EINVAL: the group was joined by sender.
    /// </summary>
    public static readonly SocketOption<Ipv4SourceMembership> BlockSource =
        new(Ipv4SourceLayout.Instance, Level, 38, "IP_BLOCK_SOURCE", SocketOptionAccess.Set);

    /// <summary>
    /// IP_CHECKSUM: the checksum of a datagram's data, as the card made it, comes with each packet as a control
    /// message. UDP. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveChecksum = SocketOption.Flag(Level, 23, "IP_CHECKSUM");

    /// <summary>IP_DROP_MEMBERSHIP: leave a multicast group. Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<MulticastOption> DropMembership =
        new(Ipv4MembershipLayout.Instance, Level, 36, "IP_DROP_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>
    /// IP_DROP_SOURCE_MEMBERSHIP: take one sender of <see cref="AddSourceMembership"/> back. Set only.
    /// EADDRNOTAVAIL: it was not heard.
    /// </summary>
    public static readonly SocketOption<Ipv4SourceMembership> DropSourceMembership =
        new(Ipv4SourceLayout.Instance, Level, 40, "IP_DROP_SOURCE_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>IP_FREEBIND: bind to an address that this machine does not have, or not yet. Defaults to false.</summary>
    public static readonly SocketOption<bool> FreeBind = SocketOption.Flag(Level, 15, "IP_FREEBIND");

    /// <summary>
    /// IP_HDRINCL: what is sent begins with its IP header. Raw sockets; ENOPROTOOPT elsewhere. Defaults to false.
    /// Always true for IPPROTO_RAW.
    /// </summary>
    public static readonly SocketOption<bool> HeaderIncluded = SocketOption.Flag(Level, 3, "IP_HDRINCL");

    /// <summary>
    /// IP_LOCAL_PORT_RANGE: the ports from which bind and connect choose, within net.ipv4.ip_local_port_range.
    /// Defaults to 0 and 0: all of that. EINVAL: the first is above the last. Linux 6.3; IPv6 too.
    /// </summary>
    public static readonly SocketOption<PortRange> LocalPortRange =
        new(PortRangeLayout.Instance, Level, 51, "IP_LOCAL_PORT_RANGE", SocketOptionAccess.Both);

    /// <summary>
    /// IP_MINTTL: packets that may go fewer hops further than this are dropped, 0 to 255; 255 takes neighbours'
    /// alone (RFC 5082). TCP. Defaults to 0.
    /// </summary>
    public static readonly SocketOption<int> MinimumTimeToLive = SocketOption.Number(Level, 21, "IP_MINTTL");

    /// <summary>
    /// IP_MTU: the largest packet that the way to the peer takes, in bytes. Read only. ENOTCONN: the socket is not
    /// connected.
    /// </summary>
    public static readonly SocketOption<int> Mtu = SocketOption.Number(Level, 14, "IP_MTU", SocketOptionAccess.Get);

    /// <summary>
    /// IP_MTU_DISCOVER: whether packets may be fragmented. Defaults to <see cref="PathMtuDiscovery.Want"/>
    /// (net.ipv4.ip_no_pmtu_disc changes that).
    /// </summary>
    public static readonly SocketOption<PathMtuDiscovery> MtuDiscovery =
        SocketOption.Struct<PathMtuDiscovery>(Level, 10, "IP_MTU_DISCOVER");

    /// <summary>
    /// IP_MULTICAST_ALL: packets of groups that any socket of this machine joined come too, not only of this one's.
    /// Defaults to true.
    /// </summary>
    public static readonly SocketOption<bool> MulticastAll = SocketOption.Flag(Level, 49, "IP_MULTICAST_ALL");

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
    /// IP_NODEFRAG: fragments are not put together before the packet filter sees them. Raw sockets; ENOPROTOOPT
    /// elsewhere. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> NoReassembly = SocketOption.Flag(Level, 22, "IP_NODEFRAG");

    /// <summary>
    /// IP_OPTIONS: the IP options of each packet sent, at most 40 bytes; none clears them. Of an accepted
    /// connection: the peer's, turned round. EINVAL: not well formed.
    /// </summary>
    public static readonly SocketOption<byte[]> Options = SocketOption.Bytes(Level, 4, maxBytes: 40, "IP_OPTIONS");

    /// <summary>
    /// IP_PASSSEC: the security label of a packet comes with each packet as a control message. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> PassSecurity = SocketOption.Flag(Level, 18, "IP_PASSSEC");

    /// <summary>
    /// IP_PKTINFO: the interface and destination of a packet comes with each packet as a control message.
    /// Socket.ReceiveMessageFrom sets it. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceivePacketInformation = SocketOption.Flag(Level, 8, "IP_PKTINFO");

    /// <summary>
    /// IP_PKTOPTIONS: the control messages that would come with a packet, as the kernel lays them out. TCP;
    /// ENOPROTOOPT elsewhere. Read only.
    /// </summary>
    public static readonly SocketOption<byte[]> PacketOptions =
        SocketOption.Bytes(Level, 9, maxBytes: 256, "IP_PKTOPTIONS", SocketOptionAccess.Get);

    /// <summary>IP_PROTOCOL: the protocol's number. Raw sockets; ENOPROTOOPT elsewhere. Read only. Linux 6.4.</summary>
    public static readonly SocketOption<int> Protocol =
        SocketOption.Number(Level, 52, "IP_PROTOCOL", SocketOptionAccess.Get);

    /// <summary>
    /// IP_RECVERR: errors from the network come to the error queue with all that is known about them; on datagram
    /// sockets they then also come when not connected. False empties the queue. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveErrors = SocketOption.Flag(Level, 11, "IP_RECVERR");

    /// <summary>
    /// IP_RECVERR_RFC4884: such errors say where the ICMP extensions lie (RFC 4884). Defaults to false. Linux 5.9.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveErrorsExtended =
        SocketOption.Flag(Level, 26, "IP_RECVERR_RFC4884");

    /// <summary>
    /// IP_RECVFRAGSIZE: the size of a packet's largest fragment comes with each packet as a control message. UDP
    /// and raw sockets. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveFragmentSize = SocketOption.Flag(Level, 25, "IP_RECVFRAGSIZE");

    /// <summary>IP_RECVOPTS: the IP options of a packet come with it as a control message. No streams. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveOptions = SocketOption.Flag(Level, 6, "IP_RECVOPTS");

    /// <summary>
    /// IP_RECVORIGDSTADDR: the address a packet was sent to, before a proxy rule turned it here, comes with each
    /// packet as a control message. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveOriginalDestination =
        SocketOption.Flag(Level, 20, "IP_RECVORIGDSTADDR");

    /// <summary>
    /// IP_RECVTOS: the type-of-service byte of a packet comes with each packet as a control message. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveTypeOfService = SocketOption.Flag(Level, 13, "IP_RECVTOS");

    /// <summary>
    /// IP_RECVTTL: the remaining hops of a packet comes with each packet as a control message. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveTimeToLive = SocketOption.Flag(Level, 12, "IP_RECVTTL");

    /// <summary>
    /// IP_RETOPTS: the IP options of a packet, as a reply would carry them, comes with each packet as a control
    /// message. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveRawOptions = SocketOption.Flag(Level, 7, "IP_RETOPTS");

    /// <summary>
    /// IP_ROUTER_ALERT: packets that pass through with the Router Alert option come to this socket: 1 on, 0 off.
    /// Set only. Raw sockets; EINVAL elsewhere. EADDRINUSE: on already.
    /// </summary>
    public static readonly SocketOption<int> RouterAlert =
        SocketOption.Number(Level, 5, "IP_ROUTER_ALERT", SocketOptionAccess.Set);

    /// <summary>
    /// IP_TOS: the type-of-service byte of outgoing packets, 0 to 255: DSCP above, two ECN bits below, which TCP
    /// keeps for itself. Defaults to 0.
    /// </summary>
    public static readonly SocketOption<int> TypeOfService = SocketOption.Number(Level, 1, "IP_TOS");

    /// <summary>
    /// IP_TRANSPARENT: bind to any address, and take what a proxy rule turns here. EPERM: setting it to true needs
    /// CAP_NET_ADMIN or CAP_NET_RAW. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> Transparent = SocketOption.Flag(Level, 19, "IP_TRANSPARENT");

    /// <summary>
    /// IP_TTL: how many hops outgoing packets may go, 1 to 255. Defaults to net.ipv4.ip_default_ttl, mostly 64; −1
    /// sets the default.
    /// </summary>
    public static readonly SocketOption<int> TimeToLive = SocketOption.Number(Level, 2, "IP_TTL");

    /// <summary>IP_UNBLOCK_SOURCE: undoes <see cref="BlockSource"/>. Set only. EADDRNOTAVAIL: it was not blocked.</summary>
    public static readonly SocketOption<Ipv4SourceMembership> UnblockSource =
        new(Ipv4SourceLayout.Instance, Level, 37, "IP_UNBLOCK_SOURCE", SocketOptionAccess.Set);

    /// <summary>
    /// IP_UNICAST_IF: the index of the interface that unicast packets leave by; 0 (the default) leaves it to the
    /// routing table. EADDRNOTAVAIL: no such interface.
    /// </summary>
    public static readonly SocketOption<int> UnicastInterface =
        new(NetworkOrderLayout.Instance, Level, 50, "IP_UNICAST_IF", SocketOptionAccess.Both);

    /// <summary>
    /// IP_XFRM_POLICY: a policy of IPsec for this socket alone, struct xfrm_userpolicy_info and its templates. Set
    /// only. EPERM: needs CAP_NET_ADMIN. EOPNOTSUPP, ENOPROTOOPT: the kernel has no IPsec.
    /// </summary>
    public static readonly SocketOption<byte[]> TransformPolicy =
        SocketOption.Bytes(Level, 17, maxBytes: 256, "IP_XFRM_POLICY", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_BLOCK_SOURCE: hear one sender of a joined group no longer (RFC 3678). Set only. EADDRNOTAVAIL: it is
    /// blocked already, or the group was not joined. EINVAL: the group was joined by sender.
    /// </summary>
    public static readonly SocketOption<SourceMembership> GroupBlockSource =
        new(SourceLayout.Instance, Level, 43, "MCAST_BLOCK_SOURCE", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_JOIN_GROUP: join a multicast group (RFC 3678). Set only. EADDRINUSE: a member already. ENODEV: no such
    /// interface. EINVAL: no multicast address.
    /// </summary>
    public static readonly SocketOption<GroupMembership> JoinGroup =
        new(GroupLayout.Instance, Level, 42, "MCAST_JOIN_GROUP", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_JOIN_SOURCE_GROUP: hear one sender of a multicast group; more may be added (RFC 3678). Set only.
    /// EINVAL: the group was joined as a whole. EADDRNOTAVAIL: that sender is heard already.
    /// </summary>
    public static readonly SocketOption<SourceMembership> JoinSourceGroup =
        new(SourceLayout.Instance, Level, 46, "MCAST_JOIN_SOURCE_GROUP", SocketOptionAccess.Set);

    /// <summary>MCAST_LEAVE_GROUP: leave a multicast group (RFC 3678). Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<GroupMembership> LeaveGroup =
        new(GroupLayout.Instance, Level, 45, "MCAST_LEAVE_GROUP", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_LEAVE_SOURCE_GROUP: take one sender of <see cref="JoinSourceGroup"/> back (RFC 3678). Set only.
    /// EADDRNOTAVAIL: it was not heard.
    /// </summary>
    public static readonly SocketOption<SourceMembership> LeaveSourceGroup =
        new(SourceLayout.Instance, Level, 47, "MCAST_LEAVE_SOURCE_GROUP", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_MSFILTER: all senders of a joined group at once, setsourcefilter(3) of RFC 3678. Set only;
    /// <see cref="Socket.GetSourceFilter"/> reads it. EINVAL: the group was not joined. ENOBUFS: more than
    /// net.ipv4.igmp_max_msf or net.ipv6.mld_max_msf.
    /// </summary>
    public static readonly SocketOption<SourceFilter> SourceFilter =
        new(SourceFilterLayout.Instance, Level, 48, "MCAST_MSFILTER", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_UNBLOCK_SOURCE: undoes <see cref="GroupBlockSource"/> (RFC 3678). Set only. EADDRNOTAVAIL: it was not
    /// blocked.
    /// </summary>
    public static readonly SocketOption<SourceMembership> GroupUnblockSource =
        new(SourceLayout.Instance, Level, 44, "MCAST_UNBLOCK_SOURCE", SocketOptionAccess.Set);
}
