using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

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

    internal override EndPoint Decode(ReadOnlySpan<byte> address) => address.Length < 8
        ? new IPEndPoint(IPAddress.Any, 0)
        : new IPEndPoint(new IPAddress(address.Slice(4, 4)), BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
}

/// <summary>AF_INET6: struct sockaddr_in6, &lt;linux/in6.h&gt;, ipv6(7). The scope is in the machine's byte order.</summary>
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
        ip.Address.TryWriteBytes(destination[8..], out _);
        BitConverter.TryWriteBytes(destination[24..], (uint)ip.Address.ScopeId);
        length = Bytes;
        return true;
    }

    internal override EndPoint Decode(ReadOnlySpan<byte> address) => address.Length < Bytes
        ? new IPEndPoint(IPAddress.IPv6Any, 0)
        : new IPEndPoint(
            new IPAddress(address.Slice(8, 16), BitConverter.ToUInt32(address[24..])),
            BinaryPrimitives.ReadUInt16BigEndian(address[2..]));
}
