using System.Net.Sockets;

namespace Sockeye;

/// <summary>The options of every socket: level SOL_SOCKET, described in socket(7). In the kernel's plain meaning.</summary>
public static class SocketOptions
{
    private const int Level = 1;

    /// <summary>SO_ACCEPTCONN: whether the socket listens. Read only.</summary>
    public static readonly SocketOption<bool> AcceptConnection =
        SocketOption.Flag(Level, 30, "SO_ACCEPTCONN", SocketOptionAccess.Get);

    /// <summary>
    /// SO_ATTACH_BPF: lets a program of bpf(2), by its descriptor, decide about each packet that comes; the kernel
    /// keeps its own reference. Set only. EINVAL: no program of that kind. Undone by <see cref="DetachFilter"/>.
    /// </summary>
    public static readonly SocketOption<int> AttachBpf =
        SocketOption.Number(Level, 50, "SO_ATTACH_BPF", SocketOptionAccess.Set);

    /// <summary>
    /// SO_ATTACH_FILTER: a classic BPF program that decides about each packet that comes (SO_GET_FILTER reads it
    /// back). It returns how many bytes to keep; 0 drops the packet. Offset 0 is the transport header on IP sockets
    /// (UDP data begins at 8), the data on UNIX sockets, the link header on packet sockets. EINVAL: the kernel's
    /// checker refuses the program. EPERM: <see cref="LockFilter"/> is set. Undone by <see cref="DetachFilter"/>.
    /// </summary>
    public static readonly SocketOption<BpfInstruction[]> Filter =
        new(FilterLayout.Instance, Level, 26, "SO_ATTACH_FILTER", SocketOptionAccess.Both);

    /// <summary>
    /// SO_ATTACH_REUSEPORT_CBPF: a classic BPF program that picks, among the sockets that share a port by
    /// <see cref="ReusePort"/>, the one a packet or connection goes to: it returns its index, in the order in which
    /// they were bound; an index out of range leaves the choice to the kernel. Offset 0 is the data (UDP). Set
    /// only, on any one of them.
    /// </summary>
    public static readonly SocketOption<BpfInstruction[]> ReusePortFilter =
        new(FilterLayout.Instance, Level, 51, "SO_ATTACH_REUSEPORT_CBPF", SocketOptionAccess.Set);

    /// <summary>
    /// SO_ATTACH_REUSEPORT_EBPF: as <see cref="ReusePortFilter"/>, by a program of bpf(2), by its descriptor. Set
    /// only. EINVAL: no program of that kind.
    /// </summary>
    public static readonly SocketOption<int> ReusePortBpf =
        SocketOption.Number(Level, 52, "SO_ATTACH_REUSEPORT_EBPF", SocketOptionAccess.Set);

    /// <summary>
    /// SO_BINDTODEVICE: use only the network interface of this name, at most 15 bytes; "" (the default) is any.
    /// ENODEV: no such interface. EPERM: changing it once set needs CAP_NET_RAW (setting it did too, before Linux 5.7).
    /// </summary>
    public static readonly SocketOption<string> BindToDevice =
        SocketOption.Text(Level, 25, maxBytes: 16, "SO_BINDTODEVICE");

    /// <summary>
    /// SO_BINDTOIFINDEX: as <see cref="BindToDevice"/>, by the interface's index; 0 (the default) is any. Linux 5.0.
    /// ENODEV and EPERM as there.
    /// </summary>
    public static readonly SocketOption<int> BindToInterfaceIndex = SocketOption.Number(Level, 62, "SO_BINDTOIFINDEX");

    /// <summary>
    /// SO_BPF_EXTENSIONS: how many extensions classic BPF programs have (SKF_AD_, &lt;linux/filter.h&gt;). Read
    /// only.
    /// </summary>
    public static readonly SocketOption<int> BpfExtensions =
        SocketOption.Number(Level, 48, "SO_BPF_EXTENSIONS", SocketOptionAccess.Get);

    /// <summary>SO_BROADCAST: datagrams may go to a broadcast address; without it sending there is EACCES. Defaults to false.</summary>
    public static readonly SocketOption<bool> Broadcast = SocketOption.Flag(Level, 6, "SO_BROADCAST");

    /// <summary>
    /// SO_BUF_LOCK: which buffers keep their size instead of being tuned; setting <see cref="ReceiveBuffer"/> or
    /// <see cref="SendBuffer"/> adds its bit. Defaults to none. Linux 5.14.
    /// </summary>
    public static readonly SocketOption<SocketBufferLocks> BufferLocks =
        SocketOption.Struct<SocketBufferLocks>(Level, 72, "SO_BUF_LOCK");

