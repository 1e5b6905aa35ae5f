/*
 * Prints sizes, offsets and numbers as this machine's C compiler knows them. The tables abi.<machine>-<libc>.txt
 * beside it are its output, made by make-tables; the tests hold Linux.Structs.cs, Linux.Constants.cs and Errno.cs
 * against them, and where a C compiler is installed, the tables against a fresh run.
 *
 * A structure or number that is new in those files needs its line here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/can/raw.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netdb.h>
#include <linux/tipc.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

/* Wants struct timespec declared. */
#include <linux/errqueue.h>

/* Newer than the oldest headers we build with; the numbers are part of the kernel's promise to programs. */
#ifndef SCM_PIDFD
#define SCM_PIDFD 4 /* 6.5 */
#endif
#ifndef SCM_SECURITY
#define SCM_SECURITY 3 /* kept from programs by glibc's headers */
#endif
#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11 /* in <linux/in6.h>, which cannot stand beside <netinet/in.h> */
#endif
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81 /* 6.13 */
#endif
#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52 /* 6.5 */
#endif
/* <asm/socket.h>, which musl keeps from programs. */
#ifndef SO_TIMESTAMP_OLD
#define SO_TIMESTAMP_OLD 29
#endif
#ifndef SO_TIMESTAMPNS_OLD
#define SO_TIMESTAMPNS_OLD 35
#endif
#ifndef SO_TIMESTAMPING_OLD
#define SO_TIMESTAMPING_OLD 37
#endif
#ifndef SO_TIMESTAMP_NEW
#define SO_TIMESTAMP_NEW 63
#endif
#ifndef SO_TIMESTAMPNS_NEW
#define SO_TIMESTAMPNS_NEW 64
#endif
#ifndef SO_TIMESTAMPING_NEW
#define SO_TIMESTAMPING_NEW 65
#endif
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif
#ifndef SOL_TIPC
#define SOL_TIPC 271
#endif
#ifndef SOL_CAN_RAW
#define SOL_CAN_RAW 101
#endif
#ifndef SOL_VSOCK
#define SOL_VSOCK 287 /* 6.7 */
#endif
#ifndef VSOCK_RECVERR
#define VSOCK_RECVERR 1 /* 6.7 */
#endif
/* Families; <linux/vm_sockets.h> wants <sys/socket.h> before it. */
#include <linux/can.h>
#include <linux/can/j1939.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/limits.h>
#include <linux/netlink.h>
#include <linux/stat.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

#define SIZE(type) printf("size %s %zu\n", #type, sizeof(struct type))
#define OFFSET(type, field) printf("offset %s.%s %zu\n", #type, #field, offsetof(struct type, field))
#define NUMBER(name) printf("number %s %lld\n", #name, (long long)(unsigned int)(name))

static void structures(void)
{
    SIZE(msghdr);
    OFFSET(msghdr, msg_name);
    OFFSET(msghdr, msg_namelen);
    OFFSET(msghdr, msg_iov);
    OFFSET(msghdr, msg_iovlen);
    OFFSET(msghdr, msg_control);
    OFFSET(msghdr, msg_controllen);
    OFFSET(msghdr, msg_flags);

    SIZE(iovec);
    OFFSET(iovec, iov_base);
    OFFSET(iovec, iov_len);

    SIZE(cmsghdr);
    OFFSET(cmsghdr, cmsg_len);
    OFFSET(cmsghdr, cmsg_level);
    OFFSET(cmsghdr, cmsg_type);

    SIZE(pollfd);
    OFFSET(pollfd, fd);
    OFFSET(pollfd, events);
    OFFSET(pollfd, revents);

    SIZE(epoll_event);
    OFFSET(epoll_event, events);
    OFFSET(epoll_event, data);

    SIZE(timespec);
    OFFSET(timespec, tv_sec);
    OFFSET(timespec, tv_nsec);

    SIZE(timeval);
    OFFSET(timeval, tv_sec);
    OFFSET(timeval, tv_usec);

    SIZE(rlimit);
    OFFSET(rlimit, rlim_cur);
    OFFSET(rlimit, rlim_max);

    SIZE(linger);
    OFFSET(linger, l_onoff);
    OFFSET(linger, l_linger);

    SIZE(ip_mreqn);
    OFFSET(ip_mreqn, imr_multiaddr);
    OFFSET(ip_mreqn, imr_address);
    OFFSET(ip_mreqn, imr_ifindex);

    SIZE(ipv6_mreq);
    OFFSET(ipv6_mreq, ipv6mr_multiaddr);
    OFFSET(ipv6_mreq, ipv6mr_interface);

    SIZE(in_addr);
    SIZE(in6_addr);

    SIZE(in_pktinfo);
    OFFSET(in_pktinfo, ipi_ifindex);
    OFFSET(in_pktinfo, ipi_spec_dst);
    OFFSET(in_pktinfo, ipi_addr);

    SIZE(in6_pktinfo);
    OFFSET(in6_pktinfo, ipi6_addr);
    OFFSET(in6_pktinfo, ipi6_ifindex);

    SIZE(sockaddr_storage);
}

