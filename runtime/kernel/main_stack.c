/* The main stack: a VMA that grows down on demand, to at most 8 MiB.
 *
 * Lifted code has no page protection: it goes on below the VMA without a fault.  So
 *  - while an address space is resident, no other one has data where its stack may grow to;
 *  - whatever else than lifted code runs finds the VMA grown down to the stack pointer
 *    (main_stack_cover): the kernel, which would save and restore mapped pages only, and the
 *    interpreter, for which a fault grows the VMA, too;
 *  - growing keeps what is in the pages: lifted frames, or what dead ones left;
 *  - lifted code that moves the stack pointer to another stack says so before (c2w_leave_stack). */
#include "mm.h"

#include <string.h>

#define STACK_GROWTH 0x20000u /* at least 128 KiB at a time */

struct main_stack_room main_stack_room;

static struct vma *find_stack(const struct mm *mm) {
    struct vma *vma = mm && mm->stack_bottom ? mm_find(mm, mm->stack_bottom) : NULL;
    while (vma && !vma->stack)
        vma = vma->next;
    return vma;
}

void main_stack_reserve(struct mm *mm) {
    const struct vma *stack = find_stack(mm);
    main_stack_room = (struct main_stack_room){0};
    if (!stack)
        return;
    uint32_t bottom = mm->stack_bottom;
    for (const struct vma *vma = mm_find(mm, bottom); vma != stack; vma = vma->next)
        bottom = vma->end;
    if (mm_release_pages(bottom, stack->start))
        host_panic("out of memory for the pages of a waiting process");
    main_stack_room = (struct main_stack_room){mm, bottom, stack->start - bottom};
}

bool mm_grow_stack(struct mm *mm, uint32_t address) {
    if (address - main_stack_room.bottom >= main_stack_room.size || mm != main_stack_room.mm)
        return false;
    struct vma *stack = find_stack(mm);
    uint32_t bottom = main_stack_room.bottom, start = (uint32_t)PAGE_DOWN(address);
    if (stack->start - start < STACK_GROWTH)
        start = stack->start - bottom < STACK_GROWTH ? bottom : stack->start - STACK_GROWTH;
    mm_take_pages(mm, start, stack->start);
    memset(page_prot + start / PAGE_SIZE, stack->prot, (stack->start - start) / PAGE_SIZE);
    stack->start = start;
    main_stack_room.size = start - bottom;
    return true;
}

void main_stack_grow(uint64_t sp) { mm_grow_stack(main_stack_room.mm, (uint32_t)sp); }
