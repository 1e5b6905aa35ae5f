/*
 * The structures and numbers of socket options, as the kernel's headers have them. libc's own lack half of the options,
 * and those of musl do not go together with the kernel's: hence a file beside abi.c, without <netinet/in.h>.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <asm/socket.h> /* musl has fewer options */
#include <linux/can.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/can/raw.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <linux/tipc.h>
#include <linux/udp.h>
#include <linux/vm_sockets.h>
#include <stddef.h>
#include <stdio.h>

/* What the headers of Linux 6.1 lack, with the kernel that brought it. */
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76 /* 6.5 */
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* 6.5 */
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY 82 /* 6.14 */
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* 6.16 */
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51 /* 6.3 */
#endif
#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52 /* 6.4 */
#endif
#ifndef TCP_AO_ADD_KEY /* 6.7 */
#define TCP_AO_ADD_KEY 38
#define TCP_AO_DEL_KEY 39
#define TCP_AO_INFO 40
#define TCP_AO_GET_KEYS 41
#define TCP_AO_REPAIR 42

struct tcp_ao_add {
    struct __kernel_sockaddr_storage addr;
    char alg_name[64];
    __s32 ifindex;
    __u32 set_current : 1, set_rnext : 1, reserved : 30;
    __u16 reserved2;
    __u8 prefix, sndid, rcvid, maclen, keyflags, keylen, key[80];
} __attribute__((aligned(8)));

struct tcp_ao_del {
    struct __kernel_sockaddr_storage addr;
    __s32 ifindex;
    __u32 set_current : 1, set_rnext : 1, del_async : 1, reserved : 29;
    __u16 reserved2;
    __u8 prefix, sndid, rcvid, current_key, rnext, keyflags;
} __attribute__((aligned(8)));

struct tcp_ao_info_opt {
    __u32 set_current : 1, set_rnext : 1, ao_required : 1, set_counters : 1, accept_icmps : 1, reserved : 27;
    __u16 reserved2;
    __u8 current_key, rnext;
    __u64 pkt_good, pkt_bad, pkt_key_not_found, pkt_ao_required, pkt_dropped_icmp;
} __attribute__((aligned(8)));

struct tcp_ao_getsockopt {
    struct __kernel_sockaddr_storage addr;
    char alg_name[64];
    __u8 key[80];
    __u32 nkeys;
    __u16 is_current : 1, is_rnext : 1, get_all : 1, reserved : 13;
    __u8 sndid, rcvid, prefix, maclen, keyflags, keylen;
    __s32 ifindex;
    __u64 pkt_good, pkt_bad;
} __attribute__((aligned(8)));

struct tcp_ao_repair {
    __be32 snt_isn, rcv_isn;
    __u32 snd_sne, rcv_sne;
} __attribute__((aligned(8)));
#endif
#ifndef TCP_IS_MPTCP
#define TCP_IS_MPTCP 43 /* 6.9 */
#endif
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44 /* 6.15 */
#endif
#ifndef TCP_RTO_MIN_US
#define TCP_RTO_MIN_US 45 /* 6.15 */
#endif
#ifndef TCP_DELACK_MAX_US
#define TCP_DELACK_MAX_US 46 /* 6.15 */
#endif
#ifndef PACKET_VNET_HDR_SZ
#define PACKET_VNET_HDR_SZ 24 /* 6.6 */
#endif
#ifndef CAN_RAW_XL_VCID_OPTS
#define CAN_RAW_XL_VCID_OPTS 8 /* 6.9, an enumerator there */
#endif
#ifndef MPTCP_INFO
#define MPTCP_INFO 1 /* 5.16; <linux/mptcp.h> has it, and does not go with the other headers */
#define MPTCP_TCPINFO 2
#define MPTCP_SUBFLOW_ADDRS 3
#define MPTCP_FULL_INFO 4 /* 6.5 */

