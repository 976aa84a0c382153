/* C2W_STRACE: one line a system call on stderr. */
#ifndef C2W_STRACE_H
#define C2W_STRACE_H

#include "kernel.h"

struct syscall_row {
    const char *name;
    syscall_handler *handler;
    const char *arguments; /* letters of syscalls.def */
    uint8_t status;
};

/* row is NULL for numbers without one. */
void strace_enter(const struct syscall_row *row, uint64_t number, const uint64_t *arguments);
void strace_exit(const struct syscall_row *row, uint64_t number, const uint64_t *arguments,
                 int64_t result);
void strace_signal(int signal);
const char *error_name(int error);

#endif
