/* Decoded x86-64 instructions (Intel SDM volume 2; level x86-64-v2).  Both decoders produce struct
 * insn: the runtime's own (insn.c, driven by encodings.def) and the translator's, which uses
 * capstone.
 *
 * The destination operand is memory if FORM_MEMORY_DST, otherwise register `reg`; the source is the
 * immediate if FORM_IMMEDIATE, memory if FORM_MEMORY_SRC, otherwise register `rm`.  An operation
 * that reads its destination or does not have one of the two says so in its semantics only. */
#ifndef C2W_X86_64_INSN_H
#define C2W_X86_64_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op {
    OP_illegal, /* no instruction; never the result of a decoder */
#define OP(id, mnemonic, class, attributes) OP_##id,
#include "ops.def"
#undef OP
    OP_COUNT
};

enum op_class {
    CLASS_PLAIN,  /* goes on behind the instruction, unless it faults */
    CLASS_BRANCH, /* to pc + len + imm or behind the instruction; JUMP: always the first */
    CLASS_JUMP,
    CLASS_JUMP_REGISTER, /* to an address from a register or memory */
    CLASS_SYSTEM,        /* a system call or trap */
};

enum op_attribute {
    UNDEFINED_FLAGS = 0xff, /* in bits 7:0 these of CF PF AF ZF SF, OF as bit 5 */
    ATTRIBUTE_LOCK = 0x100, /* takes the lock prefix when its destination is memory */
};
/* Undefined after the operation, as the SDM says; the test generator masks them. */
#define U_CF 0x01
#define U_PF 0x04
#define U_AF 0x10
#define U_OF 0x20
#define U_ZF 0x40
#define U_SF 0x80

/* One row of ops.def; index by enum op (row 0 is OP_illegal). */
struct op_info {
    const char *mnemonic;
    uint16_t attributes;
    uint8_t class; /* enum op_class */
};
extern const struct op_info op_table[OP_COUNT];

/* cpu.r[] */
enum reg {
    REG_RAX,
    REG_RCX,
    REG_RDX,
    REG_RBX,
    REG_RSP,
    REG_RBP,
    REG_RSI,
    REG_RDI,
    REG_R8,
    REG_R11 = 11,
    REG_R15 = 15,
    REG_ZERO,    /* 0: no base, no index */
    REG_4GIB,    /* 2^32: addresses from the instruction pointer that `disp` alone cannot reach */
    REG_FS_BASE, /* as index of an address with fs: */
    REG_GS_BASE,
    REG_COUNT,
    REG_RIP = REG_COUNT, /* only before insn_place() */
};
/* 8-bit register operands are the offset of their byte in cpu.r[]. */
#define BYTE_REGISTER(number, high) ((uint8_t)((number) * 8 + (high)))

enum form {
    FORM_REGISTERS = 0,
    FORM_MEMORY_SRC = 1,
    FORM_MEMORY_DST = 2,
    FORM_IMMEDIATE = 4, /* alone or with FORM_MEMORY_DST */
    FORM_COUNT = 7,
};
#define FORM_MEMORY (FORM_MEMORY_SRC | FORM_MEMORY_DST)

enum insn_flag {
    INSN_ADDRESS32 = 1, /* the address is cut to 32 bits before the segment base is added */
    INSN_FS = 2,        /* segment override that is not REG_FS_BASE as index */
    INSN_GS = 4,
    INSN_ABSOLUTE64 = 8, /* the address is imm << 32 | disp */
    INSN_LOCK = 16,
    INSN_SIZE = 32, /* REX.W of pcmpestri and pcmpestrm, operand size 16 of x87 environments */
};
#define INSN_ADDRESS_FLAGS (INSN_ADDRESS32 | INSN_FS | INSN_GS | INSN_ABSOLUTE64)

enum repeat { REPEAT_NONE, REPEAT_EQUAL /* rep, repe */, REPEAT_NOT_EQUAL };

/* Condition codes in encoding order: an odd one is the negation of the one before. */
enum condition {
    CC_O,
    CC_NO,
    CC_B,
    CC_AE,
    CC_E,
    CC_NE,
    CC_BE,
    CC_A,
    CC_S,
    CC_NS,
    CC_P,
    CC_NP,
    CC_L,
    CC_GE,
    CC_LE,
    CC_G,
};

struct insn {
    uint16_t op;      /* enum op */
    uint16_t handler; /* the interpreter's */
    uint8_t len;      /* bytes: 1..15 */
    uint8_t form;     /* enum form */
    uint8_t reg, rm;
    uint8_t base, index, scale; /* address = r[base] + (r[index] << scale) + disp */
    uint8_t flags : 6;          /* enum insn_flag */
    uint8_t repeat : 2;         /* of string instructions */
    int32_t disp;
    int32_t imm; /* sign-extended immediate or distance from the next instruction; the upper half of
                    mov_imm64's, whose lower one is disp */
    uint32_t pc; /* address of the instruction */
};
_Static_assert(sizeof(struct insn) == 24, "struct insn is packed for the interpreter");

#define INSN_MAX_LENGTH 15
/* Addresses of instructions are multiples of it. */
#define INSN_ALIGNMENT 1

/* Decodes the instruction at bytes; false when it is illegal, longer than `available` or not part
 * of the level.  An address relative to the instruction pointer has base REG_RIP and, as in the
 * instruction, disp relative to its end. */
bool insn_decode(const uint8_t *bytes, size_t available, struct insn *insn);

/* Puts the instruction at pc: sets insn->pc and makes a REG_RIP address absolute. */
void insn_place(struct insn *insn, uint32_t pc);

/* Addresses have 48 bits, sign-extended; others are faults of their own. */
static inline bool insn_canonical(uint64_t address) {
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}
/* Whether a fault is one of the stack segment, which an instruction uses by its base register or
 * implicitly; `at_top`: where the stack pointer points cannot be accessed. */
bool insn_uses_stack(const struct insn *insn, bool at_top);

/* Whether the bytes, which do not decode, are the beginning of a longer instruction. */
bool insn_is_incomplete(const uint8_t *bytes, size_t available);

/* Writes text ("add32 r0, [r3+r4*4+16]") for messages; returns the length. */
size_t insn_format(const struct insn *insn, char *to, size_t size);

#define RFLAGS_CF 0x001u
#define RFLAGS_FIXED 0x002u
#define RFLAGS_PF 0x004u
#define RFLAGS_AF 0x010u
#define RFLAGS_ZF 0x040u
#define RFLAGS_SF 0x080u
#define RFLAGS_TF 0x100u
#define RFLAGS_IF 0x200u
#define RFLAGS_DF 0x400u
#define RFLAGS_OF 0x800u
#define RFLAGS_NT 0x4000u
#define RFLAGS_AC 0x40000u
#define RFLAGS_ID 0x200000u
#define RFLAGS_ARITHMETIC (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

#define MXCSR_EXCEPTIONS 0x3fu
#define MXCSR_DAZ 0x40u
#define MXCSR_MASKS 0x1f80u
#define MXCSR_MASK_SHIFT 7
#define MXCSR_ROUNDING 0x6000u
#define MXCSR_ROUNDING_SHIFT 13
#define MXCSR_FTZ 0x8000u
#define MXCSR_VALID 0xffffu
#define MXCSR_DEFAULT 0x1f80u
#define FPU_CONTROL_DEFAULT 0x37fu

#endif
