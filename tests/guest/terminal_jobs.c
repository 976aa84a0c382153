/* Job control on a pseudo-terminal: sessions, foreground, signals of keys, hang-up. */
#include "guest.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master;

/* Runs `program` as the leader of a session whose terminal is a new one, with the terminal as its
 * standard input; it reports through the ordinary output. */
static pid_t start(void (*program)(void)) {
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    unlockpt(master);
    pid_t pid = fork_flushed();
    if (pid == 0) {
        setsid();
        int slave = open(ptsname(master), O_RDWR);
        close(master);
        dup2(slave, 0);
        if (slave > 2)
            close(slave);
        program();
        fflush(NULL);
        _exit(0);
    }
    return pid;
}

static void type(const char *text) {
    if (write(master, text, strlen(text)) < 0)
        printf("typing: %s\n", error_name(errno));
}

static void finish(const char *name, pid_t pid) {
    reap(name, pid);
    close(master);
}

static void session(void) {
    int id = -1;
    check("foreground is the leader", tcgetpgrp(0) == getpid());
    result("TIOCGSID", ioctl(0, TIOCGSID, &id));
    check("session", id == getpid() && tcgetsid(0) == getpid());
    int tty = open("/dev/tty", O_RDWR);
    check("/dev/tty", tty >= 0 && isatty(tty) && tcgetpgrp(tty) == getpid());
    printf("ttyname %s\n", ttyname(tty) ? "found" : error_name(errno));
    result("TIOCSCTTY again", ioctl(0, TIOCSCTTY, 0));
    result("foreground of nobody", tcsetpgrp(0, 30000));
    result("negative", tcsetpgrp(0, -1));
    int other = posix_openpt(O_RDWR | O_NOCTTY);
    unlockpt(other);
    int second = open(ptsname(other), O_RDWR);
    result("a second terminal", tcgetpgrp(second));
    result("TIOCSCTTY of a second", ioctl(second, TIOCSCTTY, 0));
    result("tcsetpgrp of a second", tcsetpgrp(second, getpid()));
    signal(SIGHUP, SIG_IGN);
    result("TIOCNOTTY", ioctl(0, TIOCNOTTY));
    result("/dev/tty is gone", open("/dev/tty", O_RDWR));
    result("TIOCNOTTY again", ioctl(0, TIOCNOTTY));
    result("TIOCSCTTY", ioctl(second, TIOCSCTTY, 0));
    check("now it is", tcgetpgrp(second) == getpid());
}

static volatile sig_atomic_t caught[65];
static void note(int number) { caught[number]++; }

static void keys(void) {
    static const int signals[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH};
    for (int i = 0; i < 4; i++)
        signal(signals[i], note);
    printf("ready\n");
    char bytes[100];
    ssize_t n;
    for (int i = 0; i < 4; i++) {
        struct sigaction action = {.sa_handler = note};
        sigaction(signals[i], &action, NULL);
    }
    int interrupted = 0;
    while ((n = read(0, bytes, sizeof bytes)) < 0 && errno == EINTR)
        interrupted++;
    printf("read %zd %.*s", n, (int)n, bytes);
    printf("caught %d %d %d %d, interrupted %d\n", caught[SIGINT], caught[SIGQUIT],
           caught[SIGTSTP], caught[SIGWINCH], interrupted);
    struct termios t;
    tcgetattr(0, &t);
    t.c_lflag |= NOFLSH;
    tcsetattr(0, TCSANOW, &t);
    while ((n = read(0, bytes, sizeof bytes)) < 0 && errno == EINTR)
        ;
    printf("NOFLSH %zd %.*s", n, (int)n, bytes);
    t.c_lflag &= ~(tcflag_t)ISIG;
    tcsetattr(0, TCSANOW, &t);
    while ((n = read(0, bytes, sizeof bytes)) < 0 && errno == EINTR)
        ;
    printf("without ISIG %zd, byte %d\n", n, bytes[0]);
}

static pid_t job(void (*body)(void)) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        setpgid(0, 0);
        signal(SIGTSTP, SIG_DFL);
        signal(SIGTTOU, SIG_DFL);
        body();
        fflush(NULL);
        _exit(0);
    }
    setpgid(pid, pid);
    return pid;
}

static int wait_for(const char *name, pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, WUNTRACED) != pid && errno == EINTR)
        ;
    print_status(name, status);
    return status;
}

