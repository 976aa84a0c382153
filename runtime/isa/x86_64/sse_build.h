/* The primitives of SSE for the lifter; included by sem_build.h.  Lifted code runs while MXCSR rounds
 * to nearest with denormal numbers, and computes no exception flags. */
#ifndef C2W_X86_64_SSE_BUILD_H
#define C2W_X86_64_SSE_BUILD_H

/* --- registers, memory, lanes: a V128 is a vector of two i64 --- */

static inline LLVMTypeRef build_lanes_type(struct lift *l, unsigned width) {
    const struct guest_lift *guest = &l->guest;
    return width == 8    ? guest->v16i8
           : width == 16 ? guest->v8i16
           : width == 32 ? guest->v4i32
                         : guest->v2i64;
}
static inline LLVMValueRef build_as(struct lift *l, LLVMTypeRef type, LLVMValueRef value) {
    return LLVMBuildBitCast(l->builder, value, type, "");
}
#define LANES_OF(W, v) build_as(l, build_lanes_type(l, W), v)
#define V128_OF(v) build_as(l, l->guest.v2i64, v)

#define XMM(n) read_register(l, REGISTER_XMM + (n))
#define WXMM(n, v) write_register(l, REGISTER_XMM + (n), v)
#define LOAD128(address) build_load_at(l, l->guest.v2i64, address)
#define STORE128 STORE8

static inline LLVMValueRef build_lane(struct lift *l, unsigned width, LLVMValueRef v, unsigned n) {
    return LLVMBuildExtractElement(l->builder, LANES_OF(width, v), C32(n), "");
}
/* A floating-point number is inserted as one: by way of an integer it would take another register. */
static inline LLVMValueRef build_with(struct lift *l, unsigned width, LLVMValueRef v, unsigned n,
                                      LLVMValueRef value) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef number = LLVMIsABitCastInst(value) ? LLVMGetOperand(value, 0) : value;
    if (LLVMTypeOf(number) == l->f32)
        type = l->guest.v4f32, value = number;
    else if (LLVMTypeOf(number) == l->f64)
        type = l->guest.v2f64, value = number;
    return V128_OF(
        LLVMBuildInsertElement(l->builder, build_as(l, type, v), value, C32(n), ""));
}
#define LANE8(v, n) build_lane(l, 8, v, n)
#define LANE16(v, n) build_lane(l, 16, v, n)
#define LANE32(v, n) build_lane(l, 32, v, n)
#define LANE64(v, n) build_lane(l, 64, v, n)
#define WITH8(v, n, value) build_with(l, 8, v, n, value)
#define WITH16(v, n, value) build_with(l, 16, v, n, value)
#define WITH32(v, n, value) build_with(l, 32, v, n, value)
#define WITH64(v, n, value) build_with(l, 64, v, n, value)
#define LOW64(a) build_with(l, 64, LLVMConstNull(l->guest.v2i64), 0, a)
#define LOW32(a) build_with(l, 32, LLVMConstNull(l->guest.v2i64), 0, a)
#define JOIN64(low, high) WITH64(LOW64(low), 1, high)

/* --- integer vectors --- */

