/* Reading and writing the encodings of the WebAssembly binary format (core specification 2.0,
 * section 5). */
#ifndef C2W_WASM_BYTES_H
#define C2W_WASM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are still to be read.  Reading past the end sets `bad` and gives zeros. */
struct reader {
    const unsigned char *next, *end;
    bool bad;
};

static inline size_t bytes_left(const struct reader *reader) {
    return (size_t)(reader->end - reader->next);
}

static inline const unsigned char *read_bytes(struct reader *reader, size_t size) {
    if (size > bytes_left(reader)) {
        reader->bad = true;
        reader->next = reader->end;
        return NULL;
    }
    const unsigned char *bytes = reader->next;
    reader->next += size;
    return bytes;
}

static inline unsigned read_byte(struct reader *reader) {
    const unsigned char *byte = read_bytes(reader, 1);
    return byte ? *byte : 0;
}

#define LEB_MAX 5 /* bytes of an unsigned LEB128 number of 32 bits */

static inline uint32_t read_leb(struct reader *reader) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 7 * LEB_MAX; shift += 7) {
        unsigned byte = read_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (value > UINT32_MAX)
                reader->bad = true;
            return (uint32_t)value;
        }
    }
    reader->bad = true;
    return 0;
}

static inline struct reader read_part(struct reader *reader, size_t size) {
    const unsigned char *start = read_bytes(reader, size);
    return (struct reader){start, start ? start + size : start, !start};
}

static inline size_t encode_leb(unsigned char to[LEB_MAX], uint32_t value) {
    size_t size = 0;
    do {
        to[size] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
        size++;
    } while (value);
    return size;
}

#endif
