/* futex(2): waits, wake-ups, bit sets, requeueing, time limits, shared memory. */
#include "guest.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

static _Atomic uint32_t word, other, woken;

static long futex(void *address, int op, uint32_t value, const void *timeout, void *address2,
                  uint32_t value3) {
    return syscall(SYS_futex, address, op, value, timeout, address2, value3);
}

static void errors(void) {
    struct timespec zero = {0, 0}, bad = {0, 1000000000}, soon = {0, 20000000};
    word = 5;
    result("other value", futex(&word, FUTEX_WAIT, 4, NULL, NULL, 0));
    result("time out at once", futex(&word, FUTEX_WAIT, 5, &zero, NULL, 0));
    result("time out", futex(&word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0));
    result("bad time", futex(&word, FUTEX_WAIT, 5, &bad, NULL, 0));
    result("odd address", futex((char *)&word + 1, FUTEX_WAIT, 5, NULL, NULL, 0));
    result("bad address", futex((void *)8, FUTEX_WAIT, 5, NULL, NULL, 0));
    result("nobody", futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    result("no bits", futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    result("wait for no bits", futex(&word, FUTEX_WAIT_BITSET, 5, NULL, NULL, 0));
    result("unknown", futex(&word, 77, 1, NULL, NULL, 0));
    result("compare fails", futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 4));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    result("absolute, passed", futex(&word, FUTEX_WAIT_BITSET, 5, &now, NULL, ~0u));
    clock_gettime(CLOCK_REALTIME, &now);
    result("absolute, realtime",
           futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &now, NULL, ~0u));
}

struct waiter {
    pthread_t thread;
    _Atomic uint32_t *address;
    uint32_t bits;
    long result;
    int error;
};

static void *wait_in_thread(void *argument) {
    struct waiter *waiter = argument;
    waiter->result = futex(waiter->address, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, waiter->bits);
    waiter->error = errno;
    atomic_fetch_add(&woken, 1);
    return NULL;
}

/* Waits until the kernel says that all of them sleep: requeueing them to the same place counts. */
static void wait_until_asleep(void *address, int count) {
    while (futex(address, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)(long)count, address, 0) < count)
        usleep(1000);
}

static void bits_and_requeue(void) {
    struct waiter waiters[4] = {{.bits = 1}, {.bits = 2}, {.bits = 4}, {.bits = 7}};
    word = other = 0;
    for (int i = 0; i < 4; i++) {
        waiters[i].address = &word;
        pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]);
    }
    wait_until_asleep(&word, 4);
    result("bit 8 wakes", futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 8));
    result("bit 2 wakes", futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 2));
    result("wake none, move one", futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 0, (void *)1, &other, 0));
    result("at the new place", futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
    result("at the old place", futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0));
    for (int i = 0; i < 4; i++)
        pthread_join(waiters[i].thread, NULL);
    for (int i = 0; i < 4; i++)
        result("waiter", waiters[i].result);
}

static void wake_op(void) {
    struct waiter waiters[2] = {{.bits = ~0u, .address = &word}, {.bits = ~0u, .address = &other}};
    word = other = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]);
    wait_until_asleep(&word, 1);
    wait_until_asleep(&other, 1);
    result("add 3, wake if 0", futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other,
                                     FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)));
    result("word is", (long)other);
    for (int i = 0; i < 2; i++)
        pthread_join(waiters[i].thread, NULL);
    result("or with shift", futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &other,
                                  FUTEX_OP((FUTEX_OP_OR | 8), 4, FUTEX_OP_CMP_GT, 100)));
    result("word is", (long)other);
}

static void between_processes(void) {
    _Atomic uint32_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        while (shared[0] == 0)
            futex(&shared[0], FUTEX_WAIT, 0, NULL, NULL, 0);
        shared[1] = shared[0] + 1;
        futex(&shared[1], FUTEX_WAKE, 1, NULL, NULL, 0);
        _exit(0);
    }
    usleep(10000);
    shared[0] = 41;
    futex(&shared[0], FUTEX_WAKE, 1, NULL, NULL, 0);
    while (shared[1] == 0)
        futex(&shared[1], FUTEX_WAIT, 0, NULL, NULL, 0);
    result("answer", (long)shared[1]);
    reap("child", pid);
}

static void on_alarm(int number) { (void)number; }

static void interrupted(int flags, const char *name) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    struct timespec limit = {0, 60000000};
    sigaction(SIGALRM, &action, NULL);
    word = 0;
    ualarm(10000, 0);
    result(name, futex(&word, FUTEX_WAIT, 0, &limit, NULL, 0));
}

static void robust(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_t *mutex =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutex_init(mutex, &attributes);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        pthread_mutex_lock(mutex);
        _exit(0);
    }
    reap("owner", pid);
    printf("lock: %s\n", error_name(pthread_mutex_lock(mutex)));
    printf("consistent: %d\n", pthread_mutex_consistent(mutex));
    printf("unlock: %d\n", pthread_mutex_unlock(mutex));
}

int main(void) {
    errors();
    bits_and_requeue();
    wake_op();
    between_processes();
    interrupted(0, "interrupted");
    robust();
    return 0;
}
