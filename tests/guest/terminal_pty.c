/* Pseudo-terminals and the line discipline: both sides in one process. */
#include "guest.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <termios.h>

static int master, slave;

static void print_bytes(const char *name, const char *bytes, ssize_t n) {
    printf("%s: ", name);
    if (n < 0) {
        printf("%s\n", error_name(errno));
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c >= 0x7f)
            printf("\\%02x", c);
        else
            putchar(c);
    }
    printf(" (%zd)\n", n);
}

/* What the other side has printed, when nothing more comes. */
static void screen(const char *name) {
    char bytes[4096];
    ssize_t n = 0;
    struct pollfd ready = {.fd = master, .events = POLLIN};
    while (poll(&ready, 1, 20) == 1 && (ready.revents & POLLIN)) {
        ssize_t more = read(master, bytes + n, sizeof bytes - (size_t)n);
        if (more <= 0)
            break;
        n += more;
    }
    print_bytes(name, bytes, n);
}

static void type(const char *text) {
    if (write(master, text, strlen(text)) != (ssize_t)strlen(text))
        printf("typing: %s\n", error_name(errno));
    usleep(5000);
}

/* One read of the slave, which does not wait for ever. */
static void line(const char *name, size_t size) {
    char bytes[4096];
    struct pollfd ready = {.fd = slave, .events = POLLIN};
    if (poll(&ready, 1, 20) == 0) {
        printf("%s: nothing\n", name);
        return;
    }
    print_bytes(name, bytes, read(slave, bytes, size));
}

static void set(void (*change)(struct termios *)) {
    struct termios settings;
    tcgetattr(slave, &settings);
    change(&settings);
    if (tcsetattr(slave, TCSANOW, &settings))
        printf("tcsetattr: %s\n", error_name(errno));
}

static void opening(void) {
    struct stat st;
    struct statfs fs;
    int number = -1, locked = -1;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    succeeds("ptmx", master);
    result("TIOCGPTN", ioctl(master, TIOCGPTN, &number));
    printf("number %d, name %s\n", number, ptsname(master));
    result("TIOCGPTLCK", ioctl(master, TIOCGPTLCK, &locked));
    printf("locked %d\n", locked);
    result("open while locked", open(ptsname(master), O_RDWR | O_NOCTTY));
    result("grantpt", grantpt(master));
    result("unlockpt", unlockpt(master));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    succeeds("slave", slave);
    fstat(slave, &st);
    printf("mode %o gid %d major %d minor %d\n", st.st_mode, (int)st.st_gid, (int)major(st.st_rdev),
           (int)minor(st.st_rdev));
    printf("ttyname %s\n", ttyname(slave));
    check("isatty", isatty(slave) && isatty(master));
    fstat(master, &st);
    printf("master major %d minor %d\n", (int)major(st.st_rdev), (int)minor(st.st_rdev));
    statfs("/dev/pts", &fs);
    printf("file system %lx\n", (long)fs.f_type);
    int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    check("TIOCGPTPEER", peer >= 0 && isatty(peer));
    close(peer);
    int second = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    ioctl(second, TIOCGPTN, &number);
    printf("second number %d\n", number);
    close(second);
    result("its name is gone", access("/dev/pts/1", F_OK));
    check("/dev/ptmx is pts/ptmx", access("/dev/ptmx", R_OK | W_OK) == 0);
    result("TIOCGPTN of the slave", ioctl(slave, TIOCGPTN, &number));
    result("seek", lseek(slave, 0, SEEK_SET));
    result("pread", pread(slave, &st, 1, 0));
}

