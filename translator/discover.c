/* Finds functions and basic blocks of one file: follows the code from every hinted start (recursive
 * descent), direct calls, jump tables and taken addresses, until nothing new turns up; then cuts
 * what was decoded into blocks.
 *
 * Bytes behind a call that never returns may be data.  Decoding them is harmless: nothing here is
 * relied on, because lifted code compares real program counters. */
#include "discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, size_t count, size_t *capacity, size_t item_size) {
    if (count < *capacity)
        return array;
    *capacity = *capacity ? *capacity * 2 : 1024;
    array = realloc(array, *capacity * item_size);
    if (!array) {
        fprintf(stderr, "c2w-aot: out of memory\n");
        exit(1);
    }
    return array;
}

#define APPEND(array, count, capacity, item)                                                       \
    do {                                                                                           \
        (array) = grow(array, count, &(capacity), sizeof *(array));                                \
        (array)[(count)++] = (item);                                                               \
    } while (0)

const uint8_t *program_bytes(const struct translator_input *input, uint32_t address,
                             size_t *available) {
    for (size_t i = 0; i < input->segment_count; i++) {
        const struct code_segment *segment = &input->segments[i];
        if (address >= segment->address && address - segment->address < segment->size) {
            *available = segment->size - (address - segment->address);
            return segment->bytes + (address - segment->address);
        }
    }
    return NULL;
}

struct code_range *range_of(const struct discovery *discovery, uint32_t address) {
    if (address % INSN_ALIGNMENT)
        return NULL;
    for (size_t i = 0; i < discovery->range_count; i++) {
        struct code_range *range = &discovery->ranges[i];
        if (address >= range->start && address < range->end)
            return range;
    }
    return NULL;
}

size_t slot_of(const struct code_range *range, uint32_t address) {
    return (address - range->start) / INSN_ALIGNMENT;
}

struct insn *insn_by_number(const struct discovery *discovery, uint32_t number) {
    return &discovery->chunks[number >> INSN_CHUNK_BITS][number & (INSN_CHUNK - 1)];
}

const struct insn *insn_at(const struct discovery *discovery, uint32_t address) {
    const struct code_range *range = range_of(discovery, address);
    if (!range)
        return NULL;
    uint32_t number = range->insns[slot_of(range, address)];
    return number ? insn_by_number(discovery, number - 1) : NULL;
}

bool is_inside_insn(const struct discovery *discovery, uint32_t address) {
    for (uint32_t back = INSN_ALIGNMENT; back < INSN_MAX_LENGTH && back <= address;
         back += INSN_ALIGNMENT) {
        const struct insn *insn = insn_at(discovery, address - back);
        if (insn && insn->len > back)
            return true;
    }
    return false;
}

