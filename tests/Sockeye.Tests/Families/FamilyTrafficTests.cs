using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Interop;
using Sockeye.Tests.Support;
using SystemSocket = System.Net.Sockets.Socket;

namespace Sockeye.Tests.Families;

/// <summary>Real messages on the families this kernel opens: NETLINK, PACKET, IPv6 with scope and flow; VSOCK without a peer.</summary>
public abstract class FamilyTrafficTests(SocketStyle style) : StyledTest(style)
{
    private const int RequestDump = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
    private const int Request = 0x1;

    [Fact(Timeout = Limit)]
    public Task Route_netlink_lists_the_loopback() => Test(async () =>
    {
        using var socket = new Socket(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkRoute);
        socket.Bind(new NetlinkEndPoint());
        var own = Assert.IsType<NetlinkEndPoint>(socket.LocalEndPoint);
        Assert.NotEqual(0u, own.PortId);
        Assert.Equal(0u, own.Groups);

        // RTM_GETLINK with an empty struct ifinfomsg, to the kernel.
        byte[] request = Message(type: 18, RequestDump, new byte[16]);
        Assert.Equal(request.Length, (await Bounded(Style.SendTo(socket, request, NetlinkEndPoint.Kernel))).Value);
        var names = new List<string>();
        byte[] buffer = new byte[64 * 1024];
        bool done = false;
        while (!done)
        {
            (int count, EndPoint? sender) = await ReceiveFrom(socket, buffer);
            Assert.Equal(NetlinkEndPoint.Kernel, sender);
            foreach ((int type, ReadOnlyMemory<byte> body) in Messages(buffer.AsMemory(0, count)))
            {
                done |= type == 3; // NLMSG_DONE
                if (type == 16)
                {
                    // RTM_NEWLINK: struct ifinfomsg, then attributes; IFLA_IFNAME is 3.
                    names.AddRange(Attributes(body[16..]).Where(static a => a.Type == 3).Select(static a => Encoding.UTF8.GetString(a.Value.Span).TrimEnd('\0')));
                }
            }
        }

        Assert.Contains("lo", names);
    });

    [Fact(Timeout = Limit)]
    public Task Generic_netlink_reports_its_own_family() => Test(async () =>
    {
        using var socket = new Socket(AddressFamily.Netlink, SocketType.Dgram, ProtocolType.NetlinkGeneric);

        // Unbound, connected to the kernel: plain sends go there. CTRL_CMD_GETFAMILY with CTRL_ATTR_FAMILY_NAME.
        Assert.True((await Bounded(Style.Connect(socket, NetlinkEndPoint.Kernel))).IsSuccess);
        byte[] request = Message(type: 16, Request, [3, 1, 0, 0, 11, 0, 2, 0, .. "nlctrl\0"u8, 0]);
        Assert.True((await Bounded(Style.Send(socket, request))).IsSuccess);
        byte[] buffer = new byte[16 * 1024];
        int count = (await Bounded(Style.Receive(socket, buffer))).Value;
        (int type, ReadOnlyMemory<byte> body) = Messages(buffer.AsMemory(0, count)).First();
        Assert.Equal(16, type);
        Assert.Equal(16, BitConverter.ToUInt16(Attributes(body[4..]).Single(static a => a.Type == 1).Value.Span));
        Assert.Equal(NetlinkEndPoint.Kernel, socket.RemoteEndPoint);
        Assert.NotEqual(0u, Assert.IsType<NetlinkEndPoint>(socket.LocalEndPoint).PortId);
    });

    [Fact(Timeout = Limit)]
    public Task Netlink_goes_from_program_to_program_by_port() => Test(async () =>
    {
        using var one = new Socket(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkUserSocket);
        using var two = new Socket(AddressFamily.Netlink, SocketType.Raw, ProtocolType.NetlinkUserSocket);
        one.Bind(new NetlinkEndPoint());
        two.Bind(new NetlinkEndPoint());
        Assert.NotEqual(one.LocalEndPoint, two.LocalEndPoint);
        Assert.Equal(4, (await Bounded(Style.SendTo(one, new byte[] { 1, 2, 3, 4 }, two.LocalEndPoint!))).Value);
        (int count, EndPoint? sender) = await ReceiveFrom(two, new byte[16]);
        Assert.Equal(4, count);
        Assert.Equal(one.LocalEndPoint, sender);
    });

