using System.Net;

namespace Sockeye;

/// <summary>IPV6_PKTINFO: to which address and by which interface a packet came, or from which it shall go; RFC 3542 §6.</summary>
/// <param name="Address">Received: the destination address. Sent: the source address; null or <see cref="IPAddress.IPv6Any"/> lets the kernel choose.</param>
/// <param name="InterfaceIndex">Received: the interface it came by. Sent: the one to go by; 0 lets the routes decide.</param>
public readonly record struct Ipv6PacketInformation(IPAddress Address, int InterfaceIndex);

/// <summary>Control messages of IPv6: level IPPROTO_IPV6; ipv6(7), RFC 3542.</summary>
public static class Ipv6Control
{
    private const int Level = 41;

    // RFC 8200: an extension header's length byte counts 8-byte units beyond the first.
    private const int ExtensionBytesMax = 2048;

    /// <summary>IPV6_FLOWINFO: traffic class and flow label, in network order. Received when IPV6_RECVFLOWINFO is set; sent, it holds for this packet.</summary>
    public static readonly ControlMessage<uint> FlowInformation = ControlMessage.Struct<uint>(Level, 11, "IPV6_FLOWINFO");

    /// <summary>IPV6_PKTINFO: interface and address. Received when IPV6_RECVPKTINFO is set; sent, it chooses the source.</summary>
    public static readonly ControlMessage<Ipv6PacketInformation> PacketInformation = new(Ipv6InformationLayout.Instance, Level, 50, "IPV6_PKTINFO");

    /// <summary>IPV6_HOPLIMIT: hop limit, 0 to 255; −1, sent, is the default (EINVAL beyond). Received when IPV6_RECVHOPLIMIT is set.</summary>
    public static readonly ControlMessage<int> HopLimit = ControlMessage.Number(Level, 52, "IPV6_HOPLIMIT");

    /// <summary>IPV6_HOPOPTS: the hop-by-hop options header, whole. Received when IPV6_RECVHOPOPTS is set; sending needs CAP_NET_RAW (EPERM).</summary>
    public static readonly ControlMessage<byte[]> HopByHopOptions = ControlMessage.Bytes(Level, 54, ExtensionBytesMax, "IPV6_HOPOPTS");

    /// <summary>IPV6_RTHDRDSTOPTS: sent, the destination options header before a routing header; needs CAP_NET_RAW (EPERM).</summary>
    public static readonly ControlMessage<byte[]> RoutingDestinationOptions = ControlMessage.Bytes(Level, 55, ExtensionBytesMax, "IPV6_RTHDRDSTOPTS");

    /// <summary>IPV6_RTHDR: the routing header, whole. Received when IPV6_RECVRTHDR is set; RFC 3542 §7.</summary>
    public static readonly ControlMessage<byte[]> RoutingHeader = ControlMessage.Bytes(Level, 57, ExtensionBytesMax, "IPV6_RTHDR");

    /// <summary>IPV6_DSTOPTS: the destination options header, whole. Received when IPV6_RECVDSTOPTS is set; sending needs CAP_NET_RAW (EPERM).</summary>
    public static readonly ControlMessage<byte[]> DestinationOptions = ControlMessage.Bytes(Level, 59, ExtensionBytesMax, "IPV6_DSTOPTS");

    /// <summary>IPV6_PATHMTU: a message of no data that gives a path's new MTU: struct ip6_mtuinfo. Received when IPV6_RECVPATHMTU is set.</summary>
    public static readonly ControlMessage<byte[]> PathMtu = ControlMessage.Bytes(Level, 61, maxBytes: 32, "IPV6_PATHMTU");

    /// <summary>IPV6_DONTFRAG: sent, 1 refuses to cut this packet in fragments (EMSGSIZE); RFC 3542 §11.2.</summary>
    public static readonly ControlMessage<int> DontFragment = ControlMessage.Number(Level, 62, "IPV6_DONTFRAG");

    /// <summary>IPV6_TCLASS: traffic class, with the two ECN bits; −1, sent, is the default. Received when IPV6_RECVTCLASS is set.</summary>
    public static readonly ControlMessage<int> TrafficClass = ControlMessage.Number(Level, 67, "IPV6_TCLASS");

    /// <summary>IPV6_ORIGDSTADDR: where the packet was sent before a transparent proxy's redirect. Received when IPV6_RECVORIGDSTADDR is set.</summary>
    public static readonly ControlMessage<EndPoint> OriginalDestination = new(AddressControlLayout.Instance, Level, 74, "IPV6_ORIGDSTADDR");

    /// <summary>IPV6_RECVFRAGSIZE: the longest fragment of a packet that came in fragments. Received when IPV6_RECVFRAGSIZE is set.</summary>
    public static readonly ControlMessage<int> FragmentSize = ControlMessage.Number(Level, 77, "IPV6_RECVFRAGSIZE");
}
