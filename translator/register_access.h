/* Code of loads and stores whose address is a guest register's, with the register in a global. */
#ifndef C2W_REGISTER_ACCESS_H
#define C2W_REGISTER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are written; a heap block of the owner. */
struct code_output {
    unsigned char *bytes;
    size_t size, room;
};
void put_bytes(struct code_output *out, const void *bytes, size_t size);
void put_byte(struct code_output *out, unsigned byte);
void put_leb(struct code_output *out, uint32_t value);
void put_signed_leb(struct code_output *out, int64_t value);

/* A load or store: its opcode (wasm_instructions.h), for OP_PREFIX_FD with the number behind it. */
struct register_access {
    unsigned opcode, number, lane;
    uint32_t offset; /* bytes behind register 0 */
};

/* Bytes of memory that a load or store takes. */
unsigned access_size(unsigned opcode, unsigned number);
/* Whether it can be written for globals: it lies in one register, or is a vector in two. */
bool access_fits(const struct register_access *access);
/* Whether it needs a local for a vector. */
bool access_needs_local(const struct register_access *access);
/* The code, for a stack without the address.  globals[n] is the global's index of register n,
 * `local` that of the local. */
void put_access(struct code_output *out, const struct register_access *access,
                const uint32_t *globals, uint32_t local);

#endif
