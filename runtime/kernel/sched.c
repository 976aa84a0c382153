/* The scheduler: run queue, wait queues, deadlines, idle.  All threads of the resident process run
 * before another process is swapped in, within a time slice. */
#include "sched.h"

#include <stdio.h>
#include <string.h>

#include "../exec/exec.h"
#include "../isa/guest.h"
#include "mm.h"
#include "signal.h"
#include "task.h"
#include "timer.h"

#define PROCESS_SLICE_NS 20000000u   /* a process keeps the arena at least so long */
#define HOST_POLL_INTERVAL 10000000u /* ns between looks at host descriptors while tasks run */

struct kernel kernel;
#if !defined(__wasm__)
struct cpu c2w_cpu;
#endif

/* --- waiting --- */

void wait_on(struct wait_queue *queue) {
    struct waiter *waiter = heap_alloc(sizeof *waiter);
    waiter->task = current;
    waiter->next = queue->first;
    waiter->previous = &queue->first;
    if (queue->first)
        queue->first->previous = &waiter->next;
    queue->first = waiter;
    waiter->next_of_task = current->waiters;
    current->waiters = waiter;
}

void sleep_until(uint64_t monotonic_ns) {
    if (monotonic_ns < current->wake_time)
        current->wake_time = monotonic_ns;
}

bool call_timed_out(uint64_t timeout_ns) {
    uint64_t now = host_clock(1);
    struct call_state *call = &current->call;
    if (call->deadline == 0)
        call->deadline = timeout_ns > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + timeout_ns;
    if (now >= call->deadline)
        return true;
    sleep_until(call->deadline);
    return false;
}

void task_cancel_waits(struct task *task) {
    while (task->waiters) {
        struct waiter *waiter = task->waiters;
        task->waiters = waiter->next_of_task;
        *waiter->previous = waiter->next;
        if (waiter->next)
            waiter->next->previous = waiter->previous;
        heap_free(waiter);
    }
    task->wake_time = UINT64_MAX;
}

void wake_task(struct task *task) {
    task_cancel_waits(task);
    if (task->state != TASK_WAITING)
        return;
    task->state = TASK_RUNNABLE;
    if (task != current)
        task_enqueue(task);
}

void wake_all(struct wait_queue *queue) {
    while (queue->first)
        wake_task(queue->first->task);
}

/* --- run queue --- */

void task_enqueue(struct task *task) {
    struct scheduler *sched = kernel.scheduler;
    task->next_runnable = NULL;
    if (sched->last)
        sched->last->next_runnable = task;
    else
        sched->first = task;
    sched->last = task;
}

void task_dequeue(struct task *task) {
    struct scheduler *sched = kernel.scheduler;
    struct task *before = NULL;
    for (struct task *t = sched->first; t; before = t, t = t->next_runnable) {
        if (t != task)
            continue;
        if (before)
            before->next_runnable = t->next_runnable;
        else
            sched->first = t->next_runnable;
        if (sched->last == t)
            sched->last = before;
        return;
    }
}

static bool is_resident(const struct task *task) { return mm_is_resident(task->process->mm); }

/* The next task to run, or NULL.  Tasks of the resident process go first until its slice ends. */
static struct task *pick(uint64_t now) {
    struct scheduler *sched = kernel.scheduler;
    struct task *first = NULL;
    for (struct task *task = sched->first; task; task = task->next_runnable) {
        if (task->process->state == PROCESS_STOPPED)
            continue;
        if (!first)
            first = task;
        if (now >= sched->slice_end)
            break;
        if (is_resident(task)) {
            first = task;
            break;
        }
    }
    if (first)
        task_dequeue(first);
    return first;
}

/* Whether some task could run if the current one gave up the CPU. */
static bool others_want_cpu(uint64_t now) {
    for (struct task *task = kernel.scheduler->first; task; task = task->next_runnable)
        if (task->process->state != PROCESS_STOPPED &&
            (is_resident(task) || now >= kernel.scheduler->slice_end))
            return true;
    return false;
}

/* --- time --- */

/* Wakes sleepers and expires timers that are due, in the order of their deadlines; returns the
 * nearest deadline. */
static uint64_t expire_timers(uint64_t now) {
    for (;;) {
        struct timer *timer = timer_nearest();
        uint64_t nearest = timer ? timer->deadline : UINT64_MAX;
        struct task *sleeper = NULL;
        for (struct process *process = kernel.processes; process; process = process->next)
            for (struct task *task = process->tasks; task; task = task->next_in_process)
                if (task->state == TASK_WAITING && task->wake_time < nearest) {
                    nearest = task->wake_time;
                    sleeper = task;
                }
        if (nearest > now)
            return nearest;
        if (sleeper)
            wake_task(sleeper);
        else
            timer_expire(timer, now);
    }
}

static void account(uint64_t now) {
    struct scheduler *sched = kernel.scheduler;
    uint64_t used = now - sched->started;
    sched->started = now;
    current->user_ns += used;
    current->process->user_ns += used;
}

