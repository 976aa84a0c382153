/* Bytes, hash chains, short copies and hard-to-predict branches: packs a text by references to
 * earlier text (LZ77 with one-byte tokens) and unpacks it. */
#include <string.h>

#include "kernel.h"

enum { SIZE = 1 << 16, HASH_BITS = 13, MIN_MATCH = 4, MAX_MATCH = 130, MAX_LITERALS = 128 };
enum { MAX_CHAIN = 16 };

static uint8_t text[SIZE], packed[2 * SIZE], unpacked[SIZE];
static int32_t head[1 << HASH_BITS], previous[SIZE];

/* Words from a small vocabulary, of which a few are frequent. */
static void make_text(uint64_t *state) {
    int at = 0;
    while (at < SIZE) {
        uint64_t bits = random_next(state);
        uint32_t word = (uint32_t)(bits >> 20 & 255 & bits >> 30);
        int length = 3 + (int)(word % 7);
        for (int i = 0; i < length && at < SIZE; i++) {
            word = word * 1103515245u + 12345;
            text[at++] = (uint8_t)('a' + (word >> 16) % 26);
        }
        if (at < SIZE)
            text[at++] = (bits & 15) ? ' ' : '\n';
    }
}

static uint32_t hash(const uint8_t *p) {
    uint32_t bytes = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                     (uint32_t)p[3] << 24;
    return bytes * 2654435761u >> (32 - HASH_BITS);
}

static int match_length(int a, int b) {
    int length = 0;
    while (length < MAX_MATCH && b + length < SIZE && text[a + length] == text[b + length])
        length++;
    return length;
}

static size_t put_literals(size_t to, int from, int end) {
    while (from < end) {
        int count = end - from < MAX_LITERALS ? end - from : MAX_LITERALS;
        packed[to++] = (uint8_t)(count - 1);
        for (int i = 0; i < count; i++)
            packed[to++] = text[from++];
    }
    return to;
}

__attribute__((noinline)) static size_t pack(void) {
    size_t to = 0;
    int literals = 0, at = 0;
    for (int i = 0; i < 1 << HASH_BITS; i++)
        head[i] = -1;
    while (at + MIN_MATCH <= SIZE) {
        uint32_t h = hash(text + at);
        int best = 0, distance = 0;
        int32_t candidate = head[h];
        for (int n = 0; candidate >= 0 && n < MAX_CHAIN; n++, candidate = previous[candidate]) {
            int length = match_length(candidate, at);
            if (length > best) {
                best = length;
                distance = at - candidate;
            }
        }
        int step = 1;
        if (best >= MIN_MATCH) {
            to = put_literals(to, literals, at);
            packed[to++] = (uint8_t)(128 + best - 3);
            packed[to++] = (uint8_t)distance;
            packed[to++] = (uint8_t)(distance >> 8);
            step = best;
            literals = at + best;
        }
        for (; step && at + MIN_MATCH <= SIZE; step--, at++) {
            h = hash(text + at);
            previous[at] = head[h];
            head[h] = at;
        }
    }
    return put_literals(to, literals, SIZE);
}

__attribute__((noinline)) static size_t unpack(size_t size) {
    size_t at = 0, to = 0;
    while (at < size) {
        unsigned token = packed[at++];
        if (token < 128) {
            for (unsigned i = 0; i <= token; i++)
                unpacked[to++] = packed[at++];
        } else {
            size_t distance = packed[at] | (size_t)packed[at + 1] << 8;
            at += 2;
            for (unsigned i = 0; i < token - 128 + 3; i++, to++)
                unpacked[to] = unpacked[to - distance];
        }
    }
    return to;
}

uint64_t kernel(unsigned rounds) {
    uint64_t state = 88172645463325252u, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        make_text(&state);
        size_t size = pack();
        for (size_t i = 0; i < size; i++)
            sum = mix(sum, packed[i]);
        sum = mix(sum, unpack(size) << 1 | !memcmp(text, unpacked, SIZE));
    }
    return sum;
}
