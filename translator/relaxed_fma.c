/* Fused multiply-add as the relaxed SIMD proposal has it: fused, or rounded twice where that is
 * faster for the engine, and always the same in one engine.  The runtime finds out which. */
#include <string.h>

#include "lift.h"

/* A scalar in every lane: scalars have no such instruction. */
static LLVMValueRef build_splat(struct lift *l, LLVMValueRef a, unsigned lanes) {
    LLVMTypeRef type = LLVMVectorType(LLVMTypeOf(a), lanes);
    LLVMValueRef zero = LLVMConstInt(l->i32, 0, false), none = LLVMGetPoison(type);
    LLVMValueRef mask = LLVMConstNull(LLVMVectorType(l->i32, lanes));
    LLVMValueRef first = LLVMBuildInsertElement(l->builder, none, a, zero, "");
    return LLVMBuildShuffleVector(l->builder, first, none, mask, "");
}

static void set_attribute(struct lift *l, const char *name, const char *value) {
    LLVMAttributeRef attribute = LLVMCreateStringAttribute(
        l->context, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(l->function, LLVMAttributeFunctionIndex, attribute);
}

LLVMValueRef build_relaxed_fma(struct lift *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c) {
    static const char name[] = "llvm.wasm.relaxed.madd";
    /* Functions without such an instruction stay without vectors. */
    set_attribute(l, "target-features", "+simd128,+relaxed-simd");
    unsigned lanes = LLVMTypeOf(a) == l->f32 ? 4 : 2;
    LLVMValueRef operands[] = {build_splat(l, a, lanes), build_splat(l, b, lanes),
                               build_splat(l, c, lanes)};
    LLVMTypeRef type = LLVMTypeOf(operands[0]);
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef sums = LLVMBuildCall2(
        l->builder, LLVMIntrinsicGetType(l->context, id, &type, 1),
        LLVMGetIntrinsicDeclaration(l->module, id, &type, 1), operands, 3, "");
    return LLVMBuildExtractElement(l->builder, sums, LLVMConstInt(l->i32, 0, false), "");
}