static void settings(void) {
    struct termios t;
    struct winsize size = {1, 2, 3, 4};
    result("tcgetattr", tcgetattr(slave, &t));
    printf("%x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    print_bytes("control characters", (char *)t.c_cc, 17);
    result("master's are the slave's", tcgetattr(master, &t));
    printf("%x\n", t.c_lflag);
    result("TIOCGWINSZ", ioctl(slave, TIOCGWINSZ, &size));
    printf("%d %d\n", size.ws_row, size.ws_col);
    size = (struct winsize){30, 100, 0, 0};
    result("TIOCSWINSZ", ioctl(master, TIOCSWINSZ, &size));
    size.ws_row = 0;
    ioctl(slave, TIOCGWINSZ, &size);
    printf("%d %d\n", size.ws_row, size.ws_col);
    result("bad pointer", ioctl(slave, TCGETS, 8));
    result("unknown request", ioctl(slave, 0x54ff, 0));
    result("TIOCGPGRP without a session", ioctl(slave, TIOCGPGRP, &size));
    result("TIOCGSID without a session", ioctl(slave, TIOCGSID, &size));
    result("TIOCGSID of the master", ioctl(master, TIOCGSID, &size));
    result("/dev/tty without a session", open("/dev/tty", O_RDWR));
}

static void editing(void) {
    type("one\ntwo");
    line("first line", 100);
    line("unfinished", 100);
    type("\x7f\x7f\x7f\n");
    line("erased", 100);
    screen("echo");
    type("kill me\x15" "kept\n");
    line("VKILL", 100);
    screen("echo");
    type("a word, other_word\x17\x17x\n");
    line("VWERASE", 100);
    screen("echo");
    type("a\x16\x03z\n");
    line("VLNEXT", 100);
    screen("echo");
    type("ab\x12" "c\n");
    line("VREPRINT", 100);
    screen("echo");
    type("a\x01\t\x1b\x7f\x7f\x7f\n");
    line("control characters", 100);
    screen("echo");
    type("eof\x04");
    line("VEOF after text", 100);
    type("\x04");
    line("VEOF alone", 100);
    type("exact\x04");
    line("as long as the line", 5);
    line("then", 5);
    type("return\r");
    line("ICRNL", 100);
    type("1\n2\n3\n");
    line("one line a read", 100);
    line("short read", 1);
    line("rest", 100);
    int count = -1;
    type("abc\ndef\nunfinished");
    result("FIONREAD", ioctl(slave, FIONREAD, &count));
    printf("count %d\n", count);
    result("flush", tcflush(slave, TCIFLUSH));
    line("flushed", 100);
    screen("echo");
}

static void no_echo(struct termios *t) { t->c_lflag &= ~(tcflag_t)ECHO; }
static void echo_newline(struct termios *t) { t->c_lflag |= ECHONL; }
static void plain_echo(struct termios *t) {
    t->c_lflag |= ECHO;
    t->c_lflag &= ~(tcflag_t)(ECHONL | ECHOCTL | ECHOKE | ECHOE);
}
static void full_echo(struct termios *t) { t->c_lflag |= ECHO | ECHOCTL | ECHOKE | ECHOE; }
static void separators(struct termios *t) {
    t->c_cc[VEOL] = ';';
    t->c_cc[VEOL2] = '!';
    t->c_cc[VERASE] = 0;
}
static void no_separators(struct termios *t) {
    t->c_cc[VEOL] = t->c_cc[VEOL2] = 0;
    t->c_cc[VERASE] = 0x7f;
}
static void input_mapping(struct termios *t) {
    t->c_iflag = INLCR | ISTRIP;
    t->c_lflag &= ~(tcflag_t)ICANON;
}
static void ignore_return(struct termios *t) {
    t->c_iflag = ICRNL | IGNCR | IXON;
    t->c_lflag |= ICANON;
}
static void unicode(struct termios *t) { t->c_iflag = ICRNL | IXON | IUTF8; }

static void variants(void) {
    set(no_echo);
    type("secret\n");
    line("without ECHO", 100);
    screen("echo");
    set(echo_newline);
    type("secret\n");
    line("ECHONL", 100);
    screen("echo");
    set(plain_echo);
    type("a\x01\x7f\x15" "b\n");
    line("plain", 100);
    screen("echo");
    set(full_echo);
    set(separators);
    type("a;b!\x7f\n");
    line("VEOL", 100);
    line("VEOL2", 100);
    line("VERASE is off", 100);
    set(no_separators);
    screen("echo");
    set(input_mapping);
    type("a\n\xc1z");
    line("INLCR and ISTRIP", 100);
    set(ignore_return);
    type("a\rb\n");
    line("IGNCR", 100);
    set(unicode);
    screen("echo");
    type("\xc3\xa9\xe2\x82\xac\x7f\n");
    line("IUTF8", 100);
    screen("echo");
}

static void raw(struct termios *t) { cfmakeraw(t); }
static void raw_two(struct termios *t) {
    t->c_cc[VMIN] = 2;
    t->c_cc[VTIME] = 0;
}
static void raw_time(struct termios *t) {
    t->c_cc[VMIN] = 0;
    t->c_cc[VTIME] = 1;
}
static void raw_nothing(struct termios *t) { t->c_cc[VMIN] = t->c_cc[VTIME] = 0; }
static void raw_between(struct termios *t) {
    t->c_cc[VMIN] = 5;
    t->c_cc[VTIME] = 1;
}
static void cooked(struct termios *t) {
    t->c_iflag = ICRNL | IXON;
    t->c_oflag = OPOST | ONLCR;
    t->c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
}

static void noncanonical(void) {
    char bytes[16];
    type("typed before");
    line("canonical", 100);
    set(raw);
    line("raw", 100);
    screen("echo");
    type("\x03\r\n\x7f");
    line("raw bytes", 100);
    screen("no echo");
    result("write", write(slave, "a\nb", 3));
    screen("no output processing");
    set(raw_two);
    type("1");
    line("one of two", 100);
    type("2");
    line("two", 100);
    set(raw_nothing);
    print_bytes("VMIN 0 VTIME 0", bytes, read(slave, bytes, 16));
    type("x");
    print_bytes("VMIN 0 VTIME 0", bytes, read(slave, bytes, 16));
    set(raw_time);
    print_bytes("VTIME", bytes, read(slave, bytes, 16));
    type("yz");
    print_bytes("VTIME", bytes, read(slave, bytes, 16));
    set(raw_between);
    type("ab");
    print_bytes("between two bytes", bytes, read(slave, bytes, 16));
    fcntl(slave, F_SETFL, O_NONBLOCK);
    print_bytes("O_NONBLOCK", bytes, read(slave, bytes, 16));
    fcntl(slave, F_SETFL, 0);
    type("left over");
    set(cooked);
    type("\n");
    line("canonical again", 100);
    line("and the rest", 100);
    screen("echo");
}

static void tabs(struct termios *t) { t->c_oflag = OPOST | ONLCR | TAB3; }
static void returns(struct termios *t) { t->c_oflag = OPOST | OCRNL | ONOCR; }
static void no_processing(struct termios *t) { t->c_oflag = 0; }

static void output(void) {
    int count = -1;
    result("write", write(slave, "a\tb\r\nc\n", 7));
    screen("ONLCR");
    set(tabs);
    result("write", write(slave, "\tab\tc\n", 6));
    screen("tabs");
    set(returns);
    result("write", write(slave, "\ra\r", 3));
    screen("OCRNL");
    set(no_processing);
    result("write", write(slave, "a\n", 2));
    screen("none");
    set(cooked);
    type("\x13");
    fcntl(slave, F_SETFL, O_NONBLOCK);
    result("write while stopped", write(slave, "late", 4));
    fcntl(slave, F_SETFL, 0);
    type("\x11");
    result("started", write(slave, "now", 3));
    screen("VSTOP and VSTART");
    result("tcflow", tcflow(slave, TCOOFF));
    fcntl(slave, F_SETFL, O_NONBLOCK);
    result("write while off", write(slave, "late", 4));
    fcntl(slave, F_SETFL, 0);
    result("tcflow", tcflow(slave, TCOON));
    result("bad tcflow", tcflow(slave, 9));
    result("bad tcflush", tcflush(slave, 9));
    result("write", write(slave, "12345", 5));
    usleep(5000);
    result("FIONREAD of the master", ioctl(master, FIONREAD, &count));
    printf("count %d\n", count);
    screen("rest");
    result("tcdrain", tcdrain(slave));
    result("tcsendbreak", tcsendbreak(slave, 0));
    pid_t pid = fork_flushed();
    if (pid == 0) { /* more than the buffer holds */
        char big[30000];
        memset(big, 'x', sizeof big);
        _exit(write(slave, big, sizeof big) == (ssize_t)sizeof big ? 0 : 1);
    }
    long total = 0;
    char bytes[1000];
    while (total < 30000) {
        ssize_t n = read(master, bytes, sizeof bytes);
        if (n <= 0)
            break;
        total += n;
    }
    printf("large output %ld\n", total);
    reap("writer", pid);
}

static void closing(void) {
    char bytes[16];
    struct pollfd ready = {.fd = master, .events = POLLIN | POLLOUT};
    fcntl(master, F_SETFL, O_NONBLOCK);
    print_bytes("nothing printed", bytes, read(master, bytes, 16));
    result("last words", write(slave, "bye", 3));
    usleep(5000);
    close(slave);
    result("poll", poll(&ready, 1, 0));
    printf("events %x\n", ready.revents & ~POLLOUT);
    print_bytes("last words", bytes, read(master, bytes, 16));
    print_bytes("slave closed", bytes, read(master, bytes, 16));
    slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    print_bytes("slave opened again", bytes, read(master, bytes, 16));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        close(slave);
        usleep(30000);
        _exit(0);
    }
    close(master);
    ready = (struct pollfd){.fd = slave, .events = POLLIN | POLLOUT};
    poll(&ready, 1, 0);
    printf("master is open in the child: events %x\n", ready.revents);
    reap("child", pid);
    result("poll", poll(&ready, 1, 0));
    printf("events %x\n", ready.revents);
    print_bytes("master closed", bytes, read(slave, bytes, 16));
    result("write", write(slave, "x", 1));
    struct termios t;
    result("tcgetattr", tcgetattr(slave, &t));
    result("FIONREAD", ioctl(slave, FIONREAD, &ready));
    result("name is gone", access("/dev/pts/0", F_OK));
    close(slave);
}

int main(void) {
    opening();
    settings();
    editing();
    variants();
    noncanonical();
    output();
    closing();
    return 0;
}
