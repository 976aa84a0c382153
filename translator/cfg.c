/* Regions: the blocks that are lifted together from one entry, their order and their loops. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A region while it is built.  Blocks are numbered in the order they were found, then in reverse
 * post-order, then with loops contiguous. */
struct graph {
    struct arena *arena;
    const struct program *program;
    struct region *region;
    uint32_t *slots; /* hash table of block starts: 1 + block number */
    uint32_t slot_mask;
    uint32_t *successors; /* of all blocks, block i's are [first[i], first[i + 1]) */
    uint32_t *first;
    /* A part of a region: only its blocks, those of the loop at `header` if that is >= 0. */
    const struct region *within; /* or NULL */
    int32_t header;
    const struct resume_point *points;
    size_t point_count;
};

static uint32_t hash_address(uint32_t address) { return (address >> 1) * 2654435761u >> 7; }

static int32_t find_slot(const uint32_t *slots, uint32_t mask, const struct block *const *blocks,
                         uint32_t start, uint32_t *slot) {
    uint32_t i = hash_address(start) & mask;
    while (slots[i] && blocks[slots[i] - 1]->start != start)
        i = (i + 1) & mask;
    *slot = i;
    return (int32_t)slots[i] - 1;
}

int32_t region_block(const struct region *region, uint32_t start) {
    uint32_t slot;
    return find_slot(region->slots, region->slot_mask, region->blocks, start, &slot);
}

bool region_in_loop(const struct region *region, int32_t header, int32_t block) {
    int32_t loop = block < 0 ? -1 : region->loop_header[block];
    while (loop >= 0 && loop != header)
        loop = region->loop_parent[loop];
    return loop >= 0;
}

/* Edges to another function's start leave the region.  A taken address alone is too weak a reason
 * to call something a function. */
static bool is_cut(const struct graph *graph, uint32_t address) {
    if (address == graph->region->entry)
        return false;
    const struct function *function = function_at(graph->program, address);
    if (function && function_is_certain(function))
        return true;
    if (!graph->within)
        return false;
    int32_t block = region_block(graph->within, address);
    return block < 0 ||
           (graph->header >= 0 && !region_in_loop(graph->within, graph->header, block));
}

/* The addresses that a block's end leads to, calls aside; returns their number. */
static size_t successor_addresses(const struct block *block, const uint32_t **addresses,
                                  uint32_t pair[2]) {
    *addresses = pair;
    switch (block->end) {
    case BLOCK_CALL:
        if (block->no_return)
            return 0;
        pair[0] = block->next;
        return 1;
    case BLOCK_FALL:
    case BLOCK_CALL_INDIRECT:
        pair[0] = block->next;
        return 1;
    case BLOCK_BRANCH:
        pair[0] = block->next, pair[1] = block->target;
        return block->next == block->target ? 1 : 2;
    case BLOCK_JUMP:
        pair[0] = block->target;
        return 1;
    case BLOCK_JUMP_INDIRECT:
    case BLOCK_LOOP:
        *addresses = block->targets;
        return block->target_count;
    case BLOCK_RETURN:
    case BLOCK_STOP:
        return 0;
    }
    return 0;
}

static bool is_outlined(const struct graph *graph, uint32_t address) {
    if (address == graph->region->entry)
        return false;
    for (size_t i = 0; i < graph->point_count; i++)
        if (graph->points[i].pc == address)
            return graph->points[i].kind == RESUME_OUTLINED;
    return false;
}

