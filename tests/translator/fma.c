/* Prints the results of fused multiply-add instructions on edge values and on numbers that cancel. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const uint64_t edges64[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000001,
    0x0000000000000001, 0x800fffffffffffff, 0x0010000000000000, 0x7fefffffffffffff,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff0000000000123, 0xfff8000000000000,
    0x3ca0000000000000, 0x4340000000000001, 0x5ff123456789abcd, 0x1ff0000000000001,
};
static const uint32_t edges32[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800001, 0x00000001, 0x807fffff, 0x00800000, 0x7f7fffff,
    0x7f800000, 0xff800000, 0x7f800123, 0xffc00000, 0x33800000, 0x4b800001, 0x5f91a2b3, 0x1f800001,
};
enum { EDGES = 16 };

#define DEFINE(name, instruction, type, integer, print)                                            \
    __attribute__((noinline)) static void name(integer a, integer b, integer c) {                  \
        type x, y, z, r;                                                                           \
        memcpy(&x, &a, sizeof x), memcpy(&y, &b, sizeof y), memcpy(&z, &c, sizeof z);              \
        __asm__(instruction " %0, %1, %2, %3" : "=f"(r) : "f"(x), "f"(y), "f"(z));                 \
        integer bits;                                                                              \
        memcpy(&bits, &r, sizeof bits);                                                            \
        printf(instruction " " print " " print " " print " = " print "\n", a, b, c, bits);         \
    }
DEFINE(fmadd_d, "fmadd.d", double, uint64_t, "%016lx")
DEFINE(fmsub_d, "fmsub.d", double, uint64_t, "%016lx")
DEFINE(fnmsub_d, "fnmsub.d", double, uint64_t, "%016lx")
DEFINE(fnmadd_d, "fnmadd.d", double, uint64_t, "%016lx")
DEFINE(fmadd_s, "fmadd.s", float, uint32_t, "%08x")
DEFINE(fmsub_s, "fmsub.s", float, uint32_t, "%08x")
DEFINE(fnmsub_s, "fnmsub.s", float, uint32_t, "%08x")
DEFINE(fnmadd_s, "fnmadd.s", float, uint32_t, "%08x")

static void all(uint64_t a, uint64_t b, uint64_t c) {
    fmadd_d(a, b, c), fmsub_d(a, b, c), fnmsub_d(a, b, c), fnmadd_d(a, b, c);
}
static void all32(uint32_t a, uint32_t b, uint32_t c) {
    fmadd_s(a, b, c), fmsub_s(a, b, c), fnmsub_s(a, b, c), fnmadd_s(a, b, c);
}

static uint64_t state = 88172645463325252u;

static uint64_t random_bits(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Random significands; c has an exponent around that of the product. */
static void random_case(void) {
    uint64_t a = random_bits(), b = random_bits(), c = random_bits();
    uint64_t exponent = 1023 + random_bits() % 240 - 120;
    a = (a & 0x800fffffffffffff) | exponent << 52;
    b = (b & 0x800fffffffffffff) | (uint64_t)1023 << 52;
    c = (c & 0x800fffffffffffff) | (exponent + random_bits() % 120 - 60) << 52;
    if (random_bits() & 1) {
        double x, y, z;
        memcpy(&x, &a, sizeof x), memcpy(&y, &b, sizeof y);
        z = -(x * y);
        memcpy(&c, &z, sizeof c);
    }
    all(a, b, c);
    uint32_t d = (uint32_t)(a >> 32 & 0x807fffff) | (uint32_t)(exponent % 100 + 80) << 23;
    uint32_t e = (uint32_t)(b >> 20 & 0x807fffff) | 127u << 23;
    uint32_t f = (uint32_t)(c >> 20 & 0x807fffff) |
                 (uint32_t)(exponent % 100 + 80 + random_bits() % 60 - 30) << 23;
    all32(d, e, f);
}

int main(void) {
    for (int i = 0; i < EDGES * EDGES * EDGES; i++) {
        int a = i % EDGES, b = i / EDGES % EDGES, c = i / EDGES / EDGES;
        all(edges64[a], edges64[b], edges64[c]);
        all32(edges32[a], edges32[b], edges32[c]);
    }
    for (int i = 0; i < 5000; i++)
        random_case();
    return 0;
}
