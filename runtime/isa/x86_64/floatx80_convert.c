/* Conversions between the 80-bit format and singles, doubles, integers and packed BCD. */
#include <string.h>

#include "floatx80_number.h"

/* --- singles and doubles --- */

struct format {
    unsigned precision; /* bits of the significand, with the hidden one */
    int32_t max_exponent;
};
#define FORMAT_F32 ((struct format){24, 127})
#define FORMAT_F64 ((struct format){53, 1023})

static struct floatx80 load(struct format f, uint64_t bits, bool *denormal) {
    unsigned fraction_bits = f.precision - 1;
    bool sign = bits & (uint64_t)(f.max_exponent + 1) * 2 << fraction_bits;
    uint64_t significand = (bits & (((uint64_t)1 << fraction_bits) - 1)) << (64 - f.precision);
    int32_t field = (int32_t)(bits >> fraction_bits) & (2 * f.max_exponent + 1);
    if (field == 2 * f.max_exponent + 1)
        return floatx80_pack(sign, EXPONENT_MAX, significand | INTEGER_BIT);
    if (field == 0) {
        if (significand == 0)
            return floatx80_zero(sign);
        *denormal = true;
        int shift = __builtin_clzll(significand);
        return floatx80_pack(sign, (unsigned)(EXPONENT_BIAS + 1 - f.max_exponent - shift),
                             significand << shift);
    }
    return floatx80_pack(sign, (unsigned)(field - f.max_exponent + EXPONENT_BIAS),
                         significand | INTEGER_BIT);
}

static uint64_t store(struct format f, struct floatx80 a, struct float_env *env) {
    const unsigned rounding = env_rounding(env);
    const unsigned p = f.precision;
    const uint64_t infinity = (uint64_t)(2 * f.max_exponent + 1) << (p - 1);
    struct number n = floatx80_unpack(a);
    uint64_t sign = n.sign ? (uint64_t)(f.max_exponent + 1) * 2 << (p - 1) : 0;
    if (number_is_nan(n)) {
        struct floatx80 nan = floatx80_quiet(a, env);
        sign = nan.sign_exponent >> 15 ? (uint64_t)(f.max_exponent + 1) * 2 << (p - 1) : 0;
        return sign | infinity | (nan.significand & ~INTEGER_BIT) >> (64 - p);
    }
    if (n.class == NUMBER_INFINITE)
        return sign | infinity;
    if (n.class == NUMBER_ZERO)
        return sign;
    int32_t field = n.exponent + f.max_exponent;
    uint32_t below = 0;
    bool tiny = false;
    if (field < 1) {
        uint64_t all = (uint64_t)-1 << (64 - p);
        tiny = field < 0 || n.significand < all ||
               !rounds_up(n.sign, true, (wide)n.significand << (64 + p), rounding);
        below = 1 - (uint32_t)field;
        field = 1;
        if (tiny && !(env->control & X87_UNDERFLOW)) {
            env->raised |= X87_UNDERFLOW;
            return sign; /* which will not be stored */
        }
    }
    wide shifted = shift_sticky((wide)n.significand << 64, below);
    uint64_t kept = (uint64_t)(shifted >> (128 - p));
    wide rest = shifted << p;
    if (rest != 0) {
        env->raised |= X87_INEXACT | (tiny ? X87_UNDERFLOW : 0);
        if (rounds_up(n.sign, kept & 1, rest, rounding)) {
            env->raised |= X87_C1;
            kept++;
        }
    }
    /* A carry out of kept goes into the exponent field, as does the hidden bit. */
    uint64_t magnitude = ((uint64_t)(field - 1) << (p - 1)) + kept;
    if (field > 2 * f.max_exponent || magnitude >= infinity) {
        env->raised &= (uint16_t)~(X87_C1 | X87_INEXACT);
        env->raised |= X87_OVERFLOW;
        if (!(env->control & X87_OVERFLOW))
            return sign | infinity; /* which will not be stored */
        env->raised |= X87_INEXACT;
        if (rounding == X87_TO_ZERO || rounding == (n.sign ? X87_UP : X87_DOWN))
            return sign | (infinity - 1);
        env->raised |= X87_C1;
        return sign | infinity;
    }
    return sign | magnitude;
}

