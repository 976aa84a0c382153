/* Execution of machine code by the interpreter, in guest memory at the addresses of
 * native_x86_64.h. */
#ifndef INTERPRETED_X86_64_H
#define INTERPRETED_X86_64_H

#include "native_x86_64.h"

/* `code` and `data` become guest memory, as native_start()'s. */
bool interpreted_start(uint8_t **code, uint8_t **data);
/* Runs from state->rip until a signal. */
void interpreted_run(struct machine_state *state);

#endif
