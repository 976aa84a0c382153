/* execve: programs and how they are loaded. */
#ifndef C2W_KERNEL_EXEC_H
#define C2W_KERNEL_EXEC_H

#include "kernel.h"
#include "mm.h"

/* Strings that a new program gets: `count` NUL-terminated strings, one after the other. */
struct string_list {
    uint32_t count;
    size_t size, capacity;
    char *text;
};
void strings_add(struct string_list *list, const char *text);
void strings_add_first(struct string_list *list, const char *text);
void strings_drop_first(struct string_list *list);
void strings_free(struct string_list *list);

/* An ELF file that was checked and can be loaded. */
struct elf_program {
    struct file *file; /* reference held */
    struct elf64_header header;
    struct elf64_program_header *program_headers; /* heap block */
    uint64_t low, high;                           /* page-aligned range of its segments' vaddrs */
    uint32_t base;                                /* set by elf_map: load address - vaddr */
};
/* Reads and checks the headers; takes the file.  -ENOEXEC and others; *interpreter: heap string of
 * PT_INTERP or NULL. */
int elf_open(struct elf_program *elf, struct file *file, char **interpreter);
/* Maps the segments into the resident address space. */
int elf_map(struct elf_program *elf, struct mm *mm, bool is_program);
void elf_close(struct elf_program *elf);

/* Replaces the current process' program.  path as the guest gave it. */
int exec_program(struct file *file, const char *path, struct string_list *arguments,
                 struct string_list *environment);

#endif
