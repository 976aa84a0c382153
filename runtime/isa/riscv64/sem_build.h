/* The primitives of RISC-V's sem.h for the lifter (../sem_build.h has those of every guest); included
 * by translator/semantics_riscv64.c. */
#ifndef C2W_RISCV64_SEM_BUILD_H
#define C2W_RISCV64_SEM_BUILD_H

#include "../sem_build.h"

#define SEM(name) static void sem_##name(struct lift *l, const struct insn *i)

/* Memory. */
static void build_store(struct lift *l, LLVMTypeRef type, LLVMValueRef base, int32_t displacement,
                        LLVMValueRef value) {
    if (type != l->i64)
        value = LLVMBuildTrunc(l->builder, value, type, "");
    LLVMValueRef store = LLVMBuildStore(l->builder, value, build_address(l, base, displacement));
    LLVMSetAlignment(store, 1);
    LLVMSetMetadata(store, l->tbaa_kind, l->tbaa_guest);
}
#define LOAD8U(base, d) LLVMBuildZExt(l->builder, build_load(l, l->i8, base, d), l->i64, "")
#define LOAD8S(base, d) LLVMBuildSExt(l->builder, build_load(l, l->i8, base, d), l->i64, "")
#define LOAD16U(base, d) LLVMBuildZExt(l->builder, build_load(l, l->i16, base, d), l->i64, "")
#define LOAD16S(base, d) LLVMBuildSExt(l->builder, build_load(l, l->i16, base, d), l->i64, "")
#define LOAD32U(base, d) LLVMBuildZExt(l->builder, build_load(l, l->i32, base, d), l->i64, "")
#define LOAD32S(base, d) LLVMBuildSExt(l->builder, build_load(l, l->i32, base, d), l->i64, "")
#define LOAD64(base, d) build_load(l, l->i64, base, d)
#define STORE8(base, d, v) build_store(l, l->i8, base, d, v)
#define STORE16(base, d, v) build_store(l, l->i16, base, d, v)
#define STORE32(base, d, v) build_store(l, l->i32, base, d, v)
#define STORE64(base, d, v) build_store(l, l->i64, base, d, v)
#define CHECK_ALIGNED(address, size)                                                               \
    leave_to_interpreter_if(                                                                       \
        l, LLVMBuildICmp(l->builder, LLVMIntNE,                                                    \
                         LLVMBuildAnd(l->builder, address, C64((size) - 1), ""), C64(0), ""))

/* LR/SC: the reservation is in c2w_cpu. */
#define RESERVE(address, value)                                                                    \
    do {                                                                                           \
        store_state(l, address, offsetof(struct cpu, res_addr));                                   \
        store_state(l, value, offsetof(struct cpu, res_value));                                    \
    } while (0)
static LLVMValueRef build_reserved(struct lift *l, LLVMValueRef address, LLVMValueRef value) {
    LLVMValueRef reserved = load_state(l, l->i64, offsetof(struct cpu, res_addr));
    LLVMValueRef loaded = load_state(l, l->i64, offsetof(struct cpu, res_value));
    return LLVMBuildAnd(l->builder, EQ64(reserved, address), EQ64(loaded, value), "");
}
#define RESERVED(address, value) build_reserved(l, address, value)
#define UNRESERVE() store_state(l, C64(-1), offsetof(struct cpu, res_addr))

/* Registers. */
#define X(n) read_x(l, n)
#define WX(n, v) write_x(l, n, v)
#define FRAW(n) read_f_raw(l, n)
#define WFRAW(n, v) write_f_raw(l, n, v)
#define FS(n) read_f(l, n, FP_SINGLE)
#define WFS(n, v) write_f(l, n, FP_SINGLE, v)
#define FD(n) read_f(l, n, FP_DOUBLE)
#define WFD(n, v) write_f(l, n, FP_DOUBLE, v)

/* System. */
#define ECALL() ((void)i, build_syscall(l))
#define EBREAK() ((void)i, leave_to_interpreter_if(l, LLVMConstInt(l->i1, 1, false)))
#define FENCE() ((void)l, (void)i) /* one hart, in order */
#define FENCE_I() ((void)i, leave_to_interpreter_if(l, LLVMConstInt(l->i1, 1, false)))
#define CSR_READ(csr) build_csr_read(l, csr)
#define CSR_WRITE(csr, v) build_csr_write(l, csr, v)

/* Floating point: wasm instructions for nearest-even, which is what a dynamic mode means in lifted
 * code; helpers of softfloat.h for other modes and where the flags are wanted. */
