/* The test program: machine code around the cases and their data, written as a static ELF file.
 *
 *   _start      x3 = control block; calls each group of drivers; flushes the output; exit(0)
 *   driver      for each record of a case: prepare, the case, finish
 *   case        load_all, the code under test, store_all
 *
 * Everything is called directly, so that code discovery reaches it from the entry point. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "generate.h"

#define BUFFER_SIZE 0x10000u
#define CASES_PER_GROUP 40
enum {
    RA = 1,
    SP = 2,
    T0 = 5,
    T1 = 6,
    T2 = 7,
    S0 = 8,
    S1 = 9,
    A0 = 10,
    A1 = 11,
    A2 = 12,
    A3 = 13,
    A4 = 14,
    A7 = 17
};
enum { SYSTEM_WRITE = 64, SYSTEM_EXIT = 93 };

struct program {
    const struct suite *suite;
    struct buffer code;
    uint32_t reset, prepare, load_all, store_all, flush, finish;
    uint32_t output; /* address of the output buffer */
};

static uint32_t here(const struct program *p) { return CODE_ADDRESS + (uint32_t)p->code.size; }

static void emit(struct program *p, enum op op, struct operands operands) {
    uint32_t word = assemble(op, operands);
    append(&p->code, &word, sizeof word);
}

#define EMIT(op, ...) emit(p, OP_##op, (struct operands){__VA_ARGS__})

static void emit_constant(struct program *p, uint8_t rd, uint32_t value) {
    EMIT(lui, .rd = rd, .imm = (int32_t)(value + 0x800));
    EMIT(addiw, .rd = rd, .rs1 = rd, .imm = (int32_t)(value << 20) >> 20);
}

static void emit_load(struct program *p, uint8_t rd, uint8_t base, int32_t offset) {
    EMIT(ld, .rd = rd, .rs1 = base, .imm = offset);
}

static void emit_store(struct program *p, uint8_t value, uint8_t base, int32_t offset) {
    EMIT(sd, .rs1 = base, .rs2 = value, .imm = offset);
}

static void emit_call(struct program *p, uint32_t target) {
    EMIT(jal, .rd = RA, .imm = (int32_t)(target - here(p)));
}

static void emit_return(struct program *p) { EMIT(jalr, .rs1 = RA); }

/* Sets the distance of the branch at `from` to here. */
static void branch_to_here(struct program *p, uint32_t from, enum op op, struct operands operands) {
    operands.imm = (int32_t)(here(p) - from);
    uint32_t word = assemble(op, operands);
    memcpy(p->code.bytes + (from - CODE_ADDRESS), &word, sizeof word);
}

/* Registers before the next case: the base values. */
static void emit_reset(struct program *p) {
    p->reset = here(p);
    EMIT(addi, .rd = T0, .rs1 = REG_CONTROL);
    EMIT(addi, .rd = T1, .rs1 = REG_CONTROL, .imm = 512);
    uint32_t loop = here(p);
    emit_load(p, T2, T0, CONTROL_BASE);
    emit_store(p, T2, T0, CONTROL_IN);
    EMIT(addi, .rd = T0, .rs1 = T0, .imm = 8);
    EMIT(bne, .rs1 = T0, .rs2 = T1, .imm = (int32_t)(loop - here(p)));
    emit_return(p);
}

/* The window and the operands of the next record. */
static void emit_prepare(struct program *p) {
    p->prepare = here(p);
    for (int i = 0; i < WINDOW_WORDS; i++) {
        emit_load(p, T1, REG_CONTROL, CONTROL_TEMPLATE + 8 * i);
        emit_store(p, T1, REG_CONTROL, CONTROL_WINDOW + 8 * i);
    }
    emit_load(p, T0, REG_CONTROL, CONTROL_RECORD);
    for (int i = 0; i < 3; i++) {
        emit_load(p, T1, REG_CONTROL, CONTROL_SLOTS + 8 * i);
        EMIT(add, .rd = T1, .rs1 = T1, .rs2 = REG_CONTROL);
        emit_load(p, T2, T0, 8 * i);
        emit_store(p, T2, T1, 0);
    }
    emit_load(p, T2, T0, 24);
    emit_store(p, T2, REG_CONTROL, CONTROL_IN_FCSR);
    EMIT(addi, .rd = T0, .rs1 = T0, .imm = sizeof(struct record));
    emit_store(p, T0, REG_CONTROL, CONTROL_RECORD);
    emit_return(p);
}

