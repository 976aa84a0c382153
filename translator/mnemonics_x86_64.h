/* Capstone's names of x86-64 instructions. */
#ifndef C2W_MNEMONICS_X86_64_H
#define C2W_MNEMONICS_X86_64_H

#include <stdbool.h>

/* Whether capstone's mnemonic (of cs_insn: the ids of fadd and cmpps are not reliable) means an
 * operation (enum op). */
bool mnemonic_fits(const char *mnemonic, unsigned op);

#endif
