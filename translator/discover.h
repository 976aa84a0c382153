/* Working state of function and block discovery, shared by discover.c, jump_table.c and blocks.c.
 */
#ifndef C2W_TRANSLATOR_DISCOVER_H
#define C2W_TRANSLATOR_DISCOVER_H

#include "isa.h"

/* What is known of an address, in a byte for each INSN_ALIGNMENT bytes of code. */
enum {
    MARK_EVIDENCE = 0x0f, /* 1 + enum code_evidence of a function that starts here, or 0 */
    MARK_LEADER = 0x10,   /* a block starts here */
    MARK_LABEL = 0x20,    /* code inside a function whose address is taken */
    MARK_TAKEN = 0x40,    /* on the list of taken addresses */
    MARK_DATA = 0x80,     /* only because data has this value */
};

/* One executable segment. */
struct code_range {
    uint32_t start, end; /* guest addresses, multiples of INSN_ALIGNMENT */
    const uint8_t *bytes;
    uint8_t *marks;
    /* Like the marks: */
    uint32_t *insns; /* 1 + number of the instruction that starts here, or 0 */
    uint32_t *edges; /* 1 + number of the newest edge to here, or 0 */
};

/* A jump or taken branch from an instruction; `next` is the next edge to the same target. */
struct edge {
    uint32_t from, next;
};

/* Start and end of a function whose size a hint tells. */
struct span {
    uint32_t start, end;
};

/* Addresses in one read-only segment that code names: a bit for each 4 bytes. */
struct named_data {
    uint32_t start, size;
    uint8_t *bits;
};

struct indirect_jump {
    uint32_t address;
    uint32_t target_count;
    const uint32_t *targets; /* ascending, distinct */
};

/* Instructions are numbered in the order they were decoded.  Those of one straight run of code are
 * in one chunk, so that a block's instructions are contiguous. */
enum { INSN_CHUNK_BITS = 16, INSN_CHUNK = 1 << INSN_CHUNK_BITS, MAX_RUN = 1024 };

struct discovery {
    const struct translator_input *input;
    struct arena *arena; /* the program's */
    struct decoder *decoder;
    struct code_range *ranges;
    size_t range_count;
    struct named_data *named;
    size_t named_count;
    struct span *spans; /* ascending, no two overlap */
    size_t span_count;
    struct insn **chunks;
    size_t chunk_count, chunk_capacity;
    uint32_t insn_count;
    struct edge *edges;
    size_t edge_count, edge_capacity;
    uint32_t *work; /* addresses whose code is to be followed */
    size_t work_count, work_capacity;
    uint32_t *taken; /* addresses that code computes */
    size_t taken_count, taken_capacity;
    struct indirect_jump *jumps;
    size_t jump_count, jump_capacity;
    uint32_t code_start, code_end; /* bounds of what is code beyond doubt */
};

/* The executable segment that holds an address where instructions can be, or NULL. */
struct code_range *range_of(const struct discovery *discovery, uint32_t address);
/* Index of an address in the arrays of its range. */
size_t slot_of(const struct code_range *range, uint32_t address);
struct insn *insn_by_number(const struct discovery *discovery, uint32_t number);
/* The instruction that was decoded at an address, or NULL. */
const struct insn *insn_at(const struct discovery *discovery, uint32_t address);
/* True if the address is in the middle of a decoded instruction. */
bool is_inside_insn(const struct discovery *discovery, uint32_t address);
/* The sized function around an address; false when there is none. */
bool span_of(const struct discovery *discovery, uint32_t address, struct span *span);

/* Whether code names an address of read-only data: an object starts there. */
bool is_named(const struct discovery *discovery, uint32_t address);

/* Finds the targets of the indirect jump at an address: writes at most `max` ascending distinct
 * addresses, returns their number, 0 when the jump is not understood (jump_table.c).  `bounded`:
 * only with a number of entries that the code tells, no guessing where the table ends. */
size_t find_jump_targets(const struct discovery *discovery, uint32_t jump, bool bounded,
                         uint32_t *targets, size_t max);
enum { MAX_JUMP_TARGETS = 4096 };

/* blocks.c; the hints are ascending by address. */
void build_blocks(struct discovery *discovery, struct program *program);
void build_functions(struct discovery *discovery, struct program *program,
                     const struct code_hint **hints);

#endif
