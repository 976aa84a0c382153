/* Random straight-line code: many instructions on the same registers, loads and stores in the
 * window, forward branches.  A sequence is made from its own seed, so it can be made again alone,
 * without some of its items (see shrink.sh). */
#include <stdlib.h>
#include <string.h>

#include "generate.h"

#define MAX_ITEMS 40

struct item {
    enum op op;
    struct operands operands;
    unsigned skip; /* branch, jump: how many of the items behind it */
    bool dropped;
};

struct sequence {
    struct item items[MAX_ITEMS];
    unsigned count;
};

static bool suits(enum op op) {
    switch ((enum op_class)ops[op].class) {
    case CLASS_INTEGER:
    case CLASS_LOAD:
    case CLASS_STORE:
    case CLASS_BRANCH:
    case CLASS_FP:
    case CLASS_FP_ROUNDED:
        return true;
    case CLASS_JUMP:
        return true;
    default:
        return false;
    }
}

/* Few registers, so that values flow from one item to the next. */
static uint8_t pick_integer(struct suite *suite) { return (uint8_t)(8 + random_below(suite, 8)); }

static uint8_t pick_source(struct suite *suite) {
    return random_below(suite, 12) ? pick_integer(suite) : 0;
}

static uint8_t pick_float(struct suite *suite) { return (uint8_t)(8 + random_below(suite, 6)); }

static struct item random_item(struct suite *suite) {
    enum op op;
    do
        op = (enum op)(1 + random_below(suite, OP_COUNT - 1));
    while (!suits(op));
    struct item item = {.op = op};
    struct operands *o = &item.operands;
    o->rd = writes_float(op)          ? pick_float(suite)
            : random_below(suite, 24) ? pick_integer(suite)
                                      : 0;
    o->rs1 = reads_float(op, 1) ? pick_float(suite) : pick_source(suite);
    o->rs2 = reads_float(op, 2) ? pick_float(suite) : pick_source(suite);
    o->rs3 = pick_float(suite);
    switch ((enum op_class)ops[op].class) {
    case CLASS_LOAD:
    case CLASS_STORE:
        o->rs1 = REG_WINDOW;
        o->imm = (int32_t)random_below(suite, WINDOW_SIZE - 7);
        if (random_below(suite, 4))
            o->imm &= ~7;
        break;
    case CLASS_BRANCH:
    case CLASS_JUMP:
        item.skip = 1 + random_below(suite, 3);
        o->rd = 0;
        break;
    case CLASS_FP_ROUNDED:
        o->rm = random_below(suite, 3) ? ROUNDING_DYNAMIC : (uint8_t)random_below(suite, 5);
        break;
    default:
        o->imm = (int32_t)random_bits(suite);
        if (ops[op].form == FORM_SHIFT6)
            o->imm &= 63;
        else if (ops[op].form == FORM_SHIFT5)
            o->imm &= 31;
        else if (ops[op].form == FORM_I)
            o->imm = (int32_t)random_below(suite, 4096) - 2048;
        break;
    }
    return item;
}

static void make_sequence(struct suite *suite, uint64_t seed, const char *drop,
                          struct sequence *sequence) {
    suite->random_state = seed;
    sequence->count = 6 + random_below(suite, MAX_ITEMS - 6);
    for (unsigned i = 0; i < sequence->count; i++)
        sequence->items[i] = random_item(suite);
    for (const char *p = drop; p && *p;) {
        char *end;
        unsigned long i = strtoul(p, &end, 10);
        if (end == p)
            break;
        if (i < sequence->count)
            sequence->items[i].dropped = true;
        p = *end ? end + 1 : end;
    }
}

/* Bytes from item i to the end of the items that it skips. */
static int32_t distance(const struct sequence *sequence, unsigned i) {
    int32_t bytes = 4;
    for (unsigned k = i + 1; k < sequence->count && k <= i + sequence->items[i].skip; k++)
        bytes += sequence->items[k].dropped ? 0 : 4;
    return bytes;
}

static struct operands final_operands(const struct sequence *sequence, unsigned i) {
    struct operands o = sequence->items[i].operands;
    if (sequence->items[i].skip)
        o.imm = distance(sequence, i);
    return o;
}

static void add_sequence(struct suite *suite, uint64_t seed, const char *drop) {
    struct sequence sequence;
    uint32_t code[MAX_ITEMS];
    size_t size = 0;
    make_sequence(suite, seed, drop, &sequence);
    for (unsigned i = 0; i < sequence.count; i++)
        if (!sequence.items[i].dropped)
            code[size++] = assemble(sequence.items[i].op, final_operands(&sequence, i));
    char text[64];
    snprintf(text, sizeof text, "sequence %llu", (unsigned long long)seed);
    struct test_case *test = add_case(suite, text, code, size * 4);
    test->seed = seed;
    set_slots(test, SLOT_X(8 + random_below(suite, 8)), SLOT_X(8 + random_below(suite, 8)),
              SLOT_F(8 + random_below(suite, 6)));
    for (unsigned i = 0; i < 20; i++)
        add_record(suite, random_integer(suite), random_integer(suite),
                   random_float(suite, random_below(suite, 2)),
                   i % 8 == 7 && !suite->options->no_rounding ? random_below(suite, 5) << 5 : 0);
}

void add_sequences(struct suite *suite) {
    const struct options *options = suite->options;
    if (options->only_sequence) {
        add_sequence(suite, options->only_sequence, options->drop);
        return;
    }
    for (size_t i = 0; i < options->sequences; i++)
        add_sequence(suite, options->seed * 1000003 + i + 1, NULL);
}

void print_sequence(uint64_t seed, const char *drop, FILE *to) {
    struct options options = {0};
    struct suite suite = {.options = &options};
    struct sequence sequence;
    make_sequence(&suite, seed, drop, &sequence);
    for (unsigned i = 0; i < sequence.count; i++) {
        char text[64];
        if (sequence.items[i].dropped)
            continue;
        describe(sequence.items[i].op, final_operands(&sequence, i), text);
        fprintf(to, "    %2u  %s\n", i, text);
    }
}
