/* Address spaces: the sorted list of VMAs, access to guest memory. */
#include "mm.h"

#include <string.h>

#include "../exec/exec.h"
#include "pages.h"

struct mm *mm_new(void) {
    struct mm *mm = heap_alloc(sizeof *mm);
    mm->references = 1;
    mm_register(mm);
    return mm;
}

struct mm *mm_get(struct mm *mm) {
    mm->references++;
    return mm;
}

void mm_put(struct mm *mm) {
    if (--mm->references)
        return;
    mm_retire(mm);
    mm_unmap(mm, 0, ADDRESS_END);
    mm_drop_shadows(mm);
    mm_unregister(mm);
    heap_free(mm);
}

static void set_page_prot(const struct mm *mm, uint32_t start, uint32_t end, uint8_t prot) {
    if (mm_is_resident(mm))
        memset(page_prot + start / PAGE_SIZE, prot, (end - start) / PAGE_SIZE);
}

/* --- the list --- */

struct vma *mm_find(const struct mm *mm, uint32_t address) {
    struct vma *vma = mm->vmas;
    while (vma && vma->end <= address)
        vma = vma->next;
    return vma;
}

const struct vma *vma_find(const struct mm *mm, uint64_t va) {
    if (va >= ADDRESS_END)
        return NULL;
    const struct vma *vma = mm_find(mm, (uint32_t)va);
    return vma && vma->start <= va ? vma : NULL;
}

const struct vma *mm_first_vma(const struct mm *mm) { return mm->vmas; }

bool mm_is_mapped(const struct mm *mm, uint32_t start, uint32_t end) {
    for (const struct vma *vma = mm_find(mm, start); vma && vma->start <= start; vma = vma->next) {
        if (vma->end >= end)
            return true;
        start = vma->end;
    }
    return false;
}

bool mm_is_free(const struct mm *mm, uint32_t start, uint32_t end) {
    const struct vma *vma = mm_find(mm, start);
    return !vma || vma->start >= end;
}

static void insert(struct mm *mm, struct vma *vma) {
    struct vma **link = &mm->vmas;
    while (*link && (*link)->start < vma->start)
        link = &(*link)->next;
    vma->next = *link;
    *link = vma;
}

void mm_split(struct mm *mm, uint32_t address) {
    struct vma *vma = mm_find(mm, address);
    if (!vma || vma->start >= address)
        return;
    struct vma *upper = heap_alloc(sizeof *upper);
    *upper = *vma;
    upper->start = address;
    upper->file_offset += address - vma->start;
    if (upper->file)
        file_get(upper->file);
    vma->end = address;
    vma->next = upper;
    if (upper->shared)
        shared_get(upper);
}

static bool can_merge(const struct vma *a, const struct vma *b) {
    return a->end == b->start && a->prot == b->prot && !a->shared && !b->shared && !a->file &&
           !b->file && a->stack == b->stack && a->reserved == b->reserved &&
           a->dont_fork == b->dont_fork;
}

/* Joins neighbouring anonymous VMAs of one kind in [start, end]. */
static void merge(struct mm *mm, uint32_t start, uint32_t end) {
    struct vma *vma = mm_find(mm, start ? start - 1 : 0);
    while (vma && vma->next && vma->start <= end) {
        struct vma *next = vma->next;
        if (can_merge(vma, next)) {
            vma->end = next->end;
            vma->next = next->next;
            heap_free(next);
        } else {
            vma = next;
        }
    }
}

/* --- mapping --- */

