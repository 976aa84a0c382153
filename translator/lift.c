/* Control flow of lifted code: a region of guest basic blocks becomes one wasm function of type
 * i32 (), following the call protocol of runtime/lifted.h.
 *
 * Two data-flow problems decide where registers meet c2w_cpu: `dirty` (forward: registers that may
 * differ from memory) says what to store where control leaves, `live` (backward) what is worth
 * loading.  Storing a register that is dirty on another path only is harmless: its value is the one
 * in memory.  In loops that can go around without a call what is live is loaded on the way in; in
 * all other code a register is loaded where a block first reads it. */
#include "isa.h"
#include "lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../runtime/guest_memory.h"
#include "../runtime/isa/state.h"
#include "../runtime/lifted.h"

/* Guest instructions that the loops of a function may run before the time slice ends, and what a
 * call among them counts for: its callee keeps an account of its own. */
#define LOOP_BUDGET (1 << 20)
#define CALL_COST 100
/* However large a loop is, a slice holds a thousand ways around it.  It is also the price of a call
 * that ends slices: a thousand calls of whatever length should not delay a signal for long. */
#define LOOP_COST_MAX (LOOP_BUDGET / 1000)

/* Leaving the region to a constant PC.  A jump to another lifted function has an LLVM block of its
 * own that stores what is dirty there; all other exits are rare (the time slice is over, code that
 * was not lifted) and share one block that stores what is dirty at any of them. */
struct exit_point {
    uint32_t pc;
    bool by_pc; /* the dispatcher goes on there, even where a function starts */
    const struct lifted_function *function; /* jumped to, or NULL */
    register_mask dirty;                    /* union over the edges to it */
    LLVMBasicBlockRef block;
    LLVMBasicBlockRef way_out; /* from block way_from: loads what is missing there */
    size_t way_from;
};

struct block_state {
    register_mask reads, writes; /* before any write; any */
    register_mask dirty_in, dirty_out, live_in;
    register_mask flush; /* stored at the end, since a successor wants it clean: see flush_at_joins */
    register_mask cached_in;   /* every way there has the value */
    register_mask no_null_in;
    int32_t stack_step;        /* what the block adds to the stack pointer */
    int32_t stack_in;          /* the stack pointer's distance from that at the region's entry */
    bool stack_seen;           /* stack_in is set */
    LLVMBasicBlockRef way_in;  /* from block way_from: loads what is missing there */
    size_t way_from, entry_count;
    LLVMBasicBlockRef llvm;
    LLVMBasicBlockRef latch; /* of a header: where the back edges go */
    uint32_t loop_cost; /* of a header: instructions in the loop, more for calls */
    bool has_syscall;        /* ends the block */
    bool may_leave;          /* in the middle of the block */
    bool calls_always;       /* a header: every way around the loop makes a call */
    bool ends_slice;         /* a call that checks the budget for such a loop */
    bool is_entry;            /* the function can start here, too */
    bool entered_from_behind; /* by a back edge, or as entry */
    struct block_facts facts; /* on the ways that were lifted */
};

struct frame {
    struct lift *l;
    uint32_t file;
    const struct lifted_function *function;
    const struct region *region;
    struct block_state *blocks;
    bool has_entries; /* within the region */
    struct exit_point *exits;
    size_t exit_count, exit_room;
    register_mask rare_dirty;    /* union over the exits that are no functions */
    LLVMBasicBlockRef rare_exit; /* stores rare_dirty and returns rare_pc, a phi */
    LLVMValueRef rare_pc;
    LLVMBasicBlockRef slice_exit; /* the time slice is over: slice_pc, a phi, through rare_exit */
    LLVMValueRef slice_pc;
    LLVMBasicBlockRef call_failed; /* returns cpu.leave_pc: everything is stored */
    LLVMValueRef budget;           /* alloca */
    uint32_t cost;                 /* of everything, as loop_cost */
    LLVMBasicBlockRef start;       /* before block 0 */
    struct {
        int32_t distance;
        LLVMValueRef pointer;
    } stack[4]; /* stack pointers computed at the start, from that at the entry */
    unsigned stack_count;
    register_mask start_cached;
};

void lift_begin_module(struct lift *l, const struct translator_options *options,
                       const struct plan *plan, const char *name) {
    memset(l, 0, sizeof *l);
    l->options = options;
    l->plan = plan;
    l->context = LLVMContextCreate();
    l->module = LLVMModuleCreateWithNameInContext(name, l->context);
    l->builder = LLVMCreateBuilderInContext(l->context);
    l->i1 = LLVMInt1TypeInContext(l->context);
    l->i8 = LLVMInt8TypeInContext(l->context);
    l->i16 = LLVMInt16TypeInContext(l->context);
    l->i32 = LLVMInt32TypeInContext(l->context);
    l->i64 = LLVMInt64TypeInContext(l->context);
    l->f32 = LLVMFloatTypeInContext(l->context);
    l->f64 = LLVMDoubleTypeInContext(l->context);
    l->pointer = LLVMPointerTypeInContext(l->context, 0);
    l->lifted_type = LLVMFunctionType(l->i32, NULL, 0, false);

    /* Guest memory and CPU state never overlap: two leaves of one TBAA tree. */
    l->tbaa_kind = LLVMGetMDKindIDInContext(l->context, "tbaa", 4);
    LLVMMetadataRef root_name = LLVMMDStringInContext2(l->context, "c2w", 3);
    LLVMMetadataRef root = LLVMMDNodeInContext2(l->context, &root_name, 1);
    LLVMMetadataRef zero = LLVMValueAsMetadata(LLVMConstInt(l->i64, 0, false));
    const char *const leaves[] = {"guest memory", "cpu state"};
    for (int i = 0; i < 2; i++) {
        LLVMMetadataRef type_parts[] = {
            LLVMMDStringInContext2(l->context, leaves[i], strlen(leaves[i])), root, zero};
        LLVMMetadataRef type = LLVMMDNodeInContext2(l->context, type_parts, 3);
        LLVMMetadataRef tag_parts[] = {type, type, zero};
        LLVMValueRef tag =
            LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, tag_parts, 3));
        *(i ? &l->tbaa_state : &l->tbaa_guest) = tag;
    }
}

void lift_end_module(struct lift *l) {
    LLVMDisposeBuilder(l->builder);
    LLVMDisposeModule(l->module);
    LLVMContextDispose(l->context);
}

