/* Properties of functions that depend on what they call: direct calls and direct tail jumps between
 * the functions of one file. */
#include <string.h>

#include "isa.h"

enum edge_kind { EDGE_CALL, EDGE_TAIL };

/* Edges of all functions: function i's are edges[first[i]] .. edges[first[i + 1]). */
struct calls {
    struct call_edge {
        uint32_t callee;
        uint8_t kind;
    } *edges;
    uint32_t *first;
    size_t count, capacity;
};

struct walk {
    const struct program *program;
    struct call_graph *graph;
    struct arena *arena;
    struct calls calls;
    uint32_t *function_of; /* per block: 1 + number of the function that starts there, or 0 */
    uint32_t *seen;        /* per block: 1 + number of the function that was last here */
    uint32_t *work;
    size_t work_count;
    uint32_t *flags_seen;  /* per block: the last of flag_walks that was here */
    uint32_t flag_walks;
    uint32_t *flag_work;
    size_t flag_work_count;
    const struct block **blocks; /* of the function that is walked */
    size_t block_count;
};

static void add_edge(struct walk *walk, uint32_t callee, enum edge_kind kind) {
    struct calls *calls = &walk->calls;
    if (calls->count == calls->capacity) {
        size_t capacity = calls->capacity ? 2 * calls->capacity : 4096;
        struct call_edge *edges = arena_alloc(walk->arena, capacity * sizeof *edges);
        if (calls->count)
            memcpy(edges, calls->edges, calls->count * sizeof *edges);
        calls->edges = edges;
        calls->capacity = capacity;
    }
    calls->edges[calls->count++] = (struct call_edge){callee, kind};
}

/* Follows an edge inside of a function, which is a tail jump when another function starts there
 * (the rule of regions: cfg.c). */
static void follow(struct walk *walk, uint32_t function, uint32_t address) {
    const struct block *block = block_at(walk->program, address);
    if (!block)
        return;
    size_t number = (size_t)(block - walk->program->blocks);
    uint32_t other = walk->function_of[number];
    if (other && other - 1 != function &&
        function_is_certain(&walk->program->functions[other - 1])) {
        add_edge(walk, other - 1, EDGE_TAIL);
        return;
    }
    if (walk->seen[number] == function + 1)
        return;
    walk->seen[number] = function + 1;
    walk->work[walk->work_count++] = (uint32_t)number;
}

static void look_for_flags(struct walk *walk, uint32_t address) {
    const struct block *block = block_at(walk->program, address);
    size_t number = block ? (size_t)(block - walk->program->blocks) : 0;
    if (!block || walk->flags_seen[number] == walk->flag_walks)
        return;
    walk->flags_seen[number] = walk->flag_walks;
    walk->flag_work[walk->flag_work_count++] = (uint32_t)number;
}

static enum flag_use block_flag_use(const struct block *block) {
    enum flag_use use = FLAGS_UNTOUCHED;
    for (uint32_t i = 0; use == FLAGS_UNTOUCHED && i < block->insn_count; i++)
        use = insn_flag_use(&block->insns[i]);
    return use;
}

/* Whether arithmetic flags are read from `address` on before they are written.  Calling conventions
 * pass none: calls and returns count as writing them. */
static bool flags_are_live(struct walk *walk, uint32_t address) {
    walk->flag_walks++;
    walk->flag_work_count = 0;
    look_for_flags(walk, address);
    while (walk->flag_work_count) {
        const struct block *block = &walk->program->blocks[walk->flag_work[--walk->flag_work_count]];
        enum flag_use use = block_flag_use(block);
        if (use == FLAGS_READ)
            return true;
        if (use == FLAGS_WRITTEN || block_is_call(block))
            continue;
        for (unsigned i = 0; i < block_successor_count(block); i++)
            look_for_flags(walk, block_successor(block, i));
    }
    return false;
}

