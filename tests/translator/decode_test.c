/* The translator's decoder and the runtime's must read every word alike.
 *   decode_test FILE...   every 2-byte offset of the executable segments of ELF files
 *   decode_test           all 16-bit words; every row of ops.def with random operands; random words
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../frontend/frontend.h"
#include "../../translator/internal.h"

enum { SHOWN = 10 };

struct comparison {
    struct decoder *decoder;
    uint64_t words, instructions, differences;
};

static void print_insn(const char *who, bool valid, const struct insn *insn) {
    if (!valid) {
        printf("  %-10s illegal\n", who);
        return;
    }
    printf("  %-10s %s len %d rd %d rs1 %d rs2 %d rs3 %d rm %d imm %d raw %08" PRIx32 "\n", who,
           op_table[insn->op].mnemonic, insn->len, insn->rd, insn->rs1, insn->rs2, insn->rs3,
           insn->rm, insn->imm, insn->raw);
}

static void compare(struct comparison *comparison, const uint8_t *bytes, size_t available,
                    uint32_t address) {
    struct insn ours, theirs;
    memset(&ours, 0, sizeof ours);
    memset(&theirs, 0, sizeof theirs);
    bool valid = decode_insn(comparison->decoder, bytes, available, address, &ours);
    bool expected = insn_decode(bytes, available, &theirs);
    comparison->words++;
    comparison->instructions += valid;
    if (valid == expected && (!valid || !memcmp(&ours, &theirs, sizeof ours)))
        return;
    if (comparison->differences++ >= SHOWN)
        return;
    uint32_t word = 0;
    memcpy(&word, bytes, available < 4 ? available : 4);
    printf("0x%" PRIx32 ": %08" PRIx32 "\n", address, word);
    print_insn("translator", valid, &ours);
    print_insn("runtime", expected, &theirs);
}

static void finish(struct comparison *comparison, const char *name) {
    if (comparison->differences)
        printf("not ok %s: %" PRIu64 " of %" PRIu64 " words decode differently\n", name,
               comparison->differences, comparison->words);
    else
        printf("ok %s\n", name);
    fprintf(stderr, "%s: %" PRIu64 " words, %" PRIu64 " of them instructions\n", name,
            comparison->words, comparison->instructions);
    decoder_free(comparison->decoder);
}

static const char *base_name(const char *path) {
    size_t length = strlen(path);
    while (length && path[length - 1] != '/')
        length--;
    return path + length;
}

static void compare_file(const char *path) {
    struct comparison comparison = {.decoder = decoder_new()};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    const uint8_t *bytes = MAP_FAILED;
    if (fd >= 0 && !fstat(fd, &status))
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        printf("not ok decode text of %s: cannot be read\n", base_name(path));
        return;
    }
    struct elf_file file = {.path = (char *)path};
    elf_read(&file, guest_of_platform("linux/riscv64"), bytes, (uint64_t)status.st_size);
    for (size_t i = 0; i < file.segment_count; i++) {
        const struct elf_segment *segment = &file.segments[i];
        for (uint64_t at = 0; segment->executable && at + 2 <= segment->file_size; at += 2)
            compare(&comparison, bytes + segment->offset + at, segment->file_size - at,
                    (uint32_t)(segment->address + at));
    }
    char name[300];
    snprintf(name, sizeof name, "decode text of %s", base_name(path));
    if (!comparison.words)
        printf("not ok %s: no executable segment\n", name);
    else
        finish(&comparison, name);
    close(fd);
}

static uint32_t random_word(uint64_t *state) {
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(*state >> 32);
}

static void compare_word(struct comparison *comparison, uint32_t word, size_t available) {
    uint8_t bytes[4] = {word, word >> 8, word >> 16, word >> 24};
    compare(comparison, bytes, available, 0x10000);
}

static void compare_generated(void) {
    struct comparison short_words = {.decoder = decoder_new()};
    for (uint32_t word = 0; word < 0x10000; word++)
        compare_word(&short_words, word, 2);
    finish(&short_words, "decode all 16-bit words");

    uint64_t state = 1;
    struct comparison rows = {.decoder = decoder_new()};
    for (unsigned op = OP_illegal + 1; op < OP_COUNT; op++)
        for (unsigned i = 0; i < 2000; i++)
            compare_word(&rows, op_table[op].match | (random_word(&state) & ~op_table[op].mask), 4);
    finish(&rows, "decode every operation with random operands");

    struct comparison words = {.decoder = decoder_new()};
    for (unsigned i = 0; i < 1000000; i++)
        compare_word(&words, random_word(&state) | 3, 4);
    finish(&words, "decode random 32-bit words");
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        compare_file(argv[i]);
    if (argc == 1)
        compare_generated();
    return 0;
}
