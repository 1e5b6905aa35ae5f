using System.Net;
using System.Net.Sockets;
using Kinds = Sockeye.Tests.Options.SocketKinds;

namespace Sockeye.Tests.Options;

/// <summary>The kinds of sockets that an option is tried on.</summary>
[Flags]
public enum SocketKinds
{
    None = 0,
    Tcp4 = 1,
    Tcp6 = 2,
    Udp4 = 4,
    Udp6 = 8,
    UnixStream = 16,
    UnixDgram = 32,
    Tcp = Tcp4 | Tcp6,
    Udp = Udp4 | Udp6,
    Unix = UnixStream | UnixDgram,
    Ipv6 = Tcp6 | Udp6,
    Ip = Tcp | Udp,
    All = Ip | Unix,

    // What the rows of All need not know about.
    RawIcmp4 = 64,
    RawIcmp6 = 128,
    Raw6 = 256,
    Packet = 512,
    Netlink = 1024,
    Vsock = 2048,
    Mptcp = 4096,
    Tipc = 8192,
    CanRaw = 16_384,
    CanIsoTp = 32_768,
    CanJ1939 = 65_536,
}

/// <summary>What the tests know about one option key.</summary>
public abstract record OptionRow(string KernelName, int Level, int Name, SocketOptionAccess Access)
{
    /// <summary>The key itself.</summary>
    public abstract object Key { get; }

    /// <summary>The sockets that have the option; every other kind must answer ENOPROTOOPT or EOPNOTSUPP.</summary>
    public required Kinds On { get; init; }

    /// <summary>Kinds on which the kernel's version decides; they are not asked.</summary>
    public Kinds Unsure { get; init; }

    /// <summary>What a raw getsockopt gives afterwards, in hexadecimal; null where no getsockopt reads it.</summary>
    public string? Raw { get; init; }

    /// <summary>The option that the raw getsockopt asks for, where this one cannot be read.</summary>
    public int? RawName { get; init; }

    /// <summary>The errno with which the kernel answers here, where it cannot do otherwise.</summary>
    public string? Refused { get; init; }

    /// <summary>Errnos by which a kernel says that it was built without, or that something else is missing; listed with the reason.</summary>
    public string[] MayRefuse { get; init; } = [];

    /// <summary>The kernel that brought the option; an older one may refuse.</summary>
    public Version? Since { get; init; }

    /// <summary>What must happen before.</summary>
    public Action<Socket>? Before { get; init; }

    /// <summary>What else must hold afterwards.</summary>
    public Action<Socket>? After { get; init; }

    /// <summary>Whether more is checked than a raw read.</summary>
    public virtual bool ChecksMore => Refused is not null;

    /// <summary>Whether Python can be asked for the same bytes: it lets no option of VSOCK be read that way.</summary>
    public bool PythonReads =>
        Raw is { Length: > 0 } && RawName is null && Before is null && Refused is null && (On & Kinds.Vsock) == 0;

    /// <summary>Tries the option, by its key alone, and gives the errno of what failed or 0.</summary>
    public abstract int Try(Socket socket);

    /// <summary>Checks what the key reads after <see cref="Try"/>.</summary>
    public abstract void CheckRead(Socket socket);

    /// <summary>Checks that what <see cref="Access"/> does not allow is refused without asking the kernel.</summary>
    public abstract void CheckAccess(Socket socket);
}

