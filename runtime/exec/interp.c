/* The interpreter on c2w_cpu and guest memory. */
#define EVAL_CPU c2w_cpu
#define EVAL_DIRECT_MEMORY 1
#define EVAL_LOAD load
#define EVAL_STORE store
#define EVAL_FAULTED faulted
#define EVAL_RAISE raise_fault
#define EVAL_SYSCALL system_call
#define EVAL_CSR_READ csr_read
#define EVAL_CSR_WRITE csr_write
/* Blocks in writable pages are compared on entry and the kernel reports every other change of code,
 * so fence.i only has to end the block. */
#define EVAL_FENCE_I()                                                                             \
    do {                                                                                           \
        c2w_cpu.pc = NEXT_PC_CONST;                                                                \
        c->stop = true;                                                                            \
    } while (0)

#include "../guest_memory.h"
#include "../host/host.h"
#include "../isa/sem_eval.h"
#include "../kernel/kernel.h"
#include "decode_cache.h"
#include "exec.h"

uint64_t interpreted_instructions;

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
    uint64_t value = 0, forbidden = forbidden_byte(address, size, EVAL_PROT_READ);
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
    uint64_t forbidden = forbidden_byte(address, size, EVAL_PROT_WRITE);
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

/* The counters of Zicntr: one cycle a nanosecond; the time base is 10 MHz. */
static uint64_t csr_read(const struct insn *insn, int number) {
    switch (number) {
    case CSR_FFLAGS:
        return c2w_cpu.fflags;
    case CSR_FRM:
        return c2w_cpu.frm;
    case CSR_FCSR:
        return c2w_cpu.frm << 5 | c2w_cpu.fflags;
    case CSR_CYCLE:
        return host_clock(1);
    case CSR_TIME:
        return host_clock(1) / 100;
    case CSR_INSTRET:
        return host_clock(1);
    default:
        raise_fault(insn, EVAL_SIGILL, EVAL_ILL_ILLOPC, insn->pc);
        return 0;
    }
}

static void csr_write(const struct insn *insn, int number, uint64_t value) {
    switch (number) {
    case CSR_FFLAGS:
        c2w_cpu.fflags = value & 31;
        return;
    case CSR_FRM:
        c2w_cpu.frm = value & 7;
        break;
    case CSR_FCSR:
        c2w_cpu.fflags = value & 31;
        c2w_cpu.frm = value >> 5 & 7;
        break;
    default:
        raise_fault(insn, EVAL_SIGILL, EVAL_ILL_ILLOPC, insn->pc);
        return;
    }
    if (c2w_cpu.frm != ROUND_NEAREST_EVEN)
        c2w_cpu.event |= EVENT_ROUNDING;
}

static void fetch_fault(uint64_t pc, uint64_t address) {
    c2w_cpu.pc = pc;
    raise_segv(address);
}

#define INTERPRET_FETCH_FAULT fetch_fault
#include "../isa/riscv64/sem.h"

#define INTERPRET_NAME interpret
#define INTERPRET_LIFTED 1
#include "interp_body.h"
