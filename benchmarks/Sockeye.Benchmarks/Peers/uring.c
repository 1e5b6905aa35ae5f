// The tight io_uring server: one thread, one ring, one io_uring_enter(2) a turn, which submits what the last turn made
// and waits. No liburing. See common.h for how it is called.
//
// An echo is one multishot receive for the whole life of a connection, into buffers that the kernel takes when something
// has come, and a send from each, after which the buffer goes back. Of datagrams, the same with recvmsg and sendmsg.
// Streams and broadcasts receive into the connection's own memory, one receive at a time.
#include "ring.h"

// Echoes that wait to be sent hold a buffer each; without one a connection is not heard until one comes back.
enum { ECHO_BUFFERS = 1024 };
enum { DATAGRAM_BYTES = 2048, DATAGRAMS = 64, TRAINS = 2 };
enum operation { OP_ACCEPT, OP_STOP, OP_RECEIVE, OP_SEND, OP_DATAGRAM_IN, OP_DATAGRAM_OUT };

struct connection {
    enum role role;
    int pending;           // broadcast: operations in flight; the descriptor is closed when there are none
    bool sending, gone;    // broadcast
    uint64_t place;        // broadcast: how much of the log this member was sent
    int index;             // broadcast: where it stands among the members
    bool receiving;        // echo: the multishot receive is in the ring, or waits for a buffer to come back
    int first, last;       // echo: buffers that hold what is to be sent, in their order, by number + 1; the first is in flight
};

static enum mode mode;
static bool is_echo;
static struct connection *connections;
static char *memory;       // each descriptor has its place; the kernel gives it pages when it is used
static size_t memory_stride, memory_bytes;

// What answers a datagram: belongs to the buffer of the same number while the send is in flight.
struct answer { struct msghdr header; struct iovec part; union control control; };
static struct answer answers[DATAGRAMS];
static struct msghdr received; // how much room each buffer has for peer and control
static int buffers_free;
static bool receiving;

static int members[DESCRIPTORS_MAX], member_count;

static void submit_accept(int listener) {
    struct io_uring_sqe *sqe = submit(OP_ACCEPT, listener, listener, IORING_OP_ACCEPT);
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
    sqe->accept_flags = SOCK_CLOEXEC;
}

static char *memory_of(int fd) { return memory + (size_t)fd * memory_stride; }

static void submit_receive(int fd) {
    struct io_uring_sqe *sqe = submit(OP_RECEIVE, fd, fd, IORING_OP_RECV);
    sqe->addr = (uintptr_t)memory_of(fd);
    sqe->len = (unsigned)memory_bytes;
}

