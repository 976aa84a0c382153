/* The instructions of WebAssembly with their immediates and their effect on the stack: the core
 * specification 2.0, section 5.4, and the relaxed SIMD proposal. */
#ifndef C2W_WASM_INSTRUCTIONS_H
#define C2W_WASM_INSTRUCTIONS_H

enum immediate {
    IMMEDIATE_NONE,
    IMMEDIATE_BLOCK,  /* block type */
    IMMEDIATE_INDEX,  /* label, function, local, global */
    IMMEDIATE_TABLE,  /* br_table's labels */
    IMMEDIATE_TYPE,   /* type and table of an indirect call */
    IMMEDIATE_MEMORY, /* alignment and offset */
    IMMEDIATE_BYTE,
    IMMEDIATE_I32,
    IMMEDIATE_I64,
    IMMEDIATE_4,
    IMMEDIATE_8,
    IMMEDIATE_16,
    IMMEDIATE_MEMORY_LANE, /* alignment, offset, lane */
};

enum opcode {
    OP_UNREACHABLE = 0x00,
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
    OP_ELSE = 0x05,
    OP_END = 0x0b,
    OP_BR = 0x0c,
    OP_BR_IF = 0x0d,
    OP_BR_TABLE = 0x0e,
    OP_RETURN = 0x0f,
    OP_CALL = 0x10,
    OP_CALL_INDIRECT = 0x11,
    OP_SELECT = 0x1b,
    OP_LOCAL_GET = 0x20,
    OP_LOCAL_TEE = 0x22,
    OP_GLOBAL_GET = 0x23,
    OP_GLOBAL_SET = 0x24,
    OP_FIRST_STORE = 0x36,
    OP_I32_CONST = 0x41,
    OP_I64_CONST = 0x42,
    OP_I32_EQZ = 0x45,
    OP_I32_ADD = 0x6a,
    OP_I64_AND = 0x83,
    OP_I64_OR = 0x84,
    OP_I64_SHL = 0x86,
    OP_I64_SHR_U = 0x88,
    OP_I32_WRAP_I64 = 0xa7,
    OP_I64_EXTEND_I32_U = 0xad,
    OP_I32_REINTERPRET_F32 = 0xbc,
    OP_I64_REINTERPRET_F64 = 0xbd,
    OP_F32_REINTERPRET_I32 = 0xbe,
    OP_F64_REINTERPRET_I64 = 0xbf,
    OP_I64_EXTEND8_S = 0xc2,
    OP_I64_EXTEND16_S = 0xc3,
    OP_I64_EXTEND32_S = 0xc4,
    OP_PREFIX_FC = 0xfc,
    OP_PREFIX_FD = 0xfd, /* vectors */
};

#define TYPE_V128 0x7b
#define TYPE_NONE 0x40 /* of a block */

/* A form of instructions: immediate, operands, results. */
struct shape {
    unsigned char immediate; /* enum immediate */
    unsigned char pops, pushes;
};

/* Ranges of opcodes with the same shape; blocks, branches and calls are handled by themselves. */
static const struct shape_range {
    unsigned char first, last;
    struct shape shape;
} shape_ranges[] = {
    {0x00, 0x01, {IMMEDIATE_NONE, 0, 0}},   /* unreachable, nop */
    {0x02, 0x03, {IMMEDIATE_BLOCK, 0, 0}},  /* block, loop */
    {0x04, 0x04, {IMMEDIATE_BLOCK, 1, 0}},  /* if */
    {0x05, 0x05, {IMMEDIATE_NONE, 0, 0}},   /* else */
    {0x0b, 0x0b, {IMMEDIATE_NONE, 0, 0}},   /* end */
    {0x0c, 0x0c, {IMMEDIATE_INDEX, 0, 0}},  /* br */
    {0x0d, 0x0d, {IMMEDIATE_INDEX, 1, 0}},  /* br_if */
    {0x0e, 0x0e, {IMMEDIATE_TABLE, 1, 0}},  /* br_table */
    {0x0f, 0x0f, {IMMEDIATE_NONE, 0, 0}},   /* return */
    {0x10, 0x10, {IMMEDIATE_INDEX, 0, 0}},  /* call: and its type */
    {0x11, 0x11, {IMMEDIATE_TYPE, 1, 0}},   /* call_indirect: and its type */
    {0x1a, 0x1a, {IMMEDIATE_NONE, 1, 0}},   /* drop */
    {0x1b, 0x1b, {IMMEDIATE_NONE, 3, 1}},   /* select */
    {0x20, 0x20, {IMMEDIATE_INDEX, 0, 1}},  /* local.get */
    {0x21, 0x21, {IMMEDIATE_INDEX, 1, 0}},  /* local.set */
    {0x22, 0x22, {IMMEDIATE_INDEX, 1, 1}},  /* local.tee */
    {0x23, 0x23, {IMMEDIATE_INDEX, 0, 1}},  /* global.get */
    {0x24, 0x24, {IMMEDIATE_INDEX, 1, 0}},  /* global.set */
    {0x28, 0x35, {IMMEDIATE_MEMORY, 1, 1}}, /* loads */
    {0x36, 0x3e, {IMMEDIATE_MEMORY, 2, 0}}, /* stores */
    {0x3f, 0x3f, {IMMEDIATE_BYTE, 0, 1}},   /* memory.size */
    {0x40, 0x40, {IMMEDIATE_BYTE, 1, 1}},   /* memory.grow */
    {0x41, 0x41, {IMMEDIATE_I32, 0, 1}},
    {0x42, 0x42, {IMMEDIATE_I64, 0, 1}},
    {0x43, 0x43, {IMMEDIATE_4, 0, 1}},    /* f32.const */
    {0x44, 0x44, {IMMEDIATE_8, 0, 1}},    /* f64.const */
    {0x45, 0x45, {IMMEDIATE_NONE, 1, 1}}, /* i32.eqz */
    {0x46, 0x4f, {IMMEDIATE_NONE, 2, 1}}, /* i32 comparisons */
    {0x50, 0x50, {IMMEDIATE_NONE, 1, 1}}, /* i64.eqz */
    {0x51, 0x66, {IMMEDIATE_NONE, 2, 1}}, /* comparisons */
    {0x67, 0x69, {IMMEDIATE_NONE, 1, 1}}, /* i32 clz, ctz, popcnt */
    {0x6a, 0x78, {IMMEDIATE_NONE, 2, 1}}, /* i32 arithmetic */
    {0x79, 0x7b, {IMMEDIATE_NONE, 1, 1}}, /* i64 clz, ctz, popcnt */
    {0x7c, 0x8a, {IMMEDIATE_NONE, 2, 1}}, /* i64 arithmetic */
    {0x8b, 0x91, {IMMEDIATE_NONE, 1, 1}}, /* f32 abs to sqrt */
    {0x92, 0x98, {IMMEDIATE_NONE, 2, 1}}, /* f32 add to copysign */
    {0x99, 0x9f, {IMMEDIATE_NONE, 1, 1}}, /* f64 abs to sqrt */
    {0xa0, 0xa6, {IMMEDIATE_NONE, 2, 1}}, /* f64 add to copysign */
    {0xa7, 0xc4, {IMMEDIATE_NONE, 1, 1}}, /* conversions, sign extensions */
};

