using System.Net.Sockets;

namespace Sockeye;

/// <summary>IPV6_PREFER_SRC_: which of its own addresses the machine prefers as the source (RFC 5014).</summary>
[Flags]
public enum Ipv6AddressPreferences
{
    /// <summary>None: the machine's own rule.</summary>
    None = 0,

    /// <summary>IPV6_PREFER_SRC_TMP: a temporary address.</summary>
    Temporary = 0x1,

    /// <summary>IPV6_PREFER_SRC_PUBLIC: a lasting address.</summary>
    Public = 0x2,

    /// <summary>IPV6_PREFER_SRC_COA: the address of where the machine is now.</summary>
    CareOf = 0x4,

    /// <summary>IPV6_PREFER_SRC_CGA: an address made from a key. Linux takes it and does nothing.</summary>
    Cryptographic = 0x8,

    /// <summary>IPV6_PREFER_SRC_PUBTMP_DEFAULT: temporary or lasting as the machine is set up.</summary>
    PublicOrTemporary = 0x100,

    /// <summary>IPV6_PREFER_SRC_HOME: the address of the machine's home.</summary>
    Home = 0x400,

    /// <summary>IPV6_PREFER_SRC_NONCGA: no address made from a key. Linux takes it and does nothing.</summary>
    NotCryptographic = 0x800,
}

/// <summary>The options of IPv6 sockets: level IPPROTO_IPV6, described in ipv6(7).</summary>
public static class Ipv6Options
{
    private const int Level = 41;

    /// <summary>
    /// IPV6_ADDRFORM: set to AF_INET, 2, it turns a socket that is connected to an IPv4 peer (::ffff:a.b.c.d) into
    /// an IPv4 socket; read, it is the socket's family. ENOTCONN, EADDRNOTAVAIL: not so connected.
    /// </summary>
    public static readonly SocketOption<int> AddressForm = SocketOption.Number(Level, 1, "IPV6_ADDRFORM");

    /// <summary>
    /// IPV6_ADDR_PREFERENCES: which of its own addresses the machine prefers as the source (RFC 5014). Reads as
    /// what the kernel made of it. EINVAL: flags that exclude each other.
    /// </summary>
    public static readonly SocketOption<Ipv6AddressPreferences> AddressPreferences =
        SocketOption.Struct<Ipv6AddressPreferences>(Level, 72, "IPV6_ADDR_PREFERENCES");

    /// <summary>
    /// IPV6_AUTOFLOWLABEL: flow labels are made from the connection. Defaults to net.ipv6.auto_flowlabels, mostly
    /// true.
    /// </summary>
    public static readonly SocketOption<bool> AutoFlowLabel = SocketOption.Flag(Level, 70, "IPV6_AUTOFLOWLABEL");

    /// <summary>
    /// IPV6_CHECKSUM: the offset of the checksum that the kernel keeps in what is sent and checks in what comes; −1
    /// (the default) is none. Raw sockets but ICMPv6; ENOPROTOOPT elsewhere. EINVAL: an odd offset.
    /// </summary>
    public static readonly SocketOption<int> Checksum = SocketOption.Number(Level, 7, "IPV6_CHECKSUM");

    /// <summary>
    /// IPV6_DONTFRAG: a packet that is too large is not fragmented but refused (EMSGSIZE). Datagram and raw
    /// sockets. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> DontFragment = SocketOption.Flag(Level, 62, "IPV6_DONTFRAG");

    /// <summary>
    /// IPV6_DSTOPTS: the destination options header of each packet sent, as RFC 3542 lays it out; none clears it.
    /// EPERM: needs CAP_NET_RAW. EINVAL: no multiple of 8 bytes.
    /// </summary>
    public static readonly SocketOption<byte[]> DestinationOptions =
        SocketOption.Bytes(Level, 59, maxBytes: 2048, "IPV6_DSTOPTS");

    /// <summary>
    /// IPV6_FLOWINFO: flow label and traffic class of a packet comes with each packet as a control message.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveFlowInformation = SocketOption.Flag(Level, 11, "IPV6_FLOWINFO");

    /// <summary>IPV6_FLOWINFO_SEND: the flow label in an address sent or connected to is used. Defaults to false.</summary>
    public static readonly SocketOption<bool> SendFlowInformation =
        SocketOption.Flag(Level, 33, "IPV6_FLOWINFO_SEND");

