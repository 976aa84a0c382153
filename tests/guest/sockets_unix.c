/* Sockets of AF_UNIX: pairs, and connecting to nobody. */
#include "guest.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int pair[2];

static void make_pair(void) {
    close(pair[0]);
    close(pair[1]);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
        printf("socketpair: %s\n", error_name(errno));
}

static void print_poll(const char *name, int fd) {
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP | POLLWRBAND};
    poll(&ready, 1, 0);
    printf("%s: events %x\n", name, ready.revents);
}

static void try_connect(const char *name, int fd, const char *path, socklen_t length) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    result(name, connect(fd, (struct sockaddr *)&address, length ? length : sizeof address));
}

static void connecting(void) {
    struct sockaddr_un address = {.sun_family = AF_INET};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    printf("flags %d %d\n", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL) & O_NONBLOCK ? 1 : 0);
    try_connect("nobody", fd, "/run/nscd/socket", 0);
    try_connect("a file", fd, "/data/lines", 0);
    try_connect("a directory", fd, "/data", 0);
    try_connect("below a file", fd, "/data/lines/x", 0);
    try_connect("a loop", fd, "/data/loop", 0);
    try_connect("abstract", fd, "", 10);
    try_connect("no path", fd, "", 2);
    try_connect("too long", fd, "/x", 120);
    result("a name", mknod("/tmp/socket", S_IFSOCK | 0666, 0));
    try_connect("nobody listens", fd, "/tmp/socket", 0);
    result("open its name", open("/tmp/socket", O_RDWR));
    result("other family", connect(fd, (struct sockaddr *)&address, sizeof address));
    result("bad pointer", connect(fd, (struct sockaddr *)8, sizeof address));
    print_poll("unconnected", fd);
    char byte = 0;
    result("read", read(fd, &byte, 1));
    result("write", write(fd, &byte, 1));
    socklen_t length = sizeof address;
    result("getpeername", getpeername(fd, (struct sockaddr *)&address, &length));
    result("getsockname", getsockname(fd, (struct sockaddr *)&address, &length));
    printf("family %d length %d\n", address.sun_family, (int)length);
    close(fd);
    for (int type = SOCK_DGRAM; type <= SOCK_SEQPACKET; type += SOCK_SEQPACKET - SOCK_DGRAM) {
        fd = socket(AF_UNIX, type, 0);
        try_connect("other type", fd, "/nowhere", 0);
        print_poll("other type", fd);
        close(fd);
    }
    pid_t pid = fork_flushed();
    if (pid == 0) {
        chmod("/tmp/socket", 0600);
        (void)!setuid(1000);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        try_connect("without permission", fd, "/tmp/socket", 0);
        fflush(NULL);
        _exit(0);
    }
    reap("user", pid);
    result("not a socket", connect(0, (struct sockaddr *)&address, sizeof address));
    result("closed", connect(99, (struct sockaddr *)&address, sizeof address));
    result("getpeername of a file", getpeername(0, (struct sockaddr *)&address, &length));
    result("bad family", socket(77, SOCK_STREAM, 0));
    result("bad type", socket(AF_UNIX, 12, 0));
    result("unknown type", socket(AF_UNIX, 9, 0));
    result("bad flags", socket(AF_UNIX, SOCK_STREAM | 0x1000, 0));
    result("bad protocol", socket(AF_UNIX, SOCK_STREAM, 9));
}

