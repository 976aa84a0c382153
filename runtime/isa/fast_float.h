/* The operations of softfloat.h through the host's arithmetic where that is exact in result and
 * flags, else through softfloat.c.  The host rounds to nearest, ties to even; its exceptions are
 * not read: inexactness is found by error-free transformations, and not looked for once the sticky
 * flag is set.  Results that are subnormal, infinite or NaN are left to softfloat.c unless they are
 * obvious. Every function takes the rounding mode 0..4 like its namesake there. */
#ifndef C2W_FAST_FLOAT_H
#define C2W_FAST_FLOAT_H

#include <string.h>

#include "softfloat.h"

#define FAST_INLINE static inline __attribute__((always_inline, unused))

FAST_INLINE double fast_f64(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
FAST_INLINE uint64_t fast_f64_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}
FAST_INLINE float fast_f32(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
FAST_INLINE uint32_t fast_f32_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The biased exponent is in [2, largest finite - 1]: rounding cannot have hidden an underflow, and
 * sums of a few such numbers do not overflow. */
FAST_INLINE bool fast_f64_usual(uint64_t bits) { return (bits >> 52 & 0x7ff) - 2 <= 0x7fd - 2; }
FAST_INLINE bool fast_f32_usual(uint32_t bits) { return (bits >> 23 & 0xff) - 2 <= 0xfd - 2; }
FAST_INLINE bool fast_f64_zero(uint64_t bits) { return bits << 1 == 0; }
FAST_INLINE bool fast_f32_zero(uint32_t bits) { return bits << 1 == 0; }

/* A sum may also be small: below the normal numbers it is always exact. */
FAST_INLINE bool fast_f64_finite_sum(uint64_t bits) { return (bits >> 52 & 0x7ff) <= 0x7fd; }
FAST_INLINE bool fast_f32_finite_sum(uint32_t bits) { return (bits >> 23 & 0xff) <= 0xfd; }

/* --- addition: the rounding error is (a - (s - t)) + (b - t) with t = s - a (Knuth) --- */

#define FAST_ADD(name, type, real, operation, sign)                                                \
    FAST_INLINE type fast_##name##_##operation(type a, type b, unsigned rm, uint32_t *flags) {     \
        real x = fast_##name(a), y = sign fast_##name(b);                                          \
        real sum = x + y;                                                                          \
        type bits = fast_##name##_bits(sum);                                                       \
        if (rm == ROUND_NEAREST_EVEN && fast_##name##_finite_sum(bits)) {                          \
            if (*flags & FLOAT_INEXACT)                                                            \
                return bits;                                                                       \
            real t = sum - x;                                                                      \
            if ((x - (sum - t)) + (y - t) != 0)                                                    \
                *flags |= FLOAT_INEXACT;                                                           \
            return bits;                                                                           \
        }                                                                                          \
        return name##_##operation(a, b, rm, flags);                                                \
    }
FAST_ADD(f32, uint32_t, float, add, )
FAST_ADD(f32, uint32_t, float, sub, -)
FAST_ADD(f64, uint64_t, double, add, )
FAST_ADD(f64, uint64_t, double, sub, -)
#undef FAST_ADD

/* --- multiplication, division, square root --- */

/* Whether the product of two normal numbers, which rounds to the usual number `product`, is exact:
 * its significand has 105 or 106 bits, of which all but 53 must be zero. */
FAST_INLINE bool fast_f64_exact_product(uint64_t a, uint64_t b, uint64_t product) {
    uint64_t hidden = (uint64_t)1 << 52;
    int zeros = __builtin_ctzll(a | hidden) + __builtin_ctzll(b | hidden);
    if (zeros != 52)
        return zeros > 52;
    return (product >> 52 & 0x7ff) == (a >> 52 & 0x7ff) + (b >> 52 & 0x7ff) - 1023;
}
FAST_INLINE bool fast_f64_normal(uint64_t bits) { return (bits >> 52 & 0x7ff) - 1 < 0x7fe; }

FAST_INLINE uint64_t fast_f64_mul(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags) {
    uint64_t bits = fast_f64_bits(fast_f64(a) * fast_f64(b));
    if (rm == ROUND_NEAREST_EVEN && fast_f64_usual(bits)) {
        if (*flags & FLOAT_INEXACT)
            return bits;
        if (fast_f64_normal(a) && fast_f64_normal(b)) {
            if (!fast_f64_exact_product(a, b, bits))
                *flags |= FLOAT_INEXACT;
            return bits;
        }
    }
    if (fast_f64_zero(bits) && (fast_f64_zero(a) || fast_f64_zero(b)))
        return bits;
    return f64_mul(a, b, rm, flags);
}

FAST_INLINE uint32_t fast_f32_mul(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags) {
    double product = (double)fast_f32(a) * fast_f32(b); /* exact */
    float rounded = (float)product;
    uint32_t bits = fast_f32_bits(rounded);
    if (rm == ROUND_NEAREST_EVEN && fast_f32_usual(bits)) {
        if (rounded != product)
            *flags |= FLOAT_INEXACT;
        return bits;
    }
    if (fast_f32_zero(bits) && (fast_f32_zero(a) || fast_f32_zero(b)))
        return bits;
    return f32_mul(a, b, rm, flags);
}

