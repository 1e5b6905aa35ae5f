// The tight epoll(7) server: one thread, edge-triggered, each call made at once and again only when the kernel says so.
// One buffer for all connections stays in the processor's cache. See common.h for how it is called.
#include "common.h"
#include <sys/epoll.h>

enum { EVENTS = 512, DATAGRAMS_PER_TURN = 64 };

struct connection {
    enum role role;
    bool blocked;          // a send did not fit: nothing is received before it does
    char *rest;            // echo: what did not fit
    size_t rest_at, rest_end;
    uint64_t place;        // broadcast: how much of the log this member was sent
    int index;             // broadcast: where it stands among the members
};

static enum mode mode;
static int poller;
static struct connection *connections;
static char buffer[STREAM_BYTES];
static int members[DESCRIPTORS_MAX], member_count;

static void watch(int fd, uint32_t events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void drop(int fd) {
    struct connection *connection = &connections[fd];
    if (connection->role == ROLE_MEMBER) {
        int last = members[--member_count];
        members[connection->index] = last;
        connections[last].index = connection->index;
    }
    free(connection->rest);
    *connection = (struct connection){0};
    close(fd);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EAGAIN) return;
            if (errno == ECONNABORTED || errno == EINTR) continue;
            fail("accept4");
        }
        no_delay(fd);
        watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
}

// How much the socket took; less than length means that it is full. -1: the connection is gone.
static ssize_t send_some(int fd, const char *bytes, size_t length) {
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
    return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR ? 0 : -1;
}

// Sends what was left over. False: the connection is gone.
static bool send_rest(int fd, struct connection *connection) {
    ssize_t sent = send_some(fd, connection->rest + connection->rest_at, connection->rest_end - connection->rest_at);
    if (sent < 0) return false;
    connection->rest_at += (size_t)sent;
    connection->blocked = connection->rest_at < connection->rest_end;
    return true;
}

static bool echo(int fd, struct connection *connection, size_t length) {
    ssize_t sent = send_some(fd, buffer, length);
    if (sent < 0) return false;
    if ((size_t)sent < length) {
        if (connection->rest == NULL) connection->rest = check_memory(malloc(sizeof buffer));
        memcpy(connection->rest, buffer + sent, length - (size_t)sent);
        connection->rest_at = 0;
        connection->rest_end = length - (size_t)sent;
        connection->blocked = true;
    }
    return true;
}

// Sends a member what is in the log for it. False: it is gone, or too far behind.
static bool send_log(int fd, struct connection *member) {
    if (log_head - member->place > LOG_BYTES - LOG_RESERVE) return false;
    while (member->place < log_head) {
        size_t at = member->place % LOG_BYTES, length = log_head - member->place;
        if (length > LOG_BYTES - at) length = LOG_BYTES - at;
        ssize_t sent = send_some(fd, log_bytes + at, length);
        if (sent < 0) return false;
        member->place += (uint64_t)sent;
        member->blocked = (size_t)sent < length;
        if (member->blocked) return true;
    }
    return true;
}

// The first byte of a connection says what it is, and is echoed; a sender's other bytes go into the log.
static bool take_broadcast(int fd, struct connection *connection, size_t length) {
    size_t skip = 0;
    if (connection->role == ROLE_UNKNOWN) {
        connection->role = buffer[0] == 'S' ? ROLE_SENDER : ROLE_MEMBER;
        if (connection->role == ROLE_MEMBER) {
            connection->index = member_count;
            members[member_count++] = fd;
            connection->place = log_head;
        }
        if (send_some(fd, buffer, 1) != 1) return false;
        skip = 1;
    }
    if (connection->role == ROLE_SENDER) {
        for (size_t i = skip; i < length;) {
            size_t at = log_head % LOG_BYTES, count = length - i;
            if (count > LOG_BYTES - at) count = LOG_BYTES - at;
            memcpy(log_bytes + at, buffer + i, count);
            log_head += count;
            i += count;
        }
    }
    return true;
}

static void serve(int fd, uint32_t events) {
    struct connection *connection = &connections[fd];
    if (connection->blocked && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))) {
        connection->blocked = false;
        if (!(mode == MODE_BROADCAST ? send_log(fd, connection) : send_rest(fd, connection))) {
            drop(fd);
            return;
        }
        events |= EPOLLIN; // its event may have come while nothing was received
    }
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;

    // A short read is the end of what is there, unless the peer has ended too: that is told only once.
    size_t size = mode == MODE_STREAMS ? STREAM_BYTES : ECHO_BYTES;
    bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    while (!connection->blocked || mode == MODE_BROADCAST) {
        ssize_t length = recv(fd, buffer, size, 0);
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (length <= 0 || !(mode == MODE_BROADCAST ? take_broadcast(fd, connection, (size_t)length) : echo(fd, connection, (size_t)length))) {
            drop(fd);
            return;
        }
        if ((size_t)length < size && !ended) return;
    }
}

// As many as came in this turn have been merged in the log: one send for each member.
static void broadcast(uint64_t before) {
    if (log_head == before) return;
    for (int i = 0; i < member_count;) {
        int fd = members[i];
        if (connections[fd].blocked || send_log(fd, &connections[fd])) i++;
        else drop(fd);
    }
}

static void echo_datagrams(int fd) {
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        ssize_t length = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&peer, &size);
        if (length < 0) return;
        // A full socket loses the datagram, as networks do.
        (void)sendto(fd, buffer, (size_t)length, 0, (struct sockaddr *)&peer, size);
    }
}

static void echo_trains(int fd) {
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct sockaddr_in peer;
        union control control;
        struct iovec part = {buffer, sizeof buffer};
        struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &part, .msg_iovlen = 1,
                                 .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(fd, &message, 0);
        if (length < 0) return;
        part.iov_len = (size_t)length;
        set_segment(&message, &control, received_segment(&message, (size_t)length));
        (void)sendmsg(fd, &message, 0);
    }
}

int main(int count, char **words) {
    mode = parse_mode(count, words);
    connections = reserve(DESCRIPTORS_MAX * sizeof *connections);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) fail("epoll_create1");
    int server = open_server(mode);
    watch(server, EPOLLIN);
    watch(STDIN_FILENO, EPOLLIN);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, -1);
        if (ready < 0 && errno != EINTR) fail("epoll_wait");
        uint64_t before = log_head;
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) return 0;
            if (fd != server) serve(fd, events[i].events);
            else if (mode == MODE_UDP) echo_datagrams(fd);
            else if (mode == MODE_TRAINS) echo_trains(fd);
            else accept_all(fd);
        }
        if (mode == MODE_BROADCAST) broadcast(before);
    }
}
