using System.Net;
using System.Net.Sockets;
using System.Text;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye.Tests.Families;

/// <summary>What holds of every end point: bytes and text there and back, equality, and a decoder that takes anything.</summary>
public sealed class EndPointTests
{
    private const string Marks = "/:@-*%#?[]0123456789abcdef\0\ud800";

    public static TheoryData<string> Types => [.. RandomEndPoints.Types.Select(static type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Bytes_go_there_and_back(string name)
    {
        (Type type, Random random, string seed) = Begin(name);
        for (int i = 0; i < RandomEndPoints.Rounds; i++)
        {
            EndPoint endPoint = RandomEndPoints.Next(type, random);
            byte[] bytes = RandomEndPoints.Serialized(endPoint);
            EndPoint back = endPoint.Create(endPoint.Serialize());
            Assert.True(endPoint.Equals(back), $"{seed}: {endPoint} came back as {back}");
            Assert.Equal(bytes, RandomEndPoints.Serialized(back));
            Assert.IsType(type, back);
            Assert.Equal(endPoint.AddressFamily, back.AddressFamily);
            Assert.Equal(endPoint.GetHashCode(), back.GetHashCode());

            // As a socket decodes it, with room behind the address and the type asked for.
            Span<byte> room = new byte[SocketConstants.AddressBytesMax];
            int length = AddressCodecs.Encode(endPoint, room);
            Assert.Equal(bytes, room[..length].ToArray());
            Assert.Equal(endPoint, AddressCodecs.Decode(room[..length], like: endPoint));

            // And as it decodes without a preferred type: perhaps another type, the same address.
            EndPoint plain = AddressCodecs.Decode(room[..length], like: null)!;
            int again = AddressCodecs.Encode(plain, room);
            Assert.True(room[..again].SequenceEqual(bytes), $"{seed}: {endPoint} became {plain}, {Convert.ToHexString(room[..again])}");
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Text_goes_there_and_back(string name)
    {
        (Type type, Random random, string seed) = Begin(name);
        for (int i = 0; i < RandomEndPoints.Rounds; i++)
        {
            EndPoint endPoint = RandomEndPoints.Next(type, random);
            string text = endPoint.ToString()!;
            Assert.True(RandomEndPoints.TryParse(type, text, out EndPoint? back), $"{seed}: {text} is not read back");
            Assert.Equal(RandomEndPoints.Serialized(endPoint), RandomEndPoints.Serialized(back!));
            Assert.Equal(text, back!.ToString());
            Assert.DoesNotContain(text, static c => c is '?' or '#' || char.IsControl(c));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Parsers_take_any_text(string name)
    {
        (Type type, Random random, string seed) = Begin(name);
        for (int i = 0; i < RandomEndPoints.Rounds; i++)
        {
            // Right text, cut, doubled, and with a character changed; and text that never was right.
            string right = RandomEndPoints.Next(type, random).ToString()!;
            var text = new StringBuilder(right);
            for (int change = random.Next(4); change >= 0 && text.Length > 0; change--)
            {
                switch (random.Next(5))
                {
                    case 0: text.Length = random.Next(text.Length); break;
                    case 1: text[random.Next(text.Length)] = (char)random.Next(0x10000); break;
                    case 2: text[random.Next(text.Length)] = Marks[random.Next(Marks.Length)]; break;
                    case 3: text.Append(right); break;
                    default: text.Remove(random.Next(text.Length), 1); break;
                }
            }

            string garbage = text.ToString();
            if (RandomEndPoints.TryParse(type, garbage, out EndPoint? parsed))
            {
                Assert.True(RandomEndPoints.TryParse(type, parsed!.ToString()!, out EndPoint? again), $"{seed}: {garbage} became {parsed}");
                Assert.Equal(RandomEndPoints.Serialized(parsed), RandomEndPoints.Serialized(again!));
            }
            else
            {
                Assert.Null(parsed);
            }
        }
    }

    [Fact]
    public void Decoders_take_any_bytes()
    {
        int seed = RandomEndPoints.NewSeed();
        var random = new Random(seed);
        EndPoint?[] templates = [null, .. RandomEndPoints.Types.Select(RandomEndPoints.Template), new UnixDomainSocketEndPoint("/x"), new IPEndPoint(IPAddress.Any, 0)];
        int[] families = [0, 1, 2, 10, 16, 17, 29, 30, 40, 42, 65535];
        for (int length = 0; length <= SocketConstants.AddressBytesMax; length++)
        {
            for (int i = 0; i < 100; i++)
            {
                // Exactly as long as it is: to read beyond is to throw.
                byte[] bytes = new byte[length];
                random.NextBytes(bytes);
                if (length >= 2)
                {
                    BitConverter.TryWriteBytes(bytes, (ushort)families[random.Next(families.Length)]);
                }

                EndPoint? template = templates[random.Next(templates.Length)];
                EndPoint? endPoint = AddressCodecs.Decode(bytes, template);
                Assert.True(length < 2 ? endPoint is null : endPoint is not null, $"seed {seed}: {Convert.ToHexString(bytes)}");
                if (endPoint is LinuxEndPoint own)
                {
                    Assert.NotNull(own.ToString());
                    Assert.Equal(own, own.Create(own.Serialize()));
                }
            }
        }
    }

    [Fact]
    public void Equality_is_of_type_and_bytes()
    {
        EndPoint[] all =
        [
            UnixEndPoint.Unnamed, new UnixEndPoint("a"), UnixEndPoint.Abstract("a"), UnixEndPoint.Abstract(""), new NetlinkEndPoint(1), new NetlinkEndPoint(0, 1),
            new VsockEndPoint(1, 2), new VsockEndPoint(2, 1), new VsockEndPoint(1, 2, VsockFlags.ToHost), TipcEndPoint.Service(1, 2), TipcEndPoint.Range(1, 2, 2),
            TipcEndPoint.Port(1, 2), TipcEndPoint.Service(1, 2, 0, TipcScope.Node), new PacketEndPoint(1), new PacketEndPoint(1, 0x800), new PacketEndPoint(1, 0, [0]),
            new CanEndPoint(1), CanEndPoint.IsoTp(1, 0, 0), CanEndPoint.J1939(1, 0, 0, 0), new UnknownEndPoint(30, []), new UnknownEndPoint(16, new byte[10]),
            new UnixDomainSocketEndPoint("a"), new IPEndPoint(IPAddress.IPv6Loopback, 1),
        ];
        for (int i = 0; i < all.Length; i++)
        {
            for (int j = 0; j < all.Length; j++)
            {
                Assert.Equal(i == j, all[i].Equals(all[j]));
            }
        }

        LinuxEndPoint one = new VsockEndPoint(1, 2);
        LinuxEndPoint same = VsockEndPoint.Parse("vsock://1:2");
        LinuxEndPoint? none = null;
        Assert.True(one == same);
        Assert.False(one != same);
        Assert.False(one == none);
        Assert.True(none == null);
        Assert.False(one.Equals(none));
        Assert.Equal(all.Length, all.ToHashSet().Count);
    }

    [Fact]
    public void An_address_of_another_family_is_refused()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => new VsockEndPoint(1, 2).Create(new NetlinkEndPoint(1).Serialize()));
        Assert.Contains("AF_VSOCK", e.Message);
        Assert.IsType<UnknownEndPoint>(new UnknownEndPoint(1, []).Create(new NetlinkEndPoint(1).Serialize()));
        Assert.IsType<UnknownEndPoint>(new NetlinkEndPoint(1).Create(new UnknownEndPoint(16, [1, 2]).Serialize()));
    }

    [Theory]
    [InlineData("/run/x", "/run/x")]
    [InlineData("unix:/run/x", "/run/x")]
    [InlineData("UNIX:/run/x", "/run/x")]
    [InlineData("@name", "@name")]
    [InlineData("unix:@name%00b", "@name%00b")]
    [InlineData("@", "@")]
    [InlineData("", "")]
    [InlineData("unix:", "")]
    [InlineData("%40name", "%40name")]
    [InlineData("unix:unix:x", "%75nix:x")]
    [InlineData("/tmp/100%25 sure%3F%23", "/tmp/100%25 sure%3F%23")]
    [InlineData("/tmp/%FF%fe", "/tmp/%FF%FE")]
    [InlineData("/tmp/%C3%A4\u00e4", "/tmp/\u00e4\u00e4")]
    public void Unix_text_is_read(string text, string printed) => Assert.Equal(printed, UnixEndPoint.Parse(text).ToString());

    [Theory]
    [InlineData("/tmp/%0", typeof(UnixEndPoint))]
    [InlineData("/tmp/%zz", typeof(UnixEndPoint))]
    [InlineData("/tmp/%00", typeof(UnixEndPoint))]
    [InlineData("netlink:route", typeof(NetlinkEndPoint))]
    [InlineData("netlink:/", typeof(NetlinkEndPoint))]
    [InlineData("netlink:/1/", typeof(NetlinkEndPoint))]
    [InlineData("netlink:/-1", typeof(NetlinkEndPoint))]
    [InlineData("vsock://2", typeof(VsockEndPoint))]
    [InlineData("vsock://2:4294967296", typeof(VsockEndPoint))]
    [InlineData("vsock://2:1/256", typeof(VsockEndPoint))]
    [InlineData("tipc://1000", typeof(TipcEndPoint))]
    [InlineData("tipc://1000:", typeof(TipcEndPoint))]
    [InlineData("tipc://1000:1-", typeof(TipcEndPoint))]
    [InlineData("tipc://1000:1/galaxy", typeof(TipcEndPoint))]
    [InlineData("tipc://1000:1/200", typeof(TipcEndPoint))]
    [InlineData("packet:", typeof(PacketEndPoint))]
    [InlineData("packet:no-such-interface", typeof(PacketEndPoint))]
    [InlineData("packet:*/10000", typeof(PacketEndPoint))]
    [InlineData("packet:*/0800/0g", typeof(PacketEndPoint))]
    [InlineData("packet:*/0800/00-11", typeof(PacketEndPoint))]
    [InlineData("packet:*/0800/00/1", typeof(PacketEndPoint))]
    [InlineData("can://", typeof(CanEndPoint))]
    [InlineData("can://*/isotp/1", typeof(CanEndPoint))]
    [InlineData("can://*/j1939/1/2/100", typeof(CanEndPoint))]
    [InlineData("can://*/lin/1/2", typeof(CanEndPoint))]
    [InlineData("family:65536/", typeof(UnknownEndPoint))]
    [InlineData("family:42/0", typeof(UnknownEndPoint))]
    [InlineData("[::1]:80/flow=", typeof(Ipv6EndPoint))]
    [InlineData("[::1]:80/flow=100000000", typeof(Ipv6EndPoint))]
    [InlineData("127.0.0.1:80", typeof(Ipv6EndPoint))]
    public void Text_that_is_wrong_is_refused(string text, Type type)
    {
        Assert.False(RandomEndPoints.TryParse(type, text, out EndPoint? endPoint));
        Assert.Null(endPoint);
        var parse = type.GetMethod(
            "Parse",
            System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.FlattenHierarchy,
            [typeof(string), typeof(IFormatProvider)])!;
        Exception? thrown = Assert.Throws<System.Reflection.TargetInvocationException>(() => parse.Invoke(null, [text, null])).InnerException;
        Assert.Contains("right: ", Assert.IsType<FormatException>(thrown).Message);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_no_path()
    {
        Assert.False(UnixEndPoint.TryParse("/tmp/\ud800", out _));
        Assert.Throws<ArgumentException>(() => new UnixEndPoint("/tmp/\ud800"));
        Assert.Throws<ArgumentException>(() => UnixEndPoint.Abstract("\ud800"));
    }

    [Fact]
    public void Texts_are_those_of_the_remarks()
    {
        Assert.Equal("netlink:/1234", new NetlinkEndPoint(1234).ToString());
        Assert.Equal("netlink:/1234/11", new NetlinkEndPoint(1234, 0x11).ToString());
        Assert.Equal("netlink:/0", NetlinkEndPoint.Kernel.ToString());
        Assert.Equal("vsock://2:8080", new VsockEndPoint(VsockEndPoint.Host, 8080).ToString());
        Assert.Equal("vsock://*:*", new VsockEndPoint(VsockEndPoint.Any, VsockEndPoint.AnyPort).ToString());
        Assert.Equal("vsock://3:8080/1", new VsockEndPoint(3, 8080, VsockFlags.ToHost).ToString());
        Assert.Equal("tipc://1000:1", TipcEndPoint.Service(1000, 1).ToString());
        Assert.Equal("tipc://1000:1@1001001", TipcEndPoint.Service(1000, 1, 0x1001001).ToString());
        Assert.Equal("tipc://1000:1-5", TipcEndPoint.Range(1000, 1, 5).ToString());
        Assert.Equal("tipc://1000:1-5/node", TipcEndPoint.Range(1000, 1, 5, TipcScope.Node).ToString());
        Assert.Equal("tipc://1000:1-5/-node", TipcEndPoint.Range(1000, 1, 5, TipcScope.Node).ToUnbind().ToString());
        Assert.Equal("tipc://1000:1-5/-cluster", TipcEndPoint.Range(1000, 1, 5).ToUnbind().ToString());
        Assert.Equal("tipc://@1001001:77", TipcEndPoint.Port(77, 0x1001001).ToString());
        Assert.Equal("packet:lo", new PacketEndPoint(Libc.InterfaceIndex("lo")).ToString());
        Assert.Equal("packet:*", new PacketEndPoint(0).ToString());
        Assert.Equal("packet:lo/0800/02:00:5e:10:00:01/1/4", new PacketEndPoint(
            Libc.InterfaceIndex("lo"), 0x800, [2, 0, 0x5e, 0x10, 0, 1], 1, PacketType.Outgoing).ToString());
        Assert.Equal("can://lo", new CanEndPoint(Libc.InterfaceIndex("lo")).ToString());
        Assert.Equal("can://999999999/isotp/7e8/7e0", CanEndPoint.IsoTp(999_999_999, 0x7e8, 0x7e0).ToString());
        Assert.Equal("can://*/j1939/0/40000/20", CanEndPoint.J1939(0, address: 0x20).ToString());
        Assert.Equal("family:42/0100000002000000", new UnknownEndPoint(42, [1, 0, 0, 0, 2, 0, 0, 0]).ToString());
        Assert.Equal("[fe80::1%2]:80", new Ipv6EndPoint(IPAddress.Parse("fe80::1%2"), 80).ToString());
        Assert.Equal("[fe80::1%2]:80/flow=12345", new Ipv6EndPoint(IPAddress.Parse("fe80::1%2"), 80, 0x12345).ToString());
    }

    [Fact]
    public void The_scope_of_an_address_may_be_named() =>
        Assert.Equal(Libc.InterfaceIndex("lo"), Ipv6EndPoint.Parse("[::1%lo]:80/flow=1").Address.ScopeId);

    private static (Type Type, Random Random, string Seed) Begin(string name)
    {
        int seed = RandomEndPoints.NewSeed();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        return (RandomEndPoints.Types.Single(type => type.Name == name), new Random(seed), $"seed {seed}");
    }
}
