/* Capstone as the decoders use it: a handle and the instruction that it decodes into. */
#ifndef C2W_DISASSEMBLER_H
#define C2W_DISASSEMBLER_H

#include <capstone/capstone.h>
#include <stdbool.h>

struct disassembler {
    csh capstone;
    cs_insn *insn;
};

/* False when capstone cannot be started: then there is nothing to close. */
static inline bool disassembler_open(struct disassembler *disassembler, cs_arch arch, cs_mode mode) {
    if (cs_open(arch, mode, &disassembler->capstone) != CS_ERR_OK)
        return false;
    disassembler->insn = cs_malloc(disassembler->capstone);
    if (!disassembler->insn)
        cs_close(&disassembler->capstone);
    return disassembler->insn;
}

static inline void disassembler_close(struct disassembler *disassembler) {
    cs_free(disassembler->insn, 1);
    cs_close(&disassembler->capstone);
}

#endif
