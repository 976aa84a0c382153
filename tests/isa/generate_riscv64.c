/* Writes a riscv64 program that runs instructions on many operands, and compares the outputs of two
 * runs of it. */
#include <stdlib.h>
#include <string.h>

#include "generate.h"

static const char usage[] =
    "usage: generate_riscv64 [OPTION...] -o ELF              writes the test program\n"
    "       generate_riscv64 [OPTION...] --compare WANT GOT  explains how two outputs of it "
    "differ\n"
    "       generate_riscv64 [OPTION...] --count             prints the number of executions\n"
    "Options, the same for both:\n"
    "  --seed N           of random values and sequences (default 1)\n"
    "  --full             all pairs of edge values instead of a sample\n"
    "  --sequences N      random sequences of instructions\n"
    "  --only-sequence N  only the sequence with seed N ...\n"
    "  --drop I,K,...     ... without these of its instructions\n"
    "  --no-rounding      frm is nearest-even at the start of every case\n"
    "  --ignore-fflags    compares without the exception flags\n";

enum action { ACTION_NONE, ACTION_WRITE, ACTION_COMPARE, ACTION_COUNT };

struct arguments {
    struct options options;
    enum action action;
    const char *first, *second; /* files */
    bool ignore_fflags;
};

static bool parse(int argc, char **argv, struct arguments *a) {
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(word, "--full"))
            a->options.full = true;
        else if (!strcmp(word, "--no-rounding"))
            a->options.no_rounding = true;
        else if (!strcmp(word, "--ignore-fflags"))
            a->ignore_fflags = true;
        else if (!strcmp(word, "--count"))
            a->action = ACTION_COUNT;
        else if (!value)
            return false;
        else if (!strcmp(word, "--seed"))
            a->options.seed = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(word, "--sequences"))
            a->options.sequences = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(word, "--only-sequence"))
            a->options.only_sequence = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(word, "--drop"))
            a->options.drop = argv[++i];
        else if (!strcmp(word, "-o")) {
            a->action = ACTION_WRITE;
            a->first = argv[++i];
        } else if (!strcmp(word, "--compare") && i + 2 < argc) {
            a->action = ACTION_COMPARE;
            a->first = argv[++i];
            a->second = argv[++i];
        } else
            return false;
    }
    return a->action != ACTION_NONE;
}

static bool check_coverage(const struct suite *suite) {
    bool complete = true;
    for (int op = OP_illegal + 1; op < OP_COUNT; op++) {
        if (!suite->covered[op]) {
            fprintf(stderr, "generate_riscv64: no case for %s\n", ops[op].mnemonic);
            complete = false;
        }
    }
    return complete;
}

static void free_suite(struct suite *suite) {
    struct test_case *tests = (struct test_case *)suite->cases.bytes;
    for (size_t i = 0; i < suite->cases.size / sizeof *tests; i++)
        free(tests[i].code);
    free(suite->cases.bytes);
    free(suite->records.bytes);
}

int main(int argc, char **argv) {
    struct arguments arguments = {.options = {.seed = 1}};
    if (!parse(argc, argv, &arguments)) {
        fputs(usage, stderr);
        return 2;
    }
    struct suite suite = {.options = &arguments.options, .random_state = arguments.options.seed};
    if (!arguments.options.only_sequence) {
        add_operation_cases(&suite);
        add_compressed_cases(&suite);
        if (!check_coverage(&suite))
            return 1;
    }
    add_sequences(&suite);
    int status = 0;
    switch (arguments.action) {
    case ACTION_WRITE:
        if (!write_program(&suite, arguments.first)) {
            perror(arguments.first);
            status = 1;
        }
        break;
    case ACTION_COMPARE:
        status =
            compare_outputs(&suite, arguments.first, arguments.second, arguments.ignore_fflags);
        break;
    default:
        printf("%zu\n", suite.records.size / sizeof(struct record));
        break;
    }
    free_suite(&suite);
    return status;
}
