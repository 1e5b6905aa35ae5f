// One ring for one thread, without liburing: what the server and the clients on io_uring share.
//
// A turn is one io_uring_enter(2), which submits what the last turn made and waits. An answer bears in its user_data an
// operation (upper half) and an index (lower half).
#ifndef RING_H
#define RING_H

#include "common.h"
#include <linux/io_uring.h>
#include <sys/syscall.h>

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif
#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

enum { SUBMISSIONS = 4096, COMPLETIONS = 16384, GROUP = 0 };

static int ring;
static unsigned *sq_head, *sq_tail, *cq_head, *cq_tail, sq_mask, cq_mask, tail, submitted;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;

static inline void open_ring(void) {
    struct io_uring_params params = {.cq_entries = COMPLETIONS};
    unsigned flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    params.flags = flags | IORING_SETUP_NO_SQARRAY;
    ring = (int)syscall(__NR_io_uring_setup, SUBMISSIONS, &params);
    if (ring < 0 && errno == EINVAL) { // before Linux 6.6
        params = (struct io_uring_params){.cq_entries = COMPLETIONS, .flags = flags};
        ring = (int)syscall(__NR_io_uring_setup, SUBMISSIONS, &params);
    }
    if (ring < 0) fail("io_uring_setup");
    size_t array_end = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    size_t cqes_end = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    char *queues = check_memory(mmap(NULL, array_end > cqes_end ? array_end : cqes_end, PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING));
    sqes = check_memory(mmap(NULL, params.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES));
    sq_head = (unsigned *)(queues + params.sq_off.head);
    sq_tail = (unsigned *)(queues + params.sq_off.tail);
    sq_mask = params.sq_entries - 1;
    cq_head = (unsigned *)(queues + params.cq_off.head);
    cq_tail = (unsigned *)(queues + params.cq_off.tail);
    cq_mask = params.cq_entries - 1;
    cqes = (struct io_uring_cqe *)(queues + params.cq_off.cqes);
    if (!(params.flags & IORING_SETUP_NO_SQARRAY))
        for (unsigned i = 0; i < params.sq_entries; i++) ((unsigned *)(queues + params.sq_off.array))[i] = i;
}

// Submits what there is, and waits for so many completions.
static inline void enter(unsigned wait) {
    __atomic_store_n(sq_tail, tail, __ATOMIC_RELEASE);
    long done = syscall(__NR_io_uring_enter, ring, tail - submitted, wait, IORING_ENTER_GETEVENTS, NULL, 0);
    if (done >= 0) submitted += (unsigned)done;
    else if (errno != EINTR && errno != EBUSY && errno != EAGAIN) fail("io_uring_enter"); // EBUSY: completions first
}

static inline struct io_uring_sqe *submit(int operation, int index, int fd, uint8_t opcode) {
    while (tail - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE) > sq_mask) enter(0);
    struct io_uring_sqe *sqe = &sqes[tail++ & sq_mask];
    memset(sqe, 0, sizeof *sqe);
    sqe->opcode = opcode;
    sqe->fd = fd;
    sqe->user_data = (uint64_t)operation << 32 | (uint32_t)index;
    return sqe;
}

// Provided buffers: the kernel takes one when something has come, and give_buffer hands it back.
static struct io_uring_buf_ring *buffer_ring;
static char *buffers;
static size_t buffer_bytes;
static int buffer_count; // a power of two

static inline char *buffer_at(int index) { return buffers + (size_t)index * buffer_bytes; }

static inline void give_buffer(int index) {
    unsigned short place = buffer_ring->tail;
    struct io_uring_buf *buffer = &buffer_ring->bufs[place & (buffer_count - 1)];
    buffer->addr = (uintptr_t)buffer_at(index);
    buffer->len = (unsigned)buffer_bytes;
    buffer->bid = (unsigned short)index;
    __atomic_store_n(&buffer_ring->tail, (unsigned short)(place + 1), __ATOMIC_RELEASE);
}

static inline void open_buffers(int count, size_t bytes) {
    buffer_count = count;
    buffer_bytes = bytes;
    buffers = reserve((size_t)count * bytes);
    buffer_ring = reserve((size_t)count * sizeof(struct io_uring_buf));
    struct io_uring_buf_reg registration = {.ring_addr = (uintptr_t)buffer_ring, .ring_entries = (unsigned)count, .bgid = GROUP};
    if (syscall(__NR_io_uring_register, ring, IORING_REGISTER_PBUF_RING, &registration, 1) != 0) fail("IORING_REGISTER_PBUF_RING");
    for (int i = 0; i < count; i++) give_buffer(i);
}
#endif
