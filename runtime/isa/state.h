/* The CPU state of the guest, laid out by state.def of its architecture.
 *
 * One `struct cpu` exists, `c2w_cpu`: the state of the thread that is running.  The kernel copies
 * it in and out on a thread switch.  Lifted code addresses its fields by the offsets below, so the
 * layout uses fixed-width types only and every offset is asserted, in host and wasm builds. */
#ifndef C2W_ISA_STATE_H
#define C2W_ISA_STATE_H

#include <stddef.h>
#include <stdint.h>

#if defined(C2W_GUEST_RISCV64)
#define STATE_DEF "riscv64/state.def"
#define GUEST_NAME "riscv64"
#elif defined(C2W_GUEST_X86_64)
#define STATE_DEF "x86_64/state.def"
#define GUEST_NAME "x86_64"
#else
#error "no guest architecture chosen"
#endif

struct cpu {
#define STATE(offset, type, name, dims) type name dims;
#include STATE_DEF
#undef STATE
};

#define STATE(offset, type, name, dims)                                                            \
    _Static_assert(offsetof(struct cpu, name) == (offset), "offset of cpu." #name);
#include STATE_DEF
#undef STATE

/* cpu.event: why code has to return to the kernel's scheduler.  Set by the kernel and by code that
 * must unwind; cleared by the scheduler. */
enum cpu_event {
    EVENT_RESCHED = 1,  /* another task may have to run, or this one blocked, exited or exec'ed */
    EVENT_SIGNAL = 2,   /* a signal may be deliverable to this task */
    EVENT_STACK = 4,    /* the wasm stack is deep: unwind it, then go on at cpu.pc */
    EVENT_ROUNDING = 8, /* the rounding mode left nearest-even: lifted code must not run */
};

/* In the module the state is at a fixed address at the start of linear memory: lifted code, half of
 * whose memory accesses go there, gets by with one and two byte offsets.  It is below the end of
 * the stack, whose overflow traps a little later.  A multiple of 16, so that vector registers whose
 * offset is one are aligned. */
#define CPU_ADDRESS 16
#if defined(__wasm__)
#define c2w_cpu (*(struct cpu *)CPU_ADDRESS)
#else
extern struct cpu c2w_cpu;
#endif

#endif
