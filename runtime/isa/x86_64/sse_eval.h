/* The primitives of SSE and MMX over numbers; included by sem_eval.h.
 *
 * Registers     XMM(n) WXMM(n, v) -> V128; MM(n) WMM(n, v): the low half, the upper is 0;
 *               ENTER_MMX(): what every MMX instruction does to the x87 unit, first of its writes
 * Memory        LOAD128 STORE128 (address), any alignment
 * Lanes         LANE8 LANE16 LANE32 LANE64 (v, n), WITH8 ... WITH64 (v, n, value) -> V128;
 *               LOW64(I64), LOW32(I32), JOIN64(low, high) -> V128
 * Integer       V_name(a, b) and vector_name(...) of vector.h
 * Float         between SSE_BEGIN() and SSE_END(): F_name(a, b) on all lanes, S_name(a, b) on the
 *               lowest one with the others of a; SSE_END() raises an exception that is not masked
 * State         MXCSR() -> I32, WRITE_MXCSR(I32) faults when reserved bits are set */
#ifndef C2W_X86_64_SSE_EVAL_H
#define C2W_X86_64_SSE_EVAL_H

#include "sse_float.h"
#include "sse_string.h"
#include "vector.h"

/* --- registers and memory --- */

EVAL_INLINE V128 eval_v128(const void *from) {
    V128 v;
    memcpy(&v, from, sizeof v);
    return v;
}
#define XMM(n) eval_v128(EVAL_CPU.xmm[n])
#define WXMM(n, v)                                                                                 \
    do {                                                                                           \
        V128 eval_written = v;                                                                     \
        memcpy(EVAL_CPU.xmm[n], &eval_written, sizeof eval_written);                               \
    } while (0)
#define MM(n) LOW64(EVAL_X87->significand[n])
#define WMM(n, v) x87_write_mmx(EVAL_X87, n, (v).u64[0])
#define ENTER_MMX()                                                                                \
    do {                                                                                           \
        X87_WAIT();                                                                                \
        x87_enter_mmx(EVAL_X87);                                                                   \
    } while (0)

#define LOAD128(address)                                                                           \
    ({                                                                                             \
        uint64_t eval_address = (address);                                                         \
        const void *eval_from = NULL;                                                              \
        if (__builtin_expect(eval_direct(eval_address, 16, PAGE_READ), 1))                         \
            eval_from = guest_pointer(eval_address);                                               \
        else if (!(eval_from = EVAL_RANGE(i, eval_address, 16, PAGE_READ))) {                      \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
        eval_v128(eval_from);                                                                      \
    })
#define STORE128(address, value)                                                                   \
    do {                                                                                           \
        uint64_t eval_address = (address);                                                         \
        V128 eval_value = (value);                                                                 \
        void *eval_to = NULL;                                                                      \
        if (__builtin_expect(eval_direct(eval_address, 16, PAGE_WRITE), 1))                        \
            eval_to = guest_pointer(eval_address);                                                 \
        else if (!(eval_to = EVAL_RANGE(i, eval_address, 16, PAGE_WRITE))) {                       \
            c->stop = true;                                                                        \
            return;                                                                                \
        }                                                                                          \
        memcpy(eval_to, &eval_value, sizeof eval_value);                                           \
    } while (0)

/* --- lanes --- */

#define EVAL_LANES(W)                                                                              \
    EVAL_INLINE I##W LANE##W(V128 v, unsigned n) { return v.u##W[n]; }                             \
    EVAL_INLINE V128 WITH##W(V128 v, unsigned n, I##W value) {                                     \
        v.u##W[n] = value;                                                                         \
        return v;                                                                                  \
    }
EVAL_LANES(8)
EVAL_LANES(16)
EVAL_LANES(32)
EVAL_LANES(64)
#undef EVAL_LANES
EVAL_INLINE V128 LOW64(I64 a) { return (V128){.u64 = {a, 0}}; }
EVAL_INLINE V128 LOW32(I32 a) { return (V128){.u64 = {a, 0}}; }
EVAL_INLINE V128 JOIN64(I64 low, I64 high) { return (V128){.u64 = {low, high}}; }

/* --- integer vectors --- */

#define V_(name, a, b) V_##name(a, b)
#define V1_(name, a) V_##name(a)

/* --- floating point --- */

#define SSE_BEGIN() struct sse_env eval_env = {EVAL_CPU.mxcsr, 0}
#define SSE_END()                                                                                  \
    do {                                                                                           \
        uint32_t eval_unmasked = eval_env.raised & ~(EVAL_CPU.mxcsr >> MXCSR_MASK_SHIFT);          \
        if (__builtin_expect(eval_unmasked & SSE_BEFORE, 0)) /* nothing was computed */            \
            eval_env.raised &= SSE_BEFORE;                                                         \
        EVAL_CPU.mxcsr |= eval_env.raised;                                                         \
        if (__builtin_expect(eval_unmasked, 0))                                                    \
            EVAL_FAULT(EVAL_SIGFPE, sse_signal_code(EVAL_CPU.mxcsr), PC_CONST);                    \
    } while (0)