/* All registers but x1, which the caller loads, and x3. */
static void emit_load_all(struct program *p) {
    p->load_all = here(p);
    emit_load(p, T0, REG_CONTROL, CONTROL_IN_FCSR);
    EMIT(csrrw, .rs1 = T0, .imm = CSR_FCSR);
    for (uint8_t i = 0; i < 32; i++)
        EMIT(fld, .rd = i, .rs1 = REG_CONTROL, .imm = SLOT_F(i));
    for (uint8_t i = 2; i < 32; i++)
        if (i != REG_CONTROL)
            emit_load(p, i, REG_CONTROL, SLOT_X(i));
    emit_return(p);
}

/* All registers but x1, which the caller stored.  Ends with fcsr = 0. */
static void emit_store_all(struct program *p) {
    p->store_all = here(p);
    for (uint8_t i = 0; i < 32; i++)
        if (i != RA)
            emit_store(p, i, REG_CONTROL, CONTROL_OUT + SLOT_X(i));
    for (uint8_t i = 0; i < 32; i++)
        EMIT(fsd, .rs1 = REG_CONTROL, .rs2 = i, .imm = CONTROL_OUT + SLOT_F(i));
    EMIT(csrrs, .rd = T0, .imm = CSR_FCSR);
    emit_store(p, T0, REG_CONTROL, CONTROL_OUT_FCSR);
    EMIT(csrrw, .rs1 = 0, .imm = CSR_FCSR);
    EMIT(lui, .rd = SP, .imm = (int32_t)STACK_ADDRESS);
    emit_return(p);
}

/* Writes the output so far to standard output and empties the buffer. */
static void emit_flush(struct program *p) {
    p->flush = here(p);
    emit_constant(p, A1, p->output);
    emit_load(p, A2, REG_CONTROL, CONTROL_OUTPUT);
    EMIT(sub, .rd = A2, .rs1 = A2, .rs2 = A1);
    uint32_t loop = here(p);
    EMIT(ebreak);
    EMIT(addi, .rd = A0, .imm = 1);
    EMIT(addi, .rd = A7, .imm = SYSTEM_WRITE);
    EMIT(ecall);
    uint32_t wrote = here(p);
    EMIT(ebreak);
    EMIT(addi, .rd = A0, .imm = 1);
    EMIT(addi, .rd = A7, .imm = SYSTEM_EXIT);
    EMIT(ecall);
    branch_to_here(p, wrote, OP_blt, (struct operands){.rs1 = 0, .rs2 = A0});
    EMIT(add, .rd = A1, .rs1 = A1, .rs2 = A0);
    EMIT(sub, .rd = A2, .rs1 = A2, .rs2 = A0);
    EMIT(jal, .imm = (int32_t)(loop - here(p)));
    branch_to_here(p, loop, OP_beq, (struct operands){.rs1 = A2});
    emit_constant(p, A1, p->output);
    emit_store(p, A1, REG_CONTROL, CONTROL_OUTPUT);
    emit_return(p);
}

/* Appends the words that differ between base + before and base + after while x5 walks from the
 * control block; x8 gets a bit for each. */
static void emit_difference(struct program *p, int32_t before, int32_t after, int words) {
    EMIT(addi, .rd = S0);
    EMIT(addi, .rd = T2, .imm = 1);
    EMIT(addi, .rd = T0, .rs1 = REG_CONTROL);
    EMIT(addi, .rd = A4, .imm = words < 64 ? 1 << words : 0);
    uint32_t loop = here(p);
    emit_load(p, A2, T0, before);
    emit_load(p, A3, T0, after);
    EMIT(beq, .rs1 = A2, .rs2 = A3, .imm = 16);
    emit_store(p, A3, A1, 0);
    EMIT(addi, .rd = A1, .rs1 = A1, .imm = 8);
    EMIT(or, .rd = S0, .rs1 = S0, .rs2 = T2);
    EMIT(slli, .rd = T2, .rs1 = T2, .imm = 1);
    EMIT(addi, .rd = T0, .rs1 = T0, .imm = 8);
    EMIT(bne, .rs1 = T2, .rs2 = A4, .imm = (int32_t)(loop - here(p)));
}

/* Appends the result of one execution: which registers changed (u64), fcsr (u32), which words of
 * the window changed (u32), then their new values.  Returns the number of records left. */
