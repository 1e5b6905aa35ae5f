namespace Sockeye;

/// <summary>The options of CAN sockets for SAE J1939: level SOL_CAN_J1939, &lt;linux/can/j1939.h&gt;.</summary>
public static class CanJ1939Options
{
    /// <summary>SOL_CAN_J1939.</summary>
    private const int Level = 107;

    /// <summary>SO_J1939_ERRQUEUE: how sends went comes to the error queue. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveErrors = SocketOption.Flag(Level, 4, "SO_J1939_ERRQUEUE");

    /// <summary>
    /// SO_J1939_FILTER: which messages come: an array of struct j1939_filter, at most 512; none takes all. Set
    /// only.
    /// </summary>
    public static readonly SocketOption<byte[]> Filter =
        SocketOption.Bytes(Level, 1, maxBytes: 16384, "SO_J1939_FILTER", SocketOptionAccess.Set);

    /// <summary>SO_J1939_PROMISC: all messages come, whomever they are for. Defaults to false.</summary>
    public static readonly SocketOption<bool> Promiscuous = SocketOption.Flag(Level, 2, "SO_J1939_PROMISC");

    /// <summary>
    /// SO_J1939_SEND_PRIO: the priority of what is sent, 0 the highest to 7 (EDOM). Defaults to 6. EPERM: 0 and 1
    /// need CAP_NET_ADMIN.
    /// </summary>
    public static readonly SocketOption<int> SendPriority = SocketOption.Number(Level, 3, "SO_J1939_SEND_PRIO");
}
