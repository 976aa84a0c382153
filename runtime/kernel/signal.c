/* Signals: sending, pending queues, delivery (POSIX, signal(7); Linux kernel/signal.c for details).
 */
#include "signal.h"

#include <string.h>

#include "abi.h"
#include "mm.h"
#include "sched.h"
#include "strace.h"
#include "task.h"
#include "timer.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
#define STOP_SIGNALS                                                                               \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define IGNORED_BY_DEFAULT                                                                         \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))
#define CORE_SIGNALS                                                                               \
    (SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGABRT) |        \
     SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGXCPU) |         \
     SIGNAL_BIT(SIGXFSZ) | SIGNAL_BIT(SIGSYS))
/* Faults are delivered before everything else. */
#define SYNCHRONOUS                                                                                \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |         \
     SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

/* --- actions --- */

struct signal_actions *signal_actions_get(struct signal_actions *actions) {
    actions->references++;
    return actions;
}

struct signal_actions *signal_actions_copy(const struct signal_actions *actions) {
    struct signal_actions *copy = heap_alloc(sizeof *copy);
    *copy = *actions;
    copy->references = 1;
    return copy;
}

void signal_actions_put(struct signal_actions *actions) {
    if (--actions->references == 0)
        heap_free(actions);
}

void signal_actions_reset(struct process *process) {
    struct signal_actions *fresh = heap_alloc(sizeof *fresh);
    fresh->references = 1;
    for (int signal = 1; signal <= SIGNAL_COUNT; signal++)
        if (process->actions->actions[signal].handler == SIG_IGN)
            fresh->actions[signal].handler = SIG_IGN;
    signal_actions_put(process->actions);
    process->actions = fresh;
}

/* --- pending signals --- */

void signals_discard(struct queued_signal **queue) {
    while (*queue) {
        struct queued_signal *signal = *queue;
        *queue = signal->next;
        heap_free(signal);
    }
}

static void remove_pending(uint64_t *pending, struct queued_signal **queue, uint64_t set) {
    *pending &= ~set;
    while (*queue) {
        struct queued_signal *signal = *queue;
        if (SIGNAL_BIT(signal->info.signal) & set) {
            *queue = signal->next;
            heap_free(signal);
        } else {
            queue = &signal->next;
        }
    }
}

void signals_drop(struct process *process, uint64_t set) {
    remove_pending(&process->pending, &process->queued, set);
    for (struct task *task = process->tasks; task; task = task->next_in_process)
        remove_pending(&task->pending, &task->queued, set);
}

static void enqueue(uint64_t *pending, struct queued_signal **queue, int signal,
                    const struct linux_siginfo *info) {
    /* An ordinary signal is pending once, real-time signals queue. */
    if (signal < SIGRTMIN && (*pending & SIGNAL_BIT(signal)))
        return;
    *pending |= SIGNAL_BIT(signal);
    struct queued_signal *entry = heap_alloc(sizeof *entry);
    entry->info = *info;
    entry->info.signal = signal;
    while (*queue)
        queue = &(*queue)->next;
    *queue = entry;
}

/* Removes the first queued entry of a signal; the pending bit goes with the last one. */
static void take(uint64_t *pending, struct queued_signal **queue, int signal,
                 struct linux_siginfo *info) {
    bool found = false, more = false;
    *info = (struct linux_siginfo){.signal = signal};
    while (*queue) {
        struct queued_signal *entry = *queue;
        if (entry->info.signal == signal && !found) {
            found = true;
            *info = entry->info;
            *queue = entry->next;
            heap_free(entry);
            continue;
        }
        more |= entry->info.signal == signal;
        queue = &entry->next;
    }
    if (!more)
        *pending &= ~SIGNAL_BIT(signal);
}

static int lowest(uint64_t set) {
    uint64_t first = set & SYNCHRONOUS ? set & SYNCHRONOUS : set;
    return first ? __builtin_ctzll(first) + 1 : 0;
}

int signal_dequeue(uint64_t set, struct linux_siginfo *info) {
    struct process *process = current->process;
    int signal = lowest(current->pending & set);
    if (signal) {
        take(&current->pending, &current->queued, signal, info);
    } else {
        signal = lowest(process->pending & set);
        if (signal)
            take(&process->pending, &process->queued, signal, info);
    }
    if (signal && info->code == SI_TIMER)
        posix_timer_delivered(info);
    return signal;
}

bool signal_pending(const struct task *task) {
    uint64_t pending = (task->pending | task->process->pending) & ~task->signal_mask;
    return pending & (task->call.uninterruptible ? SIGNAL_BIT(SIGKILL) : UINT64_MAX);
}

/* --- sending --- */

