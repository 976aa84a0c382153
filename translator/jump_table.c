/* Targets of indirect jumps: the switch statements of gcc and clang and glibc's computed gotos.
 *
 * The instructions before the jump are evaluated symbolically along one path that leads to it.  A
 * value is
 *     constant + scale * symbol     or     constant + entry of a table in memory,
 * the table's address being of the first form, and a compare-and-branch on the path bounds a
 * symbol. So the idioms fall out of the arithmetic, whatever order a compiler emits them in:
 *     absolute   slli i, 3; add i, table; ld t, 0(i); jr t
 *     relative   sh2add i, i, table; lw t, 0(i); add t, t, table; jr t
 *     unsigned   slli i, 32; srli i, 30; ...
 * The path ignores other ways to its instructions: a wrong guess costs time only, because lifted
 * code compares the real target. */
#include "jump_table.h"

#include <stdlib.h>

struct value constant_value(int64_t constant) {
    return (struct value){.constant = constant, .symbol = NO_SYMBOL};
}

struct value fresh_value(struct evaluation *evaluation, uint32_t count) {
    if (evaluation->symbol_count == MAX_SYMBOLS)
        return (struct value){.symbol = 0, .scale = 1};
    evaluation->symbols[evaluation->symbol_count].count = count;
    return (struct value){.symbol = evaluation->symbol_count++, .scale = 1};
}

struct value masked_value(struct evaluation *evaluation, int32_t mask) {
    bool bounds = mask >= 0 && mask < MAX_JUMP_TARGETS;
    struct value value = fresh_value(evaluation, bounds ? (uint32_t)mask + 1 : 0);
    evaluation->symbols[value.symbol].masked = bounds;
    return value;
}

/* Guest arithmetic wraps. */
static int64_t add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static int64_t multiply(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }
static int64_t negate(int64_t a) { return (int64_t)(0 - (uint64_t)a); }

bool is_constant(struct value value) { return !value.width && value.symbol == NO_SYMBOL; }

/* The value without a table entry in it. */
static struct value affine(struct value value) {
    if (!value.width)
        return value;
    return (struct value){.constant = value.constant, .symbol = value.self, .scale = 1};
}

struct value add_values(struct evaluation *evaluation, struct value a, struct value b) {
    if (is_constant(a)) {
        struct value swap = a;
        a = b, b = swap;
    }
    if (is_constant(b)) {
        a.constant = add(a.constant, b.constant);
        return a;
    }
    a = affine(a), b = affine(b);
    if (a.symbol != b.symbol)
        return fresh_value(evaluation, 0);
    a.constant = add(a.constant, b.constant);
    a.scale = add(a.scale, b.scale);
    return a;
}

struct value subtract_constant(struct evaluation *evaluation, struct value a, struct value b) {
    return is_constant(b) ? add_values(evaluation, a, constant_value(negate(b.constant)))
                          : fresh_value(evaluation, 0);
}

struct value shift_left(struct value value, int32_t amount) {
    value = affine(value);
    value.constant = (int64_t)((uint64_t)value.constant << amount);
    value.scale = (int64_t)((uint64_t)value.scale << amount);
    return value;
}

/* A right shift undoes a left shift: an extension of the symbol, which its bound makes void. */
struct value shift_right(struct evaluation *evaluation, struct value value, int32_t amount) {
    value = affine(value);
    int64_t mask = amount ? (int64_t)(UINT64_MAX >> (64 - amount)) : 0;
    if ((value.constant | (value.symbol == NO_SYMBOL ? 0 : value.scale)) & mask)
        return fresh_value(evaluation, amount > 52 ? 1u << (64 - amount) : 0);
    value.constant >>= amount;
    value.scale >>= amount;
    return value;
}

