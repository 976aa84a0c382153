#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)256 << 10)
#define ALIGNMENT 16

struct arena_chunk {
    struct arena_chunk *next;
    char padding[ALIGNMENT - sizeof(struct arena_chunk *)];
    char bytes[];
};
_Static_assert(sizeof(struct arena_chunk) == ALIGNMENT, "allocations are aligned");

/* The newest chunk is the one that allocations come from; calloc gives large chunks as fresh pages
 * of the system, so that untouched parts of them cost nothing. */
static struct arena_chunk *new_chunk(size_t size) {
    struct arena_chunk *chunk = NULL;
    if (size <= SIZE_MAX - sizeof *chunk)
        chunk = calloc(1, sizeof *chunk + size);
    if (!chunk) {
        fprintf(stderr, "c2w-aot: out of memory\n");
        exit(1);
    }
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size) {
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded < size)
        rounded = SIZE_MAX;
    if (arena->chunks && rounded <= arena->size - arena->used) {
        void *result = arena->chunks->bytes + arena->used;
        arena->used += rounded;
        return result;
    }
    if (arena->chunks && rounded >= CHUNK_SIZE / 4) {
        /* A large block gets its own chunk behind the current one, which stays in use. */
        struct arena_chunk *chunk = new_chunk(rounded);
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
        return chunk->bytes;
    }
    size_t size_of_chunk = rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE;
    struct arena_chunk *chunk = new_chunk(size_of_chunk);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->used = rounded;
    arena->size = size_of_chunk;
    return chunk->bytes;
}

void arena_free(struct arena *arena) {
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}
