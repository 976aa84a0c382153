/* Clocks, sleeping and timers. */
#include "guest.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/times.h>

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Slept at least `seconds` and not absurdly longer. */
static void slept(const char *name, double start, double seconds) {
    double took = now(CLOCK_MONOTONIC) - start;
    printf("%s: %s\n", name,
           took < seconds       ? "too short"
           : took > seconds + 5 ? "too long"
                                : "right");
}

static void clocks(void) {
    struct timespec t;
    static const clockid_t ids[] = {CLOCK_REALTIME,           CLOCK_MONOTONIC,
                                    CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                    CLOCK_MONOTONIC_RAW,      CLOCK_REALTIME_COARSE,
                                    CLOCK_MONOTONIC_COARSE,   CLOCK_BOOTTIME};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char name[32];
        snprintf(name, sizeof name, "clock %d", ids[i]);
        result(name, clock_gettime(ids[i], &t));
        check("nanoseconds", t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    }
    result("bad clock", clock_gettime(99, &t));
    result("clock_getres", clock_getres(CLOCK_MONOTONIC, &t));
    result("bad pointer", syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
    double last = now(CLOCK_MONOTONIC);
    bool forward = true;
    for (int i = 0; i < 1000; i++) {
        double next = now(CLOCK_MONOTONIC);
        forward = forward && next >= last;
        last = next;
    }
    check("monotonic", forward);
    struct timeval day;
    result("gettimeofday", gettimeofday(&day, NULL));
    check("the same time", now(CLOCK_REALTIME) - (double)day.tv_sec < 2);
    check("this century", day.tv_sec > 1600000000);
    double before = now(CLOCK_PROCESS_CPUTIME_ID);
    volatile unsigned sum = 0;
    for (unsigned i = 0; i < 3000000; i++)
        sum += i;
    check("CPU time passes", now(CLOCK_PROCESS_CPUTIME_ID) > before);
    struct tms times_used;
    check("times", times(&times_used) != (clock_t)-1);
}

static void sleeps(void) {
    double start = now(CLOCK_MONOTONIC);
    usleep(20000);
    slept("usleep", start, 0.02);
    struct timespec t = {0, 30000000};
    start = now(CLOCK_MONOTONIC);
    result("nanosleep", nanosleep(&t, NULL));
    slept("nanosleep", start, 0.03);
    t = (struct timespec){0, 1000000000};
    result("bad nanoseconds", nanosleep(&t, NULL));
    t = (struct timespec){-1, 0};
    result("negative", nanosleep(&t, NULL));
    start = now(CLOCK_MONOTONIC);
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += 25000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    printf("absolute: %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    slept("absolute", start, 0.024);
    printf("in the past: %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL));
    t = (struct timespec){0, 0};
    printf("bad clock: %d\n", clock_nanosleep(99, 0, &t, NULL) == EINVAL);
    start = now(CLOCK_MONOTONIC);
    result("poll nothing", poll(NULL, 0, 30));
    slept("poll", start, 0.03);
    start = now(CLOCK_MONOTONIC);
    struct timeval v = {0, 30000};
    result("select nothing", select(0, NULL, NULL, NULL, &v));
    slept("select", start, 0.03);
}

static volatile sig_atomic_t ticks;
static void tick(int number) {
    (void)number;
    ticks++;
}

static void timers(void) {
    struct itimerval timer = {{0, 10000}, {0, 10000}}, old;
    signal(SIGALRM, tick);
    result("setitimer", setitimer(ITIMER_REAL, &timer, NULL));
    double start = now(CLOCK_MONOTONIC);
    while (ticks < 3)
        pause();
    slept("three ticks", start, 0.029);
    result("getitimer", getitimer(ITIMER_REAL, &old));
    check("interval", old.it_interval.tv_usec == 10000);
    memset(&timer, 0, sizeof timer);
    result("disarm", setitimer(ITIMER_REAL, &timer, &old));
    int seen = ticks;
    usleep(30000);
    check("disarmed", ticks == seen);
    timer.it_value.tv_usec = 1000000;
    result("bad microseconds", setitimer(ITIMER_REAL, &timer, NULL));
    result("bad timer", setitimer(9, &timer, NULL));
    result("alarm", alarm(100));
    result("alarm again", alarm(0));
    ticks = 0;
    timer.it_value.tv_usec = 20000;
    setitimer(ITIMER_REAL, &timer, NULL);
    while (!ticks) /* a loop without system calls is interrupted too */
        ;
    check("busy loop interrupted", ticks == 1);
    timer.it_value.tv_usec = 20000;
    setitimer(ITIMER_REAL, &timer, NULL);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        getitimer(ITIMER_REAL, &old);
        _exit(old.it_value.tv_usec != 0);
    }
    reap("timers are not inherited", pid);
}

int main(void) {
    clocks();
    sleeps();
    timers();
    return 0;
}
