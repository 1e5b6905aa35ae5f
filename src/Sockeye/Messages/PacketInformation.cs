using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>IP_PKTINFO and IPV6_PKTINFO: to which address, through which interface a message came.</summary>
internal static class PacketInformation
{
    /// <summary>Room for both kinds: a dual-stack socket gets one of them.</summary>
    internal const int ControlBytes = 256;

    // sizeof(struct cmsghdr) on 64-bit machines, already a multiple of 8.
    private const int HeaderBytes = sizeof(ulong) + sizeof(int) + sizeof(int);

    /// <summary>Reads the control messages of one recvmsg(2).</summary>
    internal static IPPacketInformation Read(ReadOnlySpan<byte> control)
    {
        while (control.Length >= HeaderBytes)
        {
            var header = MemoryMarshal.Read<ControlMessageHeader>(control);
            int length = (int)Math.Min(header.Length, (nuint)control.Length);
            if (length < HeaderBytes)
            {
                break;
            }

            ReadOnlySpan<byte> data = control[HeaderBytes..length];
            if (header.Level == IpConstants.IPPROTO_IP && header.Type == IpConstants.IP_PKTINFO && data.Length >= 12)
            {
                // in_pktinfo: interface, local address, destination address of the header; the last is what was sent to.
                return Create(new IPAddress(data.Slice(8, 4)), BitConverter.ToInt32(data));
            }

            if (header.Level == Ipv6Constants.IPPROTO_IPV6 && header.Type == Ipv6Constants.IPV6_PKTINFO && data.Length >= 20)
            {
                return Create(new IPAddress(data[..16]), BitConverter.ToInt32(data[16..]));
            }

            // CMSG_NXTHDR: the next header stands at the next multiple of 8.
            int next = (length + 7) & ~7;
            control = next >= control.Length ? default : control[next..];
        }

        return default;
    }

    /// <summary>Asks for packet information, with the option of the socket's family.</summary>
    internal static void Enable(Socket socket)
    {
        if (socket.AddressFamily is AddressFamily.InterNetwork)
        {
            Libc.SetOption(socket.Descriptor, IpConstants.IPPROTO_IP, IpConstants.IP_PKTINFO, 1);
        }
        else if (socket.AddressFamily is AddressFamily.InterNetworkV6)
        {
            // On a dual-stack socket a v4 message tells both kinds; either is right.
            Libc.SetOption(socket.Descriptor, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_RECVPKTINFO, 1);
        }
    }

    // IPPacketInformation has no public constructor.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern IPPacketInformation Create(IPAddress address, int networkInterface);
}
