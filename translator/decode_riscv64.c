/* Decodes RISC-V instructions with capstone.
 *
 * Capstone tells validity, length and which instruction it is; its operands are not precise enough
 * to lift from (CSR numbers, rounding modes and fence sets exist only as text), so all fields are
 * taken from the instruction word.  What capstone 5 does not know, and where it differs from the
 * unprivileged manual, is in the tables and functions below. */
#include <stdlib.h>
#include <string.h>

#include "disassembler.h"
#include "internal.h"

/* Operand forms of ops.def. */
static const struct {
    const char *mnemonic;
    enum op_form form;
} operations[OP_COUNT] = {
#define OP(id, mnemonic, form, match, mask, class) [OP_##id] = {mnemonic, FORM_##form},
#include "../runtime/isa/riscv64/ops.def"
#undef OP
};

/* Formats of 16-bit instructions, by how they expand (manual, chapter "C", section "RVC Instruction
 * Set Listings").  Registers written r' are fields of three bits. */
enum compressed {
    NOT_COMPRESSED,
    C_IMMEDIATE, /* op rd, rd, imm6 */
    C_LI,        /* addi rd, x0, imm6 */
    C_LUI,       /* lui rd, imm6 << 12 */
    C_ADDI16SP,  /* addi sp, sp, imm6 * 16 */
    C_ADDI4SPN,  /* addi rd', sp, uimm8 * 4 */
    C_SLLI,      /* slli rd, rd, uimm6 */
    C_SHIFT,     /* op rd', rd', uimm6 */
    C_ANDI,      /* andi rd', rd', imm6 */
    C_REGISTERS, /* op rd', rd', rs2' */
    C_MV,        /* add rd, x0, rs2 */
    C_ADD,       /* add rd, rd, rs2 */
    C_JR,        /* jalr x0, 0(rs1) */
    C_JALR,      /* jalr x1, 0(rs1) */
    C_J,         /* jal x0, distance */
    C_BRANCH,    /* op rs1', x0, distance */
    C_LOAD4,     /* op rd', uimm5 * 4(rs1') */
    C_LOAD8,     /* op rd', uimm5 * 8(rs1'), also of f registers */
    C_STORE4,    /* op rs2', uimm5 * 4(rs1') */
    C_STORE8,    /* op rs2', uimm5 * 8(rs1'), also of f registers */
    C_LOADSP4,   /* op rd, uimm6 * 4(sp) */
    C_LOADSP8,   /* op rd, uimm6 * 8(sp), also of f registers */
    C_STORESP4,  /* op rs2, uimm6 * 4(sp) */
    C_STORESP8,  /* op rs2, uimm6 * 8(sp), also of f registers */
    C_EBREAK,
};

static const struct {
    const char *mnemonic;
    enum op op;
    enum compressed format;
} compressed_operations[] = {
    {"c.nop", OP_addi, C_IMMEDIATE},
    {"c.addi", OP_addi, C_IMMEDIATE},
    {"c.addiw", OP_addiw, C_IMMEDIATE},
    {"c.li", OP_addi, C_LI},
    {"c.lui", OP_lui, C_LUI},
    {"c.addi16sp", OP_addi, C_ADDI16SP},
    {"c.addi4spn", OP_addi, C_ADDI4SPN},
    {"c.slli", OP_slli, C_SLLI},
    {"c.srli", OP_srli, C_SHIFT},
    {"c.srai", OP_srai, C_SHIFT},
    {"c.andi", OP_andi, C_ANDI},
    {"c.sub", OP_sub, C_REGISTERS},
    {"c.xor", OP_xor, C_REGISTERS},
    {"c.or", OP_or, C_REGISTERS},
    {"c.and", OP_and, C_REGISTERS},
    {"c.subw", OP_subw, C_REGISTERS},
    {"c.addw", OP_addw, C_REGISTERS},
    {"c.mv", OP_add, C_MV},
    {"c.add", OP_add, C_ADD},
    {"c.jr", OP_jalr, C_JR},
    {"c.jalr", OP_jalr, C_JALR},
    {"c.j", OP_jal, C_J},
    {"c.beqz", OP_beq, C_BRANCH},
    {"c.bnez", OP_bne, C_BRANCH},
    {"c.lw", OP_lw, C_LOAD4},
    {"c.ld", OP_ld, C_LOAD8},
    {"c.fld", OP_fld, C_LOAD8},
    {"c.sw", OP_sw, C_STORE4},
    {"c.sd", OP_sd, C_STORE8},
    {"c.fsd", OP_fsd, C_STORE8},
    {"c.lwsp", OP_lw, C_LOADSP4},
    {"c.ldsp", OP_ld, C_LOADSP8},
    {"c.fldsp", OP_fld, C_LOADSP8},
    {"c.swsp", OP_sw, C_STORESP4},
    {"c.sdsp", OP_sd, C_STORESP8},
    {"c.fsdsp", OP_fsd, C_STORESP8},
    {"c.ebreak", OP_ebreak, C_EBREAK},
};
enum { COMPRESSED_COUNT = sizeof compressed_operations / sizeof *compressed_operations };

