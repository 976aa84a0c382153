/* Processes and tasks: creation, end, relations. */
#ifndef C2W_TASK_H
#define C2W_TASK_H

#include "kernel.h"

struct process *process_new(struct process *parent);
struct task *task_new(struct process *process, int32_t tid);
int32_t allocate_pid(void);
void task_free(struct task *task);
void process_free(struct process *process); /* a zombie that was waited for */

/* Ends the current task; the process too when it was the last one. */
void task_exit(int status_word);
/* Ends the current process with all its threads.  status_word: as wait4 reports it. */
void process_exit(int status_word);
/* Ends every thread of the current process but the current one (execve). */
void end_other_threads(void);
/* The current process no longer uses its parent's memory (vfork): lets the parent go on. */
void vfork_release(struct process *process);
/* Futex wake-up and robust list when a thread ends or execs. */
void task_release_memory(struct task *task);

/* Deals with a process that ended, stopped (signal > 0) or continued (signal 0). */
void process_stop(struct process *process, int signal);
void process_continue(struct process *process);

#endif
