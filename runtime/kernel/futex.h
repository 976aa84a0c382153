/* Futexes (futex.c). */
#ifndef C2W_FUTEX_H
#define C2W_FUTEX_H

#include "kernel.h"

/* Wakes waiters on a word of the current address space, private or shared. */
int futex_wake_address(uint64_t va, int count);
void futex_forget(struct task *task);           /* the task no longer waits */
void futex_exit_robust_list(struct task *task); /* marks the locks it still holds */

#endif
