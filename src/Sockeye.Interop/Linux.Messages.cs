using System.Runtime.InteropServices;

namespace Sockeye.Interop;

/// <summary>Control messages, &lt;sys/socket.h&gt;, and the error queue, &lt;linux/errqueue.h&gt;: what code decides by.</summary>
internal static class MessageConstants
{
    internal const int SCM_RIGHTS = 1;
    internal const int SCM_PIDFD = 4;
    internal const int SO_TIMESTAMP_OLD = 29;
    internal const int SO_TIMESTAMPNS_OLD = 35;
    internal const int SO_TIMESTAMPING_OLD = 37;
    internal const int SO_TIMESTAMP_NEW = 63;
    internal const int SO_TIMESTAMPNS_NEW = 64;
    internal const int SO_TIMESTAMPING_NEW = 65;

    internal const int IP_RECVERR = 11;
    internal const int IPV6_RECVERR = 25;
    internal const int SOL_PACKET = 263;
    internal const int PACKET_TX_TIMESTAMP = 16;
    internal const int SOL_CAN_RAW = 101;
    internal const int SCM_CAN_RAW_ERRQUEUE = 1;
    internal const int SOL_CAN_J1939 = 107;
    internal const int SCM_J1939_ERRQUEUE = 4;
    internal const int SOL_VSOCK = 287;
    internal const int VSOCK_RECVERR = 1;

    internal const int SO_EE_ORIGIN_LOCAL = 1;
    internal const int SO_EE_ORIGIN_ICMP = 2;
    internal const int SO_EE_ORIGIN_ICMP6 = 3;
    internal const int SO_EE_ORIGIN_TIMESTAMPING = 4;
    internal const int SO_EE_ORIGIN_ZEROCOPY = 5;
    internal const int SO_EE_ORIGIN_TXTIME = 6;
    internal const int SO_EE_CODE_ZEROCOPY_COPIED = 1;

    /// <summary>SCM_MAX_FD, &lt;net/scm.h&gt;, which no user's header has: so many descriptors go with one message.</summary>
    internal const int DescriptorsMax = 253;
}

/// <summary>struct mmsghdr, &lt;sys/socket.h&gt;: one message of sendmmsg(2) or recvmmsg(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MultipleMessageHeader
{
    internal MessageHeader Header;
    internal uint Length;
}

/// <summary>struct sock_extended_err, &lt;linux/errqueue.h&gt;: one entry of the error queue. The offender's address follows it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ExtendedError
{
    internal uint Errno;
    internal byte Origin;
    internal byte Type;
    internal byte Code;
    internal byte Padding;
    internal uint Info;
    internal uint Data;
}

/// <summary>struct ucred, &lt;sys/socket.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct UserCredentials
{
    internal int ProcessId;
    internal uint UserId;
    internal uint GroupId;
}

/// <summary>struct tpacket_auxdata, &lt;linux/if_packet.h&gt;.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PacketAuxiliary
{
    internal uint Status;
    internal uint Length;
    internal uint SnapshotLength;
    internal ushort LinkOffset;
    internal ushort NetworkOffset;
    internal ushort VlanTag;
    internal ushort VlanProtocol;
}