static void numbers(void)
{
    /* SocketConstants: <sys/socket.h>. */
    NUMBER(AF_UNSPEC);
    NUMBER(AF_UNIX);
    NUMBER(AF_INET);
    NUMBER(AF_INET6);
    NUMBER(AF_PACKET);
    NUMBER(AF_CAN);
    NUMBER(SOCK_STREAM);
    NUMBER(SOCK_DGRAM);
    NUMBER(SOCK_NONBLOCK);
    NUMBER(SOCK_CLOEXEC);
    NUMBER(SHUT_RD);
    NUMBER(SHUT_WR);
    NUMBER(SHUT_RDWR);
    NUMBER(SOMAXCONN);
    NUMBER(MSG_OOB);
    NUMBER(MSG_PEEK);
    NUMBER(MSG_DONTROUTE);
    NUMBER(MSG_CTRUNC);
    NUMBER(MSG_PROXY);
    NUMBER(MSG_TRUNC);
    NUMBER(MSG_DONTWAIT);
    NUMBER(MSG_EOR);
    NUMBER(MSG_WAITALL);
    NUMBER(MSG_CONFIRM);
    NUMBER(MSG_ERRQUEUE);
    NUMBER(MSG_NOSIGNAL);
    NUMBER(MSG_MORE);
    NUMBER(MSG_BATCH);
    NUMBER(MSG_ZEROCOPY);
    NUMBER(MSG_FASTOPEN);
    NUMBER(MSG_CMSG_CLOEXEC);
    NUMBER(SOL_SOCKET);
    NUMBER(SO_DEBUG);
    NUMBER(SO_REUSEADDR);
    NUMBER(SO_TYPE);
    NUMBER(SO_ERROR);
    NUMBER(SO_DONTROUTE);
    NUMBER(SO_BROADCAST);
    NUMBER(SO_SNDBUF);
    NUMBER(SO_RCVBUF);
    NUMBER(SO_KEEPALIVE);
    NUMBER(SO_OOBINLINE);
    NUMBER(SO_PRIORITY);
    NUMBER(SO_LINGER);
    NUMBER(SO_REUSEPORT);
    NUMBER(SO_RCVLOWAT);
    NUMBER(SO_SNDLOWAT);
    NUMBER(SO_RCVTIMEO);
    NUMBER(SO_SNDTIMEO);
    NUMBER(SO_BINDTODEVICE);
    NUMBER(SO_PEERNAME);
    NUMBER(SO_ACCEPTCONN);
    NUMBER(SO_PROTOCOL);
    NUMBER(SO_DOMAIN);

    /* IpConstants: <linux/in.h>. */
    NUMBER(IPPROTO_IP);
    NUMBER(IPPROTO_TCP);
    NUMBER(IPPROTO_UDP);
    NUMBER(IP_TOS);
    NUMBER(IP_TTL);
    NUMBER(IP_HDRINCL);
    NUMBER(IP_OPTIONS);
    NUMBER(IP_PKTINFO);
    NUMBER(IP_MTU_DISCOVER);
    NUMBER(IP_MULTICAST_IF);
    NUMBER(IP_MULTICAST_TTL);
    NUMBER(IP_MULTICAST_LOOP);
    NUMBER(IP_ADD_MEMBERSHIP);
    NUMBER(IP_DROP_MEMBERSHIP);
    NUMBER(IP_UNBLOCK_SOURCE);
    NUMBER(IP_BLOCK_SOURCE);
    NUMBER(IP_ADD_SOURCE_MEMBERSHIP);
    NUMBER(IP_DROP_SOURCE_MEMBERSHIP);
    NUMBER(IP_PMTUDISC_DONT);
    NUMBER(IP_PMTUDISC_DO);

    /* Ipv6Constants: <linux/in6.h>. */
    NUMBER(IPPROTO_IPV6);
    NUMBER(IPV6_CHECKSUM);
    NUMBER(IPV6_UNICAST_HOPS);
    NUMBER(IPV6_MULTICAST_IF);
    NUMBER(IPV6_MULTICAST_HOPS);
    NUMBER(IPV6_MULTICAST_LOOP);
    NUMBER(IPV6_JOIN_GROUP);
    NUMBER(IPV6_LEAVE_GROUP);
    NUMBER(IPV6_V6ONLY);
    NUMBER(IPV6_RECVPKTINFO);
    NUMBER(IPV6_PKTINFO);

    /* TcpConstants: <linux/tcp.h>. */
    NUMBER(TCP_NODELAY);
    NUMBER(TCP_KEEPIDLE);
    NUMBER(TCP_KEEPINTVL);
    NUMBER(TCP_KEEPCNT);

    /* PollConstants: <poll.h>. */
    NUMBER(POLLIN);
    NUMBER(POLLPRI);
    NUMBER(POLLOUT);
    NUMBER(POLLERR);
    NUMBER(POLLHUP);
    NUMBER(POLLNVAL);
    NUMBER(POLLRDHUP);

    /* EpollConstants: <sys/epoll.h> and <sys/eventfd.h>. */
    NUMBER(EPOLL_CTL_ADD);
    NUMBER(EPOLL_CTL_DEL);
    NUMBER(EPOLL_CTL_MOD);
    NUMBER(EPOLL_CLOEXEC);
    NUMBER(EPOLLIN);
    NUMBER(EPOLLPRI);
    NUMBER(EPOLLOUT);
    NUMBER(EPOLLERR);
    NUMBER(EPOLLHUP);
    NUMBER(EPOLLRDHUP);
    NUMBER(EPOLLET);
    NUMBER(EFD_CLOEXEC);
    NUMBER(EFD_NONBLOCK);

    /* FcntlConstants: <fcntl.h>. */
    NUMBER(F_GETFD);
    NUMBER(F_SETFD);
    NUMBER(F_GETFL);
    NUMBER(F_SETFL);
    NUMBER(F_DUPFD_CLOEXEC);
    NUMBER(FD_CLOEXEC);
    NUMBER(O_NONBLOCK);
    NUMBER(O_CLOEXEC);

    /* IoctlConstants: <asm-generic/ioctls.h> and <linux/sockios.h>. */
    NUMBER(FIONREAD);
    NUMBER(FIONBIO);
    NUMBER(SIOCATMARK);
    NUMBER(SIOCOUTQ);

    /* The options of src/Sockeye/Options that Linux.Constants.cs does not name. */
    NUMBER(SO_BINDTOIFINDEX);
    NUMBER(SO_RCVBUFFORCE);
    NUMBER(SO_SNDBUFFORCE);
    NUMBER(IP_FREEBIND);
    NUMBER(IPV6_TCLASS);
    NUMBER(TCP_CORK);
    NUMBER(TCP_MAXSEG);
    NUMBER(TCP_QUICKACK);
    NUMBER(TCP_USER_TIMEOUT);
    NUMBER(IPV6_HOPLIMIT);
    NUMBER(TCP_FASTOPEN);

    /* Errno: <errno.h> */
    NUMBER(EPERM);
    NUMBER(ENOENT);
    NUMBER(ESRCH);
    NUMBER(EINTR);
    NUMBER(EIO);
    NUMBER(ENXIO);
    NUMBER(E2BIG);
    NUMBER(ENOEXEC);
    NUMBER(EBADF);
    NUMBER(ECHILD);
    NUMBER(EAGAIN);
    NUMBER(ENOMEM);
    NUMBER(EACCES);
    NUMBER(EFAULT);
    NUMBER(ENOTBLK);
    NUMBER(EBUSY);
    NUMBER(EEXIST);
    NUMBER(EXDEV);
    NUMBER(ENODEV);
    NUMBER(ENOTDIR);
    NUMBER(EISDIR);
    NUMBER(EINVAL);
    NUMBER(ENFILE);
    NUMBER(EMFILE);
    NUMBER(ENOTTY);
    NUMBER(ETXTBSY);
    NUMBER(EFBIG);
    NUMBER(ENOSPC);
    NUMBER(ESPIPE);
    NUMBER(EROFS);
    NUMBER(EMLINK);
    NUMBER(EPIPE);
    NUMBER(EDOM);
    NUMBER(ERANGE);
    NUMBER(EDEADLK);
    NUMBER(ENAMETOOLONG);
    NUMBER(ENOLCK);
    NUMBER(ENOSYS);
    NUMBER(ENOTEMPTY);
    NUMBER(ELOOP);
    NUMBER(ENOMSG);
    NUMBER(EIDRM);
    NUMBER(ECHRNG);
    NUMBER(EL2NSYNC);
    NUMBER(EL3HLT);
    NUMBER(EL3RST);
    NUMBER(ELNRNG);
    NUMBER(EUNATCH);
    NUMBER(ENOCSI);
    NUMBER(EL2HLT);
    NUMBER(EBADE);
    NUMBER(EBADR);
    NUMBER(EXFULL);
    NUMBER(ENOANO);
    NUMBER(EBADRQC);
    NUMBER(EBADSLT);
    NUMBER(EBFONT);
    NUMBER(ENOSTR);
    NUMBER(ENODATA);
    NUMBER(ETIME);
    NUMBER(ENOSR);
    NUMBER(ENONET);
    NUMBER(ENOPKG);
    NUMBER(EREMOTE);
    NUMBER(ENOLINK);
    NUMBER(EADV);
    NUMBER(ESRMNT);
    NUMBER(ECOMM);
    NUMBER(EPROTO);
    NUMBER(EMULTIHOP);
    NUMBER(EDOTDOT);
    NUMBER(EBADMSG);
    NUMBER(EOVERFLOW);
    NUMBER(ENOTUNIQ);
    NUMBER(EBADFD);
    NUMBER(EREMCHG);
    NUMBER(ELIBACC);
    NUMBER(ELIBBAD);
    NUMBER(ELIBSCN);
    NUMBER(ELIBMAX);
    NUMBER(ELIBEXEC);
    NUMBER(EILSEQ);
    NUMBER(ERESTART);
    NUMBER(ESTRPIPE);
    NUMBER(EUSERS);
    NUMBER(ENOTSOCK);
    NUMBER(EDESTADDRREQ);
    NUMBER(EMSGSIZE);
    NUMBER(EPROTOTYPE);
    NUMBER(ENOPROTOOPT);
    NUMBER(EPROTONOSUPPORT);
    NUMBER(ESOCKTNOSUPPORT);
    NUMBER(EOPNOTSUPP);
    NUMBER(EPFNOSUPPORT);
    NUMBER(EAFNOSUPPORT);
    NUMBER(EADDRINUSE);
    NUMBER(EADDRNOTAVAIL);
    NUMBER(ENETDOWN);
    NUMBER(ENETUNREACH);
    NUMBER(ENETRESET);
    NUMBER(ECONNABORTED);
    NUMBER(ECONNRESET);
    NUMBER(ENOBUFS);
    NUMBER(EISCONN);
    NUMBER(ENOTCONN);
    NUMBER(ESHUTDOWN);
    NUMBER(ETOOMANYREFS);
    NUMBER(ETIMEDOUT);
    NUMBER(ECONNREFUSED);
    NUMBER(EHOSTDOWN);
    NUMBER(EHOSTUNREACH);
    NUMBER(EALREADY);
    NUMBER(EINPROGRESS);
    NUMBER(ESTALE);
    NUMBER(EUCLEAN);
    NUMBER(ENOTNAM);
    NUMBER(ENAVAIL);
    NUMBER(EISNAM);
    NUMBER(EREMOTEIO);
    NUMBER(EDQUOT);
    NUMBER(ENOMEDIUM);
    NUMBER(EMEDIUMTYPE);
    NUMBER(ECANCELED);
    NUMBER(ENOKEY);
    NUMBER(EKEYEXPIRED);
    NUMBER(EKEYREVOKED);
    NUMBER(EKEYREJECTED);
    NUMBER(EOWNERDEAD);
    NUMBER(ENOTRECOVERABLE);
    NUMBER(ERFKILL);
    NUMBER(EHWPOISON);
}