/* Encodings that capstone 5.0 rejects: Zba, Zbb, Zbs (Bit-Manipulation ISA-extensions 1.0) and
 * Zicond, by major opcode, funct3 (bits 14:12) and the bits above rs2 or a shift amount; `rs2` is
 * the fixed field of unary operations, or -1. */
enum { OPCODE_OP_IMM = 0x13, OPCODE_OP = 0x33, OPCODE_OP_IMM_32 = 0x1b, OPCODE_OP_32 = 0x3b };
static const struct {
    uint8_t opcode, funct3, funct7;
    int8_t rs2;
    enum op op;
} bit_operations[] = {
    {OPCODE_OP_32, 0, 0x04, -1, OP_add_uw},    {OPCODE_OP, 2, 0x10, -1, OP_sh1add},
    {OPCODE_OP, 4, 0x10, -1, OP_sh2add},       {OPCODE_OP, 6, 0x10, -1, OP_sh3add},
    {OPCODE_OP_32, 2, 0x10, -1, OP_sh1add_uw}, {OPCODE_OP_32, 4, 0x10, -1, OP_sh2add_uw},
    {OPCODE_OP_32, 6, 0x10, -1, OP_sh3add_uw}, {OPCODE_OP_IMM_32, 1, 0x04, -1, OP_slli_uw},
    {OPCODE_OP, 7, 0x20, -1, OP_andn},         {OPCODE_OP, 6, 0x20, -1, OP_orn},
    {OPCODE_OP, 4, 0x20, -1, OP_xnor},         {OPCODE_OP, 4, 0x05, -1, OP_min},
    {OPCODE_OP, 5, 0x05, -1, OP_minu},         {OPCODE_OP, 6, 0x05, -1, OP_max},
    {OPCODE_OP, 7, 0x05, -1, OP_maxu},         {OPCODE_OP, 1, 0x30, -1, OP_rol},
    {OPCODE_OP, 5, 0x30, -1, OP_ror},          {OPCODE_OP_32, 1, 0x30, -1, OP_rolw},
    {OPCODE_OP_32, 5, 0x30, -1, OP_rorw},      {OPCODE_OP_IMM, 5, 0x30, -1, OP_rori},
    {OPCODE_OP_IMM_32, 5, 0x30, -1, OP_roriw}, {OPCODE_OP_IMM, 1, 0x30, 0, OP_clz},
    {OPCODE_OP_IMM, 1, 0x30, 1, OP_ctz},       {OPCODE_OP_IMM, 1, 0x30, 2, OP_cpop},
    {OPCODE_OP_IMM_32, 1, 0x30, 0, OP_clzw},   {OPCODE_OP_IMM_32, 1, 0x30, 1, OP_ctzw},
    {OPCODE_OP_IMM_32, 1, 0x30, 2, OP_cpopw},  {OPCODE_OP_IMM, 1, 0x30, 4, OP_sext_b},
    {OPCODE_OP_IMM, 1, 0x30, 5, OP_sext_h},    {OPCODE_OP_32, 4, 0x04, 0, OP_zext_h},
    {OPCODE_OP_IMM, 5, 0x35, 24, OP_rev8},     {OPCODE_OP_IMM, 5, 0x14, 7, OP_orc_b},
    {OPCODE_OP, 1, 0x24, -1, OP_bclr},         {OPCODE_OP, 5, 0x24, -1, OP_bext},
    {OPCODE_OP, 1, 0x34, -1, OP_binv},         {OPCODE_OP, 1, 0x14, -1, OP_bset},
    {OPCODE_OP_IMM, 1, 0x24, -1, OP_bclri},    {OPCODE_OP_IMM, 5, 0x24, -1, OP_bexti},
    {OPCODE_OP_IMM, 1, 0x34, -1, OP_binvi},    {OPCODE_OP_IMM, 1, 0x14, -1, OP_bseti},
    {OPCODE_OP, 5, 0x07, -1, OP_czero_eqz},    {OPCODE_OP, 7, 0x07, -1, OP_czero_nez},
};

