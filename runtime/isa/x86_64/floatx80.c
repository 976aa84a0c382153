/* x87 addition, multiplication, division, square root and comparison: operands are unpacked into
 * sign, exponent and a normalised significand, the exact result has 128 bits of which the last may
 * be sticky, and floatx80_round() rounds it once. */
#include "floatx80_number.h"

/* --- rounding --- */

static struct floatx80 overflow(bool sign, unsigned precision, struct float_env *env) {
    unsigned rounding = env_rounding(env);
    env->raised |= X87_OVERFLOW | X87_INEXACT;
    if (rounding == X87_TO_ZERO || rounding == (sign ? X87_UP : X87_DOWN))
        return floatx80_pack(sign, EXPONENT_MAX - 1, (uint64_t)-1 << (64 - precision));
    env->raised |= X87_C1;
    return floatx80_infinity(sign);
}

struct floatx80 floatx80_round(bool sign, int32_t exponent, wide significand, unsigned precision,
                               struct float_env *env) {
    const unsigned rounding = env_rounding(env);
    const uint64_t unit = (uint64_t)1 << (64 - precision);
    int32_t field = exponent + EXPONENT_BIAS;
    uint32_t below = 0;
    bool tiny = false;
    if (field < 1) {
        /* Tiny after rounding: would it reach the smallest normal number with all its bits? */
        uint64_t kept = (uint64_t)(significand >> 64) & (0 - unit);
        tiny = field < 0 || kept != 0 - unit ||
               !rounds_up(sign, true, significand << precision, rounding);
        if (tiny && !(env->control & X87_UNDERFLOW)) {
            env->raised |= X87_UNDERFLOW;
            field += EXPONENT_WRAP;
            if (field < 1) { /* only after FSCALE */
                env->raised |= X87_INEXACT;
                return floatx80_zero(sign);
            }
        } else {
            below = 1 - (uint32_t)field;
            field = 1;
        }
    }
    wide shifted = shift_sticky(significand, below);
    uint64_t kept = (uint64_t)(shifted >> 64) & (0 - unit);
    wide rest = shifted << precision;
    if (rest != 0) {
        env->raised |= X87_INEXACT;
        if (tiny)
            env->raised |= X87_UNDERFLOW;
        if (rounds_up(sign, (kept & unit) != 0, rest, rounding)) {
            env->raised |= X87_C1;
            kept += unit;
            if (kept == 0) {
                kept = INTEGER_BIT;
                field++;
            }
        }
    }
    if (field >= EXPONENT_MAX) {
        if (env->control & X87_OVERFLOW) {
            env->raised &= (uint16_t)~X87_C1;
            return overflow(sign, precision, env);
        }
        env->raised |= X87_OVERFLOW;
        field -= EXPONENT_WRAP;
        if (field >= EXPONENT_MAX) { /* only after FSCALE */
            env->raised |= X87_INEXACT | X87_C1;
            return floatx80_infinity(sign);
        }
    }
    return floatx80_pack(sign, kept & INTEGER_BIT ? (unsigned)field : 0, kept);
}

/* --- NaNs --- */

static struct floatx80 set_quiet(struct floatx80 a) {
    a.significand |= QUIET_BIT;
    return a;
}

struct floatx80 floatx80_quiet(struct floatx80 a, struct float_env *env) {
    struct number n = floatx80_unpack(a);
    if (n.class == NUMBER_UNSUPPORTED)
        return floatx80_invalid(env);
    if (n.class == NUMBER_SIGNALLING)
        env->raised |= X87_INVALID;
    return set_quiet(a);
}

struct floatx80 floatx80_propagate_nan(struct floatx80 a, struct floatx80 b,
                                       struct float_env *env) {
    enum number_class a_class = floatx80_unpack(a).class, b_class = floatx80_unpack(b).class;
    if (a_class == NUMBER_UNSUPPORTED || b_class == NUMBER_UNSUPPORTED)
        return floatx80_invalid(env);
    if (a_class == NUMBER_SIGNALLING || b_class == NUMBER_SIGNALLING)
        env->raised |= X87_INVALID;
    if (a_class < NUMBER_NAN)
        return set_quiet(b);
    if (b_class < NUMBER_NAN)
        return set_quiet(a);
    if (a_class != b_class)
        return a_class == NUMBER_NAN ? a : b;
    if (a.significand != b.significand)
        return set_quiet(a.significand > b.significand ? a : b);
    return set_quiet(a.sign_exponent < b.sign_exponent ? a : b); /* the positive one */
}

