/* The interpreter's loop over decoded blocks.  The includer has included the guest's semantics over
 * sem_eval.h and interp_memory.h and defines
 *   INTERPRET_CASES      a file of the cases of the loop's switch over INTERPRET_KEY(insn); behind
 * an instruction they `continue` or go to one of branch    c.taken says where, by insn->imm
 *                          indirect  to c.target
 *                          stopped   cpu.pc is set
 *   INTERPRET_BLOCK_END, INTERPRET_ILLEGAL   the keys of OP_BLOCK_END and OP_illegal */
uint64_t interpreted_instructions;

void interpret(uint32_t stop_pc, uint64_t stop_sp, uint32_t budget) {
    struct eval c = {.stop = false};
    struct decoded_block *block, *found, *unlinked, **link;
    const struct insn *insn;
    uint32_t fault_address, generation;
    int64_t left = budget;
    bool enter_lifted = !EVAL_CPU.force_interp;
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
        fetch_fault(c.target, c.target <= UINT32_MAX ? fault_address : c.target);
        goto restart;
    }
    if (generation == block_generation)
        *link = found;
    block = found;

enter:
    if (__builtin_expect((block->flags != 0) | (block->pc == stop_pc), 0)) {
        bool stop = block->pc == stop_pc && GUEST_SP == stop_sp;
        if (stop || (block->flags & BLOCK_LIFTED && enter_lifted && guest_rounds_to_nearest()))
            goto leave_at_block;
        if (block->flags & BLOCK_CHECKED && !block_validate(block)) {
            c.target = block->pc;
            link = &unlinked;
            goto find;
        }
        if (block->flags & BLOCK_COUNTED && left > 0)
            profile_count(block->profile_row);
    }
    if (left <= 0)
        goto leave_at_block;
    left -= block->count;
    enter_lifted = true;

    for (insn = block->insns;; insn++) {
        switch (INTERPRET_KEY(insn)) {
#include INTERPRET_CASES
        case INTERPRET_BLOCK_END: /* its len is 0 */
            c.taken = false;
            goto branch;
        case INTERPRET_ILLEGAL:
            EVAL_RAISE(insn, EVAL_SIGILL, EVAL_ILLEGAL_CODE, insn->pc);
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
    c.target = c.taken ? INTERPRET_TARGET(insn) : (uint64_t)insn->pc + insn->len;
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
