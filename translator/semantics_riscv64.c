/* What instructions mean, as LLVM IR: the semantics of runtime/isa/riscv64/sem.h over the
 * primitives of sem_build.h. */
#include <string.h>

#include "../runtime/guest_memory.h"
#include "../runtime/isa/softfloat.h"
#include "../runtime/isa/state.h"
#include "lift.h"

#define FFLAGS_MASK 31
#define FRM_MASK 7

static void leave_to_interpreter_if(struct lift *l, LLVMValueRef condition) {
    leave_if(l, condition, l->pc, true);
}

/* --- system --- */

/* A system call sees and may change the whole state; it changes a0 only when execution goes on. */
static void build_syscall(struct lift *l) {
    settle_registers(l);
    store_registers(l, l->dirty);
    l->dirty = 0;
    LLVMValueRef pc = LLVMConstInt(l->i32, l->pc, false);
    LLVMValueRef unwind = call_runtime(l, "c2w_syscall", l->i32, &pc, 1);
    LLVMValueRef zero = LLVMConstInt(l->i32, 0, false);
    leave_if(l, LLVMBuildICmp(l->builder, LLVMIntNE, unwind, zero, ""), 0, false);
    l->cached &= ~SYSCALL_RESULTS;
}

static LLVMValueRef build_csr_read(struct lift *l, int32_t csr) {
    LLVMValueRef flags = load_state(l, l->i32, offsetof(struct cpu, fflags));
    LLVMValueRef mode = load_state(l, l->i32, offsetof(struct cpu, frm));
    LLVMValueRef value = flags;
    if (csr == CSR_FRM)
        value = mode;
    else if (csr == CSR_FCSR)
        value = LLVMBuildOr(l->builder, flags,
                            LLVMBuildShl(l->builder, mode, LLVMConstInt(l->i32, 5, false), ""), "");
    return LLVMBuildZExt(l->builder, value, l->i64, "");
}

static void build_csr_write(struct lift *l, int32_t csr, LLVMValueRef value) {
    value = LLVMBuildTrunc(l->builder, value, l->i32, "");
    if (csr != CSR_FRM) {
        LLVMValueRef flags =
            LLVMBuildAnd(l->builder, value, LLVMConstInt(l->i32, FFLAGS_MASK, false), "");
        store_state(l, flags, offsetof(struct cpu, fflags));
    }
    if (csr != CSR_FFLAGS) {
        if (csr == CSR_FCSR)
            value = LLVMBuildLShr(l->builder, value, LLVMConstInt(l->i32, 5, false), "");
        LLVMValueRef mode =
            LLVMBuildAnd(l->builder, value, LLVMConstInt(l->i32, FRM_MASK, false), "");
        store_state(l, mode, offsetof(struct cpu, frm));
    }
}

/* --- floating point --- */

static LLVMValueRef build_bits(struct lift *l, LLVMValueRef value) {
    LLVMTypeRef type = LLVMTypeOf(value) == l->f32 ? l->i32 : l->i64;
    return LLVMBuildBitCast(l->builder, canonicalize(l, value), type, "");
}

static bool is_nearest_even(uint8_t rm) {
    return rm == ROUND_NEAREST_EVEN || rm == ROUNDING_DYNAMIC;
}

/* A function of softfloat.h on bits: operands, then the rounding mode unless there is none. */
static LLVMValueRef build_helper(struct lift *l, const char *name, LLVMTypeRef result,
                                 LLVMValueRef *operands, unsigned count, int rm) {
    LLVMValueRef arguments[4];
    for (unsigned i = 0; i < count; i++) {
        LLVMTypeRef type = LLVMTypeOf(operands[i]);
        arguments[i] = type == l->f32 || type == l->f64 ? build_bits(l, operands[i]) : operands[i];
    }
    if (rm >= 0)
        arguments[count++] = LLVMConstInt(l->i32, (unsigned)rm, false);
    LLVMTypeRef bits = result == l->f32 ? l->i32 : result == l->f64 ? l->i64 : result;
    LLVMValueRef value = call_runtime(l, name, bits, arguments, count);
    return bits == result ? value : LLVMBuildBitCast(l->builder, value, result, "");
}

static LLVMValueRef arithmetic(struct lift *l, LLVMValueRef value) {
    mark_arithmetic(l, value);
    return value;
}