/* --- arithmetic --- */

/* a + b, b with its sign changed if `negate`. */
static struct floatx80 add(struct floatx80 a_bits, struct floatx80 b_bits, bool negate,
                           struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    if (number_is_nan(a) || number_is_nan(b))
        return floatx80_propagate_nan(a_bits, b_bits, env);
    b.sign ^= negate;
    if (a.class == NUMBER_INFINITE && b.class == NUMBER_INFINITE && a.sign != b.sign)
        return floatx80_invalid(env);
    raise_denormal(env, a.denormal || b.denormal);
    if (a.class == NUMBER_INFINITE)
        return a_bits;
    if (b.class == NUMBER_INFINITE)
        return floatx80_infinity(b.sign);
    if (a.class == NUMBER_ZERO && b.class == NUMBER_ZERO)
        return floatx80_zero(a.sign == b.sign ? a.sign : env_rounding(env) == X87_DOWN);
    if (a.class == NUMBER_ZERO || b.class == NUMBER_ZERO) {
        struct number n = a.class == NUMBER_ZERO ? b : a;
        return floatx80_round(n.sign, n.exponent, (wide)n.significand << 64, env_precision(env),
                              env);
    }
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
        struct number n = a;
        a = b, b = n;
    }
    wide larger = (wide)a.significand << 63; /* room for a carry */
    wide smaller =
        shift_sticky((wide)b.significand << 63, (uint32_t)a.exponent - (uint32_t)b.exponent);
    wide sum = a.sign == b.sign ? larger + smaller : larger - smaller;
    if (sum == 0)
        return floatx80_zero(env_rounding(env) == X87_DOWN);
    return floatx80_normalise_round(a.sign, a.exponent + 1, sum, env_precision(env), env);
}

struct floatx80 floatx80_add(struct floatx80 a, struct floatx80 b, struct float_env *env) {
    return add(a, b, false, env);
}

struct floatx80 floatx80_sub(struct floatx80 a, struct floatx80 b, struct float_env *env) {
    return add(a, b, true, env);
}

struct floatx80 floatx80_mul(struct floatx80 a_bits, struct floatx80 b_bits,
                             struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    bool sign = a.sign != b.sign;
    if (number_is_nan(a) || number_is_nan(b))
        return floatx80_propagate_nan(a_bits, b_bits, env);
    bool infinite = a.class == NUMBER_INFINITE || b.class == NUMBER_INFINITE;
    bool zero = a.class == NUMBER_ZERO || b.class == NUMBER_ZERO;
    if (infinite && zero)
        return floatx80_invalid(env);
    raise_denormal(env, a.denormal || b.denormal);
    if (infinite)
        return floatx80_infinity(sign);
    if (zero)
        return floatx80_zero(sign);
    return floatx80_normalise_round(sign, a.exponent + b.exponent + 1,
                                    (wide)a.significand * b.significand, env_precision(env), env);
}

