/* The heap: a fixed range cut into pages of 4 KiB.  A page holds blocks of one size class, or is
 * part of a run of pages that is one large block or free.  The page table is the only bookkeeping
 * besides free-list links inside free small blocks. */
#include "heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../guest_memory.h"
#include "host.h"

#define HEAP_END (0x1f00000u - 0x100000u) /* wasm: the dead zone's start, GUEST_BASE - 1 MiB */
#define HEAP_PAGES (HEAP_END / PAGE_SIZE)

#if defined(__wasm__)
_Static_assert(HEAP_END == GUEST_BASE - 0x100000, "the heap ends where the dead zone starts");
extern unsigned char __heap_base; /* set by wasm-ld: end of static data */
#else
static _Alignas(PAGE_SIZE) unsigned char native_range[HEAP_END];
#endif

/* Block sizes, multiples of 16, chosen to waste little of a page. */
static const uint16_t class_sizes[] = {16,  32,  48,  64,  80,  96,  112, 128, 160,  192,  224,
                                       256, 320, 384, 448, 512, 576, 672, 816, 1008, 1360, 2048};
#define CLASS_COUNT (sizeof class_sizes / sizeof class_sizes[0])
#define SMALL_MAX 2048u

enum page_kind {
    PAGE_FREE,  /* first or last page of a free run: `run` is its length */
    PAGE_LARGE, /* first page of a large block of `run` pages */
    PAGE_SMALL, /* blocks of one class */
    PAGE_INNER, /* inside a large block */
};

struct heap_page {
    uint8_t kind, class;
    uint16_t used;           /* small: blocks in use */
    uint16_t free;           /* small: offset of the first free block in units of 16, plus 1 */
    uint16_t untouched;      /* small: offset where never used blocks start, in units of 16 */
    uint32_t run;            /* pages */
    uint16_t next, previous; /* small: list of pages of the class with a free block; 0 = end */
};
_Static_assert(HEAP_PAGES < UINT16_MAX, "page numbers plus 1 fit the list links");

static struct {
    unsigned char *start;
    uint32_t page_count;
    uint32_t first_free; /* no free run starts below */
    uint32_t clean;      /* pages from here on were never used: they are zero */
    size_t used;
    uint16_t partial[CLASS_COUNT]; /* page number plus 1 */
    struct heap_page pages[HEAP_PAGES];
} heap;

static void heap_init(void) {
#if defined(__wasm__)
    uintptr_t start = ((uintptr_t)&__heap_base + PAGE_SIZE - 1) & ~(uintptr_t)(PAGE_SIZE - 1);
    heap.start = (unsigned char *)start;
    heap.page_count = (uint32_t)((HEAP_END - start) / PAGE_SIZE);
#else
    heap.start = native_range;
    heap.page_count = HEAP_PAGES;
#endif
    heap.pages[0].run = heap.pages[heap.page_count - 1].run = heap.page_count;
}

static void mark_free(uint32_t page, uint32_t run) {
    heap.pages[page] = heap.pages[page + run - 1] =
        (struct heap_page){.kind = PAGE_FREE, .run = run};
    if (page < heap.first_free)
        heap.first_free = page;
}

/* Cuts the free run at `page` down to its first `run` pages. */
static void split_free(uint32_t page, uint32_t run) {
    uint32_t rest = heap.pages[page].run - run;
    if (rest)
        mark_free(page + run, rest);
}

/* First free run that is long enough; its pages get no kind yet. */
static uint32_t take_pages(uint32_t run) {
    bool seen_free = false;
    for (uint32_t page = heap.first_free; page < heap.page_count;) {
        struct heap_page *p = &heap.pages[page];
        if (p->kind == PAGE_FREE) {
            if (!seen_free)
                heap.first_free = page;
            seen_free = true;
            if (p->run >= run) {
                split_free(page, run);
                if (heap.first_free == page)
                    heap.first_free = page + run;
                if (heap.clean < page + run)
                    heap.clean = page + run;
                return page;
            }
        }
        page += p->kind == PAGE_SMALL ? 1 : p->run;
    }
    host_panic("the runtime's heap is full");
}

static void release_pages(uint32_t page, uint32_t run) {
    uint32_t after = page + run;
    if (after < heap.page_count && heap.pages[after].kind == PAGE_FREE)
        run += heap.pages[after].run;
    if (page > 0 && heap.pages[page - 1].kind == PAGE_FREE) {
        uint32_t before = heap.pages[page - 1].run;
        page -= before;
        run += before;
    }
    mark_free(page, run);
}

static unsigned char *page_start(uint32_t page) { return heap.start + (size_t)page * PAGE_SIZE; }

static void list_page(uint32_t page) {
    struct heap_page *p = &heap.pages[page];
    p->previous = 0;
    p->next = heap.partial[p->class];
    if (p->next)
        heap.pages[p->next - 1].previous = (uint16_t)(page + 1);
    heap.partial[p->class] = (uint16_t)(page + 1);
}

static void unlist_page(uint32_t page) {
    struct heap_page *p = &heap.pages[page];
    if (p->previous)
        heap.pages[p->previous - 1].next = p->next;
    else
        heap.partial[p->class] = p->next;
    if (p->next)
        heap.pages[p->next - 1].previous = p->previous;
}

