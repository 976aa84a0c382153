/* Load addresses of the files that are lifted and may lie anywhere: one after the other in the
 * inventory's order, as prelink did.  The runtime maps them there, so that lifted code holds
 * constant addresses. */
#include "frontend.h"

#define FIRST_ADDRESS UINT64_C(0x40000000)
#define LAST_ADDRESS UINT64_C(0x70000000) /* keeps room for the guest's own mappings and stack */
#define PAGE UINT64_C(4096)
#define GAP (UINT64_C(16) * PAGE) /* a stray pointer behind one file does not hit the next */

void assign_load_addresses(struct inventory *inventory) {
    uint64_t next = FIRST_ADDRESS;
    for (size_t i = 0; i < inventory->count; i++) {
        struct elf_file *file = &inventory->files[i];
        if (!file->lift || file->kind == ELF_PROGRAM)
            continue;
        const struct elf_segment *last = &file->segments[file->segment_count - 1];
        uint64_t end = last->address + last->memory_size;
        uint64_t span = (end + PAGE - 1) & ~(PAGE - 1);
        if (span > LAST_ADDRESS - next) { /* interpreted instead */
            file->lift = false;
            __builtin_snprintf(file->reason, sizeof file->reason, "no address space left for it");
            continue;
        }
        file->load_base = (uint32_t)next;
        next += span + GAP;
    }
}
