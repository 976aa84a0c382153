/* The integer registers x1 to x31 of lifted code in the module (translator/register_globals.h): a
 * WebAssembly global each, c2w_x<n>, and the functions that copy them to and from c2w_cpu. */
#include "../state.h"

#include "../../exec/exec.h"

#if defined(__wasm__)

#define EACH_REGISTER(R)                                                                           \
    R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12) R(13) R(14) R(15) R(16) R(17)   \
    R(18) R(19) R(20) R(21) R(22) R(23) R(24) R(25) R(26) R(27) R(28) R(29) R(30) R(31)

#define DEFINE(n)                                                                                  \
    __asm__(".globaltype c2w_x" #n ", i64\n"                                                       \
            ".globl c2w_x" #n "\n"                                                                 \
            "c2w_x" #n ":\n");
EACH_REGISTER(DEFINE)

void registers_to_globals(void) {
#define SET(n) __asm__ volatile("local.get %0\n\tglobal.set c2w_x" #n : : "r"(c2w_cpu.x[n]));
    EACH_REGISTER(SET)
}

void registers_from_globals(void) {
#define GET(n) __asm__ volatile("global.get c2w_x" #n "\n\tlocal.set %0" : "=r"(c2w_cpu.x[n]));
    EACH_REGISTER(GET)
}

#endif
