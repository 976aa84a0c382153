#include "blocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BASE = 0x10000 };

static const char *const end_names[] = {"fall",          "branch",        "jump",   "call",
                                        "call_indirect", "jump_indirect", "return", "stop"};

static void print_blocks(const struct program *program, char *to, size_t size) {
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < program->block_count && used < size; i++) {
        const struct block *block = &program->blocks[i];
        used +=
            (size_t)snprintf(to + used, size - used, "%s%" PRIx32 "-%" PRIx32 " %s", i ? "; " : "",
                             block->start - BASE, block->next - BASE, end_names[block->end]);
        if (used < size &&
            (block->end == BLOCK_BRANCH || block->end == BLOCK_JUMP || block->end == BLOCK_CALL))
            used += (size_t)snprintf(to + used, size - used, " %" PRIx32, block->target - BASE);
        if (used < size && block->no_return)
            used += (size_t)snprintf(to + used, size - used, " !");
    }
}

static bool find_blocks(const char *name, const uint8_t *bytes, size_t size,
                        struct program *program) {
    const struct code_segment segment = {
        .address = BASE, .size = (uint32_t)size, .bytes = bytes, .executable = true};
    const struct code_hint hint = {.address = BASE, .evidence = EVIDENCE_ENTRY};
    const struct translator_input input = {.path = name,
                                           .segments = &segment,
                                           .segment_count = 1,
                                           .hints = &hint,
                                           .hint_count = 1};
    char error[200];
    if (discover(&input, program, error, sizeof error))
        return true;
    printf("not ok %s: %s\n", name, error);
    return false;
}

void check_blocks(const char *name, const uint8_t *bytes, size_t size, size_t functions,
                  const char *blocks) {
    struct program program;
    char text[400];
    if (!find_blocks(name, bytes, size, &program))
        return;
    print_blocks(&program, text, sizeof text);
    if (strcmp(text, blocks))
        printf("not ok %s: \"%s\", not \"%s\"\n", name, text, blocks);
    else if (program.function_count != functions)
        printf("not ok %s: %zu functions, not %zu\n", name, program.function_count, functions);
    else
        printf("ok %s\n", name);
    program_free(&program);
}

void check_exception_flags(const char *name, const uint8_t *bytes, size_t size, bool reads) {
    struct program program;
    struct call_graph graph;
    struct arena arena = {0};
    if (!find_blocks(name, bytes, size, &program))
        return;
    call_graph_build(&arena, &program, &graph);
    if (graph.reads_fflags[0] == reads)
        printf("ok %s\n", name);
    else
        printf("not ok %s: is %s reading the flags\n", name, reads ? "not seen as" : "taken for");
    arena_free(&arena);
    program_free(&program);
}
