/* Access to the CPU state, at constant addresses. */
#include "../runtime/isa/state.h"
#include "lift.h"

LLVMValueRef load_at(struct lift *l, LLVMTypeRef type, uint32_t address) {
    LLVMValueRef pointer = LLVMConstIntToPtr(LLVMConstInt(l->i32, address, false), l->pointer);
    LLVMValueRef value = LLVMBuildLoad2(l->builder, type, pointer, "");
    LLVMSetMetadata(value, l->tbaa_kind, l->tbaa_state);
    return value;
}

void store_at(struct lift *l, LLVMValueRef value, uint32_t address) {
    LLVMValueRef pointer = LLVMConstIntToPtr(LLVMConstInt(l->i32, address, false), l->pointer);
    LLVMValueRef store = LLVMBuildStore(l->builder, value, pointer);
    LLVMSetMetadata(store, l->tbaa_kind, l->tbaa_state);
}

LLVMValueRef load_state(struct lift *l, LLVMTypeRef type, uint32_t offset) {
    return load_at(l, type, CPU_ADDRESS + offset);
}

void store_state(struct lift *l, LLVMValueRef value, uint32_t offset) {
    store_at(l, value, CPU_ADDRESS + offset);
}
