/* A benchmark kernel: a deterministic piece of work, done `rounds` times, that returns a checksum
 * of everything it computed.  harness.c has main(). */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

uint64_t kernel(unsigned rounds);

/* Folds a value into a checksum. */
static inline uint64_t mix(uint64_t sum, uint64_t value) {
    sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
    return sum ^ (sum >> 29);
}

/* xorshift64 (Marsaglia 2003). */
static inline uint64_t random_next(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

#endif
