/* The primitives of sem.h over numbers, those that every guest has.  A guest's sem_eval.h includes
 * this file and adds its registers, memory and system; an interpreter includes that before sem.h.
 *
 * Values        Bool, I8, I16, I32, I64, F32, F64 (floats hold bits, so that mixing types does not
 *               compile)
 * Constants     C1(n) (Bool) C8(n) C16(n) C32(n) C64(n)
 * Arithmetic    ADD SUB MUL AND OR XOR NOT NEG, each with 8, 16, 32 or 64 appended; MULHU64 MULHS64
 *               MULHSU64 (high half of the product; SU: signed times unsigned); AND1 OR1 NOT1
 * (Bool) Division      DIVU DIVS REMU REMS: the divisor is not 0 and nothing overflows Shifts SHL
 * SHR SAR ROTL ROTR: the amount is below the width Comparison    EQ NE LTU LTS GEU GES -> Bool
 * Selection     SEL (Bool c, a, b): a when c, both are evaluated
 * Width         SEXT8 SEXT16 (I64 -> I64, of the low bits), SEXT32_64 ZEXT32_64 (I32 -> I64),
 *               TRUNC32 (I64 -> I32), BOOL64 (Bool -> 0 or 1)
 * Bits          CLZ CTZ POPCNT 32/64 (width when the value is 0), BSWAP64
 * Control       BRANCH(Bool) to the instruction's target, JUMP() to it, JUMP_REGISTER(I64 target);
 *               PC_CONST, NEXT_PC_CONST: numbers known when decoding
 * Float bits    F32_BITS F64_BITS (F -> I), BITS_F32 BITS_F64 (I -> F), FNEG32 FNEG64 (sign bit)
 *
 * The includer defines before:
 *   EVAL_CPU                the struct cpu (an lvalue)
 *   EVAL_DIRECT_MEMORY      1: accesses to pages with the right protection go straight to guest
 *                           memory; 0: every access goes through the two functions below
 *   EVAL_LOAD(i, address, size)          any access: the zero-extended value; raises the fault
 *   EVAL_STORE(i, address, size, value)
 *   EVAL_FAULTED            lvalue: set by these two after a fault (and left set)
 *   EVAL_RAISE(i, signal, code, address) raises a fault of instruction i
 *   EVAL_SYSCALL(i)         executes the system call instruction
 * After a semantics function ran, struct eval says where to go on. */
#ifndef C2W_SEM_EVAL_H
#define C2W_SEM_EVAL_H

#include <string.h>

#include "../guest_memory.h"

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
typedef uint8_t I8;
typedef uint16_t I16;
typedef uint32_t I32;
typedef uint64_t I64;
typedef struct {
    uint32_t bits;
} F32;
typedef struct {
    uint64_t bits;
} F64;

#define C1(n) ((Bool)(n))
#define C8(n) ((I8)(n))
#define C16(n) ((I16)(n))
#define C32(n) ((I32)(n))
#define C64(n) ((I64)(n))

#define EVAL_WIDTH(W, U, S)                                                                        \
    EVAL_INLINE U ADD##W(U a, U b) { return (U)(a + b); }                                          \
    EVAL_INLINE U SUB##W(U a, U b) { return (U)(a - b); }                                          \
    EVAL_INLINE U MUL##W(U a, U b) { return (U)((I64)a * b); }                                     \
    EVAL_INLINE U AND##W(U a, U b) { return a & b; }                                               \
    EVAL_INLINE U OR##W(U a, U b) { return a | b; }                                                \
    EVAL_INLINE U XOR##W(U a, U b) { return a ^ b; }                                               \
    EVAL_INLINE U NOT##W(U a) { return (U)~a; }                                                    \
    EVAL_INLINE U NEG##W(U a) { return (U)(0 - a); }                                               \
    EVAL_INLINE U DIVU##W(U a, U b) { return a / b; }                                              \
    EVAL_INLINE U REMU##W(U a, U b) { return a % b; }                                              \
    EVAL_INLINE U DIVS##W(U a, U b) { return (U)((S)a / (S)b); }                                   \
    EVAL_INLINE U REMS##W(U a, U b) { return (U)((S)a % (S)b); }                                   \
    EVAL_INLINE U SHL##W(U a, U n) { return (U)(a << n); }                                         \
    EVAL_INLINE U SHR##W(U a, U n) { return a >> n; }                                              \
    EVAL_INLINE U SAR##W(U a, U n) { return (U)((S)a >> n); }                                      \
    EVAL_INLINE U ROTL##W(U a, U n) { return (U)(a << n | a >> (-n & (W - 1))); }                  \
    EVAL_INLINE U ROTR##W(U a, U n) { return (U)(a >> n | a << (-n & (W - 1))); }                  \
    EVAL_INLINE Bool EQ##W(U a, U b) { return a == b; }                                            \
    EVAL_INLINE Bool NE##W(U a, U b) { return a != b; }                                            \
    EVAL_INLINE Bool LTU##W(U a, U b) { return a < b; }                                            \
    EVAL_INLINE Bool GEU##W(U a, U b) { return a >= b; }                                           \
    EVAL_INLINE Bool LTS##W(U a, U b) { return (S)a < (S)b; }                                      \
    EVAL_INLINE Bool GES##W(U a, U b) { return (S)a >= (S)b; }                                     \
    EVAL_INLINE U SEL##W(Bool c, U a, U b) { return c ? a : b; }
