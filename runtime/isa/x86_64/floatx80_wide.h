/* Floating point with 128-bit significands, truncated: intermediate values of the transcendental
 * functions. */
#ifndef C2W_FLOATX80_WIDE_H
#define C2W_FLOATX80_WIDE_H

#include "floatx80_number.h"

/* (-1)^sign * significand * 2^(exponent - 127); bit 127 is set, or all of the significand 0. */
struct wide_float {
    bool sign;
    int32_t exponent;
    wide significand;
};
#define WIDE(high, low) ((wide)(high) << 64 | (low))
#define WIDE_ONE ((wide)1 << 127) /* of fixed-point values with one integer bit */

static inline struct wide_float wide_from_number(struct number n) {
    return (struct wide_float){n.sign, n.exponent, (wide)n.significand << 64};
}

static inline struct wide_float wide_normalise(bool sign, int32_t exponent, wide significand) {
    if (significand == 0)
        return (struct wide_float){sign, 0, 0};
    uint64_t high = (uint64_t)(significand >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)significand);
    return (struct wide_float){sign, exponent - shift, significand << shift};
}

/* The upper half of a 256-bit product; the last bit may be too small by one. */
static inline wide wide_multiply_high(wide a, wide b) {
    uint64_t a1 = (uint64_t)(a >> 64), a0 = (uint64_t)a;
    uint64_t b1 = (uint64_t)(b >> 64), b0 = (uint64_t)b;
    wide middle1 = (wide)a1 * b0, middle2 = (wide)a0 * b1;
    wide carry = ((wide)a0 * b0 >> 64) + (uint64_t)middle1 + (uint64_t)middle2;
    return (wide)a1 * b1 + (middle1 >> 64) + (middle2 >> 64) + (carry >> 64);
}

static inline struct wide_float wide_multiply(struct wide_float a, struct wide_float b) {
    return wide_normalise(a.sign != b.sign, a.exponent + b.exponent + 1,
                          wide_multiply_high(a.significand, b.significand));
}

struct wide_float wide_add(struct wide_float a, struct wide_float b);
struct wide_float wide_divide(struct wide_float a, struct wide_float b); /* b is not 0 */

/* Rounds a result that is not 0 and not exact. */
static inline struct floatx80 wide_round(struct wide_float a, struct float_env *env) {
    return floatx80_round(a.sign, a.exponent, a.significand | 1, 64, env);
}

#endif
