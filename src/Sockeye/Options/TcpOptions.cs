namespace Sockeye;

/// <summary>The options of TCP sockets: level IPPROTO_TCP, described in tcp(7). Elsewhere they are EOPNOTSUPP or ENOPROTOOPT.</summary>
public static class TcpOptions
{
    private const int Level = 6;

    /// <summary>
    /// TCP_AO_ADD_KEY: adds a key for signing segments from and to one peer (RFC 5925). Set only. ENOPROTOOPT: the
    /// kernel was built without. EEXIST: there is one of these numbers. ENOENT: it has no such algorithm. Linux 6.7.
    /// </summary>
    public static readonly SocketOption<TcpAuthenticationKey> AddAuthenticationKey =
        new(TcpAuthenticationKeyLayout.Instance, Level, 38, "TCP_AO_ADD_KEY", SocketOptionAccess.Set);

    /// <summary>
    /// TCP_AO_DEL_KEY: takes a key away. Set only. ENOPROTOOPT: the kernel was built without. ENOENT: there is no
    /// such key. Linux 6.7.
    /// </summary>
    public static readonly SocketOption<TcpAuthenticationKeyRemoval> DeleteAuthenticationKey =
        new(TcpAuthenticationRemovalLayout.Instance, Level, 39, "TCP_AO_DEL_KEY", SocketOptionAccess.Set);

    /// <summary>
    /// TCP_AO_GET_KEYS: the keys that the socket has, without their secrets. Read only. ENOPROTOOPT: the kernel was
    /// built without. ENOENT: the socket has none. Linux 6.7.
    /// </summary>
    public static readonly SocketOption<TcpAuthenticationKeyState[]> AuthenticationKeys =
        new(TcpAuthenticationKeysLayout.Instance, Level, 41, "TCP_AO_GET_KEYS", SocketOptionAccess.Get);

    /// <summary>
    /// TCP_AO_INFO: what is done with segments that are signed and those that are not. ENOPROTOOPT: the kernel was
    /// built without. ENOENT: read, the socket has no key yet. Linux 6.7.
    /// </summary>
    public static readonly SocketOption<TcpAuthentication> Authentication =
        new(TcpAuthenticationLayout.Instance, Level, 40, "TCP_AO_INFO", SocketOptionAccess.Both);

    /// <summary>
    /// TCP_AO_REPAIR: what a signed connection counts from, for moving it (<see cref="Repair"/>). ENOPROTOOPT: the
    /// kernel was built without. EPERM: not under repair. Linux 6.7.
    /// </summary>
    public static readonly SocketOption<TcpAuthenticationRepair> AuthenticationRepair =
        new(TcpAuthenticationRepairLayout.Instance, Level, 42, "TCP_AO_REPAIR", SocketOptionAccess.Both);

    /// <summary>
    /// TCP_CC_INFO: what the congestion control reports of itself: union tcp_cc_info, &lt;linux/inet_diag.h&gt;;
    /// empty where it reports nothing, as reno and cubic. Read only.
    /// </summary>
    public static readonly SocketOption<byte[]> CongestionInformation =
        SocketOption.Bytes(Level, 26, maxBytes: 64, "TCP_CC_INFO", SocketOptionAccess.Get);

    /// <summary>
    /// TCP_CONGESTION: the name of the congestion control, as <c>cubic</c>, <c>reno</c>, <c>bbr</c>. Defaults to
    /// net.ipv4.tcp_congestion_control; accepted sockets have the listener's. ENOENT: no such module. EPERM: not in
    /// net.ipv4.tcp_allowed_congestion_control, without CAP_NET_ADMIN.
    /// </summary>
    public static readonly SocketOption<string> CongestionControl =
        SocketOption.Text(Level, 13, maxBytes: 16, "TCP_CONGESTION");

    /// <summary>
    /// TCP_CORK: send no part-filled segment until it is set to false again, or 200 ms have passed. Defaults to
    /// false. Stronger than <see cref="NoDelay"/> while set.
    /// </summary>
    public static readonly SocketOption<bool> Cork = SocketOption.Flag(Level, 3, "TCP_CORK");