struct mptcp_info { /* as of 6.10 */
    __u8 mptcpi_subflows, mptcpi_add_addr_signal, mptcpi_add_addr_accepted;
    __u8 mptcpi_subflows_max, mptcpi_add_addr_signal_max, mptcpi_add_addr_accepted_max;
    __u32 mptcpi_flags, mptcpi_token;
    __u64 mptcpi_write_seq, mptcpi_snd_una, mptcpi_rcv_nxt;
    __u8 mptcpi_local_addr_used, mptcpi_local_addr_max, mptcpi_csum_enabled;
    __u32 mptcpi_retransmits; /* from here on 6.5 */
    __u64 mptcpi_bytes_retrans, mptcpi_bytes_sent, mptcpi_bytes_received, mptcpi_bytes_acked;
    __u8 mptcpi_subflows_total; /* 6.8 */
    __u8 reserved[3];
    __u32 mptcpi_last_data_sent, mptcpi_last_data_recv, mptcpi_last_ack_recv; /* 6.10 */
};

struct mptcp_subflow_data {
    __u32 size_subflow_data, num_subflows, size_kernel, size_user;
} __attribute__((aligned(8)));

struct mptcp_subflow_addrs {
    struct __kernel_sockaddr_storage ss_local; /* unions of addresses in the header */
    struct __kernel_sockaddr_storage ss_remote;
};

struct mptcp_subflow_info { /* 6.5 */
    __u32 id;
    struct mptcp_subflow_addrs addrs;
};

struct mptcp_full_info { /* 6.5 */
    __u32 size_tcpinfo_kernel, size_tcpinfo_user, size_sfinfo_kernel, size_sfinfo_user;
    __u32 num_subflows, size_arrays_user;
    __u64 __attribute__((aligned(8))) subflow_info;
    __u64 __attribute__((aligned(8))) tcp_info;
    struct mptcp_info mptcp_info;
};
#endif
#ifndef IPV6_JOIN_GROUP /* <netinet/in.h>'s names */
#define IPV6_JOIN_GROUP IPV6_ADD_MEMBERSHIP
#define IPV6_LEAVE_GROUP IPV6_DROP_MEMBERSHIP
#endif

#define SIZE(type) printf("size %s %zu\n", #type, sizeof(struct type))
#define OFFSET(type, field) printf("offset %s.%s %zu\n", #type, #field, offsetof(struct type, field))
#define NUMBER(name) printf("number %s %lld\n", #name, (long long)(unsigned int)(name))

void options(void);

