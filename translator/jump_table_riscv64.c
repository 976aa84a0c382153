/* RISC-V instructions for the evaluation of jump tables. */
#include "jump_table.h"
#include "registers_riscv64.h"

static struct value evaluate(struct evaluation *evaluation, const struct insn *insn,
                             uint32_t address) {
    const struct value *x = evaluation->x;
    struct value a = x[insn->rs1 & 31], b = x[insn->rs2 & 31];
    struct value imm = constant_value(insn->imm);
    switch ((enum op)insn->op) {
    case OP_lui:
        return imm;
    case OP_auipc:
        return constant_value((int64_t)address + insn->imm);
    case OP_addi:
    case OP_addiw:
        return add_values(evaluation, a, imm);
    case OP_add:
    case OP_addw:
    case OP_add_uw:
        return add_values(evaluation, a, b);
    case OP_sub:
    case OP_subw:
        return subtract_constant(evaluation, a, b);
    case OP_slli:
    case OP_slliw:
    case OP_slli_uw:
        return shift_left(a, insn->imm);
    case OP_srli:
    case OP_srai:
        return shift_right(evaluation, a, insn->imm);
    case OP_sh1add:
    case OP_sh1add_uw:
        return add_values(evaluation, shift_left(a, 1), b);
    case OP_sh2add:
    case OP_sh2add_uw:
        return add_values(evaluation, shift_left(a, 2), b);
    case OP_sh3add:
    case OP_sh3add_uw:
        return add_values(evaluation, shift_left(a, 3), b);
    case OP_andi:
        return masked_value(evaluation, insn->imm);
    case OP_lb:
        return load_value(evaluation, add_values(evaluation, a, imm), 1, true);
    case OP_lbu:
        return load_value(evaluation, add_values(evaluation, a, imm), 1, false);
    case OP_lh:
        return load_value(evaluation, add_values(evaluation, a, imm), 2, true);
    case OP_lhu:
        return load_value(evaluation, add_values(evaluation, a, imm), 2, false);
    case OP_lw:
        return load_value(evaluation, add_values(evaluation, a, imm), 4, true);
    case OP_lwu:
        return load_value(evaluation, add_values(evaluation, a, imm), 4, false);
    case OP_ld:
        return load_value(evaluation, add_values(evaluation, a, imm), 8, true);
    default:
        return fresh_value(evaluation, 0);
    }
}

static void learn_from_branch(struct evaluation *evaluation, const struct step *step) {
    const struct insn *insn = step->insn;
    bool less;
    switch ((enum op)insn->op) {
    case OP_bltu:
    case OP_blt:
        less = step->taken;
        break;
    case OP_bgeu:
    case OP_bge:
        less = !step->taken;
        break;
    default:
        return;
    }
    if (less) /* a < limit */
        learn_less(evaluation, evaluation->x[insn->rs1], evaluation->x[insn->rs2], 0);
    else /* limit >= b */
        learn_less(evaluation, evaluation->x[insn->rs2], evaluation->x[insn->rs1], 1);
}

/* a0-a7, t0-t6 and ra. */
#define CALLER_SAVED 0xf003fce2u

void evaluate_step(struct evaluation *evaluation, const struct step *step) {
    const struct insn *insn = step->insn;
    learn_from_branch(evaluation, step);
    enum control_kind control = insn_control(insn);
    if (control == CONTROL_CALL) {
        for (unsigned i = 1; i < 32; i++)
            if (CALLER_SAVED >> i & 1)
                forget_register(evaluation, i);
        return;
    }
    unsigned rd = integer_result(insn);
    if (rd && control != CONTROL_JUMP)
        evaluation->x[rd] = evaluate(evaluation, insn, step->address);
}

struct value evaluate_jump(struct evaluation *evaluation, const struct insn *jump) {
    return add_values(evaluation, evaluation->x[jump->rs1], constant_value(jump->imm));
}
