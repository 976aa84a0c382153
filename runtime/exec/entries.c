/* Lifted entries: guest PC -> wasm function, checked against what is mapped. */
#include <string.h>

#include "../content_hash.h"
#include "../guest_memory.h"
#include "../kernel/mm.h"
#include "exec.h"

uint64_t c2w_lifted_instructions;
struct jump_cache_slot c2w_jump_cache[1u << JUMP_CACHE_BITS];

void entries_flush(void) {
    for (uint32_t i = 0; i < 1u << JUMP_CACHE_BITS; i++)
        c2w_jump_cache[i] = (struct jump_cache_slot){.pc = 1};
}

/* --- what is mapped --- */

#define HASH_CHUNK 16384 /* bytes */

/* Whether the file has the bytes of the segment that was lifted. */
static bool has_text(struct file *file, const struct lifted_file *lifted) {
    uint8_t chunk[HASH_CHUNK];
    uint64_t hash = CONTENT_HASH_START;
    uint32_t size = lifted->text_end - lifted->text_start;
    for (uint32_t done = 0; done < size;) {
        uint32_t part = size - done < HASH_CHUNK ? size - done : HASH_CHUNK;
        if (file_read_at(file, chunk, part, (uint64_t)lifted->text_offset + done) != (int64_t)part)
            return false;
        hash = content_hash_add(hash, chunk, part);
        done += part;
    }
    return hash == lifted->text_hash;
}

uint32_t entries_base(struct file *file) {
    uint32_t inode = c2w_lifted_file_count ? file_rootfs_inode(file) : 0;
    for (uint32_t i = 0; inode && i < c2w_lifted_file_count; i++)
        if (c2w_lifted_files[i].inode == inode)
            return c2w_lifted_files[i].base;
    uint64_t size = c2w_lifted_file_count ? file_size(file) : 0;
    for (uint32_t i = 0; i < c2w_lifted_file_count; i++)
        if (c2w_lifted_files[i].base && c2w_lifted_files[i].file_size == size &&
            has_text(file, &c2w_lifted_files[i]))
            return c2w_lifted_files[i].base;
    return 0;
}

void entries_identify(struct vma *vma) {
    uint32_t inode = c2w_lifted_file_count ? file_rootfs_inode(vma->file) : 0;
    for (uint32_t i = 0; i < c2w_lifted_file_count; i++) {
        const struct lifted_file *lifted = &c2w_lifted_files[i];
        if (vma->start > lifted->text_start || vma->end < lifted->text_end ||
            vma->file_offset + (lifted->text_start - vma->start) != lifted->text_offset)
            continue;
        uint32_t size = lifted->text_end - lifted->text_start;
        if (inode != lifted->inode &&
            content_hash_add(CONTENT_HASH_START, guest_pointer(lifted->text_start), size) !=
                lifted->text_hash)
            continue;
        vma->lifted = (uint16_t)(i + 1);
        vma->lifted_inode = inode;
        return;
    }
}

uint32_t entries_reservation(uint32_t start, uint32_t end) {
    for (uint32_t i = 0; i < c2w_lifted_file_count; i++) {
        const struct lifted_file *lifted = &c2w_lifted_files[i];
        if (lifted->base && start < lifted->image_end && end > lifted->base)
            return (uint32_t)PAGE_UP(lifted->image_end);
    }
    return 0;
}

void entries_text(uint16_t lifted, uint32_t *start, uint32_t *end) {
    *start = (uint32_t)PAGE_DOWN(c2w_lifted_files[lifted - 1].text_start);
    *end = (uint32_t)PAGE_UP(c2w_lifted_files[lifted - 1].text_end);
}

/* --- entries --- */

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
    const struct vma *vma = c2w_lifted_file_count ? vma_find(current->process->mm, pc) : NULL;
    if (!vma || !vma->lifted || !(vma->prot & PROT_EXEC))
        return NULL;
    lifted_function *function = find_entry(&c2w_lifted_files[vma->lifted - 1], pc);
    /* Pages of a file of the image are not copied: it may have been written to since. */
    if (function && file_rootfs_inode(vma->file) != vma->lifted_inode)
        return NULL;
    if (function)
        *slot = (struct jump_cache_slot){pc, function};
    return function;
}
