/* A fast 64-bit hash of code, for the tool and the runtime: tells whether mapped bytes are those
 * that were lifted.  No protection against bytes made to collide, which would only mislead the
 * guest that made them. */
#ifndef C2W_CONTENT_HASH_H
#define C2W_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CONTENT_HASH_START UINT64_C(0x9e3779b97f4a7c15)

/* Continues with `size` bytes, a multiple of 8 except in the last call.  Each step is a bijection
 * of the hash, so that a difference in one word is always seen. */
static inline uint64_t content_hash_add(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    uint64_t word;
    for (; size >= 8; at += 8, size -= 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 29;
    }
    if (size) {
        word = 0;
        memcpy(&word, at, size);
        hash = (hash ^ word ^ (uint64_t)size << 56) * UINT64_C(0x94d049bb133111eb);
        hash ^= hash >> 31;
    }
    return hash;
}

#endif
