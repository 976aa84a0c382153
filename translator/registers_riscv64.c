/* Where guest registers live inside a lifted function: in allocas that LLVM turns into SSA values,
 * loaded from c2w_cpu where they are live and stored back where they are dirty. */
#include <string.h>

#include "../runtime/isa/state.h"
#include "lift.h"
#include "register_globals.h"
#include "registers_riscv64.h"

#define SINGLE_BOX 0xffffffff00000000u
#define SINGLE_NAN 0x7fc00000u
#define DOUBLE_NAN 0x7ff8000000000000u

static bool has_suffix(const char *mnemonic, const char *suffix) {
    size_t a = strlen(mnemonic), b = strlen(suffix);
    return a >= b && !strcmp(mnemonic + a - b, suffix);
}

struct register_use insn_registers(const struct insn *insn) {
    struct register_use use = {0};
    const struct op_info *info = &op_table[insn->op];
    register_mask rd = insn->rd < 32 ? (register_mask)1 << insn->rd : 0;
    register_mask rs1 = (register_mask)1 << insn->rs1, rs2 = (register_mask)1 << insn->rs2;
    register_mask fd = (register_mask)1 << (REGISTER_F + insn->rd % 32);
    register_mask f1 = (register_mask)1 << (REGISTER_F + insn->rs1);
    register_mask f2 = (register_mask)1 << (REGISTER_F + insn->rs2);
    register_mask f3 = (register_mask)1 << (REGISTER_F + insn->rs3);
    switch (info->form) {
    case FORM_R:
    case FORM_AMO:
        use.reads = rs1 | rs2, use.writes = rd;
        break;
    case FORM_UNARY:
    case FORM_I:
    case FORM_SHIFT6:
    case FORM_SHIFT5:
    case FORM_CSR:
    case FORM_LR:
        use.reads = rs1, use.writes = rd;
        break;
    case FORM_S:
    case FORM_B:
        use.reads = rs1 | rs2;
        break;
    case FORM_U:
    case FORM_J:
    case FORM_CSRI:
        use.writes = rd;
        break;
    case FORM_NONE:
    case FORM_FENCE:
        break;
    case FORM_FP_LOAD:
        use.reads = rs1, use.writes = fd;
        break;
    case FORM_FP_STORE:
        use.reads = rs1 | f2;
        break;
    case FORM_FP_R:
    case FORM_FP_R_RM:
        use.reads = f1 | f2, use.writes = fd;
        break;
    case FORM_FP_R4_RM:
        use.reads = f1 | f2 | f3, use.writes = fd;
        break;
    case FORM_FP_UNARY_RM:
        use.reads = f1, use.writes = fd;
        break;
    case FORM_FP_COMPARE:
        use.reads = f1 | f2, use.writes = rd;
        break;
    case FORM_FP_TO_INT:
    case FORM_FP_TO_INT_RM:
        use.reads = f1, use.writes = rd;
        break;
    case FORM_FP_FROM_INT:
    case FORM_FP_FROM_INT_RM:
        use.reads = rs1, use.writes = fd;
        break;
    }
    use.reads &= ~(register_mask)1; /* x0 */
    register_mask f = (use.reads | use.writes) >> REGISTER_F << REGISTER_F;
    if (insn->op == OP_fsw || insn->op == OP_fmv_x_w)
        use.as_raw = use.reads;
    if (insn->op == OP_fcvt_s_d)
        use.as_single = fd, use.as_double = f1;
    else if (insn->op == OP_fcvt_d_s)
        use.as_double = fd, use.as_single = f1;
    else if (insn->op == OP_flw || insn->op == OP_fsw || insn->op == OP_fmv_x_w ||
             insn->op == OP_fmv_w_x || has_suffix(info->mnemonic, ".s") ||
             !strncmp(info->mnemonic, "fcvt.s.", 7))
        use.as_single = f;
    else
        use.as_double = f;
    return use;
}

static uint32_t register_address(unsigned reg) {
    return reg < REGISTER_F ? REGISTERS_ADDRESS + 8 * reg
                            : CPU_ADDRESS + offsetof(struct cpu, f) + 8 * (reg - REGISTER_F);
}

int32_t insn_stack_step(const struct insn *insn) {
    if (!(insn_registers(insn).writes & STACK_POINTER))
        return 0;
    return insn->op == OP_addi && insn->rs1 == 2 ? insn->imm : STACK_UNKNOWN;
}

