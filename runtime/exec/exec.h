/* Execution of guest code: dispatcher, interpreter, decode cache, lifted entries. */
#ifndef C2W_EXEC_H
#define C2W_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "../isa/state.h"
#include "../lifted.h"

/* Runs the CPU from c2w_cpu.pc until c2w_cpu.event is set (dispatch.c).  The kernel's scheduler
 * calls it with a fresh wasm stack. */
void cpu_run(void);

/* Interprets from c2w_cpu.pc (interp.c) until
 *   - a block starts at which lifted code can be entered (unless cpu.frm != 0 or force_interp),
 *   - pc == stop_pc at a block start and x2/rsp == stop_sp,
 *   - cpu.event is set, or about `budget` instructions were executed.
 * All state is in c2w_cpu on return. */
void interpret(uint32_t stop_pc, uint64_t stop_sp, uint32_t budget);

/* Lifted entry for a PC in the resident address space, or NULL (entries.c). */
lifted_function *lifted_lookup(uint32_t pc);

/* Called by the kernel when executable memory of the resident address space changes: mapped,
 * unmapped, made writable, replaced by another address space.  A range of exactly the file's own
 * unmodified pages keeps its lifted entries. */
void exec_flush_range(uint32_t start, uint32_t end);
/* Another address space became resident.  `code_id` is equal for address spaces whose executable
 * mappings are the same files at the same addresses: then decoded blocks stay. */
void exec_switch_address_space(uint64_t code_id);
/* File `rootfs_inode` was mapped with load address `base` (or any more its text is not intact). */
void exec_file_mapped(uint32_t rootfs_inode, uint32_t base, bool intact);
/* riscv fence.i / flush_icache: code at any address may have changed. */
void exec_flush_all(void);

/* Instructions retired by the interpreter since the start. */
extern uint64_t interpreted_instructions;

#endif
