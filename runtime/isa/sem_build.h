/* Primitives of the semantics for the lifter, those that every guest has: values are LLVM values,
 * effects are instructions at the builder's position.  The meaning of each is listed in sem_eval.h;
 * this file says what LLVM gets to see.  Included by a guest's sem_build.h; `l` is the struct lift. */
#ifndef C2W_SEM_BUILD_H
#define C2W_SEM_BUILD_H

typedef LLVMValueRef Bool, I32, I64, F32, F64;

/* Constants. */
#define C32(n) LLVMConstInt(l->i32, (uint32_t)(n), false)
#define C64(n) LLVMConstInt(l->i64, (uint64_t)(n), false)
#define PC_CONST ((uint64_t)l->pc)
#define NEXT_PC_CONST ((uint64_t)l->next_pc)

/* Integer arithmetic: the type of the operands is the width. */
#define ADD64(a, b) LLVMBuildAdd(l->builder, a, b, "")
#define SUB64(a, b) LLVMBuildSub(l->builder, a, b, "")
#define MUL64(a, b) LLVMBuildMul(l->builder, a, b, "")
#define AND64(a, b) LLVMBuildAnd(l->builder, a, b, "")
#define OR64(a, b) LLVMBuildOr(l->builder, a, b, "")
#define XOR64(a, b) LLVMBuildXor(l->builder, a, b, "")
#define NOT64(a) LLVMBuildNot(l->builder, a, "")
#define SHL64(a, b) LLVMBuildShl(l->builder, a, b, "")
#define SHR64(a, b) LLVMBuildLShr(l->builder, a, b, "")
#define SAR64(a, b) LLVMBuildAShr(l->builder, a, b, "")
#define DIVU64(a, b) LLVMBuildUDiv(l->builder, a, b, "")
#define DIVS64(a, b) LLVMBuildSDiv(l->builder, a, b, "")
#define REMU64(a, b) LLVMBuildURem(l->builder, a, b, "")
#define REMS64(a, b) LLVMBuildSRem(l->builder, a, b, "")
#define ADD32 ADD64
#define SUB32 SUB64
#define NEG64(a) LLVMBuildNeg(l->builder, a, "")
#define NEG32 NEG64
#define MUL32 MUL64
#define AND32 AND64
#define OR32 OR64
#define XOR32 XOR64
#define NOT32 NOT64
#define SHL32 SHL64
#define SHR32 SHR64
#define SAR32 SAR64
#define DIVU32 DIVU64
#define DIVS32 DIVS64
#define REMU32 REMU64
#define REMS32 REMS64

/* The upper half of a 64x64 product from four 32-bit multiplications: a 128-bit multiplication
 * would become a call of __multi3, which goes through memory. */
static LLVMValueRef build_mulhu(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    LLVMBuilderRef q = l->builder;
    LLVMValueRef mask = C64(0xffffffff), half = C64(32);
    LLVMValueRef a0 = LLVMBuildAnd(q, a, mask, ""), a1 = LLVMBuildLShr(q, a, half, "");
    LLVMValueRef b0 = LLVMBuildAnd(q, b, mask, ""), b1 = LLVMBuildLShr(q, b, half, "");
    LLVMValueRef low = LLVMBuildMul(q, a0, b0, ""), cross = LLVMBuildMul(q, a1, b0, "");
    LLVMValueRef other = LLVMBuildMul(q, a0, b1, ""), high = LLVMBuildMul(q, a1, b1, "");
    LLVMValueRef sum = LLVMBuildAdd(q, cross, LLVMBuildLShr(q, low, half, ""), "");
    LLVMValueRef carry = LLVMBuildAdd(q, LLVMBuildAnd(q, sum, mask, ""), other, "");
    high = LLVMBuildAdd(q, high, LLVMBuildLShr(q, sum, half, ""), "");
    return LLVMBuildAdd(q, high, LLVMBuildLShr(q, carry, half, ""), "");
}
/* b where a is negative, else 0: what a signed factor takes from the unsigned product. */
static LLVMValueRef build_sign_part(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    return LLVMBuildAnd(l->builder, LLVMBuildAShr(l->builder, a, C64(63), ""), b, "");
}
#define MULHU64(a, b) build_mulhu(l, a, b)
static LLVMValueRef build_mulhsu(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    return LLVMBuildSub(l->builder, build_mulhu(l, a, b), build_sign_part(l, a, b), "");
}
#define MULHSU64(a, b) build_mulhsu(l, a, b)
static LLVMValueRef build_mulhs(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    return LLVMBuildSub(l->builder, build_mulhsu(l, a, b), build_sign_part(l, b, a), "");
}
#define MULHS64(a, b) build_mulhs(l, a, b)

