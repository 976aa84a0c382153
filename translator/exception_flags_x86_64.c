/* Whether a function looks at the sticky exception flags in MXCSR.
 *
 * Much code reads MXCSR for something else: the rounding mode, or to change it for a while and to
 * put it back.  So the value is followed through registers and stack slots: it may be masked, be
 * merged with other bits and be written to MXCSR again; other uses count as looking at the flags.
 * The x87 status word is no matter: helpers keep it exact everywhere. */
#include "control_x86_64.h"

enum { MAX_SLOTS = 16 };

/* What a register or slot holds of MXCSR, and bits besides. */
enum content {
    NOTHING,
    MASKS, /* the exception masks, where the flags are in MXCSR */
    FLAGS,
    ONLY_FLAGS, /* and no other bit */
};

/* Registers by content, and slots that hold flags by their number. */
struct registers {
    uint32_t masks, flags, only_flags, slots;
};

struct analysis {
    const struct block *const *blocks;
    size_t count;
    bool writes;                /* MXCSR */
    struct registers *before;   /* per block */
    struct insn slots[MAX_SLOTS]; /* instructions with memory operands that held the flags */
    unsigned slot_count;
    bool changed;
};

/* ---- where the flags are ---- */

static enum content content_of(const struct registers *registers, unsigned reg) {
    return registers->only_flags >> reg & 1 ? ONLY_FLAGS
           : registers->flags >> reg & 1    ? FLAGS
           : registers->masks >> reg & 1    ? MASKS
                                            : NOTHING;
}

static void clear_registers(struct registers *registers, uint32_t changed) {
    registers->masks &= ~changed;
    registers->flags &= ~changed;
    registers->only_flags &= ~changed;
}

/* The number of a memory operand's slot, or -1. */
static int slot_of(const struct analysis *analysis, const struct insn *insn) {
    if (!(insn->form & FORM_MEMORY) || insn->index != REG_ZERO)
        return -1;
    for (unsigned i = 0; i < analysis->slot_count; i++)
        if (analysis->slots[i].base == insn->base && analysis->slots[i].disp == insn->disp)
            return (int)i;
    return -1;
}

/* The memory operand holds flags now, or no longer.  False when it should and is no stack slot:
 * others may look at it. */
static bool set_slot(struct analysis *analysis, const struct insn *insn, bool flags,
                     struct registers *registers) {
    int slot = slot_of(analysis, insn);
    if (slot < 0 && flags) {
        if ((insn->base != REG_RSP && insn->base != REG_RBP) || insn->index != REG_ZERO ||
            analysis->slot_count == MAX_SLOTS)
            return false;
        slot = (int)analysis->slot_count++;
        analysis->slots[slot] = *insn;
    }
    if (slot >= 0)
        registers->slots = (registers->slots & ~(1u << slot)) | (uint32_t)flags << slot;
    return true;
}

/* ---- one instruction ---- */

struct operands {
    unsigned reg; /* of the destination */
    bool high;    /* it is ah, ch, dh or bh */
    enum content destination, source;
};

static struct operands find_operands(const struct analysis *analysis, const struct insn *insn,
                                     const struct registers *registers) {
    bool byte = has_byte_result(insn);
    bool byte_source = byte || (insn->op >= OP_movzx8_16 && insn->op <= OP_movzx8_64) ||
                       (insn->op >= OP_movsx8_16 && insn->op <= OP_movsx8_64);
    int slot = slot_of(analysis, insn);
    enum content memory = slot >= 0 && registers->slots >> slot & 1 ? FLAGS : NOTHING;
    struct operands operands = {.reg = byte ? insn->reg / 8 : insn->reg,
                                .high = byte && insn->reg & 7};
    operands.destination =
        insn->form & FORM_MEMORY_DST ? memory : content_of(registers, operands.reg);
    if (insn->form & FORM_MEMORY_SRC)
        operands.source = memory;
    else if (!(insn->form & FORM_IMMEDIATE) && !(byte_source && insn->rm & 7))
        operands.source = content_of(registers, byte_source ? insn->rm / 8 : insn->rm);
    return operands;
}

