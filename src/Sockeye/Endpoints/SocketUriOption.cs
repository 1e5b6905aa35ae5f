using System.Net.Sockets;
using static Sockeye.SocketUriTraits;

namespace Sockeye;

// The contract of an option of the query:
// - It is one line of the table: name, what it applies to, how its value is read, and what it does. docs/endpoints.md
//   is checked against the table.
// - It is applied at its time: most to the fresh socket, before bind and connect; what is inherited reaches accepted
//   sockets through the listener (the kernel's rule, socket(7), tcp(7)).
// - What has no meaning for a use is passed over (a backlog by connect), so that one string serves both ends. What the
//   kernel refuses is an error that names the option.

/// <summary>What is being made of an endpoint.</summary>
[Flags]
internal enum SocketUriUse
{
    /// <summary>A socket alone: what can be said before bind and connect.</summary>
    Socket = 0,
    Listen = 1,
    Bind = 2,
    Connect = 4,
    All = Listen | Bind | Connect,
}

/// <summary>An option of an endpoint string's query: <c>?backlog=512</c>. <see cref="SocketUri.KnownOptions"/> lists them.</summary>
public sealed class SocketUriOption
{
    internal static readonly SocketUriOption AutoBind = new("autobind", Unix, "an abstract name of the kernel's choice before connecting, so that a datagram socket can get replies", Values.Flag) { Use = SocketUriUse.Connect };
    internal static readonly SocketUriOption Backlog = new("backlog", Listens, "how many connections may wait for accept (listen(2)); 512 without it", Values.Number(0, int.MaxValue)) { Use = SocketUriUse.Listen };
    internal static readonly SocketUriOption DualStack = new("dual_stack", Six, "IPv4 too, on an IPv6 socket: not IPV6_V6ONLY", Values.Flag) { Apply = ApplyDualStack };
    internal static readonly SocketUriOption Mode = new("mode", Unix, "the socket file's permissions, in octal (chmod(2))", Values.FileMode) { Use = SocketUriUse.Listen | SocketUriUse.Bind };
    internal static readonly SocketUriOption Source = new("source", HasSource, "the own address to bind before connecting", Values.Source) { Use = SocketUriUse.Connect };
    internal static readonly SocketUriOption Timeout = new("timeout", Any, "Socket.Timeout: the limit of each operation, and of connecting as a whole", Values.Time(TimeSpan.FromMilliseconds(1)));
    internal static readonly SocketUriOption Unlink = new("unlink", Unix, "removes a socket file first that no socket is bound to any more", Values.Flag) { Use = SocketUriUse.Listen | SocketUriUse.Bind };

