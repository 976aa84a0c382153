/* The interpreter's loop over decoded blocks.  The includer has included sem.h with its definitions
 * of sem_eval.h and defines
 *   INTERPRET_NAME   the function
 *   INTERPRET_LIFTED 1: leave where lifted code can be entered
 *   INTERPRET_FETCH_FAULT(pc, address) raises the fault of fetching the instruction at pc */

/* What comes after an instruction of each class. */
#define THEN_INTEGER continue;
#define THEN_FP continue;
#define THEN_LOAD THEN_MAY_STOP
#define THEN_STORE THEN_MAY_STOP
#define THEN_ATOMIC THEN_MAY_STOP
#define THEN_FENCE THEN_MAY_STOP
#define THEN_FP_ROUNDED THEN_MAY_STOP
#define THEN_BRANCH goto branch;
#define THEN_JUMP goto branch;
#define THEN_JUMP_REGISTER goto indirect;
#define THEN_SYSTEM goto stopped;
#define THEN_CSR                                                                                   \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    EVAL_CPU.pc = (uint64_t)insn->pc + insn->len;                                                  \
    goto restart;
#define THEN_MAY_STOP                                                                              \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    continue;

void INTERPRET_NAME(uint32_t stop_pc, uint64_t stop_sp, uint32_t budget) {
    struct eval c = {.stop = false};
    struct decoded_block *block, *found, *unlinked, **link;
    const struct insn *insn;
    uint32_t fault_address, generation;
    int64_t left = budget;
    bool enter_lifted = INTERPRET_LIFTED && !EVAL_CPU.force_interp;
    EVAL_CPU.force_interp = 0;

restart: /* cpu.pc is exact, anything else may have changed */
    if (EVAL_CPU.event)
        goto leave;
    EVAL_FAULTED = false;
    c.stop = false;
    c.target = EVAL_CPU.pc;
    link = &unlinked;

find: /* the block at c.target, to be remembered in *link */
    found = NULL;
    fault_address = 0;
    generation = block_generation;
    if (c.target <= UINT32_MAX)
        found = block_find((uint32_t)c.target, &fault_address);
    if (!found) {
        INTERPRET_FETCH_FAULT(c.target, c.target <= UINT32_MAX ? fault_address : c.target);
        goto restart;
    }
    if (generation == block_generation)
        *link = found;
    block = found;

enter:
    if (__builtin_expect((block->flags != 0) | (block->pc == stop_pc), 0)) {
        bool stop = block->pc == stop_pc && EVAL_CPU.x[2] == stop_sp;
        if (stop || (block->flags & BLOCK_LIFTED && enter_lifted && EVAL_CPU.frm == 0))
            goto leave_at_block;
        if (block->flags & BLOCK_CHECKED && !block_validate(block)) {
            c.target = block->pc;
            link = &unlinked;
            goto find;
        }
    }
    if (left <= 0)
        goto leave_at_block;
    left -= block->count;
    enter_lifted = INTERPRET_LIFTED;

    for (insn = block->insns;; insn++) {
        switch (insn->op) {
#define OP(id, mnemonic, form, match, mask, class)                                                 \
    case OP_##id:                                                                                  \
        sem_##id(&c, insn);                                                                        \
        THEN_##class
#include "../isa/riscv64/ops.def"
#undef OP
        case OP_BLOCK_END: /* its len is 0 */
            c.taken = false;
            goto branch;
        case OP_illegal:
            EVAL_RAISE(insn, EVAL_SIGILL, EVAL_ILL_ILLOPC, insn->pc);
            goto stopped;
        default:
            __builtin_unreachable();
        }
    }

branch:
    link = &block->successor[c.taken];
    if (__builtin_expect(*link != NULL, 1)) {
        block = *link;
        goto enter;
    }
    c.target = (uint64_t)insn->pc + (c.taken ? (uint64_t)(int64_t)insn->imm : insn->len);
    goto find;

indirect: /* the target of last time is a good guess */
    link = &block->successor[1];
    if (*link && (*link)->pc == c.target) {
        block = *link;
        goto enter;
    }
    goto find;

stopped: /* cpu.pc is set; the rest of the block was not executed */
    left += block->count - (insn - block->insns) - 1;
    goto restart;

leave_at_block:
    EVAL_CPU.pc = block->pc;
leave:
    interpreted_instructions += (uint64_t)((int64_t)budget - left);
}
