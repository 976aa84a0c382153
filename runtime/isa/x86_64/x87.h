/* The x87 unit: its registers, and its instructions (Intel SDM volume 1 chapter 8, volume 2).
 *
 * An instruction is named by its escape byte (0xd8 to 0xdf) and its ModRM byte.  The caller looks
 * for pending exceptions before instructions that wait, checks access to memory operands, and owns
 * everything outside the unit. */
#ifndef C2W_X87_H
#define C2W_X87_H

#include "floatx80.h"

struct x87 {
    uint64_t significand[8];   /* of registers R0 to R7, not relative to the top; MM0 to MM7 */
    uint16_t sign_exponent[8]; /* ones after MMX instructions wrote the register */
    uint16_t control;
    uint16_t status;   /* with the top of stack in bits 11 to 13 */
    uint16_t occupied; /* bit n: Rn is not empty (the tag byte of FXSAVE) */
    uint16_t opcode;   /* with ip and dp: as loaded; instructions do not record themselves */
    uint64_t ip, dp;
};

/* Control word after FNINIT and at the start of a process. */
#define X87_CONTROL_INITIAL 0x37f

void x87_initialise(struct x87 *x87); /* FNINIT */

/* Whether an encoding exists (else the invalid-opcode fault), and whether it first waits: raises
 * #MF (SIGFPE, the instruction not executed) if x87_pending(). */
bool x87_defined(unsigned escape, unsigned modrm);
bool x87_waits(unsigned escape, unsigned modrm);
/* The si_code of that signal (FPE_FLTINV and so on). */
int x87_fault_code(const struct x87 *x87);
static inline bool x87_pending(const struct x87 *x87) { return x87->status & X87_ERROR_SUMMARY; }

/* Instructions between registers, ModRM from 0xc0, except those below. */
void x87_operate(struct x87 *x87, unsigned escape, unsigned modrm);
/* FCOMI, FCOMIP, FUCOMI, FUCOMIP: the bits ZF, PF and CF of rflags; the others become 0. */
uint32_t x87_compare_flags(struct x87 *x87, unsigned escape, unsigned modrm);
/* FCMOVcc from ST(modrm & 7), when its condition holds or not. */
void x87_conditional_move(struct x87 *x87, unsigned modrm, bool condition);
/* FNSTSW AX is x87->status. */

/* Instructions with a memory operand.  `narrow`: operand size 16 of FNSTENV, FLDENV, FNSAVE and
 * FRSTOR. */
#define X87_OPERAND_MAX 108
struct x87_operand {
    uint8_t load, store; /* bytes that are read or written */
};
struct x87_operand x87_operand_size(unsigned escape, unsigned modrm, bool narrow);
/* `operand` may be unaligned. */
void x87_memory(struct x87 *x87, unsigned escape, unsigned modrm, bool narrow, uint8_t *operand);

/* The first 160 bytes of an FXSAVE image with 64-bit pointers, without MXCSR (bytes 24 to 31, which
 * neither function touches). */
#define X87_FXSAVE_SIZE 160
void x87_save(const struct x87 *x87, uint8_t image[X87_FXSAVE_SIZE]);
void x87_restore(struct x87 *x87, const uint8_t image[X87_FXSAVE_SIZE]);

/* What MMX instructions do to the unit beside writing significand[n]: before each of them, and for
 * each register written. */
static inline void x87_enter_mmx(struct x87 *x87) {
    x87->status &= (uint16_t)~0x3800;
    x87->occupied = 0xff;
}
static inline void x87_write_mmx(struct x87 *x87, unsigned n, uint64_t value) {
    x87->significand[n] = value;
    x87->sign_exponent[n] = 0xffff;
}

#endif
