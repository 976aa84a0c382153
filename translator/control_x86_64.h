/* What discovery knows of x86-64's general registers. */
#ifndef C2W_CONTROL_X86_64_H
#define C2W_CONTROL_X86_64_H

#include "isa.h"

/* What calls change: rax, rcx, rdx, rsi, rdi, r8 to r11. */
#define CALLER_SAVED                                                                               \
    (1u << REG_RAX | 1u << REG_RCX | 1u << REG_RDX | 1u << REG_RSI | 1u << REG_RDI | 0xfu << REG_R8)

/* The general registers that an instruction changes: bit r for cpu.r[r]. */
uint32_t general_writes(const struct insn *insn);
/* Whether the register operands are bytes, with numbers as BYTE_REGISTER gives them. */
bool has_byte_result(const struct insn *insn);

#endif
