/* Residency: which address space's pages the arena holds.
 *
 * All processes share the arena.  Every page of it has an owner: an address space, whose private
 * data it holds; a file image, whose unmodified bytes it holds; or nobody.  Making an address space
 * resident gives it every page that it maps and does not own: the owner's data is saved to a shadow
 * page, its own is restored.  Equal pages are compared, not copied; shadow pages are counted
 * references, shared after fork. */
#include <string.h>

#include "../exec/exec.h"
#include "mm.h"
#include "pages.h"

enum {
    OWNER_CLEAN = 0,      /* nobody's, never used: zeroes */
    OWNER_IMAGE = 0x8000, /* + index: unmodified bytes of a file at this distance */
    OWNER_IMAGE_END = 0xfff0,
    OWNER_KERNEL = 0xfffd,
    OWNER_SHARED = 0xfffe,
    OWNER_NONE = 0xffff, /* nobody's, not zeroes */
};

#define SHADOWS_PER_BLOCK 256u

struct memory {
    struct mm *all, *resident;
    uint16_t last_id;
    /* Images: bytes of a root file system file, page delta = page in the arena - page in the file.
     */
    struct image {
        uint32_t inode, delta;
    } *images;
    uint32_t image_count, image_capacity;
    /* Shadow pages: slot 0 is not used. */
    uint8_t **blocks;
    uint32_t *references, *next_free, slot_count, first_free;
    /* What the decode cache was told is in the arena. */
    uint64_t announced_code;
    bool announced_stale; /* executable mappings changed since */
    bool starting;        /* between mm_start() and mm_started() */
};

uint8_t page_prot[1u << 20];
static uint16_t page_owner[1u << 20];

static struct memory *memory(void) {
    if (!kernel.memory)
        kernel.memory = heap_alloc(sizeof *kernel.memory);
    return kernel.memory;
}

static uint8_t *arena_page(uint32_t page) { return guest_pointer((uint64_t)page * PAGE_SIZE); }

static bool is_zero(const uint8_t *page) {
    const uint64_t *words = (const uint64_t *)page;
    for (unsigned i = 0; i < PAGE_SIZE / 8; i += 4)
        if (words[i] | words[i + 1] | words[i + 2] | words[i + 3])
            return false;
    return true;
}

/* --- shadow pages --- */

static uint8_t *shadow_page(uint32_t slot) {
    return memory()->blocks[slot / SHADOWS_PER_BLOCK] + slot % SHADOWS_PER_BLOCK * PAGE_SIZE;
}

static bool add_shadow_block(struct memory *m) {
    uint8_t *block = pages_alloc(SHADOWS_PER_BLOCK * PAGE_SIZE);
    if (!block)
        return false;
    uint32_t first = m->slot_count;
    m->slot_count += SHADOWS_PER_BLOCK;
    m->blocks = heap_resize(m->blocks, m->slot_count / SHADOWS_PER_BLOCK * sizeof *m->blocks);
    m->references = heap_resize(m->references, m->slot_count * sizeof *m->references);
    m->next_free = heap_resize(m->next_free, m->slot_count * sizeof *m->next_free);
    m->blocks[first / SHADOWS_PER_BLOCK] = block;
    for (uint32_t slot = m->slot_count; slot-- > first;) {
        m->references[slot] = 0;
        if (slot == 0)
            break;
        m->next_free[slot] = m->first_free;
        m->first_free = slot;
    }
    return true;
}

/* A new shadow page with one reference; 0 when memory is out. */
static uint32_t new_shadow(const uint8_t *data) {
    struct memory *m = memory();
    if (!m->first_free && !add_shadow_block(m))
        return 0;
    uint32_t slot = m->first_free;
    m->first_free = m->next_free[slot];
    m->references[slot] = 1;
    memcpy(shadow_page(slot), data, PAGE_SIZE);
    return slot;
}

