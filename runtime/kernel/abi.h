/* What the kernel needs to know of the guest architecture (abi_riscv64.c, abi_x86_64.c). */
#ifndef C2W_ABI_H
#define C2W_ABI_H

#include "kernel.h"

/* System call at c2w_cpu.pc. */
uint64_t abi_syscall_number(void);
void abi_syscall_arguments(uint64_t arguments[6]);
/* Result into the registers, pc behind the instruction. */
void abi_syscall_return(int64_t result);

/* Registers of a fresh program: entry point, stack pointer, everything else 0. */
void abi_start_registers(uint64_t entry, uint64_t sp);
/* Registers of a new thread in `cpu`, a copy of its creator's behind the clone call. */
void abi_clone_registers(struct cpu *cpu, uint64_t stack, bool set_tls, uint64_t tls);
uint64_t abi_stack_pointer(const struct cpu *cpu);

/* Signal frames: pushes one for the handler and enters it; false when the stack is not writable.
 * `mask` is the signal mask that sigreturn restores. */
bool abi_push_signal_frame(int signal, const struct signal_action *action,
                           const struct linux_siginfo *info, uint64_t mask);
/* rt_sigreturn: restores the registers from the frame at sp, and the mask and alternate stack into
 * the out parameters; false when the frame is not readable. */
bool abi_pop_signal_frame(uint64_t *mask, struct linux_sigaltstack *stack);
/* struct sigaction of the guest's kernel interface. */
int abi_read_action(struct signal_action *action, uint64_t va);
int abi_write_action(const struct signal_action *action, uint64_t va);
/* Code of the page mm->trampoline, to which handlers return; none where programs bring their own. */
extern const uint32_t abi_trampoline_code[];
extern const uint32_t abi_trampoline_size;

/* AT_HWCAP, and AT_PLATFORM or NULL. */
uint64_t abi_hwcap(void);
extern const char *const abi_platform;

#endif
