/* Access to the CPU state, at constant addresses. */
#include "../runtime/isa/state.h"
#include "lift.h"
#include "register_globals.h"

/* Every register has an address space of its own: LLVM then does not make one load of two, with an
 * address that it chooses between, which register_globals.c could not change. */
#define FIRST_ADDRESS_SPACE 64
static LLVMValueRef state_pointer(struct lift *l, uint32_t address) {
    LLVMTypeRef type = l->pointer;
    if (address >= REGISTERS_ADDRESS)
        type = LLVMPointerTypeInContext(
            l->context, FIRST_ADDRESS_SPACE + (address - REGISTERS_ADDRESS) / 8);
    return LLVMConstIntToPtr(LLVMConstInt(l->i32, address, false), type);
}

LLVMValueRef load_at(struct lift *l, LLVMTypeRef type, uint32_t address) {
    LLVMValueRef pointer = state_pointer(l, address);
    LLVMValueRef value = LLVMBuildLoad2(l->builder, type, pointer, "");
    LLVMSetMetadata(value, l->tbaa_kind, l->tbaa_state);
    return value;
}

void store_at(struct lift *l, LLVMValueRef value, uint32_t address) {
    LLVMValueRef pointer = state_pointer(l, address);
    LLVMValueRef store = LLVMBuildStore(l->builder, value, pointer);
    LLVMSetMetadata(store, l->tbaa_kind, l->tbaa_state);
}

LLVMValueRef load_state(struct lift *l, LLVMTypeRef type, uint32_t offset) {
    return load_at(l, type, CPU_ADDRESS + offset);
}

void store_state(struct lift *l, LLVMValueRef value, uint32_t offset) {
    store_at(l, value, CPU_ADDRESS + offset);
}
