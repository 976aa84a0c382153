/* What one ELF file says about its functions, as translator input: segments and hints. */
#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "frontend.h"

#define MAX_HINTS 4000000u

#ifndef SHT_RELR
#define SHT_RELR 19
#endif

void elf_add_hint(struct elf_file *file, uint64_t address, uint64_t size,
                  enum code_evidence evidence, const char *name) {
    bool misaligned = file->machine == EM_RISCV && (address & 1);
    if (misaligned || !elf_executable_address(file, address) || file->hint_count == MAX_HINTS)
        return;
    if (size > UINT32_MAX)
        size = 0;
    if (file->hint_count == file->hint_capacity) {
        file->hint_capacity = file->hint_capacity ? 2 * file->hint_capacity : 256;
        file->hints = reallocate(file->hints, file->hint_capacity * sizeof *file->hints);
    }
    file->hints[file->hint_count++] =
        (struct code_hint){.address = (uint32_t)(address + file->load_base),
                           .size = (uint32_t)size,
                           .evidence = evidence,
                           .name = name};
}

static void add_slots(struct elf_file *file, uint64_t address, uint64_t size,
                      enum code_evidence evidence) {
    uint64_t available;
    const uint8_t *bytes = elf_at(file, address, &available);
    if (!bytes)
        return;
    if (size > available)
        size = available;
    for (uint64_t i = 0; i + 8 <= size; i += 8) {
        uint64_t value;
        memcpy(&value, bytes + i, 8);
        elf_add_hint(file, value, 0, evidence, NULL);
    }
}

static void add_symbols(struct elf_file *file, Elf *elf, Elf_Scn *section,
                        const GElf_Shdr *header) {
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Sym symbol;
    for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
        unsigned type = GELF_ST_TYPE(symbol.st_info);
        if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC))
            continue;
        /* A name outlives the libelf handle when it lies in the file itself. */
        const uint8_t *name = (const uint8_t *)elf_strptr(elf, header->sh_link, symbol.st_name);
        bool stays = name >= file->bytes && name < file->bytes + file->size;
        elf_add_hint(file, symbol.st_value, symbol.st_size, EVIDENCE_SYMBOL,
                     stays ? (const char *)name : NULL);
    }
}

/* Relocations that put an address of code somewhere: the addend, or a symbol's. */
static const struct {
    uint16_t machine;
    uint8_t type;
    bool of_symbol;
} code_relocations[] = {
    {EM_RISCV, R_RISCV_RELATIVE, false},   {EM_RISCV, R_RISCV_IRELATIVE, false},
    {EM_RISCV, R_RISCV_64, true},          {EM_RISCV, R_RISCV_JUMP_SLOT, true},
    {EM_X86_64, R_X86_64_RELATIVE, false}, {EM_X86_64, R_X86_64_IRELATIVE, false},
    {EM_X86_64, R_X86_64_64, true},        {EM_X86_64, R_X86_64_GLOB_DAT, true},
    {EM_X86_64, R_X86_64_JUMP_SLOT, true},
};

static void add_relocation(struct elf_file *file, uint64_t type, uint64_t addend,
                           const GElf_Sym *symbol) {
    for (size_t i = 0; i < sizeof code_relocations / sizeof *code_relocations; i++) {
        if (code_relocations[i].machine != file->machine || code_relocations[i].type != type)
            continue;
        if (!code_relocations[i].of_symbol)
            elf_add_hint(file, addend, 0, EVIDENCE_RELOCATION, NULL);
        else if (symbol && symbol->st_shndx != SHN_UNDEF)
            elf_add_hint(file, symbol->st_value + addend, 0, EVIDENCE_RELOCATION, NULL);
    }
}

static void add_relocations(struct elf_file *file, Elf_Data *data, Elf_Data *symbols) {
    GElf_Rela relocation;
    for (int i = 0; data && gelf_getrela(data, i, &relocation); i++) {
        GElf_Sym symbol;
        uint64_t index = GELF_R_SYM(relocation.r_info);
        bool known =
            symbols && index && index < INT32_MAX && gelf_getsym(symbols, (int)index, &symbol);
        add_relocation(file, GELF_R_TYPE(relocation.r_info), (uint64_t)relocation.r_addend,
                       known ? &symbol : NULL);
    }
}

/* gABI "Relative Relocation Table": an even word is an address, an odd one a bitmap of the 63
 * words behind it. */
static void add_relr(struct elf_file *file, uint64_t address, uint64_t size) {
    uint64_t available, where = 0;
    const uint8_t *bytes = elf_at(file, address, &available);
    if (!bytes)
        return;
    if (size > available)
        size = available;
    for (uint64_t i = 0; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        if (!(word & 1)) {
            add_slots(file, word, 8, EVIDENCE_RELOCATION);
            where = word + 8;
            continue;
        }
        for (unsigned bit = 1; bit < 64; bit++)
            if (word >> bit & 1)
                add_slots(file, where + 8 * (bit - 1), 8, EVIDENCE_RELOCATION);
        where += 8 * 63;
    }
}

