#ifndef C2W_TESTS_VENDOR_H
#define C2W_TESTS_VENDOR_H

/* Whose processor the oracle is.  Included by tests of x86-64 hosts only. */

#include <cpuid.h>
#include <stdbool.h>

static inline bool cpu_is_intel(void) {
    unsigned eax, ebx, ecx, edx;
    return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx &&
           ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
}

#endif