static int compare_addresses(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The block that stands for the loop at `header`; its targets are those in this part. */
static const struct block *loop_block(const struct graph *graph, uint32_t header) {
    const struct region *within = graph->within;
    int32_t loop = region_block(within, header);
    uint32_t pair[2], used = 0, distinct = 0;
    const uint32_t *addresses;
    size_t room = 0;
    for (size_t b = 0; b < within->block_count; b++)
        if (region_in_loop(within, loop, (int32_t)b))
            room += successor_addresses(within->blocks[b], &addresses, pair);
    uint32_t *targets = arena_alloc(graph->arena, (room + 1) * sizeof *targets);
    for (size_t b = 0; b < within->block_count; b++) {
        if (!region_in_loop(within, loop, (int32_t)b))
            continue;
        size_t count = successor_addresses(within->blocks[b], &addresses, pair);
        for (size_t i = 0; i < count; i++)
            if (!region_in_loop(within, loop, region_block(within, addresses[i])) &&
                !is_cut(graph, addresses[i]))
                targets[used++] = addresses[i];
    }
    qsort(targets, used, sizeof *targets, compare_addresses);
    for (uint32_t i = 0; i < used; i++)
        if (!distinct || targets[distinct - 1] != targets[i])
            targets[distinct++] = targets[i];
    struct block *block = arena_alloc(graph->arena, sizeof *block);
    *block = (struct block){.start = header,
                            .next = header,
                            .end = BLOCK_LOOP,
                            .target_count = distinct,
                            .targets = targets};
    return block;
}

static const struct block *find_block(const struct graph *graph, uint32_t start) {
    if (is_cut(graph, start))
        return NULL;
    return is_outlined(graph, start) ? loop_block(graph, start) : block_at(graph->program, start);
}

/* Number of the block at an address, which joins the region if there is room; -1 if it does not. */
static int32_t add_block(struct graph *graph, uint32_t start, uint32_t max_insns) {
    struct region *region = graph->region;
    uint32_t slot;
    int32_t number = find_slot(graph->slots, graph->slot_mask, region->blocks, start, &slot);
    if (number >= 0)
        return number;
    const struct block *block = find_block(graph, start);
    if (!block)
        return -1;
    if (region->block_count && region->insn_count + block->insn_count > max_insns)
        return -1;
    region->insn_count += block->insn_count;
    region->blocks[region->block_count] = block;
    graph->slots[slot] = (uint32_t)++region->block_count;
    return (int32_t)region->block_count - 1;
}

/* Breadth first: near blocks are in the region when the limit cuts it. */
static void find_blocks(struct graph *graph, uint32_t max_insns) {
    struct region *region = graph->region;
    add_block(graph, region->entry, max_insns);
    for (size_t i = 0; i < region->block_count; i++) {
        uint32_t pair[2];
        const uint32_t *addresses;
        size_t count = successor_addresses(region->blocks[i], &addresses, pair);
        for (size_t j = 0; j < count; j++)
            add_block(graph, addresses[j], max_insns);
    }
}

static void find_successors(struct graph *graph) {
    const struct region *region = graph->region;
    size_t total = 0;
    uint32_t pair[2], slot;
    const uint32_t *addresses;
    for (size_t i = 0; i < region->block_count; i++)
        total += successor_addresses(region->blocks[i], &addresses, pair);
    graph->successors = arena_alloc(graph->arena, (total + 1) * sizeof *graph->successors);
    graph->first = arena_alloc(graph->arena, (region->block_count + 1) * sizeof *graph->first);
    uint32_t used = 0;
    for (size_t i = 0; i < region->block_count; i++) {
        graph->first[i] = used;
        size_t count = successor_addresses(region->blocks[i], &addresses, pair);
        for (size_t j = 0; j < count; j++) {
            int32_t number =
                find_slot(graph->slots, graph->slot_mask, region->blocks, addresses[j], &slot);
            if (number >= 0)
                graph->successors[used++] = (uint32_t)number;
        }
    }
    graph->first[region->block_count] = used;
}

/* Reverse post-order of a depth-first walk: order[0] is block 0, the entry.  Every block is
 * reachable. */
static void order_blocks(const struct graph *graph, uint32_t *order) {
    size_t count = graph->region->block_count, depth = 0, left = count;
    uint32_t *stack = arena_alloc(graph->arena, count * sizeof *stack);
    uint32_t *edge = arena_alloc(graph->arena, count * sizeof *edge);
    bool *seen = arena_alloc(graph->arena, count);
    stack[depth++] = 0;
    seen[0] = true;
    edge[0] = graph->first[1];
    while (depth) {
        /* The last successor first: then a branch's fall-through follows it in the order. */
        uint32_t block = stack[depth - 1];
        if (edge[block] == graph->first[block]) {
            order[--left] = block;
            depth--;
            continue;
        }
        uint32_t next = graph->successors[--edge[block]];
        if (!seen[next]) {
            seen[next] = true;
            edge[next] = graph->first[next + 1];
            stack[depth++] = next;
        }
    }
}

/* Gives block order[i] the number i; returns the new numbers by old ones. */
static const uint32_t *renumber(struct graph *graph, const uint32_t *order) {
    struct region *region = graph->region;
    size_t count = region->block_count;
    const struct block **blocks = arena_alloc(graph->arena, count * sizeof *blocks);
    uint32_t *number = arena_alloc(graph->arena, count * sizeof *number);
    for (size_t i = 0; i < count; i++) {
        blocks[i] = region->blocks[order[i]];
        number[order[i]] = (uint32_t)i;
    }
    for (uint32_t i = 0; i <= graph->slot_mask; i++)
        if (graph->slots[i])
            graph->slots[i] = 1 + number[graph->slots[i] - 1];
    region->blocks = blocks;
    find_successors(graph);
    return number;
}

struct predecessors {
    uint32_t *blocks, *first;
};

static struct predecessors find_predecessors(const struct graph *graph) {
    size_t count = graph->region->block_count;
    struct predecessors result = {
        arena_alloc(graph->arena, (graph->first[count] + 1) * sizeof(uint32_t)),
        arena_alloc(graph->arena, (count + 2) * sizeof(uint32_t)),
    };
    uint32_t *next = result.first + 1; /* becomes `first` while the blocks are filled in */
    for (uint32_t i = 0; i < graph->first[count]; i++)
        next[graph->successors[i] + 1]++;
    for (size_t i = 1; i <= count; i++)
        next[i] += next[i - 1];
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = graph->first[i]; j < graph->first[i + 1]; j++)
            result.blocks[next[graph->successors[j]]++] = i;
    return result;
}

