/* The dispatcher: runs lifted code where there is an entry for the PC, the interpreter elsewhere.
 */
#include "../guest_memory.h"
#include "../isa/guest.h"
#include "../kernel/kernel.h"
#include "../kernel/mm.h"
#include "exec.h"
#include "profile.h"

/* Frames of recursive lifted functions on the wasm stack.  V8 and wasmtime hold some 10,000 frames
 * of ordinary size; unoptimised frames with many locals are several times larger. */
#define DEPTH_LIMIT 1000

/* Entries of recursive functions in a time slice (lifted loops end the slice by setting fuel 0),
 * and instructions in an interpreted one: of the order of a million instructions. */
#define SLICE_FUEL 20000
#define SLICE_INSTRUCTIONS 1000000u

void c2w_leave_stack(uint64_t sp) { main_stack_cover(sp - GUEST_RED_ZONE); }

/* Runs from pc until pc == stop with stack pointer sp (stop 0: never).  Returns that PC, another
 * one when the frame that waits at `stop` is gone, or 0 with cpu.pc set for an event. */
static uint32_t run(uint32_t pc, uint32_t stop, uint64_t sp) {
    for (;;) {
        if (c2w_cpu.fuel-- <= 0) { /* code that goes back and forth ends its slice, too */
            c2w_cpu.fuel = SLICE_FUEL;
            c2w_cpu.pc = pc;
            kernel_tick();
        }
        if (stop && !guest_rounds_to_nearest())
            c2w_cpu.event |= EVENT_ROUNDING; /* lifted frames wait below: they must not go on */
        if (c2w_cpu.event) {
            c2w_cpu.pc = pc;
            return 0;
        }
        if (stop) {
            if (pc == stop && GUEST_SP == sp)
                return pc;
            if (GUEST_SP > sp)
                return pc;
        }
        lifted_function *function =
            guest_rounds_to_nearest() && !c2w_cpu.force_interp ? lifted_lookup(pc) : NULL;
        if (function) {
            if (__builtin_expect(kernel.profile != NULL, 0))
                profile_count_entry(pc);
            registers_to_globals();
            pc = function();
            registers_from_globals();
            if (pc == 0)
                return 0;
            continue;
        }
        c2w_cpu.pc = pc;
        c2w_leave_stack(GUEST_SP);
        uint64_t before = interpreted_instructions;
        interpret(stop, sp, SLICE_INSTRUCTIONS);
        if (interpreted_instructions - before >= SLICE_INSTRUCTIONS)
            c2w_cpu.fuel = 0;
        if (c2w_cpu.event)
            return 0;
        pc = (uint32_t)c2w_cpu.pc;
    }
}

uint32_t c2w_redispatch(uint32_t npc, uint32_t ret, uint32_t sp) {
    c2w_cpu.leave_pc = 0;
    if (npc == 0)
        return 1;
    if (c2w_cpu.depth == 0) {
        c2w_cpu.pc = npc;
        c2w_cpu.event |= EVENT_STACK;
        return 1;
    }
    c2w_cpu.depth--;
    registers_from_globals();
    uint32_t pc = run(npc, ret, sp);
    registers_to_globals();
    c2w_cpu.depth++;
    c2w_cpu.leave_pc = pc;
    return pc != ret;
}

uint32_t c2w_unwind(uint32_t pc) {
    if (c2w_cpu.depth > 0) /* only the time slice is over: the caller's redispatch looks after it */
        return pc;
    c2w_cpu.pc = pc;
    c2w_cpu.event |= EVENT_STACK;
    return 0;
}

uint32_t c2w_syscall(uint32_t pc) {
    c2w_cpu.pc = pc;
    registers_from_globals();
    c2w_leave_stack(GUEST_SP);
    uint32_t unwind = kernel_syscall();
    registers_to_globals();
    return unwind;
}

void cpu_run(void) {
    lockstep_forget();
    do {
        c2w_cpu.event &= ~(uint32_t)(EVENT_STACK | EVENT_ROUNDING);
        c2w_cpu.depth = DEPTH_LIMIT;
        if (c2w_cpu.fuel <= 0)
            c2w_cpu.fuel = SLICE_FUEL;
        run((uint32_t)c2w_cpu.pc, 0, 0);
        c2w_leave_stack(GUEST_SP);
    } while ((c2w_cpu.event & ~(uint32_t)(EVENT_STACK | EVENT_ROUNDING)) == 0);
    c2w_cpu.event &= ~(uint32_t)(EVENT_STACK | EVENT_ROUNDING);
}
