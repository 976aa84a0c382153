/* Counts of executed blocks for C2W_PROFILE.  Blocks of all processes are counted together, by file
 * contents and offset in the file. */
#ifndef C2W_PROFILE_H
#define C2W_PROFILE_H

#include <stdint.h>

/* Counts from now on; the file is in a preopened directory, at this guest path.  0 or -errno. */
int profile_start(const char *path);
/* Number of the row that counts executions of the block at pc of the resident address space, which
 * has so many instructions; 0 = not counted, no profile is made.  No instructions: entries of lifted
 * code. */
uint32_t profile_row(uint32_t pc, uint32_t instructions);
void profile_count(uint32_t row);
/* Counts an entry of lifted code by the dispatcher. */
void profile_count_entry(uint32_t pc);
/* Writes the file; 0 or -errno. */
int profile_write(void);

#endif
