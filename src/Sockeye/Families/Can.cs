using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>Which part of can_addr a <see cref="CanEndPoint"/> has.</summary>
public enum CanAddressKind
{
    /// <summary>None: an interface alone, for CAN_RAW and CAN_BCM.</summary>
    Raw = 0,

    /// <summary>can_addr.tp: identifiers to receive and to send by, for CAN_ISOTP.</summary>
    IsoTp = CanConstants.CAN_ISOTP,

    /// <summary>can_addr.j1939: a name, a parameter group and an address, for CAN_J1939.</summary>
    J1939 = CanConstants.CAN_J1939,
}

/// <summary>AF_CAN, struct sockaddr_can, the kernel's can.rst: an interface, and the address its protocol needs.</summary>
/// <remarks>
/// The address does not say its protocol; its length does: 8 bytes, 16 for ISO-TP, 24 for J1939. Text:
/// <c>can://vcan0</c>, <c>can://*</c> for all interfaces, <c>can://vcan0/isotp/7e8/7e0</c> (receive, send),
/// <c>can://vcan0/j1939/0/40000/20</c> (name, parameter group, address), numbers in hexadecimal.
/// </remarks>
public sealed class CanEndPoint : LinuxEndPoint<CanEndPoint>, ISpanParsable<CanEndPoint>
{
    /// <summary>J1939_NO_ADDR: no address, or all.</summary>
    public const byte NoAddress = CanConstants.J1939_NO_ADDR;

    /// <summary>J1939_NO_NAME: no name.</summary>
    public const ulong NoName = CanConstants.J1939_NO_NAME;

    /// <summary>J1939_NO_PGN: no parameter group.</summary>
    public const uint NoParameterGroup = CanConstants.J1939_NO_PGN;

    private const int RawBytes = 8;
    private const int IsoTpBytes = 16;
    private const int J1939Bytes = 24;
    private const string Prefix = "can://";

    /// <summary>An interface, for CAN_RAW and CAN_BCM.</summary>
    /// <param name="interfaceIndex">can_ifindex; 0 is all interfaces.</param>
    public CanEndPoint(int interfaceIndex) => InterfaceIndex = interfaceIndex;

    /// <inheritdoc/>
    public override int Family => SocketConstants.AF_CAN;

    /// <summary>Which of the properties below count.</summary>
    public CanAddressKind Kind { get; private init; }

    /// <summary>can_ifindex; 0 is all interfaces.</summary>
    public int InterfaceIndex { get; }

    /// <summary>tp.rx_id: the identifier to receive by, CAN_EFF_FLAG (0x80000000) set for one of 29 bits.</summary>
    public uint ReceiveId { get; private init; }

    /// <summary>tp.tx_id: the identifier to send by.</summary>
    public uint TransmitId { get; private init; }

    /// <summary>j1939.name: the device's name, <see cref="NoName"/> for none.</summary>
    public ulong Name { get; private init; }

    /// <summary>j1939.pgn: the parameter group, <see cref="NoParameterGroup"/> for none.</summary>
    public uint ParameterGroup { get; private init; }

    /// <summary>j1939.addr: the address on the bus, <see cref="NoAddress"/> for none.</summary>
    public byte Address { get; private init; }

    /// <summary>An address of ISO 15765-2's transport.</summary>
    /// <param name="interfaceIndex">can_ifindex.</param>
    /// <param name="receiveId">tp.rx_id, with CAN_EFF_FLAG for 29 bits.</param>
    /// <param name="transmitId">tp.tx_id.</param>
    /// <returns>The end point.</returns>
    public static CanEndPoint IsoTp(int interfaceIndex, uint receiveId, uint transmitId) =>
        new(interfaceIndex) { Kind = CanAddressKind.IsoTp, ReceiveId = receiveId, TransmitId = transmitId };

