/* The runtime's instruction decoder, driven by ops.def and compressed.def. */
#include "insn.h"

const struct op_info op_table[OP_COUNT] = {
    {"illegal", 0, 0, FORM_NONE, CLASS_SYSTEM},
#define OP(id, mnemonic, form, match, mask, class)                                                 \
    {mnemonic, match, mask, FORM_##form, CLASS_##class},
#include "ops.def"
#undef OP
};

/* Bits [low, low + count) of a word. */
static uint32_t bits(uint32_t word, unsigned low, unsigned count) {
    return word >> low & ((1u << count) - 1);
}

static int32_t sign_extend(uint32_t value, unsigned width) {
    return (int32_t)(value << (32 - width)) >> (32 - width);
}

static uint8_t integer_destination(uint32_t number) {
    return number == 0 ? INSN_SINK : (uint8_t)number;
}

bool insn_extract(enum op op, uint32_t word, struct insn *insn) {
    uint8_t rd = (uint8_t)bits(word, 7, 5);
    uint8_t rs1 = (uint8_t)bits(word, 15, 5);
    uint8_t rs2 = (uint8_t)bits(word, 20, 5);
    uint8_t rm = (uint8_t)bits(word, 12, 3);
    bool valid_rm = rm != 5 && rm != 6;
    int32_t imm_i = (int32_t)word >> 20;
    int32_t imm_s = sign_extend(bits(word, 25, 7) << 5 | rd, 12);

    *insn = (struct insn){.op = (uint16_t)op, .len = 4, .raw = word};
    switch ((enum op_form)op_table[op].form) {
    case FORM_R:
        insn->rs2 = rs2;
        __attribute__((fallthrough));
    case FORM_UNARY:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        return true;
    case FORM_I:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->imm = imm_i;
        return true;
    case FORM_SHIFT6:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->imm = (int32_t)bits(word, 20, 6);
        return true;
    case FORM_SHIFT5:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->imm = rs2;
        return true;
    case FORM_S:
    case FORM_FP_STORE:
        insn->rs1 = rs1;
        insn->rs2 = rs2;
        insn->imm = imm_s;
        return true;
    case FORM_B:
        insn->rs1 = rs1;
        insn->rs2 = rs2;
        insn->imm = sign_extend(bits(word, 31, 1) << 12 | bits(word, 7, 1) << 11 |
                                    bits(word, 25, 6) << 5 | bits(word, 8, 4) << 1,
                                13);
        return true;
    case FORM_U:
        insn->rd = integer_destination(rd);
        insn->imm = (int32_t)(word & 0xfffff000);
        return true;
    case FORM_J:
        insn->rd = integer_destination(rd);
        insn->imm = sign_extend(bits(word, 31, 1) << 20 | bits(word, 12, 8) << 12 |
                                    bits(word, 20, 1) << 11 | bits(word, 21, 10) << 1,
                                21);
        return true;
    case FORM_NONE:
        return true;
    case FORM_FENCE:
        insn->imm = (int32_t)bits(word, 20, 12);
        return true;
    case FORM_CSR:
    case FORM_CSRI:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->imm = (int32_t)bits(word, 20, 12);
        return true;
    case FORM_AMO:
        insn->rs2 = rs2;
        __attribute__((fallthrough));
    case FORM_LR:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->rm = (uint8_t)bits(word, 25, 2);
        return true;
    case FORM_FP_LOAD:
        insn->rd = rd;
        insn->rs1 = rs1;
        insn->imm = imm_i;
        return true;
    case FORM_FP_R:
        insn->rd = rd;
        insn->rs1 = rs1;
        insn->rs2 = rs2;
        return true;
    case FORM_FP_COMPARE:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->rs2 = rs2;
        return true;
    case FORM_FP_TO_INT:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        return true;
    case FORM_FP_FROM_INT:
        insn->rd = rd;
        insn->rs1 = rs1;
        return true;
    case FORM_FP_R4_RM:
        insn->rs3 = (uint8_t)bits(word, 27, 5);
        __attribute__((fallthrough));
    case FORM_FP_R_RM:
        insn->rs2 = rs2;
        __attribute__((fallthrough));
    case FORM_FP_UNARY_RM:
    case FORM_FP_FROM_INT_RM:
        insn->rd = rd;
        insn->rs1 = rs1;
        insn->rm = rm;
        return valid_rm;
    case FORM_FP_TO_INT_RM:
        insn->rd = integer_destination(rd);
        insn->rs1 = rs1;
        insn->rm = rm;
        return valid_rm;
    }
    return false;
}

/* --- compressed instructions --- */

enum compressed_form {
    COMPRESSED_NONE,
    COMPRESSED_ADDI4SPN, /* rd' = x2 + zero-extended imm */
    COMPRESSED_LOAD_W,   /* rd', rs1', imm of words */
    COMPRESSED_LOAD_D,   /* ... of doublewords */
    COMPRESSED_STORE_W,  /* rs1', rs2', imm */
    COMPRESSED_STORE_D,
    COMPRESSED_IMMEDIATE, /* rd = rd op imm */
    COMPRESSED_LI,        /* rd = x0 op imm */
    COMPRESSED_ADDI16SP,  /* x2 = x2 + imm */
    COMPRESSED_LUI,
    COMPRESSED_IMMEDIATE_PRIME, /* rd' = rd' op imm */
    COMPRESSED_SHIFT_PRIME,     /* rd' = rd' op amount */
    COMPRESSED_SHIFT,           /* rd = rd op amount */
    COMPRESSED_ARITHMETIC,      /* rd' = rd' op rs2' */
    COMPRESSED_JUMP,
    COMPRESSED_BRANCH,    /* rs1' against x0 */
    COMPRESSED_LOAD_W_SP, /* rd, imm(x2) */
    COMPRESSED_LOAD_D_SP,
    COMPRESSED_STORE_W_SP, /* rs2, imm(x2) */
    COMPRESSED_STORE_D_SP,
    COMPRESSED_JUMP_REGISTER, /* to rs1, no link */
    COMPRESSED_CALL_REGISTER, /* to rs1, link x1 */
    COMPRESSED_MOVE,          /* rd = x0 op rs2 */
    COMPRESSED_ADD,           /* rd = rd op rs2 */
};

struct compressed {
    uint16_t match, mask;
    uint8_t form; /* enum compressed_form */
    uint16_t op;
};

static const struct compressed compressed_table[] = {
#define COMPRESSED(form, match, mask, op) {match, mask, COMPRESSED_##form, OP_##op},
#include "compressed.def"
#undef COMPRESSED
};

static void extract_compressed(enum compressed_form form, uint32_t w, struct insn *insn) {
    uint8_t rd = (uint8_t)bits(w, 7, 5);
    uint8_t rs2 = (uint8_t)bits(w, 2, 5);
    uint8_t rd_low = (uint8_t)(8 + bits(w, 2, 3));  /* rd' or rs2' of loads, stores, arithmetic */
    uint8_t rs1_low = (uint8_t)(8 + bits(w, 7, 3)); /* rs1', or rd' where rd = rs1 */
    uint32_t amount = bits(w, 12, 1) << 5 | bits(w, 2, 5);
    int32_t imm6 = sign_extend(amount, 6);
    int32_t offset_w = (int32_t)(bits(w, 5, 1) << 6 | bits(w, 10, 3) << 3 | bits(w, 6, 1) << 2);
    int32_t offset_d = (int32_t)(bits(w, 5, 2) << 6 | bits(w, 10, 3) << 3);

    switch (form) {
    case COMPRESSED_NONE:
        return;
    case COMPRESSED_ADDI4SPN:
        insn->rd = rd_low;
        insn->rs1 = 2;
        insn->imm = (int32_t)(bits(w, 7, 4) << 6 | bits(w, 11, 2) << 4 | bits(w, 5, 1) << 3 |
                              bits(w, 6, 1) << 2);
        return;
    case COMPRESSED_LOAD_W:
    case COMPRESSED_LOAD_D:
        insn->rd = rd_low;
        insn->rs1 = rs1_low;
        insn->imm = form == COMPRESSED_LOAD_W ? offset_w : offset_d;
        return;
    case COMPRESSED_STORE_W:
    case COMPRESSED_STORE_D:
        insn->rs1 = rs1_low;
        insn->rs2 = rd_low;
        insn->imm = form == COMPRESSED_STORE_W ? offset_w : offset_d;
        return;
    case COMPRESSED_IMMEDIATE:
        insn->rd = integer_destination(rd);
        insn->rs1 = rd;
        insn->imm = imm6;
        return;
    case COMPRESSED_LI:
        insn->rd = integer_destination(rd);
        insn->imm = imm6;
        return;
    case COMPRESSED_ADDI16SP:
        insn->rd = 2;
        insn->rs1 = 2;
        insn->imm = sign_extend(bits(w, 12, 1) << 9 | bits(w, 3, 2) << 7 | bits(w, 5, 1) << 6 |
                                    bits(w, 2, 1) << 5 | bits(w, 6, 1) << 4,
                                10);
        return;
    case COMPRESSED_LUI:
        insn->rd = integer_destination(rd);
        insn->imm = imm6 * 4096;
        return;
    case COMPRESSED_IMMEDIATE_PRIME:
        insn->rd = rs1_low;
        insn->rs1 = rs1_low;
        insn->imm = imm6;
        return;
    case COMPRESSED_SHIFT_PRIME:
        insn->rd = rs1_low;
        insn->rs1 = rs1_low;
        insn->imm = (int32_t)amount;
        return;
    case COMPRESSED_SHIFT:
        insn->rd = integer_destination(rd);
        insn->rs1 = rd;
        insn->imm = (int32_t)amount;
        return;
    case COMPRESSED_ARITHMETIC:
        insn->rd = rs1_low;
        insn->rs1 = rs1_low;
        insn->rs2 = rd_low;
        return;
    case COMPRESSED_JUMP:
        insn->rd = INSN_SINK;
        insn->imm = sign_extend(bits(w, 12, 1) << 11 | bits(w, 8, 1) << 10 | bits(w, 9, 2) << 8 |
                                    bits(w, 6, 1) << 7 | bits(w, 7, 1) << 6 | bits(w, 2, 1) << 5 |
                                    bits(w, 11, 1) << 4 | bits(w, 3, 3) << 1,
                                12);
        return;
    case COMPRESSED_BRANCH:
        insn->rs1 = rs1_low;
        insn->imm = sign_extend(bits(w, 12, 1) << 8 | bits(w, 5, 2) << 6 | bits(w, 2, 1) << 5 |
                                    bits(w, 10, 2) << 3 | bits(w, 3, 2) << 1,
                                9);
        return;
    case COMPRESSED_LOAD_W_SP:
        insn->rd = rd; /* x0 is reserved */
        insn->rs1 = 2;
        insn->imm = (int32_t)(bits(w, 2, 2) << 6 | bits(w, 12, 1) << 5 | bits(w, 4, 3) << 2);
        return;
    case COMPRESSED_LOAD_D_SP:
        insn->rd = rd; /* x0 is reserved, f0 is not */
        insn->rs1 = 2;
        insn->imm = (int32_t)(bits(w, 2, 3) << 6 | bits(w, 12, 1) << 5 | bits(w, 5, 2) << 3);
        return;
    case COMPRESSED_STORE_W_SP:
        insn->rs1 = 2;
        insn->rs2 = rs2;
        insn->imm = (int32_t)(bits(w, 7, 2) << 6 | bits(w, 9, 4) << 2);
        return;
    case COMPRESSED_STORE_D_SP:
        insn->rs1 = 2;
        insn->rs2 = rs2;
        insn->imm = (int32_t)(bits(w, 7, 3) << 6 | bits(w, 10, 3) << 3);
        return;
    case COMPRESSED_JUMP_REGISTER:
        insn->rd = INSN_SINK;
        insn->rs1 = rd;
        return;
    case COMPRESSED_CALL_REGISTER:
        insn->rd = 1;
        insn->rs1 = rd;
        return;
    case COMPRESSED_MOVE:
        insn->rd = integer_destination(rd);
        insn->rs2 = rs2;
        return;
    case COMPRESSED_ADD:
        insn->rd = integer_destination(rd);
        insn->rs1 = rd;
        insn->rs2 = rs2;
        return;
    }
}

static bool decode_compressed(uint32_t word, struct insn *insn) {
    for (size_t k = 0; k < sizeof compressed_table / sizeof *compressed_table; k++) {
        const struct compressed *row = &compressed_table[k];
        if ((word & row->mask) != row->match)
            continue;
        *insn = (struct insn){.op = row->op, .len = 2, .raw = word};
        extract_compressed((enum compressed_form)row->form, word, insn);
        return row->op != OP_illegal;
    }
    return false;
}

/* --- 32-bit instructions: the rows of ops.def that may match, by funct3 and opcode.  Rows whose
 * mask leaves funct3 open (lui, roundings, ...) are in all eight buckets of their opcode --- */

#define BUCKETS 256 /* funct3 << 5 | opcode bits 6:2 */
#define BUCKET_ROWS 48
static uint8_t bucket_rows[BUCKETS][BUCKET_ROWS]; /* ended by 0 */
static bool buckets_filled;
_Static_assert(OP_COUNT <= 256, "bucket_rows holds operations in a byte");

static void fill_buckets(void) {
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        uint32_t word = bucket >> 5 << 12 | (bucket & 31) << 2 | 3;
        unsigned count = 0;
        for (unsigned op = 1; op < OP_COUNT; op++) {
            const struct op_info *row = &op_table[op];
            if (((word ^ row->match) & row->mask & 0x707f) != 0)
                continue;
            if (count == BUCKET_ROWS - 1)
                __builtin_trap();
            bucket_rows[bucket][count++] = (uint8_t)op;
        }
    }
    buckets_filled = true;
}

