/* x86_64 only: thread pointers, the vsyscall page, the registers that calls change. */
#include "guest.h"

#include <asm/prctl.h>
#include <elf.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <sys/utsname.h>

static void bases(void) {
    unsigned long fs = 0, gs = 1;
    static unsigned long word = 0x1122334455667788;
    result("get fs", syscall(SYS_arch_prctl, ARCH_GET_FS, &fs));
    check("fs points to itself", fs == *(unsigned long *)fs);
    result("get gs", syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
    result("gs", (long)gs);
    result("set gs", syscall(SYS_arch_prctl, ARCH_SET_GS, &word));
    unsigned long value = 0;
    __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
    printf("gs:0 is %lx\n", value);
    result("get gs", syscall(SYS_arch_prctl, ARCH_GET_GS, &gs));
    check("gs is what was set", gs == (unsigned long)&word);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
        _exit(value == word ? 5 : 6);
    }
    reap("gs after fork", pid);
    result("set gs too high", syscall(SYS_arch_prctl, ARCH_SET_GS, 1ul << 47));
    result("unknown", syscall(SYS_arch_prctl, 0x9999, 0));
    result("bad pointer", syscall(SYS_arch_prctl, ARCH_GET_FS, 8));
}

static __thread int local = 3;
static void *thread(void *argument) {
    local += *(int *)argument;
    return (void *)(long)local;
}

static void threads(void) {
    pthread_t id;
    void *value;
    int add = 4;
    pthread_create(&id, NULL, thread, &add);
    pthread_join(id, &value);
    printf("thread's variable %ld, ours %d\n", (long)value, local);
}

static void vsyscalls(void) {
    typedef long gettimeofday_function(struct timeval *tv, void *zone);
    typedef long time_function(time_t *to);
    typedef long getcpu_function(unsigned *cpu, unsigned *node, void *cache);
    struct timeval tv = {0, 0};
    time_t now = 0;
    unsigned cpu = 1000000;
    result("gettimeofday", ((gettimeofday_function *)0xffffffffff600000)(&tv, NULL));
    check("gettimeofday is now", labs(tv.tv_sec - time(NULL)) < 5);
    long returned = ((time_function *)0xffffffffff600400)(&now);
    check("time", returned == now && labs(now - time(NULL)) < 5);
    result("getcpu", ((getcpu_function *)0xffffffffff600800)(&cpu, NULL, NULL));
    check("getcpu", cpu < 100000);
    static const unsigned long addresses[] = {0xffffffffff600004, 0xffffffffff600c00,
                                              0xffffffffff601000};
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork_flushed();
        if (pid == 0) {
            ((time_function *)addresses[i])(NULL);
            _exit(0);
        }
        reap("other entry", pid);
    }
    pid_t pid = fork_flushed();
    if (pid == 0) {
        ((time_function *)0xffffffffff600400)((time_t *)8);
        _exit(0);
    }
    reap("bad pointer", pid);
}

/* A call keeps all registers but rax, rcx (the next instruction) and r11 (the flags). */
static void call_registers(void) {
    uint64_t rax, next;
    uint64_t values[6];
    __asm__ volatile("mov $11, %%rdi\n mov $12, %%rsi\n mov $13, %%rdx\n mov $14, %%r10\n"
                     "mov $15, %%r8\n mov $16, %%r9\n mov $500, %%eax\n"
                     "lea 1f(%%rip), %%rbx\n stc\n syscall\n1:\n"
                     "mov %%rdi, (%[to])\n mov %%rsi, 8(%[to])\n mov %%rdx, 16(%[to])\n"
                     "mov %%r10, 24(%[to])\n mov %%r8, 32(%[to])\n mov %%r9, 40(%[to])\n"
                     "sub %%rcx, %%rbx\n"
                     : "=&a"(rax), "=&b"(next)
                     : [to] "r"(values)
                     : "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
    printf("rax %ld, rcx off by %ld\n", (long)rax, (long)next);
    for (int i = 0; i < 6; i++)
        printf("argument %d: %ld\n", i, (long)values[i]);
}

static void identity(void) {
    struct utsname name;
    uname(&name);
    printf("machine %s\n", name.machine);
    const char *platform = (const char *)getauxval(AT_PLATFORM);
    printf("platform %s\n", platform ? platform : "none");
    check("least signal stack", getauxval(AT_MINSIGSTKSZ) >= 1024);
    unsigned long entry[2], features = 0; /* getauxval(AT_HWCAP) is libc's own */
    FILE *auxv = fopen("/proc/self/auxv", "r");
    int found = 0;
    while (auxv && fread(entry, sizeof entry, 1, auxv) == 1 && entry[0] != AT_NULL) {
        found += entry[0] == AT_PLATFORM || entry[0] == AT_PHDR || entry[0] == AT_RANDOM;
        if (entry[0] == AT_HWCAP)
            features = entry[1];
    }
    result("entries", found);
    check("fpu, tsc, cx8, cmov, mmx, fxsr, sse, sse2", (features & 0x07808111) == 0x07808111);
    FILE *info = fopen("/proc/cpuinfo", "r");
    char line[4096];
    while (info && fgets(line, sizeof line, info)) {
        if (strncmp(line, "flags", 5) != 0)
            continue;
        check("cpuinfo has sse2", strstr(line, " sse2 "));
        check("cpuinfo has sse4_2", strstr(line, " sse4_2 "));
        check("cpuinfo has popcnt", strstr(line, " popcnt"));
        check("cpuinfo has lm", strstr(line, " lm "));
        break;
    }
}

int main(void) {
    bases();
    threads();
    vsyscalls();
    call_registers();
    identity();
    return 0;
}
