/* Timer signals that arrive in loops and in code full of calls; their handlers return, jump out, or
 * do long work of their own. */
#include "guest.h"

#include <setjmp.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static sigjmp_buf out;
static volatile unsigned long work_done;

static __attribute__((noinline)) unsigned long fib(unsigned n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static unsigned long mix(unsigned long state, long rounds) {
    for (long i = 0; i < rounds; i++)
        state = (state ^ state >> 29) * 0xbf58476d1ce4e5b9u + (unsigned long)i;
    return state;
}

static void tick(int number) {
    (void)number;
    ticks++;
}
static void tick_and_work(int number) {
    (void)number;
    ticks++;
    work_done += fib(15) + (mix(1, 1000) & 1);
}
static void tick_and_jump(int number) {
    (void)number;
    ticks++;
    siglongjmp(out, 1);
}

static void install(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGALRM, &action, NULL);
    ticks = 0;
}
static void every(long microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

struct node {
    struct node *left, *right;
    long value;
};
static struct node *build(int depth, long *next) {
    if (depth == 0)
        return NULL;
    struct node *node = malloc(sizeof *node);
    node->left = build(depth - 1, next);
    node->value = (*next)++;
    node->right = build(depth - 1, next);
    return node;
}
static long sum_tree(const struct node *node) {
    return node ? node->value + sum_tree(node->left) + sum_tree(node->right) : 0;
}
static void free_tree(struct node *node) {
    if (!node)
        return;
    free_tree(node->left);
    free_tree(node->right);
    free(node);
}

static int compare(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

/* The same work with every handler gives the same values. */
static void work(const char *name, int least_ticks) {
    unsigned long loops = 0, calls = 0, trees = 0, sorted = 0;
    for (int round = 0; round < 3 || (ticks < least_ticks && round < 3000); round++) {
        loops = mix(loops, 300000);
        calls = calls * 3 + fib(18);
        long next = 0;
        struct node *tree = build(9, &next);
        trees = trees * 5 + (unsigned long)sum_tree(tree);
        free_tree(tree);
        unsigned numbers[500];
        for (unsigned i = 0; i < 500; i++)
            numbers[i] = (i * 2654435761u) >> 7;
        qsort(numbers, 500, sizeof *numbers, compare);
        sorted = sorted * 7 + numbers[100];
        if (round == 2) /* later rounds only wait for the timer */
            printf("%s: %lx %lx %lx %lx\n", name, loops, calls, trees, sorted);
    }
    check("enough ticks", ticks >= least_ticks);
}

int main(void) {
    work("no timer", 0);
    install(tick);
    every(1000);
    work("returns", 10);
    install(tick_and_work);
    work("works", 10);
    every(300);
    work("works more", 10);

    /* Out of a loop with calls, of a loop of calls, of recursion. */
    install(tick_and_jump);
    every(2000);
    volatile unsigned long attempts = 0;
    while (ticks < 10) {
        if (sigsetjmp(out, 1) == 0) {
            attempts++;
            if (attempts % 3 == 0)
                for (;;)
                    mix(attempts, 1000);
            if (attempts % 3 == 1)
                for (;;)
                    fib(12);
            fib(60);
        }
    }
    every(0);
    check("jumped", attempts >= 10);

    /* Real-time signals from another process, into a loop that only their handler ends. */
    signal(SIGRTMIN, tick);
    ticks = 0;
    pid_t parent = getpid(), child = fork_flushed();
    if (child == 0) {
        for (int i = 0; i < 5; i++) {
            usleep(2000);
            kill(parent, SIGRTMIN);
        }
        _exit(0);
    }
    while (ticks < 5)
        ;
    result("signals from outside", ticks);
    reap("sender", child);
    return 0;
}
