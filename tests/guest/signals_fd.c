/* signalfd. */
#include "guest.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

static void print_next(const char *name, int fd) {
    struct signalfd_siginfo info = {0};
    ssize_t n = read(fd, &info, sizeof info);
    if (n < 0)
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: %zd signal %u code %d own %d uid %u value %d status %d\n", name, n,
               info.ssi_signo, info.ssi_code, info.ssi_pid == (uint32_t)getpid(), info.ssi_uid,
               info.ssi_int, info.ssi_status);
}

int main(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGKILL); /* silently left out */
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    printf("flags %d %d\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_NONBLOCK ? 1 : 0);
    print_next("nothing", fd);
    kill(getpid(), SIGUSR1);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT};
    result("poll", poll(&poll_fd, 1, 0));
    printf("events %x\n", poll_fd.revents);
    print_next("kill", fd);
    result("poll", poll(&poll_fd, 1, 0));
    union sigval value = {.sival_int = 42};
    sigqueue(getpid(), SIGRTMIN, value);
    value.sival_int++;
    sigqueue(getpid(), SIGRTMIN, value);
    raise(SIGUSR1);
    struct signalfd_siginfo many[4] = {0};
    ssize_t n = read(fd, many, sizeof many);
    printf("three at once: %zd\n", n);
    for (size_t i = 0; i < (size_t)n / sizeof many[0]; i++)
        printf("signal %u code %d value %d\n", many[i].ssi_signo, many[i].ssi_code,
               many[i].ssi_int);
    result("short read", read(fd, many, sizeof many[0] - 1));
    result("write", write(fd, many, sizeof many[0]));
    result("seek", lseek(fd, 0, SEEK_SET));
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(7);
    result("poll for the child", poll(&poll_fd, 1, 5000));
    n = read(fd, many, sizeof many[0]);
    printf("child: signal %u code %d pid %d status %d\n", many[0].ssi_signo, many[0].ssi_code,
           many[0].ssi_pid == (uint32_t)pid, many[0].ssi_status);
    reap("child", pid);

    kill(getpid(), SIGUSR1);
    sigdelset(&set, SIGUSR1);
    result("another set", signalfd(fd, &set, 0) == fd);
    print_next("not in the set", fd);
    sigaddset(&set, SIGUSR1);
    signalfd(fd, &set, 0);
    print_next("in the set again", fd);
    int blocking = signalfd(-1, &set, 0);
    pid = fork_flushed();
    if (pid == 0) {
        usleep(20000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    struct signalfd_siginfo info = {0};
    n = read(blocking, &info, sizeof info);
    printf("blocking read: %zd signal %u from the child %d\n", n, info.ssi_signo,
           info.ssi_pid == (uint32_t)pid);
    waitpid(pid, NULL, 0);
    print_next("its end", blocking);
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    result("epoll", epoll_wait(epoll, &event, 1, 0));
    raise(SIGUSR1);
    result("epoll", epoll_wait(epoll, &event, 1, 1000));
    printf("data %u\n", event.data.u32);
    print_next("epoll", fd);
    /* Each reader sees its own signals. */
    raise(SIGUSR1);
    pid = fork_flushed();
    if (pid == 0) {
        print_next("child's own", fd);
        fflush(NULL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    print_next("parent's", fd);
    result("bad flags", signalfd(-1, &set, 1));
    result("bad size", syscall(SYS_signalfd4, -1, &set, 7, 0));
    result("bad pointer", syscall(SYS_signalfd4, -1, (void *)8, 8, 0));
    result("not a signalfd", signalfd(0, &set, 0));
    result("closed", signalfd(99, &set, 0));
    return 0;
}
