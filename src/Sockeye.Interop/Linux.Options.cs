using System.Runtime.InteropServices;

namespace Sockeye.Interop;

// Structures of socket options, sorted by the kernel's names. What grows from header to header has its known fields
// compared, not its size.

/// <summary>struct can_filter, &lt;linux/can.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CanFilterEntry
{
    internal uint Id;
    internal uint Mask;
}

/// <summary>struct can_isotp_fc_options, &lt;linux/can/isotp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CanIsotpFlow
{
    internal byte BlockSize;
    internal byte SeparationTime;
    internal byte WaitFramesMax;
}

/// <summary>struct can_isotp_ll_options, &lt;linux/can/isotp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CanIsotpLink
{
    internal byte Mtu;
    internal byte DataLength;
    internal byte Flags;
}

/// <summary>struct can_isotp_options, &lt;linux/can/isotp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CanIsotpSettings
{
    internal uint Flags;
    internal uint FrameNanoseconds;
    internal byte ExtendedAddress;
    internal byte SendPadding;
    internal byte ReceivePadding;
    internal byte ReceiveExtendedAddress;
}

/// <summary>struct fanout_args, &lt;linux/if_packet.h&gt;, on little-endian machines.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketFanoutArguments
{
    internal ushort Id;
    internal ushort TypeAndFlags;
    internal uint MembersMax;
}

/// <summary>struct group_filter, &lt;linux/in.h&gt;, without the sources that follow it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupFilterHeader
{
    internal uint InterfaceIndex;
    internal SocketAddressStorage Group;
    internal uint Mode;
    internal uint SourceCount;
}

/// <summary>struct group_req, &lt;linux/in.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupRequest
{
    internal uint InterfaceIndex;
    internal SocketAddressStorage Group;
}

/// <summary>struct group_source_req, &lt;linux/in.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupSourceRequest
{
    internal uint InterfaceIndex;
    internal SocketAddressStorage Group;
    internal SocketAddressStorage Source;
}

/// <summary>struct ip_mreq_source, &lt;linux/in.h&gt;. Addresses are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IpSourceMembership
{
    internal uint Group;
    internal uint LocalAddress;
    internal uint Source;
}

/// <summary>struct ip_msfilter, &lt;linux/in.h&gt;, without the sources that follow it. Addresses are in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IpFilterHeader
{
    internal uint Group;
    internal uint LocalAddress;
    internal uint Mode;
    internal uint SourceCount;
}

/// <summary>struct ip6_mtuinfo, &lt;linux/ipv6.h&gt;: a struct sockaddr_in6, of which port and flow label are in network order, and a size.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Ipv6PathMtu
{
    internal ushort Family;
    internal ushort Port;
    internal uint FlowInformation;
    internal Ipv6Address Address;
    internal uint ScopeId;
    internal uint Mtu;
}

/// <summary>struct packet_mreq, &lt;linux/if_packet.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketMembershipRequest
{
    internal int InterfaceIndex;
    internal ushort Type;
    internal ushort AddressLength;
    internal ulong Address;
}

/// <summary>struct so_timestamping, &lt;linux/net_tstamp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimestampingSettings
{
    internal int Flags;
    internal int HardwareClock;
}

/// <summary>struct sock_filter, &lt;linux/filter.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FilterInstruction
{
    internal ushort Code;
    internal byte JumpTrue;
    internal byte JumpFalse;
    internal uint Value;
}

/// <summary>struct sock_fprog, &lt;linux/filter.h&gt;: the kernel borrows the instructions during the call.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FilterProgram
{
    internal ushort Length;
    internal nint Instructions;
}

/// <summary>struct sock_txtime, &lt;linux/net_tstamp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TransmitTimeSettings
{
    internal int Clock;
    internal uint Flags;
}

