/* Soft float: operands are unpacked into sign, exponent and a normalised 64-bit significand (room
 * for x87's format), the exact result has 128 bits of which the last may be sticky, and
 * round_pack() rounds it once.  The formats are constants to functions that are inlined, so that
 * each operation exists once per format. */
#include "softfloat.h"

typedef unsigned __int128 wide;

struct format {
    int precision; /* bits of the significand, with the hidden one */
    int max_exponent;
    uint64_t canonical_nan;
};
#define FORMAT_F32 ((struct format){24, 127, F32_CANONICAL_NAN})
#define FORMAT_F64 ((struct format){53, 1023, F64_CANONICAL_NAN})
#define INLINE static inline __attribute__((always_inline))

enum number_class { NUMBER_ZERO, NUMBER_FINITE, NUMBER_INFINITE, NUMBER_NAN, NUMBER_SIGNALLING };

/* The value (-1)^sign * significand * 2^(exponent - 63); finite: bit 63 of the significand is set.
 */
struct number {
    bool sign;
    enum number_class class;
    int32_t exponent;
    uint64_t significand;
};

/* --- packing --- */

INLINE uint64_t sign_bit(struct format f, bool sign) {
    return sign ? (uint64_t)(f.max_exponent + 1) * 2 << (f.precision - 1) : 0;
}
INLINE uint64_t infinity(struct format f, bool sign) {
    return sign_bit(f, sign) | (uint64_t)(2 * f.max_exponent + 1) << (f.precision - 1);
}
INLINE uint64_t largest(struct format f, bool sign) { return infinity(f, sign) - 1; }

INLINE uint64_t invalid(struct format f, uint32_t *flags) {
    *flags |= FLOAT_INVALID;
    return f.canonical_nan;
}

INLINE struct number unpack(struct format f, uint64_t bits) {
    struct number n = {.sign = (bits & sign_bit(f, true)) != 0};
    uint64_t fraction = bits & (((uint64_t)1 << (f.precision - 1)) - 1);
    int32_t field = (int32_t)(bits >> (f.precision - 1)) & (2 * f.max_exponent + 1);
    if (field == 2 * f.max_exponent + 1) {
        bool quiet = fraction >> (f.precision - 2) & 1;
        n.class = fraction == 0 ? NUMBER_INFINITE : quiet ? NUMBER_NAN : NUMBER_SIGNALLING;
    } else if (field == 0 && fraction == 0) {
        n.class = NUMBER_ZERO;
    } else {
        n.class = NUMBER_FINITE;
        n.significand = fraction << (64 - f.precision);
        n.exponent = field - f.max_exponent;
        if (field != 0) {
            n.significand |= (uint64_t)1 << 63;
        } else {
            int shift = __builtin_clzll(n.significand);
            n.significand <<= shift;
            n.exponent += 1 - shift;
        }
    }
    return n;
}

/* Shifts right; bits that fall out make the last bit 1. */
INLINE wide shift_sticky(wide value, unsigned shift) {
    if (shift == 0)
        return value;
    if (shift > 127)
        return value != 0;
    return value >> shift | ((value << (128 - shift)) != 0);
}

/* Whether a magnitude is rounded up: `rest` is what is cut off, as a fraction of 2^128. */
INLINE bool rounds_up(bool sign, bool odd, wide rest, unsigned rm) {
    const wide half = (wide)1 << 127;
    switch (rm) {
    case ROUND_NEAREST_EVEN:
        return rest > half || (rest == half && odd);
    case ROUND_DOWN:
        return sign && rest != 0;
    case ROUND_UP:
        return !sign && rest != 0;
    case ROUND_NEAREST_AWAY:
        return rest >= half;
    default:
        return false;
    }
}

INLINE uint64_t overflow(struct format f, bool sign, unsigned rm, uint32_t *flags) {
    *flags |= FLOAT_OVERFLOW | FLOAT_INEXACT;
    bool to_largest =
        rm == ROUND_TO_ZERO || (rm == ROUND_DOWN && !sign) || (rm == ROUND_UP && sign);
    return to_largest ? largest(f, sign) : infinity(f, sign);
}

/* Rounds (-1)^sign * significand * 2^(exponent - 127), bit 127 set, the last bit possibly sticky.
 */
