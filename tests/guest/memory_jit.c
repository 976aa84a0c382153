/* Code that changes: written in place, behind mprotect, mapped anew, by one of two processes. */
#include "guest.h"

#include <sys/mman.h>

#define PAGE 4096

typedef int code(void);

/* Writes a function that returns `value` (below 2048) and calls it. */
static void put(char *at, int value) {
#if defined(__riscv)
    uint32_t li = 0x00000513u | (uint32_t)value << 20; /* addi a0, zero, value */
    uint16_t ret = 0x8082;
    memcpy(at, &li, 4);
    memcpy(at + 4, &ret, 2);
#else
    at[0] = (char)0xb8; /* mov eax, value */
    memcpy(at + 1, &value, 4);
    at[5] = (char)0xc3; /* ret */
#endif
    __builtin___clear_cache(at, at + 8);
}
static int call(char *at) { return ((code *)(uintptr_t)at)(); }

static char *map(int prot) {
    char *pages = mmap(NULL, 4 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        _exit(99);
    return pages;
}

int main(void) {
    char *pages = map(PROT_READ | PROT_WRITE | PROT_EXEC);
    long sum = 0;
    for (int i = 0; i < 1000; i++) {
        put(pages, i);
        sum += call(pages);
    }
    result("rewritten in place", sum);

    /* The same loop calls two functions of which one changes. */
    sum = 0;
    put(pages + 64, 7);
    for (int i = 0; i < 100; i++) {
        if (i % 10 == 0)
            put(pages, i);
        sum += call(pages) + call(pages + 64);
    }
    result("one of two rewritten", sum);

    put(pages + PAGE - 2, 11); /* its first instruction lies in two pages */
    result("across pages", call(pages + PAGE - 2));
    pages[PAGE]++; /* changes the upper half: the value on riscv64 and on x86_64 */
    __builtin___clear_cache(pages, pages + 2 * PAGE);
    check("second page changed", call(pages + PAGE - 2) != 11);

    char *closed = map(PROT_READ | PROT_WRITE);
    sum = 0;
    for (int i = 0; i < 50; i++) {
        mprotect(closed, PAGE, PROT_READ | PROT_WRITE);
        put(closed, i);
        mprotect(closed, PAGE, PROT_READ | PROT_EXEC);
        sum += call(closed);
    }
    result("never writable and executable", sum);

    sum = 0;
    for (int i = 0; i < 20; i++) {
        munmap(closed, 4 * PAGE);
        if (mmap(closed, 4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != closed)
            return 1;
        put(closed, 3 * i);
        sum += call(closed);
    }
    result("mapped anew", sum);

    put(pages, 1);
    put(closed, 1);
    mprotect(closed, PAGE, PROT_READ | PROT_EXEC);
    call(pages), call(closed);
    pid_t child = fork_flushed();
    if (child == 0) {
        put(pages, 2);
        mprotect(closed, PAGE, PROT_READ | PROT_WRITE);
        put(closed, 4);
        mprotect(closed, PAGE, PROT_READ | PROT_EXEC);
        _exit(call(pages) + call(closed));
    }
    result("parent, before the child ends", call(pages) + call(closed));
    reap("child's own code", child);
    result("parent", call(pages) + call(closed));
    return 0;
}
