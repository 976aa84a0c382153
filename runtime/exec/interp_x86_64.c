/* The interpreter of x86-64 code on c2w_cpu and guest memory.
 *
 * Operations that run often have a case in the loop for each form of their operands, control
 * transfers have one, all others are functions that one case calls. */
#include "interp_memory.h"

#define EVAL_STRING string_instruction
#define EVAL_RANGE range
#define EVAL_CYCLES() host_clock(1)
/* Lifted callers must not go on while it rounds otherwise. */
#define EVAL_MXCSR_WRITTEN()                                                                       \
    ((void)(guest_rounds_to_nearest() || (c2w_cpu.event |= EVENT_ROUNDING)))

#include "../isa/x86_64/sem_eval.h"

#include "string_x86_64.h"

/* Guest memory for a helper that accesses all of it; NULL after the fault. */
static void *range(const struct insn *insn, uint64_t address, unsigned size, int prot) {
    uint64_t forbidden;
    if (range_allowed(address, size, prot, &forbidden))
        return guest_pointer(address);
    raise_segv(insn, forbidden);
    return NULL;
}

#include "../isa/x86_64/sem.h"

/* --- handlers: what insn->handler can be --- */

/* The forms of operands in the order of the cases. */
#define FORMS(definition, id)                                                                      \
    definition(id, rr, FORM_REGISTERS) definition(id, rm, FORM_MEMORY_SRC)                         \
        definition(id, mr, FORM_MEMORY_DST) definition(id, ri, FORM_IMMEDIATE)                     \
            definition(id, mi, FORM_IMMEDIATE | FORM_MEMORY_DST)

/* Those of hot operations come last, from HANDLER_mov8_rr on. */
enum handler {
    HANDLER_CALL, /* functions[] */
    HANDLER_BLOCK_END,
    HANDLER_ILLEGAL,
#define CONTROL_PLAIN(id)
#define CONTROL_BRANCH(id) HANDLER_##id,
#define CONTROL_JUMP CONTROL_BRANCH
#define CONTROL_JUMP_REGISTER CONTROL_BRANCH
#define CONTROL_SYSTEM CONTROL_BRANCH
#define OP(id, mnemonic, class, attributes) CONTROL_##class(id)
#include "../isa/x86_64/ops.def"
#undef OP
#define HANDLER_NAME(id, name, form) HANDLER_##id##_##name,
#define OP(id, mnemonic, class, attributes)
#define OP_HOT(id, mnemonic, class, attributes) FORMS(HANDLER_NAME, id)
#include "../isa/x86_64/ops.def"
#undef OP
#undef CONTROL_BRANCH
};

/* First handler of each operation: of a hot one that of FORM_REGISTERS. */
static const uint16_t first_handler[OP_COUNT] = {
    HANDLER_ILLEGAL,
#define HANDLER_OF_PLAIN(id) HANDLER_CALL,
#define CONTROL_BRANCH(id) HANDLER_##id,
#define HANDLER_OF_BRANCH CONTROL_BRANCH
#define HANDLER_OF_JUMP CONTROL_BRANCH
#define HANDLER_OF_JUMP_REGISTER CONTROL_BRANCH
#define HANDLER_OF_SYSTEM CONTROL_BRANCH
#define OP(id, mnemonic, class, attributes) HANDLER_OF_##class(id)
#define OP_HOT(id, mnemonic, class, attributes) HANDLER_##id##_rr,
#include "../isa/x86_64/ops.def"
#undef OP
};

/* --- all plain operations as functions --- */

typedef void operation_function(struct eval *c, const struct insn *i);

#define FUNCTION_PLAIN(id)                                                                         \
    static void run_##id(struct eval *c, const struct insn *i) {                                   \
        sem_##id(c, i, i->form, i->flags &INSN_ADDRESS_FLAGS);                                     \
    }
#define FUNCTION_BRANCH(id)
#define FUNCTION_JUMP(id)
#define FUNCTION_JUMP_REGISTER(id)
#define FUNCTION_SYSTEM(id)
#define OP(id, mnemonic, class, attributes) FUNCTION_##class(id)
#include "../isa/x86_64/ops.def"
#undef OP

