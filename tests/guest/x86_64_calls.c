/* x86_64 only: the calls that newer architectures have in other forms only. */
#include "guest.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <utime.h>

#define HOUR 3600

static long call(long number, long a, long b, long c, long d, long e) {
    return syscall(number, a, b, c, d, e);
}
#define CALL(number, ...) CALL_(number, __VA_ARGS__, 0, 0, 0, 0, 0)
#define CALL_(number, a, b, c, d, e, ...) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static void print_file(const char *name) {
    struct stat st;
    if (CALL(SYS_lstat, name, &st) == -1)
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: mode %o links %ld owner %d:%d size %ld times %ld %ld\n", name, st.st_mode,
               (long)st.st_nlink, (int)st.st_uid, (int)st.st_gid, (long)st.st_size,
               st.st_atime < 100 * HOUR ? (long)st.st_atime : -1,
               st.st_mtime < 100 * HOUR ? (long)st.st_mtime : -1);
}

static void files(void) {
    struct stat st;
    char text[64] = "";
    umask(022);
    int fd = (int)succeeds("open creates", CALL(SYS_open, "/tmp/a", O_CREAT | O_EXCL | O_RDWR, 0666));
    result("write", write(fd, "abc", 3));
    close(fd);
    result("open exclusive", CALL(SYS_open, "/tmp/a", O_CREAT | O_EXCL | O_RDWR, 0666));
    result("open missing", CALL(SYS_open, "/tmp/none", O_RDONLY));
    result("open bad pointer", CALL(SYS_open, 8, O_RDONLY));
    fd = (int)succeeds("creat", CALL(SYS_creat, "/tmp/a", 0600));
    result("creat is for writing", read(fd, text, 1));
    result("creat truncates", lseek(fd, 0, SEEK_END));
    close(fd);
    print_file("/tmp/a");
    result("access", CALL(SYS_access, "/tmp/a", R_OK | W_OK));
    result("access mode", CALL(SYS_access, "/tmp/a", 8));
    result("access missing", CALL(SYS_access, "/tmp/none", F_OK));
    result("link", CALL(SYS_link, "/tmp/a", "/tmp/hard"));
    result("link again", CALL(SYS_link, "/tmp/a", "/tmp/hard"));
    result("symlink", CALL(SYS_symlink, "a", "/tmp/soft"));
    result("readlink", CALL(SYS_readlink, "/tmp/soft", text, sizeof text));
    result("readlink no link", CALL(SYS_readlink, "/tmp/a", text, sizeof text));
    result("readlink size", CALL(SYS_readlink, "/tmp/soft", text, -1));
    result("stat follows", CALL(SYS_stat, "/tmp/soft", &st));
    check("stat is a file", S_ISREG(st.st_mode) && st.st_nlink == 2);
    result("lstat", CALL(SYS_lstat, "/tmp/soft", &st));
    check("lstat is a link", S_ISLNK(st.st_mode) && st.st_size == 1);
    result("stat bad pointer", CALL(SYS_stat, "/tmp/a", 8));
    result("chmod", CALL(SYS_chmod, "/tmp/soft", 04711));
    result("chown", CALL(SYS_chown, "/tmp/soft", 7, 8));
    result("lchown", CALL(SYS_lchown, "/tmp/soft", 9, 10));
    print_file("/tmp/a");
    result("mkdir", CALL(SYS_mkdir, "/tmp/dir", 0777));
    result("mkdir again", CALL(SYS_mkdir, "/tmp/dir", 0777));
    result("mknod", CALL(SYS_mknod, "/tmp/fifo", S_IFIFO | 0666, 0));
    print_file("/tmp/fifo");
    result("rename", CALL(SYS_rename, "/tmp/hard", "/tmp/dir/moved"));
    int dir = open("/tmp/dir", O_RDONLY | O_DIRECTORY);
    result("renameat", CALL(SYS_renameat, dir, "moved", AT_FDCWD, "/tmp/back"));
    result("rename missing", CALL(SYS_rename, "/tmp/none", "/tmp/other"));
    result("rename to directory", CALL(SYS_rename, "/tmp/back", "/tmp/dir"));
    close(dir);
    result("rmdir file", CALL(SYS_rmdir, "/tmp/a"));
    result("unlink directory", CALL(SYS_unlink, "/tmp/dir"));
    result("rmdir", CALL(SYS_rmdir, "/tmp/dir"));
    result("unlink", CALL(SYS_unlink, "/tmp/back"));
    result("unlink missing", CALL(SYS_unlink, "/tmp/back"));
}

