/* FXSAVE and FXRSTOR (SDM volume 1, 10.5): what the kernel keeps in signal frames, too. */
#include <string.h>

#include "helpers.h"
#include "insn.h"
#include "x87.h"

/* Offsets in the image. */
enum { FXSAVE_MXCSR = 24, FXSAVE_MXCSR_MASK = 28, FXSAVE_XMM = 160 };

/* The instruction and operand pointers of the narrow form are selector:offset, 32 bits each; the
 * selectors read as 0. */
void x86_fxsave(const struct cpu *cpu, uint8_t area[X86_FXSAVE_SIZE], bool wide) {
    uint32_t mask = MXCSR_VALID;
    x87_save((const struct x87 *)cpu->st, area);
    if (!wide) {
        memset(area + 12, 0, 4);
        memset(area + 20, 0, 4);
    }
    memcpy(area + FXSAVE_MXCSR, &cpu->mxcsr, 4);
    memcpy(area + FXSAVE_MXCSR_MASK, &mask, 4);
    memcpy(area + FXSAVE_XMM, cpu->xmm, sizeof cpu->xmm);
}

bool x86_fxrstor(struct cpu *cpu, const uint8_t area[X86_FXSAVE_SIZE], bool wide) {
    uint8_t image[X87_FXSAVE_SIZE];
    uint32_t mxcsr;
    memcpy(&mxcsr, area + FXSAVE_MXCSR, 4);
    if (mxcsr & ~MXCSR_VALID)
        return false;
    memcpy(image, area, sizeof image);
    if (!wide) {
        memset(image + 12, 0, 4);
        memset(image + 20, 0, 4);
    }
    x87_restore((struct x87 *)cpu->st, image);
    cpu->mxcsr = mxcsr;
    memcpy(cpu->xmm, area + FXSAVE_XMM, sizeof cpu->xmm);
    return true;
}
