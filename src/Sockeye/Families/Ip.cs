using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>AF_INET6, struct sockaddr_in6, ipv6(7): .NET's end point with the one field that it lacks, the flow.</summary>
/// <remarks>
/// The scope is <see cref="IPAddress.ScopeId"/>. Sockets give this type only where the flow information is not zero,
/// which the kernel gives where IPV6_FLOWINFO_SEND or IPV6_FLOWINFO is set. Two end points are equal when address and
/// port are, as in .NET's type: the flow is how packets travel, not where they go. Text: .NET's,
/// <c>[fe80::1%2]:80</c>, and where there is flow information <c>[fe80::1%2]:80/flow=12345</c>, in hexadecimal.
/// </remarks>
public sealed class Ipv6EndPoint : IPEndPoint, ISpanParsable<Ipv6EndPoint>
{
    private const string FlowMark = "/flow=";
    private const uint FlowLabelMask = 0xF_FFFF;

    /// <summary>An IPv6 address, a port and a flow.</summary>
    /// <param name="address">The address, with its scope.</param>
    /// <param name="port">0 to 65535.</param>
    /// <param name="flowInfo">sin6_flowinfo in the machine's byte order: traffic class and flow label. Defaults to 0.</param>
    /// <exception cref="ArgumentException">The address is not IPv6.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of range.</exception>
    public Ipv6EndPoint(IPAddress address, int port, uint flowInfo = 0)
        : base(address, port)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            throw new ArgumentException("Only an IPv6 address has a flow.", nameof(address));
        }

        FlowInfo = flowInfo;
    }

    /// <summary>
    /// sin6_flowinfo: bits 0 to 19 the flow label, 20 to 27 the traffic class. In the machine's byte order here, in
    /// network order (big-endian) in the socket address.
    /// </summary>
    public uint FlowInfo { get; }

    /// <summary>The flow label, 20 bits of <see cref="FlowInfo"/>.</summary>
    public int FlowLabel => (int)(FlowInfo & FlowLabelMask);

    /// <summary>The traffic class, 8 bits of <see cref="FlowInfo"/>.</summary>
    public byte TrafficClass => (byte)(FlowInfo >> 20);

    /// <summary>Reads what <see cref="ToString"/> wrote, and what .NET's type reads of IPv6.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The end point.</returns>
    /// <exception cref="FormatException">The text is not such an end point.</exception>
    public static new Ipv6EndPoint Parse(string text) => Parse((text ?? throw new ArgumentNullException(nameof(text))).AsSpan(), provider: null);

    /// <inheritdoc cref="Parse(string)"/>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    public static Ipv6EndPoint Parse(string s, IFormatProvider? provider) => Parse(s);

    /// <inheritdoc cref="Parse(string, IFormatProvider?)"/>
    public static Ipv6EndPoint Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => TryParse(s, provider, out Ipv6EndPoint? result)
        ? result
        : throw new FormatException($"\"{s}\" is no such end point; right: [::1]:80  [fe80::1%2]:80/flow=12345");

    /// <summary>As <see cref="Parse(string)"/>, without an exception.</summary>
    /// <param name="text">The text.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    /// <returns>False when the text is not such an end point.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Ipv6EndPoint? result) => TryParse(text, provider: null, out result);

    /// <inheritdoc cref="TryParse(string?, out Ipv6EndPoint?)"/>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The end point; null when the text is none.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [NotNullWhen(true)] out Ipv6EndPoint? result)
    {
        result = null;
        return s is not null && TryParse(s.AsSpan(), provider, out result);
    }

    /// <inheritdoc cref="TryParse(string?, IFormatProvider?, out Ipv6EndPoint?)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, [NotNullWhen(true)] out Ipv6EndPoint? result)
    {
        result = null;
        uint flow = 0;
        int mark = s.IndexOf(FlowMark, StringComparison.Ordinal);
        if (mark >= 0 && !uint.TryParse(s[(mark + FlowMark.Length)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out flow))
        {
            return false;
        }

        if (!IPEndPoint.TryParse(mark < 0 ? s : s[..mark], out IPEndPoint? endPoint) || endPoint.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        result = new Ipv6EndPoint(endPoint.Address, endPoint.Port, flow);
        return true;
    }

    /// <summary>The address as the kernel's sockaddr_in6; without the flow once <see cref="IPEndPoint.Address"/> was set to IPv4.</summary>
    /// <returns>A fresh copy.</returns>
    public override SocketAddress Serialize()
    {
        SocketAddress address = base.Serialize();
        if (AddressFamily == AddressFamily.InterNetworkV6)
        {
            BinaryPrimitives.WriteUInt32BigEndian(address.Buffer.Span[4..], FlowInfo);
        }

        return address;
    }

    /// <summary>Reads a sockaddr_in6, its flow too.</summary>
    /// <param name="socketAddress">The kernel's bytes.</param>
    /// <returns>An end point of this type.</returns>
    /// <exception cref="ArgumentException">The bytes are no IPv6 address.</exception>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        ArgumentNullException.ThrowIfNull(socketAddress);
        ReadOnlySpan<byte> bytes = socketAddress.Buffer.Span[..socketAddress.Size];

        // .NET's own forgets the scope of an address that is not link-local.
        return socketAddress.Family == AddressFamily.InterNetworkV6 && Ip6Family.TryRead(bytes, out IPAddress? address, out int port, out uint flow)
            ? new Ipv6EndPoint(address, port, flow)
            : throw new ArgumentException("These bytes are no IPv6 address.", nameof(socketAddress));
    }

    /// <summary>As <c>[fe80::1%2]:80</c>, or <c>[fe80::1%2]:80/flow=12345</c>.</summary>
    /// <returns>Text that <see cref="Parse(string)"/> reads back.</returns>
    public override string ToString() => FlowInfo == 0 ? base.ToString() : base.ToString() + FlowMark + FlowInfo.ToString("x", CultureInfo.InvariantCulture);
}

