/* The lazy arithmetic flags in the CPU state: cpu.flags_op says how cpu.flags_a and flags_b give
 * CF, PF, AF, ZF, SF and OF.  Interpreter and lifted code write this format; both read it here.
 *
 * flags_op = kind << 6 | (64 - operand width).  Operands and results are sign-extended from the
 * width to 64 bits: then comparisons after a subtraction do not depend on the width, and what does
 * is found by shifting the operands to the top of the 64 bits. */
#ifndef C2W_X86_64_FLAGS_H
#define C2W_X86_64_FLAGS_H

#include "../state.h"
#include "insn.h"

enum flags_kind {
    FLAGS_BITS,       /* a: the bits as in rflags, and no others */
    FLAGS_SUB,        /* a - b; logic operations are result - 0 */
    FLAGS_ADD,        /* a + b */
    FLAGS_ADD_CARRY,  /* a + b + 1 */
    FLAGS_SUB_BORROW, /* a - b - 1 */
    FLAGS_INC,        /* a: the result, b: CF from before */
    FLAGS_DEC,        /* likewise */
    FLAGS_RESULT,     /* a: the result, b: CF, AF and OF as in rflags */
};
#define FLAGS_OP(kind, width) ((uint32_t)(kind) << 6 | (64 - (width)))
#define FLAGS_KIND(op) ((enum flags_kind)((op) >> 6))

#define FLAGS_INLINE static inline __attribute__((always_inline, unused))

/* PF: the low eight bits have an even number of ones. */
FLAGS_INLINE bool flags_parity_even(uint64_t value) {
    unsigned folded = (uint8_t)value ^ (uint8_t)value >> 4;
    return !(0x6996 >> (folded & 15) & 1);
}

/* The value whose sign, zeroness and low byte give SF, ZF and PF: the result, in the low bits. */
FLAGS_INLINE uint64_t flags_result(uint32_t op, uint64_t a, uint64_t b) {
    switch (FLAGS_KIND(op)) {
    case FLAGS_SUB:
        return a - b;
    case FLAGS_ADD:
        return a + b;
    case FLAGS_ADD_CARRY:
        return a + b + 1;
    case FLAGS_SUB_BORROW:
        return a - b - 1;
    default:
        return a;
    }
}

FLAGS_INLINE bool flags_carry(uint32_t op, uint64_t a, uint64_t b) {
    unsigned shift = op & 63;
    switch (FLAGS_KIND(op)) {
    case FLAGS_BITS:
        return a & RFLAGS_CF;
    case FLAGS_SUB:
        return a < b;
    case FLAGS_ADD:
        return (a + b) << shift < a << shift;
    case FLAGS_ADD_CARRY:
        return (a + b + 1) << shift <= a << shift;
    case FLAGS_SUB_BORROW:
        return a <= b;
    default:
        return b & RFLAGS_CF;
    }
}

FLAGS_INLINE bool flags_overflow(uint32_t op, uint64_t a, uint64_t b) {
    unsigned shift = op & 63;
    uint64_t result = flags_result(op, a, b);
    switch (FLAGS_KIND(op)) {
    case FLAGS_BITS:
        return a & RFLAGS_OF;
    case FLAGS_SUB:
    case FLAGS_SUB_BORROW:
        return ((a ^ b) & (a ^ result)) << shift >> 63;
    case FLAGS_ADD:
    case FLAGS_ADD_CARRY:
        return ((a ^ result) & (b ^ result)) << shift >> 63;
    case FLAGS_INC:
        return a << shift == (uint64_t)1 << 63;
    case FLAGS_DEC:
        return (a + 1) << shift == (uint64_t)1 << 63;
    default:
        return b & RFLAGS_OF;
    }
}

