namespace Sockeye.Interop;

// Address families: numbers by header, under the kernel's own names.

/// <summary>&lt;sys/socket.h&gt;: the families that SocketConstants does not have.</summary>
internal static class FamilyConstants
{
    internal const int AF_AX25 = 3;
    internal const int AF_IPX = 4;
    internal const int AF_APPLETALK = 5;
    internal const int AF_NETROM = 6;
    internal const int AF_BRIDGE = 7;
    internal const int AF_ATMPVC = 8;
    internal const int AF_X25 = 9;
    internal const int AF_ROSE = 11;
    internal const int AF_DECnet = 12;
    internal const int AF_NETBEUI = 13;
    internal const int AF_SECURITY = 14;
    internal const int AF_KEY = 15;
    internal const int AF_NETLINK = 16;
    internal const int AF_ASH = 18;
    internal const int AF_ECONET = 19;
    internal const int AF_ATMSVC = 20;
    internal const int AF_RDS = 21;
    internal const int AF_SNA = 22;
    internal const int AF_IRDA = 23;
    internal const int AF_PPPOX = 24;
    internal const int AF_WANPIPE = 25;
    internal const int AF_LLC = 26;
    internal const int AF_IB = 27;
    internal const int AF_MPLS = 28;
    internal const int AF_TIPC = 30;
    internal const int AF_BLUETOOTH = 31;
    internal const int AF_IUCV = 32;
    internal const int AF_RXRPC = 33;
    internal const int AF_ISDN = 34;
    internal const int AF_PHONET = 35;
    internal const int AF_IEEE802154 = 36;
    internal const int AF_CAIF = 37;
    internal const int AF_ALG = 38;
    internal const int AF_NFC = 39;
    internal const int AF_VSOCK = 40;
    internal const int AF_KCM = 41;
    internal const int AF_QIPCRTR = 42;
    internal const int AF_SMC = 43;
    internal const int AF_XDP = 44;
    internal const int AF_MCTP = 45;

    internal const int SOCK_RAW = 3;
    internal const int SOCK_DCCP = 6;
    internal const int SOCK_PACKET = 10;

    /// <summary>&lt;net/if.h&gt;: an interface's name, its NUL counted.</summary>
    internal const int IFNAMSIZ = 16;

    /// <summary>&lt;linux/limits.h&gt;.</summary>
    internal const int PATH_MAX = 4096;

    /// <summary>&lt;fcntl.h&gt;.</summary>
    internal const int O_PATH = 0x20_0000;
    internal const int AT_EMPTY_PATH = 0x1000;

    /// <summary>&lt;linux/stat.h&gt;.</summary>
    internal const uint STATX_TYPE = 0x1;
    internal const uint STATX_MODE = 0x2;
    internal const uint S_IFMT = 0xF000;
    internal const uint S_IFSOCK = 0xC000;

    /// <summary>sizeof(struct statx), and where its stx_mode stands: two bytes.</summary>
    internal const int StatxBytes = 256;
    internal const int StatxModeOffset = 28;

    /// <summary>O_NOFOLLOW, which differs by machine.</summary>
    internal static int O_NOFOLLOW { get; } =
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64
            ? 0x8000
            : 0x2_0000;
}

/// <summary>&lt;linux/in.h&gt;: IP protocols that .NET has no name for.</summary>
internal static class ProtocolConstants
{
    internal const int IPPROTO_EGP = 8;
    internal const int IPPROTO_TP = 29;
    internal const int IPPROTO_DCCP = 33;
    internal const int IPPROTO_RSVP = 46;
    internal const int IPPROTO_GRE = 47;
    internal const int IPPROTO_MTP = 92;
    internal const int IPPROTO_BEETPH = 94;
    internal const int IPPROTO_ENCAP = 98;
    internal const int IPPROTO_PIM = 103;
    internal const int IPPROTO_COMP = 108;
    internal const int IPPROTO_L2TP = 115;
    internal const int IPPROTO_SCTP = 132;
    internal const int IPPROTO_MH = 135;
    internal const int IPPROTO_UDPLITE = 136;
    internal const int IPPROTO_MPLS = 137;
    internal const int IPPROTO_ETHERNET = 143;
    internal const int IPPROTO_SMC = 256;
    internal const int IPPROTO_MPTCP = 262;
}