static void emit_finish(struct program *p) {
    p->finish = here(p);
    emit_load(p, S1, REG_CONTROL, CONTROL_OUTPUT);
    EMIT(addi, .rd = A1, .rs1 = S1, .imm = 16);
    emit_difference(p, CONTROL_IN, CONTROL_OUT, 64);
    emit_store(p, S0, S1, 0);
    emit_difference(p, CONTROL_TEMPLATE, CONTROL_WINDOW, WINDOW_WORDS);
    EMIT(slli, .rd = S0, .rs1 = S0, .imm = 32);
    emit_load(p, A2, REG_CONTROL, CONTROL_OUT_FCSR);
    EMIT(or, .rd = S0, .rs1 = S0, .rs2 = A2);
    emit_store(p, S0, S1, 8);
    emit_store(p, A1, REG_CONTROL, CONTROL_OUTPUT);
    emit_constant(p, A2, p->output + BUFFER_SIZE - 1024);
    uint32_t room = here(p);
    EMIT(ebreak);
    emit_store(p, RA, REG_CONTROL, CONTROL_FLUSH_RA);
    emit_call(p, p->flush);
    emit_load(p, RA, REG_CONTROL, CONTROL_FLUSH_RA);
    branch_to_here(p, room, OP_bltu, (struct operands){.rs1 = A1, .rs2 = A2});
    emit_load(p, A0, REG_CONTROL, CONTROL_COUNT);
    EMIT(addi, .rd = A0, .rs1 = A0, .imm = -1);
    emit_store(p, A0, REG_CONTROL, CONTROL_COUNT);
    emit_return(p);
}

static uint32_t emit_case(struct program *p, const struct test_case *test) {
    uint32_t entry = here(p);
    emit_store(p, RA, REG_CONTROL, CONTROL_CASE_RA);
    emit_call(p, p->load_all);
    emit_load(p, RA, REG_CONTROL, SLOT_X(RA));
    append(&p->code, test->code, test->code_size);
    emit_store(p, RA, REG_CONTROL, CONTROL_OUT + SLOT_X(RA));
    emit_call(p, p->store_all);
    emit_load(p, RA, REG_CONTROL, CONTROL_CASE_RA);
    emit_return(p);
    static const uint16_t nop = 0x0001;
    if (p->code.size % 4)
        append(&p->code, &nop, sizeof nop);
    return entry;
}

static void emit_driver(struct program *p, const struct test_case *test, uint32_t entry) {
    emit_constant(p, T0, RECORDS_ADDRESS + (uint32_t)(test->first_record * sizeof(struct record)));
    emit_store(p, T0, REG_CONTROL, CONTROL_RECORD);
    emit_constant(p, T0, (uint32_t)test->record_count);
    emit_store(p, T0, REG_CONTROL, CONTROL_COUNT);
    for (int i = 0; i < 3; i++) {
        EMIT(addi, .rd = T0, .imm = test->slots[i]);
        emit_store(p, T0, REG_CONTROL, CONTROL_SLOTS + 8 * i);
    }
    emit_call(p, p->reset);
    uint32_t loop = here(p);
    emit_call(p, p->prepare);
    emit_call(p, entry);
    emit_call(p, p->finish);
    EMIT(bne, .rs1 = A0, .imm = (int32_t)(loop - here(p)));
}

/* Cases of one group and the function that drives them; returns its address. */
static uint32_t emit_group(struct program *p, const struct test_case *tests, size_t count) {
    uint32_t entries[CASES_PER_GROUP];
    for (size_t i = 0; i < count; i++)
        entries[i] = emit_case(p, &tests[i]);
    uint32_t group = here(p);
    emit_store(p, RA, REG_CONTROL, CONTROL_DRIVER_RA);
    for (size_t i = 0; i < count; i++)
        if (tests[i].record_count)
            emit_driver(p, &tests[i], entries[i]);
    emit_load(p, RA, REG_CONTROL, CONTROL_DRIVER_RA);
    emit_return(p);
    return group;
}