    /// <summary>
    /// SO_BUSY_POLL: how long a blocking receive spins on the network card before it sleeps, in whole microseconds
    /// (rounded up). Zero, off, unless net.core.busy_read says otherwise. EPERM: more than it has needs
    /// CAP_NET_ADMIN.
    /// </summary>
    public static readonly SocketOption<TimeSpan> BusyPoll = SocketOption.Microseconds(Level, 46, "SO_BUSY_POLL");

    /// <summary>
    /// SO_BUSY_POLL_BUDGET: how many packets one spin takes at most. Set only; the kernel's default is 8. EPERM:
    /// more needs CAP_NET_ADMIN. Linux 5.11.
    /// </summary>
    public static readonly SocketOption<int> BusyPollBudget =
        SocketOption.Number(Level, 70, "SO_BUSY_POLL_BUDGET", SocketOptionAccess.Set);

    /// <summary>
    /// SO_CNX_ADVICE: set to true, it says that the connection makes no progress, so that the kernel looks for
    /// another way. Set only.
    /// </summary>
    public static readonly SocketOption<bool> ConnectionAdvice =
        SocketOption.Flag(Level, 53, "SO_CNX_ADVICE", SocketOptionAccess.Set);

    /// <summary>SO_COOKIE: a number for this socket that no other has or will have until the machine restarts. Read only.</summary>
    public static readonly SocketOption<ulong> Cookie =
        SocketOption.Struct<ulong>(Level, 57, "SO_COOKIE", SocketOptionAccess.Get);

    /// <summary>
    /// SO_DEBUG: the kernel's debugging notes, where it was built with them. EACCES: setting it needs
    /// CAP_NET_ADMIN. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> Debug = SocketOption.Flag(Level, 1, "SO_DEBUG");

    /// <summary>
    /// SO_DETACH_FILTER: takes the program of <see cref="Filter"/> or <see cref="AttachBpf"/> away; the value does
    /// not count. Set only. ENOENT: there is none. EPERM: <see cref="LockFilter"/> is set.
    /// </summary>
    public static readonly SocketOption<bool> DetachFilter =
        SocketOption.Flag(Level, 27, "SO_DETACH_FILTER", SocketOptionAccess.Set);

    /// <summary>
    /// SO_DETACH_REUSEPORT_BPF: takes the program of <see cref="ReusePortFilter"/> or <see cref="ReusePortBpf"/>
    /// away; the value does not count. Set only. ENOENT: there is none. EINVAL: the socket shares no port. Linux
    /// 5.3.
    /// </summary>
    public static readonly SocketOption<bool> DetachReusePortFilter =
        SocketOption.Flag(Level, 68, "SO_DETACH_REUSEPORT_BPF", SocketOptionAccess.Set);

    /// <summary>
    /// SO_DOMAIN: the family as Linux numbers it: AF_INET6 is 10. Read only. <see cref="Socket.AddressFamily"/> is
    /// the same in .NET's numbers.
    /// </summary>
    public static readonly SocketOption<int> Domain = SocketOption.Number(Level, 39, "SO_DOMAIN", SocketOptionAccess.Get);

    /// <summary>SO_DONTROUTE: send to directly connected hosts only, past no gateway. Defaults to false.</summary>
    public static readonly SocketOption<bool> DontRoute = SocketOption.Flag(Level, 5, "SO_DONTROUTE");

    /// <summary>SO_ERROR: the pending error, 0 for none. Read only; reading it clears it.</summary>
    public static readonly SocketOption<int> Error = SocketOption.Number(Level, 4, "SO_ERROR", SocketOptionAccess.Get);

    /// <summary>
    /// SO_INCOMING_CPU: the processor that received the last packet, −1 before any; set on sockets that share a
    /// port, the one whose processor receives is preferred. Defaults to −1.
    /// </summary>
    public static readonly SocketOption<int> IncomingCpu = SocketOption.Number(Level, 49, "SO_INCOMING_CPU");

    /// <summary>SO_INCOMING_NAPI_ID: the queue of the network card that the last packet came by; 0 for none. Read only.</summary>
    public static readonly SocketOption<int> IncomingNapi =
        SocketOption.Number(Level, 56, "SO_INCOMING_NAPI_ID", SocketOptionAccess.Get);

