/* x86-64 instructions for the evaluation of jump tables.  Widths are left out of account: an index
 * that is compared as a byte and then extended is one symbol throughout. */
#include "jump_table.h"

#include "control_x86_64.h"

static struct value address_value(struct evaluation *evaluation, const struct insn *insn) {
    const struct value *x = evaluation->x;
    if (insn->flags & (INSN_ABSOLUTE64 | INSN_FS | INSN_GS))
        return fresh_value(evaluation, 0);
    struct value index = x[insn->index]; /* may be a table's entry, which shifts take apart */
    if (insn->scale)
        index = shift_left(index, insn->scale);
    index = add_values(evaluation, x[insn->base], index);
    return add_values(evaluation, index, constant_value(insn->disp));
}

static bool same_value(struct value a, struct value b) {
    return !a.width && !b.width && a.constant == b.constant && a.symbol == b.symbol &&
           (a.symbol == NO_SYMBOL || a.scale == b.scale);
}

static struct value load(struct evaluation *evaluation, const struct insn *insn, uint8_t width,
                         bool is_signed) {
    struct value address = address_value(evaluation, insn);
    if (evaluation->has_slot && same_value(evaluation->slot_address, address))
        return evaluation->slot_value;
    struct value value = load_value(evaluation, address, width, is_signed);
    evaluation->has_slot = true;
    evaluation->slot_address = address;
    evaluation->slot_value = value;
    return value;
}

static void store(struct evaluation *evaluation, const struct insn *insn, struct value value) {
    evaluation->slot_address = address_value(evaluation, insn);
    evaluation->slot_value = value;
    evaluation->has_slot = true;
}

/* The width of an operation of four that are named id8 to id64. */
static uint8_t width_of(unsigned op, unsigned op8) { return (uint8_t)(1u << (op - op8)); }

static struct value register_value(const struct evaluation *evaluation, uint8_t number,
                                   uint8_t width) {
    return evaluation->x[(width == 1 ? number / 8 : number) & 31];
}

static struct value destination(struct evaluation *evaluation, const struct insn *insn,
                                uint8_t width) {
    return insn->form & FORM_MEMORY_DST ? load(evaluation, insn, width, false)
                                        : register_value(evaluation, insn->reg, width);
}

static struct value source(struct evaluation *evaluation, const struct insn *insn, uint8_t width) {
    if (insn->form & FORM_IMMEDIATE)
        return constant_value(insn->imm);
    return insn->form & FORM_MEMORY_SRC ? load(evaluation, insn, width, false)
                                        : register_value(evaluation, insn->rm, width);
}

/* An immediate as an operation of this width takes it. */
static struct value unsigned_immediate(const struct insn *insn, uint8_t width) {
    uint64_t mask = width >= 8 ? UINT64_MAX : ((uint64_t)1 << 8 * width) - 1;
    return constant_value((int64_t)((uint64_t)(int64_t)insn->imm & mask));
}

/* An entry of a table of 32-bit numbers that was loaded without its sign; an index stays what it
 * is. */
static struct value sign_extended(struct value value) {
    if (value.width == 4 && !value.constant)
        value.is_signed = true;
    return value;
}

/* A value cut to a byte or 16 bits, of which there are at most that many. */
static struct value zero_extended(struct evaluation *evaluation, struct value value,
                                  uint32_t count) {
    if (value.width || value.symbol == NO_SYMBOL || value.scale != 1)
        return value;
    struct symbol *symbol = &evaluation->symbols[value.symbol];
    if (!symbol->count) {
        symbol->count = count;
        symbol->low = -value.constant;
    }
    return value;
}

static bool is_same_register(const struct insn *insn) {
    return insn->form == FORM_REGISTERS && insn->reg == insn->rm;
}