static void walk_function(struct walk *walk, uint32_t function) {
    struct call_graph *graph = walk->graph;
    graph->takes_flags[function] = flags_are_live(walk, walk->program->functions[function].entry);
    walk->block_count = 0;
    follow(walk, function, walk->program->functions[function].entry);
    while (walk->work_count) {
        const struct block *block = &walk->program->blocks[walk->work[--walk->work_count]];
        walk->blocks[walk->block_count++] = block;
        if (block->end == BLOCK_CALL_INDIRECT && flags_are_live(walk, block->next))
            memset(graph->returns_flags, true, walk->program->function_count);
        switch (block->end) {
        case BLOCK_BRANCH:
            follow(walk, function, block->target);
            follow(walk, function, block->next);
            break;
        case BLOCK_FALL:
            follow(walk, function, block->next);
            break;
        case BLOCK_JUMP:
            follow(walk, function, block->target);
            break;
        case BLOCK_CALL: {
            const struct block *callee = block_at(walk->program, block->target);
            uint32_t other =
                callee ? walk->function_of[(size_t)(callee - walk->program->blocks)] : 0;
            if (other) {
                add_edge(walk, other - 1, EDGE_CALL);
                graph->returns_flags[other - 1] |=
                    !block->no_return && flags_are_live(walk, block->next);
            }
            graph->makes_calls[function] = true;
            if (!block->no_return)
                follow(walk, function, block->next);
            break;
        }
        case BLOCK_CALL_INDIRECT:
            graph->makes_calls[function] = true;
            graph->has_indirect_calls[function] = true;
            follow(walk, function, block->next);
            break;
        case BLOCK_JUMP_INDIRECT:
            graph->has_indirect_calls[function] |= !block->target_count;
            for (uint32_t i = 0; i < block->target_count; i++)
                follow(walk, function, block->targets[i]);
            break;
        case BLOCK_RETURN:
        case BLOCK_STOP:
        case BLOCK_LOOP:
            break;
        }
    }
    graph->reads_fflags[function] =
        reads_exception_flags(walk->arena, walk->blocks, walk->block_count);
}

/* Strongly connected components (Tarjan), iterative. */
struct components {
    uint32_t *index, *low, *stack, *frames, *next;
    bool *on_stack;
    uint32_t counter, stack_count, frame_count;
};

static void enter(struct components *c, const struct calls *calls, uint32_t function) {
    c->index[function] = c->low[function] = ++c->counter;
    c->stack[c->stack_count++] = function;
    c->on_stack[function] = true;
    c->next[function] = calls->first[function];
    c->frames[c->frame_count++] = function;
}

/* Takes the component of its root off the stack; more than one function is a cycle. */
static void leave(struct components *c, uint32_t root, bool *in_cycle) {
    bool cycle = c->stack[c->stack_count - 1] != root;
    uint32_t function;
    do {
        function = c->stack[--c->stack_count];
        c->on_stack[function] = false;
        in_cycle[function] |= cycle;
    } while (function != root);
}

static void find_cycles(struct arena *arena, const struct calls *calls, size_t count,
                        bool tails_only, bool *in_cycle) {
    size_t size = (count + 1) * sizeof(uint32_t);
    struct components c = {arena_alloc(arena, size),
                           arena_alloc(arena, size),
                           arena_alloc(arena, size),
                           arena_alloc(arena, size),
                           arena_alloc(arena, size),
                           arena_alloc(arena, count + 1),
                           0,
                           0,
                           0};
    for (uint32_t start = 0; start < count; start++) {
        if (!c.index[start])
            enter(&c, calls, start);
        while (c.frame_count) {
            uint32_t function = c.frames[c.frame_count - 1];
            if (c.next[function] < calls->first[function + 1]) {
                const struct call_edge *edge = &calls->edges[c.next[function]++];
                if (tails_only && edge->kind != EDGE_TAIL)
                    continue;
                if (edge->callee == function)
                    in_cycle[function] = true;
                else if (!c.index[edge->callee])
                    enter(&c, calls, edge->callee);
                else if (c.on_stack[edge->callee] && c.index[edge->callee] < c.low[function])
                    c.low[function] = c.index[edge->callee];
                continue;
            }
            c.frame_count--;
            if (c.frame_count) {
                uint32_t caller = c.frames[c.frame_count - 1];
                if (c.low[function] < c.low[caller])
                    c.low[caller] = c.low[function];
            }
            if (c.low[function] == c.index[function])
                leave(&c, function, in_cycle);
        }
    }
}

