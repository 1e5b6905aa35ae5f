namespace Sockeye;

/// <summary>Control messages of level SOL_SOCKET; unix(7), socket(7), kernel's timestamping.rst.</summary>
public static class SocketControl
{
    private const int Level = 1;

    /// <summary>
    /// SCM_CREDENTIALS: the sender's process, user and group, which the kernel vouches for; unix(7). Received when
    /// SO_PASSCRED is set. Sending others than one's own needs CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID (EPERM).
    /// </summary>
    public static readonly ControlMessage<PeerCredentials> Credentials = ControlMessage.Struct<PeerCredentials>(Level, 2, "SCM_CREDENTIALS");

    /// <summary>SCM_SECURITY: the sender's security label (SELinux, Smack); unix(7). Received when SO_PASSSEC is set.</summary>
    public static readonly ControlMessage<string> SecurityLabel = ControlMessage.Text(Level, 3, maxBytes: 256, "SCM_SECURITY");

    /// <summary>SCM_TIMESTAMP: when the packet arrived, in microseconds; socket(7). Received when SO_TIMESTAMP is set.</summary>
    public static readonly ControlMessage<KernelTimestamp> Timestamp =
        new(MicrosecondsLayout.Instance, Level, 29, "SO_TIMESTAMP_OLD");

    /// <summary>SCM_TIMESTAMPNS: when the packet arrived, in nanoseconds. Received when SO_TIMESTAMPNS is set.</summary>
    public static readonly ControlMessage<KernelTimestamp> TimestampNanoseconds =
        new(NanosecondsLayout.Instance, Level, 35, "SO_TIMESTAMPNS_OLD");

    /// <summary>As <see cref="Timestamp"/>. Received when SO_TIMESTAMP_NEW is set; Linux 5.1.</summary>
    public static readonly ControlMessage<KernelTimestamp> TimestampNew =
        new(MicrosecondsLayout.Instance, Level, 63, "SO_TIMESTAMP_NEW");

    /// <summary>As <see cref="TimestampNanoseconds"/>. Received when SO_TIMESTAMPNS_NEW is set; Linux 5.1.</summary>
    public static readonly ControlMessage<KernelTimestamp> TimestampNanosecondsNew =
        new(NanosecondsLayout.Instance, Level, 64, "SO_TIMESTAMPNS_NEW");

    /// <summary>SO_PRIORITY: sent, the packet's class in the interface's queue (Linux 6.14); received with SO_RCVPRIORITY.</summary>
    public static readonly ControlMessage<int> Priority = ControlMessage.Number(Level, 12, "SO_PRIORITY");

    /// <summary>SO_MARK: sent, the packet's mark for routing and filters, needs CAP_NET_ADMIN (EPERM); received with SO_RCVMARK (5.19).</summary>
    public static readonly ControlMessage<uint> Mark = ControlMessage.Struct<uint>(Level, 36, "SO_MARK");

    /// <summary>
    /// SCM_TIMESTAMPING: when the packet was received, by software and hardware clocks; kernel's timestamping.rst.
    /// Received when SO_TIMESTAMPING asks for it. Times of sending come through the error queue:
    /// <see cref="Socket.ReceiveError"/>.
    /// </summary>
    public static readonly ControlMessage<PacketTimestamps> Timestamps = new(TimestampingLayout.Instance, Level, 37, "SO_TIMESTAMPING_OLD");

    /// <summary>As <see cref="Timestamps"/>. Received when SO_TIMESTAMPING_NEW asks for it; Linux 5.1.</summary>
    public static readonly ControlMessage<PacketTimestamps> TimestampsNew = new(TimestampingLayout.Instance, Level, 65, "SO_TIMESTAMPING_NEW");

    /// <summary>SO_TIMESTAMPING as sent: which times of this one packet to record, SOF_TIMESTAMPING_TX_… bits; timestamping.rst.</summary>
    public static readonly ControlMessage<uint> TimestampingFlags = ControlMessage.Struct<uint>(Level, 37, "SO_TIMESTAMPING_OLD");

    /// <summary>SO_RXQ_OVFL: how many messages this socket has dropped for want of room, since it was made. Received when SO_RXQ_OVFL is set.</summary>
    public static readonly ControlMessage<uint> ReceiveQueueOverflow = ControlMessage.Struct<uint>(Level, 40, "SO_RXQ_OVFL");

    /// <summary>SCM_WIFI_STATUS: whether the frame was acknowledged on the air. Received when SO_WIFI_STATUS is set.</summary>
    public static readonly ControlMessage<int> WifiStatus = ControlMessage.Number(Level, 41, "SCM_WIFI_STATUS");

    /// <summary>SCM_TXTIME: sent, when the packet is to leave, in nanoseconds by the clock that SO_TXTIME chose; tc-etf(8).</summary>
    public static readonly ControlMessage<ulong> TransmitTime = ControlMessage.Struct<ulong>(Level, 61, "SCM_TXTIME");

    /// <summary>SCM_TS_OPT_ID: sent, the number by which this packet's timestamps come back (Linux 6.13), with SOF_TIMESTAMPING_OPT_ID.</summary>
    public static readonly ControlMessage<uint> TimestampId = ControlMessage.Struct<uint>(Level, 81, "SCM_TS_OPT_ID");

    /// <summary>SCM_RIGHTS: the room that descriptors need in a control buffer.</summary>
    /// <param name="count">How many descriptors at most; a message carries up to 253.</param>
    /// <returns>Bytes.</returns>
    public static int HandlesSpace(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return ControlMessage.Space(checked(count * sizeof(int)));
    }

    /// <summary>SCM_PIDFD: the room that the sender's process needs in a control buffer; see <see cref="ReceivedMessage.TakeProcessHandle"/>.</summary>
    /// <returns>Bytes.</returns>
    public static int ProcessHandleSpace() => ControlMessage.Space(sizeof(int));
}
