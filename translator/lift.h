/* The lifter's state, shared by lift.c (control flow), registers_GUEST.c (where registers live) and
 * semantics_GUEST.c (what instructions mean).  One struct lift for each object. */
#ifndef C2W_LIFT_H
#define C2W_LIFT_H

#include <llvm-c/Core.h>

#include "internal.h"
#include "lifted_names.h"
#include "object_cache.h"

typedef uint64_t register_mask;

#if defined(C2W_GUEST_RISCV64)
#include "lift_riscv64.h"
#elif defined(C2W_GUEST_X86_64)
#include "lift_x86_64.h"
#endif

struct lifted_function;

struct lift {
    const struct translator_options *options;
    const struct plan *plan;

    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LLVMTypeRef i1, i8, i16, i32, i64, f32, f64, pointer, lifted_type;
    unsigned tbaa_kind;
    LLVMValueRef tbaa_guest, tbaa_state;

    /* The function being lifted. */
    LLVMValueRef function;
    LLVMValueRef depth;                     /* value of cpu.depth to restore at exits, or NULL */
    bool exact_fflags;                      /* compute fflags in this function */
    bool null_check;                        /* see translator_input */
    LLVMValueRef registers[REGISTER_COUNT]; /* allocas */

    /* The block and instruction being lifted. */
    uint32_t pc, next_pc;
    register_mask cached; /* registers whose allocas hold their values here */
    register_mask dirty;  /* those that differ from c2w_cpu; cached */
    register_mask no_null; /* null_check: that were seen to be no null pointers */
    LLVMValueRef branch_condition,
        jump_target; /* what the last instruction left for the terminator */
    struct guest_lift guest;
};

/* state.c: the CPU state in memory. */
LLVMValueRef load_state(struct lift *l, LLVMTypeRef type, uint32_t offset);
void store_state(struct lift *l, LLVMValueRef value, uint32_t offset);
LLVMValueRef load_at(struct lift *l, LLVMTypeRef type, uint32_t address);
void store_at(struct lift *l, LLVMValueRef value, uint32_t address);

/* registers_GUEST.c */
struct register_use insn_registers(const struct insn *insn);
/* What the instruction adds to the stack pointer, or STACK_UNKNOWN. */
#define STACK_UNKNOWN INT32_MIN
int32_t insn_stack_step(const struct insn *insn);
/* The registers whose sum, with a displacement near 0, is the address of an access to guest memory
 * that may be one through a null pointer; 0 if there is none.  The stack pointer is never null. */
register_mask insn_pointer(const struct insn *insn);
LLVMValueRef build_pointer(struct lift *l, const struct insn *insn); /* that sum */
/* Decides how registers live in the function whose instructions together use them so. */
void choose_registers(struct lift *l, const struct register_use *all);
void declare_registers(struct lift *l, register_mask mask); /* allocas, at the builder's position */
void load_registers(struct lift *l, register_mask mask);    /* c2w_cpu -> allocas; now cached */
void need_registers(struct lift *l, register_mask mask);    /* loads those not yet cached */
void store_registers(struct lift *l, register_mask mask);   /* allocas -> c2w_cpu */
LLVMValueRef read_stack_pointer(struct lift *l);
/* Completes values of registers that are not in the form in which others may see them, before
 * another block may read them or they are stored. */
void settle_registers(struct lift *l);

/* relaxed_fma.c: a * b + c as the engine likes to round it, in l->function. */
LLVMValueRef build_relaxed_fma(struct lift *l, LLVMValueRef a, LLVMValueRef b, LLVMValueRef c);

/* semantics_GUEST.c */
/* What is known at the end of a block goes to its successors: `facts` are those at a block's start,
 * valid for every way that was lifted before; `unknown` when there are others. */
void begin_block(struct lift *l, const struct block_facts *facts, bool unknown);
void join_facts(const struct lift *l, struct block_facts *at_successor, bool behind_call);
void lift_insn(struct lift *l, const struct insn *insn);
/* Whether lift_insn may leave the function: then everything dirty must have its value. */
bool insn_may_leave(const struct lift *l, const struct insn *insn);

/* lift.c */
void lift_begin_module(struct lift *l, const struct translator_options *options,
                       const struct plan *plan, const char *name);
void lift_end_module(struct lift *l);
/* Lifts the region of a function or of one of its loops. */
void lift_region(struct lift *l, struct arena *scratch, const struct lifted_function *function,
                 const struct region *region);
/* Makes the function that enters a part of this module at a point within. */
void lift_entry_within(struct lift *l, const struct resume_point *point);
/* Leaves the function when condition holds, with everything dirty stored, to go on at pc; the
 * instruction there is left to the interpreter when `interpret` is set. */