static LLVMValueRef build_fp_binary(struct lift *l, LLVMOpcode opcode, const char *helper,
                                    LLVMValueRef a, LLVMValueRef b, uint8_t rm) {
    if (!is_nearest_even(rm) || l->exact_fflags)
        return build_helper(l, helper, LLVMTypeOf(a), (LLVMValueRef[]){a, b}, 2, rm);
    return arithmetic(l, LLVMBuildBinOp(l->builder, opcode, a, b, ""));
}

static LLVMValueRef build_sqrt(struct lift *l, const char *helper, LLVMValueRef a, uint8_t rm) {
    if (!is_nearest_even(rm) || l->exact_fflags)
        return build_helper(l, helper, LLVMTypeOf(a), &a, 1, rm);
    return arithmetic(l, build_unary(l, "llvm.sqrt", a));
}

static LLVMValueRef build_fma(struct lift *l, const char *helper, LLVMValueRef a, LLVMValueRef b,
                              LLVMValueRef c, uint8_t rm) {
    LLVMValueRef operands[] = {a, b, c};
    if (!is_nearest_even(rm) || l->exact_fflags)
        return build_helper(l, helper, LLVMTypeOf(a), operands, 3, rm);
    if (l->options->fma == FMA_RELAXED)
        return arithmetic(l, build_relaxed_fma(l, a, b, c));
    if (l->options->fma == FMA_EXACT) {
        helper = LLVMTypeOf(a) == l->f32 ? "c2w_f32_fma_nearest" : "c2w_f64_fma_nearest";
        return build_helper(l, helper, LLVMTypeOf(a), operands, 3, -1);
    }
    LLVMValueRef product = LLVMBuildFMul(l->builder, a, b, "");
    return arithmetic(l, LLVMBuildFAdd(l->builder, product, c, ""));
}

/* A number wins over a NaN, -0 is below +0 (IEEE 754-2019 minimumNumber). */
static LLVMValueRef build_minmax(struct lift *l, bool is_max, const char *helper, LLVMValueRef a,
                                 LLVMValueRef b) {
    if (l->exact_fflags)
        return build_helper(l, helper, LLVMTypeOf(a), (LLVMValueRef[]){a, b}, 2, -1);
    LLVMValueRef extremum =
        build_intrinsic(l, is_max ? "llvm.maximum" : "llvm.minimum", (LLVMTypeRef[]){LLVMTypeOf(a)},
                        1, (LLVMValueRef[]){a, b}, 2);
    LLVMValueRef b_nan = LLVMBuildFCmp(l->builder, LLVMRealUNO, b, b, "");
    LLVMValueRef a_nan = LLVMBuildFCmp(l->builder, LLVMRealUNO, a, a, "");
    LLVMValueRef value = LLVMBuildSelect(l->builder, b_nan, a, extremum, "");
    return arithmetic(l, LLVMBuildSelect(l->builder, a_nan, b, value, ""));
}

static LLVMValueRef build_compare(struct lift *l, LLVMRealPredicate predicate, const char *helper,
                                  LLVMValueRef a, LLVMValueRef b) {
    if (!l->exact_fflags)
        return LLVMBuildFCmp(l->builder, predicate, a, b, "");
    LLVMValueRef value = build_helper(l, helper, l->i32, (LLVMValueRef[]){a, b}, 2, -1);
    return LLVMBuildICmp(l->builder, LLVMIntNE, value, LLVMConstInt(l->i32, 0, false), "");
}

static LLVMValueRef build_classify(struct lift *l, const char *helper, LLVMValueRef a) {
    LLVMValueRef mask = build_helper(l, helper, l->i32, &a, 1, -1);
    return LLVMBuildZExt(l->builder, mask, l->i64, "");
}