/// <summary>What IPv4 and IPv6 have in common.</summary>
internal abstract class InternetFamily(int number, string name, params string[] modules) : FamilyRow(number, name, modules)
{
    internal override bool IsUnbound(EndPoint local) => local is IPEndPoint { Port: 0 };

    internal override string Denial(SocketType type, ProtocolType protocol) =>
        type == SocketType.Dgram && protocol is ProtocolType.Icmp or ProtocolType.IcmpV6
            ? "ping sockets are for the groups that net.ipv4.ping_group_range names; as root: sysctl -w net.ipv4.ping_group_range='0 2147483647'"
            : base.Denial(type, protocol);

    internal override string? Cause(string call, int errno, EndPoint endPoint) => (call, errno) switch
    {
        ("connect", Errno.ETIMEDOUT) => "no answer within the time limit; the host may be down or a firewall silent",
        ("connect" or "send to", Errno.ENETUNREACH) => "no route to that network",
        ("connect" or "send to", Errno.EHOSTUNREACH) => "no route to that host, or it does not answer on its link",
        ("connect", Errno.EADDRNOTAVAIL) => "that address cannot be reached from here, or no local port is free",
        ("connect" or "bind" or "send to", Errno.EINVAL) when endPoint is IPEndPoint { Address: { IsIPv6LinkLocal: true, ScopeId: 0 } } =>
            "a link-local address needs its interface, as in [fe80::1%eth0]",
        ("connect" or "send to", Errno.EACCES) => "not permitted; a broadcast address needs EnableBroadcast",
        ("bind", Errno.EADDRINUSE) => "another socket is bound there; see which with: ss -ltnup",
        ("bind", Errno.EADDRNOTAVAIL) => "no interface of this machine has that address",
        ("bind", Errno.EACCES) => "not permitted; ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE",
        _ => null,
    };
}

/// <summary>AF_INET: struct sockaddr_in, &lt;linux/in.h&gt;, ip(7).</summary>
internal sealed class Ip4Family : InternetFamily
{
    private const int Bytes = 16;

    // sin_family, sin_port and sin_addr; what follows is padding.
    private const int BytesMin = 8;

    internal Ip4Family()
        : base(SocketConstants.AF_INET, "AF_INET")
    {
        Schemes = InternetScheme.Schemes;
        Protocols =
        [
            new(ProtocolConstants.IPPROTO_SCTP, "IPPROTO_SCTP", "sctp"),
            new(ProtocolConstants.IPPROTO_DCCP, "IPPROTO_DCCP", "dccp_ipv4"),
            new(ProtocolConstants.IPPROTO_L2TP, "IPPROTO_L2TP", "l2tp_ip"),
            new(ProtocolConstants.IPPROTO_SMC, "IPPROTO_SMC", "smc"),
        ];
    }

