/* x87 instructions between registers. */
#include "x87.h"

#include <stddef.h>

#include "x87_stack.h"

void x87_initialise(struct x87 *x87) {
    x87->control = X87_CONTROL_INITIAL;
    x87->status = 0;
    x87->occupied = 0;
    x87->opcode = 0;
    x87->ip = x87->dp = 0;
}

int x87_fault_code(const struct x87 *x87) {
    /* arch/x86/kernel/fpu/core.c, fpu__exception_code(); FPE_FLTDIV and so on of siginfo.h */
    static const struct {
        uint8_t exceptions, code;
    } rows[] = {
        {X87_INVALID, 7}, {X87_DIVIDE, 3}, {X87_OVERFLOW, 4}, {X87_DENORMAL | X87_UNDERFLOW, 5},
        {X87_INEXACT, 6},
    };
    unsigned pending = x87->status & ~x87->control;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (pending & rows[i].exceptions)
            return rows[i].code;
    return 0;
}

/* --- arithmetic and comparison --- */

enum arithmetic {
    ARITHMETIC_ADD,
    ARITHMETIC_MUL,
    ARITHMETIC_COM,
    ARITHMETIC_COMP,
    ARITHMETIC_SUB,
    ARITHMETIC_SUBR,
    ARITHMETIC_DIV,
    ARITHMETIC_DIVR,
};

static struct floatx80 compute(unsigned operation, struct floatx80 a, struct floatx80 b,
                               struct float_env *env) {
    switch (operation) {
    case ARITHMETIC_ADD:
        return floatx80_add(a, b, env);
    case ARITHMETIC_MUL:
        return floatx80_mul(a, b, env);
    case ARITHMETIC_SUB:
        return floatx80_sub(a, b, env);
    case ARITHMETIC_SUBR:
        return floatx80_sub(b, a, env);
    case ARITHMETIC_DIV:
        return floatx80_div(a, b, env);
    default:
        return floatx80_div(b, a, env);
    }
}

/* Compares ST(0) and b into C0, C2, C3, and pops `pops` registers. */
static bool compare(struct x87 *x87, struct floatx80 b, bool empty, bool quiet, unsigned pops,
                    struct float_env *env) {
    unsigned conditions = X87_C0 | X87_C2 | X87_C3;
    if (empty)
        env_underflow_stack(env);
    else
        conditions = floatx80_compare(x87_read(x87, 0), b, quiet, env);
    bool happens = x87_raise(x87, env);
    x87_set_conditions(x87, X87_C0 | X87_C2 | X87_C3, conditions);
    while (happens && pops--)
        x87_pop(x87);
    return happens;
}

bool x87_arithmetic(struct x87 *x87, unsigned operation, struct floatx80 operand,
                    bool operand_empty, unsigned destination, struct float_env *env) {
    bool empty = operand_empty || x87_empty(x87, 0);
    if (operation == ARITHMETIC_COM || operation == ARITHMETIC_COMP)
        return compare(x87, operand, empty, false, operation == ARITHMETIC_COMP, env);
    struct floatx80 result = FLOATX80_INDEFINITE;
    if (empty)
        env_underflow_stack(env);
    else
        result = compute(operation, x87_read(x87, 0), operand, env);
    bool happens = x87_raise(x87, env);
    if (happens)
        x87_write(x87, destination, result);
    return happens;
}

/* d8: to ST(0); dc: to ST(i); de: to ST(i), then pop. */
static void arithmetic_registers(struct x87 *x87, unsigned escape, unsigned modrm) {
    unsigned i = modrm & 7, operation = modrm >> 3 & 7;
    struct float_env env = x87_env(x87);
    bool happens = x87_arithmetic(x87, operation, x87_read(x87, i), x87_empty(x87, i),
                                  escape == 0xd8 ? 0 : i, &env);
    if (happens && escape == 0xde)
        x87_pop(x87);
}

static void compare_registers(struct x87 *x87, unsigned i, bool quiet, unsigned pops) {
    struct float_env env = x87_env(x87);
    compare(x87, x87_read(x87, i), x87_empty(x87, 0) || x87_empty(x87, i), quiet, pops, &env);
}

