using System.Globalization;
using System.Net.Sockets;
using Sockeye.Interop;

namespace Sockeye.Families;

/// <summary>
/// What a person needs to know of a family that does not open: its name, and the kernel's module that brings it.
/// </summary>
internal static class FamilyTable
{
    // By number. Without a module: built into the kernel, or no kernel opens sockets of it.
    private static readonly (int Family, string Name, string[] Modules)[] Families =
    [
        (SocketConstants.AF_UNSPEC, "AF_UNSPEC", []),
        (SocketConstants.AF_UNIX, "AF_UNIX", ["unix"]),
        (SocketConstants.AF_INET, "AF_INET", []),
        (FamilyConstants.AF_AX25, "AF_AX25", ["ax25"]),
        (FamilyConstants.AF_IPX, "AF_IPX", ["ipx"]),
        (FamilyConstants.AF_APPLETALK, "AF_APPLETALK", ["appletalk"]),
        (FamilyConstants.AF_NETROM, "AF_NETROM", ["netrom"]),
        (FamilyConstants.AF_BRIDGE, "AF_BRIDGE", []),
        (FamilyConstants.AF_ATMPVC, "AF_ATMPVC", ["atm"]),
        (FamilyConstants.AF_X25, "AF_X25", ["x25"]),
        (SocketConstants.AF_INET6, "AF_INET6", ["ipv6"]),
        (FamilyConstants.AF_ROSE, "AF_ROSE", ["rose"]),
        (FamilyConstants.AF_DECnet, "AF_DECnet", ["decnet"]),
        (FamilyConstants.AF_NETBEUI, "AF_NETBEUI", []),
        (FamilyConstants.AF_SECURITY, "AF_SECURITY", []),
        (FamilyConstants.AF_KEY, "AF_KEY", ["af_key"]),
        (FamilyConstants.AF_NETLINK, "AF_NETLINK", []),
        (SocketConstants.AF_PACKET, "AF_PACKET", ["af_packet"]),
        (FamilyConstants.AF_ASH, "AF_ASH", []),
        (FamilyConstants.AF_ECONET, "AF_ECONET", ["econet"]),
        (FamilyConstants.AF_ATMSVC, "AF_ATMSVC", ["atm"]),
        (FamilyConstants.AF_RDS, "AF_RDS", ["rds", "rds_tcp"]),
        (FamilyConstants.AF_SNA, "AF_SNA", []),
        (FamilyConstants.AF_IRDA, "AF_IRDA", ["irda"]),
        (FamilyConstants.AF_PPPOX, "AF_PPPOX", ["pppox", "pppoe"]),
        (FamilyConstants.AF_WANPIPE, "AF_WANPIPE", []),
        (FamilyConstants.AF_LLC, "AF_LLC", ["llc2"]),
        (FamilyConstants.AF_IB, "AF_IB", ["ib_core"]),
        (FamilyConstants.AF_MPLS, "AF_MPLS", ["mpls_router"]),
        (SocketConstants.AF_CAN, "AF_CAN", ["can"]),
        (FamilyConstants.AF_TIPC, "AF_TIPC", ["tipc"]),
        (FamilyConstants.AF_BLUETOOTH, "AF_BLUETOOTH", ["bluetooth"]),
        (FamilyConstants.AF_IUCV, "AF_IUCV", ["af_iucv"]),
        (FamilyConstants.AF_RXRPC, "AF_RXRPC", ["rxrpc"]),
        (FamilyConstants.AF_ISDN, "AF_ISDN", ["mISDN_core"]),
        (FamilyConstants.AF_PHONET, "AF_PHONET", ["phonet"]),
        (FamilyConstants.AF_IEEE802154, "AF_IEEE802154", ["ieee802154_socket"]),
        (FamilyConstants.AF_CAIF, "AF_CAIF", ["caif_socket"]),
        (FamilyConstants.AF_ALG, "AF_ALG", ["af_alg"]),
        (FamilyConstants.AF_NFC, "AF_NFC", ["nfc"]),
        (FamilyConstants.AF_VSOCK, "AF_VSOCK", ["vsock", "vsock_loopback"]),
        (FamilyConstants.AF_KCM, "AF_KCM", ["kcm"]),
        (FamilyConstants.AF_QIPCRTR, "AF_QIPCRTR", ["qrtr"]),
        (FamilyConstants.AF_SMC, "AF_SMC", ["smc"]),
        (FamilyConstants.AF_XDP, "AF_XDP", []),
        (FamilyConstants.AF_MCTP, "AF_MCTP", ["mctp"]),
    ];

