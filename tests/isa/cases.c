/* One-instruction cases for every row of ops.def, by its form and class. */
#include <stdlib.h>
#include <string.h>

#include "generate.h"

void append(struct buffer *buffer, const void *bytes, size_t size) {
    if (buffer->size + size > buffer->capacity) {
        buffer->capacity = (buffer->size + size) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes)
            abort();
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

static struct test_case *last_case(struct suite *suite) {
    return (struct test_case *)(suite->cases.bytes + suite->cases.size) - 1;
}

struct test_case *add_case(struct suite *suite, const char *text, const void *code, size_t size) {
    struct test_case test = {.first_record = suite->records.size / sizeof(struct record)};
    snprintf(test.text, sizeof test.text, "%s", text);
    test.code = malloc(size ? size : 1);
    if (!test.code)
        abort();
    memcpy(test.code, code, size);
    test.code_size = size;
    append(&suite->cases, &test, sizeof test);
    set_slots(last_case(suite), -1, -1, -1);
    return last_case(suite);
}

void set_slots(struct test_case *test, int first, int second, int third) {
    const int slots[3] = {first, second, third};
    for (int i = 0; i < 3; i++)
        test->slots[i] = (uint16_t)(slots[i] < 0 ? CONTROL_UNUSED : slots[i]);
}

void add_record(struct suite *suite, uint64_t first, uint64_t second, uint64_t third,
                uint64_t fcsr) {
    struct record record = {{first, second, third}, fcsr};
    append(&suite->records, &record, sizeof record);
    last_case(suite)->record_count++;
}

/* Any integer register that a case may use; x0, x1 and x2 are rare. */
static uint8_t pick_x(struct suite *suite) {
    uint8_t n = (uint8_t)random_below(suite, 32);
    if (n <= 2 && random_below(suite, 4))
        n = (uint8_t)(n + 10);
    return n == REG_CONTROL || n == 0 ? 6 : n;
}

static uint8_t pick_other_x(struct suite *suite, uint8_t a, uint8_t b) {
    uint8_t n;
    do
        n = pick_x(suite);
    while (n == a || n == b);
    return n;
}

static uint8_t pick_f(struct suite *suite) { return (uint8_t)random_below(suite, 32); }

static int slot_of(enum op op, int operand, uint8_t reg) {
    return reads_float(op, operand) ? SLOT_F(reg) : SLOT_X(reg);
}

static struct test_case *add_operation(struct suite *suite, enum op op, struct operands operands) {
    char text[64];
    uint32_t word = assemble(op, operands);
    describe(op, operands, text);
    suite->covered[op] = true;
    return add_case(suite, text, &word, sizeof word);
}

static struct values values_of(enum op op, int operand) {
    if (!reads_float(op, operand))
        return integer_values;
    return is_double(op) ? double_values : single_values;
}

static uint64_t random_operand(struct suite *suite, enum op op, int operand) {
    return reads_float(op, operand) ? random_float(suite, is_double(op)) : random_integer(suite);
}

/* All pairs of values in the full tier, a sample of them otherwise; then random pairs. */
static void add_pairs(struct suite *suite, enum op op, uint64_t fcsr, unsigned sample) {
    struct values a = values_of(op, 1), b = values_of(op, 2);
    if (suite->options->full) {
        for (size_t i = 0; i < a.count; i++)
            for (size_t j = 0; j < b.count; j++)
                add_record(suite, a.list[i], b.list[j], 0, fcsr);
    } else {
        for (unsigned i = 0; i < sample; i++)
            add_record(suite, a.list[random_below(suite, (uint32_t)a.count)],
                       b.list[random_below(suite, (uint32_t)b.count)], 0, fcsr);
    }
    for (unsigned i = 0; i < sample / 2; i++)
        add_record(suite, random_operand(suite, op, 1), random_operand(suite, op, 2), 0, fcsr);
}

static void add_singles(struct suite *suite, enum op op, uint64_t fcsr, unsigned extra) {
    struct values a = values_of(op, 1);
    for (size_t i = 0; i < a.count; i++)
        add_record(suite, a.list[i], 0, 0, fcsr);
    for (unsigned i = 0; i < extra; i++)
        add_record(suite, random_operand(suite, op, 1), 0, 0, fcsr);
}

/* rd, rs1, rs2 of integer operations: distinct, equal in all ways, x0 in each place. */
static void add_register_forms(struct suite *suite, enum op op) {
    const struct values v = integer_values;
    for (int form = 0; form < 8; form++) {
        struct operands o = {0};
        o.rs1 = pick_x(suite);
        o.rs2 = pick_other_x(suite, o.rs1, o.rs1);
        o.rd = pick_other_x(suite, o.rs1, o.rs2);
        if (form == 1)
            o.rd = o.rs1;
        if (form == 2)
            o.rd = o.rs2;
        if (form == 3)
            o.rs2 = o.rs1;
        if (form == 4)
            o.rd = o.rs2 = o.rs1;
        if (form == 5)
            o.rd = 0;
        if (form == 6)
            o.rs1 = 0;
        if (form == 7)
            o.rs2 = 0;
        struct test_case *test = add_operation(suite, op, o);
        set_slots(test, o.rs1 ? SLOT_X(o.rs1) : -1, o.rs2 ? SLOT_X(o.rs2) : -1, -1);
        if (form == 0)
            add_pairs(suite, op, 0, 24);
        for (unsigned i = 0; form && i < 6; i++)
            add_record(suite, v.list[random_below(suite, (uint32_t)v.count)], random_integer(suite),
                       0, 0);
    }
}

static void add_immediate_forms(struct suite *suite, enum op op, const int32_t *list,
                                size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct operands o = {.rd = pick_x(suite), .rs1 = pick_x(suite), .imm = list[i]};
        if (i % 4 == 1)
            o.rd = o.rs1;
        if (i % 8 == 6)
            o.rd = 0;
        if (i % 8 == 7)
            o.rs1 = 0;
        set_slots(add_operation(suite, op, o), o.rs1 ? SLOT_X(o.rs1) : -1, -1, -1);
        for (size_t k = 0; k < integer_values.count; k++)
            if (suite->options->full || k % 5 == i % 5)
                add_record(suite, integer_values.list[k], 0, 0, 0);
        add_record(suite, random_bits(suite), 0, 0, 0);
    }
}