static inline LLVMValueRef build_vector_binary(struct lift *l, unsigned width, LLVMOpcode opcode,
                                               LLVMValueRef a, LLVMValueRef b) {
    return V128_OF(
        LLVMBuildBinOp(l->builder, opcode, LANES_OF(width, a), LANES_OF(width, b), ""));
}
static inline LLVMValueRef build_vector_intrinsic(struct lift *l, unsigned width, const char *name,
                                                  LLVMValueRef a, LLVMValueRef b) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef arguments[] = {LANES_OF(width, a), LANES_OF(width, b)};
    return V128_OF(build_intrinsic(l, name, &type, 1, arguments, 2));
}
static inline LLVMValueRef build_vector_compare(struct lift *l, unsigned width,
                                                LLVMIntPredicate predicate, LLVMValueRef a,
                                                LLVMValueRef b) {
    LLVMValueRef mask =
        LLVMBuildICmp(l->builder, predicate, LANES_OF(width, a), LANES_OF(width, b), "");
    return V128_OF(LLVMBuildSExt(l->builder, mask, build_lanes_type(l, width), ""));
}
/* Lanes of v, or of a and then b, in the order of `order`; -1 takes a zero that b brings. */
static inline LLVMValueRef build_shuffle(struct lift *l, unsigned width, LLVMValueRef a,
                                         LLVMValueRef b, const int *order) {
    LLVMValueRef mask[16];
    unsigned count = 128 / width;
    for (unsigned n = 0; n < count; n++)
        mask[n] = C32(order[n]);
    return V128_OF(LLVMBuildShuffleVector(l->builder, LANES_OF(width, a), LANES_OF(width, b),
                                          LLVMConstVector(mask, count), ""));
}
/* The first `count` lanes as a vector of that length. */
static inline LLVMValueRef build_first_lanes(struct lift *l, LLVMValueRef lanes, unsigned count) {
    LLVMValueRef mask[16];
    for (unsigned n = 0; n < count; n++)
        mask[n] = C32(n);
    return LLVMBuildShuffleVector(l->builder, lanes, LLVMGetPoison(LLVMTypeOf(lanes)),
                                  LLVMConstVector(mask, count), "");
}
static inline LLVMValueRef build_widen(struct lift *l, unsigned from, unsigned to,
                                       LLVMOpcode extension, LLVMValueRef a) {
    LLVMValueRef low = build_first_lanes(l, LANES_OF(from, a), 128 / to);
    return V128_OF(LLVMBuildCast(l->builder, extension, low, build_lanes_type(l, to), ""));
}
/* The product of double width of lanes of 16 bits, shifted right. */
static inline LLVMValueRef build_high_products(struct lift *l, LLVMOpcode extension, LLVMValueRef a,
                                               LLVMValueRef b) {
    LLVMTypeRef wide = LLVMVectorType(l->i32, 8);
    LLVMValueRef sixteen[8];
    for (unsigned n = 0; n < 8; n++)
        sixteen[n] = C32(16);
    LLVMValueRef product =
        MUL64(LLVMBuildCast(l->builder, extension, LANES_OF(16, a), wide, ""),
              LLVMBuildCast(l->builder, extension, LANES_OF(16, b), wide, ""));
    product = LLVMBuildLShr(l->builder, product, LLVMConstVector(sixteen, 8), "");
    return V128_OF(LLVMBuildTrunc(l->builder, product, l->guest.v8i16, ""));
}
/* The products of the even lanes of 32 bits. */
static inline LLVMValueRef build_even_products(struct lift *l, LLVMOpcode extension, LLVMValueRef a,
                                               LLVMValueRef b) {
    LLVMTypeRef narrow = LLVMVectorType(l->i32, 2);
    LLVMValueRef low_a = LLVMBuildTrunc(l->builder, a, narrow, "");
    LLVMValueRef low_b = LLVMBuildTrunc(l->builder, b, narrow, "");
    return MUL64(LLVMBuildCast(l->builder, extension, low_a, l->guest.v2i64, ""),
                 LLVMBuildCast(l->builder, extension, low_b, l->guest.v2i64, ""));
}
static inline LLVMValueRef build_abs(struct lift *l, unsigned width, LLVMValueRef a) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef arguments[] = {LANES_OF(width, a), LLVMConstInt(l->i1, 0, false)};
    return V128_OF(build_intrinsic(l, "llvm.abs", &type, 1, arguments, 2));
}
#define build_V_pandn(l, a, b) AND64(NOT64(a), b)
#define build_V_pmulhw(l, a, b) build_high_products(l, LLVMSExt, a, b)
#define build_V_pmulhuw(l, a, b) build_high_products(l, LLVMZExt, a, b)
#define build_V_pmuludq(l, a, b) build_even_products(l, LLVMZExt, a, b)
#define build_V_pmuldq(l, a, b) build_even_products(l, LLVMSExt, a, b)
#define build_V_pmaddwd(l, a, b)                                                                   \
    V128_OF(build_intrinsic(l, "llvm.wasm.dot", NULL, 0,                                           \
                            (LLVMValueRef[]){LANES_OF(16, a), LANES_OF(16, b)}, 2))