static void put_shadow(uint32_t slot) {
    struct memory *m = memory();
    if (slot && --m->references[slot] == 0) {
        m->next_free[slot] = m->first_free;
        m->first_free = slot;
    }
}

static uint32_t get_shadow(const struct mm *mm, uint32_t page) {
    const uint32_t *directory = mm->shadows[page / SHADOW_DIRECTORY];
    return directory ? directory[page % SHADOW_DIRECTORY] : 0;
}

/* Takes the caller's reference to `slot`. */
static void set_shadow(struct mm *mm, uint32_t page, uint32_t slot) {
    uint32_t **directory = &mm->shadows[page / SHADOW_DIRECTORY];
    if (!*directory) {
        if (slot == 0)
            return;
        *directory = heap_alloc(SHADOW_DIRECTORY * sizeof **directory);
    }
    uint32_t old = (*directory)[page % SHADOW_DIRECTORY];
    (*directory)[page % SHADOW_DIRECTORY] = slot;
    put_shadow(old);
}

static void share_shadow(struct mm *mm, uint32_t page, uint32_t slot) {
    if (slot)
        memory()->references[slot]++;
    set_shadow(mm, page, slot);
}

void mm_drop_shadows(struct mm *mm) {
    for (uint32_t d = 0; d < SHADOW_DIRECTORY; d++) {
        if (!mm->shadows[d])
            continue;
        for (uint32_t i = 0; i < SHADOW_DIRECTORY; i++)
            put_shadow(mm->shadows[d][i]);
        heap_free(mm->shadows[d]);
        mm->shadows[d] = NULL;
    }
}

/* --- owners --- */

static struct mm *owner_mm(uint16_t owner) {
    if (owner == OWNER_CLEAN || owner >= OWNER_IMAGE)
        return NULL;
    for (struct mm *mm = memory()->all; mm; mm = mm->next)
        if (mm->id == owner)
            return mm;
    return NULL;
}

/* Makes mm's shadow of a page equal to the arena's page. */
static bool save_page(struct mm *mm, uint32_t page) {
    const uint8_t *data = arena_page(page);
    uint32_t slot = get_shadow(mm, page);
    if (is_zero(data)) {
        set_shadow(mm, page, 0);
        return true;
    }
    if (slot && memcmp(shadow_page(slot), data, PAGE_SIZE) == 0)
        return true;
    if (slot && memory()->references[slot] == 1) {
        memcpy(shadow_page(slot), data, PAGE_SIZE);
        return true;
    }
    slot = new_shadow(data);
    if (!slot)
        return false;
    set_shadow(mm, page, slot);
    return true;
}

static bool evict(uint32_t page) {
    struct mm *owner = owner_mm(page_owner[page]);
    return !owner || save_page(owner, page);
}

static bool is_equal(const uint8_t *data, uint32_t slot) {
    return slot ? memcmp(data, shadow_page(slot), PAGE_SIZE) == 0 : is_zero(data);
}

/* Brings a private page of mm into the arena. */
static void load_page(struct mm *mm, uint32_t page) {
    uint16_t owner = page_owner[page];
    if (owner == mm->id)
        return;
    uint8_t *data = arena_page(page);
    uint32_t slot = get_shadow(mm, page);
    struct mm *other = owner_mm(owner);
    page_owner[page] = mm->id;
    if (other) {
        if (is_equal(data, slot)) {
            share_shadow(other, page, slot);
            return;
        }
        if (!save_page(other, page))
            host_panic("out of memory for the pages of a waiting process");
    }
    if (slot)
        memcpy(data, shadow_page(slot), PAGE_SIZE);
    else if (owner != OWNER_CLEAN)
        memset(data, 0, PAGE_SIZE);
}

