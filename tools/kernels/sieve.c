/* Byte stores with a stride, and a scan: the sieve of Eratosthenes. */
#include <string.h>

#include "kernel.h"

enum { LIMIT = 1 << 19 };

static uint8_t composite[LIMIT];

uint64_t kernel(unsigned rounds) {
    uint64_t sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        uint32_t primes = 0, last = 0;
        memset(composite, 0, sizeof composite);
        for (uint32_t i = 2; i < LIMIT; i++) {
            if (composite[i])
                continue;
            primes++;
            last = i;
            for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i)
                composite[j] = 1;
        }
        sum = mix(sum, (uint64_t)primes << 32 | last);
    }
    return sum;
}