/* Of the source alone. */
#define build_V_pabsb(l, a, b) ((void)(a), build_abs(l, 8, b))
#define build_V_pabsw(l, a, b) ((void)(a), build_abs(l, 16, b))
#define build_V_pabsd(l, a, b) ((void)(a), build_abs(l, 32, b))

/* --- packing and shuffling --- */

/* Both operands' lanes narrowed with saturation: the wasm instruction of that name. */
static inline LLVMValueRef build_narrow_lanes(struct lift *l, const char *name, unsigned from,
                                              LLVMValueRef a, LLVMValueRef b) {
    LLVMTypeRef types[] = {build_lanes_type(l, from / 2), build_lanes_type(l, from)};
    LLVMValueRef arguments[] = {LANES_OF(from, a), LANES_OF(from, b)};
    return V128_OF(build_intrinsic(l, name, types, 2, arguments, 2));
}
#define vector_packsswb(a, b, size) build_narrow_lanes(l, "llvm.wasm.narrow.signed", 16, a, b)
#define vector_packssdw(a, b, size) build_narrow_lanes(l, "llvm.wasm.narrow.signed", 32, a, b)
#define vector_packuswb(a, b, size) build_narrow_lanes(l, "llvm.wasm.narrow.unsigned", 16, a, b)
#define vector_packusdw(a, b, size) build_narrow_lanes(l, "llvm.wasm.narrow.unsigned", 32, a, b)

/* Interleaves the low or high halves. */
static inline LLVMValueRef build_unpack(struct lift *l, unsigned width, bool high, LLVMValueRef a,
                                        LLVMValueRef b) {
    int order[16], count = (int)(128 / width);
    for (int n = 0; n < count; n++)
        order[n] = n / 2 + (high ? count / 2 : 0) + (n & 1 ? count : 0);
    return build_shuffle(l, width, a, b, order);
}
#define vector_punpcklbw(a, b, size) build_unpack(l, 8, false, a, b)
#define vector_punpcklwd(a, b, size) build_unpack(l, 16, false, a, b)
#define vector_punpckldq(a, b, size) build_unpack(l, 32, false, a, b)
#define vector_punpcklqdq(a, b, size) build_unpack(l, 64, false, a, b)
#define vector_punpckhbw(a, b, size) build_unpack(l, 8, true, a, b)
#define vector_punpckhwd(a, b, size) build_unpack(l, 16, true, a, b)
#define vector_punpckhdq(a, b, size) build_unpack(l, 32, true, a, b)
#define vector_punpckhqdq(a, b, size) build_unpack(l, 64, true, a, b)

/* Four lanes chosen by two bits of imm each, the upper two of b. */
static inline LLVMValueRef build_shuffle4(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                          unsigned imm, bool same) {
    int order[4];
    for (int n = 0; n < 4; n++)
        order[n] = (int)(imm >> 2 * n & 3) + (n >= 2 && !same ? 4 : 0);
    return build_shuffle(l, 32, a, b, order);
}
#define vector_pshufd(a, imm) build_shuffle4(l, a, a, imm, true)
#define vector_shufps(a, b, imm) build_shuffle4(l, a, b, imm, false)
static inline LLVMValueRef build_shuffle_words(struct lift *l, LLVMValueRef a, unsigned imm,
                                               int first) {
    int order[8];
    for (int n = 0; n < 8; n++)
        order[n] = n >= first && n < first + 4 ? first + (int)(imm >> 2 * (n - first) & 3) : n;
    return build_shuffle(l, 16, a, a, order);
}
#define vector_pshufw(a, imm, first) build_shuffle_words(l, a, imm, first)
#define vector_shufpd(a, b, imm)                                                                   \
    build_shuffle(l, 64, a, b, (int[]){(int)((imm) & 1), 2 + (int)((imm) >> 1 & 1)})