/* What the destination becomes. */
static struct value evaluate(struct evaluation *evaluation, const struct insn *insn) {
    struct value a, b;
    switch ((enum op)insn->op) {
    case OP_lea32:
    case OP_lea64:
        return address_value(evaluation, insn);
    case OP_mov_imm64:
        return constant_value(
            (int64_t)((uint64_t)(uint32_t)insn->imm << 32 | (uint32_t)insn->disp));
    case OP_mov8:
    case OP_mov16:
        return source(evaluation, insn, width_of(insn->op, OP_mov8));
    case OP_mov32:
        return insn->form & FORM_IMMEDIATE ? unsigned_immediate(insn, 4)
                                           : source(evaluation, insn, 4);
    case OP_mov64:
        return source(evaluation, insn, 8);
    case OP_movzx8_16:
    case OP_movzx8_32:
    case OP_movzx8_64:
        return zero_extended(evaluation, source(evaluation, insn, 1), 1u << 8);
    case OP_movzx16_32:
    case OP_movzx16_64:
        return zero_extended(evaluation, source(evaluation, insn, 2), 1u << 16);
    case OP_movsx8_32:
    case OP_movsx8_64:
        return insn->form & FORM_MEMORY_SRC ? load(evaluation, insn, 1, true)
                                            : source(evaluation, insn, 1);
    case OP_movsx16_32:
    case OP_movsx16_64:
        return insn->form & FORM_MEMORY_SRC ? load(evaluation, insn, 2, true)
                                            : source(evaluation, insn, 2);
    case OP_movsxd64:
        return insn->form & FORM_MEMORY_SRC ? sign_extended(load(evaluation, insn, 4, true))
                                            : sign_extended(source(evaluation, insn, 4));
    case OP_cbw64:
        return sign_extended(evaluation->x[REG_RAX]);
    case OP_add8:
    case OP_add16:
    case OP_add32:
    case OP_add64:
        a = destination(evaluation, insn, width_of(insn->op, OP_add8));
        b = source(evaluation, insn, width_of(insn->op, OP_add8));
        return add_values(evaluation, a, b);
    case OP_sub8:
    case OP_sub16:
    case OP_sub32:
    case OP_sub64:
        if (is_same_register(insn))
            return constant_value(0);
        a = destination(evaluation, insn, width_of(insn->op, OP_sub8));
        b = source(evaluation, insn, width_of(insn->op, OP_sub8));
        return subtract_constant(evaluation, a, b);
    case OP_inc8:
    case OP_inc16:
    case OP_inc32:
    case OP_inc64:
        a = destination(evaluation, insn, width_of(insn->op, OP_inc8));
        return add_values(evaluation, a, constant_value(1));
    case OP_dec8:
    case OP_dec16:
    case OP_dec32:
    case OP_dec64:
        a = destination(evaluation, insn, width_of(insn->op, OP_dec8));
        return add_values(evaluation, a, constant_value(-1));
    case OP_and8:
    case OP_and16:
    case OP_and32:
    case OP_and64:
        return insn->form & FORM_IMMEDIATE ? masked_value(evaluation, insn->imm)
                                           : fresh_value(evaluation, 0);
    case OP_xor32:
    case OP_xor64:
        return is_same_register(insn) ? constant_value(0) : fresh_value(evaluation, 0);
    case OP_shl32:
    case OP_shl64:
        return insn->form == FORM_IMMEDIATE
                   ? shift_left(evaluation->x[insn->reg], insn->imm & 63)
                   : fresh_value(evaluation, 0);
    case OP_shr32:
    case OP_shr64:
    case OP_sar32:
    case OP_sar64:
        return insn->form == FORM_IMMEDIATE
                   ? shift_right(evaluation, evaluation->x[insn->reg], insn->imm & 63)
                   : fresh_value(evaluation, 0);
    default:
        return fresh_value(evaluation, 0);
    }
}

static void compare(struct evaluation *evaluation, const struct insn *insn, uint8_t width) {
    evaluation->compared[0] = destination(evaluation, insn, width);
    evaluation->compared[1] = insn->form & FORM_IMMEDIATE ? unsigned_immediate(insn, width)
                                                          : source(evaluation, insn, width);
    evaluation->has_compared = true;
}

/* What the flags come from. */
static void follow_flags(struct evaluation *evaluation, const struct insn *insn) {
    unsigned op = insn->op;
    if (op >= OP_cmp8 && op <= OP_cmp64)
        compare(evaluation, insn, width_of(op, OP_cmp8));
    else if (op >= OP_sub8 && op <= OP_sub64)
        compare(evaluation, insn, width_of(op, OP_sub8));
    else if (insn_control(insn) == CONTROL_CALL || (op >= OP_add8 && op <= OP_cmc) ||
             (op >= OP_ucomiss && op <= OP_comisd))
        evaluation->has_compared = false;
}

static void learn_from_branch(struct evaluation *evaluation, const struct step *step) {
    struct value a = evaluation->compared[0], b = evaluation->compared[1];
    bool taken = step->taken;
    if (!evaluation->has_compared)
        return;
    switch ((enum op)step->insn->op) {
    case OP_jae:
    case OP_jge:
        taken = !taken;
        __attribute__((fallthrough));
    case OP_jb:
    case OP_jl:
        if (taken) /* a < b */
            learn_less(evaluation, a, b, 0);
        else /* b <= a */
            learn_less(evaluation, b, a, 1);
        return;
    case OP_ja:
    case OP_jg:
        taken = !taken;
        __attribute__((fallthrough));
    case OP_jbe:
    case OP_jle:
        if (taken) /* a <= b */
            learn_less(evaluation, a, b, 1);
        else /* b < a */
            learn_less(evaluation, b, a, 0);
        return;
    default:
        return;
    }
}

void evaluate_step(struct evaluation *evaluation, const struct step *step) {
    const struct insn *insn = step->insn;
    learn_from_branch(evaluation, step);
    follow_flags(evaluation, insn);
    enum control_kind control = insn_control(insn);
    uint32_t writes = control == CONTROL_CALL ? CALLER_SAVED : general_writes(insn);
    int result = control == CONTROL_NONE ? insn_result(insn) : -1;
    struct value value = {.symbol = NO_SYMBOL};
    if (insn->op == OP_cbw64)
        result = REG_RAX;
    if (result >= 0)
        value = evaluate(evaluation, insn);
    else if (insn->form & FORM_MEMORY_DST && insn->op >= OP_mov8 && insn->op <= OP_mov64)
        store(evaluation, insn, source(evaluation, insn, width_of(insn->op, OP_mov8)));
    else if (insn->form & FORM_MEMORY_DST && !(insn->op >= OP_cmp8 && insn->op <= OP_test64))
        evaluation->has_slot = false;
    for (unsigned i = 0; i < REG_COUNT; i++)
        if (writes >> i & 1 && (int)i != result) {
            if (control == CONTROL_CALL)
                forget_register(evaluation, i);
            else
                evaluation->x[i] = fresh_value(evaluation, 0);
        }
    if (result >= 0)
        evaluation->x[result] = value;
}

struct value evaluate_jump(struct evaluation *evaluation, const struct insn *jump) {
    return jump->form & FORM_MEMORY_SRC ? load(evaluation, jump, 8, true)
                                        : evaluation->x[jump->rm];
}