/* Comparisons and choices. */
#define EQ64(a, b) LLVMBuildICmp(l->builder, LLVMIntEQ, a, b, "")
#define NE64(a, b) LLVMBuildICmp(l->builder, LLVMIntNE, a, b, "")
#define LTU64(a, b) LLVMBuildICmp(l->builder, LLVMIntULT, a, b, "")
#define LTS64(a, b) LLVMBuildICmp(l->builder, LLVMIntSLT, a, b, "")
#define GEU64(a, b) LLVMBuildICmp(l->builder, LLVMIntUGE, a, b, "")
#define GES64(a, b) LLVMBuildICmp(l->builder, LLVMIntSGE, a, b, "")
#define EQ32 EQ64
#define AND1 AND64
#define OR1 OR64
#define NOT1 NOT64
#define SEL64(c, a, b) LLVMBuildSelect(l->builder, c, a, b, "")
#define SEL32 SEL64

/* Widths. */
#define TRUNC32(a) LLVMBuildTrunc(l->builder, a, l->i32, "")
#define SEXT32_64(a) LLVMBuildSExt(l->builder, a, l->i64, "")
#define ZEXT32_64(a) LLVMBuildZExt(l->builder, a, l->i64, "")
#define BOOL64(a) LLVMBuildZExt(l->builder, a, l->i64, "")
#define SEXT8(a) LLVMBuildSExt(l->builder, LLVMBuildTrunc(l->builder, a, l->i8, ""), l->i64, "")
#define SEXT16(a) LLVMBuildSExt(l->builder, LLVMBuildTrunc(l->builder, a, l->i16, ""), l->i64, "")

/* Bit counting and rotation: intrinsics named by operation and type. */
static LLVMValueRef build_count(struct lift *l, const char *name, LLVMValueRef a) {
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef arguments[] = {a, LLVMConstInt(l->i1, 0, false)}; /* defined for 0 */
    return build_intrinsic(l, name, &type, 1, arguments, 2);
}
static LLVMValueRef build_rotate(struct lift *l, const char *name, LLVMValueRef a, LLVMValueRef n) {
    LLVMTypeRef type = LLVMTypeOf(a);
    LLVMValueRef arguments[] = {a, a, n};
    return build_intrinsic(l, name, &type, 1, arguments, 3);
}
#define CLZ64(a) build_count(l, "llvm.ctlz", a)
#define CTZ64(a) build_count(l, "llvm.cttz", a)
#define POPCNT64(a) build_unary(l, "llvm.ctpop", a)
#define BSWAP64(a) build_unary(l, "llvm.bswap", a)
#define ROTL64(a, n) build_rotate(l, "llvm.fshl", a, n)
#define ROTR64(a, n) build_rotate(l, "llvm.fshr", a, n)
#define CLZ32 CLZ64
#define CTZ32 CTZ64
#define POPCNT32 POPCNT64
#define ROTL32 ROTL64
#define ROTR32 ROTR64

/* Guest memory: GUEST_BASE + displacement becomes the offset of the wasm access where
 * guest_memory.h allows it; other displacements are a guest add. */
static LLVMValueRef build_address(struct lift *l, LLVMValueRef base, int32_t displacement) {
    if (displacement < -(int32_t)GUEST_GUARD || displacement >= (int32_t)GUEST_MIN) {
        base = LLVMBuildAdd(l->builder, base, C64((int64_t)displacement), "");
        displacement = 0;
    }
    LLVMValueRef low = LLVMBuildTrunc(l->builder, base, l->i32, "");
    if (l->options->checked) {
        LLVMTypeRef type = LLVMFunctionType(l->i32, &l->i32, 1, false);
        LLVMValueRef opaque =
            LLVMGetInlineAsm(type, "", 0, "=r,0", 4, false, false, LLVMInlineAsmDialectATT, false);
        low = LLVMBuildCall2(l->builder, type, opaque, &low, 1, "");
    }
    LLVMValueRef base_pointer =
        LLVMConstIntToPtr(C32(GUEST_BASE_WASM + (uint32_t)displacement), l->pointer);
    return LLVMBuildGEPWithNoWrapFlags(l->builder, l->i8, base_pointer, &low, 1, "",
                                       LLVMGEPFlagNUW);
}
static LLVMValueRef build_load(struct lift *l, LLVMTypeRef type, LLVMValueRef base,
                               int32_t displacement) {
    LLVMValueRef value = LLVMBuildLoad2(l->builder, type, build_address(l, base, displacement), "");
    LLVMSetAlignment(value, 1);
    LLVMSetMetadata(value, l->tbaa_kind, l->tbaa_guest);
    return value;
}
/* Control: the terminator of the block takes what these leave. */
#define BRANCH(condition) ((void)i, l->branch_condition = (condition))
#define JUMP() ((void)0)
#define JUMP_REGISTER(target) (l->jump_target = (target))

#endif
