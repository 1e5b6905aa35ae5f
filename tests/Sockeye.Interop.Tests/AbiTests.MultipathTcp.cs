using System.Runtime.CompilerServices;

namespace Sockeye.Interop.Tests;

// The structures of multipath TCP's options.
public sealed partial class AbiTests
{
    private static readonly string[] MultipathTcpStructureNames =
    [
        nameof(MptcpFullInfo),
        nameof(MptcpInfo),
        nameof(MptcpSubflowAddresses),
        nameof(MptcpSubflowData),
        nameof(MptcpSubflowInfo),
    ];

    private static void AddMultipathTcpStructures(Dictionary<string, long> lines)
    {
        MptcpFullInfo mptcpFullInfo = default;
        lines["size mptcp_full_info"] = Unsafe.SizeOf<MptcpFullInfo>();
        lines["offset mptcp_full_info.size_tcpinfo_kernel"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.TcpKernelBytes);
        lines["offset mptcp_full_info.size_tcpinfo_user"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.TcpUserBytes);
        lines["offset mptcp_full_info.size_sfinfo_kernel"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.SubflowKernelBytes);
        lines["offset mptcp_full_info.size_sfinfo_user"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.SubflowUserBytes);
        lines["offset mptcp_full_info.num_subflows"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.Subflows);
        lines["offset mptcp_full_info.size_arrays_user"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.Room);
        lines["offset mptcp_full_info.subflow_info"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.SubflowPointer);
        lines["offset mptcp_full_info.tcp_info"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.TcpPointer);
        lines["offset mptcp_full_info.mptcp_info"] = Offset(ref mptcpFullInfo, ref mptcpFullInfo.Information);

        MptcpInfo mptcpInfo = default;
        lines["size mptcp_info"] = Unsafe.SizeOf<MptcpInfo>();
        lines["offset mptcp_info.mptcpi_subflows"] = Offset(ref mptcpInfo, ref mptcpInfo.Subflows);
        lines["offset mptcp_info.mptcpi_add_addr_signal"] = Offset(ref mptcpInfo, ref mptcpInfo.AddressesSignalled);
        lines["offset mptcp_info.mptcpi_add_addr_accepted"] = Offset(ref mptcpInfo, ref mptcpInfo.AddressesAccepted);
        lines["offset mptcp_info.mptcpi_subflows_max"] = Offset(ref mptcpInfo, ref mptcpInfo.SubflowsMax);
        lines["offset mptcp_info.mptcpi_add_addr_signal_max"] = Offset(ref mptcpInfo, ref mptcpInfo.AddressesSignalledMax);
        lines["offset mptcp_info.mptcpi_add_addr_accepted_max"] = Offset(ref mptcpInfo, ref mptcpInfo.AddressesAcceptedMax);
        lines["offset mptcp_info.mptcpi_flags"] = Offset(ref mptcpInfo, ref mptcpInfo.Flags);
        lines["offset mptcp_info.mptcpi_token"] = Offset(ref mptcpInfo, ref mptcpInfo.Token);
        lines["offset mptcp_info.mptcpi_write_seq"] = Offset(ref mptcpInfo, ref mptcpInfo.WriteSequence);
        lines["offset mptcp_info.mptcpi_snd_una"] = Offset(ref mptcpInfo, ref mptcpInfo.SendUnacknowledged);
        lines["offset mptcp_info.mptcpi_rcv_nxt"] = Offset(ref mptcpInfo, ref mptcpInfo.ReceiveNext);
        lines["offset mptcp_info.mptcpi_local_addr_used"] = Offset(ref mptcpInfo, ref mptcpInfo.LocalAddressesUsed);
        lines["offset mptcp_info.mptcpi_local_addr_max"] = Offset(ref mptcpInfo, ref mptcpInfo.LocalAddressesMax);
        lines["offset mptcp_info.mptcpi_csum_enabled"] = Offset(ref mptcpInfo, ref mptcpInfo.ChecksumEnabled);
        lines["offset mptcp_info.mptcpi_retransmits"] = Offset(ref mptcpInfo, ref mptcpInfo.Retransmits);
        lines["offset mptcp_info.mptcpi_bytes_retrans"] = Offset(ref mptcpInfo, ref mptcpInfo.BytesRetransmitted);
        lines["offset mptcp_info.mptcpi_bytes_sent"] = Offset(ref mptcpInfo, ref mptcpInfo.BytesSent);
        lines["offset mptcp_info.mptcpi_bytes_received"] = Offset(ref mptcpInfo, ref mptcpInfo.BytesReceived);
        lines["offset mptcp_info.mptcpi_bytes_acked"] = Offset(ref mptcpInfo, ref mptcpInfo.BytesAcknowledged);
        lines["offset mptcp_info.mptcpi_subflows_total"] = Offset(ref mptcpInfo, ref mptcpInfo.SubflowsTotal);
        lines["offset mptcp_info.mptcpi_last_data_sent"] = Offset(ref mptcpInfo, ref mptcpInfo.LastDataSent);
        lines["offset mptcp_info.mptcpi_last_data_recv"] = Offset(ref mptcpInfo, ref mptcpInfo.LastDataReceived);
        lines["offset mptcp_info.mptcpi_last_ack_recv"] = Offset(ref mptcpInfo, ref mptcpInfo.LastAcknowledgementReceived);

        MptcpSubflowAddresses mptcpSubflowAddresses = default;
        lines["size mptcp_subflow_addrs"] = Unsafe.SizeOf<MptcpSubflowAddresses>();
        lines["offset mptcp_subflow_addrs.ss_local"] = Offset(ref mptcpSubflowAddresses, ref mptcpSubflowAddresses.Local);
        lines["offset mptcp_subflow_addrs.ss_remote"] = Offset(ref mptcpSubflowAddresses, ref mptcpSubflowAddresses.Remote);

        MptcpSubflowData mptcpSubflowData = default;
        lines["size mptcp_subflow_data"] = Unsafe.SizeOf<MptcpSubflowData>();
        lines["offset mptcp_subflow_data.size_subflow_data"] = Offset(ref mptcpSubflowData, ref mptcpSubflowData.HeaderBytes);
        lines["offset mptcp_subflow_data.num_subflows"] = Offset(ref mptcpSubflowData, ref mptcpSubflowData.Subflows);
        lines["offset mptcp_subflow_data.size_kernel"] = Offset(ref mptcpSubflowData, ref mptcpSubflowData.KernelBytes);
        lines["offset mptcp_subflow_data.size_user"] = Offset(ref mptcpSubflowData, ref mptcpSubflowData.UserBytes);

        MptcpSubflowInfo mptcpSubflowInfo = default;
        lines["size mptcp_subflow_info"] = Unsafe.SizeOf<MptcpSubflowInfo>();
        lines["offset mptcp_subflow_info.id"] = Offset(ref mptcpSubflowInfo, ref mptcpSubflowInfo.Id);
        lines["offset mptcp_subflow_info.addrs"] = Offset(ref mptcpSubflowInfo, ref mptcpSubflowInfo.Addresses);
    }
}