int mm_claim(struct mm *mm, uint32_t start, uint32_t end) {
    for (uint32_t page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
        if (page_owner[page] != mm->id && !evict(page))
            return -ENOMEM;
        if (page_owner[page] != OWNER_CLEAN)
            memset(arena_page(page), 0, PAGE_SIZE);
        page_owner[page] = mm->id;
        set_shadow(mm, page, 0);
    }
    return 0;
}

int mm_release_pages(uint32_t start, uint32_t end) {
    for (uint32_t page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
        if (page_owner[page] == OWNER_NONE)
            continue;
        if (!evict(page))
            return -ENOMEM;
        page_owner[page] = OWNER_NONE;
    }
    return 0;
}

void mm_disown(struct mm *mm, uint32_t start, uint32_t end) {
    for (uint32_t page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
        if (page_owner[page] == mm->id)
            page_owner[page] = OWNER_NONE;
        set_shadow(mm, page, 0);
    }
}

static void set_owner(uint32_t start, uint32_t end, uint16_t owner) {
    for (uint32_t page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++)
        page_owner[page] = owner;
}

void mm_take_pages(struct mm *mm, uint32_t start, uint32_t end) { set_owner(start, end, mm->id); }

void mm_forget_pages(uint32_t start, uint32_t end) { set_owner(start, end, OWNER_KERNEL); }

void mm_share_pages(uint32_t start, uint32_t end) {
    for (uint32_t page = start / PAGE_SIZE; page < end / PAGE_SIZE; page++) {
        if (page_owner[page] != OWNER_CLEAN)
            memset(arena_page(page), 0, PAGE_SIZE);
        page_owner[page] = OWNER_SHARED;
    }
}

void mm_unshare_pages(uint32_t start, uint32_t end) { set_owner(start, end, OWNER_NONE); }

/* --- unmodified file pages --- */

/* Owner number for the bytes of a mapping, or 0 when they cannot be identified. */
static uint16_t image_of(const struct vma *vma) {
    struct memory *m = memory();
    if (!vma->file || vma->shared || vma->ever_writable)
        return 0;
    uint32_t inode = file_rootfs_inode(vma->file);
    if (!inode)
        return 0;
    uint32_t delta = vma->start / PAGE_SIZE - (uint32_t)(vma->file_offset / PAGE_SIZE);
    for (uint32_t i = 0; i < m->image_count; i++)
        if (m->images[i].inode == inode && m->images[i].delta == delta)
            return (uint16_t)(OWNER_IMAGE + i);
    if (m->image_count == OWNER_IMAGE_END - OWNER_IMAGE)
        return 0;
    if (m->image_count == m->image_capacity) {
        m->image_capacity = m->image_capacity * 2 + 16;
        m->images = heap_resize(m->images, m->image_capacity * sizeof *m->images);
    }
    m->images[m->image_count] = (struct image){inode, delta};
    return (uint16_t)(OWNER_IMAGE + m->image_count++);
}

int mm_claim_file(struct mm *mm, const struct vma *vma) {
    uint16_t image = image_of(vma);
    if (!image) {
        int error = mm_claim(mm, vma->start, vma->end);
        return error ? error : mm_read_file(vma, vma->start, vma->end);
    }
    for (uint32_t page = vma->start / PAGE_SIZE; page < vma->end / PAGE_SIZE;) {
        uint32_t first = page;
        while (page < vma->end / PAGE_SIZE && page_owner[page] != image) {
            if (!evict(page))
                return -ENOMEM;
            page_owner[page] = OWNER_NONE;
            page++;
        }
        if (page > first) {
            int error = mm_read_file(vma, first * PAGE_SIZE, page * PAGE_SIZE);
            if (error)
                return error;
            set_owner(first * PAGE_SIZE, page * PAGE_SIZE, image);
        } else {
            page++;
        }
    }
    return 0;
}

/* --- switching --- */

static uint64_t hash(uint64_t h, uint64_t value) {
    return (h ^ value) * 0x9e3779b97f4a7c15ull >> 1;
}

