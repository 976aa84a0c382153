/* Cases for the 16-bit forms (C extension), encoded by hand from the manual's chapter "C": the
 * uncompressed rows say nothing about them. */
#include "generate.h"

static uint16_t bit(int32_t value, int from, int to) {
    return (uint16_t)((value >> from & 1) << to);
}

static uint16_t field(int32_t value, int high, int low, int to) {
    return (uint16_t)((value >> low & ((2 << (high - low)) - 1)) << to);
}

/* Register numbers of the 3-bit fields: x8..x15, f8..f15. */
static uint16_t small(uint8_t reg, int at) { return (uint16_t)((reg - 8) << at); }

static uint16_t ci(uint16_t match, uint8_t rd, int32_t imm) {
    return (uint16_t)(match | bit(imm, 5, 12) | rd << 7 | field(imm, 4, 0, 2));
}

static uint16_t load_displacement(int32_t imm, bool wide) {
    return wide ? (uint16_t)(field(imm, 5, 3, 10) | field(imm, 7, 6, 5))
                : (uint16_t)(field(imm, 5, 3, 10) | bit(imm, 2, 6) | bit(imm, 6, 5));
}

static uint16_t stack_load(int32_t imm, bool wide) {
    return wide ? (uint16_t)(bit(imm, 5, 12) | field(imm, 4, 3, 5) | field(imm, 8, 6, 2))
                : (uint16_t)(bit(imm, 5, 12) | field(imm, 4, 2, 4) | field(imm, 7, 6, 2));
}

static uint16_t stack_store(int32_t imm, bool wide) {
    return wide ? (uint16_t)(field(imm, 5, 3, 10) | field(imm, 8, 6, 7))
                : (uint16_t)(field(imm, 5, 2, 9) | field(imm, 7, 6, 7));
}

static uint16_t branch_distance(int32_t imm) {
    return (uint16_t)(bit(imm, 8, 12) | field(imm, 4, 3, 10) | field(imm, 7, 6, 5) |
                      field(imm, 2, 1, 3) | bit(imm, 5, 2));
}

static uint16_t jump_distance(int32_t imm) {
    return (uint16_t)(bit(imm, 11, 12) | bit(imm, 4, 11) | field(imm, 9, 8, 9) | bit(imm, 10, 8) |
                      bit(imm, 6, 7) | bit(imm, 7, 6) | field(imm, 3, 1, 3) | bit(imm, 5, 2));
}

static struct test_case *add_half(struct suite *suite, const char *name, uint16_t half) {
    char text[64];
    snprintf(text, sizeof text, "%s (%04x)", name, half);
    return add_case(suite, text, &half, sizeof half);
}

static void add_integers(struct suite *suite, bool all) {
    for (size_t i = 0; i < integer_values.count; i++)
        if (all || i % 6 == 0)
            add_record(suite, integer_values.list[i], random_integer(suite), 0, 0);
    add_record(suite, random_bits(suite), random_bits(suite), 0, 0);
}

