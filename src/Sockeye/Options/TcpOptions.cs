namespace Sockeye;

/// <summary>The options of TCP sockets: level IPPROTO_TCP, described in tcp(7). Elsewhere they are EOPNOTSUPP or ENOPROTOOPT.</summary>
public static class TcpOptions
{
    private const int Level = 6;

    /// <summary>
    /// TCP_CORK: send no part-filled segment until it is set to false again, or 200 ms have passed. Defaults to
    /// false. Stronger than <see cref="NoDelay"/> while set.
    /// </summary>
    public static readonly SocketOption<bool> Cork = SocketOption.Flag(Level, 3, "TCP_CORK");

    /// <summary>
    /// TCP_KEEPCNT: after how many unanswered probes a connection counts as lost, 1 to 127 (EINVAL). Defaults to
    /// net.ipv4.tcp_keepalive_probes, mostly 9. Counts with <see cref="SocketOptions.KeepAlive"/> only.
    /// </summary>
    public static readonly SocketOption<int> KeepAliveRetryCount = SocketOption.Number(Level, 6, "TCP_KEEPCNT");

    /// <summary>
    /// TCP_KEEPIDLE: how long a connection must be idle before the first probe, in whole seconds (rounded up), 1 to
    /// 32,767 (EINVAL). Defaults to net.ipv4.tcp_keepalive_time, mostly two hours.
    /// </summary>
    public static readonly SocketOption<TimeSpan> KeepAliveTime = SocketOption.Seconds(Level, 4, "TCP_KEEPIDLE");

    /// <summary>
    /// TCP_KEEPINTVL: the time between probes, in whole seconds (rounded up), 1 to 32,767 (EINVAL). Defaults to
    /// net.ipv4.tcp_keepalive_intvl, mostly 75.
    /// </summary>
    public static readonly SocketOption<TimeSpan> KeepAliveInterval = SocketOption.Seconds(Level, 5, "TCP_KEEPINTVL");

    /// <summary>
    /// TCP_MAXSEG: the largest segment in bytes, 88 to 32,767 (EINVAL); 0 leaves it to the kernel. Set it before
    /// connect or listen; afterwards a read gives the connection's own.
    /// </summary>
    public static readonly SocketOption<int> MaxSegment = SocketOption.Number(Level, 2, "TCP_MAXSEG");

    /// <summary>TCP_NODELAY: send small segments at once, do not wait for more (Nagle's algorithm off). Defaults to false.</summary>
    public static readonly SocketOption<bool> NoDelay = SocketOption.Flag(Level, 1, "TCP_NODELAY");

    /// <summary>
    /// TCP_QUICKACK: acknowledge at once for now; the kernel goes back to delayed acknowledgements when it sees fit,
    /// so it does not last. Defaults to true on a new socket.
    /// </summary>
    public static readonly SocketOption<bool> QuickAcknowledge = SocketOption.Flag(Level, 12, "TCP_QUICKACK");

    /// <summary>
    /// TCP_USER_TIMEOUT: how long sent data may stay unacknowledged before the connection is given up (ETIMEDOUT),
    /// in whole milliseconds (rounded up). Zero (the default) leaves it to net.ipv4.tcp_retries2, mostly about a
    /// quarter of an hour.
    /// </summary>
    public static readonly SocketOption<TimeSpan> UserTimeout = SocketOption.Milliseconds(Level, 18, "TCP_USER_TIMEOUT");
}
