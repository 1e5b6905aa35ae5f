// The clients of every scenario: one thread, one ring, one io_uring_enter(2) a turn for all that the answers of the turn
// have set going. So cheap that it is the server whom the figures speak of.
//
//   load probe                          ends with 0 when the kernel has what this needs
//   load MODE PORT COUNT BATCH          connects to 127.0.0.1 and prints "ready"
//
//   echo       COUNT connections, each with BATCH messages in one go, and the next ones when all are back
//   streams    COUNT connections, each with two blocks of 64 KiB under way at any time
//   churn      COUNT at a time: connect, one message, its answer, close
//   broadcast  one sender, COUNT members: BATCH messages in one go, and the next ones when every member has them
//   udp        COUNT single datagrams under way
//   trains     COUNT trains of BATCH datagrams under way, each sent by one request (UDP_SEGMENT)
//   idle       COUNT connections, each of which has had one byte back; nothing more comes, and there is no g
//
// Of its input, g begins the work; m asks for the figures since the last m, "operations lost p50 p99 nanoseconds" with -1
// for none, and work stands still until the next g; s, or the end, ends it when what is under way has been answered.
#include "ring.h"
#include <time.h>

enum { MESSAGE_BYTES = 64, DATAGRAM_BYTES = 1200, CHECKED_BYTES = 256, WATCH_MS = 100, BATCH_MAX = 64 };
enum load { LOAD_ECHO, LOAD_STREAMS, LOAD_CHURN, LOAD_BROADCAST, LOAD_UDP, LOAD_TRAINS, LOAD_IDLE };
enum operation { OP_COMMAND, OP_CONNECT, OP_SEND, OP_RECEIVE, OP_WATCH };

struct connection {
    int fd;
    bool sending;         // streams: one send at a time, or their bytes would mingle
    int owed, under_way;  // streams: blocks to send; blocks that have not come back
    uint64_t got;         // bytes since the answer began; broadcast: since ever
    uint64_t began, next; // when what is under way was sent; streams: the block after it
};

static enum load load;
static int count, batch;
static size_t answer_bytes;
static struct sockaddr_in server = {.sin_family = AF_INET};
static struct connection *connections;
static int live;               // connections that have something under way
static bool stopping;
static uint64_t now;           // one reading of the clock serves a turn
static char message[STREAM_BYTES + CHECKED_BYTES]; // its bytes repeat every 256

static uint64_t operations, lost, marked_operations, marked_lost, marked_time;

static uint64_t read_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool is_datagram_load(void) { return load == LOAD_UDP || load == LOAD_TRAINS; }