/* Linux.Names.cs: <netdb.h> and <net/if.h>. */
static void names(void)
{
    SIZE(addrinfo);
    OFFSET(addrinfo, ai_flags);
    OFFSET(addrinfo, ai_family);
    OFFSET(addrinfo, ai_socktype);
    OFFSET(addrinfo, ai_protocol);
    OFFSET(addrinfo, ai_addrlen);
    OFFSET(addrinfo, ai_addr);
    OFFSET(addrinfo, ai_canonname);
    OFFSET(addrinfo, ai_next);

    SIZE(hostent);
    OFFSET(hostent, h_name);
    OFFSET(hostent, h_aliases);
    OFFSET(hostent, h_addrtype);
    OFFSET(hostent, h_length);
    OFFSET(hostent, h_addr_list);

    SIZE(servent);
    OFFSET(servent, s_name);
    OFFSET(servent, s_aliases);
    OFFSET(servent, s_port);
    OFFSET(servent, s_proto);

    SIZE(protoent);
    OFFSET(protoent, p_name);
    OFFSET(protoent, p_aliases);
    OFFSET(protoent, p_proto);

    SIZE(if_nameindex);
    OFFSET(if_nameindex, if_index);
    OFFSET(if_nameindex, if_name);

    /* glibc's alone. */
#ifndef AI_IDN
#define AI_IDN 0x40
#define AI_CANONIDN 0x80
#endif
#ifndef NI_IDN
#define NI_IDN 32
#endif

    /* ResolverConstants */
    NUMBER(AI_PASSIVE);
    NUMBER(AI_CANONNAME);
    NUMBER(AI_NUMERICHOST);
    NUMBER(AI_V4MAPPED);
    NUMBER(AI_ALL);
    NUMBER(AI_ADDRCONFIG);
    NUMBER(AI_IDN);
    NUMBER(AI_CANONIDN);
    NUMBER(AI_NUMERICSERV);
    NUMBER(EAI_BADFLAGS);
    NUMBER(EAI_NONAME);
    NUMBER(EAI_AGAIN);
    NUMBER(EAI_FAIL);
    NUMBER(EAI_NODATA);
    NUMBER(EAI_FAMILY);
    NUMBER(EAI_SOCKTYPE);
    NUMBER(EAI_SERVICE);
    NUMBER(EAI_ADDRFAMILY);
    NUMBER(EAI_MEMORY);
    NUMBER(EAI_SYSTEM);
    NUMBER(EAI_OVERFLOW);
    NUMBER(EAI_CANCELED);
    NUMBER(EAI_IDN_ENCODE);
    NUMBER(NI_NUMERICHOST);
    NUMBER(NI_NUMERICSERV);
    NUMBER(NI_NOFQDN);
    NUMBER(NI_NAMEREQD);
    NUMBER(NI_DGRAM);
    NUMBER(NI_IDN);
    NUMBER(HOST_NOT_FOUND);
    NUMBER(TRY_AGAIN);
    NUMBER(NO_RECOVERY);
    NUMBER(NO_DATA);
}