/* Equal for address spaces with the same files at the same addresses, all unmodified. */
static uint64_t code_id(const struct mm *mm) {
    uint64_t h = 1;
    for (const struct vma *vma = mm->vmas; vma; vma = vma->next) {
        if (!(vma->prot & PROT_EXEC))
            continue;
        h = hash(hash(hash(h, vma->start), vma->end), vma->lifted);
        if (vma->start == mm->trampoline && !vma->ever_writable)
            continue; /* the same code everywhere */
        uint16_t image = image_of(vma);
        h = image ? hash(h, image) : hash(hash(h, (uint64_t)mm->id << 32), mm->code_serial);
    }
    return h;
}

static void announce_code(struct mm *mm) {
    struct memory *m = memory();
    uint64_t id = code_id(mm);
    if (m->announced_stale)
        exec_flush_all();
    m->announced_stale = false;
    if (id != m->announced_code)
        exec_switch_address_space(id);
    m->announced_code = id;
}

void mm_code_changed(struct mm *mm, uint32_t start, uint32_t end) {
    struct memory *m = memory();
    mm->code_serial++;
    if (mm != m->resident || m->starting)
        return;
    exec_flush_range(start, end);
    m->announced_stale = true;
}

void mm_retire(struct mm *mm) {
    struct memory *m = memory();
    if (m->resident != mm)
        return;
    for (const struct vma *vma = mm->vmas; vma; vma = vma->next)
        memset(page_prot + vma->start / PAGE_SIZE, 0, (vma->end - vma->start) / PAGE_SIZE);
    m->resident = NULL;
    main_stack_reserve(NULL);
}

static void make_resident(struct mm *mm) {
    struct memory *m = memory();
    if (m->resident)
        mm_retire(m->resident);
    m->resident = mm;
    for (const struct vma *vma = mm->vmas; vma; vma = vma->next) {
        memset(page_prot + vma->start / PAGE_SIZE, vma->prot, (vma->end - vma->start) / PAGE_SIZE);
        if (vma->shared || vma->reserved)
            continue;
        if (image_of(vma)) {
            if (mm_claim_file(mm, vma))
                host_panic("cannot read a mapped file again");
            continue;
        }
        for (uint32_t page = vma->start / PAGE_SIZE; page < vma->end / PAGE_SIZE; page++)
            load_page(mm, page);
    }
    main_stack_reserve(mm);
}

bool mm_is_resident(const struct mm *mm) { return memory()->resident == mm; }

void mm_activate(struct mm *mm) {
    if (mm_is_resident(mm))
        return;
    make_resident(mm);
    announce_code(mm);
}

void mm_start(struct mm *mm) {
    memory()->starting = true;
    make_resident(mm);
}

void mm_started(struct mm *mm) {
    memory()->starting = false;
    announce_code(mm);
}

/* --- list of address spaces --- */

void mm_register(struct mm *mm) {
    struct memory *m = memory();
    bool used;
    do {
        if (++m->last_id >= OWNER_IMAGE)
            m->last_id = 1;
        used = owner_mm(m->last_id) != NULL;
    } while (used);
    mm->id = m->last_id;
    mm->next = m->all;
    m->all = mm;
}

void mm_unregister(struct mm *mm) {
    struct memory *m = memory();
    struct mm **link = &m->all;
    while (*link != mm)
        link = &(*link)->next;
    *link = mm->next;
}

struct mm *mm_first(void) { return memory()->all; }

bool mm_fork_pages(struct mm *from, struct mm *to) {
    for (const struct vma *vma = to->vmas; vma; vma = vma->next) {
        if (vma->shared || vma->reserved || image_of(vma))
            continue;
        for (uint32_t page = vma->start / PAGE_SIZE; page < vma->end / PAGE_SIZE; page++) {
            if (page_owner[page] == from->id && !save_page(from, page))
                return false;
            share_shadow(to, page, get_shadow(from, page));
        }
    }
    return true;
}
