/* The RISC-V guest as seen by guest-independent code (../guest.h). */
#ifndef C2W_RISCV64_GUEST_H
#define C2W_RISCV64_GUEST_H

#include "../state.h"
#include "insn.h"

/* The stack pointer, which the dispatcher compares to tell frames apart. */
#define GUEST_SP (c2w_cpu.x[2])
#define GUEST_RED_ZONE 0 /* bytes below it that leaf functions use */

/* Lifted code knows only this way of rounding. */
static inline bool guest_rounds_to_nearest(void) { return c2w_cpu.frm == 0; }

/* Another thread ran in between: a store conditional has to fail. */
static inline void guest_drop_reservation(void) { c2w_cpu.res_addr = ~0ull; }

/* Makes a decoded instruction ready for the interpreter. */
static inline void guest_insn_place(struct insn *insn, uint32_t pc) { insn->pc = pc; }

static inline bool guest_insn_ends_block(const struct insn *insn) {
    switch ((enum op_class)op_table[insn->op].class) {
    case CLASS_BRANCH:
    case CLASS_JUMP:
    case CLASS_JUMP_REGISTER:
    case CLASS_SYSTEM:
    case CLASS_CSR:
        return true;
    default:
        return insn->op == OP_fence_i;
    }
}

#endif