static bool read_entry(const struct translator_input *input, int64_t address, uint8_t width,
                       bool is_signed, uint64_t *entry) {
    size_t available;
    if (address < 0 || address > UINT32_MAX)
        return false;
    const uint8_t *bytes = program_bytes(input, (uint32_t)address, &available);
    if (!bytes || available < width)
        return false;
    uint64_t raw = 0;
    for (unsigned i = 0; i < width; i++)
        raw |= (uint64_t)bytes[i] << 8 * i;
    unsigned unused = 64 - 8 * width;
    *entry = is_signed ? (uint64_t)((int64_t)(raw << unused) >> unused) : raw;
    return true;
}

static bool is_read_only(const struct translator_input *input, int64_t address) {
    for (size_t i = 0; i < input->segment_count; i++) {
        const struct code_segment *segment = &input->segments[i];
        if (!segment->writable && address >= segment->address &&
            address < (int64_t)segment->address + segment->size)
            return true;
    }
    return false;
}

struct value load_value(struct evaluation *evaluation, struct value address, uint8_t width,
                               bool is_signed) {
    uint32_t count = is_signed || width > 2 ? 0 : 1u << 8 * width;
    struct value entry = fresh_value(evaluation, count);
    uint64_t content;
    address = affine(address);
    if (address.symbol == NO_SYMBOL)
        return is_read_only(evaluation->input, address.constant) &&
                       read_entry(evaluation->input, address.constant, width, is_signed, &content)
                   ? constant_value((int64_t)content)
                   : entry;
    if (address.scale < width)
        return entry;
    return (struct value){.symbol = address.symbol,
                          .scale = address.scale,
                          .width = width,
                          .is_signed = is_signed,
                          .table = address.constant,
                          .self = entry.symbol};
}

/* A limit; what a register holds where the path begins is perhaps the constant that it has
 * elsewhere in the function: an index can be compared with a constant that was hoisted. */
static struct value limit_value(const struct evaluation *evaluation, struct value value) {
    int reg = value.symbol;
    bool initial = !value.width && reg >= 0 && reg < REGISTERS && !value.constant &&
                   value.scale == 1;
    if (initial && evaluation->limits->known >> reg & 1)
        return constant_value((int64_t)evaluation->limits->value[reg]);
    return value;
}

void learn_less(struct evaluation *evaluation, struct value a, struct value limit, int64_t more) {
    a = affine(a);
    limit = limit_value(evaluation, limit);
    if (!is_constant(limit) || a.symbol == NO_SYMBOL || a.scale != 1)
        return;
    int64_t count = add(limit.constant, more);
    if (count <= 0 || count > MAX_JUMP_TARGETS)
        return;
    struct symbol *symbol = &evaluation->symbols[a.symbol];
    symbol->low = negate(a.constant);
    symbol->count = (uint32_t)count;
    symbol->compared = true;
}

void forget_register(struct evaluation *evaluation, unsigned reg) {
    evaluation->x[reg] = (struct value){.symbol = (int)reg, .scale = 1};
}

/* The instruction that falls through, or returns from a call, to an address. */
static bool step_before(const struct discovery *discovery, uint32_t address, struct step *step) {
    for (uint32_t len = INSN_MAX_LENGTH; len > 0; len -= INSN_ALIGNMENT) {
        const struct insn *insn = address >= len ? insn_at(discovery, address - len) : NULL;
        if (!insn || insn->len != len || insn_control(insn) == CONTROL_JUMP)
            continue;
        *step = (struct step){.address = address - len, .insn = insn};
        return true;
    }
    return false;
}

/* The instruction that jumps to an address: the only one, or else a bounds check. */
static bool step_from_jump(const struct discovery *discovery, uint32_t address, struct step *step) {
    const struct code_range *range = range_of(discovery, address);
    uint32_t number = range->edges[slot_of(range, address)];
    bool found = false;
    while (number) {
        const struct edge *edge = &discovery->edges[number - 1];
        const struct insn *insn = insn_at(discovery, edge->from);
        bool check = insn_checks_bound(insn);
        if (!found || check)
            *step = (struct step){.address = edge->from, .insn = insn, .taken = true};
        found = true;
        if (check)
            break;
        number = edge->next;
    }
    return found;
}

