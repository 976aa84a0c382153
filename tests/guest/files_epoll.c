/* epoll and eventfd. */
#include "guest.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int epoll;

static void print_wait(const char *name, int timeout) {
    struct epoll_event events[4];
    int count = epoll_wait(epoll, events, 4, timeout);
    printf("%s: %d", name, count);
    for (int i = 0; i < count; i++)
        printf(" [%d%s%s%s%s]", (int)events[i].data.u32, events[i].events & EPOLLIN ? " IN" : "",
               events[i].events & EPOLLOUT ? " OUT" : "", events[i].events & EPOLLHUP ? " HUP" : "",
               events[i].events & EPOLLERR ? " ERR" : "");
    puts("");
}

static int control(int operation, int fd, uint32_t events, uint32_t data) {
    struct epoll_event event = {.events = events, .data.u32 = data};
    return epoll_ctl(epoll, operation, fd, &event);
}

static void counters(void) {
    uint64_t value;
    result("eventfd flags", eventfd(0, 64));
    int fd = eventfd(5, EFD_NONBLOCK);
    result("read", read(fd, &value, 8));
    printf("%lu\n", (unsigned long)value);
    result("empty", read(fd, &value, 8));
    value = 3;
    result("write", write(fd, &value, 8));
    result("write", write(fd, &value, 8));
    result("short read", read(fd, &value, 4));
    result("short write", write(fd, &value, 4));
    result("read", read(fd, &value, 8));
    printf("%lu\n", (unsigned long)value);
    value = UINT64_MAX;
    result("too large", write(fd, &value, 8));
    value = UINT64_MAX - 1;
    result("largest", write(fd, &value, 8));
    value = 1;
    result("full", write(fd, &value, 8));
    close(fd);
    fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    for (int i = 0; i < 3; i++)
        result("semaphore", read(fd, &value, 8));
    result("lseek", lseek(fd, 0, SEEK_SET));
    result("fsync", fsync(fd));
    close(fd);
}

static void levels_and_edges(void) {
    int p[2], q[2];
    pipe2(p, O_NONBLOCK);
    pipe2(q, O_NONBLOCK);
    result("create flags", epoll_create1(1));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    result("cloexec", fcntl(epoll, F_GETFD));
    result("add", control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    result("add again", control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    result("add itself", control(EPOLL_CTL_ADD, epoll, EPOLLIN, 1));
    result("add a file", control(EPOLL_CTL_ADD, open("/data/lines", O_RDONLY), EPOLLIN, 1));
    result("add bad", control(EPOLL_CTL_ADD, 99, EPOLLIN, 1));
    result("modify missing", control(EPOLL_CTL_MOD, q[0], EPOLLIN, 1));
    result("delete missing", control(EPOLL_CTL_DEL, q[0], EPOLLIN, 1));
    result("bad operation", control(9, q[0], EPOLLIN, 1));
    result("not an epoll", epoll_ctl(p[0], EPOLL_CTL_ADD, q[0], &(struct epoll_event){0}));
    result("no event", syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, q[0], NULL));
    struct epoll_event event;
    result("no room", epoll_wait(epoll, &event, 0, 0));
    result("wait on a pipe", epoll_wait(p[0], &event, 1, 0));
    print_wait("nothing", 0);
    print_wait("time limit", 20);
    write(p[1], "abc", 3);
    print_wait("level", -1);
    print_wait("level again", -1);
    char text[10];
    read(p[0], text, sizeof text);
    print_wait("read", 0);
    control(EPOLL_CTL_ADD, p[1], EPOLLOUT, 2);
    print_wait("writable", -1);
    control(EPOLL_CTL_DEL, p[1], 0, 0);
    control(EPOLL_CTL_ADD, q[0], EPOLLIN | EPOLLET, 3);
    write(q[1], "abc", 3);
    print_wait("edge", -1);
    print_wait("no new edge", 0);
    write(q[1], "d", 1);
    print_wait("more came", -1);
    read(q[0], text, sizeof text);
    write(q[1], "e", 1);
    print_wait("read and written", -1);
    print_wait("no new edge", 0);
    control(EPOLL_CTL_MOD, q[0], EPOLLIN | EPOLLONESHOT, 4);
    print_wait("one shot", -1);
    print_wait("disabled", 0);
    control(EPOLL_CTL_MOD, q[0], EPOLLIN, 5);
    print_wait("enabled", -1);
    int copy = dup(q[0]);
    close(q[0]);
    print_wait("a copy is open", 0);
    close(copy);
    print_wait("closed", 0);
    close(p[1]);
    print_wait("hang-up", -1);
    int outer = epoll_create1(0), inner = epoll;
    epoll = outer;
    result("nested", control(EPOLL_CTL_ADD, inner, EPOLLIN, 6));
    print_wait("nested", -1);
    epoll = inner;
    result("loop", control(EPOLL_CTL_ADD, outer, EPOLLIN, 7));
}

static void waits(void) {
    epoll = epoll_create1(0);
    int event = eventfd(0, 0);
    uint64_t value = 7;
    control(EPOLL_CTL_ADD, event, EPOLLIN, 8);
    pid_t child = fork_flushed();
    if (child == 0) {
        usleep(20000);
        write(event, &value, 8);
        _exit(0);
    }
    print_wait("woken", 5000);
    reap("child", child);
    result("blocking read", read(event, &value, 8));
    child = fork_flushed();
    if (child == 0) {
        usleep(20000);
        write(event, &value, 8);
        _exit(0);
    }
    result("waits", read(event, &value, 8));
    reap("child", child);
}

int main(void) {
    closefrom(3); /* of whoever started it */
    counters();
    levels_and_edges();
    waits();
    return 0;
}
