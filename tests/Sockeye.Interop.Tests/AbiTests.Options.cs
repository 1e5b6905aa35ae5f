using System.Runtime.CompilerServices;

namespace Sockeye.Interop.Tests;

// The structures of socket options.
public sealed partial class AbiTests
{
    private static readonly string[] OptionStructureNames =
    [
        nameof(CanFilterEntry),
        nameof(CanIsotpFlow),
        nameof(CanIsotpLink),
        nameof(CanIsotpSettings),
        nameof(PacketFanoutArguments),
        nameof(GroupFilterHeader),
        nameof(GroupRequest),
        nameof(GroupSourceRequest),
        nameof(IpSourceMembership),
        nameof(IpFilterHeader),
        nameof(Ipv6PathMtu),
        nameof(PacketMembershipRequest),
        nameof(TimestampingSettings),
        nameof(FilterInstruction),
        nameof(FilterProgram),
        nameof(TransmitTimeSettings),
        nameof(TcpInfo),
        nameof(TcpSignature),
        nameof(TcpRepairOptionEntry),
        nameof(TcpRepairWindowState),
        nameof(TipcGroupRequest),
        nameof(PacketRingRequest),
        nameof(PacketRolloverCounts),
        nameof(PacketCounts),
        nameof(SocketAddressStorage),
        nameof(TcpSignatureBytes),
    ];