INLINE uint64_t round_pack(struct format f, bool sign, int32_t exponent, wide significand,
                           unsigned rm, uint32_t *flags) {
    const int p = f.precision;
    const int32_t min_exponent = 1 - f.max_exponent;
    int32_t below = exponent < min_exponent ? min_exponent - exponent : 0;
    bool tiny = below != 0;
    if (below == 1) {
        /* Tiny after rounding: would it reach the smallest normal number with all p bits? */
        uint64_t kept = (uint64_t)(significand >> (128 - p));
        if (kept == ((uint64_t)-1 >> (64 - p)) && rounds_up(sign, true, significand << p, rm))
            tiny = false;
    }
    wide shifted = shift_sticky(significand, (unsigned)below);
    uint64_t kept = (uint64_t)(shifted >> (128 - p));
    wide rest = shifted << p;
    if (rest != 0)
        *flags |= FLOAT_INEXACT | (tiny ? FLOAT_UNDERFLOW : 0);
    kept += rounds_up(sign, kept & 1, rest, rm);
    /* A carry out of kept goes into the exponent field; a subnormal's field is 0. */
    int32_t field = below ? 0 : exponent + f.max_exponent - 1;
    if (!below && (uint64_t)field + (kept >> (p - 1)) > (uint64_t)(2 * f.max_exponent))
        return overflow(f, sign, rm, flags);
    return sign_bit(f, sign) | (((uint64_t)field << (p - 1)) + kept);
}

/* The same for a significand with any leading zeros; it is not 0. */
INLINE uint64_t normalise_pack(struct format f, bool sign, int32_t exponent, wide significand,
                               unsigned rm, uint32_t *flags) {
    uint64_t high = (uint64_t)(significand >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)significand);
    return round_pack(f, sign, exponent - shift, significand << shift, rm, flags);
}

/* --- operands that are no finite numbers --- */

INLINE bool is_nan(struct number n) { return n.class >= NUMBER_NAN; }

INLINE uint64_t propagate_nan(struct format f, bool signalling, uint32_t *flags) {
    if (signalling)
        *flags |= FLOAT_INVALID;
    return f.canonical_nan;
}

INLINE bool is_signalling(struct number n) { return n.class == NUMBER_SIGNALLING; }

/* --- arithmetic --- */

/* a + b of two non-zero finite numbers with 128-bit significands (bit 127 set), whose low bits are
 * zero where losing them would matter. */
INLINE uint64_t add_wide(struct format f, bool a_sign, int32_t a_exponent, wide a, bool b_sign,
                         int32_t b_exponent, wide b, unsigned rm, uint32_t *flags) {
    if (a_exponent < b_exponent || (a_exponent == b_exponent && a < b)) {
        bool sign = a_sign;
        int32_t exponent = a_exponent;
        wide significand = a;
        a_sign = b_sign, a_exponent = b_exponent, a = b;
        b_sign = sign, b_exponent = exponent, b = significand;
    }
    a = shift_sticky(a, 1); /* room for a carry */
    b = shift_sticky(b, (unsigned)(a_exponent - b_exponent) + 1);
    wide sum = a_sign == b_sign ? a + b : a - b;
    if (sum == 0)
        return sign_bit(f, rm == ROUND_DOWN);
    return normalise_pack(f, a_sign, a_exponent + 1, sum, rm, flags);
}

INLINE uint64_t add(struct format f, uint64_t a_bits, uint64_t b_bits, unsigned rm,
                    uint32_t *flags) {
    struct number a = unpack(f, a_bits), b = unpack(f, b_bits);
    if (is_nan(a) || is_nan(b))
        return propagate_nan(f, is_signalling(a) || is_signalling(b), flags);
    if (a.class == NUMBER_INFINITE) {
        if (b.class == NUMBER_INFINITE && a.sign != b.sign)
            return invalid(f, flags);
        return a_bits;
    }
    if (b.class == NUMBER_INFINITE)
        return b_bits;
    if (a.class == NUMBER_ZERO && b.class == NUMBER_ZERO)
        return a.sign == b.sign ? a_bits : sign_bit(f, rm == ROUND_DOWN);
    if (a.class == NUMBER_ZERO)
        return b_bits;
    if (b.class == NUMBER_ZERO)
        return a_bits;
    return add_wide(f, a.sign, a.exponent, (wide)a.significand << 64, b.sign, b.exponent,
                    (wide)b.significand << 64, rm, flags);
}

/* b with its sign changed, except for NaNs (whose sign means nothing). */
INLINE uint64_t subtract(struct format f, uint64_t a, uint64_t b, unsigned rm, uint32_t *flags) {
    return add(f, a, b ^ sign_bit(f, true), rm, flags);
}

