/* The native runtime has no lifted code: everything runs in the interpreter. */
#include <stddef.h>

#include "../lifted.h"

const struct lifted_file c2w_lifted_files[1];
const uint32_t c2w_lifted_file_count = 0;
const uint32_t c2w_lifted_code_counts = 0;
float (*const c2w_relaxed_fma_f32)(float, float, float) = NULL;
double (*const c2w_relaxed_fma_f64)(double, double, double) = NULL;
