/* interpreted only: loads and stores of lifted code do not check page protections */
/* Faults of loads and stores: address, code, and going on behind them. */
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

static void touch(volatile char *at) { *at = *at; }
static char peek(volatile char *at) { return *at; }

int main(void) {
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    succeeds("mmap", page == MAP_FAILED ? -1 : 0);
    mprotect(page, 4096, PROT_READ);
    mprotect(page + 4096, 4096, PROT_NONE);
    FAULT("write to a read-only page", page + 5, touch(page + 5));
    printf("read of it: %d\n", peek(page + 5));
    FAULT("read of a PROT_NONE page", page + 4096, peek(page + 4096));
    munmap(page + 8192, 4096);
    FAULT("read of an unmapped page", page + 8192 + 17, peek(page + 8192 + 17));
    FAULT("read of address 0", (char *)0, peek((char *)0));
    FAULT("write to address 8", (char *)8, touch((char *)8));
    mprotect(page + 4096, 4096, PROT_READ | PROT_WRITE);
    FAULT("page is accessible again", page, touch(page + 4096));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        touch((char *)8);
        _exit(0);
    }
    reap("default SIGSEGV", pid);
    pid = fork_flushed();
    if (pid == 0) {
        signal(SIGSEGV, SIG_IGN); /* a fault cannot be ignored */
        touch((char *)8);
        _exit(0);
    }
    reap("ignored SIGSEGV", pid);
    return 0;
}
