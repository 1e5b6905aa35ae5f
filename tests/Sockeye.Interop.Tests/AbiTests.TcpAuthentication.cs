using System.Runtime.CompilerServices;

namespace Sockeye.Interop.Tests;

// The structures of TCP's authentication option.
public sealed partial class AbiTests
{
    private static readonly string[] TcpAuthenticationStructureNames =
    [
        nameof(TcpAuthenticationAdd),
        nameof(TcpAuthenticationDelete),
        nameof(TcpAuthenticationEntry),
        nameof(TcpAuthenticationState),
        nameof(TcpAuthenticationRepairState),
        nameof(TcpAuthenticationName),
    ];

    private static void AddTcpAuthenticationStructures(Dictionary<string, long> lines)
    {
        TcpAuthenticationAdd tcpAuthenticationAdd = default;
        lines["size tcp_ao_add"] = Unsafe.SizeOf<TcpAuthenticationAdd>();
        lines["offset tcp_ao_add.addr"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.Peer);
        lines["offset tcp_ao_add.alg_name"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.Algorithm);
        lines["offset tcp_ao_add.ifindex"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.InterfaceIndex);
        lines["offset tcp_ao_add.reserved2"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.Reserved);
        lines["offset tcp_ao_add.prefix"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.PrefixLength);
        lines["offset tcp_ao_add.sndid"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.SendId);
        lines["offset tcp_ao_add.rcvid"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.ReceiveId);
        lines["offset tcp_ao_add.maclen"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.CodeLength);
        lines["offset tcp_ao_add.keyflags"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.KeyFlags);
        lines["offset tcp_ao_add.keylen"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.KeyLength);
        lines["offset tcp_ao_add.key"] = Offset(ref tcpAuthenticationAdd, ref tcpAuthenticationAdd.Key);

        TcpAuthenticationDelete tcpAuthenticationDelete = default;
        lines["size tcp_ao_del"] = Unsafe.SizeOf<TcpAuthenticationDelete>();
        lines["offset tcp_ao_del.addr"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.Peer);
        lines["offset tcp_ao_del.ifindex"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.InterfaceIndex);
        lines["offset tcp_ao_del.reserved2"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.Reserved);
        lines["offset tcp_ao_del.prefix"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.PrefixLength);
        lines["offset tcp_ao_del.sndid"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.SendId);
        lines["offset tcp_ao_del.rcvid"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.ReceiveId);
        lines["offset tcp_ao_del.current_key"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.CurrentKey);
        lines["offset tcp_ao_del.rnext"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.NextKey);
        lines["offset tcp_ao_del.keyflags"] = Offset(ref tcpAuthenticationDelete, ref tcpAuthenticationDelete.KeyFlags);

        TcpAuthenticationEntry tcpAuthenticationEntry = default;
        lines["size tcp_ao_getsockopt"] = Unsafe.SizeOf<TcpAuthenticationEntry>();
        lines["offset tcp_ao_getsockopt.addr"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Peer);
        lines["offset tcp_ao_getsockopt.alg_name"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Algorithm);
        lines["offset tcp_ao_getsockopt.key"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Key);
        lines["offset tcp_ao_getsockopt.nkeys"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Keys);
        lines["offset tcp_ao_getsockopt.sndid"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.SendId);
        lines["offset tcp_ao_getsockopt.rcvid"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.ReceiveId);
        lines["offset tcp_ao_getsockopt.prefix"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.PrefixLength);
        lines["offset tcp_ao_getsockopt.maclen"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.CodeLength);
        lines["offset tcp_ao_getsockopt.keyflags"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.KeyFlags);
        lines["offset tcp_ao_getsockopt.keylen"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.KeyLength);
        lines["offset tcp_ao_getsockopt.ifindex"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.InterfaceIndex);
        lines["offset tcp_ao_getsockopt.pkt_good"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Good);
        lines["offset tcp_ao_getsockopt.pkt_bad"] = Offset(ref tcpAuthenticationEntry, ref tcpAuthenticationEntry.Bad);

        TcpAuthenticationState tcpAuthenticationState = default;
        lines["size tcp_ao_info_opt"] = Unsafe.SizeOf<TcpAuthenticationState>();
        lines["offset tcp_ao_info_opt.reserved2"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.Reserved);
        lines["offset tcp_ao_info_opt.current_key"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.CurrentKey);
        lines["offset tcp_ao_info_opt.rnext"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.NextKey);
        lines["offset tcp_ao_info_opt.pkt_good"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.Good);
        lines["offset tcp_ao_info_opt.pkt_bad"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.Bad);
        lines["offset tcp_ao_info_opt.pkt_key_not_found"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.KeyNotFound);
        lines["offset tcp_ao_info_opt.pkt_ao_required"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.Unsigned);
        lines["offset tcp_ao_info_opt.pkt_dropped_icmp"] = Offset(ref tcpAuthenticationState, ref tcpAuthenticationState.DroppedIcmp);

        TcpAuthenticationRepairState tcpAuthenticationRepairState = default;
        lines["size tcp_ao_repair"] = Unsafe.SizeOf<TcpAuthenticationRepairState>();
        lines["offset tcp_ao_repair.snt_isn"] = Offset(ref tcpAuthenticationRepairState, ref tcpAuthenticationRepairState.SentSequence);
        lines["offset tcp_ao_repair.rcv_isn"] = Offset(ref tcpAuthenticationRepairState, ref tcpAuthenticationRepairState.ReceivedSequence);
        lines["offset tcp_ao_repair.snd_sne"] = Offset(ref tcpAuthenticationRepairState, ref tcpAuthenticationRepairState.SendExtension);
        lines["offset tcp_ao_repair.rcv_sne"] = Offset(ref tcpAuthenticationRepairState, ref tcpAuthenticationRepairState.ReceiveExtension);
    }
}
