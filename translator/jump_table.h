/* Symbolic evaluation of the instructions before an indirect jump (jump_table.c); what each
 * instruction does is in jump_table_GUEST.c. */
#ifndef C2W_JUMP_TABLE_H
#define C2W_JUMP_TABLE_H

#include "discover.h"

enum { MAX_PATH = 96, REGISTERS = 32, MAX_SYMBOLS = REGISTERS + 4 * MAX_PATH };
enum { NO_SYMBOL = -1 };

struct step {
    uint32_t address;
    const struct insn *insn;
    bool taken; /* a branch: the path goes to its target */
    bool merge; /* there are other ways to what follows */
};

struct value {
    int64_t constant;
    int64_t scale;  /* of the symbol */
    int symbol;     /* or NO_SYMBOL */
    uint8_t width;  /* bytes of a table entry that is added, 0 = none */
    bool is_signed; /* the entry is sign-extended */
    int64_t table;  /* the entry is at table + scale * symbol */
    int self;       /* symbol that stands for the entry's value when it is computed with */
};

struct symbol {
    int64_t low;
    uint32_t count; /* values low .. low + count - 1; 0 = not bounded */
    bool compared;  /* by a branch; otherwise the count follows from a mask or the symbol's width */
    bool masked;    /* all of these values can occur if nothing else is known */
};

struct evaluation {
    const struct translator_input *input;
    struct value x[REGISTERS];
    struct symbol symbols[MAX_SYMBOLS];
    int symbol_count;
    const struct constants *limits; /* for registers that are unknown where the path begins */
    /* What the last comparison compared, for guests whose branches look at flags. */
    bool has_compared;
    struct value compared[2];
    /* The memory operand that was used last, for indexes that are compared in their stack slot. */
    bool has_slot;
    struct value slot_address, slot_value;
};

struct value constant_value(int64_t constant);
/* A new symbol with values 0 .. count - 1; count 0: any value. */
struct value fresh_value(struct evaluation *evaluation, uint32_t count);
/* What an unknown value is after an and. */
struct value masked_value(struct evaluation *evaluation, int32_t mask);
bool is_constant(struct value value);
struct value add_values(struct evaluation *evaluation, struct value a, struct value b);
struct value subtract_constant(struct evaluation *evaluation, struct value a, struct value b);
struct value shift_left(struct value value, int32_t amount);
struct value shift_right(struct evaluation *evaluation, struct value value, int32_t amount);
struct value load_value(struct evaluation *evaluation, struct value address, uint8_t width,
                        bool is_signed);
/* Learns from a < limit, where limit is a constant plus `more`. */
void learn_less(struct evaluation *evaluation, struct value a, struct value limit, int64_t more);
/* Nothing is known of the register any more. */
void forget_register(struct evaluation *evaluation, unsigned reg);

/* jump_table_GUEST.c: one step of the path, and the address that an indirect jump goes to. */
void evaluate_step(struct evaluation *evaluation, const struct step *step);
struct value evaluate_jump(struct evaluation *evaluation, const struct insn *jump);

#endif
