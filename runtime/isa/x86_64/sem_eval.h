/* The primitives of x86-64's sem.h over numbers; those that every guest has are in ../sem_eval.h.
 * SSE's are in sse_eval.h, x87's in x87_eval.h.
 *
 * Registers     R8(n) (n: BYTE_REGISTER) R16 R32 R64 and WR8 WR16 WR32 WR64 (n, v): a 32-bit write
 *               clears the upper half, narrower ones keep the rest
 * Memory        ADDRESS() -> I64 of the operand; ADDRESS_PLUS(I64 distance); OFFSET_ADDRESS(I64):
 * with the instruction's segment and address size; LOAD8 LOAD16 LOAD32 LOAD64 (address), STORE8 ...
 * (address, value) Width         SX8_64 SX16_64 SX32_64 ZX8_64 ZX16_64 ZX32_64 (to I64; SX64_64 and
 * ZX64_64 too), TR8 TR16 TR32 TR64 (I64 -> narrower), BOOL8 (Bool -> I8) Flags         SET_SUB
 * SET_ADD SET_ADC SET_SBB (operands, then Bool carry), SET_LOGIC SET_INC SET_DEC SET_RESULT
 * (result, CF, OF), each with 8, 16, 32 or 64 appended; KEEP_OR_SET_RESULT and
 * KEEP_OR_SET_CARRY_OVERFLOW: only if the first operand is true; SET_CARRY(Bool), SET_FLAGS(I64
 * rflags bits); CONDITION(cc) CARRY() ZERO() -> Bool; RFLAGS() -> I64, WRITE_RFLAGS(I64);
 *               DIRECTION(0 or 1)
 * Helpers       RCL RCR (value, count, Bool carry) and their ..._CARRY, 8 to 64; MULHU MULHS 8 to
 * 64; DIVU128 REMU128 (high, low, divisor) and DIVS128 REMS128, DIVS128_OVERFLOWS; CRC32(I32 crc,
 * I64 data, bytes); CPUID(); CYCLES() Faults        DIVIDE_ERROR_IF(Bool); GENERAL_PROTECTION();
 * CHECK_ALIGNED16(address) CHECK_CANONICAL(address) Strings       STRING(operation, size): all of
 * the instruction or of a slice of it
 *
 * The includer defines, in addition to what ../sem_eval.h needs:
 *   EVAL_STRING(i, operation, size)   true when the instruction is done; else cpu.pc is set
 *   EVAL_RANGE(i, address, size, prot)   a pointer to guest memory, NULL after raising the fault
 *   EVAL_CYCLES()
 *   EVAL_MXCSR_WRITTEN()              the rounding mode may have changed */
#ifndef C2W_X86_64_SEM_EVAL_H
#define C2W_X86_64_SEM_EVAL_H

#include "../sem_eval.h"
#include "flags.h"
#include "helpers.h"

/* `form` and `segmented` are constants where the interpreter has a case for them. */
#undef SEM
#define SEM(name)                                                                                  \
    EVAL_INLINE void sem_##name(                                                                   \
        __attribute__((unused)) SEM_CONTEXT *c, __attribute__((unused)) const struct insn *i,      \
        __attribute__((unused)) unsigned form, __attribute__((unused)) bool segmented)

/* --- registers --- */

#define R8(n) (((const uint8_t *)EVAL_CPU.r)[n])
#define R16(n) ((I16)EVAL_CPU.r[n])
#define R32(n) ((I32)EVAL_CPU.r[n])
#define R64(n) (EVAL_CPU.r[n])
#define WR8(n, v) ((void)(((uint8_t *)EVAL_CPU.r)[n] = (v)))
#define WR16(n, v) ((void)(EVAL_CPU.r[n] = (EVAL_CPU.r[n] & ~(uint64_t)0xffff) | (I16)(v)))
#define WR32(n, v) ((void)(EVAL_CPU.r[n] = (I32)(v)))
#define WR64(n, v) ((void)(EVAL_CPU.r[n] = (v)))

