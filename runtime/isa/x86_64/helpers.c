/* Integer helpers: 128-bit division, CRC-32C, comparisons of strings. */
#include "helpers.h"

#include "flags.h"

typedef unsigned __int128 wide;

static wide join(uint64_t high, uint64_t low) { return (wide)high << 64 | low; }

uint64_t x86_divu128(uint64_t high, uint64_t low, uint64_t divisor) {
    return high == 0 ? low / divisor : (uint64_t)(join(high, low) / divisor);
}

uint64_t x86_remu128(uint64_t high, uint64_t low, uint64_t divisor) {
    return high == 0 ? low % divisor : (uint64_t)(join(high, low) % divisor);
}

/* Magnitudes: the quotient is truncated, the remainder has the sign of the dividend. */
static wide magnitude128(uint64_t high, uint64_t low) {
    wide value = join(high, low);
    return high >> 63 ? -value : value;
}
static uint64_t magnitude64(uint64_t value) { return value >> 63 ? -value : value; }

bool x86_divs128_overflows(uint64_t high, uint64_t low, uint64_t divisor) {
    if (divisor == 0)
        return true;
    wide quotient = magnitude128(high, low) / magnitude64(divisor);
    bool negative = (high ^ divisor) >> 63;
    return quotient > ((wide)1 << 63) - !negative;
}

uint64_t x86_divs128(uint64_t high, uint64_t low, uint64_t divisor) {
    uint64_t quotient = (uint64_t)(magnitude128(high, low) / magnitude64(divisor));
    return (high ^ divisor) >> 63 ? -quotient : quotient;
}

uint64_t x86_rems128(uint64_t high, uint64_t low, uint64_t divisor) {
    uint64_t remainder = (uint64_t)(magnitude128(high, low) % magnitude64(divisor));
    return high >> 63 ? -remainder : remainder;
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