    [Fact(Timeout = Limit)]
    public Task A_packet_socket_reports_control_data_batches_and_times_of_sending() => Test(async () =>
    {
        // Its recvmsg(2) refuses flags that others overlook, as MSG_CMSG_CLOEXEC.
        (Socket sender, Socket receiver) = await Peers.InPrivateNetwork(static () => (Experiment(), Experiment()));
        using (sender)
        using (receiver)
        {
            receiver.SetOption(PacketOptions.AuxiliaryData, true);
            sender.SetOption(SocketOptions.Timestamping, new Timestamping(TimestampingFlags.SendSoftware | TimestampingFlags.Software));
            var lo = new PacketEndPoint(1, 0x88B5, new byte[6]);
            for (byte i = 0; i < 4; i++)
            {
                Assert.Equal(3, (await Bounded(Style.SendTo(sender, new byte[] { i, 2, 3 }, lo))).Value);
            }

            byte[] buffer = new byte[8];
            Outcome<ReceivedMessage> first = await Bounded(Style.ReceiveMessage(receiver, buffer, new byte[PacketControl.AuxiliaryData.Space()]));
            Assert.Equal((SocketError.Success, 3), (first.Error, first.Value.Length));
            Assert.True(first.Value.Control.TryGet(PacketControl.AuxiliaryData, out PacketAuxiliaryData data));
            Assert.Equal((3, 3), (data.Length, data.SnapshotLength));

            using var batch = new MessageBatch(2, 8);
            Assert.Equal(2, (await Bounded(Style.ReceiveBatch(receiver, batch))).Value);
            Assert.Equal([1, 2, 3], batch[0].Data.ToArray());
            Assert.Equal(3, receiver.Receive(new List<ArraySegment<byte>> { new(buffer, 0, 1), new(buffer, 1, 7) }));
            Assert.Equal([3, 2, 3], buffer[..3]);

            Outcome<SocketErrorRecord> record = await Bounded(Style.ReceiveError(sender));
            Assert.Equal((SocketError.Success, SocketErrorOrigin.Timestamping), (record.Error, record.Value.Origin));
            Assert.True(record.Value.Timestamps.Software.IsSet);
        }

        static Socket Experiment()
        {
            var socket = new Socket(AddressFamily.Packet, SocketType.Dgram, ProtocolType.Packet(0x88B5));
            socket.Bind(PacketEndPoint.Parse("packet:lo/88b5"));
            return socket;
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_packet_socket_sees_a_datagram_on_the_loopback() => Test(async () =>
    {
        (Socket packets, Socket other, Socket sender, Socket receiver) = await Peers.InPrivateNetwork(static () =>
        {
            var packets = new Socket(AddressFamily.Packet, SocketType.Dgram, ProtocolType.Packet(PacketEndPoint.AllProtocols));
            packets.Bind(PacketEndPoint.Parse("packet:lo/0003"));
            var other = new Socket(AddressFamily.Packet, SocketType.Dgram, ProtocolType.Packet(0x88B5));
            other.Bind(PacketEndPoint.Parse("packet:lo/88b5"));
            return (packets, other, BoundUdp(), BoundUdp());
        });
        using (packets)
        using (other)
        using (sender)
        using (receiver)
        {
            // The other network's lo has index 1 as well.
            var bound = Assert.IsType<PacketEndPoint>(packets.LocalEndPoint);
            Assert.Equal((1, PacketEndPoint.AllProtocols, 772, 6), (bound.InterfaceIndex, bound.Protocol, bound.HardwareType, bound.HardwareAddress.Length));
            byte[] data = Encoding.ASCII.GetBytes("seen from below");
            Assert.Equal(data.Length, (await Bounded(Style.SendTo(sender, data, receiver.LocalEndPoint!))).Value);

            // Who asks for all protocols sees each packet going out and coming in. Without the link's header: IPv4's 20
            // bytes, UDP's 8. The new network's own IPv6 messages pass by too.
            var types = new List<PacketType>();
            byte[] buffer = new byte[256];
            while (!types.Contains(PacketType.Host))
            {
                (int count, EndPoint? from) = await ReceiveFrom(packets, buffer);
                var link = Assert.IsType<PacketEndPoint>(from);
                if (link.Protocol != 0x0800)
                {
                    continue;
                }

                types.Add(link.PacketType);
                Assert.Equal((1, 0x0800, 772), (link.InterfaceIndex, link.Protocol, link.HardwareType));
                Assert.Equal(new byte[6], link.HardwareAddress.ToArray());
                Assert.Equal(28 + data.Length, count);
                Assert.Equal(PortOf(receiver), BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(22)));
                Assert.Equal(data, buffer[28..count]);
            }

            Assert.Equal([PacketType.Outgoing, PacketType.Host], types);

            // And down: a frame of a protocol for experiments, to the hardware address, from one packet socket to another.
            var experiment = new PacketEndPoint(1, 0x88B5, new byte[6]);
            Assert.Equal(4, (await Bounded(Style.SendTo(packets, new byte[] { 1, 2, 3, 4 }, experiment))).Value);
            (int length, EndPoint? frameSender) = await ReceiveFrom(other, buffer);
            Assert.Equal([1, 2, 3, 4], buffer[..length]);
            Assert.Equal(0x88B5, Assert.IsType<PacketEndPoint>(frameSender).Protocol);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_link_local_address_needs_its_scope_and_keeps_it() => Test(async () =>
    {
        (Socket listener, Socket client, Socket lost) = await Peers.InPrivateNetwork(static () =>
        {
            Socket listener = Tcp(AddressFamily.InterNetworkV6);
            listener.Bind(Ipv6EndPoint.Parse("[fe80::1%lo]:0"));
            return (listener, Tcp(AddressFamily.InterNetworkV6), Tcp(AddressFamily.InterNetworkV6));
        });
        using (listener)
        using (client)
        using (lost)
        {
            listener.Listen();
            var bound = (IPEndPoint)listener.LocalEndPoint!;
            Assert.Equal(1, bound.Address.ScopeId);
            Task<Outcome<Socket>> accept = Style.Accept(listener);
            Assert.Equal(0, (await Bounded(Style.Connect(client, bound))).Errno);
            using Socket accepted = (await Bounded(accept)).Value!;
            Assert.Equal(1, ((IPEndPoint)accepted.RemoteEndPoint!).Address.ScopeId);
            Assert.Equal(client.LocalEndPoint, accepted.RemoteEndPoint);
            Assert.Equal(1, (await Bounded(Style.Send(client, new byte[] { 7 }))).Value);
            Assert.Equal(1, (await Bounded(Style.Receive(accepted, new byte[2]))).Value);
            Assert.Equal(Errno.EINVAL, (await Bounded(Style.Connect(lost, new IPEndPoint(IPAddress.Parse("fe80::1"), bound.Port)))).Errno);
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_flow_label_travels_with_a_connection() => Test(async () =>
    {
        using Socket listener = Listener(AddressFamily.InterNetworkV6);
        using Socket client = Tcp(AddressFamily.InterNetworkV6);

        // A label must be leased before it may be sent: IPV6_FLOWLABEL_MGR (32) with struct in6_flowlabel_req, IPV6_FL_A_GET
        // and IPV6_FL_F_CREATE; then IPV6_FLOWINFO_SEND (33).
        const uint Label = 0x12345;
        byte[] lease = new byte[32];
        IPAddress.IPv6Loopback.TryWriteBytes(lease, out _);
        BinaryPrimitives.WriteUInt32BigEndian(lease.AsSpan(16), Label);
        lease[22] = 1;
        lease[21] = 255; // IPV6_FL_S_ANY: others may have it too
        client.SetRawSocketOption(41, 32, lease);
        client.SetRawSocketOption(41, 33, BitConverter.GetBytes(1));
        var peer = new Ipv6EndPoint(IPAddress.IPv6Loopback, PortOf(listener), Label);
        Task<Outcome<Socket>> accept = Style.Accept(listener);
        Assert.True((await Bounded(Style.Connect(client, peer))).IsSuccess);
        using Socket accepted = (await Bounded(accept)).Value!;
        var told = Assert.IsType<Ipv6EndPoint>(client.TryGetRemoteEndPoint().Value);
        Assert.Equal(Label, told.FlowInfo);
        Assert.Equal(peer.ToString(), told.ToString());
        Assert.Equal($"[::1]:{peer.Port}/flow=12345", told.ToString());
        Assert.Equal(0x12345, told.FlowLabel);
        Assert.IsType<IPEndPoint>(client.LocalEndPoint);
    });

    private async Task<(int Count, EndPoint? Sender)> ReceiveFrom(Socket socket, byte[] buffer)
    {
        if (Style.IsSync)
        {
            return await Run(() =>
            {
                SocketResult<int> result = socket.TryReceiveFrom(buffer, out EndPoint? sender);
                return (result.Value, sender);
            });
        }

        SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer.AsMemory(), SocketFlags.None, socket.LocalEndPoint!).AsTask().WaitAsync(Soon);
        return (received.ReceivedBytes, received.RemoteEndPoint);
    }

    // struct nlmsghdr: length, type, flags, sequence, port.
    private static byte[] Message(ushort type, ushort flags, byte[] body)
    {
        byte[] message = new byte[16 + body.Length];
        BitConverter.TryWriteBytes(message, message.Length);
        BitConverter.TryWriteBytes(message.AsSpan(4), type);
        BitConverter.TryWriteBytes(message.AsSpan(6), flags);
        BitConverter.TryWriteBytes(message.AsSpan(8), 1);
        body.CopyTo(message, 16);
        return message;
    }

    private static IEnumerable<(int Type, ReadOnlyMemory<byte> Body)> Messages(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length >= 16)
        {
            int length = BitConverter.ToInt32(bytes.Span);
            yield return (BitConverter.ToUInt16(bytes.Span[4..]), bytes[16..length]);
            bytes = bytes[Math.Min((length + 3) & ~3, bytes.Length)..];
        }
    }

    private static IEnumerable<(int Type, ReadOnlyMemory<byte> Value)> Attributes(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length >= 4)
        {
            int length = BitConverter.ToUInt16(bytes.Span);
            yield return (BitConverter.ToUInt16(bytes.Span[2..]) & 0x3FFF, bytes[4..length]);
            bytes = bytes[Math.Min((length + 3) & ~3, bytes.Length)..];
        }
    }
}

public sealed class FamilyTraffic_Sync() : FamilyTrafficTests(SocketStyle.Sync);
public sealed class FamilyTraffic_Try() : FamilyTrafficTests(SocketStyle.Try);
public sealed class FamilyTraffic_Async() : FamilyTrafficTests(SocketStyle.Async);
public sealed class FamilyTraffic_TryAsync() : FamilyTrafficTests(SocketStyle.TryAsync);
public sealed class FamilyTraffic_Loop() : FamilyTrafficTests(SocketStyle.Loop);

public sealed class FamilyTraffic_LoopEpoll() : FamilyTrafficTests(SocketStyle.LoopEpoll);

public sealed class FamilyTraffic_Chaos() : FamilyTrafficTests(SocketStyle.Chaos);

/// <summary>Opening a family: those the kernel has, and what is said of those it lacks.</summary>
public sealed class FamilyOpenTests : SocketTest
{
    public static TheoryData<string, string> Lacking => new()
    {
        { "Tipc", "modprobe tipc" },
        { "Alg", "modprobe af_alg" },
        { "Bluetooth", "modprobe bluetooth" },
        { "Key", "modprobe af_key" },
        { "Rds", "modprobe rds && modprobe rds_tcp" },
        { "Smc", "modprobe smc" },
        { "Qipcrtr", "modprobe qrtr" },
        { "Kcm", "modprobe kcm" },
        { "Nfc", "modprobe nfc" },
        { "Phonet", "modprobe phonet" },
        { "Mctp", "modprobe mctp" },
        { "Llc", "modprobe llc2" },
    };

    [Fact(Timeout = Limit)]
    public void Vsock_opens_and_binds()
    {
        // Nothing is sent: it would leave the machine.
        using var socket = new Socket(AddressFamily.Vsock, SocketType.Stream, ProtocolType.Unspecified);
        Assert.False(socket.IsBound);
        socket.Bind(new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort));
        var bound = Assert.IsType<VsockEndPoint>(socket.LocalEndPoint);
        Assert.Equal(VsockEndPoint.Any, bound.ContextId);
        Assert.NotEqual(VsockEndPoint.AnyPort, bound.Port);
        Assert.Equal($"vsock://*:{bound.Port}", bound.ToString());
        Assert.StartsWith("Stream socket vsock://*:", socket.ToString());

        using var second = new Socket(AddressFamily.Vsock, SocketType.Stream, ProtocolType.Unspecified);
        SocketException e = Fails(SocketError.AddressAlreadyInUse, () => second.Bind(bound));
        Assert.StartsWith($"bind {bound}: EADDRINUSE", e.Message);
        using Socket copy = socket.Duplicate();
        Assert.Equal(bound, copy.LocalEndPoint);
        using Socket adopted = new(copy.Detach());
        Assert.Equal(bound, adopted.LocalEndPoint);
        Assert.Equal(AddressFamily.Vsock, adopted.AddressFamily);
    }

    [Fact(Timeout = Limit)]
    public void Any_family_can_be_bound_by_number_and_bytes()
    {
        using var socket = new Socket((AddressFamily)(0x0100_0000 + 16), SocketType.Raw, ProtocolType.NetlinkRoute);
        socket.Bind(new UnknownEndPoint(16, new byte[10]));
        var bound = Assert.IsType<UnknownEndPoint>(socket.LocalEndPoint);
        Assert.Equal((16, 10), (bound.Family, bound.Data.Length));
        using Socket copy = new(socket.Detach());
        var same = Assert.IsType<NetlinkEndPoint>(copy.LocalEndPoint);
        Assert.Equal(same.PortId, BitConverter.ToUInt32(bound.Data.Span[2..]));
        Assert.False(copy.Connected);

        using Socket udp = Udp();
        udp.Bind(new UnknownEndPoint(2, [0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.IsType<UnknownEndPoint>(udp.LocalEndPoint);
        Assert.StartsWith("family:2/", udp.LocalEndPoint.ToString());
    }

    [Theory(Timeout = Limit)]
    [MemberData(nameof(Lacking))]
    public void A_family_the_kernel_lacks_is_reported_with_its_module(string name, string modules)
    {
        AddressFamily family = Family(name);
        try
        {
            // Any socket of a kernel that has it will do: the message is what matters where it has not.
            new Socket(family, name is "Key" or "Bluetooth" ? SocketType.Raw : SocketType.Seqpacket, ProtocolType.Unspecified).Dispose();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressFamilyNotSupported)
        {
            Assert.Equal($"socket: EAFNOSUPPORT: this kernel has no AF_{name.ToUpperInvariant()}, or its module is not loaded; as root: {modules}", e.Message);
            return;
        }
        catch (SocketException e)
        {
            // The kernel has the family, and not this type of it.
            Assert.DoesNotContain("EAFNOSUPPORT", e.Message);
        }
    }

    [Fact(Timeout = Limit)]
    public void Tipc_binds_a_name_or_names_its_module()
    {
        if (OrMissing(static () => new Socket(AddressFamily.Tipc, SocketType.Rdm, ProtocolType.Unspecified), "AF_TIPC", "modprobe tipc") is not { } socket)
        {
            SocketException e = Fails(SocketError.AddressFamilyNotSupported, () => Socket.CreatePair(AddressFamily.Tipc, SocketType.Stream));
            Assert.Contains("socketpair: EAFNOSUPPORT: this kernel has no AF_TIPC, or its module is not loaded; as root: modprobe tipc", e.Message);
            return;
        }

        using (socket)
        {
            TipcEndPoint range = TipcEndPoint.Range(18888, 1, 5, TipcScope.Node);
            socket.Bind(range);
            Assert.Equal(TipcAddressKind.Port, Assert.IsType<TipcEndPoint>(socket.LocalEndPoint).Kind);
            socket.SendTo(new byte[] { 1 }, TipcEndPoint.Service(18888, 3));
            Assert.Equal(1, socket.TryReceiveFrom(new byte[2], out EndPoint? sender).Value);
            Assert.Equal(socket.LocalEndPoint, sender);
            socket.Bind(range.ToUnbind());
        }
    }

    [Fact(Timeout = Limit)]
    public void Can_binds_all_interfaces_or_names_its_modules()
    {
        if (OrMissing(static () => new Socket(AddressFamily.ControllerAreaNetwork, SocketType.Raw, ProtocolType.CanRaw), "AF_CAN", "modprobe can && modprobe can_raw") is not { } socket)
        {
            return;
        }

        using (socket)
        {
            socket.Bind(new CanEndPoint(0));
            Assert.Equal(new CanEndPoint(0), socket.LocalEndPoint);
        }
    }

    [Fact(Timeout = Limit)]
    public void A_protocol_the_kernel_lacks_is_reported_with_its_module()
    {
        if (OrMissing(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Sctp), "IPPROTO_SCTP", "modprobe sctp") is { } sctp)
        {
            sctp.Dispose();
        }

        SocketException e = Fails(SocketError.ProtocolNotSupported, () => new Socket(AddressFamily.Netlink, SocketType.Raw, (ProtocolType)31));
        Assert.Equal("socket: EPROTONOSUPPORT: AF_NETLINK has no type Raw with protocol 31 here", e.Message);
        e = Fails(SocketError.SocketNotSupported, () => new Socket(AddressFamily.Unix, SocketType.Dccp, ProtocolType.Unspecified));
        Assert.Equal("socket: ESOCKTNOSUPPORT: AF_UNIX has no type 6 with protocol 0 here", e.Message);
    }

    [Fact(Timeout = Limit)]
    public void Protocols_of_today_open()
    {
        foreach ((SocketType type, ProtocolType protocol) in new[] { (SocketType.Stream, ProtocolType.Mptcp), (SocketType.Dgram, ProtocolType.UdpLite) })
        {
            using Socket listener = OrMissing(() => new Socket(AddressFamily.InterNetwork, type, protocol), protocol.ToString(), "")!;
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Assert.NotEqual(0, PortOf(listener));
        }
    }

    [Fact(Timeout = Limit)]
    public void Without_the_right_the_capability_is_named()
    {
        // Another user's program would be needed; the table speaks for the kernel here.
        string text = Sockeye.Families.FamilyTable.Refusal(Errno.EPERM, SocketConstants.AF_PACKET, SocketType.Dgram, ProtocolType.Unspecified)!;
        Assert.Equal("not permitted; AF_PACKET sockets of type Dgram need CAP_NET_RAW: run as root, or in a user and network namespace (unshare -rn)", text);
        Assert.Contains("CAP_NET_RAW", Sockeye.Families.FamilyTable.Refusal(Errno.EPERM, SocketConstants.AF_INET, SocketType.Raw, ProtocolType.Icmp));
        Assert.Null(Sockeye.Families.FamilyTable.Refusal(Errno.EMFILE, SocketConstants.AF_INET, SocketType.Stream, ProtocolType.Tcp));
    }

    [Fact(Timeout = Limit)]
    public void The_systems_own_socket_takes_a_packet_end_point()
    {
        using SystemSocket socket = Peers.NeedsRights(static () => new SystemSocket(AddressFamily.Packet, SocketType.Raw, ProtocolType.Packet(0x88B5)));
        var lo = PacketEndPoint.Parse("packet:lo/88b5");
        socket.Bind(lo);
        Assert.Equal(lo.InterfaceIndex, Assert.IsType<PacketEndPoint>(socket.LocalEndPoint).InterfaceIndex);
    }

    [Fact]
    public void Every_family_has_its_number_and_a_name_of_its_own()
    {
        var seen = new Dictionary<int, string>();
        foreach (System.Reflection.MethodInfo getter in typeof(LinuxAddressFamilies).GetMethods().Where(static method => method.Name.StartsWith("get_", StringComparison.Ordinal)))
        {
            int number = (int)(AddressFamily)getter.Invoke(null, null)!;
            Assert.Equal(0x0100_0000, number & ~0xFFFF);
            Assert.True(seen.TryAdd(number & 0xFFFF, getter.Name), getter.Name);
            Assert.StartsWith("AF_", Sockeye.Families.FamilyTable.Name(number & 0xFFFF));
            Assert.False(Enum.IsDefined(typeof(AddressFamily), getter.Name[4..]), getter.Name);
        }

        // All of AF_UNSPEC to AF_MCTP, save those .NET numbers as Linux or tags by itself.
        Assert.Equal(Enumerable.Range(0, 46).Except([0, 1, 2, 10, 17, 29]), seen.Keys.Order());
        Assert.Equal("AF_TIPC", Sockeye.Families.FamilyTable.Name(30));
        Assert.Equal("46", Sockeye.Families.FamilyTable.Name(46));
        foreach (Type type in new[] { typeof(LinuxProtocolTypes), typeof(LinuxSocketTypes) })
        {
            foreach (System.Reflection.MethodInfo getter in type.GetMethods().Where(static method => method.Name.StartsWith("get_", StringComparison.Ordinal)))
            {
                Assert.False(Enum.IsDefined(getter.ReturnType, getter.Name[4..]), getter.Name);
            }
        }
    }

    private static AddressFamily Family(string name) => (AddressFamily)typeof(LinuxAddressFamilies).GetMethod("get_" + name)!.Invoke(null, null)!;

    // The socket; null when the kernel lacks it and said so with its name and module.
    private static Socket? OrMissing(Func<Socket> open, string name, string modules)
    {
        try
        {
            return open();
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.ProtocolNotSupported)
        {
            Assert.Contains(name, e.Message);
            Assert.EndsWith($"or its module is not loaded; as root: {modules}", e.Message);
            return null;
        }
    }
}
