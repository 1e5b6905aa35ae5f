using System.Net;
using System.Net.Sockets;

namespace Sockeye.Tests.Endpoints;

/// <summary>Endpoint strings: what they are read as, what is printed, and how a bad one is told.</summary>
public sealed class EndpointTextTests
{
    private const ProtocolType Mptcp = (ProtocolType)262; // IPPROTO_MPTCP
    private static readonly SocketUriDefaults Chat = new("tcp", 6667);

    private static readonly Dictionary<string, (EndPoint? EndPoint, SocketType Type, ProtocolType Protocol, string Canonical)> Good = new(StringComparer.Ordinal)
    {
        ["tcp://[::1]:8888"] = (Ip("::1", 8888), SocketType.Stream, ProtocolType.Tcp, "tcp://[::1]:8888"),
        ["tcp://127.0.0.1:0"] = (Ip("127.0.0.1", 0), SocketType.Stream, ProtocolType.Tcp, "tcp://127.0.0.1:0"),
        ["TCP://127.0.0.1:80"] = (Ip("127.0.0.1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://127.0.0.1:80"),
        ["tcp://host:0"] = (new DnsEndPoint("host", 0), SocketType.Stream, ProtocolType.Tcp, "tcp://host:0"),
        ["tcp://a-b.example.org.:65535"] = (new DnsEndPoint("a-b.example.org.", 65535), SocketType.Stream, ProtocolType.Tcp, "tcp://a-b.example.org.:65535"),
        ["tcp://münchen.example:1"] = (new DnsEndPoint("münchen.example", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://münchen.example:1"),
        ["tcp://3com.example:1"] = (new DnsEndPoint("3com.example", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://3com.example:1"),
        ["tcp://[2001:DB8:0:0:0:0:0:1]:080"] = (Ip("2001:db8::1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[2001:db8::1]:80"),
        ["tcp://[::ffff:1.2.3.4]:80"] = (Ip("::ffff:1.2.3.4", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[::ffff:1.2.3.4]:80"),
        ["tcp://[fe80::1%1]:80"] = (Ip("fe80::1%1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%1]:80"),
        ["tcp://[fe80::1%lo]:80"] = (Ip("fe80::1%1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%1]:80"),
        ["tcp://[fe80::1%25lo]:80"] = (Ip("fe80::1%1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%1]:80"),
        ["tcp://[fe80::1%25]:80"] = (Ip("fe80::1%25", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%25]:80"),
        ["tcp://[fe80::1%251]:80"] = (Ip("fe80::1%1", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%1]:80"),
        ["tcp://[fe80::1%2525]:80"] = (Ip("fe80::1%25", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%25]:80"),
        ["tcp://[fe80::1%25251]:80"] = (Ip("fe80::1%251", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[fe80::1%25251]:80"),
        ["tcp://*:80"] = (Ip("::", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[::]:80?dual_stack=1"),
        ["tcp://*:80?dual_stack=0"] = (Ip("::", 80), SocketType.Stream, ProtocolType.Tcp, "tcp://[::]:80?dual_stack=0"),
        ["tcp4://*:80"] = (Ip("0.0.0.0", 80), SocketType.Stream, ProtocolType.Tcp, "tcp4://0.0.0.0:80"),
        ["tcp6://*:80"] = (Ip("::", 80), SocketType.Stream, ProtocolType.Tcp, "tcp6://[::]:80"),
        ["tcp4://host:80"] = (new DnsEndPoint("host", 80, AddressFamily.InterNetwork), SocketType.Stream, ProtocolType.Tcp, "tcp4://host:80"),
        ["tcp6://host:80"] = (new DnsEndPoint("host", 80, AddressFamily.InterNetworkV6), SocketType.Stream, ProtocolType.Tcp, "tcp6://host:80"),
        ["mptcp://[::1]:1"] = (Ip("::1", 1), SocketType.Stream, Mptcp, "mptcp://[::1]:1"),
        ["sctp://[::1]:1"] = (Ip("::1", 1), SocketType.Stream, (ProtocolType)132, "sctp://[::1]:1"),
        ["udp://[::1]:9999"] = (Ip("::1", 9999), SocketType.Dgram, ProtocolType.Udp, "udp://[::1]:9999"),
        ["udp4://localhost:53"] = (new DnsEndPoint("localhost", 53, AddressFamily.InterNetwork), SocketType.Dgram, ProtocolType.Udp, "udp4://localhost:53"),
        ["udp6://[::1]:53"] = (Ip("::1", 53), SocketType.Dgram, ProtocolType.Udp, "udp6://[::1]:53"),
        ["udplite://127.0.0.1:1"] = (Ip("127.0.0.1", 1), SocketType.Dgram, (ProtocolType)136, "udplite://127.0.0.1:1"),
        ["unix:/tmp/a b%2fc"] = (new UnixEndPoint("/tmp/a b/c"), SocketType.Stream, ProtocolType.Unspecified, "unix:/tmp/a b/c"),
        ["unix:/tmp/%FF%25%3f%e6%bc%a2"] = (new UnixEndPoint([.. "/tmp/"u8, 0xFF, (byte)'%', (byte)'?', 0xE6, 0xBC, 0xA2]), SocketType.Stream, ProtocolType.Unspecified, "unix:/tmp/%FF%25%3F漢"),
        ["unix:chat.sock?mode=660"] = (new UnixEndPoint("chat.sock"), SocketType.Stream, ProtocolType.Unspecified, "unix:chat.sock?mode=0660"),
        ["unix:///run/x"] = (new UnixEndPoint("///run/x"), SocketType.Stream, ProtocolType.Unspecified, "unix:///run/x"),
        ["unix:@abstract"] = (UnixEndPoint.Abstract("abstract"), SocketType.Stream, ProtocolType.Unspecified, "unix:@abstract"),
        ["unix:@a%00b"] = (UnixEndPoint.Abstract("a\0b"), SocketType.Stream, ProtocolType.Unspecified, "unix:@a%00b"),
        ["unix:%40file"] = (new UnixEndPoint("@file"), SocketType.Stream, ProtocolType.Unspecified, "unix:%40file"),
        ["unix-dgram:/run/log?source=@me%26%3f"] = (new UnixEndPoint("/run/log"), SocketType.Dgram, ProtocolType.Unspecified, "unix-dgram:/run/log?source=@me%26%3F"),
        ["unix-dgram:/run/log?autobind"] = (new UnixEndPoint("/run/log"), SocketType.Dgram, ProtocolType.Unspecified, "unix-dgram:/run/log?autobind=1"),
        ["unix-seqpacket:@bus"] = (UnixEndPoint.Abstract("bus"), SocketType.Seqpacket, ProtocolType.Unspecified, "unix-seqpacket:@bus"),
        ["vsock://2:8080"] = (new VsockEndPoint(2, 8080), SocketType.Stream, ProtocolType.Unspecified, "vsock://2:8080"),
        ["vsock-seqpacket://*:*"] = (new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort), SocketType.Seqpacket, ProtocolType.Unspecified, "vsock-seqpacket://*:*"),
        ["tipc://1000:1"] = (TipcEndPoint.Service(1000, 1), SocketType.Stream, ProtocolType.Unspecified, "tipc://1000:1"),
        ["tipc-seqpacket://1000:1-5/cluster"] = (TipcEndPoint.Range(1000, 1, 5, TipcScope.Cluster), SocketType.Seqpacket, ProtocolType.Unspecified, "tipc-seqpacket://1000:1-5/cluster"),
        ["tipc-rdm://1000:1@1001001"] = (TipcEndPoint.Service(1000, 1, 0x1001001), SocketType.Rdm, ProtocolType.Unspecified, "tipc-rdm://1000:1@1001001"),
        ["tipc-dgram://@1001001:77"] = (TipcEndPoint.Port(77, 0x1001001), SocketType.Dgram, ProtocolType.Unspecified, "tipc-dgram://@1001001:77"),
        ["netlink:route"] = (NetlinkEndPoint.Kernel, SocketType.Raw, ProtocolType.NetlinkRoute, "netlink:route"),
        ["netlink:15?group=1&group=2"] = (NetlinkEndPoint.Kernel, SocketType.Raw, ProtocolType.NetlinkKernelObjectEvents, "netlink:kobject_uevent?group=1&group=2"),
        ["netlink:Generic/77/1f"] = (new NetlinkEndPoint(77, 0x1F), SocketType.Raw, ProtocolType.NetlinkGeneric, "netlink:generic/77/1f"),
        ["netlink:31"] = (NetlinkEndPoint.Kernel, SocketType.Raw, (ProtocolType)31, "netlink:31"),
        ["packet:lo"] = (new PacketEndPoint(1, PacketEndPoint.AllProtocols), SocketType.Raw, ProtocolType.Unspecified, "packet:lo"),
        ["packet:1/0003"] = (new PacketEndPoint(1, PacketEndPoint.AllProtocols), SocketType.Raw, ProtocolType.Unspecified, "packet:lo"),
        ["packet:lo/0"] = (new PacketEndPoint(1, 0), SocketType.Raw, ProtocolType.Unspecified, "packet:lo/0000"),
        ["packet-dgram:*/806"] = (new PacketEndPoint(0, 0x0806), SocketType.Dgram, ProtocolType.Unspecified, "packet-dgram:*/0806"),
        ["packet:lo/0800/02:00:5e:10:00:01"] = (new PacketEndPoint(1, 0x0800, [2, 0, 0x5E, 0x10, 0, 1]), SocketType.Raw, ProtocolType.Unspecified, "packet:lo/0800/02:00:5e:10:00:01"),
        ["can://*"] = (new CanEndPoint(0), SocketType.Raw, ProtocolType.CanRaw, "can://*"),
        ["can://lo/isotp/7e8/7e0"] = (CanEndPoint.IsoTp(1, 0x7E8, 0x7E0), SocketType.Dgram, ProtocolType.CanIsoTp, "can://lo/isotp/7e8/7e0"),
        ["can://lo/j1939/1/3ffff/20"] = (CanEndPoint.J1939(1, 1, 0x3FFFF, 0x20), SocketType.Dgram, ProtocolType.CanJ1939, "can://lo/j1939/1/3ffff/20"),
        ["fd:3"] = (null, SocketType.Unknown, ProtocolType.Unknown, "fd:3"),
        ["systemd:web?backlog=7"] = (null, SocketType.Unknown, ProtocolType.Unknown, "systemd:web?backlog=7"),
        ["systemd:*"] = (null, SocketType.Unknown, ProtocolType.Unknown, "systemd:*"),
        ["tcp://h:1?backlog=512&reuse_port=1"] = (new DnsEndPoint("h", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://h:1?backlog=512&reuse_port=1"),
        ["tcp://h:1?no_delay&keep_alive=off"] = (new DnsEndPoint("h", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://h:1?no_delay=1&keep_alive=0"),
        ["tcp://h:1?no_delay=TRUE&timeout=1.5s"] = (new DnsEndPoint("h", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://h:1?no_delay=1&timeout=1500ms"),
        ["tcp://h:1?send_buffer=64k&receive_buffer=1M"] = (new DnsEndPoint("h", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://h:1?send_buffer=65536&receive_buffer=1048576"),
        ["tcp://h:1?tos=0x10&source=127.0.0.1"] = (new DnsEndPoint("h", 1), SocketType.Stream, ProtocolType.Tcp, "tcp://h:1?tos=16&source=127.0.0.1:0"),
        ["udp://*:5353?group=224.0.0.251%251&group=ff02::fb%251"] = (Ip("::", 5353), SocketType.Dgram, ProtocolType.Udp, "udp://[::]:5353?dual_stack=1&group=224.0.0.251%1&group=ff02::fb%1"),
        ["udp4://*:5353?group=224.0.0.251%25251&group=224.0.0.251%70000"] = (Ip("0.0.0.0", 5353), SocketType.Dgram, ProtocolType.Udp, "udp4://0.0.0.0:5353?group=224.0.0.251%25251&group=224.0.0.251%70000"),
        ["udp6://*:5353?group=ff02::fb%2147483647"] = (Ip("::", 5353), SocketType.Dgram, ProtocolType.Udp, "udp6://[::]:5353?group=ff02::fb%2147483647"),
        ["udp://*:5353?group=224.0.0.251%lo&group=ff02::fb%lo"] = (Ip("::", 5353), SocketType.Dgram, ProtocolType.Udp, "udp://[::]:5353?dual_stack=1&group=224.0.0.251%1&group=ff02::fb%1"),
    };

    public static TheoryData<string> GoodStrings => [.. Good.Keys];

    [Theory]
    [MemberData(nameof(GoodStrings))]
    public void A_good_string_is_read_and_printed(string text)
    {
        var (endPoint, type, protocol, canonical) = Good[text];
        SocketUri endpoint = SocketUri.Parse(text);
        Assert.Equal(canonical, endpoint.ToString());
        Assert.Equal(endPoint, endpoint.EndPoint);
        Assert.Equal(type, endpoint.SocketType);
        Assert.Equal(protocol, endpoint.ProtocolType);
        Assert.Equal(text.StartsWith("fd:", StringComparison.Ordinal) ? 3 : text.StartsWith("systemd:", StringComparison.Ordinal) ? -1 : null, endpoint.Descriptor);
        Assert.Equal(endPoint is null ? AddressFamily.Unknown : endPoint.AddressFamily, endpoint.AddressFamily);
        Assert.Equal(endPoint is DnsEndPoint, endpoint.IsName);

        SocketUri again = SocketUri.Parse(canonical);
        Assert.Equal(endpoint, again);
        Assert.True(endpoint == again && endpoint.GetHashCode() == again.GetHashCode() && endpoint.EndPoint?.Equals(again.EndPoint) != false);
        Assert.Equal(endpoint.Options, again.Options);
    }

    [Theory]
    [InlineData("http", 80)]
    [InlineData("domain", 53)]
    public void A_port_may_be_a_services_name(string service, int port)
    {
        if (!File.Exists("/etc/services"))
        {
            Assert.Skip("There is no /etc/services: apt-get install netbase");
        }

        Assert.Equal($"tcp://[::1]:{port}", SocketUri.Parse($"tcp://[::1]:{service}").ToString());
    }

    // The position, a piece of the problem, and what is shown as right.
    [Theory]
    [InlineData("", 0, "an endpoint is missing", "tcp://[::1]:8888")]
    [InlineData("tcp://", 6, "an address is missing", "tcp://localhost:8888")]
    [InlineData("tcp://?backlog=1", 6, "an address is missing", "tcp://localhost:8888?backlog=1")]
    [InlineData("tcp://:80", 6, "missing before the port; * is every address", "tcp://localhost:80")]
    [InlineData("tcp://127.0.0.1", 15, "a port is missing", "tcp://127.0.0.1:8888")]
    [InlineData("tcp://127.0.0.1:", 16, "a port is missing after :", "tcp://127.0.0.1:8888")]
    [InlineData("tcp://127.0.0.1:65536", 16, "a port is at most 65535", "tcp://127.0.0.1:8888")]
    [InlineData("tcp://127.0.0.1:99999999999", 16, "a port is at most 65535", "tcp://127.0.0.1:8888")]
    [InlineData("tcp://127.0.0.1:6x", 17, "a port is a number", "tcp://127.0.0.1:6")]
    [InlineData("tcp://127.0.0.1:-1", 16, "a port is a number", "tcp://127.0.0.1:8888")]
    [InlineData("tcp://127.0.0.\uFF11:80", 14, "stands in no host name", "tcp://[::1]:8888")]
    [InlineData("tcp://h:nosuchservice", 8, "a service of /etc/services", "tcp://h:8888")]
    [InlineData("tcp://h:80/path", 10, "has no path; its options begin with ?", "tcp://h:80")]
    [InlineData("tcp://h/", 7, "has no path", "tcp://h:8888")]
    [InlineData("tcp://1.2.3.400:1", 12, "0 to 255", "tcp://[::1]:8888")]
    [InlineData("tcp://1.2.3.04:1", 12, "without leading zeros", "tcp://[::1]:8888")]
    [InlineData("tcp://6667", 6, "four parts", "tcp://localhost:6667")]
    [InlineData("tcp://1.2:1", 6, "four parts", "tcp://[::1]:8888")]
    [InlineData("tcp://1.2.3.4.5:1", 6, "no IPv4 address", "tcp://[::1]:8888")]
    [InlineData("tcp://::1:80", 6, "in brackets", "tcp://[::1]:80")]
    [InlineData("tcp://[::1:80", 13, "the closing ] is missing", "tcp://[::1]:80")]
    [InlineData("tcp://[::1]80", 11, "after ] comes :", "tcp://[::1]:80")]
    [InlineData("tcp://[1.2.3.4]:1", 7, "stands an IPv6 address", "tcp://[::1]:8888")]
    [InlineData("tcp://[::g]:1", 9, "stands an IPv6 address", "tcp://[::1]:8888")]
    [InlineData("tcp://[fe80::1%]:1", 15, "comes an interface", "tcp://[::1]:8888")]
    [InlineData("tcp://[fe80::1%*]:1", 15, "* is no interface", "tcp://[::1]:8888")]
    [InlineData("udp://h:1?group=224.0.0.1%16777216", 26, "an interface's index is at most 16777215 here", "udp://h:1")]
    [InlineData("udp://h:1?group=ff02::fb%2147483648", 25, "an interface's index is at most 2147483647 here", "udp://h:1")]
    [InlineData("tcp://[fe80::1%nosuch0]:1", 15, "no interface of that name", "tcp://[::1]:8888")]
    [InlineData("tcp://exa mple:1", 9, "in no host name", "tcp://[::1]:8888")]
    [InlineData("tcp://-x:1", 6, "no host name", "tcp://[::1]:8888")]
    [InlineData("tcp4://[::1]:1", 7, "tcp4:// takes no IPv6 address", "tcp4://127.0.0.1:8888")]
    [InlineData("udp6://1.2.3.4:1", 7, "udp6:// takes no IPv4 address", "udp6://[::1]:9999")]
    [InlineData("unix:", 5, "a path is missing", "unix:/run/chat.sock")]
    [InlineData("unix:?mode=0600", 5, "a path is missing", "unix:/run/chat.sock")]
    [InlineData("unix:/tmp/100%", 13, "two hexadecimal digits; % itself is written %25", "unix:/run/chat.sock")]
    [InlineData("unix:/tmp/%4", 10, "two hexadecimal digits", "unix:/run/chat.sock")]
    [InlineData("unix:/tmp/%4x", 10, "two hexadecimal digits", "unix:/run/chat.sock")]
    [InlineData("unix:/tmp/a%00b", 11, "a path holds no NUL", "unix:/run/chat.sock")]
    [InlineData("unix:@123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678", 6, "name has at most 107 bytes, this one 108", "unix:/run/chat.sock")]
    [InlineData("unix:/x?mode=0980", 14, "mode has the digits 0 to 7", "unix:/x")]
    [InlineData("unix:/x?mode=7777", 16, "mode is at most 0777", "unix:/x")]
    [InlineData("unix:/x?mode=66", 13, "mode has three digits or more", "unix:/x")]
    [InlineData("unix:/x?mode=0660&no_delay=1", 18, "unix: has no option \"no_delay\"", "unix:/x?mode=0660")]
    [InlineData("unix-dgram:/x?backlog=5", 14, "unix-dgram: has no option \"backlog\"", "unix-dgram:/x")]
    [InlineData("unix-stream:/x", 0, "a scheme is missing", "tcp://[::1]:8888")]
    [InlineData("unixdgram:/x", 0, "a scheme is missing", "tcp://[::1]:8888")]
    [InlineData("vsock://", 8, "a context id is missing", "vsock://2:8080")]
    [InlineData("vsock://2", 9, "a port is missing", "vsock://2:8080")]
    [InlineData("vsock://x:1", 8, "a context id is a number", "vsock://2:8080")]
    [InlineData("vsock://2:", 10, "a port is missing", "vsock://2:8080")]
    [InlineData("vsock://2:4294967296", 10, "a port is at most 4294967295", "vsock://2:8080")]
    [InlineData("vsock://2:1/999", 12, "at most 255", "vsock://2:8080")]
    [InlineData("tipc://", 7, "a service is missing", "tipc://1000:1")]
    [InlineData("tipc://1000", 11, "after the type comes : and the instance", "tipc://1000:1")]
    [InlineData("tipc://1000:x", 12, "no type:instance", "tipc://1000:1")]
    [InlineData("netlink:", 8, "a protocol is missing", "netlink:route")]
    [InlineData("netlink:rout", 8, "no such protocol; there are route usersock", "netlink:route")]
    [InlineData("netlink:32", 8, "a protocol is at most 31", "netlink:route")]
    [InlineData("netlink:route/", 14, "after / comes a port id", "netlink:route")]
    [InlineData("netlink:route/1/g", 16, "after / comes a port id", "netlink:route")]
    [InlineData("netlink:route?group=0", 20, "group is at least 1", "netlink:route")]
    [InlineData("packet:", 7, "an interface is missing", "packet:lo")]
    [InlineData("packet:nosuch0", 7, "no interface of that name; ip link lists them", "packet:lo")]
    [InlineData("packet:lo/080g", 13, "a protocol in hexadecimal", "packet:lo")]
    [InlineData("packet-dgram:lo/", 16, "a protocol in hexadecimal", "packet-dgram:lo")]
    [InlineData("can://nosuch0", 6, "no interface of that name", "can://*")]
    [InlineData("can://lo/isotp", 9, "isotp/RX/TX", "can://*")]
    [InlineData("fd:", 3, "a descriptor is missing", "fd:3")]
    [InlineData("systemd:", 8, "a name is missing", "systemd:web")]
    [InlineData("systemd:a:b", 9, "no colons", "systemd:web")]
    [InlineData("systemd:a b", 9, "no spaces", "systemd:web")]
    [InlineData("fd:x", 3, "a descriptor is a number", "fd:3")]
    [InlineData("fd:-1", 3, "a descriptor is a number", "fd:3")]
    [InlineData("fd:99999999999", 3, "at most", "fd:3")]
    [InlineData("tcp:127.0.0.1:80", 4, "after tcp: comes //", "tcp://127.0.0.1:80")]
    [InlineData("tcp:/[::1]:80", 4, "after tcp: comes //", "tcp://[::1]:80")]
    [InlineData("localhost:8888", 0, "did you mean tcp://localhost:8888?", "tcp://localhost:8888")]
    [InlineData("8888", 0, "did you mean tcp://localhost:8888?", "tcp://localhost:8888")]
    [InlineData("::1", 0, "did you mean tcp://[::1]:8888?", "tcp://[::1]:8888")]
    [InlineData("localhost", 0, "did you mean tcp://localhost:8888?", "tcp://localhost:8888")]
    [InlineData("/run/x.sock", 0, "did you mean unix:/run/x.sock?", "unix:/run/x.sock")]
    [InlineData("@name", 0, "did you mean unix:@name?", "unix:@name")]
    [InlineData("tpc://[::1]:80", 0, "no scheme \"tpc\", did you mean tcp?; there are tcp:// ", "tcp://[::1]:80")]
    [InlineData("http://[::1]:80", 0, "no scheme \"http\"", "tcp://[::1]:8888")]
    [InlineData("tcp://h:1?", 10, "an option is missing; it takes backlog, ", "tcp://h:1")]
    [InlineData("tcp://h:1?&", 10, "an option is missing", "tcp://h:1")]
    [InlineData("tcp://h:1?backlog=1&", 20, "an option is missing", "tcp://h:1?backlog=1")]
    [InlineData("tcp://h:1?=1", 10, "an option is missing", "tcp://h:1")]
    [InlineData("tcp://h:1?bcklog=1", 10, "tcp:// has no option \"bcklog\", did you mean backlog?; it takes backlog, ", "tcp://h:1?backlog=1")]
    [InlineData("udp://h:1?backlog=1", 10, "udp:// has no option \"backlog\"", "udp://h:1")]
    [InlineData("udp://h:1?ttl=3&no_delay=1", 16, "udp:// has no option \"no_delay\"", "udp://h:1?ttl=3")]
    [InlineData("tcp://h:1?ttl=3&ttl=3", 16, "ttl is given twice", "tcp://h:1?ttl=3")]
    [InlineData("tcp://h:1?backlog", 17, "backlog has no value; it is a number from 0", "tcp://h:1")]
    [InlineData("tcp://h:1?backlog=", 18, "a value is missing; backlog is a number from 0", "tcp://h:1")]
    [InlineData("tcp://h:1?backlog=-1", 18, "backlog is a number", "tcp://h:1")]
    [InlineData("tcp://h:1?ttl=256", 14, "ttl is at most 255", "tcp://h:1")]
    [InlineData("tcp://h:1?ttl=0", 14, "ttl is at least 1", "tcp://h:1")]
    [InlineData("tcp://h:1?no_delay=2", 19, "no_delay is 1 or 0", "tcp://h:1?no_delay=1")]
    [InlineData("tcp://h:1?timeout=5", 19, "after the number comes ms, s, m or h", "tcp://h:1?timeout=5s")]
    [InlineData("tcp://h:1?timeout=soon", 18, "timeout is a time", "tcp://h:1")]
    [InlineData("tcp://h:1?timeout=0s", 18, "timeout is 1ms to", "tcp://h:1")]
    [InlineData("tcp://h:1?timeout=99999h", 18, "timeout is 1ms to", "tcp://h:1")]
    [InlineData("tcp://h:1?timeout=99999999999999999999999h", 18, "timeout is a time", "tcp://h:1")]
    [InlineData("tcp://h:1?send_buffer=64g", 24, "send_buffer is a number", "tcp://h:1")]
    [InlineData("tcp://h:1?send_buffer=k", 22, "send_buffer is missing", "tcp://h:1")]
    [InlineData("tcp://h:1?send_buffer=4096m", 22, "at most", "tcp://h:1")]
    [InlineData("tcp://h:1?source=localhost", 17, "source is an address of this machine", "tcp://h:1")]
    [InlineData("tcp://h:1?source=1.2.3.4:x", 25, "a port is a number", "tcp://h:1")]
    [InlineData("tcp://1.2.3.4:1?dual_stack=1", 16, "dual_stack is for IPv6 addresses", "tcp://1.2.3.4:1")]
    [InlineData("unix:@name?mode=0600", 11, "mode is for a path; an abstract name is no file", "unix:@name")]
    [InlineData("unix-dgram:@name?unlink=1", 17, "unlink is for a path; an abstract name is no file", "unix-dgram:@name")]
    [InlineData("tcp4://1.2.3.4:1?dual_stack=1", 17, "tcp4:// has no option \"dual_stack\"", "tcp4://1.2.3.4:1")]
    [InlineData("udp://h:1?group=1.2.3.4", 16, "no multicast group", "udp://h:1")]
    [InlineData("udp://h:1?group=224.0.0.1%nosuch0", 26, "no interface of that name", "udp://h:1")]
    [InlineData("tcp://h:1?interface=a%zz", 21, "two hexadecimal digits", "tcp://h:1")]
    [InlineData("tcp://h:1?interface=aaaaaaaaaaaaaaaa", 20, "at most 15 bytes", "tcp://h:1")]
    [InlineData("tipc://1000:1/galaxy", 14, "a scope is zone, cluster or node", "tipc://1000:1")]
    [InlineData("tipc://1000:1-", 14, "no type:instance", "tipc://1000:1")]
    [InlineData("tipc://@10g:1", 10, "no type:instance", "tipc://1000:1")]
    [InlineData("tipc://1000:4294967296", 12, "no type:instance", "tipc://1000:1")]
    [InlineData("packet:lo/0800/02:00-00", 20, "a hardware address", "packet:lo")]
    [InlineData("packet:lo/0800/0", 16, "a hardware address", "packet:lo")]
    [InlineData("packet:lo/10000", 10, "a protocol in hexadecimal", "packet:lo")]
    [InlineData("packet:lo/0800/00/1", 19, "its type and the packet's", "packet:lo")]
    [InlineData("can://lo/isotp/7e8/7e0x", 22, "isotp/RX/TX", "can://*")]
    [InlineData("can://lo/j1939/0/40000/100", 23, "j1939/NAME/PGN/ADDRESS", "can://*")]
    public void A_bad_string_is_pointed_at_and_a_right_one_shown(string text, int position, string problem, string example)
    {
        Assert.False(SocketUri.TryParse(text, out SocketUri? endpoint, out SocketUriError? error));
        Assert.Null(endpoint);
        Assert.Contains(problem, error.Problem);
        Assert.Equal((text, position, example), (error.Text, error.Position, error.Example));
        Assert.True(SocketUri.TryParse(error.Example, out _), "The example is no right string.");

        string[] lines = error.Message.Split('\n');
        string shown = text.Length - position <= 50 ? text : text[..(position + 50)] + "…";
        Assert.Equal([error.Problem, $"    {shown}", $"    {new string(' ', position)}^", $"  right: {example}"], lines);
        Assert.Equal(error.Message, Assert.Throws<FormatException>(() => SocketUri.Parse(text)).Message);
        Assert.False(SocketUri.TryParse(text, out _));
    }

    [Theory]
    [InlineData("vsock://2:4294967296", typeof(VsockEndPoint))]
    [InlineData("vsock://2", typeof(VsockEndPoint))]
    [InlineData("tipc://1000:x", typeof(TipcEndPoint))]
    [InlineData("tipc://1000:1/galaxy", typeof(TipcEndPoint))]
    [InlineData("packet:nosuch0", typeof(PacketEndPoint))]
    [InlineData("packet:lo/0800/02:00-00", typeof(PacketEndPoint))]
    [InlineData("can://lo/isotp", typeof(CanEndPoint))]
    [InlineData("unix:/tmp/%4x", typeof(UnixEndPoint))]
    [InlineData("unix:/tmp/a%00b", typeof(UnixEndPoint))]
    public void An_end_points_own_parser_finds_the_same_fault(string text, Type type)
    {
        Assert.False(SocketUri.TryParse(text, out _, out SocketUriError? error));
        Exception? thrown = Assert.Throws<System.Reflection.TargetInvocationException>(() => type.GetMethod(
            "Parse",
            System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.FlattenHierarchy,
            [typeof(string), typeof(IFormatProvider)])!.Invoke(null, [text, null])).InnerException;
        Assert.Contains($": {error.Problem}; right: ", Assert.IsType<FormatException>(thrown).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_string_is_shown_around_the_character_and_signs_that_are_not_seen_by_one_each()
    {
        string text = "tcp://" + new string('a', 200) + "\u001b[2J" + new string('b', 200) + ":1";
        Assert.False(SocketUri.TryParse(text, out _, out SocketUriError? error));
        Assert.Equal(206, error.Position);
        string[] lines = error.Message.Split('\n');
        Assert.Equal("    …" + new string('a', 50) + "\uFFFD[2J" + new string('b', 46) + "…", lines[1]);
        Assert.Equal(lines[1].IndexOf('\uFFFD'), lines[2].IndexOf('^'));
    }

    [Fact]
    public void Nothing_is_not_a_string()
    {
        Assert.Throws<ArgumentNullException>(() => SocketUri.Parse(null!));
        Assert.False(SocketUri.TryParse(null, out _));
    }

    [Theory]
    [InlineData("127.0.0.1:7000", "tcp://127.0.0.1:7000")]
    [InlineData("127.0.0.1", "tcp://127.0.0.1:6667")]
    [InlineData("[::1]", "tcp://[::1]:6667")]
    [InlineData("localhost", "tcp://localhost:6667")]
    [InlineData("localhost?timeout=5s", "tcp://localhost:6667?timeout=5s")]
    [InlineData("tcp://[::1]", "tcp://[::1]:6667")]
    [InlineData("tcp4://localhost", "tcp4://localhost:6667")]
    [InlineData("unix:/tmp/chat", "unix:/tmp/chat")]
    public void Defaults_say_what_a_string_leaves_out(string text, string canonical) =>
        Assert.Equal(canonical, SocketUri.Parse(text, Chat).ToString());

    [Theory]
    [InlineData("", 0, "an address is missing")]
    [InlineData(":6667", 0, "missing before the port")]
    [InlineData("6667", 0, "four parts")]
    [InlineData("::1:6667", 0, "in brackets")]
    [InlineData("127.0.0.1:6x", 11, "a port is a number")]
    [InlineData("/tmp/x", 0, "did you mean unix:/tmp/x?")]
    [InlineData("tcp:host", 4, "after tcp: comes //")]
    [InlineData("tpc://host", 0, "did you mean tcp?")]
    public void With_defaults_positions_are_those_of_the_given_string(string text, int position, string problem)
    {
        Assert.False(SocketUri.TryParse(text, Chat, out _, out SocketUriError? error));
        Assert.Contains(problem, error.Problem);
        Assert.Equal((text, position), (error.Text, error.Position));
    }

    [Theory]
    [InlineData("\u202Ebad://x")]
    [InlineData("tcp://h:1?\u202Ebad=1")]
    [InlineData("tcp://h:1?\u2028\u2029\u009B=1")]
    public void No_sign_of_a_bad_string_turns_or_moves_what_is_shown(string text)
    {
        Assert.False(SocketUri.TryParse(text, out _, out SocketUriError? error));
        Assert.DoesNotContain(error.Problem + error.Message, static c => c is '\u202E' or '\u2028' or '\u2029' or '\u009B');
    }

    [Fact]
    public void Defaults_without_a_port_want_one() =>
        Assert.Equal("a port is missing: : and a number, 0 for a free one", Problem("host", new SocketUriDefaults("tcp")));

    [Fact]
    public void Defaults_must_name_a_scheme() =>
        Assert.Throws<ArgumentException>(() => SocketUri.TryParse("host", new SocketUriDefaults("nosuch"), out _, out _));

    [Fact]
    public void An_option_is_added_or_changed()
    {
        SocketUri endpoint = SocketUri.Parse("tcp://[::1]:1?backlog=5&no_delay=1");
        Assert.Equal("tcp://[::1]:1?backlog=7&no_delay=1", endpoint.WithOption("backlog", "7").ToString());
        Assert.Equal("tcp://[::1]:1?backlog=5&no_delay=1&timeout=2s", endpoint.WithOption("timeout", "2s").ToString());
        Assert.Equal(TimeSpan.FromSeconds(2), endpoint.WithOption("timeout", "2s").Timeout);
        Assert.Null(endpoint.Timeout);
        Assert.True(endpoint.HasOption("backlog"));
        Assert.False(endpoint.HasOption("timeout"));
        Assert.Throws<FormatException>(() => endpoint.WithOption("nosuch", "1"));
        Assert.Throws<FormatException>(() => endpoint.WithOption("backlog", "x"));
        Assert.Throws<FormatException>(() => endpoint.WithOption("backlog", "1&no_delay=1"));
    }

    [Fact]
    public void Another_address_keeps_scheme_and_options()
    {
        SocketUri endpoint = SocketUri.Parse("tcp://localhost:0?no_delay=1");
        Assert.Equal("tcp://127.0.0.1:77?no_delay=1", endpoint.WithEndPoint(Ip("127.0.0.1", 77)).ToString());
        SocketUri both = SocketUri.Parse("tcp://localhost:0?dual_stack=1&no_delay=1").WithEndPoint(Ip("127.0.0.1", 77));
        Assert.Equal("tcp://127.0.0.1:77?no_delay=1", both.ToString());
        Assert.Equal(both, SocketUri.Parse(both.ToString()));
        Assert.Throws<ArgumentException>(() => endpoint.WithEndPoint(new UnixDomainSocketEndPoint("/x")));
        Assert.Throws<ArgumentException>(() => SocketUri.Parse("tcp6://[::1]:0").WithEndPoint(Ip("127.0.0.1", 77)));
    }

    [Fact]
    public void An_end_point_has_its_string()
    {
        Assert.Equal("tcp://127.0.0.1:77", SocketUri.FromEndPoint(Ip("127.0.0.1", 77)).ToString());
        Assert.Equal("udp://[::1]:77", SocketUri.FromEndPoint(Ip("::1", 77), SocketType.Dgram).ToString());
        Assert.Equal("mptcp://[::1]:77", SocketUri.FromEndPoint(Ip("::1", 77), SocketType.Stream, Mptcp).ToString());
        Assert.Equal("tcp6://host:77", SocketUri.FromEndPoint(new DnsEndPoint("host", 77, AddressFamily.InterNetworkV6)).ToString());
        Assert.Equal("unix:/x", SocketUri.FromEndPoint(new UnixDomainSocketEndPoint("/x")).ToString());
        Assert.Equal("unix-dgram:/x", SocketUri.FromEndPoint(new UnixDomainSocketEndPoint("/x"), SocketType.Dgram).ToString());
        Assert.Equal("unix:@x", SocketUri.FromEndPoint(new UnixDomainSocketEndPoint("\0x")).ToString());
        Assert.Equal("netlink:generic/5", SocketUri.FromEndPoint(new NetlinkEndPoint(5), SocketType.Raw, ProtocolType.NetlinkGeneric).ToString());
        Assert.Equal("can://*", SocketUri.FromEndPoint(new CanEndPoint(0), SocketType.Raw).ToString());
        SocketUri address = SocketUri.FromEndPoint(new DnsEndPoint("127.0.0.1", 77));
        Assert.Equal((SocketUri.Parse("tcp://127.0.0.1:77"), false), (address, address.IsName));
        foreach (string host in new[] { "a?timeout=1s", "a:1", "::1", "[::1]", "*", "a b", "a/b", "a#b", "a\0b", "127.1" })
        {
            Assert.Throws<ArgumentException>(() => SocketUri.FromEndPoint(new DnsEndPoint(host, 77)));
            Assert.Throws<ArgumentException>(() => address.WithEndPoint(new DnsEndPoint(host, 77)));
        }

        Assert.Throws<ArgumentException>(() => SocketUri.FromEndPoint(UnixEndPoint.Unnamed));
        Assert.Throws<ArgumentException>(() => SocketUri.FromEndPoint(Ip("::1", 77), SocketType.Raw));
    }

    [Fact]
    public void It_parses_through_NETs_interfaces()
    {
        Assert.Equal("tcp://[::1]:1", Generic<SocketUri>("tcp://[::1]:1").ToString());
        Assert.Throws<FormatException>(() => Generic<SocketUri>("nonsense"));
        Assert.True(GenericTry<SocketUri>("tcp://[::1]:1", out var endpoint) && endpoint.Scheme.Name == "tcp");
        Assert.False(GenericTry<SocketUri>("nonsense", out _));

        static T Generic<T>(ReadOnlySpan<char> text)
            where T : ISpanParsable<T> => T.Parse(text, provider: null);
        static bool GenericTry<T>(ReadOnlySpan<char> text, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value)
            where T : ISpanParsable<T> => T.TryParse(text, provider: null, out value);
    }

    [Fact]
    public void Every_scheme_has_a_right_example_of_its_own()
    {
        foreach (SocketUriScheme scheme in SocketUri.Schemes)
        {
            SocketUri endpoint = SocketUri.Parse(scheme.Example);
            Assert.Same(scheme, endpoint.Scheme);
            Assert.Equal(scheme.Example, endpoint.ToString());
            Assert.NotEmpty(scheme.Summary);
            Assert.Equal(scheme.Options.Order(StringComparer.Ordinal), scheme.Options);
            Assert.StartsWith(scheme.Name + ":", scheme.Prefix);
        }

        Assert.Equal(SocketUri.Schemes.Count, SocketUri.Schemes.Select(static scheme => scheme.Prefix).Distinct().Count());
        Assert.Equal(SocketUri.KnownOptions.Select(static option => option.Name).Order(StringComparer.Ordinal), SocketUri.KnownOptions.Select(static option => option.Name));
        Assert.All(SocketUri.KnownOptions, static option => Assert.Contains(SocketUri.Schemes, option.AppliesTo));
    }

    private static string Problem(string text, SocketUriDefaults defaults) =>
        SocketUri.TryParse(text, defaults, out _, out SocketUriError? error) ? "" : error.Problem;

    private static IPEndPoint Ip(string address, int port) => new(IPAddress.Parse(address), port);

    [Theory]
    [InlineData("web", "self", "3", "web:other:web", "3 5", "")]
    [InlineData("other", "self", "3", "web:other:web", "4", "")]
    [InlineData("*", "self", "3", "web:other:web", "3 4 5", "")]
    [InlineData("unknown", "self", "2", "web", "4", "")]
    [InlineData("unknown", "self", "2", null, "3 4", "")]
    [InlineData("mail", "self", "3", "web:other:web", "", "there are web, other")]
    [InlineData("web", "1", "1", "web", "", "are for process 1,")]
    [InlineData("web", "self", "no", "web", "", "LISTEN_FDS says no,")]
    [InlineData("web", "self", "0", "web", "", "LISTEN_FDS says 0,")]
    [InlineData("web", null, "1", "web", "", "are not set")]
    [InlineData("web", "self", null, "web", "", "are not set")]
    public void Sockets_that_were_passed_are_found_by_their_name(string name, string? process, string? count, string? names, string found, string problem)
    {
        int[] descriptors = InheritedSockets.Find(name, process == "self" ? $"{Environment.ProcessId}" : process, count, names, out string said);
        Assert.Equal(found, string.Join(' ', descriptors));
        Assert.Contains(problem, said);
        Assert.Equal(problem.Length == 0, said.Length == 0);
    }

    [Fact]
    public void A_name_that_nobody_passed_is_said()
    {
        SocketUri endpoint = SocketUri.Parse("systemd:web");
        System.Net.Sockets.SocketException listen = Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => endpoint.Listen());
        Assert.Contains("take systemd:web: ENOENT: no sockets were passed to this process", listen.Message);
        Assert.Contains("take systemd:web: ENOENT: no sockets were passed", Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => endpoint.Resolve()).Message);
        Assert.Equal("ENOENT", endpoint.TryListen().ErrnoName);
    }
}
