using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Options;

/// <summary>What options do, with real traffic.</summary>
public abstract class OptionBehaviourTests(SocketStyle style) : StyledTest(style)
{
    private const int Loop = 1;

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_connection_reports_about_itself(AddressFamily family) => Test(async () =>
    {
        using Pair pair = await Connected(family);
        pair.Client.SetOption(SocketOptions.MaxPacingRate, 50_000_000ul);
        byte[] data = Bytes(10_000);
        Assert.Equal(data.Length, (await Bounded(Style.SendAll(pair.Client, data))).Value);
        Assert.Equal(data.Length, (await Bounded(Style.ReceiveExactly(pair.Server, new byte[data.Length]))).Value);
        await Eventually(() => pair.Client.GetOption(TcpOptions.Information).BytesAcknowledged >= (ulong)data.Length);
        TcpInformation client = pair.Client.GetOption(TcpOptions.Information);
        TcpInformation server = pair.Server.GetOption(TcpOptions.Information);
        Assert.Equal(TcpState.Established, client.State);
        Assert.Equal(TcpCongestionState.Open, client.CongestionState);
        Assert.InRange(client.RoundTrip, TimeSpan.FromMicroseconds(1), TimeSpan.FromSeconds(5));
        Assert.InRange(client.CongestionWindow, 1, 100_000);
        Assert.InRange(client.SendSegment, 500, 70_000);
        Assert.Equal(50_000_000ul, client.MaxPacingRate);
        Assert.Equal(0, client.NotSentBytes);
        Assert.Equal((ulong)data.Length, server.BytesReceived);
        Assert.InRange(server.DataSegmentsIn, 1, 100);
        Assert.InRange(client.LastDataSent, TimeSpan.Zero, Soon);
        Assert.StartsWith("Established, round trip ", client.ToString(), StringComparison.Ordinal);
        if (client.Length >= 224)
        {
            Assert.InRange(client.BytesSent, (ulong)data.Length, 2 * (ulong)data.Length);
        }

        pair.Server.Shutdown(SocketShutdown.Send);
        await Eventually(() => pair.Client.GetOption(TcpOptions.Information).State == TcpState.CloseWait);
    });

    [Fact(Timeout = Limit)]
    public Task A_listener_reports_how_many_wait() => Test(async () =>
    {
        using Socket listener = Listener(backlog: 7);
        using Socket client = Tcp();
        await Bounded(Style.Connect(client, listener.LocalEndPoint!));
        await Eventually(() => listener.GetOption(TcpOptions.Information).Unacknowledged == 1);
        TcpInformation information = listener.GetOption(TcpOptions.Information);
        Assert.Equal((TcpState.Listen, 7L), (information.State, information.SelectivelyAcknowledged));
    });

