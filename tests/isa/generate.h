/* Instruction tests for riscv64: the generator's parts.
 *
 *   assemble.c    instruction words from ops.def
 *   values.c      operand values
 *   cases.c       one-instruction cases from ops.def
 *   compressed.c  cases for the 16-bit forms
 *   sequences.c   random straight-line code
 *   program.c     the test program (an ELF file) around the cases
 *   compare.c     explains the first difference of two runs
 *
 * A case is a piece of code and operands that are poked into registers or memory.  The program
 * runs every case once for each of its records: loads all registers from the control block, runs
 * the code, stores all registers and appends what changed to its output. */
#ifndef C2W_TESTS_ISA_GENERATE_H
#define C2W_TESTS_ISA_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../runtime/isa/riscv64/insn.h"

struct buffer {
    uint8_t *bytes;
    size_t size, capacity;
};
void append(struct buffer *buffer, const void *bytes, size_t size);

/* The control block: x3 points to it while the program runs.  Offsets in bytes. */
enum control {
    CONTROL_IN = 0,    /* 32 x, 32 f: the registers before the case */
    CONTROL_OUT = 512, /* ... and after it */
    CONTROL_IN_FCSR = 1024,
    CONTROL_OUT_FCSR = 1032,
    CONTROL_CASE_RA = 1040,
    CONTROL_DRIVER_RA = 1048,
    CONTROL_FLUSH_RA = 1056,
    CONTROL_RECORD = 1064,   /* next record */
    CONTROL_COUNT = 1072,    /* records left */
    CONTROL_SLOTS = 1080,    /* where the 3 operands of the case go: offsets in this block */
    CONTROL_OUTPUT = 1104,   /* end of the output so far */
    CONTROL_UNUSED = 1112,   /* operand slot of cases with fewer operands */
    CONTROL_WINDOW = 1152,   /* the memory that cases access: WINDOW_SIZE bytes */
    CONTROL_BASE = 1280,     /* registers before a case, unless they are operands */
    CONTROL_TEMPLATE = 1792, /* the window before a case */
    CONTROL_SIZE = 1856,
};
#define WINDOW_SIZE 64
#define WINDOW_WORDS (WINDOW_SIZE / 8)

#define CODE_ADDRESS 0x10000u
#define DATA_ADDRESS 0x1000000u
#define CONTROL_ADDRESS DATA_ADDRESS
#define STACK_ADDRESS (DATA_ADDRESS + 0x3000u) /* x2 of all code */
#define RECORDS_ADDRESS (DATA_ADDRESS + 0x4000u)
#define WINDOW_ADDRESS (CONTROL_ADDRESS + CONTROL_WINDOW)

#define REG_CONTROL 3 /* never an operand */
#define REG_WINDOW 4  /* window address in random sequences */
#define SLOT_X(n) (CONTROL_IN + 8 * (n))
#define SLOT_F(n) (CONTROL_IN + 256 + 8 * (n))

struct record {
    uint64_t operands[3];
    uint64_t fcsr;
};

/* Values that an operand takes. */
struct values {
    const uint64_t *list;
    size_t count;
};
extern const struct values integer_values, single_values, double_values, no_values;

struct test_case {
    char text[120]; /* what it is, for messages */
    uint64_t seed;  /* of a random sequence, or 0 */
    uint8_t *code;
    size_t code_size;
    uint16_t slots[3]; /* offsets in the control block */
    size_t first_record, record_count;
};

struct options {
    uint64_t seed;
    bool full; /* all pairs of values instead of a sample */
    size_t sequences;
    uint64_t only_sequence; /* seed of the one sequence to generate, 0 = everything */
    const char *drop;       /* its items to leave out: "3,5" */
    bool no_rounding;       /* only frm = nearest-even at the start of a case */
};

struct suite {
    const struct options *options;
    uint64_t random_state;
    struct buffer cases;   /* of struct test_case */
    struct buffer records; /* of struct record */
    bool covered[OP_COUNT];
};

uint64_t random_bits(struct suite *suite);
uint32_t random_below(struct suite *suite, uint32_t limit);
uint64_t random_integer(struct suite *suite); /* likes short and extreme ones */
uint64_t random_double(struct suite *suite);
uint64_t random_single(struct suite *suite);
/* A value for a floating-point register that an operation of this precision reads. */
uint64_t random_float(struct suite *suite, bool is_double);

/* assemble.c */
struct operands {
    uint8_t rd, rs1, rs2, rs3, rm;
    int32_t imm;
};
extern const struct op_info ops[OP_COUNT];
uint32_t assemble(enum op op, struct operands operands);
/* `text` has room for 64 bytes. */
void describe(enum op op, struct operands operands, char *text);
bool reads_float(enum op op, int operand); /* operand 1..3 is an f register */
bool writes_float(enum op op);
bool is_double(enum op op); /* the precision of the f registers it reads */

/* Adds a case; the records that follow belong to it. */
struct test_case *add_case(struct suite *suite, const char *text, const void *code, size_t size);
void set_slots(struct test_case *test, int first, int second, int third); /* -1 = unused */
void add_record(struct suite *suite, uint64_t first, uint64_t second, uint64_t third,
                uint64_t fcsr);

void add_operation_cases(struct suite *suite);
void add_compressed_cases(struct suite *suite);
void add_sequences(struct suite *suite);
void print_sequence(uint64_t seed, const char *drop, FILE *to);

bool write_program(const struct suite *suite, const char *path);

/* Compares the outputs of two runs.  Returns 0 when they are equal, else explains and returns 1. */
int compare_outputs(const struct suite *suite, const char *expected, const char *got,
                    bool ignore_fflags);

#endif
