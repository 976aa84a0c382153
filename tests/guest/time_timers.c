/* POSIX timers, timer descriptors, interval timers of CPU time. */
#include "guest.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/timerfd.h>

static volatile sig_atomic_t ticks;
static siginfo_t last;

static void tick(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    last = *info;
    ticks++;
}

static void handle(int number) {
    struct sigaction action = {.sa_sigaction = tick, .sa_flags = SA_SIGINFO};
    sigaction(number, &action, NULL);
}

static struct itimerspec spec(long value_ms, long interval_ms) {
    return (struct itimerspec){{interval_ms / 1000, interval_ms % 1000 * 1000000},
                               {value_ms / 1000, value_ms % 1000 * 1000000}};
}

/* The libc wrapper hides the kernel's timer ids. */
static int create(int clock, struct sigevent *event, int *id) {
    return (int)syscall(SYS_timer_create, clock, event, id);
}
static int set(int id, int flags, struct itimerspec *new, struct itimerspec *old) {
    return (int)syscall(SYS_timer_settime, id, flags, new, old);
}
static int get(int id, struct itimerspec *now) {
    return (int)syscall(SYS_timer_gettime, id, now);
}

static void wait_ticks(int count) {
    while (ticks < count)
        usleep(1000);
}

static void posix_signals(void) {
    int id = -1, second = -1;
    struct itimerspec now, new = spec(10, 0);
    handle(SIGALRM);
    handle(SIGUSR1);
    result("default event", create(CLOCK_MONOTONIC, NULL, &id));
    printf("id %d\n", id);
    result("settime", set(id, 0, &new, &now));
    printf("old %ld %ld\n", (long)now.it_value.tv_sec, now.it_value.tv_nsec);
    wait_ticks(1);
    printf("signal %d code %d value %d overrun %d\n", last.si_signo, last.si_code,
           last.si_value.sival_int, last.si_overrun);
    result("gettime", get(id, &now));
    check("expired", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    event.sigev_value.sival_ptr = (void *)0x1234;
    result("own signal", create(CLOCK_REALTIME, &event, &second));
    printf("id %d\n", second);
    new = spec(5, 5);
    ticks = 0;
    result("interval", set(second, 0, &new, NULL));
    wait_ticks(3);
    result("gettime", get(second, &now));
    check("interval is kept", now.it_interval.tv_nsec == 5000000);
    check("time left", now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 5000000);
    new = spec(0, 5);
    result("disarm", set(second, 0, &new, &now));
    int seen = ticks;
    usleep(20000);
    check("disarmed", ticks == seen);
    printf("signal %d value %lx\n", last.si_signo, (long)last.si_value.sival_ptr);

    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    new = spec(2, 2);
    set(second, 0, &new, NULL);
    usleep(30000);
    ticks = 0;
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    check("overrun while blocked", ticks >= 1 && last.si_overrun >= 3);
    check("getoverrun", syscall(SYS_timer_getoverrun, second) >= 0);
    result("delete", syscall(SYS_timer_delete, second));
    usleep(5000);
    seen = ticks;
    usleep(20000);
    check("deleted", ticks == seen);
    result("deleted: settime", set(second, 0, &new, NULL));
    result("deleted: gettime", get(second, &now));
    result("deleted: overrun", syscall(SYS_timer_getoverrun, second));
    result("deleted twice", syscall(SYS_timer_delete, second));
    result("delete the first", syscall(SYS_timer_delete, id));
}

static void posix_events(void) {
    int id = -1;
    struct itimerspec now, new = spec(5, 0);
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    result("SIGEV_NONE", create(CLOCK_MONOTONIC, &event, &id));
    set(id, 0, &new, NULL);
    ticks = 0;
    usleep(20000);
    check("no signal", ticks == 0);
    get(id, &now);
    check("expired", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);
    syscall(SYS_timer_delete, id);
    event = (struct sigevent){.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = (int)syscall(SYS_gettid);
    result("SIGEV_THREAD_ID", create(CLOCK_BOOTTIME, &event, &id));
    clock_gettime(CLOCK_BOOTTIME, &new.it_value);
    new.it_interval = (struct timespec){0};
    result("absolute", set(id, TIMER_ABSTIME, &new, NULL)); /* expires at once */
    wait_ticks(1);
    printf("signal %d code %d\n", last.si_signo, last.si_code);
    event._sigev_un._tid = 1 << 20;
    result("no such thread", create(CLOCK_MONOTONIC, &event, &id));
    event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 65};
    result("bad signal", create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_signo = 0;
    result("signal 0", create(CLOCK_MONOTONIC, &event, &id));
    event.sigev_notify = 77;
    result("bad kind", create(CLOCK_MONOTONIC, &event, &id));
    result("bad clock", create(99, NULL, &id));
    result("clock without timers", create(CLOCK_MONOTONIC_RAW, NULL, &id));
    result("bad event", create(CLOCK_MONOTONIC, (void *)8, &id));
    result("bad id", create(CLOCK_MONOTONIC, NULL, (void *)8));
    result("timer", create(CLOCK_MONOTONIC, NULL, &id));
    result("no time", set(id, 0, NULL, NULL));
    new = spec(0, 0);
    new.it_value.tv_nsec = 1000000000;
    result("bad time", set(id, 0, &new, NULL));
    new.it_value = (struct timespec){-1, 0};
    result("negative", set(id, 0, &new, NULL));
    result("bad pointer", get(id, (void *)8));
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(get(id, &now) == -1 && errno == EINVAL ? 0 : 1);
    reap("not inherited", pid);
    syscall(SYS_timer_delete, id);
}

static void cpu_time(void) {
    int id;
    struct itimerspec new = spec(20, 0);
    for (int clock = CLOCK_PROCESS_CPUTIME_ID; clock <= CLOCK_THREAD_CPUTIME_ID; clock++) {
        result("CPU time", create(clock, NULL, &id));
        ticks = 0;
        set(id, 0, &new, NULL);
        usleep(50000);
        check("sleeping takes none", ticks == 0);
        while (!ticks)
            ;
        check("expired", ticks == 1);
        syscall(SYS_timer_delete, id);
    }
    static const int signals[] = {0, SIGVTALRM, SIGPROF};
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        struct itimerval timer = {{0, 15000}, {0, 15000}}, old;
        handle(signals[which]);
        ticks = 0;
        result("setitimer", setitimer(which, &timer, NULL));
        while (ticks < 2)
            ;
        printf("signal %d\n", last.si_signo == signals[which]);
        result("getitimer", getitimer(which, &old));
        check("left", old.it_value.tv_usec > 0 && old.it_interval.tv_usec == 15000);
        memset(&timer, 0, sizeof timer);
        result("disarm", setitimer(which, &timer, &old));
    }
}

static void print_read(const char *name, int fd) {
    uint64_t count = 0;
    ssize_t n = read(fd, &count, sizeof count);
    if (n < 0)
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: %zd, %s\n", name, n,
               count == 0   ? "none"
               : count == 1 ? "one"
                            : "many");
}

