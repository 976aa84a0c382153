/* Compares what a program executes on this machine's processor with what discovery found in it.
 *   executed_x86_64 PROGRAM ARGUMENT...    (statically linked, not position-independent)
 * Steps through the program and prints the addresses that are no instruction of a block, and the
 * jumps that went elsewhere than to one of the targets of their table.  Discovery does not go on
 * behind what the decoder does not know: there nothing is compared until execution is back in a
 * block. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../frontend/frontend.h"
#include "../../translator/internal.h"

enum { SHOWN = 20 };

struct comparison {
    struct elf_file file;
    struct program program;
    struct decoder *decoder;
    uint32_t start, end;       /* of the code */
    uint8_t *known;            /* per address: an instruction of a block starts there */
    const struct block **last; /* ... and is the last one of this block */
    uint8_t *seen;
    unsigned long steps, places, jumps, behind_refused, problems;
};

static bool find_code(struct comparison *comparison, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    const uint8_t *bytes = MAP_FAILED;
    const struct guest *guest = guest_of_platform("linux/amd64");
    if (fd >= 0 && !fstat(fd, &status))
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        printf("%s: cannot be read\n", path);
        return false;
    }
    struct elf_file *file = &comparison->file;
    *file = (struct elf_file){.path = (char *)path};
    elf_read(file, guest, bytes, (uint64_t)status.st_size);
    elf_collect_hints(file);
    if (file->bad || file->kind != ELF_PROGRAM) {
        printf("%s: is no program at fixed addresses\n", path);
        return false;
    }
    struct translator_input *input = allocate(sizeof *input);
    *input = (struct translator_input){.path = path,
                                       .isa = guest->isa,
                                       .segments = file->code,
                                       .segment_count = file->code_count,
                                       .hints = file->hints,
                                       .hint_count = file->hint_count};
    char error[200];
    if (!discover(input, &comparison->program, error, sizeof error)) {
        printf("%s\n", error);
        return false;
    }
    return true;
}

static void index_blocks(struct comparison *comparison) {
    const struct elf_file *file = &comparison->file;
    comparison->start = UINT32_MAX;
    for (size_t i = 0; i < file->code_count; i++) {
        const struct code_segment *segment = &file->code[i];
        if (!segment->executable)
            continue;
        if (segment->address < comparison->start)
            comparison->start = segment->address;
        if (segment->address + segment->size > comparison->end)
            comparison->end = segment->address + segment->size;
    }
    size_t size = comparison->end - comparison->start;
    comparison->known = allocate(size);
    comparison->seen = allocate(size);
    comparison->last = allocate(size * sizeof *comparison->last);
    for (size_t i = 0; i < comparison->program.block_count; i++) {
        const struct block *block = &comparison->program.blocks[i];
        uint32_t at = block->start - comparison->start;
        for (uint32_t n = 0; n < block->insn_count; n++) {
            comparison->known[at] = 1;
            comparison->last[at] = n + 1 == block->insn_count ? block : NULL;
            at += block->insns[n].len;
        }
    }
}

static bool is_target(const struct block *block, uint64_t pc) {
    for (uint32_t i = 0; i < block->target_count; i++)
        if (block->targets[i] == pc)
            return true;
    return false;
}

/* Whether discovery ends at an address because the decoder does not know the instruction, or the
 * interpreter has it. */
static bool is_refused(struct comparison *comparison, uint32_t pc) {
    size_t available;
    struct insn insn;
    const uint8_t *bytes = program_bytes(comparison->program.input, pc, &available);
    return !decode_insn(comparison->decoder, bytes, available, pc, &insn);
}

static void problem(struct comparison *comparison, const char *what, uint64_t pc, uint64_t before) {
    if (comparison->problems++ < SHOWN)
        printf("%s: %#lx after %#lx\n", what, (unsigned long)pc, (unsigned long)before);
}

/* Follows execution to the next place; `lost`: behind an instruction that is not known. */
static void follow_step(struct comparison *comparison, uint64_t pc, uint64_t before, bool *lost) {
    comparison->steps++;
    if (pc < comparison->start || pc >= comparison->end)
        return; /* the vDSO */
    uint32_t at = (uint32_t)pc - comparison->start;
    bool first = !comparison->seen[at];
    comparison->places += first;
    comparison->seen[at] = 1;
    if (comparison->known[at]) {
        *lost = false;
    } else if (*lost || is_refused(comparison, (uint32_t)pc)) {
        comparison->behind_refused += first;
        *lost = true;
    } else if (first) {
        problem(comparison, "executed, in no block", pc, before);
    }
    if (before < comparison->start || before >= comparison->end)
        return;
    const struct block *block = comparison->last[before - comparison->start];
    if (block && block->end == BLOCK_JUMP_INDIRECT && block->target_count) {
        comparison->jumps++;
        if (!is_target(block, pc))
            problem(comparison, "a jump left its table", pc, before);
    }
}

static int run(struct comparison *comparison, char **arguments) {
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        execv(arguments[0], arguments);
        _exit(127);
    }
    bool lost = false;
    uint64_t before = 0;
    int status, signal = 0;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        long pc = ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user_regs_struct, rip), 0);
        signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        follow_step(comparison, (uint64_t)pc, before, &lost);
        before = (uint64_t)pc;
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(long)signal) < 0) {
            printf("cannot step: %s\n", strerror(errno));
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    struct comparison comparison = {0};
    if (argc < 2 || !find_code(&comparison, argv[1]))
        return 1;
    comparison.decoder = decoder_new();
    index_blocks(&comparison);
    int status = run(&comparison, argv + 1);
    printf("steps %lu places %lu behind_refused %lu jumps %lu problems %lu\n", comparison.steps,
           comparison.places, comparison.behind_refused, comparison.jumps, comparison.problems);
    return status || comparison.problems || !comparison.places;
}