static void add_attribute(struct lift *l, LLVMValueRef function, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(l->context, kind, 0));
}

static LLVMValueRef declare_function(struct lift *l, const char *name, LLVMTypeRef type) {
    LLVMValueRef function = LLVMGetNamedFunction(l->module, name);
    if (!function) {
        function = LLVMAddFunction(l->module, name, type);
        add_attribute(l, function, "nounwind");
    }
    return function;
}

LLVMValueRef call_runtime(struct lift *l, const char *name, LLVMTypeRef result,
                          LLVMValueRef *arguments, unsigned count) {
    LLVMTypeRef types[8];
    for (unsigned i = 0; i < count; i++)
        types[i] = LLVMTypeOf(arguments[i]);
    LLVMTypeRef type = LLVMFunctionType(result, types, count, false);
    return LLVMBuildCall2(l->builder, type, declare_function(l, name, type), arguments, count, "");
}

LLVMValueRef build_intrinsic(struct lift *l, const char *name, LLVMTypeRef *types,
                                    unsigned type_count, LLVMValueRef *arguments, unsigned count) {
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(l->module, id, types, type_count);
    LLVMTypeRef type = LLVMIntrinsicGetType(l->context, id, types, type_count);
    return LLVMBuildCall2(l->builder, type, function, arguments, count, "");
}

LLVMValueRef build_unary(struct lift *l, const char *name, LLVMValueRef a) {
    LLVMTypeRef type = LLVMTypeOf(a);
    return build_intrinsic(l, name, &type, 1, &a, 1);
}

/* --- analysis --- */

static struct exit_point *exit_at(struct frame *f, uint32_t pc, bool by_pc) {
    for (size_t i = 0; i < f->exit_count; i++)
        if (f->exits[i].pc == pc && f->exits[i].by_pc == by_pc)
            return &f->exits[i];
    if (f->exit_count == f->exit_room) {
        f->exit_room = f->exit_room ? 2 * f->exit_room : 16;
        f->exits = realloc(f->exits, f->exit_room * sizeof *f->exits);
        if (!f->exits)
            abort();
    }
    struct exit_point *exit = &f->exits[f->exit_count++];
    *exit = (struct exit_point){.pc = pc, .by_pc = by_pc};
    if (!by_pc)
        exit->function = plan_function(f->l->plan, f->file, pc);
    return exit;
}

static void dirty_at_exit(struct frame *f, uint32_t pc, bool by_pc, register_mask dirty) {
    struct exit_point *exit = exit_at(f, pc, by_pc);
    exit->dirty |= dirty;
    if (!exit->function)
        f->rare_dirty |= dirty;
}

/* What is stored on the way out to pc. */
static register_mask stored_at_exit(struct frame *f, uint32_t pc, bool by_pc) {
    const struct exit_point *exit = exit_at(f, pc, by_pc);
    return exit->function ? exit->dirty : f->rare_dirty;
}

/* Only a jump can become a call of the function it leads to (the call graph knows of jumps). */
static bool leaves_by_pc(const struct block *block) { return block->end == BLOCK_STOP; }

/* A stop's successor is never entered as lifted code. */
static int32_t internal_successor(const struct frame *f, const struct block *block, unsigned i) {
    return block->end == BLOCK_STOP ? -1 : region_block(f->region, block_successor(block, i));
}

/* Every cycle has an edge that goes backward in the region's order, in irreducible code too. */
static bool is_back_edge(size_t from, int32_t to) { return (size_t)to <= from; }

/* A back edge where the time slice may end; the calls of a loop that always calls do it for that.
 */
static bool checks_budget(const struct frame *f, size_t from, int32_t to) {
    return is_back_edge(from, to) && !f->blocks[to].calls_always;
}

static int32_t add_steps(int32_t a, int32_t b) {
    int32_t sum;
    return a == STACK_UNKNOWN || b == STACK_UNKNOWN || __builtin_add_overflow(a, b, &sum)
               ? STACK_UNKNOWN
               : sum;
}

static void scan_blocks(struct frame *f) {
    struct register_use all = {0};
    for (size_t b = 0; b < f->region->block_count; b++) {
        const struct block *block = f->region->blocks[b];
        struct block_state *state = &f->blocks[b];
        for (uint32_t i = 0; i < block->insn_count; i++) {
            struct register_use use = insn_registers(&block->insns[i]);
            int32_t step = insn_stack_step(&block->insns[i]);
            if (step == STACK_UNKNOWN)
                use.reads |= STACK_POINTER;
            state->stack_step = add_steps(state->stack_step, step);
            state->reads |= use.reads & ~state->writes;
            state->writes |= use.writes;
            add_register_use(&all, &use);
            state->has_syscall |= insn_control(&block->insns[i]) == CONTROL_SYSCALL;
            state->may_leave |= insn_may_leave(f->l, &block->insns[i]) ||
                                (f->l->null_check && insn_pointer(&block->insns[i]));
        }
        uint32_t cost = block->insn_count + (block_is_call(block)         ? CALL_COST
                                             : block->end == BLOCK_LOOP ? LOOP_COST_MAX
                                                                        : 0);
        f->cost += cost;
        for (int32_t h = f->region->loop_header[b]; h >= 0; h = f->region->loop_parent[h])
            f->blocks[h].loop_cost += cost;
    }
    choose_registers(f->l, &all);
}

static void find_entries(struct frame *f) {
    f->blocks[0].entry_count = 1;
    for (uint32_t i = 0; i < f->function->resume_count; i++) {
        const struct resume_point *point = &f->l->plan->resume_points[f->function->resume_first + i];
        int32_t block = region_block(f->region, point->pc);
        if (point->kind != RESUME_WITHIN || point->part != f->region->entry || block < 0)
            continue;
        f->blocks[block].is_entry = f->blocks[block].entered_from_behind = f->has_entries = true;
        f->blocks[block].entry_count++;
    }
    for (size_t b = 0; b < f->region->block_count; b++)
        for (unsigned i = 0; i < block_successor_count(f->region->blocks[b]); i++) {
            int32_t s = internal_successor(f, f->region->blocks[b], i);
            if (s < 0)
                continue;
            f->blocks[s].entry_count++;
            f->blocks[s].entered_from_behind |= is_back_edge(b, s);
        }
}

