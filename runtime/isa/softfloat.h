/* Exact IEEE 754 binary32 and binary64 arithmetic on bit patterns, with RISC-V's five rounding
 * modes, exception flags, canonical NaNs and saturating conversions.  Tininess is detected after
 * rounding. `rm` is 0..4 (never dynamic); flags are or-ed into *flags. */
#ifndef C2W_SOFTFLOAT_H
#define C2W_SOFTFLOAT_H

#include <stdbool.h>
#include <stdint.h>

enum rounding_mode {
    ROUND_NEAREST_EVEN,
    ROUND_TO_ZERO,
    ROUND_DOWN,
    ROUND_UP,
    ROUND_NEAREST_AWAY, /* ties away from zero (RISC-V: RMM) */
};

enum float_flag {
    FLOAT_INEXACT = 1,
    FLOAT_UNDERFLOW = 2,
    FLOAT_OVERFLOW = 4,
    FLOAT_DIVIDE = 8,
    FLOAT_INVALID = 16,
};

#define F32_CANONICAL_NAN 0x7fc00000u
#define F64_CANONICAL_NAN 0x7ff8000000000000u

uint32_t f32_add(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags);
uint32_t f32_sub(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags);
uint32_t f32_mul(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags);
uint32_t f32_div(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags);
uint32_t f32_sqrt(uint32_t a, unsigned rm, uint32_t *flags);
uint32_t f32_fma(uint32_t a, uint32_t b, uint32_t c, unsigned rm, uint32_t *flags); /* a * b + c */
uint64_t f64_add(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags);
uint64_t f64_sub(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags);
uint64_t f64_mul(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags);
uint64_t f64_div(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags);
uint64_t f64_sqrt(uint64_t a, unsigned rm, uint32_t *flags);
uint64_t f64_fma(uint64_t a, uint64_t b, uint64_t c, unsigned rm, uint32_t *flags);

/* minimumNumber and maximumNumber of IEEE 754-2019: -0 is less than +0, a number wins over a NaN.
 */
uint32_t f32_min(uint32_t a, uint32_t b, uint32_t *flags);
uint32_t f32_max(uint32_t a, uint32_t b, uint32_t *flags);
uint64_t f64_min(uint64_t a, uint64_t b, uint32_t *flags);
uint64_t f64_max(uint64_t a, uint64_t b, uint32_t *flags);

/* eq is quiet (invalid for signalling NaNs only), lt and le are invalid for every NaN. */
bool f32_eq(uint32_t a, uint32_t b, uint32_t *flags);
bool f32_lt(uint32_t a, uint32_t b, uint32_t *flags);
bool f32_le(uint32_t a, uint32_t b, uint32_t *flags);
bool f64_eq(uint64_t a, uint64_t b, uint32_t *flags);
bool f64_lt(uint64_t a, uint64_t b, uint32_t *flags);
bool f64_le(uint64_t a, uint64_t b, uint32_t *flags);

/* The bit mask of RISC-V's fclass. */
uint32_t f32_classify(uint32_t a);
uint32_t f64_classify(uint64_t a);

uint64_t f32_to_f64(uint32_t a, uint32_t *flags);
uint32_t f64_to_f32(uint64_t a, unsigned rm, uint32_t *flags);

/* Out of range: the nearest value and invalid; NaN: the largest value and invalid. */
uint32_t f32_to_i32(uint32_t a, unsigned rm, uint32_t *flags);
uint32_t f32_to_u32(uint32_t a, unsigned rm, uint32_t *flags);
uint64_t f32_to_i64(uint32_t a, unsigned rm, uint32_t *flags);
uint64_t f32_to_u64(uint32_t a, unsigned rm, uint32_t *flags);
uint32_t f64_to_i32(uint64_t a, unsigned rm, uint32_t *flags);
uint32_t f64_to_u32(uint64_t a, unsigned rm, uint32_t *flags);
uint64_t f64_to_i64(uint64_t a, unsigned rm, uint32_t *flags);
uint64_t f64_to_u64(uint64_t a, unsigned rm, uint32_t *flags);

