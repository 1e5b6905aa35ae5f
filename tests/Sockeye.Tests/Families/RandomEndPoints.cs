using System.Net;

namespace Sockeye.Tests.Families;

/// <summary>End points of every type with random values, and what the tests of all types do with them.</summary>
internal static class RandomEndPoints
{
    /// <summary>A test's rounds: some seconds' worth.</summary>
    internal const int Rounds = 4_000;

    private static ReadOnlySpan<byte> Marks => "@%?#/:unix \u007f\0"u8;

    internal static readonly Type[] Types =
    [
        typeof(UnixEndPoint), typeof(NetlinkEndPoint), typeof(VsockEndPoint), typeof(TipcEndPoint), typeof(PacketEndPoint),
        typeof(CanEndPoint), typeof(UnknownEndPoint), typeof(Ipv6EndPoint),
    ];

    /// <summary>A seed that the failing assertion prints.</summary>
    internal static int NewSeed() => Environment.TickCount;

    internal static EndPoint Next(Type type, Random random) => type.Name switch
    {
        nameof(UnixEndPoint) => random.Next(8) switch
        {
            0 => UnixEndPoint.Unnamed,
            < 4 => UnixEndPoint.Abstract(Bytes(random, 0, 107, zeros: true)),
            _ => new UnixEndPoint(Bytes(random, 1, 108, zeros: false)),
        },
        nameof(NetlinkEndPoint) => new NetlinkEndPoint(Number(random), Number(random)),
        nameof(VsockEndPoint) => new VsockEndPoint(Number(random), Number(random), (VsockFlags)random.Next(256)),
        nameof(TipcEndPoint) => Tipc(random),
        nameof(PacketEndPoint) => new PacketEndPoint(
            Interface(random), (ushort)Number(random), Bytes(random, 0, 32, zeros: true), (ushort)Number(random), (PacketType)(byte)Number(random)),
        nameof(CanEndPoint) => random.Next(3) switch
        {
            0 => new CanEndPoint(Interface(random)),
            1 => CanEndPoint.IsoTp(Interface(random), Number(random), Number(random)),
            _ => CanEndPoint.J1939(Interface(random), (ulong)random.NextInt64(), Number(random), (byte)Number(random)),
        },
        nameof(UnknownEndPoint) => new UnknownEndPoint(random.Next(46, 65536), Bytes(random, 0, 126, zeros: true)),
        nameof(Ipv6EndPoint) => new Ipv6EndPoint(new IPAddress(Bytes(random, 16, 16, zeros: true), Number(random)), random.Next(65536), Number(random)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No generator for this type."),
    };

    /// <summary>An end point of the type, as the template of a decode.</summary>
    internal static EndPoint Template(Type type) => Next(type, new Random(1));

    internal static bool TryParse(Type type, string text, out EndPoint? endPoint)
    {
        bool parsed;
        switch (type.Name)
        {
            case nameof(UnixEndPoint): parsed = UnixEndPoint.TryParse(text, out UnixEndPoint? unix); endPoint = unix; break;
            case nameof(NetlinkEndPoint): parsed = NetlinkEndPoint.TryParse(text, out NetlinkEndPoint? netlink); endPoint = netlink; break;
            case nameof(VsockEndPoint): parsed = VsockEndPoint.TryParse(text, out VsockEndPoint? vsock); endPoint = vsock; break;
            case nameof(TipcEndPoint): parsed = TipcEndPoint.TryParse(text, out TipcEndPoint? tipc); endPoint = tipc; break;
            case nameof(PacketEndPoint): parsed = PacketEndPoint.TryParse(text, out PacketEndPoint? packet); endPoint = packet; break;
            case nameof(CanEndPoint): parsed = CanEndPoint.TryParse(text, out CanEndPoint? can); endPoint = can; break;
            case nameof(UnknownEndPoint): parsed = UnknownEndPoint.TryParse(text, out UnknownEndPoint? unknown); endPoint = unknown; break;
            case nameof(Ipv6EndPoint): parsed = Ipv6EndPoint.TryParse(text, out Ipv6EndPoint? ip); endPoint = ip; break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "No parser for this type.");
        }

        return parsed;
    }

    internal static byte[] Serialized(EndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer.Span[..address.Size].ToArray();
    }

    /// <summary>Small numbers, large ones and the edges.</summary>
    internal static uint Number(Random random) => random.Next(5) switch
    {
        0 => (uint)random.Next(4),
        1 => uint.MaxValue - (uint)random.Next(3),
        2 => 0x8000_0000,
        _ => (uint)random.NextInt64(1L << 32),
    };

    internal static byte[] Bytes(Random random, int min, int max, bool zeros)
    {
        // The edges often; now and then plain text.
        byte[] bytes = new byte[random.Next(6) switch { 0 => min, 1 => max, _ => random.Next(min, max + 1) }];
        bool plain = random.Next(3) == 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            // Text, what is escaped in it, UTF-8's lead bytes, anything.
            bytes[i] = (byte)((plain ? random.Next(2) : random.Next(4)) switch
            {
                0 => random.Next(0x20, 0x7F),
                1 => Marks[random.Next(Marks.Length)],
                2 => random.Next(0xC0, 0xF5),
                _ => random.Next(256),
            });
            if (bytes[i] == 0 && !zeros)
            {
                bytes[i] = (byte)'/';
            }
        }

        return bytes;
    }

    // Interfaces that are, such as 1, that are not, and what the field can hold besides.
    private static int Interface(Random random) => random.Next(3) switch
    {
        0 => random.Next(3),
        1 => random.Next(100_000, int.MaxValue),
        _ => (int)Number(random),
    };

    private static TipcEndPoint Tipc(Random random)
    {
        var scope = (TipcScope)random.Next(sbyte.MinValue, sbyte.MaxValue + 1);
        return random.Next(3) switch
        {
            0 => TipcEndPoint.Service(Number(random), Number(random), Number(random), scope),
            1 => TipcEndPoint.Range(Number(random), Number(random), Number(random), (TipcScope)random.Next(-3, 4)),
            _ => TipcEndPoint.Port(Number(random), Number(random)),
        };
    }
}