static const int32_t displacements[] = {0, 8, 1, -8, -3, 2047, -2048, 40};

/* Loads: every displacement, every misalignment, base equal to the destination. */
static void add_load_forms(struct suite *suite, enum op op) {
    for (size_t i = 0; i < sizeof displacements / sizeof *displacements; i++) {
        struct operands o = {.rs1 = pick_x(suite), .imm = displacements[i]};
        o.rd = writes_float(op) ? pick_f(suite) : pick_x(suite);
        if (!writes_float(op) && i % 4 == 1)
            o.rd = o.rs1;
        if (!writes_float(op) && i == 6)
            o.rd = 0;
        set_slots(add_operation(suite, op, o), SLOT_X(o.rs1), CONTROL_WINDOW + 24,
                  CONTROL_WINDOW + 32);
        for (unsigned k = 0; k < 9; k++)
            add_record(suite, WINDOW_ADDRESS + 24 + k - (uint64_t)(int64_t)o.imm,
                       random_integer(suite), random_integer(suite), 0);
    }
}

static void add_store_forms(struct suite *suite, enum op op) {
    bool is_float = ops[op].form == FORM_FP_STORE;
    for (size_t i = 0; i < sizeof displacements / sizeof *displacements; i++) {
        struct operands o = {.rs1 = pick_x(suite), .imm = displacements[i]};
        o.rs2 = is_float ? pick_f(suite) : pick_x(suite);
        if (!is_float && i == 3)
            o.rs2 = o.rs1;
        if (!is_float && i == 5)
            o.rs2 = 0;
        bool value = is_float || (o.rs2 && o.rs2 != o.rs1);
        set_slots(add_operation(suite, op, o), SLOT_X(o.rs1), value ? slot_of(op, 2, o.rs2) : -1,
                  -1);
        for (unsigned k = 0; k < 9; k++)
            add_record(suite, WINDOW_ADDRESS + 24 + k - (uint64_t)(int64_t)o.imm,
                       random_operand(suite, op, 2), 0, 0);
    }
}

/* The instruction under test jumps over an instruction that changes x28 (or not). */
static uint32_t marker(void) {
    return assemble(OP_xori, (struct operands){.rd = 28, .rs1 = 28, .imm = 1});
}

static uint32_t jump(int32_t distance) {
    return assemble(OP_jal, (struct operands){.rd = 0, .imm = distance});
}