/* Lane n of b where bit n of imm is set. */
static inline LLVMValueRef build_blend(struct lift *l, unsigned width, LLVMValueRef a,
                                       LLVMValueRef b, unsigned imm) {
    int order[16], count = (int)(128 / width);
    for (int n = 0; n < count; n++)
        order[n] = n + (imm >> n & 1 ? count : 0);
    return build_shuffle(l, width, a, b, order);
}
#define vector_blendps(a, b, imm) build_blend(l, 32, a, b, imm)
#define vector_blendpd(a, b, imm) build_blend(l, 64, a, b, imm)
#define vector_pblendw(a, b, imm) build_blend(l, 16, a, b, imm)
/* By the top bits of the lanes of a third operand. */
static inline LLVMValueRef build_blend_by(struct lift *l, unsigned width, LLVMValueRef a,
                                          LLVMValueRef b, LLVMValueRef mask) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef is_set = LTS64(LANES_OF(width, mask), LLVMConstNull(type));
    return V128_OF(SEL64(is_set, LANES_OF(width, b), LANES_OF(width, a)));
}
#define vector_pblendvb(a, b, mask) build_blend_by(l, 8, a, b, mask)
#define vector_blendvps(a, b, mask) build_blend_by(l, 32, a, b, mask)
#define vector_blendvpd(a, b, mask) build_blend_by(l, 64, a, b, mask)

/* Bytes [shift, shift + 16) of a above b. */
static inline LLVMValueRef build_align(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                       unsigned shift) {
    LLVMValueRef zero = LLVMConstNull(l->guest.v2i64);
    int order[16];
    if (shift >= 32)
        return zero;
    if (shift >= 16) {
        b = a, a = zero;
        shift -= 16;
    }
    for (int n = 0; n < 16; n++)
        order[n] = n + (int)shift;
    return build_shuffle(l, 8, b, a, order);
}
#define vector_palignr(a, b, imm, size) build_align(l, a, b, imm)
#define vector_psrldq(a, imm)                                                                      \
    build_align(l, LLVMConstNull(l->guest.v2i64), a, (imm) > 16 ? 16 : (imm))
#define vector_pslldq(a, imm)                                                                      \
    build_align(l, a, LLVMConstNull(l->guest.v2i64), (imm) > 16 ? 0 : 16 - (imm))

/* swizzle gives 0 for every index above 15, pshufb for those with the top bit. */
static inline LLVMValueRef build_pshufb(struct lift *l, LLVMValueRef a, LLVMValueRef b) {
    LLVMValueRef bits[16];
    for (unsigned n = 0; n < 16; n++)
        bits[n] = C8(0x8f);
    LLVMValueRef arguments[] = {LANES_OF(8, a), AND64(LANES_OF(8, b), LLVMConstVector(bits, 16))};
    return V128_OF(build_intrinsic(l, "llvm.wasm.swizzle", NULL, 0, arguments, 2));
}
#define vector_pshufb(a, b, size) build_pshufb(l, a, b)

