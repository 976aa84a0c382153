/* SSE operations across lanes for the lifter; included by sse_build.h. */
#ifndef C2W_X86_64_SSE_BUILD_ACROSS_H
#define C2W_X86_64_SSE_BUILD_ACROSS_H

/* The even or odd lanes of a below those of b. */
static inline LLVMValueRef build_every_other(struct lift *l, unsigned width, LLVMValueRef a,
                                             LLVMValueRef b, int first) {
    int order[16];
    for (int n = 0; n < (int)(128 / width); n++)
        order[n] = 2 * n + first;
    return build_shuffle(l, width, a, b, order);
}

/* Neighbours in a, then in b, put together: by an instruction, or by an intrinsic. */
static inline LLVMValueRef build_horizontal(struct lift *l, unsigned width, LLVMOpcode opcode,
                                            LLVMValueRef a, LLVMValueRef b) {
    return build_vector_binary(l, width, opcode, build_every_other(l, width, a, b, 0),
                               build_every_other(l, width, a, b, 1));
}
static inline LLVMValueRef build_horizontal_saturated(struct lift *l, const char *name,
                                                      LLVMValueRef a, LLVMValueRef b) {
    return build_vector_intrinsic(l, 16, name, build_every_other(l, 16, a, b, 0),
                                  build_every_other(l, 16, a, b, 1));
}
#define vector_phaddw(a, b, size) build_horizontal(l, 16, LLVMAdd, a, b)
#define vector_phaddd(a, b, size) build_horizontal(l, 32, LLVMAdd, a, b)
#define vector_phsubw(a, b, size) build_horizontal(l, 16, LLVMSub, a, b)
#define vector_phsubd(a, b, size) build_horizontal(l, 32, LLVMSub, a, b)
#define vector_phaddsw(a, b, size) build_horizontal_saturated(l, "llvm.sadd.sat", a, b)
#define vector_phsubsw(a, b, size) build_horizontal_saturated(l, "llvm.ssub.sat", a, b)

/* --- integers --- */

/* A vector of equal lanes. */
static inline LLVMValueRef build_constant_lanes(struct lift *l, unsigned width, uint64_t value) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef lanes[16];
    for (unsigned n = 0; n < 128 / width; n++)
        lanes[n] = LLVMConstInt(LLVMGetElementType(type), value, false);
    return LLVMConstVector(lanes, 128 / width);
}
static inline LLVMValueRef build_lanes_shift(struct lift *l, unsigned width, LLVMOpcode opcode,
                                             LLVMValueRef a, unsigned count) {
    return LLVMBuildBinOp(l->builder, opcode, LANES_OF(width, a),
                          build_constant_lanes(l, width, count), "");
}

/* Rounded product of fractions with 15 bits. */
static inline LLVMValueRef build_V_pmulhrsw(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    LLVMTypeRef wide = LLVMVectorType(l->i32, 8);
    LLVMValueRef one[8], fourteen[8];
    for (unsigned n = 0; n < 8; n++)
        one[n] = C32(1), fourteen[n] = C32(14);
    LLVMValueRef x = LLVMBuildSExt(l->builder, LANES_OF(16, a), wide, "");
    LLVMValueRef y = LLVMBuildSExt(l->builder, LANES_OF(16, b), wide, "");
    LLVMValueRef product = LLVMBuildMul(l->builder, x, y, "");
    product = LLVMBuildAShr(l->builder, product, LLVMConstVector(fourteen, 8), "");
    product = LLVMBuildAdd(l->builder, product, LLVMConstVector(one, 8), "");
    product = LLVMBuildAShr(l->builder, product, LLVMConstVector(one, 8), "");
    return V128_OF(LLVMBuildTrunc(l->builder, product, l->guest.v8i16, ""));
}

/* Unsigned bytes of a times signed bytes of b: a product has 16 bits, the sum of two saturates. */
static inline LLVMValueRef build_V_pmaddubsw(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef mask = build_constant_lanes(l, 16, 0xff);
    LLVMValueRef low = LLVMBuildAnd(l->builder, LANES_OF(16, a), mask, "");
    LLVMValueRef high = build_lanes_shift(l, 16, LLVMLShr, a, 8);
    LLVMValueRef b_low = build_lanes_shift(l, 16, LLVMShl, b, 8);
    b_low = build_lanes_shift(l, 16, LLVMAShr, b_low, 8);
    LLVMValueRef b_high = build_lanes_shift(l, 16, LLVMAShr, b, 8);
    return build_vector_intrinsic(l, 16, "llvm.sadd.sat", LLVMBuildMul(l->builder, low, b_low, ""),
                                  LLVMBuildMul(l->builder, high, b_high, ""));
}

