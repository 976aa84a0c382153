/* POSIX timers: timer_create(2) and its family.  They belong to a process and end with exec. */
#include <string.h>

#include "signal.h"
#include "task.h"
#include "timer.h"

#define OVERRUN_MAX INT32_MAX
#define TIMERS_MAX 1000 /* of a process; RLIMIT_SIGPENDING limits them on Linux */

struct posix_timer {
    struct posix_timer *next_of_process;
    struct timer timer;
    int32_t id, clock;
    int32_t signal; /* 0: SIGEV_NONE */
    int32_t tid;    /* SIGEV_THREAD_ID: the thread that gets the signal, else 0 */
    uint64_t value;
    int32_t overrun; /* of the signal that was taken last */
};

static struct posix_timer *find(int32_t id) {
    struct posix_timer *timer = current->process->posix_timers;
    while (timer && timer->id != id)
        timer = timer->next_of_process;
    return timer;
}

/* The signal of the timer that still waits to be taken. */
static struct queued_signal *find_queued(const struct posix_timer *timer, struct task *task) {
    struct queued_signal *entry = task ? task->queued : timer->timer.process->queued;
    while (entry && !(entry->info.code == SI_TIMER && entry->info.timer.id == timer->id))
        entry = entry->next;
    return entry;
}

static int32_t add_overrun(int32_t overrun, uint64_t more) {
    return more > (uint64_t)(OVERRUN_MAX - overrun) ? OVERRUN_MAX : overrun + (int32_t)more;
}

static void expire(struct timer *base, uint64_t times) {
    struct posix_timer *timer =
        (struct posix_timer *)((char *)base - offsetof(struct posix_timer, timer));
    struct linux_siginfo info = {.signal = timer->signal, .code = SI_TIMER};
    if (!timer->signal)
        return;
    struct task *task = timer->tid ? task_find(timer->tid) : NULL;
    if (timer->tid && (!task || task->process != base->process))
        return;
    struct queued_signal *queued = find_queued(timer, task);
    if (queued) {
        queued->info.timer.overrun = add_overrun(queued->info.timer.overrun, times);
        return;
    }
    info.timer.id = timer->id;
    info.timer.overrun = add_overrun(0, times - 1);
    info.timer.value = timer->value;
    if (task)
        signal_task(task, timer->signal, &info);
    else
        signal_process(base->process, timer->signal, &info);
}

void posix_timer_delivered(const struct linux_siginfo *info) {
    struct posix_timer *timer = find(info->timer.id);
    if (timer)
        timer->overrun = info->timer.overrun;
}

static int set_notification(struct posix_timer *timer, uint64_t event_va) {
    struct linux_sigevent event = {.signal = SIGALRM, .notify = SIGEV_SIGNAL};
    event.value = (uint32_t)timer->id;
    if (event_va && user_read(&event, event_va, sizeof event))
        return -EFAULT;
    timer->value = event.value;
    switch (event.notify) {
    case SIGEV_NONE:
        return 0;
    case SIGEV_SIGNAL | SIGEV_THREAD_ID: {
        const struct task *task = task_find(event.tid);
        if (!task || task->process != current->process)
            return -EINVAL;
        timer->tid = event.tid;
        break;
    }
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: /* a matter of libc: to the kernel it is a signal */
        break;
    default:
        return -EINVAL;
    }
    if (event.signal < 1 || event.signal > SIGNAL_COUNT)
        return -EINVAL;
    timer->signal = event.signal;
    return 0;
}

int64_t sys_timer_create(const uint64_t *a) {
    struct process *process = current->process;
    struct posix_timer *timer = heap_alloc(sizeof *timer), **link = &process->posix_timers;
    timer->clock = (int32_t)a[0];
    timer->timer.expire = expire;
    timer->id = process->next_timer_id;
    int error = timer_init(&timer->timer, timer->clock);
    if (!error)
        error = set_notification(timer, a[1]);
    if (!error)
        error = user_write(a[2], &timer->id, sizeof timer->id);
    int count = 0;
    for (; *link; link = &(*link)->next_of_process)
        count++;
    if (!error && count >= TIMERS_MAX)
        error = -EAGAIN;
    if (error) {
        heap_free(timer);
        return error;
    }
    process->next_timer_id++;
    *link = timer;
    return 0;
}

int64_t sys_timer_settime(const uint64_t *a) {
    struct linux_itimerspec new, old;
    struct posix_timer *timer = find((int32_t)a[0]);
    if (!a[2])
        return -EINVAL;
    if (user_read(&new, a[2], sizeof new))
        return -EFAULT;
    if (!timer)
        return -EINVAL;
    timer_get_spec(&timer->timer, &old);
    /* Flags other than this one have no meaning and are ignored, as on Linux. */
    int error = timer_set_spec(&timer->timer, timer->clock, a[1] & TIMER_ABSTIME, &new);
    if (error)
        return error;
    timer->overrun = 0;
    return a[3] ? user_write(a[3], &old, sizeof old) : 0;
}

int64_t sys_timer_gettime(const uint64_t *a) {
    struct linux_itimerspec spec;
    const struct posix_timer *timer = find((int32_t)a[0]);
    if (!timer)
        return -EINVAL;
    timer_get_spec(&timer->timer, &spec);
    return user_write(a[1], &spec, sizeof spec);
}

int64_t sys_timer_getoverrun(const uint64_t *a) {
    const struct posix_timer *timer = find((int32_t)a[0]);
    return timer ? timer->overrun : -EINVAL;
}

static void delete(struct process *process, struct posix_timer *timer) {
    struct posix_timer **link = &process->posix_timers;
    while (*link != timer)
        link = &(*link)->next_of_process;
    *link = timer->next_of_process;
    timer_disarm(&timer->timer);
    heap_free(timer);
}

int64_t sys_timer_delete(const uint64_t *a) {
    struct posix_timer *timer = find((int32_t)a[0]);
    if (!timer)
        return -EINVAL;
    delete(current->process, timer);
    return 0;
}

void posix_timers_drop(struct process *process) {
    while (process->posix_timers)
        delete(process, process->posix_timers);
    process->next_timer_id = 0;
}