/* Loops whose calls check the budget. */
static void find_call_checks(struct frame *f, struct arena *scratch) {
    struct calling_loops loops;
    find_calling_loops(scratch, f->region, &loops);
    for (size_t b = 0; b < f->region->block_count; b++) {
        f->blocks[b].calls_always = loops.always_calls[b];
        f->blocks[b].ends_slice = loops.ends_slice[b];
    }
}

/* What the end of a block leaves dirty for its successors. */
static register_mask dirty_behind(const struct frame *f, size_t b) {
    return block_ends_in_other_code(f->region->blocks[b])
               ? 0
               : f->blocks[b].dirty_out & ~f->blocks[b].flush;
}

/* A system call stores everything; it ends its block. */
static void update_dirty_out(struct block_state *state) {
    state->dirty_out = state->has_syscall ? 0 : state->dirty_in | state->writes;
}

/* Registers that are dirty on some way to a block. */
static void solve_dirty(struct frame *f) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t b = 0; b < f->region->block_count; b++) {
            const struct block *block = f->region->blocks[b];
            update_dirty_out(&f->blocks[b]);
            register_mask dirty = dirty_behind(f, b);
            for (unsigned i = 0; i < block_successor_count(block); i++) {
                int32_t s = internal_successor(f, block, i);
                if (s >= 0 && (f->blocks[s].dirty_in | dirty) != f->blocks[s].dirty_in) {
                    f->blocks[s].dirty_in |= dirty;
                    changed = true;
                }
            }
        }
    }
}

/* The outermost loop around a block that has a way around without a call, or -1. */
static int32_t quiet_loop(const struct frame *f, size_t b) {
    int32_t found = -1;
    for (int32_t h = f->region->loop_header[b]; h >= 0; h = f->region->loop_parent[h])
        if (!f->blocks[h].calls_always)
            found = h;
    return found;
}

/* Whether the register values that an edge carries may stay dirty though they are not on other edges
 * to the same block: within and out of loops, where stores would be repeated. */
static bool stays_dirty(const struct frame *f, size_t from, int32_t to) {
    int32_t loop = f->region->loop_header[from], quiet = quiet_loop(f, (size_t)to);
    return quiet_loop(f, from) >= 0 || (quiet >= 0 && quiet != to) ||
           (loop >= 0 && !region_in_loop(f->region, loop, to));
}

/* A register shall be dirty at a join only when it is on every way there, and the blocks where it
 * differs store it (flush), after which it is clean at all their successors: otherwise the other
 * ways would have to load it, only to store it again at the exits.  Loops that always call count as
 * straight code, since everything is stored at their calls; in other loops nothing is stored before
 * the loop is left. */
static void flush_at_joins(struct frame *f) {
    size_t count = f->region->block_count;
    register_mask *on_every_way = malloc(count * sizeof *on_every_way);
    register_mask *on_some_way = malloc(count * sizeof *on_some_way);
    if (!on_every_way || !on_some_way)
        abort();
    /* From what solve_dirty found down to the greatest solution. */
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = 0; b < count; b++) {
            const struct block *block = f->region->blocks[b];
            on_every_way[b] = ~(register_mask)0;
            on_some_way[b] = 0;
            for (unsigned i = 0; i < block_successor_count(block); i++) {
                int32_t s = internal_successor(f, block, i);
                if (s >= 0)
                    f->blocks[b].flush |= dirty_behind(f, b) & ~f->blocks[s].dirty_in;
            }
        }
        on_every_way[0] = 0; /* nothing is dirty at an entry */
        for (size_t b = 0; b < count; b++)
            if (f->blocks[b].is_entry)
                on_every_way[b] = 0;
        for (size_t b = 0; b < count; b++) {
            const struct block *block = f->region->blocks[b];
            for (unsigned i = 0; i < block_successor_count(block); i++) {
                int32_t s = internal_successor(f, block, i);
                if (s < 0)
                    continue;
                if (stays_dirty(f, b, s))
                    on_some_way[s] |= dirty_behind(f, b);
                else
                    on_every_way[s] &= dirty_behind(f, b);
            }
        }
        for (size_t b = 0; b < count; b++) {
            register_mask dirty = on_every_way[b] == ~(register_mask)0 ? 0 : on_every_way[b];
            dirty |= on_some_way[b];
            changed |= dirty != f->blocks[b].dirty_in;
            f->blocks[b].dirty_in = dirty;
            update_dirty_out(&f->blocks[b]);
        }
    }
    for (size_t b = 0; b < count; b++)
        f->blocks[b].flush &= f->blocks[b].dirty_out;
    free(on_every_way);
    free(on_some_way);
}

static void solve_exits(struct frame *f) {
    for (size_t b = 0; b < f->region->block_count; b++) {
        const struct block *block = f->region->blocks[b];
        register_mask to_successor = dirty_behind(f, b);
        if (block_is_call(block) && region_block(f->region, block->next) < 0)
            continue; /* everything is stored */
        for (unsigned i = 0; i < block_successor_count(block); i++) {
            int32_t s = internal_successor(f, block, i);
            if (s < 0)
                dirty_at_exit(f, block_successor(block, i), leaves_by_pc(block), to_successor);
            else if (checks_budget(f, b, s))
                dirty_at_exit(f, f->region->blocks[s]->start, true, f->blocks[s].dirty_in);
        }
    }
}

/* What is stored where other code comes, in dirty_out: calls and returns pass no arithmetic flags,
 * unless the file has code that takes them. */
static register_mask stored_at_end(const struct frame *f, size_t b) {
    const struct block *block = f->region->blocks[b];
    const struct lifted_function *callee =
        block->end == BLOCK_CALL ? plan_function(f->l->plan, f->file, block->target) : NULL;
    bool passes_flags = block->end == BLOCK_RETURN ? f->function->returns_flags
                        : block_is_call(block)     ? callee && callee->takes_flags
                                                   : true;
    register_mask dropped = passes_flags || f->l->options->lockstep ? 0 : DEAD_AT_CALLS;
    return f->blocks[b].dirty_out & ~dropped;
}

