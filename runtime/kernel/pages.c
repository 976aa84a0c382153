/* Kernel-owned pages: first fit over whole MiB chunks taken from the guest's arena. */
#include "pages.h"

#include <string.h>

#include "kernel.h"
#include "mm.h"

#define CHUNK (1u << 20)
#define PAGES_PER_CHUNK (CHUNK / PAGE_SIZE)
#define CHUNK_COUNT 4096u

static struct {
    uint8_t owned[CHUNK_COUNT];                        /* the chunk is the kernel's */
    uint32_t used[CHUNK_COUNT * PAGES_PER_CHUNK / 32]; /* a bit a page */
    uint32_t top;                                      /* behind the last owned chunk */
    size_t pages;
} area;

static bool is_used(uint32_t page) { return area.used[page / 32] >> (page % 32) & 1; }

static void set_used(uint32_t page, uint32_t count, bool used) {
    for (uint32_t i = page; i < page + count; i++)
        if (used)
            area.used[i / 32] |= 1u << (i % 32);
        else
            area.used[i / 32] &= ~(1u << (i % 32));
}

/* First page of a free run in owned chunks, or 0. */
static uint32_t find_run(uint32_t count) {
    uint32_t length = 0;
    for (uint32_t chunk = 0; chunk < area.top; chunk++) {
        if (!area.owned[chunk]) {
            length = 0;
            continue;
        }
        for (uint32_t page = chunk * PAGES_PER_CHUNK; page < (chunk + 1) * PAGES_PER_CHUNK;
             page++) {
            length = is_used(page) ? 0 : length + 1;
            if (length == count)
                return page + 1 - count;
        }
    }
    return 0;
}

/* Takes chunks for `count` pages from the arena. */
static bool grow(uint32_t count) {
    uint32_t size = (count + PAGES_PER_CHUNK - 1) / PAGES_PER_CHUNK * CHUNK;
    uint32_t start = mm_find_unused(size, CHUNK);
    if (start == 0 || host_grow_memory((uint64_t)start + size))
        return false;
    mm_forget_pages(start, start + size);
    for (uint32_t chunk = start / CHUNK; chunk < (start + size) / CHUNK; chunk++) {
        area.owned[chunk] = 1;
        if (chunk >= area.top)
            area.top = chunk + 1;
    }
    return true;
}

void *pages_alloc(size_t bytes) {
    if (bytes == 0 || bytes > 0x40000000u)
        return NULL;
    uint32_t count = (uint32_t)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    uint32_t page = find_run(count);
    if (!page) {
        if (!grow(count))
            return NULL;
        page = find_run(count);
    }
    set_used(page, count, true);
    area.pages += count;
    void *pages = guest_pointer((uint64_t)page * PAGE_SIZE);
    memset(pages, 0, (size_t)count * PAGE_SIZE);
    return pages;
}

void pages_free(void *pages, size_t bytes) {
    uint32_t count = (uint32_t)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    set_used((uint32_t)(((uintptr_t)pages - GUEST_BASE) / PAGE_SIZE), count, false);
    area.pages -= count;
}

bool pages_overlap(uint32_t start, uint32_t end, uint32_t *overlap_end) {
    for (uint32_t chunk = start / CHUNK; chunk <= (end - 1) / CHUNK; chunk++)
        if (area.owned[chunk]) {
            *overlap_end = (chunk + 1) * CHUNK;
            return true;
        }
    return false;
}

size_t pages_used(void) { return area.pages * PAGE_SIZE; }
