/* The primitives of sem.h over numbers: what the interpreter includes before sem.h.
 *
 * Values        Bool, I32, I64, F32, F64 (floats hold bits, so that mixing types does not compile)
 * Constants     C32(n) C64(n)
 * Arithmetic    ADD SUB MUL AND OR XOR NOT NEG, each with 32 or 64 appended; MULHU64 MULHS64
 * MULHSU64 (high half of the product; SU: signed times unsigned); AND1 OR1 NOT1 (Bool) Division
 * DIVU DIVS REMU REMS 32/64: the divisor is not 0 and nothing overflows Shifts        SHL SHR SAR
 * ROTL ROTR 32/64: the amount is below the width Comparison    EQ NE LTU LTS GEU GES 32/64 -> Bool
 * Selection     SEL32 SEL64 (Bool c, a, b): a when c, both are evaluated
 * Width         SEXT8 SEXT16 (I64 -> I64, of the low bits), SEXT32_64 ZEXT32_64 (I32 -> I64),
 *               TRUNC32 (I64 -> I32), BOOL64 (Bool -> 0 or 1)
 * Bits          CLZ CTZ POPCNT 32/64 (width when the value is 0), BSWAP64
 * Registers     X(n) WX(n, v) integer; FRAW(n) WFRAW(n, v) raw float register;
 *               FS(n) WFS(n, v) single, NaN-boxed (not properly boxed reads as the canonical NaN);
 *               FD(n) WFD(n, v) double
 * Memory        LOAD8U LOAD8S LOAD16U LOAD16S LOAD32U LOAD32S LOAD64 (I64 base, int32_t disp) ->
 * I64; STORE8 STORE16 STORE32 STORE64 (base, disp, I64 value); any alignment;
 *               CHECK_ALIGNED(address, size) faults (SIGBUS) when misaligned
 * Reservation   RESERVE(address, value), RESERVED(address, I64 in memory) -> Bool, UNRESERVE()
 * Control       BRANCH(Bool) to pc + imm, JUMP() to pc + imm, JUMP_REGISTER(I64 target);
 *               PC_CONST, NEXT_PC_CONST: numbers known when decoding
 * System        ECALL() EBREAK() FENCE() FENCE_I() ILLEGAL(); CSR_READ(n) -> I64, CSR_WRITE(n, v)
 * Float bits    F32_BITS F64_BITS (F -> I), BITS_F32 BITS_F64 (I -> F), FNEG32 FNEG64 (sign bit)
 * Float, exact  FMIN FMAX (a number wins over NaN, -0 < +0), FEQ FLT FLE -> Bool, FCLASS -> I64,
 *               32/64; F32_TO_F64(a)
 * Float, rounded by rm (0-4, 7 = cpu.frm; known when decoding)
 *               ROUNDING(rm): illegal instruction when rm is 7 and cpu.frm is not a mode;
 *               FADD FSUB FMUL FDIV (a, b, rm), FSQRT(a, rm), FMADD(a, b, c, rm) = a * b + c,
 * 32/64; F64_TO_F32(a, rm); F32_TO_I32 F32_TO_U32 F32_TO_I64 F32_TO_U64 (a, rm) and F64_...
 *               (saturating, NaN is the largest); I32_TO_F32 U32_TO_F32 I64_TO_F32 U64_TO_F32 (a,
 * rm) and ..._TO_F64 A NaN result is the canonical one.  Exceptions accumulate in cpu.fflags.
 *
 * The includer defines before:
 *   EVAL_CPU                the struct cpu (an lvalue)
 *   EVAL_DIRECT_MEMORY      1: aligned accesses to pages with the right protection go straight to
 *                           guest memory; 0: every access goes through the two functions below
 *   EVAL_LOAD(i, address, size)          any access: the zero-extended value; raises the fault
 *   EVAL_STORE(i, address, size, value)
 *   EVAL_FAULTED            lvalue: set by these two after a fault (and left set)
 *   EVAL_RAISE(i, signal, code, address) raises a fault of instruction i
 *   EVAL_SYSCALL(i)         executes the system call instruction
 *   EVAL_FENCE_I()          code may have changed
 *   EVAL_CSR_READ(i, n), EVAL_CSR_WRITE(i, n, v)   like EVAL_LOAD and EVAL_STORE
 * After a semantics function ran, struct eval says where to go on. */
#ifndef C2W_SEM_EVAL_H
#define C2W_SEM_EVAL_H

#include <string.h>

#include "../guest_memory.h"
#include "fast_float.h"

