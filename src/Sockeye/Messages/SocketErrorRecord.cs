using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Where a record of the error queue comes from; &lt;linux/errqueue.h&gt;.</summary>
public enum SocketErrorOrigin
{
    /// <summary>SO_EE_ORIGIN_NONE: not said.</summary>
    None = 0,

    /// <summary>SO_EE_ORIGIN_LOCAL: this machine, as when a datagram is longer than the path takes.</summary>
    Local = 1,

    /// <summary>SO_EE_ORIGIN_ICMP: an ICMP message about a packet sent before.</summary>
    Icmp = 2,

    /// <summary>SO_EE_ORIGIN_ICMP6: an ICMPv6 message about a packet sent before.</summary>
    Icmpv6 = 3,

    /// <summary>SO_EE_ORIGIN_TIMESTAMPING: no error; when a packet was sent. See <see cref="SocketErrorRecord.Stage"/>.</summary>
    Timestamping = 4,

    /// <summary>SO_EE_ORIGIN_ZEROCOPY: no error; memory sent with MSG_ZEROCOPY is the caller's again. See <see cref="SocketErrorRecord.ZeroCopyFirst"/>.</summary>
    ZeroCopy = 5,

    /// <summary>SO_EE_ORIGIN_TXTIME: a packet was dropped for its time of sending: a wrong one (code 1), or missed (code 2).</summary>
    TransmitTime = 6,
}

/// <summary>At which point of its way out a packet got its timestamp; SCM_TSTAMP_…, timestamping.rst.</summary>
public enum TransmitStage
{
    /// <summary>SCM_TSTAMP_SND: it went to the network card, or left it.</summary>
    Sent = 0,

    /// <summary>SCM_TSTAMP_SCHED: it entered the interface's queue.</summary>
    Scheduled = 1,

    /// <summary>SCM_TSTAMP_ACK: the peer has acknowledged all bytes up to it.</summary>
    Acknowledged = 2,

    /// <summary>SCM_TSTAMP_COMPLETION: the card has reported it sent (Linux 6.15).</summary>
    Completed = 3,
}

