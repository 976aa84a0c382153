/* FSIN, FCOS, FSINCOS, FPTAN and FPATAN: power series in 128-bit arithmetic. */
#include "floatx80_wide.h"

/* --- sine, cosine, tangent --- */

/* The unit's pi has 66 bits (SDM volume 1, section 8.3.8): pi/2 = HALF_PI_66 * 2^-65. */
#define HALF_PI_66 WIDE(0x3, 0x243f6a8885a308d3)
#define HALF_PI_UNIT 65

struct reduced {
    struct wide_float angle; /* magnitude at most pi/4 */
    unsigned quadrant;       /* a = angle + quadrant * pi/2; modulo 4 */
};

/* Exact: what the number lacks in bits below 2^-65 it has only when it is below pi/4. */
static struct reduced reduce(struct number n) {
    if (n.exponent < -1)
        return (struct reduced){wide_from_number(n), 0};
    wide x = (wide)n.significand << (n.exponent + HALF_PI_UNIT - 63);
    wide quotient = x / HALF_PI_66, rest = x % HALF_PI_66;
    bool sign = n.sign;
    if (rest * 2 > HALF_PI_66) {
        quotient++;
        rest = HALF_PI_66 - rest;
        sign = !sign;
    }
    unsigned quadrant = (unsigned)quotient & 3;
    /* The rest is never 0: a 64-bit significand is no multiple of an odd 66-bit number. */
    return (struct reduced){wide_normalise(sign, 127 - HALF_PI_UNIT, rest),
                            n.sign ? (4 - quadrant) & 3 : quadrant};
}

/* 1 - z/(first (first + 1)) (1 - z/((first + 2) (first + 3)) (1 - ...)), z below 0.62 with 128 bits
 * of fraction; less than 1 also when z is too small for them.  z^16/34! < 2^-127 */
static struct wide_float alternating_series(wide z, unsigned first) {
    wide sum = WIDE_ONE;
    for (unsigned i = first + 32;; i -= 2) {
        sum = WIDE_ONE - wide_multiply_high(z, sum) / (i * (i + 1));
        if (i == first)
            break;
    }
    if (sum == WIDE_ONE)
        sum--;
    return wide_normalise(false, 0, sum);
}

static wide square(struct wide_float a) {
    uint32_t shift = (uint32_t)(-1 - a.exponent);
    wide a_fixed = shift > 127 ? 0 : a.significand >> shift;
    return wide_multiply_high(a_fixed, a_fixed);
}

static struct wide_float sine_of(struct wide_float angle) {
    return wide_multiply(angle, alternating_series(square(angle), 2));
}
static struct wide_float cosine_of(struct wide_float angle) {
    return alternating_series(square(angle), 1);
}

static struct wide_float sine_in_quadrant(struct wide_float angle, unsigned quadrant) {
    struct wide_float result = quadrant & 1 ? cosine_of(angle) : sine_of(angle);
    result.sign ^= quadrant >> 1 & 1;
    return result;
}

/* Where x^2/2 is far below a unit in the last place of 1, processors return x for the sine and the
 * tangent and 1 for the cosine in all rounding modes. */
#define SMALL_EXPONENT -34

static struct floatx80 rounded_small(struct number n, struct float_env *env) {
    if (n.exponent < 1 - EXPONENT_BIAS)
        env->raised |= X87_UNDERFLOW;
    return floatx80_round(n.sign, n.exponent, (wide)n.significand << 64, 64, env);
}

bool floatx80_sine(struct floatx80 a, struct floatx80 *sine, struct floatx80 *cosine,
                   struct floatx80 *tangent, struct float_env *env) {
    struct number n = floatx80_unpack(a);
    if (n.class != NUMBER_FINITE) {
        struct floatx80 result = a;
        struct floatx80 cosine_result = floatx80_pack(false, EXPONENT_BIAS, INTEGER_BIT);
        if (n.class != NUMBER_ZERO)
            result = cosine_result = n.class == NUMBER_INFINITE ? floatx80_invalid(env)
                                                                : floatx80_quiet(a, env);
        if (sine)
            *sine = result;
        if (cosine)
            *cosine = cosine_result;
        if (tangent)
            *tangent = result;
        return true;
    }
    if (n.exponent >= 63)
        return false;
    raise_denormal(env, n.denormal);
    if (n.exponent < SMALL_EXPONENT) {
        struct floatx80 one = floatx80_pack(false, EXPONENT_BIAS, INTEGER_BIT);
        env->raised |= X87_INEXACT;
        if (sine)
            *sine = rounded_small(n, env);
        if (cosine)
            *cosine = one;
        if (tangent)
            *tangent = rounded_small(n, env);
        return true;
    }
    struct reduced reduced = reduce(n);
    if (sine)
        *sine = wide_round(sine_in_quadrant(reduced.angle, reduced.quadrant), env);
    if (cosine)
        *cosine = wide_round(sine_in_quadrant(reduced.angle, (reduced.quadrant + 1) & 3), env);
    if (tangent) {
        struct wide_float numerator = sine_in_quadrant(reduced.angle, reduced.quadrant);
        struct wide_float denominator =
            sine_in_quadrant(reduced.angle, (reduced.quadrant + 1) & 3);
        *tangent = wide_round(wide_divide(numerator, denominator), env);
    }
    return true;
}

