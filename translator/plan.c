/* Chooses what is lifted: every function that discovery found, and resume points where its cycles
 * begin.  After the function was left in the middle (a blocked call, another thread, a signal, a
 * time slice, a deep stack) at most the rest of one way around a loop is interpreted.  Return sites
 * have no entries of their own for that reason. */
#include "lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    struct plan *plan;
    size_t function_room, resume_room;
};

static void *grow(void *array, size_t *room, size_t count, size_t size) {
    if (count < *room)
        return array;
    *room = *room ? 2 * *room : 256;
    array = realloc(array, *room * size);
    if (!array)
        abort();
    return array;
}

static bool is_function(const struct program *program, uint32_t pc) {
    return function_at(program, pc) != NULL;
}

/* What becomes of a loop, by its size in instructions, where a call counts as CALL_SIZE.  A loop that
 * is copied costs code, one that is outlined costs a call each time it is entered.  Where the end of a
 * time slice leaves no loop of a function, since all of them call on every way around, small ones have
 * no resume point: when the function was left in a callee, the few instructions around the calls are
 * interpreted. */
struct loop_policy {
    uint32_t copied_max;  /* larger ones are outlined */
    uint32_t calling_min; /* smaller ones have no resume point where all always call */
};
static const struct loop_policy thrifty = {.copied_max = 40, .calling_min = 100};
/* With a profile what is lifted is hot. */
static const struct loop_policy generous = {.copied_max = 400, .calling_min = 0};

#define CALL_SIZE 8
static uint32_t loop_size(const struct region *region, size_t header) {
    uint32_t size = 0;
    for (size_t b = 0; b < region->block_count; b++)
        if (region_in_loop(region, (int32_t)header, (int32_t)b))
            size += region->blocks[b]->insn_count +
                    (block_is_call(region->blocks[b]) ? CALL_SIZE : 0);
    return size;
}

/* Whether the end of a time slice can leave the function: not if all its loops always call. */
static bool is_left_by_slices(const struct region *region, const bool *always_calls) {
    for (size_t b = 0; b < region->block_count; b++)
        if (region->is_header[b] && !always_calls[b])
            return true;
    return false;
}

static void add_point(struct builder *b, struct lifted_function *function,
                      struct resume_point point) {
    struct plan *plan = b->plan;
    plan->resume_points =
        grow(plan->resume_points, &b->resume_room, plan->resume_count, sizeof *plan->resume_points);
    plan->resume_points[plan->resume_count++] = point;
    function->resume_count++;
}

/* The part that a block of a function is in. */
static uint32_t part_of(const struct plan *plan, const struct lifted_function *function,
                        const struct region *region, int32_t block) {
    uint32_t part = region->entry;
    for (int32_t h = region->loop_header[block]; h >= 0; h = region->loop_parent[h])
        for (uint32_t i = 0; i < function->resume_count; i++) {
            const struct resume_point *point = &plan->resume_points[function->resume_first + i];
            if (point->kind == RESUME_OUTLINED && point->pc == region->blocks[h]->start)
                return point->pc;
        }
    return part;
}

/* Adds the blocks that edges go back to which are no back edges of natural loops. */
static void add_points_within(struct builder *b, const struct program *program,
                              const struct region *region, unsigned char *taken,
                              struct lifted_function *function) {
    for (size_t from = 0; region->irreducible && from < region->block_count; from++)
        for (unsigned i = 0; i < block_successor_count(region->blocks[from]); i++) {
            uint32_t pc = block_successor(region->blocks[from], i);
            int32_t to = region_block(region, pc);
            if (to <= 0 || (size_t)to > from || is_function(program, pc) ||
                (region->is_header[to] && region_in_loop(region, to, (int32_t)from)))
                continue;
            size_t index = (size_t)(region->blocks[to] - program->blocks);
            if (taken[index])
                continue;
            taken[index] = 1;
            uint32_t part = part_of(b->plan, function, region, to);
            add_point(b, function, (struct resume_point){pc, RESUME_WITHIN, part});
        }
}