/// <summary>One record of a socket's error queue: struct sock_extended_err and what came with it; ip(7), IP_RECVERR.</summary>
/// <remarks>
/// A record is about something sent before, never of the call that follows. Which properties count, <see cref="Origin"/>
/// says: ICMP errors have type, code, offender and the destination; zero-copy notifications a range of sends; timestamps a
/// stage, an id and the times.
/// </remarks>
public readonly struct SocketErrorRecord
{
    private readonly ExtendedError _error;

    private SocketErrorRecord(ExtendedError error) => _error = error;

    /// <summary>Where the record comes from.</summary>
    public SocketErrorOrigin Origin => (SocketErrorOrigin)_error.Origin;

    /// <summary>ee_errno: the error, as ECONNREFUSED; ENOMSG (42) with a timestamp, 0 with a zero-copy notification.</summary>
    public int Errno => (int)_error.Errno;

    /// <summary>.NET's name for <see cref="Errno"/>.</summary>
    public SocketError Error => Interop.Errno.ToSocketError(Errno);

    /// <summary>ee_type: the ICMP message's type, as 3, destination unreachable.</summary>
    public byte Type => _error.Type;

    /// <summary>ee_code: the ICMP message's code, as 3, port unreachable.</summary>
    public byte Code => _error.Code;

    /// <summary>ee_info: by origin; the path's MTU in bytes with EMSGSIZE.</summary>
    public long Info => _error.Info;

    /// <summary>ee_data: by origin.</summary>
    public long Data => _error.Data;

    /// <summary>The path's MTU in bytes, when the packet was too long for it; else null.</summary>
    public int? Mtu => Errno == Interop.Errno.EMSGSIZE && Origin is SocketErrorOrigin.Local or SocketErrorOrigin.Icmp or SocketErrorOrigin.Icmpv6
        ? (int)Math.Min(_error.Info, int.MaxValue)
        : null;

    /// <summary>SO_EE_OFFENDER: the machine that sent the ICMP message; null when it is not known.</summary>
    public EndPoint? Offender { get; private init; }

    /// <summary>Where the packet was going; null when the kernel does not say.</summary>
    public EndPoint? Destination { get; private init; }

    /// <summary>How many bytes of the packet's payload are in the caller's buffer.</summary>
    public int Length { get; private init; }

    /// <summary>What the kernel said: Truncated when the payload did not fit; always Linux's ErrorQueue.</summary>
    public SocketFlags Flags { get; private init; }

    /// <summary>The times, when the record is a timestamp.</summary>
    public PacketTimestamps Timestamps { get; private init; }

    /// <summary>At which point of its way the packet got the timestamp.</summary>
    public TransmitStage Stage => (TransmitStage)_error.Info;

    /// <summary>
    /// Which packet a timestamp is of, with SOF_TIMESTAMPING_OPT_ID: on datagram sockets the number of the send, on
    /// streams that of the last byte, each counted from 0 since the option was set.
    /// </summary>
    public uint TimestampId => _error.Data;

    /// <summary>The first of the sends with MSG_ZEROCOPY that are done, counted from 0; kernel's msg_zerocopy.rst.</summary>
    public uint ZeroCopyFirst => _error.Info;

    /// <summary>The last of them: one notification may cover several.</summary>
    public uint ZeroCopyLast => _error.Data;

    /// <summary>SO_EE_CODE_ZEROCOPY_COPIED: the kernel copied after all, as it does on loopback; zero copy gains nothing there.</summary>
    public bool WasCopied => Origin == SocketErrorOrigin.ZeroCopy && (_error.Code & MessageConstants.SO_EE_CODE_ZEROCOPY_COPIED) != 0;

    /// <summary>As <c>Icmp: ECONNREFUSED, type 3 code 3, to 127.0.0.1:9, from 127.0.0.1:0</c>.</summary>
    public override string ToString() => Origin switch
    {
        SocketErrorOrigin.ZeroCopy => $"ZeroCopy: sends {ZeroCopyFirst} to {ZeroCopyLast}{(WasCopied ? ", copied" : "")}",
        SocketErrorOrigin.Timestamping => $"Timestamping: {Stage}, id {TimestampId}, {Timestamps.Software}",
        _ => $"{Origin}: {Interop.Errno.Name(Errno)}, type {Type} code {Code}"
            + (Destination is null ? "" : $", to {Destination}")
            + (Offender is null ? "" : $", from {Offender}"),
    };

    /// <summary>Reads what recvmsg(2) with MSG_ERRQUEUE wrote.</summary>
    /// <param name="control">The control data.</param>
    /// <param name="destination">The message's name: the packet's destination.</param>
    /// <param name="length">How many bytes of the payload there are.</param>
    /// <param name="flags">What the kernel said.</param>
    internal static SocketErrorRecord Read(ReadOnlySpan<byte> control, ReadOnlySpan<byte> destination, int length, SocketFlags flags)
    {
        ExtendedError error = default;
        EndPoint? offender = null;
        PacketTimestamps timestamps = default;
        foreach (RawControlMessage message in new ControlReader(control))
        {
            if (IsExtendedError(message) && MemoryMarshal.TryRead(message.Data, out ExtendedError read))
            {
                error = read;

                // SO_EE_OFFENDER: the address follows the structure; AF_UNSPEC says that there is none.
                ReadOnlySpan<byte> address = message.Data[PlainControlLayout<ExtendedError>.Instance.MaxBytes..];
                offender = address.Length >= sizeof(ushort) && BitConverter.ToUInt16(address) != SocketConstants.AF_UNSPEC
                    ? AddressCodecs.Decode(address, like: null)
                    : null;
            }
            else if (message.Level == SocketConstants.SOL_SOCKET
                && message.Type is MessageConstants.SO_TIMESTAMPING_OLD or MessageConstants.SO_TIMESTAMPING_NEW)
            {
                TimestampingLayout.Instance.TryRead(message.Data, out timestamps);
            }
        }

        return new SocketErrorRecord(error)
        {
            Offender = offender,
            Destination = destination.IsEmpty ? null : AddressCodecs.Decode(destination, like: null),
            Length = length,
            Flags = flags,
            Timestamps = timestamps,
        };
    }

    private static bool IsExtendedError(in RawControlMessage message) => (message.Level, message.Type) is
        (IpConstants.IPPROTO_IP, MessageConstants.IP_RECVERR)
        or (Ipv6Constants.IPPROTO_IPV6, MessageConstants.IPV6_RECVERR)
        or (MessageConstants.SOL_PACKET, MessageConstants.PACKET_TX_TIMESTAMP)
        or (MessageConstants.SOL_CAN_RAW, MessageConstants.SCM_CAN_RAW_ERRQUEUE)
        or (MessageConstants.SOL_CAN_J1939, MessageConstants.SCM_J1939_ERRQUEUE)
        or (MessageConstants.SOL_VSOCK, MessageConstants.VSOCK_RECVERR);
}
