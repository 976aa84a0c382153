/* clone, clone3 and vfork: what is shared, what is refused, when the parent goes on. */
#include "guest.h"

#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static int shared_value;
static char stack[65536] __attribute__((aligned(16)));

static int set_and_exit(void *argument) {
    shared_value = *(int *)argument;
    _exit(shared_value);
}

static int set_and_return(void *argument) {
    shared_value = *(int *)argument;
    return 5;
}

static void start(const char *name, int (*function)(void *), int flags, int value) {
    fflush(NULL);
    shared_value = 0;
    pid_t pid = clone(function, stack + sizeof stack, flags, &value);
    if (pid == -1) {
        result(name, -1);
        return;
    }
    if (flags & CLONE_VFORK)
        printf("%s: value when the parent goes on %d\n", name, shared_value);
    int status = 0;
    waitpid(pid, &status, __WALL);
    print_status(name, status);
    printf("%s: value %d\n", name, shared_value);
}

static long raw_clone3(struct clone_args *args, size_t size) {
    return syscall(SYS_clone3, args, size);
}

static void clone3_calls(void) {
    struct clone_args args = {.exit_signal = SIGCHLD};
    fflush(NULL);
    long pid = raw_clone3(&args, sizeof args);
    if (pid == 0)
        _exit(8);
    reap("clone3", (pid_t)pid);
    args = (struct clone_args){.exit_signal = 65};
    result("exit signal 65", raw_clone3(&args, sizeof args));
    args = (struct clone_args){.flags = CLONE_SIGHAND, .exit_signal = SIGCHLD};
    result("SIGHAND without VM", raw_clone3(&args, sizeof args));
    args = (struct clone_args){.flags = CLONE_THREAD | CLONE_VM};
    result("THREAD without SIGHAND", raw_clone3(&args, sizeof args));
    args = (struct clone_args){.flags = 3, .exit_signal = SIGCHLD};
    result("signal in flags", raw_clone3(&args, sizeof args));
    args = (struct clone_args){.exit_signal = SIGCHLD, .stack = 4096};
    result("stack without size", raw_clone3(&args, sizeof args));
    args = (struct clone_args){.exit_signal = SIGCHLD};
    result("too small", raw_clone3(&args, 56));
    result("bad pointer", raw_clone3((void *)8, 64));
}

static void files(void) {
    int fd = open("/data/lines", O_RDONLY);
    fflush(NULL);
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        close(fd);
        _exit(0);
    }
    reap("closes our file", pid);
    result("closed here", fcntl(fd, F_GETFD));
    fflush(NULL);
    pid = (pid_t)syscall(SYS_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(chdir("/data") != 0);
    reap("changes our directory", pid);
    char path[100];
    printf("now in %s\n", getcwd(path, sizeof path));
    result("back", chdir("/"));
}

static void tids(void) {
    pid_t parent_tid = 0, child_tid = 0;
    fflush(NULL);
#if defined(__x86_64__)
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
                               &parent_tid, &child_tid, 0);
#else
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
                               &parent_tid, 0, &child_tid);
#endif
    if (pid == 0)
        _exit(child_tid == getpid() ? 11 : 12);
    check("parent tid", parent_tid == pid);
    check("child tid only there", child_tid == 0);
    reap("child tid", pid);
}

static void vforks(void) {
    shared_value = 1;
    fflush(NULL);
    pid_t pid = vfork();
    if (pid == 0) {
        shared_value = 2;
        execl("/bin/guest", "guest", "process_clone", "child", NULL);
        _exit(99);
    }
    printf("vfork: value %d\n", shared_value);
    reap("vfork and exec", pid);
    pid = vfork();
    if (pid == 0) {
        shared_value = 3;
        execl("/nowhere", "nowhere", NULL);
        shared_value = errno;
        _exit(7);
    }
    printf("exec failed: %s\n", error_name(shared_value));
    reap("vfork and exit", pid);
}

static void other_exit_signal(void) {
    fflush(NULL);
    pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (pid == 0)
        _exit(1);
    int status;
    result("waitpid does not see it", waitpid(pid, &status, WNOHANG));
    check("with __WCLONE", waitpid(pid, &status, __WCLONE) == pid);
    print_status("status", status);
}

static void subreaper(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        result("set subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1));
        pid_t middle = fork_flushed();
        if (middle == 0) {
            if (fork() == 0) {
                usleep(20000);
                _exit(23);
            }
            _exit(0);
        }
        reap("middle", middle);
        int status = 0;
        check("orphan came here", waitpid(-1, &status, 0) > 0);
        print_status("orphan", status);
        fflush(NULL);
        _exit(0);
    }
    reap("reaper", pid);
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1)
        return 31;
    start("fork", set_and_exit, SIGCHLD, 3);
    start("shared memory", set_and_exit, CLONE_VM | SIGCHLD, 4);
    start("returns", set_and_return, CLONE_VM | SIGCHLD, 4);
    start("vfork", set_and_exit, CLONE_VM | CLONE_VFORK | SIGCHLD, 6);
    start("vfork without VM", set_and_exit, CLONE_VFORK | SIGCHLD, 6);
    start("thread without handlers", set_and_exit, CLONE_THREAD | SIGCHLD, 1);
    clone3_calls();
    files();
    tids();
    vforks();
    other_exit_signal();
    subreaper();
    return 0;
}
