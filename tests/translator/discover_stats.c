/* What discovery finds in ELF files: prints one line per property.
 *   discover_stats FILE...
 *   discover_stats --unresolved FILE    also lists the indirect jumps that were not understood
 *                                       and code that was not found
 *   discover_stats --blocks FILE        also lists all blocks, targets of jump tables and
 * irreducible functions */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../frontend/frontend.h"
#include "../../translator/internal.h"

#if defined(C2W_GUEST_X86_64)
#define PLATFORM "linux/amd64"
static bool is_padding(const struct insn *insn) {
    return insn->op == OP_nop || insn->op == OP_int3 ||
           (insn->op >= OP_xchg16 && insn->op <= OP_xchg64 && insn->reg == insn->rm);
}
#else
#define PLATFORM "linux/riscv64"
static bool is_padding(const struct insn *insn) {
    return insn->op == OP_addi && insn->rd == INSN_SINK;
}
#endif

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *const end_names[] = {"fall",          "branch",        "jump",   "call",
                                        "call_indirect", "jump_indirect", "return", "stop"};
static const char *const evidence_names[] = {"entry",      "init", "symbol",  "fde",
                                             "relocation", "call", "address", "profile"};

static size_t covered_bytes(const struct program *program) {
    size_t covered = 0;
    uint32_t end = 0;
    for (size_t i = 0; i < program->block_count; i++) {
        const struct block *block = &program->blocks[i];
        uint32_t start = block->start > end ? block->start : end;
        if (block->next > start)
            covered += block->next - start;
        if (block->next > end)
            end = block->next;
    }
    return covered;
}

/* Where the text between two addresses is not in blocks. */
struct gaps {
    size_t padding;
    size_t refused; /* in functions that have instructions which the decoder does not know */
    size_t missed;
};

/* Functions that FDEs tell, ascending. */
struct spans {
    struct span {
        uint32_t start, end;
    } *items;
    size_t count;
};

static int compare_spans(const void *left, const void *right) {
    const struct span *a = left, *b = right;
    return (a->start > b->start) - (a->start < b->start);
}

static void find_spans(const struct translator_input *input, struct spans *spans) {
    spans->items = allocate((input->hint_count + 1) * sizeof *spans->items);
    for (size_t i = 0; i < input->hint_count; i++) {
        const struct code_hint *hint = &input->hints[i];
        if (hint->evidence == EVIDENCE_FDE)
            spans->items[spans->count++] =
                (struct span){hint->address, hint->address + hint->size};
    }
    qsort(spans->items, spans->count, sizeof *spans->items, compare_spans);
}

