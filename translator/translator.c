/* translate(): hands the files to the part of the translator that was compiled for their guest. */
#include <string.h>

#include "translate.h"

bool translate(enum guest_isa isa, const struct translator_input *inputs, size_t count,
               const struct translator_options *options, struct translated *translated,
               struct translator_report *report, char *error, size_t error_size) {
    static translate_function *const guests[] = {[GUEST_RISCV64] = translate_riscv64,
                                                [GUEST_X86_64] = translate_x86_64};
    memset(report, 0, sizeof *report);
    memset(translated, 0, sizeof *translated);
    return guests[isa](inputs, count, options, translated, report, error, error_size);
}