FAST_INLINE uint64_t fast_f64_div(uint64_t a, uint64_t b, unsigned rm, uint32_t *flags) {
    double x = fast_f64(a), y = fast_f64(b), quotient = x / y;
    uint64_t bits = fast_f64_bits(quotient);
    if (rm == ROUND_NEAREST_EVEN && fast_f64_usual(bits)) {
        if (*flags & FLOAT_INEXACT)
            return bits;
        if (fast_f64_usual(a) && fast_f64_normal(b)) {
            if (quotient * y != x || !fast_f64_exact_product(bits, b, a))
                *flags |= FLOAT_INEXACT;
            return bits;
        }
    }
    if (fast_f64_zero(bits) && fast_f64_zero(a))
        return bits;
    return f64_div(a, b, rm, flags);
}

FAST_INLINE uint32_t fast_f32_div(uint32_t a, uint32_t b, unsigned rm, uint32_t *flags) {
    float quotient = fast_f32(a) / fast_f32(b);
    uint32_t bits = fast_f32_bits(quotient);
    if (rm == ROUND_NEAREST_EVEN && fast_f32_usual(bits)) {
        if ((double)quotient * fast_f32(b) != fast_f32(a))
            *flags |= FLOAT_INEXACT;
        return bits;
    }
    if (fast_f32_zero(bits) && fast_f32_zero(a))
        return bits;
    return f32_div(a, b, rm, flags);
}

FAST_INLINE uint64_t fast_f64_sqrt(uint64_t a, unsigned rm, uint32_t *flags) {
    if (rm == ROUND_NEAREST_EVEN && a >> 63 == 0 && fast_f64_usual(a)) {
        double root = __builtin_sqrt(fast_f64(a));
        uint64_t bits = fast_f64_bits(root);
        if (!(*flags & FLOAT_INEXACT) &&
            (root * root != fast_f64(a) || !fast_f64_exact_product(bits, bits, a)))
            *flags |= FLOAT_INEXACT;
        return bits;
    }
    return f64_sqrt(a, rm, flags);
}

FAST_INLINE uint32_t fast_f32_sqrt(uint32_t a, unsigned rm, uint32_t *flags) {
    if (rm == ROUND_NEAREST_EVEN && a >> 31 == 0 && fast_f32_usual(a)) {
        float root = __builtin_sqrtf(fast_f32(a));
        if ((double)root * root != fast_f32(a))
            *flags |= FLOAT_INEXACT;
        return fast_f32_bits(root);
    }
    return f32_sqrt(a, rm, flags);
}

/* --- fused multiply-add (Boldo, Melquiond: Emulation of FMA and correctly rounded sums) --- */

/* a + b rounded to odd: cut off, with the last bit set when something was cut. */
FAST_INLINE double fast_add_to_odd(double a, double b) {
    double sum = a + b, t = sum - a;
    double error = (a - (sum - t)) + (b - t);
    uint64_t bits = fast_f64_bits(sum);
    if (error != 0 && !(bits & 1))
        bits += (error > 0) == (sum > 0) ? 1 : (uint64_t)-1;
    return fast_f64(bits);
}

/* The 53 bits of the product's rounding to odd are enough to round once more to 24. */
FAST_INLINE uint32_t fast_f32_fma(uint32_t a, uint32_t b, uint32_t c, unsigned rm,
                                  uint32_t *flags) {
    double product = (double)fast_f32(a) * fast_f32(b); /* exact */
    double sum = fast_add_to_odd(product, fast_f32(c));
    float rounded = (float)sum;
    uint32_t bits = fast_f32_bits(rounded);
    if (rm == ROUND_NEAREST_EVEN && fast_f32_usual(bits)) {
        if (rounded != sum)
            *flags |= FLOAT_INEXACT;
        return bits;
    }
    return f32_fma(a, b, c, rm, flags);
}

/* The biased exponent is so far from both ends that products and their errors are normal. */
FAST_INLINE bool fast_f64_central(uint64_t bits) {
    return (bits >> 52 & 0x7ff) - (1023 - 400) <= 800;
}

/* x = high + low with 26 bits each (Dekker, Veltkamp). */
FAST_INLINE double fast_high_half(double x) {
    double t = x * 134217729; /* 2^27 + 1 */
    return t - (t - x);
}

FAST_INLINE uint64_t fast_f64_fma(uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                                  uint32_t *flags) {
    if (rm == ROUND_NEAREST_EVEN && *flags & FLOAT_INEXACT && fast_f64_central(a) &&
        fast_f64_central(b) && (fast_f64_central(c) || fast_f64_zero(c))) {
        double x = fast_f64(a), y = fast_f64(b), z = fast_f64(c);
        double x_high = fast_high_half(x), x_low = x - x_high;
        double y_high = fast_high_half(y), y_low = y - y_high;
        double product = x * y; /* product + product_error is exact */
        double product_error =
            x_low * y_low - (((product - x_high * y_high) - x_low * y_high) - x_high * y_low);
        double low = z + product_error, t = low - z; /* z + product_error = low + low_error */
        double low_error = (z - (low - t)) + (product_error - t);
        double high = product + low; /* product + low = high + high_error */
        t = high - product;
        double high_error = (product - (high - t)) + (low - t);
        uint64_t bits = fast_f64_bits(high + fast_add_to_odd(low_error, high_error));
        if (fast_f64_usual(bits))
            return bits;
    }
    return f64_fma(a, b, c, rm, flags);
}