    // Protocols that are modules of their own.
    private static readonly (int Family, int Protocol, string Name, string[] Modules)[] Protocols =
    [
        (SocketConstants.AF_INET, ProtocolConstants.IPPROTO_SCTP, "IPPROTO_SCTP", ["sctp"]),
        (SocketConstants.AF_INET6, ProtocolConstants.IPPROTO_SCTP, "IPPROTO_SCTP", ["sctp"]),
        (SocketConstants.AF_INET, ProtocolConstants.IPPROTO_DCCP, "IPPROTO_DCCP", ["dccp_ipv4"]),
        (SocketConstants.AF_INET6, ProtocolConstants.IPPROTO_DCCP, "IPPROTO_DCCP", ["dccp_ipv6"]),
        (SocketConstants.AF_INET, ProtocolConstants.IPPROTO_L2TP, "IPPROTO_L2TP", ["l2tp_ip"]),
        (SocketConstants.AF_INET6, ProtocolConstants.IPPROTO_L2TP, "IPPROTO_L2TP", ["l2tp_ip6"]),
        (SocketConstants.AF_INET, ProtocolConstants.IPPROTO_SMC, "IPPROTO_SMC", ["smc"]),
        (SocketConstants.AF_INET6, ProtocolConstants.IPPROTO_SMC, "IPPROTO_SMC", ["smc"]),
        (SocketConstants.AF_CAN, CanConstants.CAN_RAW, "CAN_RAW", ["can", "can_raw"]),
        (SocketConstants.AF_CAN, CanConstants.CAN_BCM, "CAN_BCM", ["can", "can_bcm"]),
        (SocketConstants.AF_CAN, CanConstants.CAN_ISOTP, "CAN_ISOTP", ["can", "can_isotp"]),
        (SocketConstants.AF_CAN, CanConstants.CAN_J1939, "CAN_J1939", ["can", "can_j1939"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_SOCK_DIAG, "NETLINK_SOCK_DIAG", ["inet_diag"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_XFRM, "NETLINK_XFRM", ["xfrm_user"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_CONNECTOR, "NETLINK_CONNECTOR", ["cn"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_NETFILTER, "NETLINK_NETFILTER", ["nfnetlink"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_CRYPTO, "NETLINK_CRYPTO", ["crypto_user"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_RDMA, "NETLINK_RDMA", ["ib_core"]),
        (FamilyConstants.AF_NETLINK, NetlinkConstants.NETLINK_ISCSI, "NETLINK_ISCSI", ["scsi_transport_iscsi"]),
        (FamilyConstants.AF_BLUETOOTH, BluetoothConstants.BTPROTO_RFCOMM, "BTPROTO_RFCOMM", ["bluetooth", "rfcomm"]),
        (FamilyConstants.AF_BLUETOOTH, BluetoothConstants.BTPROTO_BNEP, "BTPROTO_BNEP", ["bluetooth", "bnep"]),
        (FamilyConstants.AF_BLUETOOTH, BluetoothConstants.BTPROTO_HIDP, "BTPROTO_HIDP", ["bluetooth", "hidp"]),
    ];

    /// <summary>The kernel's name, as <c>AF_TIPC</c>; the number where it has none.</summary>
    internal static string Name(int family)
    {
        foreach ((int number, string name, _) in Families)
        {
            if (number == family)
            {
                return name;
            }
        }

        return family.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Why socket(2) or socketpair(2) refused, and what to try.</summary>
    /// <returns>The likely cause; null when the family and protocol do not bear on this errno.</returns>
    internal static string? Refusal(int errno, int family, SocketType type, ProtocolType protocol)
    {
        string name = Name(family);
        switch (errno)
        {
            case Errno.EAFNOSUPPORT:
                return $"this kernel has no {name}, or its module is not loaded{Load(Modules(family, protocol))}";
            case Errno.EPROTONOSUPPORT or Errno.ESOCKTNOSUPPORT:
                string[] modules = ProtocolModules(family, protocol, out string protocolName);
                return modules.Length > 0
                    ? $"{name} has no {protocolName} here, or its module is not loaded{Load(modules)}"
                    : $"{name} has no type {type} with protocol {protocolName} here";
            case Errno.EPERM or Errno.EACCES when family == SocketConstants.AF_PACKET || type == SocketType.Raw || (int)type == FamilyConstants.SOCK_PACKET:
                return $"not permitted; {name} sockets of type {type} need CAP_NET_RAW: run as root, or in a user and network namespace (unshare -rn)";
            case Errno.EPERM or Errno.EACCES:
                return $"not permitted; {name} or this protocol of it needs a capability, such as CAP_NET_RAW or CAP_NET_ADMIN";
            default:
                return null;
        }
    }

    private static string Load(string[] modules) => modules.Length == 0
        ? ""
        : $"; as root: {string.Join(" && ", modules.Select(static module => "modprobe " + module))}";

    private static string[] Modules(int family, ProtocolType protocol)
    {
        string[] modules = ProtocolModules(family, protocol, out _);
        return modules.Length > 0 ? modules : Families.FirstOrDefault(row => row.Family == family).Modules ?? [];
    }

    private static string[] ProtocolModules(int family, ProtocolType protocol, out string name)
    {
        foreach ((int number, int protocolNumber, string protocolName, string[] modules) in Protocols)
        {
            if (number == family && protocolNumber == (int)protocol)
            {
                name = protocolName;
                return modules;
            }
        }

        name = ((int)protocol).ToString(CultureInfo.InvariantCulture);
        return [];
    }
}
