/* Handlers, masks, pending signals, waiting for signals, interrupted and restarted calls. */
#include "guest.h"

#include <poll.h>
#include <setjmp.h>
#include <sys/time.h>

static volatile sig_atomic_t count, last, nested_depth;
static volatile sig_atomic_t code, value, mask_in_handler;
static int pipe_ends[2];

static void counting(int number) {
    count++;
    last = number;
}

static void informed(int number, siginfo_t *info, void *context) {
    (void)context;
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    mask_in_handler = sigismember(&set, number) * 2 + sigismember(&set, SIGUSR2);
    code = info->si_code;
    value = info->si_value.sival_int;
    last = info->si_signo;
    count++;
}

static void install(int number, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    if (sigaction(number, &action, NULL))
        perror("sigaction");
}

static void install_informed(int number, int flags) {
    struct sigaction action = {.sa_sigaction = informed, .sa_flags = flags | SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGUSR2);
    if (sigaction(number, &action, NULL))
        perror("sigaction");
}

static void actions(void) {
    struct sigaction old;
    install(SIGUSR1, counting, 0);
    raise(SIGUSR1);
    printf("handled %d, last %d\n", count, last);
    result("sigaction read", sigaction(SIGUSR1, NULL, &old));
    check("handler is ours", old.sa_handler == counting);
    result("SIGKILL handler", sigaction(SIGKILL, &old, NULL));
    result("SIGSTOP handler", sigaction(SIGSTOP, &old, NULL));
    result("bad number", sigaction(65, &old, NULL));
    result("zero number", sigaction(0, &old, NULL));
    install(SIGUSR1, counting, SA_RESETHAND);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    check("reset to default", old.sa_handler == SIG_DFL);
    install(SIGUSR1, SIG_IGN, 0);
    count = 0;
    raise(SIGUSR1);
    printf("ignored: %d\n", count);
    result("kill 0 probes", kill(getpid(), 0));
    result("kill bad signal", kill(getpid(), 77));
    result("kill nobody", kill(99999, SIGTERM));
}

static void information(void) {
    install_informed(SIGUSR1, 0);
    kill(getpid(), SIGUSR1);
    printf("kill: code %d, masked %d\n", code, mask_in_handler);
    union sigval with = {.sival_int = 1234};
    result("sigqueue", sigqueue(getpid(), SIGUSR1, with));
    printf("sigqueue: code %d value %d\n", code, value);
    install_informed(SIGUSR1, SA_NODEFER);
    raise(SIGUSR1);
    printf("nodefer: code %d, masked %d\n", code, mask_in_handler);
}

static void nesting(int number) {
    nested_depth++;
    if (nested_depth < 5)
        raise(number);
}

static void nested(void) {
    install(SIGUSR1, nesting, SA_NODEFER);
    raise(SIGUSR1);
    printf("nested depth %d\n", nested_depth);
    nested_depth = 0;
    install(SIGUSR1, nesting, 0);
    raise(SIGUSR1);
    printf("deferred depth %d\n", nested_depth);
}

static void masks(void) {
    sigset_t set, old, pending;
    install(SIGUSR1, counting, 0);
    install(SIGRTMIN, counting, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigaddset(&set, SIGKILL);
    result("block", sigprocmask(SIG_BLOCK, &set, &old));
    check("was not blocked", !sigismember(&old, SIGUSR1));
    sigprocmask(SIG_BLOCK, NULL, &old);
    check("SIGKILL is never blocked", !sigismember(&old, SIGKILL));
    count = 0;
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR1);
        raise(SIGRTMIN);
    }
    sigpending(&pending);
    printf("pending %d %d, handled %d\n", sigismember(&pending, SIGUSR1),
           sigismember(&pending, SIGRTMIN), count);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("ordinary signals merge, real-time ones queue: %d\n", count);
    result("bad how", sigprocmask(17, &set, NULL));
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    install(SIGUSR1, SIG_IGN, 0);
    install(SIGUSR1, counting, 0);
    count = 0;
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("ignoring discards: %d\n", count);
}

