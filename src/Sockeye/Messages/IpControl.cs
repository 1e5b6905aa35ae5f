using System.Net;

namespace Sockeye;

/// <summary>IP_PKTINFO: the interface and the addresses at which a packet arrived, or from which to send it; struct in_pktinfo, ip(7).</summary>
/// <param name="InterfaceIndex">Received: the interface it came by. Sent: the one to go by; 0 lets the routes decide.</param>
/// <param name="LocalAddress">Received: this machine's address, which a reply should come from. Sent: the source address.</param>
/// <param name="DestinationAddress">Received: the header's destination, multicast and broadcast included. Sent: not heeded.</param>
public readonly record struct Ipv4PacketInformation(int InterfaceIndex, IPAddress LocalAddress, IPAddress DestinationAddress)
{
    /// <summary>For sending from <paramref name="source"/>.</summary>
    /// <param name="source">One of this machine's addresses.</param>
    /// <param name="interfaceIndex">The interface to go by. Defaults to 0: the routes decide.</param>
    public static Ipv4PacketInformation From(IPAddress source, int interfaceIndex = 0) => new(interfaceIndex, source, IPAddress.Any);
}

/// <summary>Control messages of IPv4: level IPPROTO_IP; ip(7).</summary>
public static class IpControl
{
    private const int Level = 0;

    /// <summary>IP_TOS: type of service, with the two ECN bits. Received when IP_RECVTOS is set; sent, it holds for this packet.</summary>
    public static readonly ControlMessage<int> TypeOfService = new(NumberOrByteLayout.Instance, Level, 1, "IP_TOS");

    /// <summary>IP_TTL: time to live, 1 to 255 (EINVAL). Received when IP_RECVTTL is set; sent, it holds for this packet.</summary>
    public static readonly ControlMessage<int> TimeToLive = ControlMessage.Number(Level, 2, "IP_TTL");

    /// <summary>IP_RECVOPTS: the packet's IP options as they came. Received when IP_RECVOPTS is set.</summary>
    public static readonly ControlMessage<byte[]> ReceivedOptions = ControlMessage.Bytes(Level, 6, maxBytes: 40, "IP_RECVOPTS");

    /// <summary>IP_RETOPTS: received when IP_RETOPTS is set, the options ready for the reply; sent, the options of this packet.</summary>
    public static readonly ControlMessage<byte[]> ReturnOptions = ControlMessage.Bytes(Level, 7, maxBytes: 40, "IP_RETOPTS");

    /// <summary>IP_PKTINFO: interface and addresses. Received when IP_PKTINFO is set; sent, it chooses the source.</summary>
    public static readonly ControlMessage<Ipv4PacketInformation> PacketInformation = new(Ipv4InformationLayout.Instance, Level, 8, "IP_PKTINFO");

    /// <summary>IP_ORIGDSTADDR: where the packet was sent before a transparent proxy's redirect. Received when IP_RECVORIGDSTADDR is set.</summary>
    public static readonly ControlMessage<EndPoint> OriginalDestination = new(AddressControlLayout.Instance, Level, 20, "IP_ORIGDSTADDR");

    /// <summary>IP_CHECKSUM: the packet's checksum as the card or kernel summed it. Received when IP_CHECKSUM is set (UDP).</summary>
    public static readonly ControlMessage<uint> Checksum = ControlMessage.Struct<uint>(Level, 23, "IP_CHECKSUM");

    /// <summary>IP_RECVFRAGSIZE: the longest fragment of a packet that came in fragments. Received when IP_RECVFRAGSIZE is set.</summary>
    public static readonly ControlMessage<int> FragmentSize = ControlMessage.Number(Level, 25, "IP_RECVFRAGSIZE");

    /// <summary>IP_PROTOCOL: sent on a raw socket, the header's protocol (Linux 6.5).</summary>
    public static readonly ControlMessage<int> Protocol = ControlMessage.Number(Level, 52, "IP_PROTOCOL");
}
