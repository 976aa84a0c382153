/* User and group ids: who may become whom. */
#include "guest.h"

#include <grp.h>
#include <sys/fsuid.h>

static void print_ids(const char *name) {
    uid_t r, e, s;
    gid_t rg, eg, sg;
    getresuid(&r, &e, &s);
    getresgid(&rg, &eg, &sg);
    printf("%s: uid %d %d %d fs %d gid %d %d %d fs %d\n", name, (int)r, (int)e, (int)s,
           setfsuid((uid_t)-1), (int)rg, (int)eg, (int)sg, setfsgid((gid_t)-1));
}

static void as(const char *name, void (*body)(void)) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        body();
        fflush(NULL);
        _exit(0);
    }
    reap(name, pid);
}

/* The system calls themselves: libc's functions act on all threads. */
#define CALL(name, ...) result(#name " " #__VA_ARGS__, syscall(SYS_##name, __VA_ARGS__))

static void root(void) {
    print_ids("root");
    CALL(setresuid, 1, 2, 3);
    print_ids("any ids");
    CALL(setresuid, -1, 1, -1);
    CALL(setresuid, -1, 0, -1);
    CALL(setresuid, 3, 3, 3);
    print_ids("only these");
    CALL(setuid, 1);
}
static void root_setuid(void) {
    CALL(setgid, 50);
    CALL(setuid, 1000);
    print_ids("all three");
    CALL(setuid, 0);
    CALL(setgid, 0);
    CALL(setgid, 50);
    CALL(setresgid, -1, 50, 50);
    CALL(setresgid, -1, 0, -1);
    CALL(setregid, 0, -1);
    CALL(setreuid, -1, 1000);
    CALL(setuid, -1);
    result("setgroups as user", setgroups(0, NULL));
}
static void real_and_effective(void) {
    CALL(setreuid, 10, 20);
    print_ids("saved follows");
    CALL(setreuid, 20, 10);
    print_ids("swapped");
    CALL(setreuid, -1, 20);
    CALL(setreuid, 30, -1);
    CALL(setuid, 10);
    print_ids("effective only");
}
static void groups_of_root(void) {
    CALL(setregid, 10, 20);
    print_ids("saved follows");
    CALL(setresgid, -1, -1, 7);
    print_ids("saved");
    CALL(setgid, 9);
    print_ids("setgid");
    CALL(setgid, -1);
}
static void effective_root(void) {
    CALL(setresuid, 1000, 0, 0);
    CALL(setresuid, -1, 1000, -1);
    print_ids("dropped");
    succeeds("open as user", open("/data/empty", O_RDONLY));
    CALL(setresuid, -1, 0, -1);
    print_ids("back");
    succeeds("open as root", open("/data/empty", O_RDONLY));
}
static void file_system_ids(void) {
    chmod("/data/lines", 0600);
    printf("before %d\n", setfsuid(1000));
    printf("after %d\n", setfsuid(1000));
    result("open with another file system uid", open("/data/lines", O_RDONLY));
    setfsuid(0);
    printf("gid %d\n", setfsgid(77));
    close(open("/tmp/made", O_WRONLY | O_CREAT, 0600));
    struct stat st;
    stat("/tmp/made", &st);
    printf("group of a new file %d\n", (int)st.st_gid);
    CALL(setresuid, 1000, 1000, 1000);
    setfsuid(5);
    printf("not allowed %d\n", setfsuid(1000));
    chmod("/data/lines", 0644);
}
static void supplementary(void) {
    gid_t list[40] = {5, 6, 7}, got[40];
    result("setgroups", setgroups(3, list));
    result("count", getgroups(0, NULL));
    result("too small", getgroups(2, got));
    result("getgroups", getgroups(40, got));
    printf("%d %d %d\n", (int)got[0], (int)got[1], (int)got[2]);
    result("negative", syscall(SYS_getgroups, -1, got));
    result("bad pointer", syscall(SYS_getgroups, 5, (void *)8));
    result("setgroups, bad pointer", syscall(SYS_setgroups, 3, (void *)8));
    result("setgroups, too many", syscall(SYS_setgroups, 65537, list));
    chmod("/data/empty", 0640);
    (void)!chown("/data/empty", 0, 6);
    CALL(setresuid, 1000, 1000, 1000);
    succeeds("open by group", open("/data/empty", O_RDONLY));
    result("write", open("/data/empty", O_WRONLY));
}
static void pointers(void) {
    uid_t a, b;
    result("getresuid, bad pointer", syscall(SYS_getresuid, &a, &b, (void *)8));
    result("getresgid, bad pointer", syscall(SYS_getresgid, (void *)8, &a, &b));
}

int main(void) {
    as("root", root);
    as("setuid of root", root_setuid);
    as("setreuid", real_and_effective);
    as("groups", groups_of_root);
    as("effective root", effective_root);
    as("file system ids", file_system_ids);
    as("supplementary groups", supplementary);
    as("pointers", pointers);
    return 0;
}
