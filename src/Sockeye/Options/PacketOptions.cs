namespace Sockeye;

/// <summary>How a fanout group shares frames: PACKET_FANOUT_.</summary>
public enum PacketFanoutMode
{
    /// <summary>PACKET_FANOUT_HASH: by the flow's hash, so that one flow stays at one socket.</summary>
    Hash = 0,

    /// <summary>PACKET_FANOUT_LB: one after the other.</summary>
    RoundRobin = 1,

    /// <summary>PACKET_FANOUT_CPU: by the processor that received.</summary>
    Cpu = 2,

    /// <summary>PACKET_FANOUT_ROLLOVER: the first that has room.</summary>
    Rollover = 3,

    /// <summary>PACKET_FANOUT_RND: at random.</summary>
    Random = 4,

    /// <summary>PACKET_FANOUT_QM: by the network card's queue.</summary>
    Queue = 5,

    /// <summary>PACKET_FANOUT_CBPF: by a classic BPF program, <see cref="PacketOptions.FanoutFilter"/>.</summary>
    Filter = 6,

    /// <summary>PACKET_FANOUT_EBPF: by a program of bpf(2).</summary>
    Bpf = 7,
}

/// <summary>PACKET_FANOUT_FLAG_.</summary>
[Flags]
public enum PacketFanoutFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>PACKET_FANOUT_FLAG_ROLLOVER: when the chosen socket is full, the next one that has room.</summary>
    Rollover = 0x1000,

    /// <summary>PACKET_FANOUT_FLAG_UNIQUEID: the kernel chooses the group's number; read it back.</summary>
    UniqueId = 0x2000,

    /// <summary>PACKET_FANOUT_FLAG_IGNORE_OUTGOING: frames that this machine sends are not given. Linux 6.2.</summary>
    IgnoreOutgoing = 0x4000,

    /// <summary>PACKET_FANOUT_FLAG_DEFRAG: IPv4 fragments are put together first.</summary>
    Reassemble = 0x8000,
}

/// <summary>A fanout group: struct fanout_args.</summary>
/// <param name="Id">The group's number.</param>
/// <param name="Mode">How frames are shared.</param>
/// <param name="Flags">What else holds.</param>
/// <param name="MembersMax">How many may join; null is the kernel's 256. Linux 5.11. The kernel does not give it back: null when read.</param>
public readonly record struct PacketFanout(
    ushort Id, PacketFanoutMode Mode, PacketFanoutFlags Flags = PacketFanoutFlags.None, int? MembersMax = null);

/// <summary>What frames an interface takes beside its own: PACKET_MR_.</summary>
public enum PacketMembershipKind
{
    /// <summary>PACKET_MR_MULTICAST: those to a hardware multicast address.</summary>
    Multicast = 0,

    /// <summary>PACKET_MR_PROMISC: all.</summary>
    Promiscuous = 1,

    /// <summary>PACKET_MR_ALLMULTI: all multicast ones.</summary>
    AllMulticast = 2,

    /// <summary>PACKET_MR_UNICAST: those to another hardware address.</summary>
    Unicast = 3,
}

/// <summary>What frames an interface takes beside its own: struct packet_mreq.</summary>
/// <param name="InterfaceIndex">The interface's index.</param>
/// <param name="Kind">Which frames.</param>
/// <param name="Address">The hardware address, where the kind has one.</param>
public sealed record PacketMembership(
    int InterfaceIndex, PacketMembershipKind Kind, System.Net.NetworkInformation.PhysicalAddress? Address = null);

/// <summary>The size of a ring: struct tpacket_req.</summary>
/// <param name="BlockBytes">A multiple of the page's size.</param>
/// <param name="Blocks">How many blocks.</param>
/// <param name="FrameBytes">A multiple of 16, at most a block.</param>
/// <param name="Frames">As many as fit into all blocks.</param>
public readonly record struct PacketRing(uint BlockBytes, uint Blocks, uint FrameBytes, uint Frames);