static uint32_t emit_program(struct program *p) {
    const struct test_case *tests = (const struct test_case *)p->suite->cases.bytes;
    size_t count = p->suite->cases.size / sizeof *tests;
    struct buffer groups = {0};
    emit_reset(p);
    emit_prepare(p);
    emit_load_all(p);
    emit_store_all(p);
    emit_flush(p);
    emit_finish(p);
    for (size_t i = 0; i < count; i += CASES_PER_GROUP) {
        uint32_t group =
            emit_group(p, tests + i, count - i < CASES_PER_GROUP ? count - i : CASES_PER_GROUP);
        append(&groups, &group, sizeof group);
    }
    uint32_t start = here(p);
    emit_constant(p, REG_CONTROL, CONTROL_ADDRESS);
    EMIT(lui, .rd = SP, .imm = (int32_t)STACK_ADDRESS);
    emit_constant(p, T0, p->output);
    emit_store(p, T0, REG_CONTROL, CONTROL_OUTPUT);
    for (size_t i = 0; i < groups.size / sizeof(uint32_t); i++) {
        uint32_t target = ((uint32_t *)groups.bytes)[i], distance = target - here(p);
        /* The first groups can be further away than jal reaches. */
        EMIT(auipc, .rd = RA, .imm = (int32_t)(distance + 0x800));
        EMIT(jalr, .rd = RA, .rs1 = RA, .imm = (int32_t)(distance << 20) >> 20);
    }
    emit_call(p, p->flush);
    EMIT(addi, .rd = A0);
    EMIT(addi, .rd = A7, .imm = SYSTEM_EXIT);
    EMIT(ecall);
    free(groups.bytes);
    return start;
}

/* The control block at the start: base registers and the window's template. */
static void fill_control(uint8_t *control) {
    struct options options = {0};
    struct suite suite = {.options = &options, .random_state = 12345};
    for (int i = 0; i < 64; i++) {
        uint64_t value = i < 32 ? random_integer(&suite) : random_float(&suite, i % 2);
        if (i == 0)
            value = 0;
        if (i == SP)
            value = STACK_ADDRESS;
        if (i == REG_CONTROL)
            value = CONTROL_ADDRESS;
        if (i == REG_WINDOW)
            value = WINDOW_ADDRESS;
        memcpy(control + CONTROL_BASE + 8 * i, &value, 8);
    }
    for (int i = 0; i < WINDOW_WORDS; i++) {
        uint64_t value = random_bits(&suite);
        memcpy(control + CONTROL_TEMPLATE + 8 * i, &value, 8);
    }
}

static bool write_elf(const struct program *p, uint32_t entry, const char *path) {
    struct suite const *suite = p->suite;
    static uint8_t control[RECORDS_ADDRESS - DATA_ADDRESS];
    fill_control(control);
    const size_t headers = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const size_t code_offset = 0x1000,
                 data_offset = (code_offset + p->code.size + 0xfff) & ~(size_t)0xfff;
    const size_t data_size = sizeof control + suite->records.size;
    Elf64_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = EM_RISCV,
                         .e_version = EV_CURRENT,
                         .e_entry = entry,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_flags = 0x5, /* RVC, double-float ABI */
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 2,
                         .e_shentsize = sizeof(Elf64_Shdr)};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    Elf64_Phdr segments[2] = {{.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_offset = code_offset,
                               .p_vaddr = CODE_ADDRESS,
                               .p_paddr = CODE_ADDRESS,
                               .p_filesz = p->code.size,
                               .p_memsz = p->code.size,
                               .p_align = 0x1000},
                              {.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_W,
                               .p_offset = data_offset,
                               .p_vaddr = DATA_ADDRESS,
                               .p_paddr = DATA_ADDRESS,
                               .p_filesz = data_size,
                               .p_memsz = p->output - DATA_ADDRESS + BUFFER_SIZE,
                               .p_align = 0x1000}};
    static const uint8_t zeros[0x1000];
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    fwrite(&header, sizeof header, 1, f);
    fwrite(segments, sizeof segments, 1, f);
    fwrite(zeros, code_offset - headers, 1, f);
    fwrite(p->code.bytes, p->code.size, 1, f);
    fwrite(zeros, data_offset - code_offset - p->code.size, 1, f);
    fwrite(control, sizeof control, 1, f);
    fwrite(suite->records.bytes, suite->records.size, 1, f);
    bool good = !ferror(f) && !fchmod(fileno(f), 0755);
    return fclose(f) == 0 && good;
}

bool write_program(const struct suite *suite, const char *path) {
    struct program program = {.suite = suite};
    program.output = RECORDS_ADDRESS + (((uint32_t)suite->records.size + 0xfff) & ~0xfffu);
    uint32_t start = emit_program(&program);
    bool written = write_elf(&program, start, path);
    free(program.code.bytes);
    return written;
}
