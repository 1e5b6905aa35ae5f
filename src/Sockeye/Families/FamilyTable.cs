using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>Every address family, one row each, and the look-ups by number.</summary>
internal static class FamilyTable
{
    /// <summary>
    /// The table. First the families whose addresses the library knows, in the order in which their endpoint strings are
    /// listed; then the others, by number.
    /// </summary>
    internal static FamilyRow[] Rows { get; } =
    [
        new Ip4Family(),
        new Ip6Family(),
        new UnixFamily(),
        new VsockFamily(),
        new TipcFamily(),
        new NetlinkFamily(),
        new PacketFamily(),
        new CanFamily(),
        new AlgFamily(),

        new(SocketConstants.AF_UNSPEC, "AF_UNSPEC"),
        new(FamilyConstants.AF_AX25, "AF_AX25", "ax25"),
        new(FamilyConstants.AF_IPX, "AF_IPX", "ipx"),
        new(FamilyConstants.AF_APPLETALK, "AF_APPLETALK", "appletalk"),
        new(FamilyConstants.AF_NETROM, "AF_NETROM", "netrom"),
        new(FamilyConstants.AF_BRIDGE, "AF_BRIDGE"),
        new(FamilyConstants.AF_ATMPVC, "AF_ATMPVC", "atm"),
        new(FamilyConstants.AF_X25, "AF_X25", "x25"),
        new(FamilyConstants.AF_ROSE, "AF_ROSE", "rose"),
        new(FamilyConstants.AF_DECnet, "AF_DECnet", "decnet"),
        new(FamilyConstants.AF_NETBEUI, "AF_NETBEUI"),
        new(FamilyConstants.AF_SECURITY, "AF_SECURITY"),
        new(FamilyConstants.AF_KEY, "AF_KEY", "af_key"),
        new(FamilyConstants.AF_ASH, "AF_ASH"),
        new(FamilyConstants.AF_ECONET, "AF_ECONET", "econet"),
        new(FamilyConstants.AF_ATMSVC, "AF_ATMSVC", "atm"),
        new(FamilyConstants.AF_RDS, "AF_RDS", "rds", "rds_tcp"),
        new(FamilyConstants.AF_SNA, "AF_SNA"),
        new(FamilyConstants.AF_IRDA, "AF_IRDA", "irda"),
        new(FamilyConstants.AF_PPPOX, "AF_PPPOX", "pppox", "pppoe"),
        new(FamilyConstants.AF_WANPIPE, "AF_WANPIPE"),
        new(FamilyConstants.AF_LLC, "AF_LLC", "llc2"),
        new(FamilyConstants.AF_IB, "AF_IB", "ib_core"),
        new(FamilyConstants.AF_MPLS, "AF_MPLS", "mpls_router"),
        new(FamilyConstants.AF_BLUETOOTH, "AF_BLUETOOTH", "bluetooth")
        {
            Protocols =
            [
                new(BluetoothConstants.BTPROTO_RFCOMM, "BTPROTO_RFCOMM", "bluetooth", "rfcomm"),
                new(BluetoothConstants.BTPROTO_BNEP, "BTPROTO_BNEP", "bluetooth", "bnep"),
                new(BluetoothConstants.BTPROTO_HIDP, "BTPROTO_HIDP", "bluetooth", "hidp"),
            ],
        },
        new(FamilyConstants.AF_IUCV, "AF_IUCV", "af_iucv"),
        new(FamilyConstants.AF_RXRPC, "AF_RXRPC", "rxrpc"),
        new(FamilyConstants.AF_ISDN, "AF_ISDN", "mISDN_core"),
        new(FamilyConstants.AF_PHONET, "AF_PHONET", "phonet"),
        new(FamilyConstants.AF_IEEE802154, "AF_IEEE802154", "ieee802154_socket"),
        new(FamilyConstants.AF_CAIF, "AF_CAIF", "caif_socket"),
        new(FamilyConstants.AF_NFC, "AF_NFC", "nfc"),
        new(FamilyConstants.AF_KCM, "AF_KCM", "kcm"),
        new(FamilyConstants.AF_QIPCRTR, "AF_QIPCRTR", "qrtr"),
        new(FamilyConstants.AF_SMC, "AF_SMC", "smc"),
        new(FamilyConstants.AF_XDP, "AF_XDP"),
        new(FamilyConstants.AF_MCTP, "AF_MCTP", "mctp"),
    ];

    private static readonly FamilyRow?[] ByNumber = Index(Rows);

    /// <summary>The endpoint strings of all families.</summary>
    internal static IEnumerable<SocketUriScheme> Schemes => Rows.SelectMany(static row => row.Schemes);

    /// <summary>The row of a family; null for a number that has none.</summary>
    internal static FamilyRow? Find(int family) => (uint)family < (uint)ByNumber.Length ? ByNumber[family] : null;

    /// <summary>The kernel's name, as <c>AF_TIPC</c>; the number where it has none.</summary>
    internal static string Name(int family) => Find(family)?.Name ?? family.ToString(CultureInfo.InvariantCulture);

    /// <summary>The row of an address; null for a type that a program made itself.</summary>
    internal static FamilyRow? Of(EndPoint? endPoint) => endPoint switch
    {
        LinuxEndPoint own => Find(own.Family),
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } => Find(SocketConstants.AF_INET6),
        IPEndPoint or DnsEndPoint => Find(SocketConstants.AF_INET),
        UnixDomainSocketEndPoint => Find(SocketConstants.AF_UNIX),
        _ => null,
    };

    /// <summary>Whether an address that getsockname(2) gave is one that bind(2) has not set.</summary>
    internal static bool IsUnbound(EndPoint local) => Of(local)?.IsUnbound(local) ?? false;

    /// <summary>Whether an address that getpeername(2) gave stands for no peer.</summary>
    internal static bool IsNobody(EndPoint peer) => Of(peer)?.IsNobody(peer) ?? false;

    /// <summary>Why socket(2) or socketpair(2) refused, and what to try.</summary>
    /// <returns>The likely cause; null when the family and protocol do not bear on this errno.</returns>
    internal static string? Refusal(int errno, int family, SocketType type, ProtocolType protocol)
    {
        FamilyRow row = Find(family) ?? new FamilyRow(family, Name(family));
        FamilyProtocol known = Array.Find(row.Protocols, its => its.Number == (int)protocol);
        switch (errno)
        {
            case Errno.EAFNOSUPPORT:
                return $"this kernel has no {row.Name}, or its module is not loaded{Load(known.Modules ?? row.Modules)}";
            case Errno.EPROTONOSUPPORT or Errno.ESOCKTNOSUPPORT:
                return known.Modules is { } modules
                    ? $"{row.Name} has no {known.Name} here, or its module is not loaded{Load(modules)}"
                    : $"{row.Name} has no type {type} with protocol {(int)protocol} here";
            case Errno.EPERM or Errno.EACCES:
                return $"not permitted; {row.Denial(type, protocol)}";
            default:
                return null;
        }
    }

    private static string Load(string[] modules) => modules.Length == 0
        ? ""
        : $"; as root: {string.Join(" && ", modules.Select(static module => "modprobe " + module))}";

    private static FamilyRow?[] Index(FamilyRow[] rows)
    {
        var index = new FamilyRow?[rows.Max(static row => row.Number) + 1];
        foreach (FamilyRow row in rows)
        {
            index[row.Number] = row;
        }

        return index;
    }
}