static bool is_jumped_to(const struct discovery *discovery, uint32_t address, bool more_than_once) {
    const struct code_range *range = range_of(discovery, address);
    uint32_t number = range->edges[slot_of(range, address)];
    return number && (!more_than_once || discovery->edges[number - 1].next);
}

/* Fills `path` from its end with instructions that lead to an address; returns where it begins. */
static size_t find_path(const struct discovery *discovery, uint32_t address,
                        struct step path[MAX_PATH]) {
    size_t begin = MAX_PATH;
    while (begin) {
        struct step step;
        bool falls = step_before(discovery, address, &step);
        if (!falls && !step_from_jump(discovery, address, &step))
            break;
        step.merge = is_jumped_to(discovery, address, !falls);
        path[--begin] = step;
        address = step.address;
    }
    return begin;
}

/* The part of a path that has no other way in. */
static size_t skip_merges(const struct step path[MAX_PATH], size_t begin) {
    size_t result = MAX_PATH;
    while (result > begin && !path[result - 1].merge)
        result--;
    return result;
}

/* Registers that hold one constant through a loop get it before the loop, out of the path's reach.
 */
struct hoisted {
    struct constants addresses, limits; /* mapped addresses; small numbers */
};

static void collect_constants(const struct discovery *discovery, uint32_t begin, uint32_t end,
                              struct hoisted *hoisted) {
    struct constants current;
    constants_clear(&current);
    for (uint32_t address = begin; address < end;) {
        const struct insn *insn = insn_at(discovery, address);
        if (!insn) {
            address += INSN_ALIGNMENT;
            continue;
        }
        constants_step(&current, insn, address);
        address += insn->len;
        int rd = insn_result(insn);
        if (rd < 0 || !(current.known >> rd & 1))
            continue;
        uint64_t value = current.value[rd];
        size_t available;
        struct constants *found = NULL;
        if (value <= MAX_JUMP_TARGETS)
            found = &hoisted->limits;
        else if (value <= UINT32_MAX &&
                 program_bytes(discovery->input, (uint32_t)value, &available))
            found = &hoisted->addresses;
        if (found) {
            found->known |= 1u << rd;
            found->value[rd] = value;
        }
    }
}

/* Takes the last constant that the function gives each register before the jump, or else behind. */
static void find_hoisted(const struct discovery *discovery, struct span function, uint32_t jump,
                         struct hoisted *hoisted) {
    constants_clear(&hoisted->addresses);
    constants_clear(&hoisted->limits);
    collect_constants(discovery, jump, function.end, hoisted);
    collect_constants(discovery, function.start, jump, hoisted);
}

static struct span function_around(const struct discovery *discovery, uint32_t address) {
    struct span span;
    if (span_of(discovery, address, &span))
        return span;
    const struct code_range *range = range_of(discovery, address);
    uint32_t start = address, end = address + INSN_ALIGNMENT;
    while (start > range->start && !(range->marks[slot_of(range, start)] & MARK_EVIDENCE))
        start -= INSN_ALIGNMENT;
    while (end < range->end && !(range->marks[slot_of(range, end)] & MARK_EVIDENCE))
        end += INSN_ALIGNMENT;
    return (struct span){start, end};
}

/* Enumerates the values of a jump's address.  A bounded table may lead out of the function (to its
 * cold part), and a wrong entry means a wrong bound; without a bound, the first entry that leads
 * out or into an instruction, or whose address code names, is behind the table. */
