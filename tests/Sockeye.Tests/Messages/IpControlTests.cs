using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;
using Sockeye.Tests.Support;

namespace Sockeye.Tests.Messages;

/// <summary>What IP says of a packet and lets one say: addresses, interfaces, times to live, classes, options.</summary>
public abstract class IpControlTests(SocketStyle style) : StyledTest(style)
{
    private const int IPPROTO_IP = 0;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_PKTINFO = 8;
    private const int IP_RECVTTL = 12;
    private const int IP_RECVTOS = 13;
    private const int IP_RECVORIGDSTADDR = 20;
    private const int IPV6_RECVPKTINFO = 49;
    private const int IPV6_RECVHOPLIMIT = 51;
    private const int IPV6_RECVHOPOPTS = 53;
    private const int IPV6_RECVDSTOPTS = 58;
    private const int IPV6_RECVTCLASS = 66;
    private const int IPV6_FLOWINFO = 11;
    private const int IPV6_RECVORIGDSTADDR = 74;

    [Fact(Timeout = Limit)]
    public Task Over_IPv4_a_message_reports_and_chooses_addresses_TTL_and_TOS() => Test(async () =>
    {
        using Socket receiver = Udp();
        receiver.Bind(new IPEndPoint(IPAddress.Any, 0));
        foreach (int option in new[] { IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR })
        {
            DescriptorTests.Set(receiver, IPPROTO_IP, option);
        }

        using Socket sender = Udp();
        byte[] control = new byte[256];
        int written = Write(control);
        var there = new IPEndPoint(IPAddress.Parse("127.0.0.3"), PortOf(receiver));
        Outcome<int> sent = await Bounded(Style.SendMessage(
            sender, new OutgoingMessage("hello"u8.ToArray()) { Control = control.AsMemory(0, written), Peer = there }));
        Assert.Equal((SocketError.Success, 5), (sent.Error, sent.Value));

        var peer = new SocketAddress(AddressFamily.Unspecified, 128);
        byte[] buffer = new byte[16];
        byte[] room = new byte[IpControl.PacketInformation.Space() + IpControl.TimeToLive.Space()
            + IpControl.TypeOfService.Space() + IpControl.OriginalDestination.Space()];
        Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(receiver, buffer, room, peer));
        Assert.Equal(SocketError.Success, outcome.Error);
        ReceivedMessage message = outcome.Value;
        Assert.Equal((5, 0, SocketFlags.None), (message.Length, message.BytesLost, message.Flags));
        Assert.Equal("5 bytes", message.ToString());
        Assert.Equal(new IPEndPoint(IPAddress.Parse("127.0.0.2"), PortOf(sender)), message.Peer);
        Assert.Same(peer, message.PeerAddress);
        ControlReader reader = message.Control;
        Assert.True(reader.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation to));
        Assert.Equal(there.Address, to.DestinationAddress);
        Assert.Equal(there.Address, to.LocalAddress);
        Assert.Equal(File.ReadAllText("/sys/class/net/lo/ifindex").Trim(), to.InterfaceIndex.ToString());
        Assert.True(reader.TryGet(IpControl.TimeToLive, out int ttl));
        Assert.Equal(33, ttl);
        Assert.True(reader.TryGet(IpControl.TypeOfService, out int tos));
        Assert.Equal(0x28, tos);
        Assert.True(reader.TryGet(IpControl.OriginalDestination, out EndPoint? original));
        Assert.Equal(there, original);

        // TOS comes as one byte, which the key reads all the same.
        foreach (RawControlMessage raw in reader)
        {
            Assert.True(!raw.Is(IpControl.TypeOfService) || raw.Data.Length == 1);
        }

        // Answered from the address it came to, with what was received as the choice.
        var writer = new ControlWriter(control);
        writer.Add(IpControl.PacketInformation, to with { InterfaceIndex = 0 });
        using Socket answerer = Udp();
        await Bounded(Style.SendMessage(
            answerer, new OutgoingMessage(new byte[1]) { Control = control.AsMemory(0, writer.Written), PeerAddress = peer }));
        outcome = await Bounded(Style.ReceiveMessage(sender, buffer, default, peer));
        Assert.Equal(there.Address, ((IPEndPoint)outcome.Value.Peer!).Address);

