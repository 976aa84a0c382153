/* x86-64 registers in the lifter; included by lift.h. */
#ifndef C2W_LIFT_X86_64_H
#define C2W_LIFT_X86_64_H

/* In masks: rax..r15 are bits 0-15, xmm0..xmm15 bits 16-31, then the lazy flags of the CPU state
 * (runtime/isa/x86_64/flags.h). */
#define REGISTER_XMM 16
#define REGISTER_FLAGS_OP 32
#define REGISTER_FLAGS_A 33
#define REGISTER_FLAGS_B 34
#define REGISTER_COUNT 35
#define FLAG_REGISTERS ((register_mask)7 << REGISTER_FLAGS_OP)
/* Calling conventions pass none (psABI 3.2.1). */
#define DEAD_AT_CALLS FLAG_REGISTERS
#define STACK_POINTER ((register_mask)1 << REG_RSP)
#define RETURN_ADDRESS_SIZE 8 /* on the stack: a return pops it */
#define SYSCALL_RESULTS ((register_mask)1 << REG_RAX)

/* What one instruction does to registers (uses_x86_64.c). */
struct register_use {
    register_mask reads, writes;
    bool is_stepped;        /* it has no IR of its own: the runtime executes it */
    bool raises_exceptions; /* sets exception flags in MXCSR, which IR does not */
};

static inline void add_register_use(struct register_use *all, const struct register_use *use) {
    all->reads |= use->reads;
    all->writes |= use->writes;
}

/* What is known of cpu.flags_op where the builder is: how flags_a and flags_b give the flags. */
struct block_facts {
    bool is_set;      /* some way to here was seen */
    bool flags_known; /* on all ways flags_op is this one */
    uint32_t flags_op;
};

struct lift;
struct guest_lift {
    struct block_facts facts;
    LLVMTypeRef v16i8, v8i16, v4i32, v2i64, v4f32, v2f64;
};

LLVMValueRef read_register(struct lift *l, unsigned reg); /* REGISTER_... or enum reg */
void write_register(struct lift *l, unsigned reg, LLVMValueRef value);
LLVMValueRef read_byte_register(struct lift *l, unsigned n); /* n: BYTE_REGISTER */
void write_byte_register(struct lift *l, unsigned n, LLVMValueRef value);

#endif
