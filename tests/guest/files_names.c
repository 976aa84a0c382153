/* mkdir, rmdir, unlink, link, symlink, rename, mknod, working directories. */
#include "guest.h"

#include <sys/sysmacros.h>

static void print_links(const char *path) {
    struct stat st;
    if (lstat(path, &st))
        printf("%s: %s\n", path, error_name(errno));
    else
        printf("%s: mode %o links %ld\n", path, st.st_mode, (long)st.st_nlink);
}

static void touch(const char *path) { close(open(path, O_WRONLY | O_CREAT, 0644)); }

static void directories(void) {
    result("mkdir", mkdir("/tmp/d", 0777));
    result("mkdir again", mkdir("/tmp/d", 0777));
    result("mkdir slash", mkdir("/tmp/d/e/", 01770));
    result("mkdir below a file", mkdir("/data/lines/x", 0777));
    result("mkdir missing", mkdir("/tmp/no/x", 0777));
    result("mkdir .", mkdir("/tmp/.", 0777));
    result("mkdir on a dangling link", mkdir("/data/dangling", 0777));
    print_links("/tmp/d");
    print_links("/tmp/d/e");
    result("rmdir not empty", rmdir("/tmp/d"));
    result("rmdir .", rmdir("/tmp/d/."));
    result("rmdir ..", rmdir("/tmp/d/.."));
    result("rmdir a file", rmdir("/data/lines"));
    result("rmdir a link", rmdir("/data/dirlink"));
    result("rmdir /", rmdir("/"));
    result("rmdir missing", rmdir("/tmp/no"));
    result("unlink a directory", unlink("/tmp/d"));
    result("rmdir e", rmdir("/tmp/d/e"));
    print_links("/tmp/d");
    result("rmdir d/", rmdir("/tmp/d/"));
    result("unlinkat flags", unlinkat(AT_FDCWD, "/tmp/d", 1));
    result("remove from the image", unlink("/data/dir/deep/file"));
    result("and its directory", rmdir("/data/dir/deep"));
    print_links("/data/dir");
    result("make it again", mkdir("/data/dir/deep", 0755));
    print_links("/data/dir/deep/file");
}

static void links(void) {
    touch("/tmp/file");
    result("link", link("/tmp/file", "/tmp/second"));
    print_links("/tmp/file");
    result("link again", link("/tmp/file", "/tmp/second"));
    result("link a directory", link("/data/dir", "/tmp/x"));
    result("link missing", link("/tmp/no", "/tmp/x"));
    result("link a link", link("/data/link", "/tmp/x"));
    print_links("/tmp/x");
    result("linkat follow", linkat(AT_FDCWD, "/data/link", AT_FDCWD, "/tmp/y", AT_SYMLINK_FOLLOW));
    print_links("/tmp/y");
    print_links("/data/lines");
    result("linkat flags", linkat(AT_FDCWD, "/data/link", AT_FDCWD, "/tmp/z", 1));
    result("unlink one of three", unlink("/data/hard"));
    print_links("/data/lines");
    result("link across", link("/tmp/file", "/proc/x"));
    result("symlink", symlink("target", "/tmp/sym"));
    result("symlink again", symlink("target", "/tmp/sym"));
    result("symlink empty", symlink("", "/tmp/empty"));
    result("symlink slash", symlink("target", "/tmp/sym2/"));
    char text[64] = "";
    result("readlink", readlink("/tmp/sym", text, sizeof text));
    puts(text);
    result("readlink short", readlink("/tmp/sym", text, 3));
    result("readlink 0", readlink("/tmp/sym", text, 0));
    result("readlink a file", readlink("/tmp/file", text, sizeof text));
    print_links("/tmp/sym");
    result("unlink", unlink("/tmp/second"));
    result("unlink slash", unlink("/tmp/file/"));
    result("unlink missing", unlink("/tmp/second"));
    result("unlink a link to a directory", unlink("/data/dirlink"));
    print_links("/data/dir");
}

