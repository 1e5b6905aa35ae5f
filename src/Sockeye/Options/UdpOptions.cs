namespace Sockeye;

/// <summary>The options of UDP sockets: level IPPROTO_UDP, described in udp(7). Elsewhere they are EOPNOTSUPP or ENOPROTOOPT.</summary>
public static class UdpOptions
{
    /// <summary>IPPROTO_UDP.</summary>
    private const int Level = 17;

    /// <summary>
    /// UDP_CORK: what is sent is gathered into one datagram, which leaves when it is set to false again. Defaults
    /// to false.
    /// </summary>
    public static readonly SocketOption<bool> Cork = SocketOption.Flag(Level, 1, "UDP_CORK");

    /// <summary>
    /// UDP_ENCAP: what comes holds packets of another protocol, which the kernel unpacks: 2 ESP (RFC 3948), 3 L2TP,
    /// 6 RxRPC. Defaults to 0. ENOPROTOOPT: the kernel does not have it.
    /// </summary>
    public static readonly SocketOption<int> Encapsulation = SocketOption.Number(Level, 100, "UDP_ENCAP");

    /// <summary>
    /// UDP_GRO: one receive takes several datagrams of one length and one sender; a control message gives the
    /// length. Defaults to false. Linux 5.0.
    /// </summary>
    public static readonly SocketOption<bool> GenericReceiveOffload = SocketOption.Flag(Level, 104, "UDP_GRO");

    /// <summary>UDP_NO_CHECK6_RX: datagrams over IPv6 may come without checksum. Defaults to false.</summary>
    public static readonly SocketOption<bool> NoChecksumReceive = SocketOption.Flag(Level, 102, "UDP_NO_CHECK6_RX");

    /// <summary>UDP_NO_CHECK6_TX: datagrams over IPv6 are sent without checksum. Defaults to false.</summary>
    public static readonly SocketOption<bool> NoChecksumSend = SocketOption.Flag(Level, 101, "UDP_NO_CHECK6_TX");

    /// <summary>
    /// UDP_SEGMENT: what is sent at once is cut into datagrams of so many bytes, at most 65,535 (EINVAL); 0 (the
    /// default) sends one. Linux 4.18.
    /// </summary>
    public static readonly SocketOption<int> Segment = SocketOption.Number(Level, 103, "UDP_SEGMENT");
}