/// <summary>What a fanout group passed on: struct tpacket_rollover_stats.</summary>
/// <param name="All">How many frames.</param>
/// <param name="Huge">How many of them because one flow was too large.</param>
/// <param name="Failed">How many found no socket with room.</param>
public readonly record struct PacketRolloverStatistics(ulong All, ulong Huge, ulong Failed);

/// <summary>What came since the last look: struct tpacket_stats and struct tpacket_stats_v3.</summary>
/// <param name="Packets">How many frames, those without room included.</param>
/// <param name="Drops">How many found no room.</param>
/// <param name="Freezes">How often a ring of version 3 was full; null for others, which do not count it.</param>
public readonly record struct PacketStatistics(uint Packets, uint Drops, uint? Freezes);

/// <summary>The layout of a ring's frames: enum tpacket_versions.</summary>
public enum PacketVersion
{
    /// <summary>TPACKET_V1.</summary>
    V1 = 0,

    /// <summary>TPACKET_V2.</summary>
    V2 = 1,

    /// <summary>TPACKET_V3.</summary>
    V3 = 2,
}

/// <summary>The options of packet sockets: level SOL_PACKET, described in packet(7).</summary>
public static class PacketOptions
{
    /// <summary>SOL_PACKET.</summary>
    private const int Level = 263;

