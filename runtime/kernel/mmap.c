/* System calls of memory mapping. */
#include <string.h>

#include "../exec/exec.h"
#include "mm.h"

static struct mm *own_mm(void) { return current->process->mm; }

/* Checks [va, va + length) for page-aligned start; false when it is not a range below ADDRESS_END.
 */
static bool get_range(uint64_t va, uint64_t length, uint32_t *start, uint32_t *end) {
    if ((va & PAGE_MASK) || va >= ADDRESS_END || length > ADDRESS_END - va)
        return false;
    *start = (uint32_t)va;
    *end = (uint32_t)PAGE_UP(va + length);
    return *end <= ADDRESS_END;
}

/* The translator's load address for a file that has lifted code, if [base, base + size) is free. */
uint32_t mm_preassigned_base(const struct mm *mm, struct file *file, uint32_t size) {
    uint32_t base = entries_base(file);
    return base && base < ADDRESS_END - size && mm_is_free(mm, base, base + size) &&
                   mm_is_available(base, base + size)
               ? base
               : 0;
}

/* Chooses the address of a mapping; 0 = no room. */
static uint32_t choose_address(const struct mm *mm, uint64_t hint, uint32_t size,
                               const struct mapping *mapping) {
    hint = PAGE_UP(hint);
    if (hint >= GUEST_MIN && hint < ADDRESS_END && size <= ADDRESS_END - hint &&
        (mapping->reserved || hint < RESERVATION_START) &&
        mm_is_free(mm, (uint32_t)hint, (uint32_t)hint + size) &&
        mm_is_available((uint32_t)hint, (uint32_t)hint + size) &&
        !(mm->stack_bottom && hint < mm->start_stack && hint + size > mm->stack_bottom))
        return (uint32_t)hint;
    if (mapping->file && mapping->file_offset == 0) {
        uint32_t base = mm_preassigned_base(mm, mapping->file, size);
        if (base)
            return base;
    }
    return mm_find_gap(mm, size, mapping->reserved);
}

static int check_file(const struct file *file, uint32_t prot, bool shared) {
    uint32_t mode = file->flags & O_ACCMODE;
    if (!S_ISREG(file->mode) && !S_ISCHR(file->mode))
        return -ENODEV;
    if ((file->flags & O_PATH) == O_PATH)
        return -EBADF;
    if (mode == O_WRONLY)
        return -EACCES;
    if (shared && (prot & PROT_WRITE) && mode != O_RDWR)
        return -EACCES;
    return 0;
}