/* Immediate dominators of blocks in reverse post-order (Cooper, Harvey, Kennedy: A Simple, Fast
 * Dominance Algorithm). */
static uint32_t *find_dominators(const struct graph *graph, const struct predecessors *before) {
    size_t count = graph->region->block_count;
    uint32_t *dominator = arena_alloc(graph->arena, count * sizeof *dominator);
    for (size_t i = 1; i < count; i++)
        dominator[i] = UINT32_MAX;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 1; i < count; i++) {
            uint32_t found = UINT32_MAX;
            for (uint32_t j = before->first[i]; j < before->first[i + 1]; j++) {
                uint32_t a = before->blocks[j], b = found;
                if (dominator[a] == UINT32_MAX)
                    continue;
                while (b != UINT32_MAX && a != b) {
                    if (a > b)
                        a = dominator[a];
                    else
                        b = dominator[b];
                }
                found = a;
            }
            changed |= dominator[i] != found;
            dominator[i] = found;
        }
    }
    return dominator;
}

static bool dominates(const uint32_t *dominator, uint32_t a, uint32_t b) {
    while (b > a)
        b = dominator[b];
    return a == b;
}

/* Natural loops, inner before outer: headers in descending order.  A block that has its innermost
 * loop already stands for that loop's outermost known one, which the new loop then encloses. */
static void find_loops(struct graph *graph, const struct predecessors *before) {
    struct region *region = graph->region;
    size_t count = region->block_count;
    const uint32_t *dominator = find_dominators(graph, before);
    region->loop_header = arena_alloc(graph->arena, count * sizeof *region->loop_header);
    region->loop_parent = arena_alloc(graph->arena, count * sizeof *region->loop_parent);
    region->is_header = arena_alloc(graph->arena, count);
    uint32_t *work = arena_alloc(graph->arena, (graph->first[count] + 1) * sizeof *work);
    region->irreducible = false;
    for (size_t i = 0; i < count; i++)
        region->loop_header[i] = region->loop_parent[i] = -1;
    for (uint32_t header = (uint32_t)count; header-- > 0;) {
        size_t work_count = 0;
        for (uint32_t j = before->first[header]; j < before->first[header + 1]; j++) {
            uint32_t from = before->blocks[j];
            if (from < header)
                continue;
            if (dominates(dominator, header, from))
                work[work_count++] = from;
            else
                region->irreducible = true;
        }
        if (!work_count)
            continue;
        region->is_header[header] = true;
        region->loop_header[header] = (int32_t)header;
        while (work_count) {
            uint32_t block = work[--work_count];
            if (region->loop_header[block] >= 0) {
                block = (uint32_t)region->loop_header[block];
                while (region->loop_parent[block] >= 0)
                    block = (uint32_t)region->loop_parent[block];
                if (block == header)
                    continue;
                region->loop_parent[block] = (int32_t)header;
            } else {
                region->loop_header[block] = (int32_t)header;
            }
            for (uint32_t j = before->first[block]; j < before->first[block + 1]; j++)
                work[work_count++] = before->blocks[j];
        }
    }
}

