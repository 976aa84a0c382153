/* Clocks, sleeps and timers. */
#include "task.h"
#include "timer.h"

#define NS 1000000000u
#define COARSE_RESOLUTION 4000000u /* a tick of a kernel with HZ=250 */

/* Time of a clock in ns; false when the clock does not exist.  Negative ids are CPU time clocks of
 * processes and threads (include/linux/posix-timers.h): of the caller only. */
bool read_clock(int32_t clock, uint64_t *ns) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        *ns = host_clock(0);
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = host_clock(1);
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
        *ns = process_cpu_time(current->process);
        return true;
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = task_cpu_time(current);
        return true;
    }
    int32_t id = ~(clock >> 3);
    if (clock >= 0 || (clock & 3) == 3)
        return false;
    struct process *process = id == 0 ? current->process : process_find(id);
    if (!(clock & 4) && process) {
        *ns = process_cpu_time(process);
        return true;
    }
    struct task *task = id == 0 ? current : task_find(id);
    if (!(clock & 4) || !task)
        return false;
    *ns = task_cpu_time(task);
    return true;
}

struct linux_timespec to_timespec(uint64_t ns) {
    return (struct linux_timespec){(int64_t)(ns / NS), (int64_t)(ns % NS)};
}

static struct linux_timeval to_timeval(uint64_t ns) {
    return (struct linux_timeval){(int64_t)(ns / NS), (int64_t)(ns % NS / 1000)};
}

bool timespec_to_ns(const struct linux_timespec *ts, uint64_t *ns) {
    if (ts->seconds < 0 || ts->nanoseconds < 0 || ts->nanoseconds >= NS)
        return false;
    *ns = (uint64_t)ts->seconds >= INT64_MAX / NS
              ? (uint64_t)INT64_MAX
              : (uint64_t)ts->seconds * NS + (uint64_t)ts->nanoseconds;
    return true;
}

int64_t sys_clock_gettime(const uint64_t *a) {
    uint64_t ns;
    if (!read_clock((int32_t)a[0], &ns))
        return -EINVAL;
    struct linux_timespec ts = to_timespec(ns);
    return user_write(a[1], &ts, sizeof ts);
}

int64_t sys_clock_getres(const uint64_t *a) {
    uint64_t ns;
    int32_t clock = (int32_t)a[0];
    if (!read_clock(clock, &ns))
        return -EINVAL;
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    struct linux_timespec ts = {0, coarse ? COARSE_RESOLUTION : 1};
    return a[1] ? user_write(a[1], &ts, sizeof ts) : 0;
}

int64_t sys_clock_settime(const uint64_t *a) {
    (void)a;
    return -EPERM;
}

int64_t sys_gettimeofday(const uint64_t *a) {
    struct linux_timeval tv = to_timeval(host_clock(0));
    int32_t zone[2] = {0, 0};
    if (a[0] && user_write(a[0], &tv, sizeof tv))
        return -EFAULT;
    return a[1] ? user_write(a[1], zone, sizeof zone) : 0;
}

int64_t sys_time(const uint64_t *a) {
    int64_t seconds = (int64_t)(host_clock(0) / NS);
    if (a[0] && user_write(a[0], &seconds, sizeof seconds))
        return -EFAULT;
    return seconds;
}

int64_t sys_settimeofday(const uint64_t *a) {
    (void)a;
    return -EPERM;
}

/* --- sleeping --- */

static int64_t write_remaining(uint64_t va) {
    uint64_t now = host_clock(1), deadline = current->call.deadline;
    struct linux_timespec ts = to_timespec(deadline > now ? deadline - now : 0);
    return va && user_write(va, &ts, sizeof ts) ? -EFAULT : -EINTR;
}

static int64_t nanosleep_interrupted(const uint64_t *a) { return write_remaining(a[1]); }

static int64_t clock_nanosleep_interrupted(const uint64_t *a) {
    return a[1] & TIMER_ABSTIME ? -EINTR : write_remaining(a[3]);
}

int64_t sys_nanosleep(const uint64_t *a) {
    struct linux_timespec ts;
    uint64_t ns;
    if (user_read(&ts, a[0], sizeof ts))
        return -EFAULT;
    if (!timespec_to_ns(&ts, &ns))
        return -EINVAL;
    if (call_timed_out(ns))
        return 0;
    current->call.on_interrupt = nanosleep_interrupted;
    return -EBLOCK;
}

