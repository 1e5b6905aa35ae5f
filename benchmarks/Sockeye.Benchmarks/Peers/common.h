// What the C servers and the clients share: the command line of the servers, their sockets, and messages on failure.
//
//   server echo | streams | idle | broadcast | udp | trains
//
// Prints its port, and serves 127.0.0.1 until its standard input ends.
#ifndef COMMON_H
#define COMMON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { DESCRIPTORS_MAX = 32768, STREAM_BYTES = 65536, ECHO_BYTES = 4096 };

// A broadcast is a log: the sender's bytes go in at the head, each member is sent what lies between its own place and
// the head. A member that falls behind by the whole log is closed.
enum { LOG_BYTES = 1 << 20, LOG_RESERVE = STREAM_BYTES };
enum role { ROLE_UNKNOWN, ROLE_SENDER, ROLE_MEMBER };

static char log_bytes[LOG_BYTES];
static uint64_t log_head;

enum mode { MODE_ECHO, MODE_STREAMS, MODE_IDLE, MODE_BROADCAST, MODE_UDP, MODE_TRAINS };

static inline void fail(const char *what) {
    perror(what);
    exit(1);
}

static inline void *check_memory(void *memory) {
    if (memory == NULL || memory == MAP_FAILED) fail("memory");
    return memory;
}

// Memory that takes up room only where it is touched.
static inline void *reserve(size_t bytes) {
    return check_memory(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

static inline enum mode parse_mode(int count, char **words) {
    static const char *const names[] = {"echo", "streams", "idle", "broadcast", "udp", "trains"};
    for (int i = 0; count == 2 && i < (int)(sizeof names / sizeof *names); i++)
        if (strcmp(words[1], names[i]) == 0) return (enum mode)i;
    fprintf(stderr, "usage: %s echo|streams|idle|broadcast|udp|trains\n", words[0]);
    exit(2);
}

static inline bool is_datagram(enum mode mode) { return mode == MODE_UDP || mode == MODE_TRAINS; }

// A bound socket, listening if it is one of streams. Its port has been printed.
static inline int open_server(enum mode mode) {
    int one = 1;
    int fd = socket(AF_INET, (is_datagram(mode) ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    if (mode == MODE_TRAINS && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) != 0) fail("UDP_GRO");
    if (!is_datagram(mode) && listen(fd, 4096) != 0) fail("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) fail("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static inline void no_delay(int fd) {
    int one = 1;
    // A peer that has gone already makes this fail; the first receive will say so.
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fd >= DESCRIPTORS_MAX) {
        fprintf(stderr, "descriptor %d: more than %d connections\n", fd, DESCRIPTORS_MAX);
        exit(1);
    }
}

// Room for the one control message that a train of datagrams has: how long its segments are.
union control { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; };

// UDP_GRO: how long the datagrams of a received train are; 0 when it is a single one.
static inline int received_segment(struct msghdr *message, size_t length) {
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    int segment = 0;
    if (control != NULL && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
        memcpy(&segment, CMSG_DATA(control), sizeof segment);
    return segment > 0 && (size_t)segment < length ? segment : 0;
}

// UDP_SEGMENT: lets a train leave as it came.
static inline void set_segment(struct msghdr *message, union control *control, int segment) {
    uint16_t size = (uint16_t)segment;
    message->msg_control = segment == 0 ? NULL : control;
    message->msg_controllen = segment == 0 ? 0 : CMSG_SPACE(sizeof size);
    if (segment == 0) return;
    control->header = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof size)};
    memcpy(CMSG_DATA(&control->header), &size, sizeof size);
}
#endif