INLINE uint64_t multiply(struct format f, uint64_t a_bits, uint64_t b_bits, unsigned rm,
                         uint32_t *flags) {
    struct number a = unpack(f, a_bits), b = unpack(f, b_bits);
    bool sign = a.sign != b.sign;
    if (is_nan(a) || is_nan(b))
        return propagate_nan(f, is_signalling(a) || is_signalling(b), flags);
    if (a.class == NUMBER_INFINITE || b.class == NUMBER_INFINITE) {
        if (a.class == NUMBER_ZERO || b.class == NUMBER_ZERO)
            return invalid(f, flags);
        return infinity(f, sign);
    }
    if (a.class == NUMBER_ZERO || b.class == NUMBER_ZERO)
        return sign_bit(f, sign);
    return normalise_pack(f, sign, a.exponent + b.exponent + 1, (wide)a.significand * b.significand,
                          rm, flags);
}

INLINE uint64_t divide(struct format f, uint64_t a_bits, uint64_t b_bits, unsigned rm,
                       uint32_t *flags) {
    struct number a = unpack(f, a_bits), b = unpack(f, b_bits);
    bool sign = a.sign != b.sign;
    if (is_nan(a) || is_nan(b))
        return propagate_nan(f, is_signalling(a) || is_signalling(b), flags);
    if (a.class == NUMBER_INFINITE)
        return b.class == NUMBER_INFINITE ? invalid(f, flags) : infinity(f, sign);
    if (b.class == NUMBER_INFINITE)
        return sign_bit(f, sign);
    if (b.class == NUMBER_ZERO) {
        if (a.class == NUMBER_ZERO)
            return invalid(f, flags);
        *flags |= FLOAT_DIVIDE;
        return infinity(f, sign);
    }
    if (a.class == NUMBER_ZERO)
        return sign_bit(f, sign);
    /* The quotient has 64 or 65 bits, more than any precision and a round bit here. */
    wide numerator = (wide)a.significand << 63;
    wide quotient = numerator / b.significand;
    bool inexact = numerator % b.significand != 0;
    return normalise_pack(f, sign, a.exponent - b.exponent, quotient << 64 | inexact, rm, flags);
}

/* Floor of the square root of a value of at least 2^126; *exact: it is no remainder. */
static uint64_t square_root(wide value, bool *exact) {
    wide root = 0;
    for (int bit = 63; bit >= 0; bit--) {
        wide candidate = root | (wide)1 << bit;
        if (candidate * candidate <= value)
            root = candidate;
    }
    *exact = root * root == value;
    return (uint64_t)root;
}

INLINE uint64_t sqrt_of(struct format f, uint64_t bits, unsigned rm, uint32_t *flags) {
    struct number a = unpack(f, bits);
    if (is_nan(a))
        return propagate_nan(f, is_signalling(a), flags);
    if (a.class == NUMBER_ZERO)
        return bits;
    if (a.sign)
        return invalid(f, flags);
    if (a.class == NUMBER_INFINITE)
        return bits;
    /* Make the exponent even: value = m * 2^(2k), m in [1, 4) as m * 2^126. */
    bool odd = a.exponent & 1;
    wide radicand = (wide)a.significand << (odd ? 64 : 63);
    bool exact;
    uint64_t root = square_root(radicand, &exact);
    return round_pack(f, false, (a.exponent - odd) / 2, (wide)root << 64 | !exact, rm, flags);
}

INLINE uint64_t fma_of(struct format f, uint64_t a_bits, uint64_t b_bits, uint64_t c_bits,
                       unsigned rm, uint32_t *flags) {
    struct number a = unpack(f, a_bits), b = unpack(f, b_bits), c = unpack(f, c_bits);
    bool sign = a.sign != b.sign;
    bool infinite = a.class == NUMBER_INFINITE || b.class == NUMBER_INFINITE;
    bool zero = a.class == NUMBER_ZERO || b.class == NUMBER_ZERO;
    if (is_signalling(a) || is_signalling(b) || is_signalling(c))
        return invalid(f, flags);
    if (!is_nan(a) && !is_nan(b) && infinite && zero)
        return invalid(f, flags); /* even if c is NaN */
    if (is_nan(a) || is_nan(b) || is_nan(c))
        return f.canonical_nan;
    if (infinite) {
        if (c.class == NUMBER_INFINITE && c.sign != sign)
            return invalid(f, flags);
        return infinity(f, sign);
    }
    if (c.class == NUMBER_INFINITE)
        return c_bits;
    if (zero) {
        if (c.class == NUMBER_ZERO && c.sign != sign)
            return sign_bit(f, rm == ROUND_DOWN);
        return c_bits;
    }
    int32_t exponent = a.exponent + b.exponent + 1;
    wide product = (wide)a.significand * b.significand;
    if (!(product >> 127)) {
        product <<= 1;
        exponent--;
    }
    if (c.class == NUMBER_ZERO)
        return round_pack(f, sign, exponent, product, rm, flags);
    return add_wide(f, sign, exponent, product, c.sign, c.exponent, (wide)c.significand << 64, rm,
                    flags);
}

