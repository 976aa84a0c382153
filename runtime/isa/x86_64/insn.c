/* The runtime's instruction decoder, driven by encodings.def and operands.def. */
#include "insn.h"

#include <string.h>

const struct op_info op_table[OP_COUNT] = {
    {"illegal", 0, CLASS_SYSTEM},
#define OP(id, mnemonic, class, attributes) {mnemonic, attributes, CLASS_##class},
#include "ops.def"
#undef OP
};

/* --- the tables --- */

enum width { WIDTH_FIXED, WIDTH_V, WIDTH_Y, WIDTH_STACK, WIDTH_ADDRESS, WIDTH_CONDITIONS };

enum operand {
    OPERAND_NONE,
    OPERAND_G,
    OPERAND_GB,
    OPERAND_E,
    OPERAND_EB,
    OPERAND_Z,
    OPERAND_ZB,
    OPERAND_A,
    OPERAND_AB,
    OPERAND_CL,
    OPERAND_V,
    OPERAND_W,
    OPERAND_P,
    OPERAND_Q,
    OPERAND_M,
    OPERAND_O,
    OPERAND_ST,
    OPERAND_I,
};

enum immediate {
    IMMEDIATE_NONE,
    IMMEDIATE_IB,
    IMMEDIATE_UB,
    IMMEDIATE_IW,
    IMMEDIATE_IZ,
    IMMEDIATE_IV,
    IMMEDIATE_JZ,
    IMMEDIATE_ONE,
    IMMEDIATE_IWIB,
};

enum operands_id {
#define OPERANDS(id, width, destination, source, immediate) OPERANDS_##id,
#include "operands.def"
#undef OPERANDS
};

struct operands {
    uint8_t width, destination, source, immediate;
};