static void refuse(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

// ---- How long operations took: a histogram, 1.6 % wide at any length.

enum { STEPS_LOG = 6, POWERS_MAX = 40, PLACES = (POWERS_MAX - STEPS_LOG + 1) << STEPS_LOG };
static uint64_t latencies[PLACES], latency_count;

static void complete(uint64_t done, uint64_t nanoseconds) {
    operations += done;
    if (nanoseconds >= 1ull << POWERS_MAX) nanoseconds = (1ull << POWERS_MAX) - 1;
    int shift = 63 - __builtin_clzll(nanoseconds | 1) - STEPS_LOG;
    if (shift < 0) shift = 0;
    latencies[((size_t)shift << STEPS_LOG) + (size_t)(nanoseconds >> shift)]++;
    latency_count++;
}

static double lower_bound(int place) {
    int shift = (place >> STEPS_LOG) - 1;
    if (shift < 0) shift = 0;
    return (double)((uint64_t)(place - (shift << STEPS_LOG)) << shift);
}

// In microseconds; -1: there are none.
static double percentile(double part) {
    uint64_t wanted = (uint64_t)((double)latency_count * part), seen = 0;
    for (int i = 0; i < PLACES; i++)
        if ((seen += latencies[i]) > wanted || (seen == latency_count && seen > 0))
            return (lower_bound(i) + lower_bound(i + 1)) / 2000.0;
    return -1;
}

// ---- What each scenario sends, and what it does with what comes.

static void submit_receive(int index) {
    struct io_uring_sqe *sqe = submit(OP_RECEIVE, index, connections[index].fd, IORING_OP_RECV);
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
}

// MSG_WAITALL: the kernel sends the rest itself when not all of it fits at once.
static struct io_uring_sqe *submit_send(int index, const void *bytes, size_t length) {
    struct io_uring_sqe *sqe = submit(OP_SEND, index, connections[index].fd, IORING_OP_SEND);
    sqe->addr = (uintptr_t)bytes;
    sqe->len = (unsigned)length;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
    return sqe;
}

// What comes back is what went; of a long piece the beginning is looked at.
static void check(const char *bytes, size_t length, uint64_t at) {
    if (memcmp(bytes, message + at % 256, length < CHECKED_BYTES ? length : CHECKED_BYTES) != 0) refuse("the server's answer is not what was sent");
}

static void end_one(void) {
    if (--live == 0) exit(0);
}

static void send_echo(int index) {
    connections[index].began = now;
    submit_send(index, message, answer_bytes)->flags = IOSQE_CQE_SKIP_SUCCESS;
}

static void take_echo(int index, const char *bytes, size_t length) {
    struct connection *connection = &connections[index];
    check(bytes, length, connection->got % MESSAGE_BYTES);
    connection->got += length;
    if (connection->got < answer_bytes) return;
    if (connection->got > answer_bytes) refuse("the server sent more than it got");
    connection->got = 0;
    complete((uint64_t)batch, now - connection->began);
    if (stopping) end_one();
    else send_echo(index);
}

static void send_block(int index) {
    struct connection *connection = &connections[index];
    if (connection->sending || connection->owed == 0) return;
    connection->owed--;
    connection->sending = true;
    submit_send(index, message, STREAM_BYTES);
}

static void take_stream(int index, const char *bytes, size_t length) {
    struct connection *connection = &connections[index];
    check(bytes, length, connection->got);
    for (connection->got += length; connection->got >= STREAM_BYTES; connection->got -= STREAM_BYTES) {
        complete(1, now - connection->began);
        connection->began = connection->next;
        connection->next = now;
        if (!stopping) connection->owed++;
        else if (--connection->under_way == 0) end_one();
    }
    send_block(index);
}

static char (*answers)[MESSAGE_BYTES]; // churn: each connection's

// Whoever closes first keeps the pair of ports for a minute (TIME_WAIT). One address would run out of ports in a second;
// loopback has 2^24.
static void start_churn(int index) {
    static unsigned source;
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010000u + (source++ & 0xffff))};
    if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) != 0
        || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
    connections[index].fd = fd;
    connections[index].began = now;
    memset(answers[index], 0, MESSAGE_BYTES);
    struct io_uring_sqe *sqe = submit(OP_CONNECT, index, fd, IORING_OP_CONNECT);
    sqe->addr = (uintptr_t)&server;
    sqe->off = sizeof server;
    sqe->flags = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    submit_send(index, message, MESSAGE_BYTES)->flags = IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    sqe = submit(OP_RECEIVE, index, fd, IORING_OP_RECV);
    sqe->addr = (uintptr_t)answers[index];
    sqe->len = MESSAGE_BYTES;
    sqe->msg_flags = MSG_WAITALL;
}

static void end_churn(int index, int result) {
    if (result != MESSAGE_BYTES) refuse("the server closed a connection before its answer was whole");
    check(answers[index], MESSAGE_BYTES, 0);
    close(connections[index].fd);
    complete(1, now - connections[index].began);
    if (stopping) end_one();
    else start_churn(index);
}

static uint64_t target;
static int missing;

static void send_broadcast(void) {
    target += answer_bytes;
    missing = count;
    connections[count].began = now;
    submit_send(count, message, answer_bytes)->flags = IOSQE_CQE_SKIP_SUCCESS;
}

// Counted as they come: a round of many members is long, and the clock stops in the middle of one.
static void take_broadcast(int index, const char *bytes, size_t length) {
    static uint64_t bytes_come;
    struct connection *member = &connections[index];
    check(bytes, length, member->got % MESSAGE_BYTES);
    member->got += length;
    bytes_come += length;
    uint64_t done = bytes_come / MESSAGE_BYTES;
    if (member->got != target || --missing > 0) {
        operations = done;
        return;
    }
    complete(0, now - connections[count].began);
    operations = done;
    if (stopping) exit(0);
    send_broadcast();
}

// Datagrams get lost: each bears the time at which it left, and those that are missing are sent again after a while.
static char (*datagrams)[MESSAGE_BYTES]; // each belongs to its send until that is done
static int *datagrams_free, datagrams_free_count, under_way;

static void send_datagrams(int wanted) {
    for (; wanted > 0 && datagrams_free_count > 0; wanted--, under_way++) {
        int place = datagrams_free[--datagrams_free_count];
        memcpy(datagrams[place], &now, sizeof now);
        struct io_uring_sqe *sqe = submit_send(0, datagrams[place], MESSAGE_BYTES);
        sqe->user_data = (uint64_t)OP_SEND << 32 | (uint32_t)place;
    }
}

