/* Structures shared by the passes of the translator:
 *
 *   decode_GUEST.c    bytes -> struct insn (capstone)
 *   discover.c        hints -> blocks and functions of one file (work list)
 *   control_GUEST.c   where instructions lead, registers with known constants (isa.h)
 *   jump_table.c      indirect jump -> targets; jump_table_GUEST.c: what instructions compute
 *   blocks.c          what was decoded -> blocks and functions
 *   returns.c         calls that do not return
 *   callgraph.c       properties of functions that their callees decide
 *   exception_flags_x86_64.c   ... whether they read the flags in MXCSR
 *   cfg.c             a function's region, loops, resume points
 *   plan.c            which functions are lifted
 *   choose.c          profile -> which of them in this build
 *   unit_key.c        function -> name of its object in the cache (object_cache.c)
 *   lift.c            region -> LLVM IR: control flow
 *   registers_GUEST.c, semantics_GUEST.c, state.c   ... registers, instructions, the CPU state
 *   emit.c, tables.c  LLVM IR -> wasm object; the table of entries
 *   object_archive.c  objects -> archive
 *   link.c, module.c  archive + runtime + root file system -> module
 *   register_globals.c  ... with guest registers in WebAssembly globals
 *
 * What knows a guest's instructions is compiled once for each guest, as translate_GUEST();
 * translator.c chooses.  Files whose names end in a guest are only in that one's.
 */
#ifndef C2W_TRANSLATOR_INTERNAL_H
#define C2W_TRANSLATOR_INTERNAL_H

#if defined(C2W_GUEST_RISCV64)
#include "../runtime/isa/riscv64/insn.h"
#elif defined(C2W_GUEST_X86_64)
#include "../runtime/isa/x86_64/insn.h"
#endif
#include "arena.h"
#include "translator.h"

/* How a basic block ends. */
enum block_end {
    BLOCK_FALL,          /* into the block at `next` */
    BLOCK_BRANCH,        /* conditional: `target` or `next` */
    BLOCK_JUMP,          /* to `target` */
    BLOCK_CALL,          /* of `target`; the return address is `next` */
    BLOCK_CALL_INDIRECT, /* the return address is `next` */
    BLOCK_JUMP_INDIRECT, /* to one of `targets` if target_count > 0, else unknown; the lifter always
                            compares the real PC, so `targets` may be incomplete or wrong */
    BLOCK_RETURN,        /* jump through the link register */
    BLOCK_STOP,          /* the instruction at `next` is left to the interpreter */
    BLOCK_LOOP,          /* only in parts of a region: stands for the loop whose header is at `start`,
                            a function of its own that returns one of `targets` or another PC */
};

struct block {
    uint32_t start, next; /* guest addresses; next is behind the last instruction */
    uint32_t target;
    enum block_end end;
    uint32_t insn_count;
    const struct insn *insns; /* in the program's arena; each starts where the one before ends */
    uint32_t target_count;
    const uint32_t *targets; /* ascending, distinct */
    bool no_return; /* BLOCK_CALL: the callee is believed never to return, so regions do not
                       go on at `next` */
};

static inline bool block_is_call(const struct block *block) {
    return block->end == BLOCK_CALL || block->end == BLOCK_CALL_INDIRECT;
}

/* Whether all registers go through memory at a block's end, because other code runs there. */
static inline bool block_ends_in_other_code(const struct block *block) {
    return block_is_call(block) || block->end == BLOCK_LOOP;
}

/* The constant PCs a block can go to; for a call only the return address. */
static inline unsigned block_successor_count(const struct block *block) {
    switch (block->end) {
    case BLOCK_BRANCH:
        return 2;
    case BLOCK_JUMP_INDIRECT:
    case BLOCK_LOOP:
        return block->target_count;
    case BLOCK_RETURN:
        return 0;
    default:
        return 1;
    }
}

static inline uint32_t block_successor(const struct block *block, unsigned i) {
    switch (block->end) {
    case BLOCK_BRANCH:
        return i ? block->next : block->target;
    case BLOCK_JUMP:
        return block->target;
    case BLOCK_JUMP_INDIRECT:
    case BLOCK_LOOP:
        return block->targets[i];
    default:
        return block->next;
    }
}

struct function {
    uint32_t entry;
    enum code_evidence evidence;
    uint32_t size;    /* from an FDE or symbol, 0 = unknown */
    const char *name; /* or NULL */
};