static void pairs(void) {
    char bytes[100];
    struct stat st;
    int count = -1;
    make_pair();
    fstat(pair[0], &st);
    printf("mode %o\n", st.st_mode);
    print_poll("empty", pair[0]);
    result("write", write(pair[0], "hello", 5));
    print_poll("written", pair[1]);
    result("FIONREAD", ioctl(pair[1], FIONREAD, &count));
    printf("count %d\n", count);
    result("peek", recv(pair[1], bytes, 3, MSG_PEEK));
    result("short read", read(pair[1], bytes, 2));
    ssize_t n = recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT);
    printf("rest %.*s\n", (int)n, bytes);
    result("nothing", recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT));
    result("seek", lseek(pair[0], 0, SEEK_SET));
    result("pread", pread(pair[0], bytes, 1, 0));
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    result("getpeername", getpeername(pair[0], (struct sockaddr *)&address, &length));
    printf("family %d length %d\n", address.sun_family, (int)length);
    length = 1;
    result("short address", getsockname(pair[0], (struct sockaddr *)&address, &length));
    printf("length %d\n", (int)length);
    send(pair[1], "abc", 3, 0);
    length = sizeof address;
    result("recvfrom", recvfrom(pair[0], bytes, 10, 0, (struct sockaddr *)&address, &length));
    printf("sender's length %d\n", (int)length);
    result("sendto with an address",
           sendto(pair[0], "x", 1, 0, (struct sockaddr *)&address, sizeof address));
    static const int options[] = {SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = -1;
        length = sizeof value;
        result("getsockopt", getsockopt(pair[0], SOL_SOCKET, options[i], &value, &length));
        printf("value %d length %d\n", value, (int)length);
    }
    length = 2;
    result("short value", getsockopt(pair[0], SOL_SOCKET, SO_TYPE, bytes, &length));
    printf("length %d\n", (int)length);
    result("bad option", getsockopt(pair[0], SOL_SOCKET, 9999, bytes, &length));
    result("bad pointer", recv(pair[0], (void *)8, 5, MSG_DONTWAIT));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        static char big[200000];
        close(pair[1]);
        ssize_t sent = send(pair[0], big, sizeof big, 0);
        _exit(sent == sizeof big ? 0 : 1);
    }
    close(pair[0]);
    long total = 0;
    while ((n = read(pair[1], bytes, sizeof bytes)) > 0)
        total += n;
    printf("large %ld, end %zd\n", total, n);
    reap("writer", pid);
    pair[0] = dup(pair[1]);
}

static void ends(void) {
    char bytes[10];
    signal(SIGPIPE, SIG_IGN);
    make_pair();
    result("last words", write(pair[0], "bye", 3));
    close(pair[0]);
    print_poll("closed", pair[1]);
    result("read", read(pair[1], bytes, 10));
    result("end", read(pair[1], bytes, 10));
    result("write", write(pair[1], "x", 1));
    result("MSG_NOSIGNAL", send(pair[1], "x", 1, MSG_NOSIGNAL));
    pair[0] = dup(pair[1]);
    make_pair();
    write(pair[1], "unread", 6);
    close(pair[0]);
    print_poll("closed with unread data", pair[1]);
    result("read", read(pair[1], bytes, 10));
    result("again", read(pair[1], bytes, 10));
    pair[0] = dup(pair[1]);
    make_pair();
    result("SHUT_WR", shutdown(pair[0], SHUT_WR));
    print_poll("this side", pair[0]);
    print_poll("other side", pair[1]);
    result("write", write(pair[0], "x", 1));
    result("other side reads", read(pair[1], bytes, 10));
    result("other side writes", write(pair[1], "xy", 2));
    result("read", read(pair[0], bytes, 10));
    result("SHUT_RD", shutdown(pair[0], SHUT_RD));
    result("read", read(pair[0], bytes, 10));
    result("other side writes", write(pair[1], "x", 1));
    result("SHUT_RDWR", shutdown(pair[1], SHUT_RDWR));
    result("bad how", shutdown(pair[1], 3));
    result("shutdown of a file", shutdown(0, 0));
    pid_t pid = fork_flushed();
    if (pid == 0) {
        signal(SIGPIPE, SIG_DFL);
        (void)!write(pair[0], "x", 1);
        _exit(0);
    }
    reap("SIGPIPE", pid);
    make_pair();
    int epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event);
    result("epoll", epoll_wait(epoll, &event, 1, 0));
    pid = fork_flushed();
    if (pid == 0) {
        usleep(20000);
        write(pair[1], "x", 1);
        _exit(0);
    }
    result("epoll", epoll_wait(epoll, &event, 1, 5000));
    printf("events %x\n", event.events);
    reap("writer", pid);
    result("edge", epoll_wait(epoll, &event, 1, 0));
    result("bad pair pointer", socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)8));
    result("bad pair family", socketpair(88, SOCK_STREAM, 0, pair));
}

int main(void) {
    connecting();
    pairs();
    ends();
    return 0;
}