static void solve_live(struct frame *f) {
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t b = f->region->block_count; b-- > 0;) {
            const struct block *block = f->region->blocks[b];
            struct block_state *state = &f->blocks[b];
            register_mask live = 0;
            if (block_ends_in_other_code(block) || block->end == BLOCK_RETURN ||
                block->end == BLOCK_JUMP_INDIRECT)
                live |= stored_at_end(f, b);
            if (!block_ends_in_other_code(block)) {
                for (unsigned i = 0; i < block_successor_count(block); i++) {
                    int32_t s = internal_successor(f, block, i);
                    if (s < 0)
                        live |= stored_at_exit(f, block_successor(block, i), leaves_by_pc(block));
                    else
                        live |= f->blocks[s].live_in;
                    if (s >= 0 && checks_budget(f, b, s))
                        live |= stored_at_exit(f, f->region->blocks[s]->start, true);
                }
            }
            live = state->reads | ((live | state->flush) & ~state->writes);
            if (state->has_syscall || state->may_leave || f->l->options->lockstep)
                live |= state->dirty_in;
            if (live != state->live_in) {
                state->live_in = live;
                changed = true;
            }
        }
    }
}

/* How far the stack pointer is from where it was at the entry, calls assumed to leave it. */
static void solve_stack(struct frame *f) {
    f->blocks[0].stack_seen = true;
    for (size_t b = 0; f->has_entries && b < f->region->block_count; b++)
        if (f->blocks[b].is_entry) {
            f->blocks[b].stack_in = STACK_UNKNOWN;
            f->blocks[b].stack_seen = true;
        }
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t b = 0; b < f->region->block_count; b++) {
            const struct block *block = f->region->blocks[b];
            if (!f->blocks[b].stack_seen)
                continue;
            int32_t behind = add_steps(f->blocks[b].stack_in, f->blocks[b].stack_step);
            if (block_is_call(block))
                behind = add_steps(behind, RETURN_ADDRESS_SIZE);
            for (unsigned i = 0; i < block_successor_count(block); i++) {
                int32_t s = internal_successor(f, block, i);
                if (s < 0)
                    continue;
                struct block_state *next = &f->blocks[s];
                if (next->stack_seen && (next->stack_in == behind || next->stack_in == STACK_UNKNOWN))
                    continue;
                next->stack_in = next->stack_seen ? STACK_UNKNOWN : behind;
                next->stack_seen = changed = true;
            }
        }
    }
}

/* What every way into a block has to have cached: in a loop that can go around without a call, what
 * is live; elsewhere what may be dirty. */
static void find_cached(struct frame *f) {
    for (size_t b = 0; b < f->region->block_count; b++) {
        struct block_state *state = &f->blocks[b];
        state->cached_in = quiet_loop(f, b) >= 0 ? state->live_in : state->live_in & state->dirty_in;
    }
}

/* --- leaving the function --- */

static LLVMValueRef constant_pc(struct lift *l, uint32_t pc) {
    return LLVMConstInt(l->i32, pc, false);
}

static LLVMBasicBlockRef append_block(struct lift *l) {
    return LLVMAppendBasicBlockInContext(l->context, l->function, "");
}

static void restore_depth(struct lift *l) {
    if (l->depth)
        store_state(l, l->depth, offsetof(struct cpu, depth));
}

static void return_pc(struct lift *l, LLVMValueRef pc) {
    restore_depth(l);
    LLVMBuildRet(l->builder, pc);
}

static LLVMValueRef lifted_symbol_value(struct lift *l, const struct lifted_function *function) {
    char name[40];
    lifted_symbol(name, sizeof name, function->entry);
    return declare_function(l, name, l->lifted_type);
}

static LLVMValueRef call_lifted(struct lift *l, LLVMValueRef function) {
    return LLVMBuildCall2(l->builder, l->lifted_type, function, NULL, 0, "");
}

void need_registers(struct lift *l, register_mask mask) { load_registers(l, mask & ~l->cached); }

void leave_if(struct lift *l, LLVMValueRef condition, uint32_t pc, bool interpret) {
    LLVMBasicBlockRef leave = append_block(l), go_on = append_block(l);
    settle_registers(l);
    LLVMBuildCondBr(l->builder, condition, leave, go_on);
    LLVMPositionBuilderAtEnd(l->builder, leave);
    store_registers(l, l->dirty);
    if (interpret)
        store_state(l, LLVMConstInt(l->i32, 1, false), offsetof(struct cpu, force_interp));
    return_pc(l, constant_pc(l, pc));
    LLVMPositionBuilderAtEnd(l->builder, go_on);
}

/* A block with a phi of PCs that come from several places. */
static LLVMBasicBlockRef append_join(struct lift *l, LLVMValueRef *pc) {
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder), block = append_block(l);
    LLVMPositionBuilderAtEnd(l->builder, block);
    *pc = LLVMBuildPhi(l->builder, l->i32, "");
    LLVMPositionBuilderAtEnd(l->builder, here);
    return block;
}

/* Leaves through the block that rare exits share. */
static void leave_rarely(struct frame *f, LLVMValueRef pc) {
    struct lift *l = f->l;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder);
    if (!f->rare_exit) {
        f->rare_exit = append_join(l, &f->rare_pc);
        LLVMPositionBuilderAtEnd(l->builder, f->rare_exit);
        store_registers(l, f->rare_dirty);
        return_pc(l, f->rare_pc);
        LLVMPositionBuilderAtEnd(l->builder, here);
    }
    LLVMBuildBr(l->builder, f->rare_exit);
    LLVMAddIncoming(f->rare_pc, &pc, &here, 1);
}

/* The LLVM block for an exit to a PC; built on first use. */
static LLVMBasicBlockRef exit_block(struct frame *f, uint32_t pc, bool by_pc) {
    struct lift *l = f->l;
    struct exit_point *exit = exit_at(f, pc, by_pc);
    if (exit->block)
        return exit->block;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder);
    exit->block = append_block(l);
    LLVMPositionBuilderAtEnd(l->builder, exit->block);
    if (exit->function) {
        store_registers(l, exit->dirty);
        if (exit->function->tail_callable) {
            restore_depth(l);
            LLVMBuildRet(l->builder, call_lifted(l, lifted_symbol_value(l, exit->function)));
        } else {
            return_pc(l, constant_pc(l, pc));
        }
    } else {
        leave_rarely(f, constant_pc(l, pc));
    }
    LLVMPositionBuilderAtEnd(l->builder, here);
    return exit->block;
}

