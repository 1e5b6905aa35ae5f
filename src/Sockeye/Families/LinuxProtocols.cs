using System.Buffers.Binary;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Linux's protocols for which .NET has no name: <c>ProtocolType.Mptcp</c>, <c>ProtocolType.NetlinkRoute</c>, …</summary>
/// <remarks>
/// A protocol's number means something only within its family, so that many of these are equal. Numbers are the kernel's,
/// as all of <see cref="ProtocolType"/>'s are. These are properties, not constants: they cannot stand in a <c>case</c>.
/// </remarks>
public static class LinuxProtocolTypes
{
    extension(ProtocolType)
    {
        /// <summary>IPPROTO_EGP: exterior gateway protocol.</summary>
        public static ProtocolType Egp => (ProtocolType)ProtocolConstants.IPPROTO_EGP;

        /// <summary>IPPROTO_TP: ISO transport protocol class 4.</summary>
        public static ProtocolType TransportClass4 => (ProtocolType)ProtocolConstants.IPPROTO_TP;

        /// <summary>IPPROTO_DCCP: datagram congestion control, with <c>SocketType.Dccp</c>; RFC 4340; gone since Linux 6.16.</summary>
        public static ProtocolType Dccp => (ProtocolType)ProtocolConstants.IPPROTO_DCCP;

        /// <summary>IPPROTO_RSVP: resource reservation; RFC 2205.</summary>
        public static ProtocolType Rsvp => (ProtocolType)ProtocolConstants.IPPROTO_RSVP;

        /// <summary>IPPROTO_GRE: generic routing encapsulation; RFC 2784.</summary>
        public static ProtocolType Gre => (ProtocolType)ProtocolConstants.IPPROTO_GRE;

        /// <summary>IPPROTO_MTP: multicast transport protocol.</summary>
        public static ProtocolType MulticastTransport => (ProtocolType)ProtocolConstants.IPPROTO_MTP;

        /// <summary>IPPROTO_BEETPH: the pseudo header of IPsec's BEET mode.</summary>
        public static ProtocolType BeetPseudoHeader => (ProtocolType)ProtocolConstants.IPPROTO_BEETPH;

        /// <summary>IPPROTO_ENCAP: encapsulation header; RFC 1241.</summary>
        public static ProtocolType Encapsulation => (ProtocolType)ProtocolConstants.IPPROTO_ENCAP;

        /// <summary>IPPROTO_PIM: protocol independent multicast; RFC 7761.</summary>
        public static ProtocolType Pim => (ProtocolType)ProtocolConstants.IPPROTO_PIM;

        /// <summary>IPPROTO_COMP: IP payload compression; RFC 3173.</summary>
        public static ProtocolType Compression => (ProtocolType)ProtocolConstants.IPPROTO_COMP;

        /// <summary>IPPROTO_L2TP: layer 2 tunnelling; RFC 3931.</summary>
        public static ProtocolType L2tp => (ProtocolType)ProtocolConstants.IPPROTO_L2TP;

        /// <summary>IPPROTO_SCTP: stream control transmission, with Stream or Seqpacket; sctp(7), RFC 9260.</summary>
        public static ProtocolType Sctp => (ProtocolType)ProtocolConstants.IPPROTO_SCTP;

        /// <summary>IPPROTO_MH: mobile IPv6; RFC 6275.</summary>
        public static ProtocolType MobilityHeader => (ProtocolType)ProtocolConstants.IPPROTO_MH;

        /// <summary>IPPROTO_UDPLITE: UDP with a checksum over part of the message; udplite(7), RFC 3828.</summary>
        public static ProtocolType UdpLite => (ProtocolType)ProtocolConstants.IPPROTO_UDPLITE;

        /// <summary>IPPROTO_MPLS: MPLS in IP; RFC 4023.</summary>
        public static ProtocolType MplsInIp => (ProtocolType)ProtocolConstants.IPPROTO_MPLS;

        /// <summary>IPPROTO_ETHERNET: Ethernet within IPv6; RFC 8986.</summary>
        public static ProtocolType EthernetInIp => (ProtocolType)ProtocolConstants.IPPROTO_ETHERNET;

        /// <summary>IPPROTO_SMC: shared memory communication, as an INET protocol; Linux 6.11.</summary>
        public static ProtocolType SmcOverTcp => (ProtocolType)ProtocolConstants.IPPROTO_SMC;