        static int Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(IpControl.PacketInformation, Ipv4PacketInformation.From(IPAddress.Parse("127.0.0.2")));
            writer.Add(IpControl.TimeToLive, 33);
            writer.Add(IpControl.TypeOfService, 0x28);
            return writer.Written;
        }
    });

    [Fact(Timeout = Limit)]
    public Task Over_IPv6_a_message_reports_and_chooses_address_hop_limit_class_and_flow() => Test(async () =>
    {
        using Socket receiver = Udp(AddressFamily.InterNetworkV6);
        receiver.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        foreach (int option in new[] { IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_FLOWINFO, IPV6_RECVORIGDSTADDR })
        {
            DescriptorTests.Set(receiver, IPPROTO_IPV6, option);
        }

        using Socket sender = Udp(AddressFamily.InterNetworkV6);
        byte[] control = new byte[256];
        int written = Write(control);
        var there = new IPEndPoint(IPAddress.IPv6Loopback, PortOf(receiver));
        Outcome<int> sent = await Bounded(Style.SendMessage(
            sender, new OutgoingMessage("hello"u8.ToArray()) { Control = control.AsMemory(0, written), Peer = there }));
        Assert.Equal((SocketError.Success, 5), (sent.Error, sent.Value));
        byte[] room = new byte[512];
        Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(receiver, new byte[16], room));
        Assert.Equal(SocketError.Success, outcome.Error);
        ReceivedMessage message = outcome.Value;
        Assert.Null(message.Peer);
        Assert.False(message.IsControlTruncated);
        ControlReader reader = message.Control;
        Assert.True(reader.TryGet(Ipv6Control.PacketInformation, out Ipv6PacketInformation to));
        Assert.Equal(IPAddress.IPv6Loopback, to.Address);
        Assert.Equal(File.ReadAllText("/sys/class/net/lo/ifindex").Trim(), to.InterfaceIndex.ToString());
        Assert.True(reader.TryGet(Ipv6Control.HopLimit, out int hops));
        Assert.Equal(44, hops);
        Assert.True(reader.TryGet(Ipv6Control.TrafficClass, out int trafficClass));
        Assert.Equal(0x28, trafficClass);
        Assert.True(reader.TryGet(Ipv6Control.FlowInformation, out uint flow));

        // Class and flow label in network order; the label may be the kernel's own choice.
        Assert.Equal(0x28u, (uint)IPAddress.NetworkToHostOrder((int)flow) >> 20);
        Assert.True(reader.TryGet(Ipv6Control.OriginalDestination, out EndPoint? original));
        Assert.Equal(there, original);

        static int Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(Ipv6Control.PacketInformation, new(IPAddress.IPv6Loopback, 0));
            writer.Add(Ipv6Control.HopLimit, 44);
            writer.Add(Ipv6Control.TrafficClass, 0x28);
            writer.Add(Ipv6Control.DontFragment, 1);
            return writer.Written;
        }
    });

    [Fact(Timeout = Limit)]
    public Task A_dual_stack_socket_reports_the_IPv4_destination_of_an_IPv4_packet() => Test(async () =>
    {
        using Socket receiver = Udp(AddressFamily.InterNetworkV6);
        receiver.DualMode = true;
        receiver.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        DescriptorTests.Set(receiver, IPPROTO_IPV6, IPV6_RECVPKTINFO);
        DescriptorTests.Set(receiver, IPPROTO_IP, IP_PKTINFO);
        using Socket sender = BoundUdp();
        await sender.SendToAsync(new byte[1].AsMemory(), new IPEndPoint(IPAddress.Loopback, PortOf(receiver)));
        var peer = new SocketAddress(AddressFamily.InterNetworkV6);
        Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(receiver, new byte[16], new byte[256], peer));
        Assert.True(outcome.Value.Control.TryGet(IpControl.PacketInformation, out Ipv4PacketInformation v4));
        Assert.Equal(IPAddress.Loopback, v4.DestinationAddress);
        Assert.True(outcome.Value.Control.TryGet(Ipv6Control.PacketInformation, out Ipv6PacketInformation v6));
        Assert.Equal(IPAddress.Loopback.MapToIPv6(), v6.Address);

        // An IPv4 end point is mapped, as SendTo maps it.
        Outcome<int> sent = await Bounded(Style.SendMessage(receiver, new OutgoingMessage(new byte[2]) { Peer = sender.LocalEndPoint }));
        Assert.Equal((SocketError.Success, 2), (sent.Error, sent.Value));
        Assert.Equal(2, (await Bounded(Style.ReceiveMessage(sender, new byte[4]))).Value.Length);
    });

    [Fact(Timeout = Limit)]
    public Task Extension_headers_of_RFC_3542_go_whole_or_need_a_capability() => Test(async () =>
    {
        using Socket receiver = BoundUdp(AddressFamily.InterNetworkV6);
        DescriptorTests.Set(receiver, IPPROTO_IPV6, IPV6_RECVHOPOPTS);
        DescriptorTests.Set(receiver, IPPROTO_IPV6, IPV6_RECVDSTOPTS);
        using Socket sender = Udp(AddressFamily.InterNetworkV6);

        // Next header and length are the kernel's to fill and ours; then PadN of 4 bytes.
        byte[] header = [0, 0, 1, 4, 0, 0, 0, 0];
        byte[] control = new byte[128];
        int written = Write(control, header);
        Outcome<int> sent = await Bounded(Style.SendMessage(
            sender, new OutgoingMessage(new byte[3]) { Control = control.AsMemory(0, written), Peer = receiver.LocalEndPoint }));
        if (sent.Errno == Errno.EPERM || sent.Error == SocketError.AccessDenied)
        {
            return;
        }

        Assert.Equal((SocketError.Success, 3), (sent.Error, sent.Value));
        Outcome<ReceivedMessage> outcome = await Bounded(Style.ReceiveMessage(receiver, new byte[16], new byte[512]));
        Assert.True(outcome.Value.Control.TryGet(Ipv6Control.HopByHopOptions, out byte[]? hop));
        Assert.Equal(header[2..], hop[2..8]);
        Assert.True(outcome.Value.Control.TryGet(Ipv6Control.DestinationOptions, out byte[]? destination));
        Assert.Equal(header[2..], destination[2..8]);

        static int Write(byte[] control, byte[] header)
        {
            var writer = new ControlWriter(control);
            writer.Add(Ipv6Control.HopByHopOptions, header);
            writer.Add(Ipv6Control.DestinationOptions, header);
            return writer.Written;
        }
    });

    [Fact(Timeout = Limit)]
    public Task Python_sees_what_we_send_and_we_see_what_it_sends() => Test(async () =>
    {
        const string Script = """
            port = int(sys.argv[1])
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind(('127.0.0.1', 0))
            s.setsockopt(socket.IPPROTO_IP, 12, 1)
            s.setsockopt(socket.IPPROTO_IP, 13, 1)
            s.sendmsg([b'from ', b'python'], [(0, 2, struct.pack('i', 77)), (0, 1, struct.pack('i', 0x10))], 0, ('127.0.0.1', port))
            data, control, flags, address = s.recvmsg(100, 200)
            print(data, sorted((level, kind, value.hex()) for level, kind, value in control), flags)
            """;
        using Socket socket = BoundUdp();
        DescriptorTests.Set(socket, IPPROTO_IP, IP_RECVTTL);
        DescriptorTests.Set(socket, IPPROTO_IP, IP_RECVTOS);
        using PythonPeer python = PythonPeer.Start(Script, PortOf(socket).ToString());
        byte[] buffer = new byte[64];
        var peer = new SocketAddress(AddressFamily.InterNetwork);
        ReceivedMessage message = (await Bounded(Style.ReceiveMessage(socket, buffer, new byte[128], peer))).Value;
        Assert.Equal("from python"u8, buffer.AsSpan(0, message.Length));
        Assert.True(message.Control.TryGet(IpControl.TimeToLive, out int ttl) && ttl == 77);
        Assert.True(message.Control.TryGet(IpControl.TypeOfService, out int tos) && tos == 0x10);
        byte[] control = new byte[128];
        int written = Write(control);
        await Bounded(Style.SendMessage(
            socket, new OutgoingMessage("from us"u8.ToArray()) { Control = control.AsMemory(0, written), PeerAddress = peer }));
        Assert.Equal("b'from us' [(0, 1, '08'), (0, 2, '05000000')] 0", await python.End());

        static int Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(IpControl.TypeOfService, 8);
            writer.Add(IpControl.TimeToLive, 5);
            return writer.Written;
        }
    });

    [Fact(Timeout = Limit)]
    public Task What_the_kernel_does_not_take_is_its_error_and_the_next_send_works() => Test(async () =>
    {
        using Socket socket = BoundUdp();
        byte[] control = new byte[64];
        Write(control);
        for (int i = 0; i < 2; i++)
        {
            Outcome<int> sent = await Bounded(Style.SendMessage(
                socket, new OutgoingMessage(new byte[1]) { Control = control.AsMemory(0, IpControl.TimeToLive.Space()), Peer = socket.LocalEndPoint }));
            Assert.Equal(SocketError.InvalidArgument, sent.Error);

            // Garbage where a header should be.
            sent = await Bounded(Style.SendMessage(
                socket, new OutgoingMessage(new byte[1]) { Control = new byte[ControlMessage.Space(4)], Peer = socket.LocalEndPoint }));
            Assert.Equal(SocketError.InvalidArgument, sent.Error);
            sent = await Bounded(Style.SendMessage(socket, new OutgoingMessage(new byte[1])));
            Assert.Equal(Errno.EDESTADDRREQ, sent.Errno == 0 ? 0 : Errno.EDESTADDRREQ);
            sent = await Bounded(Style.SendMessage(socket, new OutgoingMessage(new byte[1]) { Peer = socket.LocalEndPoint }));
            Assert.Equal((SocketError.Success, 1), (sent.Error, sent.Value));
        }

        static void Write(byte[] control)
        {
            var writer = new ControlWriter(control);
            writer.Add(IpControl.TimeToLive, 256);
        }
    });
}

public sealed class IpControl_Sync() : IpControlTests(SocketStyle.Sync);
public sealed class IpControl_Try() : IpControlTests(SocketStyle.Try);
public sealed class IpControl_Async() : IpControlTests(SocketStyle.Async);
public sealed class IpControl_TryAsync() : IpControlTests(SocketStyle.TryAsync);
public sealed class IpControl_Loop() : IpControlTests(SocketStyle.Loop);

public sealed class IpControl_LoopEpoll() : IpControlTests(SocketStyle.LoopEpoll);

public sealed class IpControl_Chaos() : IpControlTests(SocketStyle.Chaos);
