namespace Sockeye.Interop;

// Numbers by header, under the kernel's own names. Those of x64 and arm64 agree.

/// <summary>&lt;sys/socket.h&gt;.</summary>
internal static class SocketConstants
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_UNIX = 1;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_PACKET = 17;
    internal const int AF_CAN = 29;

    internal const int SOCK_STREAM = 1;
    internal const int SOCK_DGRAM = 2;
    internal const int SOCK_NONBLOCK = 0x800;
    internal const int SOCK_CLOEXEC = 0x8_0000;

    internal const int SHUT_RD = 0;
    internal const int SHUT_WR = 1;
    internal const int SHUT_RDWR = 2;

    internal const int SOMAXCONN = 4096;

    internal const int MSG_OOB = 0x1;
    internal const int MSG_PEEK = 0x2;
    internal const int MSG_DONTROUTE = 0x4;
    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_PROXY = 0x10;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int MSG_EOR = 0x80;
    internal const int MSG_WAITALL = 0x100;
    internal const int MSG_CONFIRM = 0x800;
    internal const int MSG_ERRQUEUE = 0x2000;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_MORE = 0x8000;
    internal const int MSG_BATCH = 0x4_0000;
    internal const int MSG_ZEROCOPY = 0x400_0000;
    internal const int MSG_FASTOPEN = 0x2000_0000;
    internal const int MSG_CMSG_CLOEXEC = 0x4000_0000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_DEBUG = 1;
    internal const int SO_REUSEADDR = 2;
    internal const int SO_TYPE = 3;
    internal const int SO_ERROR = 4;
    internal const int SO_DONTROUTE = 5;
    internal const int SO_BROADCAST = 6;
    internal const int SO_SNDBUF = 7;
    internal const int SO_RCVBUF = 8;
    internal const int SO_KEEPALIVE = 9;
    internal const int SO_OOBINLINE = 10;
    internal const int SO_PRIORITY = 12;
    internal const int SO_LINGER = 13;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_RCVLOWAT = 18;
    internal const int SO_SNDLOWAT = 19;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_SNDTIMEO = 21;
    internal const int SO_BINDTODEVICE = 25;
    internal const int SO_PEERNAME = 28;
    internal const int SO_PEEK_OFF = 42;
    internal const int SO_ACCEPTCONN = 30;
    internal const int SO_PROTOCOL = 38;
    internal const int SO_DOMAIN = 39;

    /// <summary>sizeof(struct sockaddr_storage): no address is longer.</summary>
    internal const int AddressBytesMax = 128;
}

/// <summary>&lt;linux/in.h&gt;.</summary>
internal static class IpConstants
{
    internal const int IPPROTO_IP = 0;
    internal const int IPPROTO_TCP = 6;
    internal const int TCP_INFO = 11;
    internal const int IPPROTO_UDP = 17;

    internal const int IP_TOS = 1;
    internal const int IP_TTL = 2;
    internal const int IP_HDRINCL = 3;
    internal const int IP_OPTIONS = 4;
    internal const int IP_PKTINFO = 8;
    internal const int IP_MTU_DISCOVER = 10;
    internal const int IP_MULTICAST_IF = 32;
    internal const int IP_MULTICAST_TTL = 33;
    internal const int IP_MULTICAST_LOOP = 34;
    internal const int IP_ADD_MEMBERSHIP = 35;
    internal const int IP_DROP_MEMBERSHIP = 36;
    internal const int IP_UNBLOCK_SOURCE = 37;
    internal const int IP_BLOCK_SOURCE = 38;
    internal const int IP_ADD_SOURCE_MEMBERSHIP = 39;
    internal const int IP_DROP_SOURCE_MEMBERSHIP = 40;
    internal const int IP_PMTUDISC_DONT = 0;
    internal const int IP_PMTUDISC_DO = 2;
}

/// <summary>&lt;linux/in6.h&gt;.</summary>
internal static class Ipv6Constants
{
    internal const int IPPROTO_IPV6 = 41;

    internal const int IPV6_CHECKSUM = 7;
    internal const int IPV6_UNICAST_HOPS = 16;
    internal const int IPV6_MULTICAST_IF = 17;
    internal const int IPV6_MULTICAST_HOPS = 18;
    internal const int IPV6_MULTICAST_LOOP = 19;
    internal const int IPV6_JOIN_GROUP = 20;
    internal const int IPV6_LEAVE_GROUP = 21;
    internal const int IPV6_V6ONLY = 26;
    internal const int IPV6_RECVPKTINFO = 49;
    internal const int IPV6_PKTINFO = 50;
    internal const int IPV6_HOPLIMIT = 52;
}

/// <summary>&lt;linux/tcp.h&gt;.</summary>
internal static class TcpConstants
{
    internal const int TCP_NODELAY = 1;
    internal const int TCP_KEEPIDLE = 4;
    internal const int TCP_KEEPINTVL = 5;
    internal const int TCP_KEEPCNT = 6;
    internal const int TCP_FASTOPEN = 23;
}

/// <summary>&lt;poll.h&gt;.</summary>
internal static class PollConstants
{
    internal const short POLLIN = 0x1;
    internal const short POLLPRI = 0x2;
    internal const short POLLOUT = 0x4;
    internal const short POLLERR = 0x8;
    internal const short POLLHUP = 0x10;
    internal const short POLLNVAL = 0x20;
    internal const short POLLRDHUP = 0x2000;
}

/// <summary>&lt;sys/epoll.h&gt; and &lt;sys/eventfd.h&gt;.</summary>
internal static class EpollConstants
{
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;
    internal const int EPOLL_CTL_MOD = 3;
    internal const int EPOLL_CLOEXEC = 0x8_0000;

    internal const uint EPOLLIN = 0x1;
    internal const uint EPOLLPRI = 0x2;
    internal const uint EPOLLOUT = 0x4;
    internal const uint EPOLLERR = 0x8;
    internal const uint EPOLLHUP = 0x10;
    internal const uint EPOLLRDHUP = 0x2000;
    internal const uint EPOLLET = 0x8000_0000;

    internal const int EFD_CLOEXEC = 0x8_0000;
    internal const int EFD_NONBLOCK = 0x800;
}

/// <summary>&lt;fcntl.h&gt;.</summary>
internal static class FcntlConstants
{
    internal const int F_GETFD = 1;
    internal const int F_SETFD = 2;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_DUPFD_CLOEXEC = 1030;
    internal const int FD_CLOEXEC = 1;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x8_0000;
}

/// <summary>&lt;asm-generic/ioctls.h&gt; and &lt;linux/sockios.h&gt;.</summary>
internal static class IoctlConstants
{
    internal const uint FIONREAD = 0x541B;
    internal const uint FIONBIO = 0x5421;
    internal const uint SIOCATMARK = 0x8905;
    internal const uint SIOCOUTQ = 0x5411;
}
