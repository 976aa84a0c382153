/* Decoded RISC-V instructions.  Both decoders produce struct insn: the runtime's own (insn.c) and
 * the translator's, which uses capstone.  A compressed instruction is the uncompressed one with
 * len 2. */
#ifndef C2W_INSN_H
#define C2W_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op {
    OP_illegal, /* no instruction; never the result of a decoder */
#define OP(id, mnemonic, form, match, mask, class) OP_##id,
#include "ops.def"
#undef OP
    OP_COUNT
};

enum op_form {
    FORM_R,
    FORM_UNARY,
    FORM_I,
    FORM_SHIFT6,
    FORM_SHIFT5,
    FORM_S,
    FORM_B,
    FORM_U,
    FORM_J,
    FORM_NONE,
    FORM_FENCE,
    FORM_CSR,
    FORM_CSRI,
    FORM_LR,
    FORM_AMO,
    FORM_FP_LOAD,
    FORM_FP_STORE,
    FORM_FP_R,
    FORM_FP_COMPARE,
    FORM_FP_TO_INT,
    FORM_FP_FROM_INT,
    FORM_FP_R_RM,
    FORM_FP_R4_RM,
    FORM_FP_UNARY_RM,
    FORM_FP_TO_INT_RM,
    FORM_FP_FROM_INT_RM,
};

enum op_class {
    CLASS_INTEGER,
    CLASS_LOAD,
    CLASS_STORE,
    CLASS_BRANCH,
    CLASS_JUMP,
    CLASS_JUMP_REGISTER,
    CLASS_SYSTEM,
    CLASS_CSR,
    CLASS_FENCE,
    CLASS_ATOMIC,
    CLASS_FP,
    CLASS_FP_ROUNDED,
};

/* One row of ops.def; index by enum op (row 0 is OP_illegal). */
struct op_info {
    const char *mnemonic;
    uint32_t match, mask;
    uint8_t form, class; /* enum op_form, enum op_class */
};
extern const struct op_info op_table[OP_COUNT];

#define INSN_SINK 32       /* rd of an integer destination x0: cpu.x[32] takes the value */
#define ROUNDING_DYNAMIC 7 /* rm: use cpu.frm */
#define CSR_FFLAGS 0x001
#define CSR_FRM 0x002
#define CSR_FCSR 0x003
#define CSR_CYCLE 0xc00
#define CSR_TIME 0xc01
#define CSR_INSTRET 0xc02

struct insn {
    uint16_t op; /* enum op */
    uint8_t len; /* bytes: 2 or 4 */
    uint8_t rd, rs1, rs2, rs3;
    uint8_t rm;  /* rounding mode, or aq << 1 | rl */
    int32_t imm; /* sign-extended immediate, shift amount or CSR number */
    union {
        uint32_t raw; /* what a decoder leaves: the instruction's 16 or 32 bits */
        uint32_t pc;  /* in the interpreter's decoded blocks: its address */
    };
};
_Static_assert(sizeof(struct insn) == 16, "struct insn is packed for the interpreter");

/* Fills the operands of `op` from a 32-bit word (FORM of ops.def).  False when a field has a
 * reserved value (rounding modes 5 and 6). */
bool insn_extract(enum op op, uint32_t word, struct insn *insn);

#define INSN_MAX_LENGTH 4
/* Addresses of instructions are multiples of it. */
#define INSN_ALIGNMENT 2

/* Decodes the instruction at bytes; false when it is illegal or longer than `available`. */
bool insn_decode(const uint8_t *bytes, size_t available, struct insn *insn);

/* Whether the bytes, which do not decode, are the beginning of a longer instruction. */
bool insn_is_incomplete(const uint8_t *bytes, size_t available);

/* Writes assembler-like text ("addi x10, x2, -16"; jump targets as distances) for messages; returns
 * the length. */
size_t insn_format(const struct insn *insn, char *to, size_t size);

#endif