/* Messages: <sys/socket.h>, <linux/errqueue.h>, <linux/if_packet.h>, and the control messages of every level. */
static void messages(void)
{
    SIZE(mmsghdr);
    OFFSET(mmsghdr, msg_hdr);
    OFFSET(mmsghdr, msg_len);

    SIZE(sock_extended_err);
    OFFSET(sock_extended_err, ee_errno);
    OFFSET(sock_extended_err, ee_origin);
    OFFSET(sock_extended_err, ee_type);
    OFFSET(sock_extended_err, ee_code);
    OFFSET(sock_extended_err, ee_pad);
    OFFSET(sock_extended_err, ee_info);
    OFFSET(sock_extended_err, ee_data);

    SIZE(ucred);
    OFFSET(ucred, pid);
    OFFSET(ucred, uid);
    OFFSET(ucred, gid);

    SIZE(tpacket_auxdata);
    OFFSET(tpacket_auxdata, tp_status);
    OFFSET(tpacket_auxdata, tp_len);
    OFFSET(tpacket_auxdata, tp_snaplen);
    OFFSET(tpacket_auxdata, tp_mac);
    OFFSET(tpacket_auxdata, tp_net);
    OFFSET(tpacket_auxdata, tp_vlan_tci);
    OFFSET(tpacket_auxdata, tp_vlan_tpid);

    NUMBER(SCM_RIGHTS);
    NUMBER(SCM_CREDENTIALS);
    NUMBER(SCM_SECURITY);
    NUMBER(SCM_PIDFD);
    NUMBER(SO_TIMESTAMP_OLD);
    NUMBER(SO_TIMESTAMPNS_OLD);
    NUMBER(SO_TIMESTAMPING_OLD);
    NUMBER(SO_TIMESTAMP_NEW);
    NUMBER(SO_TIMESTAMPNS_NEW);
    NUMBER(SO_TIMESTAMPING_NEW);
    NUMBER(SCM_TXTIME);
    NUMBER(SCM_TS_OPT_ID);
    NUMBER(SCM_WIFI_STATUS);
    NUMBER(SO_RXQ_OVFL);
    NUMBER(SO_MARK);
    NUMBER(SO_PRIORITY);

    NUMBER(IP_TOS);
    NUMBER(IP_TTL);
    NUMBER(IP_RECVOPTS);
    NUMBER(IP_RETOPTS);
    NUMBER(IP_PKTINFO);
    NUMBER(IP_RECVERR);
    NUMBER(IP_ORIGDSTADDR);
    NUMBER(IP_CHECKSUM);
    NUMBER(IP_RECVFRAGSIZE);
    NUMBER(IP_PROTOCOL);

    NUMBER(IPV6_RECVERR);
    NUMBER(IPV6_PKTINFO);
    NUMBER(IPV6_HOPLIMIT);
    NUMBER(IPV6_TCLASS);
    NUMBER(IPV6_FLOWINFO);
    NUMBER(IPV6_HOPOPTS);
    NUMBER(IPV6_RTHDRDSTOPTS);
    NUMBER(IPV6_RTHDR);
    NUMBER(IPV6_DSTOPTS);
    NUMBER(IPV6_PATHMTU);
    NUMBER(IPV6_DONTFRAG);
    NUMBER(IPV6_ORIGDSTADDR);
    NUMBER(IPV6_RECVFRAGSIZE);

    NUMBER(UDP_SEGMENT);
    NUMBER(UDP_GRO);
    NUMBER(TCP_CM_INQ);

    NUMBER(SOL_PACKET);
    NUMBER(PACKET_AUXDATA);
    NUMBER(PACKET_TX_TIMESTAMP);
    NUMBER(SOL_NETLINK);
    NUMBER(NETLINK_PKTINFO);
    NUMBER(NETLINK_LISTEN_ALL_NSID);
    NUMBER(SOL_TIPC);
    NUMBER(TIPC_ERRINFO);
    NUMBER(TIPC_RETDATA);
    NUMBER(TIPC_DESTNAME);
    NUMBER(SOL_CAN_RAW);
    NUMBER(SCM_CAN_RAW_ERRQUEUE);
    NUMBER(SOL_CAN_J1939);
    NUMBER(SCM_J1939_ERRQUEUE);
    NUMBER(SOL_VSOCK);
    NUMBER(VSOCK_RECVERR);

    NUMBER(SO_EE_ORIGIN_LOCAL);
    NUMBER(SO_EE_ORIGIN_ICMP);
    NUMBER(SO_EE_ORIGIN_ICMP6);
    NUMBER(SO_EE_ORIGIN_TIMESTAMPING);
    NUMBER(SO_EE_ORIGIN_ZEROCOPY);
    NUMBER(SO_EE_ORIGIN_TXTIME);
    NUMBER(SO_EE_CODE_ZEROCOPY_COPIED);
}