    /// <summary>
    /// SO_KEEPALIVE: probe an idle connection, so that a peer which vanished is found (ETIMEDOUT). Defaults to false.
    /// When and how often: <see cref="TcpOptions.KeepAliveTime"/>, <see cref="TcpOptions.KeepAliveInterval"/>,
    /// <see cref="TcpOptions.KeepAliveRetryCount"/>.
    /// </summary>
    public static readonly SocketOption<bool> KeepAlive = SocketOption.Flag(Level, 9, "SO_KEEPALIVE");

    /// <summary>
    /// SO_LINGER: what closing does with unsent data. Null (the default): close returns at once and the kernel goes
    /// on sending. Zero: the data is dropped and the peer sees a reset. Otherwise close(2) waits until the peer has
    /// acknowledged it, for so many whole seconds (rounded up) at most; the thread that closes waits, on a
    /// non-blocking socket too.
    /// </summary>
    public static readonly SocketOption<TimeSpan?> Linger =
        new(LingerLayout.Instance, Level, 13, "SO_LINGER", SocketOptionAccess.Both);

    /// <summary>
    /// SO_LOCK_FILTER: forbids to change or take away the socket's filter from now on. EPERM: it cannot be undone.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> LockFilter = SocketOption.Flag(Level, 44, "SO_LOCK_FILTER");

    /// <summary>
    /// SO_MARK: a mark on each packet sent, for routing rules and packet filters. Defaults to 0. EPERM: setting it
    /// needs CAP_NET_ADMIN or CAP_NET_RAW.
    /// </summary>
    public static readonly SocketOption<int> Mark = SocketOption.Number(Level, 36, "SO_MARK");

    /// <summary>
    /// SO_MAX_PACING_RATE: how many bytes a second are sent at most: TCP paces itself, other sockets need the fq
    /// queue. Defaults to <see cref="ulong.MaxValue"/>, no limit.
    /// </summary>
    public static readonly SocketOption<ulong> MaxPacingRate =
        SocketOption.Struct<ulong>(Level, 47, "SO_MAX_PACING_RATE");

    /// <summary>SO_MEMINFO: what the socket's memory is used for. Read only.</summary>
    public static readonly SocketOption<SocketMemory> Memory =
        SocketOption.Struct<SocketMemory>(Level, 55, "SO_MEMINFO", SocketOptionAccess.Get);

    /// <summary>
    /// SO_NETNS_COOKIE: a number for the socket's network namespace that no other has or will have until the
    /// machine restarts. Read only. Linux 5.14.
    /// </summary>
    public static readonly SocketOption<ulong> NetworkNamespaceCookie =
        SocketOption.Struct<ulong>(Level, 71, "SO_NETNS_COOKIE", SocketOptionAccess.Get);

    /// <summary>
    /// SO_NOFCS: the last four bytes of what a packet socket sends are the frame's check sequence. Defaults to
    /// false. EOPNOTSUPP: the card cannot, when sending.
    /// </summary>
    public static readonly SocketOption<bool> NoFrameCheckSequence = SocketOption.Flag(Level, 43, "SO_NOFCS");

    /// <summary>SO_NO_CHECK: UDP over IPv4 sends no checksums. Defaults to false.</summary>
    public static readonly SocketOption<bool> NoChecksum = SocketOption.Flag(Level, 11, "SO_NO_CHECK");

    /// <summary>SO_OOBINLINE: urgent data comes in the stream instead of beside it (tcp(7)). Defaults to false.</summary>
    public static readonly SocketOption<bool> OutOfBandInline = SocketOption.Flag(Level, 10, "SO_OOBINLINE");

    /// <summary>
    /// SO_PASSCRED: the sender's process, user and group come with each message as a control message (unix(7)); an
    /// unnamed socket gets a name when it sends or connects. UNIX and netlink sockets. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> PassCredentials = SocketOption.Flag(Level, 16, "SO_PASSCRED");

    /// <summary>
    /// SO_PASSPIDFD: a descriptor of the sender's process comes with each message as a control message. UNIX
    /// sockets. Defaults to false. Linux 6.5.
    /// </summary>
    public static readonly SocketOption<bool> PassProcessDescriptor = SocketOption.Flag(Level, 76, "SO_PASSPIDFD");

    /// <summary>
    /// SO_PASSRIGHTS: messages may carry descriptors; false refuses them, and the sender gets EPERM. UNIX sockets.
    /// Defaults to true. Linux 6.16.
    /// </summary>
    public static readonly SocketOption<bool> PassRights = SocketOption.Flag(Level, 83, "SO_PASSRIGHTS");