/* si_code of the first exception that is not masked (arch/x86/kernel/fpu: fpu__exception_code). */
static inline int sse_signal_code(uint32_t mxcsr) {
    uint32_t bits = mxcsr & ~(mxcsr >> MXCSR_MASK_SHIFT);
    return bits & SSE_INVALID                      ? 7 /* FPE_FLTINV */
           : bits & SSE_DIVIDE                     ? 3 /* FPE_FLTDIV */
           : bits & SSE_OVERFLOW                   ? 4 /* FPE_FLTOVF */
           : bits & (SSE_DENORMAL | SSE_UNDERFLOW) ? 5 /* FPE_FLTUND */
                                                   : 6 /* FPE_FLTRES */;
}

#define EVAL_FLOAT_OPERATION(name)                                                                 \
    EVAL_INLINE V128 eval_##name##ps(V128 a, V128 b, struct sse_env *env) {                        \
        for (unsigned n = 0; n < 4; n++)                                                           \
            a.u32[n] = sse_f32_##name(a.u32[n], b.u32[n], env);                                    \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##pd(V128 a, V128 b, struct sse_env *env) {                        \
        for (unsigned n = 0; n < 2; n++)                                                           \
            a.u64[n] = sse_f64_##name(a.u64[n], b.u64[n], env);                                    \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##ss(V128 a, V128 b, struct sse_env *env) {                        \
        a.u32[0] = sse_f32_##name(a.u32[0], b.u32[0], env);                                        \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##sd(V128 a, V128 b, struct sse_env *env) {                        \
        a.u64[0] = sse_f64_##name(a.u64[0], b.u64[0], env);                                        \
        return a;                                                                                  \
    }
EVAL_FLOAT_OPERATION(add)
EVAL_FLOAT_OPERATION(sub)
EVAL_FLOAT_OPERATION(mul)
EVAL_FLOAT_OPERATION(div)
EVAL_FLOAT_OPERATION(min)
EVAL_FLOAT_OPERATION(max)
#undef EVAL_FLOAT_OPERATION
/* F_(name, a, b): name with its suffix, which says how many lanes take part. */
#define F_(name, a, b) eval_##name(a, b, &eval_env)

/* Of the second operand alone; `argument` is bits of the immediate. */
#define EVAL_FLOAT_UNARY(name, call32, call64)                                                     \
    EVAL_INLINE V128 eval_##name##ps(V128 a, V128 b, unsigned argument, struct sse_env *env) {     \
        (void)argument;                                                                            \
        for (unsigned n = 0; n < 4; n++)                                                           \
            a.u32[n] = call32(b.u32[n]);                                                           \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##pd(V128 a, V128 b, unsigned argument, struct sse_env *env) {     \
        (void)argument;                                                                            \
        for (unsigned n = 0; n < 2; n++)                                                           \
            a.u64[n] = call64(b.u64[n]);                                                           \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##ss(V128 a, V128 b, unsigned argument, struct sse_env *env) {     \
        (void)argument;                                                                            \
        a.u32[0] = call32(b.u32[0]);                                                               \
        return a;                                                                                  \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##sd(V128 a, V128 b, unsigned argument, struct sse_env *env) {     \
        (void)argument;                                                                            \
        a.u64[0] = call64(b.u64[0]);                                                               \
        return a;                                                                                  \
    }
#define EVAL_SQRT32(x) sse_f32_sqrt(x, env)
#define EVAL_SQRT64(x) sse_f64_sqrt(x, env)
#define EVAL_ROUND32(x) sse_f32_round(x, argument, env)
#define EVAL_ROUND64(x) sse_f64_round(x, argument, env)
EVAL_FLOAT_UNARY(sqrt, EVAL_SQRT32, EVAL_SQRT64)
EVAL_FLOAT_UNARY(round, EVAL_ROUND32, EVAL_ROUND64)
#undef EVAL_FLOAT_UNARY
#define FU_(name, a, b, argument) eval_##name(a, b, argument, &eval_env)

#define EVAL_FLOAT_COMPARE(suffix, count, lane, F)                                                 \
    EVAL_INLINE V128 eval_cmp##suffix(V128 a, V128 b, unsigned predicate, struct sse_env *env) {   \
        for (unsigned n = 0; n < count; n++)                                                       \
            a.lane[n] = sse_##F##_compare(a.lane[n], b.lane[n], predicate, env);                   \
        return a;                                                                                  \
    }
