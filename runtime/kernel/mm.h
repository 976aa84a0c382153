/* Address spaces: VMAs (mm.c, mmap.c), which of them the arena shows (residency.c), shared memory
 * (shared.c).  All addresses are below 4 GiB and fit uint32_t; range ends are exclusive. */
#ifndef C2W_MM_H
#define C2W_MM_H

#include "kernel.h"

/* Layout of an address space.  ET_EXEC files keep their addresses; the heap of brk follows the
 * executable, or starts at BRK_START for position-independent ones. */
#define BRK_START 0x00400000u
#define BRK_END 0x04000000u
#define STACK_BOTTOM 0x04000000u /* the main stack's 8 MiB: grows down from STACK_TOP */
#define STACK_TOP 0x04800000u    /* the trampoline page is here, unless the program is */
#define MMAP_START 0x04810000u
#define RESERVATION_START 0x20000000u /* zone of PROT_NONE reservations */
#define RESERVATION_MINIMUM 0x01000000u
#define ADDRESS_END 0xffff0000u
#define STACK_SIZE (STACK_TOP - STACK_BOTTOM)

#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_UP(x) (((x) + PAGE_MASK) & ~(uint64_t)PAGE_MASK)
#define PAGE_DOWN(x) ((x) & ~(uint64_t)PAGE_MASK)

/* Private page contents of an address space that is not resident, by page number; 0 = zeroes. */
#define SHADOW_DIRECTORY 1024u

#define AUXILIARY_MAX 24
struct auxiliary {
    uint64_t type, value; /* AT_* */
};

struct mm {
    struct mm *next; /* list of all */
    uint32_t references;
    uint16_t id; /* owner number in residency.c */
    struct vma *vmas;
    uint32_t brk_start, brk;
    uint32_t trampoline;   /* page with the code that signal handlers return to */
    uint32_t stack_bottom; /* lowest address the main stack may grow to; 0 = no main stack */
    uint32_t start_code, end_code, start_data, end_data, start_stack;
    uint32_t arguments_start, arguments_end, environment_start, environment_end;
    struct auxiliary auxiliary[AUXILIARY_MAX]; /* what the program got; ends with AT_NULL */
    uint64_t code_serial; /* counts changes of anonymous executable memory */
    uint32_t *shadows[SHADOW_DIRECTORY];
};

struct mm *mm_new(void);
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm);
/* A copy for fork of the current process; NULL when memory is out. */
struct mm *mm_fork(struct mm *mm);

/* --- VMAs (mm.c) --- */
struct mapping {
    uint8_t prot;
    bool shared, stack, reserved;
    struct file *file; /* borrowed */
    uint64_t file_offset;
};
/* Maps [start, end) of the resident address space, which is free, and fills it.  -ENOMEM, -EIO. */
int mm_map(struct mm *mm, uint32_t start, uint32_t end, const struct mapping *mapping);
void mm_unmap(struct mm *mm, uint32_t start, uint32_t end);
int mm_protect(struct mm *mm, uint32_t start, uint32_t end, uint8_t prot);
/* Bytes of [start, end) are no longer a file's: lifted code of what is mapped there is not entered
 * any more, nor that of the rest of the same segment. */
void mm_forget_lifted(struct mm *mm, uint32_t start, uint32_t end);
/* Splits VMAs so that none crosses the address. */
void mm_split(struct mm *mm, uint32_t address);
struct vma *mm_find(const struct mm *mm, uint32_t address); /* first VMA that ends above it */
bool mm_is_mapped(const struct mm *mm, uint32_t start, uint32_t end); /* without holes */
bool mm_is_free(const struct mm *mm, uint32_t start, uint32_t end);   /* nothing mapped */
/* Whether a guest mapping may be put there (no kernel pages, not another process' shared pages). */
bool mm_is_available(uint32_t start, uint32_t end);
/* A free range of `size` bytes: ordinary or in the zone for reservations; 0 = none. */
uint32_t mm_find_gap(const struct mm *mm, uint32_t size, bool reservation);
/* A range that no address space uses, for kernel pages. */
uint32_t mm_find_unused(uint32_t size, uint32_t alignment);
/* Reads the file's bytes of a private mapping into the resident arena. */
int mm_read_file(const struct vma *vma, uint32_t start, uint32_t end);

/* --- main_stack.c --- */
/* Addresses that the resident address space's main stack may still grow to. */
extern struct main_stack_room {
    struct mm *mm; /* resident, or NULL */
    uint32_t bottom, size;
} main_stack_room;
/* Grows the main stack of the resident address space down to include the address if it may. */
bool mm_grow_stack(struct mm *mm, uint32_t address);
/* Another address space is resident (NULL: none), or its stack was mapped. */
void main_stack_reserve(struct mm *mm);
void main_stack_grow(uint64_t sp);
/* Makes the current task's main stack include its stack pointer, if that points there. */
static inline void main_stack_cover(uint64_t sp) {
    if (sp - main_stack_room.bottom < main_stack_room.size)
        main_stack_grow(sp);
}

/* --- residency.c --- */
void mm_activate(struct mm *mm); /* the arena and page_prot show it from now on */
/* The same for a new program (execve): between the two the decode cache is not told about
 * executable mappings, so that it keeps its blocks when the same program is loaded again. */
void mm_start(struct mm *mm);
void mm_started(struct mm *mm);
void mm_register(struct mm *mm); /* gives it an id */
void mm_unregister(struct mm *mm);
void mm_retire(struct mm *mm); /* no longer resident */
struct mm *mm_first(void);     /* list of all */
bool mm_is_resident(const struct mm *mm);
/* Makes [start, end) the resident mm's own, zeroed.  Saves what other address spaces had there. */
int mm_claim(struct mm *mm, uint32_t start, uint32_t end);
/* The same for the unmodified bytes of a root file system file, filled in. */
int mm_claim_file(struct mm *mm, const struct vma *vma);
/* Pages that were a file's unmodified bytes become private to the mm. */
void mm_take_pages(struct mm *mm, uint32_t start, uint32_t end);
/* Saves what address spaces have in pages that then are nobody's.  -ENOMEM. */
int mm_release_pages(uint32_t start, uint32_t end);
/* The mm gives its pages up: unmapped. */
void mm_disown(struct mm *mm, uint32_t start, uint32_t end);
void mm_forget_pages(uint32_t start, uint32_t end); /* kernel pages: never swapped or claimed */
void mm_share_pages(uint32_t start, uint32_t end);  /* shared memory: the same */
void mm_unshare_pages(uint32_t start, uint32_t end);
bool mm_fork_pages(struct mm *from, struct mm *to);
void mm_drop_shadows(struct mm *mm);
/* Executable mappings of the resident address space changed. */
void mm_code_changed(struct mm *mm, uint32_t start, uint32_t end);

/* --- mmap.c --- */
uint32_t mm_preassigned_base(const struct mm *mm, struct file *file, uint32_t size);

/* --- shared.c --- */
/* Home address of the shared pages of a file; maps there.  Address, or -errno. */
int64_t shared_map(struct mm *mm, uint32_t hint, bool fixed, uint32_t size,
                   const struct mapping *mapping);
void shared_get(const struct vma *vma); /* another VMA (part) maps it */
void shared_put(const struct vma *vma); /* a VMA is gone */
int shared_sync(const struct vma *vma, uint32_t start, uint32_t end); /* writes back */
bool shared_overlap(uint32_t start, uint32_t end, uint32_t *overlap_end);

#endif