/* Takes the cost of a way around a loop from the budget; the value says whether it is used up. */
static LLVMValueRef spend_budget(struct frame *f, uint32_t cost) {
    struct lift *l = f->l;
    if (cost == 0) /* no natural loop */
        cost = f->cost;
    if (cost > LOOP_COST_MAX)
        cost = LOOP_COST_MAX;
    LLVMValueRef left = LLVMBuildLoad2(l->builder, l->i32, f->budget, "");
    left = LLVMBuildSub(l->builder, left, LLVMConstInt(l->i32, cost, false), "");
    LLVMBuildStore(l->builder, left, f->budget);
    return LLVMBuildICmp(l->builder, LLVMIntSLT, left, LLVMConstInt(l->i32, 0, false), "");
}

/* Makes the dispatcher look at timers and other tasks before it runs anything. */
static void end_slice(struct lift *l) {
    store_state(l, LLVMConstInt(l->i32, 0, false), offsetof(struct cpu, fuel));
}

/* Leaves for the dispatcher at the end of a time slice, to go on at pc. */
static void leave_for_slice(struct frame *f, uint32_t pc) {
    struct lift *l = f->l;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder);
    if (!f->slice_exit) {
        f->slice_exit = append_join(l, &f->slice_pc);
        LLVMPositionBuilderAtEnd(l->builder, f->slice_exit);
        end_slice(l);
        leave_rarely(f, f->slice_pc);
        LLVMPositionBuilderAtEnd(l->builder, here);
    }
    LLVMValueRef value = constant_pc(l, pc);
    LLVMBuildBr(l->builder, f->slice_exit);
    LLVMAddIncoming(f->slice_pc, &value, &here, 1);
}

/* The block that takes the price of a way around a loop, whose header is at pc. */
static LLVMBasicBlockRef latch(struct frame *f, struct block_state *header, uint32_t pc) {
    struct lift *l = f->l;
    if (header->latch)
        return header->latch;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder), leave = append_block(l);
    header->latch = append_block(l);
    LLVMPositionBuilderAtEnd(l->builder, header->latch);
    LLVMValueRef spent = spend_budget(f, header->loop_cost);
    LLVMBuildCondBr(l->builder, spent, leave, header->llvm);
    LLVMPositionBuilderAtEnd(l->builder, leave);
    leave_for_slice(f, pc);
    LLVMPositionBuilderAtEnd(l->builder, here);
    return header->latch;
}

/* A block that loads what is missing here of the registers that `to` needs, and goes there. */
static LLVMBasicBlockRef loading_edge(struct lift *l, register_mask needed, LLVMBasicBlockRef to) {
    register_mask cached = l->cached;
    if (!(needed & ~cached))
        return to;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder), way = append_block(l);
    LLVMPositionBuilderAtEnd(l->builder, way);
    need_registers(l, needed);
    LLVMBuildBr(l->builder, to);
    LLVMPositionBuilderAtEnd(l->builder, here);
    l->cached = cached;
    return way;
}

/* Where an edge of block b, whose end is being lifted, to a PC goes. */
static LLVMBasicBlockRef edge(struct frame *f, size_t b, uint32_t pc) {
    struct lift *l = f->l;
    int32_t to = region_block(f->region, pc);
    if (to < 0 || f->region->blocks[b]->end == BLOCK_STOP) {
        bool by_pc = leaves_by_pc(f->region->blocks[b]);
        struct exit_point *exit = exit_at(f, pc, by_pc);
        if (!exit->way_out || exit->way_from != b) {
            LLVMBasicBlockRef block = exit_block(f, pc, by_pc);
            exit->way_out = loading_edge(l, stored_at_exit(f, pc, by_pc), block);
            exit->way_from = b;
        }
        return exit->way_out;
    }
    struct block_state *next = &f->blocks[to];
    if (next->entry_count == 1 && !is_back_edge(b, to)) {
        next->cached_in |= l->cached;
        next->no_null_in = l->no_null;
    }
    if (!next->way_in || next->way_from != b) {
        register_mask needed = next->cached_in;
        if (checks_budget(f, b, to))
            next->way_in = loading_edge(l, needed | f->rare_dirty, latch(f, next, pc));
        else
            next->way_in = loading_edge(l, needed, next->llvm);
        next->way_from = b;
    }
    return next->way_in;
}

static void weigh_branch(struct lift *l, LLVMValueRef branch, unsigned taken, unsigned other) {
    LLVMMetadataRef parts[] = {LLVMMDStringInContext2(l->context, "branch_weights", 14),
                               LLVMValueAsMetadata(LLVMConstInt(l->i32, taken, false)),
                               LLVMValueAsMetadata(LLVMConstInt(l->i32, other, false))};
    LLVMSetMetadata(branch, LLVMGetMDKindIDInContext(l->context, "prof", 4),
                    LLVMMetadataAsValue(l->context, LLVMMDNodeInContext2(l->context, parts, 3)));
}

/* Guest PCs are below 4 GiB. */
static LLVMValueRef target_pc(struct lift *l) {
    LLVMValueRef pc = LLVMBuildTrunc(l->builder, l->jump_target, l->i32, "");
    return LLVMBuildAnd(l->builder, pc, LLVMConstInt(l->i32, (uint32_t)JUMP_TARGET_MASK, false), "");
}

/* --- calls --- */

/* Calls whatever is at a PC known at run time only: through the jump cache, else the PC itself is
 * the result and redispatch runs it. */
