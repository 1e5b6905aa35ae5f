using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>AF_NETLINK, struct sockaddr_nl, netlink(7): a port and a set of multicast groups.</summary>
/// <remarks>
/// The protocol (route, generic, …) belongs to the socket, not to the address. Text: <c>netlink:/1234</c>, and with
/// groups in hexadecimal <c>netlink:/1234/11</c>; the protocol of an endpoint string comes before the first slash.
/// </remarks>
public sealed class NetlinkEndPoint : LinuxEndPoint<NetlinkEndPoint>, ISpanParsable<NetlinkEndPoint>
{
    private const int AddressBytes = 12;
    private const string Prefix = "netlink:";

    /// <summary>A port and groups.</summary>
    /// <param name="portId">nl_pid. 0 is the kernel as a destination; in bind it lets the kernel choose. Defaults to 0.</param>
    /// <param name="groups">nl_groups, a bit for each of groups 1 to 32: those to join in bind, those to send to. Defaults to none.</param>
    public NetlinkEndPoint(uint portId = 0, uint groups = 0)
    {
        PortId = portId;
        Groups = groups;
    }

    /// <summary>The kernel: port 0, no groups.</summary>
    public static NetlinkEndPoint Kernel { get; } = new();

    /// <inheritdoc/>
    public override int Family => FamilyConstants.AF_NETLINK;

    /// <summary>nl_pid: the socket's number, by default its process's. 0 is the kernel.</summary>
    public uint PortId { get; }

    /// <summary>nl_groups: bit N − 1 is group N.</summary>
    public uint Groups { get; }

    /// <summary>Reads what <see cref="ToString"/> wrote: <c>netlink:/1234</c>, <c>netlink:/1234/11</c>; the prefix may be absent.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static NetlinkEndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        Read(s, Prefix, TryRead, right: "netlink:/0  netlink:/1234/11");

    /// <summary>As <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/>, without an exception.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out NetlinkEndPoint? result) =>
        TryRead(s, Prefix, TryRead, out result);

    /// <summary>As <c>netlink:/1234</c> or <c>netlink:/1234/11</c>.</summary>
    /// <returns>Text that <see cref="Parse(ReadOnlySpan{char}, IFormatProvider?)"/> reads back.</returns>
    public override string ToString() => Groups == 0 ? $"{Prefix}/{PortId}" : $"{Prefix}/{PortId}/{Groups:x}";

    /// <summary>Reads what follows the protocol: a slash, a port id, and perhaps another slash and groups.</summary>
    internal static bool TryRead(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out NetlinkEndPoint? result)
    {
        const string Form = "after / comes a port id, and after another / the groups in hexadecimal: netlink:route/0/11";
        result = null;
        if (reader.Span(part) is not ['/', ..])
        {
            return reader.Fail(part.Start, Form);
        }

        ulong groups = 0;
        part = part with { Start = part.Start + 1 };
        bool hasGroups = reader.Cut(ref part, '/', out SocketUriPart port);
        if (!reader.TryDecimal(port, uint.MaxValue, Form, out ulong portId) || (hasGroups && !reader.TryHex(part, uint.MaxValue, Form, out groups)))
        {
            return false;
        }

        result = new NetlinkEndPoint((uint)portId, (uint)groups);
        return true;
    }

    internal static EndPoint? TryDecode(ReadOnlySpan<byte> address) => address.Length < AddressBytes
        ? null
        : new NetlinkEndPoint(BitConverter.ToUInt32(address[4..]), BitConverter.ToUInt32(address[8..]));

    internal override int Encode(Span<byte> destination)
    {
        Span<byte> address = Begin(destination, AddressBytes);
        BitConverter.TryWriteBytes(address[4..], PortId);
        BitConverter.TryWriteBytes(address[8..], Groups);
        return AddressBytes;
    }
}

/// <summary>AF_NETLINK: struct sockaddr_nl, &lt;linux/netlink.h&gt;, netlink(7). All in the machine's byte order.</summary>
internal sealed class NetlinkFamily : FamilyRow
{
    internal NetlinkFamily()
        : base(FamilyConstants.AF_NETLINK, "AF_NETLINK")
    {
        Schemes = [NetlinkScheme.Instance];
        Protocols =
        [
            new(NetlinkConstants.NETLINK_SOCK_DIAG, "NETLINK_SOCK_DIAG", "inet_diag"),
            new(NetlinkConstants.NETLINK_XFRM, "NETLINK_XFRM", "xfrm_user"),
            new(NetlinkConstants.NETLINK_CONNECTOR, "NETLINK_CONNECTOR", "cn"),
            new(NetlinkConstants.NETLINK_NETFILTER, "NETLINK_NETFILTER", "nfnetlink"),
            new(NetlinkConstants.NETLINK_CRYPTO, "NETLINK_CRYPTO", "crypto_user"),
            new(NetlinkConstants.NETLINK_RDMA, "NETLINK_RDMA", "ib_core"),
            new(NetlinkConstants.NETLINK_ISCSI, "NETLINK_ISCSI", "scsi_transport_iscsi"),
        ];
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => NetlinkEndPoint.TryDecode(address);

    internal override bool IsUnbound(EndPoint local) => local is NetlinkEndPoint { PortId: 0 };

    // On a socket that was never connected it is the kernel, where its plain sends go.
    internal override bool IsNobody(EndPoint peer) => peer is NetlinkEndPoint { PortId: 0, Groups: 0 };

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("bind", Errno.EADDRINUSE) => "another socket has that port id; 0 lets the kernel choose one",
        ("bind", Errno.EPERM) => "not permitted; these groups need CAP_NET_ADMIN",
        ("send to", Errno.ECONNREFUSED) => "no socket of this protocol has that port id",
        ("connect" or "send to", Errno.EPERM) => "not permitted; to others than the kernel, and to groups, this protocol needs CAP_NET_ADMIN",
        _ => null,
    };
}