static size_t enumerate_targets(const struct discovery *discovery, struct value value,
                                const struct evaluation *evaluation, struct span function,
                                bool bounded, uint32_t *targets, size_t max) {
    if (is_constant(value)) {
        targets[0] = (uint32_t)((uint64_t)value.constant & JUMP_TARGET_MASK);
        return value.constant >= discovery->code_start && value.constant < discovery->code_end;
    }
    if (!value.width && value.scale < 2)
        return 0;
    struct symbol symbol = evaluation->symbols[value.symbol];
    if (bounded ? !symbol.compared : !value.width && !symbol.masked)
        return 0;
    /* Relative entries usually count from the table's start, which tells what the first index is.
     */
    if (value.width && !symbol.compared && value.constant > value.table)
        symbol.low = (value.constant - value.table) / value.scale;
    size_t count = 0, limit = symbol.count && symbol.count < max ? symbol.count : max;
    for (size_t i = 0; i < limit; i++) {
        int64_t offset = multiply(value.scale, add(symbol.low, (int64_t)i));
        uint64_t target = (uint64_t)value.constant + (uint64_t)offset, entry;
        if (value.width) {
            int64_t place = add(value.table, offset);
            if (!bounded && count && is_named(discovery, (uint32_t)place))
                return count;
            if (!read_entry(discovery->input, place, value.width, value.is_signed, &entry))
                return bounded ? 0 : count;
            target = (uint64_t)value.constant + entry;
        }
        target &= JUMP_TARGET_MASK;
        if (bounded && (target < discovery->code_start || target >= discovery->code_end))
            return 0;
        if (!bounded && (target < function.start || target >= function.end ||
                         is_inside_insn(discovery, (uint32_t)target))) {
            if (value.width)
                return count;
            continue; /* pieces of code of one size, not all of which exist */
        }
        targets[count++] = (uint32_t)target;
    }
    return count;
}

static int compare_addresses(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static size_t sort_distinct(uint32_t *targets, size_t count) {
    size_t kept = 0;
    qsort(targets, count, sizeof *targets, compare_addresses);
    for (size_t i = 0; i < count; i++)
        if (!kept || targets[kept - 1] != targets[i])
            targets[kept++] = targets[i];
    return kept;
}

/* The jump's address as one stretch of the path computes it. */
static struct value evaluate_path(const struct discovery *discovery, const struct step *path,
                                  size_t begin, const struct hoisted *hoisted,
                                  const struct insn *jump, struct evaluation *evaluation) {
    *evaluation = (struct evaluation){
        .input = discovery->input, .symbol_count = REGISTERS, .limits = &hoisted->limits};
    for (unsigned i = 0; i < REGISTERS; i++)
        evaluation->x[i] = hoisted->addresses.known >> i & 1
                               ? constant_value((int64_t)hoisted->addresses.value[i])
                               : (struct value){.symbol = (int)i, .scale = 1};
    for (size_t i = begin; i < MAX_PATH; i++)
        evaluate_step(evaluation, &path[i]);
    return evaluate_jump(evaluation, jump);
}

size_t find_jump_targets(const struct discovery *discovery, uint32_t jump, bool bounded,
                         uint32_t *targets, size_t max) {
    const struct insn *insn = insn_at(discovery, jump);
    struct span function = function_around(discovery, jump);
    struct step path[MAX_PATH];
    size_t full = find_path(discovery, jump, path), certain = skip_merges(path, full);
    struct hoisted none, hoisted;
    constants_clear(&none.addresses);
    constants_clear(&none.limits);
    find_hoisted(discovery, function, jump, &hoisted);
    /* Most certain first. */
    const struct {
        size_t begin;
        const struct hoisted *hoisted;
    } attempts[] = {{certain, &none}, {certain, &hoisted}, {full, &none}, {full, &hoisted}};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        struct evaluation evaluation;
        struct value value = evaluate_path(discovery, path, attempts[i].begin, attempts[i].hoisted,
                                           insn, &evaluation);
        /* A table whose index is constant only on one of several ways has more targets. */
        if (i > 0 && bounded && is_constant(value))
            continue;
        size_t count =
            enumerate_targets(discovery, value, &evaluation, function, bounded, targets, max);
        if (count)
            return sort_distinct(targets, count);
    }
    return 0;
}
