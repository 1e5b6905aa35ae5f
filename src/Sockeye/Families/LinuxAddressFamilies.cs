using System.Net.Sockets;
using Sockeye.Families;
using Sockeye.Interop;

namespace Sockeye;

/// <summary>
/// Linux's address families for which .NET has no name, or another number: <c>AddressFamily.Netlink</c>,
/// <c>AddressFamily.Vsock</c>, …
/// </summary>
/// <remarks>
/// .NET's numbers are those of Windows, and some are other families in Linux: 16 is AppleTalk there and NETLINK here.
/// These values carry the kernel's number under a tag, <c>0x0100_0000 + AF_x</c>, so that they cannot be confused;
/// a family that has no name here goes by that sum, which <c>AddressFamily.FromLinux</c> makes. These are properties, not constants: they cannot stand in a
/// <c>case</c> or an attribute.
/// </remarks>
public static class LinuxAddressFamilies
{
    extension(AddressFamily)
    {
        /// <summary>The family for a kernel number.</summary>
        /// <param name="number">AF_x: 0 to 65535; what SO_DOMAIN gives, or the first two bytes of a sockaddr.</param>
        /// <returns>.NET's value for the six families that it names and Linux has; otherwise the number under the tag.</returns>
        /// <exception cref="ArgumentOutOfRangeException">The number is not 0 to 65535.</exception>
        public static AddressFamily FromLinux(int number)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(number);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(number, ushort.MaxValue);
            return FamilyNumbers.FromLinux(number);
        }

        /// <summary>AF_AX25: amateur radio AX.25; ax25(4).</summary>
        public static AddressFamily Ax25 => Tagged(FamilyConstants.AF_AX25);

        /// <summary>AF_IPX: Novell IPX, gone since Linux 4.18; its number is not that of .NET's Ipx.</summary>
        public static AddressFamily LinuxIpx => Tagged(FamilyConstants.AF_IPX);

        /// <summary>AF_APPLETALK: AppleTalk DDP; its number is not that of .NET's AppleTalk; ddp(7).</summary>
        public static AddressFamily LinuxAppleTalk => Tagged(FamilyConstants.AF_APPLETALK);

        /// <summary>AF_NETROM: amateur radio NET/ROM; netrom(4).</summary>
        public static AddressFamily NetRom => Tagged(FamilyConstants.AF_NETROM);

        /// <summary>AF_BRIDGE: a name for the bridge in messages of NETLINK_ROUTE; no sockets; rtnetlink(7).</summary>
        public static AddressFamily Bridge => Tagged(FamilyConstants.AF_BRIDGE);

        /// <summary>AF_ATMPVC: ATM permanent virtual circuits.</summary>
        public static AddressFamily AtmPvc => Tagged(FamilyConstants.AF_ATMPVC);

        /// <summary>AF_X25: ITU-T X.25; x25(7).</summary>
        public static AddressFamily X25 => Tagged(FamilyConstants.AF_X25);

        /// <summary>AF_ROSE: amateur radio X.25 PLP; rose(4).</summary>
        public static AddressFamily Rose => Tagged(FamilyConstants.AF_ROSE);

        /// <summary>AF_DECnet: DECnet, gone since Linux 6.1; .NET's DecNet has the same number.</summary>
        public static AddressFamily LinuxDecNet => Tagged(FamilyConstants.AF_DECnet);

        /// <summary>AF_NETBEUI: reserved for 802.2LLC; no sockets.</summary>
        public static AddressFamily NetBeui => Tagged(FamilyConstants.AF_NETBEUI);

        /// <summary>AF_SECURITY: a pseudo family for security callbacks; no sockets.</summary>
        public static AddressFamily Security => Tagged(FamilyConstants.AF_SECURITY);

        /// <summary>AF_KEY: PF_KEY version 2, keys of IPsec; RFC 2367.</summary>
        public static AddressFamily Key => Tagged(FamilyConstants.AF_KEY);

        /// <summary>AF_NETLINK: the kernel's configuration and events; its Linux number, 16, is AppleTalk in .NET; netlink(7).</summary>
        public static AddressFamily Netlink => Tagged(FamilyConstants.AF_NETLINK);

        /// <summary>AF_ASH: Ash; no sockets.</summary>
        public static AddressFamily Ash => Tagged(FamilyConstants.AF_ASH);

        /// <summary>AF_ECONET: Acorn Econet, gone since Linux 3.5.</summary>
        public static AddressFamily Econet => Tagged(FamilyConstants.AF_ECONET);

        /// <summary>AF_ATMSVC: ATM switched virtual circuits.</summary>
        public static AddressFamily AtmSvc => Tagged(FamilyConstants.AF_ATMSVC);