// MSG_WAITALL: the kernel sends the rest itself when not all of it fits at once.
static void submit_send(int fd, const char *bytes, size_t length) {
    struct io_uring_sqe *sqe = submit(OP_SEND, fd, fd, IORING_OP_SEND);
    sqe->addr = (uintptr_t)bytes;
    sqe->len = (unsigned)length;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

// Few buffers for trains, which are long: so they stay in the processor's cache.
static void open_datagrams(void) {
    received.msg_namelen = sizeof(struct sockaddr_in);
    received.msg_controllen = mode == MODE_TRAINS ? sizeof(union control) : 0;
    size_t bytes = sizeof(struct io_uring_recvmsg_out) + received.msg_namelen + received.msg_controllen
        + (mode == MODE_TRAINS ? STREAM_BYTES : DATAGRAM_BYTES);
    buffers_free = mode == MODE_TRAINS ? TRAINS : DATAGRAMS;
    open_buffers(buffers_free, (bytes + 63) & ~(size_t)63);
}

// ---- Echoes.

static int next_buffer[ECHO_BUFFERS];
static unsigned buffer_length[ECHO_BUFFERS];
static int starved[DESCRIPTORS_MAX], starved_count; // connections whose receive found no buffer

static void submit_multishot(int fd) {
    struct io_uring_sqe *sqe = submit(OP_RECEIVE, fd, fd, IORING_OP_RECV);
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    connections[fd].receiving = true;
}

// Nothing is in flight any more: the descriptor's number may be another's from now on.
static void close_if_done(int fd) {
    if (connections[fd].receiving || connections[fd].first != 0) return;
    connections[fd] = (struct connection){0};
    close(fd);
}

static void received_echo(int fd, const struct io_uring_cqe *cqe) {
    struct connection *connection = &connections[fd];
    if (cqe->flags & IORING_CQE_F_BUFFER) {
        int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
        buffers_free--;
        buffer_length[buffer] = (unsigned)cqe->res;
        next_buffer[buffer] = 0;
        if (connection->first != 0) {
            next_buffer[connection->last - 1] = buffer + 1;
        } else {
            connection->first = buffer + 1;
            submit_send(fd, buffer_at(buffer), buffer_length[buffer]);
        }
        connection->last = buffer + 1;
    }
    if (cqe->flags & IORING_CQE_F_MORE) return;
    if (cqe->res == -ENOBUFS) {
        starved[starved_count++] = fd;
    } else if (cqe->res > 0) {
        submit_multishot(fd);
    } else {
        connection->receiving = false;
        close_if_done(fd);
    }
}

// One that failed has ended the connection: the receive says so, and what else was to be sent fails as well.
static void sent_echo(int fd) {
    struct connection *connection = &connections[fd];
    int buffer = connection->first - 1, next = next_buffer[buffer];
    give_buffer(buffer);
    buffers_free++;
    connection->first = next;
    if (next != 0) submit_send(fd, buffer_at(next - 1), buffer_length[next - 1]);
    else close_if_done(fd);
}

static void feed_starved(void) {
    if (buffers_free == 0) return;
    while (starved_count > 0) submit_multishot(starved[--starved_count]);
}

// ---- Datagrams.

static void submit_datagrams(int fd) {
    struct io_uring_sqe *sqe = submit(OP_DATAGRAM_IN, fd, fd, IORING_OP_RECVMSG);
    sqe->addr = (uintptr_t)&received;
    sqe->len = 1;
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
    receiving = true;
}

// A buffer holds the receive's result, the peer, control data, and the datagram.
static void submit_answer(int fd, int index) {
    struct io_uring_recvmsg_out *out = (struct io_uring_recvmsg_out *)buffer_at(index);
    char *peer = (char *)(out + 1), *control = peer + received.msg_namelen;
    struct msghdr arrived = {.msg_control = control, .msg_controllen = out->controllen};
    struct answer *answer = &answers[index];
    answer->part = (struct iovec){control + received.msg_controllen, out->payloadlen};
    answer->header = (struct msghdr){.msg_name = peer, .msg_namelen = out->namelen, .msg_iov = &answer->part, .msg_iovlen = 1};
    set_segment(&answer->header, &answer->control, received_segment(&arrived, out->payloadlen));
    struct io_uring_sqe *sqe = submit(OP_DATAGRAM_OUT, index, fd, IORING_OP_SENDMSG);
    sqe->addr = (uintptr_t)&answer->header;
    sqe->len = 1;
}

static void leave_broadcast(int fd) {
    struct connection *connection = &connections[fd];
    if (!connection->gone) {
        connection->gone = true;
        shutdown(fd, SHUT_RDWR); // ends what is in flight
        if (connection->role == ROLE_MEMBER) {
            int last = members[--member_count];
            members[connection->index] = last;
            connections[last].index = connection->index;
        }
    }
    if (connection->pending == 0) {
        *connection = (struct connection){0};
        close(fd);
    }
}

// The first byte of a connection says what it is, and is echoed; a sender's other bytes go into the log.
static void take_broadcast(int fd, size_t length) {
    struct connection *connection = &connections[fd];
    const char *bytes = memory_of(fd);
    if (connection->role == ROLE_UNKNOWN) {
        connection->role = *bytes == 'S' ? ROLE_SENDER : ROLE_MEMBER;
        if (connection->role == ROLE_MEMBER) {
            connection->index = member_count;
            members[member_count++] = fd;
            connection->place = log_head;
        }
        (void)send(fd, bytes, 1, MSG_NOSIGNAL | MSG_DONTWAIT); // if it is gone, the receive says so
        bytes++;
        length--;
    }
    if (connection->role == ROLE_SENDER) {
        while (length > 0) {
            size_t at = log_head % LOG_BYTES, count = length;
            if (count > LOG_BYTES - at) count = LOG_BYTES - at;
            memcpy(log_bytes + at, bytes, count);
            log_head += count;
            bytes += count;
            length -= count;
        }
    }
    submit_receive(fd);
    connection->pending++;
}

// Sends a member what is in the log for it, in one send: one is in flight at a time. False: it is too far behind.
static bool send_log(int fd) {
    struct connection *member = &connections[fd];
    if (log_head - member->place > LOG_BYTES - LOG_RESERVE) return false;
    if (member->sending || member->place == log_head) return true;
    size_t at = member->place % LOG_BYTES, length = log_head - member->place;
    if (length > LOG_BYTES - at) length = LOG_BYTES - at;
    submit_send(fd, log_bytes + at, length);
    member->sending = true;
    member->pending++;
    return true;
}

static void complete_broadcast(enum operation operation, int fd, int result) {
    struct connection *connection = &connections[fd];
    connection->pending--;
    if (operation == OP_SEND) connection->sending = false;
    if (result <= 0 || connection->gone) leave_broadcast(fd);
    else if (operation == OP_RECEIVE) take_broadcast(fd, (size_t)result);
    else {
        connection->place += (uint64_t)result;
        if (!send_log(fd)) leave_broadcast(fd);
    }
}

// As many as came in this turn have been merged in the log: one send for each member that has none in flight.
static void broadcast(uint64_t before) {
    if (log_head == before) return;
    for (int i = 0; i < member_count;) {
        int fd = members[i];
        if (send_log(fd)) i++;
        else leave_broadcast(fd);
    }
}

static void complete(int server, const struct io_uring_cqe *cqe) {
    int index = (int)(uint32_t)cqe->user_data, result = cqe->res;
    enum operation operation = (enum operation)(cqe->user_data >> 32);
    switch (operation) {
        case OP_ACCEPT:
            if (result >= 0) {
                no_delay(result);
                if (is_echo) {
                    submit_multishot(result);
                } else {
                    submit_receive(result);
                    connections[result].pending = 1;
                }
            } else if (result == -EMFILE || result == -ENFILE) {
                errno = -result;
                fail("accept");
            }
            if (!(cqe->flags & IORING_CQE_F_MORE)) submit_accept(server); // the kernel ended it: queue full, or an error
            break;
        case OP_STOP:
            exit(0);
        case OP_RECEIVE:
        case OP_SEND:
            if (is_echo && operation == OP_RECEIVE) received_echo(index, cqe);
            else if (is_echo) sent_echo(index);
            else if (mode == MODE_BROADCAST) complete_broadcast(operation, index, result);
            else if (result <= 0) close(index); // one operation at a time: nothing else is in flight
            else if (operation == OP_RECEIVE) submit_send(index, memory_of(index), (size_t)result);
            else submit_receive(index);
            break;
        case OP_DATAGRAM_IN: // an error is of an earlier datagram, or there is no buffer just now
            if (!(cqe->flags & IORING_CQE_F_MORE)) receiving = false;
            if (cqe->flags & IORING_CQE_F_BUFFER) {
                buffers_free--;
                submit_answer(server, (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT));
            }
            break;
        case OP_DATAGRAM_OUT: // one that could not leave is lost, as networks do
            give_buffer(index);
            buffers_free++;
            break;
    }
}

int main(int count, char **words) {
    mode = parse_mode(count, words);
    is_echo = mode == MODE_ECHO || mode == MODE_IDLE;
    // 64 bytes more than a page: else the first lines of all connections would share a few places of the cache.
    memory_bytes = mode == MODE_STREAMS ? STREAM_BYTES : ECHO_BYTES;
    memory_stride = memory_bytes + 64;
    connections = reserve(DESCRIPTORS_MAX * sizeof *connections);
    memory = reserve(DESCRIPTORS_MAX * memory_stride);
    open_ring();
    int server = open_server(mode);
    submit(OP_STOP, 0, STDIN_FILENO, IORING_OP_POLL_ADD)->poll32_events = 1 /* POLLIN; POLLHUP comes by itself */;
    if (is_datagram(mode)) {
        open_datagrams();
        submit_datagrams(server);
    } else {
        if (is_echo) open_buffers(buffers_free = ECHO_BUFFERS, ECHO_BYTES + 64);
        submit_accept(server);
    }
    for (;;) {
        enter(1);
        uint64_t before = log_head;
        unsigned head = *cq_head, end = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
        for (; head != end; head++) complete(server, &cqes[head & cq_mask]);
        __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
        if (mode == MODE_BROADCAST) broadcast(before);
        if (is_echo) feed_starved();
        if (is_datagram(mode) && !receiving && buffers_free > 0) submit_datagrams(server);
    }
}
