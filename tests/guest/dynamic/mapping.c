/* What ld.so asks of mmap: a whole file, then parts of it and zero pages over it, at the address it
 * got; RELRO; the same file at a second address. */
#include "../guest.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>

#define PAGE 4096ul

static Elf64_Phdr headers[32];
static int header_count;

static void read_headers(int fd) {
    Elf64_Ehdr header;
    if (pread(fd, &header, sizeof header, 0) != sizeof header)
        exit(1);
    header_count = header.e_phnum < 32 ? header.e_phnum : 32;
    if (pread(fd, headers, (size_t)header_count * sizeof headers[0], (off_t)header.e_phoff) < 0)
        exit(1);
}

static int protection(unsigned flags) {
    return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
           (flags & PF_X ? PROT_EXEC : 0);
}

/* Maps a library by hand; its first address. */
static char *map_library(int fd, void *hint) {
    unsigned long end = 0;
    for (int i = 0; i < header_count; i++)
        if (headers[i].p_type == PT_LOAD)
            end = headers[i].p_vaddr + headers[i].p_memsz;
    char *base = mmap(hint, end, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED)
        return NULL;
    for (int i = 0; i < header_count; i++) {
        const Elf64_Phdr *ph = &headers[i];
        if (ph->p_type != PT_LOAD || ph->p_offset == 0)
            continue;
        unsigned long start = ph->p_vaddr & -PAGE, file_end = ph->p_vaddr + ph->p_filesz;
        unsigned long zero = (file_end + PAGE - 1) & -PAGE, memory_end = ph->p_vaddr + ph->p_memsz;
        char *at = mmap(base + start, file_end - start, protection(ph->p_flags),
                        MAP_PRIVATE | MAP_FIXED, fd, (off_t)(ph->p_offset & -PAGE));
        check("segment where it was asked", at == base + start);
        if (memory_end > zero)
            check("zero pages", mmap(base + zero, memory_end - zero, protection(ph->p_flags),
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                                     0) == base + zero);
    }
    return base;
}

static void compare(const char *name, int fd, const char *base) {
    static char bytes[PAGE];
    for (int i = 0; i < header_count; i++) {
        const Elf64_Phdr *ph = &headers[i];
        unsigned long done = 0;
        bool equal = true;
        while (ph->p_type == PT_LOAD && done < ph->p_filesz) {
            unsigned long left = ph->p_filesz - done, n = left < PAGE ? left : PAGE;
            if (pread(fd, bytes, n, (off_t)(ph->p_offset + done)) != (ssize_t)n)
                exit(2);
            equal = equal && memcmp(bytes, base + ph->p_vaddr + done, n) == 0;
            done += n;
        }
        if (ph->p_type == PT_LOAD)
            printf("%s: segment %s\n", name, equal ? "equal" : "differs");
    }
}

static int segments_of(const char *path, char *kinds, size_t size) {
    char line[512], access[8];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        if (!strstr(line, path))
            continue;
        count++;
        if (sscanf(line, "%*s %7s", access) == 1 && access[1] == 'w')
            snprintf(kinds, size, "%s", access);
    }
    fclose(maps);
    return count;
}

static int print_object(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size, (void)unused;
    const char *slash = strrchr(info->dlpi_name, '/');
    if (slash && strncmp(slash, "/ld-", 4) != 0)
        printf("object %s, load address %s\n", slash, info->dlpi_addr % PAGE ? "odd" : "aligned");
    return 0;
}

int main(void) {
    int fd = open("/lib/plugin.so", O_RDONLY);
    char kinds[8] = "-";
    read_headers(fd);
    char *a = map_library(fd, NULL);
    check("first", a != NULL);
    compare("first", fd, a);
    char *b = map_library(fd, NULL);
    check("second is elsewhere", b != NULL && b != a);
    compare("second", fd, b);
    for (int i = 0; i < header_count; i++) {
        if (headers[i].p_type != PT_LOAD || !(headers[i].p_flags & PF_W))
            continue;
        char *data = a + headers[i].p_vaddr, *other = b + headers[i].p_vaddr;
        data[0] ^= 1;
        check("private data", data[0] != other[0]);
        result("RELRO", mprotect((void *)((unsigned long)data & -PAGE), PAGE, PROT_READ));
        pid_t pid = fork_flushed();
        if (pid == 0) {
            data[0] = 1;
            _exit(0);
        }
        reap("store to read-only data", pid);
    }
    check("in the maps", segments_of("/lib/plugin.so", kinds, sizeof kinds) > 3);
    printf("writable %s\n", kinds);
    result("munmap", munmap(a, 2 * PAGE)); /* a part of it */
    compare("second", fd, b);
    char *hinted = map_library(fd, b);
    check("hint that is taken", hinted && hinted != b);
    char *hole = mmap(NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(hole, 64 * PAGE);
    check("hint that is free", map_library(fd, hole) == hole);
    compare("at the hint", fd, hole);
    check("no replace", mmap(hole, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) ==
                                MAP_FAILED &&
                            errno == EEXIST);
    int other = open("/lib/plugin2.so", O_RDONLY);
    char *fixed = mmap(hole, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, other, 0);
    check("another file over it", fixed == hole && !memcmp(fixed, "\177ELF", 4));
    dl_iterate_phdr(print_object, NULL);
    close(fd);
    return 0;
}
