/* The primitives of RISC-V's sem.h over numbers; those that every guest has are in ../sem_eval.h.
 *
 * Registers     X(n) WX(n, v) integer; FRAW(n) WFRAW(n, v) raw float register;
 *               FS(n) WFS(n, v) single, NaN-boxed (not properly boxed reads as the canonical NaN);
 *               FD(n) WFD(n, v) double
 * Memory        LOAD8U LOAD8S LOAD16U LOAD16S LOAD32U LOAD32S LOAD64 (I64 base, int32_t disp) ->
 *               I64; STORE8 STORE16 STORE32 STORE64 (base, disp, I64 value); any alignment;
 *               CHECK_ALIGNED(address, size) faults (SIGBUS) when misaligned
 * Reservation   RESERVE(address, value), RESERVED(address, I64 in memory) -> Bool, UNRESERVE()
 * System        ECALL() EBREAK() FENCE() FENCE_I() ILLEGAL(); CSR_READ(n) -> I64, CSR_WRITE(n, v)
 * Float, exact  FMIN FMAX (a number wins over NaN, -0 < +0), FEQ FLT FLE -> Bool, FCLASS -> I64,
 *               32/64; F32_TO_F64(a)
 * Float, rounded by rm (0-4, 7 = cpu.frm; known when decoding)
 *               ROUNDING(rm): illegal instruction when rm is 7 and cpu.frm is not a mode;
 *               FADD FSUB FMUL FDIV (a, b, rm), FSQRT(a, rm), FMADD(a, b, c, rm) = a * b + c,
 * 32/64; F64_TO_F32(a, rm); F32_TO_I32 F32_TO_U32 F32_TO_I64 F32_TO_U64 (a, rm) and F64_...
 *               (saturating, NaN is the largest); I32_TO_F32 U32_TO_F32 I64_TO_F32 U64_TO_F32 (a,
 * rm) and ..._TO_F64.  A NaN result is the canonical one.  Exceptions accumulate in cpu.fflags.
 *
 * The includer defines, in addition to what ../sem_eval.h needs:
 *   EVAL_FENCE_I()          code may have changed
 *   EVAL_CSR_READ(i, n), EVAL_CSR_WRITE(i, n, v)   like EVAL_LOAD and EVAL_STORE */
#ifndef C2W_RISCV64_SEM_EVAL_H
#define C2W_RISCV64_SEM_EVAL_H

#include "../fast_float.h"
#include "../sem_eval.h"

/* --- registers --- */

#define X(n) (EVAL_CPU.x[n])
#define WX(n, v) ((void)(EVAL_CPU.x[n] = (v)))
#define FRAW(n) (EVAL_CPU.f[n])
#define WFRAW(n, v) ((void)(EVAL_CPU.f[n] = (v)))
#define FS(n) eval_unbox(EVAL_CPU.f[n])
#define WFS(n, v) ((void)(EVAL_CPU.f[n] = 0xffffffff00000000 | (v).bits))
#define FD(n) ((F64){EVAL_CPU.f[n]})
#define WFD(n, v) ((void)(EVAL_CPU.f[n] = (v).bits))
EVAL_INLINE F32 eval_unbox(uint64_t raw) {
    return (F32){raw >> 32 == 0xffffffff ? (uint32_t)raw : F32_CANONICAL_NAN};
}

/* --- memory --- */

#define LOAD8U(base, disp) ((I64)EVAL_LOAD_AS(uint8_t, base, disp))
#define LOAD8S(base, disp) ((I64)(int8_t)EVAL_LOAD_AS(uint8_t, base, disp))
#define LOAD16U(base, disp) ((I64)EVAL_LOAD_AS(uint16_t, base, disp))
#define LOAD16S(base, disp) ((I64)(int16_t)EVAL_LOAD_AS(uint16_t, base, disp))
#define LOAD32U(base, disp) ((I64)EVAL_LOAD_AS(uint32_t, base, disp))
#define LOAD32S(base, disp) ((I64)(int32_t)EVAL_LOAD_AS(uint32_t, base, disp))
#define LOAD64(base, disp) ((I64)EVAL_LOAD_AS(uint64_t, base, disp))
#define STORE8(base, disp, value) EVAL_STORE_AS(uint8_t, base, disp, value)
#define STORE16(base, disp, value) EVAL_STORE_AS(uint16_t, base, disp, value)
#define STORE32(base, disp, value) EVAL_STORE_AS(uint32_t, base, disp, value)
#define STORE64(base, disp, value) EVAL_STORE_AS(uint64_t, base, disp, value)

#define CHECK_ALIGNED(address, size)                                                               \
    do {                                                                                           \
        if (__builtin_expect((address) & ((size) - 1), 0))                                         \
            EVAL_FAULT(EVAL_SIGBUS, EVAL_BUS_ADRALN, address);                                     \
    } while (0)

#define RESERVE(address, value)                                                                    \
    ((void)(EVAL_CPU.res_addr = (address), EVAL_CPU.res_value = (value)))
#define RESERVED(address, in_memory)                                                               \
    (EVAL_CPU.res_addr == (address) && EVAL_CPU.res_value == (in_memory))
#define UNRESERVE() ((void)(EVAL_CPU.res_addr = ~(uint64_t)0))

/* --- system --- */

