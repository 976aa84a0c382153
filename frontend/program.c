/* Where the tool's own files and other programs are. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend.h"

/* Runtime objects lie beside the binary in the build folder, and under the prefix when installed.
 */
void find_tool_files(struct tool *tool) {
    static const char *const places[] = {"lib/c2w-aot", "../lib/c2w-aot", "../lib64/c2w-aot",
                                         "../lib/" C2W_MULTIARCH "/c2w-aot"};
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return;
    path[length] = 0;
    *strrchr(path, '/') = 0;
    tool->directory = copy_string(path);
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !tool->library; i++) {
        char *candidate = format_string("%s/%s", tool->directory, places[i]);
        struct stat st;
        if (stat(candidate, &st) == 0 && S_ISDIR(st.st_mode))
            tool->library = candidate;
        else
            free(candidate);
    }
}

char *library_file(const struct tool *tool, const char *name) {
    if (!tool->library)
        return NULL;
    char *path = format_string("%s/%s", tool->library, name);
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *program_at(const char *directory, size_t length, const char *name) {
    char *path = format_string("%.*s/%s", (int)length, directory, name);
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *find_program(const struct tool *tool, const char *name) {
    char *found = NULL;
    const char *path = getenv("PATH");
    while (path && *path && !found) {
        size_t length = strcspn(path, ":");
        if (length)
            found = program_at(path, length, name);
        path += length + (path[length] == ':');
    }
    if (!found && tool->directory) {
        char *engines = format_string("%s/engines/bin", tool->directory);
        found = program_at(engines, strlen(engines), name);
        free(engines);
    }
    return found;
}

char *find_wasm_ld(const struct tool *tool) {
    char *found = find_program(tool, "wasm-ld-22");
    return found ? found : find_program(tool, "wasm-ld");
}

bool program_version(const char *path, const char *argument, char *to, size_t size) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    char *words[] = {(char *)path, (char *)argument, NULL};
    extern char **environ;
    pid_t pid;
    int failed = posix_spawn(&pid, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    size_t used = 0;
    if (!failed) {
        char drain[512];
        ssize_t got;
        while ((got = read(ends[0], drain, sizeof drain)) > 0) {
            size_t part = (size_t)got < size - 1 - used ? (size_t)got : size - 1 - used;
            memcpy(to + used, drain, part);
            used += part;
        }
        int status;
        waitpid(pid, &status, 0);
    }
    close(ends[0]);
    to[used] = 0;
    char *start = to + strspn(to, " \t\r\n");
    memmove(to, start, strlen(start) + 1);
    to[strcspn(to, "\r\n")] = 0;
    return *to;
}