int64_t sys_mmap(const uint64_t *a) {
    uint64_t hint = a[0], length = a[1], offset = a[5];
    uint32_t prot = (uint32_t)a[2], flags = (uint32_t)a[3], type = flags & MAP_TYPE;
    struct mm *mm = own_mm();
    if (length == 0 || (offset & PAGE_MASK))
        return -EINVAL;
    if (type != MAP_SHARED && type != MAP_PRIVATE && type != MAP_SHARED_VALIDATE)
        return -EINVAL;
    if (prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (flags & (MAP_HUGETLB | MAP_GROWSDOWN))
        return -EINVAL;
    if (type == MAP_SHARED_VALIDATE && (flags & MAP_SYNC))
        return -EOPNOTSUPP;
    if (length > ADDRESS_END)
        return -ENOMEM;
    uint32_t size = (uint32_t)PAGE_UP(length);
    bool read_only = false; /* the file is */
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    struct mapping mapping = {
        .prot = (uint8_t)prot,
        .shared = type != MAP_PRIVATE,
        .reserved = prot == PROT_NONE && type == MAP_PRIVATE && (flags & MAP_ANONYMOUS) &&
                    size >= RESERVATION_MINIMUM,
        .file_offset = flags & MAP_ANONYMOUS ? 0 : offset,
    };
    if (!(flags & MAP_ANONYMOUS)) {
        mapping.file = file_of((int64_t)(int32_t)a[4]);
        if (!mapping.file)
            return -EBADF;
        int error = check_file(mapping.file, prot, mapping.shared);
        if (error)
            return error;
        read_only = (mapping.file->flags & O_ACCMODE) == O_RDONLY;
        if (read_only && file_rootfs_inode(mapping.file))
            mapping.shared = false; /* nobody changes the file: the same page may be mapped twice */
    }
    uint32_t start = 0;
    if (fixed) {
        uint32_t end;
        if (!get_range(hint, size, &start, &end))
            return hint & PAGE_MASK ? -EINVAL : -ENOMEM;
        if (start < GUEST_MIN)
            return -EPERM; /* below vm.mmap_min_addr */
        if (!mm_is_available(start, end) && !mm_is_mapped(mm, start, end))
            return -ENOMEM;
        if ((flags & MAP_FIXED_NOREPLACE) && !mm_is_free(mm, start, end))
            return -EEXIST;
    }
    if (mapping.shared) {
        int64_t result = shared_map(mm, fixed ? start : 0, fixed, size, &mapping);
        if (result != -ENOMEM || !read_only)
            return result;
        mapping.shared = false; /* a copy: this mapping cannot write */
    }
    if (fixed)
        mm_unmap(mm, start, start + size);
    else
        start = choose_address(mm, hint, size, &mapping);
    if (!start)
        return -ENOMEM;
    int error = mm_map(mm, start, start + size, &mapping);
    return error ? error : (int64_t)start;
}

int64_t sys_munmap(const uint64_t *a) {
    uint32_t start, end;
    if (a[1] == 0 || !get_range(a[0], a[1], &start, &end))
        return -EINVAL;
    mm_unmap(own_mm(), start, end);
    return 0;
}

int64_t sys_mprotect(const uint64_t *a) {
    uint32_t start, end, prot = (uint32_t)a[2];
    if (prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    if (a[0] & PAGE_MASK)
        return -EINVAL;
    if (a[1] == 0)
        return 0;
    if (!get_range(a[0], a[1], &start, &end) || !mm_is_mapped(own_mm(), start, end))
        return -ENOMEM;
    return mm_protect(own_mm(), start, end, (uint8_t)prot);
}

int64_t sys_brk(const uint64_t *a) {
    struct mm *mm = own_mm();
    uint64_t want = a[0];
    if (want < mm->brk_start || want > ADDRESS_END)
        return mm->brk;
    uint32_t old_end = (uint32_t)PAGE_UP(mm->brk), new_end = (uint32_t)PAGE_UP(want);
    if (new_end < old_end) {
        mm_unmap(mm, new_end, old_end);
    } else if (new_end > old_end) {
        struct mapping heap = {.prot = PROT_READ | PROT_WRITE};
        if (mm->brk_start < BRK_END && new_end > BRK_END)
            return mm->brk;
        if (!mm_is_free(mm, old_end, new_end) || !mm_is_available(old_end, new_end) ||
            mm_map(mm, old_end, new_end, &heap))
            return mm->brk;
    }
    mm->brk = (uint32_t)want;
    return mm->brk;
}

/* --- mremap --- */

/* Moves the pages of [start, end) of one private VMA to `to`, a free range of new_size bytes. */
static int move(struct mm *mm, const struct vma *vma, uint32_t start, uint32_t end, uint32_t to,
                uint32_t new_size, bool unmap) {
    struct mapping mapping = {vma->prot | PROT_WRITE, false, vma->stack, vma->reserved, NULL, 0};
    uint32_t size = end - start < new_size ? end - start : new_size;
    uint8_t prot = vma->prot;
    if (vma->file) {
        mapping.file = vma->file;
        mapping.file_offset = vma->file_offset + (start - vma->start);
    }
    if (vma->reserved)
        mapping.prot = 0;
    int error = mm_map(mm, to, to + new_size, &mapping);
    if (error)
        return error;
    if (!mapping.reserved) {
        memcpy(guest_pointer(to), guest_pointer(start), size);
        if (mapping.prot != prot)
            mm_protect(mm, to, to + new_size, prot);
    }
    if (unmap) {
        mm_unmap(mm, start, end);
    } else {
        struct mapping anonymous = {.prot = prot};
        mm_unmap(mm, start, end);
        error = mm_map(mm, start, end, &anonymous);
    }
    return error;
}

int64_t sys_mremap(const uint64_t *a) {
    uint32_t flags = (uint32_t)a[3];
    struct mm *mm = own_mm();
    uint32_t start, end, unused;
    if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) && a[1] != a[2])
        return -EINVAL;
    if (a[2] == 0 || !get_range(a[0], a[1], &start, &end))
        return -EINVAL;
    if (a[1] == 0)
        return -EINVAL; /* duplicating a shared mapping: a shared page has one address */
    if (a[2] > ADDRESS_END)
        return -ENOMEM;
    uint32_t new_size = (uint32_t)PAGE_UP(a[2]);
    if (!mm_is_mapped(mm, start, end))
        return -EFAULT;
    struct vma *vma = mm_find(mm, start);
    if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) {
        uint32_t to = 0;
        if (flags & MREMAP_FIXED) {
            if (!get_range(a[4], new_size, &to, &unused))
                return -EINVAL;
            if (to < end && to + new_size > start)
                return -EINVAL;
            if (to < GUEST_MIN)
                return -EPERM;
        }
        if (vma->shared || vma->end < end || (to && !mm_is_available(to, to + new_size)))
            return -ENOMEM;
        if (to)
            mm_unmap(mm, to, to + new_size);
        else if (!(to = mm_find_gap(mm, new_size, vma->reserved)))
            return -ENOMEM;
        int error = move(mm, vma, start, end, to, new_size, !(flags & MREMAP_DONTUNMAP));
        return error ? error : (int64_t)to;
    }
    uint32_t new_end = start + new_size;
    if (new_end <= end) {
        if (new_end < end)
            mm_unmap(mm, new_end, end);
        return start;
    }
    if (vma->end < end)
        return -EFAULT; /* more than one VMA cannot grow */
    if (vma->shared)
        return -ENOMEM;
    bool grows = new_size <= ADDRESS_END - start && mm_is_free(mm, end, new_end) &&
                 mm_is_available(end, new_end) && (vma->reserved || new_end <= RESERVATION_START);
    if (grows) {
        struct mapping more = {.prot = vma->prot, .reserved = vma->reserved};
        if (vma->file) {
            more.file = vma->file;
            more.file_offset = vma->file_offset + (end - vma->start);
        }
        int error = mm_map(mm, end, new_end, &more);
        return error ? error : (int64_t)start;
    }
    if (!(flags & MREMAP_MAYMOVE))
        return -ENOMEM;
    uint32_t to = mm_find_gap(mm, new_size, vma->reserved);
    if (!to)
        return -ENOMEM;
    int error = move(mm, vma, start, end, to, new_size, true);
    return error ? error : (int64_t)to;
}

