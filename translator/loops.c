/* Which loops make a call on every way around, and which of their calls are enough.  Such a loop
 * needs no check of its own that the time slice is over: its calls make it, where all state is in
 * memory anyway (lift.c). */
#include "internal.h"

/* Follows the loop from its header without passing a call (`only` >= 0: without passing that block);
 * true when the header is met again. */
static bool has_way_around(const struct region *region, int32_t header, int32_t only, bool *seen,
                           int32_t *work) {
    size_t count = 0;
    for (size_t b = 0; b < region->block_count; b++)
        seen[b] = false;
    work[count++] = header;
    while (count) {
        int32_t b = work[--count];
        const struct block *block = region->blocks[b];
        if (only >= 0 ? b == only : block_is_call(block))
            continue;
        for (unsigned i = 0; i < block_successor_count(block); i++) {
            int32_t next = region_block(region, block_successor(block, i));
            if (next == header)
                return true;
            if (next < 0 || seen[next] || !region_in_loop(region, header, next))
                continue;
            seen[next] = true;
            work[count++] = next;
        }
    }
    return false;
}

/* Marks calls of a loop that always calls such that every way around passes one: a single one if
 * there is such a call outside inner loops, else all. */
static void mark_calls(const struct region *region, int32_t header, bool *seen, int32_t *work,
                       bool *marked) {
    for (size_t b = 0; b < region->block_count; b++) {
        if (region->loop_header[b] == header && block_is_call(region->blocks[b]) &&
            !has_way_around(region, header, (int32_t)b, seen, work)) {
            marked[b] = true;
            return;
        }
    }
    for (size_t b = 0; b < region->block_count; b++)
        if (block_is_call(region->blocks[b]) && region_in_loop(region, header, (int32_t)b))
            marked[b] = true;
}

void find_calling_loops(struct arena *arena, const struct region *region,
                        struct calling_loops *loops) {
    bool *seen = arena_alloc(arena, region->block_count);
    int32_t *work = arena_alloc(arena, (region->block_count + 1) * sizeof *work);
    loops->always_calls = arena_alloc(arena, region->block_count);
    loops->ends_slice = arena_alloc(arena, region->block_count);
    for (size_t b = 0; b < region->block_count; b++)
        if (region->is_header[b])
            loops->always_calls[b] = !has_way_around(region, (int32_t)b, -1, seen, work);
    for (size_t b = 0; b < region->block_count; b++)
        if (loops->always_calls[b])
            mark_calls(region, (int32_t)b, seen, work, loops->ends_slice);
}
