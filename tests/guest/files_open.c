/* open, openat, close, dup, fcntl on descriptors, close_range. */
#include "guest.h"

#include <sys/resource.h>

static void print_flags(const char *name, int fd) {
    int flags = fcntl(fd, F_GETFL);
    printf("%s: access %d append %d nonblock %d path %d directory %d noatime %d\n", name,
           flags & O_ACCMODE, !!(flags & O_APPEND), !!(flags & O_NONBLOCK), !!(flags & O_PATH),
           !!(flags & O_DIRECTORY), !!(flags & O_NOATIME));
}

static void try_open(const char *name, const char *path, int flags, int mode) {
    int fd = open(path, flags, mode);
    if (fd < 0) {
        printf("%s: -1 %s\n", name, error_name(errno));
        return;
    }
    print_flags(name, fd);
    close(fd);
}

static void open_paths(void) {
    try_open("read", "/data/lines", O_RDONLY, 0);
    try_open("missing", "/nowhere", O_RDONLY, 0);
    try_open("missing directory", "/nowhere/file", O_RDONLY | O_CREAT, 0600);
    try_open("file as directory", "/data/lines/x", O_RDONLY, 0);
    try_open("trailing slash", "/data/lines/", O_RDONLY, 0);
    try_open("directory", "/data", O_RDONLY, 0);
    try_open("directory for writing", "/data", O_WRONLY, 0);
    try_open("directory with O_CREAT", "/data", O_RDONLY | O_CREAT, 0600);
    try_open("O_DIRECTORY", "/data/dir", O_RDONLY | O_DIRECTORY, 0);
    try_open("O_DIRECTORY on a file", "/data/lines", O_RDONLY | O_DIRECTORY, 0);
    try_open("link", "/data/link", O_RDONLY, 0);
    try_open("link, O_NOFOLLOW", "/data/link", O_RDONLY | O_NOFOLLOW, 0);
    try_open("link, O_NOFOLLOW|O_PATH", "/data/link", O_NOFOLLOW | O_PATH, 0);
    try_open("link, O_NOFOLLOW|O_DIRECTORY", "/data/dirlink", O_RDONLY | O_NOFOLLOW | O_DIRECTORY,
             0);
    try_open("link, O_NOFOLLOW|O_PATH|O_DIRECTORY", "/data/dirlink",
             O_NOFOLLOW | O_PATH | O_DIRECTORY, 0);
    try_open("loop", "/data/loop", O_RDONLY, 0);
    try_open("dangling", "/data/dangling", O_RDONLY, 0);
    try_open("dangling, O_EXCL", "/data/dangling", O_WRONLY | O_CREAT | O_EXCL, 0600);
    try_open("O_CREAT through a link", "/data/dangling", O_WRONLY | O_CREAT, 0600);
    succeeds("made by the link", access("/nowhere", F_OK));
    try_open("O_EXCL on a file", "/data/lines", O_WRONLY | O_CREAT | O_EXCL, 0600);
    try_open("create with slash", "/tmp/new/", O_WRONLY | O_CREAT, 0600);
    try_open("O_NOATIME", "/data/lines", O_RDONLY | O_NOATIME, 0);
    try_open("O_APPEND|O_NONBLOCK", "/data/lines", O_WRONLY | O_APPEND | O_NONBLOCK, 0);
    try_open("O_PATH", "/data/lines", O_PATH | O_RDWR | O_APPEND, 0);
    try_open("running program", "/bin/guest", O_WRONLY, 0);
    try_open("running program, O_TRUNC", "/bin/guest", O_RDONLY | O_TRUNC, 0);
    result("truncate it", truncate("/bin/guest", 0));
    try_open("empty path", "", O_RDONLY, 0);
    try_open("dots", "/data/./dir/../dir/deep/../../lines", O_RDONLY, 0);
    try_open("above the root", "/../../data/lines", O_RDONLY, 0);
    char name[300];
    memset(name, 'n', sizeof name);
    memcpy(name, "/tmp/", 5);
    name[5 + 255] = 0;
    try_open("name of 255", name, O_WRONLY | O_CREAT, 0600);
    name[5 + 255] = 'n';
    name[5 + 256] = 0;
    try_open("name of 256", name, O_WRONLY | O_CREAT, 0600);
    char *path = calloc(1, 5000);
    memset(path, '/', 4095);
    try_open("path of 4095", path, O_RDONLY, 0);
    path[4095] = '/';
    try_open("path of 4096", path, O_RDONLY, 0);
    result("bad pointer", syscall(SYS_openat, AT_FDCWD, (void *)8, O_RDONLY, 0));
}