void leave_if(struct lift *l, LLVMValueRef condition, uint32_t pc, bool interpret);
/* Calls a function of the runtime by name. */
LLVMValueRef call_runtime(struct lift *l, const char *name, LLVMTypeRef result,
                          LLVMValueRef *arguments, unsigned count);

/* Calls an LLVM intrinsic, overloaded for the types; build_unary: for its operand's type. */
LLVMValueRef build_intrinsic(struct lift *l, const char *name, LLVMTypeRef *types,
                             unsigned type_count, LLVMValueRef *arguments, unsigned count);
LLVMValueRef build_unary(struct lift *l, const char *name, LLVMValueRef a);

/* plan.c: the functions that can be lifted, and which of them are.  Code of one function may depend
 * on properties of the others, and never on whether this build lifts them. */
struct lifted_function {
    uint32_t file; /* index of the program */
    uint32_t entry;
    uint32_t insn_count; /* of its region */
    uint32_t resume_first, resume_count; /* in plan.resume_points */
    bool counts_depth;                   /* may be on the wasm stack many times */
    bool exact_fflags;                   /* a read of fflags is reachable */
    bool takes_flags;                    /* may read the arithmetic flags of its caller */
    bool returns_flags;                  /* a caller may read its arithmetic flags */
    bool tail_callable; /* tail jumps from it do not lead back to it: a jump to it can be a call */
    bool chosen;        /* lifted in this build; otherwise a stub stands for it */
};
struct plan {
    const struct program *programs;
    size_t program_count;
    struct lifted_function *functions; /* by file, then entry */
    size_t function_count;
    struct resume_point *resume_points;
    size_t resume_count;
};
/* Fills plan from the programs, which it borrows. */
void plan_all(struct plan *plan, const struct program *programs, size_t program_count);
void plan_free(struct plan *plan);
/* The function with that entry, or NULL. */
const struct lifted_function *plan_function(const struct plan *plan, uint32_t file, uint32_t entry);
/* Symbol of lifted code: entries and resume points of a file are distinct PCs.  The file's number
 * among those of the build takes the place of the mark when an object becomes part of it. */
void lifted_symbol(char *to, size_t size, uint32_t pc);
void lifted_symbol_of_file(char *to, size_t size, uint32_t file, uint32_t pc);
/* Instructions that a region may have. */
#define REGION_INSNS_MAX 10000

/* choose.c: what a profile says. */
/* The input's hints, and one for each count that is in no block of the program, which was discovered
 * without them; one heap block. */
struct code_hint *hints_from_counts(const struct program *program, size_t *count);
/* Chooses the functions that the inputs' counts are in; returns the weight of what they hold. */
uint64_t choose_counted(struct plan *plan);

/* unit_key.c: names the object of a function, whose region is given, in the cache. */
void unit_key(const struct plan *plan, const struct translator_options *options,
              const struct lifted_function *function, const struct region *region,
              struct cache_key *key);

/* emit.c: what a worker thread keeps between objects. */
struct emitter;
struct emitter *emitter_new(char *error, size_t error_size);
void emitter_free(struct emitter *emitter);
/* Sets target and data layout of a new module. */
void prepare_module(struct emitter *emitter, LLVMModuleRef module);
/* Optimises the module and makes an object of it: one heap block, or NULL with a line in error. */
void *compile_module(struct emitter *emitter, LLVMModuleRef module, size_t *size, char *error,
                     size_t error_size);
/* Lifts a function and its resume points into an object, which is one heap block.  Returns NULL
 * with a line in error. */
void *emit_function(struct emitter *emitter, const struct plan *plan,
                    const struct translator_options *options,
                    const struct lifted_function *function, const struct region *region,
                    size_t *size, char *error, size_t error_size);

/* tables.c: writes the object with what the runtime knows of lifted code (runtime/lifted.h), and
 * stubs for the functions (by their number in the plan) that lifted code refers to and that are not
 * chosen. */
bool emit_tables(const struct plan *plan, const struct translator_options *options,
                 const unsigned char *referenced, const char *path, char *error,
                 size_t error_size);

/* object_archive.c: an archive of objects, in the order they are added. */
struct object_archive;
struct object_archive *archive_create(const char *path, char *error, size_t error_size);
/* Adds an object of lifted code of that file; changes the bytes. */
bool archive_add(struct object_archive *archive, uint32_t file, uint8_t *bytes, size_t size);
/* Frees it; false with a line in error when anything could not be written. */
bool archive_close(struct object_archive *archive, char *error, size_t error_size);

#endif