/* All code found in one file. */
struct program {
    const struct translator_input *input;
    struct arena arena;
    struct block *blocks; /* ascending by start; no two start at the same address */
    size_t block_count;
    struct function *functions; /* ascending by entry */
    size_t function_count;
};

/* Decodes the instruction at address; false when the bytes are no instruction the translator
 * knows.  Never reads past the segment. */
struct decoder;
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);
bool decode_insn(struct decoder *decoder, const uint8_t *bytes, size_t available, uint32_t address,
                 struct insn *insn);

/* Bytes of the file at a guest address and how many follow in the segment; NULL when not mapped. */
const uint8_t *program_bytes(const struct translator_input *input, uint32_t address,
                             size_t *available);

/* Sets no_return of the blocks; part of discover. */
void find_calls_without_return(struct program *program);

/* Finds functions and blocks.  false with a line in error only for out-of-memory class failures. */
bool discover(const struct translator_input *input, struct program *program, char *error,
              size_t error_size);
void program_free(struct program *program);

const struct block *block_at(const struct program *program, uint32_t start);
const struct function *function_at(const struct program *program, uint32_t entry);
/* False for what only looks like a function: a taken address, or where a profile saw execution.
 * Such entries do not end the regions around them. */
bool function_is_certain(const struct function *function);

/* The basic blocks reachable from one entry PC without leaving the function (<= max_insns
 * instructions, breadth first), in an order where loops are contiguous (reverse post-order), with
 * natural loops.  An edge to another function's entry, or past the limit, leaves the region. */
struct region {
    uint32_t entry;
    const struct block **blocks; /* blocks[0] starts at entry */
    size_t block_count;
    uint32_t insn_count;
    /* Per block: index of the innermost loop's header block (a header's own index), or -1;
     * loop_parent of a header block: header of the next enclosing loop or -1; is_header. */
    int32_t *loop_header;
    int32_t *loop_parent;
    bool *is_header;
    bool irreducible; /* some cycle is no natural loop: it has a second way in */
    uint32_t *slots;  /* for region_block: hash table of block starts */
    uint32_t slot_mask;
};
bool region_build(struct arena *arena, const struct program *program, uint32_t entry,
                  uint32_t max_insns, struct region *region);
/* Where execution can be taken up again after a function was left in the middle: headers of loops,
 * other than the entry, and blocks of cycles that are no natural loops, to which these go back.  A
 * loop is lifted as a function of its own, which holds only the loop; it is called where the loop was
 * (outlined), or is a copy.  A block within is another entry of the part that holds it: that of the
 * function's entry, or of an outlined loop. */
struct resume_point {
    uint32_t pc;
    enum { RESUME_COPY, RESUME_OUTLINED, RESUME_WITHIN } kind;
    uint32_t part; /* RESUME_WITHIN: entry of the part */
};
/* A part of a function's region: what is lifted for its entry (pc is the region's entry) or for the
 * loop with the header `pc`.  Edges out of the loop leave the part, other outlined loops are blocks
 * of the kind BLOCK_LOOP. */
void region_build_part(struct arena *arena, const struct program *program,
                       const struct region *function, const struct resume_point *points,
                       size_t point_count, uint32_t pc, struct region *part);
/* Index of the block that starts at an address, or -1 when it is not in the region. */
int32_t region_block(const struct region *region, uint32_t start);
/* Whether a block is in the natural loop of a header, at any depth; -1 is in none. */
bool region_in_loop(const struct region *region, int32_t header, int32_t block);

/* Loops that need no check of the time slice because every way around makes a call (loops.c). */
struct calling_loops {
    bool *always_calls; /* per header block */
    bool *ends_slice;   /* per block: its call makes the check; every way around passes such a call */
};
void find_calling_loops(struct arena *arena, const struct region *region,
                        struct calling_loops *loops);

/* Properties of program->functions[i], from direct calls and direct tail jumps (callgraph.c).  What
 * only indirect calls would tell is not in them. */
struct call_graph {
    bool *makes_calls;        /* has a call instruction */
    bool *has_indirect_calls; /* has an indirect call, or an indirect jump of unknown targets */
    bool *in_cycle;           /* can reach itself by calls and tail jumps */
    bool *tail_cycle;         /* can reach itself by tail jumps alone */
    bool *reads_fflags;       /* reads fflags or fcsr, itself or in what it calls or jumps to */
    bool *takes_flags;        /* may read the arithmetic flags of its caller */
    bool *returns_flags;      /* code behind a call of it may read those it leaves */
};
void call_graph_build(struct arena *arena, const struct program *program, struct call_graph *graph);

#endif
