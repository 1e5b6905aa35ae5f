namespace Sockeye;

/// <summary>A communication group that a socket joins: struct tipc_group_req.</summary>
/// <param name="Type">The group's service type, 64 or above.</param>
/// <param name="Instance">The member's own number.</param>
/// <param name="Scope">2 the cluster, 3 this node.</param>
/// <param name="Flags">What the member wants to hear.</param>
public readonly record struct TipcGroup(uint Type, uint Instance, uint Scope = 2, TipcGroupFlags Flags = TipcGroupFlags.None);

/// <summary>What a member of a group wants to hear: TIPC_GROUP_.</summary>
[Flags]
public enum TipcGroupFlags
{
    /// <summary>Only what others send.</summary>
    None = 0,

    /// <summary>TIPC_GROUP_LOOPBACK: what it sends itself, where it is among the receivers.</summary>
    Loopback = 1,

    /// <summary>TIPC_GROUP_MEMBER_EVTS: who joins and who leaves.</summary>
    MemberEvents = 2,
}

/// <summary>Which messages are dropped last: TIPC_LOW_IMPORTANCE and its like.</summary>
public enum TipcImportance
{
    /// <summary>TIPC_LOW_IMPORTANCE.</summary>
    Low = 0,

    /// <summary>TIPC_MEDIUM_IMPORTANCE.</summary>
    Medium = 1,

    /// <summary>TIPC_HIGH_IMPORTANCE.</summary>
    High = 2,

    /// <summary>TIPC_CRITICAL_IMPORTANCE.</summary>
    Critical = 3,
}

/// <summary>The options of TIPC sockets: level SOL_TIPC, &lt;linux/tipc.h&gt;.</summary>
public static class TipcOptions
{
    /// <summary>SOL_TIPC.</summary>
    private const int Level = 271;

    /// <summary>
    /// TIPC_CONN_TIMEOUT: how long connect waits for the peer, in whole milliseconds (rounded up). Defaults to 8
    /// seconds. Calls that wait end with TimedOut then, asynchronous ones too, or at <see cref="Socket.Timeout"/> if that is
    /// shorter; 0 is no limit of its own.
    /// </summary>
    public static readonly SocketOption<TimeSpan> ConnectTimeout =
        SocketOption.Milliseconds(Level, 130, "TIPC_CONN_TIMEOUT");

    /// <summary>
    /// TIPC_DEST_DROPPABLE: messages that cannot be delivered are dropped, not returned. Defaults to false on
    /// streams and seqpackets, true on datagrams.
    /// </summary>
    public static readonly SocketOption<bool> DestinationDroppable =
        SocketOption.Flag(Level, 129, "TIPC_DEST_DROPPABLE");

    /// <summary>
    /// TIPC_GROUP_JOIN: join a communication group as a member. Set only. EINVAL: a reserved type, or a member of
    /// one already. Linux 4.15.
    /// </summary>
    public static readonly SocketOption<TipcGroup> JoinGroup =
        new(TipcGroupLayout.Instance, Level, 135, "TIPC_GROUP_JOIN", SocketOptionAccess.Set);

    /// <summary>TIPC_GROUP_LEAVE: leave the group; the value is empty. Set only. EINVAL: not a member. Linux 4.15.</summary>
    public static readonly SocketOption<byte[]> LeaveGroup =
        SocketOption.Bytes(Level, 136, maxBytes: 1, "TIPC_GROUP_LEAVE", SocketOptionAccess.Set);

    /// <summary>
    /// TIPC_IMPORTANCE: which messages are dropped last when there is too much. Defaults to
    /// <see cref="TipcImportance.Low"/>.
    /// </summary>
    public static readonly SocketOption<TipcImportance> Importance =
        SocketOption.Struct<TipcImportance>(Level, 127, "TIPC_IMPORTANCE");

    /// <summary>TIPC_MCAST_BROADCAST: multicasts go out once, to all nodes; the value is empty. Set only. Linux 4.11.</summary>
    public static readonly SocketOption<byte[]> MulticastBroadcast =
        SocketOption.Bytes(Level, 133, maxBytes: 1, "TIPC_MCAST_BROADCAST", SocketOptionAccess.Set);

    /// <summary>
    /// TIPC_MCAST_REPLICAST: multicasts go out once for each node that wants them; the value is empty. Set only.
    /// Linux 4.11.
    /// </summary>
    public static readonly SocketOption<byte[]> MulticastReplicast =
        SocketOption.Bytes(Level, 134, maxBytes: 1, "TIPC_MCAST_REPLICAST", SocketOptionAccess.Set);

    /// <summary>TIPC_NODELAY: streams send small messages at once. Defaults to false. Linux 5.5.</summary>
    public static readonly SocketOption<bool> NoDelay = SocketOption.Flag(Level, 138, "TIPC_NODELAY");

    /// <summary>TIPC_NODE_RECVQ_DEPTH: how many messages wait on the node; always 0 since Linux 3.17. Read only.</summary>
    public static readonly SocketOption<int> NodeQueueDepth =
        SocketOption.Number(Level, 131, "TIPC_NODE_RECVQ_DEPTH", SocketOptionAccess.Get);

    /// <summary>TIPC_SOCK_RECVQ_DEPTH: how many messages wait on this socket. Read only.</summary>
    public static readonly SocketOption<int> QueueDepth =
        SocketOption.Number(Level, 132, "TIPC_SOCK_RECVQ_DEPTH", SocketOptionAccess.Get);

    /// <summary>TIPC_SOCK_RECVQ_USED: how many bytes of memory the waiting messages take. Read only. Linux 4.19.</summary>
    public static readonly SocketOption<int> QueueUsed =
        SocketOption.Number(Level, 137, "TIPC_SOCK_RECVQ_USED", SocketOptionAccess.Get);

    /// <summary>
    /// TIPC_SRC_DROPPABLE: messages may be dropped on the way when there is too much. Defaults to true on
    /// unreliable sockets, false on others.
    /// </summary>
    public static readonly SocketOption<bool> SourceDroppable = SocketOption.Flag(Level, 128, "TIPC_SRC_DROPPABLE");
}
