/* Rows of the tests of discovery. */
#ifndef C2W_TESTS_BLOCKS_H
#define C2W_TESTS_BLOCKS_H

#include "../../translator/internal.h"

/* Prints whether discovery makes this number of functions and these blocks of a piece of code that
 * is entered at its start: "start-next end target; ...", addresses relative to the start; "!" marks
 * a call that is believed not to return. */
void check_blocks(const char *name, const uint8_t *bytes, size_t size, size_t functions,
                  const char *blocks);

/* Prints whether the function at the start of a piece of code reads the sticky exception flags. */
void check_exception_flags(const char *name, const uint8_t *bytes, size_t size, bool reads);

#endif
