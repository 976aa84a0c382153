/* x86_64 only: what a signal handler finds in its frame, and what it can change there. */
#include "x86_64_fault.h"

static volatile uint64_t seen[16];
static const int registers[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_R8,
                                REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
#define REGISTERS (sizeof registers / sizeof registers[0])

/* --- general registers: all of them are in the context and come back from it --- */

static void change_registers(int signal, siginfo_t *info, void *context) {
    greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal, (void)info;
    for (size_t i = 0; i < REGISTERS; i++) {
        seen[i] = (uint64_t)g[registers[i]];
        g[registers[i]] = (greg_t)(1000 + i);
    }
    g[REG_RIP] += 2; /* behind ud2 */
    g[REG_EFL] ^= 0x8d5;
    printf("selectors %lx\n", (unsigned long)g[REG_CSGSFS] & 0xffff);
}

static void general_registers(void) {
    struct sigaction action = {.sa_sigaction = change_registers, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    uint64_t after[REGISTERS], flags;
    static uint64_t *volatile out;
    out = after;
    __asm__ volatile("push %%rbp\n push %%rbx\n"
                     "mov $1, %%eax\n mov $2, %%ebx\n mov $3, %%ecx\n mov $4, %%edx\n"
                     "mov $5, %%esi\n mov $6, %%edi\n mov $7, %%r8d\n mov $8, %%r9d\n"
                     "mov $9, %%r10d\n mov $10, %%r11d\n mov $11, %%r12d\n mov $12, %%r13d\n"
                     "mov $13, %%r14d\n mov $14, %%r15d\n"
                     "cmp %%eax, %%ebx\n" /* no flag of the six is set */
                     "ud2\n"
                     "mov %1, %%rbp\n"
                     "mov %%rax, (%%rbp)\n mov %%rbx, 8(%%rbp)\n mov %%rcx, 16(%%rbp)\n"
                     "mov %%rdx, 24(%%rbp)\n mov %%rsi, 32(%%rbp)\n mov %%rdi, 40(%%rbp)\n"
                     "mov %%r8, 48(%%rbp)\n mov %%r9, 56(%%rbp)\n mov %%r10, 64(%%rbp)\n"
                     "mov %%r11, 72(%%rbp)\n mov %%r12, 80(%%rbp)\n mov %%r13, 88(%%rbp)\n"
                     "mov %%r14, 96(%%rbp)\n mov %%r15, 104(%%rbp)\n"
                     "pushf\n pop %%rax\n mov %%rax, %0\n"
                     "pop %%rbx\n pop %%rbp\n"
                     : "=m"(*(uint64_t *)&seen[15])
                     : "m"(out)
                     : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
                       "r14", "r15", "cc", "memory");
    flags = seen[15];
    for (size_t i = 0; i < REGISTERS; i++)
        printf("register %zu: %lu, then %lu\n", i, (unsigned long)seen[i],
               (unsigned long)after[i]);
    printf("flags %lx\n", (unsigned long)flags & 0x8d5);
}

/* --- floating point: saved, clean in the handler, changed through the context --- */

static void change_float(int signal, siginfo_t *info, void *context) {
    fpregset_t fp = ((ucontext_t *)context)->uc_mcontext.fpregs;
    uint32_t mxcsr;
    uint16_t control;
    double *xmm = (double *)&fp->_xmm[3];
    (void)signal, (void)info;
    __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(control));
    printf("in the handler: mxcsr %x control %x\n", mxcsr, control);
    printf("saved: mxcsr %x control %x tags %x xmm3 %g %g\n", fp->mxcsr, fp->cwd, fp->ftw & 0xff,
           xmm[0], xmm[1]);
    long double st;
    memcpy(&st, &fp->_st[0], 10);
    printf("saved st0 %Lg\n", st);
    check("image is aligned", ((uintptr_t)fp & 63) == 0);
    xmm[0] = 7.5;
    fp->mxcsr = 0x3f80;
    st = 9.25L;
    memcpy(&fp->_st[0], &st, 10);
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void float_registers(void) {
    struct sigaction action = {.sa_sigaction = change_float, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    static double pair[2] = {1.5, -2.5};
    static uint32_t mxcsr = 0x5f80, mxcsr_after, standard = 0x1f80;
    static uint16_t control = 0x77f;
    static long double top = 3.125L, top_after;
    __asm__ volatile("fninit\n fldcw %4\n ldmxcsr %3\n fldt %5\n movups %2, %%xmm3\n"
                     "ud2\n"
                     "movups %%xmm3, %2\n fstpt %1\n stmxcsr %0\n ldmxcsr %6\n fninit"
                     : "=m"(mxcsr_after), "=m"(top_after), "+m"(pair)
                     : "m"(mxcsr), "m"(control), "m"(top), "m"(standard)
                     : "xmm3", "memory");
    printf("after: mxcsr %x xmm3 %g %g st0 %Lg\n", mxcsr_after, pair[0], pair[1], top_after);
}

/* --- faults --- */

static void faults(void) {
    catch_faults();
    FAULT("division by zero", __asm__ volatile("xor %%ecx, %%ecx\n div %%ecx" ::: "rax", "rcx", "rdx", "cc"));
    FAULT("division overflow", __asm__ volatile("mov $0x80000000, %%eax\n cltd\n mov $-1, %%ecx\n"
                                                "idiv %%ecx" ::: "rax", "rcx", "rdx", "cc"));
    FAULT("illegal instruction", __asm__ volatile("ud2"));
    FAULT("breakpoint", __asm__ volatile("int3"));
    FAULT("privileged instruction", __asm__ volatile("hlt"));
    FAULT("misaligned vector", __asm__ volatile("movaps (%0), %%xmm0" ::"r"((char *)&buffer + 1) : "xmm0"));
    FAULT("x87 exception", ({
        uint16_t control = 0x37b; /* division by zero is not masked */
        __asm__ volatile("fninit\n fldcw %0\n fldz\n fld1\n fdivp\n fwait" ::"m"(control));
    }));
    __asm__ volatile("fninit");
    FAULT("vector exception", ({
        uint32_t mxcsr = 0x1d80; /* division by zero is not masked */
        __asm__ volatile("ldmxcsr %0\n xorps %%xmm1, %%xmm1\n mov $1, %%eax\n cvtsi2sd %%eax, %%xmm0\n"
                         "divsd %%xmm1, %%xmm0" ::"m"(mxcsr) : "rax", "xmm0", "xmm1");
    }));
}

/* --- stacks --- */

static volatile uintptr_t handler_sp;
static void note_stack(int signal) {
    (void)signal;
    char here;
    handler_sp = (uintptr_t)&here;
}

static void stacks(void) {
    struct sigaction action = {.sa_handler = note_stack};
    sigaction(SIGUSR1, &action, NULL);
    /* The 128 bytes below the stack pointer survive a handler. */
    uint64_t kept;
    __asm__ volatile("movq $0x1234, -8(%%rsp)\n movq $0x5678, -128(%%rsp)\n"
                     "mov %1, %%edi\n mov %2, %%esi\n mov $62, %%eax\n syscall\n"
                     "mov -8(%%rsp), %0\n add -128(%%rsp), %0"
                     : "=r"(kept)
                     : "r"(getpid()), "i"(SIGUSR1)
                     : "rax", "rcx", "rdi", "rsi", "r11", "memory");
    printf("red zone %lx\n", (unsigned long)kept);
    static char alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    action.sa_flags = SA_ONSTACK;
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    check("alternate stack", handler_sp > (uintptr_t)alternate &&
                                 handler_sp < (uintptr_t)alternate + sizeof alternate);
    /* The direction flag is clear in a handler and set again after it. */
    uint64_t flags;
    __asm__ volatile("std\n mov %1, %%edi\n mov %2, %%esi\n mov $62, %%eax\n syscall\n"
                     "pushf\n pop %0\n cld"
                     : "=r"(flags)
                     : "r"(getpid()), "i"(SIGUSR1)
                     : "rax", "rcx", "rdi", "rsi", "r11", "memory");
    check("direction flag is restored", flags & 0x400);
    /* Without a restorer there is nowhere to return to. */
    pid_t pid = fork_flushed();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        struct {
            void (*handler)(int);
            unsigned long flags;
            void *restorer;
            unsigned long mask;
        } raw = {note_stack, 0, NULL, 0};
        syscall(SYS_rt_sigaction, SIGUSR1, &raw, NULL, 8);
        raise(SIGUSR1);
        _exit(0);
    }
    reap("no restorer", pid);
}

int main(void) {
    general_registers();
    float_registers();
    faults();
    stacks();
    return 0;
}