        /// <summary>IPPROTO_MPTCP: TCP over several paths, with Stream; RFC 8684; Linux 5.6.</summary>
        public static ProtocolType Mptcp => (ProtocolType)ProtocolConstants.IPPROTO_MPTCP;

        /// <summary>NETLINK_ROUTE: interfaces, addresses, routes, neighbours; rtnetlink(7).</summary>
        public static ProtocolType NetlinkRoute => (ProtocolType)NetlinkConstants.NETLINK_ROUTE;

        /// <summary>NETLINK_USERSOCK: between programs.</summary>
        public static ProtocolType NetlinkUserSocket => (ProtocolType)NetlinkConstants.NETLINK_USERSOCK;

        /// <summary>NETLINK_SOCK_DIAG: what sockets there are; sock_diag(7).</summary>
        public static ProtocolType NetlinkSocketDiagnostics => (ProtocolType)NetlinkConstants.NETLINK_SOCK_DIAG;

        /// <summary>NETLINK_NFLOG: packets logged by netfilter, the old way.</summary>
        public static ProtocolType NetlinkNetfilterLog => (ProtocolType)NetlinkConstants.NETLINK_NFLOG;

        /// <summary>NETLINK_XFRM: IPsec.</summary>
        public static ProtocolType NetlinkXfrm => (ProtocolType)NetlinkConstants.NETLINK_XFRM;

        /// <summary>NETLINK_SELINUX: SELinux events.</summary>
        public static ProtocolType NetlinkSelinux => (ProtocolType)NetlinkConstants.NETLINK_SELINUX;

        /// <summary>NETLINK_ISCSI: Open-iSCSI.</summary>
        public static ProtocolType NetlinkIscsi => (ProtocolType)NetlinkConstants.NETLINK_ISCSI;

        /// <summary>NETLINK_AUDIT: auditing; needs CAP_AUDIT_CONTROL or CAP_AUDIT_READ to be of use.</summary>
        public static ProtocolType NetlinkAudit => (ProtocolType)NetlinkConstants.NETLINK_AUDIT;

        /// <summary>NETLINK_FIB_LOOKUP: lookup in the routing tables.</summary>
        public static ProtocolType NetlinkFibLookup => (ProtocolType)NetlinkConstants.NETLINK_FIB_LOOKUP;

        /// <summary>NETLINK_CONNECTOR: the kernel connector: processes that begin and end; connector.rst.</summary>
        public static ProtocolType NetlinkConnector => (ProtocolType)NetlinkConstants.NETLINK_CONNECTOR;

        /// <summary>NETLINK_NETFILTER: netfilter: tables, connection tracking, queues.</summary>
        public static ProtocolType NetlinkNetfilter => (ProtocolType)NetlinkConstants.NETLINK_NETFILTER;

        /// <summary>NETLINK_IP6_FW: packets from the IPv6 packet filter, unused.</summary>
        public static ProtocolType NetlinkIp6Firewall => (ProtocolType)NetlinkConstants.NETLINK_IP6_FW;

        /// <summary>NETLINK_KOBJECT_UEVENT: devices that come and go, as udev hears of them.</summary>
        public static ProtocolType NetlinkKernelObjectEvents => (ProtocolType)NetlinkConstants.NETLINK_KOBJECT_UEVENT;

        /// <summary>NETLINK_GENERIC: generic netlink: families found by name.</summary>
        public static ProtocolType NetlinkGeneric => (ProtocolType)NetlinkConstants.NETLINK_GENERIC;

        /// <summary>NETLINK_SCSITRANSPORT: SCSI transports.</summary>
        public static ProtocolType NetlinkScsiTransport => (ProtocolType)NetlinkConstants.NETLINK_SCSITRANSPORT;

        /// <summary>NETLINK_ECRYPTFS: eCryptfs.</summary>
        public static ProtocolType NetlinkEcryptfs => (ProtocolType)NetlinkConstants.NETLINK_ECRYPTFS;

        /// <summary>NETLINK_RDMA: RDMA and InfiniBand.</summary>
        public static ProtocolType NetlinkRdma => (ProtocolType)NetlinkConstants.NETLINK_RDMA;

        /// <summary>NETLINK_CRYPTO: the kernel's cryptography.</summary>
        public static ProtocolType NetlinkCrypto => (ProtocolType)NetlinkConstants.NETLINK_CRYPTO;

        /// <summary>NETLINK_SMC: monitoring of SMC.</summary>
        public static ProtocolType NetlinkSmc => (ProtocolType)NetlinkConstants.NETLINK_SMC;