uint32_t x87_compare_flags(struct x87 *x87, unsigned escape, unsigned modrm) {
    enum { CF = 1, PF = 4, ZF = 64 };
    unsigned i = modrm & 7, c1 = x87->status & X87_C1;
    struct float_env env = x87_env(x87);
    unsigned conditions = X87_C0 | X87_C2 | X87_C3;
    if (x87_empty(x87, 0) || x87_empty(x87, i))
        env_underflow_stack(&env);
    else
        conditions = floatx80_compare(x87_read(x87, 0), x87_read(x87, i), modrm < 0xf0, &env);
    bool happens = x87_raise(x87, &env);
    if (!(env.raised & X87_STACK_FAULT))
        x87_set_conditions(x87, X87_C1, c1); /* it stays */
    if (happens && escape == 0xdf)
        x87_pop(x87);
    return (conditions & X87_C0 ? CF : 0u) | (conditions & X87_C2 ? PF : 0u) |
           (conditions & X87_C3 ? ZF : 0u);
}

/* --- moves --- */

static void load_register(struct x87 *x87, unsigned i) {
    struct float_env env = x87_env(x87);
    struct floatx80 value = x87_read(x87, i);
    if (x87_empty(x87, i)) {
        env_underflow_stack(&env);
        value = FLOATX80_INDEFINITE;
    }
    x87_push(x87, value, &env);
}

static void store_register(struct x87 *x87, unsigned i, bool pop) {
    struct float_env env = x87_env(x87);
    struct floatx80 value = x87_read(x87, 0);
    if (x87_empty(x87, 0)) {
        env_underflow_stack(&env);
        value = FLOATX80_INDEFINITE;
    }
    if (!x87_raise(x87, &env))
        return;
    x87_write(x87, i, value);
    if (pop)
        x87_pop(x87);
}

static void exchange(struct x87 *x87, unsigned i) {
    struct float_env env = x87_env(x87);
    struct floatx80 top = x87_empty(x87, 0) ? FLOATX80_INDEFINITE : x87_read(x87, 0);
    struct floatx80 other = x87_empty(x87, i) ? FLOATX80_INDEFINITE : x87_read(x87, i);
    if (x87_empty(x87, 0) || x87_empty(x87, i))
        env_underflow_stack(&env);
    if (!x87_raise(x87, &env))
        return;
    x87_write(x87, 0, other);
    x87_write(x87, i, top);
}

void x87_conditional_move(struct x87 *x87, unsigned modrm, bool condition) {
    unsigned i = modrm & 7;
    struct float_env env = x87_env(x87);
    struct floatx80 value = x87_read(x87, condition ? i : 0);
    env.raised = x87->status & X87_C1; /* it stays */
    if (x87_empty(x87, 0) || x87_empty(x87, i)) {
        env_underflow_stack(&env);
        value = FLOATX80_INDEFINITE;
    }
    if (x87_raise(x87, &env))
        x87_write(x87, 0, value);
}

static void free_register(struct x87 *x87, unsigned i, bool pop) {
    x87_free(x87, i);
    x87_set_conditions(x87, X87_C1, 0);
    if (pop)
        x87_pop(x87);
}

/* --- d9 d0 to ff: one or no operand --- */

typedef struct floatx80 unary_function(struct floatx80 a, struct float_env *env);

static void unary(struct x87 *x87, unary_function *function) {
    struct float_env env = x87_env(x87);
    struct floatx80 result = FLOATX80_INDEFINITE;
    if (x87_empty(x87, 0))
        env_underflow_stack(&env);
    else
        result = function(x87_read(x87, 0), &env);
    if (x87_raise(x87, &env))
        x87_write(x87, 0, result);
}

static struct floatx80 change_sign(struct floatx80 a, struct float_env *env) {
    (void)env;
    a.sign_exponent ^= 0x8000;
    return a;
}

static struct floatx80 absolute(struct floatx80 a, struct float_env *env) {
    (void)env;
    a.sign_exponent &= 0x7fff;
    return a;
}

static void nothing(struct x87 *x87) { (void)x87; }
static void change_sign_top(struct x87 *x87) { unary(x87, change_sign); }
static void absolute_top(struct x87 *x87) { unary(x87, absolute); }
static void exp2_minus_1_top(struct x87 *x87) { unary(x87, floatx80_exp2_minus_1); }
static void sqrt_top(struct x87 *x87) { unary(x87, floatx80_sqrt); }
static void round_top(struct x87 *x87) { unary(x87, floatx80_round_to_integer); }

static void test_top(struct x87 *x87) {
    struct float_env env = x87_env(x87);
    compare(x87, (struct floatx80){0, 0}, x87_empty(x87, 0), false, 0, &env);
}