static inline LLVMValueRef build_splat(struct lift *l, LLVMTypeRef type, LLVMValueRef value) {
    LLVMValueRef zeros[16];
    unsigned count = LLVMGetVectorSize(type);
    for (unsigned n = 0; n < count; n++)
        zeros[n] = C32(0);
    LLVMValueRef first =
        LLVMBuildInsertElement(l->builder, LLVMGetPoison(type), value, C32(0), "");
    return LLVMBuildShuffleVector(l->builder, first, LLVMGetPoison(type),
                                  LLVMConstVector(zeros, count), "");
}
/* Counts of the width and more give 0, or all sign bits. */
static inline LLVMValueRef build_vector_shift(struct lift *l, unsigned width, LLVMOpcode opcode,
                                              LLVMValueRef a, LLVMValueRef count) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef fits = LTU64(count, C64(width));
    LLVMValueRef largest = C64(opcode == LLVMAShr ? width - 1 : 0);
    LLVMValueRef amount = SEL64(fits, count, largest);
    if (width != 64)
        amount = LLVMBuildTrunc(l->builder, amount, LLVMGetElementType(type), "");
    LLVMValueRef shifted =
        LLVMBuildBinOp(l->builder, opcode, LANES_OF(width, a), build_splat(l, type, amount), "");
    if (opcode != LLVMAShr)
        shifted = SEL64(fits, shifted, LLVMConstNull(type));
    return V128_OF(shifted);
}
#define vector_psllw(a, n) build_vector_shift(l, 16, LLVMShl, a, n)
#define vector_pslld(a, n) build_vector_shift(l, 32, LLVMShl, a, n)
#define vector_psllq(a, n) build_vector_shift(l, 64, LLVMShl, a, n)
#define vector_psrlw(a, n) build_vector_shift(l, 16, LLVMLShr, a, n)
#define vector_psrld(a, n) build_vector_shift(l, 32, LLVMLShr, a, n)
#define vector_psrlq(a, n) build_vector_shift(l, 64, LLVMLShr, a, n)
#define vector_psraw(a, n) build_vector_shift(l, 16, LLVMAShr, a, n)
#define vector_psrad(a, n) build_vector_shift(l, 32, LLVMAShr, a, n)

/* --- to general registers and flags --- */

static inline LLVMValueRef build_bitmask(struct lift *l, unsigned width, LLVMValueRef a) {
    LLVMTypeRef type = build_lanes_type(l, width);
    LLVMValueRef lanes = LANES_OF(width, a);
    return build_intrinsic(l, "llvm.wasm.bitmask", &type, 1, &lanes, 1);
}
#define vector_pmovmskb(a, size) LLVMBuildZExt(l->builder, build_bitmask(l, 8, a), l->i64, "")
#define MOVMSKPS(a) build_bitmask(l, 32, a)
#define MOVMSKPD(a) build_bitmask(l, 64, a)

static inline LLVMValueRef build_is_zero(struct lift *l, LLVMValueRef v) {
    return EQ64(OR64(LANE64(v, 0), LANE64(v, 1)), C64(0));
}
#define PTEST_FLAGS(a, b)                                                                          \
    OR64(build_flag_bit(l, build_is_zero(l, AND64(a, b)), RFLAGS_ZF),                              \
         build_flag_bit(l, build_is_zero(l, AND64(NOT64(a), b)), RFLAGS_CF))

/* --- floating point --- */

#define SSE_BEGIN() (void)0
#define SSE_END() (void)0
#define PS(v) build_as(l, l->guest.v4f32, v)
#define PD(v) build_as(l, l->guest.v2f64, v)
/* The lowest lane as a number, and put back into a. */
#define SS(v) build_as(l, l->f32, LANE32(v, 0))
#define SD(v) build_as(l, l->f64, LANE64(v, 0))
#define WITH_SS(a, value) WITH32(a, 0, build_as(l, l->i32, value))
#define WITH_SD(a, value) WITH64(a, 0, build_as(l, l->i64, value))

#define FLOAT_BINARY(name, opcode)                                                                 \
    static inline LLVMValueRef build_##name##ps(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return V128_OF(LLVMBuildBinOp(l->builder, opcode, PS(a), PS(b), ""));                      \
    }                                                                                              \
    static inline LLVMValueRef build_##name##pd(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return V128_OF(LLVMBuildBinOp(l->builder, opcode, PD(a), PD(b), ""));                      \
    }                                                                                              \
    static inline LLVMValueRef build_##name##ss(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return WITH_SS(a, LLVMBuildBinOp(l->builder, opcode, SS(a), SS(b), ""));                   \
    }                                                                                              \
    static inline LLVMValueRef build_##name##sd(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return WITH_SD(a, LLVMBuildBinOp(l->builder, opcode, SD(a), SD(b), ""));                   \
    }
FLOAT_BINARY(add, LLVMFAdd)
FLOAT_BINARY(sub, LLVMFSub)
FLOAT_BINARY(mul, LLVMFMul)
FLOAT_BINARY(div, LLVMFDiv)
#undef FLOAT_BINARY