        /// <summary>AF_RDS: reliable datagram sockets; rds(7).</summary>
        public static AddressFamily Rds => Tagged(FamilyConstants.AF_RDS);

        /// <summary>AF_SNA: IBM SNA; no sockets.</summary>
        public static AddressFamily LinuxSna => Tagged(FamilyConstants.AF_SNA);

        /// <summary>AF_IRDA: infrared, gone since Linux 4.17; its number is not that of .NET's Irda.</summary>
        public static AddressFamily LinuxIrda => Tagged(FamilyConstants.AF_IRDA);

        /// <summary>AF_PPPOX: PPP over Ethernet and L2TP.</summary>
        public static AddressFamily PppOx => Tagged(FamilyConstants.AF_PPPOX);

        /// <summary>AF_WANPIPE: Sangoma Wanpipe, gone since Linux 2.6.21.</summary>
        public static AddressFamily Wanpipe => Tagged(FamilyConstants.AF_WANPIPE);

        /// <summary>AF_LLC: IEEE 802.2 logical link control.</summary>
        public static AddressFamily Llc => Tagged(FamilyConstants.AF_LLC);

        /// <summary>AF_IB: native InfiniBand addresses, in RDMA; no sockets.</summary>
        public static AddressFamily InfiniBand => Tagged(FamilyConstants.AF_IB);

        /// <summary>AF_MPLS: a name for MPLS in messages of NETLINK_ROUTE; no sockets.</summary>
        public static AddressFamily Mpls => Tagged(FamilyConstants.AF_MPLS);

        /// <summary>AF_TIPC: cluster communication by service; tipc(7).</summary>
        public static AddressFamily Tipc => Tagged(FamilyConstants.AF_TIPC);

        /// <summary>AF_BLUETOOTH: Bluetooth.</summary>
        public static AddressFamily Bluetooth => Tagged(FamilyConstants.AF_BLUETOOTH);

        /// <summary>AF_IUCV: z/VM inter-user communication, on s390.</summary>
        public static AddressFamily Iucv => Tagged(FamilyConstants.AF_IUCV);

        /// <summary>AF_RXRPC: Andrew file system's remote calls; the kernel's rxrpc.rst.</summary>
        public static AddressFamily RxRpc => Tagged(FamilyConstants.AF_RXRPC);

        /// <summary>AF_ISDN: modular ISDN.</summary>
        public static AddressFamily Isdn => Tagged(FamilyConstants.AF_ISDN);

        /// <summary>AF_PHONET: Nokia cellular modems; the kernel's phonet.rst.</summary>
        public static AddressFamily Phonet => Tagged(FamilyConstants.AF_PHONET);

        /// <summary>AF_IEEE802154: IEEE 802.15.4, low-rate wireless.</summary>
        public static AddressFamily Ieee802154 => Tagged(FamilyConstants.AF_IEEE802154);

        /// <summary>AF_CAIF: ST-Ericsson modems.</summary>
        public static AddressFamily Caif => Tagged(FamilyConstants.AF_CAIF);

        /// <summary>AF_ALG: the kernel's ciphers and hashes; the kernel's userspace-if.rst.</summary>
        public static AddressFamily Alg => Tagged(FamilyConstants.AF_ALG);

        /// <summary>AF_NFC: near-field communication.</summary>
        public static AddressFamily Nfc => Tagged(FamilyConstants.AF_NFC);

        /// <summary>AF_VSOCK: between a virtual machine and its host; vsock(7).</summary>
        public static AddressFamily Vsock => Tagged(FamilyConstants.AF_VSOCK);

        /// <summary>AF_KCM: messages over TCP, framed by BPF; the kernel's kcm.rst.</summary>
        public static AddressFamily Kcm => Tagged(FamilyConstants.AF_KCM);

        /// <summary>AF_QIPCRTR: Qualcomm's IPC router.</summary>
        public static AddressFamily Qipcrtr => Tagged(FamilyConstants.AF_QIPCRTR);

        /// <summary>AF_SMC: shared memory communication beside TCP; smc(7).</summary>
        public static AddressFamily Smc => Tagged(FamilyConstants.AF_SMC);

        /// <summary>AF_XDP: packets before the network stack; the kernel's af_xdp.rst.</summary>
        public static AddressFamily Xdp => Tagged(FamilyConstants.AF_XDP);

        /// <summary>AF_MCTP: management component transport; the kernel's mctp.rst; Linux 5.15.</summary>
        public static AddressFamily Mctp => Tagged(FamilyConstants.AF_MCTP);
    }

    private static AddressFamily Tagged(int number) => (AddressFamily)(FamilyNumbers.Tag + number);
}
