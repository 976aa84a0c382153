/* Soft float and its fast paths against the host's FPU (results and flags in the four rounding
 * modes it has; ties away from zero against an independent computation). */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/isa/fast_float.h"

/* --- operands: edge values, and random bits with exponents near each other --- */

static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 2685821657736338717u;
}

static const uint64_t edges64[] = {
    0,
    1,
    2,
    0x000fffffffffffff,
    0x0010000000000000,
    0x0010000000000001,
    0x001fffffffffffff,
    0x0020000000000000,
    0x3ca0000000000000,
    0x3cb0000000000000,
    0x3fdfffffffffffff,
    0x3fe0000000000000,
    0x3fe0000000000001,
    0x3fefffffffffffff,
    0x3ff0000000000000,
    0x3ff0000000000001,
    0x3ff8000000000000,
    0x4000000000000000,
    0x4004000000000000,
    0x41dfffffffc00000,
    0x41dfffffffe00000,
    0x41e0000000000000,
    0x41efffffffe00000,
    0x41effffffff00000,
    0x41f0000000000000,
    0x433fffffffffffff,
    0x4340000000000000,
    0x43dfffffffffffff,
    0x43e0000000000000,
    0x43efffffffffffff,
    0x43f0000000000000,
    0x36a0000000000000,
    0x3690000000000000,
    0x380fffffffffffff,
    0x3810000000000000,
    0x380fffffe0000000,
    0x380ffffff0000000,
    0x47efffffe0000000,
    0x47effffff0000000,
    0x47f0000000000000,
    0x7fdfffffffffffff,
    0x7fe0000000000000,
    0x7fefffffffffffff,
    0x7ff0000000000000,
    0x7ff0000000000001,
    0x7ff8000000000000,
    0x7fffffffffffffff,
};
static const uint32_t edges32[] = {
    0,          1,          2,          0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000,
    0x33000000, 0x33800000, 0x3effffff, 0x3f000000, 0x3f000001, 0x3f7fffff, 0x3f800000, 0x3f800001,
    0x3fc00000, 0x40000000, 0x40200000, 0x4b7fffff, 0x4b800000, 0x4effffff, 0x4f000000, 0x4f7fffff,
    0x4f800000, 0x5effffff, 0x5f000000, 0x5f7fffff, 0x5f800000, 0x7effffff, 0x7f000000, 0x7f7fffff,
    0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff,
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t operand64(void) {
    uint64_t bits = random_bits(), sign = bits & (uint64_t)1 << 63;
    switch (random_bits() % 8) {
    case 0:
        return edges64[bits % COUNT(edges64)] | sign;
    case 1: /* near 1, few bits: exact results */
        return sign | (1023 - 8 + bits % 16) << 52 | (bits >> 8 & 0xff) << 44;
    case 2: /* subnormal or nearly */
        return sign | (bits >> 11) >> random_bits() % 50;
    case 3:
        return bits;
    case 4: /* so large or small that products are near the ends */
        return sign | (bits & 1 ? 480 + bits / 2 % 64 : 1500 + bits / 2 % 64) << 52 | bits >> 12;
    default:
        return sign | (1023 - 40 + bits % 80) << 52 |
               (random_bits() >> 12) << random_bits() % 40 % 52;
    }
}

static uint32_t operand32(void) {
    uint64_t bits = random_bits();
    uint32_t sign = (uint32_t)(bits >> 63) << 31;
    switch (random_bits() % 8) {
    case 0:
        return edges32[bits % COUNT(edges32)] | sign;
    case 1:
        return sign | (uint32_t)(127 - 8 + bits % 16) << 23 | (uint32_t)(bits >> 8 & 0xff) << 15;
    case 2:
        return sign | (uint32_t)(bits & 0xffffff) >> random_bits() % 22;
    case 3:
        return (uint32_t)bits;
    case 4:
        return sign | (uint32_t)(bits & 1 ? 55 + bits / 2 % 20 : 180 + bits / 2 % 20) << 23 |
               (uint32_t)(bits >> 20 & 0x7fffff);
    default:
        return sign | (uint32_t)(127 - 30 + bits % 60) << 23 | (uint32_t)(bits >> 20 & 0x7fffff);
    }
}

/* --- the host --- */

static const int host_modes[4] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

static uint32_t host_flags(void) {
    int raised = fetestexcept(FE_ALL_EXCEPT);
    return (raised & FE_INEXACT ? FLOAT_INEXACT : 0u) |
           (raised & FE_UNDERFLOW ? FLOAT_UNDERFLOW : 0u) |
           (raised & FE_OVERFLOW ? FLOAT_OVERFLOW : 0u) |
           (raised & FE_DIVBYZERO ? FLOAT_DIVIDE : 0u) | (raised & FE_INVALID ? FLOAT_INVALID : 0u);
}

static uint64_t canonical64(double value) {
    return value != value ? F64_CANONICAL_NAN : fast_f64_bits(value);
}
static uint32_t canonical32(float value) {
    return value != value ? F32_CANONICAL_NAN : fast_f32_bits(value);
}

/* --- results --- */

static unsigned failures, reported;

static void compare(const char *what, unsigned rm, uint64_t a, uint64_t b, uint64_t c, uint64_t got,
                    uint32_t got_flags, uint64_t want, uint32_t want_flags) {
    if (got == want && got_flags == want_flags)
        return;
    failures++;
    if (reported++ < 20)
        printf("# %s rm %u (%llx, %llx, %llx): %llx flags %x, the host has %llx flags %x\n", what,
               rm, (unsigned long long)a, (unsigned long long)b, (unsigned long long)c,
               (unsigned long long)got, got_flags, (unsigned long long)want, want_flags);
}

static void report(const char *name) {
    if (failures)
        printf("not ok %s: %u differences\n", name, failures);
    else
        printf("ok %s\n", name);
    failures = 0;
}

/* Evaluates `host` in mode rm, then compares the soft and the fast form, the latter also with the
 * inexact flag set before. */
#define CHECK(what, host, soft, fast)                                                              \
    do {                                                                                           \
        fesetround(host_modes[rm]);                                                                \
        feclearexcept(FE_ALL_EXCEPT);                                                              \
        uint64_t want = host;                                                                      \
        uint32_t want_flags = host_flags(), flags = 0;                                             \
        fesetround(FE_TONEAREST);                                                                  \
        uint64_t got = soft;                                                                       \
        compare(what, rm, a, b, c, got, flags, want, want_flags);                                  \
        flags = 0;                                                                                 \
        got = fast;                                                                                \
        compare(what " fast", rm, a, b, c, got, flags, want, want_flags);                          \
        flags = FLOAT_INEXACT;                                                                     \
        got = fast;                                                                                \
        compare(what " fast, inexact", rm, a, b, c, got, flags, want, want_flags | FLOAT_INEXACT); \
    } while (0)

#define CHECK_FORMAT(name, real, canonical, sqrt_, fma_)                                           \
    volatile real x = fast_##name(a), y = fast_##name(b), z = fast_##name(c);                      \
    CHECK(#name "_add", canonical(x + y), name##_add(a, b, rm, &flags),                            \
          fast_##name##_add(a, b, rm, &flags));                                                    \
    CHECK(#name "_sub", canonical(x - y), name##_sub(a, b, rm, &flags),                            \
          fast_##name##_sub(a, b, rm, &flags));                                                    \
    CHECK(#name "_mul", canonical(x *y), name##_mul(a, b, rm, &flags),                             \
          fast_##name##_mul(a, b, rm, &flags));                                                    \
    CHECK(#name "_div", canonical(x / y), name##_div(a, b, rm, &flags),                            \
          fast_##name##_div(a, b, rm, &flags));                                                    \
    CHECK(#name "_sqrt", canonical(sqrt_(x)), name##_sqrt(a, rm, &flags),                          \
          fast_##name##_sqrt(a, rm, &flags));                                                      \
    if (!((x == 0 && isinf(y)) || (isinf(x) && y == 0)) || z == z)                                 \
        CHECK(#name "_fma", canonical(fma_(x, y, z)), name##_fma(a, b, c, rm, &flags),             \
              fast_##name##_fma(a, b, c, rm, &flags));                                             \
    CHECK(#name "_eq", x == y, name##_eq(a, b, &flags), fast_##name##_eq(a, b, &flags));           \
    CHECK(#name "_lt", x < y, name##_lt(a, b, &flags), fast_##name##_lt(a, b, &flags));            \
    CHECK(#name "_le", x <= y, name##_le(a, b, &flags), fast_##name##_le(a, b, &flags));

static void check_f64(unsigned rm, uint64_t a, uint64_t b, uint64_t c) {
    CHECK_FORMAT(f64, double, canonical64, sqrt, fma)
    CHECK("f64_to_f32", canonical32((float)x), f64_to_f32(a, rm, &flags),
          fast_f64_to_f32(a, rm, &flags));
    CHECK("i64_to_f64", canonical64((double)(volatile int64_t){(int64_t)a}),
          i64_to_f64(a, rm, &flags), fast_i64_to_f64(a, rm, &flags));
    CHECK("i64_to_f32", canonical32((float)(volatile int64_t){(int64_t)a}),
          i64_to_f32(a, rm, &flags), fast_i64_to_f32(a, rm, &flags));
    uint64_t positive = a >> 1; /* the host has no unsigned conversion of its own */
    CHECK("u64_to_f64", canonical64((double)(volatile int64_t){(int64_t)positive}),
          u64_to_f64(positive, rm, &flags), fast_u64_to_f64(positive, rm, &flags));
}

static void check_f32(unsigned rm, uint32_t a, uint32_t b, uint32_t c) {
    CHECK_FORMAT(f32, float, canonical32, sqrtf, fmaf)
    CHECK("f32_to_f64", canonical64((double)x), f32_to_f64(a, &flags), fast_f32_to_f64(a, &flags));
}

/* Conversions to integers, from the host's rounding to an integral value. */
#define CHECK_INTEGER(name, integer, type, low, high, smallest, largest)                           \
    do {                                                                                           \
        uint64_t want;                                                                             \
        uint32_t want_flags = 0, flags = 0;                                                        \
        if (value != value || integral >= high) {                                                  \
            want = (type)(largest);                                                                \
            want_flags = FLOAT_INVALID;                                                            \
        } else if (integral < low) {                                                               \
            want = (type)(smallest);                                                               \
            want_flags = FLOAT_INVALID;                                                            \
        } else {                                                                                   \
            want = low < 0 ? (type)(int64_t)integral : (type)(uint64_t)integral;                   \
            want_flags = integral != value;                                                        \
        }                                                                                          \
        uint64_t got = name##_to_##integer(a, rm, &flags);                                         \
        compare(#name "_to_" #integer, rm, a, 0, 0, got, flags, want, want_flags);                 \
        flags = 0;                                                                                 \
        got = fast_##name##_to_##integer(a, rm, &flags);                                           \
        compare(#name "_to_" #integer " fast", rm, a, 0, 0, got, flags, want, want_flags);         \
    } while (0)
#define CHECK_INTEGERS(name)                                                                       \
    CHECK_INTEGER(name, i32, uint32_t, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX);                     \
    CHECK_INTEGER(name, u32, uint32_t, 0.0, 0x1p32, 0, UINT32_MAX);                                \
    CHECK_INTEGER(name, i64, uint64_t, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX);                     \
    CHECK_INTEGER(name, u64, uint64_t, 0.0, 0x1p64, 0, UINT64_MAX)

static double round_in_mode(double value, unsigned rm) {
    if (rm == ROUND_NEAREST_AWAY)
        return round(value);
    fesetround(host_modes[rm]);
    double integral = rint(value);
    fesetround(FE_TONEAREST);
    return integral;
}
static void check_to_integers64(unsigned rm, uint64_t a) {
    double value = fast_f64(a), integral = round_in_mode(value, rm);
    CHECK_INTEGERS(f64);
}
static void check_to_integers32(unsigned rm, uint32_t a) {
    double value = fast_f32(a), integral = round_in_mode(value, rm);
    CHECK_INTEGERS(f32);
}

/* minimumNumber and maximumNumber, from their definition. */
static void check_extremes64(uint64_t a, uint64_t b) {
    double x = fast_f64(a), y = fast_f64(b);
    bool invalid = (x != x && !(a >> 51 & 1)) || (y != y && !(b >> 51 & 1));
    for (int maximum = 0; maximum < 2; maximum++) {
        bool less = x < y || (x == y && a >> 63 > b >> 63);
        uint64_t want = x != x            ? (y != y ? F64_CANONICAL_NAN : b)
                        : y != y          ? a
                        : less != maximum ? a
                                          : b;
        uint32_t flags = 0;
        uint64_t got = maximum ? f64_max(a, b, &flags) : f64_min(a, b, &flags);
        compare(maximum ? "f64_max" : "f64_min", 0, a, b, 0, got, flags, want,
                invalid ? FLOAT_INVALID : 0);
    }
}
static void check_extremes32(uint32_t a, uint32_t b) {
    float x = fast_f32(a), y = fast_f32(b);
    bool invalid = (x != x && !(a >> 22 & 1)) || (y != y && !(b >> 22 & 1));
    for (int maximum = 0; maximum < 2; maximum++) {
        bool less = x < y || (x == y && a >> 31 > b >> 31);
        uint32_t want = x != x            ? (y != y ? F32_CANONICAL_NAN : b)
                        : y != y          ? a
                        : less != maximum ? a
                                          : b;
        uint32_t flags = 0;
        uint32_t got = maximum ? f32_max(a, b, &flags) : f32_min(a, b, &flags);
        compare(maximum ? "f32_max" : "f32_min", 0, a, b, 0, got, flags, want,
                invalid ? FLOAT_INVALID : 0);
    }
}

/* Ties away from zero in binary32, computed exactly in binary64: the result is one of the two
 * directed roundings, the nearer one or, half-way, the larger one. */
static void check_ties_away(uint32_t a, uint32_t b) {
    uint32_t down_flags = 0, up_flags = 0, flags = 0;
    uint32_t toward = f32_mul(a, b, ROUND_TO_ZERO, &down_flags);
    bool sign = (a ^ b) >> 31;
    uint32_t away = f32_mul(a, b, sign ? ROUND_DOWN : ROUND_UP, &up_flags);
    uint32_t got = f32_mul(a, b, ROUND_NEAREST_AWAY, &flags);
    double exact = fabs((double)fast_f32(a) * fast_f32(b));
    if (exact != exact || up_flags & FLOAT_OVERFLOW)
        return;
    double low = fabs((double)fast_f32(toward)), high = fabs((double)fast_f32(away));
    uint32_t want = high - exact <= exact - low ? away : toward;
    compare("f32_mul, ties away", 4, a, b, 0, got, flags & FLOAT_INEXACT, want,
            down_flags & FLOAT_INEXACT);
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 150000;
    for (unsigned rm = 0; rm < 4; rm++) {
        for (size_t i = 0; i < COUNT(edges64) * 2; i++)
            for (size_t j = 0; j < COUNT(edges64) * 2; j++)
                check_f64(rm, edges64[i / 2] | (uint64_t)(i & 1) << 63,
                          edges64[j / 2] | (uint64_t)(j & 1) << 63,
                          edges64[(i + j) % COUNT(edges64)]);
        for (long i = 0; i < rounds; i++)
            check_f64(rm, operand64(), operand64(), operand64());
    }
    report("binary64 arithmetic");
    for (unsigned rm = 0; rm < 4; rm++) {
        for (size_t i = 0; i < COUNT(edges32) * 2; i++)
            for (size_t j = 0; j < COUNT(edges32) * 2; j++)
                check_f32(rm, edges32[i / 2] | (uint32_t)(i & 1) << 31,
                          edges32[j / 2] | (uint32_t)(j & 1) << 31,
                          edges32[(i + j) % COUNT(edges32)]);
        for (long i = 0; i < rounds; i++)
            check_f32(rm, operand32(), operand32(), operand32());
    }
    report("binary32 arithmetic");
    for (unsigned rm = 0; rm <= ROUND_NEAREST_AWAY; rm++) {
        for (size_t i = 0; i < COUNT(edges64) * 2; i++)
            check_to_integers64(rm, edges64[i / 2] | (uint64_t)(i & 1) << 63);
        for (size_t i = 0; i < COUNT(edges32) * 2; i++)
            check_to_integers32(rm, edges32[i / 2] | (uint32_t)(i & 1) << 31);
        for (long i = 0; i < rounds; i++) {
            check_to_integers64(rm, operand64());
            check_to_integers32(rm, operand32());
        }
    }
    report("conversion to integers");
    for (long i = 0; i < rounds; i++) {
        check_extremes64(operand64(), operand64());
        check_extremes32(operand32(), operand32());
    }
    report("minimum and maximum");
    for (long i = 0; i < rounds; i++)
        check_ties_away(operand32(), operand32());
    report("ties away from zero");
    puts("1..5");
    return 0;
}
