/* RISC-V: where instructions lead, and the addresses that code builds from auipc, lui and addi. */
#include "isa.h"
#include "lift.h"
#include "registers_riscv64.h"

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

int insn_result(const struct insn *insn) {
    unsigned rd = integer_result(insn);
    return rd ? (int)rd : -1;
}

bool insn_takes_address(const struct insn *insn, const struct constants *constants,
                        uint32_t *address) {
    unsigned rd = integer_result(insn);
    if (insn->op != OP_addi || !rd || !insn->rs1 || !(constants->known >> rd & 1))
        return false;
    *address = (uint32_t)constants->value[rd];
    return true;
}

bool insn_names_data(const struct insn *insn, const struct constants *constants,
                     uint32_t *address) {
    switch ((enum op_form)forms[insn->op]) {
    case FORM_I:
    case FORM_FP_LOAD:
        if (insn->op == OP_addi)
            return insn_takes_address(insn, constants, address);
        if (!insn->rs1 || integer_result(insn) == insn->rs1 || !(constants->known >> insn->rs1 & 1))
            return false;
        *address = (uint32_t)(constants->value[insn->rs1] + (uint64_t)(int64_t)insn->imm);
        return true;
    default:
        return false;
    }
}

/* The calling convention's link registers are x1 and, for millicode, x5.  PLT stubs jump with x6,
 * which is no call. */
static bool links(const struct insn *insn) { return insn->rd == 1 || insn->rd == 5; }

enum control_kind insn_control(const struct insn *insn) {
    switch ((enum op)insn->op) {
    case OP_beq:
    case OP_bne:
    case OP_blt:
    case OP_bge:
    case OP_bltu:
    case OP_bgeu:
        return CONTROL_BRANCH;
    case OP_jal:
    case OP_jalr:
        return links(insn) ? CONTROL_CALL : CONTROL_JUMP;
    case OP_ecall:
        return CONTROL_SYSCALL;
    case OP_ebreak:
        return CONTROL_STOP;
    default:
        return CONTROL_NONE;
    }
}

struct jump_target insn_target(const struct insn *insn, uint32_t address,
                               const struct constants *constants) {
    if (insn->op != OP_jalr)
        return (struct jump_target){.is_known = true, .address = address + (uint32_t)insn->imm};
    uint64_t sum = constants->value[insn->rs1] + (uint64_t)(int64_t)insn->imm;
    if (insn->rs1 && constants->known >> insn->rs1 & 1)
        return (struct jump_target){.is_known = true, .address = (uint32_t)(sum & JUMP_TARGET_MASK)};
    return (struct jump_target){.is_return = insn->rs1 == 1,
                                .may_return = (insn->rs1 == 1 || insn->rs1 == 5) && !insn->imm};
}

bool insn_checks_bound(const struct insn *insn) {
    return insn->op == OP_bltu || insn->op == OP_bgeu;
}

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

/* Whether instruction i reads fflags only for a later fsflags of the block to put them back: what
 * gcc makes of a quiet comparison. */
static bool is_restored(const struct block *block, uint32_t i) {
    const struct insn *read = &block->insns[i];
    if (read->op != OP_csrrs || read->rs1 != 0 || read->imm != CSR_FFLAGS)
        return false;
    for (uint32_t j = i + 1; j < block->insn_count; j++) {
        const struct insn *insn = &block->insns[j];
        if (insn->op == OP_csrrw && insn->imm == CSR_FFLAGS && insn->rs1 == read->rd)
            return insn->rd == INSN_SINK;
        struct register_use use = insn_registers(insn);
        if ((use.reads | use.writes) >> read->rd & 1)
            return false;
    }
    return false;
}

static bool block_reads_flags(const struct block *block) {
    for (uint32_t i = 0; i < block->insn_count; i++) {
        const struct insn *insn = &block->insns[i];
        switch ((enum op)insn->op) {
        case OP_csrrw:
        case OP_csrrs:
        case OP_csrrc:
        case OP_csrrwi:
        case OP_csrrsi:
        case OP_csrrci:
            if ((insn->imm == CSR_FFLAGS || insn->imm == CSR_FCSR) && insn->rd != INSN_SINK &&
                !is_restored(block, i))
                return true;
            break;
        default:
            break;
        }
    }
    return false;
}

bool reads_exception_flags(struct arena *arena, const struct block *const *blocks, size_t count) {
    (void)arena;
    for (size_t i = 0; i < count; i++)
        if (block_reads_flags(blocks[i]))
            return true;
    return false;
}

enum flag_use insn_flag_use(const struct insn *insn) {
    (void)insn;
    return FLAGS_UNTOUCHED;
}
