/* Signals: parts shared by signal.c, signal_calls.c and the frames of abi_*.c. */
#ifndef C2W_SIGNAL_H
#define C2W_SIGNAL_H

#include "kernel.h"

/* A pending signal's siginfo. */
struct queued_signal {
    struct queued_signal *next;
    struct linux_siginfo info;
};

/* Delivers pending signals of the current task: enters a handler, stops or ends the process. */
void signals_deliver(void);
/* Takes the lowest pending signal of `set` of the current task; 0 when there is none. */
int signal_dequeue(uint64_t set, struct linux_siginfo *info);
void signals_discard(struct queued_signal **queue); /* frees a queue */
/* Takes signals of a set back, process-directed and of all threads. */
void signals_drop(struct process *process, uint64_t set);

struct signal_actions *signal_actions_get(struct signal_actions *actions);
struct signal_actions *signal_actions_copy(const struct signal_actions *actions);
void signal_actions_put(struct signal_actions *actions);
void signal_actions_reset(struct process *process); /* handlers -> default: exec, CLEAR_SIGHAND */

/* Where a handler's frame starts, given the interrupted stack pointer. */
uint64_t signal_stack_top(const struct signal_action *action, uint64_t sp);
void signal_get_altstack(struct linux_sigaltstack *stack, uint64_t sp);
int64_t signal_set_altstack(const struct linux_sigaltstack *stack, uint64_t sp);

/* SIGCHLD (or the exit signal) to the parent: a child ended, stopped or continued. */
void signal_parent(struct process *child, int code, int status);
/* Nobody in its session could continue its process group if it stopped. */
bool process_is_orphaned(const struct process *process);
/* Sets the mask, never blocking SIGKILL and SIGSTOP. */
void signal_set_mask(uint64_t mask);

#endif