register_mask insn_pointer(const struct insn *insn) {
    switch (op_table[insn->op].class) {
    case CLASS_LOAD:
    case CLASS_STORE:
    case CLASS_ATOMIC:
        return ((register_mask)1 << insn->rs1) & ~(STACK_POINTER | GLOBAL_POINTERS | 1);
    default:
        return 0;
    }
}

LLVMValueRef build_pointer(struct lift *l, const struct insn *insn) { return read_x(l, insn->rs1); }

void choose_registers(struct lift *l, const struct register_use *all) {
    for (unsigned n = 0; n < 32; n++) {
        unsigned bit = REGISTER_F + n;
        bool s = all->as_single >> bit & 1, d = all->as_double >> bit & 1;
        bool lower_half = all->as_raw >> bit & 1;
        l->guest.fp_kinds[n] = s && (d || lower_half) ? FP_RAW : s ? FP_SINGLE : FP_DOUBLE;
    }
}

static LLVMTypeRef register_type(struct lift *l, unsigned reg) {
    if (reg < REGISTER_F)
        return l->i64;
    switch (l->guest.fp_kinds[reg - REGISTER_F]) {
    case FP_SINGLE:
        return l->f32;
    case FP_DOUBLE:
        return l->f64;
    default:
        return l->i64;
    }
}

void declare_registers(struct lift *l, register_mask mask) {
    for (unsigned reg = 0; reg < REGISTER_COUNT; reg++)
        l->registers[reg] =
            mask >> reg & 1 ? LLVMBuildAlloca(l->builder, register_type(l, reg), "") : NULL;
}

/* NaN-boxing: a single is valid only when the upper half is all ones, else it reads as NaN
 * (RISC-V unprivileged manual, "NaN Boxing of Narrower Values"). */
static LLVMValueRef unbox(struct lift *l, LLVMValueRef raw) {
    LLVMValueRef boxed =
        LLVMBuildICmp(l->builder, LLVMIntUGE, raw, LLVMConstInt(l->i64, SINGLE_BOX, false), "");
    LLVMValueRef low = LLVMBuildTrunc(l->builder, raw, l->i32, "");
    low = LLVMBuildSelect(l->builder, boxed, low, LLVMConstInt(l->i32, SINGLE_NAN, false), "");
    return LLVMBuildBitCast(l->builder, low, l->f32, "");
}

static LLVMValueRef box(struct lift *l, LLVMValueRef single) {
    LLVMValueRef low = LLVMBuildBitCast(l->builder, single, l->i32, "");
    low = LLVMBuildZExt(l->builder, low, l->i64, "");
    return LLVMBuildOr(l->builder, low, LLVMConstInt(l->i64, SINGLE_BOX, false), "");
}

void load_registers(struct lift *l, register_mask mask) {
    l->cached |= mask;
    for (unsigned reg = 0; reg < REGISTER_COUNT; reg++) {
        if (!(mask >> reg & 1))
            continue;
        LLVMValueRef value;
        if (reg >= REGISTER_F && l->guest.fp_kinds[reg - REGISTER_F] == FP_SINGLE)
            value = unbox(l, load_at(l, l->i64, register_address(reg)));
        else
            value = load_at(l, register_type(l, reg), register_address(reg));
        LLVMBuildStore(l->builder, value, l->registers[reg]);
    }
}

void store_registers(struct lift *l, register_mask mask) {
    for (unsigned reg = 1; reg < REGISTER_COUNT; reg++) {
        if (!(mask >> reg & 1))
            continue;
        LLVMValueRef value =
            LLVMBuildLoad2(l->builder, register_type(l, reg), l->registers[reg], "");
        if (reg >= REGISTER_F && l->guest.fp_kinds[reg - REGISTER_F] == FP_SINGLE)
            value = box(l, value);
        store_at(l, value, register_address(reg));
    }
}

LLVMValueRef read_x(struct lift *l, unsigned n) {
    return n == 0 ? LLVMConstInt(l->i64, 0, false)
                  : LLVMBuildLoad2(l->builder, l->i64, l->registers[n], "");
}

LLVMValueRef read_stack_pointer(struct lift *l) { return read_x(l, 2); }

void write_x(struct lift *l, unsigned n, LLVMValueRef value) {
    if (n == 0 || n == INSN_SINK)
        return;
    LLVMBuildStore(l->builder, value, l->registers[n]);
    l->dirty |= (register_mask)1 << n;
    l->cached |= (register_mask)1 << n;
}

