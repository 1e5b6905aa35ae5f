using System.Net;

namespace Sockeye;

// The values of options that are more than a number, sorted by name. Their layouts are in OptionLayouts.Structures.cs.

/// <summary>One instruction of a classic BPF program: struct sock_filter, &lt;linux/filter.h&gt;.</summary>
/// <param name="Code">Class, size and mode, as <c>BPF_LD | BPF_B | BPF_ABS</c>, 0x30.</param>
/// <param name="JumpTrue">How many instructions a conditional jump skips when its condition holds.</param>
/// <param name="JumpFalse">How many it skips otherwise.</param>
/// <param name="Value">The instruction's constant: an offset, a number to compare with, a value to return.</param>
public readonly record struct BpfInstruction(ushort Code, byte JumpTrue, byte JumpFalse, uint Value)
{
    /// <summary>BPF_LD | BPF_B | BPF_ABS: loads the byte at an offset; past the end the program ends and returns 0.</summary>
    /// <param name="offset">Where. What offset 0 is depends on the option: see the key's text.</param>
    public static BpfInstruction LoadByte(uint offset) => new(0x30, 0, 0, offset);

    /// <summary>BPF_LD | BPF_H | BPF_ABS: loads two bytes, in network order.</summary>
    /// <param name="offset">Where.</param>
    public static BpfInstruction LoadHalf(uint offset) => new(0x28, 0, 0, offset);

    /// <summary>BPF_LD | BPF_W | BPF_ABS: loads four bytes, in network order.</summary>
    /// <param name="offset">Where.</param>
    public static BpfInstruction LoadWord(uint offset) => new(0x20, 0, 0, offset);

    /// <summary>BPF_ALU | BPF_MOD | BPF_K: the remainder of what is loaded.</summary>
    /// <param name="divisor">Not 0 (EINVAL).</param>
    public static BpfInstruction Modulo(uint divisor) => new(0x94, 0, 0, divisor);

    /// <summary>BPF_JMP | BPF_JEQ | BPF_K: goes on at one of two places.</summary>
    /// <param name="value">What the loaded value is compared with.</param>
    /// <param name="jumpTrue">How many instructions to skip when they are equal.</param>
    /// <param name="jumpFalse">How many to skip otherwise.</param>
    public static BpfInstruction JumpIfEqual(uint value, byte jumpTrue, byte jumpFalse) => new(0x15, jumpTrue, jumpFalse, value);

    /// <summary>BPF_RET | BPF_K: ends the program.</summary>
    /// <param name="value">For a filter: how many bytes to keep, 0 drops the packet.</param>
    public static BpfInstruction Return(uint value) => new(0x06, 0, 0, value);

    /// <summary>BPF_RET | BPF_A: ends the program with the loaded value.</summary>
    public static BpfInstruction ReturnLoaded { get; } = new(0x16, 0, 0, 0);
}

/// <summary>A multicast group on an interface: struct group_req, for IPv4 and IPv6 alike (RFC 3678).</summary>
/// <param name="Group">The group.</param>
/// <param name="InterfaceIndex">The interface's index; 0 leaves it to the routing table.</param>
public readonly record struct GroupMembership(IPAddress Group, int InterfaceIndex = 0);

/// <summary>An IPv4 multicast group and a sender: struct ip_mreq_source.</summary>
/// <param name="Group">The group.</param>
/// <param name="Source">The sender's address.</param>
/// <param name="LocalAddress">The local address of the interface; null leaves it to the routing table.</param>
public readonly record struct Ipv4SourceMembership(IPAddress Group, IPAddress Source, IPAddress? LocalAddress = null);

/// <summary>A range of local ports, both ends included; 0 at an end leaves that end to net.ipv4.ip_local_port_range.</summary>
/// <param name="First">The lowest port.</param>
/// <param name="Last">The highest port.</param>
public readonly record struct PortRange(ushort First, ushort Last);

/// <summary>Which buffer sizes were set by hand: the bits of SO_BUF_LOCK.</summary>
[Flags]
public enum SocketBufferLocks
{
    /// <summary>None: the kernel tunes both.</summary>
    None = 0,

    /// <summary>SOCK_SNDBUF_LOCK: the send buffer stays as it is.</summary>
    Send = 1,

    /// <summary>SOCK_RCVBUF_LOCK: the receive buffer stays as it is.</summary>
    Receive = 2,
}