/// <inheritdoc/>
public sealed record OptionRow<T>(SocketOption<T> Option)
    : OptionRow(Option.ToString(), Option.Level, Option.Name, Option.Access)
{
    private readonly T? _read;
    private readonly bool _readDiffers;

    public override object Key => Option;

    public override bool ChecksMore => base.ChecksMore || Check is not null;

    /// <summary>The test value.</summary>
    public T? Set { get; init; }

    /// <summary>What was set shows in a connection only.</summary>
    public bool ReadsLater { get; init; }

    /// <summary>What must hold of what is read, where the value is not known beforehand.</summary>
    public Action<T>? Check { get; init; }

    /// <summary>What the kernel makes of it; the test value itself where not given.</summary>
    public T? Read
    {
        get => _readDiffers ? _read : Set;
        init
        {
            _read = value;
            _readDiffers = true;
        }
    }

    public override int Try(Socket socket) => (Access & SocketOptionAccess.Set) != 0
        ? socket.TrySetOption(Option, Set!).Errno
        : socket.TryGetOption(Option).Errno;

    public override void CheckRead(Socket socket)
    {
        if (Check is not null)
        {
            Check(socket.GetOption(Option));
        }
        else if ((Access & SocketOptionAccess.Get) != 0 && !ReadsLater)
        {
            Assert.Equal(Read, socket.GetOption(Option));
        }
    }

    public override void CheckAccess(Socket socket)
    {
        if ((Access & SocketOptionAccess.Get) == 0)
        {
            Assert.Throws<ArgumentException>("option", () => socket.GetOption(Option));
            Assert.Throws<ArgumentException>("option", () => socket.TryGetOption(Option));
        }

        if ((Access & SocketOptionAccess.Set) == 0)
        {
            Assert.Throws<ArgumentException>("option", () => socket.SetOption(Option, Set!));
            Assert.Throws<ArgumentException>("option", () => socket.TrySetOption(Option, Set!));
        }
    }
}

/// <summary>One row per key: the sockets it is for, a test value, and what the kernel makes of it.</summary>
internal static partial class OptionRows
{
    // Index 1 is lo wherever Linux has a loopback interface.
    private const int Loopback = 1;
    private const int Tag = 0x0100_0000;
    private const string One = "01000000";
    private const string Zero = "00000000";

    private static readonly IPAddress Group = IPAddress.Parse("239.77.1.2");
    private static readonly IPAddress Group6 = IPAddress.Parse("ff02::7701");