/* Section headers; returns whether there are any. */
static bool add_from_sections(struct elf_file *file, Elf *elf, bool *frames) {
    Elf_Scn *section = NULL;
    GElf_Shdr header, symbol_header;
    size_t names, count = 0;
    if (elf_getshdrstrndx(elf, &names))
        names = 0;
    while ((section = elf_nextscn(elf, section))) {
        if (!gelf_getshdr(section, &header))
            continue;
        count++;
        const char *name = elf_strptr(elf, names, header.sh_name);
        switch (header.sh_type) {
        case SHT_SYMTAB:
        case SHT_DYNSYM:
            add_symbols(file, elf, section, &header);
            break;
        case SHT_INIT_ARRAY:
        case SHT_FINI_ARRAY:
        case SHT_PREINIT_ARRAY:
            add_slots(file, header.sh_addr, header.sh_size, EVIDENCE_INIT);
            break;
        case SHT_RELA: {
            Elf_Scn *symbols = header.sh_link ? elf_getscn(elf, header.sh_link) : NULL;
            bool dynamic = symbols && gelf_getshdr(symbols, &symbol_header) &&
                           symbol_header.sh_type == SHT_DYNSYM;
            if (header.sh_flags & SHF_ALLOC)
                add_relocations(file, elf_getdata(section, NULL),
                                dynamic ? elf_getdata(symbols, NULL) : NULL);
            break;
        }
        case SHT_RELR:
            add_relr(file, header.sh_addr, header.sh_size);
            break;
        case SHT_PROGBITS:
            if (name && strcmp(name, ".eh_frame") == 0) {
                eh_frame_hints(file, header.sh_addr, header.sh_size);
                *frames = true;
            } else if (name && strcmp(name, ".go.buildinfo") == 0) {
                file->catches_null = true;
            } else if (name && (strcmp(name, ".init") == 0 || strcmp(name, ".fini") == 0))
                elf_add_hint(file, header.sh_addr, 0, EVIDENCE_INIT, NULL);
            break;
        default:
            break;
        }
    }
    return count > 1;
}

/* PT_DYNAMIC of a file without section headers. */
static void add_from_dynamic(struct elf_file *file, Elf *elf, const GElf_Phdr *header) {
    Elf_Data *data =
        elf_getdata_rawchunk(elf, (int64_t)header->p_offset, header->p_filesz, ELF_T_DYN);
    uint64_t values[40] = {0};
    GElf_Dyn entry;
    for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
        if (entry.d_tag > 0 && entry.d_tag < 40)
            values[entry.d_tag] = entry.d_un.d_val;
    static const struct {
        int address, size;
    } tables[] = {{DT_RELA, DT_RELASZ}, {DT_JMPREL, DT_PLTRELSZ}};
    for (size_t i = 0; i < 2; i++) {
        uint64_t available, size = values[tables[i].size];
        const uint8_t *bytes = elf_at(file, values[tables[i].address], &available);
        if (!bytes || !values[tables[i].address] || size > available)
            continue;
        for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= size; at += sizeof(Elf64_Rela)) {
            Elf64_Rela relocation;
            memcpy(&relocation, bytes + at, sizeof relocation);
            add_relocation(file, ELF64_R_TYPE(relocation.r_info), (uint64_t)relocation.r_addend,
                           NULL);
        }
    }
    if (values[DT_INIT])
        elf_add_hint(file, values[DT_INIT], 0, EVIDENCE_INIT, NULL);
    if (values[DT_FINI])
        elf_add_hint(file, values[DT_FINI], 0, EVIDENCE_INIT, NULL);
    add_slots(file, values[DT_INIT_ARRAY], values[DT_INIT_ARRAYSZ], EVIDENCE_INIT);
    add_slots(file, values[DT_FINI_ARRAY], values[DT_FINI_ARRAYSZ], EVIDENCE_INIT);
}

static void add_from_programs(struct elf_file *file, Elf *elf, bool sections, bool frames) {
    size_t count;
    GElf_Phdr header;
    if (elf_getphdrnum(elf, &count))
        return;
    for (size_t i = 0; i < count; i++) {
        uint64_t address;
        if (!gelf_getphdr(elf, (int)i, &header))
            continue;
        if (header.p_type == PT_DYNAMIC && !sections)
            add_from_dynamic(file, elf, &header);
        if (header.p_type == PT_GNU_EH_FRAME && !frames &&
            eh_frame_from_header(file, header.p_vaddr, header.p_memsz, &address))
            eh_frame_hints(file, address, UINT64_MAX); /* ends with a terminator */
    }
}

static void add_segment(struct elf_file *file, const struct elf_segment *segment, uint64_t start,
                        uint64_t end, bool executable) {
    uint64_t skipped = start - segment->address;
    if (start < end)
        file->code[file->code_count++] =
            (struct code_segment){.address = (uint32_t)(start + file->load_base),
                                  .size = (uint32_t)(end - start),
                                  .bytes = file->bytes + segment->offset + skipped,
                                  .file_offset = segment->offset + skipped,
                                  .executable = executable,
                                  .writable = segment->writable};
}

/* What precedes and follows the code in its segment is data. */
static void make_segments(struct elf_file *file) {
    file->code = allocate((3 * file->segment_count + 1) * sizeof *file->code);
    for (size_t i = 0; i < file->segment_count; i++) {
        const struct elf_segment *segment = &file->segments[i];
        uint64_t end = segment->address + segment->file_size;
        if (!segment->executable) {
            add_segment(file, segment, segment->address, end, false);
            continue;
        }
        add_segment(file, segment, segment->address, segment->code, false);
        add_segment(file, segment, segment->code, segment->code_end, true);
        add_segment(file, segment, segment->code_end, end, false);
    }
}

void elf_collect_hints(struct elf_file *file) {
    elf_version(EV_CURRENT);
    make_segments(file);
    elf_add_hint(file, file->entry, 0, EVIDENCE_ENTRY, NULL);
    /* libelf does not write to memory that is only read. */
    Elf *elf = elf_memory((char *)file->bytes, file->size);
    if (!elf)
        return;
    bool frames = false;
    bool sections = add_from_sections(file, elf, &frames);
    add_from_programs(file, elf, sections, frames);
    elf_end(elf);
}