    /// <summary>
    /// SO_PASSSEC: the sender's security label comes with each message as a control message. UNIX and netlink
    /// sockets. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> PassSecurity = SocketOption.Flag(Level, 34, "SO_PASSSEC");

    /// <summary>
    /// SO_PEEK_OFF: where the next MSG_PEEK begins, in bytes; each peek moves it on, each receive back. Defaults to
    /// −1, off. UNIX, UDP and (since Linux 6.9) TCP sockets.
    /// </summary>
    public static readonly SocketOption<int> PeekOffset = SocketOption.Number(Level, 42, "SO_PEEK_OFF");

    /// <summary>
    /// SO_PEERCRED: process, user and group of the peer, as they were when it called connect(2), listen(2) or
    /// socketpair(2). UNIX streams; other sockets give process 0 and user and group −1. Read only.
    /// </summary>
    public static readonly SocketOption<PeerCredentials> PeerCredentials =
        new(CredentialsLayout.Instance, Level, 17, "SO_PEERCRED", SocketOptionAccess.Get);

    /// <summary>
    /// SO_PEERGROUPS: the supplementary groups of the peer, as of <see cref="PeerCredentials"/>. UNIX sockets. Read
    /// only. ENODATA: there is no peer.
    /// </summary>
    public static readonly SocketOption<uint[]> PeerGroups =
        new(IdsLayout.Instance, Level, 59, "SO_PEERGROUPS", SocketOptionAccess.Get);

    /// <summary>
    /// SO_PEERPIDFD: a new descriptor of the process of <see cref="PeerCredentials"/>, close-on-exec; dispose it.
    /// UNIX sockets. Read only. ENODATA: there is no peer. ESRCH: the process is gone (before Linux 6.16). Linux
    /// 6.5.
    /// </summary>
    public static readonly SocketOption<ProcessDescriptor> PeerProcess =
        new(ProcessDescriptorLayout.Instance, Level, 77, "SO_PEERPIDFD", SocketOptionAccess.Get);

    /// <summary>
    /// SO_PEERSEC: the peer's security label. UNIX streams, and TCP with labelled networking. Read only.
    /// ENOPROTOOPT: no security module labels sockets.
    /// </summary>
    public static readonly SocketOption<string> PeerSecurity =
        SocketOption.Text(Level, 31, maxBytes: 4096, "SO_PEERSEC", SocketOptionAccess.Get);

    /// <summary>
    /// SO_PREFER_BUSY_POLL: rather spin by <see cref="BusyPoll"/> than be interrupted. EPERM: setting it to true
    /// needs CAP_NET_ADMIN. Defaults to false. Linux 5.11.
    /// </summary>
    public static readonly SocketOption<bool> PreferBusyPoll = SocketOption.Flag(Level, 69, "SO_PREFER_BUSY_POLL");

    /// <summary>
    /// SO_PRIORITY: the packets' class in the queue of the network interface. Defaults to 0; 0 to 6, and above only
    /// with CAP_NET_ADMIN (EPERM). Setting <see cref="IpOptions.TypeOfService"/> changes it.
    /// </summary>
    public static readonly SocketOption<int> Priority = SocketOption.Number(Level, 12, "SO_PRIORITY");

    /// <summary>SO_PROTOCOL: the protocol's number, as the family counts them. Read only.</summary>
    public static readonly SocketOption<ProtocolType> Protocol =
        SocketOption.Struct<ProtocolType>(Level, 38, "SO_PROTOCOL", SocketOptionAccess.Get);

    /// <summary>
    /// SO_RCVBUF: the receive buffer in bytes. The kernel doubles what is set, for its own bookkeeping, and gives the
    /// double back; at least 2,304, at most twice net.core.rmem_max (more is cut silently). Defaults to
    /// net.core.rmem_default or net.ipv4.tcp_rmem; setting it ends TCP's own tuning. For TCP, set it before connect
    /// or listen.
    /// </summary>
    public static readonly SocketOption<int> ReceiveBuffer = SocketOption.Number(Level, 8, "SO_RCVBUF");

    /// <summary>SO_RCVBUFFORCE: as <see cref="ReceiveBuffer"/>, above net.core.rmem_max too. Needs CAP_NET_ADMIN (EPERM). Set only.</summary>
    public static readonly SocketOption<int> ReceiveBufferForce =
        SocketOption.Number(Level, 33, "SO_RCVBUFFORCE", SocketOptionAccess.Set);