    [Fact(Timeout = Limit)]
    public Task A_unix_peer_is_known() => Test(async () =>
    {
        const string Program = """
            import os, socket, sys
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            s.send(f"{os.getpid()} {os.geteuid()} {os.getegid()} {','.join(map(str, sorted(os.getgroups())))}".encode())
            s.recv(1)
            """;
        using Socket listener = Listener(AddressFamily.Unix);
        using Process python = StartPython(Program, listener.LocalEndPoint!.ToString()!);
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        byte[] buffer = new byte[4096];
        Outcome<int> received = await Bounded(Style.Receive(server, buffer));
        string[] told = System.Text.Encoding.ASCII.GetString(buffer, 0, received.Value).Split(' ');

        PeerCredentials peer = server.GetOption(SocketOptions.PeerCredentials);
        Assert.Equal(string.Join(' ', told[..3]), $"{peer.ProcessId} {peer.UserId} {peer.GroupId}");
        Assert.Equal(python.Id, peer.ProcessId);
        Assert.Equal(told[3], string.Join(',', server.GetOption(SocketOptions.PeerGroups).Order()));

        SocketResult<ProcessDescriptor> process = server.TryGetOption(SocketOptions.PeerProcess);
        if (process.Errno == Errno.ENOPROTOOPT)
        {
            Assert.Skip("SO_PEERPIDFD needs Linux 6.5: ENOPROTOOPT.");
        }

        string facts;
        using (ProcessDescriptor descriptor = process.Value)
        {
            Assert.False(descriptor.IsInvalid);
            facts = File.ReadAllText($"/proc/self/fdinfo/{descriptor.DangerousGetHandle()}");
        }

        Assert.Contains($"Pid:\t{python.Id}\n", facts);
        string flags = facts.Split('\n').First(line => line.StartsWith("flags:", StringComparison.Ordinal)).Split('\t')[1];
        Assert.True((Convert.ToInt32(flags, 8) & 0x8_0000) != 0, "The descriptor is not close-on-exec.");
        server.Dispose();
        await python.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Soon);
    });

    [Fact(Timeout = Limit)]
    public Task Accepted_sockets_have_the_listeners_congestion_control() => Test(async () =>
    {
        using Socket listener = Listener();
        foreach (string name in File.ReadAllText("/proc/sys/net/ipv4/tcp_allowed_congestion_control").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            listener.SetOption(TcpOptions.CongestionControl, name);
            using Socket client = Tcp();
            await Bounded(Style.Connect(client, listener.LocalEndPoint!));
            using Socket server = (await Bounded(Style.Accept(listener))).Value!;
            Assert.Equal(name, server.GetOption(TcpOptions.CongestionControl));
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_deferred_connection_is_accepted_when_data_has_come() => Test(async () =>
    {
        using Socket listener = Tcp();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.SetOption(TcpOptions.DeferAccept, TimeSpan.FromSeconds(30));
        listener.Listen();
        using Socket client = Tcp();
        await Bounded(Style.Connect(client, listener.LocalEndPoint!));
        Task<Outcome<Socket>> accept = Style.Accept(listener);
        await Task.Delay(Moment, TestContext.Current.CancellationToken);
        Assert.False(accept.IsCompleted);
        await Bounded(Style.Send(client, "hello"u8.ToArray()));
        using Socket server = (await Bounded(accept)).Value!;
        Assert.Equal(5, server.Available);
    });

    [Fact(Timeout = Limit)]
    public Task Little_waits_unsent_below_the_low_water_mark() => Test(async () =>
    {
        long without = await Unsent(lowWater: 0);
        long with = await Unsent(lowWater: 1);
        Assert.True(with < without, $"{with} bytes with the mark, {without} without.");

        static async Task<long> Unsent(int lowWater)
        {
            using Pair pair = await Connected();
            pair.Client.SetOption(SocketOptions.SendBuffer, 1 << 20);
            pair.Client.SetOption(TcpOptions.NotSentLowWater, lowWater);
            pair.Client.Blocking = false;
            byte[] data = new byte[64 * 1024];
            for (int i = 0; i < 1_000 && pair.Client.TrySend(data).IsSuccess; i++)
            {
            }

            return pair.Client.GetOption(TcpOptions.Information).NotSentBytes;
        }
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task A_filter_drops_what_it_does_not_like(AddressFamily family) => Test(async () =>
    {
        using Socket receiver = BoundUdp(family);
        using Socket sender = BoundUdp(family);
        BpfInstruction[] program =
        [
            BpfInstruction.LoadByte(8), // behind the UDP header
            BpfInstruction.JumpIfEqual('x', jumpTrue: 0, jumpFalse: 1),
            BpfInstruction.Return(0),
            BpfInstruction.Return(uint.MaxValue),
        ];
        receiver.SetOption(SocketOptions.Filter, program);
        Assert.Equal(program, receiver.GetOption(SocketOptions.Filter));
        byte[] buffer = new byte[16];
        foreach (string text in new[] { "x1", "y1", "x2", "y2" })
        {
            await Bounded(Style.SendTo(sender, System.Text.Encoding.ASCII.GetBytes(text), receiver.LocalEndPoint!));
        }

        await Bounded(Style.Receive(receiver, buffer));
        Assert.Equal("y1"u8, buffer.AsSpan(0, 2));
        await Bounded(Style.Receive(receiver, buffer));
        Assert.Equal("y2"u8, buffer.AsSpan(0, 2));

        receiver.SetOption(SocketOptions.LockFilter, true);
        Assert.Equal(Errno.EPERM, receiver.TrySetOption(SocketOptions.DetachFilter, true).Errno);
        Assert.Equal(Errno.EPERM, receiver.TrySetOption(SocketOptions.Filter, program).Errno);
        Assert.Equal(Errno.EPERM, receiver.TrySetOption(SocketOptions.LockFilter, false).Errno);
    });

    [Fact(Timeout = Limit)]
    public Task A_program_steers_datagrams_among_sockets_of_one_port() => Test(async () =>
    {
        using Socket zero = Udp();
        using Socket one = Udp();
        zero.SetOption(SocketOptions.ReusePort, true);
        one.SetOption(SocketOptions.ReusePort, true);
        zero.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        one.Bind(zero.LocalEndPoint!);
        one.SetOption(SocketOptions.ReusePortFilter, [BpfInstruction.LoadByte(0), BpfInstruction.Modulo(2), BpfInstruction.ReturnLoaded]);
        using Socket sender = BoundUdp();
        byte[] buffer = new byte[1];
        foreach (byte number in new byte[] { 1, 0, 0, 3, 2, 5 })
        {
            await Bounded(Style.SendTo(sender, new[] { number }, zero.LocalEndPoint!));
            Assert.Equal(1, (await Bounded(Style.Receive(number % 2 == 0 ? zero : one, buffer))).Value);
            Assert.Equal(number, buffer[0]);
        }

        zero.SetOption(SocketOptions.DetachReusePortFilter, true);
        Assert.Equal(Errno.ENOENT, zero.TrySetOption(SocketOptions.DetachReusePortFilter, true).Errno);
    });

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public Task A_member_hears_the_senders_it_chose(bool include) => Test(async () =>
    {
        var group = IPAddress.Parse("232.77.1.4");
        var liked = IPAddress.Parse("127.0.0.2");
        var other = IPAddress.Parse("127.0.0.3");
        using Socket member = Udp();
        member.Bind(new IPEndPoint(group, 0));
        if (include)
        {
            member.SetOption(IpOptions.AddSourceMembership, new Ipv4SourceMembership(group, liked, IPAddress.Loopback));
        }
        else
        {
            member.SetOption(IpOptions.JoinGroup, new GroupMembership(group, Loop));
            member.SetOption(IpOptions.GroupBlockSource, new SourceMembership(group, other, Loop));
        }

        var to = new IPEndPoint(group, PortOf(member));
        byte[] buffer = new byte[16];
        using Socket disliked = Sender(other);
        using Socket heard = Sender(liked);
        await Bounded(Style.SendTo(disliked, "no"u8.ToArray(), to));
        await Bounded(Style.SendTo(heard, "yes"u8.ToArray(), to));
        Assert.Equal(3, (await Bounded(Style.Receive(member, buffer))).Value);

        // Now the other way round, at once.
        member.SetOption(IpOptions.SourceFilter, new SourceFilter(group, Loop, SourceFilterMode.Include, [other]));
        Assert.Equal([other], member.GetSourceFilter(group, Loop).Sources);
        await Bounded(Style.SendTo(heard, "yes"u8.ToArray(), to));
        await Bounded(Style.SendTo(disliked, "no"u8.ToArray(), to));
        Assert.Equal(2, (await Bounded(Style.Receive(member, buffer))).Value);

        static Socket Sender(IPAddress address)
        {
            Socket sender = Udp();
            sender.Bind(new IPEndPoint(address, 0));
            sender.SetOption(IpOptions.MulticastInterfaceIndex, Loop);
            return sender;
        }
    });

    [Fact(Timeout = Limit)]
    public Task Many_senders_are_listed() => Test(() =>
    {
        // More than a first look makes room for; net.ipv4.igmp_max_msf is 10 by default, IPv6's 64.
        var group = IPAddress.Parse("ff05::7705");
        IPAddress[] sources = [.. Enumerable.Range(1, 40).Select(i => IPAddress.Parse($"2001:db8::{i:x}"))];
        using Socket member = Udp(AddressFamily.InterNetworkV6);
        member.SetOption(Ipv6Options.JoinAnyGroup, new GroupMembership(group, Loop));
        member.SetOption(Ipv6Options.SourceFilter, new SourceFilter(group, Loop, SourceFilterMode.Exclude, sources));
        SourceFilter read = member.GetSourceFilter(group, Loop);
        Assert.Equal(SourceFilterMode.Exclude, read.Mode);
        Assert.Equal(sources.Order(Comparer<IPAddress>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))), read.Sources.Order(Comparer<IPAddress>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
        SocketException failure = Assert.Throws<SocketException>(() => member.GetSourceFilter(IPAddress.Parse("ff05::7706"), Loop));
        Assert.StartsWith("getsockopt MCAST_MSFILTER: EADDRNOTAVAIL: ", failure.Message, StringComparison.Ordinal);
        return Task.CompletedTask;
    });

    [Fact(Timeout = Limit)]
    public Task Addresses_of_others_can_be_bound_when_asked() => Test(() =>
    {
        var foreign = new IPEndPoint(IPAddress.Parse("192.0.2.77"), 0);
        using Socket plain = Udp();
        Assert.Equal(Errno.EADDRNOTAVAIL, plain.TryBind(foreign).Errno);
        using Socket free = Udp();
        free.SetOption(IpOptions.FreeBind, true);
        free.Bind(foreign);
        using Socket transparent = Udp();
        if (transparent.TrySetOption(IpOptions.Transparent, true).Errno == Errno.EPERM)
        {
            Assert.Skip("IP_TRANSPARENT needs CAP_NET_ADMIN or CAP_NET_RAW: EPERM.");
        }

        transparent.Bind(foreign);
        return Task.CompletedTask;
    });

    [Theory(Timeout = Limit)]
    [MemberData(nameof(InternetFamilies))]
    public Task Ports_come_from_their_range(AddressFamily family) => Test(async () =>
    {
        using Socket listener = Listener(family);
        var range = new PortRange(45_600, 45_649);
        using Socket bound = Tcp(family);
        SocketResult set = bound.TrySetOption(IpOptions.LocalPortRange, range);
        if (set.Errno == Errno.ENOPROTOOPT)
        {
            Assert.Skip("IP_LOCAL_PORT_RANGE needs Linux 6.3: ENOPROTOOPT.");
        }

        bound.Bind(new IPEndPoint(Loopback(family), 0));
        Assert.InRange(PortOf(bound), range.First, range.Last);
        using Socket client = Tcp(family);
        client.SetOption(IpOptions.LocalPortRange, range);
        await Bounded(Style.Connect(client, listener.LocalEndPoint!));
        Assert.InRange(PortOf(client), range.First, range.Last);
        Assert.Equal(Errno.EINVAL, client.TrySetOption(IpOptions.LocalPortRange, new PortRange(2, 1)).Errno);
    });

    [Fact(Timeout = Limit)]
    public Task One_send_is_cut_into_datagrams_and_several_make_one() => Test(async () =>
    {
        using Socket receiver = BoundUdp();
        using Socket sender = BoundUdp();
        sender.Connect(receiver.LocalEndPoint!);
        byte[] buffer = new byte[4_000];
        sender.SetOption(UdpOptions.Segment, 1_000);
        await Bounded(Style.Send(sender, new byte[2_500]));
        foreach (int length in new[] { 1_000, 1_000, 500 })
        {
            Assert.Equal(length, (await Bounded(Style.Receive(receiver, buffer))).Value);
        }

        sender.SetOption(UdpOptions.Segment, 0);
        sender.SetOption(UdpOptions.Cork, true);
        await Bounded(Style.Send(sender, new byte[100]));
        await Bounded(Style.Send(sender, new byte[50]));
        sender.SetOption(UdpOptions.Cork, false);
        Assert.Equal(150, (await Bounded(Style.Receive(receiver, buffer))).Value);
    });

    [Fact(Timeout = Limit)]
    public Task A_saved_first_segment_is_reported_once() => Test(async () =>
    {
        using Socket listener = Listener();
        listener.SetOption(TcpOptions.SaveSyn, 1);
        using Socket client = Tcp();
        await Bounded(Style.Connect(client, listener.LocalEndPoint!));
        using Socket server = (await Bounded(Style.Accept(listener))).Value!;
        byte[] headers = server.GetOption(TcpOptions.SavedSyn);
        Assert.InRange(headers.Length, 40, 120);
        Assert.Equal(0x45, headers[0]);
        Assert.Equal(PortOf(client), (headers[20] << 8) | headers[21]);
        Assert.Empty(server.GetOption(TcpOptions.SavedSyn));
    });

    [Fact(Timeout = Limit)]
    public Task A_peek_goes_on_where_the_last_one_ended() => Test(async () =>
    {
        using Pair pair = await Connected(AddressFamily.Unix);
        await Bounded(Style.Send(pair.Client, "abcdef"u8.ToArray()));
        pair.Server.SetOption(SocketOptions.PeekOffset, 1);
        byte[] buffer = new byte[2];
        await Bounded(Style.Receive(pair.Server, buffer, SocketFlags.Peek));
        Assert.Equal("bc"u8, buffer);
        await Bounded(Style.Receive(pair.Server, buffer, SocketFlags.Peek));
        Assert.Equal("de"u8, buffer);
        Assert.Equal(5, pair.Server.GetOption(SocketOptions.PeekOffset));
        await Bounded(Style.Receive(pair.Server, buffer));
        Assert.Equal("ab"u8, buffer);
        Assert.Equal(3, pair.Server.GetOption(SocketOptions.PeekOffset));
    });

    [Fact(Timeout = Limit)]
    public Task A_connected_socket_knows_the_size_of_its_way() => Test(async () =>
    {
        int lo = int.Parse(await File.ReadAllTextAsync("/sys/class/net/lo/mtu"), CultureInfo.InvariantCulture);
        using Pair pair = await Connected();
        Assert.Equal(Math.Min(lo, ushort.MaxValue), pair.Client.GetOption(IpOptions.Mtu)); // no IPv4 packet is longer
        using Pair pair6 = await Connected(AddressFamily.InterNetworkV6);
        Assert.Equal(lo, pair6.Client.GetOption(Ipv6Options.Mtu));
        Assert.Equal(lo, pair6.Client.GetOption(Ipv6Options.PathMtu));
    });

    [Fact(Timeout = Limit)]
    public Task An_IPv6_socket_with_an_IPv4_peer_becomes_one_of_IPv4() => Test(async () =>
    {
        using Socket listener = Listener();
        using Socket client = Tcp(AddressFamily.InterNetworkV6);
        client.DualMode = true;
        await Bounded(Style.Connect(client, listener.LocalEndPoint!));
        SocketResult result = client.TrySetOption(Ipv6Options.AddressForm, 2);
        Assert.SkipWhen(result.Errno == Interop.Errno.ENOPROTOOPT, "IPV6_ADDRFORM: this kernel no longer has it: ENOPROTOOPT.");
        Assert.Equal(0, result.Errno);
        Assert.Equal(2, client.GetOption(SocketOptions.Domain));
    });

    [Fact(Timeout = Limit)]
    public Task Sockets_that_share_frames_read_their_group_back() => Test(async () =>
    {
        Socket? opened = OptionRows.TryOpen(SocketKinds.Packet, out string refusal);
        Assert.SkipWhen(opened is null, $"Packet sockets need CAP_NET_RAW: {refusal}");
        opened.Dispose();

        // ETH_P_ALL in network order: the socket hears at once, and may share.
        using var socket = new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)0x0300);
        socket.SetOption(PacketOptions.Fanout, new PacketFanout(4_711, PacketFanoutMode.Filter, PacketFanoutFlags.Rollover));
        PacketFanout read = socket.GetOption(PacketOptions.Fanout);
        Assert.Equal(new PacketFanout(4_711, PacketFanoutMode.Filter, PacketFanoutFlags.Rollover), read);
        socket.SetOption(PacketOptions.FanoutFilter, [BpfInstruction.Return(0)]);

        // What else goes over loopback meanwhile may roll over too.
        PacketRolloverStatistics rolled = socket.GetOption(PacketOptions.RolloverStatistics);
        Assert.True(rolled.Huge <= rolled.All, rolled.ToString());
        using Socket receiver = BoundUdp();
        await Bounded(Style.SendTo(receiver, "hello"u8.ToArray(), receiver.LocalEndPoint!));
        await Eventually(() => socket.GetOption(PacketOptions.Statistics).Packets > 0);
    });

    private static Process StartPython(string program, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("python3", ["-c", program, .. arguments]) { UseShellExecute = false })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("No Python: install python3.");
            throw;
        }
    }
}