uint32_t i64_to_f32(uint64_t a, unsigned rm, uint32_t *flags); /* a is signed */
uint32_t u64_to_f32(uint64_t a, unsigned rm, uint32_t *flags);
uint64_t i64_to_f64(uint64_t a, unsigned rm, uint32_t *flags);
uint64_t u64_to_f64(uint64_t a, unsigned rm, uint32_t *flags);

/* The same for lifted code: rm as in the instruction (7 = cpu.frm), flags go to cpu.fflags. */
uint32_t c2w_f32_add(uint32_t a, uint32_t b, uint32_t rm);
uint32_t c2w_f32_sub(uint32_t a, uint32_t b, uint32_t rm);
uint32_t c2w_f32_mul(uint32_t a, uint32_t b, uint32_t rm);
uint32_t c2w_f32_div(uint32_t a, uint32_t b, uint32_t rm);
uint32_t c2w_f32_sqrt(uint32_t a, uint32_t rm);
uint32_t c2w_f32_fma(uint32_t a, uint32_t b, uint32_t c, uint32_t rm);
uint64_t c2w_f64_add(uint64_t a, uint64_t b, uint32_t rm);
uint64_t c2w_f64_sub(uint64_t a, uint64_t b, uint32_t rm);
uint64_t c2w_f64_mul(uint64_t a, uint64_t b, uint32_t rm);
uint64_t c2w_f64_div(uint64_t a, uint64_t b, uint32_t rm);
uint64_t c2w_f64_sqrt(uint64_t a, uint32_t rm);
uint64_t c2w_f64_fma(uint64_t a, uint64_t b, uint64_t c, uint32_t rm);
/* Nearest-even, without looking after the flags. */
uint32_t c2w_f32_fma_nearest(uint32_t a, uint32_t b, uint32_t c);
uint64_t c2w_f64_fma_nearest(uint64_t a, uint64_t b, uint64_t c);
uint32_t c2w_f32_min(uint32_t a, uint32_t b);
uint32_t c2w_f32_max(uint32_t a, uint32_t b);
uint64_t c2w_f64_min(uint64_t a, uint64_t b);
uint64_t c2w_f64_max(uint64_t a, uint64_t b);
uint32_t c2w_f32_eq(uint32_t a, uint32_t b);
uint32_t c2w_f32_lt(uint32_t a, uint32_t b);
uint32_t c2w_f32_le(uint32_t a, uint32_t b);
uint32_t c2w_f64_eq(uint64_t a, uint64_t b);
uint32_t c2w_f64_lt(uint64_t a, uint64_t b);
uint32_t c2w_f64_le(uint64_t a, uint64_t b);
uint32_t c2w_f32_classify(uint32_t a);
uint32_t c2w_f64_classify(uint64_t a);
uint64_t c2w_f32_to_f64(uint32_t a);
uint32_t c2w_f64_to_f32(uint64_t a, uint32_t rm);
uint32_t c2w_f32_to_i32(uint32_t a, uint32_t rm);
uint32_t c2w_f32_to_u32(uint32_t a, uint32_t rm);
uint64_t c2w_f32_to_i64(uint32_t a, uint32_t rm);
uint64_t c2w_f32_to_u64(uint32_t a, uint32_t rm);
uint32_t c2w_f64_to_i32(uint64_t a, uint32_t rm);
uint32_t c2w_f64_to_u32(uint64_t a, uint32_t rm);
uint64_t c2w_f64_to_i64(uint64_t a, uint32_t rm);
uint64_t c2w_f64_to_u64(uint64_t a, uint32_t rm);
uint32_t c2w_i64_to_f32(uint64_t a, uint32_t rm);
uint32_t c2w_u64_to_f32(uint64_t a, uint32_t rm);
uint64_t c2w_i64_to_f64(uint64_t a, uint32_t rm);
uint64_t c2w_u64_to_f64(uint64_t a, uint32_t rm);

#endif