void options(void)
{
    SIZE(can_filter);
    OFFSET(can_filter, can_id);
    OFFSET(can_filter, can_mask);

    SIZE(can_isotp_fc_options);
    OFFSET(can_isotp_fc_options, bs);
    OFFSET(can_isotp_fc_options, stmin);
    OFFSET(can_isotp_fc_options, wftmax);

    SIZE(can_isotp_ll_options);
    OFFSET(can_isotp_ll_options, mtu);
    OFFSET(can_isotp_ll_options, tx_dl);
    OFFSET(can_isotp_ll_options, tx_flags);

    SIZE(can_isotp_options);
    OFFSET(can_isotp_options, flags);
    OFFSET(can_isotp_options, frame_txtime);
    OFFSET(can_isotp_options, ext_address);
    OFFSET(can_isotp_options, txpad_content);
    OFFSET(can_isotp_options, rxpad_content);
    OFFSET(can_isotp_options, rx_ext_address);

    SIZE(fanout_args);
    OFFSET(fanout_args, id);
    OFFSET(fanout_args, type_flags);
    OFFSET(fanout_args, max_num_members);

    OFFSET(group_filter, gf_interface);
    OFFSET(group_filter, gf_group);
    OFFSET(group_filter, gf_fmode);
    OFFSET(group_filter, gf_numsrc);
    OFFSET(group_filter, gf_slist);

    SIZE(group_req);
    OFFSET(group_req, gr_interface);
    OFFSET(group_req, gr_group);

    SIZE(group_source_req);
    OFFSET(group_source_req, gsr_interface);
    OFFSET(group_source_req, gsr_group);
    OFFSET(group_source_req, gsr_source);

    SIZE(ip_mreq_source);
    OFFSET(ip_mreq_source, imr_multiaddr);
    OFFSET(ip_mreq_source, imr_interface);
    OFFSET(ip_mreq_source, imr_sourceaddr);

    OFFSET(ip_msfilter, imsf_multiaddr);
    OFFSET(ip_msfilter, imsf_interface);
    OFFSET(ip_msfilter, imsf_fmode);
    OFFSET(ip_msfilter, imsf_numsrc);
    OFFSET(ip_msfilter, imsf_slist);

    SIZE(ip6_mtuinfo);
    OFFSET(ip6_mtuinfo, ip6m_addr);
    OFFSET(ip6_mtuinfo, ip6m_mtu);

SIZE(mptcp_full_info);
    OFFSET(mptcp_full_info, size_tcpinfo_kernel);
    OFFSET(mptcp_full_info, size_tcpinfo_user);
    OFFSET(mptcp_full_info, size_sfinfo_kernel);
    OFFSET(mptcp_full_info, size_sfinfo_user);
    OFFSET(mptcp_full_info, num_subflows);
    OFFSET(mptcp_full_info, size_arrays_user);
    OFFSET(mptcp_full_info, subflow_info);
    OFFSET(mptcp_full_info, tcp_info);
    OFFSET(mptcp_full_info, mptcp_info);

    SIZE(mptcp_info);
    OFFSET(mptcp_info, mptcpi_subflows);
    OFFSET(mptcp_info, mptcpi_add_addr_signal);
    OFFSET(mptcp_info, mptcpi_add_addr_accepted);
    OFFSET(mptcp_info, mptcpi_subflows_max);
    OFFSET(mptcp_info, mptcpi_add_addr_signal_max);
    OFFSET(mptcp_info, mptcpi_add_addr_accepted_max);
    OFFSET(mptcp_info, mptcpi_flags);
    OFFSET(mptcp_info, mptcpi_token);
    OFFSET(mptcp_info, mptcpi_write_seq);
    OFFSET(mptcp_info, mptcpi_snd_una);
    OFFSET(mptcp_info, mptcpi_rcv_nxt);
    OFFSET(mptcp_info, mptcpi_local_addr_used);
    OFFSET(mptcp_info, mptcpi_local_addr_max);
    OFFSET(mptcp_info, mptcpi_csum_enabled);
    OFFSET(mptcp_info, mptcpi_retransmits);
    OFFSET(mptcp_info, mptcpi_bytes_retrans);
    OFFSET(mptcp_info, mptcpi_bytes_sent);
    OFFSET(mptcp_info, mptcpi_bytes_received);
    OFFSET(mptcp_info, mptcpi_bytes_acked);
    OFFSET(mptcp_info, mptcpi_subflows_total);
    OFFSET(mptcp_info, mptcpi_last_data_sent);
    OFFSET(mptcp_info, mptcpi_last_data_recv);
    OFFSET(mptcp_info, mptcpi_last_ack_recv);

    SIZE(mptcp_subflow_addrs);
    OFFSET(mptcp_subflow_addrs, ss_local);
    OFFSET(mptcp_subflow_addrs, ss_remote);

    SIZE(mptcp_subflow_data);
    OFFSET(mptcp_subflow_data, size_subflow_data);
    OFFSET(mptcp_subflow_data, num_subflows);
    OFFSET(mptcp_subflow_data, size_kernel);
    OFFSET(mptcp_subflow_data, size_user);

    SIZE(mptcp_subflow_info);
    OFFSET(mptcp_subflow_info, id);
    OFFSET(mptcp_subflow_info, addrs);

    SIZE(packet_mreq);
    OFFSET(packet_mreq, mr_ifindex);
    OFFSET(packet_mreq, mr_type);
    OFFSET(packet_mreq, mr_alen);
    OFFSET(packet_mreq, mr_address);

    SIZE(so_timestamping);
    OFFSET(so_timestamping, flags);
    OFFSET(so_timestamping, bind_phc);

    SIZE(sock_filter);
    OFFSET(sock_filter, code);
    OFFSET(sock_filter, jt);
    OFFSET(sock_filter, jf);
    OFFSET(sock_filter, k);

    SIZE(sock_fprog);
    OFFSET(sock_fprog, len);
    OFFSET(sock_fprog, filter);

    SIZE(sock_txtime);
    OFFSET(sock_txtime, clockid);
    OFFSET(sock_txtime, flags);

    OFFSET(tcp_info, tcpi_state);
    OFFSET(tcp_info, tcpi_ca_state);
    OFFSET(tcp_info, tcpi_retransmits);
    OFFSET(tcp_info, tcpi_probes);
    OFFSET(tcp_info, tcpi_backoff);
    OFFSET(tcp_info, tcpi_options);
    OFFSET(tcp_info, tcpi_rto);
    OFFSET(tcp_info, tcpi_ato);
    OFFSET(tcp_info, tcpi_snd_mss);
    OFFSET(tcp_info, tcpi_rcv_mss);
    OFFSET(tcp_info, tcpi_unacked);
    OFFSET(tcp_info, tcpi_sacked);
    OFFSET(tcp_info, tcpi_lost);
    OFFSET(tcp_info, tcpi_retrans);
    OFFSET(tcp_info, tcpi_fackets);
    OFFSET(tcp_info, tcpi_last_data_sent);
    OFFSET(tcp_info, tcpi_last_ack_sent);
    OFFSET(tcp_info, tcpi_last_data_recv);
    OFFSET(tcp_info, tcpi_last_ack_recv);
    OFFSET(tcp_info, tcpi_pmtu);
    OFFSET(tcp_info, tcpi_rcv_ssthresh);
    OFFSET(tcp_info, tcpi_rtt);
    OFFSET(tcp_info, tcpi_rttvar);
    OFFSET(tcp_info, tcpi_snd_ssthresh);
    OFFSET(tcp_info, tcpi_snd_cwnd);
    OFFSET(tcp_info, tcpi_advmss);
    OFFSET(tcp_info, tcpi_reordering);
    OFFSET(tcp_info, tcpi_rcv_rtt);
    OFFSET(tcp_info, tcpi_rcv_space);
    OFFSET(tcp_info, tcpi_total_retrans);
    OFFSET(tcp_info, tcpi_pacing_rate);
    OFFSET(tcp_info, tcpi_max_pacing_rate);
    OFFSET(tcp_info, tcpi_bytes_acked);
    OFFSET(tcp_info, tcpi_bytes_received);
    OFFSET(tcp_info, tcpi_segs_out);
    OFFSET(tcp_info, tcpi_segs_in);
    OFFSET(tcp_info, tcpi_notsent_bytes);
    OFFSET(tcp_info, tcpi_min_rtt);
    OFFSET(tcp_info, tcpi_data_segs_in);
    OFFSET(tcp_info, tcpi_data_segs_out);
    OFFSET(tcp_info, tcpi_delivery_rate);
    OFFSET(tcp_info, tcpi_busy_time);
    OFFSET(tcp_info, tcpi_rwnd_limited);
    OFFSET(tcp_info, tcpi_sndbuf_limited);
    OFFSET(tcp_info, tcpi_delivered);
    OFFSET(tcp_info, tcpi_delivered_ce);
    OFFSET(tcp_info, tcpi_bytes_sent);
    OFFSET(tcp_info, tcpi_bytes_retrans);
    OFFSET(tcp_info, tcpi_dsack_dups);
    OFFSET(tcp_info, tcpi_reord_seen);
    OFFSET(tcp_info, tcpi_rcv_ooopack);
    OFFSET(tcp_info, tcpi_snd_wnd);

SIZE(tcp_ao_add);
    OFFSET(tcp_ao_add, addr);
    OFFSET(tcp_ao_add, alg_name);
    OFFSET(tcp_ao_add, ifindex);
    OFFSET(tcp_ao_add, reserved2);
    OFFSET(tcp_ao_add, prefix);
    OFFSET(tcp_ao_add, sndid);
    OFFSET(tcp_ao_add, rcvid);
    OFFSET(tcp_ao_add, maclen);
    OFFSET(tcp_ao_add, keyflags);
    OFFSET(tcp_ao_add, keylen);
    OFFSET(tcp_ao_add, key);

    SIZE(tcp_ao_del);
    OFFSET(tcp_ao_del, addr);
    OFFSET(tcp_ao_del, ifindex);
    OFFSET(tcp_ao_del, reserved2);
    OFFSET(tcp_ao_del, prefix);
    OFFSET(tcp_ao_del, sndid);
    OFFSET(tcp_ao_del, rcvid);
    OFFSET(tcp_ao_del, current_key);
    OFFSET(tcp_ao_del, rnext);
    OFFSET(tcp_ao_del, keyflags);

    SIZE(tcp_ao_getsockopt);
    OFFSET(tcp_ao_getsockopt, addr);
    OFFSET(tcp_ao_getsockopt, alg_name);
    OFFSET(tcp_ao_getsockopt, key);
    OFFSET(tcp_ao_getsockopt, nkeys);
    OFFSET(tcp_ao_getsockopt, sndid);
    OFFSET(tcp_ao_getsockopt, rcvid);
    OFFSET(tcp_ao_getsockopt, prefix);
    OFFSET(tcp_ao_getsockopt, maclen);
    OFFSET(tcp_ao_getsockopt, keyflags);
    OFFSET(tcp_ao_getsockopt, keylen);
    OFFSET(tcp_ao_getsockopt, ifindex);
    OFFSET(tcp_ao_getsockopt, pkt_good);
    OFFSET(tcp_ao_getsockopt, pkt_bad);

    SIZE(tcp_ao_info_opt);
    OFFSET(tcp_ao_info_opt, reserved2);
    OFFSET(tcp_ao_info_opt, current_key);
    OFFSET(tcp_ao_info_opt, rnext);
    OFFSET(tcp_ao_info_opt, pkt_good);
    OFFSET(tcp_ao_info_opt, pkt_bad);
    OFFSET(tcp_ao_info_opt, pkt_key_not_found);
    OFFSET(tcp_ao_info_opt, pkt_ao_required);
    OFFSET(tcp_ao_info_opt, pkt_dropped_icmp);

    SIZE(tcp_ao_repair);
    OFFSET(tcp_ao_repair, snt_isn);
    OFFSET(tcp_ao_repair, rcv_isn);
    OFFSET(tcp_ao_repair, snd_sne);
    OFFSET(tcp_ao_repair, rcv_sne);

    SIZE(tcp_md5sig);
    OFFSET(tcp_md5sig, tcpm_addr);
    OFFSET(tcp_md5sig, tcpm_flags);
    OFFSET(tcp_md5sig, tcpm_prefixlen);
    OFFSET(tcp_md5sig, tcpm_keylen);
    OFFSET(tcp_md5sig, tcpm_ifindex);
    OFFSET(tcp_md5sig, tcpm_key);

    SIZE(tcp_repair_opt);
    OFFSET(tcp_repair_opt, opt_code);
    OFFSET(tcp_repair_opt, opt_val);

    SIZE(tcp_repair_window);
    OFFSET(tcp_repair_window, snd_wl1);
    OFFSET(tcp_repair_window, snd_wnd);
    OFFSET(tcp_repair_window, max_window);
    OFFSET(tcp_repair_window, rcv_wnd);
    OFFSET(tcp_repair_window, rcv_wup);

    SIZE(tipc_group_req);
    OFFSET(tipc_group_req, type);
    OFFSET(tipc_group_req, instance);
    OFFSET(tipc_group_req, scope);
    OFFSET(tipc_group_req, flags);

    SIZE(tpacket_req);
    OFFSET(tpacket_req, tp_block_size);
    OFFSET(tpacket_req, tp_block_nr);
    OFFSET(tpacket_req, tp_frame_size);
    OFFSET(tpacket_req, tp_frame_nr);

    SIZE(tpacket_rollover_stats);
    OFFSET(tpacket_rollover_stats, tp_all);
    OFFSET(tpacket_rollover_stats, tp_huge);
    OFFSET(tpacket_rollover_stats, tp_failed);

    SIZE(tpacket_stats_v3);
    OFFSET(tpacket_stats_v3, tp_packets);
    OFFSET(tpacket_stats_v3, tp_drops);
    OFFSET(tpacket_stats_v3, tp_freeze_q_cnt);

    /* The options of src/Sockeye/Options that abi.c does not name for Linux.Constants.cs. */
    NUMBER(CAN_ISOTP_LL_OPTS);
    NUMBER(CAN_ISOTP_OPTS);
    NUMBER(CAN_ISOTP_RECV_FC);
    NUMBER(CAN_ISOTP_RX_STMIN);
    NUMBER(CAN_ISOTP_TX_STMIN);
    NUMBER(CAN_RAW_ERR_FILTER);
    NUMBER(CAN_RAW_FD_FRAMES);
    NUMBER(CAN_RAW_FILTER);
    NUMBER(CAN_RAW_JOIN_FILTERS);
    NUMBER(CAN_RAW_LOOPBACK);
    NUMBER(CAN_RAW_RECV_OWN_MSGS);
    NUMBER(CAN_RAW_XL_FRAMES);
    NUMBER(CAN_RAW_XL_VCID_OPTS);
    NUMBER(ICMPV6_FILTER);
    NUMBER(ICMP_FILTER);
    NUMBER(IPV6_ADDRFORM);
    NUMBER(IPV6_ADDR_PREFERENCES);
    NUMBER(IPV6_AUTOFLOWLABEL);
    NUMBER(IPV6_FLOWINFO_SEND);
    NUMBER(IPV6_FLOWLABEL_MGR);
    NUMBER(IPV6_FREEBIND);
    NUMBER(IPV6_HDRINCL);
    NUMBER(IPV6_JOIN_ANYCAST);
    NUMBER(IPV6_LEAVE_ANYCAST);
    NUMBER(IPV6_MINHOPCOUNT);
    NUMBER(IPV6_MTU);
    NUMBER(IPV6_MTU_DISCOVER);
    NUMBER(IPV6_MULTICAST_ALL);
    NUMBER(IPV6_RECVDSTOPTS);
    NUMBER(IPV6_RECVERR_RFC4884);
    NUMBER(IPV6_RECVHOPLIMIT);
    NUMBER(IPV6_RECVHOPOPTS);
    NUMBER(IPV6_RECVORIGDSTADDR);
    NUMBER(IPV6_RECVPATHMTU);
    NUMBER(IPV6_RECVRTHDR);
    NUMBER(IPV6_RECVTCLASS);
    NUMBER(IPV6_ROUTER_ALERT);
    NUMBER(IPV6_ROUTER_ALERT_ISOLATE);
    NUMBER(IPV6_TRANSPARENT);
    NUMBER(IPV6_UNICAST_IF);
    NUMBER(IPV6_XFRM_POLICY);
    NUMBER(IP_BIND_ADDRESS_NO_PORT);
    NUMBER(IP_LOCAL_PORT_RANGE);
    NUMBER(IP_MINTTL);
    NUMBER(IP_MTU);
    NUMBER(IP_MULTICAST_ALL);
    NUMBER(IP_NODEFRAG);
    NUMBER(IP_PASSSEC);
    NUMBER(IP_PKTOPTIONS);
    NUMBER(IP_RECVERR_RFC4884);
    NUMBER(IP_RECVORIGDSTADDR);
    NUMBER(IP_RECVTOS);
    NUMBER(IP_RECVTTL);
    NUMBER(IP_ROUTER_ALERT);
    NUMBER(IP_TRANSPARENT);
    NUMBER(IP_UNICAST_IF);
    NUMBER(IP_XFRM_POLICY);
    NUMBER(MCAST_BLOCK_SOURCE);
    NUMBER(MCAST_JOIN_GROUP);
    NUMBER(MCAST_JOIN_SOURCE_GROUP);
    NUMBER(MCAST_LEAVE_GROUP);
    NUMBER(MCAST_LEAVE_SOURCE_GROUP);
    NUMBER(MCAST_MSFILTER);
    NUMBER(MCAST_UNBLOCK_SOURCE);
    NUMBER(MPTCP_FULL_INFO);
    NUMBER(MPTCP_INFO);
    NUMBER(MPTCP_SUBFLOW_ADDRS);
    NUMBER(MPTCP_TCPINFO);
    NUMBER(NETLINK_ADD_MEMBERSHIP);
    NUMBER(NETLINK_BROADCAST_ERROR);
    NUMBER(NETLINK_CAP_ACK);
    NUMBER(NETLINK_DROP_MEMBERSHIP);
    NUMBER(NETLINK_EXT_ACK);
    NUMBER(NETLINK_GET_STRICT_CHK);
    NUMBER(NETLINK_LIST_MEMBERSHIPS);
    NUMBER(NETLINK_NO_ENOBUFS);
    NUMBER(PACKET_ADD_MEMBERSHIP);
    NUMBER(PACKET_COPY_THRESH);
    NUMBER(PACKET_DROP_MEMBERSHIP);
    NUMBER(PACKET_FANOUT);
    NUMBER(PACKET_FANOUT_DATA);
    NUMBER(PACKET_HDRLEN);
    NUMBER(PACKET_IGNORE_OUTGOING);
    NUMBER(PACKET_LOSS);
    NUMBER(PACKET_ORIGDEV);
    NUMBER(PACKET_QDISC_BYPASS);
    NUMBER(PACKET_RESERVE);
    NUMBER(PACKET_ROLLOVER_STATS);
    NUMBER(PACKET_RX_RING);
    NUMBER(PACKET_STATISTICS);
    NUMBER(PACKET_TIMESTAMP);
    NUMBER(PACKET_TX_HAS_OFF);
    NUMBER(PACKET_TX_RING);
    NUMBER(PACKET_VERSION);
    NUMBER(PACKET_VNET_HDR);
    NUMBER(PACKET_VNET_HDR_SZ);
    NUMBER(SO_ATTACH_BPF);
    NUMBER(SO_ATTACH_FILTER);
    NUMBER(SO_ATTACH_REUSEPORT_CBPF);
    NUMBER(SO_ATTACH_REUSEPORT_EBPF);
    NUMBER(SO_BPF_EXTENSIONS);
    NUMBER(SO_BUF_LOCK);
    NUMBER(SO_BUSY_POLL);
    NUMBER(SO_BUSY_POLL_BUDGET);
    NUMBER(SO_CNX_ADVICE);
    NUMBER(SO_COOKIE);
    NUMBER(SO_DETACH_FILTER);
    NUMBER(SO_DETACH_REUSEPORT_BPF);
    NUMBER(SO_INCOMING_CPU);
    NUMBER(SO_INCOMING_NAPI_ID);
    NUMBER(SO_J1939_ERRQUEUE);
    NUMBER(SO_J1939_FILTER);
    NUMBER(SO_J1939_PROMISC);
    NUMBER(SO_J1939_SEND_PRIO);
    NUMBER(SO_LOCK_FILTER);
    NUMBER(SO_MAX_PACING_RATE);
    NUMBER(SO_MEMINFO);
    NUMBER(SO_NETNS_COOKIE);
    NUMBER(SO_NOFCS);
    NUMBER(SO_NO_CHECK);
    NUMBER(SO_PASSCRED);
    NUMBER(SO_PASSPIDFD);
    NUMBER(SO_PASSRIGHTS);
    NUMBER(SO_PASSSEC);
    NUMBER(SO_PEEK_OFF);
    NUMBER(SO_PEERCRED);
    NUMBER(SO_PEERGROUPS);
    NUMBER(SO_PEERPIDFD);
    NUMBER(SO_PEERSEC);
    NUMBER(SO_PREFER_BUSY_POLL);
    NUMBER(SO_RCVMARK);
    NUMBER(SO_RCVPRIORITY);
    NUMBER(SO_RESERVE_MEM);
    NUMBER(SO_SELECT_ERR_QUEUE);
    NUMBER(SO_TIMESTAMP);
    NUMBER(SO_TIMESTAMPING);
    NUMBER(SO_TIMESTAMPNS);
    NUMBER(SO_TXREHASH);
    NUMBER(SO_TXTIME);
    NUMBER(SO_VM_SOCKETS_BUFFER_MAX_SIZE);
    NUMBER(SO_VM_SOCKETS_BUFFER_MIN_SIZE);
    NUMBER(SO_VM_SOCKETS_BUFFER_SIZE);
    NUMBER(SO_VM_SOCKETS_CONNECT_TIMEOUT);
    NUMBER(SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW);
    NUMBER(SO_WIFI_STATUS);
    NUMBER(SO_ZEROCOPY);
    NUMBER(TCP_AO_ADD_KEY);
    NUMBER(TCP_AO_DEL_KEY);
    NUMBER(TCP_AO_GET_KEYS);
    NUMBER(TCP_AO_INFO);
    NUMBER(TCP_AO_REPAIR);
    NUMBER(TCP_CC_INFO);
    NUMBER(TCP_CONGESTION);
    NUMBER(TCP_DEFER_ACCEPT);
    NUMBER(TCP_DELACK_MAX_US);
    NUMBER(TCP_FASTOPEN_CONNECT);
    NUMBER(TCP_FASTOPEN_KEY);
    NUMBER(TCP_FASTOPEN_NO_COOKIE);
    NUMBER(TCP_INFO);
    NUMBER(TCP_INQ);
    NUMBER(TCP_IS_MPTCP);
    NUMBER(TCP_LINGER2);
    NUMBER(TCP_MD5SIG);
    NUMBER(TCP_MD5SIG_EXT);
    NUMBER(TCP_NOTSENT_LOWAT);
    NUMBER(TCP_QUEUE_SEQ);
    NUMBER(TCP_REPAIR);
    NUMBER(TCP_REPAIR_OPTIONS);
    NUMBER(TCP_REPAIR_QUEUE);
    NUMBER(TCP_REPAIR_WINDOW);
    NUMBER(TCP_RTO_MAX_MS);
    NUMBER(TCP_RTO_MIN_US);
    NUMBER(TCP_SAVED_SYN);
    NUMBER(TCP_SAVE_SYN);
    NUMBER(TCP_SYNCNT);
    NUMBER(TCP_THIN_DUPACK);
    NUMBER(TCP_THIN_LINEAR_TIMEOUTS);
    NUMBER(TCP_TIMESTAMP);
    NUMBER(TCP_TX_DELAY);
    NUMBER(TCP_ULP);
    NUMBER(TCP_WINDOW_CLAMP);
    NUMBER(TIPC_CONN_TIMEOUT);
    NUMBER(TIPC_DEST_DROPPABLE);
    NUMBER(TIPC_GROUP_JOIN);
    NUMBER(TIPC_GROUP_LEAVE);
    NUMBER(TIPC_IMPORTANCE);
    NUMBER(TIPC_MCAST_BROADCAST);
    NUMBER(TIPC_MCAST_REPLICAST);
    NUMBER(TIPC_NODELAY);
    NUMBER(TIPC_NODE_RECVQ_DEPTH);
    NUMBER(TIPC_SOCK_RECVQ_DEPTH);
    NUMBER(TIPC_SOCK_RECVQ_USED);
    NUMBER(TIPC_SRC_DROPPABLE);
    NUMBER(UDP_CORK);
    NUMBER(UDP_ENCAP);
    NUMBER(UDP_NO_CHECK6_RX);
    NUMBER(UDP_NO_CHECK6_TX);
}