    /// <summary>An address of SAE J1939.</summary>
    /// <param name="interfaceIndex">can_ifindex.</param>
    /// <param name="name">The device's name. Defaults to none.</param>
    /// <param name="parameterGroup">The parameter group. Defaults to none.</param>
    /// <param name="address">The address. Defaults to none.</param>
    /// <returns>The end point.</returns>
    public static CanEndPoint J1939(int interfaceIndex, ulong name = NoName, uint parameterGroup = NoParameterGroup, byte address = NoAddress) =>
        new(interfaceIndex) { Kind = CanAddressKind.J1939, Name = name, ParameterGroup = parameterGroup, Address = address };

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>can://vcan0</c>, …; the prefix may be absent.</summary>
    /// <param name="s">The text. An interface's name is looked up now.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is no such end point, or there is no such interface.</exception>
    public static CanEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "can://vcan0  can://vcan0/isotp/7e8/7e0, with an interface of this machine");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out CanEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>can://vcan0</c>; see the type's remarks.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back while the interface keeps its name.</returns>
    public override string ToString()
    {
        string text = Prefix + EndPointText.Interface(InterfaceIndex);
        return Kind switch
        {
            CanAddressKind.IsoTp => $"{text}/isotp/{ReceiveId:x}/{TransmitId:x}",
            CanAddressKind.J1939 => $"{text}/j1939/{Name:x}/{ParameterGroup:x}/{Address:x}",
            _ => text,
        };
    }

    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out CanEndPoint? result)
    {
        const string Form = "after / comes isotp/RX/TX or j1939/NAME/PGN/ADDRESS, in hexadecimal";
        result = null;
        bool more = reader.Cut(ref part, '/', out SocketUriPart name);
        if (!reader.TryInterface(name, out int index))
        {
            return false;
        }

        if (!more)
        {
            result = new CanEndPoint(index);
            return true;
        }

        bool hasNumbers = reader.Cut(ref part, '/', out SocketUriPart kind)
            & reader.Cut(ref part, '/', out SocketUriPart first);
        switch (reader.Span(kind))
        {
            case "isotp" when hasNumbers:
                if (reader.TryHex(first, uint.MaxValue, Form, out ulong receiveId) && reader.TryHex(part, uint.MaxValue, Form, out ulong transmitId))
                {
                    result = IsoTp(index, (uint)receiveId, (uint)transmitId);
                }

                return result is not null;
            case "j1939" when hasNumbers && reader.Cut(ref part, '/', out SocketUriPart group):
                if (reader.TryHex(first, ulong.MaxValue, Form, out ulong device)
                    && reader.TryHex(group, uint.MaxValue, Form, out ulong parameterGroup)
                    && reader.TryHex(part, byte.MaxValue, Form, out ulong address))
                {
                    result = J1939(index, device, (uint)parameterGroup, (byte)address);
                }

                return result is not null;
            default:
                return reader.Fail(kind.Start, Form);
        }
    }

    internal static EndPoint? TryDecode(ReadOnlySpan<byte> address, EndPoint? like)
    {
        if (address.Length < RawBytes)
        {
            return null;
        }

        int index = BitConverter.ToInt32(address[4..]);

        // Kernels before 5.12 gave 24 bytes for every protocol; then the socket's own address decides.
        CanAddressKind kind = address.Length < IsoTpBytes ? CanAddressKind.Raw
            : address.Length < J1939Bytes ? CanAddressKind.IsoTp
            : like is CanEndPoint own ? own.Kind
            : CanAddressKind.J1939;
        return kind switch
        {
            CanAddressKind.IsoTp => IsoTp(index, BitConverter.ToUInt32(address[8..]), BitConverter.ToUInt32(address[12..])),
            CanAddressKind.J1939 => J1939(index, BitConverter.ToUInt64(address[8..]), BitConverter.ToUInt32(address[16..]), address[20]),
            _ => new CanEndPoint(index),
        };
    }

    internal override int Encode(Span<byte> destination)
    {
        int length = Kind switch
        {
            CanAddressKind.IsoTp => IsoTpBytes,
            CanAddressKind.J1939 => J1939Bytes,
            _ => RawBytes,
        };
        Span<byte> address = Begin(destination, length);
        BitConverter.TryWriteBytes(address[4..], InterfaceIndex);
        switch (Kind)
        {
            case CanAddressKind.IsoTp:
                BitConverter.TryWriteBytes(address[8..], ReceiveId);
                BitConverter.TryWriteBytes(address[12..], TransmitId);
                break;
            case CanAddressKind.J1939:
                BitConverter.TryWriteBytes(address[8..], Name);
                BitConverter.TryWriteBytes(address[16..], ParameterGroup);
                address[20] = Address;
                break;
        }

        return length;
    }
}

/// <summary>AF_CAN: struct sockaddr_can, &lt;linux/can.h&gt;. All in the machine's byte order.</summary>
internal sealed class CanFamily : FamilyRow
{
    internal CanFamily()
        : base(SocketConstants.AF_CAN, "AF_CAN", "can")
    {
        Schemes = [CanScheme.Instance];
        Protocols =
        [
            new(CanConstants.CAN_RAW, "CAN_RAW", "can", "can_raw"),
            new(CanConstants.CAN_BCM, "CAN_BCM", "can", "can_bcm"),
            new(CanConstants.CAN_ISOTP, "CAN_ISOTP", "can", "can_isotp"),
            new(CanConstants.CAN_J1939, "CAN_J1939", "can", "can_j1939"),
        ];
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => CanEndPoint.TryDecode(address, like);

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("bind" or "connect" or "send to", Errno.ENODEV) => "there is no CAN interface of that index; ip link lists them, and modprobe vcan brings one to try on",
        ("bind" or "connect" or "send to", Errno.ENETDOWN) => "the interface is down; ip link set NAME up",
        _ => null,
    };
}

/// <summary><c>can://INTERFACE</c> for frames, <c>can://INTERFACE/isotp/…</c> and <c>/j1939/…</c> for what is built on them.</summary>
internal sealed class CanScheme() : SocketUriScheme(
    "can://", SocketType.Raw, ProtocolType.CanRaw, "can://*", "CAN frames of an interface, as can://vcan0, or of all; …/isotp/RX/TX in hexadecimal is ISO-TP")
{
    internal static CanScheme Instance { get; } = new();

    internal override SocketUriTraits Traits => SocketUriTraits.None;

    internal override AddressFamily AddressFamily => AddressFamily.ControllerAreaNetwork;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        target = default;
        if (!CanEndPoint.TryRead(reader, part, out CanEndPoint? endPoint))
        {
            return false;
        }

        target = Normal(new(endPoint));
        return true;
    }

    internal override string Print(in SocketUriTarget target) => target.EndPoint!.ToString()!["can://".Length..];

    internal override bool Accepts(EndPoint endPoint) => endPoint is CanEndPoint;

    // The kind of address determines the protocol, and that the type.
    internal override SocketUriTarget Normal(in SocketUriTarget target) => ((CanEndPoint)target.EndPoint!).Kind switch
    {
        CanAddressKind.IsoTp => target with { ProtocolType = ProtocolType.CanIsoTp, SocketType = SocketType.Dgram },
        CanAddressKind.J1939 => target with { ProtocolType = ProtocolType.CanJ1939, SocketType = SocketType.Dgram },
        _ => target with { ProtocolType = null, SocketType = null },
    };
}