struct eval {
    bool stop;       /* a fault or system instruction: cpu.pc is set, the block ends here */
    bool taken;      /* BRANCH, JUMP */
    uint64_t target; /* JUMP_REGISTER */
};
#define SEM_CONTEXT struct eval
#define EVAL_INLINE static inline __attribute__((always_inline, unused))
#define SEM(name)                                                                                  \
    EVAL_INLINE void sem_##name(__attribute__((unused)) SEM_CONTEXT *c,                            \
                                __attribute__((unused)) const struct insn *i)

typedef bool Bool;
typedef uint32_t I32;
typedef uint64_t I64;
typedef struct {
    uint32_t bits;
} F32;
typedef struct {
    uint64_t bits;
} F64;

#define C32(n) ((I32)(n))
#define C64(n) ((I64)(n))

#define EVAL_WIDTH(W, U, S)                                                                        \
    EVAL_INLINE U ADD##W(U a, U b) { return a + b; }                                               \
    EVAL_INLINE U SUB##W(U a, U b) { return a - b; }                                               \
    EVAL_INLINE U MUL##W(U a, U b) { return a * b; }                                               \
    EVAL_INLINE U AND##W(U a, U b) { return a & b; }                                               \
    EVAL_INLINE U OR##W(U a, U b) { return a | b; }                                                \
    EVAL_INLINE U XOR##W(U a, U b) { return a ^ b; }                                               \
    EVAL_INLINE U NOT##W(U a) { return ~a; }                                                       \
    EVAL_INLINE U NEG##W(U a) { return 0 - a; }                                                    \
    EVAL_INLINE U DIVU##W(U a, U b) { return a / b; }                                              \
    EVAL_INLINE U REMU##W(U a, U b) { return a % b; }                                              \
    EVAL_INLINE U DIVS##W(U a, U b) { return (U)((S)a / (S)b); }                                   \
    EVAL_INLINE U REMS##W(U a, U b) { return (U)((S)a % (S)b); }                                   \
    EVAL_INLINE U SHL##W(U a, U n) { return a << n; }                                              \
    EVAL_INLINE U SHR##W(U a, U n) { return a >> n; }                                              \
    EVAL_INLINE U SAR##W(U a, U n) { return (U)((S)a >> n); }                                      \
    EVAL_INLINE U ROTL##W(U a, U n) { return a << n | a >> (-n & (W - 1)); }                       \
    EVAL_INLINE U ROTR##W(U a, U n) { return a >> n | a << (-n & (W - 1)); }                       \
    EVAL_INLINE Bool EQ##W(U a, U b) { return a == b; }                                            \
    EVAL_INLINE Bool NE##W(U a, U b) { return a != b; }                                            \
    EVAL_INLINE Bool LTU##W(U a, U b) { return a < b; }                                            \
    EVAL_INLINE Bool GEU##W(U a, U b) { return a >= b; }                                           \
    EVAL_INLINE Bool LTS##W(U a, U b) { return (S)a < (S)b; }                                      \
    EVAL_INLINE Bool GES##W(U a, U b) { return (S)a >= (S)b; }                                     \
    EVAL_INLINE U SEL##W(Bool c, U a, U b) { return c ? a : b; }
EVAL_WIDTH(32, I32, int32_t)
EVAL_WIDTH(64, I64, int64_t)
#undef EVAL_WIDTH

EVAL_INLINE I64 MULHU64(I64 a, I64 b) { return (I64)((unsigned __int128)a * b >> 64); }
EVAL_INLINE I64 MULHS64(I64 a, I64 b) { return (I64)((__int128)(int64_t)a * (int64_t)b >> 64); }
EVAL_INLINE I64 MULHSU64(I64 a, I64 b) { return MULHU64(a, b) - ((int64_t)a < 0 ? b : 0); }
EVAL_INLINE Bool AND1(Bool a, Bool b) { return a & b; }
EVAL_INLINE Bool OR1(Bool a, Bool b) { return a | b; }
EVAL_INLINE Bool NOT1(Bool a) { return !a; }

EVAL_INLINE I64 SEXT8(I64 a) { return (I64)(int8_t)a; }
EVAL_INLINE I64 SEXT16(I64 a) { return (I64)(int16_t)a; }
EVAL_INLINE I64 SEXT32_64(I32 a) { return (I64)(int32_t)a; }
EVAL_INLINE I64 ZEXT32_64(I32 a) { return a; }
EVAL_INLINE I32 TRUNC32(I64 a) { return (I32)a; }
EVAL_INLINE I64 BOOL64(Bool a) { return a; }

