/* Processes and tasks: creation, end, relations. */
#include "task.h"

#include <string.h>

#include "futex.h"
#include "mm.h"
#include "sched.h"
#include "signal.h"
#include "timer.h"
#include "vfs.h"

#define PID_MAX 32768

struct process *process_find(int32_t pid) {
    for (struct process *process = kernel.processes; process; process = process->next)
        if (process->pid == pid)
            return process;
    return NULL;
}

struct task *task_find(int32_t tid) {
    for (struct process *process = kernel.processes; process; process = process->next)
        for (struct task *task = process->tasks; task; task = task->next_in_process)
            if (task->tid == tid)
                return task;
    return NULL;
}

bool process_is_alive(const struct process *process) { return process->state != PROCESS_ZOMBIE; }

/* An id that names no process, thread, group or session. */
int32_t allocate_pid(void) {
    for (;;) {
        int32_t id = ++kernel.next_pid;
        if (id >= PID_MAX) {
            kernel.next_pid = 1;
            continue;
        }
        bool used = task_find(id) != NULL;
        for (struct process *p = kernel.processes; p && !used; p = p->next)
            used = p->pid == id || p->pgid == id || p->sid == id;
        if (!used)
            return id;
    }
}

struct process *process_new(struct process *parent) {
    struct process *process = heap_alloc(sizeof *process);
    process->parent = parent;
    process->start_time = host_clock(1);
    process->state = PROCESS_ALIVE;
    process->exit_signal = SIGCHLD;
    process->dumpable = true;
    process->timer_slack = process->default_timer_slack = DEFAULT_TIMER_SLACK;
    struct process **link = &kernel.processes;
    while (*link)
        link = &(*link)->next;
    *link = process;
    return process;
}

struct task *task_new(struct process *process, int32_t tid) {
    struct task *task = heap_alloc(sizeof *task);
    task->process = process;
    task->tid = tid;
    task->wake_time = UINT64_MAX;
    task->alternate_stack_flags = SS_DISABLE;
    struct task **link = &process->tasks;
    while (*link)
        link = &(*link)->next_in_process;
    *link = task;
    return task;
}

void task_free(struct task *task) {
    if (kernel.scheduler->loaded == task)
        kernel.scheduler->loaded = NULL;
    heap_free(task);
}

void process_free(struct process *process) {
    struct process **link = &kernel.processes;
    while (*link != process)
        link = &(*link)->next;
    *link = process->next;
    wake_all(&process->child_changed);
    wake_all(&process->vfork_done);
    wake_all(&process->signal_arrived);
    heap_free(process);
}

static void unlink_task(struct task *task) {
    struct task **link = &task->process->tasks;
    while (*link != task)
        link = &(*link)->next_in_process;
    *link = task->next_in_process;
}

/* Ends a thread that is not the current one. */
static void kill_task(struct task *task) {
    syscall_abandon(task);
    if (task->state == TASK_RUNNABLE)
        task_dequeue(task);
    task->state = TASK_DEAD;
    signals_discard(&task->queued);
    futex_forget(task);
    unlink_task(task);
    task_free(task);
}

void end_other_threads(void) {
    struct task *task = current->process->tasks;
    while (task) {
        struct task *next = task->next_in_process;
        if (task != current)
            kill_task(task);
        task = next;
    }
}

void task_release_memory(struct task *task) {
    futex_exit_robust_list(task);
    if (task->clear_child_tid) {
        uint32_t zero = 0;
        /* Nobody else sees the word when the memory has no other user. */
        if (user_write(task->clear_child_tid, &zero, sizeof zero) == 0)
            futex_wake_address(task->clear_child_tid, 1);
        task->clear_child_tid = 0;
    }
}

void vfork_release(struct process *process) {
    if (!process->vforked)
        return;
    process->vforked = false;
    wake_all(&process->vfork_done);
}

/* The process that adopts orphans: the nearest ancestor that asked for it, else PID 1. */
static struct process *find_reaper(struct process *process) {
    for (struct process *p = process->parent; p; p = p->parent)
        if (p->child_subreaper && p->state != PROCESS_ZOMBIE)
            return p;
    return kernel.init;
}

static bool is_orphaned_group(int32_t pgid, const struct process *except) {
    for (struct process *p = kernel.processes; p; p = p->next)
        if (p->pgid == pgid && p != except && p->state != PROCESS_ZOMBIE && p->parent &&
            p->parent != kernel.init && p->parent->pgid != pgid && p->parent->sid == p->sid)
            return false;
    return true;
}

/* Tells the parent of a zombie.  True when the parent does not want to wait for it. */
static bool report_end(struct process *process) {
    struct process *parent = process->parent;
    const struct signal_action *action = &parent->actions->actions[SIGCHLD];
    int signal = process->exit_status & 0x7f;
    bool ignored = process->exit_signal == SIGCHLD &&
                   (action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT));
    signal_parent(process,
                  signal ? (process->exit_status & 0x80 ? CLD_DUMPED : CLD_KILLED) : CLD_EXITED,
                  signal ? signal : process->exit_status >> 8 & 0xff);
    wake_all(&parent->child_changed);
    return ignored;
}

/* Children go to the reaper; process groups that this orphans and that have stopped members get
 * SIGHUP and SIGCONT (POSIX, _exit). */