    /// <summary>
    /// IPV6_FLOWLABEL_MGR: takes, gives back or renews a flow label: struct in6_flowlabel_req. Set only; reading
    /// wants a request, as <see cref="Socket.GetRawSocketOption"/> passes it.
    /// </summary>
    public static readonly SocketOption<byte[]> FlowLabel =
        SocketOption.Bytes(Level, 32, maxBytes: 32, "IPV6_FLOWLABEL_MGR", SocketOptionAccess.Set);

    /// <summary>IPV6_FREEBIND: bind to an address that this machine does not have, or not yet. Defaults to false.</summary>
    public static readonly SocketOption<bool> FreeBind = SocketOption.Flag(Level, 78, "IPV6_FREEBIND");

    /// <summary>
    /// IPV6_HDRINCL: what is sent begins with its IP header. Raw sockets; ENOPROTOOPT elsewhere. Defaults to false.
    /// Linux 4.4.
    /// </summary>
    public static readonly SocketOption<bool> HeaderIncluded = SocketOption.Flag(Level, 36, "IPV6_HDRINCL");

    /// <summary>
    /// IPV6_HOPOPTS: the hop-by-hop options header of each packet sent; else as <see cref="DestinationOptions"/>.
    /// </summary>
    public static readonly SocketOption<byte[]> HopOptions =
        SocketOption.Bytes(Level, 54, maxBytes: 2048, "IPV6_HOPOPTS");

    /// <summary>
    /// IPV6_JOIN_ANYCAST: this machine takes part in an anycast address on the interface with that index. Set only.
    /// EPERM: needs CAP_NET_ADMIN. EADDRNOTAVAIL, EINVAL: not an address of a prefix there.
    /// </summary>
    public static readonly SocketOption<IPv6MulticastOption> JoinAnycast =
        new(Ipv6MembershipLayout.Instance, Level, 27, "IPV6_JOIN_ANYCAST", SocketOptionAccess.Set);

    /// <summary>
    /// IPV6_JOIN_GROUP: join a multicast group on the interface with that index; with 0, the routing table decides.
    /// Set only. EADDRINUSE: already a member. ENODEV: no such interface. EINVAL: no multicast address.
    /// </summary>
    public static readonly SocketOption<IPv6MulticastOption> JoinGroup =
        new(Ipv6MembershipLayout.Instance, Level, 20, "IPV6_JOIN_GROUP", SocketOptionAccess.Set);

    /// <summary>IPV6_LEAVE_ANYCAST: undoes <see cref="JoinAnycast"/>. Set only. ENOENT: it was not set.</summary>
    public static readonly SocketOption<IPv6MulticastOption> LeaveAnycast =
        new(Ipv6MembershipLayout.Instance, Level, 28, "IPV6_LEAVE_ANYCAST", SocketOptionAccess.Set);

    /// <summary>IPV6_LEAVE_GROUP: leave a multicast group. Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<IPv6MulticastOption> LeaveGroup =
        new(Ipv6MembershipLayout.Instance, Level, 21, "IPV6_LEAVE_GROUP", SocketOptionAccess.Set);

    /// <summary>
    /// IPV6_MINHOPCOUNT: packets that may go fewer hops further than this are dropped, 0 to 255 (RFC 5082). TCP.
    /// Defaults to 0.
    /// </summary>
    public static readonly SocketOption<int> MinimumHopCount = SocketOption.Number(Level, 73, "IPV6_MINHOPCOUNT");

    /// <summary>
    /// IPV6_MTU: the largest packet that is sent, in bytes, at least 1,280 (EINVAL). Reads as the way's to the
    /// peer. ENOTCONN: reading on a socket that is not connected.
    /// </summary>
    public static readonly SocketOption<int> Mtu = SocketOption.Number(Level, 24, "IPV6_MTU");

    /// <summary>
    /// IPV6_MTU_DISCOVER: whether packets may be fragmented here. Defaults to <see cref="PathMtuDiscovery.Want"/>.
    /// </summary>
    public static readonly SocketOption<PathMtuDiscovery> MtuDiscovery =
        SocketOption.Struct<PathMtuDiscovery>(Level, 23, "IPV6_MTU_DISCOVER");

    /// <summary>
    /// IPV6_MULTICAST_ALL: packets of groups that any socket of this machine joined come too, not only of this
    /// one's. Defaults to true. Linux 4.20.
    /// </summary>
    public static readonly SocketOption<bool> MulticastAll = SocketOption.Flag(Level, 29, "IPV6_MULTICAST_ALL");

    /// <summary>IPV6_MULTICAST_HOPS: how many hops multicast packets may go, 0 to 255. Defaults to 1; −1 sets the default.</summary>
    public static readonly SocketOption<int> MulticastHops = SocketOption.Number(Level, 18, "IPV6_MULTICAST_HOPS");

