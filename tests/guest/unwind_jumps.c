/* longjmp across recursion, through callbacks of the C library, between nested setjmps, and out of
 * nested signal handlers. */
#include "guest.h"

#include <setjmp.h>

static jmp_buf targets[64];
static volatile long visits;

/* Every level is a target; a jump goes `far` levels up, which go on and descend again. */
static __attribute__((noinline)) long descend(int depth, int budget) {
    volatile int left = budget;
    visits++;
    int got = setjmp(targets[depth]);
    if (got) {
        visits += got;
        left = left - 1;
        if (left < 0)
            return depth + got;
    }
    if (depth == 63) {
        int up = (int)(visits % 17) + 3;
        longjmp(targets[depth - up], up);
    }
    return descend(depth + 1, left) + left;
}

static jmp_buf out;
static volatile int comparisons;
static int impatient(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    if (++comparisons % 1000 == 0)
        longjmp(out, comparisons);
    return x < y ? -1 : x > y;
}

static void out_of_qsort(void) {
    volatile int jumps = 0;
    volatile long sum = 0;
    for (volatile int round = 0; round < 30; round++) {
        int numbers[500];
        for (int i = 0; i < 500; i++)
            numbers[i] = (i * 31337 + round) % 7001;
        if (setjmp(out) == 0)
            qsort(numbers, 500, sizeof *numbers, impatient);
        else
            jumps = jumps + 1;
        sum += numbers[250] & 1;
    }
    result("jumps out of qsort", jumps > 0);
}

/* qsort in a callback of qsort, 40 deep. */
static int nest_depth;
static int nesting(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    if (nest_depth < 40) {
        int inner[3] = {x, y, x ^ y};
        nest_depth++;
        qsort(inner, 3, sizeof *inner, nest_depth % 2 ? nesting : impatient);
        nest_depth--;
        visits += inner[1] > inner[0];
    }
    return x < y ? -1 : x > y;
}

static long calls;
static int recursive(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    calls++;
    if (x > 0 && y > 0) {
        int inner[2] = {x - 1, y - 1};
        qsort(inner, 2, sizeof *inner, recursive);
    }
    return x < y ? -1 : x > y;
}

static sigjmp_buf handler_out;
static volatile int level;
static void nested(int number) {
    level++;
    if (level < 8) {
        raise(number == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    }
    siglongjmp(handler_out, level);
}

static void out_of_handlers(void) {
    struct sigaction action = {.sa_handler = nested, .sa_flags = SA_NODEFER};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    volatile long sum = 0;
    for (volatile int i = 0; i < 100; i++) {
        level = i % 5;
        int got = sigsetjmp(handler_out, 1);
        if (got == 0)
            raise(SIGUSR1);
        sum += got;
    }
    result("out of handlers", sum);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    check("not blocked", !sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
}

/* Exceptions by longjmp: a chain of handlers that rethrow. */
struct frame {
    jmp_buf target;
    struct frame *outer;
};
static struct frame *innermost;

static void throw(int value) {
    struct frame *frame = innermost;
    innermost = frame->outer;
    longjmp(frame->target, value);
}

static __attribute__((noinline)) long evaluate(unsigned seed, int depth) {
    struct frame frame = {.outer = innermost};
    volatile long value = 0;
    for (volatile unsigned i = 0; i < 3; i++) {
        innermost = &frame;
        int caught = setjmp(frame.target);
        if (caught == 0) {
            unsigned next = seed * 1664525 + i * 1013904223 + 12345;
            if (depth == 0)
                throw((int)(next >> 24) + 1);
            value += evaluate(next, depth - 1);
        } else {
            value += caught;
            if (caught % 5 == 0 && frame.outer) {
                innermost = frame.outer;
                throw(caught + 1);
            }
        }
        innermost = frame.outer;
    }
    return value;
}

int main(void) {
    result("descend", descend(0, 6));
    result("visits", visits);
    out_of_qsort();
    comparisons = 0;
    int numbers[20];
    for (int i = 0; i < 20; i++)
        numbers[i] = (i * 13) % 20;
    if (setjmp(out) == 0)
        qsort(numbers, 4, sizeof *numbers, nesting);
    result("nested qsort", nest_depth >= 0);
    int pair[2] = {300, 299};
    qsort(pair, 2, sizeof *pair, recursive);
    printf("recursive qsort: %ld calls, %d %d\n", calls, pair[0], pair[1]);
    out_of_handlers();
    result("exceptions", evaluate(7, 6));
    return 0;
}