/// <summary>What a socket's memory is used for, in bytes: the values of SO_MEMINFO, SK_MEMINFO_ in &lt;linux/sock_diag.h&gt;.</summary>
/// <param name="ReceiveQueued">SK_MEMINFO_RMEM_ALLOC: what waits to be received, with the kernel's bookkeeping.</param>
/// <param name="ReceiveBuffer">SK_MEMINFO_RCVBUF: the receive buffer's limit.</param>
/// <param name="SendQueued">SK_MEMINFO_WMEM_ALLOC: what is on its way out.</param>
/// <param name="SendBuffer">SK_MEMINFO_SNDBUF: the send buffer's limit.</param>
/// <param name="Forward">SK_MEMINFO_FWD_ALLOC: reserved, not used yet.</param>
/// <param name="WriteQueued">SK_MEMINFO_WMEM_QUEUED: what waits to be sent.</param>
/// <param name="Options">SK_MEMINFO_OPTMEM: options, filters and records.</param>
/// <param name="Backlog">SK_MEMINFO_BACKLOG: what arrived while a call held the socket.</param>
/// <param name="Drops">SK_MEMINFO_DROPS: how many packets (no bytes) found no room.</param>
public readonly record struct SocketMemory(
    uint ReceiveQueued,
    uint ReceiveBuffer,
    uint SendQueued,
    uint SendBuffer,
    uint Forward,
    uint WriteQueued,
    uint Options,
    uint Backlog,
    uint Drops);

/// <summary>Whose multicast packets pass: MCAST_INCLUDE and MCAST_EXCLUDE.</summary>
public enum SourceFilterMode
{
    /// <summary>MCAST_EXCLUDE: all but the listed senders.</summary>
    Exclude = 0,

    /// <summary>MCAST_INCLUDE: the listed senders only.</summary>
    Include = 1,
}

/// <summary>Which senders a socket hears in a multicast group: struct group_filter (RFC 3678).</summary>
/// <param name="Group">The group.</param>
/// <param name="InterfaceIndex">The interface's index; 0 leaves it to the routing table.</param>
/// <param name="Mode">Whether the list names those that pass or those that do not.</param>
/// <param name="Sources">The senders.</param>
public sealed record SourceFilter(IPAddress Group, int InterfaceIndex, SourceFilterMode Mode, IReadOnlyList<IPAddress> Sources);

/// <summary>A multicast group, a sender and an interface: struct group_source_req, for IPv4 and IPv6 alike (RFC 3678).</summary>
/// <param name="Group">The group.</param>
/// <param name="Source">The sender's address, of the group's family.</param>
/// <param name="InterfaceIndex">The interface's index; 0 leaves it to the routing table.</param>
public readonly record struct SourceMembership(IPAddress Group, IPAddress Source, int InterfaceIndex = 0);

/// <summary>One option of a connection under repair: struct tcp_repair_opt.</summary>
/// <param name="Code">The TCP option's number: 2 segment size, 3 window scale, 4 selective acknowledgement, 8 timestamps.</param>
/// <param name="Value">Its value.</param>
public readonly record struct TcpRepairOption(uint Code, uint Value);

/// <summary>The windows of a connection under repair: struct tcp_repair_window.</summary>
/// <param name="SendUpdate">snd_wl1: the segment that last changed the send window.</param>
/// <param name="SendWindow">snd_wnd.</param>
/// <param name="MaxWindow">max_window.</param>
/// <param name="ReceiveWindow">rcv_wnd.</param>
/// <param name="ReceiveUpdate">rcv_wup.</param>
public readonly record struct TcpRepairWindow(
    uint SendUpdate, uint SendWindow, uint MaxWindow, uint ReceiveWindow, uint ReceiveUpdate);

/// <summary>A secret shared with one peer, for TCP's MD5 signatures (RFC 2385): struct tcp_md5sig.</summary>
/// <remarks>The secret is never printed; MD5 is no cipher to begin anything new with.</remarks>
public sealed class TcpSignatureKey
{
    /// <param name="peer">The peer's address; its port does not count.</param>
    /// <param name="secret">At most 80 bytes; none takes the peer's key away.</param>
    /// <param name="prefixLength">TCP_MD5SIG_EXT: the key holds for so many leading bits of the address; null is all.</param>
    /// <param name="interfaceIndex">TCP_MD5SIG_EXT: the key holds within this routing domain's interface; 0 is any.</param>
    /// <exception cref="ArgumentException">The secret is longer than 80 bytes, or the prefix longer than the address.</exception>
    public TcpSignatureKey(IPAddress peer, ReadOnlySpan<byte> secret, int? prefixLength = null, int interfaceIndex = 0)
    {
        ArgumentNullException.ThrowIfNull(peer);
        if (secret.Length > SecretBytesMax)
        {
            throw new ArgumentException($"At most {SecretBytesMax} bytes.", nameof(secret));
        }

        if (prefixLength is { } bits)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(bits, nameof(prefixLength));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, peer.GetAddressBytes().Length * 8, nameof(prefixLength));
        }

        Peer = peer;
        PrefixLength = prefixLength;
        InterfaceIndex = interfaceIndex;
        _secret = secret.ToArray();
    }

    /// <summary>TCP_MD5SIG_MAXKEYLEN.</summary>
    private const int SecretBytesMax = 80;

    private readonly byte[] _secret;

    /// <summary>The peer's address.</summary>
    public IPAddress Peer { get; }

    /// <summary>For how many leading bits of the address; null is all.</summary>
    public int? PrefixLength { get; }

    /// <summary>The interface's index; 0 is any.</summary>
    public int InterfaceIndex { get; }

    internal ReadOnlySpan<byte> Secret => _secret;

    /// <summary>The peer, without the secret.</summary>
    public override string ToString() => $"{Peer}, a secret of {_secret.Length} bytes";
}

