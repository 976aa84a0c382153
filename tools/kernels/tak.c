/* Calls with several arguments and results that become arguments: Takeuchi's function, Ackermann's,
 * and a chain of calls with eight arguments. */
#include "kernel.h"

__attribute__((noinline)) static int tak(int x, int y, int z) {
    if (y >= x)
        return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

__attribute__((noinline)) static int ackermann(int m, int n) {
    if (!m)
        return n + 1;
    return ackermann(m - 1, n ? ackermann(m, n - 1) : 1);
}

__attribute__((noinline)) static uint64_t turn(int depth, uint64_t a, uint64_t b, uint64_t c,
                                               uint64_t d, uint64_t e, uint64_t f, uint64_t g) {
    if (!depth)
        return a ^ b * 3 ^ c * 5 ^ d * 7 ^ e * 11 ^ f * 13 ^ g * 17;
    uint64_t left = turn(depth - 1, b, c, d, e, f, g, a + 1);
    return left + turn(depth - 1, left, a, b ^ left, c, d + left, e, f);
}

uint64_t kernel(unsigned rounds) {
    uint64_t sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        int k = (int)(r & 3);
        sum = mix(sum, (uint64_t)tak(14 + k, 8, k));
        sum = mix(sum, (uint64_t)ackermann(2, 60 + k) << 8 | (uint64_t)ackermann(3, 3));
        sum = mix(sum, turn(12, r, 2, 3, 4, 5, 6, sum));
    }
    return sum;
}
