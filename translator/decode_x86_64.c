/* Decodes x86-64 instructions.
 *
 * The fields come from the runtime's decoder: capstone's operands leave out the width of an
 * address, the byte of a high register and what an operation implies.  Capstone tells validity,
 * length and which instruction it is, independently; where the two do not agree, the interpreter
 * has the instruction: movsxd without REX.W, reserved forms of nop, which no compiler emits,
 * and some undefined opcodes.
 * The names that differ are in mnemonics_x86_64.c. */
#include <stdlib.h>

#include "disassembler.h"
#include "internal.h"
#include "mnemonics_x86_64.h"

struct decoder {
    struct disassembler disassembler;
    /* Per operation, the id of capstone's with which it was last found to agree: most operations
     * have one name. */
    uint16_t agreed[OP_COUNT];
};
_Static_assert(X86_INS_ENDING <= UINT16_MAX, "capstone's ids have 16 bits");

struct decoder *decoder_new(void) {
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    if (!disassembler_open(&decoder->disassembler, CS_ARCH_X86, CS_MODE_64)) {
        free(decoder);
        return NULL;
    }
    return decoder;
}

void decoder_free(struct decoder *decoder) {
    if (!decoder)
        return;
    disassembler_close(&decoder->disassembler);
    free(decoder);
}

static bool agrees(struct decoder *decoder, unsigned op) {
    unsigned id = decoder->disassembler.insn->id;
    if (decoder->agreed[op] == id)
        return true;
    if (!mnemonic_fits(decoder->disassembler.insn->mnemonic, op))
        return false;
    decoder->agreed[op] = (uint16_t)id;
    return true;
}

bool decode_insn(struct decoder *decoder, const uint8_t *bytes, size_t available, uint32_t address,
                 struct insn *insn) {
    struct disassembler *theirs = &decoder->disassembler;
    const uint8_t *code = bytes;
    size_t size = available < INSN_MAX_LENGTH ? available : INSN_MAX_LENGTH;
    uint64_t pc = address;
    if (!insn_decode(bytes, available, insn) ||
        !cs_disasm_iter(theirs->capstone, &code, &size, &pc, theirs->insn) ||
        theirs->insn->size != insn->len || !agrees(decoder, insn->op))
        return false;
    insn_place(insn, address);
    return true;
}
