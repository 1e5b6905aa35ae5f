using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sockeye.Tests.Options;

/// <summary>The kernel's headers hold no option without a key, but for those named here with the reason.</summary>
public sealed partial class OptionHeaderTests
{
    private static readonly TimeSpan CompilerLimit = TimeSpan.FromSeconds(60);

    /// <summary>The last kernel whose headers this list knows.</summary>
    private static readonly Version Known = new(6, 18);

    private static readonly Dictionary<string, string> WithoutKey = new(StringComparer.Ordinal)
    {
        ["SO_BSDCOMPAT"] = "has had no effect since Linux 2.6.9",
        ["SO_DETACH_BPF"] = "another name of SO_DETACH_FILTER",
        ["SO_DEVMEM_DMABUF"] = "a control message",
        ["SO_DEVMEM_DONTNEED"] = "gives back memory of a network card's own, by tokens: SetRawSocketOption",
        ["SO_DEVMEM_LINEAR"] = "a control message",
        ["SO_GET_FILTER"] = "another name of SO_ATTACH_FILTER",
        ["SO_PEERNAME"] = "getpeername(2): Socket.RemoteEndPoint",
        ["SO_RCVTIMEO_NEW"] = "the same as SO_RCVTIMEO on 64-bit machines",
        ["SO_RCVTIMEO_OLD"] = "another name of SO_RCVTIMEO on 64-bit machines",
        ["SO_SECURITY_AUTHENTICATION"] = "never made: ENOPROTOOPT",
        ["SO_SECURITY_ENCRYPTION_NETWORK"] = "never made: ENOPROTOOPT",
        ["SO_SECURITY_ENCRYPTION_TRANSPORT"] = "never made: ENOPROTOOPT",
        ["SO_SNDTIMEO_NEW"] = "the same as SO_SNDTIMEO on 64-bit machines",
        ["SO_SNDTIMEO_OLD"] = "another name of SO_SNDTIMEO on 64-bit machines",
        ["SO_TIMESTAMPING_OLD"] = "another name of SO_TIMESTAMPING on 64-bit machines",
        ["SO_TIMESTAMPNS_OLD"] = "another name of SO_TIMESTAMPNS on 64-bit machines",
        ["SO_TIMESTAMP_OLD"] = "another name of SO_TIMESTAMP on 64-bit machines",

        ["IP_IPSEC_POLICY"] = "never made in Linux; IP_XFRM_POLICY is what there is",
        ["IP_MSFILTER"] = "MCAST_MSFILTER does the same, by the interface's index",
        ["IP_ORIGDSTADDR"] = "a control message; IP_RECVORIGDSTADDR turns it on",
        ["IP_RECVRETOPTS"] = "another name of IP_RETOPTS",

        ["IPV6_2292DSTOPTS"] = "of RFC 2292, before IPV6_RECVDSTOPTS",
        ["IPV6_2292HOPLIMIT"] = "of RFC 2292, before IPV6_RECVHOPLIMIT",
        ["IPV6_2292HOPOPTS"] = "of RFC 2292, before IPV6_RECVHOPOPTS",
        ["IPV6_2292PKTINFO"] = "of RFC 2292, before IPV6_RECVPKTINFO",
        ["IPV6_2292PKTOPTIONS"] = "of RFC 2292, before the sticky options of RFC 3542",
        ["IPV6_2292RTHDR"] = "of RFC 2292, before IPV6_RECVRTHDR",
        ["IPV6_ADD_MEMBERSHIP"] = "another name of IPV6_JOIN_GROUP",
        ["IPV6_AUTHHDR"] = "obsolete, never made",
        ["IPV6_DROP_MEMBERSHIP"] = "another name of IPV6_LEAVE_GROUP",
        ["IPV6_HOPLIMIT"] = "a control message",
        ["IPV6_IPSEC_POLICY"] = "never made in Linux; IPV6_XFRM_POLICY is what there is",
        ["IPV6_NEXTHOP"] = "a control message",
        ["IPV6_ORIGDSTADDR"] = "a control message; IPV6_RECVORIGDSTADDR turns it on",

        ["TCP_CM_INQ"] = "a control message; TCP_INQ turns it on",
        ["TCP_ZEROCOPY_RECEIVE"] = "maps memory, and so needs mmap(2) of the socket",

        ["PACKET_RECV_OUTPUT"] = "never made: ENOPROTOOPT",
        ["PACKET_TX_TIMESTAMP"] = "a control message",

        ["NETLINK_RX_RING"] = "gone since Linux 4.6",
        ["NETLINK_TX_RING"] = "gone since Linux 4.6",

        ["SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD"] = "another name of SO_VM_SOCKETS_CONNECT_TIMEOUT on 64-bit machines",
        ["SO_VM_SOCKETS_NONBLOCK_TXRX"] = "of VMware's own kernels",
        ["SO_VM_SOCKETS_PEER_HOST_VM_ID"] = "of VMware's own kernels",
        ["SO_VM_SOCKETS_TRUSTED"] = "of VMware's own kernels",
    };