    internal override int Encode(EndPoint endPoint, Span<byte> destination)
    {
        if (endPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetwork } ip)
        {
            return base.Encode(endPoint, destination);
        }

        destination[..Bytes].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)SocketConstants.AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)ip.Port);
        ip.Address.TryWriteBytes(destination[4..], out _);
        return Bytes;
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => address.Length < BytesMin
        ? null
        : new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
}

/// <summary>AF_INET6: struct sockaddr_in6, &lt;linux/in6.h&gt;, ipv6(7). The scope is in the machine's byte order, the flow in the network's.</summary>
internal sealed class Ip6Family : InternetFamily
{
    private const int Bytes = 28;

    internal Ip6Family()
        : base(SocketConstants.AF_INET6, "AF_INET6", "ipv6") => Protocols =
        [
            new(ProtocolConstants.IPPROTO_SCTP, "IPPROTO_SCTP", "sctp"),
            new(ProtocolConstants.IPPROTO_DCCP, "IPPROTO_DCCP", "dccp_ipv6"),
            new(ProtocolConstants.IPPROTO_L2TP, "IPPROTO_L2TP", "l2tp_ip6"),
            new(ProtocolConstants.IPPROTO_SMC, "IPPROTO_SMC", "smc"),
        ];

    // .NET's sockets take IPv4 only when DualMode says so; Linux's do by default (net.ipv6.bindv6only). Raw sockets
    // refuse the option once opened on some kernels, and take no IPv4 anyway.
    internal override void Opened(SocketHandle socket) =>
        Libc.SetOption(socket, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 1);

    internal override int Encode(EndPoint endPoint, Span<byte> destination)
    {
        if (endPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ip)
        {
            return base.Encode(endPoint, destination);
        }

        destination[..Bytes].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)SocketConstants.AF_INET6);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)ip.Port);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (ip as Ipv6EndPoint)?.FlowInfo ?? 0);
        ip.Address.TryWriteBytes(destination[8..], out _);
        BitConverter.TryWriteBytes(destination[24..], (uint)ip.Address.ScopeId);
        return Bytes;
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like)
    {
        if (!TryRead(address, out IPAddress? ip, out int port, out uint flow))
        {
            return null;
        }

        return flow == 0 ? new IPEndPoint(ip, port) : new Ipv6EndPoint(ip, port, flow);
    }

    internal static bool TryRead(ReadOnlySpan<byte> address, [NotNullWhen(true)] out IPAddress? ip, out int port, out uint flow)
    {
        if (address.Length < Bytes)
        {
            (ip, port, flow) = (null, 0, 0);
            return false;
        }

        ip = new IPAddress(address.Slice(8, 16), BitConverter.ToUInt32(address[24..]));
        port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        flow = BinaryPrimitives.ReadUInt32BigEndian(address[4..]);
        return true;
    }
}

/// <summary>
/// <c>tcp://HOST:PORT</c> and its like. HOST is an IPv4 address, an IPv6 address in brackets, a name, or * for every
/// address of this machine; PORT a number or the name of a service.
/// </summary>
internal sealed class InternetScheme : SocketUriScheme
{
    private const int HostCharsMax = 253; // RFC 1035, 2.3.4

    private readonly AddressFamily _family;
    private readonly SocketUriTraits _traits;

    private InternetScheme(string name, AddressFamily family, SocketType type, ProtocolType protocol, SocketUriTraits traits, string example, string summary)
        : base($"{name}://", type, protocol, example, summary)
    {
        _family = family;
        _traits = traits | SocketUriTraits.Internet | SocketUriTraits.HasSource | (family == AddressFamily.InterNetwork ? 0 : SocketUriTraits.Six)
            | (type == SocketType.Dgram ? 0 : SocketUriTraits.Listens);
    }

