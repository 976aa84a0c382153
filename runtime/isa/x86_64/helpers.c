/* Integer helpers: 128-bit division, CRC-32C, comparisons of strings. */
#include "helpers.h"

#include "flags.h"

struct quotient {
    uint64_t quotient, remainder;
};

/* high:low / divisor with high < divisor, by digits of 32 bits (Knuth, The Art of Computer
 * Programming, volume 2, algorithm D). */
static struct quotient divide(uint64_t high, uint64_t low, uint64_t divisor) {
    if (high == 0)
        return (struct quotient){low / divisor, low % divisor};
    unsigned shift = (unsigned)__builtin_clzll(divisor);
    divisor <<= shift;
    uint64_t rest = high << shift | (low >> 1) >> (63 - shift), quotient = 0;
    low <<= shift;
    for (unsigned digit = 0; digit < 2; digit++) {
        uint64_t next = low >> (32 - 32 * digit) & UINT32_MAX;
        uint64_t guess = rest / (divisor >> 32), left = rest % (divisor >> 32);
        while (guess > UINT32_MAX || guess * (uint32_t)divisor > (left << 32 | next)) {
            guess--;
            left += divisor >> 32;
            if (left > UINT32_MAX)
                break;
        }
        rest = (rest << 32 | next) - guess * divisor;
        quotient = quotient << 32 | guess;
    }
    return (struct quotient){quotient, rest >> shift};
}

uint64_t x86_divu128(uint64_t high, uint64_t low, uint64_t divisor) {
    return divide(high, low, divisor).quotient;
}

uint64_t x86_remu128(uint64_t high, uint64_t low, uint64_t divisor) {
    return divide(high, low, divisor).remainder;
}

/* Magnitudes: the quotient is truncated, the remainder has the sign of the dividend. */
static struct quotient divide_magnitudes(uint64_t high, uint64_t low, uint64_t divisor,
                                         bool *overflows) {
    if (high >> 63) {
        low = 0 - low;
        high = ~high + (low == 0);
    }
    if (divisor >> 63)
        divisor = 0 - divisor;
    *overflows = high >= divisor;
    return *overflows ? (struct quotient){0, 0} : divide(high, low, divisor);
}

bool x86_divs128_overflows(uint64_t high, uint64_t low, uint64_t divisor) {
    bool overflows, negative = (high ^ divisor) >> 63;
    struct quotient magnitude = divide_magnitudes(high, low, divisor, &overflows);
    return overflows || magnitude.quotient > (uint64_t)INT64_MAX + negative;
}

uint64_t x86_divs128(uint64_t high, uint64_t low, uint64_t divisor) {
    bool overflows, negative = (high ^ divisor) >> 63;
    uint64_t quotient = divide_magnitudes(high, low, divisor, &overflows).quotient;
    return negative ? 0 - quotient : quotient;
}

uint64_t x86_rems128(uint64_t high, uint64_t low, uint64_t divisor) {
    bool overflows, negative = high >> 63;
    uint64_t remainder = divide_magnitudes(high, low, divisor, &overflows).remainder;
    return negative ? 0 - remainder : remainder;
}

/* The polynomial of Castagnoli, bits reversed. */
uint32_t x86_crc32(uint32_t crc, uint64_t data, unsigned bytes) {
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t n = 0; n < 256; n++) {
            uint32_t value = n;
            for (unsigned bit = 0; bit < 8; bit++)
                value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
            table[n] = value;
        }
    }
    for (unsigned n = 0; n < bytes; n++)
        crc = crc >> 8 ^ table[(uint8_t)(crc ^ data >> 8 * n)];
    return crc;
}

void x86_set_compare(struct cpu *cpu, uint64_t a, uint64_t b, unsigned size) {
    unsigned shift = 64 - 8 * size;
    cpu->flags_op = FLAGS_OP(FLAGS_SUB, 8 * size);
    cpu->flags_a = (uint64_t)((int64_t)(a << shift) >> shift);
    cpu->flags_b = (uint64_t)((int64_t)(b << shift) >> shift);
}
