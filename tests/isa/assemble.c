/* Instruction words from the rows of ops.def and their operands. */
#include <stdlib.h>
#include <string.h>

#include "generate.h"

const struct op_info ops[OP_COUNT] = {
    [OP_illegal] = {"illegal", 0, 0, 0, 0},
#define OP(id, mnemonic, form, match, mask, class)                                                 \
    [OP_##id] = {mnemonic, match, mask, FORM_##form, CLASS_##class},
#include "../../runtime/isa/riscv64/ops.def"
#undef OP
};

static uint32_t bits(int32_t value, int high, int low) {
    return (uint32_t)value >> low & ((2u << (high - low)) - 1);
}

static uint32_t encode_branch_distance(int32_t imm) {
    return bits(imm, 12, 12) << 31 | bits(imm, 10, 5) << 25 | bits(imm, 4, 1) << 8 |
           bits(imm, 11, 11) << 7;
}

static uint32_t encode_jump_distance(int32_t imm) {
    return bits(imm, 20, 20) << 31 | bits(imm, 10, 1) << 21 | bits(imm, 11, 11) << 20 |
           bits(imm, 19, 12) << 12;
}

uint32_t assemble(enum op op, struct operands o) {
    uint32_t word = ops[op].match;
    uint32_t rd = (uint32_t)o.rd << 7, rs1 = (uint32_t)o.rs1 << 15, rs2 = (uint32_t)o.rs2 << 20;
    uint32_t rm = (uint32_t)o.rm << 12, imm12 = (uint32_t)o.imm << 20;
    switch ((enum op_form)ops[op].form) {
    case FORM_R:
    case FORM_FP_R:
    case FORM_FP_COMPARE:
        return word | rd | rs1 | rs2;
    case FORM_UNARY:
    case FORM_FP_TO_INT:
    case FORM_FP_FROM_INT:
        return word | rd | rs1;
    case FORM_I:
    case FORM_FP_LOAD:
    case FORM_CSR:
    case FORM_CSRI:
        return word | rd | rs1 | imm12;
    case FORM_SHIFT6:
    case FORM_SHIFT5:
        return word | rd | rs1 | (uint32_t)o.imm << 20;
    case FORM_S:
    case FORM_FP_STORE:
        return word | rs1 | rs2 | bits(o.imm, 11, 5) << 25 | bits(o.imm, 4, 0) << 7;
    case FORM_B:
        return word | rs1 | rs2 | encode_branch_distance(o.imm);
    case FORM_U:
        return word | rd | ((uint32_t)o.imm & 0xfffff000u);
    case FORM_J:
        return word | rd | encode_jump_distance(o.imm);
    case FORM_NONE:
        return word;
    case FORM_FENCE:
        return word | imm12;
    case FORM_LR:
        return word | rd | rs1 | (uint32_t)o.rm << 25;
    case FORM_AMO:
        return word | rd | rs1 | rs2 | (uint32_t)o.rm << 25;
    case FORM_FP_R_RM:
        return word | rd | rs1 | rs2 | rm;
    case FORM_FP_R4_RM:
        return word | rd | rs1 | rs2 | (uint32_t)o.rs3 << 27 | rm;
    case FORM_FP_UNARY_RM:
    case FORM_FP_TO_INT_RM:
    case FORM_FP_FROM_INT_RM:
        return word | rd | rs1 | rm;
    }
    abort();
}

static const char *rounding_name(unsigned rm) {
    static const char *const names[] = {"rne", "rtz", "rdn", "rup", "rmm", "5", "6", "dyn"};
    return names[rm & 7];
}

void describe(enum op op, struct operands o, char *text) {
    const char *name = ops[op].mnemonic;
    const size_t size = 64;
    switch ((enum op_form)ops[op].form) {
    case FORM_R:
        snprintf(text, size, "%s x%d, x%d, x%d", name, o.rd, o.rs1, o.rs2);
        break;
    case FORM_UNARY:
        snprintf(text, size, "%s x%d, x%d", name, o.rd, o.rs1);
        break;
    case FORM_I:
    case FORM_SHIFT6:
    case FORM_SHIFT5:
        snprintf(text, size, "%s x%d, x%d, %d", name, o.rd, o.rs1, o.imm);
        break;
    case FORM_S:
        snprintf(text, size, "%s x%d, %d(x%d)", name, o.rs2, o.imm, o.rs1);
        break;
    case FORM_B:
        snprintf(text, size, "%s x%d, x%d, .%+d", name, o.rs1, o.rs2, o.imm);
        break;
    case FORM_U:
        snprintf(text, size, "%s x%d, %#x", name, o.rd, (uint32_t)o.imm >> 12);
        break;
    case FORM_J:
        snprintf(text, size, "%s x%d, .%+d", name, o.rd, o.imm);
        break;
    case FORM_NONE:
    case FORM_FENCE:
        snprintf(text, size, "%s", name);
        break;
    case FORM_CSR:
        snprintf(text, size, "%s x%d, csr %#x, x%d", name, o.rd, o.imm, o.rs1);
        break;
    case FORM_CSRI:
        snprintf(text, size, "%s x%d, csr %#x, %d", name, o.rd, o.imm, o.rs1);
        break;
    case FORM_LR:
        snprintf(text, size, "%s%s%s x%d, (x%d)", name, o.rm & 2 ? ".aq" : "",
                 o.rm & 1 ? ".rl" : "", o.rd, o.rs1);
        break;
    case FORM_AMO:
        snprintf(text, size, "%s%s%s x%d, x%d, (x%d)", name, o.rm & 2 ? ".aq" : "",
                 o.rm & 1 ? ".rl" : "", o.rd, o.rs2, o.rs1);
        break;
    case FORM_FP_LOAD:
        snprintf(text, size, "%s f%d, %d(x%d)", name, o.rd, o.imm, o.rs1);
        break;
    case FORM_FP_STORE:
        snprintf(text, size, "%s f%d, %d(x%d)", name, o.rs2, o.imm, o.rs1);
        break;
    case FORM_FP_R:
        snprintf(text, size, "%s f%d, f%d, f%d", name, o.rd, o.rs1, o.rs2);
        break;
    case FORM_FP_COMPARE:
        snprintf(text, size, "%s x%d, f%d, f%d", name, o.rd, o.rs1, o.rs2);
        break;
    case FORM_FP_TO_INT:
        snprintf(text, size, "%s x%d, f%d", name, o.rd, o.rs1);
        break;
    case FORM_FP_FROM_INT:
        snprintf(text, size, "%s f%d, x%d", name, o.rd, o.rs1);
        break;
    case FORM_FP_R_RM:
        snprintf(text, size, "%s f%d, f%d, f%d, %s", name, o.rd, o.rs1, o.rs2, rounding_name(o.rm));
        break;
    case FORM_FP_R4_RM:
        snprintf(text, size, "%s f%d, f%d, f%d, f%d, %s", name, o.rd, o.rs1, o.rs2, o.rs3,
                 rounding_name(o.rm));
        break;
    case FORM_FP_UNARY_RM:
        snprintf(text, size, "%s f%d, f%d, %s", name, o.rd, o.rs1, rounding_name(o.rm));
        break;
    case FORM_FP_TO_INT_RM:
        snprintf(text, size, "%s x%d, f%d, %s", name, o.rd, o.rs1, rounding_name(o.rm));
        break;
    case FORM_FP_FROM_INT_RM:
        snprintf(text, size, "%s f%d, x%d, %s", name, o.rd, o.rs1, rounding_name(o.rm));
        break;
    }
}

bool reads_float(enum op op, int operand) {
    switch ((enum op_form)ops[op].form) {
    case FORM_FP_STORE:
        return operand == 2;
    case FORM_FP_R:
    case FORM_FP_COMPARE:
    case FORM_FP_R_RM:
        return operand <= 2;
    case FORM_FP_R4_RM:
        return operand <= 3;
    case FORM_FP_TO_INT:
    case FORM_FP_UNARY_RM:
    case FORM_FP_TO_INT_RM:
        return operand == 1;
    default:
        return false;
    }
}

bool writes_float(enum op op) {
    switch ((enum op_form)ops[op].form) {
    case FORM_FP_LOAD:
    case FORM_FP_R:
    case FORM_FP_FROM_INT:
    case FORM_FP_R_RM:
    case FORM_FP_R4_RM:
    case FORM_FP_UNARY_RM:
    case FORM_FP_FROM_INT_RM:
        return true;
    default:
        return false;
    }
}

bool is_double(enum op op) {
    const char *name = ops[op].mnemonic;
    size_t length = strlen(name);
    if (!strcmp(name, "fsd") || !strcmp(name, "fld"))
        return true;
    return length > 2 && name[length - 2] == '.' && name[length - 1] == 'd';
}
