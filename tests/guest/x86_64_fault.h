/* Faults of x86-64 caught by a signal handler: trap number, error code, address. */
#ifndef X86_64_FAULT_H
#define X86_64_FAULT_H

#include "guest.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint8_t *page;
static sigjmp_buf buffer;
static volatile int seen_trap, seen_error, seen_cr2, seen_code;

static void describe(int signal, siginfo_t *info, void *context) {
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    seen_trap = (int)g[REG_TRAPNO];
    seen_error = (int)g[REG_ERR];
    seen_cr2 = (int)(g[REG_CR2] - (greg_t)page);
    seen_code = info->si_code;
    siglongjmp(buffer, signal);
}

#define FAULT(name, statement)                                                                     \
    do {                                                                                           \
        int signal = sigsetjmp(buffer, 1);                                                         \
        if (signal == 0) {                                                                         \
            statement;                                                                             \
            printf("%s: no signal\n", name);                                                       \
        } else {                                                                                   \
            printf("%s: signal %d code %d trap %d error %d", name, signal, seen_code, seen_trap,   \
                   seen_trap == 14 ? seen_error : -1);                                             \
            printf(seen_trap == 14 ? " offset %d\n" : "\n", seen_cr2);                             \
        }                                                                                          \
    } while (0)

static void catch_faults(void) {
    struct sigaction action = {.sa_sigaction = describe, .sa_flags = SA_SIGINFO};
    for (int signal = SIGILL; signal <= SIGSEGV; signal++)
        if (signal == SIGILL || signal == SIGFPE || signal == SIGSEGV || signal == SIGTRAP)
            sigaction(signal, &action, NULL);
}

#endif