    /// <summary>What came after the headers of Linux 6.1, up to <see cref="Known"/>.</summary>
    private static readonly string[] Newer =
    [
        "SO_PASSPIDFD", "SO_PEERPIDFD", "SO_DEVMEM_LINEAR", "SO_DEVMEM_DMABUF", "SO_DEVMEM_DONTNEED", "SO_RCVPRIORITY",
        "SO_PASSRIGHTS", "IP_LOCAL_PORT_RANGE", "IP_PROTOCOL", "TCP_AO_ADD_KEY", "TCP_AO_DEL_KEY", "TCP_AO_INFO",
        "TCP_AO_GET_KEYS", "TCP_AO_REPAIR", "TCP_IS_MPTCP", "TCP_RTO_MAX_MS", "TCP_RTO_MIN_US", "TCP_DELACK_MAX_US",
        "PACKET_VNET_HDR_SZ", "MPTCP_FULL_INFO", "CAN_RAW_XL_VCID_OPTS",
    ];

    /// <summary>Each header, which of its names are options, and which of those are values of options.</summary>
    private static readonly (string Header, Regex Options, Regex Values)[] Headers =
    [
        ("asm/socket.h", new("^SO_"), new("^$")),
        ("linux/in.h", new("^(IP|MCAST)_"), new("^(IP_(PMTUDISC|DEFAULT|MSFILTER_SIZE)|MCAST_(IN|EX)CLUDE)")),
        ("linux/in6.h", new("^IPV6_"), new("^IPV6_(FL_|FLOWINFO_(FLOWLABEL|PRIORITY)|PRIORITY_|TLV_|PMTUDISC_|PREFER_SRC_|SRCRT_|OPT_)")),
        ("linux/tcp.h", new("^TCP_"), new("^TCP_(MSS_|REPAIR_(ON|OFF)|MD5SIG_(MAXKEYLEN|FLAG)|RECEIVE_ZEROCOPY_|AO_(MAXKEYLEN|KEYF))")),
        ("linux/udp.h", new("^UDP_"), new("^UDP_ENCAP_")),
        ("linux/if_packet.h", new("^PACKET_"), new("^PACKET_((HOST|BROADCAST|MULTICAST|OTHERHOST|OUTGOING|LOOPBACK|USER|KERNEL|FASTROUTE)$|FANOUT_(?!DATA)|MR_)")),
        ("linux/netlink.h", new("^NETLINK_"), new("^NETLINK_(ROUTE|UNUSED|USERSOCK|FIREWALL|SOCK_DIAG|NFLOG|XFRM|SELINUX|ISCSI|AUDIT|FIB_LOOKUP|CONNECTOR|NETFILTER|IP6_FW|DNRTMSG|KOBJECT_UEVENT|GENERIC|SCSITRANSPORT|ECRYPTFS|RDMA|CRYPTO|SMC|INET_DIAG)$")),
        ("linux/vm_sockets.h", new("^SO_VM_"), new("^$")),
        ("linux/mptcp.h", new("^MPTCP_(INFO|TCPINFO|SUBFLOW_ADDRS|FULL_INFO)$"), new("^$")),
    ];

    [Fact]
    public void Every_option_of_the_headers_has_a_key_or_a_reason()
    {
        var keys = OptionRows.All.Select(row => row.KernelName).ToHashSet(StringComparer.Ordinal);
        var missing = Newer.Where(name => !keys.Contains(name) && !WithoutKey.ContainsKey(name)).ToList();
        int found = 0;
        bool newerHeaders = HeaderVersion() > Known;
        foreach ((string header, Regex options, Regex values) in Headers)
        {
            foreach (string name in Macros(header).Where(name => options.IsMatch(name) && !values.IsMatch(name)))
            {
                found++;
                if (!keys.Contains(name) && !WithoutKey.ContainsKey(name) && !newerHeaders)
                {
                    missing.Add($"{name} of {header}");
                }
            }
        }

        Assert.True(missing.Count == 0, string.Join('\n', missing));
        Assert.True(found > 200, $"Only {found} options found.");
        Assert.DoesNotContain(WithoutKey.Keys, keys.Contains);
    }

    private static Version HeaderVersion()
    {
        string code = Compile("#include <linux/version.h>\n")
            .First(line => line.StartsWith("#define LINUX_VERSION_CODE ", StringComparison.Ordinal));
        int number = int.Parse(code.Split(' ')[2], CultureInfo.InvariantCulture);
        return new Version(number >> 16, (number >> 8) & 0xFF);
    }

    // Names that the header itself defines as a number or as another name; those of what it includes do not match.
    private static IEnumerable<string> Macros(string header) => Compile($"#include <{header}>\n")
        .Select(line => Definition().Match(line))
        .Where(match => match.Success)
        .Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"^#define ([A-Z][A-Z0-9_]+) +\S")]
    private static partial Regex Definition();

    private static string[] Compile(string program)
    {
        var start = new ProcessStartInfo("cc", ["-E", "-dM", "-"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            process.StandardInput.Write(program);
            process.StandardInput.Close();
            if (!process.WaitForExit(CompilerLimit))
            {
                process.Kill();
                Assert.Fail($"cc did not end within {CompilerLimit}.");
            }

            Assert.Equal(0, process.ExitCode);
            return output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("No C compiler: install gcc and libc6-dev.");
            throw;
        }
    }
}