/* Address families: Linux.Families.cs, and the layouts that src/Sockeye/Families writes by offset. */
#ifndef AF_MCTP
#define AF_MCTP 45 /* Linux 5.15 */
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef IPPROTO_SMC
#define IPPROTO_SMC 256 /* Linux 6.11 */
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPPROTO_ETHERNET
#define IPPROTO_ETHERNET 143
#endif
#ifndef IPPROTO_L2TP
#define IPPROTO_L2TP 115
#endif
#ifndef VMADDR_FLAG_TO_HOST
#define VMADDR_FLAG_TO_HOST 1 /* Linux 5.11 */
#endif
#ifndef NETLINK_SMC
#define NETLINK_SMC 22
#endif
#ifndef MAX_ADDR_LEN
#define MAX_ADDR_LEN 32 /* <linux/netdevice.h> of the kernel, not of programs */
#endif
/* <bluetooth/bluetooth.h> comes with BlueZ, not with the kernel's headers. */
#ifndef BTPROTO_L2CAP
#define BTPROTO_L2CAP 0
#define BTPROTO_HCI 1
#define BTPROTO_SCO 2
#define BTPROTO_RFCOMM 3
#define BTPROTO_BNEP 4
#define BTPROTO_CMTP 5
#define BTPROTO_HIDP 6
#define BTPROTO_AVDTP 7
#define BTPROTO_ISO 8
#endif

