/* Every flag of the calls that syscalls.def lists as complete, as far as the other programs do not
 * try it. */
#include "guest.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/statfs.h>

static void print_mode(const char *path) {
    struct stat st;
    if (lstat(path, &st))
        printf("%s: %s\n", path, error_name(errno));
    else
        printf("%s: %o %d:%d links %ld\n", path, st.st_mode, st.st_uid, st.st_gid,
               (long)st.st_nlink);
}

static void empty_paths(int fd) {
    struct stat st;
    struct timespec times[2] = {{5, 0}, {6, 0}};
    result("fstatat AT_NO_AUTOMOUNT",
           fstatat(AT_FDCWD, "/data/link", &st, AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW));
    printf("%o\n", st.st_mode);
    result("fstatat AT_FDCWD", fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
    printf("%o\n", st.st_mode);
    result("linkat", linkat(fd, "", AT_FDCWD, "/tmp/linked", AT_EMPTY_PATH));
    print_mode("/tmp/linked");
    result("fchownat", fchownat(fd, "", 3, 4, AT_EMPTY_PATH));
    result("fchownat link", fchownat(AT_FDCWD, "/data/link", 5, 6, AT_SYMLINK_NOFOLLOW));
    print_mode("/data/link");
    result("utimensat", syscall(SYS_utimensat, fd, "", times, AT_EMPTY_PATH));
    fstat(fd, &st);
    printf("%ld %ld\n", (long)st.st_atime, (long)st.st_mtime);
    result("utimensat NULL path", syscall(SYS_utimensat, fd, NULL, times, 0));
    result("futimens flags", syscall(SYS_utimensat, fd, NULL, times, AT_SYMLINK_NOFOLLOW));
    result("faccessat2", syscall(SYS_faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
    result("faccessat2 link",
           syscall(SYS_faccessat2, AT_FDCWD, "/data/dangling", F_OK, AT_SYMLINK_NOFOLLOW));
    result("faccessat2 followed", syscall(SYS_faccessat2, AT_FDCWD, "/data/dangling", F_OK, 0));
    char text[20];
    result("readlinkat empty", readlinkat(fd, "", text, sizeof text));
    int link = open("/data/link", O_PATH | O_NOFOLLOW);
    result("readlinkat of a link", readlinkat(link, "", text, sizeof text));
    result("fchmodat missing", fchmodat(AT_FDCWD, "/data/none", 0600, 0));
    struct statx stx;
    result("statx", statx(AT_FDCWD, "/data", AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0x7ff, &stx));
    result("statx", statx(AT_FDCWD, "/data", AT_STATX_FORCE_SYNC, 0x7ff, &stx));
}

static void effective_ids(void) {
    pid_t child = fork_flushed();
    if (child == 0) {
        close(open("/tmp/roots", O_WRONLY | O_CREAT, 0600));
        setresuid(0, 1000, 0);
        result("real", access("/tmp/roots", R_OK));
        result("effective", syscall(SYS_faccessat2, AT_FDCWD, "/tmp/roots", R_OK, AT_EACCESS));
        result("open", open("/tmp/roots", O_RDONLY));
        setresuid(1000, 0, 0);
        result("real", access("/tmp/roots", R_OK));
        result("effective", syscall(SYS_faccessat2, AT_FDCWD, "/tmp/roots", R_OK, AT_EACCESS));
        fflush(NULL);
        _exit(0);
    }
    reap("child", child);
}

static void descriptors(int fd) {
    result("fchmod", fchmod(fd, 0640));
    result("fchown", fchown(fd, 1, 2));
    result("fchown keeps", fchown(fd, -1, -1));
    print_mode("/tmp/flags");
    result("fchown bad", fchown(99, 1, 2));
    result("fchmod bad", fchmod(99, 0600));
    result("eventfd cloexec", fcntl(eventfd(0, EFD_CLOEXEC), F_GETFD));
    result("pipe2 bad", syscall(SYS_pipe2, NULL, O_SYNC));
    result("flock shared nonblocking", syscall(SYS_flock, fd, 1 | 4));
    result("flock unlock nonblocking", syscall(SYS_flock, fd, 8 | 4));
    struct statfs fs;
    result("fstatfs bad", fstatfs(99, &fs));
    result("fsync", fsync(fd));
    result("fdatasync", fdatasync(fd));
    result("syncfs", syncfs(fd));
    result("fsync bad", fsync(99));
    result("sync_file_range", sync_file_range(fd, 0, 10, 7));
    result("sync_file_range flags", sync_file_range(fd, 0, 10, 8));
    result("posix_fadvise", posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
    result("posix_fadvise advice", posix_fadvise(fd, 0, 0, 77));
    result("readahead", readahead(fd, 0, 10));
    sync();
    pid_t child = fork_flushed();
    if (child == 0) {
        result("close_range unshare", syscall(SYS_close_range, fd, fd, 2));
        result("closed", fcntl(fd, F_GETFD));
        fflush(NULL);
        _exit(0);
    }
    reap("child", child);
    result("open here", fcntl(fd, F_GETFD));
}

int main(void) {
    closefrom(3); /* of whoever started it */
    int fd = open("/tmp/flags", O_RDWR | O_CREAT, 0600);
    empty_paths(fd);
    effective_ids();
    descriptors(fd);
    return 0;
}