static void descriptors(void) {
    struct itimerspec now, new = spec(10, 0);
    char small[4];
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    printf("flags %d %d\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_NONBLOCK ? 1 : 0);
    print_read("not armed", fd);
    result("settime", timerfd_settime(fd, 0, &new, &now));
    result("gettime", timerfd_gettime(fd, &now));
    check("left", now.it_value.tv_nsec > 0);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};
    result("poll too early", poll(&poll_fd, 1, 0));
    result("poll", poll(&poll_fd, 1, 1000));
    printf("events %x\n", poll_fd.revents);
    result("short read", read(fd, small, sizeof small));
    print_read("expired", fd);
    print_read("read again", fd);
    result("write", write(fd, "12345678", 8));
    result("seek", lseek(fd, 5, SEEK_SET));
    result("ioctl", ioctl(fd, FIONREAD, &poll_fd));
    new = spec(5, 5);
    timerfd_settime(fd, 0, &new, NULL);
    usleep(40000);
    print_read("interval", fd);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    result("edge", epoll_wait(epoll, &event, 1, 1000));
    result("next edge", epoll_wait(epoll, &event, 1, 1000));
    new = spec(0, 0);
    result("disarm", timerfd_settime(fd, 0, &new, &now));
    check("old interval", now.it_interval.tv_nsec == 5000000);
    print_read("disarming forgets", fd);
    close(fd);
    close(epoll);

    fd = timerfd_create(CLOCK_REALTIME, 0);
    clock_gettime(CLOCK_REALTIME, &new.it_value);
    new.it_value.tv_sec++;
    new.it_value.tv_sec--;
    result("absolute", timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &new, NULL));
    print_read("blocking", fd);
    new = spec(10, 0);
    timerfd_settime(fd, 0, &new, NULL);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        print_read("shared with the child", fd);
        fflush(NULL);
        _exit(0);
    }
    reap("child", pid);
    result("bad flag", timerfd_settime(fd, 4, &new, NULL));
    result("bad pointer", timerfd_settime(fd, 0, (void *)8, NULL));
    new.it_value.tv_nsec = -1;
    result("bad time", timerfd_settime(fd, 0, &new, NULL));
    result("gettime, bad pointer", timerfd_gettime(fd, (void *)8));
    close(fd);
    result("not a timer", timerfd_settime(0, 0, &now, NULL));
    result("gettime, not a timer", timerfd_gettime(0, &now));
    result("closed", timerfd_gettime(fd, &now));
    result("bad clock", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
    result("bad flags", timerfd_create(CLOCK_MONOTONIC, 1));
    static const int clocks[] = {CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM};
    for (int i = 0; i < 3; i++) {
        pid = fork_flushed();
        if (pid == 0) {
            if (i > 0)
                (void)!setuid(1000);
            fd = timerfd_create(clocks[i], TFD_NONBLOCK);
            printf("clock %d: %s\n", clocks[i], fd < 0 ? error_name(errno) : "ok");
            fflush(NULL);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}

int main(void) {
    posix_signals();
    posix_events();
    cpu_time();
    descriptors();
    return 0;
}
