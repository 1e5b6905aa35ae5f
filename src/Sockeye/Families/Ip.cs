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
/// which the kernel tells where IPV6_FLOWINFO_SEND or IPV6_FLOWINFO is set. Two end points are equal when address and
/// port are, as .NET's type has it: the flow is how packets travel, not where to. Text: .NET's,
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
    /// <exception cref="FormatException">The text is no such end point.</exception>
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
    /// <returns>False when the text is no such end point.</returns>
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
        if (mark >= 0 && !EndPointText.TryHex(s[(mark + FlowMark.Length)..], out flow))
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
        return socketAddress.Family == AddressFamily.InterNetworkV6 && Ip6Codec.TryRead(bytes, out IPAddress? address, out int port, out uint flow)
            ? new Ipv6EndPoint(address, port, flow)
            : throw new ArgumentException("These bytes are no IPv6 address.", nameof(socketAddress));
    }

    /// <summary>As <c>[fe80::1%2]:80</c>, or <c>[fe80::1%2]:80/flow=12345</c>.</summary>
    /// <returns>Text that <see cref="Parse(string)"/> reads back.</returns>
    public override string ToString() => FlowInfo == 0 ? base.ToString() : base.ToString() + FlowMark + FlowInfo.ToString("x", CultureInfo.InvariantCulture);
}

/// <summary>AF_INET: struct sockaddr_in, &lt;linux/in.h&gt;, ip(7).</summary>
internal sealed class Ip4Codec : AddressCodec
{
    private const int Bytes = 16;

    internal override int Family => SocketConstants.AF_INET;

    internal override bool TryEncode(EndPoint endPoint, Span<byte> destination, out int length)
    {
        length = 0;
        if (endPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetwork } ip)
        {
            return false;
        }

        destination[..Bytes].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)SocketConstants.AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)ip.Port);
        ip.Address.TryWriteBytes(destination[4..], out _);
        length = Bytes;
        return true;
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like) => address.Length < 8
        ? new IPEndPoint(IPAddress.Any, 0)
        : new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
}

/// <summary>AF_INET6: struct sockaddr_in6, &lt;linux/in6.h&gt;, ipv6(7). The scope is in the machine's byte order, the flow in the network's.</summary>
internal sealed class Ip6Codec : AddressCodec
{
    private const int Bytes = 28;

    internal override int Family => SocketConstants.AF_INET6;

    // .NET's sockets take IPv4 only when DualMode says so; Linux' do by default (net.ipv6.bindv6only). Raw sockets
    // refuse the option once opened on some kernels, and take no IPv4 anyway.
    internal override void Opened(SocketHandle socket) =>
        Libc.SetOption(socket, Ipv6Constants.IPPROTO_IPV6, Ipv6Constants.IPV6_V6ONLY, 1);

    internal override bool TryEncode(EndPoint endPoint, Span<byte> destination, out int length)
    {
        length = 0;
        if (endPoint is not IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } ip)
        {
            return false;
        }

        destination[..Bytes].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)SocketConstants.AF_INET6);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)ip.Port);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (ip as Ipv6EndPoint)?.FlowInfo ?? 0);
        ip.Address.TryWriteBytes(destination[8..], out _);
        BitConverter.TryWriteBytes(destination[24..], (uint)ip.Address.ScopeId);
        length = Bytes;
        return true;
    }

    internal override EndPoint? Decode(ReadOnlySpan<byte> address, EndPoint? like)
    {
        if (!TryRead(address, out IPAddress? ip, out int port, out uint flow))
        {
            return new IPEndPoint(IPAddress.IPv6Any, 0);
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