EVAL_INLINE I64 SX8_64(I8 a) { return (I64)(int8_t)a; }
EVAL_INLINE I64 SX16_64(I16 a) { return (I64)(int16_t)a; }
EVAL_INLINE I64 SX32_64(I32 a) { return (I64)(int32_t)a; }
EVAL_INLINE I64 SX64_64(I64 a) { return a; }
EVAL_INLINE I64 ZX8_64(I8 a) { return a; }
EVAL_INLINE I64 ZX16_64(I16 a) { return a; }
EVAL_INLINE I64 ZX32_64(I32 a) { return a; }
EVAL_INLINE I64 ZX64_64(I64 a) { return a; }
EVAL_INLINE I8 TR8(I64 a) { return (I8)a; }
EVAL_INLINE I16 TR16(I64 a) { return (I16)a; }
EVAL_INLINE I32 TR32(I64 a) { return (I32)a; }
EVAL_INLINE I64 TR64(I64 a) { return a; }
EVAL_INLINE I8 BOOL8(Bool a) { return a; }

/* --- memory --- */

/* Segment and address size of an address that is not simply a sum. */
static __attribute__((noinline, unused)) uint64_t eval_segment(const struct cpu *cpu,
                                                               const struct insn *i,
                                                               uint64_t offset) {
    if (i->flags & INSN_ADDRESS32)
        offset = (uint32_t)offset;
    if (i->flags & INSN_FS)
        offset += cpu->r[REG_FS_BASE];
    if (i->flags & INSN_GS)
        offset += cpu->r[REG_GS_BASE];
    return offset;
}
#define OFFSET_ADDRESS(offset)                                                                     \
    (__builtin_expect(segmented, 0) ? eval_segment(&EVAL_CPU, i, offset) : (offset))
#define EVAL_SUM                                                                                   \
    (EVAL_CPU.r[i->base] + (EVAL_CPU.r[i->index] << i->scale) + (uint64_t)(int64_t)i->disp)
#define ADDRESS() ADDRESS_PLUS(0)
#define ADDRESS_PLUS(distance)                                                                     \
    (__builtin_expect(segmented, 0)                                                                \
         ? eval_segment(&EVAL_CPU, i,                                                              \
                        i->flags & INSN_ABSOLUTE64                                                 \
                            ? (uint64_t)(uint32_t)i->imm << 32 | (uint32_t)i->disp                 \
                            : EVAL_SUM + (distance))                                               \
         : EVAL_SUM + (distance))

#define LOAD8(address) EVAL_LOAD_AS(uint8_t, address, 0)
#define LOAD16(address) EVAL_LOAD_AS(uint16_t, address, 0)
#define LOAD32(address) EVAL_LOAD_AS(uint32_t, address, 0)
#define LOAD64(address) EVAL_LOAD_AS(uint64_t, address, 0)
#define STORE8(address, value) EVAL_STORE_AS(uint8_t, address, 0, value)
#define STORE16(address, value) EVAL_STORE_AS(uint16_t, address, 0, value)
#define STORE32(address, value) EVAL_STORE_AS(uint32_t, address, 0, value)
#define STORE64(address, value) EVAL_STORE_AS(uint64_t, address, 0, value)

/* --- flags --- */

#define EVAL_SET_FLAGS(kind, width, a, b)                                                          \
    ((void)(EVAL_CPU.flags_a = (a), EVAL_CPU.flags_b = (b),                                        \
            EVAL_CPU.flags_op = FLAGS_OP(kind, width)))