static void families(void)
{
    SIZE(sockaddr_un);
    OFFSET(sockaddr_un, sun_family);
    OFFSET(sockaddr_un, sun_path);

    SIZE(sockaddr_nl);
    OFFSET(sockaddr_nl, nl_family);
    OFFSET(sockaddr_nl, nl_pad);
    OFFSET(sockaddr_nl, nl_pid);
    OFFSET(sockaddr_nl, nl_groups);

    SIZE(sockaddr_vm);
    OFFSET(sockaddr_vm, svm_family);
    OFFSET(sockaddr_vm, svm_port);
    OFFSET(sockaddr_vm, svm_cid);
    OFFSET(sockaddr_vm, svm_flags);

    SIZE(sockaddr_tipc);
    OFFSET(sockaddr_tipc, family);
    OFFSET(sockaddr_tipc, addrtype);
    OFFSET(sockaddr_tipc, scope);
    OFFSET(sockaddr_tipc, addr.id.ref);
    OFFSET(sockaddr_tipc, addr.id.node);
    OFFSET(sockaddr_tipc, addr.nameseq.type);
    OFFSET(sockaddr_tipc, addr.nameseq.lower);
    OFFSET(sockaddr_tipc, addr.nameseq.upper);
    OFFSET(sockaddr_tipc, addr.name.name.type);
    OFFSET(sockaddr_tipc, addr.name.name.instance);
    OFFSET(sockaddr_tipc, addr.name.domain);

    SIZE(sockaddr_ll);
    OFFSET(sockaddr_ll, sll_family);
    OFFSET(sockaddr_ll, sll_protocol);
    OFFSET(sockaddr_ll, sll_ifindex);
    OFFSET(sockaddr_ll, sll_hatype);
    OFFSET(sockaddr_ll, sll_pkttype);
    OFFSET(sockaddr_ll, sll_halen);
    OFFSET(sockaddr_ll, sll_addr);

    SIZE(sockaddr_can);
    OFFSET(sockaddr_can, can_family);
    OFFSET(sockaddr_can, can_ifindex);
    OFFSET(sockaddr_can, can_addr.tp.rx_id);
    OFFSET(sockaddr_can, can_addr.tp.tx_id);
    OFFSET(sockaddr_can, can_addr.j1939.name);
    OFFSET(sockaddr_can, can_addr.j1939.pgn);
    OFFSET(sockaddr_can, can_addr.j1939.addr);

    SIZE(sockaddr_in6);
    OFFSET(sockaddr_in6, sin6_family);
    OFFSET(sockaddr_in6, sin6_port);
    OFFSET(sockaddr_in6, sin6_flowinfo);
    OFFSET(sockaddr_in6, sin6_addr);
    OFFSET(sockaddr_in6, sin6_scope_id);

    SIZE(statx);
    OFFSET(statx, stx_mode);

    NUMBER(AF_AX25);
    NUMBER(AF_IPX);
    NUMBER(AF_APPLETALK);
    NUMBER(AF_NETROM);
    NUMBER(AF_BRIDGE);
    NUMBER(AF_ATMPVC);
    NUMBER(AF_X25);
    NUMBER(AF_ROSE);
    NUMBER(AF_DECnet);
    NUMBER(AF_NETBEUI);
    NUMBER(AF_SECURITY);
    NUMBER(AF_KEY);
    NUMBER(AF_NETLINK);
    NUMBER(AF_ASH);
    NUMBER(AF_ECONET);
    NUMBER(AF_ATMSVC);
    NUMBER(AF_RDS);
    NUMBER(AF_SNA);
    NUMBER(AF_IRDA);
    NUMBER(AF_PPPOX);
    NUMBER(AF_WANPIPE);
    NUMBER(AF_LLC);
    NUMBER(AF_IB);
    NUMBER(AF_MPLS);
    NUMBER(AF_TIPC);
    NUMBER(AF_BLUETOOTH);
    NUMBER(AF_IUCV);
    NUMBER(AF_RXRPC);
    NUMBER(AF_ISDN);
    NUMBER(AF_PHONET);
    NUMBER(AF_IEEE802154);
    NUMBER(AF_CAIF);
    NUMBER(AF_ALG);
    NUMBER(AF_NFC);
    NUMBER(AF_VSOCK);
    NUMBER(AF_KCM);
    NUMBER(AF_QIPCRTR);
    NUMBER(AF_SMC);
    NUMBER(AF_XDP);
    NUMBER(AF_MCTP);
    NUMBER(SOCK_RAW);
    NUMBER(SOCK_DCCP);
    NUMBER(SOCK_PACKET);
    NUMBER(IFNAMSIZ);
    NUMBER(PATH_MAX);
    NUMBER(O_PATH);
    NUMBER(AT_EMPTY_PATH);
    NUMBER(O_NOFOLLOW);
    NUMBER(STATX_TYPE);
    NUMBER(STATX_MODE);
    NUMBER(S_IFMT);
    NUMBER(S_IFSOCK);
    NUMBER(IPPROTO_EGP);
    NUMBER(IPPROTO_TP);
    NUMBER(IPPROTO_DCCP);
    NUMBER(IPPROTO_RSVP);
    NUMBER(IPPROTO_GRE);
    NUMBER(IPPROTO_MTP);
    NUMBER(IPPROTO_BEETPH);
    NUMBER(IPPROTO_ENCAP);
    NUMBER(IPPROTO_PIM);
    NUMBER(IPPROTO_COMP);
    NUMBER(IPPROTO_L2TP);
    NUMBER(IPPROTO_SCTP);
    NUMBER(IPPROTO_MH);
    NUMBER(IPPROTO_UDPLITE);
    NUMBER(IPPROTO_MPLS);
    NUMBER(IPPROTO_ETHERNET);
    NUMBER(IPPROTO_SMC);
    NUMBER(IPPROTO_MPTCP);
    NUMBER(NETLINK_ROUTE);
    NUMBER(NETLINK_USERSOCK);
    NUMBER(NETLINK_SOCK_DIAG);
    NUMBER(NETLINK_NFLOG);
    NUMBER(NETLINK_XFRM);
    NUMBER(NETLINK_SELINUX);
    NUMBER(NETLINK_ISCSI);
    NUMBER(NETLINK_AUDIT);
    NUMBER(NETLINK_FIB_LOOKUP);
    NUMBER(NETLINK_CONNECTOR);
    NUMBER(NETLINK_NETFILTER);
    NUMBER(NETLINK_IP6_FW);
    NUMBER(NETLINK_KOBJECT_UEVENT);
    NUMBER(NETLINK_GENERIC);
    NUMBER(NETLINK_SCSITRANSPORT);
    NUMBER(NETLINK_ECRYPTFS);
    NUMBER(NETLINK_RDMA);
    NUMBER(NETLINK_CRYPTO);
    NUMBER(NETLINK_SMC);
    NUMBER(VMADDR_CID_ANY);
    NUMBER(VMADDR_CID_HYPERVISOR);
    NUMBER(VMADDR_CID_LOCAL);
    NUMBER(VMADDR_CID_HOST);
    NUMBER(VMADDR_PORT_ANY);
    NUMBER(VMADDR_FLAG_TO_HOST);
    NUMBER(TIPC_ADDR_NAMESEQ);
    NUMBER(TIPC_ADDR_NAME);
    NUMBER(TIPC_ADDR_ID);
    NUMBER(TIPC_ZONE_SCOPE);
    NUMBER(TIPC_CLUSTER_SCOPE);
    NUMBER(TIPC_NODE_SCOPE);
    NUMBER(PACKET_HOST);
    NUMBER(PACKET_BROADCAST);
    NUMBER(PACKET_MULTICAST);
    NUMBER(PACKET_OTHERHOST);
    NUMBER(PACKET_OUTGOING);
    NUMBER(ETH_P_ALL);
    NUMBER(MAX_ADDR_LEN);
    NUMBER(CAN_RAW);
    NUMBER(CAN_BCM);
    NUMBER(CAN_TP16);
    NUMBER(CAN_TP20);
    NUMBER(CAN_MCNET);
    NUMBER(CAN_ISOTP);
    NUMBER(CAN_J1939);
    NUMBER(J1939_NO_ADDR);
    NUMBER(J1939_NO_NAME);
    NUMBER(J1939_NO_PGN);
    NUMBER(BTPROTO_L2CAP);
    NUMBER(BTPROTO_HCI);
    NUMBER(BTPROTO_SCO);
    NUMBER(BTPROTO_RFCOMM);
    NUMBER(BTPROTO_BNEP);
    NUMBER(BTPROTO_CMTP);
    NUMBER(BTPROTO_HIDP);
    NUMBER(BTPROTO_AVDTP);
    NUMBER(BTPROTO_ISO);
}
/* io_uring: Linux.IoUring.cs. An enumeration's name is none to the preprocessor, so those are defined in any case. */
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16) /* 6.6 */
#endif
#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1U << 4) /* 6.12 */
#endif
#define IOU_PBUF_RING_INC 2 /* 6.12 */