static void add_branch_forms(struct suite *suite, enum op op) {
    for (int form = 0; form < 5; form++) {
        struct operands o = {.rs1 = pick_other_x(suite, 28, 28)};
        o.rs2 = form == 1 ? o.rs1 : form == 2 ? 0 : pick_other_x(suite, 28, o.rs1);
        if (form == 3) {
            o.rs2 = o.rs1;
            o.rs1 = 0;
        }
        bool backward = form == 4;
        o.imm = backward ? -8 : 8;
        char text[64];
        describe(op, o, text);
        uint32_t forward_code[] = {assemble(op, o), marker()};
        /* jump to the branch; taken: marker, leave; not taken: leave */
        uint32_t backward_code[] = {jump(12), marker(), jump(8), assemble(op, o)};
        struct test_case *test = backward
                                     ? add_case(suite, text, backward_code, sizeof backward_code)
                                     : add_case(suite, text, forward_code, sizeof forward_code);
        suite->covered[op] = true;
        bool second = o.rs2 && o.rs2 != o.rs1;
        set_slots(test, o.rs1 ? SLOT_X(o.rs1) : -1, second ? SLOT_X(o.rs2) : -1, -1);
        if (form == 3)
            set_slots(test, SLOT_X(o.rs2), -1, -1);
        if (form == 0)
            add_pairs(suite, op, 0, 24);
        for (unsigned i = 0; form && i < 8; i++) {
            uint64_t value = random_integer(suite);
            add_record(suite, value, i % 3 ? random_integer(suite) : value, 0, 0);
        }
    }
}

static void add_jump_forms(struct suite *suite) {
    static const uint8_t links[] = {0, 1, 5, 10, 2, 31};
    for (size_t i = 0; i < sizeof links; i++) {
        char text[64];
        struct operands o = {.rd = links[i], .imm = 8};
        uint32_t forward[] = {assemble(OP_jal, o), marker()};
        describe(OP_jal, o, text);
        add_case(suite, text, forward, sizeof forward);
        add_record(suite, 0, 0, 0, 0);
        o.imm = -8;
        uint32_t backward[] = {jump(12), marker(), jump(8), assemble(OP_jal, o)};
        describe(OP_jal, o, text);
        add_case(suite, text, backward, sizeof backward);
        add_record(suite, 0, 0, 0, 0);
    }
    /* jalr: base from auipc; link, no link, link register equal to the base, odd target. */
    static const struct {
        uint8_t rd, rs1;
        int32_t imm;
    } forms[] = {{0, 6, 12}, {1, 7, 12}, {5, 5, 12}, {1, 1, 12}, {10, 11, 13}, {0, 31, 13}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[64];
        struct operands o = {.rd = forms[i].rd, .rs1 = forms[i].rs1, .imm = forms[i].imm};
        uint32_t code[] = {assemble(OP_auipc, (struct operands){.rd = forms[i].rs1}),
                           assemble(OP_jalr, o), marker()};
        describe(OP_jalr, o, text);
        add_case(suite, text, code, sizeof code);
        add_record(suite, 0, 0, 0, 0);
    }
    suite->covered[OP_jal] = suite->covered[OP_jalr] = true;
}

static void add_upper_forms(struct suite *suite, enum op op) {
    static const uint32_t list[] = {0, 1, 0x7ffff, 0x80000, 0xfffff, 0x12345, 0xabcde};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        add_operation(
            suite, op,
            (struct operands){.rd = i == 1 ? 0 : pick_x(suite), .imm = (int32_t)(list[i] << 12)});
        add_record(suite, 0, 0, 0, 0);
    }
}

static void add_csr_forms(struct suite *suite, enum op op) {
    static const uint16_t registers[] = {CSR_FFLAGS, CSR_FRM, CSR_FCSR};
    static const uint64_t starts[] = {0, 0x1f, 0x20, 0x75, 0xff};
    static const uint8_t immediates[] = {0, 1, 4, 10, 31};
    bool immediate = ops[op].form == FORM_CSRI;
    for (int c = 0; c < 3; c++) {
        for (int form = 0; form < 5; form++) {
            struct operands o = {.rd = pick_x(suite), .imm = registers[c]};
            o.rs1 = immediate ? immediates[form] : form == 1 ? 0 : form == 2 ? o.rd : pick_x(suite);
            if (form == 3)
                o.rd = 0;
            set_slots(add_operation(suite, op, o), immediate || !o.rs1 ? -1 : SLOT_X(o.rs1), -1,
                      -1);
            for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
                for (uint64_t value = 0; value < (immediate || !o.rs1 ? 1 : 5); value++)
                    add_record(suite, value == 4 ? random_bits(suite) : value * 0x35, 0, 0,
                               starts[i]);
        }
    }
}