#define ECALL() (EVAL_SYSCALL(i), (void)(c->stop = true))
#define EBREAK() EVAL_FAULT(EVAL_SIGTRAP, EVAL_TRAP_BRKPT, PC_CONST)
#define EVAL_ILLEGAL_CODE 1 /* ILL_ILLOPC */
#define ILLEGAL() EVAL_FAULT(EVAL_SIGILL, EVAL_ILLEGAL_CODE, PC_CONST)
#define FENCE() ((void)0)
#define FENCE_I() EVAL_FENCE_I()
#define CSR_READ(n)                                                                                \
    ({                                                                                             \
        uint64_t eval_value = EVAL_CSR_READ(i, n);                                                 \
        if (EVAL_FAULTED) {                                                                        \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
        eval_value;                                                                                \
    })
#define CSR_WRITE(n, value)                                                                        \
    do {                                                                                           \
        EVAL_CSR_WRITE(i, n, value);                                                               \
        if (EVAL_FAULTED) {                                                                        \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* --- floating point --- */

#define EVAL_FLAGS (&EVAL_CPU.fflags)
/* The rounding mode meant by a field rm. */
#define EVAL_MODE(rm) ((rm) == ROUNDING_DYNAMIC ? EVAL_CPU.frm : (uint32_t)(rm))
#define ROUNDING(mode)                                                                             \
    do {                                                                                           \
        if ((mode) == ROUNDING_DYNAMIC && __builtin_expect(EVAL_CPU.frm > 4, 0))                   \
            ILLEGAL();                                                                             \
    } while (0)

#define FADD32(a, b, rm) ((F32){fast_f32_add((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FSUB32(a, b, rm) ((F32){fast_f32_sub((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FMUL32(a, b, rm) ((F32){fast_f32_mul((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FDIV32(a, b, rm) ((F32){fast_f32_div((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FSQRT32(a, rm) ((F32){fast_f32_sqrt((a).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FMADD32(a, b, c3, rm)                                                                      \
    ((F32){fast_f32_fma((a).bits, (b).bits, (c3).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FADD64(a, b, rm) ((F64){fast_f64_add((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FSUB64(a, b, rm) ((F64){fast_f64_sub((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FMUL64(a, b, rm) ((F64){fast_f64_mul((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FDIV64(a, b, rm) ((F64){fast_f64_div((a).bits, (b).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FSQRT64(a, rm) ((F64){fast_f64_sqrt((a).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define FMADD64(a, b, c3, rm)                                                                      \
    ((F64){fast_f64_fma((a).bits, (b).bits, (c3).bits, EVAL_MODE(rm), EVAL_FLAGS)})

#define FMIN32(a, b) ((F32){f32_min((a).bits, (b).bits, EVAL_FLAGS)})
#define FMAX32(a, b) ((F32){f32_max((a).bits, (b).bits, EVAL_FLAGS)})
#define FMIN64(a, b) ((F64){f64_min((a).bits, (b).bits, EVAL_FLAGS)})
#define FMAX64(a, b) ((F64){f64_max((a).bits, (b).bits, EVAL_FLAGS)})
#define FEQ32(a, b) fast_f32_eq((a).bits, (b).bits, EVAL_FLAGS)
#define FLT32(a, b) fast_f32_lt((a).bits, (b).bits, EVAL_FLAGS)
#define FLE32(a, b) fast_f32_le((a).bits, (b).bits, EVAL_FLAGS)
#define FEQ64(a, b) fast_f64_eq((a).bits, (b).bits, EVAL_FLAGS)
#define FLT64(a, b) fast_f64_lt((a).bits, (b).bits, EVAL_FLAGS)
#define FLE64(a, b) fast_f64_le((a).bits, (b).bits, EVAL_FLAGS)
#define FCLASS32(a) ((I64)f32_classify((a).bits))
#define FCLASS64(a) ((I64)f64_classify((a).bits))

#define F32_TO_F64(a) ((F64){fast_f32_to_f64((a).bits, EVAL_FLAGS)})
#define F64_TO_F32(a, rm) ((F32){fast_f64_to_f32((a).bits, EVAL_MODE(rm), EVAL_FLAGS)})
#define F32_TO_I32(a, rm) fast_f32_to_i32((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F32_TO_U32(a, rm) fast_f32_to_u32((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F32_TO_I64(a, rm) fast_f32_to_i64((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F32_TO_U64(a, rm) fast_f32_to_u64((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F64_TO_I32(a, rm) fast_f64_to_i32((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F64_TO_U32(a, rm) fast_f64_to_u32((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F64_TO_I64(a, rm) fast_f64_to_i64((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define F64_TO_U64(a, rm) fast_f64_to_u64((a).bits, EVAL_MODE(rm), EVAL_FLAGS)
#define I32_TO_F32(a, rm) ((F32){fast_i64_to_f32((I64)(int32_t)(a), EVAL_MODE(rm), EVAL_FLAGS)})
#define U32_TO_F32(a, rm) ((F32){fast_i64_to_f32((I64)(uint32_t)(a), EVAL_MODE(rm), EVAL_FLAGS)})
#define I64_TO_F32(a, rm) ((F32){fast_i64_to_f32(a, EVAL_MODE(rm), EVAL_FLAGS)})
#define U64_TO_F32(a, rm) ((F32){fast_u64_to_f32(a, EVAL_MODE(rm), EVAL_FLAGS)})
#define I32_TO_F64(a, rm) ((F64){fast_i64_to_f64((I64)(int32_t)(a), EVAL_MODE(rm), EVAL_FLAGS)})
#define U32_TO_F64(a, rm) ((F64){fast_i64_to_f64((I64)(uint32_t)(a), EVAL_MODE(rm), EVAL_FLAGS)})
#define I64_TO_F64(a, rm) ((F64){fast_i64_to_f64(a, EVAL_MODE(rm), EVAL_FLAGS)})
#define U64_TO_F64(a, rm) ((F64){fast_u64_to_f64(a, EVAL_MODE(rm), EVAL_FLAGS)})

#endif
