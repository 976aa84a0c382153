/* What instructions mean, as LLVM IR: the semantics of runtime/isa/x86_64/sem.h over the primitives
 * of sem_build.h.  Instructions that uses_x86_64.c marks as stepped are executed by the runtime. */
#include <stdlib.h>
#include <string.h>

#include "../runtime/guest_memory.h"
#include "../runtime/isa/state.h"
#include "isa.h"
#include "lift.h"

static void leave_to_interpreter_if(struct lift *l, LLVMValueRef condition) {
    leave_if(l, condition, l->pc, true);
}

/* One of two values, each computed on its own way. */
struct choice {
    LLVMBasicBlockRef other, join, first_end;
    LLVMValueRef first;
};

static struct choice begin_choice(struct lift *l, LLVMValueRef condition) {
    LLVMBasicBlockRef first = LLVMAppendBasicBlockInContext(l->context, l->function, "");
    struct choice choice = {.other = LLVMAppendBasicBlockInContext(l->context, l->function, ""),
                            .join = LLVMAppendBasicBlockInContext(l->context, l->function, "")};
    LLVMBuildCondBr(l->builder, condition, first, choice.other);
    LLVMPositionBuilderAtEnd(l->builder, first);
    return choice;
}

static void otherwise(struct lift *l, struct choice *choice, LLVMValueRef value) {
    choice->first = value;
    choice->first_end = LLVMGetInsertBlock(l->builder);
    LLVMBuildBr(l->builder, choice->join);
    LLVMPositionBuilderAtEnd(l->builder, choice->other);
}

static LLVMValueRef end_choice(struct lift *l, struct choice *choice, LLVMValueRef value) {
    LLVMBasicBlockRef end = LLVMGetInsertBlock(l->builder);
    LLVMBuildBr(l->builder, choice->join);
    LLVMPositionBuilderAtEnd(l->builder, choice->join);
    LLVMValueRef phi = LLVMBuildPhi(l->builder, LLVMTypeOf(value), "");
    LLVMValueRef values[] = {choice->first, value};
    LLVMBasicBlockRef from[] = {choice->first_end, end};
    LLVMAddIncoming(phi, values, from, 2);
    return phi;
}

/* The runtime does something at this instruction with the whole state in the CPU, and changes
 * `changed`; the function is left when it says so. */
static void call_with_state(struct lift *l, const char *name, register_mask changed) {
    store_registers(l, l->dirty);
    l->dirty = 0;
    LLVMValueRef pc = LLVMConstInt(l->i32, l->pc, false);
    LLVMValueRef unwind = call_runtime(l, name, l->i32, &pc, 1);
    LLVMValueRef zero = LLVMConstInt(l->i32, 0, false);
    leave_if(l, LLVMBuildICmp(l->builder, LLVMIntNE, unwind, zero, ""), 0, false);
    l->cached &= ~changed;
    if (changed & FLAG_REGISTERS)
        l->guest.facts.flags_known = false;
}

/* It changes rax only, and only when execution goes on. */
static void build_syscall(struct lift *l) { call_with_state(l, "c2w_syscall", SYSCALL_RESULTS); }

#include "../runtime/isa/x86_64/sem_build.h"

#define SEM_WITHOUT_X87
#include "../runtime/isa/x86_64/sem.h"

#define OP(id, mnemonic, class, attributes)                                                        \
    SEM(id) { build_nothing(); }
#include "../runtime/isa/x86_64/ops_x87.def"
#undef OP

/* The runtime executes what has no IR, and what has none that is exact enough. */
static bool is_stepped(const struct lift *l, const struct register_use *use) {
    return use->is_stepped || (l->exact_fflags && use->raises_exceptions);
}

/* Locked instructions need nothing more: guest threads change at calls of the runtime only. */
void lift_insn(struct lift *l, const struct insn *insn) {
    typedef void semantics(struct lift *, const struct insn *, unsigned, bool);
    static semantics *const table[OP_COUNT] = {
#define OP(id, mnemonic, class, attributes) [OP_##id] = sem_##id,
#include "../runtime/isa/x86_64/ops.def"
#undef OP
    };
    struct register_use use = insn_registers(insn);
    if (is_stepped(l, &use)) {
        call_with_state(l, "c2w_step", use.writes);
        need_registers(l, use.writes); /* they are among what the block stores at its end */
    } else {
        table[insn->op](l, insn, insn->form, insn->flags & INSN_ADDRESS_FLAGS);
    }
}

bool insn_may_leave(const struct lift *l, const struct insn *insn) {
    struct register_use use = insn_registers(insn);
    switch ((enum op)insn->op) {
    case OP_div8:
    case OP_div16:
    case OP_div32:
    case OP_div64:
    case OP_idiv8:
    case OP_idiv16:
    case OP_idiv32:
    case OP_idiv64:
    case OP_syscall:
        return true;
    default:
        return is_stepped(l, &use);
    }
}

void begin_block(struct lift *l, const struct block_facts *facts, bool unknown) {
    l->guest.facts = *facts;
    if (unknown || !facts->is_set)
        l->guest.facts.flags_known = false;
}

void join_facts(const struct lift *l, struct block_facts *at_successor, bool behind_call) {
    const struct block_facts *here = &l->guest.facts;
    if (behind_call)
        at_successor->flags_known = false;
    else if (!at_successor->is_set)
        *at_successor = *here;
    else if (!here->flags_known || here->flags_op != at_successor->flags_op)
        at_successor->flags_known = false;
    at_successor->is_set = true;
}
