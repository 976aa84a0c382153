/* Pipes and FIFOs, poll and select on them. */
#include "guest.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

static char buffer[200000];

static void print_poll(const char *name, int fd, short events) {
    struct pollfd p = {fd, events, 0};
    int ready = poll(&p, 1, 0);
    printf("%s: %d%s%s%s%s%s\n", name, ready, p.revents & POLLIN ? " IN" : "",
           p.revents & POLLOUT ? " OUT" : "", p.revents & POLLHUP ? " HUP" : "",
           p.revents & POLLERR ? " ERR" : "", p.revents & POLLNVAL ? " NVAL" : "");
}

static void basics(void) {
    int p[2], count;
    result("pipe2 flags", pipe2(p, O_APPEND));
    result("pipe2", pipe2(p, O_NONBLOCK | O_CLOEXEC));
    printf("%d %d cloexec %d nonblock %d\n", p[0], p[1], fcntl(p[0], F_GETFD),
           !!(fcntl(p[1], F_GETFL) & O_NONBLOCK));
    result("bad pointer", syscall(SYS_pipe2, (void *)8, 0));
    print_poll("empty, read", p[0], POLLIN);
    print_poll("empty, write", p[1], POLLOUT);
    result("empty", read(p[0], buffer, 10));
    result("write", write(p[1], "hello", 5));
    result("FIONREAD", ioctl(p[0], FIONREAD, &count));
    printf("%d\n", count);
    print_poll("some", p[0], POLLIN | POLLOUT);
    result("part", read(p[0], buffer, 2));
    result("rest", read(p[0], buffer, 10));
    result("lseek", lseek(p[0], 0, SEEK_CUR));
    result("pread", pread(p[0], buffer, 1, 0));
    result("wrong end read", read(p[1], buffer, 1));
    result("wrong end write", write(p[0], buffer, 1));
    struct stat st;
    fstat(p[0], &st);
    printf("mode %o\n", st.st_mode);
    result("F_GETPIPE_SZ", fcntl(p[0], F_GETPIPE_SZ));
    result("fsync", fsync(p[0]));
    result("ftruncate", ftruncate(p[1], 0));
    result("getdents", syscall(SYS_getdents64, p[0], buffer, 100));
    result("TCGETS", isatty(p[0]) ? 0 : -1);
    result("fill", write(p[1], buffer, sizeof buffer));
    print_poll("full", p[1], POLLOUT);
    result("full write", write(p[1], "x", 1));
    result("make room", read(p[0], buffer, 4096));
    result("PIPE_BUF", write(p[1], buffer, 4096));
    close(p[1]);
    print_poll("writer gone, data left", p[0], POLLIN);
    while (read(p[0], buffer, sizeof buffer) > 0)
        ;
    print_poll("writer gone", p[0], POLLIN);
    result("end", read(p[0], buffer, 1));
    close(p[0]);
}

static void broken(void) {
    int p[2];
    pid_t child = fork_flushed();
    if (child == 0) {
        pipe(p);
        close(p[0]);
        write(p[1], "x", 1);
        _exit(0);
    }
    reap("SIGPIPE", child);
    signal(SIGPIPE, SIG_IGN);
    pipe(p);
    close(p[0]);
    result("EPIPE", write(p[1], "x", 1));
    print_poll("reader gone", p[1], POLLOUT);
    signal(SIGPIPE, SIG_DFL);
    close(p[1]);
}

static void between_processes(void) {
    int p[2], q[2];
    pipe(p);
    pipe(q);
    pid_t child = fork_flushed();
    if (child == 0) { /* counts what comes, answers at the end */
        long total = 0, n;
        close(p[1]);
        close(q[0]);
        while ((n = read(p[0], buffer, 10000)) > 0)
            total += n;
        write(q[1], &total, sizeof total);
        _exit(total == 1000000 ? 0 : 1);
    }
    close(p[0]);
    close(q[1]);
    long total = 0;
    for (int i = 0; i < 5; i++)
        total += write(p[1], buffer, 200000);
    printf("written %ld\n", total);
    close(p[1]);
    result("answer", read(q[0], &total, sizeof total));
    printf("counted %ld\n", total);
    reap("reader", child);
    struct iovec vector[3] = {{"ab", 2}, {"cd", 2}, {"ef", 2}};
    pipe(p);
    result("writev", writev(p[1], vector, 3));
    result("read", read(p[0], buffer, 100));
    printf("%.6s\n", buffer);
    closefrom(3);
}