bool insn_decode(const uint8_t *bytes, size_t available, struct insn *insn) {
    if (available < 2)
        return false;
    uint32_t word = bytes[0] | (uint32_t)bytes[1] << 8;
    if ((word & 3) != 3)
        return decode_compressed(word, insn);
    if (available < 4)
        return false;
    word |= (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    if (!buckets_filled)
        fill_buckets();
    const uint8_t *row = bucket_rows[bits(word, 12, 3) << 5 | bits(word, 2, 5)];
    for (; *row != 0; row++) {
        if ((word & op_table[*row].mask) == op_table[*row].match)
            return insn_extract((enum op) * row, word, insn);
    }
    return false;
}

bool insn_is_incomplete(const uint8_t *bytes, size_t available) {
    return available < ((bytes[0] & 3) == 3 ? 4 : 2);
}

/* --- text (without stdio, which the runtime does not have) --- */

/* Operands by form: D rd, A rs1, B rs2, C rs3 preceded by the register file; i imm, h imm in
 * hexadecimal, u its upper 20 bits, z rs1 as a number, r rounding mode. */
static const char *const form_text[] = {
    [FORM_R] = "xD, xA, xB",
    [FORM_UNARY] = "xD, xA",
    [FORM_I] = "xD, xA, i",
    [FORM_SHIFT6] = "xD, xA, i",
    [FORM_SHIFT5] = "xD, xA, i",
    [FORM_S] = "xB, i(xA)",
    [FORM_B] = "xA, xB, i",
    [FORM_U] = "xD, u",
    [FORM_J] = "xD, i",
    [FORM_NONE] = "",
    [FORM_FENCE] = "h",
    [FORM_CSR] = "xD, h, xA",
    [FORM_CSRI] = "xD, h, z",
    [FORM_LR] = "xD, (xA)",
    [FORM_AMO] = "xD, xB, (xA)",
    [FORM_FP_LOAD] = "fD, i(xA)",
    [FORM_FP_STORE] = "fB, i(xA)",
    [FORM_FP_R] = "fD, fA, fB",
    [FORM_FP_COMPARE] = "xD, fA, fB",
    [FORM_FP_TO_INT] = "xD, fA",
    [FORM_FP_FROM_INT] = "fD, xA",
    [FORM_FP_R_RM] = "fD, fA, fB, r",
    [FORM_FP_R4_RM] = "fD, fA, fB, fC, r",
    [FORM_FP_UNARY_RM] = "fD, fA, r",
    [FORM_FP_TO_INT_RM] = "xD, fA, r",
    [FORM_FP_FROM_INT_RM] = "fD, xA, r",
};

struct text {
    char *to;
    size_t size, length;
};

static void put_char(struct text *text, char c) {
    if (text->length + 1 < text->size)
        text->to[text->length++] = c;
}

static void put_string(struct text *text, const char *string) {
    while (*string)
        put_char(text, *string++);
}

static void put_number(struct text *text, uint32_t value, unsigned base) {
    char digits[10];
    unsigned count = 0;
    do
        digits[count++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    while (count != 0)
        put_char(text, digits[--count]);
}

static void put_operand(struct text *text, char letter, const struct insn *insn) {
    static const char rounding[8][4] = {"rne", "rtz", "rdn", "rup", "rmm", "?", "?", "dyn"};
    switch (letter) {
    case 'D':
        put_number(text, insn->rd == INSN_SINK ? 0 : insn->rd, 10);
        return;
    case 'A':
    case 'z':
        put_number(text, insn->rs1, 10);
        return;
    case 'B':
        put_number(text, insn->rs2, 10);
        return;
    case 'C':
        put_number(text, insn->rs3, 10);
        return;
    case 'i':
        if (insn->imm < 0)
            put_char(text, '-');
        put_number(text, insn->imm < 0 ? 0 - (uint32_t)insn->imm : (uint32_t)insn->imm, 10);
        return;
    case 'h':
    case 'u':
        put_string(text, "0x");
        put_number(text, letter == 'u' ? (uint32_t)insn->imm >> 12 : (uint32_t)insn->imm, 16);
        return;
    case 'r':
        put_string(text, rounding[insn->rm & 7]);
        return;
    default:
        put_char(text, letter);
    }
}

size_t insn_format(const struct insn *insn, char *to, size_t size) {
    struct text text = {.to = to, .size = size};
    unsigned op = insn->op < OP_COUNT ? insn->op : (unsigned)OP_illegal;
    const char *operands = form_text[op_table[op].form];
    if (op_table[op].class == CLASS_LOAD || op_table[op].class == CLASS_JUMP_REGISTER)
        operands = op_table[op].form == FORM_FP_LOAD ? "fD, i(xA)" : "xD, i(xA)";
    put_string(&text, op_table[op].mnemonic);
    if (*operands)
        put_char(&text, ' ');
    for (; *operands; operands++)
        put_operand(&text, *operands, insn);
    if (size != 0)
        to[text.length] = 0;
    return text.length;
}