EVAL_FLOAT_COMPARE(ps, 4, u32, f32)
EVAL_FLOAT_COMPARE(pd, 2, u64, f64)
EVAL_FLOAT_COMPARE(ss, 1, u32, f32)
EVAL_FLOAT_COMPARE(sd, 1, u64, f64)
#undef EVAL_FLOAT_COMPARE

/* Alternating subtraction and addition, sums of neighbours, dot products. */
EVAL_INLINE V128 eval_addsubps(V128 a, V128 b, struct sse_env *env) {
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] =
            n & 1 ? sse_f32_add(a.u32[n], b.u32[n], env) : sse_f32_sub(a.u32[n], b.u32[n], env);
    return a;
}
EVAL_INLINE V128 eval_addsubpd(V128 a, V128 b, struct sse_env *env) {
    a.u64[0] = sse_f64_sub(a.u64[0], b.u64[0], env);
    a.u64[1] = sse_f64_add(a.u64[1], b.u64[1], env);
    return a;
}
#define EVAL_HORIZONTAL(name, operation)                                                           \
    EVAL_INLINE V128 eval_##name##ps(V128 a, V128 b, struct sse_env *env) {                        \
        return (V128){.u32 = {sse_f32_##operation(a.u32[0], a.u32[1], env),                        \
                              sse_f32_##operation(a.u32[2], a.u32[3], env),                        \
                              sse_f32_##operation(b.u32[0], b.u32[1], env),                        \
                              sse_f32_##operation(b.u32[2], b.u32[3], env)}};                      \
    }                                                                                              \
    EVAL_INLINE V128 eval_##name##pd(V128 a, V128 b, struct sse_env *env) {                        \
        return (V128){.u64 = {sse_f64_##operation(a.u64[0], a.u64[1], env),                        \
                              sse_f64_##operation(b.u64[0], b.u64[1], env)}};                      \
    }
EVAL_HORIZONTAL(hadd, add)
EVAL_HORIZONTAL(hsub, sub)
#undef EVAL_HORIZONTAL
/* The four products are added in pairs; imm says which take part and where the sum goes. */
EVAL_INLINE V128 eval_dpps(V128 a, V128 b, unsigned imm, struct sse_env *env) {
    uint32_t product[4];
    for (unsigned n = 0; n < 4; n++)
        product[n] = imm >> (4 + n) & 1 ? sse_f32_mul(a.u32[n], b.u32[n], env) : 0;
    uint32_t low = sse_f32_add(product[0], product[1], env);
    uint32_t high = sse_f32_add(product[2], product[3], env);
    uint32_t sum = sse_f32_add(low, high, env);
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = imm >> n & 1 ? sum : 0;
    return a;
}
EVAL_INLINE V128 eval_dppd(V128 a, V128 b, unsigned imm, struct sse_env *env) {
    uint64_t product[2];
    for (unsigned n = 0; n < 2; n++)
        product[n] = imm >> (4 + n) & 1 ? sse_f64_mul(a.u64[n], b.u64[n], env) : 0;
    uint64_t sum = sse_f64_add(product[0], product[1], env);
    for (unsigned n = 0; n < 2; n++)
        a.u64[n] = imm >> n & 1 ? sum : 0;
    return a;
}

/* Approximations raise nothing. */
EVAL_INLINE V128 V_rcpps(V128 a) {
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = sse_f32_reciprocal(a.u32[n]);
    return a;
}
EVAL_INLINE V128 V_rsqrtps(V128 a) {
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = sse_f32_reciprocal_sqrt(a.u32[n]);
    return a;
}
#define RECIPROCAL32(a) sse_f32_reciprocal(a)
#define RECIPROCAL_SQRT32(a) sse_f32_reciprocal_sqrt(a)

/* Conversions of vectors. */
EVAL_INLINE V128 eval_cvtps2pd(V128 a, struct sse_env *env) {
    uint64_t low = sse_f32_to_f64(a.u32[0], env);
    return JOIN64(low, sse_f32_to_f64(a.u32[1], env));
}
EVAL_INLINE V128 eval_cvtpd2ps(V128 a, struct sse_env *env) {
    uint32_t low = sse_f64_to_f32(a.u64[0], env);
    return (V128){.u32 = {low, sse_f64_to_f32(a.u64[1], env), 0, 0}};
}
EVAL_INLINE V128 eval_cvtdq2ps(V128 a, struct sse_env *env) {
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = sse_i64_to_f32((uint64_t)(int64_t)a.s32[n], env);
    return a;
}
EVAL_INLINE V128 eval_cvtdq2pd(V128 a, struct sse_env *env) {
    uint64_t low = sse_i64_to_f64((uint64_t)(int64_t)a.s32[0], env);
    return JOIN64(low, sse_i64_to_f64((uint64_t)(int64_t)a.s32[1], env));
}
EVAL_INLINE V128 eval_ps2dq(V128 a, bool truncate, struct sse_env *env) {
    for (unsigned n = 0; n < 4; n++)
        a.u32[n] = sse_f32_to_i32(a.u32[n], truncate, env);
    return a;
}
EVAL_INLINE V128 eval_pd2dq(V128 a, bool truncate, struct sse_env *env) {
    uint32_t low = sse_f64_to_i32(a.u64[0], truncate, env);
    return (V128){.u32 = {low, sse_f64_to_i32(a.u64[1], truncate, env), 0, 0}};
}
EVAL_INLINE V128 eval_cvtps2dq(V128 a, struct sse_env *env) { return eval_ps2dq(a, false, env); }
EVAL_INLINE V128 eval_cvttps2dq(V128 a, struct sse_env *env) { return eval_ps2dq(a, true, env); }
EVAL_INLINE V128 eval_cvtpd2dq(V128 a, struct sse_env *env) { return eval_pd2dq(a, false, env); }
EVAL_INLINE V128 eval_cvttpd2dq(V128 a, struct sse_env *env) { return eval_pd2dq(a, true, env); }
EVAL_INLINE V128 eval_ps2pi(V128 a, bool truncate, struct sse_env *env) {
    uint32_t low = sse_f32_to_i32(a.u32[0], truncate, env);
    return (V128){.u32 = {low, sse_f32_to_i32(a.u32[1], truncate, env), 0, 0}};
}
EVAL_INLINE V128 eval_cvtps2pi(V128 a, struct sse_env *env) { return eval_ps2pi(a, false, env); }
EVAL_INLINE V128 eval_cvttps2pi(V128 a, struct sse_env *env) { return eval_ps2pi(a, true, env); }
EVAL_INLINE V128 eval_cvtpi2ps(V128 a, struct sse_env *env) {
    uint32_t low = sse_i64_to_f32((uint64_t)(int64_t)a.s32[0], env);
    return (V128){.u32 = {low, sse_i64_to_f32((uint64_t)(int64_t)a.s32[1], env), 0, 0}};
}
#define FC_(name, a) eval_##name(a, &eval_env)

/* ... and of single elements. */
#define CVT_F32_F64(a) sse_f32_to_f64(a, &eval_env)
#define CVT_F64_F32(a) sse_f64_to_f32(a, &eval_env)
#define CVT_I64_F32(a) sse_i64_to_f32(a, &eval_env)
#define CVT_I64_F64(a) sse_i64_to_f64(a, &eval_env)
#define CVT_F32_I32(a, truncate) sse_f32_to_i32(a, truncate, &eval_env)
#define CVT_F32_I64(a, truncate) sse_f32_to_i64(a, truncate, &eval_env)
#define CVT_F64_I32(a, truncate) sse_f64_to_i32(a, truncate, &eval_env)
#define CVT_F64_I64(a, truncate) sse_f64_to_i64(a, truncate, &eval_env)

/* ZF, PF and CF of an ordered or unordered comparison, as rflags bits. */
EVAL_INLINE I64 eval_order_flags(int order) {
    return order == 2   ? RFLAGS_ZF | RFLAGS_PF | RFLAGS_CF
           : order < 0  ? RFLAGS_CF
           : order == 0 ? RFLAGS_ZF
                        : 0;
}
#define ORDER32(a, b, signal) eval_order_flags(sse_f32_order(a, b, signal, &eval_env))
#define ORDER64(a, b, signal) eval_order_flags(sse_f64_order(a, b, signal, &eval_env))

#define MOVMSKPS(a)                                                                                \
    ((a).u32[0] >> 31 | (a).u32[1] >> 31 << 1 | (a).u32[2] >> 31 << 2 | (a).u32[3] >> 31 << 3)
#define MOVMSKPD(a) ((I32)((a).u64[0] >> 63 | (a).u64[1] >> 63 << 1))
#define PTEST_FLAGS(a, b)                                                                          \
    (((((a).u64[0] & (b).u64[0]) | ((a).u64[1] & (b).u64[1])) == 0 ? RFLAGS_ZF : 0) |              \
     (((~(a).u64[0] & (b).u64[0]) | (~(a).u64[1] & (b).u64[1])) == 0 ? RFLAGS_CF : 0))

/* --- state --- */

#define EMMS()                                                                                     \
    do {                                                                                           \
        X87_WAIT();                                                                                \
        x87_enter_mmx(EVAL_X87);                                                                   \
        EVAL_X87->occupied = 0;                                                                    \
    } while (0)

#define MXCSR() (EVAL_CPU.mxcsr)
#define WRITE_MXCSR(value)                                                                         \
    do {                                                                                           \
        if ((value) & ~MXCSR_VALID)                                                                \
            GENERAL_PROTECTION();                                                                  \
        EVAL_CPU.mxcsr = (value);                                                                  \
        EVAL_MXCSR_WRITTEN();                                                                      \
    } while (0)

#endif