static LLVMValueRef call_indirect(struct lift *l, LLVMValueRef pc) {
    LLVMTypeRef slots = LLVMArrayType2(l->i64, 1u << JUMP_CACHE_BITS);
    LLVMValueRef cache = LLVMGetNamedGlobal(l->module, "c2w_jump_cache");
    if (!cache)
        cache = LLVMAddGlobal(l->module, slots, "c2w_jump_cache");
    LLVMValueRef slot = LLVMBuildLShr(l->builder, pc, LLVMConstInt(l->i32, 1, false), "");
    slot = LLVMBuildAnd(l->builder, slot, LLVMConstInt(l->i32, (1u << JUMP_CACHE_BITS) - 1, false),
                        "");
    LLVMValueRef address = LLVMBuildInBoundsGEP2(l->builder, l->i64, cache, &slot, 1, "");
    LLVMValueRef cached = LLVMBuildLoad2(l->builder, l->i32, address, "");
    LLVMValueRef hit = LLVMBuildICmp(l->builder, LLVMIntEQ, cached, pc, "");
    LLVMBasicBlockRef miss = LLVMGetInsertBlock(l->builder), call = append_block(l),
                      join = append_block(l);
    weigh_branch(l, LLVMBuildCondBr(l->builder, hit, call, join), 1000, 1);
    LLVMPositionBuilderAtEnd(l->builder, call);
    LLVMValueRef four = LLVMConstInt(l->i32, 4, false);
    address = LLVMBuildInBoundsGEP2(l->builder, l->i8, address, &four, 1, "");
    LLVMValueRef function = LLVMBuildLoad2(l->builder, l->pointer, address, "");
    LLVMValueRef npc = call_lifted(l, function);
    LLVMBuildBr(l->builder, join);
    LLVMPositionBuilderAtEnd(l->builder, join);
    LLVMValueRef phi = LLVMBuildPhi(l->builder, l->i32, "");
    LLVMValueRef values[] = {pc, npc};
    LLVMBasicBlockRef from[] = {miss, call};
    LLVMAddIncoming(phi, values, from, 2);
    return phi;
}

/* A call in a loop that always calls: when the budget is used up the callee is not called here but
 * run by redispatch, which ends the time slice and comes back to this frame. */
static void check_call_budget(struct frame *f, LLVMValueRef target, LLVMBasicBlockRef slow,
                              LLVMValueRef slow_pc) {
    struct lift *l = f->l;
    LLVMBasicBlockRef end = append_block(l), call = append_block(l);
    weigh_branch(l, LLVMBuildCondBr(l->builder, spend_budget(f, LOOP_COST_MAX), end, call), 1,
                 100000);
    LLVMPositionBuilderAtEnd(l->builder, end);
    LLVMBuildStore(l->builder, LLVMConstInt(l->i32, LOOP_BUDGET, false), f->budget);
    end_slice(l);
    LLVMBuildBr(l->builder, slow);
    LLVMAddIncoming(slow_pc, &target, &end, 1);
    LLVMPositionBuilderAtEnd(l->builder, call);
}

/* The stack pointer here plus `more`. */
static LLVMValueRef stack_pointer_plus(struct lift *l, int32_t more) {
    need_registers(l, STACK_POINTER);
    LLVMValueRef sp = LLVMBuildTrunc(l->builder, read_stack_pointer(l), l->i32, "");
    return LLVMBuildAdd(l->builder, sp, LLVMConstInt(l->i32, (uint32_t)more, false), "");
}

/* The stack pointer for a call at the end of a block to return with.  Mostly it is the same for all
 * calls of a function, and computed once.  Where a callee does not leave it as assumed, redispatch
 * does not find the end of a call, which costs time only. */
static LLVMValueRef stack_behind_call(struct frame *f, size_t b) {
    struct lift *l = f->l;
    int32_t distance = add_steps(f->blocks[b].stack_in, f->blocks[b].stack_step);
    distance = add_steps(distance, RETURN_ADDRESS_SIZE);
    for (unsigned i = 0; i < f->stack_count; i++)
        if (f->stack[i].distance == distance)
            return f->stack[i].pointer;
    if (distance == STACK_UNKNOWN || f->stack_count == sizeof f->stack / sizeof *f->stack)
        return stack_pointer_plus(l, RETURN_ADDRESS_SIZE);
    LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder);
    register_mask cached = l->cached;
    LLVMPositionBuilderBefore(l->builder, LLVMGetBasicBlockTerminator(f->start));
    l->cached = f->start_cached;
    LLVMValueRef pointer = stack_pointer_plus(l, distance);
    f->start_cached = l->cached;
    l->cached = cached;
    LLVMPositionBuilderAtEnd(l->builder, here);
    f->stack[f->stack_count].distance = distance;
    f->stack[f->stack_count++].pointer = pointer;
    return pointer;
}

static void lift_call(struct frame *f, size_t b) {
    struct lift *l = f->l;
    const struct block *block = f->region->blocks[b];
    LLVMValueRef ret = constant_pc(l, block->next);
    LLVMValueRef sp = stack_behind_call(f, b);
    bool is_indirect = block->end == BLOCK_CALL_INDIRECT;
    LLVMValueRef target = is_indirect ? target_pc(l) : constant_pc(l, block->target);
    store_registers(l, stored_at_end(f, b));
    LLVMValueRef slow_pc;
    LLVMBasicBlockRef slow = append_join(l, &slow_pc), go_on = append_block(l);
    if (f->blocks[b].ends_slice)
        check_call_budget(f, target, slow, slow_pc);
    LLVMValueRef npc = target;
    if (is_indirect) {
        npc = call_indirect(l, target);
    } else {
        const struct lifted_function *callee = plan_function(l->plan, f->file, block->target);
        if (callee)
            npc = call_lifted(l, lifted_symbol_value(l, callee));
    }
    if (!f->call_failed) {
        LLVMBasicBlockRef here = LLVMGetInsertBlock(l->builder);
        f->call_failed = append_block(l);
        LLVMPositionBuilderAtEnd(l->builder, f->call_failed);
        return_pc(l, load_state(l, l->i32, offsetof(struct cpu, leave_pc)));
        LLVMPositionBuilderAtEnd(l->builder, here);
    }
    LLVMValueRef returned = LLVMBuildICmp(l->builder, LLVMIntEQ, npc, ret, "");
    LLVMBasicBlockRef called = LLVMGetInsertBlock(l->builder);
    weigh_branch(l, LLVMBuildCondBr(l->builder, returned, go_on, slow), 100000, 1);
    LLVMAddIncoming(slow_pc, &npc, &called, 1);

    LLVMPositionBuilderAtEnd(l->builder, slow);
    LLVMValueRef arguments[] = {slow_pc, ret, sp};
    LLVMValueRef leave = call_runtime(l, "c2w_redispatch", l->i32, arguments, 3);
    leave = LLVMBuildICmp(l->builder, LLVMIntNE, leave, LLVMConstInt(l->i32, 0, false), "");
    LLVMBuildCondBr(l->builder, leave, f->call_failed, go_on);

    /* The frame rule: everything is loaded again. */
    LLVMPositionBuilderAtEnd(l->builder, go_on);
    int32_t next = region_block(f->region, block->next);
    if (next < 0) {
        return_pc(l, ret);
        return;
    }
    l->cached = l->no_null = 0;
    LLVMBuildBr(l->builder, edge(f, b, block->next));
}

