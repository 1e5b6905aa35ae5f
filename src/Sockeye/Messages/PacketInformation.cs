using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>IP_PKTINFO and IPV6_PKTINFO: to which address, through which interface a message came.</summary>
internal static class PacketInformation
{
    /// <summary>Room for both kinds: a dual-stack socket gets one of them.</summary>
    internal const int ControlBytes = 256;

    /// <summary>How much room for control data a receive offers: none where no packet information comes, but descriptors might.</summary>
    internal static int Room(AddressFamily family) =>
        family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 ? ControlBytes : 0;

    /// <summary>Reads the control messages of one recvmsg(2).</summary>
    internal static IPPacketInformation Read(ReadOnlySpan<byte> control)
    {
        foreach (RawControlMessage message in new ControlReader(control))
        {
            if (message.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation v4))
            {
                // What the packet was sent to, which a multicast group or a broadcast address may be.
                return Create(v4.DestinationAddress, v4.InterfaceIndex);
            }

            if (message.TryGet(Ipv6Control.PacketInformation, out Ipv6PacketInformation v6))
            {
                return Create(v6.Address, v6.InterfaceIndex);
            }
        }

        return default;
    }

    /// <summary>Asks for packet information, with the option of the socket's family.</summary>
    internal static void Enable(SocketHandle socket, AddressFamily family)
    {
        if (family is AddressFamily.InterNetwork)
        {
            Libc.SetOption(socket, IpConstants.IPPROTO_IP, IpConstants.IP_PKTINFO, 1);
        }
        else if (family is AddressFamily.InterNetworkV6)
        {
            // On a dual-stack socket a v4 message brings both kinds; either is right.
            Libc.SetOption(socket, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_RECVPKTINFO, 1);
        }
    }

    // IPPacketInformation has no public constructor.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern IPPacketInformation Create(IPAddress address, int networkInterface);
}
