/* The x86-64 guest as seen by guest-independent code (../guest.h). */
#ifndef C2W_X86_64_GUEST_H
#define C2W_X86_64_GUEST_H

#include <stdbool.h>

#include "../state.h"
#include "insn.h"

/* The stack pointer, which the dispatcher compares to tell frames apart. */
#define GUEST_SP (c2w_cpu.r[REG_RSP])
#define GUEST_RED_ZONE 128 /* bytes below it that leaf functions use */

/* Lifted code rounds to nearest and knows denormal numbers. */
static inline bool guest_rounds_to_nearest(void) {
    return (c2w_cpu.mxcsr & (MXCSR_ROUNDING | MXCSR_FTZ | MXCSR_DAZ)) == 0;
}

/* Locked instructions are not interrupted: nothing to forget when another thread ran. */
static inline void guest_drop_reservation(void) {}

/* Makes a decoded instruction ready for the interpreter, which implements it: insn_place() and the
 * choice of its handler. */
void guest_insn_place(struct insn *insn, uint32_t pc);

static inline bool guest_insn_ends_block(const struct insn *insn) {
    switch ((enum op_class)op_table[insn->op].class) {
    case CLASS_BRANCH:
    case CLASS_JUMP:
    case CLASS_JUMP_REGISTER:
    case CLASS_SYSTEM:
        return true;
    default:
        return false;
    }
}

#endif
