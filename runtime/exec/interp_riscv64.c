/* The interpreter of RISC-V code on c2w_cpu and guest memory. */
#include "interp_memory.h"

#define EVAL_CSR_READ csr_read
#define EVAL_CSR_WRITE csr_write
/* Blocks in writable pages are compared on entry and the kernel reports every other change of code,
 * so fence.i only has to end the block. */
#define EVAL_FENCE_I()                                                                             \
    do {                                                                                           \
        c2w_cpu.pc = NEXT_PC_CONST;                                                                \
        c->stop = true;                                                                            \
    } while (0)

#include "../isa/riscv64/sem_eval.h"

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
        raise_fault(insn, EVAL_SIGILL, EVAL_ILLEGAL_CODE, insn->pc);
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
        raise_fault(insn, EVAL_SIGILL, EVAL_ILLEGAL_CODE, insn->pc);
        return;
    }
    if (c2w_cpu.frm != ROUND_NEAREST_EVEN)
        c2w_cpu.event |= EVENT_ROUNDING;
}

#include "../isa/riscv64/sem.h"

/* What comes after an instruction of each class. */
#define THEN_INTEGER continue;
#define THEN_FP continue;
#define THEN_LOAD THEN_MAY_STOP
#define THEN_STORE THEN_MAY_STOP
#define THEN_ATOMIC THEN_MAY_STOP
#define THEN_FENCE THEN_MAY_STOP
#define THEN_FP_ROUNDED THEN_MAY_STOP
#define THEN_BRANCH goto branch;
#define THEN_JUMP goto branch;
#define THEN_JUMP_REGISTER goto indirect;
#define THEN_SYSTEM goto stopped;
#define THEN_CSR                                                                                   \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    EVAL_CPU.pc = (uint64_t)insn->pc + insn->len;                                                  \
    goto restart;
#define THEN_MAY_STOP                                                                              \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    continue;

#define OP(id, mnemonic, form, match, mask, class)                                                 \
    case OP_##id:                                                                                  \
        sem_##id(&c, insn);                                                                        \
        THEN_##class

#define INTERPRET_KEY(insn) ((insn)->op)
#define INTERPRET_BLOCK_END OP_BLOCK_END
#define INTERPRET_ILLEGAL OP_illegal
#define INTERPRET_TARGET(insn) ((uint64_t)(insn)->pc + (uint64_t)(int64_t)(insn)->imm)
#define INTERPRET_CASES "../isa/riscv64/ops.def"
#include "interp_body.h"
