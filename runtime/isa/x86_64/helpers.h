/* What semantics leave to functions, for the interpreter and for lifted code. */
#ifndef C2W_X86_64_HELPERS_H
#define C2W_X86_64_HELPERS_H

#include <stdbool.h>
#include <stdint.h>

#include "../state.h"

/* Division of high:low.  Unsigned: high < divisor.  Signed: x86_divs128_overflows() is false (which
 * says so for a divisor of 0, too). */
uint64_t x86_divu128(uint64_t high, uint64_t low, uint64_t divisor);
uint64_t x86_remu128(uint64_t high, uint64_t low, uint64_t divisor);
uint64_t x86_divs128(uint64_t high, uint64_t low, uint64_t divisor);
uint64_t x86_rems128(uint64_t high, uint64_t low, uint64_t divisor);
bool x86_divs128_overflows(uint64_t high, uint64_t low, uint64_t divisor);

/* CRC-32C of `bytes` bytes of data. */
uint32_t x86_crc32(uint32_t crc, uint64_t data, unsigned bytes);

/* Flags of a comparison of elements of `size` bytes, the low ones of a and b. */
void x86_set_compare(struct cpu *cpu, uint64_t a, uint64_t b, unsigned size);

enum string_operation { STRING_MOVS, STRING_STOS, STRING_LODS, STRING_SCAS, STRING_CMPS };

/* CPUID: eax and ecx choose the leaf. */
void x86_cpuid(struct cpu *cpu);

/* FXSAVE's image; `wide`: with REX.W.  x86_fxrstor() is false, and nothing is changed, when MXCSR
 * in the image has reserved bits. */
#define X86_FXSAVE_SIZE 512
void x86_fxsave(const struct cpu *cpu, uint8_t area[X86_FXSAVE_SIZE], bool wide);
bool x86_fxrstor(struct cpu *cpu, const uint8_t area[X86_FXSAVE_SIZE], bool wide);

#endif
