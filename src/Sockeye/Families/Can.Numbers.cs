namespace Sockeye;

// Numbers that occur in the data of CAN sockets, not in their addresses or options.

/// <summary>Bits of struct can_frame's can_id, &lt;linux/can.h&gt;.</summary>
public static class CanFrame
{
    /// <summary>CAN_EFF_FLAG: the id has 29 bits.</summary>
    public const uint ExtendedFlag = 0x8000_0000;

    /// <summary>CAN_RTR_FLAG: a request for a frame, without data.</summary>
    public const uint RemoteRequestFlag = 0x4000_0000;

    /// <summary>CAN_ERR_FLAG: the frame reports an error.</summary>
    public const uint ErrorFlag = 0x2000_0000;

    /// <summary>CAN_SFF_MASK: the id of a standard frame, 11 bits.</summary>
    public const uint StandardMask = 0x7FF;

    /// <summary>CAN_EFF_MASK: the id of an extended frame, 29 bits.</summary>
    public const uint ExtendedMask = 0x1FFF_FFFF;

    /// <summary>CAN_ERR_MASK: the class of an error frame.</summary>
    public const uint ErrorMask = 0x1FFF_FFFF;
}

/// <summary>Operations and flags of CAN_BCM sockets: struct bcm_msg_head, &lt;linux/can/bcm.h&gt;.</summary>
public static class CanBroadcastManager
{
    /// <summary>TX_SETUP: sends a frame again and again.</summary>
    public const int TransmitSetup = 1;

    /// <summary>TX_DELETE: ends that.</summary>
    public const int TransmitDelete = 2;

    /// <summary>TX_READ: asks for the task.</summary>
    public const int TransmitRead = 3;

    /// <summary>TX_SEND: sends one frame.</summary>
    public const int TransmitSend = 4;

    /// <summary>RX_SETUP: filters what is received by its content.</summary>
    public const int ReceiveSetup = 5;

    /// <summary>RX_DELETE: ends that.</summary>
    public const int ReceiveDelete = 6;

    /// <summary>RX_READ: asks for the filter.</summary>
    public const int ReceiveRead = 7;

    /// <summary>TX_STATUS: the reply to TX_READ.</summary>
    public const int TransmitStatus = 8;

    /// <summary>TX_EXPIRED: the counted frames are sent.</summary>
    public const int TransmitExpired = 9;

    /// <summary>RX_STATUS: the reply to RX_READ.</summary>
    public const int ReceiveStatus = 10;

    /// <summary>RX_TIMEOUT: a frame that comes again and again has not come.</summary>
    public const int ReceiveTimeout = 11;

    /// <summary>RX_CHANGED: a frame's content has changed.</summary>
    public const int ReceiveChanged = 12;

    /// <summary>SETTIMER: flag: take the intervals and the count.</summary>
    public const int SetTimer = 0x1;

    /// <summary>STARTTIMER: flag: start the timer.</summary>
    public const int StartTimer = 0x2;

    /// <summary>TX_COUNTEVT: flag: notify when the count is over.</summary>
    public const int TransmitCountEvent = 0x4;

    /// <summary>TX_ANNOUNCE: flag: send a change at once.</summary>
    public const int TransmitAnnounce = 0x8;

    /// <summary>TX_CP_CAN_ID: flag: copy the id into each frame.</summary>
    public const int TransmitCopyId = 0x10;

    /// <summary>RX_FILTER_ID: flag: by id alone.</summary>
    public const int ReceiveFilterId = 0x20;

    /// <summary>RX_CHECK_DLC: flag: another length is a change.</summary>
    public const int ReceiveCheckLength = 0x40;

    /// <summary>RX_NO_AUTOTIMER: flag: do not start the timer by itself.</summary>
    public const int ReceiveNoAutomaticTimer = 0x80;

    /// <summary>RX_ANNOUNCE_RESUME: flag: notify when a frame comes again after a timeout.</summary>
    public const int ReceiveAnnounceResume = 0x100;

    /// <summary>TX_RESET_MULTI_IDX: flag: begin with the first frame.</summary>
    public const int TransmitResetIndex = 0x200;

    /// <summary>RX_RTR_FRAME: flag: reply to a request with this frame.</summary>
    public const int ReceiveRemoteRequest = 0x400;

    /// <summary>CAN_FD_FRAME: flag: the frames are CAN FD's.</summary>
    public const int FlexibleDataRate = 0x800;
}

/// <summary>Addresses and parameter groups of SAE J1939, &lt;linux/can/j1939.h&gt;.</summary>
public static class CanJ1939
{
    /// <summary>J1939_MAX_UNICAST_ADDR: the highest address of one device.</summary>
    public const byte AddressMax = 0xFD;

    /// <summary>J1939_IDLE_ADDR: the address of a device that has none yet.</summary>
    public const byte IdleAddress = 0xFE;

    /// <summary>J1939_PGN_REQUEST: asks for another group.</summary>
    public const int RequestParameterGroup = 0xEA00;

    /// <summary>J1939_PGN_ADDRESS_CLAIMED: a device claims its address.</summary>
    public const int AddressClaimedParameterGroup = 0xEE00;

    /// <summary>J1939_PGN_ADDRESS_COMMANDED: a device is given an address.</summary>
    public const int AddressCommandedParameterGroup = 0xFED8;

    /// <summary>J1939_PGN_PDU1_MAX: the highest group that has a destination.</summary>
    public const int DestinationParameterGroupMax = 0x3FF00;

    /// <summary>J1939_PGN_MAX: the highest group.</summary>
    public const int ParameterGroupMax = 0x3FFFF;

    /// <summary>J1939_FILTER_MAX: how many filters a socket takes.</summary>
    public const int FiltersMax = 512;

    /// <summary>J1939_EE_INFO_NONE: ee_info of a record of the error queue: nothing more is known.</summary>
    public const int ErrorInformationNone = 0;

    /// <summary>J1939_EE_INFO_TX_ABORT: ee_info: a transfer was ended.</summary>
    public const int ErrorInformationTransmitAborted = 1;

    /// <summary>J1939_NLA_PAD: of the statistics in a record: padding.</summary>
    public const int StatisticsPad = 0;

    /// <summary>J1939_NLA_BYTES_ACKED: of the statistics in a record: how many bytes have been acknowledged.</summary>
    public const int StatisticsBytesAcknowledged = 1;
}
