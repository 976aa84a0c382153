/* The scheduler: which task runs, who waits for what. */
#ifndef C2W_SCHED_H
#define C2W_SCHED_H

#include "kernel.h"

/* Result of a handler that replaced the registers (exec, sigreturn) or ended the task. */
#define ENORESULT 4094

struct scheduler {
    struct task *first, *last; /* runnable tasks in the order they run, without the current one */
    struct task *loaded;       /* whose state c2w_cpu holds; NULL after it ended */
    uint64_t slice_end;        /* when another process may replace the resident one */
    uint64_t started;          /* when the current task got the CPU */
    uint64_t last_host_poll;
    bool deadlock;
};

/* Runs tasks until PID 1 has ended. */
void scheduler_run(void);
void task_enqueue(struct task *task);
void task_dequeue(struct task *task);
/* Ends all waits of a task (its state is set by the caller). */
void task_cancel_waits(struct task *task);

/* Execution of the system call at c2w_cpu.pc again after a wake-up (syscall.c). */
void syscall_retry(void);
/* A signal handler is about to run while the call waits: finishes or rewinds it. */
void syscall_interrupt(bool restart);
/* Drops what the blocked call of a task keeps. */
void syscall_abandon(struct task *task);
void syscall_report_statistics(void);

#endif
