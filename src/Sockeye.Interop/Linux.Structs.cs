using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>struct msghdr, &lt;sys/socket.h&gt;.</summary>
/// <remarks>
/// musl declares the two counts as an int and padding; on little-endian machines, all that we run on, the bytes agree.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal byte* Name;
    internal uint NameLength;
    internal NativeBuffer* Buffers;
    internal nuint BufferCount;
    internal byte* Control;
    internal nuint ControlLength;
    internal int Flags;
}

/// <summary>What recvmsg(2) reported beside the byte count.</summary>
internal readonly record struct MessageLengths(int Address, int Control, int Flags);

/// <summary>struct cmsghdr, &lt;sys/socket.h&gt;: stands before each control message's data.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlMessageHeader
{
    internal nuint Length;
    internal int Level;
    internal int Type;
}

/// <summary>struct pollfd, &lt;poll.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    internal int Descriptor;
    internal short Events;
    internal short Returned;
}

/// <summary>struct timespec, &lt;time.h&gt;, on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeSpecification
{
    internal long Seconds;
    internal long Nanoseconds;
}

/// <summary>struct timeval, &lt;sys/time.h&gt;, on 64-bit machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    internal long Seconds;
    internal long Microseconds;
}

/// <summary>struct linger, &lt;sys/socket.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Linger
{
    internal int OnOff;
    internal int Seconds;
}

/// <summary>struct ip_mreqn, &lt;linux/in.h&gt;. Addresses are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IpMembership
{
    internal uint Group;
    internal uint LocalAddress;
    internal int InterfaceIndex;
}

/// <summary>struct ipv6_mreq, &lt;linux/in6.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Ipv6Membership
{
    internal Ipv6Address Group;
    internal int InterfaceIndex;
}

/// <summary>struct in6_addr, &lt;linux/in6.h&gt;.</summary>
[System.Runtime.CompilerServices.InlineArray(16)]
internal struct Ipv6Address
{
    private byte _first;
}

/// <summary>struct in_pktinfo, &lt;linux/in.h&gt;. Addresses are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IpPacketInformation
{
    internal int InterfaceIndex;
    internal uint LocalAddress;
    internal uint DestinationAddress;
}

/// <summary>struct in6_pktinfo, &lt;linux/ipv6.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Ipv6PacketInformation
{
    internal Ipv6Address Address;
    internal int InterfaceIndex;
}