static operation_function *const functions[OP_COUNT] = {
    NULL,
#define ENTRY_PLAIN(id) run_##id,
#define ENTRY_BRANCH(id) NULL,
#define ENTRY_JUMP(id) NULL,
#define ENTRY_JUMP_REGISTER(id) NULL,
#define ENTRY_SYSTEM(id) NULL,
#define OP(id, mnemonic, class, attributes) ENTRY_##class(id)
#include "../isa/x86_64/ops.def"
#undef OP
};

void guest_insn_place(struct insn *insn, uint32_t pc) {
    static const uint8_t slots[FORM_COUNT] = {
        [FORM_REGISTERS] = 0,
        [FORM_MEMORY_SRC] = 1,
        [FORM_MEMORY_DST] = 2,
        [FORM_IMMEDIATE] = 3,
        [FORM_IMMEDIATE | FORM_MEMORY_DST] = 4,
    };
    if (insn->op == OP_BLOCK_END) {
        insn->handler = HANDLER_BLOCK_END;
        insn->pc = pc;
        return;
    }
    insn_place(insn, pc);
    insn->handler = first_handler[insn->op];
    if (insn->handler >= HANDLER_mov8_rr)
        insn->handler = insn->flags & INSN_ADDRESS_FLAGS
                            ? HANDLER_CALL
                            : (uint16_t)(insn->handler + slots[insn->form]);
}

/* --- the loop --- */

#define THEN_PLAIN                                                                                 \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    continue;
#define THEN_BRANCH goto branch;
#define THEN_JUMP                                                                                  \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    goto branch;
#define THEN_JUMP_REGISTER                                                                         \
    if (c.stop)                                                                                    \
        goto stopped;                                                                              \
    goto indirect;
#define THEN_SYSTEM goto stopped;

#define INTERPRET_KEY(insn) ((insn)->handler)
#define INTERPRET_BLOCK_END HANDLER_BLOCK_END
#define INTERPRET_ILLEGAL HANDLER_ILLEGAL
#define INTERPRET_TARGET(insn) ((insn)->pc + (insn)->len + (uint64_t)(int64_t)(insn)->imm)
#define INTERPRET_CASES "interp_cases_x86_64.h"
#include "interp_body.h"

/* --- single instructions for lifted code --- */

/* Decoded instructions by address; the bytes tell whether one is still what is there. */
struct stepped_insn {
    struct insn insn;
    uint8_t bytes[INSN_MAX_LENGTH];
};
#define STEP_CACHE 512
static struct stepped_insn step_cache[STEP_CACHE];

static const struct insn *find_stepped(uint32_t pc) {
    struct stepped_insn *entry = &step_cache[(pc ^ pc >> 9) % STEP_CACHE];
    const uint8_t *bytes = guest_pointer(pc);
    if (entry->insn.pc == pc && entry->insn.len &&
        memcmp(entry->bytes, bytes, entry->insn.len) == 0)
        return &entry->insn;
    uint32_t available = PAGE_SIZE - pc % PAGE_SIZE; /* lifted code is mapped up to its end */
    if (available < INSN_MAX_LENGTH && page_prot[pc / PAGE_SIZE + 1] & PAGE_EXECUTE)
        available = INSN_MAX_LENGTH;
    if (available > INSN_MAX_LENGTH)
        available = INSN_MAX_LENGTH;
    if (!insn_decode(bytes, available, &entry->insn) || !functions[entry->insn.op]) {
        entry->insn.len = 0;
        return NULL;
    }
    guest_insn_place(&entry->insn, pc);
    memcpy(entry->bytes, bytes, entry->insn.len);
    return &entry->insn;
}

uint32_t c2w_step(uint32_t pc) {
    registers_from_globals();
    c2w_cpu.pc = pc;
    const struct insn *insn = find_stepped(pc);
    struct eval c = {.stop = !insn};
    if (insn) {
        faulted = false;
        do { /* a string instruction may take several rounds */
            c.stop = false;
            functions[insn->op](&c, insn);
        } while (c.stop && !faulted && !c2w_cpu.event && c2w_cpu.pc == pc);
        interpreted_instructions++;
        if (c2w_cpu.event & EVENT_ROUNDING && !c.stop) { /* it changed the rounding mode */
            c2w_cpu.pc = pc + insn->len;
            c.stop = true;
        }
    } else {
        c2w_cpu.force_interp = 1;
    }
    registers_to_globals();
    return c.stop;
}