static void times(void) {
    struct utimbuf seconds = {2 * HOUR, 3 * HOUR};
    struct timeval exact[2] = {{4 * HOUR, 999999}, {5 * HOUR, 0}}, bad[2] = {{0, 1000000}, {0, 0}};
    result("utime", CALL(SYS_utime, "/tmp/a", &seconds));
    print_file("/tmp/a");
    result("utime now", CALL(SYS_utime, "/tmp/a", NULL));
    print_file("/tmp/a");
    result("utimes", CALL(SYS_utimes, "/tmp/soft", exact));
    print_file("/tmp/a");
    result("utimes bad", CALL(SYS_utimes, "/tmp/a", bad));
    result("utimes missing", CALL(SYS_utimes, "/tmp/none", NULL));
    int tmp = open("/tmp", O_RDONLY), fd = open("/tmp/a", O_RDONLY);
    exact[0].tv_sec = 6 * HOUR;
    result("futimesat", CALL(SYS_futimesat, tmp, "a", exact));
    print_file("/tmp/a");
    exact[0].tv_sec = 7 * HOUR;
    result("futimesat of a descriptor", CALL(SYS_futimesat, fd, NULL, exact));
    print_file("/tmp/a");
    result("futimesat bad descriptor", CALL(SYS_futimesat, 99, "a", exact));
    close(tmp);
    close(fd);
    time_t now = 0, returned = CALL(SYS_time, &now);
    check("time", returned == now && labs(now - time(NULL)) < 5);
    result("time bad pointer", CALL(SYS_time, 8));
}

struct old_dirent {
    unsigned long ino, offset;
    unsigned short size;
    char name[];
};

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static void directories(void) {
    char buffer[1024], names[16][32];
    int fd = open("/data", O_RDONLY | O_DIRECTORY);
    size_t count = 0;
    long got;
    while ((got = CALL(SYS_getdents, fd, buffer, 96)) > 0) {
        for (long at = 0; at < got;) {
            struct old_dirent *entry = (struct old_dirent *)(buffer + at);
            snprintf(names[count++], sizeof names[0], "%s type %d", entry->name,
                     buffer[at + entry->size - 1]);
            at += entry->size;
        }
    }
    result("getdents at the end", got);
    qsort(names, count, sizeof names[0], by_name);
    for (size_t i = 0; i < count; i++)
        printf("entry %s\n", names[i]);
    lseek(fd, 0, SEEK_SET);
    result("getdents small buffer", CALL(SYS_getdents, fd, buffer, 20));
    result("getdents bad pointer", CALL(SYS_getdents, fd, 8, 1024));
    close(fd);
    fd = open("/data/lines", O_RDONLY);
    result("getdents file", CALL(SYS_getdents, fd, buffer, sizeof buffer));
    close(fd);
}

static void handle(int signal) { (void)signal; }

