/* The general registers and lazy flags of lifted code in the module (translator/register_globals.h): a
 * WebAssembly global each, c2w_x<n>, and the functions that copy them to and from c2w_cpu. */
#include "../../exec/exec.h"

#if defined(__wasm__)

/* rax..r15, then flags_op, flags_a and flags_b (translator/registers_x86_64.c). */
#define EACH_GENERAL(R)                                                                            \
    R(0) R(1) R(2) R(3) R(4) R(5) R(6) R(7) R(8) R(9) R(10) R(11) R(12) R(13) R(14) R(15)
#define EACH_GLOBAL(R) EACH_GENERAL(R) R(16) R(17) R(18)

#define DEFINE(n)                                                                                  \
    __asm__(".globaltype c2w_x" #n ", i64\n"                                                       \
            ".globl c2w_x" #n "\n"                                                                 \
            "c2w_x" #n ":\n");
EACH_GLOBAL(DEFINE)

#define SET(n, value) __asm__ volatile("local.get %0\n\tglobal.set c2w_x" #n : : "r"((uint64_t)value));
#define GET(n, to) __asm__ volatile("global.get c2w_x" #n "\n\tlocal.set %0" : "=r"(to));

void registers_to_globals(void) {
#define SET_GENERAL(n) SET(n, c2w_cpu.r[n])
    EACH_GENERAL(SET_GENERAL)
    SET(16, c2w_cpu.flags_op)
    SET(17, c2w_cpu.flags_a)
    SET(18, c2w_cpu.flags_b)
}

void registers_from_globals(void) {
#define GET_GENERAL(n) GET(n, c2w_cpu.r[n])
    EACH_GENERAL(GET_GENERAL)
    uint64_t flags_op;
    GET(16, flags_op)
    c2w_cpu.flags_op = (uint32_t)flags_op;
    GET(17, c2w_cpu.flags_a)
    GET(18, c2w_cpu.flags_b)
}

#endif
