/* Headers of one ELF file.  Files come from images and may be damaged or hostile: sizes and offsets
 * are checked before use, and what is wrong becomes the file's `reason`.
 * System V gABI chapters 4 and 5; RISC-V ELF psABI. */
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "frontend.h"

#define MAX_SEGMENTS 128
#define MAX_DYNAMIC 4096

bool elf_is_elf(const uint8_t *bytes, uint64_t size) {
    return size >= EI_NIDENT && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

const char *elf_machine_name(uint16_t machine, char to[32]) {
    static const struct {
        uint16_t machine;
        const char *name;
    } names[] = {{EM_RISCV, "riscv"},     {EM_X86_64, "x86_64"}, {EM_386, "i386"},
                 {EM_AARCH64, "aarch64"}, {EM_ARM, "arm"},       {EM_PPC64, "ppc64"},
                 {EM_S390, "s390"},       {EM_MIPS, "mips"},     {EM_LOONGARCH, "loongarch"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].machine == machine)
            return names[i].name;
    snprintf(to, 32, "machine %u", machine);
    return to;
}

static void set_bad(struct elf_file *file, const char *reason) {
    if (!file->bad)
        snprintf(file->reason, sizeof file->reason, "%s", reason);
    file->bad = true;
}

const uint8_t *elf_at(const struct elf_file *file, uint64_t address, uint64_t *available) {
    for (size_t i = 0; i < file->segment_count; i++) {
        const struct elf_segment *segment = &file->segments[i];
        uint64_t offset = address - segment->address;
        if (address >= segment->address && offset < segment->file_size) {
            *available = segment->file_size - offset;
            return file->bytes + segment->offset + offset;
        }
    }
    return NULL;
}

bool elf_executable_address(const struct elf_file *file, uint64_t address) {
    for (size_t i = 0; i < file->segment_count; i++)
        if (file->segments[i].executable && address >= file->segments[i].address &&
            address - file->segments[i].address < file->segments[i].file_size)
            return true;
    return false;
}

/* A string at a link-time address, copied; NULL when it does not end in its segment. */
static char *string_at(const struct elf_file *file, uint64_t address) {
    uint64_t available;
    const uint8_t *text = elf_at(file, address, &available);
    if (!text || !memchr(text, 0, available))
        return NULL;
    return copy_string((const char *)text);
}

static void read_load(struct elf_file *file, const GElf_Phdr *header) {
    if (header->p_filesz > header->p_memsz)
        return set_bad(file, "a PT_LOAD has more bytes in the file than in memory");
    if (header->p_offset > file->size || header->p_filesz > file->size - header->p_offset)
        return set_bad(file, "a PT_LOAD lies outside the file");
    if (header->p_vaddr >= UINT64_C(1) << 32 ||
        header->p_memsz > (UINT64_C(1) << 32) - header->p_vaddr)
        return set_bad(file, "a PT_LOAD lies above 4 GiB");
    if (header->p_align > 1 && (header->p_align & (header->p_align - 1)))
        return set_bad(file, "a PT_LOAD has an alignment that is no power of two");
    if ((header->p_vaddr - header->p_offset) % 4096)
        return set_bad(file, "a PT_LOAD cannot be mapped by pages");
    if (header->p_memsz == 0)
        return;
    if (file->segment_count) {
        const struct elf_segment *last = &file->segments[file->segment_count - 1];
        if (header->p_vaddr < last->address + last->memory_size)
            return set_bad(file, "its PT_LOADs overlap or are out of order");
    }
    file->segments[file->segment_count++] =
        (struct elf_segment){.offset = header->p_offset,
                             .file_size = header->p_filesz,
                             .address = header->p_vaddr,
                             .memory_size = header->p_memsz,
                             .executable = header->p_flags & PF_X,
                             .writable = header->p_flags & PF_W};
}

static void add_search_path(struct elf_file *file, char *list) {
    for (char *item = list; item && *item;) {
        char *colon = strchr(item, ':');
        if (colon)
            *colon = 0;
        if (*item)
            words_add(&file->run_path, item);
        item = colon ? colon + 1 : NULL;
    }
}

/* Returns whether DF_1_PIE is set. */
static bool read_dynamic(struct elf_file *file, Elf *elf, const GElf_Phdr *header) {
    if (header->p_offset > file->size || header->p_filesz > file->size - header->p_offset) {
        set_bad(file, "PT_DYNAMIC lies outside the file");
        return false;
    }
    Elf_Data *data =
        elf_getdata_rawchunk(elf, (int64_t)header->p_offset, header->p_filesz, ELF_T_DYN);
    uint64_t strings = 0;
    bool pie = false;
    GElf_Dyn entry;
    for (int pass = 0; data && pass < 2; pass++)
        for (int i = 0; i < MAX_DYNAMIC && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL;
             i++) {
            if (pass == 0 && entry.d_tag == DT_STRTAB)
                strings = entry.d_un.d_ptr;
            else if (pass == 0 && entry.d_tag == DT_FLAGS_1)
                pie = entry.d_un.d_val & DF_1_PIE;
            else if (pass == 1 && (entry.d_tag == DT_NEEDED || entry.d_tag == DT_SONAME ||
                                   entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH)) {
                char *text = string_at(file, strings + entry.d_un.d_val);
                if (!text)
                    set_bad(file, "its dynamic section names strings outside the file");
                else if (entry.d_tag == DT_NEEDED)
                    words_add(&file->needed, text);
                else if (entry.d_tag == DT_SONAME)
                    file->soname = text;
                else
                    add_search_path(file, text);
            }
        }
    return pie;
}

/* Extends the code of the segment that holds a section. */
static void add_code(struct elf_file *file, const GElf_Shdr *header) {
    for (size_t i = 0; i < file->segment_count; i++) {
        struct elf_segment *segment = &file->segments[i];
        if (!segment->executable || header->sh_addr < segment->address ||
            header->sh_addr - segment->address >= segment->file_size ||
            header->sh_size > segment->file_size - (header->sh_addr - segment->address))
            continue;
        if (segment->code_end == 0 || header->sh_addr < segment->code)
            segment->code = header->sh_addr;
        if (header->sh_addr + header->sh_size > segment->code_end)
            segment->code_end = header->sh_addr + header->sh_size;
    }
}

/* Sections tell code from the constants that may share its segment. */
static uint64_t count_text(struct elf_file *file, Elf *elf) {
    uint64_t sections = 0, segments = 0;
    Elf_Scn *section = NULL;
    GElf_Shdr header;
    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_PROGBITS &&
            (header.sh_flags & SHF_EXECINSTR) && elf_executable_address(file, header.sh_addr)) {
            sections += header.sh_size;
            add_code(file, &header);
        }
    for (size_t i = 0; i < file->segment_count; i++) {
        struct elf_segment *segment = &file->segments[i];
        if (segment->executable)
            segments += segment->file_size;
        if (segment->code_end == 0) {
            segment->code = segment->address;
            segment->code_end = segment->address + segment->file_size;
        }
    }
    return sections && sections <= segments ? sections : segments;
}