    /// <summary>SO_RCVLOWAT: how many bytes must wait before the socket counts as readable. Defaults to 1; 0 means 1.</summary>
    public static readonly SocketOption<int> ReceiveLowWater = SocketOption.Number(Level, 18, "SO_RCVLOWAT");

    /// <summary>
    /// SO_RCVMARK: a packet's mark comes with it as a control message. EPERM: needs CAP_NET_RAW or CAP_NET_ADMIN.
    /// Defaults to false. Linux 5.19.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveMark = SocketOption.Flag(Level, 75, "SO_RCVMARK");

    /// <summary>
    /// SO_RCVPRIORITY: a packet's priority comes with it as a control message. EPERM: needs CAP_NET_RAW or
    /// CAP_NET_ADMIN. Defaults to false. Linux 6.14.
    /// </summary>
    public static readonly SocketOption<bool> ReceivePriority = SocketOption.Flag(Level, 82, "SO_RCVPRIORITY");

    /// <summary>
    /// SO_RCVTIMEO: the time limit of a blocking receive or accept; zero (the default) is none. Rounded up to
    /// microseconds, then by the kernel to its clock ticks. Our own calls do not block in the kernel and obey
    /// <see cref="Socket.ReceiveTimeout"/> instead: this is for a descriptor that somebody else uses.
    /// </summary>
    public static readonly SocketOption<TimeSpan> ReceiveTimeout = SocketOption.Time(Level, 20, "SO_RCVTIMEO");

    /// <summary>
    /// SO_RESERVE_MEM: how many bytes of memory are reserved for this socket, in whole pages (rounded up). Defaults
    /// to 0. TCP and UDP. EOPNOTSUPP: the process is in no memory control group. ENOMEM, EPERM: more than there is.
    /// Linux 5.17.
    /// </summary>
    public static readonly SocketOption<int> ReserveMemory = SocketOption.Number(Level, 73, "SO_RESERVE_MEM");

    /// <summary>
    /// SO_REUSEADDR: bind to an address that closed connections still hold; for datagrams, to one that others with
    /// the option hold too. Defaults to false, but Bind sets it on TCP sockets, as System.Net.Sockets does. Here it is
    /// SO_REUSEADDR alone; <see cref="SocketOptionName.ReuseAddress"/> sets SO_REUSEPORT as well.
    /// </summary>
    public static readonly SocketOption<bool> ReuseAddress = SocketOption.Flag(Level, 2, "SO_REUSEADDR");

    /// <summary>
    /// SO_REUSEPORT: several sockets of one user bind and listen on the same port, and the kernel spreads what comes.
    /// Each must set it before it binds. Defaults to false. EOPNOTSUPP on other families than IP, on newer kernels.
    /// </summary>
    public static readonly SocketOption<bool> ReusePort = SocketOption.Flag(Level, 15, "SO_REUSEPORT");

    /// <summary>
    /// SO_RXQ_OVFL: how many packets found no room so far comes with each packet as a control message. Defaults to
    /// false.
    /// </summary>
    public static readonly SocketOption<bool> ReceiveQueueOverflow = SocketOption.Flag(Level, 40, "SO_RXQ_OVFL");

    /// <summary>SO_SELECT_ERR_QUEUE: a record on the error queue makes poll(2) report POLLPRI too. Defaults to false.</summary>
    public static readonly SocketOption<bool> SelectErrorQueue = SocketOption.Flag(Level, 45, "SO_SELECT_ERR_QUEUE");

    /// <summary>
    /// SO_SNDBUF: the send buffer in bytes. The kernel doubles what is set and gives the double back; at least 4,608,
    /// at most twice net.core.wmem_max. Defaults to net.core.wmem_default or net.ipv4.tcp_wmem.
    /// </summary>
    public static readonly SocketOption<int> SendBuffer = SocketOption.Number(Level, 7, "SO_SNDBUF");

    /// <summary>SO_SNDBUFFORCE: as <see cref="SendBuffer"/>, above net.core.wmem_max too. Needs CAP_NET_ADMIN (EPERM). Set only.</summary>
    public static readonly SocketOption<int> SendBufferForce =
        SocketOption.Number(Level, 32, "SO_SNDBUFFORCE", SocketOptionAccess.Set);

    /// <summary>SO_SNDLOWAT: always 1. Read only; TCP has <see cref="TcpOptions.NotSentLowWater"/>.</summary>
    public static readonly SocketOption<int> SendLowWater =
        SocketOption.Number(Level, 19, "SO_SNDLOWAT", SocketOptionAccess.Get);