/* --- vector instructions: numbers behind the prefix fd --- */

enum vector_opcode {
    V128_LOAD = 0x00,
    V128_LOAD8X8_S = 0x01, /* and 16x4, 32x2, each _s and _u */
    V128_LOAD32X2_U = 0x06,
    V128_LOAD8_SPLAT = 0x07, /* and 16, 32, 64 */
    V128_LOAD64_SPLAT = 0x0a,
    V128_STORE = 0x0b,
    V128_CONST = 0x0c,
    I8X16_SPLAT = 0x0f, /* and i16x8, i32x4, i64x2 */
    I64X2_SPLAT = 0x12,
    I8X16_EXTRACT_LANE_U = 0x16,
    I8X16_REPLACE_LANE = 0x17,
    I16X8_EXTRACT_LANE_U = 0x19,
    I16X8_REPLACE_LANE = 0x1a,
    I32X4_EXTRACT_LANE = 0x1b,
    I32X4_REPLACE_LANE = 0x1c,
    I64X2_EXTRACT_LANE = 0x1d,
    I64X2_REPLACE_LANE = 0x1e,
    V128_LOAD8_LANE = 0x54, /* and 16, 32, 64 */
    V128_LOAD64_LANE = 0x57,
    V128_STORE8_LANE = 0x58, /* and 16, 32, 64 */
    V128_STORE64_LANE = 0x5b,
    V128_LOAD32_ZERO = 0x5c,
    V128_LOAD64_ZERO = 0x5d,
    I16X8_EXTEND_LOW_I8X16_S = 0x87,
    I16X8_EXTEND_LOW_I8X16_U = 0x89,
    I32X4_EXTEND_LOW_I16X8_S = 0xa7,
    I32X4_EXTEND_LOW_I16X8_U = 0xa9,
    I64X2_EXTEND_LOW_I32X4_S = 0xc7,
    I64X2_EXTEND_LOW_I32X4_U = 0xc9,
};

/* The form of each, sixteen in a row; forms are those of vector_shapes. */
static const char vector_forms[] = "LLLLLLLLLLLSCX21" /* 00: loads, store, const, shuffle, splats */
                                   "11111EEREERERERE" /* 10: splats, lanes */
                                   "RER2222222222222" /* 20: lanes, comparisons */
                                   "2222222222222222" /* 30: comparisons */
                                   "2222222222222122" /* 40: comparisons, bits */
                                   "2231llllssssLL11" /* 50: bits, one lane of memory */
                                   "1111122111122222" /* 60: i8x16, f32x4 rounding */
                                   "2222112222121111" /* 70: i8x16, f64x2 rounding */
                                   "1121122111122222" /* 80: i16x8 */
                                   "2222122222.22222" /* 90 */
                                   "11.11..11112222." /* a0: i32x4 */
                                   ".2...222222.2222" /* b0 */
                                   "11.11..11112222." /* c0: i64x2 */
                                   ".2...22222222222" /* d0 */
                                   "11.12222222211.1" /* e0: f32x4, f64x2 */
                                   "2222222211111111" /* f0: f64x2, conversions */
                                   "2111133333333222" /* 100: relaxed */
                                   "2223";

static const struct vector_shape {
    char form;
    struct shape shape;
} vector_shapes[] = {
    {'1', {IMMEDIATE_NONE, 1, 1}},        /* an operand */
    {'2', {IMMEDIATE_NONE, 2, 1}},        /* two */
    {'3', {IMMEDIATE_NONE, 3, 1}},        /* three */
    {'C', {IMMEDIATE_16, 0, 1}},          /* constant */
    {'X', {IMMEDIATE_16, 2, 1}},          /* shuffle */
    {'E', {IMMEDIATE_BYTE, 1, 1}},        /* lane to scalar */
    {'R', {IMMEDIATE_BYTE, 2, 1}},        /* scalar to lane */
    {'L', {IMMEDIATE_MEMORY, 1, 1}},      /* load */
    {'S', {IMMEDIATE_MEMORY, 2, 0}},      /* store */
    {'l', {IMMEDIATE_MEMORY_LANE, 2, 1}}, /* load of a lane */
    {'s', {IMMEDIATE_MEMORY_LANE, 2, 0}}, /* store of a lane */
};

#endif
