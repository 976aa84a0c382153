/* A test of x86-64 instructions: a state, memory, and a few instructions. */
#ifndef TEST_X86_64_H
#define TEST_X86_64_H

#include <stdbool.h>
#include <stdio.h>

#include "../../runtime/isa/x86_64/insn.h"
#include "native_x86_64.h"

enum { MAX_SEQUENCE = 8, MAX_PIECES = 2 * MAX_SEQUENCE, MEMORY_SIZE = DATA_SIZE + CONSTANT_SIZE };

struct piece {
    uint8_t bytes[16];
    uint8_t length, modrm_at;
    struct insn insn;
};

struct test {
    struct machine_state state;
    uint8_t memory[MEMORY_SIZE];
    struct piece pieces[MAX_PIECES];
    unsigned count;
};

/* Segment bases of test programs. */
enum { FS_BASE = 0x1230, GS_BASE = 0x8760 };

/* What a case of a test program leaves behind (program_x86_64.c). */
struct outcome {
    uint64_t r[16], rflags, memory_hash;
    struct user_fpregs_struct fp;
};

/* An assembler file with a static program that runs tests and writes an outcome for each to its
 * standard output.  All have the memory of the first, but for a few words. */
void program_begin(FILE *to, const uint8_t memory[MEMORY_SIZE]);
/* False when the test cannot be part of the program. */
bool program_add(const struct test *test);
void program_end(void);

#endif