public sealed class OptionBehaviour_Sync() : OptionBehaviourTests(SocketStyle.Sync);

public sealed class OptionBehaviour_TryAsync() : OptionBehaviourTests(SocketStyle.TryAsync);

/// <summary>Values that never reach the kernel.</summary>
public sealed class OptionValueTests
{
    [Fact]
    public void A_secret_is_never_printed()
    {
        var key = new TcpSignatureKey(IPAddress.Parse("192.0.2.1"), "hunter2"u8, prefixLength: 24);
        Assert.Equal("192.0.2.1, a secret of 7 bytes", key.ToString());
        Assert.Throws<ArgumentException>("secret", () => new TcpSignatureKey(IPAddress.Loopback, new byte[81]));
        Assert.Throws<ArgumentOutOfRangeException>("prefixLength", () => new TcpSignatureKey(IPAddress.Loopback, [], prefixLength: 33));
    }

    [Fact]
    public void A_signatures_structure_is_that_of_the_headers()
    {
        TcpSignature structure = TcpSignatureLayout.ToKernel(new TcpSignatureKey(IPAddress.Parse("192.0.2.1"), "hunter2"u8, prefixLength: 24, interfaceIndex: 3));
        ReadOnlySpan<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<TcpSignature>(in structure));
        Assert.Equal(216, bytes.Length);
        Assert.Equal([2, 0, 0, 0, 192, 0, 2, 1], bytes[..8].ToArray());
        Assert.Equal([3, 24, 7, 0, 3, 0, 0, 0], bytes.Slice(128, 8).ToArray());
        Assert.Equal("hunter2"u8, bytes.Slice(136, 7));
        Assert.Equal(0, bytes[143]);
    }

    [Fact]
    public void A_program_has_instructions()
    {
        using Socket socket = OptionRows.Open(SocketKinds.Udp4);
        Assert.Throws<ArgumentException>("value", () => socket.SetOption(SocketOptions.Filter, []));
        Assert.Throws<ArgumentException>("value", () => socket.SetOption(SocketOptions.Filter, new BpfInstruction[4_097]));
        Assert.Equal(Errno.EINVAL, socket.TrySetOption(SocketOptions.Filter, [new BpfInstruction(0xFFFF, 0, 0, 0)]).Errno);
        Assert.Empty(socket.GetOption(SocketOptions.Filter));
    }
}
