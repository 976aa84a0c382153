/* Debian's compiler builtins for wasm32 (128-bit division) are built with stack protectors, for which
 * wasi-libc has nothing. */
#include <stdint.h>

uintptr_t __stack_chk_guard = 0x5bd1e995;
void __stack_chk_fail(void);

void __stack_chk_fail(void) { __builtin_trap(); }