static void give_away_children(struct process *process) {
    struct process *reaper = find_reaper(process);
    for (struct process *child = kernel.processes, *next; child; child = next) {
        next = child->next;
        if (child->parent != process)
            continue;
        child->parent = reaper;
        if (child->state == PROCESS_ZOMBIE) {
            child->exit_signal = SIGCHLD;
            if (report_end(child))
                process_free(child);
            continue;
        }
        if (child->parent_death_signal)
            signal_process(child, child->parent_death_signal, NULL);
        if (child->state == PROCESS_STOPPED && child->pgid != process->pgid &&
            child->sid == process->sid && is_orphaned_group(child->pgid, NULL)) {
            signal_group(child->pgid, SIGHUP);
            signal_group(child->pgid, SIGCONT);
        }
    }
}

/* The last thread is gone.  When PID 1 ends, the module ends, and with it everything else. */
static void process_end(struct process *process, int status_word) {
    process->group_exiting = true;
    signals_discard(&process->queued);
    process->pending = 0;
    files_put(process->files);
    process->files = NULL;
    if (process->mm) {
        mm_put(process->mm);
        process->mm = NULL;
    }
    fs_put(process->fs);
    process->fs = NULL;
    signal_actions_put(process->actions);
    process->actions = NULL;
    heap_free(process->command_line);
    process->command_line = NULL;
    process->command_line_size = 0;
    heap_free(process->environment);
    process->environment = NULL;
    process->environment_size = 0;
    if (process->controlling_tty && process->sid == process->pid)
        pty_session_ended(process->controlling_tty);
    interval_timers_drop(process);
    posix_timers_drop(process);
    process->state = PROCESS_ZOMBIE;
    process->exit_status = status_word;
    vfork_release(process);
    if (process != kernel.init)
        give_away_children(process);
    if (process->parent)
        process->reap_now = report_end(process);
}

void task_exit(int status_word) {
    struct task *task = current;
    struct process *process = task->process;
    syscall_abandon(task);
    task_release_memory(task);
    signals_discard(&task->queued);
    task->state = TASK_DEAD;
    unlink_task(task);
    c2w_cpu.event |= EVENT_RESCHED;
    if (process->tasks)
        return;
    process_end(process, process->group_exiting ? process->exit_status : status_word);
}

void process_exit(int status_word) {
    struct process *process = current->process;
    process->group_exiting = true;
    process->exit_status = status_word;
    end_other_threads();
    task_exit(status_word);
}

void process_stop(struct process *process, int signal) {
    if (process->state != PROCESS_ALIVE)
        return;
    process->state = PROCESS_STOPPED;
    process->exit_status = signal << 8 | 0x7f;
    process->stop_reported = false;
    process->continue_pending = false;
    struct process *parent = process->parent;
    if (!parent)
        return;
    if (!(parent->actions->actions[SIGCHLD].flags & SA_NOCLDSTOP))
        signal_parent(process, CLD_STOPPED, signal);
    wake_all(&parent->child_changed);
}

void process_continue(struct process *process) {
    if (process->state != PROCESS_STOPPED)
        return;
    process->state = PROCESS_ALIVE;
    process->continue_pending = true;
    struct process *parent = process->parent;
    if (!parent)
        return;
    if (!(parent->actions->actions[SIGCHLD].flags & SA_NOCLDSTOP))
        signal_parent(process, CLD_CONTINUED, SIGCONT);
    wake_all(&parent->child_changed);
}

/* --- system calls --- */

int64_t sys_exit(const uint64_t *a) {
    task_exit((int)(a[0] & 0xff) << 8);
    return -ENORESULT;
}

int64_t sys_exit_group(const uint64_t *a) {
    process_exit((int)(a[0] & 0xff) << 8);
    return -ENORESULT;
}

int64_t sys_getpid(const uint64_t *a) {
    (void)a;
    return current->process->pid;
}

int64_t sys_getppid(const uint64_t *a) {
    (void)a;
    return current->process->parent ? current->process->parent->pid : 0;
}

int64_t sys_gettid(const uint64_t *a) {
    (void)a;
    return current->tid;
}

int64_t sys_set_tid_address(const uint64_t *a) {
    current->clear_child_tid = a[0];
    return current->tid;
}

static struct process *process_or_self(int32_t pid) {
    return pid == 0 ? current->process : process_find(pid);
}

int64_t sys_getpgid(const uint64_t *a) {
    struct process *process = process_or_self((int32_t)a[0]);
    return process ? process->pgid : -ESRCH;
}

int64_t sys_getsid(const uint64_t *a) {
    struct process *process = process_or_self((int32_t)a[0]);
    return process ? process->sid : -ESRCH;
}

int64_t sys_setpgid(const uint64_t *a) {
    int32_t pid = (int32_t)a[0], pgid = (int32_t)a[1];
    struct process *self = current->process;
    if (pgid < 0)
        return -EINVAL;
    struct process *process = process_or_self(pid);
    if (!process)
        return -ESRCH;
    if (process != self) {
        if (process->parent != self)
            return -ESRCH;
        if (process->sid != self->sid)
            return -EPERM;
        if (process->has_execed)
            return -EACCES;
    }
    if (process->sid == process->pid)
        return -EPERM; /* a session leader */
    if (pgid == 0)
        pgid = process->pid;
    if (pgid != process->pid) {
        bool found = false;
        for (struct process *p = kernel.processes; p; p = p->next)
            found |= p->pgid == pgid && p->sid == self->sid;
        if (!found)
            return -EPERM;
    }
    process->pgid = pgid;
    return 0;
}

int64_t sys_setsid(const uint64_t *a) {
    (void)a;
    struct process *self = current->process;
    for (struct process *p = kernel.processes; p; p = p->next)
        if (p->pgid == self->pid)
            return -EPERM;
    self->sid = self->pgid = self->pid;
    self->controlling_tty = NULL;
    return self->sid;
}
