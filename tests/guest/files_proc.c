/* /proc and the files that container runtimes provide. */
#include "guest.h"

#include <dirent.h>

static char *read_text(const char *path, ssize_t *length) {
    static char text[65536];
    int fd = open(path, O_RDONLY);
    *length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd < 0 || *length < 0) {
        printf("%s: %s\n", path, error_name(errno));
        *length = 0;
    }
    text[*length] = 0;
    if (fd >= 0)
        close(fd);
    return text;
}

static void print_link(const char *path) {
    char text[256] = "";
    if (readlink(path, text, sizeof text - 1) < 0)
        printf("%s: %s\n", path, error_name(errno));
    else
        printf("%s -> %s\n", path, text);
}

/* Which of the names does the file mention at the start of a line? */
static void print_fields(const char *path, const char *const *names) {
    ssize_t length;
    char *text = read_text(path, &length);
    for (; *names; names++) {
        char *at = strstr(text, *names);
        printf("%s %s: %d\n", path, *names, at && (at == text || at[-1] == '\n'));
    }
}

int main(int argc, char **argv) {
    (void)argc;
    ssize_t length;
    closefrom(3);
    char *text = read_text("/proc/self/cmdline", &length);
    printf("cmdline %s %s\n", text, text + strlen(text) + 1);
    check("argv", !strcmp(argv[0], "files_proc"));
    printf("comm %s", read_text("/proc/self/comm", &length));
    print_link("/proc/self/exe");
    chdir("/data");
    print_link("/proc/self/cwd");
    print_link("/proc/self/root");
    int fd = open("lines", O_RDONLY);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    print_link(path);
    struct stat st, other;
    lstat(path, &st);
    printf("mode %o\n", st.st_mode);
    fd = open("/tmp/x", O_WRONLY | O_CREAT, 0600);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    lstat(path, &st);
    printf("mode %o\n", st.st_mode);
    fstat(fd, &other);
    stat(path, &st);
    check("same file", st.st_ino == other.st_ino);
    print_link("/proc/self/fd/99");
    print_link("/proc/4000000");
    result("missing", open("/proc/none", O_RDONLY));
    result("create", open("/proc/none", O_RDONLY | O_CREAT, 0600));
    result("mkdir", mkdir("/proc/none", 0700));
    result("unlink", unlink("/proc/version"));
    snprintf(path, sizeof path, "/proc/%d", getpid());
    char self[32] = "";
    readlink("/proc/self", self, sizeof self);
    check("self", atoi(self) == getpid());
    check("own directory", access(path, F_OK) == 0);
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    printf("descriptors %d\n", count);
    dir = opendir("/proc/self/task");
    count = 0;
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    printf("threads %d\n", count);
    print_fields("/proc/self/status",
                 (const char *const[]){"Name:\tguest\n", "State:\tR (running)\n",
                                       "Tgid:", "Pid:", "PPid:", "Uid:\t0\t0\t0\t0\n",
                                       "Gid:", "VmSize:", "VmRSS:", "Threads:\t1\n",
                                       "SigBlk:", "CapEff:", NULL});
    print_fields("/proc/meminfo", (const char *const[]){"MemTotal:", "MemFree:", "MemAvailable:",
                                                        "Buffers:", "Cached:", "SwapTotal:", NULL});
    print_fields("/proc/stat",
                 (const char *const[]){"cpu ", "cpu0 ", "btime ", "processes ", NULL});
    print_fields("/proc/cpuinfo", (const char *const[]){"processor\t: 0\n", NULL});
    text = read_text("/proc/self/stat", &length);
    int pid, parent;
    char name[32], state;
    printf("stat fields %d\n", sscanf(text, "%d (%31[^)]) %c %d", &pid, name, &state, &parent));
    printf("%d %s %c %d\n", pid == getpid(), name, state, parent == getppid());
    int spaces = 0;
    for (char *c = text; *c; c++)
        spaces += *c == ' ';
    printf("%d fields\n", spaces + 1);
    double up, idle;
    printf("uptime %d\n", sscanf(read_text("/proc/uptime", &length), "%lf %lf", &up, &idle));
    double load[3];
    printf("loadavg %d\n", sscanf(read_text("/proc/loadavg", &length), "%lf %lf %lf", &load[0],
                                  &load[1], &load[2]));
    printf("%s", read_text("/proc/sys/kernel/ostype", &length));
    printf("uuid %zu\n", strlen(read_text("/proc/sys/kernel/random/uuid", &length)));
    text = read_text("/proc/self/maps", &length);
    check("maps name the program", strstr(text, "/bin/guest\n") != NULL);
    check("maps have a stack", strstr(text, "[stack]\n") != NULL);
    text = read_text("/proc/mounts", &length);
    check("mounts", strstr(text, " /proc proc "));
    fd = open("/proc/self/comm", O_RDWR);
    result("rename", write(fd, "renamed\n", 8));
    printf("comm %s", read_text("/proc/self/comm", &length));
    pid_t child = fork_flushed();
    if (child == 0) {
        setgid(1000);
        setuid(1000);
        snprintf(path, sizeof path, "/proc/%d/fd", getppid());
        check("another's descriptors", opendir(path) == NULL);
        snprintf(path, sizeof path, "/proc/%d/exe", getppid());
        result("another's program", readlink(path, self, sizeof self));
        fflush(NULL);
        _exit(0);
    }
    reap("user", child);
    return 0;
}
