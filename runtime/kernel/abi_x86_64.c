/* x86_64 Linux: registers of system calls, threads and signal frames
 * (arch/x86/include/uapi/asm/{ucontext,sigcontext}.h, arch/x86/kernel/signal_64.c). */
#include <string.h>

#include "../isa/x86_64/flags.h"
#include "../isa/x86_64/helpers.h"
#include "../isa/x86_64/insn.h"
#include "../isa/x86_64/x87_eval.h"
#include "abi.h"
#include "mm.h"
#include "signal.h"

#define SYSCALL_LENGTH 2 /* 0f 05 */

/* The selectors that user mode sees, and the kernel checks nowhere. */
#define USER_CS 0x33
#define USER_SS 0x2b

/* --- system calls --- */

uint64_t abi_syscall_number(void) { return c2w_cpu.r[REG_RAX]; }

void abi_syscall_arguments(uint64_t arguments[6]) {
    static const uint8_t registers[6] = {REG_RDI,    REG_RSI, REG_RDX,
                                         REG_R8 + 2, REG_R8,  REG_R8 + 1};
    for (int i = 0; i < 6; i++)
        arguments[i] = c2w_cpu.r[registers[i]];
}

/* SYSCALL leaves the next address in rcx and the flags in r11. */
static void leave_syscall(struct cpu *cpu, uint64_t result) {
    cpu->pc += SYSCALL_LENGTH;
    cpu->r[REG_RAX] = result;
    cpu->r[REG_RCX] = cpu->pc;
    cpu->r[REG_R11] = rflags_read(cpu);
}

void abi_syscall_return(int64_t result) { leave_syscall(&c2w_cpu, (uint64_t)result); }

/* --- programs and threads --- */

static void reset_float(struct cpu *cpu) {
    memset(x87_of(cpu), 0, sizeof(struct x87));
    x87_initialise(x87_of(cpu));
    memset(cpu->xmm, 0, sizeof cpu->xmm);
    cpu->mxcsr = MXCSR_DEFAULT;
}

void abi_start_registers(uint64_t entry, uint64_t sp) {
    memset(c2w_cpu.r, 0, sizeof c2w_cpu.r);
    c2w_cpu.r[REG_4GIB] = 1ull << 32;
    c2w_cpu.r[REG_RSP] = sp;
    c2w_cpu.pc = entry;
    rflags_write(&c2w_cpu, 0);
    reset_float(&c2w_cpu);
}

void abi_clone_registers(struct cpu *cpu, uint64_t stack, bool set_tls, uint64_t tls) {
    leave_syscall(cpu, 0);
    if (stack)
        cpu->r[REG_RSP] = stack;
    if (set_tls)
        cpu->r[REG_FS_BASE] = tls;
}

uint64_t abi_stack_pointer(const struct cpu *cpu) { return cpu->r[REG_RSP]; }

uint64_t abi_hwcap(void) {
    struct cpu cpu = {.r = {[REG_RAX] = 1}};
    x86_cpuid(&cpu);
    return cpu.r[REG_RDX];
}

const char *const abi_platform = "x86_64";

/* Handlers return to the restorer of struct sigaction. */
const uint32_t abi_trampoline_code[1];
const uint32_t abi_trampoline_size = 0;

/* --- vsyscall ---
 *
 * Old programs call these fixed addresses.  There is no vDSO (AT_SYSINFO_EHDR), which libcs and Go
 * then do without: a clock costs a call of the host in any case, several times what the system call
 * around it does. */

#define VSYSCALL_BASE 0xffffffffff600000u
#define VSYSCALL_STEP 0x400

bool kernel_emulate(uint64_t pc) {
    syscall_handler sys_gettimeofday, sys_time, sys_getcpu;
    static syscall_handler *const handlers[] = {sys_gettimeofday, sys_time, sys_getcpu};
    uint64_t entry = (pc - VSYSCALL_BASE) / VSYSCALL_STEP, sp = c2w_cpu.r[REG_RSP], caller;
    if (pc < VSYSCALL_BASE || pc % VSYSCALL_STEP || entry >= sizeof handlers / sizeof *handlers)
        return false;
    if (user_read(&caller, sp, sizeof caller))
        return false;
    const uint64_t arguments[6] = {c2w_cpu.r[REG_RDI], c2w_cpu.r[REG_RSI], c2w_cpu.r[REG_RDX]};
    int64_t result = handlers[entry](arguments);
    if (result == -EFAULT)
        return false;
    c2w_cpu.r[REG_RAX] = (uint64_t)result;
    c2w_cpu.r[REG_RSP] = sp + 8;
    c2w_cpu.pc = caller;
    return true;
}

/* --- signal frames --- */

#define UC_SIGCONTEXT_SS 2u
#define UC_STRICT_RESTORE_SS 4u
#define RED_ZONE 128

/* The order of struct sigcontext. */
static const uint8_t context_registers[16] = {
    REG_R8,     REG_R8 + 1, REG_R8 + 2, REG_R8 + 3, REG_R8 + 4, REG_R8 + 5, REG_R8 + 6, REG_R15,
    REG_RDI,    REG_RSI,    REG_RBP,    REG_RBX,    REG_RDX,    REG_RAX,    REG_RCX,    REG_RSP,
};

struct x86_sigcontext {
    uint64_t registers[16], ip, flags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, cr2;
    uint64_t fpstate; /* address of an FXSAVE image */
    uint64_t reserved[8];
};