    /// <summary>The table, sorted by name.</summary>
    internal static readonly SocketUriOption[] All =
    [
        AutoBind,
        Backlog,
        Of("broadcast", Udp | Descriptor, "SO_BROADCAST: may send to a broadcast address", Values.Flag, SocketOptions.Broadcast),
        Of("congestion", Tcp | Mptcp | Descriptor, "TCP_CONGESTION: the congestion control, as reno or bbr", Values.Name(15), TcpOptions.CongestionControl),
        new("defer_accept", Tcp | Descriptor, "TCP_DEFER_ACCEPT: accepts a connection when data has come, or after this time", Values.Time(TimeSpan.Zero, TimeSpan.FromHours(1))) { Use = SocketUriUse.Listen, Apply = static (s, v, _) => s.TrySetOption(TcpOptions.DeferAccept, (TimeSpan)v) },
        DualStack,
        new("fast_open", Tcp, "TCP_FASTOPEN, TCP_FASTOPEN_CONNECT: data with the first segment", Values.Flag) { Use = SocketUriUse.Listen | SocketUriUse.Connect, Apply = FastOpen },
        Of("free_bind", Internet, "IP_FREEBIND: may bind an address that this machine does not have yet", Values.Flag, IpOptions.FreeBind),
        new("group", Udp | Netlink, "joins a multicast group: 224.0.0.251, ff02::fb%eth0, of netlink a number; may be given more than once", Values.Group) { IsRepeatable = true, Use = SocketUriUse.Bind, IsAfterBind = true, Apply = JoinGroup },
        Of("interface", Internet, "SO_BINDTODEVICE: this network interface alone", Values.Name(15), SocketOptions.BindToDevice),
        Of("keep_alive", Tcp | Mptcp | Descriptor, "SO_KEEPALIVE: asks a silent peer whether it is there", Values.Flag, SocketOptions.KeepAlive),
        Of("keep_alive_count", Tcp | Mptcp | Descriptor, "TCP_KEEPCNT: how many questions before giving up", Values.Number(1, 127), TcpOptions.KeepAliveRetryCount),
        Of("keep_alive_interval", Tcp | Mptcp | Descriptor, "TCP_KEEPINTVL: the time between questions", Values.Time(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(32_767)), TcpOptions.KeepAliveInterval),
        Of("keep_alive_time", Tcp | Mptcp | Descriptor, "TCP_KEEPIDLE: the silence before the first question", Values.Time(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(32_767)), TcpOptions.KeepAliveTime),
        new("linger", Tcp | Mptcp | Sctp | Descriptor, "SO_LINGER: how long close(2) waits for unsent bytes; 0s resets the connection", Values.Time(TimeSpan.Zero)) { Apply = static (s, v, _) => s.TrySetOption(SocketOptions.Linger, (TimeSpan)v) },
        Of("mark", Any, "SO_MARK: a mark for routing and filters; needs CAP_NET_ADMIN or CAP_NET_RAW", Values.Number(0, int.MaxValue), SocketOptions.Mark),
        Mode,
        Of("no_delay", Tcp | Mptcp | Descriptor, "TCP_NODELAY: send small segments at once", Values.Flag, TcpOptions.NoDelay),
        Of("priority", Any, "SO_PRIORITY: the queueing priority, 0 to 6", Values.Number(0, 6), SocketOptions.Priority),
        Of("receive_buffer", Any, "SO_RCVBUF, in bytes; the kernel doubles it and caps it at net.core.rmem_max", Values.Size, SocketOptions.ReceiveBuffer),
        Of("reuse_address", Internet, "SO_REUSEADDR; TCP has it whenever it binds", Values.Flag, SocketOptions.ReuseAddress),
        Of("reuse_port", Internet, "SO_REUSEPORT: further sockets of this user may share the address", Values.Flag, SocketOptions.ReusePort),
        Of("send_buffer", Any, "SO_SNDBUF, in bytes; the kernel doubles it and caps it at net.core.wmem_max", Values.Size, SocketOptions.SendBuffer),
        Source,
        Timeout,
        new("tos", Internet, "IP_TOS, IPV6_TCLASS: the traffic class of what is sent", Values.Number(0, 255)) { Apply = static (s, v, _) => Both(s, IpOptions.TypeOfService, Ipv6Options.TrafficClass, (int)(long)v) },
        new("ttl", Tcp | Udp | Sctp, "IP_TTL, IPV6_UNICAST_HOPS: how many routers may pass it on", Values.Number(1, 255)) { Apply = static (s, v, _) => Both(s, IpOptions.TimeToLive, Ipv6Options.UnicastHops, (int)(long)v) },
        Unlink,
        Of("user_timeout", Tcp | Descriptor, "TCP_USER_TIMEOUT: how long sent bytes may stay unacknowledged", Values.Time(TimeSpan.Zero), TcpOptions.UserTimeout),
    ];

    // Whatever its traits, and if it has none.
    private const SocketUriTraits Any = (SocketUriTraits)~0;

    private const int FastOpenQueue = 256;

    private readonly SocketUriTraits _needs;

    private SocketUriOption(string name, SocketUriTraits needs, string summary, SocketUriValue value)
    {
        Name = name;
        _needs = needs;
        Summary = summary;
        Value = value;
    }

    /// <summary>The name in the query: <c>reuse_port</c>.</summary>
    public string Name { get; }

    /// <summary>What it does, in a few words, with the kernel's name.</summary>
    public string Summary { get; }

    /// <summary>What its value is: <c>yes or no</c>, <c>a time</c>.</summary>
    public string ValueSummary => Value.Summary;

    /// <summary>It may be given more than once.</summary>
    public bool IsRepeatable { get; private init; }

    /// <summary>How its value is read.</summary>
    internal SocketUriValue Value { get; }

    /// <summary>What it has a meaning for.</summary>
    internal SocketUriUse Use { get; private init; } = SocketUriUse.All;

    /// <summary>It is applied once the socket is bound, rather than when it is fresh.</summary>
    internal bool IsAfterBind { get; private init; }

    /// <summary>Applies a value; null for those that <see cref="SocketUri"/> itself heeds.</summary>
    internal Func<Socket, object, SocketUriUse, SocketResult>? Apply { get; private init; }