static void relative(void) {
    int dir = open("/data/dir", O_RDONLY | O_DIRECTORY), path = open("/data", O_PATH);
    succeeds("openat", openat(dir, "deep/file", O_RDONLY));
    succeeds("openat O_PATH directory", openat(path, "lines", O_RDONLY));
    result("openat bad descriptor", openat(99, "deep", O_RDONLY));
    succeeds("absolute ignores it", openat(99, "/data/lines", O_RDONLY));
    int file = open("/data/lines", O_RDONLY);
    result("openat below a file", openat(file, "x", O_RDONLY));
    char byte;
    result("read O_PATH", read(path, &byte, 1));
    result("fchmod O_PATH", fchmod(path, 0755));
    result("fchdir O_PATH", fchdir(path));
    succeeds("relative", open("lines", O_RDONLY));
    chdir("/");
    closefrom(3);
}

static void umask_and_mode(void) {
    struct stat st;
    umask(027);
    int fd = open("/tmp/masked", O_RDWR | O_CREAT, 0666);
    fstat(fd, &st);
    printf("umask 027: %o\n", st.st_mode);
    close(fd);
    fd = open("/tmp/readonly", O_RDWR | O_CREAT, 0400);
    result("write although 0400", write(fd, "x", 1));
    close(fd);
    umask(022);
    fd = open("/data/numbers", O_RDWR | O_TRUNC);
    fstat(fd, &st);
    printf("truncated: %ld\n", (long)st.st_size);
    closefrom(3);
}

static void temporary(void) {
    struct stat st;
    result("O_TMPFILE for reading", open("/tmp", O_TMPFILE | O_RDONLY, 0600));
    result("O_TMPFILE on a file", open("/data/lines", O_TMPFILE | O_RDWR, 0600));
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    result("O_TMPFILE", fd < 0 ? -1 : 0);
    result("write", write(fd, "temporary", 9));
    fstat(fd, &st);
    printf("links %ld size %ld\n", (long)st.st_nlink, (long)st.st_size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    result("linkat", linkat(AT_FDCWD, path, AT_FDCWD, "/tmp/named", AT_SYMLINK_FOLLOW));
    fstat(fd, &st);
    printf("links %ld\n", (long)st.st_nlink);
    close(fd);
    result("unlink", unlink("/tmp/named"));
}

static void duplicates(void) {
    int fd = open("/data/lines", O_RDONLY), copy = dup(fd);
    printf("lowest: %d %d\n", fd, copy);
    lseek(fd, 5, SEEK_SET);
    result("shared position", lseek(copy, 0, SEEK_CUR));
    result("dup2 same", dup2(fd, fd) == fd ? 0 : -1);
    result("dup3 same", dup3(fd, fd, 0));
    result("dup3 flags", dup3(fd, 20, O_APPEND));
    result("dup3", dup3(fd, 20, O_CLOEXEC));
    result("FD_CLOEXEC", fcntl(20, F_GETFD));
    result("dup bad", dup(77));
    result("dup2 bad", dup2(77, 5));
    result("dup2 too high", dup2(fd, 1 << 30));
    result("F_DUPFD", fcntl(fd, F_DUPFD, 30));
    result("F_DUPFD_CLOEXEC", fcntl(fd, F_DUPFD_CLOEXEC, 30));
    result("its flag", fcntl(31, F_GETFD));
    result("F_DUPFD negative", fcntl(fd, F_DUPFD, -1));
    result("F_SETFD", fcntl(30, F_SETFD, FD_CLOEXEC));
    result("F_GETFD", fcntl(30, F_GETFD));
    result("F_SETFL", fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
    print_flags("both see it", copy);
    result("unknown command", fcntl(fd, 4711, 0));
    result("close", close(copy));
    result("close again", close(copy));
    result("close_range flags", syscall(SYS_close_range, 3, 100, 64));
    result("close_range order", syscall(SYS_close_range, 9, 3, 0));
    result("close_range cloexec", syscall(SYS_close_range, 20, 25, 4));
    result("close_range", syscall(SYS_close_range, 25, ~0u, 0));
    result("closed", fcntl(30, F_GETFD));
    result("open", fcntl(20, F_GETFD));
    struct rlimit limit = {22, 22};
    setrlimit(RLIMIT_NOFILE, &limit);
    while ((copy = dup(fd)) >= 0)
        ;
    result("descriptors used up", copy);
    result("F_DUPFD above the limit", fcntl(fd, F_DUPFD, 22));
}

static void unlinked(void) {
    int fd = open("/tmp/gone", O_RDWR | O_CREAT, 0600);
    struct stat st;
    char buffer[32] = "";
    write(fd, "still here", 10);
    unlink("/tmp/gone");
    fstat(fd, &st);
    printf("links %ld\n", (long)st.st_nlink);
    result("pread", pread(fd, buffer, sizeof buffer, 0));
    puts(buffer);
    char path[64], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    readlink(path, target, sizeof target - 1);
    puts(target);
    int again = open(path, O_RDONLY);
    result("opened again", read(again, buffer, sizeof buffer));
    closefrom(3);
}

int main(void) {
    closefrom(3); /* of whoever started it */
    open_paths();
    closefrom(3);
    relative();
    umask_and_mode();
    temporary();
    unlinked();
    duplicates();
    return 0;
}