static void take_datagram(const char *bytes, size_t length) {
    if (length != MESSAGE_BYTES) refuse("a datagram of the server's is not as long as the one that was sent");
    uint64_t left;
    memcpy(&left, bytes, sizeof left);
    complete(1, now - left);
    // What was given up and came after all is not answered again, or ever more would be under way.
    if (under_way > 0) under_way--;
    if (under_way < count) send_datagrams(1);
}

static uint64_t *train_starts; // a ring of them
static int train_first, train_count;
static size_t train_bytes_come;

static void send_train(void) {
    train_starts[(train_first + train_count++) % count] = now;
    submit_send(0, message, (size_t)batch * DATAGRAM_BYTES)->flags = IOSQE_CQE_SKIP_SUCCESS;
}

static void take_train(size_t length) {
    size_t whole = (size_t)batch * DATAGRAM_BYTES;
    for (train_bytes_come += length; train_bytes_come >= whole && train_count > 0; train_bytes_come -= whole) {
        complete((uint64_t)batch, now - train_starts[train_first]);
        train_first = (train_first + 1) % count;
        train_count--;
        send_train();
    }
}

static void watch(void) {
    static struct __kernel_timespec period = {.tv_nsec = WATCH_MS * 1000000L};
    static uint64_t before = UINT64_MAX;
    if (operations == before && load == LOAD_UDP) {
        lost += (uint64_t)under_way;
        under_way = 0;
        send_datagrams(count);
    } else if (operations == before) {
        lost += (uint64_t)count * (uint64_t)batch - train_bytes_come / DATAGRAM_BYTES;
        train_bytes_come = 0;
        for (train_count = 0; train_count < count;) send_train();
    }
    before = operations;
    struct io_uring_sqe *sqe = submit(OP_WATCH, 0, -1, IORING_OP_TIMEOUT);
    sqe->addr = (uintptr_t)&period;
    sqe->len = 1;
}

// ---- Setting up.

static int open_client(int type) {
    int one = 1;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) != 0) fail("connect");
    if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) fail("TCP_NODELAY");
    return fd;
}

static void greet(int fd, char word) {
    char answer = 0;
    if (send(fd, &word, 1, MSG_NOSIGNAL) != 1 || recv(fd, &answer, 1, 0) != 1 || answer != word) refuse("the server does not greet back");
}

// A buffer for each connection that may have an answer waiting, and no more than stay in the processor's cache.
static int buffers_wanted(void) {
    int wanted = 16;
    if (load == LOAD_STREAMS || load == LOAD_TRAINS) return wanted;
    while (wanted < count && wanted < 4096) wanted *= 2;
    return wanted;
}