/* The end of the function around an address; 0: there is none. */
static uint32_t function_end(const struct spans *spans, uint32_t address) {
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (spans->items[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low && address < spans->items[low - 1].end ? spans->items[low - 1].end : 0;
}

/* The function is one that an FDE tells, or else what is between padding. */
static void add_gap(const struct program *program, const struct spans *spans,
                    struct decoder *decoder, uint32_t start, uint32_t end, bool list,
                    struct gaps *gaps) {
    uint32_t address = start, piece = start, function = function_end(spans, start);
    size_t code = 0;
    bool refused = false;
    while (address < end) {
        size_t available;
        struct insn insn;
        const uint8_t *bytes = program_bytes(program->input, address, &available);
        bool known = bytes && decode_insn(decoder, bytes, available, address, &insn);
        uint32_t next = address + (known ? insn.len : INSN_ALIGNMENT);
        bool padding = known && is_padding(&insn);
        if (next > end)
            next = end;
        gaps->padding += padding ? next - address : 0;
        code += padding ? 0 : next - address;
        refused |= !known;
        address = next;
        if (address < end && (function ? address < function : !padding))
            continue;
        *(refused ? &gaps->refused : &gaps->missed) += code;
        if (list && !refused && code)
            printf("missed 0x%x %zu\n", piece, code);
        code = 0;
        refused = false;
        piece = address;
        function = function_end(spans, address);
    }
}

static void print_gaps(const struct program *program, bool list) {
    struct gaps gaps = {0};
    struct spans spans = {0};
    find_spans(program->input, &spans);
    struct decoder *decoder = decoder_new();
    uint32_t end = 0;
    for (size_t i = 0; i < program->block_count; i++) {
        const struct block *block = &program->blocks[i];
        size_t available;
        if (end && block->start > end && program_bytes(program->input, end, &available) &&
            block->start - end < available)
            add_gap(program, &spans, decoder, end, block->start, list, &gaps);
        if (block->next > end)
            end = block->next;
    }
    printf("gaps padding %zu refused %zu missed %zu\n", gaps.padding, gaps.refused, gaps.missed);
    decoder_free(decoder);
    free(spans.items);
}

static void print_regions(const struct program *program, bool blocks) {
    size_t regions = 0, loops = 0, irreducible = 0, insns = 0, largest = 0;
    double start = seconds();
    for (size_t i = 0; i < program->function_count; i++) {
        struct arena arena = {0};
        struct region region;
        if (region_build(&arena, program, program->functions[i].entry, 3000, &region)) {
            regions++;
            irreducible += region.irreducible;
            if (blocks && region.irreducible)
                printf("irreducible 0x%x\n", region.entry);
            insns += region.insn_count;
            if (region.insn_count > largest)
                largest = region.insn_count;
            for (size_t j = 0; j < region.block_count; j++)
                loops += region.is_header[j];
        }
        arena_free(&arena);
    }
    printf("regions %zu loops %zu irreducible %zu insns %zu largest %zu\n", regions, loops,
           irreducible, insns, largest);
    printf("region seconds %.3f\n", seconds() - start);
}

static void print_call_graph(const struct program *program) {
    struct arena arena = {0};
    struct call_graph graph;
    size_t calls = 0, indirect = 0, cycles = 0, tails = 0, fflags = 0;
    double start = seconds();
    call_graph_build(&arena, program, &graph);
    for (size_t i = 0; i < program->function_count; i++) {
        calls += graph.makes_calls[i];
        indirect += graph.has_indirect_calls[i];
        cycles += graph.in_cycle[i];
        tails += graph.tail_cycle[i];
        fflags += graph.reads_fflags[i];
    }
    printf("call_graph makes_calls %zu indirect %zu in_cycle %zu tail_cycle %zu reads_fflags %zu\n",
           calls, indirect, cycles, tails, fflags);
    printf("call graph seconds %.3f\n", seconds() - start);
    arena_free(&arena);
}

static void print_program(const struct program *program, bool unresolved, bool blocks) {
    size_t by_evidence[8] = {0}, by_end[8] = {0}, insns = 0, tables = 0, targets = 0, fde_bytes = 0;
    size_t overlaps = 0;
    for (size_t i = 0; i < program->function_count; i++)
        by_evidence[program->functions[i].evidence]++;
    for (size_t i = 0; i < program->input->hint_count; i++)
        if (program->input->hints[i].evidence == EVIDENCE_FDE)
            fde_bytes += program->input->hints[i].size;
    for (size_t i = 0; i < program->block_count; i++) {
        const struct block *block = &program->blocks[i];
        by_end[block->end]++;
        insns += block->insn_count;
        tables += block->target_count > 0;
        targets += block->target_count;
        overlaps += i && program->blocks[i - 1].next > block->start;
        if (blocks)
            printf("block 0x%x 0x%x %s 0x%x %u\n", block->start, block->next, end_names[block->end],
                   block->target, block->target_count);
        for (size_t j = 0; blocks && j < block->target_count; j++)
            printf("target 0x%x 0x%x\n", block->next, block->targets[j]);
        if (unresolved && block->end == BLOCK_JUMP_INDIRECT && !block->target_count)
            printf("unresolved 0x%x\n", block->next - block->insns[block->insn_count - 1].len);
    }
    printf("functions %zu", program->function_count);
    for (size_t i = 0; i < 8; i++)
        printf(" %s %zu", evidence_names[i], by_evidence[i]);
    printf("\nblocks %zu overlapping %zu", program->block_count, overlaps);
    for (size_t i = 0; i < 8; i++)
        printf(" %s %zu", end_names[i], by_end[i]);
    printf("\ninstructions %zu bytes %zu fde_bytes %zu\n", insns, covered_bytes(program),
           fde_bytes);
    printf("jump_tables %zu targets %zu unresolved %zu\n", tables, targets,
           by_end[BLOCK_JUMP_INDIRECT] - tables);
}

static bool print_file(const char *path, bool unresolved, bool blocks) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    const uint8_t *bytes = MAP_FAILED;
    if (fd >= 0 && !fstat(fd, &status))
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    const struct guest *guest = guest_of_platform(PLATFORM);
    struct elf_file file = {.path = (char *)path};
    elf_read(&file, guest, bytes, (uint64_t)status.st_size);
    elf_collect_hints(&file);
    struct translator_input input = {.path = path,
                                     .isa = guest->isa,
                                     .load_base = file.load_base,
                                     .segments = file.code,
                                     .segment_count = file.code_count,
                                     .hints = file.hints,
                                     .hint_count = file.hint_count};
    struct program program;
    char error[200];
    double start = seconds();
    if (!discover(&input, &program, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    printf("file %s\n", path);
    printf("seconds %.3f\n", seconds() - start);
    print_program(&program, unresolved, blocks);
    print_gaps(&program, unresolved);
    print_regions(&program, blocks);
    print_call_graph(&program);
    program_free(&program);
    close(fd);
    return true;
}

int main(int argc, char **argv) {
    bool unresolved = false, blocks = false, good = argc > 1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--unresolved"))
            unresolved = true;
        else if (!strcmp(argv[i], "--blocks"))
            blocks = true;
        else
            good &= print_file(argv[i], unresolved, blocks);
    }
    return good ? 0 : 1;
}