/* An order in which loops are contiguous and every edge except a loop's back edge (and those of
 * irreducible code) goes forward: a loop takes its header's place among its neighbours, which are
 * in reverse post-order. */
static void order_by_loops(const struct graph *graph, uint32_t *order) {
    const struct region *region = graph->region;
    size_t count = region->block_count, used = 0, depth = 0;
    int32_t *child = arena_alloc(graph->arena, (count + 1) * sizeof *child);
    int32_t *sibling = arena_alloc(graph->arena, count * sizeof *sibling);
    int32_t *stack = arena_alloc(graph->arena, (count + 1) * sizeof *stack);
    for (size_t i = 0; i <= count; i++)
        child[i] = -1;
    for (uint32_t i = (uint32_t)count; i-- > 0;) {
        int32_t loop = region->is_header[i] ? region->loop_parent[i] : region->loop_header[i];
        size_t parent = loop < 0 ? count : (size_t)loop;
        sibling[i] = child[parent];
        child[parent] = (int32_t)i;
    }
    stack[depth++] = child[count];
    while (depth) {
        int32_t block = stack[depth - 1];
        if (block < 0) {
            depth--;
            continue;
        }
        stack[depth - 1] = sibling[block];
        order[used++] = (uint32_t)block;
        if (child[block] >= 0)
            stack[depth++] = child[block];
    }
}

/* Order and loop information in the final numbers. */
static void apply_loop_order(struct graph *graph, const uint32_t *order) {
    struct region *region = graph->region;
    size_t count = region->block_count;
    const uint32_t *number = renumber(graph, order);
    int32_t *header = arena_alloc(graph->arena, count * sizeof *header);
    int32_t *parent = arena_alloc(graph->arena, count * sizeof *parent);
    bool *is_header = arena_alloc(graph->arena, count);
    for (size_t i = 0; i < count; i++) {
        uint32_t old = order[i];
        header[i] = region->loop_header[old] < 0 ? -1 : (int32_t)number[region->loop_header[old]];
        parent[i] = region->loop_parent[old] < 0 ? -1 : (int32_t)number[region->loop_parent[old]];
        is_header[i] = region->is_header[old];
    }
    region->loop_header = header;
    region->loop_parent = parent;
    region->is_header = is_header;
}

static void build(struct graph *graph, uint32_t entry, uint32_t max_insns) {
    struct region *region = graph->region;
    struct arena *arena = graph->arena;
    const struct program *program = graph->program;
    *region = (struct region){.entry = entry};
    /* A block has at least one instruction, so the limit also bounds the blocks; the entry block is
     * always in. */
    size_t capacity = (size_t)max_insns + 1;
    if (capacity > program->block_count)
        capacity = program->block_count;
    uint32_t slots = 4;
    while (slots < 2 * capacity)
        slots *= 2;
    region->blocks = arena_alloc(arena, capacity * sizeof *region->blocks);
    graph->slots = arena_alloc(arena, slots * sizeof *graph->slots);
    graph->slot_mask = slots - 1;
    find_blocks(graph, max_insns);
    region->slots = graph->slots;
    region->slot_mask = graph->slot_mask;

    uint32_t *order = arena_alloc(arena, region->block_count * sizeof *order);
    find_successors(graph);
    order_blocks(graph, order);
    renumber(graph, order);
    struct predecessors before = find_predecessors(graph);
    find_loops(graph, &before);
    order_by_loops(graph, order);
    apply_loop_order(graph, order);
}

bool region_build(struct arena *arena, const struct program *program, uint32_t entry,
                  uint32_t max_insns, struct region *region) {
    if (!block_at(program, entry))
        return false;
    struct graph graph = {.arena = arena, .program = program, .region = region};
    build(&graph, entry, max_insns);
    return true;
}

void region_build_part(struct arena *arena, const struct program *program,
                       const struct region *function, const struct resume_point *points,
                       size_t point_count, uint32_t pc, struct region *part) {
    struct graph graph = {.arena = arena,
                          .program = program,
                          .region = part,
                          .within = function,
                          .header = pc == function->entry ? -1 : region_block(function, pc),
                          .points = points,
                          .point_count = point_count};
    build(&graph, pc, function->insn_count);
}
