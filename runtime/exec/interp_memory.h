/* How the semantics of sem_eval.h reach guest memory and the kernel in the interpreter. */
#ifndef C2W_INTERP_MEMORY_H
#define C2W_INTERP_MEMORY_H

#include <string.h>

#include "../guest_memory.h"
#include "../host/host.h"
#include "../isa/guest.h"
#include "../kernel/kernel.h"
#include "decode_cache.h"
#include "profile.h"
#include "exec.h"

#define EVAL_CPU c2w_cpu
#define EVAL_DIRECT_MEMORY 1
#define EVAL_LOAD load
#define EVAL_STORE store
#define EVAL_FAULTED faulted
#define EVAL_RAISE raise_fault
#define EVAL_SYSCALL system_call

/* Set by the functions below when they raised a fault, cleared before the next block. */
static bool faulted;

static void raise_fault(const struct insn *insn, int signal, int code, uint64_t address) {
    c2w_cpu.pc = insn->pc;
    faulted = true;
    signal_fault(signal, code, address);
}

#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define SEGV_KERNEL 0x80 /* SI_KERNEL */
static void raise_segv(const struct insn *insn, uint64_t address) {
    c2w_cpu.pc = insn->pc;
#if defined(C2W_GUEST_X86_64)
    if (!insn_canonical(address)) { /* #GP, or #SS where the stack segment is meant */
        faulted = true;
        bool stack = insn_uses_stack(insn, !insn_canonical(GUEST_SP));
        signal_fault(stack ? SIGBUS : SIGSEGV, SEGV_KERNEL, 0);
        return;
    }
#endif
    bool mapped = address <= UINT32_MAX && page_prot[address / PAGE_SIZE] != 0;
    faulted = true;
    signal_fault(SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, address);
}

/* Whether all bytes of the range are in pages with `prot`; if not, *forbidden is the first that is
 * not. */
static bool range_allowed(uint64_t address, unsigned size, int prot, uint64_t *forbidden) {
    uint64_t last = address + size - 1;
    *forbidden = address;
    if (address > UINT32_MAX || !(page_prot[address / PAGE_SIZE] & prot))
        return false;
    *forbidden = last & -(uint64_t)PAGE_SIZE;
    return last <= UINT32_MAX && (page_prot[last / PAGE_SIZE] & prot);
}

static __attribute__((noinline)) uint64_t load(const struct insn *insn, uint64_t address,
                                               unsigned size) {
    uint64_t value = 0, forbidden;
    if (range_allowed(address, size, PAGE_READ, &forbidden)) {
        memcpy(&value, guest_pointer(address), size);
    } else {
        raise_segv(insn, forbidden);
    }
    return value;
}

static __attribute__((noinline)) void store(const struct insn *insn, uint64_t address,
                                            unsigned size, uint64_t value) {
    uint64_t forbidden;
    if (range_allowed(address, size, PAGE_WRITE, &forbidden)) {
        memcpy(guest_pointer(address), &value, size);
    } else {
        raise_segv(insn, forbidden);
    }
}

static void system_call(const struct insn *insn) {
    c2w_cpu.pc = insn->pc;
    kernel_syscall(); /* sets cpu.event when it wants to unwind */
}

static void fetch_fault(uint64_t pc, uint64_t address) {
    if (kernel_emulate(pc))
        return;
    struct insn none = {.op = OP_illegal, .pc = (uint32_t)pc};
    raise_segv(&none, address);
    c2w_cpu.pc = pc;
}

#endif
