/* Stacks of their own: makecontext and swapcontext, handlers on sigaltstack that jump out, handlers
 * that change the context they return to. */
#include "guest.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK (256 << 10)

static ucontext_t scheduler, contexts[4];
static long exchanged[4];

static char *new_stack(size_t size) {
    char *stack =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED)
        abort();
    return stack;
}

/* Recursion that swaps at every level, down and up. */
static __attribute__((noinline)) long descend(int me, int depth) {
    exchanged[me] += depth;
    swapcontext(&contexts[me], &scheduler);
    if (depth == 0)
        return 1;
    long below = descend(me, depth - 1);
    swapcontext(&contexts[me], &scheduler);
    return below * 3 + exchanged[me] % 7;
}

static void walk(int me, int depth) {
    long value = 0;
    for (int i = 0; i < 3; i++)
        value = value * 31 + descend(me, depth + i);
    exchanged[me] = value;
}

static void round_robin(void) {
    for (int i = 0; i < 4; i++) {
        getcontext(&contexts[i]);
        contexts[i].uc_stack.ss_sp = new_stack(STACK);
        contexts[i].uc_stack.ss_size = STACK;
        contexts[i].uc_link = &scheduler;
        makecontext(&contexts[i], (void (*)(void))walk, 2, i, 10 + i);
    }
    /* A context of `depth` swaps 2 * depth + 1 times in each of its three walks, and ends. */
    for (int turn = 0; turn < 3 * 2 * 20; turn++)
        for (int i = 0; i < 4; i++) {
            int depth = 10 + i, swaps = (2 * depth + 1) + (2 * depth + 3) + (2 * depth + 5);
            if (turn <= swaps)
                swapcontext(&scheduler, &contexts[i]);
        }
    for (int i = 0; i < 4; i++)
        printf("context %d: %ld\n", i, exchanged[i]);
}

/* Each context ends in the next one, the last in main. */
static int chain_count;
static void chained(void) { chain_count++; }
static void chain(void) {
    static ucontext_t links[50];
    char *stack = new_stack(50 * 16384);
    for (int i = 0; i < 50; i++) {
        getcontext(&links[i]);
        links[i].uc_stack.ss_sp = stack + i * 16384;
        links[i].uc_stack.ss_size = 16384;
        links[i].uc_link = i ? &links[i - 1] : &scheduler;
        makecontext(&links[i], chained, 0);
    }
    swapcontext(&scheduler, &links[49]);
    result("chained", chain_count);
}

/* --- signals --- */

static sigjmp_buf back;
static volatile long handled;

static void jump_out(int number) {
    handled++;
    siglongjmp(back, number);
}

static void alternate_stack(void) {
    stack_t alternate = {.ss_sp = new_stack(65536), .ss_size = 65536};
    result("sigaltstack", sigaltstack(&alternate, NULL));
    struct sigaction action = {.sa_handler = jump_out, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    for (volatile int i = 0; i < 50; i++) {
        int number = sigsetjmp(back, 1);
        if (number == 0) {
            if (i % 2)
                raise(SIGUSR1);
            kill(getpid(), SIGUSR1);
        }
    }
    result("jumped out", handled);
    stack_t now;
    sigaltstack(NULL, &now);
    check("not on it any more", !(now.ss_flags & SS_ONSTACK));
}

#if defined(__riscv)
#define REGISTER_PC(context) ((context)->uc_mcontext.__gregs[0])
#define REGISTER_SP(context) ((context)->uc_mcontext.__gregs[2])
#define REGISTER_ARGUMENT(context) ((context)->uc_mcontext.__gregs[10])
#else
#define REGISTER_PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define REGISTER_SP(context) ((context)->uc_mcontext.gregs[REG_RSP])
#define REGISTER_ARGUMENT(context) ((context)->uc_mcontext.gregs[REG_RDI])
#endif

static char *other_stack;
static volatile bool spinning;

static void elsewhere(long argument) {
    char here;
    check("runs on the other stack", &here >= other_stack && &here < other_stack + STACK);
    result("argument", argument);
    spinning = false;
    siglongjmp(back, 1);
}

/* The handler returns into another function on another stack. */
static void redirect(int number, siginfo_t *info, void *data) {
    (void)number, (void)info;
    ucontext_t *context = data;
    REGISTER_PC(context) = (long)elsewhere;
    REGISTER_SP(context) = (long)(((uintptr_t)other_stack + STACK - 64) & ~(uintptr_t)15) - 8;
#if defined(__riscv)
    REGISTER_SP(context) += 8;
#endif
    REGISTER_ARGUMENT(context) = 4321;
}

static __attribute__((noinline)) long spin(int depth) {
    if (depth)
        return spin(depth - 1) + 1;
    long turns = 0;
    while (spinning)
        turns++;
    return turns;
}

static void changed_context(void) {
    other_stack = new_stack(STACK);
    struct sigaction action = {.sa_sigaction = redirect, .sa_flags = SA_SIGINFO};
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    if (sigsetjmp(back, 1) == 0) {
        raise(SIGUSR2);
        abort();
    }
    for (volatile int i = 0; i < 3; i++) {
        spinning = true;
        if (sigsetjmp(back, 1) == 0) {
            ualarm(20000, 0);
            spin(20 * i);
            abort();
        }
    }
}

int main(void) {
    round_robin();
    chain();
    alternate_stack();
    changed_context();
    return 0;
}
