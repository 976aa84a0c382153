/* Work runs in a child process in a process group of its own: whatever ends it (Ctrl-C, a signal, a
 * crash, exhausted memory), the parent prints one line and removes what is unfinished. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend.h"

static void stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGCHLD);
}

static int child(struct tool *tool, int (*work)(void *), void *context, const sigset_t *mask,
                 pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return 1;
    /* As a background group of the terminal it may still write there. */
    signal(SIGTTOU, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* then a write beyond the limit fails with EFBIG */
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (isatty(STDIN_FILENO)) {
        int null = open("/dev/null", O_RDONLY);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0)
            return fail(tool, "/dev/null", "cannot open: %s", strerror(errno)), 1;
    }
    int status = work(context);
    if (fflush(stdout) || ferror(stdout))
        return fail(tool, "standard output", "cannot write"), status ? status : 1;
    return status;
}

int supervise(struct tool *tool, int (*work)(void *), void *context, const char *unfinished) {
    sigset_t set, old;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        exit(child(tool, work, context, &old, parent));
    if (pid < 0) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        return fail(tool, NULL, "cannot start a process: %s", strerror(errno)), 1;
    }
    setpgid(pid, pid); /* both sides, so that it has happened before anybody needs it */

    int status = 0, stopped_by = 0;
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&set, &info);
        if (signal == SIGCHLD) {
            pid_t ended = waitpid(pid, &status, WNOHANG);
            if (ended == pid)
                break;
        } else if (signal > 0) {
            stopped_by = signal;
            kill(-pid, SIGKILL); /* nothing there needs to clean up: that is done here */
        }
    }
    kill(-pid, SIGKILL); /* what the child left behind, such as a linker */
    int result = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (stopped_by)
        result = 128 + stopped_by;
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) /* a hole of a mapped file */
        fail(tool, tool->scratch, "no space for temporary data (set TMPDIR)");
    else if (WIFSIGNALED(status))
        fail(tool, tool->image,
             "the work ended by signal %d, %s (this is a defect, or memory ran out)",
             WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (result && unfinished)
        unlink(unfinished);
    sigprocmask(SIG_SETMASK, &old, NULL);
    return result;
}