    internal static IReadOnlyList<OptionRow> All { get; } =
    [
        // SOL_SOCKET
        new OptionRow<bool>(SocketOptions.AcceptConnection) { On = Kinds.All, Read = false, Raw = Zero },
        new OptionRow<string>(SocketOptions.BindToDevice) { On = Kinds.Ip, Unsure = Kinds.Unix, Set = "lo", Raw = "6C6F00" },
        new OptionRow<int>(SocketOptions.BindToInterfaceIndex) { On = Kinds.Ip, Unsure = Kinds.Unix, Set = Loopback, Raw = One },
        new OptionRow<bool>(SocketOptions.Broadcast) { On = Kinds.All, Set = true, Raw = One },
        new OptionRow<int>(SocketOptions.Domain) { On = Kinds.Tcp4 | Kinds.Udp4, Unsure = Kinds.All, Read = 2, Raw = "02000000" },
        new OptionRow<int>(SocketOptions.Domain) { On = Kinds.Ipv6, Unsure = Kinds.All, Read = 10, Raw = "0A000000" },
        new OptionRow<int>(SocketOptions.Domain) { On = Kinds.Unix, Unsure = Kinds.All, Read = 1, Raw = One },
        new OptionRow<bool>(SocketOptions.DontRoute) { On = Kinds.All, Set = true, Raw = One },
        new OptionRow<int>(SocketOptions.Error) { On = Kinds.All, Read = 0, Raw = Zero },
        new OptionRow<bool>(SocketOptions.KeepAlive) { On = Kinds.All, Set = true, Raw = One },
        new OptionRow<TimeSpan?>(SocketOptions.Linger)
        {
            On = Kinds.All,
            Set = TimeSpan.FromSeconds(1.5),
            Read = TimeSpan.FromSeconds(2),
            Raw = "0100000002000000",
        },
        new OptionRow<TimeSpan?>(SocketOptions.Linger) { On = Kinds.All, Set = TimeSpan.Zero, Raw = "0100000000000000" },
        new OptionRow<TimeSpan?>(SocketOptions.Linger) { On = Kinds.All, Set = null, Raw = "0000000000000000" },
        new OptionRow<bool>(SocketOptions.OutOfBandInline) { On = Kinds.All, Set = true, Raw = One },
        new OptionRow<int>(SocketOptions.Priority) { On = Kinds.All, Set = 5, Raw = "05000000" },
        new OptionRow<ProtocolType>(SocketOptions.Protocol) { On = Kinds.Tcp, Unsure = Kinds.All, Read = ProtocolType.Tcp, Raw = "06000000" },
        new OptionRow<ProtocolType>(SocketOptions.Protocol) { On = Kinds.Udp, Unsure = Kinds.All, Read = ProtocolType.Udp, Raw = "11000000" },
        new OptionRow<ProtocolType>(SocketOptions.Protocol) { On = Kinds.Unix, Unsure = Kinds.All, Read = ProtocolType.Unspecified, Raw = Zero },
        new OptionRow<int>(SocketOptions.ReceiveBuffer) { On = Kinds.All, Set = 10_000, Read = 20_000, Raw = "204E0000" },
        new OptionRow<int>(SocketOptions.ReceiveBufferForce) { On = Kinds.All, Set = 32 << 20, Raw = "00000004", RawName = 8 },
        new OptionRow<int>(SocketOptions.ReceiveLowWater) { On = Kinds.All, Set = 10, Raw = "0A000000" },
        new OptionRow<TimeSpan>(SocketOptions.ReceiveTimeout)
        {
            On = Kinds.All,
            Set = TimeSpan.FromSeconds(1.5),
            Raw = "010000000000000020A1070000000000",
        },
        new OptionRow<bool>(SocketOptions.ReuseAddress) { On = Kinds.All, Set = true, Raw = One },
        new OptionRow<bool>(SocketOptions.ReusePort) { On = Kinds.Ip, Unsure = Kinds.Unix, Set = true, Raw = One },
        new OptionRow<int>(SocketOptions.SendBuffer) { On = Kinds.All, Set = 10_000, Read = 20_000, Raw = "204E0000" },
        new OptionRow<int>(SocketOptions.SendBufferForce) { On = Kinds.All, Set = 32 << 20, Raw = "00000004", RawName = 7 },
        new OptionRow<TimeSpan>(SocketOptions.SendTimeout)
        {
            On = Kinds.All,
            Set = TimeSpan.FromSeconds(2.5),
            Raw = "020000000000000020A1070000000000",
        },
        new OptionRow<SocketType>(SocketOptions.Type)
        {
            On = Kinds.Tcp | Kinds.UnixStream,
            Unsure = Kinds.All,
            Read = SocketType.Stream,
            Raw = One,
        },
        new OptionRow<SocketType>(SocketOptions.Type)
        {
            On = Kinds.Udp | Kinds.UnixDgram,
            Unsure = Kinds.All,
            Read = SocketType.Dgram,
            Raw = "02000000",
        },

        // IPPROTO_IP
        new OptionRow<MulticastOption>(IpOptions.AddMembership)
        {
            On = Kinds.Udp,
            Set = new MulticastOption(Group, Loopback),
            After = socket => AssertErrno("EADDRINUSE", socket.TrySetOption(IpOptions.AddMembership, new MulticastOption(Group, IPAddress.Loopback))),
        },
        new OptionRow<MulticastOption>(IpOptions.AddMembership)
        {
            On = Kinds.Udp,
            Set = new MulticastOption(Group, IPAddress.Loopback),
            After = socket => AssertErrno("EADDRINUSE", socket.TrySetOption(IpOptions.AddMembership, new MulticastOption(Group, Loopback))),
        },
        new OptionRow<MulticastOption>(IpOptions.DropMembership)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Before = socket => _ = socket.TrySetOption(IpOptions.AddMembership, new MulticastOption(Group, Loopback)),
            Set = new MulticastOption(Group, IPAddress.Loopback),
            After = socket => AssertErrno("EADDRNOTAVAIL", socket.TrySetOption(IpOptions.DropMembership, new MulticastOption(Group, Loopback))),
        },
        new OptionRow<bool>(IpOptions.FreeBind) { On = Kinds.Ip, Set = true, Raw = One },
        new OptionRow<PathMtuDiscovery>(IpOptions.MtuDiscovery) { On = Kinds.Ip, Set = PathMtuDiscovery.Probe, Raw = "03000000" },
        new OptionRow<IPAddress>(IpOptions.MulticastInterface) { On = Kinds.Udp, Unsure = Kinds.Tcp, Set = IPAddress.Loopback, Raw = "7F000001" },
        new OptionRow<int>(IpOptions.MulticastInterfaceIndex)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Set = Loopback,
            After = socket => AssertErrno("EADDRNOTAVAIL", socket.TrySetOption(IpOptions.MulticastInterfaceIndex, 99_999)),
        },
        new OptionRow<bool>(IpOptions.MulticastLoopback) { On = Kinds.Ip, Set = false, Raw = Zero },
        new OptionRow<int>(IpOptions.MulticastTimeToLive) { On = Kinds.Udp, Unsure = Kinds.Tcp, Set = 7, Raw = "07000000" },
        new OptionRow<int>(IpOptions.TypeOfService) { On = Kinds.Ip, Set = 0x10, Raw = "10000000" },
        new OptionRow<int>(IpOptions.TimeToLive) { On = Kinds.Ip, Set = 33, Raw = "21000000" },

        // IPPROTO_IPV6
        new OptionRow<IPv6MulticastOption>(Ipv6Options.JoinGroup)
        {
            On = Kinds.Udp6,
            Set = new IPv6MulticastOption(Group6, Loopback),
            After = socket => AssertErrno("EADDRINUSE", socket.TrySetOption(Ipv6Options.JoinGroup, new IPv6MulticastOption(Group6, Loopback))),
        },
        new OptionRow<IPv6MulticastOption>(Ipv6Options.LeaveGroup)
        {
            On = Kinds.Udp6,
            Unsure = Kinds.Tcp6,
            Before = socket => _ = socket.TrySetOption(Ipv6Options.JoinGroup, new IPv6MulticastOption(Group6, Loopback)),
            Set = new IPv6MulticastOption(Group6, Loopback),
            After = socket => AssertErrno("EADDRNOTAVAIL", socket.TrySetOption(Ipv6Options.LeaveGroup, new IPv6MulticastOption(Group6, Loopback))),
        },
        new OptionRow<int>(Ipv6Options.MulticastHops) { On = Kinds.Udp6, Set = 7, Raw = "07000000" },
        new OptionRow<int>(Ipv6Options.MulticastInterface) { On = Kinds.Udp6, Set = Loopback, Raw = One },
        new OptionRow<bool>(Ipv6Options.MulticastLoopback) { On = Kinds.Ipv6, Set = false, Raw = Zero },
        new OptionRow<int>(Ipv6Options.TrafficClass) { On = Kinds.Ipv6, Set = 0x10, Raw = "10000000" },
        new OptionRow<int>(Ipv6Options.UnicastHops) { On = Kinds.Ipv6, Set = 33, Raw = "21000000" },
        new OptionRow<bool>(Ipv6Options.Ipv6Only) { On = Kinds.Ipv6, Set = true, Raw = One },
        new OptionRow<bool>(Ipv6Options.Ipv6Only) { On = Kinds.Ipv6, Set = false, Raw = Zero },

        // IPPROTO_TCP
        new OptionRow<bool>(TcpOptions.Cork) { On = Kinds.Tcp, Set = true, Raw = One },
        new OptionRow<int>(TcpOptions.KeepAliveRetryCount) { On = Kinds.Tcp, Set = 5, Raw = "05000000" },
        new OptionRow<TimeSpan>(TcpOptions.KeepAliveTime)
        {
            On = Kinds.Tcp,
            Set = TimeSpan.FromSeconds(1.1),
            Read = TimeSpan.FromSeconds(2),
            Raw = "02000000",
        },
        new OptionRow<TimeSpan>(TcpOptions.KeepAliveInterval) { On = Kinds.Tcp, Set = TimeSpan.FromSeconds(3), Raw = "03000000" },
        new OptionRow<int>(TcpOptions.MaxSegment) { On = Kinds.Tcp, Set = 1_000, Raw = "E8030000" },
        new OptionRow<bool>(TcpOptions.NoDelay) { On = Kinds.Tcp, Set = true, Raw = One },
        new OptionRow<bool>(TcpOptions.QuickAcknowledge) { On = Kinds.Tcp, Set = false, Raw = Zero },
        new OptionRow<TimeSpan>(TcpOptions.UserTimeout)
        {
            On = Kinds.Tcp,
            Set = new TimeSpan(1),
            Read = TimeSpan.FromMilliseconds(1),
            Raw = One,
        },
        .. Further(),
    ];

    /// <summary>Opens a socket; null and the reason where this kernel or this user may not.</summary>
    internal static Socket? TryOpen(SocketKinds kind, out string refusal)
    {
        try
        {
            refusal = "";
            return Open(kind);
        }
        catch (SocketException exception)
        {
            refusal = exception.Message;
            return null;
        }
    }

    /// <summary>Kinds that many kernels do not have.</summary>
    internal const Kinds RareKinds = Kinds.Mptcp | Kinds.Vsock | Kinds.Tipc | Kinds.CanRaw | Kinds.CanIsoTp | Kinds.CanJ1939;

    internal static Socket Open(SocketKinds kind)
    {
        if ((kind & Kinds.Ipv6) != 0 && !Socket.OSSupportsIPv6)
        {
            Assert.Skip("This machine has no IPv6: EAFNOSUPPORT.");
        }

        return kind switch
        {
            Kinds.Tcp4 => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp),
            Kinds.Tcp6 => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp),
            Kinds.Udp4 => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp),
            Kinds.Udp6 => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp),
            Kinds.UnixStream => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
            Kinds.UnixDgram => new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified),
            Kinds.RawIcmp4 => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Icmp),
            Kinds.RawIcmp6 => new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6),
            Kinds.Raw6 => new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.Raw),
            Kinds.Packet => new Socket(AddressFamily.Packet, SocketType.Raw, ProtocolType.Unspecified),
            Kinds.Netlink => new Socket((AddressFamily)(Tag + 16), SocketType.Raw, ProtocolType.Unspecified),
            Kinds.Vsock => new Socket((AddressFamily)(Tag + 40), SocketType.Stream, ProtocolType.Unspecified),
            Kinds.Mptcp => new Socket(AddressFamily.InterNetwork, SocketType.Stream, (ProtocolType)262),
            Kinds.Tipc => new Socket((AddressFamily)(Tag + 30), SocketType.Rdm, ProtocolType.Unspecified),
            Kinds.CanRaw => new Socket(AddressFamily.ControllerAreaNetwork, SocketType.Raw, (ProtocolType)1),
            Kinds.CanIsoTp => new Socket(AddressFamily.ControllerAreaNetwork, SocketType.Dgram, (ProtocolType)6),
            Kinds.CanJ1939 => new Socket(AddressFamily.ControllerAreaNetwork, SocketType.Dgram, (ProtocolType)7),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "One kind at a time."),
        };
    }

    /// <summary>The single kinds of a set.</summary>
    internal static IEnumerable<SocketKinds> Single(SocketKinds kinds) =>
        Enum.GetValues<SocketKinds>().Where(kind => int.PopCount((int)kind) == 1 && (kinds & kind) != 0);

    private static void AssertErrno(string errno, SocketResult result) =>
        Assert.StartsWith(errno, result.ToString(), StringComparison.Ordinal);
}