static void examine_top(struct x87 *x87) {
    x87_set_conditions(x87, X87_CONDITIONS,
                       floatx80_examine(x87_read(x87, 0), x87_empty(x87, 0)));
}

static void load_constant(struct x87 *x87, unsigned modrm) {
    struct float_env env = x87_env(x87);
    x87_push(x87, floatx80_constant(modrm & 7, x87->control >> X87_ROUNDING_SHIFT & 3), &env);
}

/* ST(0) and ST(1) to ST(1), then pop. */
typedef struct floatx80 binary_function(struct floatx80 top, struct floatx80 next,
                                        struct float_env *env);
static void binary_pop(struct x87 *x87, binary_function *function) {
    struct float_env env = x87_env(x87);
    struct floatx80 result = FLOATX80_INDEFINITE;
    if (x87_empty(x87, 0) || x87_empty(x87, 1))
        env_underflow_stack(&env);
    else
        result = function(x87_read(x87, 0), x87_read(x87, 1), &env);
    if (!x87_raise(x87, &env))
        return;
    x87_write(x87, 1, result);
    x87_pop(x87);
}

static struct floatx80 arctan_operands(struct floatx80 x, struct floatx80 y,
                                       struct float_env *env) {
    return floatx80_arctan(y, x, env);
}
static void y_log2_top(struct x87 *x87) { binary_pop(x87, floatx80_y_log2); }
static void y_log2_plus_1_top(struct x87 *x87) { binary_pop(x87, floatx80_y_log2_plus_1); }
static void arctan_top(struct x87 *x87) { binary_pop(x87, arctan_operands); }

static void remainder_top(struct x87 *x87, bool nearest) {
    struct float_env env = x87_env(x87);
    struct floatx80 result = FLOATX80_INDEFINITE;
    unsigned conditions = x87->status & (X87_C0 | X87_C3);
    if (x87_empty(x87, 0) || x87_empty(x87, 1))
        env_underflow_stack(&env);
    else
        result = floatx80_remainder(x87_read(x87, 0), x87_read(x87, 1), nearest, &conditions, &env);
    x87_set_conditions(x87, X87_C2, 0);
    if (!x87_raise(x87, &env))
        return;
    x87_set_conditions(x87, X87_CONDITIONS, conditions);
    x87_write(x87, 0, result);
}
static void remainder_truncated(struct x87 *x87) { remainder_top(x87, false); }
static void remainder_nearest(struct x87 *x87) { remainder_top(x87, true); }

static void scale_top(struct x87 *x87) {
    struct float_env env = x87_env(x87);
    struct floatx80 result = FLOATX80_INDEFINITE;
    if (x87_empty(x87, 0) || x87_empty(x87, 1))
        env_underflow_stack(&env);
    else
        result = floatx80_scale(x87_read(x87, 0), x87_read(x87, 1), &env);
    if (x87_raise(x87, &env))
        x87_write(x87, 0, result);
}

/* Two results: ST(0) becomes `first`, then `second` is pushed. */
static void replace_and_push(struct x87 *x87, struct floatx80 first, struct floatx80 second,
                             struct float_env *env) {
    if (x87_empty(x87, 0) || !x87_empty(x87, 7)) {
        if (x87_empty(x87, 0))
            env_underflow_stack(env);
        else
            env_overflow_stack(env);
        first = second = FLOATX80_INDEFINITE;
    }
    if (!x87_raise(x87, env))
        return;
    x87_write(x87, 0, first);
    x87_rotate(x87, 7);
    x87_write(x87, 0, second);
}

static void extract_top(struct x87 *x87) {
    struct float_env env = x87_env(x87);
    struct floatx80 exponent, significand;
    significand = floatx80_extract(x87_read(x87, 0), &exponent, &env);
    replace_and_push(x87, exponent, significand, &env);
}