static void renames(void) {
    touch("/tmp/a");
    touch("/tmp/b");
    mkdir("/tmp/d1", 0755);
    mkdir("/tmp/d2", 0755);
    touch("/tmp/d2/inside");
    result("rename", rename("/tmp/a", "/tmp/c"));
    result("rename over", rename("/tmp/c", "/tmp/b"));
    print_links("/tmp/c");
    result("rename missing", rename("/tmp/no", "/tmp/x"));
    result("file over directory", rename("/tmp/b", "/tmp/d1"));
    result("directory over file", rename("/tmp/d1", "/tmp/b"));
    result("over a directory with files", rename("/tmp/d1", "/tmp/d2"));
    result("over an empty directory", rename("/tmp/d2", "/tmp/d1"));
    print_links("/tmp/d1/inside");
    result("into itself", rename("/tmp/d1", "/tmp/d1/x"));
    result("to its parent's place", rename("/tmp/d1/inside", "/tmp/d1"));
    result("same name", rename("/tmp/b", "/tmp/b"));
    link("/tmp/b", "/tmp/b2");
    result("two links", rename("/tmp/b", "/tmp/b2"));
    print_links("/tmp/b");
    result(".", rename("/tmp/d1/.", "/tmp/e"));
    result("file with slash", rename("/tmp/b", "/tmp/e/"));
    result("directory with slash", rename("/tmp/d1/", "/tmp/e/"));
    result("NOREPLACE", renameat2(AT_FDCWD, "/tmp/b", AT_FDCWD, "/tmp/b2", 1));
    result("NOREPLACE new", renameat2(AT_FDCWD, "/tmp/b", AT_FDCWD, "/tmp/n", 1));
    result("EXCHANGE", renameat2(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/e", 2));
    print_links("/tmp/n");
    print_links("/tmp/e");
    result("EXCHANGE missing", renameat2(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/zzz", 2));
    result("both flags", renameat2(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/e", 3));
    result("unknown flag", renameat2(AT_FDCWD, "/tmp/n", AT_FDCWD, "/tmp/e", 64));
    result("across", rename("/tmp/e", "/dev/e"));
    result("the image's directory", rename("/data/dir", "/tmp/dir"));
    print_links("/tmp/dir");
    print_links("/data");
    result("the image's file", rename("/data/numbers", "/tmp/dir/numbers"));
    print_links("/tmp/dir/numbers");
}

static void nodes(void) {
    struct stat st;
    result("mkfifo", mkfifo("/tmp/fifo", 0666));
    result("mknod socket", mknod("/tmp/sock", S_IFSOCK | 0600, 0));
    result("mknod file", mknod("/tmp/regular", 0600, 0));
    result("mknod directory", mknod("/tmp/dir2", S_IFDIR | 0600, 0));
    result("mknod null type", mknod("/tmp/bad", 0110000, 0));
    print_links("/tmp/fifo");
    print_links("/tmp/sock");
    print_links("/tmp/regular");
    result("open a socket", open("/tmp/sock", O_RDONLY));
    if (stat("/dev/null", &st) == 0)
        printf("null: %o %u %u\n", st.st_mode, major(st.st_rdev), minor(st.st_rdev));
}

static void working_directory(void) {
    char text[256];
    mkdir("/tmp/here", 0755);
    result("chdir", chdir("/tmp/here"));
    puts(getcwd(text, sizeof text));
    result("getcwd short", syscall(SYS_getcwd, text, 5));
    result("getcwd size", syscall(SYS_getcwd, text, 10));
    rename("/tmp/here", "/tmp/there");
    puts(getcwd(text, sizeof text));
    result("chdir ..", chdir(".."));
    puts(getcwd(text, sizeof text));
    result("chdir to a file", chdir("/data/lines"));
    result("chdir missing", chdir("/no"));
    chdir("/tmp/there");
    rmdir("/tmp/there");
    result("getcwd deleted", syscall(SYS_getcwd, text, sizeof text));
    result("create in a deleted directory", open("x", O_CREAT | O_WRONLY, 0600));
    result("open .", open(".", O_RDONLY) < 0 ? -1 : 0);
    result("mkdir there", mkdir("y", 0700));
    result("out of it", chdir(".."));
    puts(getcwd(text, sizeof text));
    int fd = open("/data", O_RDONLY);
    result("fchdir", fchdir(fd));
    puts(getcwd(text, sizeof text));
    pid_t child = fork_flushed();
    if (child == 0) {
        result("chroot", chroot("/data"));
        chdir("/");
        result("inside", access("/lines", F_OK));
        result("outside", access("/tmp", F_OK));
        result("above", access("/../../tmp", F_OK));
        puts(getcwd(text, sizeof text));
        fflush(NULL);
        _exit(0);
    }
    reap("chroot child", child);
}

int main(void) {
    closefrom(3); /* of whoever started it */
    directories();
    links();
    renames();
    nodes();
    working_directory();
    return 0;
}
