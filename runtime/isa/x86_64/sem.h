/* Semantics of x86-64 at level x86-64-v2, written once against the abstract values Bool, I8 to I64,
 * V128 and the float values of SSE.  Included by the interpreter (sem_eval.h: values are numbers)
 * and by the lifter (sem_build.h: values are LLVM values).  The primitives are listed in
 * sem_eval.h.
 *
 * Rules: one effectful primitive a statement (C leaves argument order open); every load, store and
 * check that can fault comes before the first register or flag write; a C `if` only on what is
 * known when decoding (fields of i), otherwise SEL; operand widths are literal where a macro for a
 * width is used.  `i` is the decoded instruction, `form` its form and `segmented` whether its
 * address is more than a sum. */

/* The operands of width W as struct insn describes them. */
#define SRC(W)                                                                                     \
    (form & FORM_IMMEDIATE    ? C##W(i->imm)                                                       \
     : form & FORM_MEMORY_SRC ? LOAD##W(ADDRESS())                                                 \
                              : R##W(i->rm))
#define DST(W) (form & FORM_MEMORY_DST ? LOAD##W(ADDRESS()) : R##W(i->reg))
#define WRITE_DST(W, value)                                                                        \
    do {                                                                                           \
        if (form & FORM_MEMORY_DST)                                                                \
            STORE##W(ADDRESS(), value);                                                            \
        else                                                                                       \
            WR##W(i->reg, value);                                                                  \
    } while (0)

/* Expands a definition for the widths. */
#define WIDTHS_Y(definition) definition(32) definition(64)
#define WIDTHS_V(definition) definition(16) WIDTHS_Y(definition)
#define WIDTHS_B(definition) definition(8) WIDTHS_V(definition)
/* ... and for the conditions: definition(name, cc, W). */
#define CONDITIONS(definition, W)                                                                  \
    definition(o, CC_O, W) definition(no, CC_NO, W) definition(b, CC_B, W)                         \
        definition(ae, CC_AE, W) definition(e, CC_E, W) definition(ne, CC_NE, W)                   \
            definition(be, CC_BE, W) definition(a, CC_A, W) definition(s, CC_S, W)                 \
                definition(ns, CC_NS, W) definition(p, CC_P, W) definition(np, CC_NP, W)           \
                    definition(l, CC_L, W) definition(ge, CC_GE, W) definition(le, CC_LE, W)       \
                        definition(g, CC_G, W)

#include "sem_move.h"

#include "sem_integer.h"

#include "sem_bits.h"

#include "sem_control.h"

#include "sem_sse.h"

/* The lifter leaves these to the interpreter. */
#if !defined(SEM_WITHOUT_X87)
#include "sem_x87.h"
#endif
