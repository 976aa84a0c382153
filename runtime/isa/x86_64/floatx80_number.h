/* What the files of floatx80.h share: operands taken apart, exact results rounded once. */
#ifndef C2W_FLOATX80_NUMBER_H
#define C2W_FLOATX80_NUMBER_H

#include "floatx80.h"

typedef unsigned __int128 wide;

#define EXPONENT_BIAS 16383
#define EXPONENT_MAX 0x7fff
#define INTEGER_BIT 0x8000000000000000u
#define QUIET_BIT 0x4000000000000000u
#define EXPONENT_WRAP 24576 /* of unmasked overflow and underflow */

enum number_class {
    NUMBER_ZERO,
    NUMBER_FINITE,
    NUMBER_INFINITE,
    NUMBER_NAN,
    NUMBER_SIGNALLING,
    NUMBER_UNSUPPORTED, /* the 80387 and later refuse pseudo-NaNs, pseudo-infinities, unnormals */
};

/* (-1)^sign * significand * 2^(exponent - 63); finite: bit 63 of the significand is set. */
struct number {
    bool sign, denormal;
    enum number_class class;
    int32_t exponent;
    uint64_t significand;
};

static inline unsigned env_rounding(const struct float_env *env) {
    return env->control >> X87_ROUNDING_SHIFT & 3;
}

static inline struct floatx80 floatx80_pack(bool sign, unsigned exponent, uint64_t significand) {
    return (struct floatx80){significand, (uint16_t)(exponent | (unsigned)sign << 15)};
}
static inline struct floatx80 floatx80_zero(bool sign) { return floatx80_pack(sign, 0, 0); }
static inline struct floatx80 floatx80_infinity(bool sign) {
    return floatx80_pack(sign, EXPONENT_MAX, INTEGER_BIT);
}
static inline struct floatx80 floatx80_invalid(struct float_env *env) {
    env->raised |= X87_INVALID;
    return FLOATX80_INDEFINITE;
}

static inline struct number floatx80_unpack(struct floatx80 a) {
    struct number n = {.sign = a.sign_exponent >> 15};
    int32_t field = a.sign_exponent & EXPONENT_MAX;
    n.significand = a.significand;
    n.exponent = (field ? field : 1) - EXPONENT_BIAS;
    if (field == 0) {
        if (a.significand == 0) {
            n.class = NUMBER_ZERO;
            return n;
        }
        n.class = NUMBER_FINITE;
        n.denormal = true; /* also with the integer bit set, a pseudo-denormal */
        int shift = __builtin_clzll(a.significand);
        n.significand <<= shift;
        n.exponent -= shift;
    } else if (!(a.significand & INTEGER_BIT)) {
        n.class = NUMBER_UNSUPPORTED;
    } else if (field == EXPONENT_MAX) {
        n.class = a.significand == INTEGER_BIT  ? NUMBER_INFINITE
                  : a.significand & QUIET_BIT ? NUMBER_NAN
                                              : NUMBER_SIGNALLING;
    } else {
        n.class = NUMBER_FINITE;
    }
    return n;
}

/* The operand as a result: a pseudo-denormal becomes the normal number that it is. */
static inline struct floatx80 floatx80_unchanged(struct floatx80 a) {
    if (!(a.sign_exponent & EXPONENT_MAX) && a.significand & INTEGER_BIT)
        a.sign_exponent++;
    return a;
}

static inline bool number_is_nan(struct number n) { return n.class >= NUMBER_NAN; }

/* The result of an operation on a NaN or unsupported operand (SDM table 4-7): indefinite for
 * unsupported ones, a quiet NaN before a signalling one, otherwise the larger significand. */
struct floatx80 floatx80_propagate_nan(struct floatx80 a, struct floatx80 b, struct float_env *env);

/* Raises the denormal exception for operands that are no NaNs. */
static inline void raise_denormal(struct float_env *env, bool denormal) {
    if (denormal || env->denormal)
        env->raised |= X87_DENORMAL;
}

/* Shifts right; bits that fall out make the last bit 1. */
static inline wide shift_sticky(wide value, uint32_t shift) {
    if (shift == 0)
        return value;
    if (shift > 127)
        return value != 0;
    return value >> shift | ((value << (128 - shift)) != 0);
}

/* Whether a magnitude is rounded up: `rest` is what is cut off, as a fraction of 2^128. */
static inline bool rounds_up(bool sign, bool odd, wide rest, unsigned rounding) {
    const wide half = (wide)1 << 127;
    switch (rounding) {
    case X87_NEAREST_EVEN:
        return rest > half || (rest == half && odd);
    case X87_DOWN:
        return sign && rest != 0;
    case X87_UP:
        return !sign && rest != 0;
    default:
        return false;
    }
}

/* Rounds (-1)^sign * significand * 2^(exponent - 127), bit 127 set, the last bit possibly sticky,
 * to `precision` bits. */
struct floatx80 floatx80_round(bool sign, int32_t exponent, wide significand, unsigned precision,
                               struct float_env *env);
/* The same for a significand with any leading zeros; it is not 0. */
static inline struct floatx80 floatx80_normalise_round(bool sign, int32_t exponent,
                                                       wide significand, unsigned precision,
                                                       struct float_env *env) {
    uint64_t high = (uint64_t)(significand >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)significand);
    return floatx80_round(sign, exponent - shift, significand << shift, precision, env);
}

/* Bits of the precision control field. */
static inline unsigned env_precision(const struct float_env *env) {
    static const uint8_t bits[4] = {24, 64, 53, 64};
    return bits[env->control >> X87_PRECISION_SHIFT & 3];
}

#endif