/// <summary>&lt;linux/netlink.h&gt;.</summary>
internal static class NetlinkConstants
{
    internal const int NETLINK_ROUTE = 0;
    internal const int NETLINK_USERSOCK = 2;
    internal const int NETLINK_SOCK_DIAG = 4;
    internal const int NETLINK_NFLOG = 5;
    internal const int NETLINK_XFRM = 6;
    internal const int NETLINK_SELINUX = 7;
    internal const int NETLINK_ISCSI = 8;
    internal const int NETLINK_AUDIT = 9;
    internal const int NETLINK_FIB_LOOKUP = 10;
    internal const int NETLINK_CONNECTOR = 11;
    internal const int NETLINK_NETFILTER = 12;
    internal const int NETLINK_IP6_FW = 13;
    internal const int NETLINK_KOBJECT_UEVENT = 15;
    internal const int NETLINK_GENERIC = 16;
    internal const int NETLINK_SCSITRANSPORT = 18;
    internal const int NETLINK_ECRYPTFS = 19;
    internal const int NETLINK_RDMA = 20;
    internal const int NETLINK_CRYPTO = 21;
    internal const int NETLINK_SMC = 22;
}

/// <summary>&lt;linux/vm_sockets.h&gt;.</summary>
internal static class VsockConstants
{
    internal const uint VMADDR_CID_ANY = uint.MaxValue;
    internal const uint VMADDR_CID_HYPERVISOR = 0;
    internal const uint VMADDR_CID_LOCAL = 1;
    internal const uint VMADDR_CID_HOST = 2;
    internal const uint VMADDR_PORT_ANY = uint.MaxValue;
    internal const byte VMADDR_FLAG_TO_HOST = 1;
}

/// <summary>&lt;linux/tipc.h&gt;.</summary>
internal static class TipcConstants
{
    internal const byte TIPC_ADDR_NAMESEQ = 1;
    internal const byte TIPC_ADDR_NAME = 2;
    internal const byte TIPC_ADDR_ID = 3;
    internal const sbyte TIPC_ZONE_SCOPE = 1;
    internal const sbyte TIPC_CLUSTER_SCOPE = 2;
    internal const sbyte TIPC_NODE_SCOPE = 3;
    internal const int SOL_TIPC = 271;
    internal const int TIPC_CONN_TIMEOUT = 130;
}

/// <summary>&lt;linux/if_packet.h&gt;, &lt;linux/if_ether.h&gt; and &lt;linux/netdevice.h&gt;.</summary>
internal static class PacketConstants
{
    internal const byte PACKET_HOST = 0;
    internal const byte PACKET_BROADCAST = 1;
    internal const byte PACKET_MULTICAST = 2;
    internal const byte PACKET_OTHERHOST = 3;
    internal const byte PACKET_OUTGOING = 4;
    internal const ushort ETH_P_ALL = 3;
    internal const int MAX_ADDR_LEN = 32;
}

/// <summary>&lt;linux/can.h&gt; and &lt;linux/can/j1939.h&gt;.</summary>
internal static class CanConstants
{
    internal const int CAN_RAW = 1;
    internal const int CAN_BCM = 2;
    internal const int CAN_TP16 = 3;
    internal const int CAN_TP20 = 4;
    internal const int CAN_MCNET = 5;
    internal const int CAN_ISOTP = 6;
    internal const int CAN_J1939 = 7;
    internal const byte J1939_NO_ADDR = 0xFF;
    internal const ulong J1939_NO_NAME = 0;
    internal const uint J1939_NO_PGN = 0x4_0000;
}

/// <summary>&lt;bluetooth/bluetooth.h&gt; of BlueZ; the kernel's own headers for programs do not have these.</summary>
internal static class BluetoothConstants
{
    internal const int BTPROTO_L2CAP = 0;
    internal const int BTPROTO_HCI = 1;
    internal const int BTPROTO_SCO = 2;
    internal const int BTPROTO_RFCOMM = 3;
    internal const int BTPROTO_BNEP = 4;
    internal const int BTPROTO_CMTP = 5;
    internal const int BTPROTO_HIDP = 6;
    internal const int BTPROTO_AVDTP = 7;
    internal const int BTPROTO_ISO = 8;
}
