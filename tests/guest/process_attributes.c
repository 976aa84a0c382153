/* What a process hands on to its children and keeps over exec: nice value, limits, prctl state. */
#include "guest.h"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void print_nice(const char *name, int which, int who) {
    errno = 0;
    int nice = getpriority(which, (id_t)who);
    printf("%s: %d %s\n", name, nice, errno ? error_name(errno) : "");
}

static void print_limit(const char *name, int resource) {
    struct rlimit limit;
    if (getrlimit(resource, &limit))
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: %lld %lld\n", name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
}

static void show(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    printf("inherited: nice %d, core %lld, slack %d, no new privileges %d, subreaper ",
           getpriority(PRIO_PROCESS, 0), (long long)limit.rlim_cur, prctl(PR_GET_TIMERSLACK),
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    int subreaper = -1;
    prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    printf("%d, umask %o\n", subreaper, umask(0));
    fflush(NULL);
}

static void nice_values(void) {
    result("setpriority", setpriority(PRIO_PROCESS, 0, 5));
    print_nice("own", PRIO_PROCESS, 0);
    result("above the limit", setpriority(PRIO_PROCESS, 0, 100));
    print_nice("own", PRIO_PROCESS, 0);
    result("lower as root", setpriority(PRIO_PROCESS, 0, 3));
    result("bad kind", setpriority(3, 0, 0));
    result("no such process", setpriority(PRIO_PROCESS, 99999, 0));
    print_nice("no such process", PRIO_PROCESS, 99999);
    print_nice("bad kind", -1, 0);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        setpgid(0, 0);
        print_nice("child", PRIO_PROCESS, 0);
        result("group", setpriority(PRIO_PGRP, 0, 7));
        print_nice("group", PRIO_PGRP, 0);
        result("to a user", setuid(1000));
        result("lower", setpriority(PRIO_PROCESS, 0, 6));
        result("another's", setpriority(PRIO_PROCESS, getppid(), 10));
        result("higher", setpriority(PRIO_PROCESS, 0, 8));
        print_nice("user", PRIO_USER, 1000);
        fflush(NULL);
        _exit(0);
    }
    reap("child", pid);
    print_nice("parent", PRIO_PROCESS, 0);
}

static void limits(void) {
    struct rlimit limit = {5, 10}, old;
    result("core", setrlimit(RLIMIT_CORE, &limit));
    print_limit("core", RLIMIT_CORE);
    limit.rlim_cur = 11;
    result("soft above hard", setrlimit(RLIMIT_CORE, &limit));
    result("bad resource", setrlimit(16, &limit));
    print_limit("bad resource", -1);
    limit = (struct rlimit){4, 8};
    result("prlimit", prlimit(0, RLIMIT_CORE, &limit, &old));
    printf("old %lld %lld\n", (long long)old.rlim_cur, (long long)old.rlim_max);
    result("prlimit reads", prlimit(getpid(), RLIMIT_CORE, NULL, &old));
    printf("now %lld %lld\n", (long long)old.rlim_cur, (long long)old.rlim_max);
    result("no such process", prlimit(99999, RLIMIT_CORE, NULL, &old));
    result("bad pointer", prlimit(0, RLIMIT_CORE, (void *)8, NULL));
    limit = (struct rlimit){20, 30};
    result("open files", setrlimit(RLIMIT_NOFILE, &limit));
    result("dup2 at the limit", dup2(0, 20));
    result("dup2 below", dup2(0, 19));
    result("F_DUPFD at the limit", fcntl(0, F_DUPFD, 20));
    result("F_DUPFD is full", fcntl(0, F_DUPFD, 19));
    close(19);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        limit = (struct rlimit){100, 100};
        result("file size", setrlimit(RLIMIT_FSIZE, &limit));
        int fd = open("/tmp/limited", O_RDWR | O_CREAT, 0600);
        char bytes[80] = {0};
        result("write", write(fd, bytes, 80));
        result("write over the limit", write(fd, bytes, 80));
        result("write at the limit", write(fd, bytes, 80));
        result("truncate", ftruncate(fd, 101));
        signal(SIGXFSZ, SIG_DFL);
        fflush(NULL);
        result("never", pwrite(fd, bytes, 1, 100));
        _exit(0);
    }
    reap("over the file size", pid);
    pid = fork_flushed();
    if (pid == 0) {
        setuid(1000);
        limit = (struct rlimit){4, 9};
        result("raise hard as user", setrlimit(RLIMIT_CORE, &limit));
        limit = (struct rlimit){2, 3};
        result("lower hard as user", setrlimit(RLIMIT_CORE, &limit));
        result("another's", prlimit(getppid(), RLIMIT_CORE, NULL, &old));
        fflush(NULL);
        _exit(0);
    }
    reap("user", pid);
}

static void inheritance(void) {
    result("slack", prctl(PR_SET_TIMERSLACK, 12345));
    int fds = dup(1);
    umask(026);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        result("subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1));
        result("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
        result("cannot be undone", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
        result("slack", prctl(PR_SET_TIMERSLACK, 777));
        result("back to the default", prctl(PR_SET_TIMERSLACK, 0));
        printf("slack %d\n", prctl(PR_GET_TIMERSLACK));
        pid = fork_flushed();
        if (pid == 0) {
            show();
            umask(026);
            execl("/bin/guest", "guest", "process_attributes", "show", NULL);
        }
        reap("grandchild", pid);
        fflush(NULL);
        _exit(0);
    }
    reap("child", pid);
    close(fds);
}

static void policies(void) {
    struct sched_param parameter = {0};
    result("policy", sched_getscheduler(0));
    result("parameter", sched_getparam(0, &parameter));
    printf("priority %d\n", parameter.sched_priority);
    result("SCHED_OTHER", sched_setscheduler(0, SCHED_OTHER, &parameter));
    parameter.sched_priority = 1;
    result("SCHED_OTHER with priority", sched_setscheduler(0, SCHED_OTHER, &parameter));
    result("bad policy", sched_setscheduler(0, 77, &parameter));
    result("no such process", sched_getscheduler(99999));
    result("negative", sched_getscheduler(-1));
    result("maximum", sched_get_priority_max(SCHED_FIFO));
    result("minimum", sched_get_priority_min(SCHED_FIFO));
    result("maximum of SCHED_OTHER", sched_get_priority_max(SCHED_OTHER));
    result("maximum of a bad policy", sched_get_priority_max(99));
    cpu_set_t set;
    check("affinity", sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0);
    result("same affinity", sched_setaffinity(0, sizeof set, &set));
    CPU_ZERO(&set);
    result("no CPU", sched_setaffinity(0, sizeof set, &set));
    result("short set", syscall(SYS_sched_getaffinity, 0, 1, &set));
    result("affinity of nobody", sched_getaffinity(99999, sizeof set, &set));
    result("yield", sched_yield());
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1) {
        show();
        return 0;
    }
    setpriority(PRIO_PROCESS, 0, 0);
    pid_t pid = fork_flushed(); /* as an ordinary process */
    if (pid == 0) {
        nice_values();
        limits();
        inheritance();
        policies();
        fflush(NULL);
        _exit(0);
    }
    reap("all", pid);
    return 0;
}