    /// <summary>
    /// TCP_DEFER_ACCEPT: a connection comes to accept when data has come, or after this time; in whole seconds
    /// (rounded up), which the kernel turns into a number of tries and so reads as 1, 3, 7, 15 … Zero (the default)
    /// is off. On the listener, before connections come.
    /// </summary>
    public static readonly SocketOption<TimeSpan> DeferAccept = SocketOption.Seconds(Level, 9, "TCP_DEFER_ACCEPT");

    /// <summary>
    /// TCP_DELACK_MAX_US: how long an acknowledgement is held back at most, in whole microseconds (rounded up), and
    /// then up to clock ticks. Defaults to 200 ms; EINVAL: more, or less than a tick. Linux 6.15.
    /// </summary>
    public static readonly SocketOption<TimeSpan> AcknowledgementDelayMax =
        SocketOption.Microseconds(Level, 46, "TCP_DELACK_MAX_US");

    /// <summary>
    /// TCP_FASTOPEN: a listener takes data with the first segment, for so many connections not yet established at
    /// once. Defaults to 0, off; net.ipv4.tcp_fastopen must have bit 2. EINVAL: the socket is connected. Clients:
    /// <see cref="Socket.ConnectAndSend"/>.
    /// </summary>
    public static readonly SocketOption<int> FastOpen = SocketOption.Number(Level, 23, "TCP_FASTOPEN");

    /// <summary>
    /// TCP_FASTOPEN_CONNECT: with a cookie of the server at hand, connect returns at once and the first send
    /// carries the data with the first segment. EOPNOTSUPP: net.ipv4.tcp_fastopen lacks bit 1.
    /// <see cref="Socket.ConnectAndSend"/> does the same in one call. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> FastOpenConnect = SocketOption.Flag(Level, 30, "TCP_FASTOPEN_CONNECT");

    /// <summary>
    /// TCP_FASTOPEN_KEY: the key that a listener makes its cookies with: 16 bytes, or 32 for the key and the one
    /// before it (EINVAL). Defaults to net.ipv4.tcp_fastopen_key, which reads as empty before the first listener
    /// made one. A secret.
    /// </summary>
    public static readonly SocketOption<byte[]> FastOpenKey =
        SocketOption.Bytes(Level, 33, maxBytes: 32, "TCP_FASTOPEN_KEY");

    /// <summary>
    /// TCP_FASTOPEN_NO_COOKIE: TCP Fast Open without a cookie, where both ends agree. EINVAL: neither closed nor
    /// listening. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> FastOpenNoCookie =
        SocketOption.Flag(Level, 34, "TCP_FASTOPEN_NO_COOKIE");

    /// <summary>TCP_INFO: what the kernel knows about the connection. Read only.</summary>
    public static readonly SocketOption<TcpInformation> Information =
        new(TcpInformationLayout.Instance, Level, 11, "TCP_INFO", SocketOptionAccess.Get);

    /// <summary>TCP_INQ: how many bytes wait comes with each receive as a control message, TCP_CM_INQ. Defaults to false.</summary>
    public static readonly SocketOption<bool> ReceiveQueueLength = SocketOption.Flag(Level, 36, "TCP_INQ");

    /// <summary>
    /// TCP_IS_MPTCP: whether the connection is multipath TCP and has not fallen back to plain TCP. Read only. Linux
    /// 6.9; earlier on multipath sockets alone.
    /// </summary>
    public static readonly SocketOption<bool> IsMultipath =
        SocketOption.Flag(Level, 43, "TCP_IS_MPTCP", SocketOptionAccess.Get);

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
    /// TCP_LINGER2: how many seconds a closed connection waits for its peer's end; −1 does not wait. Defaults to
    /// net.ipv4.tcp_fin_timeout, mostly 60, which 0 or more than 120 sets.
    /// </summary>
    public static readonly SocketOption<int> FinWait2Time = SocketOption.Number(Level, 8, "TCP_LINGER2");

    /// <summary>
    /// TCP_MAXSEG: the largest segment in bytes, 88 to 32,767 (EINVAL); 0 leaves it to the kernel. Set it before
    /// connect or listen; afterwards a read gives the connection's own.
    /// </summary>
    public static readonly SocketOption<int> MaxSegment = SocketOption.Number(Level, 2, "TCP_MAXSEG");

