/* translate() for the images of one guest: the entry to what is compiled once for each guest. */
#ifndef C2W_TRANSLATE_H
#define C2W_TRANSLATE_H

#include "translator.h"

typedef bool translate_function(const struct translator_input *inputs, size_t count,
                                const struct translator_options *options,
                                struct translated *translated, struct translator_report *report,
                                char *error, size_t error_size);

/* The only symbols of the guests' parts that the others see (CMakeLists.txt). */
__attribute__((visibility("default"))) translate_function translate_riscv64;
__attribute__((visibility("default"))) translate_function translate_x86_64;

#if defined(C2W_GUEST_RISCV64)
#define TRANSLATE_GUEST translate_riscv64
#elif defined(C2W_GUEST_X86_64)
#define TRANSLATE_GUEST translate_x86_64
#endif

#endif