/// <summary>The role of timestamps: how SO_TIMESTAMPING is set, struct so_timestamping.</summary>
/// <param name="Flags">Which timestamps are made and reported.</param>
/// <param name="HardwareClock">With <see cref="TimestampingFlags.BindHardwareClock"/>: the index of the virtual clock.</param>
public readonly record struct Timestamping(TimestampingFlags Flags, int HardwareClock = 0);

/// <summary>SOF_TIMESTAMPING_, &lt;linux/net_tstamp.h&gt;: which timestamps are made, and which are reported.</summary>
[Flags]
public enum TimestampingFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>SOF_TIMESTAMPING_TX_HARDWARE: make one when the network card sends.</summary>
    SendHardware = 1 << 0,

    /// <summary>SOF_TIMESTAMPING_TX_SOFTWARE: make one when the packet leaves the kernel.</summary>
    SendSoftware = 1 << 1,

    /// <summary>SOF_TIMESTAMPING_RX_HARDWARE: make one when the network card receives.</summary>
    ReceiveHardware = 1 << 2,

    /// <summary>SOF_TIMESTAMPING_RX_SOFTWARE: make one when the packet enters the kernel.</summary>
    ReceiveSoftware = 1 << 3,

    /// <summary>SOF_TIMESTAMPING_SOFTWARE: report the kernel's timestamps.</summary>
    Software = 1 << 4,

    /// <summary>SOF_TIMESTAMPING_SYS_HARDWARE: has no meaning any more.</summary>
    SystemHardware = 1 << 5,

    /// <summary>SOF_TIMESTAMPING_RAW_HARDWARE: report the network card's timestamps.</summary>
    RawHardware = 1 << 6,

    /// <summary>SOF_TIMESTAMPING_OPT_ID: number the packets sent, so that a timestamp can be matched.</summary>
    Id = 1 << 7,

    /// <summary>SOF_TIMESTAMPING_TX_SCHED: make one when the packet enters the queue of its interface.</summary>
    SendScheduled = 1 << 8,

    /// <summary>SOF_TIMESTAMPING_TX_ACK: make one when the peer has acknowledged all.</summary>
    SendAcknowledged = 1 << 9,

    /// <summary>SOF_TIMESTAMPING_OPT_CMSG: report address and interface with the timestamp.</summary>
    ControlMessages = 1 << 10,

    /// <summary>SOF_TIMESTAMPING_OPT_TSONLY: give the timestamp without the packet.</summary>
    TimestampOnly = 1 << 11,

    /// <summary>SOF_TIMESTAMPING_OPT_STATS: report the connection's figures with the timestamp.</summary>
    Statistics = 1 << 12,

    /// <summary>SOF_TIMESTAMPING_OPT_PKTINFO: report the true interface of a hardware timestamp.</summary>
    PacketInformation = 1 << 13,

    /// <summary>SOF_TIMESTAMPING_OPT_TX_SWHW: report the kernel's and the card's timestamp both.</summary>
    SendBoth = 1 << 14,

    /// <summary>SOF_TIMESTAMPING_BIND_PHC: take the card's time from a virtual clock. Linux 5.14.</summary>
    BindHardwareClock = 1 << 15,

    /// <summary>SOF_TIMESTAMPING_OPT_ID_TCP: count a stream's numbers from when the option was set. Linux 6.2.</summary>
    IdTcp = 1 << 16,

    /// <summary>SOF_TIMESTAMPING_OPT_RX_FILTER: report no timestamps that others asked for. Linux 6.12.</summary>
    ReceiveFilter = 1 << 17,

    /// <summary>SOF_TIMESTAMPING_TX_COMPLETION: make one when the card reports that it has sent. Linux 6.15.</summary>
    SendCompletion = 1 << 18,
}

/// <summary>The clocks that sending at a time can go by.</summary>
public enum TransmitClock
{
    /// <summary>CLOCK_REALTIME.</summary>
    Realtime = 0,

    /// <summary>CLOCK_MONOTONIC: for the fq queue.</summary>
    Monotonic = 1,

    /// <summary>CLOCK_TAI: for the etf queue. Setting it needs CAP_NET_ADMIN, as all but <see cref="Monotonic"/> do.</summary>
    Tai = 11,
}

/// <summary>How packets are sent at a time: SO_TXTIME, struct sock_txtime.</summary>
/// <param name="Clock">The clock that the times are of.</param>
/// <param name="Deadline">SOF_TXTIME_DEADLINE_MODE: send until then at the latest, rather than at that time.</param>
/// <param name="ReportErrors">SOF_TXTIME_REPORT_ERRORS: packets that were dropped come back on the error queue.</param>
public readonly record struct TransmitTime(TransmitClock Clock, bool Deadline = false, bool ReportErrors = false);
