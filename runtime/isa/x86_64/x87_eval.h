/* The primitives of sem_x87.h over numbers; included by sem_eval.h.
 *
 * X87_WAIT()            leaves with the fault (SIGFPE) of a pending unmasked exception
 * X87_ON_STACK(escape, modrm)             an instruction between registers, which waits if it does
 * X87_ON_MEMORY(escape, modrm, I64 address)  an instruction with a memory operand, likewise
 * X87_COMPARE_FLAGS(escape, modrm) -> I64 the bits of rflags that FCOMI and its relatives give
 * X87_CONDITIONAL_MOVE(i, Bool)           ST(i) to ST(0)
 * X87_STATUS() -> I16
 *
 * The includer of sem_eval.h has EVAL_RANGE(), as there. */
#ifndef C2W_X86_64_X87_EVAL_H
#define C2W_X86_64_X87_EVAL_H

#include "../state.h"
#include "x87.h"

/* The unit's part of the CPU state. */
#define X87_FIELD(field, member)                                                                   \
    _Static_assert(offsetof(struct cpu, field) - offsetof(struct cpu, st) ==                       \
                       offsetof(struct x87, member),                                               \
                   "struct x87 is a part of struct cpu")
X87_FIELD(st, significand);
X87_FIELD(st_exponent, sign_exponent);
X87_FIELD(fpu_control, control);
X87_FIELD(fpu_status, status);
X87_FIELD(fpu_valid, occupied);
X87_FIELD(fpu_opcode, opcode);
X87_FIELD(fpu_pc, ip);
X87_FIELD(fpu_operand, dp);
#undef X87_FIELD
static inline struct x87 *x87_of(struct cpu *cpu) { return (struct x87 *)cpu->st; }

#define EVAL_X87 x87_of(&EVAL_CPU)
#define EVAL_X87_FAULT() EVAL_FAULT(EVAL_SIGFPE, x87_fault_code(EVAL_X87), PC_CONST)

#define X87_WAIT()                                                                                 \
    do {                                                                                           \
        if (__builtin_expect(x87_pending(EVAL_X87), 0))                                            \
            EVAL_X87_FAULT();                                                                      \
    } while (0)
#define X87_ON_STACK(escape, modrm)                                                                \
    do {                                                                                           \
        if (__builtin_expect(x87_pending(EVAL_X87), 0) && x87_waits(escape, modrm))                \
            EVAL_X87_FAULT();                                                                      \
        x87_operate(EVAL_X87, escape, modrm);                                                      \
    } while (0)
#define EVAL_NARROW ((i->flags & INSN_SIZE) != 0)
#define X87_ON_MEMORY(escape, modrm, address)                                                      \
    do {                                                                                           \
        if (__builtin_expect(x87_pending(EVAL_X87), 0) && x87_waits(escape, modrm))                \
            EVAL_X87_FAULT();                                                                      \
        const struct x87_operand x87_size = x87_operand_size(escape, modrm, EVAL_NARROW);          \
        uint8_t *RANGE(x87_memory_operand, address, x87_size.load + x87_size.store,                \
                       x87_size.store ? PAGE_WRITE : PAGE_READ);                                   \
        x87_memory(EVAL_X87, escape, modrm, EVAL_NARROW, x87_memory_operand);                      \
    } while (0)
#define X87_COMPARE_FLAGS(escape, modrm) x87_compare_flags(EVAL_X87, escape, modrm)
#define X87_CONDITIONAL_MOVE(n, condition) x87_conditional_move(EVAL_X87, n, condition)
#define X87_STATUS() (EVAL_X87->status)

#endif