/* fsflags-style programs: an operation that raises flags, then a read of them. */
static void add_flag_reads(struct suite *suite) {
    static const enum op raising[] = {OP_fdiv_d, OP_fadd_s, OP_fsqrt_d,
                                      OP_feq_d,  OP_flt_s,  OP_fcvt_w_d};
    for (size_t i = 0; i < sizeof raising / sizeof *raising; i++) {
        enum op op = raising[i];
        struct operands o = {.rd = 9, .rs1 = 10, .rs2 = 11, .rm = 0};
        if (ops[op].class == CLASS_FP_ROUNDED)
            o.rm = ROUNDING_DYNAMIC;
        char text[80];
        describe(op, o, text);
        strcat(text, "; frflags");
        uint32_t code[] = {assemble(op, o),
                           assemble(OP_csrrs, (struct operands){.rd = 12, .imm = CSR_FFLAGS})};
        set_slots(add_case(suite, text, code, sizeof code), SLOT_F(10), SLOT_F(11), -1);
        struct values v = values_of(op, 1);
        for (unsigned k = 0; k < 40; k++)
            add_record(suite, v.list[random_below(suite, (uint32_t)v.count)],
                       v.list[random_below(suite, (uint32_t)v.count)], 0, k & 1 ? 0x10 : 0);
    }
}

static void add_amo_forms(struct suite *suite, enum op op) {
    for (int form = 0; form < 6; form++) {
        struct operands o = {.rs1 = pick_x(suite), .rm = (uint8_t)(form & 3)};
        o.rs2 = form == 5 ? 0 : pick_other_x(suite, o.rs1, o.rs1);
        o.rd = form == 1   ? o.rs1
               : form == 2 ? o.rs2
               : form == 4 ? 0
                           : pick_other_x(suite, o.rs1, o.rs2);
        set_slots(add_operation(suite, op, o), SLOT_X(o.rs1), o.rs2 ? SLOT_X(o.rs2) : -1,
                  CONTROL_WINDOW + 16);
        bool is_word = !is_double(op);
        for (unsigned i = 0; i < (suite->options->full ? 40u : 10u); i++)
            add_record(suite, WINDOW_ADDRESS + 16 + (is_word && i % 2 ? 4 : 0),
                       random_integer(suite), random_integer(suite), 0);
    }
}

/* LR/SC pairs: success, another address, no reservation left, aq and rl bits. */
static void add_reservation_forms(struct suite *suite, enum op lr, enum op sc) {
    static const struct {
        const char *text;
        bool again, elsewhere;
    } forms[] = {
        {"pair", false, false}, {"second sc", true, false}, {"other address", false, true}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        for (uint8_t order = 0; order < 4; order++) {
            char text[120], load[64], store[64];
            struct operands l = {.rd = 10, .rs1 = 11, .rm = order};
            struct operands s = {.rd = 12, .rs1 = 11, .rs2 = 13, .rm = order};
            struct operands t = {.rd = 14, .rs1 = 15, .rs2 = 13, .rm = order};
            describe(lr, l, load);
            describe(sc, s, store);
            snprintf(text, sizeof text, "%.50s; %.50s (%s)", load, store, forms[i].text);
            t.rs1 = forms[i].again ? 11 : 15;
            uint32_t pair[] = {assemble(lr, l), assemble(sc, s)};
            uint32_t triple[] = {assemble(lr, l), assemble(sc, s), assemble(sc, t)};
            uint32_t other[] = {assemble(lr, l),
                                assemble(OP_addi, (struct operands){.rd = 15, .rs1 = 11, .imm = 8}),
                                assemble(sc, t), assemble(sc, s)};
            if (forms[i].again)
                add_case(suite, text, triple, sizeof triple);
            else if (forms[i].elsewhere)
                add_case(suite, text, other, sizeof other);
            else
                add_case(suite, text, pair, sizeof pair);
            set_slots(last_case(suite), SLOT_X(11), SLOT_X(13), CONTROL_WINDOW + 16);
            for (unsigned k = 0; k < 4; k++)
                add_record(suite, WINDOW_ADDRESS + 16, random_integer(suite), random_integer(suite),
                           0);
        }
    }
    suite->covered[lr] = suite->covered[sc] = true;
}

