/*
 * Fills each family's sockaddr by the C headers and prints its bytes. addresses.txt beside it is its output on x64;
 * AddressBytesTests holds our end points against it, and against a fresh run where a C compiler is installed:
 *
 *     cc -Wall -Werror -o addresses addresses.c && ./addresses > addresses.txt
 *
 * The lengths are those that the kernel asks for in bind and connect, not always sizeof.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* <linux/vm_sockets.h> wants <sys/socket.h> before it. */
#include <linux/can.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>

static void print(const char *name, const void *address, size_t length)
{
    const unsigned char *bytes = address;
    printf("%s ", name);
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static void local(void)
{
    struct sockaddr_un un;
    const size_t path = offsetof(struct sockaddr_un, sun_path);

    memset(&un, 0, sizeof un);
    un.sun_family = AF_UNIX;
    strcpy(un.sun_path, "/run/x");
    print("unix-path", &un, path + strlen(un.sun_path) + 1);

    memcpy(un.sun_path, "\0na\0me\xff", 7);
    print("unix-abstract", &un, path + 7);
    print("unix-abstract-empty", &un, path + 1);
    print("unix-unnamed", &un, path);

    memset(un.sun_path, 'p', sizeof un.sun_path);
    print("unix-path-longest", &un, sizeof un);
    un.sun_path[sizeof un.sun_path - 1] = 0;
    print("unix-path-longest-but-one", &un, sizeof un);
}

static void internet(void)
{
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(8080);
    in.sin_addr.s_addr = htonl(0x7f000001);
    print("inet", &in, sizeof in);

    struct sockaddr_in6 in6;
    memset(&in6, 0, sizeof in6);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(8080);
    inet_pton(AF_INET6, "fe80::1:2", &in6.sin6_addr);
    in6.sin6_scope_id = 0x01020304;
    print("inet6-scope", &in6, sizeof in6);
    in6.sin6_flowinfo = htonl(0x0ab12345);
    print("inet6-flow", &in6, sizeof in6);
}

static void netlink(void)
{
    struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = 0x01020304, .nl_groups = 0x80000011 };
    print("netlink", &nl, sizeof nl);
}

static void vsock(void)
{
    struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_port = 0x01020304, .svm_cid = 0x05060708 };
    print("vsock", &vm, sizeof vm);
    vm.svm_cid = VMADDR_CID_ANY;
    vm.svm_port = VMADDR_PORT_ANY;
    vm.svm_flags = 1; /* VMADDR_FLAG_TO_HOST */
    print("vsock-any", &vm, sizeof vm);
}

static void tipc(void)
{
    struct sockaddr_tipc t;
    memset(&t, 0, sizeof t);
    t.family = AF_TIPC;
    t.addrtype = TIPC_ADDR_NAME;
    t.scope = TIPC_ZONE_SCOPE;
    t.addr.name.name.type = 1000;
    t.addr.name.name.instance = 0x01020304;
    t.addr.name.domain = 0x01001001;
    print("tipc-service", &t, sizeof t);

    t.addrtype = TIPC_ADDR_NAMESEQ;
    t.scope = -TIPC_NODE_SCOPE;
    t.addr.nameseq.lower = 7;
    t.addr.nameseq.upper = 9;
    print("tipc-range", &t, sizeof t);

    memset(&t.addr, 0, sizeof t.addr);
    t.addrtype = TIPC_ADDR_ID;
    t.scope = 0;
    t.addr.id.ref = 77;
    t.addr.id.node = 0x01001001;
    print("tipc-port", &t, sizeof t);
}

static void packet(void)
{
    struct sockaddr_ll ll;
    memset(&ll, 0, sizeof ll);
    ll.sll_family = AF_PACKET;
    ll.sll_ifindex = 0x01020304;
    print("packet-interface", &ll, sizeof ll);
    ll.sll_protocol = htons(0x86dd);
    ll.sll_hatype = 0x0506;
    ll.sll_pkttype = PACKET_OUTGOING;
    ll.sll_halen = 6;
    memcpy(ll.sll_addr, "\x02\x00\x5e\x10\x00\x01", 6);
    print("packet", &ll, sizeof ll);
}

static void can(void)
{
    struct sockaddr_can can;
    memset(&can, 0, sizeof can);
    can.can_family = AF_CAN;
    can.can_ifindex = 0x01020304;
    print("can-raw", &can, offsetof(struct sockaddr_can, can_addr));
    can.can_addr.tp.rx_id = 0x98da10f1;
    can.can_addr.tp.tx_id = 0x7e0;
    print("can-isotp", &can, offsetof(struct sockaddr_can, can_addr) + sizeof can.can_addr.tp);
    memset(&can.can_addr, 0, sizeof can.can_addr);
    can.can_addr.j1939.name = 0x0102030405060708;
    can.can_addr.j1939.pgn = 0x12300;
    can.can_addr.j1939.addr = 0x20;
    print("can-j1939", &can, sizeof can);
}

int main(void)
{
    local();
    internet();
    netlink();
    vsock();
    tipc();
    packet();
    can();
    return 0;
}