struct floatx80 floatx80_from_f32(uint32_t a, bool *denormal) {
    return load(FORMAT_F32, a, denormal);
}
struct floatx80 floatx80_from_f64(uint64_t a, bool *denormal) {
    return load(FORMAT_F64, a, denormal);
}
uint32_t floatx80_to_f32(struct floatx80 a, struct float_env *env) {
    return (uint32_t)store(FORMAT_F32, a, env);
}
uint64_t floatx80_to_f64(struct floatx80 a, struct float_env *env) {
    return store(FORMAT_F64, a, env);
}

/* --- integers --- */

struct floatx80 floatx80_from_i64(int64_t a) {
    if (a == 0)
        return floatx80_zero(false);
    uint64_t magnitude = a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
    int shift = __builtin_clzll(magnitude);
    return floatx80_pack(a < 0, (unsigned)(EXPONENT_BIAS + 63 - shift), magnitude << shift);
}

/* The magnitude of a finite number, rounded to an integer; false when it is above `max`, which also
 * leaves the exceptions alone. */
static bool round_magnitude(struct number n, unsigned rounding, uint64_t max, uint64_t *magnitude,
                            struct float_env *env) {
    *magnitude = 0;
    if (n.class == NUMBER_ZERO)
        return true;
    if (n.class != NUMBER_FINITE || n.exponent > 63)
        return false;
    /* 64 bits of integer, 64 of fraction */
    wide fixed = shift_sticky((wide)n.significand << 64, (uint32_t)(63 - n.exponent));
    wide integer = fixed >> 64, rest = fixed << 64;
    bool up = rounds_up(n.sign, integer & 1, rest, rounding);
    integer += up;
    if (integer > max)
        return false;
    if (rest != 0)
        env->raised |= X87_INEXACT;
    if (up)
        env->raised |= X87_C1;
    *magnitude = (uint64_t)integer;
    return true;
}

int64_t floatx80_to_integer(struct floatx80 a, unsigned bits, bool truncate,
                            struct float_env *env) {
    struct number n = floatx80_unpack(a);
    const uint64_t limit = (uint64_t)1 << (bits - 1);
    uint64_t magnitude;
    if (!round_magnitude(n, truncate ? X87_TO_ZERO : env_rounding(env),
                         n.sign ? limit : limit - 1, &magnitude, env)) {
        env->raised |= X87_INVALID;
        return (int64_t)(0 - limit);
    }
    return (int64_t)(n.sign ? 0 - magnitude : magnitude);
}

struct floatx80 floatx80_round_to_integer(struct floatx80 a, struct float_env *env) {
    struct number n = floatx80_unpack(a);
    if (number_is_nan(n))
        return floatx80_quiet(a, env);
    raise_denormal(env, n.denormal);
    if (n.class != NUMBER_FINITE || n.exponent >= 63)
        return a;
    uint64_t magnitude;
    round_magnitude(n, env_rounding(env), UINT64_MAX, &magnitude, env);
    struct floatx80 result = floatx80_from_i64((int64_t)magnitude); /* at most 2^63 */
    result.sign_exponent &= EXPONENT_MAX;
    result.sign_exponent |= (uint16_t)(n.sign << 15);
    return result;
}

/* --- packed BCD (SDM volume 1, section 4.7) --- */

#define BCD_DIGITS 18 /* two a byte, the low ones first; the sign is bit 7 of the last byte */

struct floatx80 floatx80_from_bcd(const uint8_t bcd[10]) {
    uint64_t magnitude = 0;
    for (int i = BCD_DIGITS - 1; i >= 0; i--)
        magnitude = magnitude * 10 + (bcd[i / 2] >> (i % 2 * 4) & 15);
    struct floatx80 result = floatx80_from_i64((int64_t)magnitude);
    result.sign_exponent |= (uint16_t)(bcd[9] >> 7 << 15);
    return result;
}

void floatx80_to_bcd(struct floatx80 a, uint8_t bcd[10], struct float_env *env) {
    static const uint8_t indefinite[10] = {0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff};
    const uint64_t max = 999999999999999999;
    struct number n = floatx80_unpack(a);
    uint64_t magnitude;
    if (!round_magnitude(n, env_rounding(env), max, &magnitude, env)) {
        env->raised |= X87_INVALID;
        memcpy(bcd, indefinite, sizeof indefinite);
        return;
    }
    for (int i = 0; i < BCD_DIGITS / 2; i++) {
        bcd[i] = (uint8_t)(magnitude % 10 | magnitude / 10 % 10 << 4);
        magnitude /= 100;
    }
    bcd[9] = (uint8_t)(n.sign << 7);
}