/// <summary>struct tcp_info, &lt;linux/tcp.h&gt;. It grows: an older kernel writes fewer bytes. The last five fields are those of Linux 6.2 to 6.7; what came later moved between kernels.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpInfo
{
    internal byte State;
    internal byte CongestionState;
    internal byte Retransmits;
    internal byte Probes;
    internal byte Backoff;
    internal byte Options;
    internal byte WindowScales;
    internal byte Flags;
    internal uint RetransmissionTimeout;
    internal uint AcknowledgementTimeout;
    internal uint SendSegment;
    internal uint ReceiveSegment;
    internal uint Unacknowledged;
    internal uint SelectivelyAcknowledged;
    internal uint Lost;
    internal uint Retransmitted;
    internal uint ForwardAcknowledged;
    internal uint LastDataSent;
    internal uint LastAcknowledgementSent;
    internal uint LastDataReceived;
    internal uint LastAcknowledgementReceived;
    internal uint PathMtu;
    internal uint ReceiveThreshold;
    internal uint RoundTrip;
    internal uint RoundTripVariation;
    internal uint SendThreshold;
    internal uint CongestionWindow;
    internal uint AdvertisedSegment;
    internal uint Reordering;
    internal uint ReceiveRoundTrip;
    internal uint ReceiveSpace;
    internal uint TotalRetransmitted;
    internal ulong PacingRate;
    internal ulong MaxPacingRate;
    internal ulong BytesAcknowledged;
    internal ulong BytesReceived;
    internal uint SegmentsOut;
    internal uint SegmentsIn;
    internal uint NotSentBytes;
    internal uint MinimumRoundTrip;
    internal uint DataSegmentsIn;
    internal uint DataSegmentsOut;
    internal ulong DeliveryRate;
    internal ulong BusyTime;
    internal ulong ReceiveWindowLimited;
    internal ulong SendBufferLimited;
    internal uint Delivered;
    internal uint DeliveredMarked;
    internal ulong BytesSent;
    internal ulong BytesRetransmitted;
    internal uint DuplicatesReported;
    internal uint ReorderingSeen;
    internal uint OutOfOrderReceived;
    internal uint SendWindow;
    internal uint ReceiveWindow;
    internal uint Rehashes;
    internal ushort TimeoutCount;
    internal ushort TimeoutRecoveries;
    internal uint TimeoutTime;
}

/// <summary>struct tcp_md5sig, &lt;linux/tcp.h&gt;: holds a secret.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpSignature
{
    internal SocketAddressStorage Peer;
    internal byte Flags;
    internal byte PrefixLength;
    internal ushort KeyLength;
    internal int InterfaceIndex;
    internal TcpSignatureBytes Key;
}

/// <summary>struct tcp_repair_opt, &lt;linux/tcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpRepairOptionEntry
{
    internal uint Code;
    internal uint Value;
}

/// <summary>struct tcp_repair_window, &lt;linux/tcp.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TcpRepairWindowState
{
    internal uint SendUpdate;
    internal uint SendWindow;
    internal uint MaxWindow;
    internal uint ReceiveWindow;
    internal uint ReceiveUpdate;
}

/// <summary>struct tipc_group_req, &lt;linux/tipc.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TipcGroupRequest
{
    internal uint Type;
    internal uint Instance;
    internal uint Scope;
    internal uint Flags;
}

/// <summary>struct tpacket_req, &lt;linux/if_packet.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketRingRequest
{
    internal uint BlockBytes;
    internal uint Blocks;
    internal uint FrameBytes;
    internal uint Frames;
}

/// <summary>struct tpacket_rollover_stats, &lt;linux/if_packet.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketRolloverCounts
{
    internal ulong All;
    internal ulong Huge;
    internal ulong Failed;
}

/// <summary>struct tpacket_stats_v3, &lt;linux/if_packet.h&gt;; before TPACKET_V3 the kernel writes the first two fields.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketCounts
{
    internal uint Packets;
    internal uint Drops;
    internal uint Freezes;
}

/// <summary>struct sockaddr_storage, &lt;sys/socket.h&gt;, aligned as the kernel's own is.</summary>
[System.Runtime.CompilerServices.InlineArray(SocketConstants.AddressBytesMax / sizeof(ulong))]
internal struct SocketAddressStorage
{
    private ulong _first;
}

/// <summary>The key of struct tcp_md5sig: TCP_MD5SIG_MAXKEYLEN bytes.</summary>
[System.Runtime.CompilerServices.InlineArray(80)]
internal struct TcpSignatureBytes
{
    private byte _first;
}