struct meaning {
    uint16_t op; /* OP_illegal: not an instruction of user mode */
    uint8_t compressed;
};

struct decoder {
    struct disassembler disassembler;
    struct meaning meanings[RISCV_INS_ENDING]; /* by capstone's instruction id */
};

/* Capstone has an id per combination of ordering bits of an atomic; ops.def has one operation. */
static size_t length_without_ordering(const char *name) {
    const char *dot = strrchr(name, '.');
    bool suffix = dot && (!strcmp(dot, ".aq") || !strcmp(dot, ".rl") || !strcmp(dot, ".aqrl"));
    return suffix ? (size_t)(dot - name) : strlen(name);
}

/* Hash table of the mnemonics of ops.def, used only while a decoder is made. */
enum { HASH_SLOTS = 1024 };
struct mnemonic_hash {
    uint16_t ops[HASH_SLOTS];
};

static size_t hash_slot(const char *name, size_t length) {
    uint32_t hash = 2166136261;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619;
    return hash % HASH_SLOTS;
}

static void hash_operations(struct mnemonic_hash *hash) {
    _Static_assert(OP_COUNT < HASH_SLOTS / 2, "the hash table is at most half full");
    for (enum op op = OP_illegal + 1; op < OP_COUNT; op++) {
        size_t slot = hash_slot(operations[op].mnemonic, strlen(operations[op].mnemonic));
        while (hash->ops[slot])
            slot = (slot + 1) % HASH_SLOTS;
        hash->ops[slot] = op;
    }
}

static enum op find_operation(const struct mnemonic_hash *hash, const char *name) {
    size_t length = length_without_ordering(name);
    for (size_t slot = hash_slot(name, length); hash->ops[slot]; slot = (slot + 1) % HASH_SLOTS) {
        const char *mnemonic = operations[hash->ops[slot]].mnemonic;
        if (!strncmp(mnemonic, name, length) && !mnemonic[length])
            return hash->ops[slot];
    }
    return OP_illegal;
}

static struct meaning meaning_of(const struct mnemonic_hash *hash, const char *name) {
    for (size_t i = 0; i < COMPRESSED_COUNT; i++)
        if (!strcmp(compressed_operations[i].mnemonic, name))
            return (struct meaning){compressed_operations[i].op, compressed_operations[i].format};
    /* Names of single encodings of csrrw and fence. */
    if (!strcmp(name, "unimp"))
        return (struct meaning){OP_csrrw, NOT_COMPRESSED};
    if (!strcmp(name, "fence.tso"))
        return (struct meaning){OP_fence, NOT_COMPRESSED};
    return (struct meaning){find_operation(hash, name), NOT_COMPRESSED};
}

struct decoder *decoder_new(void) {
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    if (!disassembler_open(&decoder->disassembler, CS_ARCH_RISCV, CS_MODE_RISCV64 | CS_MODE_RISCVC)) {
        free(decoder);
        return NULL;
    }
    struct mnemonic_hash hash = {0};
    hash_operations(&hash);
    for (unsigned id = 1; id < RISCV_INS_ENDING; id++) {
        const char *name = cs_insn_name(decoder->disassembler.capstone, id);
        if (name)
            decoder->meanings[id] = meaning_of(&hash, name);
    }
    return decoder;
}

void decoder_free(struct decoder *decoder) {
    if (!decoder)
        return;
    disassembler_close(&decoder->disassembler);
    free(decoder);
}

static uint32_t bits(uint32_t word, unsigned high, unsigned low) {
    return (word >> low) & ((2u << (high - low)) - 1);
}

/* Moves bits high:low of a word to bit `to`. */
static uint32_t move(uint32_t word, unsigned high, unsigned low, unsigned to) {
    return bits(word, high, low) << to;
}