static void rings(void)
{
    SIZE(io_uring_sqe);
    OFFSET(io_uring_sqe, opcode);
    OFFSET(io_uring_sqe, flags);
    OFFSET(io_uring_sqe, ioprio);
    OFFSET(io_uring_sqe, fd);
    OFFSET(io_uring_sqe, off);
    OFFSET(io_uring_sqe, addr);
    OFFSET(io_uring_sqe, len);
    OFFSET(io_uring_sqe, msg_flags);
    OFFSET(io_uring_sqe, poll32_events);
    OFFSET(io_uring_sqe, accept_flags);
    OFFSET(io_uring_sqe, cancel_flags);
    OFFSET(io_uring_sqe, user_data);
    OFFSET(io_uring_sqe, buf_group);
    OFFSET(io_uring_sqe, personality);
    OFFSET(io_uring_sqe, file_index);
    OFFSET(io_uring_sqe, addr3);

    SIZE(io_uring_cqe);
    OFFSET(io_uring_cqe, user_data);
    OFFSET(io_uring_cqe, res);
    OFFSET(io_uring_cqe, flags);

    SIZE(io_sqring_offsets);
    OFFSET(io_sqring_offsets, head);
    OFFSET(io_sqring_offsets, tail);
    OFFSET(io_sqring_offsets, ring_mask);
    OFFSET(io_sqring_offsets, ring_entries);
    OFFSET(io_sqring_offsets, flags);
    OFFSET(io_sqring_offsets, dropped);
    OFFSET(io_sqring_offsets, array);

    SIZE(io_cqring_offsets);
    OFFSET(io_cqring_offsets, head);
    OFFSET(io_cqring_offsets, tail);
    OFFSET(io_cqring_offsets, ring_mask);
    OFFSET(io_cqring_offsets, ring_entries);
    OFFSET(io_cqring_offsets, overflow);
    OFFSET(io_cqring_offsets, cqes);
    OFFSET(io_cqring_offsets, flags);

    SIZE(io_uring_params);
    OFFSET(io_uring_params, sq_entries);
    OFFSET(io_uring_params, cq_entries);
    OFFSET(io_uring_params, flags);
    OFFSET(io_uring_params, sq_thread_cpu);
    OFFSET(io_uring_params, sq_thread_idle);
    OFFSET(io_uring_params, features);
    OFFSET(io_uring_params, wq_fd);
    OFFSET(io_uring_params, sq_off);
    OFFSET(io_uring_params, cq_off);

    /* min_wait_usec is padding before 6.12. */
    SIZE(io_uring_getevents_arg);
    OFFSET(io_uring_getevents_arg, sigmask);
    OFFSET(io_uring_getevents_arg, sigmask_sz);
    printf("offset io_uring_getevents_arg.min_wait_usec %zu\n", offsetof(struct io_uring_getevents_arg, sigmask_sz) + sizeof(__u32));
    OFFSET(io_uring_getevents_arg, ts);

    SIZE(io_uring_buf);
    OFFSET(io_uring_buf, addr);
    OFFSET(io_uring_buf, len);
    OFFSET(io_uring_buf, bid);
    OFFSET(io_uring_buf, resv);
    OFFSET(io_uring_buf_ring, tail);

    /* flags is padding before 6.4. */
    SIZE(io_uring_buf_reg);
    OFFSET(io_uring_buf_reg, ring_addr);
    OFFSET(io_uring_buf_reg, ring_entries);
    OFFSET(io_uring_buf_reg, bgid);
    printf("offset io_uring_buf_reg.flags %zu\n", offsetof(struct io_uring_buf_reg, bgid) + sizeof(__u16));

    SIZE(io_uring_probe);
    OFFSET(io_uring_probe, last_op);
    OFFSET(io_uring_probe, ops_len);
    OFFSET(io_uring_probe, ops);
    SIZE(io_uring_probe_op);
    OFFSET(io_uring_probe_op, op);
    OFFSET(io_uring_probe_op, flags);

    NUMBER(SYS_io_uring_setup);
    NUMBER(SYS_io_uring_enter);
    NUMBER(SYS_io_uring_register);
    NUMBER(IORING_SETUP_CQSIZE);
    NUMBER(IORING_SETUP_CLAMP);
    NUMBER(IORING_SETUP_R_DISABLED);
    NUMBER(IORING_SETUP_SUBMIT_ALL);
    NUMBER(IORING_SETUP_COOP_TASKRUN);
    NUMBER(IORING_SETUP_SINGLE_ISSUER);
    NUMBER(IORING_SETUP_DEFER_TASKRUN);
    NUMBER(IORING_SETUP_NO_SQARRAY);
    NUMBER(IORING_FEAT_SINGLE_MMAP);
    NUMBER(IORING_FEAT_NODROP);
    NUMBER(IORING_FEAT_SUBMIT_STABLE);
    NUMBER(IORING_FEAT_EXT_ARG);
    NUMBER(IORING_FEAT_CQE_SKIP);
    NUMBER(IORING_SQ_CQ_OVERFLOW);
    NUMBER(IORING_ENTER_GETEVENTS);
    NUMBER(IORING_ENTER_EXT_ARG);
    NUMBER(IORING_OFF_SQ_RING);
    NUMBER(IORING_OFF_SQES);
    NUMBER(IORING_OP_NOP);
    NUMBER(IORING_OP_POLL_ADD);
    NUMBER(IORING_OP_SENDMSG);
    NUMBER(IORING_OP_ACCEPT);
    NUMBER(IORING_OP_ASYNC_CANCEL);
    NUMBER(IORING_OP_CLOSE);
    NUMBER(IORING_OP_SEND);
    NUMBER(IORING_OP_RECV);
    NUMBER(IOSQE_BUFFER_SELECT);
    NUMBER(IOSQE_CQE_SKIP_SUCCESS);
    NUMBER(IORING_POLL_ADD_MULTI);
    NUMBER(IORING_ASYNC_CANCEL_ALL);
    NUMBER(IORING_ASYNC_CANCEL_ANY);
    NUMBER(IORING_RECV_MULTISHOT);
    NUMBER(IORING_ACCEPT_MULTISHOT);
    NUMBER(IORING_CQE_F_BUFFER);
    NUMBER(IORING_CQE_F_MORE);
    NUMBER(IORING_CQE_F_BUF_MORE);
    NUMBER(IORING_CQE_BUFFER_SHIFT);
    NUMBER(IORING_REGISTER_PROBE);
    NUMBER(IORING_REGISTER_ENABLE_RINGS);
    NUMBER(IORING_REGISTER_PBUF_RING);
    NUMBER(IORING_UNREGISTER_PBUF_RING);
    NUMBER(IOU_PBUF_RING_INC);
    NUMBER(IO_URING_OP_SUPPORTED);

    /* mmap(2), as Libc.IoUring.cs calls it. */
    printf("number PROT_READ_WRITE %d\n", PROT_READ | PROT_WRITE);
    NUMBER(MAP_SHARED);
    NUMBER(MAP_PRIVATE);
    NUMBER(MAP_ANONYMOUS);
    NUMBER(MAP_POPULATE);
}

/* In abi-options.c. */
void options(void);

int main(void)
{
    structures();
    numbers();
    names();
    messages();
    families();
    rings();
    options();
    return 0;
}
