/* What a profile means for a build: which functions hold what was executed. */
#include <stdlib.h>
#include <string.h>

#include "lift.h"

/* Lifted are the hottest functions that together hold this share of the counted instructions. */
#define SHARE_NUMERATOR 999
#define SHARE_DENOMINATOR 1000

/* The last block that starts at or before the address and reaches it, or NULL. */
static const struct block *block_around(const struct program *program, uint32_t address) {
    size_t low = 0, high = program->block_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (program->blocks[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    /* Blocks that overlap are rare: code that is read at two alignments. */
    for (size_t i = 0; i < 4 && low > 0; i++, low--)
        if (address < program->blocks[low - 1].next)
            return &program->blocks[low - 1];
    return NULL;
}

struct code_hint *hints_from_counts(const struct program *program, size_t *count) {
    const struct translator_input *input = program->input;
    struct code_hint *hints =
        malloc((input->hint_count + input->count_count + 1) * sizeof *hints);
    if (!hints)
        abort();
    *count = input->hint_count;
    if (input->hint_count)
        memcpy(hints, input->hints, input->hint_count * sizeof *hints);
    for (size_t i = 0; i < input->count_count; i++)
        if (!block_around(program, input->counts[i].address))
            hints[(*count)++] = (struct code_hint){.address = input->counts[i].address,
                                                   .evidence = EVIDENCE_PROFILE};
    return hints;
}

struct owner {
    uint32_t function; /* 1 + number in the plan, 0 = none */
    bool certain;
};

/* Gives each block of a program to one function whose region has it: to one that is a function
 * beyond doubt if there is one, and then to the nearest that starts before it. */
static void find_owners(const struct plan *plan, uint32_t file, struct owner *owners) {
    const struct program *program = &plan->programs[file];
    for (size_t i = 0; i < plan->function_count; i++) {
        const struct lifted_function *function = &plan->functions[i];
        if (function->file != file)
            continue;
        struct arena scratch = {0};
        struct region region;
        region_build(&scratch, program, function->entry, REGION_INSNS_MAX, &region);
        bool certain = function_is_certain(function_at(program, function->entry));
        for (size_t b = 0; b < region.block_count; b++) {
            struct owner *owner = &owners[region.blocks[b] - program->blocks];
            bool is_nearer = function->entry <= region.blocks[b]->start;
            if (!owner->function || (certain && !owner->certain) ||
                (certain == owner->certain && is_nearer))
                *owner = (struct owner){(uint32_t)i + 1, certain};
        }
        arena_free(&scratch);
    }
}

struct hot_function {
    size_t number;
    uint64_t weight;
};

static int compare_weight(const void *a, const void *b) {
    const struct hot_function *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Adds up the weights of the functions of one file; chooses those that were lifted before. */
static void weigh_functions(struct plan *plan, uint32_t file, struct hot_function *hot) {
    const struct program *program = &plan->programs[file];
    struct owner *owners = calloc(program->block_count + 1, sizeof *owners);
    if (!owners)
        abort();
    find_owners(plan, file, owners);
    for (size_t i = 0; i < program->input->count_count; i++) {
        const struct code_count *count = &program->input->counts[i];
        const struct block *block = block_around(program, count->address);
        uint32_t owner = block ? owners[block - program->blocks].function : 0;
        if (!owner)
            continue;
        hot[owner - 1].weight += count->weight;
        if (count->instructions == 0)
            plan->functions[owner - 1].chosen = true;
    }
    free(owners);
}

uint64_t choose_counted(struct plan *plan) {
    struct hot_function *hot = calloc(plan->function_count + 1, sizeof *hot);
    if (!hot)
        abort();
    for (size_t i = 0; i < plan->function_count; i++) {
        plan->functions[i].chosen = false;
        hot[i].number = i;
    }
    for (size_t p = 0; p < plan->program_count; p++)
        weigh_functions(plan, (uint32_t)p, hot);
    uint64_t total = 0, lifted = 0, reached = 0;
    for (size_t i = 0; i < plan->function_count; i++)
        total += hot[i].weight;
    qsort(hot, plan->function_count, sizeof *hot, compare_weight);
    uint64_t wanted = total / SHARE_DENOMINATOR * SHARE_NUMERATOR +
                      total % SHARE_DENOMINATOR * SHARE_NUMERATOR / SHARE_DENOMINATOR;
    for (size_t i = 0; i < plan->function_count && hot[i].weight; i++) {
        struct lifted_function *function = &plan->functions[hot[i].number];
        function->chosen |= reached < wanted;
        reached += hot[i].weight;
        lifted += function->chosen ? hot[i].weight : 0;
    }
    free(hot);
    return lifted;
}