int64_t sys_clock_nanosleep(const uint64_t *a) {
    int32_t clock = (int32_t)a[0];
    struct linux_timespec ts;
    uint64_t ns, now;
    if (clock == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_MONOTONIC_RAW ||
        !read_clock(clock, &now))
        return -EINVAL;
    if (clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    if (user_read(&ts, a[2], sizeof ts))
        return -EFAULT;
    if (!timespec_to_ns(&ts, &ns))
        return -EINVAL;
    if (a[1] & TIMER_ABSTIME)
        ns = ns > now ? ns - now : 0;
    if (call_timed_out(ns))
        return 0;
    current->call.on_interrupt = clock_nanosleep_interrupted;
    return -EBLOCK;
}

/* --- interval timers --- */

static void send_alarm(struct timer *timer, uint64_t times) {
    static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
    (void)times;
    for (int i = 0; i < 3; i++) {
        struct linux_siginfo info = {.signal = signals[i], .code = SI_KERNEL};
        if (timer == timer->process->interval_timers[i])
            signal_process(timer->process, signals[i], &info);
    }
}

static struct linux_itimerval read_timer(const struct timer *timer) {
    if (!timer)
        return (struct linux_itimerval){0};
    uint64_t left = timer_left(timer);
    if (left) /* due but not yet sent: the least time there is */
        left = left < 1000 ? 1000 : left;
    return (struct linux_itimerval){to_timeval(timer->interval), to_timeval(left)};
}

static bool timeval_to_ns(const struct linux_timeval *tv, uint64_t *ns) {
    struct linux_timespec ts = {tv->seconds, tv->microseconds * 1000};
    return tv->microseconds >= 0 && tv->microseconds < 1000000 && timespec_to_ns(&ts, ns);
}

int64_t sys_getitimer(const uint64_t *a) {
    if (a[0] > ITIMER_PROF)
        return -EINVAL;
    struct linux_itimerval timer = read_timer(current->process->interval_timers[a[0]]);
    return user_write(a[1], &timer, sizeof timer);
}

/* Of the current process; made when it is first asked for. */
static struct timer *interval_timer(unsigned which) {
    struct timer **timer = &current->process->interval_timers[which];
    if (!*timer) {
        *timer = heap_alloc(sizeof **timer);
        (*timer)->process = current->process;
        (*timer)->cpu_time = which != ITIMER_REAL;
        (*timer)->expire = send_alarm;
    }
    return *timer;
}

int64_t sys_setitimer(const uint64_t *a) {
    struct linux_itimerval new = {0}, old;
    uint64_t value, interval;
    if (a[1] && user_read(&new, a[1], sizeof new))
        return -EFAULT;
    if (a[0] > ITIMER_PROF)
        return -EINVAL;
    if (!timeval_to_ns(&new.value, &value) || !timeval_to_ns(&new.interval, &interval))
        return -EINVAL;
    struct timer *timer = interval_timer((unsigned)a[0]);
    old = read_timer(timer);
    timer_set(timer, value, interval);
    return a[2] ? user_write(a[2], &old, sizeof old) : 0;
}

/* Whole seconds; those left are rounded, but not to 0. */
int64_t sys_alarm(const uint64_t *a) {
    struct timer *timer = interval_timer(ITIMER_REAL);
    uint64_t left = timer_left(timer), rest = left % NS;
    timer_set(timer, (uint64_t)(uint32_t)a[0] * NS, 0);
    return (int64_t)(left / NS + (rest >= NS / 2 || (left < NS && rest)));
}

void interval_timers_drop(struct process *process) {
    for (int i = 0; i < 3; i++) {
        if (process->interval_timers[i])
            timer_disarm(process->interval_timers[i]);
        heap_free(process->interval_timers[i]);
        process->interval_timers[i] = NULL;
    }
}

/* --- used time --- */

int64_t sys_times(const uint64_t *a) {
    const struct process *process = current->process;
    const uint64_t tick = NS / USER_HZ;
    int64_t times[4] = {
        (int64_t)(process_cpu_time(process) / tick), (int64_t)(process->system_ns / tick),
        (int64_t)(process->children_user_ns / tick), (int64_t)(process->children_system_ns / tick)};
    if (a[0] && user_write(a[0], times, sizeof times))
        return -EFAULT;
    return (int64_t)(host_clock(1) / tick);
}

/* KiB of accessible memory: nothing is ever paged out. */
static int64_t resident_size(const struct mm *mm) {
    uint64_t bytes = 0;
    for (const struct vma *vma = mm_first_vma(mm); vma; vma = vma->next)
        bytes += vma->reserved ? 0 : vma->end - vma->start;
    return (int64_t)(bytes / 1024);
}

int64_t sys_getrusage(const uint64_t *a) {
    const struct process *process = current->process;
    struct linux_rusage usage = {0};
    switch ((int32_t)a[0]) {
    case 0: /* RUSAGE_SELF */
        usage.utime = to_timeval(process_cpu_time(process));
        usage.stime = to_timeval(process->system_ns);
        break;
    case -1: /* RUSAGE_CHILDREN */
        usage.utime = to_timeval(process->children_user_ns);
        usage.stime = to_timeval(process->children_system_ns);
        break;
    case 1: /* RUSAGE_THREAD */
        usage.utime = to_timeval(task_cpu_time(current));
        usage.stime = to_timeval(current->system_ns);
        break;
    default:
        return -EINVAL;
    }
    if ((int32_t)a[0] != -1)
        usage.maxrss = resident_size(process->mm);
    return user_write(a[1], &usage, sizeof usage);
}