/* Adds a function's loop headers; a header that two functions share is lifted for the first, and the
 * other one has the loop within. */
static void add_resume_points(struct builder *b, struct arena *scratch,
                              const struct program *program, const struct region *region,
                              const struct loop_policy *policy, unsigned char *taken,
                              struct lifted_function *function) {
    struct plan *plan = b->plan;
    struct calling_loops loops;
    find_calling_loops(scratch, region, &loops);
    const bool left_by_slices = is_left_by_slices(region, loops.always_calls);
    function->resume_first = (uint32_t)plan->resume_count;
    for (size_t i = 1; i < region->block_count; i++) {
        uint32_t pc = region->blocks[i]->start;
        size_t index = (size_t)(region->blocks[i] - program->blocks);
        if (!region->is_header[i] || is_function(program, pc) || taken[index])
            continue;
        uint32_t size = loop_size(region, i);
        if (!left_by_slices && size < policy->calling_min)
            continue;
        taken[index] = 1;
        add_point(b, function,
                  (struct resume_point){pc, size > policy->copied_max ? RESUME_OUTLINED : RESUME_COPY, 0});
    }
    add_points_within(b, program, region, taken, function);
}

void plan_all(struct plan *plan, const struct program *programs, size_t program_count) {
    memset(plan, 0, sizeof *plan);
    plan->programs = programs;
    plan->program_count = program_count;
    struct builder b = {.plan = plan};
    for (size_t p = 0; p < program_count; p++) {
        const struct program *program = &programs[p];
        unsigned char *taken = calloc(program->block_count + 1, 1);
        if (!taken)
            abort();
        struct arena graph_arena = {0};
        struct call_graph graph;
        call_graph_build(&graph_arena, program, &graph);
        const struct loop_policy *policy = program->input->count_count ? &generous : &thrifty;
        for (size_t i = 0; i < program->function_count; i++) {
            struct arena scratch = {0};
            struct region region;
            uint32_t entry = program->functions[i].entry;
            if (region_build(&scratch, program, entry, REGION_INSNS_MAX, &region) &&
                region.insn_count > 0) {
                plan->functions = grow(plan->functions, &b.function_room, plan->function_count,
                                       sizeof *plan->functions);
                struct lifted_function *function = &plan->functions[plan->function_count++];
                *function = (struct lifted_function){
                    .file = (uint32_t)p,
                    .entry = entry,
                    .insn_count = region.insn_count,
                    .counts_depth = graph.in_cycle[i] || graph.has_indirect_calls[i],
                    .exact_fflags = graph.reads_fflags[i],
                    .takes_flags = graph.takes_flags[i],
                    .returns_flags = graph.returns_flags[i],
                    .tail_callable =
                        !graph.tail_cycle[i] && function_is_certain(&program->functions[i]),
                    .chosen = true};
                add_resume_points(&b, &scratch, program, &region, policy, taken, function);
            }
            arena_free(&scratch);
        }
        arena_free(&graph_arena);
        free(taken);
    }
}

void plan_free(struct plan *plan) {
    free(plan->functions);
    free(plan->resume_points);
    memset(plan, 0, sizeof *plan);
}

const struct lifted_function *plan_function(const struct plan *plan, uint32_t file,
                                            uint32_t entry) {
    size_t low = 0, high = plan->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct lifted_function *function = &plan->functions[middle];
        if (function->file < file || (function->file == file && function->entry < entry))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == plan->function_count)
        return NULL;
    const struct lifted_function *function = &plan->functions[low];
    return function->file == file && function->entry == entry ? function : NULL;
}

void lifted_symbol(char *to, size_t size, uint32_t pc) {
    snprintf(to, size, LIFTED_PREFIX LIFTED_FILE_MARK "_%x", pc);
}

void lifted_symbol_of_file(char *to, size_t size, uint32_t file, uint32_t pc) {
    snprintf(to, size, LIFTED_PREFIX "%04x_%x", file, pc);
}
