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
static void raise_segv(uint64_t address) {
    bool mapped = address <= UINT32_MAX && page_prot[address / PAGE_SIZE] != 0;
    faulted = true;
    signal_fault(SIGSEGV, mapped ? SEGV_ACCERR : SEGV_MAPERR, address);
}

/* The first byte of the range in a page without `prot`; UINT64_MAX when there is none. */
static uint64_t forbidden_byte(uint64_t address, unsigned size, int prot) {
    uint64_t last = address + size - 1;
    if (address > UINT32_MAX || !(page_prot[address / PAGE_SIZE] & prot))
        return address;
    if (last > UINT32_MAX || !(page_prot[last / PAGE_SIZE] & prot))
        return last & -(uint64_t)PAGE_SIZE;
    return UINT64_MAX;
}

static __attribute__((noinline)) uint64_t load(const struct insn *insn, uint64_t address,
                                               unsigned size) {
    uint64_t value = 0, forbidden = forbidden_byte(address, size, PAGE_READ);
    if (forbidden == UINT64_MAX) {
        memcpy(&value, guest_pointer(address), size);
    } else {
        c2w_cpu.pc = insn->pc;
        raise_segv(forbidden);
    }
    return value;
}

static __attribute__((noinline)) void store(const struct insn *insn, uint64_t address,
                                            unsigned size, uint64_t value) {
    uint64_t forbidden = forbidden_byte(address, size, PAGE_WRITE);
    if (forbidden == UINT64_MAX) {
        memcpy(guest_pointer(address), &value, size);
    } else {
        c2w_cpu.pc = insn->pc;
        raise_segv(forbidden);
    }
}

static void system_call(const struct insn *insn) {
    c2w_cpu.pc = insn->pc;
    kernel_syscall(); /* sets cpu.event when it wants to unwind */
}

static void fetch_fault(uint64_t pc, uint64_t address) {
    c2w_cpu.pc = pc;
    raise_segv(address);
}

#endif
