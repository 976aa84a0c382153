/* The native runtime has no lifted code: everything runs in the interpreter. */
#include "../lifted.h"

const struct lifted_file c2w_lifted_files[1];
const uint32_t c2w_lifted_file_count = 0;
const uint32_t c2w_lifted_code_counts = 0;
