using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Kinds = Sockeye.Tests.Options.SocketKinds;

namespace Sockeye.Tests.Options;

// The rows of the options that System.Net.Sockets has no names for.
internal static partial class OptionRows
{
    // Properties: a field here would be set after All in the other file is made.
    private static BpfInstruction[] KeepAll => [BpfInstruction.Return(uint.MaxValue)];
    private static IPAddress Group2 => IPAddress.Parse("239.77.1.9");
    private static IPAddress Source => IPAddress.Parse("127.0.0.1");
    private static IPAddress Group6Global => IPAddress.Parse("ff05::7709");

    private const int Ipv6Level = 41;
    private const int Ipv6EarlierInformation = 2; // IPV6_2292PKTINFO
    private const int Ipv6EarlierOptions = 6; // IPV6_2292PKTOPTIONS

    private static IEnumerable<OptionRow> Further() =>
        [.. FurtherSocketRows(), .. FurtherIpRows(), .. FurtherIpv6Rows(), .. FurtherTcpRows(), .. FurtherUdpRows(), .. FamilyRows()];

    private static OptionRow Yes(SocketOption<bool> option, Kinds on, Kinds unsure = Kinds.None, Version? since = null) =>
        new OptionRow<bool>(option) { On = on, Unsure = unsure, Set = true, Raw = One, Since = since };

    private static OptionRow No(SocketOption<bool> option, Kinds on, Kinds unsure = Kinds.None, Version? since = null) =>
        new OptionRow<bool>(option) { On = on, Unsure = unsure, Set = false, Raw = Zero, Since = since };

    private static IEnumerable<OptionRow> FurtherSocketRows() =>
    [
        new OptionRow<int>(SocketOptions.AttachBpf) { On = Kinds.All, Set = 0, Refused = "EINVAL" },
        new OptionRow<BpfInstruction[]>(SocketOptions.Filter) { On = Kinds.All, Set = KeepAll, Check = read => Assert.Equal(KeepAll, read) },
        new OptionRow<BpfInstruction[]>(SocketOptions.ReusePortFilter)
        {
            On = Kinds.Udp,
            Unsure = Kinds.All,
            Before = socket => socket.SetOption(SocketOptions.ReusePort, true),
            Set = [BpfInstruction.Return(0)],
            After = socket => socket.SetOption(SocketOptions.DetachReusePortFilter, true),
        },
        new OptionRow<int>(SocketOptions.ReusePortBpf) { On = Kinds.Udp, Unsure = Kinds.All, Set = 0, Refused = "EINVAL" },
        new OptionRow<int>(SocketOptions.BpfExtensions) { On = Kinds.All, Read = 64, Raw = "40000000" },
        new OptionRow<SocketBufferLocks>(SocketOptions.BufferLocks) { On = Kinds.All, Set = SocketBufferLocks.Receive, Raw = "02000000" },
        new OptionRow<TimeSpan>(SocketOptions.BusyPoll)
        {
            On = Kinds.All,
            Set = TimeSpan.FromMicroseconds(49.5),
            Read = TimeSpan.FromMicroseconds(50),
            Raw = "32000000",
        },
        new OptionRow<int>(SocketOptions.BusyPollBudget) { On = Kinds.All, Set = 4, After = NothingToRead },
        new OptionRow<bool>(SocketOptions.ConnectionAdvice) { On = Kinds.All, Set = true, After = NothingToRead },
        new OptionRow<ulong>(SocketOptions.Cookie) { On = Kinds.All, Check = cookie => Assert.NotEqual(0ul, cookie) },
        Yes(SocketOptions.Debug, Kinds.All),
        new OptionRow<bool>(SocketOptions.DetachFilter)
        {
            On = Kinds.All,
            Before = socket => socket.SetOption(SocketOptions.Filter, KeepAll),
            Set = true,
            After = socket =>
            {
                Assert.Empty(socket.GetOption(SocketOptions.Filter));
                AssertErrno("ENOENT", socket.TrySetOption(SocketOptions.DetachFilter, true));
            },
        },
        new OptionRow<bool>(SocketOptions.DetachReusePortFilter) { On = Kinds.All, Set = true, Refused = "EINVAL" },
        new OptionRow<int>(SocketOptions.IncomingCpu) { On = Kinds.All, Set = 0, Raw = Zero },
        new OptionRow<int>(SocketOptions.IncomingNapi) { On = Kinds.All, Read = 0, Raw = Zero },
        Yes(SocketOptions.LockFilter, Kinds.All),
        new OptionRow<int>(SocketOptions.Mark) { On = Kinds.All, Set = 0x1234, Raw = "34120000" },
        new OptionRow<ulong>(SocketOptions.MaxPacingRate) { On = Kinds.All, Set = 10_000_000_000, Raw = "00E40B5402000000" },
        new OptionRow<ulong>(SocketOptions.MaxPacingRate) { On = Kinds.All, Set = ulong.MaxValue, Raw = "FFFFFFFFFFFFFFFF" },
        new OptionRow<SocketMemory>(SocketOptions.Memory)
        {
            On = Kinds.All,
            Check = memory => Assert.True(memory is { ReceiveQueued: 0, ReceiveBuffer: > 0, SendBuffer: > 0, Drops: 0 }, memory.ToString()),
        },
        new OptionRow<ulong>(SocketOptions.NetworkNamespaceCookie) { On = Kinds.All, Check = cookie => Assert.NotEqual(0ul, cookie) },
        Yes(SocketOptions.NoFrameCheckSequence, Kinds.All),
        Yes(SocketOptions.NoChecksum, Kinds.All),
        Yes(SocketOptions.PassCredentials, Kinds.Unix | Kinds.Netlink, Kinds.Ip),
        Yes(SocketOptions.PassProcessDescriptor, Kinds.Unix, Kinds.Ip, new Version(6, 5)),
        No(SocketOptions.PassRights, Kinds.Unix, since: new Version(6, 16)),
        Yes(SocketOptions.PassSecurity, Kinds.Unix | Kinds.Netlink, Kinds.Ip),
        new OptionRow<int>(SocketOptions.PeekOffset) { On = Kinds.Udp | Kinds.Unix, Unsure = Kinds.Tcp, Set = 5, Raw = "05000000" },
        new OptionRow<PeerCredentials>(SocketOptions.PeerCredentials)
        {
            On = Kinds.All,
            Read = new PeerCredentials(0, uint.MaxValue, uint.MaxValue),
            Raw = "00000000FFFFFFFFFFFFFFFF",
        },
        new OptionRow<uint[]>(SocketOptions.PeerGroups) { On = Kinds.Unix, Unsure = Kinds.Ip, Refused = "ENODATA" },
        new OptionRow<ProcessDescriptor>(SocketOptions.PeerProcess) { On = Kinds.Unix, Unsure = Kinds.Ip, Refused = "ENODATA", Since = new Version(6, 5) },
        new OptionRow<string>(SocketOptions.PeerSecurity)
        {
            // Without a security module that labels sockets.
            On = Kinds.UnixStream,
            Unsure = Kinds.All,
            MayRefuse = ["ENOPROTOOPT"],
            Check = label => Assert.NotEmpty(label),
        },
        Yes(SocketOptions.PreferBusyPoll, Kinds.All),
        new OptionRow<int>(SocketOptions.BusyPollBudget) { On = Kinds.All, Set = 0x1_0000, Refused = "EINVAL" },
        Yes(SocketOptions.ReceiveMark, Kinds.All),
        Yes(SocketOptions.ReceivePriority, Kinds.All, since: new Version(6, 14)),
        new OptionRow<int>(SocketOptions.ReserveMemory)
        {
            // In the root control group no memory is charged to a socket.
            On = Kinds.Ip,
            Unsure = Kinds.Unix,
            MayRefuse = ["EOPNOTSUPP"],
            Set = 1,
            Read = 4096,
            Raw = "00100000",
        },
        Yes(SocketOptions.ReceiveQueueOverflow, Kinds.All),
        Yes(SocketOptions.SelectErrorQueue, Kinds.All),
        new OptionRow<int>(SocketOptions.SendLowWater) { On = Kinds.All, Read = 1, Raw = One },
        Yes(SocketOptions.Timestamp, Kinds.All),
        Yes(SocketOptions.TimestampNew, Kinds.All),
        Yes(SocketOptions.TimestampNanoseconds, Kinds.All),
        Yes(SocketOptions.TimestampNanosecondsNew, Kinds.All),
        new OptionRow<Timestamping>(SocketOptions.Timestamping)
        {
            On = Kinds.All,
            Set = new Timestamping(TimestampingFlags.ReceiveSoftware | TimestampingFlags.Software),
            Raw = "1800000000000000",
        },
        new OptionRow<Timestamping>(SocketOptions.TimestampingNew)
        {
            // On streams numbers need a connection.
            On = Kinds.Udp | Kinds.Unix,
            Set = new Timestamping(TimestampingFlags.SendSoftware | TimestampingFlags.Software | TimestampingFlags.Id),
            Unsure = Kinds.Tcp,
            Raw = "9200000000000000",
        },
        new OptionRow<int>(SocketOptions.TransmitRehash) { On = Kinds.Tcp, Set = 0, Raw = Zero },
        new OptionRow<TransmitTime>(SocketOptions.TransmitTime)
        {
            On = Kinds.All,
            Set = new TransmitTime(TransmitClock.Monotonic, Deadline: true, ReportErrors: true),
            Raw = "0100000003000000",
        },
        new OptionRow<TransmitTime>(SocketOptions.TransmitTime) { On = Kinds.Udp, Unsure = Kinds.All, Set = new TransmitTime(TransmitClock.Tai), Raw = "0B00000000000000" },
        Yes(SocketOptions.WifiStatus, Kinds.All),
        Yes(SocketOptions.ZeroCopy, Kinds.Ip),
    ];