/* The first operand only if it is smaller or larger: not with NaN, not of two zeros. */
static inline LLVMValueRef build_choose(struct lift *l, LLVMRealPredicate predicate, LLVMValueRef a,
                                        LLVMValueRef b) {
    return SEL64(LLVMBuildFCmp(l->builder, predicate, a, b, ""), a, b);
}
#define FLOAT_CHOICE(name, predicate)                                                              \
    static inline LLVMValueRef build_##name##ps(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return V128_OF(build_choose(l, predicate, PS(a), PS(b)));                                  \
    }                                                                                              \
    static inline LLVMValueRef build_##name##pd(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return V128_OF(build_choose(l, predicate, PD(a), PD(b)));                                  \
    }                                                                                              \
    static inline LLVMValueRef build_##name##ss(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return WITH_SS(a, build_choose(l, predicate, SS(a), SS(b)));                               \
    }                                                                                              \
    static inline LLVMValueRef build_##name##sd(struct lift *l, LLVMValueRef a, LLVMValueRef b) {  \
        return WITH_SD(a, build_choose(l, predicate, SD(a), SD(b)));                               \
    }
FLOAT_CHOICE(min, LLVMRealOLT)
FLOAT_CHOICE(max, LLVMRealOGT)
#undef FLOAT_CHOICE

/* Of the second operand; `argument` is the immediate. */
static inline LLVMValueRef build_round(struct lift *l, LLVMValueRef a, unsigned mode) {
    static const char *const names[] = {"llvm.roundeven", "llvm.floor", "llvm.ceil", "llvm.trunc"};
    return build_unary(l, mode & 4 ? names[0] : names[mode & 3], a);
}
static inline LLVMValueRef build_compare(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                         unsigned predicate, LLVMTypeRef type) {
    static const LLVMRealPredicate predicates[] = {LLVMRealOEQ, LLVMRealOLT, LLVMRealOLE,
                                                   LLVMRealUNO, LLVMRealUNE, LLVMRealUGE,
                                                   LLVMRealUGT, LLVMRealORD};
    return LLVMBuildSExt(l->builder,
                         LLVMBuildFCmp(l->builder, predicates[predicate & 7], a, b, ""), type, "");
}
#define FU_sqrtps(a, b, argument) ((void)(a), V128_OF(build_unary(l, "llvm.sqrt", PS(b))))
#define FU_sqrtpd(a, b, argument) ((void)(a), V128_OF(build_unary(l, "llvm.sqrt", PD(b))))
#define FU_sqrtss(a, b, argument) WITH_SS(a, build_unary(l, "llvm.sqrt", SS(b)))
#define FU_sqrtsd(a, b, argument) WITH_SD(a, build_unary(l, "llvm.sqrt", SD(b)))
#define FU_roundps(a, b, argument) ((void)(a), V128_OF(build_round(l, PS(b), argument)))
#define FU_roundpd(a, b, argument) ((void)(a), V128_OF(build_round(l, PD(b), argument)))
#define FU_roundss(a, b, argument) WITH_SS(a, build_round(l, SS(b), argument))
#define FU_roundsd(a, b, argument) WITH_SD(a, build_round(l, SD(b), argument))
#define FU_cmpps(a, b, argument)                                                                   \
    V128_OF(build_compare(l, PS(a), PS(b), argument, l->guest.v4i32))
#define FU_cmppd(a, b, argument) build_compare(l, PD(a), PD(b), argument, l->guest.v2i64)
#define FU_cmpss(a, b, argument) WITH32(a, 0, build_compare(l, SS(a), SS(b), argument, l->i32))
#define FU_cmpsd(a, b, argument) WITH64(a, 0, build_compare(l, SD(a), SD(b), argument, l->i64))
#define FU_(name, a, b, argument) FU_##name(a, b, argument)
#define F_(name, a, b) build_##name(l, a, b)

#include "sse_build_across.h"
#include "sse_build_string.h"

/* --- by name --- */

#define LANES(name, lanes, instruction)                                                            \
    static inline LLVMValueRef build_vector_##name(struct lift *l, LLVMValueRef a,                 \
                                                   LLVMValueRef b) {                               \
        return build_vector_binary(l, lanes, instruction, a, b);                                   \
    }
