/* Finds calls of functions that never return (exit, abort, error functions that end the program).
 * What follows such a call is unrelated code, often the middle of a loop: following it would make
 * regions larger and irreducible.  A guess, as everything here. */
#include <stdlib.h>

#include "internal.h"

/* Whether a frame that runs block i can reach its return, as the least solution of
 *   return, unknown jump, missing code: yes
 *   call: the callee's first block can and the block behind the call can
 *   others: any successor can */
struct analysis {
    const struct program *program;
    bool *can_return;
    uint32_t *dependents, *first; /* of block i: dependents[first[i]] .. dependents[first[i + 1]) */
    uint32_t *work;
    size_t work_count;
};

static int64_t block_index(const struct program *program, uint32_t start) {
    const struct block *block = block_at(program, start);
    return block ? block - program->blocks : -1;
}

/* Numbers of the blocks that block->end leads to or calls, -1 for missing ones. */
static size_t find_followers(const struct program *program, const struct block *block,
                             int64_t pair[2]) {
    switch (block->end) {
    case BLOCK_FALL:
    case BLOCK_CALL_INDIRECT:
        pair[0] = block_index(program, block->next);
        return 1;
    case BLOCK_JUMP:
        pair[0] = block_index(program, block->target);
        return 1;
    case BLOCK_BRANCH:
    case BLOCK_CALL:
        pair[0] = block_index(program, block->next);
        pair[1] = block_index(program, block->target);
        return 2;
    case BLOCK_JUMP_INDIRECT:
    case BLOCK_RETURN:
    case BLOCK_STOP:
    case BLOCK_LOOP:
        return 0;
    }
    return 0;
}

static void mark(struct analysis *analysis, uint32_t block) {
    if (analysis->can_return[block])
        return;
    analysis->can_return[block] = true;
    analysis->work[analysis->work_count++] = block;
}

static bool can_return(const struct analysis *analysis, int64_t block) {
    return block < 0 || analysis->can_return[block];
}

static void update(struct analysis *analysis, uint32_t number) {
    const struct block *block = &analysis->program->blocks[number];
    int64_t pair[2];
    size_t count = find_followers(analysis->program, block, pair);
    bool result;
    if (block->end == BLOCK_CALL)
        result = can_return(analysis, pair[0]) && can_return(analysis, pair[1]);
    else if (!count)
        result = true;
    else
        result = can_return(analysis, pair[0]) || (count == 2 && can_return(analysis, pair[1]));
    if (result)
        mark(analysis, number);
}

static void find_dependents(struct analysis *analysis, struct arena *arena) {
    const struct program *program = analysis->program;
    size_t count = program->block_count;
    int64_t pair[2];
    analysis->first = arena_alloc(arena, (count + 2) * sizeof *analysis->first);
    uint32_t *next = analysis->first + 1;
    for (size_t i = 0; i < count; i++)
        for (size_t j = find_followers(program, &program->blocks[i], pair); j-- > 0;)
            if (pair[j] >= 0)
                next[pair[j] + 1]++;
    for (size_t i = 1; i <= count; i++)
        next[i] += next[i - 1];
    analysis->dependents = arena_alloc(arena, (next[count] + 1) * sizeof(uint32_t));
    for (size_t i = 0; i < count; i++)
        for (size_t j = find_followers(program, &program->blocks[i], pair); j-- > 0;)
            if (pair[j] >= 0)
                analysis->dependents[next[pair[j]]++] = (uint32_t)i;
}

void find_calls_without_return(struct program *program) {
    struct arena arena = {0};
    size_t count = program->block_count;
    struct analysis analysis = {.program = program};
    analysis.can_return = arena_alloc(&arena, count + 1);
    analysis.work = arena_alloc(&arena, (count + 1) * sizeof *analysis.work);
    find_dependents(&analysis, &arena);
    for (uint32_t i = 0; i < count; i++)
        update(&analysis, i);
    while (analysis.work_count) {
        uint32_t block = analysis.work[--analysis.work_count];
        for (uint32_t i = analysis.first[block]; i < analysis.first[block + 1]; i++)
            update(&analysis, analysis.dependents[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct block *block = &program->blocks[i];
        block->no_return =
            block->end == BLOCK_CALL && !can_return(&analysis, block_index(program, block->target));
    }
    arena_free(&arena);
}