/* rd op= immediate. */
static void add_immediates(struct suite *suite) {
    static const int32_t immediates[] = {1, -1, 31, -32, 5, 16, -17};
    static const struct {
        const char *name;
        uint16_t match;
        bool zero; /* an immediate of 0 is valid */
    } forms[] = {{"c.addi", 0x0001, true},
                 {"c.addiw", 0x2001, true},
                 {"c.li", 0x4001, true},
                 {"c.lui", 0x6001, false}};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        for (size_t i = 0; i < sizeof immediates / sizeof *immediates; i++) {
            uint8_t rd = (uint8_t)(5 + random_below(suite, 27));
            set_slots(add_half(suite, forms[f].name, ci(forms[f].match, rd, immediates[i])),
                      SLOT_X(rd), -1, -1);
            add_integers(suite, i < 2);
        }
        if (forms[f].zero) {
            set_slots(add_half(suite, forms[f].name, ci(forms[f].match, 7, 0)), SLOT_X(7), -1, -1);
            add_integers(suite, true);
        }
        if (forms[f].match != 0x2001) { /* hints that write x0; c.addi: c.nop */
            add_half(suite, forms[f].name, ci(forms[f].match, 0, 3));
            add_record(suite, 0, 0, 0, 0);
        }
    }
    add_half(suite, "c.nop", 0x0001);
    add_record(suite, 0, 0, 0, 0);
    static const int32_t stack[] = {16, -16, 496, -512, 32, 64, 128, 256};
    for (size_t i = 0; i < sizeof stack / sizeof *stack; i++) {
        int32_t n = stack[i];
        add_half(suite, "c.addi16sp",
                 (uint16_t)(0x6101 | bit(n, 9, 12) | bit(n, 4, 6) | bit(n, 6, 5) |
                            field(n, 8, 7, 3) | bit(n, 5, 2)));
        add_record(suite, 0, 0, 0, 0);
    }
    static const int32_t spans[] = {4, 8, 16, 32, 64, 128, 256, 512, 1020};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        int32_t n = spans[i];
        add_half(suite, "c.addi4spn",
                 (uint16_t)(0x0000 | field(n, 5, 4, 11) | field(n, 9, 6, 7) | bit(n, 2, 6) |
                            bit(n, 3, 5) | small((uint8_t)(8 + i % 8), 2)));
        add_record(suite, 0, 0, 0, 0);
    }
    static const int32_t shifts[] = {1, 31, 32, 63, 12};
    for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
        uint8_t rd = (uint8_t)(8 + random_below(suite, 8));
        uint16_t prime = small(rd, 7),
                 n = (uint16_t)(bit(shifts[i], 5, 12) | field(shifts[i], 4, 0, 2));
        set_slots(add_half(suite, "c.srli", (uint16_t)(0x8001 | prime | n)), SLOT_X(rd), -1, -1);
        add_integers(suite, true);
        set_slots(add_half(suite, "c.srai", (uint16_t)(0x8401 | prime | n)), SLOT_X(rd), -1, -1);
        add_integers(suite, true);
        set_slots(add_half(suite, "c.andi", (uint16_t)(0x8801 | prime | n)), SLOT_X(rd), -1, -1);
        add_integers(suite, true);
        set_slots(add_half(suite, "c.slli", ci(0x0002, (uint8_t)(rd + 10), shifts[i])),
                  SLOT_X(rd + 10), -1, -1);
        add_integers(suite, true);
    }
    add_half(suite, "c.slli (hint)", ci(0x0002, 0, 5));
    add_record(suite, 0, 0, 0, 0);
}

/* rd op= rs2. */
static void add_register_operations(struct suite *suite) {
    static const struct {
        const char *name;
        uint16_t match;
    } forms[] = {{"c.sub", 0x8c01}, {"c.xor", 0x8c21},  {"c.or", 0x8c41},
                 {"c.and", 0x8c61}, {"c.subw", 0x9c01}, {"c.addw", 0x9c21}};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        for (int i = 0; i < 3; i++) {
            uint8_t rd = (uint8_t)(8 + random_below(suite, 8));
            uint8_t rs2 = i == 2 ? rd : (uint8_t)(8 + (rd - 8 + 1 + random_below(suite, 7)) % 8);
            set_slots(add_half(suite, forms[f].name,
                               (uint16_t)(forms[f].match | small(rd, 7) | small(rs2, 2))),
                      SLOT_X(rd), rs2 == rd ? -1 : SLOT_X(rs2), -1);
            add_integers(suite, true);
        }
    }
    static const uint8_t pairs[][2] = {{5, 6}, {31, 1}, {10, 10}, {0, 9}, {1, 30}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        uint8_t rd = pairs[i][0], rs2 = pairs[i][1];
        int first = rd && rd != rs2 ? SLOT_X(rd) : -1;
        set_slots(add_half(suite, "c.mv", (uint16_t)(0x8002 | rd << 7 | rs2 << 2)), first,
                  SLOT_X(rs2), -1);
        add_integers(suite, true);
        set_slots(add_half(suite, "c.add", (uint16_t)(0x9002 | rd << 7 | rs2 << 2)), first,
                  SLOT_X(rs2), -1);
        add_integers(suite, true);
    }
}

