#define _GNU_SOURCE
#include "native_x86_64.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static bool wait_for_stop(void) {
    int status;
    return waitpid(child, &status, __WALL) == child && WIFSTOPPED(status);
}

/* The kernel's order of registers. */
static unsigned long long *register_of(struct user_regs_struct *regs, unsigned number) {
    static const uint8_t offsets[16] = {
#define AT(name) offsetof(struct user_regs_struct, name) / 8
        AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
        AT(r8),  AT(r9),  AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
#undef AT
    };
    return (unsigned long long *)regs + offsets[number];
}

bool native_run(struct machine_state *state) {
    struct user_regs_struct regs;
    siginfo_t info;
    if (ptrace(PTRACE_GETREGS, child, 0, &regs))
        return false;
    for (unsigned n = 0; n < 16; n++)
        *register_of(&regs, n) = state->r[n];
    regs.rip = state->rip;
    regs.eflags = state->rflags;
    regs.fs_base = state->fs_base;
    regs.gs_base = state->gs_base;
    regs.orig_rax = (unsigned long long)-1;
    if (ptrace(PTRACE_SETREGS, child, 0, &regs) || ptrace(PTRACE_SETFPREGS, child, 0, &state->fp) ||
        ptrace(PTRACE_CONT, child, 0, 0) || !wait_for_stop() ||
        ptrace(PTRACE_GETSIGINFO, child, 0, &info) || ptrace(PTRACE_GETREGS, child, 0, &regs) ||
        ptrace(PTRACE_GETFPREGS, child, 0, &state->fp))
        return false;
    for (unsigned n = 0; n < 16; n++)
        state->r[n] = *register_of(&regs, n);
    state->rip = regs.rip;
    state->rflags = regs.eflags;
    state->signal = info.si_signo;
    state->code = info.si_code;
    state->address = (uint64_t)(uintptr_t)info.si_addr;
    return true;
}

/* Calls munmap in the child through two bytes of its code page. */
static bool unmap(uint8_t *code, uint64_t start, uint64_t end) {
    static const uint8_t call[] = {0x0f, 0x05, 0xcc};
    struct machine_state state = {.rip = CODE_START, .rflags = 2};
    memcpy(code, call, sizeof call);
    state.fp.cwd = 0x37f;
    state.fp.mxcsr = 0x1f80;
    state.r[0] = SYS_munmap;
    state.r[7] = start;
    state.r[6] = end - start;
    return native_run(&state) && state.signal == SIGTRAP && state.r[0] == 0;
}

static void *map_at(uint32_t address, uint32_t size, int prot, int fd, uint32_t offset) {
    return mmap((void *)(uintptr_t)address, size, prot,
                MAP_SHARED | (address ? MAP_FIXED_NOREPLACE : 0), fd, offset);
}

/* The kernel kills a process whose restartable-sequence area is not mapped. */
static void unregister_rseq(void) {
    if (__rseq_size != 0)
        syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32,
                RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

bool native_start(uint8_t **code, uint8_t **data) {
    int fd = memfd_create("native", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, CODE_SIZE + DATA_SIZE + CONSTANT_SIZE))
        return false;
    *code = map_at(0, CODE_SIZE, PROT_READ | PROT_WRITE, fd, 0);
    *data = map_at(0, DATA_SIZE + CONSTANT_SIZE, PROT_READ | PROT_WRITE, fd, CODE_SIZE);
    if (*code == MAP_FAILED || *data == MAP_FAILED)
        return false;
    child = fork();
    if (child == 0) {
        if (map_at(CODE_START, CODE_SIZE, PROT_READ | PROT_EXEC, fd, 0) == MAP_FAILED ||
            map_at(DATA_START, DATA_SIZE, PROT_READ | PROT_WRITE, fd, CODE_SIZE) == MAP_FAILED ||
            map_at(CONSTANT_START, CONSTANT_SIZE, PROT_READ, fd, CODE_SIZE + DATA_SIZE) ==
                MAP_FAILED ||
            ptrace(PTRACE_TRACEME, 0, 0, 0))
            _exit(1);
        unregister_rseq();
        raise(SIGSTOP);
        _exit(1);
    }
    close(fd);
    return child > 0 && wait_for_stop() &&
           ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL) == 0 &&
           unmap(*code, 0, CODE_START) && unmap(*code, CODE_START + CODE_SIZE, DATA_START) &&
           unmap(*code, CONSTANT_START + CONSTANT_SIZE, 0x7ffffffff000);
}

void native_stop(void) {
    kill(child, SIGKILL);
    waitpid(child, NULL, __WALL);
}