static void waiting(void) {
    sigset_t set, none;
    siginfo_t info;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    install(SIGUSR1, counting, 0);
    count = 0;
    raise(SIGUSR1);
    result("sigsuspend", sigsuspend(&none));
    printf("handled in sigsuspend: %d\n", count);
    kill(getpid(), SIGUSR2);
    result("sigwaitinfo", sigwaitinfo(&set, &info));
    printf("code %d\n", info.si_code);
    struct timespec short_time = {0, 20000000};
    result("sigtimedwait", sigtimedwait(&set, &info, &short_time));
    int number = 0;
    pid_t pid = fork_flushed();
    if (pid == 0) {
        usleep(50000);
        kill(getppid(), SIGUSR1);
        _exit(0);
    }
    result("sigwait", sigwait(&set, &number));
    printf("number %d\n", number);
    reap("sender", pid);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void alarm_in(long milliseconds) {
    struct itimerval timer = {.it_value = {0, milliseconds * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void writes_pipe(int number) {
    (void)number;
    count++;
    if (write(pipe_ends[1], "x", 1) != 1)
        _exit(9);
}

static void interrupted(void) {
    char byte;
    result("pipe", pipe(pipe_ends) ? -1 : 0);
    install(SIGALRM, counting, 0);
    alarm_in(30);
    result("read without SA_RESTART", read(pipe_ends[0], &byte, 1));
    install(SIGALRM, writes_pipe, SA_RESTART);
    alarm_in(30);
    result("read with SA_RESTART", read(pipe_ends[0], &byte, 1));
    install(SIGALRM, counting, SA_RESTART);
    alarm_in(30);
    struct pollfd poll_fd = {.fd = pipe_ends[0], .events = POLLIN};
    result("poll is never restarted", poll(&poll_fd, 1, 5000));
    alarm_in(30);
    struct timespec request = {5, 0}, left = {0, 0};
    result("nanosleep", nanosleep(&request, &left));
    check("time is left", left.tv_sec == 4);
    alarm_in(30);
    result("pause", pause());
    install(SIGCHLD, counting, 0);
    count = 0;
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit(0);
    while (!count)
        usleep(1000);
    printf("SIGCHLD %d\n", last);
    reap("child", pid);
    install(SIGCHLD, SIG_IGN, 0);
    pid = fork_flushed();
    if (pid == 0)
        _exit(0);
    result("ignored SIGCHLD leaves no zombie", waitpid(pid, NULL, 0));
    install(SIGCHLD, SIG_DFL, 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void broken_pipe(void) {
    int ends[2];
    result("pipe", pipe(ends));
    close(ends[0]);
    install(SIGPIPE, counting, 0);
    count = 0;
    result("write to a broken pipe", write(ends[1], "x", 1));
    printf("SIGPIPE %d\n", count);
    install(SIGPIPE, SIG_DFL, 0);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        if (write(ends[1], "x", 1))
            _exit(1);
        _exit(0);
    }
    reap("default SIGPIPE", pid);
    close(ends[1]);
}

static sigjmp_buf back;
static void jumps(int number) { siglongjmp(back, number); }

static void jumping(void) {
    install(SIGUSR1, jumps, 0);
    for (volatile int i = 0; i < 3; i++) {
        int from = sigsetjmp(back, 1);
        if (from == 0)
            raise(SIGUSR1);
        printf("jump %d from %d\n", i, from);
    }
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    check("mask restored", !sigismember(&set, SIGUSR1));
}

static char *alternate;
static volatile sig_atomic_t on_alternate;
static void where(int number) {
    (void)number;
    char here;
    on_alternate = &here >= alternate && &here < alternate + 65536;
}

static void alternate_stack(void) {
    stack_t stack = {.ss_size = 65536}, old;
    alternate = malloc(65536);
    stack.ss_sp = alternate;
    result("sigaltstack", sigaltstack(&stack, NULL));
    install(SIGUSR1, where, SA_ONSTACK);
    raise(SIGUSR1);
    check("on the alternate stack", on_alternate);
    install(SIGUSR1, where, 0);
    raise(SIGUSR1);
    check("not without SA_ONSTACK", !on_alternate);
    stack.ss_size = 10;
    result("too small", sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE;
    result("disable", sigaltstack(&stack, &old));
    check("old one", old.ss_sp == alternate);
    free(alternate);
}

static void to_groups(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        setpgid(0, 0);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            pause();
            _exit(1);
        }
        install(SIGTERM, counting, 0);
        usleep(20000);
        kill(0, SIGTERM);
        reap("grandchild of the group", grandchild);
        printf("leader handled %d\n", last);
        fflush(stdout);
        _exit(0);
    }
    reap("leader", pid);
}

int main(void) {
    actions();
    information();
    nested();
    masks();
    waiting();
    interrupted();
    broken_pipe();
    jumping();
    alternate_stack();
    to_groups();
    return 0;
}