static bool is_ignored(const struct process *process, uint64_t blocked, int signal) {
    const struct signal_action *action = &process->actions->actions[signal];
    if (blocked & SIGNAL_BIT(signal))
        return false;
    if (action->handler == SIG_IGN)
        return true;
    if (action->handler != SIG_DFL)
        return false;
    /* A namespace's init gets from inside only what it handles (pid_namespaces(7)). */
    return (SIGNAL_BIT(signal) & IGNORED_BY_DEFAULT) || process == kernel.init;
}

static void notify(struct task *task) {
    if (task == current)
        c2w_cpu.event |= EVENT_SIGNAL;
    if (signal_pending(task))
        wake_task(task);
}

/* Sends to a task, or to the process when `task` is NULL. */
static void post(struct process *process, struct task *task, int signal, const void *siginfo) {
    struct linux_siginfo info = {.signal = signal, .code = SI_USER};
    if (process->state == PROCESS_ZOMBIE || signal < 1 || signal > SIGNAL_COUNT)
        return;
    if (siginfo) {
        info = *(const struct linux_siginfo *)siginfo;
    } else if (current) {
        info.sender.pid = current->process->pid;
        info.sender.uid = current->process->creds.uid;
    }
    if (SIGNAL_BIT(signal) & STOP_SIGNALS) {
        signals_drop(process, SIGNAL_BIT(SIGCONT));
    } else if (signal == SIGCONT) {
        signals_drop(process, STOP_SIGNALS);
        process_continue(process);
    }
    struct task *target = task ? task : process->tasks;
    if (!target || is_ignored(process, target->signal_mask, signal))
        return;
    if (signal == SIGKILL && process->state == PROCESS_STOPPED)
        process->state = PROCESS_ALIVE;
    if (task) {
        enqueue(&task->pending, &task->queued, signal, &info);
        notify(task);
    } else {
        enqueue(&process->pending, &process->queued, signal, &info);
        /* One thread that does not block it is enough. */
        struct task *chosen = NULL;
        for (struct task *t = process->tasks; t; t = t->next_in_process)
            if (!(t->signal_mask & SIGNAL_BIT(signal)) && (!chosen || t == current))
                chosen = t;
        if (chosen)
            notify(chosen);
    }
    wake_all(&process->signal_arrived);
}

void signal_process(struct process *process, int signal, const void *siginfo) {
    post(process, NULL, signal, siginfo);
}

void signal_task(struct task *task, int signal, const void *siginfo) {
    post(task->process, task, signal, siginfo);
}

void signal_group(int32_t pgid, int signal) {
    struct linux_siginfo info = {.signal = signal, .code = SI_KERNEL};
    for (struct process *p = kernel.processes; p; p = p->next)
        if (p->pgid == pgid)
            post(p, NULL, signal, &info);
}

void signal_parent(struct process *child, int code, int status) {
    bool ended = code == CLD_EXITED || code == CLD_KILLED || code == CLD_DUMPED;
    int signal = ended ? child->exit_signal : SIGCHLD;
    struct linux_siginfo info = {.signal = signal, .code = code};
    info.child.pid = child->pid;
    info.child.uid = child->creds.uid;
    info.child.status = status;
    info.child.utime = (int64_t)(child->user_ns / (1000000000 / USER_HZ));
    info.child.stime = (int64_t)(child->system_ns / (1000000000 / USER_HZ));
    if (signal && child->parent->actions)
        post(child->parent, NULL, signal, &info);
}

void signal_fault(int signal, int code, uint64_t address) {
    struct task *task = current;
    c2w_cpu.event |= EVENT_SIGNAL;
    if (signal == SIGSEGV && address < ADDRESS_END && !page_prot[address / PAGE_SIZE] &&
        mm_grow_stack(task->process->mm, (uint32_t)address)) {
        c2w_cpu.event |= EVENT_RESCHED; /* the instruction is executed again */
        return;
    }
    /* A blocked or ignored fault ends the process (Linux: force_sig_info). */
    struct signal_action *action = &task->process->actions->actions[signal];
    if ((task->signal_mask & SIGNAL_BIT(signal)) || action->handler == SIG_IGN) {
        action->handler = SIG_DFL;
        task->signal_mask &= ~SIGNAL_BIT(signal);
    }
    task->forced_signal = signal;
    if (signal == SIGSEGV && code == SEGV_MAPERR && vma_find(task->process->mm, address))
        code = SEGV_ACCERR; /* page_prot does not tell PROT_NONE from unmapped */
    struct linux_siginfo info = {.signal = signal, .code = code};
    info.fault.address = address;
    remove_pending(&task->pending, &task->queued, SIGNAL_BIT(signal));
    enqueue(&task->pending, &task->queued, signal, &info);
}

/* --- masks and stacks --- */

void signal_set_mask(uint64_t mask) { current->signal_mask = mask & ~UNBLOCKABLE; }

