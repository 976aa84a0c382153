/* What instructions do to integer registers: the addresses that code builds from auipc, lui and
 * addi, and links. */
#include "discover.h"

static const uint8_t forms[OP_COUNT] = {
#define OP(id, mnemonic, form, match, mask, class) [OP_##id] = FORM_##form,
#include "../runtime/isa/riscv64/ops.def"
#undef OP
};

unsigned integer_result(const struct insn *insn) {
    switch ((enum op_form)forms[insn->op]) {
    case FORM_R:
    case FORM_UNARY:
    case FORM_I:
    case FORM_SHIFT6:
    case FORM_SHIFT5:
    case FORM_U:
    case FORM_J:
    case FORM_CSR:
    case FORM_CSRI:
    case FORM_LR:
    case FORM_AMO:
    case FORM_FP_COMPARE:
    case FORM_FP_TO_INT:
    case FORM_FP_TO_INT_RM:
        return insn->rd == INSN_SINK ? 0 : insn->rd;
    default:
        return 0;
    }
}

bool is_call(const struct insn *insn) { return insn->rd == 1 || insn->rd == 5; }

void constants_clear(struct constants *constants) {
    constants->known = 1;
    constants->value[0] = 0;
}

void constants_step(struct constants *constants, const struct insn *insn, uint32_t address) {
    unsigned rd = integer_result(insn);
    if (!rd)
        return;
    bool known1 = constants->known >> (insn->rs1 & 31) & 1;
    bool known2 = constants->known >> (insn->rs2 & 31) & 1;
    uint64_t a = constants->value[insn->rs1 & 31], b = constants->value[insn->rs2 & 31];
    uint64_t result = 0;
    bool known = false;
    switch ((enum op)insn->op) {
    case OP_lui:
        result = (uint64_t)(int64_t)insn->imm, known = true;
        break;
    case OP_auipc:
        result = address + (uint64_t)(int64_t)insn->imm, known = true;
        break;
    case OP_addi:
        result = a + (uint64_t)(int64_t)insn->imm, known = known1;
        break;
    case OP_addiw:
        result = (uint64_t)(int64_t)(int32_t)(a + (uint32_t)insn->imm), known = known1;
        break;
    case OP_slli:
        result = a << insn->imm, known = known1;
        break;
    case OP_add:
        result = a + b, known = known1 && known2;
        break;
    default:
        break;
    }
    constants->known &= ~(1u << rd);
    if (known) {
        constants->known |= 1u << rd;
        constants->value[rd] = result;
    }
}