/* C2 says that the argument is out of range, the stack is then as it was. */
static void sine_top(struct x87 *x87, bool sine, bool cosine) {
    struct float_env env = x87_env(x87);
    struct floatx80 results[2] = {FLOATX80_INDEFINITE, FLOATX80_INDEFINITE};
    bool in_range = true;
    if (sine && cosine && !x87_empty(x87, 7))
        env_overflow_stack(&env);
    else if (x87_empty(x87, 0))
        env_underflow_stack(&env);
    else
        in_range = floatx80_sine(x87_read(x87, 0), sine ? &results[0] : NULL,
                                 cosine ? &results[1] : NULL, NULL, &env);
    x87_set_conditions(x87, X87_C1 | X87_C2, in_range ? 0 : X87_C2);
    if (!in_range)
        return;
    if (sine && cosine)
        replace_and_push(x87, results[0], results[1], &env);
    else if (x87_raise(x87, &env))
        x87_write(x87, 0, results[cosine]);
}
static void sine_only(struct x87 *x87) { sine_top(x87, true, false); }
static void cosine_only(struct x87 *x87) { sine_top(x87, false, true); }
static void sine_and_cosine(struct x87 *x87) { sine_top(x87, true, true); }

static void tangent_top(struct x87 *x87) {
    struct float_env env = x87_env(x87);
    struct floatx80 tangent = FLOATX80_INDEFINITE;
    bool in_range = true;
    if (!x87_empty(x87, 0) && x87_empty(x87, 7))
        in_range = floatx80_sine(x87_read(x87, 0), NULL, NULL, &tangent, &env);
    x87_set_conditions(x87, X87_C1 | X87_C2, in_range ? 0 : X87_C2);
    if (!in_range)
        return;
    bool is_nan = (tangent.sign_exponent & 0x7fff) == 0x7fff; /* a tangent is never infinite */
    replace_and_push(x87, tangent, is_nan ? tangent : floatx80_constant(0, X87_NEAREST_EVEN), &env);
}

static void decrement_top(struct x87 *x87) {
    x87_rotate(x87, 7);
    x87_set_conditions(x87, X87_C1, 0);
}
static void increment_top(struct x87 *x87) {
    x87_rotate(x87, 1);
    x87_set_conditions(x87, X87_C1, 0);
}

typedef void top_function(struct x87 *x87);
static top_function *const top_functions[48] = { /* by ModRM from 0xd0 */
    [0x00] = nothing,           [0x10] = change_sign_top,     [0x11] = absolute_top,
    [0x14] = test_top,          [0x15] = examine_top,         [0x20] = exp2_minus_1_top,
    [0x21] = y_log2_top,        [0x22] = tangent_top,         [0x23] = arctan_top,
    [0x24] = extract_top,       [0x25] = remainder_nearest,   [0x26] = decrement_top,
    [0x27] = increment_top,     [0x28] = remainder_truncated, [0x29] = y_log2_plus_1_top,
    [0x2a] = sqrt_top,          [0x2b] = sine_and_cosine,     [0x2c] = round_top,
    [0x2d] = scale_top,         [0x2e] = sine_only,           [0x2f] = cosine_only,
};

/* --- encodings --- */

enum register_form {
    FORM_NONE,
    FORM_ARITHMETIC,
    FORM_LOAD,
    FORM_EXCHANGE,
    FORM_TOP,
    FORM_CONSTANT,
    FORM_MOVE, /* FCMOVcc: x87_conditional_move */
    FORM_CONTROL,
    FORM_COMPARE_FLAGS, /* x87_compare_flags */
    FORM_COMPARE,
    FORM_COMPARE_POP,
    FORM_FREE,
    FORM_FREE_POP,
    FORM_STORE,
    FORM_STORE_POP,
    FORM_STORE_POP_QUIET, /* without a fault when ST(0) is empty */
    FORM_UNORDERED,
    FORM_UNORDERED_POP,
    FORM_ONE_OR_NONE, /* only some values of ModRM bits 0 to 2 */
};

/* By escape byte and ModRM bits 3 to 5; the aliases that the manual does not list are what every
 * processor has. */