/* --- advice, residence, locking --- */

/* MADV_DONTNEED: private pages are again what the mapping showed at first. */
static int discard(const struct vma *vma, uint32_t start, uint32_t end) {
    if (vma->shared || vma->reserved)
        return 0;
    memset(guest_pointer(start), 0, end - start);
    if (vma->lifted && !file_rootfs_inode(vma->file))
        mm_forget_lifted(own_mm(), start, end); /* the file may have other bytes by now */
    return vma->file ? mm_read_file(vma, start, end) : 0;
}

int64_t sys_madvise(const uint64_t *a) {
    uint32_t start, end;
    int advice = (int)a[2];
    struct mm *mm = own_mm();
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
        break;
    default:
        return -EINVAL;
    }
    if (a[0] & PAGE_MASK)
        return -EINVAL;
    if (!get_range(a[0], a[1], &start, &end))
        return -EINVAL;
    if (start == end)
        return 0;
    if (!mm_is_mapped(mm, start, end))
        return -ENOMEM;
    if (advice == MADV_DONTFORK || advice == MADV_DOFORK) {
        mm_split(mm, start);
        mm_split(mm, end);
    }
    for (struct vma *vma = mm_find(mm, start); vma && vma->start < end; vma = vma->next) {
        uint32_t from = vma->start > start ? vma->start : start;
        uint32_t to = vma->end < end ? vma->end : end;
        int error = 0;
        if (advice == MADV_DONTNEED)
            error = discard(vma, from, to);
        else if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
            vma->dont_fork = advice == MADV_DONTFORK;
        if (error)
            return error;
    }
    return 0;
}

int64_t sys_mincore(const uint64_t *a) {
    uint32_t start, end;
    if (a[0] & PAGE_MASK)
        return -EINVAL;
    if (!get_range(a[0], a[1], &start, &end) ||
        (start < end && !mm_is_mapped(own_mm(), start, end)))
        return -ENOMEM;
    uint32_t count = (end - start) / PAGE_SIZE;
    uint8_t *flags = user_pointer(a[2], count, PROT_WRITE);
    if (!flags)
        return -EFAULT;
    memset(flags, 1, count);
    return 0;
}

int64_t sys_msync(const uint64_t *a) {
    uint32_t start, end, flags = (uint32_t)a[2];
    if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC))
        return -EINVAL;
    if ((flags & MS_ASYNC) && (flags & MS_SYNC))
        return -EINVAL;
    if (a[0] & PAGE_MASK)
        return -EINVAL;
    if (!get_range(a[0], a[1], &start, &end))
        return -ENOMEM;
    if (start == end)
        return 0;
    if (!mm_is_mapped(own_mm(), start, end))
        return -ENOMEM;
    for (struct vma *vma = mm_find(own_mm(), start); vma && vma->start < end; vma = vma->next) {
        int error = vma->shared ? shared_sync(vma, vma->start > start ? vma->start : start,
                                              vma->end < end ? vma->end : end)
                                : 0;
        if (error)
            return error;
    }
    return 0;
}

static int64_t check_lock(uint64_t va, uint64_t length) {
    uint32_t start, end;
    uint64_t from = PAGE_DOWN(va);
    if (!get_range(from, length + (va - from), &start, &end))
        return -ENOMEM;
    return start == end || mm_is_mapped(own_mm(), start, end) ? 0 : -ENOMEM;
}

int64_t sys_mlock(const uint64_t *a) { return check_lock(a[0], a[1]); }

int64_t sys_munlock(const uint64_t *a) { return check_lock(a[0], a[1]); }

int64_t sys_mlock2(const uint64_t *a) {
    return a[2] & ~(uint64_t)MLOCK_ONFAULT ? -EINVAL : check_lock(a[0], a[1]);
}

int64_t sys_mlockall(const uint64_t *a) {
    bool valid = a[0] && !(a[0] & ~(uint64_t)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) &&
                 a[0] != MCL_ONFAULT;
    return valid ? 0 : -EINVAL;
}

int64_t sys_munlockall(const uint64_t *a) {
    (void)a;
    return 0;
}
