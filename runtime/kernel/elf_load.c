/* ELF files: checks and mapping of the segments (System V gABI; Linux fs/binfmt_elf.c for the
 * details that programs see). */
#include <string.h>

#include "abi.h"
#include "exec.h"

#define HEADERS_MAX 64
#define INTERPRETER_MAX 4096u

static int read_exactly(struct file *file, void *to, size_t length, uint64_t offset) {
    int64_t n = file_read_at(file, to, length, offset);
    if (n < 0)
        return (int)n;
    return (size_t)n == length ? 0 : -ENOEXEC;
}

static bool is_header_valid(const struct elf64_header *header) {
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1}; /* 64 bit, little endian */
    return memcmp(header->ident, ident, sizeof ident) == 0 &&
           (header->type == ET_EXEC || header->type == ET_DYN) &&
           header->machine == ABI_ELF_MACHINE &&
           header->program_header_size == sizeof(struct elf64_program_header) &&
           header->program_header_count > 0 && header->program_header_count <= HEADERS_MAX;
}

/* Segments must be ascending, inside 4 GiB and congruent to their file offsets. */
static int check_segments(struct elf_program *elf) {
    elf->low = UINT64_MAX;
    elf->high = 0;
    for (unsigned i = 0; i < elf->header.program_header_count; i++) {
        const struct elf64_program_header *ph = &elf->program_headers[i];
        if (ph->type != PT_LOAD)
            continue;
        if (ph->file_size > ph->memory_size || ph->vaddr >= ADDRESS_END ||
            ph->memory_size > ADDRESS_END - ph->vaddr || ((ph->vaddr - ph->offset) & PAGE_MASK) ||
            ph->offset + ph->file_size < ph->offset)
            return -EINVAL;
        if (ph->memory_size == 0)
            continue;
        if (elf->low != UINT64_MAX && ph->vaddr < elf->low)
            return -EINVAL;
        if (elf->low == UINT64_MAX)
            elf->low = PAGE_DOWN(ph->vaddr);
        if (PAGE_UP(ph->vaddr + ph->memory_size) > elf->high)
            elf->high = PAGE_UP(ph->vaddr + ph->memory_size);
    }
    if (elf->low == UINT64_MAX)
        return -EINVAL;
    if (elf->header.type == ET_EXEC && elf->low < GUEST_MIN)
        return -EPERM; /* below vm.mmap_min_addr */
    return 0;
}

static int read_interpreter(struct elf_program *elf, const struct elf64_program_header *ph,
                            char **interpreter) {
    if (ph->file_size < 2 || ph->file_size > INTERPRETER_MAX)
        return -ENOEXEC;
    char *path = heap_alloc(ph->file_size);
    int error = read_exactly(elf->file, path, ph->file_size, ph->offset);
    if (!error && path[ph->file_size - 1] != 0)
        error = -ENOEXEC;
    if (error) {
        heap_free(path);
        return error;
    }
    *interpreter = path;
    return 0;
}

int elf_open(struct elf_program *elf, struct file *file, char **interpreter) {
    *elf = (struct elf_program){.file = file};
    *interpreter = NULL;
    int error = read_exactly(file, &elf->header, sizeof elf->header, 0);
    if (error || !is_header_valid(&elf->header))
        return -ENOEXEC;
    size_t size = elf->header.program_header_count * sizeof *elf->program_headers;
    elf->program_headers = heap_alloc(size);
    error = read_exactly(file, elf->program_headers, size, elf->header.program_headers);
    if (!error)
        error = check_segments(elf);
    for (unsigned i = 0; !error && i < elf->header.program_header_count; i++)
        if (elf->program_headers[i].type == PT_INTERP && !*interpreter)
            error = read_interpreter(elf, &elf->program_headers[i], interpreter);
    return error;
}

void elf_close(struct elf_program *elf) {
    heap_free(elf->program_headers);
    if (elf->file)
        file_put(elf->file);
    *elf = (struct elf_program){0};
}

static int map_segment(const struct elf_program *elf, struct mm *mm,
                       const struct elf64_program_header *ph) {
    uint32_t start = elf->base + (uint32_t)PAGE_DOWN(ph->vaddr);
    uint32_t file_end = elf->base + (uint32_t)PAGE_UP(ph->vaddr + ph->file_size);
    uint32_t end = elf->base + (uint32_t)PAGE_UP(ph->vaddr + ph->memory_size);
    struct mapping mapping = {
        .prot = (uint8_t)((ph->flags & PF_R ? PROT_READ : 0) | (ph->flags & PF_W ? PROT_WRITE : 0) |
                          (ph->flags & PF_X ? PROT_EXEC : 0)),
    };
    struct mapping anonymous = mapping;
    if (ph->file_size == 0)
        file_end = start;
    /* A later segment may share its first page with the one before: it wins, as on Linux. */
    mm_unmap(mm, start, end);
    if (file_end > start) {
        mapping.file = elf->file;
        mapping.file_offset = PAGE_DOWN(ph->offset);
        int error = mm_map(mm, start, file_end, &mapping);
        if (error)
            return error;
        /* The last page's bytes behind the file part are zeroes only for data with a bss. */
        uint32_t used = elf->base + (uint32_t)(ph->vaddr + ph->file_size);
        if (ph->memory_size > ph->file_size && (ph->flags & PF_W) && used < file_end)
            memset(guest_pointer(used), 0, file_end - used);
    }
    return end > file_end ? mm_map(mm, file_end, end, &anonymous) : 0;
}

/* Load address of a position-independent file. */
static uint32_t choose_base(const struct elf_program *elf, const struct mm *mm) {
    uint32_t size = (uint32_t)(elf->high - elf->low);
    uint32_t base = mm_preassigned_base(mm, elf->file, (uint32_t)elf->high);
    if (base)
        return base;
    uint32_t start = mm_find_gap(mm, size, false);
    return start ? start - (uint32_t)elf->low : 0;
}

int elf_map(struct elf_program *elf, struct mm *mm, bool is_program) {
    if (elf->header.type == ET_DYN) {
        elf->base = choose_base(elf, mm);
        if (!elf->base)
            return -ENOMEM;
    }
    uint32_t start = elf->base + (uint32_t)elf->low, end = elf->base + (uint32_t)elf->high;
    if (!mm_is_available(start, end) || !mm_is_free(mm, start, end))
        return -ENOMEM;
    for (unsigned i = 0; i < elf->header.program_header_count; i++) {
        const struct elf64_program_header *ph = &elf->program_headers[i];
        if (ph->type != PT_LOAD || ph->memory_size == 0)
            continue;
        int error = map_segment(elf, mm, ph);
        if (error)
            return error;
        if (!is_program)
            continue;
        uint32_t vaddr = elf->base + (uint32_t)ph->vaddr;
        if ((ph->flags & PF_X) && (!mm->start_code || vaddr < mm->start_code))
            mm->start_code = vaddr;
        if ((ph->flags & PF_X) && vaddr + ph->file_size > mm->end_code)
            mm->end_code = vaddr + (uint32_t)ph->file_size;
        if (vaddr > mm->start_data)
            mm->start_data = vaddr;
        if (vaddr + ph->file_size > mm->end_data)
            mm->end_data = vaddr + (uint32_t)ph->file_size;
    }
    return 0;
}