/// <summary><c>netlink:PROTOCOL</c>, and <c>netlink:PROTOCOL/PORTID/GROUPS</c> for what is not the kernel's and in no group.</summary>
internal sealed class NetlinkScheme() : SocketUriScheme(
    "netlink:", SocketType.Raw, ProtocolType.Unspecified, "netlink:route", "the kernel's own protocols: route, generic, sock_diag, kobject_uevent, … or a number")
{
    private const int ProtocolsMax = 31; // MAX_LINKS, <linux/netlink.h>, less one

    // By the kernel's names, NETLINK_x.
    private static readonly (string Name, ProtocolType Protocol)[] Protocols =
    [
        ("route", ProtocolType.NetlinkRoute), ("usersock", ProtocolType.NetlinkUserSocket), ("sock_diag", ProtocolType.NetlinkSocketDiagnostics),
        ("nflog", ProtocolType.NetlinkNetfilterLog), ("xfrm", ProtocolType.NetlinkXfrm), ("selinux", ProtocolType.NetlinkSelinux),
        ("iscsi", ProtocolType.NetlinkIscsi), ("audit", ProtocolType.NetlinkAudit), ("fib_lookup", ProtocolType.NetlinkFibLookup),
        ("connector", ProtocolType.NetlinkConnector), ("netfilter", ProtocolType.NetlinkNetfilter),
        ("kobject_uevent", ProtocolType.NetlinkKernelObjectEvents), ("generic", ProtocolType.NetlinkGeneric),
        ("scsitransport", ProtocolType.NetlinkScsiTransport), ("ecryptfs", ProtocolType.NetlinkEcryptfs), ("rdma", ProtocolType.NetlinkRdma),
        ("crypto", ProtocolType.NetlinkCrypto), ("smc", ProtocolType.NetlinkSmc),
    ];

    internal static NetlinkScheme Instance { get; } = new();

    internal override SocketUriTraits Traits => SocketUriTraits.Netlink;

    internal override AddressFamily AddressFamily => AddressFamily.Netlink;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target)
    {
        target = default;
        int slash = reader.Find(part, '/');
        SocketUriPart name = part with { End = slash < 0 ? part.End : slash };
        if (!TryProtocol(reader, name, out ProtocolType protocol))
        {
            return false;
        }

        NetlinkEndPoint? endPoint = NetlinkEndPoint.Kernel;
        if (slash >= 0 && !NetlinkEndPoint.TryRead(reader, part with { Start = name.End }, out endPoint))
        {
            return false;
        }

        target = new(endPoint, protocol);
        return true;
    }

    internal override string Print(in SocketUriTarget target)
    {
        int protocol = (int)(target.ProtocolType ?? ProtocolType);
        int row = Array.FindIndex(Protocols, named => (int)named.Protocol == protocol);
        string name = row < 0 ? protocol.ToString(CultureInfo.InvariantCulture) : Protocols[row].Name;
        return NetlinkEndPoint.Kernel.Equals(target.EndPoint) ? name : name + target.EndPoint!.ToString()!["netlink:".Length..];
    }

    internal override bool Accepts(EndPoint endPoint) => endPoint is NetlinkEndPoint;

    internal override bool TakesProtocol(ProtocolType protocol) => (int)protocol is >= 0 and <= ProtocolsMax;

    private static bool TryProtocol(SocketUriReader reader, SocketUriPart part, out ProtocolType protocol)
    {
        protocol = default;
        if (part.IsEmpty)
        {
            return reader.Fail(part.Start, "a protocol is missing: route, generic, … or a number");
        }

        if (char.IsAsciiDigit(reader[part.Start]))
        {
            bool read = reader.TryNumber(part, "a protocol", 0, ProtocolsMax, out long number);
            protocol = (ProtocolType)number;
            return read;
        }

        foreach ((string name, ProtocolType known) in Protocols)
        {
            if (reader.Span(part).Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                protocol = known;
                return true;
            }
        }

        return reader.Fail(part.Start, $"there is no such protocol; there are {string.Join(' ', Protocols.Select(static row => row.Name))}, and numbers to {ProtocolsMax}");
    }
}