/* False when the flags get out of sight. */
static bool set_destination(struct analysis *analysis, const struct insn *insn,
                            const struct operands *operands, enum content content,
                            struct registers *registers) {
    if (insn->form & FORM_MEMORY_DST)
        return set_slot(analysis, insn, content >= FLAGS, registers);
    uint32_t reg = 1u << operands->reg;
    clear_registers(registers, reg);
    registers->masks |= content == MASKS ? reg : 0;
    registers->flags |= content == FLAGS ? reg : 0;
    registers->only_flags |= content == ONLY_FLAGS ? reg : 0;
    return true;
}

/* Whether an immediate mask has bits of the flags. */
static bool masks_flags(const struct insn *insn, const struct operands *operands) {
    return !operands->high && insn->imm & MXCSR_EXCEPTIONS;
}

/* The exceptions that are not masked: none, or they would have been faults. */
static bool are_flags_and_masks(const struct operands *operands) {
    return (operands->destination >= FLAGS && operands->source == MASKS) ||
           (operands->destination == MASKS && operands->source >= FLAGS);
}

static enum content and_contents(const struct insn *insn, const struct operands *operands) {
    enum content a = operands->destination, b = operands->source;
    if (!(insn->form & FORM_IMMEDIATE))
        return are_flags_and_masks(operands) ? NOTHING : a > b ? a : b;
    if (a < FLAGS || operands->high)
        return a;
    return !masks_flags(insn, operands)        ? NOTHING
           : insn->imm & ~MXCSR_EXCEPTIONS     ? a
                                               : ONLY_FLAGS;
}

static enum content or_contents(const struct operands *operands) {
    enum content a = operands->destination, b = operands->source;
    return a >= FLAGS || b >= FLAGS ? FLAGS : a > b ? a : b;
}

/* Whether registers of operands are general: so are all before the operations of SSE. */
static bool has_general_operands(unsigned op) {
    return op < OP_movups || (op >= OP_movd_xmm_r && op <= OP_movq_xmm_r) ||
           (op >= OP_pinsrb && op <= OP_pinsrq) || (op >= OP_cvtsi2ss_32 && op <= OP_cvtsi2sd_64);
}

/* True when the instruction looks at the flags. */
static bool follow(struct analysis *analysis, const struct insn *insn,
                   struct registers *registers) {
    if (op_table[insn->op].class != CLASS_PLAIN || insn->op == OP_nop || insn->op == OP_ldmxcsr)
        return false; /* see follow_end */
    if (insn->op == OP_stmxcsr)
        return !set_slot(analysis, insn, true, registers);
    if (!has_general_operands(insn->op)) {
        clear_registers(registers, general_writes(insn));
        if (insn->form & FORM_MEMORY_DST)
            set_slot(analysis, insn, false, registers);
        return false;
    }
    struct operands operands = find_operands(analysis, insn, registers);
    enum content a = operands.destination, b = operands.source, result = NOTHING;
    bool flags = a >= FLAGS || b >= FLAGS;
    switch ((enum op)insn->op) {
    case OP_mov8:
        result = operands.high ? a : b;
        break;
    case OP_mov16:
    case OP_mov32:
    case OP_mov64:
    case OP_movzx8_32:
    case OP_movzx8_64:
    case OP_movzx16_32:
    case OP_movzx16_64:
        result = b;
        break;
    case OP_and8:
    case OP_and16:
    case OP_and32:
    case OP_and64:
        result = and_contents(insn, &operands);
        break;
    case OP_xor32:
    case OP_xor64:
        if (insn->form == FORM_REGISTERS && insn->reg == insn->rm)
            break;
        __attribute__((fallthrough));
    case OP_or8:
    case OP_or16:
    case OP_or32:
    case OP_or64:
    case OP_cmovo32 ... OP_cmovg64:
        result = or_contents(&operands);
        break;
    case OP_not32:
    case OP_not64:
    case OP_shl32:
    case OP_shl64:
        result = a;
        break;
    case OP_shr32:
    case OP_shr64:
        result = a >= FLAGS && insn->form == FORM_IMMEDIATE && insn->imm >= MXCSR_MASK_SHIFT
                     ? MASKS
                     : a;
        break;
    case OP_test8:
    case OP_test16:
    case OP_test32:
    case OP_test64:
        if (are_flags_and_masks(&operands)) { /* nothing that depends on them follows */
            uint32_t both = 1u << operands.reg | 1u << (insn->rm & 31);
            clear_registers(registers, both);
            return false;
        }
        return flags && (!(insn->form & FORM_IMMEDIATE) || masks_flags(insn, &operands));
    case OP_cmp8:
    case OP_cmp16:
    case OP_cmp32:
    case OP_cmp64: /* two values of MXCSR: whether the mode is another */
        return flags && !(a >= FLAGS && b >= FLAGS);
    case OP_lea32:
    case OP_lea64: /* of a slot that something else is written to */
        set_slot(analysis, insn, false, registers);
        break;
    default:
        clear_registers(registers, general_writes(insn));
        return flags && !(insn->op >= OP_seto && insn->op <= OP_setg) && insn->op != OP_mov_imm64 &&
               insn->op != OP_pop64;
    }
    return !set_destination(analysis, insn, &operands, result, registers);
}