static const struct operands operands_table[] = {
#define OPERANDS(id, width, destination, source, immediate)                                        \
    {WIDTH_##width, OPERAND_##destination, OPERAND_##source, IMMEDIATE_##immediate},
#include "operands.def"
#undef OPERANDS
};

enum mandatory_prefix { PREFIX_ANY, PREFIX_NP, PREFIX_P66, PREFIX_PF3, PREFIX_PF2 };

/* Bits of encoding.modrm. */
#define MODRM_REG 0x007
#define MODRM_HAS_REG 0x008
#define MODRM_MEMORY 0x010
#define MODRM_REGISTER 0x020
#define MODRM_HAS_RM 0x040
#define MODRM_RM_SHIFT 7

struct encoding {
    uint8_t map, opcode, prefix;
    uint8_t operands; /* enum operands_id */
    uint16_t modrm, op;
};

#define ANY 0
#define N(n) (MODRM_HAS_REG | (n))
#define MEMORY MODRM_MEMORY
#define REGISTER MODRM_REGISTER
#define MEMORY_N(n) (MEMORY | N(n))
#define REGISTER_N(n) (REGISTER | N(n))
#define BYTE(b) (REGISTER_N((b) >> 3 & 7) | MODRM_HAS_RM | ((b) & 7) << MODRM_RM_SHIFT)

static const struct encoding encodings[] = {
    {0}, /* ends the chains */
#define ENCODING(map, opcode, prefix, modrm, operands, op)                                         \
    {map, opcode, PREFIX_##prefix, OPERANDS_##operands, modrm, OP_##op},
#include "encodings.def"
};
#define ENCODING_COUNT (sizeof encodings / sizeof *encodings)

/* The rows of an opcode in the order of the table: first_row, then next_row. */
static uint16_t first_row[4][256], next_row[ENCODING_COUNT];
static bool chained;

static void chain_rows(void) {
    for (size_t row = ENCODING_COUNT - 1; row != 0; row--) {
        uint16_t *first = &first_row[encodings[row].map][encodings[row].opcode];
        next_row[row] = *first;
        *first = (uint16_t)row;
    }
    chained = true;
}

/* Whether a modrm byte follows the opcode. */
static bool has_modrm(unsigned map, unsigned opcode) {
    if (map >= 2)
        return true;
    if (map == 1)
        return !((opcode >= 0x05 && opcode <= 0x0b) || (opcode >= 0x30 && opcode <= 0x37) ||
                 opcode == 0x77 || (opcode >= 0x80 && opcode <= 0x8f) || opcode == 0xa2 ||
                 (opcode >= 0xc8 && opcode <= 0xcf));
    if (opcode < 0x40)
        return (opcode & 7) < 4;
    return opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || (opcode & 0xf0) == 0x80 ||
           opcode == 0xc0 || opcode == 0xc1 || opcode == 0xc6 || opcode == 0xc7 ||
           (opcode >= 0xd0 && opcode <= 0xd3) || (opcode >= 0xd8 && opcode <= 0xdf) ||
           opcode == 0xf6 || opcode == 0xf7 || opcode >= 0xfe;
}

/* --- decoding --- */

struct decoder {
    const uint8_t *bytes;
    size_t available, at;
    bool incomplete; /* more than the available bytes were asked for */
    bool operand16, address32, lock;
    uint8_t repeat, segment; /* the last F2 or F3; INSN_FS, INSN_GS or 0 */
    uint8_t rex;             /* 0: none */
    uint8_t map, opcode, modrm;
    const struct operands *operands;
    struct insn *insn;
};

static uint32_t read_bytes(struct decoder *d, unsigned count) {
    uint32_t value = 0;
    if (d->available - d->at < count) {
        d->incomplete = true;
        d->at = d->available;
        return 0;
    }
    for (unsigned n = 0; n < count; n++)
        value |= (uint32_t)d->bytes[d->at++] << 8 * n;
    return value;
}

static void read_prefixes(struct decoder *d) {
    for (;;) {
        uint8_t byte = (uint8_t)read_bytes(d, 1);
        d->rex = 0;
        switch (byte) {
        case 0x66:
            d->operand16 = true;
            continue;
        case 0x67:
            d->address32 = true;
            continue;
        case 0xf0:
            d->lock = true;
            continue;
        case 0xf2:
        case 0xf3:
            d->repeat = byte;
            continue;
        case 0x26: /* es, cs, ss, ds have base 0 and do not undo fs and gs */
        case 0x2e:
        case 0x36:
        case 0x3e:
            continue;
        case 0x64:
            d->segment = INSN_FS;
            continue;
        case 0x65:
            d->segment = INSN_GS;
            continue;
        }
        if ((byte & 0xf0) == 0x40) { /* REX counts only right before the opcode */
            d->rex = byte;
            byte = (uint8_t)read_bytes(d, 1);
            if ((byte & 0xf0) == 0x40 || byte == 0x66 || byte == 0x67 || byte == 0xf0 ||
                byte == 0xf2 || byte == 0xf3 || byte == 0x26 || byte == 0x2e || byte == 0x36 ||
                byte == 0x3e || byte == 0x64 || byte == 0x65) {
                d->at -= !d->incomplete;
                if (d->incomplete)
                    return;
                continue;
            }
        }
        d->opcode = byte;
        return;
    }
}

static void read_opcode(struct decoder *d) {
    read_prefixes(d);
    if (d->opcode != 0x0f || d->incomplete)
        return;
    d->map = 1;
    d->opcode = (uint8_t)read_bytes(d, 1);
    if (d->opcode == 0x38 || d->opcode == 0x3a) {
        d->map = d->opcode == 0x38 ? 2 : 3;
        d->opcode = (uint8_t)read_bytes(d, 1);
    }
}

static bool prefix_fits(const struct decoder *d, enum mandatory_prefix prefix) {
    switch (prefix) {
    case PREFIX_ANY:
        return true;
    case PREFIX_NP:
        return !d->operand16 && d->repeat == 0;
    case PREFIX_P66:
        return d->operand16 && d->repeat == 0;
    case PREFIX_PF3:
        return d->repeat == 0xf3;
    case PREFIX_PF2:
        return d->repeat == 0xf2;
    }
    return false;
}

static bool modrm_fits(const struct decoder *d, unsigned condition) {
    bool is_register = d->modrm >= 0xc0;
    return !(condition & MODRM_MEMORY && is_register) &&
           !(condition & MODRM_REGISTER && !is_register) &&
           !(condition & MODRM_HAS_REG && (d->modrm >> 3 & 7) != (condition & MODRM_REG)) &&
           !(condition & MODRM_HAS_RM && (d->modrm & 7u) != condition >> MODRM_RM_SHIFT);
}

static const struct encoding *find_encoding(const struct decoder *d) {
    for (unsigned row = first_row[d->map][d->opcode]; row != 0; row = next_row[row]) {
        const struct encoding *e = &encodings[row];
        if (prefix_fits(d, (enum mandatory_prefix)e->prefix) && modrm_fits(d, e->modrm) &&
            !(e->operands == OPERANDS_nop_or_xchg && d->rex & 1))
            return e;
    }
    return NULL;
}

#define REX_W(d) ((d)->rex >> 3 & 1)
#define REX_R(d) ((d)->rex >> 2 & 1)
#define REX_X(d) ((d)->rex >> 1 & 1)
#define REX_B(d) ((d)->rex & 1)

/* 0, 1, 2 for 16, 32, 64 bits. */
static unsigned operand_size(const struct decoder *d) {
    return REX_W(d) ? 2 : d->operand16 ? 0 : 1;
}

static void set_segment(struct decoder *d) {
    struct insn *insn = d->insn;
    if (d->segment == 0)
        return;
    if (insn->index == REG_ZERO && !d->address32 && !(insn->flags & INSN_ABSOLUTE64)) {
        insn->index = d->segment == INSN_FS ? REG_FS_BASE : REG_GS_BASE;
        insn->scale = 0;
    } else {
        insn->flags |= d->segment;
    }
}

/* The address that modrm describes. */
static void read_address(struct decoder *d) {
    struct insn *insn = d->insn;
    unsigned mod = d->modrm >> 6, rm = d->modrm & 7;
    bool no_base = false;
    if (rm == 4) {
        uint8_t sib = (uint8_t)read_bytes(d, 1);
        unsigned index = (sib >> 3 & 7) | REX_X(d) << 3;
        if (index != 4) {
            insn->index = (uint8_t)index;
            insn->scale = sib >> 6;
        }
        insn->base = (uint8_t)((sib & 7) | REX_B(d) << 3);
        no_base = mod == 0 && (sib & 7) == 5;
    } else if (mod == 0 && rm == 5) {
        insn->base = REG_RIP;
        insn->disp = (int32_t)read_bytes(d, 4);
    } else {
        insn->base = (uint8_t)(rm | REX_B(d) << 3);
    }
    if (no_base) {
        insn->base = REG_ZERO;
        insn->disp = (int32_t)read_bytes(d, 4);
    } else if (mod == 1) {
        insn->disp = (int8_t)read_bytes(d, 1);
    } else if (mod == 2) {
        insn->disp = (int32_t)read_bytes(d, 4);
    }
    if (d->address32)
        insn->flags |= INSN_ADDRESS32;
    if (insn->op < OP_lea16 || insn->op > OP_lea64)
        set_segment(d);
}

static void read_absolute_address(struct decoder *d) {
    d->insn->disp = (int32_t)read_bytes(d, 4);
    if (!d->address32)
        d->insn->imm = (int32_t)read_bytes(d, 4);
    d->insn->flags |= INSN_ABSOLUTE64;
    set_segment(d);
}

/* spl, bpl, sil, dil need a REX prefix; without one these numbers are ah, ch, dh, bh. */
static uint8_t byte_register(const struct decoder *d, unsigned number) {
    return d->rex == 0 && number >= 4 && number < 8 ? BYTE_REGISTER(number - 4, 1)
                                                    : BYTE_REGISTER(number, 0);
}

/* Sets the register of an operand; true when it is memory. */
static bool read_operand(struct decoder *d, enum operand operand, uint8_t *number) {
    unsigned reg = d->modrm >> 3 & 7, rm = d->modrm & 7;
    bool memory = d->modrm < 0xc0;
    switch (operand) {
    case OPERAND_NONE:
    case OPERAND_I:
        return false;
    case OPERAND_G:
    case OPERAND_V:
        *number = (uint8_t)(reg | REX_R(d) << 3);
        return false;
    case OPERAND_GB:
        *number = byte_register(d, reg | REX_R(d) << 3);
        return false;
    case OPERAND_P:
        *number = (uint8_t)reg;
        return false;
    case OPERAND_E:
    case OPERAND_W:
        *number = memory ? 0 : (uint8_t)(rm | REX_B(d) << 3);
        return memory;
    case OPERAND_EB:
        *number = memory ? 0 : byte_register(d, rm | REX_B(d) << 3);
        return memory;
    case OPERAND_Q:
    case OPERAND_ST:
        *number = memory ? 0 : (uint8_t)rm;
        return memory;
    case OPERAND_Z:
        *number = (uint8_t)((d->opcode & 7) | REX_B(d) << 3);
        return false;
    case OPERAND_ZB:
        *number = byte_register(d, (d->opcode & 7) | REX_B(d) << 3);
        return false;
    case OPERAND_A:
        *number = REG_RAX;
        return false;
    case OPERAND_AB:
        *number = BYTE_REGISTER(REG_RAX, 0);
        return false;
    case OPERAND_CL:
        *number = BYTE_REGISTER(REG_RCX, 0);
        return false;
    case OPERAND_M:
    case OPERAND_O:
        return true;
    }
    return false;
}

static void read_immediate(struct decoder *d, enum immediate immediate) {
    struct insn *insn = d->insn;
    unsigned size = operand_size(d);
    switch (immediate) {
    case IMMEDIATE_NONE:
        return;
    case IMMEDIATE_IB:
        insn->imm = (int8_t)read_bytes(d, 1);
        return;
    case IMMEDIATE_UB:
        insn->imm = (int32_t)read_bytes(d, 1);
        return;
    case IMMEDIATE_IW:
        insn->imm = (int32_t)read_bytes(d, 2);
        return;
    case IMMEDIATE_JZ:
        insn->imm = (int32_t)read_bytes(d, 4);
        return;
    case IMMEDIATE_ONE:
        insn->imm = 1;
        return;
    case IMMEDIATE_IWIB:
        insn->imm = (int32_t)read_bytes(d, 3);
        return;
    case IMMEDIATE_IV:
        if (size == 2) {
            insn->op = OP_mov_imm64;
            insn->disp = (int32_t)read_bytes(d, 4);
            insn->imm = (int32_t)read_bytes(d, 4);
            return;
        }
        __attribute__((fallthrough));
    case IMMEDIATE_IZ:
        insn->imm = size == 0 ? (int16_t)read_bytes(d, 2) : (int32_t)read_bytes(d, 4);
        return;
    }
}

static unsigned width_step(const struct decoder *d, enum width width) {
    switch (width) {
    case WIDTH_FIXED:
        return 0;
    case WIDTH_V:
        return operand_size(d);
    case WIDTH_Y:
        return REX_W(d);
    case WIDTH_STACK:
        return d->operand16 && !REX_W(d) ? 0 : 1;
    case WIDTH_ADDRESS:
        return d->address32;
    case WIDTH_CONDITIONS:
        return 16 * operand_size(d);
    }
    return 0;
}

static bool is_string(unsigned operands) {
    return operands == OPERANDS_string_b || operands == OPERANDS_string_v;
}

#define IS_ENVIRONMENT(op)                                                                         \
    ((op) == OP_fldenv || (op) == OP_fnstenv || (op) == OP_frstor || (op) == OP_fnsave)

static bool decode(struct decoder *d) {
    struct insn *insn = d->insn;
    read_opcode(d);
    if (d->incomplete)
        return false;
    bool modrm = has_modrm(d->map, d->opcode);
    if (modrm)
        d->modrm = (uint8_t)read_bytes(d, 1);
    const struct encoding *encoding = find_encoding(d);
    if (!encoding || d->incomplete)
        return false;
    d->operands = &operands_table[encoding->operands];
    insn->op = (uint16_t)(encoding->op + width_step(d, (enum width)d->operands->width));
    enum operand destination = d->operands->destination, source = d->operands->source;
    if (read_operand(d, destination, &insn->reg))
        insn->form |= FORM_MEMORY_DST;
    if (read_operand(d, source, &insn->rm))
        insn->form |= FORM_MEMORY_SRC;
    if (source == OPERAND_I)
        insn->form |= FORM_IMMEDIATE;
    if (destination == OPERAND_O || source == OPERAND_O)
        read_absolute_address(d);
    else if (modrm && d->modrm < 0xc0)
        read_address(d);
    read_immediate(d, (enum immediate)d->operands->immediate);
    if (is_string(encoding->operands) || encoding->operands == OPERANDS_maskmov_V_W ||
        encoding->operands == OPERANDS_maskmov_P_Q) {
        insn->flags |= d->segment | (d->address32 ? INSN_ADDRESS32 : 0);
        insn->repeat = d->repeat == 0xf3   ? REPEAT_EQUAL
                       : d->repeat == 0xf2 ? REPEAT_NOT_EQUAL
                                           : REPEAT_NONE;
    }
    if ((insn->op == OP_pcmpestri || insn->op == OP_pcmpestrm) && REX_W(d))
        insn->flags |= INSN_SIZE;
    if (IS_ENVIRONMENT(insn->op) && d->operand16 && !REX_W(d))
        insn->flags |= INSN_SIZE;
    if (d->lock) {
        if (!(op_table[insn->op].attributes & ATTRIBUTE_LOCK) || !(insn->form & FORM_MEMORY_DST))
            return false;
        insn->flags |= INSN_LOCK;
    }
    insn->len = (uint8_t)d->at;
    return !d->incomplete;
}

static bool decode_with(struct decoder *d, const uint8_t *bytes, size_t available,
                        struct insn *insn) {
    if (!chained)
        chain_rows();
    *d = (struct decoder){.bytes = bytes, .available = available, .insn = insn};
    if (available > INSN_MAX_LENGTH)
        d->available = INSN_MAX_LENGTH;
    *insn = (struct insn){.base = REG_ZERO, .index = REG_ZERO};
    return decode(d);
}

bool insn_decode(const uint8_t *bytes, size_t available, struct insn *insn) {
    struct decoder decoder;
    return decode_with(&decoder, bytes, available, insn);
}

bool insn_is_incomplete(const uint8_t *bytes, size_t available) {
    struct decoder decoder;
    struct insn insn;
    return !decode_with(&decoder, bytes, available, &insn) && decoder.incomplete &&
           available < INSN_MAX_LENGTH;
}

bool insn_uses_stack(const struct insn *insn, bool at_top) {
    bool implicitly = (insn->op >= OP_push16 && insn->op <= OP_leave64) || insn->op == OP_call ||
                      insn->op == OP_call_indirect || insn->op == OP_ret;
    bool segment = insn->index >= REG_FS_BASE || insn->flags & (INSN_FS | INSN_GS);
    if (!(insn->form & FORM_MEMORY))
        return implicitly;
    return (implicitly && at_top) || (!segment && (insn->base == REG_RSP || insn->base == REG_RBP));
}

void insn_place(struct insn *insn, uint32_t pc) {
    insn->pc = pc;
    if (insn->base != REG_RIP)
        return;
    /* disp reaches [-2^31, 2^31) from 0 and the rest of what can be meant from 2^32. */
    int64_t address = (int64_t)pc + insn->len + insn->disp;
    insn->base = address > INT32_MAX ? REG_4GIB : REG_ZERO;
    insn->disp = (int32_t)(address > INT32_MAX ? address - ((int64_t)1 << 32) : address);
}