    internal static InternetScheme[] Schemes { get; } =
    [
        new("tcp", AddressFamily.Unspecified, SocketType.Stream, ProtocolType.Tcp, SocketUriTraits.Tcp, "tcp://[::1]:8888", "TCP, over IPv4 or IPv6"),
        new("tcp4", AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp, SocketUriTraits.Tcp, "tcp4://127.0.0.1:8888", "TCP over IPv4 alone"),
        new("tcp6", AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp, SocketUriTraits.Tcp, "tcp6://[::1]:8888", "TCP over IPv6 alone"),
        new("mptcp", AddressFamily.Unspecified, SocketType.Stream, ProtocolType.Mptcp, SocketUriTraits.Mptcp, "mptcp://[::1]:8888", "multipath TCP; with a peer that has none, plain TCP"),
        new("sctp", AddressFamily.Unspecified, SocketType.Stream, ProtocolType.Sctp, SocketUriTraits.Sctp, "sctp://[::1]:8888", "SCTP, one association a socket"),
        new("udp", AddressFamily.Unspecified, SocketType.Dgram, ProtocolType.Udp, SocketUriTraits.Udp, "udp://[::1]:9999", "UDP, over IPv4 or IPv6"),
        new("udp4", AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp, SocketUriTraits.Udp, "udp4://127.0.0.1:9999", "UDP over IPv4 alone"),
        new("udp6", AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp, SocketUriTraits.Udp, "udp6://[::1]:9999", "UDP over IPv6 alone"),
        new("udplite", AddressFamily.Unspecified, SocketType.Dgram, ProtocolType.UdpLite, SocketUriTraits.Udp, "udplite://[::1]:9999", "UDP-Lite: may check a part of each datagram only"),
    ];

    internal override SocketUriTraits Traits => _traits;

    internal override AddressFamily AddressFamily => _family;

    internal override bool TryParse(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target) =>
        TryParse(reader, part, reader.DefaultPort, out target);

    internal override bool TryParseSource(SocketUriReader reader, SocketUriPart part, out SocketUriTarget target) =>
        TryParse(reader, part, 0, out target);

