/* Recursion of 100,000 frames: direct, mutual, through pointers, with large frames, through qsort;
 * and what happens at its deepest point: a signal, a fork, a blocked call, an exec, a jump out. */
#include "guest.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define DEPTH 100000

static volatile long deepest; /* what happens there */
static void (*volatile at_bottom)(void);

static __attribute__((noinline)) long direct(long n) {
    if (n == 0) {
        if (at_bottom)
            at_bottom();
        return 1;
    }
    return direct(n - 1) + (n & 3);
}

static __attribute__((noinline)) bool is_odd(long n);
static __attribute__((noinline)) bool is_even(long n) {
    bool result = n == 0 ? true : is_odd(n - 1);
    deepest += result;
    return result;
}
static bool is_odd(long n) {
    bool result = n == 0 ? false : is_even(n - 1);
    deepest -= !result;
    return result;
}

static long indirect_a(long n), indirect_b(long n), indirect_c(long n);
static long (*volatile const table[])(long) = {indirect_a, indirect_b, indirect_c, indirect_a};
static long indirect_a(long n) { return n == 0 ? 7 : table[n % 4](n - 1) + 1; }
static long indirect_b(long n) { return n == 0 ? 9 : table[(n + 1) % 4](n - 1) ^ n; }
static long indirect_c(long n) { return n == 0 ? 2 : table[(n * 3) % 4](n - 1) * 3; }

/* A loop around the recursive call: a frame's return site is in it. */
static __attribute__((noinline)) long in_loop(long n) {
    long sum = n;
    for (int i = 0; i < (n % 50000 == 0 ? 3 : 1) && n > 0; i++)
        sum = sum * 5 + in_loop(n - 1);
    return sum;
}

/* Large frames of many values that live across the call. */
static __attribute__((noinline)) long large(long n, long a, long b, long c, long d, long e, long f) {
    long room[24];
    for (int i = 0; i < 24; i++)
        room[i] = a * i + b;
    if (n > 0)
        a = large(n - 1, b + c, c ^ d, d + e, e ^ f, f + a, a ^ b);
    for (int i = 0; i < 24; i++)
        a += room[i] ^ (b + c * d - e * f);
    return a;
}

static long ackermann(long m, long n) {
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

/* On a stack of its own, larger than the main one. */
static ucontext_t here, there;
static void (*body)(void);
static void start(void) { body(); }
static void on_large_stack(void (*function)(void)) {
    size_t size = 100 << 20;
    char *stack =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED)
        abort();
    body = function;
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = size;
    there.uc_link = &here;
    makecontext(&there, start, 0);
    swapcontext(&here, &there);
    munmap(stack, size);
}

static void with_large_frames(void) {
    result("large frames", large(DEPTH, 1, 2, 3, 4, 5, 6));
    result("again, into built frames", large(DEPTH, 6, 5, 4, 3, 2, 1));
    result("in a loop", in_loop(DEPTH));
}

static int compare(const void *a, const void *b) {
    long x = *(const long *)a, y = *(const long *)b;
    if (x > 0) {
        long pair[2] = {x - 1, y};
        qsort(pair, 2, sizeof *pair, compare);
    }
    deepest++;
    return x < y ? -1 : x > y;
}
static void in_qsort(void) {
    long pair[2] = {20000, 0};
    deepest = 0;
    qsort(pair, 2, sizeof *pair, compare);
    printf("qsort: %ld, %ld %ld\n", deepest, pair[0], pair[1]);
}

static jmp_buf out;
static int pipe_ends[2];
static volatile sig_atomic_t handled;

static void jump(void) { longjmp(out, 5); }
static void count(int number) { handled += number; }
static void signal_self(void) { raise(SIGUSR1); }
static void fork_here(void) {
    pid_t child = fork_flushed();
    if (child == 0) {
        at_bottom = NULL;
        printf("child goes down again: %ld\n", direct(DEPTH));
        return; /* and up through all frames */
    }
    reap("forked child", child);
}
static void block_here(void) {
    pid_t child = fork_flushed();
    if (child == 0) {
        usleep(10000);
        _exit(write(pipe_ends[1], "x", 1) != 1);
    }
    char byte;
    result("read", read(pipe_ends[0], &byte, 1));
    reap("writer", child);
}
static void exec_here(void) {
    execl("/bin/guest", "guest", "unwind_depth", "child", NULL);
    _exit(9);
}
static void vfork_here(void) {
    pid_t child = vfork();
    if (child == 0)
        exec_here();
    reap("vforked child", child);
}
static void wait_for_timer(void) {
    struct itimerval soon = {.it_value.tv_usec = 10000}, none = {0};
    setitimer(ITIMER_REAL, &soon, NULL);
    for (volatile long turns = 0; handled == 0; turns++)
        ;
    setitimer(ITIMER_REAL, &none, NULL);
}

static void at_depth(const char *name, void (*what)(void)) {
    at_bottom = what;
    handled = 0;
    long value = direct(DEPTH);
    at_bottom = NULL;
    printf("%s: %ld, handled %d\n", name, value, (int)handled);
}

int main(int argc, char **argv) {
    (void)argv;
    result("direct", direct(DEPTH));
    if (argc > 1)
        return 3;
    result("mutual", is_even(DEPTH));
    result("mutual odd", is_even(DEPTH + 1));
    result("deepest", deepest);
    result("indirect", table[0](DEPTH));
    result("ackermann", ackermann(2, 300));
    on_large_stack(with_large_frames);
    on_large_stack(in_qsort);
    signal(SIGUSR1, count);
    signal(SIGALRM, count);
    pipe(pipe_ends);
    at_depth("signal", signal_self);
    at_depth("timer", wait_for_timer);
    at_depth("blocked call", block_here);
    at_depth("vfork", vfork_here);
    int got = setjmp(out);
    if (got == 0)
        at_depth("jump", jump);
    result("jumped out of the depth", got);
    at_bottom = NULL;
    pid_t me = getpid();
    at_depth("fork", fork_here);
    if (getpid() != me) {
        fflush(NULL);
        _exit(6);
    }
    at_bottom = exec_here;
    fflush(NULL);
    direct(DEPTH);
    return 1;
}