/* ---- blocks ---- */

static void add_registers(struct analysis *analysis, size_t block,
                          const struct registers *registers) {
    struct registers *before = &analysis->before[block];
    struct registers sum = {before->masks | registers->masks, before->flags | registers->flags,
                            before->only_flags | registers->only_flags,
                            before->slots | registers->slots};
    analysis->changed |= sum.masks != before->masks || sum.flags != before->flags ||
                         sum.only_flags != before->only_flags || sum.slots != before->slots;
    *before = sum;
}

static bool enter_block(struct analysis *analysis, uint32_t address,
                        const struct registers *registers) {
    for (size_t i = 0; i < analysis->count; i++) {
        if (analysis->blocks[i]->start == address) {
            add_registers(analysis, i, registers);
            return true;
        }
    }
    return false;
}

/* Whether registers take the flags out of the function: results, or the first arguments.  The whole
 * of MXCSR that is in one is a remnant if the function has written it. */
static bool shows_flags(const struct analysis *analysis, const struct registers *registers,
                        uint32_t shown) {
    return (registers->only_flags | (analysis->writes ? 0 : registers->flags)) & shown;
}

static bool follow_end(struct analysis *analysis, const struct block *block,
                       struct registers *registers) {
    const uint32_t arguments = 1u << REG_RDI | 1u << REG_RSI | 1u << REG_RDX;
    bool leaves = block->end == BLOCK_STOP || block_is_call(block) ||
                  (block->end == BLOCK_JUMP_INDIRECT && !block->target_count);
    if (block->end == BLOCK_RETURN)
        return shows_flags(analysis, registers, 1u << REG_RAX);
    if (leaves && shows_flags(analysis, registers, arguments))
        return true;
    if (block_is_call(block))
        clear_registers(registers, CALLER_SAVED);
    for (unsigned i = 0; i < block_successor_count(block); i++)
        leaves |= !enter_block(analysis, block_successor(block, i), registers);
    return leaves && !block_is_call(block) && shows_flags(analysis, registers, arguments);
}

static bool has_operation(const struct block *const *blocks, size_t count, enum op first,
                          enum op last) {
    for (size_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < blocks[i]->insn_count; j++)
            if (blocks[i]->insns[j].op >= first && blocks[i]->insns[j].op <= last)
                return true;
    return false;
}

bool reads_exception_flags(struct arena *arena, const struct block *const *blocks, size_t count) {
    /* What saves the whole state puts it back, or shows it. */
    if (has_operation(blocks, count, OP_fxsave, OP_fxsave64) &&
        !has_operation(blocks, count, OP_fxrstor, OP_fxrstor64))
        return true;
    if (!has_operation(blocks, count, OP_stmxcsr, OP_stmxcsr))
        return false;
    struct analysis analysis = {
        .blocks = blocks,
        .count = count,
        .writes = has_operation(blocks, count, OP_ldmxcsr, OP_ldmxcsr),
        .before = arena_alloc(arena, count * sizeof *analysis.before),
    };
    do {
        analysis.changed = false;
        for (size_t i = 0; i < count; i++) {
            struct registers registers = analysis.before[i];
            for (uint32_t j = 0; j < blocks[i]->insn_count; j++)
                if (follow(&analysis, &blocks[i]->insns[j], &registers))
                    return true;
            if (follow_end(&analysis, blocks[i], &registers))
                return true;
        }
    } while (analysis.changed);
    return false;
}