static void add_memory(struct suite *suite) {
    static const struct {
        const char *name;
        uint16_t match;
        bool wide, store, is_float;
    } forms[] = {{"c.fld", 0x2000, true, false, true}, {"c.lw", 0x4000, false, false, false},
                 {"c.ld", 0x6000, true, false, false}, {"c.fsd", 0xa000, true, true, true},
                 {"c.sw", 0xc000, false, true, false}, {"c.sd", 0xe000, true, true, false}};
    static const int32_t displacements[] = {0, 4, 8, 16, 32, 64, 120};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        for (size_t i = 0; i < sizeof displacements / sizeof *displacements; i++) {
            int32_t n = displacements[i];
            if (forms[f].wide && n % 8)
                continue;
            uint8_t base = (uint8_t)(8 + random_below(suite, 8));
            uint8_t reg = (uint8_t)(8 + (base - 8 + 1 + random_below(suite, 7)) % 8);
            if (i == 3 && !forms[f].is_float)
                reg = base;
            int value = !forms[f].store     ? -1
                        : forms[f].is_float ? SLOT_F(reg)
                        : reg == base       ? -1
                                            : SLOT_X(reg);
            uint16_t half = (uint16_t)(forms[f].match | load_displacement(n, forms[f].wide) |
                                       small(base, 7) | small(reg, 2));
            set_slots(add_half(suite, forms[f].name, half), SLOT_X(base), value,
                      CONTROL_WINDOW + 24);
            for (uint64_t k = 0; k < 5; k++)
                add_record(suite, WINDOW_ADDRESS + 22 + k - (uint64_t)n, random_integer(suite),
                           random_integer(suite), 0);
        }
    }
    static const struct {
        const char *name;
        uint16_t match;
        bool wide, store, is_float;
    } stack[] = {{"c.fldsp", 0x2002, true, false, true}, {"c.lwsp", 0x4002, false, false, false},
                 {"c.ldsp", 0x6002, true, false, false}, {"c.fsdsp", 0xa002, true, true, true},
                 {"c.swsp", 0xc002, false, true, false}, {"c.sdsp", 0xe002, true, true, false}};
    static const int32_t spans[] = {0, 4, 8, 16, 32, 64, 128, 252, 256, 504};
    for (size_t f = 0; f < sizeof stack / sizeof *stack; f++) {
        for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
            int32_t n = spans[i];
            if (stack[f].wide ? n % 8 : n > 252)
                continue;
            uint8_t reg = (uint8_t)(stack[f].is_float ? random_below(suite, 32)
                                                      : 5 + random_below(suite, 27));
            uint16_t half =
                stack[f].store
                    ? (uint16_t)(stack[f].match | stack_store(n, stack[f].wide) | reg << 2)
                    : (uint16_t)(stack[f].match | stack_load(n, stack[f].wide) | reg << 7);
            int value = !stack[f].store ? -1 : stack[f].is_float ? SLOT_F(reg) : SLOT_X(reg);
            set_slots(add_half(suite, stack[f].name, half), SLOT_X(2), value, CONTROL_WINDOW + 24);
            add_record(suite, WINDOW_ADDRESS + 24 - (uint64_t)n, random_integer(suite),
                       random_integer(suite), 0);
        }
    }
}

/* Jumps over (or not over) an instruction that changes x28. */
static void add_jumps(struct suite *suite) {
    const uint32_t marker = assemble(OP_xori, (struct operands){.rd = 28, .rs1 = 28, .imm = 1});
    const uint16_t low = (uint16_t)marker, high = (uint16_t)(marker >> 16);
    for (uint8_t reg = 8; reg < 16; reg++) {
        for (int nonzero = 0; nonzero < 2; nonzero++) {
            uint16_t match = nonzero ? 0xe001 : 0xc001;
            /* forward over the marker; and backward: c.j to the branch, marker, c.j out, branch */
            uint16_t forward[] = {(uint16_t)(match | small(reg, 7) | branch_distance(6)), low,
                                  high};
            uint16_t backward[] = {(uint16_t)(0xa001 | jump_distance(8)), low, high,
                                   (uint16_t)(0xa001 | jump_distance(4)),
                                   (uint16_t)(match | small(reg, 7) | branch_distance(-6))};
            const char *name = nonzero ? "c.bnez" : "c.beqz";
            set_slots(add_case(suite, name, forward, sizeof forward), SLOT_X(reg), -1, -1);
            add_integers(suite, false);
            set_slots(add_case(suite, name, backward, sizeof backward), SLOT_X(reg), -1, -1);
            add_integers(suite, false);
        }
    }
    /* auipc gives the address for c.jr and c.jalr */
    static const uint8_t registers[] = {6, 1, 5, 31};
    for (size_t i = 0; i < sizeof registers; i++) {
        uint8_t reg = registers[i];
        uint32_t auipc = assemble(OP_auipc, (struct operands){.rd = reg});
        uint32_t addi = assemble(OP_addi, (struct operands){.rd = reg, .rs1 = reg, .imm = 14});
        for (int link = 0; link < 2; link++) {
            uint16_t code[] = {(uint16_t)auipc,
                               (uint16_t)(auipc >> 16),
                               (uint16_t)addi,
                               (uint16_t)(addi >> 16),
                               (uint16_t)((link ? 0x9002 : 0x8002) | reg << 7),
                               low,
                               high};
            add_case(suite, link ? "c.jalr" : "c.jr", code, sizeof code);
            add_record(suite, 0, 0, 0, 0);
        }
    }
}

void add_compressed_cases(struct suite *suite) {
    add_immediates(suite);
    add_register_operations(suite);
    add_memory(suite);
    add_jumps(suite);
}
