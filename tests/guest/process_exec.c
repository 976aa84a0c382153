/* execve and execveat: scripts, arguments, environment, what survives and what does not, errors. */
#include "guest.h"

#include <elf.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

extern char **environ;

static void write_file(const char *path, const void *data, size_t size, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0777);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || fchmod(fd, mode) || close(fd))
        perror(path);
}

static void write_script(const char *path, const char *text) {
    write_file(path, text, strlen(text), 0755);
}

/* Starts a file in a child and prints how it ended. */
static void run(const char *name, const char *path, char *const arguments[],
                char *const environment[]) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        execve(path, arguments, environment);
        printf("%s: %s\n", name, error_name(errno));
        fflush(stdout);
        _exit(50);
    }
    reap(name, pid);
}

static void run_plain(const char *name, const char *path) {
    char *arguments[] = {"given", "one", "two words", NULL}, *environment[] = {"A=b", NULL};
    run(name, path, arguments, environment);
}

/* The program that the others start. */
static int show(int argc, char **argv) {
    printf("child:");
    for (int i = 0; i < argc; i++)
        printf(" [%s]", argv[i]);
    for (char **entry = environ; *entry; entry++)
        printf(" {%s}", *entry);
    printf("\n");
    return 9;
}

static void scripts(void) {
    run_plain("script", "/data/script");
    write_script("/tmp/plain", "#!/bin/guest\n");
    run_plain("without argument", "/tmp/plain");
    write_script("/tmp/blanks", "#! \t /bin/guest   process_exec  \t more words \t\n");
    run_plain("blanks", "/tmp/blanks");
    write_script("/tmp/nested", "#!/tmp/blanks inner\n");
    run_plain("nested", "/tmp/nested");
    write_script("/tmp/no-newline", "#!/bin/guest process_exec");
    run_plain("without newline", "/tmp/no-newline");
    write_script("/tmp/empty", "#!\n");
    run_plain("no interpreter", "/tmp/empty");
    write_script("/tmp/missing", "#!/no/such/file\n");
    run_plain("missing interpreter", "/tmp/missing");
    write_script("/tmp/self", "#!/tmp/self\n");
    run_plain("itself", "/tmp/self");
    char path[] = "/tmp/chain0", text[32];
    write_script(path, "#!/bin/guest process_exec\n");
    for (int i = 1; i < 8; i++) {
        snprintf(text, sizeof text, "#!/tmp/chain%d\n", i - 1);
        path[10] = (char)('0' + i);
        write_script(path, text);
        run_plain(path, path);
    }
    char line[400];
    memset(line, 'x', sizeof line);
    memcpy(line, "#!/bin/guest process_exec ", 26);
    write_file("/tmp/long", line, sizeof line, 0755);
    run_plain("long line", "/tmp/long");
}

