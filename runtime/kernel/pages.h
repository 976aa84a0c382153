/* Kernel-owned pages: ranges of the guest's arena that no guest mapping may use.  For bulk data
 * (overlay file data, fork shadows), so that the heap stays small. */
#ifndef C2W_PAGES_H
#define C2W_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, page aligned; NULL when the memory limit is reached.  Size is rounded up to pages. */
void *pages_alloc(size_t bytes);
void pages_free(void *pages, size_t bytes);
/* Whether the range has kernel-owned pages; *end is then where the first such chunk ends. */
bool pages_overlap(uint32_t start, uint32_t end, uint32_t *overlap_end);
size_t pages_used(void); /* bytes */

#endif
