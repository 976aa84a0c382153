/* F2XM1, FYL2X and FYL2XP1: power series in 128-bit arithmetic. */
#include "floatx80_wide.h"

static const struct wide_float ln2 = {false, -1, WIDE(0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af)};
static const struct wide_float log2_e = {false, 0, WIDE(0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88)};

struct wide_float wide_add(struct wide_float a, struct wide_float b) {
    if (a.significand == 0)
        return b;
    if (b.significand == 0)
        return a;
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
        struct wide_float c = a;
        a = b, b = c;
    }
    uint32_t distance = (uint32_t)a.exponent - (uint32_t)b.exponent;
    wide smaller = distance > 126 ? 0 : b.significand >> 1 >> distance;
    wide larger = a.significand >> 1;
    return wide_normalise(a.sign, a.exponent + 1,
                          a.sign == b.sign ? larger + smaller : larger - smaller);
}

struct wide_float wide_divide(struct wide_float a, struct wide_float b) {
    bool sign = a.sign != b.sign;
    int32_t exponent = a.exponent - b.exponent;
    if (a.significand == 0)
        return (struct wide_float){sign, 0, 0};
    wide rest = a.significand, quotient = 0;
    bool carry = false;
    for (int i = 0; i < 128; i++) {
        quotient <<= 1;
        if (carry || rest >= b.significand) {
            rest -= b.significand;
            quotient |= 1;
        }
        carry = rest >> 127;
        rest <<= 1;
    }
    return wide_normalise(sign, exponent, quotient);
}

/* --- 2^x - 1 --- */

/* Signed fixed-point values with 124 bits of fraction. */
typedef __int128 fixed;
#define FIXED_BITS 124

static fixed fixed_multiply(fixed a, fixed b) {
    bool negative = (a < 0) != (b < 0);
    wide high = wide_multiply_high(a < 0 ? -(wide)a : (wide)a, b < 0 ? -(wide)b : (wide)b);
    fixed product = (fixed)(high << (128 - FIXED_BITS));
    return negative ? -product : product;
}

struct floatx80 floatx80_exp2_minus_1(struct floatx80 a, struct float_env *env) {
    struct number n = floatx80_unpack(a);
    if (number_is_nan(n))
        return floatx80_quiet(a, env);
    raise_denormal(env, n.denormal);
    if (n.class == NUMBER_ZERO)
        return a;
    if (n.class == NUMBER_INFINITE)
        return n.sign ? floatx80_pack(true, EXPONENT_BIAS, INTEGER_BIT) : a;
    if (n.exponent >= 0) { /* outside of (-1, 1) the result is not defined, but for the ends */
        env->raised |= X87_INEXACT;
        return n.sign && n.exponent == 0 && n.significand == INTEGER_BIT
                   ? floatx80_pack(true, EXPONENT_BIAS - 1, INTEGER_BIT)
                   : a;
    }
    /* e^t - 1 = t (1 + t/2 (1 + t/3 (1 + ...))), |t| < 0.7: t^29/30! < 2^-122 */
    struct wide_float t = wide_multiply(wide_from_number(n), ln2);
    uint32_t shift = (uint32_t)(127 - FIXED_BITS - t.exponent);
    fixed t_fixed = shift > 127 ? 0 : (fixed)(t.significand >> shift);
    t_fixed = t.sign ? -t_fixed : t_fixed;
    const fixed one = (fixed)1 << FIXED_BITS;
    fixed sum = one;
    for (int i = 30; i > 1; i--)
        sum = one + fixed_multiply(t_fixed, sum) / i;
    struct wide_float factor = wide_normalise(false, 127 - FIXED_BITS, (wide)sum);
    return wide_round(wide_multiply(t, factor), env);
}

/* --- logarithms --- */

/* log2 of a positive number: its exponent and log2(m) = 2 log2(e) atanh((m - 1) / (m + 1)), m its
 * significand in [sqrt(1/2), sqrt(2)). */
static struct wide_float log2_quotient(struct wide_float numerator, struct wide_float denominator) {
    struct wide_float s = wide_divide(numerator, denominator);
    if (s.significand == 0)
        return s;
    /* atanh(s) / s = 1 + z/3 + z^2/5 + ..., z = s^2 < 0.0295: z^25 < 2^-127 */
    uint32_t shift = (uint32_t)(-1 - s.exponent);
    wide s_fixed = shift > 127 ? 0 : s.significand >> shift;
    wide z = wide_multiply_high(s_fixed, s_fixed);
    wide sum = 0;
    for (int i = 51; i >= 1; i -= 2)
        sum = WIDE_ONE / (unsigned)i + wide_multiply_high(z, sum);
    struct wide_float series = {false, 1, sum}; /* the factor 2 */
    return wide_multiply(wide_multiply(s, series), log2_e);
}

