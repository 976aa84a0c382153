/* String comparisons of SSE4.2 for the lifter, those of equal places; included by sse_build.h. */
#ifndef C2W_X86_64_SSE_BUILD_STRING_H
#define C2W_X86_64_SSE_BUILD_STRING_H

/* As sse_string.h has it, in the lifter's values: result is an i32, flags an i64, lengths are i32.
 * `count` is that of the elements. */
struct string_compare {
    LLVMValueRef result, flags;
};
static inline unsigned build_string_count(unsigned imm) { return imm & 1 ? 8 : 16; }

/* A bit for each element of the two vectors that is equal, in an i32. */
static inline LLVMValueRef build_equal_elements(struct lift *l, LLVMValueRef a, LLVMValueRef b,
                                                unsigned imm) {
    unsigned width = 128 / build_string_count(imm);
    LLVMValueRef equal =
        LLVMBuildICmp(l->builder, LLVMIntEQ, LANES_OF(width, a), LANES_OF(width, b), "");
    LLVMTypeRef bits = build_width_type(l, build_string_count(imm));
    return LLVMBuildZExt(l->builder, build_as(l, bits, equal), l->i32, "");
}

/* The number of the lowest bit that is set, or the number of elements. */
static inline LLVMValueRef build_first_element(struct lift *l, LLVMValueRef bits, unsigned imm) {
    LLVMValueRef arguments[] = {OR32(bits, C32(1u << build_string_count(imm))),
                                LLVMConstInt(l->i1, 1, false)};
    return build_intrinsic(l, "llvm.cttz", &l->i32, 1, arguments, 2);
}

static inline LLVMValueRef build_implicit_length(struct lift *l, LLVMValueRef v, unsigned imm) {
    LLVMValueRef zero = LLVMConstNull(l->guest.v2i64);
    return build_first_element(l, build_equal_elements(l, v, zero, imm), imm);
}
static inline LLVMValueRef build_explicit_length(struct lift *l, LLVMValueRef value, unsigned imm) {
    LLVMValueRef count = C64(build_string_count(imm));
    LLVMValueRef magnitude = SEL64(LTS64(value, C64(0)), SUB64(C64(0), value), value);
    return TR32(SEL64(LTU64(magnitude, count), magnitude, count));
}

/* Bits of elements before the length. */
static inline LLVMValueRef build_elements_before(struct lift *l, LLVMValueRef length) {
    return SUB32(SHL32(C32(1), length), C32(1));
}

static inline struct string_compare build_compare_strings(struct lift *l, LLVMValueRef a,
                                                          LLVMValueRef a_length, LLVMValueRef b,
                                                          LLVMValueRef b_length, unsigned imm) {
    unsigned all = (1u << build_string_count(imm)) - 1;
    LLVMValueRef in_a = build_elements_before(l, a_length);
    LLVMValueRef in_b = build_elements_before(l, b_length);
    LLVMValueRef result = AND32(build_equal_elements(l, a, b, imm), AND32(in_a, in_b));
    result = OR32(result, XOR32(OR32(in_a, in_b), C32(all))); /* both have ended */
    if (imm & 0x10)
        result = XOR32(result, imm & 0x20 ? in_b : C32(all));
    LLVMValueRef flags = build_flag_bit(l, NE32(result, C32(0)), RFLAGS_CF);
    LLVMValueRef count = C32(build_string_count(imm));
    flags = OR64(flags, build_flag_bit(l, NE32(b_length, count), RFLAGS_ZF));
    flags = OR64(flags, build_flag_bit(l, NE32(a_length, count), RFLAGS_SF));
    flags = OR64(flags, build_flag_bit(l, NE32(AND32(result, C32(1)), C32(0)), RFLAGS_OF));
    return (struct string_compare){result, flags};
}

static inline LLVMValueRef build_string_index(struct lift *l, LLVMValueRef result, unsigned imm) {
    if (!(imm & 0x40))
        return build_first_element(l, result, imm);
    LLVMValueRef arguments[] = {result, LLVMConstInt(l->i1, 0, false)};
    LLVMValueRef zeros = build_intrinsic(l, "llvm.ctlz", &l->i32, 1, arguments, 2);
    return SEL32(EQ32(result, C32(0)), C32(build_string_count(imm)), SUB32(C32(31), zeros));
}

static inline LLVMValueRef build_string_mask(struct lift *l, LLVMValueRef result, unsigned imm) {
    if (!(imm & 0x40))
        return LOW32(result);
    unsigned count = build_string_count(imm);
    LLVMTypeRef bits = build_width_type(l, count);
    LLVMValueRef set = LLVMBuildTrunc(l->builder, result, bits, "");
    set = build_as(l, LLVMVectorType(l->i1, count), set);
    return V128_OF(LLVMBuildSExt(l->builder, set, build_lanes_type(l, 128 / count), ""));
}

#define x86_compare_strings(a, a_length, b, b_length, imm)                                         \
    build_compare_strings(l, a, a_length, b, b_length, imm)
#define x86_implicit_length(v, imm) build_implicit_length(l, v, imm)
#define x86_explicit_length(n, imm) build_explicit_length(l, n, imm)
#define x86_string_index(result, imm) build_string_index(l, result, imm)
#define x86_string_mask(result, imm) build_string_mask(l, result, imm)

#endif