struct floatx80 floatx80_div(struct floatx80 a_bits, struct floatx80 b_bits,
                             struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    bool sign = a.sign != b.sign;
    if (number_is_nan(a) || number_is_nan(b))
        return floatx80_propagate_nan(a_bits, b_bits, env);
    if (a.class == b.class && a.class != NUMBER_FINITE) /* 0/0 or infinity/infinity */
        return floatx80_invalid(env);
    if (b.class == NUMBER_ZERO && a.class != NUMBER_INFINITE) {
        env->raised |= X87_DIVIDE; /* and not the denormal exception */
        return floatx80_infinity(sign);
    }
    raise_denormal(env, a.denormal || b.denormal);
    if (a.class == NUMBER_INFINITE)
        return floatx80_infinity(sign);
    if (a.class == NUMBER_ZERO || b.class == NUMBER_INFINITE)
        return floatx80_zero(sign);
    /* 64 or 65 bits of quotient; they and the remainder decide every rounding to 64 bits once the
     * remainder's half is known, so a second step gives 63 more. */
    wide numerator = (wide)a.significand << 63;
    wide quotient = numerator / b.significand;
    wide rest = (numerator % b.significand) << 63;
    wide result = quotient << 63 | rest / b.significand;
    result = result << 1 | (rest % b.significand != 0);
    return floatx80_normalise_round(sign, a.exponent - b.exponent, result, env_precision(env),
                                    env);
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

struct floatx80 floatx80_sqrt(struct floatx80 a_bits, struct float_env *env) {
    struct number a = floatx80_unpack(a_bits);
    if (number_is_nan(a))
        return floatx80_quiet(a_bits, env);
    if (a.class == NUMBER_ZERO)
        return a_bits;
    if (a.sign)
        return floatx80_invalid(env);
    raise_denormal(env, a.denormal);
    if (a.class == NUMBER_INFINITE)
        return a_bits;
    /* Make the exponent even: value = m * 2^(2k), m in [1, 4) as m * 2^126.  The root's remainder
     * tells which half the rest is in: root + 1/2 is exceeded when the remainder is above root. */
    bool odd = a.exponent & 1;
    wide radicand = (wide)a.significand << (odd ? 64 : 63);
    bool exact;
    uint64_t root = square_root(radicand, &exact);
    bool upper_half = radicand - (wide)root * root > root;
    wide significand = (wide)root << 64 | (wide)upper_half << 63 | !exact;
    return floatx80_round(false, (a.exponent - odd) / 2, significand, env_precision(env), env);
}

/* --- comparison --- */

unsigned floatx80_compare(struct floatx80 a_bits, struct floatx80 b_bits, bool quiet_nans,
                          struct float_env *env) {
    struct number a = floatx80_unpack(a_bits), b = floatx80_unpack(b_bits);
    if (number_is_nan(a) || number_is_nan(b)) {
        if (!quiet_nans || a.class > NUMBER_NAN || b.class > NUMBER_NAN)
            env->raised |= X87_INVALID;
        return X87_C0 | X87_C2 | X87_C3;
    }
    raise_denormal(env, a.denormal || b.denormal);
    if (a.class == NUMBER_ZERO && b.class == NUMBER_ZERO)
        return X87_C3;
    if (a.sign != b.sign && a.class != NUMBER_ZERO && b.class != NUMBER_ZERO)
        return a.sign ? X87_C0 : 0;
    if (a.class == NUMBER_ZERO)
        return b.sign ? 0 : X87_C0;
    if (b.class == NUMBER_ZERO)
        return a.sign ? X87_C0 : 0;
    /* Infinities have the largest exponent. */
    if (a.exponent == b.exponent && a.significand == b.significand)
        return X87_C3;
    bool smaller = a.exponent != b.exponent ? a.exponent < b.exponent
                                            : a.significand < b.significand;
    return smaller != a.sign ? X87_C0 : 0;
}

unsigned floatx80_examine(struct floatx80 a, bool empty) {
    struct number n = floatx80_unpack(a);
    unsigned sign = n.sign ? X87_C1 : 0;
    if (empty)
        return sign | X87_C3 | X87_C0;
    switch (n.class) {
    case NUMBER_ZERO:
        return sign | X87_C3;
    case NUMBER_FINITE:
        return sign | (n.denormal ? X87_C3 | X87_C2 : X87_C2);
    case NUMBER_INFINITE:
        return sign | X87_C2 | X87_C0;
    case NUMBER_UNSUPPORTED:
        return sign;
    default:
        return sign | X87_C0;
    }
}

/* --- constants --- */

struct floatx80 floatx80_constant(unsigned index, unsigned rounding) {
    /* With 64 more bits of the significand than the format has. */
    static const struct {
        uint16_t exponent;
        uint64_t high, low;
    } constants[7] = {
        {0x3fff, 0x8000000000000000, 0},                  /* 1 */
        {0x4000, 0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4c}, /* log2(10) */
        {0x3fff, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88}, /* log2(e) */
        {0x4000, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1}, /* pi */
        {0x3ffd, 0x9a209a84fbcff798, 0x8f8959ac0b7c9178}, /* log10(2) */
        {0x3ffe, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af}, /* ln(2) */
        {0, 0, 0},
    };
    uint64_t high = constants[index].high;
    high += rounds_up(false, high & 1, (wide)constants[index].low << 64, rounding);
    return floatx80_pack(false, constants[index].exponent, high);
}
