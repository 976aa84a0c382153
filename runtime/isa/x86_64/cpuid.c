/* CPUID of the guest: level x86-64-v2.  What it hides (AVX, FMA, BMI, AES, PCLMULQDQ, SHA, MOVBE,
 * XSAVE, RDRAND, RDTSCP) keeps programs on code that maps to WebAssembly's SIMD. */
#include "helpers.h"

#include <string.h>

#include "insn.h"

/* Feature bits (SDM volume 2, CPUID). */
#define FEATURES_1_EDX                                                                             \
    (1u << 0 /* FPU */ | 1u << 4 /* TSC */ | 1u << 8 /* CX8 */ | 1u << 15 /* CMOV */ |             \
     1u << 19 /* CLFSH */ | 1u << 23 /* MMX */ | 1u << 24 /* FXSR */ | 1u << 25 /* SSE */ |        \
     1u << 26 /* SSE2 */)
#define FEATURES_1_ECX                                                                             \
    (1u << 0 /* SSE3 */ | 1u << 9 /* SSSE3 */ | 1u << 13 /* CX16 */ | 1u << 19 /* SSE4.1 */ |      \
     1u << 20 /* SSE4.2 */ | 1u << 23 /* POPCNT */ | 1u << 31 /* hypervisor */)
#define FEATURES_EXTENDED_EDX (1u << 11 /* SYSCALL */ | 1u << 20 /* NX */ | 1u << 29 /* 64-bit */)
#define FEATURES_EXTENDED_ECX (1u << 0 /* LAHF in 64-bit mode */)

struct leaf {
    uint32_t number, eax, ebx, ecx, edx;
};

/* Family 6 model 37 (Westmere without AES): old enough that nobody expects more. */
static const struct leaf leaves[] = {
    {0x0, 0xd, 0x756e6547, 0x6c65746e, 0x49656e69}, /* "GenuineIntel" */
    {0x1, 0x00020652 /* family 6, model 37, stepping 2 */,
     8 << 8 /* CLFLUSH line */ | 1 << 16 /* logical processors */, FEATURES_1_ECX, FEATURES_1_EDX},
    {0x80000000, 0x80000008, 0, 0, 0},
    {0x80000001, 0, 0, FEATURES_EXTENDED_ECX, FEATURES_EXTENDED_EDX},
    {0x80000007, 0, 0, 0, 1u << 8 /* invariant TSC */},
    {0x80000008, 48 << 8 | 40, 0, 0, 0}, /* linear and physical address bits */
};

static const char brand[48] = "c2w-aot x86-64-v2";

void x86_cpuid(struct cpu *cpu) {
    uint32_t number = (uint32_t)cpu->r[REG_RAX];
    struct leaf found = {0};
    for (unsigned n = 0; n < sizeof leaves / sizeof *leaves; n++) {
        if (leaves[n].number == number)
            found = leaves[n];
    }
    if (number >= 0x80000002 && number <= 0x80000004)
        memcpy(&found.eax, brand + 16 * (number - 0x80000002), 16);
    cpu->r[REG_RAX] = found.eax;
    cpu->r[REG_RBX] = found.ebx;
    cpu->r[REG_RCX] = found.ecx;
    cpu->r[REG_RDX] = found.edx;
}