#define ROUNDING(rm) ((void)(rm))
#define FADD32(a, b, rm) build_fp_binary(l, LLVMFAdd, "c2w_f32_add", a, b, rm)
#define FSUB32(a, b, rm) build_fp_binary(l, LLVMFSub, "c2w_f32_sub", a, b, rm)
#define FMUL32(a, b, rm) build_fp_binary(l, LLVMFMul, "c2w_f32_mul", a, b, rm)
#define FDIV32(a, b, rm) build_fp_binary(l, LLVMFDiv, "c2w_f32_div", a, b, rm)
#define FSQRT32(a, rm) build_sqrt(l, "c2w_f32_sqrt", a, rm)
#define FMADD32(a, b, c, rm) build_fma(l, "c2w_f32_fma", a, b, c, rm)
#define FADD64(a, b, rm) build_fp_binary(l, LLVMFAdd, "c2w_f64_add", a, b, rm)
#define FSUB64(a, b, rm) build_fp_binary(l, LLVMFSub, "c2w_f64_sub", a, b, rm)
#define FMUL64(a, b, rm) build_fp_binary(l, LLVMFMul, "c2w_f64_mul", a, b, rm)
#define FDIV64(a, b, rm) build_fp_binary(l, LLVMFDiv, "c2w_f64_div", a, b, rm)
#define FSQRT64(a, rm) build_sqrt(l, "c2w_f64_sqrt", a, rm)
#define FMADD64(a, b, c, rm) build_fma(l, "c2w_f64_fma", a, b, c, rm)
#define FNEG32(a) LLVMBuildFNeg(l->builder, a, "")
#define FNEG64(a) LLVMBuildFNeg(l->builder, a, "")
#define FMIN32(a, b) build_minmax(l, false, "c2w_f32_min", a, b)
#define FMAX32(a, b) build_minmax(l, true, "c2w_f32_max", a, b)
#define FMIN64(a, b) build_minmax(l, false, "c2w_f64_min", a, b)
#define FMAX64(a, b) build_minmax(l, true, "c2w_f64_max", a, b)
#define FEQ32(a, b) build_compare(l, LLVMRealOEQ, "c2w_f32_eq", a, b)
#define FLT32(a, b) build_compare(l, LLVMRealOLT, "c2w_f32_lt", a, b)
#define FLE32(a, b) build_compare(l, LLVMRealOLE, "c2w_f32_le", a, b)
#define FEQ64(a, b) build_compare(l, LLVMRealOEQ, "c2w_f64_eq", a, b)
#define FLT64(a, b) build_compare(l, LLVMRealOLT, "c2w_f64_lt", a, b)
#define FLE64(a, b) build_compare(l, LLVMRealOLE, "c2w_f64_le", a, b)
#define FCLASS32(a) build_classify(l, "c2w_f32_classify", a)
#define FCLASS64(a) build_classify(l, "c2w_f64_classify", a)
#define F32_BITS(a) build_bits(l, a)
#define F64_BITS(a) build_bits(l, a)
#define BITS_F32(a) LLVMBuildBitCast(l->builder, a, l->f32, "")
#define BITS_F64(a) LLVMBuildBitCast(l->builder, a, l->f64, "")
#define F32_TO_I32(a, rm) build_to_integer(l, "c2w_f32_to_i32", a, l->i32, true, rm)
#define F32_TO_U32(a, rm) build_to_integer(l, "c2w_f32_to_u32", a, l->i32, false, rm)
#define F32_TO_I64(a, rm) build_to_integer(l, "c2w_f32_to_i64", a, l->i64, true, rm)
#define F32_TO_U64(a, rm) build_to_integer(l, "c2w_f32_to_u64", a, l->i64, false, rm)
#define F64_TO_I32(a, rm) build_to_integer(l, "c2w_f64_to_i32", a, l->i32, true, rm)
#define F64_TO_U32(a, rm) build_to_integer(l, "c2w_f64_to_u32", a, l->i32, false, rm)
#define F64_TO_I64(a, rm) build_to_integer(l, "c2w_f64_to_i64", a, l->i64, true, rm)
#define F64_TO_U64(a, rm) build_to_integer(l, "c2w_f64_to_u64", a, l->i64, false, rm)
#define I32_TO_F32(a, rm) build_from_integer(l, "c2w_i64_to_f32", a, l->f32, true, rm)
#define U32_TO_F32(a, rm) build_from_integer(l, "c2w_u64_to_f32", a, l->f32, false, rm)
#define I64_TO_F32(a, rm) build_from_integer(l, "c2w_i64_to_f32", a, l->f32, true, rm)
#define U64_TO_F32(a, rm) build_from_integer(l, "c2w_u64_to_f32", a, l->f32, false, rm)
#define I32_TO_F64(a, rm) build_from_integer(l, "c2w_i64_to_f64", a, l->f64, true, rm)
#define U32_TO_F64(a, rm) build_from_integer(l, "c2w_u64_to_f64", a, l->f64, false, rm)
#define I64_TO_F64(a, rm) build_from_integer(l, "c2w_i64_to_f64", a, l->f64, true, rm)
#define U64_TO_F64(a, rm) build_from_integer(l, "c2w_u64_to_f64", a, l->f64, false, rm)
#define F64_TO_F32(a, rm) build_narrow(l, a, rm)
#define F32_TO_F64(a) build_widen(l, a)

#endif