EVAL_WIDTH(8, I8, int8_t)
EVAL_WIDTH(16, I16, int16_t)
EVAL_WIDTH(32, I32, int32_t)
EVAL_WIDTH(64, I64, int64_t)
#undef EVAL_WIDTH

EVAL_INLINE I64 MULHU64(I64 a, I64 b) { return (I64)((unsigned __int128)a * b >> 64); }
EVAL_INLINE I64 MULHS64(I64 a, I64 b) { return (I64)((__int128)(int64_t)a * (int64_t)b >> 64); }
EVAL_INLINE I64 MULHSU64(I64 a, I64 b) { return MULHU64(a, b) - ((int64_t)a < 0 ? b : 0); }
EVAL_INLINE Bool AND1(Bool a, Bool b) { return a & b; }
EVAL_INLINE Bool OR1(Bool a, Bool b) { return a | b; }
EVAL_INLINE Bool XOR1(Bool a, Bool b) { return a != b; }
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

/* --- memory --- */

/* An address below 4 GiB in a page with `prot`, and either aligned or, where that is usual, not
 * crossing the end of the page: one test for the first two. */
#if defined(C2W_GUEST_X86_64)
#define EVAL_IN_PAGE(address, size)                                                                \
    (((address) & (0xffffffff00000000 | (PAGE_SIZE - 1))) <= PAGE_SIZE - (size))
#else
#define EVAL_IN_PAGE(address, size) (!((address) & (0xffffffff00000000 | ((size) - 1))))
#endif
EVAL_INLINE bool eval_direct(uint64_t address, unsigned size, int prot) {
    return EVAL_DIRECT_MEMORY && EVAL_IN_PAGE(address, size) &&
           __builtin_expect(page_prot[address / PAGE_SIZE] & prot, 1);
}

#define EVAL_LOAD_AS(type, base, disp)                                                             \
    ({                                                                                             \
        uint64_t eval_address = (base) + (uint64_t)(int64_t)(disp);                                \
        type eval_value;                                                                           \
        if (__builtin_expect(eval_direct(eval_address, sizeof(type), PAGE_READ), 1)) {             \
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
        if (__builtin_expect(eval_direct(eval_address, sizeof(type), PAGE_WRITE), 1)) {            \
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
#define EVAL_TRAP_BRKPT 1
#define EVAL_BUS_ADRALN 1

/* --- control and system --- */

#define PC_CONST ((uint64_t)i->pc)
#define NEXT_PC_CONST ((uint64_t)i->pc + i->len)
#define BRANCH(condition) ((void)(c->taken = (condition)))
#define JUMP() ((void)(c->taken = true))
#define JUMP_REGISTER(address) ((void)(c->target = (address)))

/* --- floating point bits --- */

EVAL_INLINE I32 F32_BITS(F32 a) { return a.bits; }
EVAL_INLINE I64 F64_BITS(F64 a) { return a.bits; }
EVAL_INLINE F32 BITS_F32(I32 a) { return (F32){a}; }
EVAL_INLINE F64 BITS_F64(I64 a) { return (F64){a}; }
EVAL_INLINE F32 FNEG32(F32 a) { return (F32){a.bits ^ 0x80000000}; }
EVAL_INLINE F64 FNEG64(F64 a) { return (F64){a.bits ^ 0x8000000000000000}; }

#endif
