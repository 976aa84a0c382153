/* Execution of guest code: dispatcher, interpreter, decode cache, lifted entries. */
#ifndef C2W_EXEC_H
#define C2W_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "../isa/state.h"
#include "../lifted.h"

struct file;
struct vma;

/* Runs the CPU from c2w_cpu.pc until c2w_cpu.event is set (dispatch.c).  The kernel's scheduler
 * calls it with a fresh wasm stack. */
void cpu_run(void);

/* Interprets from c2w_cpu.pc (interp_body.h) until
 *   - a block starts at which lifted code can be entered (unless the rounding mode or force_interp
 * forbid it),
 *   - pc == stop_pc at a block start and GUEST_SP == stop_sp,
 *   - cpu.event is set, or about `budget` instructions were executed.
 * All state is in c2w_cpu on return. */
void interpret(uint32_t stop_pc, uint64_t stop_sp, uint32_t budget);

/* Lifted entry for a PC in the resident address space, or NULL (entries.c). */
lifted_function *lifted_lookup(uint32_t pc);

/* Sets `lifted` of a new executable mapping of the resident address space.  Its bytes are in the
 * arena. */
void entries_identify(struct vma *vma);
/* Where a file with lifted code, which has this many bytes of memory, has to be loaded; 0 = anywhere.
 */
uint32_t entries_base(struct file *file);
/* End of an address range that a lifted file may still need and that overlaps [start, end), or 0. */
uint32_t entries_reservation(uint32_t start, uint32_t end);
/* The pages with the text of a lifted file, 1 + index `lifted`. */
void entries_text(uint16_t lifted, uint32_t *start, uint32_t *end);

/* Called by the kernel when executable memory of the resident address space changes: mapped,
 * unmapped, made writable.  Implemented in decode_cache.c, which also calls entries_flush().
 * Whether lifted code is valid at a PC is decided by lifted_lookup() from the VMA that holds it:
 * the unmodified file of the root file system, mapped where the translator expected it. */
void exec_flush_range(uint32_t start, uint32_t end);
/* Another address space became resident.  `code_id` is equal for address spaces whose executable
 * mappings are the same files at the same addresses: then decoded blocks stay. */
void exec_switch_address_space(uint64_t code_id);
/* riscv fence.i / flush_icache: code at any address may have changed. */
void exec_flush_all(void);
/* Empties the cache of lifted entries (entries.c). */
void entries_flush(void);

/* Lock-step mode (lockstep_riscv64.c): lifted code calls c2w_lockstep() at every basic block; the
 * task's state was changed by others, so the next block is not compared. */
#if defined(C2W_GUEST_RISCV64)
void c2w_lockstep(uint32_t pc);
void lockstep_forget(void);
#else
static inline void lockstep_forget(void) {}
#endif

/* Lifted code of the module keeps the integer registers in WebAssembly globals while it runs
 * (translator/register_globals.h); everything else finds them in c2w_cpu.  Called around lifted code
 * and by what lifted code calls. */
#if defined(__wasm__)
void registers_to_globals(void);
void registers_from_globals(void);
#else
static inline void registers_to_globals(void) {}
static inline void registers_from_globals(void) {}
#endif

/* Whether what lifted code uses for fused multiply-add is fused in this engine (relaxed_fma.c); true
 * when it uses nothing of the engine's. */
bool relaxed_fma_is_exact(void);

/* Instructions retired by the interpreter since the start. */
extern uint64_t interpreted_instructions;

#endif