/* Operands of a*b+c that cancel: c is the rounded negative product, or a neighbour of it. */
static void add_cancelling_triple(struct suite *suite, bool is_double_precision, uint64_t fcsr) {
    uint64_t a = random_float(suite, is_double_precision),
             b = random_float(suite, is_double_precision), c;
    if (is_double_precision) {
        double x, y, z;
        memcpy(&x, &a, 8);
        memcpy(&y, &b, 8);
        z = -(x * y);
        memcpy(&c, &z, 8);
        c += random_below(suite, 3) - 1;
        if (random_below(suite, 4) == 0)
            c = (c & 0x800fffffffffffff) | ((c >> 52) + random_below(suite, 110) - 55) % 0x7ff
                                               << 52;
    } else {
        uint32_t x_bits = (uint32_t)a, y_bits = (uint32_t)b, z_bits;
        float x, y, z;
        memcpy(&x, &x_bits, 4);
        memcpy(&y, &y_bits, 4);
        z = -(x * y);
        memcpy(&z_bits, &z, 4);
        z_bits += random_below(suite, 3) - 1;
        if (random_below(suite, 4) == 0)
            z_bits = (z_bits & 0x807fffff) |
                     ((z_bits >> 23 & 0xff) + random_below(suite, 52) - 26) % 0xff << 23;
        c = 0xffffffff00000000 | z_bits;
    }
    add_record(suite, a, b, c, fcsr);
}

static void add_triples(struct suite *suite, enum op op, uint64_t fcsr, unsigned count) {
    struct values v = values_of(op, 1);
    for (unsigned i = 0; i < count; i++) {
        if (i % 3 == 0)
            add_cancelling_triple(suite, is_double(op), fcsr);
        else if (i % 3 == 1)
            add_record(suite, v.list[random_below(suite, (uint32_t)v.count)],
                       v.list[random_below(suite, (uint32_t)v.count)],
                       v.list[random_below(suite, (uint32_t)v.count)], fcsr);
        else
            add_record(suite, random_operand(suite, op, 1), random_operand(suite, op, 2),
                       random_operand(suite, op, 3), fcsr);
    }
}

static void add_float_records(struct suite *suite, enum op op, uint64_t fcsr, bool first) {
    bool full = suite->options->full;
    switch ((enum op_form)ops[op].form) {
    case FORM_FP_R4_RM:
        add_triples(suite, op, fcsr, full ? 400 : first ? 60 : 8);
        break;
    case FORM_FP_R:
    case FORM_FP_COMPARE:
    case FORM_FP_R_RM:
        if (full || first)
            add_pairs(suite, op, fcsr, 60);
        else
            for (int i = 0; i < 8; i++)
                add_record(suite, random_operand(suite, op, 1), random_operand(suite, op, 2), 0,
                           fcsr);
        break;
    default:
        add_singles(suite, op, fcsr, full ? 40 : 2);
        break;
    }
}

static struct operands float_operands(struct suite *suite, enum op op, uint8_t rm) {
    struct operands o = {.rm = rm};
    o.rd = writes_float(op) ? pick_f(suite) : pick_x(suite);
    o.rs1 = reads_float(op, 1) ? pick_f(suite) : pick_x(suite);
    o.rs2 = pick_f(suite);
    o.rs3 = pick_f(suite);
    while (o.rs2 == o.rs1 && reads_float(op, 2))
        o.rs2 = pick_f(suite);
    while ((o.rs3 == o.rs1 || o.rs3 == o.rs2) && reads_float(op, 3))
        o.rs3 = pick_f(suite);
    return o;
}

static void set_float_slots(struct suite *suite, enum op op, struct operands o) {
    set_slots(last_case(suite), slot_of(op, 1, o.rs1), reads_float(op, 2) ? SLOT_F(o.rs2) : -1,
              reads_float(op, 3) ? SLOT_F(o.rs3) : -1);
}

