/* Process groups, sessions, signals to groups, job control, stopped children. */
#include "guest.h"

static pid_t sleeper(void) {
    pid_t pid = fork_flushed();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static void groups(void) {
    pid_t a = sleeper(), b = sleeper();
    result("own group", setpgid(a, 0));
    result("join", setpgid(b, a));
    check("same group", getpgid(a) == a && getpgid(b) == a);
    result("group of nobody", setpgid(b, 30000));
    result("negative", setpgid(b, -1));
    result("unknown process", setpgid(30000, 0));
    result("not our child", setpgid(getppid() ? getppid() : 30000, 0));
    result("kill group", kill(-a, SIGTERM));
    reap("first", a);
    reap("second", b);
    result("empty group", kill(-a, SIGTERM));
    result("killpg of 0 signal", kill(0, 0));
}

static void sessions(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        check("setsid", setsid() == getpid());
        check("leader of both", getsid(0) == getpid() && getpgrp() == getpid());
        result("again", setsid());
        result("leader cannot move", setpgid(0, 0));
        pid_t child = sleeper();
        check("child is in the session", getsid(child) == getpid());
        kill(child, SIGKILL);
        reap("child", child);
        fflush(NULL);
        _exit(0);
    }
    reap("session", pid);
    result("getsid of nobody", getsid(30000));
    result("getpgid of nobody", getpgid(30000));
}

static volatile sig_atomic_t children_signals, last_code, last_status;

static void on_child(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    children_signals++;
    last_code = info->si_code;
    last_status = info->si_status;
}

static void child_signals(int flags) {
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO | flags};
    sigaction(SIGCHLD, &action, NULL);
    children_signals = 0;
    pid_t pid = sleeper();
    int status;
    kill(pid, SIGSTOP);
    while (waitpid(pid, &status, WUNTRACED) != pid)
        ;
    print_status("stopped", status);
    usleep(20000);
    printf("signals %d code %d status %d\n", children_signals, last_code, last_status);
    result("not twice", waitpid(pid, &status, WUNTRACED | WNOHANG));
    kill(pid, SIGCONT);
    while (waitpid(pid, &status, WCONTINUED) != pid)
        ;
    print_status("continued", status);
    usleep(20000); /* the signal may come after the report */
    printf("signals %d code %d status %d\n", children_signals, last_code, last_status);
    kill(pid, SIGSTOP);
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)pid, &info, WSTOPPED) != 0)
        ;
    printf("waitid: code %d status %d\n", info.si_code, info.si_status);
    kill(pid, SIGTERM); /* stays pending until it continues */
    result("stopped stays", waitpid(pid, &status, WNOHANG));
    kill(pid, SIGCONT);
    while (waitpid(pid, &status, 0) != pid)
        ;
    print_status("terminated", status);
    pid = sleeper();
    kill(pid, SIGSTOP);
    while (waitpid(pid, &status, WUNTRACED) != pid)
        ;
    kill(pid, SIGKILL); /* at once */
    while (waitpid(pid, &status, 0) != pid)
        ;
    print_status("killed while stopped", status);
    signal(SIGCHLD, SIG_DFL);
}

static void no_zombies(const char *name, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGCHLD, &action, NULL);
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(3);
    int status;
    long value;
    while ((value = waitpid(pid, &status, 0)) == -1 && errno == EINTR)
        ;
    result(name, value);
    signal(SIGCHLD, SIG_DFL);
}

static void background_stop(void) {
    /* SIGTSTP stops nothing in an orphaned group, SIGSTOP does. */
    pid_t pid = fork_flushed();
    if (pid == 0) {
        setsid();
        raise(SIGTSTP);
        _exit(4);
    }
    reap("SIGTSTP of a session leader", pid);
}

int main(void) {
    pid_t pid = fork_flushed(); /* as an ordinary process */
    if (pid == 0) {
        setpgid(0, 0);
        groups();
        sessions();
        child_signals(0);
        child_signals(SA_NOCLDSTOP);
        child_signals(SA_RESTART);
        no_zombies("ignored", SIG_IGN, 0);
        no_zombies("NOCLDWAIT", SIG_DFL, SA_NOCLDWAIT);
        background_stop();
        fflush(NULL);
        _exit(0);
    }
    reap("all", pid);
    return 0;
}