static void reads(void) {
    char bytes[100];
    ssize_t n = read(0, bytes, sizeof bytes);
    printf("job read %zd %.*s", n, (int)(n > 0 ? n : 0), bytes);
    if (n < 0)
        printf("%s\n", error_name(errno));
}
static void reads_ignoring(void) {
    signal(SIGTTIN, SIG_IGN);
    reads();
}
static void reads_blocking(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTTIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    reads();
}
static void reads_catching(void) {
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGTTIN, &action, NULL);
    reads();
    printf("caught %d\n", caught[SIGTTIN]);
}
static void writes(void) { result("job writes", write(0, "out\n", 4)); }
static void takes_foreground(void) { result("job takes it", tcsetpgrp(0, getpid())); }
static void takes_foreground_ignoring(void) {
    signal(SIGTTOU, SIG_IGN);
    takes_foreground();
}
static void changes_settings(void) {
    struct termios t;
    tcgetattr(0, &t);
    result("job changes settings", tcsetattr(0, TCSANOW, &t));
}

static void shell(void) {
    struct termios t;
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTSTP, SIG_IGN);
    pid_t pid = job(reads);
    wait_for("background read", pid);
    check("continue", kill(-pid, SIGCONT) == 0);
    wait_for("still in the background", pid);
    result("foreground", tcsetpgrp(0, pid));
    kill(-pid, SIGCONT);
    wait_for("foreground read", pid);
    result("back", tcsetpgrp(0, getpid()));
    wait_for("SIGTTIN ignored", job(reads_ignoring));
    wait_for("SIGTTIN blocked", job(reads_blocking));
    wait_for("SIGTTIN caught", job(reads_catching));
    wait_for("background write", job(writes));
    tcgetattr(0, &t);
    t.c_lflag |= TOSTOP;
    tcsetattr(0, TCSANOW, &t);
    signal(SIGTTOU, SIG_DFL);
    pid = job(writes);
    wait_for("TOSTOP", pid);
    kill(pid, SIGKILL);
    wait_for("killed", pid);
    pid = job(takes_foreground);
    wait_for("tcsetpgrp", pid);
    kill(pid, SIGKILL);
    wait_for("killed", pid);
    pid = job(changes_settings);
    wait_for("tcsetattr", pid);
    kill(pid, SIGKILL);
    wait_for("killed", pid);
    wait_for("ignoring SIGTTOU", job(takes_foreground_ignoring));
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(0, getpid());
    printf("stop key\n");
    fflush(NULL);
    pid = job(reads);
    tcsetpgrp(0, pid);
    kill(-pid, SIGCONT);
    wait_for("stopped by the key", pid); /* typed by the test */
    tcsetpgrp(0, getpid());
    kill(pid, SIGKILL);
    wait_for("killed", pid);
}

static void orphan(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        if (fork() == 0) {
            setpgid(0, 0);
            while (getppid() != 1)
                usleep(1000);
            reads(); /* nobody could continue it: an error, no stop */
            fflush(NULL);
            _exit(0);
        }
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    usleep(100000);
}

static void hung_up(void) {
    signal(SIGHUP, note);
    pid_t pid = fork_flushed();
    if (pid == 0) { /* the foreground gets no signal */
        reads();
        printf("foreground: %d signals\n", caught[SIGHUP]);
        reads();
        fflush(NULL);
        _exit(0);
    }
    printf("up\n");
    fflush(NULL);
    while (!caught[SIGHUP])
        usleep(1000);
    reap("foreground process", pid);
    printf("leader: SIGHUP\n");
    reads();
    result("tcgetpgrp", tcgetpgrp(0));
    result("/dev/tty", open("/dev/tty", O_RDWR));
}

static void leaves(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        signal(SIGHUP, note);
        while (!caught[SIGHUP])
            usleep(1000);
        reads(); /* the leader has ended */
        result("write", write(0, "x", 1));
        result("/dev/tty", open("/dev/tty", O_RDWR));
        fflush(NULL);
        _exit(0);
    }
    usleep(50000);
}

int main(void) {
    pid_t pid = start(session);
    finish("session", pid);
    pid = start(keys);
    usleep(50000);
    type("flushed\x03");
    usleep(20000);
    type("\x1c");
    usleep(20000);
    type("\x1a");
    usleep(20000);
    struct winsize size = {10, 20, 0, 0};
    ioctl(master, TIOCSWINSZ, &size);
    ioctl(master, TIOCSWINSZ, &size); /* no change, no signal */
    usleep(20000);
    type("line\n");
    usleep(30000);
    type("kept\x03 on\n");
    usleep(30000);
    type("\x03\n");
    finish("keys", pid);
    pid = start(shell);
    type("typed\n");
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) { /* the stop key, once it is its turn */
        usleep(20000);
        if (waitpid(pid, NULL, WNOHANG) == pid)
            break;
        if (i > 20 && write(master, "\x1a", 1) < 0) /* the shell may just have ended */
            break;
    }
    close(master);
    pid = start(orphan);
    finish("orphan", pid);
    pid = start(hung_up);
    usleep(50000);
    close(master);
    reap("hung up", pid);
    pid = start(leaves);
    reap("leader", pid);
    usleep(100000);
    close(master);
    usleep(100000); /* for the process that is left */
    return 0;
}
