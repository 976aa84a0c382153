/* Chooses what is lifted: every function that discovery found, and resume points at the headers of
 * its loops. */
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

/* Larger loops that call are left to the interpreter after a time slice: their own instructions are
 * few beside those of their callees, which are lifted. */
#define CALLING_LOOP_INSNS_MAX 150

/* Whether the end of a time slice can leave the function: not if all its loops always call. */
static bool is_left_by_slices(const struct region *region, const bool *calling) {
    for (size_t b = 0; b < region->block_count; b++)
        if (region->is_header[b] && !calling[b])
            return true;
    return false;
}

static bool is_worth_resuming(const struct program *program, const struct region *region,
                              size_t header) {
    if (program->input->count_count) /* what is lifted is hot: an interpreter's loop, for example */
        return true;
    uint32_t insns = 0;
    bool calls = false;
    for (size_t b = 0; b < region->block_count; b++) {
        if (!region_in_loop(region, (int32_t)header, (int32_t)b))
            continue;
        insns += region->blocks[b]->insn_count;
        calls |= block_is_call(region->blocks[b]);
    }
    return !calls || insns <= CALLING_LOOP_INSNS_MAX;
}

/* Adds a function's loop headers; a header that two functions share is lifted for the first. */
static void add_resume_points(struct builder *b, struct arena *scratch,
                              const struct program *program, const struct region *region,
                              unsigned char *taken, struct lifted_function *function) {
    struct plan *plan = b->plan;
    struct calling_loops loops;
    find_calling_loops(scratch, region, &loops);
    function->resume_first = (uint32_t)plan->resume_count;
    if (!is_left_by_slices(region, loops.always_calls))
        return;
    for (size_t i = 1; i < region->block_count; i++) {
        uint32_t pc = region->blocks[i]->start;
        size_t index = (size_t)(region->blocks[i] - program->blocks);
        if (!region->is_header[i] || is_function(program, pc) || taken[index] ||
            !is_worth_resuming(program, region, i))
            continue;
        taken[index] = 1;
        plan->resume_points =
            grow(plan->resume_points, &b->resume_room, plan->resume_count, sizeof(uint32_t));
        plan->resume_points[plan->resume_count++] = pc;
        function->resume_count++;
    }
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
                    .tail_callable =
                        !graph.tail_cycle[i] && function_is_certain(&program->functions[i]),
                    .chosen = true};
                add_resume_points(&b, &scratch, program, &region, taken, function);
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