static int32_t sign_extend(uint32_t value, unsigned width) {
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

static uint8_t integer_destination(uint32_t number) { return number ? number : INSN_SINK; }

static void extract_full(enum op_form form, uint32_t word, struct insn *insn) {
    uint8_t rd = bits(word, 11, 7), rs1 = bits(word, 19, 15), rs2 = bits(word, 24, 20);
    uint8_t rm = bits(word, 14, 12);
    switch (form) {
    case FORM_R:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->rs2 = rs2;
        break;
    case FORM_UNARY:
    case FORM_FP_TO_INT:
        insn->rd = integer_destination(rd), insn->rs1 = rs1;
        break;
    case FORM_I:
        insn->rd = integer_destination(rd), insn->rs1 = rs1;
        insn->imm = sign_extend(bits(word, 31, 20), 12);
        break;
    case FORM_SHIFT6:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->imm = bits(word, 25, 20);
        break;
    case FORM_SHIFT5:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->imm = rs2;
        break;
    case FORM_S:
    case FORM_FP_STORE:
        insn->rs1 = rs1, insn->rs2 = rs2;
        insn->imm = sign_extend(move(word, 31, 25, 5) | move(word, 11, 7, 0), 12);
        break;
    case FORM_B:
        insn->rs1 = rs1, insn->rs2 = rs2;
        insn->imm = sign_extend(move(word, 31, 31, 12) | move(word, 7, 7, 11) |
                                    move(word, 30, 25, 5) | move(word, 11, 8, 1),
                                13);
        break;
    case FORM_U:
        insn->rd = integer_destination(rd), insn->imm = (int32_t)(word & 0xfffff000);
        break;
    case FORM_J:
        insn->rd = integer_destination(rd);
        insn->imm = sign_extend(move(word, 31, 31, 20) | move(word, 19, 12, 12) |
                                    move(word, 20, 20, 11) | move(word, 30, 21, 1),
                                21);
        break;
    case FORM_NONE:
        break;
    case FORM_FENCE:
        insn->imm = bits(word, 31, 20);
        break;
    case FORM_CSR:
    case FORM_CSRI:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->imm = bits(word, 31, 20);
        break;
    case FORM_LR:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->rm = bits(word, 26, 25);
        break;
    case FORM_AMO:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->rs2 = rs2;
        insn->rm = bits(word, 26, 25);
        break;
    case FORM_FP_LOAD:
        insn->rd = rd, insn->rs1 = rs1, insn->imm = sign_extend(bits(word, 31, 20), 12);
        break;
    case FORM_FP_R:
        insn->rd = rd, insn->rs1 = rs1, insn->rs2 = rs2;
        break;
    case FORM_FP_COMPARE:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->rs2 = rs2;
        break;
    case FORM_FP_FROM_INT:
        insn->rd = rd, insn->rs1 = rs1;
        break;
    case FORM_FP_R4_RM:
        insn->rs3 = bits(word, 31, 27);
        insn->rd = rd, insn->rs1 = rs1, insn->rs2 = rs2, insn->rm = rm;
        break;
    case FORM_FP_R_RM:
        insn->rd = rd, insn->rs1 = rs1, insn->rs2 = rs2, insn->rm = rm;
        break;
    case FORM_FP_UNARY_RM:
    case FORM_FP_FROM_INT_RM:
        insn->rd = rd, insn->rs1 = rs1, insn->rm = rm;
        break;
    case FORM_FP_TO_INT_RM:
        insn->rd = integer_destination(rd), insn->rs1 = rs1, insn->rm = rm;
        break;
    }
}

static void extract_compressed(enum compressed format, uint32_t word, struct insn *insn) {
    uint8_t full = bits(word, 11, 7), full2 = bits(word, 6, 2);
    uint8_t high = 8 + bits(word, 9, 7), low = 8 + bits(word, 4, 2); /* the fields r' */
    bool fp = insn->op == OP_fld || insn->op == OP_fsd;
    uint32_t uimm6 = move(word, 12, 12, 5) | bits(word, 6, 2);
    int32_t imm6 = sign_extend(uimm6, 6);
    uint32_t scaled4 = move(word, 5, 5, 6) | move(word, 12, 10, 3) | move(word, 6, 6, 2);
    uint32_t scaled8 = move(word, 6, 5, 6) | move(word, 12, 10, 3);
    switch (format) {
    case NOT_COMPRESSED:
    case C_EBREAK:
        break;
    case C_IMMEDIATE:
        insn->rd = integer_destination(full), insn->rs1 = full, insn->imm = imm6;
        break;
    case C_LI:
        insn->rd = integer_destination(full), insn->imm = imm6;
        break;
    case C_LUI:
        insn->rd = integer_destination(full), insn->imm = imm6 * 4096;
        break;
    case C_ADDI16SP:
        insn->rd = insn->rs1 = 2;
        insn->imm = sign_extend(move(word, 12, 12, 9) | move(word, 4, 3, 7) | move(word, 5, 5, 6) |
                                    move(word, 2, 2, 5) | move(word, 6, 6, 4),
                                10);
        break;
    case C_ADDI4SPN:
        insn->rd = low, insn->rs1 = 2;
        insn->imm = move(word, 10, 7, 6) | move(word, 12, 11, 4) | move(word, 5, 5, 3) |
                    move(word, 6, 6, 2);
        break;
    case C_SLLI:
        insn->rd = integer_destination(full), insn->rs1 = full, insn->imm = (int32_t)uimm6;
        break;
    case C_SHIFT:
        insn->rd = insn->rs1 = high, insn->imm = (int32_t)uimm6;
        break;
    case C_ANDI:
        insn->rd = insn->rs1 = high, insn->imm = imm6;
        break;
    case C_REGISTERS:
        insn->rd = insn->rs1 = high, insn->rs2 = low;
        break;
    case C_MV:
        insn->rd = integer_destination(full), insn->rs2 = full2;
        break;
    case C_ADD:
        insn->rd = integer_destination(full), insn->rs1 = full, insn->rs2 = full2;
        break;
    case C_JR:
        insn->rd = INSN_SINK, insn->rs1 = full;
        break;
    case C_JALR:
        insn->rd = 1, insn->rs1 = full;
        break;
    case C_J:
        insn->rd = INSN_SINK;
        insn->imm =
            sign_extend(move(word, 12, 12, 11) | move(word, 8, 8, 10) | move(word, 10, 9, 8) |
                            move(word, 6, 6, 7) | move(word, 7, 7, 6) | move(word, 2, 2, 5) |
                            move(word, 11, 11, 4) | move(word, 5, 3, 1),
                        12);
        break;
    case C_BRANCH:
        insn->rs1 = high;
        insn->imm = sign_extend(move(word, 12, 12, 8) | move(word, 6, 5, 6) | move(word, 2, 2, 5) |
                                    move(word, 11, 10, 3) | move(word, 4, 3, 1),
                                9);
        break;
    case C_LOAD4:
        insn->rd = low, insn->rs1 = high, insn->imm = (int32_t)scaled4;
        break;
    case C_LOAD8:
        insn->rd = low, insn->rs1 = high, insn->imm = (int32_t)scaled8;
        break;
    case C_STORE4:
        insn->rs1 = high, insn->rs2 = low, insn->imm = (int32_t)scaled4;
        break;
    case C_STORE8:
        insn->rs1 = high, insn->rs2 = low, insn->imm = (int32_t)scaled8;
        break;
    case C_LOADSP4:
        insn->rd = integer_destination(full), insn->rs1 = 2;
        insn->imm = move(word, 3, 2, 6) | move(word, 12, 12, 5) | move(word, 6, 4, 2);
        break;
    case C_LOADSP8:
        insn->rd = fp ? full : integer_destination(full), insn->rs1 = 2;
        insn->imm = move(word, 4, 2, 6) | move(word, 12, 12, 5) | move(word, 6, 5, 3);
        break;
    case C_STORESP4:
        insn->rs1 = 2, insn->rs2 = full2;
        insn->imm = move(word, 8, 7, 6) | move(word, 12, 9, 2);
        break;
    case C_STORESP8:
        insn->rs1 = 2, insn->rs2 = full2;
        insn->imm = move(word, 9, 7, 6) | move(word, 12, 10, 3);
        break;
    }
}

/* Encodings that the manual reserves and capstone accepts. */
static bool reserved(enum op_form form, enum compressed compressed, uint32_t word) {
    switch (compressed) {
    case NOT_COMPRESSED:
        break;
    case C_LUI:
    case C_ADDI16SP:
        return !(word & 0x107c); /* immediate of 0 */
    case C_ADDI4SPN:
        return !(word & 0x1fe0);
    default:
        return false;
    }
    uint32_t rm = bits(word, 14, 12);
    switch (form) {
    case FORM_FP_R_RM:
    case FORM_FP_R4_RM:
    case FORM_FP_UNARY_RM:
    case FORM_FP_TO_INT_RM:
    case FORM_FP_FROM_INT_RM:
        return rm == 5 || rm == 6;
    default:
        return false;
    }
}

static enum op find_bit_operation(uint32_t word) {
    uint32_t opcode = bits(word, 6, 0), funct3 = bits(word, 14, 12), funct7 = bits(word, 31, 25);
    for (size_t i = 0; i < sizeof bit_operations / sizeof *bit_operations; i++) {
        if (bit_operations[i].opcode != opcode || bit_operations[i].funct3 != funct3)
            continue;
        /* A 6-bit shift amount reaches into funct7. */
        uint32_t fixed =
            operations[bit_operations[i].op].form == FORM_SHIFT6 ? funct7 & ~1u : funct7;
        if (bit_operations[i].funct7 == fixed &&
            (bit_operations[i].rs2 < 0 || (uint32_t)bit_operations[i].rs2 == bits(word, 24, 20)))
            return bit_operations[i].op;
    }
    return OP_illegal;
}

/* Hints of 16 bits with rd = x0 (manual, table "RVC HINT instructions"), which capstone rejects. */
static struct meaning find_hint(uint32_t word) {
    struct meaning none = {OP_illegal, NOT_COMPRESSED};
    if (bits(word, 11, 7) != 0)
        return none;
    switch (word & 0xe003) {
    case 0x0001:
        return (struct meaning){OP_addi, C_IMMEDIATE};
    case 0x0002:
        return (struct meaning){OP_slli, C_SLLI};
    case 0x4001:
        return (struct meaning){OP_addi, C_LI};
    case 0x6001:
        return (struct meaning){OP_lui, C_LUI};
    case 0x8002:
        if (bits(word, 6, 2) == 0)
            return none; /* c.ebreak, and c.jr of x0 */
        return (struct meaning){OP_add, bits(word, 12, 12) ? C_ADD : C_MV};
    default:
        return none;
    }
}

/* Fences whose reserved fields are not zero are normal fences (manual, "Memory Ordering
 * Instructions"), and the conversions to double that are always exact have a rounding mode without
 * meaning; capstone knows them only with these fields 0. */
static enum op find_tolerant(uint32_t word) {
    uint32_t funct3 = bits(word, 14, 12);
    if (bits(word, 6, 0) == 0x0f)
        return funct3 == 0 ? OP_fence : funct3 == 1 ? OP_fence_i : OP_illegal;
    switch (word & 0xfff0007f) {
    case 0x42000053:
        return OP_fcvt_d_s;
    case 0xd2000053:
        return OP_fcvt_d_w;
    case 0xd2100053:
        return OP_fcvt_d_wu;
    default:
        return OP_illegal;
    }
}

bool decode_insn(struct decoder *decoder, const uint8_t *bytes, size_t available, uint32_t address,
                 struct insn *insn) {
    if (available < 2)
        return false;
    uint32_t word = bytes[0] | (uint32_t)bytes[1] << 8;
    uint8_t len = (word & 3) == 3 ? 4 : 2;
    if (len > available)
        return false;
    if (len == 4)
        word |= (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;

    struct meaning meaning = {OP_illegal, NOT_COMPRESSED};
    struct disassembler *theirs = &decoder->disassembler;
    const uint8_t *code = bytes;
    size_t size = len;
    uint64_t pc = address;
    if (cs_disasm_iter(theirs->capstone, &code, &size, &pc, theirs->insn)) {
        if (theirs->insn->size == len)
            meaning = decoder->meanings[theirs->insn->id];
    } else if (len == 2) {
        meaning = find_hint(word);
    } else {
        meaning.op = find_bit_operation(word);
        if (meaning.op == OP_illegal)
            meaning.op = find_tolerant(word);
    }
    if (meaning.op == OP_illegal)
        return false;
    enum op_form form = operations[meaning.op].form;
    if (reserved(form, meaning.compressed, word))
        return false;
    *insn = (struct insn){.op = meaning.op, .len = len, .raw = word};
    if (len == 2)
        extract_compressed(meaning.compressed, word, insn);
    else
        extract_full(form, word, insn);
    return true;
}
