/* Floating-point operations of SSE on single elements (SDM volume 1, chapters 10.2 and 11.5): IEEE
 * arithmetic under MXCSR, with x86's NaNs, denormal-operand exception, DAZ and FTZ.  Results are
 * those of masked exceptions; the caller looks whether one is not masked. */
#ifndef C2W_X86_64_SSE_FLOAT_H
#define C2W_X86_64_SSE_FLOAT_H

#include "../fast_float.h"
#include "insn.h"

#define SSE_INVALID 0x01u
#define SSE_DENORMAL 0x02u
#define SSE_DIVIDE 0x04u
#define SSE_OVERFLOW 0x08u
#define SSE_UNDERFLOW 0x10u
#define SSE_INEXACT 0x20u
/* Found before an operation is done. */
#define SSE_BEFORE (SSE_INVALID | SSE_DENORMAL | SSE_DIVIDE)

struct sse_env {
    uint32_t mxcsr, raised;
};

#define SSE_INLINE static inline __attribute__((always_inline, unused))
#define SSE_FUNCTION static __attribute__((noinline, unused))

SSE_INLINE unsigned sse_rounding(uint32_t mxcsr) {
    static const uint8_t modes[] = {ROUND_NEAREST_EVEN, ROUND_DOWN, ROUND_UP, ROUND_TO_ZERO};
    return modes[(mxcsr & MXCSR_ROUNDING) >> MXCSR_ROUNDING_SHIFT];
}

/* The flags of softfloat.h as exceptions. */
SSE_INLINE uint32_t sse_exceptions(uint32_t flags) {
    return (flags & FLOAT_INVALID ? SSE_INVALID : 0) | (flags & FLOAT_DIVIDE ? SSE_DIVIDE : 0) |
           (flags & FLOAT_OVERFLOW ? SSE_OVERFLOW : 0) |
           (flags & FLOAT_UNDERFLOW ? SSE_UNDERFLOW : 0) |
           (flags & FLOAT_INEXACT ? SSE_INEXACT : 0);
}

#define SSE_EXPONENT_f32 0x7f800000u
#define SSE_EXPONENT_f64 0x7ff0000000000000u
#define SSE_SIGN_f32 0x80000000u
#define SSE_SIGN_f64 0x8000000000000000u
#define SSE_QUIET_f32 0x00400000u
#define SSE_QUIET_f64 0x0008000000000000u
#define SSE_DEFAULT_f32 0xffc00000u
#define SSE_DEFAULT_f64 0xfff8000000000000u

