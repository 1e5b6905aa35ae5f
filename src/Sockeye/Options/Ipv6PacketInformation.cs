using System.Net;

namespace Sockeye;

/// <summary>IPV6_PKTINFO: the address and the interface at which a packet arrived, or from which to send it; RFC 3542 §6.</summary>
/// <param name="Address">Received: the destination address. Sent: the source address; null or <see cref="IPAddress.IPv6Any"/> lets the kernel choose.</param>
/// <param name="InterfaceIndex">Received: the interface it came by. Sent: the one to go by; 0 lets the routes decide.</param>
public readonly record struct Ipv6PacketInformation(IPAddress Address, int InterfaceIndex);