/* Exact operations once; rounded ones with every static mode and with every dynamic mode. */
static void add_float_forms(struct suite *suite, enum op op) {
    bool rounded = ops[op].class == CLASS_FP_ROUNDED;
    for (uint8_t rm = 0; rm <= ROUNDING_DYNAMIC; rm++) {
        if (rm == 5 || rm == 6 || (!rounded && rm))
            continue;
        struct operands o = float_operands(suite, op, rm);
        unsigned modes = rm == ROUNDING_DYNAMIC && !suite->options->no_rounding ? 5 : 1;
        add_operation(suite, op, o);
        set_float_slots(suite, op, o);
        for (uint64_t frm = 0; frm < modes; frm++)
            add_float_records(suite, op, frm << 5, rm == 0);
    }
    if (rounded && !suite->options->no_rounding) {
        /* A static mode wins over frm. */
        struct operands o = float_operands(suite, op, 1);
        add_operation(suite, op, o);
        set_float_slots(suite, op, o);
        for (int i = 0; i < 8; i++)
            add_record(suite, random_operand(suite, op, 1), random_operand(suite, op, 2),
                       random_operand(suite, op, 3), 3 << 5 | (i & 1 ? 0x1f : 0));
    }
    /* Destination equal to a source, and both sources equal. */
    struct operands o = float_operands(suite, op, rounded ? ROUNDING_DYNAMIC : 0);
    if (writes_float(op) && reads_float(op, 1))
        o.rd = o.rs1;
    if (reads_float(op, 2))
        o.rs2 = o.rs1;
    add_operation(suite, op, o);
    set_slots(last_case(suite), slot_of(op, 1, o.rs1), reads_float(op, 3) ? SLOT_F(o.rs3) : -1, -1);
    for (int i = 0; i < 20; i++)
        add_record(suite, random_operand(suite, op, 1), random_operand(suite, op, 3), 0, 0);
}

/* A system call that every kernel refuses: ENOSYS, everything else unchanged. */
static void add_system_case(struct suite *suite) {
    add_operation(suite, OP_ecall, (struct operands){0});
    set_slots(last_case(suite), SLOT_X(17), SLOT_X(10), -1);
    add_record(suite, 0x7ff, 5, 0, 0);
    suite->covered[OP_ebreak] = true; /* a signal: tests/guest/signals_fault.c */
}

static void add_row(struct suite *suite, enum op op) {
    static const int32_t immediates[] = {0, 1, -1, 2047, -2048, 32, -64, 0x555, 255, 128, -256};
    static const int32_t shifts[] = {0, 1, 31, 32, 63, 8, 16, 40, 48};
    static const int32_t word_shifts[] = {0, 1, 31, 8, 16, 24, 15, 30};
    switch ((enum op_class)ops[op].class) {
    case CLASS_INTEGER:
        if (ops[op].form == FORM_R) {
            add_register_forms(suite, op);
        } else if (ops[op].form == FORM_I) {
            add_immediate_forms(suite, op, immediates, sizeof immediates / sizeof *immediates);
        } else if (ops[op].form == FORM_SHIFT6) {
            add_immediate_forms(suite, op, shifts, sizeof shifts / sizeof *shifts);
        } else if (ops[op].form == FORM_SHIFT5) {
            add_immediate_forms(suite, op, word_shifts, sizeof word_shifts / sizeof *word_shifts);
        } else if (ops[op].form == FORM_U) {
            add_upper_forms(suite, op);
        } else {
            for (int form = 0; form < 3; form++) {
                struct operands o = {.rd = pick_x(suite), .rs1 = pick_x(suite)};
                if (form)
                    o.rd = form == 1 ? o.rs1 : 0;
                set_slots(add_operation(suite, op, o), SLOT_X(o.rs1), -1, -1);
                add_singles(suite, op, 0, form ? 0 : 100);
            }
        }
        break;
    case CLASS_LOAD:
        add_load_forms(suite, op);
        break;
    case CLASS_STORE:
        add_store_forms(suite, op);
        break;
    case CLASS_BRANCH:
        add_branch_forms(suite, op);
        break;
    case CLASS_JUMP:
        add_jump_forms(suite);
        break;
    case CLASS_JUMP_REGISTER:
        break;
    case CLASS_SYSTEM:
        if (op == OP_ecall)
            add_system_case(suite);
        break;
    case CLASS_CSR:
        add_csr_forms(suite, op);
        break;
    case CLASS_FENCE:
        add_operation(suite, op, (struct operands){.imm = op == OP_fence ? 0x0ff : 0});
        add_record(suite, 0, 0, 0, 0);
        break;
    case CLASS_ATOMIC:
        if (op == OP_lr_w)
            add_reservation_forms(suite, OP_lr_w, OP_sc_w);
        else if (op == OP_lr_d)
            add_reservation_forms(suite, OP_lr_d, OP_sc_d);
        else if (op != OP_sc_w && op != OP_sc_d)
            add_amo_forms(suite, op);
        break;
    case CLASS_FP:
    case CLASS_FP_ROUNDED:
        add_float_forms(suite, op);
        break;
    }
}

void add_operation_cases(struct suite *suite) {
    for (int op = OP_illegal + 1; op < OP_COUNT; op++)
        add_row(suite, (enum op)op);
    add_flag_reads(suite);
}
