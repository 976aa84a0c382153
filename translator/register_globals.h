/* Guest registers in WebAssembly globals.
 *
 * LLVM sees the integer registers in memory, x<n> at the constant address REGISTERS_ADDRESS + 8 * n
 * (registers_GUEST.c).  In the linked module those loads and stores, more than half of all, become accesses
 * to globals that the runtime defines (runtime/isa/GUEST/register_globals.c): 2 bytes of code each
 * instead of 5 to 6.  LLVM is not asked for globals itself, since it moves accesses to them across
 * calls. */
#ifndef C2W_REGISTER_GLOBALS_H
#define C2W_REGISTER_GLOBALS_H

#include <stdbool.h>
#include <stddef.h>

/* Nothing in lifted code has such an address otherwise: guest memory starts above, displacements
 * from computed addresses are below 64 KiB. */
#define REGISTERS_ADDRESS 0x1000000u

/* The code section's contents for a linked module in which the functions named lifted_... use the
 * globals named c2w_x0 to c2w_x31.  *code is a heap block, NULL when the module has no such globals:
 * then its code stays.  False with a line in error when the module is malformed or a lifted function
 * accesses a register in a way that is not understood. */
bool promote_registers(const unsigned char *module, size_t size, unsigned char **code,
                       size_t *code_size, char *error, size_t error_size);

#endif