/* A procedure linkage table entry, or what looks like one: a function that only jumps elsewhere.  It
 * calls the function in the other file instead of leaving that to its caller's redispatch; it counts
 * the frame, so that functions of two files that jump to each other cannot fill the wasm stack. */
static bool is_linkage_stub(const struct frame *f) {
    return f->region->block_count == 1 && f->region->blocks[0]->target_count == 0 && f->l->depth;
}

/* An outlined loop gives the PC where it was left: one of those it leads to here, or elsewhere. */
static void lift_loop(struct frame *f, size_t b) {
    struct lift *l = f->l;
    const struct block *block = f->region->blocks[b];
    char name[40];
    lifted_symbol(name, sizeof name, block->start);
    store_registers(l, stored_at_end(f, b));
    LLVMValueRef pc = call_lifted(l, declare_function(l, name, l->lifted_type));
    l->cached = l->no_null = 0;
    LLVMBasicBlockRef elsewhere = append_block(l);
    LLVMValueRef choice = LLVMBuildSwitch(l->builder, pc, elsewhere, block->target_count);
    for (uint32_t i = 0; i < block->target_count; i++) {
        uint32_t target = block->targets[i];
        LLVMBasicBlockRef here = append_block(l);
        LLVMAddCase(choice, constant_pc(l, target), here);
        LLVMPositionBuilderAtEnd(l->builder, here);
        LLVMBuildBr(l->builder, edge(f, b, target));
    }
    LLVMPositionBuilderAtEnd(l->builder, elsewhere);
    return_pc(l, pc);
}

/* --- blocks --- */

static void lift_terminator(struct frame *f, size_t b) {
    struct lift *l = f->l;
    const struct block *block = f->region->blocks[b];
    switch (block->end) {
    case BLOCK_FALL:
        LLVMBuildBr(l->builder, edge(f, b, block->next));
        break;
    case BLOCK_JUMP:
        LLVMBuildBr(l->builder, edge(f, b, block->target));
        break;
    case BLOCK_BRANCH:
        LLVMBuildCondBr(l->builder, l->branch_condition, edge(f, b, block->target),
                        edge(f, b, block->next));
        break;
    case BLOCK_CALL:
    case BLOCK_CALL_INDIRECT:
        lift_call(f, b);
        break;
    case BLOCK_LOOP:
        lift_loop(f, b);
        break;
    case BLOCK_RETURN: {
        LLVMValueRef pc = target_pc(l);
        store_registers(l, stored_at_end(f, b));
        return_pc(l, pc);
        break;
    }
    case BLOCK_JUMP_INDIRECT: {
        LLVMValueRef pc = target_pc(l);
        LLVMBasicBlockRef elsewhere = append_block(l);
        LLVMValueRef choice = LLVMBuildSwitch(l->builder, pc, elsewhere, block->target_count);
        for (uint32_t i = 0; i < block->target_count; i++)
            LLVMAddCase(choice, constant_pc(l, block->targets[i]), edge(f, b, block->targets[i]));
        LLVMPositionBuilderAtEnd(l->builder, elsewhere);
        store_registers(l, stored_at_end(f, b));
        return_pc(l, is_linkage_stub(f) ? call_indirect(l, pc) : pc);
        break;
    }
    case BLOCK_STOP: {
        LLVMBasicBlockRef leave = edge(f, b, block->next);
        store_state(l, LLVMConstInt(l->i32, 1, false), offsetof(struct cpu, force_interp));
        LLVMBuildBr(l->builder, leave);
        break;
    }
    }
}

static void count_instructions(struct lift *l, uint32_t count) {
    static const char name[] = "c2w_lifted_instructions";
    LLVMValueRef counter = LLVMGetNamedGlobal(l->module, name);
    if (!counter)
        counter = LLVMAddGlobal(l->module, l->i64, name);
    LLVMValueRef sum = LLVMBuildLoad2(l->builder, l->i64, counter, "");
    sum = LLVMBuildAdd(l->builder, sum, LLVMConstInt(l->i64, count, false), "");
    LLVMBuildStore(l->builder, sum, counter);
}

/* Leaves an access through a null pointer to the interpreter, which raises the guest's signal. */
static void check_null(struct lift *l, const struct insn *insn) {
    register_mask pointer = insn_pointer(insn);
    bool is_one = (pointer & (pointer - 1)) == 0;
    if (!pointer || (is_one && pointer & l->no_null))
        return;
    LLVMValueRef limit = LLVMConstInt(l->i64, GUEST_MIN, false);
    leave_if(l, LLVMBuildICmp(l->builder, LLVMIntULT, build_pointer(l, insn), limit, ""), l->pc, true);
    if (is_one)
        l->no_null |= pointer;
}

static void lift_block(struct frame *f, size_t b) {
    struct lift *l = f->l;
    const struct block *block = f->region->blocks[b];
    LLVMPositionBuilderAtEnd(l->builder, f->blocks[b].llvm);
    l->cached = f->blocks[b].cached_in;
    l->dirty = f->blocks[b].dirty_in & l->cached;
    l->no_null = f->blocks[b].no_null_in;
    l->branch_condition = l->jump_target = NULL;
    begin_block(l, &f->blocks[b].facts, f->blocks[b].entered_from_behind);
    if (l->options->lockstep && block->end != BLOCK_LOOP) {
        store_registers(l, l->dirty);
        LLVMValueRef pc = constant_pc(l, block->start);
        call_runtime(l, "c2w_lockstep", LLVMVoidTypeInContext(l->context), &pc, 1);
    }
    if (l->options->count_instructions)
        count_instructions(l, block->insn_count);
    uint32_t pc = block->start;
    for (uint32_t i = 0; i < block->insn_count; i++) {
        l->pc = pc;
        l->next_pc = pc + block->insns[i].len;
        need_registers(l, insn_registers(&block->insns[i]).reads);
        if (insn_stack_step(&block->insns[i]) == STACK_UNKNOWN) {
            need_registers(l, STACK_POINTER);
            LLVMValueRef sp = read_stack_pointer(l);
            call_runtime(l, "c2w_leave_stack", LLVMVoidTypeInContext(l->context), &sp, 1);
        }
        if (l->null_check)
            check_null(l, &block->insns[i]);
        lift_insn(l, &block->insns[i]);
        l->no_null &= ~insn_registers(&block->insns[i]).writes;
        pc = l->next_pc;
    }
    settle_registers(l);
    store_registers(l, f->blocks[b].flush);
    for (unsigned i = 0; i < block_successor_count(block); i++) {
        int32_t s = internal_successor(f, block, i);
        if (s >= 0)
            join_facts(l, &f->blocks[s].facts, block_ends_in_other_code(block));
    }
    lift_terminator(f, b);
}