/* --- comparison --- */

#define FAST_COMPARE(name, type, operation, operator)                                              \
    FAST_INLINE bool fast_##name##_##operation(type a, type b, uint32_t *flags) {                  \
        if (fast_##name(a) != fast_##name(a) || fast_##name(b) != fast_##name(b))                  \
            return name##_##operation(a, b, flags);                                                \
        return fast_##name(a) operator fast_##name(b);                                             \
    }
FAST_COMPARE(f32, uint32_t, eq, ==)
FAST_COMPARE(f32, uint32_t, lt, <)
FAST_COMPARE(f32, uint32_t, le, <=)
FAST_COMPARE(f64, uint64_t, eq, ==)
FAST_COMPARE(f64, uint64_t, lt, <)
FAST_COMPARE(f64, uint64_t, le, <=)
#undef FAST_COMPARE

/* --- conversion --- */

FAST_INLINE uint64_t fast_f32_to_f64(uint32_t a, uint32_t *flags) {
    float value = fast_f32(a);
    return value == value ? fast_f64_bits(value) : f32_to_f64(a, flags);
}

FAST_INLINE uint32_t fast_f64_to_f32(uint64_t a, unsigned rm, uint32_t *flags) {
    float rounded = (float)fast_f64(a);
    uint32_t bits = fast_f32_bits(rounded);
    if (rm == ROUND_NEAREST_EVEN && fast_f32_usual(bits)) {
        if (rounded != fast_f64(a))
            *flags |= FLOAT_INEXACT;
        return bits;
    }
    return f64_to_f32(a, rm, flags);
}

/* What C's conversion of a value in range does is rounding towards zero. */
#define FAST_TO_INTEGER(name, type, integer, result, converted, low, high)                         \
    FAST_INLINE result fast_##name##_to_##integer(type a, unsigned rm, uint32_t *flags) {          \
        double value = fast_##name(a);                                                             \
        if (rm == ROUND_TO_ZERO && value > low && value < high) {                                  \
            converted whole = (converted)value;                                                    \
            if ((double)whole != value)                                                            \
                *flags |= FLOAT_INEXACT;                                                           \
            return (result)whole;                                                                  \
        }                                                                                          \
        return name##_to_##integer(a, rm, flags);                                                  \
    }
FAST_TO_INTEGER(f32, uint32_t, i32, uint32_t, int32_t, -0x1p31, 0x1p31)
FAST_TO_INTEGER(f32, uint32_t, u32, uint32_t, uint32_t, -1.0, 0x1p32)
FAST_TO_INTEGER(f32, uint32_t, i64, uint64_t, int64_t, -0x1p63, 0x1p63)
FAST_TO_INTEGER(f32, uint32_t, u64, uint64_t, uint64_t, -1.0, 0x1p64)
FAST_TO_INTEGER(f64, uint64_t, i32, uint32_t, int32_t, -0x1p31, 0x1p31)
FAST_TO_INTEGER(f64, uint64_t, u32, uint32_t, uint32_t, -1.0, 0x1p32)
FAST_TO_INTEGER(f64, uint64_t, i64, uint64_t, int64_t, -0x1p63, 0x1p63)
FAST_TO_INTEGER(f64, uint64_t, u64, uint64_t, uint64_t, -1.0, 0x1p64)
#undef FAST_TO_INTEGER

/* Integers of at most 53 bits are exact in binary64. */
FAST_INLINE uint64_t fast_i64_to_f64(uint64_t a, unsigned rm, uint32_t *flags) {
    if (a + ((uint64_t)1 << 53) <= (uint64_t)1 << 54)
        return fast_f64_bits((double)(int64_t)a);
    return i64_to_f64(a, rm, flags);
}
FAST_INLINE uint64_t fast_u64_to_f64(uint64_t a, unsigned rm, uint32_t *flags) {
    if (a >> 53 == 0)
        return fast_f64_bits((double)a);
    return u64_to_f64(a, rm, flags);
}
FAST_INLINE uint32_t fast_i64_to_f32(uint64_t a, unsigned rm, uint32_t *flags) {
    float value = (float)(int64_t)a;
    if (rm == ROUND_NEAREST_EVEN && a + ((uint64_t)1 << 53) <= (uint64_t)1 << 54) {
        if (value != (double)(int64_t)a)
            *flags |= FLOAT_INEXACT;
        return fast_f32_bits(value);
    }
    return i64_to_f32(a, rm, flags);
}
FAST_INLINE uint32_t fast_u64_to_f32(uint64_t a, unsigned rm, uint32_t *flags) {
    return a >> 63 ? u64_to_f32(a, rm, flags) : fast_i64_to_f32(a, rm, flags);
}

#endif
