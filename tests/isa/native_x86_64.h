/* Execution of machine code by this machine's own CPU, in a process of its own that has nothing
 * else in its address space, under ptrace. */
#ifndef NATIVE_X86_64_H
#define NATIVE_X86_64_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>
#undef PAGE_SIZE /* runtime/guest_memory.h has its own */

/* The guest addresses of a test: code that only runs, data, data that cannot be written; what is
 * around them is not mapped. */
#define CODE_START 0x400000u
#define CODE_SIZE 0x1000u
#define DATA_START 0x2345000u
#define DATA_SIZE 0x2000u
#define CONSTANT_START (DATA_START + DATA_SIZE)
#define CONSTANT_SIZE 0x1000u

struct machine_state {
    uint64_t r[16]; /* in encoding order */
    uint64_t rip, rflags, fs_base, gs_base;
    struct user_fpregs_struct fp; /* FXSAVE's image */
    /* How execution ended: the signal, its si_code and address. */
    int signal, code;
    uint64_t address;
};

/* Starts the process.  `code` and `data` (with the constant page behind it) become this process's
 * view of its memory. */
bool native_start(uint8_t **code, uint8_t **data);
/* Runs from state->rip until a signal. */
bool native_run(struct machine_state *state);
void native_stop(void);

#endif