#define SSE_CLASSES(F, type)                                                                       \
    SSE_INLINE bool sse_##F##_nan(type a) { return (a & ~SSE_SIGN_##F) > SSE_EXPONENT_##F; }       \
    SSE_INLINE bool sse_##F##_signalling(type a) {                                                 \
        return sse_##F##_nan(a) && !(a & SSE_QUIET_##F);                                           \
    }                                                                                              \
    SSE_INLINE bool sse_##F##_denormal(type a) {                                                   \
        return (a & SSE_EXPONENT_##F) == 0 && (type)(a << 1) != 0;                                 \
    }                                                                                              \
    /* Neither NaN, infinite nor denormal. */                                                      \
    SSE_INLINE bool sse_##F##_ordinary(type a) {                                                   \
        type exponent = a & SSE_EXPONENT_##F;                                                      \
        return (exponent != 0 && exponent != SSE_EXPONENT_##F) || (type)(a << 1) == 0;             \
    }                                                                                              \
    /* An operand under DAZ; denormals that stay are reported. */                                  \
    SSE_INLINE type sse_##F##_operand(type a, struct sse_env *env) {                               \
        if (!sse_##F##_denormal(a))                                                                \
            return a;                                                                              \
        if (env->mxcsr & MXCSR_DAZ)                                                                \
            return a & SSE_SIGN_##F;                                                               \
        env->raised |= SSE_DENORMAL;                                                               \
        return a;                                                                                  \
    }                                                                                              \
    SSE_INLINE type sse_##F##_propagate(type a, type b, struct sse_env *env) {                     \
        if (sse_##F##_signalling(a) || sse_##F##_signalling(b))                                    \
            env->raised |= SSE_INVALID;                                                            \
        return (sse_##F##_nan(a) ? a : b) | SSE_QUIET_##F;                                         \
    }                                                                                              \
    /* A result of softfloat.h with its flags. */                                                  \
    SSE_INLINE type sse_##F##_result(type r, uint32_t flags, struct sse_env *env) {                \
        uint32_t raised = sse_exceptions(flags);                                                   \
        bool tiny = sse_##F##_denormal(r) || (raised & SSE_UNDERFLOW && (type)(r << 1) == 0);      \
        if (sse_##F##_nan(r))                                                                      \
            r = SSE_DEFAULT_##F;                                                                   \
        if (tiny && !(env->mxcsr & SSE_UNDERFLOW << MXCSR_MASK_SHIFT)) {                           \
            raised |= SSE_UNDERFLOW;                                                               \
        } else if (tiny && env->mxcsr & MXCSR_FTZ) {                                               \
            raised |= SSE_UNDERFLOW | SSE_INEXACT;                                                 \
            r &= SSE_SIGN_##F;                                                                     \
        }                                                                                          \
        env->raised |= raised;                                                                     \
        return r;                                                                                  \
    }
SSE_CLASSES(f32, uint32_t)
SSE_CLASSES(f64, uint64_t)
#undef SSE_CLASSES

/* Inexactness is recorded already and does not fault: it need not be looked for. */
SSE_INLINE bool sse_ignores_inexact(const struct sse_env *env) {
    return env->mxcsr & SSE_INEXACT && env->mxcsr & SSE_INEXACT << MXCSR_MASK_SHIFT;
}

/* --- arithmetic: the usual operands and results without detours --- */

#define SSE_ARITHMETIC(F, type, operation)                                                         \
    SSE_FUNCTION type sse_##F##_##operation##_any(type a, type b, struct sse_env *env) {           \
        uint32_t flags = 0;                                                                        \
        if (sse_##F##_nan(a) || sse_##F##_nan(b))                                                  \
            return sse_##F##_propagate(a, b, env);                                                 \
        struct sse_env before = *env;                                                              \
        a = sse_##F##_operand(a, env);                                                             \
        b = sse_##F##_operand(b, env);                                                             \
        type r = F##_##operation(a, b, sse_rounding(env->mxcsr), &flags);                          \
        if (flags & (FLOAT_INVALID | FLOAT_DIVIDE)) /* these come before a denormal operand */     \
            env->raised = before.raised;                                                           \
        return sse_##F##_result(r, flags, env);                                                    \
    }                                                                                              \
    SSE_INLINE type sse_##F##_##operation(type a, type b, struct sse_env *env) {                   \
        if (!(env->mxcsr & (MXCSR_ROUNDING | MXCSR_FTZ | MXCSR_DAZ)) && sse_##F##_ordinary(a) &&   \
            sse_##F##_ordinary(b)) {                                                               \
            uint32_t flags = sse_ignores_inexact(env) ? FLOAT_INEXACT : 0;                         \
            type r = fast_##F##_##operation(a, b, ROUND_NEAREST_EVEN, &flags);                     \
            if (sse_##F##_ordinary(r)) {                                                           \
                env->raised |= sse_exceptions(flags);                                              \
                return r;                                                                          \
            }                                                                                      \
        }                                                                                          \
        return sse_##F##_##operation##_any(a, b, env);                                             \
    }
SSE_ARITHMETIC(f32, uint32_t, add)
SSE_ARITHMETIC(f32, uint32_t, sub)
SSE_ARITHMETIC(f32, uint32_t, mul)
SSE_ARITHMETIC(f32, uint32_t, div)
SSE_ARITHMETIC(f64, uint64_t, add)
SSE_ARITHMETIC(f64, uint64_t, sub)
SSE_ARITHMETIC(f64, uint64_t, mul)
SSE_ARITHMETIC(f64, uint64_t, div)
#undef SSE_ARITHMETIC

