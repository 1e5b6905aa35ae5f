namespace Sockeye;

/// <summary>The options of raw sockets over IPv4: level SOL_RAW, described in raw(7). Others are <see cref="IpOptions.HeaderIncluded"/>, <see cref="IpOptions.RouterAlert"/>.</summary>
public static class RawOptions
{
    /// <summary>SOL_RAW.</summary>
    private const int Level = 255;

    /// <summary>
    /// ICMP_FILTER: a bit for each ICMP type that does not come. Defaults to 0: all come. ICMP over IPv4;
    /// EOPNOTSUPP elsewhere.
    /// </summary>
    public static readonly SocketOption<uint> IcmpFilter = SocketOption.Struct<uint>(Level, 1, "ICMP_FILTER");
}
