/* RISC-V registers in the translator. */
#ifndef C2W_REGISTERS_RISCV64_H
#define C2W_REGISTERS_RISCV64_H

#include "internal.h"

/* Register that an instruction writes (1..31), 0 if it writes no integer register. */
unsigned integer_result(const struct insn *insn);

#endif
