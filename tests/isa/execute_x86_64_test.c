/* The interpreter against this machine's CPU: the same bytes on the same state, every register,
 * defined flags and memory compared.
 *   execute_x86_64_test [--seed N] [--trials N] [--sequences N] [--only MNEMONIC] [--exceptions]
 *   execute_x86_64_test ... --program FILE
 *   execute_x86_64_test ... [--ignore-exceptions] --outcomes EXPECTED GOT
 * Each encoding of encodings.def is tried with random operands and edge values (--trials times);
 * then sequences of instructions.  A failing sequence is shortened before it is shown.
 * --program writes an assembler file with those that do not fault, whose runs --outcomes compares. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../runtime/isa/x86_64/insn.h"
#include "interpreted_x86_64.h"
#include "test_x86_64.h"
#include "vendor.h"

enum { SHOWN = 12 };

/* --- random numbers --- */

static uint64_t seed = 1;
static uint64_t random_bits(void) {
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
static unsigned below(unsigned n) { return (unsigned)(random_bits() >> 32) % n; }
static bool one_in(unsigned n) { return below(n) == 0; }

/* Integers near the edges of the widths, or with few bits. */
static uint64_t random_value(void) {
    static const uint8_t shifts[] = {0, 7, 8, 15, 16, 31, 32, 63};
    uint64_t edge = (uint64_t)1 << shifts[below(8)];
    switch (below(8)) {
    case 0:
        return below(4);
    case 1:
        return 0 - (uint64_t)below(4);
    case 2:
        return edge - below(3);
    case 3:
        return 0 - (edge + below(2));
    case 4:
        return random_bits() & 0xff;
    case 5:
        return random_bits() >> 32;
    default:
        return random_bits();
    }
}
static uint32_t random_f32(void) {
    static const uint32_t edges[] = {
        0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
        0xffc12345, 0x7f800001, 0xff812345, 1,          0x80000001, 0x007fffff, 0x00800000,
        0x7f7fffff, 0xff7fffff, 0x4f000000, 0xcf000000, 0x3f000000, 0x3effffff, 0x3f000001,
        0x4b000000, 0x4affffff, 0x5f000000, 0x34000000, 0x1f800000, 0x40490fdb, 0x3fc00000};
    if (one_in(2))
        return edges[below(sizeof edges / sizeof *edges)];
    if (one_in(2)) /* near 1: sums that cancel, exact products */
        return (uint32_t)((0x3f000000 + below(0x2000000)) & ~(below(2) ? 0xffffu : 0)) |
               (uint32_t)below(2) << 31;
    return (uint32_t)random_bits();
}
static uint64_t random_f64(void) {
    static const uint64_t edges[] = {0,
                                     0x8000000000000000,
                                     0x3ff0000000000000,
                                     0xbff0000000000000,
                                     0x7ff0000000000000,
                                     0xfff0000000000000,
                                     0x7ff8000000000000,
                                     0xfff8000012345678,
                                     0x7ff0000000000001,
                                     0xfff0000012345678,
                                     1,
                                     0x8000000000000001,
                                     0x000fffffffffffff,
                                     0x0010000000000000,
                                     0x7fefffffffffffff,
                                     0x41dfffffffc00000,
                                     0xc1e0000000200000,
                                     0x43e0000000000000,
                                     0xc3e0000000000000,
                                     0x3fe0000000000000,
                                     0x3fdfffffffffffff,
                                     0x47efffffe0000000,
                                     0x47effffff0000000,
                                     0x380fffffe0000000,
                                     0x3690000000000000,
                                     0x4330000000000000,
                                     0x1ff0000000000000,
                                     0x3ca0000000000000};
    if (one_in(2))
        return edges[below(sizeof edges / sizeof *edges)];
    if (one_in(2))
        return ((uint64_t)(0x3fe00000 + below(0x400000)) << 32) |
               (below(2) ? 0 : (uint32_t)random_bits()) | (uint64_t)below(2) << 63;
    return random_bits();
}
static uint64_t random_lane_pair(void) {
    switch (below(4)) {
    case 0:
        return random_f32() | (uint64_t)random_f32() << 32;
    case 1:
        return random_f64();
    case 2: { /* bytes near the edges */
        uint64_t value = 0;
        for (unsigned n = 0; n < 8; n++)
            value = value << 8 | (uint8_t)(one_in(2) ? random_value() : below(3) * 0x7f);
        return value;
    }
    default:
        return random_value();
    }
}

/* --- state and memory --- */

struct places {
    uint8_t *code, *data;
};
static struct places native, interpreted;
static bool unmasked_exceptions;

/* Tests that become a program (program_x86_64.c) or are compared with its outcomes: all with the same
 * memory, and without faults. */
static bool program_mode;
static uint8_t program_memory[MEMORY_SIZE];

static uint64_t data_address(unsigned alignment, bool writes) {
    uint64_t address = DATA_START + below(DATA_SIZE);
    if (one_in(12))
        address = CONSTANT_START - below(24);
    else if (one_in(40) && !writes) /* which of two faults a write reports is not compared */
        address = CONSTANT_START + CONSTANT_SIZE - below(24);
    else if (one_in(40))
        address = DATA_START + DATA_SIZE / 2 - below(24);
    return address & ~(uint64_t)(alignment - 1);
}

static void random_fp(struct user_fpregs_struct *fp) {
    memset(fp, 0, sizeof *fp);
    fp->cwd = (uint16_t)(0x37f ^ (one_in(3) ? below(16) << 8 : 0));
    if ((fp->cwd >> 8 & 3) == 1)
        fp->cwd |= 0x300;
    fp->swd = (uint16_t)(below(8) << 11 | (below(16) & 7) << 8 | below(2) << 14 |
                         (one_in(2) ? 0 : below(0x80)));
    fp->ftw = (uint16_t)(one_in(2) ? 0xff : below(256));
    if (unmasked_exceptions && one_in(3)) {
        fp->cwd &= (uint16_t)~below(64);
        fp->swd &= (uint16_t)~0x7f;
    }
    for (unsigned n = 0; n < 8; n++) {
        static const uint16_t exponents[] = {0, 0x3fff, 0x7fff, 0x4000, 0x3ffe, 0x403e, 1};
        uint64_t significand = random_bits() | (uint64_t)1 << 63;
        uint16_t exponent = (uint16_t)(0x3fff - 40 + below(80));
        if (one_in(3)) {
            exponent = exponents[below(7)];
            significand = one_in(2) ? (uint64_t)1 << 63 : significand;
            significand = exponent == 0 ? (one_in(2) ? 0 : significand >> 1) : significand;
        }
        exponent |= (uint16_t)(below(2) << 15);
        memcpy((uint8_t *)fp->st_space + 16 * n, &significand, 8);
        memcpy((uint8_t *)fp->st_space + 16 * n + 8, &exponent, 2);
    }
    for (unsigned n = 0; n < 32; n++) {
        uint64_t value = random_lane_pair();
        memcpy((uint8_t *)fp->xmm_space + 8 * n, &value, 8);
    }
    fp->mxcsr = 0x1f80;
    if (one_in(2))
        fp->mxcsr |= below(64);
    if (one_in(3))
        fp->mxcsr |= below(8) << 13 | (below(2) << 6);
    if (program_mode && !one_in(8)) /* as lifted code runs */
        fp->mxcsr = 0x1f80;
    if (unmasked_exceptions && one_in(3)) {
        /* An overflow or underflow that is not masked sets inexact by other rules. */
        fp->mxcsr &= ~((below(64) & 0x27) << 7);
    }
}

static void random_memory(uint8_t memory[MEMORY_SIZE]) {
    for (unsigned at = 0; at < MEMORY_SIZE; at += 8) {
        uint64_t value = random_lane_pair();
        memcpy(memory + at, &value, 8);
    }
}

static void random_state(struct test *test) {
    struct machine_state *state = &test->state;
    memset(state, 0, sizeof *state);
    for (unsigned n = 0; n < 16; n++)
        state->r[n] = random_value();
    state->r[REG_RSP] = data_address(8, true);
    if (one_in(4))
        state->r[REG_RBP] = data_address(8, true);
    state->rip = CODE_START;
    state->rflags = 0x202 | (random_bits() & RFLAGS_ARITHMETIC) | (one_in(3) ? RFLAGS_DF : 0);
    state->fs_base = random_bits() & 0xfff0;
    state->gs_base = random_bits() & 0xfff0;
    random_fp(&state->fp);
    if (program_mode) {
        state->fs_base = FS_BASE, state->gs_base = GS_BASE;
        memcpy(test->memory, program_memory, MEMORY_SIZE);
    } else {
        random_memory(test->memory);
    }
}

/* --- instructions --- */

struct row {
    uint8_t map, opcode, prefix;
    uint16_t modrm, op;
};

#define ANY 0
#define N(n) (8 | (n))
#define MEMORY 0x10
#define REGISTER 0x20
#define MEMORY_N(n) (MEMORY | N(n))
#define REGISTER_N(n) (REGISTER | N(n))
#define BYTE(b) (REGISTER_N((b) >> 3 & 7) | 0x40 | ((b) & 7) << 7)
enum { PREFIX_ANY, PREFIX_NP, PREFIX_P66, PREFIX_PF3, PREFIX_PF2 };
static const struct row rows[] = {
#define ENCODING(map, opcode, prefix, modrm, operands, op)                                         \
    {map, opcode, PREFIX_##prefix, modrm, OP_##op},
#include "../../runtime/isa/x86_64/encodings.def"
};
#undef ANY
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static bool is_string(unsigned op) { return op >= OP_movs8 && op <= OP_cmps64; }
static bool is_double_shift16(unsigned op) {
    return op == OP_shld16 || op == OP_shrd16 || op == OP_shld_cl16 || op == OP_shrd_cl16;
}
static bool is_in(unsigned op, const uint16_t *ops, size_t count) {
    for (size_t n = 0; n < count; n++) {
        if (ops[n] == op)
            return true;
    }
    return false;
}
#define IS_IN(op, ...)                                                                             \
    is_in(op, (const uint16_t[]){__VA_ARGS__}, sizeof((const uint16_t[]){__VA_ARGS__}) / 2)

/* What the CPU does differently by design: it has the features that the guest's hides, answers to
 * CPUID and the clock, and other approximations (compared by approximation.c of the x87 tests). */
static bool is_compared(const struct piece *piece) {
    unsigned op = piece->insn.op;
    if (unmasked_exceptions && IS_IN(op, OP_dpps, OP_dppd)) /* raise step by step */
        return false;
    if (IS_IN(op, OP_cpuid, OP_rdtsc, OP_syscall, OP_int_imm, OP_f2xm1, OP_fyl2x, OP_fyl2xp1,
              OP_fptan, OP_fpatan, OP_fsin, OP_fcos, OP_fsincos, OP_rcpps, OP_rcpss, OP_rsqrtps,
              OP_rsqrtss))
        return false;
    if (is_double_shift16(op) && (piece->insn.imm & 31) > 16) /* an undefined result */
        return false;
    bool f3 = false;
    for (unsigned n = 0; n < 4; n++)
        f3 |= piece->bytes[n] == 0xf3;
    return !(f3 && ((op >= OP_bsf16 && op <= OP_bsf64) || (op >= OP_bsr16 && op <= OP_bsr64)));
}

static uint64_t *base_register(struct machine_state *state, unsigned number) {
    return number < 16 ? &state->r[number] : NULL;
}

/* Makes the address of the memory operand `target`, by a register or in the instruction's bytes. */
static void aim(struct test *test, struct piece *piece, unsigned modrm_at, uint64_t target) {
    struct machine_state *state = &test->state;
    struct insn *insn = &piece->insn;
    uint64_t segment = 0, index = 0, *base = base_register(state, insn->base);
    if (insn->index == REG_FS_BASE || insn->flags & INSN_FS)
        segment = state->fs_base;
    if (insn->index == REG_GS_BASE || insn->flags & INSN_GS)
        segment = state->gs_base;
    if (insn->index < 16) {
        if (one_in(2) && insn->index != insn->base)
            state->r[insn->index] = below(64);
        index = state->r[insn->index] << insn->scale;
    }
    uint64_t rest = target - segment - index - (uint64_t)(int64_t)insn->disp;
    if (base && insn->base != insn->index) {
        *base = rest;
    } else if (!base && insn->index < 16) {
        state->r[insn->index] = (target - segment - (uint64_t)(int64_t)insn->disp) >> insn->scale;
    } else if (!base && insn->flags & INSN_ABSOLUTE64) {
        uint64_t address = target - segment;
        memcpy(piece->bytes + modrm_at, &address, insn->flags & INSN_ADDRESS32 ? 4 : 8);
    } else if (!base) {
        bool relative = insn->base == REG_RIP;
        uint32_t disp = (uint32_t)(target - segment - (relative ? CODE_START + piece->length : 0));
        memcpy(piece->bytes + modrm_at + (relative ? 1 : 2), &disp, 4);
    }
}

/* Operands that an operation needs to have an effect. */
static void prepare_operands(struct test *test, struct piece *piece) {
    struct machine_state *state = &test->state;
    const struct insn *insn = &piece->insn;
    unsigned op = insn->op;
    uint64_t segment = insn->flags & INSN_FS   ? state->fs_base
                       : insn->flags & INSN_GS ? state->gs_base
                                               : 0;
    if (is_string(op)) {
        state->r[REG_RSI] = data_address(1, true) - segment;
        state->r[REG_RDI] = data_address(1, true);
        if (one_in(3)) /* overlapping */
            state->r[REG_RDI] = state->r[REG_RSI] + segment + below(20) - 10;
        if (insn->repeat)
            state->r[REG_RCX] = one_in(10) ? below(5000) : below(40);
        if (insn->flags & INSN_ADDRESS32) { /* upper halves do not count */
            state->r[REG_RSI] ^= random_bits() << 32;
            state->r[REG_RDI] ^= random_bits() << 32;
            state->r[REG_RCX] ^= random_bits() << 32;
        }
        if (one_in(2)) { /* something to find or equal strings */
            uint8_t byte = (uint8_t)random_bits();
            memset(test->memory, one_in(2) ? byte : (uint8_t)state->r[REG_RAX], DATA_SIZE);
            test->memory[below(DATA_SIZE)] ^= 1;
        }
    }
    if (op == OP_xlat)
        state->r[REG_RBX] = data_address(1, true) - segment;
    if (op == OP_maskmovdqu || op == OP_m_maskmovq)
        state->r[REG_RDI] = data_address(1, true) - segment;
    if (op >= OP_bt16 && op <= OP_btc64 && insn->form == FORM_MEMORY_DST && insn->rm != insn->base)
        state->r[insn->rm] = (uint64_t)((int64_t)below(40000) - 20000);
    if (op == OP_leave16 || op == OP_leave64 || op == OP_enter16 || op == OP_enter64)
        state->r[REG_RBP] = data_address(1, true);
    if (op >= OP_div8 && op <= OP_idiv64 && one_in(2)) {
        state->r[REG_RDX] = one_in(2) ? below(3) : 0 - (uint64_t)below(3);
        if (op == OP_idiv64 && one_in(2))
            state->r[REG_RDX] = (uint64_t)((int64_t)state->r[REG_RAX] >> 63);
    }
    if (is_double_shift16(op)) /* the result of a greater count is undefined */
        state->r[REG_RCX] &= ~(uint64_t)16;
    if (op >= OP_cmpxchg8 && op <= OP_cmpxchg64 && insn->form == 0 && one_in(2))
        state->r[REG_RAX] = state->r[insn->reg >> (op == OP_cmpxchg8 ? 3 : 0) & 15];
    uint64_t target = CODE_START + 64 + below(CODE_SIZE - 64);
    if ((op == OP_jmp_indirect || op == OP_call_indirect) && insn->form == 0 &&
        insn->rm != REG_RSP && !one_in(8))
        state->r[insn->rm] = target;
    uint64_t top = state->r[REG_RSP];
    if (op == OP_ret && top >= DATA_START && top + 8 <= DATA_START + DATA_SIZE && !one_in(8))
        memcpy(test->memory + (top - DATA_START), &target, 8);
    /* Not single-stepping nor alignment checks; ID would stay set in the process. */
    if ((op == OP_popf16 || op == OP_popf64) && top >= DATA_START &&
        top + 8 <= DATA_START + MEMORY_SIZE) {
        test->memory[top - DATA_START + 1] &= 0xfe;
        test->memory[top - DATA_START + 2] &= 0xdb;
    }
}

/* Memory contents that an operand at `target` should have. */
static void prepare_memory(struct test *test, const struct piece *piece, uint64_t target) {
    uint64_t at = target - DATA_START;
    unsigned op = piece->insn.op;
    if (at + 512 > MEMORY_SIZE)
        return;
    if (op == OP_jmp_indirect || op == OP_call_indirect) {
        uint64_t destination = CODE_START + 64 + below(CODE_SIZE - 64);
        if (!one_in(8))
            memcpy(test->memory + at, &destination, 8);
    } else if (op == OP_ldmxcsr) {
        uint32_t value = 0x1f80 | (below(2) ? below(0x10000) : 0);
        if (one_in(8))
            value = (uint32_t)random_bits();
        memcpy(test->memory + at, &value, 4);
    } else if (op >= OP_fxrstor && op <= OP_fxrstor64) {
        struct user_fpregs_struct fp;
        random_fp(&fp);
        if (one_in(8))
            fp.mxcsr |= 0x10000u << below(16);
        memcpy(test->memory + at, &fp, sizeof fp);
    } else if (op == OP_cmpxchg8b || op == OP_cmpxchg16b) {
        unsigned half = op == OP_cmpxchg8b ? 4 : 8;
        if (one_in(2)) {
            memcpy(test->memory + at, &test->state.r[REG_RAX], half);
            memcpy(test->memory + at + half, &test->state.r[REG_RDX], half);
        }
    } else if (op == OP_fldcw || op == OP_fldenv || op == OP_frstor) {
        uint16_t control = (uint16_t)(0x37f ^ below(16) << 8), status = (uint16_t)(below(8) << 11);
        if ((control >> 8 & 3) == 1)
            control |= 0x300;
        memcpy(test->memory + at, &control, 2);
        if (op != OP_fldcw)
            memcpy(test->memory + at + (piece->insn.flags & INSN_SIZE ? 2 : 4), &status, 2);
    } else if (op >= OP_fld_f32 && op <= OP_fld_f80) {
        uint64_t significand = random_bits() | (uint64_t)1 << 63;
        uint16_t exponent = (uint16_t)(0x3fff - 30 + below(60));
        if (op == OP_fld_f80) {
            memcpy(test->memory + at, &significand, 8);
            memcpy(test->memory + at + 8, &exponent, 2);
        }
    } else if (op == OP_fbld) { /* digits only: others are undefined */
        for (unsigned n = 0; n < 9; n++)
            test->memory[at + n] = (uint8_t)(below(10) << 4 | below(10));
        test->memory[at + 9] = (uint8_t)(below(2) << 7);
    }
}

/* A random instruction of the row; false when it came out as one that is not compared. */
static bool make_piece(struct test *test, const struct row *row, struct piece *piece) {
    uint8_t *bytes = piece->bytes;
    unsigned at = 0;
    for (unsigned n = 0; n < sizeof piece->bytes; n++)
        bytes[n] = (uint8_t)random_bits();
    bool control = op_table[row->op].class == CLASS_BRANCH || op_table[row->op].class == CLASS_JUMP;
    if (one_in(12))
        bytes[at++] = 0x67;
    if (one_in(12))
        bytes[at++] = (uint8_t)(0x64 + below(2));
    if (row->prefix >= PREFIX_P66)
        bytes[at++] = row->prefix == PREFIX_P66 ? 0x66 : row->prefix == PREFIX_PF3 ? 0xf3 : 0xf2;
    else if (row->prefix == PREFIX_ANY && !control && one_in(4))
        bytes[at++] = 0x66;
    if (is_string(row->op) && one_in(2))
        bytes[at++] = (uint8_t)(0xf2 + below(2));
    else if (op_table[row->op].attributes & ATTRIBUTE_LOCK && one_in(4))
        bytes[at++] = 0xf0;
    if (one_in(2))
        bytes[at++] = (uint8_t)(0x40 | below(16));
    if (row->map > 0)
        bytes[at++] = 0x0f;
    if (row->map > 1)
        bytes[at++] = row->map == 2 ? 0x38 : 0x3a;
    bytes[at++] = row->opcode;
    unsigned modrm_at = at;
    if (row->modrm & 8)
        bytes[at] = (uint8_t)((bytes[at] & 0xc7) | (row->modrm & 7) << 3);
    if (row->modrm & 0x20)
        bytes[at] |= 0xc0;
    else if (row->modrm & 0x10 && bytes[at] >= 0xc0)
        bytes[at] &= 0x3f;
    if (row->modrm & 0x40)
        bytes[at] = (uint8_t)((bytes[at] & 0xf8) | row->modrm >> 7);
    if (!insn_decode(bytes, INSN_MAX_LENGTH, &piece->insn) || !is_compared(piece))
        return false;
    piece->length = piece->insn.len;
    if (control) { /* short ways forward */
        unsigned size = row->map == 1 || row->op == OP_call || row->opcode == 0xe9 ? 4 : 1;
        memset(bytes + piece->length - size, 0, size);
        bytes[piece->length - size] = (uint8_t)below(64);
        if (program_mode) {
            static const uint8_t skipped[] = {0xb8, 0x78, 0x56, 0x34, 0x12}; /* mov eax, ... */
            bytes[piece->length - size] = sizeof skipped;
            memcpy(bytes + piece->length, skipped, sizeof skipped);
            piece->length += sizeof skipped;
        }
    }
    piece->modrm_at = (uint8_t)modrm_at;
    prepare_operands(test, piece);
    if (piece->insn.form & FORM_MEMORY &&
        (unmasked_exceptions || IS_IN(piece->insn.op, OP_fxsave, OP_fxsave64) || !one_in(16))) {
        bool aligned = !one_in(4);
        uint64_t target = data_address(aligned ? 16 : 1, piece->insn.form & FORM_MEMORY_DST);
        if (piece->insn.base == REG_RSP && IS_IN(piece->insn.op, OP_pop16, OP_pop64))
            target -= 8;
        aim(test, piece, modrm_at, target);
        prepare_memory(test, piece, target);
    }
    return insn_decode(bytes, INSN_MAX_LENGTH, &piece->insn);
}

/* --- comparison --- */

static unsigned failures, trials_done;

static uint32_t undefined_rflags(unsigned attributes) {
    unsigned flags = attributes & UNDEFINED_FLAGS;
    return (flags & ~(unsigned)U_OF) | (flags & U_OF ? RFLAGS_OF : 0);
}

/* Flags that the instruction leaves undefined, if `before` is known with these operands. */
static uint32_t undefined_flags(const struct piece *piece, const struct machine_state *before) {
    const struct insn *insn = &piece->insn;
    uint32_t undefined = undefined_rflags(op_table[insn->op].attributes);
    unsigned op = insn->op, width = 0;
    if (op >= OP_shl8 && op <= OP_rcr64)
        width = 8u << ((op - OP_shl8) & 3);
    else if (op >= OP_shld16 && op <= OP_shrd_cl64)
        width = 16u << (op - OP_shld16) % 3;
    if (width != 0) {
        bool by_cl = op >= OP_shl8 && op <= OP_rcr64
                         ? !(insn->form & FORM_IMMEDIATE)
                         : (op >= OP_shld_cl16 && op <= OP_shld_cl64) || op >= OP_shrd_cl16;
        if (!before) /* the count is not known */
            return RFLAGS_ARITHMETIC;
        unsigned count =
            (by_cl ? (unsigned)before->r[REG_RCX] : (unsigned)insn->imm) & (width == 64 ? 63 : 31);
        if (count == 0)
            return 0;
        if (count == 1)
            undefined &= ~RFLAGS_OF;
        if (count >= width && op < OP_sar8)
            undefined |= RFLAGS_CF;
        if (count > width && op >= OP_shld16)
            undefined |= RFLAGS_ARITHMETIC;
    }
    if (op >= OP_bsf16 && op <= OP_bsr64)
        undefined &= ~RFLAGS_ZF;
    return undefined;
}

static const char *const register_names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                             "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                             "r12", "r13", "r14", "r15"};

static bool show;
#define DIFFER(...)                                                                                \
    do {                                                                                           \
        if (!show)                                                                                 \
            return true;                                                                           \
        different = true;                                                                          \
        printf("  " __VA_ARGS__);                                                                  \
    } while (0)

/* Fields of stored images that the processors fill differently: instruction and operand pointers,
 * the mask and reserved bytes. */
static void clear_pointers(const struct insn *insn, const struct machine_state *state,
                           uint8_t *memory) {
    uint64_t address = 0;
    if (insn->base < 16)
        address += state->r[insn->base];
    if (insn->index < 16)
        address += state->r[insn->index] << insn->scale;
    else if (insn->index == REG_FS_BASE)
        address += state->fs_base;
    else if (insn->index == REG_GS_BASE)
        address += state->gs_base;
    if (insn->base == REG_RIP)
        address += CODE_START + insn->len;
    address += (uint64_t)(int64_t)insn->disp;
    if (insn->flags & INSN_ADDRESS32)
        address = (uint32_t)address;
    if (insn->flags & INSN_FS)
        address += state->fs_base;
    if (insn->flags & INSN_GS)
        address += state->gs_base;
    uint64_t at = address - DATA_START;
    if (at + 512 > MEMORY_SIZE)
        return;
    if (insn->op == OP_fxsave || insn->op == OP_fxsave64) {
        memset(memory + at + 6, 0, 18);
        memset(memory + at + 28, 0, 4);
        for (unsigned n = 0; n < 8; n++)
            memset(memory + at + 32 + 16 * n + 10, 0, 6);
    } else if (insn->op == OP_fnstenv || insn->op == OP_fnsave) {
        if (insn->flags & INSN_SIZE)
            memset(memory + at + 6, 0, 8);
        else
            memset(memory + at + 12, 0, 16);
    }
}

static bool stores_pointers(const struct piece *piece) {
    return IS_IN(piece->insn.op, OP_fxsave, OP_fxsave64, OP_fnstenv, OP_fnsave);
}

static bool is_nan_where_different(const uint64_t a[2], const uint64_t b[2]) {
    for (unsigned n = 0; n < 4; n++) {
        uint32_t x = (uint32_t)(a[n / 2] >> n % 2 * 32), y = (uint32_t)(b[n / 2] >> n % 2 * 32);
        bool nan32 = (x & 0x7fffffff) > 0x7f800000 && (y & 0x7fffffff) > 0x7f800000;
        bool nan64 = (a[n / 2] << 1) > 0xffe0000000000000 && (b[n / 2] << 1) > 0xffe0000000000000;
        if (x != y && !nan32 && !nan64)
            return false;
    }
    return true;
}

/* Runs the test on both sides; whether they differ. */
static bool differs(const struct test *test) {
    uint8_t code[CODE_SIZE];
    static uint8_t memories[2][MEMORY_SIZE];
    struct machine_state ours = test->state, theirs = test->state;
    unsigned at = 0;
    uint32_t undefined = 0;
    bool different = false;
    memset(code, 0xcc, sizeof code);
    for (unsigned n = 0; n < test->count; n++) {
        const struct piece *piece = &test->pieces[n];
        memcpy(code + at, piece->bytes, piece->length);
        at += piece->length;
        undefined |= undefined_flags(piece, test->count == 1 ? &test->state : NULL);
        if (undefined && test->count > 1) { /* cmp eax, eax defines them again */
            code[at++] = 0x39;
            code[at++] = 0xc0;
            undefined = 0;
        }
    }
    memcpy(native.code, code, sizeof code);
    memcpy(native.data, test->memory, MEMORY_SIZE);
    memcpy(interpreted.code, code, sizeof code);
    memcpy(interpreted.data, test->memory, MEMORY_SIZE);
    if (!native_run(&theirs)) {
        printf("not ok native execution: the process is gone\n");
        exit(1);
    }
    interpreted_run(&ours);

    bool faulted = theirs.signal != SIGTRAP, large = false, mmx = false, dot_product = false;
    for (unsigned n = 0; n < test->count; n++) {
        unsigned op = test->pieces[n].insn.op;
        if (faulted && (op == OP_maskmovdqu || op == OP_m_maskmovq))
            return false; /* bytes that are not selected may fault, too */
        /* Which of a pending exception and a page fault comes first. */
        if (unmasked_exceptions && op >= OP_m_paddb &&
            (ours.signal == SIGSEGV || ours.signal == SIGBUS))
            return false;
        /* A call to where code cannot be may have stored the return address. */
        large |=
            op == OP_call_indirect || op >= OP_fadd_f32 || (op >= OP_fxsave && op <= OP_fxrstor64);
        mmx |= op >= OP_m_paddb && op <= OP_emms;
        dot_product |= op == OP_dpps || op == OP_dppd;
    }
    /* Of an address that is neither aligned nor canonical either may be reported. */
    if (large && theirs.signal == SIGBUS && ours.signal == SIGSEGV && ours.code == theirs.code)
        ours.signal = theirs.signal;
    if (ours.signal != theirs.signal || (theirs.signal == SIGSEGV && theirs.code != ours.code) ||
        (theirs.signal == SIGSEGV && theirs.code < 0x80 && !large &&
         theirs.address != ours.address) ||
        (theirs.signal == SIGFPE && theirs.code != ours.code))
        DIFFER("signal   native %d code %d at %" PRIx64 ", interpreted %d code %d at %" PRIx64 "\n",
               theirs.signal, theirs.code, theirs.address, ours.signal, ours.code, ours.address);
    for (unsigned n = 0; n < 16; n++) {
        if (ours.r[n] != theirs.r[n])
            DIFFER("%-8s native %016" PRIx64 ", interpreted %016" PRIx64 ", before %016" PRIx64
                   "\n",
                   register_names[n], theirs.r[n], ours.r[n], test->state.r[n]);
    }
    if (ours.rip != theirs.rip)
        DIFFER("rip      native %" PRIx64 ", interpreted %" PRIx64 "\n", theirs.rip, ours.rip);
    uint64_t mask = (RFLAGS_ARITHMETIC | RFLAGS_DF | RFLAGS_NT) &
                    ~(uint64_t)(faulted && test->count == 1 ? 0 : undefined);
    if ((ours.rflags ^ theirs.rflags) & mask)
        DIFFER("rflags   native %" PRIx64 ", interpreted %" PRIx64 ", before %" PRIx64 "\n",
               theirs.rflags & mask, ours.rflags & mask, test->state.rflags & mask);
    for (unsigned n = 0; n < 16; n++) {
        uint64_t a[2], b[2];
        memcpy(a, (uint8_t *)theirs.fp.xmm_space + 16 * n, 16);
        memcpy(b, (uint8_t *)ours.fp.xmm_space + 16 * n, 16);
        /* Which of several NaNs comes out of a sum of products is not architectural. */
        if (dot_product && is_nan_where_different(a, b))
            continue;
        if (a[0] != b[0] || a[1] != b[1])
            DIFFER("xmm%-5u native %016" PRIx64 "%016" PRIx64 ", interpreted %016" PRIx64
                   "%016" PRIx64 "\n",
                   n, a[1], a[0], b[1], b[0]);
    }
    if (ours.fp.mxcsr != theirs.fp.mxcsr)
        DIFFER("mxcsr    native %x, interpreted %x, before %x\n", theirs.fp.mxcsr, ours.fp.mxcsr,
               test->state.fp.mxcsr);
    /* A faulting MMX instruction may have reset the top of the stack, a faulting store of several
     * words may have stored the first. */
    for (unsigned n = 0; n < 8 && !(faulted && mmx); n++) {
        uint64_t a[2] = {0}, b[2] = {0};
        memcpy(a, (uint8_t *)theirs.fp.st_space + 16 * n, 10);
        memcpy(b, (uint8_t *)ours.fp.st_space + 16 * n, 10);
        if (a[0] != b[0] || a[1] != b[1])
            DIFFER("st%-6u native %04" PRIx64 " %016" PRIx64 ", interpreted %04" PRIx64
                   " %016" PRIx64 "\n",
                   n, a[1], a[0], b[1], b[0]);
    }
    if (faulted && mmx)
        ours.fp.swd = theirs.fp.swd, ours.fp.ftw = theirs.fp.ftw;
    if (ours.fp.cwd != theirs.fp.cwd || ours.fp.swd != theirs.fp.swd ||
        (uint8_t)ours.fp.ftw != (uint8_t)theirs.fp.ftw)
        DIFFER("x87      native control %x status %x tags %x, interpreted %x %x %x, before %x %x "
               "%x\n",
               theirs.fp.cwd, theirs.fp.swd, theirs.fp.ftw, ours.fp.cwd, ours.fp.swd, ours.fp.ftw,
               test->state.fp.cwd, test->state.fp.swd, test->state.fp.ftw);
    memcpy(memories[0], native.data, MEMORY_SIZE);
    memcpy(memories[1], interpreted.data, MEMORY_SIZE);
    for (unsigned n = 0; n < test->count; n++) {
        for (unsigned k = 0; k < 2 && stores_pointers(&test->pieces[n]); k++)
            clear_pointers(&test->pieces[n].insn, &test->state, memories[k]);
    }
    for (unsigned n = 0; n < MEMORY_SIZE && !(faulted && large); n++) {
        if (memories[0][n] != memories[1][n])
            DIFFER("[%x] native %02x, interpreted %02x\n", DATA_START + n, memories[0][n],
                   memories[1][n]);
    }
    return different;
}

static void print_pieces(const struct test *test) {
    for (unsigned n = 0; n < test->count; n++) {
        char text[128];
        insn_format(&test->pieces[n].insn, text, sizeof text);
        printf("  %-40s", text);
        for (unsigned k = 0; k < test->pieces[n].length; k++)
            printf(" %02x", test->pieces[n].bytes[k]);
        printf("\n");
    }
}

static void print_test(const struct test *test) {
    print_pieces(test);
    show = true;
    differs(test);
    show = false;
}

/* --- the tests --- */

/* Families of which the interpreter follows Intel's processors where the vendors' differ: upper
 * halves of the registers of string instructions with 32-bit addresses, the PC of a fault for a
 * branch to an address that is not canonical, prefetch hints with a register operand. */
static bool intel;
static bool differs_by_vendor(unsigned op) {
    return is_string(op) || (op >= OP_jo && op <= OP_ret) ||
           (op >= OP_syscall && op <= OP_fxrstor64);
}

/* --- as a program --- */

static FILE *outcomes[2]; /* expected and got, or NULL while the program is written */
static bool ignore_exceptions;

static bool outcome_differs(const struct test *test, uint32_t undefined) {
    struct outcome theirs, ours;
    if (fread(&theirs, sizeof theirs, 1, outcomes[0]) != 1 ||
        fread(&ours, sizeof ours, 1, outcomes[1]) != 1) {
        printf("not ok outcomes: a file ends early\n");
        exit(1);
    }
    bool different = false;
    for (unsigned n = 0; n < 16; n++)
        if (ours.r[n] != theirs.r[n])
            DIFFER("%-8s native %016" PRIx64 ", guest %016" PRIx64 ", before %016" PRIx64 "\n",
                   register_names[n], theirs.r[n], ours.r[n], test->state.r[n]);
    uint64_t mask = (RFLAGS_ARITHMETIC | RFLAGS_DF) & ~(uint64_t)undefined;
    if ((ours.rflags ^ theirs.rflags) & mask)
        DIFFER("rflags   native %" PRIx64 ", guest %" PRIx64 ", before %" PRIx64 "\n",
               theirs.rflags & mask, ours.rflags & mask, test->state.rflags & mask);
    if (ours.memory_hash != theirs.memory_hash)
        DIFFER("memory   differs\n");
    for (unsigned n = 0; n < 16; n++) { /* of two NaNs, engines let either come out */
        uint64_t a[2], b[2];
        memcpy(a, (uint8_t *)theirs.fp.xmm_space + 16 * n, 16);
        memcpy(b, (uint8_t *)ours.fp.xmm_space + 16 * n, 16);
        if ((a[0] != b[0] || a[1] != b[1]) && !is_nan_where_different(a, b))
            DIFFER("xmm%-5u native %016" PRIx64 "%016" PRIx64 ", guest %016" PRIx64 "%016" PRIx64
                   "\n",
                   n, a[1], a[0], b[1], b[0]);
    }
    if ((ours.fp.mxcsr ^ theirs.fp.mxcsr) & (ignore_exceptions ? ~0x3fu : ~0u))
        DIFFER("mxcsr    native %x, guest %x, before %x\n", theirs.fp.mxcsr, ours.fp.mxcsr,
               test->state.fp.mxcsr);
    if (memcmp(&ours.fp, &theirs.fp, 24) != 0 ||
        memcmp(ours.fp.st_space, theirs.fp.st_space, sizeof ours.fp.st_space) != 0)
        DIFFER("x87      differs\n");
    return different;
}

/* Whether the CPU executes it to its end. */
static bool ends_well(const struct test *test) {
    struct machine_state state = test->state;
    unsigned at = 0;
    memset(native.code, 0xcc, CODE_SIZE);
    for (unsigned n = 0; n < test->count; n++) {
        memcpy(native.code + at, test->pieces[n].bytes, test->pieces[n].length);
        at += test->pieces[n].length;
    }
    memcpy(native.data, test->memory, MEMORY_SIZE);
    if (!native_run(&state)) {
        printf("not ok native execution: the process is gone\n");
        exit(1);
    }
    return state.signal == SIGTRAP && state.rip == CODE_START + at + 1;
}

/* Adds the test to the program, or compares its outcomes; true when they differ. */
static bool program_differs(const struct test *test) {
    static struct test expanded;
    uint32_t undefined = 0;
    expanded.state = test->state;
    memcpy(expanded.memory, test->memory, MEMORY_SIZE);
    expanded.count = 0;
    for (unsigned n = 0; n < test->count; n++) {
        expanded.pieces[expanded.count++] = test->pieces[n];
        undefined = undefined_flags(&test->pieces[n], test->count == 1 ? &test->state : NULL);
        if (undefined && test->count > 1) {
            expanded.pieces[expanded.count++] =
                (struct piece){.bytes = {0x39, 0xc0}, .length = 2, .insn = {.op = OP_cmp32}};
            undefined = 0;
        }
    }
    if (!ends_well(&expanded) || !program_add(&expanded))
        return false;
    trials_done++;
    if (!outcomes[0] || !outcome_differs(&expanded, undefined))
        return false;
    if (failures++ < SHOWN) {
        for (unsigned n = 0; n < 2; n++)
            fseek(outcomes[n], -(long)sizeof(struct outcome), SEEK_CUR);
        print_pieces(&expanded);
        show = true;
        outcome_differs(&expanded, undefined);
        show = false;
    }
    return true;
}

/* --- all tests --- */

static void run_row(const struct row *row, unsigned trials) {
    static struct test test;
    unsigned shown = 0;
    for (unsigned n = 0; n < trials; n++) {
        random_state(&test);
        test.count = 1;
        if (!make_piece(&test, row, &test.pieces[0]))
            continue;
        if (program_mode) {
            program_differs(&test);
            continue;
        }
        trials_done++;
        if (!differs(&test))
            continue;
        failures++;
        if (shown++ < 2 && failures < 200)
            print_test(&test);
    }
}

static void run_sequences(unsigned count) {
    static struct test test, shorter;
    unsigned shown = 0;
    for (unsigned n = 0; n < count; n++) {
        random_state(&test);
        test.count = 0;
        for (unsigned k = 0; k < 40 && test.count < MAX_SEQUENCE; k++) {
            const struct row *row = &rows[below(ROW_COUNT)];
            struct test before = test;
            struct piece *piece = &test.pieces[test.count];
            if ((op_table[row->op].class != CLASS_PLAIN &&
                 !(program_mode && op_table[row->op].class == CLASS_BRANCH)) ||
                (!intel && differs_by_vendor(row->op)) ||
                IS_IN(row->op, OP_shld_cl16, OP_shrd_cl16, OP_dpps, OP_dppd) ||
                stores_pointers(&(struct piece){.insn.op = row->op}) ||
                !make_piece(&test, row, piece) || IS_IN(piece->insn.op, OP_popf16, OP_popf64) ||
                stores_pointers(piece))
                test = before;
            else
                test.count++;
        }
        if (program_mode) {
            program_differs(&test);
            continue;
        }
        trials_done++;
        if (!differs(&test))
            continue;
        failures++;
        for (unsigned k = 0; k < test.count;) { /* drop what is not needed */
            shorter = test;
            memmove(&shorter.pieces[k], &shorter.pieces[k + 1],
                    (test.count - k - 1) * sizeof *test.pieces);
            shorter.count--;
            if (shorter.count != 0 && differs(&shorter))
                test = shorter;
            else
                k++;
        }
        if (shown++ < SHOWN)
            print_test(&test);
    }
}

static bool cpu_has(const char *feature) {
    char line[4096];
    bool found = false;
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !found && fgets(line, sizeof line, file))
        found = !strncmp(line, "flags", 5) && strstr(line, feature);
    if (file)
        fclose(file);
    return found;
}

static bool is_not_in_programs(unsigned op) {
    unsigned class = op_table[op].class;
    return (class != CLASS_PLAIN && class != CLASS_BRANCH) ||
           stores_pointers(&(struct piece){.insn.op = (uint16_t)op});
}

static FILE *open_or_exit(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file) {
        perror(path);
        exit(2);
    }
    return file;
}

