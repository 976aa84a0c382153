/* RISC-V registers in the lifter; included by lift.h. */
#ifndef C2W_LIFT_RISCV64_H
#define C2W_LIFT_RISCV64_H

/* In masks x0..x31 are bits 0-31, f0..f31 bits 32-63. */
#define REGISTER_F 32
#define REGISTER_COUNT 64
#define STACK_POINTER ((register_mask)1 << 2)
#define DEAD_AT_CALLS ((register_mask)0)
#define GLOBAL_POINTERS ((register_mask)3 << 3) /* gp, tp */
#define RETURN_ADDRESS_SIZE 0 /* on the stack */
#define SYSCALL_RESULTS ((register_mask)1 << 10) /* a0 */

/* How a floating-point register lives inside a function. */
enum fp_kind { FP_RAW, FP_SINGLE, FP_DOUBLE };

/* What one instruction does to registers (from the forms of ops.def). */
struct register_use {
    register_mask reads, writes;
    register_mask as_single, as_double; /* f registers used with that precision */
    register_mask as_raw; /* ... whose lower half is taken also of what is not a boxed single */
};

static inline void add_register_use(struct register_use *all, const struct register_use *use) {
    all->reads |= use->reads;
    all->writes |= use->writes;
    all->as_single |= use->as_single;
    all->as_double |= use->as_double;
    all->as_raw |= use->as_raw;
}

/* Nothing is. */
struct block_facts {
    bool unused;
};

struct lift;
struct guest_lift {
    enum fp_kind fp_kinds[32];
    register_mask noncanonical;  /* f registers that hold an arithmetic NaN not yet canonical */
    LLVMValueRef arithmetic[64]; /* results of FP arithmetic in this block, a ring */
    unsigned arithmetic_count;
};

LLVMValueRef read_x(struct lift *l, unsigned n);
void write_x(struct lift *l, unsigned n, LLVMValueRef value);
LLVMValueRef read_f_raw(struct lift *l, unsigned n);
void write_f_raw(struct lift *l, unsigned n, LLVMValueRef value);
LLVMValueRef read_f(struct lift *l, unsigned n, enum fp_kind kind);
void write_f(struct lift *l, unsigned n, enum fp_kind kind, LLVMValueRef value);
/* FP arithmetic gave this value: where its bits are seen, a NaN has to be canonical. */
void mark_arithmetic(struct lift *l, LLVMValueRef value);
LLVMValueRef canonicalize(struct lift *l, LLVMValueRef value); /* no-op unless marked */

#endif