#define SSE_OTHERS(F, type)                                                                        \
    SSE_INLINE type sse_##F##_sqrt(type a, struct sse_env *env) {                                  \
        uint32_t flags = 0;                                                                        \
        if (sse_##F##_nan(a))                                                                      \
            return sse_##F##_propagate(a, a, env);                                                 \
        bool negative = a & SSE_SIGN_##F && (type)(a << 1) != 0;                                   \
        if (!negative || env->mxcsr & MXCSR_DAZ)                                                   \
            a = sse_##F##_operand(a, env);                                                         \
        type r = fast_##F##_sqrt(a, sse_rounding(env->mxcsr), &flags);                             \
        return sse_##F##_result(r, flags, env);                                                    \
    }                                                                                              \
    /* The second operand unless the first is strictly less (greater). */                          \
    SSE_INLINE type sse_##F##_choose(type a, type b, bool less, struct sse_env *env) {             \
        uint32_t ignored = 0;                                                                      \
        if (sse_##F##_nan(a) || sse_##F##_nan(b)) {                                                \
            env->raised |= SSE_INVALID;                                                            \
            return env->mxcsr & MXCSR_DAZ && sse_##F##_denormal(b) ? b & SSE_SIGN_##F : b;         \
        }                                                                                          \
        a = sse_##F##_operand(a, env);                                                             \
        b = sse_##F##_operand(b, env);                                                             \
        return (less ? fast_##F##_lt(a, b, &ignored) : fast_##F##_lt(b, a, &ignored)) ? a : b;     \
    }                                                                                              \
    SSE_INLINE type sse_##F##_min(type a, type b, struct sse_env *env) {                           \
        return sse_##F##_choose(a, b, true, env);                                                  \
    }                                                                                              \
    SSE_INLINE type sse_##F##_max(type a, type b, struct sse_env *env) {                           \
        return sse_##F##_choose(a, b, false, env);                                                 \
    }                                                                                              \
    /* <0, 0, >0, or 2 when unordered; invalid for signalling NaNs, or all with `signal`. */       \
    SSE_INLINE int sse_##F##_order(type a, type b, bool signal, struct sse_env *env) {             \
        uint32_t ignored = 0;                                                                      \
        if (sse_##F##_nan(a) || sse_##F##_nan(b)) {                                                \
            if (signal || sse_##F##_signalling(a) || sse_##F##_signalling(b))                      \
                env->raised |= SSE_INVALID;                                                        \
            return 2;                                                                              \
        }                                                                                          \
        a = sse_##F##_operand(a, env);                                                             \
        b = sse_##F##_operand(b, env);                                                             \
        return fast_##F##_lt(a, b, &ignored) ? -1 : fast_##F##_eq(a, b, &ignored) ? 0 : 1;         \
    }                                                                                              \
    /* CMPPS and the like: equal, less, less or equal, unordered; bit 2 negates. */                \
    SSE_INLINE type sse_##F##_compare(type a, type b, unsigned predicate, struct sse_env *env) {   \
        unsigned kind = predicate & 3;                                                             \
        int order = sse_##F##_order(a, b, kind == 1 || kind == 2, env);                            \
        bool holds = kind == 0   ? order == 0                                                      \
                     : kind == 1 ? order == -1                                                     \
                     : kind == 2 ? order <= 0                                                      \
                                 : order == 2;                                                     \
        return holds != (predicate >> 2 & 1) ? (type) - 1 : 0;                                     \
    }                                                                                              \
    SSE_INLINE type sse_i64_to_##F(uint64_t a, struct sse_env *env) {                              \
        uint32_t flags = 0;                                                                        \
        type r = fast_i64_to_##F(a, sse_rounding(env->mxcsr), &flags);                             \
        env->raised |= sse_exceptions(flags);                                                      \
        return r;                                                                                  \
    }                                                                                              \
    /* Integers of 32 or 64 bits; what does not fit is the most negative one. */                   \
    SSE_INLINE uint32_t sse_##F##_to_i32(type a, bool truncate, struct sse_env *env) {             \
        uint32_t flags = 0;                                                                        \
        unsigned rounding = truncate ? (unsigned)ROUND_TO_ZERO : sse_rounding(env->mxcsr);         \
        if (env->mxcsr & MXCSR_DAZ && sse_##F##_denormal(a))                                       \
            a = 0;                                                                                 \
        uint32_t r = fast_##F##_to_i32(a, rounding, &flags);                                       \
        env->raised |= sse_exceptions(flags);                                                      \
        return flags & FLOAT_INVALID ? 0x80000000 : r;                                             \
    }                                                                                              \
    SSE_INLINE uint64_t sse_##F##_to_i64(type a, bool truncate, struct sse_env *env) {             \
        uint32_t flags = 0;                                                                        \
        unsigned rounding = truncate ? (unsigned)ROUND_TO_ZERO : sse_rounding(env->mxcsr);         \
        if (env->mxcsr & MXCSR_DAZ && sse_##F##_denormal(a))                                       \
            a = 0;                                                                                 \
        uint64_t r = fast_##F##_to_i64(a, rounding, &flags);                                       \
        env->raised |= sse_exceptions(flags);                                                      \
        return flags & FLOAT_INVALID ? 0x8000000000000000 : r;                                     \
    }
SSE_OTHERS(f32, uint32_t)
SSE_OTHERS(f64, uint64_t)
#undef SSE_OTHERS

/* --- conversions between the formats --- */