    /// <summary>SO_SNDTIMEO: the time limit of a blocking send or connect; else as <see cref="ReceiveTimeout"/>.</summary>
    public static readonly SocketOption<TimeSpan> SendTimeout = SocketOption.Time(Level, 21, "SO_SNDTIMEO");

    /// <summary>
    /// SO_TIMESTAMP: the time of arrival, a struct timeval, comes with each packet as a control message. Defaults
    /// to false. The last set of the four timestamp options holds.
    /// </summary>
    public static readonly SocketOption<bool> Timestamp = SocketOption.Flag(Level, 29, "SO_TIMESTAMP");

    /// <summary>
    /// SO_TIMESTAMPING: timestamps of what comes and of what is sent, by the kernel or the network card
    /// (Documentation/networking/timestamping.rst). Defaults to none. EINVAL: flags that do not go together, or
    /// that the kernel does not know.
    /// </summary>
    public static readonly SocketOption<Timestamping> Timestamping =
        new(TimestampingOptionLayout.Instance, Level, 37, "SO_TIMESTAMPING", SocketOptionAccess.Both);

    /// <summary>
    /// SO_TIMESTAMPING_NEW: as <see cref="Timestamping"/>, with 64-bit times on every machine; here they are the
    /// same. Linux 5.1.
    /// </summary>
    public static readonly SocketOption<Timestamping> TimestampingNew =
        new(TimestampingOptionLayout.Instance, Level, 65, "SO_TIMESTAMPING_NEW", SocketOptionAccess.Both);

    /// <summary>
    /// SO_TIMESTAMPNS: the time of arrival, a struct timespec, comes with each packet as a control message.
    /// Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> TimestampNanoseconds = SocketOption.Flag(Level, 35, "SO_TIMESTAMPNS");

    /// <summary>
    /// SO_TIMESTAMPNS_NEW: as <see cref="TimestampNanoseconds"/>, with 64-bit times on every machine. Defaults to
    /// false. Linux 5.1.
    /// </summary>
    public static readonly SocketOption<bool> TimestampNanosecondsNew =
        SocketOption.Flag(Level, 64, "SO_TIMESTAMPNS_NEW");

    /// <summary>
    /// SO_TIMESTAMP_NEW: as <see cref="Timestamp"/>, with 64-bit times on every machine. Defaults to false. Linux
    /// 5.1.
    /// </summary>
    public static readonly SocketOption<bool> TimestampNew = SocketOption.Flag(Level, 63, "SO_TIMESTAMP_NEW");

    /// <summary>
    /// SO_TXREHASH: whether a connection that makes no progress takes another way through the network: 0 no, 1 yes,
    /// −1 as net.core.txrehash says. TCP. Defaults to that. Linux 5.18.
    /// </summary>
    public static readonly SocketOption<int> TransmitRehash = SocketOption.Number(Level, 74, "SO_TXREHASH");

    /// <summary>
    /// SO_TXTIME: packets may be sent at a time that a control message names; the interface's queue must be fq or
    /// etf. EPERM: a clock other than <see cref="TransmitClock.Monotonic"/> needs CAP_NET_ADMIN. Linux 4.19.
    /// </summary>
    public static readonly SocketOption<TransmitTime> TransmitTime =
        new(TransmitTimeLayout.Instance, Level, 61, "SO_TXTIME", SocketOptionAccess.Both);

    /// <summary>SO_TYPE: the socket's type. Read only.</summary>
    public static readonly SocketOption<SocketType> Type =
        SocketOption.Struct<SocketType>(Level, 3, "SO_TYPE", SocketOptionAccess.Get);

    /// <summary>SO_WIFI_STATUS: whether a wireless frame was acknowledged comes on the error queue. Defaults to false.</summary>
    public static readonly SocketOption<bool> WifiStatus = SocketOption.Flag(Level, 41, "SO_WIFI_STATUS");

    /// <summary>
    /// SO_ZEROCOPY: sends with MSG_ZEROCOPY may leave the data in place; a notice on the error queue says when it
    /// is no longer used. TCP and UDP (Linux 5.0), VSOCK (6.7). EOPNOTSUPP elsewhere. Defaults to false.
    /// </summary>
    public static readonly SocketOption<bool> ZeroCopy = SocketOption.Flag(Level, 60, "SO_ZEROCOPY");
}
