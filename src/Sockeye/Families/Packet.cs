using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>sll_pkttype: how a packet came by.</summary>
public enum PacketType : byte
{
    /// <summary>PACKET_HOST: to this machine.</summary>
    Host = PacketConstants.PACKET_HOST,

    /// <summary>PACKET_BROADCAST: to all on the link.</summary>
    Broadcast = PacketConstants.PACKET_BROADCAST,

    /// <summary>PACKET_MULTICAST: to a group on the link.</summary>
    Multicast = PacketConstants.PACKET_MULTICAST,

    /// <summary>PACKET_OTHERHOST: to another machine, seen by an interface in promiscuous mode.</summary>
    OtherHost = PacketConstants.PACKET_OTHERHOST,

    /// <summary>PACKET_OUTGOING: sent by this machine, looped back to packet sockets.</summary>
    Outgoing = PacketConstants.PACKET_OUTGOING,
}

/// <summary>AF_PACKET, struct sockaddr_ll, packet(7): an interface, an Ethernet protocol and a hardware address.</summary>
/// <remarks>
/// Text: <c>packet:lo</c>, <c>packet:*</c> for all interfaces, <c>packet:eth0/0800</c> with a protocol,
/// <c>packet:eth0/0800/02:00:5e:10:00:01</c> with a hardware address, and with the hardware's and packet's type, as
/// received, <c>packet:eth0/0800/02:00:5e:10:00:01/1/0</c>. An interface is written by its current name; where it has none, by
/// its index.
/// </remarks>
public sealed class PacketEndPoint : LinuxEndPoint<PacketEndPoint>, ISpanParsable<PacketEndPoint>
{
    /// <summary>ETH_P_ALL: every protocol.</summary>
    public const ushort AllProtocols = PacketConstants.ETH_P_ALL;

    /// <summary>MAX_ADDR_LEN: the longest hardware address in bytes. Ethernet's has 6, InfiniBand's 20.</summary>
    public const int HardwareAddressBytesMax = PacketConstants.MAX_ADDR_LEN;

    // sizeof(struct sockaddr_ll), with room for 8 bytes of address; a longer one runs on past the structure.
    private const int AddressBytesMin = 20;
    private const int HardwareOffset = 12;
    private const string Prefix = "packet:";

    private readonly byte[] _hardware;

    /// <summary>An interface, and what of it.</summary>
    /// <param name="interfaceIndex">sll_ifindex; 0 is all interfaces.</param>
    /// <param name="protocol">sll_protocol, an ETH_P_ number such as 0x0800, in the machine's order. 0, the default, leaves what the socket was made with.</param>
    /// <param name="hardwareAddress">sll_addr, needed to send from a Dgram socket. Defaults to none; at most 32 bytes.</param>
    /// <param name="hardwareType">sll_hatype, an ARPHRD_ number; the kernel sets it on what arrives, and ignores it otherwise.</param>
    /// <param name="packetType">sll_pkttype; the kernel sets it on what arrives, and ignores it otherwise.</param>
    /// <exception cref="ArgumentException">The hardware address is too long.</exception>
    public PacketEndPoint(
        int interfaceIndex,
        ushort protocol = 0,
        ReadOnlySpan<byte> hardwareAddress = default,
        ushort hardwareType = 0,
        PacketType packetType = PacketType.Host)
    {
        if (hardwareAddress.Length > HardwareAddressBytesMax)
        {
            throw new ArgumentException(
                $"A hardware address has at most {HardwareAddressBytesMax} bytes, this one {hardwareAddress.Length}.", nameof(hardwareAddress));
        }

        InterfaceIndex = interfaceIndex;
        Protocol = protocol;
        HardwareType = hardwareType;
        PacketType = packetType;
        _hardware = hardwareAddress.ToArray();
    }

    /// <inheritdoc/>
    public override int Family => SocketConstants.AF_PACKET;

    /// <summary>sll_ifindex; 0 is all interfaces.</summary>
    public int InterfaceIndex { get; }

    /// <summary>sll_protocol, in the machine's order: 0x0800 is IPv4.</summary>
    public ushort Protocol { get; }

    /// <summary>sll_hatype: 1 is Ethernet, 772 the loopback.</summary>
    public ushort HardwareType { get; }

    /// <summary>sll_pkttype.</summary>
    public PacketType PacketType { get; }

