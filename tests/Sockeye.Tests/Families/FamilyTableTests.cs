using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Tests.Families;

/// <summary>The table of families: numbers, names, what errors mean, and what is read by number.</summary>
public sealed class FamilyTableTests
{
    private const int FamiliesMax = ushort.MaxValue;

    private static readonly EndPoint Inet = new IPEndPoint(IPAddress.Loopback, 80);
    private static readonly EndPoint UnixPath = new UnixEndPoint("/run/x");

    // What a kernel says, and the cause that goes with the family of the address.
    private static readonly Dictionary<string, (EndPoint EndPoint, string Call, int Errno, string Cause)> Causes = new(StringComparer.Ordinal)
    {
        ["a hash that is not there"] = (Algorithm("hash", "sha9"), "bind", Errno.ENOENT, "this kernel has no hash algorithm sha9, or its module is not loaded"),
        ["a cut address of an algorithm"] = (new UnknownEndPoint(FamilyConstants.AF_ALG, [1, 2]), "bind", Errno.ENOENT, "this kernel has no such algorithm"),
        ["a missing directory"] = (UnixPath, "bind", Errno.ENOENT, "the directory does not exist"),
        ["a missing directory, .NET's type"] = (new UnixDomainSocketEndPoint("/run/x"), "bind", Errno.ENOENT, "the directory does not exist"),
        ["a family without a row's own text"] = (new UnknownEndPoint(42, []), "bind", Errno.ENOENT, "No such file or directory"),
        ["a TIPC service that nobody bound"] = (TipcEndPoint.Service(1000, 1), "connect", Errno.EHOSTUNREACH, "no socket has bound that service name"),
        ["a TIPC message to nobody"] = (TipcEndPoint.Service(1000, 1), "send to", Errno.EHOSTUNREACH, "no socket has bound that service name"),
        ["a TIPC socket that is not there"] = (TipcEndPoint.Port(1, 2), "connect", Errno.EHOSTUNREACH, "there is no such node"),
        ["a reserved TIPC type"] = (TipcEndPoint.Service(3, 1), "bind", Errno.EACCES, "service types below 64 are TIPC's own"),
        ["a host without a route"] = (Inet, "connect", Errno.EHOSTUNREACH, "no route to that host"),
        ["a refusing VSOCK peer"] = (new VsockEndPoint(1, 80), "connect", Errno.ECONNRESET, "nothing listens there"),
        ["a resetting TCP peer"] = (Inet, "connect", Errno.ECONNRESET, "the peer reset the connection"),
        ["a low VSOCK port"] = (new VsockEndPoint(1, 80), "bind", Errno.EACCES, "ports below 1024 need CAP_NET_BIND_SERVICE"),
        ["a low TCP port"] = (Inet, "bind", Errno.EACCES, "net.ipv4.ip_unprivileged_port_start"),
        ["a folder without permission"] = (UnixPath, "bind", Errno.EACCES, "the folder needs write permission"),
        ["a socket file without permission"] = (UnixPath, "connect", Errno.EACCES, "the socket file needs write permission"),
        ["a full backlog"] = (UnixPath, "connect", Errno.EAGAIN, "backlog"),
        ["a broadcast"] = (new IPEndPoint(IPAddress.Broadcast, 9), "send to", Errno.EACCES, "EnableBroadcast"),
        ["a netlink port in use"] = (new NetlinkEndPoint(7), "bind", Errno.EADDRINUSE, "another socket has that port id"),
        ["a CAN interface that is down"] = (new CanEndPoint(1), "send to", Errno.ENETDOWN, "the interface is down"),
        ["a packet interface that is gone"] = (new PacketEndPoint(9), "bind", Errno.ENODEV, "this machine has no such interface"),
        ["a name"] = (new DnsEndPoint("host", 80), "connect", Errno.ENETUNREACH, "no route to that network"),
        ["nothing there, whatever the family"] = (new UnknownEndPoint(42, []), "connect", Errno.ECONNREFUSED, "nothing listens there"),
    };

    public static TheoryData<string> CauseNames => [.. Causes.Keys];

    public static TheoryData<string> Types => [.. RandomEndPoints.Types.Select(static type => type.Name)];

    [Fact]
    public void Every_family_has_one_row_and_every_row_one_number_and_name()
    {
        Assert.Equal(FamilyTable.Rows.Length, FamilyTable.Rows.Select(static row => row.Number).Distinct().Count());
        Assert.Equal(FamilyTable.Rows.Length, FamilyTable.Rows.Select(static row => row.Name).Distinct().Count());
        Assert.All(FamilyTable.Rows, static row => Assert.Same(row, FamilyTable.Find(row.Number)));

        // The constants of the header, each with a row of its name.
        FieldInfo[] constants =
        [
            .. typeof(FamilyConstants).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(static field => field.Name.StartsWith("AF_", StringComparison.Ordinal)),
            .. typeof(SocketConstants).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Where(static field => field.Name.StartsWith("AF_", StringComparison.Ordinal)),
        ];
        Assert.Equal(FamilyTable.Rows.Length, constants.Length);
        Assert.All(constants, static field => Assert.Equal(field.Name, FamilyTable.Name((int)field.GetRawConstantValue()!)));
        Assert.Null(FamilyTable.Find(-1));
        Assert.Null(FamilyTable.Find(FamiliesMax));
        Assert.Equal("65535", FamilyTable.Name(FamiliesMax));
    }