#define SET_SUB(W, a, b) EVAL_SET_FLAGS(FLAGS_SUB, W, SX##W##_64(a), SX##W##_64(b))
#define SET_ADD(W, a, b) EVAL_SET_FLAGS(FLAGS_ADD, W, SX##W##_64(a), SX##W##_64(b))
#define SET_ADC(W, a, b, carry) EVAL_SET_FLAGS(FLAGS_ADD + (carry), W, SX##W##_64(a), SX##W##_64(b))
#define SET_SBB(W, a, b, carry)                                                                    \
    EVAL_SET_FLAGS((carry) ? FLAGS_SUB_BORROW : FLAGS_SUB, W, SX##W##_64(a), SX##W##_64(b))
#define SET_LOGIC(W, result) EVAL_SET_FLAGS(FLAGS_SUB, W, SX##W##_64(result), 0)
#define SET_INC(W, result, carry) EVAL_SET_FLAGS(FLAGS_INC, W, SX##W##_64(result), carry)
#define SET_DEC(W, result, carry) EVAL_SET_FLAGS(FLAGS_DEC, W, SX##W##_64(result), carry)
#define SET_RESULT(W, result, carry, overflow)                                                     \
    EVAL_SET_FLAGS(FLAGS_RESULT, W, SX##W##_64(result),                                            \
                   ((carry) ? RFLAGS_CF : 0) | ((overflow) ? RFLAGS_OF : 0))
#define KEEP_OR_SET_RESULT(W, changed, result, carry, overflow)                                    \
    do {                                                                                           \
        if (changed)                                                                               \
            SET_RESULT(W, result, carry, overflow);                                                \
    } while (0)
#define EVAL_FLAGS_ARGUMENTS EVAL_CPU.flags_op, EVAL_CPU.flags_a, EVAL_CPU.flags_b
#define EVAL_CHANGE_FLAGS(mask, bits)                                                              \
    EVAL_SET_FLAGS(FLAGS_BITS, 64,                                                                 \
                   (flags_arithmetic(EVAL_FLAGS_ARGUMENTS) & ~(uint64_t)(mask)) | (bits), 0)
#define KEEP_OR_SET_CARRY_OVERFLOW(changed, carry, overflow)                                       \
    do {                                                                                           \
        if (changed)                                                                               \
            EVAL_CHANGE_FLAGS(RFLAGS_CF | RFLAGS_OF,                                               \
                              ((carry) ? RFLAGS_CF : 0) | ((overflow) ? RFLAGS_OF : 0));           \
    } while (0)
#define SET_CARRY(carry) EVAL_CHANGE_FLAGS(RFLAGS_CF, (carry) ? RFLAGS_CF : 0)
#define SET_FLAGS(bits) EVAL_SET_FLAGS(FLAGS_BITS, 64, bits, 0)
#define CARRY() flags_carry(EVAL_FLAGS_ARGUMENTS)
#define ZERO() flags_zero(EVAL_FLAGS_ARGUMENTS)
#define RFLAGS() rflags_read(&EVAL_CPU)
#define WRITE_RFLAGS(value) rflags_write(&EVAL_CPU, value)
#define DIRECTION(n) ((void)(EVAL_CPU.direction = (n)))

/* After a comparison or logic operation, the usual case, without looking at the width. */
#define CONDITION(cc)                                                                              \
    (__builtin_expect(FLAGS_KIND(EVAL_CPU.flags_op) == FLAGS_SUB, 1)                               \
         ? eval_condition_of_sub(cc, EVAL_FLAGS_ARGUMENTS)                                         \
         : flags_condition(cc, EVAL_FLAGS_ARGUMENTS))
EVAL_INLINE bool eval_condition_of_sub(enum condition cc, uint32_t op, uint64_t a, uint64_t b) {
    switch (cc) {
    case CC_B:
        return a < b;
    case CC_AE:
        return a >= b;
    case CC_E:
        return a == b;
    case CC_NE:
        return a != b;
    case CC_BE:
        return a <= b;
    case CC_A:
        return a > b;
    case CC_S:
        return (int64_t)((a - b) << (op & 63)) < 0;
    case CC_NS:
        return (int64_t)((a - b) << (op & 63)) >= 0;
    case CC_L:
        return (int64_t)a < (int64_t)b;
    case CC_GE:
        return (int64_t)a >= (int64_t)b;
    case CC_LE:
        return (int64_t)a <= (int64_t)b;
    case CC_G:
        return (int64_t)a > (int64_t)b;
    default:
        return flags_condition(cc, op, a, b);
    }
}

/* --- arithmetic --- */

EVAL_INLINE I8 MULHU8(I8 a, I8 b) { return (I8)((unsigned)a * b >> 8); }
EVAL_INLINE I16 MULHU16(I16 a, I16 b) { return (I16)((uint32_t)a * b >> 16); }
EVAL_INLINE I32 MULHU32(I32 a, I32 b) { return (I32)((I64)a * b >> 32); }
EVAL_INLINE I8 MULHS8(I8 a, I8 b) { return (I8)(((int8_t)a * (int8_t)b) >> 8); }
EVAL_INLINE I16 MULHS16(I16 a, I16 b) { return (I16)(((int16_t)a * (int16_t)b) >> 16); }
EVAL_INLINE I32 MULHS32(I32 a, I32 b) { return (I32)(((int64_t)(int32_t)a * (int32_t)b) >> 32); }

/* A rotation of width + 1 bits: the operand with the carry on top. */
#define EVAL_ROTATE_CARRY(W)                                                                       \
    EVAL_INLINE I64 eval_rotated##W(I64 a, unsigned left, Bool carry) {                            \
        I64 all = a | (I64)carry << W;                                                             \
        return left == 0 ? all : all << left | all >> (W + 1 - left);                              \
    }                                                                                              \
    EVAL_INLINE I##W RCL##W(I##W a, unsigned n, Bool carry) {                                      \
        return (I##W)eval_rotated##W(a, n % (W + 1), carry);                                       \
    }                                                                                              \
    EVAL_INLINE Bool RCL_CARRY##W(I##W a, unsigned n, Bool carry) {                                \
        return eval_rotated##W(a, n % (W + 1), carry) >> W & 1;                                    \
    }                                                                                              \
    EVAL_INLINE I##W RCR##W(I##W a, unsigned n, Bool carry) {                                      \
        return (I##W)eval_rotated##W(a, (W + 1 - n % (W + 1)) % (W + 1), carry);                   \
    }                                                                                              \
    EVAL_INLINE Bool RCR_CARRY##W(I##W a, unsigned n, Bool carry) {                                \
        return eval_rotated##W(a, (W + 1 - n % (W + 1)) % (W + 1), carry) >> W & 1;                \
    }
