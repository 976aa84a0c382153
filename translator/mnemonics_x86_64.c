/* Where capstone's names differ from those of ops.def. */
#include "mnemonics_x86_64.h"

#include <stddef.h>
#include <string.h>

#include "../runtime/isa/x86_64/insn.h"

static const struct {
    const char *mnemonic;
    uint16_t op;
} aliases[] = {
    /* Hints, and what the level does not have and processors without it run as no operation. */
    {"endbr64", OP_nop},
    {"endbr32", OP_nop},
    {"pause", OP_nop},
    {"rdsspq", OP_nop},
    {"rdsspd", OP_nop},
    {"cldemote", OP_nop},
    {"prefetch", OP_nop},
    {"prefetchw", OP_nop},
    {"prefetchwt1", OP_nop},
    {"prefetchnta", OP_nop},
    {"prefetcht0", OP_nop},
    {"prefetcht1", OP_nop},
    {"prefetcht2", OP_nop},
    {"bndldx", OP_nop},
    {"bndstx", OP_nop},
    {"bndmk", OP_nop},
    {"bndcl", OP_nop},
    {"bndcu", OP_nop},
    {"bndcn", OP_nop},
    {"bndmov", OP_nop},
    /* ... as the instruction without the prefix: no BMI1, no LZCNT. */
    {"tzcnt", OP_bsf16},
    {"tzcnt", OP_bsf32},
    {"tzcnt", OP_bsf64},
    {"lzcnt", OP_bsr16},
    {"lzcnt", OP_bsr32},
    {"lzcnt", OP_bsr64},
    {"clflushopt", OP_clflush},
    /* One operation with several names. */
    {"lfence", OP_fence},
    {"sfence", OP_fence},
    {"ud0", OP_ud},
    {"ud1", OP_ud},
    {"movabs", OP_mov8},
    {"movabs", OP_mov16},
    {"movabs", OP_mov32},
    {"movabs", OP_mov64},
    {"mov", OP_mov_imm64},
    {"sal", OP_shl8},
    {"sal", OP_shl16},
    {"sal", OP_shl32},
    {"sal", OP_shl64},
    {"pushf", OP_pushf64},
    {"popf", OP_popf64},
    {"jrcxz", OP_jecxz},
    {"fstpnce", OP_fstp_sti},
    {"fcompi", OP_fcomip},
    {"fucompi", OP_fucomip},
};

/* Capstone writes prefixes in front of the name. */
static const char *skip_prefixes(const char *mnemonic) {
    const char *space = strrchr(mnemonic, ' ');
    return space ? space + 1 : mnemonic;
}

bool mnemonic_fits(const char *mnemonic, unsigned op) {
    mnemonic = skip_prefixes(mnemonic);
    const char *ours = op_table[op].mnemonic;
    size_t length = strlen(ours);
    if (!strcmp(mnemonic, ours))
        return true;
    if (op >= OP_movs8 && op <= OP_cmps64) /* movsb, movsw, movsd, movsq */
        return !strncmp(mnemonic, ours, length) && strlen(mnemonic) == length + 1;
    if (op >= OP_cmpps && op <= OP_cmpsd) /* cmpltps */
        return !strncmp(mnemonic, "cmp", 3) && !strcmp(mnemonic + strlen(mnemonic) - 2, ours + 3);
    if (op == OP_privileged) /* all that trap alike */
        return true;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (aliases[i].op == op && !strcmp(aliases[i].mnemonic, mnemonic))
            return true;
    return false;
}