    /// <summary>
    /// IPV6_MULTICAST_IF: the index of the interface that multicast packets leave by; 0 (the default) leaves it to
    /// the routing table. ENODEV: no such interface.
    /// </summary>
    public static readonly SocketOption<int> MulticastInterface = SocketOption.Number(Level, 17, "IPV6_MULTICAST_IF");

    /// <summary>IPV6_MULTICAST_LOOP: what is sent to a group comes to this machine's own members too. Defaults to true.</summary>
    public static readonly SocketOption<bool> MulticastLoopback = SocketOption.Flag(Level, 19, "IPV6_MULTICAST_LOOP");

    /// <summary>
    /// IPV6_PATHMTU: the largest packet that the way to the peer takes, in bytes (RFC 3542). Read only. ENOTCONN:
    /// the socket is not connected.
    /// </summary>
    public static readonly SocketOption<int> PathMtu =
        new(PathMtuLayout.Instance, Level, 61, "IPV6_PATHMTU", SocketOptionAccess.Get);

    /// <summary>
    /// IPV6_PKTINFO: the interface that all packets go by, unless a packet has its own
    /// <see cref="Ipv6Control.PacketInformation"/>; index 0 (the default) leaves it to the routes. Linux keeps the
    /// address and does not send from it: Bind chooses the source (RFC 3542 §6.2). Set only. EINVAL: bound to
    /// another interface. No such interface shows when a packet is sent: ENETUNREACH.
    /// </summary>
    public static readonly SocketOption<Ipv6PacketInformation> PacketInformation =
        new(Ipv6InterfaceLayout.Instance, Level, 50, "IPV6_PKTINFO", SocketOptionAccess.Set);

    /// <summary>
    /// IPV6_RECVDSTOPTS: the destination options of a packet come with it as control messages. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveDestinationOptions =
        SocketOption.Flag(Level, 58, "IPV6_RECVDSTOPTS");

    /// <summary>IPV6_RECVERR: as <see cref="IpOptions.ReceiveErrors"/>. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveErrors = SocketOption.Flag(Level, 25, "IPV6_RECVERR");

    /// <summary>IPV6_RECVERR_RFC4884: as <see cref="IpOptions.ReceiveErrorsExtended"/>. Defaults to false. Linux 5.9.</summary>
    public static readonly SocketOption<bool> ReceiveErrorsExtended =
        SocketOption.Flag(Level, 31, "IPV6_RECVERR_RFC4884");

    /// <summary>
    /// IPV6_RECVFRAGSIZE: the size of a packet's largest fragment comes with each packet as a control message.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveFragmentSize = SocketOption.Flag(Level, 77, "IPV6_RECVFRAGSIZE");

    /// <summary>
    /// IPV6_RECVHOPLIMIT: the remaining hops of a packet comes with each packet as a control message. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveHopLimit = SocketOption.Flag(Level, 51, "IPV6_RECVHOPLIMIT");

    /// <summary>
    /// IPV6_RECVHOPOPTS: the hop-by-hop options of a packet come with it as a control message. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveHopOptions = SocketOption.Flag(Level, 53, "IPV6_RECVHOPOPTS");

    /// <summary>IPV6_RECVORIGDSTADDR: as <see cref="IpOptions.ReceiveOriginalDestination"/>. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveOriginalDestination =
        SocketOption.Flag(Level, 74, "IPV6_RECVORIGDSTADDR");

    /// <summary>
    /// IPV6_RECVPATHMTU: when a packet was too large for the way, the way's size comes as a control message of an
    /// empty datagram. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceivePathMtu = SocketOption.Flag(Level, 60, "IPV6_RECVPATHMTU");

    /// <summary>
    /// IPV6_RECVPKTINFO: the interface and destination of a packet comes with each packet as a control message.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ReceivePacketInformation =
        SocketOption.Flag(Level, 49, "IPV6_RECVPKTINFO");

    /// <summary>
    /// IPV6_RECVRTHDR: the routing header of a packet comes with each packet as a control message. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveRoutingHeader = SocketOption.Flag(Level, 56, "IPV6_RECVRTHDR");

    /// <summary>
    /// IPV6_RECVTCLASS: the traffic class of a packet comes with each packet as a control message. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveTrafficClass = SocketOption.Flag(Level, 66, "IPV6_RECVTCLASS");

    /// <summary>
    /// IPV6_ROUTER_ALERT: packets that pass through with this Router Alert value come to this socket; −1 is none.
    /// IPPROTO_RAW sockets; ENOPROTOOPT elsewhere.
    /// </summary>
    public static readonly SocketOption<int> RouterAlert = SocketOption.Number(Level, 22, "IPV6_ROUTER_ALERT");