static void report(const char *name) {
    if (program_mode && !outcomes[0]) /* nothing was compared yet */
        return;
    if (failures)
        printf("not ok %s: %u of %u executions differ\n", name, failures, trials_done);
    else
        printf("ok %s\n", name);
    failures = trials_done = 0;
}

int main(int argc, char **argv) {
    unsigned trials = 300, sequences = 20000;
    const char *only = NULL, *program = NULL;
    for (int n = 1; n < argc; n++) {
        if (!strcmp(argv[n], "--exceptions"))
            unmasked_exceptions = true;
        else if (!strcmp(argv[n], "--ignore-exceptions"))
            ignore_exceptions = true;
        else if (n + 1 == argc)
            return 2;
        else if (!strcmp(argv[n], "--seed"))
            seed = strtoull(argv[++n], NULL, 0);
        else if (!strcmp(argv[n], "--trials"))
            trials = (unsigned)atoi(argv[++n]);
        else if (!strcmp(argv[n], "--sequences"))
            sequences = (unsigned)atoi(argv[++n]);
        else if (!strcmp(argv[n], "--only"))
            only = argv[++n];
        else if (!strcmp(argv[n], "--program"))
            program = argv[++n];
        else if (!strcmp(argv[n], "--outcomes") && n + 2 < argc)
            outcomes[0] = open_or_exit(argv[n + 1], "rb"),
            outcomes[1] = open_or_exit(argv[n + 2], "rb"), n += 2;
    }
    static const char *const needed[] = {"ssse3", "sse4_1", "sse4_2", "popcnt", "cx16", "lahf_lm"};
    for (size_t n = 0; n < sizeof needed / sizeof *needed; n++) {
        if (!cpu_has(needed[n])) {
            printf("skip execution compared with the CPU: it has no %s\n", needed[n]);
            return 0;
        }
    }
    if (!native_start(&native.code, &native.data) ||
        !interpreted_start(&interpreted.code, &interpreted.data)) {
        printf("skip execution compared with the CPU: no process can be traced\n");
        return 0;
    }
    intel = cpu_is_intel();
    fprintf(stderr, "seed %" PRIu64 "\n", seed);
    program_mode = program || outcomes[0];
    if (program_mode) {
        random_memory(program_memory);
        program_begin(open_or_exit(program ? program : "/dev/null", "w"), program_memory);
    }
    static const struct {
        const char *name;
        unsigned first, last;
    } families[] = {
        {"moves", OP_mov8, OP_setg},          {"arithmetic", OP_add8, OP_std},
        {"strings", OP_movs8, OP_cmps64},     {"control", OP_jo, OP_ret},
        {"system", OP_syscall, OP_fxrstor64}, {"sse", OP_movups, OP_comisd},
        {"mmx", OP_m_paddb, OP_emms},         {"x87", OP_fadd_f32, OP_fwait},
    };
    for (size_t family = 0; family < sizeof families / sizeof *families; family++) {
        if (!intel && differs_by_vendor(families[family].first)) {
            printf("skip %s: this CPU is not one of Intel's\n", families[family].name);
            continue;
        }
        for (unsigned n = 0; n < ROW_COUNT; n++) {
            if (rows[n].op >= families[family].first && rows[n].op <= families[family].last &&
                (!only || !strcmp(only, op_table[rows[n].op].mnemonic)) &&
                !(program_mode && is_not_in_programs(rows[n].op)))
                run_row(&rows[n], trials);
        }
        report(families[family].name);
    }
    if (sequences != 0) {
        run_sequences(sequences);
        report("sequences");
    }
    if (program_mode)
        program_end();
    native_stop();
    return 0;
}
