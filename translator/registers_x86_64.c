/* Where guest registers live inside a lifted function: in allocas that LLVM turns into SSA values,
 * loaded from the CPU state where they are live and stored back where they are dirty.  General
 * registers and the lazy flags are in WebAssembly globals while lifted code runs, vectors in memory
 * (register_globals.h). */
#include "../runtime/guest_memory.h"
#include "../runtime/isa/state.h"
#include "lift.h"
#include "register_globals.h"

#define GLOBAL_FLAGS 16 /* c2w_x16, 17 and 18: flags_op, flags_a, flags_b */

static bool is_vector(unsigned reg) { return reg >= REGISTER_XMM && reg < REGISTER_FLAGS_OP; }

static LLVMTypeRef register_type(struct lift *l, unsigned reg) {
    return is_vector(reg) ? l->guest.v2i64 : l->i64;
}

static uint32_t register_address(unsigned reg) {
    if (reg < REGISTER_XMM)
        return REGISTERS_ADDRESS + 8 * reg;
    if (is_vector(reg))
        return CPU_ADDRESS + offsetof(struct cpu, xmm) + 16 * (reg - REGISTER_XMM);
    return REGISTERS_ADDRESS + 8 * (reg - REGISTER_FLAGS_OP + GLOBAL_FLAGS);
}

register_mask insn_pointer(const struct insn *insn) {
    bool accesses = insn->form & FORM_MEMORY && insn->op != OP_nop && insn->op != OP_lea16 &&
                    insn->op != OP_lea32 && insn->op != OP_lea64;
    bool near = insn->disp > -(int32_t)GUEST_GUARD && insn->disp < (int32_t)GUEST_MIN;
    if (!accesses || !near || insn->flags & INSN_ADDRESS_FLAGS || insn->base == REG_RSP)
        return 0;
    bool has_base = insn->base < REG_ZERO, has_index = insn->index < REG_ZERO;
    if (insn->base > REG_ZERO || insn->index > REG_ZERO)
        return 0;
    return (has_base ? (register_mask)1 << insn->base : 0) |
           (has_index ? (register_mask)1 << insn->index : 0);
}

LLVMValueRef build_pointer(struct lift *l, const struct insn *insn) {
    LLVMValueRef sum = LLVMConstInt(l->i64, 0, false);
    if (insn->base < REG_ZERO)
        sum = read_register(l, insn->base);
    if (insn->index < REG_ZERO) {
        LLVMValueRef scale = LLVMConstInt(l->i64, insn->scale, false);
        LLVMValueRef index = LLVMBuildShl(l->builder, read_register(l, insn->index), scale, "");
        sum = LLVMBuildAdd(l->builder, sum, index, "");
    }
    return sum;
}

void choose_registers(struct lift *l, const struct register_use *all) {
    (void)all;
    struct guest_lift *guest = &l->guest;
    guest->v16i8 = LLVMVectorType(l->i8, 16);
    guest->v8i16 = LLVMVectorType(l->i16, 8);
    guest->v4i32 = LLVMVectorType(l->i32, 4);
    guest->v2i64 = LLVMVectorType(l->i64, 2);
    guest->v4f32 = LLVMVectorType(l->f32, 4);
    guest->v2f64 = LLVMVectorType(l->f64, 2);
}

void declare_registers(struct lift *l, register_mask mask) {
    for (unsigned reg = 0; reg < REGISTER_COUNT; reg++)
        l->registers[reg] =
            mask >> reg & 1 ? LLVMBuildAlloca(l->builder, register_type(l, reg), "") : NULL;
}

void load_registers(struct lift *l, register_mask mask) {
    l->cached |= mask;
    for (unsigned reg = 0; reg < REGISTER_COUNT; reg++)
        if (mask >> reg & 1 && l->registers[reg])
            LLVMBuildStore(l->builder, load_at(l, register_type(l, reg), register_address(reg)),
                           l->registers[reg]);
}

void store_registers(struct lift *l, register_mask mask) {
    for (unsigned reg = 0; reg < REGISTER_COUNT; reg++)
        if (mask >> reg & 1)
            store_at(l, LLVMBuildLoad2(l->builder, register_type(l, reg), l->registers[reg], ""),
                     register_address(reg));
}

void settle_registers(struct lift *l) { (void)l; }

LLVMValueRef read_stack_pointer(struct lift *l) { return read_register(l, REG_RSP); }

LLVMValueRef read_register(struct lift *l, unsigned reg) {
    return LLVMBuildLoad2(l->builder, register_type(l, reg), l->registers[reg], "");
}

void write_register(struct lift *l, unsigned reg, LLVMValueRef value) {
    LLVMBuildStore(l->builder, value, l->registers[reg]);
    l->dirty |= (register_mask)1 << reg;
    l->cached |= (register_mask)1 << reg;
}

LLVMValueRef read_byte_register(struct lift *l, unsigned n) {
    LLVMValueRef value = read_register(l, n / 8);
    if (n % 8)
        value = LLVMBuildLShr(l->builder, value, LLVMConstInt(l->i64, 8 * (n % 8), false), "");
    return LLVMBuildTrunc(l->builder, value, l->i8, "");
}

void write_byte_register(struct lift *l, unsigned n, LLVMValueRef value) {
    unsigned shift = 8 * (n % 8);
    LLVMValueRef kept = LLVMConstInt(l->i64, ~((uint64_t)0xff << shift), false);
    LLVMValueRef old = LLVMBuildAnd(l->builder, read_register(l, n / 8), kept, "");
    value = LLVMBuildZExt(l->builder, value, l->i64, "");
    if (shift)
        value = LLVMBuildShl(l->builder, value, LLVMConstInt(l->i64, shift, false), "");
    write_register(l, n / 8, LLVMBuildOr(l->builder, old, value, ""));
}

int32_t insn_stack_step(const struct insn *insn) {
    if (!(insn_registers(insn).writes & STACK_POINTER))
        return 0;
    switch ((enum op)insn->op) {
    case OP_push16:
    case OP_pushf16:
        return -2;
    case OP_push64:
    case OP_pushf64:
    case OP_call:
    case OP_call_indirect:
        return -8;
    case OP_popf16:
        return 2;
    case OP_popf64:
        return 8;
    case OP_ret:
        return 8 + insn->imm;
    case OP_pop16:
    case OP_pop64:
        if (insn->form == FORM_REGISTERS && insn->reg == REG_RSP)
            return STACK_UNKNOWN;
        return insn->op == OP_pop64 ? 8 : 2;
    case OP_add64:
        return insn->form == FORM_IMMEDIATE ? insn->imm : STACK_UNKNOWN;
    case OP_sub64:
        return insn->form == FORM_IMMEDIATE ? -insn->imm : STACK_UNKNOWN;
    case OP_lea64:
        return insn->base == REG_RSP && insn->index == REG_ZERO && !(insn->flags & INSN_ADDRESS_FLAGS)
                   ? insn->disp
                   : STACK_UNKNOWN;
    default:
        return STACK_UNKNOWN;
    }
}
