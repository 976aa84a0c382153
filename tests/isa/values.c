/* Operand values: edges and random ones. */
#include <string.h>

#include "generate.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const uint64_t integers[] = {
    0,
    1,
    UINT64_MAX,
    2,
    (uint64_t)-2,
    0x7f,
    0x80,
    0xffff,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    0x100000000,
    0xffffffff80000000,
    0xffffffff7fffffff,
    INT64_MAX,
    (uint64_t)INT64_MIN,
    (uint64_t)INT64_MIN + 1,
    31,
    32,
    63,
    64,
    0x5555555555555555,
    0xaaaaaaaaaaaaaaaa,
    0x0123456789abcdef,
    0x0000ff00f0007001,
    0x00000000deadbeef,
};

/* Raw bits of double precision values. */
static const uint64_t doubles[] = {
    0x0000000000000000, 0x8000000000000000, /* zeros */
    0x3ff0000000000000, 0xbff0000000000000, /* ones */
    0x7ff0000000000000, 0xfff0000000000000, /* infinities */
    0x7ff8000000000000,                     /* the canonical NaN */
    0xfff8000000001234,                     /* quiet NaN with sign and payload */
    0x7ff0000000000001, 0xfff4000000000000, /* signalling NaNs */
    0x0000000000000001, 0x800fffffffffffff, /* subnormal: smallest, largest */
    0x0010000000000000, 0x7fefffffffffffff, /* smallest normal, largest */
    0xffefffffffffffff, 0x3ff0000000000001, 0x3fefffffffffffff, /* neighbours of 1 */
    0x3fe0000000000000, 0x3ff8000000000000, /* 0.5, 1.5 and 2.5: ties of conversion */
    0xc004000000000000, 0x3fb999999999999a, /* 0.1 */
    0x400921fb54442d18,                     /* pi */
    0x41dfffffffe00000, 0xc1e0000000100000, /* 2^31 - 0.5, -2^31 - 0.5 */
    0x41efffffffe00000, 0xbfe8000000000000, /* 2^32 - 0.5, -0.75 */
    0x43e0000000000000, 0xc3e0000000000000, /* 2^63, -2^63 */
    0x43f0000000000000, 0x43efffffffffffff, /* 2^64 and the value before it */
    0x4340000000000001, 0x433fffffffffffff, /* around 2^53 */
    0x47efffffefffffff, 0x47effffff0000000, /* around the overflow of single precision */
    0x36a0000000000000, 0x36a0000000000001, /* around half the smallest single */
    0x380fffffe0000000, 0x380ffffff0000000, /* around the smallest normal single */
    0x3ff0000010000000, 0x3ff0000030000000, /* ties in single precision */
    0x3ff0000010000001, 0x1e60000000000000, /* just above a tie; its square is subnormal */
};

#define BOXED(bits) (0xffffffff00000000 | (bits))
static const uint64_t singles[] = {
    BOXED(0x00000000u), BOXED(0x80000000u), /* zeros */
    BOXED(0x3f800000u), BOXED(0xbf800000u), /* ones */
    BOXED(0x7f800000u), BOXED(0xff800000u), /* infinities */
    BOXED(0x7fc00000u),                     /* the canonical NaN */
    BOXED(0xffc01234u),                     /* quiet NaN with sign and payload */
    BOXED(0x7f800001u), BOXED(0xffa00000u), /* signalling NaNs */
    BOXED(0x00000001u), BOXED(0x807fffffu), /* subnormal: smallest, largest */
    BOXED(0x00800000u), BOXED(0x7f7fffffu), /* smallest normal, largest */
    BOXED(0xff7fffffu), BOXED(0x3f800001u), BOXED(0x3f7fffffu), /* neighbours of 1 */
    BOXED(0x3f000000u), BOXED(0x3fc00000u), /* 0.5, 1.5 and 2.5: ties of conversion */
    BOXED(0xc0200000u), BOXED(0x3dcccccdu), /* 0.1 */
    BOXED(0x40490fdbu),                     /* pi */
    BOXED(0x4effffffu), BOXED(0x4f000000u), /* around 2^31 */
    BOXED(0xcf000000u), BOXED(0xcf000001u), BOXED(0x4f7fffffu),
    BOXED(0x4f800000u), BOXED(0x5effffffu), BOXED(0x5f000000u), /* around 2^63 */
    BOXED(0xdf000000u), BOXED(0xdf000001u), BOXED(0x5f7fffffu),
    BOXED(0x5f800000u), BOXED(0xbf400000u), /* -0.75 */
    BOXED(0x4b000001u), BOXED(0x4b7fffffu), /* around 2^23, 2^24 */
    BOXED(0x1f800000u),                     /* its square is subnormal */
    BOXED(0x33800000u),                     /* half a unit in the last place of 1 */
    0x000000003f800000, 0xfffffffe3f800000, /* improperly boxed: read as the canonical NaN */
    0x7fffffff3f800000, 0x3ff0000000000000,
};

const struct values integer_values = {integers, COUNT(integers)};
const struct values double_values = {doubles, COUNT(doubles)};
const struct values single_values = {singles, COUNT(singles)};
const struct values no_values = {integers, 1};

/* splitmix64 */
uint64_t random_bits(struct suite *suite) {
    uint64_t z = suite->random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint32_t random_below(struct suite *suite, uint32_t limit) {
    return (uint32_t)((random_bits(suite) >> 32) * limit >> 32);
}

uint64_t random_integer(struct suite *suite) {
    uint64_t bits = random_bits(suite);
    switch (random_below(suite, 4)) {
    case 0:
        return integers[random_below(suite, COUNT(integers))];
    case 1:
        return bits >> random_below(suite, 64);
    case 2:
        return (uint64_t)((int64_t)bits >> random_below(suite, 64));
    default:
        return bits;
    }
}

uint64_t random_double(struct suite *suite) {
    uint64_t bits = random_bits(suite);
    switch (random_below(suite, 4)) {
    case 0:
        return doubles[random_below(suite, COUNT(doubles))];
    case 1: /* near 1, so that sums cancel and round */
        return (bits & 0x800fffffffffffff) | (uint64_t)(0x3ff - 30 + random_below(suite, 60)) << 52;
    case 2: /* few bits set: exact and tie results are likely */
        return (bits & 0xfff8000000000000) | 1ull << random_below(suite, 51);
    default:
        return bits;
    }
}

uint64_t random_single(struct suite *suite) {
    uint32_t bits = (uint32_t)random_bits(suite);
    switch (random_below(suite, 4)) {
    case 0:
        return singles[random_below(suite, COUNT(singles))];
    case 1:
        return BOXED((bits & 0x807fffffu) | (0x7fu - 15 + random_below(suite, 30)) << 23);
    case 2:
        return BOXED((bits & 0xffc00000u) | 1u << random_below(suite, 22));
    default:
        return BOXED(bits);
    }
}

uint64_t random_float(struct suite *suite, bool is_double) {
    return is_double ? random_double(suite) : random_single(suite);
}