FLAGS_INLINE bool flags_adjust(uint32_t op, uint64_t a, uint64_t b) {
    switch (FLAGS_KIND(op)) {
    case FLAGS_BITS:
        return a & RFLAGS_AF;
    case FLAGS_INC:
        return (a & 15) == 0;
    case FLAGS_DEC:
        return (a & 15) == 15;
    case FLAGS_RESULT:
        return b & RFLAGS_AF;
    default:
        return (a ^ b ^ flags_result(op, a, b)) & 16;
    }
}

FLAGS_INLINE bool flags_zero(uint32_t op, uint64_t a, uint64_t b) {
    return FLAGS_KIND(op) == FLAGS_BITS ? (a & RFLAGS_ZF) != 0
                                        : flags_result(op, a, b) << (op & 63) == 0;
}
FLAGS_INLINE bool flags_sign(uint32_t op, uint64_t a, uint64_t b) {
    return FLAGS_KIND(op) == FLAGS_BITS ? (a & RFLAGS_SF) != 0
                                        : flags_result(op, a, b) << (op & 63) >> 63;
}
FLAGS_INLINE bool flags_parity(uint32_t op, uint64_t a, uint64_t b) {
    return FLAGS_KIND(op) == FLAGS_BITS ? (a & RFLAGS_PF) != 0
                                        : flags_parity_even(flags_result(op, a, b));
}

/* All six, as in rflags. */
static inline uint64_t flags_arithmetic(uint32_t op, uint64_t a, uint64_t b) {
    if (FLAGS_KIND(op) == FLAGS_BITS)
        return a;
    return (flags_carry(op, a, b) ? RFLAGS_CF : 0) | (flags_parity(op, a, b) ? RFLAGS_PF : 0) |
           (flags_adjust(op, a, b) ? RFLAGS_AF : 0) | (flags_zero(op, a, b) ? RFLAGS_ZF : 0) |
           (flags_sign(op, a, b) ? RFLAGS_SF : 0) | (flags_overflow(op, a, b) ? RFLAGS_OF : 0);
}

/* The condition code for any kind. */
static __attribute__((noinline, unused)) bool flags_condition(enum condition cc, uint32_t op,
                                                              uint64_t a, uint64_t b) {
    bool value = false;
    switch (cc & ~1u) {
    case CC_O:
        value = flags_overflow(op, a, b);
        break;
    case CC_B:
        value = flags_carry(op, a, b);
        break;
    case CC_E:
        value = flags_zero(op, a, b);
        break;
    case CC_BE:
        value = flags_carry(op, a, b) || flags_zero(op, a, b);
        break;
    case CC_S:
        value = flags_sign(op, a, b);
        break;
    case CC_P:
        value = flags_parity(op, a, b);
        break;
    case CC_L:
        value = flags_sign(op, a, b) != flags_overflow(op, a, b);
        break;
    case CC_LE:
        value = flags_zero(op, a, b) || flags_sign(op, a, b) != flags_overflow(op, a, b);
        break;
    }
    return value != (cc & 1);
}

/* Bits of rflags that user mode can change by popf, and those it sees. */
#define RFLAGS_OTHER (RFLAGS_NT | RFLAGS_AC | RFLAGS_ID)

/* The whole register, for pushf, system calls and signal frames. */
static inline uint64_t rflags_read(const struct cpu *cpu) {
    return flags_arithmetic(cpu->flags_op, cpu->flags_a, cpu->flags_b) |
           (cpu->direction ? RFLAGS_DF : 0) | (cpu->other_flags & RFLAGS_OTHER) | RFLAGS_FIXED |
           RFLAGS_IF;
}

/* Sets what user mode may set; single-stepping (TF) is not supported. */
static inline void rflags_write(struct cpu *cpu, uint64_t value) {
    cpu->flags_op = FLAGS_OP(FLAGS_BITS, 64);
    cpu->flags_a = value & RFLAGS_ARITHMETIC;
    cpu->flags_b = 0;
    cpu->direction = (value & RFLAGS_DF) != 0;
    cpu->other_flags = (uint32_t)value & RFLAGS_OTHER;
}

#endif