EVAL_INLINE I64 CLZ64(I64 a) { return a ? (I64)__builtin_clzll(a) : 64; }
EVAL_INLINE I64 CTZ64(I64 a) { return a ? (I64)__builtin_ctzll(a) : 64; }
EVAL_INLINE I64 POPCNT64(I64 a) { return (I64)__builtin_popcountll(a); }
EVAL_INLINE I32 CLZ32(I32 a) { return a ? (I32)__builtin_clz(a) : 32; }
EVAL_INLINE I32 CTZ32(I32 a) { return a ? (I32)__builtin_ctz(a) : 32; }
EVAL_INLINE I32 POPCNT32(I32 a) { return (I32)__builtin_popcount(a); }
EVAL_INLINE I64 BSWAP64(I64 a) { return __builtin_bswap64(a); }

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

/* An aligned address below 4 GiB in a page with `prot`: one test for the first two. */
EVAL_INLINE bool eval_direct(uint64_t address, unsigned size, int prot) {
    return EVAL_DIRECT_MEMORY && !(address & (0xffffffff00000000 | (size - 1))) &&
           __builtin_expect(page_prot[address / PAGE_SIZE] & prot, 1);
}

#define EVAL_LOAD_AS(type, base, disp)                                                             \
    ({                                                                                             \
        uint64_t eval_address = (base) + (uint64_t)(int64_t)(disp);                                \
        type eval_value;                                                                           \
        if (__builtin_expect(eval_direct(eval_address, sizeof(type), PAGE_READ), 1)) {        \
            memcpy(&eval_value, guest_pointer(eval_address), sizeof(type));                        \
        } else {                                                                                   \
            eval_value = (type)EVAL_LOAD(i, eval_address, sizeof(type));                           \
            if (EVAL_FAULTED) {                                                                    \
                c->stop = true;                                                                    \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
        eval_value;                                                                                \
    })

#define EVAL_STORE_AS(type, base, disp, value)                                                     \
    do {                                                                                           \
        uint64_t eval_address = (base) + (uint64_t)(int64_t)(disp);                                \
        type eval_value = (type)(value);                                                           \
        if (__builtin_expect(eval_direct(eval_address, sizeof(type), PAGE_WRITE), 1)) {       \
            memcpy(guest_pointer(eval_address), &eval_value, sizeof(type));                        \
        } else {                                                                                   \
            EVAL_STORE(i, eval_address, sizeof(type), eval_value);                                 \
            if (EVAL_FAULTED) {                                                                    \
                c->stop = true;                                                                    \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Leaves the semantics function after a fault of instruction i. */
#define EVAL_FAULT(signal, code, address)                                                          \
    do {                                                                                           \
        EVAL_RAISE(i, signal, code, address);                                                      \
        c->stop = true;                                                                            \
        return;                                                                                    \
    } while (0)

/* Signal numbers and codes of Linux. */
#define EVAL_SIGILL 4
#define EVAL_SIGTRAP 5
#define EVAL_SIGBUS 7
#define EVAL_ILL_ILLOPC 1
#define EVAL_TRAP_BRKPT 1
#define EVAL_BUS_ADRALN 1

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

/* --- control and system --- */

#define PC_CONST ((uint64_t)i->pc)
#define NEXT_PC_CONST ((uint64_t)i->pc + i->len)
#define BRANCH(condition) ((void)(c->taken = (condition)))
#define JUMP() ((void)(c->taken = true))
#define JUMP_REGISTER(address) ((void)(c->target = (address)))

#define ECALL() (EVAL_SYSCALL(i), (void)(c->stop = true))
#define EBREAK() EVAL_FAULT(EVAL_SIGTRAP, EVAL_TRAP_BRKPT, PC_CONST)
#define ILLEGAL() EVAL_FAULT(EVAL_SIGILL, EVAL_ILL_ILLOPC, PC_CONST)
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

EVAL_INLINE I32 F32_BITS(F32 a) { return a.bits; }
EVAL_INLINE I64 F64_BITS(F64 a) { return a.bits; }
EVAL_INLINE F32 BITS_F32(I32 a) { return (F32){a}; }
EVAL_INLINE F64 BITS_F64(I64 a) { return (F64){a}; }
EVAL_INLINE F32 FNEG32(F32 a) { return (F32){a.bits ^ 0x80000000}; }
EVAL_INLINE F64 FNEG64(F64 a) { return (F64){a.bits ^ 0x8000000000000000}; }

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
