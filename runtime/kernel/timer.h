/* Timers: what interval timers, POSIX timers and timer descriptors share. */
#ifndef C2W_TIMER_H
#define C2W_TIMER_H

#include "kernel.h"

/* Deadlines of real-time clocks are kept as monotonic ns, those of CPU time clocks as ns of use. */
struct timer {
    struct timer *next, **previous; /* armed timers; previous is NULL while it is not armed */
    struct process *process;        /* CPU time: of whom */
    int32_t tid;                    /* CPU time of this thread of it; 0: of the process */
    bool cpu_time;
    uint64_t deadline, interval; /* ns; interval 0: once */
    /* `times` expirations since the last call; the timer is armed for the next one already. */
    void (*expire)(struct timer *timer, uint64_t times);
};

uint64_t timer_now(const struct timer *timer); /* on the clock of its deadline */
/* Arms it for `after` ns from now; 0 disarms it. */
void timer_set(struct timer *timer, uint64_t after, uint64_t interval);
void timer_disarm(struct timer *timer);
/* Time until it expires, 0 when it is not armed; never 0 when it is. */
uint64_t timer_left(const struct timer *timer);
/* The armed real-time timer with the nearest deadline, or NULL. */
struct timer *timer_nearest(void);
void timer_expire(struct timer *timer, uint64_t now);
/* Expires the CPU time timers of the current process that are due. */
void timers_check_cpu_time(void);

/* Of POSIX timers and timer descriptors: the clock of a new timer.  0 or -errno. */
int timer_init(struct timer *timer, int32_t clock);
/* timer_settime, timerfd_settime: `absolute` is a time of `clock`. */
int timer_set_spec(struct timer *timer, int32_t clock, bool absolute,
                   const struct linux_itimerspec *spec);
void timer_get_spec(const struct timer *timer, struct linux_itimerspec *spec);

/* time.c */
bool read_clock(int32_t clock, uint64_t *ns); /* false: there is no such clock */
struct linux_timespec to_timespec(uint64_t ns);
bool timespec_to_ns(const struct linux_timespec *ts, uint64_t *ns); /* false: not a valid time */

void interval_timers_drop(struct process *process); /* the process ended */
void posix_timers_drop(struct process *process);    /* it ended or called exec */
/* The signal of a POSIX timer was taken by the current process. */
void posix_timer_delivered(const struct linux_siginfo *info);

#endif