int mm_read_file(const struct vma *vma, uint32_t start, uint32_t end) {
    uint8_t *to = guest_pointer(start);
    size_t length = end - start, done = 0;
    while (done < length) {
        int64_t n = file_read_at(vma->file, to + done, length - done,
                                 vma->file_offset + (start - vma->start) + done);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    memset(to + done, 0, length - done);
    return 0;
}

static int fill(struct mm *mm, const struct vma *vma) {
    if (vma->shared || vma->reserved)
        return 0;
    if (host_grow_memory(vma->end))
        return -ENOMEM;
    if (vma->file && !vma->ever_writable)
        return mm_claim_file(mm, vma);
    int error = mm_claim(mm, vma->start, vma->end);
    return error || !vma->file ? error : mm_read_file(vma, vma->start, vma->end);
}

void mm_forget_lifted(struct mm *mm, uint32_t start, uint32_t end) {
    for (const struct vma *vma = mm_find(mm, start); vma && vma->start < end; vma = vma->next) {
        uint32_t text_start, text_end;
        uint16_t lifted = vma->lifted;
        if (!lifted)
            continue;
        entries_text(lifted, &text_start, &text_end);
        if (start >= text_end || end <= text_start)
            continue;
        for (struct vma *part = mm->vmas; part; part = part->next)
            if (part->lifted == lifted) {
                part->lifted = 0;
                mm_code_changed(mm, part->start, part->end);
            }
    }
}

static void identify(struct vma *vma) {
    if (vma->file && !vma->shared && !vma->ever_writable && (vma->prot & PROT_EXEC))
        entries_identify(vma);
}

int mm_map(struct mm *mm, uint32_t start, uint32_t end, const struct mapping *mapping) {
    struct vma *vma = heap_alloc(sizeof *vma);
    *vma = (struct vma){
        .start = start,
        .end = end,
        .prot = mapping->prot,
        .shared = mapping->shared,
        .stack = mapping->stack,
        .reserved = mapping->reserved,
        .ever_writable = mapping->prot & PROT_WRITE,
        .file = mapping->file ? file_get(mapping->file) : NULL,
        .file_offset = mapping->file_offset,
    };
    insert(mm, vma);
    int error = fill(mm, vma);
    if (error) {
        vma->prot = 0;
        mm_unmap(mm, start, end);
        return error;
    }
    set_page_prot(mm, start, end, vma->prot);
    identify(vma);
    if (vma->prot & PROT_EXEC)
        mm_code_changed(mm, start, end);
    merge(mm, start, end);
    return 0;
}

void mm_unmap(struct mm *mm, uint32_t start, uint32_t end) {
    mm_forget_lifted(mm, start, end);
    mm_split(mm, start);
    mm_split(mm, end);
    struct vma **link = &mm->vmas;
    while (*link && (*link)->start < start)
        link = &(*link)->next;
    while (*link && (*link)->start < end) {
        struct vma *vma = *link;
        *link = vma->next;
        set_page_prot(mm, vma->start, vma->end, 0);
        if (vma->prot & PROT_EXEC)
            mm_code_changed(mm, vma->start, vma->end);
        if (vma->shared)
            shared_put(vma);
        else if (!vma->reserved)
            mm_disown(mm, vma->start, vma->end);
        if (vma->file)
            file_put(vma->file);
        heap_free(vma);
    }
}

int mm_protect(struct mm *mm, uint32_t start, uint32_t end, uint8_t prot) {
    mm_split(mm, start);
    mm_split(mm, end);
    if (!(prot & PROT_EXEC) || (prot & PROT_WRITE))
        mm_forget_lifted(mm, start, end);
    for (struct vma *vma = mm_find(mm, start); vma && vma->start < end; vma = vma->next) {
        if (vma->shared && vma->file && (prot & PROT_WRITE) &&
            (vma->file->flags & O_ACCMODE) != O_RDWR)
            return -EACCES;
        if (vma->reserved && prot != PROT_NONE) {
            if (host_grow_memory(vma->end) || mm_claim(mm, vma->start, vma->end))
                return -ENOMEM;
            vma->reserved = false;
        }
        if ((prot & PROT_WRITE) && !vma->ever_writable) {
            if (vma->file && !vma->shared)
                mm_take_pages(mm, vma->start, vma->end);
            vma->ever_writable = true;
        }
        bool code = (vma->prot | prot) & PROT_EXEC;
        vma->prot = prot;
        if (code && !vma->lifted)
            identify(vma);
        set_page_prot(mm, vma->start, vma->end, prot);
        if (code)
            mm_code_changed(mm, vma->start, vma->end);
    }
    merge(mm, start, end);
    return 0;
}

struct mm *mm_fork(struct mm *mm) {
    struct mm *copy = heap_alloc(sizeof *copy);
    *copy = *mm;
    memset(copy->shadows, 0, sizeof copy->shadows);
    copy->references = 1;
    copy->vmas = NULL;
    mm_register(copy);
    struct vma **link = &copy->vmas;
    for (const struct vma *vma = mm->vmas; vma; vma = vma->next) {
        if (vma->dont_fork)
            continue;
        struct vma *new = heap_alloc(sizeof *new);
        *new = *vma;
        new->next = NULL;
        if (new->file)
            file_get(new->file);
        if (new->shared)
            shared_get(new);
        *link = new;
        link = &new->next;
    }
    if (!mm_fork_pages(mm, copy)) {
        mm_put(copy);
        return NULL;
    }
    return copy;
}

/* --- free ranges --- */

/* End of something that is in the way of [start, end), or 0.  `others`: also what other address
 * spaces map, so that their pages need no swapping, and where lifted files belong. */
static uint32_t find_obstacle(const struct mm *mm, uint32_t start, uint32_t end, bool others) {
    uint32_t obstacle;
    if (pages_overlap(start, end, &obstacle) || shared_overlap(start, end, &obstacle))
        return obstacle;
    if (others && (obstacle = entries_reservation(start, end)))
        return obstacle;
    for (const struct mm *m = mm_first(); m; m = m->next) {
        if (m != mm && !others)
            continue;
        const struct vma *vma = mm_find(m, start);
        if (vma && vma->start < end)
            return vma->end;
        if (m->stack_bottom && start < m->start_stack && end > m->stack_bottom)
            return m->start_stack;
    }
    return 0;
}

static uint32_t find_range(const struct mm *mm, uint32_t from, uint32_t limit, uint32_t size,
                           uint32_t alignment, bool others) {
    uint64_t start = from;
    for (;;) {
        start = (start + alignment - 1) & ~(uint64_t)(alignment - 1);
        if (start + size > limit)
            return 0;
        uint32_t obstacle = find_obstacle(mm, (uint32_t)start, (uint32_t)start + size, others);
        if (!obstacle)
            return (uint32_t)start;
        start = obstacle;
    }
}

uint32_t mm_find_gap(const struct mm *mm, uint32_t size, bool reservation) {
    uint32_t start = 0;
    if (!reservation) {
        start = find_range(mm, MMAP_START, RESERVATION_START, size, PAGE_SIZE, true);
        if (!start)
            start = find_range(mm, MMAP_START, RESERVATION_START, size, PAGE_SIZE, false);
    }
    return start ? start : find_range(mm, RESERVATION_START, ADDRESS_END, size, PAGE_SIZE, false);
}

uint32_t mm_find_unused(uint32_t size, uint32_t alignment) {
    return find_range(NULL, MMAP_START, ADDRESS_END, size, alignment, true);
}

bool mm_is_available(uint32_t start, uint32_t end) {
    uint32_t obstacle;
    return !pages_overlap(start, end, &obstacle) && !shared_overlap(start, end, &obstacle);
}

/* --- access by the kernel --- */

static bool is_accessible(uint64_t va, uint64_t length, int prot) {
    if (va >= ADDRESS_END || length > ADDRESS_END - va)
        return false;
    if (length == 0)
        return true;
    for (uint32_t page = (uint32_t)va / PAGE_SIZE; page <= (uint32_t)(va + length - 1) / PAGE_SIZE;
         page++)
        if ((page_prot[page] & prot) != prot &&
            (page_prot[page] || !mm_grow_stack(current->process->mm, page * PAGE_SIZE)))
            return false;
    return true;
}

void *user_pointer(uint64_t va, uint64_t length, int prot) {
    return is_accessible(va, length, prot) ? guest_pointer(va) : NULL;
}

int user_read(void *to, uint64_t va, size_t length) {
    if (!is_accessible(va, length, PROT_READ))
        return -EFAULT;
    memcpy(to, guest_pointer(va), length);
    return 0;
}

int user_write(uint64_t va, const void *from, size_t length) {
    if (!is_accessible(va, length, PROT_WRITE))
        return -EFAULT;
    memcpy(guest_pointer(va), from, length);
    return 0;
}

int64_t user_string(char *to, size_t size, uint64_t va) {
    size_t length = 0;
    while (length < size) {
        if (!is_accessible(va + length, 1, PROT_READ))
            return -EFAULT;
        size_t chunk = PAGE_SIZE - ((va + length) & PAGE_MASK);
        if (chunk > size - length)
            chunk = size - length;
        const char *from = guest_pointer(va + length);
        const char *end = memchr(from, 0, chunk);
        memcpy(to + length, from, end ? (size_t)(end - from) + 1 : chunk);
        if (end)
            return (int64_t)(length + (size_t)(end - from));
        length += chunk;
    }
    return -ENAMETOOLONG;
}
