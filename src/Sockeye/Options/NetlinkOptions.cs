namespace Sockeye;

/// <summary>The options of netlink sockets: level SOL_NETLINK, described in netlink(7).</summary>
public static class NetlinkOptions
{
    /// <summary>SOL_NETLINK.</summary>
    private const int Level = 270;

    /// <summary>
    /// NETLINK_ADD_MEMBERSHIP: hear what the kernel says to a group, by its number. Set only. EINVAL: no such
    /// group. EPERM: the group is for the privileged.
    /// </summary>
    public static readonly SocketOption<int> AddMembership =
        SocketOption.Number(Level, 1, "NETLINK_ADD_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>
    /// NETLINK_BROADCAST_ERROR: a broadcast that not all members could take fails for its sender. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> BroadcastError = SocketOption.Flag(Level, 4, "NETLINK_BROADCAST_ERROR");

    /// <summary>NETLINK_CAP_ACK: acknowledgements do not repeat the request's data. Defaults to false.</summary>
    public static readonly SocketOption<bool> CapAcknowledgement = SocketOption.Flag(Level, 10, "NETLINK_CAP_ACK");

    /// <summary>NETLINK_DROP_MEMBERSHIP: leave a group. Set only. EINVAL: no such group.</summary>
    public static readonly SocketOption<int> DropMembership =
        SocketOption.Number(Level, 2, "NETLINK_DROP_MEMBERSHIP", SocketOptionAccess.Set);

    /// <summary>NETLINK_EXT_ACK: errors come with a text and the place of what is wrong. Defaults to false.</summary>
    public static readonly SocketOption<bool> ExtendedAcknowledgement =
        SocketOption.Flag(Level, 11, "NETLINK_EXT_ACK");

    /// <summary>
    /// NETLINK_GET_STRICT_CHK: requests for lists are checked and filter by what they hold. Defaults to false.
    /// Linux 4.20.
    /// </summary>
    public static readonly SocketOption<bool> StrictCheck = SocketOption.Flag(Level, 12, "NETLINK_GET_STRICT_CHK");

    /// <summary>
    /// NETLINK_LISTEN_ALL_NSID: hear groups of all network namespaces that have a number in this one; a control
    /// message says which. EPERM: needs CAP_NET_BROADCAST. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ListenAllNamespaces =
        SocketOption.Flag(Level, 8, "NETLINK_LISTEN_ALL_NSID");

    /// <summary>NETLINK_LIST_MEMBERSHIPS: the numbers of the groups that the socket hears. Read only.</summary>
    public static readonly SocketOption<int[]> Memberships =
        new(NetlinkGroupsLayout.Instance, Level, 9, "NETLINK_LIST_MEMBERSHIPS", SocketOptionAccess.Get);

    /// <summary>
    /// NETLINK_NO_ENOBUFS: messages that found no room are lost without ENOBUFS. With CAP_NET_ADMIN some families
    /// also wait. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> NoBufferErrors = SocketOption.Flag(Level, 5, "NETLINK_NO_ENOBUFS");

    /// <summary>NETLINK_PKTINFO: the group that a message went to comes with it as a control message. Defaults to false.</summary>
    public static readonly SocketOption<bool> PacketInformation = SocketOption.Flag(Level, 3, "NETLINK_PKTINFO");
}