EVAL_ROTATE_CARRY(8)
EVAL_ROTATE_CARRY(16)
EVAL_ROTATE_CARRY(32)
#undef EVAL_ROTATE_CARRY
EVAL_INLINE I64 RCL64(I64 a, unsigned n, Bool carry) {
    return n == 0 ? a : a << n | (I64)carry << (n - 1) | (n > 1 ? a >> (65 - n) : 0);
}
EVAL_INLINE Bool RCL_CARRY64(I64 a, unsigned n, Bool carry) {
    return n == 0 ? carry : a >> (64 - n) & 1;
}
EVAL_INLINE I64 RCR64(I64 a, unsigned n, Bool carry) {
    return n == 0 ? a : a >> n | (I64)carry << (64 - n) | (n > 1 ? a << (65 - n) : 0);
}
EVAL_INLINE Bool RCR_CARRY64(I64 a, unsigned n, Bool carry) {
    return n == 0 ? carry : a >> (n - 1) & 1;
}

#define DIVU128 x86_divu128
#define REMU128 x86_remu128
#define DIVS128 x86_divs128
#define REMS128 x86_rems128
#define DIVS128_OVERFLOWS x86_divs128_overflows
#define CRC32 x86_crc32
#define CPUID() x86_cpuid(&EVAL_CPU)
#define CYCLES() EVAL_CYCLES()

/* --- control, faults, system --- */

