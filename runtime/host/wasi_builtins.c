/* What the functions that the compiler calls expect of a C library: Debian builds them with stack
 * protection, which its wasi-libc does not know. */
#include <stdint.h>

#include "host.h"

uintptr_t __stack_chk_guard = 0x2f8b4d17;

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void) { host_panic("a stack frame is overwritten"); }
