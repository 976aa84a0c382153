#include "register_access.h"

#include <stdlib.h>
#include <string.h>

#include "wasm_bytes.h"
#include "wasm_instructions.h"

/* How a load or store uses the bits of a 64-bit register. */
static const struct access {
    unsigned char bytes;
    bool is_signed;
    unsigned char type; /* of the value: 'i' and 'I' integers, 'f' and 'F' floats, of 32 and 64 bits */
} accesses[] = {
    [0x28] = {4, false, 'i'}, [0x29] = {8, false, 'I'}, [0x2a] = {4, false, 'f'},
    [0x2b] = {8, false, 'F'}, [0x2c] = {1, true, 'i'},  [0x2d] = {1, false, 'i'},
    [0x2e] = {2, true, 'i'},  [0x2f] = {2, false, 'i'}, [0x30] = {1, true, 'I'},
    [0x31] = {1, false, 'I'}, [0x32] = {2, true, 'I'},  [0x33] = {2, false, 'I'},
    [0x34] = {4, true, 'I'},  [0x35] = {4, false, 'I'}, [0x36] = {4, false, 'i'},
    [0x37] = {8, false, 'I'}, [0x38] = {4, false, 'f'}, [0x39] = {8, false, 'F'},
    [0x3a] = {1, false, 'i'}, [0x3b] = {2, false, 'i'}, [0x3c] = {1, false, 'I'},
    [0x3d] = {2, false, 'I'}, [0x3e] = {4, false, 'I'},
};

unsigned access_size(unsigned opcode, unsigned number) {
    if (opcode != OP_PREFIX_FD)
        return accesses[opcode].bytes;
    if (number == V128_LOAD || number == V128_STORE)
        return 16;
    if (number >= V128_LOAD8_SPLAT && number <= V128_LOAD64_SPLAT)
        return 1u << (number - V128_LOAD8_SPLAT);
    if (number >= V128_LOAD8_LANE && number <= V128_STORE64_LANE)
        return 1u << (number - V128_LOAD8_LANE) % 4;
    return number == V128_LOAD32_ZERO ? 4 : 8;
}

bool access_fits(const struct register_access *access) {
    unsigned size = access_size(access->opcode, access->number), at = access->offset % 8;
    return size == 16 ? at == 0 : at + size <= 8;
}

bool access_needs_local(const struct register_access *access) {
    return access->opcode == OP_PREFIX_FD && access->number == V128_STORE;
}