static void waiting(void) {
    int ends[2];
    char byte = 'x';
    result("pipe", CALL(SYS_pipe, ends));
    result("pipe bad pointer", CALL(SYS_pipe, 8));
    result("dup2", CALL(SYS_dup2, ends[0], 50));
    result("dup2 same", CALL(SYS_dup2, 50, 50));
    result("dup2 same bad", CALL(SYS_dup2, 51, 51));
    result("dup2 bad", CALL(SYS_dup2, 51, 52));
    result("dup2 too large", CALL(SYS_dup2, ends[0], 1 << 30));
    close(50);

    struct pollfd polls[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    result("poll ready", CALL(SYS_poll, polls, 2, -1));
    printf("revents %x %x\n", polls[0].revents, polls[1].revents);
    result("poll timeout", CALL(SYS_poll, polls, 1, 10));
    result("poll bad pointer", CALL(SYS_poll, 8, 1, 0));
    result("poll too many", CALL(SYS_poll, polls, 1 << 30, 0));

    fd_set in, out;
    struct timeval limit = {0, 10000};
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    result("select timeout", CALL(SYS_select, ends[1] + 1, &in, NULL, NULL, &limit));
    check("select: nothing is ready", !FD_ISSET(ends[0], &in));
    check("select: no time is left", limit.tv_sec == 0 && limit.tv_usec == 0);
    FD_SET(ends[0], &in);
    FD_ZERO(&out);
    FD_SET(ends[1], &out);
    limit = (struct timeval){100, 0};
    result("select ready", CALL(SYS_select, ends[1] + 1, &in, &out, NULL, &limit));
    check("select: the writer is ready", !FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out));
    check("select: time is left", limit.tv_sec >= 98 && limit.tv_sec <= 100);
    limit = (struct timeval){0, -1};
    result("select bad time", CALL(SYS_select, 0, NULL, NULL, NULL, &limit));
    limit = (struct timeval){0, 1500000}; /* more than a second is taken */
    result("write", write(ends[1], &byte, 1));
    FD_SET(ends[0], &in);
    result("select large microseconds", CALL(SYS_select, ends[0] + 1, &in, NULL, NULL, &limit));
    result("select count", CALL(SYS_select, -1, NULL, NULL, NULL, NULL));
    result("select bad descriptor", (FD_SET(60, &in), CALL(SYS_select, 61, &in, NULL, NULL, NULL)));

    int epoll = (int)succeeds("epoll_create", CALL(SYS_epoll_create, 1));
    result("epoll_create size", CALL(SYS_epoll_create, 0));
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, got[2];
    check("epoll_event is packed", sizeof event == 12);
    result("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event));
    result("epoll_wait", CALL(SYS_epoll_wait, epoll, got, 2, -1));
    printf("events %x data %lx\n", got[0].events, (long)got[0].data.u64);
    result("read", read(ends[0], &byte, 1));
    result("epoll_wait timeout", CALL(SYS_epoll_wait, epoll, got, 2, 10));
    result("epoll_wait none", CALL(SYS_epoll_wait, epoll, got, 0, 0));
    close(epoll);

    int counter = (int)succeeds("eventfd", CALL(SYS_eventfd, 5));
    long value = 0;
    result("read eventfd", read(counter, &value, sizeof value));
    result("eventfd value", value);
    close(counter);
    close(ends[0]);
    close(ends[1]);
}

static void signals(void) {
    struct sigaction action = {.sa_handler = handle};
    sigaction(SIGALRM, &action, NULL);
    result("alarm", CALL(SYS_alarm, 100));
    result("alarm was set", CALL(SYS_alarm, 1));
    result("pause", CALL(SYS_pause, 0));
    result("no alarm", CALL(SYS_alarm, 0));
    struct timeval limit = {100, 0};
    struct itimerval soon = {.it_value = {0, 20000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    result("select interrupted", CALL(SYS_select, 0, NULL, NULL, NULL, &limit));
    check("select: time is left", limit.tv_sec >= 98 && limit.tv_sec <= 100);
    setitimer(ITIMER_REAL, &soon, NULL);
    result("poll interrupted", CALL(SYS_poll, NULL, 0, 100000));
}

static void processes(void) {
    check("getpgrp", CALL(SYS_getpgrp, 0) == getpgid(0));
    fflush(NULL);
    long pid = CALL(SYS_fork, 0);
    if (pid == 0)
        _exit(7);
    reap("fork", (pid_t)pid);
    /* A raw vfork would return twice through one frame of syscall(). */
    pid = vfork();
    if (pid == 0)
        _exit(8);
    reap("vfork", (pid_t)pid);
}

int main(void) {
    files();
    times();
    directories();
    waiting();
    signals();
    processes();
    return 0;
}
