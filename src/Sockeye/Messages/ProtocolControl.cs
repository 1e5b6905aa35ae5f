namespace Sockeye;

/// <summary>Control messages of UDP: level IPPROTO_UDP; udp(7), kernel's segmentation-offloads.rst.</summary>
public static class UdpControl
{
    private const int Level = 17;

    /// <summary>
    /// UDP_SEGMENT: sent, the length of one datagram in bytes: the kernel cuts the data into as many as it takes, 64 or
    /// 128 at most (EINVAL); the last may be shorter.
    /// </summary>
    public static readonly ControlMessage<ushort> Segment = ControlMessage.Struct<ushort>(Level, 103, "UDP_SEGMENT");

    /// <summary>
    /// UDP_GRO: received when UDP_GRO is set and the kernel has put several datagrams together: the length of each but
    /// the last, in bytes. Absent when the data is one datagram.
    /// </summary>
    public static readonly ControlMessage<int> ReceiveOffload = ControlMessage.Number(Level, 104, "UDP_GRO");
}

/// <summary>Control messages of TCP: level IPPROTO_TCP.</summary>
public static class TcpControl
{
    private const int Level = 6;

    /// <summary>TCP_CM_INQ: how many bytes are left in the receive queue. Received when TCP_INQ is set.</summary>
    public static readonly ControlMessage<int> Available = ControlMessage.Number(Level, 36, "TCP_CM_INQ");
}

/// <summary>PACKET_AUXDATA: what the kernel knows of a packet: struct tpacket_auxdata, packet(7).</summary>
/// <param name="Status">TP_STATUS_… bits.</param>
/// <param name="Length">The packet's length in bytes.</param>
/// <param name="SnapshotLength">How many of them were kept.</param>
/// <param name="LinkOffset">Where the link layer's header begins.</param>
/// <param name="NetworkOffset">Where the network layer's header begins.</param>
/// <param name="VlanTag">The VLAN tag, where the status says it is valid.</param>
/// <param name="VlanProtocol">The VLAN's EtherType, where the status says it is valid.</param>
public readonly record struct PacketAuxiliaryData(
    uint Status, int Length, int SnapshotLength, ushort LinkOffset, ushort NetworkOffset, ushort VlanTag, ushort VlanProtocol);

/// <summary>Control messages of packet sockets: level SOL_PACKET; packet(7).</summary>
public static class PacketControl
{
    private const int Level = 263;

    /// <summary>PACKET_AUXDATA: lengths, offsets and VLAN tag. Received when PACKET_AUXDATA is set.</summary>
    public static readonly ControlMessage<PacketAuxiliaryData> AuxiliaryData = new(PacketAuxiliaryLayout.Instance, Level, 8, "PACKET_AUXDATA");
}

/// <summary>Control messages of netlink: level SOL_NETLINK; netlink(7).</summary>
public static class NetlinkControl
{
    private const int Level = 270;

    /// <summary>NETLINK_PKTINFO: the group that a message was sent to; 0 for a message to this socket. Received when NETLINK_PKTINFO is set.</summary>
    public static readonly ControlMessage<uint> Group = ControlMessage.Struct<uint>(Level, 3, "NETLINK_PKTINFO");

    /// <summary>NETLINK_LISTEN_ALL_NSID: the network namespace that a message came from. Received when NETLINK_LISTEN_ALL_NSID is set.</summary>
    public static readonly ControlMessage<int> NamespaceId = ControlMessage.Number(Level, 8, "NETLINK_LISTEN_ALL_NSID");
}

/// <summary>TIPC_ERRINFO: why a message came back; TIPC Programmer's Guide.</summary>
/// <param name="Code">TIPC_ERR_NO_NAME 1, NO_PORT 2, NO_NODE 3, OVERLOAD 4, TIPC_CONN_SHUTDOWN 5.</param>
/// <param name="DataLength">The length of the data that came back, in bytes.</param>
public readonly record struct TipcErrorInformation(uint Code, uint DataLength);

/// <summary>TIPC_DESTNAME: the name or range that a message was sent to.</summary>
/// <param name="Type">The service's type.</param>
/// <param name="Lower">The first instance.</param>
/// <param name="Upper">The last instance; the first again for a name.</param>
public readonly record struct TipcDestinationName(uint Type, uint Lower, uint Upper);

/// <summary>Control messages of TIPC: level SOL_TIPC; &lt;linux/tipc.h&gt;.</summary>
public static class TipcControl
{
    private const int Level = 271;

    // TIPC_MAX_USER_MSG_SIZE.
    private const int MessageBytesMax = 66_000;

    /// <summary>TIPC_ERRINFO: a message of ours came back; received without being asked for.</summary>
    public static readonly ControlMessage<TipcErrorInformation> ErrorInformation = ControlMessage.Struct<TipcErrorInformation>(Level, 1, "TIPC_ERRINFO");

    /// <summary>TIPC_RETDATA: the data of the message that came back.</summary>
    public static readonly ControlMessage<byte[]> ReturnedData = ControlMessage.Bytes(Level, 2, MessageBytesMax, "TIPC_RETDATA");

    /// <summary>TIPC_DESTNAME: the name that a message was sent to; received with each message to a name.</summary>
    public static readonly ControlMessage<TipcDestinationName> DestinationName = ControlMessage.Struct<TipcDestinationName>(Level, 3, "TIPC_DESTNAME");
}
