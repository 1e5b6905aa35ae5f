namespace Sockeye;

/// <summary>The options of CAN sockets for ISO 15765-2: level SOL_CAN_ISOTP, &lt;linux/can/isotp.h&gt;.</summary>
public static class CanIsoTpOptions
{
    /// <summary>SOL_CAN_ISOTP.</summary>
    private const int Level = 106;

    /// <summary>CAN_ISOTP_LL_OPTS: the frames below. EISCONN: the socket is bound.</summary>
    public static readonly SocketOption<CanIsoTpLink> Link =
        new(CanIsoTpLinkLayout.Instance, Level, 5, "CAN_ISOTP_LL_OPTS", SocketOptionAccess.Both);

    /// <summary>CAN_ISOTP_OPTS: addresses, padding and flags. EISCONN: the socket is bound.</summary>
    public static readonly SocketOption<CanIsoTpSettings> Settings =
        new(CanIsoTpSettingsLayout.Instance, Level, 1, "CAN_ISOTP_OPTS", SocketOptionAccess.Both);

    /// <summary>CAN_ISOTP_RECV_FC: what flow control frames ask of the sender. EISCONN: the socket is bound.</summary>
    public static readonly SocketOption<CanIsoTpFlow> Flow =
        new(CanIsoTpFlowLayout.Instance, Level, 2, "CAN_ISOTP_RECV_FC", SocketOptionAccess.Both);

    /// <summary>
    /// CAN_ISOTP_RX_STMIN: frames that come closer together than this, in nanoseconds, are passed over; with the
    /// flag CAN_ISOTP_FORCE_RXSTMIN. Defaults to 0.
    /// </summary>
    public static readonly SocketOption<uint> ReceiveSeparation =
        SocketOption.Struct<uint>(Level, 4, "CAN_ISOTP_RX_STMIN");

    /// <summary>
    /// CAN_ISOTP_TX_STMIN: the time between frames sent, in nanoseconds, whatever the receiver asks; with the flag
    /// CAN_ISOTP_FORCE_TXSTMIN. Defaults to 0.
    /// </summary>
    public static readonly SocketOption<uint> SendSeparation =
        SocketOption.Struct<uint>(Level, 3, "CAN_ISOTP_TX_STMIN");
}
