namespace Sockeye;

/// <summary>The options of ICMPv6 sockets: level IPPROTO_ICMPV6. Others of raw sockets are <see cref="Ipv6Options.Checksum"/>, <see cref="Ipv6Options.RouterAlert"/>.</summary>
public static class RawIpv6Options
{
    /// <summary>IPPROTO_ICMPV6, also called SOL_ICMPV6.</summary>
    private const int Level = 58;

    /// <summary>
    /// ICMPV6_FILTER: a bit for each of 256 ICMPv6 types that does not come (RFC 3542). Defaults to all 0: all
    /// come. ICMPv6.
    /// </summary>
    public static readonly SocketOption<byte[]> IcmpFilter =
        SocketOption.Bytes(Level, 1, maxBytes: 32, "ICMPV6_FILTER");
}