    private static void AddOptionStructures(Dictionary<string, long> lines)
    {
        CanFilterEntry canFilterEntry = default;
        lines["size can_filter"] = Unsafe.SizeOf<CanFilterEntry>();
        lines["offset can_filter.can_id"] = Offset(ref canFilterEntry, ref canFilterEntry.Id);
        lines["offset can_filter.can_mask"] = Offset(ref canFilterEntry, ref canFilterEntry.Mask);

        CanIsotpFlow canIsotpFlow = default;
        lines["size can_isotp_fc_options"] = Unsafe.SizeOf<CanIsotpFlow>();
        lines["offset can_isotp_fc_options.bs"] = Offset(ref canIsotpFlow, ref canIsotpFlow.BlockSize);
        lines["offset can_isotp_fc_options.stmin"] = Offset(ref canIsotpFlow, ref canIsotpFlow.SeparationTime);
        lines["offset can_isotp_fc_options.wftmax"] = Offset(ref canIsotpFlow, ref canIsotpFlow.WaitFramesMax);

        CanIsotpLink canIsotpLink = default;
        lines["size can_isotp_ll_options"] = Unsafe.SizeOf<CanIsotpLink>();
        lines["offset can_isotp_ll_options.mtu"] = Offset(ref canIsotpLink, ref canIsotpLink.Mtu);
        lines["offset can_isotp_ll_options.tx_dl"] = Offset(ref canIsotpLink, ref canIsotpLink.DataLength);
        lines["offset can_isotp_ll_options.tx_flags"] = Offset(ref canIsotpLink, ref canIsotpLink.Flags);

        CanIsotpSettings canIsotpSettings = default;
        lines["size can_isotp_options"] = Unsafe.SizeOf<CanIsotpSettings>();
        lines["offset can_isotp_options.flags"] = Offset(ref canIsotpSettings, ref canIsotpSettings.Flags);
        lines["offset can_isotp_options.frame_txtime"] = Offset(ref canIsotpSettings, ref canIsotpSettings.FrameNanoseconds);
        lines["offset can_isotp_options.ext_address"] = Offset(ref canIsotpSettings, ref canIsotpSettings.ExtendedAddress);
        lines["offset can_isotp_options.txpad_content"] = Offset(ref canIsotpSettings, ref canIsotpSettings.SendPadding);
        lines["offset can_isotp_options.rxpad_content"] = Offset(ref canIsotpSettings, ref canIsotpSettings.ReceivePadding);
        lines["offset can_isotp_options.rx_ext_address"] = Offset(ref canIsotpSettings, ref canIsotpSettings.ReceiveExtendedAddress);

        PacketFanoutArguments packetFanoutArguments = default;
        lines["size fanout_args"] = Unsafe.SizeOf<PacketFanoutArguments>();
        lines["offset fanout_args.id"] = Offset(ref packetFanoutArguments, ref packetFanoutArguments.Id);
        lines["offset fanout_args.type_flags"] = Offset(ref packetFanoutArguments, ref packetFanoutArguments.TypeAndFlags);
        lines["offset fanout_args.max_num_members"] = Offset(ref packetFanoutArguments, ref packetFanoutArguments.MembersMax);

        GroupFilterHeader groupFilterHeader = default;
        lines["offset group_filter.gf_interface"] = Offset(ref groupFilterHeader, ref groupFilterHeader.InterfaceIndex);
        lines["offset group_filter.gf_group"] = Offset(ref groupFilterHeader, ref groupFilterHeader.Group);
        lines["offset group_filter.gf_fmode"] = Offset(ref groupFilterHeader, ref groupFilterHeader.Mode);
        lines["offset group_filter.gf_numsrc"] = Offset(ref groupFilterHeader, ref groupFilterHeader.SourceCount);
        lines["offset group_filter.gf_slist"] = Unsafe.SizeOf<GroupFilterHeader>();

        GroupRequest groupRequest = default;
        lines["size group_req"] = Unsafe.SizeOf<GroupRequest>();
        lines["offset group_req.gr_interface"] = Offset(ref groupRequest, ref groupRequest.InterfaceIndex);
        lines["offset group_req.gr_group"] = Offset(ref groupRequest, ref groupRequest.Group);

        GroupSourceRequest groupSourceRequest = default;
        lines["size group_source_req"] = Unsafe.SizeOf<GroupSourceRequest>();
        lines["offset group_source_req.gsr_interface"] = Offset(ref groupSourceRequest, ref groupSourceRequest.InterfaceIndex);
        lines["offset group_source_req.gsr_group"] = Offset(ref groupSourceRequest, ref groupSourceRequest.Group);
        lines["offset group_source_req.gsr_source"] = Offset(ref groupSourceRequest, ref groupSourceRequest.Source);

        IpSourceMembership ipSourceMembership = default;
        lines["size ip_mreq_source"] = Unsafe.SizeOf<IpSourceMembership>();
        lines["offset ip_mreq_source.imr_multiaddr"] = Offset(ref ipSourceMembership, ref ipSourceMembership.Group);
        lines["offset ip_mreq_source.imr_interface"] = Offset(ref ipSourceMembership, ref ipSourceMembership.LocalAddress);
        lines["offset ip_mreq_source.imr_sourceaddr"] = Offset(ref ipSourceMembership, ref ipSourceMembership.Source);

        IpFilterHeader ipFilterHeader = default;
        lines["offset ip_msfilter.imsf_multiaddr"] = Offset(ref ipFilterHeader, ref ipFilterHeader.Group);
        lines["offset ip_msfilter.imsf_interface"] = Offset(ref ipFilterHeader, ref ipFilterHeader.LocalAddress);
        lines["offset ip_msfilter.imsf_fmode"] = Offset(ref ipFilterHeader, ref ipFilterHeader.Mode);
        lines["offset ip_msfilter.imsf_numsrc"] = Offset(ref ipFilterHeader, ref ipFilterHeader.SourceCount);
        lines["offset ip_msfilter.imsf_slist"] = Unsafe.SizeOf<IpFilterHeader>();

        Ipv6PathMtu ipv6PathMtu = default;
        lines["size ip6_mtuinfo"] = Unsafe.SizeOf<Ipv6PathMtu>();
        lines["offset ip6_mtuinfo.ip6m_addr"] = Offset(ref ipv6PathMtu, ref ipv6PathMtu.Family);
        lines["offset ip6_mtuinfo.ip6m_mtu"] = Offset(ref ipv6PathMtu, ref ipv6PathMtu.Mtu);

        PacketMembershipRequest packetMembershipRequest = default;
        lines["size packet_mreq"] = Unsafe.SizeOf<PacketMembershipRequest>();
        lines["offset packet_mreq.mr_ifindex"] = Offset(ref packetMembershipRequest, ref packetMembershipRequest.InterfaceIndex);
        lines["offset packet_mreq.mr_type"] = Offset(ref packetMembershipRequest, ref packetMembershipRequest.Type);
        lines["offset packet_mreq.mr_alen"] = Offset(ref packetMembershipRequest, ref packetMembershipRequest.AddressLength);
        lines["offset packet_mreq.mr_address"] = Offset(ref packetMembershipRequest, ref packetMembershipRequest.Address);

        TimestampingSettings timestampingSettings = default;
        lines["size so_timestamping"] = Unsafe.SizeOf<TimestampingSettings>();
        lines["offset so_timestamping.flags"] = Offset(ref timestampingSettings, ref timestampingSettings.Flags);
        lines["offset so_timestamping.bind_phc"] = Offset(ref timestampingSettings, ref timestampingSettings.HardwareClock);

        FilterInstruction filterInstruction = default;
        lines["size sock_filter"] = Unsafe.SizeOf<FilterInstruction>();
        lines["offset sock_filter.code"] = Offset(ref filterInstruction, ref filterInstruction.Code);
        lines["offset sock_filter.jt"] = Offset(ref filterInstruction, ref filterInstruction.JumpTrue);
        lines["offset sock_filter.jf"] = Offset(ref filterInstruction, ref filterInstruction.JumpFalse);
        lines["offset sock_filter.k"] = Offset(ref filterInstruction, ref filterInstruction.Value);

        FilterProgram filterProgram = default;
        lines["size sock_fprog"] = Unsafe.SizeOf<FilterProgram>();
        lines["offset sock_fprog.len"] = Offset(ref filterProgram, ref filterProgram.Length);
        lines["offset sock_fprog.filter"] = Offset(ref filterProgram, ref filterProgram.Instructions);

        TransmitTimeSettings transmitTimeSettings = default;
        lines["size sock_txtime"] = Unsafe.SizeOf<TransmitTimeSettings>();
        lines["offset sock_txtime.clockid"] = Offset(ref transmitTimeSettings, ref transmitTimeSettings.Clock);
        lines["offset sock_txtime.flags"] = Offset(ref transmitTimeSettings, ref transmitTimeSettings.Flags);

        TcpInfo tcpInfo = default;
        lines["offset tcp_info.tcpi_state"] = Offset(ref tcpInfo, ref tcpInfo.State);
        lines["offset tcp_info.tcpi_ca_state"] = Offset(ref tcpInfo, ref tcpInfo.CongestionState);
        lines["offset tcp_info.tcpi_retransmits"] = Offset(ref tcpInfo, ref tcpInfo.Retransmits);
        lines["offset tcp_info.tcpi_probes"] = Offset(ref tcpInfo, ref tcpInfo.Probes);
        lines["offset tcp_info.tcpi_backoff"] = Offset(ref tcpInfo, ref tcpInfo.Backoff);
        lines["offset tcp_info.tcpi_options"] = Offset(ref tcpInfo, ref tcpInfo.Options);
        lines["offset tcp_info.tcpi_rto"] = Offset(ref tcpInfo, ref tcpInfo.RetransmissionTimeout);
        lines["offset tcp_info.tcpi_ato"] = Offset(ref tcpInfo, ref tcpInfo.AcknowledgementTimeout);
        lines["offset tcp_info.tcpi_snd_mss"] = Offset(ref tcpInfo, ref tcpInfo.SendSegment);
        lines["offset tcp_info.tcpi_rcv_mss"] = Offset(ref tcpInfo, ref tcpInfo.ReceiveSegment);
        lines["offset tcp_info.tcpi_unacked"] = Offset(ref tcpInfo, ref tcpInfo.Unacknowledged);
        lines["offset tcp_info.tcpi_sacked"] = Offset(ref tcpInfo, ref tcpInfo.SelectivelyAcknowledged);
        lines["offset tcp_info.tcpi_lost"] = Offset(ref tcpInfo, ref tcpInfo.Lost);
        lines["offset tcp_info.tcpi_retrans"] = Offset(ref tcpInfo, ref tcpInfo.Retransmitted);
        lines["offset tcp_info.tcpi_fackets"] = Offset(ref tcpInfo, ref tcpInfo.ForwardAcknowledged);
        lines["offset tcp_info.tcpi_last_data_sent"] = Offset(ref tcpInfo, ref tcpInfo.LastDataSent);
        lines["offset tcp_info.tcpi_last_ack_sent"] = Offset(ref tcpInfo, ref tcpInfo.LastAcknowledgementSent);
        lines["offset tcp_info.tcpi_last_data_recv"] = Offset(ref tcpInfo, ref tcpInfo.LastDataReceived);
        lines["offset tcp_info.tcpi_last_ack_recv"] = Offset(ref tcpInfo, ref tcpInfo.LastAcknowledgementReceived);
        lines["offset tcp_info.tcpi_pmtu"] = Offset(ref tcpInfo, ref tcpInfo.PathMtu);
        lines["offset tcp_info.tcpi_rcv_ssthresh"] = Offset(ref tcpInfo, ref tcpInfo.ReceiveThreshold);
        lines["offset tcp_info.tcpi_rtt"] = Offset(ref tcpInfo, ref tcpInfo.RoundTrip);
        lines["offset tcp_info.tcpi_rttvar"] = Offset(ref tcpInfo, ref tcpInfo.RoundTripVariation);
        lines["offset tcp_info.tcpi_snd_ssthresh"] = Offset(ref tcpInfo, ref tcpInfo.SendThreshold);
        lines["offset tcp_info.tcpi_snd_cwnd"] = Offset(ref tcpInfo, ref tcpInfo.CongestionWindow);
        lines["offset tcp_info.tcpi_advmss"] = Offset(ref tcpInfo, ref tcpInfo.AdvertisedSegment);
        lines["offset tcp_info.tcpi_reordering"] = Offset(ref tcpInfo, ref tcpInfo.Reordering);
        lines["offset tcp_info.tcpi_rcv_rtt"] = Offset(ref tcpInfo, ref tcpInfo.ReceiveRoundTrip);
        lines["offset tcp_info.tcpi_rcv_space"] = Offset(ref tcpInfo, ref tcpInfo.ReceiveSpace);
        lines["offset tcp_info.tcpi_total_retrans"] = Offset(ref tcpInfo, ref tcpInfo.TotalRetransmitted);
        lines["offset tcp_info.tcpi_pacing_rate"] = Offset(ref tcpInfo, ref tcpInfo.PacingRate);
        lines["offset tcp_info.tcpi_max_pacing_rate"] = Offset(ref tcpInfo, ref tcpInfo.MaxPacingRate);
        lines["offset tcp_info.tcpi_bytes_acked"] = Offset(ref tcpInfo, ref tcpInfo.BytesAcknowledged);
        lines["offset tcp_info.tcpi_bytes_received"] = Offset(ref tcpInfo, ref tcpInfo.BytesReceived);
        lines["offset tcp_info.tcpi_segs_out"] = Offset(ref tcpInfo, ref tcpInfo.SegmentsOut);
        lines["offset tcp_info.tcpi_segs_in"] = Offset(ref tcpInfo, ref tcpInfo.SegmentsIn);
        lines["offset tcp_info.tcpi_notsent_bytes"] = Offset(ref tcpInfo, ref tcpInfo.NotSentBytes);
        lines["offset tcp_info.tcpi_min_rtt"] = Offset(ref tcpInfo, ref tcpInfo.MinimumRoundTrip);
        lines["offset tcp_info.tcpi_data_segs_in"] = Offset(ref tcpInfo, ref tcpInfo.DataSegmentsIn);
        lines["offset tcp_info.tcpi_data_segs_out"] = Offset(ref tcpInfo, ref tcpInfo.DataSegmentsOut);
        lines["offset tcp_info.tcpi_delivery_rate"] = Offset(ref tcpInfo, ref tcpInfo.DeliveryRate);
        lines["offset tcp_info.tcpi_busy_time"] = Offset(ref tcpInfo, ref tcpInfo.BusyTime);
        lines["offset tcp_info.tcpi_rwnd_limited"] = Offset(ref tcpInfo, ref tcpInfo.ReceiveWindowLimited);
        lines["offset tcp_info.tcpi_sndbuf_limited"] = Offset(ref tcpInfo, ref tcpInfo.SendBufferLimited);
        lines["offset tcp_info.tcpi_delivered"] = Offset(ref tcpInfo, ref tcpInfo.Delivered);
        lines["offset tcp_info.tcpi_delivered_ce"] = Offset(ref tcpInfo, ref tcpInfo.DeliveredMarked);
        lines["offset tcp_info.tcpi_bytes_sent"] = Offset(ref tcpInfo, ref tcpInfo.BytesSent);
        lines["offset tcp_info.tcpi_bytes_retrans"] = Offset(ref tcpInfo, ref tcpInfo.BytesRetransmitted);
        lines["offset tcp_info.tcpi_dsack_dups"] = Offset(ref tcpInfo, ref tcpInfo.DuplicatesReported);
        lines["offset tcp_info.tcpi_reord_seen"] = Offset(ref tcpInfo, ref tcpInfo.ReorderingSeen);
        lines["offset tcp_info.tcpi_rcv_ooopack"] = Offset(ref tcpInfo, ref tcpInfo.OutOfOrderReceived);
        lines["offset tcp_info.tcpi_snd_wnd"] = Offset(ref tcpInfo, ref tcpInfo.SendWindow);

        TcpSignature tcpSignature = default;
        lines["size tcp_md5sig"] = Unsafe.SizeOf<TcpSignature>();
        lines["offset tcp_md5sig.tcpm_addr"] = Offset(ref tcpSignature, ref tcpSignature.Peer);
        lines["offset tcp_md5sig.tcpm_flags"] = Offset(ref tcpSignature, ref tcpSignature.Flags);
        lines["offset tcp_md5sig.tcpm_prefixlen"] = Offset(ref tcpSignature, ref tcpSignature.PrefixLength);
        lines["offset tcp_md5sig.tcpm_keylen"] = Offset(ref tcpSignature, ref tcpSignature.KeyLength);
        lines["offset tcp_md5sig.tcpm_ifindex"] = Offset(ref tcpSignature, ref tcpSignature.InterfaceIndex);
        lines["offset tcp_md5sig.tcpm_key"] = Offset(ref tcpSignature, ref tcpSignature.Key);

        TcpRepairOptionEntry tcpRepairOptionEntry = default;
        lines["size tcp_repair_opt"] = Unsafe.SizeOf<TcpRepairOptionEntry>();
        lines["offset tcp_repair_opt.opt_code"] = Offset(ref tcpRepairOptionEntry, ref tcpRepairOptionEntry.Code);
        lines["offset tcp_repair_opt.opt_val"] = Offset(ref tcpRepairOptionEntry, ref tcpRepairOptionEntry.Value);

        TcpRepairWindowState tcpRepairWindowState = default;
        lines["size tcp_repair_window"] = Unsafe.SizeOf<TcpRepairWindowState>();
        lines["offset tcp_repair_window.snd_wl1"] = Offset(ref tcpRepairWindowState, ref tcpRepairWindowState.SendUpdate);
        lines["offset tcp_repair_window.snd_wnd"] = Offset(ref tcpRepairWindowState, ref tcpRepairWindowState.SendWindow);
        lines["offset tcp_repair_window.max_window"] = Offset(ref tcpRepairWindowState, ref tcpRepairWindowState.MaxWindow);
        lines["offset tcp_repair_window.rcv_wnd"] = Offset(ref tcpRepairWindowState, ref tcpRepairWindowState.ReceiveWindow);
        lines["offset tcp_repair_window.rcv_wup"] = Offset(ref tcpRepairWindowState, ref tcpRepairWindowState.ReceiveUpdate);

        TipcGroupRequest tipcGroupRequest = default;
        lines["size tipc_group_req"] = Unsafe.SizeOf<TipcGroupRequest>();
        lines["offset tipc_group_req.type"] = Offset(ref tipcGroupRequest, ref tipcGroupRequest.Type);
        lines["offset tipc_group_req.instance"] = Offset(ref tipcGroupRequest, ref tipcGroupRequest.Instance);
        lines["offset tipc_group_req.scope"] = Offset(ref tipcGroupRequest, ref tipcGroupRequest.Scope);
        lines["offset tipc_group_req.flags"] = Offset(ref tipcGroupRequest, ref tipcGroupRequest.Flags);

        PacketRingRequest packetRingRequest = default;
        lines["size tpacket_req"] = Unsafe.SizeOf<PacketRingRequest>();
        lines["offset tpacket_req.tp_block_size"] = Offset(ref packetRingRequest, ref packetRingRequest.BlockBytes);
        lines["offset tpacket_req.tp_block_nr"] = Offset(ref packetRingRequest, ref packetRingRequest.Blocks);
        lines["offset tpacket_req.tp_frame_size"] = Offset(ref packetRingRequest, ref packetRingRequest.FrameBytes);
        lines["offset tpacket_req.tp_frame_nr"] = Offset(ref packetRingRequest, ref packetRingRequest.Frames);

        PacketRolloverCounts packetRolloverCounts = default;
        lines["size tpacket_rollover_stats"] = Unsafe.SizeOf<PacketRolloverCounts>();
        lines["offset tpacket_rollover_stats.tp_all"] = Offset(ref packetRolloverCounts, ref packetRolloverCounts.All);
        lines["offset tpacket_rollover_stats.tp_huge"] = Offset(ref packetRolloverCounts, ref packetRolloverCounts.Huge);
        lines["offset tpacket_rollover_stats.tp_failed"] = Offset(ref packetRolloverCounts, ref packetRolloverCounts.Failed);

        PacketCounts packetCounts = default;
        lines["size tpacket_stats_v3"] = Unsafe.SizeOf<PacketCounts>();
        lines["offset tpacket_stats_v3.tp_packets"] = Offset(ref packetCounts, ref packetCounts.Packets);
        lines["offset tpacket_stats_v3.tp_drops"] = Offset(ref packetCounts, ref packetCounts.Drops);
        lines["offset tpacket_stats_v3.tp_freeze_q_cnt"] = Offset(ref packetCounts, ref packetCounts.Freezes);
    }
}
