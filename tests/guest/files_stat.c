/* stat, statx, access, chmod, chown, utimensat, extended attributes, getdents64. */
#include "guest.h"

#include <dirent.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

static void print_stat(const char *path) {
    struct stat st;
    if (lstat(path, &st)) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    printf("%s: mode %o uid %d gid %d links %ld size %ld blksize %ld mtime %ld\n", path, st.st_mode,
           st.st_uid, st.st_gid, (long)st.st_nlink, S_ISDIR(st.st_mode) ? 0 : (long)st.st_size,
           (long)st.st_blksize, (long)(st.st_mtime == 1700000000));
}

static void print_statx(const char *path, int flags) {
    struct statx st;
    if (statx(AT_FDCWD, path, flags, STATX_BASIC_STATS, &st)) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    printf("%s: statx mode %o links %u size %lu rdev %u:%u\n", path, st.stx_mode, st.stx_nlink,
           S_ISDIR(st.stx_mode) ? 0 : (unsigned long)st.stx_size, st.stx_rdev_major,
           st.stx_rdev_minor);
}

static void what_files_are(void) {
    static const char *const paths[] = {"/data",      "/data/lines",    "/data/empty",
                                        "/data/link", "/data/dangling", "/data/hard",
                                        "/nowhere",   "/dev/null",      "/data/lines/x"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        print_stat(paths[i]);
    print_statx("/data/link", 0);
    print_statx("/data/link", AT_SYMLINK_NOFOLLOW);
    print_statx("/dev/zero", 0);
    struct statx stx;
    struct stat st, other;
    result("statx flags", statx(AT_FDCWD, "/data", 1, STATX_BASIC_STATS, &stx));
    result("statx mask", statx(AT_FDCWD, "/data", 0, 0x80000000u, &stx));
    result("statx sync", statx(AT_FDCWD, "/data", 0x6000, STATX_BASIC_STATS, &stx));
    int fd = open("/data/lines", O_RDONLY);
    result("statx empty path", statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
    result("fstatat empty path", fstatat(fd, "", &st, AT_EMPTY_PATH));
    result("fstatat empty, no flag", fstatat(fd, "", &st, 0));
    result("fstatat flags", syscall(SYS_newfstatat, fd, "", &st, 1));
    result("fstat", fstat(fd, &st));
    stat("/data/hard", &other);
    check("hard link is the same file", st.st_ino == other.st_ino && st.st_dev == other.st_dev);
    result("fstat bad", fstat(99, &st));
    result("stat bad pointer", syscall(SYS_newfstatat, AT_FDCWD, "/data", (void *)8, 0));
    stat("/data/..", &st);
    stat("/", &other);
    check(".. of a directory in /", st.st_ino == other.st_ino);
    stat("/proc", &st);
    check("another device", st.st_dev != other.st_dev);
    struct statfs fs;
    result("statfs /proc", statfs("/proc", &fs));
    printf("%lx %ld\n", (long)fs.f_type, (long)fs.f_namelen);
    result("statfs missing", statfs("/no", &fs));
    result("fstatfs", fstatfs(fd, &fs));
    fd = open("/tmp/sparse", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 1 << 20);
    fstat(fd, &st);
    printf("sparse blocks %ld\n", (long)st.st_blocks);
    pwrite(fd, "x", 1, 500000);
    fstat(fd, &st);
    printf("one page %ld\n", (long)st.st_blocks);
    result("SEEK_DATA", lseek(fd, 0, SEEK_DATA));
    result("SEEK_HOLE", lseek(fd, 0, SEEK_HOLE));
    result("SEEK_HOLE in data", lseek(fd, 499712, SEEK_HOLE));
    result("SEEK_DATA after", lseek(fd, 600000, SEEK_DATA));
    result("SEEK_HOLE at the end", lseek(fd, 1 << 20, SEEK_HOLE));
    closefrom(3);
}

static void modes(void) {
    struct stat st;
    close(open("/tmp/m", O_CREAT | O_WRONLY, 0644));
    result("chmod", chmod("/tmp/m", 04751));
    print_stat("/tmp/m");
    result("chown", chown("/tmp/m", 1000, 1000));
    print_stat("/tmp/m");
    result("chown keeps", chown("/tmp/m", -1, 5));
    print_stat("/tmp/m");
    result("chmod missing", chmod("/tmp/none", 0644));
    result("lchown a link", lchown("/data/link", 7, 8));
    print_stat("/data/link");
    print_stat("/data/lines");
    result("fchownat flags", syscall(SYS_fchownat, AT_FDCWD, "/tmp/m", 1, 1, 1));
    result("chmod in the image", chmod("/data/lines", 0600));
    print_stat("/data/lines");
    print_stat("/data/hard");
    struct timespec times[2] = {{1000, 500}, {2000, 700}};
    result("utimensat", utimensat(AT_FDCWD, "/tmp/m", times, 0));
    stat("/tmp/m", &st);
    printf("%ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    times[0].tv_nsec = UTIME_OMIT;
    times[1] = (struct timespec){3000, 0};
    result("omit", utimensat(AT_FDCWD, "/tmp/m", times, 0));
    stat("/tmp/m", &st);
    printf("%ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
    times[1].tv_nsec = 1000000000;
    result("bad nanoseconds", utimensat(AT_FDCWD, "/tmp/m", times, 0));
    result("now", utimensat(AT_FDCWD, "/tmp/m", NULL, 0));
    stat("/tmp/m", &st);
    check("mtime is now", time(NULL) - st.st_mtime < 10);
    result("utimensat flags", syscall(SYS_utimensat, AT_FDCWD, "/tmp/m", NULL, 1));
    times[0] = times[1] = (struct timespec){4000, 0};
    result("a link itself", utimensat(AT_FDCWD, "/data/link", times, AT_SYMLINK_NOFOLLOW));
    lstat("/data/link", &st);
    printf("%ld\n", (long)st.st_mtime);
    char value[10];
    result("getxattr", getxattr("/data/lines", "user.none", value, sizeof value));
    result("listxattr missing", listxattr("/none", value, sizeof value));
}

static void directory_times(void) {
    struct stat before, after;
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    utimensat(AT_FDCWD, "/data/dir", old, 0);
    close(open("/data/dir/new", O_CREAT | O_WRONLY, 0600));
    stat("/data/dir", &after);
    check("create changes mtime", after.st_mtime != 1000);
    utimensat(AT_FDCWD, "/data/dir", old, 0);
    chmod("/data/dir/new", 0644);
    stat("/data/dir", &after);
    check("chmod does not", after.st_mtime == 1000);
    stat("/data/dir/new", &before);
    utimensat(AT_FDCWD, "/data/dir/new", old, 0);
    int fd = open("/data/dir/new", O_WRONLY);
    write(fd, "", 0);
    fstat(fd, &after);
    check("empty write does not", after.st_mtime == 1000);
    write(fd, "x", 1);
    fstat(fd, &after);
    check("write does", after.st_mtime != 1000);
    close(fd);
    unlink("/data/dir/new");
    stat("/data/dir", &after);
    check("unlink does", after.st_mtime != 1000);
}

static void as_user(void) {
    pid_t child = fork_flushed();
    if (child) {
        reap("user", child);
        return;
    }
    mkdir("/tmp/own", 0700);
    mkdir("/tmp/sticky", 01777);
    chmod("/tmp/sticky", 01777);
    close(open("/tmp/sticky/roots", O_CREAT | O_WRONLY, 0666));
    close(open("/tmp/secret", O_CREAT | O_WRONLY, 0600));
    close(open("/tmp/group", O_CREAT | O_WRONLY, 0640));
    chown("/tmp/group", 0, 1000);
    close(open("/tmp/setid", O_CREAT | O_WRONLY, 0777));
    chown("/tmp/setid", 1000, 1000);
    chmod("/tmp/setid", 06777);
    setgid(1000);
    setuid(1000);
    result("secret", open("/tmp/secret", O_RDONLY));
    succeeds("group", open("/tmp/group", O_RDONLY));
    result("group write", open("/tmp/group", O_WRONLY));
    result("below 0700", open("/tmp/own/x", O_RDONLY));
    result("access 0700", access("/tmp/own", X_OK));
    result("access R", access("/tmp/group", R_OK));
    result("access W", access("/tmp/group", W_OK));
    result("access X", access("/data/lines", X_OK));
    result("access F", access("/tmp/secret", F_OK));
    result("access mode", access("/tmp/secret", 8));
    result("faccessat2 flags", syscall(SYS_faccessat2, AT_FDCWD, "/tmp", 0, 1));
    result("chmod another's", chmod("/tmp/group", 0666));
    result("chown another's", chown("/tmp/group", 1000, 1000));
    result("sticky", unlink("/tmp/sticky/roots"));
    result("sticky rename", rename("/tmp/sticky/roots", "/tmp/sticky/x"));
    result("no write", mkdir("/data/x", 0700));
    result("unlink", unlink("/data/lines"));
    result("own file", close(open("/tmp/sticky/mine", O_CREAT | O_WRONLY, 0600)));
    result("give away", chown("/tmp/sticky/mine", 0, -1));
    result("same owner", chown("/tmp/sticky/mine", 1000, 1000));
    result("another group", chown("/tmp/sticky/mine", -1, 0));
    result("utimes now", utimensat(AT_FDCWD, "/tmp/group", NULL, 0));
    struct timespec times[2] = {{1, 0}, {1, 0}};
    result("utimes set", utimensat(AT_FDCWD, "/tmp/group", times, 0));
    result("O_NOATIME", open("/tmp/group", O_RDONLY | O_NOATIME));
    result("mknod device", mknod("/tmp/sticky/null", S_IFCHR | 0666, 0x103));
    result("chroot", chroot("/tmp/sticky"));
    int fd = open("/tmp/setid", O_WRONLY);
    write(fd, "x", 1);
    struct stat st;
    fstat(fd, &st);
    printf("set-ID bits after a write: %o\n", st.st_mode & 07777);
    fflush(NULL);
    _exit(0);
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path) {
    char *names[300];
    size_t count = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        printf("%s: %s\n", path, error_name(errno));
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir)) && count < 300;) {
        char text[300];
        snprintf(text, sizeof text, "%s %d", entry->d_name, entry->d_type);
        names[count++] = strdup(text);
    }
    closedir(dir);
    qsort(names, count, sizeof *names, compare);
    printf("%s: %zu entries\n", path, count);
    for (size_t i = 0; i < count && i < 12; i++)
        puts(names[i]);
}

static void directories(void) {
    list("/data");
    mkfifo("/data/dir/fifo", 0600);
    symlink("x", "/data/dir/sym");
    list("/data/dir");
    mkdir("/tmp/many", 0755);
    for (int i = 0; i < 250; i++) {
        char name[40];
        snprintf(name, sizeof name, "/tmp/many/file%03d", i);
        close(open(name, O_CREAT | O_WRONLY, 0600));
    }
    list("/tmp/many");
    DIR *dir = opendir("/tmp/many");
    int removed = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0) == 0)
            removed++;
    }
    printf("removed %d\n", removed);
    rewinddir(dir);
    removed = 0;
    while (readdir(dir))
        removed++;
    printf("left %d\n", removed);
    closedir(dir);
    char buffer[64];
    int fd = open("/data", O_RDONLY);
    result("getdents small", syscall(SYS_getdents64, fd, buffer, 10));
    result("getdents of a file",
           syscall(SYS_getdents64, open("/data/lines", O_RDONLY), buffer, sizeof buffer));
    result("getdents bad", syscall(SYS_getdents64, 99, buffer, sizeof buffer));
    int gone = open("/tmp/many", O_RDONLY);
    rmdir("/tmp/many");
    result("getdents deleted", syscall(SYS_getdents64, gone, buffer, sizeof buffer));
}

int main(void) {
    closefrom(3); /* of whoever started it */
    what_files_are();
    modes();
    directory_times();
    as_user();
    directories();
    return 0;
}