    /// <summary>
    /// PACKET_ADD_MEMBERSHIP: take more than the interface's own frames, for as long as the socket lives: a
    /// hardware address, all multicast, or all (promiscuous). Set only. ENODEV: no such interface.
    /// </summary>
    public static readonly SocketOption<PacketMembership> AddMembership =
        new(PacketMembershipLayout.Instance, Level, 1, "PACKET_ADD_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>
    /// PACKET_AUXDATA: a control message with each frame has its true length and VLAN: struct tpacket_auxdata.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> AuxiliaryData = SocketOption.Flag(Level, 8, "PACKET_AUXDATA");

    /// <summary>
    /// PACKET_COPY_THRESH: frames longer than a ring's slot are queued whole as well, when this is not 0. Defaults
    /// to 0.
    /// </summary>
    public static readonly SocketOption<int> CopyThreshold = SocketOption.Number(Level, 7, "PACKET_COPY_THRESH");

    /// <summary>PACKET_DROP_MEMBERSHIP: undoes <see cref="AddMembership"/>. Set only.</summary>
    public static readonly SocketOption<PacketMembership> DropMembership =
        new(PacketMembershipLayout.Instance, Level, 2, "PACKET_DROP_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>
    /// PACKET_FANOUT: the socket joins those that share the frames of an interface. EINVAL: not bound to a
    /// protocol, or the group is of another kind.
    /// </summary>
    public static readonly SocketOption<PacketFanout> Fanout =
        new(PacketFanoutLayout.Instance, Level, 18, "PACKET_FANOUT", SocketOptionAccess.Both);

    /// <summary>
    /// PACKET_FANOUT_DATA: the program that picks the socket, for <see cref="PacketFanoutMode.Filter"/>. Set only.
    /// EINVAL: the socket is in no such group.
    /// </summary>
    public static readonly SocketOption<BpfInstruction[]> FanoutFilter =
        new(FilterLayout.Instance, Level, 22, "PACKET_FANOUT_DATA", SocketOptionAccess.Set);

    /// <summary>
    /// PACKET_HDRLEN: the length in bytes of the kernel's header before each frame of a ring, in the layout that
    /// <see cref="Version"/> has chosen. Read only.
    /// </summary>
    public static readonly SocketOption<int> HeaderLength =
        new(PacketHeaderLayout.Instance, Level, 11, "PACKET_HDRLEN", SocketOptionAccess.Get);

    /// <summary>PACKET_IGNORE_OUTGOING: frames that this machine sends are not given. Defaults to false. Linux 4.20.</summary>
    public static readonly SocketOption<bool> IgnoreOutgoing = SocketOption.Flag(Level, 23, "PACKET_IGNORE_OUTGOING");

    /// <summary>
    /// PACKET_LOSS: a frame of a sending ring that is not well formed is passed over instead of stopping the ring.
    /// EBUSY: there is a ring already. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> Loss = SocketOption.Flag(Level, 14, "PACKET_LOSS");

    /// <summary>
    /// PACKET_ORIGDEV: the address of a frame names the interface it came in by, not the bond or bridge above.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> OriginalDevice = SocketOption.Flag(Level, 9, "PACKET_ORIGDEV");

    /// <summary>
    /// PACKET_QDISC_BYPASS: what is sent passes by the interface's queue, and is lost when the card is busy.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> QueueBypass = SocketOption.Flag(Level, 20, "PACKET_QDISC_BYPASS");

    /// <summary>
    /// PACKET_RESERVE: how many bytes are left free before each frame of a ring. Defaults to 0. EBUSY: there is a
    /// ring already.
    /// </summary>
    public static readonly SocketOption<int> Reserve = SocketOption.Number(Level, 12, "PACKET_RESERVE");

    /// <summary>
    /// PACKET_ROLLOVER_STATS: how often a fanout group passed frames on to this socket's neighbours. Read only.
    /// EINVAL: in no such group.
    /// </summary>
    public static readonly SocketOption<PacketRolloverStatistics> RolloverStatistics =
        new(PacketRolloverLayout.Instance, Level, 21, "PACKET_ROLLOVER_STATS", SocketOptionAccess.Get);

    /// <summary>
    /// PACKET_RX_RING: a ring of frames in memory shared with the kernel: struct tpacket_req. Set only; zeros take
    /// it away. EINVAL: sizes that do not fit each other.
    /// </summary>
    public static readonly SocketOption<PacketRing> ReceiveRing =
        new(PacketRingLayout.Instance, Level, 5, "PACKET_RX_RING", SocketOptionAccess.Set);

    /// <summary>
    /// PACKET_STATISTICS: how many frames came, and how many found no room, since this was last read: reading it
    /// sets them to 0. Read only.
    /// </summary>
    public static readonly SocketOption<PacketStatistics> Statistics =
        new(PacketStatisticsLayout.Instance, Level, 6, "PACKET_STATISTICS", SocketOptionAccess.Get);

    /// <summary>PACKET_TIMESTAMP: which clock stamps the frames of a ring. Defaults to none: the kernel's.</summary>
    public static readonly SocketOption<TimestampingFlags> Timestamp =
        SocketOption.Struct<TimestampingFlags>(Level, 17, "PACKET_TIMESTAMP");

    /// <summary>PACKET_TX_HAS_OFF: the frames of a sending ring say where they begin. Defaults to false.</summary>
    public static readonly SocketOption<bool> SendOffset = SocketOption.Flag(Level, 19, "PACKET_TX_HAS_OFF");

    /// <summary>PACKET_TX_RING: as <see cref="ReceiveRing"/>, for sending. Set only.</summary>
    public static readonly SocketOption<PacketRing> SendRing =
        new(PacketRingLayout.Instance, Level, 13, "PACKET_TX_RING", SocketOptionAccess.Set);

    /// <summary>
    /// PACKET_VERSION: the layout of a ring's frames. Defaults to <see cref="PacketVersion.V1"/>. EBUSY: there is a
    /// ring already.
    /// </summary>
    public static readonly SocketOption<PacketVersion> Version =
        SocketOption.Struct<PacketVersion>(Level, 10, "PACKET_VERSION");

    /// <summary>
    /// PACKET_VNET_HDR: each frame begins with a struct virtio_net_hdr. EBUSY: there is a ring already. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> VirtualHeader = SocketOption.Flag(Level, 15, "PACKET_VNET_HDR");

    /// <summary>
    /// PACKET_VNET_HDR_SZ: as <see cref="VirtualHeader"/>, by the header's length: 10 or 12 bytes, 0 for none.
    /// Defaults to 0. Linux 6.6.
    /// </summary>
    public static readonly SocketOption<int> VirtualHeaderBytes =
        SocketOption.Number(Level, 24, "PACKET_VNET_HDR_SZ");
}