bool span_of(const struct discovery *discovery, uint32_t address, struct span *span) {
    size_t low = 0, high = discovery->span_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (discovery->spans[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low || address >= discovery->spans[low - 1].end)
        return false;
    *span = discovery->spans[low - 1];
    return true;
}

/* ---- data that code names ---- */

static void add_named_data(struct discovery *discovery) {
    const struct translator_input *input = discovery->input;
    discovery->named =
        arena_alloc(discovery->arena, (input->segment_count + 1) * sizeof *discovery->named);
    for (size_t i = 0; i < input->segment_count; i++) {
        const struct code_segment *segment = &input->segments[i];
        if (!segment->writable)
            discovery->named[discovery->named_count++] = (struct named_data){
                segment->address, segment->size,
                arena_alloc(discovery->arena, segment->size / 32 + 1)};
    }
}

/* The byte that has an address's bit, or NULL. */
static uint8_t *find_name(const struct discovery *discovery, uint32_t address, uint8_t *bit) {
    for (size_t i = 0; i < discovery->named_count; i++) {
        const struct named_data *named = &discovery->named[i];
        uint32_t offset = address - named->start;
        if (address >= named->start && offset < named->size && !(offset & 3)) {
            *bit = (uint8_t)(1 << (offset / 4 & 7));
            return &named->bits[offset / 32];
        }
    }
    return NULL;
}

static void name_data(struct discovery *discovery, uint32_t address) {
    uint8_t bit, *byte = find_name(discovery, address, &bit);
    if (byte)
        *byte |= bit;
}

bool is_named(const struct discovery *discovery, uint32_t address) {
    uint8_t bit;
    const uint8_t *byte = find_name(discovery, address, &bit);
    return byte && *byte & bit;
}

/* ---- following code ---- */

static void push(struct discovery *discovery, uint32_t address) {
    struct code_range *range = range_of(discovery, address);
    if (!range)
        return;
    uint8_t *mark = &range->marks[slot_of(range, address)];
    if (*mark & MARK_LEADER)
        return;
    *mark |= MARK_LEADER;
    APPEND(discovery->work, discovery->work_count, discovery->work_capacity, address);
}

static void push_edge(struct discovery *discovery, uint32_t from, uint32_t to) {
    struct code_range *range = range_of(discovery, to);
    if (!range)
        return;
    uint32_t *newest = &range->edges[slot_of(range, to)];
    struct edge edge = {from, *newest};
    APPEND(discovery->edges, discovery->edge_count, discovery->edge_capacity, edge);
    *newest = (uint32_t)discovery->edge_count;
    push(discovery, to);
}

/* Strongest evidence first; an address taken by code is the weakest. */
static unsigned evidence_rank(enum code_evidence evidence) {
    return evidence == EVIDENCE_ADDRESS ? 100u : (unsigned)evidence;
}

static void push_function(struct discovery *discovery, uint32_t address,
                          enum code_evidence evidence) {
    struct code_range *range = range_of(discovery, address);
    if (!range)
        return;
    uint8_t *mark = &range->marks[slot_of(range, address)];
    unsigned old = *mark & MARK_EVIDENCE;
    if (!old || evidence_rank(evidence) < evidence_rank((enum code_evidence)(old - 1)))
        *mark = (uint8_t)((*mark & ~MARK_EVIDENCE) | (1 + evidence));
    push(discovery, address);
}

static void push_taken(struct discovery *discovery, uint32_t address, bool data) {
    struct code_range *range = range_of(discovery, address);
    if (!range)
        return;
    uint8_t *mark = &range->marks[slot_of(range, address)];
    if (*mark & MARK_TAKEN && (data || !(*mark & MARK_DATA)))
        return;
    *mark = (uint8_t)((*mark & ~MARK_DATA) | MARK_TAKEN | (data ? MARK_DATA : 0));
    APPEND(discovery->taken, discovery->taken_count, discovery->taken_capacity, address);
}

/* A call at the very end of a function does not return; what follows is something else. */
static void push_return_site(struct discovery *discovery, uint32_t call, uint32_t next) {
    struct span span;
    if (!span_of(discovery, call, &span) || next < span.end)
        push(discovery, next);
}

static void follow_call(struct discovery *discovery, uint32_t address, uint32_t next,
                        struct jump_target target) {
    /* Linking to the next instruction reads the program counter. */
    if (target.is_known && target.address != next)
        push_function(discovery, target.address, EVIDENCE_CALL);
    push_return_site(discovery, address, next);
}

static void follow_jump(struct discovery *discovery, uint32_t address, struct jump_target target) {
    if (target.is_known) {
        push_edge(discovery, address, target.address);
    } else if (!target.is_return && !target.is_slot) {
        struct indirect_jump jump = {.address = address};
        APPEND(discovery->jumps, discovery->jump_count, discovery->jump_capacity, jump);
    }
}

static struct insn *new_insn(struct discovery *discovery, const struct insn *insn) {
    if (discovery->insn_count >> INSN_CHUNK_BITS >= discovery->chunk_count) {
        struct insn *chunk = arena_alloc(discovery->arena, INSN_CHUNK * sizeof *chunk);
        APPEND(discovery->chunks, discovery->chunk_count, discovery->chunk_capacity, chunk);
    }
    struct insn *slot = insn_by_number(discovery, discovery->insn_count++);
    *slot = *insn;
    return slot;
}

/* Decodes a straight run of code from a leader and records where it leads. */
static void follow(struct discovery *discovery, uint32_t address) {
    struct code_range *range = range_of(discovery, address);
    struct constants constants;
    constants_clear(&constants);
    uint32_t left_in_chunk = INSN_CHUNK - (discovery->insn_count & (INSN_CHUNK - 1));
    if (left_in_chunk < MAX_RUN)
        discovery->insn_count += left_in_chunk;
    for (unsigned count = 0; address < range->end; count++) {
        size_t slot = slot_of(range, address);
        if (range->insns[slot] || count == MAX_RUN) {
            /* Joins code that is there already, or goes on as a run of its own. */
            push(discovery, address);
            return;
        }
        struct insn insn;
        if (!decode_insn(discovery->decoder, range->bytes + (address - range->start),
                         range->end - address, address, &insn) ||
            insn_control(&insn) == CONTROL_STOP)
            return;
        new_insn(discovery, &insn);
        range->insns[slot] = discovery->insn_count;
        uint32_t next = address + insn.len, taken;
        enum control_kind control = insn_control(&insn);
        struct jump_target target = insn_target(&insn, address, &constants);
        if (control == CONTROL_JUMP && insn_names_data(&insn, &constants, &taken))
            name_data(discovery, taken);
        switch (control) {
        case CONTROL_BRANCH:
            push_edge(discovery, address, target.address);
            push(discovery, next);
            break;
        case CONTROL_JUMP:
            follow_jump(discovery, address, target);
            return;
        case CONTROL_CALL:
            follow_call(discovery, address, next, target);
            return;
        case CONTROL_SYSCALL:
            push(discovery, next);
            break;
        case CONTROL_NONE:
        case CONTROL_STOP:
            break;
        }
        constants_step(&constants, &insn, address);
        if (insn_takes_address(&insn, &constants, &taken))
            push_taken(discovery, taken, false);
        if (insn_names_data(&insn, &constants, &taken))
            name_data(discovery, taken);
        address = next;
    }
}

static void follow_all(struct discovery *discovery) {
    while (discovery->work_count) {
        uint32_t address = discovery->work[--discovery->work_count];
        if (!insn_at(discovery, address))
            follow(discovery, address);
    }
}

/* ---- indirect jumps and taken addresses ---- */

static bool follow_jump_tables(struct discovery *discovery, bool bounded) {
    uint32_t targets[MAX_JUMP_TARGETS];
    bool found = false;
    for (size_t i = 0; i < discovery->jump_count; i++) {
        if (discovery->jumps[i].target_count)
            continue;
        uint32_t address = discovery->jumps[i].address;
        size_t count = find_jump_targets(discovery, address, bounded, targets, MAX_JUMP_TARGETS);
        if (!count)
            continue;
        found = true;
        uint32_t *kept = arena_alloc(discovery->arena, count * sizeof *kept);
        memcpy(kept, targets, count * sizeof *kept);
        discovery->jumps[i].targets = kept;
        discovery->jumps[i].target_count = (uint32_t)count;
        for (size_t j = 0; j < count; j++)
            push_edge(discovery, address, kept[j]);
    }
    return found;
}

/* True if the instruction is followed by another one only after a call. */
static bool transfers(const struct insn *insn) {
    enum control_kind control = insn_control(insn);
    return control == CONTROL_JUMP || control == CONTROL_CALL;
}

/* True if the bytes at an address read like the start of code: valid up to the first instruction
 * that leaves, and not in the middle of a decoded instruction. */
static bool looks_like_code(struct discovery *discovery, uint32_t address) {
    struct code_range *range = range_of(discovery, address);
    if (!range)
        return false;
    if (range->insns[slot_of(range, address)])
        return true;
    if (is_inside_insn(discovery, address))
        return false;
    for (unsigned count = 0; count < 64; count++) {
        struct insn insn;
        if (address >= range->end ||
            !decode_insn(discovery->decoder, range->bytes + (address - range->start),
                         range->end - address, address, &insn))
            return false;
        if (transfers(&insn) || range->insns[slot_of(range, address)])
            return true;
        address += insn.len;
    }
    return true;
}

static void mark_label(struct discovery *discovery, uint32_t address) {
    struct code_range *range = range_of(discovery, address);
    range->marks[slot_of(range, address)] |= MARK_LABEL;
    push(discovery, address);
}

/* True if the instruction before an address falls through to it. */
static bool is_fallen_into(const struct discovery *discovery, uint32_t address) {
    for (uint32_t len = INSN_ALIGNMENT; len <= INSN_MAX_LENGTH && len <= address;
         len += INSN_ALIGNMENT) {
        const struct insn *insn = insn_at(discovery, address - len);
        if (insn && insn->len == len && !transfers(insn))
            return true;
    }
    return false;
}

/* Inside a function of known extent, or in the middle of straight code, a taken address is a label
 * (computed goto, or the base of a jump table's offsets); elsewhere between known code it may be a
 * function. */
static bool follow_taken_address(struct discovery *discovery, uint32_t address) {
    struct code_range *range = range_of(discovery, address);
    uint8_t mark = range->marks[slot_of(range, address)];
    bool fallen_into = is_fallen_into(discovery, address);
    struct span span;
    /* A number in data that is an address in straight code is no pointer. */
    if (mark & MARK_EVIDENCE || (mark & MARK_DATA && fallen_into) ||
        address < discovery->code_start || address >= discovery->code_end ||
        !looks_like_code(discovery, address))
        return false;
    if (span_of(discovery, address, &span) ? address != span.start : fallen_into)
        mark_label(discovery, address);
    else
        push_function(discovery, address, EVIDENCE_ADDRESS);
    follow_all(discovery);
    return true;
}

static int compare_addresses(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Follows the taken addresses that code has, or those that only data has.  In ascending order, so
 * that a function is known before numbers that happen to point into it. */
static bool follow_taken_addresses(struct discovery *discovery, bool data) {
    uint32_t *taken = discovery->taken;
    size_t count = discovery->taken_count;
    bool found = false;
    /* Following them finds new ones. */
    discovery->taken = NULL;
    discovery->taken_count = discovery->taken_capacity = 0;
    if (count)
        qsort(taken, count, sizeof *taken, compare_addresses);
    for (size_t i = 0; i < count; i++) {
        const struct code_range *range = range_of(discovery, taken[i]);
        bool in_data = range->marks[slot_of(range, taken[i])] & MARK_DATA;
        if (in_data == data)
            found |= follow_taken_address(discovery, taken[i]);
        else if (in_data)
            APPEND(discovery->taken, discovery->taken_count, discovery->taken_capacity, taken[i]);
    }
    free(taken);
    return found;
}

/* Data of a file that is not relocated holds code addresses that no hint tells: tables of
 * functions. Looks at every aligned word outside of the code. */
static void find_pointers_in_data(struct discovery *discovery) {
    const struct translator_input *input = discovery->input;
    if (input->load_base)
        return;
    for (size_t i = 0; i < input->segment_count; i++) {
        const struct code_segment *segment = &input->segments[i];
        for (uint32_t offset = -segment->address & 7; offset + 8 <= segment->size; offset += 8) {
            uint32_t address = segment->address + offset;
            if (segment->executable && address >= discovery->code_start &&
                address < discovery->code_end)
                continue;
            const uint8_t *word = segment->bytes + offset;
            if (word[4] | word[5] | word[6] | word[7])
                continue;
            uint32_t value = word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
                             (uint32_t)word[3] << 24;
            if (value >= discovery->code_start && value < discovery->code_end)
                push_taken(discovery, value, true);
        }
    }
}

/* An indirect jump that is not understood may go to any label of its function. */
static void give_labels_to_jumps(struct discovery *discovery) {
    uint32_t targets[512];
    for (size_t i = 0; i < discovery->jump_count; i++) {
        struct indirect_jump *jump = &discovery->jumps[i];
        struct span span;
        if (jump->target_count || !span_of(discovery, jump->address, &span))
            continue;
        const struct code_range *range = range_of(discovery, jump->address);
        size_t count = 0;
        for (uint32_t address = span.start;
             address < span.end && address < range->end && count < 512;
             address += INSN_ALIGNMENT)
            if (range->marks[slot_of(range, address)] & MARK_LABEL && insn_at(discovery, address))
                targets[count++] = address;
        if (count < 2)
            continue;
        uint32_t *kept = arena_alloc(discovery->arena, count * sizeof *kept);
        memcpy(kept, targets, count * sizeof *kept);
        jump->targets = kept;
        jump->target_count = (uint32_t)count;
    }
}

/* ---- hints ---- */

static int compare_hints(const void *left, const void *right) {
    const struct code_hint *a = *(const struct code_hint *const *)left,
                           *b = *(const struct code_hint *const *)right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return (int)evidence_rank(a->evidence) - (int)evidence_rank(b->evidence);
}

static const struct code_hint **sort_hints(const struct translator_input *input,
                                           struct arena *arena) {
    const struct code_hint **hints = arena_alloc(arena, (input->hint_count + 1) * sizeof *hints);
    for (size_t i = 0; i < input->hint_count; i++)
        hints[i] = &input->hints[i];
    qsort(hints, input->hint_count, sizeof *hints, compare_hints);
    return hints;
}

/* Functions of known extent: FDEs, and symbols where no FDE is.  Both are ascending here; of what
 * overlaps, the first and, at one address, the FDE stays. */
static void find_spans(struct discovery *discovery, const struct code_hint **hints) {
    size_t count = discovery->input->hint_count;
    struct span *fdes = arena_alloc(discovery->arena, (count + 1) * sizeof *fdes);
    size_t fde_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct code_hint *hint = hints[i];
        if (hint->evidence == EVIDENCE_FDE && hint->size &&
            (!fde_count || hint->address >= fdes[fde_count - 1].end) &&
            hint->address + hint->size > hint->address)
            fdes[fde_count++] = (struct span){hint->address, hint->address + hint->size};
    }
    discovery->spans = arena_alloc(discovery->arena, (count + 1) * sizeof *discovery->spans);
    size_t fde = 0, *used = &discovery->span_count;
    for (size_t i = 0; i < count; i++) {
        const struct code_hint *hint = hints[i];
        if (hint->evidence != EVIDENCE_SYMBOL || !hint->size ||
            hint->address + hint->size <= hint->address)
            continue;
        while (fde < fde_count && fdes[fde].start <= hint->address)
            discovery->spans[(*used)++] = fdes[fde++];
        struct span span = {hint->address, hint->address + hint->size};
        if ((!*used || span.start >= discovery->spans[*used - 1].end) &&
            (fde == fde_count || span.end <= fdes[fde].start))
            discovery->spans[(*used)++] = span;
    }
    while (fde < fde_count)
        discovery->spans[(*used)++] = fdes[fde++];
}

static void follow_hints(struct discovery *discovery, const struct code_hint **hints) {
    for (size_t i = 0; i < discovery->input->hint_count; i++) {
        const struct code_hint *hint = hints[i];
        struct code_range *range = range_of(discovery, hint->address);
        struct span span;
        if (!range)
            continue;
        bool inside = span_of(discovery, hint->address, &span) && span.start != hint->address;
        switch (hint->evidence) {
        case EVIDENCE_RELOCATION:
            if (inside)
                push_taken(discovery, hint->address, false);
            break; /* see follow_relocations */
        case EVIDENCE_ADDRESS:
            push_taken(discovery, hint->address, false);
            break;
        case EVIDENCE_PROFILE:
            if (inside)
                push(discovery, hint->address);
            else
                push_function(discovery, hint->address, hint->evidence);
            break;
        default:
            push_function(discovery, hint->address, hint->evidence);
            break;
        }
    }
}

/* Relocated addresses outside of functions of known extent.  Nearly all are functions; those in the
 * middle of straight code, which ascending order tells, are labels. */
static void follow_relocations(struct discovery *discovery, const struct code_hint **hints) {
    for (size_t i = 0; i < discovery->input->hint_count; i++) {
        uint32_t address = hints[i]->address;
        struct span span;
        if (hints[i]->evidence != EVIDENCE_RELOCATION || !range_of(discovery, address) ||
            (span_of(discovery, address, &span) && span.start != address))
            continue;
        if (is_fallen_into(discovery, address))
            push_taken(discovery, address, false);
        else
            push_function(discovery, address, EVIDENCE_RELOCATION);
        follow_all(discovery);
    }
}

/* Bounds of what was decoded so far.  Taken addresses outside of them are data: constants in an
 * executable segment that also holds .rodata, for instance. */
static void find_code_bounds(struct discovery *discovery) {
    discovery->code_start = UINT32_MAX;
    discovery->code_end = 0;
    for (size_t i = 0; i < discovery->range_count; i++) {
        const struct code_range *range = &discovery->ranges[i];
        size_t slots = slot_of(range, range->end), first = 0, last = slots;
        while (first < slots && !range->insns[first])
            first++;
        while (last > first && !range->insns[last - 1])
            last--;
        if (first == last)
            continue;
        uint32_t start = range->start + INSN_ALIGNMENT * (uint32_t)first;
        uint32_t end = range->start + INSN_ALIGNMENT * (uint32_t)last;
        if (start < discovery->code_start)
            discovery->code_start = start;
        if (end > discovery->code_end)
            discovery->code_end = end;
    }
}

static void add_ranges(struct discovery *discovery) {
    const struct translator_input *input = discovery->input;
    discovery->ranges =
        arena_alloc(discovery->arena, (input->segment_count + 1) * sizeof *discovery->ranges);
    for (size_t i = 0; i < input->segment_count; i++) {
        const struct code_segment *segment = &input->segments[i];
        const uint32_t mask = ~(uint32_t)(INSN_ALIGNMENT - 1);
        uint32_t start = (segment->address + INSN_ALIGNMENT - 1) & mask;
        uint32_t skipped = start - segment->address;
        if (!segment->executable || segment->size < skipped + INSN_ALIGNMENT)
            continue;
        uint32_t end = start + ((segment->size - skipped) & mask);
        if (end < start)
            continue;
        size_t slots = (end - start) / INSN_ALIGNMENT;
        discovery->ranges[discovery->range_count++] = (struct code_range){
            .start = start,
            .end = end,
            .bytes = segment->bytes + skipped,
            .marks = arena_alloc(discovery->arena, slots),
            .insns = arena_alloc(discovery->arena, slots * sizeof(uint32_t)),
            .edges = arena_alloc(discovery->arena, slots * sizeof(uint32_t)),
        };
    }
}

bool discover(const struct translator_input *input, struct program *program, char *error,
              size_t error_size) {
    *program = (struct program){.input = input};
    struct discovery discovery = {.input = input, .arena = &program->arena};
    discovery.decoder = decoder_new();
    if (!discovery.decoder) {
        snprintf(error, error_size, "%s: cannot start the disassembler", input->path);
        return false;
    }
    const struct code_hint **hints = sort_hints(input, &program->arena);
    add_ranges(&discovery);
    add_named_data(&discovery);
    find_spans(&discovery, hints);
    follow_hints(&discovery, hints);
    follow_all(&discovery);
    follow_relocations(&discovery, hints);
    find_code_bounds(&discovery);
    find_pointers_in_data(&discovery);
    /* What is least certain comes last: one wrong target can spoil the analysis of other jumps. */
    do {
        do {
            do
                follow_all(&discovery);
            while (follow_jump_tables(&discovery, true));
            find_code_bounds(&discovery);
        } while (follow_taken_addresses(&discovery, false) ||
                 follow_taken_addresses(&discovery, true));
    } while (follow_jump_tables(&discovery, false));
    give_labels_to_jumps(&discovery);
    build_blocks(&discovery, program);
    build_functions(&discovery, program, hints);
    find_calls_without_return(program);
    decoder_free(discovery.decoder);
    free(discovery.chunks);
    free(discovery.edges);
    free(discovery.work);
    free(discovery.taken);
    free(discovery.jumps);
    return true;
}

void program_free(struct program *program) {
    arena_free(&program->arena);
    *program = (struct program){0};
}
