/* wait4, waitid: every option, what is reported, errors. */
#include "guest.h"

#include <sched.h>
#include <sys/resource.h>

static pid_t child(int status) {
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(status);
    return pid;
}
static pid_t sleeper(void) {
    pid_t pid = fork_flushed();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void print_info(const char *name, long value, const siginfo_t *info, pid_t pid) {
    if (value < 0)
        printf("%s: %s\n", name, error_name(errno));
    else
        printf("%s: %ld signal %d code %d status %d child %d uid %d\n", name, value,
               info->si_signo, info->si_code, info->si_status, info->si_pid == pid, info->si_uid);
}

static void wait4_options(void) {
    int status = -1;
    struct rusage usage;
    memset(&usage, 0xff, sizeof usage);
    result("no children", wait4(-1, &status, 0, NULL));
    pid_t pid = child(3);
    check("any child", wait4(-1, &status, 0, &usage) == pid);
    print_status("status", status);
    check("usage", usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_sec < 100 &&
                       usage.ru_maxrss >= 0);
    result("gone", wait4(pid, &status, 0, NULL));
    pid = sleeper();
    result("WNOHANG", wait4(pid, &status, WNOHANG, NULL));
    kill(pid, SIGSTOP);
    check("WUNTRACED", wait4(pid, &status, WUNTRACED, NULL) == pid);
    print_status("status", status);
    kill(pid, SIGCONT);
    check("WCONTINUED", wait4(pid, &status, WCONTINUED, NULL) == pid);
    print_status("status", status);
    result("WCONTINUED once", wait4(pid, &status, WCONTINUED | WNOHANG, NULL));
    result("WNOTHREAD", wait4(pid, &status, WNOHANG | __WNOTHREAD, NULL));
    result("__WALL", wait4(pid, &status, WNOHANG | __WALL, NULL));
    result("__WCLONE of an ordinary child", wait4(pid, &status, WNOHANG | __WCLONE, NULL));
    kill(pid, SIGKILL);
    check("status may be NULL", wait4(pid, NULL, 0, NULL) == pid);
    result("bad option", wait4(-1, &status, 0x100, NULL));
    result("WEXITED is waitid's", wait4(-1, &status, WEXITED, NULL));
    result("INT_MIN", wait4((pid_t)0x80000000, &status, 0, NULL));
    pid = child(0);
    result("bad pointer", syscall(SYS_wait4, pid, (void *)8, 0, NULL));
    result("waited for all the same", wait4(pid, &status, 0, NULL));
    pid = child(1);
    usleep(20000);
    setpgid(pid, pid);
    result("group 0", wait4(0, &status, WNOHANG, NULL) == pid);
    pid = fork_flushed();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(9);
    }
    setpgid(pid, pid);
    check("by group", wait4(-pid, &status, 0, NULL) == pid);
    print_status("status", status);
    result("no such group", wait4(-30000, &status, 0, NULL));
}

static void waitid_options(void) {
    siginfo_t info = {0};
    pid_t pid = child(7);
    print_info("WNOWAIT", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), &info, pid);
    print_info("WEXITED", waitid(P_ALL, 0, &info, WEXITED), &info, pid);
    print_info("no more", waitid(P_ALL, 0, &info, WEXITED), &info, pid);
    pid = sleeper();
    memset(&info, 0xff, sizeof info);
    print_info("WNOHANG", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG), &info, 0);
    kill(pid, SIGSTOP);
    print_info("WSTOPPED", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), &info, pid);
    print_info("again", waitid(P_PID, (id_t)pid, &info, WSTOPPED), &info, pid);
    kill(pid, SIGCONT);
    print_info("WCONTINUED", waitid(P_PID, (id_t)pid, &info, WCONTINUED), &info, pid);
    kill(pid, SIGTERM);
    print_info("killed", waitid(P_PID, (id_t)pid, &info, WEXITED), &info, pid);
    pid = child(0);
    result("info may be NULL", waitid(P_PID, (id_t)pid, NULL, WEXITED));
    result("no kind", waitid(P_PID, (id_t)pid, &info, 0));
    result("only WNOHANG", waitid(P_PID, (id_t)pid, &info, WNOHANG));
    result("bad option", waitid(P_PID, (id_t)pid, &info, WEXITED | 0x100));
    result("bad type", waitid(77, 1, &info, WEXITED));
    result("pid 0", waitid(P_PID, 0, &info, WEXITED));
    pid = fork_flushed();
    if (pid == 0) {
        setpgid(0, 0);
        _exit(4);
    }
    setpgid(pid, pid);
    print_info("P_PGID", waitid(P_PGID, (id_t)pid, &info, WEXITED), &info, pid);
    pid = child(5);
    print_info("own group", waitid(P_PGID, 0, &info, WEXITED), &info, pid);
    struct rusage usage = {0};
    pid = child(6);
    result("usage", syscall(SYS_waitid, P_PID, pid, &info, WEXITED, &usage));
    pid = child(6);
    result("bad pointer", syscall(SYS_waitid, P_PID, pid, (void *)8, WEXITED, NULL));
}

static void on_signal(int number) { (void)number; }

static void interruption(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGALRM, &action, NULL);
    pid_t pid = sleeper();
    ualarm(20000, 0);
    result("interrupted", wait4(pid, NULL, 0, NULL));
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
    pid_t killer = fork_flushed();
    if (killer == 0) {
        usleep(60000);
        kill(pid, SIGKILL);
        _exit(0);
    }
    ualarm(20000, 0);
    check("restarted", wait4(pid, NULL, 0, NULL) == pid);
    waitpid(killer, NULL, 0);
}

/* Children that end with another signal than SIGCHLD, or with none. */
static void clone_children(void) {
    int status;
    pid_t pid = (pid_t)syscall(SYS_clone, 0ul, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(2);
    result("not for an ordinary wait", wait4(pid, &status, 0, NULL));
    check("__WCLONE", wait4(pid, &status, __WCLONE, NULL) == pid);
    pid = (pid_t)syscall(SYS_clone, (unsigned long)SIGUSR1, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(2);
    signal(SIGUSR1, on_signal);
    while (wait4(pid, &status, __WALL, NULL) < 0 && errno == EINTR)
        ;
    print_status("__WALL", status);
}

int main(void) {
    signal(SIGUSR1, on_signal);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        wait4_options();
        waitid_options();
        interruption();
        clone_children();
        fflush(NULL);
        _exit(0);
    }
    reap("all", pid);
    return 0;
}