    /// <summary>Whether a scheme takes it.</summary>
    /// <param name="scheme">The scheme, of <see cref="SocketUri.Schemes"/>.</param>
    public bool AppliesTo(SocketUriScheme scheme)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        return _needs == Any || (_needs & scheme.Traits) != 0;
    }

    /// <summary>As <see cref="Name"/>.</summary>
    public override string ToString() => Name;

    internal static SocketUriOption? Find(ReadOnlySpan<char> name)
    {
        foreach (SocketUriOption option in All)
        {
            if (name.SequenceEqual(option.Name))
            {
                return option;
            }
        }

        return null;
    }

    private static SocketUriOption Of(string name, SocketUriTraits needs, string summary, SocketUriValue value, SocketOption<bool> key) =>
        new(name, needs, summary, value) { Apply = (socket, v, _) => socket.TrySetOption(key, (bool)v) };

    private static SocketUriOption Of(string name, SocketUriTraits needs, string summary, SocketUriValue value, SocketOption<int> key) =>
        new(name, needs, summary, value) { Apply = (socket, v, _) => socket.TrySetOption(key, (int)(long)v) };

    private static SocketUriOption Of(string name, SocketUriTraits needs, string summary, SocketUriValue value, SocketOption<TimeSpan> key) =>
        new(name, needs, summary, value) { Apply = (socket, v, _) => socket.TrySetOption(key, (TimeSpan)v) };

    private static SocketUriOption Of(string name, SocketUriTraits needs, string summary, SocketUriValue value, SocketOption<string> key) =>
        new(name, needs, summary, value) { Apply = (socket, v, _) => socket.TrySetOption(key, (string)v) };

    // An IPv4 socket, of a name or where the kernel has no IPv6, has nothing to choose.
    private static SocketResult ApplyDualStack(Socket socket, object value, SocketUriUse use) =>
        socket.AddressFamily == AddressFamily.InterNetworkV6 ? socket.TrySetOption(Ipv6Options.Ipv6Only, !(bool)value) : SocketResult.Success;

    // An IPv6 socket that takes IPv4 too has both options, and needs both.
    private static SocketResult Both(Socket socket, SocketOption<int> four, SocketOption<int> six, int value)
    {
        if (socket.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return socket.TrySetOption(four, value);
        }

        SocketResult result = socket.TrySetOption(six, value);
        return result.IsSuccess && socket.TryGetOption(Ipv6Options.Ipv6Only) is { IsSuccess: true, Value: false }
            ? socket.TrySetOption(four, value)
            : result;
    }

    // Two options of the kernel: how many a listener may have half open, and what connect(2) does.
    private static SocketResult FastOpen(Socket socket, object value, SocketUriUse use) => use switch
    {
        SocketUriUse.Listen => socket.TrySetOption(TcpOptions.FastOpen, (bool)value ? FastOpenQueue : 0),
        SocketUriUse.Connect => socket.TrySetOption(TcpOptions.FastOpenConnect, (bool)value),
        _ => SocketResult.Success,
    };

    private static SocketResult JoinGroup(Socket socket, object value, SocketUriUse use)
    {
        if (value is long number)
        {
            return socket.TrySetOption(NetlinkOptions.AddMembership, (int)number);
        }

        var group = (SocketUriGroup.Group)value;
        return group.Address.AddressFamily == AddressFamily.InterNetwork
            ? socket.TrySetOption(IpOptions.AddMembership, new MulticastOption(group.Address, group.InterfaceIndex))
            : socket.TrySetOption(Ipv6Options.JoinGroup, new IPv6MulticastOption(group.Address, group.InterfaceIndex));
    }

    private static class Values
    {
        internal static readonly SocketUriValue Flag = new SocketUriFlag();
        internal static readonly SocketUriValue FileMode = new SocketUriFileMode();
        internal static readonly SocketUriValue Group = new SocketUriGroup();
        internal static readonly SocketUriValue Size = new SocketUriSize();
        internal static readonly SocketUriValue Source = new SocketUriSource();

        internal static SocketUriValue Name(int bytesMax) => new SocketUriName(bytesMax);

        internal static SocketUriValue Number(long min, long max) => new SocketUriNumber(min, max);

        internal static SocketUriValue Time(TimeSpan min, TimeSpan? max = null) =>
            new SocketUriTime(min, max ?? TimeSpan.FromMilliseconds(int.MaxValue));
    }
}
