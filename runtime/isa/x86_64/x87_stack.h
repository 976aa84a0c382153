/* The register stack of the x87 unit, and how instructions end; for the files of x87.h. */
#ifndef C2W_X87_STACK_H
#define C2W_X87_STACK_H

#include "x87.h"

#define X87_TOP_SHIFT 11
#define X87_TOP_MASK (7 << X87_TOP_SHIFT)

static inline unsigned x87_top(const struct x87 *x87) { return x87->status >> X87_TOP_SHIFT & 7; }

/* Number of the register that is ST(i). */
static inline unsigned x87_register(const struct x87 *x87, unsigned i) {
    return (x87_top(x87) + i) & 7;
}

static inline bool x87_empty(const struct x87 *x87, unsigned i) {
    return !(x87->occupied >> x87_register(x87, i) & 1);
}

static inline struct floatx80 x87_read(const struct x87 *x87, unsigned i) {
    unsigned n = x87_register(x87, i);
    return (struct floatx80){x87->significand[n], x87->sign_exponent[n]};
}

static inline void x87_write(struct x87 *x87, unsigned i, struct floatx80 value) {
    unsigned n = x87_register(x87, i);
    x87->significand[n] = value.significand;
    x87->sign_exponent[n] = value.sign_exponent;
    x87->occupied |= (uint16_t)(1u << n);
}

static inline void x87_rotate(struct x87 *x87, unsigned by) {
    unsigned top = x87_register(x87, by);
    x87->status = (uint16_t)((x87->status & ~X87_TOP_MASK) | top << X87_TOP_SHIFT);
}

static inline void x87_free(struct x87 *x87, unsigned i) {
    x87->occupied &= (uint16_t)~(1u << x87_register(x87, i));
}

static inline void x87_pop(struct x87 *x87) {
    x87_free(x87, 0);
    x87_rotate(x87, 1);
}

static inline struct float_env x87_env(const struct x87 *x87) {
    return (struct float_env){.control = x87->control};
}

/* Sets the condition bits in `changed` to those in `bits`. */
static inline void x87_set_conditions(struct x87 *x87, unsigned changed, unsigned bits) {
    x87->status = (uint16_t)((x87->status & ~changed) | (bits & changed));
}

/* Error summary and busy bit follow from exceptions and masks. */
static inline void x87_summarise(struct x87 *x87) {
    bool pending = x87->status & ~x87->control & X87_EXCEPTIONS;
    x87->status &= (uint16_t)~(X87_ERROR_SUMMARY | X87_BUSY);
    if (pending)
        x87->status |= X87_ERROR_SUMMARY | X87_BUSY;
}

/* Moves what an operation raised, and C1, into the status word.  True: its result is written, and
 * the stack popped or pushed; an unmasked invalid, denormal or divide exception keeps the operation
 * from happening. */
static inline bool x87_raise(struct x87 *x87, const struct float_env *env) {
    bool happens = !x87_unmasked(env, X87_PRE_EXCEPTIONS);
    unsigned raised = env->raised;
    if (!happens)
        raised &= X87_PRE_EXCEPTIONS | X87_STACK_FAULT | (raised & X87_STACK_FAULT ? X87_C1 : 0u);
    x87_set_conditions(x87, X87_C1, raised);
    x87->status |= (uint16_t)(raised & (X87_EXCEPTIONS | X87_STACK_FAULT));
    x87_summarise(x87);
    return happens;
}

/* The exception of an empty register, and of a push onto an occupied one. */
static inline void env_underflow_stack(struct float_env *env) {
    env->raised = X87_INVALID | X87_STACK_FAULT;
}
static inline void env_overflow_stack(struct float_env *env) {
    env->raised = X87_INVALID | X87_STACK_FAULT | X87_C1;
}

/* Pushes the value of an operation that raised env. */
static inline void x87_push(struct x87 *x87, struct floatx80 value, struct float_env *env) {
    if (!x87_empty(x87, 7) && !(env->raised & X87_STACK_FAULT)) {
        env_overflow_stack(env);
        value = FLOATX80_INDEFINITE;
    }
    if (!x87_raise(x87, env))
        return;
    x87_rotate(x87, 7);
    x87_write(x87, 0, value);
}

/* ST(0) <op> operand of the eight operations that ModRM bits 3 to 5 name in D8, DC and DE: add,
 * multiply, compare, compare and pop, subtract, subtract reversed, divide, divide reversed.  The
 * result goes to ST(destination).  False: nothing was done. */
bool x87_arithmetic(struct x87 *x87, unsigned operation, struct floatx80 operand,
                    bool operand_empty, unsigned destination, struct float_env *env);

#endif