/* --- floating point --- */

void mark_arithmetic(struct lift *l, LLVMValueRef value) {
    l->guest.arithmetic[l->guest.arithmetic_count++ % 64] = value;
}

static bool is_arithmetic(struct lift *l, LLVMValueRef value) {
    unsigned count = l->guest.arithmetic_count < 64 ? l->guest.arithmetic_count : 64;
    for (unsigned i = 0; i < count; i++)
        if (l->guest.arithmetic[i] == value)
            return true;
    return false;
}

/* Hosts differ in the NaN that arithmetic gives; RISC-V's is always the canonical one. */
LLVMValueRef canonicalize(struct lift *l, LLVMValueRef value) {
    if (!is_arithmetic(l, value))
        return value;
    LLVMTypeRef type = LLVMTypeOf(value);
    LLVMValueRef nan = type == l->f32
                           ? LLVMConstBitCast(LLVMConstInt(l->i32, SINGLE_NAN, false), type)
                           : LLVMConstBitCast(LLVMConstInt(l->i64, DOUBLE_NAN, false), type);
    LLVMValueRef is_nan = LLVMBuildFCmp(l->builder, LLVMRealUNO, value, value, "");
    return LLVMBuildSelect(l->builder, is_nan, nan, value, "");
}

/* Reads register f<n> with the type of its alloca; bits_matter: as bits, so canonical.  Otherwise
 * a value that may be an arithmetic NaN is marked so again. */
static LLVMValueRef read_slot(struct lift *l, unsigned n, bool bits_matter) {
    unsigned reg = REGISTER_F + n;
    LLVMValueRef value = LLVMBuildLoad2(l->builder, register_type(l, reg), l->registers[reg], "");
    if (!(l->guest.noncanonical >> reg & 1))
        return value;
    if (!bits_matter) {
        mark_arithmetic(l, value);
        return value;
    }
    mark_arithmetic(l, value);
    value = canonicalize(l, value);
    LLVMBuildStore(l->builder, value, l->registers[reg]);
    l->guest.noncanonical &= ~((register_mask)1 << reg);
    return value;
}

static void write_slot(struct lift *l, unsigned n, LLVMValueRef value, bool noncanonical) {
    register_mask bit = (register_mask)1 << (REGISTER_F + n);
    LLVMBuildStore(l->builder, value, l->registers[REGISTER_F + n]);
    l->dirty |= bit;
    l->cached |= bit;
    l->guest.noncanonical = noncanonical ? l->guest.noncanonical | bit : l->guest.noncanonical & ~bit;
}

LLVMValueRef read_f_raw(struct lift *l, unsigned n) {
    LLVMValueRef value = read_slot(l, n, true);
    switch (l->guest.fp_kinds[n]) {
    case FP_SINGLE:
        return box(l, value);
    case FP_DOUBLE:
        return LLVMBuildBitCast(l->builder, value, l->i64, "");
    default:
        return value;
    }
}

void write_f_raw(struct lift *l, unsigned n, LLVMValueRef value) {
    if (l->guest.fp_kinds[n] == FP_SINGLE)
        value = unbox(l, value);
    else if (l->guest.fp_kinds[n] == FP_DOUBLE)
        value = LLVMBuildBitCast(l->builder, value, l->f64, "");
    write_slot(l, n, value, false);
}

LLVMValueRef read_f(struct lift *l, unsigned n, enum fp_kind kind) {
    if (l->guest.fp_kinds[n] == kind)
        return read_slot(l, n, false);
    LLVMValueRef raw = read_f_raw(l, n);
    return kind == FP_SINGLE ? unbox(l, raw) : LLVMBuildBitCast(l->builder, raw, l->f64, "");
}

void write_f(struct lift *l, unsigned n, enum fp_kind kind, LLVMValueRef value) {
    bool noncanonical = is_arithmetic(l, value);
    if (l->guest.fp_kinds[n] == kind) {
        write_slot(l, n, value, noncanonical);
        return;
    }
    value = canonicalize(l, value);
    write_f_raw(
        l, n, kind == FP_SINGLE ? box(l, value) : LLVMBuildBitCast(l->builder, value, l->i64, ""));
}

void settle_registers(struct lift *l) {
    for (unsigned n = 0; n < 32; n++)
        if (l->guest.noncanonical >> (REGISTER_F + n) & 1)
            read_slot(l, n, true);
}