#define INTRINSIC(name, lanes, intrinsic)                                                          \
    static inline LLVMValueRef build_vector_##name(struct lift *l, LLVMValueRef a,                 \
                                                   LLVMValueRef b) {                               \
        return build_vector_intrinsic(l, lanes, intrinsic, a, b);                                  \
    }
#define COMPARE(name, lanes, predicate)                                                            \
    static inline LLVMValueRef build_vector_##name(struct lift *l, LLVMValueRef a,                 \
                                                   LLVMValueRef b) {                               \
        return build_vector_compare(l, lanes, predicate, a, b);                                    \
    }
#define WIDEN(name, from, to, extension)                                                           \
    static inline LLVMValueRef build_vector_##name(struct lift *l, LLVMValueRef a) {               \
        return build_widen(l, from, to, extension, a);                                             \
    }
#define SPECIAL(name)                                                                              \
    static inline LLVMValueRef build_vector_##name(struct lift *l, LLVMValueRef a,                 \
                                                   LLVMValueRef b) {                               \
        return build_V_##name(l, a, b);                                                            \
    }
#include "../../../translator/vectors_x86_64.def"
#undef LANES
#undef INTRINSIC
#undef COMPARE
#undef WIDEN
#undef SPECIAL

/* --- conversions --- */

/* What does not fit, NaN too, gives the smallest number ("integer indefinite"). */
static inline LLVMValueRef build_to_int(struct lift *l, LLVMValueRef a, LLVMTypeRef type,
                                        bool truncate) {
    LLVMTypeRef from = LLVMTypeOf(a);
    bool is_vector = LLVMGetTypeKind(from) == LLVMVectorTypeKind;
    LLVMTypeRef scalar = is_vector ? LLVMGetElementType(type) : type;
    LLVMTypeRef number = is_vector ? LLVMGetElementType(from) : from;
    if (!truncate)
        a = build_unary(l, "llvm.roundeven", a);
    LLVMTypeRef types[] = {type, from};
    LLVMValueRef value = build_intrinsic(l, "llvm.fptosi.sat", types, 2, &a, 1);
    LLVMValueRef limit = LLVMConstReal(number, scalar == l->i32 ? 0x1p31 : 0x1p63);
    LLVMValueRef smallest = build_smallest(scalar);
    if (is_vector) {
        LLVMValueRef limits[4], all[4];
        unsigned count = LLVMGetVectorSize(from);
        for (unsigned n = 0; n < count; n++)
            limits[n] = limit, all[n] = smallest;
        limit = LLVMConstVector(limits, count);
        smallest = LLVMConstVector(all, count);
    }
    return SEL64(LLVMBuildFCmp(l->builder, LLVMRealOLT, a, limit, ""), value, smallest);
}
#define CVT_F32_I32(a, truncate) build_to_int(l, build_as(l, l->f32, a), l->i32, truncate)
#define CVT_F32_I64(a, truncate) build_to_int(l, build_as(l, l->f32, a), l->i64, truncate)
#define CVT_F64_I32(a, truncate) build_to_int(l, build_as(l, l->f64, a), l->i32, truncate)
#define CVT_F64_I64(a, truncate) build_to_int(l, build_as(l, l->f64, a), l->i64, truncate)
#define CVT_F32_F64(a)                                                                             \
    build_as(l, l->i64, LLVMBuildFPExt(l->builder, build_as(l, l->f32, a), l->f64, ""))
#define CVT_F64_F32(a)                                                                             \
    build_as(l, l->i32, LLVMBuildFPTrunc(l->builder, build_as(l, l->f64, a), l->f32, ""))
#define CVT_I64_F32(a) build_as(l, l->i32, LLVMBuildSIToFP(l->builder, a, l->f32, ""))
#define CVT_I64_F64(a) build_as(l, l->i64, LLVMBuildSIToFP(l->builder, a, l->f64, ""))

