/* Exit statuses, wait4 and friends. */
#include "guest.h"

#include <sys/resource.h>

static pid_t child_exits(int status) {
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(status);
    return pid;
}

static pid_t child_killed(int number) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        raise(number);
        _exit(99);
    }
    return pid;
}

static pid_t child_sleeps(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

static void wait_errors(void) {
    int status;
    result("wait without children", wait(&status));
    result("waitpid unknown pid", waitpid(12345, &status, 0));
    result("waitpid bad options", waitpid(-1, &status, 0x100000));
    pid_t pid = child_exits(1);
    result("wait4 bad status pointer", wait4(pid, (int *)8, 0, NULL) == pid ? 0 : -1);
    result("already reaped", waitpid(pid, &status, 0));
}

static void wait_groups(void) {
    int status = 0;
    pid_t pid = child_sleeps();
    result("WNOHANG while running", waitpid(pid, &status, WNOHANG));
    kill(pid, SIGTERM);
    reap("terminated", pid);
    pid = child_exits(5);
    check("wait by group 0", waitpid(0, &status, 0) == pid);
    print_status("group", status);
    pid = child_exits(6);
    struct rusage usage;
    memset(&usage, 0xff, sizeof usage);
    check("wait4 with rusage", wait4(-1, &status, 0, &usage) == pid);
    print_status("rusage", status);
    check("rusage filled", usage.ru_utime.tv_sec < 100 && usage.ru_utime.tv_sec >= 0);
}

static void wait_id(void) {
    siginfo_t info;
    pid_t pid = child_exits(7);
    memset(&info, 0, sizeof info);
    result("waitid WNOWAIT", waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
    check("si_pid", info.si_pid == pid);
    printf("si_code %d si_status %d si_signo %d\n", info.si_code, info.si_status, info.si_signo);
    memset(&info, 0, sizeof info);
    result("waitid again", waitid(P_ALL, 0, &info, WEXITED));
    printf("si_code %d si_status %d\n", info.si_code, info.si_status);
    result("waitid no children", waitid(P_ALL, 0, &info, WEXITED));
    result("waitid no events", waitid(P_ALL, 0, &info, 0));
    pid = child_killed(SIGKILL);
    memset(&info, 0, sizeof info);
    result("waitid killed", waitid(P_PID, pid, &info, WEXITED));
    printf("si_code %d si_status %d\n", info.si_code, info.si_status);
}

static void stop_and_continue(void) {
    int status = 0;
    pid_t pid = child_sleeps();
    kill(pid, SIGSTOP);
    check("stopped", waitpid(pid, &status, WUNTRACED) == pid);
    print_status("after SIGSTOP", status);
    kill(pid, SIGCONT);
    check("continued", waitpid(pid, &status, WCONTINUED) == pid);
    print_status("after SIGCONT", status);
    kill(pid, SIGKILL);
    reap("killed", pid);
}

static void orphan(void) {
    /* A grandchild outlives its parent; the pipe tells when it is gone too. */
    int ends[2];
    result("pipe", pipe(ends));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent)
                usleep(1000);
            if (write(ends[1], "x", 1) != 1)
                _exit(1);
        }
        _exit(3);
    }
    close(ends[1]);
    reap("middle", pid);
    char byte = 0;
    result("grandchild wrote", read(ends[0], &byte, 1));
    result("and is gone", read(ends[0], &byte, 1));
    close(ends[0]);
}

int main(void) {
    wait_errors();
    for (int status = 0; status < 300; status += 37) {
        char name[32];
        snprintf(name, sizeof name, "_exit(%d)", status);
        reap(name, child_exits(status));
    }
    static const int signals[] = {SIGHUP,   SIGINT,  SIGQUIT, SIGILL,    SIGABRT, SIGFPE,  SIGKILL,
                                  SIGSEGV,  SIGPIPE, SIGALRM, SIGTERM,   SIGUSR1, SIGUSR2, SIGBUS,
                                  SIGSYS,   SIGTRAP, SIGXCPU, SIGVTALRM, SIGIO,   SIGCHLD, SIGURG,
                                  SIGWINCH, SIGCONT, 34,      64};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        char name[32];
        snprintf(name, sizeof name, "raise(%d)", signals[i]);
        reap(name, child_killed(signals[i]));
    }
    wait_groups();
    wait_id();
    stop_and_continue();
    orphan();
    return 42;
}