    /// <summary>
    /// IPV6_ROUTER_ALERT_ISOLATE: <see cref="RouterAlert"/> sees packets of its own network namespace alone.
    /// Defaults to false. Linux 5.1.
    /// </summary>
    public static readonly SocketOption<bool> RouterAlertIsolate =
        SocketOption.Flag(Level, 30, "IPV6_ROUTER_ALERT_ISOLATE");

    /// <summary>
    /// IPV6_RTHDR: the routing header of each packet sent; else as <see cref="DestinationOptions"/>. EINVAL: a type
    /// that Linux does not send, as type 0.
    /// </summary>
    public static readonly SocketOption<byte[]> RoutingHeader =
        SocketOption.Bytes(Level, 57, maxBytes: 2048, "IPV6_RTHDR");

    /// <summary>
    /// IPV6_RTHDRDSTOPTS: the destination options header before the routing header; else as
    /// <see cref="DestinationOptions"/>.
    /// </summary>
    public static readonly SocketOption<byte[]> RoutingHeaderDestinationOptions =
        SocketOption.Bytes(Level, 55, maxBytes: 2048, "IPV6_RTHDRDSTOPTS");

    /// <summary>IPV6_TCLASS: the traffic class byte of outgoing packets, 0 to 255. Defaults to 0; −1 sets the default.</summary>
    public static readonly SocketOption<int> TrafficClass = SocketOption.Number(Level, 67, "IPV6_TCLASS");

    /// <summary>
    /// IPV6_TRANSPARENT: as <see cref="IpOptions.Transparent"/>. EPERM: setting it to true needs CAP_NET_ADMIN or
    /// CAP_NET_RAW. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> Transparent = SocketOption.Flag(Level, 75, "IPV6_TRANSPARENT");

    /// <summary>
    /// IPV6_UNICAST_HOPS: how many hops outgoing packets may go, 0 to 255. Defaults to the interface's
    /// hop_limit, mostly 64; −1 sets the default.
    /// </summary>
    public static readonly SocketOption<int> UnicastHops = SocketOption.Number(Level, 16, "IPV6_UNICAST_HOPS");

    /// <summary>
    /// IPV6_UNICAST_IF: the index of the interface that unicast packets leave by; 0 (the default) leaves it to the
    /// routing table. EADDRNOTAVAIL: no such interface.
    /// </summary>
    public static readonly SocketOption<int> UnicastInterface =
        new(NetworkOrderLayout.Instance, Level, 76, "IPV6_UNICAST_IF", SocketOptionAccess.Both);

    /// <summary>
    /// IPV6_V6ONLY: IPv6 alone; false lets IPv4 peers in as ::ffff:a.b.c.d. The kernel's default is
    /// net.ipv6.bindv6only, mostly false; a <see cref="Socket"/> begins with true, as System.Net.Sockets' does, unless
    /// it was made without naming a family. EINVAL once the socket is bound. <see cref="Socket.DualMode"/> is its opposite.
    /// </summary>
    public static readonly SocketOption<bool> Ipv6Only = SocketOption.Flag(Level, 26, "IPV6_V6ONLY");

    /// <summary>IPV6_XFRM_POLICY: as <see cref="IpOptions.TransformPolicy"/>. Set only. EPERM: needs CAP_NET_ADMIN.</summary>
    public static readonly SocketOption<byte[]> TransformPolicy =
        SocketOption.Bytes(Level, 35, maxBytes: 256, "IPV6_XFRM_POLICY", SocketOptionAccess.Set);

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
    public static readonly SocketOption<GroupMembership> JoinAnyGroup =
        new(GroupLayout.Instance, Level, 42, "MCAST_JOIN_GROUP", SocketOptionAccess.Set);

    /// <summary>
    /// MCAST_JOIN_SOURCE_GROUP: hear one sender of a multicast group; more may be added (RFC 3678). Set only.
    /// EINVAL: the group was joined as a whole. EADDRNOTAVAIL: that sender is heard already.
    /// </summary>
    public static readonly SocketOption<SourceMembership> JoinSourceGroup =
        new(SourceLayout.Instance, Level, 46, "MCAST_JOIN_SOURCE_GROUP", SocketOptionAccess.Set);

    /// <summary>MCAST_LEAVE_GROUP: leave a multicast group (RFC 3678). Set only. EADDRNOTAVAIL: not a member there.</summary>
    public static readonly SocketOption<GroupMembership> LeaveAnyGroup =
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
