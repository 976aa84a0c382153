/* Lifted entries: guest PC -> wasm function, checked against what is mapped. */
#include <string.h>

#include "../kernel/kernel.h"
#include "exec.h"

struct jump_cache_slot c2w_jump_cache[1u << JUMP_CACHE_BITS];

void entries_flush(void) {
    for (uint32_t i = 0; i < 1u << JUMP_CACHE_BITS; i++)
        c2w_jump_cache[i] = (struct jump_cache_slot){.pc = 1};
}

/* Whether the page of pc shows the file's own bytes: its VMA maps that inode at the offset the
 * translator expected and could never be written. */
static bool is_intact(const struct lifted_file *file, uint32_t pc) {
    const struct vma *vma = vma_find(current->process->mm, pc);
    return vma && vma->file && !vma->ever_writable && (vma->prot & PROT_EXEC) &&
           vma->file_offset + (pc - vma->start) == file->text_offset + (pc - file->text_start) &&
           file_rootfs_inode(vma->file) == file->inode;
}

static lifted_function *find_entry(const struct lifted_file *file, uint32_t pc) {
    uint32_t low = 0, high = file->entry_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (file->entries[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < file->entry_count && file->entries[low].pc == pc ? file->entries[low].function
                                                                  : NULL;
}

lifted_function *lifted_lookup(uint32_t pc) {
    struct jump_cache_slot *slot = &c2w_jump_cache[JUMP_CACHE_SLOT(pc)];
    if (slot->pc == pc)
        return slot->function;
    for (uint32_t i = 0; i < c2w_lifted_file_count; i++) {
        const struct lifted_file *file = &c2w_lifted_files[i];
        if (pc < file->text_start || pc >= file->text_end)
            continue;
        lifted_function *function = find_entry(file, pc);
        if (function && is_intact(file, pc)) {
            *slot = (struct jump_cache_slot){pc, function};
            return function;
        }
    }
    return NULL;
}