static struct wide_float log2_of(struct wide_float x) {
    const wide sqrt2 = WIDE(0xb504f333f9de6484, 0x597d89b3754abe9f);
    const struct wide_float one = {false, 0, WIDE_ONE}, two = {false, 1, WIDE_ONE};
    struct wide_float m = {false, 0, x.significand}, fraction;
    int32_t exponent = x.exponent;
    if (m.significand > sqrt2) {
        exponent++;
        struct wide_float minus_two = {true, 1, WIDE_ONE};
        fraction = log2_quotient(wide_add(m, minus_two), wide_add(m, two));
    } else {
        struct wide_float minus_one = {true, 0, WIDE_ONE};
        fraction = log2_quotient(wide_add(m, minus_one), wide_add(m, one));
    }
    wide magnitude = exponent < 0 ? (wide)-exponent : (wide)exponent;
    return wide_add(wide_normalise(exponent < 0, 127, magnitude), fraction);
}

/* y times a logarithm that is infinite. */
static struct floatx80 infinite_log(bool log_sign, bool divide, struct number y,
                                    struct float_env *env) {
    if (y.class == NUMBER_ZERO)
        return floatx80_invalid(env);
    if (divide && y.class != NUMBER_INFINITE)
        env->raised |= X87_DIVIDE;
    return floatx80_infinity(log_sign != y.sign);
}

/* y times a finite logarithm, which is exact when x was a power of two. */
static struct floatx80 finite_log(struct wide_float log, bool exact, struct floatx80 y_bits,
                                  struct float_env *env) {
    struct number y = floatx80_unpack(y_bits);
    bool sign = log.sign != y.sign;
    if (y.class == NUMBER_INFINITE)
        return log.significand ? floatx80_infinity(sign) : floatx80_invalid(env);
    if (y.class == NUMBER_ZERO || log.significand == 0)
        return floatx80_zero(sign);
    struct wide_float result = wide_multiply(log, wide_from_number(y));
    if (!exact)
        return wide_round(result, env);
    /* Processors call every logarithm but that of 1 inexact. */
    struct floatx80 rounded =
        floatx80_round(result.sign, result.exponent, result.significand, 64, env);
    env->raised |= X87_INEXACT;
    if ((rounded.sign_exponent & EXPONENT_MAX) == 0)
        env->raised |= X87_UNDERFLOW;
    return rounded;
}

struct floatx80 floatx80_y_log2(struct floatx80 x_bits, struct floatx80 y_bits,
                                struct float_env *env) {
    struct number x = floatx80_unpack(x_bits), y = floatx80_unpack(y_bits);
    if (number_is_nan(x) || number_is_nan(y))
        return floatx80_propagate_nan(x_bits, y_bits, env);
    if (x.sign && x.class != NUMBER_ZERO)
        return floatx80_invalid(env);
    if (x.class == NUMBER_ZERO)
        return infinite_log(true, true, y, env);
    raise_denormal(env, x.denormal || y.denormal);
    if (x.class == NUMBER_INFINITE)
        return infinite_log(false, false, y, env);
    return finite_log(log2_of(wide_from_number(x)), x.significand == INTEGER_BIT, y_bits, env);
}

struct floatx80 floatx80_y_log2_plus_1(struct floatx80 x_bits, struct floatx80 y_bits,
                                       struct float_env *env) {
    struct number x = floatx80_unpack(x_bits), y = floatx80_unpack(y_bits);
    if (number_is_nan(x) || number_is_nan(y))
        return floatx80_propagate_nan(x_bits, y_bits, env);
    const struct wide_float one = {false, 0, WIDE_ONE}, two = {false, 1, WIDE_ONE};
    if (x.class == NUMBER_INFINITE) {
        if (x.sign)
            return floatx80_invalid(env);
        raise_denormal(env, y.denormal);
        return infinite_log(false, false, y, env);
    }
    struct wide_float log = {x.sign, 0, 0};
    if (x.class == NUMBER_FINITE) {
        struct wide_float wide_x = wide_from_number(x);
        struct wide_float sum = wide_add(wide_x, one);
        if (sum.sign || sum.significand == 0)
            return floatx80_invalid(env);
        log = x.exponent < -2 ? log2_quotient(wide_x, wide_add(wide_x, two)) : log2_of(sum);
    }
    raise_denormal(env, x.denormal || y.denormal);
    return finite_log(log, false, y_bits, env);
}