/* A caller of a function that reads the flags reads them too. */
static void spread_to_callers(struct arena *arena, const struct calls *calls, size_t count,
                              bool *property) {
    uint32_t *first = arena_alloc(arena, (count + 2) * sizeof *first), *next = first + 1;
    uint32_t *callers = arena_alloc(arena, (calls->count + 1) * sizeof *callers);
    uint32_t *work = arena_alloc(arena, (count + 1) * sizeof *work);
    size_t work_count = 0;
    for (size_t i = 0; i < calls->count; i++)
        next[calls->edges[i].callee + 1]++;
    for (size_t i = 1; i <= count; i++)
        next[i] += next[i - 1];
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = calls->first[i]; j < calls->first[i + 1]; j++)
            callers[next[calls->edges[j].callee]++] = i;
    for (uint32_t i = 0; i < count; i++)
        if (property[i])
            work[work_count++] = i;
    while (work_count) {
        uint32_t function = work[--work_count];
        for (uint32_t i = first[function]; i < first[function + 1]; i++)
            if (!property[callers[i]]) {
                property[callers[i]] = true;
                work[work_count++] = callers[i];
            }
    }
}

/* What a function jumps to returns to its callers. */
static void spread_to_tails(const struct calls *calls, size_t count, bool *property) {
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 0; i < count; i++)
            for (uint32_t e = calls->first[i]; property[i] && e < calls->first[i + 1]; e++)
                if (calls->edges[e].kind == EDGE_TAIL && !property[calls->edges[e].callee])
                    property[calls->edges[e].callee] = changed = true;
    }
}

void call_graph_build(struct arena *arena, const struct program *program,
                      struct call_graph *graph) {
    struct arena scratch = {0};
    size_t count = program->function_count, blocks = program->block_count + 1;
    *graph = (struct call_graph){
        .makes_calls = arena_alloc(arena, count + 1),
        .has_indirect_calls = arena_alloc(arena, count + 1),
        .in_cycle = arena_alloc(arena, count + 1),
        .tail_cycle = arena_alloc(arena, count + 1),
        .reads_fflags = arena_alloc(arena, count + 1),
        .takes_flags = arena_alloc(arena, count + 1),
        .returns_flags = arena_alloc(arena, count + 1),
    };
    struct walk walk = {.program = program, .graph = graph, .arena = &scratch};
    walk.function_of = arena_alloc(&scratch, blocks * sizeof *walk.function_of);
    walk.seen = arena_alloc(&scratch, blocks * sizeof *walk.seen);
    walk.work = arena_alloc(&scratch, blocks * sizeof *walk.work);
    walk.flags_seen = arena_alloc(&scratch, blocks * sizeof *walk.flags_seen);
    walk.flag_work = arena_alloc(&scratch, blocks * sizeof *walk.flag_work);
    walk.blocks = arena_alloc(&scratch, blocks * sizeof *walk.blocks);
    walk.calls.first = arena_alloc(&scratch, (count + 1) * sizeof *walk.calls.first);
    for (uint32_t i = 0; i < count; i++) {
        const struct block *block = block_at(program, program->functions[i].entry);
        if (block)
            walk.function_of[block - program->blocks] = i + 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        walk.calls.first[i] = (uint32_t)walk.calls.count;
        walk_function(&walk, i);
    }
    walk.calls.first[count] = (uint32_t)walk.calls.count;
    find_cycles(&scratch, &walk.calls, count, false, graph->in_cycle);
    find_cycles(&scratch, &walk.calls, count, true, graph->tail_cycle);
    spread_to_callers(&scratch, &walk.calls, count, graph->reads_fflags);
    spread_to_tails(&walk.calls, count, graph->returns_flags);
    arena_free(&scratch);
}
