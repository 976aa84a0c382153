/* Explains the first difference between the outputs of two runs of the test program. */
#include <stdlib.h>
#include <string.h>

#include "generate.h"

/* One execution's result, as emit_finish in program.c writes it. */
struct outcome {
    uint64_t changed; /* bit n: x register n; bit 32 + n: f register n */
    uint32_t fcsr, window_changed;
    uint64_t registers[64], window[WINDOW_WORDS];
};

struct output {
    const char *name;
    uint8_t *bytes;
    size_t size, at;
};

static bool load(struct output *output, const char *path) {
    FILE *f = fopen(path, "rb");
    struct buffer buffer = {0};
    uint8_t part[65536];
    size_t size;
    if (!f) {
        perror(path);
        return false;
    }
    while ((size = fread(part, 1, sizeof part, f)) > 0)
        append(&buffer, part, size);
    fclose(f);
    *output = (struct output){path, buffer.bytes, buffer.size, 0};
    return true;
}

static bool take(struct output *output, void *to, size_t size) {
    if (output->size - output->at < size)
        return false;
    memcpy(to, output->bytes + output->at, size);
    output->at += size;
    return true;
}

static bool next_outcome(struct output *output, struct outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    if (!take(output, &outcome->changed, 8) || !take(output, &outcome->fcsr, 4) ||
        !take(output, &outcome->window_changed, 4))
        return false;
    for (int i = 0; i < 64; i++)
        if (outcome->changed >> i & 1 && !take(output, &outcome->registers[i], 8))
            return false;
    for (int i = 0; i < WINDOW_WORDS; i++)
        if (outcome->window_changed >> i & 1 && !take(output, &outcome->window[i], 8))
            return false;
    return true;
}

static void print_slot(uint16_t slot, uint64_t value) {
    if (slot == CONTROL_UNUSED)
        return;
    if (slot >= CONTROL_WINDOW)
        printf("  window+%d = %016llx", slot - CONTROL_WINDOW, (unsigned long long)value);
    else
        printf("  %c%d = %016llx", slot < 256 ? 'x' : 'f', slot % 256 / 8,
               (unsigned long long)value);
}

static void print_value(const char *name, bool changed, uint64_t value, const char *end) {
    if (changed)
        printf("%s %016llx%s", name, (unsigned long long)value, end);
    else
        printf("%s unchanged%s", name, end);
}

static void explain(const struct test_case *test, const struct record *record, const char *drop,
                    const struct outcome *want, const struct outcome *got) {
    printf("%s\n", test->text);
    if (test->seed)
        print_sequence(test->seed, drop, stdout);
    printf("  with");
    for (int i = 0; i < 3; i++)
        print_slot(test->slots[i], record->operands[i]);
    printf("  fcsr = %02llx\n", (unsigned long long)record->fcsr);
    for (int i = 0; i < 64; i++) {
        bool a = want->changed >> i & 1, b = got->changed >> i & 1;
        if (a == b && want->registers[i] == got->registers[i])
            continue;
        printf("  %c%d:", i < 32 ? 'x' : 'f', i % 32);
        print_value(" expected", a, want->registers[i], ",");
        print_value(" got", b, got->registers[i], "\n");
    }
    if (want->fcsr != got->fcsr)
        printf("  fcsr: expected %02x, got %02x\n", want->fcsr, got->fcsr);
    for (int i = 0; i < WINDOW_WORDS; i++) {
        bool a = want->window_changed >> i & 1, b = got->window_changed >> i & 1;
        if (a == b && want->window[i] == got->window[i])
            continue;
        printf("  window+%d:", i * 8);
        print_value(" expected", a, want->window[i], ",");
        print_value(" got", b, got->window[i], "\n");
    }
}

/* Whether `output` has another outcome; explains when it has not. */
static bool next_or_end(struct output *output, struct outcome *outcome,
                        const struct test_case *test) {
    if (next_outcome(output, outcome))
        return true;
    printf("%s ends in: %s\n", output->name, test->text);
    return false;
}

static int compare_loaded(const struct suite *suite, struct output *expected, struct output *got,
                          bool ignore_fflags) {
    const struct test_case *tests = (const struct test_case *)suite->cases.bytes;
    const struct record *records = (const struct record *)suite->records.bytes;
    size_t count = suite->cases.size / sizeof *tests, executions = 0, failed_cases = 0;
    for (size_t i = 0; i < count; i++) {
        bool reported = false;
        for (size_t k = 0; k < tests[i].record_count; k++, executions++) {
            struct outcome want, have;
            if (!next_or_end(expected, &want, &tests[i]) || !next_or_end(got, &have, &tests[i]))
                return 1;
            if (ignore_fflags)
                want.fcsr &= ~0x1fu, have.fcsr &= ~0x1fu;
            if (reported || !memcmp(&want, &have, sizeof want))
                continue;
            reported = true;
            if (failed_cases++ < 8)
                explain(&tests[i], &records[tests[i].first_record + k], suite->options->drop, &want,
                        &have);
        }
    }
    if (expected->at != expected->size || got->at != got->size) {
        printf("output goes on behind the last case\n");
        return 1;
    }
    printf("%zu of %zu cases differ, %zu executions\n", failed_cases, count, executions);
    return failed_cases ? 1 : 0;
}

int compare_outputs(const struct suite *suite, const char *expected_path, const char *got_path,
                    bool ignore_fflags) {
    struct output expected = {0}, got = {0};
    int status = 1;
    if (load(&expected, expected_path) && load(&got, got_path))
        status = compare_loaded(suite, &expected, &got, ignore_fflags);
    free(expected.bytes);
    free(got.bytes);
    return status;
}