/* A vector of two lanes of 32 bits below zeros. */
static inline LLVMValueRef build_low_half(struct lift *l, LLVMValueRef two) {
    LLVMValueRef mask[] = {C32(0), C32(1), C32(2), C32(3)};
    return V128_OF(LLVMBuildShuffleVector(l->builder, two, LLVMConstNull(LLVMTypeOf(two)),
                                          LLVMConstVector(mask, 4), ""));
}
#define FC_cvtps2pd(a)                                                                             \
    V128_OF(LLVMBuildFPExt(l->builder, build_first_lanes(l, PS(a), 2), l->guest.v2f64, ""))
#define FC_cvtpd2ps(a)                                                                             \
    build_low_half(l, LLVMBuildFPTrunc(l->builder, PD(a), LLVMVectorType(l->f32, 2), ""))
#define FC_cvtdq2ps(a)                                                                             \
    V128_OF(LLVMBuildSIToFP(l->builder, LANES_OF(32, a), l->guest.v4f32, ""))
#define FC_cvtdq2pd(a)                                                                             \
    V128_OF(LLVMBuildSIToFP(l->builder, build_first_lanes(l, LANES_OF(32, a), 2),                  \
                            l->guest.v2f64, ""))
#define FC_cvtps2dq(a) V128_OF(build_to_int(l, PS(a), l->guest.v4i32, false))
#define FC_cvttps2dq(a) V128_OF(build_to_int(l, PS(a), l->guest.v4i32, true))
#define FC_cvtpd2dq(a)                                                                             \
    build_low_half(l, build_to_int(l, PD(a), LLVMVectorType(l->i32, 2), false))
#define FC_cvttpd2dq(a)                                                                            \
    build_low_half(l, build_to_int(l, PD(a), LLVMVectorType(l->i32, 2), true))
#define FC_cvtps2pi(a) ((void)(a), build_nothing())
#define FC_cvttps2pi FC_cvtps2pi
#define FC_cvtpi2ps FC_cvtps2pi
#define FC_(name, a) FC_##name(a)

/* ZF, PF and CF of an ordered or unordered comparison. */
static inline LLVMValueRef build_order(struct lift *l, LLVMTypeRef type, LLVMValueRef a,
                                       LLVMValueRef b) {
    a = build_as(l, type, a), b = build_as(l, type, b);
    LLVMValueRef bits = build_flag_bit(l, LLVMBuildFCmp(l->builder, LLVMRealUEQ, a, b, ""), RFLAGS_ZF);
    bits = OR64(bits, build_flag_bit(l, LLVMBuildFCmp(l->builder, LLVMRealUNO, a, b, ""), RFLAGS_PF));
    return OR64(bits, build_flag_bit(l, LLVMBuildFCmp(l->builder, LLVMRealULT, a, b, ""), RFLAGS_CF));
}
#define ORDER32(a, b, signal) build_order(l, l->f32, a, b)
#define ORDER64(a, b, signal) build_order(l, l->f64, a, b)

/* --- without IR (uses_x86_64.c) --- */

#define V_(name, a, b) build_vector_##name(l, a, b)
#define V1_(name, a) build_vector_##name(l, a)

#define MM(n) build_nothing()
#define WMM(n, v) ((void)(v), (void)build_nothing())
#define ENTER_MMX() ((void)build_nothing())
#define X87_WAIT() ((void)build_nothing())
#define EMMS() ((void)build_nothing())
#define STORE_BYTES(address, value, mask, size)                                                    \
    ((void)(address), (void)(value), (void)(mask), (void)build_nothing())
#define UNBUILT2(a, b) ((void)(a), (void)(b), build_nothing())
#define UNBUILT1(a) ((void)(a), build_nothing())
#define build_vector_phminposuw(l, a) UNBUILT1(a)
#define V_rcpps UNBUILT1
#define V_rsqrtps UNBUILT1
#define RECIPROCAL32 UNBUILT1
#define RECIPROCAL_SQRT32 UNBUILT1
#define vector_mpsadbw(a, b, imm) ((void)(imm), UNBUILT2(a, b))

#endif
