/* The runtime's allocator: a fixed range of linear memory below GUEST_BASE, so that a snapshot of
 * linear memory holds all state and nothing grows through the guest's arena.  For small objects;
 * bulk data lives in kernel-owned pages (kernel/pages.h).  Never returns NULL: panics when full. */
#ifndef C2W_HEAP_H
#define C2W_HEAP_H
#include <stddef.h>
void *heap_alloc(size_t size);               /* 16-byte aligned, zeroed */
void *heap_resize(void *block, size_t size); /* like realloc; new bytes are not zeroed */
void heap_free(void *block);                 /* NULL is fine */
size_t heap_used(void);
size_t heap_left(void); /* bytes, some of which may be in pieces */
#endif
