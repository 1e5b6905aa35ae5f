namespace Sockeye;

/// <summary>Which frames match: struct can_filter. A frame matches when its identifier and <paramref name="Id"/> agree in all bits of the mask.</summary>
/// <param name="Id">The identifier with its flags; CAN_INV_FILTER, 0x20000000, turns the match round.</param>
/// <param name="Mask">Which bits count.</param>
public readonly record struct CanFilter(uint Id, uint Mask);

/// <summary>What flow control frames ask of the sender: struct can_isotp_fc_options.</summary>
/// <param name="BlockSize">How many frames until the next flow control; 0 is no limit.</param>
/// <param name="SeparationTime">The time between frames: 0 to 127 ms, 0xF1 to 0xF9 for 100 to 900 µs.</param>
/// <param name="WaitFramesMax">How many times the peer may ask to wait.</param>
public readonly record struct CanIsoTpFlow(byte BlockSize, byte SeparationTime, byte WaitFramesMax);

/// <summary>The frames below ISO 15765-2: struct can_isotp_ll_options.</summary>
/// <param name="Mtu">16 for CAN frames, 72 for CAN FD frames.</param>
/// <param name="DataLength">How many bytes of data in a frame: 8, 12, 16, 20, 24, 32, 48 or 64.</param>
/// <param name="Flags">The flags of CAN FD frames.</param>
public readonly record struct CanIsoTpLink(byte Mtu, byte DataLength, byte Flags);

/// <summary>Addresses, padding and flags of ISO 15765-2: struct can_isotp_options.</summary>
/// <param name="Flags">CAN_ISOTP_LISTEN_MODE and its like.</param>
/// <param name="FrameNanoseconds">How long a frame takes; 0 leaves it, 0xFFFFFFFF sets 0.</param>
/// <param name="ExtendedAddress">The address byte of what is sent.</param>
/// <param name="SendPadding">What short frames are filled with.</param>
/// <param name="ReceivePadding">What short frames that come must be filled with.</param>
/// <param name="ReceiveExtendedAddress">The address byte of what comes.</param>
public readonly record struct CanIsoTpSettings(
    uint Flags, uint FrameNanoseconds, byte ExtendedAddress, byte SendPadding, byte ReceivePadding, byte ReceiveExtendedAddress);

/// <summary>The options of raw CAN sockets: level SOL_CAN_RAW, &lt;linux/can/raw.h&gt;.</summary>
public static class CanRawOptions
{
    /// <summary>SOL_CAN_RAW.</summary>
    private const int Level = 101;

    /// <summary>
    /// CAN_RAW_ERR_FILTER: which error frames come: the bits of CAN_ERR_MASK, &lt;linux/can/error.h&gt;. Defaults
    /// to 0, none.
    /// </summary>
    public static readonly SocketOption<uint> ErrorFilter = SocketOption.Struct<uint>(Level, 2, "CAN_RAW_ERR_FILTER");

    /// <summary>CAN_RAW_FD_FRAMES: CAN FD frames, up to 64 bytes of data, may be sent and received. Defaults to false.</summary>
    public static readonly SocketOption<bool> FdFrames = SocketOption.Flag(Level, 5, "CAN_RAW_FD_FRAMES");

    /// <summary>
    /// CAN_RAW_FILTER: a frame comes when one of these matches; none at all takes no frame. Defaults to one that
    /// takes all. At most 512 (EINVAL).
    /// </summary>
    public static readonly SocketOption<CanFilter[]> Filter =
        new(CanFilterLayout.Instance, Level, 1, "CAN_RAW_FILTER", SocketOptionAccess.Both);

    /// <summary>CAN_RAW_JOIN_FILTERS: a frame comes only when all filters match. Defaults to false.</summary>
    public static readonly SocketOption<bool> JoinFilters = SocketOption.Flag(Level, 6, "CAN_RAW_JOIN_FILTERS");

    /// <summary>CAN_RAW_LOOPBACK: what is sent comes to this machine's other sockets too. Defaults to true.</summary>
    public static readonly SocketOption<bool> Loopback = SocketOption.Flag(Level, 3, "CAN_RAW_LOOPBACK");

    /// <summary>CAN_RAW_RECV_OWN_MSGS: what this socket sends comes back to it. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveOwnMessages =
        SocketOption.Flag(Level, 4, "CAN_RAW_RECV_OWN_MSGS");

    /// <summary>
    /// CAN_RAW_XL_FRAMES: CAN XL frames, up to 2,048 bytes of data, may be sent and received. Defaults to false.
    /// Linux 6.2.
    /// </summary>
    public static readonly SocketOption<bool> XlFrames = SocketOption.Flag(Level, 7, "CAN_RAW_XL_FRAMES");

    /// <summary>CAN_RAW_XL_VCID_OPTS: virtual CAN network identifiers: struct can_raw_vcid_options. Linux 6.9.</summary>
    public static readonly SocketOption<byte[]> XlVirtualNetwork =
        SocketOption.Bytes(Level, 8, maxBytes: 8, "CAN_RAW_XL_VCID_OPTS");
}