    private static IEnumerable<OptionRow> FurtherIpRows() =>
    [
        new OptionRow<Ipv4SourceMembership>(IpOptions.AddSourceMembership)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Set = new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback),
            After = socket =>
            {
                AssertErrno("EADDRNOTAVAIL", socket.TrySetOption(IpOptions.AddSourceMembership, new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback)));
                SourceFilter filter = socket.GetSourceFilter(Group2, Loopback);
                Assert.Equal(SourceFilterMode.Include, filter.Mode);
                Assert.Equal([Source], filter.Sources);
            },
        },
        Yes(IpOptions.BindAddressNoPort, Kinds.Ip),
        new OptionRow<Ipv4SourceMembership>(IpOptions.BlockSource)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Before = socket => socket.SetOption(IpOptions.AddMembership, new MulticastOption(Group2, IPAddress.Loopback)),
            Set = new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback),
            After = socket =>
            {
                SourceFilter filter = socket.GetSourceFilter(Group2, Loopback);
                Assert.Equal(SourceFilterMode.Exclude, filter.Mode);
                Assert.Equal([Source], filter.Sources);
            },
        },
        Yes(IpOptions.ReceiveChecksum, Kinds.Udp4, Kinds.Ip),
        new OptionRow<Ipv4SourceMembership>(IpOptions.DropSourceMembership)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Before = socket => socket.SetOption(IpOptions.AddSourceMembership, new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback)),
            Set = new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback),
            After = socket => Assert.Equal("EADDRNOTAVAIL", Interop.Errno.Name(socket.TryGetSourceFilter(Group2, Loopback).Errno)),
        },
        Yes(IpOptions.HeaderIncluded, Kinds.RawIcmp4),
        new OptionRow<PortRange>(IpOptions.LocalPortRange) { On = Kinds.Ip, Set = new PortRange(40_000, 40_010), Raw = "409C4A9C", Since = new Version(6, 3) },
        new OptionRow<int>(IpOptions.MinimumTimeToLive) { On = Kinds.Ip, Set = 255, Raw = "FF000000" },
        new OptionRow<int>(IpOptions.Mtu) { On = Kinds.Ip, Refused = "ENOTCONN" },
        No(IpOptions.MulticastAll, Kinds.Ip),
        Yes(IpOptions.NoReassembly, Kinds.RawIcmp4),
        new OptionRow<byte[]>(IpOptions.Options) { On = Kinds.Ip, Unsure = Kinds.Ipv6, Set = [1, 1, 1, 0], Raw = "01010100" },
        Yes(IpOptions.PassSecurity, Kinds.Ip),
        Yes(IpOptions.ReceivePacketInformation, Kinds.Ip),
        new OptionRow<byte[]>(IpOptions.PacketOptions) { On = Kinds.Tcp4, Unsure = Kinds.Tcp6, Read = [], Raw = "" },
        new OptionRow<int>(IpOptions.Protocol) { On = Kinds.RawIcmp4, Unsure = Kinds.Ip, Read = 1, Raw = One, Since = new Version(6, 4) },
        Yes(IpOptions.ReceiveErrors, Kinds.Ip),
        Yes(IpOptions.ReceiveErrorsExtended, Kinds.Ip),
        Yes(IpOptions.ReceiveFragmentSize, Kinds.Udp, Kinds.Tcp),
        Yes(IpOptions.ReceiveOptions, Kinds.Udp, Kinds.Tcp),
        Yes(IpOptions.ReceiveOriginalDestination, Kinds.Ip),
        Yes(IpOptions.ReceiveTypeOfService, Kinds.Ip),
        Yes(IpOptions.ReceiveTimeToLive, Kinds.Ip),
        Yes(IpOptions.ReceiveRawOptions, Kinds.Ip),
        new OptionRow<int>(IpOptions.RouterAlert) { On = Kinds.RawIcmp4, Unsure = Kinds.Ip, Set = 1, After = NothingToRead },
        Yes(IpOptions.Transparent, Kinds.Ip),
        new OptionRow<Ipv4SourceMembership>(IpOptions.UnblockSource)
        {
            On = Kinds.Udp,
            Unsure = Kinds.Tcp,
            Before = socket =>
            {
                socket.SetOption(IpOptions.AddMembership, new MulticastOption(Group2, IPAddress.Loopback));
                socket.SetOption(IpOptions.BlockSource, new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback));
            },
            Set = new Ipv4SourceMembership(Group2, Source, IPAddress.Loopback),
            After = socket => Assert.Empty(socket.GetSourceFilter(Group2, Loopback).Sources),
        },
        new OptionRow<int>(IpOptions.UnicastInterface) { On = Kinds.Ip, Set = Loopback, Raw = "00000001" },
        new OptionRow<byte[]>(IpOptions.TransformPolicy) { On = Kinds.Ip, Set = [], MayRefuse = ["EINVAL", "EOPNOTSUPP", "ENOPROTOOPT"], After = NothingToRead },
        .. GroupRows(
            Kinds.Udp, Kinds.Tcp, Group2, Source,
            IpOptions.JoinGroup, IpOptions.LeaveGroup, IpOptions.JoinSourceGroup, IpOptions.LeaveSourceGroup,
            IpOptions.GroupBlockSource, IpOptions.GroupUnblockSource, IpOptions.SourceFilter),
    ];

    private static IEnumerable<OptionRow> GroupRows(
        Kinds on,
        Kinds unsure,
        IPAddress group,
        IPAddress source,
        SocketOption<GroupMembership> join,
        SocketOption<GroupMembership> leave,
        SocketOption<SourceMembership> joinSource,
        SocketOption<SourceMembership> leaveSource,
        SocketOption<SourceMembership> block,
        SocketOption<SourceMembership> unblock,
        SocketOption<SourceFilter> filter)
    {
        var member = new GroupMembership(group, Loopback);
        var heard = new SourceMembership(group, source, Loopback);
        return
        [
            new OptionRow<GroupMembership>(join)
            {
                On = on,
                Unsure = unsure,
                Set = member,
                After = socket => AssertErrno("EADDRINUSE", socket.TrySetOption(join, member)),
            },
            new OptionRow<GroupMembership>(leave)
            {
                On = on,
                Unsure = unsure,
                Before = socket => socket.SetOption(join, member),
                Set = member,
                After = socket => AssertErrno("EADDRNOTAVAIL", socket.TrySetOption(leave, member)),
            },
            new OptionRow<SourceMembership>(joinSource)
            {
                On = on,
                Unsure = unsure,
                Set = heard,
                After = socket => Heard(socket, SourceFilterMode.Include, [source]),
            },
            new OptionRow<SourceMembership>(leaveSource)
            {
                On = on,
                Unsure = unsure,
                Before = socket => socket.SetOption(joinSource, heard),
                Set = heard,
                After = socket => Assert.Equal("EADDRNOTAVAIL", Interop.Errno.Name(socket.TryGetSourceFilter(group, Loopback).Errno)),
            },
            new OptionRow<SourceMembership>(block)
            {
                On = on,
                Unsure = unsure,
                Before = socket => socket.SetOption(join, member),
                Set = heard,
                After = socket => Heard(socket, SourceFilterMode.Exclude, [source]),
            },
            new OptionRow<SourceMembership>(unblock)
            {
                On = on,
                Unsure = unsure,
                Before = socket =>
                {
                    socket.SetOption(join, member);
                    socket.SetOption(block, heard);
                },
                Set = heard,
                After = socket => Heard(socket, SourceFilterMode.Exclude, []),
            },
            new OptionRow<SourceFilter>(filter)
            {
                On = on,
                Unsure = unsure,
                Before = socket => socket.SetOption(join, member),
                Set = new SourceFilter(group, Loopback, SourceFilterMode.Include, [source]),
                After = socket => Heard(socket, SourceFilterMode.Include, [source]),
            },
        ];

        void Heard(Socket socket, SourceFilterMode mode, IPAddress[] sources)
        {
            SourceFilter read = socket.GetSourceFilter(group, Loopback);
            Assert.Equal(mode, read.Mode);
            Assert.Equal(sources, read.Sources);
        }
    }

    private static IEnumerable<OptionRow> FurtherIpv6Rows() =>
    [
        new OptionRow<int>(Ipv6Options.AddressForm) { On = Kinds.Ipv6, Set = 2, Refused = "ENOTCONN", MayRefuse = ["ENOPROTOOPT"] },
        new OptionRow<Ipv6AddressPreferences>(Ipv6Options.AddressPreferences)
        {
            On = Kinds.Ipv6,
            Set = Ipv6AddressPreferences.Temporary,
            Check = read => Assert.True(read.HasFlag(Ipv6AddressPreferences.Temporary)),
        },
        No(Ipv6Options.AutoFlowLabel, Kinds.Ipv6),
        new OptionRow<int>(Ipv6Options.Checksum) { On = Kinds.Raw6, Set = 2, Raw = "02000000" },
        Yes(Ipv6Options.DontFragment, Kinds.Udp6, Kinds.Tcp6),
        new OptionRow<byte[]>(Ipv6Options.DestinationOptions) { On = Kinds.Ipv6, Set = [0, 0, 1, 4, 0, 0, 0, 0], Raw = "0000010400000000" },
        Yes(Ipv6Options.ReceiveFlowInformation, Kinds.Ipv6),
        Yes(Ipv6Options.SendFlowInformation, Kinds.Ipv6),
        new OptionRow<byte[]>(Ipv6Options.FlowLabel) { On = Kinds.Ipv6, Set = [1], Refused = "EINVAL" },
        Yes(Ipv6Options.FreeBind, Kinds.Ipv6),
        Yes(Ipv6Options.HeaderIncluded, Kinds.RawIcmp6, Kinds.Ipv6),
        new OptionRow<byte[]>(Ipv6Options.HopOptions) { On = Kinds.Ipv6, Set = [0, 0, 1, 4, 0, 0, 0, 0], Raw = "0000010400000000" },
        new OptionRow<IPv6MulticastOption>(Ipv6Options.JoinAnycast) { On = Kinds.Udp6, Unsure = Kinds.Ipv6, Set = new IPv6MulticastOption(Group6, Loopback), Refused = "EINVAL" },
        new OptionRow<IPv6MulticastOption>(Ipv6Options.LeaveAnycast) { On = Kinds.Udp6, Unsure = Kinds.Ipv6, Set = new IPv6MulticastOption(IPAddress.Parse("2001:db8::"), Loopback), Refused = "ENOENT" },
        new OptionRow<int>(Ipv6Options.MinimumHopCount) { On = Kinds.Ipv6, Set = 255, Raw = "FF000000" },
        new OptionRow<int>(Ipv6Options.Mtu) { On = Kinds.Ipv6, Set = 1_300, After = socket => Assert.Equal("ENOTCONN", Interop.Errno.Name(socket.TryGetOption(Ipv6Options.Mtu).Errno)), ReadsLater = true },
        new OptionRow<PathMtuDiscovery>(Ipv6Options.MtuDiscovery) { On = Kinds.Ipv6, Set = PathMtuDiscovery.Probe, Raw = "03000000" },
        No(Ipv6Options.MulticastAll, Kinds.Ipv6),
        new OptionRow<Ipv6PacketInformation>(Ipv6Options.PacketInformation)
        {
            On = Kinds.Ipv6,
            Before = socket => socket.SetRawSocketOption(Ipv6Level, Ipv6EarlierInformation, BitConverter.GetBytes(1)),
            Set = new Ipv6PacketInformation(IPAddress.Parse("fd00::7701"), Loopback),
            After = socket =>
            {
                // What is kept shows in an option of RFC 2292 alone, on streams, behind a struct cmsghdr.
                byte[] message = new byte[40];
                if (socket.SocketType == SocketType.Stream)
                {
                    Assert.InRange(socket.GetRawSocketOption(Ipv6Level, Ipv6EarlierOptions, message), 36, 40);
                    Assert.Equal("FD000000000000000000000000007701" + One, Convert.ToHexString(message[16..36]));
                }

                AssertErrno("EINVAL", socket.TrySetRawSocketOption(Ipv6Level, Ipv6Options.PacketInformation.Name, new byte[19]));
            },
        },
        new OptionRow<int>(Ipv6Options.PathMtu) { On = Kinds.Ipv6, Refused = "ENOTCONN" },
        Yes(Ipv6Options.ReceiveDestinationOptions, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveErrors, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveErrorsExtended, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveFragmentSize, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveHopLimit, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveHopOptions, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveOriginalDestination, Kinds.Ipv6),
        Yes(Ipv6Options.ReceivePathMtu, Kinds.Ipv6),
        Yes(Ipv6Options.ReceivePacketInformation, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveRoutingHeader, Kinds.Ipv6),
        Yes(Ipv6Options.ReceiveTrafficClass, Kinds.Ipv6),
        new OptionRow<int>(Ipv6Options.RouterAlert) { On = Kinds.Raw6, Set = 5, After = NothingToRead, Check = _ => { } },
        Yes(Ipv6Options.RouterAlertIsolate, Kinds.Ipv6),
        new OptionRow<byte[]>(Ipv6Options.RoutingHeader) { On = Kinds.Ipv6, Set = [0, 2, 0, 1, 0, 0, 0, 0], Refused = "EINVAL" },
        new OptionRow<byte[]>(Ipv6Options.RoutingHeaderDestinationOptions) { On = Kinds.Ipv6, Set = [0, 0, 1, 4, 0, 0, 0, 0], Raw = "0000010400000000" },
        Yes(Ipv6Options.Transparent, Kinds.Ipv6),
        new OptionRow<int>(Ipv6Options.UnicastInterface) { On = Kinds.Ipv6, Set = Loopback, Raw = "00000001" },
        new OptionRow<byte[]>(Ipv6Options.TransformPolicy) { On = Kinds.Ipv6, Set = [], MayRefuse = ["EINVAL", "EOPNOTSUPP", "ENOPROTOOPT"], After = NothingToRead },
        .. GroupRows(
            Kinds.Udp6, Kinds.Tcp6, Group6Global, IPAddress.IPv6Loopback,
            Ipv6Options.JoinAnyGroup, Ipv6Options.LeaveAnyGroup, Ipv6Options.JoinSourceGroup, Ipv6Options.LeaveSourceGroup,
            Ipv6Options.GroupBlockSource, Ipv6Options.GroupUnblockSource, Ipv6Options.SourceFilter),
    ];

    private static IEnumerable<OptionRow> FurtherTcpRows() =>
    [
        new OptionRow<byte[]>(TcpOptions.CongestionInformation) { On = Kinds.Tcp, Before = socket => socket.SetOption(TcpOptions.CongestionControl, "reno"), Read = [], Raw = "" },
        new OptionRow<string>(TcpOptions.CongestionControl) { On = Kinds.Tcp, Set = "reno", Raw = "72656E6F000000000000000000000000" },
        new OptionRow<TimeSpan>(TcpOptions.DeferAccept) { On = Kinds.Tcp, Set = TimeSpan.FromSeconds(5), Read = TimeSpan.FromSeconds(7), Raw = "07000000" },
        new OptionRow<TimeSpan>(TcpOptions.AcknowledgementDelayMax) { On = Kinds.Tcp, Set = TimeSpan.FromMilliseconds(100), Raw = "A0860100", Since = new Version(6, 15) },
        new OptionRow<int>(TcpOptions.FastOpen) { On = Kinds.Tcp, Set = 16, Raw = "10000000" },
        Yes(TcpOptions.FastOpenConnect, Kinds.Tcp),
        new OptionRow<byte[]>(TcpOptions.FastOpenKey)
        {
            On = Kinds.Tcp,
            Set = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
            Raw = "0102030405060708090A0B0C0D0E0F10",
        },
        Yes(TcpOptions.FastOpenNoCookie, Kinds.Tcp),
        new OptionRow<TcpInformation>(TcpOptions.Information)
        {
            On = Kinds.Tcp,
            Check = read =>
            {
                Assert.Equal(TcpState.Close, read.State);
                Assert.Equal(TimeSpan.FromSeconds(1), read.RetransmissionTimeout);
                Assert.InRange(read.Length, 104, 248);
            },
        },
        Yes(TcpOptions.ReceiveQueueLength, Kinds.Tcp),
        new OptionRow<bool>(TcpOptions.IsMultipath) { On = Kinds.Tcp, Read = false, Raw = Zero, Since = new Version(6, 9) },
        new OptionRow<int>(TcpOptions.FinWait2Time) { On = Kinds.Tcp, Set = 30, Raw = "1E000000" },
        new OptionRow<int>(TcpOptions.FinWait2Time) { On = Kinds.Tcp, Set = -1, Raw = "FFFFFFFF" },
        .. AuthenticationRows(),
        new OptionRow<TcpSignatureKey>(TcpOptions.Md5Signature)
        {
            // Where the kernel was built without.
            On = Kinds.Tcp4,
            Unsure = Kinds.Tcp6,
            MayRefuse = ["ENOPROTOOPT"],
            Set = new TcpSignatureKey(IPAddress.Loopback, "secret"u8),
            After = NothingToRead,
        },
        new OptionRow<TcpSignatureKey>(TcpOptions.Md5SignatureExtended)
        {
            On = Kinds.Tcp4,
            Unsure = Kinds.Tcp6,
            MayRefuse = ["ENOPROTOOPT"],
            Set = new TcpSignatureKey(IPAddress.Loopback, "secret"u8, prefixLength: 8),
            After = NothingToRead,
        },
        new OptionRow<int>(TcpOptions.NotSentLowWater) { On = Kinds.Tcp, Set = 16_384, Raw = "00400000" },
        new OptionRow<uint>(TcpOptions.QueueSequence)
        {
            On = Kinds.Tcp,
            Before = socket =>
            {
                socket.SetOption(TcpOptions.Repair, 1);
                socket.SetOption(TcpOptions.RepairQueue, 2);
            },
            Set = 123_456_789,
            Raw = "15CD5B07",
        },
        new OptionRow<int>(TcpOptions.Repair) { On = Kinds.Tcp, Set = 1, Raw = One },
        new OptionRow<TcpRepairOption[]>(TcpOptions.RepairOptions) { On = Kinds.Tcp, Set = [new TcpRepairOption(2, 1_400)], Refused = "EINVAL" },
        new OptionRow<int>(TcpOptions.RepairQueue) { On = Kinds.Tcp, Before = socket => socket.SetOption(TcpOptions.Repair, 1), Set = 1, Raw = One },
        new OptionRow<TcpRepairWindow>(TcpOptions.RepairWindow) { On = Kinds.Tcp, Set = new TcpRepairWindow(1, 2, 3, 4, 5), Refused = "EPERM" },
        new OptionRow<TimeSpan>(TcpOptions.RetransmissionTimeoutMax) { On = Kinds.Tcp, Set = TimeSpan.FromSeconds(10), Raw = "10270000", Since = new Version(6, 15) },
        new OptionRow<TimeSpan>(TcpOptions.RetransmissionTimeoutMin) { On = Kinds.Tcp, Set = TimeSpan.FromMilliseconds(100), Raw = "A0860100", Since = new Version(6, 15) },
        new OptionRow<byte[]>(TcpOptions.SavedSyn) { On = Kinds.Tcp, Read = [], Raw = "" },
        new OptionRow<int>(TcpOptions.SaveSyn) { On = Kinds.Tcp, Set = 1, Raw = One },
        new OptionRow<int>(TcpOptions.SynRetryCount) { On = Kinds.Tcp, Set = 3, Raw = "03000000" },
        No(TcpOptions.ThinDuplicateAcknowledgement, Kinds.Tcp),
        Yes(TcpOptions.ThinLinearTimeouts, Kinds.Tcp),
        new OptionRow<uint>(TcpOptions.Timestamp) { On = Kinds.Tcp, Before = socket => socket.SetOption(TcpOptions.Repair, 1), Set = 1_000_000, Check = read => Assert.InRange(read, 1_000_000u, 1_100_000u) },
        new OptionRow<TimeSpan>(TcpOptions.TransmitDelay) { On = Kinds.Tcp, Set = TimeSpan.FromMilliseconds(5), Raw = "88130000" },
        new OptionRow<string>(TcpOptions.UpperLayerProtocol) { On = Kinds.Tcp, Set = "no-such", Refused = "ENOENT", MayRefuse = ["ENOTCONN"] },
        new OptionRow<int>(TcpOptions.WindowClamp) { On = Kinds.Tcp, Set = 100_000, Raw = "A0860100" },
    ];

    // ENOPROTOOPT: where the kernel was built without CONFIG_TCP_AO, or is older than Linux 6.7.
    private static IEnumerable<OptionRow> AuthenticationRows()
    {
        var key = new TcpAuthenticationKey(IPAddress.Loopback, 100, 101, "secret"u8);
        return
        [
            new OptionRow<TcpAuthenticationKey>(TcpOptions.AddAuthenticationKey)
            {
                On = Kinds.Tcp4,
                Unsure = Kinds.Tcp6,
                MayRefuse = ["ENOPROTOOPT"],
                Set = key,
                After = socket => AssertErrno("EEXIST", socket.TrySetOption(TcpOptions.AddAuthenticationKey, key)),
            },
            new OptionRow<TcpAuthenticationKeyRemoval>(TcpOptions.DeleteAuthenticationKey)
            {
                On = Kinds.Tcp4,
                Unsure = Kinds.Tcp6,
                MayRefuse = ["ENOPROTOOPT"],
                Before = socket => _ = socket.TrySetOption(TcpOptions.AddAuthenticationKey, key),
                Set = new TcpAuthenticationKeyRemoval(IPAddress.Loopback, 100, 101),
                After = NothingToRead,
            },
            new OptionRow<TcpAuthenticationKeyState[]>(TcpOptions.AuthenticationKeys)
            {
                On = Kinds.Tcp4,
                Unsure = Kinds.Tcp6,
                MayRefuse = ["ENOPROTOOPT"],
                Before = socket => _ = socket.TrySetOption(TcpOptions.AddAuthenticationKey, key),
                Check = read => Assert.Equal("hmac(sha1)", Assert.Single(read).Algorithm),
            },
            new OptionRow<TcpAuthentication>(TcpOptions.Authentication)
            {
                On = Kinds.Tcp4,
                Unsure = Kinds.Tcp6,
                MayRefuse = ["ENOPROTOOPT"],
                Set = new TcpAuthentication { IsRequired = true },
                Check = read => Assert.True(read.IsRequired),
            },
            new OptionRow<TcpAuthenticationRepair>(TcpOptions.AuthenticationRepair)
            {
                On = Kinds.Tcp4,
                Unsure = Kinds.Tcp6,
                Set = new TcpAuthenticationRepair(1, 2, 3, 4),
                Refused = "EPERM",
                MayRefuse = ["ENOPROTOOPT"],
            },
        ];
    }

    private static IEnumerable<OptionRow> FurtherUdpRows() =>
    [
        Yes(UdpOptions.Cork, Kinds.Udp),
        new OptionRow<int>(UdpOptions.Encapsulation) { On = Kinds.Udp4, Unsure = Kinds.Udp6, Set = 3, Raw = "03000000", MayRefuse = ["ENOPROTOOPT"] },
        Yes(UdpOptions.GenericReceiveOffload, Kinds.Udp),
        Yes(UdpOptions.NoChecksumReceive, Kinds.Udp),
        Yes(UdpOptions.NoChecksumSend, Kinds.Udp),
        new OptionRow<int>(UdpOptions.Segment) { On = Kinds.Udp, Set = 1_200, Raw = "B0040000" },
    ];

    private static IEnumerable<OptionRow> FamilyRows() =>
    [
        // SOL_RAW, IPPROTO_ICMPV6
        new OptionRow<uint>(RawOptions.IcmpFilter) { On = Kinds.RawIcmp4, Set = 0x101, Raw = "01010000" },
        new OptionRow<byte[]>(RawIpv6Options.IcmpFilter) { On = Kinds.RawIcmp6, Set = [.. Enumerable.Repeat((byte)0xF0, 32)], Raw = string.Concat(Enumerable.Repeat("F0", 32)) },

        // SOL_NETLINK: group 1 of NETLINK_ROUTE reports interfaces.
        new OptionRow<int>(NetlinkOptions.AddMembership) { On = Kinds.Netlink, Set = 1, After = socket => Assert.Equal([1], socket.GetOption(NetlinkOptions.Memberships)) },
        Yes(NetlinkOptions.BroadcastError, Kinds.Netlink),
        Yes(NetlinkOptions.CapAcknowledgement, Kinds.Netlink),
        new OptionRow<int>(NetlinkOptions.DropMembership)
        {
            On = Kinds.Netlink,
            Before = socket =>
            {
                socket.SetOption(NetlinkOptions.AddMembership, 1);
                socket.SetOption(NetlinkOptions.AddMembership, 3);
            },
            Set = 1,
            After = socket => Assert.Equal([3], socket.GetOption(NetlinkOptions.Memberships)),
        },
        Yes(NetlinkOptions.ExtendedAcknowledgement, Kinds.Netlink),
        Yes(NetlinkOptions.StrictCheck, Kinds.Netlink),
        Yes(NetlinkOptions.ListenAllNamespaces, Kinds.Netlink),
        new OptionRow<int[]>(NetlinkOptions.Memberships) { On = Kinds.Netlink, Unsure = Kinds.All, Check = groups => Assert.Empty(groups) },
        Yes(NetlinkOptions.NoBufferErrors, Kinds.Netlink),
        Yes(NetlinkOptions.PacketInformation, Kinds.Netlink),

        // SOL_PACKET
        new OptionRow<PacketMembership>(PacketOptions.AddMembership)
        {
            On = Kinds.Packet,
            Set = new PacketMembership(Loopback, PacketMembershipKind.Multicast, new PhysicalAddress([1, 0, 0x5E, 0, 0, 1])),
            After = socket => AssertErrno("ENODEV", socket.TrySetOption(PacketOptions.AddMembership, new PacketMembership(99_999, PacketMembershipKind.Promiscuous))),
        },
        Yes(PacketOptions.AuxiliaryData, Kinds.Packet),
        new OptionRow<int>(PacketOptions.CopyThreshold) { On = Kinds.Packet, Set = 1, Raw = One },
        new OptionRow<PacketMembership>(PacketOptions.DropMembership)
        {
            On = Kinds.Packet,
            Before = socket => socket.SetOption(PacketOptions.AddMembership, new PacketMembership(Loopback, PacketMembershipKind.AllMulticast)),
            Set = new PacketMembership(Loopback, PacketMembershipKind.AllMulticast),
            After = NothingToRead,
        },
        new OptionRow<PacketFanout>(PacketOptions.Fanout)
        {
            // A socket without a protocol hears nothing, and can share nothing.
            On = Kinds.Packet,
            Set = new PacketFanout(77, PacketFanoutMode.Hash),
            Refused = "EINVAL",
        },
        new OptionRow<BpfInstruction[]>(PacketOptions.FanoutFilter) { On = Kinds.Packet, Set = KeepAll, Refused = "EINVAL" },
        new OptionRow<int>(PacketOptions.HeaderLength) { On = Kinds.Packet, Check = read => Assert.Equal(32, read) },
        new OptionRow<int>(PacketOptions.HeaderLength)
        {
            On = Kinds.Packet,
            Before = socket => socket.SetOption(PacketOptions.Version, PacketVersion.V3),
            Check = read => Assert.Equal(48, read),
        },
        Yes(PacketOptions.IgnoreOutgoing, Kinds.Packet),
        Yes(PacketOptions.Loss, Kinds.Packet),
        Yes(PacketOptions.OriginalDevice, Kinds.Packet),
        Yes(PacketOptions.QueueBypass, Kinds.Packet),
        new OptionRow<int>(PacketOptions.Reserve) { On = Kinds.Packet, Set = 32, Raw = "20000000" },
        new OptionRow<PacketRolloverStatistics>(PacketOptions.RolloverStatistics) { On = Kinds.Packet, Unsure = Kinds.All, Refused = "EINVAL" },
        new OptionRow<PacketRing>(PacketOptions.ReceiveRing)
        {
            On = Kinds.Packet,
            Set = new PacketRing(65_536, 1, 2_048, 32),
            After = socket => AssertErrno("EBUSY", socket.TrySetOption(PacketOptions.Version, PacketVersion.V2)),
        },
        new OptionRow<PacketStatistics>(PacketOptions.Statistics) { On = Kinds.Packet, Read = new PacketStatistics(0, 0, Freezes: null), Raw = "0000000000000000" },
        new OptionRow<PacketStatistics>(PacketOptions.Statistics)
        {
            On = Kinds.Packet,
            Before = socket => socket.SetOption(PacketOptions.Version, PacketVersion.V3),
            Read = new PacketStatistics(0, 0, Freezes: 0),
            Raw = "000000000000000000000000",
        },
        new OptionRow<TimestampingFlags>(PacketOptions.Timestamp) { On = Kinds.Packet, Set = TimestampingFlags.RawHardware, Raw = "40000000" },
        Yes(PacketOptions.SendOffset, Kinds.Packet),
        new OptionRow<PacketRing>(PacketOptions.SendRing) { On = Kinds.Packet, Set = new PacketRing(65_536, 1, 2_001, 32), Refused = "EINVAL" },
        new OptionRow<PacketRing>(PacketOptions.SendRing)
        {
            On = Kinds.Packet,
            Set = new PacketRing(65_536, 1, 2_048, 32),
            After = socket => AssertErrno("EBUSY", socket.TrySetOption(PacketOptions.Loss, true)),
        },
        new OptionRow<PacketVersion>(PacketOptions.Version) { On = Kinds.Packet, Set = PacketVersion.V2, Raw = One },
        Yes(PacketOptions.VirtualHeader, Kinds.Packet),
        new OptionRow<int>(PacketOptions.VirtualHeaderBytes) { On = Kinds.Packet, Set = 12, Raw = "0C000000", Since = new Version(6, 6) },

        // AF_VSOCK
        new OptionRow<ulong>(VsockOptions.BufferMax) { On = Kinds.Vsock, Set = 1 << 20, Raw = "0000100000000000" },
        new OptionRow<ulong>(VsockOptions.BufferMin) { On = Kinds.Vsock, Set = 256, Raw = "0001000000000000" },
        new OptionRow<ulong>(VsockOptions.Buffer) { On = Kinds.Vsock, Set = 65_536, Raw = "0000010000000000" },
        new OptionRow<TimeSpan>(VsockOptions.ConnectTimeout) { On = Kinds.Vsock, Set = TimeSpan.FromSeconds(1.5), Raw = "010000000000000020A1070000000000" },
        new OptionRow<TimeSpan>(VsockOptions.ConnectTimeoutNew) { On = Kinds.Vsock, Set = TimeSpan.FromSeconds(2.5), Raw = "020000000000000020A1070000000000", Since = new Version(5, 16) },

        // SOL_MPTCP
        new OptionRow<MultipathTcpInformation>(MultipathTcpOptions.Information) { On = Kinds.Mptcp, Check = read => Assert.InRange(read.Length, 40, 96) },
        new OptionRow<MultipathTcpDetails>(MultipathTcpOptions.Details)
        {
            On = Kinds.Mptcp,
            Since = new Version(6, 5),
            Check = read => Assert.Empty(read.Subflows),
        },
        new OptionRow<MultipathTcpAddresses[]>(MultipathTcpOptions.SubflowAddresses) { On = Kinds.Mptcp, Check = read => Assert.Empty(read) },
        new OptionRow<TcpInformation[]>(MultipathTcpOptions.SubflowInformation) { On = Kinds.Mptcp, Check = read => Assert.Empty(read) },

        // SOL_TIPC
        new OptionRow<TimeSpan>(TipcOptions.ConnectTimeout) { On = Kinds.Tipc, Set = TimeSpan.FromMilliseconds(1_500), Raw = "DC050000" },
        No(TipcOptions.DestinationDroppable, Kinds.Tipc),
        new OptionRow<TipcGroup>(TipcOptions.JoinGroup) { On = Kinds.Tipc, Set = new TipcGroup(1_000, 1), After = socket => socket.SetOption(TipcOptions.LeaveGroup, []) },
        new OptionRow<byte[]>(TipcOptions.LeaveGroup) { On = Kinds.Tipc, Set = [], Refused = "EINVAL" },
        new OptionRow<TipcImportance>(TipcOptions.Importance) { On = Kinds.Tipc, Set = TipcImportance.High, Raw = "02000000" },
        new OptionRow<byte[]>(TipcOptions.MulticastBroadcast) { On = Kinds.Tipc, Set = [], After = NothingToRead },
        new OptionRow<byte[]>(TipcOptions.MulticastReplicast) { On = Kinds.Tipc, Set = [], After = NothingToRead },
        new OptionRow<bool>(TipcOptions.NoDelay) { On = Kinds.Tipc, Set = true, MayRefuse = ["EINVAL", "ENOPROTOOPT"], After = NothingToRead, Check = _ => { } },
        new OptionRow<int>(TipcOptions.NodeQueueDepth) { On = Kinds.Tipc, Read = 0, Raw = Zero },
        new OptionRow<int>(TipcOptions.QueueDepth) { On = Kinds.Tipc, Read = 0, Raw = Zero },
        new OptionRow<int>(TipcOptions.QueueUsed) { On = Kinds.Tipc, Read = 0, Raw = Zero },
        Yes(TipcOptions.SourceDroppable, Kinds.Tipc),

        // SOL_CAN_RAW, SOL_CAN_ISOTP, SOL_CAN_J1939
        new OptionRow<uint>(CanRawOptions.ErrorFilter) { On = Kinds.CanRaw, Set = 0x1F, Raw = "1F000000" },
        Yes(CanRawOptions.FdFrames, Kinds.CanRaw),
        new OptionRow<CanFilter[]>(CanRawOptions.Filter) { On = Kinds.CanRaw, Set = [new CanFilter(0x123, 0x7FF), new CanFilter(0x200, 0x700)], Raw = "23010000FF0700000002000000070000" },
        Yes(CanRawOptions.JoinFilters, Kinds.CanRaw),
        No(CanRawOptions.Loopback, Kinds.CanRaw),
        Yes(CanRawOptions.ReceiveOwnMessages, Kinds.CanRaw),
        Yes(CanRawOptions.XlFrames, Kinds.CanRaw, since: new Version(6, 2)),
        new OptionRow<byte[]>(CanRawOptions.XlVirtualNetwork) { On = Kinds.CanRaw, Set = [1, 5, 0, 0], Raw = "01050000", Since = new Version(6, 9) },
        new OptionRow<CanIsoTpLink>(CanIsoTpOptions.Link) { On = Kinds.CanIsoTp, Set = new CanIsoTpLink(16, 8, 0), Raw = "100800" },
        new OptionRow<CanIsoTpSettings>(CanIsoTpOptions.Settings) { On = Kinds.CanIsoTp, Set = new CanIsoTpSettings(4, 1_000, 0, 0xAA, 0xBB, 0), Raw = "04000000E803000000AABB00" },
        new OptionRow<CanIsoTpFlow>(CanIsoTpOptions.Flow) { On = Kinds.CanIsoTp, Set = new CanIsoTpFlow(8, 5, 0), Raw = "080500" },
        new OptionRow<uint>(CanIsoTpOptions.ReceiveSeparation) { On = Kinds.CanIsoTp, Set = 1_000_000, Raw = "40420F00" },
        new OptionRow<uint>(CanIsoTpOptions.SendSeparation) { On = Kinds.CanIsoTp, Set = 1_000_000, Raw = "40420F00" },
        Yes(CanJ1939Options.ReceiveErrors, Kinds.CanJ1939),
        new OptionRow<byte[]>(CanJ1939Options.Filter) { On = Kinds.CanJ1939, Set = [], After = NothingToRead },
        Yes(CanJ1939Options.Promiscuous, Kinds.CanJ1939),
        new OptionRow<int>(CanJ1939Options.SendPriority) { On = Kinds.CanJ1939, Set = 3, Raw = "03000000" },
    ];

    // The kernel took it, and has no call that returns it.
    private static void NothingToRead(Socket socket) => Assert.False(socket.IsBound);
}
