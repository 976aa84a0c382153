/* What the passes of discovery ask about the guest's instructions: one implementation for each
 * guest, in control_GUEST.c and jump_table_GUEST.c. */
#ifndef C2W_TRANSLATOR_ISA_H
#define C2W_TRANSLATOR_ISA_H

#include "internal.h"

/* Values of integer registers that a straight piece of code computes from its own constants. */
struct constants {
    uint32_t known; /* bit r: value[r] is valid */
    uint64_t value[32];
};
void constants_clear(struct constants *constants);
/* Follows one instruction at an address. */
void constants_step(struct constants *constants, const struct insn *insn, uint32_t address);
/* Whether the instruction, which constants_step has just followed, makes an address that may be one
 * of code. */
bool insn_takes_address(const struct insn *insn, const struct constants *constants,
                        uint32_t *address);
/* The address of data that an instruction names: by its result, which constants_step has just
 * followed, or by a memory operand, to which an index may be added. */
bool insn_names_data(const struct insn *insn, const struct constants *constants,
                     uint32_t *address);
/* The register that an instruction gives a value which constants_step may know, or -1. */
int insn_result(const struct insn *insn);

/* What follows an instruction. */
enum control_kind {
    CONTROL_NONE,    /* the next one */
    CONTROL_BRANCH,  /* the target or the next one */
    CONTROL_JUMP,    /* the target */
    CONTROL_CALL,    /* the target, with the next one as return address */
    CONTROL_SYSCALL, /* the next one, which starts a block */
    CONTROL_STOP,    /* nothing that discovery follows: the interpreter's */
};
enum control_kind insn_control(const struct insn *insn);

struct jump_target {
    bool is_known;
    uint32_t address;
    bool is_return;  /* through the register or stack slot that holds return addresses */
    bool may_return; /* a return unless a jump table is found */
    bool is_slot;    /* through a memory location of its own, as in a PLT: no jump table */
};
/* Where a branch, jump or call at an address leads. */
struct jump_target insn_target(const struct insn *insn, uint32_t address,
                               const struct constants *constants);
/* A conditional branch that compares unsigned numbers: the bounds check of a jump table. */
bool insn_checks_bound(const struct insn *insn);

/* Bits that an indirect jump takes from its operand. */
#if defined(C2W_GUEST_RISCV64)
#define JUMP_TARGET_MASK (~(uint64_t)1)
#else
#define JUMP_TARGET_MASK (~(uint64_t)0)
#endif

/* What an instruction does with the arithmetic flags as one value. */
enum flag_use { FLAGS_UNTOUCHED, FLAGS_READ, FLAGS_WRITTEN };
enum flag_use insn_flag_use(const struct insn *insn);

/* Whether a function, given as its blocks, reads the sticky exception flags of floating point. */
bool reads_exception_flags(struct arena *arena, const struct block *const *blocks, size_t count);

#endif