/* Counts the frame and the time slice, which are neighbours in the state: one subtraction, and the
 * sign bits tell whether one is used up.  Then the function is left before anything happened. */
static void lift_prologue(struct frame *f, LLVMValueRef pc) {
    _Static_assert(offsetof(struct cpu, fuel) == offsetof(struct cpu, depth) + 4, "one access");
    struct lift *l = f->l;
    LLVMValueRef counters = load_state(l, l->i64, offsetof(struct cpu, depth));
    LLVMValueRef one_each = LLVMConstInt(l->i64, 0x0000000100000001, false);
    LLVMValueRef signs = LLVMConstInt(l->i64, 0x8000000080000000, false);
    LLVMValueRef left = LLVMBuildSub(l->builder, counters, one_each, "");
    LLVMValueRef spent =
        LLVMBuildICmp(l->builder, LLVMIntNE, LLVMBuildAnd(l->builder, left, signs, ""),
                      LLVMConstInt(l->i64, 0, false), "");
    LLVMBasicBlockRef leave = append_block(l), go_on = append_block(l);
    weigh_branch(l, LLVMBuildCondBr(l->builder, spent, leave, go_on), 1, 100000);
    LLVMPositionBuilderAtEnd(l->builder, leave);
    LLVMBuildRet(l->builder, call_runtime(l, "c2w_unwind", l->i32, &pc, 1));
    LLVMPositionBuilderAtEnd(l->builder, go_on);
    store_state(l, left, offsetof(struct cpu, depth));
    l->depth = LLVMBuildTrunc(l->builder, counters, l->i32, "");
}

/* The PC to start at, which is taken out of the state. */
static LLVMValueRef take_inner_entry(struct frame *f) {
    struct lift *l = f->l;
    LLVMValueRef pc = load_state(l, l->i32, offsetof(struct cpu, inner_entry));
    LLVMValueRef none = LLVMConstInt(l->i32, 0, false);
    store_state(l, none, offsetof(struct cpu, inner_entry));
    LLVMValueRef is_first = LLVMBuildICmp(l->builder, LLVMIntEQ, pc, none, "");
    return LLVMBuildSelect(l->builder, is_first, constant_pc(l, f->region->entry), pc, "");
}

/* From the start to block 0, or to the entry at pc. */
static void lift_start(struct frame *f, LLVMValueRef pc) {
    struct lift *l = f->l;
    l->cached = 0;
    load_registers(l, f->blocks[0].cached_in);
    f->start = LLVMGetInsertBlock(l->builder);
    f->start_cached = l->cached;
    if (!f->has_entries) {
        LLVMBuildBr(l->builder, f->blocks[0].llvm);
        return;
    }
    LLVMValueRef choice = LLVMBuildSwitch(l->builder, pc, f->blocks[0].llvm, 0);
    for (size_t b = 0; b < f->region->block_count; b++)
        if (f->blocks[b].is_entry)
            LLVMAddCase(choice, constant_pc(l, f->region->blocks[b]->start),
                        loading_edge(l, f->blocks[b].cached_in, f->blocks[b].llvm));
}

void lift_entry_within(struct lift *l, const struct resume_point *point) {
    char name[40];
    lifted_symbol(name, sizeof name, point->pc);
    LLVMValueRef function = declare_function(l, name, l->lifted_type);
    LLVMPositionBuilderAtEnd(l->builder, LLVMAppendBasicBlockInContext(l->context, function, ""));
    store_state(l, constant_pc(l, point->pc), offsetof(struct cpu, inner_entry));
    lifted_symbol(name, sizeof name, point->part);
    LLVMBuildRet(l->builder, call_lifted(l, declare_function(l, name, l->lifted_type)));
}

void lift_region(struct lift *l, struct arena *scratch, const struct lifted_function *function,
                 const struct region *region) {
    struct frame f = {.l = l, .file = function->file, .function = function, .region = region};
    f.blocks = calloc(region->block_count, sizeof *f.blocks);
    if (!f.blocks)
        abort();
    l->exact_fflags = function->exact_fflags || l->options->exact_fflags;
    l->null_check = l->plan->programs[function->file].input->null_check;
    l->depth = NULL;
    scan_blocks(&f);
    find_entries(&f);
    find_call_checks(&f, scratch);
    solve_dirty(&f);
    flush_at_joins(&f);
    solve_exits(&f);
    solve_live(&f);
    solve_stack(&f);
    find_cached(&f);

    char name[40];
    lifted_symbol(name, sizeof name, region->entry);
    l->function = declare_function(l, name, l->lifted_type);
    add_attribute(l, l->function, "null_pointer_is_valid");
    LLVMBasicBlockRef start = append_block(l);
    register_mask used = 0;
    for (size_t b = 0; b < region->block_count; b++) {
        used |=
            f.blocks[b].reads | f.blocks[b].writes | f.blocks[b].live_in | f.blocks[b].dirty_out;
        f.blocks[b].llvm = append_block(l);
    }
    LLVMPositionBuilderAtEnd(l->builder, start);
    declare_registers(l, used | SYSCALL_RESULTS | STACK_POINTER);
    f.budget = LLVMBuildAlloca(l->builder, l->i32, "");
    LLVMBuildStore(l->builder, LLVMConstInt(l->i32, LOOP_BUDGET, false), f.budget);
    LLVMValueRef pc = f.has_entries ? take_inner_entry(&f) : constant_pc(l, region->entry);
    if (function->counts_depth && region->entry == function->entry)
        lift_prologue(&f, pc);
    lift_start(&f, pc);
    for (size_t b = 0; b < region->block_count; b++)
        lift_block(&f, b);
    free(f.blocks);
    free(f.exits);
}