/* --- comparison --- */

/* Numbers (no NaN) as integers in the same order; both zeros are 0. */
INLINE int64_t order(struct format f, uint64_t bits) {
    int64_t magnitude = (int64_t)(bits & (sign_bit(f, true) - 1));
    return bits & sign_bit(f, true) ? -magnitude : magnitude;
}

INLINE bool bits_are_nan(struct format f, uint64_t bits) {
    return (bits & (sign_bit(f, true) - 1)) > infinity(f, false);
}
INLINE bool bits_are_signalling(struct format f, uint64_t bits) {
    return bits_are_nan(f, bits) && !(bits >> (f.precision - 2) & 1);
}

INLINE bool unordered(struct format f, uint64_t a, uint64_t b, bool quiet, uint32_t *flags) {
    if (!bits_are_nan(f, a) && !bits_are_nan(f, b))
        return false;
    if (!quiet || bits_are_signalling(f, a) || bits_are_signalling(f, b))
        *flags |= FLOAT_INVALID;
    return true;
}

INLINE uint64_t extreme(struct format f, uint64_t a, uint64_t b, bool maximum, uint32_t *flags) {
    if (unordered(f, a, b, true, flags)) {
        if (!bits_are_nan(f, a))
            return a;
        return bits_are_nan(f, b) ? f.canonical_nan : b;
    }
    int64_t a_order = order(f, a), b_order = order(f, b);
    if (a_order == b_order) { /* equal bits, or zeros of different sign */
        return maximum ? a & b : a | b;
    }
    return (a_order < b_order) != maximum ? a : b;
}

INLINE uint32_t classify(struct format f, uint64_t bits) {
    struct number n = unpack(f, bits);
    bool subnormal = n.class == NUMBER_FINITE && n.exponent < 1 - f.max_exponent;
    switch (n.class) {
    case NUMBER_INFINITE:
        return n.sign ? 1u << 0 : 1u << 7;
    case NUMBER_FINITE:
        return n.sign ? (subnormal ? 1u << 2 : 1u << 1) : (subnormal ? 1u << 5 : 1u << 6);
    case NUMBER_ZERO:
        return n.sign ? 1u << 3 : 1u << 4;
    case NUMBER_SIGNALLING:
        return 1u << 8;
    default:
        return 1u << 9;
    }
}

/* --- conversion --- */

INLINE uint64_t convert(struct format from, struct format to, uint64_t bits, unsigned rm,
                        uint32_t *flags) {
    struct number n = unpack(from, bits);
    if (is_nan(n))
        return propagate_nan(to, is_signalling(n), flags);
    if (n.class == NUMBER_INFINITE)
        return infinity(to, n.sign);
    if (n.class == NUMBER_ZERO)
        return sign_bit(to, n.sign);
    return round_pack(to, n.sign, n.exponent, (wide)n.significand << 64, rm, flags);
}

/* To an integer of `width` bits; negative results as two's complement in 64 bits. */
INLINE uint64_t to_integer(struct format f, uint64_t bits, unsigned width, bool is_signed,
                           unsigned rm, uint32_t *flags) {
    struct number n = unpack(f, bits);
    const uint64_t max = (uint64_t)-1 >> (64 - width + is_signed);
    const uint64_t min = is_signed ? ~max : 0;
    if (n.class == NUMBER_ZERO)
        return 0;
    if (is_nan(n))
        n.sign = false;
    wide magnitude = 0;
    bool inexact = false, fits = n.class == NUMBER_FINITE && n.exponent < 64;
    if (fits) {
        /* 64 bits of integer, 64 of fraction. */
        wide fixed = (wide)n.significand << 64;
        fixed = n.exponent < 63 ? shift_sticky(fixed, (unsigned)(63 - n.exponent)) : fixed;
        magnitude = fixed >> 64;
        wide rest = fixed << 64;
        inexact = rest != 0;
        magnitude += rounds_up(n.sign, magnitude & 1, rest, rm);
        fits = magnitude <= (n.sign ? (wide)(0 - min) : max);
    }
    if (!fits) {
        *flags |= FLOAT_INVALID;
        return n.sign ? min : max;
    }
    if (inexact)
        *flags |= FLOAT_INEXACT;
    return n.sign ? 0 - (uint64_t)magnitude : (uint64_t)magnitude;
}

