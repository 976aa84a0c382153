/* Signals that instructions raise: address, code, and going on behind them. */
#include "guest.h"

#include <setjmp.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile int fault_code;
static char *volatile fault_address;

static void caught(int number, siginfo_t *info, void *context) {
    (void)context;
    fault_code = info->si_code;
    fault_address = info->si_addr;
    siglongjmp(back, number);
}

static void report(const char *name, int number, const char *expected) {
    printf("%s: signal %d code %d, address %s\n", name, number, fault_code,
           fault_address == expected ? "right" : "WRONG");
}

#define FAULT(name, expected, statement)                                                           \
    do {                                                                                           \
        int number_ = sigsetjmp(back, 1);                                                          \
        if (number_ == 0) {                                                                        \
            statement;                                                                             \
            printf("%s: no signal\n", name);                                                       \
        } else {                                                                                   \
            report(name, number_, expected);                                                       \
        }                                                                                          \
    } while (0)

static void breakpoint(void) {
#if defined(__riscv)
    __asm__ volatile("ebreak");
#else
    __asm__ volatile("int3");
#endif
}

static void illegal(void) {
#if defined(__riscv)
    __asm__ volatile(".2byte 0, 0");
#else
    __asm__ volatile("ud2");
#endif
}

static void count_trap(int number, siginfo_t *info, void *context) {
    (void)info;
    (void)context;
    printf("handler: %d\n", number);
    siglongjmp(back, number);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    succeeds("mmap", page == MAP_FAILED ? -1 : 0);
    FAULT("call of a page without PROT_EXEC", page, ((void (*)(void))(void *)page)());
    FAULT("call of address 0", (char *)0, ((void (*)(void))0)());
    action.sa_sigaction = count_trap;
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    if (!sigsetjmp(back, 1))
        breakpoint();
    if (!sigsetjmp(back, 1))
        illegal();
    pid_t pid = fork_flushed();
    if (pid == 0)
        abort();
    reap("abort", pid);
    return 0;
}