int signal_mask_for_call(uint64_t mask_va, uint64_t mask_size) {
    uint64_t mask;
    if (!mask_va || current->restore_mask)
        return 0;
    if (mask_size != sizeof mask)
        return -EINVAL;
    if (user_read(&mask, mask_va, sizeof mask))
        return -EFAULT;
    current->saved_mask = current->signal_mask;
    current->restore_mask = true;
    signal_set_mask(mask);
    return 0;
}

static bool is_on_alternate_stack(uint64_t sp) {
    return !(current->alternate_stack_flags & SS_AUTODISARM) && sp > current->alternate_stack &&
           sp - current->alternate_stack <= current->alternate_stack_size;
}

uint64_t signal_stack_top(const struct signal_action *action, uint64_t sp) {
    if (!(action->flags & SA_ONSTACK) || current->alternate_stack_size == 0 ||
        is_on_alternate_stack(sp))
        return sp;
    return current->alternate_stack + current->alternate_stack_size;
}

void signal_get_altstack(struct linux_sigaltstack *stack, uint64_t sp) {
    *stack = (struct linux_sigaltstack){.sp = current->alternate_stack,
                                        .size = current->alternate_stack_size};
    if (stack->size == 0)
        stack->flags = SS_DISABLE;
    else
        stack->flags = (is_on_alternate_stack(sp) ? SS_ONSTACK : 0) |
                       (current->alternate_stack_flags & SS_AUTODISARM);
}

int64_t signal_set_altstack(const struct linux_sigaltstack *stack, uint64_t sp) {
    if (is_on_alternate_stack(sp))
        return -EPERM;
    uint32_t mode = stack->flags & ~SS_AUTODISARM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode != SS_DISABLE && stack->size < MINSIGSTKSZ)
        return -ENOMEM;
    current->alternate_stack = mode == SS_DISABLE ? 0 : stack->sp;
    current->alternate_stack_size = mode == SS_DISABLE ? 0 : stack->size;
    current->alternate_stack_flags = stack->flags;
    return 0;
}

/* --- delivery --- */

bool process_is_orphaned(const struct process *process) {
    for (const struct process *p = kernel.processes; p; p = p->next)
        if (p->pgid == process->pgid && p->state != PROCESS_ZOMBIE && p->parent &&
            p->parent->pgid != p->pgid && p->parent->sid == p->sid)
            return false;
    return true;
}

/* Returns true when the task goes on. */
static bool do_default(int signal, bool forced) {
    struct process *process = current->process;
    uint64_t bit = SIGNAL_BIT(signal);
    if ((bit & IGNORED_BY_DEFAULT) || (process == kernel.init && !forced))
        return true;
    if (bit & STOP_SIGNALS) {
        if (signal != SIGSTOP && process_is_orphaned(process))
            return true;
        process_stop(process, signal);
        c2w_cpu.event |= EVENT_RESCHED;
        return false;
    }
    bool core = (bit & CORE_SIGNALS) && process->limits[RLIMIT_CORE].soft != 0;
    process_exit(signal | (core ? 0x80 : 0));
    return false;
}

static bool enter_handler(int signal, const struct signal_action *action,
                          const struct linux_siginfo *info) {
    struct task *task = current;
    if (task->in_call)
        syscall_interrupt(action->flags & SA_RESTART);
    uint64_t mask = task->restore_mask ? task->saved_mask : task->signal_mask;
    task->restore_mask = false;
    if (!abi_push_signal_frame(signal, action, info, mask))
        return false;
    if (task->alternate_stack_flags & SS_AUTODISARM) {
        task->alternate_stack = task->alternate_stack_size = 0;
        task->alternate_stack_flags = SS_DISABLE;
    }
    signal_set_mask(task->signal_mask | action->mask |
                    (action->flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal)));
    return true;
}

void signals_deliver(void) {
    struct task *task = current;
    for (;;) {
        struct linux_siginfo info;
        uint64_t set = ~task->signal_mask;
        if (task->call.uninterruptible)
            set &= SIGNAL_BIT(SIGKILL);
        int signal = signal_dequeue(set, &info);
        if (!signal)
            return;
        bool forced = task->forced_signal == signal;
        task->forced_signal = 0;
        if (kernel.strace)
            strace_signal(signal);
        struct signal_action *slot = &task->process->actions->actions[signal];
        struct signal_action action = *slot;
        if (action.handler == SIG_IGN)
            continue;
        if (action.handler == SIG_DFL) {
            if (!do_default(signal, forced))
                return;
            continue;
        }
        if (action.flags & SA_RESETHAND)
            slot->handler = SIG_DFL;
        if (!enter_handler(signal, &action, &info)) {
            /* No room for the frame: SIGSEGV, which a handler for SIGSEGV itself cannot catch. */
            if (signal == SIGSEGV)
                slot->handler = SIG_DFL;
            signal_fault(SIGSEGV, SI_KERNEL, 0);
        }
    }
}