void put_bytes(struct code_output *out, const void *bytes, size_t size) {
    if (size > out->room - out->size) {
        out->room = 2 * (out->size + size) + 4096;
        out->bytes = realloc(out->bytes, out->room);
        if (!out->bytes)
            abort();
    }
    if (size)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

void put_byte(struct code_output *out, unsigned byte) {
    put_bytes(out, &(unsigned char){(unsigned char)byte}, 1);
}

void put_leb(struct code_output *out, uint32_t value) {
    unsigned char bytes[LEB_MAX];
    put_bytes(out, bytes, encode_leb(bytes, value));
}

void put_signed_leb(struct code_output *out, int64_t value) {
    for (;;) {
        unsigned byte = value & 0x7f;
        value >>= 7;
        bool last = value == (byte & 0x40 ? -1 : 0);
        put_byte(out, last ? byte : byte | 0x80);
        if (last)
            return;
    }
}

static void put_i64_const(struct code_output *out, int64_t value) {
    put_byte(out, OP_I64_CONST);
    put_signed_leb(out, value);
}

static void put_index(struct code_output *out, unsigned opcode, uint32_t index) {
    put_byte(out, opcode);
    put_leb(out, index);
}

static void put_vector(struct code_output *out, unsigned number) {
    put_index(out, OP_PREFIX_FD, number);
}

static void put_lane(struct code_output *out, unsigned number, unsigned lane) {
    put_vector(out, number);
    put_byte(out, lane);
}

static uint64_t mask_of(unsigned bytes) {
    return bytes == 8 ? ~(uint64_t)0 : ((uint64_t)1 << 8 * bytes) - 1;
}

/* The register's bits from `shift` on, as an i64. */
static void put_register(struct code_output *out, uint32_t global, unsigned shift) {
    put_index(out, OP_GLOBAL_GET, global);
    if (shift) {
        put_i64_const(out, shift);
        put_byte(out, OP_I64_SHR_U);
    }
}

/* Sets so many bytes of the register, from bit `shift` on, to those of an i64; the others stay. */
static void put_into_register(struct code_output *out, uint32_t global, unsigned shift,
                              unsigned bytes) {
    if (bytes < 8) {
        uint64_t mask = mask_of(bytes);
        put_i64_const(out, (int64_t)mask);
        put_byte(out, OP_I64_AND);
        if (shift) {
            put_i64_const(out, shift);
            put_byte(out, OP_I64_SHL);
        }
        put_index(out, OP_GLOBAL_GET, global);
        put_i64_const(out, (int64_t) ~(mask << shift));
        put_byte(out, OP_I64_AND);
        put_byte(out, OP_I64_OR);
    }
    put_index(out, OP_GLOBAL_SET, global);
}

static void put_load(struct code_output *out, unsigned opcode, uint32_t global, unsigned shift) {
    const struct access *access = &accesses[opcode];
    put_register(out, global, shift);
    bool is_word = access->bytes == 4 && (access->type == 'i' || access->type == 'f');
    if (access->is_signed) {
        put_byte(out, access->bytes == 1   ? OP_I64_EXTEND8_S
                      : access->bytes == 2 ? OP_I64_EXTEND16_S
                                           : OP_I64_EXTEND32_S);
    } else if (access->bytes < 8 && !is_word) {
        put_i64_const(out, (int64_t)mask_of(access->bytes));
        put_byte(out, OP_I64_AND);
    }
    if (access->type == 'i' || access->type == 'f')
        put_byte(out, OP_I32_WRAP_I64);
    if (access->type == 'f')
        put_byte(out, OP_F32_REINTERPRET_I32);
    if (access->type == 'F')
        put_byte(out, OP_F64_REINTERPRET_I64);
}

static void put_store(struct code_output *out, unsigned opcode, uint32_t global, unsigned shift) {
    const struct access *access = &accesses[opcode];
    if (access->type == 'f')
        put_byte(out, OP_I32_REINTERPRET_F32);
    if (access->type == 'F')
        put_byte(out, OP_I64_REINTERPRET_F64);
    if (access->type == 'i' || access->type == 'f')
        put_byte(out, OP_I64_EXTEND_I32_U);
    put_into_register(out, global, shift, access->bytes);
}

/* --- vectors --- */

static void put_zero_vector(struct code_output *out) {
    static const unsigned char zero[16];
    put_vector(out, V128_CONST);
    put_bytes(out, zero, sizeof zero);
}

static void put_vector_load(struct code_output *out, const struct register_access *access,
                            const uint32_t *globals, unsigned shift) {
    static const unsigned char extensions[] = {
        I16X8_EXTEND_LOW_I8X16_S, I16X8_EXTEND_LOW_I8X16_U, I32X4_EXTEND_LOW_I16X8_S,
        I32X4_EXTEND_LOW_I16X8_U, I64X2_EXTEND_LOW_I32X4_S, I64X2_EXTEND_LOW_I32X4_U};
    static const unsigned char replacements[] = {I8X16_REPLACE_LANE, I16X8_REPLACE_LANE,
                                                 I32X4_REPLACE_LANE, I64X2_REPLACE_LANE};
    unsigned number = access->number;
    bool is_zero = number == V128_LOAD32_ZERO || number == V128_LOAD64_ZERO;
    if (is_zero)
        put_zero_vector(out);
    put_register(out, globals[0], shift);
    if (access_size(OP_PREFIX_FD, number) < 8)
        put_byte(out, OP_I32_WRAP_I64);
    if (number >= V128_LOAD8_LANE && number <= V128_LOAD64_LANE) {
        put_lane(out, replacements[number - V128_LOAD8_LANE], access->lane);
    } else if (is_zero) {
        put_lane(out, number == V128_LOAD32_ZERO ? I32X4_REPLACE_LANE : I64X2_REPLACE_LANE, 0);
    } else if (number >= V128_LOAD8_SPLAT && number <= V128_LOAD64_SPLAT) {
        put_vector(out, I8X16_SPLAT + (number - V128_LOAD8_SPLAT));
    } else {
        put_vector(out, I64X2_SPLAT);
        if (number == V128_LOAD) {
            put_register(out, globals[1], 0);
            put_lane(out, I64X2_REPLACE_LANE, 1);
        } else {
            put_vector(out, extensions[number - V128_LOAD8X8_S]);
        }
    }
}

static void put_vector_store(struct code_output *out, const struct register_access *access,
                             const uint32_t *globals, unsigned shift, uint32_t local) {
    static const unsigned char extractions[] = {I8X16_EXTRACT_LANE_U, I16X8_EXTRACT_LANE_U,
                                                I32X4_EXTRACT_LANE, I64X2_EXTRACT_LANE};
    if (access->number == V128_STORE) {
        for (unsigned half = 0; half < 2; half++) {
            put_index(out, half ? OP_LOCAL_GET : OP_LOCAL_TEE, local);
            put_lane(out, I64X2_EXTRACT_LANE, half);
            put_index(out, OP_GLOBAL_SET, globals[half]);
        }
        return;
    }
    unsigned bytes = access_size(OP_PREFIX_FD, access->number);
    put_lane(out, extractions[access->number - V128_STORE8_LANE], access->lane);
    if (bytes < 8)
        put_byte(out, OP_I64_EXTEND_I32_U);
    put_into_register(out, globals[0], shift, bytes);
}

void put_access(struct code_output *out, const struct register_access *access,
                const uint32_t *globals, uint32_t local) {
    unsigned shift = 8 * (access->offset % 8), opcode = access->opcode, number = access->number;
    globals += access->offset / 8;
    if (opcode != OP_PREFIX_FD && opcode < OP_FIRST_STORE)
        put_load(out, opcode, *globals, shift);
    else if (opcode != OP_PREFIX_FD)
        put_store(out, opcode, *globals, shift);
    else if (number == V128_STORE || (number >= V128_STORE8_LANE && number <= V128_STORE64_LANE))
        put_vector_store(out, access, globals, shift, local);
    else
        put_vector_load(out, access, globals, shift);
}