/* Sums of eight differences of bytes: in lanes of 16, 32 and 64 bits one after the other. */
static inline LLVMValueRef build_V_psadbw(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef most = build_vector_intrinsic(l, 8, "llvm.umax", a, b);
    LLVMValueRef least = build_vector_intrinsic(l, 8, "llvm.umin", a, b);
    LLVMValueRef sum = build_vector_binary(l, 8, LLVMSub, most, least);
    for (unsigned width = 16; width <= 64; width *= 2) {
        LLVMValueRef mask = build_constant_lanes(l, width, (UINT64_C(1) << width / 2) - 1);
        LLVMValueRef low = LLVMBuildAnd(l->builder, LANES_OF(width, sum), mask, "");
        LLVMValueRef high = build_lanes_shift(l, width, LLVMLShr, sum, width / 2);
        sum = V128_OF(LLVMBuildAdd(l->builder, low, high, ""));
    }
    return sum;
}

/* a with the signs of b. */
static inline LLVMValueRef build_signed_by(struct lift *l, unsigned width, LLVMValueRef a,
                                           LLVMValueRef b) {
    LLVMValueRef zero = LLVMConstNull(build_lanes_type(l, width));
    LLVMValueRef lanes = LANES_OF(width, a), signs = LANES_OF(width, b);
    LLVMValueRef opposite = LLVMBuildSub(l->builder, zero, lanes, "");
    LLVMValueRef is_zero = LLVMBuildICmp(l->builder, LLVMIntEQ, signs, zero, "");
    LLVMValueRef is_negative = LLVMBuildICmp(l->builder, LLVMIntSLT, signs, zero, "");
    return V128_OF(SEL64(is_negative, opposite, SEL64(is_zero, zero, lanes)));
}
#define build_V_psignb(l, a, b) build_signed_by(l, 8, a, b)
#define build_V_psignw(l, a, b) build_signed_by(l, 16, a, b)
#define build_V_psignd(l, a, b) build_signed_by(l, 32, a, b)

static inline LLVMValueRef build_insertps(struct lift *l, LLVMValueRef a, LLVMValueRef lane,
                                          unsigned imm) {
    a = WITH32(a, imm >> 4 & 3, lane);
    for (unsigned n = 0; n < 4; n++)
        if (imm >> n & 1)
            a = WITH32(a, n, C32(0));
    return a;
}
#define vector_insertps(a, b, imm) build_insertps(l, a, b, imm)

/* --- floating point --- */

#define build_haddps(l, a, b) build_float_horizontal(l, 32, LLVMFAdd, a, b)
#define build_haddpd(l, a, b) build_float_horizontal(l, 64, LLVMFAdd, a, b)
#define build_hsubps(l, a, b) build_float_horizontal(l, 32, LLVMFSub, a, b)
#define build_hsubpd(l, a, b) build_float_horizontal(l, 64, LLVMFSub, a, b)
static inline LLVMValueRef build_float_horizontal(struct lift *l, unsigned width, LLVMOpcode opcode,
                                                  LLVMValueRef a, LLVMValueRef b) {
    LLVMTypeRef type = width == 32 ? l->guest.v4f32 : l->guest.v2f64;
    LLVMValueRef first = build_as(l, type, build_every_other(l, width, a, b, 0));
    LLVMValueRef second = build_as(l, type, build_every_other(l, width, a, b, 1));
    return V128_OF(LLVMBuildBinOp(l->builder, opcode, first, second, ""));
}

/* Even lanes subtracted, odd ones added. */
static inline LLVMValueRef build_addsub(struct lift *l, unsigned width, LLVMValueRef a,
                                        LLVMValueRef b) {
    LLVMTypeRef type = width == 32 ? l->guest.v4f32 : l->guest.v2f64;
    LLVMValueRef x = build_as(l, type, a), y = build_as(l, type, b);
    return build_blend(l, width, V128_OF(LLVMBuildFSub(l->builder, x, y, "")),
                       V128_OF(LLVMBuildFAdd(l->builder, x, y, "")), 0xa);
}
#define build_addsubps(l, a, b) build_addsub(l, 32, a, b)
#define build_addsubpd(l, a, b) build_addsub(l, 64, a, b)

/* Lanes whose bit is clear become 0. */
static inline LLVMValueRef build_keep_lanes(struct lift *l, unsigned width, LLVMValueRef a,
                                            unsigned kept) {
    return build_blend(l, width, LLVMConstNull(l->guest.v2i64), a, kept);
}
static inline LLVMValueRef build_dpps(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                      unsigned imm) {
    LLVMValueRef products = V128_OF(LLVMBuildFMul(l->builder, PS(a), PS(b), ""));
    products = build_keep_lanes(l, 32, products, imm >> 4);
    LLVMValueRef pairs = build_haddps(l, products, products);
    return build_keep_lanes(l, 32, build_haddps(l, pairs, pairs), imm);
}
static inline LLVMValueRef build_dppd(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                      unsigned imm) {
    LLVMValueRef products = V128_OF(LLVMBuildFMul(l->builder, PD(a), PD(b), ""));
    products = build_keep_lanes(l, 64, products, imm >> 4 & 3);
    return build_keep_lanes(l, 64, build_haddpd(l, products, products), imm & 3);
}
#define FU_dpps(a, b, argument) build_dpps(l, a, b, argument)
#define FU_dppd(a, b, argument) build_dppd(l, a, b, argument)

#endif
