/* Cuts what discovery decoded into blocks, and lists the functions. */
#include <stdlib.h>

#include "discover.h"

static int compare_jumps(const void *left, const void *right) {
    const struct indirect_jump *a = left, *b = right;
    return (a->address > b->address) - (a->address < b->address);
}

static const struct indirect_jump *find_jump(const struct discovery *discovery, uint32_t address) {
    struct indirect_jump key = {.address = address};
    return discovery->jump_count ? bsearch(&key, discovery->jumps, discovery->jump_count,
                                           sizeof *discovery->jumps, compare_jumps)
                                 : NULL;
}

/* Says how a block ends whose last instruction is at `address`; false when it goes on. */
static bool end_block(const struct discovery *discovery, struct block *block, uint32_t address,
                      const struct constants *constants) {
    const struct insn *insn = &block->insns[block->insn_count - 1];
    enum control_kind control = insn_control(insn);
    struct jump_target target;
    const struct indirect_jump *jump;
    switch (control) {
    case CONTROL_NONE:
    case CONTROL_STOP:
        return false;
    case CONTROL_SYSCALL:
        block->end = BLOCK_FALL;
        return true;
    case CONTROL_BRANCH:
    case CONTROL_JUMP:
    case CONTROL_CALL:
        break;
    }
    target = insn_target(insn, address, constants);
    block->target = target.is_known ? target.address : 0;
    if (control == CONTROL_BRANCH) {
        block->end = BLOCK_BRANCH;
    } else if (control == CONTROL_CALL) {
        block->end = target.is_known ? BLOCK_CALL : BLOCK_CALL_INDIRECT;
    } else if (target.is_known) {
        block->end = BLOCK_JUMP;
    } else if ((jump = find_jump(discovery, address)) && jump->target_count) {
        block->end = BLOCK_JUMP_INDIRECT;
        block->target_count = jump->target_count;
        block->targets = jump->targets;
    } else {
        block->end = target.may_return ? BLOCK_RETURN : BLOCK_JUMP_INDIRECT;
    }
    return true;
}

static void build_block(const struct discovery *discovery, const struct code_range *range,
                        size_t slot, struct block *block) {
    struct constants constants;
    constants_clear(&constants);
    uint32_t address = range->start + INSN_ALIGNMENT * (uint32_t)slot;
    block->start = address;
    block->insns = insn_by_number(discovery, range->insns[slot] - 1);
    for (;;) {
        const struct insn *insn = &block->insns[block->insn_count++];
        uint32_t next = address + insn->len;
        block->next = next;
        if (end_block(discovery, block, address, &constants))
            return;
        constants_step(&constants, insn, address);
        address = next;
        if (address >= range->end || !range->insns[slot_of(range, address)]) {
            block->end = BLOCK_STOP;
            return;
        }
        if (range->marks[slot_of(range, address)] & MARK_LEADER) {
            block->end = BLOCK_FALL;
            return;
        }
    }
}

static int compare_ranges(const void *left, const void *right) {
    const struct code_range *a = left, *b = right;
    return (a->start > b->start) - (a->start < b->start);
}

void build_blocks(struct discovery *discovery, struct program *program) {
    if (discovery->jump_count)
        qsort(discovery->jumps, discovery->jump_count, sizeof *discovery->jumps, compare_jumps);
    qsort(discovery->ranges, discovery->range_count, sizeof *discovery->ranges, compare_ranges);
    size_t count = 0;
    for (int fill = 0; fill < 2; fill++) {
        program->block_count = count;
        if (fill)
            program->blocks = arena_alloc(discovery->arena, (count + 1) * sizeof *program->blocks);
        count = 0;
        for (size_t i = 0; i < discovery->range_count; i++) {
            const struct code_range *range = &discovery->ranges[i];
            size_t slots = slot_of(range, range->end);
            for (size_t slot = 0; slot < slots; slot++) {
                if (!(range->marks[slot] & MARK_LEADER) || !range->insns[slot])
                    continue;
                if (fill)
                    build_block(discovery, range, slot, &program->blocks[count]);
                count++;
            }
        }
    }
}

/* Takes name and size of a function from the hints at its address, which follow each other. */
static void describe_function(struct function *function, const struct code_hint **hints,
                              size_t hint_count, size_t *position) {
    while (*position < hint_count && hints[*position]->address < function->entry)
        ++*position;
    bool from_fde = false;
    for (size_t i = *position; i < hint_count && hints[i]->address == function->entry; i++) {
        const struct code_hint *hint = hints[i];
        if (hint->name && !function->name)
            function->name = hint->name;
        if (hint->size && !from_fde) {
            function->size = hint->size;
            from_fde = hint->evidence == EVIDENCE_FDE;
        }
    }
}

void build_functions(struct discovery *discovery, struct program *program,
                     const struct code_hint **hints) {
    size_t count = 0, position = 0;
    for (int fill = 0; fill < 2; fill++) {
        program->function_count = count;
        if (fill)
            program->functions =
                arena_alloc(discovery->arena, (count + 1) * sizeof *program->functions);
        count = 0;
        for (size_t i = 0; i < discovery->range_count; i++) {
            const struct code_range *range = &discovery->ranges[i];
            size_t slots = slot_of(range, range->end);
            for (size_t slot = 0; slot < slots; slot++) {
                unsigned evidence = range->marks[slot] & MARK_EVIDENCE;
                if (!evidence || !range->insns[slot])
                    continue;
                if (fill) {
                    struct function *function = &program->functions[count];
                    function->entry = range->start + INSN_ALIGNMENT * (uint32_t)slot;
                    function->evidence = (enum code_evidence)(evidence - 1);
                    describe_function(function, hints, discovery->input->hint_count, &position);
                }
                count++;
            }
        }
    }
}

const struct block *block_at(const struct program *program, uint32_t start) {
    size_t low = 0, high = program->block_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (program->blocks[middle].start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low < program->block_count && program->blocks[low].start == start ? &program->blocks[low]
                                                                             : NULL;
}

bool function_is_certain(const struct function *function) {
    return function->evidence != EVIDENCE_ADDRESS && function->evidence != EVIDENCE_PROFILE;
}

const struct function *function_at(const struct program *program, uint32_t entry) {
    size_t low = 0, high = program->function_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (program->functions[middle].entry < entry)
            low = middle + 1;
        else
            high = middle;
    }
    return low < program->function_count && program->functions[low].entry == entry
               ? &program->functions[low]
               : NULL;
}
