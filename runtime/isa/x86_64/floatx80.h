/* The arithmetic of the x87 unit on its 80-bit format: sign, 15 bits of exponent, a significand of
 * 64 bits with an explicit integer bit (Intel SDM volume 1, sections 4.2, 4.8, 8.1 and 8.5).
 *
 * Every function takes the control word in `env` and or-s what it raises, status word bits, into
 * env->raised.  Results are those of masked exceptions, except that an unmasked overflow or
 * underflow gives the result with its exponent wrapped by 24576; the caller discards results when
 * an unmasked invalid, denormal or divide exception was raised (x87_unmasked()). */
#ifndef C2W_FLOATX80_H
#define C2W_FLOATX80_H

#include <stdbool.h>
#include <stdint.h>

struct floatx80 {
    uint64_t significand;   /* bit 63 is the integer bit */
    uint16_t sign_exponent; /* bit 15 is the sign, the bias is 16383 */
};

enum x87_status {
    X87_INVALID = 1 << 0,
    X87_DENORMAL = 1 << 1, /* an operand was a denormal number */
    X87_DIVIDE = 1 << 2,
    X87_OVERFLOW = 1 << 3,
    X87_UNDERFLOW = 1 << 4,
    X87_INEXACT = 1 << 5,
    X87_STACK_FAULT = 1 << 6,
    X87_ERROR_SUMMARY = 1 << 7,
    X87_C0 = 1 << 8,
    X87_C1 = 1 << 9, /* the last rounding increased the magnitude; stack overflow */
    X87_C2 = 1 << 10,
    X87_C3 = 1 << 14,
    X87_BUSY = 1 << 15,
};
#define X87_EXCEPTIONS 0x3f
#define X87_CONDITIONS (X87_C0 | X87_C1 | X87_C2 | X87_C3)
/* Found before the operation, which then has no result when they are not masked. */
#define X87_PRE_EXCEPTIONS (X87_INVALID | X87_DENORMAL | X87_DIVIDE)

/* The control word: masks of the six exceptions, precision (0: 24 bits, 2: 53, 3: 64), rounding. */
#define X87_PRECISION_SHIFT 8
#define X87_ROUNDING_SHIFT 10
enum x87_rounding { X87_NEAREST_EVEN, X87_DOWN, X87_UP, X87_TO_ZERO };

struct float_env {
    uint16_t control;
    uint16_t raised;
    bool denormal; /* an operand was a denormal single or double before its exact conversion */
};

/* The exceptions among `bits` that have been raised and are not masked. */
static inline unsigned x87_unmasked(const struct float_env *env, unsigned bits) {
    return env->raised & ~env->control & bits & X87_EXCEPTIONS;
}

/* "Real indefinite", what masked invalid operations give. */
#define FLOATX80_INDEFINITE ((struct floatx80){0xc000000000000000u, 0xffff})

/* Rounded to the control word's precision. */
struct floatx80 floatx80_add(struct floatx80 a, struct floatx80 b, struct float_env *env);
struct floatx80 floatx80_sub(struct floatx80 a, struct floatx80 b, struct float_env *env);
struct floatx80 floatx80_mul(struct floatx80 a, struct floatx80 b, struct float_env *env);
struct floatx80 floatx80_div(struct floatx80 a, struct floatx80 b, struct float_env *env);
struct floatx80 floatx80_sqrt(struct floatx80 a, struct float_env *env);

/* A NaN made quiet, which is invalid for a signalling one. */
struct floatx80 floatx80_quiet(struct floatx80 nan, struct float_env *env);

/* C3, C2 and C0 of a <=> b: 0 greater, C0 less, C3 equal, all three unordered, which is invalid for
 * every NaN or, if `quiet`, for signalling ones only. */
unsigned floatx80_compare(struct floatx80 a, struct floatx80 b, bool quiet, struct float_env *env);
/* C3, C2, C1 and C0 of FXAM; of an empty register if `empty`. */
unsigned floatx80_examine(struct floatx80 a, bool empty);

/* Exact: signalling NaNs stay so and raise nothing, *denormal is set for denormal operands. */
struct floatx80 floatx80_from_f32(uint32_t a, bool *denormal);
struct floatx80 floatx80_from_f64(uint64_t a, bool *denormal);
struct floatx80 floatx80_from_i64(int64_t a);
uint32_t floatx80_to_f32(struct floatx80 a, struct float_env *env);
uint64_t floatx80_to_f64(struct floatx80 a, struct float_env *env);
/* `bits` is 16, 32 or 64; out of range: invalid and the most negative integer.  Rounded as the
 * control word says, or towards zero if `truncate`. */
int64_t floatx80_to_integer(struct floatx80 a, unsigned bits, bool truncate, struct float_env *env);
/* 18 digits of packed BCD in 10 bytes. */
struct floatx80 floatx80_from_bcd(const uint8_t bcd[10]);
void floatx80_to_bcd(struct floatx80 a, uint8_t bcd[10], struct float_env *env);
struct floatx80 floatx80_round_to_integer(struct floatx80 a, struct float_env *env);

/* a modulo b with the quotient rounded towards zero (FPREM) or to the nearest (`nearest`, FPREM1).
 * *conditions are C0 to C3 before and after: the low quotient bits in C0, C3, C1, or C2 when the
 * reduction is not complete; without a quotient, C0 and C3 stay. */
struct floatx80 floatx80_remainder(struct floatx80 a, struct floatx80 b, bool nearest,
                                   unsigned *conditions, struct float_env *env);
/* a * 2^trunc(b) */
struct floatx80 floatx80_scale(struct floatx80 a, struct floatx80 b, struct float_env *env);
/* Significand of a in [1, 2); its exponent as a number goes to *exponent. */
struct floatx80 floatx80_extract(struct floatx80 a, struct floatx80 *exponent,
                                 struct float_env *env);

/* Constants of FLD1 (0) to FLDZ (6), by the low bits of their opcodes. */
struct floatx80 floatx80_constant(unsigned index, unsigned rounding);

/* Transcendental functions.  Their errors are below 2^-50 units in the last place before the one
 * rounding, as the control word says, to 64 bits.  An Intel processor's results are the same for all
 * but about one in a hundred operands, and one unit in the last place away there. */
struct floatx80 floatx80_exp2_minus_1(struct floatx80 a, struct float_env *env);
/* y * log2(x) */
struct floatx80 floatx80_y_log2(struct floatx80 x, struct floatx80 y, struct float_env *env);
/* y * log2(x + 1) */
struct floatx80 floatx80_y_log2_plus_1(struct floatx80 x, struct floatx80 y, struct float_env *env);
/* Angle of the point (x, y) */
struct floatx80 floatx80_arctan(struct floatx80 y, struct floatx80 x, struct float_env *env);
/* Sine, cosine, tangent, for magnitudes below 2^63 (else false and nothing is written); any of the
 * results may be NULL.  Arguments are reduced by the unit's 66-bit pi. */
bool floatx80_sine(struct floatx80 a, struct floatx80 *sine, struct floatx80 *cosine,
                   struct floatx80 *tangent, struct float_env *env);

#endif
