/* Exact operations on exponents: partial remainder, scaling, extraction. */
#include "floatx80_number.h"

struct floatx80 floatx80_remainder(struct floatx80 a_bits, struct floatx80 b_bits, bool nearest,
                                   unsigned *conditions, struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    *conditions &= X87_C0 | X87_C3;
    if (number_is_nan(a) || number_is_nan(b))
        return floatx80_propagate_nan(a_bits, b_bits, env);
    if (a.class == NUMBER_INFINITE || b.class == NUMBER_ZERO)
        return floatx80_invalid(env);
    raise_denormal(env, a.denormal || b.denormal);
    int32_t difference = a.exponent - b.exponent;
    if (a.class == NUMBER_ZERO || b.class == NUMBER_INFINITE || difference < -1) {
        *conditions = 0;
        if (a.class == NUMBER_ZERO || b.class == NUMBER_INFINITE)
            return floatx80_unchanged(a_bits);
        return floatx80_round(a.sign, a.exponent, (wide)a.significand << 64, 64, env);
    }
    /* A partial step takes away 32 to 63 bits of the quotient, of which the last are not exact. */
    bool complete = difference < 64;
    int32_t steps = complete ? difference : 32 + (difference & 31);
    /* quotient * b + rest = a, in units of the last bit of b when complete */
    wide rest = a.significand;
    uint64_t quotient = 0;
    bool sign = a.sign;
    int32_t exponent = a.exponent - (steps < 0 ? 0 : steps);
    if (steps >= 0) {
        wide numerator = (wide)a.significand << steps;
        quotient = (uint64_t)(numerator / b.significand);
        rest = numerator % b.significand;
    }
    if (complete && nearest) {
        /* twice the rest against b; a is shifted right by one if its exponent is one less */
        wide twice = steps < 0 ? rest : rest << 1;
        wide divisor = b.significand;
        if (twice > divisor || (twice == divisor && (quotient & 1))) {
            quotient++;
            rest = steps < 0 ? (divisor << 1) - rest : divisor - rest;
            sign = !sign;
        }
    }
    if (complete)
        *conditions = (quotient & 1 ? X87_C1 : 0) | (quotient & 2 ? X87_C3 : 0) |
                      (quotient & 4 ? X87_C0 : 0);
    else
        *conditions = X87_C2;
    if (rest == 0)
        return floatx80_zero(a.sign);
    return floatx80_normalise_round(sign, exponent + 64, rest, 64, env);
}

struct floatx80 floatx80_scale(struct floatx80 a_bits, struct floatx80 b_bits,
                               struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    if (number_is_nan(a) || number_is_nan(b))
        return floatx80_propagate_nan(a_bits, b_bits, env);
    if (b.class == NUMBER_INFINITE &&
        ((a.class == NUMBER_ZERO && !b.sign) || (a.class == NUMBER_INFINITE && b.sign)))
        return floatx80_invalid(env);
    raise_denormal(env, a.denormal || b.denormal);
    if (a.class != NUMBER_FINITE || b.class == NUMBER_ZERO)
        return floatx80_unchanged(a_bits);
    if (b.class == NUMBER_INFINITE)
        return b.sign ? floatx80_zero(a.sign) : floatx80_infinity(a.sign);
    int32_t scale = 0;
    if (b.class == NUMBER_FINITE && b.exponent >= 0) {
        /* From 2^17 on, every result is out of the range. */
        scale = b.exponent > 16 ? 1 << 17 : (int32_t)(b.significand >> (63 - b.exponent));
        scale = b.sign ? -scale : scale;
    }
    return floatx80_round(a.sign, a.exponent + scale, (wide)a.significand << 64, 64, env);
}

struct floatx80 floatx80_extract(struct floatx80 a_bits, struct floatx80 *exponent,
                                 struct float_env *env) {
    struct number a = floatx80_unpack(a_bits);
    if (number_is_nan(a))
        return *exponent = floatx80_quiet(a_bits, env);
    raise_denormal(env, a.denormal);
    switch (a.class) {
    case NUMBER_ZERO:
        env->raised |= X87_DIVIDE;
        *exponent = floatx80_infinity(true);
        return a_bits;
    case NUMBER_INFINITE:
        *exponent = floatx80_infinity(false);
        return a_bits;
    default:
        *exponent = floatx80_from_i64(a.exponent);
        return floatx80_pack(a.sign, EXPONENT_BIAS, a.significand);
    }
}