static unsigned small_class(size_t size) {
    unsigned class = 0;
    while (class_sizes[class] < size)
        class++;
    return class;
}

static bool page_is_full(const struct heap_page *p) {
    return !p->free && p->untouched * 16u + class_sizes[p->class] > PAGE_SIZE;
}

static void *alloc_small(size_t size) {
    unsigned class = small_class(size);
    if (!heap.partial[class]) {
        uint32_t fresh = take_pages(1);
        heap.pages[fresh] = (struct heap_page){.kind = PAGE_SMALL, .class = (uint8_t)class};
        list_page(fresh);
    }
    uint32_t page = heap.partial[class] - 1u;
    struct heap_page *p = &heap.pages[page];
    unsigned char *block;
    if (p->free) {
        block = page_start(page) + (p->free - 1) * 16u;
        memcpy(&p->free, block, sizeof p->free);
    } else {
        block = page_start(page) + p->untouched * 16u;
        p->untouched = (uint16_t)(p->untouched + class_sizes[class] / 16);
    }
    p->used++;
    if (page_is_full(p))
        unlist_page(page);
    heap.used += class_sizes[class];
    memset(block, 0, class_sizes[class]);
    return block;
}

static uint32_t pages_for(size_t size) {
    if (size > HEAP_END)
        host_panic("a block larger than the runtime's heap was asked for");
    return (uint32_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* Makes pages [from, to) the tail of the large block that starts at `page`. */
static void extend_large(uint32_t page, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++)
        heap.pages[i] = (struct heap_page){.kind = PAGE_INNER};
    heap.pages[page] = (struct heap_page){.kind = PAGE_LARGE, .run = to - page};
}

static void *alloc_large(size_t size) {
    uint32_t run = pages_for(size), clean = heap.clean;
    uint32_t page = take_pages(run);
    extend_large(page, page, page + run);
    if (page < clean) {
        uint32_t dirty = page + run < clean ? run : clean - page;
        memset(page_start(page), 0, (size_t)dirty * PAGE_SIZE);
    }
    heap.used += (size_t)run * PAGE_SIZE;
    return page_start(page);
}

void *heap_alloc(size_t size) {
    if (!heap.start)
        heap_init();
    return size <= SMALL_MAX ? alloc_small(size) : alloc_large(size);
}

/* The page of a block that heap_alloc returned. */
static uint32_t page_of(const void *block) {
    uintptr_t offset = (uintptr_t)block - (uintptr_t)heap.start;
    uint32_t page = (uint32_t)(offset / PAGE_SIZE);
    bool valid = heap.start && offset < (uintptr_t)heap.page_count * PAGE_SIZE;
    if (valid) {
        const struct heap_page *p = &heap.pages[page];
        valid = p->kind == PAGE_SMALL
                    ? p->used > 0 && offset % PAGE_SIZE % class_sizes[p->class] == 0
                    : p->kind == PAGE_LARGE && offset % PAGE_SIZE == 0;
    }
    if (!valid)
        host_panic("a block that is not the heap's was freed or resized");
    return page;
}

void heap_free(void *block) {
    if (!block)
        return;
    uint32_t page = page_of(block);
    struct heap_page *p = &heap.pages[page];
    if (p->kind == PAGE_LARGE) {
        heap.used -= (size_t)p->run * PAGE_SIZE;
        release_pages(page, p->run);
        return;
    }
    bool was_full = page_is_full(p);
    heap.used -= class_sizes[p->class];
    memcpy(block, &p->free, sizeof p->free);
    p->free = (uint16_t)(((uintptr_t)block - (uintptr_t)page_start(page)) / 16 + 1);
    if (was_full)
        list_page(page);
    if (--p->used == 0) {
        unlist_page(page);
        release_pages(page, 1);
    }
}

/* Grows or shrinks a large block where it is; false when what follows is in use. */
static bool resize_large(uint32_t page, uint32_t run) {
    uint32_t old = heap.pages[page].run, after = page + old;
    if (run > old) {
        if (after >= heap.page_count || heap.pages[after].kind != PAGE_FREE ||
            heap.pages[after].run < run - old)
            return false;
        split_free(after, run - old);
        if (heap.first_free == after)
            heap.first_free = page + run;
        extend_large(page, after, page + run);
        if (heap.clean < page + run)
            heap.clean = page + run;
    } else if (run < old) {
        heap.pages[page].run = run;
        release_pages(page + run, old - run);
    }
    heap.used += ((size_t)run - old) * PAGE_SIZE;
    return true;
}

void *heap_resize(void *block, size_t size) {
    if (!block)
        return heap_alloc(size);
    uint32_t page = page_of(block);
    const struct heap_page *p = &heap.pages[page];
    size_t capacity;
    if (p->kind == PAGE_SMALL) {
        capacity = class_sizes[p->class];
        if (size <= capacity && size > capacity / 2)
            return block;
    } else {
        capacity = (size_t)p->run * PAGE_SIZE;
        if (size > SMALL_MAX && resize_large(page, pages_for(size)))
            return block;
    }
    void *moved = heap_alloc(size);
    memcpy(moved, block, size < capacity ? size : capacity);
    heap_free(block);
    return moved;
}

size_t heap_used(void) { return heap.used; }

size_t heap_left(void) { return (size_t)heap.page_count * PAGE_SIZE - heap.used; }