static uint64_t running_time(void) { return host_clock(1) - kernel.scheduler->started; }

uint64_t process_cpu_time(const struct process *process) {
    return process->user_ns + (current && current->process == process ? running_time() : 0);
}

uint64_t task_cpu_time(const struct task *task) {
    return task->user_ns + (task == current ? running_time() : 0);
}

static void poll_host(uint64_t timeout) {
    struct host_poll polls[HOST_WAITS_MAX];
    unsigned count = host_waits_collect(polls);
    if (count == 0 && timeout == 0)
        return;
    if (host_poll(polls, count, timeout) > 0)
        host_waits_wake(polls, count);
    kernel.scheduler->last_host_poll = host_clock(1);
}

void kernel_tick(void) {
    uint64_t now = host_clock(1);
    account(now);
    timers_check_cpu_time();
    expire_timers(now);
    if (now - kernel.scheduler->last_host_poll >= HOST_POLL_INTERVAL)
        poll_host(0);
    if (others_want_cpu(now))
        c2w_cpu.event |= EVENT_RESCHED;
    if (signal_pending(current))
        c2w_cpu.event |= EVENT_SIGNAL;
}

/* --- switching and the main loop --- */

static void report_deadlock(void) {
    static const char head[] = "c2w: deadlock: every task waits and nothing can wake one:\n";
    host_log(head, sizeof head - 1);
    for (struct process *process = kernel.processes; process; process = process->next)
        for (struct task *task = process->tasks; task; task = task->next_in_process) {
            char line[128];
            int length = snprintf(
                line, sizeof line, "c2w:   pid %d tid %d (%s) %s pc 0x%llx\n", process->pid,
                task->tid, task->comm, process->state == PROCESS_STOPPED ? "stopped" : "waiting",
                (unsigned long long)(task == kernel.scheduler->loaded ? c2w_cpu.pc : task->cpu.pc));
            host_log(line, (size_t)length);
        }
}

/* Nothing is runnable: waits for the nearest deadline or a host descriptor. */
static void idle(void) {
    uint64_t nearest = expire_timers(host_clock(1));
    for (struct task *task = kernel.scheduler->first; task; task = task->next_runnable)
        if (task->process->state != PROCESS_STOPPED)
            return;
    struct host_poll polls[HOST_WAITS_MAX];
    if (nearest == UINT64_MAX && host_waits_collect(polls) == 0) {
        report_deadlock();
        kernel.scheduler->deadlock = true;
        return;
    }
    uint64_t now = host_clock(1);
    poll_host(nearest == UINT64_MAX ? UINT64_MAX : nearest > now ? nearest - now : 0);
}

/* Makes the CPU and the arena those of the task. */
static void switch_to(struct task *task, uint64_t now) {
    struct scheduler *sched = kernel.scheduler;
    if (sched->loaded != task) {
        if (sched->loaded)
            sched->loaded->cpu = c2w_cpu;
        c2w_cpu = task->cpu;
        guest_drop_reservation();
        sched->loaded = task;
    }
    current = task;
    if (!is_resident(task)) {
        mm_activate(task->process->mm);
        sched->slice_end = now + PROCESS_SLICE_NS;
    }
}

/* Runs the current task until it waits, ends or gives up the CPU. */
static void run_current(void) {
    struct task *task = current;
    if (task->set_child_tid) { /* CLONE_CHILD_SETTID: in the child's memory */
        user_write(task->set_child_tid, &task->tid, sizeof task->tid);
        task->set_child_tid = 0;
    }
    while (task->state == TASK_RUNNABLE && task->process->state == PROCESS_ALIVE) {
        c2w_cpu.event = 0;
        if (task->in_call) {
            syscall_retry();
            if (task->state == TASK_WAITING && signal_pending(task))
                wake_task(task);
            if (task->state != TASK_RUNNABLE)
                return;
        }
        if (signal_pending(task)) {
            bool was_in_call = task->in_call;
            signals_deliver();
            if (was_in_call && task->in_call)
                continue;
            if (task->state != TASK_RUNNABLE || task->process->state != PROCESS_ALIVE)
                return;
        }
        c2w_cpu.event = 0;
        cpu_run();
        if (task->state == TASK_WAITING && signal_pending(task))
            wake_task(task);
        else if (c2w_cpu.event & EVENT_RESCHED)
            return;
    }
}

void scheduler_run(void) {
    struct scheduler *sched = kernel.scheduler;
    while (!sched->deadlock && kernel.init->state != PROCESS_ZOMBIE) {
        uint64_t now = host_clock(1);
        struct task *task = pick(now);
        if (!task) {
            idle();
            continue;
        }
        switch_to(task, now);
        sched->started = now;
        run_current();
        account(host_clock(1));
        current = NULL;
        if (task->state == TASK_DEAD) {
            struct process *process = task->process;
            task_free(task);
            if (process->reap_now)
                process_free(process);
        } else if (task->state == TASK_RUNNABLE) {
            task_enqueue(task);
        }
    }
}
