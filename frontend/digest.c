/* SHA-256 digests as OCI spells them. */
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

struct hash {
    struct sha256_ctx state;
};

struct hash *hash_new(void) {
    struct hash *hash = allocate(sizeof *hash);
    sha256_init(&hash->state);
    return hash;
}

void hash_add(struct hash *hash, const void *bytes, size_t size) {
    sha256_update(&hash->state, size, bytes);
}

bool hash_matches(struct hash *hash, const struct digest *digest) {
    uint8_t result[SHA256_DIGEST_SIZE];
    sha256_digest(&hash->state, sizeof result, result);
    free(hash);
    return !digest->known || memcmp(result, digest->bytes, sizeof result) == 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *text, struct digest *digest) {
    if (strncmp(text, "sha256:", 7) != 0 || strlen(text) != 7 + 64)
        return false;
    for (int i = 0; i < 32; i++) {
        int high = hex_digit(text[7 + 2 * i]), low = hex_digit(text[8 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        digest->bytes[i] = (uint8_t)(high << 4 | low);
    }
    digest->known = true;
    return true;
}

void digest_hex(const struct digest *digest, char to[65]) {
    for (int i = 0; i < 32; i++) {
        to[2 * i] = "0123456789abcdef"[digest->bytes[i] >> 4];
        to[2 * i + 1] = "0123456789abcdef"[digest->bytes[i] & 15];
    }
    to[64] = 0;
}