INLINE uint64_t from_integer(struct format f, bool sign, uint64_t magnitude, unsigned rm,
                             uint32_t *flags) {
    if (magnitude == 0)
        return 0;
    return normalise_pack(f, sign, 63, (wide)magnitude << 64, rm, flags);
}

INLINE uint64_t from_signed(struct format f, uint64_t value, unsigned rm, uint32_t *flags) {
    bool sign = value >> 63;
    return from_integer(f, sign, sign ? 0 - value : value, rm, flags);
}

/* --- the public functions --- */

#define FLOAT_FUNCTIONS(name, type, FORMAT)                                                        \
    type name##_add(type a, type b, unsigned rm, uint32_t *flags) {                                \
        return (type)add(FORMAT, a, b, rm, flags);                                                 \
    }                                                                                              \
    type name##_sub(type a, type b, unsigned rm, uint32_t *flags) {                                \
        return (type)subtract(FORMAT, a, b, rm, flags);                                            \
    }                                                                                              \
    type name##_mul(type a, type b, unsigned rm, uint32_t *flags) {                                \
        return (type)multiply(FORMAT, a, b, rm, flags);                                            \
    }                                                                                              \
    type name##_div(type a, type b, unsigned rm, uint32_t *flags) {                                \
        return (type)divide(FORMAT, a, b, rm, flags);                                              \
    }                                                                                              \
    type name##_sqrt(type a, unsigned rm, uint32_t *flags) {                                       \
        return (type)sqrt_of(FORMAT, a, rm, flags);                                                \
    }                                                                                              \
    type name##_fma(type a, type b, type c, unsigned rm, uint32_t *flags) {                        \
        return (type)fma_of(FORMAT, a, b, c, rm, flags);                                           \
    }                                                                                              \
    type name##_min(type a, type b, uint32_t *flags) {                                             \
        return (type)extreme(FORMAT, a, b, false, flags);                                          \
    }                                                                                              \
    type name##_max(type a, type b, uint32_t *flags) {                                             \
        return (type)extreme(FORMAT, a, b, true, flags);                                           \
    }                                                                                              \
    bool name##_eq(type a, type b, uint32_t *flags) {                                              \
        return !unordered(FORMAT, a, b, true, flags) && order(FORMAT, a) == order(FORMAT, b);      \
    }                                                                                              \
    bool name##_lt(type a, type b, uint32_t *flags) {                                              \
        return !unordered(FORMAT, a, b, false, flags) && order(FORMAT, a) < order(FORMAT, b);      \
    }                                                                                              \
    bool name##_le(type a, type b, uint32_t *flags) {                                              \
        return !unordered(FORMAT, a, b, false, flags) && order(FORMAT, a) <= order(FORMAT, b);     \
    }                                                                                              \
    uint32_t name##_classify(type a) { return classify(FORMAT, a); }                               \
    uint32_t name##_to_i32(type a, unsigned rm, uint32_t *flags) {                                 \
        return (uint32_t)to_integer(FORMAT, a, 32, true, rm, flags);                               \
    }                                                                                              \
    uint32_t name##_to_u32(type a, unsigned rm, uint32_t *flags) {                                 \
        return (uint32_t)to_integer(FORMAT, a, 32, false, rm, flags);                              \
    }                                                                                              \
    uint64_t name##_to_i64(type a, unsigned rm, uint32_t *flags) {                                 \
        return to_integer(FORMAT, a, 64, true, rm, flags);                                         \
    }                                                                                              \
    uint64_t name##_to_u64(type a, unsigned rm, uint32_t *flags) {                                 \
        return to_integer(FORMAT, a, 64, false, rm, flags);                                        \
    }                                                                                              \
    type i64_to_##name(uint64_t a, unsigned rm, uint32_t *flags) {                                 \
        return (type)from_signed(FORMAT, a, rm, flags);                                            \
    }                                                                                              \
    type u64_to_##name(uint64_t a, unsigned rm, uint32_t *flags) {                                 \
        return (type)from_integer(FORMAT, false, a, rm, flags);                                    \
    }

FLOAT_FUNCTIONS(f32, uint32_t, FORMAT_F32)
FLOAT_FUNCTIONS(f64, uint64_t, FORMAT_F64)

uint64_t f32_to_f64(uint32_t a, uint32_t *flags) {
    return convert(FORMAT_F32, FORMAT_F64, a, ROUND_NEAREST_EVEN, flags);
}
uint32_t f64_to_f32(uint64_t a, unsigned rm, uint32_t *flags) {
    return (uint32_t)convert(FORMAT_F64, FORMAT_F32, a, rm, flags);
}