    internal override string Print(in SocketUriTarget target) => target.EndPoint switch
    {
        DnsEndPoint dns => string.Create(CultureInfo.InvariantCulture, $"{dns.Host}:{dns.Port}"),
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } six => string.Create(CultureInfo.InvariantCulture, $"[{Address(six.Address)}]:{six.Port}"),
        var four => four!.ToString()!,
    };

    internal override bool Accepts(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => endPoint.AddressFamily == _family && TryName(dns, out _),
        IPEndPoint => _family == AddressFamily.Unspecified || endPoint.AddressFamily == _family,
        _ => false,
    };

    internal override SocketUriTarget Normal(in SocketUriTarget target) =>
        target.EndPoint is DnsEndPoint dns && TryName(dns, out EndPoint? endPoint) ? target with { EndPoint = endPoint } : target;

    /// <summary>An IPv6 address with its scope, as <see cref="TryAddress"/> and <see cref="TryScope"/> read them.</summary>
    internal static string Address(IPAddress address) => address.ScopeId == 0
        ? address.ToString()
        : new IPAddress(address.GetAddressBytes()) + Scope((uint)address.ScopeId);

    /// <summary>A scope as <see cref="TryScope"/> reads it: an index that begins with 25, and goes on, needs the longer mark.</summary>
    internal static string Scope(uint index)
    {
        string number = index.ToString(CultureInfo.InvariantCulture);
        return (number.Length > 2 && number.StartsWith("25", StringComparison.Ordinal) ? "%25" : "%") + number;
    }

    /// <summary>An address of four numbers, or of IPv6 without its brackets and scope.</summary>
    internal static bool TryAddress(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out IPAddress? address) =>
        reader.Find(part, ':') >= 0 ? TrySix(reader, part, out address) : TryFour(reader, part, out address);

    /// <summary>What follows %: an interface's index, or its name.</summary>
    internal static bool TryScope(SocketUriReader reader, SocketUriPart part, out uint index)
    {
        index = 0;

        // RFC 6874: in a URI the % before a scope is written %25, so %251 is interface 1. A bare % is taken as well, as
        // everybody writes it; %25 with nothing behind it can only be that, and is interface 25.
        SocketUriPart name = part.Length > 2 && reader.Span(part).StartsWith("25", StringComparison.Ordinal) ? part with { Start = part.Start + 2 } : part;
        ReadOnlySpan<char> text = reader.Span(name);
        if (text.IsEmpty)
        {
            return reader.Fail(part.Start, "after % comes an interface: its name or its index");
        }

        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index))
        {
            return true;
        }

        bool isFound = reader.TryInterface(name, out int found) && found > 0;
        index = isFound ? (uint)found : 0;
        return isFound || reader.Fail(name.Start, "* is no interface; a scope is one");
    }

    private bool TryParse(SocketUriReader reader, SocketUriPart part, int? defaultPort, out SocketUriTarget target)
    {
        target = default;
        if (part.IsEmpty)
        {
            return reader.Fail(part.Start, "an address is missing");
        }

        return reader[part.Start] == '['
            ? TryBracketed(reader, part, defaultPort, out target)
            : TryHost(reader, part, defaultPort, out target);
    }

    private bool TryBracketed(SocketUriReader reader, SocketUriPart part, int? defaultPort, out SocketUriTarget target)
    {
        target = default;
        int close = reader.Find(part, ']');
        if (close < 0)
        {
            return reader.Fail(part.End, "the closing ] is missing");
        }

        int percent = reader.Find(part with { End = close }, '%');
        var inside = new SocketUriPart(part.Start + 1, percent < 0 ? close : percent);
        uint scope = 0;
        if (!TrySix(reader, inside, out IPAddress? address)
            || (percent >= 0 && !TryScope(reader, new(percent + 1, close), out scope)))
        {
            return false;
        }

        if (close + 1 < part.End && reader[close + 1] != ':')
        {
            return reader.Fail(close + 1, "after ] comes : and the port");
        }

        if (_family == AddressFamily.InterNetwork)
        {
            return reader.Fail(part.Start, $"{Prefix} takes no IPv6 address");
        }

        if (!TryPort(reader, part with { Start = close + 1 }, defaultPort, out int port))
        {
            return false;
        }

        target = new(new IPEndPoint(scope == 0 ? address : new IPAddress(address.GetAddressBytes(), scope), port));
        return true;
    }

    private bool TryHost(SocketUriReader reader, SocketUriPart part, int? defaultPort, out SocketUriTarget target)
    {
        target = default;
        int colon = reader.Find(part, ':');
        var host = new SocketUriPart(part.Start, colon < 0 ? part.End : colon);
        if (colon >= 0 && reader.Find(part with { Start = colon + 1 }, ':') >= 0)
        {
            return reader.Fail(part.Start, "an IPv6 address stands in brackets");
        }

        if (host.IsEmpty)
        {
            return reader.Fail(part.Start, "an address is missing before the port; * is every address of this machine");
        }

        if (reader.Span(host) is "*")
        {
            if (!TryPort(reader, part with { Start = host.End }, defaultPort, out int anyPort))
            {
                return false;
            }

            target = _family == AddressFamily.InterNetwork
                ? new(new IPEndPoint(IPAddress.Any, anyPort))
                : new(new IPEndPoint(IPAddress.IPv6Any, anyPort), Options: _family == AddressFamily.Unspecified ? "dual_stack=1" : null);
            return true;
        }

        for (int i = host.Start; i < host.End; i++)
        {
            // Only ASCII digits count: the other digits of an international name become these when it is looked up, and the name an address.
            if (!char.IsLetter(reader[i]) && !char.IsAsciiDigit(reader[i]) && reader[i] is not ('.' or '-' or '_'))
            {
                return reader.Fail(i, reader[i] == '/'
                    ? "an endpoint has no path; its options begin with ?"
                    : "this character stands in no host name");
            }
        }

        // A name whose last part is a number is meant as an address (and inet_aton would read 1 as 0.0.0.1).
        ReadOnlySpan<char> name = reader.Span(host);
        bool isAddress = name[(name.LastIndexOf('.') + 1)..] is var last
            && (last.IsEmpty ? name.IndexOfAnyExcept(SocketUriReader.DigitsAndPoints) < 0 : last.IndexOfAnyExceptInRange('0', '9') < 0);
        IPAddress? address = null;
        if (isAddress && !TryFour(reader, host, out address))
        {
            return false;
        }

        if (host.Length > HostCharsMax)
        {
            return reader.Fail(host.Start, $"a host name has at most {HostCharsMax} characters");
        }

        if (name[0] is '.' or '-' || name.Contains("..", StringComparison.Ordinal))
        {
            return reader.Fail(host.Start, "this is no host name");
        }

        if (isAddress && _family == AddressFamily.InterNetworkV6)
        {
            return reader.Fail(part.Start, $"{Prefix} takes no IPv4 address");
        }

        if (!TryPort(reader, part with { Start = host.End }, defaultPort, out int port))
        {
            return false;
        }

        target = new(isAddress ? new IPEndPoint(address!, port) : new DnsEndPoint(name.ToString(), port, _family));
        return true;
    }

    /// <summary>A host that a program made, as it is read from text: a name, or an address. What else a DnsEndPoint can hold, as <c>a?b</c>, would be read as something else.</summary>
    private bool TryName(DnsEndPoint dns, [NotNullWhen(true)] out EndPoint? endPoint)
    {
        endPoint = TryHost(new SocketUriReader(dns.Host), new(0, dns.Host.Length), dns.Port, out SocketUriTarget target)
            && target.Options is null && !dns.Host.AsSpan().ContainsAny(':', '*')
                ? target.EndPoint
                : null;
        return endPoint is not null;
    }

    /// <summary>The port after a colon, or the default where the text ends.</summary>
    private bool TryPort(SocketUriReader reader, SocketUriPart part, int? defaultPort, out int port)
    {
        port = defaultPort ?? 0;
        if (part.IsEmpty)
        {
            return defaultPort is not null || reader.Fail(part.End, "a port is missing: : and a number, 0 for a free one");
        }

        SocketUriPart number = part with { Start = part.Start + 1 };
        if (number.IsEmpty)
        {
            return reader.Fail(number.Start, "a port is missing after :");
        }

        ReadOnlySpan<char> text = reader.Span(number);
        if (char.IsAsciiLetter(text[0]))
        {
            if (text.Contains('\0') || Libc.GetServiceByName(text.ToString(), SocketType == SocketType.Dgram ? "udp" : "tcp") is not { } service)
            {
                return reader.Fail(number.Start, "a port is a number, or a service of /etc/services");
            }

            port = service.Port;
            return true;
        }

        int wrong = text.IndexOfAnyExceptInRange('0', '9');
        if (wrong >= 0)
        {
            return reader.Fail(number.Start + wrong, text[wrong] == '/' ? "an endpoint has no path; its options begin with ?" : "a port is a number");
        }

        return (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort)
            || reader.Fail(number.Start, $"a port is at most {IPEndPoint.MaxPort}");
    }

    private static bool TrySix(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        ReadOnlySpan<char> text = reader.Span(part);
        int wrong = text.IndexOfAnyExcept(SocketUriReader.SixSigns);
        return wrong < 0 && text.Contains(':') && IPAddress.TryParse(text, out address) && address.AddressFamily == AddressFamily.InterNetworkV6
            || reader.Fail(part.Start + Math.Max(wrong, 0), "between [ and ] stands an IPv6 address");
    }

    // Four numbers, and nothing else that inet_aton(3) takes: short forms surprise, and to some 010 is 8.
    private static bool TryFour(SocketUriReader reader, SocketUriPart part, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        ReadOnlySpan<char> text = reader.Span(part);
        Span<byte> bytes = stackalloc byte[4];
        int count = 0;
        int start = part.Start;
        foreach (Range range in text.Split('.'))
        {
            ReadOnlySpan<char> number = text[range];
            start = part.Start + range.Start.Value;
            if (count == 4 || number.IndexOfAnyExceptInRange('0', '9') >= 0)
            {
                return reader.Fail(part.Start, "this is no IPv4 address");
            }

            if (!byte.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out bytes[count++]) || (number.Length > 1 && number[0] == '0'))
            {
                return reader.Fail(start, text.Count('.') != 3 ? FourParts : "a part of an IPv4 address is 0 to 255, without leading zeros");
            }
        }

        if (count != 4)
        {
            return reader.Fail(part.Start, FourParts);
        }

        address = new IPAddress(bytes);
        return true;
    }

    private const string FourParts = "an IPv4 address has four parts; is the address missing before the port?";
}
