/* riscv64 Linux: registers of system calls, threads and signal frames
 * (arch/riscv/include/uapi/asm/{ucontext,sigcontext,ptrace}.h, arch/riscv/kernel/signal.c). */
#include <string.h>

#include "abi.h"
#include "mm.h"
#include "signal.h"

enum { REG_RA = 1, REG_SP = 2, REG_TP = 4, REG_A0 = 10, REG_A1, REG_A2, REG_A7 = 17 };

uint64_t abi_syscall_number(void) { return c2w_cpu.x[REG_A7]; }

void abi_syscall_arguments(uint64_t arguments[6]) {
    for (int i = 0; i < 6; i++)
        arguments[i] = c2w_cpu.x[REG_A0 + i];
}

void abi_syscall_return(int64_t result) {
    c2w_cpu.x[REG_A0] = (uint64_t)result;
    c2w_cpu.pc += 4;
}

void abi_start_registers(uint64_t entry, uint64_t sp) {
    memset(c2w_cpu.x, 0, sizeof c2w_cpu.x);
    memset(c2w_cpu.f, 0, sizeof c2w_cpu.f);
    c2w_cpu.frm = c2w_cpu.fflags = 0;
    c2w_cpu.res_addr = ~0ull;
    c2w_cpu.pc = entry;
    c2w_cpu.x[REG_SP] = sp;
}

void abi_clone_registers(struct cpu *cpu, uint64_t stack, bool set_tls, uint64_t tls) {
    cpu->x[REG_A0] = 0;
    cpu->pc += 4;
    cpu->res_addr = ~0ull;
    if (stack)
        cpu->x[REG_SP] = stack;
    if (set_tls)
        cpu->x[REG_TP] = tls;
}

uint64_t abi_stack_pointer(const struct cpu *cpu) { return cpu->x[REG_SP]; }

bool kernel_emulate(uint64_t pc) {
    (void)pc;
    return false;
}

/* 'A', 'C', 'D', 'F', 'I', 'M': bit of the letter (arch/riscv/include/uapi/asm/hwcap.h) */
uint64_t abi_hwcap(void) { return 1u << 0 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 8 | 1u << 12; }
const char *const abi_platform = NULL;

/* li a7, __NR_rt_sigreturn; ecall: unwinders recognise a signal frame by exactly these words. */
const uint32_t abi_trampoline_code[] = {0x08b00893, 0x00000073};
const uint32_t abi_trampoline_size = sizeof abi_trampoline_code;

struct riscv_sigcontext {
    uint64_t regs[32]; /* pc, x1 .. x31 */
    union {
        struct {
            uint64_t f[32];
            uint32_t fcsr;
        } d;
        struct {
            uint64_t f[64];
            uint32_t fcsr, reserved[3];
        } q;
        struct {
            uint32_t padding[129], reserved;
            uint32_t magic, size; /* END_MAGIC 0: no extension state follows */
        } extension;
    } fp;
};

struct riscv_sigframe {
    struct linux_siginfo info;
    struct {
        uint64_t flags, link;
        struct linux_sigaltstack stack;
        uint64_t mask;
        uint8_t unused[120];
        uint64_t align;
        struct riscv_sigcontext context;
    } uc;
};
_Static_assert(sizeof(struct riscv_sigcontext) == 784, "struct sigcontext of riscv64");
_Static_assert(offsetof(struct riscv_sigframe, uc.context) == 128 + 176, "uc_mcontext");
_Static_assert(sizeof(struct riscv_sigframe) == 1088, "struct rt_sigframe of riscv64");

bool abi_push_signal_frame(int signal, const struct signal_action *action,
                           const struct linux_siginfo *info, uint64_t mask) {
    uint64_t sp = signal_stack_top(action, c2w_cpu.x[REG_SP]);
    uint64_t address = (sp - sizeof(struct riscv_sigframe)) & ~15ull;
    struct riscv_sigframe frame;
    memset(&frame, 0, sizeof frame);
    frame.info = *info;
    signal_get_altstack(&frame.uc.stack, c2w_cpu.x[REG_SP]);
    frame.uc.mask = mask;
    memcpy(frame.uc.context.regs, c2w_cpu.x, sizeof frame.uc.context.regs);
    frame.uc.context.regs[0] = c2w_cpu.pc;
    memcpy(frame.uc.context.fp.d.f, c2w_cpu.f, sizeof frame.uc.context.fp.d.f);
    frame.uc.context.fp.d.fcsr = c2w_cpu.frm << 5 | c2w_cpu.fflags;
    if (user_write(address, &frame, sizeof frame))
        return false;
    c2w_cpu.x[REG_RA] = current->process->mm->trampoline;
    c2w_cpu.x[REG_SP] = address;
    c2w_cpu.x[REG_A0] = (uint64_t)signal;
    c2w_cpu.x[REG_A1] = address + offsetof(struct riscv_sigframe, info);
    c2w_cpu.x[REG_A2] = address + offsetof(struct riscv_sigframe, uc);
    c2w_cpu.pc = action->handler;
    c2w_cpu.res_addr = ~0ull;
    return true;
}

bool abi_pop_signal_frame(uint64_t *mask, struct linux_sigaltstack *stack) {
    struct riscv_sigframe frame;
    if (user_read(&frame, c2w_cpu.x[REG_SP], sizeof frame))
        return false;
    /* Only the end marker may follow the D state: no other extension is offered. */
    if (frame.uc.context.fp.extension.reserved || frame.uc.context.fp.extension.magic ||
        frame.uc.context.fp.extension.size)
        return false;
    memcpy(c2w_cpu.x, frame.uc.context.regs, sizeof frame.uc.context.regs);
    c2w_cpu.x[0] = 0;
    c2w_cpu.pc = frame.uc.context.regs[0];
    memcpy(c2w_cpu.f, frame.uc.context.fp.d.f, sizeof frame.uc.context.fp.d.f);
    c2w_cpu.frm = frame.uc.context.fp.d.fcsr >> 5 & 7;
    c2w_cpu.fflags = frame.uc.context.fp.d.fcsr & 31;
    c2w_cpu.res_addr = ~0ull;
    *mask = frame.uc.mask;
    *stack = frame.uc.stack;
    return true;
}

/* struct sigaction without sa_restorer (the generic definition). */
int abi_read_action(struct signal_action *action, uint64_t va) {
    uint64_t words[3];
    if (user_read(words, va, sizeof words))
        return -EFAULT;
    *action = (struct signal_action){.handler = words[0], .flags = words[1], .mask = words[2]};
    return 0;
}

int abi_write_action(const struct signal_action *action, uint64_t va) {
    uint64_t words[3] = {action->handler, action->flags, action->mask};
    return user_write(va, words, sizeof words);
}