/* Conversions saturate; NaN gives the largest value (the saturating wasm instruction gives 0). */
static LLVMValueRef build_to_integer(struct lift *l, const char *helper, LLVMValueRef a,
                                     LLVMTypeRef type, bool is_signed, uint8_t rm) {
    static const char *const rounding[] = {"llvm.roundeven", NULL, "llvm.floor", "llvm.ceil"};
    if (rm == ROUND_NEAREST_AWAY || l->exact_fflags)
        return build_helper(l, helper, type, &a, 1, rm);
    unsigned mode = rm == ROUNDING_DYNAMIC ? ROUND_NEAREST_EVEN : rm;
    LLVMValueRef rounded = rounding[mode] ? build_unary(l, rounding[mode], a) : a;
    LLVMTypeRef types[] = {type, LLVMTypeOf(a)};
    LLVMValueRef value = build_intrinsic(l, is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat",
                                         types, 2, &rounded, 1);
    LLVMValueRef largest = LLVMConstAllOnes(type);
    if (is_signed)
        largest = LLVMConstInt(type, type == l->i32 ? INT32_MAX : INT64_MAX, false);
    LLVMValueRef is_nan = LLVMBuildFCmp(l->builder, LLVMRealUNO, a, a, "");
    return LLVMBuildSelect(l->builder, is_nan, largest, value, "");
}

static LLVMValueRef build_from_integer(struct lift *l, const char *helper, LLVMValueRef a,
                                       LLVMTypeRef type, bool is_signed, uint8_t rm) {
    bool may_round = LLVMTypeOf(a) == l->i64 || type == l->f32;
    if (may_round && (!is_nearest_even(rm) || l->exact_fflags)) {
        if (LLVMTypeOf(a) == l->i32)
            a = is_signed ? LLVMBuildSExt(l->builder, a, l->i64, "")
                          : LLVMBuildZExt(l->builder, a, l->i64, "");
        return build_helper(l, helper, type, &a, 1, rm);
    }
    return is_signed ? LLVMBuildSIToFP(l->builder, a, type, "")
                     : LLVMBuildUIToFP(l->builder, a, type, "");
}

static LLVMValueRef build_narrow(struct lift *l, LLVMValueRef a, uint8_t rm) {
    if (!is_nearest_even(rm) || l->exact_fflags)
        return build_helper(l, "c2w_f64_to_f32", l->f32, &a, 1, rm);
    return arithmetic(l, LLVMBuildFPTrunc(l->builder, a, l->f32, ""));
}

static LLVMValueRef build_widen(struct lift *l, LLVMValueRef a) {
    if (l->exact_fflags)
        return build_helper(l, "c2w_f32_to_f64", l->f64, &a, 1, -1);
    return arithmetic(l, LLVMBuildFPExt(l->builder, a, l->f64, ""));
}

#include "../runtime/isa/riscv64/sem_build.h"

#include "../runtime/isa/riscv64/sem.h"

static bool is_fp_csr(int32_t csr) {
    return csr == CSR_FFLAGS || csr == CSR_FRM || csr == CSR_FCSR;
}

bool insn_may_leave(const struct lift *l, const struct insn *insn) {
    (void)l;
    switch (op_table[insn->op].class) {
    case CLASS_SYSTEM:
    case CLASS_CSR:
    case CLASS_ATOMIC:
        return true;
    default:
        return insn->op == OP_fence_i;
    }
}

void join_facts(const struct lift *l, struct block_facts *at_successor, bool behind_call) {
    (void)l, (void)at_successor, (void)behind_call;
}

void begin_block(struct lift *l, const struct block_facts *facts, bool unknown) {
    (void)facts, (void)unknown;
    l->guest.noncanonical = 0;
    l->guest.arithmetic_count = 0;
}

void lift_insn(struct lift *l, const struct insn *insn) {
    typedef void semantics(struct lift *, const struct insn *);
    static semantics *const table[OP_COUNT] = {
#define OP(id, mnemonic, form, match, mask, class) [OP_##id] = sem_##id,
#include "../runtime/isa/riscv64/ops.def"
#undef OP
    };
    if (op_table[insn->op].class == CLASS_CSR) {
        /* Counters and unknown CSRs are the interpreter's. */
        if (!is_fp_csr(insn->imm)) {
            leave_to_interpreter_if(l, LLVMConstInt(l->i1, 1, false));
            return;
        }
        table[insn->op](l, insn);
        if (insn->imm != CSR_FFLAGS) { /* lifted code runs with nearest-even only */
            LLVMValueRef mode = load_state(l, l->i32, offsetof(struct cpu, frm));
            LLVMValueRef zero = LLVMConstInt(l->i32, ROUND_NEAREST_EVEN, false);
            leave_if(l, LLVMBuildICmp(l->builder, LLVMIntNE, mode, zero, ""), l->next_pc, false);
        }
        return;
    }
    table[insn->op](l, insn);
}
