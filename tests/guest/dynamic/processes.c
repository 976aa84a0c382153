/* Dynamic programs start each other: fork, vfork, posix_spawn, exec; the loader's environment. */
#include "../guest.h"
#include "library.h"

#include <sched.h>
#include <spawn.h>

extern char **environ;
int interposed(void) { return 1; }

static int child(char **argv) {
    if (!strcmp(argv[2], "show")) {
        first_data += 5;
        printf("started: %d %d %d %s\n", first_next(), *first_pointer, interposed(),
               getenv("MARK") ? getenv("MARK") : "-");
    }
    if (!strcmp(argv[2], "descriptor"))
        printf("descriptor 9: %s\n", fcntl(9, F_GETFD) < 0 ? error_name(errno) : "open");
    if (!strcmp(argv[2], "nest") && atoi(argv[3]) > 0) {
        char depth[12];
        snprintf(depth, sizeof depth, "%d", atoi(argv[3]) - 1);
        first_zero[atoi(argv[3])] = atoi(argv[3]);
        pid_t pid = fork_flushed();
        if (pid == 0)
            execl("/bin/processes", "processes", "child", "nest", depth, NULL);
        int status;
        waitpid(pid, &status, 0);
        printf("depth %s: %d, exit %d\n", depth, first_zero[atoi(argv[3])], WEXITSTATUS(status));
        fflush(NULL);
        return WEXITSTATUS(status) + 1;
    }
    fflush(NULL);
    return atoi(argv[3]);
}

static void vfork_rows(void) {
    fflush(NULL);
    first_data = 20;
    volatile int shared = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 2;
        first_data++;
        _exit(4);
    }
    reap("vfork", pid);
    printf("vfork shares %d %d\n", shared, first_data);
    fflush(NULL);
    pid = vfork();
    if (pid == 0) {
        execl("/bin/processes", "processes", "child", "show", "6", NULL);
        _exit(99);
    }
    reap("vfork and exec", pid);
    pid = vfork();
    if (pid == 0) {
        execl("/bin/nothing", "nothing", NULL);
        _exit(errno == ENOENT ? 7 : 8);
    }
    reap("vfork and failed exec", pid);
    printf("data is kept %d\n", first_data);
}

static pid_t spawn(const char *name, char **argv, posix_spawn_file_actions_t *actions,
                   posix_spawnattr_t *attributes, char **environment) {
    pid_t pid = -1;
    fflush(NULL);
    int error = posix_spawn(&pid, argv[0], actions, attributes, argv, environment);
    if (error)
        printf("%s: %s\n", name, error_name(error));
    else
        reap(name, pid);
    return pid;
}

static void spawn_rows(void) {
    char *show[] = {"/bin/processes", "child", "show", "5", NULL};
    char *descriptor[] = {"/bin/processes", "child", "descriptor", "0", NULL};
    char *missing[] = {"/bin/nothing", NULL};
    char *mark[] = {"MARK=environment", NULL};
    spawn("posix_spawn", show, NULL, NULL, environ);
    spawn("environment", show, NULL, NULL, mark);
    spawn("missing", missing, NULL, NULL, environ);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 9, "/data/lines", O_RDONLY, 0);
    spawn("opened", descriptor, &actions, NULL, environ);
    posix_spawn_file_actions_addclose(&actions, 9);
    spawn("closed", descriptor, &actions, NULL, environ);
    posix_spawn_file_actions_addopen(&actions, 10, "/nowhere", O_RDONLY, 0);
    spawn("action fails", descriptor, &actions, NULL, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    spawn("attributes", show, NULL, &attributes, environ);
}

static void many(void) {
    pid_t pids[6];
    fflush(NULL);
    for (int i = 0; i < 6; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (int k = 0; k < 300; k++) {
                first_zero[k] = i * 1000 + k;
                first_data += i;
                if (k % 50 == 0)
                    sched_yield();
            }
            int sum = 0;
            for (int k = 0; k < 300; k++)
                sum += first_zero[k] - i * 1000 == k;
            _exit(sum == 300 && first_data == 21 + 300 * i ? i : 99);
        }
    }
    for (int i = 0; i < 6; i++)
        reap("one of many", pids[i]);
    printf("untouched %d %d\n", first_zero[7], first_data);
}

static void run(const char *name, char **argv, char **environment) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        execve(argv[0], argv, environment);
        printf("%s: %s\n", name, error_name(errno));
        fflush(NULL);
        _exit(126);
    }
    reap(name, pid);
}

static void loader_rows(void) {
    char *preload[] = {"LD_PRELOAD=/lib/preload.so", NULL};
    char *path[] = {"LD_LIBRARY_PATH=/other", NULL};
    char *now[] = {"LD_BIND_NOW=1", NULL};
    run("LD_PRELOAD", (char *[]){"/bin/processes", "child", "show", "1", NULL}, preload);
    run("LD_LIBRARY_PATH", (char *[]){"/bin/searched", NULL}, path);
    run("without it", (char *[]){"/bin/searched", NULL}, environ);
    run("LD_BIND_NOW", (char *[]){"/bin/processes", "child", "show", "2", NULL}, now);
    run("loader as a program",
        (char *[]){LOADER, "/bin/processes", "child", "show", "3", NULL}, environ);
    run("loader, no such program", (char *[]){LOADER, "/bin/nothing", NULL}, environ);
    run("fixed address", (char *[]){"/bin/fixed", "child", "show", "4", NULL}, environ);
    run("interpreter is missing", (char *[]){"/bin/nointerp", NULL}, environ);
    run("interpreter is no program", (char *[]){"/bin/badinterp", NULL}, environ);
}

int main(int argc, char **argv) {
    if (argc > 2)
        return child(argv);
    vfork_rows();
    spawn_rows();
    many();
    loader_rows();
    pid_t pid = fork_flushed();
    if (pid == 0)
        execl("/bin/processes", "processes", "child", "nest", "5", NULL);
    reap("nested", pid);
    fflush(NULL);
    return 0;
}