static void fifos(void) {
    int fd;
    mkfifo("/tmp/fifo", 0600);
    result("no reader", open("/tmp/fifo", O_WRONLY | O_NONBLOCK));
    fd = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    result("reader", fd >= 0 ? 0 : -1);
    print_poll("no writer yet", fd, POLLIN);
    result("no writer", read(fd, buffer, 1));
    int writer = open("/tmp/fifo", O_WRONLY | O_NONBLOCK);
    result("writer", writer >= 0 ? 0 : -1);
    result("nothing", read(fd, buffer, 1));
    write(writer, "through", 7);
    result("something", read(fd, buffer, 100));
    close(writer);
    print_poll("writer went", fd, POLLIN);
    close(fd);
    fd = open("/tmp/fifo", O_RDWR);
    result("both", write(fd, "loop", 4));
    result("back", read(fd, buffer, 100));
    close(fd);
    for (int side = 0; side < 2; side++) { /* each side waits for the other once */
        pid_t child = fork_flushed();
        if (child == 0) {
            if (side)
                usleep(50000);
            int out = open("/tmp/fifo", O_WRONLY);
            write(out, "blocking", 8);
            close(out);
            _exit(0);
        }
        if (!side)
            usleep(50000);
        fd = open("/tmp/fifo", O_RDONLY);
        result("read", read(fd, buffer, 100));
        result("end", read(fd, buffer, 100));
        close(fd);
        reap("writer", child);
    }
}

static void on_alarm(int signal) { (void)signal; }

static void waiting(void) {
    int p[2];
    pipe(p);
    struct pollfd fds[3] = {{p[0], POLLIN, 0}, {-1, POLLIN, 9}, {77, POLLIN, 0}};
    result("ignored and bad", poll(fds, 3, 0));
    printf("%d %d %d\n", fds[0].revents, fds[1].revents, fds[2].revents == POLLNVAL);
    result("time limit", poll(fds, 1, 20));
    pid_t child = fork_flushed();
    if (child == 0) {
        usleep(30000);
        write(p[1], "x", 1);
        _exit(0);
    }
    result("woken", poll(fds, 1, 5000));
    reap("writer", child);
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(p[0], &in);
    FD_SET(p[1], &out);
    struct timeval limit = {1, 0};
    result("select", select(p[1] + 1, &in, &out, NULL, &limit));
    printf("%d %d\n", !!FD_ISSET(p[0], &in), !!FD_ISSET(p[1], &out));
    read(p[0], buffer, 1);
    limit = (struct timeval){0, 20000};
    result("select time limit", select(p[0] + 1, &in, NULL, NULL, &limit));
    printf("%d, left %ld\n", !!FD_ISSET(p[0], &in), (long)limit.tv_usec);
    FD_ZERO(&in);
    FD_SET(200, &in);
    result("select bad", select(p[0] + 1, &in, NULL, NULL, &limit));
    result("select negative", select(-1, NULL, NULL, NULL, &limit));
    struct timespec bad = {0, 1000000000};
    result("bad time", ppoll(fds, 1, &bad, NULL));
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    sigset_t blocked, none;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGALRM);
    ualarm(20000, 0);
    result("poll interrupted", poll(fds, 1, 5000));
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGALRM);
    result("ppoll mask", ppoll(fds, 1, NULL, &none));
    sigprocmask(SIG_SETMASK, NULL, &none);
    check("mask restored", sigismember(&none, SIGALRM));
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    action.sa_flags = 0;
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    result("read interrupted", read(p[0], buffer, 1));
    ualarm(20000, 0);
    result("write interrupted", write(p[1], buffer, 100000));
    print_poll("regular file", open("/data/lines", O_RDONLY), POLLIN | POLLOUT);
}

int main(void) {
    closefrom(3); /* of whoever started it */
    basics();
    broken();
    between_processes();
    fifos();
    waiting();
    return 0;
}