static void errors(void) {
    run_plain("missing", "/nowhere");
    run_plain("directory", "/data");
    run_plain("not executable", "/data/lines");
    run_plain("through a file", "/data/lines/x");
    run_plain("loop", "/data/loop");
    run_plain("empty name", "");
    write_file("/tmp/zero", "", 0, 0755);
    run_plain("empty file", "/tmp/zero");
    write_file("/tmp/text", "echo text\n", 10, 0755);
    run_plain("text", "/tmp/text");
    unsigned char elf[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    write_file("/tmp/elf", elf, sizeof elf, 0755);
    run_plain("no machine", "/tmp/elf");
    elf[4] = 1;
    write_file("/tmp/elf", elf, sizeof elf, 0755);
    run_plain("32 bit", "/tmp/elf");
    write_file("/tmp/elf", elf, 5, 0755);
    run_plain("short", "/tmp/elf");
    result("bad path", syscall(SYS_execve, 8, environ, environ));
    result("bad arguments", syscall(SYS_execve, "/bin/guest", 8, environ));
    char *bad[] = {"x", (char *)8, NULL};
    result("bad argument", syscall(SYS_execve, "/bin/guest", bad, environ));
    static char big[200000];
    memset(big, 'b', sizeof big - 1);
    char *large[] = {"x", big, NULL};
    result("large argument", syscall(SYS_execve, "/bin/guest", large, environ));
    static char *many[40] = {"x"};
    big[120000] = 0;
    for (int i = 1; i < 39; i++)
        many[i] = big;
    result("many arguments", syscall(SYS_execve, "/bin/guest", many, environ));
    result("flags", syscall(SYS_execveat, AT_FDCWD, "/bin/guest", many, environ, 0x8000));
}

static void at_calls(void) {
    char *arguments[] = {"guest", "process_exec", "at", NULL}, *none[] = {NULL};
    int directory = open("/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    pid_t pid = fork_flushed();
    if (pid == 0)
        _exit((int)syscall(SYS_execveat, directory, "guest", arguments, none, 0) + 80);
    reap("execveat", pid);
    int file = open("/bin/guest", O_RDONLY | O_CLOEXEC);
    pid = fork_flushed();
    if (pid == 0)
        _exit((int)syscall(SYS_execveat, file, "", arguments, none, AT_EMPTY_PATH) + 80);
    reap("descriptor", pid);
    result("empty path", syscall(SYS_execveat, file, "", arguments, none, 0));
    result("bad descriptor", syscall(SYS_execveat, 77, "guest", arguments, none, 0));
    result("no links",
           syscall(SYS_execveat, AT_FDCWD, "/data/link", arguments, none, AT_SYMLINK_NOFOLLOW));
    close(directory);
    close(file);
}

static void handler(int number) { (void)number; }

static void survivors(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        sigset_t set;
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, handler);
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGTERM);
        alarm(1000);
        umask(027);
        prctl(PR_SET_NAME, "renamed");
        setpgid(0, 0);
        result("chdir", chdir("/data"));
        dup2(1, 20);
        dup3(1, 21, O_CLOEXEC);
        fflush(stdout);
        execl("/bin/guest", "guest", "process_exec", "survivors", NULL);
        _exit(51);
    }
    reap("survivors", pid);
}

static int show_survivors(void) {
    struct sigaction action;
    sigset_t set;
    char text[100];
    sigaction(SIGUSR1, NULL, &action);
    check("ignored stays", action.sa_handler == SIG_IGN);
    sigaction(SIGUSR2, NULL, &action);
    check("handler is reset", action.sa_handler == SIG_DFL);
    sigprocmask(SIG_BLOCK, NULL, &set);
    check("mask stays", sigismember(&set, SIGTERM));
    sigpending(&set);
    check("pending stays", sigismember(&set, SIGTERM));
    check("alarm stays", alarm(0) > 900);
    printf("umask %o\n", umask(0));
    prctl(PR_GET_NAME, text);
    printf("name %s\n", text);
    check("group stays", getpgrp() == getpid());
    printf("in %s\n", getcwd(text, sizeof text));
    result("descriptor 20", fcntl(20, F_GETFD));
    result("descriptor 21", fcntl(21, F_GETFD));
    ssize_t length = readlink("/proc/self/exe", text, sizeof text - 1);
    printf("exe %.*s\n", (int)length, text);
    return 12;
}

static void *exec_in_thread(void *argument) {
    (void)argument;
    execl("/bin/guest", "guest", "process_exec", "thread", NULL);
    return NULL;
}

static void *sleep_in_thread(void *argument) {
    for (;;)
        pause();
    return argument;
}

static void threads(void) {
    pid_t pid = fork_flushed();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, sleep_in_thread, NULL);
        pthread_create(&thread, NULL, exec_in_thread, NULL);
        for (;;)
            pause();
    }
    reap("exec in a thread", pid);
}

static int show_auxiliary(void) {
    check("page size", getauxval(AT_PAGESZ) == 4096);
    check("clock ticks", getauxval(AT_CLKTCK) == 100);
    check("not secure", getauxval(AT_SECURE) == 0 && getauxval(AT_UID) == getuid());
    check("random bytes", getauxval(AT_RANDOM) != 0);
    check("program headers", getauxval(AT_PHENT) == sizeof(Elf64_Phdr) && getauxval(AT_PHNUM) > 2);
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    bool loads = false;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads |= headers[i].p_type == PT_LOAD;
    check("they are", loads);
    printf("started as %s\n", (const char *)getauxval(AT_EXECFN));
    check("leader", syscall(SYS_gettid) == getpid());
    return 13;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "survivors") == 0)
        return show_survivors();
    if (argc > 1 && strcmp(argv[1], "thread") == 0)
        return show_auxiliary();
    if (argc > 1)
        return show(argc, argv);
    scripts();
    errors();
    at_calls();
    survivors();
    threads();
    return 0;
}