/* --- arc tangent --- */

static const struct wide_float pi = {false, 1, WIDE(0xc90fdaa22168c234, 0xc4c6628b80dc1cd1)};

/* atan(a) / a * a for a below about 1/16: 1 - z/3 + z^2/5 - ..., z = a^2: z^16 < 2^-127 */
static struct wide_float arctan_small(struct wide_float a) {
    if (a.significand == 0)
        return a;
    wide z = square(a), sum = 0;
    for (int i = 35; i >= 1; i -= 2)
        sum = WIDE_ONE / (unsigned)i - wide_multiply_high(z, sum);
    if (sum == WIDE_ONE)
        sum--;
    return wide_multiply(a, wide_normalise(false, 0, sum));
}

/* Of a value in (0, 1]: atan(a) = atan(c) + atan((a - c) / (1 + a c)), c the nearest i/8. */
static struct wide_float arctan_of(struct wide_float a) {
    static const wide arctan_eighths[9] = { /* 127 bits of fraction */
        WIDE(0x0000000000000000, 0x0000000000000000), WIDE(0x0feadd4d5617b6e3, 0x2c897989f3e888ef),
        WIDE(0x1f5b75f92c80dd62, 0xadb8f3debef442fd), WIDE(0x2dec3283c9bde11c, 0xe2a8c848b73f9121),
        WIDE(0x3b58ce0ac3769ed1, 0x5bf9117b2f0ea341), WIDE(0x47802eaf7bfacfcd, 0xae41af0b32e21ba4),
        WIDE(0x525e3e8c9a7b8492, 0x0cd43f9522bed64f), WIDE(0x5c029f15e118cf39, 0xe596d2a90852221f),
        WIDE(0x6487ed5110b4611a, 0x62633145c06e0e69),
    };
    uint32_t shift = (uint32_t)-a.exponent;
    wide a_fixed = shift > 127 ? 0 : a.significand >> shift; /* one integer bit */
    unsigned i = (unsigned)(((a_fixed >> 123) + 1) >> 1);
    if (i == 0)
        return arctan_small(a);
    wide c = (wide)i << 124;
    bool below = a_fixed < c;
    wide difference = below ? c - a_fixed : a_fixed - c;
    wide product = wide_multiply_high(a_fixed, c); /* two integer bits */
    struct wide_float divisor = wide_normalise(false, 1, (WIDE_ONE >> 1) + product);
    struct wide_float rest =
        arctan_small(wide_divide(wide_normalise(below, 0, difference), divisor));
    return wide_add(wide_normalise(false, 0, arctan_eighths[i]), rest);
}

/* The angle of infinite or zero coordinates, in quarters of pi. */
static struct floatx80 multiple_of_quarter_pi(bool sign, int32_t quarters, struct float_env *env) {
    static const int8_t exponents[5] = {0, -1, 0, 1, 1};
    const struct wide_float three_quarters_pi = {false, 1,
                                                 WIDE(0x96cbe3f9990e91a7, 0x9394c9e8a0a5159d)};
    struct wide_float angle = quarters == 3 ? three_quarters_pi : pi;
    angle.sign = sign;
    angle.exponent = exponents[quarters];
    return wide_round(angle, env);
}

struct floatx80 floatx80_arctan(struct floatx80 y_bits, struct floatx80 x_bits,
                                struct float_env *env) {
    struct number y = floatx80_unpack(y_bits), x = floatx80_unpack(x_bits);
    if (number_is_nan(x) || number_is_nan(y))
        return floatx80_propagate_nan(x_bits, y_bits, env);
    raise_denormal(env, x.denormal || y.denormal);
    if (y.class == NUMBER_INFINITE)
        return multiple_of_quarter_pi(
            y.sign, x.class != NUMBER_INFINITE ? 2 : x.sign ? 3 : 1, env);
    if (y.class == NUMBER_ZERO || x.class == NUMBER_INFINITE)
        return x.sign ? multiple_of_quarter_pi(y.sign, 4, env) : floatx80_zero(y.sign);
    if (x.class == NUMBER_ZERO)
        return multiple_of_quarter_pi(y.sign, 2, env);
    struct wide_float wide_y = wide_from_number(y), wide_x = wide_from_number(x);
    wide_y.sign = wide_x.sign = false;
    bool steep = y.exponent > x.exponent ||
                 (y.exponent == x.exponent && y.significand > x.significand);
    struct wide_float angle = arctan_of(steep ? wide_divide(wide_x, wide_y)
                                              : wide_divide(wide_y, wide_x));
    struct wide_float half_pi = pi;
    half_pi.exponent--;
    if (steep) {
        angle.sign = true;
        angle = wide_add(half_pi, angle);
    }
    if (x.sign) {
        angle.sign = true;
        angle = wide_add(pi, angle);
    }
    angle.sign = y.sign;
    return wide_round(angle, env);
}
