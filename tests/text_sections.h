/* The code of an ELF file, for tests of decoders. */
#ifndef TEXT_SECTIONS_H
#define TEXT_SECTIONS_H

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void visit_section(void *context, const uint8_t *bytes, uint64_t size, uint64_t address);

/* Calls visit for every executable section; false when the file cannot be read. */
static inline bool each_text_section(const char *path, visit_section *visit, void *context) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    const uint8_t *file = MAP_FAILED;
    if (fd >= 0 && !fstat(fd, &status))
        file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0)
        close(fd);
    if (file == MAP_FAILED)
        return false;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + header->e_shoff);
    for (unsigned n = 0; n < header->e_shnum; n++)
        if (sections[n].sh_type == SHT_PROGBITS && sections[n].sh_flags & SHF_EXECINSTR)
            visit(context, file + sections[n].sh_offset, sections[n].sh_size, sections[n].sh_addr);
    munmap((void *)file, (size_t)status.st_size);
    return true;
}

#endif