    [Fact]
    public void A_familys_endpoint_strings_give_its_own_addresses()
    {
        Assert.All(FamilyTable.Rows, static row => Assert.All(row.Schemes, scheme =>
        {
            EndPoint endPoint = SocketUri.Parse(scheme.Example).EndPoint!;
            FamilyRow its = FamilyTable.Of(endPoint)!;
            Assert.True(its == row || (its.Number == SocketConstants.AF_INET6 && row.Number == SocketConstants.AF_INET), scheme.Prefix);
        }));
        Assert.Equal([.. FamilyTable.Schemes.Select(static scheme => scheme.Prefix), "fd:", "systemd:"], SocketUri.Schemes.Select(static scheme => scheme.Prefix));
    }

    [Fact]
    public void A_number_of_the_kernels_becomes_a_family_of_dotnets_and_back()
    {
        Assert.Equal(AddressFamily.InterNetworkV6, AddressFamily.FromLinux(10));
        Assert.Equal(AddressFamily.Netlink, AddressFamily.FromLinux(16));
        Assert.NotEqual(AddressFamily.AppleTalk, AddressFamily.FromLinux(16));
        for (int number = 0; number <= FamiliesMax; number++)
        {
            Assert.True(FamilyNumbers.TryToLinux(AddressFamily.FromLinux(number), out int back));
            Assert.Equal(number, back);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => AddressFamily.FromLinux(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => AddressFamily.FromLinux(FamiliesMax + 1));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Any_sockaddr_is_decoded(string name)
    {
        int seed = RandomEndPoints.NewSeed();
        var random = new Random(seed);
        Type type = RandomEndPoints.Types.Single(one => one.Name == name);
        for (int i = 0; i < 100; i++)
        {
            EndPoint endPoint = RandomEndPoints.Next(type, random);
            EndPoint back = LinuxEndPoint.Decode(endPoint.Serialize());
            Assert.True(RandomEndPoints.Serialized(endPoint).SequenceEqual(RandomEndPoints.Serialized(back)), $"seed {seed}: {endPoint} became {back}");
        }
    }

    [Fact]
    public void What_dotnet_can_say_is_decoded_as_dotnets_type()
    {
        Assert.Equal(Inet, LinuxEndPoint.Decode(Inet.Serialize()));
        var path = new UnixDomainSocketEndPoint("/run/x");
        Assert.Equal(path, LinuxEndPoint.Decode(path.Serialize()));
        Assert.Equal(new VsockEndPoint(2, 80), LinuxEndPoint.Decode(new VsockEndPoint(2, 80).Serialize()));
        Assert.Throws<ArgumentNullException>(() => LinuxEndPoint.Decode(null!));
        Assert.Throws<ArgumentException>(() => LinuxEndPoint.Decode(new SocketAddress(AddressFamily.Unspecified, 2) { Size = 1 }));
    }

    // 0.0.0.0:0 is an address; that there is none is something else.
    [Theory]
    [InlineData(SocketConstants.AF_INET, 2)]
    [InlineData(SocketConstants.AF_INET, 7)]
    [InlineData(SocketConstants.AF_INET6, 2)]
    [InlineData(SocketConstants.AF_INET6, 27)]
    public void A_cut_address_is_not_filled_up(int family, int length)
    {
        byte[] bytes = new byte[length];
        BitConverter.TryWriteBytes(bytes, (ushort)family);
        UnknownEndPoint endPoint = Assert.IsType<UnknownEndPoint>(AddressCodecs.Decode(bytes, like: null));
        Assert.Equal((family, length - 2), (endPoint.Family, endPoint.Data.Length));
    }

    [Theory]
    [MemberData(nameof(CauseNames))]
    public void An_errors_text_is_its_familys(string name)
    {
        (EndPoint endPoint, string call, int errno, string cause) = Causes[name];
        string message = SocketErrors.Create(call, endPoint, errno).Message;
        Assert.StartsWith($"{call} {SocketErrors.Name(endPoint)}: {Errno.Name(errno)}: ", message, StringComparison.Ordinal);
        Assert.Contains(cause, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, ProtocolType.Icmp)]
    [InlineData(AddressFamily.InterNetworkV6, ProtocolType.IcmpV6)]
    public void A_ping_socket_that_is_refused_names_the_range_of_groups(AddressFamily family, ProtocolType protocol)
    {
        FamilyNumbers.TryToLinux(family, out int number);
        Assert.Contains("net.ipv4.ping_group_range", FamilyTable.Refusal(Errno.EACCES, number, SocketType.Dgram, protocol), StringComparison.Ordinal);
        Assert.Contains("CAP_NET_RAW", FamilyTable.Refusal(Errno.EPERM, number, SocketType.Raw, protocol), StringComparison.Ordinal);

        // The kernel's own words, where this user is in no such group: the default range is empty.
        try
        {
            new Socket(family, SocketType.Dgram, protocol).Dispose();
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AccessDenied)
        {
            Assert.Contains("net.ipv4.ping_group_range", exception.Message, StringComparison.Ordinal);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ProtocolNotSupported or SocketError.AddressFamilyNotSupported)
        {
            // A kernel without ping sockets, or without IPv6.
        }
    }

    [Fact]
    public void Packet_sockets_of_every_type_need_a_capability() => Assert.All(
        new[] { SocketType.Raw, SocketType.Dgram },
        static type => Assert.Equal(
            $"not permitted; AF_PACKET sockets of type {type} need CAP_NET_RAW: run as root, or in a user and network namespace (unshare -rn)",
            FamilyTable.Refusal(Errno.EPERM, SocketConstants.AF_PACKET, type, ProtocolType.Unspecified)));

    private static UnknownEndPoint Algorithm(string type, string name)
    {
        byte[] data = new byte[86];
        System.Text.Encoding.ASCII.GetBytes(type, data);
        System.Text.Encoding.ASCII.GetBytes(name, data.AsSpan(22));
        return new UnknownEndPoint(FamilyConstants.AF_ALG, data);
    }
}
