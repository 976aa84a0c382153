/* The pool of decoded blocks and what empties it. */
#include "decode_cache.h"

#include <string.h>

#include "../guest_memory.h"
#include "exec.h"
#include "profile.h"

#define POOL_SIZE (4u << 20)
#define MAX_INSNS 48
#define MAX_BLOCK_SIZE                                                                             \
    (sizeof(struct decoded_block) + (MAX_INSNS + 1) * sizeof(struct insn) +                        \
     MAX_INSNS * INSN_MAX_LENGTH + 16)

struct decoded_block *block_buckets[BLOCK_BUCKETS];
uint32_t block_generation;

static _Alignas(16) uint8_t pool[POOL_SIZE];
static uint32_t pool_used;
static uint8_t decoded_pages[(1u << 20) / 8]; /* bit: some block has bytes of this page */
static uint64_t resident_code_id;

static void drop_blocks(void) {
    if (pool_used == 0)
        return;
    memset(block_buckets, 0, sizeof block_buckets);
    memset(decoded_pages, 0, sizeof decoded_pages);
    pool_used = 0;
    block_generation++;
}

void exec_flush_all(void) {
    drop_blocks();
    entries_flush();
}

void exec_flush_range(uint32_t start, uint32_t end) {
    for (uint64_t page = start / PAGE_SIZE; page * PAGE_SIZE < end; page++) {
        if (decoded_pages[page / 8] >> (page % 8) & 1) {
            drop_blocks();
            break;
        }
    }
    entries_flush();
}

void exec_switch_address_space(uint64_t code_id) {
    if (code_id != resident_code_id)
        drop_blocks();
    resident_code_id = code_id;
    entries_flush();
}

/* Copies the bytes at pc that may be executed and an instruction may have, which may lie in two
 * pages; returns how many. */
static unsigned fetch(uint32_t pc, uint8_t bytes[INSN_MAX_LENGTH]) {
    unsigned in_page = PAGE_SIZE - pc % PAGE_SIZE, available = INSN_MAX_LENGTH;
    if (!(page_prot[pc / PAGE_SIZE] & PAGE_EXECUTE))
        return 0;
    if (in_page < INSN_MAX_LENGTH &&
        (pc + in_page == 0 || !(page_prot[pc / PAGE_SIZE + 1] & PAGE_EXECUTE)))
        available = in_page;
    memcpy(bytes, guest_pointer(pc), available);
    return available;
}

struct decoded_block *block_decode(uint32_t pc, uint32_t *fault_address) {
    if (pool_used + MAX_BLOCK_SIZE > POOL_SIZE)
        drop_blocks();
    struct decoded_block *block = (struct decoded_block *)(pool + pool_used);
    uint32_t at = pc;
    unsigned count = 0;
    for (;;) {
        struct insn *insn = &block->insns[count];
        uint8_t bytes[INSN_MAX_LENGTH];
        unsigned available = fetch(at, bytes);
        if (available == 0 || !insn_decode(bytes, available, insn)) {
            bool incomplete = available < INSN_MAX_LENGTH &&
                              (available == 0 || insn_is_incomplete(bytes, available));
            if (count == 0 && incomplete) {
                *fault_address = at + available;
                return NULL;
            }
            /* Behind others the instruction gets a block of its own, which faults. */
            *insn = (struct insn){.op = count == 0 ? OP_illegal : OP_BLOCK_END};
            guest_insn_place(insn, at);
            if (count == 0) {
                insn->len = (uint8_t)available;
                at += available;
                count = 1;
            }
            break;
        }
        guest_insn_place(insn, at);
        at += insn->len;
        count++;
        if (guest_insn_ends_block(insn))
            break;
        if (count == MAX_INSNS || at / PAGE_SIZE != pc / PAGE_SIZE || lifted_lookup(at)) {
            block->insns[count] = (struct insn){.op = OP_BLOCK_END};
            guest_insn_place(&block->insns[count], at);
            break;
        }
    }
    uint8_t *end = (uint8_t *)&block->insns[count + 1];
    uint32_t first_page = pc / PAGE_SIZE, last_page = (at - 1) / PAGE_SIZE;
    *block = (struct decoded_block){.pc = pc, .count = (uint8_t)count};
    block->byte_count = (uint16_t)(at - pc);
    if ((page_prot[first_page] | page_prot[last_page]) & PAGE_WRITE) {
        memcpy(end, guest_pointer(pc), at - pc);
        block->bytes = end;
        block->flags |= BLOCK_CHECKED;
        end += at - pc;
    }
    block->profile_row = profile_row(pc, count);
    if (block->profile_row)
        block->flags |= BLOCK_COUNTED;
    if (lifted_lookup(pc))
        block->flags |= BLOCK_LIFTED;
    decoded_pages[first_page / 8] |= (uint8_t)(1u << first_page % 8);
    decoded_pages[last_page / 8] |= (uint8_t)(1u << last_page % 8);
    pool_used = (uint32_t)(end - pool + 15) & ~15u;

    struct decoded_block **bucket = &block_buckets[BLOCK_BUCKET(pc)];
    block->next_in_bucket = *bucket;
    *bucket = block;
    return block;
}

bool block_validate(struct decoded_block *block) {
    if (block->flags & BLOCK_STALE)
        return false;
    if (memcmp(block->bytes, guest_pointer(block->pc), block->byte_count) == 0)
        return true;
    struct decoded_block **link = &block_buckets[BLOCK_BUCKET(block->pc)];
    while (*link != block)
        link = &(*link)->next_in_bucket;
    *link = block->next_in_bucket;
    block->flags |= BLOCK_STALE;
    return false;
}
