/* The key of a function's object in the translation cache: a digest of everything that its code
 * depends on.  What lift.c learns about other functions it learns from plan_function() at the PCs
 * where the function's blocks lead, so these facts are in the key, and the rest of the image is
 * not. */
#include <llvm-c/Core.h>
#include <nettle/sha2.h>
#include <string.h>

#include "lift.h"
#include "translator_version.h"

struct digest {
    struct sha256_ctx state;
};

static void add_bytes(struct digest *digest, const void *bytes, size_t size) {
    sha256_update(&digest->state, size, bytes);
}

static void add_number(struct digest *digest, uint64_t value) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    add_bytes(digest, bytes, sizeof bytes);
}

/* The translator and LLVM's library, which may be newer than the headers. */
static void add_version(struct digest *digest) {
    unsigned version[3];
    LLVMGetVersion(&version[0], &version[1], &version[2]);
    add_bytes(digest, TRANSLATOR_VERSION, sizeof TRANSLATOR_VERSION);
    for (int i = 0; i < 3; i++)
        add_number(digest, version[i]);
}

static void add_options(struct digest *digest, const struct translator_options *options) {
    add_number(digest, options->fma);
    add_number(digest, options->exact_fflags);
    add_number(digest, options->checked);
    add_number(digest, options->lockstep);
    add_number(digest, options->count_instructions);
}

/* What every function of the plan has: also when this build does not lift it. */
static void add_facts(struct digest *digest, const struct lifted_function *function) {
    _Static_assert(sizeof *function == 28, "a new fact belongs here unless it is about the build");
    add_number(digest, function ? 1 : 0);
    if (!function)
        return;
    add_number(digest, function->counts_depth);
    add_number(digest, function->exact_fflags);
    add_number(digest, function->takes_flags);
    add_number(digest, function->returns_flags);
    add_number(digest, function->tail_callable);
}

static bool starts_function(const struct program *program, uint32_t address) {
    const struct function *function = function_at(program, address);
    return function && function_is_certain(function);
}

static void add_block(struct digest *digest, const struct plan *plan, uint32_t file,
                      const struct block *block) {
    const struct program *program = &plan->programs[file];
    size_t available = 0;
    const uint8_t *bytes = program_bytes(program->input, block->start, &available);
    size_t size = block->next - block->start;
    add_number(digest, block->start);
    add_number(digest, size);
    add_bytes(digest, bytes, bytes && size <= available ? size : 0);
    add_number(digest, block->end);
    add_number(digest, block->insn_count);
    add_number(digest, block->no_return);
    add_number(digest, starts_function(program, block->start));
    if (block->end == BLOCK_CALL) {
        add_number(digest, block->target);
        add_facts(digest, plan_function(plan, file, block->target));
    }
    unsigned count = block_successor_count(block);
    add_number(digest, count);
    for (unsigned i = 0; i < count; i++) {
        uint32_t pc = block_successor(block, i);
        add_number(digest, pc);
        add_facts(digest, plan_function(plan, file, pc));
    }
}

void unit_key(const struct plan *plan, const struct translator_options *options,
              const struct lifted_function *function, const struct region *region,
              struct cache_key *key) {
    struct digest digest;
    sha256_init(&digest.state);
    add_version(&digest);
    add_options(&digest, options);
    add_number(&digest, plan->programs[function->file].input->isa);
    add_number(&digest, plan->programs[function->file].input->null_check);
    add_number(&digest, function->entry);
    add_facts(&digest, function);
    add_number(&digest, function->resume_count);
    for (uint32_t i = 0; i < function->resume_count; i++) {
        const struct resume_point *point = &plan->resume_points[function->resume_first + i];
        add_number(&digest, point->pc);
        add_number(&digest, point->kind);
        add_number(&digest, point->part);
    }
    add_number(&digest, region->block_count);
    for (size_t i = 0; i < region->block_count; i++)
        add_block(&digest, plan, function->file, region->blocks[i]);
    sha256_digest(&digest.state, sizeof key->bytes, key->bytes);
}
