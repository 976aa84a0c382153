/* Resource limits (limits.c). */
#ifndef C2W_LIMITS_H
#define C2W_LIMITS_H
#include "kernel.h"
void limits_init(struct process *process); /* of PID 1, as in a container */
#endif