struct x86_sigframe {
    uint64_t return_address;
    struct {
        uint64_t flags, link;
        struct linux_sigaltstack stack;
        struct x86_sigcontext context;
        uint64_t mask;
    } uc;
    struct linux_siginfo info;
};
_Static_assert(sizeof(struct x86_sigcontext) == 256, "struct sigcontext of x86_64");
_Static_assert(offsetof(struct x86_sigframe, info) == 312, "info in struct rt_sigframe");

/* Trap number, page fault error code and address of a fault's signal. */
static void describe_fault(struct x86_sigcontext *context, const struct linux_siginfo *info) {
    enum {
        TRAP_DE = 0,
        TRAP_BP = 3,
        TRAP_UD = 6,
        TRAP_GP = 13,
        TRAP_PF = 14,
        TRAP_MF = 16,
        TRAP_AC = 17,
        TRAP_XF = 19,
    };
    enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4 };
    if (info->code <= 0) /* sent by a process */
        return;
    uint64_t page = info->fault.address / PAGE_SIZE;
    switch (info->signal) {
    case SIGSEGV:
        context->trap = info->code == SI_KERNEL ? TRAP_GP : TRAP_PF;
        if (info->code == SI_KERNEL)
            break;
        context->cr2 = info->fault.address;
        context->error = PF_USER;
        if (page < sizeof page_prot && page_prot[page] & PROT_READ) /* only a write faults there */
            context->error |= PF_PRESENT | PF_WRITE;
        break;
    case SIGBUS:
        context->trap = info->code == BUS_ADRALN ? TRAP_AC : TRAP_PF;
        context->cr2 = info->code == BUS_ADRALN ? 0 : info->fault.address;
        break;
    case SIGILL:
        context->trap = TRAP_UD;
        break;
    case SIGFPE:
        context->trap = info->code == FPE_INTDIV               ? TRAP_DE
                        : x87_pending(x87_of(&c2w_cpu)) ? TRAP_MF
                                                        : TRAP_XF;
        break;
    case SIGTRAP:
        context->trap = TRAP_BP;
        break;
    }
}

bool abi_push_signal_frame(int signal, const struct signal_action *action,
                           const struct linux_siginfo *info, uint64_t mask) {
    struct x86_sigframe frame;
    uint8_t image[X86_FXSAVE_SIZE] = {0};
    uint64_t old_sp = c2w_cpu.r[REG_RSP];
    /* The red zone belongs to the interrupted function; on the alternate stack there is none. */
    uint64_t sp = signal_stack_top(action, old_sp - RED_ZONE);
    uint64_t fpstate = (sp - sizeof image) & ~63ull;
    uint64_t address = ((fpstate - sizeof frame) & ~15ull) - 8;
    if (!(action->flags & SA_RESTORER))
        return false;
    memset(&frame, 0, sizeof frame);
    frame.return_address = action->restorer;
    frame.info = *info;
    frame.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
    signal_get_altstack(&frame.uc.stack, old_sp);
    frame.uc.mask = mask;
    struct x86_sigcontext *context = &frame.uc.context;
    for (int i = 0; i < 16; i++)
        context->registers[i] = c2w_cpu.r[context_registers[i]];
    context->ip = c2w_cpu.pc;
    context->flags = rflags_read(&c2w_cpu);
    context->cs = USER_CS;
    context->ss = USER_SS;
    context->old_mask = mask;
    context->fpstate = fpstate;
    describe_fault(context, info);
    x86_fxsave(&c2w_cpu, image, true);
    if (user_write(fpstate, image, sizeof image) || user_write(address, &frame, sizeof frame))
        return false;
    c2w_cpu.r[REG_RSP] = address;
    c2w_cpu.r[REG_RDI] = (uint64_t)signal;
    c2w_cpu.r[REG_RSI] = address + offsetof(struct x86_sigframe, info);
    c2w_cpu.r[REG_RDX] = address + offsetof(struct x86_sigframe, uc);
    c2w_cpu.r[REG_RAX] = 0; /* no vector registers hold arguments, if the handler is variadic */
    c2w_cpu.pc = action->handler;
    c2w_cpu.direction = 0;
    reset_float(&c2w_cpu);
    return true;
}

bool abi_pop_signal_frame(uint64_t *mask, struct linux_sigaltstack *stack) {
    struct x86_sigframe frame;
    uint8_t image[X86_FXSAVE_SIZE];
    /* The handler's return took the return address. */
    if (user_read(&frame, c2w_cpu.r[REG_RSP] - 8, sizeof frame))
        return false;
    const struct x86_sigcontext *context = &frame.uc.context;
    if (context->fpstate) {
        if (user_read(image, context->fpstate, sizeof image) ||
            !x86_fxrstor(&c2w_cpu, image, true))
            return false;
    } else {
        reset_float(&c2w_cpu);
    }
    for (int i = 0; i < 16; i++)
        c2w_cpu.r[context_registers[i]] = context->registers[i];
    c2w_cpu.pc = context->ip;
    rflags_write(&c2w_cpu, context->flags);
    *mask = frame.uc.mask;
    *stack = frame.uc.stack;
    return true;
}

/* struct sigaction with sa_restorer. */
int abi_read_action(struct signal_action *action, uint64_t va) {
    uint64_t words[4];
    if (user_read(words, va, sizeof words))
        return -EFAULT;
    *action = (struct signal_action){
        .handler = words[0], .flags = words[1], .restorer = words[2], .mask = words[3]};
    return 0;
}

int abi_write_action(const struct signal_action *action, uint64_t va) {
    uint64_t words[4] = {action->handler, action->flags, action->restorer, action->mask};
    return user_write(va, words, sizeof words);
}