    /// <summary>sll_addr, sll_halen bytes of it.</summary>
    public ReadOnlyMemory<byte> HardwareAddress => _hardware;

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>packet:lo</c>, <c>packet:lo/0800</c>, …; the prefix may be absent.</summary>
    /// <param name="s">The text. An interface's name is looked up now.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is no such end point, or there is no such interface.</exception>
    public static PacketEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "packet:lo  packet:eth0/0800, with an interface of this machine");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out PacketEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>packet:lo</c>; see the type's remarks.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back while the interface keeps its name.</returns>
    public override string ToString()
    {
        bool hasTypes = HardwareType != 0 || PacketType != PacketType.Host;
        bool hasAddress = hasTypes || _hardware.Length > 0;
        string text = Prefix + EndPointText.Interface(InterfaceIndex);
        text += hasAddress || Protocol != 0 ? $"/{Protocol:x4}" : "";
        text += hasAddress ? "/" + string.Join(':', _hardware.Select(static octet => octet.ToString("x2", CultureInfo.InvariantCulture))) : "";
        return hasTypes ? $"{text}/{HardwareType}/{(byte)PacketType}" : text;
    }

    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out PacketEndPoint? result)
    {
        const string Form = "after / comes a protocol in hexadecimal, and after another / a hardware address: packet:lo/0800/02:00:5e:10:00:01";
        const string Types = "after the hardware address come its type and the packet's, two numbers: packet:lo/0800/02:00:5e:10:00:01/1/0";
        result = null;
        ulong protocol = 0;
        byte[] hardware = [];
        ulong hardwareType = 0;
        ulong packetType = 0;
        bool more = reader.Cut(ref part, '/', out SocketUriPart name);
        if (!reader.TryInterface(name, out int index))
        {
            return false;
        }

        if (more)
        {
            more = reader.Cut(ref part, '/', out SocketUriPart number);
            if (!reader.TryHex(number, ushort.MaxValue, Form, out protocol))
            {
                return false;
            }
        }

        if (more)
        {
            more = reader.Cut(ref part, '/', out SocketUriPart address);
            if (!reader.TryHexBytes(address, ':', HardwareAddressBytesMax, Form, out hardware))
            {
                return false;
            }
        }

        if (more)
        {
            bool hasBoth = reader.Cut(ref part, '/', out SocketUriPart type);
            if (!reader.TryDecimal(type, ushort.MaxValue, Types, out hardwareType)
                || !(hasBoth ? reader.TryDecimal(part, byte.MaxValue, Types, out packetType) : reader.Fail(part.End, Types)))
            {
                return false;
            }
        }

        result = new PacketEndPoint(index, (ushort)protocol, hardware, (ushort)hardwareType, (PacketType)packetType);
        return true;
    }

    internal static EndPoint? TryDecode(ReadOnlySpan<byte> address)
    {
        // getsockname counts as many bytes of sll_addr as the address has.
        if (address.Length < HardwareOffset || address[11] > Math.Min(address.Length - HardwareOffset, HardwareAddressBytesMax))
        {
            return null;
        }

        return new PacketEndPoint(
            BitConverter.ToInt32(address[4..]),
            BinaryPrimitives.ReadUInt16BigEndian(address[2..]),
            address.Slice(HardwareOffset, address[11]),
            BitConverter.ToUInt16(address[8..]),
            (PacketType)address[10]);
    }

    internal override int Encode(Span<byte> destination)
    {
        int length = Math.Max(AddressBytesMin, HardwareOffset + _hardware.Length);
        Span<byte> address = Begin(destination, length);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], Protocol);
        BitConverter.TryWriteBytes(address[4..], InterfaceIndex);
        BitConverter.TryWriteBytes(address[8..], HardwareType);
        address[10] = (byte)PacketType;
        address[11] = (byte)_hardware.Length;
        _hardware.CopyTo(address[HardwareOffset..]);
        return length;
    }
}

/// <summary>AF_PACKET: struct sockaddr_ll, &lt;linux/if_packet.h&gt;, packet(7). The protocol alone is in network order.</summary>
internal sealed class PacketFamily : FamilyRow
{
    internal PacketFamily()
        : base(SocketConstants.AF_PACKET, "AF_PACKET", "af_packet") => Schemes = PacketScheme.Schemes;

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => PacketEndPoint.TryDecode(address);

    // Those of type Dgram too.
    internal override string Denial(SocketType type, ProtocolType protocol) => NeedsRawCapability(type);

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("bind" or "send to", Errno.ENODEV or Errno.ENXIO) => "this machine has no such interface; ip link lists them",
        ("bind" or "send to", Errno.ENETDOWN) => "the interface is down; ip link set NAME up",
        _ => null,
    };
}

/// <summary><c>packet:INTERFACE</c> and the longer forms of <see cref="PacketEndPoint"/>. Without a protocol it is all of them.</summary>
internal sealed class PacketScheme : SocketUriScheme
{
    private PacketScheme(string name, SocketType type, string summary)
        : base($"{name}:", type, ProtocolType.Unspecified, $"{name}:lo", summary)
    {
    }

    internal static PacketScheme[] Schemes { get; } =
    [
        new("packet", SocketType.Raw, "whole frames of an interface, * is all; packet:eth0/0806 those of one protocol"),
        new("packet-dgram", SocketType.Dgram, "the same, without the link's header"),
    ];

    internal override SocketUriTraits Traits => SocketUriTraits.None;

    internal override AddressFamily AddressFamily => AddressFamily.Packet;

    // The socket itself is made with no protocol, which receives nothing: only what bind(2) names is received.
    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        target = default;
        int slash = reader.Find(part, '/');
        if (!PacketEndPoint.TryRead(reader, part, out PacketEndPoint? endPoint))
        {
            return false;
        }

        target = new(slash < 0 ? new PacketEndPoint(endPoint.InterfaceIndex, PacketEndPoint.AllProtocols) : endPoint);
        return true;
    }

    internal override string Print(in SocketUriTarget target)
    {
        var endPoint = (PacketEndPoint)target.EndPoint!;
        string name = EndPointText.Interface(endPoint.InterfaceIndex);
        string rest = endPoint.ToString()[("packet:".Length + name.Length)..];
        return name + rest switch { "" => "/0000", "/0003" => "", _ => rest };
    }

    internal override bool Accepts(EndPoint endPoint) => endPoint is PacketEndPoint;
}
