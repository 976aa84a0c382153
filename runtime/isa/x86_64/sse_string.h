/* The string comparisons of SSE4.2 (SDM volume 1, 4.1 of volume 2B), for the interpreter and for
 * lifted code. */
#ifndef C2W_X86_64_SSE_STRING_H
#define C2W_X86_64_SSE_STRING_H

#include "vector.h"

struct string_compare {
    uint32_t result; /* the bits of IntRes2 */
    uint32_t flags;  /* CF, ZF, SF, OF as in rflags */
};

/* Lengths of PCMPISTRx: elements before the first that is 0. */
unsigned x86_implicit_length(V128 value, unsigned imm);
/* ... and of PCMPESTRx: the magnitude of a register, at most the number of elements. */
unsigned x86_explicit_length(uint64_t value, unsigned imm);

struct string_compare x86_compare_strings(V128 a, unsigned a_length, V128 b, unsigned b_length,
                                          unsigned imm);
/* The index that PCMPxSTRI gives, and the mask of PCMPxSTRM. */
unsigned x86_string_index(uint32_t result, unsigned imm);
V128 x86_string_mask(uint32_t result, unsigned imm);

#endif
