/* Floating-point operations that lifted code calls: flags go to cpu.fflags. */
#include "../isa/fast_float.h"
#include "../isa/riscv64/insn.h"
#include "../isa/state.h"

#define FLAGS (&c2w_cpu.fflags)

static unsigned mode(uint32_t rm) { return rm == ROUNDING_DYNAMIC ? c2w_cpu.frm : rm; }

#define HELPERS(name, type)                                                                        \
    type c2w_##name##_add(type a, type b, uint32_t rm) {                                           \
        return fast_##name##_add(a, b, mode(rm), FLAGS);                                           \
    }                                                                                              \
    type c2w_##name##_sub(type a, type b, uint32_t rm) {                                           \
        return fast_##name##_sub(a, b, mode(rm), FLAGS);                                           \
    }                                                                                              \
    type c2w_##name##_mul(type a, type b, uint32_t rm) {                                           \
        return fast_##name##_mul(a, b, mode(rm), FLAGS);                                           \
    }                                                                                              \
    type c2w_##name##_div(type a, type b, uint32_t rm) {                                           \
        return fast_##name##_div(a, b, mode(rm), FLAGS);                                           \
    }                                                                                              \
    type c2w_##name##_sqrt(type a, uint32_t rm) { return fast_##name##_sqrt(a, mode(rm), FLAGS); } \
    type c2w_##name##_fma(type a, type b, type c, uint32_t rm) {                                   \
        return fast_##name##_fma(a, b, c, mode(rm), FLAGS);                                        \
    }                                                                                              \
    type c2w_##name##_min(type a, type b) { return name##_min(a, b, FLAGS); }                      \
    type c2w_##name##_max(type a, type b) { return name##_max(a, b, FLAGS); }                      \
    uint32_t c2w_##name##_eq(type a, type b) { return fast_##name##_eq(a, b, FLAGS); }             \
    uint32_t c2w_##name##_lt(type a, type b) { return fast_##name##_lt(a, b, FLAGS); }             \
    uint32_t c2w_##name##_le(type a, type b) { return fast_##name##_le(a, b, FLAGS); }             \
    uint32_t c2w_##name##_classify(type a) { return name##_classify(a); }                          \
    uint32_t c2w_##name##_to_i32(type a, uint32_t rm) {                                            \
        return fast_##name##_to_i32(a, mode(rm), FLAGS);                                           \
    }                                                                                              \
    uint32_t c2w_##name##_to_u32(type a, uint32_t rm) {                                            \
        return fast_##name##_to_u32(a, mode(rm), FLAGS);                                           \
    }                                                                                              \
    uint64_t c2w_##name##_to_i64(type a, uint32_t rm) {                                            \
        return fast_##name##_to_i64(a, mode(rm), FLAGS);                                           \
    }                                                                                              \
    uint64_t c2w_##name##_to_u64(type a, uint32_t rm) {                                            \
        return fast_##name##_to_u64(a, mode(rm), FLAGS);                                           \
    }                                                                                              \
    type c2w_i64_to_##name(uint64_t a, uint32_t rm) {                                              \
        return fast_i64_to_##name(a, mode(rm), FLAGS);                                             \
    }                                                                                              \
    type c2w_u64_to_##name(uint64_t a, uint32_t rm) {                                              \
        return fast_u64_to_##name(a, mode(rm), FLAGS);                                             \
    }

HELPERS(f32, uint32_t)
HELPERS(f64, uint64_t)

uint64_t c2w_f32_to_f64(uint32_t a) { return fast_f32_to_f64(a, FLAGS); }
uint32_t c2w_f64_to_f32(uint64_t a, uint32_t rm) { return fast_f64_to_f32(a, mode(rm), FLAGS); }

uint32_t c2w_f32_fma_nearest(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t ignored = FLOAT_INEXACT;
    return fast_f32_fma(a, b, c, ROUND_NEAREST_EVEN, &ignored);
}
uint64_t c2w_f64_fma_nearest(uint64_t a, uint64_t b, uint64_t c) {
    uint32_t ignored = FLOAT_INEXACT;
    return fast_f64_fma(a, b, c, ROUND_NEAREST_EVEN, &ignored);
}
