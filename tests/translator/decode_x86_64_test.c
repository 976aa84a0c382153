/* The translator knows every x86-64 instruction of real code that the runtime knows, and reads it
 * alike.
 *   decode_x86_64_test FILE...   the executable sections of ELF files, one instruction after the
 *                                other
 *   decode_x86_64_test           beginnings of instructions, and what neither knows */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../translator/internal.h"
#include "../text_sections.h"

enum { SHOWN = 20 };

struct comparison {
    struct decoder *decoder;
    uint64_t instructions, differences;
};

static void differ(struct comparison *comparison, const char *what, const uint8_t *bytes,
                   uint32_t address, const struct insn *expected) {
    if (comparison->differences++ >= SHOWN)
        return;
    printf("0x%" PRIx32 ": %s: %s", address, what, op_table[expected->op].mnemonic);
    for (unsigned n = 0; n < expected->len; n++)
        printf(" %02x", bytes[n]);
    printf("\n");
}

/* What capstone does not know or reads with another length (decode_x86_64.c); data, in text. */
static bool is_left_out(const uint8_t *bytes, const struct insn *insn) {
    bool reserved = bytes[0] == 0x0f && bytes[1] >= 0x19 && bytes[1] <= 0x1e;
    return insn->op == OP_ud || insn->op == OP_movsxd16 || insn->op == OP_movsxd32 ||
           (insn->op == OP_nop && reserved);
}

/* Returns the length, for the next instruction. */
static unsigned compare(struct comparison *comparison, const uint8_t *bytes, size_t available,
                        uint32_t address) {
    struct insn ours, expected;
    if (!insn_decode(bytes, available, &expected)) {
        if (decode_insn(comparison->decoder, bytes, available, address, &ours))
            differ(comparison, "known to the translator only", bytes, address, &ours);
        return 1;
    }
    comparison->instructions++;
    insn_place(&expected, address);
    if (!decode_insn(comparison->decoder, bytes, available, address, &ours)) {
        if (!is_left_out(bytes, &expected))
            differ(comparison, "refused", bytes, address, &expected);
    } else if (memcmp(&ours, &expected, sizeof ours)) {
        differ(comparison, "differs", bytes, address, &expected);
    }
    return expected.len;
}

static void finish(struct comparison *comparison, const char *name) {
    if (!comparison->instructions)
        printf("not ok %s: no instructions\n", name);
    else if (comparison->differences)
        printf("not ok %s: %" PRIu64 " of %" PRIu64 " instructions\n", name,
               comparison->differences, comparison->instructions);
    else
        printf("ok %s\n", name);
    fprintf(stderr, "%s: %" PRIu64 " instructions\n", name, comparison->instructions);
    decoder_free(comparison->decoder);
}

static void compare_section(void *context, const uint8_t *bytes, uint64_t size, uint64_t address) {
    for (uint64_t at = 0; at < size;)
        at += compare(context, bytes + at, size - at, (uint32_t)(address + at));
}

static void compare_file(const char *path) {
    struct comparison comparison = {.decoder = decoder_new()};
    const char *name = strrchr(path, '/');
    char row[256];
    snprintf(row, sizeof row, "decode text of %s", name ? name + 1 : path);
    if (each_text_section(path, compare_section, &comparison))
        finish(&comparison, row);
    else
        printf("not ok %s: cannot be read\n", row);
}

static void check_parts(void) {
    static const uint8_t instructions[][INSN_MAX_LENGTH] = {
        {0x48, 0x8d, 0x05, 1, 2, 3, 4},                   /* lea rax, [rip+...] */
        {0x49, 0xba, 1, 2, 3, 4, 5, 6, 7, 8},             /* movabs r10, ... */
        {0x66, 0x0f, 0x3a, 0x63, 0x44, 0x8b, 0x10, 0x0c}, /* pcmpistri xmm0, [...], 12 */
        {0xf0, 0x48, 0x0f, 0xb1, 0x8c, 0x24, 1, 2, 3, 4}, /* lock cmpxchg [rsp+...], rcx */
        {0x3e, 0xff, 0xe0},                               /* notrack jmp rax */
        {0xf2, 0xe9, 1, 2, 3, 4},                         /* bnd jmp */
    };
    static const uint8_t refused[][INSN_MAX_LENGTH] = {
        {0xc5, 0xf8, 0x77},             /* vzeroupper */
        {0xc4, 0xe2, 0x68, 0xf2, 0xc1}, /* andn */
        {0x06},                         /* push es */
        {0xf0, 0x90},                   /* lock nop */
    };
    struct decoder *decoder = decoder_new();
    bool good = true;
    for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
        struct insn insn;
        good &= decode_insn(decoder, instructions[i], INSN_MAX_LENGTH, 0x10000, &insn);
        for (unsigned n = 0; n < insn.len; n++) {
            struct insn part;
            good &= !decode_insn(decoder, instructions[i], n, 0x10000, &part);
        }
    }
    printf(good ? "ok decode to the end of the bytes\n"
                : "not ok decode to the end of the bytes: read further, or not at all\n");
    good = true;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct insn insn;
        good &= !decode_insn(decoder, refused[i], INSN_MAX_LENGTH, 0x10000, &insn);
    }
    printf(good ? "ok refuse what the level leaves out\n"
                : "not ok refuse what the level leaves out: one is known\n");
    decoder_free(decoder);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        compare_file(argv[i]);
    if (argc == 1)
        check_parts();
    return 0;
}
