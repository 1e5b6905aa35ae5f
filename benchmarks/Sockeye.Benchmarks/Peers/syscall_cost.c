// What a system call costs, and how to make it dearer: seccomp(2) filters of so many instructions.
//
//   syscall_cost measure INSTRUCTIONS                    prints the nanoseconds of the cheapest call, getppid(2)
//   syscall_cost run INSTRUCTIONS PROGRAM [ARGUMENT]...  becomes the program, each of whose calls costs as much
//
// The kernel remembers the numbers of calls that a filter always allows, and does not run it for them. A filter that
// loads an argument of the call is not remembered (kernel/seccomp.c, seccomp_is_const_allow), so these do. Every call
// costs the same, io_uring_enter(2) as well; what a ring's requests do in the kernel is not filtered. No privilege is
// needed, only the promise to gain none (PR_SET_NO_NEW_PRIVS). The filters hold for all threads and children.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// FILTER_MAX is the kernel's bound of one filter (BPF_MAXINSNS); of all together it takes 32,768 (MAX_INSNS_PER_PATH).
enum { FILTER_MAX = 4096, FRAME = 3 };
enum { ROUNDS_MIN = 20, CALLS_PER_ROUND = 100, MEASURE_MS = 60 };

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// One filter: load an argument, copy it, add it to itself so often, allow. Each sum needs the one before.
static void add_filter(int additions) {
    static struct sock_filter code[FILTER_MAX];
    struct sock_fprog program = {.len = (unsigned short)(additions + FRAME), .filter = code};
    code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    code[1] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
    for (int i = 0; i < additions; i++) code[2 + i] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0);
    code[2 + additions] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    // SPEC_ALLOW: else kernels before 5.16 would also turn a mitigation on, which slows more than system calls.
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) != 0)
        fail(errno == ENOMEM ? "more instructions than the kernel allows" : "seccomp");
}

static void add_filters(const char *word) {
    char *end;
    long left = strtol(word, &end, 10);
    if (*end != 0 || left < 0) {
        fprintf(stderr, "'%s' is no number of instructions\n", word);
        exit(2);
    }
    if (left > 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("PR_SET_NO_NEW_PRIVS");
    for (; left > 0; left -= FILTER_MAX) {
        int size = left < FILTER_MAX ? (int)left : FILTER_MAX;
        add_filter(size < FRAME ? 0 : size - FRAME);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// The least of many rounds: what disturbs one makes it longer, never shorter.
static double cheapest_call(void) {
    double best = 1e18;
    double end = now() + MEASURE_MS * 1e6;
    for (int round = 0; round < ROUNDS_MIN || now() < end; round++) {
        double began = now();
        for (int i = 0; i < CALLS_PER_ROUND; i++) syscall(SYS_getppid);
        double taken = (now() - began) / CALLS_PER_ROUND;
        if (taken < best) best = taken;
    }
    return best;
}

int main(int count, char **words) {
    if (count == 3 && strcmp(words[1], "measure") == 0) {
        add_filters(words[2]);
        printf("%.1f\n", cheapest_call());
        return 0;
    }
    if (count >= 4 && strcmp(words[1], "run") == 0) {
        add_filters(words[2]);
        execvp(words[3], words + 3);
        fail(words[3]);
    }
    fprintf(stderr, "usage: %s measure INSTRUCTIONS | run INSTRUCTIONS PROGRAM [ARGUMENT]...\n", words[0]);
    return 2;
}
