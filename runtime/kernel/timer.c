/* Timers: the list of those that are armed, and their arithmetic. */
#include "timer.h"

#include "task.h"

uint64_t timer_now(const struct timer *timer) {
    if (!timer->cpu_time)
        return host_clock(1);
    if (!timer->tid)
        return process_cpu_time(timer->process);
    for (const struct task *task = timer->process->tasks; task; task = task->next_in_process)
        if (task->tid == timer->tid)
            return task_cpu_time(task);
    return 0; /* the thread has ended: its time stands still */
}

void timer_disarm(struct timer *timer) {
    if (!timer->previous)
        return;
    *timer->previous = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    timer->previous = NULL;
}

static void arm(struct timer *timer) {
    timer->next = kernel.timers;
    timer->previous = &kernel.timers;
    if (timer->next)
        timer->next->previous = &timer->next;
    kernel.timers = timer;
}

void timer_set(struct timer *timer, uint64_t after, uint64_t interval) {
    uint64_t now = timer_now(timer);
    timer_disarm(timer);
    timer->interval = after ? interval : 0;
    if (!after)
        return;
    timer->deadline = after > UINT64_MAX - 1 - now ? UINT64_MAX - 1 : now + after;
    arm(timer);
}

uint64_t timer_left(const struct timer *timer) {
    if (!timer->previous)
        return 0;
    uint64_t now = timer_now(timer);
    return timer->deadline > now ? timer->deadline - now : 1;
}

struct timer *timer_nearest(void) {
    struct timer *nearest = NULL;
    for (struct timer *timer = kernel.timers; timer; timer = timer->next)
        if (!timer->cpu_time && (!nearest || timer->deadline < nearest->deadline))
            nearest = timer;
    return nearest;
}

void timer_expire(struct timer *timer, uint64_t now) {
    uint64_t times = 1;
    if (timer->interval) {
        times += (now - timer->deadline) / timer->interval;
        timer->deadline += times * timer->interval;
    } else {
        timer_disarm(timer);
    }
    timer->expire(timer, times);
}

void timers_check_cpu_time(void) {
    for (struct timer *timer = kernel.timers, *next; timer; timer = next) {
        next = timer->next;
        if (!timer->cpu_time || timer->process != current->process)
            continue;
        uint64_t now = timer_now(timer);
        if (now >= timer->deadline)
            timer_expire(timer, now);
    }
}

int timer_init(struct timer *timer, int32_t clock) {
    uint64_t now;
    if (!read_clock(clock, &now))
        return -EINVAL;
    timer->process = current->process;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        timer->cpu_time = true;
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        timer->cpu_time = true;
        timer->tid = current->tid;
        return 0;
    default: /* CPU time of others; clocks that have no timers */
        return clock < 0 ? -EINVAL : -EOPNOTSUPP;
    }
}

int timer_set_spec(struct timer *timer, int32_t clock, bool absolute,
                   const struct linux_itimerspec *spec) {
    uint64_t value, interval, now;
    if (!timespec_to_ns(&spec->value, &value) || !timespec_to_ns(&spec->interval, &interval))
        return -EINVAL;
    if (value && absolute) { /* a time in the past expires at once */
        read_clock(clock, &now);
        value = value > now ? value - now : 1;
    }
    timer_set(timer, value, interval);
    return 0;
}

void timer_get_spec(const struct timer *timer, struct linux_itimerspec *spec) {
    spec->interval = to_timespec(timer->interval);
    spec->value = to_timespec(timer_left(timer));
}