static void connect_all(void) {
    int sockets = load == LOAD_CHURN ? 0 : load == LOAD_BROADCAST ? count + 1 : is_datagram_load() ? 1 : count;
    connections = reserve((size_t)(count + 1) * sizeof *connections);
    for (int i = 0; i < sockets; i++) {
        connections[i].fd = open_client(is_datagram_load() ? SOCK_DGRAM : SOCK_STREAM);
        if (load == LOAD_BROADCAST || load == LOAD_IDLE) greet(connections[i].fd, i == count ? 'S' : 'M');
    }
    answers = reserve((size_t)count * sizeof *answers);
    datagrams = reserve((size_t)count * sizeof *datagrams);
    datagrams_free = reserve((size_t)count * sizeof *datagrams_free);
    train_starts = reserve((size_t)count * sizeof *train_starts);
    int segment = DATAGRAM_BYTES, one = 1;
    if (load == LOAD_TRAINS
        && (setsockopt(connections[0].fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0
            || setsockopt(connections[0].fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) != 0)) fail("UDP_SEGMENT");
}

static void start(void) {
    int receiving = load == LOAD_CHURN ? 0 : is_datagram_load() ? 1 : count;
    live = count;
    now = read_clock();
    for (int i = 0; i < receiving; i++) submit_receive(i);
    for (int i = 0; i < count; i++) {
        if (load == LOAD_ECHO) send_echo(i);
        else if (load == LOAD_CHURN) start_churn(i);
        else if (load == LOAD_TRAINS) send_train();
        else if (load == LOAD_UDP) datagrams_free[datagrams_free_count++] = i;
        else if (load == LOAD_STREAMS) {
            connections[i].owed = connections[i].under_way = 2;
            connections[i].began = connections[i].next = now;
            send_block(i);
        }
    }
    if (load == LOAD_BROADCAST) send_broadcast();
    if (load == LOAD_UDP) send_datagrams(count);
    if (is_datagram_load()) watch();
}

// ---- Commands, and the turn.

static char read_command(void) {
    char word = 's';
    ssize_t length = read(STDIN_FILENO, &word, 1);
    if (length < 0) fail("read");
    return length == 0 ? 's' : word;
}

static void tell_figures(void) {
    now = read_clock();
    printf("%llu %llu %.3f %.3f %llu\n", (unsigned long long)(operations - marked_operations), (unsigned long long)(lost - marked_lost),
           percentile(0.5), percentile(0.99), (unsigned long long)(now - marked_time));
    fflush(stdout);
    memset(latencies, 0, sizeof latencies);
    latency_count = 0;
    marked_operations = operations;
    marked_lost = lost;
}

static void obey(char command) {
    if (command == 'm') {
        tell_figures();
        command = read_command();
        marked_time = now = read_clock();
    }
    if (command == 's') {
        stopping = true;
        if (is_datagram_load()) exit(0); // what is under way may never come
        return;
    }
    struct io_uring_sqe *sqe = submit(OP_COMMAND, 0, STDIN_FILENO, IORING_OP_POLL_ADD);
    sqe->poll32_events = 1 /* POLLIN; POLLHUP comes by itself */;
}

static void take(int index, const char *bytes, size_t length) {
    switch (load) {
        case LOAD_ECHO: take_echo(index, bytes, length); break;
        case LOAD_STREAMS: take_stream(index, bytes, length); break;
        case LOAD_BROADCAST: take_broadcast(index, bytes, length); break;
        case LOAD_UDP: take_datagram(bytes, length); break;
        case LOAD_TRAINS: take_train(length); break;
        case LOAD_CHURN: case LOAD_IDLE: break; // have no buffers
    }
}

static void answer(const struct io_uring_cqe *cqe) {
    int index = (int)(uint32_t)cqe->user_data, result = cqe->res;
    if (result < 0 && result != -ENOBUFS && result != -ETIME && result != -ECANCELED) {
        errno = -result;
        fail("the server, or a request");
    }
    switch ((enum operation)(cqe->user_data >> 32)) {
        case OP_COMMAND:
            obey(read_command());
            break;
        case OP_CONNECT:
            break; // said by what is linked to it
        case OP_SEND:
            if (load == LOAD_UDP) datagrams_free[datagrams_free_count++] = index;
            if (load == LOAD_STREAMS) {
                connections[index].sending = false;
                send_block(index);
            }
            break;
        case OP_RECEIVE:
            if (load == LOAD_CHURN) {
                end_churn(index, result);
                break;
            }
            if (result == 0 && !is_datagram_load()) refuse("the server closed a connection");
            if (cqe->flags & IORING_CQE_F_BUFFER) {
                int buffer = (int)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
                take(index, buffer_at(buffer), (size_t)result);
                give_buffer(buffer);
            }
            if (!(cqe->flags & IORING_CQE_F_MORE)) submit_receive(index); // there was no buffer just then
            break;
        case OP_WATCH:
            watch();
            break;
    }
}

static int parse_number(const char *word, int most) {
    char *end;
    long number = strtol(word, &end, 10);
    if (*end != 0 || number < 1 || number > most) {
        fprintf(stderr, "'%s' is no number from 1 to %d\n", word, most);
        exit(2);
    }
    return (int)number;
}

int main(int words_count, char **words) {
    static const char *const names[] = {"echo", "streams", "churn", "broadcast", "udp", "trains", "idle"};
    int name = 0;
    bool is_probe = words_count == 2 && strcmp(words[1], "probe") == 0;
    while (!is_probe && words_count == 5 && name < 7 && strcmp(words[1], names[name]) != 0) name++;
    if (!is_probe && (words_count != 5 || name == 7)) {
        fprintf(stderr, "usage: %s probe | echo|streams|churn|broadcast|udp|trains|idle PORT COUNT BATCH\n", words[0]);
        return 2;
    }
    open_ring();
    if (is_probe) {
        open_buffers(1, ECHO_BYTES);
        return 0;
    }
    load = (enum load)name;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)parse_number(words[2], 65535));
    count = parse_number(words[3], DESCRIPTORS_MAX);
    batch = parse_number(words[4], BATCH_MAX);
    answer_bytes = (size_t)batch * MESSAGE_BYTES;
    for (size_t i = 0; i < sizeof message; i++) message[i] = (char)(i * 7);
    open_buffers(buffers_wanted(), load == LOAD_STREAMS || load == LOAD_TRAINS ? STREAM_BYTES : ECHO_BYTES);
    connect_all();
    puts("ready");
    fflush(stdout);
    if (read_command() != 'g') return 0;
    marked_time = read_clock();
    start();
    obey('g');
    for (;;) {
        enter(1);
        now = read_clock();
        unsigned head = *cq_head, end = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
        for (; head != end; head++) answer(&cqes[head & cq_mask]);
        __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
    }
}