        /// <summary>CAN_RAW: single frames; the kernel's can.rst.</summary>
        public static ProtocolType CanRaw => (ProtocolType)CanConstants.CAN_RAW;

        /// <summary>CAN_BCM: the broadcast manager; the kernel's can.rst.</summary>
        public static ProtocolType CanBroadcastManager => (ProtocolType)CanConstants.CAN_BCM;

        /// <summary>CAN_TP16: VAG transport protocol 1.6, in no kernel; the kernel's can.rst.</summary>
        public static ProtocolType CanTransportV16 => (ProtocolType)CanConstants.CAN_TP16;

        /// <summary>CAN_TP20: VAG transport protocol 2.0, in no kernel; the kernel's can.rst.</summary>
        public static ProtocolType CanTransportV20 => (ProtocolType)CanConstants.CAN_TP20;

        /// <summary>CAN_MCNET: Bosch MCNet, in no kernel; the kernel's can.rst.</summary>
        public static ProtocolType CanMcNet => (ProtocolType)CanConstants.CAN_MCNET;

        /// <summary>CAN_ISOTP: ISO 15765-2 transport; the kernel's can.rst.</summary>
        public static ProtocolType CanIsoTp => (ProtocolType)CanConstants.CAN_ISOTP;

        /// <summary>CAN_J1939: SAE J1939; the kernel's j1939.rst.</summary>
        public static ProtocolType CanJ1939 => (ProtocolType)CanConstants.CAN_J1939;

        /// <summary>BTPROTO_L2CAP: logical links.</summary>
        public static ProtocolType BluetoothL2cap => (ProtocolType)BluetoothConstants.BTPROTO_L2CAP;

        /// <summary>BTPROTO_HCI: the controller.</summary>
        public static ProtocolType BluetoothHci => (ProtocolType)BluetoothConstants.BTPROTO_HCI;

        /// <summary>BTPROTO_SCO: voice.</summary>
        public static ProtocolType BluetoothSco => (ProtocolType)BluetoothConstants.BTPROTO_SCO;

        /// <summary>BTPROTO_RFCOMM: serial ports.</summary>
        public static ProtocolType BluetoothRfcomm => (ProtocolType)BluetoothConstants.BTPROTO_RFCOMM;

        /// <summary>BTPROTO_BNEP: networks.</summary>
        public static ProtocolType BluetoothBnep => (ProtocolType)BluetoothConstants.BTPROTO_BNEP;

        /// <summary>BTPROTO_CMTP: CAPI messages.</summary>
        public static ProtocolType BluetoothCmtp => (ProtocolType)BluetoothConstants.BTPROTO_CMTP;

        /// <summary>BTPROTO_HIDP: input devices.</summary>
        public static ProtocolType BluetoothHidp => (ProtocolType)BluetoothConstants.BTPROTO_HIDP;

        /// <summary>BTPROTO_AVDTP: audio and video, in no kernel.</summary>
        public static ProtocolType BluetoothAvdtp => (ProtocolType)BluetoothConstants.BTPROTO_AVDTP;

        /// <summary>BTPROTO_ISO: isochronous channels; Linux 6.0.</summary>
        public static ProtocolType BluetoothIso => (ProtocolType)BluetoothConstants.BTPROTO_ISO;

        /// <summary>The protocol of a PACKET socket, which socket(2) takes in network order; packet(7).</summary>
        /// <param name="protocol">An ETH_P_ number in the machine's order: 0x0800 is IPv4, <see cref="PacketEndPoint.AllProtocols"/> all.</param>
        /// <returns>What to make the socket with.</returns>
        public static ProtocolType Packet(ushort protocol) =>
            (ProtocolType)(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(protocol) : protocol);
    }
}

/// <summary>Linux's socket types for which .NET has no name: <c>SocketType.Dccp</c>, …</summary>
/// <remarks>These are properties, not constants: they cannot stand in a <c>case</c>.</remarks>
public static class LinuxSocketTypes
{
    extension(SocketType)
    {
        /// <summary>SOCK_DCCP: datagrams with congestion control; dccp(7), gone since Linux 6.16.</summary>
        public static SocketType Dccp => (SocketType)FamilyConstants.SOCK_DCCP;

        /// <summary>SOCK_PACKET: how INET once got at packets; packet(7). Use the family Packet.</summary>
        public static SocketType Packet => (SocketType)FamilyConstants.SOCK_PACKET;
    }
}