#define EVAL_SIGFPE 8
#define EVAL_SIGSEGV 11
#define EVAL_FPE_INTDIV 1
#define EVAL_SI_KERNEL 0x80

#define DIVIDE_ERROR_IF(condition)                                                                 \
    do {                                                                                           \
        if (__builtin_expect(condition, 0))                                                        \
            EVAL_FAULT(EVAL_SIGFPE, EVAL_FPE_INTDIV, PC_CONST);                                    \
    } while (0)
#define GENERAL_PROTECTION() EVAL_FAULT(EVAL_SIGSEGV, EVAL_SI_KERNEL, 0)
#define CHECK_ALIGNED16(address)                                                                   \
    do {                                                                                           \
        if (__builtin_expect((address) & 15, 0))                                                   \
            GENERAL_PROTECTION();                                                                  \
    } while (0)
/* What jumps check before they change anything. */
#define CHECK_CANONICAL(address)                                                                   \
    do {                                                                                           \
        if (__builtin_expect(!insn_canonical(address), 0))                                         \
            GENERAL_PROTECTION();                                                                  \
    } while (0)
#define EVAL_ILLEGAL_CODE 2 /* ILL_ILLOPN */
#define ILLEGAL() EVAL_FAULT(EVAL_SIGILL, EVAL_ILLEGAL_CODE, PC_CONST)
/* Reported with the address behind it. */
#define TRAP()                                                                                     \
    (EVAL_RAISE(i, EVAL_SIGTRAP, EVAL_SI_KERNEL, 0), EVAL_CPU.pc = NEXT_PC_CONST,                  \
     (void)(c->stop = true))
#define SYSCALL() (EVAL_SYSCALL(i), (void)(c->stop = true))

#define STRING(operation, size)                                                                    \
    do {                                                                                           \
        if (!EVAL_STRING(i, operation, size)) {                                                    \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* `pointer` becomes the guest memory that a helper reads or writes as a whole. */
#define RANGE(pointer, address, size, prot)                                                        \
    pointer = EVAL_RANGE(i, address, size, prot);                                                  \
    do {                                                                                           \
        if (!(pointer)) {                                                                          \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define FXSAVE(address, wide)                                                                      \
    do {                                                                                           \
        uint8_t *RANGE(area, address, X86_FXSAVE_SIZE, PAGE_WRITE);                                \
        x86_fxsave(&EVAL_CPU, area, wide);                                                         \
    } while (0)
#define FXRSTOR(address, wide)                                                                     \
    do {                                                                                           \
        const uint8_t *RANGE(area, address, X86_FXSAVE_SIZE, PAGE_READ);                           \
        if (!x86_fxrstor(&EVAL_CPU, area, wide))                                                   \
            GENERAL_PROTECTION();                                                                  \
        EVAL_MXCSR_WRITTEN();                                                                      \
    } while (0)

/* Bytes of value where the top bits of the bytes of mask are set.  Nothing is written and no fault
 * raised where none is. */
#define STORE_BYTES(address, value, mask, size)                                                    \
    do {                                                                                           \
        V128 eval_mask = (mask), eval_bytes = (value);                                             \
        uint64_t eval_at = (address);                                                              \
        if (vector_pmovmskb(eval_mask, size) == 0)                                                 \
            return;                                                                                \
        unsigned eval_bits = (unsigned)vector_pmovmskb(eval_mask, size);                           \
        unsigned eval_first = (unsigned)__builtin_ctz(eval_bits);                                  \
        unsigned eval_last = 31 - (unsigned)__builtin_clz(eval_bits);                              \
        uint8_t *RANGE(eval_area, eval_at + eval_first, eval_last - eval_first + 1, PAGE_WRITE);   \
        for (unsigned n = eval_first; n <= eval_last; n++) {                                       \
            if (eval_bits >> n & 1)                                                                \
                eval_area[n - eval_first] = eval_bytes.u8[n];                                      \
        }                                                                                          \
    } while (0)

#include "x87_eval.h"

#include "sse_eval.h"

#endif
