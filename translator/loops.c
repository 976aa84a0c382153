/* Which loops make a call on every way around.  Such a loop needs no check of its own that the time
 * slice is over: its calls make it, where all state is in memory anyway (lift.c). */
#include "internal.h"

/* Follows the loop from its header without passing a call; true when the header is met again. */
static bool has_way_without_call(const struct region *region, int32_t header, bool *seen,
                                 int32_t *work) {
    size_t count = 0;
    for (size_t b = 0; b < region->block_count; b++)
        seen[b] = false;
    work[count++] = header;
    while (count) {
        const struct block *block = region->blocks[work[--count]];
        if (block_is_call(block))
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

bool *find_calling_loops(struct arena *arena, const struct region *region) {
    bool *calling = arena_alloc(arena, region->block_count);
    bool *seen = arena_alloc(arena, region->block_count);
    int32_t *work = arena_alloc(arena, (region->block_count + 1) * sizeof *work);
    for (size_t b = 0; b < region->block_count; b++)
        if (region->is_header[b])
            calling[b] = !has_way_without_call(region, (int32_t)b, seen, work);
    return calling;
}
