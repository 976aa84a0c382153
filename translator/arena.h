/* Memory that is freed together: short-lived compiler data.  Allocation never fails (the process
 * ends with a message when the system has no memory). */
#ifndef C2W_ARENA_H
#define C2W_ARENA_H
#include <stddef.h>
struct arena {
    struct arena_chunk *chunks;
    size_t used, size; /* of the newest chunk */
};
void *arena_alloc(struct arena *arena, size_t size); /* zeroed, 16-byte aligned */
void arena_free(struct arena *arena);                /* everything at once */
#endif