static void read_programs(struct elf_file *file, Elf *elf, const GElf_Ehdr *header) {
    size_t count;
    bool pie = false;
    GElf_Phdr program;
    if (elf_getphdrnum(elf, &count) || count > MAX_SEGMENTS)
        return set_bad(file, "its program headers cannot be read");
    if (count && header->e_phentsize != gelf_fsize(elf, ELF_T_PHDR, 1, EV_CURRENT))
        return set_bad(file, "its program headers have a wrong size");
    file->segments = allocate(count * sizeof *file->segments);
    for (size_t i = 0; i < count; i++) {
        if (!gelf_getphdr(elf, (int)i, &program))
            return set_bad(file, "its program headers lie outside the file");
        if (program.p_type == PT_LOAD)
            read_load(file, &program);
    }
    for (size_t i = 0; i < count && !file->bad; i++) {
        gelf_getphdr(elf, (int)i, &program);
        if (program.p_type == PT_DYNAMIC)
            pie = read_dynamic(file, elf, &program);
        if (program.p_type != PT_INTERP)
            continue;
        if (program.p_filesz < 2 || program.p_filesz > 4096 || program.p_offset > file->size ||
            program.p_filesz > file->size - program.p_offset ||
            file->bytes[program.p_offset + program.p_filesz - 1])
            return set_bad(file, "its PT_INTERP is no string in the file");
        file->interpreter = copy_string((const char *)file->bytes + program.p_offset);
    }
    /* Libraries that can be started, such as libc.so.6, have a PT_INTERP too. */
    if (file->kind == ELF_SHARED && (pie || (file->interpreter && !file->soname)))
        file->kind = ELF_PIE;
    if (file->kind == ELF_OBJECT || file->bad)
        return;
    if (file->segment_count == 0)
        return set_bad(file, "it has no PT_LOAD");
    if (file->kind != ELF_SHARED && !elf_executable_address(file, file->entry))
        return set_bad(file, "its entry point is not in an executable segment");
    file->text_bytes = count_text(file, elf);
}

void elf_read(struct elf_file *file, const struct guest *guest, const uint8_t *bytes,
              uint64_t size) {
    file->bytes = bytes;
    file->size = size;
    file->class = bytes[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    if (size < sizeof(Elf32_Ehdr) || (file->class == 64 && size < sizeof(Elf64_Ehdr)))
        return set_bad(file, "its header is cut off");
    elf_version(EV_CURRENT);
    /* libelf does not write to memory that is only read. */
    Elf *elf = elf_memory((char *)bytes, size);
    GElf_Ehdr header;
    if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
        set_bad(file, "its header is damaged");
    else {
        file->machine = header.e_machine;
        file->entry = header.e_entry;
        file->right_machine = header.e_machine == guest->machine && file->class == 64 &&
                              header.e_ident[EI_DATA] == ELFDATA2LSB;
        file->kind = header.e_type == ET_EXEC  ? ELF_PROGRAM
                     : header.e_type == ET_DYN ? ELF_SHARED
                                               : ELF_OBJECT;
        if (file->right_machine && header.e_version != EV_CURRENT)
            set_bad(file, "its header has an unknown version");
        else if (file->right_machine)
            read_programs(file, elf, &header);
    }
    elf_end(elf);
    if (file->reason[0])
        return;
    if (!file->right_machine)
        snprintf(file->reason, sizeof file->reason, "another machine's");
    else if (file->kind == ELF_OBJECT)
        snprintf(file->reason, sizeof file->reason, "object file or core dump");
    else if (file->text_bytes == 0)
        snprintf(file->reason, sizeof file->reason, "it has no code");
}
