/* The C library's memcpy, memmove, memset and memcmp with sizes from 0 to 64 KiB: what a program
 * that is lifted brings along, against what comes with WebAssembly's C library. */
#include <string.h>

#include "kernel.h"

enum { SIZE = 1 << 17 };

static uint8_t one[SIZE], two[SIZE];

/* Mostly small: each power of two up to 64 KiB has the same share of the calls below its number. */
static size_t choose_size(uint64_t bits) {
    unsigned power = (unsigned)(bits & 15);
    if (bits & 0x70)
        power &= 7;
    return (size_t)((bits >> 8 & 0xffff) >> (15 - power));
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (int i = 0; i < SIZE; i++)
        one[i] = two[i] = (uint8_t)(random_next(&state) >> 32);
    for (unsigned r = 0; r < rounds; r++) {
        uint64_t bits = random_next(&state);
        size_t size = choose_size(bits), from = bits >> 24 & 0xffff, to = bits >> 40 & 0xffff;
        size_t at = size ? bits % size : 0;
        switch (bits >> 61) {
        case 0:
        case 1:
        case 2:
            memcpy(two + to, one + from, size);
            sum = mix(sum, two[to + at]);
            break;
        case 3:
            memmove(one + (from + (to & 255)) % (SIZE / 2), one + from, size);
            sum = mix(sum, one[from + at]);
            break;
        case 4:
            memset(two + to, (int)(bits >> 32 & 255), size);
            sum = mix(sum, two[to + at]);
            break;
        default:
            memcpy(two + to, one + from, size);
            two[to + at] ^= (uint8_t)(bits >> 58 & 1);
            sum = mix(sum, (uint64_t)(memcmp(one + from, two + to, size) > 0) << 1 |
                               (memcmp(one + from, two + to, size) < 0));
        }
    }
    for (int i = 0; i < SIZE; i++)
        sum = mix(sum, (uint64_t)one[i] << 8 | two[i]);
    return sum;
}