    /// <summary>
    /// TCP_MD5SIG: a secret with which segments from and to one peer are signed (RFC 2385); others are dropped. Set
    /// only. ENOPROTOOPT: the kernel was built without. ENOENT: there is none to take away.
    /// </summary>
    public static readonly SocketOption<TcpSignatureKey> Md5Signature =
        new(TcpSignatureLayout.Instance, Level, 14, "TCP_MD5SIG", SocketOptionAccess.Set);

    /// <summary>
    /// TCP_MD5SIG_EXT: as <see cref="Md5Signature"/>, for a prefix of addresses or an interface. Set only. Linux
    /// 4.13.
    /// </summary>
    public static readonly SocketOption<TcpSignatureKey> Md5SignatureExtended =
        new(TcpSignatureLayout.Instance, Level, 32, "TCP_MD5SIG_EXT", SocketOptionAccess.Set);

    /// <summary>TCP_NODELAY: send small segments at once, do not wait for more (Nagle's algorithm off). Defaults to false.</summary>
    public static readonly SocketOption<bool> NoDelay = SocketOption.Flag(Level, 1, "TCP_NODELAY");

    /// <summary>
    /// TCP_NOTSENT_LOWAT: the socket is writable only while fewer bytes than this wait unsent. Defaults to 0:
    /// net.ipv4.tcp_notsent_lowat holds, mostly no limit.
    /// </summary>
    public static readonly SocketOption<int> NotSentLowWater = SocketOption.Number(Level, 25, "TCP_NOTSENT_LOWAT");

    /// <summary>
    /// TCP_QUEUE_SEQ: the next sequence number of the queue that <see cref="RepairQueue"/> names. EINVAL: no queue
    /// is named. EPERM: the socket is not under repair, or not closed.
    /// </summary>
    public static readonly SocketOption<uint> QueueSequence = SocketOption.Struct<uint>(Level, 21, "TCP_QUEUE_SEQ");

    /// <summary>
    /// TCP_QUICKACK: acknowledge at once for now; the kernel goes back to delayed acknowledgements when it sees fit,
    /// so it does not last. Defaults to true on a new socket.
    /// </summary>
    public static readonly SocketOption<bool> QuickAcknowledge = SocketOption.Flag(Level, 12, "TCP_QUICKACK");

    /// <summary>
    /// TCP_REPAIR: 1 takes the connection apart for a copy of it, 0 puts it back, −1 without probing. Defaults to
    /// 0. EPERM: needs CAP_NET_ADMIN, on a closed or established connection.
    /// </summary>
    public static readonly SocketOption<int> Repair = SocketOption.Number(Level, 19, "TCP_REPAIR");

    /// <summary>
    /// TCP_REPAIR_OPTIONS: what both ends agreed on, for a connection that is put together again. Set only. EINVAL:
    /// not under repair. EPERM: not established.
    /// </summary>
    public static readonly SocketOption<TcpRepairOption[]> RepairOptions =
        new(TcpRepairOptionsLayout.Instance, Level, 22, "TCP_REPAIR_OPTIONS", SocketOptionAccess.Set);

    /// <summary>
    /// TCP_REPAIR_QUEUE: which queue is repaired: 0 none, 1 receive, 2 send. EPERM on setting, EINVAL on reading:
    /// not under repair.
    /// </summary>
    public static readonly SocketOption<int> RepairQueue = SocketOption.Number(Level, 20, "TCP_REPAIR_QUEUE");

    /// <summary>TCP_REPAIR_WINDOW: the windows of a connection under repair. EPERM: not under repair.</summary>
    public static readonly SocketOption<TcpRepairWindow> RepairWindow =
        new(TcpRepairWindowLayout.Instance, Level, 29, "TCP_REPAIR_WINDOW", SocketOptionAccess.Both);

    /// <summary>
    /// TCP_RTO_MAX_MS: how long the kernel waits at most before it sends again, in whole milliseconds (rounded up),
    /// 1,000 to 120,000 (EINVAL). Defaults to net.ipv4.tcp_rto_max_ms, 120 seconds. Linux 6.15.
    /// </summary>
    public static readonly SocketOption<TimeSpan> RetransmissionTimeoutMax =
        SocketOption.Milliseconds(Level, 44, "TCP_RTO_MAX_MS");