SSE_INLINE uint64_t sse_f32_to_f64(uint32_t a, struct sse_env *env) {
    uint32_t flags = 0;
    if (sse_f32_nan(a)) {
        a = sse_f32_propagate(a, a, env);
        return (uint64_t)(a >> 31) << 63 | 0x7ff0000000000000 | (uint64_t)(a & 0x7fffff) << 29;
    }
    return fast_f32_to_f64(sse_f32_operand(a, env), &flags);
}
SSE_INLINE uint32_t sse_f64_to_f32(uint64_t a, struct sse_env *env) {
    uint32_t flags = 0;
    if (sse_f64_nan(a)) {
        a = sse_f64_propagate(a, a, env);
        return (uint32_t)(a >> 63) << 31 | 0x7f800000 | (uint32_t)(a >> 29 & 0x7fffff);
    }
    a = sse_f64_operand(a, env);
    uint32_t r = fast_f64_to_f32(a, sse_rounding(env->mxcsr), &flags);
    return sse_f32_result(r, flags, env);
}

/* --- rounding to an integer in the format: imm as in ROUNDPS --- */

#define SSE_ROUND(F, type, stype, fraction, bias)                                                  \
    SSE_FUNCTION type sse_##F##_round(type a, unsigned imm, struct sse_env *env) {                 \
        static const uint8_t modes[] = {ROUND_NEAREST_EVEN, ROUND_DOWN, ROUND_UP, ROUND_TO_ZERO};  \
        unsigned mode = imm & 4 ? sse_rounding(env->mxcsr) : modes[imm & 3];                       \
        if (sse_##F##_nan(a))                                                                      \
            return sse_##F##_propagate(a, a, env);                                                 \
        if (env->mxcsr & MXCSR_DAZ && sse_##F##_denormal(a))                                       \
            a &= SSE_SIGN_##F;                                                                     \
        int exponent = (int)((a & SSE_EXPONENT_##F) >> fraction) - bias;                           \
        if (exponent >= fraction || (type)(a << 1) == 0)                                           \
            return a;                                                                              \
        type sign = a & SSE_SIGN_##F, one = (type)bias << fraction;                                \
        bool negative = sign != 0, up;                                                             \
        type r;                                                                                    \
        if (exponent < 0) {                                                                        \
            bool above_half =                                                                      \
                exponent == -1 && (a & ~SSE_SIGN_##F) != one - ((type)1 << fraction);              \
            up = mode == ROUND_NEAREST_EVEN ? above_half                                           \
                 : mode == ROUND_UP         ? !negative                                            \
                 : mode == ROUND_DOWN       ? negative                                             \
                                            : false;                                                     \
            r = sign | (up ? one : 0);                                                             \
        } else {                                                                                   \
            type unit = (type)1 << (fraction - exponent), rest = a & (unit - 1), half = unit / 2;  \
            if (rest == 0)                                                                         \
                return a;                                                                          \
            up = mode == ROUND_NEAREST_EVEN ? rest > half || (rest == half && a & unit)            \
                 : mode == ROUND_UP         ? !negative                                            \
                 : mode == ROUND_DOWN       ? negative                                             \
                                            : false;                                                     \
            r = (a & ~(unit - 1)) + (up ? unit : 0);                                               \
        }                                                                                          \
        if (!(imm & 8))                                                                            \
            env->raised |= SSE_INEXACT;                                                            \
        return r;                                                                                  \
    }
SSE_ROUND(f32, uint32_t, int32_t, 23, 127)
SSE_ROUND(f64, uint64_t, int64_t, 52, 1023)
#undef SSE_ROUND

/* --- approximations: within 1.5 * 2^-12 of the value, without exceptions.  Processors differ in
 * the last bits; these are the correctly rounded values --- */

SSE_FUNCTION uint32_t sse_f32_reciprocal(uint32_t a) {
    if (sse_f32_nan(a))
        return a | SSE_QUIET_f32;
    if ((a & SSE_EXPONENT_f32) == 0)
        return (a & SSE_SIGN_f32) | SSE_EXPONENT_f32;
    uint32_t r = fast_f32_bits(1.0f / fast_f32(a));
    return sse_f32_denormal(r) ? r & SSE_SIGN_f32 : r;
}
SSE_FUNCTION uint32_t sse_f32_reciprocal_sqrt(uint32_t a) {
    uint32_t ignored = 0;
    if (sse_f32_nan(a))
        return a | SSE_QUIET_f32;
    if ((a & SSE_EXPONENT_f32) == 0)
        return (a & SSE_SIGN_f32) | SSE_EXPONENT_f32;
    if (a & SSE_SIGN_f32)
        return SSE_DEFAULT_f32;
    if (a == SSE_EXPONENT_f32)
        return 0;
    uint32_t root = fast_f32_sqrt(a, ROUND_NEAREST_EVEN, &ignored);
    return fast_f32_bits(1.0f / fast_f32(root));
}

#endif
