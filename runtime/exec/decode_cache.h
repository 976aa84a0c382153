/* Decoded basic blocks of the resident address space, for the interpreter. */
#ifndef C2W_DECODE_CACHE_H
#define C2W_DECODE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "../isa/guest.h"

/* Ends a block whose last instruction goes on behind it; its pc is that address. */
#define OP_BLOCK_END OP_COUNT

enum decoded_block_flag {
    BLOCK_LIFTED = 1,  /* lifted code can be entered at its start */
    BLOCK_CHECKED = 2, /* in a writable page: its bytes are compared on entry */
    BLOCK_STALE = 4,   /* its bytes have changed: look the PC up again */
    BLOCK_COUNTED = 8, /* its executions are counted for a profile */
};

/* Straight-line code up to the next instruction that leaves it; never past a page's end, except for
 * an instruction that crosses it.  Blocks live until the next flush. */
struct decoded_block {
    uint32_t pc;
    uint8_t count; /* instructions, without OP_BLOCK_END */
    uint8_t flags;
    uint16_t byte_count;
    uint32_t profile_row; /* BLOCK_COUNTED */
    struct decoded_block *next_in_bucket;
    struct decoded_block *successor[2]; /* cached: not taken or behind, taken; or NULL */
    const uint8_t *bytes;               /* BLOCK_CHECKED: what was decoded */
    struct insn insns[];
};

/* Buckets of blocks by PC. */
#define BLOCK_BUCKETS 16384
extern struct decoded_block *block_buckets[BLOCK_BUCKETS];
#define BLOCK_BUCKET(pc) (((pc) / INSN_ALIGNMENT ^ (pc) >> 13) & (BLOCK_BUCKETS - 1))

/* Changes whenever blocks are dropped: pointers to blocks from before are dangling. */
extern uint32_t block_generation;

/* Decodes the block at pc.  NULL when its first instruction cannot be fetched: then *fault_address
 * is the byte that cannot. */
struct decoded_block *block_decode(uint32_t pc, uint32_t *fault_address);

static inline struct decoded_block *block_find(uint32_t pc, uint32_t *fault_address) {
    struct decoded_block *block = block_buckets[BLOCK_BUCKET(pc)];
    while (block && block->pc != pc)
        block = block->next_in_bucket;
    return block ? block : block_decode(pc, fault_address);
}

/* Compares a BLOCK_CHECKED block with memory; on a difference it becomes stale and is forgotten. */
bool block_validate(struct decoded_block *block);

#endif