    /// <summary>
    /// TCP_RTO_MIN_US: how long the kernel waits at least before it sends again, in whole microseconds (rounded
    /// up), and then up to clock ticks, at most 200 ms (EINVAL). Defaults to net.ipv4.tcp_rto_min_us, 200 ms. Linux
    /// 6.15.
    /// </summary>
    public static readonly SocketOption<TimeSpan> RetransmissionTimeoutMin =
        SocketOption.Microseconds(Level, 45, "TCP_RTO_MIN_US");

    /// <summary>
    /// TCP_SAVED_SYN: the IP and TCP headers of the peer's first segment, on an accepted connection whose listener
    /// had <see cref="SaveSyn"/>; the kernel forgets them once read. Empty where there are none. Read only.
    /// </summary>
    public static readonly SocketOption<byte[]> SavedSyn =
        SocketOption.Bytes(Level, 28, maxBytes: 512, "TCP_SAVED_SYN", SocketOptionAccess.Get);

    /// <summary>
    /// TCP_SAVE_SYN: a listener keeps the headers of each connection's first segment: 1 from IP on, 2 with the link
    /// header too, 0 (the default) none.
    /// </summary>
    public static readonly SocketOption<int> SaveSyn = SocketOption.Number(Level, 27, "TCP_SAVE_SYN");

    /// <summary>
    /// TCP_SYNCNT: how often the first segment is sent again before connect gives up, 1 to 127 (EINVAL). Defaults
    /// to net.ipv4.tcp_syn_retries, mostly 6.
    /// </summary>
    public static readonly SocketOption<int> SynRetryCount = SocketOption.Number(Level, 7, "TCP_SYNCNT");

    /// <summary>TCP_THIN_DUPACK: has no effect since Linux 4.11, and reads as false.</summary>
    public static readonly SocketOption<bool> ThinDuplicateAcknowledgement =
        SocketOption.Flag(Level, 17, "TCP_THIN_DUPACK");

    /// <summary>
    /// TCP_THIN_LINEAR_TIMEOUTS: a connection with little under way does not double its waits at first. Defaults to
    /// net.ipv4.tcp_thin_linear_timeouts, mostly false.
    /// </summary>
    public static readonly SocketOption<bool> ThinLinearTimeouts =
        SocketOption.Flag(Level, 16, "TCP_THIN_LINEAR_TIMEOUTS");

    /// <summary>
    /// TCP_TIMESTAMP: the connection's own clock as it stands in its segments, in milliseconds from a random start.
    /// EPERM: setting it while not under repair.
    /// </summary>
    public static readonly SocketOption<uint> Timestamp = SocketOption.Struct<uint>(Level, 24, "TCP_TIMESTAMP");

    /// <summary>
    /// TCP_TX_DELAY: holds back each segment sent by this time, to try out long ways; in whole microseconds
    /// (rounded up); the fq queue, or TCP's own pacing. Defaults to zero. Linux 5.3.
    /// </summary>
    public static readonly SocketOption<TimeSpan> TransmitDelay =
        SocketOption.Microseconds(Level, 37, "TCP_TX_DELAY");

    /// <summary>
    /// TCP_ULP: a protocol of the kernel on top of the connection, as <c>tls</c>; "" for none. It cannot be taken
    /// off (EEXIST). ENOENT: no such module. ENOTCONN: not established.
    /// </summary>
    public static readonly SocketOption<string> UpperLayerProtocol =
        SocketOption.Text(Level, 31, maxBytes: 16, "TCP_ULP");

    /// <summary>
    /// TCP_USER_TIMEOUT: how long sent data may stay unacknowledged before the connection is given up (ETIMEDOUT),
    /// in whole milliseconds (rounded up). Zero (the default) leaves it to net.ipv4.tcp_retries2, mostly about a
    /// quarter of an hour.
    /// </summary>
    public static readonly SocketOption<TimeSpan> UserTimeout = SocketOption.Milliseconds(Level, 18, "TCP_USER_TIMEOUT");

    /// <summary>
    /// TCP_WINDOW_CLAMP: the largest receive window that is announced to the peer, in bytes; at least half of the smallest
    /// receive buffer. Defaults to 0 on a new socket: no limit. EINVAL: 0 on a socket that is not closed.
    /// </summary>
    public static readonly SocketOption<int> WindowClamp = SocketOption.Number(Level, 10, "TCP_WINDOW_CLAMP");
}