static const uint8_t register_forms[8][8] = {
    {FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC,
     FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC},
    {FORM_LOAD, FORM_EXCHANGE, FORM_TOP, FORM_STORE_POP_QUIET, FORM_TOP, FORM_CONSTANT, FORM_TOP,
     FORM_TOP},
    {FORM_MOVE, FORM_MOVE, FORM_MOVE, FORM_MOVE, FORM_NONE, FORM_ONE_OR_NONE, FORM_NONE,
     FORM_NONE},
    {FORM_MOVE, FORM_MOVE, FORM_MOVE, FORM_MOVE, FORM_CONTROL, FORM_COMPARE_FLAGS,
     FORM_COMPARE_FLAGS, FORM_NONE},
    {FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_COMPARE, FORM_COMPARE_POP, FORM_ARITHMETIC,
     FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC},
    {FORM_FREE, FORM_EXCHANGE, FORM_STORE, FORM_STORE_POP, FORM_UNORDERED, FORM_UNORDERED_POP,
     FORM_NONE, FORM_NONE},
    {FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_COMPARE_POP, FORM_ONE_OR_NONE, FORM_ARITHMETIC,
     FORM_ARITHMETIC, FORM_ARITHMETIC, FORM_ARITHMETIC},
    {FORM_FREE_POP, FORM_EXCHANGE, FORM_STORE_POP, FORM_STORE_POP, FORM_ONE_OR_NONE,
     FORM_COMPARE_FLAGS, FORM_COMPARE_FLAGS, FORM_NONE},
};
#define FUCOMPP_MODRM 0xe9 /* da */
#define FCOMPP_MODRM 0xd9  /* de */
#define FNSTSW_MODRM 0xe0  /* df */
#define FNCLEX_MODRM 0xe2  /* db; 0xe0, 0xe1 and 0xe4 (FENI, FDISI, FSETPM) do nothing */
#define FNINIT_MODRM 0xe3
#define FSETPM_MODRM 0xe4

static enum register_form register_form(unsigned escape, unsigned modrm) {
    return register_forms[escape & 7][modrm >> 3 & 7];
}

bool x87_defined(unsigned escape, unsigned modrm) {
    if (modrm < 0xc0) {
        struct x87_operand size = x87_operand_size(escape, modrm, false);
        return size.load || size.store;
    }
    switch (register_form(escape, modrm)) {
    case FORM_NONE:
        return false;
    case FORM_TOP:
        return top_functions[modrm - 0xd0] != NULL;
    case FORM_CONSTANT:
        return (modrm & 7) < 7;
    case FORM_CONTROL:
        return modrm <= FSETPM_MODRM;
    case FORM_ONE_OR_NONE:
        return modrm == (escape == 0xda   ? FUCOMPP_MODRM
                         : escape == 0xde ? FCOMPP_MODRM
                                          : FNSTSW_MODRM);
    default:
        return true;
    }
}

bool x87_waits(unsigned escape, unsigned modrm) {
    unsigned reg = modrm >> 3 & 7;
    if (modrm < 0xc0) /* FNSTENV, FNSTCW; FNSAVE, FNSTSW */
        return !((escape == 0xd9 || escape == 0xdd) && (reg == 6 || reg == 7));
    return !((escape == 0xdb && reg == 4) || (escape == 0xdf && modrm == FNSTSW_MODRM));
}

void x87_operate(struct x87 *x87, unsigned escape, unsigned modrm) {
    unsigned i = modrm & 7;
    switch (register_form(escape, modrm)) {
    case FORM_ARITHMETIC:
        arithmetic_registers(x87, escape, modrm);
        break;
    case FORM_LOAD:
        load_register(x87, i);
        break;
    case FORM_EXCHANGE:
        exchange(x87, i);
        break;
    case FORM_TOP:
        top_functions[modrm - 0xd0](x87);
        break;
    case FORM_CONSTANT:
        load_constant(x87, modrm);
        break;
    case FORM_CONTROL:
        if (modrm == FNCLEX_MODRM)
            x87->status &= 0x7f00;
        else if (modrm == FNINIT_MODRM)
            x87_initialise(x87);
        break;
    case FORM_COMPARE:
        compare_registers(x87, i, false, 0);
        break;
    case FORM_COMPARE_POP:
        compare_registers(x87, i, false, 1);
        break;
    case FORM_FREE:
    case FORM_FREE_POP:
        free_register(x87, i, escape == 0xdf);
        break;
    case FORM_STORE:
    case FORM_STORE_POP:
        store_register(x87, i, register_form(escape, modrm) == FORM_STORE_POP);
        break;
    case FORM_STORE_POP_QUIET:
        if (x87_empty(x87, 0)) {
            x87_set_conditions(x87, X87_C1, 0);
            x87_pop(x87);
        } else {
            store_register(x87, i, true);
        }
        break;
    case FORM_UNORDERED:
        compare_registers(x87, i, true, 0);
        break;
    case FORM_UNORDERED_POP:
        compare_registers(x87, i, true, 1);
        break;
    default: /* FCOMPP, FUCOMPP; FNSTSW and what does not exist does not come here */
        compare_registers(x87, 1, escape == 0xda, 2);
        break;
    }
}
